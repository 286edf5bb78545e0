//! A report as CSV and as a workbook: what people open in a spreadsheet.

use hufu_authority::report::{Kind, Report, Table, Value};
use hufu_authority::sheet::write::{self, ChartForm, Series};
use hufu_authority::sheet::{Column, Kind as CellKind, Table as Sheet, Value as Cell};

use super::document::fraction;
use super::picture::{self, Form, Picture};
use super::words::Words;
use crate::error::Result;

/// The first table as CSV. Its headings are stable names and its codes codes, so that programs read it in any language; a
/// name has two columns.
pub(super) fn csv(report: &Report) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let sheet = report.tables.first().map(plain);
    let empty =
        || Sheet { title: String::new(), notes: Vec::new(), columns: Vec::new(), rows: Vec::new(), chart: None };
    write::csv(&sheet.unwrap_or_else(empty), &mut bytes).map_err(hufu_authority::Error::from)?;
    Ok(bytes)
}

fn plain(table: &Table) -> Sheet {
    let column = |name: &str, kind| Column { title: name.to_owned(), kind };
    let columns = table.columns.iter().flat_map(|c| match c.kind {
        Kind::Name => vec![column(c.name, CellKind::Text), column(&format!("{}_en", c.name), CellKind::Text)],
        kind => vec![column(c.name, cell_kind(kind))],
    });
    let rows = table.rows.iter().map(|row| {
        let cells = table.columns.iter().zip(&row.values).flat_map(|(c, value)| match (c.kind, value) {
            (_, Value::Name { zh, en }) => vec![Cell::Text(zh.clone()), Cell::Text(en.clone())],
            (Kind::Name, _) => vec![Cell::Empty, Cell::Empty],
            (_, Value::Code(code)) => vec![Cell::Text(code.clone())],
            (_, value) => vec![typed(value)],
        });
        cells.collect()
    });
    Sheet { title: String::new(), notes: Vec::new(), columns: columns.collect(), rows: rows.collect(), chart: None }
}

/// Every table as a sheet of a workbook, with its picture beside it, and below it what it is about and how it was counted.
pub(super) fn xlsx(report: &Report, words: Words) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let sheets: Vec<Sheet> = report.tables.iter().map(|table| spoken(report, table, words)).collect();
    write::workbook(&sheets, &mut bytes).map_err(hufu_authority::Error::from)?;
    Ok(bytes)
}

fn spoken(report: &Report, table: &Table, words: Words) -> Sheet {
    let columns = table.columns.iter().map(|c| Column { title: words.caption(c.name), kind: cell_kind(c.kind) });
    let rows = table.rows.iter().map(|row| {
        let cells = table.columns.iter().zip(&row.values).enumerate().map(|(place, (c, value))| match value {
            Value::Name { .. } | Value::Code(_) => {
                // Full-width spaces: a spreadsheet shows them, and the tree stays when the sheet is sorted back.
                let indent = if place == 0 { "\u{3000}".repeat(row.depth) } else { String::new() };
                Cell::Text(format!("{indent}{}", words.value(value, c.kind)))
            }
            value => typed(value),
        });
        cells.collect()
    });
    Sheet {
        title: words.table(table),
        notes: words.notes(report),
        columns: columns.collect(),
        rows: rows.collect(),
        chart: picture::of(report, table, words).map(chart),
    }
}

const fn cell_kind(kind: Kind) -> CellKind {
    match kind {
        Kind::Name | Kind::Code(_) | Kind::Text | Kind::Identifier | Kind::Month => CellKind::Text,
        Kind::Count => CellKind::Integer,
        Kind::Share | Kind::Growth => CellKind::Share,
        Kind::Day => CellKind::Day,
        Kind::Moment => CellKind::Moment,
    }
}

/// A value as a cell of its type; the words are put in before.
fn typed(value: &Value) -> Cell {
    match value {
        Value::Empty => Cell::Empty,
        Value::Name { zh: text, .. } | Value::Code(text) | Value::Text(text) => Cell::Text(text.clone()),
        Value::Count(n) => Cell::Integer(*n),
        Value::Share(parts) => Cell::Share(fraction(*parts)),
        Value::Growth(growth) => growth.per_ten_thousand().map_or(Cell::Empty, |parts| Cell::Share(fraction(parts))),
        Value::Day(day) => Cell::Day(*day),
        Value::Month(day) => Cell::Text(super::words::month(*day)),
        Value::Moment(at) => Cell::Moment(*at),
    }
}

fn chart(picture: Picture) -> write::Chart {
    #[allow(clippy::cast_precision_loss)] // A spreadsheet has no other numbers; counts are far below 2^53.
    let number = |n: i64| if picture.share { fraction(n) } else { n as f64 };
    write::Chart {
        title: picture.title,
        form: match picture.form {
            // A spreadsheet draws no rectangles in rectangles that its old versions could show.
            Form::Bars | Form::TreeMap => ChartForm::Bars,
            Form::Stacked => ChartForm::Stacked,
            Form::Columns => ChartForm::Columns,
            Form::Line => ChartForm::Line,
        },
        names: picture.names,
        series: picture
            .series
            .into_iter()
            .map(|s| Series { name: s.name, values: s.values.into_iter().map(|v| v.map(number)).collect() })
            .collect(),
        share: picture.share,
    }
}
