//! The stored checkpoints, compared with the tree at their sizes.

use hufu_ledger::{Checkpoint, Frontier, Hash};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};

use super::report::{LedgerReport, What};
use super::rows::readable;
use crate::error::Result;

const TABLE: &str = "checkpoint";

/// Every checkpoint in order.
pub(super) const CHECKPOINTS: &str = "SELECT size, root, at, edge, signed FROM checkpoint ORDER BY size";

/// The checkpoints still to come, smallest first.
pub(super) struct Checkpoints<'s> {
    rows: Rows<'s>,
    next: Option<Stored>,
    /// The size at which the last one agreed with the tree.
    good: u64,
}

/// One row, as far as it can be read.
struct Stored {
    size: u64,
    root: Option<Hash>,
    edge: Vec<u8>,
    /// Whether its signed form holds the text that the other columns give.
    signs_its_row: bool,
}

impl<'s> Checkpoints<'s> {
    pub(super) fn new(rows: Rows<'s>, report: &mut LedgerReport) -> Result<Self> {
        let mut checkpoints = Self { rows, next: None, good: 0 };
        checkpoints.advance(report)?;
        Ok(checkpoints)
    }

    /// Reads on to the next row that has a size.
    fn advance(&mut self, report: &mut LedgerReport) -> Result<()> {
        self.next = None;
        while let Some(row) = self.rows.next()? {
            match row.get_ref(0)?.as_i64().ok().and_then(|n| u64::try_from(n).ok()) {
                Some(size) => {
                    self.next = Some(Stored::read(row, size)?);
                    break;
                }
                None => {
                    let message = "a checkpoint has no such size".to_owned();
                    report.add(What::Inserted, TABLE, readable(row.get_ref(0)?), None, message);
                }
            }
        }
        Ok(())
    }

    /// Compares the checkpoint of the tree's present size with the tree, if there is one.
    pub(super) fn compare(&mut self, tree: &Frontier, report: &mut LedgerReport) -> Result<()> {
        let size = tree.size();
        let Some(stored) = self.next.take_if(|stored| stored.size == size) else {
            return Ok(());
        };
        let root = tree.root();
        report.roots.insert(size, root);
        let mut wrong = |message: String| {
            report.add(What::Altered, TABLE, size.to_string(), size.checked_sub(1), message);
        };
        if !stored.signs_its_row {
            wrong("its columns are not what was signed".to_owned());
        }
        if stored.root == Some(root) && stored.edge == tree.to_bytes() {
            self.good = size;
        } else {
            wrong(format!(
                "the {size} events do not have the root or edge of this checkpoint: one of the events from {} on, or \
                 the checkpoint's row, was altered",
                self.good
            ));
        }
        self.advance(report)
    }

    /// Names the checkpoints behind the end of the ledger, which has `events`; returns the largest size that was signed.
    pub(super) fn finish(mut self, events: u64, report: &mut LedgerReport) -> Result<u64> {
        let mut signed = 0;
        while let Some(stored) = self.next.take() {
            if stored.size > events {
                let message = format!("it is over {} events and there are {events}", stored.size);
                report.add(What::Altered, TABLE, stored.size.to_string(), None, message);
                signed = if stored.signs_its_row { stored.size } else { signed };
            }
            self.advance(report)?;
        }
        Ok(signed)
    }
}

impl Stored {
    fn read(row: &Row<'_>, size: u64) -> Result<Self> {
        let blob = |column| -> Result<&[u8]> {
            Ok(match row.get_ref(column)? {
                ValueRef::Blob(octets) => octets,
                _ => &[],
            })
        };
        let root = Hash::try_from(blob(1)?).ok();
        // The origin is not known here: everything behind it must stand in the signed octets as it is.
        let text = match (root, row.get_ref(2)?.as_i64()) {
            (Some(root), Ok(at)) => Checkpoint { origin: String::new(), size, root, at }.encode(),
            _ => String::new(),
        };
        let tail = text.split_once('\n').map_or("", |(_, tail)| tail).as_bytes();
        let signs_its_row = !tail.is_empty() && blob(4)?.windows(tail.len()).any(|window| window == tail);
        Ok(Self { size, root, edge: blob(3)?.to_vec(), signs_its_row })
    }
}
