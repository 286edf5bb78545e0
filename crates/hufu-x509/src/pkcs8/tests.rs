#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use hufu_model::entropy::EntropyError;
use hufu_model::ident::hex;
use proptest::prelude::*;

use super::*;

/// A source whose octets count up: repeatable, and different at each call.
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
        buffer.iter_mut().for_each(|octet| *octet = self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

fn counting() -> Counting {
    Counting(AtomicU8::new(1))
}

fn existing(text: &str) -> Passphrase {
    Passphrase::existing(text.to_owned())
}

fn code(file: &[u8], passphrase: &str) -> std::result::Result<String, &'static str> {
    decrypt(file, &existing(passphrase)).map(|key| hex(&*key.to_scalar())).map_err(|e| e.kind().code())
}

/// Files of other programs, read only where the folder with them is present.
fn samples() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/08-encrypted-keys.pem");
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: key files of other programs, {} is not there", path.display());
    }
    text
}

#[test]
fn files_of_other_programs_open() {
    let Some(text) = samples() else { return };
    let mut opened = 0;
    let (mut passphrase, mut scalar) = (None, None);
    for entry in text.split_inclusive("-----END ENCRYPTED PRIVATE KEY-----") {
        let quoted = |line: &str| line.split_once("password \"")?.1.split_once('"').map(|(p, _)| p.to_owned());
        for line in entry.lines().filter(|line| line.starts_with('#')) {
            passphrase = quoted(line).or(passphrase);
            scalar = line.split_once("; d = ").map(|(_, d)| d[..64].to_owned());
        }
        if !entry.contains("BEGIN ENCRYPTED") {
            break;
        }
        let found = code(entry.as_bytes(), passphrase.as_deref().unwrap()).unwrap();
        if let Some(scalar) = &scalar {
            assert_eq!(found, *scalar);
        }
        assert_eq!(code(entry.as_bytes(), "wrong"), Err("x509.wrong-passphrase"));
        opened += 1;
    }
    assert_eq!(opened, 6);
}

#[test]
fn what_is_written_is_read_again() {
    let entropy = counting();
    let key = SecretKey::generate(&entropy).unwrap();
    let passphrase = Passphrase::machine(&entropy).unwrap();
    let text = encrypt(&key, &passphrase, &entropy).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let der = pem::one(text.as_bytes(), &[LABEL]).unwrap();
    for file in [text.as_bytes(), &der] {
        assert_eq!(code(file, passphrase.expose()), Ok(hex(&*key.to_scalar())));
        assert_eq!(code(file, "other"), Err("x509.wrong-passphrase"));
        assert_eq!(code(file, ""), Err("x509.wrong-passphrase"));
    }
    assert_ne!(text, encrypt(&key, &passphrase, &entropy).unwrap(), "salt and IV are fresh");
}

/// The layout of the fixed octets, checked against a decoder that knows nothing of them.
#[test]
fn the_plain_form_is_pkcs8_of_sec1() {
    let key = SecretKey::generate(&counting()).unwrap();
    let mut plain = [0; PLAIN_LENGTH];
    write_plain(&key, &mut plain);
    assert_eq!(plain.len(), 150);
    strict::check(&plain).unwrap();
    let other = <sm2::SecretKey as sm2::pkcs8::DecodePrivateKey>::from_pkcs8_der(&plain).unwrap();
    assert_eq!(hex(&other.to_bytes()), hex(&*key.to_scalar()));
    assert_eq!(*read_plain(&plain).unwrap().to_scalar(), *key.to_scalar());
}

/// SM4 in CBC mode: the example of draft-ribose-cfrg-sm4, recomputed by OpenSSL. The block after it is the padding.
#[test]
fn sm4_cbc() {
    let octets = |text: &str| hufu_model::ident::unhex(text).unwrap();
    let key = octets("0123456789abcdeffedcba9876543210");
    let plain = octets("0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210");
    let mut buffer = [&plain[..], &[0; 16]].concat();
    let sealed = seal::<sm4::Sm4>(&key, &key, &mut buffer, 32).unwrap().to_vec();
    assert_eq!(hex(&sealed[..32]), "2677f46b09c122cc975533105bd4a22af6125f7275ce552c3a2bbcf533de8a3b");
    let mut opened = sealed;
    assert_eq!(open::<sm4::Sm4>(&key, &key, &mut opened), Some(32));
    assert_eq!(&opened[..32], plain);
}

/// An encrypted file with these parts; one iteration.
fn file(prf: Option<&str>, cipher: &str, iterations: u32, length: Option<u32>, plain: &[u8]) -> Vec<u8> {
    let (salt, iv) = ([1u8; 8], [2u8; 16]);
    let oid = ObjectIdentifier::new_unwrap;
    let mut key = vec![0; length.unwrap_or(16).try_into().unwrap()];
    let prf = prf.map(|prf| AlgorithmIdentifierRef { oid: oid(prf), parameters: None });
    let salt = OctetStringRef::new(&salt).unwrap();
    let params = Pbkdf2Params { salt, iterations, length, prf }.to_der().unwrap();
    let derivation = AlgorithmIdentifierRef { oid: PBKDF2, parameters: Some(AnyRef::from_der(&params).unwrap()) };
    if (1..=MAX_ITERATIONS).contains(&iterations) {
        let _ = derive(&derivation, &existing("word"), &mut key);
    }
    let mut buffer = [plain, &[0; 16]].concat();
    let data = match key.len() {
        24 => seal::<aes::Aes192>(&key, &iv, &mut buffer, plain.len()),
        32 => seal::<aes::Aes256>(&key, &iv, &mut buffer, plain.len()),
        _ if cipher.starts_with("2.16") => seal::<aes::Aes128>(&key, &iv, &mut buffer, plain.len()),
        _ => seal::<sm4::Sm4>(&key, &iv, &mut buffer, plain.len()),
    };
    let iv = OctetStringRef::new(&iv).unwrap();
    let cipher = AlgorithmIdentifierRef { oid: oid(cipher), parameters: Some(iv.into()) };
    let scheme = Pbes2Params { derivation, cipher }.to_der().unwrap();
    let algorithm = AlgorithmIdentifierRef { oid: PBES2, parameters: Some(AnyRef::from_der(&scheme).unwrap()) };
    EncryptedPrivateKeyInfo { algorithm, data: OctetStringRef::new(data.unwrap()).unwrap() }.to_der().unwrap()
}

fn plain() -> (String, [u8; PLAIN_LENGTH]) {
    let key = SecretKey::generate(&counting()).unwrap();
    let mut plain = [0; PLAIN_LENGTH];
    write_plain(&key, &mut plain);
    (hex(&*key.to_scalar()), plain)
}

const SM4: &str = "1.2.156.10197.1.104.2";

#[test]
fn every_derivation_and_cipher_of_the_table_opens() {
    let (scalar, plain) = plain();
    for prf in [
        None,
        Some("1.2.840.113549.2.7"),
        Some("1.2.840.113549.2.8"),
        Some("1.2.840.113549.2.9"),
        Some("1.2.840.113549.2.10"),
        Some("1.2.840.113549.2.11"),
        Some("1.2.156.10197.1.401.2"),
        Some("1.2.156.10197.1.401.3.1"),
    ] {
        assert_eq!(code(&file(prf, SM4, 1, None, &plain), "word"), Ok(scalar.clone()), "{prf:?}");
    }
    for (cipher, length) in
        [("2.16.840.1.101.3.4.1.2", 16), ("2.16.840.1.101.3.4.1.22", 24), ("2.16.840.1.101.3.4.1.42", 32)]
    {
        assert_eq!(code(&file(None, cipher, 2, Some(length), &plain), "word"), Ok(scalar.clone()), "{cipher}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    let (_, plain) = plain();
    let refused = |file: &[u8]| {
        let error = decrypt(file, &existing("word")).err().unwrap();
        (error.kind().code(), error.context().unwrap_or_default().to_owned())
    };
    let key_file = |what: &str| ("x509.key-file", what.to_owned());
    assert_eq!(refused(&file(Some("1.2.3"), SM4, 1, None, &plain)), key_file("pseudorandom function 1.2.3"));
    assert_eq!(refused(&file(None, "1.2.4", 1, None, &plain)), key_file("cipher 1.2.4"));
    let bound = "iterations, allowed are 1 to 10000000";
    assert_eq!(refused(&file(None, SM4, 0, None, &plain)), key_file(&format!("0 {bound}")));
    assert_eq!(refused(&file(None, SM4, 10_000_001, None, &plain)), key_file(&format!("10000001 {bound}")));
    let length = key_file("the key length is not that of the cipher");
    assert_eq!(refused(&file(None, SM4, 1, Some(32), &plain)), length);
    assert_eq!(refused(&plain).0, "x509.key-unencrypted");
    for label in ["PRIVATE KEY", "EC PRIVATE KEY"] {
        assert_eq!(refused(pem::encode(label, &plain).as_bytes()).0, "x509.key-unencrypted");
    }
    assert_eq!(refused(pem::encode("CERTIFICATE", &plain).as_bytes()).0, "x509.pem-label");
    assert_eq!(refused(&[0x30, 0x00]).0, "x509.key-file");
    assert_eq!(refused(b"").0, "x509.not-der");
}

#[test]
fn what_is_inside_is_checked() {
    let (_, plain) = plain();
    let open = |plain: &[u8]| code(&file(None, SM4, 1, None, plain), "word");
    let with = |place: usize, octets: &[u8]| {
        let mut plain = plain;
        plain[place..place + octets.len()].copy_from_slice(octets);
        open(&plain)
    };
    let scalar = PLAIN_HEAD.len();
    let point = PLAIN_LENGTH - 65;
    assert!(with(scalar, &[]).is_ok());
    assert_eq!(with(scalar, &[9]), Err("x509.key-pair"));
    assert_eq!(with(scalar, &[0; 32]), Err("x509.key-scalar"));
    assert_eq!(with(scalar, &[0xff; 32]), Err("x509.key-scalar"));
    assert_eq!(with(point + 64, &[plain[PLAIN_LENGTH - 1] ^ 1]), Err("x509.key-off-curve"));
    assert_eq!(with(26, &[0x2e]), Err("x509.key-curve"), "the curve outside");
    assert_eq!(with(point - 6, &[0x2e]), Err("x509.key-curve"), "the curve inside");
    assert_eq!(with(33, &[2]), Err("x509.key-file"), "another version");
    assert_eq!(with(1, &[0x80]), Err("x509.wrong-passphrase"), "no structure at all");
    // Without curve and public key, as some programs write it.
    let short = [&[0x30, 0x41], &plain[3..27], &[0x04, 0x27, 0x30, 0x25], &plain[31..scalar + 32]].concat();
    assert!(open(&short).is_ok(), "{:?}", open(&short));
}

/// Private keys that a reader must refuse: n, n + 1 and n - 1.
#[test]
fn scalars_at_the_order_are_refused() {
    let (_, plain) = plain();
    for last in [0x22, 0x23, 0x24] {
        let order = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";
        let scalar = [hufu_model::ident::unhex(order).unwrap(), vec![last]].concat();
        let inner = [&[0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20], &scalar[..]].concat();
        let short = [&[0x30, 0x41], &plain[3..27], &[0x04, 0x27], &inner].concat();
        assert_eq!(code(&file(None, SM4, 1, None, &short), "word"), Err("x509.key-scalar"));
    }
}

proptest! {
    #[test]
    fn no_altered_file_opens_as_another_key(place: prop::sample::Index, bit in 0..8u8) {
        let (scalar, plain) = plain();
        let mut altered = file(Some("1.2.156.10197.1.401.2"), SM4, 1, Some(16), &plain);
        let place = place.index(altered.len());
        altered[place] ^= 1 << bit;
        // More iterations than a test should wait for can only be asked for in the count itself.
        prop_assume!(altered.windows(3).any(|w| w == [0x02, 0x01, 0x01]));
        match code(&altered, "word") {
            Ok(found) => prop_assert_eq!(found, scalar),
            Err(code) => prop_assert!(code.starts_with("x509.")),
        }
    }

    #[test]
    fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_plain(&input);
        prop_assert!(decrypt(&input, &existing("word")).is_err());
    }
}
