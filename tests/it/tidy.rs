//! The tree is tidy: sizes, names, no forgotten files, no leftovers, no machine's own paths, and documents in form.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tree::{files, files_ending, read, root};

/// Sources in any language we write.
const SOURCES: [&str; 6] = [".rs", ".py", ".java", "tests/run", ".ci/run", "/install"];

#[test]
fn no_source_file_is_longer_than_800_lines() {
    for (name, path) in files_ending(&SOURCES) {
        let lines = read(&path).lines().count();
        assert!(lines <= 800, "{name} has {lines} lines: split it");
    }
}

#[test]
fn no_module_is_named_after_nothing() {
    let banned = ["utils", "util", "common", "core", "helpers", "helper", "types", "misc", "mod"];
    for (name, path) in files_ending(&[".rs"]) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!banned.contains(&stem.as_str()), "{name}: say what is in it");
        for part in Path::new(&name).parent().unwrap().iter() {
            assert!(!banned.contains(&part.to_string_lossy().as_ref()), "{name}: say what is in the folder");
        }
    }
}

/// Every Rust file is reached from a crate's root: one that is not is never compiled, linted or tested.
#[test]
fn no_rust_file_is_an_orphan() {
    let all: BTreeSet<PathBuf> = files_ending(&[".rs"]).into_iter().map(|(_, path)| path).collect();
    let mut reached = BTreeSet::new();
    for (_, manifest) in files_ending(&["Cargo.toml"]) {
        for file in crate_roots(&manifest, &all) {
            follow(&file, true, &mut reached);
        }
    }
    let orphans: Vec<_> = all.difference(&reached).collect();
    assert!(orphans.is_empty(), "no `mod` line leads to {orphans:?}");
}

fn crate_roots(manifest: &Path, all: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let folder = manifest.parent().unwrap();
    let table: toml::Table = read(manifest).parse().unwrap();
    let mut found: Vec<PathBuf> =
        ["src/lib.rs", "src/main.rs", "build.rs"].iter().map(|f| folder.join(f)).filter(|f| all.contains(f)).collect();
    for kind in ["bin", "test", "bench", "example"] {
        for target in table.get(kind).and_then(toml::Value::as_array).into_iter().flatten() {
            if let Some(path) = target.get("path").and_then(toml::Value::as_str) {
                let path = folder.join(path);
                // `..` in a manifest: compare what it means.
                let path = path.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                found.push(path);
            }
        }
    }
    if table.contains_key("package") {
        for discovered in ["src/bin", "examples", "tests", "benches"] {
            found.extend(all.iter().filter(|f| f.parent() == Some(&folder.join(discovered))).cloned());
        }
    }
    found
}

/// Marks `file` and everything its `mod` lines name. A root's modules lie beside it, another file's in its folder.
fn follow(file: &Path, is_root: bool, reached: &mut BTreeSet<PathBuf>) {
    if !reached.insert(file.to_owned()) {
        return;
    }
    let folder = file.parent().unwrap();
    let below = if is_root { folder.to_owned() } else { folder.join(file.file_stem().unwrap()) };
    let text = read(file);
    let mut elsewhere = None;
    for line in text.lines().flat_map(|l| l.split_inclusive(';')) {
        let line = line.trim();
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            elsewhere =
                Some(folder.join(path).canonicalize().unwrap_or_else(|e| panic!("{}: {e}: {path}", file.display())));
            continue;
        }
        let seen = ["pub ", "pub(crate) ", "pub(super) "].into_iter().find_map(|p| line.strip_prefix(p));
        let rest = seen.unwrap_or(line);
        let Some(name) = rest.strip_prefix("mod ").and_then(|r| r.strip_suffix(';')) else { continue };
        let path = elsewhere.take().unwrap_or_else(|| below.join(format!("{name}.rs")));
        assert!(path.exists(), "{}: `mod {name};` leads nowhere ({})", file.display(), path.display());
        follow(&path, false, reached);
    }
}

/// Things that stand in a file only while it is being written.
#[test]
fn no_leftovers() {
    // Put together here, so that this file does not hold them itself.
    let macros = ["todo", "dbg", "unimplemented"].map(|m| format!("{m}!("));
    let work = ["TO", "DO"].concat();
    let later = ["FIX", "ME"].concat();
    for (name, path) in files_ending(&SOURCES) {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}:{}: {line}", number + 1);
            assert!(!macros.iter().any(|m| line.contains(m.as_str())), "{at}");
            assert!(!line.contains(&later), "{at}");
            // Work left for an issue names the issue.
            assert!(!line.contains(&work) || line.contains(&format!("{work}(#")), "{at}");
        }
    }
}

/// What is in the tree means the same on every machine and in every office.
#[test]
fn no_file_knows_one_machine() {
    let folders = ["work", "root", "tmp", "home/user"].map(|f| format!("/{f}/"));
    // The project is installed through package tools; which server they ask is theirs to know.
    let hosts = [["index.crates", ".io"], ["static.crates", ".io"], ["pypi", ".org"], ["pythonhosted", ".org"]];
    let hosts: Vec<String> = hosts.iter().map(|h| h.concat()).chain([["deb.debian", ".org"].concat()]).collect();
    let binary = [".der", ".p7s", ".bin", ".db"];
    for (name, path) in files() {
        if name == "Cargo.lock" || name.ends_with("/Cargo.lock") || binary.iter().any(|b| name.ends_with(b)) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}:{}: {line}", number + 1);
            assert!(!folders.iter().any(|f| line.contains(f.as_str())), "{at}");
            assert!(!hosts.iter().any(|h| line.contains(h.as_str())), "{at}");
        }
    }
}

#[test]
fn text_files_end_with_a_newline_and_hold_no_stray_spaces() {
    for (name, path) in
        files_ending(&[".rs", ".py", ".java", ".toml", ".md", ".csv", ".ftl", ".sql", "tests/run", ".ci/run"])
    {
        let text = read(&path);
        assert!(text.is_empty() || text.ends_with('\n'), "{name}: the last line has no end");
        for (number, line) in text.lines().enumerate() {
            assert!(!line.ends_with([' ', '\t', '\r']), "{name}:{}: space at the end of the line", number + 1);
        }
        let tab = name.ends_with(".rs") && text.contains('\t');
        assert!(!tab, "{name}: a tab");
    }
}

/// Every file says what it is for; unit tests that moved out of their file need not.
#[test]
fn every_rust_file_begins_with_what_it_is() {
    for (name, path) in files_ending(&[".rs"]) {
        if name.ends_with("/tests.rs") {
            continue;
        }
        let text = read(&path);
        let first = text.lines().find(|l| !l.starts_with("#!") && !l.is_empty()).unwrap_or_default();
        assert!(first.starts_with("//! "), "{name} begins with {first:?}");
    }
}

#[test]
fn the_readme_shows_both_commands() {
    let readme = read(&root().join("README.md"));
    for command in ["cargo run --release -- demo", "tests/run"] {
        assert!(readme.contains(command), "README.md does not show `{command}`");
    }
    for file in ["CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE", "crates/README.md"] {
        assert!(root().join(file).exists(), "{file} is missing");
    }
}

/// The map ties each invariant to the tests that hold it: those tests exist.
#[test]
fn the_tests_that_hold_the_invariants_exist() {
    let map = read(&root().join("crates/README.md"));
    let functions: BTreeSet<String> = files_ending(&[".rs"])
        .into_iter()
        .flat_map(|(_, path)| read(&path).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|l| l.trim().strip_prefix("fn ").and_then(|r| r.split('(').next()).map(str::to_owned))
        .collect();
    let mut invariants = 0;
    for line in map.lines().filter(|l| l.starts_with("| I")) {
        invariants += 1;
        let held_by = line.split('|').nth(3).unwrap();
        for name in held_by.split('`').skip(1).step_by(2) {
            let is_function = name.contains('_') && !name.contains(['.', '/']);
            assert!(!is_function || functions.contains(name), "there is no test {name}: {line}");
            let is_file = name.ends_with(".rs") && !name.contains('/');
            assert!(!is_file || root().join("tests/it").join(name).exists(), "there is no {name}: {line}");
        }
    }
    assert_eq!(invariants, 12);
}

/// Keep a Changelog, in users' words.
#[test]
fn the_changelog_keeps_its_form() {
    let text = read(&root().join("CHANGELOG.md"));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("# Changelog"));
    let sections = ["Breaking", "Added", "Changed", "Fixed", "Security"];
    let (mut releases, mut section) = (Vec::new(), None);
    for line in lines {
        if let Some(release) = line.strip_prefix("## ") {
            let known = release == UNRELEASED || is_release(release);
            assert!(known, "{line:?}: write {UNRELEASED} or 1.2.3 - 2026-01-31");
            releases.push(release);
            section = None;
        } else if let Some(name) = line.strip_prefix("### ") {
            assert!(sections.contains(&name), "{line:?}: one of {sections:?}");
            assert!(!releases.is_empty(), "{line:?} stands before the first release");
            section = Some(name);
        } else if line.starts_with("- ") {
            assert!(section.is_some(), "{line:?} stands in no section");
        } else {
            assert!(!line.starts_with('#'), "{line:?}");
        }
    }
    assert_eq!(releases.first(), Some(&UNRELEASED));
}

const UNRELEASED: &str = "Unreleased";

fn is_release(text: &str) -> bool {
    let Some((version, date)) = text.split_once(" - ") else { return false };
    version.split('.').count() == 3
        && version.split('.').all(|n| n.parse::<u32>().is_ok())
        && date.parse::<hufu_model::time::Day>().is_ok()
}

/// The workspace's members are the folders with a manifest: none is forgotten, none is a second workspace but the fuzz
/// targets, which need another compiler.
#[test]
fn every_manifest_belongs_to_the_workspace_or_to_the_fuzz_targets() {
    for (name, path) in files_ending(&["Cargo.toml"]) {
        let parts: Vec<_> = Path::new(&name).iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let expected = match parts.as_slice() {
            [_] => true,
            [folder, _] => ["cli", "ca-data", "tests", "benches"].contains(&folder.as_str()),
            [crates, _, _] => crates == "crates",
            [crates, _, fuzz, _] => crates == "crates" && fuzz == "fuzz" && read(&path).contains("[workspace]"),
            _ => false,
        };
        assert!(expected, "{name} is in no workspace");
    }
}
