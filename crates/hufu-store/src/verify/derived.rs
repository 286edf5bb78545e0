//! The database file, its schema, and what is derived from the rows.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::report::{LedgerReport, What};
use super::rows::readable;
use crate::cell::Columns;
use crate::error::{ErrorKind, Result};
use crate::rollup::{self, Figures};
use crate::schema::Form;

/// Checks the file's structure, that indexes agree with their tables, and that there is no table, index, trigger or view
/// but those of the schema: a trigger could alter what is written from now on.
pub(super) fn schema(form: &Form, connection: &Connection, report: &mut LedgerReport) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|line| line != "ok") {
        report.add(What::Damaged, "database", String::new(), None, line);
    }
    let fresh = Connection::open_in_memory()?;
    crate::schema::apply(&fresh, form.steps, 0)?;
    let (expected, mut found) = (objects(&fresh)?, objects(connection)?);
    for (name, sql) in expected {
        match found.remove(&name) {
            Some(other) if other == sql => {}
            Some(_) => {
                let message = "its definition is not that of the schema".to_owned();
                report.add(What::Damaged, "schema", name, None, message);
            }
            None => report.add(What::Damaged, "schema", name, None, "it is not there".to_owned()),
        }
    }
    steps(&fresh, connection, report)?;
    for name in found.into_keys() {
        let message = "the schema has no such table, index, trigger or view".to_owned();
        report.add(What::Damaged, "schema", name, None, message);
    }
    Ok(())
}

/// Compares the record of schema steps with the steps this program has; when each was applied is not compared.
fn steps(fresh: &Connection, connection: &Connection, report: &mut LedgerReport) -> Result<()> {
    let read = |connection: &Connection| -> Result<BTreeMap<String, String>> {
        let sql = "SELECT CAST(version AS TEXT), quote(version) || quote(name) FROM schema_step";
        let mut statement = connection.prepare(sql)?;
        let found = statement.query_map([], |row| Ok((readable(row.get_ref(0)?), readable(row.get_ref(1)?))))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    };
    let mut found = read(connection)?;
    let mut differs = |what, version, message: &str| {
        report.add(what, "schema_step", version, None, message.to_owned());
    };
    for (version, step) in read(fresh)? {
        match found.remove(&version) {
            Some(other) if other == step => {}
            Some(_) => differs(What::Altered, version, "it is not the step of this program"),
            None => differs(What::Removed, version, "the step was applied and is not recorded"),
        }
    }
    for version in found.into_keys() {
        differs(What::Inserted, version, "this program has no such step");
    }
    Ok(())
}

/// Everything the schema consists of: kind and name, and its SQL. What SQLite keeps for itself is left out.
fn objects(connection: &Connection) -> Result<BTreeMap<String, String>> {
    let sql =
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Compares the totals with what the certificates add up to.
pub(super) fn totals(connection: &Connection, report: &mut LedgerReport) -> Result<()> {
    let mut expected = match rollup::recomputed(connection) {
        Ok(expected) => expected,
        Err(e) if matches!(e.kind(), ErrorKind::Corrupt { .. }) => {
            // The row is named by its digest; no total can be told right or wrong until it is repaired.
            let message = format!("the totals cannot be computed again: {e}");
            report.add(What::Damaged, TOTALS, String::new(), None, message);
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    let mut statement = connection.prepare(rollup::ALL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let found = rollup::row(&mut Columns::new(row, TOTALS));
        let (what, message) = match found {
            Err(e) => (What::Altered, e.to_string()),
            Ok((delta, figures)) => match expected.remove(&delta) {
                Some(right) if right == figures => continue,
                Some(right) => (What::Altered, format!("it says {figures:?} but the certificates add up to {right:?}")),
                // A total of nothing says nothing.
                None if figures == Figures::default() => continue,
                None => (What::Inserted, "no certificate belongs to this total".to_owned()),
            },
        };
        let key = (0..KEY).map(|n| row.get_ref(n).map(readable)).collect::<rusqlite::Result<Vec<_>>>()?;
        report.add(what, TOTALS, key.join("/"), None, message);
    }
    for (d, figures) in expected {
        let days = format!("{}/{}", d.event_day.number(), d.recorded_day.number());
        let kind = d.holder_kind.map_or(rollup::UNKNOWN, |kind| kind.code());
        let medium = d.medium.map_or(rollup::UNKNOWN, |medium| medium.code());
        let rest = format!("{}/{}/{kind}/{}/{medium}", d.algorithm, d.profile, d.reason);
        let message = format!("the total is not there; the certificates add up to {figures:?}");
        report.add(What::Removed, TOTALS, format!("{}/{days}/{rest}", d.org), None, message);
    }
    Ok(())
}

/// The table of the totals.
const TOTALS: &str = "rollup";

/// How many columns its key has.
const KEY: usize = 8;
