//! Waiting for another process that writes: after a moment somebody is told, since half a minute of silence looks like a
//! program that hangs.

use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::Result;

/// How long a lock is waited for in silence.
pub const PATIENCE: Duration = Duration::from_secs(1);

type Notice = Box<dyn Fn() + Send + Sync>;

static NOTICE: OnceLock<Notice> = OnceLock::new();

/// Has `notice` called whenever a change has waited [`PATIENCE`] for the lock of another process and goes on waiting. It
/// holds for the whole process, as standard error does; only the first call counts.
pub fn on_wait(notice: impl Fn() + Send + Sync + 'static) {
    let _ = NOTICE.set(Box::new(notice));
}

/// `BEGIN IMMEDIATE` as `sqlite::begin`, which waits at most `wait`, with the notice on the way.
pub(crate) fn begin(connection: &Connection, wait: Duration) -> Result<Transaction<'_>> {
    let immediate = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let Some(notice) = NOTICE.get().filter(|_| wait > PATIENCE) else {
        return Ok(immediate()?);
    };
    connection.busy_timeout(PATIENCE)?;
    let begun = match immediate() {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            notice();
            connection.busy_timeout(wait.saturating_sub(PATIENCE))?;
            immediate()
        }
        begun => begun,
    };
    connection.busy_timeout(wait)?;
    Ok(begun?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const NAME: &str = "the-one-who-waits";

    #[test]
    fn who_waits_longer_than_a_moment_is_told_once_and_gets_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (n)").unwrap();
        let told = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&told);
        // Other tests of this process may wait, too.
        on_wait(move || {
            if std::thread::current().name() == Some(NAME) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });

        let connection = Connection::open(&path).unwrap();
        let wait = Duration::from_secs(20);
        connection.busy_timeout(wait).unwrap();
        begin(&connection, wait).unwrap().rollback().unwrap();
        assert_eq!(told.load(Ordering::SeqCst), 0, "nobody held the lock");

        std::thread::scope(|scope| {
            let held = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            let waits = || {
                let connection = Connection::open(&path).unwrap();
                begin(&connection, wait).map(|t| t.rollback().unwrap())
            };
            let waiting = std::thread::Builder::new().name(NAME.to_owned()).spawn_scoped(scope, waits).unwrap();
            while told.load(Ordering::SeqCst) == 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            held.rollback().unwrap();
            waiting.join().unwrap().unwrap();
        });
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }
}
