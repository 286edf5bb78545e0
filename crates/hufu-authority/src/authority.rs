//! The authority: one open home and everything its verbs need.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hufu_issuer::Issuer;
use hufu_model::entropy::Entropy;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId};
use hufu_model::time::{Clock, Instant};
use hufu_store::{Mode, Reader, Store, Write};
use hufu_x509::certificate::Certificate;
use hufu_x509::key::{Passphrase, SecretKey};
use hufu_x509::record::RequestRecord;
use hufu_x509::seal::SealKey;
use hufu_x509::sign::Signer;
use hufu_x509::signed_data;
use hufu_x509::tbs::Urls;

use crate::ca::IssuingCa;
use crate::edge::{SystemClock, SystemEntropy};
use crate::error::{Class, Error, ErrorKind, Result};
use crate::home::{self, Home};
use crate::key_centre::KeyCentre;
use crate::{clock, policy};

/// How many refused attempts of one person are told one by one within an hour.
const DENIALS: u64 = 100;

/// How many events of that hour then tell how many there were.
const DENIAL_COUNTS: u64 = 20;

/// One open home. Each verb of the product is one method, in a file of its own.
///
/// An `Authority` may be shared between threads: one writes at a time, readers run beside it.
pub struct Authority {
    pub(crate) home: Home,
    store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) seal: Option<SealKey>,
    pub(crate) identity: Identity,
    /// Held while a checkpoint is made; inside, the size the anchor is known to have seen.
    pub(crate) anchored: Mutex<Option<u64>>,
}

/// What does not change while a home is open.
pub struct Identity {
    /// The CA's name.
    pub name: String,
    /// The root certificate.
    pub root: Certificate,
    /// The certificate of the issuing CA that the founding made. [`Authority::cas`] has all of them.
    pub issuing: Certificate,
    /// The certificate of the key that signs checkpoints.
    pub ledger: Certificate,
    /// SM3 of the founding CA's SubjectPublicKeyInfo: the name of this authority in what administrators sign.
    pub ca: Digest,
    /// Where CRL, OCSP and CA certificates are published.
    pub urls: Urls,
    /// The instance octet of the founding CA's serial numbers.
    pub instance: u8,
    /// Whether the home was founded on a simulated clock: a TEST, as its root says, too.
    pub simulated: bool,
}

/// An operator who proved to hold the key of their certificate. It has no `Debug` and no `Clone`.
pub struct Session {
    operator: OperatorId,
    certificate: Certificate,
    key: SecretKey,
}

impl Session {
    /// The operator.
    #[must_use]
    pub fn operator(&self) -> &OperatorId {
        &self.operator
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// The CA's keys, unlocked and fenced: only the latest one may write. It holds every issuing CA whose key file is in its
/// place; what each may sign is asked in the database.
pub struct CaSigner {
    issuers: HashMap<Digest, Issuer>,
    pub(crate) ledger_key: SecretKey,
    pub(crate) epoch: u64,
    /// Where encryption keys come from. Without it no pair is issued.
    pub(crate) key_centre: Option<KeyCentre>,
}

impl CaSigner {
    pub(crate) fn new(issuers: Vec<Issuer>, ledger_key: SecretKey, epoch: u64) -> Self {
        let issuers = issuers.into_iter().map(|issuer| (issuer.ca(), issuer)).collect();
        Self { issuers, ledger_key, epoch, key_centre: None }
    }

    /// The issuer for a CA on record.
    pub(crate) fn issuer(&self, ca: &IssuingCa) -> Result<&Issuer> {
        self.issuers.get(&ca.ca).ok_or_else(|| ErrorKind::CaNotLoaded(ca.name.clone()).into())
    }

    /// The issuer for the CA that a signed record names.
    pub(crate) fn issuer_for(&self, record: &[u8]) -> Result<&Issuer> {
        let ca = RequestRecord::from_der(record)?.ca;
        self.issuers.get(&ca).ok_or_else(|| crate::document::fault("request", "it is for another issuing CA"))
    }

    /// Gives the signer the key centre that it takes encryption keys from. Without one it issues single certificates.
    pub fn set_key_centre(&mut self, key_centre: KeyCentre) {
        self.key_centre = Some(key_centre);
    }
}

impl Authority {
    /// Opens the home at `path` with the machine's clock and random generator.
    ///
    /// # Errors
    /// [`ErrorKind::NoHome`], settings and database errors.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Mode::ReadWrite, Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// Opens the home at `path` for looking only; it works beside a writer and on a read-only disk. A home whose time is
    /// simulated is seen as of its last event.
    ///
    /// # Errors
    /// As [`Authority::open`].
    pub fn open_read_only(path: &Path) -> Result<Self> {
        Self::open_with(path, Mode::ReadOnly, Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// Opens a home with a clock and a random source of the caller's.
    ///
    /// # Errors
    /// As [`Authority::open`]; [`ErrorKind::SimulatedHome`] and [`ErrorKind::RealHome`] when it is to be written in and the
    /// home was founded on a clock of the other kind.
    pub fn open_with(path: &Path, mode: Mode, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self> {
        Self::open_home(Home::open(path)?, mode, clock, entropy)
    }

    /// Opens a home whose settings are known.
    pub(crate) fn open_home(home: Home, mode: Mode, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self> {
        let store = Store::open(&home.database(), mode)?;
        let (identity, clock) = store.read(|r| {
            let identity = Identity::load(r)?;
            let clock = clock::of_home(r, identity.simulated, mode, clock)?;
            Ok::<_, Error>((identity, clock))
        })?;
        if !clock.simulated() {
            store.watch_clock();
        }
        Ok(Self { home, store, clock, entropy, seal: None, identity, anchored: Mutex::new(None) })
    }

    /// The home.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The facts of this CA.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Unlocks the data key, which encrypts personal fields and finds holders again.
    ///
    /// # Errors
    /// `x509.wrong-passphrase`; file errors.
    pub fn unlock(&mut self, passphrase: &Passphrase) -> Result<()> {
        let path = self.home.key("data");
        let key = SealKey::unwrap(&home::read(&path)?, passphrase)?;
        self.seal = Some(key);
        Ok(())
    }

    /// Starts to act as `operator`, who proves it with the key of the certificate on record.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownOperator`], [`ErrorKind::WrongKey`], [`ErrorKind::OperatorExpired`].
    pub fn act_as(&self, operator: &OperatorId, key: SecretKey) -> Result<Session> {
        let certificate = self.read(|r| {
            let found = r.operator(operator)?.ok_or_else(|| ErrorKind::UnknownOperator(operator.clone()))?;
            let der = r.certificate_der(&found.certificate)?;
            let der = der.ok_or_else(|| ErrorKind::UnknownCertificate(found.certificate.clone()))?;
            Ok(Certificate::from_der(&der)?)
        })?;
        if certificate.public_key()? != *key.public_key() {
            return Err(ErrorKind::WrongKey(operator.clone()).into());
        }
        let session = Session { operator: operator.clone(), certificate, key };
        let now = self.clock.now();
        self.read(|r| policy::acting(r, &session, now).map(|_| ()))?;
        Ok(session)
    }

    /// Unlocks the CA's keys for issuing. Any signer started earlier is fenced off by this one.
    ///
    /// # Errors
    /// [`ErrorKind::NoRole`] unless the operator may issue; `x509.wrong-passphrase`; [`ErrorKind::BehindAnchor`] and
    /// [`ErrorKind::AnchorDiffers`] when the home is older than what was already signed.
    pub fn start_signer(
        &self,
        session: &Session,
        passphrase: &Passphrase,
        after: hufu_issuer::AfterSigning,
    ) -> Result<CaSigner> {
        let now = self.clock.now();
        let act = EventKind::SignerStart.code();
        self.read_as(session, act, |r| policy::may_issue(&policy::acting(r, session, now)?))?;
        let key = |name: &str| self.key_file(session, EventKind::SignerStart, &self.home.key(name), passphrase);
        let id = &self.identity;
        let (cas, profiles) = self.read(|r| Ok((id.cas(r)?, r.profiles()?)))?;
        cas.iter().try_for_each(|ca| self.settle_key(ca).map(drop))?;
        // A CA that signs no certificates any more may have its key elsewhere.
        let needed = |ca: &&IssuingCa| ca.status.signs_certificates() || self.home.key(&ca.key).exists();
        let issuing_keys = cas.iter().filter(needed).map(|ca| Ok((ca, key(&ca.key)?))).collect::<Result<Vec<_>>>()?;
        let ledger_key = key("ledger")?;
        if id.ledger.public_key()? != *ledger_key.public_key() {
            return Err(ErrorKind::Document {
                what: "ledger key",
                fault: "it is not the one of its certificate".to_owned(),
            }
            .into());
        }
        self.check_anchor()?;
        let mut issuers = Vec::with_capacity(issuing_keys.len());
        for (ca, key) in issuing_keys {
            let (certificate, urls) = (ca.certificate.clone(), id.urls.clone());
            issuers.push(Issuer::new(certificate, Box::new(key), urls, ca.instance, after)?);
        }
        for row in profiles {
            let profile = hufu_data::profile_from_toml(&row.source)
                .map_err(|e| ErrorKind::Document { what: "profile", fault: e.to_string() })?;
            if profile.class == hufu_model::profile::ProfileClass::EndEntity {
                for issuer in &mut issuers {
                    issuer.add_profile(row.digest, profile.clone())?;
                }
            }
        }
        let epoch = self.store.start_signer(self.clock.now(), session.operator())?;
        Ok(CaSigner::new(issuers, ledger_key, epoch))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        self.store.read(f)
    }

    /// One snapshot, read for an act of the session's operator; a refusal for want of a right is recorded.
    pub(crate) fn read_as<T>(
        &self,
        session: &Session,
        act: &str,
        f: impl FnOnce(&Reader<'_>) -> Result<T>,
    ) -> Result<T> {
        let result = self.store.read(f);
        if let Err(e) = &result {
            self.record_denials(session, act, [e])?;
        }
        result
    }

    /// One transaction. When it is refused for want of a right, a second one records the attempt.
    pub(crate) fn write<T>(
        &self,
        session: &Session,
        act: &str,
        f: impl FnOnce(&mut Write<'_>) -> Result<T>,
    ) -> Result<T> {
        let result = self.store.write_by(&*self.clock, f);
        if let Err(e) = &result {
            self.record_denials(session, act, [e])?;
        }
        result
    }

    /// Records those of `errors` that were a want of right: attempts are audited, too. Within an hour, the first
    /// [`DENIALS`] of a person are one event each; of what comes after them only the number is told, and that in
    /// [`DENIAL_COUNTS`] events at most, so that nobody fills the ledger with refusals.
    pub(crate) fn record_denials<'e>(
        &self,
        session: &Session,
        act: &str,
        errors: impl IntoIterator<Item = &'e Error>,
    ) -> Result<()> {
        let denied: Vec<&Error> = errors.into_iter().filter(|e| e.kind().class() == Class::NotPermitted).collect();
        if denied.is_empty() {
            return Ok(());
        }
        self.store.write_by(&*self.clock, |w| {
            let known = w.reader().denied_since(session.operator(), w.now().plus_seconds(-3600))?;
            let room = usize::try_from(DENIALS.saturating_sub(known)).unwrap_or(usize::MAX);
            let (told, counted) = denied.split_at(room.min(denied.len()));
            for e in told {
                let mut event = w.event(EventKind::Denied, Some(session.operator()), act);
                event.field("code", e.code());
                event.field("text", &e.to_string());
                event.close()?;
            }
            if !counted.is_empty() && known < DENIALS + DENIAL_COUNTS {
                let mut event = w.event(EventKind::Denied, Some(session.operator()), act);
                event.field("more", &counted.len().to_string());
                event.close()?;
            }
            Ok(())
        })
    }

    /// Signs `content` as the session's operator: GM/T 0010 SignedData without authenticated attributes.
    pub(crate) fn sign_as(&self, session: &Session, content: &[u8]) -> Result<Vec<u8>> {
        self.sign_bringing(session, content, &[])
    }

    /// As [`Authority::sign_as`]; the message brings the certificates of `chain` along.
    pub(crate) fn sign_bringing(&self, session: &Session, content: &[u8], chain: &[&Certificate]) -> Result<Vec<u8>> {
        let signer: &dyn Signer = &session.key;
        Ok(signed_data::sign_with(content, &session.certificate, chain, signer, self.entropy.array()?)?)
    }

    pub(crate) fn seal(&self) -> Result<&SealKey> {
        self.seal.as_ref().ok_or_else(|| ErrorKind::Locked.into())
    }

    /// The present instant, by the clock this authority was opened with.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Identity {
    pub(crate) fn load(r: &Reader<'_>) -> Result<Self> {
        let meta = |key: &str| -> Result<String> {
            r.meta(key)?.ok_or_else(|| {
                ErrorKind::Document { what: "home", fault: format!("the entry {key:?} is missing") }.into()
            })
        };
        let mut certificates = r.authority_certificates()?;
        let mut take = |role: &str| -> Result<Certificate> {
            let at = certificates.iter().rposition(|c| c.role == role).ok_or_else(|| ErrorKind::Document {
                what: "home",
                fault: format!("the {role} certificate is missing"),
            })?;
            Ok(Certificate::from_der(&certificates.swap_remove(at).der)?)
        };
        let (root, issuing, ledger) = (take("root")?, take("issuing")?, take("ledger")?);
        let ca = issuing.public_key()?.spki_digest();
        // A home of the first release has no shards.
        let shards = r.meta("crl-shards")?.and_then(|n| n.parse().ok()).unwrap_or(0);
        let urls = crate::init::urls(&meta("base-http")?, r.meta("base-ldap")?.as_deref(), shards);
        let instance = meta("instance")?.parse().unwrap_or(1);
        let simulated = r.meta(clock::ENTRY)?.as_deref() == Some(clock::SIMULATED);
        Ok(Self { name: meta("name")?, root, issuing, ledger, ca, urls, instance, simulated })
    }
}
