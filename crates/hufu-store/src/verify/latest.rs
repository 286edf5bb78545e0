//! For every row that an event wrote, the last digest and the event: a map of bounded size.
//!
//! A key is kept as a fingerprint of 128 bits and the rows are taken in parts when there are many, so that memory does
//! not grow with the ledger. The fingerprints are keyed with the random state that the standard library gives every map:
//! nobody can prepare two keys with one fingerprint, by which a removed row would hide behind another one.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hufu_ledger::{Effect, Hash};

/// How many rows one part may have: as many as fit into a map of 2^22 places, 256 MiB.
const PART: u64 = 3_400_000;

/// Turns keys into fingerprints, and says which part a key belongs to.
pub(super) struct Keys {
    state: RandomState,
    parts: u64,
    /// Room for the rows of one part, the largest of which is a little larger than the mean.
    room: usize,
}

impl Keys {
    /// For a database of `rows` covered rows.
    pub(super) fn new(rows: u64) -> Self {
        let parts = rows / PART + 1;
        let room = usize::try_from(rows / parts * 33 / 32).unwrap_or(0);
        Self { state: RandomState::new(), parts, room }
    }

    /// How many parts there are.
    pub(super) const fn parts(&self) -> u64 {
        self.parts
    }

    /// The fingerprint of a row's table and key when it belongs to `part`.
    pub(super) fn of(&self, table: &str, key: &[u8], part: u64) -> Option<u128> {
        let low = self.state.hash_one((0_u8, table, key));
        (low % self.parts == part).then(|| {
            let high = self.state.hash_one((1_u8, table, key));
            u128::from(high) << 64 | u128::from(low)
        })
    }
}

/// What the ledger says about one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Its digest when it was last written.
    pub(super) digest: Hash,
    /// The event that wrote it last.
    pub(super) event: u64,
}

/// What the ledger says about the rows of one part.
pub(super) struct Latest<'a> {
    keys: &'a Keys,
    part: u64,
    rows: HashMap<u128, Written>,
}

impl<'a> Latest<'a> {
    pub(super) fn new(keys: &'a Keys, part: u64) -> Self {
        Self { keys, part, rows: HashMap::with_capacity(keys.room) }
    }

    /// Notes that `event` wrote a row.
    pub(super) fn write(&mut self, event: u64, effect: &Effect) {
        if let Some(key) = self.keys.of(&effect.table, &effect.key, self.part) {
            self.rows.insert(key, Written { digest: effect.digest, event });
        }
    }

    /// The fingerprint of a row that belongs to this part.
    pub(super) fn holds(&self, table: &str, key: &[u8]) -> Option<u128> {
        self.keys.of(table, key, self.part)
    }

    /// What the ledger says about a row, once: rows that nobody takes are missing.
    pub(super) fn take(&mut self, key: u128) -> Option<Written> {
        self.rows.remove(&key)
    }

    /// Whether any row was left that nobody took.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether `event` was the last to write a row, and nobody took that row.
    pub(super) fn misses(&self, event: u64, effect: &Effect) -> bool {
        let key = self.keys.of(&effect.table, &effect.key, self.part);
        let written = key.and_then(|key| self.rows.get(&key));
        written.is_some_and(|w| w.event == event && w.digest == effect.digest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn effect(table: &str, key: &[u8], digest: u8) -> Effect {
        Effect { table: table.into(), key: key.to_vec(), digest: [digest; 32] }
    }

    #[test]
    fn every_key_belongs_to_one_part_and_the_last_writer_counts() {
        let keys = Keys { parts: 4, ..Keys::new(0) };
        let mut seen = 0;
        for part in 0..keys.parts() {
            let mut latest = Latest::new(&keys, part);
            for event in 0..100_u64 {
                latest.write(event, &effect("t", &(event % 50).to_be_bytes(), 0));
                latest.write(event, &effect("u", &(event % 50).to_be_bytes(), 1));
            }
            for n in 0..50_u64 {
                for (table, digest) in [("t", 0), ("u", 1)] {
                    if let Some(key) = latest.holds(table, &n.to_be_bytes()) {
                        let written = latest.take(key).unwrap();
                        assert_eq!((written.event, written.digest), (n + 50, [digest; 32]));
                        assert!(latest.take(key).is_none());
                        seen += 1;
                    }
                }
            }
            assert!(latest.is_empty());
        }
        assert_eq!(seen, 100);
        assert_eq!((Keys::new(PART - 1).parts(), Keys::new(PART).parts()), (1, 2));
    }
}
