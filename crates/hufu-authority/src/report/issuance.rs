//! What was issued in a period, and why; what was revoked in it.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use hufu_model::count::Group;
use hufu_model::request::Reason;
use hufu_model::time::Day;

use super::context::{Ctx, Figures, HEAD};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::{By, rules};
use crate::error::Result;

/// What was issued for each reason, and what was revoked.
#[derive(Debug, Clone, Copy, Default)]
struct Issued {
    reasons: [i64; Reason::ALL.len()],
    revoked: i64,
}

impl Issued {
    fn of(reason: Reason, figures: Figures) -> Self {
        let reasons = Reason::ALL.map(|known| if known == reason { figures.issued } else { 0 });
        Self { reasons, revoked: figures.revoked }
    }

    fn total(self) -> i64 {
        self.reasons.iter().sum()
    }

    fn is_nothing(&self) -> bool {
        self.revoked == 0 && self.reasons.iter().all(|n| *n == 0)
    }

    fn values(&self) -> Vec<Value> {
        let all = [self.total()].into_iter().chain(self.reasons).chain([self.revoked]);
        all.map(Value::Count).collect()
    }
}

impl AddAssign for Issued {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.reasons.iter_mut().zip(other.reasons) {
            *mine += theirs;
        }
        self.revoked += other.revoked;
    }
}

/// The columns of an [`Issued`]: all that is new, each reason, what was revoked.
fn columns() -> Vec<Column> {
    let reason = |reason: Reason| {
        let name = match reason {
            Reason::First => "first",
            Reason::Renewal => "renewed",
            Reason::Rekey => "rekeyed",
            Reason::Replacement => "replacement",
            Reason::Change => "changed",
            Reason::Migration => "migrated",
            Reason::Import => "imported",
        };
        Column::new(name, Kind::Count)
    };
    let new = Column::new("new", Kind::Count);
    let revoked = Column::new("revoked", Kind::Count);
    [new].into_iter().chain(Reason::ALL.map(reason)).chain([revoked]).collect()
}

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let by = c.asked.by.unwrap_or_default();
    let table = match by {
        By::Org => along_the_tree(c)?,
        By::Day | By::Month => over_time(c, by)?,
        By::Profile | By::Medium | By::Holder | By::Reason | By::Algorithm => by_code(c, by)?,
    };
    Ok(c.report(vec![table], &c.totals(&[rules::PERIOD, rules::NEW, rules::REASONS, rules::REVOKED_IN])))
}

fn along_the_tree(c: &Ctx<'_>) -> Result<Table> {
    let issued = c.between(c.before(), c.end())?;
    let own = c.own(issued.iter().map(|(group, figures)| (&group.org, Issued::of(group.reason, *figures))));
    let rolled = c.rolled(&own);
    let of = |list: &[Issued], place: usize| list.get(place).copied().unwrap_or_default();
    let rows = c.rows(
        |place| !of(&rolled, place).is_nothing(),
        |place| {
            let mut values = of(&rolled, place).values();
            values.push(Value::Count(of(&own, place).total()));
            values
        },
    );
    let columns = [HEAD.as_slice(), &columns(), &[Column::new("own", Kind::Count)]].concat();
    let chart = Some(Chart::TreeMap { names: 0, values: columns.len() - 1 });
    Ok(Table { name: "organisations", columns, rows, chart })
}

fn over_time(c: &Ctx<'_>, by: By) -> Result<Table> {
    let (name, kind) = if by == By::Day { ("day", Kind::Day) } else { ("month", Kind::Month) };
    let changed = if by == By::Day { c.by_day(c.from, c.to)? } else { c.by_month()? };
    // A day without anything is a day, too.
    let mut all: BTreeMap<Day, Issued> = BTreeMap::new();
    let mut day = if by == By::Day { c.from } else { c.from.first_of_month() };
    while day < c.to {
        all.insert(day, Issued::default());
        day = if by == By::Day { day.plus_days(1) } else { day.plus_months(1).unwrap_or(c.to) };
    }
    for (day, group, figures) in changed {
        *all.entry(day).or_default() += Issued::of(group.reason, figures);
    }
    let row = |(day, issued): (Day, Issued)| {
        let mut values = vec![if by == By::Day { Value::Day(day) } else { Value::Month(day) }];
        values.extend(issued.values());
        Row { values, ..Row::default() }
    };
    let columns = [[Column::new(name, kind)].as_slice(), &columns()].concat();
    let last = columns.len() - 1;
    let chart = Some(Chart::Line { along: 0, values: vec![1, last] });
    Ok(Table { name: "time", columns, rows: all.into_iter().map(row).collect(), chart })
}

fn by_code(c: &Ctx<'_>, by: By) -> Result<Table> {
    let (name, prefix) = match by {
        By::Profile => ("profile", "profile"),
        By::Medium => ("medium", "medium"),
        By::Holder => ("holder", "holder"),
        By::Algorithm => ("algorithm", "algorithm"),
        _ => ("reason", "reason"),
    };
    let key = |group: &Group| match by {
        By::Profile => Some(group.profile.to_string()),
        By::Medium => group.medium.map(|m| m.code().to_owned()),
        By::Holder => group.holder_kind.map(|h| h.code().to_owned()),
        By::Algorithm => Some(group.algorithm.code().to_owned()),
        _ => Some(group.reason.code().to_owned()),
    };
    let mut all: BTreeMap<Option<String>, Issued> = BTreeMap::new();
    for (group, figures) in c.between(c.before(), c.end())? {
        *all.entry(key(&group)).or_default() += Issued::of(group.reason, figures);
    }
    let row = |(code, issued): (Option<String>, Issued)| {
        let mut values = vec![Value::optional(code, Value::Code)];
        values.extend(issued.values());
        Row { values, ..Row::default() }
    };
    let columns = [[Column::new(name, Kind::Code(prefix))].as_slice(), &columns()].concat();
    let chart = Some(Chart::Bars { names: 0, values: 1 });
    let rows = all.into_iter().filter(|(_, issued)| !issued.is_nothing()).map(row).collect();
    Ok(Table { name: "parts", columns, rows, chart })
}
