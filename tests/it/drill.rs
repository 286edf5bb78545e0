//! Drills: thousands of certificates are revoked by query, an operator's key is stolen, an operator of the CA is revoked
//! in the middle of it. Everybody concerned ends on the list, nobody else, and the totals are what a recount gives.
//!
//! `HUFU_FULL` takes 100,000 certificates instead of 2,000.

use std::collections::{BTreeMap, BTreeSet};

use hufu_authority::{
    Authority, CertificateFilter, Publishing, RequestFilter, Session, StatusFilter, StatusRequest, Submitted,
};
use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::ident::{OrgId, RequestId, Serial};
use hufu_model::operator::Role;
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;
use hufu_x509::crl::Crl;
use hufu_x509::ocsp::Status;

use crate::expect::{all, code, code_of_one, sound};

/// Entered, approved and applied at a time.
const CHUNK: usize = 500;

fn size() -> u64 {
    if std::env::var_os("HUFU_FULL").is_some() { 100_000 } else { 2_000 }
}

/// Issues certificates of persons `first` and on, at `org`.
fn issue(t: &TestAuthority, entry: &str, approver: &str, org: &str, first: u64, count: u64) -> Vec<Serial> {
    let signer = t.signer();
    let mut serials = Vec::new();
    let numbers: Vec<u64> = (first..first + count).collect();
    for chunk in numbers.chunks(CHUNK) {
        let requests: Vec<_> = chunk.iter().map(|n| t.in_region(t.people.person(*n, org))).collect();
        let ids = t.enter(entry, approver, &requests);
        let issued = all(t.authority.issue(&t.session(approver), &signer, &ids));
        serials.extend(issued.into_iter().map(|c| c.serial));
    }
    serials
}

/// Asks for `action` on everything a query finds, under one name; the requests are `NAME-SERIAL`.
fn ask(
    authority: &Authority,
    by: &Session,
    action: Action,
    name: &str,
    rows: &[CertificateRow],
) -> Vec<hufu_authority::Result<Submitted>> {
    let request = |row: &CertificateRow| {
        let (id, serial) = (format!("{name}-{}", row.serial).parse().unwrap(), row.serial.clone());
        match action {
            Action::Suspend => StatusRequest { emergency: true, ..StatusRequest::suspend(id, serial) },
            Action::Resume => StatusRequest::resume(id, serial),
            _ => StatusRequest::revoke(id, serial, RevocationReason::KeyCompromise),
        }
    };
    let mut results = Vec::new();
    for chunk in rows.chunks(CHUNK) {
        let requests: Vec<StatusRequest> = chunk.iter().map(request).collect();
        results.extend(authority.request_status(by, &requests).unwrap());
    }
    results
}

/// What was entered under a name and has come this far.
fn batch(authority: &Authority, name: &str, status: RequestStatus) -> Vec<RequestId> {
    let filter = RequestFilter { batch: Some(name.parse().unwrap()), status: Some(status), ..RequestFilter::default() };
    authority.requests(&filter).unwrap().into_iter().map(|r| r.id).collect()
}

fn approve(t: &TestAuthority, by: &Session, name: &str) {
    for chunk in batch(&t.authority, name, RequestStatus::Submitted).chunks(CHUNK) {
        all(t.authority.approve(by, chunk));
    }
}

fn apply(t: &TestAuthority, by: &Session, ids: &[RequestId]) {
    for chunk in ids.chunks(CHUNK) {
        all(t.authority.apply(by, chunk));
    }
}

fn query(t: &TestAuthority, filter: CertificateFilter, action: Action) -> Vec<CertificateRow> {
    t.authority.concerned(action, &filter).unwrap()
}

fn of_org(org: &str) -> CertificateFilter {
    let orgs: Vec<OrgId> = vec![org.parse().unwrap()];
    CertificateFilter {
        orgs: Some(orgs),
        profile: Some("person-sign".parse().unwrap()),
        ..CertificateFilter::default()
    }
}

/// Everybody's status.
fn statuses(t: &TestAuthority) -> BTreeMap<Serial, CertificateStatus> {
    let rows = t.authority.certificates(&CertificateFilter::default()).unwrap();
    rows.into_iter().map(|row| (row.serial, row.status)).collect()
}

/// Who is on the list that is published and read again in its folder; the responder says the same of everybody.
fn list(t: &TestAuthority) -> BTreeSet<Serial> {
    let folder = t.base().join("public");
    let publishing = Publishing { agreed_changes: Some(u64::MAX), ..Publishing::full(&folder) };
    let _ = t.authority.publish_crl(&t.session("zhao"), &t.signer(), &publishing).unwrap();
    let file = t.authority.latest_crl(&folder).unwrap().unwrap();
    let read = Crl::from_bytes(&std::fs::read(file).unwrap()).unwrap();
    read.verify_signed_by(&t.authority.identity().issuing.public_key().unwrap()).unwrap();
    let listed: BTreeSet<Serial> = read.entries().map(|entry| entry.serial).collect();
    assert_eq!(listed.len(), read.count());
    let everybody: Vec<Serial> = statuses(t).into_keys().collect();
    for (serial, status) in everybody.iter().zip(t.authority.ocsp_status(&everybody).unwrap()) {
        assert_eq!(matches!(status, Status::Revoked { .. }), listed.contains(serial), "{serial}: {status:?}");
    }
    listed
}

/// Totals are what counting all certificates gives.
fn recounted(t: &TestAuthority) {
    let rows = t.authority.certificates(&CertificateFilter::default()).unwrap();
    let of = |status| rows.iter().filter(|row| row.status == status).count() as u64;
    let total = t.totals(None);
    assert_eq!(total.issued, rows.len() as u64);
    assert_eq!((total.revoked, total.valid), (of(CertificateStatus::Revoked), of(CertificateStatus::Active)));
}

#[test]
fn thousands_are_revoked_by_query() {
    let t = TestAuthority::national("drill");
    let count = size();
    let concerned: BTreeSet<Serial> =
        issue(&t, "chengdu-entry", "sichuan-approver", "lra-chengdu", 0, count).into_iter().collect();
    let _others = issue(&t, "mianyang-entry", "sichuan-approver", "lra-mianyang", count, 50);
    t.clock.advance(60);
    let before = statuses(&t);
    let rows = query(&t, of_org("lra-chengdu"), Action::Revoke);
    assert_eq!(rows.iter().map(|row| row.serial.clone()).collect::<BTreeSet<_>>(), concerned);

    // The forecast changes nothing, and the list it foretells is the one that comes.
    let reason = RevocationReason::KeyCompromise;
    let forecast = t.authority.forecast(Action::Revoke, reason, &rows).unwrap();
    assert_eq!((forecast.certificates, forecast.entries, forecast.operators), (count, count, 0));
    assert_eq!(forecast.organisations, [("lra-chengdu".parse().unwrap(), count)].into());
    assert_eq!(forecast.shards, count.div_ceil(10_000));
    assert_eq!(t.authority.forecast(Action::Revoke, reason, &rows).unwrap(), forecast);
    let fewer = t.authority.forecast(Action::Revoke, reason, &rows[1..]).unwrap();
    assert!(fewer.selection != forecast.selection && fewer.octets < forecast.octets);
    assert_eq!(statuses(&t), before);

    // So many are an administrator's to ask for, and another one's to approve.
    let refused = ask(&t.authority, &t.session("chengdu-entry"), Action::Revoke, "drill", &rows);
    for result in refused {
        assert_eq!(code(result), "operator.no-role");
    }
    let (zhao, qian) = (t.session("zhao"), t.session("qian"));
    for _ in 0..2 {
        // The second time is the command given again after a stop: nothing is entered twice.
        let asked = ask(&t.authority, &zhao, Action::Revoke, "drill", &rows);
        assert!(asked.into_iter().all(|r| r.unwrap().status == RequestStatus::Submitted));
        assert_eq!(batch(&t.authority, "drill", RequestStatus::Submitted).len() as u64, count);
    }
    let one = batch(&t.authority, "drill", RequestStatus::Submitted)[..1].to_vec();
    assert_eq!(code_of_one(t.authority.approve(&t.session("sichuan-approver"), &one)), "operator.no-role");
    assert_eq!(code_of_one(t.authority.approve(&zhao, &one)), "ra.self-approval");
    approve(&t, &qian, "drill");
    let approved = batch(&t.authority, "drill", RequestStatus::Approved);
    let (last, others) = approved.split_last().unwrap();
    apply(&t, &qian, others);
    // Negative control: the comparison below finds one that was forgotten.
    let short = list(&t);
    assert!(short != concerned && short.len() + 1 == concerned.len());
    apply(&t, &qian, std::slice::from_ref(last));
    assert!(batch(&t.authority, "drill", RequestStatus::Approved).is_empty());

    // All are on the list, once each; nobody else is touched.
    assert_eq!(list(&t), concerned);
    assert_eq!(t.authority.status_changes(&StatusFilter::default()).unwrap().len() as u64, count);
    for (serial, status) in statuses(&t) {
        let wanted = if concerned.contains(&serial) { CertificateStatus::Revoked } else { before[&serial] };
        assert_eq!(status, wanted);
    }
    recounted(&t);
    assert!(query(&t, of_org("lra-chengdu"), Action::Revoke).is_empty());
    sound(&t);
}

/// The one who applies is revoked in the middle; another administrator finishes, and what was done stays done.
#[test]
fn an_operator_of_the_ca_is_revoked_in_the_middle() {
    let t = TestAuthority::national("drill operator");
    t.appoint(&[t.people.staff("third", "ca", "何五", &[Role::Admin])]);
    t.clock.advance(60);
    let concerned = issue(&t, "chengdu-entry", "sichuan-approver", "lra-chengdu", 0, 300);
    let rows = query(&t, of_org("lra-chengdu"), Action::Revoke);
    let (zhao, qian, third) = (t.session("zhao"), t.session("qian"), t.session("third"));
    ask(&t.authority, &zhao, Action::Revoke, "drill", &rows).into_iter().for_each(|r| drop(r.unwrap()));
    approve(&t, &third, "drill");
    let ids = batch(&t.authority, "drill", RequestStatus::Approved);
    t.clock.advance(60);
    apply(&t, &third, &ids[..100]);

    let third_row = CertificateFilter { text: Some("何五".to_owned()), ..CertificateFilter::default() };
    let own = query(&t, third_row, Action::Revoke);
    assert_eq!(own.len(), 1);
    ask(&t.authority, &zhao, Action::Revoke, "third", &own).into_iter().for_each(|r| drop(r.unwrap()));
    approve(&t, &qian, "third");
    apply(&t, &qian, &batch(&t.authority, "third", RequestStatus::Approved));
    t.clock.advance(60);
    for chunk in [&ids[..100], &ids[100..]] {
        assert_eq!(code(t.authority.apply(&third, chunk)), "operator.certificate");
    }
    // What was approved before the revocation holds.
    apply(&t, &qian, &ids);
    let concerned: BTreeSet<Serial> = concerned.into_iter().chain([own[0].serial.clone()]).collect();
    assert_eq!(list(&t), concerned);
    assert_eq!(t.authority.status_changes(&StatusFilter::default()).unwrap().len(), concerned.len());
    recounted(&t);
    sound(&t);
}

/// An RA approver's key is stolen: their certificate ends first; everything that went through their hands in the window is
/// found and suspended by one person, looked at, and revoked or given back by two.
#[test]
fn a_stolen_key_of_an_ra() {
    let t = TestAuthority::national("drill stolen");
    let earlier = issue(&t, "chengdu-entry", "sichuan-approver", "lra-chengdu", 0, 20);
    t.clock.advance(86_400);
    let from = t.now();
    let window = issue(&t, "chengdu-entry", "sichuan-approver", "lra-chengdu", 100, 150);
    let elsewhere = issue(&t, "yunnan-entry", "yunnan-approver", "ra-yunnan", 500, 10);
    t.clock.advance(86_400);
    let to = t.now();
    let later = issue(&t, "chengdu-entry", "sichuan-approver", "lra-chengdu", 300, 5);
    t.clock.advance(60);

    // The operator first: from here on the key opens nothing.
    let (zhao, qian) = (t.session("zhao"), t.session("qian"));
    let stolen = t.session("sichuan-approver");
    let operators = t.authority.operators().unwrap();
    let own = operators.into_iter().find(|o| o.id == *stolen.operator()).unwrap().certificate;
    let own = t.authority.certificate(&own).unwrap().row;
    let waiting = t.people.person(900, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&waiting)));
    ask(&t.authority, &zhao, Action::Revoke, "stolen", std::slice::from_ref(&own))
        .into_iter()
        .for_each(|r| drop(r.unwrap()));
    approve(&t, &qian, "stolen");
    apply(&t, &qian, &batch(&t.authority, "stolen", RequestStatus::Approved));
    assert_eq!(code_of_one(t.authority.approve(&stolen, std::slice::from_ref(&waiting.id))), "operator.certificate");

    // Everything through their hands in the window, and nothing else.
    let through = CertificateFilter {
        through: Some("sichuan-approver".parse().unwrap()),
        issued_from: Some(from),
        issued_to: Some(to),
        ..CertificateFilter::default()
    };
    let found = query(&t, through, Action::Suspend);
    let serials: BTreeSet<Serial> = found.iter().map(|row| row.serial.clone()).collect();
    assert_eq!(serials, window.iter().cloned().collect());

    // One administrator stops them at once.
    ask(&t.authority, &zhao, Action::Suspend, "hold", &found).into_iter().for_each(|r| drop(r.unwrap()));
    apply(&t, &zhao, &batch(&t.authority, "hold", RequestStatus::Submitted));
    let held: BTreeSet<Serial> = serials.iter().cloned().chain([own.serial.clone()]).collect();
    assert_eq!(list(&t), held);

    // After a look at each: forty are given back, the others revoked; by two people.
    t.clock.advance(3600);
    let (good, bad) = found.split_at(40);
    ask(&t.authority, &zhao, Action::Resume, "back", good).into_iter().for_each(|r| drop(r.unwrap()));
    ask(&t.authority, &zhao, Action::Revoke, "out", bad).into_iter().for_each(|r| drop(r.unwrap()));
    for name in ["back", "out"] {
        let one = batch(&t.authority, name, RequestStatus::Submitted)[..1].to_vec();
        assert_eq!(code_of_one(t.authority.apply(&zhao, &one)), "request.state");
        approve(&t, &qian, name);
        apply(&t, &zhao, &batch(&t.authority, name, RequestStatus::Approved));
    }
    let revoked: BTreeSet<Serial> = bad.iter().map(|row| row.serial.clone()).chain([own.serial]).collect();
    assert_eq!(list(&t), revoked);
    let statuses = statuses(&t);
    for serial in earlier.iter().chain(&elsewhere).chain(&later).chain(good.iter().map(|row| &row.serial)) {
        assert_eq!(statuses[serial], CertificateStatus::Active);
    }
    recounted(&t);
    sound(&t);
}
