//! Certificates of other authorities and other algorithms, and a second reader for our own.
//!
//! | for | start at |
//! |---|---|
//! | reading a certificate we just signed with a reader that shares no code with ours | [`reread`] |
//! | what an inventory has to know of a certificate of any age and algorithm | [`read`], [`read_der`] |
//! | whether its issuer signed it | [`Issuers`] |
//! | the certificates of a file: PEM with anything between, DER, P7B | [`Members`] |
//! | making RSA and ECDSA certificates for demonstrations and tests | [`LegacyAuthority`] |
//!
//! Reading is patient where reading our own is strict: an inventory counts what was issued, and what was issued is odd.
//! Version 1, serial numbers that are negative, zero or of 27 octets, dead string types and lengths that DER forbids are
//! read; what is odd about a certificate stands in [`Legacy::remarks`]. What is refused cannot be counted: no X.509
//! certificate at all, or one that ends before it begins.

use hufu_model::certificate::Algorithm;
use hufu_model::ident::Serial;
use hufu_model::legacy::Usage;
use hufu_model::time::Validity;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::digest::{Digest, sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::{certificate, oid, pem, strict};

mod ber;
mod key;
mod make;
mod members;
mod name;
mod verify;

pub use make::{IssueParams, LegacyAuthority, POOL};
pub use members::{MAX_BINARY, MemberFault, Members, from_text};
pub use verify::{Issuers, Unverified};

/// What the second reader saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The serial number.
    pub serial: Serial,
    /// The validity period.
    pub validity: Validity,
    /// The issuer, DER of a Name.
    pub issuer_der: Vec<u8>,
    /// The subject, DER of a Name.
    pub subject_der: Vec<u8>,
    /// The SubjectPublicKeyInfo in DER.
    pub spki_der: Vec<u8>,
}

/// Reads a certificate with x509-parser.
///
/// # Errors
/// [`ErrorKind::Legacy`] when it cannot, when octets are left over, or when the serial number or the validity are none
/// of ours.
pub fn reread(der: &[u8]) -> Result<Reread> {
    let parsed = parse(der)?;
    let serial = Serial::from_bytes(magnitude(parsed.raw_serial())).map_err(|e| unreadable(e.to_string()))?;
    Ok(Reread {
        serial,
        validity: validity(&parsed)?,
        issuer_der: parsed.issuer().as_raw().to_vec(),
        subject_der: parsed.subject().as_raw().to_vec(),
        spki_der: parsed.public_key().raw.to_vec(),
    })
}

/// A certificate of any algorithm, as far as an inventory looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy {
    /// The version as people say it: 1, 2 or 3.
    pub version: u32,
    /// The algorithm of the subject's key.
    pub algorithm: Algorithm,
    /// The key's algorithm and, on a named curve, the curve, as dotted identifiers:
    /// `1.2.840.10045.2.1 1.2.840.10045.3.1.7`.
    pub key_algorithm: String,
    /// The size of the key in bits; 0 when unknown.
    pub key_bits: u32,
    /// The algorithm of the issuer's signature, a dotted identifier.
    pub signature_algorithm: String,
    /// The content octets of serialNumber as they stand there; foreign numbers may be negative, zero or long.
    pub serial: Vec<u8>,
    /// The subject as text, safe for terminals: [`Name::display_der`](crate::name::Name::display_der).
    pub subject: String,
    /// The issuer as text.
    pub issuer: String,
    /// The last organizationalUnitName of the subject.
    pub unit: Option<String>,
    /// The validity period.
    pub validity: Validity,
    /// What the key may be used for; [`Usage::Any`] without the extension keyUsage.
    pub usage: Usage,
    /// SM3 of the whole certificate, by which it is found again.
    pub digest: Digest,
    /// What is odd about it, though it is read.
    pub remarks: Vec<Remark>,
}

/// What is odd about a certificate that is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// Its encoding is not strict DER (X.690 §10): another program may read or find it differently.
    NotStrict,
    /// Its serial number is negative, zero or longer than 20 octets (RFC 5280 §4.1.2.2).
    OddSerial,
}

impl Remark {
    /// Every remark.
    pub const ALL: [Self; 2] = [Self::NotStrict, Self::OddSerial];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotStrict => "legacy.not-strict-der",
            Self::OddSerial => "legacy.odd-serial",
        }
    }
}

/// Reads a certificate of any algorithm: DER, or PEM with the label `CERTIFICATE`. Its signature is not checked.
///
/// # Errors
/// The errors of [`pem::one`] and [`read_der`].
pub fn read(bytes: &[u8]) -> Result<Legacy> {
    read_der(&pem::one(bytes, &[certificate::PEM_LABEL])?)
}

/// Reads a certificate of any algorithm in DER. Its signature is not checked.
///
/// # Errors
/// [`ErrorKind::TooLarge`], [`ErrorKind::TooDeep`]; [`ErrorKind::Legacy`] when it is no X.509 certificate;
/// [`ErrorKind::Expiry`] when it ends before it begins.
pub fn read_der(der: &[u8]) -> Result<Legacy> {
    let (strict, parsed) = checked(der)?;
    describe(der, strict, &parsed)
}

/// Reads a certificate of any algorithm in DER, and says whether one of `issuers` signed it.
///
/// # Errors
/// As [`read_der`]. A signature that does not verify is none: it is the second part of the result.
pub fn read_verified(der: &[u8], issuers: &Issuers) -> Result<(Legacy, std::result::Result<(), Unverified>)> {
    let (strict, parsed) = checked(der)?;
    let legacy = describe(der, strict, &parsed)?;
    let verified = issuers.verify(&legacy.issuer, &parsed);
    Ok((legacy, verified))
}

/// The parsed certificate, and whether its encoding is strict DER. The bounds on size and depth hold for it either way.
fn checked(der: &[u8]) -> Result<(bool, X509Certificate<'_>)> {
    let strict = match strict::check(der) {
        Ok(()) => true,
        Err(e) if *e.kind() == ErrorKind::NotDer => false,
        Err(e) => return Err(e),
    };
    Ok((strict, parse(der)?))
}

fn describe(der: &[u8], strict: bool, parsed: &X509Certificate<'_>) -> Result<Legacy> {
    let key = key::describe(parsed.public_key());
    let serial = parsed.raw_serial();
    let mut remarks = Vec::new();
    if !strict {
        remarks.push(Remark::NotStrict);
    }
    if Serial::from_bytes(magnitude(serial)).is_err() || serial.first().is_none_or(|b| *b >= 0x80) {
        remarks.push(Remark::OddSerial);
    }
    Ok(Legacy {
        version: parsed.version().0.saturating_add(1),
        algorithm: key.algorithm,
        key_algorithm: key.identifiers,
        key_bits: key.bits,
        signature_algorithm: oid::dotted(parsed.signature_algorithm.algorithm.as_bytes()),
        serial: serial.to_vec(),
        subject: name::display(parsed.subject())?,
        issuer: name::display(parsed.issuer())?,
        unit: name::unit(parsed.subject()),
        validity: validity(parsed)?,
        usage: usage(parsed),
        digest: sm3(der),
        remarks,
    })
}

fn usage(parsed: &X509Certificate<'_>) -> Usage {
    let Ok(Some(usage)) = parsed.key_usage() else { return Usage::Any };
    let usage = usage.value;
    let signs = usage.digital_signature() || usage.non_repudiation() || usage.key_cert_sign() || usage.crl_sign();
    let encrypts = usage.key_encipherment() || usage.data_encipherment() || usage.key_agreement();
    match (signs, encrypts) {
        (true, false) => Usage::Sign,
        (false, true) => Usage::Encrypt,
        _ => Usage::Any,
    }
}

fn unreadable(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Legacy).about(what)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) => Err(unreadable("octets are left over")),
        Err(_) => Err(unreadable("x509-parser refuses its structure")),
    }
}

fn validity(parsed: &X509Certificate<'_>) -> Result<Validity> {
    let period = parsed.validity();
    let (first, last) = (period.not_before.timestamp(), period.not_after.timestamp());
    if last < first {
        return Err(Error::new(ErrorKind::Expiry));
    }
    Validity::new(first, last).map_err(|e| unreadable(e.to_string()))
}

/// An INTEGER's content without the octet that only keeps it positive.
fn magnitude(content: &[u8]) -> &[u8] {
    match content {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => content,
    }
}

#[cfg(test)]
mod tests;
