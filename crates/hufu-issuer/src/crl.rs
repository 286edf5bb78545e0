//! The one place where a revocation list is signed.

use hufu_model::crl::CrlPart;
use hufu_store::CrlIntent;
use hufu_x509::crl::{Crl, assemble};
use hufu_x509::digest::sm3;
use hufu_x509::lint::{self, CrlContext};

use crate::error::{ErrorKind, Result};
use crate::issuer::Issuer;
use crate::prepare::refuse;

impl Issuer {
    /// Lints and signs the TBSCertList of one list of a publication and returns the CRL, whose memory is that of `tbs`.
    ///
    /// `entropy` are 32 fresh random octets that hedge the signature's nonce. The signature is always verified, and the
    /// list read again, before it leaves this function.
    ///
    /// # Errors
    /// [`ErrorKind::IntentMismatch`] unless the committed intent is for exactly these bytes; [`ErrorKind::Lint`];
    /// [`ErrorKind::SecondParser`] when the finished list reads differently; signing errors.
    pub fn sign_crl(&self, part: CrlPart, tbs: Vec<u8>, intent: &CrlIntent, entropy: [u8; 32]) -> Result<Crl> {
        let list = intent.lists().iter().find(|list| list.part == part);
        let Some(list) = list.filter(|list| list.tbs_digest == sm3(&tbs)) else {
            return Err(ErrorKind::IntentMismatch.into());
        };
        let (issuer_der, issuer_key) = (self.certificate.subject_der(), self.key.public_key());
        refuse(lint::crl(&tbs, &CrlContext { issuer_der, issuer_key }))?;
        let signature = self.key.sign(&tbs, entropy)?;
        let crl = Crl::from_der(assemble(tbs, &signature)?)?;
        crl.verify_signed_by(self.key.public_key())?;
        let issue = intent.issue();
        let differs = |what: &str| Err(ErrorKind::SecondParser { what: what.to_owned() }.into());
        if crl.issuer_der() != self.certificate.subject_der() {
            return differs("its issuer is not this CA");
        }
        if crl.number() != Some(issue.number.into())
            || crl.this_update() != issue.this_update
            || crl.next_update() != Some(issue.next_update)
        {
            return differs("its number or times are not those of the intent");
        }
        if u64::try_from(crl.count()) != Ok(list.entries) || !crl.is_sorted() {
            return differs("its entries are not as many as the intent says, or not in order");
        }
        Ok(crl)
    }
}
