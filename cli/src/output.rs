//! What is printed on standard output: one document, in the form asked for. Everything else goes to standard error.
//!
//! JSON documents carry `"schema": "hufu/1"` and `"type"`; a list has its rows in `"items"`. The names in JSON and the
//! heads of CSV are stable and English; the table for people is in the language of the run.

use std::io::{self, Write};
use std::path::Path;

use hufu_authority::data::{Lang, message};
use serde_json::{Map, Value, json};

use crate::args::Format;
use crate::error::{Error, Result, clean};
use crate::lines;

pub(crate) mod table;

use table::Column;

/// The version of every JSON document.
pub(crate) const SCHEMA: &str = "hufu/1";

/// One row: names and values in their order.
pub(crate) type Row = Map<String, Value>;

/// A row from its pairs.
pub(crate) fn row<const N: usize>(pairs: [(&str, Value); N]) -> Row {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// A printer for one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// The form.
    pub(crate) format: Format,
    /// The language of tables.
    pub(crate) lang: Lang,
    /// Whether nothing is said beside the output.
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints a list. `columns` are those a table shows; the other forms have every value but nested ones in CSV.
    pub(crate) fn list(&self, kind: &str, columns: &[&str], rows: Vec<Row>) -> Result<()> {
        let text = match self.format {
            Format::Table if rows.is_empty() && !self.quiet => {
                let _ = writeln!(anstream::stderr().lock(), "{}", self.word("note-none", "-"));
                return Ok(());
            }
            Format::Table => self.table(columns, &rows),
            Format::Json => pretty(&json!({ "schema": SCHEMA, "type": kind, "items": rows })),
            Format::Ndjson => {
                let one = kind.strip_suffix("-list").unwrap_or(kind);
                rows.into_iter().map(|r| compact(&head(one, r))).collect()
            }
            Format::Csv => csv(columns, &rows),
            Format::Xlsx | Format::Html => return Err(self.of_reports()),
        };
        print(text.as_bytes())
    }

    /// Prints one thing: as names and values for people, as one document or row otherwise.
    pub(crate) fn one(&self, kind: &str, row: Row) -> Result<()> {
        let text = match self.format {
            Format::Table => self.sheet(&row),
            Format::Json => pretty(&head(kind, row)),
            Format::Ndjson => compact(&head(kind, row)),
            Format::Csv => {
                // A PEM text has many lines, and begins with what a spreadsheet takes for a formula.
                let plain = row.iter().filter(|(k, v)| is_plain(v) && *k != "pem");
                let columns: Vec<&str> = plain.map(|(k, _)| k.as_str()).collect();
                csv(&columns, std::slice::from_ref(&row))
            }
            Format::Xlsx | Format::Html => return Err(self.of_reports()),
        };
        print(text.as_bytes())
    }

    /// Workbooks and pages are forms of reports.
    pub(crate) fn of_reports(&self) -> Error {
        Error::own("cli.output-form", vec![("format", self.format.code().to_owned())])
    }

    fn table(&self, columns: &[&str], rows: &[Row]) -> String {
        let heads: Vec<Column> = columns
            .iter()
            .map(|name| Column {
                heading: self.heading(name),
                numeric: rows.iter().any(|r| r.get(*name).is_some_and(Value::is_number)),
                may_be_cut: matches!(*name, "name" | "title"),
            })
            .collect();
        let cell = |row: &Row, name: &str| row.get(name).map_or_else(String::new, |v| self.cell(name, v));
        let cells: Vec<Vec<String>> =
            rows.iter().map(|r| columns.iter().map(|c| cell(r, c).replace('\n', " ")).collect()).collect();
        table::list(&heads, &cells, lines::terminal(&io::stdout()))
    }

    fn sheet(&self, row: &Row) -> String {
        let mut pairs = Vec::new();
        let mut below = String::new();
        for (name, value) in row {
            match value {
                Value::Null => {}
                Value::String(text) if text.is_empty() => {}
                Value::Array(items) if items.is_empty() => {}
                Value::Array(items) if items.iter().all(Value::is_object) => {
                    let rows: Vec<Row> = items.iter().filter_map(|i| i.as_object().cloned()).collect();
                    let columns: Vec<&str> =
                        rows.first().map(|r| r.keys().map(String::as_str).collect()).unwrap_or_default();
                    below.push_str(&format!("\n{}\n{}", self.heading(name), self.table(&columns, &rows)));
                }
                Value::Object(inner) if matches!(name.as_str(), "public" | "personal") => {
                    pairs.extend(inner.iter().map(|(k, v)| (self.heading(k), self.cell(k, v))));
                }
                Value::String(text) if text.contains('\n') => below.push_str(text),
                _ => pairs.push((self.heading(name), self.cell(name, value))),
            }
        }
        format!("{}{below}", table::sheet(&pairs, lines::terminal(&io::stdout())))
    }

    fn heading(&self, name: &str) -> String {
        let field = || message(self.lang, &format!("field-{name}")).unwrap_or(name).to_uppercase();
        message(self.lang, &format!("col-{name}")).map_or_else(field, str::to_owned)
    }

    /// A value as a person reads it: codes become words, lists lose their brackets.
    fn cell(&self, name: &str, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::Bool(true) => self.word("label-yes", "yes"),
            Value::Bool(false) => self.word("label-no", "no"),
            Value::Number(n) => n.to_string(),
            Value::String(text) => self.label(name, text),
            Value::Array(items) => {
                let between = if name == "chain" { " ← " } else { " " };
                items.iter().map(|i| self.cell(name, i)).collect::<Vec<_>>().join(between)
            }
            Value::Object(inner) => {
                let pairs = inner.iter().map(|(k, v)| format!("{}={}", self.heading(k), self.cell(k, v)));
                pairs.collect::<Vec<_>>().join(" ")
            }
        }
    }

    fn label(&self, name: &str, text: &str) -> String {
        // `roles` holds what `role` names.
        let name = name.strip_suffix('s').filter(|_| name == "roles").unwrap_or(name);
        message(self.lang, &format!("label-{name}-{text}")).map_or_else(|| clean(text), str::to_owned)
    }

    fn word(&self, key: &str, fallback: &str) -> String {
        message(self.lang, key).unwrap_or(fallback).to_owned()
    }
}

/// Writes bytes to standard output.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|e| Error::write(Path::new("-"), e))
}

/// Makes a folder that only its owner may enter, and those above it; one that is there already stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| Error::write(path, e))
}

/// Writes bytes to a file that must not exist yet, or to standard output for `-`.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if path.as_os_str() == "-" {
        return print(bytes);
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(|e| Error::write(path, e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| Error::write(path, e))
}

fn head(kind: &str, row: Row) -> Value {
    let mut document = Map::new();
    document.insert("schema".to_owned(), SCHEMA.into());
    document.insert("type".to_owned(), kind.into());
    document.extend(row);
    Value::Object(document)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn compact(value: &Value) -> String {
    format!("{value}\n")
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Object(_)) && !matches!(value, Value::Array(items) if items.iter().any(Value::is_object))
}

/// RFC 4180, UTF-8. A cell that a spreadsheet would run as a formula gets an apostrophe in front.
fn csv(columns: &[&str], rows: &[Row]) -> String {
    let mut out = columns.join(",");
    out.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|c| row.get(*c).map_or_else(String::new, csv_cell)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

fn csv_cell(value: &Value) -> String {
    let plain = |v: &Value| match v {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut text = match value {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => plain(other),
    };
    if value.is_string() && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn output() -> Output {
        Output { format: Format::Table, lang: Lang::Zh, quiet: false }
    }

    #[test]
    fn tables_speak_the_language_of_the_run() {
        let rows = vec![row([("id", "lra-chengdu".into()), ("kind", "municipal-lra".into()), ("issued", 7.into())])];
        let text = output().table(&["id", "kind", "issued"], &rows);
        assert!(text.contains("lra-chengdu") && text.contains(message(Lang::Zh, "label-kind-municipal-lra").unwrap()));
        assert!(!text.contains("municipal-lra"), "{text}");
    }

    #[test]
    fn csv_is_quoted_and_never_a_formula() {
        let rows =
            vec![row([("a", "=1+1".into()), ("b", "x,\"y\"".into()), ("c", (-3).into()), ("d", json!(["p", "q"]))])];
        assert_eq!(csv(&["a", "b", "c", "d", "e"], &rows), "a,b,c,d,e\r\n'=1+1,\"x,\"\"y\"\"\",-3,p q,\r\n");
    }

    #[test]
    fn json_has_schema_and_type_first() {
        let text = compact(&head("organisation", row([("id", "ca".into()), ("kind", "ca".into())])));
        assert_eq!(text, "{\"schema\":\"hufu/1\",\"type\":\"organisation\",\"id\":\"ca\",\"kind\":\"ca\"}\n");
    }
}
