//! From an approval to the exact bytes that will be signed.

use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, Serial};
use hufu_model::profile::{Hosts, Profile};
use hufu_model::time::{Instant, Validity};
use hufu_store::{Approval, Intent, NewIntent};
use hufu_x509::csr::Csr;
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;
use hufu_x509::lint::{self, LintContext, Severity};
use hufu_x509::name::Name;
use hufu_x509::record::RequestRecord;
use hufu_x509::tbs::{self, Host, TbsInput};

use crate::error::{Error, ErrorKind, Result};
use crate::issuer::{Issuer, new_serial};

/// The bytes of one certificate, linted and ready for their intent.
#[must_use = "a prepared certificate is not issued yet"]
pub struct Prepared {
    pub(crate) tbs: Vec<u8>,
    pub(crate) digest: Digest,
    serial: Serial,
    validity: Validity,
}

impl Prepared {
    /// What the store must commit before these bytes may be signed.
    #[must_use]
    pub fn intent(&self) -> NewIntent {
        NewIntent { serial: self.serial.clone(), validity: self.validity, tbs_digest: self.digest }
    }
}

impl Issuer {
    /// Builds and lints the certificate that `approval` entitles to, with a fresh serial number and a validity that
    /// begins at the ledger time `at`.
    ///
    /// The subject and everything else come from the approved record; of the CSR only the public key is used.
    ///
    /// # Errors
    /// [`ErrorKind::RecordMismatch`] when the record is for another authority, profile text or CSR;
    /// [`ErrorKind::SubjectField`], [`ErrorKind::Validity`], [`ErrorKind::Lint`].
    pub fn prepare(&self, approval: &Approval, at: Instant, entropy: &dyn Entropy) -> Result<Prepared> {
        let serial = new_serial(self.instance, at, entropy)?;
        self.build(approval, serial, at)
    }

    /// Builds again the bytes of an intent whose signature was never stored: after a crash the same serial number and
    /// validity give the same bytes, which [`Issuer::sign`] checks against the committed digest.
    ///
    /// # Errors
    /// As [`Issuer::prepare`].
    pub fn rebuild(&self, intent: &Intent) -> Result<Prepared> {
        let at = Instant::from_unix_seconds(intent.validity().not_before());
        self.build(intent.approval(), intent.serial().clone(), at)
    }

    fn build(&self, approval: &Approval, serial: Serial, at: Instant) -> Result<Prepared> {
        let record = RequestRecord::from_der(approval.record())?;
        let profile = self.profile_of(&record, approval)?;
        let validity = Validity::days_from(at, record.days)
            .map_err(|e| Error::from(ErrorKind::Validity { what: e.to_string() }))?;
        if validity.not_after() > self.certificate.validity().not_after() {
            let what = "the certificate would outlast the issuing CA's".to_owned();
            return Err(ErrorKind::Validity { what }.into());
        }
        let subject_der = subject(profile, &record.subject)?.to_der();
        // The proof of possession was checked when the request came in, and the approved record pins the CSR's digest.
        let subject_key = Csr::from_bytes(approval.csr())?.public_key()?;
        let hosts = match profile.hosts {
            Hosts::Required => record.hosts.iter().map(|h| host(h)).collect(),
            Hosts::Unused => Vec::new(),
        };
        let tbs = tbs::build(&TbsInput {
            profile,
            serial: &serial,
            issuer_der: self.certificate.subject_der(),
            issuer_key: self.key.public_key(),
            subject_der: &subject_der,
            subject_key: &subject_key,
            validity,
            hosts: &hosts,
            urls: &self.urls,
        })?;
        lint(&tbs, profile, self.certificate.subject_der(), self.key.public_key(), &subject_key)?;
        let digest = sm3(&tbs);
        Ok(Prepared { tbs, digest, serial, validity })
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
    let errors = lint_errors(tbs, profile, issuer_der, issuer_key, subject_key);
    if errors.is_empty() { Ok(()) } else { Err(ErrorKind::Lint { findings: errors.join("; ") }.into()) }
}

fn lint_errors(
    tbs: &[u8],
    profile: &Profile,
    issuer_der: &[u8],
    issuer_key: &PublicKey,
    subject_key: &PublicKey,
) -> Vec<String> {
    let findings = lint::tbs(tbs, &LintContext { profile, issuer_der, issuer_key, subject_key });
    let errors = findings.into_iter().filter(|f| f.severity == Severity::Error);
    errors.map(|f| f.to_string()).collect()
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
    Ok(lint_errors(certificate.tbs_der(), profile, issuer_der, issuer_key, &subject_key))
}
