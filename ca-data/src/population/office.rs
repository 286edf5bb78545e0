//! The offices of the population: the organisations of 2018-H1 with how much each issues, from when on it issues SM2 pairs,
//! and when it finished the upgrade. Illustrative, except that Sichuan and Yunnan lead.

use std::collections::BTreeMap;

use hufu_model::org::OrgKind;
use hufu_model::time::Day;

use super::calendar::{Period, issuing_days};
use super::{END, HALF, HALF_BEFORE, LEGACY, PAIRS};
use crate::population::apportion::{apportion, apportion_within};
use crate::population::target::Targets;
use crate::roster::{RosterEntry, roster_2018_h1};
use crate::table::rows;

const TABLE: &str = include_str!("../../population/2018-h1.csv");

/// One office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The organisation.
    pub entry: RosterEntry,
    /// The RA it belongs to, its own or the one above, counted from 0 in the order of the roster.
    pub ra: usize,
    /// From when on it issues SM2 pairs; none when it has not begun.
    pub sm2_from: Option<Day>,
    /// Its own cutover.
    pub cutover: Option<Day>,
    /// The first day on which nothing but SM2 is issued under it: its own cutover, or that of the RA above.
    pub sm2_only: Option<Day>,
    /// Its share of everything issued before 2018.
    share: u64,
    /// Its share of the first half of 2018.
    recent: u64,
}

/// How many certificates of the old algorithm, and how many pairs of the new one, an office issues in one period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) legacy: u64,
    pub(super) sm2: u64,
}

/// Every office, in the order of the roster.
pub(super) fn offices() -> Vec<Office> {
    let plans: BTreeMap<String, [String; 5]> = rows(TABLE, ["id", "share", "recent", "sm2_from", "cutover"])
        .into_iter()
        .map(|row| (row[0].clone(), row))
        .collect();
    let mut ras: BTreeMap<String, (usize, Option<Day>)> = BTreeMap::new();
    let mut offices = Vec::new();
    for entry in roster_2018_h1() {
        let Some([_, share, recent, sm2_from, cutover]) = plans.get(entry.id.as_str()) else { continue };
        let cutover: Option<Day> = cutover.parse().ok();
        let number = ras.len();
        let (ra, above) = match entry.kind {
            OrgKind::MunicipalLra => ras.get(entry.parent.as_str()).copied().unwrap_or((number, None)),
            _ => *ras.entry(entry.id.to_string()).or_insert((number, cutover)),
        };
        offices.push(Office {
            ra,
            sm2_from: sm2_from.parse().ok(),
            cutover,
            sm2_only: [cutover, above].into_iter().flatten().min(),
            share: share.parse().unwrap_or_default(),
            recent: recent.parse().unwrap_or_default(),
            entry,
        });
    }
    offices
}

/// What each office issues in each of the three periods.
pub(super) fn counts(offices: &[Office], targets: &Targets) -> [Vec<Count>; 3] {
    let share: Vec<u64> = offices.iter().map(|o| o.share).collect();
    let recent: Vec<u64> = offices.iter().map(|o| o.recent).collect();
    let year = targets.total - targets.total_before;
    let sm2_year = targets.sm2 - targets.sm2_before;
    [
        period(offices, &share, LEGACY, targets.total_before, targets.sm2_before),
        period(offices, &share, HALF_BEFORE, year - targets.half, sm2_year - targets.sm2_half),
        period(offices, &recent, HALF, targets.half, targets.sm2_half),
    ]
}

/// Divides what is issued in a period among the offices, and what each issues among the algorithms: those that are past
/// their cutover issue SM2 only, those that have not begun issue none of it.
fn period(offices: &[Office], weights: &[u64], period: Period, total: u64, sm2: u64) -> Vec<Count> {
    let parts = apportion(total, weights);
    let mut bounds = Vec::with_capacity(parts.len());
    let mut inclined = Vec::with_capacity(parts.len());
    for (office, part) in offices.iter().zip(&parts) {
        let days = office.issues_sm2(period).map_or(0, |p| p.days());
        let only = office.sm2_only.is_some_and(|day| day <= period.first);
        bounds.push((if only { *part } else { 0 }, if days == 0 { 0 } else { *part }));
        // After its cutover an office issues four times as many pairs a day as before.
        let after = office.sm2_only.and_then(|day| period.within(Period { first: day, last: END }));
        inclined.push(part * (days + 3 * after.map_or(0, Period::days)));
    }
    let sm2 = apportion_within(sm2, &inclined, &bounds);
    parts.iter().zip(sm2).map(|(part, sm2)| Count { legacy: part - sm2, sm2 }).collect()
}

impl Office {
    /// The part of a period in which it has certificates of the old algorithm issued.
    pub(super) fn issues_legacy(&self, period: Period) -> Option<Period> {
        let Some(only) = self.sm2_only else { return Some(period) };
        period.within(Period { first: LEGACY.first, last: Day::from_number(only.number() - 1) })
    }

    /// The part of a period in which it issues SM2 pairs; none when no day of it is one for that.
    pub(super) fn issues_sm2(&self, period: Period) -> Option<Period> {
        let from = self.sm2_from?.max(PAIRS.first);
        let found = period.within(Period { first: from, last: PAIRS.last })?;
        if issuing_days(found).is_empty() { None } else { Some(found) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::population::target::Scale;

    #[test]
    fn the_table_has_every_organisation_and_the_upgrades_of_the_bulletin() {
        let offices = offices();
        assert_eq!(offices.len(), 60);
        assert_eq!(TABLE.lines().count(), 61);
        let finished = |kind| offices.iter().filter(|o| o.entry.kind == kind && o.cutover.is_some()).count();
        assert_eq!((finished(OrgKind::ProvinceRa), finished(OrgKind::MinistryRa)), (26, 5));
        for o in &offices {
            let id = &o.entry.id;
            assert!(o.share > 0 && o.recent > 0, "{id}");
            assert!(o.cutover.is_none_or(|day| PAIRS.contains(day) && day < END), "{id}");
            // Whoever has finished issues SM2 pairs, and has begun before.
            assert!(o.sm2_only.is_none_or(|only| o.sm2_from.unwrap() < only), "{id}");
            assert_eq!(offices.iter().filter(|p| p.entry.id == *id).count(), 1);
        }
        assert_eq!(offices.iter().map(|o| o.ra).max(), Some(37));
        let chengdu = offices.iter().find(|o| o.entry.id.as_str() == "lra-chengdu").unwrap();
        let sichuan = offices.iter().find(|o| o.entry.id.as_str() == "ra-sichuan").unwrap();
        assert_eq!(chengdu.ra, sichuan.ra);
        assert!(chengdu.sm2_only < sichuan.sm2_only);
    }

    /// At every scale: the totals, the split by algorithm and by period, and who leads.
    #[test]
    fn at_every_scale_the_parts_are_those_of_the_bulletin() {
        let offices = offices();
        for n in 1..=1000 {
            let scale = Scale::from_thousandths(n).unwrap();
            let t = Targets::at(scale);
            let counts = counts(&offices, &t);
            let sum =
                |periods: &[Vec<Count>], f: &dyn Fn(&Count) -> u64| -> u64 { periods.iter().flatten().map(f).sum() };
            assert_eq!(sum(&counts, &|c| c.legacy + c.sm2), t.total, "{scale}");
            assert_eq!(sum(&counts, &|c| c.sm2), t.sm2, "{scale}");
            assert_eq!(sum(&counts[..1], &|c| c.legacy + c.sm2), t.total_before, "{scale}");
            assert_eq!(sum(&counts[..1], &|c| c.sm2), t.sm2_before, "{scale}");
            assert_eq!(sum(&counts[2..], &|c| c.legacy + c.sm2), t.half, "{scale}");

            let [before, between, half] = &counts;
            for (period, counted) in [(LEGACY, before), (HALF_BEFORE, between), (HALF, half)] {
                for (office, c) in offices.iter().zip(counted) {
                    let id = &office.entry.id;
                    assert!(c.legacy == 0 || office.issues_legacy(period).is_some(), "{scale} {id}");
                    assert!(c.sm2 == 0 || office.issues_sm2(period).is_some(), "{scale} {id}");
                }
            }
            // New in the half-year, by RA with what is below it and by office: Sichuan, then Yunnan, then the others.
            let mut by_ra = vec![0; 38];
            for (o, c) in offices.iter().zip(half) {
                by_ra[o.ra] += c.legacy + c.sm2;
            }
            let of = |id: &str| offices.iter().position(|o| o.entry.id.as_str() == id).unwrap();
            let (sichuan, yunnan) = (of("ra-sichuan"), of("ra-yunnan"));
            let lead = |all: &[u64], first: usize, second: usize| {
                let others = all.iter().enumerate().filter(|(i, _)| *i != first && *i != second).map(|(_, n)| *n).max();
                all[first] > all[second] && Some(all[second]) > others
            };
            assert!(lead(&by_ra, offices[sichuan].ra, offices[yunnan].ra), "{scale}: {by_ra:?}");
            let by_office: Vec<u64> = half.iter().map(|c| c.legacy + c.sm2).collect();
            assert!(lead(&by_office, sichuan, yunnan), "{scale}: {by_office:?}");
        }
    }
}
