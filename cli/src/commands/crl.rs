//! `hufu crl`: revocation lists, published from the ledger, looked at, and watched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use hufu_authority::model::crl::{CrlKind, SHARD_ENTRIES};
use hufu_authority::model::time::{Clock, Instant};
use hufu_authority::watch::{self, Seen, Sighting};
use hufu_authority::x509::crl::Crl;
use hufu_authority::{AfterSigning, Authority, Publication, PublishedCrl, Publishing, SystemClock, write_atomically};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum CrlCommand {
    Publish(Publish),
    Show(Show),
    List(List),
    Watch(Watch),
}

/// Publishes.
#[derive(Args)]
pub(crate) struct Publish {
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[arg(long)]
    delta: bool,
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: Option<u16>,
    #[arg(long, value_name = "N")]
    agreed_changes: Option<u64>,
    #[arg(long)]
    dry_run: bool,
}

/// Shows one list.
#[derive(Args)]
pub(crate) struct Show {
    #[arg(value_name = "FILE", required_unless_present = "latest")]
    file: Option<PathBuf>,
    #[arg(long, conflicts_with = "file")]
    latest: bool,
    #[arg(long)]
    entries: bool,
}

/// Lists the publications on record.
#[derive(Args)]
pub(crate) struct List {
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

/// Watches a folder.
#[derive(Args)]
pub(crate) struct Watch {
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[arg(long = "ca", id = "ca", value_name = "FILE", required = true)]
    cas: Vec<PathBuf>,
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    #[arg(long)]
    once: bool,
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
}

/// Does what the verb says.
pub(crate) fn run(ctx: &Context, command: CrlCommand) -> Result<()> {
    match command {
        CrlCommand::Publish(args) => publish(ctx, &args),
        CrlCommand::Show(args) => show(ctx, &args),
        CrlCommand::List(args) => list(ctx, &args),
        CrlCommand::Watch(args) => watching(ctx, &args),
    }
}

const PUBLISHED: [&str; 8] = ["number", "part", "entries", "size", "this_update", "next_update", "outcome", "path"];

fn publish(ctx: &Context, args: &Publish) -> Result<()> {
    let authority = if args.dry_run { ctx.look()? } else { ctx.open()? };
    let mut publishing = settings(&authority, args.dir.as_deref())?;
    publishing.agreed_changes = args.agreed_changes;
    if args.delta {
        publishing.kind = CrlKind::Delta;
    }
    if let Some(days) = args.days {
        publishing.life = i64::from(days) * 86_400;
    }
    let session = ctx.session(&authority)?;
    let (outcome, publications) = if args.dry_run {
        ctx.note("note-dry-run", &[]);
        ("planned", authority.plan_crl(&session, &publishing)?)
    } else {
        let ca = ctx.signer(&authority, &session, AfterSigning::Verify)?;
        ("published", authority.publish_crl(&session, &ca, &publishing)?)
    };
    for publication in &publications {
        tell(ctx, publication);
    }
    let rows = publications.iter().flat_map(|publication| published(publication, outcome)).collect();
    ctx.out.list("crl-list", &PUBLISHED, rows)?;
    if !args.dry_run {
        ctx.next("next-crl-publish", &[("dir", &publishing.folder.display().to_string())]);
    }
    Ok(())
}

/// Says what somebody should know about a publication beyond its lists.
pub(super) fn tell(ctx: &Context, publication: &Publication) {
    for path in &publication.replaced {
        ctx.note("note-crl-replaced", &[("path", &path.display().to_string())]);
    }
    let fullest = publication.lists.iter().filter(|list| is_shard(list)).map(|list| list.entries).max();
    if let Some(entries) = fullest.filter(|entries| *entries > SHARD_ENTRIES) {
        ctx.note("note-crl-shards-full", &[("entries", &entries.to_string()), ("limit", &SHARD_ENTRIES.to_string())]);
    }
}

fn is_shard(list: &hufu_authority::PublishedList) -> bool {
    matches!(list.part, hufu_authority::model::crl::CrlPart::Shard(_))
}

/// What to publish and where: by the flag or by the home's settings.
pub(super) fn settings(authority: &Authority, dir: Option<&Path>) -> Result<Publishing> {
    let set = authority.home().publishing();
    match (dir, set) {
        (Some(dir), Some(set)) => Ok(Publishing { folder: dir.to_owned(), ..set }),
        (Some(dir), None) => Ok(Publishing::full(dir)),
        (None, Some(set)) => Ok(set),
        (None, None) => Err(Error::own("cli.publish-missing", Vec::new())),
    }
}

fn published<'a>(publication: &'a Publication, outcome: &'static str) -> impl Iterator<Item = Row> + 'a {
    let issue = &publication.issue;
    publication.lists.iter().map(move |list| {
        row([
            ("instance", issue.ca.into()),
            ("number", issue.number.into()),
            ("part", list.part.to_string().into()),
            ("base", issue.base.into()),
            ("entries", list.entries.into()),
            ("size", list.size.into()),
            ("this_update", views::seconds(issue.this_update)),
            ("next_update", views::seconds(issue.next_update)),
            ("changes", publication.changes.into()),
            ("outcome", outcome.into()),
            ("digest", list.digest.map(|digest| digest.to_string()).into()),
            ("path", list.path.display().to_string().into()),
        ])
    })
}

fn show(ctx: &Context, args: &Show) -> Result<()> {
    let path = match &args.file {
        Some(file) => file.clone(),
        None => {
            let authority = ctx.look()?;
            let publishing = settings(&authority, None)?;
            let latest = authority.latest_crl(&publishing.folder)?;
            latest.ok_or_else(|| Error::own("cli.no-crl", vec![("path", publishing.folder.display().to_string())]))?
        }
    };
    let crl = Crl::from_bytes(&ctx.read_long(&path)?).map_err(|e| Error::about_file(&path, e))?;
    let mut shown = row([
        ("file", path.display().to_string().into()),
        ("issuer", crl.issuer_text().into()),
        ("number", number(crl.number())),
        ("base", number(crl.delta_base())),
        ("entries", crl.count().into()),
        ("size", crl.der().len().into()),
        ("this_update", views::seconds(crl.this_update())),
        ("next_update", crl.next_update().map_or(serde_json::Value::Null, views::seconds)),
        ("shard", crl.issuing_point().map(|point| point.urls.join(" ")).into()),
    ]);
    if args.entries {
        let entries: Vec<Row> = crl
            .entries()
            .map(|entry| {
                row([
                    ("serial", entry.serial.to_string().into()),
                    ("at", views::seconds(entry.at)),
                    ("revocation_reason", entry.reason.map(|reason| reason.code()).into()),
                ])
            })
            .collect();
        shown.insert("revoked".to_owned(), entries.into());
    }
    ctx.out.one("crl", shown)
}

/// A number of a CRL; beyond 64 bits, which only foreign ones have, as text.
fn number(number: Option<u128>) -> serde_json::Value {
    match number.map(u64::try_from) {
        None => serde_json::Value::Null,
        Some(Ok(small)) => small.into(),
        Some(Err(_)) => number.map(|n| n.to_string()).into(),
    }
}

fn list(ctx: &Context, args: &List) -> Result<()> {
    let authority = ctx.look()?;
    let mut all = authority.crls(None, 0)?;
    // The newest are those that are asked about.
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let older = if limit == 0 { 0 } else { all.len().saturating_sub(limit) };
    all.drain(..older);
    let columns = ["instance", "number", "kind", "base", "entries", "lists", "this_update", "next_update", "outcome"];
    ctx.out.list("crl-list", &columns, all.iter().map(on_record).collect())?;
    if older > 0 {
        ctx.note("note-newest", &[("count", &args.limit.to_string())]);
    }
    Ok(())
}

fn on_record(published: &PublishedCrl) -> Row {
    let issue = &published.issue;
    // The first list is the one that has everything: full, or delta.
    let main = published.lists.iter().find(|list| list.part.to_string() == issue.kind.code());
    row([
        ("instance", issue.ca.into()),
        ("number", issue.number.into()),
        ("kind", issue.kind.code().into()),
        ("base", issue.base.into()),
        ("entries", main.map(|list| list.entries).into()),
        ("lists", published.lists.len().into()),
        ("position", issue.position.into()),
        ("this_update", views::seconds(issue.this_update)),
        ("next_update", views::seconds(issue.next_update)),
        ("outcome", if published.files.is_empty() { "unconfirmed" } else { "published" }.into()),
    ])
}

fn watching(ctx: &Context, args: &Watch) -> Result<()> {
    let cas = args.cas.iter().map(|file| ctx.certificate(file)).collect::<Result<Vec<_>>>()?;
    let mut seen = Seen::default();
    if let Some(state) = args.state.as_deref().filter(|state| state.exists()) {
        seen = Seen::from_text(&ctx.read_text(state)?);
    }
    loop {
        let now = args.at.unwrap_or_else(|| SystemClock.now());
        let mut sightings = Vec::new();
        for ca in &cas {
            sightings.extend(watch::look(&args.dir, ca, now, &mut seen)?);
        }
        if let Some(state) = &args.state {
            write_atomically(state, seen.to_text().as_bytes())?;
        }
        let alarms: usize = sightings.iter().filter(|sighting| !sighting.alarms.is_empty()).count();
        let columns = ["outcome", "number", "entries", "this_update", "next_update", "alarms", "path"];
        ctx.out.list("crl-watch-list", &columns, sightings.iter().map(sighted).collect())?;
        if alarms > 0 {
            let values = vec![("count", alarms.to_string()), ("alarms", named(&sightings))];
            return Err(Error::own("cli.crl-alarm", values));
        }
        if args.once {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(args.interval));
    }
}

/// Every alarm there is, once.
fn named(sightings: &[Sighting]) -> String {
    let mut codes: Vec<&str> = sightings.iter().flat_map(|s| s.alarms.iter().map(|alarm| alarm.code())).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(", ")
}

fn sighted(sighting: &Sighting) -> Row {
    let alarms: Vec<&str> = sighting.alarms.iter().map(|alarm| alarm.code()).collect();
    row([
        ("outcome", if alarms.is_empty() { "good" } else { "alarm" }.into()),
        ("number", number(sighting.number)),
        ("entries", sighting.entries.into()),
        ("this_update", sighting.this_update.map_or(serde_json::Value::Null, views::seconds)),
        ("next_update", sighting.next_update.map_or(serde_json::Value::Null, views::seconds)),
        ("alarms", alarms.into()),
        ("path", sighting.path.display().to_string().into()),
    ])
}
