//! Who stands on the revocation list of a CA, read in the order of a list, and the publications on record.

use std::collections::BTreeSet;

use hufu_model::certificate::CertificateStatus;
use hufu_model::crl::CrlKind;
use hufu_model::revocation::RevocationReason;
use rusqlite::{Row, Rows};

use super::Reader;
use crate::cell::{Cell, Columns, count, int, query, query_one, select, select_one};
use crate::covered;
use crate::crl::{self, CrlFile, CrlIssue, CrlList, PublishedCrl};
use crate::error::{Error, Result};

/// Which state of the ledger a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The issuing CA: the instance octet of its serial numbers.
    pub ca: u8,
    /// Events before this one count.
    pub position: u64,
    /// Certificates whose last second lies before this one are left out; none leaves nobody out.
    pub horizon: Option<i64>,
}

/// One certificate on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The magnitude of its serial number.
    pub serial: &'a [u8],
    /// Since when, in seconds since the epoch.
    pub at: i64,
    /// Why. [`RevocationReason::RemoveFromCrl`] takes it off the list that a delta list adds to.
    pub reason: RevocationReason,
}

/// What the last change of a certificate that counts made of it.
#[derive(Clone, Copy)]
struct Standing {
    status: CertificateStatus,
    at: i64,
    reason: RevocationReason,
}

/// The serial numbers of a CA begin with its instance octet.
fn range(ca: u8) -> ([u8; 1], [u8; 1]) {
    // No instance is greater than 127.
    ([ca], [ca.saturating_add(1)])
}

impl Reader<'_> {
    /// Gives every certificate that is revoked or suspended by this cut to `each`, in the order of serial numbers, each
    /// once. Rows stream past: memory does not grow with the list.
    ///
    /// # Errors
    /// Database errors; those of `each`, which end it.
    pub fn for_each_listed<E: From<Error>>(
        &self,
        cut: &Cut,
        mut each: impl FnMut(Listed<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        const CHANGES: &str = "SELECT serial, seq, status, reason, at FROM status_change \
                               WHERE serial >= ? AND serial < ? ORDER BY serial, seq";
        const ENDS: &str = "SELECT serial, not_after FROM certificate \
                            WHERE status <> 'active' AND serial >= ? AND serial < ? ORDER BY serial";
        let (from, to) = range(cut.ca);
        let (mut changes, mut ends) = (self.prepared(CHANGES)?, self.prepared(ENDS)?);
        let rows = ends.query([&from[..], &to[..]]).map_err(Error::from)?;
        let mut ends = Ends { rows, serial: Vec::with_capacity(20), not_after: 0 };
        let mut rows = changes.query([&from[..], &to[..]]).map_err(Error::from)?;
        let mut serial: Vec<u8> = Vec::with_capacity(20);
        let mut standing: Option<Standing> = None;
        loop {
            let row = rows.next().map_err(Error::from)?;
            let next = row.map(blob).transpose()?;
            if next != Some(&serial[..]) {
                if let Some(last) = standing.take().filter(|last| last.status != CertificateStatus::Active) {
                    let counts = match cut.horizon {
                        None => true,
                        Some(horizon) => ends.of(self, &serial)? >= horizon,
                    };
                    if counts {
                        each(Listed { serial: &serial, at: last.at, reason: last.reason })?;
                    }
                }
                let Some(next) = next else { return Ok(()) };
                if *next <= *serial {
                    return Err(Error::corrupt("the changes of status are not in the order of their serials").into());
                }
                serial.clear();
                serial.extend_from_slice(next);
            }
            if let Some(row) = row
                && let Some(read) = standing_by(row, cut.position)?
            {
                standing = Some(read);
            }
        }
    }

    /// Gives what changed from `base` to `cut` to `each`, in the order of serial numbers, each once: who is on the list and
    /// was not, or otherwise; and, with [`RevocationReason::RemoveFromCrl`], who was on a list since `base` and is no more.
    ///
    /// # Errors
    /// Database errors; those of `each`, which end it.
    pub fn for_each_changed<E: From<Error>>(
        &self,
        base: &CrlIssue,
        cut: &Cut,
        mut each: impl FnMut(Listed<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut touched = self.touched(cut.ca, base.position, cut.position)?;
        if let Some(horizon) = cut.horizon {
            // Those that were on the base and have been left out since because they expired.
            touched.extend(self.expired(cut.ca, base.horizon, horizon)?);
        }
        for serial in touched {
            let Some(now) = self.standing(&serial, cut.position)? else { continue };
            let gone = now.status == CertificateStatus::Active
                || match cut.horizon {
                    None => false,
                    Some(horizon) => self.not_after(&serial)? < horizon,
                };
            let reason = if gone { RevocationReason::RemoveFromCrl } else { now.reason };
            each(Listed { serial: &serial, at: now.at, reason })?;
        }
        Ok(())
    }

    /// About how many certificates of a CA are revoked or suspended, expired ones among them.
    ///
    /// # Errors
    /// Database errors.
    pub fn ever_listed(&self, ca: u8) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) FROM certificate WHERE status <> 'active' AND serial >= ? AND serial < ?";
        let (low, high) = range(ca);
        let cells = [Cell::Blob(&low), Cell::Blob(&high)];
        count(self.connection(), "certificate", COUNT, &cells)
    }

    /// How many certificates of a CA changed their status from the event `from` to before the event `to`.
    ///
    /// # Errors
    /// Database errors.
    pub fn status_flips(&self, ca: u8, from: u64, to: u64) -> Result<u64> {
        const COUNT: &str = "SELECT count(DISTINCT serial) FROM status_change \
                             WHERE seq >= ? AND seq < ? AND serial >= ? AND serial < ?";
        let (low, high) = range(ca);
        let cells = [Cell::count(from), Cell::count(to), Cell::Blob(&low), Cell::Blob(&high)];
        count(self.connection(), "status_change", COUNT, &cells)
    }

    /// The last publication of a CA, whether it was confirmed or not.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_crl(&self, ca: u8) -> Result<Option<CrlIssue>> {
        const LAST: &str = "WHERE ca = ? ORDER BY number DESC LIMIT 1";
        select_one(self.connection(), &covered::CRL_ISSUE, LAST, &[Cell::Int(ca.into())], crl::issue)
    }

    /// The last publication of this kind that was read again in its folder, with a number below `before`.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_published_crl(&self, ca: u8, kind: CrlKind, before: u64) -> Result<Option<CrlIssue>> {
        const LAST: &str = "WHERE ca = ? AND kind = ? AND number < ? AND EXISTS (SELECT 1 FROM crl_file \
                            WHERE crl_file.ca = crl_issue.ca AND crl_file.number = crl_issue.number) \
                            ORDER BY number DESC LIMIT 1";
        let cells = [Cell::Int(ca.into()), Cell::text(kind.code()), Cell::count(before)];
        select_one(self.connection(), &covered::CRL_ISSUE, LAST, &cells, crl::issue)
    }

    /// The publication of this number.
    ///
    /// # Errors
    /// Database errors.
    pub fn crl(&self, ca: u8, number: u64) -> Result<Option<PublishedCrl>> {
        const ONE: &str = "WHERE ca = ? AND number = ?";
        let cells = [Cell::Int(ca.into()), Cell::count(number)];
        let found = select_one(self.connection(), &covered::CRL_ISSUE, ONE, &cells, crl::issue)?;
        found.map(|issue| crl::published(self, issue)).transpose()
    }

    /// Publications of every CA, the oldest first, beginning behind the one of this CA and number; at most `limit`, 0 for
    /// no limit.
    ///
    /// # Errors
    /// Database errors.
    pub fn crls(&self, after: Option<(u8, u64)>, limit: u32) -> Result<Vec<PublishedCrl>> {
        let (ca, number) = after.unwrap_or((0, 0));
        let limit = if limit == 0 { Cell::Int(-1) } else { Cell::Int(limit.into()) };
        const PAGE: &str = "WHERE (ca, number) > (?, ?) ORDER BY ca, number LIMIT ?";
        let cells = [Cell::Int(ca.into()), Cell::count(number), limit];
        let found = select(self.connection(), &covered::CRL_ISSUE, PAGE, &cells, crl::issue)?;
        found.into_iter().map(|issue| crl::published(self, issue)).collect()
    }

    pub(crate) fn crl_lists(&self, ca: u8, number: u64) -> Result<Vec<CrlList>> {
        const ALL: &str = "WHERE ca = ? AND number = ? ORDER BY part";
        let cells = [Cell::Int(ca.into()), Cell::count(number)];
        select(self.connection(), &covered::CRL_LIST, ALL, &cells, crl::list)
    }

    pub(crate) fn crl_files(&self, ca: u8, number: u64) -> Result<Vec<CrlFile>> {
        const ALL: &str = "WHERE ca = ? AND number = ? ORDER BY part";
        let cells = [Cell::Int(ca.into()), Cell::count(number)];
        select(self.connection(), &covered::CRL_FILE, ALL, &cells, crl::file)
    }

    fn prepared(&self, sql: &str) -> Result<rusqlite::CachedStatement<'_>> {
        Ok(self.connection().prepare_cached(sql)?)
    }

    /// The certificates that changed in these events.
    fn touched(&self, ca: u8, from: u64, to: u64) -> Result<BTreeSet<Vec<u8>>> {
        const TOUCHED: &str = "SELECT serial FROM status_change \
                               WHERE seq >= ? AND seq < ? AND serial >= ? AND serial < ?";
        let (low, high) = range(ca);
        let cells = [Cell::count(from), Cell::count(to), Cell::Blob(&low), Cell::Blob(&high)];
        Ok(query(self.connection(), "status_change", TOUCHED, &cells, |c| c.bytes())?.into_iter().collect())
    }

    /// The certificates that are or were listed and whose last second lies in `[from, to)`.
    fn expired(&self, ca: u8, from: Option<i64>, to: i64) -> Result<Vec<Vec<u8>>> {
        const EXPIRED: &str = "SELECT serial FROM certificate WHERE status <> 'active' AND serial >= ? AND serial < ? \
                               AND not_after >= ? AND not_after < ? ORDER BY serial";
        let (low, high) = range(ca);
        let cells = [Cell::Blob(&low), Cell::Blob(&high), Cell::Int(from.unwrap_or(i64::MIN)), Cell::Int(to)];
        query(self.connection(), "certificate", EXPIRED, &cells, |c| c.bytes())
    }

    fn standing(&self, serial: &[u8], position: u64) -> Result<Option<Standing>> {
        const LAST: &str = "SELECT status, reason, at FROM status_change \
                            WHERE serial = ? AND seq < ? ORDER BY seq DESC LIMIT 1";
        let cells = [Cell::Blob(serial), Cell::count(position)];
        query_one(self.connection(), "status_change", LAST, &cells, standing)
    }

    fn not_after(&self, serial: &[u8]) -> Result<i64> {
        const ONE: &str = "SELECT not_after FROM certificate WHERE serial = ?";
        let found = query_one(self.connection(), "certificate", ONE, &[Cell::Blob(serial)], |c| c.int())?;
        found.ok_or_else(|| Error::corrupt("a certificate whose status changed is not on record"))
    }
}

fn blob<'r>(row: &'r Row<'_>) -> Result<&'r [u8]> {
    Ok(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)
}

/// What a change made of its certificate, in three columns.
fn standing(c: &mut Columns<'_>) -> Result<Standing> {
    Ok(Standing { status: c.parse()?, reason: c.parse()?, at: c.int()? })
}

/// What the change in this row of [`Reader::for_each_listed`] made of the certificate; none when it comes later than what
/// counts.
fn standing_by(row: &Row<'_>, position: u64) -> Result<Option<Standing>> {
    let mut columns = Columns::new(row, "status_change");
    columns.skip();
    if columns.int()? >= int(position) {
        return Ok(None);
    }
    standing(&mut columns).map(Some)
}

/// When listed certificates end, read beside their changes in the same order.
struct Ends<'s> {
    rows: Rows<'s>,
    serial: Vec<u8>,
    not_after: i64,
}

impl Ends<'_> {
    /// The last second of the certificate. Serial numbers ascend from call to call.
    fn of(&mut self, reader: &Reader<'_>, serial: &[u8]) -> Result<i64> {
        while *self.serial < *serial {
            let Some(row) = self.rows.next()? else { break };
            self.serial.clear();
            self.serial.extend_from_slice(blob(row)?);
            self.not_after = row.get(1)?;
        }
        // In an earlier state of the ledger, certificates were listed that are not any more.
        if *self.serial == *serial { Ok(self.not_after) } else { reader.not_after(serial) }
    }
}
