//! OCSP answers: RFC 6960 §4.2.

use hufu_model::revocation::RevocationReason as Reason;

use super::extension::{self, Found};
use super::whole::Signed;
use super::{Report, Rule};
use crate::certificate::Certificate;
use crate::ocsp::{ErrorStatus, Hash, is_nonce};
use crate::oid::{self, dotted};
use crate::signed::algorithm;
use crate::time::read_time;
use crate::tlv::{Fault, Reader, Tlv, tag};

pub(super) fn lint(der: &[u8], report: &mut Report) -> Result<(), Fault> {
    let mut input = Reader::new(der);
    let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE is missing")?.inside();
    input.finish("octets behind it")?;
    let status = outer.expect(tag::ENUMERATED, "responseStatus is missing")?;
    if status.value != [0] {
        if !ErrorStatus::ALL.iter().any(|known| status.value == [known.number()]) {
            report.at(status.offset, Rule::AnswerStatus, "responseStatus has a value that nothing means");
        } else if !outer.is_empty() {
            report.at(
                status.offset,
                Rule::AnswerStatus,
                "responseStatus says that there is no answer, and one follows",
            );
        }
        return Ok(());
    }
    let mut bytes = outer.expect(tag::constructed(0), "responseBytes is missing")?.inside();
    outer.finish("a field that a response does not have")?;
    let mut inside = bytes.expect(tag::SEQUENCE, "responseBytes is no SEQUENCE")?.inside();
    bytes.finish("octets behind responseBytes")?;
    let kind = inside.expect(tag::OID, "responseType is missing")?;
    let octets = inside.expect(tag::OCTET_STRING, "the response itself is missing")?;
    inside.finish("a field that responseBytes does not have")?;
    if kind.value != oid::OCSP_BASIC.as_bytes() {
        report.at(kind.offset, Rule::AnswerType, format!("the answer is of the type {}", dotted(kind.value)));
        return Ok(());
    }
    let mut inside = octets.inside();
    let mut basic = inside.expect(tag::SEQUENCE, "the response is no SEQUENCE")?.inside();
    inside.finish("octets behind the response")?;
    let signed = Signed::fields(&mut basic)?;
    signed.lint(None, report);
    fields(&signed.tbs, report)?;
    if let Some(explicit) = basic.optional(tag::constructed(0))? {
        certificates(&explicit, report)?;
    }
    basic.finish("a field that the response does not have")
}

fn fields(data: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut r = data.inside();
    if let Some(version) = r.optional(tag::constructed(0))? {
        let message = if version.value == [tag::INTEGER, 1, 0] {
            "the version 1 is written, which DER leaves out"
        } else {
            "the version is not 1"
        };
        report.at(version.offset, Rule::AnswerVersion, message);
    }
    responder(&r.any()?, report);
    let produced = r.expect(tag::GENERALIZED_TIME, "producedAt is missing")?;
    let produced_at = read_time(&produced)?;
    let list = r.expect(tag::SEQUENCE, "the answers are missing")?;
    let mut answers = list.inside();
    if answers.is_empty() {
        report.at(list.offset, Rule::AnswerNone, "there is no answer");
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    while !answers.is_empty() {
        let one = answers.expect(tag::SEQUENCE, "an answer is no SEQUENCE")?;
        let id = single(&one, produced_at, report)?;
        if seen.contains(&id.whole) {
            report.at(id.offset, Rule::AnswerTwice, "there are two answers about one certificate");
        }
        seen.push(id.whole);
    }
    if let Some(explicit) = r.optional(tag::constructed(1))? {
        for one in extension::inside(&explicit, report)? {
            nonce(&one, report);
        }
    }
    r.finish("a field that tbsResponseData does not have")
}

fn responder(id: &Tlv<'_>, report: &mut Report) {
    let mut inside = id.inside();
    let good = match id.tag {
        0xa1 => inside.expect(tag::SEQUENCE, "").is_ok_and(|name| !name.value.is_empty()),
        0xa2 => inside.expect(tag::OCTET_STRING, "").is_ok_and(|key| key.value.len() == 20),
        _ => false,
    };
    if !good || !inside.is_empty() {
        let message = "responderID is neither a name nor the 20 octets of a SHA-1 digest of the key";
        report.at(id.offset, Rule::AnswerResponder, message);
    }
}

/// One SingleResponse; returns its CertID.
fn single<'a>(answer: &Tlv<'a>, produced_at: i64, report: &mut Report) -> Result<Tlv<'a>, Fault> {
    let mut r = answer.inside();
    let id = r.expect(tag::SEQUENCE, "an answer has no CertID")?;
    cert_id(&id, report)?;
    let status = r.any()?;
    let revoked = match (status.tag, status.value) {
        (0x80 | 0x82, []) => None,
        (0xa1, _) => Some(revocation(&status, report)?),
        _ => return Err(status.fault("a status that is none of good, revoked and unknown")),
    };
    let this = r.expect(tag::GENERALIZED_TIME, "thisUpdate is missing")?;
    let this_update = read_time(&this)?;
    if this_update > produced_at {
        report.at(this.offset, Rule::AnswerTime, "thisUpdate is later than producedAt");
    }
    if revoked.is_some_and(|at| at > this_update) {
        report.at(status.offset, Rule::AnswerTime, "a certificate was revoked after thisUpdate");
    }
    match r.optional(tag::constructed(0))? {
        None => {
            let message = "the answer does not say when there is a newer one (nextUpdate)";
            report.at(answer.offset, Rule::AnswerNextUpdate, message);
        }
        Some(explicit) => {
            let mut inside = explicit.inside();
            let next = inside.expect(tag::GENERALIZED_TIME, "nextUpdate is no GeneralizedTime")?;
            inside.finish("octets behind nextUpdate")?;
            if read_time(&next)? <= this_update {
                report.at(next.offset, Rule::AnswerTime, "nextUpdate is not later than thisUpdate");
            }
        }
    }
    if let Some(explicit) = r.optional(tag::constructed(1))? {
        extension::inside(&explicit, report)?;
    }
    r.finish("a field that an answer does not have")?;
    Ok(id)
}

fn cert_id(id: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut inside = id.inside();
    let digest = algorithm(&mut inside, "the digest algorithm of a CertID is missing")?.inside().any()?;
    let name_hash = inside.expect(tag::OCTET_STRING, "issuerNameHash is missing")?;
    let key_hash = inside.expect(tag::OCTET_STRING, "issuerKeyHash is missing")?;
    let serial = inside.expect(tag::INTEGER, "the serial number of a CertID is missing")?;
    inside.finish("a field that a CertID does not have")?;
    let length = match Hash::ALL.into_iter().find(|hash| hash.oid().as_bytes() == digest.value) {
        Some(Hash::Sha1) => Some(20),
        Some(Hash::Sha256 | Hash::Sm3) => Some(32),
        // SHA-384, SHA-512: their lengths are not known here.
        None => None,
    };
    let lengths = length.is_some_and(|length| name_hash.value.len() != length || key_hash.value.len() != length);
    if lengths || name_hash.value.len() != key_hash.value.len() {
        report.at(id.offset, Rule::AnswerCertId, "the digests of a CertID do not have the length of their algorithm");
    }
    if serial.unsigned().is_err() || serial.value.len() > 20 {
        report.at(serial.offset, Rule::AnswerCertId, "no certificate can have the serial number of a CertID");
    }
    Ok(())
}

/// RevokedInfo; returns its time.
fn revocation(status: &Tlv<'_>, report: &mut Report) -> Result<i64, Fault> {
    let mut inside = status.inside();
    let at = read_time(&inside.expect(tag::GENERALIZED_TIME, "the time of a revocation is missing")?)?;
    if let Some(explicit) = inside.optional(tag::constructed(0))? {
        let reason = explicit.inside().expect(tag::ENUMERATED, "a reason is no ENUMERATED")?;
        let known = <[u8; 1]>::try_from(reason.value).ok().and_then(|[n]| Reason::from_number(n));
        if matches!(known, None | Some(Reason::RemoveFromCrl)) {
            report.at(reason.offset, Rule::AnswerReason, "the reason of a revocation is none that answers have");
        }
    }
    inside.finish("a field that a revocation does not have")?;
    Ok(at)
}

fn nonce(one: &Found<'_>, report: &mut Report) {
    if one.is(oid::OCSP_NONCE) {
        let mut inside = one.content.inside();
        let octets = inside.expect(tag::OCTET_STRING, "").ok().filter(|_| inside.is_empty());
        if octets.is_none_or(|nonce| !is_nonce(nonce.value)) {
            report.at(one.id.offset, Rule::AnswerNonce, "the nonce is no OCTET STRING of 1 to 128 octets");
        }
    } else if one.critical {
        let message = format!("the critical extension {} is not one that answers have", dotted(one.id.value));
        report.at(one.id.offset, Rule::ExtensionUnknownCritical, message);
    }
}

/// The certificates that come along: the first is usually the responder's.
fn certificates(explicit: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut inside = explicit.inside();
    let list = inside.expect(tag::SEQUENCE, "the certificates are no SEQUENCE")?;
    inside.finish("octets behind the certificates")?;
    let mut list = list.inside();
    let mut first = true;
    while !list.is_empty() {
        let one = list.expect(tag::SEQUENCE, "something else among the certificates")?;
        match Certificate::from_der(one.whole) {
            Err(e) => report.at(one.offset, Rule::AnswerCertificate, e.context().unwrap_or(e.kind().what())),
            Ok(certificate) if std::mem::take(&mut first) => {
                let purposes = certificate.extended_key_usage().ok().flatten();
                let delegated = purposes.is_some_and(|purposes| purposes.contains(&oid::KP_OCSP_SIGNING));
                if delegated && certificate.extension(oid::OCSP_NO_CHECK).is_none() {
                    let message = "the responder's certificate does not say that its status is not asked for (nocheck)";
                    report.at(one.offset, Rule::AnswerNoCheck, message);
                }
            }
            Ok(_) => {}
        }
    }
    Ok(())
}
