//! `hufu cert renew`, `rekey`, `replace`, `change`, `suspend`, `resume`, `revoke`: each submits a request, which another
//! person approves; `hufu issue` or `hufu apply` does the rest.

use std::path::PathBuf;

use clap::Args;
use hufu_authority::model::certificate::CertificateRow;
use hufu_authority::model::holder::Field;
use hufu_authority::model::ident::{OperatorId, OrgId, ProfileId, RequestId, Serial};
use hufu_authority::model::request::{Action, Medium};
use hufu_authority::model::revocation::RevocationReason;
use hufu_authority::model::time::Instant;
use hufu_authority::{Authority, CertificateFilter, StatusRequest};

use super::super::request::{self, FieldValue, SUBMITTED};
use super::super::{BATCH, Batch, LISTED, apply};
use super::{beginning, mass};
use crate::args::codes;
use crate::context::Context;
use crate::error::Result;
use crate::output::row;
use crate::views;

/// Which certificates: named ones, or all of a query.
#[derive(Args)]
pub(crate) struct Selection {
    #[arg(value_name = "SERIAL", required_unless_present_any = ["org", "through", "profile", "text", "issued_from", "issued_to"])]
    serials: Vec<Serial>,
    #[arg(long, value_name = "ORG", conflicts_with = "serials")]
    org: Option<OrgId>,
    #[arg(long, value_name = "OPERATOR", conflicts_with = "serials")]
    through: Option<OperatorId>,
    #[arg(long, value_name = "PROFILE", conflicts_with = "serials")]
    profile: Option<ProfileId>,
    #[arg(long, value_name = "TEXT", conflicts_with = "serials")]
    text: Option<String>,
    #[arg(long, value_name = "TIME", value_parser = beginning, conflicts_with = "serials")]
    issued_from: Option<Instant>,
    #[arg(long, value_name = "TIME", conflicts_with = "serials")]
    issued_to: Option<Instant>,
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub(crate) struct Suspend {
    #[command(flatten)]
    selection: Selection,
    #[arg(long)]
    emergency: bool,
}

#[derive(Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    selection: Selection,
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    selection: Selection,
    #[arg(long, value_parser = codes::<RevocationReason>(RevocationReason::SUBSCRIBER.map(RevocationReason::code)))]
    reason: RevocationReason,
    #[arg(long, value_name = "TIME")]
    since: Option<Instant>,
}

/// What a new certificate in place of another one takes.
#[derive(Args)]
pub(crate) struct Successor {
    #[arg(value_name = "SERIAL")]
    serial: Serial,
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    #[arg(long, value_parser = codes::<Medium>(Medium::ALL.map(Medium::code)))]
    medium: Option<Medium>,
    #[arg(long, value_parser = codes::<RevocationReason>(RevocationReason::SUBSCRIBER.map(RevocationReason::code)))]
    revoke: Option<RevocationReason>,
}

#[derive(Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    successor: Successor,
}

#[derive(Args)]
pub(crate) struct Rekey {
    #[command(flatten)]
    successor: Successor,
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
}

#[derive(Args)]
pub(crate) struct Replace {
    #[command(flatten)]
    successor: Successor,
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    #[arg(long, conflicts_with = "revoke")]
    keep: bool,
}

#[derive(Args)]
pub(crate) struct Change {
    #[command(flatten)]
    successor: Successor,
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    #[arg(long = "field", id = "field", value_name = "NAME=VALUE", required = true)]
    fields: Vec<FieldValue>,
    #[arg(long, conflicts_with = "revoke")]
    keep: bool,
}

pub(super) fn suspend(ctx: &Context, a: Suspend) -> Result<()> {
    status(ctx, Action::Suspend, RevocationReason::CertificateHold, a.selection, a.emergency, None)
}

pub(super) fn resume(ctx: &Context, a: Resume) -> Result<()> {
    status(ctx, Action::Resume, RevocationReason::RemoveFromCrl, a.selection, false, None)
}

pub(super) fn revoke(ctx: &Context, a: Revoke) -> Result<()> {
    status(ctx, Action::Revoke, a.reason, a.selection, false, a.since)
}

fn status(
    ctx: &Context,
    action: Action,
    reason: RevocationReason,
    s: Selection,
    emergency: bool,
    invalid_since: Option<Instant>,
) -> Result<()> {
    let authority = if s.dry_run { ctx.look()? } else { ctx.open()? };
    let mut rows = selected(&authority, action, &s)?;
    let count = rows.len().to_string();
    if s.serials.is_empty() {
        mass::tell(ctx, &authority.forecast(action, reason, &rows)?);
    }
    if s.dry_run {
        ctx.note("note-dry-run", &[]);
        ctx.note("note-concerned", &[("count", &count)]);
        rows.truncate(LISTED);
        let shown = rows.iter().map(views::certificate).collect();
        return ctx.out.list("certificate-list", &["serial", "subject", "org", "status", "not_after"], shown);
    }
    if s.serials.is_empty() {
        ctx.confirm("confirm-many", &[("count", &count)])?;
    }
    let serials: Vec<Serial> = rows.into_iter().map(|row| row.serial).collect();
    let name = named(&s, serials.len(), action)?;
    if serials.len() > 1 {
        ctx.note("note-batch", &[("batch", name.as_str())]);
    }
    let request = |serial: Serial| -> Result<StatusRequest> {
        let id = if serials.len() == 1 { name.clone() } else { format!("{name}-{serial}").parse()? };
        Ok(StatusRequest { id, action, serial, reason, emergency, invalid_since, note: s.note.clone() })
    };
    let session = ctx.session(&authority)?;
    let bar = ctx.progress(0);
    let mut batch = Batch::at_most(LISTED);
    for (i, chunk) in serials.chunks(BATCH).enumerate() {
        ctx.stage(&bar, "enter", (i * BATCH) as u64, serials.len() as u64);
        let requests = chunk.iter().cloned().map(request).collect::<Result<Vec<_>>>()?;
        for (request, result) in requests.iter().zip(authority.request_status(&session, &requests)?) {
            batch.add(ctx, ("request", request.id.as_str()), result, request::submitted);
        }
    }
    drop(bar);
    if emergency && batch.refused.is_empty() {
        let ids = serials.iter().cloned().map(|serial| Ok(request(serial)?.id)).collect::<Result<Vec<_>>>()?;
        return apply::apply(ctx, &authority, &session, &ids);
    }
    batch.finish(ctx, "request-list", &SUBMITTED)?;
    if serials.len() > 1 {
        mass::next(ctx, &name);
    }
    Ok(())
}

/// The certificates that are named, or those of the query to which the action can be done.
fn selected(authority: &Authority, action: Action, s: &Selection) -> Result<Vec<CertificateRow>> {
    if !s.serials.is_empty() {
        return s.serials.iter().map(|serial| Ok(authority.certificate(serial)?.row)).collect();
    }
    let filter = CertificateFilter {
        orgs: s.org.as_ref().map(|org| authority.subtree(org)).transpose()?,
        through: s.through.clone(),
        profile: s.profile.clone(),
        text: s.text.clone(),
        issued_from: s.issued_from,
        issued_to: s.issued_to,
        ..CertificateFilter::default()
    };
    Ok(authority.concerned(action, &filter)?)
}

/// The request id that was given or is made now. Of several certificates it is what their ids begin with, before a hyphen
/// and the serial number, so that the same command again asks for the same.
fn named(s: &Selection, count: usize, action: Action) -> Result<RequestId> {
    match &s.id {
        Some(id) => Ok(id.clone()),
        None => {
            let prefix = format!("{action}-{}", request::tag()?);
            match s.serials.as_slice() {
                [one] if count == 1 => Ok(format!("{prefix}-{one}").parse()?),
                _ => Ok(prefix.parse()?),
            }
        }
    }
}

/// What is put in place of what was asked for then.
#[derive(Default)]
struct Given {
    csr: Option<PathBuf>,
    fields: Vec<FieldValue>,
    keep: bool,
}

pub(super) fn renew(ctx: &Context, a: Renew) -> Result<()> {
    successor(ctx, Action::Renew, a.successor, Given::default())
}

pub(super) fn rekey(ctx: &Context, a: Rekey) -> Result<()> {
    successor(ctx, Action::Rekey, a.successor, Given { csr: Some(a.csr), ..Given::default() })
}

pub(super) fn replace(ctx: &Context, a: Replace) -> Result<()> {
    successor(ctx, Action::Replace, a.successor, Given { csr: Some(a.csr), keep: a.keep, ..Given::default() })
}

pub(super) fn change(ctx: &Context, a: Change) -> Result<()> {
    successor(ctx, Action::Change, a.successor, Given { csr: a.csr, fields: a.fields, keep: a.keep })
}

fn successor(ctx: &Context, action: Action, s: Successor, given: Given) -> Result<()> {
    let mut authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    ctx.unlock(&mut authority)?;
    let mut new = authority.successor(&s.serial, action, request::id_or_new(s.id)?)?;
    if let Some(path) = &given.csr {
        new.csr = ctx.read(path)?;
    }
    for FieldValue(field, value) in given.fields {
        put(&mut new.fields, field, value);
    }
    new.days = s.days.or(new.days);
    new.medium = s.medium.unwrap_or(new.medium);
    new.revokes = if given.keep { None } else { s.revoke.or(new.revokes) };
    let id = new.id.to_string();
    let mut batch = Batch::new();
    for result in authority.submit(&session, std::slice::from_ref(&new))? {
        batch.add(ctx, ("request", &id), result, request::submitted);
    }
    batch.finish(ctx, "request-list", &SUBMITTED)
}

/// A field with another value; an empty one takes it away.
fn put(fields: &mut Vec<(Field, String)>, field: Field, value: String) {
    fields.retain(|(known, _)| *known != field);
    if !value.is_empty() {
        fields.push((field, value));
    }
}

/// The changes of a certificate's status, oldest first.
pub(super) fn changes(authority: &Authority, serial: &Serial) -> Result<serde_json::Value> {
    let filter = hufu_authority::StatusFilter { serial: Some(serial.clone()), ..Default::default() };
    let changes = authority.status_changes(&filter)?;
    let shown = changes.into_iter().map(|c| {
        row([
            ("at", views::seconds(c.at)),
            ("status", c.status.code().into()),
            ("revocation_reason", c.reason.code().into()),
            ("invalid_since", c.invalid_since.map(views::seconds).into()),
            ("request", c.request.map(|id| id.to_string()).into()),
            ("event", c.event.into()),
        ])
    });
    Ok(shown.collect::<Vec<_>>().into())
}
