//! Whether the certificates of a chain are revoked or suspended, by what is at hand.
//!
//! A list or answer counts only when its signature fits the issuer of the certificate, it is of the right time, and it is
//! about the certificate. When one does not count, a [`Finding`] says why, as for chains. Three rules keep the judgement on
//! the safe side: a final revocation is believed even from a list that is too old or of another shard, since nothing
//! takes it back; a responder that does not know a certificate outweighs a list that does not name it; and of the
//! rest the newest knowledge counts.

mod answer;
mod list;

use std::fmt;

use hufu_model::time::Instant;

pub(super) use answer::{faults as answer_faults, signer as answer_signer, title as answer_title};
pub(super) use list::{faults as list_faults, signer as list_signer, title as list_title, written_anew};

use super::check::seconds;
use super::{Finding, Rule, explain, title};
use crate::certificate::Certificate;
use crate::crl::{Crl, Reason};
use crate::key::PublicKey;
use crate::ocsp::Response;
use crate::sign::{self, Signature};
use crate::signed::Parts;

/// Whether a certificate may be relied on, as far as revocation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Neither revoked nor suspended.
    Good,
    /// Suspended (挂起).
    Held {
        /// When, in seconds since the epoch.
        since: i64,
    },
    /// Revoked (撤销).
    Revoked {
        /// When, in seconds since the epoch.
        since: i64,
        /// Why, if that is said.
        reason: Option<Reason>,
    },
    /// Nothing that counts says anything, or the responder does not know the certificate.
    Unknown,
}

impl State {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Held { .. } => "held",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A revocation list at hand.
#[derive(Debug, Clone, Copy)]
pub struct GivenCrl<'a> {
    /// The list.
    pub crl: &'a Crl,
    /// The greatest number seen in an earlier list from the same place, if one was seen: a lower one is a step back.
    pub previous: Option<u128>,
}

impl<'a> From<&'a Crl> for GivenCrl<'a> {
    fn from(crl: &'a Crl) -> Self {
        Self { crl, previous: None }
    }
}

/// An OCSP answer at hand.
#[derive(Debug, Clone, Copy)]
pub struct GivenAnswer<'a> {
    /// The answer.
    pub response: &'a Response,
    /// The nonce of the question, if the answer must repeat it.
    pub nonce: Option<&'a [u8]>,
}

impl<'a> From<&'a Response> for GivenAnswer<'a> {
    fn from(response: &'a Response) -> Self {
        Self { response, nonce: None }
    }
}

/// What is at hand, in any order, about any certificate.
#[derive(Debug, Clone, Default)]
pub struct Evidence<'a> {
    /// Revocation lists: full ones, shards, and delta lists.
    pub crls: Vec<GivenCrl<'a>>,
    /// OCSP answers.
    pub answers: Vec<GivenAnswer<'a>>,
}

/// How one certificate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Standing {
    /// Its subject, as text safe for terminals, and its serial number.
    pub certificate: String,
    /// Its state.
    pub state: State,
    /// The list or answer that decided, in words.
    pub source: Option<String>,
    /// Why it must not be relied on, and why a list or answer does not count; the most useful first.
    pub findings: Vec<Finding>,
}

impl Standing {
    /// Whether it is neither revoked nor suspended, and something that counts says so.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.state == State::Good
    }
}

/// Says how each certificate of `chain` but the last stands at the instant `at`, target first.
///
/// `chain` goes from the target to the root as [`super::validate`] found it, and is valid: no signature of a certificate
/// is checked here. The root is not judged: its trust comes from outside.
#[must_use]
pub fn status(chain: &[Certificate], evidence: &Evidence<'_>, at: Instant) -> Vec<Standing> {
    let mut standings = Vec::new();
    for (position, pair) in chain.windows(2).enumerate() {
        let [certificate, issuer] = pair else { continue };
        let mut case = Case { certificate, issuer, at, claims: Vec::new(), findings: Vec::new() };
        list::weigh(&mut case, &evidence.crls);
        for given in &evidence.answers {
            answer::weigh(&mut case, given, chain, position == 0);
        }
        standings.push(case.decide(evidence));
    }
    standings
}

/// What one list or answer says.
struct Claim {
    state: State,
    this_update: i64,
    source: String,
}

/// One certificate being judged.
struct Case<'a> {
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    at: Instant,
    claims: Vec<Claim>,
    findings: Vec<Finding>,
}

impl Case<'_> {
    fn decide(mut self, evidence: &Evidence<'_>) -> Standing {
        let weight = |claim: &Claim| match claim.state {
            State::Revoked { .. } => 2,
            State::Unknown => 1,
            State::Held { .. } | State::Good => 0,
        };
        let decisive = self.claims.iter().max_by_key(|claim| (weight(claim), claim.this_update));
        let (state, source) = match decisive {
            None => (State::Unknown, None),
            Some(claim) => (claim.state, Some(claim.source.clone())),
        };
        if let Some(finding) = self.conclusion(state, source.as_deref(), evidence) {
            self.findings.push(finding);
        }
        // What says most about the certificate itself comes first, then why something does not count.
        let first = [Rule::Revoked, Rule::Held, Rule::OcspUnknown];
        self.findings.sort_by_key(|finding| (!first.contains(&finding.rule), finding.rule));
        Standing { certificate: title(self.certificate), state, source, findings: self.findings }
    }

    fn conclusion(&self, state: State, source: Option<&str>, evidence: &Evidence<'_>) -> Option<Finding> {
        let by = source.map(|source| format!(", says {source}")).unwrap_or_default();
        let finding = |rule, message: String| Some(Finding::new(rule, self.certificate, message));
        match state {
            State::Good => None,
            State::Held { since } => finding(Rule::Held, format!("it is suspended since {}{by}", seconds(since))),
            State::Revoked { since, reason } => {
                let why = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                finding(Rule::Revoked, format!("it is revoked since {}{why}{by}", seconds(since)))
            }
            State::Unknown if source.is_some() => {
                finding(Rule::OcspUnknown, format!("the responder does not know it{by}"))
            }
            State::Unknown if self.findings.is_empty() => finding(Rule::NoStatus, self.nothing(evidence)),
            State::Unknown => None,
        }
    }

    /// What there is instead of a list or answer about the certificate.
    fn nothing(&self, evidence: &Evidence<'_>) -> String {
        let mut others: Vec<String> = evidence.crls.iter().map(|given| given.crl.issuer_text()).collect();
        others.sort_unstable();
        others.dedup();
        let issuer = self.issuer.subject_text();
        match &others[..] {
            [] => format!("no CRL of {issuer:?} and no OCSP answer about it is at hand"),
            [one] => format!("the CRL at hand is of {one:?}, not of its issuer {issuer:?}"),
            [first, rest @ ..] => {
                format!("the CRLs at hand are of {first:?} and {} others, none of its issuer {issuer:?}", rest.len())
            }
        }
    }
}

/// Why the signature of a list or answer does not fit `key`; none when it does.
fn signature(parts: &Parts<'_>, key: &PublicKey, object: &str) -> Option<Finding> {
    let finding = |rule, message: String| Finding::about(rule, object.to_owned(), message);
    if !parts.is_signed_with_sm2() {
        let message = format!("it is signed with {} instead of 1.2.156.10197.1.501", parts.algorithm());
        let finding = finding(Rule::Algorithm, message).at(Some(parts.outer_at));
        return Some(
            finding
                .because("it was made by an RSA or ECDSA system, or with a digest other than SM3")
                .remedied("give what the SM2 authority itself publishes"),
        );
    }
    if !parts.algorithms_agree() {
        let message = "the signature algorithm inside and the one outside are not the same octets";
        return Some(finding(Rule::MixedAlgorithm, message.to_owned()).at(Some(parts.outer_at)));
    }
    parts.verify(key).err()?;
    if let Some(cause) = sign::diagnose(key, parts.tbs, parts.signature) {
        let (rule, message) = explain::mistake(cause);
        return Some(finding(rule, message.to_owned()).at(Some(parts.signature_at)));
    }
    if let Err(e) = Signature::from_der(parts.signature) {
        let why = match parts.signature.len() {
            64 => "64 octets, which is how devices return raw r and s, of another key or other content".to_owned(),
            _ => e.context().unwrap_or_default().to_owned(),
        };
        let message = format!("its signature is not two integers of the SM2 range in strict DER ({why})");
        return Some(finding(Rule::SignatureForm, message).at(Some(parts.signature_at)));
    }
    Some(
        finding(Rule::Altered, "its signature does not fit the key of its issuer".to_owned())
            .at(Some(parts.signature_at)),
    )
}

#[cfg(test)]
mod tests;
