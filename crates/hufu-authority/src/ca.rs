//! The issuing CAs of a home: the founding one, and the verbs that make others, let one take the place of another and
//! end one.
//!
//! # How a CA is made
//! Its certificate is signed by the root, so this takes two super-administrators and the root's key. The first one
//! proposes: the key is made, and the exact bytes of the certificate are fixed by what they sign. The second one
//! countersigns where the root's key is: it signs these bytes, and the certificate, the event and what becomes of the CA
//! before are stored in one transaction.
//!
//! | killed | on disk | what happens next |
//! |---|---|---|
//! | after the key was written (ca-key) | a key that nothing names, `keys/ca-N-….new` | the next proposal removes it |
//! | after the proposal commits (ca-proposed) | the key, and the proposal that pins it | it is countersigned or refused |
//! | after the root signed (ca-signed) | as above: the unsaved certificate never left the process | it is countersigned again |
//! | after the CA commits (ca-stored) | the CA; its key still under the proposal's name | the next signer gives it its name |
//! | after the key has its name (ca-named) | everything | |

use std::fs;
use std::path::{Path, PathBuf};

use hufu_issuer::ceremony::{self, CeremonyInput};
use hufu_issuer::issuer::new_serial;
use hufu_model::ca::CaStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::{CaId, Digest, Serial, hex, unhex};
use hufu_model::operator::Role;
use hufu_model::profile::NameAttribute;
use hufu_model::request::RequestStatus;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{IssuingCaRow, Reader, RequestFilter};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::{Passphrase, PublicKey, SecretKey};
use hufu_x509::name::Name;
use hufu_x509::pkcs8;
use hufu_x509::record::{Act, RequestRecord};

use crate::authority::{Authority, Identity, Session};
use crate::change::{self, Change, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::{document, home, policy};

/// The profile of issuing CAs' certificates.
const CA_PROFILE: &str = "issuing-ca";

/// The name of the CA that the founding made.
pub const FOUNDING_CA: &str = "issuing";

/// One issuing CA of a home.
#[derive(Debug, Clone)]
pub struct IssuingCa {
    /// The first octet of the serial numbers of its certificates, 1 to 127: they are one range.
    pub instance: u8,
    /// Its name within the home.
    pub name: CaId,
    /// What it is good for.
    pub status: CaStatus,
    /// Why the root revoked its certificate.
    pub reason: Option<RevocationReason>,
    /// Since when the status holds, in seconds since the Unix epoch; the founding CA is current from the beginning.
    pub since: i64,
    /// Its certificate.
    pub certificate: Certificate,
    /// SM3 of its SubjectPublicKeyInfo, by which signed records name it.
    pub ca: Digest,
    /// The name of its key file, for [`crate::Home::key`].
    pub key: String,
}

impl IssuingCa {
    fn of_row(row: &IssuingCaRow, certificate: Certificate, founding: bool) -> Result<Self> {
        Ok(Self {
            instance: row.instance,
            name: row.name.clone(),
            status: row.status,
            reason: row.reason,
            since: row.at,
            ca: certificate.public_key()?.spki_digest(),
            certificate,
            key: if founding { FOUNDING_CA.to_owned() } else { key_name(row.instance) },
        })
    }

    /// Its row, with another status.
    pub(crate) fn row(&self, status: CaStatus, reason: Option<RevocationReason>, at: i64) -> IssuingCaRow {
        let (instance, name, der) = (self.instance, self.name.clone(), self.certificate.der().to_vec());
        IssuingCaRow { instance, name, der, status, reason, at }
    }
}

/// The name of the key file of a further CA.
pub(crate) fn key_name(instance: u8) -> String {
    format!("ca-{instance}")
}

/// Every issuing CA of a home, as one snapshot of its database has them, by instance.
#[derive(Debug, Clone)]
pub struct IssuingCas(Vec<IssuingCa>);

impl IssuingCas {
    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, IssuingCa> {
        self.0.iter()
    }

    /// The one that takes requests that name none.
    ///
    /// # Errors
    /// [`ErrorKind::NoCurrentCa`] after the current one was revoked and before another one took its place.
    pub fn current(&self) -> Result<&IssuingCa> {
        self.iter().find(|ca| ca.status == CaStatus::Current).ok_or_else(|| ErrorKind::NoCurrentCa.into())
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCa`].
    pub fn named(&self, name: &CaId) -> Result<&IssuingCa> {
        self.iter().find(|ca| ca.name == *name).ok_or_else(|| ErrorKind::UnknownCa(name.to_string()).into())
    }

    /// The one that signed records name by this digest.
    #[must_use]
    pub fn by_digest(&self, ca: &Digest) -> Option<&IssuingCa> {
        self.iter().find(|known| known.ca == *ca)
    }

    /// The one whose certificates have serial numbers like this one.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`] for a serial number that none of them gives.
    pub fn of_serial(&self, serial: &Serial) -> Result<&IssuingCa> {
        let instance = serial.as_bytes().first();
        let found = self.iter().find(|ca| Some(&ca.instance) == instance);
        found.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()).into())
    }
}

impl<'a> IntoIterator for &'a IssuingCas {
    type Item = &'a IssuingCa;
    type IntoIter = std::slice::Iter<'a, IssuingCa>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Identity {
    /// The issuing CAs in this snapshot. The root's signature on each is verified: a row is not yet a certificate.
    pub(crate) fn cas(&self, r: &Reader<'_>) -> Result<IssuingCas> {
        let rows = r.issuing_cas()?;
        let root = self.root.public_key()?;
        let mut cas = Vec::with_capacity(rows.len() + 1);
        if rows.iter().all(|row| row.instance != self.instance) {
            let at = self.issuing.validity().not_before();
            let (instance, name, der) = (self.instance, FOUNDING_CA.parse()?, self.issuing.der().to_vec());
            let row = IssuingCaRow { instance, name, der, status: CaStatus::Current, reason: None, at };
            cas.push(IssuingCa::of_row(&row, self.issuing.clone(), true)?);
        }
        for row in &rows {
            let founding = row.instance == self.instance;
            let certificate = Certificate::from_der(&row.der)?;
            if founding && certificate.der() != self.issuing.der() {
                return Err(document::fault("home", "the founding CA's certificate was exchanged"));
            }
            if certificate.verify_signed_by(&root).is_err() {
                return Err(document::fault("home", &format!("the root did not sign the issuing CA {}", row.name)));
            }
            cas.push(IssuingCa::of_row(row, certificate, founding)?);
        }
        cas.sort_by_key(|ca| ca.instance);
        Ok(IssuingCas(cas))
    }

    /// The certificate of the issuing CA whose certificates have serial numbers like this one.
    pub(crate) fn issuer_of(&self, r: &Reader<'_>, serial: &Serial) -> Result<Certificate> {
        if serial.as_bytes().first() == Some(&self.instance) {
            return Ok(self.issuing.clone());
        }
        Ok(self.cas(r)?.of_serial(serial)?.certificate.clone())
    }
}

impl Authority {
    /// The issuing CAs of this home as they stand now.
    ///
    /// # Errors
    /// Database errors; a CA that the root did not sign.
    pub fn cas(&self) -> Result<IssuingCas> {
        self.read(|r| self.identity.cas(r))
    }

    /// How many approved requests wait for a certificate of this CA: once it is retired they get none.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCa`]; database errors.
    pub fn ca_waiting(&self, name: &CaId) -> Result<u64> {
        self.read(|r| {
            let ca = self.identity.cas(r)?.named(name)?.ca;
            let mut waiting = 0;
            for status in [RequestStatus::Approved, RequestStatus::Signing] {
                for row in r.requests(&RequestFilter { status: Some(status), ..RequestFilter::default() })? {
                    let body = r.request_body(&row.id)?.filter(|_| row.action.makes_certificate());
                    let record = body.map(|body| RequestRecord::from_der(&body.record)).transpose()?;
                    waiting += u64::from(record.is_some_and(|record| record.ca == ca));
                }
            }
            Ok(waiting)
        })
    }
}

/// An issuing CA that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaWish {
    /// Its name within the home.
    pub name: CaId,
    /// The common name in its certificate; made of the authority's name and its own when not given.
    pub common_name: Option<String>,
    /// The validity of its certificate in days; when not given, that of the profile, or what is left of the root's.
    pub days: Option<u32>,
    /// Whether it takes the place of the current one (换代): otherwise it stands beside it.
    pub current: bool,
}

/// An issuing CA as it is proposed: everything its certificate is made of, and the digest of the bytes that will be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCa {
    /// Its name within the home.
    pub name: CaId,
    /// The first octet of the serial numbers of its certificates.
    pub instance: u8,
    /// Whether it becomes the current one.
    pub current: bool,
    /// The common name in its certificate.
    pub common_name: String,
    /// Its key.
    pub key: PublicKey,
    /// The serial number of its certificate.
    pub serial: Serial,
    /// The first second of its certificate's validity.
    pub from: i64,
    /// The length of that in days.
    pub days: u32,
    /// SM3 of its TBSCertificate.
    pub tbs: Digest,
}

impl NewCa {
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let pair = |k: &str, v: String| (k.to_owned(), v);
        vec![
            pair("instance", self.instance.to_string()),
            pair("becomes", if self.current { CaStatus::Current } else { CaStatus::Standby }.to_string()),
            pair("common-name", self.common_name.clone()),
            pair("key", hex(self.key.point())),
            pair("serial", self.serial.to_string()),
            pair("from", self.from.to_string()),
            pair("days", self.days.to_string()),
            pair("tbs", self.tbs.to_string()),
        ]
    }

    pub(crate) fn from_fields<'a>(name: CaId, field: impl Fn(&str) -> Result<&'a str>) -> Result<Self> {
        let bad = |what: &str| document::fault("act", &format!("the field {what} is malformed"));
        let status: CaStatus = field("becomes")?.parse()?;
        Ok(Self {
            name,
            instance: field("instance")?.parse().map_err(|_| bad("instance"))?,
            current: status == CaStatus::Current,
            common_name: field("common-name")?.to_owned(),
            key: PublicKey::from_point(&unhex(field("key")?).ok_or_else(|| bad("key"))?)?,
            serial: field("serial")?.parse()?,
            from: field("from")?.parse().map_err(|_| bad("from"))?,
            days: field("days")?.parse().map_err(|_| bad("days"))?,
            tbs: field("tbs")?.parse()?,
        })
    }

    fn subject(&self, identity: &Identity) -> Result<Name> {
        Ok(Name::new(vec![
            (NameAttribute::Country, "CN".to_owned()),
            (NameAttribute::Organisation, identity.name.clone()),
            (NameAttribute::CommonName, self.common_name.clone()),
        ])?)
    }

    /// The TBSCertificate that these facts lead to.
    fn draft(&self, identity: &Identity) -> Result<Vec<u8>> {
        let profile = crate::init::shipped(CA_PROFILE)?;
        let subject = self.subject(identity)?;
        let input = CeremonyInput {
            profile: &profile,
            subject: &subject,
            subject_key: &self.key,
            from: Instant::from_unix_seconds(self.from),
            days: self.days,
            urls: &identity.urls,
            instance: identity.instance,
        };
        Ok(ceremony::draft(&input, &self.serial, &identity.root)?)
    }

    /// Checks against the present state and gives the rows that the certificate `made` leads to; none while it is only
    /// proposed.
    pub(crate) fn plan(
        &self,
        r: &Reader<'_>,
        identity: &Identity,
        now: Instant,
        made: Option<Certificate>,
    ) -> Result<Vec<IssuingCaRow>> {
        let cas = identity.cas(r)?;
        if sm3(&self.draft(identity)?) != self.tbs {
            return Err(document::fault("act", "its bytes to sign are not those that its other fields lead to"));
        }
        // A name of its own: whoever looks for the issuer of a CRL by its name finds one.
        let subject = self.subject(identity)?.to_der();
        if cas.iter().any(|ca| ca.certificate.subject_der() == subject) {
            return Err(ErrorKind::CaExists(self.common_name.clone()).into());
        }
        if let Some(ca) = cas.iter().find(|ca| ca.name == self.name) {
            return Err(ErrorKind::CaExists(ca.name.to_string()).into());
        }
        if cas.iter().any(|ca| ca.instance == self.instance) {
            return Err(ErrorKind::CaExists(self.instance.to_string()).into());
        }
        let Some(certificate) = made else {
            let open = r
                .proposals(true)?
                .into_iter()
                .find(|p| p.kind == EventKind::CaAdd.code() && p.expires >= now.unix_seconds());
            return open.map_or(Ok(Vec::new()), |p| Err(ErrorKind::CaPending(p.object).into()));
        };
        let at = now.unix_seconds();
        let (status, mut rows) = match (self.current, cas.current()) {
            (true, Ok(before)) => (CaStatus::Current, vec![before.row(CaStatus::Closing, None, at)]),
            (true, Err(_)) => (CaStatus::Current, Vec::new()),
            (false, _) => (CaStatus::Standby, Vec::new()),
        };
        let (name, der) = (self.name.clone(), certificate.der().to_vec());
        rows.push(IssuingCaRow { instance: self.instance, name, der, status, reason: None, at });
        Ok(rows)
    }
}

/// The rows that lead a CA to another status. Where it becomes the current one, the one before is closing.
pub(crate) fn step(
    r: &Reader<'_>,
    identity: &Identity,
    now: Instant,
    name: &CaId,
    wanted: CaStatus,
    reason: Option<RevocationReason>,
) -> Result<Vec<IssuingCaRow>> {
    let cas = identity.cas(r)?;
    let ca = cas.named(name)?;
    if ca.status == wanted {
        return Err(ErrorKind::NoChange(format!("the issuing CA {name} is {wanted} already")).into());
    }
    if !ca.status.may_become(wanted) {
        return Err(ErrorKind::CaStep { ca: name.clone(), status: ca.status, wanted }.into());
    }
    let at = now.unix_seconds();
    let before = cas.iter().filter(|ca| wanted == CaStatus::Current && ca.status == CaStatus::Current);
    let mut rows: Vec<IssuingCaRow> = before.map(|ca| ca.row(CaStatus::Closing, None, at)).collect();
    rows.push(ca.row(wanted, reason, at));
    Ok(rows)
}

impl Authority {
    /// Makes the key of a new issuing CA, encrypted under the passphrase of the CA's keys, and proposes its certificate. A
    /// second super-administrator makes it with [`Authority::approve_ca`].
    ///
    /// # Errors
    /// Role errors; [`ErrorKind::CaExists`], [`ErrorKind::CaPending`], [`ErrorKind::CaInstances`]; name and validity
    /// errors; `x509.wrong-passphrase`; file errors.
    pub fn propose_ca(&self, session: &Session, wish: &CaWish, passphrase: &Passphrase) -> Result<Digest> {
        let now = self.now();
        let cas = self.read_as(session, EventKind::CaAdd.code(), |r| {
            let by = policy::acting(r, session, now)?;
            policy::holds(&by, &[Role::SuperAdmin])?;
            policy::not_frozen(&r.org_tree()?, &by.org)?;
            self.identity.cas(r)
        })?;
        self.check_anchor()?;
        // One passphrase opens all of the CA's keys.
        self.key_file(session, EventKind::CaAdd, &self.home.key("ledger"), passphrase)?;
        let key = SecretKey::generate(&*self.entropy)?;
        let new = self.wished(wish, &cas, key.public_key().clone(), now)?;
        let path = self.home.proposed_key(new.instance, &new.key.spki_digest());
        home::write_atomically(&path, pkcs8::encrypt(&key, passphrase, &*self.entropy)?.as_bytes())?;
        hufu_store::fault!("ca-key");
        let proposed = self.change(session, &Change::CaAdd(Box::new(new)));
        hufu_store::fault!("ca-proposed");
        match proposed {
            Ok(Outcome::Proposed(digest)) => {
                // This is the one open proposal: whatever else lies there was refused, expired, or never proposed.
                for other in self.home.proposed_keys()?.iter().filter(|other| **other != path) {
                    fs::remove_file(other).map_err(|e| home::file_error(other, e))?;
                }
                Ok(digest)
            }
            Ok(Outcome::Done(_)) => Err(ErrorKind::Internal("a CA that one person made").into()),
            Err(e) => {
                // Nothing names it.
                let _ = fs::remove_file(&path);
                Err(e)
            }
        }
    }

    fn wished(&self, wish: &CaWish, cas: &IssuingCas, key: PublicKey, now: Instant) -> Result<NewCa> {
        let used = |instance: &u8| cas.iter().any(|ca| ca.instance == *instance);
        let last = cas.iter().map(|ca| ca.instance).max().unwrap_or_default();
        let next = (last.saturating_add(1)..=127).chain(1..=127).find(|instance| !used(instance));
        let left = (self.identity.root.validity().not_after() - now.unix_seconds()) / 86_400;
        let default = i64::from(crate::init::shipped(CA_PROFILE)?.default_days).min(left);
        let mut new = NewCa {
            name: wish.name.clone(),
            instance: next.ok_or(ErrorKind::CaInstances)?,
            current: wish.current,
            common_name: match &wish.common_name {
                Some(name) => name.clone(),
                None => format!("{} SM2 CA {}", self.identity.name, wish.name),
            },
            key,
            serial: new_serial(self.identity.instance, now, &*self.entropy)?,
            from: now.unix_seconds(),
            days: wish.days.unwrap_or(u32::try_from(default).unwrap_or_default()),
            tbs: Digest([0; 32]),
        };
        let profile = crate::init::shipped(CA_PROFILE)?;
        if new.days > profile.max_days {
            return Err(ErrorKind::TooLong { asked: new.days, allowed: profile.max_days }.into());
        }
        new.tbs = sm3(&new.draft(&self.identity)?);
        Ok(new)
    }

    /// Countersigns the proposed issuing CA `proposal` as the second super-administrator: the root signs its certificate,
    /// and it is in force. `root_key` is the root's key file, where it is not in the home.
    ///
    /// # Errors
    /// As [`Authority::countersign`]; [`ErrorKind::CaKeyFile`]; `x509.wrong-passphrase`; file errors.
    pub fn approve_ca(
        &self,
        session: &Session,
        proposal: &Digest,
        root_key: Option<&Path>,
        passphrase: &Passphrase,
    ) -> Result<u64> {
        let act: Act = self.read_as(session, "countersign", |r| {
            let by = policy::acting(r, session, self.now())?;
            policy::holds(&by, &[Role::SuperAdmin])?;
            change::open_proposal(r, proposal)?;
            document::signed(r, &self.identity, proposal)
        })?;
        let Change::CaAdd(new) = Change::from_act(&act)? else { return self.countersign(session, proposal) };
        self.check_anchor()?;
        let path = root_key.map_or_else(|| self.home.key("root"), Path::to_path_buf);
        let root = self.key_file(session, EventKind::CaAdd, &path, passphrase)?;
        let proposed = self.home.proposed_key(new.instance, &new.key.spki_digest());
        if !proposed.exists() {
            return Err(ErrorKind::CaKeyFile(proposed).into());
        }
        if *self.key_file(session, EventKind::CaAdd, &proposed, passphrase)?.public_key() != new.key {
            return Err(ErrorKind::CaKeyFile(proposed).into());
        }
        let event = self.countersign_with(session, proposal, |change| {
            let Change::CaAdd(new) = change else { return Ok(None) };
            let tbs = new.draft(&self.identity)?;
            if sm3(&tbs) != new.tbs {
                return Err(document::fault("act", "its bytes to sign are not those that its other fields lead to"));
            }
            let certificate = ceremony::sign_draft(&tbs, &self.identity.root, &root, &*self.entropy)?;
            hufu_store::fault!("ca-signed");
            Ok(Some(certificate))
        })?;
        hufu_store::fault!("ca-stored");
        let cas = self.cas()?;
        self.settle_key(cas.named(&new.name)?)?;
        hufu_store::fault!("ca-named");
        Ok(event)
    }

    /// Gives the key of a CA on record its own name, where it still has that of its proposal.
    pub(crate) fn settle_key(&self, ca: &IssuingCa) -> Result<PathBuf> {
        let path = self.home.key(&ca.key);
        let proposed = self.home.proposed_key(ca.instance, &ca.ca);
        if !path.exists() && proposed.exists() {
            fs::rename(&proposed, &path).map_err(|e| home::file_error(&proposed, e))?;
            home::sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        }
        Ok(path)
    }

    /// A key file of the CA's, opened; a wrong passphrase is recorded.
    pub(crate) fn key_file(
        &self,
        session: &Session,
        act: EventKind,
        path: &Path,
        passphrase: &Passphrase,
    ) -> Result<SecretKey> {
        let key = pkcs8::decrypt(&home::read(path)?, passphrase);
        let key = key.map_err(|e| Error::from(e).about(path.display().to_string()));
        if let Err(e) = &key {
            self.record_denials(session, act.code(), [e])?;
        }
        key
    }
}
