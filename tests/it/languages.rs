//! Everything an operator sees exists in Chinese and English: both catalogues are whole, and every error code of every
//! crate has its text and its hint in both.

use std::collections::BTreeSet;

use hufu_data::{Lang, keys, message};

use crate::tree::{files_ending, read};

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|p| p.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn both_catalogues_hold_the_same_keys_with_the_same_places() {
    let (zh, en): (BTreeSet<_>, BTreeSet<_>) = (keys(Lang::Zh).collect(), keys(Lang::En).collect());
    assert_eq!(zh, en);
    assert!(zh.len() > 100, "the catalogues lost their texts");
    for key in zh {
        let (zh, en) = (message(Lang::Zh, key).unwrap(), message(Lang::En, key).unwrap());
        assert_eq!(places(zh), places(en), "{key}");
    }
}

/// The codes in the sources: string literals of the form `family.reason` in the `error.rs` of each crate.
fn codes() -> BTreeSet<String> {
    let families = [
        "home",
        "input",
        "org",
        "operator",
        "ra",
        "profile",
        "request",
        "record",
        "certificate",
        "proposal",
        "change",
        "ledger",
        "authority",
        "report",
        "entropy",
        "issuer",
        "kmc",
        "x509",
        "store",
    ];
    let mut found = BTreeSet::new();
    for (name, path) in files_ending(&["/error.rs"]) {
        if !name.starts_with("crates/") {
            continue;
        }
        for literal in read(&path).split('"').skip(1).step_by(2) {
            let Some((family, reason)) = literal.split_once('.') else { continue };
            let slug =
                |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit());
            if families.contains(&family) && slug(reason) {
                found.insert(literal.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_error_code_has_a_text_and_a_hint_in_both_languages() {
    let codes = codes();
    assert!(codes.len() > 90, "only {} codes were found in the sources", codes.len());
    let mut missing = Vec::new();
    for code in &codes {
        for lang in Lang::ALL {
            for key in [format!("err-{code}"), format!("hint-{code}")] {
                if message(lang, &key).is_none() {
                    missing.push(format!("{} {key}", lang.code()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// And no text is left behind whose code nobody gives any more.
#[test]
fn every_error_text_belongs_to_a_code() {
    let mut known = codes();
    known.extend(hufu_model::text::NameFault::CODES.map(str::to_owned));
    known.extend(hufu_model::holder::DocumentFault::CODES.map(str::to_owned));
    let sources: String = files_ending(&[".rs"])
        .into_iter()
        .filter(|(name, _)| name.starts_with("crates/") || name.starts_with("cli/"))
        .map(|(_, path)| read(&path))
        .collect();
    for key in keys(Lang::En) {
        if let Some(code) = key.strip_prefix("err-") {
            assert!(known.contains(code) || sources.contains(&format!("\"{code}\"")), "nobody gives {code}");
        }
    }
}
