//! A sheet handed back with what was wrong in each of its rows.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crate::cell::Cell;
use crate::error::Result;
use crate::limits::Limits;
use crate::read::Sheet;
use crate::write::{Column, Kind, Table, Value, xlsx};

/// What was found, by the row's number.
pub type Findings = BTreeMap<u32, String>;

/// Writes a workbook with the rows of the sheet at `path`, in their order and with their values, and one more column,
/// called `title`, that says what was found in each. Every value is text there: what a person typed comes back as typed.
///
/// # Errors
/// As [`Sheet::open`] and [`xlsx`].
pub fn annotate(path: &Path, limits: Limits, title: &str, findings: &Findings, out: impl Write + Send) -> Result<()> {
    let mut sheet = Sheet::open(path, limits)?;
    let column = |title: &str| Column { title: title.to_owned(), kind: Kind::Text };
    // First, where it is seen without scrolling.
    let mut columns = vec![column(title)];
    // What an earlier round found is not carried along.
    let kept: Vec<usize> =
        (0..sheet.heading().len()).filter(|i| sheet.heading().get(*i).is_none_or(|n| n != title)).collect();
    columns.extend(kept.iter().filter_map(|i| sheet.heading().get(*i)).map(|name| column(name)));
    let mut rows = Vec::new();
    while let Some(row) = sheet.next_row()? {
        let found = findings.get(&row.number).map_or(Value::Empty, |text| Value::Text(text.clone()));
        let mut values = vec![found];
        values.extend(kept.iter().map(|i| value(row.cell(*i))));
        rows.push(values);
    }
    let table = Table { title: title.to_owned(), notes: Vec::new(), columns, rows, chart: None };
    xlsx(&table, out)
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Empty,
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Number(n) => Value::Text(n.to_string()),
        other => match other.text() {
            Ok(text) => Value::Text(text.into_owned()),
            Err(fault) => Value::Text(format!("#{}", fault.code())),
        },
    }
}
