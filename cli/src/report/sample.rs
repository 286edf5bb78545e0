//! Reports made by hand, of the size of a real one, with every kind of value and names that attack who opens them.

#![allow(clippy::unwrap_used)]

use hufu_authority::data::roster_2018_h1;
use hufu_authority::model::count::Unit;
use hufu_authority::model::time::{Day, Instant};
use hufu_authority::report::{Chart, Column, Growth, Kind, Report, ReportKind, Row, Table, Value};

/// Texts that a spreadsheet or a browser would run, were they not guarded.
pub(super) const HOSTILE: [&str; 7] = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'&amp;",
];

pub(super) fn at() -> Instant {
    "2018-06-30".parse().unwrap()
}

pub(super) fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

pub(super) fn name(zh: &str, en: &str) -> Value {
    Value::Name { zh: zh.to_owned(), en: en.to_owned() }
}

pub(super) fn row(depth: usize, total: bool, values: Vec<Value>) -> Row {
    Row { depth, total, values }
}

pub(super) fn report(kind: ReportKind, tables: Vec<Table>) -> Report {
    let day = |text: &str| text.parse::<Day>().unwrap();
    Report {
        kind,
        at: at(),
        as_of: "2018-07-15T09:30:00+08:00".parse().unwrap(),
        period: (kind == ReportKind::Issuance).then(|| (day("2018-01-01"), day("2018-07-01"))),
        unit: Unit::Pair,
        asked: vec![("org", "ca".to_owned())],
        tables,
        rules: vec!["rule-pair", "rule-issued"],
    }
}

/// As large as `n` says, and the same every time.
fn number(n: usize, of: i64) -> i64 {
    let n = i64::try_from(n).unwrap();
    of * ((n * 7919 + 13) % 97 + 3) / 100
}

/// Organisations along their tree with own and rolled-up figures.
pub(super) fn summary() -> Report {
    let roster = roster_2018_h1();
    let columns = vec![
        column("name", Kind::Name),
        column("org", Kind::Identifier),
        column("kind", Kind::Code("kind")),
        column("issued", Kind::Count),
        column("year_earlier", Kind::Count),
        column("growth", Kind::Growth),
        column("valid", Kind::Count),
        column("own", Kind::Count),
    ];
    let figures = |issued: i64, before: i64, own: i64| {
        let growth = Growth { previous: before.unsigned_abs(), current: issued.unsigned_abs() };
        [issued, before]
            .map(Value::Count)
            .into_iter()
            .chain([Value::Growth(growth), Value::Count(issued * 9 / 10), Value::Count(own)])
            .collect::<Vec<_>>()
    };
    let mut rows = vec![row(
        0,
        true,
        [
            vec![
                name("国家电子政务外网", "National e-government extranet"),
                Value::Text("ca".to_owned()),
                Value::Code("ca".to_owned()),
            ],
            figures(710_000, 546_150, 0),
        ]
        .concat(),
    )];
    for (n, org) in roster.iter().enumerate().filter(|(_, o)| o.parent.as_str() == "ca") {
        let below: Vec<_> = roster.iter().enumerate().filter(|(_, o)| o.parent == org.id).collect();
        let own = number(n, 40_000);
        let all = own + below.iter().map(|(n, _)| number(*n, 9_000)).sum::<i64>();
        let head = |o: &hufu_authority::data::RosterEntry| {
            vec![name(&o.zh, &o.en), Value::Text(o.id.to_string()), Value::Code(o.kind.code().to_owned())]
        };
        rows.push(row(1, !below.is_empty(), [head(org), figures(all, all * 3 / 4, own)].concat()));
        for (n, lra) in below {
            let own = number(n, 9_000);
            rows.push(row(2, false, [head(lra), figures(own, 0, own)].concat()));
        }
    }
    let organisations =
        Table { name: "organisations", columns, rows, chart: Some(Chart::TreeMap { names: 0, values: 7 }) };
    let algorithms = Table {
        name: "algorithms",
        columns: vec![
            column("algorithm", Kind::Code("algorithm")),
            column("issued", Kind::Count),
            column("valid", Kind::Count),
        ],
        rows: [("rsa2048", 512_304), ("rsa1024", 137_440), ("sm2", 60_256)]
            .map(|(code, n)| {
                row(0, false, vec![Value::Code(code.to_owned()), Value::Count(n), Value::Count(n * 4 / 5)])
            })
            .to_vec(),
        chart: Some(Chart::Bars { names: 0, values: 1 }),
    };
    report(ReportKind::Summary, vec![organisations, algorithms])
}

/// Organisations with states, days and parts of a whole.
pub(super) fn migration() -> Report {
    let roster = roster_2018_h1();
    let columns = vec![
        column("name", Kind::Name),
        column("org", Kind::Identifier),
        column("state", Kind::Code("state")),
        column("since", Kind::Day),
        column("legacy_only", Kind::Count),
        column("both", Kind::Count),
        column("new_only", Kind::Count),
        column("share", Kind::Share),
        column("evidence", Kind::Text),
    ];
    let states = ["upgraded", "dual-issue", "prepared", "not-started", "retired"];
    let rows = roster.iter().enumerate().filter(|(_, o)| o.parent.as_str() == "ca").map(|(n, org)| {
        let (legacy, both, new) = (number(n, 22_000), number(n + 5, 3_000), number(n + 9, 6_000));
        let since = if n % 4 == 3 { Value::Empty } else { Value::Day(at().day()) };
        let mut values =
            vec![name(&org.zh, &org.en), Value::Text(org.id.to_string()), Value::Code(states[n % 5].to_owned()), since];
        values.extend([legacy, both, new].map(Value::Count));
        values.push(Value::Share(new * 10_000 / (legacy + both + new)));
        values.push(Value::Text("国信外网〔2018〕17号 验收意见".to_owned()));
        row(0, false, values)
    });
    let chart = Some(Chart::Stacked { names: 0, parts: vec![4, 5, 6] });
    report(ReportKind::Migration, vec![Table { name: "organisations", columns, rows: rows.collect(), chart }])
}

/// Months with falling lines.
pub(super) fn burn_down() -> Report {
    let columns = vec![
        column("month", Kind::Month),
        column("live", Kind::Count),
        column("forecast", Kind::Count),
        column("needed", Kind::Count),
    ];
    let rows = (0..30_i64).map(|n| {
        let month = Day::from_number("2018-07-01".parse::<Day>().unwrap().number() + n * 30 + n / 2);
        let live = 540_000 - n * 17_000;
        row(
            0,
            false,
            vec![
                Value::Month(month),
                Value::Count(live),
                Value::Count(540_000 - n * 11_000),
                Value::Count((500_000 - n * 21_000).max(0)),
            ],
        )
    });
    let chart = Some(Chart::Line { along: 0, values: vec![1, 2, 3] });
    report(ReportKind::BurnDown, vec![Table { name: "months", columns, rows: rows.collect(), chart }])
}

/// Months that stand side by side.
pub(super) fn issuance() -> Report {
    let columns = vec![column("month", Kind::Month), column("issued", Kind::Count), column("at", Kind::Moment)];
    let rows = (0..18_i64).map(|n| {
        let month = Day::from_number("2017-01-01".parse::<Day>().unwrap().number() + n * 30 + n / 2);
        row(
            0,
            false,
            vec![Value::Month(month), Value::Count(number(usize::try_from(n).unwrap(), 30_000)), Value::Moment(at())],
        )
    });
    let chart = Some(Chart::Bars { names: 0, values: 1 });
    report(ReportKind::Issuance, vec![Table { name: "months", columns, rows: rows.collect(), chart }])
}

/// Bars of names that attack, and one name that is far too long.
pub(super) fn hostile() -> Report {
    let columns = vec![
        column("name", Kind::Name),
        column("org", Kind::Identifier),
        column("note", Kind::Text),
        column("issued", Kind::Count),
    ];
    let long = "新疆维吾尔自治区克孜勒苏柯尔克孜自治州阿合奇县电子政务外网注册服务分中心";
    let names = HOSTILE.into_iter().chain([long]).enumerate();
    let rows = names.map(|(n, text)| {
        row(
            0,
            false,
            vec![
                name(text, text),
                Value::Text("0101a20f3e0ff9950a65c80933ccec23f3981e".to_owned()),
                Value::Text(text.to_owned()),
                Value::Count(number(n, 900)),
            ],
        )
    });
    let chart = Some(Chart::Bars { names: 0, values: 3 });
    report(ReportKind::Leaders, vec![Table { name: "leaders", columns, rows: rows.collect(), chart }])
}

/// Every one of them.
pub(super) fn all() -> Vec<Report> {
    vec![summary(), migration(), burn_down(), issuance(), hostile()]
}
