//! `apply`: approved changes of status take effect. The one way a certificate's status changes, beside the issue of a
//! certificate that revokes the one it replaces.
//!
//! # What is true after a crash
//! | killed | on disk | what `apply` with the same request does next |
//! |---|---|---|
//! | before the status commits (f14-open) | request *approved*, or *submitted* in an emergency | starts afresh |
//! | after the status commits (f14) | request *applied*, the change, the certificate's status, ledger leaf, totals | returns what is on record |

use std::collections::{BTreeMap, HashMap, HashSet};

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, RequestId, Serial};
use hufu_model::operator::{Operator, Role};
use hufu_model::org::OrgTree;
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{EventWriter, NewStatus, Reader, RequestRow, StatusChange, StatusFilter, Write};
use hufu_x509::record::StatusRecord;

use crate::approve::check_status_record;
use crate::authority::{Authority, Session};
use crate::check::{Signed, take};
use crate::document;
use crate::error::{ErrorKind, Result};
use crate::policy::{self, Gravity};

/// A change of status that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The request.
    pub request: RequestId,
    /// The change on record.
    pub change: StatusChange,
}

impl Authority {
    /// Makes approved changes of status take effect, and suspensions that were asked for as emergencies: checks every
    /// approval once more, and stores status, ledger leaves and totals in one transaction. A result for each request;
    /// asking again returns what is on record. No key of the CA is needed.
    ///
    /// # Errors
    /// An error of the whole batch: operator, frozen organisation, clock, database. For one request:
    /// [`ErrorKind::RequestState`] when it is not approved, [`ErrorKind::CertificateState`] when the certificate's state
    /// does not allow it any more, [`ErrorKind::OtherVerb`] for one that asks for a certificate.
    pub fn apply(&self, session: &Session, requests: &[RequestId]) -> Result<Vec<Result<Applied>>> {
        const ACT: &str = "apply";
        let mut results = self.write(session, ACT, |w| {
            let mut results: BTreeMap<RequestId, Result<Applied>> = BTreeMap::new();
            let due = {
                let r = w.reader();
                let by = policy::acting(&r, session, w.now())?;
                let tree = r.org_tree()?;
                policy::not_frozen(&tree, &by.org)?;
                let mut checker = Checker {
                    r: &r,
                    tree: &tree,
                    by: &by,
                    now: w.now(),
                    signed: Signed::new(&r, &tree, &self.identity, w.now()),
                    profiles: policy::Profiles::default(),
                    becomes: HashMap::new(),
                };
                let (mut due, mut seen) = (Vec::new(), HashSet::new());
                for id in requests.iter().filter(|id| seen.insert((*id).clone())) {
                    match self.due(&mut checker, id) {
                        Ok(Step::Due(row, record)) => due.push((*row, *record)),
                        Ok(Step::Done(applied)) => drop(results.insert(id.clone(), Ok(applied))),
                        Err(e) => drop(results.insert(id.clone(), Err(e.about(id.to_string())))),
                    }
                }
                due
            };
            for (row, record) in due {
                let applied = apply_one(w, session, row, &record)?;
                results.insert(applied.request.clone(), Ok(applied));
            }
            hufu_store::fault!("f14-open");
            Ok(results)
        })?;
        hufu_store::fault!("f14");
        self.record_denials(session, ACT, results.values().filter_map(|r| r.as_ref().err()))?;
        Ok(requests.iter().map(|id| take(&mut results, id)).collect())
    }

    /// Changes of status on record, in the order in which they were recorded.
    ///
    /// # Errors
    /// Database errors.
    pub fn status_changes(&self, filter: &StatusFilter) -> Result<Vec<StatusChange>> {
        self.read(|r| Ok(r.status_changes(filter)?))
    }

    /// Whether a request may take effect now, or did before.
    fn due(&self, checker: &mut Checker<'_>, id: &RequestId) -> Result<Step> {
        let r = checker.r;
        let row = r.request(id)?.ok_or_else(|| ErrorKind::UnknownRequest(id.clone()))?;
        let serial = match (&row.predecessor, row.action.status()) {
            (Some(serial), Some(_)) => serial.clone(),
            _ => return Err(ErrorKind::OtherVerb { request: row.id, action: row.action }.into()),
        };
        policy::within(checker.tree, checker.by, &row.org)?;
        policy::holds(checker.by, &[Role::Approver, Role::Admin, Role::SuperAdmin, Role::Entry])?;
        if row.status == RequestStatus::Applied {
            let change = r.status_change_of(&serial, id)?;
            let change = change.ok_or_else(|| document::fault("request", "it is applied and its change is missing"))?;
            return Ok(Step::Done(Applied { request: row.id, change }));
        }
        let body = r.request_body(id)?.ok_or_else(|| document::fault("request", "its body is missing"))?;
        let manifest = checker.signed.manifest(&row.manifest)?;
        let count = manifest.records.len();
        let record = check_status_record(manifest, &row, &body.record)?;
        if record.ca != self.identity.ca {
            return Err(document::fault("request", "it is for another issuing CA"));
        }
        checker.signed.not_expired("request", record.expires)?;
        let certificate = r.certificate(&serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
        let gravity = Gravity::of(r, &certificate, count)?;
        match row.status {
            RequestStatus::Approved => {
                policy::holds(checker.by, gravity.applies(true))?;
                let approver = checker.signed.approver(&row)?;
                policy::may_approve(checker.tree, &approver, &row.org, gravity.approves())?;
            }
            RequestStatus::Submitted if record.emergency && record.action == Action::Suspend => {
                policy::holds(checker.by, gravity.applies(false))?;
            }
            _ => {
                let status = row.status.code();
                return Err(ErrorKind::RequestState { request: row.id, status, wanted: "approved" }.into());
            }
        }
        checker.may_become(certificate, record.action)?;
        Ok(Step::Due(Box::new(row), Box::new(record)))
    }
}

enum Step {
    Done(Applied),
    Due(Box<RequestRow>, Box<StatusRecord>),
}

/// Checks requests one by one; documents are verified once for the batch.
struct Checker<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    by: &'a Operator,
    now: Instant,
    signed: Signed<'a>,
    profiles: policy::Profiles,
    /// What certificates become by requests that come earlier in the batch.
    becomes: HashMap<Serial, CertificateStatus>,
}

impl Checker<'_> {
    /// The certificate, as the batch will have left it, may undergo `action`.
    fn may_become(&mut self, mut certificate: CertificateRow, action: Action) -> Result<()> {
        if let Some(status) = self.becomes.get(&certificate.serial) {
            certificate.status = *status;
        }
        policy::may_be_done(self.r, &mut self.profiles, &certificate, action, self.now)?;
        if let Some(status) = action.status() {
            self.becomes.insert(certificate.serial, status);
        }
        Ok(())
    }
}

/// Writes one change: its event, the certificate's status, of a pair that of both halves, the request's end, the totals.
fn apply_one(w: &mut Write<'_>, session: &Session, row: RequestRow, record: &StatusRecord) -> Result<Applied> {
    let (kind, status) = match record.action {
        Action::Suspend => (EventKind::Suspend, CertificateStatus::Held),
        Action::Resume => (EventKind::Resume, CertificateStatus::Active),
        Action::Revoke => (EventKind::Revoke, CertificateStatus::Revoked),
        action => return Err(ErrorKind::OtherVerb { request: row.id, action }.into()),
    };
    let at = w.now().unix_seconds();
    let mut event = w.event(kind, Some(session.operator()), &record.serial.to_string());
    event.field("request", row.id.as_str());
    event.field("reason", record.reason.code());
    if record.emergency && row.status == RequestStatus::Submitted {
        event.field("emergency", "yes");
    }
    let new = NewStatus {
        serial: record.serial.clone(),
        request: Some(row.id.clone()),
        status,
        reason: record.reason,
        at,
        invalid_since: record.invalid_since,
    };
    let change = put_change(&mut event, &new, Some(&row.spki))?;
    let done = RequestRow { status: RequestStatus::Applied, serial: Some(record.serial.clone()), ..row };
    event.put_request(&done)?;
    event.close()?;
    Ok(Applied { request: done.id, change })
}

/// Puts a change of status, of a pair those of both halves, and marks the key `spki` when others know its private half.
/// Returns the change of the certificate that was named.
pub(crate) fn put_change(
    event: &mut EventWriter<'_, '_>,
    new: &NewStatus,
    spki: Option<&Digest>,
) -> std::result::Result<StatusChange, hufu_store::Error> {
    let change = event.put_status_change(new)?;
    if let Some(serial) = event.reader().encryption_half(&new.serial)? {
        event.put_status_change(&NewStatus { serial, ..new.clone() })?;
    }
    if let Some(spki) = spki.filter(|_| new.reason == RevocationReason::KeyCompromise) {
        event.put_compromised_key(spki, &new.serial)?;
    }
    Ok(change)
}
