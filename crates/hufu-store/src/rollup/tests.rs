#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::event::EventKind;
use hufu_model::ident::Serial;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;
use proptest::prelude::*;

use super::*;
use crate::sample::{Scratch, at, certificate, org_id};
use crate::{Error, NewStatus};

/// 2026-11-23, 00:00:00 in China.
const START: i64 = 1_795_363_200;
const DAY: i64 = 86_400;

/// What happens in a history, at a second: a certificate is recorded that was issued some seconds before and is valid
/// for some seconds, or the status of one changes, from some seconds before on.
#[derive(Debug, Clone)]
struct Step {
    recorded: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Made(CertificateRow),
    Changed(NewStatus),
}

/// Seconds of three days, more of them near midnight than anywhere else.
fn second() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0..3 * DAY).prop_map(|s| START + s),
        (0..4_i64, -2..3_i64).prop_map(|(day, off)| START + day * DAY + off),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    let made = (second(), 0..2 * DAY, prop_oneof![0..3_i64, 0..3 * DAY], 0..3_usize, 0..2_usize);
    let changed = (second(), any::<prop::sample::Index>(), 0..3_usize, prop_oneof![Just(0), 0..2 * DAY]);
    (prop::collection::vec(made, 1..30), prop::collection::vec(changed, 0..40)).prop_map(|(mut all, mut changes)| {
        all.sort_by_key(|one| one.0);
        changes.sort_by_key(|one| one.0);
        let made = all.into_iter().zip(0..).map(|((recorded, before, length, algorithm, org), n)| {
            let issued_at = recorded - before;
            let mut row = certificate(n, issued_at, 1);
            row.validity = Validity::new(issued_at - 1, issued_at - 1 + length).unwrap();
            row.algorithm = Algorithm::ALL[algorithm];
            row.org = org_id(["ra", "ca"][org]);
            row.reason = Reason::ALL[(n % 6) as usize];
            Step { recorded, what: What::Made(row) }
        });
        let mut steps: Vec<Step> = made.collect();
        // Changes that are allowed, each of a certificate that is there: the others say nothing about totals.
        let mut last: BTreeMap<Serial, (CertificateStatus, i64)> = BTreeMap::new();
        for (recorded, index, status, before) in changes {
            let there: Vec<&CertificateRow> =
                steps.iter().filter(|s| s.recorded <= recorded).filter_map(row_of).collect();
            let Some(row) = there.get(index.index(there.len().max(1))) else { continue };
            let known = last.entry(row.serial.clone()).or_insert((CertificateStatus::Active, row.issued_at));
            let status = CertificateStatus::ALL[status];
            if known.0.may_become(status) {
                let at = (recorded - before).max(known.1);
                *known = (status, at);
                let reason = RevocationReason::Unspecified;
                let serial = row.serial.clone();
                let change = NewStatus { serial, request: None, status, reason, at, invalid_since: None };
                steps.push(Step { recorded, what: What::Changed(change) });
            }
        }
        // Stable: a certificate comes before its changes, and those keep their order.
        steps.sort_by_key(|step| step.recorded);
        steps
    })
}

fn row_of(step: &Step) -> Option<&CertificateRow> {
    match &step.what {
        What::Made(row) => Some(row),
        What::Changed(_) => None,
    }
}

/// Every third certificate is a pair: the serial number of its encryption half.
fn half(signing: &Serial) -> Option<Serial> {
    let mut octets = signing.as_bytes().to_vec();
    octets[10] = 2;
    octets[18].is_multiple_of(3).then(|| Serial::from_bytes(&octets).unwrap())
}

fn store(history: &[Step]) -> Scratch {
    let scratch = Scratch::empty();
    // Several certificates in one event, several events in one second.
    for second in history.chunk_by(|a, b| a.recorded == b.recorded) {
        let events = second.chunk_by(|a, b| row_of(a).is_some() && row_of(b).is_some()).flat_map(|same| same.chunks(2));
        for event in events {
            let stored = scratch.store.write(at(second[0].recorded), |w| {
                let mut writer = w.event(EventKind::Issue, None, "x");
                for step in event {
                    match &step.what {
                        What::Made(row) => {
                            writer.put_certificate(row, b"der")?;
                            if let Some(serial) = half(&row.serial) {
                                let profile = "person-enc".parse().unwrap();
                                let other = CertificateRow { serial, profile, ..row.clone() };
                                writer.put_encryption_half(&row.serial, &other, b"der", b"envelope")?;
                            }
                        }
                        What::Changed(change) => {
                            writer.put_status_change(change)?;
                            if let Some(serial) = half(&change.serial) {
                                writer.put_status_change(&NewStatus { serial, ..change.clone() })?;
                            }
                        }
                    }
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

/// Counted by the rules, one certificate after the other: issued, revoked, valid.
fn naive(history: &[Step], at: i64, as_of: i64) -> Vec<(String, Algorithm, u64, u64, u64)> {
    let mut totals = BTreeMap::<_, (u64, u64, u64)>::new();
    let known = || history.iter().filter(|step| step.recorded <= as_of);
    for row in known().filter_map(row_of).filter(|row| row.issued_at <= at) {
        let mut changes = known().filter_map(|step| match &step.what {
            What::Changed(change) if change.serial == row.serial && change.at <= at => Some(change.status),
            _ => None,
        });
        let status = changes.next_back().unwrap_or(CertificateStatus::Active);
        let total = totals.entry((row.org.to_string(), row.algorithm)).or_default();
        total.0 += 1;
        total.1 += u64::from(status == CertificateStatus::Revoked);
        let in_time = row.validity.contains(Instant::from_unix_seconds(at));
        total.2 += u64::from(in_time && status == CertificateStatus::Active);
    }
    totals.into_iter().map(|((org, algorithm), (i, r, v))| (org, algorithm, i, r, v)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

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
            let made: Vec<&CertificateRow> = history.iter().filter_map(row_of).collect();
            let pairs = made.iter().filter(|row| half(&row.serial).is_some()).count();
            assert_eq!(stored.values().map(|f| f.issued).sum::<i64>(), (made.len() + pairs) as i64);
            assert_eq!(stored.values().map(|f| f.pairs_issued).sum::<i64>(), made.len() as i64);
            // In the end everything is over, and the ends that were written and taken back add up to nothing.
            assert_eq!(stored.values().map(|f| f.valid).sum::<i64>(), 0);
            for (at, as_of) in &asked {
                for as_of in [*as_of, *at, START + 30 * DAY] {
                    // Milliseconds add nothing: certificates are made of seconds.
                    let instant = |second: i64| Instant::from_unix_millis(second * 1000 + millis);
                    let counted = r.count_rows(instant(*at), instant(as_of))?;
                    let counted: Vec<_> =
                        counted.into_iter().map(|c| (c.org.to_string(), c.algorithm, c.issued, c.revoked, c.valid)).collect();
                    assert_eq!(counted, naive(&history, *at, as_of), "at {at} as of {as_of}");
                }
            }
            for day in -3..5 {
                let day = Instant::from_unix_seconds(START + day * DAY).day();
                let orgs = [org_id("ra"), org_id("ca")];
                let on = made.iter().filter(|row| Instant::from_unix_seconds(row.issued_at).day() == day).count();
                assert_eq!(r.issued_count(&orgs, Some(day))?, on as u64);
            }
            Ok::<_, Error>(())
        }).unwrap();
    }
}

#[test]
fn a_forged_total_is_not_the_recomputed_one() {
    let made = |n: u64| Step { recorded: START, what: What::Made(certificate(n, START, 30)) };
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
        Member::own(row, Part::Whole)
            .deltas(at(START))
            .iter()
            .map(|(d, _)| d.event_day.number() - at(START).day().number())
            .collect()
    };
    assert_eq!(days(&row), [0, 1]);
    row.validity = Validity::new(START, START + DAY - 2).unwrap();
    assert_eq!(days(&row), [0, 0]);
    let scratch = store(&[Step { recorded: START, what: What::Made(row) }]);
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
