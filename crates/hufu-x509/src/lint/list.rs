//! TBSCertList: GB/T 20518-2018 §5.3 with Table C.5, RFC 5280 §5.1 to §5.3.

use std::cmp::Ordering;
use std::collections::HashSet;

use hufu_model::ident::hex;
use hufu_model::revocation::RevocationReason as Reason;

use super::extension::{self, Found};
use super::{Finding, Report, Rule, base};
use crate::crl::compare;
use crate::key::PublicKey;
use crate::oid::{self, dotted};
use crate::signed::key_identifier;
use crate::tbs::{URI, is_url};
use crate::tlv::{Fault, Reader, Tlv, tag};

/// What a list that is about to be signed is held against.
#[derive(Debug, Clone, Copy)]
pub struct CrlContext<'a> {
    /// The subject of the issuing CA's certificate, DER of a Name.
    pub issuer_der: &'a [u8],
    /// The issuing CA's key.
    pub issuer_key: &'a PublicKey,
}

/// Lints one TBSCertList before it is signed. Nothing is found in a good one.
///
/// It looks at every entry once: a list of a million entries takes a fraction of the time that building it does.
#[must_use]
pub fn crl(tbs: &[u8], context: &CrlContext<'_>) -> Vec<Finding> {
    let mut report = Report::default();
    let mut input = Reader::new(tbs);
    let read = input.expect(tag::SEQUENCE, "the outer SEQUENCE is missing").and_then(|list| {
        input.finish("octets behind it")?;
        fields(&list, &Scope { ours: Some(context), sm2: true }, &mut report)
    });
    report.part(Rule::Structure, "it is no DER TBSCertList", read);
    report.findings
}

/// Whose list it is.
pub(super) struct Scope<'a> {
    /// What this authority holds its own lists against.
    pub(super) ours: Option<&'a CrlContext<'a>>,
    /// Whether it is signed with SM2, so that the national rules hold.
    pub(super) sm2: bool,
}

/// What the extensions say that entries have to fit.
#[derive(Default)]
struct Kind {
    number: Option<Vec<u8>>,
    base: Option<Vec<u8>>,
    freshest: Option<usize>,
    delta: bool,
}

pub(super) fn fields(list: &Tlv<'_>, scope: &Scope<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut r = list.inside();
    let version = r.optional(tag::INTEGER)?;
    if version.is_none_or(|version| version.value != [1]) {
        report.at(
            version.map_or(list.offset, |v| v.offset),
            Rule::Version,
            "the version is not 2, which extensions need",
        );
    }
    let algorithm = r.expect(tag::SEQUENCE, "the signature algorithm is missing")?;
    let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
    if let Some(context) = scope.ours {
        base::algorithm(&algorithm, report);
        if issuer.whole != context.issuer_der {
            let message = "the issuer is not, octet for octet, the subject of the issuing CA";
            report.at(issuer.offset, Rule::Issuer, message);
        }
    }
    if issuer.value.is_empty() {
        report.at(issuer.offset, Rule::IssuerEmpty, "the issuer is empty");
    }
    let this_update = period(&mut r, report)?;
    let revoked = r.optional(tag::SEQUENCE)?;
    let found = match r.optional(tag::constructed(0))? {
        None => Vec::new(),
        Some(explicit) => extension::inside(&explicit, report)?,
    };
    r.finish("a field that tbsCertList does not have")?;
    let kind = extensions(&found, scope, report);
    if let Some(revoked) = revoked {
        entries(&revoked, this_update, &kind, scope, report)?;
    }
    Ok(())
}

/// thisUpdate and nextUpdate; returns the first.
fn period(r: &mut Reader<'_>, report: &mut Report) -> Result<i64, Fault> {
    let first = r.any()?;
    let this_update = base::time(&first, report)?;
    match r.peek() {
        Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => {
            let last = r.any()?;
            if base::time(&last, report)? <= this_update {
                report.at(last.offset, Rule::ListPeriod, "nextUpdate is not later than thisUpdate");
            }
        }
        _ => report.at(r.offset(), Rule::ListNextUpdate, "the list does not say when the next is due (nextUpdate)"),
    }
    Ok(this_update)
}

fn extensions(found: &[Found<'_>], scope: &Scope<'_>, report: &mut Report) -> Kind {
    let mut kind = Kind::default();
    for one in found {
        let mut value = one.content.inside();
        let read = value.any().and_then(|value| one_extension(one, &value, scope, &mut kind, report));
        let read = read.and_then(|()| value.finish("octets behind its value"));
        report.part(Rule::ExtensionForm, &dotted(one.id.value), read);
    }
    for (oid, name) in [(oid::AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier"), (oid::CRL_NUMBER, "cRLNumber")] {
        if !found.iter().any(|one| one.is(oid)) {
            report.add(Rule::ExtensionMissing, format!("the extension {name} is missing"));
        }
    }
    if let (Some(base), Some(number)) = (&kind.base, &kind.number)
        && compare(base, number).is_ge()
    {
        report.add(Rule::ListDelta, "the list that a delta CRL adds to has no lower number than the delta CRL itself");
    }
    if let (true, Some(offset)) = (kind.delta, kind.freshest) {
        report.at(offset, Rule::ListFreshest, "a delta CRL names delta CRLs of its own (freshestCRL)");
    }
    kind
}

fn one_extension(
    one: &Found<'_>,
    value: &Tlv<'_>,
    scope: &Scope<'_>,
    kind: &mut Kind,
    report: &mut Report,
) -> Result<(), Fault> {
    if one.is(oid::AUTHORITY_KEY_IDENTIFIER) {
        extension::criticality(one, "authorityKeyIdentifier", false, report);
        let id = key_identifier(value)?;
        if let Some(context) = scope.ours
            && id.is_none_or(|id| id.value != context.issuer_key.key_id())
        {
            let message = "authorityKeyIdentifier is not the issuing CA's key identifier";
            report.at(value.offset, Rule::AuthorityKeyIdValue, message);
        }
    } else if one.is(oid::CRL_NUMBER) {
        extension::criticality(one, "cRLNumber", false, report);
        kind.number = number(value, report);
    } else if one.is(oid::DELTA_CRL_INDICATOR) {
        extension::criticality(one, "deltaCRLIndicator", true, report);
        kind.delta = true;
        kind.base = number(value, report);
    } else if one.is(oid::ISSUING_DISTRIBUTION_POINT) {
        extension::criticality(one, "issuingDistributionPoint", true, report);
        point(value, scope, report)?;
    } else if one.is(oid::FRESHEST_CRL) {
        extension::criticality(one, "freshestCRL", false, report);
        kind.freshest = Some(one.id.offset);
    } else if one.is(oid::ISSUER_ALT_NAME) {
        extension::criticality(one, "issuerAltName", false, report);
    } else if one.critical {
        let message = format!("the critical extension {} is not one that lists have", dotted(one.id.value));
        report.at(one.id.offset, Rule::ExtensionUnknownCritical, message);
    } else if scope.sm2 {
        let message = format!("the extension {} is not one that Table C.5 has for lists", dotted(one.id.value));
        report.at(one.id.offset, Rule::ExtensionUnlisted, message);
    }
    Ok(())
}

/// A cRLNumber or BaseCRLNumber: not negative, at most 20 octets.
fn number(value: &Tlv<'_>, report: &mut Report) -> Option<Vec<u8>> {
    let magnitude = if value.tag == tag::INTEGER { value.unsigned() } else { Err(value.fault("no INTEGER")) };
    match magnitude {
        Ok(magnitude) if value.value.len() <= 20 => return Some(magnitude.to_vec()),
        Ok(_) => report.at(value.offset, Rule::ListNumber, "the number of the list has more than 20 octets"),
        Err(fault) => report.at(value.offset, Rule::ListNumber, format!("the number of the list is {}", fault.what)),
    }
    None
}

/// issuingDistributionPoint (RFC 5280 §5.2.5): at least one field, no FALSE, not limited in two ways.
fn point(value: &Tlv<'_>, scope: &Scope<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut inside =
        if value.tag == tag::SEQUENCE { value.inside() } else { return Err(value.fault("a SEQUENCE is missing")) };
    if inside.is_empty() {
        report.at(value.offset, Rule::ListPoint, "issuingDistributionPoint is empty, which says nothing");
    }
    let name = inside.optional(tag::constructed(0))?;
    let mut set = [false; 6];
    for n in 1..=5_u8 {
        let Some(field) = inside.optional(tag::context(n))? else { continue };
        let on = n == 3 || field.boolean()?;
        if !on {
            let message = "issuingDistributionPoint writes FALSE, which DER leaves out";
            report.at(field.offset, Rule::ListPoint, message);
        }
        if let Some(place) = set.get_mut(usize::from(n)) {
            *place = on;
        }
    }
    inside.finish("a field that issuingDistributionPoint does not have")?;
    let [_, users, cas, reasons, indirect, attributes] = set;
    if [users, cas, attributes].into_iter().filter(|only| *only).count() > 1 {
        report.at(value.offset, Rule::ListPoint, "issuingDistributionPoint limits the list in two ways at once");
    }
    if indirect && scope.sm2 {
        report.at(value.offset, Rule::ListIndirect, "the list is indirect, which GB/T 20518 does not have");
    }
    if scope.ours.is_some() && (reasons || attributes) {
        let message = "issuingDistributionPoint limits the list to some reasons or to attribute certificates";
        report.at(value.offset, Rule::ListPoint, message);
    }
    let address = name.is_some_and(|name| has_address(&name));
    if scope.ours.is_some() && !address {
        let message = "issuingDistributionPoint names no http:// or ldap:// address of its certificates";
        report.at(value.offset, Rule::ListPointAddress, message);
    }
    Ok(())
}

/// Whether a DistributionPointName has a URL among its full names, and nothing but URLs.
fn has_address(name: &Tlv<'_>) -> bool {
    let Ok(full) = name.inside().expect(tag::constructed(0), "") else { return false };
    let mut names = full.inside();
    let mut any = false;
    while !names.is_empty() {
        let Ok(one) = names.any() else { return false };
        let text = std::str::from_utf8(one.value).unwrap_or_default();
        any = one.tag == URI && (is_url(text, "http://") || is_url(text, "ldap://"));
        if !any {
            return false;
        }
    }
    any
}

fn entries(
    revoked: &Tlv<'_>,
    this_update: i64,
    kind: &Kind,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Result<(), Fault> {
    let mut list = revoked.inside();
    if list.is_empty() {
        report.at(revoked.offset, Rule::ListEmpty, "revokedCertificates is there and empty; it is left out then");
    }
    // Ours ascend, so that the one before suffices to find what stands twice.
    let mut last: &[u8] = &[];
    let mut seen: HashSet<&[u8]> = HashSet::new();
    while !list.is_empty() {
        let entry = list.expect(tag::SEQUENCE, "an entry is no SEQUENCE")?;
        let mut inside = entry.inside();
        let serial = inside.expect(tag::INTEGER, "the serial number of an entry is missing")?;
        let at = base::time(&inside.any()?, report)?;
        let extensions = inside.optional(tag::SEQUENCE)?;
        inside.finish("a field that an entry does not have")?;
        match serial.unsigned() {
            Ok(magnitude) if magnitude != [0] && serial.value.len() <= 20 => {
                let order = compare(magnitude, last);
                let twice = match scope.ours {
                    Some(_) => order == Ordering::Equal,
                    None => !seen.insert(magnitude),
                };
                if twice {
                    let message = format!("the serial number {} stands twice", hex(magnitude));
                    report.at(entry.offset, Rule::ListTwice, message);
                } else if scope.ours.is_some() && order == Ordering::Less {
                    let message = format!("the serial number {} comes after a greater one", hex(magnitude));
                    report.at(entry.offset, Rule::ListOrder, message);
                }
                last = magnitude;
            }
            _ => {
                let message = "the serial number of an entry is zero, negative, padded, or has more than 20 octets";
                report.at(serial.offset, Rule::ListSerial, message);
            }
        }
        if scope.ours.is_some() && at > this_update {
            report.at(entry.offset, Rule::ListTime, "an entry is of later than thisUpdate");
        }
        if let Some(extensions) = extensions {
            entry_extensions(&extensions, kind, scope, report)?;
        }
    }
    Ok(())
}

fn entry_extensions(list: &Tlv<'_>, kind: &Kind, scope: &Scope<'_>, report: &mut Report) -> Result<(), Fault> {
    let found = extension::all(list, report)?;
    if found.is_empty() {
        report.at(list.offset, Rule::ListEntryExtension, "the extensions of an entry are there and empty");
    }
    for one in &found {
        if one.is(oid::CRL_REASON) {
            extension::criticality(one, "reasonCode", false, report);
            reason(&one.content, kind, report);
        } else if one.is(oid::INVALIDITY_DATE) {
            extension::criticality(one, "invalidityDate", false, report);
        } else if one.is(oid::CERTIFICATE_ISSUER) {
            if scope.sm2 {
                report.at(one.id.offset, Rule::ListIndirect, "an entry is about a certificate of another issuer");
            }
        } else if one.critical || scope.ours.is_some() {
            let message = format!("an entry has the extension {}, which entries do not have", dotted(one.id.value));
            report.at(one.id.offset, Rule::ListEntryExtension, message);
        }
    }
    Ok(())
}

fn reason(content: &Tlv<'_>, kind: &Kind, report: &mut Report) {
    let mut inside = content.inside();
    let value = inside.expect(tag::ENUMERATED, "").ok().filter(|_| inside.is_empty());
    match value.and_then(|value| <[u8; 1]>::try_from(value.value).ok()).map(|[n]| (n, Reason::from_number(n))) {
        Some((_, Some(Reason::Unspecified))) => {
            let message = "an entry writes the reason unspecified, which is left out";
            report.at(content.offset, Rule::ListUnspecified, message);
        }
        Some((_, Some(Reason::RemoveFromCrl))) if !kind.delta => {
            report.at(content.offset, Rule::ListRemove, "removeFromCRL stands in delta CRLs only");
        }
        Some((_, Some(_))) => {}
        Some((n, None)) => {
            report.at(content.offset, Rule::ListReason, format!("an entry has the reason {n}, which nothing means"))
        }
        None => report.at(content.offset, Rule::ListReason, "the reason of an entry is no ENUMERATED of one octet"),
    }
}
