//! `hufu audit`: the ledger, its anchor, its proofs.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hufu_authority::model::event::EventKind;
use hufu_authority::model::ident::{OperatorId, OrgId, Serial};
use hufu_authority::model::time::Day;
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::pem;
use hufu_authority::{
    AuditReport, Authority, CHECKPOINT_LABEL, Depth, EventFilter, Proof, SampleOf, SignedCheckpoint, check_proof,
};

use super::{cut, one_more, tell_more};
use crate::args::{Format, codes};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row, write_new};
use crate::phrase::said;
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Audit {
    Verify(Verify),
    #[command(subcommand)]
    Anchor(Anchor),
    Log(Log),
    Clock(Clock),
    Export(Export),
    Sample(Draw),
    #[command(subcommand)]
    Proof(ProofCommand),
}

#[derive(Args)]
pub(crate) struct Verify {
    #[arg(long)]
    deep: bool,
}

#[derive(Args)]
pub(crate) struct Export {
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Draw {
    #[arg(long, value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: u8,
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

#[derive(Args)]
pub(crate) struct Clock {
    #[arg(long)]
    confirm: bool,
}

#[derive(Subcommand)]
pub(crate) enum Anchor {
    Export(AnchorExport),
    Check(AnchorCheck),
}

#[derive(Args)]
pub(crate) struct AnchorExport {
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct AnchorCheck {
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Log {
    #[arg(long, value_parser = codes::<EventKind>(EventKind::ALL.map(EventKind::code)))]
    event: Option<EventKind>,
    #[arg(long, value_name = "OPERATOR")]
    actor: Option<OperatorId>,
    #[arg(long, value_name = "OBJECT")]
    object: Option<String>,
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "limit"])]
    last: Option<u32>,
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

#[derive(Subcommand)]
pub(crate) enum ProofCommand {
    Inclusion(Inclusion),
    Consistency(Consistency),
    Check(ProofCheck),
}

#[derive(Args)]
pub(crate) struct Inclusion {
    #[arg(value_name = "SERIAL")]
    serial: Serial,
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Consistency {
    #[arg(long, value_name = "SIZE")]
    from_size: u64,
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct ProofCheck {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Audit) -> Result<()> {
    match args {
        Audit::Verify(a) => whole_home(ctx, if a.deep { Depth::Deep } else { Depth::Ledger }),
        Audit::Anchor(Anchor::Export(a)) => {
            let anchor = ctx.look()?.checkpoints()?;
            if anchor.is_empty() {
                return Err(Error::own("cli.nothing", Vec::new()));
            }
            let text: String = anchor.iter().map(|c| pem::encode(CHECKPOINT_LABEL, &c.signed)).collect();
            write_new(&a.out, text.as_bytes())?;
            ctx.written(&a.out);
            Ok(())
        }
        Audit::Anchor(Anchor::Check(a)) => anchor_check(ctx, a.file.as_deref()),
        Audit::Log(a) => log(ctx, a),
        Audit::Clock(a) => clock(ctx, &a),
        Audit::Export(a) => export(ctx, &a.out),
        Audit::Sample(a) => sample(ctx, a),
        Audit::Proof(ProofCommand::Inclusion(a)) => {
            write_new(&a.out, ctx.look()?.prove_certificate(&a.serial)?.as_bytes())?;
            proven(ctx, &a.out);
            Ok(())
        }
        Audit::Proof(ProofCommand::Consistency(a)) => {
            write_new(&a.out, ctx.look()?.prove_consistency(a.from_size)?.as_bytes())?;
            proven(ctx, &a.out);
            Ok(())
        }
        Audit::Proof(ProofCommand::Check(a)) => proof_check(ctx, &a),
    }
}

/// How the proof just written is checked by somebody who has no home.
fn proven(ctx: &Context, out: &Path) {
    ctx.written(out);
    if out.as_os_str() != "-" {
        ctx.next("next-proof", &[("path", &out.display().to_string())]);
    }
}

/// Verifies the home and prints what does not hold.
pub(super) fn whole_home(ctx: &Context, depth: Depth) -> Result<()> {
    let mut authority = ctx.look()?;
    if depth == Depth::Deep {
        ctx.unlock_if_given(&mut authority)?;
    }
    let bar = ctx.progress(0);
    let report = authority.audit(depth, &|p| ctx.stage(&bar, p.what, p.done, p.of))?;
    drop(bar);
    print_report(ctx, depth, &report)
}

/// Prints the result of a verification; findings end the process with the exit code of tampering.
fn print_report(ctx: &Context, depth: Depth, report: &AuditReport) -> Result<()> {
    let findings: Vec<Row> = report
        .findings
        .iter()
        .map(|f| {
            row([
                ("rule", f.rule.as_str().into()),
                ("object", f.object.as_str().into()),
                ("message", said(ctx.lang, &f.message).into()),
            ])
        })
        .collect();
    let count = findings.len();
    if ctx.out.format == Format::Csv {
        ctx.out.list("audit", &["rule", "object", "message"], findings)?;
    } else {
        // What was not looked at is not counted as none.
        let deep = |n: u64| (depth == Depth::Deep).then_some(n);
        ctx.out.one(
            "audit",
            row([
                ("outcome", if count == 0 { "holds" } else { "altered" }.into()),
                ("events", report.events.into()),
                ("checkpoints", report.checkpoints.into()),
                ("documents", deep(report.documents).into()),
                ("certificates", deep(report.certificates).into()),
                ("requests", deep(report.requests).into()),
                ("findings", findings.into()),
            ]),
        )?;
    }
    if count == 0 { Ok(()) } else { Err(Error::own("cli.findings", vec![("count", count.to_string())])) }
}

fn anchor_check(ctx: &Context, file: Option<&Path>) -> Result<()> {
    let authority = ctx.look()?;
    let Some(file) = file else {
        authority.check_anchor()?;
        let last = authority.anchor()?.pop();
        return ctx.out.one("anchor", last.map_or_else(Row::new, |c| checkpoint(&c)));
    };
    let bytes = ctx.read(file)?;
    let mut rows = Vec::new();
    for block in pem::blocks(&bytes) {
        let (label, der) = block?;
        if label != CHECKPOINT_LABEL {
            return Err(Error::unreadable(file, label));
        }
        rows.push(held(&authority, &der)?);
    }
    if rows.is_empty() {
        return Err(Error::unreadable(file, CHECKPOINT_LABEL));
    }
    ctx.out.list("anchor", &["size", "at", "root", "outcome"], rows)
}

/// A checkpoint somebody kept: signed by this authority, and the ledger of today begins with it.
fn held(authority: &Authority, der: &[u8]) -> Result<Row> {
    let seen = authority.verified(der)?;
    let proof = authority.prove_consistency(seen.checkpoint.size)?;
    let pem = pem::encode(CHECKPOINT_LABEL, der);
    check_proof(proof.as_bytes(), &authority.identity().ledger, Some(pem.as_bytes()))?;
    Ok(checkpoint(&seen))
}

fn checkpoint(c: &SignedCheckpoint) -> Row {
    row([
        ("size", c.checkpoint.size.into()),
        ("at", views::seconds(c.checkpoint.at)),
        ("root", hufu_authority::model::ident::hex(&c.checkpoint.root).into()),
        ("origin", c.checkpoint.origin.as_str().into()),
        ("outcome", "holds".into()),
    ])
}

/// Writes the ledger for people and programs who do not have this one.
fn export(ctx: &Context, out: &Path) -> Result<()> {
    let authority = ctx.look()?;
    let bar = ctx.progress(0);
    let done = authority.export_ledger(out, &|p| ctx.stage(&bar, p.what, p.done, p.of))?;
    drop(bar);
    ctx.out.one(
        "ledger-export",
        row([
            ("path", done.path.display().to_string().into()),
            ("events", done.events.into()),
            ("root", hufu_authority::model::ident::hex(&done.root).into()),
            ("certificates", done.certificates.into()),
            ("checkpoints", done.checkpoints.into()),
            ("rows", done.rows.into()),
            ("sm3", done.sm3.to_string().into()),
        ]),
    )?;
    ctx.next("next-export", &[("path", &done.path.display().to_string())]);
    Ok(())
}

/// Draws a sample of what an office issued.
fn sample(ctx: &Context, a: Draw) -> Result<()> {
    let drawn = ctx.look()?.sample(&SampleOf { org: a.org, from: a.from, to: a.to, percent: a.percent })?;
    const SHOWN: [&str; 7] = ["serial", "issued_at", "org", "profile", "subject", "status", "request"];
    let certificate = |row| {
        let mut shown = views::certificate(row);
        shown.retain(|name, _| SHOWN.contains(&name.as_str()));
        shown
    };
    let certificates: Vec<Row> = drawn.certificates.iter().map(certificate).collect();
    if matches!(ctx.out.format, Format::Csv | Format::Ndjson) {
        return ctx.out.list("audit-sample-list", &SHOWN, certificates);
    }
    ctx.out.one(
        "audit-sample",
        row([
            ("org", drawn.org.as_str().into()),
            ("from", drawn.period.0.to_string().into()),
            ("to", drawn.period.1.to_string().into()),
            ("percent", drawn.percent.into()),
            ("population", drawn.population.into()),
            ("checkpoint_size", drawn.size.into()),
            ("checkpoint_at", views::instant(drawn.at)),
            ("root", drawn.root.as_str().into()),
            ("seed", drawn.seed.to_string().into()),
            ("certificates", certificates.into()),
        ]),
    )?;
    ctx.note("note-sample", &[]);
    Ok(())
}

/// Shows where the clock stands, or confirms it: only then after both times were shown.
fn clock(ctx: &Context, a: &Clock) -> Result<()> {
    let authority = if a.confirm { ctx.open()? } else { ctx.look()? };
    let state = authority.clock_state()?;
    let mut shown = row([
        ("now", views::instant(state.now)),
        ("ledger_time", views::instant(state.ledger)),
        (
            "outcome",
            if state.ahead {
                "ahead"
            } else if state.behind {
                "behind"
            } else {
                "holds"
            }
            .into(),
        ),
    ]);
    if a.confirm {
        let session = ctx.session(&authority)?;
        if state.ahead {
            let text = |at| views::instant(at).as_str().unwrap_or_default().to_owned();
            ctx.confirm("confirm-clock", &[("now", &text(state.now)), ("last", &text(state.ledger))])?;
        }
        let event = authority.confirm_clock(&session)?;
        shown.insert("outcome".to_owned(), "done".into());
        shown.insert("event".to_owned(), event.into());
    }
    ctx.out.one("clock", shown)?;
    if state.ahead && !a.confirm {
        ctx.next("next-clock", &[]);
    }
    Ok(())
}

fn log(ctx: &Context, a: Log) -> Result<()> {
    let authority = ctx.look()?;
    let every = a.event.is_none() && a.actor.is_none() && a.object.is_none();
    let (from, limit) = match a.last {
        Some(n) if every => (authority.status()?.events.saturating_sub(n.into()), 0),
        Some(_) => (0, 0),
        None => (a.from, a.limit),
    };
    let filter = EventFilter {
        kind: a.event,
        actor: a.actor,
        object: a.object,
        after: from.checked_sub(1),
        limit: one_more(limit),
    };
    let mut found = authority.events(&filter)?;
    let more = cut(&mut found, limit, |e| format!("--from {}", e.seq + 1));
    if let Some(n) = a.last {
        drop(found.drain(..found.len().saturating_sub(usize::try_from(n).unwrap_or(usize::MAX))));
    }
    let rows = found.iter().map(views::event).collect();
    ctx.out.list("event-list", &["seq", "at", "event", "actor", "object"], rows)?;
    tell_more(ctx, limit, more);
    Ok(())
}

fn proof_check(ctx: &Context, a: &ProofCheck) -> Result<()> {
    let file = ctx.read(&a.file)?;
    let ledger = match &a.ledger {
        Some(path) => Certificate::from_bytes(&ctx.read(path)?)?,
        None => match ctx.look() {
            Ok(authority) => authority.identity().ledger.clone(),
            // A proof is checked where there is no home, too.
            Err(e) if e.code() == "home.missing" => return Err(Error::own("cli.ledger-missing", Vec::new())),
            Err(e) => return Err(e),
        },
    };
    let proof = match &a.checkpoint {
        Some(path) => against_held(&file, &ledger, path, &ctx.read(path)?)?,
        None => check_proof(&file, &ledger, None)?,
    };
    let shown = match proof {
        Proof::Inclusion { checkpoint, event, certificate } => row([
            ("outcome", "holds".into()),
            ("serial", certificate.serial().to_string().into()),
            ("subject", certificate.subject_text().into()),
            ("seq", event.seq.into()),
            ("size", checkpoint.size.into()),
            ("at", views::seconds(checkpoint.at)),
        ]),
        Proof::Consistency { old, new } => row([
            ("outcome", "holds".into()),
            ("old_size", old.size.into()),
            ("size", new.size.into()),
            ("at", views::seconds(new.at)),
        ]),
    };
    if a.checkpoint.is_none() {
        ctx.note("note-no-checkpoint", &[]);
    }
    ctx.out.one("proof", shown)
}

/// A file may hold several checkpoints that somebody kept: the proof must use one of them.
fn against_held(file: &[u8], ledger: &Certificate, path: &Path, held: &[u8]) -> Result<Proof> {
    let mut outcome = Err(Error::unreadable(path, CHECKPOINT_LABEL));
    for block in pem::blocks(held) {
        let (label, der) = block?;
        if label == CHECKPOINT_LABEL {
            let one = pem::encode(CHECKPOINT_LABEL, &der);
            match check_proof(file, ledger, Some(one.as_bytes())) {
                Ok(proof) => return Ok(proof),
                Err(e) => outcome = Err(e.into()),
            }
        }
    }
    outcome
}
