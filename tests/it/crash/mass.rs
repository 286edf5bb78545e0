//! A mass revocation is killed in the middle, and goes on by its name: every certificate is revoked once, none is left, and
//! nobody else's is touched.

use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::{Depth, RequestFilter, StatusFilter, StatusRequest};
use hufu_model::ident::RequestId;
use hufu_model::request::RequestStatus;
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;

use super::{Ready, Wrong, hit_from, kill, rows};

/// More than an entry operator may ask for, and how many are applied in one transaction.
const CERTIFICATES: u64 = 120;
const CHUNK: usize = 40;
const NAME: &str = "drill";

/// A home with so many certificates whose revocation two administrators agreed upon.
fn ready_mass(seed: &str) -> Ready {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    let persons: Vec<_> = (0..CERTIFICATES).map(|n| t.people.person(n, "lra-chengdu")).collect();
    let changes: Vec<StatusRequest> = t
        .issue(&persons)
        .into_iter()
        .map(|c| {
            let id = format!("{NAME}-{}", c.serial).parse().unwrap();
            StatusRequest::revoke(id, c.serial, RevocationReason::KeyCompromise)
        })
        .collect();
    let ids: Vec<RequestId> = changes.iter().map(|c| c.id.clone()).collect();
    t.authority.request_status(&t.session("zhao"), &changes).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
    t.authority.approve(&t.session("qian"), &ids).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
    let certificates = rows(&t).len();
    Ready { ids, certificates, pairs: false, now: t.now(), folder }
}

fn mass_trial(base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let (point, chunk) = ([("f14-open", 0), ("f14", 1)][trial % 2], trial % 3 + 1);
    let fault = format!("{}:{chunk}", point.0);
    let killed = kill(base, ready, &format!("trial {trial}"), &fault, &["apply-batch", NAME, &CHUNK.to_string()]);
    let mut wrong = Wrong::default();
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let ready_after = started.elapsed();
    // Whole chunks: those before the kill, and the one that was committed and not answered.
    let changes = t.authority.status_changes(&StatusFilter::default()).unwrap();
    assert_eq!(changes.len(), (chunk - 1 + point.1) * CHUNK, "{fault}");
    let said = killed.lines.iter().filter_map(|l| l.strip_prefix("applied ")).filter_map(|l| l.split_once(' '));
    let stored = |id: &str| changes.iter().any(|c| c.request.as_ref().is_some_and(|r| r.as_str() == id));
    wrong.lost += said.filter(|(id, _)| !stored(id)).count();

    // The command again: what is left under the name.
    let left = RequestFilter {
        batch: Some(NAME.parse().unwrap()),
        status: Some(RequestStatus::Approved),
        ..RequestFilter::default()
    };
    let left: Vec<RequestId> = t.authority.requests(&left).unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(left.len() + changes.len(), ready.ids.len());
    t.authority.apply(&t.session("qian"), &left).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
    let after = t.authority.status_changes(&StatusFilter::default()).unwrap();
    let serials: std::collections::BTreeSet<_> = after.iter().map(|c| &c.serial).collect();
    wrong.duplicates += after.len() - serials.len();
    wrong.lost += ready.ids.len().abs_diff(serials.len());
    let total = t.totals(None);
    wrong.lost += usize::from(total.revoked != CERTIFICATES || total.issued - total.valid != CERTIFICATES);
    wrong.lost += ready.certificates.abs_diff(rows(&t).len());
    let audit = t.authority.audit(if trial.is_multiple_of(10) { Depth::Deep } else { Depth::Ledger }, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    (wrong, ready_after)
}

#[test]
fn killed_in_the_middle_of_a_mass_revocation() {
    hit_from(ready_mass("mass"), "mass", "f14 in a mass revocation", mass_trial);
}
