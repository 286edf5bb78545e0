//! What every report is built from: one snapshot, two times, a period, the tree, and what was asked.

use std::collections::{BTreeMap, HashMap};
use std::ops::{AddAssign, Sub};

use hufu_model::count::{Counted, Group, Unit};
use hufu_model::ident::OrgId;
use hufu_model::org::{OrgKind, OrgTree, Organisation};
use hufu_model::time::{Day, Instant};
use hufu_store::Reader;

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
            TreeOf::Period | TreeOf::Today => r.org_tree_at(as_of)?,
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
        let counted = self.r.figures_at(at, self.as_of)?;
        let taken = counted.into_iter().filter(|(group, _)| self.takes(group));
        Ok(taken.map(|(group, counted)| (group, self.figure(&counted))).collect())
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

    /// Counts in the unit that was asked for.
    pub(super) fn figure(&self, counted: &Counted) -> Figures {
        match self.asked.unit {
            Unit::Certificate => Figures { issued: counted.issued, revoked: counted.revoked, valid: counted.valid },
            Unit::Pair | Unit::Holder => {
                Figures { issued: counted.pairs_issued, revoked: counted.pairs_revoked, valid: counted.pairs_valid }
            }
        }
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

    /// The figures of each node: what it has itself, and with everything below it.
    pub(super) fn by_node(&self, figures: &Grouped) -> (Vec<Figures>, Vec<Figures>) {
        let own = self.own(figures.iter().map(|(group, figure)| (&group.org, *figure)));
        let rolled = self.rolled(&own);
        (own, rolled)
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
