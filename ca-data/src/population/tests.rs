#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use hufu_model::holder::HolderKind;
use hufu_model::org::OrgKind;
use hufu_model::request::Reason;
use hufu_model::revocation::RevocationReason;

use super::calendar::is_working;
use super::*;

fn plan(thousandths: u32, seed: u64) -> Population {
    Population::new(Scale::from_thousandths(thousandths).unwrap(), seed)
}

fn all_legacy(plan: &Population) -> Vec<LegacyUnit> {
    (0..plan.offices().len()).flat_map(|n| plan.legacy(n)).collect()
}

#[test]
fn the_days_of_the_tables_are_those_they_are_called() {
    let texts = [
        (END, "2018-06-30"),
        (FOUNDED, "2016-07-04"),
        (LEGACY.first, "2009-03-02"),
        (LEGACY.last, "2017-06-30"),
        (HALF_BEFORE.first, "2017-07-01"),
        (HALF_BEFORE.last, "2017-12-31"),
        (HALF.first, "2018-01-01"),
        (PAIRS.first, "2016-09-01"),
    ];
    for (day, text) in texts {
        assert_eq!(day.to_string(), text);
    }
}

#[test]
fn the_units_are_as_many_as_planned_and_on_the_days_they_belong_to() {
    for (n, seed) in [(1, 1), (2, 7), (10, 1), (37, 3), (100, 1)] {
        let plan = plan(n, seed);
        let (pairs, legacy, t) = (plan.pairs(), all_legacy(&plan), *plan.targets());
        let year_before = END.plus_years(-1).unwrap().last_instant();
        let new_year = HALF.first.first_instant();
        let count = |f: &dyn Fn(Instant) -> bool| {
            let (pairs, legacy) = (pairs.iter().filter(|p| f(p.at)).count(), legacy.iter().filter(|u| f(u.at)).count());
            (u64::try_from(pairs).unwrap(), u64::try_from(pairs + legacy).unwrap())
        };
        assert_eq!(count(&|_| true), (t.sm2, t.total));
        assert_eq!(count(&|at| at <= year_before), (t.sm2_before, t.total_before));
        assert_eq!(count(&|at| at >= new_year), (t.sm2_half, t.half));
        assert!(pairs.is_sorted_by_key(|p| p.at));
        for u in &legacy {
            let office = &plan.offices()[u.office];
            assert!(LEGACY.first <= u.at.day() && u.at.day() < END && is_working(u.at.day()), "{u:?}");
            // Nothing of the old algorithm after the cutover.
            assert!(office.sm2_only.is_none_or(|day| u.at.day() < day), "{u:?}");
            assert!(u.ending.is_none_or(|e| e.at > u.at && e.at < END.first_instant()), "{u:?}");
        }
        for p in &pairs {
            let office = &plan.offices()[p.office];
            assert!(office.sm2_from.unwrap() <= p.at.day() && is_working(p.at.day()) && p.at.day() < END, "{p:?}");
            assert!(p.ending.is_none_or(|e| e.at > p.at && e.at.day() < END), "{p:?}");
            if let Some(s) = p.succeeds {
                let old = &pairs[s.of];
                assert!(old.at < p.at && old.holder == p.holder && old.office == p.office && old.profile == p.profile);
                let replaced = s.reason == Reason::Replacement;
                assert_eq!(old.ending.is_some_and(|e| e.by_successor && e.at == p.at), replaced, "{old:?}");
                assert_eq!(old.kind == HolderKind::Device, !replaced);
            }
        }
        let followed: Vec<usize> = pairs.iter().filter_map(|p| Some(p.succeeds?.of)).collect();
        assert_eq!(followed.iter().collect::<BTreeSet<_>>().len(), followed.len(), "two follow upon one");
        // A number belongs to one holder of one kind at one office.
        let mut kinds = BTreeMap::new();
        let of_legacy = legacy.iter().map(|u| (u.holder, (u.kind, u.office)));
        for (holder, what) in of_legacy.chain(pairs.iter().map(|p| (p.holder, (p.kind, p.office)))) {
            assert_eq!(*kinds.entry(holder).or_insert(what), what);
        }
    }
}

/// What a picture of a real population needs is in it.
#[test]
fn it_has_some_of_everything() {
    let plan = plan(100, 1);
    let (pairs, legacy) = (plan.pairs(), all_legacy(&plan));
    for reason in [Reason::First, Reason::Migration, Reason::Renewal, Reason::Rekey, Reason::Replacement] {
        assert!(pairs.iter().any(|p| p.reason == reason), "{reason}");
    }
    for kind in HolderKind::ALL {
        assert!(pairs.iter().any(|p| p.kind == kind) && legacy.iter().any(|u| u.kind == kind), "{kind}");
    }
    let held = |p: &&Pair| p.ending.is_some_and(|e| e.reason == RevocationReason::CertificateHold);
    let revoked = pairs.iter().filter(|p| p.ending.is_some() && !held(p)).count();
    assert!(pairs.iter().filter(held).count() > 10 && revoked > 100, "{revoked}");
    let expired = legacy.iter().filter(|u| u.at.plus_seconds(i64::from(u.days) * 86_400) < END.first_instant()).count();
    assert!((legacy.len() / 4..legacy.len() * 3 / 4).contains(&expired), "{expired}");
    assert!(legacy.iter().any(|u| u.key_bits == 1024) && legacy.iter().any(|u| u.key_bits == 2048));
    // Three tenths more from year to year.
    let year = |y: &str| legacy.iter().filter(|u| u.at.day().to_string().starts_with(y)).count() * 10;
    assert!((12..14).contains(&(year("2015") / (year("2014") / 10))), "{} {}", year("2015"), year("2014"));
    let cutovers = plan.cutovers();
    assert_eq!(cutovers.iter().filter(|c| !c.org.as_str().starts_with("lra")).count(), 31);
    assert!(cutovers.is_sorted_by_key(|c| c.effective));
    let count = |kind| plan.offices().iter().filter(|o| o.entry.kind == kind).count();
    assert_eq!([OrgKind::ProvinceRa, OrgKind::MunicipalLra, OrgKind::MinistryRa].map(count), [29, 22, 9]);
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_one_another() {
    let (one, again, other) = (plan(10, 5), plan(10, 5), plan(10, 6));
    assert_eq!((one.pairs(), all_legacy(&one)), (again.pairs(), all_legacy(&again)));
    assert_ne!(one.pairs(), other.pairs());
    assert_ne!(all_legacy(&one), all_legacy(&other));
    // What is counted is the same.
    assert_eq!((one.targets(), one.cutovers()), (other.targets(), other.cutovers()));
    assert_eq!(
        (0..60).map(|n| one.legacy_count(n)).collect::<Vec<_>>(),
        (0..60).map(|n| other.legacy_count(n)).collect::<Vec<_>>()
    );
    assert_eq!(one.legacy_count(0), u64::try_from(one.legacy(0).len()).unwrap());
}
