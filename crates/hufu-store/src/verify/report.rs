//! What verification found, in words and in parts.

use std::collections::BTreeMap;
use std::fmt;

use hufu_ledger::Hash;

/// How many findings are kept; the rest is only counted. A database of which everything was altered must still give a
/// report that can be read.
const MOST: usize = 10_000;

/// What is wrong with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum What {
    /// It is not what the ledger says was written.
    Altered,
    /// The ledger says that it was written, and it is not there.
    Removed,
    /// It is there, and nothing in the ledger says that it was written.
    Inserted,
    /// It stands in another place than the one it was written to.
    Reordered,
    /// The database file itself is damaged, or does not have the tables and indexes it should have.
    Damaged,
}

impl What {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::Damaged => "damaged",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// One thing that is not as the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What happened to it.
    pub what: What,
    /// Its table.
    pub table: String,
    /// Its primary key in readable form, the parts separated by `/`, octets as hexadecimal.
    pub key: String,
    /// The event that wrote it last, when one did.
    pub event: Option<u64>,
    /// The finding in words.
    pub message: String,
}

impl Finding {
    /// What it is about: the table, the key and the event that wrote it, as far as there are such.
    #[must_use]
    pub fn place(&self) -> String {
        let mut place = self.table.clone();
        if !self.key.is_empty() {
            place.push(' ');
            place.push_str(&self.key);
        }
        match self.event {
            Some(event) if self.table != "event" => format!("{place} (event {event})"),
            _ => place,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.what, self.place(), self.message)
    }
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerReport {
    /// How many events were read.
    pub events: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The root of the tree at the size of every stored checkpoint, as far as the events allow to compute it. What a
    /// checkpoint's signature covers is compared with these by who can check signatures.
    pub roots: BTreeMap<u64, Hash>,
    /// How many rows were compared with the events that wrote them.
    pub rows: u64,
    /// What is wrong, in the order in which it was found; at most 10,000.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those listed.
    pub unlisted: u64,
}

impl LedgerReport {
    /// Whether everything is as the ledger says.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(&mut self, what: What, table: &str, key: String, event: Option<u64>, message: String) {
        if self.findings.len() < MOST {
            self.findings.push(Finding { what, table: table.to_owned(), key, event, message });
        } else {
            self.unlisted += 1;
        }
    }
}
