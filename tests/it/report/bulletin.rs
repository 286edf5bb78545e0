//! The paragraph of the bulletin, and that every figure of it is given again by the command in its footnote.

use hufu_authority::import::Entry;
use hufu_authority::{Asked, Change, Outcome, ReportKind};
use hufu_model::certificate::Algorithm;
use hufu_model::migration::Cutover;
use hufu_model::time::Validity;
use hufu_tests::{TestAuthority, import_plan, old_certificate};

use super::*;

/// Two provinces, three cities, one ministry; Sichuan and its cities past cutover; ten certificates of an older authority
/// in the year before, eighty-six in all at the end of June 2027.
fn scene() -> TestAuthority {
    let t = TestAuthority::national("bulletin");
    let then = at("2026-06-01T10:00:00+08:00").unix_seconds();
    let old = |n| Entry {
        algorithm: Algorithm::Sm2,
        org: Some("lra-chengdu".parse().unwrap()),
        validity: Validity::new(then, then + 365 * 86_400).unwrap(),
        revoked: None,
        medium: None,
        ..old_certificate(n, then)
    };
    let (imported, findings) = t.import("zhao", &import_plan("older"), (0..10).map(|n| Ok(old(n))).collect()).unwrap();
    assert_eq!((imported.new, findings.len()), (10, 0));
    t.clock.set(at("2027-02-01T10:00:00+08:00"));
    let cutover = Cutover {
        org: "ra-sichuan".parse().unwrap(),
        migration: "sm2".parse().unwrap(),
        effective: at("2027-03-01T00:00:00+08:00"),
        attested: false,
        evidence: String::new(),
        withdrawn: false,
    };
    let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &Change::Cutover(cutover)).unwrap() else {
        panic!("one person did it")
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    t.clock.set(at("2027-05-04T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 10, 60, 300);
    issue(&t, "ra-yunnan", 60, 84, 300);
    issue(&t, "ra-audit", 84, 85, 300);
    let mut soft = persons(&t, "lra-chengdu", 90, 91, 300);
    soft[0].medium = hufu_model::request::Medium::App;
    t.issue(&soft);
    t.clock.set(at("2027-08-15T10:00:00+08:00"));
    issue(&t, "ra-audit", 100, 104, 300);
    t
}

#[test]
fn the_paragraph_says_what_the_database_knows() {
    let t = scene();
    let asked = Asked { at: Some(at("2027-06-30")), ..Asked::default() };
    let report = t.authority.report(ReportKind::Bulletin, &asked).unwrap();
    let sentences: Vec<(String, String)> = table(&report, "paragraph")
        .rows
        .iter()
        .map(|row| match &row.values[0] {
            Value::Name { zh, en } => (zh.clone(), en.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let zh: String = sentences.iter().map(|(zh, _)| zh.as_str()).collect();
    assert_eq!(
        zh,
        "截至2027年6月30日，已建成省级注册中心（RA）2个、地市级注册服务分中心（LRA）3个、部委级注册系统1个。\
         1个省、0个部委完成SM2算法升级。已签发SM2证书86对，同比增长7.6倍；发证总量86对，同比增长7.6倍。\
         其中用于APP扫码登录的软证书1对。2027年1月1日以来，新增发证量居前的是四川省注册中心、云南省注册中心。"
    );
    assert!(
        sentences[2].1.contains("86 SM2 certificate pairs had been issued, up 7.6 times year on year"),
        "{sentences:?}"
    );
    let figures = texts(table(&report, "figures"), &["note", "figure", "count", "growth", "name"]);
    let expected = [
        ["1", "provinces", "2", "-", "-"],
        ["2", "municipal", "3", "-", "-"],
        ["3", "ministries", "1", "-", "-"],
        ["4", "provinces-upgraded", "1", "-", "-"],
        ["5", "ministries-upgraded", "0", "-", "-"],
        ["6", "target", "86", "7.6x", "-"],
        ["7", "total", "86", "7.6x", "-"],
        ["8", "soft", "1", "-", "-"],
        ["9", "leader", "51", "-", "四川省注册中心"],
        ["10", "leader", "24", "-", "云南省注册中心"],
    ];
    assert_eq!(figures, expected);
    // The day before the cutover took effect nobody had finished; before the first certificate nothing is said of growth.
    let early = Asked { at: Some(at("2026-05-30")), ..Asked::default() };
    let early = t.authority.report(ReportKind::Bulletin, &early).unwrap();
    let early_figures = texts(table(&early, "figures"), &["count"]);
    assert_eq!(early_figures, ["2", "3", "1", "0", "0", "0", "0", "0"].map(|n| [n]));
    assert!(!format!("{early:?}").contains("同比增长"));
}

/// Each footnote is a command: asked again with what stands in it, the library gives the same figure.
#[test]
fn every_figure_can_be_asked_for_by_its_footnote() {
    let t = scene();
    let asked = Asked { at: Some(at("2027-06-30")), ..Asked::default() };
    let report = t.authority.report(ReportKind::Bulletin, &asked).unwrap();
    let ask = |command: &str| {
        let mut words = command.strip_prefix("hufu report ").unwrap().split(' ');
        let kind: ReportKind = words.next().unwrap().parse().unwrap();
        let mut asked = Asked::default();
        while let (Some(flag), Some(value)) = (words.next(), words.next()) {
            match flag {
                "--at" => asked.at = Some(at(value)),
                "--as-of" => asked.as_of = Some(at(value)),
                "--from" => asked.from = Some(value.parse().unwrap()),
                "--to" => asked.to = Some(value.parse().unwrap()),
                "--medium" => asked.medium = Some(value.parse().unwrap()),
                other => panic!("{other}"),
            }
        }
        t.authority.report(kind, &asked).unwrap()
    };
    // What is issued, enters or is approved later changes nothing about what was known.
    issue(&t, "ra-yunnan", 200, 201, 300);
    let mut checked = 0;
    for figure in texts(table(&report, "figures"), &["figure", "count", "query", "name"]) {
        let [name, number, query, leader] = &figure[..] else { panic!("{figure:?}") };
        let again = ask(query);
        let found = match name.as_str() {
            "target" | "total" | "soft" => of(&again, "ca").issued,
            "leader" => {
                let table = table(&again, "leaders");
                count(table, row(table, "name", leader), "new")
            }
            _ => {
                // The migration table names every organisation, its kind and its state.
                let table = &again.tables[0];
                let (kind, finished) = match name.as_str() {
                    "provinces" => ("province-ra", false),
                    "municipal" => ("municipal-lra", false),
                    "ministries" => ("ministry-ra", false),
                    "provinces-upgraded" => ("province-ra", true),
                    _ => ("ministry-ra", true),
                };
                let rows = texts(table, &["kind", "migration_state"]);
                let done = |state: &str| !finished || state == "upgraded" || state == "retired";
                rows.iter().filter(|row| row[0] == kind && done(&row[1])).count() as i64
            }
        };
        assert_eq!(&found.to_string(), number, "{query}");
        checked += 1;
    }
    assert_eq!(checked, 10);
}
