//! Certificates of the old algorithms that were issued after a cutover, by whomever.

use std::collections::BTreeMap;

use hufu_model::ident::{OrgId, hex};
use hufu_model::text::mask_identity_numbers;
use hufu_model::time::Instant;
use hufu_store::{CutoverRow, Moment};

use super::context::{Ctx, HEAD};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use super::worklist::origin;
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
    let found = c.r.issued_since(&places, &migration.from, Moment { at: c.at, as_of: c.as_of })?;
    let own = c.own(found.iter().map(|certificate| (&certificate.org, 1_i64)));
    let total = c.rolled(&own);
    let most = usize::try_from(c.asked.limit).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
    let row = |certificate: &hufu_store::AnyCertificate| {
        let cutover = covered.get(&certificate.org);
        let values = vec![
            c.name(&certificate.org),
            Value::identifier(&certificate.org),
            Value::Text(mask_identity_numbers(&certificate.subject)),
            Value::identifier(hex(&certificate.serial)),
            if certificate.issuer.is_empty() { Value::Empty } else { Value::Text(certificate.issuer.clone()) },
            Value::code(certificate.algorithm.code()),
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
    let offices = Table { name: "violations-organisations", columns, rows, chart };
    Ok(c.report(vec![list, offices], &[rules::VIOLATIONS, rules::CUTOVER, rules::PAIR]))
}
