//! Kill -9 during a backup and during an upgrade: nothing is left that looks like a whole backup and is none, and the
//! home is as it was.
//!
//! | point | killed |
//! |---|---|
//! | f20 | after some pages of the database were copied |
//! | f21 | the database is copied, the rest not |
//! | f22 | everything is verified and on disk, without its name |
//! | f23 | it has its name |
//! | f24 | before an upgrade, after its backup |
//! | f25 | the database is upgraded |

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use hufu_authority::{Authority, BackupManifest, Depth, Restoring};
use hufu_tests::{TestAuthority, copy_home};

use crate::figures::{Figures, control, record};

use super::trials;

/// Lets the child do `verb` with `out` and die at `fault`.
fn kill(base: &Path, now: hufu_model::time::Instant, fault: &str, verb: &str, out: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(base)
        .args([&now.unix_millis().to_string(), "backup", verb])
        .arg(out)
        .env("HUFU_FAULT", fault)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.signal(), Some(9), "{fault} was never reached: {said}");
}

/// A row of the table; a trial that finds anything ends the test before it is written.
fn noted(row: &str, seed: &str) {
    record(row, Figures { seed: seed.to_owned(), trials: trials(), ..Figures::default() });
}

/// Every folder beside the home that has a manifest is whole; how many there are.
fn whole_ones(base: &Path) -> usize {
    let mut whole = 0;
    for entry in fs::read_dir(base).unwrap() {
        let path = entry.unwrap().path();
        let Ok(manifest) = BackupManifest::read(&path) else { continue };
        manifest.check(&path, &|_| ()).unwrap_or_else(|e| panic!("{} looks whole: {e}", path.display()));
        let home = base.join("tried");
        let restoring = Restoring { home: home.clone(), anchor: None, depth: Depth::Ledger };
        let restored = Authority::restore(&path, &restoring, &|_| ()).unwrap();
        assert!(restored.report.is_none_or(|r| r.findings.is_empty()));
        fs::remove_dir_all(home).unwrap();
        whole += 1;
    }
    whole
}

#[test]
fn no_kill_leaves_half_a_backup_that_looks_whole() {
    let t = TestAuthority::national("killed backup");
    t.issue_person(1);
    let now = t.now();
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    for (fault, named, whole) in [("f20", false, 0), ("f21", false, 0), ("f22", false, 1), ("f23", true, 1)] {
        for trial in 0..trials() {
            let base = folder.path().join(format!("{fault}-{trial}"));
            copy_home(t.base(), &base);
            let out = base.join("kept");
            kill(&base, now, fault, "backup", &out);
            assert_eq!((out.exists(), whole_ones(&base)), (named, whole), "{fault} {trial}");
            // The next one is made all the same, and the home is what it was.
            let again = TestAuthority::open_in(&base, now, "again").unwrap();
            again.authority.backup(&base.join("next"), hufu_authority::Keys::With, &|_| ()).unwrap();
            assert_eq!(again.authority.status().unwrap().events, t.authority.status().unwrap().events);
            fs::remove_dir_all(&base).unwrap();
        }
        noted(&format!("{fault} of a backup"), "killed backup");
    }
}

#[test]
fn no_kill_leaves_half_an_upgrade() {
    let t = TestAuthority::national("killed upgrade");
    t.issue_person(1);
    let now = t.now();
    crate::upgrade::downgrade(&t);
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    for (fault, upgraded) in [("f22", false), ("f24", false), ("f25", true)] {
        for trial in 0..trials() {
            let base = folder.path().join(format!("{fault}-{trial}"));
            copy_home(t.base(), &base);
            kill(&base, now, fault, "upgrade", &base.join("kept"));
            let home = base.join("home");
            match Authority::open_read_only(&home) {
                Ok(_) => assert!(upgraded, "{fault}"),
                Err(e) => {
                    assert!(!upgraded && e.code() == "store.older-schema", "{fault}: {e}");
                    Authority::upgrade_at(&home, &base.join("kept-2"), now, &|_| ()).unwrap();
                }
            }
            let again = TestAuthority::open_in(&base, now, "again").unwrap();
            let report = again.authority.audit(Depth::Deep, &|_| ()).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
            fs::remove_dir_all(&base).unwrap();
        }
        noted(&format!("{fault} of an upgrade"), "killed upgrade");
    }
}

/// The control: a copy made file by file, without a temporary folder and with its manifest first, is caught.
#[test]
fn the_test_finds_a_backup_that_is_not_whole() {
    let t = TestAuthority::national("half a backup");
    t.authority.backup(&t.base().join("whole"), hufu_authority::Keys::With, &|_| ()).unwrap();
    let half = t.base().join("half");
    fs::create_dir(&half).unwrap();
    for name in ["MANIFEST.toml", "hufu.toml"] {
        fs::copy(t.base().join("whole").join(name), half.join(name)).unwrap();
    }
    let base = t.base().to_owned();
    let caught = std::panic::catch_unwind(|| whole_ones(&base));
    assert!(caught.is_err(), "half a backup was taken for a whole one");
    control("wrong: copies file by file", "half a backup", 1);
}
