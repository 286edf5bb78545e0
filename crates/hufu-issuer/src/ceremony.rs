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
use crate::issuer::{Issuer, new_serial};

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
    within(input, issuer)?;
    make(input, issuer.subject_der(), key, entropy)
}

/// Builds and lints the certificate of an issuing CA under the root `issuer`, to be signed later with [`sign_draft`]:
/// the same input gives the same octets.
///
/// # Errors
/// [`ErrorKind::ProfileClass`] unless the profile is an issuing CA's; [`ErrorKind::Validity`]; [`ErrorKind::Lint`].
pub fn draft(input: &CeremonyInput<'_>, serial: &Serial, issuer: &Certificate) -> Result<Vec<u8>> {
    if input.profile.class != ProfileClass::IssuingCa {
        return Err(ErrorKind::ProfileClass.into());
    }
    within(input, issuer)?;
    build(input, serial, issuer.subject_der(), &issuer.public_key()?)
}

/// Signs a draft with the root's key.
///
/// # Errors
/// [`ErrorKind::RecordMismatch`] when the key is not that of `issuer`; signing errors.
pub fn sign_draft(tbs: &[u8], issuer: &Certificate, key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    if issuer.public_key()? != *key.public_key() {
        return Err(ErrorKind::RecordMismatch { what: "the key is not the root certificate's" }.into());
    }
    sign(tbs, key, entropy)
}

/// The certificate does not outlast its issuer's.
fn within(input: &CeremonyInput<'_>, issuer: &Certificate) -> Result<()> {
    let issuer_end = issuer.validity().not_after();
    if input.from.unix_seconds() + i64::from(input.days) * 86_400 - 1 > issuer_end {
        let what = format!("{} days would outlast the issuer's certificate", input.days);
        return Err(ErrorKind::Validity { what }.into());
    }
    Ok(())
}

impl Issuer {
    /// Builds and lints one of the authority's own end-entity certificates, such as that of an OCSP responder, to be
    /// signed later with [`Issuer::sign_own`].
    ///
    /// # Errors
    /// [`ErrorKind::ProfileClass`] unless the profile is one for end entities; [`ErrorKind::Validity`] when it would
    /// outlast the CA's certificate; [`ErrorKind::Lint`].
    pub fn draft_own(&self, input: &CeremonyInput<'_>, serial: &Serial) -> Result<Vec<u8>> {
        if input.profile.class != ProfileClass::EndEntity {
            return Err(ErrorKind::ProfileClass.into());
        }
        within(input, &self.certificate)?;
        build(input, serial, self.certificate.subject_der(), self.key.public_key())
    }

    /// Signs such a draft, whose digest the caller has committed before.
    ///
    /// # Errors
    /// Signing errors; [`ErrorKind::SecondParser`].
    pub fn sign_own(&self, tbs: &[u8], entropy: &dyn Entropy) -> Result<Certificate> {
        sign(tbs, &*self.key, entropy)
    }
}

fn make(input: &CeremonyInput<'_>, issuer_der: &[u8], key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    let serial: Serial = new_serial(input.instance, input.from, entropy)?;
    sign(&build(input, &serial, issuer_der, key.public_key())?, key, entropy)
}

fn build(input: &CeremonyInput<'_>, serial: &Serial, issuer_der: &[u8], issuer_key: &PublicKey) -> Result<Vec<u8>> {
    let validity = Validity::days_from(input.from, input.days)
        .map_err(|e| Error::from(ErrorKind::Validity { what: e.to_string() }))?;
    let subject_der = input.subject.to_der();
    let tbs = tbs::build(&TbsInput {
        profile: input.profile,
        serial,
        issuer_der,
        issuer_key,
        subject_der: &subject_der,
        subject_key: input.subject_key,
        validity,
        hosts: &[],
        urls: input.urls,
    })?;
    crate::prepare::lint(&tbs, input.profile, issuer_der, issuer_key, input.subject_key)?;
    Ok(tbs)
}

fn sign(tbs: &[u8], key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    let signature = key.sign(tbs, entropy.array()?)?;
    let der = tbs::assemble(tbs, &signature)?;
    // CA signatures are always verified before they leave this function (a faulted computation could leak the key).
    let certificate = Certificate::from_der(&der)?;
    certificate.verify_signed_by(key.public_key())?;
    crate::sign::reread(&der, certificate.serial(), certificate.validity())?;
    Ok(certificate)
}
