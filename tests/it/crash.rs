//! Kill -9 at every step: a child process dies at a fault point, the home is opened again, the client asks again, and
//! nothing that was acknowledged is lost, nothing is there twice, and the ledger verifies. `HUFU_CRASH_TRIALS` sets how
//! often each point is hit.
//!
//! | point | killed | in the table of `issue.rs` |
//! |---|---|---|
//! | f1 | a request is stored, its answer not given | |
//! | f2 | approvals checked, no intent yet | starts afresh |
//! | f3 | intents committed | the same bytes are built again |
//! | f4 | a pair's key is the holder's in the key centre's vault, no intent yet | takes the same key again |
//! | f5, f6 | one half of a pair is signed, both are; nothing is stored | the same bytes are built again |
//! | f7 | signed, before the certificates commit | the same |
//! | f8 | certificates committed | the stored bytes are returned |
//! | f9 | a checkpoint is signed, not stored | the next one covers it |
//! | f9-stored | a checkpoint is stored, not in the anchor | the next one brings the anchor up to date |
//! | f10 | the anchor is written | all is done |
//! | f11, f12 | an output file is written beside its place; it was renamed into it | the file is whole or not there |
//! | f13 | the answer was given | |
//! | ca-key, ca-proposed, ca-signed, ca-stored, ca-named | the making of an issuing CA | in the table of `ca.rs` |
//! | f31 … f36 | orders to the key centre: on both sides of each commit of the two ledgers | in the table of `key_order.rs` |
//! | f14-open, f14 | changes of status before and after their commit | in the table of `apply.rs` |
//! | f40, f41 | a part of an import is written and not committed; some parts are committed | goes on behind them |
//! | f15 to f19 | at each step of publishing a revocation list | in the table of `publish.rs` |
//!
//! The negative controls are programs that sign before they record, answer before they apply, and store one half of a pair
//! before the other: the tests find what they lose.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::{CertificateFilter, Depth, NewRequest, StatusFilter, StatusRequest};
use hufu_model::certificate::CertificateStatus;
use hufu_model::entropy::Entropy;
use hufu_model::ident::{RequestId, hex};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_tests::child::whole;
use hufu_tests::{SeededEntropy, TestAuthority, copy_home, ready_requests};
use hufu_x509::certificate::Certificate;
use hufu_x509::envelope::Dialect;

use crate::figures::{Figures, control, record};

mod backup;
mod import;
mod mass;
mod publish;
mod recovery;
mod rollover;

/// Requests that are approved and wait to be issued in every trial.
const REQUESTS: u64 = 3;
const SIGKILL: i32 = 9;

/// Kills at each fault point.
fn trials() -> usize {
    std::env::var("HUFU_CRASH_TRIALS").ok().map_or(50, |n| n.parse().unwrap())
}

/// A home with approved requests, ready to be copied for each trial.
struct Ready {
    folder: tempfile::TempDir,
    ids: Vec<RequestId>,
    /// Certificates that are there from the beginning.
    certificates: usize,
    /// Whether the requests ask for pairs.
    pairs: bool,
    now: hufu_model::time::Instant,
}

fn ready(seed: &str) -> Ready {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    let ids = ready_requests(&t, 1, REQUESTS);
    let certificates = rows(&t).len();
    Ready { ids, certificates, pairs: false, now: t.now(), folder }
}

/// A home with a key centre and approved requests for pairs.
fn ready_pairs(seed: &str) -> Ready {
    let folder = empty();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    t.found_key_centre();
    // Some keys are taken from the pool, the last one is made on the way.
    t.key_centre().unlocked().unwrap().fill(t.now(), None, 2).unwrap();
    let pair = |n| NewRequest { pair: true, ..t.people.person(n, "lra-chengdu") };
    let requests: Vec<NewRequest> = (1..=REQUESTS).map(pair).collect();
    let ids = t.enter("chengdu-entry", "sichuan-approver", &requests);
    let certificates = rows(&t).len();
    Ready { ids, certificates, pairs: true, now: t.now(), folder }
}

fn rows(t: &TestAuthority) -> Vec<hufu_model::certificate::CertificateRow> {
    t.authority.certificates(&CertificateFilter::default()).unwrap()
}

/// What a trial found wrong; everything 0 and empty is good.
#[derive(Debug, Default)]
struct Wrong {
    lost: usize,
    duplicates: usize,
    /// Pairs of which one half is stored without the other.
    halves: usize,
    /// Revocation lists older than one that was published.
    regressions: usize,
    findings: Vec<String>,
}

/// What the child acknowledged before it died.
struct Killed {
    acked: BTreeMap<String, String>,
    lines: Vec<String>,
}

/// Runs the child with a fault armed; it must die of it.
fn kill(base: &Path, ready: &Ready, chance: &str, fault: &str, verb: &[&str]) -> Killed {
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(base)
        .args([&ready.now.unix_millis().to_string(), chance])
        .args(verb)
        .env("HUFU_FAULT", fault)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGKILL), "{fault} was never reached: {said}{errors}");
    answered(&said)
}

/// What the client has in hand after these lines.
fn answered(said: &str) -> Killed {
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let acked = lines.iter().filter_map(|l| l.strip_prefix("acked ")).map(|line| {
        let parts: Vec<&str> = line.split(' ').collect();
        (parts[0].to_owned(), parts[2].to_owned())
    });
    Killed { acked: acked.collect(), lines }
}

/// Opens the home after a kill, asks for every certificate again, and compares.
fn check(base: &Path, ready: &Ready, killed: &Killed, depth: Depth) -> (Wrong, Duration) {
    let mut wrong = Wrong::default();
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let signer = t.signer();
    let ready_after = started.elapsed();
    // I1: what was acknowledged is stored, byte-equal, before anything is done again.
    wrong.halves += halves(&t, ready);
    let stored: BTreeMap<String, String> = pairs(&t)
        .iter()
        .filter_map(|row| Some((row.request.clone()?.to_string(), stored_hex(&t, &row.serial))))
        .collect();
    wrong.lost += killed.acked.iter().filter(|(id, der)| stored.get(*id) != Some(der)).count();

    let issued = t.authority.issue(&t.session("sichuan-approver"), &signer, &ready.ids).unwrap();
    let issued: Vec<_> = issued.into_iter().map(Result::unwrap).collect();
    for certificate in &issued {
        let id = certificate.request.to_string();
        // I2: the same request, the same bytes, also for what was stored and never acknowledged.
        let before = killed.acked.get(&id).or_else(|| stored.get(&id));
        wrong.duplicates += usize::from(before.is_some_and(|octets| *octets != hex(&whole(certificate))));
    }
    let after = rows(&t);
    wrong.halves += halves(&t, ready);
    let made: usize = issued.iter().map(|i| 1 + usize::from(i.encryption.is_some())).sum();
    wrong.duplicates += after.len() - (ready.certificates + made);
    let serials: std::collections::BTreeSet<_> = after.iter().map(|r| r.serial.clone()).collect();
    wrong.duplicates += after.len() - serials.len();
    let audit = t.authority.audit(depth, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    // The anchor is never ahead of the database.
    wrong.findings.extend(t.authority.check_anchor().err().map(|e| e.to_string()));
    (wrong, ready_after)
}

/// Everything that is stored for the request of a certificate that stands for a pair.
fn stored_hex(t: &TestAuthority, serial: &hufu_model::ident::Serial) -> String {
    let view = t.authority.certificate(serial).unwrap();
    let mut octets = view.certificate.der().to_vec();
    if let Some(pair) = view.pair {
        octets.extend(t.authority.certificate(&pair.encryption).unwrap().certificate.der());
        octets.extend(t.authority.export_envelope(serial, Dialect::EnvelopedKey, None).unwrap());
    }
    hex(&octets)
}

/// The certificates that stand for a pair each.
fn pairs(t: &TestAuthority) -> Vec<hufu_model::certificate::CertificateRow> {
    t.authority.certificates(&CertificateFilter { pairs: true, ..CertificateFilter::default() }).unwrap()
}

/// How many requests for pairs have one certificate and not two.
fn halves(t: &TestAuthority, ready: &Ready) -> usize {
    let rows = rows(t);
    let count = |id: &RequestId| rows.iter().filter(|row| row.request.as_ref() == Some(id)).count();
    ready.ids.iter().filter(|id| ready.pairs && count(id) == 1).count()
}

/// Hits `point` as often as [`trials`] says, by turns in batches and one by one, at different places of the work.
fn hit(point: &str, work: impl Fn(&Path, &Ready, usize) -> (Wrong, Duration) + Sync) {
    hit_from(ready(point), point, point, work);
}

/// As [`hit`], beginning with another home, whose seed is `seed`; the row of the table is called `row`.
fn hit_from(ready: Ready, seed: &str, row: &str, work: impl Fn(&Path, &Ready, usize) -> (Wrong, Duration) + Sync) {
    hit_times(trials(), ready, seed, row, work);
}

/// As [`hit_from`], another number of times.
fn hit_times(
    count: usize,
    ready: Ready,
    seed: &str,
    row: &str,
    work: impl Fn(&Path, &Ready, usize) -> (Wrong, Duration) + Sync,
) {
    let results = Mutex::new(Vec::with_capacity(count));
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (ready, results, folder, work) = (&ready, &results, &folder, &work);
            scope.spawn(move || {
                for trial in (worker..count).step_by(2) {
                    let base = folder.path().join(trial.to_string());
                    copy_home(ready.folder.path(), &base);
                    let result = work(&base, ready, trial);
                    results.lock().unwrap().push(result);
                    std::fs::remove_dir_all(&base).unwrap();
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    assert_eq!(results.len(), count, "a trial died");
    let mut times: Vec<Duration> = results.iter().map(|(_, time)| *time).collect();
    times.sort();
    let sum = |of: fn(&Wrong) -> usize| results.iter().map(|(wrong, _)| of(wrong)).sum::<usize>();
    let figures = Figures {
        seed: seed.to_owned(),
        trials: count,
        lost: sum(|w| w.lost),
        doubled: sum(|w| w.duplicates),
        half_pairs: sum(|w| w.halves),
        regressions: sum(|w| w.regressions),
        ready: format!("{} ms", times[(times.len() * 99).div_ceil(100) - 1].as_millis()),
        control: None,
    };
    record(row, figures.clone());
    for (wrong, _) in &results {
        assert!(wrong.findings.is_empty(), "{row}: {:#?}", wrong.findings);
    }
    assert_eq!((figures.lost, figures.doubled, figures.half_pairs, figures.regressions), (0, 0, 0, 0), "{row}");
}

/// One trial at a fault point of issuance.
fn issue_trial(point: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    // Once for the whole batch, or at the first, second or third of single ones.
    let each = trial % 4;
    let verb = if each == 0 { "issue" } else { "issue-each" };
    let fault = format!("{point}:{}", each.max(1));
    let mut arguments = vec![verb];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    let killed = kill(base, ready, &format!("trial {trial}"), &fault, &arguments);
    if each > 0 {
        // What was finished before the kill had been acknowledged.
        let at_least = if point == "f13" { each } else { each - 1 };
        assert_eq!(killed.acked.len(), at_least, "{point}:{each} {:?}", killed.lines);
    }
    let depth = if trial.is_multiple_of(5) { Depth::Deep } else { Depth::Ledger };
    check(base, ready, &killed, depth)
}

macro_rules! issuance_points {
    ($($name:ident $point:literal)+) => {
        $(
            #[test]
            fn $name() {
                hit($point, |base, ready, trial| issue_trial($point, base, ready, trial));
            }
        )+
    };
}

issuance_points! {
    killed_before_the_intent "f2"
    killed_after_the_intent "f3"
    killed_before_the_commit "f7"
    killed_after_the_commit "f8"
    killed_with_a_signed_checkpoint "f9"
    killed_before_the_anchor "f9-stored"
    killed_after_the_anchor "f10"
}

macro_rules! pair_points {
    ($($name:ident $point:literal)+) => {
        $(
            #[test]
            fn $name() {
                let seed = concat!("pairs ", $point);
                hit_from(ready_pairs(seed), seed, concat!($point, " of pairs"), |base, ready, trial| {
                    issue_trial($point, base, ready, trial)
                });
            }
        )+
    };
}

pair_points! {
    killed_after_a_key_was_escrowed "f4"
    killed_after_the_intent_of_a_pair "f3"
    killed_after_one_half_was_signed "f5"
    killed_after_both_halves_were_signed "f6"
    killed_before_a_pair_commits "f7"
    killed_after_a_pair_committed "f8"
    killed_after_a_pair_was_answered "f13"
}

/// Negative control: a program that stores one half of a pair before the other leaves half pairs, and this test sees them.
#[test]
fn the_test_finds_a_program_that_stores_half_a_pair() {
    let ready = ready_pairs("negative control of pairs");
    let folder = empty();
    let base = folder.path().join("home");
    copy_home(ready.folder.path(), &base);
    let mut arguments = vec!["half-first"];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    kill(&base, &ready, "wrong", "f12:1", &arguments);
    let t = TestAuthority::open_in(&base, ready.now, "after the crash").unwrap();
    assert_eq!(halves(&t, &ready), ready.ids.len());
    control("wrong: stores half a pair", "negative control of pairs", halves(&t, &ready));
    let audit = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
    let found = audit.findings.iter().filter(|f| f.rule == "I4").count();
    assert_eq!(found, ready.ids.len(), "{:?}", audit.findings);
}

/// After the answer: each line that was printed is a certificate in somebody's hands.
#[test]
fn killed_after_the_answer() {
    hit("f13", |base, ready, trial| {
        // The reply of a batch is given line by line: a kill after the second line leaves two acknowledged.
        let verb = if trial % 2 == 0 { "issue" } else { "issue-each" };
        let lines = trial % 3 + 1;
        let mut arguments = vec![verb];
        arguments.extend(ready.ids.iter().map(|i| i.as_str()));
        let killed = kill(base, ready, &format!("trial {trial}"), &format!("f13:{lines}"), &arguments);
        assert_eq!(killed.acked.len(), lines);
        check(base, ready, &killed, Depth::Ledger)
    });
}

/// A request that was stored and never answered is entered again by the client: it is there once.
#[test]
fn killed_after_a_request_was_stored() {
    hit("f1", |base, ready, trial| {
        let first = 100 + trial as u64;
        let hits = trial % 3 + 1;
        let arguments = ["submit", &first.to_string(), "3"];
        let killed = kill(base, ready, &format!("trial {trial}"), &format!("f1:{hits}"), &arguments);
        let entered = killed.lines.iter().filter(|l| l.starts_with("entered ")).count();
        assert_eq!(entered, hits - 1);
        let t = TestAuthority::open_in(base, ready.now, "the client again").unwrap();
        let requests: Vec<NewRequest> = (first..first + 3).map(|n| t.people.person(n, "lra-chengdu")).collect();
        let filter = hufu_authority::RequestFilter::default;
        let stored = t.authority.requests(&filter()).unwrap().len();
        let results = t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap();
        results.into_iter().for_each(|r| drop(r.unwrap()));
        let after = t.authority.requests(&filter()).unwrap().len();
        // `hits` were stored, one of them unanswered.
        assert_eq!(after - stored, 3 - hits);
        check(base, ready, &killed, Depth::Ledger)
    });
}

/// An output file is the old one, or the new one, or not there; never a part.
fn export_trial(point: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let t = TestAuthority::open_in(base, ready.now, &format!("export {trial}")).unwrap();
    let issued = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ready.ids).unwrap();
    let issued: Vec<_> = issued.into_iter().map(Result::unwrap).collect();
    let out = base.join("out");
    std::fs::create_dir(&out).unwrap();
    let file = |n: usize| out.join(format!("{}.pem", issued[n].serial));
    // An older file of that name stands there in every other trial.
    let old = b"an older file\n";
    if trial.is_multiple_of(2) {
        (0..issued.len()).for_each(|n| std::fs::write(file(n), old).unwrap());
    }
    let serials: Vec<String> = issued.iter().map(|i| i.serial.to_string()).collect();
    let hits = trial % issued.len() + 1;
    let mut arguments = vec!["export", out.to_str().unwrap()];
    arguments.extend(serials.iter().map(String::as_str));
    let killed = kill(base, ready, "export", &format!("{point}:{hits}"), &arguments);
    let exported = killed.lines.iter().filter(|l| l.starts_with("exported ")).count();
    assert_eq!(exported, hits - 1);
    let mut wrong = Wrong::default();
    for (n, certificate) in issued.iter().enumerate() {
        let written = n + 1 < hits || (n + 1 == hits && point == "f12");
        match std::fs::read(file(n)) {
            Ok(bytes) if written => {
                let whole = Certificate::from_bytes(&bytes).is_ok_and(|c| c.der() == certificate.der);
                wrong.lost += usize::from(!whole);
            }
            Ok(bytes) if bytes == old => {}
            Err(_) if !written && !trial.is_multiple_of(2) => {}
            other => wrong.findings.push(format!("file {n} after {point}:{hits}: {other:?}")),
        }
    }
    // What the kill left beside it does not hinder the next export.
    for certificate in &issued {
        let pem = t.authority.export(&certificate.serial, hufu_authority::ExportForm::Pem).unwrap();
        hufu_authority::write_atomically(&out.join(format!("{}.pem", certificate.serial)), &pem).unwrap();
    }
    drop(t);
    let (mut checked, time) = check(base, ready, &killed, Depth::Ledger);
    checked.lost += wrong.lost;
    checked.findings.extend(wrong.findings);
    (checked, time)
}

#[test]
fn killed_with_an_output_file_half_written() {
    hit("f11", |base, ready, trial| export_trial("f11", base, ready, trial));
}

#[test]
fn killed_after_an_output_file_was_renamed() {
    hit("f12", |base, ready, trial| export_trial("f12", base, ready, trial));
}

/// Certificates with an approved change of status each, ready to be copied for each trial.
fn ready_changes(seed: &str) -> Ready {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    let changes: Vec<StatusRequest> = (1..=REQUESTS)
        .map(|n| {
            let (id, serial) = (format!("change-{n}").parse().unwrap(), t.issue_person(n).serial);
            match n {
                1 => StatusRequest::suspend(id, serial),
                _ => StatusRequest::revoke(id, serial, RevocationReason::KeyCompromise),
            }
        })
        .collect();
    let ids: Vec<RequestId> = changes.iter().map(|c| c.id.clone()).collect();
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    t.authority.request_status(&entry, &changes).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
    t.authority.approve(&approver, &ids).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
    let certificates = rows(&t).len();
    Ready { ids, certificates, pairs: false, now: t.now(), folder }
}

/// One trial at a fault point of `apply`: what was acknowledged, and what was committed without an answer, is there once,
/// and asking again gives the same change.
fn apply_trial(point: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let each = trial % 4;
    let verb = if each == 0 { "apply" } else { "apply-each" };
    let mut arguments = vec![verb];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    let killed = kill(base, ready, &format!("trial {trial}"), &format!("{point}:{}", each.max(1)), &arguments);
    let said = killed.lines.iter().filter(|l| l.starts_with("applied ")).count();
    let at_least = if point == "f13" { each.max(1) } else { each.saturating_sub(1) };
    assert_eq!(said, at_least, "{point}:{each} {:?}", killed.lines);

    let mut wrong = Wrong::default();
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let ready_after = started.elapsed();
    let stored = changes(&t);
    wrong.lost += lost_changes(&killed, &stored);
    // How many were committed at the kill: all of a batch or none of it.
    let committed = match (each, point) {
        (0, "f14-open") => 0,
        (0, _) => ready.ids.len(),
        (_, "f14-open") => each - 1,
        (_, _) => each,
    };
    assert_eq!(stored.len(), committed, "{point}:{each}");
    let approver = t.session("sichuan-approver");
    for applied in t.authority.apply(&approver, &ready.ids).unwrap() {
        let applied = applied.unwrap();
        let before = stored.get(applied.request.as_str());
        wrong.duplicates += usize::from(before.is_some_and(|event| *event != applied.change.event.to_string()));
        let status = t.authority.certificate(&applied.change.serial).unwrap().row.status;
        wrong.lost += usize::from(status != applied.change.status);
    }
    wrong.duplicates += changes(&t).len() - ready.ids.len();
    let total = t.totals(None);
    wrong.lost += usize::from(total.revoked != REQUESTS - 1 || total.issued - total.valid != REQUESTS);
    let depth = if trial.is_multiple_of(5) { Depth::Deep } else { Depth::Ledger };
    let audit = t.authority.audit(depth, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    (wrong, ready_after)
}

/// How many changes were acknowledged and are not on record as they were.
fn lost_changes(killed: &Killed, stored: &BTreeMap<String, String>) -> usize {
    let said = killed.lines.iter().filter_map(|l| l.strip_prefix("applied ")).filter_map(|l| l.split_once(' '));
    said.filter(|(id, event)| stored.get(*id).map(String::as_str) != Some(*event)).count()
}

/// Negative control: a program that says "revoked" before it is loses what it said, and this test sees it.
#[test]
fn the_test_finds_a_program_that_answers_before_it_applies() {
    let ready = ready_changes("negative control of changes");
    let folder = empty();
    let base = folder.path().join("home");
    copy_home(ready.folder.path(), &base);
    let mut arguments = vec!["apply-first"];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    let killed = kill(&base, &ready, "wrong", "f5:2", &arguments);
    let t = TestAuthority::open_in(&base, ready.now, "after the crash").unwrap();
    let lost = lost_changes(&killed, &changes(&t));
    assert_eq!(lost, 2);
    control("wrong: answers before it applies", "negative control of changes", lost);
}

/// The changes on record: request and event.
fn changes(t: &TestAuthority) -> BTreeMap<String, String> {
    let found = t.authority.status_changes(&StatusFilter::default()).unwrap();
    found.into_iter().filter_map(|c| Some((c.request?.to_string(), c.event.to_string()))).collect()
}

/// One trial in which the replacement of a certificate is killed: the new one and the end of the old one are both there or
/// neither.
fn replace_trial(point: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let t = TestAuthority::open_in(base, ready.now, &format!("replace {trial}")).unwrap();
    let old = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ready.ids).unwrap();
    let old: Vec<_> = old.into_iter().map(|c| c.unwrap().serial).collect();
    let new: Vec<NewRequest> = old
        .iter()
        .zip(1..)
        .map(|(serial, n)| {
            let id = format!("replacement-{n}");
            let mut new = t.authority.successor(serial, Action::Replace, id.parse().unwrap()).unwrap();
            new.csr = t.people.csr(&id);
            new
        })
        .collect();
    let ids = t.enter("chengdu-entry", "sichuan-approver", &new);
    drop(t);
    let each = trial % 3 + 1;
    let mut arguments = vec!["issue-each"];
    arguments.extend(ids.iter().map(|i| i.as_str()));
    let killed = kill(base, ready, &format!("trial {trial}"), &format!("{point}:{each}"), &arguments);
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let half = |t: &TestAuthority| {
        let rows = rows(t);
        let successor = |serial| rows.iter().any(|r| r.predecessor.as_ref() == Some(serial));
        let revoked = |serial| t.authority.certificate(serial).unwrap().row.status == CertificateStatus::Revoked;
        old.iter().filter(|serial| successor(serial) != revoked(serial)).count()
    };
    let halves = half(&t);
    drop(t);
    let again = Ready {
        ids: ids.clone(),
        certificates: ready.certificates + old.len(),
        pairs: false,
        now: ready.now,
        folder: empty(),
    };
    let (mut wrong, time) = check(base, &again, &killed, Depth::Ledger);
    let t = TestAuthority::open_in(base, ready.now, "after that").unwrap();
    wrong.lost += halves + half(&t) + usize::from(changes(&t).len() != old.len());
    (wrong, time)
}

fn empty() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap()
}

fn hit_status(seed: &str, point: &str) {
    let row = format!("{point} of a status");
    hit_from(ready_changes(seed), seed, &row, |base, ready, trial| apply_trial(point, base, ready, trial));
}

fn hit_replacement(point: &str) {
    let row = format!("{point} of a replacement");
    hit_from(ready(point), point, &row, |base, ready, trial| replace_trial(point, base, ready, trial));
}

#[test]
fn killed_before_a_status_commits() {
    hit_status("f14-open", "f14-open");
}

#[test]
fn killed_after_a_status_committed() {
    hit_status("f14", "f14");
}

#[test]
fn killed_after_a_status_was_answered() {
    hit_status("f13 status", "f13");
}

#[test]
fn killed_before_a_replacement_commits() {
    hit_replacement("f7");
}

#[test]
fn killed_after_a_replacement_committed() {
    hit_replacement("f8");
}

/// Killed, retried, killed again at another point, and so on: the work is still done once.
#[test]
fn killed_again_and_again() {
    let ready = ready("again and again");
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    for round in 0..trials().div_ceil(10) {
        let base = folder.path().join(round.to_string());
        copy_home(ready.folder.path(), &base);
        let mut acked: BTreeMap<String, String> = BTreeMap::new();
        for (step, fault) in ["f2:1", "f3:1", "f7:1", "f8:1", "f13:1", "f13:2"].into_iter().enumerate() {
            let mut arguments = vec!["issue-each"];
            arguments.extend(ready.ids.iter().map(|i| i.as_str()));
            let killed = kill(&base, &ready, &format!("round {round} {step}"), fault, &arguments);
            for (id, der) in killed.acked {
                assert_eq!(*acked.entry(id.clone()).or_insert(der.clone()), der, "{id} after {fault}");
            }
        }
        let (wrong, _) = check(&base, &ready, &Killed { acked, lines: Vec::new() }, Depth::Deep);
        assert_eq!((wrong.lost, wrong.duplicates, wrong.findings.len()), (0, 0, 0), "{:?}", wrong.findings);
    }
}

/// Killed at random instants, wherever the process happens to be: between two system calls, inside SQLite, while signing.
#[test]
fn killed_at_random_instants() {
    hit("random", |base, ready, trial| {
        let entropy = SeededEntropy::new(&format!("instant {trial}"));
        let entropy: &dyn Entropy = &entropy;
        let [high, low] = entropy.array().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_fault-child"))
            .arg(base)
            .args([&ready.now.unix_millis().to_string(), "random", "issue-each"])
            .args(ready.ids.iter().map(|i| i.as_str()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * 4));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        // The last line may be torn: it was not given then.
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        check(base, ready, &answered(whole), Depth::Ledger)
    });
}

/// Negative control: a program that signs and answers before it records loses what it answered, and this test sees it.
#[test]
fn the_test_finds_a_program_that_signs_before_it_records() {
    let ready = ready("negative control");
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let base = folder.path().join("home");
    copy_home(ready.folder.path(), &base);
    let mut arguments = vec!["sign-first"];
    arguments.extend(ready.ids.iter().map(|i| i.as_str()));
    let killed = kill(&base, &ready, "wrong", "f5:1", &arguments);
    assert_eq!(killed.acked.len(), 1);
    let (wrong, _) = check(&base, &ready, &killed, Depth::Ledger);
    assert_eq!((wrong.lost, wrong.duplicates), (1, 1));
    control("wrong: signs before it records", "negative control", wrong.lost + wrong.duplicates);
}
