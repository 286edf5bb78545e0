//! How long requests took (时效): from entry to approval, from approval to the certificate, in all.

use std::collections::BTreeMap;

use hufu_model::request::{Action, RequestStatus};
use hufu_store::Taken;

use super::context::Ctx;
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::Result;

/// A request that is not done after so many hours stands in the column of those that wait too long.
const WAIT_HOURS: i64 = 72;

/// The times of one line, in seconds.
#[derive(Default)]
struct Times {
    requests: i64,
    rejected: i64,
    open: i64,
    overdue: i64,
    decision: Vec<i64>,
    issue: Vec<i64>,
    whole: Vec<i64>,
}

impl Times {
    fn add(&mut self, taken: &Taken, now: i64) {
        self.requests += 1;
        let decided = taken.decided.map(|at| at - taken.submitted);
        self.decision.extend(decided);
        if let Some(done) = taken.done {
            self.issue.extend(taken.decided.map(|decided| (done - decided).max(0)));
            self.whole.push(done - taken.submitted);
            return;
        }
        // A request that was refused is done with.
        if taken.status == RequestStatus::Rejected && taken.decided.is_some() {
            self.rejected += 1;
            return;
        }
        self.open += 1;
        self.overdue += i64::from(now - taken.submitted > WAIT_HOURS * 3600);
    }

    fn values(&mut self) -> Vec<Value> {
        let mut values: Vec<Value> =
            [self.requests, self.rejected, self.open, self.overdue].into_iter().map(Value::Count).collect();
        for times in [&mut self.decision, &mut self.issue, &mut self.whole] {
            times.sort_unstable();
            values.extend([50, 90, 99].map(|percent| Value::optional(percentile(times, percent), Value::Count)));
        }
        values
    }
}

/// The smallest of the sorted values that at least `percent` of a hundred of them do not exceed; none of no values.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

const COLUMNS: [&str; 13] = [
    "requests",
    "rejected",
    "open",
    "overdue",
    "decision_median",
    "decision_p90",
    "decision_p99",
    "issue_median",
    "issue_p90",
    "issue_p99",
    "whole_median",
    "whole_p90",
    "whole_p99",
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let [from, to] = [c.from, c.to].map(|day| day.first_instant().unix_seconds());
    let now = c.as_of.unix_seconds();
    let mut offices: BTreeMap<usize, Times> = BTreeMap::new();
    let mut actions: BTreeMap<Action, Times> = BTreeMap::new();
    c.r.for_each_taken((from, to), c.as_of, |org, taken| {
        if let Some(place) = c.place(&org) {
            offices.entry(place).or_default().add(&taken, now);
            actions.entry(taken.action).or_default().add(&taken, now);
        }
    })?;
    let figures = COLUMNS.map(|name| Column::new(name, Kind::Count));
    let office = |(place, mut times): (usize, Times)| {
        let node = c.nodes.get(place)?;
        let mut values = vec![node.name.clone(), Value::identifier(&node.id)];
        values.extend(times.values());
        Some(Row { values, ..Row::default() })
    };
    let action = |(action, mut times): (Action, Times)| {
        let mut values = vec![Value::code(action.code())];
        values.extend(times.values());
        Row { values, ..Row::default() }
    };
    let head = [Column::new("name", Kind::Name), Column::new("org", Kind::Identifier)];
    let tables = vec![
        Table {
            name: "offices",
            columns: [head.as_slice(), &figures].concat(),
            rows: offices.into_iter().filter_map(office).collect(),
            chart: Some(Chart::Bars { names: 0, values: 12 }),
        },
        Table {
            name: "actions",
            columns: [[Column::new("action", Kind::Code("action"))].as_slice(), &figures].concat(),
            rows: actions.into_iter().map(action).collect(),
            chart: None,
        },
    ];
    Ok(c.report(tables, &[rules::PERIOD, rules::SLA, rules::PERCENTILE, rules::OVERDUE]))
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 90, 99].map(|p| percentile(&hundred, p)), [Some(50), Some(90), Some(99)]);
        assert_eq!([50, 90, 99].map(|p| percentile(&[7], p)), [Some(7); 3]);
        assert_eq!([50, 90, 99].map(|p| percentile(&[1, 9], p)), [Some(1), Some(9), Some(9)]);
        assert_eq!(percentile(&[], 50), None);
    }
}
