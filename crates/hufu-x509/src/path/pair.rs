//! The two certificates of a pair (双证书) beside each other.

use super::check::{seconds, usages};
use super::{Finding, Rule, title};
use crate::certificate::Certificate;
use crate::lint;

/// What is wrong with `signing` and `encryption` as the two halves of one pair: the rules of [`lint::pair`], said for
/// somebody who holds the two files. Nothing when they fit; each is judged for itself by [`super::validate`].
#[must_use]
pub fn pair(signing: &Certificate, encryption: &Certificate) -> Vec<Finding> {
    let about = |finding: lint::Finding| {
        let (rule, message, half) = said(&finding, signing, encryption);
        let offset = finding.offset.map(|offset| offset + half.tbs_offset());
        Finding::about(rule, title(half), message).at(offset)
    };
    let mut findings: Vec<Finding> =
        lint::pair(signing.tbs_der(), encryption.tbs_der()).into_iter().map(about).collect();
    findings.sort_by_key(|finding| finding.rule);
    findings
}

/// The rule, the values compared, and the half that the offset is about.
fn said<'a>(
    finding: &lint::Finding,
    signing: &'a Certificate,
    encryption: &'a Certificate,
) -> (Rule, String, &'a Certificate) {
    let two = |rule, one: String, other: String| {
        (rule, format!("{one} in the signing half, {other} in the encryption half"), encryption)
    };
    let usage = |half: &Certificate| match half.key_usage() {
        Ok(Some(usage)) => format!("[{}]", usages(usage)),
        _ => "none".to_owned(),
    };
    let validity = |half: &Certificate| {
        let validity = half.validity();
        format!("{} to {}", seconds(validity.not_before()), seconds(validity.not_after()))
    };
    match finding.id {
        "lint.pair-issuer" => two(Rule::PairIssuer, signing.issuer_text(), encryption.issuer_text()),
        "lint.pair-subject" => two(Rule::PairSubject, signing.subject_text(), encryption.subject_text()),
        "lint.pair-validity" => two(Rule::PairValidity, validity(signing), validity(encryption)),
        "lint.pair-signing" => {
            (Rule::PairUsage, format!("the keyUsage of the signing half is {}", usage(signing)), signing)
        }
        "lint.pair-encryption" => {
            (Rule::PairUsage, format!("the keyUsage of the encryption half is {}", usage(encryption)), encryption)
        }
        "lint.pair-serial" | "lint.pair-key" => (Rule::PairKey, finding.message.clone(), encryption),
        _ => (Rule::Extension, finding.message.clone(), encryption),
    }
}
