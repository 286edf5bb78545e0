//! Year on year (同比) and month on month (环比).

use hufu_model::time::Instant;

use super::context::{Ctx, HEAD, last_before, month_before, months_from};
use super::form::{Chart, Column, Kind, Report, Table, Value};
use super::leaders::new_between;
use super::{Growth, rules};
use crate::error::Result;

const COLUMNS: [Column; 5] = [
    Column::new("previous", Kind::Count),
    Column::new("present", Kind::Count),
    Column::new("difference", Kind::Count),
    Column::new("ratio", Kind::Share),
    Column::new("growth", Kind::Growth),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let issued = |at: Instant| -> Result<Vec<i64>> {
        let (_, rolled) = c.counts(at)?.by_node(c);
        Ok(rolled.iter().map(|figures| figures.issued).collect())
    };
    let now = issued(c.at)?;
    let [from, to] = [c.from, c.to].map(|day| last_before(day.plus_years(-1).unwrap_or(day)));
    let tables = vec![
        table(c, "year-on-year", &issued(months_from(c.at, -12))?, &now),
        table(c, "month-on-month", &issued(month_before(c.at))?, &now),
        table(c, "new-in-period", &new_between(c, from, to)?, &new_between(c, c.before(), c.end())?),
    ];
    let used = [rules::PERIOD, rules::ISSUED, rules::NEW, rules::YEAR, rules::MONTH, rules::PERIOD_YEAR, rules::WORDS];
    Ok(c.report(tables, &c.totals(&used)))
}

fn table(c: &Ctx<'_>, name: &'static str, before: &[i64], now: &[i64]) -> Table {
    let of = |place: usize| {
        let issued = |list: &[i64]| list.get(place).copied().unwrap_or_default();
        (issued(before), issued(now))
    };
    let rows = c.rows(
        |place| of(place) != (0, 0),
        |place| {
            let (before, now) = of(place);
            vec![
                Value::Count(before),
                Value::Count(now),
                Value::Count(now - before),
                Value::share(now, before),
                Value::Growth(Growth::of(before, now)),
            ]
        },
    );
    let columns = [HEAD.as_slice(), &COLUMNS].concat();
    Table { name, columns, rows, chart: Some(Chart::Bars { names: 0, values: 5 }) }
}
