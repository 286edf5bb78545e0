//! Totals (汇总): what changed on which day, added up. They are derived: verification recomputes them from the
//! certificates.
//!
//! A certificate counts as issued, and as valid, from the second it was issued, and as no longer valid from the first
//! second after notAfter (the last second of a validity still belongs to it, RFC 5280 §4.1.2.5). The end is written at
//! issuance. A suspension or revocation ends the counting in its own second and takes back the end that was written; the
//! end of a suspension does the opposite. What is revoked counts as revoked from that second on, for ever. Days are those
//! of UTC+08:00. A single certificate is a pair of one; of a pair, the signing half counts as the pair and the encryption
//! half as a certificate only.
//!
//! An imported certificate ([`crate::legacy`]) is counted by the same rules, with the times that its source gives: it may
//! have been valid from a later second than the one it was issued in, and may have expired before anybody recorded it.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign, Neg};

use hufu_model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_model::count::Group;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{OrgId, ProfileId, Serial};
use hufu_model::legacy::LegacyRow;
use hufu_model::request::{Medium, Reason};
use hufu_model::time::{Day, Instant, Validity};
use rusqlite::Connection;

use crate::cell::{Cell, Columns, execute, select};
use crate::covered;
use crate::error::Result;
use crate::legacy;
use crate::reader::Reader;
use crate::rows;

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
    /// None where an inventory did not say; stored as [`UNKNOWN`], as below.
    pub(crate) holder_kind: Option<HolderKind>,
    pub(crate) reason: Reason,
    pub(crate) medium: Option<Medium>,
}

/// What the totals have for what an inventory did not say.
pub(crate) const UNKNOWN: &str = "unknown";

/// What the totals see of a certificate, ours or imported.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    group: Group,
    issued_at: i64,
    /// The first second in which it is valid, and the first in which it is not any more. They may be the other way round:
    /// then it never is.
    begin: i64,
    end: i64,
    part: Part,
}

impl Member {
    /// One of ours.
    pub(crate) fn own(row: &CertificateRow, part: Part) -> Self {
        let group = Group {
            org: row.org.clone(),
            algorithm: row.algorithm,
            profile: row.profile.clone(),
            holder_kind: Some(row.holder_kind),
            reason: row.reason,
            medium: Some(row.medium),
        };
        Self::new(group, row.issued_at, &row.validity, part)
    }

    /// An imported one.
    pub(crate) fn legacy(row: &LegacyRow) -> Self {
        let group = Group {
            org: row.org.clone(),
            algorithm: row.algorithm,
            profile: ProfileId::imported(),
            holder_kind: row.holder_kind,
            reason: Reason::Import,
            medium: row.medium,
        };
        let part = if row.first_half.is_some() { Part::SecondHalf } else { Part::Whole };
        Self::new(group, row.issued_at, &row.validity, part)
    }

    fn new(group: Group, issued_at: i64, validity: &Validity, part: Part) -> Self {
        let (begin, end) = (issued_at.max(validity.not_before()), validity.not_after() + 1);
        Self { group, issued_at, begin, end, part }
    }

    /// The total it belongs to, for something that happened in `second` and is recorded at `recorded`.
    fn on(&self, second: i64, recorded: Instant) -> Delta {
        Delta {
            org: self.group.org.clone(),
            event_day: Instant::from_unix_seconds(second).day(),
            recorded_day: recorded.day(),
            algorithm: self.group.algorithm,
            profile: self.group.profile.clone(),
            holder_kind: self.group.holder_kind,
            reason: self.group.reason,
            medium: self.group.medium,
        }
    }

    /// What it adds to the totals when it is recorded at the ledger time `recorded`.
    pub(crate) fn deltas(&self, recorded: Instant) -> Vec<(Delta, Figures)> {
        let (issued, valid) = (self.part.counts(Figures::ISSUED), self.part.counts(Figures::VALID));
        if self.begin >= self.end {
            return vec![(self.on(self.issued_at, recorded), issued)];
        }
        let end = (self.on(self.end, recorded), -valid);
        // Nearly always at once.
        if self.begin == self.issued_at {
            return vec![(self.on(self.issued_at, recorded), issued + valid), end];
        }
        vec![(self.on(self.issued_at, recorded), issued), (self.on(self.begin, recorded), valid), end]
    }

    /// What a change of its status, from `was` to `status` in the second `at`, adds to the totals when it is recorded at the
    /// ledger time `recorded`.
    pub(crate) fn change(
        &self,
        was: CertificateStatus,
        status: CertificateStatus,
        at: i64,
        recorded: Instant,
    ) -> Vec<(Delta, Figures)> {
        let valid = self.part.counts(Figures::VALID);
        let mut deltas = Vec::with_capacity(3);
        if status == CertificateStatus::Revoked {
            deltas.push((self.on(at, recorded), self.part.counts(Figures::REVOKED)));
        }
        // Whoever is not valid any more, because time is over, neither loses nor gains anything; who is not valid yet,
        // from the second in which that would begin.
        let from = at.max(self.begin);
        if from < self.end {
            let step = match (was, status) {
                (CertificateStatus::Active, _) => -valid,
                (_, CertificateStatus::Active) => valid,
                _ => return deltas,
            };
            deltas.extend([(self.on(from, recorded), step), (self.on(self.end, recorded), -step)]);
        }
        deltas
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
    /// A certificate only: the half of a pair that is counted with the other one. Of ours that is the encryption half, of
    /// an imported pair the half that was recorded second.
    SecondHalf,
}

impl Part {
    /// Of a certificate on record.
    pub(crate) fn of(r: &Reader<'_>, serial: &Serial) -> Result<Self> {
        Ok(if r.signing_half(serial)?.is_some() { Self::SecondHalf } else { Self::Whole })
    }

    fn counts(self, figures: Figures) -> Figures {
        match self {
            Self::Whole => figures,
            Self::SecondHalf => Figures { pairs_issued: 0, pairs_revoked: 0, pairs_valid: 0, ..figures },
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

/// Adds up.
pub(crate) fn add_to(totals: &mut BTreeMap<Delta, Figures>, deltas: Vec<(Delta, Figures)>) {
    for (delta, figures) in deltas {
        *totals.entry(delta).or_default() += figures;
    }
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
            Cell::text(delta.holder_kind.map_or(UNKNOWN, HolderKind::code)),
            Cell::text(delta.reason.code()),
            Cell::text(delta.medium.map_or(UNKNOWN, Medium::code)),
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
        holder_kind: c.parse_unless(UNKNOWN)?,
        reason: c.parse()?,
        medium: c.parse_unless(UNKNOWN)?,
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
    let gather = |deltas: Vec<(Delta, Figures)>| add_to(&mut totals.borrow_mut(), deltas);
    // A certificate that no event recorded is found by its digest; here it would only add a wrong day.
    let recorded = |event| crate::cell::query_one(connection, "event", AT, &[Cell::count(event)], |c| c.instant());
    select(connection, &covered::CERTIFICATE, "", &[], |c| {
        let (row, event) = rows::certificate(c)?;
        if let Some(at) = recorded(event)? {
            gather(Member::own(&row, Part::of(&reader, &row.serial)?).deltas(at));
        }
        Ok(())
    })?;
    select(connection, &covered::STATUS_CHANGE, "", &[], |c| {
        let change = rows::status_change(c)?;
        if let (Some(at), Some(row)) = (recorded(change.event)?, reader.certificate(&change.serial)?) {
            let member = Member::own(&row, Part::of(&reader, &row.serial)?);
            gather(member.change(change.was, change.status, change.at, at));
        }
        Ok(())
    })?;
    select(connection, &covered::LEGACY, "", &[], |c| {
        let (row, event) = legacy::legacy(c)?;
        if let Some(at) = recorded(event)? {
            gather(Member::legacy(&row).deltas(at));
        }
        Ok(())
    })?;
    select(connection, &covered::LEGACY_STATUS, "", &[], |c| {
        let change = legacy::status(c)?;
        if let (Some(at), Some(row)) = (recorded(change.event)?, reader.legacy(&change.id)?) {
            gather(Member::legacy(&row).change(change.was, change.status, change.at, at));
        }
        Ok(())
    })?;
    let mut totals = totals.into_inner();
    totals.retain(|_, figures| *figures != Figures::default());
    Ok(totals)
}

#[cfg(test)]
mod tests;
