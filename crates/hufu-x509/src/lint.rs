//! Reads the octets that are about to be signed and says what is wrong with them.
//!
//! The linter takes nothing from what built them: it reads every object field by field. [`tbs`] holds a TBSCertificate to
//! its profile, to the tables of GB/T 20518-2018 Annex C, and to what the issuer meant (its own name and key, and the
//! key of the applicant); [`crl`] holds a TBSCertList to Table C.5 and to RFC 5280 §5; [`pair`] holds the halves of a
//! pair against each other. They stand in the signing path, so they are quick, and they never panic. One
//! [`Severity::Error`] and nothing is signed.
//!
//! [`object`] lints what anybody has signed: certificates, requests, lists and answers of any algorithm.
//!
//! Every rule has a stable id; [`RULES`] lists them.

use std::fmt;

use hufu_model::profile::Profile;

use crate::key::PublicKey;
use crate::tlv::Fault;

mod answer;
mod base;
mod extension;
mod list;
mod name;
mod pair;
mod public;
mod request;
mod rule;
mod value;
mod whole;

pub use list::{CrlContext, crl};
pub use pair::pair;
pub(crate) use rule::Rule;
pub use rule::{RULES, RuleRow};
pub use whole::object;

#[cfg(test)]
mod tests;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The octets must not be signed.
    Error,
    /// Allowed, but not what this authority writes.
    Warning,
    /// Worth knowing.
    Notice,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's stable id, e.g. `lint.key-usage-bits`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found and what the rule asks for; safe to print.
    pub message: String,
    /// Where it shows, counted in octets from the start of what was linted, when it shows at one place.
    pub offset: Option<usize>,
}

impl fmt::Display for Finding {
    /// The message, the octet, the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(offset) = self.offset {
            write!(f, ", at octet {offset}")?;
        }
        write!(f, " ({})", self.id)
    }
}

/// What the octets are held against.
#[derive(Debug, Clone, Copy)]
pub struct LintContext<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The subject of the issuing CA's certificate.
    pub issuer_der: &'a [u8],
    /// The issuing CA's key.
    pub issuer_key: &'a PublicKey,
    /// The key that was applied for.
    pub subject_key: &'a PublicKey,
}

/// Lints one TBSCertificate. Nothing is found in a good one but notices.
#[must_use]
pub fn tbs(tbs: &[u8], context: &LintContext<'_>) -> Vec<Finding> {
    let mut report = Report::default();
    if let Err(fault) = base::lint(tbs, context, &mut report) {
        report.fault(Rule::Structure, "it is no DER TBSCertificate", fault);
    }
    report.findings
}

/// How many findings of one rule are kept: a list of a million entries may break it as often.
const MAX_EACH: usize = 8;

/// Collects findings.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, rule: Rule, message: impl Into<String>) {
        self.put(rule, None, message);
    }

    /// Adds what shows at the octet `offset`.
    fn at(&mut self, offset: usize, rule: Rule, message: impl Into<String>) {
        self.put(rule, Some(offset), message);
    }

    fn put(&mut self, rule: Rule, offset: Option<usize>, message: impl Into<String>) {
        let RuleRow { id, severity, .. } = rule.row();
        if self.findings.iter().filter(|finding| finding.id == id).count() < MAX_EACH {
            self.findings.push(Finding { id, severity, message: message.into(), offset });
        }
    }

    fn fault(&mut self, rule: Rule, part: &str, fault: Fault) {
        self.at(fault.offset, rule, format!("{part}: {}", fault.what));
    }

    /// Adds what a part's reader stumbled over.
    fn part(&mut self, rule: Rule, part: &str, read: Result<(), Fault>) {
        if let Err(fault) = read {
            self.fault(rule, part, fault);
        }
    }
}
