//! Certificates of other algorithms, and a second reader for our own.
//!
//! * [`reread`]: x509-parser, which shares no code with [`crate::certificate`] and [`crate::tbs`], reads a certificate
//!   that was just signed. If two readers disagree about it, it is not stored.
//! * [`read`]: what the migration has to know of an RSA or ECDSA certificate that is to be replaced.
//! * [`LegacyAuthority`]: makes such certificates for demonstrations and tests. It signs with ECDSA on P-256, the one
//!   algorithm that the library behind it can generate keys for; RSA certificates come from files.

use hufu_model::certificate::Algorithm;
use hufu_model::ident::Serial;
use hufu_model::profile::NameAttribute;
use hufu_model::time::Validity;
use rcgen::string::{Ia5String, PrintableString};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as ParsedKey;

use crate::digest::{Digest, sm3};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Name, attribute_oid};
use crate::oid::{self, Oid};
use crate::{certificate, pem, strict};

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

/// A certificate of any algorithm, as far as the migration looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy {
    /// The algorithm of the subject's key; none for one that is neither RSA nor on an elliptic curve with points.
    pub algorithm: Option<Algorithm>,
    /// The key's algorithm and, on a curve, the curve, as dotted identifiers: `1.2.840.10045.2.1 1.2.840.10045.3.1.7`.
    pub key_algorithm: String,
    /// The size of the key in bits; 0 when unknown.
    pub key_bits: u32,
    /// The algorithm of the issuer's signature, a dotted identifier.
    pub signature_algorithm: String,
    /// The content octets of serialNumber as they stand there; foreign numbers may be negative, zero or long.
    pub serial: Vec<u8>,
    /// The subject as text, safe for terminals: [`Name::display_der`].
    pub subject: String,
    /// The issuer as text.
    pub issuer: String,
    /// The validity period.
    pub validity: Validity,
    /// SM3 of the whole certificate, by which it is found again.
    pub digest: Digest,
}

/// Reads a certificate of any algorithm: DER, or PEM with the label `CERTIFICATE`. Its signature is not checked.
///
/// # Errors
/// The errors of [`pem::one`] and [`strict::check`]; [`ErrorKind::Legacy`] when it is no X.509 certificate.
pub fn read(bytes: &[u8]) -> Result<Legacy> {
    let der = pem::one(bytes, &[certificate::PEM_LABEL])?;
    strict::check(&der)?;
    let parsed = parse(&der)?;
    let spki = parsed.public_key();
    let kind = oid::dotted(spki.algorithm.algorithm.as_bytes());
    let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|o| oid::dotted(o.as_bytes()));
    let algorithm = match (spki.algorithm.algorithm.as_bytes(), curve.as_deref()) {
        (id, _) if id == oid::RSA.as_bytes() => Some(Algorithm::Rsa),
        // Old OpenSSL wrote the curve's own identifier as the algorithm.
        (id, _) if id == oid::SM2_CURVE.as_bytes() => Some(Algorithm::Sm2),
        (id, Some(curve)) if id == oid::EC_PUBLIC_KEY.as_bytes() && curve == oid::SM2_CURVE.to_string() => {
            Some(Algorithm::Sm2)
        }
        (id, _) if id == oid::EC_PUBLIC_KEY.as_bytes() => Some(Algorithm::Ecdsa),
        _ => None,
    };
    let key_algorithm = match &curve {
        Some(curve) => format!("{kind} {curve}"),
        None => kind,
    };
    Ok(Legacy {
        algorithm,
        key_algorithm,
        key_bits: key_bits(spki.parsed().ok().as_ref(), curve.as_deref()),
        signature_algorithm: oid::dotted(parsed.signature_algorithm.algorithm.as_bytes()),
        serial: parsed.raw_serial().to_vec(),
        subject: Name::display_der(parsed.subject().as_raw())?,
        issuer: Name::display_der(parsed.issuer().as_raw())?,
        validity: validity(&parsed)?,
        digest: sm3(&der),
    })
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
    Validity::new(period.not_before.timestamp(), period.not_after.timestamp()).map_err(|e| unreadable(e.to_string()))
}

/// An INTEGER's content without the octet that only keeps it positive.
fn magnitude(content: &[u8]) -> &[u8] {
    match content {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => content,
    }
}

fn key_bits(key: Option<&ParsedKey<'_>>, curve: Option<&str>) -> u32 {
    match key {
        Some(ParsedKey::RSA(rsa)) => {
            let first = rsa.modulus.iter().position(|b| *b != 0).unwrap_or(rsa.modulus.len());
            let significant = rsa.modulus.get(first..).unwrap_or_default();
            let octets = u32::try_from(significant.len()).unwrap_or_default();
            octets.saturating_mul(8).saturating_sub(significant.first().map_or(0, |b| b.leading_zeros()))
        }
        // secp521r1, whose coordinates fill 66 octets.
        Some(ParsedKey::EC(_)) if curve == Some("1.3.132.0.35") => 521,
        Some(key) => u32::try_from(key.key_size()).unwrap_or_default(),
        None => 0,
    }
}

/// A make-believe authority that issues ECDSA certificates, for demonstrations and tests of the migration.
///
/// Its keys come from the random generator of the operating system and are forgotten: nothing of it may be relied on.
pub struct LegacyAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl LegacyAuthority {
    /// A self-signed authority.
    ///
    /// # Errors
    /// [`ErrorKind::Legacy`] when a key cannot be made or a field cannot be written.
    pub fn new(subject: &Name, serial: &Serial, validity: Validity) -> Result<Self> {
        let mut params = parameters(subject, serial, validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(|e| unreadable(e.to_string()))?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(|e| unreadable(e.to_string()))?;
        Ok(Self { issuer })
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.issuer.der()
    }

    /// Issues a certificate for a fresh key that nobody keeps.
    ///
    /// # Errors
    /// As [`LegacyAuthority::new`].
    pub fn issue(&self, subject: &Name, serial: &Serial, validity: Validity) -> Result<Vec<u8>> {
        let mut params = parameters(subject, serial, validity)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|e| unreadable(e.to_string()))?;
        let issued = params.signed_by(&key, &self.issuer).map_err(|e| unreadable(e.to_string()))?;
        Ok(issued.der().to_vec())
    }
}

fn parameters(subject: &Name, serial: &Serial, validity: Validity) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (attribute, value) in subject.parts() {
        let value = match attribute {
            NameAttribute::Country | NameAttribute::SerialNumber => {
                PrintableString::try_from(value.as_str()).map(DnValue::PrintableString)
            }
            NameAttribute::Email => Ia5String::try_from(value.as_str()).map(DnValue::Ia5String),
            _ => Ok(DnValue::Utf8String(value.clone())),
        };
        let value = value.map_err(|e| unreadable(e.to_string()))?;
        params.distinguished_name.push(DnType::from_oid(&arcs(attribute_oid(*attribute))), value);
    }
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|e| unreadable(e.to_string()));
    params.not_before = at(validity.not_before())?;
    params.not_after = at(validity.not_after())?;
    params.serial_number = Some(serial.as_bytes().to_vec().into());
    Ok(params)
}

fn arcs(oid: Oid) -> Vec<u64> {
    oid.to_string().split('.').filter_map(|arc| arc.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::certificate::Certificate;

    fn made() -> (LegacyAuthority, Vec<u8>) {
        let validity = Validity::new(1_500_000_000, 2_600_000_000).unwrap();
        let name = |cn: &str| {
            Name::new(vec![
                (NameAttribute::Country, "CN".to_owned()),
                (NameAttribute::Organisation, "示例公司".to_owned()),
                (NameAttribute::CommonName, cn.to_owned()),
                (NameAttribute::SerialNumber, "A-1".to_owned()),
                (NameAttribute::Email, "a@example.cn".to_owned()),
            ])
            .unwrap()
        };
        let authority = LegacyAuthority::new(&name("旧 CA"), &"0102".parse().unwrap(), validity).unwrap();
        let issued = authority.issue(&name("张三"), &"ff01".parse().unwrap(), validity).unwrap();
        (authority, issued)
    }

    #[test]
    fn what_the_make_believe_authority_issues_is_read_in_three_ways() {
        let (authority, der) = made();
        let legacy = read(&der).unwrap();
        assert_eq!(legacy.algorithm, Some(Algorithm::Ecdsa));
        assert_eq!((legacy.key_bits, legacy.serial.as_slice()), (256, &[0, 0xff, 1][..]));
        assert_eq!(legacy.key_algorithm, "1.2.840.10045.2.1 1.2.840.10045.3.1.7");
        assert_eq!(legacy.signature_algorithm, "1.2.840.10045.4.3.2");
        assert_eq!(legacy.subject, "C=CN,O=示例公司,CN=张三,serialNumber=A-1,emailAddress=a@example.cn");
        assert!(legacy.issuer.contains("CN=旧 CA"), "{}", legacy.issuer);
        assert_eq!(legacy.validity.not_after(), 2_600_000_000);

        let second = reread(&der).unwrap();
        assert_eq!((second.serial.to_string().as_str(), second.validity), ("ff01", legacy.validity));

        let ours = Certificate::from_der(&der).unwrap();
        assert_eq!((ours.serial(), ours.validity()), (&second.serial, second.validity));
        assert_eq!((ours.subject_der(), ours.issuer_der()), (&second.subject_der[..], &second.issuer_der[..]));
        assert_eq!(ours.spki_der(), second.spki_der);
        assert_eq!(ours.public_key().unwrap_err().kind(), &ErrorKind::KeyCurve);
        let root = Certificate::from_der(authority.der()).unwrap();
        assert!(root.basic_constraints().unwrap().unwrap().ca);
        assert_eq!(ours.authority_key_id().unwrap(), root.subject_key_id().unwrap());
        assert!(!ours.is_signed_with_sm2() && ours.algorithms_agree());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let (_, der) = made();
        assert_eq!(read(b"").unwrap_err().kind().code(), "x509.not-der");
        assert_eq!(read(&[0x30, 0]).unwrap_err().kind(), &ErrorKind::Legacy);
        assert_eq!(reread(&[&der[..], &[0]].concat()).unwrap_err().kind(), &ErrorKind::Legacy);
    }
}
