//! Which office may issue what, how much and where, and who set each limit.

use hufu_model::org::{Limits, OrgStatus, Organisation};

use super::context::Ctx;
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::Result;

const COLUMNS: [Column; 17] = [
    Column::new("name", Kind::Name),
    Column::new("org", Kind::Identifier),
    Column::new("kind", Kind::Code("kind")),
    Column::new("status", Kind::Code("status")),
    Column::new("frozen_by", Kind::Identifier),
    Column::new("profiles", Kind::Identifier),
    Column::new("profiles_from", Kind::Identifier),
    Column::new("quota_day", Kind::Count),
    Column::new("quota_day_from", Kind::Identifier),
    Column::new("quota_total", Kind::Count),
    Column::new("quota_total_from", Kind::Identifier),
    Column::new("max_days", Kind::Count),
    Column::new("max_days_from", Kind::Identifier),
    Column::new("region", Kind::Identifier),
    Column::new("region_from", Kind::Identifier),
    Column::new("name_prefix", Kind::Text),
    Column::new("name_prefix_from", Kind::Identifier),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let mut rows = Vec::new();
    for node in c.nodes.iter().filter(|node| node.kind.is_some()) {
        let limits = c.tree.effective_limits(&node.id)?;
        let chain = c.tree.chain(&node.id)?;
        let frozen = c.tree.frozen_by(&node.id)?;
        let status = chain.first().map_or(OrgStatus::Active, |own| own.status);
        let mut values = c.head(node);
        values.push(Value::code(status.code()));
        values.push(Value::optional(frozen, |by| Value::identifier(&by.id)));
        values.extend(limit(
            &limits,
            &chain,
            |l| l.profiles.clone(),
            |profiles| {
                let mut names: Vec<String> = profiles.iter().map(ToString::to_string).collect();
                names.sort();
                Value::Text(names.join(" "))
            },
        ));
        let count = |n: u32| Value::Count(n.into());
        values.extend(limit(&limits, &chain, |l| l.quota_day, count));
        values.extend(limit(&limits, &chain, |l| l.quota_total, count));
        values.extend(limit(&limits, &chain, |l| l.max_days, count));
        values.extend(limit(&limits, &chain, |l| l.region, Value::identifier));
        values.extend(limit(&limits, &chain, |l| l.name_prefix.clone(), Value::Text));
        rows.push(Row { depth: node.depth, total: false, values });
    }
    let table = Table { name: "permissions", columns: COLUMNS.to_vec(), rows, chart: None };
    Ok(c.report(vec![table], &[rules::LIMITS]))
}

/// A limit and whose it is: the highest of the chain that has it so. A list of profiles that no single organisation has so
/// comes from several, and all of them are named.
fn limit<T: PartialEq>(
    effective: &Limits,
    chain: &[&Organisation],
    of: impl Fn(&Limits) -> Option<T>,
    value: impl FnOnce(T) -> Value,
) -> [Value; 2] {
    let Some(found) = of(effective) else { return [Value::Empty, Value::Empty] };
    let set = chain.iter().rev().find(|org| of(&org.limits).as_ref() == Some(&found));
    let from = match set {
        Some(org) => Value::identifier(&org.id),
        None => {
            let all = chain.iter().rev().filter(|org| of(&org.limits).is_some());
            Value::Text(all.map(|org| org.id.to_string()).collect::<Vec<_>>().join(" "))
        }
    };
    [value(found), from]
}
