//! Verification: is everything in the database what the ledger says was written, and nothing else?
//!
//! What is checked, in one snapshot:
//! * the database file itself, and that it has exactly the tables and indexes of its schema;
//! * every event: its octets give the stored hash, its columns are what its octets say, the numbers have no gap, time
//!   never runs backwards;
//! * the tree over the events: its stored edge, and its root at the size of every checkpoint;
//! * every row of every covered table: it is, octet for octet, what the last event that wrote it says; no row is
//!   missing, none is there that no event wrote;
//! * what is derived (the roll-ups): computed again from the rows.
//!
//! What is not checked here, because this crate holds no keys: the signatures of checkpoints. Who verifies them compares
//! the signed roots with [`LedgerReport::roots`]. Only these tie the events to something outside the database: events
//! behind the last checkpoint could be replaced together with everything that follows from them.
//!
//! Rows stream past; memory is bounded (a few hundred MiB) however large the database is.

mod checkpoint;
mod derived;
mod events;
mod latest;
mod report;
mod rows;

#[cfg(test)]
mod tests;

use rusqlite::Connection;

use crate::Reader;
use crate::error::Result;
use crate::schema::{Form, HOME, VAULT};
use crate::vault::VaultReader;
use latest::{Keys, Latest};

pub use report::{Finding, LedgerReport, What};

/// Verifies everything in the reader's snapshot. `progress` is told what is being read (`events` or `rows`), how many
/// are done and how many there are.
///
/// # Errors
/// Only what prevents looking at all, such as a file that cannot be read. Everything that is wrong is in the report.
pub fn verify(reader: &Reader<'_>, progress: &dyn Fn(&'static str, u64, u64)) -> Result<LedgerReport> {
    verify_form(&HOME, reader.connection(), progress)
}

/// Verifies everything in the snapshot of a vault's reader, as [`verify()`] does for the authority's database.
///
/// # Errors
/// As [`verify()`].
pub fn verify_vault(reader: &VaultReader<'_>, progress: &dyn Fn(&'static str, u64, u64)) -> Result<LedgerReport> {
    verify_form(&VAULT, reader.connection(), progress)
}

fn verify_form(
    form: &Form,
    connection: &Connection,
    progress: &dyn Fn(&'static str, u64, u64),
) -> Result<LedgerReport> {
    let mut report = LedgerReport::default();
    derived::schema(form, connection, &mut report)?;
    let covered = rows::count(form, connection)?;
    let keys = Keys::new(covered);
    let events = events::count(connection)? * keys.parts();
    for part in 0..keys.parts() {
        let mut latest = Latest::new(&keys, part);
        let mut done = part * events / keys.parts();
        let mut each = |seq, event: hufu_ledger::Event| {
            event.effects.iter().for_each(|effect| latest.write(seq, effect));
            done += 1;
            if done.is_multiple_of(STEP) {
                progress("events", done, events);
            }
        };
        if part == 0 {
            events::check(connection, &mut report, &mut each)?;
        } else {
            events::read(connection, &mut each)?;
        }
        rows::check(form, connection, &mut report, latest, progress, covered)?;
    }
    if form.totals {
        derived::totals(connection, &mut report)?;
    }
    Ok(report)
}

/// Progress is told every so many events or rows.
const STEP: u64 = 1000;
