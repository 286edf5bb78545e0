//! Year on year (同比) and month on month (环比).

use super::context::{Ctx, Grouped, HEAD, last_before, month_before, months_from};
use super::form::{Chart, Column, Kind, Report, Table, Value};
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
    let now = c.figures(c.at)?;
    let tables = vec![
        table(c, "year-on-year", &c.figures(months_from(c.at, -12))?, &now),
        table(c, "month-on-month", &c.figures(month_before(c.at))?, &now),
        table(c, "new-in-period", &earlier(c)?, &c.between(c.before(), c.end())?),
    ];
    let used =
        [rules::PERIOD, rules::ISSUED, rules::NEW, rules::YEAR, rules::MONTH, rules::PERIOD_YEAR, rules::WORDS];
    Ok(c.report(tables, &c.totals(&used)))
}

/// What was issued in the same period a year earlier.
fn earlier(c: &Ctx<'_>) -> Result<Grouped> {
    let [from, to] = [c.from, c.to].map(|day| day.plus_years(-1).unwrap_or(day));
    c.between(last_before(from), last_before(to))
}

fn table(c: &Ctx<'_>, name: &'static str, before: &Grouped, now: &Grouped) -> Table {
    let ((_, before), (_, now)) = (c.by_node(before), c.by_node(now));
    let of = |place: usize| {
        let issued = |list: &[super::context::Figures]| list.get(place).map_or(0, |figures| figures.issued);
        (issued(&before), issued(&now))
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
