//! SM2EnvelopedKey (GM/T 0009-2012 §7.4, GB/T 35276-2017 §7.4), the structure the other dialects are made of.
//!
//! ```asn1
//! SM2EnvelopedKey ::= SEQUENCE {
//!     symAlgID                AlgorithmIdentifier,   -- SM4-ECB 1.2.156.10197.1.104.1, no parameters
//!     symEncryptedKey         SM2Cipher,             -- the SM4 key, for the signing key of the receiver
//!     sm2PublicKey            BIT STRING,            -- 04 ‖ X ‖ Y of the delivered key
//!     sm2EncryptedPrivateKey  BIT STRING }           -- SM4-ECB of its d, 32 octets, no padding
//! ```

use hufu_model::ident::hex;

use super::{Content, Envelope, Finding, Notes, Rule};
use crate::encrypt::Ciphertext;
use crate::key::PublicKey;
use crate::oid::{self, Oid};
use crate::strict;
use crate::tlv::{self, Reader, Tlv, tag};

pub(super) fn read(der: &[u8], notes: &mut Notes) -> Result<Envelope, Finding> {
    strict::check(der)?;
    let mut input = Reader::new(der);
    fields(&input.expect(tag::SEQUENCE, "it is no SEQUENCE")?, notes)
}

/// Reads the four fields, whatever tag is around them.
pub(super) fn fields(outer: &Tlv<'_>, notes: &mut Notes) -> Result<Envelope, Finding> {
    let mut inside = outer.inside();
    let algorithm = inside.expect(tag::SEQUENCE, "the algorithm (symAlgID) is missing")?;
    let found = sm4(&algorithm, notes)?;
    if found == Some(oid::SM4) {
        notes.note(Finding::new(Rule::NoMode, oid::SM4.to_string()).at(algorithm.offset));
    }
    let cipher = inside.expect(tag::SEQUENCE, "the symmetric key (symEncryptedKey) is missing")?;
    let sealed = symmetric_key(&cipher, notes)?;
    let point = inside.expect(tag::BIT_STRING, "the public key (sm2PublicKey) is missing")?;
    let delivered = delivered(&point, notes)?;
    let encrypted = inside.expect(tag::BIT_STRING, "the private key (sm2EncryptedPrivateKey) is missing")?;
    inside.finish("octets behind the private key")?;
    let octets = encrypted.octet_bits()?;
    if octets.len() != 32 {
        let what = format!("the encrypted private key has {} octets instead of 32", octets.len());
        return Err(Finding::new(Rule::Length, what).at(encrypted.offset));
    }
    notes.part("encrypted-key", hex(octets));
    Ok(Envelope { delivered: Some(delivered), ..Envelope::new(sealed, Content::Bare(octets.to_vec())) })
}

/// Reads an algorithm that must be SM4 in ECB mode. `None` after noting that it is another one.
pub(super) fn sm4(algorithm: &Tlv<'_>, notes: &mut Notes) -> Result<Option<Oid>, Finding> {
    let mut inside = algorithm.inside();
    let name = inside.expect(tag::OID, "an algorithm without its identifier")?;
    let parameters = if inside.is_empty() { None } else { Some(inside.any()?) };
    inside.finish("octets behind the parameters of the algorithm")?;
    notes.part("algorithm", oid::dotted(name.value));
    if let Some(parameters) = parameters {
        if parameters.tag != tag::NULL {
            let what = "the algorithm has parameters, as another mode than ECB has";
            return Err(Finding::new(Rule::Algorithm, what).at(parameters.offset));
        }
        notes.note(Finding::new(Rule::NullParameters, "symmetric algorithm").at(parameters.offset));
    }
    let found = [oid::SM4_ECB, oid::SM4].into_iter().find(|known| known.as_bytes() == name.value);
    if found.is_none() {
        notes.note(Finding::new(Rule::Algorithm, oid::dotted(name.value)).at(name.offset));
    }
    Ok(found)
}

/// Reads the SM2Cipher around a symmetric key of 16 octets.
pub(super) fn symmetric_key(cipher: &Tlv<'_>, notes: &mut Notes) -> Result<Ciphertext, Finding> {
    let (sealed, negative) = Ciphertext::read(cipher).map_err(|e| Finding::from_error(Rule::Cipher, &e))?;
    if let Some(at) = negative {
        notes.note(Finding::new(Rule::HighBit, "a coordinate of C1").at(at));
    }
    if sealed.c2().len() != 16 {
        let what = format!("the symmetric key has {} octets instead of 16", sealed.c2().len());
        return Err(Finding::new(Rule::Length, what).at(cipher.offset));
    }
    Ok(sealed)
}

/// Reads the delivered public key, also without the octet 04.
fn delivered(point: &Tlv<'_>, notes: &mut Notes) -> Result<PublicKey, Finding> {
    let octets = point.octet_bits()?;
    let read = if octets.len() == 64 {
        notes.note(Finding::new(Rule::BarePoint, "64 octets").at(point.offset));
        PublicKey::from_point(&[&[0x04], octets].concat())
    } else {
        PublicKey::from_point(octets)
    };
    read.map_err(|e| Finding::from_error(Rule::PublicKey, &e).at(point.offset))
}

/// The structure of a sealed key under a tag: SEQUENCE, or the one of GM/T 0092.
pub(super) fn write(tag: u8, sealed: &Ciphertext, delivered: &PublicKey, encrypted: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(260);
    tlv::nest(&mut out, tag, |out| {
        tlv::nest(out, tag::SEQUENCE, |out| tlv::put(out, tag::OID, oid::SM4_ECB.as_bytes()));
        out.extend_from_slice(&sealed.to_der());
        for bits in [&delivered.point()[..], encrypted] {
            tlv::nest(out, tag::BIT_STRING, |out| {
                out.push(0);
                out.extend_from_slice(bits);
            });
        }
    });
    out
}
