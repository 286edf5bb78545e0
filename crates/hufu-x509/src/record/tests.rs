#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, Serial, hex};
use hufu_model::operator::Role;
use hufu_model::request::{Action, Medium, Reason};
use hufu_model::revocation::RevocationReason;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::error::{Error, ErrorKind};
use crate::tlv::{self, tag};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn id<T: std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug>>() -> impl Strategy<Value = T> {
    "[a-z0-9][a-z0-9._-]{0,63}".prop_map(|text| text.parse().unwrap())
}

fn names<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(String, T)>> {
    btree_map(any::<String>(), value, 0..9).prop_map(|map| map.into_iter().collect())
}

fn serial() -> impl Strategy<Value = Serial> {
    vec(any::<u8>(), 1..=20).prop_filter_map("a serial number", |bytes| Serial::from_bytes(&bytes).ok())
}

fn grant() -> impl Strategy<Value = OperatorGrant> {
    (id(), btree_set(select(&Role::ALL[..]), 0..=6))
        .prop_map(|(id, roles)| OperatorGrant { id, roles: roles.into_iter().collect() })
}

prop_compose! {
    fn request()(
        (request, ca, org, reason, holder) in
            (id(), digest(), id(), select(&Reason::ALL[..]), select(&HolderKind::ALL[..])),
        (subject, personal, csr, profile) in (names(any::<String>()), names(digest()), digest(), id()),
        (profile_digest, days, hosts) in (digest(), any::<u32>(), vec(any::<String>(), 0..4)),
        (medium, pair) in (select(&Medium::ALL[..]), any::<bool>()),
        (predecessor, operator) in (proptest::option::of(serial()), proptest::option::of(grant())),
        (revokes, action) in (proptest::option::of(select(&RevocationReason::ALL[..])), select(&Action::ALL[..])),
        (medium_id, nonce, expires) in (proptest::option::of(id()), any::<[u8; 16]>(), any::<i64>()),
    ) -> RequestRecord {
        RequestRecord {
            request, ca, org, action, reason, holder, subject, personal, csr, profile, profile_digest,
            days, hosts, medium, pair, predecessor, operator, revokes, medium_id, nonce,
            expires,
        }
    }
}

prop_compose! {
    fn status()(
        (request, ca, org, serial, emergency) in (id(), digest(), id(), serial(), any::<bool>()),
        (action, reason) in (select(&Action::ALL[..]), select(&RevocationReason::ALL[..])),
        (invalid_since, note) in (proptest::option::of(any::<i64>()), any::<String>()),
        (nonce, expires) in (any::<[u8; 16]>(), any::<i64>()),
    ) -> StatusRecord {
        StatusRecord {
            request, ca, org, action, serial, reason, emergency, invalid_since, note, nonce, expires,
        }
    }
}

prop_compose! {
    fn manifest()(
        org in id(), operator in id(), at in any::<i64>(), nonce in any::<[u8; 16]>(), records in vec(digest(), 0..9),
        kind in select(&ManifestKind::ALL[..]),
    ) -> Manifest {
        Manifest { kind, org, operator, at, nonce, records }
    }
}

prop_compose! {
    fn approval()(
        manifest in digest(), excepted in btree_set(any::<u32>(), 0..9), org_chain in vec(id(), 0..5), operator in id(),
        decision in select(&Decision::ALL[..]), reason in any::<String>(), nonce in any::<[u8; 16]>(),
        at in any::<i64>(), expires in any::<i64>(),
    ) -> Approval {
        let excepted = excepted.into_iter().collect();
        Approval { manifest, excepted, org_chain, operator, decision, reason, nonce, at, expires }
    }
}

prop_compose! {
    fn act()(
        kind in any::<String>(), object in any::<String>(), fields in names(any::<String>()), ca in digest(), org in id(),
        operator in id(), nonce in any::<[u8; 16]>(), at in any::<i64>(), expires in any::<i64>(),
    ) -> Act {
        Act { kind, object, fields, ca, org, operator, nonce, at, expires }
    }
}

prop_compose! {
    fn countersign()(
        act in digest(), operator in id(), nonce in any::<[u8; 16]>(), at in any::<i64>(), expires in any::<i64>(),
    ) -> Countersign {
        Countersign { act, operator, nonce, at, expires }
    }
}

proptest! {
    #[test]
    fn requests_read_back(record in request()) {
        prop_assert_eq!(RequestRecord::from_der(&record.to_der()).unwrap(), record);
    }

    #[test]
    fn status_records_read_back(record in status()) {
        prop_assert_eq!(StatusRecord::from_der(&record.to_der()).unwrap(), record);
    }

    #[test]
    fn manifests_read_back(record in manifest()) {
        prop_assert_eq!(Manifest::from_der(&record.to_der()).unwrap(), record);
    }

    #[test]
    fn approvals_read_back(record in approval()) {
        prop_assert_eq!(Approval::from_der(&record.to_der()).unwrap(), record);
    }

    #[test]
    fn acts_read_back(record in act()) {
        prop_assert_eq!(Act::from_der(&record.to_der()).unwrap(), record);
    }

    #[test]
    fn countersigns_read_back(record in countersign()) {
        prop_assert_eq!(Countersign::from_der(&record.to_der()).unwrap(), record);
    }
}

fn sample_request() -> RequestRecord {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    RequestRecord {
        request: "lra-chengdu-0001".parse().unwrap(),
        ca: Digest([1; 32]),
        org: "lra-chengdu".parse().unwrap(),
        action: Action::Issue,
        reason: Reason::Rekey,
        holder: HolderKind::Person,
        subject: vec![field("name", "张三"), field("organisation", "示例公司"), field("region", "510100")],
        personal: vec![("id-number".to_owned(), Digest([2; 32])), ("phone".to_owned(), Digest([3; 32]))],
        csr: Digest([4; 32]),
        profile: "person-sign".parse().unwrap(),
        profile_digest: Digest([5; 32]),
        days: 365,
        hosts: vec!["www.example.cn".to_owned(), "192.0.2.1".to_owned()],
        medium: Medium::UKey,
        pair: true,
        predecessor: Some(Serial::from_bytes(&[0x80, 1, 2]).unwrap()),
        operator: Some(OperatorGrant { id: "entry-1".parse().unwrap(), roles: vec![Role::Entry, Role::Auditor] }),
        revokes: Some(RevocationReason::Superseded),
        medium_id: Some("ukey-0001".parse().unwrap()),
        nonce: [6; 16],
        expires: 1_800_000_000,
    }
}

fn sample_status() -> StatusRecord {
    StatusRecord {
        request: "revoke-1".parse().unwrap(),
        ca: Digest([1; 32]),
        org: "lra-chengdu".parse().unwrap(),
        action: Action::Revoke,
        serial: Serial::from_bytes(&[0x80, 1, 2]).unwrap(),
        reason: RevocationReason::KeyCompromise,
        emergency: false,
        invalid_since: Some(1_790_000_000),
        note: "介质遗失".to_owned(),
        nonce: [6; 16],
        expires: 1_800_000_000,
    }
}

fn sample_manifest() -> Manifest {
    Manifest {
        kind: ManifestKind::Submit,
        org: "lra-chengdu".parse().unwrap(),
        operator: "entry-1".parse().unwrap(),
        at: 1_790_000_000,
        nonce: [7; 16],
        records: vec![Digest([8; 32]), Digest([9; 32])],
    }
}

fn sample_approval() -> Approval {
    Approval {
        manifest: Digest([1; 32]),
        excepted: vec![0, 127, 128, 70_000, u32::MAX],
        org_chain: vec!["lra-chengdu".parse().unwrap(), "ra-sichuan".parse().unwrap()],
        operator: "approver-1".parse().unwrap(),
        decision: Decision::Reject,
        reason: "证件已过期".to_owned(),
        nonce: [2; 16],
        at: -1,
        expires: i64::MAX,
    }
}

fn sample_act() -> Act {
    Act {
        kind: "org-move".to_owned(),
        object: "lra-chengdu".to_owned(),
        fields: vec![("to".to_owned(), "ra-sichuan".to_owned())],
        ca: Digest([1; 32]),
        org: "ca".parse().unwrap(),
        operator: "admin-1".parse().unwrap(),
        nonce: [2; 16],
        at: 0,
        expires: i64::MIN,
    }
}

fn sample_countersign() -> Countersign {
    Countersign { act: Digest([1; 32]), operator: "admin-2".parse().unwrap(), nonce: [2; 16], at: 255, expires: 256 }
}

/// Reads `der` as each kind of record; whatever is accepted must encode to the same octets. Returns how many accept.
fn accepted(der: &[u8]) -> usize {
    let again = [
        RequestRecord::from_der(der).map(|r| r.to_der()),
        StatusRecord::from_der(der).map(|r| r.to_der()),
        Manifest::from_der(der).map(|r| r.to_der()),
        Approval::from_der(der).map(|r| r.to_der()),
        Act::from_der(der).map(|r| r.to_der()),
        Countersign::from_der(der).map(|r| r.to_der()),
    ];
    again
        .into_iter()
        .flatten()
        .map(|encoded| assert_eq!(hex(&encoded), hex(der), "two encodings of one record"))
        .count()
}

fn samples() -> [Vec<u8>; 6] {
    [
        sample_request().to_der(),
        sample_status().to_der(),
        sample_manifest().to_der(),
        sample_approval().to_der(),
        sample_act().to_der(),
        sample_countersign().to_der(),
    ]
}

#[test]
fn no_record_reads_as_another_kind() {
    for der in samples() {
        assert_eq!(accepted(&der), 1);
    }
}

/// The encoding is what signatures in the field cover: it must never change for version 1.
#[test]
fn the_encoding_is_fixed() {
    assert_eq!(
        hex(&sample_countersign().to_der()),
        concat!(
            "305a",
            "0c10687566752d636f756e7465727369676e", // "hufu-countersign"
            "020101",
            "04200101010101010101010101010101010101010101010101010101010101010101",
            "0c0761646d696e2d32", // "admin-2"
            "041002020202020202020202020202020202",
            "020200ff",
            "02020100",
        )
    );
}

#[test]
fn every_octet_can_change_without_a_panic_or_a_second_encoding() {
    for der in samples() {
        for position in 0..der.len() {
            for change in 0..=255 {
                let mut bytes = der.clone();
                bytes[position] = change;
                accepted(&bytes);
            }
            accepted(&der[..position]);
        }
    }
}

#[test]
fn structure_aware_mutations_are_refused_or_canonical() {
    let seed = std::env::var("HUFU_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x5eed_u64);
    println!("seed {seed} (set HUFU_SEED for another)");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut kept = 0;
    for round in 0..10_000 {
        let der = &samples()[round % 6];
        let bytes = crate::mutate::mutated(der, &mut rng);
        kept += accepted(&bytes);
    }
    // Changes of a text's letters leave a record a record: the mutations do reach the inner fields.
    assert!(kept > 100, "only {kept} of 10000 mutations were read");
}

fn refusal<T: std::fmt::Debug>(result: crate::Result<T>) -> Error {
    result.expect_err("it must be refused")
}

/// `sample_request` with one field's TLV replaced by another.
fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    let der = sample_request().to_der();
    let body = tlv::Reader::new(&der).any().unwrap().value;
    let at = body.windows(from.len()).position(|w| w == from).expect("the field is there");
    let body = [&body[..at], to, &body[at + from.len()..]].concat();
    tlv::element(tag::SEQUENCE, &body)
}

fn text(text: &str) -> Vec<u8> {
    tlv::element(tag::UTF8, text.as_bytes())
}

#[test]
fn refusals_name_the_field_and_the_octet() {
    let cases: &[(Vec<u8>, &str)] = &[
        (replaced(&text("hufu-request"), &text("hufu-act")), "not a record of kind"),
        (replaced(&[2, 1, 1, 12], &[2, 1, 2, 12]), "version 2 is unknown"),
        (replaced(&text("person"), &text("persona")), "holder kind"),
        (replaced(&text("lra-chengdu"), &text("../etc")), "organisation id"),
        (replaced(&text("rekey"), &text("")), "reason"),
        (replaced(&[1, 1, 0xff], &[1, 1, 1]), "BOOLEAN"),
        (replaced(&[1, 1, 0xff], &[2, 1, 1]), "no pair flag"),
        (replaced(&[2, 2, 1, 0x6d], &[2, 3, 0, 1, 0x6d]), "not minimal"),
        (replaced(&[2, 2, 1, 0x6d], &[2, 1, 0xff]), "outside 0..2^32-1"),
        (replaced(&[2, 2, 1, 0x6d], &[2, 5, 1, 0, 0, 0, 0]), "outside 0..2^32-1"),
        (replaced(&[0x80, 4, 0, 0x80, 1, 2], &[0x80, 3, 0x80, 1, 2]), "negative"),
        (replaced(&[0x80, 4, 0, 0x80, 1, 2], &[0x80, 1, 0]), "serial number"),
        (replaced(&text("region"), &text("name")), "stands twice"),
        (replaced(&[text("entry"), text("auditor")].concat(), &[text("auditor"), text("entry")].concat()), "ascending"),
        (replaced(&text("张三"), &[12, 3, 0xe5, 0xbc, 0xff]), "no"),
        (replaced(&[4, 16, 6, 6], &[4, 15, 6, 6]), ""),
    ];
    for (der, what) in cases {
        let error = refusal(RequestRecord::from_der(der));
        assert_eq!(error.kind().code(), "x509.record", "{error}");
        assert!(error.offset().is_some() && error.to_string().contains(what), "{error} should say {what:?}");
    }
    let der = sample_request().to_der();
    let error = refusal(RequestRecord::from_der(&[&der[..], &[0]].concat()));
    assert!(error.to_string().contains("octets after the record"), "{error}");
}

#[test]
fn records_are_bounded_in_size_and_fields() {
    let mut record = sample_request();
    record.hosts = vec!["x".repeat(70_000)];
    assert_eq!(*refusal(RequestRecord::from_der(&record.to_der())).kind(), ErrorKind::TooLarge);
    let mut act = sample_act();
    act.fields = (0..64).map(|n| (n.to_string(), String::new())).collect();
    assert!(Act::from_der(&act.to_der()).is_ok());
    act.fields.push(("64".to_owned(), String::new()));
    assert!(refusal(Act::from_der(&act.to_der())).to_string().contains("more than 64 fields"));
    let mut manifest = sample_manifest();
    manifest.records = vec![Digest([1; 32]); 100_000];
    assert_eq!(Manifest::from_der(&manifest.to_der()).unwrap(), manifest);
}

#[test]
fn sets_are_written_in_order() {
    let mut approval = sample_approval();
    let sorted = approval.to_der();
    approval.excepted.reverse();
    approval.excepted.push(127);
    assert_eq!(approval.to_der(), sorted);
    let mut request = sample_request();
    let sorted = request.to_der();
    request.operator.as_mut().unwrap().roles = vec![Role::Auditor, Role::Entry, Role::Auditor];
    assert_eq!(request.to_der(), sorted);
}

/// Not a benchmark: it only shows when a change makes encoding or decoding slower by an order of magnitude.
#[test]
fn encoding_and_decoding_are_fast() {
    let record = sample_request();
    let der = record.to_der();
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(std::hint::black_box(&record).to_der());
    }
    let encode = start.elapsed() / 10_000;
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(RequestRecord::from_der(std::hint::black_box(&der))).unwrap();
    }
    let decode = start.elapsed() / 10_000;
    println!("a request record of {} octets: encode {encode:?}, decode {decode:?} (this build)", der.len());
    assert!(encode.as_micros() < 200 && decode.as_micros() < 200, "encode {encode:?}, decode {decode:?}");
}
