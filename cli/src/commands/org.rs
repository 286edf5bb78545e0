//! `hufu org`: the organisations.

use clap::{Args, Subcommand};
use hufu_authority::data::{Lang, roster_2018_h1};
use hufu_authority::model::ident::{OrgId, ProfileId};
use hufu_authority::model::org::{Limits, OrgKind, OrgStatus, OrgTree, Organisation, RegionCode};
use hufu_authority::{CA, Change};

use super::{Batch, outcome};
use crate::args::{Format, codes};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::views;

const LIMITS: [&str; 6] = ["profiles", "quota-day", "quota-total", "max-days", "region", "name-prefix"];

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Org {
    Add(Add),
    List(List),
    Show(One),
    Move(Move),
    Limits(SetLimits),
    Freeze(One),
    Unfreeze(One),
    LoadRoster(LoadRoster),
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_name = "ORG")]
    parent: OrgId,
    #[arg(long, value_parser = codes::<OrgKind>(OrgKind::ALL.map(OrgKind::code)))]
    kind: OrgKind,
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    name_en: String,
    #[arg(long, value_name = "CODE")]
    region: Option<RegionCode>,
    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Args)]
pub(crate) struct LimitArgs {
    #[arg(long, value_name = "PROFILE", value_delimiter = ',')]
    profiles: Option<Vec<ProfileId>>,
    #[arg(long, value_name = "N")]
    quota_day: Option<u32>,
    #[arg(long, value_name = "N")]
    quota_total: Option<u32>,
    #[arg(long, value_name = "DAYS")]
    max_days: Option<u32>,
    #[arg(long, value_name = "CODE")]
    limit_region: Option<RegionCode>,
    #[arg(long, value_name = "TEXT")]
    name_prefix: Option<String>,
}

impl LimitArgs {
    /// `base` with every limit that is given in its place.
    fn over(self, base: Limits) -> Limits {
        Limits {
            profiles: self.profiles.or(base.profiles),
            quota_day: self.quota_day.or(base.quota_day),
            quota_total: self.quota_total.or(base.quota_total),
            max_days: self.max_days.or(base.max_days),
            region: self.limit_region.or(base.region),
            name_prefix: self.name_prefix.or(base.name_prefix),
        }
    }
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long, value_name = "ORG")]
    under: Option<OrgId>,
}

#[derive(Args)]
pub(crate) struct One {
    #[arg(value_name = "ORG")]
    org: OrgId,
}

#[derive(Args)]
pub(crate) struct Move {
    #[arg(value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_name = "ORG")]
    to: OrgId,
}

#[derive(Args)]
pub(crate) struct SetLimits {
    #[arg(value_name = "ORG")]
    org: OrgId,
    #[command(flatten)]
    limits: LimitArgs,
    #[arg(long, value_name = "LIMIT", value_delimiter = ',', value_parser = LIMITS)]
    clear: Vec<String>,
}

#[derive(Args)]
pub(crate) struct LoadRoster {
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Org) -> Result<()> {
    match args {
        Org::Add(a) => add(ctx, a),
        Org::List(a) => list(ctx, a.under),
        Org::Show(a) => show(ctx, &a.org),
        Org::Move(a) => change(ctx, &a.org.clone(), &Change::OrgMove { org: a.org, to: a.to }),
        Org::Limits(a) => limits(ctx, a),
        Org::Freeze(a) => {
            ctx.confirm("confirm-freeze", &[("org", a.org.as_str())])?;
            change(ctx, &a.org.clone(), &Change::OrgFreeze(a.org))
        }
        Org::Unfreeze(a) => change(ctx, &a.org.clone(), &Change::OrgUnfreeze(a.org)),
        Org::LoadRoster(a) => load_roster(ctx, a.dry_run),
    }
}

fn change(ctx: &Context, org: &OrgId, change: &Change) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let done = authority.change(&session, change)?;
    outcome(ctx, org.as_str(), &done)
}

fn add(ctx: &Context, a: Add) -> Result<()> {
    let org = Organisation {
        id: a.org.clone(),
        parent: Some(a.parent),
        kind: a.kind,
        name: a.name,
        name_en: a.name_en,
        region: a.region,
        limits: a.limits.over(Limits::default()),
        status: OrgStatus::Active,
    };
    change(ctx, &a.org, &Change::OrgAdd(org))
}

fn limits(ctx: &Context, a: SetLimits) -> Result<()> {
    let authority = ctx.open()?;
    let mut now = authority.organisations()?.get(&a.org).map_err(hufu_authority::Error::from)?.limits.clone();
    for name in &a.clear {
        match name.as_str() {
            "profiles" => now.profiles = None,
            "quota-day" => now.quota_day = None,
            "quota-total" => now.quota_total = None,
            "max-days" => now.max_days = None,
            "region" => now.region = None,
            _ => now.name_prefix = None,
        }
    }
    let session = ctx.session(&authority)?;
    let new = a.limits.over(now);
    let done = authority.change(&session, &Change::OrgLimits { org: a.org.clone(), limits: new })?;
    outcome(ctx, a.org.as_str(), &done)
}

fn list(ctx: &Context, under: Option<OrgId>) -> Result<()> {
    let authority = ctx.look()?;
    let tree = authority.organisations()?;
    let top = match under {
        Some(org) => tree.get(&org).map_err(hufu_authority::Error::from)?.clone(),
        None => tree.get(&CA.parse()?).map_err(hufu_authority::Error::from)?.clone(),
    };
    let mut rows = Vec::new();
    walk(ctx, &tree, &top, 0, &mut rows);
    ctx.out.list("organisation-list", &["id", "name", "kind", "region", "status", "parent"], rows)
}

/// The organisation and what stands below it, parents first.
fn walk(ctx: &Context, tree: &OrgTree, org: &Organisation, depth: usize, rows: &mut Vec<Row>) {
    let mut shown = views::organisation(org, ctx.lang);
    if ctx.out.format == Format::Table && ctx.lang == Lang::En && !org.name_en.is_empty() {
        shown.insert("name".to_owned(), org.name_en.as_str().into());
    }
    shown.insert("depth".to_owned(), depth.into());
    rows.push(shown);
    let mut children: Vec<_> = tree.children(&org.id).collect();
    children.sort_by_key(|o| (o.kind, o.region, o.id.clone()));
    for child in children {
        walk(ctx, tree, child, depth + 1, rows);
    }
}

fn show(ctx: &Context, org: &OrgId) -> Result<()> {
    let authority = ctx.look()?;
    let tree = authority.organisations()?;
    let found = tree.get(org).map_err(hufu_authority::Error::from)?;
    let mut shown = views::organisation(found, ctx.lang);
    let effective = tree.effective_limits(org).map_err(hufu_authority::Error::from)?;
    shown.insert("effective_limits".to_owned(), views::limits(&effective));
    let frozen = tree.frozen_by(org).map_err(hufu_authority::Error::from)?.map(|o| o.id.to_string());
    shown.insert("frozen_by".to_owned(), frozen.into());
    let chain: Vec<String> =
        tree.chain(org).map_err(hufu_authority::Error::from)?.into_iter().map(|o| o.id.to_string()).collect();
    shown.insert("chain".to_owned(), chain.into());
    shown.insert("below".to_owned(), tree.children(org).map(|o| o.id.to_string()).collect::<Vec<_>>().into());
    ctx.out.one("organisation", shown)
}

fn load_roster(ctx: &Context, dry_run: bool) -> Result<()> {
    const COLUMNS: [&str; 4] = ["id", "name", "kind", "outcome"];
    let roster: Vec<Organisation> = roster_2018_h1()
        .into_iter()
        .map(|e| Organisation {
            id: e.id,
            parent: Some(e.parent),
            kind: e.kind,
            name: e.zh,
            name_en: e.en,
            region: e.region,
            limits: Limits { region: e.region, ..Limits::default() },
            status: OrgStatus::Active,
        })
        .collect();
    let line = |org: &Organisation, what: &str| -> Row {
        row([
            ("id", org.id.as_str().into()),
            ("name", org.name.as_str().into()),
            ("kind", org.kind.code().into()),
            ("outcome", what.into()),
        ])
    };
    if dry_run {
        ctx.note("note-dry-run", &[]);
        return ctx.out.list("roster", &COLUMNS, roster.iter().map(|o| line(o, "planned")).collect());
    }
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let bar = ctx.progress(0);
    let mut batch = Batch::new();
    for (i, org) in roster.iter().enumerate() {
        ctx.stage(&bar, "org", i as u64, roster.len() as u64);
        let result = authority.change(&session, &Change::OrgAdd(org.clone()));
        batch.add(ctx, ("id", org.id.as_str()), result.map(drop), |()| line(org, "done"));
    }
    drop(bar);
    batch.finish(ctx, "roster", &COLUMNS)
}
