//! Certificate revocation lists (证书撤销列表): built for millions of entries, read from anyone.
//!
//! ```asn1
//! -- RFC 5280 §5.1, GB/T 20518-2018 §5.3
//! CertificateList ::= SEQUENCE {
//!     tbsCertList         TBSCertList,
//!     signatureAlgorithm  AlgorithmIdentifier,
//!     signatureValue      BIT STRING }
//! TBSCertList ::= SEQUENCE {
//!     version             INTEGER (1) OPTIONAL,   -- v2
//!     signature           AlgorithmIdentifier,
//!     issuer              Name,
//!     thisUpdate          Time,
//!     nextUpdate          Time OPTIONAL,          -- always there in ours
//!     revokedCertificates SEQUENCE OF SEQUENCE {
//!         userCertificate     INTEGER,
//!         revocationDate      Time,
//!         crlEntryExtensions  Extensions OPTIONAL } OPTIONAL,   -- absent when empty
//!     crlExtensions   [0] EXPLICIT Extensions OPTIONAL }
//! ```
//!
//! | extension (Table C.5) | ours | read |
//! |---|---|---|
//! | authorityKeyIdentifier | always | yes |
//! | cRLNumber | always | yes |
//! | deltaCRLIndicator, critical | delta CRLs | yes |
//! | issuingDistributionPoint, critical | shards | yes, all fields |
//! | freshestCRL | on demand, never in a delta | kept |
//! | reasonCode of an entry | unless unspecified | yes |
//! | certificateIssuer of an entry | never | makes the list unusable: [`Crl::unsupported`] |
//!
//! # Building
//! [`Builder`] takes the entries one by one in the order of their serial numbers and writes each where it stays: what
//! is in memory is the output, once. [`build_tbs`] is the same for an iterator. The octets are signed by the CA's
//! [`crate::sign::Signer`] and put together by [`assemble`], which reuses the memory.
//!
//! # Reading
//! [`Crl::from_der`] looks at every octet once: strict DER, every entry's fields, the order. Afterwards a serial number
//! is found by binary search when the list is sorted, which ours always are. Whether a list may be relied on is decided
//! by [`crate::path::status`].

use std::fmt;

use hufu_model::ident::Serial;

use std::ops::Range;

use crate::certificate::Extension;
use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::name::Name;
use crate::pem;
use crate::signed::{self, Parts};

mod build;
mod entry;
mod point;
mod read;

pub use build::{Builder, CrlInput, assemble, build_tbs};
pub use entry::entry_length;
pub(crate) use entry::{compare, reason};
pub use hufu_model::revocation::RevocationReason as Reason;
pub use point::IssuingPoint;
pub(crate) use point::addresses;

/// The PEM label of a CRL (RFC 7468 §7).
pub const PEM_LABEL: &str = "X509 CRL";

/// The longest CRL that is built or read: 128 MiB, about 2.5 million entries.
pub const MAX_LENGTH: usize = 128 * 1024 * 1024;

/// One entry of a CRL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The serial number of the certificate.
    pub serial: Serial,
    /// When it was revoked or suspended, in seconds since the epoch.
    pub at: i64,
    /// Why, if that is said and RFC 5280 has such a reason. [`Reason::Unspecified`] and none mean the same.
    pub reason: Option<Reason>,
}

/// A CRL, read but not trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    fields: read::Fields,
}

impl Crl {
    /// Reads a CRL from DER; the octets are kept, not copied.
    ///
    /// The signature is not looked at. Version 1 lists, unknown extensions and algorithm identifiers that differ are
    /// read, so that a refusal can be explained.
    ///
    /// # Errors
    /// The errors of [`crate::strict::check_up_to`] with [`MAX_LENGTH`]; [`ErrorKind::NotDer`] for another structure;
    /// [`ErrorKind::Crl`] for an extension that stands twice, a list of entries that is there and empty, a serial
    /// number that is not positive or has more than 20 octets, or a cRLNumber of more than 16 octets.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self> {
        let der = der.into();
        let fields = read::Fields::read(&der)?;
        Ok(Self { der, fields })
    }

    /// Reads one CRL from a file: DER, or PEM with the label `X509 CRL`.
    ///
    /// # Errors
    /// As [`Crl::from_der`] and [`pem::one`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        // Four characters of base64 are three octets; line ends and words around the block take some more.
        if bytes.len() > MAX_LENGTH / 2 * 3 {
            return Err(Error::new(ErrorKind::TooLarge).about(format!("{} octets", bytes.len())));
        }
        Self::from_der(pem::one(bytes, &[PEM_LABEL])?)
    }

    /// The whole CRL.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The CRL as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(PEM_LABEL, &self.der)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        signed::part(&self.der, range)
    }

    /// The version as people count it: 2 for every CRL with extensions.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.fields.version
    }

    /// The issuer, DER of a Name.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.fields.issuer)
    }

    /// The issuer as text, safe for terminals: [`Name::display_der`].
    #[must_use]
    pub fn issuer_text(&self) -> String {
        Name::display_der(self.issuer_der()).unwrap_or_default()
    }

    /// From when on it speaks, in seconds since the epoch.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        self.fields.this_update
    }

    /// When the next one is there at the latest, in seconds since the epoch. GB/T 20518 §5.3.3.5 and RFC 5280 §5.1.2.5
    /// ask for it; some authorities leave it out.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.fields.next_update
    }

    /// cRLNumber, if there is one.
    #[must_use]
    pub fn number(&self) -> Option<u128> {
        self.fields.number
    }

    /// The number of the full CRL that a delta CRL adds to; none for a full CRL.
    #[must_use]
    pub fn delta_base(&self) -> Option<u128> {
        self.fields.delta_base
    }

    /// issuingDistributionPoint: which certificates the list is about. None means all of the issuer's.
    #[must_use]
    pub fn issuing_point(&self) -> Option<&IssuingPoint> {
        self.fields.issuing_point.as_ref()
    }

    /// The keyIdentifier of authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.fields.authority_key_id.as_ref().map(|range| self.part(range))
    }

    /// Every extension of the list in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> + '_ {
        self.fields.extensions.iter().map(|place| Extension {
            oid: self.part(&place.oid),
            critical: place.critical,
            value: self.part(&place.value),
        })
    }

    /// What must not be ignored and is not understood here, with which no certificate may be called good (RFC 5280
    /// §5.2, §5.3): an unknown critical extension of the list or of an entry, or entries about other issuers'
    /// certificates.
    #[must_use]
    pub fn unsupported(&self) -> Option<&str> {
        self.fields.unsupported.as_deref()
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.fields.index.count
    }

    /// Whether the serial numbers ascend strictly, as in every CRL of ours.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.fields.index.sorted
    }

    /// The entries in order, read as they are asked for.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.fields.entries(&self.der).filter_map(|entry| entry.to_owned().ok())
    }

    /// The entry about a serial number. Where a list from elsewhere has several, one that is final wins over
    /// certificateHold.
    #[must_use]
    pub fn find(&self, serial: &Serial) -> Option<Entry> {
        self.fields.find(&self.der, serial.as_bytes())?.to_owned().ok()
    }

    /// The octets that are signed: TBSCertList with tag and length.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.part(&self.fields.tbs)
    }

    /// The octets of signatureValue: of an SM2 signature, DER of SEQUENCE { r, s }.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        self.part(&self.fields.signature)
    }

    /// Checks the signature with the issuer's key and the default ID.
    ///
    /// # Errors
    /// [`ErrorKind::Algorithm`] unless both algorithm identifiers are the same and SM2-with-SM3;
    /// [`ErrorKind::SignatureForm`], [`ErrorKind::Signature`].
    pub fn verify_signed_by(&self, issuer: &PublicKey) -> Result<()> {
        self.parts().verify(issuer)
    }

    /// What a verification needs.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            tbs: self.tbs_der(),
            inner: Some(self.part(&self.fields.inner_algorithm)),
            outer: self.part(&self.fields.outer_algorithm),
            outer_at: self.fields.outer_algorithm.start,
            signature: self.signature_value(),
            signature_at: self.fields.signature.start,
        }
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Crl");
        out.field("issuer", &self.issuer_text()).field("number", &self.number());
        out.field("entries", &self.count()).finish_non_exhaustive()
    }
}

/// A field whose form is right and whose meaning is not.
fn meaning(offset: usize, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Crl).about(what).at(offset)
}

#[cfg(test)]
mod tests;
