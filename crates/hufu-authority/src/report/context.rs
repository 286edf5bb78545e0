//! What every report is built from: one snapshot, two times, a period, the tree, and what was asked.

use std::collections::{BTreeMap, HashMap};
use std::ops::{AddAssign, Sub};

use hufu_model::count::{Counted, Group, Unit};
use hufu_model::ident::OrgId;
use hufu_model::org::{OrgKind, OrgTree, Organisation};
use hufu_model::time::{Day, Instant};
use hufu_store::{Holders, Moment, Reader};

use super::form::{Column, Kind, Report, Row, Table, Value};
use super::{Asked, ReportKind, TreeOf, rules};
use crate::error::Result;
use crate::submit::OPERATOR_PROFILE;

/// Where certificates stand that no rule gives to an organisation.
pub(super) const UNASSIGNED: &str = "unassigned";

/// What a report is built from.
pub(super) struct Ctx<'a> {
    /// The one snapshot of the report.
    pub(super) r: &'a Reader<'a>,
    /// Which report.
    pub(super) kind: ReportKind,
    /// What was asked, as it was asked.
    pub(super) asked: &'a Asked,
    /// Event time.
    pub(super) at: Instant,
    /// Knowledge.
    pub(super) as_of: Instant,
    /// The first day of the period.
    pub(super) from: Day,
    /// The first day after the period.
    pub(super) to: Day,
    /// The tree by which it rolls up, whole.
    pub(super) tree: OrgTree,
    /// The organisations that were asked for, parents before children.
    pub(super) nodes: Vec<Node>,
    places: HashMap<OrgId, usize>,
}

/// An organisation that was asked for.
pub(super) struct Node {
    /// Its id.
    pub(super) id: OrgId,
    /// Its name in Chinese and English.
    pub(super) name: Value,
    /// Its kind; none for [`UNASSIGNED`].
    pub(super) kind: Option<OrgKind>,
    /// How far below the first one it stands.
    pub(super) depth: usize,
    /// The place of the one above it among the nodes; none for the first.
    pub(super) parent: Option<usize>,
    /// Whether others stand below it.
    pub(super) parts: bool,
}

/// What is counted, in the unit that was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Issued.
    pub(super) issued: i64,
    /// Revoked.
    pub(super) revoked: i64,
    /// Valid.
    pub(super) valid: i64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.issued += other.issued;
        self.revoked += other.revoked;
        self.valid += other.valid;
    }
}

impl Sub for Figures {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            issued: self.issued - other.issued,
            revoked: self.revoked - other.revoked,
            valid: self.valid - other.valid,
        }
    }
}

/// Figures by group.
pub(super) type Grouped = BTreeMap<Group, Figures>;

/// What is counted at an instant: figures that add up, or holders, each of whom counts once in every place.
pub(super) enum Counts {
    /// Certificates or pairs.
    Added(Grouped),
    /// Holders.
    Holders(Holders),
}

impl Counts {
    /// The figures of each node: what it has itself, and with everything below it.
    pub(super) fn by_node(&self, c: &Ctx<'_>) -> (Vec<Figures>, Vec<Figures>) {
        match self {
            Self::Added(figures) => {
                let own = c.own(figures.iter().map(|(group, figure)| (&group.org, *figure)));
                let rolled = c.rolled(&own);
                (own, rolled)
            }
            Self::Holders(_) => {
                let listed = |places: BTreeMap<usize, Figures>| {
                    (0..c.nodes.len()).map(|place| places.get(&place).copied().unwrap_or_default()).collect()
                };
                let own = self.by(c, |group| c.place(&group.org).into_iter().collect());
                (listed(own), listed(self.by(c, |group| c.above(&group.org))))
            }
        }
    }

    /// The figures under each of the keys that `keys` gives to a group.
    pub(super) fn by<K: Ord>(&self, c: &Ctx<'_>, keys: impl Fn(&Group) -> Vec<K>) -> BTreeMap<K, Figures> {
        match self {
            Self::Added(figures) => {
                let mut found: BTreeMap<K, Figures> = BTreeMap::new();
                for (group, figure) in figures {
                    keys(group).into_iter().for_each(|key| *found.entry(key).or_default() += *figure);
                }
                found
            }
            Self::Holders(holders) => {
                let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
                let counted = holders.count_by(|group| if c.takes(group) { keys(group) } else { Vec::new() });
                let figures = counted.into_iter().map(|(key, count)| {
                    (key, Figures { issued: number(count.issued), revoked: 0, valid: number(count.valid) })
                });
                figures.collect()
            }
        }
    }
}

impl<'a> Ctx<'a> {
    /// Lays out the organisations that were asked for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Tree`] for an organisation that is not in the tree.
    pub(super) fn new(
        r: &'a Reader<'a>,
        kind: ReportKind,
        asked: &'a Asked,
        (at, as_of): (Instant, Instant),
        (from, to): (Day, Day),
    ) -> Result<Self> {
        let tree = match asked.tree {
            TreeOf::Period => r.org_tree_of(at, as_of)?,
            TreeOf::Today => r.org_tree_at(as_of)?,
        };
        let mut nodes = lay_out(&tree, asked.org.as_ref())?;
        if let Ok(id) = UNASSIGNED.parse::<OrgId>()
            && asked.org.is_none()
            && tree.get(&id).is_err()
            && let Some(root) = nodes.first_mut()
        {
            root.parts = true;
            let name = Value::Name { zh: "未归属".to_owned(), en: "Unassigned".to_owned() };
            nodes.push(Node { id, name, kind: None, depth: 1, parent: Some(0), parts: false });
        }
        let places = nodes.iter().enumerate().map(|(place, node)| (node.id.clone(), place)).collect();
        Ok(Self { r, kind, asked, at, as_of, from, to, tree, nodes, places })
    }

    /// The last instant before the period.
    pub(super) fn before(&self) -> Instant {
        last_before(self.from)
    }

    /// The last instant of the period.
    pub(super) fn end(&self) -> Instant {
        last_before(self.to)
    }

    /// The place of an organisation among the nodes; none when it was not asked for.
    pub(super) fn place(&self, org: &OrgId) -> Option<usize> {
        self.places.get(org).copied()
    }

    /// The two times, and whether pairs are counted.
    pub(super) fn moment(&self) -> Moment {
        Moment { at: self.at, as_of: self.as_of, pairs: self.asked.unit != Unit::Certificate }
    }

    /// The name of an organisation of the tree; its id where it has none.
    pub(super) fn name(&self, org: &OrgId) -> Value {
        match self.tree.get(org) {
            Ok(found) => name(found),
            Err(_) => Value::Name { zh: org.to_string(), en: String::new() },
        }
    }

    /// Whether a group is part of what was asked for. Certificates of operators are what the authority works with, not
    /// what it issues to holders: they are counted only where their profile is asked for.
    pub(super) fn takes(&self, group: &Group) -> bool {
        let profile = match &self.asked.profile {
            Some(profile) => group.profile == *profile,
            None => group.profile.as_str() != OPERATOR_PROFILE,
        };
        profile && self.asked.medium.is_none_or(|m| group.medium == Some(m)) && self.places.contains_key(&group.org)
    }

    /// The figures of everything that was asked for at an event time.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn figures(&self, at: Instant) -> Result<Grouped> {
        let counted = self.counted(at)?;
        let taken = counted.into_iter().filter(|(group, _)| self.takes(group));
        Ok(taken.map(|(group, counted)| (group, self.figure(&counted))).collect())
    }

    /// What is counted at an event time, in the unit that was asked for.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn counts(&self, at: Instant) -> Result<Counts> {
        Ok(match self.asked.unit {
            Unit::Holder => Counts::Holders(self.r.holders_at(at, self.as_of)?),
            Unit::Certificate | Unit::Pair => Counts::Added(self.figures(at)?),
        })
    }

    /// What came about after `from` and up to `to`, by group.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn between(&self, from: Instant, to: Instant) -> Result<Grouped> {
        let mut figures = self.figures(to)?;
        for (group, earlier) in self.figures(from)? {
            let figure = figures.entry(group).or_default();
            *figure = *figure - earlier;
        }
        Ok(figures)
    }

    /// Everything that is counted at an event time, whatever was asked for.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn counted(&self, at: Instant) -> Result<Vec<(Group, Counted)>> {
        Ok(self.r.figures_at(at, self.as_of)?)
    }

    /// What changed on each day before `to`, from `from` on, of everything that was asked for.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn by_day(&self, from: Day, to: Day) -> Result<Vec<(Day, Group, Figures)>> {
        Ok(self.taken(self.r.figures_by_day(self.as_of, from, to.plus_days(-1))?))
    }

    /// What changed in each month that the period touches.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn by_month(&self) -> Result<Vec<(Day, Group, Figures)>> {
        Ok(self.taken(self.r.figures_by_month(self.as_of, self.from, self.to.plus_days(-1))?))
    }

    fn taken(&self, changed: Vec<(Day, Group, Counted)>) -> Vec<(Day, Group, Figures)> {
        let taken = changed.into_iter().filter(|(_, group, _)| self.takes(group));
        taken.map(|(day, group, counted)| (day, group, self.figure(&counted))).collect()
    }

    /// Counts in the unit that was asked for.
    pub(super) fn figure(&self, counted: &Counted) -> Figures {
        match self.asked.unit {
            Unit::Certificate => Figures { issued: counted.issued, revoked: counted.revoked, valid: counted.valid },
            Unit::Pair | Unit::Holder => {
                Figures { issued: counted.pairs_issued, revoked: counted.pairs_revoked, valid: counted.pairs_valid }
            }
        }
    }

    /// The places of an organisation and those above it among the nodes.
    fn above(&self, org: &OrgId) -> Vec<usize> {
        let mut places: Vec<usize> = self.place(org).into_iter().collect();
        while let Some(parent) = places.last().and_then(|place| self.nodes.get(*place)?.parent) {
            places.push(parent);
        }
        places
    }

    /// One value for each node: its own and everything below it.
    pub(super) fn rolled<T: Copy + AddAssign>(&self, own: &[T]) -> Vec<T> {
        let mut rolled = own.to_vec();
        for (place, node) in self.nodes.iter().enumerate().rev() {
            if let (Some(parent), Some(value)) = (node.parent, rolled.get(place).copied())
                && let Some(above) = rolled.get_mut(parent)
            {
                *above += value;
            }
        }
        rolled
    }

    /// One value for each node, from values by organisation.
    pub(super) fn own<'g, T: Copy + Default + AddAssign>(
        &self,
        values: impl IntoIterator<Item = (&'g OrgId, T)>,
    ) -> Vec<T> {
        let mut own = vec![T::default(); self.nodes.len()];
        for (org, value) in values {
            if let Some(slot) = self.place(org).and_then(|place| own.get_mut(place)) {
                *slot += value;
            }
        }
        own
    }

    /// A row for each node; `values` gives what stands behind its name, id and kind, or nothing when it has no row. A
    /// node without a kind is shown only where `shown` says that something is counted there.
    pub(super) fn rows(&self, shown: impl Fn(usize) -> bool, values: impl Fn(usize) -> Vec<Value>) -> Vec<Row> {
        let wanted = |(place, node): &(usize, &Node)| node.kind.is_some() || shown(*place);
        let row = |(place, node): (usize, &Node)| {
            let mut cells = self.head(node);
            cells.extend(values(place));
            Row { depth: node.depth, total: node.parts, values: cells }
        };
        self.nodes.iter().enumerate().filter(wanted).map(row).collect()
    }

    /// The first values of a row about an organisation: those of [`HEAD`].
    pub(super) fn head(&self, node: &Node) -> Vec<Value> {
        let kind = Value::optional(node.kind, |kind| Value::code(kind.code()));
        vec![node.name.clone(), Value::identifier(&node.id), kind]
    }

    /// The report, with the rules that every report of totals has.
    pub(super) fn report(&self, tables: Vec<Table>, counted_by: &[&'static str]) -> Report {
        let mut used = counted_by.to_vec();
        used.push(rules::TIMES);
        let used = rules::DICTIONARY.iter().copied().filter(|rule| used.contains(rule)).collect();
        Report {
            kind: self.kind,
            at: self.at,
            as_of: self.as_of,
            period: self.kind.has_period().then_some((self.from, self.to)),
            unit: self.asked.unit,
            asked: self.asked.given(),
            tables,
            rules: used,
        }
    }

    /// The rules of a report that adds up certificates along the tree.
    pub(super) fn totals(&self, further: &[&'static str]) -> Vec<&'static str> {
        let unit = match self.asked.unit {
            Unit::Certificate => rules::CERTIFICATE,
            Unit::Pair => rules::PAIR,
            Unit::Holder => rules::HOLDER,
        };
        let tree = match self.asked.tree {
            TreeOf::Period => rules::TREE_PERIOD,
            TreeOf::Today => rules::TREE_TODAY,
        };
        let operators = self.asked.profile.as_ref().is_some_and(|p| p.as_str() == OPERATOR_PROFILE);
        let staff = if operators { rules::STAFF_ONLY } else { rules::STAFF };
        let mut used = vec![unit, tree, staff];
        used.extend(further);
        used
    }
}

/// The first columns of a table of organisations.
pub(super) const HEAD: [Column; 3] =
    [Column::new("name", Kind::Name), Column::new("org", Kind::Identifier), Column::new("kind", Kind::Code("kind"))];

/// The last instant before a day.
pub(super) fn last_before(day: Day) -> Instant {
    day.plus_days(-1).last_instant()
}

/// The same instant of the calendar some months away, in UTC+08:00.
pub(super) fn months_from(at: Instant, months: i32) -> Instant {
    let day = at.day();
    let within = at.unix_millis() - day.first_instant().unix_millis();
    let moved = day.plus_months(months).unwrap_or(day);
    Instant::from_unix_millis(moved.first_instant().unix_millis() + within)
}

/// The same date a month earlier; from the last day of a month, the last day of the month before.
pub(super) fn month_before(at: Instant) -> Instant {
    let day = at.day();
    if day.plus_days(1).first_of_month() != day.plus_days(1) {
        return months_from(at, -1);
    }
    let within = day.last_instant().unix_millis() - at.unix_millis();
    let end = last_before(day.first_of_month());
    Instant::from_unix_millis(end.unix_millis() - within)
}

fn name(org: &Organisation) -> Value {
    Value::Name { zh: org.name.clone(), en: org.name_en.clone() }
}

/// The organisations at and below `head`, parents before children; the whole tree without one.
fn lay_out(tree: &OrgTree, head: Option<&OrgId>) -> Result<Vec<Node>> {
    let heads = match head {
        Some(head) => vec![tree.get(head)?],
        None => tree.iter().filter(|o| o.parent.is_none()).collect(),
    };
    let mut nodes: Vec<Node> = Vec::new();
    let mut stack: Vec<(&Organisation, usize, Option<usize>)> = heads.into_iter().map(|o| (o, 0, None)).collect();
    while let Some((org, depth, parent)) = stack.pop() {
        let place = nodes.len();
        let mut below: Vec<_> = tree.children(&org.id).collect();
        below.sort_by_key(|o| (o.kind, o.region, o.id.clone()));
        let kind = (org.id.as_str() != UNASSIGNED).then_some(org.kind);
        let parts = !below.is_empty();
        nodes.push(Node { id: org.id.clone(), name: name(org), kind, depth, parent, parts });
        stack.extend(below.into_iter().rev().map(|o| (o, depth + 1, Some(place))));
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_month_before_the_end_of_a_month_is_the_end_of_the_month_before() {
        let instant = |text: &str| text.parse::<Instant>().unwrap();
        for (at, before) in [
            ("2018-06-30", "2018-05-31"),
            ("2018-03-31", "2018-02-28"),
            ("2018-02-28", "2018-01-31"),
            ("2018-06-29", "2018-05-29"),
            ("2018-03-30", "2018-02-28"),
            ("2018-06-30T12:00:00+08:00", "2018-05-31T12:00:00+08:00"),
            ("2018-01-01T00:00:00+08:00", "2017-12-01T00:00:00+08:00"),
        ] {
            assert_eq!(month_before(instant(at)), instant(before), "{at}");
        }
    }
}
