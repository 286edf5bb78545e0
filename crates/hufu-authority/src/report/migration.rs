//! How far each organisation has come: its state, since when, what shows it, and what is left.

use std::collections::HashMap;

use hufu_model::certificate::Algorithm;
use hufu_model::count::{Group, Unit};
use hufu_model::ident::OrgId;
use hufu_model::migration::{DUAL_DAYS, Migration, MigrationState, Signs};
use hufu_model::org::OrgKind;
use hufu_model::time::Instant;
use hufu_store::{CutoverRow, Moment};

use super::context::{Ctx, Figures, Grouped, HEAD, months_from};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::Result;
use crate::migration::{self, InForce};

const COLUMNS: [Column; 15] = [
    Column::new("migration_state", Kind::Code("migration_state")),
    Column::new("since", Kind::Moment),
    Column::new("basis", Kind::Code("basis")),
    Column::new("event", Kind::Identifier),
    Column::new("head", Kind::Identifier),
    Column::new("evidence", Kind::Text),
    Column::new("legacy_live", Kind::Count),
    Column::new("new_live", Kind::Count),
    Column::new("new_share", Kind::Share),
    Column::new("legacy_year", Kind::Count),
    Column::new("new_year", Kind::Count),
    Column::new("new_share_year", Kind::Share),
    Column::new("operator_keys", Kind::Code("answer")),
    Column::new("legacy_lately", Kind::Count),
    Column::new("new_lately", Kind::Count),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let migration = migration::named(c.asked.migration.as_ref())?;
    let progress = Progress::read(c, &migration)?;
    let rows = c.rows(|place| progress.counts(place), |place| progress.values(place));
    let columns = [HEAD.as_slice(), &COLUMNS].concat();
    let organisations = Table { name: "migration", columns, rows, chart: None };
    let mut tables = vec![organisations, by_kind(c, &progress)];
    let mut used = vec![rules::MIGRATION, rules::CUTOVER, rules::VALID, rules::NEW_YEAR];
    if c.asked.unit == Unit::Holder {
        tables.push(holders(c, &migration)?);
        used.push(rules::HOLDER_CLASSES);
    }
    Ok(c.report(tables, &c.totals(&used)))
}

/// Certificates of the old algorithms and of the new one.
#[derive(Debug, Clone, Copy, Default)]
struct Both {
    legacy: Figures,
    new: Figures,
}

impl std::ops::AddAssign for Both {
    fn add_assign(&mut self, other: Self) {
        self.legacy += other.legacy;
        self.new += other.new;
    }
}

impl std::ops::Sub for Both {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { legacy: self.legacy - other.legacy, new: self.new - other.new }
    }
}

/// What is known of one organisation, everything below it included.
struct Progressed {
    state: MigrationState,
    since: Option<i64>,
    /// The cutover that covers it.
    cutover: Option<CutoverRow>,
    /// At the event time.
    now: Both,
    /// In the twelve months before.
    year: Both,
    /// In the days that count for dual issue.
    lately: Both,
    operators: bool,
    own: bool,
}

/// The organisations of a report, in its order.
struct Progress(Vec<Progressed>);

impl Progress {
    fn read(c: &Ctx<'_>, migration: &Migration) -> Result<Self> {
        let when = c.moment();
        let rolled = |figures: &Grouped| c.rolled(&by_age(c, migration, figures));
        let now = rolled(&c.figures(c.at)?);
        let before = rolled(&c.figures(c.at.plus_seconds(-DUAL_DAYS * 86_400))?);
        let earlier = rolled(&c.figures(months_from(c.at, -12))?);
        let operators: HashMap<OrgId, i64> = c.r.operators_with(migration.to, when)?.into_iter().collect();
        let mut cutovers = InForce::at(c.r, c.at, c.as_of)?;
        let mut all = Vec::with_capacity(c.nodes.len());
        for (place, node) in c.nodes.iter().enumerate() {
            let of = |list: &[Both]| list.get(place).copied().unwrap_or_default();
            let (now, lately, year) = (of(&now), of(&now) - of(&before), of(&now) - of(&earlier));
            let covering = cutovers.covering(&node.id, |m| m.id == migration.id)?;
            let cutover = covering.map(|(row, _)| row.clone());
            let operator = operators.get(&node.id).copied();
            let signs = Signs {
                cut_over: cutover.is_some(),
                operators: operator.is_some(),
                new_lately: lately.new.issued > 0,
                legacy_lately: lately.legacy.issued > 0,
                legacy_live: now.legacy.valid > 0,
            };
            let state = signs.state();
            let since = match state {
                MigrationState::NotStarted => None,
                MigrationState::Prepared => operator,
                MigrationState::DualIssue => first_below(c, place, migration.to, when)?,
                MigrationState::Upgraded | MigrationState::Retired => {
                    cutover.as_ref().map(|row| row.cutover.effective.unix_seconds())
                }
            };
            let own = cutover.as_ref().is_none_or(|row| row.cutover.org == node.id);
            all.push(Progressed { state, since, cutover, now, year, lately, operators: operator.is_some(), own });
        }
        Ok(Self(all))
    }

    /// Whether anything is counted at a place.
    fn counts(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|p| p.now.legacy.issued + p.now.new.issued != 0)
    }

    fn values(&self, place: usize) -> Vec<Value> {
        let Some(p) = self.0.get(place) else { return vec![Value::Empty; COLUMNS.len()] };
        let row = p.cutover.as_ref();
        let share = |new: i64, legacy: i64| Value::share(new, new + legacy);
        vec![
            Value::code(p.state.code()),
            Value::optional(p.since, |since| Value::Moment(Instant::from_unix_seconds(since))),
            Value::optional(row, |row| Value::code(if row.cutover.attested { "attested" } else { "approved" })),
            Value::optional(row, |row| Value::identifier(row.event)),
            Value::optional(row.filter(|_| !p.own), |row| Value::identifier(&row.cutover.org)),
            Value::optional(row.filter(|row| !row.cutover.evidence.is_empty()), |row| {
                Value::Text(row.cutover.evidence.clone())
            }),
            Value::Count(p.now.legacy.valid),
            Value::Count(p.now.new.valid),
            share(p.now.new.valid, p.now.legacy.valid),
            Value::Count(p.year.legacy.issued),
            Value::Count(p.year.new.issued),
            share(p.year.new.issued, p.year.legacy.issued),
            Value::code(if p.operators { "yes" } else { "no" }),
            Value::Count(p.lately.legacy.issued),
            Value::Count(p.lately.new.issued),
        ]
    }
}

/// The figures of each organisation itself, of the old algorithms and of the new one.
fn by_age(c: &Ctx<'_>, migration: &Migration, figures: &Grouped) -> Vec<Both> {
    let both = |algorithm: Algorithm, figures: Figures| match algorithm {
        a if a == migration.to => Both { new: figures, ..Both::default() },
        a if migration.is_legacy(a) => Both { legacy: figures, ..Both::default() },
        _ => Both::default(),
    };
    c.own(figures.iter().map(|(group, figures)| (&group.org, both(group.algorithm, *figures))))
}

/// The first certificate of the new algorithm that we issued at a place or below it.
fn first_below(c: &Ctx<'_>, place: usize, algorithm: Algorithm, when: Moment) -> Result<Option<i64>> {
    let depth = c.nodes.get(place).map_or(0, |node| node.depth);
    let below = c.nodes.iter().skip(place + 1).take_while(|node| node.depth > depth);
    let all = c.nodes.get(place).into_iter().chain(below);
    let found = all.map(|node| Ok(c.r.first_issued(&node.id, algorithm, when)?)).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().min())
}

/// How many organisations of each kind stand in each state.
fn by_kind(c: &Ctx<'_>, progress: &Progress) -> Table {
    const STATES: usize = MigrationState::ALL.len();
    let row = |name: &str, total: bool, counts: [i64; STATES]| {
        let all: i64 = counts.iter().sum();
        let states = MigrationState::ALL.into_iter().zip(counts);
        let finished = states.filter(|(state, _)| state.is_finished()).map(|(_, count)| count).sum();
        let mut values = vec![Value::code(name), Value::Count(all)];
        values.extend(counts.map(Value::Count));
        values.extend([Value::Count(finished), Value::share(finished, all)]);
        Row { total, values, ..Row::default() }
    };
    let mut total = [0; STATES];
    let mut rows = Vec::new();
    for kind in [OrgKind::ProvinceRa, OrgKind::MunicipalLra, OrgKind::MinistryRa] {
        let mut counts = [0; STATES];
        for (_, known) in c.nodes.iter().zip(&progress.0).filter(|(node, _)| node.kind == Some(kind)) {
            let place = MigrationState::ALL.iter().position(|state| *state == known.state);
            for counts in [&mut counts, &mut total] {
                if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                    *count += 1;
                }
            }
        }
        rows.push(row(kind.code(), false, counts));
    }
    rows.push(row("all", true, total));
    let names = ["organisations", "not_started", "prepared", "dual_issue", "upgraded", "retired", "finished"];
    let mut columns = vec![Column::new("kind", Kind::Code("kind"))];
    columns.extend(names.map(|name| Column::new(name, Kind::Count)));
    columns.push(Column::new("finished_share", Kind::Share));
    let chart = Some(Chart::Stacked { names: 0, parts: (2..2 + STATES).collect() });
    Table { name: "migration-kinds", columns, rows, chart }
}

/// How many holders have which certificates.
fn holders(c: &Ctx<'_>, migration: &Migration) -> Result<Table> {
    let found = c.r.holders_at(c.at, c.as_of)?;
    let key = |group: &Group| if c.takes(group) { vec![()] } else { Vec::new() };
    let classes = found.classes_by(&migration.from, migration.to, key).remove(&()).unwrap_or_default();
    let counts = [classes.legacy_only, classes.both, classes.new_only].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let all = counts.iter().sum();
    let row = |(code, count)| Row {
        values: vec![Value::code(code), Value::Count(count), Value::share(count, all)],
        ..Row::default()
    };
    let columns = vec![
        Column::new("holder_class", Kind::Code("holder_class")),
        Column::new("holders", Kind::Count),
        Column::new("share", Kind::Share),
    ];
    let rows = ["legacy-only", "both", "new-only"].into_iter().zip(counts).map(row).collect();
    Ok(Table { name: "migration-holders", columns, rows, chart: Some(Chart::Bars { names: 0, values: 1 }) })
}
