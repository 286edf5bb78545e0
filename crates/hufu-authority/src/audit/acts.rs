//! Organisations, operators and profiles are what people signed: every act is replayed from its signed record, and what
//! comes out is compared with the rows.
//!
//! The ledger alone cannot show this. Whoever can write the database can also write an event beside the row they alter, and
//! until the next checkpoint nothing contradicts it; a signature of the people it names they cannot write.

use std::collections::BTreeMap;

use hufu_ledger::event::Event;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId, OrgId, ProfileId, Serial};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{OrgStatus, Organisation};
use hufu_store::{EventFilter, EventRow, Reader};
use hufu_x509::digest::sm3;
use hufu_x509::record::{Act, Countersign, RequestRecord};

use super::AuditReport;
use crate::authority::Identity;
use crate::change::{self, Change};
use crate::document::{self, fault};
use crate::error::Result;

/// The acts that change the hierarchy.
const ACTS: [EventKind; 8] = [
    EventKind::OrgAdd,
    EventKind::OrgMove,
    EventKind::OrgFreeze,
    EventKind::OrgUnfreeze,
    EventKind::OrgLimits,
    EventKind::OperatorChange,
    EventKind::OperatorRemove,
    EventKind::ProfileSet,
];

/// Replays every act and names what no signed act explains.
pub(super) fn audit(r: &Reader<'_>, identity: &Identity, report: &mut AuditReport) -> Result<()> {
    let mut state = State::founded(r)?;
    let mut steps: Vec<(u64, Step)> = Vec::new();
    for kind in ACTS {
        let filter = EventFilter { kind: Some(kind), ..EventFilter::default() };
        steps.extend(r.events(&filter)?.into_iter().map(|event| (event.seq, Step::Act(event))));
    }
    for operator in r.operators()? {
        for serial in r.operator_certificates(&operator.id)? {
            // The founding's are there already.
            if let Some(seq) = r.certificate_event(&serial)?.filter(|seq| *seq > 0) {
                steps.push((seq, Step::Certificate(operator.id.clone(), serial)));
            }
        }
    }
    steps.sort_by_key(|(seq, _)| *seq);
    for (seq, step) in steps {
        let done = match step {
            Step::Act(event) => state.act(r, identity, &event),
            Step::Certificate(id, serial) => state.certificate(r, &id, serial),
        };
        if let Err(e) = done {
            report.find("signature", format!("event {seq}"), format!("no signed act explains it: {e}"));
        }
    }
    state.compare(r, report)
}

enum Step {
    Act(EventRow),
    Certificate(OperatorId, Serial),
}

/// What the signed acts add up to.
struct State {
    organisations: BTreeMap<OrgId, Organisation>,
    operators: BTreeMap<OperatorId, Operator>,
    profiles: BTreeMap<ProfileId, Digest>,
}

impl State {
    /// As the founding left it: the CA, its two administrators, the profiles that were shipped.
    fn founded(r: &Reader<'_>) -> Result<Self> {
        let ca = crate::init::ca_org()?;
        let first = r.organisation_history(&ca)?.into_iter().find(|(seq, _)| *seq == 0);
        let organisations = first.map(|(_, org)| (ca.clone(), org)).into_iter().collect();
        let mut operators = BTreeMap::new();
        for operator in r.operators()? {
            for serial in r.operator_certificates(&operator.id)? {
                if r.certificate_event(&serial)? == Some(0) {
                    let founder = Operator {
                        org: ca.clone(),
                        roles: vec![Role::SuperAdmin, Role::Admin],
                        certificate: serial,
                        status: OperatorStatus::Active,
                        ..operator.clone()
                    };
                    operators.insert(operator.id.clone(), founder);
                }
            }
        }
        let founding = r.event(0)?.and_then(|event| Event::decode(&event.leaf).ok());
        let put = |digest: &Digest| {
            founding.iter().flat_map(|f| &f.effects).any(|e| e.table == "profile" && e.key == digest.0)
        };
        let profiles = r.profiles()?.into_iter().filter(|p| put(&p.digest)).map(|p| (p.id, p.digest)).collect();
        Ok(Self { organisations, operators, profiles })
    }

    /// An act: signed by the person the event names, and by a second one where two are due.
    fn act(&mut self, r: &Reader<'_>, identity: &Identity, row: &EventRow) -> Result<()> {
        let event = Event::decode(&row.leaf).map_err(|e| fault("ledger", &e.to_string()))?;
        let (act, by, two) = signed(r, identity, &event)?;
        if act.kind != row.kind.code() || act.object != row.object || row.actor.as_ref() != Some(&by) {
            return Err(fault("act", "it was signed for something else, or by another person"));
        }
        let change = Change::from_act(&act)?;
        let needs_two = match &change {
            Change::OrgLimits { org, limits } => self.organisation(org)?.limits.raised_by(limits),
            _ => change.kind().needs_two(),
        };
        if needs_two && !two {
            return Err(fault("act", "it needs a second person, and one signed it"));
        }
        self.apply(change)
    }

    fn apply(&mut self, change: Change) -> Result<()> {
        match change {
            Change::OrgAdd(org) => drop(self.organisations.insert(org.id.clone(), org)),
            Change::OrgMove { org, to } => self.organisation(&org)?.parent = Some(to),
            Change::OrgFreeze(org) => self.organisation(&org)?.status = OrgStatus::Frozen,
            Change::OrgUnfreeze(org) => self.organisation(&org)?.status = OrgStatus::Active,
            Change::OrgLimits { org, limits } => self.organisation(&org)?.limits = limits,
            Change::OperatorRoles { operator, roles } => self.operator(&operator)?.roles = roles,
            Change::OperatorRemove(operator) => self.operator(&operator)?.status = OperatorStatus::Removed,
            Change::ProfileSet { source } => {
                self.profiles.insert(change::profile(&source)?.id, sm3(source.as_bytes()));
            }
        }
        Ok(())
    }

    /// An operator's certificate: its request, which is verified with all the others, grants what the row says.
    fn certificate(&mut self, r: &Reader<'_>, id: &OperatorId, serial: Serial) -> Result<()> {
        let request = r.certificate(&serial)?.and_then(|row| row.request);
        let body = request.map(|request| r.request_body(&request)).transpose()?.flatten();
        let record = body.map(|body| RequestRecord::from_der(&body.record)).transpose()?;
        let granted = record.and_then(|record| Some((record.org, record.operator?)));
        let (org, grant) = granted
            .filter(|(_, grant)| grant.id == *id)
            .ok_or_else(|| fault("request", "the certificate was not asked for as this operator's"))?;
        let (status, name) = (OperatorStatus::Active, String::new());
        let operator = Operator { id: id.clone(), org, name, roles: grant.roles, certificate: serial, status };
        self.operators.insert(id.clone(), operator);
        Ok(())
    }

    fn organisation(&mut self, id: &OrgId) -> Result<&mut Organisation> {
        self.organisations.get_mut(id).ok_or_else(|| fault("act", "its organisation was not there"))
    }

    fn operator(&mut self, id: &OperatorId) -> Result<&mut Operator> {
        self.operators.get_mut(id).ok_or_else(|| fault("act", "its operator was not there"))
    }

    /// Names every row that says otherwise.
    fn compare(&self, r: &Reader<'_>, report: &mut AuditReport) -> Result<()> {
        let mut differs = |what: &str, id: &str, same: bool| {
            if !same {
                report.find(
                    "signature",
                    format!("{what} {id}"),
                    "what was signed about it says otherwise than its row",
                );
            }
        };
        let tree = r.org_tree()?;
        for org in tree.iter() {
            differs("organisation", org.id.as_str(), self.organisations.get(&org.id) == Some(org));
        }
        for operator in r.operators()? {
            // Names come out of requests, whose subjects are compared with their certificates.
            let signed = self.operators.get(&operator.id).cloned();
            let signed = signed.map(|signed| Operator { name: operator.name.clone(), ..signed });
            differs("operator", operator.id.as_str(), signed.as_ref() == Some(&operator));
        }
        for profile in r.profiles()?.iter().filter(|p| p.current) {
            differs("profile", profile.id.as_str(), self.profiles.get(&profile.id) == Some(&profile.digest));
        }
        Ok(())
    }
}

/// The act an event carries out, who signed last, and whether two signed.
fn signed(r: &Reader<'_>, identity: &Identity, event: &Event) -> Result<(Act, OperatorId, bool)> {
    let mut documents = event.effects.iter().filter(|e| e.table == "document");
    let digest = documents.next().and_then(|e| e.key.as_slice().try_into().ok().map(Digest));
    let digest = digest.ok_or_else(|| fault("act", "nobody signed it"))?;
    let document = r.document(&digest)?.ok_or_else(|| fault("document", "it is missing"))?;
    if document.kind != "countersign" {
        let act: Act = document::signed(r, identity, &digest)?;
        let by = act.operator.clone();
        return Ok((act, by, false));
    }
    let second: Countersign = document::signed(r, identity, &digest)?;
    let act: Act = document::signed(r, identity, &second.act)?;
    if act.operator == second.operator {
        return Err(fault("act", "one person signed it twice"));
    }
    Ok((act, second.operator, true))
}
