//! Certificates of other authorities (存量证书): counted, never ours.

use crate::certificate::{Algorithm, CertificateStatus};
use crate::holder::HolderKind;
use crate::ident::{Digest, ImportId, OrgId};
use crate::request::Medium;
use crate::time::Validity;

/// What the key of an imported certificate may be used for, as far as known. Halves of a pair complement each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// Signing only.
    Sign,
    /// Encryption or key agreement only.
    Encrypt,
    /// Both, or it does not say.
    Any,
}

impl Usage {
    /// Every usage.
    pub const ALL: [Self; 3] = [Self::Sign, Self::Encrypt, Self::Any];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Encrypt => "encrypt",
            Self::Any => "any",
        }
    }

    /// Whether two halves of a pair may have these usages.
    #[must_use]
    pub const fn complements(self, other: Self) -> bool {
        matches!((self, other), (Self::Sign, Self::Encrypt) | (Self::Encrypt, Self::Sign))
    }
}

crate::code_enum!(Usage, "key usage", "sign, encrypt or any");

/// An imported certificate as it is counted and searched. `id` tells it from every other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyRow {
    /// SM3 over the issuer and the serial number: the identity of a certificate.
    pub id: Digest,
    /// The import that brought it.
    pub import: ImportId,
    /// Its row or its place in the source, counted from 1.
    pub position: u64,
    /// The organisation that is credited with it; `unassigned` where no rule says.
    pub org: OrgId,
    /// The issuer: its DN as text (RFC 4514).
    pub issuer: String,
    /// The content octets of serialNumber, as they stand: foreign numbers may be negative, zero or long.
    pub serial: Vec<u8>,
    /// The subject: its DN as text.
    pub subject: String,
    /// The algorithm of its key.
    pub algorithm: Algorithm,
    /// The size of its key in bits; 0 when unknown.
    pub key_bits: u32,
    /// What its key may be used for.
    pub usage: Usage,
    /// The kind of its holder, where known.
    pub holder_kind: Option<HolderKind>,
    /// The holder as a blind index.
    pub holder: Digest,
    /// What its key lives in, where known.
    pub medium: Option<Medium>,
    /// The half that was recorded before it, when it is the second half of a pair: that one stands for both.
    pub first_half: Option<Digest>,
    /// Its validity.
    pub validity: Validity,
    /// When it was issued, in seconds since the Unix epoch: what the source says, else notBefore.
    pub issued_at: i64,
    /// SM3 of its DER; none for a row of a list.
    pub digest: Option<Digest>,
    /// Whether its signature was verified with its issuer's certificate.
    pub verified: bool,
    /// Its state.
    pub status: CertificateStatus,
}
