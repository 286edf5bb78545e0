//! Names of object identifiers, for people who read certificates.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::table::rows;

const TABLE: &str = include_str!("../oids.csv");

/// One object identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidEntry {
    /// Dotted, e.g. `1.2.156.10197.1.501`.
    pub oid: String,
    /// Its short name, e.g. `sm2-with-sm3`.
    pub name: String,
    /// What it stands for, in English.
    pub title: String,
    /// Where it is laid down.
    pub source: String,
}

static OIDS: LazyLock<BTreeMap<String, OidEntry>> = LazyLock::new(|| {
    let all = rows(TABLE, ["oid", "name", "title", "source"]);
    all.into_iter().map(|[oid, name, title, source]| (oid.clone(), OidEntry { oid, name, title, source })).collect()
});

/// The short name of a dotted object identifier.
#[must_use]
pub fn oid_name(oid: &str) -> Option<&'static str> {
    OIDS.get(oid).map(|entry| entry.name.as_str())
}

/// Every object identifier we know the name of, in the order of their text.
pub fn oids() -> impl Iterator<Item = &'static OidEntry> {
    OIDS.values()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_once() {
        assert_eq!(oids().count(), TABLE.lines().count() - 1);
        assert!(oids().all(|e| !e.name.is_empty() && !e.title.is_empty() && !e.source.is_empty()));
    }

    #[test]
    fn sm2_has_its_name() {
        assert_eq!(oid_name("1.2.156.10197.1.501"), Some("sm2-with-sm3"));
        assert_eq!(oid_name("1.2.3"), None);
    }

    #[test]
    fn every_policy_of_a_shipped_profile_has_a_name() {
        for (id, _) in crate::profiles() {
            let policy = crate::profile(id).and_then(|p| p.policy);
            assert!(policy.as_deref().is_none_or(|p| oid_name(p).is_some()), "{id}");
        }
    }
}
