//! Certification requests: RFC 2986 §4, GM/T 0092.

use super::whole::{self, Signed};
use super::{Report, Rule, extension, name};
use crate::csr::Csr;
use crate::oid::{self, dotted};
use crate::tlv::{Fault, Tlv, tag};

pub(super) fn lint(der: &[u8], report: &mut Report) -> Result<(), Fault> {
    let signed = Signed::read(der)?;
    signed.lint(None, report);
    let mut r = signed.tbs.inside();
    let version = r.expect(tag::INTEGER, "version is missing")?;
    if version.value != [0] {
        report.at(version.offset, Rule::Version, "the version is not 1, whose code is 0");
    }
    let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
    if subject.value.is_empty() {
        report.at(subject.offset, Rule::RequestSubject, "the subject is empty");
    }
    name::public(&subject, "the subject", report);
    whole::key(&r.expect(tag::SEQUENCE, "subjectPKInfo is missing")?, report)?;
    match r.optional(tag::constructed(0))? {
        None => report.at(
            signed.tbs.offset,
            Rule::RequestAttributes,
            "the attributes are left out; an empty set stands in their place",
        ),
        Some(attributes) => {
            let read = each_attribute(&attributes, report);
            report.part(Rule::RequestAttribute, "the attributes", read);
        }
    }
    r.finish("a field that certificationRequestInfo does not have")?;
    possession(der, &signed, report);
    Ok(())
}

fn each_attribute(attributes: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut list = attributes.inside();
    let mut seen: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        let mut one = list.expect(tag::SEQUENCE, "an attribute is no SEQUENCE")?.inside();
        let id = one.expect(tag::OID, "an attribute has no type")?;
        let values = one.expect(tag::SET, "the values of an attribute are no SET")?;
        one.finish("a field that an attribute does not have")?;
        if seen.contains(&id.value) {
            let message = format!("the attribute {} stands twice", dotted(id.value));
            report.at(id.offset, Rule::RequestAttribute, message);
        }
        seen.push(id.value);
        if id.value == oid::EXTENSION_REQUEST.as_bytes() {
            let list = values.inside().expect(tag::SEQUENCE, "the extensions that are asked for are missing")?;
            extension::all(&list, report)?;
        }
    }
    Ok(())
}

/// The proof that the applicant holds the private key, when it is an SM2 key.
fn possession(der: &[u8], signed: &Signed<'_>, report: &mut Report) {
    if !signed.sm2() {
        return;
    }
    if let Err(e) = Csr::from_bytes(der).and_then(Csr::verify) {
        report.at(e.offset().unwrap_or(signed.signature.offset), Rule::RequestSignature, e.kind().what());
    }
}
