//! The schema and its steps.
//!
//! A step that was released is never edited; a change is another step at the end of the list. Making a new database and
//! upgrading an old one run the same steps, so both have the same schema.

use hufu_model::time::Instant;
use rusqlite::Connection;

use crate::cell::{Cell, execute};
use crate::covered::{COVERED, Covered, VAULT_COVERED};
use crate::error::Result;

/// One step, in force for ever.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// The first step of a database: the ledger, and what is this database's own.
macro_rules! initial {
    ($own:literal) => {
        Step { name: "initial", sql: concat!(include_str!("schema/ledger.sql"), "\n", include_str!($own)) }
    };
}

/// Every step, oldest first. A database's schema version is how many of them it has.
pub(crate) const STEPS: &[Step] = &[
    initial!("schema/0001_initial.sql"),
    Step { name: "life", sql: include_str!("schema/0002_life.sql") },
    Step { name: "inventory", sql: include_str!("schema/0003_inventory.sql") },
];

/// Every step of the key centre's vault, oldest first.
pub(crate) const VAULT_STEPS: &[Step] = &[initial!("schema/vault/0001_initial.sql")];

/// A kind of database file: what tells it from others, and what is in it.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// The mark in the file's header.
    pub(crate) application_id: i32,
    pub(crate) steps: &'static [Step],
    /// The tables that the ledger covers.
    pub(crate) covered: &'static [Covered],
    /// Whether it keeps totals beside its rows.
    pub(crate) totals: bool,
}

/// An authority's database: "HUFU".
pub(crate) const HOME: Form = Form { application_id: 0x4855_4655, steps: STEPS, covered: COVERED, totals: true };

/// The key centre's vault: "HUFK". Neither file opens as the other.
pub(crate) const VAULT: Form =
    Form { application_id: 0x4855_464b, steps: VAULT_STEPS, covered: VAULT_COVERED, totals: false };

impl Form {
    /// The schema version this program needs.
    pub(crate) fn latest(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }
}

/// The schema version of an authority's database that this program needs.
#[cfg(test)]
pub(crate) fn latest() -> u32 {
    HOME.latest()
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
