//! The publishing folder: what lies in it, and how a file comes into it so that no reader ever sees a part of one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hufu_model::crl::CrlPart;
use hufu_store::{CrlIntent, CrlIssue, PublishedCrl};
use hufu_x509::crl::{Crl, MAX_LENGTH};
use hufu_x509::digest::sm3;

use super::{ListedCa, PublishedList, key_name, place, tbs_digest};
use crate::authority::Identity;
use crate::ca::IssuingCas;
use crate::error::{ErrorKind, Result};
use crate::home::{file_error, sync_dir};

/// The folder, locked: nobody else publishes into it until this is dropped.
pub(super) struct Folder {
    root: PathBuf,
    _lock: File,
}

/// A list that lies beside its place.
pub(super) struct Beside {
    list: PublishedList,
    temporary: PathBuf,
}

/// The file that is locked while somebody publishes.
const LOCK: &str = ".hufu-publish.lock";

impl Folder {
    /// Locks the folder at `root`. It is made when nothing was published before; later its absence is an error: the
    /// medium is not there, and what would be made in its place is seen by nobody.
    pub(super) fn lock(root: &Path, published_before: bool) -> Result<Self> {
        if !root.is_dir() {
            if published_before {
                return Err(ErrorKind::PublishingFolder(root.to_owned()).into());
            }
            make_dir(root)?;
        }
        let path = root.join(LOCK);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(&path);
        let lock = lock.map_err(|e| file_error(&path, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ErrorKind::PublishingBusy(root.to_owned()).into()),
            Err(TryLockError::Error(e)) => Err(file_error(&path, e)),
        }
    }

    /// Looks at what lies in the places of a publication. What is older may be replaced; so may what no relying party
    /// can read, and its places are returned.
    pub(super) fn inspect(
        &self,
        of: &ListedCa<'_>,
        issue: &CrlIssue,
        on_record: impl Fn(u64) -> Result<Option<PublishedCrl>>,
    ) -> Result<Vec<PathBuf>> {
        let mut damaged = Vec::new();
        let key = of.ca.certificate.public_key()?;
        for part in parts(of) {
            let path = self.root.join(place(of, part)?);
            let Some(bytes) = read_optional(&path)? else { continue };
            let Ok(crl) = Crl::from_der(bytes) else {
                damaged.push(path);
                continue;
            };
            let named = crl.authority_key_id().is_none_or(|id| *id == key.key_id());
            if crl.issuer_der() != of.ca.certificate.subject_der() || !named {
                return Err(ErrorKind::ForeignCrl { path, issuer: crl.issuer_text() }.into());
            }
            if crl.verify_signed_by(&key).is_err() {
                damaged.push(path);
                continue;
            }
            // It is ours. What it says must be what this ledger said, and older than what comes now.
            let found = crl.number().and_then(|number| u64::try_from(number).ok()).unwrap_or(u64::MAX);
            if found >= issue.number || crl.this_update() > issue.this_update {
                return Err(ErrorKind::CrlAhead { path, found, ours: issue.number }.into());
            }
            let list = on_record(found)?.and_then(|known| known.lists.into_iter().find(|list| list.part == part));
            if list.is_none_or(|list| list.tbs_digest != tbs_digest(&crl)) {
                return Err(ErrorKind::CrlDiffers { path, number: found }.into());
            }
        }
        Ok(damaged)
    }

    /// Writes a list beside its place, synced.
    pub(super) fn write_beside(&self, of: &ListedCa<'_>, part: CrlPart, entries: u64, crl: &Crl) -> Result<Beside> {
        let path = self.root.join(place(of, part)?);
        let temporary = write_temporary(&path, crl.der())?;
        let digest = Some(sm3(crl.der()));
        Ok(Beside { list: PublishedList { part, path, entries, size: crl.der().len() as u64, digest }, temporary })
    }

    /// Renames every list into its place, and syncs the folders. The full list comes last: who sees it finds the shards.
    pub(super) fn put_in_place(&self, written: &[Beside]) -> Result<()> {
        for beside in written.iter().rev() {
            let path = &beside.list.path;
            fs::rename(&beside.temporary, path).map_err(|e| file_error(path, e))?;
            hufu_store::fault!("f17");
        }
        for beside in written.iter().take(1) {
            sync_dir(beside.list.path.parent().unwrap_or(&self.root))?;
        }
        Ok(())
    }

    /// Reads every list again from its place and compares it with what was signed and with what the ledger committed to.
    pub(super) fn read_back(
        &self,
        of: &ListedCa<'_>,
        intent: &CrlIntent,
        written: Vec<Beside>,
    ) -> Result<Vec<PublishedList>> {
        let mut lists = Vec::with_capacity(written.len());
        for Beside { list, .. } in written {
            let fault = |what: &str| ErrorKind::ReadBack { path: list.path.clone(), what: what.to_owned() };
            let crl = read_list(&self.root, of, list.part)?.ok_or_else(|| fault("it is not there"))?;
            let issue = intent.issue();
            if Some(sm3(crl.der())) != list.digest {
                return Err(fault("it is not the file that was written").into());
            }
            if intent.digest(list.part) != Some(tbs_digest(&crl)) {
                return Err(fault("it is not what the ledger committed to").into());
            }
            if crl.number() != Some(issue.number.into()) || crl.this_update() != issue.this_update {
                return Err(fault("it has another number or time").into());
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// Publishes the certificates of the issuing CAs and of the root (DER) where authorityInfoAccess says they are.
    pub(super) fn write_certificates(&self, id: &Identity, cas: &IssuingCas) -> Result<()> {
        for certificate in cas.iter().map(|ca| &ca.certificate).chain([&id.root]) {
            let urls = id.urls.ca_issuers(&certificate.public_key()?);
            let Some(place) = urls.first().and_then(|url| id.urls.place(url)) else {
                return Err(ErrorKind::Internal("a CA certificate has no HTTP address").into());
            };
            let path = self.root.join(place);
            if read_optional(&path)?.as_deref() == Some(certificate.der()) {
                continue;
            }
            let temporary = write_temporary(&path, certificate.der())?;
            fs::rename(&temporary, &path).map_err(|e| file_error(&path, e))?;
            sync_dir(path.parent().unwrap_or(&self.root))?;
            if read_optional(&path)?.as_deref() != Some(certificate.der()) {
                let what = format!("it is not the certificate of the CA {}", key_name(certificate)?);
                return Err(ErrorKind::ReadBack { path, what }.into());
            }
        }
        Ok(())
    }
}

/// Every list a CA may have in the folder.
fn parts(of: &ListedCa<'_>) -> impl Iterator<Item = CrlPart> + use<> {
    [CrlPart::Full, CrlPart::Delta].into_iter().chain((0..of.urls.shards).map(CrlPart::Shard))
}

/// Reads a list of a CA from the folder: it must be readable, of this CA, and its signature must hold. None when there is
/// no such file.
pub(crate) fn read_list(folder: &Path, of: &ListedCa<'_>, part: CrlPart) -> Result<Option<Crl>> {
    let path = folder.join(place(of, part)?);
    let Some(bytes) = read_optional(&path)? else { return Ok(None) };
    let fault = |what: String| ErrorKind::ReadBack { path: path.clone(), what };
    let crl = Crl::from_der(bytes).map_err(|e| fault(format!("it cannot be read: {e}")))?;
    if crl.issuer_der() != of.ca.certificate.subject_der() {
        return Err(fault(format!("it is a list of {}", crl.issuer_text())).into());
    }
    crl.verify_signed_by(&of.ca.certificate.public_key()?).map_err(|e| fault(e.to_string()))?;
    Ok(Some(crl))
}

/// A file's octets; none when there is no such file. Not more than a CRL may have: a folder is open to others.
fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(found) if found.len() > MAX_LENGTH as u64 => {
            let what = format!("it has {} octets", found.len());
            Err(ErrorKind::ReadBack { path: path.to_owned(), what }.into())
        }
        Ok(_) => fs::read(path).map(Some).map_err(|e| file_error(path, e)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file_error(path, e)),
    }
}

/// Writes `bytes` beside `path`, readable by everybody, and syncs them. The name is the same each time, so that what a
/// crash left is written over.
fn write_temporary(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("list");
    if let Some(parent) = path.parent() {
        make_dir(parent)?;
    }
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let _ = fs::remove_file(&temporary);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&temporary);
    let mut file = file.map_err(|e| file_error(&temporary, e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| file_error(&temporary, e))?;
    Ok(temporary)
}

fn make_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|e| file_error(path, e))
}
