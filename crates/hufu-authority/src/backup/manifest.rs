//! The manifest of a backup: every file with its size and SM3, as a whole and in blocks, so that what was altered can be
//! named; and what the ledger in it is.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use hufu_model::ident::{Digest, hex};
use hufu_model::time::Instant;
use hufu_x509::digest::{Sm3, sm3};

use super::{Figures, Keys, MANIFEST};
use crate::audit::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, file_error};

/// What the text of a manifest begins with.
const FORMAT: &str = "hufu-backup/1";

/// Octets of a file that one digest of `blocks` is over.
const BLOCK: usize = 1 << 20;

/// The most octets of a manifest: more is none.
const LONGEST: u64 = 64 << 20;

/// What stands before the digest in the last line.
const SEAL: &str = "# sm3 ";

/// What a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The name of its ledger, as in checkpoints.
    pub origin: String,
    /// The authority's name.
    pub name: String,
    /// The folder that was copied.
    pub home: PathBuf,
    /// When.
    pub at: Instant,
    /// The schema version of the database.
    pub schema: u32,
    /// Events in the ledger.
    pub events: u64,
    /// The root of the tree over them (SM3, RFC 9162 §2.1.1).
    pub root: [u8; 32],
    /// Certificates.
    pub certificates: u64,
    /// Whether the encrypted keys are in it.
    pub keys: bool,
    /// The files.
    pub files: Vec<FileEntry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path below the backup's folder.
    pub path: String,
    /// Octets.
    pub size: u64,
    /// Its SM3.
    pub sm3: Digest,
    /// The SM3 of every MiB of it.
    blocks: Vec<Digest>,
}

impl Manifest {
    /// The manifest of the files in `folder`.
    pub(super) fn of(
        folder: &Path,
        files: &[String],
        home: &Home,
        figures: &Figures,
        keys: Keys,
        at: Instant,
        progress: &dyn Fn(Progress),
    ) -> Result<Self> {
        let of = files.iter().map(|f| fs::metadata(folder.join(f)).map_or(0, |m| m.len())).sum();
        let mut done = 0;
        let mut entries = Vec::new();
        for path in files {
            entries.push(FileEntry::of(folder, path, &mut |octets| {
                done += octets;
                progress(Progress { what: "octets", done, of });
            })?);
        }
        Ok(Self {
            origin: figures.origin.clone(),
            name: figures.name.clone(),
            home: home.path().to_owned(),
            at,
            schema: figures.schema,
            events: figures.report.events,
            root: figures.report.root,
            certificates: figures.certificates,
            keys: keys == Keys::With,
            files: entries,
        })
    }

    /// The text: TOML, and as its last line the SM3 of everything above it.
    pub(super) fn to_text(&self) -> String {
        let mut table = toml::Table::new();
        let mut put = |name: &str, value: toml::Value| drop(table.insert(name.to_owned(), value));
        put("format", FORMAT.into());
        put("origin", self.origin.clone().into());
        put("name", self.name.clone().into());
        put("home", self.home.to_string_lossy().into_owned().into());
        put("at", self.at.unix_millis().into());
        put("time", self.at.to_string().into());
        put("schema", i64::from(self.schema).into());
        put("events", number(self.events));
        put("root", hex(&self.root).into());
        put("certificates", number(self.certificates));
        put("keys", self.keys.into());
        put("file", toml::Value::Array(self.files.iter().map(|f| toml::Value::Table(f.to_table())).collect()));
        let text = table.to_string();
        format!("{text}{SEAL}{}\n", sm3(text.as_bytes()))
    }

    /// The manifest of the backup in `folder`.
    ///
    /// # Errors
    /// [`ErrorKind::NoBackup`] without a manifest, [`ErrorKind::BackupAltered`] for one that is not what was written.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Err(ErrorKind::NoBackup(folder.to_owned()).into());
            }
            Err(e) => return Err(file_error(&path, e)),
        }
        let altered = |what: &str| -> Error {
            let faults = vec![format!("{MANIFEST}: {what}")];
            ErrorKind::BackupAltered { path: folder.to_owned(), faults }.into()
        };
        let text = String::from_utf8(bytes).map_err(|_| altered("it is not the text that was written"))?;
        let sealed = text.strip_suffix('\n').and_then(|text| text.rsplit_once(SEAL));
        let (body, seal) = sealed.ok_or_else(|| altered("its last line is missing"))?;
        if sm3(body.as_bytes()).to_string() != seal {
            return Err(altered("it does not have the SM3 of its last line"));
        }
        let table: toml::Table = body.parse().map_err(|_| altered("it cannot be read"))?;
        Self::from_table(&table).ok_or_else(|| altered("an entry is missing or has another form"))
    }

    fn from_table(table: &toml::Table) -> Option<Self> {
        let text = |name: &str| table.get(name)?.as_str().map(str::to_owned);
        let count = |name: &str| table.get(name)?.as_integer().and_then(|n| u64::try_from(n).ok());
        if text("format")? != FORMAT {
            return None;
        }
        let files = table.get("file")?.as_array()?.iter().map(|f| FileEntry::from_table(f.as_table()?));
        Some(Self {
            origin: text("origin")?,
            name: text("name")?,
            home: text("home")?.into(),
            at: Instant::from_unix_millis(table.get("at")?.as_integer()?),
            schema: count("schema")?.try_into().ok()?,
            events: count("events")?,
            root: text("root")?.parse::<Digest>().ok()?.0,
            certificates: count("certificates")?,
            keys: table.get("keys")?.as_bool()?,
            files: files.collect::<Option<_>>()?,
        })
    }

    /// Reads every file of the backup in `folder` again.
    ///
    /// # Errors
    /// [`ErrorKind::BackupAltered`], which names every file that is missing, added or altered, and where.
    pub fn check(&self, folder: &Path, progress: &dyn Fn(Progress)) -> Result<()> {
        let mut faults = Vec::new();
        let of = self.files.iter().map(|f| f.size).sum();
        let mut done = 0;
        for file in &self.files {
            let before = done;
            let found = FileEntry::of(folder, &file.path, &mut |octets| {
                done += octets;
                progress(Progress { what: "octets", done, of });
            });
            match found {
                Ok(found) => faults.extend(file.differs(&found)),
                Err(e) => faults.push(format!("{}: {e}", file.path)),
            }
            done = before + file.size;
        }
        let known = |path: &str| path == MANIFEST || self.files.iter().any(|f| f.path == path);
        let added = below(folder, Path::new(""))?.into_iter().filter(|path| !known(path));
        faults.extend(added.map(|path| format!("{path}: it is not in the manifest")));
        if faults.is_empty() {
            Ok(())
        } else {
            Err(ErrorKind::BackupAltered { path: folder.to_owned(), faults }.into())
        }
    }
}

/// Every file below `folder`, as a path below it.
fn below(folder: &Path, inner: &Path) -> Result<Vec<String>> {
    let here = folder.join(inner);
    let mut found = Vec::new();
    for entry in fs::read_dir(&here).map_err(|e| file_error(&here, e))? {
        let entry = entry.map_err(|e| file_error(&here, e))?;
        let path = inner.join(entry.file_name());
        if entry.file_type().map_err(|e| file_error(&here, e))?.is_dir() {
            found.extend(below(folder, &path)?);
        } else {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

impl FileEntry {
    fn of(folder: &Path, path: &str, progress: &mut dyn FnMut(u64)) -> Result<Self> {
        let full = folder.join(path);
        let mut file = File::open(&full).map_err(|e| file_error(&full, e))?;
        let (mut whole, mut blocks, mut size) = (Sm3::new(), Vec::new(), 0_u64);
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            let read = (&mut file).take(BLOCK as u64).read_to_end(&mut block).map_err(|e| file_error(&full, e))?;
            if read == 0 {
                break;
            }
            whole.update(&block);
            blocks.push(sm3(&block));
            size += read as u64;
            progress(read as u64);
        }
        Ok(Self { path: path.to_owned(), size, sm3: whole.finish(), blocks })
    }

    /// What is wrong with the file that was found in this one's place.
    fn differs(&self, found: &Self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.size != found.size {
            faults.push(format!("{}: it has {} octets and had {}", self.path, found.size, self.size));
        }
        let pairs = self.blocks.iter().zip(&found.blocks).enumerate().filter(|(_, (was, is))| was != is);
        for (number, _) in pairs {
            let first = number as u64 * BLOCK as u64;
            let last = (first + BLOCK as u64).min(self.size) - 1;
            faults.push(format!("{}: altered between octet {first} and octet {last}", self.path));
        }
        if faults.is_empty() && self.sm3 != found.sm3 {
            faults.push(format!("{}: it does not have its SM3", self.path));
        }
        faults
    }

    fn to_table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("path".to_owned(), self.path.clone().into());
        table.insert("size".to_owned(), number(self.size));
        table.insert("sm3".to_owned(), self.sm3.to_string().into());
        let blocks = self.blocks.iter().map(|b| b.to_string().into()).collect();
        table.insert("blocks".to_owned(), toml::Value::Array(blocks));
        table
    }

    fn from_table(table: &toml::Table) -> Option<Self> {
        let path = table.get("path")?.as_str()?.to_owned();
        // Nothing outside the new home is ever written.
        if !Path::new(&path).components().all(|c| matches!(c, Component::Normal(_))) {
            return None;
        }
        let digest = |v: &toml::Value| v.as_str()?.parse::<Digest>().ok();
        Some(Self {
            path,
            size: u64::try_from(table.get("size")?.as_integer()?).ok()?,
            sm3: digest(table.get("sm3")?)?,
            blocks: table.get("blocks")?.as_array()?.iter().map(digest).collect::<Option<_>>()?,
        })
    }
}

fn number(n: u64) -> toml::Value {
    i64::try_from(n).unwrap_or(i64::MAX).into()
}
