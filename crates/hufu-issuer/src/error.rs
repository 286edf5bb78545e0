//! The issuer's errors.

use std::fmt;

/// Why the issuer did not prepare or sign.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A field the profile's subject needs is not in the approved record.
    SubjectField {
        /// The field's name.
        field: String,
    },
    /// The approved record does not belong to this issuer, this profile text or this request.
    RecordMismatch {
        /// What differs.
        what: &'static str,
    },
    /// The linter found errors; nothing was signed.
    Lint {
        /// The findings, one per line.
        findings: String,
    },
    /// The bytes to be signed are not those of the committed intent.
    IntentMismatch,
    /// The second parser reads the certificate differently from what was meant.
    SecondParser {
        /// What differs.
        what: String,
    },
    /// A profile of the wrong class: end entities are never issued with a CA profile.
    ProfileClass,
    /// The validity period cannot be computed or ends after the issuing CA's.
    Validity {
        /// What is wrong.
        what: String,
    },
    /// Reading or writing a structure, or the signature itself, failed.
    X509(hufu_x509::Error),
    /// The random source failed.
    Entropy(hufu_model::entropy::EntropyError),
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl ErrorKind {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SubjectField { .. } => "issuer.subject-field",
            Self::RecordMismatch { .. } => "issuer.record-mismatch",
            Self::Lint { .. } => "issuer.lint",
            Self::IntentMismatch => "issuer.intent-mismatch",
            Self::SecondParser { .. } => "issuer.second-parser",
            Self::ProfileClass => "issuer.profile-class",
            Self::Validity { .. } => "issuer.validity",
            Self::X509(e) => e.kind().code(),
            Self::Entropy(_) => "entropy.failed",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::SubjectField { field } => {
                write!(f, "the profile's subject needs the field {field}, which the approved record does not hold")
            }
            ErrorKind::RecordMismatch { what } => {
                write!(f, "the approved record does not fit: {what}; it was made for another authority or altered")
            }
            ErrorKind::Lint { findings } => {
                write!(f, "what was to be signed breaks a rule, nothing was signed: {findings}")
            }
            ErrorKind::IntentMismatch => {
                f.write_str("the bytes to sign are not those of the committed intent; nothing was signed")
            }
            ErrorKind::SecondParser { what } => {
                write!(f, "a second parser reads the signed certificate differently: {what}; it was not stored")
            }
            ErrorKind::ProfileClass => f.write_str("this profile is for CA certificates; only a ceremony uses it"),
            ErrorKind::Validity { what } => write!(f, "validity: {what}"),
            ErrorKind::X509(e) => e.fmt(f),
            ErrorKind::Entropy(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::X509(e) => e.source(),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

impl From<hufu_x509::Error> for Error {
    fn from(e: hufu_x509::Error) -> Self {
        ErrorKind::X509(e).into()
    }
}

impl From<hufu_model::entropy::EntropyError> for Error {
    fn from(e: hufu_model::entropy::EntropyError) -> Self {
        ErrorKind::Entropy(e).into()
    }
}

/// The issuer's result.
pub type Result<T> = std::result::Result<T, Error>;
