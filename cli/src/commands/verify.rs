//! `hufu verify`: certificates with their chain at a time, or the whole home.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::{Lang, message};
use hufu_authority::model::time::{Clock, Instant};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::{path, signed_data};
use hufu_authority::{Depth, SystemClock};

use super::audit;
use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, print, row};
use crate::phrase::said;
use crate::views;

/// The arguments.
#[derive(Args)]
pub(crate) struct Verify {
    #[arg(value_name = "FILE", required_unless_present = "all")]
    files: Vec<PathBuf>,
    #[arg(long = "root", id = "root", value_name = "FILE")]
    roots: Vec<PathBuf>,
    #[arg(long = "ca", id = "ca", value_name = "FILE")]
    others: Vec<PathBuf>,
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, conflicts_with = "files")]
    all: bool,
}

/// Verifies.
pub(crate) fn run(ctx: &Context, args: Verify) -> Result<()> {
    if args.all {
        return audit::whole_home(ctx, Depth::Deep);
    }
    let at = args.at.unwrap_or_else(|| SystemClock.now());
    let mut others = read_all(ctx, &args.others)?;
    let mut roots = read_all(ctx, &args.roots)?;
    if args.roots.is_empty() {
        // The home's own chain.
        let authority = ctx.look()?;
        roots.push(authority.identity().root.clone());
        others.extend(authority.cas()?.iter().map(|ca| ca.certificate.clone()));
    }
    let mut rows = Vec::new();
    let mut invalid = 0;
    let mut unreadable = Vec::new();
    for file in &args.files {
        let mut given = match ctx.read(file).and_then(|bytes| certificates(file, &bytes)) {
            Ok(given) => given.into_iter(),
            Err(e) => {
                rows.push(not_read(ctx, file, &e));
                unreadable.push(e);
                continue;
            }
        };
        let Some(target) = given.next() else { continue };
        let mut chain: Vec<Certificate> = given.collect();
        chain.extend(others.iter().cloned());
        let verdict = path::validate(&target, &chain, &roots, at);
        if !verdict.is_valid() {
            invalid += 1;
        }
        rows.push(shown(ctx, file, &target, at, &verdict));
    }
    // One file that cannot be read takes nothing from the verdicts of the others.
    if let [_] = args.files.as_slice()
        && let Some(e) = unreadable.pop()
    {
        return Err(e);
    }
    if ctx.out.format == Format::Table {
        for (i, row) in rows.into_iter().enumerate() {
            if i > 0 {
                print(b"\n")?;
            }
            ctx.out.one("verdict", row)?;
        }
    } else {
        ctx.out.list("verdict-list", &["file", "subject", "outcome", "rule", "message"], rows)?;
    }
    if let Some(e) = unreadable.pop() {
        unreadable.iter().for_each(|e| ctx.say(e.message(ctx.lang).trim_end()));
        return Err(e);
    }
    if invalid == 0 {
        Ok(())
    } else {
        let values = vec![("count", invalid.to_string()), ("of", args.files.len().to_string())];
        Err(Error::own("cli.invalid", values))
    }
}

/// The row of a file that holds no certificate we can read.
fn not_read(ctx: &Context, file: &Path, e: &Error) -> Row {
    row([
        ("file", file.display().to_string().into()),
        ("outcome", "unreadable".into()),
        ("rule", e.code().into()),
        ("message", e.text(ctx.lang).into()),
    ])
}

fn shown(ctx: &Context, file: &Path, target: &Certificate, at: Instant, verdict: &path::Verdict) -> Row {
    let outcome = if verdict.is_valid() { "valid" } else { "invalid" };
    let mut out = row([
        ("file", file.display().to_string().into()),
        ("subject", target.subject_text().into()),
        ("serial", target.serial().to_string().into()),
        ("at", views::instant(at)),
        ("outcome", outcome.into()),
    ]);
    if let Some(first) = verdict.findings.first() {
        out.insert("rule".to_owned(), first.code().into());
        out.insert("certificate".to_owned(), said(ctx.lang, &first.certificate).into());
        out.insert("message".to_owned(), explained(ctx, first).into());
        out.insert("hint".to_owned(), remedy(ctx, first).into());
    }
    if ctx.out.format != Format::Table {
        out.insert("findings".to_owned(), verdict.findings.iter().map(|f| finding(ctx, f)).collect::<Vec<_>>().into());
    }
    out.insert("chain".to_owned(), verdict.chain.iter().map(Certificate::subject_text).collect::<Vec<_>>().into());
    out
}

fn finding(ctx: &Context, f: &path::Finding) -> Row {
    row([
        ("rule", f.code().into()),
        ("certificate", said(ctx.lang, &f.certificate).into()),
        ("message", explained(ctx, f).into()),
        ("cause", said(ctx.lang, &f.cause).into()),
        ("remedy", remedy(ctx, f).into()),
        ("offset", f.offset.into()),
    ])
}

/// The rule in the language of the run, then the details.
fn explained(ctx: &Context, f: &path::Finding) -> String {
    match message(ctx.lang, &format!("err-{}", f.code())) {
        Some(text) if ctx.lang == Lang::Zh => format!("{text}（{}）", said(ctx.lang, &f.message)),
        Some(text) => format!("{text} ({})", said(ctx.lang, &f.message)),
        None => said(ctx.lang, &f.message),
    }
}

/// What to do, in the language of the run.
fn remedy(ctx: &Context, f: &path::Finding) -> String {
    message(ctx.lang, &format!("hint-{}", f.code())).map_or_else(|| f.remedy.clone(), str::to_owned)
}

fn read_all(ctx: &Context, paths: &[PathBuf]) -> Result<Vec<Certificate>> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(certificates(path, &ctx.read(path)?)?);
    }
    Ok(all)
}

/// Every certificate of a file: PEM blocks, one in DER, or those of a P7B.
fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>> {
    let about = |e: hufu_authority::x509::Error| hufu_authority::Error::from(e).about(path.display().to_string());
    match Certificate::all_from_bytes(bytes) {
        Ok(all) => Ok(all),
        Err(e) => match signed_data::read_certificates(bytes) {
            Ok(all) if !all.is_empty() => Ok(all),
            _ => Err(about(e).into()),
        },
    }
}
