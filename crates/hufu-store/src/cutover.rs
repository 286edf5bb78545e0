//! Cutovers of migrations: every record of them. The last one of an organisation and a migration holds; those it corrects
//! stay.

use hufu_model::migration::Cutover;
use hufu_model::time::Instant;

use crate::cell::{Cell, Columns, int, select};
use crate::covered;
use crate::error::Result;
use crate::reader::Reader;
use crate::write::EventWriter;

/// A cutover on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutoverRow {
    /// What was recorded.
    pub cutover: Cutover,
    /// The event that recorded it.
    pub event: u64,
}

impl Reader<'_> {
    /// Every record of a cutover, oldest first: those the ledger had at `as_of`, or all.
    ///
    /// # Errors
    /// Database errors.
    pub fn cutovers(&self, as_of: Option<Instant>) -> Result<Vec<CutoverRow>> {
        let until = match as_of {
            Some(at) => self.last_event_until(at)?.map_or(-1, int),
            None => i64::MAX,
        };
        let known = "WHERE seq <= ? ORDER BY seq, org, migration";
        select(self.connection(), &covered::CUTOVER, known, &[Cell::Int(until)], read)
    }
}

impl EventWriter<'_, '_> {
    /// Puts a cutover, or what corrects one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Duplicate`] for a second one of an organisation and a migration in one event; database errors.
    pub fn put_cutover(&mut self, cutover: &Cutover) -> Result<()> {
        let event = self.seq();
        self.insert(&covered::CUTOVER, &cells(cutover, event))
    }
}

fn cells(c: &Cutover, event: u64) -> Vec<Cell<'_>> {
    vec![
        Cell::text(c.org.as_str()),
        Cell::text(c.migration.as_str()),
        Cell::count(event),
        Cell::Int(c.effective.unix_seconds()),
        Cell::Int(i64::from(c.attested)),
        Cell::text(&c.evidence),
        Cell::Int(i64::from(c.withdrawn)),
    ]
}

fn read(c: &mut Columns<'_>) -> Result<CutoverRow> {
    let (org, migration, event) = (c.parse()?, c.parse()?, c.number()?);
    let effective = Instant::from_unix_seconds(c.int()?);
    let (attested, evidence, withdrawn) = (c.int()? != 0, c.text()?, c.int()? != 0);
    Ok(CutoverRow { cutover: Cutover { org, migration, effective, attested, evidence, withdrawn }, event })
}
