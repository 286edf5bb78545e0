//! `hufu operator`: the people who act.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::model::holder::{Field, HolderKind};
use hufu_authority::model::ident::{OperatorId, OrgId, RequestId};
use hufu_authority::model::operator::{OperatorStatus, Role};
use hufu_authority::model::org::RegionCode;
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::{Change, NewRequest};

use super::{Batch, outcome, request};
use crate::args::codes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum OperatorCommand {
    Add(Add),
    List(List),
    Roles(Roles),
    Remove(Remove),
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(value_name = "OPERATOR")]
    operator: OperatorId,
    #[arg(long, value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "CODE")]
    region: Option<RegionCode>,
    #[arg(long, value_delimiter = ',', required = true, value_parser = codes::<Role>(Role::ALL.map(Role::code)))]
    roles: Vec<Role>,
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    #[arg(long, default_value = "first", value_parser = codes::<Reason>(Reason::ALL.map(Reason::code)))]
    reason: Reason,
    #[arg(long, default_value = "ukey", value_parser = codes::<Medium>(Medium::ALL.map(Medium::code)))]
    medium: Medium,
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(crate) struct Roles {
    #[arg(value_name = "OPERATOR")]
    operator: OperatorId,
    #[arg(long, value_delimiter = ',', required = true, value_parser = codes::<Role>(Role::ALL.map(Role::code)))]
    set: Vec<Role>,
}

#[derive(Args)]
pub(crate) struct Remove {
    #[arg(value_name = "OPERATOR")]
    operator: OperatorId,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: OperatorCommand) -> Result<()> {
    match args {
        OperatorCommand::Add(a) => add(ctx, a),
        OperatorCommand::List(a) => list(ctx, a),
        OperatorCommand::Roles(a) => {
            let mut roles = a.set;
            roles.sort_unstable();
            roles.dedup();
            change(ctx, &a.operator.clone(), &Change::OperatorRoles { operator: a.operator, roles })
        }
        OperatorCommand::Remove(a) => {
            ctx.confirm("confirm-remove", &[("operator", a.operator.as_str())])?;
            change(ctx, &a.operator.clone(), &Change::OperatorRemove(a.operator))
        }
    }
}

fn change(ctx: &Context, operator: &OperatorId, change: &Change) -> Result<()> {
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let done = authority.change(&session, change)?;
    outcome(ctx, operator.as_str(), &done)
}

/// A new operator, or a new certificate for one: a request like any other, which a second administrator approves.
fn add(ctx: &Context, a: Add) -> Result<()> {
    let mut roles = a.roles;
    roles.sort_unstable();
    roles.dedup();
    let mut authority = ctx.open()?;
    let region = match a.region {
        Some(region) => Some(region),
        None => authority.organisations()?.get(&a.org).map_err(hufu_authority::Error::from)?.region,
    };
    let Some(region) = region else {
        // The CA and ministries serve no region.
        return Err(Error::own("cli.region-missing", vec![("org", a.org.to_string())]));
    };
    let new = NewRequest {
        id: request::id_or_new(a.request)?,
        org: a.org,
        holder: HolderKind::Person,
        fields: vec![(Field::Name, a.name), (Field::Region, region.to_string())],
        hosts: Vec::new(),
        csr: ctx.read(&a.csr)?,
        profile: "operator".parse()?,
        days: a.days,
        reason: a.reason,
        medium: a.medium,
        predecessor: None,
        operator: Some((a.operator, roles)),
        revokes: None,
        ca: None,
        medium_id: None,
        pair: false,
    };
    let session = ctx.session(&authority)?;
    ctx.unlock(&mut authority)?;
    let id = new.id.to_string();
    let mut batch = Batch::new();
    for result in authority.submit(&session, std::slice::from_ref(&new))? {
        batch.add(ctx, ("request", &id), result, request::submitted);
    }
    if batch.refused.is_empty() {
        ctx.note("note-operator-requested", &[("request", &id)]);
    }
    batch.finish(ctx, "request-list", &request::SUBMITTED)
}

fn list(ctx: &Context, a: List) -> Result<()> {
    let authority = ctx.look()?;
    let within = a.org.map(|org| authority.subtree(&org)).transpose()?;
    let shown = authority
        .operators()?
        .iter()
        .filter(|o| a.all || o.status == OperatorStatus::Active)
        .filter(|o| within.as_ref().is_none_or(|orgs| orgs.contains(&o.org)))
        .map(views::operator)
        .collect();
    ctx.out.list("operator-list", &["id", "name", "org", "roles", "status"], shown)
}
