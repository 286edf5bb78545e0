//! `restore`: a home from a backup, in a new place, verified before it counts.
//!
//! A restored home is as old as its backup. Whether anything was signed since, only the anchor can tell: a home behind
//! its anchor can be read and signs nothing, because the certificates, revocations and serial numbers of the time between
//! are not in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hufu_model::entropy::Entropy;
use hufu_model::time::Clock;
use hufu_store::Mode;

use crate::audit::{AuditReport, Depth, Progress};
use crate::authority::Authority;
use crate::backup::{ANCHOR, copy_if_there, manifest::Manifest, open_copy};
use crate::edge::{SystemClock, SystemEntropy};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{self, Home, file_error};
use crate::init::sibling;

/// What becomes of a backup.
#[derive(Debug, Clone)]
pub struct Restoring {
    /// The folder of the new home; it must not exist or be empty.
    pub home: PathBuf,
    /// The anchor of the new home. Not given: the one of the old home where it is still in its place, otherwise the copy
    /// that lies in the backup, which knows nothing that the backup does not know.
    pub anchor: Option<PathBuf>,
    /// How much of the restored home is verified.
    pub depth: Depth,
}

/// A home that was restored.
#[derive(Debug)]
pub struct Restored {
    /// What was restored.
    pub manifest: Manifest,
    /// What verifying it found; nothing when its schema is an older one, which is upgraded first.
    pub report: Option<AuditReport>,
    /// Its anchor.
    pub anchor: PathBuf,
    /// Whether that is the copy out of the backup: what was signed later cannot be told then.
    pub anchor_copied: bool,
    /// Why it signs nothing: it is behind its anchor, or the anchor is another one's.
    pub behind: Option<Error>,
}

impl Authority {
    /// Restores the backup in the folder `from`. The old home, if there is one, is not touched.
    ///
    /// # Errors
    /// [`ErrorKind::NoBackup`], [`ErrorKind::BackupAltered`] with everything that was altered, [`ErrorKind::HomeExists`],
    /// [`ErrorKind::BackupUnsound`] when the restored home does not verify; file and database errors. Nothing is left
    /// then.
    pub fn restore(from: &Path, restoring: &Restoring, progress: &dyn Fn(Progress)) -> Result<Restored> {
        Self::restore_with(from, restoring, Arc::new(SystemClock), Arc::new(SystemEntropy), progress)
    }

    /// As [`Authority::restore`], with a clock and a random source of the caller's.
    ///
    /// # Errors
    /// As [`Authority::restore`].
    pub fn restore_with(
        from: &Path,
        restoring: &Restoring,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        progress: &dyn Fn(Progress),
    ) -> Result<Restored> {
        let to = restoring.home.as_path();
        if to.is_file() || fs::read_dir(to).is_ok_and(|mut d| d.next().is_some()) {
            return Err(ErrorKind::HomeExists(to.to_owned()).into());
        }
        let manifest = Manifest::read(from)?;
        manifest.check(from, progress)?;
        let (anchor, anchor_copied) = choose_anchor(from, restoring)?;

        let building = sibling(to, &format!(".restoring-{}", std::process::id()));
        home::make_new_private_dir(&building)?;
        let built = build(from, &building, &manifest, restoring.depth, progress).and_then(|report| {
            if anchor_copied {
                let folder = anchor.parent().unwrap_or(Path::new("."));
                home::make_private_dir(folder)?;
                copy_if_there(&from.join(ANCHOR), &anchor)?;
                home::sync_dir(folder)?;
            }
            write_settings(from, &building, &anchor)?;
            home::sync_dir(&building)?;
            if to.exists() {
                fs::remove_dir(to).map_err(|e| file_error(to, e))?;
            }
            fs::rename(&building, to).map_err(|e| file_error(to, e))?;
            home::sync_dir(to.parent().unwrap_or(Path::new(".")))?;
            Ok(report)
        });
        if built.is_err() {
            let _ = fs::remove_dir_all(&building);
        }
        let report = built?;
        let behind = match &report {
            None => None,
            Some(_) => Self::open_with(to, Mode::ReadOnly, clock, entropy)?.check_anchor().err(),
        };
        Ok(Restored { manifest, report, anchor, anchor_copied, behind })
    }
}

/// The anchor's path, and whether the copy out of the backup has to be put there.
fn choose_anchor(from: &Path, restoring: &Restoring) -> Result<(PathBuf, bool)> {
    if let Some(anchor) = &restoring.anchor {
        let anchor = std::path::absolute(anchor).map_err(|e| file_error(anchor, e))?;
        // A wrong path here would make a home that nothing is ever compared with.
        fs::metadata(&anchor).map_err(|e| file_error(&anchor, e))?;
        return Ok((anchor, false));
    }
    let old = Home::open(from)?;
    if old.anchor().exists() {
        return Ok((old.anchor().to_owned(), false));
    }
    let beside = sibling(&restoring.home, "-anchor").join("checkpoints.pem");
    let beside = std::path::absolute(&beside).map_err(|e| file_error(&beside, e))?;
    if beside.exists() { Err(ErrorKind::HomeExists(beside).into()) } else { Ok((beside, true)) }
}

/// The settings of the backup, with the new home's anchor.
fn write_settings(from: &Path, building: &Path, anchor: &Path) -> Result<()> {
    let path = from.join("hufu.toml");
    let text = fs::read_to_string(&path).map_err(|e| file_error(&path, e))?;
    let table = text.parse::<toml::Table>();
    let mut table = table.map_err(|e| ErrorKind::Settings { path: path.clone(), what: e.to_string() })?;
    table.insert("anchor".to_owned(), toml::Value::String(anchor.to_string_lossy().into_owned()));
    home::write_new(&building.join("hufu.toml"), table.to_string().as_bytes())
}

/// Copies the files into the folder `building`, reads them again there and verifies what they are.
fn build(
    from: &Path,
    building: &Path,
    manifest: &Manifest,
    depth: Depth,
    progress: &dyn Fn(Progress),
) -> Result<Option<AuditReport>> {
    home::make_new_private_dir(&building.join("keys"))?;
    for file in &manifest.files {
        let to = building.join(&file.path);
        if let Some(folder) = to.parent() {
            home::make_private_dir(folder)?;
        }
        if !copy_if_there(&from.join(&file.path), &to)? {
            return Err(ErrorKind::NoBackup(from.to_owned()).into());
        }
    }
    home::sync_dir(&building.join("keys"))?;
    manifest.check(building, progress)?;
    let report = match open_copy(building) {
        Ok(authority) => {
            let report = authority.audit(depth, progress)?;
            let unsound = |what: String| Error::from(ErrorKind::BackupUnsound { path: from.to_owned(), what });
            if let Some(first) = report.findings.first() {
                return Err(unsound(format!("{}: {}", first.object, first.message)));
            }
            if report.events != manifest.events || report.root != manifest.root {
                return Err(unsound("its ledger is not the one of the manifest".to_owned()));
            }
            Some(report)
        }
        Err(e) if e.code() == "store.older-schema" => None,
        Err(e) => return Err(e),
    };
    for name in [ANCHOR, "hufu.toml"] {
        let path = building.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|e| file_error(&path, e))?;
        }
    }
    Ok(report)
}
