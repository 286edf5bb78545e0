//! The founding ceremony: the only way CA certificates come into being. A profile never makes one by itself.

use hufu_model::entropy::Entropy;
use hufu_model::ident::Serial;
use hufu_model::profile::{Profile, ProfileClass};
use hufu_model::time::{Instant, Validity};
use hufu_x509::certificate::Certificate;
use hufu_x509::key::PublicKey;
use hufu_x509::name::Name;
use hufu_x509::sign::Signer;
use hufu_x509::tbs::{self, TbsInput, Urls};

use crate::error::{Error, ErrorKind, Result};
use crate::issuer::new_serial;

/// What one ceremony certificate is made from.
pub struct CeremonyInput<'a> {
    /// The profile; its class decides who signs.
    pub profile: &'a Profile,
    /// The subject.
    pub subject: &'a Name,
    /// The subject's key.
    pub subject_key: &'a PublicKey,
    /// First second of the validity.
    pub from: Instant,
    /// Length of the validity in days.
    pub days: u32,
    /// Where CRL, OCSP and CA certificates are published.
    pub urls: &'a Urls,
    /// The home's instance octet.
    pub instance: u8,
}

/// Makes a self-signed root certificate.
///
/// # Errors
/// [`ErrorKind::ProfileClass`] unless the profile is a root profile; [`ErrorKind::Lint`]; signing errors.
pub fn root(input: &CeremonyInput<'_>, key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    if input.profile.class != ProfileClass::Root || key.public_key() != input.subject_key {
        return Err(ErrorKind::ProfileClass.into());
    }
    let name = input.subject.to_der();
    make(input, &name, key, entropy)
}

/// Makes an issuing CA certificate under `root`, or one of the authority's own end-entity certificates under its
/// issuing CA (the ledger signer and the two founding administrators).
///
/// # Errors
/// [`ErrorKind::ProfileClass`] for a root profile; [`ErrorKind::Lint`]; signing errors.
pub fn below(
    input: &CeremonyInput<'_>,
    issuer: &Certificate,
    key: &dyn Signer,
    entropy: &dyn Entropy,
) -> Result<Certificate> {
    if input.profile.class == ProfileClass::Root {
        return Err(ErrorKind::ProfileClass.into());
    }
    let issuer_end = issuer.validity().not_after();
    if input.from.unix_seconds() + i64::from(input.days) * 86_400 - 1 > issuer_end {
        let what = format!("{} days would outlast the issuer's certificate", input.days);
        return Err(ErrorKind::Validity { what }.into());
    }
    make(input, issuer.subject_der(), key, entropy)
}

fn make(input: &CeremonyInput<'_>, issuer_der: &[u8], key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    let serial: Serial = new_serial(input.instance, input.from, entropy)?;
    let validity = Validity::days_from(input.from, input.days)
        .map_err(|e| Error::from(ErrorKind::Validity { what: e.to_string() }))?;
    let subject_der = input.subject.to_der();
    let tbs = tbs::build(&TbsInput {
        profile: input.profile,
        serial: &serial,
        issuer_der,
        issuer_key: key.public_key(),
        subject_der: &subject_der,
        subject_key: input.subject_key,
        validity,
        hosts: &[],
        urls: input.urls,
    })?;
    crate::prepare::lint(&tbs, input.profile, issuer_der, key.public_key(), input.subject_key)?;
    let signature = key.sign(&tbs, entropy.array()?)?;
    let der = tbs::assemble(&tbs, &signature)?;
    // CA signatures are always verified before they leave this function (a faulted computation could leak the key).
    let certificate = Certificate::from_der(&der)?;
    certificate.verify_signed_by(key.public_key())?;
    crate::sign::reread(&der, &serial, validity)?;
    Ok(certificate)
}
