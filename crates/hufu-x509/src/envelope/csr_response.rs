//! CSRResponse (GM/T 0092-2020 §8), what answers a request for a pair: both certificates and the encryption key.
//!
//! ```asn1
//! -- IMPLICIT TAGS
//! CSRResponse ::= SEQUENCE {
//!     signCertificate          CertificateSet,
//!     encryptedPrivateKey  [0] SM2EnvelopedKey OPTIONAL,
//!     encryptCertificate   [1] CertificateSet OPTIONAL }
//! CertificateSet ::= SET OF Certificate
//! ```
//!
//! Annex A of the standard names the type of the key differently in one place, and programs in use write the whole
//! SEQUENCE or SET inside the tag: both are read, and the form of the module is written.

use super::enveloped_key;
use super::{Envelope, Finding, Notes, Rule};
use crate::certificate::Certificate;
use crate::encrypt::Ciphertext;
use crate::key::PublicKey;
use crate::signed_data::each_certificate;
use crate::strict;
use crate::tlv::{self, Reader, Tlv, tag};

pub(super) fn read(der: &[u8], notes: &mut Notes) -> Result<Envelope, Finding> {
    strict::check(der)?;
    let mut input = Reader::new(der);
    let mut fields = input.expect(tag::SEQUENCE, "it is no SEQUENCE")?.inside();
    let signing = fields.expect(tag::SET, "the signing certificates are missing")?;
    let signing = certificates(&signing)?;
    let key = fields.optional(tag::constructed(0))?;
    let encryption = fields.optional(tag::constructed(1))?;
    fields.finish("octets behind the answer")?;
    let encryption = match encryption {
        None => Vec::new(),
        Some(tagged) => certificates(&unwrapped(&tagged, tag::SET, "certificates", notes)?)?,
    };
    for certificate in &signing {
        notes.part("signing-certificate", certificate.subject_text());
    }
    for certificate in &encryption {
        notes.part("encryption-certificate", certificate.subject_text());
    }
    let Some(key) = key else { return Err(Finding::new(Rule::NoKey, "encryptedPrivateKey is absent")) };
    let envelope = enveloped_key::fields(&unwrapped_key(&key, notes)?, notes)?;
    Ok(Envelope { signing, encryption, ..envelope })
}

/// The content of `[0]`: four fields, or one SEQUENCE with them.
fn unwrapped_key<'a>(key: &Tlv<'a>, notes: &mut Notes) -> Result<Tlv<'a>, Finding> {
    unwrapped(key, tag::SEQUENCE, "encryptedPrivateKey", notes)
}

/// What is inside a tag, when the whole of it is one element with the tag that IMPLICIT replaces.
fn unwrapped<'a>(tagged: &Tlv<'a>, replaced: u8, what: &str, notes: &mut Notes) -> Result<Tlv<'a>, Finding> {
    let mut inside = tagged.inside();
    let first = inside.any()?;
    // A set of one certificate is one SEQUENCE, too, but not one SET.
    if first.tag != replaced || !inside.is_empty() {
        return Ok(*tagged);
    }
    notes.note(Finding::new(Rule::ExplicitTag, what).at(tagged.offset));
    Ok(first)
}

fn certificates(set: &Tlv<'_>) -> Result<Vec<Certificate>, Finding> {
    let read = |found: Vec<Tlv<'_>>| found.iter().map(|c| Certificate::from_der(c.whole)).collect();
    Ok(each_certificate(set).and_then(read)?)
}

/// The answer with a sealed key. The certificates are sets and stand in DER's order (X.690 §11.6).
pub(super) fn write(
    signing: &[Certificate],
    encryption: &[Certificate],
    (sealed, delivered, encrypted): (&Ciphertext, &PublicKey, &[u8]),
) -> Vec<u8> {
    let mut out = Vec::new();
    tlv::nest(&mut out, tag::SEQUENCE, |out| {
        tlv::put(out, tag::SET, &set(signing));
        out.extend_from_slice(&enveloped_key::write(tag::constructed(0), sealed, delivered, encrypted));
        tlv::put(out, tag::constructed(1), &set(encryption));
    });
    out
}

fn set(certificates: &[Certificate]) -> Vec<u8> {
    let mut ders: Vec<&[u8]> = certificates.iter().map(Certificate::der).collect();
    ders.sort_unstable();
    ders.dedup();
    ders.concat()
}
