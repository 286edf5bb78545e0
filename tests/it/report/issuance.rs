//! What was issued in a period, who leads, how it grew.

use hufu_authority::{Asked, By, ReportKind};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;

use super::*;

fn period(from: &str, to: &str) -> Asked {
    Asked { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()), ..Asked::default() }
}

/// One before December 2026, two in its first second, a renewal in it, one in the first second of January, when one of the
/// two is revoked.
fn scene(seed: &str) -> TestAuthority {
    let t = TestAuthority::national(seed);
    t.clock.set(at("2026-11-30T23:59:59+08:00"));
    let first = t.issue(&persons(&t, "lra-chengdu", 0, 1, 300)).remove(0);
    t.clock.set(at("2026-12-01T00:00:00+08:00"));
    let two = t.issue(&persons(&t, "lra-chengdu", 1, 3, 300));
    t.clock.set(at("2026-12-10T09:00:00+08:00"));
    let renewal = t.authority.successor(&first.serial, Action::Renew, "renewal".parse().unwrap()).unwrap();
    t.issue(&[renewal]);
    t.clock.set(at("2027-01-01T00:00:00+08:00"));
    t.issue(&persons(&t, "lra-chengdu", 3, 4, 300));
    t.clock.set(at("2027-01-05T09:00:00+08:00"));
    let reason = RevocationReason::CessationOfOperation;
    t.carry_out(hufu_authority::StatusRequest::revoke("gone".parse().unwrap(), two[0].serial.clone(), reason));
    t
}

/// What is issued at exactly 00:00:00 on the first of a month belongs to that month and to no other.
#[test]
fn the_first_second_of_a_month_is_counted_once() {
    let t = scene("first second");
    let asked = Asked { by: Some(By::Month), ..period("2026-11-01", "2027-02-01") };
    let report = t.authority.report(ReportKind::Issuance, &asked).unwrap();
    assert_eq!(report.period, Some(("2026-11-01".parse().unwrap(), "2027-02-01".parse().unwrap())));
    let months = texts(table(&report, "time"), &["month", "new", "first", "renewed", "revoked"]);
    let expected =
        [["2026-11-01", "1", "1", "0", "0"], ["2026-12-01", "3", "2", "1", "0"], ["2027-01-01", "1", "1", "0", "1"]];
    assert_eq!(months, expected);
    // Each month asked for by itself says the same, and so do its days.
    for [month, new, first, renewed, revoked] in expected {
        let from: hufu_model::time::Day = month.parse().unwrap();
        let to = from.plus_months(1).unwrap();
        for by in [By::Org, By::Day, By::Reason] {
            let asked = Asked { from: Some(from), to: Some(to), by: Some(by), ..Asked::default() };
            let report = t.authority.report(ReportKind::Issuance, &asked).unwrap();
            let found = &report.tables[0];
            let sum = |column: &str| {
                let rows = found.rows.iter().filter(|row| row.depth == 0);
                rows.map(|row| count(found, row, column)).sum::<i64>().to_string()
            };
            let all = ["new", "first", "renewed", "revoked"].map(sum);
            assert_eq!(all, [new, first, renewed, revoked], "{month} by {by}");
        }
    }
}

/// Revoked in a period is what was revoked in it, not what was issued in it and is revoked now.
#[test]
fn revocations_belong_to_the_period_of_the_revocation() {
    let t = scene("revoked in period");
    let december = t.authority.report(ReportKind::Issuance, &period("2026-12-01", "2027-01-01")).unwrap();
    let january = t.authority.report(ReportKind::Issuance, &period("2027-01-01", "2027-02-01")).unwrap();
    let revoked = |report: &Report| {
        let table = table(report, "organisations");
        count(table, row(table, "org", "lra-chengdu"), "revoked")
    };
    assert_eq!((revoked(&december), revoked(&january)), (0, 1));
    assert!(december.rules.contains(&"rule-revoked-in"));
    // A period that lies before the ledger, and one that is wholly to come.
    for (from, to) in [("2018-01-01", "2018-07-01"), ("2030-01-01", "2031-01-01")] {
        let report = t.authority.report(ReportKind::Issuance, &period(from, to)).unwrap();
        let table = table(&report, "organisations");
        assert_eq!((count(table, &table.rows[0], "new"), revoked(&report)), (0, 0));
    }
}

#[test]
fn issuance_is_divided_by_what_was_asked_for() {
    let t = scene("divisions");
    t.issue(&[t.people.organisation(7, "lra-chengdu")]);
    let by = |by: By, columns: &[&str]| {
        let asked = Asked { by: Some(by), ..period("2026-11-25", "2027-02-01") };
        let report = t.authority.report(ReportKind::Issuance, &asked).unwrap();
        assert_eq!(report.asked.iter().find(|(name, _)| *name == "by").unwrap().1, by.code());
        texts(&report.tables[0], columns)
    };
    assert_eq!(by(By::Profile, &["profile", "new"]), [["organisation-sign", "1"], ["person-sign", "5"]]);
    assert_eq!(by(By::Holder, &["holder", "new"]), [["organisation", "1"], ["person", "5"]]);
    assert_eq!(by(By::Reason, &["reason", "new"]), [["first", "5"], ["renewal", "1"]]);
    assert_eq!(by(By::Algorithm, &["algorithm", "new", "revoked"]), [["sm2", "6", "1"]]);
    assert_eq!(by(By::Medium, &["medium", "new"]), [["ukey", "6"]]);
    let days = by(By::Day, &["day", "new"]);
    assert_eq!(days.len(), 68, "a day without anything is a day, too");
    assert_eq!(days.iter().filter(|day| day[1] != "0").count(), 5);
    let tree = by(By::Org, &["org", "new", "own"]);
    assert_eq!(tree[..2], [["ca", "6", "0"], ["ra-sichuan", "6", "0"]].map(|row| row.map(str::to_owned).to_vec()));
}

/// Those directly below are ranked, with all below them; equal ones have one place.
#[test]
fn leaders_are_ranked_by_what_is_new() {
    let t = TestAuthority::national("leaders");
    t.clock.set(at("2026-11-30T10:00:00+08:00"));
    issue(&t, "ra-audit", 50, 55, 300);
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 3, 300);
    issue(&t, "lra-mianyang", 3, 4, 300);
    issue(&t, "ra-yunnan", 4, 8, 300);
    issue(&t, "ra-audit", 8, 9, 300);
    let of = |asked: Asked| {
        let report = t.authority.report(ReportKind::Leaders, &asked).unwrap();
        texts(table(&report, "leaders"), &["rank", "org", "new", "proportion"])
    };
    let december = period("2026-12-01", "2027-01-01");
    let all = [["1", "ra-sichuan", "4", "4444"], ["1", "ra-yunnan", "4", "4444"], ["3", "ra-audit", "1", "1111"]];
    assert_eq!(of(december.clone()), all);
    assert_eq!(of(Asked { limit: 1, ..december.clone() }), all[..1]);
    let within = Asked { org: Some("ra-sichuan".parse().unwrap()), ..december.clone() };
    assert_eq!(of(within), [["1", "lra-chengdu", "3", "7500"], ["2", "lra-mianyang", "1", "2500"]]);
    let alone = Asked { org: Some("ra-audit".parse().unwrap()), ..december };
    assert_eq!(of(alone), [["1", "ra-audit", "1", "10000"]]);
    assert!(of(period("2018-01-01", "2018-07-01")).is_empty());
    assert_eq!(of(period("2026-11-01", "2026-12-01")), [["1", "ra-audit", "5", "10000"]]);
}

#[test]
fn growth_is_against_a_year_and_a_month_earlier() {
    let t = TestAuthority::national("growth");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 10, 900);
    t.clock.set(at("2027-11-15T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 10, 15, 900);
    issue(&t, "ra-audit", 15, 16, 900);
    t.clock.set(at("2027-12-31T23:00:00+08:00"));
    let ask = |when: &str| {
        let asked = Asked { at: Some(at(when)), ..period("2027-11-01", "2027-12-01") };
        t.authority.report(ReportKind::Growth, &asked).unwrap()
    };
    let columns = ["previous", "present", "difference", "ratio", "growth"];
    let of = |report: &Report, name: &str, org: &str| {
        let table = table(report, name);
        let found = row(table, "org", org);
        columns.map(|column| text(table.value(found, column).unwrap())).to_vec()
    };
    // The end of November against the end of October, which has a day more.
    let november = ask("2027-11-30");
    assert_eq!(of(&november, "month-on-month", "ca"), ["10", "16", "6", "16000", "60.0%"]);
    assert_eq!(of(&november, "month-on-month", "ra-audit"), ["0", "1", "1", "-", "—"]);
    assert_eq!(of(&november, "year-on-year", "lra-chengdu"), ["0", "15", "15", "-", "—"]);
    assert_eq!(of(&november, "new-in-period", "ca"), ["0", "6", "6", "-", "—"]);
    let december = ask("2027-12-31");
    assert_eq!(of(&december, "year-on-year", "lra-chengdu"), ["10", "15", "5", "15000", "50.0%"]);
    assert_eq!(of(&december, "month-on-month", "ca"), ["16", "16", "0", "10000", "0.0%"]);
}

/// A pair counts as one, as two certificates, or as one holder.
#[test]
fn the_unit_is_the_one_that_was_asked_for() {
    let t = TestAuthority::national("units");
    t.found_key_centre();
    let mut pairs = persons(&t, "lra-chengdu", 0, 2, 300);
    pairs.iter_mut().for_each(|request| request.pair = true);
    t.issue(&pairs);
    t.issue(&persons(&t, "lra-chengdu", 5, 6, 300));
    // The first holder once more, with another key.
    let mut again = persons(&t, "lra-chengdu", 0, 1, 300);
    again[0].id = "again".parse().unwrap();
    again[0].csr = t.people.csr("again");
    t.issue(&again);
    for (unit, issued, rule) in
        [(Unit::Pair, 4, "rule-pair"), (Unit::Certificate, 6, "rule-certificate"), (Unit::Holder, 3, "rule-holder")]
    {
        let asked = Asked { unit, ..Asked::default() };
        let report = t.authority.report(ReportKind::Summary, &asked).unwrap();
        for org in ["lra-chengdu", "ra-sichuan", "ca"] {
            assert_eq!((of(&report, org).issued, of(&report, org).valid), (issued, issued), "{org} in {unit}");
        }
        assert!(report.rules.contains(&rule) && report.unit == unit);
    }
}
