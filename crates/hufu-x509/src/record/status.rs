//! A change of a certificate's status, as it is asked for.

use hufu_model::ident::{Digest, OrgId, RequestId, Serial};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;

use super::codec::{Fields, Form, Writer, refusal};
use crate::error::Result;
use crate::tlv::tag;

const FORM: Form = Form { kind: "hufu-status", max: 16 * 1024 };

/// The request to suspend, resume or revoke a certificate, as the entry operator signs it and the approver approves it.
/// Manifests list it beside request records.
///
/// ```asn1
/// StatusRecord ::= SEQUENCE {
///     kind          UTF8String ("hufu-status"),
///     version       INTEGER (1),
///     request       Text,
///     ca            Digest,
///     org           Text,
///     action        Code,
///     serial        INTEGER,
///     reason        Code,
///     emergency     BOOLEAN,
///     invalidSince  [0] IMPLICIT SEQUENCE { at Seconds } OPTIONAL,
///     note          Text,
///     nonce         Nonce,
///     expires       Seconds }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRecord {
    /// The request.
    pub request: RequestId,
    /// The issuing CA it is for: SM3 of its SubjectPublicKeyInfo.
    pub ca: Digest,
    /// The organisation whose certificate it is.
    pub org: OrgId,
    /// What is asked for: suspend, resume or revoke.
    pub action: Action,
    /// The certificate.
    pub serial: Serial,
    /// Why. A suspension says `certificateHold`, its end `removeFromCRL`.
    pub reason: RevocationReason,
    /// Whether a suspension takes effect without a second person.
    pub emergency: bool,
    /// From which second on the certificate should not have been relied upon, where that is known and earlier than the
    /// revocation: invalidityDate (RFC 5280 §5.3.2), in seconds since the epoch.
    pub invalid_since: Option<i64>,
    /// What the holder or the office says about it.
    pub note: String,
    /// Fresh random octets: no two records are alike, and no digest of one can be guessed.
    pub nonce: [u8; 16],
    /// The last second in which it may be acted upon, since the epoch.
    pub expires: i64,
}

impl StatusRecord {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(FORM, 256);
        w.text(self.request.as_str());
        w.digest(&self.ca);
        w.text(self.org.as_str());
        w.text(self.action.code());
        w.magnitude(tag::INTEGER, self.serial.as_bytes());
        w.text(self.reason.code());
        w.boolean(self.emergency);
        if let Some(at) = self.invalid_since {
            w.nest(tag::constructed(0), |w| w.integer(at));
        }
        w.text(&self.note);
        w.octets(&self.nonce);
        w.integer(self.expires);
        w.finish()
    }

    /// Reads a record: canonical DER of at most 16 KiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut f = Fields::open(der, FORM)?;
        let record = Self {
            request: f.parsed("no request id")?,
            ca: f.digest("no digest of the CA")?,
            org: f.parsed("no organisation")?,
            action: f.parsed("no action")?,
            serial: serial(&mut f)?,
            reason: f.parsed("no reason")?,
            emergency: f.boolean("no emergency flag")?,
            invalid_since: f.within(tag::constructed(0), |f| f.integer("no time"))?,
            note: f.text("no note")?.to_owned(),
            nonce: f.octets("no nonce")?,
            expires: f.integer("no expiry")?,
        };
        f.finish()?;
        Ok(record)
    }
}

fn serial(f: &mut Fields<'_>) -> Result<Serial> {
    match f.magnitude(tag::INTEGER)? {
        Some((at, serial)) => Serial::from_bytes(serial).map_err(|e| refusal(at, &e.to_string())),
        None => Err(refusal(f.offset(), "no serial number")),
    }
}
