#![allow(clippy::unwrap_used, clippy::print_stderr)]

use hufu_model::profile::NameAttribute;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::{key, name, samples, seed, vectors};
use crate::mutate::mutated;

fn outcome(bytes: &[u8]) -> &'static str {
    match Csr::from_bytes(bytes).and_then(Csr::verify) {
        Ok(_) => "accepted",
        Err(e) => e.kind().code(),
    }
}

/// Requests of five programs, right and wrong: `expected.csv` says what happens to each.
#[test]
fn every_sample_has_its_expected_outcome() {
    let folder = samples("csr");
    let table = std::fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for line in table.lines().skip(1) {
        let mut columns = line.splitn(3, ',');
        let (file, expected) = (columns.next().unwrap(), columns.nth(1).unwrap());
        let found = outcome(&std::fs::read(folder.join(file)).unwrap());
        if found != expected {
            wrong.push(format!("{file}: {found} instead of {expected}"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(seen, 44, "files in expected.csv");
}

#[test]
fn subjects_of_samples_are_shown() {
    let shown =
        |file: &str| Csr::from_bytes(&std::fs::read(samples("csr").join(file)).unwrap()).unwrap().subject_text();
    assert_eq!(shown("babassl-person-zh.pem"), "C=CN,O=新疆示例有限公司,CN=阿卜杜拉·买买提");
    assert_eq!(shown("gmssl-person-zh.pem"), "C=CN,O=上海示例有限公司,CN=𠮷田𡈽");
}

/// What others publish. The last two, of early Tongsuo, name the SM2 curve where the algorithm belongs.
#[test]
fn requests_of_other_programs_are_read() {
    let Some(file) = vectors("15-csrs.pem") else { return };
    let mut outcomes = Vec::new();
    for block in pem::blocks(&file) {
        let (label, der) = block.unwrap();
        if label == PEM_LABEL {
            outcomes.push(outcome(&der));
        }
    }
    let expected = [
        "accepted",
        "x509.csr-empty-id",
        "accepted",
        "accepted",
        "x509.csr-double-hash",
        "x509.key-algorithm",
        "x509.key-algorithm",
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn what_is_built_is_verified() {
    let signer = key("applicant");
    let subject = name(&[(NameAttribute::Country, "CN"), (NameAttribute::CommonName, "阿卜杜拉·买买提")]);
    let der = build(&subject, &signer, [3; 32]).unwrap();
    let csr = Csr::from_bytes(&der).unwrap();
    assert_eq!(csr.subject_text(), "C=CN,CN=阿卜杜拉·买买提");
    let again = Csr::from_bytes(csr.pem().as_bytes()).unwrap();
    assert_eq!(again, csr);
    let verified = csr.verify().unwrap();
    assert_eq!((verified.der(), verified.public_key()), (&der[..], signer.public_key()));
    assert_eq!(verified.digest(), sm3(&der));
    // The second reader.
    let parsed: x509_cert::request::CertReq = der::Decode::from_der(&der).unwrap();
    assert_eq!(der::Encode::to_der(&parsed).unwrap(), der);
}

#[test]
fn every_altered_bit_of_a_request_is_noticed() {
    let der = build(&name(&[(NameAttribute::CommonName, "张三")]), &key("applicant"), [3; 32]).unwrap();
    for at in 0..der.len() {
        for bit in [0x01, 0x80] {
            let mut altered = der.clone();
            altered[at] ^= bit;
            assert_ne!(outcome(&altered), "accepted", "octet {at}");
        }
    }
}

/// Hostile bytes end in a refusal, never in a panic.
#[test]
fn ten_thousand_mutations_are_refused_or_read_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("request mutations"));
    let good = build(
        &name(&[(NameAttribute::Country, "CN"), (NameAttribute::CommonName, "张三")]),
        &key("applicant"),
        [3; 32],
    )
    .unwrap();
    let device = std::fs::read(samples("csr").join("openssl-device.der")).unwrap();
    let mut read = 0;
    for i in 0..10_000 {
        let input = mutated(if i % 2 == 0 { &good } else { &device }, &mut rng);
        if let Ok(csr) = Csr::from_bytes(&input) {
            read += 1;
            let _ = (csr.subject_text(), csr.public_key(), format!("{csr:?}"));
            if csr.verify().is_ok() {
                assert!(input == good || input == device, "mutation {i} was accepted");
            }
        }
    }
    assert!(read > 500, "only {read} mutations reached the inner fields");
}
