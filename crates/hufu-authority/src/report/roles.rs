//! Who holds which role, and where duties lie in too few hands.

use std::collections::{BTreeMap, HashMap};

use hufu_ledger::event::Event;
use hufu_model::event::EventKind;
use hufu_model::ident::{OperatorId, Serial};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::Tier;
use hufu_store::{EventFilter, Reader};
use hufu_x509::record::{Act, Countersign, RequestRecord};
use hufu_x509::signed_data::SignedData;

use super::context::{Ctx, HEAD};
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::rules;
use crate::change::Change;
use crate::document::fault;
use crate::error::Result;

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let operators = operators_at(c)?;
    let tables = vec![list(c, &operators), by_office(c, &operators), findings(c, &operators)];
    Ok(c.report(tables, &[rules::ROLES, rules::SEPARATION]))
}

/// The operators as they were at the event time, so far as known: from the certificates they were given and the acts about
/// them.
fn operators_at(c: &Ctx<'_>) -> Result<Vec<Operator>> {
    let until = c.at.min(c.as_of);
    let mut found = Vec::new();
    for row in c.r.operators()? {
        let mut held: Option<Operator> = None;
        let mut changes: BTreeMap<u64, Step> = BTreeMap::new();
        for serial in c.r.operator_certificates(&row.id)? {
            if let Some(seq) = c.r.certificate_event(&serial)? {
                changes.insert(seq, Step::Certificate(serial));
            }
        }
        for kind in [EventKind::OperatorChange, EventKind::OperatorRemove] {
            let filter = EventFilter { kind: Some(kind), object: Some(row.id.to_string()), ..EventFilter::default() };
            for event in c.r.events(&filter)? {
                changes.insert(event.seq, Step::Act(event.leaf));
            }
        }
        for (seq, step) in changes {
            if c.r.event(seq)?.is_none_or(|event| event.at > until) {
                break;
            }
            match step {
                Step::Certificate(serial) => held = Some(granted(c.r, &row, serial)?),
                Step::Act(leaf) => {
                    if let Some(operator) = &mut held {
                        apply(c.r, &leaf, operator)?;
                    }
                }
            }
        }
        found.extend(held);
    }
    Ok(found)
}

/// What made an operator what they are.
enum Step {
    Certificate(Serial),
    Act(Vec<u8>),
}

/// An operator as a certificate made them: the founding makes administrators, a request says which roles it is for.
fn granted(r: &Reader<'_>, row: &Operator, certificate: Serial) -> Result<Operator> {
    let request = r.certificate(&certificate)?.and_then(|found| found.request);
    let (org, roles) = match request {
        None => (crate::init::ca_org()?, vec![Role::SuperAdmin, Role::Admin]),
        Some(request) => {
            let body = r.request_body(&request)?.ok_or_else(|| fault("request", "its body is missing"))?;
            let record = RequestRecord::from_der(&body.record)?;
            let grant = record.operator.ok_or_else(|| fault("request", "it makes nobody an operator"))?;
            (record.org, grant.roles)
        }
    };
    Ok(Operator { id: row.id.clone(), org, name: row.name.clone(), roles, certificate, status: OperatorStatus::Active })
}

/// What an act did to an operator.
fn apply(r: &Reader<'_>, leaf: &[u8], operator: &mut Operator) -> Result<()> {
    let event = Event::decode(leaf).map_err(|e| fault("ledger", &e.to_string()))?;
    let stored = event.effects.iter().find(|effect| effect.table == "document");
    let digest = stored.and_then(|effect| effect.key.as_slice().try_into().ok().map(hufu_model::ident::Digest));
    let document = |digest| -> Result<Option<hufu_store::Document>> { Ok(r.document(digest)?) };
    let Some(mut found) = digest.as_ref().map(document).transpose()?.flatten() else {
        return Err(fault("act", "nobody signed it"));
    };
    if found.kind == "countersign" {
        let second = Countersign::from_der(SignedData::from_der(&found.signed)?.content())?;
        found = document(&second.act)?.ok_or_else(|| fault("document", "it is missing"))?;
    }
    let act = Act::from_der(SignedData::from_der(&found.signed)?.content())?;
    match Change::from_act(&act)? {
        Change::OperatorRoles { roles, .. } => operator.roles = roles,
        Change::OperatorRemove(_) => operator.status = OperatorStatus::Removed,
        _ => {}
    }
    Ok(())
}

fn list(c: &Ctx<'_>, operators: &[Operator]) -> Table {
    let mut rows: Vec<(usize, &OperatorId, Row)> = Vec::new();
    for operator in operators {
        let Some(place) = c.place(&operator.org) else { continue };
        let roles = operator.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(" ");
        let values = vec![
            c.name(&operator.org),
            Value::identifier(&operator.org),
            Value::identifier(&operator.id),
            Value::Text(operator.name.clone()),
            Value::identifier(roles),
            Value::code(operator.status.code()),
            Value::identifier(&operator.certificate),
        ];
        rows.push((place, &operator.id, Row { values, ..Row::default() }));
    }
    rows.sort_by_key(|(place, id, _)| (*place, *id));
    let columns = vec![
        Column::new("name", Kind::Name),
        Column::new("org", Kind::Identifier),
        Column::new("operator", Kind::Identifier),
        Column::new("person", Kind::Text),
        Column::new("roles", Kind::Identifier),
        Column::new("status", Kind::Code("status")),
        Column::new("certificate", Kind::Identifier),
    ];
    Table { name: "operators", columns, rows: rows.into_iter().map(|(_, _, row)| row).collect(), chart: None }
}

/// The active ones of each office by role.
fn counts(c: &Ctx<'_>, operators: &[Operator]) -> Vec<[i64; Role::ALL.len()]> {
    let mut counts = vec![[0; Role::ALL.len()]; c.nodes.len()];
    for operator in operators.iter().filter(|operator| operator.status == OperatorStatus::Active) {
        if let Some(office) = c.place(&operator.org).and_then(|place| counts.get_mut(place)) {
            for (count, role) in office.iter_mut().zip(Role::ALL) {
                *count += i64::from(operator.has(role));
            }
        }
    }
    counts
}

fn by_office(c: &Ctx<'_>, operators: &[Operator]) -> Table {
    let counts = counts(c, operators);
    let row = |place: usize| counts.get(place).into_iter().flatten().map(|count| Value::Count(*count)).collect();
    let mut rows = c.rows(|_| false, row);
    rows.iter_mut().for_each(|row| row.total = false);
    let role = |role: Role| {
        let name = match role {
            Role::SuperAdmin => "super_admin",
            Role::Admin => "admin",
            Role::Entry => "entry",
            Role::Approver => "approver",
            Role::Custodian => "custodian",
            Role::Auditor => "auditor",
        };
        Column::new(name, Kind::Count)
    };
    let columns = [HEAD.as_slice(), &Role::ALL.map(role)].concat();
    Table { name: "offices", columns, rows, chart: None }
}

/// Where duties lie in too few hands, or in the same ones.
fn findings(c: &Ctx<'_>, operators: &[Operator]) -> Table {
    let counts = counts(c, operators);
    let mut rows = Vec::new();
    let mut find = |place: usize, finding: &str, operator: Option<&OperatorId>| {
        if let Some(node) = c.nodes.get(place) {
            let mut values = c.head(node);
            values.push(Value::code(finding));
            values.push(Value::optional(operator, Value::identifier));
            rows.push((place, Row { values, ..Row::default() }));
        }
    };
    let of = |place: usize, role: Role| {
        let at = Role::ALL.iter().position(|known| *known == role);
        at.and_then(|at| counts.get(place)?.get(at)).copied().unwrap_or_default()
    };
    for (place, node) in c.nodes.iter().enumerate() {
        let Some(kind) = node.kind else { continue };
        match kind.tier() {
            Tier::Lra | Tier::Ra if of(place, Role::Entry) == 0 => find(place, "no-entry", None),
            Tier::Lra | Tier::Ra if of(place, Role::Entry) == 1 => find(place, "one-entry", None),
            _ => {}
        }
        if kind.tier() == Tier::Ra {
            match of(place, Role::Approver) {
                0 => find(place, "no-approver", None),
                1 => find(place, "one-approver", None),
                _ => {}
            }
        }
        if kind.tier() == Tier::Ca {
            match of(place, Role::SuperAdmin) {
                0 | 1 => find(place, "one-super-admin", None),
                _ => {}
            }
            if of(place, Role::Auditor) == 0 {
                find(place, "no-auditor", None);
            }
        }
    }
    let active = operators.iter().filter(|operator| operator.status == OperatorStatus::Active);
    let mut people: HashMap<(&str, usize), Vec<&OperatorId>> = HashMap::new();
    for operator in active {
        let Some(place) = c.place(&operator.org) else { continue };
        if operator.has(Role::Entry) && operator.has(Role::Approver) {
            find(place, "entry-and-approver", Some(&operator.id));
        }
        if operator.has(Role::Auditor) && operator.roles.len() > 1 {
            find(place, "auditor-acts", Some(&operator.id));
        }
        people.entry((&operator.name, place)).or_default().push(&operator.id);
    }
    // One name twice in an office is most likely one person with two operators, who could approve their own entries.
    for ((_, place), ids) in people.iter().filter(|((name, _), ids)| !name.is_empty() && ids.len() > 1) {
        let mut ids = ids.clone();
        ids.sort();
        ids.into_iter().for_each(|id| find(*place, "same-name", Some(id)));
    }
    rows.sort_by(|(a, left), (b, right)| (a, key(left)).cmp(&(b, key(right))));
    let further = [Column::new("finding", Kind::Code("finding")), Column::new("operator", Kind::Identifier)];
    let columns = [HEAD.as_slice(), &further].concat();
    Table { name: "separation", columns, rows: rows.into_iter().map(|(_, row)| row).collect(), chart: None }
}

/// What and who: the order of the findings of an office.
fn key(row: &Row) -> (String, String) {
    let text = |place: usize| match row.values.get(place) {
        Some(Value::Code(text) | Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    (text(HEAD.len()), text(HEAD.len() + 1))
}
