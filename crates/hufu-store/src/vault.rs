//! The key centre's vault (密钥库): a database file of its own, with a ledger of its own.
//!
//! It opens by the same rules as the authority's database ([`crate::Store`]): write-ahead log, `synchronous=FULL`, its
//! own mark in the header, so that neither file opens as the other. Every change is an event of its ledger, which
//! covers every row. What is in the file opens nothing: private keys are octets that were wrapped before they came
//! here, and the key they were wrapped with is not here.
//!
//! * [`Vault::read`] gives a [`VaultReader`]: everything that can be asked
//! * [`Vault::write`] gives a [`VaultWrite`]: one transaction; [`VaultEventWriter`] puts rows
//! * [`Vault::checkpoint_material`]: size and root of its tree, for who signs about it
//! * [`crate::verify::verify_vault`]: the whole file against its ledger
//!
//! What stands in one table and is enforced here: a key moves along
//! [`may_become`](hufu_model::escrow::EscrowStatus::may_become) and its key material never changes; a request has one
//! key; a serial number belongs to one key for ever; an officer approves a recovery once; no record is acted upon twice.

use std::path::Path;
use std::time::Duration;

use hufu_ledger::Checkpoint;
use hufu_model::time::Instant;

use crate::error::{Error, Result};
use crate::schema::VAULT;
use crate::store::{Mode, Store, WAIT};

mod reader;
mod rows;
mod write;

pub use reader::VaultReader;
pub use rows::{
    ActRow, BindingRow, CustodianRow, EscrowRow, KekRow, OfficerRow, RecoveryApprovalRow, RecoveryRow, VaultEventRow,
};
pub use write::{VaultEventWriter, VaultWrite};

/// One open vault. It may be shared between threads: one writes at a time, readers run beside it.
pub struct Vault {
    store: Store,
}

impl Vault {
    /// Makes a new vault in the file `path`, which must not exist; only its owner may read it.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create(path: &Path, now: Instant) -> Result<Self> {
        Ok(Self { store: Store::create_form(&VAULT, path, now)? })
    }

    /// Opens the vault in the file `path`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(path: &Path, mode: Mode) -> Result<Self> {
        Self::open_with_wait(path, mode, WAIT)
    }

    /// As [`Vault::open`], waiting for a lock of another process no longer than `wait`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with_wait(path: &Path, mode: Mode, wait: Duration) -> Result<Self> {
        Ok(Self { store: Store::open_form(&VAULT, path, mode, wait)? })
    }

    /// Brings a vault that an older program made to the schema of this one; returns how many steps were missing.
    ///
    /// # Errors
    /// As [`Store::upgrade`].
    pub fn upgrade(path: &Path, now: Instant) -> Result<u32> {
        crate::sqlite::upgrade(&VAULT, path, now, WAIT, VAULT.steps)
    }

    /// Looks at one state of the vault, which does not change while `f` runs.
    ///
    /// # Errors
    /// Those of `f`; database errors.
    pub fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&VaultReader<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.store.read(|reader| f(&VaultReader::new(reader.connection())))
    }

    /// Makes one change: everything `f` writes, or nothing when it fails. `now` is the machine's time;
    /// [`VaultWrite::now`] is the ledger's.
    ///
    /// # Errors
    /// Those of `f`; as [`Store::write`].
    pub fn write<T, E: From<Error>>(
        &self,
        now: Instant,
        f: impl FnOnce(&mut VaultWrite<'_, '_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.store.write(now, |write| f(&mut VaultWrite::new(write)))
    }

    /// The size and the root of the vault's tree, read back from disk and hashed again, for a checkpoint.
    ///
    /// # Errors
    /// As [`Store::checkpoint_material`].
    pub fn checkpoint_material(&self) -> Result<(u64, [u8; 32])> {
        self.store.checkpoint_material()
    }

    /// Brings everything that was committed into the file itself, so that, once nobody has it open any more, the file alone
    /// is the vault and may be moved.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) while somebody reads; database errors.
    pub fn settle(&self) -> Result<()> {
        self.store.settle()
    }

    /// Stores a checkpoint of the vault's tree that was signed.
    ///
    /// # Errors
    /// As [`Store::append_checkpoint`], except that a vault knows no signers that could be replaced.
    pub fn append_checkpoint(&self, checkpoint: &Checkpoint, signed: &[u8]) -> Result<()> {
        self.store.transaction(|connection| crate::checkpoint::append(connection, checkpoint, signed))
    }
}

#[cfg(test)]
mod tests;
