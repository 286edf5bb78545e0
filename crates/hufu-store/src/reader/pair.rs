//! Pairs: which certificates belong together, and the envelope that was handed out with them.

use hufu_model::ident::{RequestId, Serial};

use super::Reader;
use crate::cell::{Cell, query_one, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::rows::{self, PairIntentRow, PairRow};

impl Reader<'_> {
    /// The encryption half of what was committed to before the signatures for a request.
    ///
    /// # Errors
    /// Database errors.
    pub fn pair_intent(&self, request: &RequestId) -> Result<Option<PairIntentRow>> {
        const ONE: &str = "WHERE request = ?";
        let cells = [Cell::text(request.as_str())];
        select_one(self.connection(), &covered::PAIR_INTENT, ONE, &cells, rows::pair_intent)
    }

    /// The pair that a certificate is one half of; none for a single one.
    ///
    /// # Errors
    /// Database errors.
    pub fn pair_of(&self, serial: &Serial) -> Result<Option<PairRow>> {
        const EITHER: &str = "WHERE signing = ? OR encryption = ?";
        let cells = [Cell::serial(serial), Cell::serial(serial)];
        select_one(self.connection(), &covered::PAIR, EITHER, &cells, rows::pair)
    }

    /// The encryption half of the pair whose signing half this is.
    ///
    /// # Errors
    /// Database errors.
    pub fn encryption_half(&self, signing: &Serial) -> Result<Option<Serial>> {
        const ONE: &str = "SELECT encryption FROM pair WHERE signing = ?";
        query_one(self.connection(), "pair", ONE, &[Cell::serial(signing)], |c| c.serial())
    }

    /// The signing half of the pair whose encryption half this is.
    ///
    /// # Errors
    /// Database errors.
    pub fn signing_half(&self, encryption: &Serial) -> Result<Option<Serial>> {
        const ONE: &str = "SELECT signing FROM pair WHERE encryption = ?";
        query_one(self.connection(), "pair", ONE, &[Cell::serial(encryption)], |c| c.serial())
    }

    /// Pairs in the order of their signing halves' serial numbers, those after `after`, at most `limit`.
    ///
    /// # Errors
    /// Database errors.
    pub fn pairs(&self, after: Option<&Serial>, limit: u32) -> Result<Vec<PairRow>> {
        const FROM: &str = "WHERE signing > ? ORDER BY signing LIMIT ?";
        let cells = [after.map_or(Cell::Blob(&[]), Cell::serial), Cell::Int(limit.into())];
        select(self.connection(), &covered::PAIR, FROM, &cells, rows::pair)
    }

    /// The envelope that was handed out with an encryption half (SM2EnvelopedKey, GM/T 0009).
    ///
    /// # Errors
    /// Database errors.
    pub fn envelope(&self, encryption: &Serial) -> Result<Option<Vec<u8>>> {
        select_one(self.connection(), &covered::ENVELOPE, "WHERE serial = ?", &[Cell::serial(encryption)], |c| {
            c.skip();
            c.bytes()
        })
    }
}
