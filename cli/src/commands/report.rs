//! `hufu report`: what was issued, by whom.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hufu_authority::data::{Lang, message, render};
use hufu_authority::model::time::Instant;
use hufu_authority::sheet::write::{Chart, csv, xlsx};
use hufu_authority::sheet::{Column, Kind, Table, Value};
use hufu_authority::{OrgFigures, Summary, write_atomically};

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Report {
    Summary(SummaryArgs),
}

#[derive(Args)]
pub(crate) struct SummaryArgs {
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    out: Option<PathBuf>,
}

const COLUMNS: [&str; 8] = ["name", "org", "issued", "year_earlier", "growth", "new", "revoked", "valid"];

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Report) -> Result<()> {
    let Report::Summary(a) = args;
    let summary = ctx.look()?.summary(a.at, a.as_of)?;
    match a.out {
        Some(path) => write_summary(ctx, &summary, &path),
        None => print_summary(ctx, &summary),
    }
}

/// Writes a summary as a file that a spreadsheet opens, in the form its name ends with.
fn write_summary(ctx: &Context, summary: &Summary, path: &Path) -> Result<()> {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let mut bytes = Vec::new();
    let table = table(ctx.lang, summary);
    match extension.as_deref() {
        Some("csv") => csv(&table, &mut bytes),
        Some("xlsx") => xlsx(&table, &mut bytes),
        _ => return Err(Error::own("cli.sheet-form", vec![("path", path.display().to_string())])),
    }
    .map_err(hufu_authority::Error::from)?;
    write_atomically(path, &bytes)?;
    ctx.note("note-written", &[("path", &path.display().to_string())]);
    Ok(())
}

fn table(lang: Lang, s: &Summary) -> Table {
    let column =
        |name: &str, kind| Column { title: message(lang, &format!("col-{name}")).unwrap_or(name).to_owned(), kind };
    let figures = ["issued", "year_earlier", "growth", "new", "revoked", "valid"];
    let kinds = [Kind::Integer, Kind::Integer, Kind::Share, Kind::Integer, Kind::Integer, Kind::Integer];
    let mut columns = vec![column("name", Kind::Text), column("org", Kind::Text)];
    columns.extend(figures.into_iter().zip(kinds).map(|(name, kind)| column(name, kind)));
    let count = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let line = |name: String, org: &str, f: &hufu_authority::Figures| {
        #[allow(clippy::cast_precision_loss)] // Ten-thousandths of any growth are far below 2^53.
        let growth = f.growth().per_ten_thousand().map_or(Value::Empty, |parts| Value::Share(parts as f64 / 1e4));
        let (issued, earlier) = (count(f.issued), count(f.year_earlier));
        let rest = [issued, earlier, growth, count(f.new), count(f.revoked), count(f.valid)];
        [Value::Text(name), Value::Text(org.to_owned())].into_iter().chain(rest).collect::<Vec<_>>()
    };
    let organisations = s.organisations.iter().map(|o| {
        // Full-width spaces: a spreadsheet shows them, and a sheet in either language keeps the tree.
        line(format!("{}{}", "\u{3000}".repeat(o.depth), name(lang, o)), o.org.as_str(), &o.total)
    });
    let mut rows: Vec<Vec<Value>> = organisations.collect();
    let parts = rows.len();
    rows.extend(
        s.algorithms.iter().map(|(algorithm, f)| line(format!("* {}", algorithm.code().to_uppercase()), "", f)),
    );
    let times = [views::instant(s.at), views::instant(s.as_of)];
    let [at, as_of] = times.each_ref().map(|t| t.as_str().unwrap_or_default());
    Table {
        title: message(lang, "title-report-summary").unwrap_or_default().to_owned(),
        notes: vec![render(lang, "note-report", &[("at", at), ("as_of", as_of)])],
        columns,
        rows,
        // The whole is not drawn among its parts.
        chart: Some(Chart { names: 0, bars: vec![2], rows: (1.min(parts), parts.saturating_sub(1)) }),
    }
}

/// Prints a summary.
pub(crate) fn print_summary(ctx: &Context, summary: &Summary) -> Result<()> {
    if ctx.out.format == Format::Json {
        return ctx.out.one("report-summary", document(ctx.lang, summary));
    }
    let mut rows: Vec<Row> = summary.organisations.iter().map(|o| line(ctx, o)).collect();
    let single = ctx.out.format != Format::Table;
    if single {
        return ctx.out.list("report-summary", &COLUMNS, rows);
    }
    let (at, as_of) = (views::instant(summary.at), views::instant(summary.as_of));
    ctx.note("note-report", &[("at", at.as_str().unwrap_or_default()), ("as_of", as_of.as_str().unwrap_or_default())]);
    rows.extend(summary.algorithms.iter().map(|(algorithm, figures)| {
        let mut out = row([("name", format!("* {}", algorithm.code().to_uppercase()).into()), ("org", "".into())]);
        out.extend(views::figures(figures));
        out
    }));
    rows.iter_mut().for_each(|row| read_aloud(ctx.lang, row));
    ctx.out.list("report-summary", &COLUMNS, rows)
}

/// Growth as people write it: `—` where there was nothing before, and 7.6倍 for 7.6x in Chinese.
fn read_aloud(lang: Lang, row: &mut Row) {
    let text = row.get("growth").and_then(|g| g.as_str()).unwrap_or("—").to_owned();
    let text = match text.strip_suffix('x') {
        Some(times) if lang == Lang::Zh => format!("{times}倍"),
        _ => text,
    };
    row.insert("growth".to_owned(), text.into());
}

fn name(lang: Lang, o: &OrgFigures) -> &str {
    if lang == Lang::En && !o.name_en.is_empty() { &o.name_en } else { &o.name }
}

fn line(ctx: &Context, o: &OrgFigures) -> Row {
    let indent = if ctx.out.format == Format::Table { "  ".repeat(o.depth) } else { String::new() };
    let mut out = row([
        ("name", format!("{indent}{}", name(ctx.lang, o)).into()),
        ("org", o.org.as_str().into()),
        ("kind", o.kind.code().into()),
        ("depth", o.depth.into()),
    ]);
    out.extend(views::figures(&o.total));
    out
}

fn document(lang: Lang, s: &Summary) -> Row {
    let organisation = |o: &OrgFigures| {
        row([
            ("org", o.org.as_str().into()),
            ("name", name(lang, o).into()),
            ("kind", o.kind.code().into()),
            ("depth", o.depth.into()),
            ("own", views::figures(&o.own).into()),
            ("total", views::figures(&o.total).into()),
        ])
    };
    let algorithms = s.algorithms.iter().map(|(algorithm, figures)| {
        let mut out = row([("algorithm", algorithm.code().into())]);
        out.extend(views::figures(figures));
        out
    });
    row([
        ("at", views::instant(s.at)),
        ("as_of", views::instant(s.as_of)),
        ("unit", "pair".into()),
        ("total", views::figures(&s.total).into()),
        ("algorithms", algorithms.collect::<Vec<_>>().into()),
        ("organisations", s.organisations.iter().map(organisation).collect::<Vec<_>>().into()),
    ])
}
