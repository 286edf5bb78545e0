//! `hufu report`: one verb for each report, which takes the flags that mean something to it.

mod signed;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hufu_authority::model::count::Unit;
use hufu_authority::model::ident::{MigrationId, OrgId, ProfileId};
use hufu_authority::model::request::Medium;
use hufu_authority::model::time::{Day, Instant};
use hufu_authority::report::{Asked, By, ReportKind, TreeOf};

use crate::args::codes;
use crate::context::Context;
use crate::error::Result;
use crate::report::show;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Report {
    Summary(Totals),
    Issuance(Issuance),
    Leaders(Leaders),
    Growth(Growth),
    Migration(Migration),
    BurnDown(BurnDown),
    Worklist(Worklist),
    Expiring(Expiring),
    Violations(Violations),
    Anomalies(Anomalies),
    Sla(Sla),
    RaPermissions(Standing),
    Roles(Standing),
    Quota(Standing),
    Bulletin(Bulletin),
    Verify(signed::Verify),
}

/// The two times, and where the report goes: every report has them.
#[derive(Args)]
pub(crate) struct Times {
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    signed: Option<PathBuf>,
}

/// Whom it is about.
#[derive(Args)]
pub(crate) struct Whom {
    #[arg(long, value_name = "ORG")]
    org: Option<OrgId>,
}

/// The period.
#[derive(Args)]
pub(crate) struct Period {
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

/// What is counted.
#[derive(Args)]
pub(crate) struct Counted {
    #[arg(long, value_name = "UNIT", value_parser = codes::<Unit>(Unit::ALL.map(Unit::code)), default_value_t)]
    unit: Unit,
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileId>,
    #[arg(long, value_name = "MEDIUM", value_parser = codes::<Medium>(Medium::ALL.map(Medium::code)))]
    medium: Option<Medium>,
}

/// Along which tree it adds up.
#[derive(Args)]
pub(crate) struct Tree {
    #[arg(long, value_name = "TREE", value_parser = codes::<TreeOf>(TreeOf::ALL.map(TreeOf::code)), default_value_t)]
    tree: TreeOf,
}

/// How many rows it has.
#[derive(Args)]
pub(crate) struct Rows {
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: u32,
}

/// Which migration it is about.
#[derive(Args)]
pub(crate) struct About {
    #[arg(long, value_name = "MIGRATION")]
    migration: Option<MigrationId>,
}

/// When it must be over.
#[derive(Args)]
pub(crate) struct Due {
    #[arg(long, value_name = "DAY")]
    deadline: Option<Day>,
}

#[derive(Args)]
pub(crate) struct Totals {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
}

#[derive(Args)]
pub(crate) struct Issuance {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[arg(long, value_name = "DIVISION", value_parser = codes::<By>(By::ALL.map(By::code)))]
    by: Option<By>,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
}

#[derive(Args)]
pub(crate) struct Leaders {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Growth {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
}

#[derive(Args)]
pub(crate) struct Migration {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
}

#[derive(Args)]
pub(crate) struct BurnDown {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    due: Due,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    tree: Tree,
}

#[derive(Args)]
pub(crate) struct Worklist {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    due: Due,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Expiring {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Violations {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Anomalies {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Sla {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    times: Times,
}

/// What stands in the hierarchy, not what was issued.
#[derive(Args)]
pub(crate) struct Standing {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(crate) struct Bulletin {
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    about: About,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, command: Report) -> Result<()> {
    let (kind, asked, to) = match asked(command) {
        Ok(asked) => asked,
        Err(verify) => return signed::verify(ctx, &verify),
    };
    let report = match &to.signed {
        Some(path) => signed::sign(ctx, path, kind, &asked)?,
        None => ctx.look()?.report(kind, &asked)?,
    };
    // What was signed to standard output stands there alone.
    if to.signed.as_deref() == Some(Path::new("-")) && to.out.is_none() {
        return Ok(());
    }
    show(ctx, &report, to.out.as_deref())
}

/// Puts what a group of flags says into the question.
trait Ask {
    fn put(self, asked: &mut Asked);
}

impl Ask for Whom {
    fn put(self, asked: &mut Asked) {
        asked.org = self.org;
    }
}

impl Ask for Period {
    fn put(self, asked: &mut Asked) {
        (asked.from, asked.to) = (self.from, self.to);
    }
}

impl Ask for Counted {
    fn put(self, asked: &mut Asked) {
        (asked.unit, asked.profile, asked.medium) = (self.unit, self.profile, self.medium);
    }
}

impl Ask for Tree {
    fn put(self, asked: &mut Asked) {
        asked.tree = self.tree;
    }
}

impl Ask for Rows {
    fn put(self, asked: &mut Asked) {
        asked.limit = self.limit;
    }
}

impl Ask for About {
    fn put(self, asked: &mut Asked) {
        asked.migration = self.migration;
    }
}

impl Ask for Due {
    fn put(self, asked: &mut Asked) {
        asked.deadline = self.deadline;
    }
}

/// The question of a verb, and the files it is answered in; or the signed report that is to be checked.
fn asked(command: Report) -> std::result::Result<(ReportKind, Asked, Times), signed::Verify> {
    let mut asked = Asked::default();
    /// Puts every group of a verb into the question.
    macro_rules! put {
        ($kind:ident, $times:expr, $($group:expr),*) => {{
            $($group.put(&mut asked);)*
            (ReportKind::$kind, $times)
        }};
    }
    let (kind, times) = match command {
        Report::Summary(a) => put!(Summary, a.times, a.whom, a.counted, a.tree),
        Report::Issuance(a) => {
            asked.by = a.by;
            put!(Issuance, a.times, a.whom, a.period, a.counted, a.tree)
        }
        Report::Leaders(a) => put!(Leaders, a.times, a.whom, a.period, a.counted, a.tree, a.rows),
        Report::Growth(a) => put!(Growth, a.times, a.whom, a.period, a.counted, a.tree),
        Report::Migration(a) => put!(Migration, a.times, a.whom, a.about, a.counted, a.tree),
        Report::BurnDown(a) => put!(BurnDown, a.times, a.whom, a.about, a.due, a.counted, a.tree),
        Report::Worklist(a) => put!(Worklist, a.times, a.whom, a.period, a.about, a.due, a.rows),
        Report::Expiring(a) => put!(Expiring, a.times, a.whom, a.period, a.counted, a.rows),
        Report::Violations(a) => put!(Violations, a.times, a.whom, a.about, a.rows),
        Report::Anomalies(a) => put!(Anomalies, a.times, a.whom, a.period, a.rows),
        Report::Sla(a) => put!(Sla, a.times, a.whom, a.period),
        Report::RaPermissions(a) => put!(RaPermissions, a.times, a.whom, a.rows),
        Report::Roles(a) => put!(Roles, a.times, a.whom, a.rows),
        Report::Quota(a) => put!(Quota, a.times, a.whom, a.rows),
        Report::Bulletin(a) => put!(Bulletin, a.times, a.about),
        Report::Verify(a) => return Err(a),
    };
    (asked.at, asked.as_of) = (times.at, times.as_of);
    Ok((kind, asked, times))
}
