#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use hufu_model::entropy::EntropyError;
use hufu_model::ident::unhex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::encrypt::encrypt_with_nonce;
use crate::fixture::{Case, key, seed, vectors};
use crate::mutate::mutated;
use crate::pem;

mod foreign;

/// The same octets in every run, and different ones at every call.
struct Counting(std::sync::atomic::AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (place, octet) in buffer.iter_mut().enumerate() {
            *octet = crate::digest::sm3(&[&n.to_be_bytes()[..], &place.to_be_bytes()].concat()).0[0];
        }
        Ok(())
    }
}

fn entropy() -> Counting {
    Counting(0.into())
}

fn secret(text: &str) -> SecretKey {
    SecretKey::from_scalar(&unhex(text).unwrap().try_into().unwrap()).unwrap()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "good")
}

fn rules(inspection: &Inspection) -> Vec<&'static str> {
    inspection.findings.iter().map(|f| f.rule.code()).collect()
}

/// A certificate of this key.
fn certificate(profile: &str, key: &SecretKey) -> Certificate {
    let mut case = Case::of(profile);
    case.subject_key = key.public_key().clone();
    Certificate::from_der(&case.certificate()).unwrap()
}

/// Owner, delivered key and key centre, with what each dialect needs.
struct Scene {
    owner: SecretKey,
    delivered: SecretKey,
    centre: SecretKey,
    signing: [Certificate; 1],
    encryption: [Certificate; 1],
    centre_certificate: Certificate,
    serial: Serial,
}

impl Scene {
    fn new() -> Self {
        let (owner, delivered, centre) = (key("owner"), key("delivered"), key("centre"));
        Self {
            signing: [certificate("organisation-sign", &owner)],
            encryption: [certificate("person-sign", &delivered)],
            centre_certificate: certificate("operator", &centre),
            serial: Serial::from_bytes(&[0x17, 2, 3]).unwrap(),
            owner,
            delivered,
            centre,
        }
    }

    fn form(&self, dialect: Dialect) -> Form<'_> {
        match dialect {
            Dialect::EnvelopedKey => Form::EnvelopedKey,
            Dialect::CsrResponse => Form::CsrResponse { signing: &self.signing, encryption: &self.encryption },
            Dialect::SignedEnveloped => Form::SignedEnveloped(Delivery {
                issuer_der: self.encryption[0].issuer_der(),
                serial: &self.serial,
                certificate: &self.centre_certificate,
                signer: &self.centre,
            }),
            Dialect::Cfca => Form::Cfca,
            Dialect::Skf => Form::Skf,
            Dialect::SkfBare => Form::SkfBare,
        }
    }

    fn seal(&self, dialect: Dialect) -> Vec<u8> {
        seal(&self.form(dialect), &self.delivered, self.owner.public_key(), &entropy()).unwrap()
    }
}

#[test]
fn every_dialect_is_written_recognised_and_opened() {
    let scene = Scene::new();
    let expected = scene.delivered.public_key();
    for dialect in Dialect::ALL {
        let envelope = scene.seal(dialect);
        let seen = inspect(&envelope);
        assert_eq!((seen.dialect, rules(&seen), seen.opened), (Some(dialect), vec![], None), "{dialect}");
        let bound = dialect == Dialect::CsrResponse;
        assert_eq!(seen.halves, if bound { Halves::Match } else { Halves::Untested }, "{dialect}");
        let seen = inspect_with(&envelope, &scene.owner, &Terms::default());
        assert_eq!((rules(&seen), seen.halves, seen.opened), (vec![], Halves::Match, Some(true)), "{dialect}");
        assert!(seen.parts.iter().any(|p| p.name == "public-key" && p.value == hex(expected.point())));
        assert_eq!(*open(&envelope, &scene.owner).unwrap().to_scalar(), *scene.delivered.to_scalar(), "{dialect}");
        let terms = Terms { expected: Some(expected), signer: Some(scene.centre.public_key()) };
        assert_eq!(code(open_on(&envelope, &scene.owner, &terms)), "good");
        assert_eq!(code(open(&envelope, &key("another"))), "x509.decrypt", "{dialect}");
        let other = Terms { expected: Some(scene.owner.public_key()), signer: None };
        assert_eq!(code(open_on(&envelope, &scene.owner, &other)), "x509.envelope-other-key", "{dialect}");
        assert_eq!(inspect_with(&envelope, &scene.owner, &other).halves, Halves::Differ);
        assert_eq!(dialect.code().parse(), Ok(dialect));
    }
    assert!("p12".parse::<Dialect>().is_err());
    let impostor = Terms { signer: Some(scene.owner.public_key()), ..Terms::default() };
    assert_eq!(code(open_on(&scene.seal(Dialect::SignedEnveloped), &scene.owner, &impostor)), "x509.signature");
}

#[test]
fn one_dialect_becomes_another() {
    let scene = Scene::new();
    for from in Dialect::ALL {
        for to in Dialect::ALL {
            let form = scene.form(to);
            let made = convert(&scene.seal(from), &form, &scene.owner, &Terms::default(), &entropy()).unwrap();
            assert_eq!(inspect(&made).dialect, Some(to), "{from} {to}");
            assert_eq!(open(&made, &scene.owner).unwrap().public_key(), scene.delivered.public_key(), "{from} {to}");
        }
        assert_eq!(
            code(convert(&scene.seal(from), &Form::Skf, &scene.centre, &Terms::default(), &entropy())),
            "x509.decrypt"
        );
    }
}

#[test]
fn pem_base64_and_certificates_beside_are_read() {
    let scene = Scene::new();
    let der = scene.seal(Dialect::EnvelopedKey);
    let base64 = pem::base64(&der);
    let lines = base64.as_bytes().chunks(60).collect::<Vec<_>>().join(&b"\r\n"[..]);
    let label = Dialect::EnvelopedKey.pem_label().unwrap();
    for (text, encoding) in [
        (base64.clone().into_bytes(), Encoding::Base64),
        (lines, Encoding::Base64),
        (pem::base64(&scene.seal(Dialect::Skf)).into_bytes(), Encoding::Base64),
        (pem::encode(label, &der).into_bytes(), Encoding::Pem),
        (pem::encode("ANY LABEL", &der).into_bytes(), Encoding::Pem),
        (der.clone(), Encoding::Der),
        (scene.seal(Dialect::SkfBare), Encoding::Binary),
    ] {
        assert_eq!((inspect(&text).encoding, inspect(&text).findings), (Some(encoding), vec![]));
        assert_eq!(code(open(&text, &scene.owner)), "good");
    }
    let twice = [pem::encode(label, &der), pem::encode(label, &der)].concat();
    assert_eq!(rules(&inspect(twice.as_bytes())), ["envelope.unknown"]);
    let signing = [pem::encode(label, &der), scene.signing[0].pem()].concat();
    assert_eq!(inspect(signing.as_bytes()).halves, Halves::Untested, "a signing certificate says nothing about it");
    for (certified, halves) in [(&scene.delivered, Halves::Match), (&scene.centre, Halves::Differ)] {
        let text = [encryption_certificate(certified).pem(), pem::encode(label, &der)].concat();
        assert_eq!(inspect(text.as_bytes()).halves, halves);
        let expected = if halves == Halves::Match { "good" } else { "x509.envelope-other-key" };
        assert_eq!(code(open(text.as_bytes(), &scene.owner)), expected);
    }
}

/// The key usages of an encryption certificate, whatever profiles are shipped.
fn encryption_certificate(of: &SecretKey) -> Certificate {
    let mut case = Case::of("person-sign");
    case.profile.key_usage = vec![KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment, KeyUsage::KeyAgreement];
    case.subject_key = of.public_key().clone();
    Certificate::from_der(&case.certificate()).unwrap()
}

#[test]
fn what_is_no_envelope_is_said_to_be_none() {
    let scene = Scene::new();
    let certificate = &scene.signing[0];
    let private = pem::encode("ENCRYPTED PRIVATE KEY", &[0x30, 0]);
    for other in [
        &b""[..],
        b"hello",
        b"0",
        &[0x30, 0x00],
        &[0; 388],
        &[1; 100_000],
        certificate.der(),
        certificate.pem().as_bytes(),
        private.as_bytes(),
        &pem::encode("X", &scene.seal(Dialect::Skf)).as_bytes()[..200],
    ] {
        let seen = inspect(other);
        assert!(matches!(rules(&seen)[..], ["envelope.unknown" | "envelope.form"]), "{seen:?}");
        assert_eq!(code(open(other, &scene.owner)), "x509.envelope-form");
    }
}

#[test]
fn an_answer_without_a_key_and_tags_of_the_other_kind() {
    let scene = Scene::new();
    let element = crate::tlv::element;
    let set = |certificate: &Certificate| element(tag::SET, certificate.der());
    let alone = element(tag::SEQUENCE, &set(&scene.signing[0]));
    assert_eq!(rules(&inspect(&alone)), ["envelope.no-key"]);
    let explicit = [
        set(&scene.signing[0]),
        element(tag::constructed(0), &scene.seal(Dialect::EnvelopedKey)),
        element(tag::constructed(1), &set(&scene.encryption[0])),
    ];
    let explicit = element(tag::SEQUENCE, &explicit.concat());
    assert_eq!(rules(&inspect(&explicit)), ["envelope.explicit-tag"; 2]);
    assert_eq!(code(open(&explicit, &scene.owner)), "good");
    let swapped = [set(&scene.signing[0]), element(tag::constructed(0), &scene.seal(Dialect::EnvelopedKey))];
    let swapped = [swapped.concat(), element(tag::constructed(1), scene.signing[0].der())].concat();
    let swapped = element(tag::SEQUENCE, &swapped);
    assert_eq!(
        (rules(&inspect(&swapped)), inspect(&swapped).halves),
        (vec!["envelope.certificate", "envelope.explicit-tag"], Halves::Differ)
    );
    assert_eq!(code(open(&swapped, &scene.owner)), "x509.envelope-other-key");
    let seen = inspect_with(&scene.seal(Dialect::CsrResponse), &scene.centre, &Terms::default());
    assert!(seen.findings[0].message.starts_with("it is for "), "{seen:?}");
}

#[test]
fn nothing_is_sealed_that_does_not_belong_together() {
    let scene = Scene::new();
    let (owner, delivered) = (scene.owner.public_key(), &scene.delivered);
    let refused = |form: &Form<'_>, key: &SecretKey| code(seal(form, key, owner, &entropy()));
    for dialect in Dialect::ALL {
        assert_eq!(refused(&scene.form(dialect), &scene.owner), "x509.envelope-other-key", "{dialect}");
    }
    for (signing, encryption) in [(&scene.encryption, &scene.encryption), (&scene.signing, &scene.signing)] {
        assert_eq!(refused(&Form::CsrResponse { signing, encryption }, delivered), "x509.envelope-other-key");
    }
    let Form::SignedEnveloped(delivery) = scene.form(Dialect::SignedEnveloped) else { unreachable!() };
    let delivery = Delivery { certificate: &scene.signing[0], ..delivery };
    assert_eq!(refused(&Form::SignedEnveloped(delivery), delivered), "x509.envelope-other-key");
    let many: Vec<Certificate> = std::iter::repeat_with(|| scene.signing[0].clone()).take(200).collect();
    assert_eq!(refused(&Form::CsrResponse { signing: &many, encryption: &scene.encryption }, delivered), "good");
}

/// A source that always gives the same octets gives neither the symmetric key nor a nonce away.
#[test]
fn a_broken_source_gives_nothing_away() {
    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            buffer.fill(0);
            Ok(())
        }
    }
    let scene = Scene::new();
    let owner = scene.owner.public_key();
    let (a, b) = (symmetric_key(&scene.delivered, owner, &Zeros).unwrap(), symmetric_key(&scene.centre, owner, &Zeros));
    assert_ne!(*a, [0; 16]);
    assert_ne!(*a, *b.unwrap());
    assert_ne!(*a, *symmetric_key(&scene.delivered, scene.centre.public_key(), &Zeros).unwrap());
    let c1 = |key: &SecretKey| {
        let envelope = seal(&Form::EnvelopedKey, key, owner, &Zeros).unwrap();
        inspect(&envelope).parts.into_iter().find(|p| p.name == "c1").unwrap().value
    };
    assert_ne!(c1(&scene.delivered), c1(&scene.centre));
}

/// Every bit of every octet: refused, or what was altered is a name that nobody relies on and the key is the same.
#[test]
fn no_altered_octet_gives_another_key() {
    let scene = Scene::new();
    for dialect in Dialect::ALL {
        let envelope = scene.seal(dialect);
        let mut same = 0;
        for place in 0..envelope.len() {
            for bit in if place % 7 == 0 { 0..8 } else { 0..1 } {
                let mut altered = envelope.clone();
                altered[place] ^= 1 << bit;
                let terms = Terms { expected: None, signer: Some(scene.centre.public_key()) };
                if let Ok((key, _)) = import(&altered, &scene.owner, &terms) {
                    assert_eq!(key.public_key(), scene.delivered.public_key(), "{dialect} {place} {bit}");
                    same += 1;
                }
            }
        }
        let names_only = matches!(dialect, Dialect::CsrResponse | Dialect::SignedEnveloped);
        assert!(names_only || same == 0, "{dialect}: {same}");
    }
}

#[test]
fn mutations_do_not_panic_and_give_no_other_key() {
    let mut rng = StdRng::seed_from_u64(seed("envelopes"));
    let scene = Scene::new();
    for dialect in Dialect::ALL {
        let envelope = scene.seal(dialect);
        let rounds = if dialect == Dialect::EnvelopedKey { 10_000 } else { 2_500 };
        for _ in 0..rounds {
            let other = mutated(&envelope, &mut rng);
            // Opening costs a multiplication: it is tried for those that could open.
            let seen = inspect(&other);
            if seen.weight() != Some(Weight::Refused) {
                let terms = Terms { expected: None, signer: Some(scene.centre.public_key()) };
                if let Ok((key, _)) = import(&other, &scene.owner, &terms) {
                    assert_eq!(key.public_key(), scene.delivered.public_key());
                }
            }
        }
    }
    for _ in 0..10_000 {
        let mut octets = vec![0; rng.random_range(0..500)];
        rng.fill(&mut octets[..]);
        let _ = inspect(&octets);
    }
}

/// SM2EnvelopedKey put together by hand, to be wrong in one way.
struct Wrong {
    algorithm: Vec<u8>,
    cipher: Vec<u8>,
    point: Vec<u8>,
    encrypted: Vec<u8>,
}

impl Wrong {
    fn new(scene: &Scene) -> Self {
        let symmetric = [0x5a; 16];
        let mut encrypted = scene.delivered.to_scalar().to_vec();
        blocks(&mut encrypted).for_each(|block| Sm4::new((&symmetric).into()).encrypt_block(block));
        Self {
            algorithm: unhex("300a06082a811ccf55016801").unwrap(),
            cipher: scene.owner.public_key().encrypt(&symmetric, [3; 32]).unwrap().to_der(),
            point: scene.delivered.public_key().point().to_vec(),
            encrypted,
        }
    }

    fn der(&self) -> Vec<u8> {
        let bits = |octets: &[u8]| crate::tlv::element(tag::BIT_STRING, &[&[0], octets].concat());
        let fields = [self.algorithm.clone(), self.cipher.clone(), bits(&self.point), bits(&self.encrypted)];
        crate::tlv::element(tag::SEQUENCE, &fields.concat())
    }
}

/// What a case changes, what is found without and with the key, what opening and importing say.
type WrongCase = (&'static str, fn(&mut Wrong, &Scene), &'static [&'static str], &'static str, &'static str);

const WRONG: &[WrongCase] = &[
    ("sound", |_, _| (), &[], "good", "good"),
    (
        "NULL",
        |w, _| w.algorithm = unhex("300c06082a811ccf550168010500").unwrap(),
        &["envelope.null-parameters"],
        "good",
        "good",
    ),
    ("plain SM4", |w, _| w.algorithm = unhex("300906072a811ccf550168").unwrap(), &["envelope.no-mode"], "good", "good"),
    (
        "CBC",
        |w, _| w.algorithm = unhex("300a06082a811ccf55016802").unwrap(),
        &["envelope.algorithm"],
        "x509.envelope-algorithm",
        "x509.envelope-algorithm",
    ),
    (
        "an IV",
        |w, _| w.algorithm = unhex("300e06082a811ccf5501680104020102").unwrap(),
        &["envelope.algorithm"],
        "x509.envelope-algorithm",
        "x509.envelope-algorithm",
    ),
    ("64 octets", |w, _| w.point = w.point[1..].to_vec(), &["envelope.bare-point"], "x509.envelope-deviation", "good"),
    ("off the curve", |w, _| w.point[64] ^= 1, &["envelope.public-key"], "x509.envelope-form", "x509.envelope-form"),
    (
        "compressed",
        |w, _| {
            w.point.truncate(33);
            w.point[0] = 2;
        },
        &["envelope.public-key"],
        "x509.envelope-form",
        "x509.envelope-form",
    ),
    (
        "another public key",
        |w, scene| w.point = scene.centre.public_key().point().to_vec(),
        &["envelope.key-pair"],
        "x509.envelope-key-pair",
        "x509.envelope-key-pair",
    ),
    (
        "altered d",
        |w, _| w.encrypted[5] ^= 1,
        &["envelope.key-pair"],
        "x509.envelope-key-pair",
        "x509.envelope-key-pair",
    ),
    ("padded d", |w, _| w.encrypted.extend([0; 16]), &["envelope.length"], "x509.envelope-form", "x509.envelope-form"),
    (
        "d out of range",
        |w, _| {
            w.encrypted = vec![0xff; 32];
            blocks(&mut w.encrypted).for_each(|b| Sm4::new((&[0x5a; 16]).into()).encrypt_block(b));
        },
        &["envelope.key-pair"],
        "x509.envelope-key-pair",
        "x509.envelope-key-pair",
    ),
    (
        "a key of 32 octets",
        |w, scene| w.cipher = scene.owner.public_key().encrypt(&[1; 32], [3; 32]).unwrap().to_der(),
        &["envelope.length"],
        "x509.envelope-form",
        "x509.envelope-form",
    ),
    (
        "for another owner",
        |w, scene| w.cipher = scene.centre.public_key().encrypt(&[0x5a; 16], [3; 32]).unwrap().to_der(),
        &["envelope.recipient"],
        "x509.decrypt",
        "x509.decrypt",
    ),
    (
        "C1 is the delivered key",
        |w, scene| {
            let k = scene.delivered.secret().scalar();
            w.cipher = encrypt_with_nonce(scene.owner.public_key(), &[0x5a; 16], k).unwrap().unwrap().to_der();
        },
        &["envelope.nonce"],
        "x509.envelope-nonce",
        "x509.envelope-nonce",
    ),
    (
        "the owner's own key",
        |w, scene| {
            w.point = scene.owner.public_key().point().to_vec();
            w.encrypted = scene.owner.to_scalar().to_vec();
            blocks(&mut w.encrypted).for_each(|b| Sm4::new((&[0x5a; 16]).into()).encrypt_block(b));
        },
        &["envelope.same-key"],
        "x509.envelope-other-key",
        "x509.envelope-other-key",
    ),
    ("more octets", |w, _| w.encrypted.truncate(31), &["envelope.length"], "x509.envelope-form", "x509.envelope-form"),
];

#[test]
fn each_kind_of_wrong_envelope_is_named() {
    let scene = Scene::new();
    for (what, change, found, opening, importing) in WRONG {
        let mut wrong = Wrong::new(&scene);
        change(&mut wrong, &scene);
        let der = wrong.der();
        assert_eq!(rules(&inspect_with(&der, &scene.owner, &Terms::default())), *found, "{what}");
        assert_eq!(code(open(&der, &scene.owner)), *opening, "{what}");
        assert_eq!(code(import(&der, &scene.owner, &Terms::default())), *importing, "{what}");
    }
}

/// A coordinate whose first bit is set and has no octet 00 before it.
#[test]
fn a_negative_coordinate_is_forgiven_by_import_only() {
    let scene = Scene::new();
    let mut wrong = Wrong::new(&scene);
    let sealed = (0..).map(|n| scene.owner.public_key().encrypt(&[0x5a; 16], [n; 32]).unwrap());
    let sealed = sealed.into_iter().find(|c| c.c1().point()[1] >= 0x80).unwrap();
    let mut raw = Vec::new();
    for half in [&sealed.c1().point()[1..33], &sealed.c1().point()[33..]] {
        crate::tlv::put(&mut raw, tag::INTEGER, half);
    }
    crate::tlv::put(&mut raw, tag::OCTET_STRING, sealed.c3());
    crate::tlv::put(&mut raw, tag::OCTET_STRING, sealed.c2());
    wrong.cipher = crate::tlv::element(tag::SEQUENCE, &raw);
    let der = wrong.der();
    assert_eq!(rules(&inspect(&der)), ["envelope.high-bit"]);
    assert_eq!(code(open(&der, &scene.owner)), "x509.envelope-deviation");
    let (key, findings) = import(&der, &scene.owner, &Terms::default()).unwrap();
    assert_eq!((key.public_key(), findings.len()), (scene.delivered.public_key(), 1));
}

#[test]
fn the_rules_have_codes_of_their_own() {
    let codes: std::collections::HashSet<_> = Rule::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    assert!(codes.iter().all(|c| c.starts_with("envelope.")));
    assert!(Weight::Refused < Weight::Forgiven && Weight::Forgiven < Weight::Noted);
}
