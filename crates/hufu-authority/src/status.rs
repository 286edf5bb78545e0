//! `request_status`: an entry operator asks that certificates be suspended, resumed or revoked, and signs it. What may be
//! asked of which certificate stands in [`hufu_model::lifecycle`].
//!
//! Two people: another one approves it ([`Authority::approve`]) before it is applied ([`Authority::apply`]). One person
//! only for a suspension in an emergency. A frozen organisation asks for nothing, but those above it go on for it.

use std::collections::HashSet;

use hufu_model::certificate::CertificateRow;
use hufu_model::ident::{Digest, RequestId, Serial};
use hufu_model::lifecycle::{State, allowed};
use hufu_model::operator::Operator;
use hufu_model::org::OrgTree;
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{CertificateFilter, Reader, RequestBody, RequestRow};
use hufu_x509::digest::sm3;
use hufu_x509::record::{Manifest, ManifestKind, StatusRecord};

use crate::authority::{Authority, Session};
use crate::error::{ErrorKind, Result};
use crate::policy::{self, Gravity};
use crate::submit::{self, REQUEST_DAYS, Submitted, not_too_many};
use crate::{document, succession};

/// Certificates read at a time.
const PAGE: u32 = 1000;

/// The request to change the status of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRequest {
    /// Its id, unique in the home: sending the same request twice does nothing the second time.
    pub id: RequestId,
    /// Suspend, resume or revoke.
    pub action: Action,
    /// The certificate; of a pair, which changes as one, either half.
    pub serial: Serial,
    /// Why. A suspension says `certificateHold`, its end `removeFromCRL`, a revocation one of
    /// [`RevocationReason::SUBSCRIBER`].
    pub reason: RevocationReason,
    /// Whether a suspension takes effect without a second person.
    pub emergency: bool,
    /// From when on the certificate should not have been relied upon, where that is known and earlier than now. Only for a
    /// revocation.
    pub invalid_since: Option<Instant>,
    /// What the holder or the office says about it.
    pub note: String,
}

impl StatusRequest {
    /// Asks for a suspension (挂起); by two people.
    #[must_use]
    pub fn suspend(id: RequestId, serial: Serial) -> Self {
        Self::new(id, Action::Suspend, serial, RevocationReason::CertificateHold)
    }

    /// Asks for the end of a suspension (解除挂起).
    #[must_use]
    pub fn resume(id: RequestId, serial: Serial) -> Self {
        Self::new(id, Action::Resume, serial, RevocationReason::RemoveFromCrl)
    }

    /// Asks for a revocation (撤销), which is final.
    #[must_use]
    pub fn revoke(id: RequestId, serial: Serial, reason: RevocationReason) -> Self {
        Self::new(id, Action::Revoke, serial, reason)
    }

    fn new(id: RequestId, action: Action, serial: Serial, reason: RevocationReason) -> Self {
        Self { id, action, serial, reason, emergency: false, invalid_since: None, note: String::new() }
    }

    /// The reason is one for the action, and what else is said belongs to it.
    fn well_formed(&self) -> Result<()> {
        let fits = match self.action {
            Action::Suspend => self.reason == RevocationReason::CertificateHold,
            Action::Resume => self.reason == RevocationReason::RemoveFromCrl,
            Action::Revoke => RevocationReason::SUBSCRIBER.contains(&self.reason),
            _ => {
                return Err(ErrorKind::OtherVerb { request: self.id.clone(), action: self.action }.into());
            }
        };
        let emergency = !self.emergency || self.action == Action::Suspend;
        if !fits || !emergency {
            return Err(ErrorKind::ReasonUnfit { action: self.action, reason: self.reason }.into());
        }
        match self.invalid_since {
            Some(at) if self.action != Action::Revoke => Err(ErrorKind::InvalidSince(at).into()),
            _ => Ok(()),
        }
    }
}

impl Authority {
    /// Asks for changes of status: checks each, builds its record, signs the list of records, and stores all in one
    /// transaction with one event. A result for each; those that are refused change nothing and do not hinder the others.
    ///
    /// More than 100 at once are an administrator's to ask for and to approve.
    ///
    /// # Errors
    /// An error of the whole batch: more than 100,000 requests, operator, frozen organisation, database. For one request:
    /// [`ErrorKind::CertificateState`], [`ErrorKind::ProfileAction`], [`ErrorKind::ReasonUnfit`],
    /// [`ErrorKind::InvalidSince`], role and jurisdiction errors.
    pub fn request_status(&self, session: &Session, requests: &[StatusRequest]) -> Result<Vec<Result<Submitted>>> {
        const ACT: &str = "request-status";
        not_too_many(requests.len())?;
        let now = self.now();
        let (by, made) = self.read_as(session, ACT, |r| {
            let by = policy::acting(r, session, now)?;
            let asking = Asking {
                r,
                tree: &r.org_tree()?,
                by: &by,
                count: requests.len(),
                now,
                profiles: policy::Profiles::default(),
            };
            let made: Vec<Result<Made>> =
                requests.iter().map(|q| self.made(&asking, q).map_err(|e| e.about(q.id.to_string()))).collect();
            Ok((by, made))
        })?;
        let manifest = Manifest {
            kind: ManifestKind::Status,
            org: by.org,
            operator: by.id,
            at: now.unix_seconds(),
            nonce: self.entropy.array()?,
            records: made.iter().flatten().map(|(row, _)| row.record_digest).collect(),
        };
        let der = manifest.to_der();
        let document = document::row("manifest", &der, session, now, self.sign_as(session, &der)?);
        let results = self.write(session, ACT, |w| {
            let (mut results, mut fresh) = (Vec::with_capacity(made.len()), Vec::new());
            {
                let r = w.reader();
                let by = policy::acting(&r, session, w.now())?;
                let tree = r.org_tree()?;
                policy::not_frozen(&tree, &by.org)?;
                let mut asking = Asking {
                    r: &r,
                    tree: &tree,
                    by: &by,
                    count: requests.len(),
                    now: w.now(),
                    profiles: policy::Profiles::default(),
                };
                let (mut ids, mut position) = (HashSet::new(), 0);
                for (made, request) in made.into_iter().zip(requests) {
                    let (mut row, body) = match made {
                        Ok(made) => made,
                        Err(e) => {
                            results.push(Err(e));
                            continue;
                        }
                    };
                    (row.manifest, row.position, row.submitted_at) =
                        (document.digest, position, w.now().unix_seconds());
                    position += 1;
                    match asking.admit(request, &mut ids) {
                        Ok(Some(before)) => results.push(Ok(before)),
                        Ok(None) => {
                            let (id, subject, status) = (row.id.clone(), row.subject.clone(), row.status);
                            results.push(Ok(Submitted { id, subject, status }));
                            fresh.push((row, body));
                        }
                        Err(e) => results.push(Err(e.about(request.id.to_string()))),
                    }
                }
            }
            submit::enter(w, session, &document, &fresh)?;
            Ok(results)
        })?;
        hufu_store::fault!("f1");
        self.record_denials(session, ACT, results.iter().filter_map(|r| r.as_ref().err()))?;
        Ok(results)
    }

    /// The certificates of a filter to which `action` can be done now, oldest first: what a change of many would touch.
    /// Pairs stand there by their signing halves.
    /// The filter's `limit` and `after` hold as in [`Authority::certificates`], before the states are looked at.
    ///
    /// # Errors
    /// Database errors.
    pub fn concerned(&self, action: Action, filter: &CertificateFilter) -> Result<Vec<CertificateRow>> {
        let now = self.now();
        let mut left = if filter.limit == 0 { u32::MAX } else { filter.limit };
        let mut page = CertificateFilter { pairs: true, limit: PAGE.min(left), ..filter.clone() };
        let mut found = Vec::new();
        self.read(|r| {
            while page.limit > 0 {
                let rows = r.certificates(&page)?;
                let Some(last) = rows.last() else { break };
                page.after = Some(last.serial.clone());
                left -= u32::try_from(rows.len()).unwrap_or(left).min(left);
                page.limit = PAGE.min(left);
                found.extend(rows.into_iter().filter(|row| allowed(action, State::of(row, now))));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The row and body of a request, checked but for what is asked once more inside the transaction.
    fn made(&self, asking: &Asking<'_>, request: &StatusRequest) -> Result<Made> {
        request.well_formed()?;
        let certificate = asking.known(request)?;
        let r = asking.r;
        let (spki, profile_digest) = match certificate.request.as_ref().map(|id| r.request(id)).transpose()?.flatten() {
            Some(row) => (row.spki, row.profile_digest),
            None => {
                let profile = r.profile_current(&certificate.profile)?;
                let profile = profile.ok_or_else(|| ErrorKind::UnknownProfile(certificate.profile.to_string()))?;
                (succession::spki(r, &certificate)?, profile.digest)
            }
        };
        let record = StatusRecord {
            request: request.id.clone(),
            ca: self.identity.ca,
            org: certificate.org.clone(),
            action: request.action,
            serial: certificate.serial.clone(),
            reason: request.reason,
            emergency: request.emergency,
            invalid_since: request.invalid_since.map(Instant::unix_seconds),
            note: request.note.clone(),
            nonce: self.entropy.array()?,
            expires: asking.now.plus_seconds(REQUEST_DAYS * 86_400).unix_seconds(),
        };
        let body = RequestBody { record: record.to_der(), csr: Vec::new(), sealed: Vec::new() };
        // What is said about the holder is what the certificate's row says: requests are counted and searched by it.
        let row = RequestRow {
            id: record.request,
            org: record.org,
            submitter: asking.by.id.clone(),
            action: record.action,
            reason: certificate.reason,
            holder_kind: certificate.holder_kind,
            holder: certificate.holder,
            profile: certificate.profile,
            profile_digest,
            days: days(&certificate.validity),
            medium: certificate.medium,
            subject: certificate.subject,
            predecessor: Some(record.serial),
            spki,
            csr_digest: sm3(&[]),
            record_digest: sm3(&body.record),
            manifest: Digest([0; 32]),
            position: 0,
            status: RequestStatus::Submitted,
            approval: None,
            approver: None,
            serial: None,
            note: None,
            submitted_at: asking.now.unix_seconds(),
            decided_at: None,
            expires: record.expires,
        };
        Ok((row, body))
    }
}

type Made = (RequestRow, RequestBody);

/// The length of a validity in days, the last one begun counting whole.
fn days(validity: &hufu_model::time::Validity) -> u32 {
    let seconds = validity.not_after() - validity.not_before();
    u32::try_from(seconds / 86_400 + 1).unwrap_or(u32::MAX)
}

/// Who asks, how much, and in which state of things.
struct Asking<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    by: &'a Operator,
    count: usize,
    now: Instant,
    profiles: policy::Profiles,
}

impl Asking<'_> {
    /// The certificate, when the operator may ask this about it; its state is not looked at.
    fn known(&self, request: &StatusRequest) -> Result<CertificateRow> {
        // Either half names the pair; the signing half stands for it.
        let serial = self.r.signing_half(&request.serial)?;
        let found = self.r.certificate(serial.as_ref().unwrap_or(&request.serial))?;
        let found = found.ok_or_else(|| ErrorKind::UnknownCertificate(request.serial.clone()))?;
        let gravity = Gravity::of(self.r, &found, self.count)?;
        policy::holds(self.by, gravity.enters(request.emergency))?;
        policy::within(self.tree, self.by, &found.org)?;
        Ok(found)
    }

    /// Nothing when the request is new and may be entered; where it stands when it was entered before.
    fn admit(&mut self, request: &StatusRequest, ids: &mut HashSet<RequestId>) -> Result<Option<Submitted>> {
        let certificate = self.known(request)?;
        if let Some(before) = self.r.request(&request.id)? {
            let body = self.r.request_body(&request.id)?;
            let same = body.is_some_and(|b| {
                StatusRecord::from_der(&b.record).is_ok_and(|b| same(&b, request, &certificate.serial))
            });
            if !same {
                return Err(ErrorKind::RequestReused(request.id.clone()).into());
            }
            return Ok(Some(Submitted { id: before.id, subject: before.subject, status: before.status }));
        }
        policy::may_be_done(self.r, &mut self.profiles, &certificate, request.action, self.now)?;
        if let Some(since) = request.invalid_since
            && (since > self.now || since.unix_seconds() < certificate.issued_at)
        {
            return Err(ErrorKind::InvalidSince(since).into());
        }
        if !ids.insert(request.id.clone()) {
            return Err(ErrorKind::RequestReused(request.id.clone()).into());
        }
        Ok(None)
    }
}

/// Whether `again` asks of the certificate `serial` what `before` asked for.
fn same(before: &StatusRecord, again: &StatusRequest, serial: &Serial) -> bool {
    before.action == again.action
        && before.serial == *serial
        && before.reason == again.reason
        && before.emergency == again.emergency
        && before.invalid_since == again.invalid_since.map(Instant::unix_seconds)
        && before.note == again.note
}
