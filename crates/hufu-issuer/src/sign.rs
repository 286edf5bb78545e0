//! The one place where a subscriber's certificate is signed.

use hufu_model::ident::Serial;
use hufu_model::time::Validity;
use hufu_store::Intent;
use hufu_x509::{legacy, tbs};

use crate::error::{ErrorKind, Result};
use crate::issuer::{AfterSigning, Issuer};
use crate::prepare::Prepared;

impl Issuer {
    /// Signs `prepared` and returns the certificate's DER. `prepared` is consumed: the same bytes are signed once.
    ///
    /// `entropy` are 32 fresh random octets that hedge the signature's nonce.
    ///
    /// # Errors
    /// [`ErrorKind::IntentMismatch`] unless the committed intent is for exactly these bytes;
    /// [`ErrorKind::SecondParser`] when x509-parser reads the result differently; signing errors.
    pub fn sign(&self, prepared: Prepared, intent: &Intent, entropy: [u8; 32]) -> Result<Vec<u8>> {
        if prepared.digest != intent.tbs_digest() {
            return Err(ErrorKind::IntentMismatch.into());
        }
        let signature = self.key.sign(&prepared.tbs, entropy)?;
        if self.after_signing == AfterSigning::Verify {
            self.key.public_key().verify(&prepared.tbs, &signature)?;
        }
        let der = tbs::assemble(&prepared.tbs, &signature)?;
        reread(&der, intent.serial(), intent.validity())?;
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
