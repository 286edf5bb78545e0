//! Organisations, operators and profiles are what people signed: every act is replayed from its signed record, and what
//! comes out is compared with the rows. On the way everybody who signed something is asked what they were at that moment.
//!
//! The ledger alone cannot show this. Whoever can write the database can also write an event beside the row they alter, and
//! until the next checkpoint nothing contradicts it; a signature of the people it names they cannot write. And a row that
//! was altered for an hour and put back leaves no trace but an act that nobody had the right to.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use hufu_ledger::event::Event;
use hufu_model::ca::CaStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::{CaId, Digest, ImportId, MediumId, OperatorId, OrgId, ProfileId, RequestId, Serial};
use hufu_model::medium::MediumStatus;
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{OrgStatus, OrgTree, Organisation};
use hufu_model::profile::Profile;
use hufu_store::{CutoverRow, EventFilter, EventRow, Reader, RequestRow, pages};
use hufu_x509::digest::sm3;
use hufu_x509::record::{Act, Countersign, Manifest, RequestRecord, StatusRecord};
use hufu_x509::signed_data::SignedData;

use super::{AuditReport, Progress, TOLERANCE};
use crate::authority::Identity;
use crate::change::{self, Change};
use crate::document::{self, fault};
use crate::error::{ErrorKind, Result};
use crate::key_founding::META;
use crate::media;
use crate::migration::{self, InForce};
use crate::policy::{self, Asked, Gravity};
use crate::retention;

mod inventory;

/// Events read at a time: one of a large batch has many megabytes.
const EVENTS: u32 = 16;

/// How long before its event a document may have been signed, in seconds: checking a large batch and waiting for others to
/// write takes its time.
const DELAY: i64 = 3600;

/// Replays every act, and names those that nobody had the right to and the rows that no signed act explains.
pub(super) fn audit(
    r: &Reader<'_>,
    identity: &Identity,
    profiles: &BTreeMap<Digest, Profile>,
    progress: &dyn Fn(Progress),
    report: &mut AuditReport,
) -> Result<()> {
    let mut state = State::founded(r, identity)?;
    let mut granted: BTreeMap<u64, (OperatorId, Serial)> = BTreeMap::new();
    for operator in r.operators()? {
        for serial in r.operator_certificates(&operator.id)? {
            if let Some(seq) = r.certificate_event(&serial)? {
                granted.insert(seq, (operator.id.clone(), serial));
            }
        }
    }
    let of = r.event_count()?;
    // The founding is where the replay begins.
    let events = |after: Option<u64>| {
        r.events(&EventFilter { after: after.or(Some(0)), limit: EVENTS, ..EventFilter::default() })
    };
    for page in pages(events, |row| row.seq) {
        let page = page?;
        for row in &page {
            let (rule, done) = match row.kind {
                EventKind::Issue => match granted.remove(&row.seq) {
                    Some((id, serial)) => ("signature", state.certificate(r, &id, serial)),
                    None => continue,
                },
                EventKind::Submit | EventKind::Approve | EventKind::Reject => ("I10", state.requests(r, row)),
                EventKind::Intent => ("I10", state.intents(r, profiles, row)),
                EventKind::Propose | EventKind::ProposalReject => ("signature", state.signed_by(r, row).map(drop)),
                EventKind::ResponderIntent | EventKind::Responder => ("signature", state.responder(r, row)),
                EventKind::Suspend | EventKind::Resume | EventKind::Revoke => ("I10", state.changes(r, row)),
                EventKind::MediumAdd | EventKind::MediumChange => ("signature", state.media(r, identity, row)),
                EventKind::Import => ("signature", state.import(r, identity, row)),
                EventKind::ImportMatch => ("signature", state.links(r, identity, row)),
                EventKind::KeyOrder => ("I10", state.key_order(r, row)),
                EventKind::KeyOrderApprove | EventKind::KeyOrderWithdraw | EventKind::KeyOrderDone => {
                    ("signature", state.signed_by(r, row).map(drop))
                }
                kind if kind.is_act() => ("signature", state.act(r, identity, row)),
                _ => continue,
            };
            if let Err(e) = done {
                report.find(rule, format!("event {}", row.seq), format!("nobody had the right to it: {e}"));
            }
        }
        let done = page.last().map_or(of, |last| last.seq + 1);
        progress(Progress { what: "events", done, of });
    }
    inventory::audit(r, report)?;
    state.compare(r, identity, report)
}

/// How many records a manifest lists. Its signature is verified with all the others.
fn listed(r: &Reader<'_>, manifest: &Digest) -> Result<usize> {
    let document = r.document(manifest)?.ok_or_else(|| fault("document", "it is missing"))?;
    Ok(Manifest::from_der(SignedData::from_der(&document.signed)?.content())?.records.len())
}

/// An issuing CA, as acts were signed about it.
struct SignedCa {
    spki: Digest,
    /// SM3 of its certificate's TBSCertificate; the founding one is not from an act.
    tbs: Option<Digest>,
    status: CaStatus,
}

/// What the signed acts add up to.
struct State {
    /// For how many years personal fields are kept.
    retention: u32,
    organisations: BTreeMap<OrgId, Organisation>,
    operators: BTreeMap<OperatorId, Operator>,
    profiles: BTreeMap<ProfileId, Digest>,
    /// The key centre that was put in force.
    key_centre: Option<String>,
    cas: BTreeMap<CaId, SignedCa>,
    /// What was signed about cutovers, oldest first.
    cutovers: Vec<CutoverRow>,
    /// What was signed about each medium, and what became of it by acts.
    media: BTreeMap<MediumId, (String, MediumStatus)>,
    /// The imports that were signed, and by whom.
    imports: BTreeSet<(ImportId, OperatorId)>,
    /// The organisations as a tree, until one of them changes.
    tree: OnceCell<OrgTree>,
    /// How many records the manifests of status requests list.
    listed: BTreeMap<Digest, usize>,
}

impl State {
    /// As the founding left it: the CA, its two administrators, the profiles that were shipped.
    fn founded(r: &Reader<'_>, identity: &Identity) -> Result<Self> {
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
        let founding = SignedCa { spki: identity.ca, tbs: None, status: CaStatus::Current };
        let cas = BTreeMap::from([(crate::ca::FOUNDING_CA.parse()?, founding)]);
        let retention = retention::DEFAULT_YEARS;
        Ok(Self {
            retention,
            organisations,
            operators,
            profiles,
            cas,
            key_centre: None,
            cutovers: Vec::new(),
            media: BTreeMap::new(),
            imports: BTreeSet::new(),
            tree: OnceCell::new(),
            listed: BTreeMap::new(),
        })
    }

    /// The documents an event stored, each signed a moment before by the person the event names, who was an operator then
    /// and used the certificate they acted with then. Gives that person.
    fn signed_by(&self, r: &Reader<'_>, row: &EventRow) -> Result<Operator> {
        let by = row.actor.as_ref().ok_or_else(|| fault("event", "nobody did it"))?;
        let known = self.operators.get(by).filter(|o| o.status == OperatorStatus::Active);
        let known = known.ok_or_else(|| ErrorKind::UnknownOperator(by.clone()))?;
        for digest in documents(&decode(row)?) {
            let document = r.document(&digest)?.ok_or_else(|| fault("document", "it is missing"))?;
            let certificate = SignedData::from_der(&document.signed)?.certificate().serial().clone();
            if document.operator != *by || certificate != known.certificate {
                return Err(ErrorKind::WrongKey(by.clone()).into());
            }
            let delay = row.at.unix_seconds() - document.at;
            if delay > DELAY || delay < -(i64::try_from(TOLERANCE).unwrap_or(0)) {
                return Err(fault("document", "it was not signed when its event was recorded"));
            }
        }
        Ok(known.clone())
    }

    /// Requests that were entered or decided: by somebody with the role for it, in their jurisdiction.
    fn requests(&mut self, r: &Reader<'_>, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        for id in document::requests(&decode(row)?, "request") {
            let request = r.request(&id)?.ok_or_else(|| ErrorKind::UnknownRequest(id.clone()))?;
            if !request.action.makes_certificate() {
                self.status_request(r, row.kind, &by, &request)?;
                continue;
            }
            let tree = self.tree();
            let staff = request.profile.as_str() == crate::submit::OPERATOR_PROFILE;
            if row.kind == EventKind::Submit {
                policy::holds(&by, if staff { &[Role::Admin, Role::SuperAdmin] } else { &[Role::Entry] })?;
                policy::within(tree, &by, &request.org)?;
            } else {
                policy::may_approve(tree, &by, &request.org, policy::approvers(staff))?;
            }
            let grant = if staff { record(r, &id)?.operator } else { None };
            let administers = grant.is_some_and(|g| g.roles.iter().any(|role| role.administers()));
            if administers && row.kind != EventKind::Reject {
                policy::holds(&by, &[Role::SuperAdmin])?;
            }
        }
        Ok(())
    }

    /// A request to change a status that was entered or decided: who may depends on whose certificate it is, and how many
    /// were asked for at once.
    fn status_request(&mut self, r: &Reader<'_>, kind: EventKind, by: &Operator, request: &RequestRow) -> Result<()> {
        let gravity = self.gravity(r, request)?;
        if kind != EventKind::Submit {
            return policy::may_approve(self.tree(), by, &request.org, gravity.approves());
        }
        let body = r.request_body(&request.id)?.ok_or_else(|| fault("request", "its body is missing"))?;
        policy::holds(by, gravity.enters(StatusRecord::from_der(&body.record)?.emergency))?;
        policy::within(self.tree(), by, &request.org)
    }

    /// A status that changed: by somebody with the role for it, in their jurisdiction.
    fn changes(&mut self, r: &Reader<'_>, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        for id in document::requests(&decode(row)?, "request") {
            let request = r.request(&id)?.ok_or_else(|| ErrorKind::UnknownRequest(id.clone()))?;
            let gravity = self.gravity(r, &request)?;
            policy::holds(&by, gravity.applies(request.approval.is_some()))?;
            policy::within(self.tree(), &by, &request.org)?;
        }
        Ok(())
    }

    /// Whose certificate a request is about, as people were then.
    fn gravity(&mut self, r: &Reader<'_>, request: &RequestRow) -> Result<Gravity> {
        let count = match self.listed.get(&request.manifest) {
            Some(count) => *count,
            None => listed(r, &request.manifest)?,
        };
        self.listed.insert(request.manifest, count);
        let serial = request.predecessor.as_ref().ok_or_else(|| fault("request", "it names no certificate"))?;
        let operator = r.certificate_operator(serial)?;
        let roles = operator.map(|id| self.operators.get(&id).map(|o| o.roles.clone()).unwrap_or_default());
        Ok(Gravity::new(roles.as_deref(), count))
    }

    /// An order to the key centre: by somebody with the role for it, in their jurisdiction.
    fn key_order(&self, r: &Reader<'_>, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        for id in document::requests(&decode(row)?, "key_order") {
            let order = r.key_order(&id)?.ok_or_else(|| ErrorKind::UnknownKeyOrder(id.clone()))?;
            let org = crate::key_order::place(r, order.serial.as_ref())?;
            policy::may_order(self.tree(), &by, order.kind, &org)?;
        }
        Ok(())
    }

    /// What was begun was within the limits of every ancestor, none of which was frozen.
    fn intents(&self, r: &Reader<'_>, profiles: &BTreeMap<Digest, Profile>, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        policy::may_issue(&by)?;
        for id in document::requests(&decode(row)?, "intent") {
            let record = record(r, &id)?;
            let status = self.ca_of(&record)?;
            let tree = self.tree();
            policy::within(tree, &by, &record.org)?;
            if !status.signs_certificates() {
                return Err(fault("request", "its issuing CA signed no certificates any more"));
            }
            let profile = profiles.get(&record.profile_digest);
            let profile = profile.ok_or_else(|| ErrorKind::UnknownProfile(record.profile.to_string()))?;
            policy::permits(tree, &Asked::of_record(&record, profile))?;
            // Most cutovers leave behind what no profile has: the question costs little then.
            let left = |row: &CutoverRow| {
                hufu_data::migration(&row.cutover.migration).is_some_and(|m| m.is_legacy(profile.algorithm))
            };
            if self.cutovers.iter().any(left) {
                InForce::now(r, row.at)?.refuse(&record.org, profile.algorithm)?;
            }
        }
        Ok(())
    }

    /// Media that were recorded or reported: by somebody who keeps them.
    fn media(&mut self, r: &Reader<'_>, identity: &Identity, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        let (act, _) = signed(r, identity, &decode(row)?)?;
        let field = |name: &str| act.fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        if act.kind != row.kind.code() || act.object != row.object || act.operator != by.id {
            return Err(fault("act", "it was signed for something else, or by another person"));
        }
        let mut ids = Vec::new();
        if let Some(status) = field("status") {
            let (id, status) = (act.object.parse()?, status.parse()?);
            let known = self.media.get_mut(&id).ok_or_else(|| fault("act", "its medium was not there"))?;
            known.1 = status;
            ids.push(id);
        }
        for line in field("media").into_iter().flat_map(str::lines) {
            let id: MediumId = line.split('\t').next().unwrap_or_default().parse()?;
            self.media.insert(id.clone(), (line.to_owned(), MediumStatus::InStock));
            ids.push(id);
        }
        for id in ids {
            let medium = r.medium(&id)?.ok_or_else(|| ErrorKind::UnknownMedium(id.to_string()))?;
            media::keeps(self.tree(), &by, &medium.org)?;
        }
        Ok(())
    }

    /// A responder's certificate: asked for by a super-administrator of the CA.
    fn responder(&self, r: &Reader<'_>, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        policy::holds(&by, &[Role::SuperAdmin])?;
        policy::within(self.tree(), &by, &crate::init::ca_org()?)
    }

    /// An act: signed by the person the event names, and by a second one where two are due, both of them administrators
    /// of the place.
    fn act(&mut self, r: &Reader<'_>, identity: &Identity, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        let (act, two) = signed(r, identity, &decode(row)?)?;
        if act.kind != row.kind.code() || act.object != row.object || (act.operator != by.id) != two {
            return Err(fault("act", "it was signed for something else, or by another person"));
        }
        let change = Change::from_act(&act)?;
        if change.needs_two(self.tree())? && !two {
            return Err(fault("act", "it needs a second person, and one signed it"));
        }
        let first = self.operator(&act.operator)?;
        for who in [&by, first] {
            change.permit(|id| self.operator(id).cloned(), self.tree(), who)?;
        }
        if let Change::Erase(certificates) = &change {
            let named = retention::ended(r, certificates, self.retention, row.at)?;
            if named != document::requests(&decode(row)?, "request_body").into_iter().collect() {
                return Err(fault("act", "what was deleted is not what it names"));
            }
        }
        if let Change::Cutover(cutover) = &change {
            let before = migration::last_record(&self.cutovers, &cutover.org, &cutover.migration);
            migration::check(cutover, before.as_ref(), row.at)?;
            self.cutovers.push(CutoverRow { cutover: cutover.clone(), event: row.seq });
        }
        self.apply(change)
    }

    fn tree(&self) -> &OrgTree {
        self.tree.get_or_init(|| OrgTree::new(self.organisations.values().cloned()))
    }

    fn apply(&mut self, change: Change) -> Result<()> {
        self.tree.take();
        match change {
            Change::OrgAdd(org) => drop(self.organisations.insert(org.id.clone(), org)),
            Change::OrgMove { org, to } => self.organisation(&org)?.parent = Some(to),
            Change::OrgFreeze(org) => self.organisation(&org)?.status = OrgStatus::Frozen,
            Change::OrgUnfreeze(org) => self.organisation(&org)?.status = OrgStatus::Active,
            Change::OrgLimits { org, limits } => self.organisation(&org)?.limits = limits,
            Change::OperatorRoles { operator, roles } => self.operator_mut(&operator)?.roles = roles,
            Change::OperatorRemove(operator) => self.operator_mut(&operator)?.status = OperatorStatus::Removed,
            Change::RetentionSet(years) => self.retention = years,
            // A cutover was taken note of, and an erasure changes nothing that later acts rest upon.
            Change::Cutover(_) | Change::Erase(_) => {}
            Change::KeyCentre(facts) => self.key_centre = Some(facts.entry()),
            Change::ProfileSet { source } => {
                self.profiles.insert(change::profile(&source)?.id, sm3(source.as_bytes()));
            }
            Change::CaAdd(new) => {
                let spki = new.key.spki_digest();
                self.cas.insert(new.name.clone(), SignedCa { spki, tbs: Some(new.tbs), status: CaStatus::Standby });
                if new.current {
                    self.ca(&new.name, CaStatus::Current)?;
                }
            }
            Change::CaCurrent(ca) => self.ca(&ca, CaStatus::Current)?,
            Change::CaRetire(ca) => self.ca(&ca, CaStatus::Retired)?,
            Change::CaRevoke { ca, .. } => self.ca(&ca, CaStatus::Revoked)?,
        }
        Ok(())
    }

    /// What becomes of an issuing CA; where it becomes the current one, the one before is closing.
    fn ca(&mut self, name: &CaId, status: CaStatus) -> Result<()> {
        if status == CaStatus::Current {
            self.cas
                .values_mut()
                .filter(|ca| ca.status == CaStatus::Current)
                .for_each(|ca| ca.status = CaStatus::Closing);
        }
        let ca = self.cas.get_mut(name).ok_or_else(|| fault("act", "its CA was not there"))?;
        ca.status = status;
        Ok(())
    }

    /// The status that the CA of a request had.
    fn ca_of(&self, record: &RequestRecord) -> Result<CaStatus> {
        let found = self.cas.values().find(|ca| ca.spki == record.ca);
        found.map(|ca| ca.status).ok_or_else(|| fault("request", "it is for another issuing CA"))
    }

    /// An operator's certificate: its request, which is verified with all the others, grants what the row says.
    fn certificate(&mut self, r: &Reader<'_>, id: &OperatorId, serial: Serial) -> Result<()> {
        let request = r.certificate(&serial)?.and_then(|row| row.request);
        let request = request.ok_or_else(|| fault("certificate", "it belongs to no request"))?;
        let RequestRecord { org, operator, .. } = record(r, &request)?;
        let grant = operator.filter(|grant| grant.id == *id);
        let grant = grant.ok_or_else(|| fault("request", "the certificate was not asked for as this operator's"))?;
        let (status, name) = (OperatorStatus::Active, String::new());
        let operator = Operator { id: id.clone(), org, name, roles: grant.roles, certificate: serial, status };
        self.operators.insert(id.clone(), operator);
        Ok(())
    }

    fn organisation(&mut self, id: &OrgId) -> Result<&mut Organisation> {
        self.organisations.get_mut(id).ok_or_else(|| fault("act", "its organisation was not there"))
    }

    fn operator(&self, id: &OperatorId) -> Result<&Operator> {
        self.operators.get(id).ok_or_else(|| fault("act", "its operator was not there"))
    }

    fn operator_mut(&mut self, id: &OperatorId) -> Result<&mut Operator> {
        self.operators.get_mut(id).ok_or_else(|| fault("act", "its operator was not there"))
    }

    /// Names every row that says otherwise.
    fn compare(&self, r: &Reader<'_>, identity: &Identity, report: &mut AuditReport) -> Result<()> {
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
        for medium in r.media()? {
            let same = self.media.get(&medium.id).is_some_and(|(line, status)| {
                // A certificate on it issues it; no act does.
                let by_certificate = *status == MediumStatus::InStock && medium.status == MediumStatus::Issued;
                *line == media::line(&medium) && (*status == medium.status || by_certificate)
            });
            differs("medium", medium.id.as_str(), same);
        }
        for ca in &identity.cas(r)? {
            let same = self.cas.get(&ca.name).is_some_and(|signed| {
                signed.status == ca.status
                    && signed.spki == ca.ca
                    && signed.tbs.is_none_or(|tbs| tbs == sm3(ca.certificate.tbs_der()))
            });
            differs("issuing CA", ca.name.as_str(), same);
        }
        for profile in r.profiles()?.iter().filter(|p| p.current) {
            differs("profile", profile.id.as_str(), self.profiles.get(&profile.id) == Some(&profile.digest));
        }
        let recorded = r.cutovers(None)?;
        for row in recorded.iter().filter(|row| !self.cutovers.contains(row)) {
            differs("cutover", row.cutover.org.as_str(), false);
        }
        for row in self.cutovers.iter().filter(|row| !recorded.contains(row)) {
            differs("cutover", row.cutover.org.as_str(), false);
        }
        differs("meta", META, self.key_centre == r.meta(META)?);
        Ok(())
    }
}

/// The act an event carries out, and whether a second person signed that.
fn signed(r: &Reader<'_>, identity: &Identity, event: &Event) -> Result<(Act, bool)> {
    let digest = documents(event).next().ok_or_else(|| fault("act", "nobody signed it"))?;
    let document = r.document(&digest)?.ok_or_else(|| fault("document", "it is missing"))?;
    if document.kind != "countersign" {
        return Ok((document::signed(r, identity, &digest)?, false));
    }
    let second: Countersign = document::signed(r, identity, &digest)?;
    let act: Act = document::signed(r, identity, &second.act)?;
    if act.operator == second.operator {
        return Err(fault("act", "one person signed it twice"));
    }
    Ok((act, true))
}

fn decode(row: &EventRow) -> Result<Event> {
    Event::decode(&row.leaf).map_err(|e| fault("ledger", &e.to_string()))
}

/// The digests of the documents that an event stored.
fn documents(event: &Event) -> impl Iterator<Item = Digest> {
    let stored = event.effects.iter().filter(|e| e.table == "document");
    stored.filter_map(|e| e.key.as_slice().try_into().ok().map(Digest))
}

fn record(r: &Reader<'_>, id: &RequestId) -> Result<RequestRecord> {
    let body = r.request_body(id)?.ok_or_else(|| fault("request", "its body is missing"))?;
    Ok(RequestRecord::from_der(&body.record)?)
}
