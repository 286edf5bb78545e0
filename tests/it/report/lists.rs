//! Lists for people who look after an office: what expires, what deserves a look, how long things took, who may do what.

use hufu_authority::{Asked, Change, Outcome, ReportKind, StatusRequest};
use hufu_model::operator::Role;
use hufu_model::org::Limits;
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;

use super::*;

fn period(from: &str, to: &str) -> Asked {
    Asked { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()), ..Asked::default() }
}

/// Makes a change, by two people where it takes two.
fn change(t: &TestAuthority, change: &Change) {
    if let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), change).unwrap() {
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
}

#[test]
fn what_expires_in_a_period_is_listed_with_its_office() {
    let t = TestAuthority::national("expiring");
    t.clock.set(at("2026-12-01T00:00:00+08:00"));
    // The last second of 30 days is the one before midnight of the 31st.
    let issued = t.issue(&persons(&t, "lra-chengdu", 0, 4, 30));
    t.clock.set(at("2026-12-01T00:00:01+08:00"));
    issue(&t, "ra-yunnan", 4, 5, 30);
    t.clock.set(at("2026-12-05T00:00:00+08:00"));
    t.carry_out(StatusRequest::suspend("held".parse().unwrap(), issued[1].serial.clone()));
    let reason = RevocationReason::CessationOfOperation;
    t.carry_out(StatusRequest::revoke("gone".parse().unwrap(), issued[2].serial.clone(), reason));
    let list = |asked: Asked| {
        let report = t.authority.report(ReportKind::Expiring, &asked).unwrap();
        texts(table(&report, "certificates"), &["org", "serial", "status", "expires"])
    };
    let line = |n: usize, status: &str| {
        let serial = issued[n].serial.to_string();
        ["lra-chengdu".to_owned(), serial, status.to_owned(), "2026-12-30T15:59:59.000Z".to_owned()].to_vec()
    };
    let mut expected = vec![line(0, "active"), line(1, "held"), line(3, "active")];
    expected.sort();
    let mut found = list(period("2026-12-30", "2026-12-31"));
    found.sort();
    assert_eq!(found, expected);
    let next = list(period("2026-12-31", "2027-01-01"));
    assert_eq!(next.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["ra-yunnan"]);
    // Without a period: the three months from now on. Operators' certificates expire, too, later.
    assert_eq!(list(Asked::default()).len(), 4);
    assert_eq!(list(Asked { org: Some("ra-sichuan".parse().unwrap()), ..Asked::default() }).len(), 3);
    assert_eq!(list(Asked { limit: 2, ..Asked::default() }), list(Asked::default())[..2]);
    assert!(list(Asked { profile: Some("device-sign".parse().unwrap()), ..Asked::default() }).is_empty());
    // Before the revocation, the third was on the list.
    let before = Asked { at: Some(at("2026-12-03")), ..period("2026-12-30", "2026-12-31") };
    assert_eq!(list(before).len(), 4);
    assert!(list(Asked { at: Some(at("2026-11-30")), ..period("2026-12-30", "2026-12-31") }).is_empty());
    // Nobody's whole name is on it.
    let report = plain(&t, ReportKind::Expiring);
    let name = hufu_tests::holder_name(0);
    assert!(!format!("{report:?}").contains(&name), "{name} can be read");
    let masked: String = name.chars().enumerate().map(|(n, c)| if n == 0 { c } else { '*' }).collect();
    assert!(format!("{report:?}").contains(&masked));
}

#[test]
fn spikes_nights_and_weekends_are_pointed_out() {
    let t = TestAuthority::national("anomalies");
    // A Tuesday and the nine days after it, one each: two of them are a weekend.
    for n in 0..10 {
        t.clock.set(at("2026-12-01T10:00:00+08:00").plus_seconds(n * 86_400));
        issue(&t, "lra-chengdu", n as u64, n as u64 + 1, 300);
    }
    // The most that is no spike is 21; 22 in Chengdu are one, and in Yunnan nobody knows what is usual.
    t.clock.set(at("2026-12-14T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 20, 42, 300);
    issue(&t, "ra-yunnan", 50, 72, 300);
    t.clock.set(at("2026-12-15T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 80, 101, 300);
    t.clock.set(at("2026-12-16T22:00:00+08:00"));
    issue(&t, "ra-audit", 110, 111, 300);
    t.clock.set(at("2026-12-17T05:59:59+08:00"));
    issue(&t, "ra-audit", 111, 112, 300);
    t.clock.set(at("2026-12-17T06:00:00+08:00"));
    issue(&t, "ra-audit", 112, 113, 300);
    t.clock.set(at("2026-12-17T21:59:59+08:00"));
    issue(&t, "ra-audit", 113, 114, 300);
    let december = t.authority.report(ReportKind::Anomalies, &period("2026-12-01", "2027-01-01")).unwrap();
    let spikes = texts(table(&december, "spikes"), &["day", "org", "count", "median", "most"]);
    assert_eq!(spikes, [["2026-12-14", "lra-chengdu", "22", "1", "21"]]);
    let hours = texts(table(&december, "off-hours"), &["org", "operator", "night", "weekend", "all"]);
    let expected = [["lra-chengdu", "sichuan-approver", "0", "2", "53"], ["ra-audit", "audit-approver", "2", "0", "4"]];
    assert_eq!(hours, expected);
    let hands = texts(table(&december, "one-person"), &["org", "requests", "submitter", "approver"]);
    let expected = [
        ["lra-chengdu", "53", "chengdu-entry", "sichuan-approver"],
        ["ra-yunnan", "22", "yunnan-entry", "yunnan-approver"],
    ];
    assert_eq!(hands, expected);
    // A second pair of hands at entry, and another office.
    let by_another = persons(&t, "lra-chengdu", 200, 201, 300);
    t.enter("chengdu-entry-2", "sichuan-approver", &by_another);
    let within = Asked { org: Some("ra-sichuan".parse().unwrap()), ..period("2026-12-01", "2027-01-01") };
    let report = t.authority.report(ReportKind::Anomalies, &within).unwrap();
    let hands = texts(table(&report, "one-person"), &["org", "submitters", "submitter", "approver"]);
    assert_eq!(hands, [["lra-chengdu", "2", "-", "sichuan-approver"]]);
    // Outside the period nothing is odd.
    let january = t.authority.report(ReportKind::Anomalies, &period("2027-01-01", "2027-02-01")).unwrap();
    assert!(january.tables.iter().all(|table| table.rows.is_empty()));
}

#[test]
fn persons_with_several_certificates_are_pointed_out() {
    let t = TestAuthority::national("several");
    let first = t.issue(&persons(&t, "lra-chengdu", 0, 2, 300)).remove(0);
    let mut again = persons(&t, "lra-mianyang", 0, 1, 300);
    again[0].id = "again".parse().unwrap();
    again[0].csr = t.people.csr("again");
    let ids = t.enter("mianyang-entry", "sichuan-approver", &again);
    all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
    // A renewal takes the place of what it renews.
    let person = t.issue(&persons(&t, "lra-chengdu", 5, 6, 300)).remove(0);
    let action = hufu_model::request::Action::Renew;
    t.issue(&[t.authority.successor(&person.serial, action, "renewal".parse().unwrap()).unwrap()]);
    let several = || {
        let report = plain(&t, ReportKind::Anomalies);
        texts(table(&report, "several"), &["org", "profile", "count", "offices"])
    };
    assert_eq!(several(), [["lra-chengdu", "person-sign", "2", "2"]]);
    let reason = RevocationReason::CessationOfOperation;
    t.carry_out(StatusRequest::revoke("gone".parse().unwrap(), first.serial, reason));
    assert!(several().is_empty());
}

#[test]
fn the_times_of_requests_are_measured() {
    let t = TestAuthority::national("times");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    let requests = persons(&t, "lra-chengdu", 0, 4, 300);
    let ids: Vec<_> = requests.iter().map(|request| request.id.clone()).collect();
    all(t.authority.submit(&entry, &requests));
    t.clock.advance(100);
    all(t.authority.approve(&approver, &ids[..2]));
    t.clock.advance(300);
    all(t.authority.issue(&approver, &t.signer(), &ids[..1]));
    t.clock.advance(600);
    all(t.authority.issue(&approver, &t.signer(), &ids[1..2]));
    t.authority.reject(&approver, &ids[2..3], "不符").unwrap().remove(0).unwrap();
    let columns = ["requests", "rejected", "open", "overdue", "decision_median", "decision_p99", "issue_median"];
    let whole = ["issue_p90", "whole_median", "whole_p99"];
    let of = |report: &Report| {
        let table = table(report, "offices");
        let found = row(table, "org", "lra-chengdu");
        let text = |column: &&str| text(table.value(found, column).unwrap());
        (columns.iter().map(text).collect::<Vec<_>>(), whole.iter().map(text).collect::<Vec<_>>())
    };
    let asked = period("2026-12-01", "2026-12-02");
    let report = t.authority.report(ReportKind::Sla, &asked).unwrap();
    let (counts, times) = of(&report);
    assert_eq!(counts, ["4", "1", "1", "0", "100", "1000", "300"]);
    assert_eq!(times, ["900", "400", "1000"]);
    let actions = texts(table(&report, "actions"), &["action", "requests", "whole_median"]);
    assert_eq!(actions, [["issue", "4", "400"]]);
    // Seventy-two hours are not too long; a second more is.
    t.clock.set(at("2026-12-04T10:00:00+08:00"));
    let overdue = || of(&t.authority.report(ReportKind::Sla, &asked).unwrap()).0[3].clone();
    assert_eq!(overdue(), "0");
    t.clock.advance(1);
    assert_eq!(overdue(), "1");
    let other = t.authority.report(ReportKind::Sla, &period("2026-12-02", "2026-12-03")).unwrap();
    assert!(table(&other, "offices").rows.is_empty());
}

#[test]
fn limits_say_where_they_come_from() {
    let t = TestAuthority::national("limits");
    let id = |text: &str| text.parse().unwrap();
    let region = |text: &str| Some(text.parse().unwrap());
    let sichuan = Limits {
        profiles: Some(["person-sign", "organisation-sign", "operator"].map(|p| p.parse().unwrap()).to_vec()),
        quota_day: Some(50),
        quota_total: Some(1000),
        region: region("510000"),
        ..Limits::default()
    };
    let chengdu = Limits { quota_day: Some(10), max_days: Some(100), region: region("510100"), ..Limits::default() };
    change(&t, &Change::OrgLimits { org: id("ra-sichuan"), limits: sichuan });
    change(&t, &Change::OrgLimits { org: id("lra-chengdu"), limits: chengdu });
    change(&t, &Change::OrgFreeze(id("ra-sichuan")));
    let report = plain(&t, ReportKind::RaPermissions);
    let table_of = table(&report, "permissions");
    let of = |org: &str, columns: &[&str]| {
        let found = row(table_of, "org", org);
        columns.iter().map(|column| text(table_of.value(found, column).unwrap())).collect::<Vec<_>>()
    };
    let where_from = ["quota_day", "quota_day_from", "quota_total", "quota_total_from", "max_days", "max_days_from"];
    let chengdu = ["10", "lra-chengdu", "1000", "ra-sichuan", "100", "lra-chengdu"];
    assert_eq!(of("lra-chengdu", &where_from), chengdu);
    assert_eq!(of("lra-chengdu", &["region", "region_from"]), ["510100", "lra-chengdu"]);
    let profiles = ["operator organisation-sign person-sign", "ra-sichuan"];
    assert_eq!(of("lra-mianyang", &["profiles", "profiles_from"]), profiles);
    assert_eq!(of("lra-mianyang", &where_from), ["50", "ra-sichuan", "1000", "ra-sichuan", "-", "-"]);
    assert_eq!(of("lra-mianyang", &["status", "frozen_by"]), ["active", "ra-sichuan"]);
    assert_eq!(of("ra-sichuan", &["status", "frozen_by"]), ["frozen", "ra-sichuan"]);
    assert_eq!(of("ra-audit", &["profiles", "quota_day", "region", "frozen_by"]), ["-"; 4]);
}

#[test]
fn quotas_show_what_is_used_of_them() {
    let t = TestAuthority::national("quota");
    t.clock.set(at("2026-12-01T09:00:00+08:00"));
    let limits = Limits {
        quota_day: Some(8),
        quota_total: Some(96),
        region: Some("510000".parse().unwrap()),
        ..Limits::default()
    };
    change(&t, &Change::OrgLimits { org: "ra-sichuan".parse().unwrap(), limits });
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 3, 300);
    t.clock.set(at("2026-12-02T00:00:00+08:00"));
    issue(&t, "lra-chengdu", 3, 5, 300);
    let report = plain(&t, ReportKind::Quota);
    let columns = ["org", "quota_day", "used_day", "share_day", "quota_total", "used_total", "share_total"];
    // Seven operators were certified at and below Sichuan before the five holders.
    let expected = [["ra-sichuan", "8", "2", "2500", "96", "12", "1250"]];
    assert_eq!(texts(table(&report, "quotas"), &columns), expected);
    let yesterday = Asked { at: Some(at("2026-12-01")), ..Asked::default() };
    let report = t.authority.report(ReportKind::Quota, &yesterday).unwrap();
    assert_eq!(texts(table(&report, "quotas"), &["used_day", "used_total"]), [["3", "10"]]);
    // Before it was set there was no quota.
    let before = Asked { at: Some(at("2026-11-30")), ..Asked::default() };
    assert!(table(&t.authority.report(ReportKind::Quota, &before).unwrap(), "quotas").rows.is_empty());
}

#[test]
fn roles_and_what_is_wrong_with_them_are_listed() {
    let t = TestAuthority::national("roles");
    let report = plain(&t, ReportKind::Roles);
    let offices = table(&report, "offices");
    let of = |org: &str| {
        let found = row(offices, "org", org);
        ["super_admin", "admin", "entry", "approver", "auditor"].map(|role| count(offices, found, role))
    };
    assert_eq!(of("ca"), [2, 2, 0, 0, 1]);
    assert_eq!(of("ra-sichuan"), [0, 1, 1, 1, 0]);
    assert_eq!(of("lra-chengdu"), [0, 0, 2, 1, 0]);
    assert_eq!(of("lra-kunming"), [0; 5]);
    let findings = |report: &Report| texts(table(report, "separation"), &["org", "finding", "operator"]);
    let known = findings(&report);
    for expected in [
        ["ra-sichuan", "one-approver", "-"],
        ["ra-sichuan", "one-entry", "-"],
        ["lra-mianyang", "one-entry", "-"],
        ["lra-kunming", "no-entry", "-"],
    ] {
        assert!(known.contains(&expected.map(str::to_owned).to_vec()), "{expected:?} of {known:?}");
    }
    assert!(!known.iter().any(|finding| finding[0] == "lra-chengdu" || finding[0] == "ca"), "{known:?}");
    let operators = texts(table(&report, "operators"), &["org", "operator", "roles", "status"]);
    assert_eq!(operators.len(), 14);
    assert!(operators.contains(&["ca", "zhao", "super-admin admin", "active"].map(str::to_owned).to_vec()));
    // Both duties in one hand, and nobody left in Mianyang.
    let before = t.now();
    t.clock.advance(3600);
    let roles = vec![Role::Entry, Role::Approver];
    change(&t, &Change::OperatorRoles { operator: "yunnan-entry".parse().unwrap(), roles });
    change(&t, &Change::OperatorRemove("mianyang-entry".parse().unwrap()));
    let now = findings(&plain(&t, ReportKind::Roles));
    assert!(now.contains(&["ra-yunnan", "entry-and-approver", "yunnan-entry"].map(str::to_owned).to_vec()));
    assert!(now.contains(&["lra-mianyang", "no-entry", "-"].map(str::to_owned).to_vec()));
    let then = t.authority.report(ReportKind::Roles, &Asked { at: Some(before), ..Asked::default() }).unwrap();
    assert_eq!(findings(&then), known);
    let yunnan = Asked { org: Some("ra-yunnan".parse().unwrap()), ..Asked::default() };
    let yunnan = t.authority.report(ReportKind::Roles, &yunnan).unwrap();
    assert_eq!(table(&yunnan, "offices").rows.len(), 2);
    assert_eq!(table(&yunnan, "operators").rows.len(), 2);
}
