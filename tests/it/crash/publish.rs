//! Killed at every step from a revocation to its published list: nothing that was acknowledged is lost, no reader ever sees a
//! part of a list, and no number comes twice or goes back.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::{Depth, Visibility};
use hufu_tests::child::publishing;
use hufu_tests::{TestAuthority, copy_home};
use hufu_x509::crl::Crl;

use crate::figures::control;

use super::{Killed, REQUESTS, Ready, Wrong, changes, empty, hit_from, kill, lost_changes, ready_changes};

/// The lists of the second publication: full, four shards, delta.
const LISTS: usize = 6;

/// Certificates with an approved change each, and a first publication in the folder.
fn ready_published(seed: &str) -> Ready {
    let ready = ready_changes(seed);
    let t = TestAuthority::open_in(ready.folder.path(), ready.now, "the first publication").unwrap();
    publish(&t);
    ready
}

/// Publishes, and gives the number.
fn publish(t: &TestAuthority) -> u64 {
    t.authority.publish_crl(&t.session("zhao"), &t.signer(), &publishing(t)).unwrap().remove(0).issue.number
}

/// What a reader sees in the folder: the number of every list, none for one that is torn.
fn seen(base: &Path, t: &TestAuthority) -> Vec<Option<u128>> {
    let key = t.authority.identity().issuing.public_key().unwrap();
    let mut seen = Vec::new();
    for entry in fs::read_dir(base.join("public").join("crl")).unwrap().map(Result::unwrap) {
        // What has not been renamed yet lies beside, under a name that nobody asks for.
        if !entry.file_name().to_string_lossy().starts_with('.') {
            let crl = Crl::from_der(fs::read(entry.path()).unwrap()).ok();
            seen.push(crl.filter(|crl| crl.verify_signed_by(&key).is_ok()).and_then(|crl| crl.number()));
        }
    }
    seen
}

/// What a kill left, then the next publication.
fn check_published(base: &Path, ready: &Ready, killed: &Killed, depth: Depth) -> (Wrong, Duration) {
    let mut wrong = Wrong::default();
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let ready_after = started.elapsed();
    wrong.lost += lost_changes(killed, &changes(&t));
    let before = seen(base, &t);
    if before.len() < LISTS - 1 || before.iter().any(|number| !matches!(number, Some(1 | 2))) {
        wrong.findings.push(format!("a reader sees {before:?}"));
    }
    // Who was told that a change can be seen sees it.
    let told = |id: &str| killed.lines.iter().any(|line| line.strip_prefix("visible ") == Some(id));
    let stored: Vec<_> = t.authority.status_changes(&hufu_authority::StatusFilter::default()).unwrap();
    // A torn list shows nothing.
    let visible = t.authority.visible(&publishing(&t).folder, &stored);
    let visible = visible.unwrap_or_else(|_| vec![Visibility::Pending; stored.len()]);
    for (change, visible) in stored.iter().zip(visible) {
        let id = change.request.as_ref().map(ToString::to_string).unwrap_or_default();
        wrong.lost += usize::from(told(&id) && visible == Visibility::Pending);
    }
    // The client asks again, and everybody is on the list.
    let applied = t.authority.apply(&t.session("sichuan-approver"), &ready.ids).unwrap();
    let applied: Vec<_> = applied.into_iter().map(|a| a.unwrap().change).collect();
    let number = publish(&t);
    let highest = before.iter().flatten().max().copied().unwrap_or_default();
    if u128::from(number) <= highest {
        wrong.findings.push(format!("number {number} after {highest}"));
    }
    let visible = t.authority.visible(&publishing(&t).folder, &applied).unwrap();
    wrong.lost += visible.into_iter().filter(|visible| *visible == Visibility::Pending).count();
    wrong.duplicates += changes(&t).len() - ready.ids.len();
    let after = seen(base, &t);
    if after.len() != LISTS || after.iter().any(|seen| *seen != Some(number.into())) {
        wrong.findings.push(format!("a reader sees {after:?} after {number}"));
    }
    let left = fs::read_dir(base.join("public").join("crl")).unwrap().count();
    if left != LISTS {
        wrong.findings.push(format!("{left} files where {LISTS} belong"));
    }
    let audit = t.authority.audit(depth, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    (wrong, ready_after)
}

fn publish_trial(point: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    // Points that are passed once for each list are hit at each of them by turns.
    let passage = match point {
        "f16" | "f17" => trial % LISTS + 1,
        "f13" => trial % ready.ids.len() + 1,
        _ => 1,
    };
    let mut arguments = vec!["publish"];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    let killed = kill(base, ready, &format!("trial {trial}"), &format!("{point}:{passage}"), &arguments);
    let count = |what: &str| killed.lines.iter().filter(|line| line.starts_with(what)).count();
    let revoked = if point.starts_with("f14") { 0 } else { ready.ids.len() };
    assert_eq!(count("applied "), revoked, "{point}: {:?}", killed.lines);
    assert_eq!(count("visible "), if point == "f13" { passage } else { 0 });
    let depth = if trial.is_multiple_of(5) { Depth::Deep } else { Depth::Ledger };
    check_published(base, ready, &killed, depth)
}

macro_rules! publishing_points {
    ($($name:ident $point:literal)+) => {
        $(
            #[test]
            fn $name() {
                let work = |base: &Path, ready: &Ready, trial| publish_trial($point, base, ready, trial);
                hit_from(ready_published($point), $point, concat!($point, " of a list"), work);
            }
        )+
    };
}

publishing_points! {
    killed_between_a_revocation_and_its_list "f14"
    killed_after_the_number "f15"
    killed_with_lists_beside_their_places "f16"
    killed_while_lists_are_put_in_their_places "f17"
    killed_before_the_lists_are_read_again "f18"
    killed_before_the_publication_is_confirmed "f19-open"
    killed_after_the_publication_was_confirmed "f19"
    killed_after_somebody_was_told "f13"
}

/// Negative control: a program that writes into the file that is being served leaves a torn list, and this test sees it.
#[test]
fn the_test_finds_a_program_that_writes_in_place() {
    let ready = ready_published("negative control of lists");
    let folder = empty();
    let base = folder.path().join("home");
    copy_home(ready.folder.path(), &base);
    let killed = kill(&base, &ready, "wrong", "f5:1", &["publish-in-place"]);
    let (wrong, _) = check_published(&base, &ready, &killed, Depth::Ledger);
    let torn = |found: &&String| found.contains("a reader sees") && found.contains("None");
    let torn = wrong.findings.iter().filter(torn).count();
    assert!(torn > 0, "{wrong:?}");
    control("wrong: writes a list in place", "negative control of lists", torn);
    assert_eq!(ready.ids.len() as u64, REQUESTS);
}
