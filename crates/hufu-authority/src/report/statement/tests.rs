#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::super::ReportKind;
use super::*;

const RULES: [&str; 2] = ["rule-pair", "rule-times"];

/// A report with every kind of column, and texts that look like structure.
fn statement() -> Statement {
    let at: Instant = "2018-06-30".parse().unwrap();
    let day: Day = "2018-06-30".parse().unwrap();
    let columns = vec![
        Column::new("name", Kind::Name),
        Column::new("kind", Kind::Code("kind")),
        Column::new("org", Kind::Identifier),
        Column::new("issued", Kind::Count),
        Column::new("growth", Kind::Growth),
    ];
    let name = |zh: &str, en: &str| Value::Name { zh: zh.to_owned(), en: en.to_owned() };
    let text = |text: &str| Value::Text(text.to_owned());
    let growth = Value::Growth(Growth { previous: 7_007, current: 60_256 });
    let row = |depth, total, values| Row { depth, total, values };
    let rows = vec![
        row(
            0,
            true,
            vec![name("中心", "Centre"), Value::Code("ca".to_owned()), text("ca"), Value::Count(710_000), growth],
        ),
        row(
            1,
            false,
            vec![name("a|b\\", "\t-"), Value::Code("-".to_owned()), text("-"), Value::Count(-1), Value::Empty],
        ),
        row(1, false, vec![name("", ""), Value::Code("\\-".to_owned()), text(""), Value::Empty, Value::Empty]),
    ];
    let chart = Some(Chart::TreeMap { names: 0, values: 3 });
    let organisations = Table { name: "organisations", columns, rows, chart };
    let columns = vec![
        Column::new("at", Kind::Moment),
        Column::new("issued", Kind::Share),
        Column::new("org", Kind::Text),
        Column::new("new", Kind::Day),
        Column::new("valid", Kind::Month),
    ];
    let values = vec![
        Value::Moment(at),
        Value::Share(-3),
        text("two\nlines\r"),
        Value::Day(day),
        Value::Month(day.first_of_month()),
    ];
    let chart = Some(Chart::Stacked { names: 0, parts: vec![1, 2] });
    let algorithms = Table { name: "algorithms", columns, rows: vec![row(0, false, values)], chart };
    let report = Report {
        kind: ReportKind::Issuance,
        at,
        as_of: at.plus_seconds(60),
        period: Some((day.first_of_year(), day.plus_days(1))),
        unit: hufu_model::count::Unit::Pair,
        asked: vec![("org", "ra-sichuan".to_owned()), ("limit", "10".to_owned())],
        tables: vec![organisations, algorithms],
        rules: RULES.to_vec(),
    };
    Statement {
        program: "1.2.3".to_owned(),
        authority: "示例\t电子政务".to_owned(),
        ca: Digest([1; 32]),
        root: Digest([2; 32]),
        operator: "sichuan-admin".parse().unwrap(),
        office: "ra-sichuan".parse().unwrap(),
        signed_at: at.plus_seconds(61),
        origin: "hufu/01".to_owned(),
        size: 5,
        ledger_root: Digest([3; 32]),
        checkpoint: vec![0x30, 3, 2, 1, 5],
        words: StatedWords::now(&report),
        report,
    }
}

#[test]
fn the_text_is_the_report() {
    let statement = statement();
    let text = statement.encode().unwrap();
    assert_eq!(Statement::decode(text.as_bytes()).unwrap(), statement, "{text}");
    // What a person reads in ten years.
    let rule = message(Lang::Zh, "rule-pair").unwrap();
    for line in [
        "hufu report v1".to_owned(),
        "report\tissuance".to_owned(),
        "at\t2018-06-30T15:59:59.999Z".to_owned(),
        "period\t2018-01-01\t2018-07-01".to_owned(),
        format!("rule\trule-pair\t{}\t{}", rule.trim(), message(Lang::En, "rule-pair").unwrap().trim()),
        "row\t0\ttotal\t中心|Centre\tca\tca\t710000\t7007>60256".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in {text}");
    }
    assert_eq!(text.lines().next(), Some("hufu report v1"));
}

#[test]
fn every_fault_names_its_line() {
    let text = statement().encode().unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let line_of = |start: &str| text.lines().position(|l| l.starts_with(start)).unwrap() as u64 + 1;
    let cases = [
        (String::new(), 1, NOT_A_REPORT),
        (with("v1", "v2"), 1, NOT_A_REPORT),
        (with("program", "programme"), 2, MISPLACED),
        (with("\nat\t", "\nat \t"), line_of("at\t"), MISPLACED),
        (with("unit\tpair", "unit\tpears"), line_of("unit"), MALFORMED),
        (with("rule\trule-pair", "rule\trule-nobody-knows"), line_of("rule\trule-pair"), UNKNOWN),
        (with("rule\trule-pair", "rule\tcol-name"), line_of("rule\trule-pair"), UNKNOWN),
        (with("table\torganisations", "table\tnothing"), line_of("table\torganisations"), UNKNOWN),
        (with("column\tname\tname", "column\tname\tcolour"), line_of("column\tname"), UNKNOWN),
        (with("column\tkind\tcode:kind", "column\tkind\tcode:no-such-list"), line_of("column\tkind"), UNKNOWN),
        (with("tree-map\t0\t3", "tree-map\t0\t5"), line_of("chart\ttree-map"), COUNTS),
        (with("tree-map\t0\t3", "tree-map\t0"), line_of("chart\ttree-map"), UNKNOWN),
        (with("row\t0\ttotal", "row\t64\ttotal"), line_of("row\t0\ttotal"), COUNTS),
        (with("row\t0\ttotal", "row\t0\tall"), line_of("row\t0\ttotal"), MALFORMED),
        (with("\t710000\t", "\t710000\t-\t"), line_of("row\t0\ttotal"), COUNTS),
        (with("\t710000\t", "\tmany\t"), line_of("row\t0\ttotal"), MALFORMED),
        (with("\t710000\t", "\t+710000\t"), line_of("row\t0\ttotal"), OTHER_FORM),
        (with("\t710000\t", "\t0710000\t"), line_of("row\t0\ttotal"), OTHER_FORM),
        (with("ledger\thufu/01\t5", "ledger\thufu/01\t05"), line_of("ledger"), OTHER_FORM),
        (with("asked\torg\tra-sichuan\n", "asked\torg\tra-sichuan\nasked\torg\tra-sichuan\n"), 0, MALFORMED),
        (with("checkpoint\tMAMC", "checkpoint\tMA-C"), line_of("checkpoint"), MALFORMED),
        (with("checkpoint\tMAMC", "checkpoint\tMA MC"), line_of("checkpoint"), OTHER_FORM),
        (format!("{text}trailer\n"), text.lines().count() as u64 + 1, MISPLACED),
        (text.trim_end().to_owned(), 0, MISPLACED),
        (format!("{text}\n"), 0, MISPLACED),
    ];
    for (bad, line, what) in cases {
        let error = Statement::decode(bad.as_bytes()).unwrap_err();
        let ErrorKind::ReportForm { line: found, what: said } = *error.kind() else { panic!("{error}") };
        assert_eq!(said, what, "{bad}");
        assert!(line == 0 || found == line, "line {found} instead of {line}: {what}");
    }
}

#[test]
fn a_count_that_stands_for_a_mountain_of_memory_is_refused_at_once() {
    let text = statement().encode().unwrap();
    for counts in
        ["\t5\t999999999999", "\t64\t20000", "\t65\t1", "\t0\t3", "\t18446744073709551615\t18446744073709551615"]
    {
        let bad = text.replacen("\t5\t3\n", &format!("{counts}\n"), 1);
        assert_ne!(bad, text);
        let error = Statement::decode(bad.as_bytes()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ReportForm { what: COUNTS, .. }), "{error}");
    }
}

#[test]
fn what_cannot_be_signed_is_said_before_it_is() {
    let mut misfit = statement();
    misfit.report.tables[0].rows[0].values[3] = Value::Share(1);
    assert!(matches!(misfit.encode().unwrap_err().kind(), ErrorKind::Internal(_)));
    let mut short = statement();
    short.report.tables[0].rows[0].values.pop();
    assert!(matches!(short.encode().unwrap_err().kind(), ErrorKind::Internal(_)));
    let mut large = statement();
    let row = large.report.tables[0].rows[0].clone();
    large.report.tables[0].rows = vec![row; MAX_CELLS / 5 + 1];
    assert_eq!(large.encode().unwrap_err().code(), "report.too-large");
}

proptest! {
    /// Whatever is read is the one form of what it means: nothing panics, and no two texts are one report.
    #[test]
    fn altered_texts_are_refused_or_mean_another_report(
        at in any::<prop::sample::Index>(),
        octet in any::<u8>(),
        kind in 0_u8..4,
        to in any::<prop::sample::Index>(),
    ) {
        let original = statement();
        let mut bytes = original.encode().unwrap().into_bytes();
        let place = at.index(bytes.len());
        match kind {
            0 => bytes[place] = octet,
            1 => drop(bytes.remove(place)),
            2 => bytes.insert(place, octet),
            _ => {
                let other = to.index(bytes.len());
                let (from, to) = (place.min(other), place.max(other));
                bytes.drain(from..to);
            }
        }
        let same = bytes == original.encode().unwrap().into_bytes();
        if let Ok(found) = Statement::decode(&bytes) {
            prop_assert_eq!(found == original, same);
            prop_assert_eq!(found.encode().unwrap().into_bytes(), bytes);
        }
    }

    /// Any text is carried by any kind of cell.
    #[test]
    fn cells_carry_every_text(zh in ".{0,8}", en in r"[\\|\-\t\n\r ]{0,6}", n in any::<i64>(), m in any::<u64>()) {
        let cases = [
            (Value::Name { zh: zh.clone(), en: en.clone() }, Kind::Name),
            (Value::Name { zh: en.clone(), en: zh.clone() }, Kind::Name),
            (Value::Text(en.clone()), Kind::Text),
            (Value::Text(zh.clone()), Kind::Identifier),
            (Value::Code(en), Kind::Code("kind")),
            (Value::Count(n), Kind::Count),
            (Value::Share(n), Kind::Share),
            (Value::Growth(Growth { previous: m, current: m / 3 }), Kind::Growth),
            (Value::Empty, Kind::Count),
        ];
        for (given, kind) in cases {
            let text = cell(&given, kind).unwrap();
            prop_assert!(!text.contains(['\t', '\n', '\r']), "{}", text);
            prop_assert_eq!(value(&text, kind), Some(given), "{}", text);
        }
    }
}
