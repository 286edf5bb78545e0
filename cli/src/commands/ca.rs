//! `hufu ca`: the issuing CAs of the home.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::model::ca::CaStatus;
use hufu_authority::model::ident::CaId;
use hufu_authority::model::revocation::RevocationReason;
use hufu_authority::{CaWish, Change, IssuingCa};

use super::{outcome, proposal};
use crate::args::{Format, codes};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::secrets::{self, Which};
use crate::views;

/// Why the root revokes a CA.
const REASONS: [RevocationReason; 4] = [
    RevocationReason::CaCompromise,
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::Unspecified,
];

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum CaCommand {
    Add(New),
    Rollover(New),
    Approve(Approve),
    Switch(One),
    Retire(One),
    Revoke(Revoke),
    List,
    Show(One),
}

#[derive(Args)]
pub(crate) struct New {
    #[arg(value_name = "CA")]
    ca: CaId,
    #[arg(long, value_name = "NAME")]
    common_name: Option<String>,
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
}

#[derive(Args)]
pub(crate) struct Approve {
    #[arg(value_name = "PROPOSAL", value_parser = proposal::beginning)]
    proposal: String,
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct One {
    #[arg(value_name = "CA")]
    ca: CaId,
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[arg(value_name = "CA")]
    ca: CaId,
    #[arg(long, value_parser = codes::<RevocationReason>(REASONS.map(RevocationReason::code)))]
    reason: RevocationReason,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: CaCommand) -> Result<()> {
    match args {
        CaCommand::Add(a) => propose(ctx, a, false),
        CaCommand::Rollover(a) => propose(ctx, a, true),
        CaCommand::Approve(a) => approve(ctx, a),
        CaCommand::Switch(a) => change(ctx, &a.ca.clone(), &Change::CaCurrent(a.ca)),
        CaCommand::Retire(a) => {
            let waiting = ctx.look()?.ca_waiting(&a.ca)?.to_string();
            ctx.confirm("confirm-retire", &[("ca", a.ca.as_str()), ("count", &waiting)])?;
            change(ctx, &a.ca.clone(), &Change::CaRetire(a.ca))
        }
        CaCommand::Revoke(a) => {
            ctx.confirm("confirm-ca-revoke", &[("ca", a.ca.as_str())])?;
            change(ctx, &a.ca.clone(), &Change::CaRevoke { ca: a.ca, reason: a.reason })
        }
        CaCommand::List => {
            let cas = ctx.look()?.cas()?;
            let rows = cas.iter().map(shown).collect();
            ctx.out.list("ca-list", &["ca", "status", "octet", "subject", "not_after"], rows)
        }
        CaCommand::Show(a) => show(ctx, &a.ca),
    }
}

fn propose(ctx: &Context, a: New, current: bool) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let passphrase = secrets::existing(ctx, Which::Ca)?;
    let wish = CaWish { name: a.ca, common_name: a.common_name, days: a.days, current };
    let digest = authority.propose_ca(&session, &wish, &passphrase)?.to_string();
    ctx.out.one(
        "outcome",
        row([
            ("object", wish.name.as_str().into()),
            ("outcome", "proposed".into()),
            ("proposal", digest.as_str().into()),
        ]),
    )?;
    ctx.note("note-ca-proposed", &[("proposal", &digest)]);
    Ok(())
}

fn approve(ctx: &Context, a: Approve) -> Result<()> {
    let authority = ctx.open()?;
    let digest = proposal::named(&authority, &a.proposal)?;
    let session = ctx.session(&authority)?;
    let passphrase = secrets::existing(ctx, Which::Ca)?;
    let event = authority.approve_ca(&session, &digest, a.root_key.as_deref(), &passphrase)?;
    let object = digest.to_string();
    ctx.out.one("outcome", row([("object", object.into()), ("outcome", "done".into()), ("event", event.into())]))?;
    ctx.next("next-ca", &[]);
    Ok(())
}

fn change(ctx: &Context, ca: &CaId, change: &Change) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let done = authority.change(&session, change)?;
    outcome(ctx, ca.as_str(), &done)
}

fn shown(ca: &IssuingCa) -> Row {
    row([
        ("ca", ca.name.as_str().into()),
        ("status", ca.status.code().into()),
        ("octet", ca.instance.into()),
        ("subject", ca.certificate.subject_text().into()),
        ("not_before", views::seconds(ca.certificate.validity().not_before())),
        ("not_after", views::seconds(ca.certificate.validity().not_after())),
        ("since", views::seconds(ca.since)),
        ("revocation_reason", ca.reason.map(RevocationReason::code).into()),
        ("serial", ca.certificate.serial().to_string().into()),
        ("public_key", ca.ca.to_string().into()),
        ("key", format!("keys/{}.key", ca.key).into()),
    ])
}

fn show(ctx: &Context, name: &CaId) -> Result<()> {
    let authority = ctx.look()?;
    let cas = authority.cas()?;
    let ca = cas.named(name)?;
    let mut printed = shown(ca);
    if ca.status != CaStatus::Current {
        printed.insert("waiting".to_owned(), authority.ca_waiting(name)?.into());
    }
    if ctx.out.format != Format::Table {
        printed.insert("pem".to_owned(), ca.certificate.pem().into());
    }
    ctx.out.one("ca", printed)
}
