//! The founding ceremony: the only way CA certificates come into being. A profile never makes one by itself.

use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, Serial};
use hufu_model::profile::{Profile, ProfileClass};
use hufu_model::time::{Instant, Validity};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
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

/// No certificate outlasts its issuer's.
fn within(input: &CeremonyInput<'_>, issuer: &Certificate) -> Result<()> {
    if input.from.unix_seconds() + i64::from(input.days) * 86_400 - 1 > issuer.validity().not_after() {
        let what = format!("{} days would outlast the issuer's certificate", input.days);
        return Err(ErrorKind::Validity { what }.into());
    }
    Ok(())
}

/// A certificate of the authority's own that is not signed yet: its digest is recorded first.
pub struct Draft {
    tbs: Vec<u8>,
    serial: Serial,
    validity: Validity,
}

impl Draft {
    /// SM3 of the octets that will be signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sm3(&self.tbs)
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The validity.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Signs it, once.
    fn sign(self, key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
        let signature = key.sign(&self.tbs, entropy.array()?)?;
        let der = tbs::assemble(&self.tbs, &signature)?;
        // CA signatures are always verified before they leave this function (a faulted computation could leak the key).
        let certificate = Certificate::from_der(&der)?;
        certificate.verify_signed_by(key.public_key())?;
        crate::sign::reread(&der, &self.serial, self.validity)?;
        Ok(certificate)
    }
}

impl Issuer {
    /// Prepares one of the authority's own end-entity certificates, such as that of an OCSP responder.
    ///
    /// # Errors
    /// [`ErrorKind::ProfileClass`] unless the profile is one for end entities; [`ErrorKind::Validity`] when it would
    /// outlast the CA's certificate; [`ErrorKind::Lint`].
    pub fn draft_own(&self, input: &CeremonyInput<'_>, entropy: &dyn Entropy) -> Result<Draft> {
        if input.profile.class != ProfileClass::EndEntity {
            return Err(ErrorKind::ProfileClass.into());
        }
        within(input, &self.certificate)?;
        draft(input, self.certificate.subject_der(), self.key.public_key(), entropy)
    }

    /// Signs it. The caller has committed its digest before.
    ///
    /// # Errors
    /// [`ErrorKind::SecondParser`]; signing errors.
    pub fn sign_own(&self, draft: Draft, entropy: &dyn Entropy) -> Result<Certificate> {
        draft.sign(&*self.key, entropy)
    }
}

fn make(input: &CeremonyInput<'_>, issuer_der: &[u8], key: &dyn Signer, entropy: &dyn Entropy) -> Result<Certificate> {
    draft(input, issuer_der, key.public_key(), entropy)?.sign(key, entropy)
}

fn draft(input: &CeremonyInput<'_>, issuer_der: &[u8], issuer_key: &PublicKey, entropy: &dyn Entropy) -> Result<Draft> {
    let serial: Serial = new_serial(input.instance, input.from, entropy)?;
    let validity = Validity::days_from(input.from, input.days)
        .map_err(|e| Error::from(ErrorKind::Validity { what: e.to_string() }))?;
    let subject_der = input.subject.to_der();
    let tbs = tbs::build(&TbsInput {
        profile: input.profile,
        serial: &serial,
        issuer_der,
        issuer_key,
        subject_der: &subject_der,
        subject_key: input.subject_key,
        validity,
        hosts: &[],
        urls: input.urls,
    })?;
    crate::prepare::lint(&tbs, input.profile, issuer_der, issuer_key, input.subject_key)?;
    Ok(Draft { tbs, serial, validity })
}
