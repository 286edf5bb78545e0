//! What is left of the old algorithms, by the month in which it expires, and what a deadline needs.

use std::collections::BTreeMap;

use hufu_model::count::Group;
use hufu_model::migration::Migration;
use hufu_model::time::{Day, Instant};

use super::context::{Ctx, HEAD, last_before};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::{ErrorKind, Result};
use crate::migration;

/// What expires in a month, and what is live when it is over.
const FIGURES: [Column; 3] =
    [Column::new("month", Kind::Month), Column::new("expiring", Kind::Count), Column::new("left", Kind::Count)];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let migration = migration::named(c.asked.migration.as_ref())?;
    let left = Left::read(c, &migration)?;
    let mut tables = vec![forecast(c, &left), by_organisation(c, &left)];
    let mut used = vec![rules::BURN_DOWN, rules::VALID];
    if let Some(deadline) = c.asked.deadline {
        tables.insert(0, by_deadline(c, &migration, &left, deadline)?);
        used.push(rules::DEADLINE);
    }
    Ok(c.report(tables, &c.totals(&used)))
}

/// What is live of the old algorithms, of each organisation with everything below it.
struct Left {
    /// At the event time.
    now: Vec<i64>,
    /// What expires when, by the day of the first second after notAfter, or by the first day of its month.
    days: Vec<(Day, Vec<i64>)>,
}

impl Left {
    /// What the totals say goes on to be true while nobody acts. Of a time before the knowledge they say what was done since,
    /// so there the certificates are read that were live then.
    fn read(c: &Ctx<'_>, migration: &Migration) -> Result<Self> {
        let mut days: BTreeMap<Day, Vec<i64>> = BTreeMap::new();
        let mut add = |day: Day, group: &Group, count: i64| {
            let own = days.entry(day).or_insert_with(|| vec![0; c.nodes.len()]);
            if let Some(slot) = c.place(&group.org).and_then(|place| own.get_mut(place)) {
                *slot += count;
            }
        };
        let now = live_at(c, migration, c.at)?;
        if c.at < c.as_of {
            for (day, group, count) in c.r.expiries(&migration.from, c.moment())? {
                if c.takes(&group) {
                    add(day, &group, count);
                }
            }
        } else {
            let month = c.at.day().first_of_month();
            let next = month.plus_months(1).unwrap_or(month);
            // Of the month that the event time cuts, what is left of it.
            let over = c.figures(last_before(next))?;
            for (figures, sign) in [(c.figures(c.at)?, 1), (over, -1)] {
                for (group, figures) in figures.iter().filter(|(group, _)| migration.is_legacy(group.algorithm)) {
                    add(month, group, sign * figures.valid);
                }
            }
            let last = next.plus_years(1000).unwrap_or(next);
            for (month, group, counted) in c.r.figures_by_month(c.as_of, next, last)? {
                if migration.is_legacy(group.algorithm) && c.takes(&group) {
                    add(month, &group, -c.figure(&counted).valid);
                }
            }
        }
        let days = days.into_iter().map(|(day, own)| (day, c.rolled(&own)));
        Ok(Self { now, days: days.filter(|(_, counts)| counts.iter().any(|n| *n != 0)).collect() })
    }

    /// What expires in each month.
    fn months(&self) -> BTreeMap<Day, Vec<i64>> {
        let mut months: BTreeMap<Day, Vec<i64>> = BTreeMap::new();
        for (day, counts) in &self.days {
            let month = months.entry(day.first_of_month()).or_insert_with(|| vec![0; counts.len()]);
            month.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        months
    }

    /// What is live when a day is over.
    fn after(&self, c: &Ctx<'_>, migration: &Migration, day: Day) -> Result<Vec<i64>> {
        if c.at >= c.as_of {
            return live_at(c, migration, day.last_instant());
        }
        let mut left = self.now.clone();
        for (_, counts) in self.days.iter().filter(|(end, _)| *end <= day) {
            left.iter_mut().zip(counts).for_each(|(left, count)| *left -= count);
        }
        Ok(left)
    }

    /// The months in which something expires at a place, with what does and what is left then.
    fn at<'m>(
        &self,
        months: &'m BTreeMap<Day, Vec<i64>>,
        place: usize,
    ) -> impl Iterator<Item = (Day, i64, i64)> + use<'m> {
        let mut left = self.now.get(place).copied().unwrap_or(0);
        months.iter().filter_map(move |(month, counts)| {
            let expiring = counts.get(place).copied().filter(|n| *n != 0)?;
            left -= expiring;
            Some((*month, expiring, left))
        })
    }

    /// The sums over the whole report: its first nodes stand for everything below them.
    fn heads<'c>(c: &'c Ctx<'_>, list: &'c [i64]) -> i64 {
        c.nodes.iter().zip(list).filter(|(node, _)| node.parent.is_none()).map(|(_, n)| n).sum()
    }
}

/// What is live at an instant, of each organisation with everything below it.
fn live_at(c: &Ctx<'_>, migration: &Migration, at: Instant) -> Result<Vec<i64>> {
    let figures = c.figures(at)?;
    let legacy = figures.iter().filter(|(group, _)| migration.is_legacy(group.algorithm));
    Ok(c.rolled(&c.own(legacy.map(|(group, figures)| (&group.org, figures.valid)))))
}

/// Month by month: what expires, what is left if nobody acts, and how much of it is gone by then.
fn forecast(c: &Ctx<'_>, left: &Left) -> Table {
    let now = Left::heads(c, &left.now);
    let mut live = now;
    let row = |(month, counts): (Day, Vec<i64>)| {
        let expiring = Left::heads(c, &counts);
        live -= expiring;
        let values =
            vec![Value::Month(month), Value::Count(expiring), Value::Count(live), Value::share(now - live, now)];
        Row { values, ..Row::default() }
    };
    let rows = left.months().into_iter().map(row).collect();
    let columns = [FIGURES.as_slice(), &[Column::new("gone", Kind::Share)]].concat();
    Table { name: "burn-down", columns, rows, chart: Some(Chart::Line { along: 0, values: vec![2] }) }
}

fn by_organisation(c: &Ctx<'_>, left: &Left) -> Table {
    let (mut rows, months) = (Vec::new(), left.months());
    for (place, node) in c.nodes.iter().enumerate() {
        for (month, expiring, left) in left.at(&months, place) {
            let mut values = c.head(node);
            values.extend([Value::Month(month), Value::Count(expiring), Value::Count(left)]);
            rows.push(Row { depth: node.depth, total: node.parts, values });
        }
    }
    Table { name: "burn-down-organisations", columns: [HEAD.as_slice(), &FIGURES].concat(), rows, chart: None }
}

/// What must be done on each working day to be over by a day: for those certificates that are live then, and for all that
/// are live now.
fn by_deadline(c: &Ctx<'_>, migration: &Migration, left: &Left, deadline: Day) -> Result<Table> {
    let today = c.at.day();
    if deadline < today {
        return Err(ErrorKind::Period { from: today, to: deadline }.into());
    }
    let days = working_days(today.plus_days(1), deadline);
    let then = left.after(c, migration, deadline)?;
    let row = |place: usize| {
        let of = |list: &[i64]| list.get(place).copied().unwrap_or(0);
        let (now, left) = (of(&left.now), of(&then));
        vec![
            Value::Count(now),
            Value::Count(now - left),
            Value::Count(left),
            Value::Count(days),
            daily(left, days),
            daily(now, days),
        ]
    };
    let rows = c.rows(|place| left.now.get(place).is_some_and(|n| *n != 0), row);
    let names = ["legacy_live", "expired_by_then", "left", "working_days", "per_working_day", "per_working_day_all"];
    let columns = [HEAD.as_slice(), &names.map(|name| Column::new(name, Kind::Count))].concat();
    Ok(Table { name: "deadline", columns, rows, chart: Some(Chart::Bars { names: 0, values: HEAD.len() + 4 }) })
}

/// So many a day, rounded up; nothing where no day is left for something.
fn daily(count: i64, days: i64) -> Value {
    match (count, days) {
        (0, _) => Value::Count(0),
        (_, 0) => Value::Empty,
        (count, days) => Value::Count((count + days - 1).div_euclid(days)),
    }
}

/// How many of the days from `from` to `to`, both included, are Mondays to Fridays. Public holidays, and the days that are
/// worked for them, are set anew each year and are not known here.
fn working_days(from: Day, to: Day) -> i64 {
    // How many lie before a day, counted from a Monday: the day of number 4 is 1970-01-05.
    let before = |day: Day| {
        let since = day.number() - 4;
        since.div_euclid(7) * 5 + since.rem_euclid(7).min(5)
    };
    (before(to.plus_days(1)) - before(from)).max(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// From a calendar: 2018-07-01 was a Sunday.
    #[test]
    fn working_days_are_mondays_to_fridays() {
        let days = |from, to| working_days(day(from), day(to));
        assert_eq!(days("2018-07-01", "2018-07-01"), 0);
        assert_eq!(days("2018-07-02", "2018-07-02"), 1);
        assert_eq!(days("2018-07-06", "2018-07-09"), 2);
        assert_eq!(days("2018-07-01", "2018-07-31"), 22);
        assert_eq!(days("2018-07-01", "2018-12-31"), 131);
        assert_eq!(days("2018-01-01", "2018-12-31"), 261);
        assert_eq!(days("1969-12-29", "1970-01-04"), 5);
        assert_eq!(days("2018-07-02", "2018-07-01"), 0);
        // Against a week laid out by hand, over a whole year of beginnings.
        for first in 17_000..17_365_i64 {
            for length in [0, 1, 5, 6, 7, 8, 30] {
                let one_by_one = (first..first + length).filter(|n| (n + 3) % 7 < 5).count();
                let (from, to) = (Day::from_number(first), Day::from_number(first + length - 1));
                assert_eq!(working_days(from, to), i64::try_from(one_by_one).unwrap(), "{from} {to}");
            }
        }
    }

    #[test]
    fn a_day_has_as_many_as_are_needed() {
        assert_eq!(daily(0, 0), Value::Count(0));
        assert_eq!(daily(5, 0), Value::Empty);
        assert_eq!([1, 22, 23, 44].map(|n| daily(n, 22)), [1, 1, 2, 2].map(Value::Count));
    }
}
