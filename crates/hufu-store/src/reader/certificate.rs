//! Certificates.

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::ident::Serial;
use hufu_model::request::Reason;
use hufu_model::time::Instant;

use super::{Conditions, Reader};
use crate::cell::{Cell, count, query_one, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::rows::{self, CertificateFilter};
use crate::write::stored_der;

impl Reader<'_> {
    /// A certificate's row.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate(&self, serial: &Serial) -> Result<Option<CertificateRow>> {
        Ok(self.certificate_with_event(serial)?.map(|(row, _)| row))
    }

    /// A certificate's row and the event that recorded it.
    pub(crate) fn certificate_with_event(&self, serial: &Serial) -> Result<Option<(CertificateRow, u64)>> {
        const ONE: &str = "WHERE serial = ?";
        select_one(self.connection(), &covered::CERTIFICATE, ONE, &[Cell::serial(serial)], rows::certificate)
    }

    /// The number of the event that recorded a certificate.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_event(&self, serial: &Serial) -> Result<Option<u64>> {
        const EVENT: &str = "SELECT event FROM certificate WHERE serial = ?";
        query_one(self.connection(), "certificate", EVENT, &[Cell::serial(serial)], |c| c.number())
    }

    /// A certificate's DER.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_der(&self, serial: &Serial) -> Result<Option<Vec<u8>>> {
        stored_der(self.connection(), serial)
    }

    /// Certificates by filter, by serial number: oldest first, since serial numbers begin with their time.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificates(&self, filter: &CertificateFilter) -> Result<Vec<CertificateRow>> {
        let mut conditions = Conditions::new();
        if let Some(orgs) = &filter.orgs {
            conditions.one_of("org", orgs.iter().map(|o| Cell::text(o.as_str())).collect());
        }
        if let Some(status) = filter.status {
            conditions.add("status = ?", [Cell::text(status.code())]);
        }
        if let Some(profile) = &filter.profile {
            conditions.add("profile = ?", [Cell::text(profile.as_str())]);
        }
        if let Some(holder) = &filter.holder {
            conditions.add("holder = ?", [Cell::digest(holder)]);
        }
        if let Some(operator) = &filter.through {
            const THROUGH: &str = "EXISTS (SELECT asked.id FROM request AS asked WHERE asked.id = certificate.request \
                AND (asked.submitter = ? OR asked.approver = ?))";
            conditions.add(THROUGH, [operator, operator].map(|id| Cell::text(id.as_str())));
        }
        if filter.pairs {
            conditions.add("NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = certificate.serial)", []);
        }
        if let Some(text) = &filter.text {
            conditions.add("subject LIKE ? ESCAPE '\\'", [Cell::text(containing(text))]);
        }
        if let Some(from) = filter.issued_from {
            conditions.add("issued_at >= ?", [Cell::Int(first_second(from))]);
        }
        if let Some(to) = filter.issued_to {
            conditions.add("issued_at < ?", [Cell::Int(first_second(to))]);
        }
        if let Some(after) = &filter.after {
            conditions.add("serial > ?", [Cell::serial(after)]);
        }
        let (clause, cells) = conditions.clause("serial", filter.limit);
        let found = select(self.connection(), &covered::CERTIFICATE, &clause, &cells, rows::certificate)?;
        Ok(found.into_iter().map(|(row, _)| row).collect())
    }

    /// The certificates that renewed or rekeyed this one, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn renewals(&self, predecessor: &Serial) -> Result<Vec<CertificateRow>> {
        const AFTER: &str = "WHERE predecessor = ? AND reason IN (?, ?) ORDER BY serial";
        let cells = [Cell::serial(predecessor), Cell::text(Reason::Renewal.code()), Cell::text(Reason::Rekey.code())];
        let found = select(self.connection(), &covered::CERTIFICATE, AFTER, &cells, rows::certificate)?;
        Ok(found.into_iter().map(|(row, _)| row).collect())
    }

    /// How many certificates stand on revocation lists at `now`: revoked or suspended, and not expired.
    ///
    /// # Errors
    /// Database errors.
    pub fn listed_count(&self, now: Instant) -> Result<u64> {
        const LISTED: &str = "SELECT COUNT(*) FROM certificate WHERE status <> ? AND not_after >= ?";
        let cells = [Cell::text(CertificateStatus::Active.code()), Cell::Int(now.unix_seconds())];
        count(self.connection(), "certificate", LISTED, &cells)
    }

    /// How many certificates there are.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_count(&self) -> Result<u64> {
        count(self.connection(), "certificate", "SELECT COUNT(*) FROM certificate", &[])
    }
}

/// The first whole second at or after an instant.
fn first_second(at: Instant) -> i64 {
    at.unix_seconds() + i64::from(at.unix_millis().rem_euclid(1000) > 0)
}

/// The LIKE pattern for texts that contain `text`.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
