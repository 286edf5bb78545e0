#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use hufu_model::event::EventKind;
use rusqlite::Connection;

use crate::sample::{NOON, Scratch, at, document, op};
use crate::schema::{self, HOME, Step};
use crate::{Document, Error, ErrorKind, Mode, Result, Store, sqlite};

fn code(result: Result<impl Sized>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(e) => e.kind().code(),
    }
}

fn raw(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Writes one event; what is in the document does not matter.
fn note(store: &Store, second: i64, text: &str) -> Result<u64> {
    store.write(at(second), |w| {
        let mut event = w.event(EventKind::Submit, Some(&op("zhao")), text);
        event.put_document(&document(text))?;
        event.close()
    })
}

fn count(store: &Store) -> u64 {
    store.read(|r| r.event_count()).unwrap()
}

#[test]
fn a_new_database_is_its_owners_and_can_be_opened() {
    let scratch = Scratch::founded();
    assert_eq!(code(Store::create(&scratch.path, at(NOON))), "store.exists");
    assert_eq!(code(Store::create(Path::new("/nowhere/ledger.db"), at(NOON))), "store.not-found");
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let mode = fs::metadata(scratch.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    for mode in [Mode::ReadWrite, Mode::ReadOnly] {
        let store = Store::open(&scratch.path, mode).unwrap();
        assert_eq!(store.read(|r| r.meta("name")).unwrap().unwrap(), "示例");
    }
    let looking = Store::open(&scratch.path, Mode::ReadOnly).unwrap();
    assert_eq!(code(note(&looking, NOON, "x")), "store.read-only-home");
}

#[test]
fn a_database_that_could_not_be_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::create_dir(folder.path().join("ledger.db-wal")).unwrap();
    assert!(Store::create(&path, at(NOON)).is_err());
    assert!(!path.exists());
}

#[test]
fn what_is_not_our_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), b"").unwrap();
    fs::write(path("short"), b"SQLite").unwrap();
    fs::write(path("text"), "a file of some length that is no database at all\n".repeat(100)).unwrap();
    raw(&path("other"), "CREATE TABLE t (a); PRAGMA application_id = 7");
    raw(&path("plain"), "CREATE TABLE t (a)");
    for mode in [Mode::ReadWrite, Mode::ReadOnly] {
        assert_eq!(code(Store::open(&path("missing"), mode)), "store.not-found");
        assert_eq!(code(Store::open(folder.path(), mode)), "store.not-a-database");
        for name in ["empty", "short", "text", "other", "plain"] {
            let before = fs::read(path(name)).unwrap();
            assert_eq!(code(Store::open(&path(name), mode)), "store.not-a-database", "{name}");
            assert_eq!(fs::read(path(name)).unwrap(), before, "{name}");
        }
    }
    assert!(!path("missing").exists());
}

#[test]
fn another_schema_is_refused_with_what_to_do() {
    let Scratch { store, path, folder } = Scratch::founded();
    drop(store);
    raw(&path, "PRAGMA user_version = 99");
    for mode in [Mode::ReadWrite, Mode::ReadOnly] {
        let e = Store::open(&path, mode).err().unwrap();
        assert_eq!(*e.kind(), ErrorKind::NewerSchema { found: 99, known: schema::latest() });
        assert!(e.to_string().contains("newer program"), "{e}");
    }
    assert_eq!(code(Store::upgrade(&path, at(NOON))), "store.newer-schema");
    raw(&path, "PRAGMA user_version = 0");
    for mode in [Mode::ReadWrite, Mode::ReadOnly] {
        assert_eq!(code(Store::open(&path, mode)), "store.older-schema");
    }
    drop(folder);
}

/// A later release, as far as its schema goes.
const LATER: Step =
    Step { name: "later", sql: "CREATE TABLE later (id BIGINT NOT NULL PRIMARY KEY); CREATE INDEX l ON later (id);" };
const FAILING: Step = Step { name: "failing", sql: "CREATE TABLE half (id BIGINT); CREATE TABLE event (id BIGINT);" };

fn objects(path: &Path) -> Vec<(String, Option<String>)> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(std::result::Result::unwrap).collect()
}

#[test]
fn an_upgraded_database_is_a_new_one_with_its_rows() {
    let Scratch { store, path, folder } = Scratch::founded();
    drop(store);
    let released = |more: &[Step]| -> Vec<Step> {
        schema::STEPS.iter().chain(more).map(|step| Step { name: step.name, sql: step.sql }).collect()
    };
    let wait = Duration::from_secs(1);
    let before = objects(&path);
    assert!(sqlite::upgrade(&HOME, &path, at(NOON), wait, &released(&[LATER, FAILING])).is_err());
    assert_eq!(objects(&path), before);
    assert_eq!(Store::upgrade(&path, at(NOON)).unwrap(), 0);
    assert_eq!(sqlite::upgrade(&HOME, &path, at(NOON + 5), wait, &released(&[LATER])).unwrap(), 1);
    assert_eq!(sqlite::upgrade(&HOME, &path, at(NOON + 5), wait, &released(&[LATER])).unwrap(), 0);
    assert_eq!(code(Store::open(&path, Mode::ReadWrite)), "store.newer-schema");
    let fresh = folder.path().join("fresh.db");
    schema::apply(&Connection::open(&fresh).unwrap(), &released(&[LATER]), 0).unwrap();
    assert_eq!(objects(&path), objects(&fresh));
    let connection = Connection::open(&path).unwrap();
    let steps: Vec<(i64, String, i64)> = connection
        .prepare("SELECT version, name, at FROM schema_step ORDER BY version")
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .unwrap()
        .map(std::result::Result::unwrap)
        .collect();
    let named = |n: i64, name: &str, at: i64| (n, name.to_owned(), at);
    let own = [named(1, "initial", NOON), named(2, "life", NOON), named(3, "inventory", NOON)];
    assert_eq!(steps, [&own[..], &[named(4, "later", NOON + 5)]].concat());
}

#[test]
fn an_sqlite_that_loses_commits_is_refused() {
    assert_eq!(code(sqlite::check_library(3_051_002)), "store.sqlite-too-old");
    assert_eq!(code(sqlite::check_library(3_051_003)), "ok");
    assert_eq!(code(sqlite::check_library(rusqlite::version_number())), "ok");
    let e = sqlite::check_library(3_040_001).unwrap_err();
    assert!(e.to_string().starts_with("SQLite 3.40.1 "), "{e}");
}

/// In a build for crash tests, `HUFU_FAULT_SYNC_OFF` is what this test must find.
#[test]
fn the_log_and_full_synchronisation_are_really_set() {
    let scratch = Scratch::founded();
    let settings = |connection: &Connection| {
        let text = |name: &str| connection.pragma_query_value(None, name, |r| r.get::<_, String>(0)).unwrap();
        let number = |name: &str| connection.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(text("journal_mode"), "wal");
        assert_eq!(number("synchronous"), 2);
        assert_eq!(number("foreign_keys"), 1);
        assert_eq!(number("trusted_schema"), 0);
    };
    scratch.store.with_writer(settings);
    Store::open(&scratch.path, Mode::ReadWrite).unwrap().with_writer(settings);
    scratch
        .store
        .read(|r| {
            let written = r.connection().execute("DELETE FROM meta", []);
            assert!(written.is_err());
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn a_database_in_another_journal_mode_is_put_right() {
    let Scratch { store, path, folder } = Scratch::founded();
    drop(store);
    raw(&path, "PRAGMA journal_mode = DELETE");
    let store = Store::open(&path, Mode::ReadWrite).unwrap();
    note(&store, NOON, "x").unwrap();
    assert!(folder.path().join("ledger.db-wal").exists());
}

#[test]
fn a_locked_database_is_waited_for_and_then_busy() {
    let scratch = Scratch::founded();
    let wait = Duration::from_millis(300);
    let other = Store::open_with_wait(&scratch.path, Mode::ReadWrite, wait).unwrap();
    scratch
        .store
        .write(at(NOON), |_| {
            let watch = Stopwatch::now();
            assert_eq!(code(note(&other, NOON, "x")), "store.busy");
            assert!(watch.elapsed() >= wait);
            Ok::<_, Error>(())
        })
        .unwrap();
    note(&other, NOON, "x").unwrap();
    // Held for less than the wait: nobody notices.
    let started = std::sync::Barrier::new(2);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            scratch.store.write(at(NOON), |_| {
                started.wait();
                std::thread::sleep(Duration::from_millis(100));
                Ok::<_, Error>(())
            })
        });
        started.wait();
        note(&other, NOON, "y").unwrap();
    });
}

#[test]
fn a_reader_sees_one_state_while_a_writer_goes_on() {
    let scratch = Scratch::founded();
    let other = Store::open(&scratch.path, Mode::ReadOnly).unwrap();
    for store in [&scratch.store, &other] {
        store
            .read(|r| {
                let before = r.event_count()?;
                note(&scratch.store, NOON, &format!("{before}")).unwrap();
                assert_eq!(r.event_count()?, before);
                // A second reader sees what was committed meanwhile.
                assert_eq!(count(&other), before + 1);
                Ok::<_, Error>(())
            })
            .unwrap();
    }
    // And not what was not.
    let e = scratch.store.write(at(NOON), |w| {
        let mut event = w.event(EventKind::Submit, None, "x");
        event.put_document(&document("x"))?;
        event.close()?;
        assert_eq!(w.reader().event_count()?, 4);
        assert_eq!(count(&scratch.store), 3);
        Err::<(), _>(Error::corrupt("as if"))
    });
    assert_eq!(code(e), "store.corrupt");
    assert_eq!(count(&scratch.store), 3);
}

#[test]
fn many_threads_and_stores_write_one_ledger() {
    let scratch = Scratch::founded();
    let others: Vec<Store> = (0..3).map(|_| Store::open(&scratch.path, Mode::ReadWrite).unwrap()).collect();
    let made = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for store in others.iter().chain([&scratch.store, &scratch.store]) {
            threads.spawn(|| {
                for _ in 0..20 {
                    let n = made.fetch_add(1, Ordering::SeqCst);
                    note(store, NOON, &format!("{n}")).unwrap();
                    count(store);
                }
            });
        }
    });
    assert_eq!(count(&scratch.store), 101);
    assert_eq!(scratch.store.checkpoint_material().unwrap().0, 101);
}

#[test]
fn a_panic_inside_a_transaction_changes_nothing_and_harms_nobody() {
    let scratch = Scratch::founded();
    let quiet = std::panic::AssertUnwindSafe(|| {
        let _ = scratch.store.write(at(NOON), |w| {
            w.event(EventKind::Submit, None, "x").close()?;
            std::panic::resume_unwind(Box::new("as if"));
            #[allow(unreachable_code)]
            Ok::<(), Error>(())
        });
    });
    assert!(std::panic::catch_unwind(quiet).is_err());
    assert_eq!(count(&scratch.store), 1);
    note(&scratch.store, NOON, "x").unwrap();
}

#[test]
fn a_full_disk_loses_nothing() {
    let scratch = Scratch::founded();
    let pages: i64 = scratch.store.with_writer(|c| c.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap());
    let limit = |pages: i64| {
        scratch.store.with_writer(|c| c.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap());
    };
    limit(pages + 20);
    let mut acknowledged = Vec::new();
    let e = loop {
        let text = format!("{} {}", acknowledged.len(), "x".repeat(3000));
        match note(&scratch.store, NOON, &text) {
            Ok(_) => acknowledged.push(document(&text)),
            Err(e) => break e,
        }
    };
    assert_eq!(e.kind().code(), "store.disk-full");
    assert!(acknowledged.len() > 3);
    assert_eq!(code(note(&scratch.store, NOON, &"y".repeat(9000))), "store.disk-full");
    let all_there = |store: &Store, acknowledged: &[Document]| {
        store
            .read(|r| {
                assert_eq!(r.event_count()?, 1 + acknowledged.len() as u64);
                assert_eq!(r.documents()?.len(), acknowledged.len());
                for document in acknowledged {
                    assert_eq!(r.document(&document.digest)?.as_ref(), Some(document));
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    };
    all_there(&scratch.store, &acknowledged);
    all_there(&Store::open(&scratch.path, Mode::ReadOnly).unwrap(), &acknowledged);
    // Room comes back.
    limit(pages + 10_000);
    acknowledged.push(document("more"));
    note(&scratch.store, NOON, "more").unwrap();
    all_there(&scratch.store, &acknowledged);
    assert_eq!(scratch.store.checkpoint_material().unwrap().0, 1 + acknowledged.len() as u64);
}

#[test]
fn a_commit_that_the_disk_failed_stops_all_writing() {
    let scratch = Scratch::founded();
    let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let e = scratch.store.failed(rusqlite::Error::SqliteFailure(failure, None).into());
    assert_eq!(*e.kind(), ErrorKind::Poisoned);
    assert!(std::error::Error::source(&e).is_some());
    assert_eq!(code(note(&scratch.store, NOON, "x")), "store.poisoned");
    assert_eq!(code(scratch.store.start_signer(at(NOON), &op("zhao"))), "store.poisoned");
    assert_eq!(count(&scratch.store), 1);
    // A full disk is not that: nothing was acknowledged, and the next try starts afresh.
    let other = Scratch::founded();
    let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
    let e = other.store.failed(rusqlite::Error::SqliteFailure(full, None).into());
    assert_eq!(*e.kind(), ErrorKind::DiskFull);
    note(&other.store, NOON, "x").unwrap();
}

/// A folder on a disk that cannot be written. Whoever runs this may write everywhere, so the test runs once more inside
/// a mount of its own.
#[test]
fn a_read_only_folder_can_be_read() {
    const FOLDER: &str = "HUFU_TEST_READ_ONLY";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let path = Path::new(&folder).join("ledger.db");
        assert_eq!(code(Store::create(&Path::new(&folder).join("new.db"), at(NOON))), "store.read-only-home");
        assert_eq!(code(Store::open(&path, Mode::ReadWrite)), "store.read-only-home");
        let left = Path::new(&folder).join("left.db");
        assert_eq!(code(Store::open(&left, Mode::ReadOnly)), "store.read-only-home");
        let store = Store::open(&path, Mode::ReadOnly).unwrap();
        for _ in 0..3 {
            assert_eq!(store.read(|r| r.meta("name")).unwrap().unwrap(), "示例");
        }
        return;
    }
    let Scratch { store, path, folder } = Scratch::founded();
    // A copy whose log was never copied into it.
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", path.display());
        fs::copy(from, folder.path().join(format!("left.db{suffix}"))).unwrap();
    }
    drop(store);
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$1\" --exact \"$2\"";
    let child = Command::new("unshare")
        .args(["-r", "-m", "sh", "-c", script])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .arg("store::tests::a_read_only_folder_can_be_read")
        .env(FOLDER, folder.path())
        .output();
    match child {
        Ok(child) if child.status.success() => assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed")),
        Ok(child) if child.stdout.is_empty() => {
            eprintln!("SKIPPED: no mount for this user: {}", String::from_utf8_lossy(&child.stderr));
        }
        Ok(child) => panic!("{}", String::from_utf8_lossy(&child.stdout)),
        Err(e) => eprintln!("SKIPPED: unshare cannot be run: {e}"),
    }
}
