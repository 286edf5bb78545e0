//! Answers signed ahead: kept beside the ledger, which does not cover them, and never older than it.
//!
//! An answer that was true when it was signed may have become wrong while it was on its way here. It is stored only when
//! the certificate's status is still the one that was looked at, and given out only while that is so.

use hufu_model::ident::Serial;

use crate::cell::{Cell, Columns, execute, query, query_one};
use crate::error::Result;
use crate::reader::Reader;
use crate::store::Store;

/// An answer about one certificate that was signed ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The certificate.
    pub serial: Serial,
    /// The digest that names its issuer in the question: `sha1`, `sha256` or `sm3`.
    pub hash: &'static str,
    /// The event of the certificate's last change of status when this was signed; 0 when there was none.
    pub seq: u64,
    /// The serial number of the responder's certificate.
    pub responder: Serial,
    /// From when on it holds, in seconds since the epoch.
    pub this_update: i64,
    /// Until when, in seconds since the epoch.
    pub next_update: i64,
    /// What was signed, DER.
    pub tbs: Vec<u8>,
    /// The signature, DER.
    pub signature: Vec<u8>,
}

/// A certificate about which an answer may be signed ahead, and the one that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The certificate.
    pub serial: Serial,
    /// Until when the answer that exists holds; none when there is none that may be given out.
    pub next_update: Option<i64>,
}

/// The event of the last change of a certificate's status; 0 when there was none. No certificate can change in event 0.
const LAST: &str = "SELECT COALESCE(MAX(seq), 0) FROM status_change WHERE serial = ?";

impl Store {
    /// Stores answers; returns how many. Those that the ledger has overtaken are left out: the status of their certificate
    /// changed after it was looked at.
    ///
    /// # Errors
    /// As [`Store::write`]; nothing is stored then.
    pub fn put_presigned(&self, answers: &[Presigned]) -> Result<usize> {
        const REMOVE: &str = "DELETE FROM presigned WHERE serial = ? AND hash = ?";
        const INSERT: &str = "INSERT INTO presigned (serial, hash, seq, responder, this_update, next_update, tbs, \
                              signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        self.transaction(|connection| {
            let mut stored = 0;
            for answer in answers {
                let last =
                    query_one(connection, "status_change", LAST, &[Cell::serial(&answer.serial)], |c| c.number())?;
                if last != Some(answer.seq) {
                    continue;
                }
                execute(connection, REMOVE, &[Cell::serial(&answer.serial), Cell::text(answer.hash)])?;
                let cells = [
                    Cell::serial(&answer.serial),
                    Cell::text(answer.hash),
                    Cell::count(answer.seq),
                    Cell::serial(&answer.responder),
                    Cell::Int(answer.this_update),
                    Cell::Int(answer.next_update),
                    Cell::Blob(&answer.tbs),
                    Cell::Blob(&answer.signature),
                ];
                stored += execute(connection, INSERT, &cells)?;
            }
            Ok(stored)
        })
    }

    /// Removes the answers that ended before `before`, in seconds since the epoch; returns how many.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn drop_presigned(&self, before: i64) -> Result<usize> {
        const REMOVE: &str = "DELETE FROM presigned WHERE next_update < ?";
        self.transaction(|connection| execute(connection, REMOVE, &[Cell::Int(before)]))
    }
}

/// Removes the answers about a certificate whose status changes now.
pub(crate) fn forget(connection: &rusqlite::Connection, serial: &Serial) -> Result<()> {
    execute(connection, "DELETE FROM presigned WHERE serial = ?", &[Cell::serial(serial)])?;
    Ok(())
}

impl Reader<'_> {
    /// The answer about a certificate that was signed ahead by the holder of the certificate `responder`, if the status
    /// of the certificate has not changed since.
    ///
    /// # Errors
    /// Database errors.
    pub fn presigned(&self, serial: &Serial, hash: &'static str, responder: &Serial) -> Result<Option<Presigned>> {
        const ONE: &str = "SELECT p.seq, p.this_update, p.next_update, p.tbs, p.signature FROM presigned p \
                           WHERE p.serial = ? AND p.hash = ? AND p.responder = ? AND p.seq = \
                           (SELECT COALESCE(MAX(s.seq), 0) FROM status_change s WHERE s.serial = p.serial)";
        let cells = [Cell::serial(serial), Cell::text(hash), Cell::serial(responder)];
        query_one(self.connection(), "presigned", ONE, &cells, |c| {
            Ok(Presigned {
                serial: serial.clone(),
                hash,
                seq: c.number()?,
                responder: responder.clone(),
                this_update: c.int()?,
                next_update: c.int()?,
                tbs: c.bytes()?,
                signature: c.bytes()?,
            })
        })
    }

    /// Certificates with serial numbers above `after` and up to `last`, not expired at `now` (seconds since the epoch),
    /// by serial number, with the answers of `responder` about them. At most `limit`.
    ///
    /// # Errors
    /// Database errors.
    pub fn presign_due(
        &self,
        (after, last): (&[u8], &[u8]),
        hash: &'static str,
        responder: &Serial,
        now: i64,
        limit: u32,
    ) -> Result<Vec<Due>> {
        const PAGE: &str = "SELECT c.serial, (SELECT p.next_update FROM presigned p WHERE p.serial = c.serial \
                            AND p.hash = ? AND p.responder = ? AND p.seq = \
                            (SELECT COALESCE(MAX(s.seq), 0) FROM status_change s WHERE s.serial = c.serial)) \
                            FROM certificate c WHERE c.serial > ? AND c.serial <= ? AND c.not_after >= ? \
                            ORDER BY c.serial LIMIT ?";
        let cells = [
            Cell::text(hash),
            Cell::serial(responder),
            Cell::Blob(after),
            Cell::Blob(last),
            Cell::Int(now),
            Cell::Int(limit.into()),
        ];
        let due = |c: &mut Columns<'_>| Ok(Due { serial: c.serial()?, next_update: c.optional_int()? });
        query(self.connection(), "certificate", PAGE, &cells, due)
    }
}

#[cfg(test)]
mod tests;
