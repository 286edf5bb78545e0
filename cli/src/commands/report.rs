//! `hufu report`: what was issued, by whom.

use clap::{Args, Subcommand};
use hufu_authority::data::Lang;
use hufu_authority::model::time::Instant;
use hufu_authority::{OrgFigures, Summary};

use crate::args::Format;
use crate::context::Context;
use crate::error::Result;
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
}

const COLUMNS: [&str; 8] = ["name", "org", "issued", "year_earlier", "growth", "new", "revoked", "valid"];

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Report) -> Result<()> {
    let Report::Summary(a) = args;
    let summary = ctx.look()?.summary(a.at, a.as_of)?;
    print_summary(ctx, &summary)
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
