//! A new folder that is there whole or not at all: it is filled beside its place and gets its name when it is complete
//! and on disk.

use std::fs;
use std::path::Path;

use crate::error::{ErrorKind, Result};
use crate::home::{self, file_error};

/// Makes the folder `out`, which must not exist and not lie in the folder `home`, out of what `fill` writes into the
/// folder it is given. When it fails nothing is left.
pub(crate) fn make<T>(out: &Path, home: &Path, fill: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if fs::symlink_metadata(out).is_ok() {
        return Err(ErrorKind::HomeExists(out.to_owned()).into());
    }
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Before anything is made: the parent may not be there yet.
    let existing = parent.ancestors().find(|p| p.exists() && !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (inner, outer) = (fs::canonicalize(existing), fs::canonicalize(home));
    if inner.is_ok_and(|inner| outer.is_ok_and(|outer| inner.starts_with(outer))) {
        return Err(ErrorKind::BackupInside(out.to_owned()).into());
    }
    home::make_private_dir(parent)?;
    let name = out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let building = out.with_file_name(format!(".{name}.{}.part", std::process::id()));
    home::make_new_private_dir(&building)?;
    let made = fill(&building).and_then(|made| {
        home::sync_dir(&building)?;
        hufu_store::fault!("f22");
        // Not over a folder that somebody made meanwhile, even an empty one.
        if fs::symlink_metadata(out).is_ok() {
            return Err(ErrorKind::HomeExists(out.to_owned()).into());
        }
        fs::rename(&building, out).map_err(|e| file_error(out, e))?;
        hufu_store::fault!("f23");
        home::sync_dir(parent)?;
        Ok(made)
    });
    if made.is_err() {
        let _ = fs::remove_dir_all(&building);
    }
    made
}
