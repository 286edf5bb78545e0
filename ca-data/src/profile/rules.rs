//! The rules that bind several keys of a profile to each other.

use hufu_model::holder::HolderKind;
use hufu_model::profile::{ExtendedKeyUsage, Hosts, KeyUsage, Profile, ProfileClass};

use super::ProfileError;
use super::table::Table;

/// No certificate is longer valid than thirty years.
const MAX_DAYS: u32 = 30 * 365;

/// The certificate policy: a dotted object identifier.
pub(super) fn policy(table: &Table<'_>) -> Result<Option<String>, ProfileError> {
    if !table.has("policy") {
        return Ok(None);
    }
    let (policy, at) = table.text("policy")?;
    if is_oid(policy) {
        Ok(Some(policy.to_owned()))
    } else {
        Err(at.fault(format!("{policy:?} is not a dotted object identifier such as 1.3.6.1.4.1.32473.1.10")))
    }
}

/// The rules that need the whole profile.
pub(super) fn check(table: &Table<'_>, profile: &Profile) -> Result<(), ProfileError> {
    let fault = |key: &str, what: &str| Err(table.at(key).fault(what));
    let ca = profile.class != ProfileClass::EndEntity;
    if profile.max_days > MAX_DAYS {
        return fault("max_days", "more than 10950 days (30 years) are not allowed");
    }
    if profile.default_days > profile.max_days {
        return fault("default_days", "more than max_days");
    }
    if ca && !profile.holders.is_empty() {
        return fault("holders", "a CA profile is for no holder: write []");
    }
    let ca_usages = [KeyUsage::KeyCertSign, KeyUsage::CrlSign];
    if ca && profile.key_usage != ca_usages {
        return fault(
            "key_usage",
            "a CA has keyCertSign and cRLSign, in this order, and no other (GB/T 20518 C.1, C.2)",
        );
    }
    if !ca && profile.key_usage.is_empty() {
        return fault("key_usage", "at least one is needed");
    }
    if !ca && profile.key_usage.iter().any(|u| ca_usages.contains(u)) {
        return fault("key_usage", "keyCertSign and cRLSign belong to CAs");
    }
    if ca && !profile.extended_key_usage.is_empty() {
        return fault("extended_key_usage", "a CA has none: write []");
    }
    let answers = profile.extended_key_usage.contains(&ExtendedKeyUsage::OcspSigning);
    if answers && (profile.extended_key_usage.len() > 1 || !profile.holders.is_empty()) {
        // Whoever holds such a certificate can call every certificate of the CA good.
        return fault("extended_key_usage", "OCSPSigning stands alone, and only where holders is []");
    }
    if profile.policy.is_none() && profile.class != ProfileClass::Root {
        return fault("policy", "this key is missing; only a root has no policy");
    }
    if let Some(companion) = &profile.pair_with {
        if *companion == profile.id {
            return fault("pair_with", "the companion is another profile");
        }
        if !profile.signs_only() {
            return fault(
                "pair_with",
                "the signing half of a pair has digitalSignature and nonRepudiation only (GB/T 20518 C.3)",
            );
        }
    }
    let devices_only = !profile.holders.is_empty() && profile.holders.iter().all(|h| *h == HolderKind::Device);
    if profile.hosts == Hosts::Required && !devices_only {
        return fault("hosts", "only devices have hosts: holders must be [\"device\"]");
    }
    Ok(())
}

/// X.660: at least two arcs, the first 0 to 2, the second below 40 under 0 and 1, no leading zeros.
fn is_oid(text: &str) -> bool {
    let arc = |a: &str| -> Option<u64> {
        let plain = !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit()) && (a == "0" || !a.starts_with('0'));
        a.parse::<u64>().ok().filter(|n| plain && *n <= u64::from(u32::MAX))
    };
    let Some(arcs) = text.split('.').map(arc).collect::<Option<Vec<_>>>() else {
        return false;
    };
    (2..=20).contains(&arcs.len())
        && matches!((arcs.first(), arcs.get(1)), (Some(0 | 1), Some(0..=39)) | (Some(2), Some(_)))
}

#[cfg(test)]
mod tests {
    use super::is_oid;

    #[test]
    fn object_identifiers_have_a_form() {
        for good in ["1.2.156.10197.1.501", "2.5", "0.9.2342", "2.999.1"] {
            assert!(is_oid(good), "{good}");
        }
        for bad in ["", "1", "3.1", "1.40", "1..2", "1.02", "1.2.", "+1.2", "1.2.99999999999", "1.a"] {
            assert!(!is_oid(bad), "{bad}");
        }
    }
}
