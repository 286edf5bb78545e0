//! `approve` and `reject`: another person decides.

use std::collections::{BTreeMap, HashSet};

use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OrgId, RequestId};
use hufu_model::operator::{Operator, Role};
use hufu_model::org::OrgTree;
use hufu_model::request::RequestStatus;
use hufu_model::text::check_remark;
use hufu_model::time::Instant;
use hufu_store::{Document, Reader, RequestRow};
use hufu_x509::digest::sm3;
use hufu_x509::record::{Approval as ApprovalRecord, Decision, Manifest, ManifestKind, RequestRecord, StatusRecord};

use crate::authority::{Authority, Identity, Session};
use crate::check::{Signed, take};
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::migration::InForce;
use crate::policy::{self, Gravity};

/// How long an approval may wait for its certificate.
const APPROVAL_DAYS: i64 = 14;

/// A request that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its id.
    pub id: RequestId,
    /// `approved` or `rejected`; further along when it was approved before.
    pub status: RequestStatus,
}

impl Authority {
    /// Approves requests: for each manifest they were entered in, the approver signs one approval that names the rows
    /// it does *not* cover. A result for each request.
    ///
    /// # Errors
    /// An error of the whole batch: operator, database.
    pub fn approve(&self, session: &Session, requests: &[RequestId]) -> Result<Vec<Result<Decided>>> {
        self.decide(session, requests, Decision::Approve, "")
    }

    /// Rejects requests, saying why in at most 500 characters. Final.
    ///
    /// # Errors
    /// As [`Authority::approve`]; [`ErrorKind::Unreadable`] for a reason that [`check_remark`] refuses.
    pub fn reject(&self, session: &Session, requests: &[RequestId], why: &str) -> Result<Vec<Result<Decided>>> {
        check_remark(why, 500).map_err(|e| ErrorKind::Unreadable { wanted: "a reason", what: e.to_string() })?;
        self.decide(session, requests, Decision::Reject, why)
    }

    fn decide(
        &self,
        session: &Session,
        ids: &[RequestId],
        decision: Decision,
        why: &str,
    ) -> Result<Vec<Result<Decided>>> {
        let now = self.now();
        let mut results: BTreeMap<RequestId, Result<Decided>> = BTreeMap::new();
        // One approval per manifest and organisation: it names the organisation's chain.
        let mut by_manifest: BTreeMap<(Digest, OrgId), Vec<RequestRow>> = BTreeMap::new();
        let verified = self.read_as(session, kind(decision).code(), |r| {
            let by = policy::acting(r, session, now)?;
            let tree = r.org_tree()?;
            let mut deciding = Deciding::new(r, &tree, &by, &self.identity, now, decision)?;
            let mut seen = HashSet::new();
            for id in ids.iter().filter(|id| seen.insert(*id)) {
                match deciding.step(id) {
                    Ok(Step::Done(before)) => drop(results.insert(id.clone(), Ok(before))),
                    Ok(Step::Decide(row)) => {
                        by_manifest.entry((row.manifest, row.org.clone())).or_default().push(*row);
                    }
                    Err(e) => drop(results.insert(id.clone(), Err(e.about(id.to_string())))),
                }
            }
            // What is signed was checked: the manifest's own signature, and that each row is the record it lists.
            by_manifest
                .iter()
                .map(|((manifest, _), rows)| check_manifest(r, &self.identity, manifest, rows))
                .collect::<Result<Vec<Manifest>>>()
        })?;
        for (((manifest, _), rows), contents) in by_manifest.into_iter().zip(verified) {
            let decided = self.sign_decision(session, now, &manifest, &contents, &rows, decision, why)?;
            let outcome = self.write(session, kind(decision).code(), |w| {
                let r = w.reader();
                let by = policy::acting(&r, session, w.now())?;
                let tree = r.org_tree()?;
                let mut deciding = Deciding::new(&r, &tree, &by, &self.identity, w.now(), decision)?;
                let mut changed = Vec::with_capacity(rows.len());
                for row in &rows {
                    // Read again inside the transaction: somebody may have been faster.
                    let Step::Decide(mut row) = deciding.step(&row.id)? else { continue };
                    row.status = wanted(decision);
                    row.approval = Some(decided.digest);
                    row.approver = Some(by.id.clone());
                    row.decided_at = Some(w.now().unix_seconds());
                    row.note = Some(why.to_owned()).filter(|n| !n.is_empty());
                    changed.push(row);
                }
                let mut event = w.event(kind(decision), Some(session.operator()), &manifest.to_string());
                event.put_document(&decided)?;
                for row in &changed {
                    event.put_request(row)?;
                }
                event.close()?;
                Ok(())
            });
            match outcome {
                Ok(()) => {
                    for row in rows {
                        let done = Decided { id: row.id.clone(), status: wanted(decision) };
                        results.insert(row.id, Ok(done));
                    }
                }
                Err(e) => return Err(e),
            }
        }
        self.record_denials(session, kind(decision).code(), results.values().filter_map(|r| r.as_ref().err()))?;
        Ok(ids.iter().map(|id| take(&mut results, id)).collect())
    }

    #[allow(clippy::too_many_arguments)]
    fn sign_decision(
        &self,
        session: &Session,
        now: Instant,
        manifest: &Digest,
        contents: &Manifest,
        rows: &[RequestRow],
        decision: Decision,
        why: &str,
    ) -> Result<Document> {
        let covered: HashSet<u32> = rows.iter().map(|r| r.position).collect();
        let all = 0..u32::try_from(contents.records.len()).unwrap_or(u32::MAX);
        let org = rows.first().map_or(&contents.org, |r| &r.org);
        let org_chain =
            self.read(|r| Ok(r.org_tree()?.chain(org)?.into_iter().map(|o| o.id.clone()).collect::<Vec<_>>()))?;
        let approval = ApprovalRecord {
            manifest: *manifest,
            excepted: all.filter(|i| !covered.contains(i)).collect(),
            org_chain,
            operator: session.operator().clone(),
            decision,
            reason: why.to_owned(),
            nonce: self.entropy.array()?,
            at: now.unix_seconds(),
            expires: now.plus_seconds(APPROVAL_DAYS * 86_400).unix_seconds(),
        };
        let der = approval.to_der();
        Ok(document::row("approval", &der, session, now, self.sign_as(session, &der)?))
    }
}

/// One person's decision about requests, as one state of the database sees them.
struct Deciding<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    by: &'a Operator,
    signed: Signed<'a>,
    cutovers: InForce<'a>,
    decision: Decision,
}

impl<'a> Deciding<'a> {
    fn new(
        r: &'a Reader<'a>,
        tree: &'a OrgTree,
        by: &'a Operator,
        identity: &'a Identity,
        now: Instant,
        decision: Decision,
    ) -> Result<Self> {
        let (signed, cutovers) = (Signed::new(r, tree, identity, now), InForce::now(r, now)?);
        Ok(Self { r, tree, by, signed, cutovers, decision })
    }

    /// Whether the operator may decide this request now, or whether it was decided so before.
    fn step(&mut self, id: &RequestId) -> Result<Step> {
        let Self { r, tree, by, decision, .. } = *self;
        let row = r.request(id)?.ok_or_else(|| ErrorKind::UnknownRequest(id.clone()))?;
        if row.submitter == by.id {
            return Err(ErrorKind::SelfApproval(by.id.clone()).into());
        }
        policy::may_approve(tree, by, &row.org, approvers(r, &mut self.signed, &row)?)?;
        if row.approver.as_ref() == Some(&by.id) && row.status != RequestStatus::Submitted {
            let approved = row.status != RequestStatus::Rejected;
            if approved == (decision == Decision::Approve) {
                return Ok(Step::Done(Decided { id: row.id, status: row.status }));
            }
        }
        if !row.status.may_become(wanted(decision), row.action) {
            return Err(
                ErrorKind::RequestState { request: row.id, status: row.status.code(), wanted: "submitted" }.into()
            );
        }
        // Freezing stops what is new; it does not protect certificates from those above.
        if decision == Decision::Approve && row.action.makes_certificate() {
            policy::not_frozen(tree, &row.org)?;
            self.cutovers.refuse_profile(&row.org, &row.profile_digest)?;
            if row.profile.as_str() == crate::submit::OPERATOR_PROFILE {
                let body = r.request_body(id)?.ok_or_else(|| document::fault("request", "its body is missing"))?;
                policy::may_appoint(r, tree, by, RequestRecord::from_der(&body.record)?.operator.as_ref())?;
            }
        }
        Ok(Step::Decide(Box::new(row)))
    }
}

/// Who may approve a request.
fn approvers(r: &Reader<'_>, signed: &mut Signed<'_>, row: &RequestRow) -> Result<&'static [Role]> {
    match &row.predecessor {
        Some(serial) if !row.action.makes_certificate() => {
            let certificate = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
            let count = signed.manifest(&row.manifest)?.records.len();
            Ok(Gravity::of(r, &certificate, count)?.approves())
        }
        _ => Ok(policy::approvers(row.profile.as_str() == crate::submit::OPERATOR_PROFILE)),
    }
}

enum Step {
    Done(Decided),
    Decide(Box<RequestRow>),
}

const fn kind(decision: Decision) -> EventKind {
    match decision {
        Decision::Approve => EventKind::Approve,
        Decision::Reject => EventKind::Reject,
    }
}

const fn wanted(decision: Decision) -> RequestStatus {
    match decision {
        Decision::Approve => RequestStatus::Approved,
        Decision::Reject => RequestStatus::Rejected,
    }
}

/// Verifies a manifest and that `rows` and their bodies are the records it lists.
fn check_manifest(r: &Reader<'_>, identity: &Identity, manifest: &Digest, rows: &[RequestRow]) -> Result<Manifest> {
    let contents: Manifest = document::signed(r, identity, manifest)?;
    for row in rows {
        let about = |e: Error| e.about(row.id.to_string());
        let body = r.request_body(&row.id)?.ok_or_else(|| about(document::fault("request", "its body is missing")))?;
        if row.action.makes_certificate() {
            check_record(&contents, row, &body.record, &body.csr).map(drop).map_err(about)?;
        } else {
            check_status_record(&contents, row, &body.record).map(drop).map_err(about)?;
        }
    }
    Ok(contents)
}

/// A request's row, record and CSR are what its manifest lists.
pub(crate) fn check_record(manifest: &Manifest, row: &RequestRow, record: &[u8], csr: &[u8]) -> Result<RequestRecord> {
    let wrong = |what: &str| Err(document::fault("request", what));
    listed(manifest, row, record)?;
    let record = RequestRecord::from_der(record)?;
    if record.csr != sm3(csr) {
        return wrong("its CSR is not the one the record names");
    }
    let same = record.request == row.id
        && record.org == row.org
        && record.action == row.action
        && record.profile == row.profile
        && record.profile_digest == row.profile_digest
        && record.days == row.days
        && record.reason == row.reason
        && record.medium == row.medium
        && record.holder == row.holder_kind
        && record.predecessor == row.predecessor
        && record.expires == row.expires;
    if same { Ok(record) } else { wrong("its row says otherwise than its record") }
}

/// A status request's row and record are what its manifest lists.
pub(crate) fn check_status_record(manifest: &Manifest, row: &RequestRow, record: &[u8]) -> Result<StatusRecord> {
    listed(manifest, row, record)?;
    let record = StatusRecord::from_der(record)?;
    let same = record.request == row.id
        && record.org == row.org
        && record.action == row.action
        && Some(&record.serial) == row.predecessor.as_ref()
        && record.expires == row.expires;
    if same { Ok(record) } else { Err(document::fault("request", "its row says otherwise than its record")) }
}

/// The record stands in the manifest at the row's place, and the operator on record signed it.
fn listed(manifest: &Manifest, row: &RequestRow, record: &[u8]) -> Result<()> {
    let wrong = |what: &str| Err(document::fault("request", what));
    let listed = usize::try_from(row.position).ok().and_then(|i| manifest.records.get(i));
    if listed != Some(&sm3(record)) {
        return wrong("its record is not the one the entry operator signed");
    }
    if manifest.operator != row.submitter {
        return wrong("its entry operator is not the one who signed");
    }
    let kind = if row.action.makes_certificate() { ManifestKind::Submit } else { ManifestKind::Status };
    if manifest.kind != kind {
        return wrong("its manifest is for other requests");
    }
    Ok(())
}

/// Whether `decision` decides about `row` as its row says: same manifest, not excepted, by the person on record, who is not
/// the one who entered it.
pub(crate) fn covers(decision: &ApprovalRecord, row: &RequestRow) -> bool {
    let approved = row.status != RequestStatus::Rejected;
    decision.manifest == row.manifest
        && decision.excepted.binary_search(&row.position).is_err()
        && Some(&decision.operator) == row.approver.as_ref()
        && decision.operator != row.submitter
        && approved == (decision.decision == Decision::Approve)
}
