//! Totals by organisation and in time, against a count by hand. The other reports stand in a file each.

use hufu_authority::report::{Report, Row, Table, Value};
use hufu_authority::{Asked, Class, NewRequest, ReportKind, TreeOf};
use hufu_model::count::Unit;
use hufu_model::time::Instant;
use hufu_tests::TestAuthority;

use crate::expect::{all, refused, sound};

mod issuance;
mod lists;
mod sample;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A report of which nothing more is asked.
fn plain(t: &TestAuthority, kind: ReportKind) -> Report {
    t.authority.report(kind, &Asked::default()).unwrap()
}

fn table<'r>(report: &'r Report, name: &str) -> &'r Table {
    let found = report.tables.iter().find(|table| table.name == name);
    let found = found.unwrap_or_else(|| panic!("{} has no table {name}", report.kind));
    for row in &found.rows {
        assert_eq!(row.values.len(), found.columns.len(), "{name}: {row:?}");
    }
    found
}

/// What a value says, for comparisons.
fn text(value: &Value) -> String {
    match value {
        Value::Empty => "-".to_owned(),
        Value::Name { zh, .. } => zh.clone(),
        Value::Code(text) | Value::Text(text) => text.clone(),
        Value::Count(n) | Value::Share(n) => n.to_string(),
        Value::Growth(growth) => growth.text(),
        Value::Day(day) | Value::Month(day) => day.to_string(),
        Value::Moment(at) => at.to_string(),
    }
}

/// The row of which `column` says `key`.
fn row<'r>(table: &'r Table, column: &str, key: &str) -> &'r Row {
    let found = table.rows.iter().find(|row| table.value(row, column).is_some_and(|value| text(value) == key));
    found.unwrap_or_else(|| panic!("no row of {} has {key} in {column}: {:#?}", table.name, table.rows))
}

fn count(table: &Table, row: &Row, column: &str) -> i64 {
    match table.value(row, column) {
        Some(Value::Count(n)) => *n,
        other => panic!("{column} of {} is {other:?}", table.name),
    }
}

/// Every row, as the texts of these columns.
fn texts(table: &Table, columns: &[&str]) -> Vec<Vec<String>> {
    let of = |row| columns.iter().map(|c| table.value(row, c).map_or_else(String::new, text)).collect();
    table.rows.iter().map(of).collect()
}

/// What a summary says of an organisation with all below it: issued, valid, new, a year earlier; and issued by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    issued: i64,
    valid: i64,
    new: i64,
    year_earlier: i64,
    own: i64,
}

fn of(summary: &Report, org: &str) -> Said {
    let table = table(summary, "organisations");
    let row = row(table, "org", org);
    let [issued, valid, new, year_earlier, own] =
        ["issued", "valid", "new", "year_earlier", "own"].map(|column| count(table, row, column));
    Said { issued, valid, new, year_earlier, own }
}

/// Of which nothing is a year old.
fn young(issued: i64, valid: i64, own: i64) -> Said {
    Said { issued, valid, new: issued, year_earlier: 0, own }
}

fn summary(t: &TestAuthority, when: Option<Instant>, as_of: Option<Instant>) -> Report {
    t.authority.report(ReportKind::Summary, &Asked { at: when, as_of, ..Asked::default() }).unwrap()
}

/// Requests of persons `from..to` at `org` for certificates of `days`.
fn persons(t: &TestAuthority, org: &str, from: u64, to: u64, days: u32) -> Vec<NewRequest> {
    let person = |n| {
        let mut request = t.in_region(t.people.person(n, org));
        request.days = Some(days);
        request
    };
    (from..to).map(person).collect()
}

fn staff_of(org: &str) -> (&'static str, &'static str) {
    match org {
        "lra-chengdu" => ("chengdu-entry", "sichuan-approver"),
        "lra-mianyang" => ("mianyang-entry", "sichuan-approver"),
        "ra-yunnan" => ("yunnan-entry", "yunnan-approver"),
        "ra-audit" => ("audit-entry", "audit-approver"),
        other => panic!("no operators at {other}"),
    }
}

/// Issues certificates of `days` for persons `from..to` at `org`.
fn issue(t: &TestAuthority, org: &str, from: u64, to: u64, days: u32) {
    let (entry, approver) = staff_of(org);
    let ids = t.enter(entry, approver, &persons(t, org, from, to, days));
    all(t.authority.issue(&t.session(approver), &t.signer(), &ids));
}

/// The hierarchy's own operators, by organisation: they are certificates too, and of another account.
const STAFF: [(&str, i64); 6] =
    [("ca", 3), ("ra-sichuan", 3), ("ra-yunnan", 2), ("ra-audit", 2), ("lra-chengdu", 3), ("lra-mianyang", 1)];

#[test]
fn totals_roll_up_the_tree_and_agree_with_a_count_by_hand() {
    let t = TestAuthority::national("roll up");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 5, 30);
    issue(&t, "lra-mianyang", 5, 7, 300);
    issue(&t, "ra-yunnan", 7, 10, 300);
    issue(&t, "ra-audit", 10, 11, 300);
    let report = plain(&t, ReportKind::Summary);
    assert_eq!((report.at, report.as_of, report.period, report.unit), (t.now(), t.now(), None, Unit::Pair));
    for (org, all, own) in [
        ("lra-chengdu", 5, 5),
        ("lra-mianyang", 2, 2),
        ("ra-sichuan", 7, 0),
        ("ra-yunnan", 3, 3),
        ("lra-kunming", 0, 0),
        ("ra-audit", 1, 1),
        ("ca", 11, 0),
    ] {
        assert_eq!(of(&report, org), young(all, all, own), "{org}");
    }
    let organisations = table(&report, "organisations");
    let order: Vec<_> = organisations.rows.iter().map(|row| (text(&row.values[1]), row.depth, row.total)).collect();
    let expected = [
        ("ca", 0, true),
        ("ra-sichuan", 1, true),
        ("lra-chengdu", 2, false),
        ("lra-mianyang", 2, false),
        ("ra-yunnan", 1, true),
        ("lra-kunming", 2, false),
        ("ra-audit", 1, false),
    ];
    assert_eq!(order, expected.map(|(org, depth, total)| (org.to_owned(), depth, total)));
    let algorithms = table(&report, "algorithms");
    assert_eq!(texts(algorithms, &["algorithm", "issued", "valid"]), [["sm2", "11", "11"]]);
    // Operators are of another account, which is there for who asks.
    let asked = Asked { profile: Some("operator".parse().unwrap()), ..Asked::default() };
    let operators = t.authority.report(ReportKind::Summary, &asked).unwrap();
    for (org, own) in STAFF {
        assert_eq!(of(&operators, org).own, own, "{org}");
    }
    assert_eq!(of(&operators, "ca").issued, 14);
    assert!(operators.rules.contains(&"rule-staff-only") && report.rules.contains(&"rule-staff"));
    // The same count, from the rows.
    let rows = t.authority.certificates(&hufu_authority::CertificateFilter::default()).unwrap();
    assert_eq!(rows.len(), 25);
    sound(&t);
}

/// A subtree, a profile, a medium: each narrows what is counted, and what is left has its own head.
#[test]
fn a_report_is_narrowed_to_what_was_asked_for() {
    let t = TestAuthority::national("narrowed");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 3, 300);
    issue(&t, "lra-mianyang", 3, 4, 300);
    issue(&t, "ra-yunnan", 4, 9, 300);
    let mut soft = persons(&t, "lra-chengdu", 20, 22, 300);
    soft.iter_mut().for_each(|request| request.medium = hufu_model::request::Medium::App);
    t.issue(&soft);
    t.issue(&[t.people.organisation(1, "lra-chengdu")]);
    let ask = |asked: Asked| t.authority.report(ReportKind::Summary, &asked).unwrap();
    let sichuan = ask(Asked { org: Some("ra-sichuan".parse().unwrap()), ..Asked::default() });
    let heads = texts(table(&sichuan, "organisations"), &["org", "issued"]);
    assert_eq!(heads, [["ra-sichuan", "7"], ["lra-chengdu", "6"], ["lra-mianyang", "1"]]);
    assert_eq!(table(&sichuan, "organisations").rows[0].depth, 0);
    assert_eq!(texts(table(&sichuan, "algorithms"), &["issued"]), [["7"]]);
    assert_eq!(sichuan.asked, [("org", "ra-sichuan".to_owned())]);
    let persons = ask(Asked { profile: Some("person-sign".parse().unwrap()), ..Asked::default() });
    assert_eq!(of(&persons, "ca").issued, 11);
    let soft = ask(Asked { medium: Some(hufu_model::request::Medium::App), ..Asked::default() });
    assert_eq!((of(&soft, "ca").issued, of(&soft, "lra-chengdu").issued), (2, 2));
    assert_eq!(of(&ask(Asked::default()), "ca").issued, 12);
}

/// Validity ends after its last second; what is issued stays issued.
#[test]
fn expired_certificates_are_issued_but_not_valid() {
    let t = TestAuthority::national("expiry");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 4, 30);
    let last = at("2026-12-31T09:59:59+08:00");
    t.clock.set(at("2027-01-15T00:00:00+08:00"));
    let then = |when: Instant| of(&summary(&t, Some(when), None), "ca");
    assert_eq!(then(last), young(4, 4, 0));
    assert_eq!(then(last.plus_seconds(1)), young(4, 0, 0));
    // By whole days: the roll-ups answer the same as the rows.
    assert_eq!(then(at("2026-12-30")).valid, 4);
    assert_eq!(then(at("2026-12-31")).valid, 0);
    // A cut inside the first day, a second before and at the issuance.
    let begins = at("2026-12-01T10:00:00+08:00");
    assert_eq!(then(begins.plus_seconds(-1)), young(0, 0, 0));
    assert_eq!(then(begins).issued, 4);
}

/// A day is a day of UTC+08:00; an instant at midnight belongs to the day that begins, and to one day only.
#[test]
fn midnight_belongs_to_one_day() {
    let t = TestAuthority::national("midnight");
    t.clock.set(at("2026-12-01T00:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 1, 30);
    t.clock.set(at("2026-12-01T23:59:59.999+08:00"));
    issue(&t, "lra-chengdu", 1, 2, 30);
    t.clock.set(at("2026-12-02T00:00:00+08:00"));
    issue(&t, "lra-chengdu", 2, 3, 30);
    t.clock.set(at("2026-12-05T00:00:00+08:00"));
    let by = |day: &str| of(&summary(&t, Some(at(day)), None), "ca").issued;
    assert_eq!((by("2026-11-30"), by("2026-12-01"), by("2026-12-02"), by("2026-12-03")), (0, 2, 3, 3));
}

#[test]
fn year_on_year_compares_the_same_instant_a_year_earlier() {
    let t = TestAuthority::national("year");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 10, 20);
    t.clock.set(at("2027-06-30T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 10, 40, 20);
    t.clock.set(at("2027-11-20T10:00:00+08:00"));
    // A second before the anniversary, the ten were not there a year earlier.
    let report = summary(&t, Some(at("2027-12-01T09:59:59+08:00")), None);
    assert_eq!((of(&report, "ca").issued, of(&report, "ca").year_earlier), (40, 0));
    let report = summary(&t, Some(at("2027-12-01T10:00:00+08:00")), None);
    let chengdu = of(&report, "lra-chengdu");
    assert_eq!(chengdu, Said { issued: 40, valid: 0, new: 30, year_earlier: 10, own: 40 });
    let growth = |org| {
        text(table(&report, "organisations").value(row(table(&report, "organisations"), "org", org), "growth").unwrap())
    };
    assert_eq!((growth("lra-chengdu").as_str(), growth("lra-kunming").as_str()), ("3.0x", "—"));
}

/// The report of today with an earlier knowledge equals the report that was given then.
#[test]
fn an_earlier_knowledge_gives_the_report_of_that_time() {
    let t = TestAuthority::national("knowledge");
    let kinds = [
        ReportKind::Summary,
        ReportKind::Issuance,
        ReportKind::Leaders,
        ReportKind::Growth,
        ReportKind::Expiring,
        ReportKind::Anomalies,
        ReportKind::Sla,
        ReportKind::RaPermissions,
        ReportKind::Roles,
        ReportKind::Quota,
    ];
    let asked = |at, as_of| Asked { at: Some(at), as_of: Some(as_of), ..Asked::default() };
    let all = |at, as_of| kinds.map(|kind| t.authority.report(kind, &asked(at, as_of)).unwrap());
    let mut reports = Vec::new();
    for (n, day) in [(0, "2026-12-01"), (3, "2026-12-02"), (6, "2027-02-10")] {
        t.clock.set(at(&format!("{day}T10:00:00+08:00")));
        issue(&t, "lra-chengdu", n, n + 2, 45);
        // Entered and not decided: later knowledge has its approval.
        let open = persons(&t, "lra-chengdu", 100 + n, 101 + n, 45);
        drop(crate::expect::all(t.authority.submit(&t.session("chengdu-entry"), &open)));
        t.clock.advance(3600);
        issue(&t, "ra-yunnan", n + 2, n + 3, 500);
        reports.push(all(t.now(), t.now()));
        t.clock.advance(3600);
        drop(crate::expect::all(t.authority.approve(&t.session("sichuan-approver"), &[open[0].id.clone()])));
    }
    // An LRA that comes later is not in the earlier reports; an operator's role that changes was another one then.
    let later = hufu_model::org::Organisation {
        id: "lra-leshan".parse().unwrap(),
        parent: Some("ra-sichuan".parse().unwrap()),
        kind: hufu_model::org::OrgKind::MunicipalLra,
        name: "乐山市注册服务分中心".to_owned(),
        name_en: String::new(),
        region: None,
        limits: hufu_model::org::Limits::default(),
        status: hufu_model::org::OrgStatus::Active,
    };
    t.clock.advance(86_400);
    let zhao = t.session("zhao");
    let _ = t.authority.change(&zhao, &hufu_authority::Change::OrgAdd(later)).unwrap();
    let removal = hufu_authority::Change::OperatorRemove("mianyang-entry".parse().unwrap());
    if let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&zhao, &removal).unwrap() {
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
    for then in reports {
        let (when, as_of) = (then[0].at, then[0].as_of);
        for (now, then) in all(when, as_of).into_iter().zip(then) {
            assert_eq!(now, then, "{}", then.kind);
        }
    }
    assert_eq!(table(&plain(&t, ReportKind::Summary), "organisations").rows.len(), 8);
    // What is known never lies ahead.
    let ahead = t.now().plus_seconds(86_400);
    assert_eq!(summary(&t, None, Some(ahead)).as_of, t.now());
}

#[test]
fn a_knowledge_before_the_ledger_is_refused_with_its_beginning() {
    let t = TestAuthority::found("beginning");
    let first = t.now();
    t.clock.advance(3600);
    for kind in ReportKind::ALL {
        let asked = Asked { as_of: Some(first.plus_seconds(-1)), ..Asked::default() };
        let refusal = t.authority.report(kind, &asked).unwrap_err();
        assert!(refusal.to_string().contains(&first.to_string()), "{refusal}");
        refused(t.authority.report(kind, &asked), "report.before-ledger", Class::NotFound);
    }
    assert_eq!(of(&summary(&t, None, Some(first)), "ca"), young(0, 0, 0));
    // An event time before it is no error: there was nothing then.
    assert_eq!(of(&summary(&t, Some(at("2018-06-30")), None), "ca"), young(0, 0, 0));
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let t = TestAuthority::national("refusals of reports");
    let day = |text: &str| Some(text.parse().unwrap());
    let ask = |kind, asked: Asked| t.authority.report(kind, &asked);
    let upside_down = Asked { from: day("2026-12-01"), to: day("2026-12-01"), ..Asked::default() };
    refused(ask(ReportKind::Issuance, upside_down), "report.period", Class::BadInput);
    let nowhere = Asked { org: Some("ra-atlantis".parse().unwrap()), ..Asked::default() };
    for kind in ReportKind::ALL.into_iter().filter(|kind| *kind != ReportKind::Bulletin) {
        refused(ask(kind, nowhere.clone()), "org.unknown", Class::NotFound);
    }
    let unheard = Asked { profile: Some("unheard-of".parse().unwrap()), ..Asked::default() };
    refused(ask(ReportKind::Summary, unheard), "profile.unknown", Class::NotFound);
    let imported = Asked { profile: Some("imported".parse().unwrap()), ..Asked::default() };
    assert_eq!(of(&ask(ReportKind::Summary, imported).unwrap(), "ca").issued, 0);
    for (kind, asked) in [
        (ReportKind::Summary, Asked { from: day("2026-12-01"), ..Asked::default() }),
        (ReportKind::Leaders, Asked { by: Some(hufu_authority::By::Day), ..Asked::default() }),
        (ReportKind::Roles, Asked { unit: Unit::Certificate, ..Asked::default() }),
        (ReportKind::Sla, Asked { tree: TreeOf::Today, ..Asked::default() }),
        (ReportKind::Quota, Asked { medium: Some(hufu_model::request::Medium::App), ..Asked::default() }),
        (ReportKind::Growth, Asked { deadline: day("2027-01-01"), ..Asked::default() }),
        (ReportKind::Summary, Asked { migration: Some("sm2".parse().unwrap()), ..Asked::default() }),
        (ReportKind::Bulletin, Asked { org: Some("ra-sichuan".parse().unwrap()), ..Asked::default() }),
    ] {
        refused(ask(kind, asked), "report.unfit", Class::BadInput);
    }
}

/// A moved office counts where it stood in the tree of the event time, or where it stands today.
#[test]
fn totals_follow_the_tree_that_was_asked_for() {
    let t = TestAuthority::national("tree");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-mianyang", 0, 2, 300);
    let before = plain(&t, ReportKind::Summary);
    t.clock.advance(3600);
    for change in [
        hufu_authority::Change::OrgLimits { org: "ra-yunnan".parse().unwrap(), limits: Default::default() },
        hufu_authority::Change::OrgMove { org: "lra-mianyang".parse().unwrap(), to: "ra-yunnan".parse().unwrap() },
    ] {
        let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else {
            panic!("one person did it")
        };
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
    let after = plain(&t, ReportKind::Summary);
    let both = |report: &Report| ["ra-sichuan", "ra-yunnan", "ca"].map(|org| of(report, org).issued);
    assert_eq!(both(&before), [2, 0, 2]);
    assert_eq!(both(&after), [0, 2, 2]);
    // The knowledge of today about the time before the move: it stood in Sichuan then, and stands in Yunnan now.
    let then = summary(&t, Some(before.at), None);
    assert_eq!(both(&then), [2, 0, 2]);
    assert!(then.rules.contains(&"rule-tree-period"));
    let asked = Asked { at: Some(before.at), tree: TreeOf::Today, ..Asked::default() };
    let today = t.authority.report(ReportKind::Summary, &asked).unwrap();
    assert_eq!(both(&today), [0, 2, 2]);
    assert!(today.rules.contains(&"rule-tree-today"));
}

/// Every word of every report is in both languages: columns, tables, rules, codes.
#[test]
fn every_report_can_be_said_in_both_languages() {
    use hufu_authority::data::{Lang, message};
    use hufu_authority::report::Kind;
    let t = TestAuthority::national("words");
    issue(&t, "lra-chengdu", 0, 2, 30);
    for kind in ReportKind::ALL {
        let report = plain(&t, kind);
        assert!(!report.rules.is_empty(), "{kind} says no rule");
        let names: std::collections::BTreeSet<_> = report.tables.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), report.tables.len(), "{kind}");
        let mut keys: Vec<String> = report.rules.iter().map(|rule| (*rule).to_owned()).collect();
        for table in &report.tables {
            keys.push(format!("table-{}", table.name));
            keys.extend(table.columns.iter().map(|column| format!("col-{}", column.name)));
            for row in &table.rows {
                for (column, value) in table.columns.iter().zip(&row.values) {
                    match (column.kind, value) {
                        // Profiles are called by their ids.
                        (Kind::Code("profile"), _) => {}
                        (Kind::Code(prefix), Value::Code(code)) => keys.push(format!("label-{prefix}-{code}")),
                        (
                            Kind::Code(_)
                            | Kind::Name
                            | Kind::Text
                            | Kind::Identifier
                            | Kind::Count
                            | Kind::Share
                            | Kind::Growth
                            | Kind::Day
                            | Kind::Month
                            | Kind::Moment,
                            Value::Empty,
                        )
                        | (Kind::Name, Value::Name { .. })
                        | (Kind::Text | Kind::Identifier, Value::Text(_))
                        | (Kind::Count, Value::Count(_))
                        | (Kind::Share, Value::Share(_))
                        | (Kind::Growth, Value::Growth(_))
                        | (Kind::Day, Value::Day(_))
                        | (Kind::Month, Value::Month(_))
                        | (Kind::Moment, Value::Moment(_)) => {}
                        (kind, value) => panic!("{}: a column of {kind:?} holds {value:?}", table.name),
                    }
                }
            }
        }
        for lang in Lang::ALL {
            let missing: Vec<_> = keys.iter().filter(|key| message(lang, key).is_none()).collect();
            assert!(missing.is_empty(), "{kind} in {}: {missing:?}", lang.code());
        }
    }
}
