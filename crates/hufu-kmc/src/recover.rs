//! Recovery: an escrowed key for somebody it was not delivered to before.
//!
//! | | user recovery (用户密钥恢复) | judicial recovery (司法密钥恢复) |
//! |---|---|---|
//! | for | the holder, with a new signing key | an authority of justice |
//! | verb | [`Unlocked::recover`] | [`Unlocked::recover_judicial`] |
//! | needs | 2 recovery officers | 2 judicial officers and 1 supervisor, a case number |
//!
//! * One order is for one key, one recipient and at most seven days. There is no order for several keys.
//! * Approvals are SM2 signatures over the digest of the order; they are verified when they come in and again when the
//!   key is given out, with the officers' keys as the vault has them then. A removed officer's approval does not count.
//! * Nobody approves what they asked for, and nobody approves twice.
//! * On one day no more keys are given out than the founding says.
//! * The recovered key is in an envelope for the recipient that the officers signed for. It is never shown in clear.
//! * What was refused is in the vault's ledger like what was done.
//!
//! Whether who asks is the holder, or is an authority of justice, is for the officers and for who calls this to know.

use hufu_model::escrow::{EscrowEvent, EscrowStatus, KeyOrderKind, RecoveryKind, RecoveryStatus};
use hufu_model::ident::{Digest, EscrowId, OperatorId, OrgId, hex, unhex};
use hufu_model::operator::OperatorStatus;
use hufu_model::time::Instant;
use hufu_store::vault::{ActRow, OfficerRow, RecoveryApprovalRow, RecoveryRow, VaultReader};
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;
use hufu_x509::record::{Act, Countersign};
use hufu_x509::signed_data::SignedData;

use crate::error::{Error, ErrorKind, Result};
use crate::kmc::{Kmc, Officer, Unlocked, check_parts, no_key, officer_row, officer_text, wrapped};

/// How long an order or an approval may last, in seconds.
pub const LONGEST: i64 = 7 * 86_400;

/// How far another machine's clock may be ahead, in seconds.
const AHEAD: i64 = 300;

/// The longest text in an order, in octets.
const LONGEST_TEXT: usize = 400;

/// The kind of act that changes an officer.
const OFFICER: &str = KeyOrderKind::Officer.code();

/// An order for one key, as it stands in a signed [`Act`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryOrder {
    /// Its kind.
    pub kind: RecoveryKind,
    /// The key.
    pub key: EscrowId,
    /// The key to which the envelope is made: the holder's new signing key, or that of the authority of justice.
    pub recipient: PublicKey,
    /// Why.
    pub reason: String,
    /// The number of the case; empty for a user recovery.
    pub case_number: String,
    /// The authority of justice; empty for a user recovery.
    pub organ: String,
}

impl RecoveryOrder {
    /// The act that orders it.
    #[must_use]
    pub fn to_act(&self, ca: Digest, org: OrgId, operator: OperatorId, nonce: [u8; 16], time: (i64, i64)) -> Act {
        let mut fields = vec![("recipient", hex(self.recipient.point())), ("reason", self.reason.clone())];
        if self.kind == RecoveryKind::Judicial {
            fields.extend([("case", self.case_number.clone()), ("organ", self.organ.clone())]);
        }
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let kind = self.kind.order().code().to_owned();
        Act { kind, object: self.key.to_string(), fields, ca, org, operator, nonce, at: time.0, expires: time.1 }
    }

    /// The order in an act.
    ///
    /// # Errors
    /// `kmc.record`, `x509.key-…`.
    pub fn from_act(act: &Act) -> Result<Self> {
        let kind = act.kind.parse().ok().and_then(KeyOrderKind::recovery);
        let kind = kind.ok_or_else(|| record("it is not an order for a recovery"))?;
        let names: &[&str] = match kind {
            RecoveryKind::User => &["recipient", "reason"],
            RecoveryKind::Judicial => &["recipient", "reason", "case", "organ"],
        };
        let mut values = fields(act, names)?.into_iter();
        let mut next = || values.next().unwrap_or_default();
        let recipient = point(next())?;
        let mut text = |what: &str| {
            let text = next();
            let good = (1..=LONGEST_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
            if good {
                Ok(text.to_owned())
            } else {
                Err(record(&format!("the {what} is empty, too long or unprintable")))
            }
        };
        let reason = text("reason")?;
        let (case_number, organ) = match kind {
            RecoveryKind::User => (String::new(), String::new()),
            RecoveryKind::Judicial => (text("case number")?, text("authority of justice")?),
        };
        let key = act.object.parse().map_err(|_| record("its object is not an escrowed key"))?;
        Ok(Self { kind, key, recipient, reason, case_number, organ })
    }
}

/// A change of one officer, as it stands in an [`Act`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerChange {
    /// The officer as they will be.
    pub officer: Officer,
    /// Whether they may act.
    pub status: OperatorStatus,
}

impl OfficerChange {
    /// The act that makes the change.
    #[must_use]
    pub fn to_act(&self, ca: Digest, org: OrgId, operator: OperatorId, nonce: [u8; 16], time: (i64, i64)) -> Act {
        let fields = [
            ("part", self.officer.part.code().to_owned()),
            ("key", hex(self.officer.key.point())),
            ("status", self.status.code().to_owned()),
        ];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let object = self.officer.id.to_string();
        Act { kind: OFFICER.to_owned(), object, fields, ca, org, operator, nonce, at: time.0, expires: time.1 }
    }

    /// The change in an act.
    ///
    /// # Errors
    /// `kmc.record`, `x509.key-…`.
    pub fn from_act(act: &Act) -> Result<Self> {
        if act.kind != OFFICER {
            return Err(record("it does not change an officer"));
        }
        let values = fields(act, &["part", "key", "status"])?;
        let [part, key, status] = values[..] else { return Err(record("fields are missing")) };
        let officer = Officer {
            id: act.object.parse().map_err(|_| record("its object is not an officer"))?,
            part: part.parse().map_err(|_| record("there is no such part"))?,
            key: point(key)?,
        };
        Ok(Self { officer, status: status.parse().map_err(|_| record("there is no such status"))? })
    }
}

impl Kmc {
    /// Enters an order; returns the digest that names the recovery and that officers countersign. Who calls this has
    /// verified the signature on the act and that its operator may ask.
    ///
    /// # Errors
    /// `kmc.record`, `kmc.record-time`, `kmc.other-authority`, `kmc.replayed`, `kmc.no-key`, `kmc.key-state` for a key
    /// that is nobody's, `kmc.recipient-escrowed`. The attempt is on record.
    pub fn order_recovery(&self, now: Instant, act: &Act) -> Result<Digest> {
        let entered = self.enter(now, act);
        self.on_record(now, "order-recovery", Some(&act.operator), &object(&act.object), entered)
    }

    fn enter(&self, now: Instant, act: &Act) -> Result<Digest> {
        let order = RecoveryOrder::from_act(act)?;
        let content = act.to_der();
        let digest = sm3(&content);
        self.vault.write(now, |w| {
            let at = w.now().unix_seconds();
            self.check_act(act, at)?;
            let r = w.reader();
            if r.act(&digest)?.is_some() {
                return Err(ErrorKind::Replayed { act: digest }.into());
            }
            let row = r.escrow(&order.key)?.ok_or_else(|| no_key(&order.key.to_string()))?;
            check_held(&row.id, row.status)?;
            if r.escrow_of_spki(&order.recipient.spki_digest())?.is_some() {
                return Err(ErrorKind::RecipientEscrowed.into());
            }
            let mut event = w.event(EscrowEvent::RecoveryOrder, Some(&act.operator), &digest.to_string());
            event.field("kind", order.kind.code());
            event.field("key", &order.key.to_string());
            event.put_act(&ActRow { digest, kind: act.kind.clone(), at, content })?;
            event.put_recovery(&RecoveryRow {
                act: digest,
                kind: order.kind,
                key: order.key,
                recipient: order.recipient.point().to_vec(),
                case_number: order.case_number.clone(),
                requester: act.operator.clone(),
                expires: act.expires,
                status: RecoveryStatus::Open,
                done_at: None,
            })?;
            event.close()?;
            Ok(digest)
        })
    }

    /// Enters an officer's approval: a signed message (GM/T 0010 SignedData) over a [`Countersign`] of the order.
    ///
    /// # Errors
    /// `x509.…` for what is not such a message; `kmc.not-an-officer`, `kmc.approval-signature`, `kmc.own-order`,
    /// `kmc.approved-twice`, `kmc.record-time`, `kmc.no-recovery`, `kmc.recovery-status`. The attempt is on record.
    pub fn approve_recovery(&self, now: Instant, signed: &[u8]) -> Result<Digest> {
        let read = SignedData::from_der(signed).and_then(|data| Countersign::from_der(data.content()));
        let said = read.ok().map(|record| (record.operator, record.act.to_string()));
        let entered = self.enter_approval(now, signed);
        let object = said.as_ref().map_or("-", |(_, act)| act);
        self.on_record(now, "approve-recovery", said.as_ref().map(|(who, _)| who), object, entered)
    }

    fn enter_approval(&self, now: Instant, signed: &[u8]) -> Result<Digest> {
        self.vault.write(now, |w| {
            let at = w.now().unix_seconds();
            let r = w.reader();
            let consent = Consent::read(&r, signed, at)?;
            let act = consent.record.act;
            let row = r.recovery(&act)?.ok_or(ErrorKind::NoRecovery { act })?;
            if row.status != RecoveryStatus::Open {
                return Err(ErrorKind::RecoveryStatus { status: row.status }.into());
            }
            check_not_over(row.expires, at)?;
            consent.check_for(&row)?;
            let who = consent.officer.id;
            if r.recovery_approvals(&act)?.iter().any(|known| known.officer == who) {
                return Err(ErrorKind::ApprovedTwice { who }.into());
            }
            let mut event = w.event(EscrowEvent::RecoveryApprove, Some(&who), &act.to_string());
            event.put_recovery_approval(&RecoveryApprovalRow {
                recovery: act,
                officer: who.clone(),
                part: consent.officer.part,
                at,
                signed: signed.to_vec(),
            })?;
            event.close()?;
            Ok(act)
        })
    }

    /// Withdraws an order that was not carried out. One person may.
    ///
    /// # Errors
    /// `kmc.no-recovery`, `kmc.recovery-status`.
    pub fn withdraw_recovery(&self, now: Instant, by: &OperatorId, act: &Digest) -> Result<()> {
        self.vault.write(now, |w| {
            let row = w.reader().recovery(act)?.ok_or(ErrorKind::NoRecovery { act: *act })?;
            if !row.status.may_become(RecoveryStatus::Withdrawn) {
                return Err(ErrorKind::RecoveryStatus { status: row.status }.into());
            }
            let mut event = w.event(EscrowEvent::RecoveryWithdraw, Some(by), &act.to_string());
            event.put_recovery(&RecoveryRow { status: RecoveryStatus::Withdrawn, ..row })?;
            event.close()?;
            Ok(())
        })
    }

    fn check_act(&self, act: &Act, now: i64) -> Result<()> {
        if act.ca != self.authority {
            return Err(ErrorKind::OtherAuthority.into());
        }
        check_time(act.at, act.expires, now)
    }
}

impl Unlocked<'_> {
    /// Carries out a user recovery: the key in an envelope for the recipient of the order. Asked for again before the
    /// order expires, it makes another envelope for the same recipient.
    ///
    /// # Errors
    /// `kmc.no-recovery`, `kmc.other-kind`, `kmc.recovery-status`, `kmc.record-time`, `kmc.approvals-missing`,
    /// `kmc.cap`, `kmc.altered`; `kmc.agent…`. The attempt is on record.
    pub fn recover(&self, now: Instant, by: Option<&OperatorId>, act: &Digest) -> Result<Vec<u8>> {
        self.carry_out(now, by, act, RecoveryKind::User)
    }

    /// Carries out a judicial recovery.
    ///
    /// # Errors
    /// As [`Unlocked::recover`].
    pub fn recover_judicial(&self, now: Instant, by: Option<&OperatorId>, act: &Digest) -> Result<Vec<u8>> {
        self.carry_out(now, by, act, RecoveryKind::Judicial)
    }

    fn carry_out(&self, now: Instant, by: Option<&OperatorId>, act: &Digest, kind: RecoveryKind) -> Result<Vec<u8>> {
        // The key is opened inside the transaction: what was checked cannot have changed when it is given out, and it
        // is given out only when that is on record.
        let done = self.kmc.vault.write(now, |w| {
            let now = w.now();
            let r = w.reader();
            let row = r.recovery(act)?.ok_or(ErrorKind::NoRecovery { act: *act })?;
            if row.kind != kind {
                return Err(ErrorKind::OtherKind { kind: row.kind }.into());
            }
            if row.status == RecoveryStatus::Withdrawn {
                return Err(ErrorKind::RecoveryStatus { status: row.status }.into());
            }
            let order = self.check_order(&r, &row)?;
            check_not_over(row.expires, now.unix_seconds())?;
            let approvers = self.check_approvals(&r, &row, now.unix_seconds())?;
            let first = row.status == RecoveryStatus::Open;
            let cap = match kind {
                RecoveryKind::User => self.kmc.caps.user,
                RecoveryKind::Judicial => self.kmc.caps.judicial,
            };
            if first && r.recovered_on(kind, now.day())? >= cap.into() {
                return Err(ErrorKind::Cap { kind, cap }.into());
            }
            let key = r.escrow(&order.key)?.ok_or_else(|| no_key(&order.key.to_string()))?;
            check_held(&key.id, key.status)?;
            let envelope = self.custody.envelope(&[(wrapped(key)?, order.recipient.clone())])?;
            let envelope = envelope.into_iter().next().ok_or_else(|| no_key(&order.key.to_string()))?;
            let event = match kind {
                RecoveryKind::User => EscrowEvent::Recover,
                RecoveryKind::Judicial => EscrowEvent::RecoverJudicial,
            };
            let mut event = w.event(event, by, &act.to_string());
            event.field("key", &order.key.to_string());
            event.field("recipient", &order.recipient.spki_digest().to_string());
            event.field("requester", row.requester.as_str());
            event.field("approvers", &approvers.join(" "));
            if kind == RecoveryKind::Judicial {
                event.field("case", &order.case_number);
            }
            if first {
                let done_at = Some(now.unix_seconds());
                event.put_recovery(&RecoveryRow { status: RecoveryStatus::Done, done_at, ..row })?;
            }
            event.close()?;
            Ok(envelope)
        });
        let verb = match kind {
            RecoveryKind::User => "recover",
            RecoveryKind::Judicial => "recover-judicial",
        };
        self.kmc.on_record(now, verb, by, &act.to_string(), done)
    }

    /// Reads the order again from what officers signed the digest of: the row beside it may have been altered.
    fn check_order(&self, r: &VaultReader<'_>, row: &RecoveryRow) -> Result<RecoveryOrder> {
        let altered = |what: &str| Error::from(ErrorKind::Altered { what: what.to_owned() });
        let stored = r.act(&row.act)?.ok_or_else(|| altered("the order of a recovery is missing"))?;
        if sm3(&stored.content) != row.act {
            return Err(altered("the order of a recovery"));
        }
        let act = Act::from_der(&stored.content)?;
        let order = RecoveryOrder::from_act(&act)?;
        let same = order.kind == row.kind
            && order.key == row.key
            && order.recipient.point()[..] == row.recipient[..]
            && order.case_number == row.case_number
            && act.operator == row.requester
            && act.expires == row.expires
            && act.ca == self.kmc.authority;
        if same { Ok(order) } else { Err(altered("a recovery is not what its order says")) }
    }

    /// Counts the approvals that hold now; returns who gave them.
    fn check_approvals(&self, r: &VaultReader<'_>, row: &RecoveryRow, now: i64) -> Result<Vec<String>> {
        let mut counted: Vec<Consent> = Vec::new();
        for approval in r.recovery_approvals(&row.act)? {
            // An approval of an officer who was removed, or that expired, counts as none.
            let Ok(consent) = Consent::read(r, &approval.signed, now) else { continue };
            let fits = consent.record.act == row.act
                && consent.record.operator == approval.officer
                && consent.check_for(row).is_ok()
                && counted
                    .iter()
                    .all(|c| c.officer.id != consent.officer.id && c.officer.point != consent.officer.point);
            if fits {
                self.check_officer(&consent.officer)?;
                counted.push(consent);
            }
        }
        for (part, need) in row.kind.needs() {
            let have = counted.iter().filter(|consent| consent.officer.part == *part).count();
            if have < *need {
                return Err(ErrorKind::ApprovalsMissing { part: *part, have, need: *need }.into());
            }
        }
        Ok(counted.into_iter().map(|consent| consent.officer.id.to_string()).collect())
    }

    /// Refuses an officer whom somebody wrote into the vault without the wrapping key.
    fn check_officer(&self, officer: &OfficerRow) -> Result<()> {
        if self.custody.mac(&officer_text(officer))? == officer.mac {
            return Ok(());
        }
        Err(ErrorKind::Altered { what: format!("officer {}", officer.id) }.into())
    }

    /// Names, changes or removes an officer, with the approvals (as for a recovery) of two other officers. Who calls
    /// this has verified the signature on the act.
    ///
    /// # Errors
    /// `kmc.record`, `kmc.record-time`, `kmc.other-authority`, `kmc.replayed`, `kmc.not-an-officer`,
    /// `kmc.approval-signature`, `kmc.own-order`, `kmc.approved-twice`, `kmc.approvals-missing`; `kmc.founding` when
    /// too few officers would be left. The attempt is on record.
    pub fn change_officer(&self, now: Instant, act: &Act, approvals: &[&[u8]]) -> Result<()> {
        let changed = self.write_officer(now, act, approvals);
        self.kmc.on_record(now, "change-officer", Some(&act.operator), &object(&act.object), changed)
    }

    fn write_officer(&self, now: Instant, act: &Act, approvals: &[&[u8]]) -> Result<()> {
        let change = OfficerChange::from_act(act)?;
        let content = act.to_der();
        let digest = sm3(&content);
        self.kmc.vault.write(now, |w| {
            let at = w.now().unix_seconds();
            self.kmc.check_act(act, at)?;
            let r = w.reader();
            if r.act(&digest)?.is_some() {
                return Err(ErrorKind::Replayed { act: digest }.into());
            }
            let approvers = self.second_people(&r, &change, (act, digest), approvals, at)?;
            let mut row = officer_row(&change.officer, change.status);
            row.mac = self.custody.mac(&officer_text(&row))?;
            let mut officers = r.officers()?;
            if officers.iter().any(|known| known.id != row.id && known.point == row.point) {
                return Err(ErrorKind::Founding { what: "two officers have the same key".to_owned() }.into());
            }
            officers.retain(|known| known.id != row.id && known.status == OperatorStatus::Active);
            let after = officers.iter().chain((row.status == OperatorStatus::Active).then_some(&row));
            check_parts(after.map(|officer| officer.part))?;
            let mut event = w.event(EscrowEvent::Officer, Some(&act.operator), row.id.as_str());
            event.field("part", row.part.code());
            event.field("status", row.status.code());
            event.field("approvers", &approvers.join(" "));
            event.put_act(&ActRow { digest, kind: act.kind.clone(), at, content })?;
            event.put_officer(&row)?;
            event.close()?;
            Ok(())
        })
    }

    /// The two officers who approve a change of another one.
    fn second_people(
        &self,
        r: &VaultReader<'_>,
        change: &OfficerChange,
        (act, digest): (&Act, Digest),
        approvals: &[&[u8]],
        now: i64,
    ) -> Result<Vec<String>> {
        let mut approvers: Vec<String> = Vec::new();
        for signed in approvals {
            let consent = Consent::read(r, signed, now)?;
            let who = consent.officer.id.clone();
            if consent.record.act != digest {
                return Err(record("an approval is for another record"));
            }
            if who == act.operator || who == change.officer.id {
                return Err(ErrorKind::OwnOrder { who }.into());
            }
            if approvers.iter().any(|known| known == who.as_str()) {
                return Err(ErrorKind::ApprovedTwice { who }.into());
            }
            self.check_officer(&consent.officer)?;
            approvers.push(who.to_string());
        }
        if approvers.len() < 2 {
            let part = change.officer.part;
            return Err(ErrorKind::ApprovalsMissing { part, have: approvers.len(), need: 2 }.into());
        }
        Ok(approvers)
    }
}

/// An officer's signed consent, verified with the officer's key.
struct Consent {
    record: Countersign,
    officer: OfficerRow,
}

impl Consent {
    fn read(r: &VaultReader<'_>, signed: &[u8], now: i64) -> Result<Self> {
        let data = SignedData::from_der(signed)?;
        let record = Countersign::from_der(data.content())?;
        let who = || record.operator.clone();
        let officer = r.officer(&record.operator)?.filter(|officer| officer.status == OperatorStatus::Active);
        let officer = officer.ok_or_else(|| ErrorKind::NotAnOfficer { who: who() })?;
        let key = PublicKey::from_point(&officer.point)
            .map_err(|_| ErrorKind::Altered { what: format!("the key of officer {}", officer.id) })?;
        data.verify(&key).map_err(|_| ErrorKind::ApprovalSignature { who: who() })?;
        check_time(record.at, record.expires, now)?;
        Ok(Self { record, officer })
    }

    /// Whether this officer may approve that recovery.
    fn check_for(&self, row: &RecoveryRow) -> Result<()> {
        let who = self.officer.id.clone();
        if who == row.requester || row.recipient == self.officer.point {
            return Err(ErrorKind::OwnOrder { who }.into());
        }
        if row.kind.needs().iter().all(|(part, _)| *part != self.officer.part) {
            return Err(ErrorKind::NotAnOfficer { who }.into());
        }
        Ok(())
    }
}

fn check_held(key: &EscrowId, status: EscrowStatus) -> Result<()> {
    match status {
        EscrowStatus::Escrowed | EscrowStatus::History => Ok(()),
        status => Err(ErrorKind::KeyState { key: *key, status }.into()),
    }
}

fn check_time(at: i64, expires: i64, now: i64) -> Result<()> {
    let bad = |what| Err(ErrorKind::RecordTime { what }.into());
    if at > now.saturating_add(AHEAD) {
        return bad("it comes from the future");
    }
    if expires.saturating_sub(at) > LONGEST {
        return bad("it lasts longer than seven days");
    }
    check_not_over(expires, now)
}

fn check_not_over(expires: i64, now: i64) -> Result<()> {
    if expires < now { Err(ErrorKind::RecordTime { what: "it expired" }.into()) } else { Ok(()) }
}

/// The values of an act's fields, which must be exactly these in this order.
fn fields<'a>(act: &'a Act, names: &[&str]) -> Result<Vec<&'a str>> {
    if act.fields.iter().map(|(name, _)| name.as_str()).ne(names.iter().copied()) {
        return Err(record(&format!("its fields are not {}", names.join(", "))));
    }
    Ok(act.fields.iter().map(|(_, value)| value.as_str()).collect())
}

fn point(text: &str) -> Result<PublicKey> {
    let octets = unhex(text).ok_or_else(|| record("a public key is not hexadecimal"))?;
    Ok(PublicKey::from_point(&octets)?)
}

fn record(what: &str) -> Error {
    ErrorKind::Record { what: what.to_owned() }.into()
}

/// The object of an event about something that may be of any form and length.
fn object(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;
