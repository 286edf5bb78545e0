#![allow(clippy::unwrap_used, clippy::print_stderr)]

use hufu_model::ident::{hex, unhex};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sm2::FieldBytes;
use sm2::elliptic_curve::PrimeField;

use super::*;
use crate::fixture::{key, seed, vectors};
use crate::mutate::mutated;

fn secret(text: &str) -> SecretKey {
    SecretKey::from_scalar(&unhex(text).unwrap().try_into().unwrap()).unwrap()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "good")
}

/// GB/T 32918.5-2017 Annex C.
const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const K: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
const C1: &str = "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
                  e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0";
const C3: &str = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766";
const C2: &str = "21886ca989ca9c7d58087307ca93092d651efa";
const DER: &str = "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73022100e858f9d81e5430a57b36daab8f95\
                   0a3c64e6ee6a63094d99283aff767e124df0042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
                   041321886ca989ca9c7d58087307ca93092d651efa";

#[test]
fn the_example_of_the_standard() {
    let (d, plain) = (secret(D), b"encryption standard");
    let k = FieldBytes::from(<[u8; 32]>::try_from(unhex(K).unwrap()).unwrap());
    let k = Scalar::from_repr(k).unwrap();
    let sealed = encrypt_with_nonce(d.public_key(), plain, &k).unwrap().unwrap();
    assert_eq!(hex(&sealed.to_c1c3c2()), [C1, C3, C2].concat());
    assert_eq!(hex(&sealed.to_der()), DER);
    assert_eq!(Ciphertext::from_der(&unhex(DER).unwrap()).unwrap(), sealed);
    assert_eq!(Ciphertext::from_c1c3c2(&unhex(&[C1, C3, C2].concat()).unwrap()).unwrap(), sealed);
    assert_eq!(Ciphertext::from_c1c2c3(&unhex(&[C1, C2, C3].concat()).unwrap()).unwrap(), sealed);
    assert_eq!(&**d.decrypt(&sealed).unwrap(), plain);
    // The old order, taken for the present one, is refused and not opened to something else.
    let wrong = Ciphertext::from_c1c3c2(&unhex(&[C1, C2, C3].concat()).unwrap()).unwrap();
    assert_eq!(code(d.decrypt(&wrong)), "x509.decrypt");
}

/// Ciphertexts of Tongsuo's tests and spoilt ones, one test for each line of the file.
#[test]
fn foreign_ciphertexts_open_and_spoilt_ones_do_not() {
    let (Some(file), Some(keys)) = (vectors("04-sm2-encrypt.txt"), vectors("03-sm2-sign.txt")) else { return };
    let file = String::from_utf8(file).unwrap();
    // An unencrypted PKCS#8 file: the scalar stands behind 36 octets.
    let (label, foreign) = crate::pem::blocks(&keys).next().unwrap().unwrap();
    assert_eq!(label, "PRIVATE KEY");
    let foreign = SecretKey::from_scalar(foreign[36..68].try_into().unwrap()).unwrap();
    let mut lines = file.lines();
    let (mut opened, mut refused) = (0, 0);
    while let Some(line) = lines.next() {
        if let Some(der) = line.strip_prefix("DER = ") {
            let plain = lines.next().unwrap().strip_prefix("Plaintext = \"").unwrap().strip_suffix('"').unwrap();
            let sealed = Ciphertext::from_der(&unhex(der).unwrap()).unwrap();
            assert_eq!(&**foreign.decrypt(&sealed).unwrap(), plain.as_bytes());
            assert_eq!(hex(&sealed.to_der()), der);
            opened += 1;
        }
        let bad = [
            ("wrong C3 = ", "x509.decrypt"),
            ("C1 not on curve = ", "x509.cipher"),
            ("C2 empty = ", "x509.cipher"),
            ("C3 31 bytes = ", "x509.cipher"),
        ];
        if let Some((der, expected)) = bad.iter().find_map(|(p, c)| line.strip_prefix(p).map(|der| (der, c))) {
            let outcome = Ciphertext::from_der(&unhex(der).unwrap()).and_then(|sealed| secret(D).decrypt(&sealed));
            assert_eq!(code(outcome), *expected, "{line}");
            refused += 1;
        }
    }
    assert_eq!((opened, refused), (3, 4));
}

#[test]
fn texts_of_all_lengths_come_back() {
    let mut rng = StdRng::seed_from_u64(seed("encrypt"));
    let d = key("receiver");
    for length in (1..70).chain([255, 256, 1000, MAX_PLAIN]) {
        let plain: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        let sealed = d.public_key().encrypt(&plain, rng.random()).unwrap();
        assert_eq!(sealed.c2().len(), length);
        assert_eq!(&**d.decrypt(&sealed).unwrap(), &plain);
        assert_eq!(Ciphertext::from_c1c3c2(&sealed.to_c1c3c2()).unwrap(), sealed);
        assert_eq!(Ciphertext::from_der(&sealed.to_der()).unwrap(), sealed);
        assert_eq!(code(key("another").decrypt(&sealed)), "x509.decrypt");
    }
    assert_eq!(code(d.public_key().encrypt(&[], [1; 32])), "x509.cipher");
    assert_eq!(code(d.public_key().encrypt(&vec![0; MAX_PLAIN + 1], [1; 32])), "x509.too-large");
}

/// With a source that gives the same octets again and again, no nonce serves twice for another text or receiver.
#[test]
fn a_broken_source_does_not_repeat_nonces() {
    let (a, b) = (key("a"), key("b"));
    let c1 = |key: &SecretKey, plain: &[u8], entropy| key.public_key().encrypt(plain, entropy).unwrap().c1().clone();
    let first = c1(&a, b"one", [0; 32]);
    assert_eq!(first, c1(&a, b"one", [0; 32]));
    for other in [c1(&a, b"two", [0; 32]), c1(&b, b"one", [0; 32]), c1(&a, b"one", [1; 32])] {
        assert_ne!(first, other);
    }
}

/// One octet is the hard case: the stream is zero for one nonce in 256, and a zero stream shows the text.
#[test]
fn a_zero_stream_is_never_used() {
    let d = key("receiver");
    for n in 0..2000u32 {
        let mut entropy = [0; 32];
        entropy[..4].copy_from_slice(&n.to_be_bytes());
        let sealed = d.public_key().encrypt(b"x", entropy).unwrap();
        assert_ne!(sealed.c2(), b"x", "{n}");
        assert_eq!(&**d.decrypt(&sealed).unwrap(), b"x");
    }
}

#[test]
fn every_altered_octet_is_found() {
    let d = key("receiver");
    let der = d.public_key().encrypt(b"sixteen octets..", [7; 32]).unwrap().to_der();
    for place in 0..der.len() {
        for bit in 0..8 {
            let mut altered = der.clone();
            altered[place] ^= 1 << bit;
            let outcome = Ciphertext::from_der(&altered).and_then(|sealed| d.decrypt(&sealed));
            assert_ne!(code(outcome), "good", "{place} {bit}");
        }
        assert!(Ciphertext::from_der(&der[..place]).is_err());
    }
}

#[test]
fn mutations_do_not_panic_and_do_not_open() {
    let mut rng = StdRng::seed_from_u64(seed("ciphertext"));
    let d = key("receiver");
    let der = d.public_key().encrypt(b"sixteen octets..", [7; 32]).unwrap().to_der();
    for _ in 0..10_000 {
        let other = mutated(&der, &mut rng);
        if let Ok(sealed) = Ciphertext::from_der(&other) {
            assert_eq!(sealed.to_der(), other, "one form for one meaning");
            if other != der {
                assert_eq!(code(d.decrypt(&sealed)), "x509.decrypt");
            }
        }
        let _ = Ciphertext::from_c1c3c2(&other);
    }
}
