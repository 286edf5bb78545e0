//! A revocation list or an OCSP answer by itself: whether it is of whom it says, by a CA whose chain holds, and of the
//! right time. Which certificates it is about is for [`super::status`].

use hufu_model::ident::hex;
use hufu_model::time::Instant;

use super::status::{answer_faults, answer_signer, answer_title, list_faults, list_signer, list_title, written_anew};
use super::{Finding, GivenAnswer, GivenCrl, Rule, Verdict, validate};
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::ocsp::Issuer;

/// Judges a revocation list at the instant `at`: looks for its issuer among `others` and the trusted `roots`, and checks
/// the list and the issuer's chain. The chain of the verdict is the issuer's.
pub fn list(given: &GivenCrl<'_>, others: &[Certificate], roots: &[Certificate], at: Instant) -> Verdict {
    let crl = given.crl;
    let mut unfit: Option<Finding> = None;
    for issuer in others.iter().chain(roots).filter(|c| c.subject_der() == crl.issuer_der()) {
        match list_signer(crl, issuer) {
            None => return by(issuer, list_faults(given, issuer, at), others, roots, at),
            // A known mistake says more than that a key does not fit, and what fits the key that is named most of all.
            Some(finding) => {
                if unfit.as_ref().is_none_or(|found| finding.rule < found.rule) {
                    unfit = Some(finding);
                }
            }
        }
    }
    let anew = || others.iter().chain(roots).find_map(|c| written_anew(crl, c));
    let finding = unfit.or_else(anew).unwrap_or_else(|| no_issuer(crl));
    Verdict { findings: vec![finding], chain: Vec::new() }
}

/// Judges an OCSP answer at the instant `at`, as [`list`] does a list. The issuer is the one whose certificates it is
/// about; the responder's certificate comes along in the answer.
pub fn answer(given: &GivenAnswer<'_>, others: &[Certificate], roots: &[Certificate], at: Instant) -> Verdict {
    let response = given.response;
    let meant = |issuer: &&Certificate| {
        Issuer::of(issuer).is_ok_and(|issuer| response.singles().iter().any(|single| issuer.is_meant_by(&single.id)))
    };
    let Some(issuer) = others.iter().chain(roots).find(meant) else {
        let message = "the CA whose certificates it is about is not among the certificates given".to_owned();
        let finding = Finding::about(Rule::NoIssuer, answer_title(response), message);
        return Verdict { findings: vec![finding], chain: Vec::new() };
    };
    if let Some(finding) = answer_signer(response, issuer, at) {
        return by(issuer, vec![finding], others, roots, at);
    }
    let mut faults: Vec<Finding> = Vec::new();
    for single in response.singles() {
        for fault in answer_faults(given, single, at) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    by(issuer, faults, others, roots, at)
}

/// The verdict on what `issuer` published: its own faults, then those of the issuer's chain.
fn by(
    issuer: &Certificate,
    mut findings: Vec<Finding>,
    others: &[Certificate],
    roots: &[Certificate],
    at: Instant,
) -> Verdict {
    findings.sort_by_key(|finding| finding.rule);
    let verdict = validate(issuer, others, roots, at);
    findings.extend(verdict.findings);
    Verdict { findings, chain: verdict.chain }
}

fn no_issuer(crl: &Crl) -> Finding {
    let key = crl.authority_key_id().map(|id| format!(" with the key identifier {}", hex(id))).unwrap_or_default();
    let message = format!("no certificate of its issuer, {:?}{key}, is among those given", crl.issuer_text());
    Finding::about(Rule::NoIssuer, list_title(crl), message)
}
