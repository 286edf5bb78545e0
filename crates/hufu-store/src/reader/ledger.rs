//! The events and what was signed about them.

use hufu_model::ident::OperatorId;
use hufu_model::time::Instant;

use super::{Conditions, Reader};
use crate::cell::{Cell, count, query, query_one};
use crate::error::{Error, Result};
use crate::rows::{self, EVENT_COLUMNS, EventFilter, EventRow, StoredCheckpoint};

impl Reader<'_> {
    /// How many events there are.
    ///
    /// # Errors
    /// Database errors.
    pub fn event_count(&self) -> Result<u64> {
        const LAST: &str = "SELECT seq FROM event ORDER BY seq DESC LIMIT 1";
        let last = query_one(self.connection(), "event", LAST, &[], |c| c.number::<u64>())?;
        Ok(last.map_or(0, |seq| seq + 1))
    }

    /// The time of the first event.
    ///
    /// # Errors
    /// Database errors.
    pub fn first_event_at(&self) -> Result<Option<Instant>> {
        query_one(self.connection(), "event", "SELECT at FROM event ORDER BY seq LIMIT 1", &[], |c| c.instant())
    }

    /// The time of the last event, which is where the ledger's clock stands.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_event_at(&self) -> Result<Option<Instant>> {
        query_one(self.connection(), "event", "SELECT at FROM event ORDER BY seq DESC LIMIT 1", &[], |c| c.instant())
    }

    /// The last event.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_event(&self) -> Result<Option<EventRow>> {
        let last = format!("SELECT {EVENT_COLUMNS} FROM event ORDER BY seq DESC LIMIT 1");
        query_one(self.connection(), "event", &last, &[], rows::event)
    }

    /// The number of the last event at or before an instant. Ledger time never runs backwards, so this is a search for
    /// a place in an ordered list.
    pub(crate) fn last_event_until(&self, at: Instant) -> Result<Option<u64>> {
        const AT: &str = "SELECT at FROM event WHERE seq = ?";
        const LAST: &str = "SELECT seq, at FROM event ORDER BY seq DESC LIMIT 1";
        let last = query_one(self.connection(), "event", LAST, &[], |c| Ok((c.number::<u64>()?, c.instant()?)))?;
        // Nearly always everything is asked for.
        let (mut from, mut to) = match last {
            Some((seq, last)) if last > at => (0, seq),
            other => return Ok(other.map(|(seq, _)| seq)),
        };
        while from < to {
            let middle = from + (to - from) / 2;
            let found = query_one(self.connection(), "event", AT, &[Cell::count(middle)], |c| c.instant())?;
            let found = found.ok_or_else(|| Error::broken(format!("event {middle} is missing")))?;
            if found <= at {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(from.checked_sub(1))
    }

    /// An event.
    ///
    /// # Errors
    /// Database errors.
    pub fn event(&self, seq: u64) -> Result<Option<EventRow>> {
        let one = format!("SELECT {EVENT_COLUMNS} FROM event WHERE seq = ?");
        query_one(self.connection(), "event", &one, &[Cell::count(seq)], rows::event)
    }

    /// Events by filter, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>> {
        let mut conditions = Conditions::new();
        if let Some(object) = &filter.object {
            conditions.add("object = ?", [Cell::text(object)]);
        }
        if let Some(kind) = filter.kind {
            conditions.add("kind = ?", [Cell::text(kind.code())]);
        }
        if let Some(actor) = &filter.actor {
            conditions.add("actor = ?", [Cell::text(OperatorId::as_str(actor))]);
        }
        if let Some(after) = filter.after {
            conditions.add("seq > ?", [Cell::count(after)]);
        }
        let (clause, cells) = conditions.clause("seq", filter.limit);
        query(self.connection(), "event", &format!("SELECT {EVENT_COLUMNS} FROM event {clause}"), &cells, rows::event)
    }

    /// How many refused attempts of an operator are on record since an instant.
    ///
    /// # Errors
    /// Database errors.
    pub fn denied_since(&self, actor: &OperatorId, since: Instant) -> Result<u64> {
        const DENIED: &str = "SELECT COUNT(*) FROM event WHERE kind = 'denied' AND actor = ? AND at > ?";
        let cells = [Cell::text(actor.as_str()), Cell::Int(since.unix_millis())];
        count(self.connection(), "event", DENIED, &cells)
    }

    /// The hashes of the leaves from event `from` up to, without, event `to`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LedgerBroken`] when one of them is not there; database errors.
    pub fn leaf_hashes(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        const HASHES: &str = "SELECT hash FROM event WHERE seq >= ? AND seq < ? ORDER BY seq";
        let found = query(self.connection(), "event", HASHES, &[Cell::count(from), Cell::count(to)], |c| c.hash())?;
        if found.len() as u64 != to.saturating_sub(from) {
            return Err(Error::broken(format!("not every event from {from} to {to} is there")));
        }
        Ok(found)
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>> {
        const LAST: &str = "SELECT size, root, at, signed FROM checkpoint ORDER BY size DESC LIMIT 1";
        query_one(self.connection(), "checkpoint", LAST, &[], rows::checkpoint)
    }

    /// The first checkpoint that was made at this second or later.
    ///
    /// # Errors
    /// Database errors.
    pub fn first_checkpoint_from(&self, second: i64) -> Result<Option<StoredCheckpoint>> {
        const FIRST: &str = "SELECT size, root, at, signed FROM checkpoint WHERE at >= ? ORDER BY size LIMIT 1";
        query_one(self.connection(), "checkpoint", FIRST, &[Cell::Int(second)], rows::checkpoint)
    }

    /// The checkpoint over `size` events.
    ///
    /// # Errors
    /// Database errors.
    pub fn checkpoint(&self, size: u64) -> Result<Option<StoredCheckpoint>> {
        const ONE: &str = "SELECT size, root, at, signed FROM checkpoint WHERE size = ?";
        query_one(self.connection(), "checkpoint", ONE, &[Cell::count(size)], rows::checkpoint)
    }

    /// The checkpoints over more than `size` events, smallest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn checkpoints_after(&self, size: u64) -> Result<Vec<StoredCheckpoint>> {
        const LATER: &str = "SELECT size, root, at, signed FROM checkpoint WHERE size > ? ORDER BY size";
        query(self.connection(), "checkpoint", LATER, &[Cell::count(size)], rows::checkpoint)
    }
}
