//! The schema and its steps.
//!
//! A step that was released is never edited; a change is another step at the end of the list. Making a new database and
//! upgrading an old one run the same steps, so both have the same schema.

use hufu_model::time::Instant;
use rusqlite::Connection;

use crate::cell::{Cell, execute};
use crate::error::Result;

/// One step, in force for ever.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Every step, oldest first. A database's schema version is how many of them it has.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "initial", sql: include_str!("schema/0001_initial.sql") },
    Step { name: "life", sql: include_str!("schema/0002_life.sql") },
];

/// The schema version this program needs.
pub(crate) fn latest() -> u32 {
    count(STEPS)
}

fn count(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// The schema version of a database.
pub(crate) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Applies the steps that a database of version `from` lacks; returns how many. Must run inside a transaction, so that
/// a step that fails leaves the database as it was.
pub(crate) fn apply(connection: &Connection, steps: &[Step], from: u32) -> Result<u32> {
    apply_at(connection, steps, from, Instant::from_unix_seconds(0))
}

/// As [`apply`], recording when.
pub(crate) fn apply_at(connection: &Connection, steps: &[Step], from: u32, now: Instant) -> Result<u32> {
    let mut version = from;
    for step in steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        version += 1;
        connection.execute_batch(step.sql)?;
        let cells = [Cell::Int(version.into()), Cell::text(step.name), Cell::Int(now.unix_seconds())];
        execute(connection, "INSERT INTO schema_step (version, name, at) VALUES (?, ?, ?)", &cells)?;
    }
    connection.pragma_update(None, "user_version", version)?;
    Ok(version - from)
}
