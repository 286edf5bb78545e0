//! Certificates of the old algorithms that were issued after a cutover, by whomever.

use std::collections::BTreeMap;

use hufu_model::count::{Group, Unit};
use hufu_model::ident::{OrgId, hex};
use hufu_model::time::Instant;
use hufu_store::CutoverRow;

use super::context::{Ctx, HEAD};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use super::worklist::{holder, origin};
use crate::error::Result;
use crate::migration::{self, InForce};

const COLUMNS: [Column; 11] = [
    Column::new("office", Kind::Name),
    Column::new("org", Kind::Identifier),
    Column::new("holder", Kind::Text),
    Column::new("serial", Kind::Identifier),
    Column::new("issuer", Kind::Text),
    Column::new("algorithm", Kind::Code("algorithm")),
    Column::new("issued_at", Kind::Moment),
    Column::new("origin", Kind::Code("origin")),
    Column::new("head", Kind::Identifier),
    Column::new("since", Kind::Moment),
    Column::new("event", Kind::Identifier),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let migration = migration::named(c.asked.migration.as_ref())?;
    let mut cutovers = InForce::at(c.r, c.at, c.as_of)?;
    let mut covered: BTreeMap<OrgId, CutoverRow> = BTreeMap::new();
    for node in &c.nodes {
        if let Some((row, _)) = cutovers.covering(&node.id, |m| m.id == migration.id)? {
            covered.insert(node.id.clone(), row.clone());
        }
    }
    let places: Vec<(OrgId, Instant)> = covered.iter().map(|(org, row)| (org.clone(), row.cutover.effective)).collect();
    let mut found = c.r.issued_since(&places, &migration.from, c.moment())?;
    // What an operator got counts as well.
    let wanted = |group: &Group| {
        c.asked.profile.as_ref().is_none_or(|profile| group.profile == *profile)
            && c.asked.medium.is_none_or(|medium| group.medium == Some(medium))
    };
    found.retain(|certificate| wanted(&certificate.group));
    let own = c.own(found.iter().map(|certificate| (&certificate.group.org, 1_i64)));
    let total = c.rolled(&own);
    let most = usize::try_from(c.asked.limit).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
    let row = |certificate: &hufu_store::AnyCertificate| {
        let cutover = covered.get(&certificate.group.org);
        let values = vec![
            c.name(&certificate.group.org),
            Value::identifier(&certificate.group.org),
            Value::Text(holder(certificate)),
            Value::identifier(hex(&certificate.serial)),
            if certificate.issuer.is_empty() { Value::Empty } else { Value::Text(certificate.issuer.clone()) },
            Value::code(certificate.group.algorithm.code()),
            Value::Moment(Instant::from_unix_seconds(certificate.issued_at)),
            origin(certificate),
            Value::optional(cutover, |row| Value::identifier(&row.cutover.org)),
            Value::optional(cutover, |row| Value::Moment(row.cutover.effective)),
            Value::optional(cutover, |row| Value::identifier(row.event)),
        ];
        Row { values, ..Row::default() }
    };
    let list = Table {
        name: "violations",
        columns: COLUMNS.to_vec(),
        rows: found.iter().take(most).map(row).collect(),
        chart: None,
    };
    let mut rows = c.rows(
        |place| total.get(place).is_some_and(|n| *n != 0),
        |place| vec![Value::Count(total.get(place).copied().unwrap_or(0))],
    );
    rows.retain(|row| row.values.last() != Some(&Value::Count(0)));
    let columns = [HEAD.as_slice(), &[Column::new("violations", Kind::Count)]].concat();
    let chart = Some(Chart::Bars { names: 0, values: HEAD.len() });
    let unit = if c.asked.unit == Unit::Certificate { rules::CERTIFICATE } else { rules::PAIR };
    let offices = Table { name: "violations-organisations", columns, rows, chart };
    Ok(c.report(vec![list, offices], &[rules::VIOLATIONS, rules::CUTOVER, unit]))
}
