//! The organisations of the first half of 2018: 29 province RAs, 9 ministry RAs and 22 municipal LRAs.

use std::str::FromStr;

use hufu_model::ident::OrgId;
use hufu_model::org::{OrgKind, RegionCode};

use crate::table::rows;

const TABLE: &str = include_str!("../hierarchy/2018-h1.csv");

/// One organisation of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Its identifier.
    pub id: OrgId,
    /// The organisation above it; `ca` for every RA.
    pub parent: OrgId,
    /// What kind it is.
    pub kind: OrgKind,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// The division it serves; none for ministries.
    pub region: Option<RegionCode>,
    /// Whether the name is ours because the source gives only the number of organisations of this kind.
    pub illustrative: bool,
}

/// The roster, parents before children.
#[must_use]
pub fn roster_2018_h1() -> Vec<RosterEntry> {
    let all = rows(TABLE, ["id", "parent", "kind", "zh", "en", "region", "illustrative", "source"]);
    all.into_iter().filter_map(entry).collect()
}

fn entry([id, parent, kind, zh, en, region, illustrative, _]: [String; 8]) -> Option<RosterEntry> {
    let region = if region.is_empty() { None } else { Some(RegionCode::from_str(&region).ok()?) };
    Some(RosterEntry {
        id: id.parse().ok()?,
        parent: parent.parse().ok()?,
        kind: kind.parse().ok()?,
        zh,
        en,
        region,
        illustrative: illustrative == "yes",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_model::org::{Limits, OrgStatus, OrgTree, Organisation};
    use hufu_model::text::check_name;

    use super::*;

    #[test]
    fn the_counts_are_those_of_the_bulletin() {
        let roster = roster_2018_h1();
        let count = |kind| roster.iter().filter(|e| e.kind == kind).count();
        assert_eq!(count(OrgKind::ProvinceRa), 29);
        assert_eq!(count(OrgKind::MinistryRa), 9);
        assert_eq!(count(OrgKind::MunicipalLra), 22);
        assert_eq!(roster.len(), TABLE.lines().count() - 1);
    }

    #[test]
    fn it_makes_a_tree_in_the_order_of_the_file() {
        let node = |id: &OrgId, parent, kind, region| Organisation {
            id: id.clone(),
            parent,
            kind,
            name: id.to_string(),
            name_en: String::new(),
            region,
            limits: Limits::default(),
            status: OrgStatus::Active,
        };
        let mut tree = OrgTree::new([node(&"ca".parse().unwrap(), None, OrgKind::Ca, None)]);
        for e in roster_2018_h1() {
            assert!(tree.get(&e.id).is_err(), "{} stands there twice", e.id);
            tree.place(node(&e.id, Some(e.parent.clone()), e.kind, e.region)).unwrap();
            check_name(&e.zh, 128).unwrap();
            check_name(&e.en, 128).unwrap();
            assert_eq!(e.region.is_none(), e.kind == OrgKind::MinistryRa, "{}", e.id);
            assert!(e.region.is_none_or(|r| crate::region(r.as_str()).is_some()), "{}", e.id);
        }
    }

    #[test]
    fn only_named_ones_pass_for_named() {
        assert_eq!(roster_2018_h1().iter().filter(|e| !e.illustrative).count(), TABLE.matches(",no,").count());
    }
}
