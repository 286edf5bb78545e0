//! The issuer: one issuing CA, its key and its profiles.

use std::collections::HashMap;

use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, Serial};
use hufu_model::profile::{Profile, ProfileClass};
use hufu_model::time::Instant;
use hufu_x509::certificate::Certificate;
use hufu_x509::key::PublicKey;
use hufu_x509::sign::Signer;
use hufu_x509::tbs::Urls;

use crate::error::{ErrorKind, Result};

/// Whether an end-entity certificate's signature is verified before the certificate is stored. Signatures of CA
/// certificates and checkpoints are always verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterSigning {
    /// Verify each signature: a computation that was disturbed is found before anyone sees its result.
    Verify,
    /// Trust the signer; the second parser still reads the bytes.
    Trust,
}

/// One issuing CA with its key, ready to sign. It has no `Debug` and no `Clone`.
pub struct Issuer {
    pub(crate) certificate: Certificate,
    pub(crate) key: Box<dyn Signer>,
    pub(crate) ca: Digest,
    pub(crate) urls: Urls,
    pub(crate) instance: u8,
    pub(crate) after_signing: AfterSigning,
    pub(crate) profiles: HashMap<Digest, Profile>,
}

impl Issuer {
    /// An issuer from its certificate and key.
    ///
    /// # Errors
    /// [`ErrorKind::RecordMismatch`] when the key is not the certificate's.
    pub fn new(
        certificate: Certificate,
        key: Box<dyn Signer>,
        urls: Urls,
        instance: u8,
        after_signing: AfterSigning,
    ) -> Result<Self> {
        let public: PublicKey = certificate.public_key()?;
        if public != *key.public_key() {
            return Err(ErrorKind::RecordMismatch { what: "the key is not the CA certificate's" }.into());
        }
        let ca = public.spki_digest();
        Ok(Self { certificate, key, ca, urls, instance, after_signing, profiles: HashMap::new() })
    }

    /// Adds a profile this issuer may sign with. `digest` is the SM3 of its text, as requests pin it.
    ///
    /// # Errors
    /// [`ErrorKind::ProfileClass`] for a CA profile.
    pub fn add_profile(&mut self, digest: Digest, profile: Profile) -> Result<()> {
        if profile.class != ProfileClass::EndEntity {
            return Err(ErrorKind::ProfileClass.into());
        }
        self.profiles.insert(digest, profile);
        Ok(())
    }

    /// The issuing CA's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// SM3 of the issuing CA's SubjectPublicKeyInfo: the `ca` of every record made for it.
    #[must_use]
    pub fn ca(&self) -> Digest {
        self.ca
    }
}

/// A new serial number: 19 octets, the instance (01–7F), 48 bits of ledger milliseconds, 96 random bits.
///
/// The time part keeps index inserts local; the random part keeps numbers unpredictable, and unique even after an old
/// backup was put back.
///
/// # Errors
/// [`ErrorKind::Entropy`] when the random source fails.
pub fn new_serial(instance: u8, at: Instant, entropy: &dyn Entropy) -> Result<Serial> {
    let random: [u8; 12] = entropy.array()?;
    let mut bytes = [0; 19];
    bytes[0] = instance.clamp(1, 0x7f);
    bytes[1..7].copy_from_slice(&at.unix_millis().to_be_bytes()[2..]);
    bytes[7..].copy_from_slice(&random);
    Serial::from_bytes(&bytes).map_err(|_| ErrorKind::RecordMismatch { what: "serial number layout" }.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hufu_model::entropy::EntropyError;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn serial_numbers_carry_instance_time_and_96_random_bits() {
        let at = Instant::from_unix_millis(0x0102_0304_0506);
        let serial = new_serial(0xff, at, &Fixed(0xab)).unwrap();
        assert_eq!(serial.to_string(), format!("7f010203040506{}", "ab".repeat(12)));
        assert_eq!(new_serial(0, at, &Fixed(0)).unwrap().as_bytes()[0], 1);
        assert!(serial.as_bytes().len() == 19);
    }
}
