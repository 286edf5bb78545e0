//! Whole objects from anywhere: what is signed, the algorithm, the signature. Certificates and lists of any algorithm are
//! held to RFC 5280, those signed with SM2 to the national rules too.

use super::list::{self, Scope};
use super::{Finding, Report, Rule, answer, base, public, request};
use crate::bundle::Kind;
use crate::oid::dotted;
use crate::sign::Signature;
use crate::signed::{algorithm, is_sm2_with_sm3};
use crate::strict;
use crate::tlv::{Fault, Reader, Tlv, tag};

/// Lints one whole object as it was published.
///
/// No signature is checked but that of a request, which carries its own key; see [`crate::path`] for the others.
#[must_use]
pub fn object(kind: Kind, der: &[u8]) -> Vec<Finding> {
    let mut report = Report::default();
    if let Err(e) = strict::check_up_to(der, crate::crl::MAX_LENGTH) {
        let message = e.context().unwrap_or(e.kind().what()).to_owned();
        report.put(Rule::Structure, e.offset(), message);
    }
    let read = match kind {
        Kind::Certificate => certificate(der, &mut report),
        Kind::Crl => crl(der, &mut report),
        Kind::Request => request::lint(der, &mut report),
        Kind::Answer => answer::lint(der, &mut report),
    };
    let name = match kind {
        Kind::Certificate => "it is no certificate",
        Kind::Crl => "it is no revocation list",
        Kind::Request => "it is no request",
        Kind::Answer => "it is no OCSP answer",
    };
    report.part(Rule::Structure, name, read);
    // The gate and the reader may stumble over the same octet.
    let mut seen = Vec::new();
    report.findings.retain(|f| {
        f.id != "lint.structure"
            || f.offset.is_none_or(|o| {
                !seen.contains(&o) && {
                    seen.push(o);
                    true
                }
            })
    });
    report.findings
}

/// The three parts of everything that is signed.
pub(super) struct Signed<'a> {
    pub(super) tbs: Tlv<'a>,
    pub(super) algorithm: Tlv<'a>,
    pub(super) signature: Tlv<'a>,
}

impl<'a> Signed<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Fault> {
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE is missing")?.inside();
        input.finish("octets behind it")?;
        let signed = Self::fields(&mut outer)?;
        outer.finish("a field behind the signature")?;
        Ok(signed)
    }

    pub(super) fn fields(outer: &mut Reader<'a>) -> Result<Self, Fault> {
        let tbs = outer.expect(tag::SEQUENCE, "what is signed is missing")?;
        let algorithm = algorithm(outer, "signatureAlgorithm is missing")?;
        let signature = outer.expect(tag::BIT_STRING, "the signature is missing")?;
        Ok(Self { tbs, algorithm, signature })
    }

    pub(super) fn sm2(&self) -> bool {
        is_sm2_with_sm3(self.algorithm.whole)
    }

    /// Looks at the algorithm identifiers and at the form of the signature.
    pub(super) fn lint(&self, inner: Option<&Tlv<'_>>, report: &mut Report) {
        if let Some(inner) = inner
            && inner.whole != self.algorithm.whole
        {
            let message = "the signature algorithm inside and the one outside are not the same octets";
            report.at(self.algorithm.offset, Rule::AlgorithmsDiffer, message);
        }
        if self.sm2() && self.algorithm.value.ends_with(&[tag::NULL, 0]) {
            let message = "the signature algorithm has NULL parameters; best written without";
            report.at(self.algorithm.offset, Rule::AlgorithmNull, message);
        }
        let Ok(octets) = self.signature.octet_bits() else {
            return report.at(self.signature.offset, Rule::SignatureForm, "the signature is not made of whole octets");
        };
        let faulty =
            if self.sm2() { Signature::from_der(octets).is_err() } else { self.is_ecdsa() && !is_pair(octets) };
        if faulty {
            let why = if octets.len() == 64 { ", but 64 octets, as devices return r and s" } else { "" };
            let message = format!("the signature is not two integers in range in strict DER{why}");
            report.at(self.signature.offset, Rule::SignatureForm, message);
        }
    }

    fn is_ecdsa(&self) -> bool {
        let id = self.algorithm.inside().any().map(|id| dotted(id.value)).unwrap_or_default();
        id.starts_with("1.2.840.10045.4.")
    }
}

/// SEQUENCE { r INTEGER, s INTEGER }.
fn is_pair(octets: &[u8]) -> bool {
    let mut input = Reader::new(octets);
    let read = input.expect(tag::SEQUENCE, "").and_then(|pair| {
        let mut pair = pair.inside();
        for _ in 0..2 {
            pair.expect(tag::INTEGER, "")?.unsigned()?;
        }
        pair.finish("")
    });
    read.is_ok() && input.is_empty()
}

fn certificate(der: &[u8], report: &mut Report) -> Result<(), Fault> {
    let signed = Signed::read(der)?;
    let mut r = signed.tbs.inside();
    r.optional(tag::constructed(0))?;
    r.optional(tag::INTEGER)?;
    signed.lint(r.optional(tag::SEQUENCE)?.as_ref(), report);
    public::fields(&signed.tbs, signed.sm2(), report)
}

fn crl(der: &[u8], report: &mut Report) -> Result<(), Fault> {
    let signed = Signed::read(der)?;
    let mut r = signed.tbs.inside();
    r.optional(tag::INTEGER)?;
    signed.lint(r.optional(tag::SEQUENCE)?.as_ref(), report);
    list::fields(&signed.tbs, &Scope { ours: None, sm2: signed.sm2() }, report)
}

/// A key from anywhere: an SM2 key must be one that can be used, of others only the structure is looked at.
pub(super) fn key(spki: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut inside = spki.inside();
    let identifier = inside.expect(tag::SEQUENCE, "the algorithm of the key is missing")?;
    let bits = inside.expect(tag::BIT_STRING, "the key itself is missing")?;
    inside.finish("a field behind the key")?;
    bits.octet_bits()?;
    let curve = crate::oid::SM2_CURVE;
    let mut parts = identifier.inside();
    let mut sm2 = false;
    while !parts.is_empty() {
        let part = parts.any()?;
        sm2 |= part.tag == tag::OID && part.value == curve.as_bytes();
    }
    if sm2 && let Err(e) = crate::key::PublicKey::from_spki_der(spki.whole) {
        let about = e.context().map(|c| format!(" ({c})")).unwrap_or_default();
        report.at(spki.offset, Rule::Key, format!("{}{about}", e.kind().what()));
    }
    Ok(())
}

/// notBefore and notAfter.
pub(super) fn validity(period: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut times = period.inside();
    let (first, last) = (times.any()?, times.any()?);
    times.finish("a field that it does not have")?;
    if base::time(&last, report)? < base::time(&first, report)? {
        report.at(period.offset, Rule::ValidityOrder, "the validity ends before it begins");
    }
    Ok(())
}
