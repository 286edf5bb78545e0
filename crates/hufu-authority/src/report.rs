//! Reports: totals by organisation, rolled up the tree, and by algorithm.
//!
//! # The counting rules
//! * **issued** (发证总量) at T: everything whose issuance time is at or before T, revoked and expired included.
//! * **valid** (有效) at T: issued, notBefore ≤ T ≤ notAfter, neither revoked nor suspended.
//! * **revoked** (撤销) at T: revoked at or before T; suspended ones (挂起) are neither revoked nor valid.
//! * **new** (新增): issued in the twelve months that end at T, half-open at their beginning.
//! * **year on year** (同比): issued at T against issued at the same instant a year earlier, under one knowledge.
//! * Two times: `at` is when things happened, `as_of` is what the ledger knew. A bare date means the end of that day in
//!   UTC+08:00.
//! * The unit is the pair: a signing and an encryption certificate issued together count once, a single one is a pair of one.

mod ask;
mod form;

use std::collections::BTreeMap;

use hufu_model::certificate::Algorithm;
use hufu_model::count::{Counted, Group};
use hufu_model::ident::OrgId;
use hufu_model::org::{OrgKind, OrgTree};
use hufu_model::time::Instant;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};

pub use ask::{Asked, By, ReportKind, TreeOf};
pub use form::{Chart, Column, Kind, Report, Row, Table, Value};

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Issued up to the instant.
    pub issued: u64,
    /// Revoked up to the instant.
    pub revoked: u64,
    /// Valid at the instant.
    pub valid: u64,
    /// Issued in the twelve months before it.
    pub new: u64,
    /// Issued up to the same instant a year earlier.
    pub year_earlier: u64,
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.issued += other.issued;
        self.revoked += other.revoked;
        self.valid += other.valid;
        self.new += other.new;
        self.year_earlier += other.year_earlier;
    }

    /// The growth over the year before.
    #[must_use]
    pub fn growth(&self) -> Growth {
        Growth { previous: self.year_earlier, current: self.issued }
    }
}

/// A value against an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// The earlier value.
    pub previous: u64,
    /// The present value.
    pub current: u64,
}

impl Growth {
    /// Present minus earlier.
    #[must_use]
    pub fn difference(&self) -> i64 {
        i64::try_from(self.current).unwrap_or(i64::MAX) - i64::try_from(self.previous).unwrap_or(i64::MAX)
    }

    /// The growth as a fraction of the earlier value in ten-thousandths, rounded half away from zero; none when there
    /// was nothing before.
    #[must_use]
    pub fn per_ten_thousand(&self) -> Option<i64> {
        let previous = i128::from(self.previous);
        if previous == 0 {
            return None;
        }
        let difference = i128::from(self.current) - previous;
        let doubled = difference * 20_000;
        let rounded = (doubled + doubled.signum() * previous) / (2 * previous);
        i64::try_from(rounded).ok()
    }

    /// As text: `30.0%`, from twofold up `7.6x` (7.6倍: the present is 8.6 times the earlier), `—` when there was nothing
    /// before.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(parts) = self.per_ten_thousand() else { return "—".to_owned() };
        let tenths = |per: i64, scale: i64| {
            let rounded = (per.abs() * 10 * 2 + scale) / (2 * scale);
            format!("{}{}.{}", if per < 0 { "-" } else { "" }, rounded / 10, rounded % 10)
        };
        if parts >= 10_000 { format!("{}x", tenths(parts, 10_000)) } else { format!("{}%", tenths(parts, 100)) }
    }
}

/// One organisation of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgFigures {
    /// The organisation.
    pub org: OrgId,
    /// Its kind.
    pub kind: OrgKind,
    /// Its name in Chinese.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// How far below the CA it stands; the CA is 0.
    pub depth: usize,
    /// What it issued itself.
    pub own: Figures,
    /// What it and everything below it issued.
    pub total: Figures,
}

/// The first report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Event time.
    pub at: Instant,
    /// Knowledge.
    pub as_of: Instant,
    /// The organisations of the tree as it was then, parents before children.
    pub organisations: Vec<OrgFigures>,
    /// By algorithm of the key.
    pub algorithms: Vec<(Algorithm, Figures)>,
    /// In all.
    pub total: Figures,
}

impl Authority {
    /// Totals as of an event time, from what the ledger knew at `as_of`; both default to now.
    ///
    /// # Errors
    /// [`ErrorKind::BeforeLedger`] for an `as_of` before the first event; database errors.
    pub fn summary(&self, at: Option<Instant>, as_of: Option<Instant>) -> Result<Summary> {
        let now = self.now();
        let as_of = as_of.unwrap_or(now);
        let at = at.unwrap_or(as_of);
        let earlier = year_before(at);
        // One snapshot for every number of the report.
        let (tree, counts, before) = self.read(|r| {
            if let Some(first) = r.first_event_at()?
                && as_of < first
            {
                return Err(ErrorKind::BeforeLedger { first }.into());
            }
            Ok((r.org_tree_at(as_of)?, r.figures_at(at, as_of)?, r.figures_at(earlier, as_of)?))
        })?;
        Ok(summarise(at, as_of, &tree, &counts, &before))
    }
}

/// The same instant of the calendar a year earlier, in UTC+08:00.
fn year_before(at: Instant) -> Instant {
    let day = at.day();
    let within = at.unix_millis() - day.first_instant().unix_millis();
    let moved = day.plus_years(-1).unwrap_or(day);
    Instant::from_unix_millis(moved.first_instant().unix_millis() + within)
}

fn summarise(
    at: Instant,
    as_of: Instant,
    tree: &OrgTree,
    counts: &[(Group, Counted)],
    before: &[(Group, Counted)],
) -> Summary {
    let number = |counted: i64| counted.max(0).unsigned_abs();
    let mut own: BTreeMap<(OrgId, Algorithm), Figures> = BTreeMap::new();
    for (group, c) in counts {
        let figures = own.entry((group.org.clone(), group.algorithm)).or_default();
        figures.issued += number(c.pairs_issued);
        figures.new += number(c.pairs_issued);
        figures.revoked += number(c.pairs_revoked);
        figures.valid += number(c.pairs_valid);
    }
    for (group, c) in before {
        let figures = own.entry((group.org.clone(), group.algorithm)).or_default();
        figures.year_earlier += number(c.pairs_issued);
        figures.new = figures.new.saturating_sub(number(c.pairs_issued));
    }
    let mut by_org: BTreeMap<OrgId, Figures> = BTreeMap::new();
    let mut rolled: BTreeMap<OrgId, Figures> = BTreeMap::new();
    let mut by_algorithm: BTreeMap<Algorithm, Figures> = BTreeMap::new();
    let mut total = Figures::default();
    for ((org, algorithm), figures) in own {
        by_org.entry(org.clone()).or_default().add(figures);
        by_algorithm.entry(algorithm).or_default().add(figures);
        total.add(figures);
        for above in tree.chain(&org).unwrap_or_default() {
            rolled.entry(above.id.clone()).or_default().add(figures);
        }
    }
    let mut organisations = Vec::new();
    let mut stack: Vec<(&hufu_model::org::Organisation, usize)> =
        tree.iter().filter(|o| o.parent.is_none()).map(|o| (o, 0)).collect();
    while let Some((org, depth)) = stack.pop() {
        organisations.push(OrgFigures {
            org: org.id.clone(),
            kind: org.kind,
            name: org.name.clone(),
            name_en: org.name_en.clone(),
            depth,
            own: by_org.get(&org.id).copied().unwrap_or_default(),
            total: rolled.get(&org.id).copied().unwrap_or_default(),
        });
        let mut children: Vec<_> = tree.children(&org.id).collect();
        children.sort_by_key(|o| (o.kind, o.region, o.id.clone()));
        stack.extend(children.into_iter().rev().map(|o| (o, depth + 1)));
    }
    Summary { at, as_of, organisations, algorithms: by_algorithm.into_iter().collect(), total }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn growth(previous: u64, current: u64) -> Growth {
        Growth { previous, current }
    }

    #[test]
    fn growth_is_worded_as_the_bulletin_words_it() {
        assert_eq!(growth(546_150, 710_000).text(), "30.0%");
        assert_eq!(growth(7_006, 60_256).text(), "7.6x");
        assert_eq!(growth(0, 5).text(), "—");
        assert_eq!(growth(10, 5).text(), "-50.0%");
        assert_eq!(growth(10, 10).text(), "0.0%");
        assert_eq!(growth(10, 20).text(), "1.0x");
        assert_eq!(growth(3, 4).per_ten_thousand(), Some(3333));
        assert_eq!(growth(3, 5).per_ten_thousand(), Some(6667));
        assert_eq!(growth(u64::MAX, 0).per_ten_thousand(), Some(-10_000));
    }

    #[test]
    fn a_year_before_the_end_of_a_leap_day_is_the_end_of_the_28th() {
        let at: Instant = "2024-02-29".parse().unwrap();
        assert_eq!(year_before(at), "2023-02-28".parse().unwrap());
    }
}
