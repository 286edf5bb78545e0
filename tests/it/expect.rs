//! Small assertions used by every scenario.

use std::fmt::Debug;

use hufu_authority::{AuditReport, Authority, Class, Depth, Error};
use hufu_model::event::EventKind;
use hufu_tests::{Dump, TestAuthority, dump};

/// The code of the error that must be there.
pub(crate) fn code<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => panic!("it was accepted"),
        Err(e) => {
            // Every error says something beyond its code.
            assert!(e.to_string().len() > 8, "{e}");
            e.code()
        }
    }
}

/// The code of the only result of a batch of one.
pub(crate) fn code_of_one<T>(results: Result<Vec<Result<T, Error>>, Error>) -> &'static str {
    code(results.and_then(only))
}

/// The only element of a batch of one.
pub(crate) fn only<T>(mut results: Vec<Result<T, Error>>) -> Result<T, Error> {
    assert_eq!(results.len(), 1);
    results.remove(0)
}

/// Every result of a batch, all of which must be good.
pub(crate) fn all<T>(results: Result<Vec<Result<T, Error>>, Error>) -> Vec<T> {
    results.unwrap().into_iter().map(Result::unwrap).collect()
}

/// Asserts a code and what it means to the caller.
pub(crate) fn refused<T: Debug>(result: Result<T, Error>, expected: &str, class: Class) {
    let error = result.expect_err("it was accepted");
    assert_eq!((error.code(), error.kind().class()), (expected, class), "{error}");
}

/// The state of a home, to be compared with a later one.
pub(crate) struct Before {
    rows: Dump,
    events: u64,
    denied: usize,
}

/// Tables that an audit event alone changes: the event itself, the ledger's right edge, and the checkpoint over both.
const LEDGER: [&str; 3] = ["event", "frontier", "checkpoint"];

impl Before {
    /// Remembers the state of `t`'s home.
    pub(crate) fn of(t: &TestAuthority) -> Self {
        Self { rows: rows(t), events: t.authority.status().unwrap().events, denied: denied(&t.authority) }
    }

    /// Asserts that nothing changed since, except that refused attempts may have been recorded.
    pub(crate) fn assert_unchanged(&self, t: &TestAuthority, what: &str) {
        let difference = self.rows.difference(&rows(t));
        assert!(difference.is_empty(), "{what} changed {difference:#?}");
        let recorded = denied(&t.authority) - self.denied;
        let events = t.authority.status().unwrap().events;
        assert_eq!(events, self.events + recorded as u64, "{what}: an event that is no refusal");
    }

    /// How many refused attempts were recorded since.
    pub(crate) fn denials(&self, t: &TestAuthority) -> usize {
        denied(&t.authority) - self.denied
    }
}

fn rows(t: &TestAuthority) -> Dump {
    let all = dump(&t.database());
    for table in LEDGER {
        assert!(all.0.contains_key(table), "no table {table}: {:?}", all.0.keys());
    }
    all.without(&LEDGER)
}

fn denied(authority: &Authority) -> usize {
    let filter = hufu_authority::EventFilter { kind: Some(EventKind::Denied), ..Default::default() };
    authority.events(&filter).unwrap().len()
}

/// The whole home verifies at the greatest depth.
pub(crate) fn sound(t: &TestAuthority) -> AuditReport {
    let report = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    report
}
