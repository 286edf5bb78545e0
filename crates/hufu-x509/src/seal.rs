//! Personal data at rest: sealed with SM4-GCM, found again through blind indices.
//!
//! One key of 32 octets belongs to a home. From it come, by HMAC-SM3 with different labels, the SM4 key that seals and
//! the key of the indices, so that neither says anything about the other. The key itself lies in a file that a
//! passphrase protects ([`SealKey::wrap`]).
//!
//! A sealed value is bound to its place: the caller names the place (a row, a request) as additional data, and a value
//! that is moved elsewhere does not open. With random nonces of 96 bits one key may seal 2^32 values (NIST SP 800-38D
//! §8.3), which is three for every person in the country.

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use der::asn1::OctetStringRef;
use der::{Decode, Encode, Sequence};
use hufu_model::entropy::Entropy;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::digest::{Digest, HmacSm3, MAX_ITERATIONS, pbkdf2_sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Passphrase, PublicKey, SecretKey};
use crate::{pem, strict};

/// The PEM label of a wrapped key.
pub const LABEL: &str = "HUFU DATA KEY";

/// SM4-GCM with nonces of 96 bits and tags of 128 bits (RFC 8998 §2, GB/T 36624).
type Sm4Gcm = AesGcm<Sm4, U12>;

/// The form of sealed values and wrapped keys.
const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;

/// The key that seals personal data. It has no `Clone` and no `Debug`, and is wiped when dropped.
pub struct SealKey(Box<Keys>);

struct Keys {
    root: Zeroizing<[u8; 32]>,
    sealing: Sm4Gcm,
    index: HmacSm3,
}

/// ```text
/// WrappedDataKey ::= SEQUENCE {
///   version     INTEGER (1),
///   salt        OCTET STRING (SIZE (16)),
///   iterations  INTEGER,                       -- PBKDF2-HMAC-SM3 to an SM4 key
///   nonce       OCTET STRING (SIZE (12)),
///   sealed      OCTET STRING (SIZE (48)) }     -- SM4-GCM of the key and its tag; additional data is the PEM label
/// ```
#[derive(Sequence)]
struct WrappedDataKey<'a> {
    version: u8,
    salt: &'a OctetStringRef,
    iterations: u32,
    nonce: &'a OctetStringRef,
    sealed: &'a OctetStringRef,
}

impl SealKey {
    /// A new key.
    ///
    /// # Errors
    /// `x509.entropy`.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut root = Zeroizing::new([0; 32]);
        entropy.fill(&mut *root)?;
        Ok(Self::from_root(root))
    }

    /// A key from its 32 octets, as custodians' shares give them.
    #[must_use]
    pub fn from_octets(octets: Zeroizing<[u8; 32]>) -> Self {
        Self::from_root(octets)
    }

    /// Where the key lies in memory and how long it is, so that a process can keep the place from being swapped out.
    /// Nothing can be read through it in safe code.
    #[must_use]
    pub fn place(&self) -> (*const u8, usize) {
        ((&raw const *self.0).cast(), size_of::<Keys>())
    }

    fn from_root(root: Zeroizing<[u8; 32]>) -> Self {
        let derive = |label: &str| Zeroizing::new(HmacSm3::new(&root).of(&[label.as_bytes()]));
        let sealing = gcm(&derive("hufu seal 1"));
        let index = HmacSm3::new(&derive("hufu index 1"));
        Self(Box::new(Keys { root, sealing, index }))
    }

    /// The key in PEM (`HUFU DATA KEY`), protected with a passphrase.
    ///
    /// # Errors
    /// `x509.entropy`.
    pub fn wrap(&self, passphrase: &Passphrase, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let salt: [u8; 16] = entropy.array()?;
        let nonce: [u8; NONCE_LENGTH] = entropy.array()?;
        let iterations = passphrase.iterations();
        let payload = Payload { msg: &*self.0.root, aad: LABEL.as_bytes() };
        let sealed = wrapping(passphrase, &salt, iterations).encrypt(&nonce.into(), payload);
        let sealed = sealed.map_err(|_| ErrorKind::Sealed)?;
        let wrapped = WrappedDataKey {
            version: VERSION,
            salt: OctetStringRef::new(&salt)?,
            iterations,
            nonce: OctetStringRef::new(&nonce)?,
            sealed: OctetStringRef::new(&sealed)?,
        };
        Ok(pem::encode(LABEL, &wrapped.to_der()?).into_bytes())
    }

    /// Opens what [`SealKey::wrap`] made.
    ///
    /// # Errors
    /// `x509.wrong-passphrase`, also when the file was altered; `x509.key-file` for another version or too many
    /// iterations; `x509.not-der`, `x509.pem-…`.
    pub fn unwrap(file: &[u8], passphrase: &Passphrase) -> Result<Self> {
        let der = pem::one(file, &[LABEL])?;
        strict::check(&der)?;
        let wrapped = WrappedDataKey::from_der(&der)?;
        if wrapped.version != VERSION || !(1..=MAX_ITERATIONS).contains(&wrapped.iterations) {
            let what = format!("version {}, {} iterations", wrapped.version, wrapped.iterations);
            return Err(Error::new(ErrorKind::KeyFile).about(what));
        }
        let nonce: [u8; NONCE_LENGTH] = wrapped.nonce.as_bytes().try_into().map_err(|_| ErrorKind::NotDer)?;
        let payload = Payload { msg: wrapped.sealed.as_bytes(), aad: LABEL.as_bytes() };
        let cipher = wrapping(passphrase, wrapped.salt.as_bytes(), wrapped.iterations);
        let plain = cipher.decrypt(&nonce.into(), payload).map_err(|_| ErrorKind::WrongPassphrase)?;
        let plain = Zeroizing::new(plain);
        let mut root = Zeroizing::new([0; 32]);
        if plain.len() != root.len() {
            return Err(ErrorKind::NotDer.into());
        }
        root.copy_from_slice(&plain);
        Ok(Self::from_root(root))
    }

    /// Seals `plain` for the place that `aad` names: version ‖ nonce ‖ ciphertext ‖ tag, 29 octets more than `plain`.
    ///
    /// # Errors
    /// `x509.entropy`.
    pub fn seal(&self, aad: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LENGTH] = entropy.array()?;
        let aad = [&[VERSION], aad].concat();
        let sealed = self.0.sealing.encrypt(&nonce.into(), Payload { msg: plain, aad: &aad });
        let sealed = sealed.map_err(|_| ErrorKind::Sealed)?;
        Ok([&[VERSION], &nonce[..], &sealed].concat())
    }

    /// Opens what [`SealKey::seal`] made for the same place; what it returns is wiped when dropped.
    ///
    /// # Errors
    /// `x509.sealed`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (head, rest) = sealed.split_first_chunk::<1>().ok_or(ErrorKind::Sealed)?;
        let (nonce, content) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(ErrorKind::Sealed)?;
        if *head != [VERSION] {
            return Err(Error::new(ErrorKind::Sealed).about("another version"));
        }
        let aad = [&[VERSION], aad].concat();
        let plain = self.0.sealing.decrypt(&(*nonce).into(), Payload { msg: content, aad: &aad });
        Ok(Zeroizing::new(plain.map_err(|_| ErrorKind::Sealed)?))
    }

    /// Seals a private key for the place that `aad` names: its scalar as 32 octets, 61 octets in all. What was sealed is
    /// opened again and compared before it is returned.
    ///
    /// # Errors
    /// `x509.entropy`; `x509.sealed` and `x509.key-pair` when the machine does not work.
    pub fn seal_key(&self, aad: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let sealed = self.seal(aad, &*key.to_scalar(), entropy)?;
        self.open_key(aad, &sealed, key.public_key())?;
        Ok(sealed)
    }

    /// Opens what [`SealKey::seal_key`] made for the same place, and checks that it is the private half of `public`.
    ///
    /// # Errors
    /// `x509.sealed`; `x509.key-scalar`; `x509.key-pair` when d·G is another point.
    pub fn open_key(&self, aad: &[u8], sealed: &[u8], public: &PublicKey) -> Result<SecretKey> {
        let plain = self.open(aad, sealed)?;
        let mut scalar = Zeroizing::new([0; 32]);
        if plain.len() != scalar.len() {
            return Err(Error::new(ErrorKind::Sealed).about("it is not a private key"));
        }
        scalar.copy_from_slice(&plain);
        let key = SecretKey::from_scalar(&scalar)?;
        if key.public_key() == public { Ok(key) } else { Err(ErrorKind::KeyPair.into()) }
    }

    /// A stand-in for a text, to find it again without storing it: HMAC-SM3 with a key for `purpose`. The same text has
    /// different stand-ins for different purposes and homes.
    #[must_use]
    pub fn blind_index(&self, purpose: &str, text: &str) -> Digest {
        let key = Zeroizing::new(self.0.index.of(&[purpose.as_bytes()]));
        Digest(HmacSm3::new(&key).of(&[text.as_bytes()]))
    }
}

/// SM4-GCM with the first half of a derived key.
fn gcm(key: &[u8; 32]) -> Sm4Gcm {
    let mut half = Zeroizing::new([0; 16]);
    half.copy_from_slice(&key[..16]);
    Sm4Gcm::new((&*half).into())
}

fn wrapping(passphrase: &Passphrase, salt: &[u8], iterations: u32) -> Sm4Gcm {
    let mut key = Zeroizing::new([0; 16]);
    pbkdf2_sm3(passphrase.expose(), salt, iterations, &mut *key);
    Sm4Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_model::entropy::EntropyError;
    use hufu_model::ident::{hex, unhex};
    use proptest::prelude::*;

    use super::*;

    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    fn key(octet: u8) -> SealKey {
        SealKey::generate(&Constant(octet)).unwrap()
    }

    /// RFC 8998 A.1.
    #[test]
    fn sm4_gcm() {
        let octets = |text: &str| unhex(text).unwrap();
        let key: [u8; 16] = octets("0123456789abcdeffedcba9876543210").try_into().unwrap();
        let nonce: [u8; 12] = octets("00001234567800000000abcd").try_into().unwrap();
        let aad = octets("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = octets(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeee\
             eeaaaaaaaaaaaaaaaa",
        );
        let payload = Payload { msg: &plain, aad: &aad };
        let sealed = Sm4Gcm::new(&key.into()).encrypt(&nonce.into(), payload).unwrap();
        assert_eq!(
            hex(&sealed),
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c3\
             97b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"
        );
    }

    #[test]
    fn the_derivation_of_the_keys_does_not_change() {
        // Homes outlive programs: a change here would lock existing data away.
        let sealed = key(7).seal(b"place", b"value", &Constant(9)).unwrap();
        assert_eq!(sealed.len(), b"value".len() + 29);
        assert_eq!(
            (hex(&sealed), key(7).blind_index("holder", "x").to_string()),
            (SEALED.to_owned(), INDEX.to_owned())
        );
    }

    const SEALED: &str = "010909090909090909090909096a28f12d5d241edec3a8f6266c87935e8d911a405a";
    const INDEX: &str = "8ab92217be5f1e999d869b4edb97cf8f54948b61d8e054f7aeff74d084e99711";

    #[test]
    fn a_value_opens_with_its_key_and_in_its_place_only() {
        let sealed = key(1).seal(b"request 1", "张三".as_bytes(), &Constant(5)).unwrap();
        assert_eq!(&**key(1).open(b"request 1", &sealed).unwrap(), "张三".as_bytes());
        let code = |result: Result<Zeroizing<Vec<u8>>>| result.map(|_| ()).map_err(|e| e.kind().code());
        assert_eq!(code(key(1).open(b"request 2", &sealed)), Err("x509.sealed"));
        assert_eq!(code(key(2).open(b"request 1", &sealed)), Err("x509.sealed"));
        for cut in 0..sealed.len() {
            assert_eq!(code(key(1).open(b"request 1", &sealed[..cut])), Err("x509.sealed"));
        }
    }

    #[test]
    fn a_wrapped_key_opens_with_its_passphrase() {
        let passphrase = Passphrase::machine(&Constant(3)).unwrap();
        let file = key(1).wrap(&passphrase, &Constant(4)).unwrap();
        assert!(file.starts_with(b"-----BEGIN HUFU DATA KEY-----\n"));
        let opened = SealKey::unwrap(&file, &passphrase).unwrap();
        assert_eq!(opened.blind_index("a", "b"), key(1).blind_index("a", "b"));
        let code = |file: &[u8], word: &Passphrase| SealKey::unwrap(file, word).err().unwrap().kind().code();
        assert_eq!(code(&file, &Passphrase::machine(&Constant(5)).unwrap()), "x509.wrong-passphrase");
        assert_eq!(code(b"", &passphrase), "x509.not-der");
        assert_eq!(code(pem::encode("OTHER", &[]).as_bytes(), &passphrase), "x509.pem-label");
        let der = pem::one(&file, &[LABEL]).unwrap().into_owned();
        for place in 0..der.len() {
            let mut altered = der.clone();
            altered[place] ^= 1;
            let code = code(&altered, &passphrase);
            let known = ["x509.wrong-passphrase", "x509.not-der", "x509.key-file", "x509.too-deep"];
            assert!(known.contains(&code), "{place}: {code}");
        }
    }

    #[test]
    fn a_private_key_opens_in_its_place_and_with_its_public_half_only() {
        let (one, other) = (crate::fixture::key("one"), crate::fixture::key("other"));
        let sealed = key(1).seal_key(b"place", &one, &Constant(5)).unwrap();
        assert_eq!(sealed.len(), 61);
        let code = |seal: &SealKey, aad: &[u8], sealed: &[u8], public: &PublicKey| {
            seal.open_key(aad, sealed, public).map(|key| key.public_key().clone()).map_err(|e| e.kind().code())
        };
        assert_eq!(code(&key(1), b"place", &sealed, one.public_key()), Ok(one.public_key().clone()));
        assert_eq!(code(&key(1), b"place", &sealed, other.public_key()), Err("x509.key-pair"));
        assert_eq!(code(&key(2), b"place", &sealed, one.public_key()), Err("x509.sealed"));
        assert_eq!(code(&key(1), b"else", &sealed, one.public_key()), Err("x509.sealed"));
        for (plain, expected) in
            [(&[0u8; 32][..], "x509.key-scalar"), (&[1; 31], "x509.sealed"), (&[1; 64], "x509.sealed")]
        {
            let sealed = key(1).seal(b"place", plain, &Constant(5)).unwrap();
            assert_eq!(code(&key(1), b"place", &sealed, one.public_key()), Err(expected));
        }
        assert!(key(1).place().1 >= 32);
    }

    #[test]
    fn indices_differ_by_purpose_text_and_key() {
        let index = key(1).blind_index("holder", "110101199001011237");
        assert_eq!(index, key(1).blind_index("holder", "110101199001011237"));
        assert_ne!(index, key(1).blind_index("contact", "110101199001011237"));
        assert_ne!(index, key(1).blind_index("holder", "110101199001011238"));
        assert_ne!(index, key(2).blind_index("holder", "110101199001011237"));
        assert_ne!(key(1).blind_index("ab", "c"), key(1).blind_index("a", "bc"));
    }

    proptest! {
        #[test]
        fn sealed_values_open_and_altered_ones_do_not(
            plain in proptest::collection::vec(any::<u8>(), 0..200), aad in proptest::collection::vec(any::<u8>(), 0..50),
            nonce: u8, place: prop::sample::Index, bit in 0..8u8,
        ) {
            let mut sealed = key(1).seal(&aad, &plain, &Constant(nonce)).unwrap();
            prop_assert_eq!(&**key(1).open(&aad, &sealed).unwrap(), &plain);
            let place = place.index(sealed.len());
            sealed[place] ^= 1 << bit;
            prop_assert!(key(1).open(&aad, &sealed).is_err());
        }
    }
}
