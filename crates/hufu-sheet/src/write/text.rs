//! CSV: RFC 4180 in UTF-8 with a mark, by which spreadsheets know it.

use std::io::Write;

use crate::error::{Error, Result};
use crate::write::{Column, Table, Value, guards};

/// The mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes CSV row by row; one row is in memory. CSV has no types: text that a spreadsheet would run as a formula gets an
/// apostrophe in front, which reading takes away again.
pub struct CsvWriter<W: Write> {
    writer: csv::Writer<W>,
    columns: usize,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the mark of UTF-8 and the heading.
    ///
    /// # Errors
    /// Output errors.
    pub fn new(mut out: W, columns: &[Column]) -> Result<Self> {
        out.write_all(MARK)?;
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(columns.iter().map(|c| guarded(&c.title))).map_err(failed)?;
        Ok(Self { writer, columns: columns.len() })
    }

    /// Writes a row; one that is too short is filled with nothing.
    ///
    /// # Errors
    /// Output errors.
    pub fn row(&mut self, values: &[Value]) -> Result<()> {
        let cells = (0..self.columns).map(|i| values.get(i).map_or_else(String::new, text));
        self.writer.write_record(cells).map_err(failed)
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// Output errors.
    pub fn finish(mut self) -> Result<()> {
        Ok(self.writer.flush()?)
    }
}

/// Writes a table as CSV, as [`CsvWriter`] does.
///
/// # Errors
/// Output errors.
pub fn csv(table: &Table, out: impl Write) -> Result<()> {
    let mut writer = CsvWriter::new(out, &table.columns)?;
    table.rows.iter().try_for_each(|row| writer.row(row))?;
    writer.finish()
}

fn failed(e: csv::Error) -> Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) => e.into(),
        other => crate::ErrorKind::NotWritten(format!("{other:?}")).into(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => guarded(text),
        Value::Integer(n) => n.to_string(),
        Value::Share(share) => share.to_string(),
        Value::Day(day) => day.to_string(),
        Value::Moment(at) => at.to_string(),
    }
}

fn guarded(text: &str) -> String {
    if guards(text) { format!("'{text}") } else { text.to_owned() }
}
