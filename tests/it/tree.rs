//! The checkout as text: which files there are and what is in them. Used by the tests that read the source tree.

use std::path::{Path, PathBuf};

/// What is not ours or is made: never read.
const SKIPPED: [&str; 6] = [".git", "target", ".venv", ".judges", "corpus", "artifacts"];

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A text file, with its name in the panic when it cannot be read.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file of the checkout, with its path from the top, in order.
pub(crate) fn files() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push((path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(), path));
        }
    }
}

/// Every file with one of these endings.
pub(crate) fn files_ending(endings: &[&str]) -> Vec<(String, PathBuf)> {
    files().into_iter().filter(|(name, _)| endings.iter().any(|e| name.ends_with(e))).collect()
}
