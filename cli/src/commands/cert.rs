//! `hufu cert`: certificates, one and many.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hufu_authority::model::certificate::CertificateStatus;
use hufu_authority::model::ident::{OperatorId, OrgId, ProfileId, Serial};
use hufu_authority::model::time::{Day, Instant, TimeError};
use hufu_authority::x509::envelope::Dialect;
use hufu_authority::{Authority, CertificateFilter, ExportForm};

use super::{cut, one_more, tell_more};
use crate::args::{Format, codes};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, write_new};
use crate::views;

mod life;
pub(super) mod mass;
mod recover;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Cert {
    Show(Show),
    Export(Export),
    List(List),
    Search(Search),
    Ca(Ca),
    Renew(life::Renew),
    Rekey(life::Rekey),
    Replace(life::Replace),
    Change(life::Change),
    Suspend(life::Suspend),
    Resume(life::Resume),
    Revoke(life::Revoke),
    Recover(recover::Recover),
}

#[derive(Args)]
pub(crate) struct Show {
    #[arg(value_name = "SERIAL", required_unless_present = "file")]
    serial: Option<Serial>,
    #[arg(long, value_name = "FILE", conflicts_with = "serial")]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Form {
    Pem,
    Chain,
    Der,
    P7b,
}

#[derive(Args)]
pub(crate) struct Export {
    #[arg(value_name = "SERIAL")]
    serial: Serial,
    #[arg(long, value_enum, default_value = "pem")]
    form: Form,
    #[arg(long, value_name = "DIALECT", conflicts_with = "form",
        value_parser = codes::<Dialect>(Dialect::ALL.map(Dialect::code)))]
    envelope: Option<Dialect>,
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
}

#[derive(Args)]
pub(crate) struct Search {
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Args)]
pub(crate) struct Filter {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_name = "OPERATOR")]
    through: Option<OperatorId>,
    #[arg(long, value_parser = codes::<CertificateStatus>(CertificateStatus::ALL.map(CertificateStatus::code)))]
    status: Option<CertificateStatus>,
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileId>,
    #[arg(long, value_name = "TIME", value_parser = beginning)]
    issued_from: Option<Instant>,
    #[arg(long, value_name = "TIME")]
    issued_to: Option<Instant>,
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    #[arg(long, value_name = "SERIAL")]
    after: Option<Serial>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CaRole {
    Root,
    Issuing,
    Ledger,
}

#[derive(Args)]
pub(crate) struct Ca {
    #[arg(value_enum)]
    role: CaRole,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A time that something begins at: a bare date means its first instant here.
fn beginning(text: &str) -> std::result::Result<Instant, TimeError> {
    text.parse::<Day>().map(Day::first_instant).or_else(|_| text.parse())
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Cert) -> Result<()> {
    match args {
        Cert::Show(a) => show(ctx, a),
        Cert::Export(a) => {
            let form = match a.form {
                Form::Pem => ExportForm::Pem,
                Form::Chain => ExportForm::PemChain,
                Form::Der => ExportForm::Der,
                Form::P7b => ExportForm::P7b,
            };
            let bytes = match a.envelope {
                None => ctx.look()?.export(&a.serial, form)?,
                Some(dialect) => {
                    // The key of the settings is the operator's for acting in a home: only a flag means the holder's.
                    let owner = ctx.global.key.is_some().then(|| ctx.operator_key()).transpose()?;
                    ctx.look()?.export_envelope(&a.serial, dialect, owner.as_ref())?
                }
            };
            write_new(&a.out, &bytes)?;
            ctx.written(&a.out);
            Ok(())
        }
        Cert::List(a) => list(ctx, None, a.filter),
        Cert::Search(a) => list(ctx, Some(a.text), a.filter),
        Cert::Ca(a) => ca(ctx, a),
        Cert::Renew(a) => life::renew(ctx, a),
        Cert::Rekey(a) => life::rekey(ctx, a),
        Cert::Replace(a) => life::replace(ctx, a),
        Cert::Change(a) => life::change(ctx, a),
        Cert::Suspend(a) => life::suspend(ctx, a),
        Cert::Resume(a) => life::resume(ctx, a),
        Cert::Revoke(a) => life::revoke(ctx, a),
        Cert::Recover(a) => recover::recover(ctx, a),
    }
}

fn show(ctx: &Context, a: Show) -> Result<()> {
    if let Some(path) = &a.file {
        return ctx.out.one("certificate", views::bytes(&ctx.certificate(path)?));
    }
    let Some(serial) = &a.serial else { return Ok(()) };
    let authority = ctx.look()?;
    let view = authority.certificate(serial)?;
    let mut shown = views::certificate(&view.row);
    for (name, value) in views::bytes(&view.certificate) {
        shown.entry(name).or_insert(value);
    }
    if let Some(pair) = &view.pair {
        let halves = [("signing", &pair.signing), ("encryption", &pair.encryption)];
        let halves = halves.into_iter().map(|(name, serial)| (name.to_owned(), serial.to_string().into()));
        shown.insert("pair".to_owned(), serde_json::Value::Object(halves.collect()));
    }
    shown.insert("changes".to_owned(), life::changes(&authority, serial)?);
    ctx.out.one("certificate", shown)
}

fn list(ctx: &Context, text: Option<String>, f: Filter) -> Result<()> {
    let authority = ctx.look()?;
    let filter = CertificateFilter {
        orgs: f.org.map(|org| authority.subtree(&org)).transpose()?,
        status: f.status,
        through: f.through,
        profile: f.profile,
        text,
        issued_from: f.issued_from,
        issued_to: f.issued_to,
        limit: one_more(f.limit),
        after: f.after,
        ..CertificateFilter::default()
    };
    let mut found = authority.certificates(&filter)?;
    let more = cut(&mut found, f.limit, |c| format!("--after {}", c.serial));
    let rows = found.iter().map(|c| with_pem(ctx, &authority, views::certificate(c), &c.serial));
    let rows = rows.collect::<Result<Vec<Row>>>()?;
    ctx.out.list("certificate-list", &["serial", "subject", "org", "profile", "status", "not_after"], rows)?;
    tell_more(ctx, f.limit, more);
    Ok(())
}

/// JSON carries the certificate itself.
fn with_pem(ctx: &Context, authority: &Authority, mut row: Row, serial: &Serial) -> Result<Row> {
    if matches!(ctx.out.format, Format::Json | Format::Ndjson) {
        row.insert("pem".to_owned(), authority.certificate(serial)?.certificate.pem().into());
    }
    Ok(row)
}

fn ca(ctx: &Context, a: Ca) -> Result<()> {
    let authority = ctx.look()?;
    let identity = authority.identity();
    let certificate = match a.role {
        CaRole::Root => &identity.root,
        CaRole::Issuing => &identity.issuing,
        CaRole::Ledger => &identity.ledger,
    };
    match a.out {
        Some(path) => {
            write_new(&path, certificate.pem().as_bytes())?;
            ctx.written(&path);
            Ok(())
        }
        None => ctx.out.one("certificate", views::bytes(certificate)),
    }
}
