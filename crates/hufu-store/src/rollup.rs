//! Totals (汇总): what changed when, added up. They are derived: verification recomputes them from the certificates.
//!
//! A certificate counts as issued from the second it was issued, as valid from that second or from notBefore, whichever
//! is later, and as no longer valid from the first second after notAfter (the last second of a validity still belongs to
//! it, RFC 5280 §4.1.2.5). The end is written at issuance. A suspension or revocation ends the counting in its own second
//! and takes back the end that was written; the end of a suspension does the opposite. What is revoked counts as revoked
//! from that second on, for ever. Days are those of UTC+08:00. A single certificate is a pair of one; of a pair, the
//! signing half counts as the pair and the encryption half as a certificate only. Imported certificates are counted by
//! the same rules, as pairs where they are not the second half of one.
//!
//! The same changes are added up over several spans of both times, so that a figure is read from few rows: [`SPANS`].

use std::collections::BTreeMap;

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::count::{Counted, Group};
use hufu_model::ident::{ProfileId, Serial};
use hufu_model::legacy::LegacyRow;
use hufu_model::request::Reason;
use hufu_model::time::{Day, Instant};
use rusqlite::Connection;

use crate::cell::{Cell, Columns, execute, query, query_one, select};
use crate::covered;
use crate::error::Result;
use crate::legacy;
use crate::reader::Reader;
use crate::rows;

/// What a total is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delta {
    pub(crate) group: Group,
    /// When it happened.
    pub(crate) happened: Day,
    /// When the ledger learnt of it.
    pub(crate) recorded: Day,
}

/// What a certificate counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A certificate and a pair: single, or the half that stands for a pair.
    Whole,
    /// A certificate only: the other half of a pair.
    SecondHalf,
}

impl Part {
    /// Of a certificate on record.
    pub(crate) fn of(r: &Reader<'_>, serial: &Serial) -> Result<Self> {
        Ok(if r.signing_half(serial)?.is_some() { Self::SecondHalf } else { Self::Whole })
    }

    fn counts(self, counted: Counted) -> Counted {
        match self {
            Self::Whole => counted,
            Self::SecondHalf => Counted { pairs_issued: 0, pairs_revoked: 0, pairs_valid: 0, ..counted },
        }
    }
}

/// What the totals see of a certificate, ours or imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) group: Group,
    pub(crate) part: Part,
    pub(crate) issued_at: i64,
    /// The first second of its validity.
    pub(crate) not_before: i64,
    /// The last one.
    pub(crate) not_after: i64,
}

/// What changes in which second.
pub(crate) type Change = (i64, Counted);

/// A certificate of its own is issued.
const ISSUED: Counted = Counted { issued: 1, revoked: 0, valid: 0, pairs_issued: 1, pairs_revoked: 0, pairs_valid: 0 };
/// A certificate of its own begins to be valid.
const VALID: Counted = Counted { issued: 0, revoked: 0, valid: 1, pairs_issued: 0, pairs_revoked: 0, pairs_valid: 1 };
/// A certificate of its own is revoked.
const REVOKED: Counted = Counted { issued: 0, revoked: 1, valid: 0, pairs_issued: 0, pairs_revoked: 1, pairs_valid: 0 };

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
        let (not_before, not_after) = (row.validity.not_before(), row.validity.not_after());
        Self { group, part, issued_at: row.issued_at, not_before, not_after }
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
        let (not_before, not_after) = (row.validity.not_before(), row.validity.not_after());
        Self { group, part, issued_at: row.issued_at, not_before, not_after }
    }

    /// What it adds to the totals when it is recorded at the ledger time `recorded`.
    pub(crate) fn deltas(&self, recorded: Instant) -> Vec<(Delta, Counted)> {
        self.on(self.issuance(), recorded)
    }

    /// What a change of its status, from `was` to `status` in the second `at`, adds to the totals when it is recorded at
    /// the ledger time `recorded`.
    pub(crate) fn change(
        &self,
        was: CertificateStatus,
        status: CertificateStatus,
        at: i64,
        recorded: Instant,
    ) -> Vec<(Delta, Counted)> {
        self.on(self.status(was, status, at), recorded)
    }

    fn on(&self, changes: Vec<Change>, recorded: Instant) -> Vec<(Delta, Counted)> {
        let day = |second| Instant::from_unix_seconds(second).day();
        let delta = |second| Delta { group: self.group.clone(), happened: day(second), recorded: recorded.day() };
        changes.into_iter().map(|(second, counted)| (delta(second), counted)).collect()
    }

    /// The seconds from which and before which it is valid by time.
    fn in_time(&self) -> (i64, i64) {
        (self.issued_at.max(self.not_before), self.not_after.saturating_add(1))
    }

    /// What its issuance changes.
    pub(crate) fn issuance(&self) -> Vec<Change> {
        let mut changes = vec![(self.issued_at, self.part.counts(ISSUED))];
        changes.extend(self.validity(1, self.issued_at));
        changes
    }

    /// What a change of its status in the second `at` changes.
    pub(crate) fn status(&self, was: CertificateStatus, status: CertificateStatus, at: i64) -> Vec<Change> {
        let mut changes = Vec::with_capacity(3);
        if status == CertificateStatus::Revoked {
            changes.push((at, self.part.counts(REVOKED)));
        }
        match (was, status) {
            (CertificateStatus::Active, _) => changes.extend(self.validity(-1, at)),
            (_, CertificateStatus::Active) => changes.extend(self.validity(1, at)),
            _ => {}
        }
        changes
    }

    /// One more, or one less, that is valid from `at` on until its time is over. Before its time begins and once it is
    /// over there is nothing to lose or gain.
    fn validity(&self, sign: i64, at: i64) -> impl Iterator<Item = Change> {
        let (begin, end) = self.in_time();
        let from = at.max(begin);
        let valid = self.part.counts(if sign > 0 { VALID } else { -VALID });
        (from < end).then_some([(from, valid), (end, -valid)]).into_iter().flatten()
    }
}

/// What totals do not know; they would count it wrong.
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
pub(crate) fn add_to(totals: &mut BTreeMap<Delta, Counted>, deltas: Vec<(Delta, Counted)>) {
    for (delta, counted) in deltas {
        *totals.entry(delta).or_default() += counted;
    }
}

/// How long the spans of a table of totals are; each is named by its first day.
pub(crate) struct Span {
    pub(crate) table: &'static str,
    /// The span of a day when something happened.
    happened: fn(Day) -> Day,
    /// The span of a day when it was recorded.
    recorded: fn(Day) -> Day,
    upsert: &'static str,
    /// Where the columns of the primary key stand among those of [`row`].
    pub(crate) key: [usize; 3],
    /// Reads every total, in the columns of [`row`].
    pub(crate) all: &'static str,
    /// Reads the totals of what happened from the first to before the second day and was recorded from the third to
    /// before the fourth.
    pub(crate) within: &'static str,
}

macro_rules! span {
    ($table:literal, $happened:expr, $recorded:expr, $key:expr, $within:literal) => {
        Span {
            table: $table,
            happened: $happened,
            recorded: $recorded,
            upsert: concat!(
                "INSERT INTO ",
                $table,
                " AS t (happened, group_id, recorded, issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (happened, group_id, recorded) DO UPDATE SET \
                 issued = t.issued + excluded.issued, revoked = t.revoked + excluded.revoked, \
                 valid = t.valid + excluded.valid, pairs_issued = t.pairs_issued + excluded.pairs_issued, \
                 pairs_revoked = t.pairs_revoked + excluded.pairs_revoked, \
                 pairs_valid = t.pairs_valid + excluded.pairs_valid"
            ),
            key: $key,
            all: span!(@read $table, ""),
            within: span!(@read $table, $within),
        }
    };
    (@read $table:literal, $where:literal) => {
        concat!(
            "SELECT happened, group_id, recorded, issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid FROM ",
            $table,
            $where
        )
    };
}

// A sign in front of a column leaves its index alone: which of the two times is the narrow one is known here.

/// By the day in both times: for days of a month that is not over.
pub(crate) const DAY: Span = span!(
    "rollup_day",
    |day| day,
    |day| day,
    [0, 1, 2],
    " WHERE happened >= ? AND happened < ? AND +recorded >= ? AND +recorded < ?"
);
/// By the month in both times: for whole months of a year.
pub(crate) const MONTH: Span = span!(
    "rollup_month",
    Day::first_of_month,
    Day::first_of_month,
    [0, 1, 2],
    " WHERE happened >= ? AND happened < ? AND +recorded >= ? AND +recorded < ?"
);
/// The same table, where what was recorded in few months is asked for.
pub(crate) const RECORDED_MONTHS: &str = span!(
    @read "rollup_month",
    " WHERE +happened >= ? AND +happened < ? AND recorded >= ? AND recorded < ?"
);
/// By the year in both times: for whole years.
pub(crate) const YEAR: Span = span!(
    "rollup_year",
    Day::first_of_year,
    Day::first_of_year,
    [1, 0, 2],
    " WHERE happened >= ? AND happened < ? AND recorded >= ? AND recorded < ?"
);
/// By the month when it happened and the day when it was recorded: for what was known within a month, such as in the
/// midst of a large import.
pub(crate) const ARRIVAL: Span = span!(
    "rollup_arrival",
    Day::first_of_month,
    |day| day,
    [2, 1, 0],
    " WHERE +happened >= ? AND +happened < ? AND recorded >= ? AND recorded < ?"
);

/// Every table of totals. Each says the same by other spans.
pub(crate) const SPANS: [Span; 4] = [DAY, MONTH, YEAR, ARRIVAL];

/// A total: the first day of the span in which it happened, the group, that of the span in which it was recorded.
pub(crate) type Key = (Day, i64, Day);

/// Reads a total.
pub(crate) fn row(c: &mut Columns<'_>) -> Result<(Key, Counted)> {
    let key = (Day::from_number(c.int()?), c.int()?, Day::from_number(c.int()?));
    let counted = Counted {
        issued: c.int()?,
        revoked: c.int()?,
        valid: c.int()?,
        pairs_issued: c.int()?,
        pairs_revoked: c.int()?,
        pairs_valid: c.int()?,
    };
    Ok((key, counted))
}

impl Span {
    /// The totals of days, over these spans.
    pub(crate) fn fold(&self, days: &BTreeMap<Key, Counted>) -> BTreeMap<Key, Counted> {
        let mut folded = BTreeMap::<Key, Counted>::new();
        for ((happened, group, recorded), counted) in days {
            *folded.entry(((self.happened)(*happened), *group, (self.recorded)(*recorded))).or_default() += *counted;
        }
        folded.retain(|_, counted| !counted.is_nothing());
        folded
    }
}

/// Adds to the stored totals. The one place where a row is inserted or changed as the case may be.
pub(crate) fn add(connection: &Connection, deltas: &BTreeMap<Delta, Counted>) -> Result<()> {
    let mut days = BTreeMap::<Key, Counted>::new();
    let mut last: Option<(&Group, i64)> = None;
    // Those of a group lie together.
    for (delta, counted) in deltas {
        let id = match last {
            Some((group, id)) if *group == delta.group => id,
            _ => group_id(connection, &delta.group)?,
        };
        last = Some((&delta.group, id));
        days.insert((delta.happened, id, delta.recorded), *counted);
    }
    put(connection, &days)
}

fn put(connection: &Connection, days: &BTreeMap<Key, Counted>) -> Result<()> {
    for span in &SPANS {
        for ((happened, group, recorded), c) in span.fold(days) {
            let cells = [happened.number(), group, recorded.number(), c.issued, c.revoked, c.valid];
            let cells = cells.into_iter().chain([c.pairs_issued, c.pairs_revoked, c.pairs_valid]).map(Cell::Int);
            execute(connection, span.upsert, &cells.collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

/// What stands for a kind of holder or a medium that an inventory did not say.
pub(crate) const UNKNOWN: &str = "unknown";

fn group_cells(group: &Group) -> [Cell<'_>; 6] {
    [
        Cell::text(group.org.as_str()),
        Cell::text(group.algorithm.code()),
        Cell::text(group.profile.as_str()),
        Cell::text(group.holder_kind.map_or(UNKNOWN, |kind| kind.code())),
        Cell::text(group.reason.code()),
        Cell::text(group.medium.map_or(UNKNOWN, |medium| medium.code())),
    ]
}

/// The number of a group; it gets one when it is new.
fn group_id(connection: &Connection, group: &Group) -> Result<i64> {
    const FIND: &str = "SELECT id FROM rollup_group WHERE org = ? AND algorithm = ? AND profile = ? AND holder_kind = ? \
                        AND reason = ? AND medium = ?";
    const NEXT: &str = "SELECT COALESCE(MAX(id), 0) + 1 FROM rollup_group";
    const INSERT: &str = "INSERT INTO rollup_group (org, algorithm, profile, holder_kind, reason, medium, id) \
                          VALUES (?, ?, ?, ?, ?, ?, ?)";
    let cells = group_cells(group);
    if let Some(id) = query_one(connection, GROUPS, FIND, &cells, |c| c.int())? {
        return Ok(id);
    }
    let id = query_one(connection, GROUPS, NEXT, &[], |c| c.int())?.unwrap_or(1);
    let [org, algorithm, profile, holder_kind, reason, medium] = cells;
    execute(connection, INSERT, &[org, algorithm, profile, holder_kind, reason, medium, Cell::Int(id)])?;
    Ok(id)
}

/// The table of the groups.
pub(crate) const GROUPS: &str = "rollup_group";

/// Reads every group with its number, in the columns of [`group_row`].
pub(crate) const ALL_GROUPS: &str = "SELECT id, org, algorithm, profile, holder_kind, reason, medium FROM rollup_group";

/// Reads a group behind its number.
pub(crate) fn group_row(c: &mut Columns<'_>) -> Result<(i64, Group)> {
    Ok((c.int()?, group(c)?))
}

/// Reads a group: six columns.
pub(crate) fn group(c: &mut Columns<'_>) -> Result<Group> {
    Ok(Group {
        org: c.parse()?,
        algorithm: c.parse()?,
        profile: c.parse()?,
        holder_kind: c.parse_unless(UNKNOWN)?,
        reason: c.parse()?,
        medium: c.parse_unless(UNKNOWN)?,
    })
}

/// The totals as they must be.
pub(crate) struct Recomputed {
    /// The groups, each with the number by which `days` names it.
    pub(crate) groups: BTreeMap<Group, i64>,
    /// By day, those that are nothing left out.
    pub(crate) days: BTreeMap<Key, Counted>,
}

impl Recomputed {
    fn note(&mut self, of: &Member, changes: Vec<Change>, recorded: Instant) {
        let next = int_len(self.groups.len()) + 1;
        let id = match self.groups.get(&of.group) {
            Some(id) => *id,
            None => *self.groups.entry(of.group.clone()).or_insert(next),
        };
        for (second, counted) in changes {
            let key = (Instant::from_unix_seconds(second).day(), id, recorded.day());
            *self.days.entry(key).or_default() += counted;
        }
    }
}

fn int_len(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The totals as they must be, from the certificates, the changes of their status, and the times of the events that
/// recorded them.
pub(crate) fn recomputed(connection: &Connection) -> Result<Recomputed> {
    const AT: &str = "SELECT at FROM event WHERE seq = ?";
    let reader = Reader::new(connection);
    // A certificate that no event recorded is found by its digest; here it would only add a wrong day.
    let recorded = |event: u64| query_one(connection, "event", AT, &[Cell::count(event)], |c| c.instant());
    let totals = std::cell::RefCell::new(Recomputed { groups: BTreeMap::new(), days: BTreeMap::new() });
    let note = |one: &Member, changes, at| totals.borrow_mut().note(one, changes, at);
    select(connection, &covered::CERTIFICATE, "", &[], |c| {
        let (row, event) = rows::certificate(c)?;
        if let Some(at) = recorded(event)? {
            let one = Member::own(&row, Part::of(&reader, &row.serial)?);
            note(&one, one.issuance(), at);
        }
        Ok(())
    })?;
    select(connection, &covered::STATUS_CHANGE, "", &[], |c| {
        let change = rows::status_change(c)?;
        if let (Some(at), Some(row)) = (recorded(change.event)?, reader.certificate(&change.serial)?) {
            let one = Member::own(&row, Part::of(&reader, &row.serial)?);
            note(&one, one.status(change.was, change.status, change.at), at);
        }
        Ok(())
    })?;
    select(connection, &covered::LEGACY, "", &[], |c| {
        let (row, event) = legacy::legacy(c)?;
        if let Some(at) = recorded(event)? {
            let one = Member::legacy(&row);
            note(&one, one.issuance(), at);
        }
        Ok(())
    })?;
    select(connection, &covered::LEGACY_STATUS, "", &[], |c| {
        let change = legacy::status(c)?;
        if let (Some(at), Some(row)) = (recorded(change.event)?, reader.legacy(&change.id)?) {
            let one = Member::legacy(&row);
            note(&one, one.status(change.was, change.status, change.at), at);
        }
        Ok(())
    })?;
    let mut totals = totals.into_inner();
    totals.days.retain(|_, counted| !counted.is_nothing());
    Ok(totals)
}

/// Computes the totals again and stores them in the place of those that are there: a schema step may change how they lie.
pub(crate) fn rebuild(connection: &Connection) -> Result<()> {
    for table in SPANS.iter().map(|span| span.table).chain([GROUPS]) {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let Recomputed { groups, days } = recomputed(connection)?;
    let ids = groups.iter().map(|(group, id)| Ok((*id, group_id(connection, group)?)));
    let ids = ids.collect::<Result<BTreeMap<i64, i64>>>()?;
    let stored = |id: i64| ids.get(&id).copied().unwrap_or(id);
    put(
        connection,
        &days.into_iter().map(|((happened, id, recorded), c)| ((happened, stored(id), recorded), c)).collect(),
    )
}

/// Every group on record by its number.
pub(crate) fn groups(connection: &Connection) -> Result<BTreeMap<i64, Group>> {
    Ok(query(connection, GROUPS, ALL_GROUPS, &[], group_row)?.into_iter().collect())
}

#[cfg(test)]
mod tests;
