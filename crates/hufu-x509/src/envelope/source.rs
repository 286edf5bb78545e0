//! From the file to the octets of one envelope: PEM with certificates around it, DER, base64, or the binary form.

use super::{Dialect, Encoding, Finding, Rule};
use crate::certificate::{self, Certificate};
use crate::tlv::{Reader, tag};
use crate::{oid, pem, strict};

/// What a file holds.
pub(super) struct Source {
    pub(super) encoding: Encoding,
    pub(super) dialect: Dialect,
    pub(super) octets: Vec<u8>,
    /// Certificates in the same PEM file.
    pub(super) beside: Vec<Certificate>,
    /// Whether its base64 was in pieces.
    pub(super) commas: bool,
}

/// The most certificates that are read beside an envelope.
const MAX_BESIDE: usize = 64;

impl Source {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Finding> {
        if bytes.len() > strict::MAX_LENGTH {
            let what = format!("{} octets, at most {}", bytes.len(), strict::MAX_LENGTH);
            return Err(Finding::new(Rule::Unknown, what));
        }
        if let Some(dialect) = dialect_of(bytes) {
            return Ok(Self::plain(Encoding::of(dialect), dialect, bytes.to_vec()));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if let Some(found) = Self::from_pem(text)? {
            return Ok(found);
        }
        Self::from_base64(text)
    }

    fn plain(encoding: Encoding, dialect: Dialect, octets: Vec<u8>) -> Self {
        Self { encoding, dialect, octets, beside: Vec::new(), commas: false }
    }

    /// The first block that is an envelope, and the certificates of the file. Keys are not looked at.
    fn from_pem(text: &[u8]) -> Result<Option<Self>, Finding> {
        let (mut found, mut beside, mut others) = (None, Vec::new(), Vec::new());
        for block in pem::blocks(text) {
            let (label, octets) = block?;
            let dialect = dialect_of(&octets);
            match dialect {
                _ if label == certificate::PEM_LABEL => {
                    // A certificate that cannot be read is no reason to refuse the key.
                    beside.extend(Certificate::from_der(&octets).ok().filter(|_| beside.len() < MAX_BESIDE));
                }
                Some(dialect) if found.is_none() && !label.contains("PRIVATE") => {
                    found = Some(Self::plain(Encoding::Pem, dialect, octets));
                }
                Some(_) if !label.contains("PRIVATE") => {
                    return Err(Finding::new(Rule::Unknown, "the file holds more than one envelope"));
                }
                _ => others.push(pem::shown(&label)),
            }
        }
        match found {
            Some(found) => Ok(Some(Self { beside, ..found })),
            None if others.is_empty() && beside.is_empty() => Ok(None),
            None => Err(Finding::new(Rule::Unknown, format!("there is no envelope beside {}", others.join(", ")))),
        }
    }

    /// Base64 without PEM's lines, in CFCA's form perhaps with commas and a head of 64 digits and the length.
    fn from_base64(text: &[u8]) -> Result<Self, Finding> {
        let text = match text.strip_prefix(super::cfca::HEAD) {
            None => text,
            Some(rest) => super::cfca::counted(rest)?,
        };
        let digits: Vec<u8> = text.iter().copied().filter(|c| *c != b',').collect();
        let unknown = || Finding::new(Rule::Unknown, "neither DER, PEM nor base64 of a known envelope");
        let octets = pem::read_base64(&digits).map_err(|_| unknown())?;
        let dialect = dialect_of(&octets).ok_or_else(unknown)?;
        Ok(Self { commas: digits.len() != text.len(), ..Self::plain(Encoding::Base64, dialect, octets) })
    }
}

/// Which dialect the octets claim to be: by the first elements, or by the head of the binary form.
fn dialect_of(octets: &[u8]) -> Option<Dialect> {
    if super::skf::is_blob(octets) {
        return Some(super::skf::dialect(octets));
    }
    let mut outer = Reader::new(octets);
    let mut inside = outer.expect(tag::SEQUENCE, "").ok()?.inside();
    let first = inside.any().ok()?;
    match (first.tag, inside.peek()) {
        (tag::OID, _) if first.value == oid::GM_SIGNED_AND_ENVELOPED_DATA.as_bytes() => Some(Dialect::SignedEnveloped),
        (tag::INTEGER, Some(tag::SET)) => Some(Dialect::SignedEnveloped),
        (tag::INTEGER, Some(tag::OCTET_STRING)) => Some(Dialect::Cfca),
        // An AlgorithmIdentifier and an SM2Cipher; a certificate or a request has no BIT STRING in third place that
        // another one follows.
        (tag::SEQUENCE, Some(tag::SEQUENCE)) => {
            inside.any().ok()?;
            let third = inside.any().ok()?;
            let both = third.tag == tag::BIT_STRING && inside.peek() == Some(tag::BIT_STRING);
            both.then_some(Dialect::EnvelopedKey)
        }
        (tag::SET, None | Some(0xa0 | 0xa1)) => Some(Dialect::CsrResponse),
        _ => None,
    }
}
