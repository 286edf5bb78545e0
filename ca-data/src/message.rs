//! Everything a person can read, by language and key: two files of the form `key = "text with {name}"`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const ZH: &str = include_str!("../messages/zh-CN.toml");
const EN: &str = include_str!("../messages/en.toml");

/// The languages of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// Simplified Chinese (简体中文).
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The stable code, `zh` or `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The language of a locale name such as `zh_CN.UTF-8`: Chinese for everything that begins with `zh`, else English.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.get(..2).is_some_and(|l| l.eq_ignore_ascii_case("zh")) { Self::Zh } else { Self::En }
    }
}

type Catalogue = BTreeMap<String, String>;

static CATALOGUES: LazyLock<[Catalogue; 2]> = LazyLock::new(|| [read(ZH), read(EN)]);

/// The catalogues are part of the program: the tests of this crate read both whole.
fn read(text: &str) -> Catalogue {
    let table: toml::Table = text.parse().unwrap_or_default();
    table.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_owned()))).collect()
}

fn catalogue(lang: Lang) -> &'static Catalogue {
    let [zh, en] = &*CATALOGUES;
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// The message `key`, with its places still open; none when there is no such key.
#[must_use]
pub fn message(lang: Lang, key: &str) -> Option<&'static str> {
    catalogue(lang).get(key).map(String::as_str)
}

/// The message `key` with each `{name}` replaced by its value. A key without a message gives the key itself, and a
/// place without a value stays, so that a gap is seen and nothing is lost. Values are not read for places again.
#[must_use]
pub fn render(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    let Some(mut rest) = message(lang, key) else {
        return key.to_owned();
    };
    let mut out = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}');
        let value = place.and_then(|(name, _)| values.iter().find(|(n, _)| *n == name));
        match (place, value) {
            (Some((_, tail)), Some((_, value))) => {
                out.push_str(value);
                rest = tail;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Every key of a language, in order.
pub fn keys(lang: Lang) -> impl Iterator<Item = &'static str> {
    catalogue(lang).keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;

    use super::*;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|p| p.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_catalogues_are_whole_files_of_texts() {
        for text in [ZH, EN] {
            let table: toml::Table = text.parse().expect("a catalogue is TOML");
            for (key, value) in table {
                let value = value.as_str().unwrap_or_else(|| panic!("{key} is no text"));
                assert!(!value.trim().is_empty(), "{key} is empty");
                assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')), "{key}");
            }
        }
    }

    #[test]
    fn each_key_of_one_language_is_in_the_other_with_the_same_places() {
        let (zh, en): (BTreeSet<_>, BTreeSet<_>) = (keys(Lang::Zh).collect(), keys(Lang::En).collect());
        assert_eq!(zh.difference(&en).collect::<Vec<_>>(), Vec::<&&str>::new(), "only in zh-CN.toml");
        assert_eq!(en.difference(&zh).collect::<Vec<_>>(), Vec::<&&str>::new(), "only in en.toml");
        for key in zh {
            let (a, b) = (message(Lang::Zh, key).unwrap(), message(Lang::En, key).unwrap());
            assert_eq!(places(a), places(b), "{key}");
        }
    }

    #[test]
    fn every_error_text_has_its_hint() {
        for key in keys(Lang::En) {
            if let Some(code) = key.strip_prefix("err-") {
                let hint = message(Lang::En, &format!("hint-{code}"));
                assert!(hint.is_some(), "hint-{code} is missing");
                // A hint is printed as it stands.
                assert!(hint.is_none_or(|h| places(h).iter().all(|p| p.contains(' '))), "hint-{code} has a place");
            }
        }
    }

    #[test]
    fn the_chinese_texts_are_chinese_and_the_english_ones_are_not() {
        let chinese = |t: &str| t.chars().any(|c| matches!(c, '\u{4E00}'..='\u{9FFF}'));
        for key in keys(Lang::Zh) {
            let technical = ["label-", "col-", "ex-"].iter().any(|p| key.starts_with(p));
            let text = message(Lang::Zh, key).unwrap();
            // Signs between what is filled in are in no language.
            let mut between = text.to_owned();
            places(text).iter().for_each(|place| between = between.replace(&format!("{{{place}}}"), ""));
            let signs = !between.chars().any(char::is_alphabetic);
            assert!(technical || signs || chinese(text), "{key}");
        }
        for key in keys(Lang::En).filter(|k| k.starts_with("err-") || k.starts_with("hint-")) {
            assert!(!chinese(message(Lang::En, key).unwrap()), "{key}");
        }
    }

    #[test]
    fn places_are_filled_once_and_gaps_stay_visible() {
        let text = render(Lang::En, "note-home-founded", &[("path", "{path}")]);
        assert!(text.contains("{path}"), "{text}");
        assert_eq!(render(Lang::En, "no-such-key", &[]), "no-such-key");
        assert!(render(Lang::En, "note-home-founded", &[]).contains("{path}"));
    }

    #[test]
    fn locales_choose_the_language() {
        for (locale, lang) in
            [("zh_CN.UTF-8", Lang::Zh), ("ZH", Lang::Zh), ("en_GB", Lang::En), ("", Lang::En), ("中", Lang::En)]
        {
            assert_eq!(Lang::of_locale(locale), lang, "{locale}");
        }
    }
}
