//! What stands in each extension.
//!
//! Each function reads the one element of an extension's value. A wrong form comes back as a fault; a wrong meaning is
//! reported here.

use hufu_model::profile::ProfileClass;
use hufu_model::text::{check_dns_name, printable};

use super::{LintContext, Report, Rule};
use crate::oid::{self, Oid, dotted};
use crate::tbs::{DNS_NAME, Host, IP_ADDRESS, URI, is_url, key_usage_bits, purpose};
use crate::tlv::{Fault, Reader, tag};

type Read = Result<(), Fault>;

pub(super) fn authority_key_id(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let mut inside = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    let id = inside.expect(tag::context(0), "keyIdentifier is missing")?;
    inside.finish("a field beside keyIdentifier")?;
    if id.value != context.issuer_key.key_id() {
        report.add(Rule::AuthorityKeyIdValue, "authorityKeyIdentifier is not the issuing CA's key identifier");
    }
    Ok(())
}

pub(super) fn subject_key_id(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let id = r.expect(tag::OCTET_STRING, "an OCTET STRING is missing")?;
    if id.value != context.subject_key.key_id() {
        report.add(Rule::SubjectKeyIdValue, "subjectKeyIdentifier is not SHA-1 of the subject's public key");
    }
    Ok(())
}

pub(super) fn basic_constraints(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let mut inside = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    let ca = inside.optional(tag::BOOLEAN)?.map_or(Ok(false), |b| b.boolean())?;
    if !ca {
        report.add(Rule::BasicConstraintsCa, "basicConstraints of a CA does not say CA");
    }
    let path = match inside.optional(tag::INTEGER)? {
        None => None,
        Some(n) => Some(n.unsigned()?),
    };
    inside.finish("a field that it does not have")?;
    match (context.profile.class, path) {
        (ProfileClass::IssuingCa, Some([0])) | (ProfileClass::Root | ProfileClass::EndEntity, None) => {}
        (ProfileClass::IssuingCa, _) => {
            report.add(Rule::BasicConstraintsPath, "basicConstraints of an issuing CA has a pathLen other than 0");
        }
        _ => report.add(Rule::BasicConstraintsPath, "basicConstraints of a root has a pathLen"),
    }
    Ok(())
}

pub(super) fn key_usage(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let bits = r.expect(tag::BIT_STRING, "a BIT STRING is missing")?;
    // Trailing zero bits are left out (X.690 §11.2.2), so the count of unused bits follows from the last octet.
    let good = match bits.value {
        [unused, .., last] => last.trailing_zeros() == u32::from(*unused),
        _ => bits.value == [0],
    };
    if !good {
        report.add(Rule::KeyUsageForm, "keyUsage has a wrong count of unused bits, or trailing zero bits");
    } else if bits.value != key_usage_bits(&context.profile.key_usage) {
        let wanted: Vec<&str> = context.profile.key_usage.iter().map(|u| u.code()).collect();
        report.add(Rule::KeyUsageBits, format!("keyUsage is not exactly {}", wanted.join(", ")));
    }
    Ok(())
}

pub(super) fn extended_key_usage(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let mut inside = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    let mut wanted = context.profile.extended_key_usage.iter().map(|u| purpose(*u));
    let mut same = true;
    while !inside.is_empty() {
        let usage = inside.expect(tag::OID, "a key purpose is missing")?;
        same &= wanted.next().is_some_and(|w| w.as_bytes() == usage.value);
    }
    if !same || wanted.next().is_some() {
        report.add(Rule::ExtendedKeyUsage, "extKeyUsage is not exactly the profile's");
    }
    Ok(())
}

pub(super) fn no_check(r: &mut Reader<'_>, _: &LintContext<'_>, _: &mut Report) -> Read {
    r.expect(tag::NULL, "a NULL is missing").map(|_| ())
}

pub(super) fn policies(r: &mut Reader<'_>, context: &LintContext<'_>, report: &mut Report) -> Read {
    let mut inside = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    let mut policy = inside.expect(tag::SEQUENCE, "a policy is missing")?.inside();
    let id = policy.expect(tag::OID, "a policy has no identifier")?;
    if policy.optional(tag::SEQUENCE)?.is_some() {
        report.add(Rule::PolicyQualifier, "certificatePolicies has qualifiers, which the tables discourage");
    }
    policy.finish("a field that a policy does not have")?;
    let wanted = context.profile.policy.as_deref().and_then(|p| p.parse::<Oid>().ok());
    if !inside.is_empty() {
        report.add(Rule::Policy, "certificatePolicies holds more than one policy");
        while !inside.is_empty() {
            inside.any()?;
        }
    } else if wanted.is_none_or(|w| w.as_bytes() != id.value) {
        report.add(Rule::Policy, format!("the policy {} is not the profile's", dotted(id.value)));
    }
    Ok(())
}

pub(super) fn alt_names(r: &mut Reader<'_>, _: &LintContext<'_>, report: &mut Report) -> Read {
    let mut inside = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    if inside.is_empty() {
        report.add(Rule::AltNameEmpty, "subjectAltName is empty");
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    while !inside.is_empty() {
        let name = inside.any()?;
        if seen.contains(&name.whole) {
            report.add(Rule::AltNameDuplicate, "subjectAltName names a host twice");
        }
        seen.push(name.whole);
        match (name.tag, Host::read(&name)) {
            (DNS_NAME, Some(Host::Dns(host))) => {
                if let Err(e) = check_dns_name(&host) {
                    report.add(Rule::AltNameValue, format!("subjectAltName: {e}"));
                }
            }
            (IP_ADDRESS, Some(Host::Ip(_))) => {}
            (DNS_NAME, _) => report.add(Rule::AltNameValue, "a host name in subjectAltName is not ASCII"),
            (IP_ADDRESS, _) => report.add(Rule::AltNameValue, "an IP address in subjectAltName has not 4 or 16 octets"),
            _ => report.add(Rule::AltNameKind, "subjectAltName holds something other than host names and IP addresses"),
        }
    }
    Ok(())
}

pub(super) fn crl_points(r: &mut Reader<'_>, _: &LintContext<'_>, report: &mut Report) -> Read {
    let mut points = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    if points.is_empty() {
        return points.expect(tag::SEQUENCE, "a distribution point is missing").map(|_| ());
    }
    while !points.is_empty() {
        let mut point = points.expect(tag::SEQUENCE, "a distribution point is no SEQUENCE")?.inside();
        let mut name = point.expect(tag::constructed(0), "distributionPoint is missing")?.inside();
        if !point.is_empty() {
            let message = "a distribution point gives reasons or another CRL issuer; CRLs here are whole";
            report.add(Rule::CrlPartial, message);
        }
        let mut names = name.expect(tag::constructed(0), "fullName is missing")?.inside();
        name.finish("octets behind fullName")?;
        if names.is_empty() {
            report.add(Rule::CrlAddress, "a distribution point without an address");
        }
        while !names.is_empty() {
            let address = names.any()?;
            match address.tag {
                URI => check_address(address.value, "cRLDistributionPoints", Rule::CrlAddress, report),
                _ => report.add(Rule::CrlAddress, "a distribution point is named by something other than a URL"),
            }
        }
    }
    Ok(())
}

pub(super) fn authority_access(r: &mut Reader<'_>, _: &LintContext<'_>, report: &mut Report) -> Read {
    let mut methods = (false, false);
    descriptions(r, "authorityInfoAccess", report, |method, _| {
        methods.0 |= method == oid::AD_CA_ISSUERS.as_bytes();
        methods.1 |= method == oid::AD_OCSP.as_bytes();
        method == oid::AD_CA_ISSUERS.as_bytes() || method == oid::AD_OCSP.as_bytes()
    })?;
    if !methods.0 {
        report.add(Rule::AccessCaIssuers, "authorityInfoAccess has no caIssuers");
    }
    if !methods.1 {
        report.add(Rule::AccessOcsp, "authorityInfoAccess has no ocsp");
    }
    Ok(())
}

pub(super) fn subject_access(r: &mut Reader<'_>, _: &LintContext<'_>, report: &mut Report) -> Read {
    let (mut repository, mut ldap) = (false, false);
    descriptions(r, "subjectInfoAccess", report, |method, url| {
        let known = method == oid::AD_CA_REPOSITORY.as_bytes();
        repository |= known;
        ldap |= known && url.starts_with(b"ldap://");
        known
    })?;
    if !repository {
        report.add(Rule::RepositoryMissing, "subjectInfoAccess has no caRepository");
    } else if !ldap {
        let message = "subjectInfoAccess has no LDAP address, which Tables C.1 and C.2 ask for; give --base-ldap if a \
                       directory exists";
        report.add(Rule::RepositoryLdap, message);
    }
    Ok(())
}

/// Reads AccessDescriptions; `known` gets method and address and says whether the method belongs here.
fn descriptions(
    r: &mut Reader<'_>,
    name: &str,
    report: &mut Report,
    mut known: impl FnMut(&[u8], &[u8]) -> bool,
) -> Read {
    let mut list = r.expect(tag::SEQUENCE, "a SEQUENCE is missing")?.inside();
    while !list.is_empty() {
        let mut one = list.expect(tag::SEQUENCE, "an access description is no SEQUENCE")?.inside();
        let method = one.expect(tag::OID, "an access method is missing")?;
        let address = one.any()?;
        one.finish("a field that an access description does not have")?;
        if !known(method.value, address.value) {
            let message = format!("{name} has the access method {}, which does not belong there", dotted(method.value));
            report.add(Rule::AccessMethod, message);
        }
        match address.tag {
            URI => check_address(address.value, name, Rule::AccessAddress, report),
            _ => report.add(Rule::AccessAddress, format!("{name} has an address that is no URL")),
        }
    }
    Ok(())
}

fn check_address(address: &[u8], name: &str, rule: Rule, report: &mut Report) {
    let text = std::str::from_utf8(address).unwrap_or_default();
    if !is_url(text, "http://") && !is_url(text, "ldap://") {
        let shown: String = printable(&String::from_utf8_lossy(address)).chars().take(80).collect();
        report.add(rule, format!("{name}: {shown:?} is no http:// or ldap:// URL"));
    }
}
