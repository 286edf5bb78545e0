//! What the columns of inventories are called, and the words that stand in them, Chinese and English.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::table::rows;

const COLUMNS: &str = include_str!("../inventory/columns.csv");
const WORDS: &str = include_str!("../inventory/words.csv");

/// A column that sheets of one dialect may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryColumn {
    /// Where such sheets come from: `inventory` for those that people write, `ejbca` and `xipki` for tables of other
    /// programs.
    pub dialect: String,
    /// What it says, `not-before`; `-` for a column that is known and not used.
    pub key: String,
    /// How it is written: `text`, `word` ([`inventory_word`]), `name` (of a directory), `hex`, `decimal`, `date`, or `ms`
    /// and `s`, milliseconds and seconds since the Unix epoch.
    pub form: String,
    /// Whether a sheet without it is not of the dialect.
    pub needed: bool,
    /// The names it goes by, as people write them; the first one is shown when it is missing.
    pub names: Vec<String>,
}

static ALL: LazyLock<Vec<InventoryColumn>> = LazyLock::new(|| {
    let all = rows(COLUMNS, ["dialect", "key", "form", "needed", "names"]);
    let column = |[dialect, key, form, needed, names]: [String; 5]| InventoryColumn {
        dialect,
        key,
        form,
        needed: needed == "yes",
        names: names.split('|').map(str::to_owned).collect(),
    };
    all.into_iter().map(column).collect()
});

static MEANINGS: LazyLock<HashMap<&'static str, HashMap<String, String>>> = LazyLock::new(|| {
    const LISTS: [&str; 8] = ["algorithm", "usage", "status", "reason", "holder-kind", "document-type", "medium", ""];
    let mut lists: HashMap<&'static str, HashMap<String, String>> = HashMap::new();
    for [list, meaning, words] in rows(WORDS, ["list", "meaning", "words"]) {
        let name = LISTS.iter().find(|known| **known == list).copied().unwrap_or_default();
        let list = lists.entry(name).or_default();
        list.insert(folded(&meaning), meaning.clone());
        list.extend(words.split('|').map(|word| (folded(word), meaning.clone())));
    }
    lists
});

/// Every column, in the order of the table.
#[must_use]
pub fn inventory_columns() -> &'static [InventoryColumn] {
    &ALL
}

/// What a word means in a column of a kind (`algorithm`, `usage`, `status`, `reason`, `holder-kind`, `document-type`,
/// `medium`): the stable code. Case, width, white space, `-`, `_` and `/` do not matter.
#[must_use]
pub fn inventory_word(list: &str, word: &str) -> Option<&'static str> {
    MEANINGS.get(list)?.get(&folded(word)).map(String::as_str)
}

/// The form in which words and names of columns are compared: no case, no full width, no white space and signs between
/// the parts.
#[must_use]
pub fn folded(word: &str) -> String {
    let narrow = word.chars().map(|c| match c {
        // Full-width ASCII, as Chinese input methods write it.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    });
    narrow.filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '/')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_is_read_and_no_name_stands_twice() {
        assert_eq!(inventory_columns().len(), COLUMNS.lines().count() - 1);
        let mut names = HashSet::new();
        for column in inventory_columns() {
            assert!(["text", "word", "name", "hex", "decimal", "date", "ms", "s", "-"].contains(&column.form.as_str()));
            for name in &column.names {
                assert!(names.insert((column.dialect.as_str(), folded(name))), "{name}");
            }
        }
        let mut words = HashSet::new();
        for [list, _, all] in rows(WORDS, ["list", "meaning", "words"]) {
            for word in all.split('|') {
                assert!(words.insert((list.clone(), folded(word))), "{list}: {word}");
            }
        }
        assert_eq!(rows(WORDS, ["list", "meaning", "words"]).len(), WORDS.lines().count() - 1);
        assert!(!MEANINGS.contains_key(""), "a list that is not among those that are asked for");
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        for (list, word, meaning) in [
            ("algorithm", "ＳＭ2", Some("sm2")),
            ("algorithm", "国密 SM2", Some("sm2")),
            ("algorithm", "sha256WithRSA", Some("rsa")),
            ("algorithm", "SHA-256 with ECDSA", Some("ecdsa")),
            ("algorithm", "ML-DSA-65", Some("ml-dsa")),
            ("algorithm", "blowfish", None),
            ("status", "已吊销", Some("revoked")),
            ("medium", "USB Key", Some("ukey")),
            ("nothing", "x", None),
        ] {
            assert_eq!(inventory_word(list, word), meaning, "{word}");
        }
    }
}
