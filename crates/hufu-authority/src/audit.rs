//! `audit`: verifies the ledger, and at depth every signature and every invariant of the home.

use std::collections::BTreeMap;

use hufu_issuer::audit_lint;
use hufu_model::ident::Digest;
use hufu_model::profile::Profile;
use hufu_model::request::RequestStatus;
use hufu_store::{CertificateFilter, Reader, RequestFilter, RequestRow, pages};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;
use hufu_x509::record::{Approval as ApprovalRecord, Manifest, RequestRecord};

use crate::approve::{check_record, check_status_record, covers};
use crate::authority::Authority;
use crate::error::Result;
use crate::sealed::Personal;
use crate::{change, document, retention};

mod acts;
mod crl;
mod pairs;
mod responder;
mod status;

/// Rows read at a time: memory stays flat however large the home is.
const PAGE: u32 = 1000;

/// How far the beginning of a certificate may lie from the ledger time of its intent, in seconds: what two clocks differ.
const TOLERANCE: u64 = 5;

/// How much is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Hashes, rows, sequence, roll-ups, checkpoints with their signatures, and the anchor.
    Ledger,
    /// Also every operator's and every certificate's signature, and the invariants I1 to I12.
    Deep,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being verified: `events`, `rows`, `documents`, `certificates`, `pairs`, `requests`, `changes` or `lists`; of
    /// a backup also `pages` and `octets`.
    pub what: &'static str,
    /// How many are done.
    pub done: u64,
    /// How many there are, where known.
    pub of: u64,
}

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable code: `altered`, `removed`, `inserted`, `reordered`, `checkpoint`, `anchor`, `signature`, or the name of
    /// an invariant, `I1` to `I12`.
    pub rule: String,
    /// What it is about: a table and key, an event, a serial number, a request.
    pub object: String,
    /// What is wrong.
    pub message: String,
}

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Events verified.
    pub events: u64,
    /// The root of the tree over them.
    pub root: [u8; 32],
    /// Checkpoints verified.
    pub checkpoints: u64,
    /// Signed documents verified; 0 at [`Depth::Ledger`].
    pub documents: u64,
    /// Certificates verified; 0 at [`Depth::Ledger`].
    pub certificates: u64,
    /// Requests verified; 0 at [`Depth::Ledger`].
    pub requests: u64,
    /// What does not hold. Empty is good.
    pub findings: Vec<Finding>,
}

impl AuditReport {
    fn find(&mut self, rule: &str, object: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding { rule: rule.to_owned(), object: object.into(), message: message.into() });
    }
}

impl Authority {
    /// Verifies the home and names everything that does not hold. One snapshot: a writer may go on beside it.
    ///
    /// # Errors
    /// Only what prevents looking at all: database and anchor files that cannot be read.
    pub fn audit(&self, depth: Depth, progress: &dyn Fn(Progress)) -> Result<AuditReport> {
        let mut report = AuditReport::default();
        self.read(|r| {
            self.audit_ledger(r, progress, &mut report)?;
            if depth == Depth::Deep {
                self.audit_documents(r, progress, &mut report)?;
                let profiles = self.profiles_by_digest(r)?;
                acts::audit(r, &self.identity, &profiles, progress, &mut report)?;
                self.audit_certificates(r, &profiles, progress, &mut report)?;
                self.audit_requests(r, progress, &mut report)?;
                status::audit(r, progress, &mut report)?;
                pairs::audit(r, &self.home, progress, &mut report)?;
                crl::audit(r, &self.identity, progress, &mut report)?;
                responder::audit(r, &self.identity, &mut report)?;
            }
            Ok(())
        })?;
        Ok(report)
    }

    /// I5, I6: the ledger by itself, its checkpoints and its anchor.
    fn audit_ledger(&self, r: &Reader<'_>, progress: &dyn Fn(Progress), report: &mut AuditReport) -> Result<()> {
        let ledger = hufu_store::verify::verify(r, &|what, done, of| progress(Progress { what, done, of }))?;
        report.events = ledger.events;
        report.root = ledger.root;
        for f in ledger.findings {
            report.find(f.what.code(), f.place(), f.message);
        }
        let mut stored = BTreeMap::new();
        for checkpoint in r.checkpoints_after(0)? {
            report.checkpoints += 1;
            let object = format!("checkpoint {}", checkpoint.size);
            match self.verified(&checkpoint.signed) {
                Ok(signed) if signed.checkpoint.size != checkpoint.size => {
                    report.find("checkpoint", object, "its text is for another size");
                }
                Ok(signed) => {
                    if ledger.roots.get(&checkpoint.size) != Some(&signed.checkpoint.root) {
                        report.find(
                            "checkpoint",
                            object,
                            "the ledger's root at this size is not the one that was signed",
                        );
                    }
                    stored.insert(checkpoint.size, signed);
                }
                Err(e) => report.find("checkpoint", object, format!("its signature does not hold: {e}")),
            }
        }
        match self.anchor() {
            Err(e) => report.find("anchor", "anchor", format!("it cannot be used: {e}")),
            Ok(anchor) if anchor.is_empty() && report.checkpoints > 1 => {
                report.find("anchor", "anchor", "it is missing, though checkpoints were anchored");
            }
            Ok(anchor) => {
                for seen in anchor {
                    let size = seen.checkpoint.size;
                    if stored.get(&size) != Some(&seen) {
                        let message = "the anchor has seen a checkpoint that is not in the ledger";
                        report.find("anchor", format!("checkpoint {size}"), message);
                    }
                }
            }
        }
        Ok(())
    }

    /// Every signed document: its signature, by a certificate of the operator on record, valid when it was made.
    fn audit_documents(&self, r: &Reader<'_>, progress: &dyn Fn(Progress), report: &mut AuditReport) -> Result<()> {
        let digests = r.document_digests()?;
        let of = digests.len() as u64;
        for digest in digests {
            report.documents += 1;
            if let Err(e) = document::check(r, &self.identity, &digest) {
                report.find("signature", format!("document {digest}"), e.to_string());
            }
            progress(Progress { what: "documents", done: report.documents, of });
        }
        Ok(())
    }

    /// I1, I2, I3, I9, I11: every certificate.
    fn audit_certificates(
        &self,
        r: &Reader<'_>,
        profiles: &BTreeMap<Digest, Profile>,
        progress: &dyn Fn(Progress),
        report: &mut AuditReport,
    ) -> Result<()> {
        let cas = self.identity.cas(r)?;
        let mut issuers: BTreeMap<u8, (&Certificate, PublicKey)> = BTreeMap::new();
        for ca in &cas {
            issuers.insert(ca.instance, (&ca.certificate, ca.certificate.public_key()?));
        }
        let of = r.certificate_count()?;
        for page in pages(
            |after| r.certificates(&CertificateFilter { after, limit: PAGE, ..CertificateFilter::default() }),
            |row| row.serial.clone(),
        ) {
            let page = page?;
            for row in &page {
                report.certificates += 1;
                let serial = row.serial.to_string();
                let Some(der) = r.certificate_der(&row.serial)? else {
                    report.find("I1", serial, "its bytes are missing");
                    continue;
                };
                let issuer = row.serial.as_bytes().first().and_then(|instance| issuers.get(instance));
                match (Certificate::from_der(&der), issuer) {
                    (Err(e), _) => report.find("I1", serial, format!("its bytes cannot be read: {e}")),
                    (_, None) => report.find("signature", serial, "no issuing CA gives such a serial number"),
                    (Ok(certificate), Some(issuer)) => {
                        audit_certificate(r, row, &certificate, issuer, profiles, report)?;
                    }
                }
            }
            progress(Progress { what: "certificates", done: report.certificates, of });
        }
        Ok(())
    }

    /// I2, I6, I10, I12: every request, its approval and its sealed fields.
    fn audit_requests(&self, r: &Reader<'_>, progress: &dyn Fn(Progress), report: &mut AuditReport) -> Result<()> {
        let mut manifests: BTreeMap<Digest, Option<Manifest>> = BTreeMap::new();
        let mut approvals: BTreeMap<Digest, Option<ApprovalRecord>> = BTreeMap::new();
        let of = r.request_count()?;
        let erased = retention::erased(r)?;
        for page in pages(
            |after| r.requests(&RequestFilter { after, limit: PAGE, ..RequestFilter::default() }),
            |row| row.id.clone(),
        ) {
            let page = page?;
            for row in &page {
                report.requests += 1;
                let manifest = manifests
                    .entry(row.manifest)
                    .or_insert_with(|| document::signed(r, &self.identity, &row.manifest).ok());
                self.audit_entry(r, row, manifest.as_ref(), erased.contains(&row.id), report)?;
                let decided = !matches!(row.status, RequestStatus::Submitted);
                let Some(digest) = row.approval.filter(|_| decided) else {
                    if decided && !status::emergency(r, row)? {
                        report.find("I10", row.id.to_string(), format!("it is {} without a decision", row.status));
                    }
                    continue;
                };
                let approval =
                    approvals.entry(digest).or_insert_with(|| document::signed(r, &self.identity, &digest).ok());
                if !approval.as_ref().is_some_and(|a| covers(a, row)) {
                    report.find("I10", row.id.to_string(), "no decision by another person covers it");
                }
                if row.status == RequestStatus::Applied {
                    let serial = row.serial.as_ref();
                    if serial.map(|s| r.status_change_of(s, &row.id)).transpose()?.flatten().is_none() {
                        report.find("I6", row.id.to_string(), "it is applied and its change is not on record");
                    }
                }
                if row.status == RequestStatus::Issued {
                    let certificate = row.serial.as_ref().map(|s| r.certificate(s)).transpose()?.flatten();
                    if certificate.and_then(|c| c.request).as_ref() != Some(&row.id) {
                        report.find("I2", row.id.to_string(), "it is issued and its certificate is not on record");
                    }
                }
            }
            progress(Progress { what: "requests", done: report.requests, of });
        }
        Ok(())
    }

    /// The record is the one its entry operator signed; the sealed fields are those it names.
    fn audit_entry(
        &self,
        r: &Reader<'_>,
        row: &RequestRow,
        manifest: Option<&Manifest>,
        erased: bool,
        report: &mut AuditReport,
    ) -> Result<()> {
        let id = row.id.to_string();
        let Some(body) = r.request_body(&row.id)? else {
            report.find("I6", id, "its record is missing");
            return Ok(());
        };
        let Some(manifest) = manifest else {
            report.find("signature", id, "the list it was entered with does not verify");
            return Ok(());
        };
        if !row.action.makes_certificate() {
            if let Err(e) = check_status_record(manifest, row, &body.record) {
                report.find("I6", id, e.to_string());
            }
            return Ok(());
        }
        let record: RequestRecord = match check_record(manifest, row, &body.record, &body.csr) {
            Ok(record) => record,
            Err(e) => {
                report.find("I6", id, e.to_string());
                return Ok(());
            }
        };
        if body.sealed.is_empty() != erased {
            let message = if erased {
                "its personal fields were deleted and are there"
            } else {
                "its personal fields are gone, and nobody had them deleted"
            };
            report.find("I12", id, message);
            return Ok(());
        }
        if let Some(serial) = row.serial.as_ref().filter(|_| row.status == RequestStatus::Issued)
            && r.certificate_medium(serial)? != record.medium_id
        {
            report.find("I6", &id, "its certificate is recorded on another medium than was asked for");
        }
        if let (RequestStatus::Issued, Some(serial)) = (row.status, &row.serial)
            && record.pair != r.encryption_half(serial)?.is_some()
        {
            let asked = if record.pair { "a pair" } else { "a single certificate" };
            report.find("I4", &id, format!("it asked for {asked} and got the other"));
        }
        let Some(seal) = self.seal.as_ref().filter(|_| !erased) else { return Ok(()) };
        let opened = seal.open(row.id.as_str().as_bytes(), &body.sealed);
        let personal = opened.map_err(crate::Error::from).and_then(|bytes| Personal::from_bytes(&bytes));
        match personal {
            Err(e) => report.find("I12", id, format!("its sealed fields cannot be opened: {e}")),
            Ok(personal) if personal.digests() != record.personal => {
                report.find("I12", id, "its sealed fields are not those of the signed record");
            }
            Ok(personal) if personal.leak_into(&[&body.record, row.subject.as_bytes()]).is_some() => {
                report.find("I12", id, "a personal field stands in clear in its record or subject");
            }
            Ok(_) => {}
        }
        Ok(())
    }

    fn profiles_by_digest(&self, r: &Reader<'_>) -> Result<BTreeMap<Digest, Profile>> {
        r.profiles()?.into_iter().map(|row| Ok((row.digest, change::profile(&row.source)?))).collect()
    }
}

/// One certificate and its issuer.
fn audit_certificate(
    r: &Reader<'_>,
    row: &hufu_model::certificate::CertificateRow,
    certificate: &Certificate,
    (issuing, issuer): &(&Certificate, PublicKey),
    profiles: &BTreeMap<Digest, Profile>,
    report: &mut AuditReport,
) -> Result<()> {
    let serial = row.serial.to_string();
    if *certificate.serial() != row.serial
        || certificate.validity() != row.validity
        || certificate.subject_text() != row.subject
    {
        report.find("I1", &serial, "its row says otherwise than its bytes");
    }
    if let Err(e) = certificate.verify_signed_by(issuer) {
        report.find("signature", &serial, format!("it is not signed by the issuing CA: {e}"));
    }
    let Some(request) = &row.request else {
        // A certificate of the founding ceremony has no request and no intent. That was the first event.
        if r.certificate_event(&row.serial)? != Some(0) {
            report.find("I3", serial, "it belongs to no request and is not of the founding");
        }
        return Ok(());
    };
    let Some(intent) = r.intent(request)? else {
        report.find("I3", serial, "no intent was committed for it");
        return Ok(());
    };
    // Beside the certificate that its intent names, a request may have an encryption half.
    let half = match intent.serial == row.serial {
        true => None,
        false => r.pair_intent(request)?.filter(|half| half.serial == row.serial),
    };
    let committed = match &half {
        Some(half) => half.tbs_digest,
        None => intent.tbs_digest,
    };
    if (half.is_none() && intent.serial != row.serial) || committed != sm3(certificate.tbs_der()) {
        report.find("I3", &serial, "it is not what its intent committed to");
    }
    if half.is_some() && r.signing_half(&row.serial)?.is_none() {
        report.find("I4", &serial, "it is the half of a pair that is not on record");
    }
    let begins = row.validity.not_before();
    if begins != row.issued_at || begins.abs_diff(intent.at) > TOLERANCE {
        report.find("I9", &serial, "it does not begin at the ledger time of its intent");
    }
    let profile = match &half {
        Some(half) => profiles.get(&half.profile_digest),
        None => r.request(request)?.and_then(|q| profiles.get(&q.profile_digest)),
    };
    let Some(profile) = profile else {
        report.find("I11", serial, "the text of its profile is not on record");
        return Ok(());
    };
    let errors = audit_lint(certificate, profile, issuing.subject_der(), issuer)?;
    if !errors.is_empty() {
        report.find("I11", serial, errors.join("; "));
    }
    Ok(())
}
