//! What takes effect in the transaction that stores a certificate.

use hufu_ledger::event::Event;
use hufu_model::certificate::CertificateStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::{OperatorId, RequestId, Serial};
use hufu_model::lifecycle::{State, allowed};
use hufu_model::operator::{Operator, OperatorStatus};
use hufu_model::request::{Action, Reason};
use hufu_model::revocation::RevocationReason;
use hufu_store::{EventFilter, EventRow, EventWriter, Intent, NewStatus, Reader, RequestRow};
use hufu_x509::record::RequestRecord;

use crate::{apply, import, media, policy};

/// What takes effect in the transaction that stores a certificate: the operator it makes, the end of its predecessor, the
/// imported certificates whose place it takes. An
/// operator who was changed meanwhile stays so: then it is a certificate that nobody can act with.
pub(super) fn effects(event: &mut EventWriter<'_, '_>, intent: &Intent) -> std::result::Result<(), hufu_store::Error> {
    let approval = intent.approval();
    // The record was read when the approval was checked.
    let Ok(record) = RequestRecord::from_der(approval.record()) else { return Ok(()) };
    if let Some(medium) = &record.medium_id {
        media::issue(event, medium, intent.serial(), approval.row().holder)?;
    }
    if record.reason == Reason::Migration {
        let row = approval.row();
        for legacy in import::migrated(&event.reader(), &row.holder, &row.org, event.now())? {
            event.put_legacy_link(&legacy, intent.serial())?;
        }
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
    let spki = match reason {
        RevocationReason::KeyCompromise => policy::spki_on_record(event.reader(), &predecessor)?,
        _ => None,
    };
    let status = CertificateStatus::Revoked;
    let (request, at) = (Some(request.clone()), now.unix_seconds());
    let new = NewStatus { serial, request, status, reason, at, invalid_since: None };
    apply::put_change(event, &new, spki.as_ref())?;
    Ok(())
}

/// Whether the operator `id` was changed, removed or renewed after the request of `row` was approved: an approval grants
/// only what its approver could know.
pub(super) fn changed_since(
    r: &Reader<'_>,
    row: &RequestRow,
    id: &OperatorId,
) -> std::result::Result<bool, hufu_store::Error> {
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
