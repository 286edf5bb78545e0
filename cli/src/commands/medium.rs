//! `hufu medium`: the ledger of media.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::model::certificate::{CertificateRow, CertificateStatus};
use hufu_authority::model::ident::{MediumId, OrgId, RequestId};
use hufu_authority::model::medium::MediumStatus;
use hufu_authority::model::request::Medium;
use hufu_authority::{Authority, MediumRow, MediumView, NewMedium, Session, StatusRequest};

use super::{apply, request};
use crate::args::codes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::views;

const COLUMNS: [&str; 7] = ["id", "medium", "serial", "vendor", "model", "org", "status"];

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum MediumCommand {
    Add(Add),
    Import(Import),
    List(List),
    Show(One),
    Lost(Lost),
    Broken(One),
    Return(One),
    Restock(One),
    Destroy(One),
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(value_name = "MEDIUM")]
    medium: MediumId,
    #[arg(long, value_parser = codes::<Medium>(Medium::ALL.map(Medium::code)), default_value = "ukey")]
    kind: Medium,
    #[arg(long, value_name = "TEXT", default_value = "")]
    serial: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    vendor: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    model: String,
    #[arg(long)]
    no_sm2: bool,
    #[arg(long, value_name = "ORG")]
    org: OrgId,
}

#[derive(Args)]
pub(crate) struct Import {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_parser = codes::<MediumStatus>(MediumStatus::ALL.map(MediumStatus::code)))]
    status: Option<MediumStatus>,
}

#[derive(Args)]
pub(crate) struct One {
    #[arg(value_name = "MEDIUM")]
    medium: MediumId,
}

#[derive(Args)]
pub(crate) struct Lost {
    #[arg(value_name = "MEDIUM")]
    medium: MediumId,
    #[arg(long)]
    suspend: bool,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: MediumCommand) -> Result<()> {
    match args {
        MediumCommand::Add(a) => {
            let (id, kind, serial, vendor, model, org) = (a.medium, a.kind, a.serial, a.vendor, a.model, a.org);
            store(ctx, &[NewMedium { id, kind, serial, vendor, model, sm2: !a.no_sm2, org }])
        }
        MediumCommand::Import(a) => import(ctx, &a),
        MediumCommand::List(a) => {
            let authority = ctx.look()?;
            let session = ctx.session(&authority)?;
            let mut media = authority.media(&session, a.org.as_ref())?;
            media.retain(|medium| a.status.is_none_or(|status| medium.status == status));
            ctx.out.list("medium-list", &COLUMNS, media.iter().map(shown).collect())
        }
        MediumCommand::Show(a) => {
            let authority = ctx.look()?;
            let session = ctx.session(&authority)?;
            print(ctx, &authority.medium(&session, &a.medium)?)
        }
        MediumCommand::Lost(a) => gone(ctx, &a.medium, MediumStatus::Lost, a.suspend),
        MediumCommand::Broken(a) => gone(ctx, &a.medium, MediumStatus::Broken, false),
        MediumCommand::Return(a) => moved(ctx, &a.medium, MediumStatus::Returned),
        MediumCommand::Restock(a) => moved(ctx, &a.medium, MediumStatus::InStock),
        MediumCommand::Destroy(a) => moved(ctx, &a.medium, MediumStatus::Destroyed),
    }
}

fn import(ctx: &Context, a: &Import) -> Result<()> {
    let mut media = Vec::new();
    let mut refused = Vec::new();
    for row in NewMedium::sheet(&a.file)? {
        match row {
            Ok(medium) => media.push(medium),
            Err(e) => refused.push(Error::from(e)),
        }
    }
    if !refused.is_empty() {
        return all_or_none(ctx, refused);
    }
    if a.dry_run {
        ctx.note("note-dry-run", &[]);
        let rows = media.iter().map(|m| row([("id", m.id.as_str().into()), ("outcome", "planned".into())])).collect();
        return ctx.out.list("medium-list", &["id", "outcome"], rows);
    }
    store(ctx, &media)
}

/// Records media, all or none.
fn store(ctx: &Context, media: &[NewMedium]) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let results = authority.add_media(&session, media)?;
    let several = media.len() > 1;
    let refused = results.into_iter().zip(media).zip(2..).filter_map(|((result, medium), number): (_, usize)| {
        let about = if several { format!("row {number}") } else { medium.id.to_string() };
        result.err().map(|e| Error::from(e.about(about)))
    });
    let refused: Vec<Error> = refused.collect();
    if !refused.is_empty() {
        return all_or_none(ctx, refused);
    }
    let rows = media.iter().map(|m| row([("id", m.id.as_str().into()), ("outcome", "done".into())])).collect();
    ctx.out.list("medium-list", &["id", "outcome"], rows)?;
    if let [one] = media {
        ctx.next("next-medium", &[("medium", one.id.as_str())]);
    }
    Ok(())
}

/// Names every fault; nothing was stored. It ends as its first fault does.
fn all_or_none(ctx: &Context, mut refused: Vec<Error>) -> Result<()> {
    let first = refused.remove(0);
    for e in &refused {
        ctx.say(e.message(ctx.lang).trim_end());
    }
    ctx.note("note-none-stored", &[("count", &(refused.len() + 1).to_string())]);
    Err(first)
}

fn moved(ctx: &Context, medium: &MediumId, status: MediumStatus) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    print(ctx, &authority.move_medium(&session, medium, status)?)
}

/// What a lost or broken medium leads to: its certificates, and what can be done about them.
fn gone(ctx: &Context, medium: &MediumId, status: MediumStatus, suspend: bool) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let view = authority.move_medium(&session, medium, status)?;
    let active: Vec<&CertificateRow> =
        view.certificates.iter().filter(|c| c.status == CertificateStatus::Active).collect();
    if suspend && !active.is_empty() {
        return suspended(ctx, &authority, &session, &active);
    }
    print(ctx, &view)?;
    for certificate in active {
        let key = if status == MediumStatus::Lost { "next-lost" } else { "next-broken" };
        ctx.next(key, &[("serial", &certificate.serial.to_string())]);
    }
    Ok(())
}

/// The emergency suspension of every certificate on the medium: one person's act.
fn suspended(ctx: &Context, authority: &Authority, session: &Session, active: &[&CertificateRow]) -> Result<()> {
    let tag = request::tag()?;
    let mut requests = Vec::with_capacity(active.len());
    for certificate in active {
        let id: RequestId = format!("lost-{tag}-{}", certificate.serial).parse()?;
        let suspension = StatusRequest::suspend(id, certificate.serial.clone());
        requests.push(StatusRequest { emergency: true, ..suspension });
    }
    for result in authority.request_status(session, &requests)? {
        result?;
    }
    let ids: Vec<RequestId> = requests.into_iter().map(|request| request.id).collect();
    apply::apply(ctx, authority, session, &ids)?;
    for certificate in active {
        ctx.next("next-suspended", &[("serial", &certificate.serial.to_string())]);
    }
    Ok(())
}

fn shown(m: &MediumRow) -> Row {
    row([
        ("id", m.id.as_str().into()),
        ("medium", m.kind.code().into()),
        ("serial", m.serial.as_str().into()),
        ("vendor", m.vendor.as_str().into()),
        ("model", m.model.as_str().into()),
        ("sm2", m.sm2.into()),
        ("org", m.org.as_str().into()),
        ("status", m.status.code().into()),
        ("since", views::seconds(m.at)),
        ("added_at", views::seconds(m.added_at)),
    ])
}

fn print(ctx: &Context, view: &MediumView) -> Result<()> {
    let mut printed = shown(&view.row);
    let certificates = view.certificates.iter().map(|c| {
        serde_json::Value::Object(row([
            ("serial", c.serial.to_string().into()),
            ("subject", c.subject.as_str().into()),
            ("profile", c.profile.as_str().into()),
            ("status", c.status.code().into()),
            ("not_after", views::seconds(c.validity.not_after())),
        ]))
    });
    printed.insert("certificates".to_owned(), certificates.collect::<Vec<_>>().into());
    ctx.out.one("medium", printed)
}
