//! The home: one folder that holds one CA.
//!
//! ```text
//! HOME/ledger.db        every row, SQLite
//! HOME/hufu.toml        local settings: where the anchor is (`anchor`), where lists are published (`publish`), whether
//!                       delta lists are published, too (`deltas`)
//! HOME/kmc.db           the key centre's vault: escrowed encryption keys, wrapped
//! HOME/kmc.sock         the socket of the key centre's agent, while it runs
//! HOME/keys/root.key    the root's key, encrypted; may be moved away
//! HOME/keys/issuing.key the issuing CA's key, encrypted
//! HOME/keys/ca-N.key    the key of the further issuing CA of instance N, encrypted
//! HOME/keys/ca-N-….new  the key of one that is proposed, encrypted
//! HOME/keys/ledger.key  the key that signs checkpoints, encrypted
//! HOME/keys/ocsp-N.key  the key of the OCSP responder of the issuing CA with instance N, encrypted
//! HOME/keys/data.key    the data key of sealed fields, wrapped under the home passphrase
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hufu_model::ident::{Digest, hex};

use crate::error::{Error, ErrorKind, Result};
use crate::publish::Publishing;

/// Every setting there is.
const SETTINGS: [&str; 3] = ["anchor", "publish", "deltas"];

/// Where the things of a home lie.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    anchor: PathBuf,
    publish: Option<PathBuf>,
    deltas: bool,
}

impl Home {
    /// The home at `root` with its settings read.
    ///
    /// # Errors
    /// [`ErrorKind::NoHome`], [`ErrorKind::Settings`].
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join("hufu.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(ErrorKind::NoHome(root.to_owned()).into()),
            Err(source) => return Err(ErrorKind::File { path, source }.into()),
        };
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            Error::from(ErrorKind::Settings { path: path.clone(), what: e.to_string() })
        })?;
        if let Some(key) = table.keys().find(|k| !SETTINGS.contains(&k.as_str())) {
            return Err(ErrorKind::Settings { path, what: format!("unknown setting {key:?}") }.into());
        }
        let Some(anchor) = table.get("anchor").and_then(toml::Value::as_str) else {
            return Err(
                ErrorKind::Settings { path, what: "the setting `anchor = \"FILE\"` is missing".to_owned() }.into()
            );
        };
        let wrong = |what: &str| Error::from(ErrorKind::Settings { path: path.clone(), what: what.to_owned() });
        let publish = table.get("publish").map(|value| value.as_str().ok_or_else(|| wrong("`publish` is a folder")));
        let deltas = table.get("deltas").map(|value| value.as_bool().ok_or_else(|| wrong("`deltas` is true or false")));
        // Against the home, so that it does not depend on where somebody stands.
        let publish = publish.transpose()?.map(|folder| root.join(folder));
        Ok(Self {
            root: root.to_owned(),
            anchor: PathBuf::from(anchor),
            publish,
            deltas: deltas.transpose()? == Some(true),
        })
    }

    /// A home at `root`, anchored in `anchor`, whose settings are not read: it is being founded, copied or restored.
    pub(crate) fn at(root: &Path, anchor: &Path) -> Self {
        Self { root: root.to_owned(), anchor: anchor.to_owned(), publish: None, deltas: false }
    }

    pub(crate) fn write_settings(&self) -> Result<()> {
        let mut table = toml::Table::new();
        table.insert("anchor".to_owned(), toml::Value::String(self.anchor.to_string_lossy().into_owned()));
        write_new(&self.settings(), table.to_string().as_bytes())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("ledger.db")
    }

    /// The settings file.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("hufu.toml")
    }

    /// The key centre's database file. A home that issues no pairs has none.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("kmc.db")
    }

    /// The socket of the key centre's agent.
    #[must_use]
    pub fn agent_socket(&self) -> PathBuf {
        self.root.join("kmc.sock")
    }

    /// The anchor file.
    #[must_use]
    pub fn anchor(&self) -> &Path {
        &self.anchor
    }

    /// What to publish and where, by the settings; none when they name no folder.
    #[must_use]
    pub fn publishing(&self) -> Option<Publishing> {
        let folder = self.publish.as_ref()?;
        Some(Publishing { deltas: self.deltas, ..Publishing::full(folder) })
    }

    /// The key file called `name`: `root`, `issuing`, `ledger`, `data`, `ocsp-N` for the OCSP
    /// responder of instance N, or [`crate::IssuingCa::key`].
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(format!("{name}.key"))
    }
}

impl Home {
    /// The key file of a further CA that is proposed and not yet on record: named by its key, too, so that no two
    /// proposals share it.
    pub(crate) fn proposed_key(&self, instance: u8, spki: &Digest) -> PathBuf {
        self.root.join("keys").join(format!("ca-{instance}-{}.new", hex(&spki.0[..8])))
    }

    /// Every such file.
    pub(crate) fn proposed_keys(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join("keys");
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|e| file_error(&folder, e))? {
            let path = entry.map_err(|e| file_error(&folder, e))?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if name.starts_with("ca-") && name.ends_with(".new") {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// Makes a folder only its owner may enter.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| file_error(path, e))
}

/// Makes a folder only its owner may enter, and that nobody made before: not even one that stands there empty, which might
/// be somebody else's.
pub(crate) fn make_new_private_dir(path: &Path) -> Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_private_dir(parent)?;
    }
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|e| file_error(path, e))
}

/// Writes a file that must not exist yet, readable by its owner only, and syncs it.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|e| file_error(path, e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| file_error(path, e))
}

/// Writes `bytes` to `path` so that a reader sees the old contents or the new, never a part: temporary file beside it,
/// fsync, rename, fsync of the folder.
///
/// # Errors
/// [`ErrorKind::File`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("output");
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let _ = fs::remove_file(&temporary);
    write_new(&temporary, bytes)?;
    hufu_store::fault!("f11");
    fs::rename(&temporary, path).map_err(|e| {
        // Nothing is left of what did not come into its place.
        let _ = fs::remove_file(&temporary);
        file_error(path, e)
    })?;
    hufu_store::fault!("f12");
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Gives a file its final name in the same folder; what had that name is gone.
pub(crate) fn move_into_place(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| file_error(to, e))?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// Syncs a folder, so that a file made or renamed in it survives a power cut.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|d| d.sync_all()).map_err(|e| file_error(path, e))
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| file_error(path, e))
}

pub(crate) fn file_error(path: &Path, source: std::io::Error) -> Error {
    ErrorKind::File { path: path.to_owned(), source }.into()
}
