//! The crate table: which crate may use which, read from the manifests. An arrow goes down and may skip levels, never
//! up or sideways; each third-party library that carries risk or churn has one owner.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::tree::{read, root};

/// The levels of the picture in `crates/README.md`. `hufu-data` is reference data between the words and the bytes.
const LEVELS: [(&str, u8); 13] = [
    ("hufu-cli", 9),
    ("hufu-server", 8),
    ("hufu-demo", 8),
    ("hufu-authority", 7),
    ("hufu-issuer", 5),
    ("hufu-kmc", 5),
    ("hufu-x509", 3),
    ("hufu-store", 3),
    ("hufu-sheet", 3),
    ("hufu-data", 2),
    ("hufu-sm2", 2),
    ("hufu-model", 1),
    ("hufu-ledger", 1),
];

/// Every arrow there is. A new one is a decision: it is added here and in the picture in the same commit.
const ARROWS: [(&str, &[&str]); 13] = [
    ("hufu-cli", &["hufu-authority", "hufu-demo", "hufu-server"]),
    ("hufu-server", &["hufu-authority"]),
    ("hufu-demo", &["hufu-authority"]),
    (
        "hufu-authority",
        &["hufu-data", "hufu-issuer", "hufu-kmc", "hufu-ledger", "hufu-model", "hufu-sheet", "hufu-store", "hufu-x509"],
    ),
    ("hufu-issuer", &["hufu-model", "hufu-store", "hufu-x509"]),
    ("hufu-kmc", &["hufu-model", "hufu-store", "hufu-x509"]),
    ("hufu-x509", &["hufu-model", "hufu-sm2"]),
    ("hufu-store", &["hufu-ledger", "hufu-model"]),
    ("hufu-sheet", &["hufu-model"]),
    ("hufu-data", &["hufu-model"]),
    ("hufu-sm2", &[]),
    ("hufu-model", &[]),
    ("hufu-ledger", &[]),
];

/// Third-party libraries with an owner: nobody else names them in a manifest.
const OWNERS: [(&str, &[&str]); 26] = [
    ("rusqlite", &["hufu-store"]),
    ("sm2", &["hufu-x509"]),
    ("sm3", &["hufu-x509", "hufu-ledger"]),
    ("sm4", &["hufu-x509"]),
    ("der", &["hufu-x509"]),
    ("spki", &["hufu-x509"]),
    ("pkcs8", &["hufu-x509"]),
    ("x509-cert", &["hufu-x509"]),
    ("x509-parser", &["hufu-x509"]),
    ("rcgen", &["hufu-x509"]),
    ("signature", &["hufu-x509"]),
    ("aes", &["hufu-x509"]),
    ("aes-gcm", &["hufu-x509"]),
    ("cbc", &["hufu-x509"]),
    ("hmac", &["hufu-x509"]),
    ("pbkdf2", &["hufu-x509"]),
    ("csv", &["hufu-data", "hufu-sheet"]),
    ("calamine", &["hufu-sheet"]),
    ("rust_xlsxwriter", &["hufu-sheet"]),
    ("zip", &["hufu-sheet"]),
    ("tokio", &["hufu-server"]),
    ("hyper", &["hufu-server"]),
    ("hyper-util", &["hufu-server"]),
    ("http-body-util", &["hufu-server"]),
    ("clap", &["hufu-cli"]),
    ("rpassword", &["hufu-cli"]),
];

/// Not in any crate yet: they come with the crate that will own them, behind the border that is ready for them.
const NOBODY: [&str; 4] = ["reqwest", "rustls", "openssl", "postgres"];

/// Outside the table: they may use anything.
const OUTSIDE: [&str; 2] = ["hufu-tests", "hufu-benches"];

struct Package {
    name: String,
    dependencies: BTreeSet<String>,
    features: BTreeSet<String>,
    path: PathBuf,
}

fn packages() -> Vec<Package> {
    let mut folders: Vec<PathBuf> = ["cli", "ca-data", "tests", "benches"].iter().map(|f| root().join(f)).collect();
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    folders.extend(crates.map(|e| e.unwrap().path()).filter(|p| p.join("Cargo.toml").exists()));
    folders.into_iter().map(|folder| package(folder.join("Cargo.toml"))).collect()
}

fn package(path: PathBuf) -> Package {
    let manifest: toml::Table = read(&path).parse().unwrap();
    let mut dependencies = BTreeSet::new();
    let mut take = |table: Option<&toml::Value>| {
        for (alias, value) in table.and_then(toml::Value::as_table).into_iter().flatten() {
            let real = value.get("package").and_then(toml::Value::as_str).unwrap_or(alias);
            dependencies.insert(real.to_owned());
        }
    };
    take(manifest.get("dependencies"));
    take(manifest.get("build-dependencies"));
    for target in manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten().map(|(_, t)| t) {
        take(target.get("dependencies"));
        take(target.get("build-dependencies"));
    }
    let features = manifest.get("features").and_then(toml::Value::as_table);
    Package {
        name: manifest["package"]["name"].as_str().unwrap().to_owned(),
        dependencies,
        features: features.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        path,
    }
}

fn inside() -> Vec<Package> {
    packages().into_iter().filter(|p| !OUTSIDE.contains(&p.name.as_str())).collect()
}

#[test]
fn the_arrows_between_crates_are_those_of_the_picture() {
    let expected: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let packages = inside();
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|p| {
            let ours = p.dependencies.iter().map(String::as_str).filter(|d| d.starts_with("hufu-"));
            (p.name.as_str(), ours.collect())
        })
        .collect();
    assert_eq!(found, expected, "left: the manifests; right: the picture");
}

#[test]
fn no_arrow_goes_up_or_sideways() {
    let levels = BTreeMap::from(LEVELS);
    for package in inside() {
        let from = levels.get(package.name.as_str());
        let from = from.unwrap_or_else(|| panic!("{} stands on no level: say where it belongs", package.name));
        for to in package.dependencies.iter().filter(|d| d.starts_with("hufu-")) {
            let level = levels.get(to.as_str()).unwrap_or_else(|| panic!("{}: {to} is unknown", package.name));
            assert!(level < from, "{} -> {to} does not go down", package.name);
        }
    }
}

#[test]
fn third_party_libraries_with_an_owner_are_used_by_their_owner_only() {
    let owners = BTreeMap::from(OWNERS);
    for package in inside() {
        for dependency in &package.dependencies {
            if let Some(allowed) = owners.get(dependency.as_str()) {
                assert!(
                    allowed.contains(&package.name.as_str()),
                    "{} uses {dependency}, which belongs to {}",
                    package.path.display(),
                    allowed.join(" and ")
                );
            }
            assert!(!NOBODY.contains(&dependency.as_str()), "{} uses {dependency}", package.path.display());
        }
    }
}

#[test]
fn faults_is_the_only_feature_and_never_a_default() {
    for package in packages() {
        let others: Vec<_> = package.features.iter().filter(|f| *f != "faults").collect();
        assert!(others.is_empty(), "{}: features {others:?}", package.path.display());
    }
}

/// Every crate takes its lints, and with them the ban of unsafe code, from the workspace.
#[test]
fn every_crate_obeys_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest: toml::Table = read(&package.path).parse().unwrap();
        let inherits = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{}", package.path.display());
        assert_eq!(manifest["package"].get("publish").and_then(|p| p.get("workspace")), Some(&true.into()));
    }
    let workspace: toml::Table = read(&root().join("Cargo.toml")).parse().unwrap();
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(workspace["workspace"]["lints"]["rust"]["missing_docs"].as_str(), Some("deny"));
}

/// `.deny.toml` says the same as the table above, for those who run cargo-deny.
#[test]
fn the_deny_file_holds_the_same_table() {
    let deny: toml::Table = read(&root().join(".deny.toml")).parse().unwrap();
    let entries = deny["bans"]["deny"].as_array().unwrap();
    let mut listed = BTreeMap::new();
    for entry in entries {
        let wrappers: BTreeSet<&str> = entry
            .get("wrappers")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .filter(|w| w.starts_with("hufu-") && !OUTSIDE.contains(w))
            .collect();
        listed.insert(entry["crate"].as_str().unwrap(), wrappers);
    }
    for (library, owners) in OWNERS {
        let owners: BTreeSet<&str> = owners.iter().copied().collect();
        assert_eq!(listed.get(library), Some(&owners), "{library}");
    }
    for library in NOBODY {
        assert_eq!(listed.get(library), Some(&BTreeSet::new()), "{library}");
    }
}
