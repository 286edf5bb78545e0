//! An import is killed in the middle, and goes on by its name: every certificate is recorded once, as in an import that
//! nobody killed.

use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::Depth;
use hufu_tests::{TestAuthority, import_plan, old_certificate};

use super::{Ready, Wrong, hit_times, kill, trials};

/// Two transactions at least, the last part smaller than the others.
const CERTIFICATES: u64 = 11_000;
const NAME: &str = "old-ca";

fn ready_import(seed: &str) -> Ready {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    let certificates = super::rows(&t).len();
    Ready { ids: Vec::new(), certificates, pairs: false, now: t.now(), folder }
}

fn trial(base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let point = ["f40", "f41"][trial % 2];
    let killed = kill(
        base,
        ready,
        &format!("trial {trial}"),
        &format!("{point}:1"),
        &["import", NAME, &CERTIFICATES.to_string()],
    );
    let mut wrong = Wrong::default();
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let ready_after = started.elapsed();
    let count = |t: &TestAuthority| -> u64 {
        t.authority.imports(&t.session("zhao")).unwrap().iter().map(|i| i.certificates).sum()
    };
    let before = count(&t);
    // What was said to be imported is there. What was not committed is not, nor is its import.
    let said =
        killed.lines.iter().filter_map(|l| l.strip_prefix("imported ")).filter_map(|n| n.parse::<u64>().ok()).max();
    wrong.lost += usize::try_from(said.unwrap_or(0).saturating_sub(before)).unwrap();
    match point {
        "f40" => assert_eq!(before, 0),
        _ => assert!(before > 0 && before.is_multiple_of(2000) && before < CERTIFICATES, "{before}"),
    }
    let entries = || (0..CERTIFICATES).map(|n| Ok(old_certificate(n, ready.now.unix_seconds()))).collect::<Vec<_>>();
    let (report, findings) = t.import("zhao", &import_plan(NAME), entries()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    wrong.lost += usize::try_from((before + report.new).abs_diff(CERTIFICATES)).unwrap();
    wrong.duplicates += usize::try_from(report.known.abs_diff(before)).unwrap();
    let events = t.authority.status().unwrap().events;
    let (again, _) = t.import("zhao", &import_plan(NAME), entries()).unwrap();
    wrong.lost += usize::try_from(again.new).unwrap();
    assert_eq!((count(&t), t.authority.status().unwrap().events), (CERTIFICATES, events));
    let audit = t.authority.audit(if trial.is_multiple_of(10) { Depth::Deep } else { Depth::Ledger }, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    (wrong, ready_after)
}

#[test]
fn killed_in_the_middle_of_an_import() {
    // Each trial imports some twenty thousand certificates: a fifth of the kills is what the time allows.
    hit_times(trials().div_ceil(5), ready_import("import"), "import", "f40, f41 in an import", trial);
}
