//! The one place where a subscriber's certificate is signed.

use hufu_model::entropy::Entropy;
use hufu_model::ident::Serial;
use hufu_model::time::Validity;
use hufu_store::Intent;
use hufu_x509::{legacy, tbs};

use crate::error::{ErrorKind, Result};
use crate::issuer::{AfterSigning, Issuer};
use crate::prepare::{Half, Prepared};

/// The DER of what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The certificate, or the signing half of a pair.
    pub der: Vec<u8>,
    /// The encryption half of a pair.
    pub encryption: Option<Vec<u8>>,
}

impl Issuer {
    /// Signs `prepared`, of a pair both halves. `prepared` is consumed: the same bytes are signed once.
    ///
    /// `entropy` hedges the nonces of the signatures.
    ///
    /// # Errors
    /// [`ErrorKind::IntentMismatch`] unless the committed intent is for exactly these bytes;
    /// [`ErrorKind::SecondParser`] when x509-parser reads the result differently; signing errors.
    pub fn sign(&self, prepared: Prepared, intent: &Intent, entropy: &dyn Entropy) -> Result<Signed> {
        let Prepared { signing, encryption, .. } = prepared;
        let committed = intent.encryption().map(|half| half.tbs_digest);
        if signing.digest != intent.tbs_digest() || encryption.as_ref().map(|half| half.digest) != committed {
            return Err(ErrorKind::IntentMismatch.into());
        }
        let der = self.sign_half(&signing, intent.validity(), entropy)?;
        hufu_store::fault!("f5");
        let encryption = encryption.map(|half| self.sign_half(&half, intent.validity(), entropy)).transpose()?;
        hufu_store::fault!("f6");
        Ok(Signed { der, encryption })
    }

    fn sign_half(&self, half: &Half, validity: Validity, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let signature = self.key.sign(&half.tbs, entropy.array()?)?;
        if self.after_signing == AfterSigning::Verify {
            self.key.public_key().verify(&half.tbs, &signature)?;
        }
        let der = tbs::assemble(&half.tbs, &signature)?;
        reread(&der, &half.serial, validity)?;
        Ok(der)
    }
}

/// Reads a certificate with a parser we did not write and compares what it sees.
pub(crate) fn reread(der: &[u8], serial: &Serial, validity: Validity) -> Result<()> {
    let seen = legacy::reread(der)?;
    let differs = |what: String| Err(ErrorKind::SecondParser { what }.into());
    if seen.serial != *serial {
        return differs(format!("serial number {} instead of {serial}", seen.serial));
    }
    if seen.validity != validity {
        return differs("another validity period".to_owned());
    }
    Ok(())
}
