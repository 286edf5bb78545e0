//! Changes to the hierarchy, and the second person's consent.

use hufu_model::ident::{Digest, OperatorId, OrgId};

use super::codec::{Fields, Form, Writer};
use crate::error::Result;

/// A profile's whole text is a field of an act.
const ACT: Form = Form { kind: "hufu-act", max: 1024 * 1024 };
const COUNTERSIGN: Form = Form { kind: "hufu-countersign", max: 64 * 1024 };

/// A change an administrator makes or proposes.
///
/// ```asn1
/// Act ::= SEQUENCE {
///     kind      UTF8String ("hufu-act"),
///     version   INTEGER (1),
///     act       Text,
///     object    Text,
///     fields    Fields,
///     ca        Digest,
///     org       Text,
///     operator  Text,
///     nonce     Nonce,
///     at        Seconds,
///     expires   Seconds }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What is done: the code of an event kind, e.g. `org-move`.
    pub kind: String,
    /// What it is done to: the id of an organisation, operator or profile.
    pub object: String,
    /// What it becomes, field by field.
    pub fields: Vec<(String, String)>,
    /// The authority it is for: SM3 of its issuing CA's SubjectPublicKeyInfo.
    pub ca: Digest,
    /// The administrator's organisation.
    pub org: OrgId,
    /// The administrator.
    pub operator: OperatorId,
    /// Fresh random octets.
    pub nonce: [u8; 16],
    /// When it was made, in seconds since the epoch.
    pub at: i64,
    /// The last second in which it may be acted upon, since the epoch.
    pub expires: i64,
}

impl Act {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(ACT, 1024);
        w.text(&self.kind);
        w.text(&self.object);
        w.fields(&self.fields);
        w.digest(&self.ca);
        w.text(self.org.as_str());
        w.text(self.operator.as_str());
        w.octets(&self.nonce);
        w.integer(self.at);
        w.integer(self.expires);
        w.finish()
    }

    /// Reads a record: canonical DER of at most 1 MiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut f = Fields::open(der, ACT)?;
        let record = Self {
            kind: f.text("no act")?.to_owned(),
            object: f.text("no object")?.to_owned(),
            fields: f.fields("no fields")?,
            ca: f.digest("no digest of the CA")?,
            org: f.parsed("no organisation")?,
            operator: f.parsed("no operator")?,
            nonce: f.octets("no nonce")?,
            at: f.integer("no time")?,
            expires: f.integer("no expiry")?,
        };
        f.finish()?;
        Ok(record)
    }
}

/// The consent of a second person to an act.
///
/// ```asn1
/// Countersign ::= SEQUENCE {
///     kind      UTF8String ("hufu-countersign"),
///     version   INTEGER (1),
///     act       Digest,
///     operator  Text,
///     nonce     Nonce,
///     at        Seconds,
///     expires   Seconds }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersign {
    /// SM3 of the act's record.
    pub act: Digest,
    /// The second person.
    pub operator: OperatorId,
    /// Fresh random octets.
    pub nonce: [u8; 16],
    /// When it was made, in seconds since the epoch.
    pub at: i64,
    /// The last second in which it may be acted upon, since the epoch.
    pub expires: i64,
}

impl Countersign {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(COUNTERSIGN, 160);
        w.digest(&self.act);
        w.text(self.operator.as_str());
        w.octets(&self.nonce);
        w.integer(self.at);
        w.integer(self.expires);
        w.finish()
    }

    /// Reads a record: canonical DER of at most 64 KiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut f = Fields::open(der, COUNTERSIGN)?;
        let record = Self {
            act: f.digest("no digest of the act")?,
            operator: f.parsed("no operator")?,
            nonce: f.octets("no nonce")?,
            at: f.integer("no time")?,
            expires: f.integer("no expiry")?,
        };
        f.finish()?;
        Ok(record)
    }
}
