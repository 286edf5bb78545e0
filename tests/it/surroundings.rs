//! The machine around the home: locks, full and read-only disks, foreign and newer databases, clocks that go back, and
//! copies that were put back. Each ends in a clear refusal, and nothing that was acknowledged is lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::{Authority, Class, Founding, HomePassphrases, NewAdministrator};
use hufu_tests::{TestAuthority, TestClock, copy_home, ready_requests};
use hufu_x509::key::Passphrase;
use rusqlite::Connection;

use crate::expect::{Before, all, refused, sound};

fn open(path: &Path) -> Result<(), hufu_authority::Error> {
    Authority::open(path).map(drop)
}

/// A folder that is removed when the test ends.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap()
}

#[test]
fn a_home_that_is_not_there_is_said_to_be_missing() {
    let folder = folder();
    refused(open(&folder.path().join("nowhere")), "home.missing", Class::NotFound);
    refused(open(folder.path()), "home.missing", Class::NotFound);
}

/// Founding never overwrites, and leaves nothing behind when it is refused.
#[test]
fn founding_never_overwrites() {
    let t = TestAuthority::found("overwrite");
    let before = Before::of(&t);
    let passphrase = || Passphrase::existing("a passphrase of the test".to_owned());
    let founding = |base: &Path, http: &str, second: &str| {
        let administrator =
            |id: &str| NewAdministrator { id: id.parse().unwrap(), name: "某人".to_owned(), csr: t.people.csr(id) };
        let founding = Founding {
            name: "另一个".to_owned(),
            name_en: String::new(),
            base_http: http.to_owned(),
            base_ldap: None,
            anchor: None,
            root_key: None,
            instance: 1,
            crl_shards: 16,
            administrators: [administrator("zhao"), administrator(second)],
        };
        Authority::found(base, &founding, &HomePassphrases { ca: &passphrase(), home: &passphrase() }).map(drop)
    };
    let good = "http://pki.example.cn";
    refused(founding(&t.home(), good, "qian"), "home.exists", Class::Refused);
    before.assert_unchanged(&t, "founding over a home");
    let folder = folder();
    let place = folder.path().join("new");
    for http in ["", "https://pki.example.cn", "http://", "http://pki.example.cn/", "http://a b", "http://例子.cn"] {
        refused(founding(&place, http, "qian"), "input.unreadable", Class::BadInput);
    }
    // Two administrators are two people with two keys.
    assert!(founding(&place, good, "zhao").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was left behind");
    fs::write(folder.path().join("file"), b"x").unwrap();
    refused(founding(&folder.path().join("file"), good, "qian"), "home.exists", Class::Refused);
}

/// An older program meets a newer database, a newer program an older one, and both meet strangers.
#[test]
fn databases_of_other_versions_and_other_programs_are_refused() {
    let t = TestAuthority::found("versions");
    let base = t.base().to_owned();
    drop(t.authority);
    let version: i64 = pragma(&base, "PRAGMA user_version");
    let strange: [(&str, &str, &str, Class); 4] = [
        ("newer", "PRAGMA user_version = 9999", "store.newer-schema", Class::Refused),
        ("older", "PRAGMA user_version = 0", "store.older-schema", Class::Refused),
        ("foreign", "PRAGMA application_id = 1", "store.not-a-database", Class::Refused),
        ("none", "PRAGMA application_id = 0", "store.not-a-database", Class::Refused),
    ];
    for (name, statement, expected, class) in strange {
        let folder = folder();
        copy_home(&base, folder.path());
        let database = folder.path().join("home/ledger.db");
        Connection::open(&database).unwrap().execute_batch(statement).unwrap();
        let bytes = fs::read(&database).unwrap();
        refused(open(&folder.path().join("home")), expected, class);
        assert_eq!(fs::read(&database).unwrap(), bytes, "{name}: the file was changed");
    }
    for (name, contents) in [("empty", &b""[..]), ("text", b"this is no database, but a text file of some length")] {
        let folder = folder();
        copy_home(&base, folder.path());
        let database = folder.path().join("home/ledger.db");
        fs::write(&database, contents).unwrap();
        refused(open(&folder.path().join("home")), "store.not-a-database", Class::Refused);
        assert_eq!(fs::read(&database).unwrap(), contents, "{name}: the file was changed");
    }
    let folder = folder();
    copy_home(&base, folder.path());
    fs::remove_file(folder.path().join("home/ledger.db")).unwrap();
    let error = Authority::open(&folder.path().join("home")).map(drop).unwrap_err();
    assert!(!folder.path().join("home/ledger.db").exists(), "a missing database was made anew: {error}");
    assert_eq!(version, pragma(&base, "PRAGMA user_version"));
}

fn pragma(base: &Path, statement: &str) -> i64 {
    Connection::open(base.join("home/ledger.db")).unwrap().query_row(statement, [], |r| r.get(0)).unwrap()
}

/// I9: five seconds are a clock that was set right; more is refused, and nothing is written.
#[test]
fn a_clock_that_went_back_is_noticed() {
    let t = TestAuthority::national("clock");
    // The operators have been there for some time: it is not their certificates that are too young.
    t.clock.advance(40 * 86_400);
    let ids = ready_requests(&t, 1, 2);
    let (entry, approver, signer) = (t.session("chengdu-entry"), t.session("sichuan-approver"), t.signer());
    t.clock.advance(-5);
    all(t.authority.issue(&approver, &signer, &ids[..1]));
    let before = Before::of(&t);
    for back in [-1, -3_600, -86_400, -30 * 86_400] {
        t.clock.advance(back);
        let refusal = t.authority.issue(&approver, &signer, &ids[1..]).map(drop);
        refused(refusal, "store.clock-back", Class::Refused);
        let refusal = t.authority.submit(&entry, &[t.people.person(9, "lra-chengdu")]).map(drop);
        refused(refusal, "store.clock-back", Class::Refused);
        t.clock.advance(-back);
    }
    before.assert_unchanged(&t, "a clock that went back");
    t.clock.advance(5);
    all(t.authority.issue(&approver, &signer, &ids));
    // Whatever the clock did, no certificate begins before an earlier one.
    let rows = t.authority.certificates(&hufu_authority::CertificateFilter::default()).unwrap();
    let mut by_event: Vec<_> = rows.iter().map(|r| (r.issued_at, r.validity.not_before())).collect();
    by_event.sort_unstable();
    assert!(by_event.iter().all(|(issued, begins)| issued == begins));
    sound(&t);
}

/// Two writers: the second waits for the first and then does its work; when the first never ends it gives up after 30
/// seconds and says so. Readers go on all the time.
#[test]
fn a_second_writer_waits_and_readers_go_on() {
    let t = TestAuthority::national("writers");
    let request = t.people.person(1, "lra-chengdu");
    let entry = t.session("chengdu-entry");
    let other = Connection::open(t.database()).unwrap();
    std::thread::scope(|scope| {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let started = Stopwatch::now();
        let waiting = scope.spawn(|| all(t.authority.submit(&entry, std::slice::from_ref(&request))));
        std::thread::sleep(Duration::from_millis(1500));
        assert!(!waiting.is_finished(), "it did not wait");
        assert!(t.beside("reader").authority.status().unwrap().events > 0);
        other.execute_batch("COMMIT").unwrap();
        waiting.join().unwrap();
        assert!(started.elapsed() >= Duration::from_millis(1500));
    });
    let before = Before::of(&t);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Stopwatch::now();
    let refusal = t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]).map(drop);
    let waited = started.elapsed();
    refused(refusal, "store.busy", Class::Temporary);
    assert!((25..60).contains(&waited.as_secs()), "gave up after {waited:?}");
    before.assert_unchanged(&t, "a writer that gave up");
    other.execute_batch("ROLLBACK").unwrap();
    all(t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]));
}

/// Starts the child program on the home of `t`.
fn spawn(t: &TestAuthority, chance: &str, verb: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_hufu-child"))
        .arg(t.base())
        .args([&t.now().unix_millis().to_string(), chance])
        .args(verb)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Four offices enter requests at the same moment, each in a process of its own: they wait for each other, and every
/// request is there.
#[test]
fn four_processes_enter_requests_at_once() {
    let t = TestAuthority::national("four");
    let before = t.authority.requests(&hufu_authority::RequestFilter::default()).unwrap().len();
    let children: Vec<_> =
        (0..4).map(|n: u64| spawn(&t, &format!("process {n}"), &["submit", &(n * 1000).to_string(), "25"])).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.lines().filter(|l| l.starts_with("entered ")).count(), 25, "{said}");
    }
    assert_eq!(t.authority.requests(&hufu_authority::RequestFilter::default()).unwrap().len() - before, 100);
    sound(&t);
}

/// Two signers on one home by mistake, working on the same requests: each request becomes one certificate, and whoever
/// was fenced off says so.
#[test]
fn two_signers_by_mistake_issue_nothing_twice() {
    let t = TestAuthority::national("two signers");
    for round in 0..5 {
        let ids = ready_requests(&t, round * 100, 8);
        let before = t.authority.status().unwrap().certificates;
        let mut verb = vec!["issue-each"];
        verb.extend(ids.iter().map(|i| i.as_str()));
        let children = [1, 2].map(|n| spawn(&t, &format!("signer {round} {n}"), &verb));
        let mut acked = std::collections::BTreeMap::new();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = said(&output);
            for line in said.lines() {
                let parts: Vec<&str> = line.split(' ').collect();
                match parts[0] {
                    "acked" => {
                        let der = acked.entry(parts[1].to_owned()).or_insert_with(|| parts[3].to_owned());
                        assert_eq!(*der, parts[3], "two certificates for {}", parts[1]);
                    }
                    _ => assert!(["store.fenced", "store.request-state"].contains(&parts[1]), "{line}"),
                }
            }
        }
        let issued = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
        for certificate in &issued {
            let der = acked.get(certificate.request.as_str());
            assert!(der.is_none_or(|der| *der == hufu_model::ident::hex(&certificate.der)));
        }
        assert_eq!(t.authority.status().unwrap().certificates - before, 8);
    }
    sound(&t);
}

/// An older copy was put back: nothing is signed with it, and it says how far behind it is.
#[test]
fn a_home_behind_its_anchor_signs_nothing() {
    let t = TestAuthority::national("restored");
    let older = folder();
    checkpoint_and_copy(&t, older.path());
    t.issue_person(1);
    // Put back: the old home with the anchor of today, which lay elsewhere.
    fs::copy(t.base().join("anchor/checkpoints.pem"), older.path().join("anchor/checkpoints.pem")).unwrap();
    let back = TestAuthority::open_in(older.path(), t.now(), "put back").unwrap();
    let zhao = back.session("zhao");
    let after = hufu_authority::AfterSigning::Verify;
    let signer = back.authority.start_signer(&zhao, &back.ca_passphrase(), after).map(drop);
    refused(signer, "ledger.behind-anchor", Class::Integrity);
    refused(back.authority.check_anchor(), "ledger.behind-anchor", Class::Integrity);
    // Looking is still possible; the audit names it.
    let report = back.authority.audit(hufu_authority::Depth::Ledger, &|_| ()).unwrap();
    assert!(report.findings.iter().any(|f| f.rule == "anchor"), "{:?}", report.findings);

    // It goes on without the signer until it is longer than the anchor: then it is another history, and refused too.
    let ahead = t.authority.status().unwrap().events + 5;
    let mut n = 100;
    while back.authority.status().unwrap().events < ahead {
        all(back.authority.submit(&back.session("chengdu-entry"), &[back.people.person(n, "lra-chengdu")]));
        n += 1;
    }
    let signer = back.authority.start_signer(&zhao, &back.ca_passphrase(), after).map(drop);
    refused(signer, "ledger.anchor-differs", Class::Integrity);
    sound(&t);
}

/// Copies the home of `t` as a backup program would between two transactions: with everything in the database file.
fn checkpoint_and_copy(t: &TestAuthority, to: &Path) {
    let connection = Connection::open(t.database()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    copy_home(t.base(), to);
}

/// The anchor lacks a line that the database has (a crash between the two): the next checkpoint brings it up to date.
#[test]
fn an_anchor_behind_its_home_is_caught_up() {
    let t = TestAuthority::national("anchor");
    let file = t.base().join("anchor/checkpoints.pem");
    let old = fs::read(&file).unwrap();
    t.issue_person(1);
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() > old.len() && whole.starts_with(&old));
    // Cut off, whole lines and in the middle of one.
    for keep in [old.len(), old.len() + 100] {
        fs::write(&file, &whole[..keep]).unwrap();
        t.authority.checkpoint(&t.signer()).unwrap();
        let sizes: Vec<u64> = t.authority.anchor().unwrap().iter().map(|c| c.checkpoint.size).collect();
        let stored = t.authority.status().unwrap();
        assert_eq!(sizes.last(), Some(&stored.checkpointed), "after {keep} octets");
        t.authority.check_anchor().unwrap();
    }
    sound(&t);
}

/// Whether this process may mount; says SKIPPED when it may not.
fn may_mount(base: &Path) -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs"]).arg(base);
    let allowed = probe.output().is_ok_and(|o| o.status.success());
    if !allowed {
        eprintln!("SKIPPED on another disk: mounting is not allowed here");
    }
    allowed
}

/// Runs the child program in a mount namespace of its own, in which `base` is a file system made by `setup`.
fn on_other_disk(base: &Path, setup: &str, now: &TestClock, verb: &[&str]) -> Output {
    use hufu_model::time::Clock;
    let child = env!("CARGO_BIN_EXE_hufu-child");
    let script = format!("{setup}\nexec \"$@\"");
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "bash", "-euc", &script, "bash", child])
        .arg(base)
        .args([&now.now().unix_millis().to_string(), "other disk"])
        .args(verb)
        .env("BASE", base)
        .output()
        .unwrap();
    // Whatever the disk does, the child says something.
    assert!(!output.stdout.is_empty(), "the disk could not be set up: {}", said(&output));
    output
}

/// What the files below `folder` take on a disk with blocks of 4 KiB, folders included, in KiB.
fn kib_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries
        .map(|p| if p.is_dir() { kib_below(&p) } else { fs::metadata(p).unwrap().len().div_ceil(4096) * 4 })
        .sum::<u64>()
        + 4
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// On a read-only disk everything can be looked at and nothing is done.
#[test]
fn a_read_only_home_can_be_read_and_says_why_it_cannot_be_written() {
    let t = TestAuthority::national("read only");
    let ids = ready_requests(&t, 1, 1);
    let base = folder();
    checkpoint_and_copy(&t, base.path());
    if !may_mount(base.path()) {
        return;
    }
    let setup = "mount --bind \"$BASE\" \"$BASE\"; mount -o remount,bind,ro \"$BASE\"";
    let reading = on_other_disk(base.path(), setup, &t.clock, &["read"]);
    let expected = format!("events {}", t.authority.status().unwrap().events);
    assert!(reading.status.success() && said(&reading).contains(&expected), "{}", said(&reading));
    let writing = on_other_disk(base.path(), setup, &t.clock, &["issue", ids[0].as_str()]);
    assert!(said(&writing).contains("error store.read-only-home"), "{}", said(&writing));
    // The same home on a disk that can be written goes on as if nothing had been.
    let again = TestAuthority::open_in(base.path(), t.now(), "again").unwrap();
    all(again.authority.issue(&again.session("sichuan-approver"), &again.signer(), &ids));
    sound(&again);
}

/// The disk fills up in the middle of the work: a clear refusal, every acknowledged certificate is there, and when there
/// is space again the same requests are issued.
#[test]
fn a_full_disk_loses_nothing() {
    let t = TestAuthority::national("full");
    let ids = ready_requests(&t, 1, 12);
    let base = folder();
    checkpoint_and_copy(&t, base.path());
    let saved = folder();
    if !may_mount(base.path()) {
        return;
    }
    let size = kib_below(base.path());
    let mut verbs: Vec<&str> = vec!["issue-each"];
    verbs.extend(ids.iter().map(|i| i.as_str()));
    let mut full = 0;
    for spare_kib in [40_u64, 120, 250, 400, 700] {
        // A small file system in memory holds the home; what is on it afterwards is copied out.
        let kib = size + spare_kib;
        let out = saved.path().join(spare_kib.to_string());
        let setup = format!(
            "cp -a \"$BASE\" {out}; mount -t tmpfs -o size={kib}k tmpfs \"$BASE\"; cp -a {out}/. \"$BASE\"; \
             trap 'cp -a \"$BASE\"/. {out}' EXIT; \"$@\"; exit",
            out = out.display()
        );
        let output = on_other_disk(base.path(), &setup, &t.clock, &verbs);
        let said = said(&output);
        let acked: Vec<Vec<&str>> =
            said.lines().filter(|l| l.starts_with("acked ")).map(|l| l.split(' ').collect()).collect();
        if said.contains("error ") {
            assert!(said.contains("error store.disk-full") || said.contains("error home.file"), "{spare_kib}: {said}");
            full += 1;
        } else {
            assert_eq!(acked.len(), ids.len(), "{said}");
        }
        assert!(!said.contains("panicked"), "{said}");
        // `out` holds the home as the full disk left it: bring it to a disk with space and go on.
        let place = folder();
        copy_home(&out, place.path());
        let again = TestAuthority::open_in(place.path(), t.now(), "space again").unwrap();
        let issued = all(again.authority.issue(&again.session("sichuan-approver"), &again.signer(), &ids));
        for line in acked {
            let found = issued.iter().find(|i| i.request.as_str() == line[1]).unwrap();
            assert_eq!(hufu_model::ident::hex(&found.der), line[3], "an acknowledged certificate was lost");
        }
        sound(&again);
    }
    assert!(full >= 3, "the disk was full only {full} times");
}
