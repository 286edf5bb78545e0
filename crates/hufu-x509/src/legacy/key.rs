//! Which algorithm a key is of, and how large it is.

use hufu_model::certificate::Algorithm;
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::key::PublicKey;
use crate::oid::{self, Oid};

/// secp521r1, whose coordinates fill 66 octets.
const P521: &str = "1.3.132.0.35";
/// Ed25519 and Ed448 (RFC 8410), whose keys are counted by their curve.
const EDWARDS: [(&[u8], u32); 2] = [(&[0x2b, 0x65, 0x70], 256), (&[0x2b, 0x65, 0x71], 456)];
/// The prime of the SM2 curve (GB/T 32918.5): where curve parameters are spelled out, it stands among them.
const SM2_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// What a key is.
pub(super) struct Described {
    pub(super) algorithm: Algorithm,
    /// The algorithm's identifier and the curve's.
    pub(super) identifiers: String,
    /// 0 when unknown.
    pub(super) bits: u32,
}

pub(super) fn describe(spki: &SubjectPublicKeyInfo<'_>) -> Described {
    let kind = spki.algorithm.algorithm.as_bytes();
    let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|o| oid::dotted(o.as_bytes()));
    let is = |known: &[Oid]| known.iter().any(|o| o.as_bytes() == kind);
    let algorithm = if is(&[oid::RSA, oid::RSA_PSS, oid::RSA_X500]) {
        Algorithm::Rsa
    } else if is(&[oid::SM2_CURVE, oid::SM2_SIGN, oid::SM2_ENCRYPT]) {
        // Old OpenSSL wrote the curve's own identifier as the algorithm.
        Algorithm::Sm2
    } else if is(&[oid::EC_PUBLIC_KEY]) {
        let named = curve.as_deref() == Some(&oid::SM2_CURVE.to_string());
        if named || spells_out_sm2(spki) { Algorithm::Sm2 } else { Algorithm::Ecdsa }
    } else if is(&[oid::ML_DSA_44, oid::ML_DSA_65, oid::ML_DSA_87]) {
        Algorithm::MlDsa
    } else {
        Algorithm::Other
    };
    let bits = match algorithm {
        Algorithm::Sm2 => 256,
        Algorithm::Ecdsa if curve.as_deref() == Some(P521) => 521,
        Algorithm::MlDsa => bits(&spki.subject_public_key.data),
        Algorithm::Rsa => rsa_bits(spki),
        _ => match EDWARDS.iter().find(|(known, _)| *known == kind) {
            Some((_, bits)) => *bits,
            None => spki.parsed().ok().map_or(0, |key| u32::try_from(key.key_size()).unwrap_or_default()),
        },
    };
    let kind = oid::dotted(kind);
    let identifiers = match (&curve, algorithm) {
        (Some(curve), _) => format!("{kind} {curve}"),
        (None, _) => kind,
    };
    Described { algorithm, identifiers, bits }
}

/// The SM2 key in an SPKI of any form, named curve or not.
pub(super) fn sm2(spki: &SubjectPublicKeyInfo<'_>) -> Option<PublicKey> {
    (describe(spki).algorithm == Algorithm::Sm2).then(|| PublicKey::from_point(&spki.subject_public_key.data).ok())?
}

fn spells_out_sm2(spki: &SubjectPublicKeyInfo<'_>) -> bool {
    let Some(parameters) = &spki.algorithm.parameters else { return false };
    parameters.data.windows(SM2_PRIME.len()).any(|octets| octets == SM2_PRIME)
}

/// The size of an RSA modulus. Some programs forgot the octet that keeps it positive: it is read as it stands.
fn rsa_bits(spki: &SubjectPublicKeyInfo<'_>) -> u32 {
    match spki.parsed() {
        Ok(ParsedKey::RSA(rsa)) => bits(rsa.modulus),
        // x509-parser takes the identifiers of keys for PSS only, and that of 1988, for unknown ones.
        _ => {
            let modulus = super::ber::element(&spki.subject_public_key.data)
                .and_then(|(sequence, _)| super::ber::element(sequence.content))
                .map(|(modulus, _)| modulus.content);
            modulus.map_or(0, bits)
        }
    }
}

/// The bits of a number, without those in front of its first 1.
fn bits(octets: &[u8]) -> u32 {
    let first = octets.iter().position(|b| *b != 0).unwrap_or(octets.len());
    let significant = octets.get(first..).unwrap_or_default();
    let octets = u32::try_from(significant.len()).unwrap_or_default();
    octets.saturating_mul(8).saturating_sub(significant.first().map_or(0, |b| b.leading_zeros()))
}
