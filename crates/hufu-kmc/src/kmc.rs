//! The key centre: founding, opening, and the way of a key from the pool to its holder.

use std::collections::{BTreeMap, BTreeSet};

use hufu_model::entropy::Entropy;
use hufu_model::escrow::{EscrowEvent, EscrowStatus, RecoveryPart};
use hufu_model::ident::{Digest, EscrowId, OperatorId, RequestId, Serial};
use hufu_model::operator::OperatorStatus;
use hufu_model::time::Instant;
use hufu_store::fault;
use hufu_store::vault::{BindingRow, CustodianRow, EscrowRow, KekRow, OfficerRow, Vault, VaultReader, VaultWrite};
use hufu_store::verify::{LedgerReport, verify_vault};
use hufu_x509::key::PublicKey;

use crate::custody::{Custody, Kek, WrappedKey};
use crate::error::{Error, ErrorKind, Result};
use crate::shamir::{self, Values};
use crate::share::{Share, is_name};

/// Keys written in one transaction.
const BATCH: usize = 1000;

/// How many keys recoveries may give out on one day of UTC+08:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// User recoveries.
    pub user: u32,
    /// Judicial recoveries.
    pub judicial: u32,
}

impl Default for Caps {
    /// 20 and 5: more on one day is a leak, not a working day.
    fn default() -> Self {
        Self { user: 20, judicial: 5 }
    }
}

/// An officer of the key centre: approves recoveries with an SM2 signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// The person.
    pub id: OperatorId,
    /// What they may approve.
    pub part: RecoveryPart,
    /// The key their approvals verify with.
    pub key: PublicKey,
}

/// What a key centre is founded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// Its name.
    pub name: String,
    /// The authority it serves: the digest that stands in the authority's records.
    pub authority: Digest,
    /// How many custodians open it, 3 by rule.
    pub threshold: u8,
    /// The custodians, 5 by rule; the n-th gets share n.
    pub custodians: Vec<String>,
    /// The officers: at least 2 for user recoveries; for judicial ones none, or at least 2 and a supervisor.
    pub officers: Vec<Officer>,
    /// The most recoveries a day.
    pub caps: Caps,
}

/// How many keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pool {
    /// Nobody's yet.
    pub pooled: u64,
    /// Taken for a request.
    pub reserved: u64,
    /// In use.
    pub escrowed: u64,
    /// Out of use.
    pub history: u64,
}

/// The public half of a key that a request took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncKey {
    /// Its name.
    pub id: EscrowId,
    /// The request.
    pub request: RequestId,
    /// The public key for the encryption certificate.
    pub public: PublicKey,
}

/// What makes a reserved key somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// The key.
    pub key: EscrowId,
    /// The request it was taken for; for a further certificate of a key in use, that certificate's request.
    pub request: RequestId,
    /// The serial number of the encryption certificate.
    pub serial: Serial,
    /// The holder, as a blind index.
    pub holder: Digest,
    /// The holder's signing key: the only one the key is delivered to.
    pub recipient: PublicKey,
}

/// What is known about an escrowed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name.
    pub id: EscrowId,
    /// Its public half.
    pub public: PublicKey,
    /// How far it has come.
    pub status: EscrowStatus,
    /// The request that took it.
    pub request: Option<RequestId>,
    /// Its holder, as a blind index.
    pub holder: Option<Digest>,
    /// The certificates it is in.
    pub serials: Vec<Serial>,
    /// When it was generated, in seconds.
    pub made_at: i64,
}

/// A key centre whose wrapping key may be anywhere: what needs that key is done by [`Kmc::unlock`].
pub struct Kmc {
    pub(crate) vault: Vault,
    pub(crate) kek: KekRow,
    pub(crate) authority: Digest,
    pub(crate) caps: Caps,
}

/// A key centre together with its wrapping key.
pub struct Unlocked<'a> {
    pub(crate) kmc: &'a Kmc,
    pub(crate) custody: &'a dyn Custody,
}

impl Kmc {
    /// Founds a key centre in an empty vault: makes the wrapping key and splits it. The shares exist only in what is
    /// returned: write each to its custodian's medium, then drop them.
    ///
    /// # Errors
    /// `kmc.founding`, `kmc.split`; `store.duplicate` when the vault holds a key centre; `entropy.failed`.
    pub fn found(
        vault: Vault,
        founding: &Founding,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Kek, Vec<Share>)> {
        check_founding(founding)?;
        let count = u8::try_from(founding.custodians.len()).unwrap_or(u8::MAX);
        let (kek, octets) = Kek::generate(entropy)?;
        let values = shamir::split(&octets, founding.threshold, count, entropy)?;
        drop(octets);
        let split = (founding.threshold, count);
        let numbered = (1..).zip(founding.custodians.iter().zip(values));
        let shares: Vec<Share> =
            numbered.map(|(number, (who, values))| Share::new(kek.id(), number, split, who, values)).collect();
        vault.write(now, |w| -> Result<()> {
            if w.reader().kek()?.is_some() {
                let what = "the vault holds one already".to_owned();
                return Err(ErrorKind::Founding { what }.into());
            }
            let at = w.now().unix_seconds();
            let mut event = w.event(EscrowEvent::Found, None, "kmc");
            event.put_fact("name", &founding.name)?;
            event.put_fact("authority", &founding.authority.to_string())?;
            event.put_fact("cap-user", &founding.caps.user.to_string())?;
            event.put_fact("cap-judicial", &founding.caps.judicial.to_string())?;
            event.put_kek(&KekRow {
                id: kek.id().to_owned(),
                check: kek.check(),
                threshold: founding.threshold,
                shares: count,
                at,
            })?;
            for share in &shares {
                event.put_custodian(&CustodianRow {
                    kek: share.kek.clone(),
                    number: share.number,
                    name: share.custodian.clone(),
                    commitment: share.commitment(),
                })?;
            }
            for officer in &founding.officers {
                let mut row = officer_row(officer, OperatorStatus::Active);
                row.mac = kek.mac(&officer_text(&row));
                event.put_officer(&row)?;
            }
            event.close()?;
            Ok(())
        })?;
        Ok((Self::open(vault)?, kek, shares))
    }

    /// Opens the key centre in a vault. It stays locked.
    ///
    /// # Errors
    /// `kmc.not-founded`; `store.…`.
    pub fn open(vault: Vault) -> Result<Self> {
        let (kek, authority, user, judicial) = vault.read(|r| -> Result<_> {
            let kek = r.kek()?.ok_or(ErrorKind::NotFounded)?;
            Ok((kek, r.fact("authority")?, r.fact("cap-user")?, r.fact("cap-judicial")?))
        })?;
        let number = |text: Option<String>| text.and_then(|t| t.parse().ok());
        let (Some(user), Some(judicial), Some(Ok(authority))) =
            (number(user), number(judicial), authority.map(|a| a.parse()))
        else {
            return Err(ErrorKind::Altered { what: "the facts of its founding are missing".to_owned() }.into());
        };
        Ok(Self { vault, kek, authority, caps: Caps { user, judicial } })
    }

    /// The vault, to look at.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The name of the wrapping key.
    #[must_use]
    pub fn kek(&self) -> &str {
        &self.kek.id
    }

    /// The value that only the wrapping key computes.
    #[must_use]
    pub fn check(&self) -> &Digest {
        &self.kek.check
    }

    /// How many shares open it, and of how many.
    #[must_use]
    pub fn split(&self) -> (u8, u8) {
        (self.kek.threshold, self.kek.shares)
    }

    /// The authority it serves.
    #[must_use]
    pub fn authority(&self) -> &Digest {
        &self.authority
    }

    /// The most recoveries a day.
    #[must_use]
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// Verifies the vault against its ledger.
    ///
    /// # Errors
    /// `store.…`: only what prevents looking. What is wrong is in the report.
    pub fn verify(&self, progress: &dyn Fn(&'static str, u64, u64)) -> Result<LedgerReport> {
        Ok(self.vault.read(|r| verify_vault(r, progress))?)
    }

    /// Whether a share is one of those that were given out.
    ///
    /// # Errors
    /// `kmc.share-foreign` for a share of another key, `kmc.share-wrong`, both naming the share; `store.…`.
    pub fn check_share(&self, share: &Share) -> Result<()> {
        let (number, custodian) = (share.number, share.custodian.clone());
        if share.kek != self.kek.id {
            return Err(ErrorKind::ShareForeign { number, custodian, found: share.kek.clone() }.into());
        }
        let custodians = self.vault.read(|r| r.custodians(&self.kek.id))?;
        let known = custodians.iter().find(|c| c.number == number);
        if known.is_none_or(|known| known.commitment != share.commitment()) {
            return Err(ErrorKind::ShareWrong { number, custodian }.into());
        }
        Ok(())
    }

    /// Makes the wrapping key of custodians' shares. Shares beyond the number that is needed are checked, too.
    ///
    /// # Errors
    /// As [`Kmc::check_share`]; `kmc.share-twice`, `kmc.shares-few`.
    pub fn combine(&self, shares: &[Share]) -> Result<Kek> {
        let mut numbers = BTreeSet::new();
        for share in shares {
            if !numbers.insert(share.number) {
                let (number, custodian) = (share.number, share.custodian.clone());
                return Err(ErrorKind::ShareTwice { number, custodian }.into());
            }
            self.check_share(share)?;
        }
        let need = usize::from(self.kek.threshold);
        if shares.len() < need {
            return Err(ErrorKind::SharesFew { have: shares.len(), need }.into());
        }
        let enough: Vec<(u8, &Values)> = shares.iter().take(need).map(|s| (s.number, s.values())).collect();
        let kek = Kek::new(self.kek.id.clone(), shamir::combine(&enough)?);
        self.check_identity(kek.id(), &kek.check())?;
        Ok(kek)
    }

    fn check_identity(&self, id: &str, check: &Digest) -> Result<()> {
        if id == self.kek.id && *check == self.kek.check {
            return Ok(());
        }
        Err(ErrorKind::WrongKek { wanted: self.kek.id.clone(), found: id.to_owned() }.into())
    }

    /// Brings the wrapping key to the vault.
    ///
    /// # Errors
    /// `kmc.wrong-kek`; `kmc.agent…`.
    pub fn unlock<'a>(&'a self, custody: &'a dyn Custody) -> Result<Unlocked<'a>> {
        let (id, check) = custody.identity()?;
        self.check_identity(&id, &check)?;
        Ok(Unlocked { kmc: self, custody })
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// `store.…`.
    pub fn pool(&self) -> Result<Pool> {
        self.vault.read(|r| {
            Ok(Pool {
                pooled: r.escrow_count(EscrowStatus::Pooled)?,
                reserved: r.escrow_count(EscrowStatus::Reserved)?,
                escrowed: r.escrow_count(EscrowStatus::Escrowed)?,
                history: r.escrow_count(EscrowStatus::History)?,
            })
        })
    }

    /// Whether a public key is an escrowed encryption key, by the SM3 of its SubjectPublicKeyInfo. Such a key must not
    /// come back in anybody's request.
    ///
    /// # Errors
    /// `store.…`.
    pub fn knows(&self, spki: &Digest) -> Result<bool> {
        Ok(self.vault.read(|r| r.escrow_of_spki(spki))?.is_some())
    }

    /// The key in a certificate.
    ///
    /// # Errors
    /// `kmc.altered`; `store.…`.
    pub fn key_of_serial(&self, serial: &Serial) -> Result<Option<KeyRecord>> {
        self.vault.read(|r| r.escrow_of_serial(serial)?.map(|row| record(r, row)).transpose())
    }

    /// Takes a key from the pool for each request, all in one transaction. A request that has a key gets the same
    /// again.
    ///
    /// # Errors
    /// `kmc.pool-empty`, saying how many are missing; `kmc.twice`; `kmc.request-over`; `kmc.altered`. Then nothing was
    /// taken.
    pub fn reserve(&self, now: Instant, requests: &[RequestId]) -> Result<Vec<EncKey>> {
        unique(requests.iter().map(|request| ("request", request.to_string())))?;
        let keys = self.vault.write(now, |w| -> Result<Vec<EncKey>> {
            let mut known = BTreeMap::new();
            for request in requests {
                if let Some(row) = w.reader().escrow_of_request(request)? {
                    if row.status == EscrowStatus::History {
                        return Err(ErrorKind::RequestOver { request: request.clone() }.into());
                    }
                    known.insert(request, row);
                }
            }
            let new: Vec<&RequestId> = requests.iter().filter(|request| !known.contains_key(request)).collect();
            let taken = w.reader().pooled(u32::try_from(new.len()).unwrap_or(u32::MAX))?;
            if taken.len() < new.len() {
                return Err(ErrorKind::PoolEmpty { missing: new.len() - taken.len() }.into());
            }
            let at = w.now().unix_seconds();
            if !new.is_empty() {
                let mut event = w.event(EscrowEvent::Reserve, None, &batch(new.len()));
                for (request, row) in new.into_iter().zip(taken) {
                    let row = EscrowRow {
                        status: EscrowStatus::Reserved,
                        request: Some(request.clone()),
                        changed_at: at,
                        ..row
                    };
                    event.change_key(&row)?;
                    known.insert(request, row);
                }
                event.close()?;
            }
            let of = |request: &RequestId| {
                let row = known.get(request).ok_or_else(|| no_key(&format!("request {request}")))?;
                Ok(EncKey { id: row.id, request: request.clone(), public: public(row)? })
            };
            requests.iter().map(of).collect()
        })?;
        Ok(keys)
    }

    /// Binds serial numbers to keys, all in one transaction: from then on the keys are their holders'. What is bound
    /// already stays so. A key in use may get further certificates of the same holder and recipient.
    ///
    /// # Errors
    /// `kmc.no-key`, `kmc.key-state`, `kmc.not-theirs`, `kmc.serial-bound`, `kmc.recipient-escrowed`, `kmc.twice`,
    /// `kmc.altered`. Then nothing was bound, and the attempt is on record.
    pub fn bind(&self, now: Instant, binds: &[Bind]) -> Result<()> {
        unique(binds.iter().map(|bind| ("serial number", bind.serial.to_string())))?;
        unique(binds.iter().map(|bind| ("key", bind.key.to_string())))?;
        let bound = self.vault.write(now, |w| -> Result<()> {
            let mut changes = Vec::new();
            for bind in binds {
                changes.extend(binding(w, bind)?);
            }
            if changes.is_empty() {
                return Ok(());
            }
            let at = w.now().unix_seconds();
            let mut event = w.event(EscrowEvent::Bind, None, &batch(changes.len()));
            for (bind, changed) in changes {
                if let Some(row) = changed {
                    event.change_key(&EscrowRow { changed_at: at, ..row })?;
                }
                let (serial, request) = (bind.serial.clone(), bind.request.clone());
                event.put_binding(&BindingRow { serial, key: bind.key, request, at })?;
            }
            event.close()?;
            Ok(())
        });
        let object = binds.first().map(|bind| bind.key.to_string());
        self.on_record(now, "bind", None, object.as_deref().unwrap_or("-"), bound)?;
        fault!("f4");
        Ok(())
    }

    /// Puts keys out of use: another key took their place, their certificates were revoked, or their requests came to
    /// nothing. They stay recoverable. Keys that are out of use already stay so.
    ///
    /// # Errors
    /// `kmc.no-key`; `kmc.key-state` for a key in the pool.
    pub fn retire(&self, now: Instant, by: Option<&OperatorId>, keys: &[EscrowId], reason: &str) -> Result<()> {
        unique(keys.iter().map(|key| ("key", key.to_string())))?;
        self.vault.write(now, |w| {
            let at = w.now().unix_seconds();
            let mut rows = Vec::new();
            for key in keys {
                let row = w.reader().escrow(key)?.ok_or_else(|| no_key(&key.to_string()))?;
                match row.status {
                    EscrowStatus::History => {}
                    status if status.may_become(EscrowStatus::History) => rows.push(row),
                    status => return Err(ErrorKind::KeyState { key: *key, status }.into()),
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
            let mut event = w.event(EscrowEvent::Retire, by, &batch(rows.len()));
            event.field("reason", reason);
            for row in rows {
                event.change_key(&EscrowRow { status: EscrowStatus::History, changed_at: at, ..row })?;
            }
            event.close()?;
            Ok(())
        })
    }

    /// Lets a refusal leave a leaf in the ledger: an attempt at a key is worth knowing about.
    pub(crate) fn on_record<T>(
        &self,
        now: Instant,
        verb: &str,
        actor: Option<&OperatorId>,
        object: &str,
        result: Result<T>,
    ) -> Result<T> {
        let Err(e) = &result else { return result };
        if matches!(e.kind(), ErrorKind::Store(_) | ErrorKind::Entropy(_) | ErrorKind::NoAgent { .. }) {
            return result;
        }
        let code = e.kind().code();
        self.vault.write(now, |w| -> Result<()> {
            let mut event = w.event(EscrowEvent::Denied, actor, object);
            event.field("verb", verb);
            event.field("code", code);
            event.close()?;
            Ok(())
        })?;
        result
    }
}

impl Unlocked<'_> {
    /// Generates keys ahead, in transactions of 1000; returns how many there are now.
    ///
    /// # Errors
    /// `x509.entropy`, `entropy.failed`; `kmc.agent…`; `store.…`. What was committed stays.
    pub fn fill(&self, now: Instant, by: Option<&OperatorId>, count: usize) -> Result<u64> {
        let mut left = count;
        while left > 0 {
            let keys = self.custody.generate(now, left.min(BATCH))?;
            left = left.saturating_sub(keys.len().max(1));
            self.kmc.vault.write(now, |w| -> Result<()> {
                let at = w.now().unix_seconds();
                let mut event = w.event(EscrowEvent::Fill, by, &batch(keys.len()));
                for key in keys {
                    event.put_key(&new_row(&self.kmc.kek.id, key, at))?;
                }
                event.close()?;
                Ok(())
            })?;
        }
        Ok(self.kmc.vault.read(|r| r.escrow_count(EscrowStatus::Pooled))?)
    }

    /// As [`Kmc::reserve`], generating what is missing in the pool.
    ///
    /// # Errors
    /// As [`Kmc::reserve`] and [`Unlocked::fill`].
    pub fn reserve(&self, now: Instant, requests: &[RequestId]) -> Result<Vec<EncKey>> {
        // Another process may take keys between filling and reserving.
        for _ in 0..TRIES {
            match self.kmc.reserve(now, requests) {
                Err(e) => match e.kind() {
                    ErrorKind::PoolEmpty { missing } => self.fill(now, None, *missing)?,
                    _ => return Err(e),
                },
                done => return done,
            };
        }
        self.kmc.reserve(now, requests)
    }

    /// Puts keys into envelopes for the recipients they are bound to. It may be asked for again; a key that is out of
    /// use goes through a recovery.
    ///
    /// The envelopes are not kept. On the way out the private key is opened and its d·G compared with the public key in
    /// the vault, so that delivering before signing keeps a key that cannot be delivered out of every certificate.
    ///
    /// # Errors
    /// `kmc.no-key`, `kmc.key-state`, `kmc.not-theirs` for another recipient, `kmc.altered`; `kmc.agent…`. Then nothing
    /// was delivered, and the attempt is on record.
    pub fn deliver(&self, now: Instant, deliveries: &[(EscrowId, PublicKey)]) -> Result<Vec<Vec<u8>>> {
        let object = deliveries.first().map(|(key, _)| key.to_string());
        let envelopes = self.envelopes(deliveries);
        let envelopes = self.kmc.on_record(now, "deliver", None, object.as_deref().unwrap_or("-"), envelopes)?;
        if !deliveries.is_empty() {
            self.kmc.vault.write(now, |w| -> Result<()> {
                let mut event = w.event(EscrowEvent::Deliver, None, &batch(deliveries.len()));
                for (key, to) in deliveries {
                    event.field(&key.to_string(), &to.spki_digest().to_string());
                }
                event.close()?;
                Ok(())
            })?;
        }
        Ok(envelopes)
    }

    fn envelopes(&self, deliveries: &[(EscrowId, PublicKey)]) -> Result<Vec<Vec<u8>>> {
        let keys = self.kmc.vault.read(|r| -> Result<Vec<_>> {
            let of = |(key, to): &(EscrowId, PublicKey)| {
                let row = r.escrow(key)?.ok_or_else(|| no_key(&key.to_string()))?;
                if row.status != EscrowStatus::Escrowed {
                    return Err(ErrorKind::KeyState { key: *key, status: row.status }.into());
                }
                if row.recipient.as_deref() != Some(&to.point()[..]) {
                    return Err(ErrorKind::NotTheirs { key: *key, what: "recipient" }.into());
                }
                Ok((wrapped(row)?, to.clone()))
            };
            deliveries.iter().map(of).collect()
        })?;
        self.custody.envelope(&keys)
    }
}

/// How often reserving is tried when other processes empty the pool.
const TRIES: usize = 4;

fn check_founding(founding: &Founding) -> Result<()> {
    let bad = |what: &str| Err(ErrorKind::Founding { what: what.to_owned() }.into());
    if !founding.custodians.iter().chain([&founding.name]).all(|name| is_name(name)) {
        return bad("a name is empty, too long, or cannot be printed on one line");
    }
    if founding.custodians.iter().collect::<BTreeSet<_>>().len() != founding.custodians.len() {
        return bad("a custodian is named twice");
    }
    let officers = &founding.officers;
    if officers.iter().map(|o| &o.id).collect::<BTreeSet<_>>().len() != officers.len() {
        return bad("an officer is named twice");
    }
    if officers.iter().map(|o| o.key.point()).collect::<BTreeSet<_>>().len() != officers.len() {
        return bad("two officers have the same key");
    }
    if founding.caps.user == 0 {
        return bad("no user recovery would be possible on any day");
    }
    check_parts(officers.iter().map(|o| o.part))
}

/// Whether these officers can carry out recoveries: user recoveries always, judicial ones wholly or not at all.
pub(crate) fn check_parts(parts: impl Iterator<Item = RecoveryPart>) -> Result<()> {
    let (mut recovery, mut judicial, mut supervisors) = (0, 0, 0);
    for part in parts {
        match part {
            RecoveryPart::Recovery => recovery += 1,
            RecoveryPart::Judicial => judicial += 1,
            RecoveryPart::Supervisor => supervisors += 1,
        }
    }
    let bad = |what: &str| Err(ErrorKind::Founding { what: what.to_owned() }.into());
    if recovery < 2 {
        return bad("there must be two recovery officers");
    }
    if (judicial, supervisors) != (0, 0) && (judicial < 2 || supervisors < 1) {
        return bad("judicial recoveries need two judicial officers and a supervisor");
    }
    Ok(())
}

/// What a binding changes: nothing when it stands already, else the binding, and the key's row when it becomes
/// somebody's.
fn binding<'b>(w: &VaultWrite<'_, '_>, bind: &'b Bind) -> Result<Option<(&'b Bind, Option<EscrowRow>)>> {
    let r = w.reader();
    let row = r.escrow(&bind.key)?.ok_or_else(|| no_key(&bind.key.to_string()))?;
    public(&row)?;
    let others = |what| Error::from(ErrorKind::NotTheirs { key: bind.key, what });
    if r.escrow_of_spki(&bind.recipient.spki_digest())?.is_some() {
        return Err(ErrorKind::RecipientEscrowed.into());
    }
    let bound = r.binding(&bind.serial)?;
    if let Some(bound) = bound.as_ref().filter(|bound| bound.key != bind.key) {
        return Err(ErrorKind::SerialBound { key: bound.key }.into());
    }
    match row.status {
        EscrowStatus::Reserved if row.request.as_ref() != Some(&bind.request) => Err(others("request")),
        EscrowStatus::Reserved => {
            let row = EscrowRow {
                status: EscrowStatus::Escrowed,
                holder: Some(bind.holder),
                recipient: Some(bind.recipient.point().to_vec()),
                ..row
            };
            Ok(Some((bind, Some(row))))
        }
        EscrowStatus::Escrowed if row.holder != Some(bind.holder) => Err(others("holder")),
        EscrowStatus::Escrowed if row.recipient.as_deref() != Some(&bind.recipient.point()[..]) => {
            Err(others("recipient"))
        }
        EscrowStatus::Escrowed => match bound {
            Some(bound) if bound.request == bind.request => Ok(None),
            Some(_) => Err(others("request")),
            None => Ok(Some((bind, None))),
        },
        status => Err(ErrorKind::KeyState { key: bind.key, status }.into()),
    }
}

fn new_row(kek: &str, key: WrappedKey, at: i64) -> EscrowRow {
    EscrowRow {
        id: key.id,
        spki: key.public.spki_digest(),
        point: key.public.point().to_vec(),
        kek: kek.to_owned(),
        sealed: key.sealed,
        made_at: at,
        status: EscrowStatus::Pooled,
        request: None,
        holder: None,
        recipient: None,
        changed_at: at,
    }
}

/// The public half of a row, when its columns agree.
pub(crate) fn public(row: &EscrowRow) -> Result<PublicKey> {
    let altered = || Error::from(ErrorKind::Altered { what: format!("the public half of escrowed key {}", row.id) });
    let public = PublicKey::from_point(&row.point).map_err(|_| altered())?;
    if public.spki_digest() == row.spki { Ok(public) } else { Err(altered()) }
}

pub(crate) fn wrapped(row: EscrowRow) -> Result<WrappedKey> {
    Ok(WrappedKey { id: row.id, public: public(&row)?, sealed: row.sealed })
}

fn record(r: &VaultReader<'_>, row: EscrowRow) -> Result<KeyRecord> {
    let serials = r.bindings(&row.id)?.into_iter().map(|binding| binding.serial).collect();
    Ok(KeyRecord {
        id: row.id,
        public: public(&row)?,
        status: row.status,
        request: row.request,
        holder: row.holder,
        serials,
        made_at: row.made_at,
    })
}

pub(crate) fn officer_row(officer: &Officer, status: OperatorStatus) -> OfficerRow {
    let point = officer.key.point().to_vec();
    OfficerRow { id: officer.id.clone(), part: officer.part, point, status, mac: Digest([0; 32]) }
}

/// What the MAC of an officer's row covers. No id holds a blank.
pub(crate) fn officer_text(row: &OfficerRow) -> String {
    format!("officer {} {} {} {}", row.id, row.part, hufu_model::ident::hex(&row.point), row.status)
}

pub(crate) fn no_key(what: &str) -> Error {
    ErrorKind::NoKey { what: what.to_owned() }.into()
}

/// The object of an event about several keys.
fn batch(count: usize) -> String {
    format!("batch-of-{count}")
}

fn unique(names: impl Iterator<Item = (&'static str, String)>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (what, name) in names {
        if seen.contains(&name) {
            return Err(ErrorKind::Twice { what: format!("{what} {name}") }.into());
        }
        seen.insert(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
