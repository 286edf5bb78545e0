//! The database: who may write, who may look, and what happens when the disk fails.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hufu_model::time::{Clock, Instant};
use rusqlite::Connection;

use crate::error::{Error, ErrorKind, Result};
use crate::patience;
use crate::reader::Reader;
use crate::schema::{Form, HOME};
use crate::sqlite::{self, Keep};
use crate::write::{CLOCK_AHEAD_MS, Write};

/// How long a lock of another process is waited for.
pub const WAIT: Duration = Duration::from_secs(30);

/// Readers that are kept open.
const IDLE_READERS: usize = 8;

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For reading and writing.
    ReadWrite,
    /// For reading only. Works beside a writer, and on a disk that cannot be written.
    ReadOnly,
}

/// One open database. It may be shared between threads: one writes at a time, readers run beside it. Other processes
/// may have it open, too.
pub struct Store {
    form: &'static Form,
    path: PathBuf,
    wait: Duration,
    writer: Option<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// A commit ended in a failure of the disk. Trying again could be acknowledged although it was lost.
    poisoned: AtomicBool,
    /// Whether a clock far ahead of the last event is refused.
    watches_clock: AtomicBool,
}

impl Store {
    /// Makes a new database in the file `path`, which must not exist; only its owner may read it.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`], [`ErrorKind::NotFound`] without the folder, [`ErrorKind::SqliteTooOld`], disk errors.
    pub fn create(path: &Path, now: Instant) -> Result<Self> {
        Self::create_form(&HOME, path, now)
    }

    /// Opens the database in the file `path`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADatabase`], [`ErrorKind::NewerSchema`], [`ErrorKind::OlderSchema`],
    /// [`ErrorKind::SqliteTooOld`]; [`ErrorKind::ReadOnlyHome`] when it cannot be written and [`Mode::ReadWrite`] was
    /// asked for, or when the folder cannot be written and a log that was left beside the file would have to be read.
    pub fn open(path: &Path, mode: Mode) -> Result<Self> {
        Self::open_with_wait(path, mode, WAIT)
    }

    /// As [`Store::open`], waiting for a lock of another process no longer than `wait`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with_wait(path: &Path, mode: Mode, wait: Duration) -> Result<Self> {
        Self::open_form(&HOME, path, mode, wait)
    }

    /// Brings a database that an older program made to the schema of this one, in one transaction; returns how many
    /// steps were missing. Keep a copy of the home first.
    ///
    /// # Errors
    /// As [`Store::open`]; the database is as it was then.
    pub fn upgrade(path: &Path, now: Instant) -> Result<u32> {
        sqlite::upgrade(&HOME, path, now, WAIT, HOME.steps)
    }

    /// [`Store::create`], for a file of any kind.
    pub(crate) fn create_form(form: &'static Form, path: &Path, now: Instant) -> Result<Self> {
        let writer = sqlite::create(form, path, now, WAIT)?;
        Ok(Self::of(form, path, Some(writer), Vec::new(), WAIT))
    }

    /// [`Store::open_with_wait`], for a file of any kind.
    pub(crate) fn open_form(form: &'static Form, path: &Path, mode: Mode, wait: Duration) -> Result<Self> {
        let writer = match mode {
            Mode::ReadWrite => Some(sqlite::writer(form, path, wait)?),
            Mode::ReadOnly => None,
        };
        let (reader, keep) = sqlite::reader(form, path, wait)?;
        let readers = if keep == Keep::Pooled { vec![reader] } else { Vec::new() };
        Ok(Self::of(form, path, writer, readers, wait))
    }

    fn of(
        form: &'static Form,
        path: &Path,
        writer: Option<Connection>,
        readers: Vec<Connection>,
        wait: Duration,
    ) -> Self {
        Self {
            form,
            path: path.to_owned(),
            wait,
            writer: writer.map(Mutex::new),
            readers: Mutex::new(readers),
            poisoned: AtomicBool::new(false),
            watches_clock: AtomicBool::new(false),
        }
    }

    /// Looks at one state of the database, which does not change while `f` runs, whoever writes meanwhile.
    ///
    /// # Errors
    /// Those of `f`; database errors.
    pub fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let pooled = lock(&self.readers).pop();
        let (connection, keep) = match pooled {
            Some(connection) => (connection, Keep::Pooled),
            None => sqlite::reader(self.form, &self.path, self.wait)?,
        };
        // Dropped at the end, and on a panic: the snapshot ends with it.
        let snapshot = connection.unchecked_transaction().map_err(Error::from)?;
        let found = f(&Reader::new(&snapshot));
        let ended = snapshot.rollback();
        if keep == Keep::Pooled && ended.is_ok() {
            let mut idle = lock(&self.readers);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
        }
        found
    }

    /// Makes one change: everything `f` writes, or nothing when it fails. What it read cannot have changed before it is
    /// stored. Neither [`Store::write`] nor another method that writes may be called inside.
    ///
    /// `now` is the machine's time; [`Write::now`] is the ledger's.
    ///
    /// # Errors
    /// Those of `f`; [`ErrorKind::Busy`], [`ErrorKind::DiskFull`], [`ErrorKind::ReadOnlyHome`],
    /// [`ErrorKind::ClockBack`] when `now` lies more than 5 seconds before the last event, [`ErrorKind::ClockAhead`] when
    /// it lies too far behind it ([`Store::watch_clock`]),
    /// [`ErrorKind::UnclosedEvent`], [`ErrorKind::LedgerBroken`], [`ErrorKind::Poisoned`].
    pub fn write<T, E: From<Error>>(
        &self,
        now: Instant,
        f: impl FnOnce(&mut Write<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.write_at(|| now, self.ahead(), f)
    }

    /// As [`Store::write`], at the time that `clock` shows when the lock is held. Others may have written for long before
    /// this one's turn came, and an instant that was read before would then look like a clock that went back.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_by<T, E: From<Error>>(
        &self,
        clock: &dyn Clock,
        f: impl FnOnce(&mut Write<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.write_at(|| clock.now(), self.ahead(), f)
    }

    /// Brings everything that was committed into the file itself, and the file to disk: once nobody has it open any more,
    /// the file alone is the database and may be moved.
    pub(crate) fn settle(&self) -> Result<()> {
        lock(&self.readers).clear();
        if self.cut_log()? { Ok(()) } else { Err(ErrorKind::Busy.into()) }
    }

    /// As [`Store::write_by`], however far the clock is ahead: for the one event that confirms it.
    ///
    /// # Errors
    /// As [`Store::write`], except [`ErrorKind::ClockAhead`].
    pub fn write_at_any_distance<T, E: From<Error>>(
        &self,
        clock: &dyn Clock,
        f: impl FnOnce(&mut Write<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.write_at(|| clock.now(), None, f)
    }

    /// Makes one change at the time that `now` gives once the lock is held, at most `ahead` milliseconds behind the last
    /// event.
    fn write_at<T, E: From<Error>>(
        &self,
        now: impl FnOnce() -> Instant,
        ahead: Option<i64>,
        f: impl FnOnce(&mut Write<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transaction(|connection| {
            let mut write = Write::begin(connection, now(), ahead)?;
            let done = f(&mut write)?;
            write.finish()?;
            Ok(done)
        })
    }

    /// Refuses from here on what is written at a time more than [`CLOCK_AHEAD_MS`] behind the last event, with
    /// [`ErrorKind::ClockAhead`]. A clock that is set by hand, as a test's, needs it not.
    pub fn watch_clock(&self) {
        self.watches_clock.store(true, Ordering::SeqCst);
    }

    fn ahead(&self) -> Option<i64> {
        self.watches_clock.load(Ordering::SeqCst).then_some(CLOCK_AHEAD_MS)
    }

    /// Copies the write-ahead log into the database and cuts it to nothing, so that what was deleted is not in it any
    /// more. Readers that still look at an older state keep it from being cut; it is tried again with the next change.
    ///
    /// # Errors
    /// Database errors; [`ErrorKind::ReadOnlyHome`].
    pub fn empty_log(&self) -> Result<()> {
        self.cut_log()?;
        Ok(())
    }

    /// Copies the write-ahead log into the database and cuts it; whether no reader kept it from being cut.
    fn cut_log(&self) -> Result<bool> {
        let writer = self.writer.as_ref().ok_or(ErrorKind::ReadOnlyHome)?;
        let busy: i64 = lock(writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// One transaction that writes. Everything that changes the database goes through here.
    pub(crate) fn transaction<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Connection) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let Some(writer) = &self.writer else {
            return Err(Error::from(ErrorKind::ReadOnlyHome).into());
        };
        let connection = lock(writer);
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(Error::from(ErrorKind::Poisoned).into());
        }
        // Rolled back when it is dropped: on an error of `f`, and on a panic.
        let transaction = patience::begin(&connection, self.wait)?;
        let done = f(&transaction)?;
        transaction.commit().map_err(|e| self.failed(e.into()))?;
        Ok(done)
    }

    /// What a failed commit means.
    fn failed(&self, e: Error) -> Error {
        if *e.kind() == ErrorKind::Io {
            self.poisoned.store(true, Ordering::SeqCst);
            return Error::from(ErrorKind::Poisoned).with_source(e);
        }
        e
    }

    /// Lets a test at the connection that writes.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(crate) fn with_writer<T>(&self, f: impl FnOnce(&Connection) -> T) -> T {
        f(&lock(self.writer.as_ref().unwrap()))
    }
}

/// A thread that panicked left nothing half done: its transaction was rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
