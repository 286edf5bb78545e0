//! Totals: whole years, months and days from the roll-ups, what is cut by an instant from the certificates.
//!
//! A figure is the sum of everything that changed up to an instant and was recorded up to another. Both times fall into
//! whole years, then whole months, then whole days; each part is read from the table whose spans are just short enough.
//! Only what happened in the day that is cut by `at`, and what was recorded in the day that is cut by `as_of`, is read
//! from the rows of certificates. The number of statements does not depend on what is counted.

use std::collections::{BTreeMap, HashMap};

use hufu_model::count::{Counted, Group, IMPORTED_PROFILE};
use hufu_model::ident::OrgId;
use hufu_model::time::{Day, Instant};

use super::Reader;
use super::cut::{self, SOURCES};
use crate::cell::{Cell, query, query_each, query_one};
use crate::error::{Error, Result};
use crate::rollup::{self, ARRIVAL, DAY, MONTH, RECORDED_MONTHS, YEAR};

/// The first of all days.
const ALWAYS: Day = Day::from_number(i64::MIN);

/// How far the ledger is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// What was recorded before this day is wholly known.
    day: Day,
    /// The first event from this day on.
    pub(super) from: u64,
    /// The last event that is known.
    pub(super) until: u64,
}

impl Known {
    /// Whether there are events in a day that is known in part.
    pub(super) fn is_cut(self) -> bool {
        self.from <= self.until
    }
}

/// Sums by a day, which means what the caller says, and the number of a group.
#[derive(Default)]
struct Sums {
    by: HashMap<(Day, i64), Counted>,
    groups: BTreeMap<i64, Group>,
    numbers: HashMap<Group, i64>,
}

impl Sums {
    fn new(reader: &Reader<'_>) -> Result<Self> {
        let groups = rollup::groups(reader.connection())?;
        let numbers = groups.iter().map(|(id, group)| (group.clone(), *id)).collect();
        Ok(Self { by: HashMap::new(), groups, numbers })
    }

    fn add(&mut self, day: Day, group: &Group, counted: Counted) -> Result<()> {
        let id = self.numbers.get(group).ok_or_else(|| no_group(group.org.as_str()))?;
        *self.by.entry((day, *id)).or_default() += counted;
        Ok(())
    }

    /// What there is, in order; groups of which nothing is counted are left out.
    fn sorted(self) -> Result<Vec<(Day, Group, Counted)>> {
        let mut order: Vec<(&Group, i64)> = self.groups.iter().map(|(id, group)| (group, *id)).collect();
        order.sort();
        let place: HashMap<i64, usize> = order.iter().enumerate().map(|(at, (_, id))| (*id, at)).collect();
        let mut found = Vec::with_capacity(self.by.len());
        for ((day, id), counted) in self.by.into_iter().filter(|(_, counted)| !counted.is_nothing()) {
            found.push((day, *place.get(&id).ok_or_else(|| no_group(&id.to_string()))?, counted));
        }
        found.sort_unstable_by_key(|(day, at, _)| (*day, *at));
        let group = |at: usize| order.get(at).map(|(group, _)| (*group).clone());
        Ok(found.into_iter().filter_map(|(day, at, counted)| Some((day, group(at)?, counted))).collect())
    }
}

fn no_group(which: &str) -> Error {
    Error::corrupt(format!("the totals have no group for {which}; verify the home"))
}

impl Reader<'_> {
    /// How many certificates these organisations were issued, on one day or in all, in pairs; imported ones are not of
    /// their quota. What is about to be signed counts, so that several issuers together stay within a quota.
    ///
    /// # Errors
    /// Database errors.
    pub fn issued_count(&self, orgs: &[OrgId], day: Option<Day>) -> Result<u64> {
        const ALL: &str = "SELECT SUM(t.pairs_issued) FROM rollup_group AS g JOIN rollup_year AS t ON t.group_id = g.id \
                           WHERE g.org = ? AND g.profile <> ?";
        const ONE_DAY: &str = "SELECT SUM(t.pairs_issued) FROM rollup_group AS g JOIN rollup_day AS t \
                               ON t.group_id = g.id WHERE g.org = ? AND g.profile <> ? AND t.happened = ?";
        let mut total = 0;
        for org in orgs {
            let mut cells = vec![Cell::text(org.as_str()), Cell::text(IMPORTED_PROFILE)];
            cells.extend(day.map(|d| Cell::Int(d.number())));
            let sql = if day.is_some() { ONE_DAY } else { ALL };
            let found = query_one(self.connection(), "rollup", sql, &cells, |c| c.optional_int())?;
            total += found.flatten().unwrap_or(0).max(0).unsigned_abs();
        }
        const BEGUN: &str = "SELECT request.org, intent.not_before FROM request JOIN intent \
                             ON intent.request = request.id WHERE request.status = 'signing'";
        let begun = query(self.connection(), "intent", BEGUN, &[], |c| Ok((c.parse::<OrgId>()?, c.int()?)))?;
        let same_day = |second| day.is_none_or(|d| Instant::from_unix_seconds(second).day() == d);
        let counted = begun.iter().filter(|(org, from)| orgs.contains(org) && same_day(*from)).count();
        Ok(total + counted as u64)
    }

    /// What is counted of every group at the instant `at`, from what the ledger knew at `as_of`: issued and revoked up to
    /// that instant, valid at it. Groups of which nothing is counted are left out.
    ///
    /// Both instants belong to what is counted. Times are whole seconds, as certificates have them.
    ///
    /// # Errors
    /// Database errors.
    pub fn figures_at(&self, at: Instant, as_of: Instant) -> Result<Vec<(Group, Counted)>> {
        let Some(known) = self.known(as_of)? else { return Ok(Vec::new()) };
        // Days before this one are wholly at or before `at`.
        let cut = first_cut_day(at);
        let (month, year) = (cut.first_of_month(), cut.first_of_year());
        let (known_month, known_year) = (known.day.first_of_month(), known.day.first_of_year());
        let mut sums = Sums::new(self)?;
        let one = |_| ALWAYS;
        self.sum(&mut sums, YEAR.within, [ALWAYS, year, ALWAYS, known_year], one)?;
        self.sum(&mut sums, MONTH.within, [year, month, ALWAYS, known_month], one)?;
        self.sum(&mut sums, DAY.within, [month, cut, ALWAYS, known.day], one)?;
        self.sum(&mut sums, RECORDED_MONTHS, [ALWAYS, year, known_year, known_month], one)?;
        self.sum(&mut sums, ARRIVAL.within, [ALWAYS, month, known_month, known.day], one)?;
        let (first, second) = (cut.first_instant().unix_seconds(), at.unix_seconds());
        for source in &SOURCES {
            if first <= second {
                self.happened(source, (first, second), known.from, &mut |second, group, counted| {
                    if (first..=at.unix_seconds()).contains(&second) {
                        sums.add(ALWAYS, group, counted)
                    } else {
                        Ok(())
                    }
                })?;
            }
            if known.is_cut() {
                self.recorded(source, known, &mut |at, group, counted| {
                    if at <= second { sums.add(ALWAYS, group, counted) } else { Ok(()) }
                })?;
            }
        }
        Ok(sums.sorted()?.into_iter().map(|(_, group, counted)| (group, counted)).collect())
    }

    /// What changed of every group on each day from `from` to `to`, both included, from what the ledger knew at `as_of`.
    /// Days after `as_of` have the expiries that were to come then, each on the day of the first second after notAfter.
    ///
    /// # Errors
    /// Database errors.
    pub fn figures_by_day(&self, as_of: Instant, from: Day, to: Day) -> Result<Vec<(Day, Group, Counted)>> {
        let Some(known) = self.known(as_of)? else { return Ok(Vec::new()) };
        let end = to.plus_days(1);
        let mut sums = Sums::new(self)?;
        self.sum(&mut sums, DAY.within, [from, end, ALWAYS, known.day], |day| day)?;
        self.recorded_within(&mut sums, known, from, end, |day| day)?;
        sums.sorted()
    }

    /// As [`Reader::figures_by_day`] for each month from that of `from` to that of `to`, both included; a month is named
    /// by its first day.
    ///
    /// # Errors
    /// Database errors.
    pub fn figures_by_month(&self, as_of: Instant, from: Day, to: Day) -> Result<Vec<(Day, Group, Counted)>> {
        let Some(known) = self.known(as_of)? else { return Ok(Vec::new()) };
        // No month has more than 31 days, and the first of the next one is all that matters.
        let (from, end) = (from.first_of_month(), to.first_of_month().plus_days(31).first_of_month());
        let known_month = known.day.first_of_month();
        let mut sums = Sums::new(self)?;
        self.sum(&mut sums, MONTH.within, [from, end, ALWAYS, known_month], |day| day)?;
        self.sum(&mut sums, ARRIVAL.within, [from, end, known_month, known.day], |day| day)?;
        self.recorded_within(&mut sums, known, from, end, Day::first_of_month)?;
        sums.sorted()
    }

    /// How far the ledger was at `as_of`; none before its first event.
    pub(super) fn known(&self, as_of: Instant) -> Result<Option<Known>> {
        let Some(until) = self.last_event_until(as_of)? else { return Ok(None) };
        if until + 1 == self.event_count()? {
            return Ok(Some(Known { day: Day::from_number(i64::MAX), from: until + 1, until }));
        }
        let day = first_cut_day(as_of);
        let before = Instant::from_unix_millis(day.first_instant().unix_millis() - 1);
        let from = self.last_event_until(before)?.map_or(0, |seq| seq + 1);
        Ok(Some(Known { day, from, until }))
    }

    /// Adds totals whose spans begin from the first to before the second day, and were recorded in those from the third
    /// to before the fourth.
    fn sum(&self, sums: &mut Sums, sql: &str, bounds: [Day; 4], under: impl Fn(Day) -> Day) -> Result<()> {
        let [happened, to, recorded, until] = bounds;
        if happened >= to || recorded >= until {
            return Ok(());
        }
        let cells = bounds.map(|day| Cell::Int(day.number()));
        query_each(self.connection(), "totals", sql, &cells, |c| {
            let ((day, group, _), counted) = rollup::row(c)?;
            *sums.by.entry((under(day), group)).or_default() += counted;
            Ok(())
        })
    }

    /// Adds what was recorded in the day that is known in part and happened from `from` to before `end`.
    fn recorded_within(
        &self,
        sums: &mut Sums,
        known: Known,
        from: Day,
        end: Day,
        under: impl Fn(Day) -> Day,
    ) -> Result<()> {
        if !known.is_cut() {
            return Ok(());
        }
        for source in &SOURCES {
            self.recorded(source, known, &mut |second, group, counted| {
                let day = Instant::from_unix_seconds(second).day();
                if from <= day && day < end { sums.add(under(day), group, counted) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// Everything that happened with the certificates of a source that something happened with from the first to the last
    /// second, as recorded before `event`.
    fn happened(
        &self,
        source: &cut::Source,
        (first, last): (i64, i64),
        event: u64,
        each: &mut dyn FnMut(i64, &Group, Counted) -> Result<()>,
    ) -> Result<()> {
        let cells = [Cell::Int(first), Cell::Int(last), Cell::count(event)];
        self.issued_and_changed(source.happened, &cells, each)
    }

    /// Everything that was recorded of a source in the day that is known in part.
    fn recorded(
        &self,
        source: &cut::Source,
        known: Known,
        each: &mut dyn FnMut(i64, &Group, Counted) -> Result<()>,
    ) -> Result<()> {
        self.issued_and_changed(source.recorded, &[Cell::count(known.from), Cell::count(known.until)], each)
    }

    fn issued_and_changed(
        &self,
        [issued, changed]: [&str; 2],
        cells: &[Cell<'_>],
        each: &mut dyn FnMut(i64, &Group, Counted) -> Result<()>,
    ) -> Result<()> {
        query_each(self.connection(), "totals", issued, cells, |c| {
            let member = cut::member(c)?;
            member.issuance().into_iter().try_for_each(|(second, counted)| each(second, &member.group, counted))
        })?;
        query_each(self.connection(), "totals", changed, cells, |c| {
            let member = cut::member(c)?;
            let changes = member.status(c.parse()?, c.parse()?, c.int()?);
            changes.into_iter().try_for_each(|(second, counted)| each(second, &member.group, counted))
        })
    }
}

/// The first day that is not wholly at or before an instant. Its last second is enough: nothing is finer.
fn first_cut_day(at: Instant) -> Day {
    let day = at.day();
    let whole = at.unix_seconds() == day.last_instant().unix_seconds();
    if whole { day.plus_days(1) } else { day }
}
