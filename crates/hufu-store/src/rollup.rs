//! Totals (汇总): what changed on which day, added up. They are derived: verification recomputes them from the
//! certificates.
//!
//! A certificate counts as issued, and as valid, from the second it was issued, and as no longer valid from the first
//! second after notAfter (the last second of a validity still belongs to it, RFC 5280 §4.1.2.5). The end is written at
//! issuance. A suspension or revocation ends the counting in its own second and takes back the end that was written; the
//! end of a suspension does the opposite. What is revoked counts as revoked from that second on, for ever. Days are those
//! of UTC+08:00. A single certificate is a pair of one; of a pair, the signing half counts as the pair and the encryption
//! half as a certificate only.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign, Neg};

use hufu_model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_model::holder::HolderKind;
use hufu_model::ident::{OrgId, ProfileId, Serial};
use hufu_model::request::{Medium, Reason};
use hufu_model::time::{Day, Instant};
use rusqlite::Connection;

use crate::cell::{Cell, Columns, execute, select};
use crate::covered;
use crate::error::Result;
use crate::reader::Reader;
use crate::rows::{self, StatusChange};

/// What a total is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delta {
    pub(crate) org: OrgId,
    /// When it happened.
    pub(crate) event_day: Day,
    /// When the ledger learnt of it.
    pub(crate) recorded_day: Day,
    pub(crate) algorithm: Algorithm,
    pub(crate) profile: ProfileId,
    pub(crate) holder_kind: HolderKind,
    pub(crate) reason: Reason,
    pub(crate) medium: Medium,
}

impl Delta {
    /// What a certificate belongs to, for something that happened in `second` and is recorded at `recorded`.
    fn of(row: &CertificateRow, second: i64, recorded: Instant) -> Self {
        Self {
            org: row.org.clone(),
            event_day: Instant::from_unix_seconds(second).day(),
            recorded_day: recorded.day(),
            algorithm: row.algorithm,
            profile: row.profile.clone(),
            holder_kind: row.holder_kind,
            reason: row.reason,
            medium: row.medium,
        }
    }
}

/// What changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) issued: i64,
    pub(crate) revoked: i64,
    pub(crate) valid: i64,
    pub(crate) pairs_issued: i64,
    pub(crate) pairs_revoked: i64,
    pub(crate) pairs_valid: i64,
}

/// What a certificate counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A certificate and a pair: single, or the signing half of a pair.
    Whole,
    /// A certificate only: the encryption half of a pair that is counted with its signing half.
    EncryptionHalf,
}

impl Part {
    /// Of a certificate on record.
    pub(crate) fn of(r: &Reader<'_>, serial: &Serial) -> Result<Self> {
        Ok(if r.signing_half(serial)?.is_some() { Self::EncryptionHalf } else { Self::Whole })
    }

    fn counts(self, figures: Figures) -> Figures {
        match self {
            Self::Whole => figures,
            Self::EncryptionHalf => Figures { pairs_issued: 0, pairs_revoked: 0, pairs_valid: 0, ..figures },
        }
    }
}

impl Figures {
    /// A certificate of its own begins to be valid.
    const VALID: Self = Self { issued: 0, revoked: 0, valid: 1, pairs_issued: 0, pairs_revoked: 0, pairs_valid: 1 };
    /// A certificate of its own is issued.
    const ISSUED: Self = Self { issued: 1, revoked: 0, valid: 0, pairs_issued: 1, pairs_revoked: 0, pairs_valid: 0 };

    /// A certificate of its own is revoked.
    const REVOKED: Self = Self { issued: 0, revoked: 1, valid: 0, pairs_issued: 0, pairs_revoked: 1, pairs_valid: 0 };

    fn cells(self) -> [Cell<'static>; 6] {
        let Self { issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid } = self;
        [issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid].map(Cell::Int)
    }
}

impl Add for Figures {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            issued: self.issued + other.issued,
            revoked: self.revoked + other.revoked,
            valid: self.valid + other.valid,
            pairs_issued: self.pairs_issued + other.pairs_issued,
            pairs_revoked: self.pairs_revoked + other.pairs_revoked,
            pairs_valid: self.pairs_valid + other.pairs_valid,
        }
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Neg for Figures {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            issued: -self.issued,
            revoked: -self.revoked,
            valid: -self.valid,
            pairs_issued: -self.pairs_issued,
            pairs_revoked: -self.pairs_revoked,
            pairs_valid: -self.pairs_valid,
        }
    }
}

/// Why the totals cannot hold a certificate, if so.
pub(crate) fn uncountable(row: &CertificateRow) -> Option<&'static str> {
    if row.status != CertificateStatus::Active {
        return Some("a certificate enters the totals as active");
    }
    if row.validity.not_before() > row.issued_at {
        return Some("a certificate's validity begins when it is issued or before");
    }
    None
}

/// What a certificate adds to the totals when it is recorded at the ledger time `recorded`.
pub(crate) fn deltas(row: &CertificateRow, part: Part, recorded: Instant) -> Vec<(Delta, Figures)> {
    let on = |second: i64| Delta::of(row, second, recorded);
    let (issued, valid) = (part.counts(Figures::ISSUED), part.counts(Figures::VALID));
    let end = row.validity.not_after() + 1;
    if end <= row.issued_at {
        return vec![(on(row.issued_at), issued)];
    }
    vec![(on(row.issued_at), issued + valid), (on(end), -valid)]
}

/// What a change of a certificate's status adds to the totals when it is recorded at the ledger time `recorded`.
pub(crate) fn change_deltas(
    row: &CertificateRow,
    part: Part,
    change: &StatusChange,
    recorded: Instant,
) -> Vec<(Delta, Figures)> {
    let on = |second: i64| Delta::of(row, second, recorded);
    let valid = part.counts(Figures::VALID);
    let end = row.validity.not_after() + 1;
    let mut deltas = Vec::with_capacity(3);
    if change.status == CertificateStatus::Revoked {
        deltas.push((on(change.at), part.counts(Figures::REVOKED)));
    }
    // Whoever is not valid any more, because time is over, neither loses nor gains anything.
    if change.at < end {
        match (change.was, change.status) {
            (CertificateStatus::Active, _) => deltas.extend([(on(change.at), -valid), (on(end), valid)]),
            (_, CertificateStatus::Active) => deltas.extend([(on(change.at), valid), (on(end), -valid)]),
            _ => {}
        }
    }
    deltas
}

/// Adds to the stored totals. The one place where a row is inserted or changed as the case may be.
pub(crate) fn add(connection: &Connection, deltas: &BTreeMap<Delta, Figures>) -> Result<()> {
    const UPSERT: &str = "INSERT INTO rollup (org, event_day, recorded_day, algorithm, profile, holder_kind, reason, \
        medium, issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT (org, event_day, recorded_day, algorithm, profile, holder_kind, reason, medium) DO UPDATE SET \
        issued = rollup.issued + excluded.issued, revoked = rollup.revoked + excluded.revoked, \
        valid = rollup.valid + excluded.valid, pairs_issued = rollup.pairs_issued + excluded.pairs_issued, \
        pairs_revoked = rollup.pairs_revoked + excluded.pairs_revoked, \
        pairs_valid = rollup.pairs_valid + excluded.pairs_valid";
    for (delta, figures) in deltas {
        let mut cells = vec![
            Cell::text(delta.org.as_str()),
            Cell::Int(delta.event_day.number()),
            Cell::Int(delta.recorded_day.number()),
            Cell::text(delta.algorithm.code()),
            Cell::text(delta.profile.as_str()),
            Cell::text(delta.holder_kind.code()),
            Cell::text(delta.reason.code()),
            Cell::text(delta.medium.code()),
        ];
        cells.extend(figures.cells());
        execute(connection, UPSERT, &cells)?;
    }
    Ok(())
}

/// Every total as stored, in the columns of [`row`].
pub(crate) const ALL: &str = "SELECT org, event_day, recorded_day, algorithm, profile, holder_kind, reason, medium, \
    issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid FROM rollup";

/// Reads a total.
pub(crate) fn row(c: &mut Columns<'_>) -> Result<(Delta, Figures)> {
    let delta = Delta {
        org: c.parse()?,
        event_day: Day::from_number(c.int()?),
        recorded_day: Day::from_number(c.int()?),
        algorithm: c.parse()?,
        profile: c.parse()?,
        holder_kind: c.parse()?,
        reason: c.parse()?,
        medium: c.parse()?,
    };
    let figures = Figures {
        issued: c.int()?,
        revoked: c.int()?,
        valid: c.int()?,
        pairs_issued: c.int()?,
        pairs_revoked: c.int()?,
        pairs_valid: c.int()?,
    };
    Ok((delta, figures))
}

/// The totals as they must be, those that are nothing left out, from the certificates, the changes of their status, and
/// the times of the events that recorded them.
pub(crate) fn recomputed(connection: &Connection) -> Result<BTreeMap<Delta, Figures>> {
    const AT: &str = "SELECT at FROM event WHERE seq = ?";
    let reader = Reader::new(connection);
    let totals = std::cell::RefCell::new(BTreeMap::<Delta, Figures>::new());
    select(connection, &covered::CERTIFICATE, "", &[], |c| {
        let (row, event) = rows::certificate(c)?;
        let at = crate::cell::query_one(connection, "event", AT, &[Cell::count(event)], |c| c.instant())?;
        // A certificate that no event recorded is found by its digest; here it would only add a wrong day.
        if let Some(at) = at {
            let mut totals = totals.borrow_mut();
            for (delta, figures) in deltas(&row, Part::of(&reader, &row.serial)?, at) {
                *totals.entry(delta).or_default() += figures;
            }
        }
        Ok(())
    })?;
    select(connection, &covered::STATUS_CHANGE, "", &[], |c| {
        let change = rows::status_change(c)?;
        let at = crate::cell::query_one(connection, "event", AT, &[Cell::count(change.event)], |c| c.instant())?;
        let row = reader.certificate(&change.serial)?;
        // As above.
        if let (Some(at), Some(row)) = (at, row) {
            let mut totals = totals.borrow_mut();
            for (delta, figures) in change_deltas(&row, Part::of(&reader, &row.serial)?, &change, at) {
                *totals.entry(delta).or_default() += figures;
            }
        }
        Ok(())
    })?;
    let mut totals = totals.into_inner();
    totals.retain(|_, figures| *figures != Figures::default());
    Ok(totals)
}

#[cfg(test)]
mod tests;
