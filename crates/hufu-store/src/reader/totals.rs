//! Totals: whole days from the roll-ups, a day that is cut from its certificates.

use std::collections::BTreeMap;

use hufu_model::certificate::Algorithm;
use hufu_model::ident::OrgId;
use hufu_model::time::{Day, Instant};

use super::Reader;
use crate::cell::{Cell, Columns, query, query_one};
use crate::error::Result;
use crate::rows::Count;

type Totals = BTreeMap<(OrgId, Algorithm), Total>;

#[derive(Default)]
struct Total {
    issued: i64,
    revoked: i64,
    valid: i64,
}

/// What a change of status does to the number of those that are valid.
macro_rules! sign {
    () => {
        "CASE WHEN s.was = 'active' THEN -1 WHEN s.status = 'active' THEN 1 ELSE 0 END"
    };
}

/// The encryption half of a pair is counted with its signing half.
macro_rules! counted {
    ($serial:literal) => {
        concat!("NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = ", $serial, ") ")
    };
}

impl Reader<'_> {
    /// How many certificates these organisations were issued, on one day or in all, in pairs. What is about to be
    /// signed counts, so that several issuers together stay within a quota.
    ///
    /// # Errors
    /// Database errors.
    pub fn issued_count(&self, orgs: &[OrgId], day: Option<Day>) -> Result<u64> {
        const ALL: &str = "SELECT SUM(pairs_issued) FROM rollup WHERE org = ?";
        const ONE_DAY: &str = "SELECT SUM(pairs_issued) FROM rollup WHERE org = ? AND event_day = ?";
        let mut total = 0;
        for org in orgs {
            let mut cells = vec![Cell::text(org.as_str())];
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

    /// Totals by organisation and algorithm at the instant `at`, from what the ledger knew at `as_of`, in pairs.
    ///
    /// Both instants belong to what is counted. Validity is counted in whole seconds, as certificates have it.
    ///
    /// # Errors
    /// Database errors.
    pub fn count_rows(&self, at: Instant, as_of: Instant) -> Result<Vec<Count>> {
        let Some(known) = self.last_event_until(as_of)? else { return Ok(Vec::new()) };
        let second = at.unix_seconds();
        // Days before this one are wholly at or before `at`.
        let cut = first_cut_day(at);
        // Events before this number were recorded on days that are wholly known; those from it up to `known` are not.
        let (cut_recorded, cut_event) = if known + 1 == self.event_count()? {
            (Day::from_number(i64::MAX), known + 1)
        } else {
            let day = first_cut_day(as_of);
            let before = Instant::from_unix_millis(day.first_instant().unix_millis() - 1);
            (day, self.last_event_until(before)?.map_or(0, |seq| seq + 1))
        };
        let mut totals = Totals::new();
        self.whole_days(&mut totals, cut, cut_recorded)?;
        if cut.first_instant() <= at {
            self.cut_day(&mut totals, cut, second, cut_event)?;
        }
        self.cut_knowledge(&mut totals, second, cut_event, known)?;
        let count = |((org, algorithm), total): (_, Total)| Count {
            org,
            algorithm,
            issued: total.issued.max(0).unsigned_abs(),
            revoked: total.revoked.max(0).unsigned_abs(),
            valid: total.valid.max(0).unsigned_abs(),
        };
        Ok(totals.into_iter().map(count).filter(|c| c.issued > 0).collect())
    }

    /// Days that are whole in both times.
    fn whole_days(&self, totals: &mut Totals, event_day: Day, recorded_day: Day) -> Result<()> {
        const DAYS: &str = "SELECT org, algorithm, SUM(pairs_issued), SUM(pairs_revoked), SUM(pairs_valid) FROM rollup \
                            WHERE event_day < ? AND recorded_day < ? GROUP BY org, algorithm";
        self.add(totals, DAYS, &[Cell::Int(event_day.number()), Cell::Int(recorded_day.number())])
    }

    /// What happened in the day that `second` cuts, as far as recorded before `event`.
    fn cut_day(&self, totals: &mut Totals, day: Day, second: i64, event: u64) -> Result<()> {
        const ISSUED: &str = concat!(
            "SELECT org, algorithm, COUNT(*), 0, SUM(CASE WHEN not_after >= issued_at THEN 1 ELSE 0 END) \
             FROM certificate WHERE issued_at >= ? AND issued_at <= ? AND event < ? AND ",
            counted!("serial"),
            "GROUP BY org, algorithm"
        );
        const ENDED: &str = concat!(
            "SELECT org, algorithm, 0, 0, -COUNT(*) FROM certificate \
             WHERE not_after >= ? AND not_after < ? AND event < ? AND not_after >= issued_at AND ",
            counted!("serial"),
            "GROUP BY org, algorithm"
        );
        // A change counts in its own second; while time is not over, it also takes back the end that was counted.
        const CHANGED: &str = concat!(
            "SELECT c.org, c.algorithm, 0, SUM(CASE WHEN s.status = 'revoked' THEN 1 ELSE 0 END), \
             SUM(CASE WHEN s.at <= c.not_after THEN ",
            sign!(),
            " ELSE 0 END) FROM status_change AS s JOIN certificate AS c ON c.serial = s.serial \
             WHERE s.at >= ? AND s.at <= ? AND s.seq < ? AND ",
            counted!("s.serial"),
            "GROUP BY c.org, c.algorithm"
        );
        const NOT_ENDED: &str = concat!(
            "SELECT c.org, c.algorithm, 0, 0, -SUM(",
            sign!(),
            ") FROM certificate AS c JOIN status_change AS s ON s.serial = c.serial \
             WHERE c.not_after >= ? AND c.not_after < ? AND s.at <= c.not_after AND s.seq < ? AND ",
            counted!("s.serial"),
            "GROUP BY c.org, c.algorithm"
        );
        let first = day.first_instant().unix_seconds();
        self.add(totals, ISSUED, &[Cell::Int(first), Cell::Int(second), Cell::count(event)])?;
        // A certificate ends with the second after notAfter.
        self.add(totals, ENDED, &[Cell::Int(first - 1), Cell::Int(second), Cell::count(event)])?;
        self.add(totals, CHANGED, &[Cell::Int(first), Cell::Int(second), Cell::count(event)])?;
        self.add(totals, NOT_ENDED, &[Cell::Int(first - 1), Cell::Int(second), Cell::count(event)])
    }

    /// What was recorded in the day that `as_of` cuts, up to the event `known`.
    fn cut_knowledge(&self, totals: &mut Totals, second: i64, from: u64, known: u64) -> Result<()> {
        const RECORDED: &str = concat!(
            "SELECT org, algorithm, COUNT(*), 0, \
             SUM(CASE WHEN not_after >= ? AND not_after >= issued_at THEN 1 ELSE 0 END) \
             FROM certificate WHERE event >= ? AND event <= ? AND issued_at <= ? AND ",
            counted!("serial"),
            "GROUP BY org, algorithm"
        );
        const CHANGED: &str = concat!(
            "SELECT c.org, c.algorithm, 0, SUM(CASE WHEN s.status = 'revoked' THEN 1 ELSE 0 END), \
             SUM(CASE WHEN c.not_after >= ? THEN ",
            sign!(),
            " ELSE 0 END) FROM status_change AS s JOIN certificate AS c ON c.serial = s.serial \
             WHERE s.seq >= ? AND s.seq <= ? AND s.at <= ? AND ",
            counted!("s.serial"),
            "GROUP BY c.org, c.algorithm"
        );
        let cells = [Cell::Int(second), Cell::count(from), Cell::count(known), Cell::Int(second)];
        self.add(totals, RECORDED, &cells)?;
        self.add(totals, CHANGED, &cells)
    }

    fn add(&self, totals: &mut Totals, sql: &str, cells: &[Cell<'_>]) -> Result<()> {
        let read = |c: &mut Columns<'_>| {
            let key = (c.parse()?, c.parse()?);
            Ok((key, Total { issued: c.int()?, revoked: c.int()?, valid: c.int()? }))
        };
        for (key, Total { issued, revoked, valid }) in query(self.connection(), "totals", sql, cells, read)? {
            let total = totals.entry(key).or_default();
            total.issued += issued;
            total.revoked += revoked;
            total.valid += valid;
        }
        Ok(())
    }
}

/// The first day that is not wholly at or before an instant. Its last second is enough: nothing is finer.
fn first_cut_day(at: Instant) -> Day {
    let day = at.day();
    let whole = at.unix_seconds() == day.last_instant().unix_seconds();
    if whole { Day::from_number(day.number() + 1) } else { day }
}
