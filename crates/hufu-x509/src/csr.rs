//! Certification requests: what an applicant sends, and the proof that they hold the private key.
//!
//! ```asn1
//! -- PKCS#10 (RFC 2986), GM/T 0092-2020
//! CertificationRequest ::= SEQUENCE {
//!     certificationRequestInfo CertificationRequestInfo,
//!     signatureAlgorithm       AlgorithmIdentifier,   -- 1.2.156.10197.1.501, parameters absent or NULL
//!     signature                BIT STRING }
//! CertificationRequestInfo ::= SEQUENCE {
//!     version       INTEGER { v1(0) },
//!     subject       Name,
//!     subjectPKInfo SubjectPublicKeyInfo,
//!     attributes    [0] IMPLICIT SET OF Attribute }
//! ```
//!
//! Only the public key is ever taken from a request. Its subject is shown to the operator and its attributes, which may
//! ask for anything, are not read at all: what stands in a certificate comes from the approved record and the profile.

use std::fmt;
use std::ops::Range;

use hufu_model::certificate::Algorithm;

use crate::digest::{Digest, sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{self, PublicKey};
use crate::name::Name;
use crate::oid;
use crate::sign::{Cause, Signature, Signer, diagnose};
use crate::signed::{self, is_sm2_with_sm3};
use crate::tbs::put_algorithm;
use crate::tlv::{Fault, Reader, Tlv, nest, put, tag};
use crate::{pem, strict};

/// The PEM label of a request (RFC 7468 §7), the one that is written.
pub const PEM_LABEL: &str = "CERTIFICATE REQUEST";

/// Both labels that are read; the second is the old one of Netscape and `openssl req -newhdr`.
const LABELS: [&str; 2] = [PEM_LABEL, "NEW CERTIFICATE REQUEST"];

/// A request as it was read; its signature has not been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Csr {
    der: Vec<u8>,
    info: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

impl Csr {
    /// Reads a request: DER, or PEM with one of its two labels.
    ///
    /// # Errors
    /// The errors of [`pem::one`] and [`strict::check`]; [`ErrorKind::NotDer`] for another structure or version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let der = pem::one(bytes, &LABELS)?;
        strict::check(&der)?;
        let csr = Self::read(&der)?;
        Name::display_der(csr.part(&csr.subject))?;
        Ok(csr)
    }

    fn read(der: &[u8]) -> std::result::Result<Self, Fault> {
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE of a request is missing")?.inside();
        input.finish("octets behind the request")?;
        let info = outer.expect(tag::SEQUENCE, "certificationRequestInfo is missing")?;
        let algorithm = outer.expect(tag::SEQUENCE, "signatureAlgorithm is missing")?;
        let signature = outer.expect(tag::BIT_STRING, "signature is missing")?;
        signature.octet_bits()?;
        outer.finish("a field that a request does not have")?;

        let mut r = info.inside();
        let version = r.expect(tag::INTEGER, "version is missing")?;
        if version.value != [0] {
            return Err(version.fault("a version other than 1, whose code is 0"));
        }
        let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
        let spki = r.expect(tag::SEQUENCE, "subjectPKInfo is missing")?;
        // Some programs leave the empty set out, some write attributes without their SET: nobody reads them.
        r.optional(tag::constructed(0))?;
        r.finish("a field that certificationRequestInfo does not have")?;
        let range = |tlv: &Tlv<'_>| tlv.offset..tlv.offset + tlv.whole.len();
        let end = range(&signature).end;
        Ok(Self {
            der: der.to_vec(),
            info: range(&info),
            subject: range(&subject),
            spki: range(&spki),
            algorithm: range(&algorithm),
            // Without the octet that counts unused bits.
            signature: end - signature.value.len() + 1..end,
        })
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        signed::part(&self.der, range)
    }

    /// The whole request.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(PEM_LABEL, &self.der)
    }

    /// The subject the applicant asked for, safe for terminals: [`Name::display_der`]. It never goes into a
    /// certificate.
    #[must_use]
    pub fn subject_text(&self) -> String {
        Name::display_der(self.part(&self.subject)).unwrap_or_default()
    }

    /// The public key.
    ///
    /// # Errors
    /// The key errors of [`PublicKey::from_spki_der`].
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_spki_der(self.part(&self.spki))
    }

    /// The algorithm of the public key by its identifiers, whether or not it can be used here.
    #[must_use]
    pub fn key_algorithm(&self) -> Algorithm {
        let dotted = |r: &mut Reader<'_>| r.optional(tag::OID).ok().flatten().map(|t| oid::dotted(t.value));
        let mut spki = Reader::new(self.part(&self.spki));
        let inside = spki.any().and_then(|t| t.inside().any());
        let Ok(mut names) = inside.map(|t| t.inside()) else { return Algorithm::Other };
        let (key, curve) = (dotted(&mut names), dotted(&mut names));
        key::algorithm_named(&key.unwrap_or_default(), curve.as_deref())
    }

    /// Checks the proof of possession: the request's signature, with its own key and the default ID.
    ///
    /// A signature that fails is tried again in the ways in which programs are known to go wrong, only to say which
    /// one it was.
    ///
    /// # Errors
    /// The key errors of [`Csr::public_key`]; [`ErrorKind::CsrAlgorithm`]; [`ErrorKind::CsrEmptyId`],
    /// [`ErrorKind::CsrNoZa`], [`ErrorKind::CsrDoubleHash`], [`ErrorKind::CsrRawRs`], [`ErrorKind::CsrSignature`].
    pub fn verify(self) -> Result<VerifiedCsr> {
        let key = self.public_key()?;
        let algorithm = self.part(&self.algorithm);
        if !is_sm2_with_sm3(algorithm) {
            let inside = Reader::new(algorithm).any().map(|t| t.inside());
            let name = inside.and_then(|mut r| r.any()).map(|t| oid::dotted(t.value)).unwrap_or_default();
            return Err(Error::new(ErrorKind::CsrAlgorithm).about(name).at(self.algorithm.start));
        }
        let (info, octets) = (self.part(&self.info), self.part(&self.signature));
        if Signature::from_der(octets).and_then(|signature| key.verify(info, &signature)).is_err() {
            let kind = match diagnose(&key, info, octets) {
                Some(Cause::EmptyId) => ErrorKind::CsrEmptyId,
                Some(Cause::NoZa) => ErrorKind::CsrNoZa,
                Some(Cause::DoubleHash) => ErrorKind::CsrDoubleHash,
                Some(Cause::RawRs) => ErrorKind::CsrRawRs,
                None => ErrorKind::CsrSignature,
            };
            return Err(Error::new(kind).at(self.signature.start));
        }
        let digest = sm3(&self.der);
        Ok(VerifiedCsr { csr: self, key, digest })
    }
}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csr").field("subject", &self.subject_text()).finish_non_exhaustive()
    }
}

/// A request whose signer holds the private key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct VerifiedCsr {
    csr: Csr,
    key: PublicKey,
    digest: Digest,
}

impl VerifiedCsr {
    /// The whole request in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.csr.der()
    }

    /// SM3 of the DER: what an operator's record pins.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// As [`Csr::subject_text`].
    #[must_use]
    pub fn subject_text(&self) -> String {
        self.csr.subject_text()
    }
}

/// Makes a request, DER: `subject`, the signer's key, no attributes. `entropy` are 32 fresh random octets that hedge
/// the signature.
///
/// # Errors
/// Signing errors of the signer.
pub fn build(subject: &Name, signer: &dyn Signer, entropy: [u8; 32]) -> Result<Vec<u8>> {
    let mut info = Vec::with_capacity(256);
    nest(&mut info, tag::SEQUENCE, |out| {
        put(out, tag::INTEGER, &[0]);
        out.extend_from_slice(&subject.to_der());
        out.extend_from_slice(&signer.public_key().spki_der());
        put(out, tag::constructed(0), &[]);
    });
    let signature = signer.sign(&info, entropy)?;
    let mut out = Vec::with_capacity(info.len() + 96);
    nest(&mut out, tag::SEQUENCE, |out| {
        out.extend_from_slice(&info);
        put_algorithm(out);
        nest(out, tag::BIT_STRING, |out| {
            out.push(0);
            out.extend_from_slice(signature.der());
        });
    });
    Ok(out)
}

#[cfg(test)]
mod tests;
