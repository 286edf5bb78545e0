//! SQLite as this store uses it: how a file is opened, what is set, what is refused.
//!
//! Write-ahead log, `synchronous=FULL`: with NORMAL a power cut loses commits that were acknowledged, which a
//! certificate authority cannot allow. One connection writes, others read beside it.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hufu_model::time::Instant;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, ErrorKind, Result};
use crate::schema::{self, Form};

/// SQLite 3.51.3: older ones can lose commits when two connections meet at the reset of the write-ahead log.
const OLDEST: i32 = 3_051_003;

/// How every SQLite file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Page caches, in KiB: the writer keeps the ends of all indexes in memory.
const WRITER_CACHE: i64 = 64 * 1024;
const READER_CACHE: i64 = 16 * 1024;

/// After how many pages of 4 KiB the write-ahead log is copied into the database, and to how many octets its file is
/// cut.
const CHECKPOINT_PAGES: i64 = 4000;
const LOG_OCTETS: i64 = 64 * 1024 * 1024;

/// Statements kept prepared per connection.
const STATEMENTS: usize = 96;

/// Refuses an SQLite library that loses data.
pub(crate) fn check_library(version: i32) -> Result<()> {
    if version < OLDEST { Err(ErrorKind::SqliteTooOld { found: version }.into()) } else { Ok(()) }
}

/// Makes a new database at `path`, readable by its owner only.
pub(crate) fn create(form: &Form, path: &Path, now: Instant, wait: Duration) -> Result<Connection> {
    check_library(rusqlite::version_number())?;
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => ErrorKind::Exists { path: path.to_owned() }.into(),
        std::io::ErrorKind::NotFound => not_found("folder", path.parent().unwrap_or(path)),
        _ => Error::from(e),
    })?;
    let result = fill(form, path, now, wait);
    if result.is_err() {
        // What is left of a database that was never finished is of no use to anybody.
        for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
            let _ = fs::remove_file(file);
        }
    }
    result
}

fn fill(form: &Form, path: &Path, now: Instant, wait: Duration) -> Result<Connection> {
    let mut connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    set_writer(&connection, wait)?;
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    step.pragma_update(None, "application_id", form.application_id)?;
    schema::apply_at(&step, form.steps, 0, now)?;
    crate::write::found(&step)?;
    step.commit()?;
    // The file alone is a whole database before anybody is told that it exists.
    connection.pragma_query(None, "wal_checkpoint", |_| Ok(()))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all())?;
    Ok(connection)
}

/// Opens the database at `path` for writing.
pub(crate) fn writer(form: &Form, path: &Path, wait: Duration) -> Result<Connection> {
    let connection = writer_of_any_version(form, path, wait)?;
    check_version(form, &connection)?;
    Ok(connection)
}

/// Applies the schema steps that the database at `path` lacks, in one transaction.
pub(crate) fn upgrade(form: &Form, path: &Path, now: Instant, wait: Duration, steps: &[schema::Step]) -> Result<u32> {
    let mut connection = writer_of_any_version(form, path, wait)?;
    let step = begin(&mut connection)?;
    let found = schema::version(&step)?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(ErrorKind::NewerSchema { found, known }.into());
    }
    let applied = schema::apply_at(&step, steps, found, now)?;
    if applied > 0 && form.totals {
        // They are derived, and a step may have changed how they lie.
        crate::rollup::rebuild(&step)?;
    }
    step.commit()?;
    Ok(applied)
}

pub(crate) fn writer_of_any_version(form: &Form, path: &Path, wait: Duration) -> Result<Connection> {
    check_library(rusqlite::version_number())?;
    check_file(path)?;
    let open = || -> Result<Connection> {
        let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
        connection.busy_timeout(wait)?;
        check_ours(form, &connection, path)?;
        // SQLite opens a file that it may not write for reading, without a word.
        if connection.is_readonly("main")? {
            return Err(ErrorKind::ReadOnlyHome.into());
        }
        set_writer(&connection, wait)?;
        Ok(connection)
    };
    // In a folder that cannot be written the log cannot be opened.
    open().map_err(|e| if cannot_open(&e) { Error::from(ErrorKind::ReadOnlyHome).with_source(e) } else { e })
}

/// A connection that reads, and whether it may be kept for later.
pub(crate) fn reader(form: &Form, path: &Path, wait: Duration) -> Result<(Connection, Keep)> {
    check_library(rusqlite::version_number())?;
    check_file(path)?;
    let plain = || -> Result<Connection> {
        let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        set_reader(form, connection, path, wait)
    };
    match plain() {
        Ok(connection) => Ok((connection, Keep::Pooled)),
        Err(e) if cannot_open(&e) => Ok((unchanging(form, path, wait, e)?, Keep::Once)),
        Err(e) => Err(e),
    }
}

/// Whether a connection may serve another read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It sees later commits.
    Pooled,
    /// It took the file for unchanging: another read must look again.
    Once,
}

/// Reads a database in a folder that cannot be written, where SQLite cannot make the index of its log.
///
/// Allowed only when there is no log: everything is in the file then, and nobody is writing at this moment.
fn unchanging(form: &Form, path: &Path, wait: Duration, why: Error) -> Result<Connection> {
    if fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(Error::from(ErrorKind::ReadOnlyHome).with_source(why));
    }
    let address = format!("file:{}?immutable=1", escaped(&std::path::absolute(path)?));
    let flags = flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI);
    set_reader(form, Connection::open_with_flags(address, flags)?, path, wait)
}

fn set_reader(form: &Form, connection: Connection, path: &Path, wait: Duration) -> Result<Connection> {
    connection.busy_timeout(wait)?;
    harden(&connection)?;
    check_ours(form, &connection, path)?;
    check_version(form, &connection)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE)?;
    Ok(connection)
}

fn set_writer(connection: &Connection, wait: Duration) -> Result<()> {
    connection.busy_timeout(wait)?;
    harden(connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let what = format!("it is in journal mode {mode} and cannot be put into mode wal");
        return Err(ErrorKind::Constraint { what }.into());
    }
    // macOS: fsync alone does not reach the medium there. Elsewhere this has no effect.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "synchronous", synchronous())?;
    let level: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if level != synchronous() {
        let what = format!("synchronous is {level} although {} was set", synchronous());
        return Err(ErrorKind::Constraint { what }.into());
    }
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_OCTETS, |_| Ok(()))?;
    Ok(())
}

/// FULL, except in a build that a test must catch.
fn synchronous() -> i64 {
    #[cfg(feature = "faults")]
    if crate::faults::sync_off() {
        return 0;
    }
    2
}

fn harden(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    ] {
        connection.set_db_config(config, on)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// `BEGIN IMMEDIATE`: the lock is taken at once, so that what is read inside cannot change before it is written.
pub(crate) fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn flags(extra: OpenFlags) -> OpenFlags {
    // Each connection is used by one thread at a time.
    extra | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Refuses what cannot be a database before SQLite has a chance to make one of it.
fn check_file(path: &Path) -> Result<()> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(not_found("database", path)),
        Err(e) => return Err(e.into()),
    };
    let other = || Error::from(ErrorKind::NotADatabase { path: path.to_owned() });
    if !found.is_file() {
        return Err(other());
    }
    let mut begin = [0; 16];
    match File::open(path)?.read_exact(&mut begin) {
        Ok(()) if begin == *MAGIC => Ok(()),
        Ok(()) => Err(other()),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(other()),
        Err(e) => Err(e.into()),
    }
}

/// Refuses an SQLite database of another program or of another kind.
fn check_ours(form: &Form, connection: &Connection, path: &Path) -> Result<()> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == form.application_id { Ok(()) } else { Err(ErrorKind::NotADatabase { path: path.to_owned() }.into()) }
}

fn check_version(form: &Form, connection: &Connection) -> Result<()> {
    let (found, known) = (schema::version(connection)?, form.latest());
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(ErrorKind::NewerSchema { found, known }.into()),
        std::cmp::Ordering::Less => Err(ErrorKind::OlderSchema { found, known }.into()),
    }
}

fn not_found(what: &str, path: &Path) -> Error {
    ErrorKind::NotFound { what: format!("{what} {}", path.display()) }.into()
}

/// Whether SQLite could not open the file or one of those beside it.
fn cannot_open(e: &Error) -> bool {
    let source = std::error::Error::source(e).and_then(|s| s.downcast_ref::<rusqlite::Error>());
    matches!(source.and_then(rusqlite::Error::sqlite_error_code), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A path as part of a URI.
fn escaped(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut out = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
