//! Looking at pairs, and the envelopes that were handed out with them.

use hufu_model::ident::Serial;
use hufu_store::PairRow;
use hufu_x509::envelope::{self, Delivery, Dialect, Form, Terms};
use hufu_x509::key::SecretKey;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};

impl Authority {
    /// The pair that a certificate is one half of; none for a single one.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`]; database errors.
    pub fn pair(&self, serial: &Serial) -> Result<Option<PairRow>> {
        self.read(|r| {
            let pair = r.pair_of(serial)?;
            match pair.is_none() && r.certificate(serial)?.is_none() {
                true => Err(ErrorKind::UnknownCertificate(serial.clone()).into()),
                false => Ok(pair),
            }
        })
    }

    /// The envelope of a pair, either half of which may be named, as it was handed out or in another dialect.
    ///
    /// [`Dialect::EnvelopedKey`], [`Dialect::CsrResponse`] and [`Dialect::SkfBare`] hold the same ciphertexts. The other
    /// dialects are made of the private key, which this authority cannot open: for those `owner` is needed, the holder's
    /// signing key, and a [`Dialect::SignedEnveloped`] is signed with it for want of the key centre's.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`], [`ErrorKind::SingleCertificate`], [`ErrorKind::OwnerKey`];
    /// `x509.decrypt` for another key than the holder's.
    pub fn export_envelope(&self, serial: &Serial, dialect: Dialect, owner: Option<&SecretKey>) -> Result<Vec<u8>> {
        let pair = self.pair(serial)?.ok_or_else(|| ErrorKind::SingleCertificate(serial.clone()))?;
        let stored = self.read(|r| Ok(r.envelope(&pair.encryption)?))?;
        let stored = stored.ok_or_else(|| crate::document::fault("envelope", "it is missing"))?;
        let (signing, encryption) = (self.certificate(&pair.signing)?, self.certificate(&pair.encryption)?);
        let (signing, encryption) = ([signing.certificate], [encryption.certificate]);
        let form = match (dialect, owner) {
            (Dialect::EnvelopedKey, _) => return Ok(stored),
            (Dialect::CsrResponse, _) => Form::CsrResponse { signing: &signing, encryption: &encryption },
            (Dialect::SkfBare, _) => Form::SkfBare,
            (Dialect::Cfca, _) => Form::Cfca,
            (Dialect::Skf, _) => Form::Skf,
            (Dialect::SignedEnveloped, Some(signer)) => {
                let ([certificate], [delivered]) = (&signing, &encryption);
                let (issuer_der, serial) = (delivered.issuer_der(), delivered.serial());
                Form::SignedEnveloped(Delivery { issuer_der, serial, certificate, signer })
            }
            (Dialect::SignedEnveloped, None) => return Err(ErrorKind::OwnerKey(dialect.code()).into()),
        };
        if matches!(dialect, Dialect::CsrResponse | Dialect::SkfBare) {
            return Ok(envelope::rewrite(&stored, &form)?);
        }
        let owner = owner.ok_or(ErrorKind::OwnerKey(dialect.code()))?;
        let [delivered] = &encryption;
        let expected = delivered.public_key()?;
        let terms = Terms { expected: Some(&expected), signer: None };
        Ok(envelope::convert(&stored, &form, owner, &terms, &*self.entropy)?)
    }
}
