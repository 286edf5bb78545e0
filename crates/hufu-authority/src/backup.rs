//! `backup`: a copy of the home that is whole, made while others go on working, and read again before it counts.
//!
//! ```text
//! DIR/MANIFEST.toml  what the copy is: sizes and SM3 of every file, size and root of the ledger; its last line is the SM3
//!                    of the lines above
//! DIR/ledger.db      the authority's database, of one moment
//! DIR/kmc.db         the key centre's vault, of a later moment
//! DIR/anchor.pem     the anchor, of an earlier moment
//! DIR/hufu.toml      the settings
//! DIR/keys/*         the encrypted keys, unless they were left out
//! ```
//!
//! The order is the point. The anchor comes first, so that the copy is never behind its own anchor. The database comes
//! before the vault: a key is in the vault before its certificate is in the database, hence every certificate of the copy
//! has its key in the copy. Everything is written into a folder beside the one asked for, which gets its name when it was
//! verified and is on disk: a process that dies on the way leaves nothing that looks like a backup, and a folder without
//! a manifest is none.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use hufu_model::ident::{Digest, Serial};
use hufu_model::time::Instant;
use hufu_store::vault::Vault;
use hufu_store::{Mode, Reader, Store, pages};
use hufu_x509::certificate::Certificate;

use crate::audit::{AuditReport, Depth, Progress};
use crate::authority::Authority;
use crate::edge::SystemEntropy;
use crate::error::{ErrorKind, Result};
use crate::folder;
use crate::home::{self, Home, file_error};

pub(crate) mod manifest;

pub use manifest::Manifest as BackupManifest;
use manifest::Manifest;

/// Pairs read at a time.
const PAGE: u32 = 1000;

/// The name of the manifest.
const MANIFEST: &str = "MANIFEST.toml";

/// The name of the anchor in a backup.
pub(crate) const ANCHOR: &str = "anchor.pem";

/// Whether the encrypted keys are part of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// They are.
    With,
    /// They are not: they are kept elsewhere, and must be put back beside a restored home.
    Without,
}

/// A backup that was made and read again.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Its folder.
    pub path: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// The SM3 of its manifest: whoever keeps this number elsewhere can tell the backup from any other one.
    pub sm3: Digest,
}

impl Authority {
    /// Makes a backup of the home in the new folder `out`, beside whoever writes to it meanwhile. It is opened and
    /// verified before it gets its name.
    ///
    /// # Errors
    /// [`ErrorKind::HomeExists`] when `out` is there already, [`ErrorKind::BackupInside`] when it lies in the home,
    /// [`ErrorKind::BackupUnsound`] when the copy does not verify; file and database errors. Nothing is left then.
    pub fn backup(&self, out: &Path, keys: Keys, progress: &dyn Fn(Progress)) -> Result<Backup> {
        make(&self.home, out, keys, self.now(), progress)
    }
}

/// [`Authority::backup`], also for a home that an older program made and this one cannot open yet.
pub(crate) fn make(home: &Home, out: &Path, keys: Keys, at: Instant, progress: &dyn Fn(Progress)) -> Result<Backup> {
    folder::make(out, home.path(), |building| {
        let (manifest, sm3) = fill(home, building, keys, at, progress)?;
        Ok(Backup { path: out.to_owned(), manifest, sm3 })
    })
}

/// Writes and verifies everything in the folder `building`; the manifest comes last.
fn fill(
    home: &Home,
    building: &Path,
    keys: Keys,
    at: Instant,
    progress: &dyn Fn(Progress),
) -> Result<(Manifest, Digest)> {
    let mut files = Vec::new();
    if copy_if_there(home.anchor(), &building.join(ANCHOR))? {
        files.push(ANCHOR.to_owned());
    }
    let database = building.join("ledger.db");
    let pages = |done, of| progress(Progress { what: "pages", done, of });
    let current = match Store::open(&home.database(), Mode::ReadOnly) {
        Ok(store) => {
            store.read(|r| r.copy_to(&database, &pages))?;
            true
        }
        Err(e) if matches!(e.kind(), hufu_store::ErrorKind::OlderSchema { .. }) => {
            Store::copy_any(&home.database(), &database, &pages)?;
            false
        }
        Err(e) => return Err(e.into()),
    };
    files.push("ledger.db".to_owned());
    hufu_store::fault!("f21");
    if home.vault().exists() {
        let vault = Vault::open(&home.vault(), Mode::ReadOnly)?;
        vault.read(|r| r.copy_to(&building.join("kmc.db"), &pages))?;
        files.push("kmc.db".to_owned());
    }
    copy_if_there(&home.settings(), &building.join("hufu.toml"))?;
    files.push("hufu.toml".to_owned());
    if keys == Keys::With {
        home::make_new_private_dir(&building.join("keys"))?;
        for name in key_files(home)? {
            copy_if_there(&home.path().join(&name), &building.join(&name))?;
            files.push(name);
        }
        home::sync_dir(&building.join("keys"))?;
    }
    let figures = verified(building, current, at, progress)?;
    files.sort();
    let manifest = Manifest::of(building, &files, home, &figures, keys, at, progress)?;
    let text = manifest.to_text();
    home::write_new(&building.join(MANIFEST), text.as_bytes())?;
    Ok((manifest, hufu_x509::digest::sm3(text.as_bytes())))
}

/// What a copy was found to hold.
pub(crate) struct Figures {
    pub(crate) origin: String,
    pub(crate) name: String,
    pub(crate) schema: u32,
    pub(crate) report: AuditReport,
    pub(crate) certificates: u64,
}

/// Opens the copy in the folder `copy` and verifies it: the ledger to its last checkpoint and to the copied anchor, the
/// vault by its own ledger, every certificate that needs one by its key in the vault.
///
/// A copy with an older schema is verified by a copy of it that is brought to this program's schema first.
fn verified(copy: &Path, current: bool, at: Instant, progress: &dyn Fn(Progress)) -> Result<Figures> {
    if current {
        return look_through(copy, None, progress);
    }
    let (schema, _) = Store::version_of(&copy.join("ledger.db"))?;
    let rehearsal = copy.join("rehearsal");
    home::make_new_private_dir(&rehearsal)?;
    for name in ["ledger.db", ANCHOR] {
        copy_if_there(&copy.join(name), &rehearsal.join(name))?;
    }
    Store::upgrade(&rehearsal.join("ledger.db"), at)?;
    let found = look_through(&rehearsal, Some(schema), progress);
    fs::remove_dir_all(&rehearsal).map_err(|e| file_error(&rehearsal, e))?;
    found
}

fn look_through(copy: &Path, schema: Option<u32>, progress: &dyn Fn(Progress)) -> Result<Figures> {
    let authority = open_copy(copy)?;
    let report = authority.audit(Depth::Ledger, progress)?;
    let unsound = |what: String| Err(ErrorKind::BackupUnsound { path: copy.to_owned(), what }.into());
    if let Some(first) = report.findings.first() {
        return unsound(format!("{}: {}", first.object, first.message));
    }
    let mut vault = None;
    if copy.join("kmc.db").exists() {
        let opened = Vault::open(&copy.join("kmc.db"), Mode::ReadOnly)?;
        let stage = |what, done, of| progress(Progress { what, done, of });
        let ledger = opened.read(|r| hufu_store::verify::verify_vault(r, &stage))?;
        if let Some(first) = ledger.findings.first() {
            return unsound(format!("kmc.db: {}: {}", first.place(), first.message));
        }
        vault = Some(opened);
    }
    if let Some(serial) = authority.read(|r| without_key(r, vault.as_ref()))? {
        return unsound(format!("the key of certificate {serial} is not in the key centre's copy"));
    }
    let (certificates, found) = authority.read(|r| Ok((r.certificate_count()?, r.schema_version()?)))?;
    let (origin, name) = (authority.origin(), authority.identity.name.clone());
    Ok(Figures { origin, name, schema: schema.unwrap_or(found), report, certificates })
}

/// The first encryption certificate of the copy whose key is not in the copied vault.
fn without_key(r: &Reader<'_>, vault: Option<&Vault>) -> Result<Option<Serial>> {
    for page in pages(|after| r.pairs(after.as_ref(), PAGE), |pair| pair.signing.clone()) {
        let page = page?;
        for pair in page {
            let der = r.certificate_der(&pair.encryption)?;
            let der = der.ok_or_else(|| ErrorKind::UnknownCertificate(pair.encryption.clone()))?;
            let spki = Certificate::from_der(&der)?.public_key()?.spki_digest();
            let kept = vault.map(|vault| vault.read(|v| v.escrow_of_spki(&spki))).transpose()?.flatten();
            if kept.is_none() {
                return Ok(Some(pair.encryption));
            }
        }
    }
    Ok(None)
}

/// A copy opened for looking, with the anchor that was copied with it.
pub(crate) fn open_copy(folder: &Path) -> Result<Authority> {
    let home = Home::at(folder, &folder.join(ANCHOR));
    let (clock, entropy) = (std::sync::Arc::new(crate::edge::SystemClock), std::sync::Arc::new(SystemEntropy));
    Authority::open_home(home, Mode::ReadOnly, clock, entropy)
}

/// The key files of a home, as paths below it.
fn key_files(home: &Home) -> Result<Vec<String>> {
    let folder = home.path().join("keys");
    let entries = fs::read_dir(&folder).map_err(|e| file_error(&folder, e))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| file_error(&folder, e))?;
        let name = entry.file_name();
        // Files that are being written begin with a dot.
        let file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if let Some(name) = name.to_str().filter(|name| file && !name.starts_with('.')) {
            names.push(format!("keys/{name}"));
        }
    }
    Ok(names)
}

/// Copies a file that nobody else must read, and syncs it; `false` when it is not there.
pub(crate) fn copy_if_there(from: &Path, to: &Path) -> Result<bool> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut source = match File::open(from) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(file_error(from, e)),
    };
    let mut options = fs::OpenOptions::new();
    let target = options.write(true).create_new(true).mode(0o600).open(to);
    let mut target = target.map_err(|e| file_error(to, e))?;
    std::io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(|e| file_error(to, e))?;
    Ok(true)
}
