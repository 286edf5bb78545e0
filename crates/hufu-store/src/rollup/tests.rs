#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::event::EventKind;
use hufu_model::time::Validity;
use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::sample::{Scratch, at, certificate, org_id};

/// 2026-11-23, 00:00:00 in China.
const START: i64 = 1_795_363_200;
const DAY: i64 = 86_400;

/// A certificate as a history has it: recorded at a second, issued some seconds before, valid for some seconds.
#[derive(Debug, Clone)]
struct Made {
    recorded: i64,
    row: CertificateRow,
}

/// Seconds of three days, more of them near midnight than anywhere else.
fn second() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0..3 * DAY).prop_map(|s| START + s),
        (0..4_i64, -2..3_i64).prop_map(|(day, off)| START + day * DAY + off),
    ]
}

fn history() -> impl Strategy<Value = Vec<Made>> {
    let one = (second(), 0..2 * DAY, prop_oneof![0..3_i64, 0..3 * DAY], 0..3_usize, 0..2_usize);
    prop::collection::vec(one, 1..40).prop_map(|mut all| {
        all.sort_by_key(|one| one.0);
        let made = all.into_iter().zip(0..).map(|((recorded, before, length, algorithm, org), n)| {
            let issued_at = recorded - before;
            let mut row = certificate(n, issued_at, 1);
            row.validity = Validity::new(issued_at - 1, issued_at - 1 + length).unwrap();
            row.algorithm = Algorithm::ALL[algorithm];
            row.org = org_id(["ra", "ca"][org]);
            row.reason = Reason::ALL[(n % 6) as usize];
            Made { recorded, row }
        });
        made.collect()
    })
}

fn store(history: &[Made]) -> Scratch {
    let scratch = Scratch::empty();
    // Several certificates in one event, several events in one second.
    for made in history.chunk_by(|a, b| a.recorded == b.recorded) {
        for event in made.chunks(2) {
            let stored = scratch.store.write(at(made[0].recorded), |w| {
                let mut writer = w.event(EventKind::Issue, None, "x");
                for made in event {
                    writer.put_certificate(&made.row, b"der")?;
                }
                writer.close()
            });
            stored.unwrap_or_else(|e: Error| panic!("{e}"));
        }
    }
    scratch
}

/// The totals as stored, those that are nothing left out.
fn stored(connection: &Connection) -> Result<BTreeMap<Delta, Figures>> {
    let mut totals: BTreeMap<Delta, Figures> =
        crate::cell::query(connection, "rollup", ALL, &[], row)?.into_iter().collect();
    totals.retain(|_, figures| *figures != Figures::default());
    Ok(totals)
}

/// Counted by the rules, one certificate after the other.
fn naive(history: &[Made], at: i64, as_of: i64) -> Vec<(String, Algorithm, u64, u64)> {
    let mut totals = BTreeMap::<_, (u64, u64)>::new();
    for made in history.iter().filter(|m| m.recorded <= as_of && m.row.issued_at <= at) {
        let total = totals.entry((made.row.org.to_string(), made.row.algorithm)).or_default();
        total.0 += 1;
        total.1 += u64::from(made.row.validity.contains(Instant::from_unix_seconds(at)));
    }
    totals.into_iter().map(|((org, algorithm), (issued, valid))| (org, algorithm, issued, valid)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn totals_are_what_counting_gives(
        history in history(),
        asked in prop::collection::vec((second(), second()), 1..20),
        millis in 0..1000_i64,
    ) {
        let scratch = store(&history);
        scratch.store.read(|r| {
            let stored = stored(r.connection())?;
            assert_eq!(stored, recomputed(r.connection())?);
            assert_eq!(stored.values().map(|f| f.issued).sum::<i64>(), history.len() as i64);
            for (at, as_of) in &asked {
                for as_of in [*as_of, *at, START + 30 * DAY] {
                    // Milliseconds add nothing: certificates are made of seconds.
                    let instant = |second: i64| Instant::from_unix_millis(second * 1000 + millis);
                    let counted = r.count_rows(instant(*at), instant(as_of))?;
                    let counted: Vec<_> =
                        counted.into_iter().map(|c| (c.org.to_string(), c.algorithm, c.issued, c.valid)).collect();
                    assert_eq!(counted, naive(&history, *at, as_of), "at {at} as of {as_of}");
                }
            }
            for day in -3..5 {
                let day = Instant::from_unix_seconds(START + day * DAY).day();
                let orgs = [org_id("ra"), org_id("ca")];
                let on = history.iter().filter(|m| Instant::from_unix_seconds(m.row.issued_at).day() == day).count();
                assert_eq!(r.issued_count(&orgs, Some(day))?, on as u64);
            }
            Ok::<_, Error>(())
        }).unwrap();
    }
}

#[test]
fn a_forged_total_is_not_the_recomputed_one() {
    let made = |n: u64| Made { recorded: START, row: certificate(n, START, 30) };
    let scratch = store(&[made(1), made(2)]);
    let differ =
        || scratch.store.read(|r| Ok::<_, Error>(stored(r.connection())? != recomputed(r.connection())?)).unwrap();
    assert!(!differ());
    let alter = |sql: &str| rusqlite::Connection::open(&scratch.path).unwrap().execute_batch(sql).unwrap();
    alter("UPDATE rollup SET issued = issued + 1 WHERE issued = 2");
    assert!(differ());
    alter("UPDATE rollup SET issued = issued - 1 WHERE issued = 3");
    assert!(!differ());
    alter("DELETE FROM rollup WHERE valid < 0");
    assert!(differ());
}

/// The end of a validity belongs to it: it counts on its last second and no more on the next.
#[test]
fn the_last_second_counts() {
    let mut row = certificate(1, START, 1);
    // Ends with the last second of a day.
    assert_eq!(row.validity.not_after(), START + DAY - 1);
    let days = |row: &CertificateRow| -> Vec<i64> {
        deltas(row, at(START)).iter().map(|(d, _)| d.event_day.number() - at(START).day().number()).collect()
    };
    assert_eq!(days(&row), [0, 1]);
    row.validity = Validity::new(START, START + DAY - 2).unwrap();
    assert_eq!(days(&row), [0, 0]);
    let scratch = store(&[Made { recorded: START, row }]);
    let valid = |second| {
        scratch
            .store
            .read(|r| r.count_rows(at(second), at(START + 9 * DAY)))
            .unwrap()
            .first()
            .map(|c| (c.issued, c.valid))
    };
    assert_eq!(valid(START - 1), None);
    assert_eq!(valid(START), Some((1, 1)));
    assert_eq!(valid(START + DAY - 2), Some((1, 1)));
    assert_eq!(valid(START + DAY - 1), Some((1, 0)));
    assert_eq!(valid(START + DAY), Some((1, 0)));
}
