//! Totals along the tree, and by algorithm.

use std::collections::BTreeMap;

use hufu_model::certificate::Algorithm;

use super::context::{Ctx, Figures, Grouped, HEAD, months_from};
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
    let now = c.figures(c.at)?;
    let earlier = c.figures(months_from(c.at, -12))?;
    let ((own, total), (_, before)) = (c.by_node(&now), c.by_node(&earlier));
    let shown = |place| total.get(place).is_some_and(|f: &Figures| f.issued != 0);
    let rows = c.rows(shown, |place| {
        let of = |list: &[Figures]| list.get(place).copied().unwrap_or_default();
        let mut values = figures(of(&total), of(&before));
        values.push(Value::Count(of(&own).issued));
        values
    });
    let columns = [HEAD.as_slice(), &FIGURES, &[Column::new("own", Kind::Count)]].concat();
    let map = Chart::TreeMap { names: 0, values: columns.len() - 1 };
    let organisations = Table { name: "organisations", columns, rows, chart: Some(map) };
    let used = [rules::ISSUED, rules::YEAR, rules::WORDS, rules::NEW_YEAR, rules::REVOKED, rules::VALID];
    Ok(c.report(vec![organisations, algorithms(&now, &earlier)], &c.totals(&used)))
}

fn algorithms(now: &Grouped, earlier: &Grouped) -> Table {
    let mut found: BTreeMap<Algorithm, (Figures, Figures)> = BTreeMap::new();
    for (group, figures) in now {
        found.entry(group.algorithm).or_default().0 += *figures;
    }
    for (group, figures) in earlier {
        found.entry(group.algorithm).or_default().1 += *figures;
    }
    let row = |(algorithm, (now, before)): (Algorithm, (Figures, Figures))| {
        let mut values = vec![Value::code(algorithm.code())];
        values.extend(figures(now, before));
        Row { values, ..Row::default() }
    };
    let columns = [[Column::new("algorithm", Kind::Code("algorithm"))].as_slice(), &FIGURES].concat();
    let chart = Some(Chart::Bars { names: 0, values: 1 });
    Table { name: "algorithms", columns, rows: found.into_iter().map(row).collect(), chart }
}

fn figures(now: Figures, before: Figures) -> Vec<Value> {
    vec![
        Value::Count(now.issued),
        Value::Count(before.issued),
        Value::Growth(Growth::of(before.issued, now.issued)),
        Value::Count(now.issued - before.issued),
        Value::Count(now.revoked),
        Value::Count(now.valid),
    ]
}
