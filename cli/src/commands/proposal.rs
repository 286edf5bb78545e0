//! `hufu proposal`: acts that wait for a second person.

use clap::{Args, Subcommand};
use hufu_authority::model::ident::Digest;

use crate::context::Context;
use crate::error::Result;
use crate::output::row;
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum ProposalCommand {
    List(List),
    Approve(One),
    Reject(One),
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(crate) struct One {
    #[arg(value_name = "PROPOSAL")]
    proposal: Digest,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: ProposalCommand) -> Result<()> {
    match args {
        ProposalCommand::List(a) => {
            let rows = ctx.look()?.proposals(!a.all)?.iter().map(views::proposal).collect();
            ctx.out.list("proposal-list", &["proposal", "act", "object", "proposer", "at", "expires", "status"], rows)
        }
        ProposalCommand::Approve(a) => {
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            let event = authority.countersign(&session, &a.proposal)?;
            let object = a.proposal.to_string();
            ctx.out
                .one("outcome", row([("object", object.into()), ("outcome", "done".into()), ("event", event.into())]))
        }
        ProposalCommand::Reject(a) => {
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            authority.refuse(&session, &a.proposal)?;
            let object = a.proposal.to_string();
            ctx.out.one("outcome", row([("object", object.into()), ("outcome", "rejected".into())]))
        }
    }
}
