//! `upgrade`: brings a home that an older program made to the schema of this one. A backup comes first, and its copy goes
//! through the same steps before the home does.

use std::path::Path;

use hufu_model::time::{Clock, Instant};
use hufu_store::vault::Vault;
use hufu_store::{Mode, Store};

use crate::audit::{AuditReport, Depth, Progress};
use crate::authority::Authority;
use crate::backup::{self, Backup, Keys};
use crate::edge::SystemClock;
use crate::error::{ErrorKind, Result};
use crate::home::Home;

/// A home that was upgraded.
#[derive(Debug)]
pub struct Upgraded {
    /// Its schema version before.
    pub from: u32,
    /// Its schema version now.
    pub to: u32,
    /// The copy of what it was.
    pub backup: Backup,
    /// What verifying it afterwards found.
    pub report: AuditReport,
}

impl Authority {
    /// Upgrades the home at `path`, after a backup of it in the new folder `backup`.
    ///
    /// # Errors
    /// [`ErrorKind::NoChange`] when nothing is missing; `store.newer-schema`; as [`Authority::backup`], and
    /// [`ErrorKind::BackupUnsound`] when the copy does not verify after the same steps: the home is as it was then.
    pub fn upgrade(path: &Path, backup: &Path, progress: &dyn Fn(Progress)) -> Result<Upgraded> {
        Self::upgrade_at(path, backup, SystemClock.now(), progress)
    }

    /// As [`Authority::upgrade`], at a time of the caller's.
    ///
    /// # Errors
    /// As [`Authority::upgrade`].
    pub fn upgrade_at(path: &Path, backup: &Path, now: Instant, progress: &dyn Fn(Progress)) -> Result<Upgraded> {
        let home = Home::open(path)?;
        let (from, to) = Store::version_of(&home.database())?;
        if from > to {
            // The store says it better.
            Store::open(&home.database(), Mode::ReadOnly)?;
        }
        if from == to {
            return Err(ErrorKind::NoChange(format!("the home has schema {to} already")).into());
        }
        let backup = backup::make(&home, backup, Keys::With, now, progress)?;
        hufu_store::fault!("f24");
        Store::upgrade(&home.database(), now)?;
        hufu_store::fault!("f25");
        if home.vault().exists() {
            Vault::upgrade(&home.vault(), now)?;
        }
        let report = Self::open_read_only(path)?.audit(Depth::Ledger, progress)?;
        Ok(Upgraded { from, to, backup, report })
    }
}
