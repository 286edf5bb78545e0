#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::HashMap;

use hufu_model::profile::NameAttribute;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::certificate::Certificate;
use crate::fixture::{name, seed};
use crate::forge;
use crate::mutate::mutated;
use crate::oid::{self, Oid};
use crate::signed_data;
use crate::tlv::{self, tag};

/// Certificates of thirty years; `samples/make.sh` made them.
const ODD: &[u8] = include_bytes!("samples/odd.pem");

fn members(bytes: &[u8]) -> Vec<std::result::Result<Vec<u8>, &'static str>> {
    Members::new(bytes)
        .map(|member| match member {
            Ok(der) => Ok(der),
            Err(MemberFault::Refused(e)) => Err(e.kind().code()),
            Err(MemberFault::Io(e)) => panic!("{e}"),
        })
        .collect()
}

/// The samples by name.
fn samples() -> HashMap<&'static str, Vec<u8>> {
    let names = std::str::from_utf8(ODD).unwrap().lines().filter_map(|l| l.strip_prefix("== "));
    let ders = members(ODD).into_iter().map(std::result::Result::unwrap);
    let found: HashMap<_, _> = names.zip(ders).collect();
    assert_eq!(found.len(), 28);
    found
}

#[test]
fn every_certificate_of_thirty_years_is_read() {
    use Algorithm::{Ecdsa, Other, Rsa, Sm2};
    use Usage::{Any, Encrypt, Sign};
    let samples = samples();
    for (name, version, algorithm, bits, usage, serial) in [
        ("rsa-root", 3, Rsa, 2048, Sign, &[1][..]),
        ("rsa-1024-sha1", 3, Rsa, 1024, Sign, &[4, 0]),
        ("rsa-2048-sha1", 3, Rsa, 2048, Sign, &[8, 0]),
        ("rsa-4096-sha1", 3, Rsa, 4096, Sign, &[0x10, 0]),
        ("rsa-1024-sha256-enc", 3, Rsa, 1024, Encrypt, &[3]),
        ("md5", 3, Rsa, 1024, Sign, &[4]),
        ("v1", 1, Rsa, 1024, Any, &[5]),
        ("negative-serial", 3, Rsa, 1024, Sign, &[0xfb]),
        ("zero-serial", 3, Rsa, 1024, Sign, &[0]),
        ("bmp-name", 3, Rsa, 1024, Sign, &[8]),
        ("universal-name", 3, Rsa, 1024, Sign, &[9]),
        ("t61-name", 3, Rsa, 1024, Sign, &[10]),
        ("ec-P-256", 3, Ecdsa, 256, Sign, &[11]),
        ("ec-P-384", 3, Ecdsa, 384, Sign, &[11]),
        ("ec-P-521", 3, Ecdsa, 521, Sign, &[11]),
        ("ec-secp256k1", 3, Ecdsa, 256, Sign, &[11]),
        ("ED25519", 3, Other, 256, Sign, &[12]),
        ("ED448", 3, Other, 456, Sign, &[12]),
        ("dsa", 3, Other, 1024, Sign, &[13]),
        ("sm2-root", 3, Sm2, 256, Sign, &[20]),
        ("sm2-leaf", 3, Sm2, 256, Encrypt, &[21]),
    ] {
        let read = read_der(&samples[name]).unwrap_or_else(|e| panic!("{name}: {e}"));
        let seen = (read.version, read.algorithm, read.usage, read.serial.as_slice());
        assert_eq!(seen, (version, algorithm, usage, serial), "{name}");
        assert!(read.key_bits.abs_diff(bits) <= u32::from(name == "dsa") * 8, "{name}: {}", read.key_bits);
        assert!(read.subject.contains(&format!("CN={name}")), "{name}: {}", read.subject);
        let odd = ["negative-serial", "zero-serial"].contains(&name);
        assert_eq!(read.remarks, if odd { vec![Remark::OddSerial] } else { vec![] }, "{name}");
    }
    let long = read_der(&samples["long-serial"]).unwrap();
    assert_eq!((long.serial.len(), long.remarks), (27, vec![Remark::OddSerial]));
    // The same name in four string types is the same text.
    for name in ["bmp-name", "universal-name", "zero-serial"] {
        let read = read_der(&samples[name]).unwrap();
        assert_eq!(read.subject, format!("C=CN,O=示例 Société,OU=财务部,CN={name}"));
        assert_eq!(read.unit.as_deref(), Some("财务部"));
    }
    assert_eq!(read_der(&samples["md5"]).unwrap().signature_algorithm, "1.2.840.113549.1.1.4");
}

#[test]
fn what_is_verified_and_what_is_not_says_why() {
    let samples = samples();
    let mut issuers = Issuers::new();
    assert!(issuers.is_empty());
    let verdict = |issuers: &Issuers, name: &str| read_verified(&samples[name], issuers).unwrap().1;
    assert_eq!(verdict(&issuers, "rsa-2048-sha1"), Err(Unverified::UnknownIssuer));
    let roots = samples.keys().copied().filter(|name| name.contains("root")).collect::<Vec<_>>();
    assert_eq!(roots.len(), 8);
    for root in &roots {
        issuers.add(&samples[root]).unwrap();
    }
    for (name, expected) in [
        ("rsa-root", Ok(())),
        ("rsa-1024-sha1", Ok(())),
        ("rsa-4096-sha1", Ok(())),
        ("v1", Ok(())),
        ("long-serial", Ok(())),
        ("ED448", Ok(())),
        ("ec-root-P-256", Ok(())),
        ("ec-root-P-384", Ok(())),
        ("ed25519-root", Ok(())),
        ("sm2-root", Ok(())),
        ("sm2-leaf", Ok(())),
        ("rsa-1024-root-sha1", Ok(())),
        ("md5", Err(Unverified::Algorithm)),
        ("ec-root-P-521", Err(Unverified::Algorithm)),
        ("rsa-1024-root-sha256", Err(Unverified::Algorithm)),
    ] {
        assert_eq!(verdict(&issuers, name), expected, "{name}");
    }
    // An octet of what is signed, or of the signature: it does not verify, and it is read.
    for name in ["rsa-2048-sha1", "ec-root-P-256", "sm2-leaf"] {
        let mut altered = samples[name].clone();
        let at = altered.len() - 5;
        altered[at] ^= 1;
        assert_eq!(read_verified(&altered, &issuers).unwrap().1, Err(Unverified::Signature), "{name}");
    }
    // Another authority of the same name: known by name, not by key; with both, the right one is found.
    let other = |key: u8| forge::Plan::ca("Same", key, "Same", key, None).sign(key);
    let leaf = forge::Plan::leaf("Leaf", 3, "same", 2).sign(2);
    let mut same = Issuers::new();
    same.add(other(1).der()).unwrap();
    assert_eq!(read_verified(leaf.der(), &same).unwrap().1, Err(Unverified::Signature));
    same.add(other(2).der()).unwrap();
    assert_eq!(read_verified(leaf.der(), &same).unwrap().1, Ok(()));
    assert!(same.add(b"no certificate").is_err());
    let mut codes: Vec<_> = Unverified::ALL.map(Unverified::code).into();
    codes.extend(Remark::ALL.map(Remark::code));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 5);
}

/// A certificate that nobody signed.
struct Made {
    serial: Vec<u8>,
    times: [(u8, &'static str); 2],
    subject: Vec<u8>,
    spki: Vec<u8>,
}

impl Made {
    fn new() -> Self {
        let key = forge::key(7);
        let spki = crate::sign::Signer::public_key(&key).spki_der();
        let times = [(tag::UTC_TIME, "170301000000Z"), (tag::UTC_TIME, "490301000000Z")];
        Self { serial: vec![1], times, subject: forge::name("subject"), spki }
    }

    fn der(&self) -> Vec<u8> {
        let rsa = tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid::SHA1_WITH_RSA.as_bytes()));
        let mut tbs = vec![0xa0, 3, 2, 1, 2];
        tlv::put(&mut tbs, tag::INTEGER, &self.serial);
        tbs.extend_from_slice(&rsa);
        tbs.extend_from_slice(&forge::name("issuer"));
        tlv::nest(&mut tbs, tag::SEQUENCE, |out| {
            self.times.iter().for_each(|(tag, text)| tlv::put(out, *tag, text.as_bytes()));
        });
        tbs.extend_from_slice(&self.subject);
        tbs.extend_from_slice(&self.spki);
        let mut out = tlv::element(tag::SEQUENCE, &tbs);
        out.extend_from_slice(&rsa);
        tlv::put(&mut out, tag::BIT_STRING, &[0; 129]);
        tlv::element(tag::SEQUENCE, &out)
    }
}

fn spki(kind: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let mut algorithm = tlv::element(tag::OID, kind);
    algorithm.extend_from_slice(parameters);
    let mut out = tlv::element(tag::SEQUENCE, &algorithm);
    tlv::put(&mut out, tag::BIT_STRING, &[&[0], key].concat());
    tlv::element(tag::SEQUENCE, &out)
}

#[test]
fn keys_are_what_they_are_whatever_they_are_called() {
    let point = crate::sign::Signer::public_key(&forge::key(7)).point().to_vec();
    let modulus = |octets: &[u8]| {
        let mut key = tlv::element(tag::INTEGER, octets);
        tlv::put(&mut key, tag::INTEGER, &[1, 0, 1]);
        tlv::element(tag::SEQUENCE, &key)
    };
    let rsa = modulus(&[&[0, 0x80][..], &[7; 127]].concat());
    let forgot_the_sign = modulus(&[&[0x80][..], &[7; 127]].concat());
    let explicit = tlv::element(tag::SEQUENCE, &tlv::element(tag::OCTET_STRING, &key_prime()));
    let (null, curve) = ([5, 0], tlv::element(tag::OID, oid::SM2_CURVE.as_bytes()));
    for (kind, parameters, key, algorithm, bits) in [
        (oid::SM2_CURVE, &[][..], &point[..], Algorithm::Sm2, 256),
        (oid::SM2_CURVE, &null, &point, Algorithm::Sm2, 256),
        (oid::SM2_SIGN, &curve, &point, Algorithm::Sm2, 256),
        (oid::EC_PUBLIC_KEY, &curve, &point, Algorithm::Sm2, 256),
        (oid::EC_PUBLIC_KEY, &explicit, &point, Algorithm::Sm2, 256),
        (oid::EC_PUBLIC_KEY, &[0x30, 0], &point, Algorithm::Ecdsa, 256),
        (oid::RSA, &null, &rsa, Algorithm::Rsa, 1024),
        (oid::RSA, &null, &forgot_the_sign, Algorithm::Rsa, 1024),
        (oid::RSA_PSS, &[], &rsa, Algorithm::Rsa, 1024),
        (oid::RSA_X500, &null, &rsa, Algorithm::Rsa, 1024),
        (oid::RSA, &null, b"no key", Algorithm::Rsa, 0),
        (oid::ML_DSA_65, &[], &[9; 1952], Algorithm::MlDsa, 15_612),
        (oid::SHA1, &null, b"unknown", Algorithm::Other, 0),
    ] {
        let made = Made { spki: spki(kind.as_bytes(), parameters, key), ..Made::new() };
        let read = read_der(&made.der()).unwrap();
        assert_eq!((read.algorithm, read.key_bits), (algorithm, bits), "{kind}");
    }
}

fn key_prime() -> Vec<u8> {
    hufu_model::ident::unhex("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff").unwrap()
}

#[test]
fn times_of_both_kinds_are_read_and_an_end_before_the_begin_is_named() {
    let (utc, long) = (tag::UTC_TIME, tag::GENERALIZED_TIME);
    for (times, period) in [
        ([(utc, "491231235959Z"), (long, "20500101000000Z")], Some((2_524_607_999, 2_524_608_000))),
        ([(utc, "500101000000Z"), (utc, "491231235959Z")], Some((-631_152_000, 2_524_607_999))),
        ([(utc, "170301000000Z"), (long, "99991231235959Z")], Some((1_488_326_400, 253_402_300_799))),
        ([(utc, "170301000000Z"), (utc, "170301000000Z")], Some((1_488_326_400, 1_488_326_400))),
        ([(utc, "1703010000Z"), (utc, "490301000000Z")], Some((1_488_326_400, 2_498_169_600))),
        ([(utc, "170301080000+0800"), (utc, "490301000000Z")], Some((1_488_326_400, 2_498_169_600))),
        ([(utc, "170301000001Z"), (utc, "170301000000Z")], None),
        ([(long, "20500101000000Z"), (utc, "491231235959Z")], None),
    ] {
        match (read_der(&Made { times, ..Made::new() }.der()), period) {
            (Ok(read), Some(period)) => {
                assert_eq!((read.validity.not_before(), read.validity.not_after()), period, "{times:?}");
            }
            (Err(e), None) => assert_eq!(e.kind(), &ErrorKind::Expiry, "{times:?}"),
            (other, _) => panic!("{times:?}: {other:?}"),
        }
    }
    for times in [[(utc, "171301000000Z"), (utc, "490301000000Z")], [(utc, ""), (utc, "")], [(4, "x"), (4, "y")]] {
        assert_eq!(read_der(&Made { times, ..Made::new() }.der()).unwrap_err().kind(), &ErrorKind::Legacy, "{times:?}");
    }
}

#[test]
fn lengths_that_der_forbids_are_read_and_remarked() {
    let good = Made::new().der();
    let outer = tlv::Reader::new(&good).any().unwrap();
    let mut loose = vec![0x30, 0x83, 0];
    loose.extend_from_slice(&u16::try_from(outer.value.len()).unwrap().to_be_bytes());
    loose.extend_from_slice(outer.value);
    let read = read_der(&loose).unwrap();
    assert_eq!(read.remarks, [Remark::NotStrict]);
    // The same deep inside: the name of the subject.
    let subject = [&[0x30, 0x81][..], &forge::name("subject")[1..]].concat();
    let read = read_der(&Made { subject, ..Made::new() }.der()).unwrap();
    assert_eq!((read.subject.as_str(), read.remarks), ("CN=subject", vec![Remark::NotStrict]));
    let odd = read_der(&Made { serial: vec![0, 0, 1], ..Made::new() }.der()).unwrap();
    assert_eq!((odd.serial, odd.remarks), (vec![0, 0, 1], vec![Remark::NotStrict, Remark::OddSerial]));
    assert_eq!(read_der(&vec![0x30; 70_000]).unwrap_err().kind(), &ErrorKind::TooLarge);
    let deep: Vec<u8> = (0..20_u8).rev().flat_map(|inside| [0x30, 2 * inside]).collect();
    assert_eq!(read_der(&deep).unwrap_err().kind(), &ErrorKind::TooDeep);
}

#[test]
fn a_damaged_member_is_one_fault_and_the_others_are_read() {
    let der = Made::new().der();
    let block = pem::encode("CERTIFICATE", &der);
    let good = || Ok(der.clone());
    let text = |parts: &[&str]| members(parts.concat().as_bytes());
    let no_end = block.split_once("-----END").unwrap().0;
    let broken = block.replacen('M', "?", 1);
    assert_eq!(text(&["Bag Attributes: 张三\n", &block, "noise = 1\r\n", &block]), [good(), good()]);
    assert_eq!(text(&[&block, &broken, &block]), [good(), Err("x509.pem-form"), good()]);
    assert_eq!(text(&[no_end, &block]), [Err("x509.pem-form"), good()]);
    assert_eq!(
        text(&[no_end, no_end, &block, no_end]),
        [Err("x509.pem-form"), Err("x509.pem-form"), good(), Err("x509.pem-form")]
    );
    assert_eq!(text(&["\u{feff}", &block.replace('\n', "\r\n")]), [good()]);
    assert_eq!(text(&[&block.replace("CERTIFICATE", "X509 CERTIFICATE")]), [good()]);
    let key = pem::encode("PRIVATE KEY", b"0");
    assert_eq!(text(&[&key]), [Err("x509.pem-label")]);
    assert_eq!(text(&[&key, &block]), [good()]);
    let huge = format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", "QUFB\n".repeat(40_000));
    assert_eq!(text(&[&huge, &block]), [Err("x509.too-large"), good()]);
    assert_eq!(text(&[&"x".repeat(400_000), "\n", &block]), [good()]);
    let trusted = pem::encode("TRUSTED CERTIFICATE", &[&der[..], &[0x30, 0]].concat());
    assert_eq!(text(&[&trusted]), [good()]);
    for nothing in ["", "a letter\nof two lines", "QUFB", "0", "0 is how it begins"] {
        assert_eq!(text(&[nothing]), [Err("x509.not-der")], "{nothing}");
    }
}

#[test]
fn der_p7b_and_bare_base64_are_told_by_their_content() {
    let (one, two) = (Made::new().der(), samples()["v1"].clone());
    let both = || vec![Ok(one.clone()), Ok(two.clone())];
    assert_eq!(members(&one), [Ok(one.clone())]);
    assert_eq!(members(&[&one[..], &two].concat()), both());
    assert_eq!(members(&[&one[..], &two, &[0; 300]].concat()), both());
    assert_eq!(members(&[&one[..], b"\r\n"].concat()), [Ok(one.clone())]);
    assert_eq!(members(&[&one[..], b"rest"].concat()), [Ok(one.clone()), Err("x509.not-der")]);
    assert_eq!(members(&one[..one.len() - 1]), [Err("x509.not-der")]);
    assert_eq!(members(pem::base64(&one).as_bytes()), [Ok(one.clone())]);
    assert_eq!(members(pem::base64(&one).replace('M', "M\r\n").as_bytes()), [Ok(one.clone())]);

    let p7b = |kind: Oid, indefinite: bool| {
        let wrap = |tag: u8, content: &[u8]| match indefinite {
            true => [&[tag, 0x80], content, &[0, 0]].concat(),
            false => tlv::element(tag, content),
        };
        let data = wrap(tag::SEQUENCE, &tlv::element(tag::OID, oid::GM_DATA.as_bytes()));
        let set = wrap(tag::constructed(0), &[&one[..], &two].concat());
        let fields = [&[2, 1, 1][..], &[0x31, 0], &data, &set, &[0x31, 0]].concat();
        let signed = wrap(tag::constructed(0), &wrap(tag::SEQUENCE, &fields));
        wrap(tag::SEQUENCE, &[&tlv::element(tag::OID, kind.as_bytes())[..], &signed].concat())
    };
    for kind in [oid::GM_SIGNED_DATA, oid::PKCS7_SIGNED_DATA] {
        for indefinite in [false, true] {
            let der = p7b(kind, indefinite);
            assert_eq!(members(&der), both());
            assert_eq!(members(pem::encode("PKCS7", &der).as_bytes()), both());
            assert_eq!(members(pem::base64(&der).as_bytes()), both());
        }
    }
    assert_eq!(members(&p7b(oid::GM_DATA, false)), [Err("x509.not-der")]);
    let ours = forge::Plan::leaf("Leaf", 3, "same", 2).sign(2);
    let bundle = signed_data::certificates(&[&ours]).unwrap();
    assert_eq!(members(&bundle), [Ok(ours.der().to_vec())]);
    // A request is none, and says so.
    let request = crate::csr::build(&name(&[(NameAttribute::CommonName, "a")]), &forge::key(1), [1; 32]).unwrap();
    let fault = Members::new(&request[..]).next().unwrap().unwrap_err().to_string();
    assert!(fault.contains("it holds a request"), "{fault}");
    let cell = from_text(&pem::base64(&one)).unwrap();
    assert_eq!((&cell, from_text(&pem::encode("CERTIFICATE", &one)).as_ref()), (&one, Ok(&one)));
    for (bad, kind) in [("", ErrorKind::NotDer), ("QUFB", ErrorKind::NotDer)] {
        assert_eq!(from_text(bad).unwrap_err().kind(), &kind);
    }
    assert_eq!(from_text(&pem::encode("CERTIFICATE", &one).repeat(2)).unwrap_err().kind(), &ErrorKind::PemSeveral);
}

#[test]
fn ten_thousand_mutations_are_read_or_refused_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("legacy mutations"));
    let samples: Vec<Vec<u8>> = members(ODD).into_iter().map(std::result::Result::unwrap).collect();
    let mut issuers = Issuers::new();
    samples.iter().for_each(|der| issuers.add(der).unwrap());
    let (mut read, mut verified) = (0, 0);
    for i in 0..10_000 {
        let source = &samples[i % samples.len()];
        let input = mutated(source, &mut rng);
        if let Ok((legacy, verdict)) = read_verified(&input, &issuers) {
            read += 1;
            assert!(!legacy.subject.contains(char::is_control) && !legacy.issuer.contains(char::is_control));
            if verdict.is_ok() {
                verified += 1;
                // Only what is outside the signature may have changed.
                let tbs = |der: &[u8]| parse(der).unwrap().tbs_certificate.as_ref().to_vec();
                assert_eq!(tbs(&input), tbs(source), "{i}");
            }
        }
        let _ = Members::new(&input[..]).count();
        let text = pem::encode("CERTIFICATE", &input);
        let cut = &text.as_bytes()[..i % text.len()];
        assert!(Members::new([cut, text.as_bytes()].concat().as_slice()).count() >= 1);
    }
    assert!(read > 1000 && verified > 0, "{read} read, {verified} verified");
}

fn authority_name(cn: &str) -> crate::name::Name {
    name(&[
        (NameAttribute::Country, "CN"),
        (NameAttribute::Organisation, "示例公司"),
        (NameAttribute::CommonName, cn),
        (NameAttribute::SerialNumber, "A-1"),
        (NameAttribute::Email, "a@example.cn"),
    ])
}

#[test]
fn what_the_make_believe_authorities_issue_is_read_in_three_ways_and_verifies() {
    let validity = Validity::new(1_500_000_000, 2_600_000_000).unwrap();
    let (ca, serial) = ("0102".parse().unwrap(), "ff01".parse().unwrap());
    let rsa = LegacyAuthority::rsa(&authority_name("旧 CA"), &ca, validity).unwrap();
    let ecdsa = LegacyAuthority::ecdsa(&authority_name("旧 EC"), &ca, validity).unwrap();
    for (authority, signature) in [(&rsa, "1.2.840.113549.1.1.11"), (&ecdsa, "1.2.840.10045.4.3.2")] {
        let root = Certificate::from_der(authority.der()).unwrap();
        assert!(root.basic_constraints().unwrap().unwrap().ca);
        let mut issuers = Issuers::new();
        issuers.add(authority.der()).unwrap();
        for (key, (algorithm, bits)) in POOL.into_iter().enumerate() {
            let usage = Usage::ALL[key % 3];
            let subject = authority_name("张三");
            let wanted = IssueParams { subject: &subject, serial: &serial, validity, usage, key };
            let der = authority.issue(&wanted).unwrap();
            let (read, verified) = read_verified(&der, &issuers).unwrap();
            assert_eq!(verified, Ok(()), "{key}");
            assert_eq!((read.algorithm, read.key_bits, read.usage), (algorithm, bits, usage), "{key}");
            assert_eq!((read.serial.as_slice(), read.version), (&[0, 0xff, 1][..], 3));
            assert_eq!(read.signature_algorithm, signature);
            assert_eq!(read.subject, "C=CN,O=示例公司,CN=张三,serialNumber=A-1,emailAddress=a@example.cn");
            assert!(read.remarks.is_empty());

            let second = reread(&der).unwrap();
            assert_eq!((second.serial.to_string().as_str(), second.validity), ("ff01", read.validity));
            let ours = Certificate::from_der(&der).unwrap();
            assert_eq!((ours.serial(), ours.validity()), (&second.serial, second.validity));
            assert_eq!((ours.subject_der(), ours.issuer_der()), (&second.subject_der[..], &second.issuer_der[..]));
            assert_eq!(ours.spki_der(), second.spki_der);
            assert!(ours.public_key().is_err());
            assert_eq!(ours.authority_key_id().unwrap(), root.subject_key_id().unwrap());
            assert!(!ours.is_signed_with_sm2() && ours.algorithms_agree());
        }
    }
    // The RSA authority has the same key in every run, the other one does not.
    let again = LegacyAuthority::rsa(&authority_name("旧 CA"), &ca, validity).unwrap();
    assert_eq!(again.der(), rsa.der());
}

#[test]
fn what_is_no_certificate_is_refused() {
    let der = Made::new().der();
    assert_eq!(read(b"").unwrap_err().kind().code(), "x509.not-der");
    assert_eq!(read(&[0x30, 0]).unwrap_err().kind(), &ErrorKind::Legacy);
    assert_eq!(reread(&[&der[..], &[0]].concat()).unwrap_err().kind(), &ErrorKind::Legacy);
    assert_eq!(read_der(&[&der[..], &[0]].concat()).unwrap_err().kind(), &ErrorKind::Legacy);
}

/// `cargo test -p hufu-x509 --lib legacy::tests::figures -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
fn figures() {
    let validity = Validity::new(1_500_000_000, 2_600_000_000).unwrap();
    let authority = LegacyAuthority::rsa(&authority_name("旧 CA"), &"01".parse().unwrap(), validity).unwrap();
    let mut issuers = Issuers::new();
    issuers.add(authority.der()).unwrap();
    let rate = |what: &str, count: usize, work: &mut dyn FnMut(usize)| {
        let start = std::time::Instant::now();
        (0..count).for_each(work);
        eprintln!("{what}: {:.0}/s on one core", count as f64 / start.elapsed().as_secs_f64());
    };
    let mut ders = Vec::new();
    rate("issued by RSA-2048", 3000, &mut |key| {
        let subject = authority_name("张三");
        let serial =
            Serial::from_bytes(&u32::try_from(key + 1).unwrap().to_be_bytes()[2..]).unwrap_or("01".parse().unwrap());
        ders.push(
            authority
                .issue(&IssueParams { subject: &subject, serial: &serial, validity, usage: Usage::Sign, key })
                .unwrap(),
        );
    });
    rate("read", 100_000, &mut |i| drop(read_der(&ders[i % ders.len()]).unwrap()));
    rate("read and verified", 20_000, &mut |i| {
        assert_eq!(read_verified(&ders[i % ders.len()], &issuers).unwrap().1, Ok(()));
    });
    let bundle: String = ders.iter().map(|der| pem::encode("CERTIFICATE", der)).collect();
    rate("PEM bundles of 3000 taken apart", 20, &mut |_| assert_eq!(Members::new(bundle.as_bytes()).count(), 3000));
}
