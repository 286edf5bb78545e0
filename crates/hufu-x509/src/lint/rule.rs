//! The rules: one table of ids, severities and clauses. Their texts in both languages are messages, `rule-` and the id.

use super::Severity;

/// One row of the table of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleRow {
    /// The stable id, e.g. `lint.key-usage-bits`.
    pub id: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Where it stands, e.g. `RFC 5280 §4.2.1.3`.
    pub clause: &'static str,
}

/// Writes the table once: rule, id, severity, clause.
macro_rules! rules {
    ($($name:ident, $id:literal, $severity:ident, $clause:literal;)+) => {
        /// A rule that octets break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($name,)+
        }

        impl Rule {
            pub(crate) const fn row(self) -> RuleRow {
                match self {
                    $(Self::$name => RuleRow { id: $id, severity: Severity::$severity, clause: $clause },)+
                }
            }
        }

        /// Every rule.
        pub const RULES: &[RuleRow] = &[$(Rule::$name.row()),+];
    };
}

rules! {
    // Every object.
    Structure, "lint.structure", Error, "X.690 §10, RFC 5280 §4.1, §5.1, RFC 2986 §4, RFC 6960 §4.2.1";
    Version, "lint.version", Error, "RFC 5280 §4.1.2.1, §5.1.2.1, GB/T 20518 §5.2.3.1";
    Algorithm, "lint.algorithm", Error, "GB/T 20518 §5.2.2, GB/T 33560 Annex A";
    AlgorithmParameters, "lint.algorithm-parameters", Error, "GB/T 20518 §5.2.2";
    AlgorithmNull, "lint.algorithm-null", Notice, "GB/T 20518 §5.2.2";
    AlgorithmsDiffer, "lint.algorithms-differ", Error, "RFC 5280 §4.1.1.2, §5.1.1.2";
    SignatureForm, "lint.signature-form", Error, "GM/T 0009 §7.3, RFC 5480 Appendix A";
    Issuer, "lint.issuer", Error, "GB/T 20518 §5.2.3.4, RFC 5280 §5.1.2.3";
    IssuerEmpty, "lint.issuer-empty", Error, "RFC 5280 §4.1.2.4, §5.1.2.3";
    NameForm, "lint.name-form", Error, "RFC 5280 §4.1.2.4";
    NameStringType, "lint.name-string-type", Warning, "RFC 5280 §4.1.2.4, GB/T 20518 §5.2.3.4";
    NameLength, "lint.name-length", Error, "RFC 5280 Appendix A.1";
    NameControl, "lint.name-control", Warning, "RFC 4514 §2.4";
    CountryForm, "lint.country-form", Error, "RFC 5280 Appendix A.1, GB/T 20518 Annex C";
    Key, "lint.key", Error, "GB/T 20518 §5.2.3.7, GM/T 0009 §7.1, RFC 5480 §2";

    // Certificates.
    SerialForm, "lint.serial-form", Error, "RFC 5280 §4.1.2.2";
    SerialZero, "lint.serial-zero", Error, "RFC 5280 §4.1.2.2";
    SerialLength, "lint.serial-length", Error, "RFC 5280 §4.1.2.2, GB/T 20518 §5.2.3.2";
    SerialLayout, "lint.serial-layout", Error, "this authority's own rule for serial numbers";
    ValidityForm, "lint.validity-form", Error, "RFC 5280 §4.1.2.5";
    ValidityType, "lint.validity-type", Error, "RFC 5280 §4.1.2.5, §5.1.2.4";
    ValidityOrder, "lint.validity-order", Error, "RFC 5280 §4.1.2.5";
    ValidityLength, "lint.validity-length", Error, "the profile";
    KeyOfIssuer, "lint.key-of-issuer", Error, "GB/T 20518 §5.2.3.7";
    KeyNotSelfSigned, "lint.key-not-self-signed", Error, "RFC 5280 §3.2";
    UniqueId, "lint.unique-id", Error, "RFC 5280 §4.1.2.8, GB/T 20518 §5.2.3.8";

    SubjectForm, "lint.subject-form", Error, "RFC 5280 §4.1.2.6";
    SubjectEmpty, "lint.subject-empty", Error, "RFC 5280 §4.1.2.6";
    SubjectSeveral, "lint.subject-several", Error, "the profile";
    SubjectAttribute, "lint.subject-attribute", Error, "the profile";
    SubjectOrder, "lint.subject-order", Error, "the profile";
    SubjectMissing, "lint.subject-missing", Error, "the profile";
    SubjectStringType, "lint.subject-string-type", Error, "GB/T 20518 §5.2.3.6";
    SubjectValue, "lint.subject-value", Error, "RFC 5280 Appendix A.1, the profile";
    SubjectIsIssuer, "lint.subject-is-issuer", Error, "RFC 5280 §3.2";
    SubjectNotSelfIssued, "lint.subject-not-self-issued", Error, "RFC 5280 §3.2";

    ExtensionForm, "lint.extension-form", Error, "RFC 5280 §4.2, §5.2";
    ExtensionDuplicate, "lint.extension-duplicate", Error, "RFC 5280 §4.2";
    ExtensionMissing, "lint.extension-missing", Error, "RFC 5280 §4.2.1, §5.2, GB/T 20518 Annex C";
    ExtensionNotInProfile, "lint.extension-not-in-profile", Error, "the profile, GB/T 20518 Annex C";
    ExtensionUnknownCritical, "lint.extension-unknown-critical", Error, "GB/T 20518 Annex C";
    ExtensionUnlisted, "lint.extension-unlisted", Warning, "GB/T 20518 Annex C";
    Criticality, "lint.criticality", Error, "GB/T 20518 Annex C, RFC 5280 §4.2.1, §5.2, §5.3";
    CriticalityCa, "lint.criticality-ca", Warning, "RFC 5280 §4.2.1.3, §4.2.1.9";
    CriticalExplicitFalse, "lint.critical-explicit-false", Error, "X.690 §11.5";

    AuthorityKeyIdValue, "lint.authority-key-id-value", Error, "RFC 5280 §4.2.1.1, GB/T 20518 §5.2.4.2.2";
    SubjectKeyIdValue, "lint.subject-key-id-value", Error, "RFC 5280 §4.2.1.2, GB/T 20518 §5.2.4.2.3";
    BasicConstraintsCa, "lint.basic-constraints-ca", Error, "RFC 5280 §4.2.1.9";
    BasicConstraintsPath, "lint.basic-constraints-path", Error, "RFC 5280 §4.2.1.9";
    KeyUsageForm, "lint.key-usage-form", Error, "RFC 5280 §4.2.1.3, X.690 §11.2.2";
    KeyUsageBits, "lint.key-usage-bits", Error, "GB/T 20518 Annex C";
    KeyUsageCa, "lint.key-usage-ca", Error, "RFC 5280 §4.2.1.3, §4.2.1.9";
    KeyUsageBoth, "lint.key-usage-both", Notice, "GB/T 20518 Annex C";
    ExtendedKeyUsage, "lint.extended-key-usage", Error, "RFC 5280 §4.2.1.12";
    Policy, "lint.policy", Error, "RFC 5280 §4.2.1.4";
    PolicyQualifier, "lint.policy-qualifier", Warning, "RFC 5280 §4.2.1.4";
    AltNameEmpty, "lint.alt-name-empty", Error, "RFC 5280 §4.2.1.6";
    AltNameKind, "lint.alt-name-kind", Error, "the profile";
    AltNameValue, "lint.alt-name-value", Error, "RFC 5280 §4.2.1.6";
    AltNameDuplicate, "lint.alt-name-duplicate", Warning, "RFC 5280 §4.2.1.6";
    CrlPartial, "lint.crl-partial", Error, "RFC 5280 §4.2.1.13";
    CrlAddress, "lint.crl-address", Error, "RFC 5280 §4.2.1.13";
    AccessAddress, "lint.access-address", Error, "RFC 5280 §4.2.2.1";
    AccessMethod, "lint.access-method", Error, "RFC 5280 §4.2.2";
    AccessCaIssuers, "lint.access-ca-issuers", Error, "GB/T 20518 Annex C";
    AccessOcsp, "lint.access-ocsp", Error, "GB/T 20518 Annex C";
    RepositoryMissing, "lint.repository-missing", Error, "GB/T 20518 Annex C";
    RepositoryLdap, "lint.repository-ldap", Notice, "GB/T 20518 Tables C.1, C.2";

    // Revocation lists.
    ListPeriod, "lint.list-period", Error, "RFC 5280 §5.1.2.5";
    ListNextUpdate, "lint.list-next-update", Error, "RFC 5280 §5.1.2.5, GB/T 20518 §5.3.3.5";
    ListEmpty, "lint.list-empty", Error, "RFC 5280 §5.1.2.6";
    ListSerial, "lint.list-serial", Error, "RFC 5280 §4.1.2.2, §5.1.2.6";
    ListOrder, "lint.list-order", Error, "this authority's own rule for lists";
    ListTwice, "lint.list-twice", Error, "RFC 5280 §5.1.2.6";
    ListTime, "lint.list-time", Error, "RFC 5280 §5.1.2.6";
    ListEntryExtension, "lint.list-entry-extension", Error, "RFC 5280 §5.3, GB/T 20518 §5.3.4";
    ListReason, "lint.list-reason", Error, "RFC 5280 §5.3.1";
    ListUnspecified, "lint.list-unspecified", Warning, "RFC 5280 §5.3.1";
    ListRemove, "lint.list-remove", Error, "RFC 5280 §5.3.1";
    ListIndirect, "lint.list-indirect", Error, "GB/T 20518 §5.3.4, RFC 5280 §5.3.3";
    ListNumber, "lint.list-number", Error, "RFC 5280 §5.2.3";
    ListDelta, "lint.list-delta", Error, "RFC 5280 §5.2.4";
    ListFreshest, "lint.list-freshest", Error, "RFC 5280 §5.2.6";
    ListPoint, "lint.list-point", Error, "RFC 5280 §5.2.5";
    ListPointAddress, "lint.list-point-address", Error, "RFC 5280 §5.2.5";

    // Requests.
    RequestSubject, "lint.request-subject", Notice, "RFC 2986 §4.1";
    RequestAttributes, "lint.request-attributes", Warning, "RFC 2986 §4.1";
    RequestAttribute, "lint.request-attribute", Error, "RFC 2986 §4.1";
    RequestSignature, "lint.request-signature", Error, "RFC 2986 §4.2, GM/T 0009 §8 to §10, GM/T 0092";

    // OCSP answers.
    AnswerStatus, "lint.answer-status", Error, "RFC 6960 §4.2.1";
    AnswerType, "lint.answer-type", Error, "RFC 6960 §4.2.1";
    AnswerVersion, "lint.answer-version", Error, "RFC 6960 §4.2.1";
    AnswerResponder, "lint.answer-responder", Error, "RFC 6960 §4.2.1";
    AnswerNone, "lint.answer-none", Error, "RFC 6960 §4.2.1";
    AnswerTwice, "lint.answer-twice", Error, "RFC 6960 §4.2.1";
    AnswerCertId, "lint.answer-cert-id", Error, "RFC 6960 §4.1.1";
    AnswerTime, "lint.answer-time", Error, "RFC 6960 §2.4, §4.2.2.1";
    AnswerNextUpdate, "lint.answer-next-update", Warning, "RFC 6960 §4.2.2.1";
    AnswerReason, "lint.answer-reason", Error, "RFC 6960 §4.2.1, RFC 5280 §5.3.1";
    AnswerNonce, "lint.answer-nonce", Error, "RFC 9654 §2.1";
    AnswerCertificate, "lint.answer-certificate", Error, "RFC 6960 §4.2.2.2";
    AnswerNoCheck, "lint.answer-no-check", Notice, "RFC 6960 §4.2.2.2.1";

    // Pairs of a signing and an encryption certificate.
    PairIssuer, "lint.pair-issuer", Error, "GB/T 20518 Annex C";
    PairSubject, "lint.pair-subject", Error, "GB/T 20518 Annex C";
    PairValidity, "lint.pair-validity", Error, "GB/T 20518 Annex C";
    PairSerial, "lint.pair-serial", Error, "RFC 5280 §4.1.2.2";
    PairKey, "lint.pair-key", Error, "GM/T 0015 Annex C";
    PairSigning, "lint.pair-signing", Error, "GB/T 20518 Tables C.3, C.4";
    PairEncryption, "lint.pair-encryption", Error, "GB/T 20518 Tables C.3, C.4";
}
