//! Judges a certificate and says what is wrong with it: builds its chain to a trusted root and checks every link.
//!
//! [`validate`] follows RFC 5280 §6.1 for chains of SM2 certificates, with the stricter rules of GB/T 20518 (key
//! identifiers equal octet for octet, names compared octet for octet). Not checked here: whether the certificate is meant
//! for a purpose (extended key usage), host names, and our own profiles ([`crate::lint`]).
//!
//! [`status`] goes on from there: whether the certificates of a valid chain are revoked or suspended, by the revocation
//! lists and OCSP answers at hand, and why one of those cannot be relied on. [`list`] and [`answer`] judge a list or an
//! answer by itself, [`pair`] the two certificates of a pair beside each other.
//!
//! When a chain fails, the reader is an operator who has to do something about it. So a refusal is a list of
//! [`Finding`]s, the most useful one first: which certificate, which rule, where, the likely cause, and what to do.
//! Known mistakes of signing programs are recognised by trying them; a signature made that way is still refused.
//!
//! # Budget
//! The candidates may come from anyone. Chains have at most [`MAX_CHAIN`] certificates, at most [`MAX_SIGNATURES`]
//! signatures are checked, and nothing is fetched.

mod check;
mod explain;
mod pair;
mod published;
mod rule;
mod search;
mod status;

use std::fmt;

use hufu_model::time::Instant;

use crate::certificate::Certificate;

pub use pair::pair;
pub use published::{answer, list};
pub use rule::Rule;
pub use status::{Evidence, GivenAnswer, GivenCrl, Standing, State, status};

/// The longest chain, target and root counted.
pub const MAX_CHAIN: usize = 8;

/// How many signatures are checked at most for one target.
pub const MAX_SIGNATURES: usize = 100;

/// Something that is wrong with one certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// The subject of the certificate, as text safe for terminals, and its serial number. Where the rule is about a
    /// revocation list or an OCSP answer, which one that is.
    pub certificate: String,
    /// What was found, in one sentence with the values compared.
    pub message: String,
    /// The octet of the DER (of the certificate, list or answer) where it shows, counted from 0, when it shows at one place.
    pub offset: Option<usize>,
    /// The likely cause.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// The stable code of the rule, e.g. `verify.empty-id`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.rule.code()
    }

    /// A finding with the rule's own cause and remedy.
    fn new(rule: Rule, certificate: &Certificate, message: impl Into<String>) -> Self {
        Self::about(rule, title(certificate), message)
    }

    /// The same about something else than a certificate.
    fn about(rule: Rule, object: String, message: impl Into<String>) -> Self {
        Self {
            rule,
            certificate: object,
            message: message.into(),
            offset: None,
            cause: rule.cause().to_owned(),
            remedy: rule.remedy().to_owned(),
        }
    }

    fn at(mut self, offset: Option<usize>) -> Self {
        self.offset = offset;
        self
    }

    fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    fn remedied(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Finding {
    /// Code, certificate and message on the first line; cause and remedy on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.code(), self.certificate, self.message)?;
        if let Some(offset) = self.offset {
            write!(f, " (octet {offset})")?;
        }
        write!(f, "\n  likely cause: {}\n  what to do: {}", self.cause, self.remedy)
    }
}

/// A certificate in one line, safe for terminals.
fn title(certificate: &Certificate) -> String {
    format!("{} (serial number {})", certificate.subject_text(), certificate.serial())
}

/// The judgement of a certificate, or of a list or answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    /// What is wrong, the most useful finding first; empty when the certificate is valid.
    pub findings: Vec<Finding>,
    /// The chain that was found, target first; up to a trusted root when it is complete, and the longest stretch
    /// otherwise.
    pub chain: Vec<Certificate>,
}

impl Verdict {
    /// Whether the certificate is valid: its chain leads to a trusted root and nothing is wrong with any of it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Judges `target` at the instant `at`: looks for a chain over `others`, in any order, to one of the trusted `roots`.
///
/// Of several chains a valid one wins; without one, the findings are those of the chain that came closest. A root is
/// judged like every other certificate, its own signature included, though its trust comes from the caller.
pub fn validate(target: &Certificate, others: &[Certificate], roots: &[Certificate], at: Instant) -> Verdict {
    let outcome = search::best(target, others, roots, at);
    let mut findings = outcome.findings;
    // Rules are listed by how much they explain; within a rule the certificate nearest to the root comes first.
    findings.reverse();
    findings.sort_by_key(|finding| finding.rule);
    Verdict { findings, chain: outcome.chain.into_iter().cloned().collect() }
}

#[cfg(test)]
mod tests;
