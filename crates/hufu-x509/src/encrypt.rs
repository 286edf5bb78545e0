//! SM2 public key encryption (GB/T 32918.4-2016, GM/T 0003.4-2012; its form is SM2Cipher of GM/T 0009-2012 §7.2).
//!
//! It carries keys, not files: a symmetric key, or the private key of a pair ([`crate::envelope`]).
//!
//! # Nonces
//! Who knows k opens the ciphertext, and a k that serves twice under one key ties both texts together. So k comes from
//! the generator that signatures use ([`crate::sign`]), seeded with the receiver's key, the text itself and 32 fresh
//! octets: with a broken random source it still differs between texts and receivers.
//!
//! # Opening
//! C1 is a [`PublicKey`]: on the curve and not infinity, before the private key meets it. The digest C3 is compared in
//! constant time, and not one octet of the text is released unless it fits. All refusals of a well-formed ciphertext are
//! the same one.

use sm2::elliptic_curve::Group;
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::elliptic_curve::subtle::ConstantTimeEq;
use sm2::{ProjectivePoint, Scalar};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::digest::sm3_parts;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{PublicKey, SecretKey};
use crate::sign::Nonces;
use crate::strict;
use crate::tlv::{self, Fault, Reader, Tlv, tag};

/// The longest text, in octets: 32 KiB.
pub const MAX_PLAIN: usize = 32 * 1024;

/// Sets the nonces of encryption apart from those of signatures.
const NONCE_LABEL: &[u8] = b"hufu sm2 encrypt 1";

/// How often a nonce may be unsuitable. With a text of one octet one in 256 is, with a key of 16 octets none ever.
const NONCE_TRIES: usize = 32;

/// A ciphertext whose point is valid: C1 = \[k\]G, C3 = SM3(x2 ‖ M ‖ y2), C2 = M ⊕ KDF(x2 ‖ y2), where
/// (x2, y2) = \[k\]P.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    c1: PublicKey,
    c3: [u8; 32],
    c2: Vec<u8>,
}

impl Ciphertext {
    /// Reads the form of GM/T 0009 §7.2, in strict DER:
    ///
    /// ```text
    /// SM2Cipher ::= SEQUENCE {
    ///   xCoordinate  INTEGER,                   -- of C1
    ///   yCoordinate  INTEGER,
    ///   hash         OCTET STRING (SIZE (32)),  -- C3
    ///   cipherText   OCTET STRING }             -- C2
    /// ```
    ///
    /// # Errors
    /// `x509.cipher` with the octet and what is wrong, also for a point that is not on the curve; the errors of
    /// [`strict::check`].
    pub fn from_der(der: &[u8]) -> Result<Self> {
        strict::check(der)?;
        let mut input = Reader::new(der);
        let outer = input.expect(tag::SEQUENCE, "it is no SEQUENCE").map_err(refused)?;
        match Self::read(&outer)? {
            (read, None) => Ok(read),
            (_, Some(at)) => Err(bad("a coordinate is a negative INTEGER").at(at)),
        }
    }

    /// Reads an SM2Cipher inside something else. The second value is where a coordinate stands that lacks the octet 00
    /// before its high bit, which makes it a negative number.
    pub(crate) fn read(outer: &Tlv<'_>) -> Result<(Self, Option<usize>)> {
        let mut inside = outer.inside();
        let x = inside.expect(tag::INTEGER, "the x coordinate is missing").map_err(refused)?;
        let y = inside.expect(tag::INTEGER, "the y coordinate is missing").map_err(refused)?;
        let hash = inside.expect(tag::OCTET_STRING, "the digest C3 is missing").map_err(refused)?;
        let text = inside.expect(tag::OCTET_STRING, "the text C2 is missing").map_err(refused)?;
        inside.finish("octets behind the text C2").map_err(refused)?;
        let mut point = [0x04; 65];
        let mut negative = None;
        for (coordinate, place) in [(&x, 1), (&y, 33)] {
            let octets = match coordinate.value {
                whole @ [0x80..=0xff, ..] if whole.len() == 32 => {
                    negative = negative.or(Some(coordinate.offset));
                    whole
                }
                _ => coordinate.unsigned().map_err(refused)?,
            };
            let start = 32usize.checked_sub(octets.len());
            let start = start.ok_or_else(|| bad("a coordinate has more than 256 bits").at(coordinate.offset))?;
            point[place..place + start].fill(0);
            point[place + start..place + 32].copy_from_slice(octets);
        }
        let c1 = PublicKey::from_point(&point).map_err(|_| bad("C1 is not on the curve").at(x.offset))?;
        let c3: [u8; 32] =
            hash.value.try_into().map_err(|_| bad("the digest C3 does not have 32 octets").at(hash.offset))?;
        let read = Self::new(c1, c3, text.value.to_vec()).map_err(|e| e.at(text.offset))?;
        Ok((read, negative))
    }

    /// Reads C1 ‖ C3 ‖ C2, the point as 04 ‖ X ‖ Y (GB/T 32918.4 §6.1).
    ///
    /// # Errors
    /// `x509.cipher`.
    pub fn from_c1c3c2(octets: &[u8]) -> Result<Self> {
        let (c1, rest) = octets.split_first_chunk::<65>().ok_or_else(|| bad("it ends inside C1"))?;
        let (c3, c2) = rest.split_first_chunk::<32>().ok_or_else(|| bad("it ends inside C3"))?;
        Self::new(point(c1)?, *c3, c2.to_vec())
    }

    /// Reads C1 ‖ C2 ‖ C3, the order of the drafts before 2012.
    pub(crate) fn from_c1c2c3(octets: &[u8]) -> Result<Self> {
        let (c1, rest) = octets.split_first_chunk::<65>().ok_or_else(|| bad("it ends inside C1"))?;
        let (c2, c3) = rest.split_last_chunk::<32>().ok_or_else(|| bad("it ends inside C3"))?;
        Self::new(point(c1)?, *c3, c2.to_vec())
    }

    pub(crate) fn new(c1: PublicKey, c3: [u8; 32], c2: Vec<u8>) -> Result<Self> {
        match c2.len() {
            0 => Err(bad("the text C2 is empty")),
            1..=MAX_PLAIN => Ok(Self { c1, c3, c2 }),
            length => {
                Err(Error::new(ErrorKind::TooLarge).about(format!("C2 has {length} octets, at most {MAX_PLAIN}")))
            }
        }
    }

    /// The form that [`Ciphertext::from_der`] reads.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.c2.len() + 120);
        tlv::nest(&mut out, tag::SEQUENCE, |out| {
            tlv::put_unsigned(out, &self.c1.point()[1..33]);
            tlv::put_unsigned(out, &self.c1.point()[33..]);
            tlv::put(out, tag::OCTET_STRING, &self.c3);
            tlv::put(out, tag::OCTET_STRING, &self.c2);
        });
        out
    }

    /// C1 ‖ C3 ‖ C2.
    #[must_use]
    pub fn to_c1c3c2(&self) -> Vec<u8> {
        [&self.c1.point()[..], &self.c3, &self.c2].concat()
    }

    /// The point C1.
    #[must_use]
    pub fn c1(&self) -> &PublicKey {
        &self.c1
    }

    /// The digest C3.
    #[must_use]
    pub fn c3(&self) -> &[u8; 32] {
        &self.c3
    }

    /// The encrypted text C2, as long as the text itself; never empty.
    #[must_use]
    pub fn c2(&self) -> &[u8] {
        &self.c2
    }
}

impl PublicKey {
    /// Encrypts `plain`, 1 octet to [`MAX_PLAIN`], for the owner of the key. `entropy` is fresh for each call.
    ///
    /// # Errors
    /// `x509.cipher` for no text at all, `x509.too-large`; `x509.signing` when no nonce is suitable, which working
    /// hardware does not show.
    pub fn encrypt(&self, plain: &[u8], mut entropy: [u8; 32]) -> Result<Ciphertext> {
        let mut nonces = Nonces::seeded(&[NONCE_LABEL, self.point()].concat(), plain, &entropy);
        entropy.zeroize();
        for _ in 0..NONCE_TRIES {
            let mut k = nonces.next();
            let sealed = encrypt_with_nonce(self, plain, &k);
            k.zeroize();
            if let Some(sealed) = sealed? {
                return Ok(sealed);
            }
        }
        Err(Error::new(ErrorKind::Signing).about("no suitable nonce"))
    }
}

impl SecretKey {
    /// Decrypts; what it returns is wiped when dropped.
    ///
    /// # Errors
    /// `x509.decrypt`, the same for every reason: another key, or an altered ciphertext.
    pub fn decrypt(&self, sealed: &Ciphertext) -> Result<Zeroizing<Vec<u8>>> {
        let shared = Shared::new(&sealed.c1, self.secret().scalar());
        let stream = shared.stream(sealed.c2.len());
        let zero = is_zero(&stream);
        let mut plain = stream;
        xor(&mut plain, &sealed.c2);
        let fits = shared.digest(&plain).ct_eq(&sealed.c3);
        if bool::from(fits) && !zero { Ok(plain) } else { Err(ErrorKind::Decrypt.into()) }
    }
}

/// `None` when the standard asks for another nonce: the key stream is zero.
pub(crate) fn encrypt_with_nonce(to: &PublicKey, plain: &[u8], k: &Scalar) -> Result<Option<Ciphertext>> {
    let shared = Shared::new(to, k);
    let mut stream = shared.stream(plain.len());
    if !plain.is_empty() && is_zero(&stream) {
        return Ok(None);
    }
    xor(&mut stream, plain);
    let c1 = ProjectivePoint::mul_by_generator(k).to_affine().to_sec1_point(false);
    Ciphertext::new(point(c1.as_bytes())?, shared.digest(plain), stream.to_vec()).map(Some)
}

/// (x2, y2), which both sides compute and nobody else.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Shared {
    x: [u8; 32],
    y: [u8; 32],
}

impl Shared {
    /// \[k\]P, in constant time. It is not infinity: k is in 1..n-1 and the order of P is the prime n.
    fn new(point: &PublicKey, k: &Scalar) -> Self {
        let mut product = ProjectivePoint::from(*point.affine()) * k;
        let mut affine = product.to_affine();
        product.zeroize();
        let (mut x, mut y) = (affine.x(), affine.y());
        affine.zeroize();
        let shared = Self { x: x.into(), y: y.into() };
        x.zeroize();
        y.zeroize();
        shared
    }

    /// The key stream KDF(x2 ‖ y2, length) of GB/T 32918.4 §5.4.3: SM3 with a counter of four octets from 1 on.
    fn stream(&self, length: usize) -> Zeroizing<Vec<u8>> {
        let mut stream = Zeroizing::new(vec![0; length]);
        for (block, counter) in stream.chunks_mut(32).zip(1u32..) {
            let mut octets = sm3_parts(&[&self.x, &self.y, &counter.to_be_bytes()]).0;
            block.copy_from_slice(&octets[..block.len()]);
            octets.zeroize();
        }
        stream
    }

    /// C3.
    fn digest(&self, plain: &[u8]) -> [u8; 32] {
        sm3_parts(&[&self.x, plain, &self.y]).0
    }
}

/// Whether every octet is zero, without stopping at the first that is not.
pub(crate) fn is_zero(octets: &[u8]) -> bool {
    octets.iter().fold(0, |all, octet| all | octet) == 0
}

fn xor(into: &mut [u8], other: &[u8]) {
    into.iter_mut().zip(other).for_each(|(a, b)| *a ^= b);
}

fn point(octets: &[u8]) -> Result<PublicKey> {
    PublicKey::from_point(octets).map_err(|e| bad("C1 is not a point of the curve").about(e.kind().what()))
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::Cipher).about(what)
}

fn refused(fault: Fault) -> Error {
    bad(fault.what).at(fault.offset)
}

#[cfg(test)]
mod tests;
