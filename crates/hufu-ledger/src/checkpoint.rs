//! Checkpoints (检查点): what a ledger was at one moment.
//!
//! ```text
//! hufu checkpoint v1
//! <origin: the ledger's name, 1 to 128 visible ASCII characters>
//! <size: how many events, decimal>
//! <root: 64 lower-case hexadecimal digits>
//! <at: seconds since 1970-01-01T00:00:00Z, decimal>
//! ```
//!
//! Every line ends with one line feed. There is one form for each checkpoint, so a signature over the text is a
//! signature over its meaning.

use std::fmt;

use crate::hash::Hash;
use crate::text::{digest, hex, is_origin, number};

const HEADER: &str = "hufu checkpoint v1";

/// "The ledger had this many events and this root at this time."
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The ledger's name: 1 to 128 visible ASCII characters.
    pub origin: String,
    /// How many events (leaves) it had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// When this was said: seconds since the Unix epoch.
    pub at: i64,
}

impl Checkpoint {
    /// The text that is signed. [`Checkpoint::decode`] refuses it when the origin breaks its rule.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{HEADER}\n{}\n{}\n{}\n{}\n", self.origin, self.size, hex(&self.root), self.at)
    }

    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`] for any text that [`Checkpoint::encode`] would not have written.
    pub fn decode(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError("it does not end with a line feed"))?;
        let mut lines = body.split('\n');
        let mut line = |what| lines.next().ok_or(CheckpointError(what));
        if line("it is empty")? != HEADER {
            return Err(CheckpointError("its first line is not `hufu checkpoint v1`"));
        }
        const ORIGIN: &str = "its second line is not a ledger's name (1 to 128 visible ASCII characters)";
        const SIZE: &str = "its third line is not a number of events";
        const ROOT: &str = "its fourth line is not 64 lower-case hexadecimal digits";
        const AT: &str = "its fifth line is not a number of seconds";
        let origin = line(ORIGIN)?;
        if !is_origin(origin) {
            return Err(CheckpointError(ORIGIN));
        }
        let found = Self {
            origin: origin.to_owned(),
            size: number(line(SIZE)?).ok_or(CheckpointError(SIZE))?,
            root: digest(line(ROOT)?).ok_or(CheckpointError(ROOT))?,
            at: number(line(AT)?).ok_or(CheckpointError(AT))?,
        };
        if lines.next().is_some() {
            return Err(CheckpointError("it has more than five lines"));
        }
        Ok(found)
    }
}

/// A text that is not a checkpoint, and the rule it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointError(&'static str);

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is not a checkpoint: {}", self.0)
    }
}

impl std::error::Error for CheckpointError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Checkpoint {
        Checkpoint { origin: "hufu/0123".into(), size: 18, root: [0xab; 32], at: -5 }
    }

    #[test]
    fn the_text_is_the_checkpoint() {
        let text = sample().encode();
        assert_eq!(text, format!("hufu checkpoint v1\nhufu/0123\n18\n{}\n-5\n", "ab".repeat(32)));
        assert_eq!(Checkpoint::decode(&text).unwrap(), sample());
    }

    #[test]
    fn nothing_but_the_one_form_is_read() {
        let text = sample().encode();
        for bad in [
            String::new(),
            "\n".into(),
            text.trim_end().into(),
            format!("{text}\n"),
            format!("{text}x\n"),
            format!(" {text}"),
            text.replace('\n', "\r\n"),
            text.replace("v1", "v2"),
            text.replace("18", "018"),
            text.replace("18", "+18"),
            text.replace("18", "-18"),
            text.replace("-5", "-0"),
            text.replace("ab", "AB"),
            text.replacen("ab", "", 1),
            text.replace("hufu/0123", ""),
            text.replace("hufu/0123", "a b"),
            text.replace("hufu/0123", "á"),
            text.replace("hufu/0123", &"a".repeat(129)),
        ] {
            assert!(Checkpoint::decode(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_altered_octet_is_refused_or_means_another_checkpoint() {
        let text = sample().encode();
        for at in 0..text.len() {
            for flip in 1..=127_u8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                if let Ok(found) = Checkpoint::decode(std::str::from_utf8(&bytes).unwrap()) {
                    assert_ne!(found, sample());
                    assert_eq!(found.encode().into_bytes(), bytes);
                }
            }
        }
    }
}
