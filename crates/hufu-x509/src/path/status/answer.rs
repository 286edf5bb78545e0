//! What an OCSP answer says about a certificate, and why it does not count.

use hufu_model::time::Instant;

use super::{Case, Claim, GivenAnswer, State, seconds, signature};
use crate::certificate::Certificate;
use crate::crl::Reason;
use crate::error::Error;
use crate::ocsp::{Issuer, Response, Single, Status, may_answer};
use crate::path::{Finding, Rule, explain};

/// How long an answer counts that does not say when there is a newer one, in seconds: a day.
const AGE: i64 = 86_400;

/// Weighs one answer. `chain` is the chain of the certificate; `target` is whether the certificate is its target, where
/// an answer about no certificate of the chain is reported.
pub(super) fn weigh(case: &mut Case<'_>, given: &GivenAnswer<'_>, chain: &[Certificate], target: bool) {
    let response = given.response;
    let Some(single) = find(response, case.certificate, case.issuer) else {
        let about_another = chain.windows(2).any(|pair| match pair {
            [certificate, issuer] => find(response, certificate, issuer).is_some(),
            _ => false,
        });
        if target && !about_another {
            case.findings.push(other(response, case));
        }
        return;
    };
    let faults = match signer(response, case.issuer, case.at) {
        Some(finding) => vec![finding],
        None => faults(given, single, case.at),
    };
    let state = match single.status {
        Status::Good => State::Good,
        Status::Unknown => State::Unknown,
        Status::Revoked { at, reason: Some(Reason::CertificateHold) } => State::Held { since: at },
        Status::Revoked { at, reason } => State::Revoked { since: at, reason },
    };
    // Whoever may answer and signed that it is revoked is believed, however long ago; nothing takes it back.
    let only_time = faults.iter().all(|f| matches!(f.rule, Rule::StatusExpired | Rule::OcspNonce));
    let revoked = matches!(state, State::Revoked { since, .. } if since <= case.at.unix_seconds());
    if faults.is_empty() || (only_time && revoked) {
        case.claims.push(Claim { state, this_update: single.this_update, source: title(response) });
    }
    case.findings.extend(faults);
}

fn find<'a>(response: &'a Response, certificate: &Certificate, issuer: &Certificate) -> Option<&'a Single> {
    let issuer = Issuer::of(issuer).ok()?;
    let about =
        |single: &&Single| issuer.is_meant_by(&single.id) && single.id.serial().as_ref() == Some(certificate.serial());
    response.singles().iter().find(about)
}

/// An answer in one line, safe for terminals.
pub(in crate::path) fn title(response: &Response) -> String {
    format!("the OCSP answer of {}", seconds(response.produced_at()))
}

/// The answer is about no certificate of the chain: why not.
fn other(response: &Response, case: &Case<'_>) -> Finding {
    let asked = case.certificate.serial();
    let same = response.singles().iter().find(|single| single.id.serial().as_ref() == Some(asked));
    let message = match (same, response.singles().first()) {
        (Some(single), _) if single.id.hash().is_none() => {
            "it names the issuer with a digest that is none of SHA-1, SHA-256 and SM3".to_owned()
        }
        (Some(_), _) => {
            let issuer = case.issuer.subject_text();
            format!("it is about the serial number {asked} of another issuer than {issuer:?}, or of another key of it")
        }
        (None, first) => {
            let about = first.and_then(|single| single.id.serial());
            let about = about.map_or_else(|| "none that is valid".to_owned(), |serial| serial.to_string());
            format!("it is about the serial number {about}, and {asked} is asked about")
        }
    };
    Finding::about(Rule::OcspOther, title(response), message)
}

/// Why one thing that is answered does not count, though somebody who may answer signed it.
pub(in crate::path) fn faults(given: &GivenAnswer<'_>, single: &Single, at: Instant) -> Vec<Finding> {
    let response = given.response;
    let about = |rule, message: String| Finding::about(rule, title(response), message);
    let mut faults = Vec::new();
    if let Some(what) = response.unsupported() {
        faults.push(about(Rule::CriticalExtension, format!("it has {what}, which this program does not know")));
    }
    let now = at.unix_seconds();
    let from = single.this_update.max(response.produced_at());
    if now < from {
        let message = format!("it speaks from {} on, and is judged at {}", seconds(from), seconds(now));
        faults.push(about(Rule::StatusNotYetValid, message));
    }
    let until = single.next_update.unwrap_or(single.this_update.saturating_add(AGE));
    if now > until {
        let why = if single.next_update.is_some() { "" } else { ", a day after its own time since it names no end" };
        let message = format!("it counts until {}{why}, and is judged at {}", seconds(until), seconds(now));
        faults.push(about(Rule::StatusExpired, message));
    }
    if let Some(nonce) = given.nonce
        && response.nonce() != Some(nonce)
    {
        let what = if response.nonce().is_some() { "repeats another nonce than" } else { "does not repeat" };
        faults.push(about(Rule::OcspNonce, format!("it {what} the nonce of the question")));
    }
    faults
}

/// Why the answer is not signed by somebody who may answer for the issuer. It checks signatures: once for an answer is
/// enough, however much is answered in it.
pub(in crate::path) fn signer(response: &Response, issuer: &Certificate, at: Instant) -> Option<Finding> {
    let about = |rule, message: String| Finding::about(rule, title(response), message);
    let Some(responder) = response.responder(issuer) else {
        let message = "the certificate of its signer did not come along, and it is not the issuer";
        return Some(about(Rule::OcspResponder, message.to_owned()));
    };
    let what = |e: &Error| e.context().unwrap_or(e.kind().what()).to_owned();
    if let Err(e) = may_answer(responder, issuer) {
        return Some(about(Rule::OcspResponder, what(&e)));
    }
    if !responder.validity().contains(at) {
        let (from, until) = (responder.validity().not_before(), responder.validity().not_after());
        let message = format!(
            "the certificate of its signer {} is valid from {} until {}",
            responder.subject_text(),
            seconds(from),
            seconds(until)
        );
        return Some(about(Rule::OcspResponder, message));
    }
    let Ok(key) = responder.public_key() else { return explain::key(responder) };
    let parts = response.parts();
    let finding = signature(&parts, &key, &title(response))?;
    Some(match finding.rule {
        Rule::Altered => {
            let message = format!("its signature does not fit the key of {}", responder.subject_text());
            about(Rule::Altered, message).at(Some(parts.signature_at))
        }
        _ => finding,
    })
}
