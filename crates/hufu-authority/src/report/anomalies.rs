//! What deserves a second look. None of it is proof of anything; each table says by which rule a row came to stand in it.

use std::collections::BTreeMap;

use hufu_model::count::IMPORTED_PROFILE;
use hufu_model::time::Day;

use super::context::Ctx;
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::mask::masked_subject;
use super::rules;
use crate::error::Result;

/// How many days before a day it is compared with.
const WINDOW: i64 = 90;

/// On so many of these an organisation must have issued something.
const DAYS: usize = 10;

/// A day stands out when it is above the median by more than so many median absolute deviations, by more than the median,
/// and by more than [`FLOOR`].
const DEVIATIONS: i64 = 6;

/// So many certificates more than usual are never a spike.
const FLOOR: i64 = 20;

/// So many requests must have gone through an office before it matters that the same people handled all of them.
const REQUESTS: i64 = 10;

const OFFICE: [Column; 2] = [Column::new("name", Kind::Name), Column::new("org", Kind::Identifier)];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let tables = vec![spikes(c)?, off_hours(c)?, several(c)?, one_person(c)?];
    let used = [rules::PERIOD, rules::SPIKE, rules::OFF_HOURS, rules::SEVERAL, rules::ONE_PERSON, rules::MASKED];
    Ok(c.report(tables, &used))
}

/// Days on which an organisation issued far more than it does.
fn spikes(c: &Ctx<'_>) -> Result<Table> {
    let mut days: BTreeMap<(usize, Day), i64> = BTreeMap::new();
    for (day, group, figures) in c.by_day(c.from.plus_days(-WINDOW), c.to)? {
        if let Some(place) = c.place(&group.org)
            && group.profile.as_str() != IMPORTED_PROFILE
        {
            *days.entry((place, day)).or_default() += figures.issued;
        }
    }
    days.retain(|_, count| *count > 0);
    let mut rows = Vec::new();
    for ((place, day), count) in days.range((0, c.from)..).map(|(key, count)| (*key, *count)) {
        if day < c.from {
            continue;
        }
        let window = days.range((place, day.plus_days(-WINDOW))..(place, day));
        let before: Vec<i64> = window.map(|(_, count)| *count).collect();
        let Some((usual, limit)) = usual(before) else { continue };
        if count > limit
            && let Some(node) = c.nodes.get(place)
        {
            let mut values = vec![Value::Day(day), node.name.clone(), Value::identifier(&node.id)];
            values.extend([count, usual, limit].map(Value::Count));
            rows.push((day, Row { values, ..Row::default() }));
        }
    }
    rows.sort_by_key(|(day, _)| *day);
    let figures = ["count", "median", "most"].map(|name| Column::new(name, Kind::Count));
    let columns = [[Column::new("day", Kind::Day)].as_slice(), &OFFICE, &figures].concat();
    Ok(Table { name: "spikes", columns, rows: rows.into_iter().map(|(_, row)| row).collect(), chart: None })
}

/// The median of the days on which anything was issued, and the most that is no spike; none when they are too few.
fn usual(mut counts: Vec<i64>) -> Option<(i64, i64)> {
    if counts.len() < DAYS {
        return None;
    }
    let middle = median(&mut counts)?;
    let mut deviations: Vec<i64> = counts.iter().map(|count| (count - middle).abs()).collect();
    let deviation = median(&mut deviations)?;
    Some((middle, middle + (deviation * DEVIATIONS).max(middle).max(FLOOR)))
}

/// The middle one; of an even number the lower of the two.
fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Who had certificates issued at night and at weekends, for which office.
fn off_hours(c: &Ctx<'_>) -> Result<Table> {
    let [from, to] = [c.from, c.to].map(|day| day.first_instant().unix_seconds());
    let found = c.r.issuing_hours(from, to, c.as_of)?;
    let odd = found.into_iter().filter(|h| h.night + h.weekend > 0 && c.place(&h.org).is_some());
    let mut rows: Vec<_> = odd
        .map(|h| {
            let actor = Value::optional(h.actor, Value::identifier);
            let mut values = vec![c.name(&h.org), Value::identifier(&h.org), actor];
            values.extend([h.night, h.weekend, h.all].map(Value::Count));
            values.push(Value::share(h.night.max(h.weekend), h.all));
            (-(h.night + h.weekend), Row { values, ..Row::default() })
        })
        .collect();
    rows.sort_by_key(|(most, _)| *most);
    let figures = ["night", "weekend", "all"].map(|name| Column::new(name, Kind::Count));
    let operator = Column::new("operator", Kind::Identifier);
    let columns = [OFFICE.as_slice(), &[operator], &figures, &[Column::new("proportion", Kind::Share)]].concat();
    Ok(Table { name: "off-hours", columns, rows: rows.into_iter().map(|(_, row)| row).collect(), chart: None })
}

/// Persons with several valid certificates of one usage.
fn several(c: &Ctx<'_>) -> Result<Table> {
    let found = c.r.several_valid(c.at, c.as_of)?;
    let row = |several: hufu_store::Several| {
        let values = vec![
            c.name(&several.org),
            Value::identifier(&several.org),
            Value::Text(masked_subject(&several.subject)),
            Value::Code(several.profile.to_string()),
            Value::Count(several.count),
            Value::Count(several.orgs),
            // Enough of it to find the same person again in another report.
            Value::identifier(several.holder.to_string().chars().take(16).collect::<String>()),
        ];
        Row { values, ..Row::default() }
    };
    let rows = found.into_iter().filter(|several| c.place(&several.org).is_some()).map(row).collect();
    let columns = [
        OFFICE.as_slice(),
        &[
            Column::new("subject", Kind::Text),
            Column::new("profile", Kind::Code("profile")),
            Column::new("count", Kind::Count),
            Column::new("offices", Kind::Count),
            Column::new("holder", Kind::Identifier),
        ],
    ];
    Ok(Table { name: "several", columns: columns.concat(), rows, chart: None })
}

/// Offices through whose requests the hands of one pair of people went, and of nobody else.
fn one_person(c: &Ctx<'_>) -> Result<Table> {
    let [from, to] = [c.from, c.to].map(|day| day.first_instant().unix_seconds());
    let found = c.r.hands(from, to, c.as_of.unix_seconds())?;
    let alone = found.into_iter().filter(|h| {
        let one = h.submitters == 1 || h.approvers == 1;
        one && h.requests >= REQUESTS && c.place(&h.org).is_some()
    });
    let rows = alone.map(|h| {
        let who = |count: i64, id| if count == 1 { Value::identifier(id) } else { Value::Empty };
        let values = vec![
            c.name(&h.org),
            Value::identifier(&h.org),
            Value::Count(h.requests),
            Value::Count(h.submitters),
            who(h.submitters, h.submitter),
            Value::Count(h.approvers),
            who(h.approvers, h.approver),
        ];
        Row { values, ..Row::default() }
    });
    let columns = [
        OFFICE.as_slice(),
        &[
            Column::new("requests", Kind::Count),
            Column::new("submitters", Kind::Count),
            Column::new("submitter", Kind::Identifier),
            Column::new("approvers", Kind::Count),
            Column::new("approver", Kind::Identifier),
        ],
    ];
    Ok(Table { name: "one-person", columns: columns.concat(), rows: rows.collect(), chart: None })
}

#[cfg(test)]
mod tests {
    use super::usual;

    #[test]
    fn a_spike_is_measured_by_the_office_s_own_days() {
        assert_eq!(usual(vec![5; 9]), None, "nine days say nothing");
        // The floor: a quiet office may have twenty more.
        assert_eq!(usual(vec![5; 10]), Some((5, 25)));
        // A busy and steady one may have twice as many.
        assert_eq!(usual(vec![100; 30]), Some((100, 200)));
        // An unsteady one: the deviations of 10, 20, …, 200 from 100 have the median 50.
        assert_eq!(usual((1..=20).map(|n| n * 10).collect()), Some((100, 400)));
    }
}
