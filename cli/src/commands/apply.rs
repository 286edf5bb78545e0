//! `hufu apply`: approved changes of status take effect.

use std::collections::HashSet;

use clap::Args;
use hufu_authority::model::ident::{OrgId, RequestId};
use hufu_authority::model::request::RequestStatus;
use hufu_authority::{AfterSigning, Applied, Authority, Session, StatusChange, Visibility};
use serde_json::Value;

use super::{BATCH, Batch, LISTED, crl, request};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::views;

/// The arguments.
#[derive(Args)]
pub(crate) struct Apply {
    #[arg(value_name = "REQUEST", required_unless_present_any = ["approved", "batch", "manifest"])]
    requests: Vec<RequestId>,
    #[arg(long, value_name = "ORG", conflicts_with = "requests")]
    approved: Option<OrgId>,
    #[command(flatten)]
    together: request::Together,
    #[arg(long)]
    dry_run: bool,
}

/// Applies.
pub(crate) fn run(ctx: &Context, args: Apply) -> Result<()> {
    let authority = if args.dry_run { ctx.look()? } else { ctx.open()? };
    let ids = if args.requests.is_empty() {
        let (org, status) = (args.approved.as_ref(), RequestStatus::Approved);
        request::waiting(ctx, &authority, org, &args.together, status, Some(false))?.0
    } else {
        args.requests
    };
    if args.dry_run {
        ctx.note("note-dry-run", &[]);
        let line = |id: &RequestId| row([("request", id.as_str().into()), ("outcome", "planned".into())]);
        return ctx.out.list("change-list", &["request", "outcome"], ids.iter().map(line).collect());
    }
    let session = ctx.session(&authority)?;
    apply(ctx, &authority, &session, &ids)
}

/// Applies these requests and prints what became of them, and whether relying parties can see it.
pub(super) fn apply(ctx: &Context, authority: &Authority, session: &Session, ids: &[RequestId]) -> Result<()> {
    let bar = ctx.progress(0);
    let mut batch = Batch::at_most(LISTED);
    let mut changes = Vec::new();
    for (i, chunk) in ids.chunks(BATCH).enumerate() {
        ctx.stage(&bar, "apply", (i * BATCH) as u64, ids.len() as u64);
        for (id, result) in chunk.iter().zip(authority.apply(session, chunk)?) {
            changes.extend(result.as_ref().ok().map(|applied| applied.change.clone()));
            batch.add(ctx, ("request", id.as_str()), result, shown);
        }
    }
    drop(bar);
    let published = visible(ctx, authority, session, &changes);
    let seen = published.as_deref().unwrap_or_default();
    let visible: HashSet<String> = changes
        .iter()
        .zip(seen)
        .filter(|(_, seen)| **seen == Visibility::Visible)
        .map(|(change, _)| change.serial.to_string())
        .collect();
    for row in batch.done_rows() {
        let serial = row.get("serial").and_then(Value::as_str).unwrap_or_default();
        let code = if visible.contains(serial) { Visibility::Visible } else { Visibility::Pending }.code();
        row.insert("visibility".to_owned(), code.into());
    }
    batch.finish(ctx, "change-list", &["request", "outcome", "serial", "status", "at", "visibility"])?;
    published?;
    if visible.len() < changes.len() {
        ctx.next("next-pending", &[]);
    }
    Ok(())
}

/// Publishes lists with these changes when the settings name a folder and the CA's passphrase is given without asking,
/// and reads in the folder which of them can be seen.
fn visible(
    ctx: &Context,
    authority: &Authority,
    session: &Session,
    changes: &[StatusChange],
) -> Result<Vec<Visibility>> {
    let Some(mut publishing) = authority.home().publishing().filter(|_| !changes.is_empty()) else {
        return Ok(vec![Visibility::Pending; changes.len()]);
    };
    if ctx.ca_passphrase_given() {
        // Each was asked for and approved; that they are many is no surprise here.
        publishing.agreed_changes = Some(changes.len() as u64);
        let ca = ctx.signer(authority, session, AfterSigning::Verify)?;
        for publication in authority.publish_crl(session, &ca, &publishing)? {
            crl::tell(ctx, &publication);
        }
    }
    Ok(authority.visible(&publishing.folder, changes)?)
}

fn shown(a: Applied) -> Row {
    row([
        ("request", a.request.as_str().into()),
        ("outcome", "done".into()),
        ("serial", a.change.serial.to_string().into()),
        ("status", a.change.status.code().into()),
        ("revocation_reason", a.change.reason.code().into()),
        ("at", views::seconds(a.change.at)),
        ("event", a.change.event.into()),
    ])
}
