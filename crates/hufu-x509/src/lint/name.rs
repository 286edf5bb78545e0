//! The subject, against its profile and once more against the rules for names.

use hufu_model::profile::{NameAttribute, ProfileClass};

use super::{LintContext, Report, Rule};
use crate::name::{Rdn, attribute_of, check_value, rdns, string_of, string_tag};
use crate::oid::dotted;
use crate::tlv::{Tlv, tag};

pub(super) fn lint(subject: &Tlv<'_>, context: &LintContext<'_>, report: &mut Report) {
    let same = subject.whole == context.issuer_der;
    match context.profile.class {
        ProfileClass::Root if !same => report.add(Rule::SubjectNotSelfIssued, "a root's subject is also its issuer"),
        ProfileClass::IssuingCa | ProfileClass::EndEntity if same => {
            report.add(Rule::SubjectIsIssuer, "the subject has the issuing CA's own name");
        }
        _ => {}
    }
    match rdns(subject.whole) {
        Err(fault) => {
            report.add(Rule::SubjectForm, format!("the subject: {}, at its octet {}", fault.what, fault.offset))
        }
        Ok(names) if names.is_empty() => report.add(Rule::SubjectEmpty, "the subject is empty"),
        Ok(names) => attributes(&names, context, report),
    }
}

fn attributes(names: &[Rdn<'_>], context: &LintContext<'_>, report: &mut Report) {
    let rules = &context.profile.subject;
    let mut present = vec![false; rules.len()];
    // Where in the profile's list the next attribute may stand.
    let mut next = 0;
    for rdn in names {
        let [(kind, value)] = rdn.as_slice() else {
            report.add(Rule::SubjectSeveral, "several attributes stand in one part of the subject");
            continue;
        };
        let Some(attribute) = attribute_of(kind.value) else {
            report.add(Rule::SubjectAttribute, format!("the attribute {} is not known here", dotted(kind.value)));
            continue;
        };
        let found = rules.iter().enumerate().skip(next).find(|(_, rule)| rule.attribute == attribute);
        if let Some((at, _)) = found {
            if let Some(seen) = present.get_mut(at) {
                *seen = true;
            }
            next = at + 1;
        } else if rules.iter().any(|rule| rule.attribute == attribute) {
            report.add(Rule::SubjectOrder, format!("{attribute} stands twice or in another place than in the profile"));
        } else {
            report.add(Rule::SubjectAttribute, format!("{attribute} is not in the profile's subject"));
        }
        if value.tag != string_tag(attribute) {
            report.add(Rule::SubjectStringType, format!("{attribute} is written as another type of string"));
        }
        match std::str::from_utf8(value.value) {
            Err(_) => report.add(Rule::SubjectValue, format!("{attribute} is not UTF-8")),
            Ok(text) => {
                if let Err(e) = check_value(attribute, text) {
                    report.add(Rule::SubjectValue, e.context().unwrap_or("a value that is not allowed"));
                }
            }
        }
    }
    for (rule, present) in rules.iter().zip(present) {
        if rule.required && !present {
            report.add(Rule::SubjectMissing, format!("the profile's subject needs {}", rule.attribute));
        }
    }
}

/// A name from anywhere, by RFC 5280 §4.1.2.4 and its upper bounds.
pub(super) fn public(name: &Tlv<'_>, what: &str, report: &mut Report) {
    let names = match rdns(name.whole) {
        Ok(names) => names,
        Err(fault) => {
            return report.at(name.offset + fault.offset, Rule::NameForm, format!("{what}: {}", fault.what));
        }
    };
    for (kind, value) in names.iter().flatten() {
        let at = name.offset + value.offset;
        let attribute = attribute_of(kind.value);
        let shown = attribute.map_or_else(|| dotted(kind.value), |attribute| attribute.to_string());
        let Some(text) = string_of(value) else {
            // Attributes that nobody knows here may have other types.
            if attribute.is_some() {
                report.at(at, Rule::NameForm, format!("{what}: {shown} is no text of its type"));
            }
            continue;
        };
        if matches!(value.tag, tag::TELETEX | tag::BMP | tag::UNIVERSAL) {
            let message = format!("{what}: {shown} is written as a type of string that is not used any more");
            report.at(at, Rule::NameStringType, message);
        }
        if text.chars().any(char::is_control) {
            report.at(at, Rule::NameControl, format!("{what}: {shown} holds control characters"));
        }
        match attribute {
            Some(NameAttribute::Country) if !is_country(value.tag, &text) => {
                let message = format!("{what}: {shown} is not two letters in a PrintableString");
                report.at(at, Rule::CountryForm, message);
            }
            Some(NameAttribute::Country) => {}
            Some(attribute) if text.is_empty() || text.chars().count() > attribute.max_chars() => {
                let message = format!("{what}: {shown} has not 1 to {} characters", attribute.max_chars());
                report.at(at, Rule::NameLength, message);
            }
            _ => {}
        }
    }
}

fn is_country(kind: u8, text: &str) -> bool {
    kind == tag::PRINTABLE && text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic())
}
