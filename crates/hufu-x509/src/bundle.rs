//! Takes a file apart into its objects: one in DER, PEM blocks, base64 in lines, or the certificates and lists of a P7B.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::oid;
use crate::pem;
use crate::tlv::{Fault, Reader, Tlv, tag};

/// How many objects of one file are looked at.
pub const MAX_OBJECTS: usize = 4096;

/// What an object is, by its structure or by the label of its PEM block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A certificate.
    Certificate,
    /// A certification request.
    Request,
    /// A revocation list.
    Crl,
    /// An OCSP answer.
    Answer,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Certificate, Self::Request, Self::Crl, Self::Answer];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Request => "request",
            Self::Crl => "crl",
            Self::Answer => "ocsp-answer",
        }
    }

    fn of_label(label: &str) -> Option<Self> {
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(Self::Certificate),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Self::Request),
            "X509 CRL" => Some(Self::Crl),
            crate::ocsp::PEM_LABEL => Some(Self::Answer),
            _ => None,
        }
    }

    /// What a DER value is by its outermost fields; nothing else is looked at.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        Self::sniff(der).ok().flatten()
    }

    fn sniff(der: &[u8]) -> std::result::Result<Option<Self>, Fault> {
        let mut outer = Reader::new(der).expect(tag::SEQUENCE, "")?.inside();
        if outer.peek() == Some(tag::ENUMERATED) {
            return Ok(Some(Self::Answer));
        }
        let mut r = outer.expect(tag::SEQUENCE, "")?.inside();
        if r.peek() == Some(tag::constructed(0)) {
            return Ok(Some(Self::Certificate));
        }
        let number = r.optional(tag::INTEGER)?;
        let second = r.expect(tag::SEQUENCE, "")?;
        // An AlgorithmIdentifier begins with its OID; a Name, with a SET or nothing.
        if second.inside().peek() != Some(tag::OID) {
            return Ok(number.map(|_| Self::Request));
        }
        r.expect(tag::SEQUENCE, "")?;
        Ok(match (r.peek(), number) {
            (Some(tag::UTC_TIME | tag::GENERALIZED_TIME), _) => Some(Self::Crl),
            (Some(tag::SEQUENCE), Some(_)) => Some(Self::Certificate),
            _ => None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One object of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its octets, not checked in any way.
    pub der: Vec<u8>,
}

/// The objects of a file in order. PEM blocks of other labels, such as keys and parameters, are left out.
///
/// # Errors
/// [`ErrorKind::NotDer`] when there is no object of a known kind; [`ErrorKind::PemForm`] for a damaged PEM block;
/// [`ErrorKind::TooLarge`] for more than [`MAX_OBJECTS`].
pub fn objects(bytes: &[u8]) -> Result<Vec<Object>> {
    if pem::is_der(bytes) {
        return from_der(bytes);
    }
    let mut found = Vec::new();
    let mut other = None;
    for block in pem::blocks(bytes) {
        let (label, der) = block?;
        match Kind::of_label(&label) {
            Some(kind) => found.push(Object { kind, der }),
            None if matches!(label.as_str(), "PKCS7" | "CMS") => found.extend(from_der(&der)?),
            None => other = other.or(Some(label)),
        }
        if found.len() > MAX_OBJECTS {
            return Err(Error::new(ErrorKind::TooLarge).about(format!("more than {MAX_OBJECTS} objects")));
        }
    }
    match other {
        _ if !found.is_empty() => Ok(found),
        Some(label) => {
            Err(Error::new(ErrorKind::NotDer).about(format!("it holds {}, and {WANTED}", pem::shown(&label))))
        }
        // Some authorities publish base64 without its boundary lines.
        None => match pem::read_base64(bytes) {
            Ok(der) if pem::is_der(&der) => from_der(&der),
            _ => Err(Error::new(ErrorKind::NotDer).about("neither a PEM block nor a DER SEQUENCE").at(0)),
        },
    }
}

const WANTED: &str = "wanted is a certificate, a request, a revocation list or an OCSP answer";

fn from_der(der: &[u8]) -> Result<Vec<Object>> {
    if let Some(kind) = Kind::of(der) {
        return Ok(vec![Object { kind, der: der.to_vec() }]);
    }
    match signed_data(der) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::new(ErrorKind::NotDer).about(WANTED).at(0)),
    }
}

/// Certificates and lists of a SignedData, of GM/T 0010 or PKCS#7.
fn signed_data(der: &[u8]) -> std::result::Result<Vec<Object>, Fault> {
    let mut info = Reader::new(der).expect(tag::SEQUENCE, "")?.inside();
    let kind = info.expect(tag::OID, "")?;
    if [oid::GM_SIGNED_DATA, oid::PKCS7_SIGNED_DATA].iter().all(|known| known.as_bytes() != kind.value) {
        return Ok(Vec::new());
    }
    let mut r = info.expect(tag::constructed(0), "")?.inside().expect(tag::SEQUENCE, "")?.inside();
    r.expect(tag::INTEGER, "")?;
    r.expect(tag::SET, "")?;
    r.expect(tag::SEQUENCE, "")?;
    let mut found = Vec::new();
    for (n, kind) in [(0, Kind::Certificate), (1, Kind::Crl)] {
        let Some(set) = r.optional(tag::constructed(n))? else { continue };
        let mut set = set.inside();
        while !set.is_empty() && found.len() < MAX_OBJECTS {
            let one: Tlv<'_> = set.any()?;
            if one.tag == tag::SEQUENCE {
                found.push(Object { kind, der: one.whole.to_vec() });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::certificate::Certificate;
    use crate::fixture::{Case, key, name, vectors};
    use hufu_model::profile::NameAttribute;

    fn kinds(bytes: &[u8]) -> Vec<Kind> {
        objects(bytes).unwrap().into_iter().map(|object| object.kind).collect()
    }

    #[test]
    fn every_kind_is_known_by_its_structure() {
        let certificate = Case::of("person-sign").certificate();
        let request = crate::csr::build(&name(&[(NameAttribute::CommonName, "a")]), &key("a"), [1; 32]).unwrap();
        assert_eq!(kinds(&certificate), [Kind::Certificate]);
        assert_eq!(kinds(&request), [Kind::Request]);
        assert_eq!(kinds(&crate::ocsp::ErrorStatus::TryLater.response()), [Kind::Answer]);
        assert_eq!(kinds(pem::base64(&certificate).as_bytes()), [Kind::Certificate]);
        let both = format!("{}{}", pem::encode("CERTIFICATE", &certificate), pem::encode("X509 CRL", b"0"));
        assert_eq!(kinds(both.as_bytes()), [Kind::Certificate, Kind::Crl]);
        let certificate = Certificate::from_der(&certificate).unwrap();
        let bundle = crate::signed_data::certificates(&[&certificate]).unwrap();
        assert_eq!(objects(&bundle).unwrap(), [Object { kind: Kind::Certificate, der: certificate.der().to_vec() }]);
        for bad in [&b""[..], b"text", &[0x30, 0], &[0x30, 3, 2, 1, 0], pem::encode("X", b"0").as_bytes()] {
            assert_eq!(objects(bad).unwrap_err().kind(), &ErrorKind::NotDer, "{bad:?}");
        }
    }

    #[test]
    fn files_of_others_are_taken_apart() {
        for (file, wanted) in [("15-csrs.pem", Kind::Request), ("14-certs-openssl-3.0.19.pem", Kind::Crl)] {
            let Some(bytes) = vectors(file) else { continue };
            assert!(kinds(&bytes).contains(&wanted), "{file}");
        }
    }
}
