//! What entry operators hand in together, and what approvers decide about it.

use hufu_model::ident::{Digest, OperatorId, OrgId};

use super::codec::{Fields, Form, Writer};
use super::request::ordered;
use crate::error;

/// Room for some 200,000 records in one manifest.
const MAX_LIST: usize = 8 * 1024 * 1024;

const MANIFEST: Form = Form { kind: "hufu-manifest", max: MAX_LIST };
const APPROVAL: Form = Form { kind: "hufu-approval", max: MAX_LIST };

/// What a manifest hands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManifestKind {
    /// Requests for certificates.
    Submit,
    /// Requests to suspend, resume or revoke certificates.
    Status,
}

impl ManifestKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Submit, Self::Status];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Status => "status",
        }
    }
}

hufu_model::code_enum!(ManifestKind, "manifest kind", "submit or status");

/// The request records an entry operator signs with one signature, in order.
///
/// ```asn1
/// Manifest ::= SEQUENCE {
///     kind      UTF8String ("hufu-manifest"),
///     version   INTEGER (1),
///     purpose   Code,
///     org       Text,
///     operator  Text,
///     at        Seconds,
///     nonce     Nonce,
///     records   SEQUENCE OF Digest }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What it hands in.
    pub kind: ManifestKind,
    /// The entry operator's organisation.
    pub org: OrgId,
    /// The entry operator.
    pub operator: OperatorId,
    /// When it was made, in seconds since the epoch.
    pub at: i64,
    /// Fresh random octets.
    pub nonce: [u8; 16],
    /// SM3 of each request record; a request is named by its position in this list, from 0.
    pub records: Vec<Digest>,
}

impl Manifest {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(MANIFEST, 192 + 34 * self.records.len());
        w.text(self.kind.code());
        w.text(self.org.as_str());
        w.text(self.operator.as_str());
        w.integer(self.at);
        w.octets(&self.nonce);
        w.list(&self.records, |w, digest| w.digest(digest));
        w.finish()
    }

    /// Reads a record: canonical DER of at most 8 MiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> error::Result<Self> {
        let mut f = Fields::open(der, MANIFEST)?;
        let record = Self {
            kind: f.parsed("no purpose")?,
            org: f.parsed("no organisation")?,
            operator: f.parsed("no operator")?,
            at: f.integer("no time")?,
            nonce: f.octets("no nonce")?,
            records: f.list("no records", |f| f.digest("no digest"))?,
        };
        f.finish()?;
        Ok(record)
    }
}

/// What an approver decides about requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// They may be issued.
    Approve,
    /// They are refused for good.
    Reject,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 2] = [Self::Approve, Self::Reject];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

hufu_model::code_enum!(Decision, "decision", "approve or reject");

/// A decision about the requests of one manifest, but for the excepted ones.
///
/// ```asn1
/// Approval ::= SEQUENCE {
///     kind      UTF8String ("hufu-approval"),
///     version   INTEGER (1),
///     manifest  Digest,
///     excepted  SEQUENCE OF INTEGER (0..4294967295),  -- ascending
///     orgChain  SEQUENCE OF Text,
///     operator  Text,
///     decision  Code,
///     reason    Text,
///     nonce     Nonce,
///     at        Seconds,
///     expires   Seconds }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// SM3 of the manifest record.
    pub manifest: Digest,
    /// The positions in the manifest it says nothing about; written in ascending order, each once.
    pub excepted: Vec<u32>,
    /// The organisation of the requests and its ancestors, from it up to the CA, as they stood: an organisation moved
    /// since does not carry its approvals along.
    pub org_chain: Vec<OrgId>,
    /// The approver.
    pub operator: OperatorId,
    /// What is decided.
    pub decision: Decision,
    /// Why, in the approver's words; empty when approving.
    pub reason: String,
    /// Fresh random octets.
    pub nonce: [u8; 16],
    /// When it was made, in seconds since the epoch.
    pub at: i64,
    /// The last second in which it may be acted upon, since the epoch.
    pub expires: i64,
}

impl Approval {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(APPROVAL, 256 + self.reason.len() + 5 * self.excepted.len());
        w.digest(&self.manifest);
        w.list(ordered(&self.excepted).iter(), |w, position| w.integer((*position).into()));
        w.list(&self.org_chain, |w, org| w.text(org.as_str()));
        w.text(self.operator.as_str());
        w.text(self.decision.code());
        w.text(&self.reason);
        w.octets(&self.nonce);
        w.integer(self.at);
        w.integer(self.expires);
        w.finish()
    }

    /// Reads a record: canonical DER of at most 8 MiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> error::Result<Self> {
        let mut f = Fields::open(der, APPROVAL)?;
        let record = Self {
            manifest: f.digest("no digest of the manifest")?,
            excepted: f.ascending("no list of excepted rows", |f| f.number("no row"))?,
            org_chain: f.list("no organisations", |f| f.parsed("no organisation"))?,
            operator: f.parsed("no operator")?,
            decision: f.parsed("no decision")?,
            reason: f.text("no reason")?.to_owned(),
            nonce: f.octets("no nonce")?,
            at: f.integer("no time")?,
            expires: f.integer("no expiry")?,
        };
        f.finish()?;
        Ok(record)
    }
}
