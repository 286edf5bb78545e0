//! `hufu import`: the inventory of other authorities.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hufu_authority::data::render;
use hufu_authority::import::source::Options;
use hufu_authority::import::{ImportPlan, ImportReport, Match, OrgRules, RowFinding, Source, SourceFault};
use hufu_authority::model::ident::{Digest, ImportId, OrgId, Serial};
use hufu_authority::sheet::{FindingsForm, Limits, annotate, list as list_findings};
use hufu_authority::write_atomically;
use hufu_authority::x509::legacy::Issuers;

use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    Legacy(Legacy),
    List,
    Match(Matching),
    Link(Link),
}

#[derive(Args)]
pub(crate) struct Legacy {
    #[arg(value_name = "SOURCE", required = true)]
    source: Vec<PathBuf>,
    #[arg(long, value_name = "NAME")]
    id: Option<ImportId>,
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    issuer: Vec<PathBuf>,
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Matching {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    #[arg(long)]
    link: bool,
}

#[derive(Args)]
pub(crate) struct Link {
    #[arg(value_name = "LEGACY")]
    legacy: Digest,
    #[arg(value_name = "SERIAL")]
    serial: Serial,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: ImportCommand) -> Result<()> {
    match args {
        ImportCommand::Legacy(a) => legacy(ctx, &a),
        ImportCommand::List => list(ctx),
        ImportCommand::Match(a) => matching(ctx, &a),
        ImportCommand::Link(a) => {
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            authority.link(&session, &[(a.legacy, a.serial.clone())])?;
            let (legacy, serial) = (a.legacy.to_string(), a.serial.to_string());
            ctx.out.one(
                "import-link",
                row([("legacy", legacy.into()), ("serial", serial.into()), ("outcome", "done".into())]),
            )
        }
    }
}

/// What is said about rows: the first of each sort, and all of them where they are to be written.
#[derive(Default)]
struct Findings {
    first: BTreeMap<&'static str, RowFinding>,
    all: Option<Vec<RowFinding>>,
}

impl Findings {
    fn add(&mut self, finding: &RowFinding) {
        self.first.entry(finding.code).or_insert_with(|| finding.clone());
        if let Some(all) = &mut self.all {
            all.push(finding.clone());
        }
    }
}

/// A finding in the language of the run.
fn text(ctx: &Context, finding: &RowFinding) -> String {
    let what = finding.what.escape_debug().to_string();
    let said = render(ctx.lang, &format!("err-{}", finding.code), &[("what", &what)]);
    // What a reader says beyond its code is data: a column, a line.
    if what.is_empty() || said.contains(&what) { said } else { format!("{said} ({what})") }
}

fn legacy(ctx: &Context, a: &Legacy) -> Result<()> {
    let digest = Source::digest(&a.source)?;
    let names: Vec<String> = a.source.iter().map(|path| path.display().to_string()).collect();
    let id = match &a.id {
        Some(id) => id.clone(),
        None => format!("import-{}", digest.to_string().chars().take(16).collect::<String>()).parse()?,
    };
    let rules = a.rules.as_deref().map(OrgRules::open).transpose()?;
    let plan = ImportPlan { id, source: names.join(" "), digest, org: a.org.clone(), rules, dry_run: a.dry_run };
    let mut issuers = Issuers::new();
    for path in &a.issuer {
        for certificate in hufu_authority::x509::legacy::Members::new(&ctx.read_long(path)?[..]) {
            let der = certificate.map_err(|e| Error::unreadable(path, e.to_string()))?;
            issuers.add(&der).map_err(hufu_authority::Error::from)?;
        }
    }
    let mut authority = if a.dry_run { ctx.look()? } else { ctx.open()? };
    let session = ctx.session(&authority)?;
    ctx.unlock(&mut authority)?;
    let mut source = Source::open(&a.source, Options { issuers, now: Some(authority.now()), ..Options::default() })?;
    let bar = ctx.progress(0);
    let mut findings = Findings { all: a.findings.as_ref().map(|_| Vec::new()), ..Findings::default() };
    let far = |report: &ImportReport| ctx.stage(&bar, "import", report.read, report.read);
    let report = authority.import(&session, &plan, source.by_ref(), &mut |one| findings.add(one), &far)?;
    drop(bar);
    for note in source.notes() {
        ctx.say(&text(ctx, &of_note(note)));
    }
    if let Some(path) = &a.findings {
        write_findings(ctx, a, path, findings.all.take().unwrap_or_default())?;
        ctx.written(path);
    }
    if a.dry_run {
        ctx.note("note-dry-run", &[]);
    }
    ctx.out.one("import", shown(ctx, &plan, &report, &findings))?;
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    if report.refused > 0 {
        let done = number(report.new + report.known + report.status_changes);
        return Err(Error::Batch { done, failed: number(report.refused), first: Exit::Usage });
    }
    if !a.dry_run {
        ctx.next("next-import", &[]);
    }
    Ok(())
}

fn of_note(note: &SourceFault) -> RowFinding {
    let (place, what) = (note.place.clone(), note.text.clone());
    RowFinding { position: note.position, place, code: note.code, what, refused: false }
}

fn shown(ctx: &Context, plan: &ImportPlan, report: &ImportReport, findings: &Findings) -> Row {
    let outcome = if plan.dry_run { "planned" } else { "done" };
    let mut shown = row([
        ("id", plan.id.as_str().into()),
        ("outcome", outcome.into()),
        ("rows_read", report.read.into()),
        ("recorded", report.new.into()),
        ("second_halves", report.second_halves.into()),
        ("status_changes", report.status_changes.into()),
        ("known_before", report.known.into()),
        ("refused", report.refused.into()),
    ]);
    let groups = report.groups.iter().map(|((org, algorithm), count)| {
        serde_json::Value::Object(row([
            ("org", org.as_str().into()),
            ("algorithm", algorithm.code().into()),
            ("count", (*count).into()),
        ]))
    });
    shown.insert("by_organisation".to_owned(), groups.collect::<Vec<_>>().into());
    let found = report.findings.iter().map(|(code, (count, refused))| {
        let first = findings.first.get(code);
        serde_json::Value::Object(row([
            ("code", (*code).into()),
            ("count", (*count).into()),
            ("refused", (*refused).into()),
            ("first_place", first.map_or("", |f| f.place.as_str()).into()),
            ("message", first.map(|f| text(ctx, f)).unwrap_or_default().into()),
        ]))
    });
    shown.insert("row_findings".to_owned(), found.collect::<Vec<_>>().into());
    shown
}

/// Writes the findings: into the rows of the sheet where the source is one, as a list otherwise.
fn write_findings(ctx: &Context, a: &Legacy, path: &Path, found: Vec<RowFinding>) -> Result<()> {
    let csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let form = if csv { FindingsForm::Csv } else { FindingsForm::Xlsx };
    let title = ctx.word("col-finding");
    let mut out = Vec::new();
    let sheet = |path: &PathBuf| {
        path.is_file()
            && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("xlsx"))
    };
    match a.source.as_slice() {
        [one] if sheet(one) => {
            let mut rows: HashMap<u64, Vec<String>> = HashMap::new();
            for finding in &found {
                rows.entry(finding.position).or_default().push(text(ctx, finding));
            }
            let said = |n: u32| rows.get(&u64::from(n)).map(|texts| texts.join("; "));
            annotate(one, Limits::INVENTORY, &title, said, form, &mut out).map_err(hufu_authority::Error::from)?;
        }
        _ => {
            let columns = ["col-position", "col-first_place", "col-code", "col-finding"].map(|key| ctx.word(key));
            let rows = found.iter().map(|f| [f.position.to_string(), f.place.clone(), f.code.to_owned(), text(ctx, f)]);
            let columns = columns.each_ref().map(String::as_str);
            list_findings(&title, columns, rows, form, &mut out).map_err(hufu_authority::Error::from)?;
        }
    }
    Ok(write_atomically(path, &out)?)
}

fn list(ctx: &Context) -> Result<()> {
    let authority = ctx.look()?;
    let session = ctx.session(&authority)?;
    let rows = authority.imports(&session)?.into_iter().map(|import| {
        row([
            ("id", import.row.id.as_str().into()),
            ("at", views::seconds(import.row.at)),
            ("operator", import.row.operator.as_str().into()),
            ("certificates", import.certificates.into()),
            ("source", import.row.source.as_str().into()),
            ("digest", import.row.digest.to_string().into()),
            ("rules_digest", import.row.rules.map(|rules| rules.to_string()).into()),
        ])
    });
    ctx.out.list("import-list", &["id", "at", "operator", "certificates", "source"], rows.collect())
}

fn matching(ctx: &Context, a: &Matching) -> Result<()> {
    const COLUMNS: [&str; 7] = ["legacy", "org", "subject", "not_after", "match", "serial", "candidates"];
    let authority = if a.link { ctx.open()? } else { ctx.look()? };
    let session = ctx.session(&authority)?;
    let found = authority.matches(&session, a.org.as_ref(), a.limit)?;
    let mut rows: Vec<Row> =
        found.unique.iter().map(|one| matched(one, if a.link { "linked" } else { "unique" })).collect();
    rows.extend(found.ambiguous.iter().map(|one| matched(one, "ambiguous")));
    if a.link && !found.unique.is_empty() {
        let links: Vec<(Digest, Serial)> =
            found.unique.iter().filter_map(|one| Some((one.legacy.id, one.ours.first()?.serial.clone()))).collect();
        authority.link(&session, &links)?;
    }
    ctx.out.list("import-match", &COLUMNS, rows)?;
    if found.more {
        ctx.note("note-more", &[("count", &a.limit.to_string()), ("flag", "--limit 0")]);
    }
    Ok(())
}

/// An imported certificate and the oldest of ours that may have taken its place.
fn matched(one: &Match, how: &str) -> Row {
    let first = one.ours.first();
    row([
        ("legacy", one.legacy.id.to_string().into()),
        ("org", one.legacy.org.as_str().into()),
        ("subject", one.legacy.subject.as_str().into()),
        ("not_after", views::seconds(one.legacy.validity.not_after())),
        ("match", how.into()),
        ("serial", first.map(|ours| ours.serial.to_string()).into()),
        ("candidates", one.ours.len().into()),
    ])
}
