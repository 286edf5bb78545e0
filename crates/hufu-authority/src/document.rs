//! Signed documents: what operators sign, kept as GM/T 0010 SignedData and found by the SM3 of its content.

use hufu_ledger::event::Event;
use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::{Digest, OperatorId, RequestId, Serial};
use hufu_model::time::Instant;
use hufu_store::{Document, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::record::{Act, Approval, Countersign, Manifest};
use hufu_x509::signed_data::SignedData;

use crate::authority::{Identity, Session};
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

/// A record that operators sign: it names its signer and its time itself.
pub(crate) trait Record: Sized {
    /// The record in `der`.
    fn read(der: &[u8]) -> Result<Self>;
    /// Who it says signed it, and when.
    fn said(&self) -> (&OperatorId, i64);
}

macro_rules! records {
    ($($record:ty),+) => {
        $(impl Record for $record {
            fn read(der: &[u8]) -> Result<Self> {
                Ok(Self::from_der(der)?)
            }
            fn said(&self) -> (&OperatorId, i64) {
                (&self.operator, self.at)
            }
        })+
    };
}

records!(Manifest, Approval, Act, Countersign);

/// The record in the stored document `digest`, after its signature was verified.
///
/// The signature must be by a certificate this authority signed for the operator on record, valid when it was made, and
/// that operator must be the one the record itself names; so a document that was altered, or signed by anyone else, is
/// never acted upon.
pub(crate) fn signed<T: Record>(r: &Reader<'_>, identity: &Identity, digest: &Digest) -> Result<T> {
    let document = r.document(digest)?.ok_or_else(|| fault("document", "it is missing"))?;
    verify(r, identity, &document)
}

/// Verifies the stored document `digest`, whatever its kind.
pub(crate) fn check(r: &Reader<'_>, identity: &Identity, digest: &Digest) -> Result<()> {
    let document = r.document(digest)?.ok_or_else(|| fault("document", "it is missing"))?;
    match document.kind.as_str() {
        "manifest" => verify::<Manifest>(r, identity, &document).map(drop),
        "approval" => verify::<Approval>(r, identity, &document).map(drop),
        "act" => verify::<Act>(r, identity, &document).map(drop),
        "countersign" => verify::<Countersign>(r, identity, &document).map(drop),
        _ => Err(fault("document", "it is of no known kind")),
    }
}

fn verify<T: Record>(r: &Reader<'_>, identity: &Identity, document: &Document) -> Result<T> {
    let signed = SignedData::from_der(&document.signed)?;
    if sm3(signed.content()) != document.digest {
        return Err(fault("document", "its content is not what its digest says"));
    }
    let certificate = signer(r, identity, signed.certificate(), &document.operator)?;
    if !certificate.validity().contains(Instant::from_unix_seconds(document.at)) {
        return Err(fault("document", "its signer's certificate was not valid when it was signed"));
    }
    in_force(r, certificate.serial(), document.at)?;
    signed.verify(&certificate.public_key()?)?;
    let record = T::read(signed.content())?;
    if record.said() != (&document.operator, document.at) {
        return Err(fault("document", "it says that another person signed it, or at another time"));
    }
    Ok(record)
}

/// The signer's certificate was neither suspended nor revoked in the second of the signature. What was signed in the same
/// second, before the status changed, holds.
pub(crate) fn in_force(r: &Reader<'_>, serial: &Serial, at: i64) -> Result<()> {
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
fn signer(r: &Reader<'_>, identity: &Identity, inside: &Certificate, operator: &OperatorId) -> Result<Certificate> {
    let ours = r.certificate_der(inside.serial())?;
    if ours.as_deref() != Some(inside.der()) {
        return Err(fault("document", "its signer's certificate is not one of ours"));
    }
    // A row is not yet a certificate: whoever can write the database could have put it there.
    if inside.verify_signed_by(&identity.issuer_of(r, inside.serial())?.public_key()?).is_err() {
        return Err(fault("document", "its signer's certificate is not signed by its issuing CA"));
    }
    if r.certificate_operator(inside.serial())?.as_ref() != Some(operator) {
        return Err(fault("document", &format!("its signer is not operator {operator}")));
    }
    Ok(inside.clone())
}

pub(crate) fn fault(what: &'static str, fault: &str) -> Error {
    ErrorKind::Document { what, fault: fault.to_owned() }.into()
}

/// The requests whose rows of `table` an event wrote.
pub(crate) fn requests(event: &Event, table: &str) -> Vec<RequestId> {
    let rows = event.effects.iter().filter(|e| e.table == table);
    rows.filter_map(|e| std::str::from_utf8(&e.key).ok()?.parse().ok()).collect()
}
