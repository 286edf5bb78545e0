//! Migrations of algorithms: cutovers by two people, what they leave behind, and how far each organisation has come.

use hufu_authority::{Change, Class, ErrorKind, NewRequest, Outcome};
use hufu_model::ident::{Digest, OrgId};
use hufu_model::migration::Cutover;
use hufu_model::operator::Role;
use hufu_model::time::Instant;
use hufu_tests::{TestAuthority, ready_requests};

use crate::expect::{Before, all, code, code_of_one, only, refused, sound};

mod reports;

fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}

/// A cutover to SM2 at `effective`, not attested.
fn cutover(id: &str, effective: Instant) -> Cutover {
    Cutover {
        org: org(id),
        migration: "sm2".parse().unwrap(),
        effective,
        attested: false,
        evidence: String::new(),
        withdrawn: false,
    }
}

/// One that lies in the past and rests on evidence.
fn attested(id: &str, effective: &str) -> Cutover {
    let effective = effective.parse().unwrap();
    Cutover { attested: true, evidence: "验收报告 2017-41".to_owned(), ..cutover(id, effective) }
}

/// To the algorithm after SM2.
fn next(cutover: Cutover) -> Cutover {
    Cutover { migration: "ml-dsa".parse().unwrap(), ..cutover }
}

fn propose(t: &TestAuthority, by: &str, cutover: &Cutover) -> hufu_authority::Result<Digest> {
    match t.authority.change(&t.session(by), &Change::Cutover(cutover.clone()))? {
        Outcome::Proposed(digest) => Ok(digest),
        Outcome::Done(_) => panic!("a cutover took effect with one person"),
    }
}

/// Proposed by one administrator, approved by the other; the event's number.
fn cut_over(t: &TestAuthority, cutover: &Cutover) -> u64 {
    let digest = propose(t, "zhao", cutover).unwrap();
    t.authority.countersign(&t.session("qian"), &digest).unwrap()
}

/// An instant of whole seconds, `seconds` from now.
fn in_a_while(t: &TestAuthority, seconds: i64) -> Instant {
    Instant::from_unix_seconds(t.now().unix_seconds() + seconds)
}

fn submit(t: &TestAuthority, entry: &str, request: NewRequest) -> hufu_authority::Result<hufu_authority::Submitted> {
    t.authority.submit(&t.session(entry), &[t.in_region(request)]).and_then(only)
}

/// A request of RSA as people still bring it.
const RSA_CSR: &str = include_str!("../samples/csr/openssl-rsa-2048.pem");

fn rsa(t: &TestAuthority, n: u64, org: &str) -> NewRequest {
    NewRequest { csr: RSA_CSR.as_bytes().to_vec(), ..t.people.person(n, org) }
}

#[test]
fn a_cutover_takes_two_people_with_the_right_to_it() {
    let t = TestAuthority::national("two people");
    let wanted = cutover("ra-sichuan", in_a_while(&t, 3600));
    for (by, expected) in [("sichuan-approver", "operator.no-role"), ("auditor", "operator.no-role")] {
        assert_eq!(code(propose(&t, by, &wanted)), expected, "{by}");
    }
    let yunnan = cutover("ra-yunnan", wanted.effective);
    assert_eq!(code(propose(&t, "sichuan-admin", &yunnan)), "ra.outside-jurisdiction");
    let nowhere = cutover("ra-nowhere", wanted.effective);
    assert_eq!(code(propose(&t, "zhao", &nowhere)), "org.unknown");

    let digest = propose(&t, "sichuan-admin", &wanted).unwrap();
    let before = Before::of(&t);
    for (by, expected) in [("sichuan-admin", "ra.self-approval"), ("sichuan-approver", "operator.no-role")] {
        assert_eq!(code(t.authority.countersign(&t.session(by), &digest)), expected, "{by}");
    }
    before.assert_unchanged(&t, "a cutover by one person");
    // Nothing is cut over by a proposal.
    assert_eq!(code(submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan"))), "x509.key-rsa");
    let event = t.authority.countersign(&t.session("zhao"), &digest).unwrap();
    assert!(event > 0);
    assert_eq!(code(t.authority.countersign(&t.session("qian"), &digest)), "proposal.unknown");
    sound(&t);
}

#[test]
fn the_past_needs_evidence_and_the_future_none() {
    let t = TestAuthority::national("past");
    let before = Before::of(&t);
    let past = in_a_while(&t, -1);
    refused(propose(&t, "zhao", &cutover("ra-sichuan", past)), "migration.past", Class::Refused);
    for evidence in ["", "  "] {
        let bare = Cutover { evidence: evidence.to_owned(), ..attested("ra-sichuan", "2017-06-30T00:00:00+08:00") };
        refused(propose(&t, "zhao", &bare), "migration.evidence", Class::BadInput);
    }
    let future = Cutover { effective: in_a_while(&t, 60), ..attested("ra-sichuan", "2017-06-30T00:00:00+08:00") };
    refused(propose(&t, "zhao", &future), "migration.future", Class::Refused);
    let fine = Cutover { effective: "2027-01-01T00:00:00.500+08:00".parse().unwrap(), ..cutover("ra-sichuan", past) };
    refused(propose(&t, "zhao", &fine), "input.unreadable", Class::BadInput);
    let unknown = Cutover { migration: "rot13".parse().unwrap(), ..cutover("ra-sichuan", in_a_while(&t, 60)) };
    refused(propose(&t, "zhao", &unknown), "migration.unknown", Class::NotFound);
    let number = Cutover { evidence: "11010519491231002X".to_owned(), ..attested("ra-sichuan", "2017-06-30") };
    assert_eq!(code(propose(&t, "zhao", &number)), "input.unreadable", "an identity number is no evidence");
    before.assert_unchanged(&t, "cutovers that cannot be");

    // The second approval decides: what was to come when it was proposed has passed when it is approved.
    let soon = cutover("ra-sichuan", in_a_while(&t, 60));
    let digest = propose(&t, "zhao", &soon).unwrap();
    t.clock.advance(61);
    refused(t.authority.countersign(&t.session("qian"), &digest), "migration.past", Class::Refused);

    let event = cut_over(&t, &attested("ra-sichuan", "2017-06-30T00:00:00+08:00"));
    let e = submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan")).unwrap_err();
    let ErrorKind::AfterCutover(after) = e.kind() else { panic!("{e}") };
    assert_eq!((after.event, after.head.as_str(), after.migration.as_str()), (event, "ra-sichuan", "sm2"));
    assert_eq!(after.effective, "2017-06-30T00:00:00+08:00".parse().unwrap());
    assert_eq!(e.kind().class(), Class::Refused);
    let text = e.to_string();
    assert!(text.contains(&format!("event {event}")) && text.contains("2017-06-29T16:00:00"), "{text}");
    sound(&t);
}

/// An RSA or ECDSA request is refused everywhere; who cut over is told so instead, from the effective instant on.
#[test]
fn the_refusal_names_the_cutover_in_the_whole_subtree_from_its_instant() {
    let t = TestAuthority::national("subtree");
    let refusal = |entry: &str, place: &str| code(submit(&t, entry, rsa(&t, 1, place)));
    let effective = in_a_while(&t, 600);
    cut_over(&t, &cutover("ra-sichuan", effective));
    assert_eq!(refusal("chengdu-entry", "lra-chengdu"), "x509.key-rsa");
    t.clock.set(Instant::from_unix_millis(effective.unix_millis() - 1));
    assert_eq!(refusal("chengdu-entry", "lra-chengdu"), "x509.key-rsa");
    t.clock.set(effective);
    for (entry, place) in
        [("chengdu-entry", "lra-chengdu"), ("mianyang-entry", "lra-mianyang"), ("sichuan-entry", "ra-sichuan")]
    {
        assert_eq!(refusal(entry, place), "request.after-cutover", "{place}");
    }
    for (entry, place) in [("yunnan-entry", "lra-kunming"), ("audit-entry", "ra-audit")] {
        assert_eq!(refusal(entry, place), "x509.key-rsa", "{place}");
    }
    let mut p256 = t.people.person(1, "lra-chengdu");
    p256.csr = include_bytes!("../samples/csr/openssl-p256.pem").to_vec();
    assert_eq!(code(submit(&t, "chengdu-entry", p256)), "request.after-cutover");
    // SM2 goes on.
    t.issue(&[t.people.person(2, "lra-chengdu")]);
    sound(&t);
}

/// Where an organisation stood at the effective instant decides, wherever it is moved afterwards.
#[test]
fn the_tree_of_the_effective_instant_decides() {
    let t = TestAuthority::national("moves");
    let refusal = |entry: &str, place: &str| code(submit(&t, entry, rsa(&t, 1, place)));
    let moved = |id: &str, to: &str| {
        let change = Change::OrgMove { org: org(id), to: org(to) };
        let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else { panic!() };
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    };
    // Limits of region would stand in the way of moves.
    for id in ["lra-mianyang", "lra-kunming", "ra-sichuan", "ra-yunnan"] {
        let limits = hufu_model::org::Limits::default();
        let change = Change::OrgLimits { org: org(id), limits };
        let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else { panic!() };
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
    t.clock.advance(10);
    cut_over(&t, &cutover("ra-sichuan", in_a_while(&t, 5)));
    t.clock.advance(60);
    moved("lra-mianyang", "ra-yunnan");
    moved("lra-kunming", "ra-sichuan");
    t.clock.advance(60);
    assert_eq!(refusal("mianyang-entry", "lra-mianyang"), "request.after-cutover", "it cut over before it was moved");
    assert_eq!(refusal("sichuan-entry", "lra-kunming"), "x509.key-rsa", "it came afterwards");
    // One that did not exist then stands where it was first put.
    let zhao = t.session("zhao");
    let young = hufu_model::org::Organisation {
        id: org("lra-deyang"),
        name: "德阳市注册服务分中心".to_owned(),
        ..t.authority.organisations().unwrap().get(&org("lra-chengdu")).unwrap().clone()
    };
    assert!(matches!(t.authority.change(&zhao, &Change::OrgAdd(young)).unwrap(), Outcome::Done(_)));
    assert_eq!(refusal("sichuan-entry", "lra-deyang"), "request.after-cutover");
    sound(&t);
}

/// Instants of two cutovers: the LRA's own comes first, and keeps its own event.
#[test]
fn an_lra_may_cut_over_before_its_ra() {
    let t = TestAuthority::national("lra first");
    let own = cut_over(&t, &cutover("lra-chengdu", in_a_while(&t, 10)));
    t.clock.advance(20);
    assert_eq!(code(submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan"))), "x509.key-rsa");
    cut_over(&t, &cutover("ra-sichuan", in_a_while(&t, 10)));
    t.clock.advance(20);
    let e = submit(&t, "chengdu-entry", rsa(&t, 1, "lra-chengdu")).unwrap_err();
    let ErrorKind::AfterCutover(after) = e.kind() else { panic!("{e}") };
    assert_eq!((after.event, after.head.as_str()), (own, "lra-chengdu"));
    assert_eq!(code(submit(&t, "mianyang-entry", rsa(&t, 1, "lra-mianyang"))), "request.after-cutover");
    sound(&t);
}

/// A wrong one is corrected by another act of two people. Every record stays.
#[test]
fn a_cutover_is_corrected_and_never_deleted() {
    let t = TestAuthority::national("correction");
    let first = attested("ra-sichuan", "2017-06-30T00:00:00+08:00");
    let withdrawal = Cutover { attested: false, withdrawn: true, evidence: "误报".to_owned(), ..first.clone() };
    refused(propose(&t, "zhao", &withdrawal), "migration.no-cutover", Class::NotFound);
    cut_over(&t, &first);
    assert_eq!(code(propose(&t, "zhao", &first)), "change.none");
    let other = Cutover { effective: "2017-07-01T00:00:00+08:00".parse().unwrap(), ..withdrawal.clone() };
    assert_eq!(code(propose(&t, "zhao", &other)), "migration.no-cutover", "it names another instant");
    let silent = Cutover { evidence: String::new(), ..withdrawal.clone() };
    assert_eq!(code(propose(&t, "zhao", &silent)), "migration.evidence");
    t.clock.advance(60);
    let later = Cutover { effective: "2018-01-31T00:00:00+08:00".parse().unwrap(), ..first.clone() };
    cut_over(&t, &later);
    let e = submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan")).unwrap_err();
    assert!(e.to_string().contains("2018-01-30T16:00:00"), "{e}");
    t.clock.advance(60);
    cut_over(&t, &Cutover { effective: later.effective, ..withdrawal });
    assert_eq!(code(submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan"))), "x509.key-rsa");
    assert_eq!(t.authority.cutovers(None).unwrap().len(), 3);
    cut_over(&t, &cutover("ra-sichuan", in_a_while(&t, 1)));
    t.clock.advance(2);
    assert_eq!(code(submit(&t, "sichuan-entry", rsa(&t, 1, "ra-sichuan"))), "request.after-cutover");
    sound(&t);
}

/// From and to are data: after a cutover to the next algorithm, SM2 is what is refused, at every step.
#[test]
fn sm2_is_left_behind_by_the_next_migration() {
    let t = TestAuthority::national("next");
    let approved = ready_requests(&t, 1, 2);
    let waiting = t.people.person(3, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&waiting)));
    let effective = in_a_while(&t, 60);
    cut_over(&t, &next(cutover("ra-sichuan", effective)));
    let (approver, signer) = (t.session("sichuan-approver"), t.signer());
    // Until then everything goes on.
    all(t.authority.issue(&approver, &signer, &approved[..1]));
    t.clock.set(effective);
    let e = submit(&t, "chengdu-entry", t.people.person(4, "lra-chengdu")).unwrap_err();
    let ErrorKind::AfterCutover(after) = e.kind() else { panic!("{e}") };
    let algorithms = (after.algorithm.code(), after.to.code(), after.migration.as_str());
    assert_eq!(algorithms, ("sm2", "ml-dsa", "ml-dsa"));
    assert_eq!(code(submit(&t, "chengdu-entry", rsa(&t, 5, "lra-chengdu"))), "request.after-cutover");
    let before = Before::of(&t);
    let ids = std::slice::from_ref(&waiting.id);
    assert_eq!(code_of_one(t.authority.approve(&approver, ids)), "request.after-cutover");
    assert_eq!(code_of_one(t.authority.issue(&approver, &signer, &approved[1..])), "request.after-cutover");
    before.assert_unchanged(&t, "requests after the cutover");
    // It can be refused, and a certificate that was issued can be given out again.
    all(t.authority.reject(&approver, ids, "算法已停用"));
    all(t.authority.issue(&approver, &signer, &approved[..1]));
    // Yunnan is not concerned, and certificates can still be revoked.
    let elsewhere = t.in_region(t.people.person(6, "ra-yunnan"));
    t.enter("yunnan-entry", "yunnan-approver", &[elsewhere]);
    // An operator's new certificate is one as well.
    let mut staff = t.in_region(t.people.staff("chengdu-entry-3", "lra-chengdu", "朱十", &[Role::Entry]));
    staff.id = "staff-3".parse().unwrap();
    assert_eq!(code_of_one(t.authority.submit(&t.session("zhao"), &[staff])), "request.after-cutover");
    sound(&t);
}

/// The audit follows every certificate back to what was in force when it was begun.
#[test]
fn the_audit_replays_cutovers() {
    let t = TestAuthority::national("replay");
    t.issue_person(1);
    let cut = next(cutover("ra-sichuan", in_a_while(&t, 60)));
    cut_over(&t, &cut);
    t.issue_person(2);
    sound(&t);
    // An attested one that reaches back makes no crime of what was within the rules when it was done.
    cut_over(&t, &next(Cutover { effective: in_a_while(&t, -3600), ..attested("ra-yunnan", "2017-06-30") }));
    t.clock.advance(3600);
    sound(&t);
}
