//! What a revocation list says about a certificate, and why it does not count.

use hufu_model::ident::hex;
use hufu_model::profile::KeyUsage;
use hufu_model::time::Instant;

use super::{Case, Claim, GivenCrl, State, seconds, signature};
use crate::certificate::Certificate;
use crate::crl::{Crl, Entry, IssuingPoint, Reason};
use crate::path::check::usages;
use crate::path::{Finding, Rule, explain};

/// Weighs the lists of the issuer of a certificate.
pub(super) fn weigh(case: &mut Case<'_>, crls: &[GivenCrl<'_>]) {
    let mut full = Vec::new();
    let mut deltas = Vec::new();
    for given in crls {
        let crl = given.crl;
        if crl.issuer_der() != case.issuer.subject_der() {
            case.findings.extend(written_anew(crl, case.issuer));
            continue;
        }
        if let Some(finding) = signer(crl, case.issuer) {
            case.findings.push(finding);
            continue;
        }
        let mut faults = faults(given, case.issuer, case.at);
        if let Some(what) = crl.issuing_point().and_then(|point| out_of_scope(point, case.certificate)) {
            faults.push(Finding::about(Rule::CrlScope, title(crl), what));
        }
        let entry = crl.find(case.certificate.serial());
        if crl.unsupported().is_none() && !crl.issuing_point().is_some_and(|point| point.indirect) {
            let revoked = entry.as_ref().filter(|entry| is_final(entry, crl)).filter(|entry| {
                // Of a past time, what happened later does not count; what the list itself dates ahead does.
                entry.at <= case.at.unix_seconds() || faults.is_empty()
            });
            if let Some(entry) = revoked {
                case.claims.push(claim(state(entry), crl));
            }
        }
        if !faults.is_empty() {
            case.findings.extend(faults);
        } else if crl.delta_base().is_some() {
            deltas.push((crl, entry));
        } else {
            full.push((crl, entry));
        }
    }
    for (crl, entry) in &full {
        case.claims.push(claim(entry.as_ref().map_or(State::Good, state), crl));
    }
    for (delta, entry) in &deltas {
        let base = full.iter().filter(|(crl, _)| adds_to(delta, crl)).max_by_key(|(crl, _)| crl.number());
        let state = match (base, entry) {
            (None, _) => {
                let number = delta.delta_base().unwrap_or_default();
                let message = format!(
                    "it lists the changes since the full list {number}, and that or a later one, not \
                                       later than itself, is not at hand"
                );
                case.findings.push(Finding::about(Rule::CrlDelta, title(delta), message));
                continue;
            }
            (Some(_), Some(Entry { reason: Some(Reason::RemoveFromCrl), .. })) => State::Good,
            (Some(_), Some(entry)) => state(entry),
            (Some((_, entry)), None) => entry.as_ref().map_or(State::Good, state),
        };
        case.claims.push(claim(state, delta));
    }
}

/// Whether `delta` adds to the full list `crl` (RFC 5280 §5.2.4): of the same scope, not older than its base, and not
/// younger than itself.
fn adds_to(delta: &Crl, crl: &Crl) -> bool {
    crl.number() >= delta.delta_base()
        && crl.number() <= delta.number()
        && crl.issuing_point() == delta.issuing_point()
        && crl.authority_key_id() == delta.authority_key_id()
}

fn claim(state: State, crl: &Crl) -> Claim {
    Claim { state, this_update: crl.this_update(), source: title(crl) }
}

fn state(entry: &Entry) -> State {
    match entry.reason {
        Some(Reason::CertificateHold) => State::Held { since: entry.at },
        reason => State::Revoked { since: entry.at, reason: reason.filter(|r| *r != Reason::Unspecified) },
    }
}

/// Whether nothing takes the entry back. removeFromCRL has no meaning in a full list; the certificate is on it.
fn is_final(entry: &Entry, crl: &Crl) -> bool {
    match entry.reason {
        Some(Reason::CertificateHold) => false,
        Some(Reason::RemoveFromCrl) => crl.delta_base().is_none(),
        _ => true,
    }
}

/// A list in one line, safe for terminals.
pub(in crate::path) fn title(crl: &Crl) -> String {
    let kind = if crl.delta_base().is_some() { "the delta CRL" } else { "the CRL" };
    let number = crl.number().map(|number| format!(" {number}")).unwrap_or_default();
    format!("{kind}{number} of {} from {}", crl.issuer_text(), seconds(crl.this_update()))
}

/// The issuer's name reads the same and is other octets.
pub(in crate::path) fn written_anew(crl: &Crl, issuer: &Certificate) -> Option<Finding> {
    if crl.issuer_text() != issuer.subject_text() {
        return None;
    }
    let message =
        format!("its issuer {:?} reads like the subject of the CA, but is encoded otherwise", crl.issuer_text());
    let finding = Finding::about(Rule::NameChain, title(crl), message);
    Some(finding.because(
        "the publishing program wrote the issuer's name anew, with other string types than the CA's \
                          certificate",
    ))
}

/// Why the list is not signed by this issuer.
pub(in crate::path) fn signer(crl: &Crl, issuer: &Certificate) -> Option<Finding> {
    let object = title(crl);
    let Ok(key) = issuer.public_key() else { return explain::key(issuer) };
    let finding = signature(&crl.parts(), &key, &object)?;
    if finding.rule != Rule::Altered {
        return Some(finding);
    }
    let has = issuer.subject_key_id().ok().flatten().map_or_else(|| key.key_id().to_vec(), <[u8]>::to_vec);
    match crl.authority_key_id() {
        Some(names) if names != has => {
            let message = format!(
                "it bears the issuer's name, but names the key {} where the issuer of the certificate has {}",
                hex(names),
                hex(&has)
            );
            let finding = Finding::about(Rule::IssuerKey, object, message);
            Some(
                finding
                    .because(
                        "it is the list of the CA before or after a change of its key, or of another CA of the same name, \
                         published in the wrong place",
                    )
                    .remedied("give the list that the CA signed with the key that also signed the certificate"),
            )
        }
        _ => Some(finding),
    }
}

/// Why a list that is signed by the issuer does not count.
pub(in crate::path) fn faults(given: &GivenCrl<'_>, issuer: &Certificate, at: Instant) -> Vec<Finding> {
    let crl = given.crl;
    let mut faults = Vec::new();
    let mut add = |rule, message: String| faults.push(Finding::about(rule, title(crl), message));
    if let Ok(Some(usage)) = issuer.key_usage()
        && !usage.has(KeyUsage::CrlSign)
    {
        add(Rule::KeyUsage, format!("the keyUsage of its signer does not have cRLSign, only [{}]", usages(usage)));
    }
    if let Some(what) = crl.unsupported() {
        add(Rule::CriticalExtension, format!("it has {what}, which this program does not know"));
    }
    let now = at.unix_seconds();
    if now < crl.this_update() {
        let message = format!("it speaks from {} on, and is judged at {}", seconds(crl.this_update()), seconds(now));
        add(Rule::StatusNotYetValid, message);
    }
    match crl.next_update() {
        Some(next) if now > next => {
            add(
                Rule::StatusExpired,
                format!("the next was due at {}, and it is judged at {}", seconds(next), seconds(now)),
            );
        }
        Some(_) => {}
        None => add(Rule::StatusExpired, "it does not say when the next is due (nextUpdate)".to_owned()),
    }
    if let Some(previous) = given.previous
        && crl.number().is_none_or(|number| number < previous)
    {
        let number = crl.number().map_or_else(|| "no number".to_owned(), |number| format!("the number {number}"));
        add(Rule::CrlNumber, format!("it has {number}, and {previous} was seen before"));
    }
    faults
}

/// Why a list with this issuingDistributionPoint is not about the certificate, or says too little.
fn out_of_scope(point: &IssuingPoint, certificate: &Certificate) -> Option<String> {
    let ca = certificate.basic_constraints().is_ok_and(|constraints| constraints.is_some_and(|c| c.ca));
    let only = |what: &str| Some(format!("it is about {what} only"));
    if point.indirect {
        return Some(
            "it is an indirect list, about certificates of several issuers, which this program does not use".into(),
        );
    }
    if point.only_attributes {
        return only("attribute certificates");
    }
    if point.only_users && ca {
        return only("certificates that are no CA's, and this is one of a CA");
    }
    if point.only_cas && !ca {
        return only("certificates of CAs, and this is none");
    }
    if point.only_some_reasons {
        return only("some reasons of revocation");
    }
    let points = certificate.crl_points().unwrap_or_default();
    if !point.named || points.iter().any(|url| point.urls.contains(url)) {
        return None;
    }
    let first = |urls: &[String]| urls.first().cloned().unwrap_or_else(|| "none that is an address".to_owned());
    Some(format!(
        "it is the shard of the distribution point {}, and the certificate names {}",
        first(&point.urls),
        first(&points)
    ))
}
