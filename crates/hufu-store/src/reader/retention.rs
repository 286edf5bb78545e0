//! What is kept longer than it has to be.

use hufu_model::ident::Serial;

use super::Reader;
use crate::cell::{Cell, query};
use crate::error::Result;

impl Reader<'_> {
    /// Certificates that expired at or before `not_after` (seconds) and whose requests still have sealed fields, by
    /// expiry; at most `limit` of them.
    ///
    /// # Errors
    /// Database errors.
    pub fn sealed_and_expired(&self, not_after: i64, limit: u32) -> Result<Vec<Serial>> {
        const SQL: &str = "SELECT c.serial FROM certificate c JOIN request_body b ON b.request = c.request \
                           WHERE c.not_after <= ? AND length(b.sealed) > 0 ORDER BY c.not_after, c.serial LIMIT ?";
        query(self.connection(), "certificate", SQL, &[Cell::Int(not_after), Cell::Int(limit.into())], |c| c.serial())
    }
}
