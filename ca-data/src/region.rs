//! The administrative divisions of China (GB/T 2260), provinces and prefecture level.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::table::rows;

const TABLE: &str = include_str!("../regions.csv");

/// One division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Six digits, e.g. `510100`.
    pub code: String,
    /// Its name in Chinese, e.g. `成都市`.
    pub zh: String,
    /// Its name in English, e.g. `Chengdu`.
    pub en: String,
}

static REGIONS: LazyLock<BTreeMap<String, Region>> = LazyLock::new(|| {
    let all = rows(TABLE, ["code", "zh", "en"]);
    all.into_iter().map(|[code, zh, en]| (code.clone(), Region { code, zh, en })).collect()
});

/// The division with this six-digit code. Counties (县) are not in the table: use the code of their prefecture.
#[must_use]
pub fn region(code: &str) -> Option<Region> {
    REGIONS.get(code).cloned()
}

/// Every division, by code.
#[must_use]
pub fn regions() -> Vec<Region> {
    REGIONS.values().cloned().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use hufu_model::org::RegionCode;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_once() {
        assert_eq!(regions().len(), TABLE.lines().count() - 1);
        assert_eq!(regions().iter().filter(|r| r.code.ends_with("0000")).count(), 34);
    }

    #[test]
    fn codes_are_well_formed_and_stand_in_their_province() {
        for r in regions() {
            assert!(r.code.parse::<RegionCode>().is_ok(), "{}", r.code);
            assert!(region(&format!("{}0000", &r.code[..2])).is_some(), "{}", r.code);
            assert!(!r.zh.is_empty() && !r.en.is_empty(), "{}", r.code);
        }
        let names: BTreeSet<_> = regions().into_iter().map(|r| r.zh).collect();
        assert_eq!(names.len(), regions().len());
    }

    #[test]
    fn chengdu_is_found_and_its_districts_are_not() {
        assert_eq!(region("510100").unwrap().zh, "成都市");
        assert!(region("510104").is_none());
        assert!(region("").is_none());
    }
}
