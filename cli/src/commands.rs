//! One file for each noun or verb: its arguments, and what it calls and prints.

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod ca;
pub(crate) mod cert;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod crl;
pub(crate) mod demo;
pub(crate) mod envelope;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod kmc;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod medium;
pub(crate) mod migration;
pub(crate) mod ocsp;
pub(crate) mod operator;
pub(crate) mod org;
pub(crate) mod profile;
pub(crate) mod proposal;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod restore;
pub(crate) mod retention;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod upgrade;
pub(crate) mod verify;

use hufu_authority::Outcome;

use crate::context::Context;
use crate::error::{Error, Result};
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

/// Requests entered, approved or applied in one transaction, and signed in one list where they are signed.
const BATCH: usize = 10_000;

/// Of more rows than these, the rest is counted and not printed.
const LISTED: usize = 1000;

/// The results of a batch: rows for what was done, rows with code and message for what was refused.
struct Batch {
    rows: Vec<Row>,
    /// Rows kept at most; of what was done beyond them only the number is known.
    most: usize,
    done: usize,
    refused: Vec<Error>,
}

impl Batch {
    fn new() -> Self {
        Self::at_most(usize::MAX)
    }

    /// Of a batch of any size, keeps the first `most` rows.
    fn at_most(most: usize) -> Self {
        Self { rows: Vec::new(), most, done: 0, refused: Vec::new() }
    }

    /// Adds one result; `name` is the column that holds its id.
    fn add<T>(
        &mut self,
        ctx: &Context,
        (name, id): (&str, &str),
        result: std::result::Result<T, hufu_authority::Error>,
        show: impl FnOnce(T) -> Row,
    ) {
        match result {
            Ok(value) => {
                self.done += 1;
                if self.rows.len() < self.most {
                    self.rows.push(show(value));
                }
            }
            Err(e) => {
                let e = Error::from(e);
                // What was refused is always told.
                self.rows.push(row([
                    (name, id.into()),
                    ("outcome", "refused".into()),
                    ("code", e.code().into()),
                    ("message", e.text(ctx.lang).into()),
                ]));
                self.refused.push(e);
            }
        }
    }

    /// The rows of what was done.
    fn done_rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut().filter(|row| !row.contains_key("code"))
    }

    /// The value of a column in the first row that has it.
    fn first(&self, name: &str) -> String {
        let found = self.rows.iter().find_map(|r| r.get(name)?.as_str());
        found.unwrap_or_default().to_owned()
    }

    /// Prints the rows and says whether everything was done. What was refused is explained on standard error, too; a
    /// batch of one ends as that one item does.
    fn finish(mut self, ctx: &Context, kind: &str, columns: &[&str]) -> Result<()> {
        let mut columns = columns.to_vec();
        if !self.refused.is_empty() {
            columns.push("code");
        }
        let (done, failed, listed) = (self.done, self.refused.len(), self.rows.len());
        ctx.out.list(kind, &columns, self.rows)?;
        if done + failed > listed {
            ctx.note("note-listed", &[("done", &done.to_string()), ("listed", &listed.to_string())]);
        }
        let Some(first) = self.refused.first().map(Error::exit) else { return Ok(()) };
        if done == 0 && failed == 1 {
            return self.refused.pop().map_or(Ok(()), Err);
        }
        for e in &self.refused {
            ctx.say(e.message(ctx.lang).trim_end());
        }
        Err(Error::Batch { done, failed, first })
    }
}

/// A limit under which it shows whether there is more; 0 stands for no limit.
fn one_more(limit: u32) -> u32 {
    if limit == 0 { 0 } else { limit.saturating_add(1) }
}

/// Keeps the first `limit` rows; when there are more, gives the flag that goes on with them.
fn cut<T>(rows: &mut Vec<T>, limit: u32, on: impl FnOnce(&T) -> String) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 || rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(on)
}

/// Says below a list how to see the rest of it.
fn tell_more(ctx: &Context, limit: u32, flag: Option<String>) {
    if let Some(flag) = flag {
        ctx.note("note-more", &[("count", &limit.to_string()), ("flag", &flag)]);
    }
}
