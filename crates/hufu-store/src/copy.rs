//! A copy of a database file while others write to it: SQLite's online backup over one snapshot.
//!
//! The snapshot is held by the connection that is read, so that the pages come from one state and the copy never starts
//! again, however much is written meanwhile. The copy is one plain file without a log beside it, on disk when this
//! returns.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::schema;
use crate::store::{Store, WAIT};
use crate::vault::VaultReader;

/// Pages copied between two words about how far it is.
const PAGES: i32 = 1024;

impl Reader<'_> {
    /// Writes this snapshot to the file `to`, which must not exist. `progress` is told how many pages are done and how
    /// many there are.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`]; disk errors. What was written of the file is left to the caller.
    pub fn copy_to(&self, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<()> {
        copy(self.connection(), to, progress)
    }

    /// The schema version of the database.
    ///
    /// # Errors
    /// Database errors.
    pub fn schema_version(&self) -> Result<u32> {
        schema::version(self.connection())
    }
}

impl VaultReader<'_> {
    /// As [`Reader::copy_to`].
    ///
    /// # Errors
    /// As [`Reader::copy_to`].
    pub fn copy_to(&self, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<()> {
        copy(self.connection(), to, progress)
    }
}

impl Store {
    /// The schema version of the database in the file `path`, whichever program made it, and the one this program needs.
    ///
    /// # Errors
    /// As [`Store::open`], except for the version.
    pub fn version_of(path: &Path) -> Result<(u32, u32)> {
        let connection = crate::sqlite::writer_of_any_version(&schema::HOME, path, WAIT)?;
        Ok((schema::version(&connection)?, schema::HOME.latest()))
    }

    /// As [`Reader::copy_to`], for a database of any version: what is kept before [`Store::upgrade`].
    ///
    /// # Errors
    /// As [`Reader::copy_to`]; [`ErrorKind::Corrupt`] when SQLite finds the file damaged.
    pub fn copy_any(path: &Path, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<()> {
        let connection = crate::sqlite::writer_of_any_version(&schema::HOME, path, WAIT)?;
        let snapshot = connection.unchecked_transaction()?;
        let said: String = snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Err(Error::corrupt(said));
        }
        copy(&snapshot, to, progress)
    }
}

/// Copies what `from` sees. It must be inside a transaction, so that it sees one state.
fn copy(from: &Connection, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    made.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => ErrorKind::Exists { path: to.to_owned() }.into(),
        _ => Error::from(e),
    })?;
    // The first read takes the snapshot, if nothing did before.
    let _: i64 = from.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags)?;
    // A copy that was not finished is of no use to anybody, and the whole one is synced below.
    target.pragma_update(None, "synchronous", "OFF")?;
    {
        let backup = Backup::new(from, &mut target)?;
        let busy = Duration::from_millis(20);
        loop {
            let step = backup.step(PAGES)?;
            let at = backup.progress();
            let (of, left) = (at.pagecount.unsigned_abs(), at.remaining.unsigned_abs());
            progress(of.saturating_sub(left).into(), of.into());
            crate::fault!("f20");
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(busy),
                _ => {}
            }
        }
    }
    // The header still says that there is a log.
    let mode: String = target.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    if mode != "delete" {
        return Err(ErrorKind::Constraint { what: format!("the copy is in journal mode {mode}") }.into());
    }
    target.close().map_err(|(_, e)| Error::from(e))?;
    File::open(to).and_then(|file| file.sync_all())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_model::event::EventKind;
    use hufu_model::time::Instant;

    use super::*;
    use crate::store::Mode;

    /// What is written while pages are copied is not in the copy, and nothing of what was there before is missing.
    #[test]
    fn a_copy_is_one_state_whatever_is_written_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (path, to) = (folder.path().join("a.db"), folder.path().join("copy.db"));
        let now = Instant::from_unix_seconds(1_800_000_000);
        let store = Store::create(&path, now).unwrap();
        let write = |n: usize| {
            store.write(now, |w| {
                let mut event = w.event(EventKind::Denied, None, "x");
                event.field("text", &"x".repeat(100_000));
                event.field("n", &n.to_string());
                event.close()
            })
        };
        (0..100).for_each(|n| assert!(write(n).is_ok()));
        let steps = std::cell::Cell::new(0);
        let copied = store.read(|r| {
            let count = r.event_count()?;
            r.copy_to(&to, &|_, _| {
                write(steps.get()).unwrap();
                steps.set(steps.get() + 1);
            })?;
            Ok::<_, Error>(count)
        });
        assert!(steps.get() > 1, "too small to be copied in steps");
        assert_eq!(copied.unwrap(), 100);
        let beside = std::fs::read_dir(folder.path()).unwrap();
        let logs = beside.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("copy.db-"));
        assert_eq!(logs.count(), 0);
        let copy = Store::open(&to, Mode::ReadOnly).unwrap();
        assert_eq!(copy.read(|r| r.event_count()).unwrap(), 100);
        let report = copy.read(|r| crate::verify::verify(r, &|_, _, _| ())).unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(matches!(store.read(|r| r.copy_to(&to, &|_, _| ())).unwrap_err().kind(), ErrorKind::Exists { .. }));
    }
}
