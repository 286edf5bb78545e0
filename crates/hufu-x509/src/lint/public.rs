//! A TBSCertificate from anywhere: RFC 5280 §4.1 and §4.2, whatever its algorithm and its profile.

use hufu_model::profile::KeyUsage;

use super::extension::{self, Found};
use super::{Report, Rule, base, name, whole};
use crate::oid::{self, Oid, dotted};
use crate::tbs::{DNS_NAME, Host, IP_ADDRESS};
use crate::tlv::{Fault, Tlv, tag};

/// What the extensions say of each other.
#[derive(Default)]
struct Kind {
    ca: bool,
    usage: Option<u16>,
    self_issued: bool,
    nameless: bool,
    sm2: bool,
}

impl Kind {
    fn may(&self, usage: KeyUsage) -> bool {
        self.usage.is_some_and(|bits| bits & (0x8000 >> usage.bit()) != 0)
    }
}

pub(super) fn fields(tbs: &Tlv<'_>, sm2: bool, report: &mut Report) -> Result<(), Fault> {
    let mut r = tbs.inside();
    let version = r.optional(tag::constructed(0))?;
    base::number(&r.expect(tag::INTEGER, "serialNumber is missing")?, report);
    r.expect(tag::SEQUENCE, "the signature algorithm is missing")?;
    let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
    if issuer.value.is_empty() {
        report.at(issuer.offset, Rule::IssuerEmpty, "the issuer is empty");
    }
    name::public(&issuer, "the issuer", report);
    let period = r.expect(tag::SEQUENCE, "validity is missing")?;
    let read = whole::validity(&period, report);
    report.part(Rule::ValidityForm, "validity", read);
    let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
    name::public(&subject, "the subject", report);
    whole::key(&r.expect(tag::SEQUENCE, "subjectPublicKeyInfo is missing")?, report)?;
    for unique in [1, 2] {
        if let Some(id) = r.optional(tag::context(unique))? {
            report.at(id.offset, Rule::UniqueId, "a unique identifier, which a CA shall not write");
        }
    }
    let explicit = r.optional(tag::constructed(3))?;
    r.finish("a field that tbsCertificate does not have")?;
    if explicit.is_some() && version.is_none_or(|version| version.value != [tag::INTEGER, 1, 2]) {
        report.at(tbs.offset, Rule::Version, "the version is not 3, which extensions need");
    }
    let found = match &explicit {
        None => Vec::new(),
        Some(explicit) => extension::inside(explicit, report)?,
    };
    let nameless = subject.value.is_empty();
    let mut kind = Kind { self_issued: issuer.whole == subject.whole, nameless, sm2, ..Kind::default() };
    for one in &found {
        let mut value = one.content.inside();
        let read = value.any().and_then(|value| one_extension(one, &value, &mut kind, report));
        let read = read.and_then(|()| value.finish("octets behind its value"));
        report.part(Rule::ExtensionForm, &dotted(one.id.value), read);
    }
    if explicit.is_some() {
        together(&found, &kind, &subject, report);
    }
    Ok(())
}

fn one_extension(one: &Found<'_>, value: &Tlv<'_>, kind: &mut Kind, report: &mut Report) -> Result<(), Fault> {
    let plain = |name: &str, report: &mut Report| extension::criticality(one, name, false, report);
    if one.is(oid::BASIC_CONSTRAINTS) {
        basic_constraints(one, value, kind, report)?;
    } else if one.is(oid::KEY_USAGE) {
        key_usage(one, value, kind, report)?;
    } else if one.is(oid::AUTHORITY_KEY_IDENTIFIER) {
        plain("authorityKeyIdentifier", report);
        crate::signed::key_identifier(value)?;
    } else if one.is(oid::SUBJECT_KEY_IDENTIFIER) {
        plain("subjectKeyIdentifier", report);
        if value.tag != tag::OCTET_STRING {
            return Err(value.fault("an OCTET STRING is missing"));
        }
    } else if one.is(oid::EXTENDED_KEY_USAGE) {
        each(
            value,
            |purpose| if purpose.tag == tag::OID { Ok(()) } else { Err(purpose.fault("a purpose is no OID")) },
        )?;
    } else if one.is(oid::SUBJECT_ALT_NAME) {
        alt_names(one, value, kind, report)?;
    } else if one.is(oid::CERTIFICATE_POLICIES) {
        policies(value, report)?;
    } else if one.is(oid::CRL_DISTRIBUTION_POINTS) {
        each(
            value,
            |point| if point.tag == tag::SEQUENCE { Ok(()) } else { Err(point.fault("a point is no SEQUENCE")) },
        )?;
    } else if one.is(oid::AUTHORITY_INFO_ACCESS) {
        plain("authorityInfoAccess", report);
        each(value, access)?;
    } else if one.is(oid::SUBJECT_INFO_ACCESS) {
        plain("subjectInfoAccess", report);
        each(value, access)?;
    } else if one.is(oid::NAME_CONSTRAINTS) {
        extension::criticality(one, "nameConstraints", true, report);
    }
    Ok(())
}

/// The elements of a SEQUENCE that must have one.
fn each<'a>(list: &Tlv<'a>, mut check: impl FnMut(&Tlv<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
    if list.tag != tag::SEQUENCE {
        return Err(list.fault("a SEQUENCE is missing"));
    }
    let mut inside = list.inside();
    if inside.is_empty() {
        return Err(list.fault("it is empty"));
    }
    while !inside.is_empty() {
        check(&inside.any()?)?;
    }
    Ok(())
}

fn access(description: &Tlv<'_>) -> Result<(), Fault> {
    let mut inside = description.inside();
    inside.expect(tag::OID, "an access method is missing")?;
    inside.any()?;
    inside.finish("a field that an access description does not have")
}

fn basic_constraints(one: &Found<'_>, value: &Tlv<'_>, kind: &mut Kind, report: &mut Report) -> Result<(), Fault> {
    if value.tag != tag::SEQUENCE {
        return Err(value.fault("a SEQUENCE is missing"));
    }
    let mut inside = value.inside();
    if let Some(flag) = inside.optional(tag::BOOLEAN)? {
        kind.ca = flag.boolean()?;
        if !kind.ca {
            report.at(flag.offset, Rule::CriticalExplicitFalse, "basicConstraints writes FALSE, which DER leaves out");
        }
    }
    if let Some(path) = inside.optional(tag::INTEGER)? {
        path.unsigned()?;
        if !kind.ca {
            report.at(path.offset, Rule::BasicConstraintsPath, "basicConstraints has a pathLen and is not of a CA");
        }
    }
    inside.finish("a field that it does not have")?;
    if kind.ca && !one.critical {
        report.at(one.id.offset, Rule::CriticalityCa, "basicConstraints of a CA is not critical");
    }
    Ok(())
}

fn key_usage(one: &Found<'_>, value: &Tlv<'_>, kind: &mut Kind, report: &mut Report) -> Result<(), Fault> {
    if value.tag != tag::BIT_STRING {
        return Err(value.fault("a BIT STRING is missing"));
    }
    let good = match value.value {
        [unused, bits @ .., last] if bits.len() < 2 => last.trailing_zeros() == u32::from(*unused),
        _ => false,
    };
    if !good {
        let message = "keyUsage has no bit, a wrong count of unused bits, or trailing zero bits";
        report.at(value.offset, Rule::KeyUsageForm, message);
    }
    let octet = |n: usize| u16::from(value.value.get(n).copied().unwrap_or_default());
    kind.usage = Some(octet(1) << 8 | octet(2));
    if !one.critical {
        report.at(one.id.offset, Rule::CriticalityCa, "keyUsage is not critical");
    }
    Ok(())
}

fn alt_names(one: &Found<'_>, value: &Tlv<'_>, kind: &Kind, report: &mut Report) -> Result<(), Fault> {
    if value.tag != tag::SEQUENCE {
        return Err(value.fault("a SEQUENCE is missing"));
    }
    let mut inside = value.inside();
    if inside.is_empty() {
        report.at(value.offset, Rule::AltNameEmpty, "subjectAltName is empty");
    }
    if kind.nameless && !one.critical {
        report.at(
            one.id.offset,
            Rule::Criticality,
            "the extension subjectAltName must be critical beside an empty subject",
        );
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    while !inside.is_empty() {
        let name = inside.any()?;
        if seen.contains(&name.whole) {
            report.at(name.offset, Rule::AltNameDuplicate, "subjectAltName names a host twice");
        }
        seen.push(name.whole);
        match (name.tag, Host::read(&name)) {
            (IP_ADDRESS, None) => {
                report.at(name.offset, Rule::AltNameValue, "an IP address in subjectAltName has not 4 or 16 octets");
            }
            (DNS_NAME, Some(Host::Dns(host))) if host.is_empty() || host.contains([' ', '\0', '/', '_']) => {
                report.at(name.offset, Rule::AltNameValue, "a host name in subjectAltName is not one of the DNS");
            }
            (DNS_NAME, None) => {
                report.at(name.offset, Rule::AltNameValue, "a host name in subjectAltName is not ASCII");
            }
            _ => {}
        }
    }
    Ok(())
}

fn policies(value: &Tlv<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut seen: Vec<&[u8]> = Vec::new();
    each(value, |policy| {
        let id = policy.inside().expect(tag::OID, "a policy has no identifier")?;
        if seen.contains(&id.value) {
            let message = format!("certificatePolicies has {} twice", dotted(id.value));
            report.at(id.offset, Rule::Policy, message);
        }
        seen.push(id.value);
        Ok(())
    })
}

/// What several extensions must say together.
fn together(found: &[Found<'_>], kind: &Kind, subject: &Tlv<'_>, report: &mut Report) {
    let has = |oid: Oid| found.iter().any(|one| one.is(oid));
    let mut missing = |name: &str| report.add(Rule::ExtensionMissing, format!("the extension {name} is missing"));
    if !has(oid::AUTHORITY_KEY_IDENTIFIER) && !kind.self_issued {
        missing("authorityKeyIdentifier");
    }
    if kind.ca && !has(oid::SUBJECT_KEY_IDENTIFIER) {
        missing("subjectKeyIdentifier");
    }
    if kind.ca && kind.usage.is_none() {
        missing("keyUsage");
    }
    if kind.nameless && !has(oid::SUBJECT_ALT_NAME) {
        report.at(
            subject.offset,
            Rule::SubjectEmpty,
            "the subject is empty, and no subjectAltName stands in its place",
        );
    }
    if kind.ca && subject.value.is_empty() {
        report.at(subject.offset, Rule::SubjectEmpty, "the subject of a CA is empty");
    }
    if kind.usage.is_some() && kind.ca != kind.may(KeyUsage::KeyCertSign) {
        let message = if kind.ca { "a CA may not sign certificates" } else { "keyCertSign, and it is no CA" };
        report.add(Rule::KeyUsageCa, format!("keyUsage and basicConstraints contradict each other: {message}"));
    }
    let signs = [KeyUsage::DigitalSignature, KeyUsage::NonRepudiation].iter().any(|usage| kind.may(*usage));
    let encrypts = [KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment].iter().any(|usage| kind.may(*usage));
    if kind.sm2 && !kind.ca && signs && encrypts {
        let message = "one key for signing and for encryption; a pair of certificates is what the standard recommends";
        report.add(Rule::KeyUsageBoth, message);
    }
}
