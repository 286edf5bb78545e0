//! What was written is read again, by the same crate and in both forms.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::{Cell, Limits, Sheet};

fn column(title: &str, kind: Kind) -> Column {
    Column { title: title.to_owned(), kind }
}

fn table(rows: Vec<Vec<Value>>) -> Table {
    Table {
        title: "发证汇总 [2018/6]".to_owned(),
        notes: vec!["unit: pair".to_owned()],
        columns: vec![column("名称", Kind::Text), column("发证", Kind::Integer), column("比例", Kind::Share)],
        rows,
        chart: Some(Chart {
            title: "发证".to_owned(),
            form: ChartForm::Bars,
            names: vec!["四川".to_owned()],
            series: vec![Series { name: "发证".to_owned(), values: vec![Some(60_256.0)] }],
            share: false,
        }),
    }
}

fn back(bytes: &[u8]) -> (Vec<String>, Vec<Vec<Cell>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet");
    std::fs::write(&path, bytes).unwrap();
    let mut sheet = Sheet::open(&path, Limits::OFFICE).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = sheet.next_row().unwrap() {
        rows.push(row.cells);
    }
    (sheet.heading().to_vec(), rows)
}

#[test]
fn a_workbook_keeps_types_and_digits() {
    let number = "110105194912310021";
    let rows = vec![
        vec![Value::Text(number.to_owned()), Value::Integer(60_256), Value::Share(0.3)],
        vec![Value::Text("=1+1".to_owned()), Value::Integer(-7), Value::Empty],
    ];
    let mut out = Vec::new();
    xlsx(&table(rows), &mut out).unwrap();
    let (heading, rows) = back(&out);
    assert_eq!(heading, ["名称", "发证", "比例"]);
    assert_eq!(rows[0], [Cell::Text(number.to_owned()), Cell::Number(60_256.0), Cell::Number(0.3)]);
    assert_eq!(rows[1], [Cell::Text("=1+1".to_owned()), Cell::Number(-7.0)]);
    assert_eq!(rows[2], [Cell::Text("unit: pair".to_owned())]);
}

/// Every sheet has a name of its own, and the numbers of the pictures stand in the last one.
#[test]
fn tables_of_one_name_have_sheets_of_their_own() {
    let forms = [ChartForm::Bars, ChartForm::Stacked, ChartForm::Columns, ChartForm::Line];
    let tables = forms.map(|form| {
        let mut table = table(vec![vec![Value::Text("四川".to_owned()), Value::Integer(1), Value::Empty]]);
        if let Some(chart) = &mut table.chart {
            chart.form = form;
            chart.series.push(Series { name: "=1+1".to_owned(), values: vec![None] });
        }
        table
    });
    let mut out = Vec::new();
    workbook(&tables, &mut out).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.xlsx");
    std::fs::write(&path, &out).unwrap();
    let mut book = calamine::open_workbook_auto(&path).unwrap();
    let names = calamine::Reader::sheet_names(&book);
    assert_eq!(
        names,
        ["发证汇总 20186", "发证汇总 20186 2", "发证汇总 20186 3", "发证汇总 20186 4", "图表数据 Chart data"]
    );
    let numbers = calamine::Reader::worksheet_range(&mut book, "图表数据 Chart data").unwrap();
    assert_eq!(numbers.get_value((1, 0)).unwrap().to_string(), "四川");
    assert_eq!(numbers.get_value((1, 13)).unwrap().to_string(), "60256");
}

#[test]
fn moments_are_those_of_utc_8() {
    let at = Instant::from_unix_seconds(1_795_485_600);
    let rows = vec![vec![Value::Day(at.day()), Value::Moment(at)]];
    let columns = vec![column("day", Kind::Day), column("at", Kind::Moment)];
    let table = Table { title: String::new(), notes: Vec::new(), columns, rows, chart: None };
    let mut out = Vec::new();
    xlsx(&table, &mut out).unwrap();
    let (_, rows) = back(&out);
    assert_eq!(rows[0], [Cell::Date("2026-11-24".to_owned()), Cell::Date("2026-11-24 10:00:00".to_owned())]);
}

#[test]
fn csv_begins_with_its_mark_and_runs_nothing() {
    let hostile = ["=1+1", "+86", "-3", "@SUM(A1)", "\ttab", "\rreturn"];
    let rows = hostile.iter().map(|text| vec![Value::Text((*text).to_owned()), Value::Integer(-3)]).collect();
    let mut out = Vec::new();
    csv(&table(rows), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("\u{feff}名称,发证,比例\r\n'=1+1,-3,\r\n"), "{text}");
    for line in text.lines().skip(1) {
        assert!(line.trim_start_matches('"').starts_with('\'') || line.starts_with("return"), "{line:?}");
    }
}

/// An apostrophe that was there is told from one that was put there.
#[test]
fn apostrophes_come_back_as_they_were() {
    let texts = ["'@", "''=1", "'", "''", "=1", "'a"];
    let columns = vec![column("text", Kind::Text)];
    let rows = texts.iter().map(|text| vec![Value::Text((*text).to_owned())]).collect();
    let mut out = Vec::new();
    csv(&Table { title: String::new(), notes: Vec::new(), columns, rows, chart: None }, &mut out).unwrap();
    let (_, rows) = back(&out);
    assert_eq!(rows, texts.map(|text| vec![Cell::Text(text.to_owned())]));
}

proptest! {
    /// What was written as text is read as the same text, whatever it is.
    #[test]
    fn text_survives_both_forms(texts in proptest::collection::vec("[^\u{0}-\u{1f}\u{7f}-\u{9f}\u{fffd}\u{fffe}\u{ffff}]{1,40}", 1..8)) {
        let columns = vec![column("n", Kind::Integer), column("text", Kind::Text)];
        let rows = texts.iter().map(|text| vec![Value::Integer(1), Value::Text(text.clone())]).collect();
        let table = Table { title: "t".to_owned(), notes: Vec::new(), columns, rows, chart: None };
        let (mut one, mut other) = (Vec::new(), Vec::new());
        csv(&table, &mut one).unwrap();
        xlsx(&table, &mut other).unwrap();
        for (form, bytes) in [("csv", one), ("xlsx", other)] {
            let (_, rows) = back(&bytes);
            for (row, text) in rows.iter().zip(&texts) {
                let cell = row.get(1).cloned().unwrap_or_default();
                let got = match &cell { Cell::Text(got) => got.as_str(), _ => "" };
                prop_assert_eq!(got.trim(), text.trim(), "{}", form);
            }
        }
    }
}
