//! CSV: RFC 4180 in UTF-8 with a mark, by which spreadsheets know it.

use std::io::Write;

use crate::error::{Error, Result};
use crate::write::{Table, Value, guards};

/// The mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes a table as CSV. CSV has no types: text that a spreadsheet would run as a formula gets an apostrophe in front,
/// which reading takes away again.
///
/// # Errors
/// Output errors.
pub fn csv(table: &Table, mut out: impl Write) -> Result<()> {
    out.write_all(MARK)?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let failed = |e: csv::Error| match e.into_kind() {
        csv::ErrorKind::Io(e) => Error::from(e),
        other => Error::from(crate::ErrorKind::NotWritten(format!("{other:?}"))),
    };
    writer.write_record(table.columns.iter().map(|c| guarded(&c.title))).map_err(failed)?;
    for row in &table.rows {
        let cells = (0..table.columns.len()).map(|i| row.get(i).map_or_else(String::new, text));
        writer.write_record(cells).map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
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
