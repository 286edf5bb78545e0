//! The certificates of OCSP responders: each signed by the issuing CA, and what was recorded before it was.

use std::collections::{BTreeMap, BTreeSet};

use hufu_ledger::event::Event;
use hufu_model::event::EventKind;
use hufu_store::{EventFilter, EventRow, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;

use super::AuditReport;
use crate::authority::Identity;
use crate::document::fault;
use crate::error::{Error, Result};

/// I3 for each of them: one event for every certificate, one intent for every event.
pub(super) fn audit(r: &Reader<'_>, identity: &Identity, report: &mut AuditReport) -> Result<()> {
    let (mut stored, mut intents) = (BTreeMap::new(), BTreeSet::new());
    for own in r.authority_certificates()?.into_iter().filter(|c| c.role.starts_with("ocsp-")) {
        match Certificate::from_der(&own.der) {
            Ok(certificate) => drop(stored.insert(certificate.serial().to_string(), certificate)),
            Err(e) => report.find("I1", format!("certificate {}", own.role), format!("its bytes cannot be read: {e}")),
        }
    }
    for done in r.events(&EventFilter { kind: Some(EventKind::Responder), ..EventFilter::default() })? {
        let certificate = stored.remove(&done.object);
        let found = certificate.ok_or_else(missing).and_then(|c| recorded(r, identity, &done, &c));
        match found {
            Ok(intent) if intents.insert(intent) => {}
            Ok(_) => report.find("I3", format!("event {}", done.seq), "its intent was another certificate's"),
            Err(e) => report.find("I3", format!("event {}", done.seq), e.to_string()),
        }
    }
    for serial in stored.into_keys() {
        report.find("I3", serial, "no event put this certificate of a responder there");
    }
    Ok(())
}

fn missing() -> Error {
    fault("responder certificate", "no intent was committed for it")
}

/// The certificate is signed by the issuing CA and is what its intent said it would be; gives the intent's event.
fn recorded(r: &Reader<'_>, identity: &Identity, done: &EventRow, certificate: &Certificate) -> Result<u64> {
    // Its serial number begins with the instance of the CA that signed it.
    certificate.verify_signed_by(&identity.issuer_of(r, certificate.serial())?.public_key()?)?;
    let intent = field(done, "intent").and_then(|seq| seq.parse().ok()).ok_or_else(missing)?;
    let intent = r.event(intent)?.filter(|e| e.kind == EventKind::ResponderIntent).ok_or_else(missing)?;
    if intent.seq >= done.seq || field(&intent, "tbs") != Some(sm3(certificate.tbs_der()).to_string()) {
        return Err(fault("responder certificate", "it is not what its intent committed to"));
    }
    Ok(intent.seq)
}

fn field(row: &EventRow, name: &str) -> Option<String> {
    Event::decode(&row.leaf).ok()?.field(name).map(str::to_owned)
}
