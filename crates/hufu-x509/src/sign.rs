//! SM2 signatures (GB/T 32918.2-2016, GM/T 0003.2-2012; formats of GM/T 0009-2012).
//!
//! # One way to sign
//! e = SM3(ZA ‖ M), where ZA binds the signer's ID and public key ([`za`]). Certificates, requests, messages and records
//! all use [`DEFAULT_ID`]; nothing falls back to another ID when a signature does not verify. [`diagnose`] finds out
//! which of the known mistakes a signer made, for the message to the person who has to correct it.
//!
//! # Nonces
//! A repeated or biased nonce gives the private key away. Nonces come from the HMAC generator of RFC 6979 over SM3,
//! seeded with the private key, e, and 32 fresh octets (§3.6): with a broken random source the signature is
//! deterministic, which is safe; with a working one a fault in the arithmetic cannot be repeated on the same nonce.
//! Everything that touches the private key or the nonce is constant-time and wiped afterwards.

use std::fmt;

use hufu_model::ident::hex;
use sm2::elliptic_curve::PrimeField;
use sm2::elliptic_curve::group::Group;
use sm2::elliptic_curve::ops::{LinearCombination, Reduce};
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::{FieldBytes, ProjectivePoint, Scalar};
use zeroize::Zeroize;

use crate::digest::{HmacSm3, sm3_parts};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{PublicKey, SecretScalar};

/// The SM2 ID of everything this crate signs and accepts: the 16 ASCII octets of GM/T 0009 §10.
pub const DEFAULT_ID: &[u8] = b"1234567812345678";

/// Makes signatures with one private key, wherever it is kept: in memory ([`crate::key::SecretKey`]) or in a device.
pub trait Signer: Send + Sync {
    /// The public key the signatures verify with.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`, whole and not hashed, with [`DEFAULT_ID`]. `entropy` is fresh for each call.
    ///
    /// # Errors
    /// `x509.signing` when the key cannot sign.
    fn sign(&self, message: &[u8], entropy: [u8; 32]) -> Result<Signature>;
}

/// An SM2 signature in range and in its one DER form (GM/T 0009 §7.3):
///
/// ```text
/// SM2Signature ::= SEQUENCE { r INTEGER, s INTEGER }   -- 1 <= r, s <= n-1
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    r: Scalar,
    s: Scalar,
    der: [u8; Self::MAX_LENGTH],
    length: usize,
}

impl Signature {
    /// The longest DER form: two integers of 33 octets. Most signatures have 70 to 72 octets, a few are shorter.
    pub const MAX_LENGTH: usize = 72;

    /// Reads the DER form: exactly two minimal, positive INTEGERs below the order of the curve, and nothing after.
    ///
    /// # Errors
    /// `x509.signature-form`, naming the rule that is broken.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let bad = |rule: &str| Error::new(ErrorKind::SignatureForm).about(rule);
        let content = match der {
            [0x30, length, content @ ..] if usize::from(*length) == content.len() => content,
            [0x30, 0x81..=0xff, ..] => return Err(bad("the length is not minimal")),
            [0x30, ..] => return Err(bad("it does not end where its length says")),
            _ => return Err(bad("it is not a SEQUENCE")),
        };
        let (r, rest) = read_integer(content).map_err(bad)?;
        let (s, rest) = read_integer(rest).map_err(bad)?;
        if !rest.is_empty() {
            return Err(bad("it has more than two INTEGERs"));
        }
        Self::from_integers(&r, &s)
    }

    /// Reads r ‖ s, 64 octets: the form SDF devices and raw interfaces use, never one to accept on the wire.
    pub(crate) fn from_raw(raw: &[u8]) -> Result<Self> {
        let bad = || Error::new(ErrorKind::SignatureForm).about("it has not 64 octets");
        let raw: &[u8; 64] = raw.try_into().map_err(|_| bad())?;
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&raw[..32]);
        s.copy_from_slice(&raw[32..]);
        Self::from_integers(&r, &s)
    }

    fn from_integers(r: &[u8; 32], s: &[u8; 32]) -> Result<Self> {
        let scalar = |octets: &[u8; 32]| {
            let scalar = Scalar::from_repr(FieldBytes::from(*octets)).into_option();
            let scalar = scalar.filter(|scalar| !bool::from(scalar.is_zero()));
            scalar.ok_or_else(|| Error::new(ErrorKind::SignatureForm).about("an INTEGER is not in 1..n-1"))
        };
        Ok(Self::from_scalars(scalar(r)?, scalar(s)?))
    }

    /// A signature of two scalars that are not zero.
    fn from_scalars(r: Scalar, s: Scalar) -> Self {
        let mut der = [0; Self::MAX_LENGTH];
        let mut length = 2;
        for scalar in [r, s] {
            length = write_integer(&mut der, length, &scalar.to_repr().into());
        }
        der[0] = 0x30;
        der[1] = u8::try_from(length - 2).unwrap_or(0);
        Self { r, s, der, length }
    }

    /// The DER form.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der[..self.length]
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex(self.der()))
    }
}

/// Reads a minimal, non-negative INTEGER of at most 256 bits; the error is the rule that is broken.
fn read_integer(input: &[u8]) -> std::result::Result<([u8; 32], &[u8]), &'static str> {
    let [0x02, length, rest @ ..] = input else { return Err("it has fewer than two INTEGERs") };
    let (content, rest) =
        rest.split_at_checked(usize::from(*length)).ok_or("an INTEGER is longer than what holds it")?;
    let magnitude = match content {
        [] => return Err("an INTEGER is empty"),
        [0x80..=0xff, ..] => return Err("an INTEGER is negative"),
        [0x00, 0x00..0x80, ..] => return Err("an INTEGER is padded"),
        [0x00, magnitude @ ..] => magnitude,
        magnitude => magnitude,
    };
    let mut out = [0; 32];
    let start = out.len().checked_sub(magnitude.len()).ok_or("an INTEGER has more than 256 bits")?;
    out[start..].copy_from_slice(magnitude);
    Ok((out, rest))
}

/// Writes a minimal INTEGER at `at`; returns where it ends.
fn write_integer(der: &mut [u8; Signature::MAX_LENGTH], at: usize, octets: &[u8; 32]) -> usize {
    let zeros = octets.iter().take_while(|b| **b == 0).count().min(31);
    let magnitude = &octets[zeros..];
    let sign = usize::from(magnitude[0] >= 0x80);
    let length = sign + magnitude.len();
    let start = at + 2 + sign;
    der[at] = 0x02;
    der[at + 1] = u8::try_from(length).unwrap_or(0);
    der[start..start + magnitude.len()].copy_from_slice(magnitude);
    start + magnitude.len()
}

/// ZA = SM3(ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG ‖ xA ‖ yA), ENTL the length of the ID in bits in two octets (GM/T 0009 §8).
///
/// # Errors
/// `x509.signing` for an ID of 8192 octets or more, which ENTL cannot express.
pub fn za(id: &[u8], public: &PublicKey) -> Result<[u8; 32]> {
    let bits = id.len().checked_mul(8).and_then(|bits| u16::try_from(bits).ok());
    let bits = bits.ok_or_else(|| Error::new(ErrorKind::Signing).about("the SM2 ID has 8192 octets or more"))?;
    Ok(za_of_point(bits, id, public.point()))
}

/// ZA with the default ID, which always fits.
pub(crate) fn default_za(point: &[u8; 65]) -> [u8; 32] {
    za_of_point(128, DEFAULT_ID, point)
}

fn za_of_point(bits: u16, id: &[u8], point: &[u8; 65]) -> [u8; 32] {
    sm3_parts(&[&bits.to_be_bytes(), id, &CURVE, &point[1..]]).0
}

/// a ‖ b ‖ xG ‖ yG of the recommended curve (GB/T 32918.5-2017 §2).
const CURVE: [u8; 128] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, //
    0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, //
    0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93, //
    0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, //
    0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7, //
    0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, //
    0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0, //
];

/// e = SM3(ZA ‖ M).
pub(crate) fn hash_message(za: &[u8; 32], message: &[u8]) -> [u8; 32] {
    sm3_parts(&[za, message]).0
}

fn reduce(octets: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*octets))
}

/// Verifies over e, in the order of GM/T 0003.2 §7.1. All values are public, so `hufu-sm2`, which is fast and takes its
/// time from them, does it; a debug build asks RustCrypto, too, so that every test of the project compares the two.
pub(crate) fn verify_prehash(public: &PublicKey, e: &[u8; 32], signature: &Signature) -> Result<()> {
    let (r, s): ([u8; 32], [u8; 32]) = (signature.r.to_repr().into(), signature.s.to_repr().into());
    let fits = public.verifying().verify_digest(e, &r, &s).is_ok();
    debug_assert_eq!(fits, reference_verify(public, e, signature), "two implementations of SM2 disagree");
    if fits { Ok(()) } else { Err(ErrorKind::Signature.into()) }
}

/// The same by RustCrypto's arithmetic. That r and s are in 1..n-1 is what [`Signature`] means, and that the point is on
/// the curve is what [`PublicKey`] means.
fn reference_verify(public: &PublicKey, e: &[u8; 32], signature: &Signature) -> bool {
    let t = signature.r + signature.s;
    if bool::from(t.is_zero()) {
        return false;
    }
    let terms = [(ProjectivePoint::GENERATOR, signature.s), (ProjectivePoint::from(*public.affine()), t)];
    let point = ProjectivePoint::lincomb_vartime(&terms);
    if bool::from(point.is_identity()) {
        return false;
    }
    reduce(e) + Scalar::reduce(&point.to_affine().x()) == signature.r
}

/// How often a nonce may be unsuitable. Once has a probability of about 2^-255, so even a second is a fault.
const NONCE_TRIES: usize = 4;

/// Signs e (GM/T 0003.2 §6.1), hedged with `entropy`.
pub(crate) fn sign_prehash(secret: &SecretScalar, e: &[u8; 32], entropy: &[u8; 32]) -> Result<Signature> {
    let e = reduce(e);
    let mut nonces = Nonces::new(secret.scalar(), &e, entropy);
    for _ in 0..NONCE_TRIES {
        let mut k = nonces.next();
        let signature = sign_with_nonce(secret, &e, &k);
        k.zeroize();
        if let Some(signature) = signature {
            return Ok(signature);
        }
    }
    Err(Error::new(ErrorKind::Signing).about("no suitable nonce"))
}

/// `None` when the standard asks for another nonce: r = 0, r + k = n or s = 0.
fn sign_with_nonce(secret: &SecretScalar, e: &Scalar, k: &Scalar) -> Option<Signature> {
    let x = ProjectivePoint::mul_by_generator(k).to_affine().x();
    let r = *e + Scalar::reduce(&x);
    let mut sum = r + *k;
    // s = (1+d)^-1 (k - r·d) = (1+d)^-1 (k + r) - r, and (1+d)^-1 is kept with the key: no inversion here.
    let s = *secret.inverse() * sum - r;
    let unsuitable = bool::from(r.is_zero() | sum.is_zero() | s.is_zero());
    sum.zeroize();
    (!unsuitable).then(|| Signature::from_scalars(r, s))
}

/// The nonce generator of RFC 6979 §3.2 over HMAC-SM3, with the additional data of §3.6. Its state is wiped when
/// dropped.
pub(crate) struct Nonces {
    key: [u8; 32],
    value: [u8; 32],
}

impl Nonces {
    fn new(d: &Scalar, e: &Scalar, entropy: &[u8; 32]) -> Self {
        let mut d: [u8; 32] = d.to_repr().into();
        let e: [u8; 32] = e.to_repr().into();
        let this = Self::seeded(&d, &e, entropy);
        d.zeroize();
        this
    }

    /// From what the nonce is for, one part of it secret, and 32 fresh octets.
    pub(crate) fn seeded(first: &[u8], second: &[u8], entropy: &[u8; 32]) -> Self {
        let mut this = Self { key: [0x00; 32], value: [0x01; 32] };
        this.update(&[&[0x00], first, second, entropy]);
        this.update(&[&[0x01], first, second, entropy]);
        this
    }

    fn update(&mut self, input: &[&[u8]]) {
        let mut parts = [self.value.as_slice(), &[], &[], &[], &[]];
        for (part, input) in parts[1..].iter_mut().zip(input) {
            *part = input;
        }
        self.key = HmacSm3::new(&self.key).of(&parts);
        self.value = HmacSm3::new(&self.key).of(&[&self.value]);
    }

    /// A nonce in 1..n-1, each with the same probability.
    pub(crate) fn next(&mut self) -> Scalar {
        loop {
            self.value = HmacSm3::new(&self.key).of(&[&self.value]);
            let candidate = Scalar::from_repr(FieldBytes::from(self.value)).into_option();
            // Step 3.2.h: whatever comes after this candidate has another key.
            self.update(&[&[0x00]]);
            // Rejecting tells nothing about the nonce that is used, and happens once in 2^32 candidates.
            if let Some(k) = candidate.filter(|k| !bool::from(k.is_zero())) {
                return k;
            }
        }
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        self.key.zeroize();
        self.value.zeroize();
    }
}

/// What a signer did instead of what GM/T 0009 asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// ZA was computed with an empty ID: OpenSSL before 4.0 without `distid`.
    EmptyId,
    /// e = SM3(M): there is no ZA, as in ECDSA.
    NoZa,
    /// e = SM3(ZA ‖ SM3(M)): a digest was given to a function that hashes.
    DoubleHash,
    /// The signature is r ‖ s, 64 octets, instead of DER; else it is right.
    RawRs,
}

/// Why a signature does not verify, when it is one of the known mistakes. It never makes a signature acceptable: call
/// it after the verification failed, to tell the signer what to correct.
#[must_use]
pub fn diagnose(public: &PublicKey, message: &[u8], signature: &[u8]) -> Option<Cause> {
    let fits = |e: [u8; 32], signature: &Signature| verify_prehash(public, &e, signature).is_ok();
    let Ok(parsed) = Signature::from_der(signature) else {
        let raw = Signature::from_raw(signature).ok()?;
        return fits(hash_message(public.za(), message), &raw).then_some(Cause::RawRs);
    };
    let empty_id = hash_message(&za_of_point(0, &[], public.point()), message);
    let no_za = sm3_parts(&[message]).0;
    let double = hash_message(public.za(), &no_za);
    let causes = [(Cause::EmptyId, empty_id), (Cause::NoZa, no_za), (Cause::DoubleHash, double)];
    causes.into_iter().find(|(_, e)| fits(*e, &parsed)).map(|(cause, _)| cause)
}

#[cfg(test)]
mod tests;
