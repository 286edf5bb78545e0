//! Reads the octets that are about to be signed and says what is wrong with them.
//!
//! The linter takes nothing from [`crate::tbs`], which built them: it reads the TBSCertificate field by field and holds it
//! to its profile, to the tables of GB/T 20518-2018 Annex C, and to what the issuer meant (its own name and key, and the
//! key of the applicant). It stands in the signing path, so it is quick, and it never panics. One [`Severity::Error`]
//! and nothing is signed.
//!
//! Every rule has a stable id; [`IDS`] lists them. Start with [`tbs`].

use hufu_model::profile::Profile;

use crate::key::PublicKey;
use crate::tlv::Fault;

mod base;
mod extension;
mod name;
mod value;

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
    let mut report = Report { findings: Vec::new() };
    if let Err(fault) = base::lint(tbs, context, &mut report) {
        report.add(Rule::Structure, format!("it is no DER TBSCertificate: {}, at octet {}", fault.what, fault.offset));
    }
    report.findings
}

/// Writes the table of rules once: rule, id, severity.
macro_rules! rules {
    ($($name:ident, $id:literal, $severity:ident;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Rule {
            $($name,)+
        }

        impl Rule {
            const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }

        /// The id of every rule.
        pub const IDS: &[&str] = &[$($id),+];
    };
}

rules! {
    Structure, "lint.structure", Error;
    Version, "lint.version", Error;
    SerialForm, "lint.serial-form", Error;
    SerialZero, "lint.serial-zero", Error;
    SerialLength, "lint.serial-length", Error;
    SerialLayout, "lint.serial-layout", Error;
    Algorithm, "lint.algorithm", Error;
    AlgorithmParameters, "lint.algorithm-parameters", Error;
    Issuer, "lint.issuer", Error;
    ValidityForm, "lint.validity-form", Error;
    ValidityType, "lint.validity-type", Error;
    ValidityOrder, "lint.validity-order", Error;
    ValidityLength, "lint.validity-length", Error;
    Key, "lint.key", Error;
    KeyOfIssuer, "lint.key-of-issuer", Error;
    KeyNotSelfSigned, "lint.key-not-self-signed", Error;
    UniqueId, "lint.unique-id", Error;

    SubjectForm, "lint.subject-form", Error;
    SubjectEmpty, "lint.subject-empty", Error;
    SubjectSeveral, "lint.subject-several", Error;
    SubjectAttribute, "lint.subject-attribute", Error;
    SubjectOrder, "lint.subject-order", Error;
    SubjectMissing, "lint.subject-missing", Error;
    SubjectStringType, "lint.subject-string-type", Error;
    SubjectValue, "lint.subject-value", Error;
    SubjectIsIssuer, "lint.subject-is-issuer", Error;
    SubjectNotSelfIssued, "lint.subject-not-self-issued", Error;

    ExtensionForm, "lint.extension-form", Error;
    ExtensionDuplicate, "lint.extension-duplicate", Error;
    ExtensionMissing, "lint.extension-missing", Error;
    ExtensionNotInProfile, "lint.extension-not-in-profile", Error;
    ExtensionUnknownCritical, "lint.extension-unknown-critical", Error;
    ExtensionUnlisted, "lint.extension-unlisted", Warning;
    Criticality, "lint.criticality", Error;
    CriticalExplicitFalse, "lint.critical-explicit-false", Error;

    AuthorityKeyIdValue, "lint.authority-key-id-value", Error;
    SubjectKeyIdValue, "lint.subject-key-id-value", Error;
    BasicConstraintsCa, "lint.basic-constraints-ca", Error;
    BasicConstraintsPath, "lint.basic-constraints-path", Error;
    KeyUsageForm, "lint.key-usage-form", Error;
    KeyUsageBits, "lint.key-usage-bits", Error;
    ExtendedKeyUsage, "lint.extended-key-usage", Error;
    Policy, "lint.policy", Error;
    PolicyQualifier, "lint.policy-qualifier", Warning;
    AltNameEmpty, "lint.alt-name-empty", Error;
    AltNameKind, "lint.alt-name-kind", Error;
    AltNameValue, "lint.alt-name-value", Error;
    AltNameDuplicate, "lint.alt-name-duplicate", Warning;
    CrlPartial, "lint.crl-partial", Error;
    CrlAddress, "lint.crl-address", Error;
    AccessAddress, "lint.access-address", Error;
    AccessMethod, "lint.access-method", Error;
    AccessCaIssuers, "lint.access-ca-issuers", Error;
    AccessOcsp, "lint.access-ocsp", Error;
    RepositoryMissing, "lint.repository-missing", Error;
    RepositoryLdap, "lint.repository-ldap", Notice;
}

/// Collects findings.
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding { id: rule.id(), severity: rule.severity(), message: message.into() });
    }

    /// Adds what a part's reader stumbled over.
    fn part(&mut self, rule: Rule, part: &str, read: Result<(), Fault>) {
        if let Err(fault) = read {
            self.add(rule, format!("{part}: {}, at octet {}", fault.what, fault.offset));
        }
    }
}
