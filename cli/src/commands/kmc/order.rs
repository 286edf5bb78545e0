//! `hufu kmc officer` and `hufu kmc order`: what is ordered of the key centre, approved by its officers, and carried out.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::model::escrow::{RecoveryPart, RecoveryStatus};
use hufu_authority::model::ident::{OperatorId, RequestId};
use hufu_authority::model::operator::OperatorStatus;
use hufu_authority::{KeyOrder, KeyOrderRow, KeyOrderView, Ordered};

use super::super::request;
use super::unlocked;
use crate::args::codes;
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row, write_new};
use crate::views;

/// Changes of the officers.
#[derive(Subcommand)]
pub(crate) enum OfficerCommand {
    Add(Add),
    Remove(Remove),
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(value_name = "OPERATOR")]
    operator: OperatorId,
    #[arg(long, value_parser = codes::<RecoveryPart>(RecoveryPart::ALL.map(RecoveryPart::code)))]
    part: RecoveryPart,
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
}

#[derive(Args)]
pub(crate) struct Remove {
    #[arg(value_name = "OPERATOR")]
    operator: OperatorId,
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
}

/// Orders.
#[derive(Subcommand)]
pub(crate) enum OrderCommand {
    List(List),
    Show(One),
    Approve(One),
    Withdraw(One),
    CarryOut(CarryOut),
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(crate) struct One {
    #[arg(value_name = "ORDER")]
    order: RequestId,
}

#[derive(Args)]
pub(crate) struct CarryOut {
    #[arg(value_name = "ORDER")]
    order: RequestId,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Orders a change of an officer.
pub(super) fn officer(ctx: &Context, args: OfficerCommand) -> Result<()> {
    let (officer, part, id, status) = match args {
        OfficerCommand::Add(a) => (a.operator, a.part, a.id, OperatorStatus::Active),
        // The part of an officer who goes is the one on record.
        OfficerCommand::Remove(a) => (a.operator, RecoveryPart::Recovery, a.id, OperatorStatus::Removed),
    };
    order(ctx, id, Ordered::Officer { officer, part, status })
}

/// Orders something and says what comes next.
pub(in crate::commands) fn order(ctx: &Context, id: Option<RequestId>, what: Ordered) -> Result<()> {
    let needs = match &what {
        Ordered::Recovery { .. } => "next-order-user",
        Ordered::Judicial { .. } => "next-order-judicial",
        Ordered::Officer { .. } => "next-order-officer",
    };
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let order = KeyOrder { id: request::id_or_new(id)?, what };
    let made = authority.order_key(&session, &order)?;
    let id = made.id.to_string();
    ctx.out.one("key-order", line(&made))?;
    ctx.next(needs, &[("order", &id)]);
    Ok(())
}

/// Runs the verb.
pub(super) fn run(ctx: &Context, args: OrderCommand) -> Result<()> {
    match args {
        OrderCommand::List(a) => {
            let rows = ctx.look()?.key_orders(!a.all)?.iter().map(line).collect();
            ctx.out.list("key-order-list", &["order", "kind", "serial", "requester", "at", "expires", "status"], rows)
        }
        OrderCommand::Show(a) => ctx.out.one("key-order", whole(&ctx.look()?.key_order(&a.order)?)),
        OrderCommand::Approve(a) => {
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            let view = authority.approve_key_order(&session, &a.order)?;
            ctx.out.one("key-order", whole(&view))?;
            ctx.next("next-order-approved", &[("order", a.order.as_str())]);
            Ok(())
        }
        OrderCommand::Withdraw(a) => {
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            ctx.out.one("key-order", line(&authority.withdraw_key_order(&session, &a.order)?))
        }
        OrderCommand::CarryOut(a) => carry_out(ctx, &a),
    }
}

/// Carries out, and writes the recovered key into its file: an envelope only the recipient opens.
fn carry_out(ctx: &Context, a: &CarryOut) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let view = authority.key_order(&a.order)?;
    let recovery = view.row.kind.recovery().is_some();
    let out = match (&a.out, recovery) {
        (Some(path), true) => Some(path),
        (None, true) => {
            return Err(crate::error::Error::own("cli.out-missing", vec![("flag", "--out".to_owned())]));
        }
        (_, false) => None,
    };
    if let Some(path) = out.filter(|path| path.as_os_str() != "-" && path.exists()) {
        return Err(crate::error::Error::own("cli.exists", vec![("path", path.display().to_string())]));
    }
    // What was carried out before comes out of the record: the agent need not run for it.
    let done = if view.row.status == RecoveryStatus::Done {
        authority.recovered(&session, &a.order)?
    } else {
        authority.carry_out(&session, &unlocked(&authority)?, &a.order)?
    };
    if let (Some(path), Some(envelope)) = (out, &done.envelope) {
        write_new(path, envelope)?;
        ctx.written(path);
        if path.as_os_str() == "-" {
            return Ok(());
        }
    }
    ctx.out.one("key-order", line(&done))?;
    if let Some(path) = out {
        ctx.next("next-order-done", &[("file", &path.display().to_string())]);
    }
    Ok(())
}

fn line(order: &KeyOrderRow) -> Row {
    row([
        ("order", order.id.as_str().into()),
        ("kind", order.kind.code().into()),
        ("object", order.object.as_str().into()),
        ("serial", order.serial.as_ref().map(ToString::to_string).into()),
        ("requester", order.requester.as_str().into()),
        ("at", views::seconds(order.at)),
        ("expires", views::seconds(order.expires)),
        ("status", order.status.code().into()),
        ("done_at", order.done_at.map(views::seconds).into()),
    ])
}

fn whole(view: &KeyOrderView) -> Row {
    let mut shown = line(&view.row);
    for (name, value) in &view.fields {
        if name != "status" {
            shown.insert(name.clone(), value.as_str().into());
        }
    }
    let approvals =
        view.approvals.iter().map(|a| row([("officer", a.officer.as_str().into()), ("at", views::seconds(a.at))]));
    shown.insert("approvals".to_owned(), approvals.collect::<Vec<_>>().into());
    shown
}
