//! I7: the status of every certificate is what its changes led to, and each change is one that was asked for.

use std::collections::HashMap;

use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::Serial;
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_store::{CertificateFilter, Reader, RequestRow, StatusChange, StatusFilter, pages};
use hufu_x509::record::{RequestRecord, StatusRecord};

use super::{AuditReport, PAGE, Progress};
use crate::error::Result;

/// Follows every change in the order in which it was recorded, then compares with the certificates.
pub(super) fn audit(r: &Reader<'_>, progress: &dyn Fn(Progress), report: &mut AuditReport) -> Result<()> {
    let mut became: HashMap<Serial, CertificateStatus> = HashMap::new();
    let (mut after, mut done) = (None, 0);
    loop {
        let page = r.status_changes(&StatusFilter { after, limit: PAGE, ..StatusFilter::default() })?;
        let Some(last) = page.last() else { break };
        after = Some((last.event, last.serial.clone()));
        for change in &page {
            done += 1;
            let serial = change.serial.to_string();
            let was = became.insert(change.serial.clone(), change.status).unwrap_or(CertificateStatus::Active);
            if was != change.was || !was.may_become(change.status) {
                report.find("I7", &serial, format!("it became {} from {was}", change.status));
            }
            if !asked_for(r, change)? {
                report.find("I7", serial, format!("no request asked that it become {}", change.status));
            }
        }
        progress(Progress { what: "changes", done, of: 0 });
    }
    for page in pages(
        |after| r.certificates(&CertificateFilter { after, limit: PAGE, ..CertificateFilter::default() }),
        |row| row.serial.clone(),
    ) {
        let page = page?;
        for row in &page {
            let led_to = became.remove(&row.serial).unwrap_or(CertificateStatus::Active);
            if row.status != led_to {
                let message = format!("it is {} and its changes led to {led_to}", row.status);
                report.find("I7", row.serial.to_string(), message);
            }
        }
    }
    Ok(())
}

/// Whether the request of a change asked for exactly this, or for a certificate that revokes this one.
fn asked_for(r: &Reader<'_>, change: &StatusChange) -> Result<bool> {
    let Some(request) = &change.request else { return Ok(false) };
    let (Some(row), Some(body)) = (r.request(request)?, r.request_body(request)?) else { return Ok(false) };
    let Some(named) = &row.predecessor else { return Ok(false) };
    // What is asked of a pair is done to both halves.
    if *named != change.serial && r.encryption_half(named)?.as_ref() != Some(&change.serial) {
        return Ok(false);
    }
    if row.action.makes_certificate() {
        let revokes = RequestRecord::from_der(&body.record).ok().and_then(|record| record.revokes);
        return Ok(row.status == RequestStatus::Issued
            && change.status == CertificateStatus::Revoked
            && revokes == Some(change.reason));
    }
    let Ok(record) = StatusRecord::from_der(&body.record) else { return Ok(false) };
    Ok(row.status == RequestStatus::Applied
        && record.action.status() == Some(change.status)
        && record.reason == change.reason
        && record.invalid_since == change.invalid_since)
}

/// Whether a request is a suspension that took effect as an emergency: one person's act.
pub(super) fn emergency(r: &Reader<'_>, row: &RequestRow) -> Result<bool> {
    if row.status != RequestStatus::Applied || row.action != Action::Suspend {
        return Ok(false);
    }
    let body = r.request_body(&row.id)?;
    let record = body.and_then(|body| StatusRecord::from_der(&body.record).ok());
    Ok(record.is_some_and(|record| record.emergency && record.reason == RevocationReason::CertificateHold))
}
