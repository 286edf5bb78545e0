//! Answers, as a responder writes them.

use super::id::CertId;
use super::request::put_nonce;
use super::{MAX_REQUESTS, Status, is_nonce};
use crate::certificate::Certificate;
use crate::crl::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::oid;
use crate::sign::{Signature, Signer};
use crate::tbs::{extension, put_algorithm};
use crate::time::{is_expressible, put_generalized};
use crate::tlv::{Reader, nest, put, tag};

/// What is answered about one certificate.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The certificate, as the question named it.
    pub id: &'a CertId,
    /// Its status.
    pub status: Status,
    /// When the status was known to be so, in seconds since the epoch.
    pub this_update: i64,
    /// When there is newer knowledge at the latest, in seconds since the epoch.
    pub next_update: i64,
    /// From when on a revoked certificate should not have been relied upon, where that is known, in seconds since the
    /// epoch: the entry extension invalidityDate of a revocation list (RFC 5280 §5.3.2), which RFC 6960 §4.4.5 allows here.
    pub invalid_since: Option<i64>,
}

/// Builds tbsResponseData: the answers of the responder with `responder` as its key, made at `produced_at` (seconds since
/// the epoch), with the nonce of the request if it had one.
///
/// # Errors
/// [`ErrorKind::Ocsp`] without or with more than [`MAX_REQUESTS`] answers; for times out of order or out of range, a
/// revocation after thisUpdate, removeFromCRL as a reason, or a nonce of another length than 1 to 128 octets.
pub fn build_tbs(
    answers: &[Answer<'_>],
    responder: &PublicKey,
    produced_at: i64,
    nonce: Option<&[u8]>,
) -> Result<Vec<u8>> {
    check(answers, produced_at, nonce)?;
    let mut out = Vec::with_capacity(128 + answers.len() * 192);
    nest(&mut out, tag::SEQUENCE, |out| {
        nest(out, tag::constructed(2), |out| put(out, tag::OCTET_STRING, &responder.key_id()));
        put_generalized(out, produced_at);
        nest(out, tag::SEQUENCE, |out| answers.iter().for_each(|answer| put_answer(out, answer)));
        if let Some(nonce) = nonce {
            nest(out, tag::constructed(1), |out| nest(out, tag::SEQUENCE, |out| put_nonce(out, nonce)));
        }
    });
    Ok(out)
}

/// The whole response: tbsResponseData, its signature, and the responder's certificate.
///
/// # Errors
/// [`ErrorKind::NotDer`] when `tbs` is not one SEQUENCE.
pub fn assemble(tbs: &[u8], signature: &Signature, certificate: &Certificate) -> Result<Vec<u8>> {
    let mut reader = Reader::new(tbs);
    reader.expect(tag::SEQUENCE, "tbsResponseData is no SEQUENCE")?;
    reader.finish("octets behind tbsResponseData")?;
    Ok(wrap(tbs, signature.der(), certificate))
}

/// The response with these octets as its signature.
pub(crate) fn wrap(tbs: &[u8], signature: &[u8], certificate: &Certificate) -> Vec<u8> {
    let mut out = Vec::with_capacity(tbs.len() + certificate.der().len() + 160);
    nest(&mut out, tag::SEQUENCE, |out| {
        put(out, tag::ENUMERATED, &[0]);
        nest(out, tag::constructed(0), |out| {
            nest(out, tag::SEQUENCE, |out| {
                put(out, tag::OID, oid::OCSP_BASIC.as_bytes());
                nest(out, tag::OCTET_STRING, |out| {
                    nest(out, tag::SEQUENCE, |out| {
                        out.extend_from_slice(tbs);
                        put_algorithm(out);
                        nest(out, tag::BIT_STRING, |out| {
                            out.push(0);
                            out.extend_from_slice(signature);
                        });
                        nest(out, tag::constructed(0), |out| put(out, tag::SEQUENCE, certificate.der()));
                    });
                });
            });
        });
    });
    out
}

/// Signs answers: [`build_tbs`], the signature, [`assemble`]. `entropy` is fresh for each call.
///
/// # Errors
/// As those; [`ErrorKind::Ocsp`] when `certificate` is not the signer's; the signer's errors.
pub fn respond(
    answers: &[Answer<'_>],
    certificate: &Certificate,
    signer: &dyn Signer,
    produced_at: i64,
    nonce: Option<&[u8]>,
    entropy: [u8; 32],
) -> Result<Vec<u8>> {
    if !certificate.spki_der().ends_with(signer.public_key().point()) {
        let what = format!("the certificate of {} is not the signing key's", certificate.subject_text());
        return Err(Error::new(ErrorKind::Ocsp).about(what));
    }
    let tbs = build_tbs(answers, signer.public_key(), produced_at, nonce)?;
    assemble(&tbs, &signer.sign(&tbs, entropy)?, certificate)
}

fn check(answers: &[Answer<'_>], produced_at: i64, nonce: Option<&[u8]>) -> Result<()> {
    let bad = |what: &str| Err(Error::new(ErrorKind::Ocsp).about(what));
    if answers.is_empty() || answers.len() > MAX_REQUESTS {
        return bad(&format!("a response has 1 to {MAX_REQUESTS} answers"));
    }
    if nonce.is_some_and(|nonce| !is_nonce(nonce)) {
        return bad("a nonce has 1 to 128 octets");
    }
    for answer in answers {
        let mut times = vec![produced_at, answer.this_update, answer.next_update];
        if answer.next_update <= answer.this_update {
            return bad("nextUpdate is not later than thisUpdate");
        }
        if produced_at < answer.this_update {
            return bad("thisUpdate is later than producedAt");
        }
        if let Status::Revoked { at, reason } = answer.status {
            times.push(at);
            times.extend(answer.invalid_since);
            if at > answer.this_update {
                return bad("a certificate was revoked after thisUpdate");
            }
            if reason == Some(Reason::RemoveFromCrl) {
                return bad("removeFromCRL stands in delta CRLs only");
            }
        }
        if !times.into_iter().all(is_expressible) {
            return bad("a time outside the years 1950 to 9999");
        }
    }
    Ok(())
}

fn put_answer(out: &mut Vec<u8>, answer: &Answer<'_>) {
    nest(out, tag::SEQUENCE, |out| {
        out.extend_from_slice(answer.id.der());
        match answer.status {
            Status::Good => put(out, tag::context(0), &[]),
            Status::Unknown => put(out, tag::context(2), &[]),
            Status::Revoked { at, reason } => nest(out, tag::constructed(1), |out| {
                put_generalized(out, at);
                if let Some(reason) = reason.filter(|reason| *reason != Reason::Unspecified) {
                    nest(out, tag::constructed(0), |out| put(out, tag::ENUMERATED, &[reason.number()]));
                }
            }),
        }
        put_generalized(out, answer.this_update);
        nest(out, tag::constructed(0), |out| put_generalized(out, answer.next_update));
        if let (Status::Revoked { .. }, Some(since)) = (answer.status, answer.invalid_since) {
            nest(out, tag::constructed(1), |out| {
                nest(out, tag::SEQUENCE, |out| {
                    extension(out, oid::INVALIDITY_DATE, false, |out| put_generalized(out, since));
                });
            });
        }
    });
}
