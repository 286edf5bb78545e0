//! Which extensions there are, and how critical: GB/T 20518-2018 Annex C.

use hufu_model::profile::{ExtendedKeyUsage, Hosts, Profile, ProfileClass};

use super::{LintContext, Report, Rule, value};
use crate::oid::{self, Oid, dotted};
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
    let mut seen: Vec<&[u8]> = Vec::with_capacity(KNOWN.len());
    if let Some(explicit) = explicit {
        let mut inside = explicit.inside();
        let mut list = inside.expect(tag::SEQUENCE, "the list of extensions is missing")?.inside();
        inside.finish("octets behind the extensions")?;
        while !list.is_empty() {
            let mut one = list.expect(tag::SEQUENCE, "an extension is no SEQUENCE")?.inside();
            let id = one.expect(tag::OID, "an extension has no identifier")?;
            let critical = match one.optional(tag::BOOLEAN)? {
                None => false,
                Some(flag) => {
                    let critical = flag.boolean()?;
                    if !critical {
                        let message = format!("{} writes critical FALSE, which DER leaves out", dotted(id.value));
                        report.add(Rule::CriticalExplicitFalse, message);
                    }
                    critical
                }
            };
            let content = one.expect(tag::OCTET_STRING, "an extension has no value")?;
            one.finish("a field that an extension does not have")?;
            if seen.contains(&id.value) {
                report.add(Rule::ExtensionDuplicate, format!("the extension {} stands twice", dotted(id.value)));
                continue;
            }
            seen.push(id.value);
            extension(&id, critical, &content, context, report);
        }
    }
    for known in &KNOWN {
        if (known.wanted)(context.profile) == Wanted::Yes && !seen.contains(&known.oid.as_bytes()) {
            report.add(Rule::ExtensionMissing, format!("the extension {} is missing", known.name));
        }
    }
    Ok(())
}

fn extension(id: &Tlv<'_>, critical: bool, content: &Tlv<'_>, context: &LintContext<'_>, report: &mut Report) {
    let Some(known) = KNOWN.iter().find(|k| k.oid.as_bytes() == id.value) else {
        let name = dotted(id.value);
        if critical {
            let message = format!("the critical extension {name} is not in the tables of GB/T 20518 Annex C");
            report.add(Rule::ExtensionUnknownCritical, message);
        } else {
            report.add(Rule::ExtensionUnlisted, format!("the extension {name} is not one this authority writes"));
        }
        return;
    };
    if (known.wanted)(context.profile) == Wanted::No {
        let message = format!("the profile {} has no extension {}", context.profile.id, known.name);
        return report.add(Rule::ExtensionNotInProfile, message);
    }
    if critical != known.critical {
        let must = if known.critical { "critical" } else { "non-critical" };
        report.add(Rule::Criticality, format!("the extension {} must be {must}", known.name));
    }
    let mut reader = content.inside();
    let read = (known.check)(&mut reader, context, report).and_then(|()| reader.finish("octets behind its value"));
    report.part(Rule::ExtensionForm, known.name, read);
}
