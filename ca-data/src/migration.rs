//! The changes of algorithm: from which to which.

use hufu_model::ident::MigrationId;
use hufu_model::migration::Migration;

use crate::table::rows;

const TABLE: &str = include_str!("../migrations.csv");

/// Every migration; the first one is under way and is what reports are about unless another one is named.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    rows(TABLE, ["id", "from", "to", "zh", "en", "source"]).into_iter().filter_map(entry).collect()
}

/// The migration of this name.
#[must_use]
pub fn migration(id: &MigrationId) -> Option<Migration> {
    migrations().into_iter().find(|m| m.id == *id)
}

fn entry([id, from, to, zh, en, _]: [String; 6]) -> Option<Migration> {
    let from = from.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(Migration { id: id.parse().ok()?, from, to: to.parse().ok()?, zh, en })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hufu_model::certificate::Algorithm;

    use super::*;

    #[test]
    fn every_row_is_read_and_leads_elsewhere() {
        let all = migrations();
        assert_eq!(all.len(), TABLE.lines().count() - 1);
        assert_eq!(all.iter().map(|m| &m.id).collect::<BTreeSet<_>>().len(), all.len());
        for m in &all {
            assert!(!m.from.is_empty() && !m.is_legacy(m.to), "{}", m.id);
            assert!(!m.zh.is_empty() && !m.en.is_empty(), "{}", m.id);
        }
    }

    #[test]
    fn the_first_one_leads_to_sm2_and_the_next_one_from_it() {
        let all = migrations();
        let ends = |m: &Migration| (m.id.to_string(), m.to, m.is_legacy(Algorithm::Sm2), m.is_legacy(Algorithm::Rsa));
        assert_eq!(all.first().map(ends), Some(("sm2".to_owned(), Algorithm::Sm2, false, true)));
        assert_eq!(all.last().map(ends), Some(("ml-dsa".to_owned(), Algorithm::MlDsa, true, true)));
    }
}
