//! The reports of migrations, each against what follows from the rows by hand or by a count that knows no totals.

use std::collections::{BTreeMap, BTreeSet};

use hufu_authority::import::{Entry, ImportPlan, Verified};
use hufu_authority::report::{Asked, Table, Value};
use hufu_authority::{NewRequest, Report, ReportKind, StatusRequest};
use hufu_model::certificate::Algorithm;
use hufu_model::count::Unit;
use hufu_model::holder::HolderKind;
use hufu_model::legacy::Usage;
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Day, Validity};
use hufu_tests::{holder_name, resident_id};

use super::*;

const DAY: i64 = 86_400;

/// A certificate of the old authority, number `n`: RSA, of person `n`, for `days` days.
fn old(n: u64, place: &str, issued: i64, days: i64) -> Entry {
    Entry {
        position: n + 1,
        place: format!("旧系统.csv: {}", n + 1),
        issuer: "CN=旧 CA,C=CN".to_owned(),
        serial: [&[0x7f][..], &n.to_be_bytes()].concat(),
        subject: format!("CN={} {},C=CN", holder_name(n), resident_id(n)),
        algorithm: if n.is_multiple_of(5) { Algorithm::Ecdsa } else { Algorithm::Rsa },
        key_bits: 2048,
        usage: Usage::Any,
        validity: Validity::new(issued, issued + days * DAY - 1).unwrap(),
        issued_at: None,
        org: Some(org(place)),
        org_text: None,
        region: None,
        unit_name: None,
        holder_kind: Some(HolderKind::Person),
        identity: Some(format!("resident-id {}", resident_id(n))),
        medium: None,
        pair_id: None,
        revoked: None,
        digest: None,
        verified: Verified::NotVerified("legacy.not-a-certificate"),
        remarks: Vec::new(),
    }
}

fn import(t: &TestAuthority, name: &str, entries: &[Entry]) {
    let plan = ImportPlan {
        id: name.parse().unwrap(),
        source: name.to_owned(),
        digest: hufu_x509::digest::sm3(name.as_bytes()),
        org: None,
        rules: None,
        dry_run: false,
    };
    let mut findings = Vec::new();
    let rows = entries.iter().cloned().map(Ok).collect::<Vec<_>>().into_iter();
    let mut told = |finding: &hufu_authority::import::RowFinding| findings.push(finding.clone());
    let done = t.authority.import(&t.session("zhao"), &plan, rows, &mut told, &|_| ()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(done.new, entries.len() as u64);
}

fn report(t: &TestAuthority, kind: ReportKind, asked: &Asked) -> Report {
    t.authority.report(kind, asked).unwrap()
}

fn text(value: &Value) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Name { zh, .. } => zh.clone(),
        Value::Code(text) | Value::Text(text) => text.clone(),
        Value::Count(n) | Value::Share(n) => n.to_string(),
        Value::Day(day) | Value::Month(day) => day.to_string(),
        Value::Moment(at) => at.to_string(),
        Value::Growth(_) => panic!("no growth here"),
    }
}

fn table<'r>(report: &'r Report, name: &str) -> &'r Table {
    report.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
}

/// The values of some columns of the rows that have `key` in `by`.
fn of(table: &Table, (by, key): (&str, &str), columns: &[&str]) -> Vec<Vec<String>> {
    let rows = table.rows.iter().filter(|row| text(table.value(row, by).unwrap()) == key);
    rows.map(|row| columns.iter().map(|c| text(table.value(row, c).unwrap())).collect()).collect()
}

fn state(t: &TestAuthority, place: &str, asked: &Asked) -> String {
    let report = report(t, ReportKind::Migration, asked);
    of(table(&report, "migration"), ("org", place), &["migration_state"])[0][0].clone()
}

/// The whole way of an organisation, each step by what makes it.
#[test]
fn an_organisation_goes_through_every_state() {
    let t = TestAuthority::national("states");
    let now = || Asked::default();
    // Nobody works at Kunming; the ministry has operators, whose keys are SM2.
    assert_eq!(state(&t, "lra-kunming", &now()), "not-started");
    assert_eq!(state(&t, "ra-audit", &now()), "prepared");
    // Old certificates alone change nothing, however young.
    let first = t.now().unix_seconds();
    import(&t, "old", &[old(1, "ra-audit", first - DAY, 200), old(2, "lra-kunming", first - DAY, 200)]);
    assert_eq!(state(&t, "ra-audit", &now()), "prepared");
    assert_eq!(state(&t, "lra-kunming", &now()), "not-started");
    let alone = t.now();
    t.clock.advance(60);
    let request = t.in_region(t.people.person(900, "ra-audit"));
    let ids = t.enter("audit-entry", "audit-approver", &[request]);
    all(t.authority.issue(&t.session("audit-approver"), &t.signer(), &ids));
    assert_eq!(state(&t, "ra-audit", &now()), "dual-issue");
    // An office that both are issued below is in dual issue, too.
    assert_eq!(state(&t, "ca", &now()), "dual-issue");
    // Ninety days are (at − 90 days, at]: with its last second gone the old one counts no more.
    let at = |second: i64| Asked { at: Some(Instant::from_unix_seconds(second)), ..Asked::default() };
    t.clock.advance(91 * DAY);
    assert_eq!(state(&t, "ra-audit", &at(first - DAY + 90 * DAY - 1)), "dual-issue");
    assert_eq!(state(&t, "ra-audit", &at(first - DAY + 90 * DAY)), "prepared");
    // As it was known before the certificate was recorded.
    let before = Asked { as_of: Some(alone), ..at(first + 3600) };
    assert_eq!(state(&t, "ra-audit", &before), "prepared");

    let effective = in_a_while(&t, 3600);
    let known = t.now();
    t.clock.advance(60);
    let event = cut_over(&t, &cutover("ra-audit", effective));
    assert_eq!(state(&t, "ra-audit", &now()), "prepared", "it is to come");
    t.clock.set(effective);
    let seen = report(&t, ReportKind::Migration, &now());
    let columns = ["migration_state", "since", "basis", "event", "head", "legacy_live", "new_live", "new_share"];
    let expected = ["upgraded", &effective.to_string(), "approved", &event.to_string(), "", "1", "1", "5000"];
    assert_eq!(of(table(&seen, "migration"), ("org", "ra-audit"), &columns), [expected]);
    // The same instant as it was known before the act.
    let unknown = Asked { at: Some(effective), as_of: Some(known), ..Asked::default() };
    assert_eq!(state(&t, "ra-audit", &unknown), "prepared");
    // When the last old one has ended, it is retired; the last second of it still counts.
    let last = first - DAY + 200 * DAY - 1;
    t.clock.set(Instant::from_unix_seconds(last + 1));
    assert_eq!(state(&t, "ra-audit", &at(last)), "upgraded");
    assert_eq!(state(&t, "ra-audit", &at(last + 1)), "retired");
    // Whose operators' certificates have expired as well is where it began.
    t.clock.advance(900 * DAY);
    assert_eq!(state(&t, "ra-sichuan", &now()), "not-started");
    sound(&t);
}

/// An attested cutover reaches back before the ledger, and whom it covers says by whose cutover.
#[test]
fn an_attested_cutover_covers_the_past_and_the_subtree() {
    let t = TestAuthority::national("attested");
    let event = cut_over(&t, &attested("ra-sichuan", "2017-06-30T00:00:00+08:00")).to_string();
    let columns = ["migration_state", "since", "basis", "event", "head", "evidence"];
    let at = |text: &str| Asked { at: Some(text.parse().unwrap()), ..Asked::default() };
    let seen = report(&t, ReportKind::Migration, &at("2017-06-30T00:00:00+08:00"));
    let since = "2017-06-29T16:00:00.000Z";
    let own = ["retired", since, "attested", &event, "", "验收报告 2017-41"];
    let below = ["retired", since, "attested", &event, "ra-sichuan", "验收报告 2017-41"];
    assert_eq!(of(table(&seen, "migration"), ("org", "ra-sichuan"), &columns), [own]);
    assert_eq!(of(table(&seen, "migration"), ("org", "lra-chengdu"), &columns), [below]);
    assert_eq!(state(&t, "ra-sichuan", &at("2017-06-29T23:59:59+08:00")), "not-started");
}

/// The roster of the bulletin: 29, 22 and 9, of which 26 and 5 are finished.
#[test]
fn the_roster_adds_up() {
    let t = TestAuthority::found("roster");
    let zhao = t.session("zhao");
    let roster = hufu_data::roster_2018_h1();
    for entry in &roster {
        let organisation = Organisation {
            id: entry.id.clone(),
            parent: Some(entry.parent.clone()),
            kind: entry.kind,
            name: entry.zh.clone(),
            name_en: entry.en.clone(),
            region: entry.region,
            limits: Limits::default(),
            status: OrgStatus::Active,
        };
        assert!(matches!(t.authority.change(&zhao, &Change::OrgAdd(organisation)).unwrap(), Outcome::Done(_)));
    }
    let mut finished = BTreeSet::new();
    for (kind, count) in [(OrgKind::ProvinceRa, 26), (OrgKind::MinistryRa, 5)] {
        for entry in roster.iter().filter(|e| e.kind == kind).take(count) {
            cut_over(&t, &attested(entry.id.as_str(), "2018-03-31T00:00:00+08:00"));
            finished.insert(entry.id.clone());
        }
    }
    let below = roster.iter().filter(|e| finished.contains(&e.parent)).count();
    let seen =
        report(&t, ReportKind::Migration, &Asked { at: Some("2018-06-30".parse().unwrap()), ..Asked::default() });
    let kinds = table(&seen, "migration-kinds");
    let columns = ["kind", "organisations", "not_started", "upgraded", "retired", "finished"];
    let row = |kind: &str| of(kinds, ("kind", kind), &columns)[0][1..].to_vec();
    assert_eq!(row("province-ra"), ["29", "3", "0", "26", "26"]);
    assert_eq!(row("ministry-ra"), ["9", "4", "0", "5", "5"]);
    let lras = [22, 22 - below, 0, below, below].map(|n| n.to_string());
    assert_eq!(row("municipal-lra"), lras);
    assert_eq!(row("all")[0], "60");
    assert_eq!(table(&seen, "migration").rows.len(), 61, "with the CA");
    // Before the day of the cutovers nobody had finished.
    let early = Asked { at: Some("2018-03-30".parse().unwrap()), ..Asked::default() };
    let seen = report(&t, ReportKind::Migration, &early);
    assert_eq!(of(table(&seen, "migration-kinds"), ("kind", "all"), &["finished"]), [["0"]]);
}

/// Numbers of no pattern, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Old certificates of every office, some revoked, some over, some that end with a month.
fn inventory(t: &TestAuthority, count: u64) -> Vec<Entry> {
    const OFFICES: [&str; 5] = ["lra-chengdu", "lra-mianyang", "ra-sichuan", "ra-yunnan", "ra-audit"];
    let mut dice = Dice(7);
    let now = t.now().unix_seconds();
    let entry = |n| {
        let place = OFFICES[usize::try_from(dice.below(5)).unwrap()];
        let issued = now - i64::try_from(dice.below(u64::try_from(1000 * DAY).unwrap())).unwrap();
        let mut entry = old(n, place, issued, 300 + i64::try_from(dice.below(1500)).unwrap());
        if dice.below(4) == 0 {
            // To the last second of a month.
            let end = Instant::from_unix_seconds(entry.validity.not_after()).day().first_of_month();
            let last = end.plus_months(1).unwrap().first_instant().unix_seconds() - 1;
            entry.validity = Validity::new(issued, last).unwrap();
        }
        if dice.below(6) == 0 {
            let revoked = issued + i64::try_from(dice.below(u64::try_from(now - issued + 1).unwrap())).unwrap();
            let ended = revoked.min(entry.validity.not_after());
            entry.revoked = Some((ended, RevocationReason::Superseded));
        }
        entry
    };
    (1..=count).map(entry).collect()
}

/// Whether an old certificate is live in a second.
fn live(entry: &Entry, second: i64) -> bool {
    entry.validity.not_before() <= second
        && second <= entry.validity.not_after()
        && entry.revoked.is_none_or(|(at, _)| at > second)
}

#[test]
fn the_burn_down_is_a_count_over_rows() {
    let t = TestAuthority::national("burn down");
    let entries = inventory(&t, 700);
    import(&t, "old", &entries);
    t.clock.advance(3600);
    t.issue_person(1);
    let now = t.now().unix_seconds();
    let within = |place: &str, head: &str| {
        let tree = t.authority.organisations().unwrap();
        tree.is_within(&org(place), &org(head))
    };
    for second in [now, now - 200 * DAY, now + 400 * DAY] {
        let asked = Asked { at: Some(Instant::from_unix_seconds(second)), ..Asked::default() };
        let seen = report(&t, ReportKind::BurnDown, &asked);
        for head in ["ca", "ra-sichuan", "lra-mianyang", "ra-audit"] {
            let mut months: BTreeMap<Day, i64> = BTreeMap::new();
            let own = entries.iter().filter(|e| within(e.org.as_ref().unwrap().as_str(), head) && live(e, second));
            // If nobody acts: what was revoked after the event time is not known to it.
            for entry in own {
                let end = entry.validity.not_after() + 1;
                *months.entry(Instant::from_unix_seconds(end).day().first_of_month()).or_default() += 1;
            }
            let mut left: i64 = months.values().sum();
            let expected: Vec<Vec<String>> = months
                .into_iter()
                .map(|(month, expiring)| {
                    left -= expiring;
                    [month.to_string(), expiring.to_string(), left.to_string()].to_vec()
                })
                .collect();
            let columns = ["month", "expiring", "left"];
            let found = of(table(&seen, "burn-down-organisations"), ("org", head), &columns);
            assert_eq!(found, expected, "{head} at {second}");
            if head == "ca" {
                let whole = table(&seen, "burn-down");
                let rows: Vec<Vec<String>> =
                    whole.rows.iter().map(|row| columns.map(|c| text(whole.value(row, c).unwrap())).to_vec()).collect();
                assert_eq!(rows, expected);
                assert_eq!(text(whole.value(whole.rows.last().unwrap(), "gone").unwrap()), "10000");
            }
        }
    }
}

/// By hand: 100 old certificates, 40 of which end before the deadline, 44 working days to go.
#[test]
fn a_deadline_says_what_each_working_day_must_do() {
    let t = TestAuthority::national("deadline");
    // A Friday; from Monday 7 December 2026 to Thursday 31 December are 19 working days.
    t.clock.set("2026-12-04T10:00:00+08:00".parse().unwrap());
    let now = t.now().unix_seconds();
    let entries: Vec<Entry> =
        (1..=100).map(|n| old(n, "lra-chengdu", now - 10 * DAY, if n <= 40 { 20 } else { 400 })).collect();
    import(&t, "old", &entries);
    let asked = |deadline: &str| Asked { deadline: Some(deadline.parse().unwrap()), ..Asked::default() };
    let columns = ["legacy_live", "expired_by_then", "left", "working_days", "per_working_day", "per_working_day_all"];
    let row = |deadline: &str| {
        let seen = report(&t, ReportKind::BurnDown, &asked(deadline));
        of(table(&seen, "deadline"), ("org", "ra-sichuan"), &columns)[0].clone()
    };
    assert_eq!(row("2026-12-31"), ["100", "40", "60", "19", "4", "6"]);
    // The day before the first forty end, and on the day itself: they end at 09:59:59 of the 14th.
    assert_eq!(row("2026-12-13"), ["100", "0", "100", "5", "20", "20"]);
    assert_eq!(row("2026-12-14"), ["100", "40", "60", "6", "10", "17"]);
    // Over a weekend there is no working day.
    assert_eq!(row("2026-12-06"), ["100", "0", "100", "0", "", ""]);
    assert_eq!(code(t.authority.report(ReportKind::BurnDown, &asked("2026-12-03"))), "report.period");
}

#[test]
fn the_work_list_has_everybody_who_must_come_in_once_and_in_order() {
    let t = TestAuthority::national("work list");
    let entries = inventory(&t, 500);
    import(&t, "old", &entries);
    t.clock.advance(60);
    // Two of them get a new certificate, one of which is revoked again.
    let due = |second: i64, to: i64| -> Vec<&Entry> {
        let end = |e: &&Entry| live(e, second) && (second..to).contains(&e.validity.not_after());
        entries.iter().filter(end).collect()
    };
    let now = t.now();
    let to = now.day().plus_months(6).unwrap();
    let some: Vec<u64> =
        due(now.unix_seconds(), to.first_instant().unix_seconds()).iter().take(2).map(|e| e.position - 1).collect();
    let issued = t.issue(&some.iter().map(|n| t.people.person(*n, "lra-chengdu")).collect::<Vec<NewRequest>>());
    t.clock.advance(60);
    let gone = StatusRequest::revoke("gone".parse().unwrap(), issued[1].serial.clone(), RevocationReason::Superseded);
    let _ = t.carry_out(gone);
    t.clock.advance(60);
    let now = t.now();
    let asked = Asked { from: Some(now.day()), to: Some(to), ..Asked::default() };
    let seen = report(&t, ReportKind::Worklist, &asked);
    let list = table(&seen, "worklist");
    let first = now.day().first_instant().unix_seconds();
    let end = to.first_instant().unix_seconds();
    let mut expected: Vec<(String, i64, String, &str)> = entries
        .iter()
        .filter(|e| live(e, now.unix_seconds()) && (first..end).contains(&e.validity.not_after()))
        .map(|e| {
            let replaced = if e.position - 1 == some[0] { "yes" } else { "no" };
            let serial = hufu_model::ident::hex(&e.serial);
            (e.org.as_ref().unwrap().to_string(), e.validity.not_after(), serial, replaced)
        })
        .collect();
    let order = ["ra-sichuan", "lra-chengdu", "lra-mianyang", "ra-yunnan", "ra-audit"];
    expected.sort_by_key(|(place, end, ..)| (order.iter().position(|o| o == place), *end));
    assert!(expected.len() > 40, "{}", expected.len());
    let rows: Vec<(String, i64, String, String)> = list
        .rows
        .iter()
        .map(|row| {
            let value = |column: &str| text(list.value(row, column).unwrap());
            let end: Instant = value("not_after").parse().unwrap();
            (value("org"), end.unix_seconds(), value("serial"), value("replaced"))
        })
        .collect();
    let flat = |rows: Vec<(String, i64, String, &str)>| {
        rows.into_iter().map(|(a, b, c, d)| (a, b, c, d.to_owned())).collect::<Vec<_>>()
    };
    let wanted = flat(expected);
    assert_eq!(rows, wanted);
    // No identity number is shown in full, though the old subjects hold them.
    for row in &list.rows {
        let holder = text(list.value(row, "holder").unwrap());
        assert!(holder.starts_with("CN=") && !holder.chars().any(|c| c.is_ascii_digit()), "{holder}");
    }
    let offices = table(&seen, "worklist-offices");
    let sum = |column: &str| {
        offices.rows.iter().map(|r| text(offices.value(r, column).unwrap()).parse::<usize>().unwrap()).sum::<usize>()
    };
    assert_eq!((sum("expiring"), sum("replaced_holders"), sum("to_do")), (rows.len(), 1, rows.len() - 1));
    // The first rows only; one office only; and as it was known before the import.
    let part = report(&t, ReportKind::Worklist, &Asked { limit: 7, ..asked.clone() });
    assert_eq!(table(&part, "worklist").rows, list.rows[..7]);
    let yunnan = report(&t, ReportKind::Worklist, &Asked { org: Some(org("ra-yunnan")), ..asked.clone() });
    assert_eq!(table(&yunnan, "worklist").rows.len(), rows.iter().filter(|r| r.0 == "ra-yunnan").count());
    let before = Asked { as_of: Some(now.plus_seconds(-190)), ..asked };
    assert_eq!(table(&report(&t, ReportKind::Worklist, &before), "worklist").rows.len(), 0);
}

/// What was issued at or after a cutover is a violation, wherever it is from; before it, and elsewhere, nothing is.
#[test]
fn an_import_dated_after_the_cutover_is_taken_and_is_a_violation() {
    let t = TestAuthority::national("violations");
    let effective: Instant = "2026-06-30T00:00:00+08:00".parse().unwrap();
    let second = effective.unix_seconds();
    let event = cut_over(&t, &attested("ra-sichuan", "2026-06-30T00:00:00+08:00"));
    t.clock.advance(60);
    let before = t.now();
    t.clock.advance(60);
    let mut revoked = old(4, "lra-mianyang", second + DAY, 400);
    revoked.revoked = Some((second + 2 * DAY, RevocationReason::Superseded));
    let entries = [
        old(1, "lra-chengdu", second - 1, 400),
        old(2, "lra-chengdu", second, 400),
        old(3, "ra-sichuan", second + 5 * DAY, 10),
        revoked,
        old(6, "ra-yunnan", second + DAY, 400),
        Entry { algorithm: Algorithm::Sm2, ..old(7, "lra-chengdu", second + DAY, 400) },
    ];
    import(&t, "old", &entries);
    let seen = report(&t, ReportKind::Violations, &Asked::default());
    let list = table(&seen, "violations");
    let serials: Vec<String> = list.rows.iter().map(|row| text(list.value(row, "serial").unwrap())).collect();
    let wanted: Vec<String> = [2, 4, 3].map(|n| hufu_model::ident::hex(&old(n, "ca", 0, 1).serial)).to_vec();
    assert_eq!(serials, wanted, "by the time of issue");
    let columns = ["head", "since", "event", "origin", "issued_at"];
    let one = of(list, ("org", "ra-sichuan"), &columns);
    let issued = Instant::from_unix_seconds(second + 5 * DAY).to_string();
    assert_eq!(one, [["ra-sichuan", &effective.to_string(), &event.to_string(), "imported", &issued]]);
    let offices = table(&seen, "violations-organisations");
    assert_eq!(of(offices, ("org", "ra-sichuan"), &["violations"]), [["3"]]);
    assert!(of(offices, ("org", "ra-yunnan"), &["violations"]).is_empty());
    let unknown = report(&t, ReportKind::Violations, &Asked { as_of: Some(before), ..Asked::default() });
    assert!(table(&unknown, "violations").rows.is_empty());
    // Certificates of ours, when the next cutover is attested after they were issued.
    t.clock.advance(60);
    let ours = t.issue_person(50);
    t.clock.advance(60);
    cut_over(&t, &next(Cutover { effective: in_a_while(&t, -70), ..attested("lra-chengdu", "2017-06-30") }));
    let asked = Asked { migration: Some("ml-dsa".parse().unwrap()), ..Asked::default() };
    let seen = report(&t, ReportKind::Violations, &asked);
    let columns = ["serial", "origin", "head"];
    let found = of(table(&seen, "violations"), ("origin", "ours"), &columns);
    assert_eq!(found, [[ours.serial.to_string(), "ours".to_owned(), "lra-chengdu".to_owned()]]);
    sound(&t);
}

/// Each holder once: old only, both, new only; and none who has nothing live.
#[test]
fn holders_are_counted_once_each() {
    let t = TestAuthority::national("holders");
    let now = t.now().unix_seconds();
    let mut gone = old(5, "ra-audit", now - 9 * DAY, 400);
    gone.revoked = Some((now - DAY, RevocationReason::Superseded));
    // Persons 1 and 2 have two old ones each, at two offices; 3 has one; 4 had one that is over, 5 one that is revoked.
    let again =
        |n: u64, place: &str| Entry { serial: vec![1, u8::try_from(n).unwrap()], ..old(n, place, now - 5 * DAY, 300) };
    let entries = [
        old(1, "lra-chengdu", now - 9 * DAY, 400),
        again(1, "ra-yunnan"),
        old(2, "lra-chengdu", now - 9 * DAY, 400),
        again(2, "lra-chengdu"),
        old(3, "lra-mianyang", now - 9 * DAY, 400),
        old(4, "lra-mianyang", now - 9 * DAY, 5),
        gone,
    ];
    import(&t, "old", &entries);
    t.clock.advance(60);
    let before = t.now();
    t.clock.advance(60);
    t.issue(&[2, 4, 6].map(|n| t.people.person(n, "lra-chengdu")));
    let classes = |asked: &Asked| {
        let seen = report(&t, ReportKind::Migration, &Asked { unit: Unit::Holder, ..asked.clone() });
        let table = table(&seen, "migration-holders");
        ["legacy-only", "both", "new-only"].map(|class| of(table, ("holder_class", class), &["holders"])[0][0].clone())
    };
    assert_eq!(classes(&Asked::default()), ["2", "1", "2"]);
    assert_eq!(classes(&Asked { as_of: Some(before), ..Asked::default() }), ["3", "0", "0"]);
    assert_eq!(classes(&Asked { org: Some(org("ra-yunnan")), ..Asked::default() }), ["1", "0", "0"]);
    let whole = report(&t, ReportKind::Migration, &Asked::default());
    assert_eq!(whole.tables.len(), 2, "holders are counted only where they are the unit");
}
