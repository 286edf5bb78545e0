//! The acceptance population: who has what issued when, so that at the end of June 2018 the figures of the bulletin of the
//! national e-government extranet come out, at any scale. It is a plan only: whoever carries it out makes the keys and the
//! certificates.
//!
//! | quantity | real size |
//! |---|---:|
//! | organisations: province RAs, municipal LRAs, ministry RAs | 29, 22, 9 |
//! | pairs issued by 2018-06-30, a year before | 710,000, 546,154 |
//! | of these SM2, a year before | 60,256, 7,007 |
//! | provinces and ministries past their cutover | 26, 5 |
//! | first and second in new issuance of the half-year | Sichuan, Yunnan |
//!
//! What the bulletin does not say is illustrative: how the rest divides, on which days, to whom, and what became of it. All
//! of it follows from a seed, in whole numbers, so that a plan is the same on every machine. Nobody in it exists: the
//! persons are born after 2050.

mod apportion;
mod calendar;
mod chance;
mod office;
mod target;
mod unit;

use hufu_model::ident::OrgId;
use hufu_model::time::{Day, Instant};

pub use apportion::{apportion, apportion_within};
pub use calendar::Period;
pub use office::Office;
pub use target::{Scale, ScaleError, Targets};
pub use unit::{Ending, LegacyUnit, Pair, Succession};

use office::Count;

/// The day of a table, which is right: the tests of this crate read each.
const fn day(number: i64) -> Day {
    Day::from_number(number)
}

/// The last day: 2018-06-30.
pub const END: Day = day(17_712);

/// The day on which the CA of the SM2 pairs is founded: 2016-07-04.
pub const FOUNDED: Day = day(16_986);

/// What is issued until a year before the end: from 2009-03-02 to 2017-06-30.
const LEGACY: Period = Period { first: day(14_305), last: day(17_347) };

/// From 2017-07-01 to 2017-12-31.
const HALF_BEFORE: Period = Period { first: day(17_348), last: day(17_531) };

/// From 2018-01-01 to 2018-06-30.
const HALF: Period = Period { first: day(17_532), last: END };

/// When pairs are issued: from 2016-09-01 on.
const PAIRS: Period = Period { first: day(17_045), last: END };

/// A cutover that the plan has: of an office, on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCutover {
    /// The organisation.
    pub org: OrgId,
    /// When it takes effect: nine in the morning of that day.
    pub effective: Instant,
}

/// A whole plan.
#[derive(Debug, Clone)]
pub struct Population {
    seed: u64,
    targets: Targets,
    offices: Vec<Office>,
    counts: [Vec<Count>; 3],
}

impl Population {
    /// The plan for a scale and a seed.
    #[must_use]
    pub fn new(scale: Scale, seed: u64) -> Self {
        let (targets, offices) = (Targets::at(scale), office::offices());
        let counts = office::counts(&offices, &targets);
        Self { seed, targets, offices, counts }
    }

    /// How many there are.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The offices, RAs before the LRAs below them.
    #[must_use]
    pub fn offices(&self) -> &[Office] {
        &self.offices
    }

    /// Every SM2 pair in the order of issuing.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        unit::pairs(self)
    }

    /// The certificates of the old algorithm of one office, by its number in [`Population::offices`]. The same office gives
    /// the same ones, whichever is asked for first.
    #[must_use]
    pub fn legacy(&self, office: usize) -> Vec<LegacyUnit> {
        unit::legacy(self, office)
    }

    /// How many certificates of the old algorithm an office has.
    #[must_use]
    pub fn legacy_count(&self, office: usize) -> u64 {
        self.counts.iter().filter_map(|period| period.get(office)).map(|c| c.legacy).sum()
    }

    /// The cutovers in their order.
    #[must_use]
    pub fn cutovers(&self) -> Vec<PlannedCutover> {
        let planned = |o: &Office| {
            let effective = calendar::at(o.cutover?, 9 * 3600);
            Some(PlannedCutover { org: o.entry.id.clone(), effective })
        };
        let mut all: Vec<PlannedCutover> = self.offices.iter().filter_map(planned).collect();
        all.sort_by_key(|c| c.effective);
        all
    }
}

#[cfg(test)]
mod tests;
