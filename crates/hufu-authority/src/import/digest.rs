//! The digest of a source: an import goes on only with what it began with.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use hufu_model::ident::Digest;
use hufu_x509::digest::Sm3;

use crate::error::{ErrorKind, Result};

/// SM3 over the files and folders of a source, in the order in which they are given and folders in the order of their names:
/// for each file the length of its name in 8 octets, its name inside what was given, the length of its content and the
/// content. Names that begin with a dot are passed over, as they are when the source is read.
///
/// # Errors
/// [`ErrorKind::File`].
pub fn source_digest(paths: &[PathBuf]) -> Result<Digest> {
    let mut sm3 = Sm3::new();
    for path in paths {
        feed(&mut sm3, path, &path.file_name().map(PathBuf::from).unwrap_or_default())?;
    }
    Ok(sm3.finish())
}

fn feed(sm3: &mut Sm3, path: &Path, name: &Path) -> Result<()> {
    let failed = |source| ErrorKind::File { path: path.to_owned(), source };
    let found = fs::metadata(path).map_err(failed)?;
    if found.is_dir() {
        let mut inside: Vec<_> = fs::read_dir(path)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .map_err(failed)?
            .into_iter()
            .map(|entry| entry.file_name())
            .filter(|name| !name.as_encoded_bytes().starts_with(b"."))
            .collect();
        inside.sort_unstable();
        return inside.iter().try_for_each(|one| {
            let (path, name) = (path.join(one), name.join(one));
            // A link may lead to a folder above this one; those to files are read.
            let link = fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink());
            if link && !path.is_file() { Ok(()) } else { feed(sm3, &path, &name) }
        });
    }
    let octets = name.as_os_str().as_encoded_bytes();
    sm3.update(&(octets.len() as u64).to_be_bytes());
    sm3.update(octets);
    sm3.update(&found.len().to_be_bytes());
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(());
        }
        sm3.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_contents_and_order_count() {
        let folder = std::env::temp_dir().join(format!("hufu-digest-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("a/1.pem", "one");
        write("a/b/2.pem", "two");
        let of = |paths: &[&str]| source_digest(&paths.iter().map(|p| folder.join(p)).collect::<Vec<_>>()).unwrap();
        let first = of(&["a"]);
        write("a/.hidden", "x");
        assert_eq!(of(&["a"]), first);
        assert_ne!(of(&["a/1.pem", "a/b/2.pem"]), of(&["a/b/2.pem", "a/1.pem"]));
        write("a/1.pem", "One");
        assert_ne!(of(&["a"]), first);
        write("a/1.pem", "one");
        fs::rename(folder.join("a/1.pem"), folder.join("a/3.pem")).unwrap();
        assert_ne!(of(&["a"]), first);
        assert!(source_digest(&[folder.join("none")]).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
