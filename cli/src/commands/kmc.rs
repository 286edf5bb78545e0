//! `hufu kmc`: the key management centre: founding, custodians' shares, the agent, the pool, officers, orders.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use hufu_authority::kmc::agent::{Client, Status};
use hufu_authority::kmc::{self, Pool};
use hufu_authority::model::escrow::RecoveryPart;
use hufu_authority::model::ident::OperatorId;
use hufu_authority::{Authority, KeyCentre};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::phrase::said;

mod agent;
mod found;
pub(super) mod order;
mod shares;
mod unlock;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Kmc {
    Init(found::Init),
    Unlock(unlock::Unlock),
    Lock,
    Status,
    Fill(Fill),
    CheckShare(shares::Check),
    Verify,
    #[command(subcommand)]
    Officer(order::OfficerCommand),
    #[command(subcommand)]
    Order(order::OrderCommand),
    #[command(hide = true)]
    Agent(agent::AgentArgs),
}

#[derive(Args)]
pub(crate) struct Fill {
    #[arg(long, value_name = "N")]
    count: usize,
}

/// `OPERATOR:PART`.
#[derive(Clone)]
pub(crate) struct Appointed(OperatorId, RecoveryPart);

impl FromStr for Appointed {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let Some((id, part)) = text.split_once(':') else {
            return Err("it has not the form OPERATOR:PART".to_owned());
        };
        Ok(Self(id.parse().map_err(|e| format!("{e}"))?, part.parse().map_err(|e| format!("{e}"))?))
    }
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Kmc) -> Result<()> {
    match args {
        Kmc::Init(a) => found::run(ctx, a),
        Kmc::Unlock(a) => unlock::run(ctx, a),
        Kmc::Lock => unlock::lock(ctx),
        Kmc::Status => status(ctx),
        Kmc::Fill(a) => fill(ctx, &a),
        Kmc::CheckShare(a) => shares::check(ctx, &a),
        Kmc::Verify => verify(ctx),
        Kmc::Officer(a) => order::officer(ctx, a),
        Kmc::Order(a) => order::run(ctx, a),
        Kmc::Agent(a) => agent::run(ctx, &a),
    }
}

/// The agent's answer, when one runs.
fn agent_status(authority: &Authority) -> Option<Status> {
    Client::connect(&authority.home().agent_socket()).and_then(|client| client.status()).ok()
}

/// The key centre through the agent, in force and unlocked.
fn unlocked(authority: &Authority) -> Result<KeyCentre> {
    authority.kmc()?;
    Ok(KeyCentre::through_agent(authority.home())?)
}

fn status(ctx: &Context) -> Result<()> {
    let authority = ctx.look()?;
    let view = authority.key_centre_status()?;
    let agent = agent_status(&authority);
    let Pool { pooled, reserved, escrowed, history } = view.pool;
    let officers = view.officers.iter().map(|(id, part, status)| {
        row([("officer", id.as_str().into()), ("duty", part.code().into()), ("status", status.code().into())])
    });
    let state = match (&agent, view.in_force) {
        (_, false) => "waiting",
        (Some(_), true) => "unlocked",
        (None, true) => "locked",
    };
    let shown = row([
        ("name", view.facts.name.as_str().into()),
        ("state", state.into()),
        ("key", view.facts.kek.as_str().into()),
        ("threshold", view.facts.threshold.into()),
        ("custodians", view.facts.custodians.clone().into()),
        ("officers", officers.collect::<Vec<_>>().into()),
        ("pooled", pooled.into()),
        ("reserved", reserved.into()),
        ("escrowed", escrowed.into()),
        ("history", history.into()),
        ("orders_open", view.open_orders.into()),
        ("cap_user", view.facts.caps.user.into()),
        ("cap_judicial", view.facts.caps.judicial.into()),
        ("idle_left", agent.as_ref().map(|a| format!("{} s", a.idle_left)).into()),
        ("memory_locked", agent.as_ref().map(|a| a.memory_locked).into()),
    ]);
    ctx.out.one("key-centre", shown)?;
    match state {
        "waiting" => ctx.next("next-kmc-waiting", &[]),
        "locked" => ctx.next("next-kmc-locked", &[("threshold", &view.facts.threshold.to_string())]),
        _ if pooled == 0 => ctx.next("next-kmc-fill", &[]),
        _ => {}
    }
    Ok(())
}

/// Keys generated at a time: a transaction and an answer of the agent each.
const BATCH: usize = 1000;

fn fill(ctx: &Context, a: &Fill) -> Result<()> {
    let authority = ctx.open()?;
    let centre = unlocked(&authority)?;
    let bar = ctx.progress(a.count as u64);
    let (mut done, mut pooled) = (0, 0);
    while done < a.count {
        ctx.stage(&bar, "fill", done as u64, a.count as u64);
        let some = (a.count - done).min(BATCH);
        let filled = centre.unlocked()?.fill(authority.now(), None, some);
        pooled = filled.map_err(hufu_authority::Error::from)?;
        done += some;
    }
    drop(bar);
    ctx.out.one("filled", row([("generated", done.into()), ("pooled", pooled.into())]))
}

fn verify(ctx: &Context) -> Result<()> {
    let authority = ctx.look()?;
    let bar = ctx.progress(0);
    let report = authority.verify_key_centre(&|what, done, of| ctx.stage(&bar, what, done, of))?;
    drop(bar);
    let findings = report.findings.iter().map(|f| {
        row([
            ("rule", f.rule.as_str().into()),
            ("object", f.object.as_str().into()),
            ("message", said(ctx.lang, &f.message).into()),
        ])
    });
    let findings: Vec<Row> = findings.collect();
    let count = findings.len().to_string();
    let outcome = if findings.is_empty() { "sound" } else { "unsound" };
    let shown =
        row([("outcome", outcome.into()), ("events", report.events.into()), ("findings", findings.clone().into())]);
    ctx.out.one("key-centre-report", shown)?;
    if findings.is_empty() { Ok(()) } else { Err(Error::own("cli.findings", vec![("count", count)])) }
}

/// The file names of `unlock` and `check-share`, and the passphrases that go with them.
#[derive(Args)]
pub(crate) struct SharePassphrases {
    #[arg(long = "share-passphrase-file", id = "share_passphrase_file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The library's error as the command line's.
fn refused(e: kmc::Error) -> Error {
    hufu_authority::Error::from(e).into()
}
