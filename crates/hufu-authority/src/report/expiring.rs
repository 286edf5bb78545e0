//! Certificates that expire in a period.

use hufu_model::count::Unit;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{OrgId, hex};
use hufu_model::time::Instant;
use hufu_store::{Expiring, ExpiryFilter};

use super::context::Ctx;
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::mask::masked_subject;
use super::rules;
use crate::error::Result;

const COLUMNS: [Column; 9] = [
    Column::new("expires", Kind::Moment),
    Column::new("name", Kind::Name),
    Column::new("org", Kind::Identifier),
    Column::new("serial", Kind::Identifier),
    Column::new("subject", Kind::Text),
    Column::new("profile", Kind::Code("profile")),
    Column::new("algorithm", Kind::Code("algorithm")),
    Column::new("medium", Kind::Code("medium")),
    Column::new("status", Kind::Code("status")),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let orgs: Vec<OrgId> = c.nodes.iter().map(|node| node.id.clone()).collect();
    let filter = ExpiryFilter {
        orgs: &orgs,
        profile: c.asked.profile.as_ref(),
        medium: c.asked.medium,
        pairs: c.asked.unit != Unit::Certificate,
        from: c.from.first_instant().unix_seconds(),
        to: c.to.first_instant().unix_seconds(),
        at: c.at,
        as_of: c.as_of,
        limit: c.asked.limit,
    };
    let rows = c.r.expiring(&filter)?.into_iter().map(|found| row(c, found)).collect();
    let table = Table { name: "certificates", columns: COLUMNS.to_vec(), rows, chart: None };
    let unit = if c.asked.unit == Unit::Certificate { rules::CERTIFICATE } else { rules::PAIR };
    Ok(c.report(vec![table], &[unit, rules::PERIOD, rules::EXPIRING, rules::MASKED]))
}

fn row(c: &Ctx<'_>, found: Expiring) -> Row {
    let person = found.holder_kind.is_none_or(|kind| kind == HolderKind::Person);
    let values = vec![
        Value::Moment(Instant::from_unix_seconds(found.not_after)),
        c.name(&found.org),
        Value::identifier(&found.org),
        Value::identifier(hex(&found.serial)),
        Value::Text(if person { masked_subject(&found.subject) } else { found.subject }),
        Value::optional(found.profile, |profile| Value::Code(profile.to_string())),
        Value::code(found.algorithm.code()),
        Value::optional(found.medium, |medium| Value::code(medium.code())),
        Value::code(found.status.code()),
    ];
    Row { values, ..Row::default() }
}
