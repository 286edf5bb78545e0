//! The events themselves: their octets, hashes, columns, order and tree.

use hufu_ledger::{Event, Frontier, Hash, leaf_hash};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::checkpoint::{self, Checkpoints};
use super::report::{LedgerReport, What};
use crate::error::Result;

/// The table of the tree's edge.
const EDGE: &str = "frontier";

/// The table of the events.
const TABLE: &str = "event";

/// Every event in order, as its stored columns.
const EVENTS: &str = "SELECT seq, at, kind, actor, object, leaf, hash FROM event ORDER BY seq";

/// How many events there are.
pub(super) fn count(connection: &Connection) -> Result<u64> {
    Ok(connection.query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0))?.max(0).unsigned_abs())
}

/// Reads every event in order and hands over those whose octets can be read. Nothing is checked.
pub(super) fn read(connection: &Connection, mut each: impl FnMut(u64, Event)) -> Result<()> {
    let mut statement = connection.prepare("SELECT seq, leaf FROM event ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq = row.get_ref(0)?.as_i64().ok().and_then(|n| u64::try_from(n).ok());
        let leaf = row.get_ref(1)?.as_bytes().ok().and_then(|leaf| Event::decode(leaf).ok());
        if let (Some(seq), Some(event)) = (seq, leaf) {
            each(seq, event);
        }
    }
    Ok(())
}

/// Checks every event by itself and the order of all of them; hands over those that can be read.
pub(super) fn check(
    connection: &Connection,
    report: &mut LedgerReport,
    mut each: impl FnMut(u64, Event),
) -> Result<()> {
    let stored = edge(connection, report)?;
    // Where the ledger ends, as far as the database knows. Without a stored edge, wherever the events end.
    let end = stored.as_ref().map_or(u64::MAX, Frontier::size);
    let mut checkpoints = connection.prepare(checkpoint::CHECKPOINTS)?;
    let mut tree = Tree::new(Checkpoints::new(checkpoints.query([])?, report)?, report)?;
    let mut last_at = i64::MIN;
    let mut next = 0_u64;
    let mut statement = connection.prepare(EVENTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(seq) = row.get_ref(0)?.as_i64().ok().and_then(|n| u64::try_from(n).ok()) else {
            let key = super::rows::readable(row.get_ref(0)?);
            report.add(What::Inserted, TABLE, key, None, "no event has such a number".into());
            continue;
        };
        if seq >= end {
            let message = format!("it stands behind the end of the ledger, which has {end} events");
            report.add(What::Inserted, TABLE, seq.to_string(), Some(seq), message);
        } else {
            removed(report, next..seq);
        }
        tree.skip(seq - next);
        next = seq + 1;
        report.events += 1;
        let leaf = match row.get_ref(5)? {
            ValueRef::Blob(leaf) => leaf,
            _ => &[],
        };
        let hash = leaf_hash(leaf);
        if row.get_ref(6)? != ValueRef::Blob(&hash) {
            altered(report, seq, "its octets do not have the hash that was stored with them");
        }
        tree.push(report, hash)?;
        let event = match Event::decode(leaf) {
            Ok(event) => event,
            Err(e) => {
                altered(report, seq, &e.to_string());
                continue;
            }
        };
        if event.seq != seq {
            let message = format!("the octets stored as event {seq} are those of event {}", event.seq);
            report.add(What::Reordered, TABLE, seq.to_string(), Some(event.seq), message);
        } else {
            if event.at < last_at {
                let message = "it is earlier than the event before it, although ledger time never runs backwards";
                report.add(What::Reordered, TABLE, seq.to_string(), Some(seq), message.into());
            }
            last_at = event.at;
        }
        columns(row, seq, &event, report)?;
        each(seq, event);
    }
    // A checkpoint that was signed behind the stored edge says so too.
    let signed = tree.checkpoints.finish(next, report)?;
    removed(report, next..stored.as_ref().map_or(0, Frontier::size).max(signed));
    if !tree.broken && stored.is_some_and(|edge| edge != tree.frontier) {
        let message = format!("the stored edge of the tree is not that of the {} events", report.events);
        report.add(What::Altered, EDGE, "1".to_owned(), None, message);
    }
    report.root = tree.frontier.root();
    Ok(())
}

/// The columns repeat what the octets say.
fn columns(row: &Row<'_>, seq: u64, event: &Event, report: &mut LedgerReport) -> Result<()> {
    let columns = [
        ("at", ValueRef::Integer(event.at)),
        ("kind", ValueRef::Text(event.kind.as_bytes())),
        ("actor", event.actor.as_ref().map_or(ValueRef::Null, |a| ValueRef::Text(a.as_bytes()))),
        ("object", ValueRef::Text(event.object.as_bytes())),
    ];
    for (column, (name, expected)) in (1..).zip(columns) {
        if row.get_ref(column)? != expected {
            altered(report, seq, &format!("its column `{name}` is not what its octets say"));
        }
    }
    Ok(())
}

fn altered(report: &mut LedgerReport, seq: u64, message: &str) {
    report.add(What::Altered, TABLE, seq.to_string(), Some(seq), message.to_owned());
}

/// Notes events that are not there: the first ones each, the rest together.
fn removed(report: &mut LedgerReport, gap: std::ops::Range<u64>) {
    const EACH: u64 = 100;
    let count = gap.end.saturating_sub(gap.start);
    for seq in gap.clone().take(usize::try_from(EACH.min(count)).unwrap_or(0)) {
        let message = "the event is not there".to_owned();
        report.add(What::Removed, TABLE, seq.to_string(), Some(seq), message);
    }
    if count > EACH {
        let (first, last) = (gap.start + EACH, gap.end - 1);
        let message = format!("it and the events up to {last} are not there");
        report.add(What::Removed, TABLE, first.to_string(), Some(first), message);
    }
}

/// The tree as it grows again, compared with every checkpoint on the way.
struct Tree<'s> {
    frontier: Frontier,
    checkpoints: Checkpoints<'s>,
    /// Whether an event was missing, after which no root can be computed.
    broken: bool,
}

impl<'s> Tree<'s> {
    fn new(checkpoints: Checkpoints<'s>, report: &mut LedgerReport) -> Result<Self> {
        let mut tree = Self { frontier: Frontier::new(), checkpoints, broken: false };
        tree.checkpoints.compare(&tree.frontier, report)?;
        Ok(tree)
    }

    fn skip(&mut self, missing: u64) {
        self.broken |= missing > 0;
    }

    fn push(&mut self, report: &mut LedgerReport, leaf: Hash) -> Result<()> {
        self.frontier.push(leaf);
        if self.broken { Ok(()) } else { self.checkpoints.compare(&self.frontier, report) }
    }
}

/// The stored edge of the tree; none when there is no readable one.
fn edge(connection: &Connection, report: &mut LedgerReport) -> Result<Option<Frontier>> {
    let mut statement = connection.prepare("SELECT id, edge FROM frontier")?;
    let mut rows = statement.query([])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        if row.get_ref(0)? != ValueRef::Integer(1) {
            let key = super::rows::readable(row.get_ref(0)?);
            report.add(What::Inserted, EDGE, key, None, "the tree has one edge only, row 1".to_owned());
            continue;
        }
        found = row.get_ref(1)?.as_blob().ok().and_then(|bytes| Frontier::from_bytes(bytes).ok());
        if found.is_none() {
            let message = "the stored edge of the tree cannot be read".to_owned();
            report.add(What::Altered, EDGE, "1".to_owned(), None, message);
            return Ok(None);
        }
    }
    if found.is_none() {
        report.add(What::Removed, EDGE, "1".to_owned(), None, "the stored edge of the tree is not there".to_owned());
    }
    Ok(found)
}
