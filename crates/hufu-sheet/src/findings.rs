//! A sheet handed back with what was found in each of its rows.

use std::io::Write;
use std::path::Path;

use crate::cell::Cell;
use crate::error::Result;
use crate::limits::Limits;
use crate::read::{Row, Sheet};
use crate::write::{Column, CsvWriter, Kind, Table, Value, xlsx};

/// What a sheet with findings is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingsForm {
    /// A workbook. The whole sheet is in memory.
    Xlsx,
    /// CSV. One row is in memory.
    Csv,
}

/// Writes the rows of the sheet at `path`, in their order and with their values, and one more column in front, called
/// `title`, that says what was found in each: `found` is asked by the row's number, upwards. Every value is text there:
/// what a person typed comes back as typed, and runs nothing. A column of that title in the source, from an earlier round,
/// is left out.
///
/// # Errors
/// As [`Sheet::open`] and [`xlsx`]; output errors.
pub fn annotate(
    path: &Path,
    limits: Limits,
    title: &str,
    mut found: impl FnMut(u32) -> Option<String>,
    form: FindingsForm,
    out: impl Write + Send,
) -> Result<()> {
    let mut sheet = Sheet::open(path, limits)?;
    let column = |title: &str| Column { title: title.to_owned(), kind: Kind::Text };
    let kept: Vec<usize> =
        (0..sheet.heading().len()).filter(|i| sheet.heading().get(*i).is_none_or(|name| name != title)).collect();
    // First, where it is seen without scrolling.
    let mut columns = vec![column(title)];
    columns.extend(kept.iter().filter_map(|i| sheet.heading().get(*i)).map(|name| column(name)));
    let mut values = |row: &Row| {
        let mut values = vec![found(row.number).map_or(Value::Empty, Value::Text)];
        values.extend(kept.iter().map(|i| value(row.cell(*i))));
        values
    };
    match form {
        FindingsForm::Xlsx => {
            let mut rows = Vec::new();
            while let Some(row) = sheet.next_row()? {
                rows.push(values(&row));
            }
            xlsx(&Table { title: title.to_owned(), notes: Vec::new(), columns, rows, chart: None }, out)
        }
        FindingsForm::Csv => {
            let mut writer = CsvWriter::new(out, &columns)?;
            while let Some(row) = sheet.next_row()? {
                writer.row(&values(&row))?;
            }
            writer.finish()
        }
    }
}

/// Writes a sheet of what was found in a source that is none: a row each, of texts, in their order.
///
/// # Errors
/// As [`xlsx`]; output errors.
pub fn list<const N: usize>(
    title: &str,
    columns: [&str; N],
    found: impl Iterator<Item = [String; N]>,
    form: FindingsForm,
    out: impl Write + Send,
) -> Result<()> {
    let columns = columns.map(|title| Column { title: title.to_owned(), kind: Kind::Text }).to_vec();
    let mut rows = found.map(|row| row.map(Value::Text).to_vec());
    match form {
        FindingsForm::Xlsx => {
            let rows = rows.collect();
            xlsx(&Table { title: title.to_owned(), notes: Vec::new(), columns, rows, chart: None }, out)
        }
        FindingsForm::Csv => {
            let mut writer = CsvWriter::new(out, &columns)?;
            rows.try_for_each(|row| writer.row(&row))?;
            writer.finish()
        }
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SOURCE: &str = "姓名,证件号码,findings\r\n张三,11010519491231002X,old\r\n\r\n=1+1,1.1E+17,\r\n李四,,x\r\n";

    fn annotated(name: &str, form: FindingsForm, source: &Path) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let out = std::fs::File::create(&path).unwrap();
        let found = |row| (row == 4).then(|| "the number was rounded; =cmd".to_owned());
        annotate(source, Limits::OFFICE, "findings", found, form, out).unwrap();
        (folder, path)
    }

    #[test]
    fn the_same_rows_come_back_with_one_more_column() {
        let desk = tempfile::tempdir().unwrap();
        let source = desk.path().join("source.csv");
        std::fs::write(&source, SOURCE).unwrap();
        for (name, form) in [("out.xlsx", FindingsForm::Xlsx), ("out.csv", FindingsForm::Csv)] {
            let (_folder, path) = annotated(name, form, &source);
            let mut sheet = Sheet::open(&path, Limits::OFFICE).unwrap();
            assert_eq!(sheet.heading(), ["findings", "姓名", "证件号码"], "{name}");
            let mut rows = Vec::new();
            while let Some(row) = sheet.next_row().unwrap() {
                rows.push(row.cells);
            }
            let text = |text: &str| Cell::Text(text.to_owned());
            assert_eq!(
                rows,
                [
                    vec![Cell::Empty, text("张三"), text("11010519491231002X")],
                    vec![text("the number was rounded; =cmd"), text("=1+1"), text("1.1E+17")],
                    vec![Cell::Empty, text("李四")],
                ],
                "{name}"
            );
        }
        // What could run has its apostrophe in the file itself.
        let (_folder, path) = annotated("out.csv", FindingsForm::Csv, &source);
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written.starts_with('\u{feff}') && written.contains(",'=1+1,"), "{written}");
        // A workbook as the source: numbers and dates come back as a person reads them.
        let (_folder, book) = annotated("again.xlsx", FindingsForm::Xlsx, &source);
        let (_folder, path) = annotated("third.xlsx", FindingsForm::Xlsx, &book);
        let mut sheet = Sheet::open(&path, Limits::OFFICE).unwrap();
        assert_eq!(sheet.heading(), ["findings", "姓名", "证件号码"]);
        assert_eq!(sheet.next_row().unwrap().unwrap().cells[1], Cell::Text("张三".to_owned()));
    }

    #[test]
    fn a_source_that_is_no_sheet_has_its_findings_listed() {
        let desk = tempfile::tempdir().unwrap();
        for (name, form) in [("list.xlsx", FindingsForm::Xlsx), ("list.csv", FindingsForm::Csv)] {
            let path = desk.path().join(name);
            let found = [["a/b.pem#2", "x509.pem-form", "=damaged"], ["c.cer", "x509.legacy", "none"]];
            let found = found.into_iter().map(|row| row.map(str::to_owned));
            let out = std::fs::File::create(&path).unwrap();
            list("findings", ["place", "code", "finding"], found, form, out).unwrap();
            let mut sheet = Sheet::open(&path, Limits::OFFICE).unwrap();
            assert_eq!(sheet.heading(), ["place", "code", "finding"]);
            assert_eq!(sheet.next_row().unwrap().unwrap().cells[2], Cell::Text("=damaged".to_owned()));
            assert!(sheet.next_row().unwrap().is_some() && sheet.next_row().unwrap().is_none());
        }
    }

    #[test]
    fn what_was_not_taken_is_shown_by_its_code() {
        assert_eq!(value(&Cell::Refused(crate::Fault::Formula)), Value::Text("#sheet.formula".to_owned()));
        assert_eq!(value(&Cell::Number(1.5)), Value::Text("1.5".to_owned()));
    }
}
