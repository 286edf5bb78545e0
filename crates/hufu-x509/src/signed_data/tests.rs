#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::forge::{Plan, key};

fn sample(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/samples/signed-data/");
    std::fs::read(format!("{path}{name}")).unwrap()
}

fn signer() -> Certificate {
    Plan::leaf("操作员", 5, "authority", 4).sign(4)
}

fn signed(content: &[u8]) -> Vec<u8> {
    sign(content, &signer(), &key(5), [7; 32]).unwrap()
}

#[test]
fn another_programs_message_is_read_and_verified() {
    let data = SignedData::from_der(&sample("signed.p7s")).unwrap();
    let certificate = Certificate::from_bytes(&sample("signer.pem")).unwrap();
    assert_eq!(data.content(), sample("content.bin"));
    assert_eq!(*data.certificate(), certificate);
    data.verify(&certificate.public_key().unwrap()).unwrap();
    let detached = Signature::from_der(&sample("content.sig.der")).unwrap();
    certificate.public_key().unwrap().verify(data.content(), &detached).unwrap();
}

#[test]
fn altered_content_and_another_key_are_refused() {
    let key = Certificate::from_bytes(&sample("signer.pem")).unwrap().public_key().unwrap();
    for name in ["altered.p7s", "other-key.p7s"] {
        let data = SignedData::from_der(&sample(name)).unwrap();
        assert_eq!(data.verify(&key).unwrap_err().kind().code(), "x509.signature", "{name}");
    }
    // The root's key is another one than that of the certificate inside.
    let root = Certificate::from_bytes(&sample("root.pem")).unwrap().public_key().unwrap();
    let data = SignedData::from_der(&sample("signed.p7s")).unwrap();
    assert!(data.verify(&root).unwrap_err().to_string().contains("names another signer"));
}

#[test]
fn our_messages_have_the_form_of_the_sample() {
    // The same fields in the same order: only names, numbers, content and signature differ.
    let shape = |der: &[u8]| {
        let fields = Outer::read(der, &[oid::GM_SIGNED_DATA]).unwrap();
        let mut signers = { fields }.signers().unwrap().inside();
        let mut info = signers.any().unwrap().inside();
        let mut tags = Vec::new();
        while let Ok(tlv) = info.any() {
            tags.push((
                tlv.tag,
                if tlv.tag == tag::SEQUENCE && tags.len() > 1 { tlv.whole.to_vec() } else { Vec::new() },
            ));
        }
        tags
    };
    assert_eq!(shape(&signed(b"content")), shape(&sample("signed.p7s")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_signed_is_read_and_verified(content in any::<Vec<u8>>()) {
        let data = SignedData::from_der(&signed(&content)).unwrap();
        prop_assert_eq!(data.content(), &content[..]);
        prop_assert_eq!(data.certificate(), &signer());
        data.verify(key(5).public_key()).unwrap();
    }
}

#[test]
fn a_large_message_is_written_and_read_and_a_larger_one_refused() {
    let content = vec![0x5a; 15 * 1024 * 1024];
    assert_eq!(SignedData::from_der(&signed(&content)).unwrap().content().len(), content.len());
    let content = vec![0x5a; 16 * 1024 * 1024];
    let error = sign(&content, &signer(), &key(5), [7; 32]).unwrap_err();
    assert_eq!(error.kind().code(), "x509.too-large");
    let error = SignedData::from_der(&vec![0x30; MAX_LENGTH + 1]).unwrap_err();
    assert_eq!(error.kind().code(), "x509.too-large");
}

#[test]
fn only_the_certificates_own_key_signs() {
    let error = sign(b"content", &signer(), &key(6), [7; 32]).unwrap_err();
    assert_eq!(error.kind().code(), "x509.message");
}

#[test]
fn known_mistakes_are_named() {
    let key = key(5);
    let content = b"content";
    let za = sign::za(b"", key.public_key()).unwrap();
    let empty_id = key.sign_prehash(&sign::hash_message(&za, content), [9; 32]).unwrap();
    let raw = {
        let good = key.sign(content, [9; 32]).unwrap();
        let mut parts = Reader::new(good.der()).any().unwrap().inside();
        let mut out = Vec::new();
        for _ in 0..2 {
            let number = parts.any().unwrap().unsigned().unwrap();
            out.resize(out.len() + 32 - number.len(), 0);
            out.extend_from_slice(number);
        }
        out
    };
    for (signature, said) in [(empty_id.der().to_vec(), "empty SM2 ID"), (raw, "raw r and s")] {
        let data = SignedData { content: content.to_vec(), certificate: signer(), signature };
        let error = data.verify(key.public_key()).unwrap_err();
        assert!(error.kind().code() == "x509.signature" && error.to_string().contains(said), "{error}");
    }
}

/// The first place of `from` in a message replaced by `to` of the same length.
fn patched(from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut der = signed(b"content");
    let at = der.windows(from.len()).position(|w| w == from).expect("it is there");
    der[at..at + to.len()].copy_from_slice(to);
    der
}

#[test]
fn refusals_say_what_is_wrong() {
    let gm = oid::GM_SIGNED_DATA;
    let pkcs7 = tlv::element(tag::OID, oid::PKCS7_SIGNED_DATA.as_bytes());
    let cases = [
        (patched(oid::GM_DATA.as_bytes(), gm.as_bytes()), "instead of data"),
        (patched(gm.as_bytes(), oid::GM_DATA.as_bytes()), "instead of signedData"),
        (patched(&[2, 1, 1, 0x31], &[2, 1, 3, 0x31]), "version other than 1"),
        (patched(oid::SM3.as_bytes(), &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x12]), "not SM3"),
        (patched(SM2_SIGN, &[SM2_SIGN.split_last().unwrap().1, &[3]].concat()), "not SM2"),
        (pkcs7, "no SEQUENCE"),
        (certificates(&[&signer()]).unwrap(), "digest algorithm"),
    ];
    for (der, said) in cases {
        let error = SignedData::from_der(&der).unwrap_err();
        assert!(error.kind().code() == "x509.message" && error.to_string().contains(said), "{error}, not {said}");
        assert!(error.offset().is_some());
    }
    let mut der = signed(b"content");
    der.push(0);
    assert_eq!(SignedData::from_der(&der).unwrap_err().kind().code(), "x509.not-der");
}

#[test]
fn bundles_carry_certificates_in_ders_order() {
    let (a, b) = (signer(), Plan::ca("authority", 4, "authority", 4, None).sign(4));
    let der = certificates(&[&a, &b, &a]).unwrap();
    assert_eq!(der, certificates(&[&b, &a]).unwrap());
    let mut expected = vec![a.clone(), b];
    expected.sort_by(|x, y| x.der().cmp(y.der()));
    assert_eq!(read_certificates(&der).unwrap(), expected);
    assert_eq!(read_certificates(pem::encode("PKCS7", &der).as_bytes()).unwrap(), expected);
    assert_eq!(read_certificates(&signed(b"content")).unwrap(), [a]);
    assert_eq!(certificates(&[]).unwrap_err().kind().code(), "x509.message");
}

/// The degenerate form that other programs write, with PKCS#7's identifiers (RFC 2315 §9.1).
#[test]
fn bundles_with_the_identifiers_of_pkcs7_are_read() {
    let data = tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]));
    let mut fields = vec![2, 1, 1, 0x31, 0];
    fields.extend_from_slice(&data);
    tlv::put(&mut fields, tag::constructed(0), signer().der());
    fields.extend_from_slice(&[0xa1, 0, 0x31, 0]);
    let der = content_info(oid::PKCS7_SIGNED_DATA, Some(&tlv::element(tag::SEQUENCE, &fields)));
    assert_eq!(read_certificates(&der).unwrap(), [signer()]);
    assert!(SignedData::from_der(&der).is_err());
}

#[test]
fn every_octet_can_change_without_a_panic() {
    let der = signed(b"content");
    let good = key(5);
    for position in 0..der.len() {
        for flip in [1_u8, 0x80, 0xff] {
            let mut bytes = der.clone();
            bytes[position] ^= flip;
            if let Ok(data) = SignedData::from_der(&bytes)
                && data.content() != b"content"
            {
                assert!(data.verify(good.public_key()).is_err(), "octet {position}: other content verifies");
            }
            let _ = read_certificates(&bytes);
        }
        let _ = SignedData::from_der(&der[..position]);
    }
}

#[test]
fn structure_aware_mutations_do_not_panic() {
    let seed = std::env::var("HUFU_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x51d_u64);
    println!("seed {seed} (set HUFU_SEED for another)");
    let mut rng = StdRng::seed_from_u64(seed);
    let originals = [signed(b"content"), sample("signed.p7s"), certificates(&[&signer()]).unwrap()];
    let mut read = 0;
    for round in 0..10_000 {
        let bytes = crate::mutate::mutated(&originals[round % 3], &mut rng);
        read += usize::from(SignedData::from_der(&bytes).is_ok()) + usize::from(read_certificates(&bytes).is_ok());
    }
    assert!(read > 100, "only {read} of the mutations were read at all");
}

#[test]
fn a_message_brings_its_chain_along_in_one_order() {
    let (signer, other) = (signer(), Plan::leaf("另一人", 6, "authority", 4).sign(4));
    let with = |chain: &[&Certificate]| sign_with(b"content", &signer, chain, &key(5), [7; 32]).unwrap();
    let der = with(&[&other, &signer, &other]);
    assert_eq!(der, with(&[&other]), "each once");
    let read = SignedData::from_der(&der).unwrap();
    assert_eq!(*read.certificate(), signer);
    read.verify(&signer.public_key().unwrap()).unwrap();
    let found = read_certificates(&der).unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.is_sorted_by_key(|c| c.der().to_vec()), "X.690 §11.6");
    assert_eq!(with(&[]), signed(b"content"));
}
