//! `hufu ocsp`: the responder's certificate, and answers signed ahead.

use clap::{Args, Subcommand};
use hufu_authority::model::ident::CaId;
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::ocsp::Hash;
use hufu_authority::{AfterSigning, IssuingCa, Presigning, Responder, Turn};

use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::secrets::{self, Which};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Ocsp {
    #[command(subcommand)]
    Responder(ResponderCommand),
    Presign(Presign),
}

#[derive(Subcommand)]
pub(crate) enum ResponderCommand {
    Issue(New),
    Renew(New),
    Show,
}

#[derive(Args)]
pub(crate) struct New {
    #[arg(long, value_name = "CA")]
    ca: Option<CaId>,
    #[arg(long)]
    create_passphrase: bool,
}

#[derive(Args)]
pub(crate) struct Presign {
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(8..=240))]
    life: u32,
    #[arg(long, value_name = "HOURS", default_value_t = 12)]
    renew_before: u32,
    #[arg(long = "hash", id = "hash", value_name = "HASH", default_value = "sha1", value_parser = ["sha1", "sha256", "sm3"])]
    hashes: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Ocsp) -> Result<()> {
    match args {
        Ocsp::Responder(ResponderCommand::Issue(new)) => issue(ctx, &new, Turn::First),
        Ocsp::Responder(ResponderCommand::Renew(new)) => issue(ctx, &new, Turn::Renewal),
        Ocsp::Responder(ResponderCommand::Show) => show(ctx),
        Ocsp::Presign(presign) => ahead(ctx, &presign),
    }
}

fn issue(ctx: &Context, new: &New, turn: Turn) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let ca = ctx.signer(&authority, &session, AfterSigning::Verify)?;
    let passphrase = match turn {
        // A renewal keeps the passphrase, so that the service that has it goes on.
        Turn::Renewal if !new.create_passphrase => secrets::existing(ctx, Which::Responder)?,
        _ => secrets::fresh(ctx, Which::Responder, new.create_passphrase)?,
    };
    let made = authority.issue_responder(&session, &ca, new.ca.as_ref(), turn, &passphrase);
    if made.is_err() && new.create_passphrase {
        secrets::discard(ctx, Which::Responder);
    }
    let certificate = made?;
    if new.create_passphrase {
        secrets::tell_made(ctx, Which::Responder);
    }
    let cas = authority.cas()?;
    ctx.out.one("responder", line(cas.of_serial(certificate.serial())?, &certificate))?;
    let file = ctx.settings.get("responder-passphrase-file").unwrap_or("FILE").to_owned();
    ctx.next("next-responder", &[("file", &file)]);
    Ok(())
}

fn show(ctx: &Context) -> Result<()> {
    let authority = ctx.look()?;
    let mut rows = Vec::new();
    for ca in &authority.cas()? {
        if let Some(certificate) = authority.responder(ca.instance)? {
            rows.push(line(ca, &certificate));
        }
    }
    ctx.out.list("responder-list", &["ca", "instance", "serial", "not_before", "not_after"], rows)
}

fn line(ca: &IssuingCa, certificate: &Certificate) -> Row {
    row([
        ("ca", ca.name.to_string().into()),
        ("instance", ca.instance.into()),
        ("serial", certificate.serial().to_string().into()),
        ("subject", certificate.subject_text().into()),
        ("not_before", views::seconds(certificate.validity().not_before())),
        ("not_after", views::seconds(certificate.validity().not_after())),
        ("pem", certificate.pem().into()),
    ])
}

fn ahead(ctx: &Context, args: &Presign) -> Result<()> {
    let authority = ctx.open()?;
    let responder = Responder::open(&ctx.home(), &secrets::existing(ctx, Which::Responder)?)?;
    let what = Presigning {
        life: i64::from(args.life) * 3600,
        renew_before: i64::from(args.renew_before) * 3600,
        hashes: Hash::ALL.into_iter().filter(|hash| args.hashes.iter().any(|h| h == hash.code())).collect(),
    };
    let bar = ctx.progress(0);
    let stage = ctx.word("stage-presign");
    let count = authority.presign(&responder, &what, &|done| bar.set(&stage, done, done))?;
    drop(bar);
    let mut shown = row([
        ("looked_at", count.looked_at.into()),
        ("signed", count.signed.into()),
        ("kept", count.kept.into()),
        ("overtaken", count.overtaken.into()),
        ("removed", count.removed.into()),
    ]);
    shown.insert("life_hours".to_owned(), args.life.into());
    ctx.out.one("presigned", shown)
}
