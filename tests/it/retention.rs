//! Personal fields are kept for years and then deleted by two people; nothing else is ever deleted.

use std::fs;

use hufu_authority::{Change, Depth, Outcome};
use hufu_model::ident::{Digest, Serial};
use hufu_model::operator::Role;
use hufu_model::time::Instant;
use hufu_tests::TestAuthority;

use crate::expect::sound;

const DAY: i64 = 86_400;

/// A home with three certificates of a year whose administrators are still there when those have long expired.
fn aged(seed: &str) -> (TestAuthority, Vec<Serial>) {
    let t = TestAuthority::national(seed);
    let issued = t.issue(&(1..4).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>());
    (t, issued.into_iter().map(|c| c.serial).collect())
}

/// Goes on to the day, renewing the administrators whenever they would expire on the way.
pub(crate) fn until(t: &TestAuthority, when: Instant) {
    loop {
        let left = when.unix_seconds() - t.now().unix_seconds();
        if left <= 0 {
            return;
        }
        t.clock.advance(left.min(300 * DAY));
        renew_administrators(t);
    }
}

/// Both administrators get certificates for their keys again: each enters their own, the other approves it.
fn renew_administrators(t: &TestAuthority) {
    for (who, name, other) in [("zhao", "赵一", "qian"), ("qian", "钱二", "zhao")] {
        let mut request = t.in_region(t.people.staff(who, "ca", name, &[Role::SuperAdmin, Role::Admin]));
        request.id = format!("again-{who}-{}", t.now().unix_seconds()).parse().unwrap();
        let ids = [request.id.clone()];
        let (own, other) = (t.session(who), t.session(other));
        t.authority.submit(&own, &[request]).unwrap().remove(0).unwrap();
        t.authority.approve(&other, &ids).unwrap().remove(0).unwrap();
        t.authority.issue(&other, &t.signer(), &ids).unwrap().remove(0).unwrap();
    }
}

pub(crate) fn propose(t: &TestAuthority, change: &Change) -> hufu_authority::Result<Digest> {
    match t.authority.change(&t.session("zhao"), change)? {
        Outcome::Proposed(digest) => Ok(digest),
        Outcome::Done(event) => panic!("{change:?} was done by one person: event {event}"),
    }
}

#[test]
fn personal_fields_go_when_their_time_has_ended_and_two_people_say_so() {
    let (t, serials) = aged("retention");
    assert_eq!((t.authority.retention().unwrap().years, t.authority.retention().unwrap().floor), (10, 5));
    let expiry = t.authority.certificate(&serials[0]).unwrap().row.validity.not_after();
    let end = Instant::from_unix_seconds(expiry).day().plus_years(10).unwrap().last_instant();

    // The day it expires, and at the last instant of the last day: refused, with the certificate and the date.
    for when in [Instant::from_unix_seconds(expiry + 1), end] {
        until(&t, when);
        assert_eq!(t.now().unix_seconds(), when.unix_seconds());
        assert!(t.authority.retention_due(100).unwrap().iter().all(|d| !serials.contains(&d.certificate.serial)));
        let e = propose(&t, &Change::Erase(serials.clone())).unwrap_err();
        assert_eq!(e.code(), "retention.runs", "{e}");
        let text = e.to_string();
        assert!(serials.iter().any(|s| text.contains(&s.to_string())) && text.contains(&end.to_string()), "{text}");
    }
    until(&t, end.plus_seconds(60));
    let due = t.authority.retention_due(100).unwrap();
    assert!(serials.iter().all(|s| due.iter().any(|d| d.certificate.serial == *s)), "{due:?}");

    let before = t.totals(None);
    let digest = propose(&t, &Change::Erase(serials[..2].to_vec())).unwrap();
    let request = t.authority.certificate(&serials[0]).unwrap().row.request.unwrap();
    assert!(!t.authority.request(&request).unwrap().personal.is_empty(), "a proposal deletes nothing");
    let e = t.authority.countersign(&t.session("zhao"), &digest).unwrap_err();
    assert_eq!(e.code(), "ra.self-approval");
    t.authority.countersign(&t.session("qian"), &digest).unwrap();

    // Gone from the two, in the file as well; there in the third; certificates, events and figures as they were.
    assert!(t.authority.request(&request).unwrap().personal.is_empty());
    let third = t.authority.certificate(&serials[2]).unwrap().row.request.unwrap();
    assert!(!t.authority.request(&third).unwrap().personal.is_empty());
    assert_eq!(t.totals(None).issued, before.issued);
    sound(&t);
    let e = propose(&t, &Change::Erase(serials[..1].to_vec())).unwrap_err();
    assert_eq!(e.code(), "change.none");
    let left: Vec<_> = t.authority.retention_due(100).unwrap().into_iter().map(|d| d.certificate.serial).collect();
    assert!(left.contains(&serials[2]) && !left.contains(&serials[0]));
}

/// The octets themselves are gone from database and log, and nobody can delete without the act.
#[test]
fn what_was_deleted_is_in_no_file_and_deleting_by_hand_is_found() {
    let (t, serials) = aged("erased octets");
    let sealed = |serial: &Serial| -> Vec<u8> {
        let connection = rusqlite::Connection::open(t.database()).unwrap();
        let sql = "SELECT sealed FROM request_body b JOIN certificate c ON c.request = b.request WHERE c.serial = ?";
        connection.query_row(sql, [serial.as_bytes()], |r| r.get(0)).unwrap()
    };
    let octets: Vec<Vec<u8>> = serials.iter().map(sealed).collect();
    let hits = |octets: &[u8]| {
        let files = ["ledger.db", "ledger.db-wal"].map(|f| fs::read(t.home().join(f)).unwrap_or_default());
        files.iter().flat_map(|f| f.windows(octets.len())).filter(|w| *w == octets).count()
    };
    // By hand, before its time: the ledger says so.
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let copy = folder.path().join("by-hand");
    hufu_tests::copy_home(t.base(), &copy);
    let connection = rusqlite::Connection::open(copy.join("home/ledger.db")).unwrap();
    assert_eq!(connection.execute("UPDATE request_body SET sealed = x'' WHERE length(sealed) > 0", []).unwrap(), 15);
    drop(connection);
    let report =
        TestAuthority::open_in(&copy, t.now(), "by hand").unwrap().authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.iter().any(|f| f.message.contains("nobody had them deleted")), "{:?}", report.findings);

    until(&t, t.now().plus_seconds(16 * 365 * DAY));
    assert!(octets.iter().all(|o| hits(o) > 0), "this test would find nothing");
    let digest = propose(&t, &Change::Erase(serials[..1].to_vec())).unwrap();
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    assert_eq!((hits(&octets[0]), hits(&octets[1]) > 0), (0, true));
    sound(&t);
}

#[test]
fn the_years_are_set_by_two_people_and_never_below_five() {
    let (t, serials) = aged("years");
    for years in [0, 1, 4, 101] {
        assert_eq!(propose(&t, &Change::RetentionSet(years)).unwrap_err().code(), "retention.years", "{years}");
    }
    assert_eq!(propose(&t, &Change::RetentionSet(10)).unwrap_err().code(), "change.none");
    let digest = propose(&t, &Change::RetentionSet(5)).unwrap();
    assert_eq!(t.authority.retention().unwrap().years, 10);
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    assert_eq!(t.authority.retention().unwrap().years, 5);
    // Who may not change the authority may not shorten its memory.
    let admin = t.session("sichuan-admin");
    let e = t.authority.change(&admin, &Change::RetentionSet(6)).map(drop).unwrap_err();
    assert_eq!(e.code(), "ra.outside-jurisdiction");
    let e = t.authority.change(&admin, &Change::Erase(serials.clone())).map(drop).unwrap_err();
    assert_eq!(e.code(), "ra.outside-jurisdiction");
    let expiry = t.authority.certificate(&serials[0]).unwrap().row.validity.not_after();
    until(&t, Instant::from_unix_seconds(expiry).plus_seconds(5 * 366 * DAY));
    let digest = propose(&t, &Change::Erase(serials)).unwrap();
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    sound(&t);
}
