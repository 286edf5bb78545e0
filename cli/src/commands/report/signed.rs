//! Signed reports: `--signed FILE` of every report, and `hufu report verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::message;
use hufu_authority::report::{
    Asked, Difference, Report, ReportFault, ReportKind, ReportVerdict, Stated, Value, check_report,
};
use hufu_authority::write_atomically;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, print, row};
use crate::phrase::said;
use crate::report::{Words, show};
use crate::views;

/// The arguments of `hufu report verify`.
#[derive(Args)]
pub(crate) struct Verify {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long = "root", id = "root", value_name = "FILE")]
    roots: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
}

/// Makes a report, signs it into a file that must not be there yet, and gives it back to be shown.
pub(super) fn sign(ctx: &Context, path: &Path, kind: ReportKind, asked: &Asked) -> Result<Report> {
    let standard = path.as_os_str() == "-";
    if !standard && path.exists() {
        return Err(Error::own("cli.exists", vec![("path", path.display().to_string())]));
    }
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let signed = authority.sign_report(&session, kind, asked)?;
    if standard {
        print(signed.pem().as_bytes())?;
    } else {
        write_atomically(path, signed.pem().as_bytes())?;
        let (path, event) = (path.display().to_string(), signed.event.to_string());
        ctx.note("note-report-signed", &[("path", &path), ("event", &event)]);
        ctx.next("next-report-signed", &[("path", &path)]);
    }
    Ok(signed.statement.report)
}

/// Checks a signed report, shows it again, and says what speaks against it.
pub(super) fn verify(ctx: &Context, a: &Verify) -> Result<()> {
    let about = |e| Error::about_file(&a.file, e);
    let file = ctx.read_long(&a.file)?;
    let verdict = if a.roots.is_empty() {
        match ctx.look() {
            Ok(authority) => authority.verify_report(&file).map_err(about)?,
            // A signed report is checked where there is no home, too.
            Err(e) if e.code() == "home.missing" => return Err(Error::own("cli.root-missing", Vec::new())),
            Err(e) => return Err(e),
        }
    } else {
        let mut roots = Vec::new();
        for path in &a.roots {
            roots.extend(ctx.certificates(path)?);
        }
        check_report(&file, &roots, &[]).map_err(about)?
    };
    if let (Some(path), Some(statement)) = (&a.text, &verdict.statement) {
        crate::output::write_new(path, statement.encode()?.as_bytes())?;
        ctx.written(path);
    }
    if let Some(statement) = &verdict.statement {
        if let Some(out) = &a.out {
            show(ctx, &statement.report, Some(out))?;
        } else if ctx.out.format == Format::Table {
            show(ctx, &statement.report, None)?;
            print(b"\n")?;
        }
    }
    told(ctx, &a.file, &verdict)
}

/// Prints the verdict, and ends as it says.
fn told(ctx: &Context, file: &Path, verdict: &ReportVerdict) -> Result<()> {
    let differences: Vec<Row> = verdict.differences.iter().map(|d| difference(ctx, d)).collect();
    if ctx.out.format == Format::Csv {
        // One row for everything that speaks against it.
        let faults = verdict.faults.iter().map(|f| fault(ctx, f));
        let rows = faults.chain(differences).collect();
        ctx.out.list("report-verdict", &["rule", "message", "table", "row", "column", "signed", "recomputed"], rows)?;
    } else {
        ctx.out.one("report-verdict", shown(ctx, file, verdict, differences))?;
    }
    if !verdict.recomputed && verdict.faults.is_empty() {
        ctx.note("note-report-offline", &[]);
    }
    for rule in &verdict.reworded {
        let signed = verdict.statement.as_ref().and_then(|s| {
            let place = s.report.rules.iter().position(|known| known == rule)?;
            s.words.rules.get(place).map(|words: &Stated| words.text(ctx.lang).to_owned())
        });
        ctx.note("note-report-reworded", &[("signed", &signed.unwrap_or_default())]);
    }
    if verdict.holds() {
        return Ok(());
    }
    Err(Error::own("cli.report-invalid", vec![("path", file.display().to_string())]))
}

fn shown(ctx: &Context, file: &Path, verdict: &ReportVerdict, differences: Vec<Row>) -> Row {
    let mut out = row([
        ("file", file.display().to_string().into()),
        ("outcome", if verdict.holds() { "valid" } else { "invalid" }.into()),
    ]);
    let mut put = |name: &str, value: serde_json::Value| drop(out.insert(name.to_owned(), value));
    if let Some(s) = &verdict.statement {
        let kind = s.report.kind.code();
        let title = message(ctx.lang, &format!("title-report-{kind}")).unwrap_or(kind).trim_end();
        put("report", if ctx.out.format == Format::Table { title } else { kind }.into());
        put("at", views::instant(s.report.at));
        put("as_of", views::instant(s.report.as_of));
        put("authority", s.authority.as_str().into());
        put("operator", s.operator.as_str().into());
        put("office", s.office.as_str().into());
        put("signed_at", views::instant(s.signed_at));
        put("events", s.size.into());
        put("ledger_root", s.ledger_root.to_string().into());
        put("program", s.program.as_str().into());
    }
    put("signer", verdict.certificate.subject_text().into());
    put("serial", verdict.certificate.serial().to_string().into());
    put("sm3", verdict.digest.to_string().into());
    put("recomputed", verdict.recomputed.into());
    put("findings", verdict.faults.iter().map(|f| fault(ctx, f)).collect::<Vec<_>>().into());
    put("differences", differences.into());
    if ctx.out.format != Format::Table {
        put("reworded", verdict.reworded.clone().into());
        put("figures", verdict.statement.as_ref().map(|s| crate::report::document(&s.report)).into());
    }
    out
}

/// What speaks against it, in the language of the run, and what to do.
fn fault(ctx: &Context, fault: &ReportFault) -> Row {
    let told = ReportFault {
        code: fault.code,
        values: fault.values.iter().map(|(name, value)| (*name, said(ctx.lang, value))).collect(),
    };
    let hint = message(ctx.lang, &format!("hint-{}", fault.code)).unwrap_or_default().trim_end();
    row([("rule", fault.code.into()), ("message", told.text(ctx.lang).into()), ("hint", hint.into())])
}

/// A difference in the words of the report.
fn difference(ctx: &Context, d: &Difference) -> Row {
    let words = Words { lang: ctx.lang };
    let people = ctx.out.format == Format::Table;
    let table = if people { words.say(&format!("table-{}", d.table)) } else { d.table.to_owned() };
    let column = d.column.map(|c| if people { words.heading(c) } else { c.to_owned() });
    let value = |value: &Option<Value>| match (value, &d.row, d.column) {
        (Some(value), Some(_), Some(_)) => words.value(value, d.kind),
        // A whole row, table or column: that it is there is what there is to say.
        (Some(_), ..) => words.say("label-yes"),
        (None, ..) => words.say("label-no"),
    };
    row([
        ("table", table.into()),
        ("row", d.row.clone().map(|row| row.replace('|', " ")).into()),
        ("column", column.into()),
        ("signed", value(&d.signed).into()),
        ("recomputed", value(&d.recomputed).into()),
    ])
}
