//! The same ciphertexts in another structure: what needs no key.

use super::{Content, Form, csr_response, enveloped_key, examine, is_of, skf};
use crate::error::{Error, ErrorKind, Result};
use crate::tlv::tag;

/// Writes an envelope in another dialect without opening it. That is possible where both hold the same ciphertexts, the
/// SM4 key for its owner and SM4-ECB of the 32 octets of d: [`Form::EnvelopedKey`], [`Form::CsrResponse`] and
/// [`Form::SkfBare`]. For the others the owner's key is needed: [`super::convert`].
///
/// # Errors
/// `x509.envelope-form` for what cannot be read; `x509.envelope-other-key` when a certificate is missing that the form
/// needs, or when the dialect, this one or the other, holds other ciphertexts.
pub fn rewrite(envelope: &[u8], form: &Form<'_>) -> Result<Vec<u8>> {
    let (inspection, taken) = examine(envelope);
    if let Some(finding) = inspection.blocking(super::Weight::Refused) {
        return Err(finding.clone().into_error());
    }
    let taken = taken.ok_or(ErrorKind::EnvelopeForm)?;
    let other = || Error::new(ErrorKind::EnvelopeOtherKey).about("this dialect holds other ciphertexts");
    let (Content::Bare(bare), Some(delivered)) = (&taken.content, &taken.delivered) else { return Err(other()) };
    Ok(match form {
        Form::EnvelopedKey => enveloped_key::write(tag::SEQUENCE, &taken.sealed, delivered, bare),
        Form::CsrResponse { signing, encryption } => {
            let fits = encryption.iter().any(|c| is_of(c, delivered));
            if !fits || signing.is_empty() {
                let what = "no encryption certificate is of the delivered key";
                return Err(Error::new(ErrorKind::EnvelopeOtherKey).about(what));
            }
            csr_response::write(signing, encryption, (&taken.sealed, delivered, bare))
        }
        Form::SkfBare => skf::write_bare(&taken.sealed, delivered, bare.first_chunk().ok_or_else(other)?),
        Form::SignedEnveloped(_) | Form::Cfca | Form::Skf => return Err(other()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_model::entropy::{Entropy, EntropyError};

    use super::*;
    use crate::envelope::{self, Dialect};
    use crate::key::SecretKey;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            buffer.fill(0x5c);
            Ok(())
        }
    }

    #[test]
    fn what_was_rewritten_opens_as_before() {
        let key = |n: u8| SecretKey::from_scalar(&[n; 32]).unwrap();
        let (owner, delivered) = (key(0x17), key(0x18));
        let sealed = envelope::seal(&Form::EnvelopedKey, &delivered, owner.public_key(), &Fixed).unwrap();
        let blob = rewrite(&sealed, &Form::SkfBare).unwrap();
        assert_eq!(envelope::inspect(&blob).dialect, Some(Dialect::SkfBare));
        assert_eq!(envelope::open(&blob, &owner).unwrap().public_key(), delivered.public_key());
        assert_eq!(rewrite(&blob, &Form::EnvelopedKey).unwrap(), sealed);
        let code = |from: &[u8], form| rewrite(from, &form).map_err(|e| e.kind().code());
        for form in [Form::Cfca, Form::Skf, Form::CsrResponse { signing: &[], encryption: &[] }] {
            assert_eq!(code(&sealed, form), Err("x509.envelope-other-key"));
        }
        let cfca = envelope::seal(&Form::Cfca, &delivered, owner.public_key(), &Fixed).unwrap();
        assert_eq!(code(&cfca, Form::EnvelopedKey), Err("x509.envelope-other-key"));
        assert_eq!(code(b"nothing", Form::SkfBare), Err("x509.envelope-form"));
    }
}
