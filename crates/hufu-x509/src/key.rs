//! SM2 keys: public ones that are valid by construction, private ones that are wiped, and the passphrases that protect
//! them.

use std::fmt;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use hufu_model::certificate::Algorithm;
use hufu_model::entropy::Entropy;
use hufu_model::ident::hex;
use hufu_sm2::VerifyingKey;
use sm2::elliptic_curve::PrimeField;
use sm2::elliptic_curve::group::Group;
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::digest::{Digest, sha1, sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::sign::{self, Signature, Signer};

/// A public key on the SM2 curve: not the point at infinity, coordinates below p, the curve equation holds. The
/// cofactor is 1, so nothing more is to check (GB/T 32918.1 §6.2.1).
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; 65],
    affine: AffinePoint,
    /// The same point, ready for fast verification.
    verifying: VerifyingKey,
    /// ZA with the default ID: it depends on the key only and each signature and verification needs it.
    za: [u8; 32],
}

/// SubjectPublicKeyInfo up to the point: SEQUENCE { SEQUENCE { id-ecPublicKey, SM2 curve }, BIT STRING.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf,
    0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];

/// id-ecPublicKey (RFC 5480 §2.1.1).
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The SM2 curve (GB/T 33560 Annex A).
pub(crate) const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// rsaEncryption, id-RSASSA-PSS and their neighbours (PKCS #1).
const PKCS1: &str = "1.2.840.113549.1.1.";

impl PublicKey {
    /// A key from its uncompressed point, 04 ‖ X ‖ Y: the content of the BIT STRING of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// `x509.key-infinity`, `x509.key-compressed` (also for the hybrid form), `x509.key-off-curve` (also for coordinates
    /// of p or more), `x509.key-point` for anything that is no encoded point.
    pub fn from_point(point: &[u8]) -> Result<Self> {
        match (point.first(), point.len()) {
            (Some(0x00), 1) => return Err(ErrorKind::KeyInfinity.into()),
            (Some(0x02 | 0x03), 33) | (Some(0x06 | 0x07), 65) => return Err(ErrorKind::KeyCompressed.into()),
            (Some(0x04), _) => (),
            _ => return Err(ErrorKind::KeyPoint.into()),
        }
        let point: [u8; 65] =
            point.try_into().map_err(|_| Error::new(ErrorKind::KeyPoint).about(format!("{} octets", point.len())))?;
        let key = sm2::PublicKey::from_sec1_bytes(&point).map_err(|_| ErrorKind::KeyOffCurve)?;
        let verifying = VerifyingKey::from_point(&point).map_err(|_| ErrorKind::KeyOffCurve)?;
        Ok(Self { point, affine: *key.as_affine(), verifying, za: sign::default_za(&point) })
    }

    /// A key from a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 5480 §2):
    ///
    /// ```text
    /// SubjectPublicKeyInfo ::= SEQUENCE {
    ///   algorithm         SEQUENCE { id-ecPublicKey, namedCurve 1.2.156.10197.1.301 },
    ///   subjectPublicKey  BIT STRING }   -- the uncompressed point
    /// ```
    ///
    /// # Errors
    /// As [`PublicKey::from_point`], and `x509.key-rsa`, `x509.key-curve`, `x509.key-explicit`, `x509.key-algorithm`,
    /// `x509.not-der`.
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        if let Some(point) = der.strip_prefix(&SPKI_PREFIX).filter(|point| point.len() == 65) {
            return Self::from_point(point);
        }
        let mut reader = SliceReader::new(der)?;
        let (algorithm, parameters, point) = reader.sequence(|reader| {
            let (algorithm, parameters) = reader.sequence(|reader| {
                let algorithm = ObjectIdentifier::decode(reader)?;
                let parameters = Option::<AnyRef<'_>>::decode(reader)?;
                Ok::<_, der::Error>((algorithm, parameters))
            })?;
            Ok::<_, der::Error>((algorithm, parameters, BitStringRef::decode(reader)?))
        })?;
        reader.finish()?;
        check_algorithm(&algorithm, parameters)?;
        Self::from_point(point.as_bytes().ok_or(ErrorKind::KeyPoint)?)
    }

    /// The uncompressed point, 04 ‖ X ‖ Y.
    #[must_use]
    pub fn point(&self) -> &[u8; 65] {
        &self.point
    }

    /// The SubjectPublicKeyInfo in DER, 91 octets.
    #[must_use]
    pub fn spki_der(&self) -> Vec<u8> {
        [&SPKI_PREFIX[..], &self.point].concat()
    }

    /// SM3 of the SubjectPublicKeyInfo: names the key in records and in the register of used keys.
    #[must_use]
    pub fn spki_digest(&self) -> Digest {
        sm3(&self.spki_der())
    }

    /// The key identifier of certificates: SHA-1 of the content of the BIT STRING (GB/T 20518 §5.2.4.2.2 a).
    #[must_use]
    pub fn key_id(&self) -> [u8; 20] {
        sha1(&self.point)
    }

    /// Verifies a signature over `message` with the default ID.
    ///
    /// # Errors
    /// `x509.signature`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<()> {
        sign::verify_prehash(self, &sign::hash_message(&self.za, message), signature)
    }

    /// The point, ready for fast verification.
    pub(crate) fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The point, for arithmetic.
    pub(crate) fn affine(&self) -> &AffinePoint {
        &self.affine
    }

    /// ZA with the default ID.
    pub(crate) fn za(&self) -> &[u8; 32] {
        &self.za
    }
}

/// Says precisely what is wrong with the algorithm of a key, as the person who made it needs to know.
pub(crate) fn check_algorithm(algorithm: &ObjectIdentifier, parameters: Option<AnyRef<'_>>) -> Result<()> {
    let name = algorithm.to_string();
    if name.starts_with(PKCS1) {
        return Err(ErrorKind::KeyRsa.into());
    }
    if *algorithm != EC_PUBLIC_KEY {
        return Err(Error::new(ErrorKind::KeyAlgorithm).about(name));
    }
    match parameters {
        Some(parameters) if parameters.tag() == Tag::ObjectIdentifier => {
            let curve = parameters.decode_as::<ObjectIdentifier>()?;
            if curve == SM2_CURVE { Ok(()) } else { Err(Error::new(ErrorKind::KeyCurve).about(curve.to_string())) }
        }
        Some(parameters) if parameters.tag() == Tag::Sequence => Err(ErrorKind::KeyExplicit.into()),
        _ => Err(Error::new(ErrorKind::KeyCurve).about("it names no curve")),
    }
}

/// The algorithm of a key by the dotted identifier that names it and, on a curve, the curve's. A curve that is written
/// out, or named as the algorithm itself, is one nobody takes here: its kind is still known.
pub(crate) fn algorithm_named(key: &str, curve: Option<&str>) -> Algorithm {
    /// ML-DSA-44, -65 and -87 (FIPS 204): 2.16.840.1.101.3.4.3.17 to .19.
    const ML_DSA: [&str; 3] = ["2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18", "2.16.840.1.101.3.4.3.19"];
    let (ec, sm2) = (EC_PUBLIC_KEY.to_string(), SM2_CURVE.to_string());
    match key {
        _ if key.starts_with(PKCS1) => Algorithm::Rsa,
        _ if key == sm2 || (key == ec && curve == Some(&sm2)) => Algorithm::Sm2,
        _ if key == ec => Algorithm::Ecdsa,
        _ if ML_DSA.contains(&key) => Algorithm::MlDsa,
        _ => Algorithm::Other,
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex(&self.point))
    }
}

/// A private key in memory. It is not cloned, prints nothing of itself and is wiped when dropped.
pub struct SecretKey {
    /// On the heap, so that moving the key leaves no copies behind.
    secret: Box<SecretScalar>,
    public: PublicKey,
}

/// d and (1+d)^-1, in the form the arithmetic uses.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SecretScalar {
    d: Scalar,
    inverse: Scalar,
}

impl SecretScalar {
    /// d, in 1..n-2.
    pub(crate) fn scalar(&self) -> &Scalar {
        &self.d
    }

    /// (1+d)^-1.
    pub(crate) fn inverse(&self) -> &Scalar {
        &self.inverse
    }
}

/// How many candidates a working random source can fail to give: each fails once in 2^32.
const SCALAR_TRIES: usize = 8;

impl SecretKey {
    /// Generates a key, each with the same probability.
    ///
    /// # Errors
    /// `x509.entropy` when the source fails, or gives what no working source gives.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut candidate = Zeroizing::new([0; 32]);
        for _ in 0..SCALAR_TRIES {
            entropy.fill(&mut *candidate)?;
            if let Ok(key) = Self::from_scalar(&candidate) {
                return Ok(key);
            }
        }
        Err(Error::new(ErrorKind::Entropy).about("its octets are not random"))
    }

    /// A key from its scalar d, big endian.
    ///
    /// # Errors
    /// `x509.key-scalar` unless d is in 1..n-2: with n-1, 1+d has no inverse (GB/T 32918.2 §6.1).
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self> {
        let mut octets = FieldBytes::from(*scalar);
        let d = Scalar::from_repr(octets).into_option();
        octets.zeroize();
        let mut d = d.filter(|d| !bool::from(d.is_zero())).ok_or(ErrorKind::KeyScalar)?;
        let Some(mut inverse) = (d + Scalar::ONE).invert().into_option() else {
            return Err(ErrorKind::KeyScalar.into());
        };
        let secret = Box::new(SecretScalar { d, inverse });
        d.zeroize();
        inverse.zeroize();
        let point = ProjectivePoint::mul_by_generator(&secret.d).to_affine().to_sec1_point(false);
        let public = PublicKey::from_point(point.as_bytes())?;
        Ok(Self { secret, public })
    }

    /// The scalar, big endian; the copy is wiped when dropped.
    pub(crate) fn to_scalar(&self) -> Zeroizing<[u8; 32]> {
        let mut octets = self.secret.d.to_repr();
        let mut out = Zeroizing::new([0; 32]);
        out.copy_from_slice(&octets);
        octets.zeroize();
        out
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The secret values, for the arithmetic.
    pub(crate) fn secret(&self) -> &SecretScalar {
        &self.secret
    }

    /// Signs e instead of a message: for tests of what other programs do wrong.
    #[cfg(test)]
    pub(crate) fn sign_prehash(&self, e: &[u8; 32], entropy: [u8; 32]) -> Result<Signature> {
        sign::sign_prehash(&self.secret, e, &entropy)
    }
}

impl Signer for SecretKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8], mut entropy: [u8; 32]) -> Result<Signature> {
        let e = sign::hash_message(&self.public.za, message);
        let signature = sign::sign_prehash(&self.secret, &e, &entropy);
        entropy.zeroize();
        signature
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A passphrase, wiped when dropped. It has no `Debug` and no `Clone`.
pub struct Passphrase {
    text: Zeroizing<String>,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Human,
    Machine,
}

/// The fewest characters of a passphrase that a person chooses.
const MIN_CHARACTERS: usize = 12;

/// Passphrases of 12 characters or more that are tried first. Short on purpose: it stops thoughtlessness, not a
/// determined bad choice.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456781234",
    "1234567812345678",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "abc123abc123",
    "administrator",
    "adminadminadmin",
    "changeitchangeit",
    "iloveyouiloveyou",
    "passwordpassword",
    "password12345",
    "password123456",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "woaini1314520",
    "woaini5201314",
];

impl Passphrase {
    /// A passphrase that a person chooses for something new. Its characters are used as they are, in UTF-8.
    ///
    /// # Errors
    /// `x509.weak-passphrase` for fewer than 12 characters, a common passphrase, or one piece of up to four characters
    /// repeated.
    pub fn human(text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        let weak = |why: &str| Err(Error::new(ErrorKind::WeakPassphrase).about(why));
        if text.chars().count() < MIN_CHARACTERS {
            return weak("fewer than 12 characters");
        }
        if COMMON.iter().any(|common| common.eq_ignore_ascii_case(&text)) {
            return weak("a common passphrase");
        }
        if is_repetition(&text) {
            return weak("one piece repeated");
        }
        Ok(Self { text, origin: Origin::Human })
    }

    /// A passphrase that was chosen earlier or elsewhere, to open what it protects; its strength is not judged.
    #[must_use]
    pub fn existing(text: String) -> Self {
        Self { text: Zeroizing::new(text), origin: Origin::Human }
    }

    /// A passphrase made by the machine for a machine: 150 random bits as 30 letters and digits in six groups, without
    /// characters that look alike.
    ///
    /// # Errors
    /// `x509.entropy`.
    pub fn machine(entropy: &dyn Entropy) -> Result<Self> {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let mut octets = Zeroizing::new([0u8; 30]);
        entropy.fill(&mut *octets)?;
        let mut text = Zeroizing::new(String::with_capacity(35));
        for (i, octet) in octets.iter().enumerate() {
            if i != 0 && i.is_multiple_of(5) {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(octet & 31)]));
        }
        Ok(Self { text, origin: Origin::Machine })
    }

    /// The text, to show it once or to hand it to another program. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// How many iterations of PBKDF2 what it protects is made with. What a machine made cannot be guessed, so that more
    /// iterations would only slow down its start.
    pub(crate) fn iterations(&self) -> u32 {
        match self.origin {
            Origin::Human => 600_000,
            Origin::Machine => 10_000,
        }
    }
}

/// Whether it is one piece of one to four characters over and over.
fn is_repetition(text: &str) -> bool {
    (1..=4).any(|length| text.chars().zip(text.chars().skip(length)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests;
