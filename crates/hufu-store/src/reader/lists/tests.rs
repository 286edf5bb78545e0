#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::certificate::CertificateRow;
use hufu_model::event::EventKind;
use hufu_model::legacy::LegacyRow;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;

use super::*;
use crate::sample::{NOON, Scratch, at, certificate, import, legacy, op, org_id};
use crate::{NewLegacyStatus, NewStatus, Write};

const DAY: i64 = 86_400;

/// Two of ours and three imported ones that end with the tenth day; one of each is revoked on the second, as was learnt on
/// the third. The last imported one is a second half.
fn scene() -> Scratch {
    let scratch = Scratch::founded();
    let validity = Validity::new(NOON, NOON + 10 * DAY).unwrap();
    let put = |second: i64, f: &dyn Fn(&mut crate::EventWriter<'_, '_>) -> Result<()>| {
        let written = scratch.store.write(at(second), |w: &mut Write<'_>| {
            let mut event = w.event(EventKind::Import, Some(&op("zhao")), "old");
            f(&mut event)?;
            event.close()
        });
        written.unwrap();
    };
    let ours: Vec<_> = (1..3).map(|n| CertificateRow { validity, ..certificate(n, NOON, 1) }).collect();
    let first = legacy("old", 1, NOON);
    let old = |n: u64| LegacyRow { validity, first_half: (n == 3).then_some(first.id), ..legacy("old", n, NOON) };
    let olds: Vec<_> = (1..4).map(old).collect();
    put(NOON, &|e| {
        e.put_import(&import("old", NOON))?;
        for row in &ours {
            e.put_certificate(row, b"der")?;
        }
        olds.iter().try_for_each(|row| e.put_legacy(row))
    });
    let (status, reason, second) = (CertificateStatus::Revoked, RevocationReason::Superseded, NOON + 2 * DAY);
    put(NOON + 3 * DAY, &|e| {
        let (serial, request) = (ours[1].serial.clone(), None);
        e.put_status_change(&NewStatus { serial, request, status, reason, at: second, invalid_since: None })?;
        e.put_legacy_status(&NewLegacyStatus { id: olds[1].id, status, reason, at: second }).map(drop)
    });
    scratch
}

#[test]
fn what_expires_is_ours_and_imported_and_as_it_was_known() {
    let scratch = scene();
    let orgs = [certificate(1, NOON, 1).org, legacy("old", 1, NOON).org, org_id("nowhere")];
    let end = NOON + 10 * DAY;
    let imported: ProfileId = IMPORTED_PROFILE.parse().unwrap();
    let all = ExpiryFilter {
        orgs: &orgs,
        profile: None,
        medium: None,
        pairs: true,
        from: end,
        to: end + 1,
        at: at(NOON + 5 * DAY),
        as_of: at(NOON + 5 * DAY),
        limit: 0,
    };
    let count = |filter: ExpiryFilter<'_>| scratch.store.read(|r| r.expiring(&filter)).unwrap().len();
    // One of ours and one imported one are left; the second half counts where halves do.
    assert_eq!(count(all), 2);
    assert_eq!(count(ExpiryFilter { pairs: false, ..all }), 3);
    assert_eq!(count(ExpiryFilter { profile: Some(&imported), ..all }), 1);
    assert_eq!(count(ExpiryFilter { limit: 1, ..all }), 1);
    // Before the revocations, and before they were known.
    assert_eq!(count(ExpiryFilter { at: at(NOON + DAY), ..all }), 4);
    assert_eq!(count(ExpiryFilter { as_of: at(NOON + 2 * DAY + 1), ..all }), 4);
    // The period is half-open; nobody else's; before anything was recorded.
    assert_eq!(count(ExpiryFilter { from: end + 1, to: end + DAY, ..all }), 0);
    assert_eq!(count(ExpiryFilter { from: 0, to: end, ..all }), 0);
    assert_eq!(count(ExpiryFilter { orgs: &[], ..all }), 0);
    assert_eq!(count(ExpiryFilter { as_of: at(NOON - DAY), ..all }), 0);
    let found = scratch.store.read(|r| r.expiring(&all)).unwrap();
    assert!(found.iter().any(|e| e.profile.is_none()) && found.iter().any(|e| e.profile.is_some()));
}
