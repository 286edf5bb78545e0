#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;

/// Every error code that stands in the sources of the library: what its `code()` functions can return.
fn codes_in_the_sources() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut folders: Vec<PathBuf> = vec![crates];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("fuzz") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                codes.extend(text.split('"').filter(|t| is_code(t)).map(str::to_owned));
            }
        }
    }
    codes
}

const FAMILIES: &[&str] = &[
    "medium",
    "import",
    "legacy",
    "migration",
    "responder",
    "server",
    "backup",
    "ca",
    "retention",
    "home",
    "org",
    "operator",
    "ra",
    "profile",
    "request",
    "record",
    "certificate",
    "proposal",
    "change",
    "crl",
    "kmc",
    "sheet",
    "pair",
    "ledger",
    "input",
    "authority",
    "report",
    "entropy",
    "issuer",
    "x509",
    "store",
];

fn is_code(text: &str) -> bool {
    let Some((family, name)) = text.split_once('.') else { return false };
    let file = ["rs", "db", "sock", "db-wal", "db-shm", "key", "toml", "pem", "csv", "der"].contains(&name)
        && text != "verify.key";
    let slug = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let known = FAMILIES.contains(&family) || ["name", "document", "verify", "envelope"].contains(&family);
    slug && known && !file
}

#[test]
fn every_error_code_has_its_text_and_hint_in_both_languages() {
    let mut codes = codes_in_the_sources();
    assert!(codes.len() > 80, "{codes:?}");
    codes.extend(OWN.iter().map(|(code, _)| (*code).to_owned()));
    for lang in Lang::ALL {
        let missing: Vec<String> = codes
            .iter()
            .flat_map(|code| [format!("err-{code}"), format!("hint-{code}")])
            .filter(|key| message(lang, key).is_none())
            .collect();
        assert!(missing.is_empty(), "{}: {}", lang.code(), missing.join("\n"));
    }
}

#[test]
fn no_message_is_left_for_a_code_that_is_gone() {
    let mut codes = codes_in_the_sources();
    codes.extend(OWN.iter().map(|(code, _)| (*code).to_owned()));
    for key in hufu_authority::data::keys(Lang::En) {
        if let Some(code) = key.strip_prefix("err-").or_else(|| key.strip_prefix("hint-")) {
            let usage = code == "usage-suggested";
            assert!(usage || codes.contains(code), "{key}");
        }
    }
}

#[test]
fn the_exit_code_table_is_the_documented_one() {
    let table = [
        (Exit::Negative, 1),
        (Exit::Usage, 2),
        (Exit::NotFound, 3),
        (Exit::NotPermitted, 4),
        (Exit::Refused, 5),
        (Exit::Temporary, 6),
        (Exit::Partly, 7),
        (Exit::Integrity, 8),
        (Exit::Interrupted, 130),
    ];
    for (exit, code) in table {
        assert_eq!(exit.code(), code);
    }
    use hufu_authority::ErrorKind as Kind;
    use hufu_authority::model::time::Instant;
    let at = Instant::from_unix_seconds(0);
    for (kind, code) in [
        (Kind::NoHome(PathBuf::new()), 3),
        (Kind::HomeExists(PathBuf::new()), 5),
        (Kind::HostMissing, 2),
        (Kind::UnknownRegion(String::new()), 2),
        (Kind::SelfApproval("a".parse().unwrap()), 4),
        (Kind::OperatorExpired { operator: "a".parse().unwrap(), at }, 4),
        (Kind::Frozen { org: "a".parse().unwrap(), by: "a".parse().unwrap() }, 5),
        (Kind::Quota { org: "a".parse().unwrap(), span: "day", allowed: 1 }, 5),
        (Kind::Expired { what: "approval", at }, 5),
        (Kind::BehindAnchor { ledger: 1, last: at, anchor: 2, seen: at }, 8),
        (Kind::Document { what: "act", fault: String::new() }, 8),
        (Kind::File { path: PathBuf::new(), source: io::Error::other("x") }, 6),
    ] {
        let e = Error::from(hufu_authority::Error::from(kind));
        assert_eq!(e.exit().code(), code, "{}", e.code());
    }
    assert_eq!(Error::Batch { done: 1, failed: 1, first: Exit::Refused }.exit(), Exit::Partly);
    assert_eq!(Error::Batch { done: 0, failed: 2, first: Exit::Refused }.exit(), Exit::Refused);
}

#[test]
fn own_errors_leave_no_place_open() {
    let path = Path::new("/a");
    let list = [
        Error::read(path, io::Error::other("x")),
        Error::write(path, io::Error::other("x")),
        Error::write(path, io::ErrorKind::AlreadyExists.into()),
        Error::config(path, "x"),
        Error::setting("output", "xml"),
        Error::unreadable(path, "x"),
        Error::Batch { done: 1, failed: 2, first: Exit::Refused },
    ];
    for lang in Lang::ALL {
        for e in &list {
            let text = e.message(lang);
            assert!(!text.contains('{') && !text.contains("err-"), "{text}");
            assert_eq!(text.lines().count(), if matches!(e.causes(lang).len(), 0) { 2 } else { 3 }, "{text}");
        }
    }
    assert!(matches!(Error::write(path, io::ErrorKind::BrokenPipe.into()), Error::Closed));
}
