//! What the library says in English, in the language of the run. Errors and findings carry details as sentences; the
//! catalogues hold them as patterns, `phrase-…` for ours and `foreign-…` for the system's, with places for the values.

use std::collections::HashMap;
use std::sync::LazyLock;

use hufu_authority::data::{Lang, keys, message, render};
use hufu_authority::model::time::Instant;

use crate::views;

/// A sentence with places: the literal parts around them, and their names.
struct Pattern {
    key: &'static str,
    literals: Vec<&'static str>,
    places: Vec<&'static str>,
}

/// The patterns of the English catalogue, in the order in which they are tried.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let ours = keys(Lang::En).filter(|k| k.starts_with("phrase-") || k.starts_with("foreign-"));
    let mut patterns: Vec<Pattern> = ours.filter_map(|key| Some(pattern(key, message(Lang::En, key)?))).collect();
    // One that begins with words of its own says what the rest is about.
    let words = |p: &Pattern| p.literals.iter().map(|l| l.len()).sum::<usize>();
    patterns.sort_by_key(|p| (p.literals.first().is_some_and(|l| l.is_empty()), std::cmp::Reverse(words(p))));
    patterns
});

/// Whole sentences and words of the English catalogue that need no pattern.
static WHOLE: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let fixed = keys(Lang::En).filter(|k| ["say-", "label-status-", "label-role-"].iter().any(|p| k.starts_with(p)));
    fixed.filter_map(|key| Some((message(Lang::En, key)?, key))).collect()
});

fn pattern(key: &'static str, text: &'static str) -> Pattern {
    let (mut literals, mut places) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?))) {
        literals.push(before);
        places.push(name);
        rest = after;
    }
    literals.push(rest);
    Pattern { key, literals, places }
}

impl Pattern {
    /// The values at the places of `text`, when it has this form.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<(&'static str, &'t str)>> {
        let (first, between) = self.literals.split_first()?;
        let mut rest = text.strip_prefix(first)?;
        let mut values = Vec::with_capacity(self.places.len());
        for (i, (place, literal)) in self.places.iter().zip(between).enumerate() {
            let last = i + 1 == self.places.len();
            let (value, after) = match (last, literal.is_empty()) {
                (true, _) => (rest.strip_suffix(literal)?, ""),
                (false, _) => rest.split_once(literal)?,
            };
            if value.is_empty() {
                return None;
            }
            values.push((*place, value));
            rest = after;
        }
        rest.is_empty().then_some(values)
    }
}

/// How deep values are looked into: a sentence may quote another.
const DEPTH: usize = 4;

/// `text` in `lang`, as far as the catalogue knows it; times become those of the legal time of China.
pub(crate) fn said(lang: Lang, text: &str) -> String {
    local_times(&translated(lang, text, DEPTH))
}

fn translated(lang: Lang, text: &str, depth: usize) -> String {
    if lang == Lang::En || depth == 0 {
        return text.to_owned();
    }
    if let Some(found) = WHOLE.get(text).and_then(|key| message(lang, key)).or_else(|| by_words(lang, text)) {
        return found.to_owned();
    }
    for pattern in PATTERNS.iter() {
        if let Some(values) = pattern.values(text) {
            let values: Vec<(&str, String)> =
                values.into_iter().map(|(name, value)| (name, translated(lang, value, depth - 1))).collect();
            let pairs: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            return render(lang, pattern.key, &pairs);
        }
    }
    text.to_owned()
}

/// A phrase whose key is made of its first ten words.
fn by_words(lang: Lang, phrase: &str) -> Option<&'static str> {
    let words = phrase.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let key = words.take(10).collect::<Vec<_>>().join("-").to_ascii_lowercase();
    message(lang, &format!("say-{key}"))
}

/// Every `2018-06-30T04:00:00Z` as `2018-06-30T12:00:00+08:00`.
fn local_times(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find('Z') {
        let (before, after) = rest.split_at(end + 1);
        let utc = [24, 20]
            .iter()
            .find_map(|n| before.get(before.len().checked_sub(*n)?..)?.parse::<Instant>().ok().map(|at| (n, at)));
        match utc {
            Some((n, at)) => {
                out.push_str(before.get(..before.len() - n).unwrap_or_default());
                out.push_str(views::instant(at).as_str().unwrap_or_default());
            }
            None => out.push_str(before),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn details_are_said_in_chinese_with_their_values() {
        for (english, chinese) in [
            (
                "it was valid until 2029-11-23T20:27:34Z, and is judged at 2030-01-01T15:59:59Z",
                "有效至 2029-11-24T04:27:34+08:00，按 2030-01-01T23:59:59+08:00 判断",
            ),
            ("ra-sichuan is frozen already", "ra-sichuan 已处于“已冻结”状态"),
            (
                "\"fr\" is not a valid organisation id: use 64 hexadecimal digits",
                "\"fr\" 不是有效的机构标识：64 位十六进制数字",
            ),
            ("line 2: foo: unknown key; known are id, class", "第 2 行：没有 foo 这一项，可用：id, class"),
            ("its sealed fields cannot be opened: it is missing", "加密字段无法打开：缺失"),
            ("something nobody has written a pattern for", "something nobody has written a pattern for"),
        ] {
            assert_eq!(said(Lang::Zh, english), chinese);
        }
    }

    #[test]
    fn english_stays_but_for_the_times() {
        assert_eq!(said(Lang::En, "until 2029-11-23T20:27:34.000Z"), "until 2029-11-24T04:27:34+08:00");
        assert_eq!(said(Lang::En, "ZA is not a time, 12Z neither"), "ZA is not a time, 12Z neither");
        assert_eq!(said(Lang::En, "张Z"), "张Z");
    }

    /// The texts of the sources with their places empty, so that patterns can be looked up in them.
    fn sources() -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut folders: Vec<PathBuf> = vec![root.join("crates"), root.join("ca-data/src")];
        let mut all = String::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    all.push_str(&std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        // A text may go on in the next line of the source.
        let joined: Vec<&str> =
            all.split("\\\n").enumerate().map(|(i, t)| if i == 0 { t } else { t.trim_start() }).collect();
        emptied(&joined.concat().replace("\\\"", "\""))
    }

    fn emptied(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let name = |n: &str| n.chars().all(|c| c.is_alphanumeric() || "_:?.".contains(c));
            match after.split_once('}').filter(|(n, _)| name(n)) {
                Some((_, tail)) => {
                    out.push_str("{}");
                    rest = tail;
                }
                None => rest = after,
            }
        }
        out + rest
    }

    /// A pattern that no source says any more is a translation of nothing.
    #[test]
    fn every_phrase_is_still_said_somewhere() {
        let sources = sources();
        let stale: Vec<&str> = keys(Lang::En)
            .filter(|key| key.starts_with("phrase-"))
            .filter(|key| {
                let text = emptied(message(Lang::En, key).unwrap());
                // What stands before and after a value may come from another text of the source.
                !text.split("{}").all(|part| sources.contains(part.trim_start_matches([':', ' '])))
            })
            .collect();
        assert!(stale.is_empty(), "{}", stale.join("\n"));
    }
}
