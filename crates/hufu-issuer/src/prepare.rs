//! From an approval to the exact bytes that will be signed.

use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, EscrowId, Serial};
use hufu_model::profile::{Hosts, Profile};
use hufu_model::time::{Instant, Validity};
use hufu_store::{Approval, Intent, NewHalf, NewIntent};
use hufu_x509::csr::Csr;
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;
use hufu_x509::lint::{self, Finding, LintContext, Severity};
use hufu_x509::name::Name;
use hufu_x509::record::RequestRecord;
use hufu_x509::tbs::{self, Host, TbsInput};

use crate::error::{Error, ErrorKind, Result};
use crate::issuer::{Issuer, new_serial};

/// The bytes of one certificate, or of both halves of a pair, linted and ready for their intent.
#[must_use = "a prepared certificate is not issued yet"]
pub struct Prepared {
    pub(crate) signing: Half,
    pub(crate) encryption: Option<Half>,
    /// What the intent says of the encryption half.
    new_half: Option<NewHalf>,
    validity: Validity,
}

/// The bytes of one certificate.
pub(crate) struct Half {
    pub(crate) tbs: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) serial: Serial,
}

/// The key that the key centre gave for the encryption half of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The key in the key centre's vault.
    pub escrow: EscrowId,
    /// Its public half.
    pub public: PublicKey,
    /// SM3 of the text of the companion profile.
    pub profile_digest: Digest,
}

impl Prepared {
    /// What the store must commit before these bytes may be signed.
    #[must_use]
    pub fn intent(&self) -> NewIntent {
        NewIntent {
            serial: self.signing.serial.clone(),
            validity: self.validity,
            tbs_digest: self.signing.digest,
            encryption: self.new_half.clone(),
        }
    }
}

/// What both halves of a pair have in common.
struct Common<'a> {
    issuer: &'a Issuer,
    record: &'a RequestRecord,
    validity: Validity,
}

impl Issuer {
    /// Builds and lints the certificate that `approval` entitles to, with a fresh serial number and a validity that
    /// begins at the ledger time `at`. With the key of the key centre for an approval of a pair: both halves.
    ///
    /// The subject and everything else come from the approved record; of the CSR only the public key is used.
    ///
    /// # Errors
    /// [`ErrorKind::RecordMismatch`] when the record is for another authority, profile text or CSR, or asks for a pair
    /// and there is no key for it, or the other way round; [`ErrorKind::SubjectField`], [`ErrorKind::Validity`],
    /// [`ErrorKind::Lint`].
    pub fn prepare(
        &self,
        approval: &Approval,
        key: Option<&EncryptionKey>,
        at: Instant,
        entropy: &dyn Entropy,
    ) -> Result<Prepared> {
        let serial = new_serial(self.instance, at, entropy)?;
        let half = key.map(|key| Ok::<_, Error>((new_serial(self.instance, at, entropy)?, key))).transpose()?;
        self.build(approval, serial, half, at)
    }

    /// Builds again the bytes of an intent whose signature was never stored: after a crash the same serial numbers and
    /// validity give the same bytes, which [`Issuer::sign`] checks against the committed digests. `key` is the public
    /// half of the pair's encryption key, as the key centre has it.
    ///
    /// # Errors
    /// As [`Issuer::prepare`].
    pub fn rebuild(&self, intent: &Intent, key: Option<&PublicKey>) -> Result<Prepared> {
        let at = Instant::from_unix_seconds(intent.validity().not_before());
        let key = intent.encryption().zip(key).map(|(half, public)| EncryptionKey {
            escrow: half.escrow,
            public: public.clone(),
            profile_digest: half.profile_digest,
        });
        let half = intent.encryption().map(|half| half.serial.clone()).zip(key.as_ref());
        self.build(intent.approval(), intent.serial().clone(), half, at)
    }

    fn build(
        &self,
        approval: &Approval,
        serial: Serial,
        half: Option<(Serial, &EncryptionKey)>,
        at: Instant,
    ) -> Result<Prepared> {
        let record = RequestRecord::from_der(approval.record())?;
        let profile = self.profile_of(&record, approval)?;
        if record.pair != half.is_some() {
            let what = if record.pair { "it asks for a pair" } else { "it does not ask for a pair" };
            return Err(ErrorKind::RecordMismatch { what }.into());
        }
        let validity = Validity::days_from(at, record.days)
            .map_err(|e| Error::from(ErrorKind::Validity { what: e.to_string() }))?;
        if validity.not_after() > self.certificate.validity().not_after() {
            let what = "the certificate would outlast the issuing CA's".to_owned();
            return Err(ErrorKind::Validity { what }.into());
        }
        let common = Common { issuer: self, record: &record, validity };
        // The proof of possession was checked when the request came in, and the approved record pins the CSR's digest.
        let signing = common.half(profile, serial, &Csr::from_bytes(approval.csr())?.public_key()?)?;
        let Some((serial, key)) = half else {
            return Ok(Prepared { signing, encryption: None, new_half: None, validity });
        };
        let companion = self.companion_of(profile, key)?;
        let encryption = common.half(companion, serial, &key.public)?;
        refuse(lint::pair(&signing.tbs, &encryption.tbs))?;
        let new_half = NewHalf {
            serial: encryption.serial.clone(),
            profile: companion.id.clone(),
            profile_digest: key.profile_digest,
            escrow: key.escrow,
            spki: key.public.spki_digest(),
            tbs_digest: encryption.digest,
        };
        Ok(Prepared { signing, encryption: Some(encryption), new_half: Some(new_half), validity })
    }

    /// The profile of the encryption half. The usages of the halves exclude each other (GB/T 20518 Tables C.3, C.4); that
    /// each certificate has those of its profile, the lint of its bytes sees.
    fn companion_of(&self, profile: &Profile, key: &EncryptionKey) -> Result<&Profile> {
        let companion = self.profiles.get(&key.profile_digest);
        let companion = companion.filter(|companion| profile.pair_with.as_ref() == Some(&companion.id));
        let what = "its profile names another companion";
        let companion = companion.ok_or(ErrorKind::RecordMismatch { what })?;
        if !profile.signs_only() || !companion.encrypts_only() {
            let findings = format!("{} and {} are not a signing and an encryption profile", profile.id, companion.id);
            return Err(ErrorKind::Lint { findings }.into());
        }
        Ok(companion)
    }

    fn profile_of(&self, record: &RequestRecord, approval: &Approval) -> Result<&Profile> {
        let mismatch = |what| Err(ErrorKind::RecordMismatch { what }.into());
        if record.ca != self.ca {
            return mismatch("it names another issuing CA");
        }
        if record.request != *approval.request_id() {
            return mismatch("it names another request");
        }
        if record.csr != sm3(approval.csr()) {
            return mismatch("its CSR digest is not the stored CSR's");
        }
        match self.profiles.get(&record.profile_digest) {
            Some(profile) if profile.id == record.profile => Ok(profile),
            _ => mismatch("its profile text is not on record here"),
        }
    }
}

impl Common<'_> {
    /// Builds and lints one certificate.
    fn half(&self, profile: &Profile, serial: Serial, subject_key: &PublicKey) -> Result<Half> {
        let issuer = self.issuer;
        let (issuer_der, issuer_key) = (issuer.certificate.subject_der(), issuer.key.public_key());
        let subject_der = subject(profile, &self.record.subject)?.to_der();
        let hosts = match profile.hosts {
            Hosts::Required => self.record.hosts.iter().map(|h| host(h)).collect(),
            Hosts::Unused => Vec::new(),
        };
        let tbs = tbs::build(&TbsInput {
            profile,
            serial: &serial,
            issuer_der,
            issuer_key,
            subject_der: &subject_der,
            subject_key,
            validity: self.validity,
            hosts: &hosts,
            urls: &issuer.urls,
        })?;
        lint(&tbs, profile, issuer_der, issuer_key, subject_key)?;
        let digest = sm3(&tbs);
        Ok(Half { tbs, digest, serial })
    }
}

/// The subject of a profile, filled from the public fields of a record. Also used when a request comes in, so that the
/// entry operator learns of a missing field at once.
///
/// # Errors
/// [`ErrorKind::SubjectField`] for a required field that is missing; name errors of `hufu-x509`.
pub fn subject(profile: &Profile, fields: &[(String, String)]) -> Result<Name> {
    let mut parts = Vec::with_capacity(profile.subject.len());
    for rule in &profile.subject {
        match fields.iter().find(|(field, _)| *field == rule.field) {
            Some((_, value)) => parts.push((rule.attribute, value.clone())),
            None if rule.required => return Err(ErrorKind::SubjectField { field: rule.field.clone() }.into()),
            None => {}
        }
    }
    Ok(Name::new(parts)?)
}

fn host(text: &str) -> Host {
    text.parse().map_or_else(|_| Host::Dns(text.to_owned()), Host::Ip)
}

pub(crate) fn lint(
    tbs: &[u8],
    profile: &Profile,
    issuer_der: &[u8],
    issuer_key: &PublicKey,
    subject_key: &PublicKey,
) -> Result<()> {
    refuse(lint::tbs(tbs, &LintContext { profile, issuer_der, issuer_key, subject_key }))
}

/// Nothing is signed in which the linter finds an error.
pub(crate) fn refuse(findings: Vec<Finding>) -> Result<()> {
    let errors = errors(findings);
    if errors.is_empty() { Ok(()) } else { Err(ErrorKind::Lint { findings: errors.join("; ") }.into()) }
}

/// The errors among findings, in words.
fn errors(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().filter(|f| f.severity == Severity::Error).map(|f| f.to_string()).collect()
}

/// Lints a stored certificate again, as it was linted before it was signed. Returns the errors, in words.
///
/// # Errors
/// Structure errors of the certificate itself.
pub fn audit_lint(
    certificate: &hufu_x509::certificate::Certificate,
    profile: &Profile,
    issuer_der: &[u8],
    issuer_key: &PublicKey,
) -> Result<Vec<String>> {
    let subject_key = certificate.public_key()?;
    let context = LintContext { profile, issuer_der, issuer_key, subject_key: &subject_key };
    Ok(errors(lint::tbs(certificate.tbs_der(), &context)))
}
