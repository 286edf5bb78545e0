//! `hufu proposal`: acts that wait for a second person.

use clap::{Args, Subcommand};
use hufu_authority::model::ident::Digest;
use hufu_authority::model::org::Limits;
use hufu_authority::{Authority, ErrorKind};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum ProposalCommand {
    List(List),
    Show(One),
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
    #[arg(value_name = "PROPOSAL", value_parser = beginning)]
    proposal: String,
}

/// The first digits of a proposal's SM3, or all of them.
pub(super) fn beginning(text: &str) -> std::result::Result<String, String> {
    let good = (MIN_DIGITS..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if good {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("it has not the form of {MIN_DIGITS} to 64 hexadecimal digits"))
    }
}

/// Fewer digits would be a guess.
const MIN_DIGITS: usize = 6;

/// The one proposal that begins with `text`.
pub(super) fn named(authority: &Authority, text: &str) -> Result<Digest> {
    if let Ok(digest) = text.parse::<Digest>() {
        return Ok(digest);
    }
    let all = authority.proposals(false)?;
    let found: Vec<Digest> = all.iter().map(|p| p.digest).filter(|d| d.to_string().starts_with(text)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(hufu_authority::Error::from(ErrorKind::UnknownProposal(text.to_owned())).into()),
        many => Err(Error::own("cli.ambiguous", vec![("count", many.len().to_string()), ("text", text.to_owned())])),
    }
}

/// What is proposed, in full: nobody should countersign what they have not read.
fn show(ctx: &Context, text: &str) -> Result<()> {
    let authority = ctx.look()?;
    let view = authority.proposal(&named(&authority, text)?)?;
    let mut shown = views::proposal(&view.row);
    for (name, value) in view.fields.into_iter().filter(|(_, v)| !v.is_empty()) {
        let value = match name.as_str() {
            "limits" => Limits::from_text(&value).map_or_else(|_| value.into(), |l| views::limits(&l)),
            "roles" => value.split(' ').map(serde_json::Value::from).collect(),
            "custodians" => value.lines().map(serde_json::Value::from).collect(),
            "officers" => value.lines().map(officer).collect(),
            _ => value.into(),
        };
        shown.insert(name.replace('-', "_"), value);
    }
    ctx.out.one("proposal", shown)?;
    if view.row.status == "open" {
        ctx.next("next-proposal", &[("proposal", &view.row.digest.to_string())]);
    }
    Ok(())
}

/// An officer of a key centre in a proposal: id, part, and the key their approvals verify with.
fn officer(line: &str) -> serde_json::Value {
    let mut words = line.splitn(3, ' ').map(serde_json::Value::from);
    let mut next = || words.next().unwrap_or_default();
    serde_json::Value::Object(row([("officer", next()), ("duty", next()), ("public_key", next())]))
}

/// Countersigns a proposal as the second person.
pub(super) fn approve(ctx: &Context, a: &One) -> Result<()> {
    let authority = ctx.open()?;
    let proposal = named(&authority, &a.proposal)?;
    let session = ctx.session(&authority)?;
    let event = authority.countersign(&session, &proposal)?;
    let object = proposal.to_string();
    ctx.out.one("outcome", row([("object", object.into()), ("outcome", "done".into()), ("event", event.into())]))
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: ProposalCommand) -> Result<()> {
    match args {
        ProposalCommand::List(a) => {
            let rows = ctx.look()?.proposals(!a.all)?.iter().map(views::proposal).collect();
            ctx.out.list("proposal-list", &["proposal", "act", "object", "proposer", "at", "expires", "status"], rows)
        }
        ProposalCommand::Show(a) => show(ctx, &a.proposal),
        ProposalCommand::Approve(a) => approve(ctx, &a),
        ProposalCommand::Reject(a) => {
            let authority = ctx.open()?;
            let proposal = named(&authority, &a.proposal)?;
            let session = ctx.session(&authority)?;
            authority.refuse(&session, &proposal)?;
            let object = proposal.to_string();
            ctx.out.one("outcome", row([("object", object.into()), ("outcome", "rejected".into())]))
        }
    }
}
