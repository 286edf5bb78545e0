//! The database file, its schema, and what is derived from the rows.

use std::collections::BTreeMap;

use hufu_model::count::{Counted, Group};
use rusqlite::Connection;

use super::report::{LedgerReport, What};
use super::rows::readable;
use crate::cell::Columns;
use crate::error::{ErrorKind, Result};
use crate::rollup::{self, DAY, GROUPS, Key, Recomputed, SPANS, Span};
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
    let Recomputed { groups, days } = match rollup::recomputed(connection) {
        Ok(expected) => expected,
        Err(e) if matches!(e.kind(), ErrorKind::Corrupt { .. }) => {
            // The row is named by its digest; no total can be told right or wrong until it is repaired.
            let message = format!("the totals cannot be computed again: {e}");
            report.add(What::Damaged, DAY.table, String::new(), None, message);
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    let Some(numbers) = self::groups(connection, &groups, report)? else { return Ok(()) };
    // The numbers under which the groups are stored take the place of those they were recomputed under.
    let days: BTreeMap<Key, Counted> = days
        .into_iter()
        .filter_map(|((happened, group, recorded), c)| Some(((happened, *numbers.get(&group)?, recorded), c)))
        .collect();
    for span in &SPANS {
        compare(connection, span, span.fold(&days), report)?;
    }
    Ok(())
}

/// Compares the groups with those that certificates belong to; gives the number under which each is stored by the number
/// under which it was recomputed. None when they differ: no total can be told right or wrong then.
fn groups(
    connection: &Connection,
    expected: &BTreeMap<Group, i64>,
    report: &mut LedgerReport,
) -> Result<Option<BTreeMap<i64, i64>>> {
    let mut numbers = BTreeMap::new();
    let mut missing: BTreeMap<&Group, i64> = expected.iter().map(|(group, number)| (group, *number)).collect();
    let mut differs = |what, key, message: &str| report.add(what, GROUPS, key, None, message.to_owned());
    let mut wrong = false;
    let mut statement = connection.prepare(rollup::ALL_GROUPS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = readable(row.get_ref(0)?);
        let found = rollup::group_row(&mut Columns::new(row, GROUPS));
        match found.map(|(id, group)| (id, missing.remove(&group))) {
            Ok((id, Some(number))) => {
                numbers.insert(number, id);
            }
            Ok((_, None)) => {
                differs(What::Inserted, key, "no certificate belongs to this group of totals");
                wrong = true;
            }
            Err(e) => {
                differs(What::Altered, key, &e.to_string());
                wrong = true;
            }
        }
    }
    if !missing.is_empty() {
        // The totals still have the numbers of those that are gone.
        const GONE: &str = "SELECT DISTINCT group_id FROM rollup_year \
                            WHERE NOT EXISTS (SELECT 1 FROM rollup_group AS g WHERE g.id = rollup_year.group_id)";
        let names: Vec<String> = missing.into_keys().map(|group| format!("{group:?}")).collect();
        let message = format!("certificates belong to groups of totals that are not there: {}", names.join(", "));
        let mut statement = connection.prepare(GONE)?;
        let mut rows = statement.query([])?;
        let mut named = false;
        while let Some(row) = rows.next()? {
            differs(What::Removed, readable(row.get_ref(0)?), &message);
            named = true;
        }
        if !named {
            differs(What::Removed, String::new(), &message);
        }
        return Ok(None);
    }
    const UNUSED: &str = "SELECT id FROM rollup_group AS g \
                          WHERE NOT EXISTS (SELECT 1 FROM rollup_year AS t WHERE t.group_id = g.id)";
    let mut statement = connection.prepare(UNUSED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        differs(What::Altered, readable(row.get_ref(0)?), "there are no totals under the number of this group");
    }
    Ok((!wrong).then_some(numbers))
}

/// Compares the totals over one kind of span.
fn compare(
    connection: &Connection,
    span: &Span,
    mut expected: BTreeMap<Key, Counted>,
    report: &mut LedgerReport,
) -> Result<()> {
    let mut statement = connection.prepare(span.all)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (what, message) = match rollup::row(&mut Columns::new(row, span.table)) {
            Err(e) => (What::Altered, e.to_string()),
            Ok((key, counted)) => match expected.remove(&key) {
                Some(right) if right == counted => continue,
                Some(right) => (What::Altered, format!("it says {counted:?} but the certificates add up to {right:?}")),
                // A total of nothing says nothing.
                None if counted.is_nothing() => continue,
                None => (What::Inserted, "no certificate belongs to this total".to_owned()),
            },
        };
        let key = span.key.iter().map(|n| row.get_ref(*n).map(readable)).collect::<rusqlite::Result<Vec<_>>>()?;
        report.add(what, span.table, key.join("/"), None, message);
    }
    for ((happened, group, recorded), counted) in expected {
        let columns = [happened.number(), group, recorded.number()];
        let key = span.key.iter().filter_map(|n| columns.get(*n)).map(i64::to_string).collect::<Vec<_>>().join("/");
        let message = format!("the total is not there; the certificates add up to {counted:?}");
        report.add(What::Removed, span.table, key, None, message);
    }
    Ok(())
}
