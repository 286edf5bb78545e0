//! Who issued most in a period.

use hufu_model::time::Instant;

use super::context::{Ctx, HEAD};
use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::error::Result;

/// One of those that are ranked.
pub(super) struct Leader {
    /// Its place, from 1; who has equally many has the same one.
    pub(super) rank: i64,
    /// Its place among the nodes.
    pub(super) place: usize,
    /// What is new there and below it.
    pub(super) new: i64,
}

/// Those directly below the organisation asked for, each with all below it, that issued anything in the period, most
/// first. An organisation without any below it is ranked alone.
pub(super) fn leaders(c: &Ctx<'_>, new: &[i64]) -> Vec<Leader> {
    let depth = if c.nodes.iter().any(|node| node.depth == 1) { 1 } else { 0 };
    let ranked = c.nodes.iter().enumerate().filter(|(_, node)| node.depth == depth);
    let mut found: Vec<Leader> = ranked
        .map(|(place, _)| Leader { rank: 0, place, new: new.get(place).copied().unwrap_or_default() })
        .filter(|leader| leader.new > 0)
        .collect();
    // Nodes stand in the order of the tree: it decides between those that are equal.
    found.sort_by_key(|leader| (-leader.new, leader.place));
    let mut last: Option<(i64, i64)> = None;
    for (leader, place) in found.iter_mut().zip(1..) {
        leader.rank = last.filter(|(new, _)| *new == leader.new).map_or(place, |(_, rank)| rank);
        last = Some((leader.new, leader.rank));
    }
    found
}

/// What is new in each node and below it after `from` and up to `to`.
pub(super) fn new_between(c: &Ctx<'_>, from: Instant, to: Instant) -> Result<Vec<i64>> {
    let ((_, before), (_, now)) = (c.counts(from)?.by_node(c), c.counts(to)?.by_node(c));
    Ok(now.iter().zip(&before).map(|(now, before)| now.issued - before.issued).collect())
}

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let new = new_between(c, c.before(), c.end())?;
    // Holders of two organisations count in both, and once in the whole: the first node is the head of the others.
    let whole = new.first().copied().unwrap_or_default();
    let most = if c.asked.limit == 0 { usize::MAX } else { usize::try_from(c.asked.limit).unwrap_or(usize::MAX) };
    let row = |leader: Leader| {
        let mut values = vec![Value::Count(leader.rank)];
        values.extend(c.nodes.get(leader.place).into_iter().flat_map(|node| c.head(node)));
        values.extend([Value::Count(leader.new), Value::share(leader.new, whole)]);
        Row { values, ..Row::default() }
    };
    let rows = leaders(c, &new).into_iter().take(most).map(row).collect();
    let rank = Column::new("rank", Kind::Count);
    let figures = [Column::new("new", Kind::Count), Column::new("proportion", Kind::Share)];
    let columns = [[rank].as_slice(), &HEAD, &figures].concat();
    let table = Table { name: "leaders", columns, rows, chart: Some(Chart::Bars { names: 1, values: 4 }) };
    Ok(c.report(vec![table], &c.totals(&[rules::PERIOD, rules::NEW, rules::RANK])))
}
