//! One certificate of a source, and what could not be read there.

use std::fmt;

use hufu_model::certificate::Algorithm;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, OrgId, hex};
use hufu_model::legacy::Usage;
use hufu_model::org::RegionCode;
use hufu_model::request::Medium;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;

/// One certificate of a source, as read.
///
/// [`Entry::identity`] is a personal field: it is in no message, and [`fmt::Debug`] leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its row number in the sheet, or its running number in a source of certificates, from 1.
    pub position: u64,
    /// The file, relative to what was asked for, and the row or the member in it: for messages.
    pub place: String,
    /// The issuer: its DN as text (RFC 4514), as [`hufu_x509::name::Name::display_der`] writes it, or as the column says.
    pub issuer: String,
    /// The content octets of serialNumber. A column gives a number; these are the octets it is encoded as.
    pub serial: Vec<u8>,
    /// The subject: its DN as text.
    pub subject: String,
    /// The algorithm of its key.
    pub algorithm: Algorithm,
    /// The size of its key in bits; 0 when unknown.
    pub key_bits: u32,
    /// What its key may be used for.
    pub usage: Usage,
    /// Its validity.
    pub validity: Validity,
    /// When it was issued, in seconds since the Unix epoch, where the source says so; else notBefore counts.
    pub issued_at: Option<i64>,
    /// The organisation, where the column holds the form of an id. Whether there is one of that id is not known here.
    pub org: Option<OrgId>,
    /// The column of the organisation as given, when it does not have the form of an id.
    pub org_text: Option<String>,
    /// The region of GB/T 2260, for rules files.
    pub region: Option<RegionCode>,
    /// The unit (organizationalUnitName), for rules files.
    pub unit_name: Option<String>,
    /// The kind of its holder.
    pub holder_kind: Option<HolderKind>,
    /// Who the holder is, as [`hufu_model::holder::Holder::identity`] writes it; never logged.
    pub identity: Option<String>,
    /// What its key lives in.
    pub medium: Option<Medium>,
    /// What the two halves of a pair have in common.
    pub pair_id: Option<String>,
    /// When it was revoked or suspended, in seconds since the Unix epoch, and why.
    pub revoked: Option<(i64, RevocationReason)>,
    /// SM3 of its DER; none for a row of a list.
    pub digest: Option<Digest>,
    /// Whether its signature was verified with its issuer's certificate.
    pub verified: Verified,
    /// Stable codes of what is odd about it though it is read, `legacy.not-strict-der`: for the findings of a dry run.
    pub remarks: Vec<&'static str>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("position", &self.position)
            .field("place", &self.place)
            .field("serial", &hex(&self.serial))
            .field("algorithm", &self.algorithm)
            .field("validity", &self.validity)
            .field("org", &self.org)
            .field("revoked", &self.revoked)
            .field("verified", &self.verified)
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}

/// Whether a certificate's signature was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verified {
    /// It verifies with the key of its issuer's certificate, which was given.
    Verified,
    /// It does not, or it could not be tried; the stable code says why. No reason to leave it out: it is counted as far
    /// as it can be read.
    NotVerified(&'static str),
}

impl Verified {
    /// Whether it was.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::Verified)
    }
}

/// What could not be read, or not be believed. One fault is one certificate less; the others are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFault {
    /// As [`Entry::position`].
    pub position: u64,
    /// As [`Entry::place`].
    pub place: String,
    /// The stable code, `legacy.differs`.
    pub code: &'static str,
    /// What is wrong, for people; it names columns and rules, never an identity number.
    pub text: String,
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl std::error::Error for SourceFault {}
