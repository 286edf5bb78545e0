//! Lists and answers by themselves, and pairs.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::seed;
use crate::mutate::mutated;
use crate::path;

/// The issuing CA and the root.
fn cas() -> (Vec<Certificate>, Vec<Certificate>) {
    let mut chain = chain();
    let root = chain.pop().unwrap();
    (vec![chain.pop().unwrap()], vec![root])
}

fn of_list(crl: &Crl, at: Instant) -> Vec<&'static str> {
    let (others, roots) = cas();
    path::list(&crl.into(), &others, &roots, at).findings.iter().map(Finding::code).collect()
}

fn of_answer(response: &Response, at: Instant) -> Vec<&'static str> {
    let (others, roots) = cas();
    path::answer(&response.into(), &others, &roots, at).findings.iter().map(Finding::code).collect()
}

fn later(seconds: i64) -> Instant {
    Instant::from_unix_seconds(NOW + seconds)
}

#[test]
fn a_list_by_itself_is_judged_with_its_issuers_chain() {
    let (others, roots) = cas();
    let crl = List::new().sign();
    let verdict = path::list(&(&crl).into(), &others, &roots, now());
    assert!(verdict.is_valid() && verdict.chain.len() == 2, "{verdict:?}");
    assert_eq!(of_list(&crl, later(7_200)), ["verify.status-expired"]);
    assert_eq!(of_list(&crl, later(-7_200)), ["verify.status-not-yet-valid"]);
    // Signed in a way that programs are known to go wrong with, by another key of the same name, altered.
    for (how, code) in [(How::EmptyId, "verify.empty-id"), (How::NoZa, "verify.no-za"), (How::RawRs, "verify.raw-rs")] {
        assert_eq!(of_list(&List::new().signed(2, how), now()), [code]);
    }
    assert_eq!(of_list(&List { names: 9, ..List::new() }.signed(9, How::Well), now()), ["verify.issuer-key"]);
    assert_eq!(of_list(&List::new().signed(9, How::Well), now()), ["verify.altered"]);
    let stranger = List { issuer: name("Nobody"), ..List::new() }.sign();
    assert_eq!(of_list(&stranger, now()), ["verify.no-issuer"]);
    let anew = List { issuer: crate::forge::name_as(tag::PRINTABLE, "Issuing"), ..List::new() }.sign();
    assert_eq!(of_list(&anew, now()), ["verify.name-chain"]);
    // Its issuer stands on no trusted root.
    let verdict = path::list(&(&crl).into(), &others, &[], now());
    assert!(!verdict.is_valid());
    let previous = GivenCrl { crl: &crl, previous: Some(8) };
    assert_eq!(path::list(&previous, &others, &roots, now()).findings[0].code(), "verify.crl-number");
}

#[test]
fn an_answer_by_itself_is_judged_with_its_responder() {
    let answer = Told::new(Status::Good);
    assert_eq!(of_answer(&answer.sign(), now()), [""; 0]);
    assert_eq!(of_answer(&answer.sign(), later(7_200)), ["verify.status-expired"]);
    assert_eq!(of_answer(&answer.sign(), later(-7_200)), ["verify.status-not-yet-valid"]);
    let responder = responder_plan().sign(2);
    assert_eq!(of_answer(&answer.signed(&responder, 5, How::EmptyId), now()), ["verify.empty-id"]);
    let foreign = Plan::leaf("Leaf", 5, "Issuing", 2).sign(2);
    assert_eq!(of_answer(&answer.signed(&foreign, 5, How::Well), now()), ["verify.ocsp-responder"]);
    assert_eq!(of_answer(&Told { issuer_key: 9, ..Told::new(Status::Good) }.sign(), now()), ["verify.no-issuer"]);
}

#[test]
fn halves_that_do_not_belong_together_are_told_apart() {
    let half = |subject: &str, key: u8, usage: &[u8]| {
        Plan::leaf(subject, key, "Issuing", 2).with(oid::KEY_USAGE, true, usage).sign(2)
    };
    let (signs, encrypts): (&[u8], &[u8]) = (&[3, 2, 6, 0xc0], &[3, 2, 3, 0x38]);
    let signing = half("Holder", 3, signs);
    let codes = |one: &Certificate, other: &Certificate| -> Vec<&'static str> {
        path::pair(one, other).iter().map(Finding::code).collect()
    };
    assert_eq!(codes(&signing, &half("Holder", 4, encrypts)), [""; 0]);
    assert_eq!(codes(&half("Holder", 4, encrypts), &signing), ["verify.pair-usage"; 2], "swapped");
    assert_eq!(codes(&signing, &half("Another", 4, encrypts)), ["verify.pair-subject"]);
    assert_eq!(codes(&signing, &half("Holder", 4, signs)), ["verify.pair-usage"]);
    let twice = codes(&signing, &signing);
    assert!(twice.contains(&"verify.pair-key") && twice.contains(&"verify.pair-usage"), "{twice:?}");
    let elsewhere = Plan::leaf("Holder", 4, "Elsewhere", 9).with(oid::KEY_USAGE, true, encrypts).sign(9);
    assert_eq!(codes(&signing, &elsewhere), ["verify.pair-issuer"]);
    let finding = path::pair(&signing, &half("Another", 4, encrypts)).remove(0);
    assert_eq!(finding.message, "CN=Holder in the signing half, CN=Another in the encryption half");
    assert!(finding.offset.is_some() && finding.certificate.contains("CN=Another"));
}

/// Whatever is changed in a list or answer: it is not valid any more, and nothing panics.
#[test]
fn altered_lists_and_answers_are_never_valid() {
    let mut rng = StdRng::seed_from_u64(seed("published mutations"));
    let (others, roots) = cas();
    let crl = List::new().with(Some(Reason::KeyCompromise)).sign();
    let response = Told::new(Status::Good).sign();
    let (mut lists, mut answers) = (0, 0);
    for i in 0..4_000 {
        if i % 2 == 0 {
            let octets = mutated(crl.der(), &mut rng);
            if let Ok(altered) = Crl::from_der(octets.clone())
                && octets != crl.der()
            {
                lists += 1;
                assert!(!path::list(&(&altered).into(), &others, &roots, now()).is_valid(), "mutation {i}");
            }
        } else {
            let octets = mutated(response.der(), &mut rng);
            if let Ok(altered) = Response::from_der(&octets)
                && altered.parts().tbs != response.parts().tbs
            {
                answers += 1;
                assert!(!path::answer(&(&altered).into(), &others, &roots, now()).is_valid(), "mutation {i}");
            }
        }
    }
    assert!(lists > 50, "{lists} lists and {answers} answers could still be read");
}
