//! `hufu request`: from entry to decision.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};
use hufu_authority::data::{Lang, render};
use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::holder::{Field, Holder, HolderKind, Purpose};
use hufu_authority::model::ident::{CaId, Digest, MediumId, OrgId, ProfileId, RequestId, Serial, hex};
use hufu_authority::model::request::{Medium, Reason, RequestStatus};
use hufu_authority::model::time::Clock;
use hufu_authority::x509::csr::Csr;
use hufu_authority::{Decided, NewRequest, RequestFilter, Submitted, SystemClock, SystemEntropy};
use serde_json::Value;

use super::cert::mass;
use super::{BATCH, Batch, LISTED, cut, one_more, tell_more};
use crate::args::codes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Request {
    Submit(Submit),
    Approve(Approve),
    Reject(Reject),
    List(List),
    Show(Show),
}

#[derive(Args)]
pub(crate) struct Submit {
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
    #[arg(long, value_name = "ORG")]
    org: OrgId,
    #[arg(long, value_parser = codes::<HolderKind>(HolderKind::ALL.map(HolderKind::code)))]
    holder: HolderKind,
    #[arg(long, value_name = "PROFILE")]
    profile: ProfileId,
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    #[arg(long = "field", id = "field", value_name = "NAME=VALUE")]
    given: Vec<FieldValue>,
    #[arg(long, value_name = "FILE")]
    fields: Option<PathBuf>,
    #[arg(long = "host", id = "host", value_name = "HOST")]
    hosts: Vec<String>,
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    #[arg(long, default_value = "first", value_parser = codes::<Reason>(Reason::ALL.map(Reason::code)))]
    reason: Reason,
    #[arg(long, default_value = "ukey", value_parser = codes::<Medium>(Medium::ALL.map(Medium::code)))]
    medium: Medium,
    #[arg(long, value_name = "SERIAL")]
    predecessor: Option<Serial>,
    #[arg(long, value_name = "CA")]
    ca: Option<CaId>,
    #[arg(long, value_name = "MEDIUM")]
    medium_id: Option<MediumId>,
    #[arg(long)]
    pair: bool,
    #[arg(long)]
    dry_run: bool,
}

/// `name=value`.
#[derive(Clone)]
pub(crate) struct FieldValue(pub(super) Field, pub(super) String);

impl FromStr for FieldValue {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("it has not the form NAME=VALUE")?;
        Ok(Self(field(name)?, value.to_owned()))
    }
}

#[derive(Args)]
pub(crate) struct Approve {
    #[arg(value_name = "REQUEST", required_unless_present_any = ["submitted", "batch", "manifest"])]
    requests: Vec<RequestId>,
    #[arg(long, value_name = "ORG", conflicts_with = "requests")]
    submitted: Option<OrgId>,
    #[command(flatten)]
    together: Together,
}

/// What was entered together: under one name, or with one signature.
#[derive(Args, Default)]
pub(super) struct Together {
    #[arg(long, value_name = "ID", conflicts_with = "requests")]
    batch: Option<RequestId>,
    #[arg(long, value_name = "DIGEST", conflicts_with = "requests")]
    manifest: Option<Digest>,
}

impl Together {
    /// Whether nothing was said.
    fn is_none(&self) -> bool {
        self.batch.is_none() && self.manifest.is_none()
    }
}

#[derive(Args)]
pub(crate) struct Reject {
    #[arg(value_name = "REQUEST", required = true)]
    requests: Vec<RequestId>,
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
    #[arg(long, value_parser = codes::<RequestStatus>(RequestStatus::ALL.map(RequestStatus::code)))]
    status: Option<RequestStatus>,
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileId>,
    #[arg(long, value_name = "ID")]
    batch: Option<RequestId>,
    #[arg(long, value_name = "DIGEST")]
    manifest: Option<Digest>,
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    #[arg(long, value_name = "REQUEST")]
    after: Option<RequestId>,
}

#[derive(Args)]
pub(crate) struct Show {
    #[arg(value_name = "REQUEST")]
    request: RequestId,
}

/// The columns of what `submit` prints.
pub(super) const SUBMITTED: [&str; 4] = ["request", "outcome", "status", "subject"];

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Request) -> Result<()> {
    match args {
        Request::Submit(a) => submit(ctx, a),
        Request::Approve(a) => approve(ctx, a),
        Request::Reject(a) => reject(ctx, &a),
        Request::List(a) => list(ctx, a),
        Request::Show(a) => show(ctx, &a.request),
    }
}

/// Eight random hexadecimal digits, so that an id made here is a new one.
pub(super) fn tag() -> Result<String> {
    let random: &dyn Entropy = &SystemEntropy;
    let random: [u8; 4] = random.array().map_err(hufu_authority::Error::from)?;
    Ok(hex(&random))
}

/// The id given, or a new one of today.
pub(super) fn id_or_new(given: Option<RequestId>) -> Result<RequestId> {
    match given {
        Some(id) => Ok(id),
        None => Ok(format!("{}-{}", SystemClock.now().day(), tag()?).parse()?),
    }
}

/// What was submitted, as a row.
pub(super) fn submitted(s: Submitted) -> Row {
    row([
        ("request", s.id.as_str().into()),
        ("outcome", "done".into()),
        ("status", s.status.code().into()),
        ("subject", s.subject.into()),
    ])
}

fn submit(ctx: &Context, a: Submit) -> Result<()> {
    let mut fields: Vec<(Field, String)> = match &a.fields {
        Some(path) => fields_of(ctx, path)?,
        None => Vec::new(),
    };
    fields.extend(a.given.into_iter().map(|FieldValue(field, value)| (field, value)));
    let given = |field: &Field| fields.iter().any(|(f, value)| f == field && !value.is_empty());
    let missing: Vec<&str> = Field::ALL
        .into_iter()
        .filter(|f| f.required_for(a.holder, Purpose::Subscriber) && !given(f))
        .map(Field::code)
        .collect();
    // All at once, where the library names the first.
    if !missing.is_empty() {
        let holder = render(ctx.lang, &format!("label-holder-{}", a.holder), &[]);
        let named = |code: &&str| match ctx.lang {
            Lang::Zh => format!("{}（{code}）", ctx.word(&format!("field-{code}"))),
            Lang::En => (*code).to_owned(),
        };
        let list: Vec<String> = missing.iter().map(named).collect();
        let between = if ctx.lang == Lang::Zh { "、" } else { ", " };
        return Err(Error::own("cli.fields-missing", vec![("holder", holder), ("fields", list.join(between))]));
    }
    let new = NewRequest {
        id: id_or_new(a.id)?,
        org: a.org,
        holder: a.holder,
        fields,
        hosts: a.hosts,
        csr: ctx.read(&a.csr)?,
        profile: a.profile,
        days: a.days,
        reason: a.reason,
        medium: a.medium,
        predecessor: a.predecessor,
        operator: None,
        revokes: None,
        ca: a.ca,
        medium_id: a.medium_id,
        pair: a.pair,
    };
    let id = new.id.to_string();
    if a.dry_run {
        return check_only(ctx, new);
    }
    let mut authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    ctx.unlock(&mut authority)?;
    let mut batch = Batch::new();
    for result in authority.submit(&session, std::slice::from_ref(&new))? {
        batch.add(ctx, ("request", &id), result, submitted);
    }
    batch.finish(ctx, "request-list", &SUBMITTED)?;
    ctx.next("next-submit", &[("request", &id)]);
    Ok(())
}

/// What can be checked without a home: the CSR's form and signature, and the holder's fields.
fn check_only(ctx: &Context, new: NewRequest) -> Result<()> {
    let csr = Csr::from_bytes(&new.csr)?.verify()?;
    let holder = Holder::check(new.holder, Purpose::Subscriber, new.fields, new.hosts);
    holder.map_err(hufu_authority::Error::from)?;
    ctx.note("note-dry-run", &[]);
    ctx.out.one(
        "request-check",
        row([
            ("request", new.id.to_string().into()),
            ("outcome", "planned".into()),
            ("csr", csr.digest().to_string().into()),
            ("public_key", csr.public_key().spki_digest().to_string().into()),
        ]),
    )
}

/// `name = "value"` lines.
fn fields_of(ctx: &Context, path: &Path) -> Result<Vec<(Field, String)>> {
    let text = ctx.read_text(path)?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| Error::unreadable(path, e.message()))?;
    let mut fields = Vec::with_capacity(table.len());
    for (name, value) in table {
        let field = field(&name).map_err(|e| Error::unreadable(path, e))?;
        let Some(text) = value.as_str() else {
            return Err(Error::own("cli.field", vec![("field", name)]));
        };
        fields.push((field, text.to_owned()));
    }
    Ok(fields)
}

fn field(name: &str) -> std::result::Result<Field, String> {
    name.parse()
        .map_err(|_| format!("there is no field {name:?}; there are {}", Field::ALL.map(Field::code).join(", ")))
}

fn decided(d: Decided) -> Row {
    row([("request", d.id.as_str().into()), ("outcome", "done".into()), ("status", d.status.code().into())])
}

fn approve(ctx: &Context, a: Approve) -> Result<()> {
    let authority = ctx.open()?;
    let named = a.requests.is_empty();
    let (ids, actions) = if named {
        waiting(ctx, &authority, a.submitted.as_ref(), &a.together, RequestStatus::Submitted, None)?
    } else {
        (a.requests, Actions::new())
    };
    if !a.together.is_none() {
        ctx.note("note-approving", &[("requests", &mass::named(actions.iter()))]);
        ctx.confirm("confirm-approve", &[("count", &ids.len().to_string())])?;
    }
    let session = ctx.session(&authority)?;
    let bar = ctx.progress(0);
    let mut batch = Batch::at_most(if named { LISTED } else { usize::MAX });
    for (i, chunk) in ids.chunks(BATCH).enumerate() {
        ctx.stage(&bar, "approve", (i * BATCH) as u64, ids.len() as u64);
        for (id, result) in chunk.iter().zip(authority.approve(&session, chunk)?) {
            batch.add(ctx, ("request", id.as_str()), result, decided);
        }
    }
    drop(bar);
    batch.finish(ctx, "request-list", &["request", "outcome", "status"])?;
    let makes_certificate =
        |id: &RequestId| -> Result<bool> { Ok(authority.request(id)?.row.action.makes_certificate()) };
    let next = match (ids.as_slice(), &a.together.batch, &a.together.manifest) {
        ([one], ..) if !makes_certificate(one)? => format!("apply {one}"),
        ([one], ..) => format!("issue {one}"),
        (_, Some(batch), _) => format!("apply --batch {batch}"),
        // Requests that were entered with one signature are all for certificates or all for changes of status.
        ([first, ..], _, Some(manifest)) if !makes_certificate(first)? => format!("apply --manifest {manifest}"),
        _ => "issue --approved ORG".to_owned(),
    };
    ctx.next("next-approve", &[("what", &next)]);
    Ok(())
}

/// How many requests of each operator, organisation and kind.
type Actions = BTreeMap<String, u64>;

/// Every request in one state, of a subtree or entered together; only those for certificates, or only those for changes
/// of status, when it is said which.
pub(super) fn waiting(
    ctx: &Context,
    authority: &hufu_authority::Authority,
    org: Option<&OrgId>,
    together: &Together,
    status: RequestStatus,
    makes_certificate: Option<bool>,
) -> Result<(Vec<RequestId>, Actions)> {
    const PAGE: u32 = 1000;
    let word = render(ctx.lang, &format!("label-status-{status}"), &[]);
    let (mut ids, mut actions, mut last): (Vec<RequestId>, Actions, _) = (Vec::new(), Actions::new(), None);
    let orgs = org.map(|org| authority.subtree(org)).transpose()?;
    loop {
        let filter = RequestFilter {
            orgs: orgs.clone(),
            status: Some(status),
            manifest: together.manifest,
            batch: together.batch.clone(),
            after: last,
            limit: PAGE,
            ..RequestFilter::default()
        };
        let page = authority.requests(&filter)?;
        let Some(end) = page.last() else { break };
        last = Some(end.id.clone());
        for r in page.into_iter().filter(|r| makes_certificate.is_none_or(|m| r.action.makes_certificate() == m)) {
            *actions.entry(format!("{} {} {}", r.action, r.org, r.submitter)).or_default() += 1;
            ids.push(r.id);
        }
    }
    if ids.is_empty() {
        let manifest = together.manifest.map(|digest| digest.to_string());
        let batch = together.batch.as_ref().map(ToString::to_string);
        let place = org.map(ToString::to_string).or(batch).or(manifest).unwrap_or_default();
        return Err(Error::own("cli.none-waiting", vec![("org", place), ("status", word)]));
    }
    Ok((ids, actions))
}

fn reject(ctx: &Context, a: &Reject) -> Result<()> {
    ctx.confirm("confirm-reject", &[("count", &a.requests.len().to_string())])?;
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    let mut batch = Batch::new();
    for (id, result) in a.requests.iter().zip(authority.reject(&session, &a.requests, &a.why)?) {
        batch.add(ctx, ("request", id.as_str()), result, decided);
    }
    batch.finish(ctx, "request-list", &["request", "outcome", "status"])
}

fn list(ctx: &Context, a: List) -> Result<()> {
    let authority = ctx.look()?;
    let filter = RequestFilter {
        orgs: a.org.map(|org| authority.subtree(&org)).transpose()?,
        status: a.status,
        profile: a.profile,
        batch: a.batch,
        manifest: a.manifest,
        limit: one_more(a.limit),
        after: a.after,
    };
    let mut found = authority.requests(&filter)?;
    let more = cut(&mut found, a.limit, |r| format!("--after {}", r.id));
    let rows = found.iter().map(views::request).collect();
    ctx.out.list(
        "request-list",
        &["request", "org", "action", "status", "profile", "subject", "submitted_at"],
        rows,
    )?;
    tell_more(ctx, a.limit, more);
    Ok(())
}

fn show(ctx: &Context, id: &RequestId) -> Result<()> {
    let mut authority = ctx.look()?;
    ctx.unlock_if_given(&mut authority)?;
    let view = authority.request(id)?;
    let mut shown = views::request(&view.row);
    let pairs = |list: Vec<(String, String)>| Value::Object(list.into_iter().map(|(k, v)| (k, v.into())).collect());
    shown.insert("public".to_owned(), pairs(view.public));
    let personal = view.personal.into_iter().map(|(f, v)| (f.code().to_owned(), v)).collect();
    shown.insert("personal".to_owned(), pairs(personal));
    shown.insert("hosts".to_owned(), view.hosts.into());
    if view.pair {
        shown.insert("pair".to_owned(), true.into());
    }
    if let Some(reason) = view.revokes {
        shown.insert("revokes_predecessor".to_owned(), reason.code().into());
    }
    if let Some(status) = view.status {
        shown.insert("revocation_reason".to_owned(), status.reason.code().into());
        shown.insert("emergency".to_owned(), status.emergency.into());
        shown.insert("invalid_since".to_owned(), status.invalid_since.map(views::seconds).into());
        shown.insert("reported".to_owned(), status.note.into());
    }
    if let Some((operator, roles)) = view.operator {
        shown.insert("operator".to_owned(), operator.to_string().into());
        shown.insert("roles".to_owned(), roles.split(' ').map(Value::from).collect());
    }
    ctx.out.one("request", shown)
}
