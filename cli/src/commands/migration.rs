//! `hufu migration`: how far each organisation has come, and cutovers.

use clap::{Args, Subcommand};
use hufu_authority::data::{Lang, migrations};
use hufu_authority::model::certificate::Algorithm;
use hufu_authority::model::ident::{MigrationId, OrgId};
use hufu_authority::model::migration::Cutover;
use hufu_authority::model::time::{Day, Instant, TimeError};
use hufu_authority::report::{Asked, Table, Value};
use hufu_authority::{Authority, Change, CutoverRow, ErrorKind, ReportKind};

use super::{outcome, proposal};
use crate::args::Format;
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum MigrationCommand {
    List(List),
    Status(Status),
    #[command(subcommand)]
    Cutover(CutoverCommand),
}

#[derive(Args)]
pub(crate) struct List {}

#[derive(Args)]
pub(crate) struct Status {
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_name = "MIGRATION")]
    migration: Option<MigrationId>,
}

/// The verbs of cutovers.
#[derive(Subcommand)]
pub(crate) enum CutoverCommand {
    Propose(Propose),
    Approve(proposal::One),
    List(ListCutovers),
}

#[derive(Args)]
pub(crate) struct Propose {
    #[arg(value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_name = "TIME", value_parser = beginning_of, required_unless_present = "withdraw")]
    effective: Option<Instant>,
    #[arg(long, requires = "evidence")]
    attested: bool,
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
    #[arg(long, requires = "evidence", conflicts_with_all = ["effective", "attested"])]
    withdraw: bool,
    #[arg(long, value_name = "MIGRATION")]
    migration: Option<MigrationId>,
}

#[derive(Args)]
pub(crate) struct ListCutovers {
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
}

/// A bare date means the beginning of the day: from then on it holds.
fn beginning_of(text: &str) -> std::result::Result<Instant, TimeError> {
    text.parse::<Day>().map_or_else(|_| text.parse(), |day| Ok(day.first_instant()))
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: MigrationCommand) -> Result<()> {
    match args {
        MigrationCommand::List(_) => list(ctx),
        MigrationCommand::Status(a) => status(ctx, a),
        MigrationCommand::Cutover(CutoverCommand::Propose(a)) => propose(ctx, a),
        MigrationCommand::Cutover(CutoverCommand::Approve(a)) => proposal::approve(ctx, &a),
        MigrationCommand::Cutover(CutoverCommand::List(a)) => {
            let rows = ctx.look()?.cutovers(a.as_of)?.iter().map(cutover).collect();
            let columns = ["event", "org", "migration", "effective", "attested", "withdrawn", "evidence"];
            ctx.out.list("cutover-list", &columns, rows)
        }
    }
}

fn list(ctx: &Context) -> Result<()> {
    let records = ctx.look()?.cutovers(None)?;
    let row_of = |m: hufu_authority::model::migration::Migration| {
        let from: Vec<&str> = m.from.iter().copied().map(Algorithm::code).collect();
        row([
            ("migration", m.id.as_str().into()),
            ("name", if ctx.lang == Lang::Zh { m.zh.as_str() } else { m.en.as_str() }.into()),
            ("algorithms_from", from.join(" ").into()),
            ("algorithm_to", m.to.code().into()),
            ("cutovers", holding(&records, &m.id).into()),
        ])
    };
    let rows = migrations().into_iter().map(row_of).collect();
    ctx.out.list("migration-list", &["migration", "name", "algorithms_from", "algorithm_to", "cutovers"], rows)
}

/// How many organisations have a cutover on record that was not withdrawn, in force or to come.
fn holding(records: &[CutoverRow], migration: &MigrationId) -> usize {
    let own = records.iter().map(|row| &row.cutover).filter(|c| c.migration == *migration);
    let last: std::collections::BTreeMap<&OrgId, bool> = own.map(|c| (&c.org, !c.withdrawn)).collect();
    last.into_values().filter(|holds| *holds).count()
}

fn status(ctx: &Context, a: Status) -> Result<()> {
    let asked = Asked { at: a.at, as_of: a.as_of, org: a.org, migration: a.migration, ..Asked::default() };
    let report = ctx.look()?.report(ReportKind::Migration, &asked)?;
    let mut tables = report.tables.iter();
    let Some(organisations) = tables.next() else { return Ok(()) };
    let (at, as_of) = (views::instant(report.at), views::instant(report.as_of));
    let text = |at: &serde_json::Value| at.as_str().unwrap_or_default().to_owned();
    ctx.note("note-report", &[("at", &text(&at)), ("as_of", &text(&as_of))]);
    let columns = ["name", "kind", "migration_state", "since", "basis", "legacy_live", "new_live", "new_share"];
    ctx.out.list("migration-status", &columns, rows(ctx, organisations))?;
    match tables.next().filter(|_| ctx.out.format == Format::Table && !ctx.out.quiet) {
        Some(kinds) => {
            let columns = ["kind", "organisations", "not_started", "prepared", "dual_issue", "finished"];
            ctx.out.list("migration-kinds", &columns, rows(ctx, kinds))
        }
        None => Ok(()),
    }
}

fn rows(ctx: &Context, table: &Table) -> Vec<Row> {
    let one = |shown: &hufu_authority::report::Row| {
        let indent = if ctx.out.format == Format::Table { "  ".repeat(shown.depth) } else { String::new() };
        let cells = table.columns.iter().zip(&shown.values);
        cells.map(|(column, value)| (column.name.to_owned(), cell(ctx.lang, &indent, value))).collect()
    };
    table.rows.iter().map(one).collect()
}

/// A value as the command line shows it.
fn cell(lang: Lang, indent: &str, value: &Value) -> serde_json::Value {
    match value {
        Value::Name { zh, en } => {
            let name = if lang == Lang::En && !en.is_empty() { en } else { zh };
            format!("{indent}{name}").into()
        }
        Value::Code(text) | Value::Text(text) => text.as_str().into(),
        Value::Count(n) => (*n).into(),
        Value::Share(parts) => format!("{}.{}%", parts / 100, parts / 10 % 10).into(),
        Value::Moment(at) => views::instant(*at),
        Value::Day(day) | Value::Month(day) => day.to_string().into(),
        Value::Empty | Value::Growth(_) => serde_json::Value::Null,
    }
}

fn propose(ctx: &Context, a: Propose) -> Result<()> {
    let authority = ctx.open()?;
    let migration = match a.migration {
        Some(id) => id,
        None => migrations().into_iter().next().map(|m| m.id).ok_or_else(|| unknown(String::new()))?,
    };
    let effective = match a.effective {
        Some(effective) => effective,
        None => on_record(&authority, &a.org, &migration)?,
    };
    let cutover = Cutover {
        org: a.org.clone(),
        migration,
        effective,
        attested: a.attested,
        evidence: a.evidence.unwrap_or_default(),
        withdrawn: a.withdraw,
    };
    let session = ctx.session(&authority)?;
    let done = authority.change(&session, &Change::Cutover(cutover))?;
    outcome(ctx, a.org.as_str(), &done)
}

/// The instant of the cutover that is to be withdrawn.
fn on_record(authority: &Authority, org: &OrgId, migration: &MigrationId) -> Result<Instant> {
    let all = authority.cutovers(None)?;
    let last = all.iter().rev().map(|row| &row.cutover).find(|c| c.org == *org && c.migration == *migration);
    let missing = || ErrorKind::NoCutover { org: org.clone(), migration: migration.clone() };
    Ok(last.ok_or_else(|| hufu_authority::Error::from(missing()))?.effective)
}

fn unknown(id: String) -> hufu_authority::Error {
    ErrorKind::UnknownMigration(id).into()
}

fn cutover(r: &CutoverRow) -> Row {
    row([
        ("event", r.event.into()),
        ("org", r.cutover.org.as_str().into()),
        ("migration", r.cutover.migration.as_str().into()),
        ("effective", views::instant(r.cutover.effective)),
        ("attested", r.cutover.attested.into()),
        ("withdrawn", r.cutover.withdrawn.into()),
        ("evidence", r.cutover.evidence.as_str().into()),
    ])
}
