#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::entropy::EntropyError;
use hufu_model::ident::unhex;
use proptest::prelude::*;

use super::*;

const X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
const Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
/// n, the order of the curve (GB/T 32918.5 §2), without its last octet 23.
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";

fn octets(text: &str) -> Vec<u8> {
    unhex(&text.replace([' ', '\n'], "")).unwrap()
}

fn point(text: &str) -> std::result::Result<PublicKey, &'static str> {
    PublicKey::from_point(&octets(text)).map_err(|e| e.kind().code())
}

fn spki(text: &str) -> std::result::Result<PublicKey, &'static str> {
    PublicKey::from_spki_der(&octets(text)).map_err(|e| e.kind().code())
}

fn from_scalar(text: &str) -> std::result::Result<SecretKey, &'static str> {
    SecretKey::from_scalar(&octets(text).try_into().unwrap()).map_err(|e| e.kind().code())
}

/// A source that gives these octets over and over.
struct Repeating(&'static [u8]);

impl Entropy for Repeating {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
        if self.0.is_empty() {
            return Err(EntropyError("no device".to_owned()));
        }
        buffer.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

#[test]
fn only_points_of_the_curve_are_keys() {
    assert_eq!(hex(point(&format!("04{X}{Y}")).unwrap().point()), format!("04{X}{Y}"));
    for (bad, code) in [
        (format!("04{X}{}14", &Y[..62]), "x509.key-off-curve"),
        (format!("04{Y}{X}"), "x509.key-off-curve"),
        (format!("04{}", "00".repeat(64)), "x509.key-off-curve"),
        // x = p: zero, but not written as such.
        (format!("04fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff{Y}"), "x509.key-off-curve"),
        (format!("04{X}{}", "ff".repeat(32)), "x509.key-off-curve"),
        ("00".to_owned(), "x509.key-infinity"),
        (format!("03{X}"), "x509.key-compressed"),
        (format!("02{X}"), "x509.key-compressed"),
        (format!("07{X}{Y}"), "x509.key-compressed"),
        (format!("06{X}{Y}"), "x509.key-compressed"),
        (format!("04{X}{}", &Y[..62]), "x509.key-point"),
        (format!("04{X}{Y}00"), "x509.key-point"),
        (format!("05{X}"), "x509.key-point"),
        (format!("{X}{Y}"), "x509.key-point"),
        (format!("00{X}{Y}"), "x509.key-point"),
        (String::new(), "x509.key-point"),
    ] {
        assert_eq!(point(&bad), Err(code), "{bad}");
    }
}

#[test]
fn a_coordinate_has_one_encoding() {
    // The point with x = 0: p is 0 too, written with other octets, and must not stand for it.
    let y = "fd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154";
    let p = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";
    assert!(point(&format!("04{}{y}", "00".repeat(32))).is_ok());
    assert_eq!(point(&format!("04{p}{y}")), Err("x509.key-off-curve"));
}

const EC: &str = "06072a8648ce3d0201";
const CURVE_OID: &str = "06082a811ccf5501822d";

#[test]
fn subject_public_key_info_round_trip() {
    let text = format!("3059301306072a8648ce3d020106082a811ccf5501822d03420004{X}{Y}");
    let key = spki(&text).unwrap();
    assert_eq!(hex(&key.spki_der()), text);
    assert_eq!(key.spki_der().len(), 91);
    assert_eq!(key.spki_digest(), sm3(&octets(&text)));
    assert_eq!(key, point(&format!("04{X}{Y}")).unwrap());
    assert_eq!(key.key_id().len(), 20);
}

/// The key identifier of a certificate of Topsec CA, made by another program.
#[test]
fn key_identifier_of_a_real_authority() {
    let key = point(
        "04d69c2f1eec3bfb6b95b30c28085c77b125d77a9c39525d8190768f37d6b205b5
         89dcd316bbe7d89a9dc21917f17799e698531f5e6e3e10bd31370b259c3f81c3",
    );
    assert_eq!(hex(&key.unwrap().key_id()), "8e5d90347858baaad870d8bdfba6a85e7b563b64");
}

#[test]
fn other_keys_are_refused_by_what_they_are() {
    let bits = format!("03420004{X}{Y}");
    let wrap = |algorithm: &str, bits: &str| {
        let tlv = |tag: &str, content: &str| format!("{tag}{:02x}{content}", content.len() / 2);
        tlv("30", &format!("{}{bits}", tlv("30", algorithm)))
    };
    let p256 = "06082a8648ce3d030107";
    for (der, code) in [
        (wrap("06092a864886f70d0101010500", "03020000"), "x509.key-rsa"),
        (wrap("06092a864886f70d01010a", "03020000"), "x509.key-rsa"),
        (wrap(&format!("{EC}{p256}"), &bits), "x509.key-curve"),
        (wrap(&format!("{EC}0500"), &bits), "x509.key-curve"),
        (wrap(EC, &bits), "x509.key-curve"),
        (wrap(&format!("{EC}3003020101"), &bits), "x509.key-explicit"),
        (wrap(&format!("{CURVE_OID}{CURVE_OID}"), &bits), "x509.key-algorithm"),
        (wrap("06032b6570", "03020000"), "x509.key-algorithm"),
        (wrap(&format!("{EC}{CURVE_OID}"), &format!("032200 03{X}")), "x509.key-compressed"),
        (wrap(&format!("{EC}{CURVE_OID}"), "03020000"), "x509.key-infinity"),
        (wrap(&format!("{EC}{CURVE_OID}"), &format!("03420104{X}{}12", &Y[..62])), "x509.key-point"),
        (wrap(&format!("{EC}{CURVE_OID}0500"), &bits), "x509.not-der"),
        (format!("{}00", wrap(&format!("{EC}{CURVE_OID}"), &bits)), "x509.not-der"),
        (wrap(&format!("{EC}{CURVE_OID}"), "")[..20].to_owned(), "x509.not-der"),
        ("0500".to_owned(), "x509.not-der"),
        (String::new(), "x509.not-der"),
    ] {
        let der = der.replace(' ', "");
        assert_eq!(spki(&der), Err(code), "{der}");
    }
}

#[test]
fn scalars_are_in_1_to_n_minus_2() {
    for bad in [&"00".repeat(32), &format!("{ORDER}22"), &format!("{ORDER}23"), &format!("{ORDER}24"), &"ff".repeat(32)]
    {
        assert_eq!(from_scalar(bad).err(), Some("x509.key-scalar"), "{bad}");
    }
    for good in [&format!("{}01", "00".repeat(31)), &format!("{ORDER}21")] {
        let key = from_scalar(good).unwrap();
        assert_eq!(hex(&*key.to_scalar()), *good);
        let signature = key.sign(b"edge", [3; 32]).unwrap();
        key.public_key().verify(b"edge", &signature).unwrap();
    }
    assert_eq!(
        hex(from_scalar(&format!("{}01", "00".repeat(31))).unwrap().public_key().point()),
        "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
         bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
    );
}

#[test]
fn generation_stops_with_a_broken_source() {
    for broken in [&[][..], &[0x00], &[0xff]] {
        let error = SecretKey::generate(&Repeating(broken)).err().unwrap();
        assert_eq!(error.kind(), &ErrorKind::Entropy);
        assert_eq!(Passphrase::machine(&Repeating(&[])).err().unwrap().kind(), &ErrorKind::Entropy);
    }
    let key = SecretKey::generate(&Repeating(&[0x42])).unwrap();
    assert_eq!(*key.to_scalar(), [0x42; 32]);
}

#[test]
fn debug_output_keeps_the_secret() {
    let key = from_scalar(&"42".repeat(32)).unwrap();
    let text = format!("{key:?} {key:#?}");
    assert!(text.contains(&hex(key.public_key().point())), "{text}");
    assert!(!text.contains("4242") && !text.contains("66, 66"), "{text}");
}

#[test]
fn weak_passphrases_are_refused() {
    let code = |text: &str| Passphrase::human(text.to_owned()).map(|_| ()).map_err(|e| e.kind().code());
    for good in ["correct horse battery", "北京市朝阳区建国路八十八号", "aaaabbbbcccc", "passwordpassworD!"]
    {
        assert_eq!(code(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "short",
        "11 letters.",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "密码密码密码密码密码密码",
        "PasswordPassword",
    ] {
        assert_eq!(code(bad), Err("x509.weak-passphrase"), "{bad}");
    }
    assert_eq!(Passphrase::existing("short".to_owned()).expose(), "short");
}

#[test]
fn a_machine_passphrase_has_six_groups_of_five() {
    let octets: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25];
    let passphrase = Passphrase::machine(&Repeating(octets)).unwrap();
    assert_eq!(passphrase.expose(), "abcde-fghjk-mnpqr-stuvw-xyz02-3abcd");
    assert!(Passphrase::human(passphrase.expose().to_owned()).is_ok());
    assert!(passphrase.iterations() < Passphrase::existing(String::new()).iterations());
}

proptest! {
    #[test]
    fn no_key_information_panics(input in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = PublicKey::from_point(&input);
        let _ = PublicKey::from_spki_der(&input);
        let _ = PublicKey::from_spki_der(&[&SPKI_PREFIX[..], &input].concat());
    }

    #[test]
    fn only_one_encoding_of_a_key_is_read(place in 0..91usize, bit in 0..8u8) {
        let key = point(&format!("04{X}{Y}")).unwrap();
        let mut der = key.spki_der();
        der[place] ^= 1 << bit;
        if let Ok(other) = PublicKey::from_spki_der(&der) {
            prop_assert_eq!(other.spki_der(), der);
            prop_assert_ne!(other, key);
        }
    }
}
