//! Quotas, and what of them is used.

use std::collections::BTreeMap;

use hufu_model::count::{Group, IMPORTED_PROFILE};
use hufu_model::ident::OrgId;

use super::context::Ctx;
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::Result;

const COLUMNS: [Column; 9] = [
    Column::new("name", Kind::Name),
    Column::new("org", Kind::Identifier),
    Column::new("kind", Kind::Code("kind")),
    Column::new("quota_day", Kind::Count),
    Column::new("used_day", Kind::Count),
    Column::new("share_day", Kind::Share),
    Column::new("quota_total", Kind::Count),
    Column::new("used_total", Kind::Count),
    Column::new("share_total", Kind::Share),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let day = c.at.day();
    // A quota counts operators' certificates, too, and none of another authority.
    let ours = |group: &Group| group.profile.as_str() != IMPORTED_PROFILE;
    let mut total: BTreeMap<OrgId, i64> = BTreeMap::new();
    for (group, counted) in c.counted(c.at)?.into_iter().filter(|(group, _)| ours(group)) {
        *total.entry(group.org).or_default() += counted.pairs_issued;
    }
    let mut today: BTreeMap<OrgId, i64> = total.clone();
    for (group, counted) in c.counted(super::context::last_before(day))?.into_iter().filter(|(group, _)| ours(group)) {
        *today.entry(group.org).or_default() -= counted.pairs_issued;
    }
    let used = |counts: &BTreeMap<OrgId, i64>| c.rolled(&c.own(counts.iter().map(|(org, count)| (org, *count))));
    let (today, total) = (used(&today), used(&total));
    let mut rows = Vec::new();
    for (place, node) in c.nodes.iter().enumerate().filter(|(_, node)| node.kind.is_some()) {
        let limits = &c.tree.get(&node.id)?.limits;
        if limits.quota_day.is_none() && limits.quota_total.is_none() {
            continue;
        }
        let mut values = c.head(node);
        for (quota, used) in [(limits.quota_day, &today), (limits.quota_total, &total)] {
            let used = used.get(place).copied().unwrap_or_default();
            values.push(Value::optional(quota, |quota| Value::Count(quota.into())));
            values.push(Value::Count(used));
            values.push(Value::optional(quota, |quota| Value::share(used, quota.into())));
        }
        rows.push(Row { depth: 0, total: false, values });
    }
    let chart = Some(Chart::Bars { names: 0, values: 8 });
    let table = Table { name: "quotas", columns: COLUMNS.to_vec(), rows, chart };
    Ok(c.report(vec![table], &[rules::PAIR, rules::QUOTA]))
}
