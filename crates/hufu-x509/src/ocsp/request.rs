//! Questions, as a client writes them and as a responder reads them.

use super::id::CertId;
use super::{MAX_REQUESTS, is_nonce, meaning};
use crate::error::{Error, ErrorKind, Result};
use crate::oid;
use crate::pem;
use crate::signed;
use crate::strict;
use crate::tbs::extension;
use crate::tlv::{Reader, Tlv, nest, put, tag};

/// A request: which certificates are asked about, and the nonce the answer must repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    ids: Vec<CertId>,
    nonce: Option<Vec<u8>>,
}

impl Request {
    /// Reads a request: strict DER of at most 64 KiB with 1 to [`MAX_REQUESTS`] questions.
    ///
    /// Its signature, if it has one, and the name of the one who asks are not looked at: what is answered is public.
    ///
    /// # Errors
    /// The errors of [`strict::check`]; [`ErrorKind::NotDer`] for another structure; [`ErrorKind::Ocsp`] for another
    /// version, too many questions, a critical extension, or a nonce that has not 1 to 128 octets. All of them are
    /// answered with [`super::ErrorStatus::MalformedRequest`].
    pub fn from_der(der: &[u8]) -> Result<Self> {
        strict::check(der)?;
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE of a request is missing")?.inside();
        input.finish("octets behind the request")?;
        let mut tbs = outer.expect(tag::SEQUENCE, "tbsRequest is missing")?.inside();
        if let Some(signature) = outer.optional(tag::constructed(0))? {
            signature.inside().expect(tag::SEQUENCE, "the signature of the request is no SEQUENCE")?;
        }
        outer.finish("a field that a request does not have")?;
        version(&mut tbs)?;
        tbs.optional(tag::constructed(1))?;
        let list = tbs.expect(tag::SEQUENCE, "requestList is missing")?;
        let nonce = match tbs.optional(tag::constructed(2))? {
            None => None,
            Some(explicit) => read_extensions(&explicit)?,
        };
        tbs.finish("a field that tbsRequest does not have")?;
        let mut questions = list.inside();
        let mut ids = Vec::new();
        while !questions.is_empty() {
            if ids.len() == MAX_REQUESTS {
                return Err(meaning(questions.offset(), format!("more than {MAX_REQUESTS} questions")));
            }
            let mut question = questions.expect(tag::SEQUENCE, "a question is no SEQUENCE")?.inside();
            ids.push(CertId::read(&question.expect(tag::SEQUENCE, "a question has no CertID")?)?);
            if let Some(explicit) = question.optional(tag::constructed(0))? {
                read_extensions(&explicit)?;
            }
            question.finish("a field that a question does not have")?;
        }
        if ids.is_empty() {
            return Err(meaning(list.offset, "there is no question"));
        }
        Ok(Self { ids, nonce })
    }

    /// Reads a request from the path of a GET: what stands behind the responder's address and a slash, base64 with
    /// percent-encoding (RFC 6960 Appendix A.1).
    ///
    /// # Errors
    /// As [`Request::from_der`]; [`ErrorKind::PemForm`] when it is not base64; [`ErrorKind::TooLarge`].
    pub fn from_get(path: &str) -> Result<Self> {
        // Each character of base64 may be written as three.
        if path.len() > strict::MAX_LENGTH * 4 {
            return Err(Error::new(ErrorKind::TooLarge).about(format!("{} characters", path.len())));
        }
        let wrong = || Error::new(ErrorKind::PemForm).about("a percent sign without two hexadecimal digits");
        let mut text = Vec::with_capacity(path.len());
        let mut rest = path.as_bytes();
        while let [first, more @ ..] = rest {
            rest = more;
            if *first != b'%' {
                text.push(*first);
                continue;
            }
            let (digits, more) = rest.split_at_checked(2).ok_or_else(wrong)?;
            let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            text.push(digits.and_then(|d| u8::from_str_radix(d, 16).ok()).ok_or_else(wrong)?);
            rest = more;
        }
        Self::from_der(&pem::read_base64(&text)?)
    }

    /// What is asked about, in order.
    #[must_use]
    pub fn ids(&self) -> &[CertId] {
        &self.ids
    }

    /// The nonce, if there is one: 1 to 128 octets.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

/// Builds a request that is not signed.
///
/// # Errors
/// [`ErrorKind::Ocsp`] without or with more than [`MAX_REQUESTS`] questions, or with a nonce of another length than 1 to
/// 128 octets.
pub fn build_request(ids: &[CertId], nonce: Option<&[u8]>) -> Result<Vec<u8>> {
    let bad = |what: &str| Err(Error::new(ErrorKind::Ocsp).about(what));
    if ids.is_empty() || ids.len() > MAX_REQUESTS {
        return bad(&format!("a request has 1 to {MAX_REQUESTS} questions"));
    }
    if nonce.is_some_and(|nonce| !is_nonce(nonce)) {
        return bad("a nonce has 1 to 128 octets");
    }
    let mut out = Vec::with_capacity(64 + ids.len() * 128);
    nest(&mut out, tag::SEQUENCE, |out| {
        nest(out, tag::SEQUENCE, |out| {
            nest(out, tag::SEQUENCE, |out| ids.iter().for_each(|id| put(out, tag::SEQUENCE, id.der())));
            if let Some(nonce) = nonce {
                nest(out, tag::constructed(2), |out| nest(out, tag::SEQUENCE, |out| put_nonce(out, nonce)));
            }
        });
    });
    Ok(out)
}

/// The extension with the nonce: an OCTET STRING inside extnValue.
pub(super) fn put_nonce(out: &mut Vec<u8>, nonce: &[u8]) {
    extension(out, oid::OCSP_NONCE, false, |out| put(out, tag::OCTET_STRING, nonce));
}

/// version [0], which is 0 and then best left out.
pub(super) fn version(r: &mut Reader<'_>) -> Result<()> {
    let Some(explicit) = r.optional(tag::constructed(0))? else { return Ok(()) };
    let mut inside = explicit.inside();
    let version = inside.expect(tag::INTEGER, "version is missing")?;
    inside.finish("octets behind version")?;
    if version.value == [0] { Ok(()) } else { Err(meaning(version.offset, "a version other than 1")) }
}

/// Looks through extensions inside an explicit tag; returns the nonce.
fn read_extensions(explicit: &Tlv<'_>) -> Result<Option<Vec<u8>>> {
    let mut list = signed::list(explicit)?.inside();
    let mut nonce = None;
    while !list.is_empty() {
        let (id, critical, value) = signed::extension(&mut list)?;
        if id.value == oid::OCSP_NONCE.as_bytes() {
            if nonce.is_some() {
                return Err(meaning(id.offset, "two nonces"));
            }
            nonce = Some(read_nonce(&value)?);
        } else if critical {
            return Err(meaning(id.offset, format!("the critical extension {}", oid::dotted(id.value))));
        }
    }
    Ok(nonce)
}

/// The nonce in the value of its extension.
pub(super) fn read_nonce(value: &Tlv<'_>) -> Result<Vec<u8>> {
    let mut inside = value.inside();
    let nonce = inside.expect(tag::OCTET_STRING, "a nonce that is no OCTET STRING")?;
    inside.finish("octets behind a nonce")?;
    if !is_nonce(nonce.value) {
        return Err(meaning(nonce.offset, "a nonce has 1 to 128 octets"));
    }
    Ok(nonce.value.to_vec())
}
