//! The covered rows, compared with the events that wrote them.

use hufu_model::ident::hex;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::STEP;
use super::latest::Latest;
use super::report::{LedgerReport, What};
use crate::covered::{COVERED, VAULT_COVERED, effect, key};
use crate::error::Result;
use crate::reader::value;
use crate::schema::Form;

/// How many rows the covered tables have.
pub(super) fn count(form: &Form, connection: &Connection) -> Result<u64> {
    let mut rows = 0;
    for covered in form.covered {
        let sql = format!("SELECT count(*) FROM {}", covered.table);
        rows += connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.max(0).unsigned_abs();
    }
    Ok(rows)
}

/// Compares every row of one part with what the ledger says about it.
pub(super) fn check(
    form: &Form,
    connection: &Connection,
    report: &mut LedgerReport,
    mut latest: Latest<'_>,
    progress: &dyn Fn(&'static str, u64, u64),
    of: u64,
) -> Result<()> {
    for covered in form.covered {
        let columns = covered.columns.join(", ");
        // Not through an index: it could hold what the table no longer does.
        let mut statement = connection.prepare(&format!("SELECT {columns} FROM {} NOT INDEXED", covered.table))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..covered.columns.len()).map(|n| row.get_ref(n).map(value));
            let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
            // The digest is the costly part, and this row may belong to another part.
            let Some(key) = latest.holds(covered.table, &key(covered, &values)) else {
                continue;
            };
            let effect = effect(covered, &values);
            report.rows += 1;
            if report.rows.is_multiple_of(STEP) {
                progress("rows", report.rows, of);
            }
            let found = latest.take(key);
            if found.is_some_and(|written| written.digest == effect.digest) {
                continue;
            }
            let name = key_text(covered.table, &effect.key);
            match found {
                None => {
                    let message = "no event of the ledger wrote it".to_owned();
                    report.add(What::Inserted, covered.table, name, None, message);
                }
                Some(written) => {
                    let message = format!("it is not what event {} wrote", written.event);
                    report.add(What::Altered, covered.table, name, Some(written.event), message);
                }
            }
        }
    }
    missing(connection, report, &latest)
}

/// Names the rows that the ledger knows and nobody saw.
fn missing(connection: &Connection, report: &mut LedgerReport, latest: &Latest<'_>) -> Result<()> {
    if latest.is_empty() {
        return Ok(());
    }
    super::events::read(connection, |seq, event| {
        for effect in event.effects.iter().filter(|effect| latest.misses(seq, effect)) {
            let message = format!("event {seq} wrote it and it is not there");
            report.add(What::Removed, &effect.table, key_text(&effect.table, &effect.key), Some(seq), message);
        }
    })
}

/// The primary key of a row for people, from its effect's key.
fn key_text(table: &str, key: &[u8]) -> String {
    let Some(covered) = COVERED.iter().chain(VAULT_COVERED).find(|covered| covered.table == table) else {
        return octets_text(key);
    };
    let parts = match covered.key {
        1 => vec![key],
        _ => lengths(key).unwrap_or_else(|| vec![key]),
    };
    let named = parts.into_iter().zip(covered.columns).map(|(part, column)| match <[u8; 8]>::try_from(part) {
        Ok(number) if NUMBERS.contains(column) => i64::from_be_bytes(number).to_string(),
        _ => octets_text(part),
    });
    named.collect::<Vec<_>>().join("/")
}

/// The key columns that hold numbers.
const NUMBERS: [&str; 5] = ["seq", "epoch", "number", "ca", "instance"];

/// The parts of a key of several columns, each behind its length in 4 octets.
fn lengths(mut key: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = key.split_first_chunk() {
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        parts.push(part);
        key = rest;
    }
    key.is_empty().then_some(parts)
}

/// A stored value for people.
pub(super) fn readable(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(octets) | ValueRef::Blob(octets) => octets_text(octets),
    }
}

/// Octets for people: as they are when they are printable ASCII, otherwise as hexadecimal.
fn octets_text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) => text.to_owned(),
        _ => hex(octets),
    }
}

#[cfg(test)]
mod tests {
    use hufu_ledger::Value;

    use super::*;

    #[test]
    fn keys_are_readable() {
        let key = |table: &str, values: &[Value<'_>]| {
            let covered = COVERED.iter().find(|c| c.table == table);
            let effect = covered.map(|c| effect(c, values));
            effect.map_or_else(String::new, |e| key_text(&e.table, &e.key))
        };
        assert_eq!(key("organisation", &[Value::Text(b"ra-1"), Value::Int(7)]), "ra-1/7");
        assert_eq!(key("signer", &[Value::Int(7)]), "7");
        assert_eq!(key("certificate", &[Value::Blob(&[1, 0xab])]), "01ab");
        assert_eq!(key("request", &[Value::Text("a\u{1b}".as_bytes())]), "611b");
        assert_eq!(key_text("organisation", &[0, 0, 0, 9, 1]), "0000000901");
        assert_eq!(key_text("nothing", b"x"), "x");
    }
}
