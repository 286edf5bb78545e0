//! Signed documents: what operators sign, kept as GM/T 0010 SignedData and found by the SM3 of its content.

use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::{Digest, OperatorId, Serial};
use hufu_model::time::Instant;
use hufu_store::{Document, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::signed_data::SignedData;

use crate::authority::Session;
use crate::error::{Error, ErrorKind, Result};

/// The row of a document that `session` has just signed.
pub(crate) fn row(kind: &str, content: &[u8], session: &Session, at: Instant, signed: Vec<u8>) -> Document {
    Document {
        digest: sm3(content),
        kind: kind.to_owned(),
        operator: session.operator().clone(),
        at: at.unix_seconds(),
        signed,
    }
}

/// The content of the stored document `digest`, after its signature was verified.
///
/// The signature must be by a certificate this authority issued to the operator on record, valid when it was made; so a
/// document that was altered, or signed by anyone else, is never acted upon.
pub(crate) fn content(r: &Reader<'_>, digest: &Digest) -> Result<Vec<u8>> {
    let document = r.document(digest)?.ok_or_else(|| fault("document", "it is missing"))?;
    verify(r, &document)
}

/// As [`content`], for a document at hand.
pub(crate) fn verify(r: &Reader<'_>, document: &Document) -> Result<Vec<u8>> {
    let signed = SignedData::from_der(&document.signed)?;
    if sm3(signed.content()) != document.digest {
        return Err(fault("document", "its content is not what its digest says"));
    }
    let certificate = signer(r, signed.certificate(), &document.operator)?;
    if !certificate.validity().contains(Instant::from_unix_seconds(document.at)) {
        return Err(fault("document", "its signer's certificate was not valid when it was signed"));
    }
    in_force(r, certificate.serial(), document.at)?;
    signed.verify(&certificate.public_key()?)?;
    Ok(signed.content().to_vec())
}

/// The signer's certificate was neither suspended nor revoked in the second of the signature. What was signed in the same
/// second, before the status changed, holds.
fn in_force(r: &Reader<'_>, serial: &Serial, at: i64) -> Result<()> {
    if r.last_status_change(serial)?.is_none() {
        return Ok(());
    }
    for second in [at, at - 1] {
        if r.status_at(serial, Instant::from_unix_seconds(second))? == CertificateStatus::Active {
            return Ok(());
        }
    }
    Err(fault("document", "its signer's certificate was suspended or revoked when it was signed"))
}

/// The certificate inside a document, if it is byte for byte one we issued to `operator`.
fn signer(r: &Reader<'_>, inside: &Certificate, operator: &OperatorId) -> Result<Certificate> {
    let ours = r.certificate_der(inside.serial())?;
    if ours.as_deref() != Some(inside.der()) {
        return Err(fault("document", "its signer's certificate is not one of ours"));
    }
    if r.certificate_operator(inside.serial())?.as_ref() != Some(operator) {
        return Err(fault("document", &format!("its signer is not operator {operator}")));
    }
    Ok(inside.clone())
}

pub(crate) fn fault(what: &'static str, fault: &str) -> Error {
    ErrorKind::Document { what, fault: fault.to_owned() }.into()
}
