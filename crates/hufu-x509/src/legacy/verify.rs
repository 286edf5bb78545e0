//! Whether an issuer that is given signed a certificate.

use std::collections::HashMap;
use std::fmt;

use hufu_model::certificate::Algorithm;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{checked, key, name};
use crate::error::Result;
use crate::key::PublicKey;
use crate::oid;
use crate::sign::Signature;

/// The smallest and the largest RSA modulus, in bits, whose signatures can be verified; for SHA-1 they begin lower.
const RSA_BITS: [u32; 2] = [2048, 8192];
const RSA_BITS_SHA1: u32 = 1024;

/// Why a certificate's signature is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unverified {
    /// The certificate of its issuer was not given.
    UnknownIssuer,
    /// Its signature is of an algorithm or a key size that is not verified here: MD5, RSA of less than 2048 bits with
    /// SHA-2, other curves than P-256, P-384 and SM2, ML-DSA.
    Algorithm,
    /// No certificate of that issuer has the key that made the signature.
    Signature,
}

impl Unverified {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::UnknownIssuer, Self::Algorithm, Self::Signature];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "legacy.unknown-issuer",
            Self::Algorithm => "legacy.algorithm-not-verified",
            Self::Signature => "legacy.wrong-signature",
        }
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "the certificate of its issuer was not given",
            Self::Algorithm => "signatures of this algorithm or key size are not verified here",
            Self::Signature => "its signature does not verify with any key of its issuer that was given",
        })
    }
}

/// Certificates of issuers, by name. An issuer may have several keys.
#[derive(Clone, Default)]
pub struct Issuers {
    by_name: HashMap<String, Vec<IssuerKey>>,
}

#[derive(Clone)]
struct IssuerKey {
    spki: Vec<u8>,
    algorithm: Algorithm,
    bits: u32,
    sm2: Option<PublicKey>,
}

impl Issuers {
    /// No issuers: nothing verifies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the certificate of an issuer, DER. Whether it is one of a CA, or valid, is not asked: what is verified is
    /// which key signed.
    ///
    /// # Errors
    /// As [`super::read_der`].
    pub fn add(&mut self, der: &[u8]) -> Result<()> {
        let (_, parsed) = checked(der)?;
        let spki = parsed.public_key();
        let described = key::describe(spki);
        let key = IssuerKey {
            spki: spki.raw.to_vec(),
            algorithm: described.algorithm,
            bits: described.bits,
            sm2: key::sm2(spki),
        };
        let known = self.by_name.entry(folded(&name::display(parsed.subject())?)).or_default();
        if known.iter().all(|k| k.spki != key.spki) {
            known.push(key);
        }
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn verify(
        &self,
        issuer: &str,
        certificate: &X509Certificate<'_>,
    ) -> std::result::Result<(), Unverified> {
        if self.by_name.is_empty() {
            return Err(Unverified::UnknownIssuer);
        }
        let keys = self.by_name.get(&folded(issuer)).ok_or(Unverified::UnknownIssuer)?;
        let mut why = Unverified::Algorithm;
        for key in keys {
            match key.verify(certificate) {
                Ok(()) => return Ok(()),
                Err(Unverified::Signature) => why = Unverified::Signature,
                Err(_) => {}
            }
        }
        Err(why)
    }
}

impl IssuerKey {
    fn verify(&self, certificate: &X509Certificate<'_>) -> std::result::Result<(), Unverified> {
        let algorithm = certificate.signature_algorithm.algorithm.as_bytes();
        let sm2 = [oid::SM2_WITH_SM3, oid::SM2_SIGN].iter().any(|o| o.as_bytes() == algorithm);
        match (&self.sm2, sm2) {
            (Some(key), true) => {
                let signature = Signature::from_der(&certificate.signature_value.data);
                let verified = signature.and_then(|s| key.verify(certificate.tbs_certificate.as_ref(), &s));
                return verified.map_err(|_| Unverified::Signature);
            }
            // A signature of one kind and a key of the other: not this key's.
            (Some(_), false) | (None, true) => return Err(Unverified::Signature),
            (None, false) => {}
        }
        let sha1 = [oid::SHA1_WITH_RSA, oid::SHA1_WITH_RSA_OIW].iter().any(|o| o.as_bytes() == algorithm);
        let least = if sha1 { RSA_BITS_SHA1 } else { RSA_BITS[0] };
        if self.algorithm == Algorithm::Rsa && !(least..=RSA_BITS[1]).contains(&self.bits) {
            return Err(Unverified::Algorithm);
        }
        let (_, spki) = SubjectPublicKeyInfo::from_der(&self.spki).map_err(|_| Unverified::Algorithm)?;
        certificate.verify_signature(Some(&spki)).map_err(|e| match e {
            X509Error::SignatureUnsupportedAlgorithm => Unverified::Algorithm,
            _ => Unverified::Signature,
        })
    }
}

/// Names are compared as RFC 5280 §7.1 has it, as far as text goes: letters of either case are the same, and so are
/// string types. Whether it was the right issuer the signature tells.
fn folded(name: &str) -> String {
    name.to_lowercase()
}
