//! The online certificate status protocol (RFC 6960): whether one certificate is revoked, asked and answered.
//!
//! ```asn1
//! OCSPRequest ::= SEQUENCE {
//!     tbsRequest             SEQUENCE {
//!         version            [0] EXPLICIT INTEGER DEFAULT 0,
//!         requestorName      [1] EXPLICIT GeneralName OPTIONAL,
//!         requestList            SEQUENCE OF SEQUENCE {
//!             reqCert                  CertID,
//!             singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL },
//!         requestExtensions  [2] EXPLICIT Extensions OPTIONAL },
//!     optionalSignature  [0] EXPLICIT ANY OPTIONAL }
//! CertID ::= SEQUENCE {
//!     hashAlgorithm   AlgorithmIdentifier,      -- SHA-1, SHA-256 or SM3
//!     issuerNameHash  OCTET STRING,             -- of the issuer's Name, DER
//!     issuerKeyHash   OCTET STRING,             -- of the content of the key's BIT STRING
//!     serialNumber    INTEGER }
//! OCSPResponse ::= SEQUENCE {
//!     responseStatus  ENUMERATED,               -- 0, or why there is no answer
//!     responseBytes   [0] EXPLICIT SEQUENCE {
//!         responseType    OBJECT IDENTIFIER,    -- id-pkix-ocsp-basic
//!         response        OCTET STRING } OPTIONAL }   -- DER of BasicOCSPResponse
//! BasicOCSPResponse ::= SEQUENCE {
//!     tbsResponseData     SEQUENCE {
//!         version             [0] EXPLICIT INTEGER DEFAULT 0,
//!         responderID         CHOICE { byName [1] EXPLICIT Name, byKey [2] EXPLICIT OCTET STRING },
//!         producedAt          GeneralizedTime,
//!         responses           SEQUENCE OF SEQUENCE {
//!             certID              CertID,
//!             certStatus          CHOICE {
//!                 good    [0] IMPLICIT NULL,
//!                 revoked [1] IMPLICIT SEQUENCE { GeneralizedTime, [0] EXPLICIT CRLReason OPTIONAL },
//!                 unknown [2] IMPLICIT NULL },
//!             thisUpdate          GeneralizedTime,
//!             nextUpdate      [0] EXPLICIT GeneralizedTime OPTIONAL,
//!             singleExtensions [1] EXPLICIT Extensions OPTIONAL },
//!         responseExtensions  [1] EXPLICIT Extensions OPTIONAL },
//!     signatureAlgorithm  AlgorithmIdentifier,
//!     signature           BIT STRING,
//!     certs           [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
//! ```
//!
//! # Answering
//! [`Request::from_der`] reads what anyone may send: at most 64 KiB, at most [`MAX_REQUESTS`] questions. What cannot be
//! read is answered with [`ErrorStatus::MalformedRequest`]. [`Issuer::is_meant_by`] says whether a question is about a
//! certificate of this CA, whichever of the three digests the client used. [`build_tbs`] makes the octets that the key
//! of the responder's certificate signs, [`assemble`] puts the answer together; [`respond`] does both.
//!
//! The responder's certificate is delegated: issued by the CA itself, with the key purpose OCSPSigning; the CA's own key
//! does not answer. An answer names the responder by its key (SHA-1, as RFC 6960 §4.2.1 fixes it).
//!
//! # Asking
//! [`build_request`] makes a request, [`Response::from_der`] reads the answer, [`Response::verify`] checks that it was
//! signed by somebody who may. [`crate::path::status`] weighs answers and revocation lists together and says what is
//! wrong with them.

use std::fmt;

use crate::crl::Reason;
use crate::digest::{sha1, sm3};
use crate::error::{Error, ErrorKind};
use crate::oid::{self, Oid};
use crate::tlv::{put, tag};

mod build;
mod id;
mod request;
mod response;

#[cfg(test)]
pub(crate) use build::wrap;
pub use build::{Answer, assemble, build_tbs, respond};
pub use id::{CertId, Issuer};
pub use request::{Request, build_request};
pub(crate) use response::may_answer;
pub use response::{ResponderId, Response, Single};

/// The PEM label of an answer, as OpenSSL writes it.
pub const PEM_LABEL: &str = "OCSP RESPONSE";

/// The most questions in one request.
pub const MAX_REQUESTS: usize = 100;

/// The longest answer that is read: 256 KiB.
pub const MAX_RESPONSE: usize = 256 * 1024;

/// The longest nonce (RFC 9654 §2.1); the shortest has one octet. A request with another one is malformed.
pub const MAX_NONCE: usize = 128;

/// How a question names the issuer of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1. It only names, and nothing rests on its collision resistance; every client knows it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl Hash {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sm3];

    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> Oid {
        match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha256 => oid::SHA256,
            Self::Sm3 => oid::SM3,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }

    /// The digest of `data`.
    #[must_use]
    pub fn of(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1(data).to_vec(),
            Self::Sha256 => <sha2::Sha256 as sha2::Digest>::digest(data).to_vec(),
            Self::Sm3 => sm3(data).0.to_vec(),
        }
    }
}

/// What is answered about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not revoked. A responder says this only of certificates that were issued.
    Good,
    /// Revoked, or suspended when the reason is certificateHold.
    Revoked {
        /// When, in seconds since the epoch.
        at: i64,
        /// Why, if that is said.
        reason: Option<Reason>,
    },
    /// The responder does not know this certificate.
    Unknown,
}

/// Why there is no answer (RFC 6960 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorStatus {
    /// 1: the request cannot be read.
    MalformedRequest,
    /// 2: the responder has an internal fault.
    InternalError,
    /// 3: the responder cannot answer now.
    TryLater,
    /// 5: the request must be signed.
    SignatureRequired,
    /// 6: the responder does not answer this client, or about this CA.
    Unauthorized,
}

impl ErrorStatus {
    /// Every one, by number.
    pub const ALL: [Self; 5] =
        [Self::MalformedRequest, Self::InternalError, Self::TryLater, Self::SignatureRequired, Self::Unauthorized];

    /// The value of the ENUMERATED.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::SignatureRequired => 5,
            Self::Unauthorized => 6,
        }
    }

    /// The name as in RFC 6960.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SignatureRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// The whole response in DER: five octets, and nobody signs them.
    #[must_use]
    pub fn response(self) -> Vec<u8> {
        let mut content = Vec::with_capacity(3);
        put(&mut content, tag::ENUMERATED, &[self.number()]);
        crate::tlv::element(tag::SEQUENCE, &content)
    }
}

impl fmt::Display for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A field whose form is right and whose meaning is not.
fn meaning(offset: usize, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Ocsp).about(what).at(offset)
}

/// Whether a nonce has a length that RFC 9654 allows.
pub(crate) fn is_nonce(nonce: &[u8]) -> bool {
    (1..=MAX_NONCE).contains(&nonce.len())
}

#[cfg(test)]
mod tests;
