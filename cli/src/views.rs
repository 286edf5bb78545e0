//! The nouns of the model as rows of the output. JSON names are fixed here, on purpose apart from the model's own.

use hufu_authority::data::{Lang, region};
use hufu_authority::model::certificate::CertificateRow;
use hufu_authority::model::operator::Operator;
use hufu_authority::model::org::{Limits, Organisation};
use hufu_authority::model::time::{DISPLAY_OFFSET, Instant};
use hufu_authority::x509::bundle::{Kind, Object};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::crl::Crl;
use hufu_authority::x509::csr::Csr;
use hufu_authority::x509::ocsp::Response;
use hufu_authority::{EventRow, ProfileRow, Proposal, RequestRow};
use serde_json::{Map, Value, json};

use crate::output::{Row, row};

/// An instant in seconds since the epoch, as `2018-06-30T12:00:00+08:00`.
pub(crate) fn seconds(at: i64) -> Value {
    instant(Instant::from_unix_seconds(at))
}

/// An instant as `2018-06-30T12:00:00+08:00`, the legal time of China.
pub(crate) fn instant(at: Instant) -> Value {
    let shifted = at.plus_seconds(i64::from(DISPLAY_OFFSET.whole_seconds())).to_string();
    match shifted.get(..19) {
        Some(local) if shifted.ends_with('Z') => format!("{local}+08:00").into(),
        _ => at.to_string().into(),
    }
}

/// An organisation.
pub(crate) fn organisation(org: &Organisation, lang: Lang) -> Row {
    let mut out = row([
        ("id", org.id.as_str().into()),
        ("name", org.name.as_str().into()),
        ("name_en", org.name_en.as_str().into()),
        ("kind", org.kind.code().into()),
        ("parent", org.parent.as_ref().map(|p| p.as_str().to_owned()).into()),
        ("region", org.region.map(|r| r.to_string()).into()),
    ]);
    if let Some(found) = org.region.and_then(|r| region(r.as_str())) {
        out.insert("region_name".to_owned(), if lang == Lang::Zh { found.zh } else { found.en }.into());
    }
    out.insert("status".to_owned(), org.status.code().into());
    out.insert("limits".to_owned(), limits(&org.limits));
    out
}

/// Limits as an object with an entry for each that is set.
pub(crate) fn limits(limits: &Limits) -> Value {
    let mut out = Map::new();
    for line in limits.to_text().lines() {
        if let Some((name, value)) = line.split_once('=') {
            let value = match name {
                "profiles" => json!(value.split(' ').collect::<Vec<_>>()),
                _ => value
                    .parse::<u32>()
                    .map_or_else(|_| value.into(), |n| if name == "region" { value.into() } else { n.into() }),
            };
            out.insert(name.replace('-', "_"), value);
        }
    }
    Value::Object(out)
}

/// An operator.
pub(crate) fn operator(o: &Operator) -> Row {
    row([
        ("id", o.id.as_str().into()),
        ("name", o.name.as_str().into()),
        ("org", o.org.as_str().into()),
        ("roles", o.roles.iter().map(|r| r.code()).collect::<Vec<_>>().into()),
        ("status", o.status.code().into()),
        ("certificate", o.certificate.to_string().into()),
    ])
}

/// A proposed act.
pub(crate) fn proposal(p: &Proposal) -> Row {
    row([
        ("proposal", p.digest.to_string().into()),
        ("act", p.kind.as_str().into()),
        ("object", p.object.as_str().into()),
        ("proposer", p.proposer.as_str().into()),
        ("at", seconds(p.at)),
        ("expires", seconds(p.expires)),
        ("status", p.status.as_str().into()),
        ("approver", p.approver.as_ref().map(ToString::to_string).into()),
    ])
}

/// A profile on record.
pub(crate) fn profile(p: &ProfileRow, lang: Lang) -> Row {
    let read = hufu_authority::data::profile_from_toml(&p.source).ok();
    let title = read.as_ref().map(|r| if lang == Lang::Zh { r.title_zh.clone() } else { r.title_en.clone() });
    row([
        ("id", p.id.as_str().into()),
        ("title", title.into()),
        ("algorithm", read.as_ref().map(|r| r.algorithm.code()).into()),
        ("holders", read.as_ref().map(|r| r.holders.iter().map(|h| h.code()).collect::<Vec<_>>()).into()),
        ("default_days", read.as_ref().map(|r| r.default_days).into()),
        ("max_days", read.as_ref().map(|r| r.max_days).into()),
        ("current", p.current.into()),
        ("digest", p.digest.to_string().into()),
    ])
}

/// A request.
pub(crate) fn request(r: &RequestRow) -> Row {
    row([
        ("request", r.id.as_str().into()),
        ("org", r.org.as_str().into()),
        ("action", r.action.code().into()),
        ("status", r.status.code().into()),
        ("profile", r.profile.as_str().into()),
        ("subject", r.subject.as_str().into()),
        ("holder", r.holder_kind.code().into()),
        ("reason", r.reason.code().into()),
        ("medium", r.medium.code().into()),
        ("days", r.days.into()),
        ("submitter", r.submitter.as_str().into()),
        ("manifest", r.manifest.to_string().into()),
        ("submitted_at", seconds(r.submitted_at)),
        ("approver", r.approver.as_ref().map(ToString::to_string).into()),
        ("decided_at", r.decided_at.map(seconds).into()),
        ("note", r.note.clone().into()),
        ("predecessor", r.predecessor.as_ref().map(ToString::to_string).into()),
        ("serial", r.serial.as_ref().map(ToString::to_string).into()),
        ("expires", seconds(r.expires)),
    ])
}

/// A certificate's row.
pub(crate) fn certificate(c: &CertificateRow) -> Row {
    row([
        ("serial", c.serial.to_string().into()),
        ("subject", c.subject.as_str().into()),
        ("org", c.org.as_str().into()),
        ("profile", c.profile.as_str().into()),
        ("algorithm", c.algorithm.code().into()),
        ("holder", c.holder_kind.code().into()),
        ("status", c.status.code().into()),
        ("not_before", seconds(c.validity.not_before())),
        ("not_after", seconds(c.validity.not_after())),
        ("issued_at", seconds(c.issued_at)),
        ("reason", c.reason.code().into()),
        ("medium", c.medium.code().into()),
        ("request", c.request.as_ref().map(ToString::to_string).into()),
        ("predecessor", c.predecessor.as_ref().map(ToString::to_string).into()),
    ])
}

/// What an object says of itself in one line; empty when it cannot be read.
pub(crate) fn title(object: &Object) -> String {
    match object.kind {
        Kind::Certificate => Certificate::from_der(&object.der).map(|c| c.subject_text()).unwrap_or_default(),
        Kind::Request => Csr::from_bytes(&object.der).map(|r| r.subject_text()).unwrap_or_default(),
        Kind::Crl => Crl::from_der(object.der.as_slice()).map(|crl| crl.issuer_text()).unwrap_or_default(),
        Kind::Answer => Response::from_der(&object.der).map(|a| answer_title(&a)).unwrap_or_default(),
    }
}

/// What an answer says of itself in one line: when it was made.
pub(crate) fn answer_title(answer: &Response) -> String {
    seconds(answer.produced_at()).as_str().unwrap_or_default().to_owned()
}

/// What a certificate's own bytes say.
pub(crate) fn bytes(c: &Certificate) -> Row {
    row([
        ("serial", c.serial().to_string().into()),
        ("subject", c.subject_text().into()),
        ("issuer", c.issuer_text().into()),
        ("not_before", seconds(c.validity().not_before())),
        ("not_after", seconds(c.validity().not_after())),
        ("public_key", c.public_key().ok().map(|k| k.spki_digest().to_string()).into()),
        ("pem", c.pem().into()),
    ])
}

/// An event of the ledger.
pub(crate) fn event(e: &EventRow) -> Row {
    row([
        ("seq", e.seq.into()),
        ("at", instant(e.at)),
        ("event", e.kind.code().into()),
        ("actor", e.actor.as_ref().map(ToString::to_string).into()),
        ("object", e.object.as_str().into()),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn instants_are_those_of_china() {
        let at: Instant = "2018-06-30T12:00:00+08:00".parse().unwrap();
        assert_eq!(instant(at), "2018-06-30T12:00:00+08:00");
        assert_eq!(seconds(0), "1970-01-01T08:00:00+08:00");
    }

    #[test]
    fn limits_keep_numbers_and_regions_apart() {
        let all = Limits { quota_day: Some(5), region: Some("510000".parse().unwrap()), ..Limits::default() };
        assert_eq!(limits(&all), json!({ "quota_day": 5, "region": "510000" }));
    }
}
