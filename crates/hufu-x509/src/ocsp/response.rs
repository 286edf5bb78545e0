//! Answers, as a client reads and checks them.

use std::fmt;
use std::ops::Range;

use hufu_model::profile::KeyUsage;
use hufu_model::time::Instant;

use super::id::CertId;
use super::request::{read_nonce, version};
use super::{ErrorStatus, MAX_REQUESTS, MAX_RESPONSE, PEM_LABEL, Status, meaning};
use crate::certificate::Certificate;
use crate::crl;
use crate::digest::sha1;
use crate::error::{Error, ErrorKind, Result};
use crate::oid;
use crate::signed::{self, Parts, algorithm, content, moved, place};
use crate::time::read_time;
use crate::tlv::{Reader, Tlv, tag};
use crate::{pem, strict};

/// How many of the certificates that come along are looked at.
const MAX_CERTIFICATES: usize = 8;

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponderId {
    /// By name, DER of a Name.
    Name(Vec<u8>),
    /// By the SHA-1 digest of the content of the key's BIT STRING.
    Key(Vec<u8>),
}

impl ResponderId {
    /// Whether the certificate is the responder's.
    fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Name(name) => certificate.subject_der() == name,
            Self::Key(digest) => {
                // The last field of a SubjectPublicKeyInfo is the BIT STRING, here of whole octets.
                let mut spki = Reader::new(certificate.spki_der()).any().map(|spki| spki.inside());
                let key = spki.as_mut().ok().and_then(|r| r.any().and_then(|_| r.any()).ok());
                key.and_then(|key| key.octet_bits().ok()).is_some_and(|key| sha1(key) == digest[..])
            }
        }
    }
}

/// What is answered about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// The certificate.
    pub id: CertId,
    /// Its status.
    pub status: Status,
    /// When the status was known to be so, in seconds since the epoch.
    pub this_update: i64,
    /// When there is newer knowledge at the latest. None means that there is always newer knowledge.
    pub next_update: Option<i64>,
}

/// An answer, read but not trusted.
#[derive(Clone)]
pub struct Response {
    der: Vec<u8>,
    tbs: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
    responder: ResponderId,
    produced_at: i64,
    singles: Vec<Single>,
    nonce: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    unsupported: Option<String>,
}

impl Response {
    /// Reads an answer from DER of at most 256 KiB. The signature is not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::OcspUnsuccessful`] naming the error when the responder did not answer; the errors of
    /// [`strict::check_up_to`]; [`ErrorKind::NotDer`] for another structure; [`ErrorKind::Ocsp`] for another type or
    /// version of answer, for more than [`MAX_REQUESTS`] answers or none, or an answer with a malformed nonce.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        strict::check_up_to(der, MAX_RESPONSE)?;
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE of a response is missing")?.inside();
        input.finish("octets behind the response")?;
        let status = outer.expect(tag::ENUMERATED, "responseStatus is missing")?;
        if status.value != [0] {
            return Err(Error::new(ErrorKind::OcspUnsuccessful).about(unsuccessful(&status)));
        }
        let mut bytes = outer.expect(tag::constructed(0), "responseBytes is missing")?.inside();
        outer.finish("a field that a response does not have")?;
        let mut inside = bytes.expect(tag::SEQUENCE, "responseBytes is no SEQUENCE")?.inside();
        bytes.finish("octets behind responseBytes")?;
        let kind = inside.expect(tag::OID, "responseType is missing")?;
        if kind.value != oid::OCSP_BASIC.as_bytes() {
            return Err(meaning(kind.offset, format!("a response of the type {}", oid::dotted(kind.value))));
        }
        let octets = inside.expect(tag::OCTET_STRING, "the response itself is missing")?;
        inside.finish("a field that responseBytes does not have")?;
        strict::check_up_to(octets.value, MAX_RESPONSE).map_err(|e| moved(e, content(&octets).start))?;
        Self::basic(der, &octets)
    }

    /// Reads one answer from a file: DER, or PEM with the label `OCSP RESPONSE`.
    ///
    /// # Errors
    /// As [`Response::from_der`] and [`pem::one`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_der(&pem::one(bytes, &[PEM_LABEL])?)
    }

    fn basic(der: &[u8], octets: &Tlv<'_>) -> Result<Self> {
        let mut inside = octets.inside();
        let mut basic = inside.expect(tag::SEQUENCE, "the response is no SEQUENCE")?.inside();
        inside.finish("octets behind the response")?;
        let tbs = basic.expect(tag::SEQUENCE, "tbsResponseData is missing")?;
        let algorithm = algorithm(&mut basic, "signatureAlgorithm is missing")?;
        let signature = basic.expect(tag::BIT_STRING, "the signature is missing")?;
        signature.octet_bits()?;
        let certificates = match basic.optional(tag::constructed(0))? {
            None => Vec::new(),
            Some(explicit) => read_certificates(&explicit)?,
        };
        basic.finish("a field that the response does not have")?;

        let mut r = tbs.inside();
        version(&mut r)?;
        let responder = read_responder(&mut r)?;
        let produced_at = read_time(&r.expect(tag::GENERALIZED_TIME, "producedAt is missing")?)?;
        let list = r.expect(tag::SEQUENCE, "the answers are missing")?;
        let signature = content(&signature);
        let mut this = Self {
            der: der.to_vec(),
            tbs: place(&tbs),
            algorithm: place(&algorithm),
            signature: signature.start + 1..signature.end,
            responder,
            produced_at,
            singles: Vec::new(),
            nonce: None,
            certificates,
            unsupported: None,
        };
        let mut answers = list.inside();
        while !answers.is_empty() {
            if this.singles.len() == MAX_REQUESTS {
                return Err(meaning(answers.offset(), format!("more than {MAX_REQUESTS} answers")));
            }
            let answer = answers.expect(tag::SEQUENCE, "an answer is no SEQUENCE")?;
            this.read_single(&answer)?;
        }
        if this.singles.is_empty() {
            return Err(meaning(list.offset, "there is no answer"));
        }
        if let Some(explicit) = r.optional(tag::constructed(1))? {
            this.read_extensions(&explicit)?;
        }
        r.finish("a field that tbsResponseData does not have")?;
        Ok(this)
    }

    fn read_single(&mut self, answer: &Tlv<'_>) -> Result<()> {
        let mut r = answer.inside();
        let id = CertId::read(&r.expect(tag::SEQUENCE, "an answer has no CertID")?)?;
        let status = r.any()?;
        let status = match status.tag {
            0x80 | 0x82 if !status.value.is_empty() => return Err(status.fault("a status with content").into()),
            0x80 => Status::Good,
            0x82 => Status::Unknown,
            0xa1 => {
                let mut inside = status.inside();
                let at = read_time(&inside.expect(tag::GENERALIZED_TIME, "the time of a revocation is missing")?)?;
                let reason = match inside.optional(tag::constructed(0))? {
                    None => None,
                    Some(explicit) => {
                        crl::reason(&explicit.inside().expect(tag::ENUMERATED, "a reason is no ENUMERATED")?)
                    }
                };
                inside.finish("a field that a revocation does not have")?;
                Status::Revoked { at, reason }
            }
            _ => return Err(status.fault("a status that is none of good, revoked and unknown").into()),
        };
        let this_update = read_time(&r.expect(tag::GENERALIZED_TIME, "thisUpdate is missing")?)?;
        let next_update = match r.optional(tag::constructed(0))? {
            None => None,
            Some(explicit) => {
                let mut inside = explicit.inside();
                let time = read_time(&inside.expect(tag::GENERALIZED_TIME, "nextUpdate is no GeneralizedTime")?)?;
                inside.finish("octets behind nextUpdate")?;
                Some(time)
            }
        };
        if let Some(explicit) = r.optional(tag::constructed(1))? {
            self.read_extensions(&explicit)?;
        }
        r.finish("a field that an answer does not have")?;
        self.singles.push(Single { id, status, this_update, next_update });
        Ok(())
    }

    /// Looks through extensions of the response or of one answer.
    fn read_extensions(&mut self, explicit: &Tlv<'_>) -> Result<()> {
        let mut list = signed::list(explicit)?.inside();
        while !list.is_empty() {
            let (id, critical, value) = signed::extension(&mut list)?;
            if id.value == oid::OCSP_NONCE.as_bytes() {
                if self.nonce.is_some() {
                    return Err(meaning(id.offset, "two nonces"));
                }
                self.nonce = Some(read_nonce(&value)?);
            } else if critical {
                self.unsupported = Some(format!("the critical extension {}", oid::dotted(id.value)));
            }
        }
        Ok(())
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        signed::part(&self.der, range)
    }

    /// The whole answer.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who answers.
    #[must_use]
    pub fn responder_id(&self) -> &ResponderId {
        &self.responder
    }

    /// When it was signed, in seconds since the epoch.
    #[must_use]
    pub fn produced_at(&self) -> i64 {
        self.produced_at
    }

    /// What is answered, in order.
    #[must_use]
    pub fn singles(&self) -> &[Single] {
        &self.singles
    }

    /// The answer to the question `id`, if there is one.
    #[must_use]
    pub fn single(&self, id: &CertId) -> Option<&Single> {
        self.singles.iter().find(|single| single.id.is_same_as(id))
    }

    /// The nonce it repeats, if there is one.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// The certificates that came along; those that cannot be read are left out.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// What must not be ignored and is not understood here: an unknown critical extension.
    #[must_use]
    pub fn unsupported(&self) -> Option<&str> {
        self.unsupported.as_deref()
    }

    /// The octets that are signed: tbsResponseData with tag and length.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.part(&self.tbs)
    }

    /// The octets of the signature: of an SM2 signature, DER of SEQUENCE { r, s }.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        self.part(&self.signature)
    }

    /// What a verification needs.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            tbs: self.tbs_der(),
            inner: None,
            outer: self.part(&self.algorithm),
            outer_at: self.algorithm.start,
            signature: self.signature_value(),
            signature_at: self.signature.start,
        }
    }

    /// The certificate of the responder: the issuer's own, or one that came along.
    #[must_use]
    pub fn responder<'a>(&'a self, issuer: &'a Certificate) -> Option<&'a Certificate> {
        let candidates = || std::iter::once(issuer).chain(&self.certificates).filter(|c| self.responder.is(c));
        // Several certificates may have the same name; the one that may answer is meant.
        candidates().find(|c| may_answer(c, issuer).is_ok()).or_else(|| candidates().next())
    }

    /// Checks that the answer is signed by somebody who may answer for `issuer` at the instant `at`: the CA itself, or
    /// the holder of a certificate that it issued for the purpose (RFC 6960 §4.2.2.2), valid at that instant.
    ///
    /// Whether the answer is about the certificate in question, and of when, is for the caller to look at:
    /// [`Response::single`]; or see [`crate::path::status`].
    ///
    /// # Errors
    /// [`ErrorKind::OcspResponder`] saying why it may not; [`ErrorKind::Algorithm`], [`ErrorKind::SignatureForm`],
    /// [`ErrorKind::Signature`]; [`ErrorKind::Ocsp`] for an unknown critical extension.
    pub fn verify(&self, issuer: &Certificate, at: Instant) -> Result<()> {
        if let Some(what) = &self.unsupported {
            return Err(Error::new(ErrorKind::Ocsp).about(what));
        }
        let refused = |what: &str| Error::new(ErrorKind::OcspResponder).about(what);
        let responder = self.responder(issuer).ok_or_else(|| refused("its certificate did not come along"))?;
        may_answer(responder, issuer)?;
        if !responder.validity().contains(at) {
            return Err(refused("its certificate is not valid at that time"));
        }
        self.parts().verify(&responder.public_key()?)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Response");
        out.field("produced_at", &self.produced_at).field("singles", &self.singles).finish_non_exhaustive()
    }
}

impl PartialEq for Response {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Response {}

/// Whether `responder` may answer for `issuer`: its validity is not looked at.
pub(crate) fn may_answer(responder: &Certificate, issuer: &Certificate) -> Result<()> {
    if responder == issuer {
        return Ok(());
    }
    let refuse = |what: String| Err(Error::new(ErrorKind::OcspResponder).about(what));
    let name = responder.subject_text();
    if responder.issuer_der() != issuer.subject_der() {
        return refuse(format!("{name} was issued by {}, not by {}", responder.issuer_text(), issuer.subject_text()));
    }
    if let Err(e) = issuer.public_key().and_then(|key| responder.verify_signed_by(&key)) {
        return refuse(format!("the certificate of {name} is not signed by {}: {e}", issuer.subject_text()));
    }
    if !responder.extended_key_usage()?.is_some_and(|usages| usages.contains(&oid::KP_OCSP_SIGNING)) {
        return refuse(format!("the certificate of {name} does not have the key purpose OCSPSigning"));
    }
    let signs = [KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
    if responder.key_usage()?.is_some_and(|usage| !signs.iter().any(|bit| usage.has(*bit))) {
        return refuse(format!("the key of {name} is not for signatures (keyUsage)"));
    }
    Ok(())
}

fn unsuccessful(status: &Tlv<'_>) -> String {
    let known = ErrorStatus::ALL.into_iter().find(|s| status.value == [s.number()]);
    known.map_or_else(|| format!("an unknown status, {:02x?}", status.value), |s| s.to_string())
}

fn read_responder(r: &mut Reader<'_>) -> Result<ResponderId> {
    let explicit = r.any()?;
    let mut inside = explicit.inside();
    let responder = match explicit.tag {
        0xa1 => ResponderId::Name(inside.expect(tag::SEQUENCE, "the responder's name is missing")?.whole.to_vec()),
        0xa2 => ResponderId::Key(inside.expect(tag::OCTET_STRING, "the responder's key is missing")?.value.to_vec()),
        _ => return Err(explicit.fault("responderID is missing").into()),
    };
    inside.finish("octets behind responderID")?;
    Ok(responder)
}

fn read_certificates(explicit: &Tlv<'_>) -> Result<Vec<Certificate>> {
    let mut inside = explicit.inside();
    let list = inside.expect(tag::SEQUENCE, "the certificates are no SEQUENCE")?;
    inside.finish("octets behind the certificates")?;
    let mut list = list.inside();
    let mut found = Vec::new();
    while !list.is_empty() {
        let certificate = list.expect(tag::SEQUENCE, "something else among the certificates")?;
        if found.len() < MAX_CERTIFICATES {
            found.extend(Certificate::from_der(certificate.whole));
        }
    }
    Ok(found)
}
