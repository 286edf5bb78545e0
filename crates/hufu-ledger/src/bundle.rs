//! Proof bundles (证明包): small texts that a person who holds nothing but checkpoints can check offline.
//!
//! ```text
//! hufu inclusion proof v1          hufu consistency proof v1
//! origin <ledger>                  origin <ledger>
//! size <events>                    old-size <events>
//! index <place of the event>       new-size <events>
//! event <octets, hexadecimal>      path <hash, hexadecimal>
//! path <hash, hexadecimal>         …
//! …
//! ```
//!
//! Every line ends with one line feed; numbers are decimal, hexadecimal is in lower case. There is one text for each
//! bundle. A bundle is not signed: what it shows is shown against the checkpoint that the reader trusts.

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::event::{Event, EventError};
use crate::hash::{Hash, leaf_hash};
use crate::text::{digest, hex, is_origin, number, unhex};
use crate::tree::{ProofError, verify_consistency, verify_inclusion};

const INCLUSION: &str = "hufu inclusion proof v1";
const CONSISTENCY: &str = "hufu consistency proof v1";

/// Shows that an event is in the ledger that a checkpoint describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionBundle {
    /// The ledger's name, as in its checkpoints.
    pub origin: String,
    /// The size of the tree that the proof is for: that of the checkpoint.
    pub size: u64,
    /// The event's place in the ledger; the first is 0.
    pub index: u64,
    /// The event's octets ([`Event::encode`]).
    pub event: Vec<u8>,
    /// The proof, nearest hash first ([`crate::tree::inclusion_proof`]).
    pub path: Vec<Hash>,
}

impl InclusionBundle {
    /// The text.
    #[must_use]
    pub fn encode(&self) -> String {
        let Self { origin, size, index, event, path } = self;
        let mut out =
            format!("{INCLUSION}\norigin {origin}\nsize {size}\nindex {index}\nevent {event}\n", event = hex(event));
        write_path(&mut out, path);
        out
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`BundleError::Form`] for any text that [`InclusionBundle::encode`] would not have written.
    pub fn decode(text: &str) -> Result<Self, BundleError> {
        let mut lines = Lines::new(text, INCLUSION)?;
        Ok(Self {
            origin: lines.value("origin", |v| is_origin(v).then(|| v.to_owned()))?,
            size: lines.value("size", number)?,
            index: lines.value("index", number)?,
            event: lines.value("event", unhex)?,
            path: lines.path()?,
        })
    }

    /// Checks the bundle against a checkpoint and returns the event it shows.
    ///
    /// The signature of the checkpoint must have been checked.
    ///
    /// # Errors
    /// [`BundleError`] when it is for another ledger or size, its event cannot be read or claims another place, or the
    /// proof does not lead to the checkpoint's root.
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<Event, BundleError> {
        same_ledger(&self.origin, checkpoint)?;
        same_size(self.size, checkpoint)?;
        let leaf = leaf_hash(&self.event);
        verify_inclusion(&leaf, self.index, self.size, &self.path, &checkpoint.root).map_err(BundleError::Proof)?;
        let event = Event::decode(&self.event).map_err(BundleError::Event)?;
        if event.seq != self.index {
            return Err(BundleError::Place { index: self.index, seq: event.seq });
        }
        Ok(event)
    }
}

/// Shows that a later ledger only added to an earlier one: nothing was altered, removed or reordered between two
/// checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyBundle {
    /// The ledger's name, as in its checkpoints.
    pub origin: String,
    /// The size of the earlier checkpoint.
    pub old_size: u64,
    /// The size of the later checkpoint.
    pub new_size: u64,
    /// The proof ([`crate::tree::consistency_proof`]).
    pub path: Vec<Hash>,
}

impl ConsistencyBundle {
    /// The text.
    #[must_use]
    pub fn encode(&self) -> String {
        let Self { origin, old_size, new_size, path } = self;
        let mut out = format!("{CONSISTENCY}\norigin {origin}\nold-size {old_size}\nnew-size {new_size}\n");
        write_path(&mut out, path);
        out
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`BundleError::Form`] for any text that [`ConsistencyBundle::encode`] would not have written.
    pub fn decode(text: &str) -> Result<Self, BundleError> {
        let mut lines = Lines::new(text, CONSISTENCY)?;
        Ok(Self {
            origin: lines.value("origin", |v| is_origin(v).then(|| v.to_owned()))?,
            old_size: lines.value("old-size", number)?,
            new_size: lines.value("new-size", number)?,
            path: lines.path()?,
        })
    }

    /// Checks the bundle against an earlier and a later checkpoint, the signatures of which must have been checked.
    ///
    /// # Errors
    /// [`BundleError`] when it is for another ledger or other sizes, or the proof does not hold.
    pub fn verify(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(), BundleError> {
        same_ledger(&self.origin, old)?;
        same_ledger(&self.origin, new)?;
        same_size(self.old_size, old)?;
        same_size(self.new_size, new)?;
        verify_consistency(self.old_size, &old.root, self.new_size, &new.root, &self.path).map_err(BundleError::Proof)
    }
}

fn same_ledger(bundle: &str, checkpoint: &Checkpoint) -> Result<(), BundleError> {
    if bundle == checkpoint.origin {
        return Ok(());
    }
    Err(BundleError::Ledger { bundle: bundle.to_owned(), checkpoint: checkpoint.origin.clone() })
}

fn same_size(bundle: u64, checkpoint: &Checkpoint) -> Result<(), BundleError> {
    if bundle == checkpoint.size {
        return Ok(());
    }
    Err(BundleError::Size { bundle, checkpoint: checkpoint.size })
}

fn write_path(out: &mut String, path: &[Hash]) {
    for hash in path {
        out.push_str("path ");
        out.push_str(&hex(hash));
        out.push('\n');
    }
}

struct Lines<'a> {
    lines: std::str::Split<'a, char>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, header: &'static str) -> Result<Self, BundleError> {
        let body =
            text.strip_suffix('\n').ok_or(BundleError::Form { line: text.split('\n').count(), want: "a line feed" })?;
        let mut lines = body.split('\n');
        if lines.next() != Some(header) {
            return Err(BundleError::Form { line: 1, want: header });
        }
        Ok(Self { lines, at: 1 })
    }

    fn value<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, BundleError> {
        self.at += 1;
        let value = self.lines.next().and_then(|l| l.strip_prefix(name)).and_then(|l| l.strip_prefix(' '));
        value.and_then(read).ok_or(BundleError::Form { line: self.at, want: name })
    }

    fn path(mut self) -> Result<Vec<Hash>, BundleError> {
        let mut path = Vec::new();
        while self.lines.clone().next().is_some() {
            path.push(self.value("path", digest)?);
        }
        Ok(path)
    }
}

/// Why a bundle was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// It is not such a text.
    Form {
        /// The line that cannot be read; the first is 1.
        line: usize,
        /// What should stand there.
        want: &'static str,
    },
    /// It is for another ledger than the checkpoint.
    Ledger {
        /// The bundle's ledger.
        bundle: String,
        /// The checkpoint's ledger.
        checkpoint: String,
    },
    /// It is for a checkpoint of another size.
    Size {
        /// The bundle's size.
        bundle: u64,
        /// The checkpoint's size.
        checkpoint: u64,
    },
    /// The event claims another place than the one the proof shows.
    Place {
        /// The place shown.
        index: u64,
        /// The place claimed.
        seq: u64,
    },
    /// The event cannot be read.
    Event(EventError),
    /// The proof does not hold.
    Proof(ProofError),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { line, want } => {
                write!(f, "this is not a proof bundle: line {line} should be `{want}` in the one form it has")
            }
            Self::Ledger { bundle, checkpoint } => {
                write!(f, "the proof is for the ledger {bundle} but the checkpoint is of {checkpoint}")
            }
            Self::Size { bundle, checkpoint } => write!(
                f,
                "the proof is for a checkpoint over {bundle} events but this one is over {checkpoint}; \
                 ask for a proof to this checkpoint"
            ),
            Self::Place { index, seq } => write!(f, "the proof shows event {index} but the event says it is {seq}"),
            Self::Event(e) => e.fmt(f),
            Self::Proof(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for BundleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Event(e) => Some(e),
            Self::Proof(e) => Some(e),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "bundle/tests.rs"]
mod tests;
