//! Which extensions there are, and how critical: GB/T 20518-2018 Annex C.

use hufu_model::profile::{ExtendedKeyUsage, Hosts, Profile, ProfileClass};

use super::{LintContext, Report, Rule, value};
use crate::oid::{self, Oid, dotted};
use crate::signed;
use crate::tlv::{Fault, Reader, Tlv, tag};

/// What a profile says of an extension.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Yes,
    Allowed,
    No,
}

impl Wanted {
    const fn if_so(wanted: bool) -> Self {
        if wanted { Self::Yes } else { Self::No }
    }
}

type Check = for<'a> fn(&mut Reader<'a>, &LintContext<'_>, &mut Report) -> Result<(), Fault>;

/// An extension of the tables.
struct Known {
    oid: Oid,
    name: &'static str,
    critical: bool,
    wanted: fn(&Profile) -> Wanted,
    check: Check,
}

fn below(profile: &Profile) -> bool {
    profile.class != ProfileClass::Root
}

fn ca(profile: &Profile) -> bool {
    profile.class != ProfileClass::EndEntity
}

const KNOWN: [Known; 11] = [
    Known {
        oid: oid::AUTHORITY_KEY_IDENTIFIER,
        name: "authorityKeyIdentifier",
        critical: false,
        // A self-signed certificate may omit it (§5.2.4.2.2).
        wanted: |p| if below(p) { Wanted::Yes } else { Wanted::Allowed },
        check: value::authority_key_id,
    },
    Known {
        oid: oid::SUBJECT_KEY_IDENTIFIER,
        name: "subjectKeyIdentifier",
        critical: false,
        wanted: |_| Wanted::Yes,
        check: value::subject_key_id,
    },
    Known {
        oid: oid::BASIC_CONSTRAINTS,
        name: "basicConstraints",
        critical: true,
        wanted: |p| Wanted::if_so(ca(p)),
        check: value::basic_constraints,
    },
    Known { oid: oid::KEY_USAGE, name: "keyUsage", critical: true, wanted: |_| Wanted::Yes, check: value::key_usage },
    Known {
        oid: oid::EXTENDED_KEY_USAGE,
        name: "extKeyUsage",
        critical: false,
        wanted: |p| Wanted::if_so(!p.extended_key_usage.is_empty()),
        check: value::extended_key_usage,
    },
    Known {
        oid: oid::OCSP_NO_CHECK,
        name: "id-pkix-ocsp-nocheck",
        critical: false,
        wanted: |p| Wanted::if_so(p.extended_key_usage.contains(&ExtendedKeyUsage::OcspSigning)),
        check: value::no_check,
    },
    Known {
        oid: oid::CERTIFICATE_POLICIES,
        name: "certificatePolicies",
        critical: false,
        wanted: |p| Wanted::if_so(below(p) || p.policy.is_some()),
        check: value::policies,
    },
    Known {
        oid: oid::SUBJECT_ALT_NAME,
        name: "subjectAltName",
        critical: false,
        wanted: |p| Wanted::if_so(p.hosts == Hosts::Required),
        check: value::alt_names,
    },
    Known {
        oid: oid::CRL_DISTRIBUTION_POINTS,
        name: "cRLDistributionPoints",
        critical: false,
        wanted: |p| Wanted::if_so(below(p)),
        check: value::crl_points,
    },
    Known {
        oid: oid::AUTHORITY_INFO_ACCESS,
        name: "authorityInfoAccess",
        critical: false,
        wanted: |p| Wanted::if_so(below(p)),
        check: value::authority_access,
    },
    Known {
        oid: oid::SUBJECT_INFO_ACCESS,
        name: "subjectInfoAccess",
        critical: false,
        wanted: |p| Wanted::if_so(ca(p)),
        check: value::subject_access,
    },
];

/// Lints the content of `extensions [3]`, if it is there.
pub(super) fn lint(explicit: Option<&Tlv<'_>>, context: &LintContext<'_>, report: &mut Report) -> Result<(), Fault> {
    let found = match explicit {
        None => Vec::new(),
        Some(explicit) => inside(explicit, report)?,
    };
    for one in &found {
        extension(one, context, report);
    }
    for known in &KNOWN {
        if (known.wanted)(context.profile) == Wanted::Yes && !found.iter().any(|one| one.is(known.oid)) {
            report.add(Rule::ExtensionMissing, format!("the extension {} is missing", known.name));
        }
    }
    Ok(())
}

/// One extension as it was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) id: Tlv<'a>,
    pub(super) critical: bool,
    pub(super) content: Tlv<'a>,
}

impl Found<'_> {
    pub(super) fn is(&self, oid: Oid) -> bool {
        oid.as_bytes() == self.id.value
    }
}

/// The extensions inside an explicit tag, each once.
pub(super) fn inside<'a>(explicit: &Tlv<'a>, report: &mut Report) -> Result<Vec<Found<'a>>, Fault> {
    all(&signed::list(explicit)?, report)
}

/// The extensions of a list, each once.
pub(super) fn all<'a>(list: &Tlv<'a>, report: &mut Report) -> Result<Vec<Found<'a>>, Fault> {
    let mut list = list.inside();
    let mut found: Vec<Found<'a>> = Vec::new();
    while !list.is_empty() {
        let mut one = list.expect(tag::SEQUENCE, "an extension is no SEQUENCE")?.inside();
        let id = one.expect(tag::OID, "an extension has no identifier")?;
        let critical = match one.optional(tag::BOOLEAN)? {
            None => false,
            Some(flag) => {
                let critical = flag.boolean()?;
                if !critical {
                    let message = format!("{} writes critical FALSE, which DER leaves out", dotted(id.value));
                    report.at(flag.offset, Rule::CriticalExplicitFalse, message);
                }
                critical
            }
        };
        let content = one.expect(tag::OCTET_STRING, "an extension has no value")?;
        one.finish("a field that an extension does not have")?;
        if found.iter().any(|other| other.id.value == id.value) {
            let message = format!("the extension {} stands twice", dotted(id.value));
            report.at(id.offset, Rule::ExtensionDuplicate, message);
        } else {
            found.push(Found { id, critical, content });
        }
    }
    Ok(found)
}

fn extension(one: &Found<'_>, context: &LintContext<'_>, report: &mut Report) {
    let at = one.id.offset;
    let Some(known) = KNOWN.iter().find(|k| one.is(k.oid)) else {
        let name = dotted(one.id.value);
        if one.critical {
            let message = format!("the critical extension {name} is not in the tables of GB/T 20518 Annex C");
            report.at(at, Rule::ExtensionUnknownCritical, message);
        } else {
            report.at(at, Rule::ExtensionUnlisted, format!("the extension {name} is not one this authority writes"));
        }
        return;
    };
    if (known.wanted)(context.profile) == Wanted::No {
        let message = format!("the profile {} has no extension {}", context.profile.id, known.name);
        return report.at(at, Rule::ExtensionNotInProfile, message);
    }
    criticality(one, known.name, known.critical, report);
    let mut reader = one.content.inside();
    let read = (known.check)(&mut reader, context, report).and_then(|()| reader.finish("octets behind its value"));
    report.part(Rule::ExtensionForm, known.name, read);
}

/// Holds an extension to how critical it has to be.
pub(super) fn criticality(one: &Found<'_>, name: &str, critical: bool, report: &mut Report) {
    if one.critical != critical {
        let must = if critical { "critical" } else { "non-critical" };
        report.at(one.id.offset, Rule::Criticality, format!("the extension {name} must be {must}"));
    }
}
