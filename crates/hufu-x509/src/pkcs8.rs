//! Private keys at rest: encrypted PKCS#8 (RFC 5958, RFC 8018), written as GM programs do, read also as OpenSSL writes.
//!
//! | | written | read |
//! |---|---|---|
//! | scheme | PBES2 | PBES2 |
//! | derivation | PBKDF2 with HMAC-SM3 (1.2.156.10197.1.401.2) | and HMAC-SM3 as OpenSSL names it (401.3.1), HMAC-SHA-1, -224, -256, -384, -512 |
//! | cipher | SM4-CBC (1.2.156.10197.1.104.2) | and AES-128-CBC, AES-192-CBC, AES-256-CBC |
//! | inside | ECPrivateKey with curve and public key | curve and public key may be missing |
//!
//! A key in clear is refused: it would have been on a disk.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use der::asn1::{AnyRef, BitStringRef, Null, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Sequence};
use hufu_model::entropy::Entropy;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::digest::{MAX_ITERATIONS, pbkdf2_sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{self, Passphrase, PublicKey, SM2_CURVE, SecretKey};
use crate::{pem, strict};

/// The PEM label of an encrypted key (RFC 7468 §11).
pub const LABEL: &str = "ENCRYPTED PRIVATE KEY";

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401.2");
const SM4_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.2");

/// ```text
/// EncryptedPrivateKeyInfo ::= SEQUENCE {            -- RFC 5958 §3
///   encryptionAlgorithm  AlgorithmIdentifier,       -- id-PBES2, PBES2-params
///   encryptedData        OCTET STRING }
/// ```
#[derive(Sequence)]
struct EncryptedPrivateKeyInfo<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

/// ```text
/// PBES2-params ::= SEQUENCE {                       -- RFC 8018 A.4
///   keyDerivationFunc  AlgorithmIdentifier,         -- id-PBKDF2, PBKDF2-params
///   encryptionScheme   AlgorithmIdentifier }        -- a CBC cipher, OCTET STRING (SIZE (16)) with the IV
/// ```
#[derive(Sequence)]
struct Pbes2Params<'a> {
    derivation: AlgorithmIdentifierRef<'a>,
    cipher: AlgorithmIdentifierRef<'a>,
}

/// ```text
/// PBKDF2-params ::= SEQUENCE {                      -- RFC 8018 A.2
///   salt            OCTET STRING,                   -- of the CHOICE, only "specified" exists in practice
///   iterationCount  INTEGER (1..MAX),
///   keyLength       INTEGER (1..MAX) OPTIONAL,
///   prf             AlgorithmIdentifier DEFAULT hmacWithSHA1 }
/// ```
#[derive(Sequence)]
struct Pbkdf2Params<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
    #[asn1(optional = "true")]
    length: Option<u32>,
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifierRef<'a>>,
}

/// ```text
/// ECPrivateKey ::= SEQUENCE {                       -- RFC 5915 §3
///   version     INTEGER (1),
///   privateKey  OCTET STRING (SIZE (32)),
///   parameters  [0] EXPLICIT OBJECT IDENTIFIER OPTIONAL,
///   publicKey   [1] EXPLICIT BIT STRING OPTIONAL }
/// ```
#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    curve: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public: Option<BitStringRef<'a>>,
}

/// The key as PEM `ENCRYPTED PRIVATE KEY`.
///
/// # Errors
/// `x509.entropy` when there is no salt.
pub fn encrypt(key: &SecretKey, passphrase: &Passphrase, entropy: &dyn Entropy) -> Result<String> {
    let salt: [u8; 16] = entropy.array()?;
    let iv: [u8; 16] = entropy.array()?;
    let iterations = passphrase.iterations();
    let mut kek = Zeroizing::new([0; 16]);
    pbkdf2_sm3(passphrase.expose(), &salt, iterations, &mut *kek);

    let mut buffer = Zeroizing::new([0; PLAIN_LENGTH + 16]);
    write_plain(key, &mut *buffer);
    let data = seal::<sm4::Sm4>(&*kek, &iv, &mut *buffer, PLAIN_LENGTH).ok_or(ErrorKind::KeyFile)?;

    let prf = AlgorithmIdentifierRef { oid: HMAC_SM3, parameters: None };
    let salt = OctetStringRef::new(&salt)?;
    let derivation = Pbkdf2Params { salt, iterations, length: Some(16), prf: Some(prf) }.to_der()?;
    let iv = OctetStringRef::new(&iv)?;
    let scheme = Pbes2Params {
        derivation: AlgorithmIdentifierRef { oid: PBKDF2, parameters: Some(AnyRef::from_der(&derivation)?) },
        cipher: AlgorithmIdentifierRef { oid: SM4_CBC, parameters: Some(iv.into()) },
    };
    let scheme = scheme.to_der()?;
    let algorithm = AlgorithmIdentifierRef { oid: PBES2, parameters: Some(AnyRef::from_der(&scheme)?) };
    let file = EncryptedPrivateKeyInfo { algorithm, data: OctetStringRef::new(data)? };
    Ok(pem::encode(LABEL, &file.to_der()?))
}

/// The PrivateKeyInfo of an SM2 key has the same length and layout for every key: these octets, d, more of these, the
/// point. Written in place, so that no copy of the key is left in memory that was given back.
const PLAIN_LENGTH: usize = PLAIN_HEAD.len() + 32 + PLAIN_MIDDLE.len() + 65;

/// SEQUENCE { version 0, { id-ecPublicKey, SM2 curve }, OCTET STRING { SEQUENCE { version 1, OCTET STRING …
const PLAIN_HEAD: [u8; 36] = [
    0x30, 0x81, 0x93, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x04, 0x79, 0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// … [0] { SM2 curve }, [1] { BIT STRING …
const PLAIN_MIDDLE: [u8; 17] =
    [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0xa1, 0x44, 0x03, 0x42, 0x00];

fn write_plain(key: &SecretKey, buffer: &mut [u8]) {
    let scalar = key.to_scalar();
    let parts = [&PLAIN_HEAD[..], &*scalar, &PLAIN_MIDDLE, key.public_key().point()];
    for (place, octet) in buffer.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *octet;
    }
}

/// Opens a key file, PEM or DER.
///
/// # Errors
/// `x509.wrong-passphrase`; `x509.key-unencrypted`; `x509.key-file` for another container, cipher or derivation, or more
/// than 10,000,000 iterations; the `x509.key-…` of what is inside, `x509.key-pair` when the two keys inside differ;
/// `x509.not-der`, `x509.pem-…`.
pub fn decrypt(file: &[u8], passphrase: &Passphrase) -> Result<SecretKey> {
    let der = pem::one(file, &[LABEL]).map_err(|error| if is_clear(file) { clear() } else { error })?;
    strict::check(&der)?;
    let Ok(info) = EncryptedPrivateKeyInfo::from_der(&der) else {
        let clear_key = pkcs8::PrivateKeyInfoRef::from_der(&der).is_ok() || EcPrivateKey::from_der(&der).is_ok();
        return Err(if clear_key { clear() } else { unsupported("it is no EncryptedPrivateKeyInfo") });
    };
    if info.algorithm.oid != PBES2 {
        return Err(unsupported(format!("scheme {}", info.algorithm.oid)));
    }
    let scheme: Pbes2Params<'_> = parameters(&info.algorithm)?;
    let cipher = Cipher::of(&scheme.cipher.oid)?;
    let iv: &OctetStringRef = parameters(&scheme.cipher)?;
    let mut kek = Zeroizing::new([0; 32]);
    let kek = &mut kek[..cipher.key_length()];
    derive(&scheme.derivation, passphrase, kek)?;

    let mut buffer = Zeroizing::new(info.data.as_bytes().to_vec());
    let length = cipher.open(kek, iv.as_bytes(), &mut buffer).ok_or(ErrorKind::WrongPassphrase)?;
    let plain = buffer.get(..length).unwrap_or_default();
    // A wrong key leaves a plausible padding once in 256, but not a well-formed structure under it.
    strict::check(plain).map_err(|_| ErrorKind::WrongPassphrase)?;
    read_plain(plain)
}

fn unsupported(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::KeyFile).about(what)
}

fn clear() -> Error {
    ErrorKind::KeyUnencrypted.into()
}

/// Whether a PEM file holds a private key in clear.
fn is_clear(file: &[u8]) -> bool {
    pem::blocks(file).flatten().any(|(label, _)| label == "PRIVATE KEY" || label == "EC PRIVATE KEY")
}

/// The parameters of an algorithm, as the type the algorithm asks for.
fn parameters<'a, T>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<T>
where
    T: der::DecodeValue<'a, Error = der::Error> + der::FixedTag + 'a,
{
    let parameters = algorithm.parameters.and_then(|parameters| parameters.decode_as().ok());
    parameters.ok_or_else(|| unsupported(format!("{} has other parameters than expected", algorithm.oid)))
}

/// Derives the key from the passphrase as the file says.
fn derive(algorithm: &AlgorithmIdentifierRef<'_>, passphrase: &Passphrase, key: &mut [u8]) -> Result<()> {
    if algorithm.oid != PBKDF2 {
        return Err(unsupported(format!("derivation {}", algorithm.oid)));
    }
    let Pbkdf2Params { salt, iterations, length, prf } = parameters(algorithm)?;
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return Err(unsupported(format!("{iterations} iterations, allowed are 1 to {MAX_ITERATIONS}")));
    }
    if length.is_some_and(|length| usize::try_from(length) != Ok(key.len())) {
        return Err(unsupported("the key length is not that of the cipher"));
    }
    if prf.as_ref().and_then(|prf| prf.parameters).is_some_and(|p| p.decode_as::<Null>().is_err()) {
        return Err(unsupported("the pseudorandom function has parameters"));
    }
    let (word, salt) = (passphrase.expose().as_bytes(), salt.as_bytes());
    match prf.map(|prf| prf.oid.to_string()).as_deref() {
        None | Some("1.2.840.113549.2.7") => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(word, salt, iterations, key),
        Some("1.2.840.113549.2.8") => pbkdf2::pbkdf2_hmac::<sha2::Sha224>(word, salt, iterations, key),
        Some("1.2.840.113549.2.9") => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(word, salt, iterations, key),
        Some("1.2.840.113549.2.10") => pbkdf2::pbkdf2_hmac::<sha2::Sha384>(word, salt, iterations, key),
        Some("1.2.840.113549.2.11") => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(word, salt, iterations, key),
        Some("1.2.156.10197.1.401.2" | "1.2.156.10197.1.401.3.1") => {
            pbkdf2_sm3(passphrase.expose(), salt, iterations, key);
        }
        Some(other) => return Err(unsupported(format!("pseudorandom function {other}"))),
    }
    Ok(())
}

/// The ciphers that are read; all have blocks of 16 octets and the padding of PKCS#7.
#[derive(Clone, Copy)]
enum Cipher {
    Sm4,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    fn of(oid: &ObjectIdentifier) -> Result<Self> {
        match oid.to_string().as_str() {
            "1.2.156.10197.1.104.2" => Ok(Self::Sm4),
            "2.16.840.1.101.3.4.1.2" => Ok(Self::Aes128),
            "2.16.840.1.101.3.4.1.22" => Ok(Self::Aes192),
            "2.16.840.1.101.3.4.1.42" => Ok(Self::Aes256),
            other => Err(unsupported(format!("cipher {other}"))),
        }
    }

    fn key_length(self) -> usize {
        match self {
            Self::Sm4 | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Decrypts in place; returns the length without padding, `None` for a wrong padding.
    fn open(self, key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Option<usize> {
        match self {
            Self::Sm4 => open::<sm4::Sm4>(key, iv, buffer),
            Self::Aes128 => open::<aes::Aes128>(key, iv, buffer),
            Self::Aes192 => open::<aes::Aes192>(key, iv, buffer),
            Self::Aes256 => open::<aes::Aes256>(key, iv, buffer),
        }
    }
}

fn open<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded::<Pkcs7>(buffer).ok().map(<[u8]>::len)
}

fn seal<'a, C: BlockCipherEncrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    buffer: &'a mut [u8],
    length: usize,
) -> Option<&'a [u8]> {
    let cipher = Encryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.encrypt_padded::<Pkcs7>(buffer, length).ok()
}

/// Reads PrivateKeyInfo (RFC 5958 §2) with an ECPrivateKey inside.
fn read_plain(plain: &[u8]) -> Result<SecretKey> {
    let info = pkcs8::PrivateKeyInfoRef::from_der(plain)?;
    key::check_algorithm(&info.algorithm.oid, info.algorithm.parameters)?;
    let inner = EcPrivateKey::from_der(info.private_key.as_bytes())?;
    if inner.version != 1 {
        return Err(unsupported(format!("ECPrivateKey version {}", inner.version)));
    }
    if let Some(curve) = inner.curve.filter(|curve| *curve != SM2_CURVE) {
        return Err(Error::new(ErrorKind::KeyCurve).about(curve.to_string()));
    }
    let scalar: &[u8; 32] = inner.key.as_bytes().try_into().map_err(|_| ErrorKind::KeyScalar)?;
    let key = SecretKey::from_scalar(scalar)?;
    for point in [inner.public, info.public_key].into_iter().flatten() {
        let point = PublicKey::from_point(point.as_bytes().ok_or(ErrorKind::KeyPoint)?)?;
        if point != *key.public_key() {
            return Err(ErrorKind::KeyPair.into());
        }
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
