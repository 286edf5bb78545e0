//! The store's errors.

use std::fmt;
use std::path::PathBuf;

use hufu_model::ident::{RequestId, Serial};
use hufu_model::time::Instant;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why the store did not do something.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another process kept the database locked for as long as this one was willing to wait.
    Busy,
    /// The disk is full. Nothing of the transaction was stored.
    DiskFull,
    /// The database, or its folder, cannot be written, or was opened for reading only.
    ReadOnlyHome,
    /// The operating system failed to read or write.
    Io,
    /// The file, or a value in it, is not what this program writes.
    Corrupt {
        /// What is wrong.
        what: String,
    },
    /// The ledger on disk is not the one that was written.
    LedgerBroken {
        /// What does not fit.
        what: String,
    },
    /// A commit ended in a failure of the disk: whether it was stored is unknown, and this process writes no more.
    Poisoned,
    /// There is no such file or row.
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The database was written by a newer program.
    NewerSchema {
        /// The database's schema version.
        found: u32,
        /// The newest one this program knows.
        known: u32,
    },
    /// The database was written by an older program and has to be upgraded first.
    OlderSchema {
        /// The database's schema version.
        found: u32,
        /// The one this program needs.
        known: u32,
    },
    /// The SQLite library has a defect that loses data.
    SqliteTooOld {
        /// Its version number, e.g. 3051002 for 3.51.2.
        found: i32,
    },
    /// The file is not a Hufu database.
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The clock stands before the ledger's last event.
    ClockBack {
        /// The time that was given.
        now: Instant,
        /// The ledger's time.
        last: Instant,
    },
    /// The clock stands so far ahead of the ledger's last event that somebody has to say it is right.
    ClockAhead {
        /// The time that was given.
        now: Instant,
        /// The ledger's time.
        last: Instant,
    },
    /// Another signer was started after this one.
    Fenced {
        /// This signer's epoch.
        epoch: u64,
        /// The latest one.
        current: u64,
    },
    /// A row that must be unique, or must not change, exists already.
    Duplicate {
        /// Which one.
        what: String,
    },
    /// A request is not in a state that allows this.
    RequestState {
        /// The request.
        request: RequestId,
        /// Its status.
        status: &'static str,
        /// The status this would have needed, or would have led to.
        wanted: &'static str,
    },
    /// A certificate is not in a state that allows this.
    CertificateState {
        /// The certificate.
        serial: Serial,
        /// Its status.
        status: &'static str,
        /// The status it was to get.
        wanted: &'static str,
    },
    /// A file stands where a new database was to be made.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A transaction wrote rows that no event covers. Nothing was stored.
    UnclosedEvent,
    /// A row breaks a rule of its table: a mistake in the program.
    Constraint {
        /// The rule, in the words of the database.
        what: String,
    },
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    pub(crate) fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        ErrorKind::Corrupt { what: what.into() }.into()
    }

    pub(crate) fn broken(what: impl Into<String>) -> Self {
        ErrorKind::LedgerBroken { what: what.into() }.into()
    }

    pub(crate) fn duplicate(what: impl Into<String>) -> Self {
        ErrorKind::Duplicate { what: what.into() }.into()
    }
}

impl ErrorKind {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Busy => "store.busy",
            Self::DiskFull => "store.disk-full",
            Self::ReadOnlyHome => "store.read-only-home",
            Self::Io => "store.io",
            Self::Corrupt { .. } => "store.corrupt",
            Self::LedgerBroken { .. } => "store.ledger-broken",
            Self::Poisoned => "store.poisoned",
            Self::NotFound { .. } => "store.not-found",
            Self::NewerSchema { .. } => "store.newer-schema",
            Self::OlderSchema { .. } => "store.older-schema",
            Self::SqliteTooOld { .. } => "store.sqlite-too-old",
            Self::NotADatabase { .. } => "store.not-a-database",
            Self::ClockBack { .. } => "store.clock-back",
            Self::ClockAhead { .. } => "store.clock-ahead",
            Self::Fenced { .. } => "store.fenced",
            Self::Duplicate { .. } => "store.duplicate",
            Self::RequestState { .. } => "store.request-state",
            Self::CertificateState { .. } => "store.certificate-state",
            Self::Exists { .. } => "store.exists",
            Self::UnclosedEvent => "store.unclosed-event",
            Self::Constraint { .. } => "store.constraint",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => {
                f.write_str("another process is writing to the database and did not finish in time; try again")
            }
            Self::DiskFull => {
                f.write_str("the disk is full; nothing was stored and nothing is lost; make room and do the same again")
            }
            Self::ReadOnlyHome => f.write_str(
                "the database cannot be written: its disk or folder is read-only, or it was opened for reading only",
            ),
            Self::Io => f.write_str("the operating system could not read or write the database; check the disk"),
            Self::Corrupt { what } => {
                write!(f, "the database is damaged: {what}; stop, keep a copy, and restore from a backup")
            }
            Self::LedgerBroken { what } => write!(
                f,
                "the ledger on disk is not the one that was written: {what}; nothing may be signed with it; \
                 verify the home and compare it with a backup"
            ),
            Self::Poisoned => f.write_str(
                "the disk failed while a transaction was being committed; whether it was stored is unknown; \
                 check the disk, open the home again and ask for the same once more: what was stored is found again",
            ),
            Self::NotFound { what } => write!(f, "there is no {what}"),
            Self::NewerSchema { found, known } => write!(
                f,
                "the database has schema {found} but this program knows no newer one than {known}; use a newer program"
            ),
            Self::OlderSchema { found, known } => write!(
                f,
                "the database has schema {found} and this program needs {known}; make a copy of the home and upgrade it"
            ),
            Self::SqliteTooOld { found } => write!(
                f,
                "SQLite {}.{}.{} can lose or damage data in write-ahead mode; use 3.51.3 or newer",
                found / 1_000_000,
                found / 1000 % 1000,
                found % 1000
            ),
            Self::NotADatabase { path } => write!(f, "{} is not a Hufu database", path.display()),
            Self::ClockBack { now, last } => write!(
                f,
                "the clock says {now} but the ledger is at {last}; set the clock right, time never runs backwards here"
            ),
            Self::ClockAhead { now, last } => {
                write!(f, "the clock says {now} but the last event is of {last}; if the clock is right, confirm it")
            }
            Self::Fenced { epoch, current } => write!(
                f,
                "this signer (epoch {epoch}) was replaced by one started later (epoch {current}); \
                 start it again if it is the right one"
            ),
            Self::Duplicate { what } => write!(f, "{what} exists already and never changes"),
            Self::RequestState { request, status, wanted } => {
                write!(f, "request {request} is {status}; this needs one that can be {wanted}")
            }
            Self::CertificateState { serial, status, wanted } => {
                write!(f, "certificate {serial} is {status} and cannot become {wanted}")
            }
            Self::Exists { path } => write!(f, "{} exists; a new database needs a new file", path.display()),
            Self::UnclosedEvent => f.write_str(
                "a change was not finished and recorded as one event; nothing was stored; \
                     this is a mistake in the program",
            ),
            Self::Constraint { what } => {
                write!(f, "the database refused a row ({what}); nothing was stored; this is a mistake in the program")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        let kind = match e.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => ErrorKind::ReadOnlyHome,
            _ => ErrorKind::Io,
        };
        Self::from(kind).with_source(e)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        Self::from(kind_of(&e)).with_source(e)
    }
}

fn kind_of(e: &rusqlite::Error) -> ErrorKind {
    let rusqlite::Error::SqliteFailure(failure, text) = e else {
        // Every other error is about the type of a value, or a row that is missing where one must be.
        return ErrorKind::Corrupt { what: e.to_string() };
    };
    let words = || text.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => ErrorKind::Busy,
        ErrorCode::DiskFull => ErrorKind::DiskFull,
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => ErrorKind::ReadOnlyHome,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch => {
            ErrorKind::Corrupt { what: words() }
        }
        ErrorCode::ConstraintViolation => match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_ROWID => {
                ErrorKind::Duplicate { what: words() }
            }
            _ => ErrorKind::Constraint { what: words() },
        },
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::OutOfMemory => ErrorKind::Io,
        _ => ErrorKind::Constraint { what: words() },
    }
}

/// The store's result.
pub type Result<T> = std::result::Result<T, Error>;
