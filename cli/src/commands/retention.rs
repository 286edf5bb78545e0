//! `hufu retention`: how long personal fields are kept, and their deletion afterwards.

use clap::{Args, Subcommand};
use hufu_authority::model::ident::Serial;
use hufu_authority::{Authority, Change, Due};

use super::{cut, one_more, outcome, tell_more};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum RetentionCommand {
    Show(Show),
    Set(Set),
    Due(ListDue),
    Delete(Delete),
}

#[derive(Args)]
pub(crate) struct Show {}

#[derive(Args)]
pub(crate) struct Set {
    #[arg(long, value_name = "N")]
    years: u32,
}

#[derive(Args)]
pub(crate) struct ListDue {
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

#[derive(Args)]
pub(crate) struct Delete {
    #[arg(value_name = "SERIAL", required_unless_present = "due")]
    serials: Vec<Serial>,
    #[arg(long, conflicts_with = "serials")]
    due: bool,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: RetentionCommand) -> Result<()> {
    match args {
        RetentionCommand::Show(_) => {
            let kept = ctx.look()?.retention()?;
            ctx.out.one("retention", row([("years", kept.years.into()), ("floor", kept.floor.into())]))
        }
        RetentionCommand::Set(a) => change(ctx, &ctx.open()?, &Change::RetentionSet(a.years)),
        RetentionCommand::Due(a) => {
            let most = if a.limit == 0 { u32::MAX } else { one_more(a.limit) };
            let mut due = ctx.look()?.retention_due(most)?;
            let more = cut(&mut due, a.limit, |_| format!("--limit {}", a.limit.saturating_mul(10)));
            let rows = due.iter().map(view).collect();
            ctx.out.list("due-list", &["serial", "name", "not_after", "until"], rows)?;
            tell_more(ctx, a.limit, more);
            Ok(())
        }
        RetentionCommand::Delete(a) => {
            let authority = ctx.open()?;
            let serials = if a.due {
                authority.retention_due(u32::MAX)?.into_iter().map(|d| d.certificate.serial).collect()
            } else {
                a.serials
            };
            if serials.is_empty() {
                return Err(Error::own("cli.nothing", Vec::new()));
            }
            ctx.confirm("confirm-erase", &[("count", &serials.len().to_string())])?;
            change(ctx, &authority, &Change::Erase(serials))
        }
    }
}

fn change(ctx: &Context, authority: &Authority, change: &Change) -> Result<()> {
    let session = ctx.session(authority)?;
    let object = match change {
        Change::Erase(serials) => format!("{} certificates", serials.len()),
        _ => "retention".to_owned(),
    };
    outcome(ctx, &object, &authority.change(&session, change)?)
}

fn view(due: &Due) -> Row {
    row([
        ("serial", due.certificate.serial.to_string().into()),
        ("name", due.certificate.subject.as_str().into()),
        ("not_after", views::seconds(due.certificate.validity.not_after())),
        ("until", views::instant(due.until)),
    ])
}
