#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use hufu_model::event::EventKind;
use hufu_model::holder::HolderKind;
use hufu_model::request::Medium;
use hufu_model::time::{Instant, Validity};
use proptest::prelude::*;

use super::*;
use crate::Write;
use crate::sample::{NOON, Scratch, at, certificate, import as import_row, legacy as legacy_row, op, org_id};

const DAY: i64 = 86_400;

fn event<T>(scratch: &Scratch, second: i64, f: impl FnOnce(&mut EventWriter<'_, '_>) -> Result<T>) -> Result<T> {
    scratch.store.write(at(second), |w: &mut Write<'_>| {
        let mut event = w.event(EventKind::Import, Some(&op("zhao")), "old");
        let done = f(&mut event)?;
        event.close()?;
        Ok(done)
    })
}

fn revoked(row: &LegacyRow, second: i64) -> NewLegacyStatus {
    let (status, reason) = (CertificateStatus::Revoked, RevocationReason::Superseded);
    NewLegacyStatus { id: row.id, status, reason, at: second }
}

fn imported(rows: &[LegacyRow]) -> Scratch {
    let scratch = Scratch::founded();
    event(&scratch, NOON, |e| {
        e.put_import(&import_row("old", NOON))?;
        rows.iter().try_for_each(|row| e.put_legacy(row))
    })
    .unwrap();
    scratch
}

fn code<T>(result: Result<T>) -> String {
    result.map_or_else(|e| e.kind().code().to_owned(), |_| "ok".to_owned())
}

#[test]
fn what_is_put_is_read_again() {
    let bare = LegacyRow {
        issuer: String::new(),
        subject: String::new(),
        holder_kind: None,
        medium: None,
        digest: None,
        verified: false,
        first_half: Some(legacy_row("old", 1, NOON - 9).id),
        ..legacy_row("old", 2, NOON - 9)
    };
    let first = legacy_row("old", 1, NOON - 9);
    let scratch = imported(&[first.clone(), bare.clone()]);
    scratch
        .store
        .read(|r| {
            assert_eq!(r.imports()?, [import_row("old", NOON)]);
            assert_eq!(r.import(&"old".parse().unwrap())?, Some(import_row("old", NOON)));
            assert_eq!(r.import_counts()?, [("old".parse().unwrap(), 2)]);
            assert_eq!(r.legacy_count()?, 2);
            assert_eq!(r.legacy(&bare.id)?.as_ref(), Some(&bare));
            assert_eq!(r.legacy_by_holder(&first.holder)?, std::slice::from_ref(&first));
            assert_eq!(
                r.legacy_rows(&LegacyFilter { pairs: true, ..LegacyFilter::default() })?,
                std::slice::from_ref(&first)
            );
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn every_filter_leaves_out_what_it_names() {
    let rows: Vec<LegacyRow> =
        (1..=6).map(|n| legacy_row("old", n, NOON - 9 * DAY + i64::try_from(n).unwrap())).collect();
    let mut rows = rows;
    rows[1].org = org_id("ca");
    rows[2].algorithm = Algorithm::Sm2;
    let scratch = imported(&rows);
    let ours = certificate(7, NOON, 30);
    event(&scratch, NOON + 1, |e| {
        e.put_certificate(&ours, b"der")?;
        e.put_legacy_link(&rows[3].id, &ours.serial)?;
        e.put_legacy_status(&revoked(&rows[4], NOON))
    })
    .unwrap();
    let listed = |filter: LegacyFilter| -> Vec<u64> {
        scratch.store.read(|r| r.legacy_rows(&filter)).unwrap().iter().map(|row| row.position).collect()
    };
    let all = LegacyFilter::default();
    assert_eq!(listed(all.clone()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(listed(LegacyFilter { orgs: Some(vec![org_id("ca")]), ..all.clone() }), [2]);
    assert_eq!(listed(LegacyFilter { orgs: Some(Vec::new()), ..all.clone() }), []);
    assert_eq!(listed(LegacyFilter { algorithms: Some(vec![Algorithm::Sm2]), ..all.clone() }), [3]);
    let expiry = |n: usize| rows[n].validity.not_after();
    let window = LegacyFilter { expires_from: Some(expiry(1)), expires_to: Some(expiry(3)), ..all.clone() };
    assert_eq!(listed(window), [2, 3]);
    assert_eq!(listed(LegacyFilter { holder: Some(rows[5].holder), ..all.clone() }), [6]);
    assert_eq!(listed(LegacyFilter { import: Some("other".parse().unwrap()), ..all.clone() }), []);
    assert_eq!(listed(LegacyFilter { status: Some(CertificateStatus::Revoked), ..all.clone() }), [5]);
    assert_eq!(listed(LegacyFilter { unlinked: true, ..all.clone() }), [1, 2, 3, 5, 6]);
    let page = LegacyFilter { after: Some((expiry(1), rows[1].id)), limit: 2, ..all };
    assert_eq!(listed(page), [3, 4]);
    scratch
        .store
        .read(|r| {
            let link = r.legacy_link(&rows[3].id)?.unwrap();
            assert_eq!(r.legacy_links(&ours.serial)?, std::slice::from_ref(&link));
            assert_eq!(r.legacy_links_after(None, 1)?, std::slice::from_ref(&link));
            assert_eq!(r.legacy_links_after(Some(&link.legacy), 1)?, []);
            // The link was put into an event of the wrong kind.
            assert_eq!(r.inventory_by_other_events()?, [link.event]);
            assert_eq!(
                r.legacy_status_last(&rows[4].id)?.map(|s| (s.was, s.at)),
                Some((CertificateStatus::Active, NOON))
            );
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn what_the_totals_cannot_hold_is_refused() {
    let first = legacy_row("old", 1, NOON - DAY);
    let scratch = imported(std::slice::from_ref(&first));
    let put = |row: LegacyRow| code(event(&scratch, NOON, |e| e.put_legacy(&row)));
    let other = legacy_row("old", 2, NOON - DAY);
    assert_eq!(put(first.clone()), "store.duplicate");
    assert_eq!(put(LegacyRow { status: CertificateStatus::Revoked, ..other.clone() }), "store.constraint");
    assert_eq!(put(LegacyRow { issued_at: NOON + 1, ..other.clone() }), "store.constraint");
    assert_eq!(put(LegacyRow { import: "unknown".parse().unwrap(), ..other.clone() }), "store.constraint");
    assert_eq!(put(other.clone()), "ok");

    let change = |new: NewLegacyStatus| code(event(&scratch, NOON, |e| e.put_legacy_status(&new)));
    assert_eq!(change(revoked(&legacy_row("old", 9, NOON), NOON)), "store.not-found");
    assert_eq!(change(revoked(&first, NOON - DAY - 1)), "store.constraint");
    assert_eq!(change(revoked(&first, NOON + 1)), "store.constraint");
    assert_eq!(change(revoked(&first, NOON)), "ok");
    assert_eq!(change(revoked(&first, NOON)), "store.constraint");

    let ours = certificate(7, NOON, 30);
    let link = || code(event(&scratch, NOON, |e| e.put_legacy_link(&other.id, &ours.serial)));
    assert_eq!(link(), "store.constraint");
    event(&scratch, NOON, |e| e.put_certificate(&ours, b"der")).unwrap();
    assert_eq!((link(), link()), ("ok".to_owned(), "store.duplicate".to_owned()));
}

/// An imported certificate with its times in any order, whether it is a second half, and when it was revoked.
#[derive(Debug, Clone)]
struct Old {
    row: LegacyRow,
    revoked: Option<i64>,
}

fn olds() -> impl Strategy<Value = Vec<Old>> {
    let second = || prop_oneof![(-6 * DAY..0), (-6..0_i64, -2..3_i64).prop_map(|(day, off)| day * DAY + off)];
    let kind = prop::option::of(prop::sample::select(HolderKind::ALL.to_vec()));
    let one = (second(), second(), 0..6 * DAY, kind, any::<bool>(), prop::option::of(second()));
    prop::collection::vec(one, 1..25).prop_map(|all| {
        let mut rows: Vec<Old> = Vec::new();
        for (n, (issued, begin, length, kind, half, revoked)) in (1..).zip(all) {
            // Whole days are those of UTC+08:00, where NOON is eight in the evening.
            let noon = NOON + 4 * 3600;
            let row = LegacyRow {
                validity: Validity::new(noon + begin, noon + begin + length).unwrap(),
                issued_at: noon + issued.min(-5 * 3600),
                holder_kind: kind,
                medium: half.then_some(Medium::File),
                first_half: rows.last().filter(|_| half).map(|o| o.row.id),
                ..legacy_row("old", n, NOON)
            };
            let revoked = revoked.map(|r| (noon + r.min(-4 * 3600)).max(row.issued_at));
            rows.push(Old { row, revoked });
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The totals at the end of every day are what counting one certificate after the other gives.
    #[test]
    fn times_in_any_order_are_counted(olds in olds()) {
        let scratch = imported(&olds.iter().map(|o| o.row.clone()).collect::<Vec<_>>());
        for old in &olds {
            if let Some(second) = old.revoked {
                event(&scratch, NOON, |e| e.put_legacy_status(&revoked(&old.row, second))).unwrap();
            }
        }
        let first = Instant::from_unix_seconds(NOON - 20 * DAY).day().number();
        for day in first..first + 40 {
            let last = hufu_model::time::Day::from_number(day).last_instant();
            let second = last.unix_seconds();
            let mut right = BTreeMap::<Option<HolderKind>, [i64; 6]>::new();
            for Old { row, revoked } in olds.iter().filter(|o| o.row.issued_at <= second) {
                let gone = revoked.is_some_and(|r| r <= second);
                let valid = row.validity.contains(last) && !gone;
                let figures = right.entry(row.holder_kind).or_default();
                let whole = i64::from(row.first_half.is_none());
                for (at, value) in [1, i64::from(gone), i64::from(valid)].into_iter().enumerate() {
                    figures[at] += value;
                    figures[at + 3] += value * whole;
                }
            }
            let sql = "SELECT holder_kind, SUM(issued), SUM(revoked), SUM(valid), SUM(pairs_issued), SUM(pairs_revoked), \
                       SUM(pairs_valid) FROM rollup_day AS t JOIN rollup_group AS g ON g.id = t.group_id \
                       WHERE t.happened <= ? AND g.profile = 'imported' AND g.reason = 'import' GROUP BY holder_kind";
            let found = scratch.store.read(|r| {
                crate::cell::query(r.connection(), "rollup", sql, &[Cell::Int(day)], |c| {
                    let kind: Option<HolderKind> = c.parse_unless("unknown")?;
                    Ok((kind, [c.int()?, c.int()?, c.int()?, c.int()?, c.int()?, c.int()?]))
                })
            }).unwrap();
            let found: BTreeMap<_, _> = found.into_iter().filter(|(_, f)| *f != [0; 6]).collect();
            prop_assert_eq!(found, right, "day {}", day);
        }
        let report = scratch.store.read(|r| crate::verify::verify(r, &|_, _, _| {})).unwrap();
        prop_assert!(report.is_intact(), "{:?}", report.findings);
    }
}
