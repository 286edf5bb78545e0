//! One file for each noun or verb: its arguments, and what it calls and prints.

pub(crate) mod audit;
pub(crate) mod cert;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod man;
pub(crate) mod operator;
pub(crate) mod org;
pub(crate) mod profile;
pub(crate) mod proposal;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod status;
pub(crate) mod verify;

use hufu_authority::Outcome;

use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::output::{Row, row};

/// Prints what became of a change: in force, or waiting for a second person.
fn outcome(ctx: &Context, object: &str, outcome: &Outcome) -> Result<()> {
    let printed = match outcome {
        Outcome::Done(event) => {
            row([("object", object.into()), ("outcome", "done".into()), ("event", (*event).into())])
        }
        Outcome::Proposed(digest) => {
            let digest = digest.to_string();
            ctx.note("note-proposed", &[("proposal", &digest)]);
            row([("object", object.into()), ("outcome", "proposed".into()), ("proposal", digest.into())])
        }
    };
    ctx.out.one("outcome", printed)
}

/// The results of a batch: rows for what was done, rows with code and message for what was refused.
struct Batch {
    rows: Vec<Row>,
    done: usize,
    failed: usize,
    first: Option<Exit>,
}

impl Batch {
    fn new() -> Self {
        Self { rows: Vec::new(), done: 0, failed: 0, first: None }
    }

    /// Adds one result.
    fn add<T>(
        &mut self,
        ctx: &Context,
        id: &str,
        result: std::result::Result<T, hufu_authority::Error>,
        show: impl FnOnce(T) -> Row,
    ) {
        match result {
            Ok(value) => {
                self.done += 1;
                self.rows.push(show(value));
            }
            Err(e) => {
                self.failed += 1;
                let e = Error::from(e);
                self.first.get_or_insert(e.exit());
                ctx.say(e.message(ctx.lang).trim_end());
                self.rows.push(row([
                    ("request", id.into()),
                    ("outcome", "refused".into()),
                    ("code", e.code().into()),
                    ("message", e.text(ctx.lang).into()),
                ]));
            }
        }
    }

    /// Prints the rows and says whether everything was done.
    fn finish(self, ctx: &Context, kind: &str, columns: &[&str]) -> Result<()> {
        ctx.out.list(kind, columns, self.rows)?;
        match self.first {
            None => Ok(()),
            Some(first) => Err(Error::Batch { done: self.done, failed: self.failed, first }),
        }
    }
}
