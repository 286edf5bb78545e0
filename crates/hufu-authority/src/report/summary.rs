//! Totals along the tree, and by algorithm.

use hufu_model::certificate::Algorithm;
use hufu_model::count::Unit;

use super::context::{Counts, Ctx, Figures, HEAD, months_from};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::{Growth, rules};
use crate::error::Result;

const FIGURES: [Column; 6] = [
    Column::new("issued", Kind::Count),
    Column::new("year_earlier", Kind::Count),
    Column::new("growth", Kind::Growth),
    Column::new("new", Kind::Count),
    Column::new("revoked", Kind::Count),
    Column::new("valid", Kind::Count),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let now = c.counts(c.at)?;
    let earlier = c.counts(months_from(c.at, -12))?;
    let ((own, total), (_, before)) = (now.by_node(c), earlier.by_node(c));
    let shown = |place| total.get(place).is_some_and(|f: &Figures| f.issued != 0);
    let rows = c.rows(shown, |place| {
        let of = |list: &[Figures]| list.get(place).copied().unwrap_or_default();
        let mut values = figures(c, of(&total), of(&before));
        values.push(Value::Count(of(&own).issued));
        values
    });
    let columns = [HEAD.as_slice(), &FIGURES, &[Column::new("own", Kind::Count)]].concat();
    let map = Chart::TreeMap { names: 0, values: columns.len() - 1 };
    let organisations = Table { name: "organisations", columns, rows, chart: Some(map) };
    let used = [rules::ISSUED, rules::YEAR, rules::WORDS, rules::NEW_YEAR, rules::REVOKED, rules::VALID];
    Ok(c.report(vec![organisations, algorithms(c, &now, &earlier)], &c.totals(&used)))
}

fn algorithms(c: &Ctx<'_>, now: &Counts, earlier: &Counts) -> Table {
    let earlier = earlier.by(c, |group| vec![group.algorithm]);
    // What was there a year earlier is there now.
    let found = now.by(c, |group| vec![group.algorithm]);
    let row = |(algorithm, now): (Algorithm, Figures)| {
        let mut values = vec![Value::code(algorithm.code())];
        values.extend(figures(c, now, earlier.get(&algorithm).copied().unwrap_or_default()));
        Row { values, ..Row::default() }
    };
    let columns = [[Column::new("algorithm", Kind::Code("algorithm"))].as_slice(), &FIGURES].concat();
    let chart = Some(Chart::Bars { names: 0, values: 1 });
    Table { name: "algorithms", columns, rows: found.into_iter().map(row).collect(), chart }
}

fn figures(c: &Ctx<'_>, now: Figures, before: Figures) -> Vec<Value> {
    // Holders are not revoked; their certificates are.
    let revoked = if c.asked.unit == Unit::Holder { Value::Empty } else { Value::Count(now.revoked) };
    vec![
        Value::Count(now.issued),
        Value::Count(before.issued),
        Value::Growth(Growth::of(before.issued, now.issued)),
        Value::Count(now.issued - before.issued),
        revoked,
        Value::Count(now.valid),
    ]
}
