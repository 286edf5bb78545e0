//! Changes to the hierarchy: organisations, operators' roles, profiles. Each is an act an administrator signs; those on
//! the list of two-person acts take effect only when a second administrator countersigns.

use hufu_model::ca::CaStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::{CaId, Digest, OperatorId, OrgId, RequestId, Serial};
use hufu_model::migration::Cutover;
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{Limits, OrgKind, OrgStatus, OrgTree, Organisation};
use hufu_model::revocation::RevocationReason;
use hufu_model::text::check_name;
use hufu_model::time::Instant;
use hufu_store::{Document, EventWriter, IssuingCaRow, Proposal, Write};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::record::{Act, Countersign};

use crate::authority::{Authority, Identity, Session};
use crate::ca::{self, NewCa};
use crate::error::{ErrorKind, Result};
use crate::home::Home;
use crate::key_founding::{KeyCentreFacts, META};
use crate::{document, migration, policy, retention};

/// How long a proposed act waits for its second person.
const PROPOSAL_DAYS: i64 = 14;

/// A change to the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds an organisation below an existing one.
    OrgAdd(Organisation),
    /// Puts an organisation below another one. Two people.
    OrgMove {
        /// The organisation.
        org: OrgId,
        /// Its new parent.
        to: OrgId,
    },
    /// Stops an organisation and its subtree at once. One person.
    OrgFreeze(OrgId),
    /// Lets them act again. Two people.
    OrgUnfreeze(OrgId),
    /// Sets an organisation's limits. Two people when any limit is raised.
    OrgLimits {
        /// The organisation.
        org: OrgId,
        /// Its new limits.
        limits: Limits,
    },
    /// Sets an operator's roles. Two people.
    OperatorRoles {
        /// The operator.
        operator: OperatorId,
        /// The new roles.
        roles: Vec<Role>,
    },
    /// Removes an operator at once. One person.
    OperatorRemove(OperatorId),
    /// Puts a key centre in force whose vault stands in the home ([`Authority::found_key_centre`]). Two people.
    KeyCentre(Box<KeyCentreFacts>),
    /// Makes an issuing CA ([`Authority::propose_ca`]). Two super-administrators and the root's key.
    CaAdd(Box<NewCa>),
    /// Makes an issuing CA the current one; the one before finishes what was asked of it. Two super-administrators.
    CaCurrent(CaId),
    /// Lets an issuing CA sign no certificates any more. Two super-administrators.
    CaRetire(CaId),
    /// Records that the root revokes an issuing CA's certificate. Two super-administrators.
    CaRevoke {
        /// The CA.
        ca: CaId,
        /// Why.
        reason: RevocationReason,
    },
    /// Sets for how many years after the expiry of a certificate its personal fields are kept. Two people.
    RetentionSet(u32),
    /// Deletes the personal fields of these certificates' requests, whose retention time has ended. Two people.
    Erase(Vec<Serial>),
    /// Lets only the new algorithm of a migration be issued under an organisation from an instant on, or corrects such a
    /// record. Two people.
    Cutover(Cutover),
    /// Records a profile, or a new text for one. Two people.
    ProfileSet {
        /// The profile's TOML text.
        source: String,
    },
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It is in force; the event's number in the ledger.
    Done(u64),
    /// It waits for a second person, who names this digest.
    Proposed(Digest),
}

impl Change {
    /// The kind of event it becomes.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match self {
            Self::OrgAdd(_) => EventKind::OrgAdd,
            Self::OrgMove { .. } => EventKind::OrgMove,
            Self::OrgFreeze(_) => EventKind::OrgFreeze,
            Self::OrgUnfreeze(_) => EventKind::OrgUnfreeze,
            Self::OrgLimits { .. } => EventKind::OrgLimits,
            Self::OperatorRoles { .. } => EventKind::OperatorChange,
            Self::OperatorRemove(_) => EventKind::OperatorRemove,
            Self::KeyCentre(_) => EventKind::KeyCentreFound,
            Self::ProfileSet { .. } => EventKind::ProfileSet,
            Self::RetentionSet(_) => EventKind::RetentionSet,
            Self::Erase(_) => EventKind::Erase,
            Self::Cutover(_) => EventKind::Cutover,
            Self::CaAdd(_) => EventKind::CaAdd,
            Self::CaCurrent(_) => EventKind::CaCurrent,
            Self::CaRetire(_) => EventKind::CaRetire,
            Self::CaRevoke { .. } => EventKind::CaRevoke,
        }
    }

    fn object(&self) -> Result<String> {
        Ok(match self {
            Self::OrgAdd(org) => org.id.to_string(),
            Self::OrgMove { org, .. } | Self::OrgFreeze(org) | Self::OrgUnfreeze(org) | Self::OrgLimits { org, .. } => {
                org.to_string()
            }
            Self::OperatorRoles { operator, .. } | Self::OperatorRemove(operator) => operator.to_string(),
            Self::KeyCentre(facts) => facts.kek.clone(),
            Self::ProfileSet { source } => profile(source)?.id.to_string(),
            Self::RetentionSet(_) => "retention".to_owned(),
            Self::Erase(certificates) => format!("{} certificates", certificates.len()),
            Self::Cutover(cutover) => cutover.org.to_string(),
            Self::CaAdd(new) => new.name.to_string(),
            Self::CaCurrent(ca) | Self::CaRetire(ca) | Self::CaRevoke { ca, .. } => ca.to_string(),
        })
    }

    fn fields(&self) -> Vec<(String, String)> {
        let pair = |k: &str, v: String| (k.to_owned(), v);
        match self {
            Self::OrgAdd(o) => vec![
                pair("parent", o.parent.as_ref().map(ToString::to_string).unwrap_or_default()),
                pair("kind", o.kind.to_string()),
                pair("name", o.name.clone()),
                pair("name-en", o.name_en.clone()),
                pair("region", o.region.map(|r| r.to_string()).unwrap_or_default()),
                pair("limits", o.limits.to_text()),
            ],
            Self::OrgMove { to, .. } => vec![pair("to", to.to_string())],
            Self::OrgLimits { limits, .. } => vec![pair("limits", limits.to_text())],
            Self::OperatorRoles { roles, .. } => vec![pair("roles", roles_text(roles))],
            Self::KeyCentre(facts) => facts.fields(),
            Self::ProfileSet { source } => vec![pair("source", source.clone())],
            Self::RetentionSet(years) => vec![pair("years", years.to_string())],
            Self::Erase(certificates) => {
                let serials: Vec<String> = certificates.iter().map(ToString::to_string).collect();
                vec![pair("certificates", serials.join(" "))]
            }
            Self::Cutover(cutover) => migration::fields(cutover),
            Self::CaAdd(new) => new.fields(),
            Self::CaRevoke { reason, .. } => vec![pair("reason", reason.code().to_owned())],
            Self::OrgFreeze(_)
            | Self::OrgUnfreeze(_)
            | Self::OperatorRemove(_)
            | Self::CaCurrent(_)
            | Self::CaRetire(_) => Vec::new(),
        }
    }

    /// Reads the change back from the act that was signed: what the second person approves is what takes effect.
    pub(crate) fn from_act(act: &Act) -> Result<Self> {
        let field = |name: &str| -> Result<&str> {
            let found = act.fields.iter().find(|(k, _)| k == name);
            found.map(|(_, v)| v.as_str()).ok_or_else(|| {
                ErrorKind::Document { what: "act", fault: format!("the field {name} is missing") }.into()
            })
        };
        let kind: EventKind = act.kind.parse()?;
        Ok(match kind {
            EventKind::OrgAdd => Self::OrgAdd(Organisation {
                id: act.object.parse()?,
                parent: Some(field("parent")?.parse()?),
                kind: field("kind")?.parse::<OrgKind>()?,
                name: field("name")?.to_owned(),
                name_en: field("name-en")?.to_owned(),
                region: Some(field("region")?).filter(|r| !r.is_empty()).map(str::parse).transpose()?,
                limits: Limits::from_text(field("limits")?)?,
                status: OrgStatus::Active,
            }),
            EventKind::OrgMove => Self::OrgMove { org: act.object.parse()?, to: field("to")?.parse()? },
            EventKind::OrgFreeze => Self::OrgFreeze(act.object.parse()?),
            EventKind::OrgUnfreeze => Self::OrgUnfreeze(act.object.parse()?),
            EventKind::OrgLimits => {
                Self::OrgLimits { org: act.object.parse()?, limits: Limits::from_text(field("limits")?)? }
            }
            EventKind::OperatorChange => {
                Self::OperatorRoles { operator: act.object.parse()?, roles: parse_roles(field("roles")?)? }
            }
            EventKind::OperatorRemove => Self::OperatorRemove(act.object.parse()?),
            EventKind::KeyCentreFound => Self::KeyCentre(Box::new(KeyCentreFacts::from_act(act)?)),
            EventKind::ProfileSet => Self::ProfileSet { source: field("source")?.to_owned() },
            EventKind::RetentionSet => {
                let years = field("years")?.parse();
                Self::RetentionSet(years.map_err(|_| document::fault("act", "its years are no number"))?)
            }
            EventKind::Erase => {
                let serials = field("certificates")?.split(' ').map(str::parse);
                Self::Erase(serials.collect::<std::result::Result<_, _>>()?)
            }
            EventKind::Cutover => Self::Cutover(migration::from_fields(act.object.parse()?, field)?),
            EventKind::CaAdd => Self::CaAdd(Box::new(NewCa::from_fields(act.object.parse()?, field)?)),
            EventKind::CaCurrent => Self::CaCurrent(act.object.parse()?),
            EventKind::CaRetire => Self::CaRetire(act.object.parse()?),
            EventKind::CaRevoke => Self::CaRevoke { ca: act.object.parse()?, reason: field("reason")?.parse()? },
            _ => {
                let fault = format!("{} is not an administrative act", act.kind);
                return Err(ErrorKind::Document { what: "act", fault }.into());
            }
        })
    }

    /// Whether it takes a second person.
    pub(crate) fn needs_two(&self, tree: &OrgTree) -> Result<bool> {
        Ok(match self {
            Self::OrgLimits { org, limits } => tree.get(org)?.limits.raised_by(limits),
            _ => self.kind().needs_two(),
        })
    }

    /// The operator may make this change: an administrator whose organisation is above what is changed. Changes to
    /// administrators, and their appointment, belong to a super-administrator. `known` gives an operator as they were then:
    /// the audit asks the same of every act on record.
    pub(crate) fn permit(
        &self,
        known: impl Fn(&OperatorId) -> Result<Operator>,
        tree: &OrgTree,
        by: &Operator,
    ) -> Result<()> {
        let place = match self {
            Self::OrgAdd(org) => org.parent.clone().ok_or(hufu_model::org::TreeError::Misplaced {
                org: org.id.clone(),
                kind: org.kind,
                parent: None,
            })?,
            Self::OrgMove { org, to } => {
                policy::within(tree, by, to)?;
                org.clone()
            }
            Self::OrgFreeze(org) | Self::OrgUnfreeze(org) | Self::OrgLimits { org, .. } => org.clone(),
            Self::Cutover(cutover) => cutover.org.clone(),
            Self::OperatorRoles { operator, .. } | Self::OperatorRemove(operator) => known(operator)?.org,
            // A profile, a key centre or an issuing CA is the whole authority's, not the office's whose administrator proposes it.
            Self::ProfileSet { .. }
            | Self::RetentionSet(_)
            | Self::Erase(_)
            | Self::KeyCentre(_)
            | Self::CaAdd(_)
            | Self::CaCurrent(_)
            | Self::CaRetire(_)
            | Self::CaRevoke { .. } => crate::init::ca_org()?,
        };
        let administrators = match self {
            Self::KeyCentre(_) => true,
            Self::OperatorRoles { operator, roles } => {
                roles.iter().chain(&known(operator)?.roles).any(|r| matches!(r, Role::Admin | Role::SuperAdmin))
            }
            Self::OperatorRemove(operator) => known(operator)?.has(Role::SuperAdmin),
            _ => self.kind().is_about_a_ca(),
        };
        if administrators {
            policy::holds(by, &[Role::SuperAdmin])?;
        }
        policy::holds(by, &[Role::Admin, Role::SuperAdmin])?;
        policy::within(tree, by, &place)?;
        // Thawing is for those above; an organisation does not lift its own limits, freeze or stay.
        let own = matches!(self, Self::OrgMove { .. } | Self::OrgUnfreeze(_) | Self::OrgLimits { .. });
        if own && place == by.org && tree.get(&place)?.kind != OrgKind::Ca {
            return Err(ErrorKind::OutsideJurisdiction { operator: by.id.clone(), org: place }.into());
        }
        if !matches!(self, Self::OrgUnfreeze(_)) {
            policy::not_frozen(tree, &by.org)?;
        }
        Ok(())
    }
}

impl Authority {
    /// Makes `change`, or proposes it when it needs a second person.
    ///
    /// # Errors
    /// Role and jurisdiction errors; tree and limit errors; [`ErrorKind::NoChange`] when it is so already.
    pub fn change(&self, session: &Session, change: &Change) -> Result<Outcome> {
        let kind = change.kind();
        let (act, document) = self.sign_act(session, kind.code(), kind, change.object(), change.fields())?;
        let digest = document.digest;
        self.write(session, &act.kind, |w| {
            let mut tree = w.reader().org_tree()?;
            let by = policy::acting(&w.reader(), session, w.now())?;
            change.permit(|id| known(w, id), &tree, &by)?;
            // A proposal that could not take effect is refused at once: the plan is made now and again when it is countersigned.
            let plan = change.plan(w, &mut tree, &self.identity, &self.home, None)?;
            if change.needs_two(&w.reader().org_tree()?)? {
                let mut event = w.event(EventKind::Propose, Some(session.operator()), &act.object);
                event.field("act", &act.kind);
                event.put_document(&document)?;
                event.put_proposal(&Proposal {
                    digest,
                    kind: act.kind.clone(),
                    object: act.object.clone(),
                    proposer: session.operator().clone(),
                    at: act.at,
                    expires: act.expires,
                    status: "open".to_owned(),
                    approver: None,
                })?;
                event.close()?;
                return Ok(Outcome::Proposed(digest));
            }
            let mut event = w.event(change.kind(), Some(session.operator()), &act.object);
            event.put_document(&document)?;
            plan.put(&mut event)?;
            Ok(Outcome::Done(event.close()?))
        })
    }

    /// An act signed by the session's operator, and its document. `verb` is what a denial is recorded under, which
    /// comes before a complaint about `object`.
    pub(crate) fn sign_act(
        &self,
        session: &Session,
        verb: &str,
        kind: EventKind,
        object: Result<String>,
        fields: Vec<(String, String)>,
    ) -> Result<(Act, Document)> {
        let now = self.now();
        let org = self.read_as(session, verb, |r| Ok(policy::acting(r, session, now)?.org))?;
        let act = Act {
            kind: kind.to_string(),
            object: object?,
            fields,
            ca: self.identity.ca,
            org,
            operator: session.operator().clone(),
            nonce: self.entropy.array()?,
            at: now.unix_seconds(),
            expires: now.plus_seconds(PROPOSAL_DAYS * 86_400).unix_seconds(),
        };
        let der = act.to_der();
        let document = document::row("act", &der, session, now, self.sign_as(session, &der)?);
        Ok((act, document))
    }

    /// Countersigns the proposed act `digest` as the second person; it takes effect.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownProposal`], [`ErrorKind::SelfApproval`], [`ErrorKind::Expired`], and all errors of the change.
    pub fn countersign(&self, session: &Session, digest: &Digest) -> Result<u64> {
        self.countersign_with(session, digest, |change| match change {
            Change::CaAdd(new) => Err(ErrorKind::CaRootKey(new.name.clone()).into()),
            _ => Ok(None),
        })
    }

    /// As [`Authority::countersign`]; `make` gives the certificate of an issuing CA that the change makes, after every
    /// check and inside the transaction.
    pub(crate) fn countersign_with(
        &self,
        session: &Session,
        digest: &Digest,
        make: impl FnOnce(&Change) -> Result<Option<Certificate>>,
    ) -> Result<u64> {
        let now = self.now();
        let countersign = Countersign {
            act: *digest,
            operator: session.operator().clone(),
            nonce: self.entropy.array()?,
            at: now.unix_seconds(),
            expires: now.plus_seconds(PROPOSAL_DAYS * 86_400).unix_seconds(),
        };
        let der = countersign.to_der();
        let document = document::row("countersign", &der, session, now, self.sign_as(session, &der)?);
        let mut erases = false;
        let event = self.write(session, "countersign", |w| {
            let r = w.reader();
            let mut proposal = open_proposal(&r, digest)?;
            let by = policy::acting(&r, session, w.now())?;
            let act: Act = document::signed(&r, &self.identity, digest)?;
            // As it was signed: a column can be altered.
            if by.id == act.operator || by.id == proposal.proposer {
                return Err(ErrorKind::SelfApproval(by.id).into());
            }
            if w.now().unix_seconds() > act.expires {
                return Err(ErrorKind::Expired { what: "proposal", at: Instant::from_unix_seconds(act.expires) }.into());
            }
            if act.ca != self.identity.ca {
                return Err(document::fault("act", "it is for another authority"));
            }
            let change = Change::from_act(&act)?;
            let mut tree = r.org_tree()?;
            change.permit(|id| known(w, id), &tree, &by)?;
            // Both are asked: what somebody proposed who has no right to it any more is nobody's.
            let proposer = active(w, &act.operator)?;
            let proposer = proposer.ok_or_else(|| ErrorKind::UnknownOperator(act.operator.clone()))?;
            change.permit(|id| known(w, id), &tree, &proposer)?;
            let made = make(&change)?;
            let plan = change.plan(w, &mut tree, &self.identity, &self.home, made)?;
            erases = matches!(change, Change::Erase(_));
            proposal.status = "done".to_owned();
            proposal.approver = Some(by.id);
            let mut event = w.event(change.kind(), Some(session.operator()), &act.object);
            event.field("proposer", act.operator.as_str());
            event.put_document(&document)?;
            event.put_proposal(&proposal)?;
            plan.put(&mut event)?;
            Ok(event.close()?)
        })?;
        if erases {
            // What was deleted still lies in the log. Somebody who reads meanwhile keeps it there for a moment longer.
            self.store().empty_log()?;
        }
        Ok(event)
    }

    /// Refuses the proposed act `digest`, as somebody who could countersign it, or withdraws one's own.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownProposal`]; role and jurisdiction errors of the change.
    pub fn refuse(&self, session: &Session, digest: &Digest) -> Result<()> {
        let kind = EventKind::ProposalReject;
        let (_, document) = self.sign_act(session, "refuse", kind, Ok(digest.to_string()), Vec::new())?;
        self.write(session, "refuse", |w| {
            let r = w.reader();
            let mut proposal = open_proposal(&r, digest)?;
            let by = policy::acting(&r, session, w.now())?;
            let act: Act = document::signed(&r, &self.identity, digest)?;
            if act.operator != by.id {
                Change::from_act(&act)?.permit(|id| known(w, id), &r.org_tree()?, &by)?;
            }
            proposal.status = "rejected".to_owned();
            proposal.approver = Some(by.id);
            let mut event = w.event(EventKind::ProposalReject, Some(session.operator()), &proposal.object);
            event.put_document(&document)?;
            event.put_proposal(&proposal)?;
            event.close()?;
            Ok(())
        })
    }
}

/// The rows a change will write.
enum Plan {
    Org(Organisation),
    Operator(Operator),
    Profile(Digest, hufu_model::profile::Profile),
    KeyCentre(String),
    Cas(Vec<IssuingCaRow>),
    Years(u32),
    Erase(Vec<RequestId>),
    Cutover(Cutover),
}

impl Plan {
    fn put(self, event: &mut EventWriter<'_, '_>) -> Result<()> {
        match self {
            Self::Org(org) => event.put_org(&org)?,
            Self::Operator(operator) => event.put_operator(&operator)?,
            Self::Profile(digest, profile) => event.put_profile(&digest, &profile)?,
            Self::Years(years) => event.field("years", &years.to_string()),
            Self::Erase(requests) => requests.iter().try_for_each(|request| event.erase_sealed(request))?,
            Self::Cutover(cutover) => event.put_cutover(&cutover)?,
            Self::KeyCentre(entry) => event.put_meta(META, &entry)?,
            Self::Cas(rows) => rows.iter().try_for_each(|row| event.put_issuing_ca(row))?,
        }
        Ok(())
    }
}

impl Change {
    /// Checks the change against the present state and gives the rows it will write.
    fn plan(
        &self,
        w: &Write<'_>,
        tree: &mut OrgTree,
        identity: &Identity,
        home: &Home,
        made: Option<Certificate>,
    ) -> Result<Plan> {
        let nothing = |what: String| Err(ErrorKind::NoChange(what).into());
        match self {
            Self::OrgAdd(org) => {
                if tree.get(&org.id).is_ok() {
                    return Err(ErrorKind::OrgExists(org.id.clone()).into());
                }
                check_name(&org.name, 128).map_err(name_fault)?;
                if !org.name_en.is_empty() {
                    check_name(&org.name_en, 128).map_err(name_fault)?;
                }
                check_prefix(&org.limits)?;
                known_profiles(w, &org.limits)?;
                if let Some(region) = org.region {
                    known_region(&region.to_string())?;
                }
                within_ancestors(tree, org)?;
                tree.place(org.clone())?;
                Ok(Plan::Org(org.clone()))
            }
            Self::OrgMove { org, to } => {
                let mut moved = tree.get(org)?.clone();
                if moved.parent.as_ref() == Some(to) {
                    return nothing(format!("{org} stands below {to} already"));
                }
                moved.parent = Some(to.clone());
                within_ancestors(tree, &moved)?;
                tree.place(moved.clone())?;
                Ok(Plan::Org(moved))
            }
            Self::OrgFreeze(org) => set_status(tree, org, OrgStatus::Frozen),
            Self::OrgUnfreeze(org) => set_status(tree, org, OrgStatus::Active),
            Self::OrgLimits { org, limits } => {
                let mut changed = tree.get(org)?.clone();
                if changed.limits == *limits {
                    return nothing(format!("{org} has these limits already"));
                }
                check_prefix(limits)?;
                known_profiles(w, limits)?;
                changed.limits = limits.clone();
                within_ancestors(tree, &changed)?;
                // Those below keep their own limits; what is now wider than allowed is narrowed by the chain.
                Ok(Plan::Org(changed))
            }
            Self::OperatorRoles { operator, roles } => {
                let mut changed = known(w, operator)?;
                if changed.roles == *roles {
                    return nothing(format!("{operator} has these roles already"));
                }
                changed.roles.clone_from(roles);
                Ok(Plan::Operator(changed))
            }
            Self::OperatorRemove(operator) => {
                let mut removed = known(w, operator)?;
                removed.status = OperatorStatus::Removed;
                Ok(Plan::Operator(removed))
            }
            Self::KeyCentre(facts) => {
                facts.plan(&w.reader(), home)?;
                Ok(Plan::KeyCentre(facts.entry()))
            }
            Self::ProfileSet { source } => {
                let profile = profile(source)?;
                let digest = sm3(source.as_bytes());
                if w.reader().profile_current(&profile.id)?.is_some_and(|p| p.digest == digest) {
                    return nothing(format!("profile {} has this text already", profile.id));
                }
                Ok(Plan::Profile(digest, profile))
            }
            Self::CaAdd(new) => new.plan(&w.reader(), identity, w.now(), made).map(Plan::Cas),
            Self::CaCurrent(ca) => ca::step(&w.reader(), identity, w.now(), ca, CaStatus::Current, None).map(Plan::Cas),
            Self::RetentionSet(years) => {
                retention::check_years(*years)?;
                if retention::years(&w.reader())? == *years {
                    return nothing(format!("personal fields are kept for {years} years already"));
                }
                Ok(Plan::Years(*years))
            }
            Self::Cutover(cutover) => {
                let before = migration::last_record(&w.reader().cutovers(None)?, &cutover.org, &cutover.migration);
                migration::check(cutover, before.as_ref(), w.now())?;
                Ok(Plan::Cutover(cutover.clone()))
            }
            Self::Erase(certificates) => retention::erasable(&w.reader(), certificates, w.now()).map(Plan::Erase),
            Self::CaRetire(ca) => ca::step(&w.reader(), identity, w.now(), ca, CaStatus::Retired, None).map(Plan::Cas),
            Self::CaRevoke { ca, reason } => {
                ca::step(&w.reader(), identity, w.now(), ca, CaStatus::Revoked, Some(*reason)).map(Plan::Cas)
            }
        }
    }
}

/// The one limit that is free text must be a name like any other: a line end in it would be read as the next limit.
fn check_prefix(limits: &Limits) -> Result<()> {
    limits.name_prefix.as_ref().map_or(Ok(()), |prefix| check_name(prefix, 64).map_err(name_fault))
}

fn within_ancestors(tree: &OrgTree, org: &Organisation) -> Result<()> {
    if let Some(parent) = &org.parent {
        org.limits.within(&tree.effective_limits(parent)?)?;
    }
    Ok(())
}

fn set_status(tree: &OrgTree, org: &OrgId, status: OrgStatus) -> Result<Plan> {
    let mut changed = tree.get(org)?.clone();
    if changed.status == status {
        return Err(ErrorKind::NoChange(format!("{org} is {status} already")).into());
    }
    changed.status = status;
    Ok(Plan::Org(changed))
}

fn known(w: &Write<'_>, operator: &OperatorId) -> Result<Operator> {
    active(w, operator)?.ok_or_else(|| ErrorKind::NoOperator(operator.clone()).into())
}

fn active(w: &Write<'_>, operator: &OperatorId) -> Result<Option<Operator>> {
    Ok(w.reader().operator(operator)?.filter(|o| o.status == OperatorStatus::Active))
}

/// Every profile that limits name is on record: one that does not exist would allow nothing, which nobody means.
fn known_profiles(w: &Write<'_>, limits: &Limits) -> Result<()> {
    for id in limits.profiles.iter().flatten() {
        w.reader().profile_current(id)?.ok_or_else(|| ErrorKind::UnknownProfile(id.to_string()))?;
    }
    Ok(())
}

pub(crate) fn open_proposal(r: &hufu_store::Reader<'_>, digest: &Digest) -> Result<Proposal> {
    let found = r.proposal(digest)?.filter(|p| p.status == "open");
    found.ok_or_else(|| ErrorKind::UnknownProposal(digest.to_string()).into())
}

pub(crate) fn known_region(code: &str) -> Result<()> {
    if hufu_data::region(code).is_some() { Ok(()) } else { Err(ErrorKind::UnknownRegion(code.to_owned()).into()) }
}

pub(crate) fn profile(source: &str) -> Result<hufu_model::profile::Profile> {
    hufu_data::profile_from_toml(source)
        .map_err(|e| ErrorKind::Unreadable { wanted: "a certificate profile", what: e.to_string() }.into())
}

pub(crate) fn name_fault(fault: hufu_model::text::NameFault) -> crate::Error {
    ErrorKind::Holder(hufu_model::holder::HolderFault {
        field: "name",
        fault: hufu_model::holder::FieldFault::Name(fault),
    })
    .into()
}

pub(crate) fn roles_text(roles: &[Role]) -> String {
    roles.iter().map(|r| r.code()).collect::<Vec<_>>().join(" ")
}

pub(crate) fn parse_roles(text: &str) -> Result<Vec<Role>> {
    let mut roles =
        text.split([' ', ',']).filter(|r| !r.is_empty()).map(|r| Ok(r.parse()?)).collect::<Result<Vec<Role>>>()?;
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}
