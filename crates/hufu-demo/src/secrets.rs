//! The passphrases and keys of a demonstration, kept in files so that the next commands can be typed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::x509::key::{Passphrase, SecretKey};
use hufu_authority::x509::name::Name;
use hufu_authority::x509::{csr, pkcs8};
use hufu_authority::{ErrorKind, Result, SystemEntropy};

/// They.
pub(crate) struct Secrets {
    dir: PathBuf,
    pub(crate) ca: Passphrase,
    pub(crate) home: Passphrase,
    operators: Passphrase,
}

impl Secrets {
    /// Fresh passphrases, in the new folder `keys` of `dir`.
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        let random: &dyn Entropy = &SystemEntropy;
        let secrets = Self {
            dir: dir.join("keys"),
            ca: Passphrase::machine(random)?,
            home: Passphrase::machine(random)?,
            operators: Passphrase::machine(random)?,
        };
        private_dir(&secrets.dir)?;
        for (name, passphrase) in [("ca", &secrets.ca), ("home", &secrets.home), ("operators", &secrets.operators)] {
            secrets.write(&format!("{name}.pass"), format!("{}\n", passphrase.expose()).as_bytes())?;
        }
        Ok(secrets)
    }

    /// Keeps an operator's key.
    pub(crate) fn keep(&self, name: &str, key: &SecretKey) -> Result<()> {
        let pem = pkcs8::encrypt(key, &self.operators, &SystemEntropy)?;
        self.write(&format!("{name}.key"), pem.as_bytes())
    }

    /// Keeps a file that nobody else must read.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut f| f.write_all(bytes));
        written.map_err(|source| ErrorKind::File { path, source }.into())
    }
}

/// Makes the folder of a demonstration, which must not exist.
pub(crate) fn private_dir(path: &Path) -> Result<()> {
    if path.exists() {
        return Err(ErrorKind::HomeExists(path.to_owned()).into());
    }
    let made = fs::DirBuilder::new().mode(0o700).create(path);
    made.map_err(|source| ErrorKind::File { path: path.to_owned(), source }.into())
}

/// A fresh key and a request made with it.
pub(crate) fn person(name: &str) -> Result<(SecretKey, Vec<u8>)> {
    let random: &dyn Entropy = &SystemEntropy;
    let key = SecretKey::generate(random)?;
    let subject = Name::new(vec![(NameAttribute::CommonName, name.to_owned())])?;
    let csr = csr::build(&subject, &key, random.array()?)?;
    Ok((key, csr))
}
