//! Orders to the key centre: user recovery (用户密钥恢复), judicial recovery (司法密钥恢复), and changes of the officers who
//! approve them. An operator orders and signs it; officers of the key centre approve, each with a signature of their own;
//! then it is carried out. The rules of recovery are the key centre's ([`hufu_kmc::recover`]); here it is said who may ask
//! for what, and both ledgers, the home's and the vault's, hear of every step.
//!
//! | | user | judicial | officer |
//! |---|---|---|---|
//! | ordered by | entry, admin or super-admin of the office | admin or super-admin of the office | super-admin |
//! | approved by | 2 recovery officers | 2 judicial officers and 1 supervisor | 2 other officers |
//! | gives | the key under the holder's new signing key | the key under the recipient's | |
//!
//! An order is for one key, lasts seven days, and is named by an id: the same order again gives the same. An approval
//! counts while its officer is an active operator with the key the vault knows.
//!
//! # What is true after a crash
//! | killed | on disk | what the same verb does next |
//! |---|---|---|
//! | order: before the home commits | nothing | starts afresh |
//! | order: after the home commits (f31) | the home's order; the vault knows nothing | enters it in the vault |
//! | approve: after the vault commits (f33) | the vault counts the approval; the home does not show it | shows it |
//! | carry out: after the vault commits (f35) | vault: *done*; the key was not handed out | makes the envelope again, hands it out |
//! | carry out: after the home commits (f36) | both: *done*, the envelope on record | hands out the same octets |

use hufu_kmc::{Kmc, Officer, OfficerChange, RecoveryOrder};
use hufu_model::certificate::CertificateRow;
use hufu_model::escrow::{KeyOrderKind, RecoveryPart, RecoveryStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId, OrgId, RequestId, Serial};
use hufu_model::lifecycle::State;
use hufu_model::operator::{Operator, OperatorStatus};
use hufu_model::time::Instant;
use hufu_store::{KeyOrderApprovalRow, KeyOrderRow, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::csr::Csr;
use hufu_x509::key::PublicKey;
use hufu_x509::record::{Act, Countersign};

use crate::authority::{Authority, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::key_centre::KeyCentre;
use crate::{document, key_founding, policy};

/// What is ordered of the key centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOrder {
    /// Its id, unique in the home.
    pub id: RequestId,
    /// What is to be done.
    pub what: Ordered,
}

/// The things that can be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// The encryption key of a certificate for its holder, who has a new signing key.
    Recovery {
        /// Either certificate of the pair.
        serial: Serial,
        /// The holder's new signing key.
        to: NewKey,
        /// Why, in at most 400 octets.
        reason: String,
    },
    /// The encryption key of a certificate for an authority of justice.
    Judicial {
        /// Either certificate of the pair.
        serial: Serial,
        /// The recipient's certificate, PEM or DER, from anywhere.
        to: Vec<u8>,
        /// Why.
        reason: String,
        /// The number of the case.
        case_number: String,
        /// The authority of justice.
        organ: String,
    },
    /// An officer of the key centre as they are to be.
    Officer {
        /// An operator of the home.
        officer: OperatorId,
        /// What they may approve.
        part: RecoveryPart,
        /// Whether they may.
        status: OperatorStatus,
    },
}

/// The key a recovered one is put into an envelope for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewKey {
    /// That of a PKCS#10 request, PEM or DER, which proves that its private half exists.
    Csr(Vec<u8>),
    /// That of a certificate of the same holder, in force.
    Certificate(Serial),
}

/// An order with what was signed and who approved.
#[derive(Debug, Clone)]
pub struct KeyOrderView {
    /// Its row.
    pub row: KeyOrderRow,
    /// What the requester signed, by field name.
    pub fields: Vec<(String, String)>,
    /// Who approved.
    pub approvals: Vec<KeyOrderApprovalRow>,
}

/// How long an order lasts, in seconds: the longest the key centre takes.
const LASTS: i64 = hufu_kmc::recover::LONGEST;

/// An order as it will stand in the act: what the key centre reads out of it again.
struct Drawn {
    what: Drawing,
    serial: Option<Serial>,
    /// The holder's, of a key that came in a CSR.
    uses: Option<(Digest, Digest)>,
}

enum Drawing {
    Recovery(RecoveryOrder),
    Officer(OfficerChange),
}

impl Ordered {
    fn kind(&self) -> KeyOrderKind {
        match self {
            Self::Recovery { .. } => KeyOrderKind::Recovery,
            Self::Judicial { .. } => KeyOrderKind::Judicial,
            Self::Officer { .. } => KeyOrderKind::Officer,
        }
    }

    fn serial(&self) -> Option<&Serial> {
        match self {
            Self::Recovery { serial, .. } | Self::Judicial { serial, .. } => Some(serial),
            Self::Officer { .. } => None,
        }
    }
}

impl Authority {
    /// Orders something of the key centre, and signs it. The same order again changes nothing.
    ///
    /// # Errors
    /// Role and jurisdiction errors; [`ErrorKind::UnknownCertificate`]; `kmc.no-key` for a certificate without an
    /// escrowed key; [`ErrorKind::KeyInUse`], [`ErrorKind::CompromisedKey`], [`ErrorKind::PredecessorHolder`] for a key
    /// that cannot be the holder's new one; [`ErrorKind::RequestReused`]; `kmc.recipient-escrowed`, `kmc.key-state`,
    /// `kmc.record`; as [`Authority::kmc`].
    pub fn order_key(&self, session: &Session, order: &KeyOrder) -> Result<KeyOrderRow> {
        let act = EventKind::KeyOrder.code();
        let (kmc, now, kind) = (self.kmc()?, self.now(), order.what.kind());
        let (by, drawn, before) = self.read_as(session, act, |r| {
            let by = self.orderer(r, session, kind, order.what.serial(), now)?;
            let drawn = self.draw(r, &kmc, &order.what, now)?;
            Ok((by, drawn, r.key_order(&order.id)?))
        })?;
        let made = drawn.act(*kmc.authority(), by.org, by.id, self.entropy.array()?, now);
        // What cannot be read again could be neither approved nor withdrawn.
        let made = checked(Act::from_der(&made.to_der())?)?;
        if let Some(row) = before {
            return self.ordered_before(&kmc, row, &made);
        }
        let der = made.to_der();
        let document = document::row("act", &der, session, now, self.sign_as(session, &der)?);
        let row = KeyOrderRow {
            id: order.id.clone(),
            digest: document.digest,
            kind,
            object: made.object,
            serial: drawn.serial,
            requester: session.operator().clone(),
            at: made.at,
            expires: made.expires,
            status: RecoveryStatus::Open,
            done_at: None,
            envelope: None,
        };
        self.write(session, act, |w| {
            let r = w.reader();
            self.orderer(&r, session, kind, order.what.serial(), w.now())?;
            if r.key_order(&order.id)?.is_some() {
                return Err(ErrorKind::RequestReused(order.id.clone()).into());
            }
            let mut event = w.event(EventKind::KeyOrder, Some(session.operator()), order.id.as_str());
            event.put_document(&document)?;
            event.put_key_order(&row)?;
            if let Some((spki, holder)) = &drawn.uses {
                event.put_key_use(spki, holder, &order.id)?;
            }
            event.close()?;
            Ok(())
        })?;
        hufu_store::fault!("f31");
        self.enter_in_vault(&kmc, &row)?;
        hufu_store::fault!("f32");
        Ok(row)
    }

    /// The order of the same id that stands on record, when it asks for the same.
    fn ordered_before(&self, kmc: &Kmc, row: KeyOrderRow, again: &Act) -> Result<KeyOrderRow> {
        let before: Act = self.read(|r| document::signed(r, &self.identity, &row.digest))?;
        let same = before.kind == again.kind
            && before.object == again.object
            && before.fields == again.fields
            && before.operator == again.operator;
        if !same {
            return Err(ErrorKind::RequestReused(row.id).into());
        }
        if row.status == RecoveryStatus::Open {
            self.enter_in_vault(kmc, &row)?;
        }
        Ok(row)
    }

    /// The operator, who may order this now.
    fn orderer(
        &self,
        r: &Reader<'_>,
        session: &Session,
        kind: KeyOrderKind,
        serial: Option<&Serial>,
        now: Instant,
    ) -> Result<Operator> {
        let by = policy::acting(r, session, now)?;
        let tree = r.org_tree()?;
        policy::may_order(&tree, &by, kind, &place(r, serial)?)?;
        policy::not_frozen(&tree, &by.org)?;
        Ok(by)
    }

    fn draw(&self, r: &Reader<'_>, kmc: &Kmc, what: &Ordered, now: Instant) -> Result<Drawn> {
        match what {
            Ordered::Recovery { serial, to, reason } => {
                let (certificate, key) = escrowed(r, kmc, serial)?;
                let (recipient, uses) = self.new_key(r, &certificate, to, now)?;
                not_escrowed(kmc, &recipient)?;
                let (kind, reason) = (hufu_model::escrow::RecoveryKind::User, reason.clone());
                let (case_number, organ) = (String::new(), String::new());
                let what = RecoveryOrder { kind, key, recipient, reason, case_number, organ };
                Ok(Drawn { what: Drawing::Recovery(what), serial: Some(serial.clone()), uses })
            }
            Ordered::Judicial { serial, to, reason, case_number, organ } => {
                let (_, key) = escrowed(r, kmc, serial)?;
                let recipient = Certificate::from_bytes(to)?.public_key()?;
                self.refuse_authority_key(&self.identity.cas(r)?, &recipient)?;
                not_escrowed(kmc, &recipient)?;
                let what = RecoveryOrder {
                    kind: hufu_model::escrow::RecoveryKind::Judicial,
                    key,
                    recipient,
                    reason: reason.clone(),
                    case_number: case_number.clone(),
                    organ: organ.clone(),
                };
                Ok(Drawn { what: Drawing::Recovery(what), serial: Some(serial.clone()), uses: None })
            }
            Ordered::Officer { officer, part, status } => {
                let known = kmc.vault().read(|v| v.officer(officer))?;
                let officer = match (known, status) {
                    // Somebody who left the home can still be removed from the key centre.
                    (Some(known), OperatorStatus::Removed) => {
                        Officer { id: known.id, part: known.part, key: PublicKey::from_point(&known.point)? }
                    }
                    (None, OperatorStatus::Removed) => {
                        return Err(refused(hufu_kmc::ErrorKind::NotAnOfficer { who: officer.clone() }));
                    }
                    (_, OperatorStatus::Active) => key_founding::officer(r, officer, *part)?,
                };
                let what = OfficerChange { officer, status: *status };
                Ok(Drawn { what: Drawing::Officer(what), serial: None, uses: None })
            }
        }
    }

    /// The holder's new signing key, and its use when it came in a CSR.
    fn new_key(
        &self,
        r: &Reader<'_>,
        certificate: &CertificateRow,
        to: &NewKey,
        now: Instant,
    ) -> Result<(PublicKey, Option<(Digest, Digest)>)> {
        match to {
            NewKey::Csr(bytes) => {
                let csr = Csr::from_bytes(bytes)?.verify()?;
                let (key, holder) = (csr.public_key().clone(), certificate.holder);
                self.refuse_authority_key(&self.identity.cas(r)?, &key)?;
                let spki = key.spki_digest();
                if let Some(used) = r.key_use(&spki)?.filter(|used| used.holder != holder) {
                    return Err(ErrorKind::KeyInUse { request: used.request }.into());
                }
                if let Some(serial) = r.compromised_key(&spki)? {
                    return Err(ErrorKind::CompromisedKey(serial).into());
                }
                Ok((key, Some((spki, holder))))
            }
            NewKey::Certificate(serial) => {
                let unknown = || ErrorKind::UnknownCertificate(serial.clone());
                let row = r.certificate(serial)?.ok_or_else(unknown)?;
                if row.holder != certificate.holder {
                    return Err(ErrorKind::PredecessorHolder(serial.clone()).into());
                }
                let state = State::of(&row, now);
                if state != State::Active {
                    let what = format!("certificate {serial} is {state}");
                    return Err(ErrorKind::Unreadable { wanted: "a certificate of the holder in force", what }.into());
                }
                let der = r.certificate_der(serial)?.ok_or_else(unknown)?;
                Ok((Certificate::from_der(&der)?.public_key()?, None))
            }
        }
    }

    /// Tells the vault of an order for a recovery, unless it knows.
    fn enter_in_vault(&self, kmc: &Kmc, row: &KeyOrderRow) -> Result<()> {
        if row.kind.recovery().is_none() || kmc.vault().read(|v| v.recovery(&row.digest))?.is_some() {
            return Ok(());
        }
        let act: Act = self.read(|r| document::signed(r, &self.identity, &row.digest))?;
        kmc.order_recovery(self.now(), &act)?;
        Ok(())
    }

    /// Approves an order as an officer of the key centre, with a signature over exactly this order.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKeyOrder`], [`ErrorKind::KeyOrderState`]; `kmc.not-an-officer`, `kmc.own-order`,
    /// `kmc.approved-twice`, `kmc.approval-signature`, `kmc.record-time`, `kmc.recovery-status`. The attempt is on record,
    /// in the vault's ledger or in the home's.
    pub fn approve_key_order(&self, session: &Session, id: &RequestId) -> Result<KeyOrderView> {
        let verb = EventKind::KeyOrderApprove.code();
        let (kmc, now) = (self.kmc()?, self.now());
        let (row, shown) = self.read_as(session, verb, |r| {
            policy::acting(r, session, now)?;
            let row = known(r, id)?;
            let approvals = r.key_order_approvals(id)?;
            Ok((row, approvals.iter().any(|a| a.officer == *session.operator())))
        })?;
        self.enter_in_vault(&kmc, &row)?;
        let consent = Countersign {
            act: row.digest,
            operator: session.operator().clone(),
            nonce: self.entropy.array()?,
            at: now.unix_seconds(),
            expires: row.expires.min(now.unix_seconds() + LASTS),
        };
        let der = consent.to_der();
        let signed = self.sign_as(session, &der)?;
        let entered = self.consent(&kmc, session, &row, &signed, shown);
        if let Err(e) = &entered {
            self.record_denials(session, verb, [e])?;
        }
        entered?;
        hufu_store::fault!("f33");
        let document = document::row("countersign", &der, session, now, signed);
        self.write(session, verb, |w| {
            policy::acting(&w.reader(), session, w.now())?;
            open(known(&w.reader(), id)?)?;
            let at = w.now().unix_seconds();
            let mut event = w.event(EventKind::KeyOrderApprove, Some(session.operator()), id.as_str());
            event.put_document(&document)?;
            let (officer, digest) = (session.operator().clone(), document.digest);
            event.put_key_order_approval(&KeyOrderApprovalRow { order: id.clone(), officer, document: digest, at })?;
            event.close()?;
            Ok(())
        })?;
        hufu_store::fault!("f34");
        self.key_order(id)
    }

    /// Whether the officer may give this consent; the vault counts it when it is for a recovery.
    fn consent(&self, kmc: &Kmc, session: &Session, row: &KeyOrderRow, signed: &[u8], shown: bool) -> Result<()> {
        let who = session.operator().clone();
        if row.kind.recovery().is_some() {
            let counted = kmc.vault().read(|v| v.recovery_approvals(&row.digest))?.iter().any(|a| a.officer == who);
            // Counted and not shown: the process ended between the two ledgers.
            if !counted || shown {
                kmc.approve_recovery(self.now(), signed)?;
            }
            return Ok(());
        }
        open(row.clone())?;
        let officer = kmc.vault().read(|v| v.officer(&who))?.filter(|o| o.status == OperatorStatus::Active);
        let key = session.certificate().public_key()?;
        if officer.is_none_or(|o| o.point[..] != key.point()[..]) {
            return Err(refused(hufu_kmc::ErrorKind::NotAnOfficer { who }));
        }
        if who == row.requester || who.as_str() == row.object {
            return Err(refused(hufu_kmc::ErrorKind::OwnOrder { who }));
        }
        if shown { Err(refused(hufu_kmc::ErrorKind::ApprovedTwice { who })) } else { Ok(()) }
    }

    /// Withdraws an order that was not carried out: who ordered it, or who could have.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKeyOrder`], [`ErrorKind::KeyOrderState`]; role and jurisdiction errors.
    pub fn withdraw_key_order(&self, session: &Session, id: &RequestId) -> Result<KeyOrderRow> {
        let kind = EventKind::KeyOrderWithdraw;
        let (kmc, now) = (self.kmc()?, self.now());
        let row = self.read_as(session, kind.code(), |r| {
            let row = open(known(r, id)?)?;
            if policy::acting(r, session, now)?.id != row.requester {
                self.orderer(r, session, row.kind, row.serial.as_ref(), now)?;
            }
            Ok(row)
        })?;
        let (_, document) = self.sign_act(session, kind.code(), kind, Ok(id.to_string()), Vec::new())?;
        let in_vault = kmc.vault().read(|v| v.recovery(&row.digest))?;
        if in_vault.is_some_and(|row| row.status != RecoveryStatus::Withdrawn) {
            kmc.withdraw_recovery(now, session.operator(), &row.digest)?;
        }
        let withdrawn = KeyOrderRow { status: RecoveryStatus::Withdrawn, ..row };
        self.write(session, kind.code(), |w| {
            open(known(&w.reader(), id)?)?;
            let mut event = w.event(kind, Some(session.operator()), id.as_str());
            event.put_document(&document)?;
            event.put_key_order(&withdrawn)?;
            event.close()?;
            Ok(())
        })?;
        Ok(withdrawn)
    }

    /// Carries out an order that was approved. A recovered key is in the row's envelope, for the recipient that was
    /// signed about and for nobody else; carried out again, the same octets come back.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKeyOrder`], [`ErrorKind::KeyOrderState`]; role and jurisdiction errors of who orders;
    /// `kmc.approvals-missing`, `kmc.record-time`, `kmc.recovery-status`, `kmc.cap`, `kmc.altered`, `kmc.founding`;
    /// `kmc.agent…`. The attempt is on record.
    pub fn carry_out(&self, session: &Session, centre: &KeyCentre, id: &RequestId) -> Result<KeyOrderRow> {
        let verb = EventKind::KeyOrderDone.code();
        let (kmc, now) = (self.kmc()?, self.now());
        let (row, approvals) = self.read_as(session, verb, |r| {
            let row = known(r, id)?;
            self.orderer(r, session, row.kind, row.serial.as_ref(), now)?;
            Ok((row, r.key_order_approvals(id)?))
        })?;
        if row.status == RecoveryStatus::Done {
            return Ok(row);
        }
        open(row.clone())?;
        self.enter_in_vault(&kmc, &row)?;
        let done = self.approved(&kmc, &row, &approvals, now).and_then(|()| self.fulfil(session, centre, &row, now));
        if let Err(e) = &done {
            self.record_denials(session, verb, [e])?;
        }
        let envelope = done?;
        hufu_store::fault!("f35");
        let row = self.write(session, verb, |w| {
            let row = known(&w.reader(), id)?;
            if row.status == RecoveryStatus::Done {
                return Ok(row);
            }
            let row = open(row)?;
            let done_at = Some(w.now().unix_seconds());
            let row = KeyOrderRow { status: RecoveryStatus::Done, done_at, envelope, ..row };
            let mut event = w.event(EventKind::KeyOrderDone, Some(session.operator()), id.as_str());
            event.field("order", &row.digest.to_string());
            event.field("object", &row.object);
            event.field("requester", row.requester.as_str());
            let officers: Vec<&str> = approvals.iter().map(|a| a.officer.as_str()).collect();
            event.field("approvers", &officers.join(" "));
            event.put_key_order(&row)?;
            event.close()?;
            Ok(row)
        })?;
        hufu_store::fault!("f36");
        Ok(row)
    }

    /// What an order that was carried out gave, once more: the same octets, without the key centre.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKeyOrder`]; [`ErrorKind::KeyOrderState`] when it was not carried out; role and jurisdiction
    /// errors of who orders.
    pub fn recovered(&self, session: &Session, id: &RequestId) -> Result<KeyOrderRow> {
        let now = self.now();
        self.read_as(session, EventKind::KeyOrderDone.code(), |r| {
            let row = known(r, id)?;
            self.orderer(r, session, row.kind, row.serial.as_ref(), now)?;
            match row.status {
                RecoveryStatus::Done => Ok(row),
                status => Err(ErrorKind::KeyOrderState { order: row.id, status }.into()),
            }
        })
    }

    /// Enough of those who approved may still act: a removed operator's approval counts for nothing.
    fn approved(&self, kmc: &Kmc, row: &KeyOrderRow, shown: &[KeyOrderApprovalRow], now: Instant) -> Result<()> {
        let who: Vec<OperatorId> = match row.kind.recovery() {
            Some(_) => {
                kmc.vault().read(|v| v.recovery_approvals(&row.digest))?.into_iter().map(|a| a.officer).collect()
            }
            None => shown.iter().map(|a| a.officer.clone()).collect(),
        };
        let mut parts = Vec::new();
        for id in who {
            let officer = kmc.vault().read(|v| v.officer(&id))?;
            let key = self.read(|r| policy::key_in_force(r, &id, now))?;
            if let (Some(officer), Some(key)) = (officer, key)
                && officer.status == OperatorStatus::Active
                && officer.point[..] == key.point()[..]
            {
                parts.push(officer.part);
            }
        }
        let needs: &[(RecoveryPart, usize)] = match row.kind.recovery() {
            Some(kind) => kind.needs(),
            None if parts.len() < 2 => {
                let (part, have) = (RecoveryPart::Recovery, parts.len());
                return Err(refused(hufu_kmc::ErrorKind::ApprovalsMissing { part, have, need: 2 }));
            }
            None => &[],
        };
        for (part, need) in needs {
            let have = parts.iter().filter(|known| *known == part).count();
            if have < *need {
                return Err(refused(hufu_kmc::ErrorKind::ApprovalsMissing { part: *part, have, need: *need }));
            }
        }
        Ok(())
    }

    /// Has the key centre do it.
    fn fulfil(
        &self,
        session: &Session,
        centre: &KeyCentre,
        row: &KeyOrderRow,
        now: Instant,
    ) -> Result<Option<Vec<u8>>> {
        let (unlocked, by) = (centre.unlocked()?, Some(session.operator()));
        match row.kind {
            KeyOrderKind::Recovery => Ok(Some(unlocked.recover(now, by, &row.digest)?)),
            KeyOrderKind::Judicial => Ok(Some(unlocked.recover_judicial(now, by, &row.digest)?)),
            KeyOrderKind::Officer => {
                // It was done when the process ended between the two ledgers.
                if centre.kmc().vault().read(|v| v.act(&row.digest))?.is_some() {
                    return Ok(None);
                }
                let (act, approvals) = self.read(|r| {
                    let act: Act = document::signed(r, &self.identity, &row.digest)?;
                    let mut signed = Vec::new();
                    for approval in r.key_order_approvals(&row.id)? {
                        signed.extend(r.document(&approval.document)?.map(|document| document.signed));
                    }
                    Ok((act, signed))
                })?;
                let approvals: Vec<&[u8]> = approvals.iter().map(Vec::as_slice).collect();
                unlocked.change_officer(now, &act, &approvals)?;
                Ok(None)
            }
        }
    }

    /// Orders to the key centre, oldest first; only those that still wait when `open_only`.
    ///
    /// # Errors
    /// Database errors.
    pub fn key_orders(&self, open_only: bool) -> Result<Vec<KeyOrderRow>> {
        self.read(|r| Ok(r.key_orders(open_only)?))
    }

    /// One order with what was signed and who approved.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKeyOrder`]; integrity errors when the document was altered.
    pub fn key_order(&self, id: &RequestId) -> Result<KeyOrderView> {
        self.read(|r| {
            let row = known(r, id)?;
            let act: Act = document::signed(r, &self.identity, &row.digest)?;
            let approvals = r.key_order_approvals(id)?;
            Ok(KeyOrderView { row, fields: act.fields, approvals })
        })
    }
}

impl Drawn {
    fn act(&self, ca: Digest, org: OrgId, operator: OperatorId, nonce: [u8; 16], now: Instant) -> Act {
        let at = now.unix_seconds();
        match &self.what {
            Drawing::Recovery(order) => order.to_act(ca, org, operator, nonce, (at, at + LASTS)),
            Drawing::Officer(change) => change.to_act(ca, org, operator, nonce, (at, at + LASTS)),
        }
    }
}

/// The act, when the key centre reads an order out of it.
fn checked(act: Act) -> Result<Act> {
    if act.kind == KeyOrderKind::Officer.code() {
        OfficerChange::from_act(&act)?;
    } else {
        RecoveryOrder::from_act(&act)?;
    }
    Ok(act)
}

/// The organisation an order is about: that of the certificate, or the CA.
pub(crate) fn place(r: &Reader<'_>, serial: Option<&Serial>) -> Result<OrgId> {
    let Some(serial) = serial else { return crate::init::ca_org() };
    let row = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
    Ok(row.org)
}

/// The certificate and the escrowed key that belongs to it.
fn escrowed(r: &Reader<'_>, kmc: &Kmc, serial: &Serial) -> Result<(CertificateRow, hufu_model::ident::EscrowId)> {
    let row = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
    let what = || refused(hufu_kmc::ErrorKind::NoKey { what: format!("certificate {serial}") });
    // Either half names the pair; the key is that of the encryption half.
    let encryption = r.pair_of(serial)?.map_or_else(|| serial.clone(), |pair| pair.encryption);
    let key = kmc.key_of_serial(&encryption)?.ok_or_else(what)?;
    if key.holder != Some(row.holder) {
        return Err(refused(hufu_kmc::ErrorKind::Altered { what: format!("the holder of escrowed key {}", key.id) }));
    }
    Ok((row, key.id))
}

/// An escrowed key cannot be what another one is put into an envelope for. The vault asks the same; asked before the
/// order is on record, it leaves no order behind that nobody can carry out.
fn not_escrowed(kmc: &Kmc, recipient: &PublicKey) -> Result<()> {
    if kmc.knows(&recipient.spki_digest())? {
        return Err(refused(hufu_kmc::ErrorKind::RecipientEscrowed));
    }
    Ok(())
}

fn known(r: &Reader<'_>, id: &RequestId) -> Result<KeyOrderRow> {
    r.key_order(id)?.ok_or_else(|| ErrorKind::UnknownKeyOrder(id.clone()).into())
}

fn open(row: KeyOrderRow) -> Result<KeyOrderRow> {
    match row.status {
        RecoveryStatus::Open => Ok(row),
        status => Err(ErrorKind::KeyOrderState { order: row.id, status }.into()),
    }
}

fn refused(kind: hufu_kmc::ErrorKind) -> Error {
    hufu_kmc::Error::from(kind).into()
}
