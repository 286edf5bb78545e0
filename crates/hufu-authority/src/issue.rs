//! `issue`: from approved requests to stored certificates. The one way a subscriber's certificate is made.
//!
//! # What is true after a crash
//! | killed | on disk | what `issue` with the same request does next |
//! |---|---|---|
//! | before the intent commits (f2) | request *approved* | starts afresh; no signature was made |
//! | after the intent commits (f3) | request *signing*, intent with serial and TBS digest | checks approval and freezing again, builds the same bytes, signs them, stores |
//! | after signing, before the certificate commits (f7) | as above | the same: the unsaved signature never left the process |
//! | after the certificate commits (f8) | request *issued*, certificate, ledger leaf, roll-up | returns the stored bytes |
//! | after the checkpoint is signed (f9) | as above, no new checkpoint | returns the bytes; the next checkpoint covers them |
//! | after the checkpoint commits, before the anchor (f9-stored) | checkpoint stored, anchor behind it | the next checkpoint appends what the anchor lacks |
//! | after the anchor is written (f10) | everything | returns the stored bytes |

use std::collections::{BTreeMap, HashMap};

use hufu_issuer::{Issuer, Prepared};
use hufu_ledger::event::Event;
use hufu_model::certificate::CertificateStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId, ProfileId, RequestId, Serial};
use hufu_model::lifecycle::{State, allowed};
use hufu_model::operator::{Operator, OperatorStatus};
use hufu_model::org::OrgTree;
use hufu_model::profile::Profile;
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{
    Approval, Candidate, EventFilter, EventRow, EventWriter, Intent, Issued, NewIntent, NewStatus, Reader, RequestRow,
};
use hufu_x509::record::RequestRecord;
use rayon::prelude::*;

use crate::approve::check_record;
use crate::authority::{Authority, CaSigner, Identity, Session};
use crate::ca::IssuingCas;
use crate::check::Signed;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{self, Asked, Quotas};
use crate::succession::Succession;
use crate::{change, document, media};

/// How often a batch is prepared anew because time went on before its turn to write came.
const ATTEMPTS: u32 = 4;

/// A certificate that is stored and may be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The request it answers.
    pub request: RequestId,
    /// Its serial number.
    pub serial: Serial,
    /// Its DER.
    pub der: Vec<u8>,
}

impl From<Issued> for IssuedCertificate {
    fn from(issued: Issued) -> Self {
        Self { request: issued.request, serial: issued.serial, der: issued.der }
    }
}

impl Authority {
    /// Issues the certificates of approved requests: checks every approval and limit once more, fixes the bytes, commits
    /// the intents, signs, and stores certificates, ledger leaves and totals in one transaction. A result for each
    /// request; asking again returns the same bytes.
    ///
    /// # Errors
    /// An error of the whole batch: operator, fencing, clock, database.
    pub fn issue(
        &self,
        session: &Session,
        ca: &CaSigner,
        requests: &[RequestId],
    ) -> Result<Vec<Result<IssuedCertificate>>> {
        // Waiting for others to write can take longer than a validity may lie behind the ledger. What was begun is taken up again.
        for _ in 1..ATTEMPTS {
            let now = self.now();
            match self.issue_at(session, ca, requests, now) {
                Err(e) if e.code() == "store.clock-back" && self.now() > now => {}
                done => return done,
            }
        }
        self.issue_at(session, ca, requests, self.now())
    }

    fn issue_at(
        &self,
        session: &Session,
        ca: &CaSigner,
        requests: &[RequestId],
        now: Instant,
    ) -> Result<Vec<Result<IssuedCertificate>>> {
        let mut done: BTreeMap<RequestId, Result<IssuedCertificate>> = BTreeMap::new();
        let mut asked = requests.to_vec();
        asked.sort_unstable();
        asked.dedup();

        // 1. What is approved, what was begun before a crash, what is issued already.
        let mut approved = Vec::new();
        let mut begun = Vec::new();
        for (id, candidate) in asked.iter().zip(self.store().candidates(&asked)?) {
            match candidate {
                Ok(Candidate::Approved(approval)) => approved.push(approval),
                Ok(Candidate::Begun(intent)) => begun.push(intent),
                Ok(Candidate::Issued(issued)) => drop(done.insert(id.clone(), Ok(issued.into()))),
                Err(e) => drop(done.insert(id.clone(), Err(self.not_ready(id, e)?))),
            }
        }

        // 2. Every approval and every limit, as of now. What was begun is asked everything again but its place in the
        // quotas, which it has.
        let Checked { approved, begun, events } = self.check_approvals(session, ca, approved, begun, now, &mut done)?;
        hufu_store::fault!("f2");

        // 3. The exact bytes, linted.
        let prepared: Vec<(Approval, Result<Work<'_>>)> = approved
            .into_par_iter()
            .map(|approval| {
                let issuer = ca.issuer_for(approval.record());
                let prepared = issuer.and_then(|issuer| Ok((issuer, issuer.prepare(&approval, now, &*self.entropy)?)));
                (approval, prepared)
            })
            .collect();
        let mut bytes: HashMap<RequestId, Work<'_>> = HashMap::new();
        let mut ready = Vec::new();
        for (approval, prepared) in prepared {
            let id = approval.request_id().clone();
            match prepared {
                Ok(prepared) => {
                    ready.push((approval, prepared.1.intent()));
                    bytes.insert(id, prepared);
                }
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }

        // 4. The intents, in one transaction.
        let mut intents = if ready.is_empty() {
            Vec::new()
        } else {
            let begun = self.store().begin_those(now, ca.epoch, session.operator(), |r| {
                self.still_good(r, session, ca, ready, (now, events), &mut done)
            });
            if let Err(e) = &begun {
                self.record_denials(session, "issue", [e])?;
            }
            begun?
        };
        for intent in begun {
            let id = intent.approval().request_id().clone();
            let issuer = ca.issuer_for(intent.approval().record());
            match issuer.and_then(|issuer| Ok((issuer, issuer.rebuild(&intent)?))) {
                Ok(prepared) => {
                    bytes.insert(id, prepared);
                    intents.push(intent);
                }
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }

        // 5. The signatures.
        let work: Vec<(Intent, Work<'_>)> = intents
            .into_iter()
            .filter_map(|intent| bytes.remove(intent.approval().request_id()).map(|prepared| (intent, prepared)))
            .collect();
        let signed: Vec<(Intent, Result<Vec<u8>>)> = work
            .into_par_iter()
            .map(|(intent, (issuer, prepared))| {
                let der = self.entropy.array().map_err(Error::from);
                let der = der.and_then(|entropy| Ok(issuer.sign(prepared, &intent, entropy)?));
                (intent, der)
            })
            .collect();
        let mut finished = Vec::with_capacity(signed.len());
        for (intent, der) in signed {
            let id = intent.approval().request_id().clone();
            match der {
                Ok(der) => finished.push((intent, der)),
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }

        // 6. Certificates, leaves, audit and totals, in one transaction.
        if !finished.is_empty() {
            // Signing a large batch takes its time, in which others may have written later events.
            let now = now.max(self.now());
            let issued = self.store().complete(now, ca.epoch, session.operator(), finished, effects)?;
            for certificate in issued {
                done.insert(certificate.request.clone(), Ok(certificate.into()));
            }
        }
        self.checkpoint(ca)?;
        self.record_denials(session, "issue", done.values().filter_map(|r| r.as_ref().err()))?;
        Ok(requests.iter().map(|id| take(&mut done, id)).collect())
    }

    /// Why a request cannot be issued; one that asks for no certificate is for another verb.
    fn not_ready(&self, id: &RequestId, e: hufu_store::Error) -> Result<Error> {
        let row = self.read(|r| Ok(r.request(id)?))?;
        let e = match row.filter(|row| !row.action.makes_certificate()) {
            Some(row) => ErrorKind::OtherVerb { request: row.id, action: row.action }.into(),
            None => Error::from(e),
        };
        Ok(e.about(id.to_string()))
    }

    fn check_approvals(
        &self,
        session: &Session,
        ca: &CaSigner,
        approved: Vec<Approval>,
        begun: Vec<Intent>,
        now: Instant,
        done: &mut BTreeMap<RequestId, Result<IssuedCertificate>>,
    ) -> Result<Checked> {
        self.read_as(session, "issue", |r| {
            let by = policy::acting(r, session, now)?;
            policy::may_issue(&by)?;
            let tree = r.org_tree()?;
            let mut checker = Checker::new(r, &tree, &by, &self.identity, now)?;
            let mut good = |approval: &Approval, begun: bool| {
                let id = approval.request_id();
                let checked = checker.check(ca, approval, begun);
                checked.map_err(|e| drop(done.insert(id.clone(), Err(e.about(id.to_string()))))).is_ok()
            };
            Ok(Checked {
                begun: begun.into_iter().filter(|intent| good(intent.approval(), true)).collect(),
                approved: approved.into_iter().filter(|approval| good(approval, false)).collect(),
                events: r.event_count()?,
            })
        })
    }

    /// Those of `ready` that may be begun still, asked in the transaction that begins them: since they were checked, at
    /// the instant and ledger size `checked`, somebody may have frozen, removed or issued.
    fn still_good(
        &self,
        r: &Reader<'_>,
        session: &Session,
        ca: &CaSigner,
        ready: Vec<(Approval, NewIntent)>,
        checked: (Instant, u64),
        done: &mut BTreeMap<RequestId, Result<IssuedCertificate>>,
    ) -> Result<Vec<(Approval, NewIntent)>> {
        let (now, events) = checked;
        if r.event_count()? == events {
            return Ok(ready);
        }
        let by = policy::acting(r, session, now)?;
        policy::may_issue(&by)?;
        let tree = r.org_tree()?;
        let mut checker = Checker::new(r, &tree, &by, &self.identity, now)?;
        let mut good = Vec::with_capacity(ready.len());
        for (approval, intent) in ready {
            let row = approval.row();
            let stands = r.request(&row.id)?;
            let checked = match stands.filter(|stands| stands != row) {
                Some(stands) => Err(Error::from(hufu_store::Error::from(hufu_store::ErrorKind::RequestState {
                    request: stands.id,
                    status: stands.status.code(),
                    wanted: RequestStatus::Approved.code(),
                }))),
                None => checker.check(ca, &approval, false),
            };
            match checked {
                Ok(()) => good.push((approval, intent)),
                Err(e) => drop(done.insert(row.id.clone(), Err(e.about(row.id.to_string())))),
            }
        }
        Ok(good)
    }
}

/// The bytes of a certificate, and the CA that signs them.
type Work<'a> = (&'a Issuer, Prepared);

/// What passed every check.
struct Checked {
    approved: Vec<Approval>,
    begun: Vec<Intent>,
    /// How many events the ledger had then.
    events: u64,
}

/// Checks approvals one by one; documents, operators and profiles are verified once for the batch.
struct Checker<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    by: &'a Operator,
    cas: IssuingCas,
    now: Instant,
    quotas: Quotas,
    media: media::Named,
    signed: Signed<'a>,
    profiles: HashMap<Digest, (ProfileId, Profile)>,
}

impl<'a> Checker<'a> {
    fn new(
        r: &'a Reader<'a>,
        tree: &'a OrgTree,
        by: &'a Operator,
        identity: &'a Identity,
        now: Instant,
    ) -> Result<Self> {
        let cas = identity.cas(r)?;
        let (quotas, signed, profiles) = (Quotas::default(), Signed::new(r, tree, identity, now), HashMap::new());
        Ok(Self { r, tree, by, cas, now, media: media::Named::default(), quotas, signed, profiles })
    }

    /// Whether the certificate may be issued; `begun` when it was counted already.
    fn check(&mut self, ca: &CaSigner, approval: &Approval, begun: bool) -> Result<()> {
        let row = approval.row();
        policy::within(self.tree, self.by, &row.org)?;
        let manifest = self.signed.manifest(&row.manifest)?;
        let record = check_record(manifest, row, approval.record(), approval.csr())?;
        let named = self.cas.by_digest(&record.ca);
        let named = named.ok_or_else(|| document::fault("request", "it is for another issuing CA"))?;
        if !named.status.signs_certificates() {
            return Err(ErrorKind::CaStatus { ca: named.name.clone(), status: named.status }.into());
        }
        if record.pair && ca.key_centre.is_none() {
            return Err(ErrorKind::NoKeyCentre.into());
        }
        ca.issuer(named)?;
        self.signed.not_expired("request", record.expires)?;
        let approver = self.signed.approver(row)?;
        policy::may_approve(self.tree, &approver, &row.org, policy::approvers(record.operator.is_some()))?;
        policy::may_appoint(self.r, self.tree, &approver, record.operator.as_ref())?;
        if let Some(grant) = &record.operator
            && changed_since(self.r, row, &grant.id)?
        {
            return Err(ErrorKind::Overtaken { by: "the operator was changed, removed or renewed" }.into());
        }
        let profile = self.profile(&record)?.clone();
        policy::permits(self.tree, &Asked::of_record(&record, &profile))?;
        self.media.check(self.r, self.tree, &record, &row.holder, &profile)?;
        if let Some(serial) = self.r.compromised_key(&row.spki)? {
            return Err(ErrorKind::CompromisedKey(serial).into());
        }
        // The certificate it renews or replaces may have changed since the approval.
        let succession = Succession::of_record(&record, row);
        for person in [self.by, &approver] {
            succession.check(self.r, self.tree, person, self.now)?;
        }
        if begun { Ok(()) } else { self.quotas.take(self.r, self.tree, &row.org, self.now) }
    }

    fn profile(&mut self, record: &RequestRecord) -> Result<&Profile> {
        let digest = record.profile_digest;
        if !self.profiles.contains_key(&digest) {
            let row = self.r.profile_by_digest(&digest)?;
            let row = row.ok_or_else(|| ErrorKind::UnknownProfile(record.profile.to_string()))?;
            self.profiles.insert(digest, (row.id, change::profile(&row.source)?));
        }
        match self.profiles.get(&digest) {
            Some((id, profile)) if *id == record.profile => Ok(profile),
            _ => Err(document::fault("request", "its profile text belongs to another profile")),
        }
    }
}

/// What takes effect in the transaction that stores a certificate: the operator it makes, the end of its predecessor. An
/// operator who was changed meanwhile stays so: then it is a certificate that nobody can act with.
fn effects(event: &mut EventWriter<'_, '_>, intent: &Intent) -> std::result::Result<(), hufu_store::Error> {
    let approval = intent.approval();
    // The record was read when the approval was checked.
    let Ok(record) = RequestRecord::from_der(approval.record()) else { return Ok(()) };
    if let Some(medium) = &record.medium_id {
        media::issue(event, medium, intent.serial(), approval.row().holder)?;
    }
    if let Some(grant) = record.operator
        && !changed_since(&event.reader(), approval.row(), &grant.id)?
    {
        let name = record.subject.into_iter().find(|(field, _)| field == "name").map(|(_, v)| v).unwrap_or_default();
        event.put_operator(&Operator {
            id: grant.id.clone(),
            org: approval.row().org.clone(),
            name,
            roles: grant.roles,
            certificate: intent.serial().clone(),
            status: OperatorStatus::Active,
        })?;
        event.put_operator_certificate(intent.serial(), &grant.id)?;
    }
    match (record.revokes, record.predecessor) {
        (Some(reason), Some(serial)) => supersede(event, approval.request_id(), serial, reason),
        _ => Ok(()),
    }
}

/// Revokes the predecessor, unless it was revoked or its time was over before.
fn supersede(
    event: &mut EventWriter<'_, '_>,
    request: &RequestId,
    serial: Serial,
    reason: RevocationReason,
) -> std::result::Result<(), hufu_store::Error> {
    let now = event.now();
    let Some(predecessor) = event.reader().certificate(&serial)? else { return Ok(()) };
    if !allowed(Action::Revoke, State::of(&predecessor, now)) {
        return Ok(());
    }
    event.field("revoked", &serial.to_string());
    if reason == RevocationReason::KeyCompromise
        && let Some(spki) = policy::spki_on_record(event.reader(), &predecessor)?
    {
        event.put_compromised_key(&spki, &serial)?;
    }
    let status = CertificateStatus::Revoked;
    let (request, at) = (Some(request.clone()), now.unix_seconds());
    event.put_status_change(&NewStatus { serial, request, status, reason, at, invalid_since: None })?;
    Ok(())
}

/// Whether the operator `id` was changed, removed or renewed after the request of `row` was approved: an approval grants
/// only what its approver could know.
fn changed_since(r: &Reader<'_>, row: &RequestRow, id: &OperatorId) -> std::result::Result<bool, hufu_store::Error> {
    let Some(known) = r.operator(id)? else { return Ok(false) };
    let filter = |kind, object| EventFilter { kind: Some(kind), object: Some(object), ..EventFilter::default() };
    let approvals = r.events(&filter(EventKind::Approve, row.manifest.to_string()))?;
    let stored = |event: &EventRow| {
        let event = Event::decode(&event.leaf).ok();
        let key = row.approval.as_ref().map(|digest| digest.0.as_slice());
        event.is_some_and(|e| e.effects.iter().any(|e| e.table == "document" && Some(e.key.as_slice()) == key))
    };
    let Some(approved) = approvals.iter().find(|event| stored(event)).map(|event| event.seq) else { return Ok(true) };
    for kind in [EventKind::OperatorChange, EventKind::OperatorRemove] {
        let later = EventFilter { after: Some(approved), limit: 1, ..filter(kind, id.to_string()) };
        if !r.events(&later)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(r.certificate_event(&known.certificate)?.is_none_or(|event| event > approved))
}

fn take(done: &mut BTreeMap<RequestId, Result<IssuedCertificate>>, id: &RequestId) -> Result<IssuedCertificate> {
    match done.get(id) {
        Some(Ok(certificate)) => Ok(certificate.clone()),
        _ => done.remove(id).unwrap_or_else(|| Err(ErrorKind::UnknownRequest(id.clone()).into())),
    }
}
