//! What is checked of every certificate of a chain whose signatures fit.

use hufu_model::profile::KeyUsage;
use hufu_model::time::Instant;

use super::{Finding, Rule, explain};
use crate::certificate::{Certificate, KeyUsageBits};
use crate::error::Error;
use crate::oid::{self, Oid};

/// The extensions that are understood: checked here, or a condition of use that does not touch the chain.
/// nameConstraints, policyConstraints, policyMappings and inhibitAnyPolicy are not among them; GB/T 20518 Annex C does
/// not list them either.
const UNDERSTOOD: [Oid; 9] = [
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    oid::BASIC_CONSTRAINTS,
    oid::CERTIFICATE_POLICIES,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::EXTENDED_KEY_USAGE,
    oid::CRL_DISTRIBUTION_POINTS,
];

/// The findings of a whole chain, target first.
pub(super) fn chain(chain: &[&Certificate], at: Instant) -> Vec<Finding> {
    let mut findings = Vec::new();
    // How many CA certificates stand between the one looked at and the target: self-issued ones do not count
    // (RFC 5280 §6.1.4 l).
    let mut below = 0_u32;
    for (position, certificate) in chain.iter().enumerate() {
        one(certificate, at, &mut findings);
        if position > 0 {
            issuer(certificate, below, &mut findings);
            if certificate.subject_der() != certificate.issuer_der() {
                below += 1;
            }
        }
        if let Some(above) = chain.get(position + 1) {
            identifiers(certificate, above, &mut findings);
        }
    }
    findings
}

/// What every certificate has to keep, wherever it stands.
pub(super) fn one(certificate: &Certificate, at: Instant, findings: &mut Vec<Finding>) {
    if certificate.version() != 3 && certificate.extensions().next().is_some() {
        let message = format!("it has extensions, and is of version {}", certificate.version());
        findings.push(Finding::new(Rule::Version, certificate, message).at(Some(certificate.tbs_offset())));
    }
    findings.extend(explain::key(certificate));
    for extension in certificate.extensions().filter(|e| e.critical) {
        if !understood(extension.oid) {
            let message = format!("it has the critical extension {}", oid::dotted(extension.oid));
            findings.push(Finding::new(Rule::CriticalExtension, certificate, message));
        }
    }
    validity(certificate, at, findings);
}

fn understood(oid: &[u8]) -> bool {
    UNDERSTOOD.iter().any(|known| known.as_bytes() == oid)
}

fn validity(certificate: &Certificate, at: Instant, findings: &mut Vec<Finding>) {
    let validity = certificate.validity();
    let (first, last) = (validity.not_before(), validity.not_after());
    let now = at.unix_seconds();
    if now < first {
        let message = format!("it is valid from {} on, and is judged at {}", seconds(first), seconds(now));
        findings.push(Finding::new(Rule::NotYetValid, certificate, message));
    } else if now > last {
        let message = format!("it was valid until {}, and is judged at {}", seconds(last), seconds(now));
        findings.push(Finding::new(Rule::Expired, certificate, message));
    }
}

/// A time that was written in whole seconds.
pub(super) fn seconds(seconds: i64) -> String {
    Instant::from_unix_seconds(seconds).to_string().replace(".000Z", "Z")
}

/// The bits of a keyUsage that have names.
pub(super) fn usages(usage: KeyUsageBits) -> String {
    let codes: Vec<&str> = usage.usages().into_iter().map(KeyUsage::code).collect();
    codes.join(", ")
}

/// What an issuer has to keep: `below` CA certificates stand between it and the target.
fn issuer(certificate: &Certificate, below: u32, findings: &mut Vec<Finding>) {
    let constraints = match certificate.basic_constraints() {
        Ok(constraints) => constraints,
        Err(e) => return findings.push(unreadable(certificate, "basicConstraints", &e)),
    };
    // A name constraint that is not critical would bind all the same (RFC 5280 §4.2.1.10), and nobody checks it here.
    if let Some((false, _)) = certificate.extension(oid::NAME_CONSTRAINTS) {
        let message = "it limits the names below it (nameConstraints), which this program does not check";
        findings.push(Finding::new(Rule::CriticalExtension, certificate, message));
    }
    match constraints {
        Some(constraints) if constraints.ca => {
            if let Some(allowed) = constraints.path_len
                && below > allowed
            {
                let message = format!("it allows {allowed} CA certificates below it, and the chain has {below}");
                findings.push(Finding::new(Rule::PathLength, certificate, message));
            }
        }
        found => {
            let says = if found.is_some() { "says that it is not a CA" } else { "has no basicConstraints" };
            findings.push(Finding::new(Rule::NotCa, certificate, format!("it {says}, yet it issued a certificate")));
            // Whether it may sign is beside the point.
            return;
        }
    }
    match certificate.key_usage() {
        Ok(Some(usage)) if !usage.has(KeyUsage::KeyCertSign) => {
            let message = format!("its keyUsage does not have keyCertSign, only [{}]", usages(usage));
            findings.push(Finding::new(Rule::KeyUsage, certificate, message));
        }
        Ok(_) => {}
        Err(e) => findings.push(unreadable(certificate, "keyUsage", &e)),
    }
}

/// authorityKeyIdentifier equals the issuer's subjectKeyIdentifier (GB/T 20518 §5.2.4.2.2), when both are there.
fn identifiers(certificate: &Certificate, issuer: &Certificate, findings: &mut Vec<Finding>) {
    let names = match certificate.authority_key_id() {
        Ok(names) => names,
        Err(e) => return findings.push(unreadable(certificate, "authorityKeyIdentifier", &e)),
    };
    // The issuer's own extension is reported once, not for each certificate below it.
    let has = issuer.subject_key_id().unwrap_or_default();
    if let (Some(names), Some(has)) = (names, has)
        && names != has
    {
        let (names, has) = (hufu_model::ident::hex(names), hufu_model::ident::hex(has));
        let message = format!("it names the issuer's key {names}, and the key that signed it is called {has}");
        findings.push(Finding::new(Rule::KeyIdentifier, certificate, message));
    }
    if let Err(e) = issuer.subject_key_id() {
        findings.push(unreadable(issuer, "subjectKeyIdentifier", &e));
    }
}

fn unreadable(certificate: &Certificate, name: &str, error: &Error) -> Finding {
    let what = error.context().unwrap_or(error.kind().what());
    Finding::new(Rule::Extension, certificate, format!("its {name} cannot be read: {what}")).at(error.offset())
}
