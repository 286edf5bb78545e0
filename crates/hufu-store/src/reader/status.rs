//! What became of certificates after they were issued.

use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::{Digest, RequestId, Serial};
use hufu_model::time::Instant;

use super::{Conditions, Reader};
use crate::cell::{Cell, query_one, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::rows::{self, StatusChange, StatusFilter};

impl Reader<'_> {
    /// Changes of status by filter, in the order in which they were recorded.
    ///
    /// # Errors
    /// Database errors.
    pub fn status_changes(&self, filter: &StatusFilter) -> Result<Vec<StatusChange>> {
        let mut conditions = Conditions::new();
        if let Some(serial) = &filter.serial {
            conditions.add("serial = ?", [Cell::serial(serial)]);
        }
        if let Some((event, serial)) = &filter.after {
            conditions.add("(seq, serial) > (?, ?)", [Cell::count(*event), Cell::serial(serial)]);
        }
        if let Some(event) = filter.from_event {
            conditions.add("seq >= ?", [Cell::count(event)]);
        }
        if let Some(event) = filter.before_event {
            conditions.add("seq < ?", [Cell::count(event)]);
        }
        let (clause, cells) = conditions.clause("seq, serial", filter.limit);
        select(self.connection(), &covered::STATUS_CHANGE, &clause, &cells, rows::status_change)
    }

    /// What a certificate's row says its status is; none when there is no such certificate.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_status(&self, serial: &Serial) -> Result<Option<CertificateStatus>> {
        const ONE: &str = "SELECT status FROM certificate WHERE serial = ?";
        query_one(self.connection(), "certificate", ONE, &[Cell::serial(serial)], |c| c.parse())
    }

    /// The last change of a certificate's status, if there was one: the certificate is what it says.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_status_change(&self, serial: &Serial) -> Result<Option<StatusChange>> {
        const LAST: &str = "WHERE serial = ? ORDER BY seq DESC LIMIT 1";
        select_one(self.connection(), &covered::STATUS_CHANGE, LAST, &[Cell::serial(serial)], rows::status_change)
    }

    /// The change that a request made to a certificate.
    ///
    /// # Errors
    /// Database errors.
    pub fn status_change_of(&self, serial: &Serial, request: &RequestId) -> Result<Option<StatusChange>> {
        const ONE: &str = "WHERE serial = ? AND request = ?";
        let cells = [Cell::serial(serial), Cell::text(request.as_str())];
        select_one(self.connection(), &covered::STATUS_CHANGE, ONE, &cells, rows::status_change)
    }

    /// The status a certificate had in the second `at`, as far as known now; active before its first change.
    ///
    /// # Errors
    /// Database errors.
    pub fn status_at(&self, serial: &Serial, at: Instant) -> Result<CertificateStatus> {
        const LAST: &str = "WHERE serial = ? AND at <= ? ORDER BY seq DESC LIMIT 1";
        let cells = [Cell::serial(serial), Cell::Int(at.unix_seconds())];
        let last = select_one(self.connection(), &covered::STATUS_CHANGE, LAST, &cells, rows::status_change)?;
        Ok(last.map_or(CertificateStatus::Active, |change| change.status))
    }

    /// The certificate that was revoked because the private key to the public key with the SM3 `spki` was known to
    /// others, if one was.
    ///
    /// # Errors
    /// Database errors.
    pub fn compromised_key(&self, spki: &Digest) -> Result<Option<Serial>> {
        const ONE: &str = "SELECT serial FROM compromised_key WHERE spki = ?";
        query_one(self.connection(), "compromised_key", ONE, &[Cell::digest(spki)], |c| c.serial())
    }
}
