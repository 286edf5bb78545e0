#![allow(clippy::unwrap_used, clippy::print_stdout)]

use super::*;
use crate::crl::{CrlInput, Entry, build_tbs};
use crate::forge::{How, Plan, key, name, signed};
use crate::ocsp::{self, Answer, Hash, Issuer, Status};
use crate::oid::{self, Oid};
use crate::tbs::{extension, put_point, put_point_name};
use crate::tlv::{self, nest, put, tag};

mod published;

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;
const SHARD: &str = "http://pki.example.cn/crl/7.crl";

fn now() -> Instant {
    Instant::from_unix_seconds(NOW)
}

fn leaf_plan() -> Plan {
    let mut points = Vec::new();
    nest(&mut points, tag::SEQUENCE, |out| put_point(out, &[SHARD.to_owned()]));
    Plan::leaf("Leaf", 3, "Issuing", 2).with(oid::CRL_DISTRIBUTION_POINTS, false, &points)
}

/// A certificate, its issuer, the root: keys 3, 2 and 1.
fn chain() -> Vec<Certificate> {
    let [root, issuing] = [Plan::ca("Root", 1, "Root", 1, None), Plan::ca("Issuing", 2, "Root", 1, Some(0))];
    let chain = vec![leaf_plan().sign(2), issuing.sign(1), root.sign(1)];
    assert!(super::super::validate(&chain[0], &chain, &chain[2..], now()).is_valid());
    chain
}

/// A list of "Issuing", and the ways to change it.
#[derive(Clone)]
struct List {
    issuer: Vec<u8>,
    names: u8,
    this_update: i64,
    next_update: i64,
    number: u64,
    shard: Vec<String>,
    delta_base: Option<u64>,
    entry: Option<(i64, Option<Reason>)>,
}

impl List {
    fn new() -> Self {
        Self {
            issuer: name("Issuing"),
            names: 2,
            this_update: NOW - 3_600,
            next_update: NOW + 3_600,
            number: 7,
            shard: Vec::new(),
            delta_base: None,
            entry: None,
        }
    }

    fn with(mut self, reason: Option<Reason>) -> Self {
        self.entry = Some((NOW - 7_200, reason));
        self
    }

    fn signed(&self, by: u8, how: How) -> Crl {
        let names = key(self.names);
        let input = CrlInput {
            issuer_der: &self.issuer,
            issuer_key: names.public_key(),
            this_update: self.this_update,
            next_update: self.next_update,
            number: self.number,
            shard: &self.shard,
            delta_base: self.delta_base,
            freshest: &[],
        };
        let serial = leaf_plan().sign(2).serial().clone();
        let entries = self.entry.map(|(at, reason)| Entry { serial, at, reason });
        Crl::from_der(signed(build_tbs(&input, entries).unwrap(), by, how)).unwrap()
    }

    fn sign(&self) -> Crl {
        self.signed(2, How::Well)
    }
}

fn of_lists(crls: &[&Crl], at: Instant) -> Standing {
    let evidence = Evidence { crls: crls.iter().map(|crl| GivenCrl::from(*crl)).collect(), answers: Vec::new() };
    status(&chain(), &evidence, at).remove(0)
}

fn codes(standing: &Standing) -> Vec<&'static str> {
    standing.findings.iter().for_each(|finding| println!("{finding}\n"));
    standing.findings.iter().map(Finding::code).collect()
}

#[test]
fn a_good_list_says_good_revoked_or_held() {
    let good = of_lists(&[&List::new().sign()], now());
    assert!(good.is_good() && good.findings.is_empty(), "{good:?}");
    assert_eq!(good.source.as_deref(), Some("the CRL 7 of CN=Issuing from 2026-11-23T23:00:00Z"));
    assert_eq!(good.certificate, "CN=Leaf (serial number 0301)");

    let revoked = of_lists(&[&List::new().with(Some(Reason::KeyCompromise)).sign()], now());
    assert_eq!(revoked.state, State::Revoked { since: NOW - 7_200, reason: Some(Reason::KeyCompromise) });
    assert_eq!(codes(&revoked), ["verify.revoked"]);
    let message = "it is revoked since 2026-11-23T22:00:00Z (keyCompromise), says the CRL 7 of CN=Issuing from \
                   2026-11-23T23:00:00Z";
    assert_eq!(revoked.findings[0].message, message);

    let held = of_lists(&[&List::new().with(Some(Reason::CertificateHold)).sign()], now());
    assert_eq!((held.state, codes(&held)), (State::Held { since: NOW - 7_200 }, vec!["verify.held"]));
}

#[test]
fn every_certificate_but_the_root_has_its_standing() {
    let list = List { issuer: name("Root"), names: 1, ..List::new() }.signed(1, How::Well);
    let leaf = List::new().sign();
    let evidence = Evidence { crls: vec![(&list).into(), (&leaf).into()], answers: Vec::new() };
    let states: Vec<_> = status(&chain(), &evidence, now()).iter().map(|s| s.state).collect();
    assert_eq!(states, [State::Good, State::Good]);
    assert!(status(&chain()[2..], &evidence, now()).is_empty());
    assert!(status(&[], &evidence, now()).is_empty());
}

#[test]
fn without_evidence_nothing_is_known_and_that_is_said() {
    let none = of_lists(&[], now());
    assert_eq!((none.state, codes(&none)), (State::Unknown, vec!["verify.no-status"]));
    let other = of_lists(&[&List { issuer: name("Other"), ..List::new() }.sign()], now());
    assert_eq!(codes(&other), ["verify.no-status"]);
    assert_eq!(other.findings[0].message, "the CRL at hand is of \"CN=Other\", not of its issuer \"CN=Issuing\"");
}

/// A list from elsewhere, of "Issuing" and signed by it: what stands behind thisUpdate is free.
fn foreign(rest: impl FnOnce(&mut Vec<u8>)) -> Crl {
    let mut tbs = Vec::new();
    nest(&mut tbs, tag::SEQUENCE, |out| {
        put(out, tag::INTEGER, &[1]);
        crate::tbs::put_algorithm(out);
        out.extend_from_slice(&name("Issuing"));
        crate::time::put_time(out, NOW - 60);
        rest(out);
    });
    Crl::from_der(signed(tbs, 2, How::Well)).unwrap()
}

fn with_extension(oid: Oid, critical: bool, value: &[u8]) -> Crl {
    foreign(|out| {
        crate::time::put_time(out, NOW + 60);
        nest(out, tag::constructed(0), |out| {
            nest(out, tag::SEQUENCE, |out| extension(out, oid, critical, |out| out.extend_from_slice(value)));
        });
    })
}

fn scoped(fields: &[u8]) -> Crl {
    with_extension(oid::ISSUING_DISTRIBUTION_POINT, true, &tlv::element(tag::SEQUENCE, fields))
}

#[test]
fn why_a_list_does_not_count_is_said_first() {
    let list = List::new;
    let mut shard = Vec::new();
    put_point_name(&mut shard, &[SHARD.to_owned()]);
    let cases: Vec<(&str, Crl, &str)> = vec![
        ("empty ID", list().signed(2, How::EmptyId), "verify.empty-id"),
        ("raw r and s", list().signed(2, How::RawRs), "verify.raw-rs"),
        ("raw r and s of another key", list().signed(4, How::RawRs), "verify.signature-form"),
        ("no ZA", list().signed(2, How::NoZa), "verify.no-za"),
        ("hashed twice", list().signed(2, How::DoubleHash), "verify.double-hash"),
        ("altered", list().signed(2, How::NotAtAll), "verify.altered"),
        ("another CA's key", List { names: 4, ..list() }.signed(4, How::Well), "verify.issuer-key"),
        ("a key it does not name", list().signed(4, How::Well), "verify.altered"),
        ("too old", List { next_update: NOW - 1, ..list() }.sign(), "verify.status-expired"),
        ("too new", List { this_update: NOW + 1, ..list() }.sign(), "verify.status-not-yet-valid"),
        ("wrong shard", List { shard: vec![SHARD.replace('7', "8")], ..list() }.sign(), "verify.crl-scope"),
        ("delta alone", List { delta_base: Some(6), ..list() }.sign(), "verify.crl-delta"),
        ("no nextUpdate", foreign(|_| ()), "verify.status-expired"),
        ("CAs only", scoped(&[0x82, 1, 0xff]), "verify.crl-scope"),
        ("some reasons only", scoped(&[0x83, 2, 6, 0x40]), "verify.crl-scope"),
        ("indirect", scoped(&[0x84, 1, 0xff]), "verify.crl-scope"),
        ("attributes only", scoped(&[0x85, 1, 0xff]), "verify.crl-scope"),
        ("critical keyUsage", with_extension(oid::KEY_USAGE, true, &[3, 2, 1, 6]), "verify.critical-extension"),
    ];
    for (what, crl, wanted) in &cases {
        let standing = of_lists(&[crl], now());
        println!("{what}:");
        assert_eq!(codes(&standing)[0], *wanted, "{what}");
        assert_eq!((standing.state, standing.source), (State::Unknown, None), "{what}");
        // A list that does not count does not harm beside one that does.
        assert!(of_lists(&[crl, &list().sign()], now()).is_good(), "{what}");
    }
    for good in [
        List { shard: vec![SHARD.to_owned(), "ldap://ldap.example.cn/cn=7".to_owned()], ..list() }.sign(),
        scoped(&[0x81, 1, 0xff]),
        scoped(&shard),
        foreign(|out| crate::time::put_time(out, NOW)),
    ] {
        assert!(of_lists(&[&good], now()).is_good());
    }
}

#[test]
fn a_number_lower_than_before_is_a_step_back() {
    let crl = List::new().sign();
    let judge = |crl: &Crl, previous| {
        let evidence = Evidence { crls: vec![GivenCrl { crl, previous: Some(previous) }], answers: Vec::new() };
        status(&chain(), &evidence, now()).remove(0)
    };
    assert!(judge(&crl, 7).is_good() && judge(&crl, 6).is_good());
    let back = judge(&crl, 8);
    assert_eq!((back.state, codes(&back)), (State::Unknown, vec!["verify.crl-number"]));
    assert_eq!(back.findings[0].message, "it has the number 7, and 8 was seen before");
    assert_eq!(codes(&judge(&foreign(|out| crate::time::put_time(out, NOW)), 1)), ["verify.crl-number"]);
}

#[test]
fn a_final_revocation_is_believed_from_any_list_of_the_issuer() {
    let revoked = || List::new().with(Some(Reason::Superseded));
    for (list, also) in [
        (List { next_update: NOW - 1, ..revoked() }, "verify.status-expired"),
        (List { shard: vec![SHARD.replace('7', "8")], ..revoked() }, "verify.crl-scope"),
        (List { delta_base: Some(1), ..revoked() }, "verify.crl-delta"),
        (List { this_update: NOW + 1, ..revoked() }, "verify.status-not-yet-valid"),
    ] {
        // A newer list without it does not take it back.
        let newer = List { this_update: NOW, number: 9, ..List::new() }.sign();
        let standing = of_lists(&[&newer, &list.sign()], now());
        assert!(matches!(standing.state, State::Revoked { .. }), "{also}");
        if also != "verify.crl-delta" {
            assert_eq!(codes(&standing), ["verify.revoked", also]);
        }
    }
    // But not a suspension, and not from somebody else's list.
    let old = List { next_update: NOW - 1, ..List::new().with(Some(Reason::CertificateHold)) }.sign();
    assert_eq!(codes(&of_lists(&[&old], now())), ["verify.status-expired"]);
    let other = List { names: 4, ..revoked() }.signed(4, How::Well);
    assert_eq!(of_lists(&[&other], now()).state, State::Unknown);
    // Judged at a time before the revocation, today's list says nothing.
    let past = of_lists(&[&revoked().sign()], Instant::from_unix_seconds(NOW - 8_000));
    assert_eq!((past.state, codes(&past)), (State::Unknown, vec!["verify.status-not-yet-valid"]));
    // removeFromCRL in a full list cannot be built here, and is still on the list.
    let serial = leaf_plan().sign(2).serial().clone();
    let odd = foreign(|out| {
        crate::time::put_time(out, NOW + 60);
        nest(out, tag::SEQUENCE, |out| {
            nest(out, tag::SEQUENCE, |out| {
                tlv::put_unsigned(out, serial.as_bytes());
                crate::time::put_time(out, NOW - 60);
                nest(out, tag::SEQUENCE, |out| {
                    extension(out, oid::CRL_REASON, false, |out| put(out, tag::ENUMERATED, &[8]));
                });
            });
        });
    });
    assert!(matches!(of_lists(&[&odd], now()).state, State::Revoked { .. }));
}

#[test]
fn a_delta_list_changes_what_the_full_list_says() {
    let delta = |reason: Option<Option<Reason>>| {
        let list = List { number: 9, delta_base: Some(7), this_update: NOW - 60, ..List::new() };
        if let Some(reason) = reason { list.with(reason) } else { list }.sign()
    };
    let hold = Some(Reason::CertificateHold);
    let (clean, held) = (List::new().sign(), List::new().with(hold).sign());
    let state = |full: &Crl, delta: &Crl| of_lists(&[delta, full], now()).state;
    assert_eq!(state(&clean, &delta(None)), State::Good);
    assert_eq!(state(&held, &delta(None)), State::Held { since: NOW - 7_200 });
    assert_eq!(state(&held, &delta(Some(Some(Reason::RemoveFromCrl)))), State::Good);
    assert_eq!(state(&clean, &delta(Some(hold))), State::Held { since: NOW - 7_200 });
    assert!(matches!(state(&clean, &delta(Some(None))), State::Revoked { reason: None, .. }));
    assert!(matches!(state(&held, &delta(Some(Some(Reason::KeyCompromise)))), State::Revoked { .. }));
    // A full list that is too old for it, or younger than it, or of another scope, is none.
    for full in [
        List { number: 6, ..List::new() },
        List { number: 10, ..List::new() },
        List { shard: vec![SHARD.to_owned()], ..List::new() },
    ] {
        let standing = of_lists(&[&full.with(hold).sign(), &delta(Some(Some(Reason::RemoveFromCrl)))], now());
        assert_eq!(standing.state, State::Held { since: NOW - 7_200 });
        assert_eq!(codes(&standing), ["verify.held", "verify.crl-delta"]);
    }
}

#[test]
fn of_several_lists_the_newest_counts() {
    let old = List::new().with(Some(Reason::CertificateHold)).sign();
    let new = List { number: 8, this_update: NOW - 60, ..List::new() }.sign();
    assert!(of_lists(&[&old, &new], now()).is_good());
    assert!(of_lists(&[&new, &old], now()).is_good());
}

#[test]
fn a_signer_without_crl_sign_is_named() {
    let mut chain = chain();
    chain[1] = Plan::ca("Issuing", 2, "Root", 1, Some(0)).with(oid::KEY_USAGE, true, &[3, 2, 2, 4]).sign(1);
    let crl = List::new().sign();
    let evidence = Evidence { crls: vec![(&crl).into()], answers: Vec::new() };
    assert_eq!(codes(&status(&chain, &evidence, now())[0]), ["verify.key-usage"]);
}

/// An answer about the leaf, and the ways to change it.
struct Told {
    status: Status,
    this_update: i64,
    next_update: i64,
    serial: Vec<u8>,
    issuer_key: u8,
    nonce: Option<Vec<u8>>,
}

impl Told {
    fn new(status: Status) -> Self {
        let serial = vec![3, 1];
        Self { status, this_update: NOW - 60, next_update: NOW + 3_600, serial, issuer_key: 2, nonce: None }
    }

    fn tbs(&self, by: u8) -> Vec<u8> {
        let issuer = Issuer::new(&name("Issuing"), key(self.issuer_key).public_key());
        let id = issuer.cert_id(Hash::Sm3, &hufu_model::ident::Serial::from_bytes(&self.serial).unwrap());
        let answer = Answer {
            id: &id,
            status: self.status,
            this_update: self.this_update,
            next_update: self.next_update,
            invalid_since: None,
        };
        ocsp::build_tbs(&[answer], key(by).public_key(), self.this_update, self.nonce.as_deref()).unwrap()
    }

    /// Signed with key `by`, with this certificate along.
    fn signed(&self, certificate: &Certificate, by: u8, how: How) -> Response {
        let tbs = self.tbs(by);
        Response::from_der(&ocsp::wrap(&tbs, &crate::forge::signature(&tbs, by, how), certificate)).unwrap()
    }

    fn sign(&self) -> Response {
        self.signed(&responder_plan().sign(2), 5, How::Well)
    }
}

fn responder_plan() -> Plan {
    let purpose = tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid::KP_OCSP_SIGNING.as_bytes()));
    Plan::leaf("Responder", 5, "Issuing", 2).with(oid::EXTENDED_KEY_USAGE, false, &purpose)
}

fn of_answers(answers: &[&Response], crls: &[&Crl], nonce: Option<&[u8]>) -> Standing {
    let evidence = Evidence {
        crls: crls.iter().map(|crl| GivenCrl::from(*crl)).collect(),
        answers: answers.iter().map(|response| GivenAnswer { response, nonce }).collect(),
    };
    let mut all = status(&chain(), &evidence, now());
    assert_eq!(codes(&all[1]), ["verify.no-status"], "nothing is at hand about the issuing CA");
    all.remove(0)
}

const BAD: Status = Status::Revoked { at: NOW - 90, reason: Some(Reason::KeyCompromise) };
const HOLD: Status = Status::Revoked { at: NOW - 90, reason: Some(Reason::CertificateHold) };

#[test]
fn a_good_answer_says_good_revoked_held_or_unknown() {
    for (status, state, wanted) in [
        (Status::Good, State::Good, None),
        (BAD, State::Revoked { since: NOW - 90, reason: Some(Reason::KeyCompromise) }, Some("verify.revoked")),
        (HOLD, State::Held { since: NOW - 90 }, Some("verify.held")),
        (Status::Unknown, State::Unknown, Some("verify.ocsp-unknown")),
    ] {
        let standing = of_answers(&[&Told::new(status).sign()], &[], None);
        assert_eq!((standing.state, codes(&standing).first().copied()), (state, wanted));
        assert_eq!(standing.source.as_deref(), Some("the OCSP answer of 2026-11-23T23:59:00Z"));
    }
    let by_the_ca = Told::new(Status::Good).signed(&chain()[1], 2, How::Well);
    assert!(of_answers(&[&by_the_ca], &[], None).is_good());
}

#[test]
fn why_an_answer_does_not_count_is_said_first() {
    let told = || Told::new(Status::Good);
    let (good, responder) = (told(), responder_plan().sign(2));
    let unpurposed = responder_plan().without(oid::EXTENDED_KEY_USAGE).sign(2);
    let expired = Plan { times: ["200101000000Z", "210101000000Z"], ..responder_plan() }.sign(2);
    for (what, response, wanted) in [
        ("empty ID", good.signed(&responder, 5, How::EmptyId), "verify.empty-id"),
        ("raw r and s", good.signed(&responder, 5, How::RawRs), "verify.raw-rs"),
        ("no ZA", good.signed(&responder, 5, How::NoZa), "verify.no-za"),
        ("hashed twice", good.signed(&responder, 5, How::DoubleHash), "verify.double-hash"),
        ("altered", good.signed(&responder, 5, How::NotAtAll), "verify.altered"),
        ("no certificate", good.signed(&responder, 4, How::Well), "verify.ocsp-responder"),
        ("no purpose", good.signed(&unpurposed, 5, How::Well), "verify.ocsp-responder"),
        ("expired responder", good.signed(&expired, 5, How::Well), "verify.ocsp-responder"),
        ("another CA's", good.signed(&responder_plan().sign(4), 5, How::Well), "verify.ocsp-responder"),
        ("too old", Told { next_update: NOW - 1, ..told() }.sign(), "verify.status-expired"),
        ("too new", Told { this_update: NOW + 1, ..told() }.sign(), "verify.status-not-yet-valid"),
        ("another serial", Told { serial: vec![3, 2], ..told() }.sign(), "verify.ocsp-other"),
        ("another issuer key", Told { issuer_key: 4, ..told() }.sign(), "verify.ocsp-other"),
    ] {
        let standing = of_answers(&[&response], &[], None);
        println!("{what}:");
        assert_eq!((codes(&standing)[0], standing.state), (wanted, State::Unknown), "{what}");
        assert!(of_answers(&[&response, &told().sign()], &[], None).is_good(), "{what}");
    }
}

#[test]
fn the_nonce_must_come_back_when_it_was_asked_for() {
    let judge = |nonce: Option<&[u8]>, wanted| {
        let told = Told { nonce: nonce.map(<[u8]>::to_vec), ..Told::new(Status::Good) };
        of_answers(&[&told.sign()], &[], wanted)
    };
    assert!(judge(Some(&[1; 8]), Some(&[1; 8])).is_good() && judge(Some(&[1; 8]), None).is_good());
    for nonce in [None, Some(&[2; 8][..])] {
        assert_eq!(codes(&judge(nonce, Some(&[1; 8]))), ["verify.ocsp-nonce"]);
    }
}

#[test]
fn lists_and_answers_are_weighed_together() {
    let answer = |status, ago| Told { this_update: NOW - ago, ..Told::new(status) }.sign();
    let (clean, revoked) = (List::new().sign(), List::new().with(None).sign());
    let state = |answer: &Response, crl: &Crl| of_answers(&[answer], &[crl], None).state;
    // Revoked wins over whatever is newer.
    assert!(matches!(state(&answer(Status::Good, 10), &revoked), State::Revoked { .. }));
    assert!(matches!(state(&answer(BAD, 80), &clean), State::Revoked { .. }));
    // A responder that does not know the certificate outweighs a list without it.
    assert_eq!(state(&answer(Status::Unknown, 10_000), &clean), State::Unknown);
    // Of suspended and not suspended the newer counts; the list is an hour old.
    let held = List::new().with(Some(Reason::CertificateHold)).sign();
    assert_eq!(state(&answer(Status::Good, 10), &held), State::Good);
    assert_eq!(state(&answer(Status::Good, 5_000), &held), State::Held { since: NOW - 7_200 });
}

/// Lists and answers of OpenSSL, which are kept beside the project.
#[test]
fn openssls_list_revokes_and_its_answer_with_an_empty_id_is_explained() {
    let path = format!("{}/../../../shared/vectors/14-certs-openssl-3.0.19.pem", env!("CARGO_MANIFEST_DIR"));
    let Ok(file) = std::fs::read(&path) else { return println!("SKIPPED: {path} is not at hand") };
    let blocks: Vec<_> = crate::pem::blocks(&file).map(Result::unwrap).collect();
    let all = |label: &'static str| blocks.iter().filter(move |(l, _)| l == label).map(|(_, der)| der.clone());
    let certificates: Vec<_> = all("CERTIFICATE").map(|der| Certificate::from_der(&der).unwrap()).collect();
    let chain = [certificates[2].clone(), certificates[0].clone()];
    let crl = Crl::from_der(all(crate::crl::PEM_LABEL).next().unwrap()).unwrap();
    let answers: Vec<_> = all(ocsp::PEM_LABEL).map(|der| Response::from_der(&der).unwrap()).collect();
    let judge = |crls: &[&Crl], answers: &[&Response], at: Instant| {
        let evidence = Evidence {
            crls: crls.iter().map(|crl| GivenCrl::from(*crl)).collect(),
            answers: answers.iter().map(|answer| GivenAnswer::from(*answer)).collect(),
        };
        status(&chain, &evidence, at).remove(0)
    };
    let listed = judge(&[&crl], &[], now());
    assert_eq!(listed.state, State::Revoked { since: 1_795_469_080, reason: Some(Reason::KeyCompromise) });
    assert!(judge(&[], &[&answers[0]], now()).is_good());
    let old = judge(&[], &[&answers[0]], Instant::from_unix_seconds(NOW + 2 * 86_400));
    assert_eq!(codes(&old), ["verify.status-expired"], "it names no nextUpdate");
    let empty = judge(&[], &[&answers[1]], now());
    assert_eq!((empty.state, codes(&empty)), (State::Unknown, vec!["verify.empty-id"]));
    // Of the two, the list is believed.
    assert!(matches!(judge(&[&crl], &[&answers[0]], now()).state, State::Revoked { .. }));
    // The intermediate's certificate is not on the list.
    let evidence = Evidence { crls: vec![(&crl).into()], answers: Vec::new() };
    assert!(status(&[certificates[1].clone(), certificates[0].clone()], &evidence, now())[0].is_good());
}
