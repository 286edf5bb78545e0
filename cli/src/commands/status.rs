//! `hufu status`: a short picture of the home.

use clap::Args;

use crate::context::Context;
use crate::error::Result;
use crate::output::row;

/// No arguments.
#[derive(Args)]
pub(crate) struct StatusCommand {}

/// Prints it.
pub(crate) fn run(ctx: &Context, _: StatusCommand) -> Result<()> {
    let authority = ctx.look()?;
    let s = authority.status()?;
    ctx.out.one(
        "status",
        row([
            ("name", s.name.into()),
            ("home", ctx.home().display().to_string().into()),
            ("organisations", s.organisations.into()),
            ("operators", s.operators.into()),
            ("certificates", s.certificates.into()),
            ("submitted", s.submitted.into()),
            ("approved", s.approved.into()),
            ("proposals", s.proposals.into()),
            ("events", s.events.into()),
            ("checkpointed", s.checkpointed.into()),
            ("anchored", s.anchored.into()),
            ("anchor", authority.home().anchor().display().to_string().into()),
        ]),
    )?;
    let next = [(s.submitted, "next-submitted"), (s.approved, "next-approved"), (s.proposals, "next-proposals")];
    for (_, key) in next.iter().filter(|(count, _)| *count > 0) {
        ctx.next(key, &[]);
    }
    if s.anchored.is_none() {
        ctx.note("note-anchor-unread", &[]);
    }
    Ok(())
}
