//! The door that changes a vault: one transaction, one or more events, each with the rows it wrote.

use hufu_model::escrow::{EscrowEvent, EscrowStatus};
use hufu_model::ident::OperatorId;
use hufu_model::time::Instant;

use super::reader::VaultReader;
use super::rows::{
    self, ActRow, BindingRow, CustodianRow, EscrowRow, KekRow, OfficerRow, RecoveryApprovalRow, RecoveryRow,
};
use crate::cell::Cell;
use crate::covered;
use crate::error::{ErrorKind, Result};
use crate::write::{EventWriter, Write};

/// One transaction that writes. Everything is written through an event.
pub struct VaultWrite<'w, 'c> {
    write: &'w mut Write<'c>,
}

impl<'w, 'c> VaultWrite<'w, 'c> {
    pub(super) fn new(write: &'w mut Write<'c>) -> Self {
        Self { write }
    }

    /// Ledger time: never earlier than the last event.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.write.now()
    }

    /// Looks at the vault as this transaction sees it, with what it has written so far.
    #[must_use]
    pub fn reader(&self) -> VaultReader<'_> {
        VaultReader::new(self.write.reader().connection())
    }

    /// Begins an event: what happened, who did it, to what. It must be closed, or nothing of the transaction is
    /// stored.
    #[must_use = "an event that is not closed makes the transaction fail"]
    pub fn event(&mut self, kind: EscrowEvent, actor: Option<&OperatorId>, object: &str) -> VaultEventWriter<'_, 'c> {
        VaultEventWriter { inner: self.write.event_of(kind.code(), actor, object) }
    }
}

/// One event of a vault being written. A row that was refused spoils the whole transaction.
#[must_use = "an event that is not closed makes the transaction fail"]
pub struct VaultEventWriter<'w, 'c> {
    inner: EventWriter<'w, 'c>,
}

impl VaultEventWriter<'_, '_> {
    /// Adds a fact that stands in no row.
    pub fn field(&mut self, name: &str, value: &str) {
        self.inner.field(name, value);
    }

    /// Writes the event. Returns its number.
    ///
    /// # Errors
    /// [`ErrorKind::UnclosedEvent`] when one of its rows was refused; database errors.
    pub fn close(self) -> Result<u64> {
        self.inner.close()
    }

    /// Puts a fact of the founding. It never changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_fact(&mut self, name: &str, value: &str) -> Result<()> {
        self.inner.insert(&covered::FACT, &[Cell::text(name), Cell::text(value)])
    }

    /// Puts what is known about a key that wraps others.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_kek(&mut self, row: &KekRow) -> Result<()> {
        self.inner.insert(&covered::KEK, &rows::kek_cells(row))
    }

    /// Puts who got a share.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_custodian(&mut self, row: &CustodianRow) -> Result<()> {
        self.inner.insert(&covered::CUSTODIAN, &rows::custodian_cells(row))
    }

    /// Puts an officer, or what changed of one.
    ///
    /// # Errors
    /// Database errors.
    pub fn put_officer(&mut self, row: &OfficerRow) -> Result<()> {
        let known = self.reader().officer(&row.id)?.is_some();
        let cells = rows::officer_cells(row);
        if known { self.inner.update(&covered::OFFICER, &cells) } else { self.inner.insert(&covered::OFFICER, &cells) }
    }

    /// Puts a record that is acted upon.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for one that was acted upon before; database errors.
    pub fn put_act(&mut self, row: &ActRow) -> Result<()> {
        self.inner.insert(&covered::ACT, &rows::act_cells(row))
    }

    /// Puts a new key, which is nobody's.
    ///
    /// # Errors
    /// [`ErrorKind::Constraint`] for one that belongs to somebody already; [`ErrorKind::Duplicate`] for a public key
    /// that is known; database errors.
    pub fn put_key(&mut self, row: &EscrowRow) -> Result<()> {
        let nobodys = row.request.is_none() && row.holder.is_none() && row.recipient.is_none();
        if row.status != EscrowStatus::Pooled || !nobodys {
            let what = "a new key begins in the pool".to_owned();
            return self.inner.refuse(ErrorKind::Constraint { what }.into());
        }
        self.inner.insert(&covered::ESCROW, &rows::escrow_cells(row))
    }

    /// Puts what changed of a key: its status and whose it is. Its key material stays, and so does whose it is once
    /// it is somebody's.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]; [`ErrorKind::Constraint`] for a change that is not allowed; [`ErrorKind::Duplicate`]
    /// for a request that has a key; database errors.
    pub fn change_key(&mut self, row: &EscrowRow) -> Result<()> {
        let Some(before) = self.reader().escrow(&row.id)? else {
            return self.inner.refuse(ErrorKind::NotFound { what: format!("escrowed key {}", row.id) }.into());
        };
        if let Some(what) = forbidden(&before, row) {
            let what = format!("escrowed key {}: {what}", row.id);
            return self.inner.refuse(ErrorKind::Constraint { what }.into());
        }
        self.inner.update(&covered::ESCROW, &rows::escrow_cells(row))
    }

    /// Binds a certificate's serial number to a key, for ever.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_binding(&mut self, row: &BindingRow) -> Result<()> {
        self.inner.insert(&covered::BINDING, &rows::binding_cells(row))
    }

    /// Puts a recovery, or its outcome.
    ///
    /// # Errors
    /// [`ErrorKind::Constraint`] for an outcome that is not allowed; database errors.
    pub fn put_recovery(&mut self, row: &RecoveryRow) -> Result<()> {
        let cells = rows::recovery_cells(row);
        let Some(before) = self.reader().recovery(&row.act)? else {
            return self.inner.insert(&covered::RECOVERY, &cells);
        };
        let same = RecoveryRow { status: row.status, done_at: row.done_at, ..before.clone() } == *row;
        if !same || !before.status.may_become(row.status) {
            let what = format!("a recovery that is {} cannot become {}", before.status, row.status);
            return self.inner.refuse(ErrorKind::Constraint { what }.into());
        }
        self.inner.update(&covered::RECOVERY, &cells)
    }

    /// Puts an officer's consent to a recovery.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for the second one of an officer; database errors.
    pub fn put_recovery_approval(&mut self, row: &RecoveryApprovalRow) -> Result<()> {
        self.inner.insert(&covered::RECOVERY_APPROVAL, &rows::approval_cells(row))
    }

    fn reader(&self) -> VaultReader<'_> {
        VaultReader::new(self.inner.connection())
    }
}

/// What is there stays; what is not there may come.
fn kept<T: PartialEq>(before: &Option<T>, after: &Option<T>) -> bool {
    before.is_none() || before == after
}

/// Why a key may not become what `after` says.
fn forbidden(before: &EscrowRow, after: &EscrowRow) -> Option<String> {
    let fixed = EscrowRow {
        status: after.status,
        request: after.request.clone(),
        holder: after.holder,
        recipient: after.recipient.clone(),
        changed_at: after.changed_at,
        ..before.clone()
    };
    if fixed != *after {
        return Some("its key material does not change".to_owned());
    }
    if !before.status.may_become(after.status) {
        return Some(format!("it is {} and cannot become {}", before.status, after.status));
    }
    let same = kept(&before.request, &after.request)
        && kept(&before.holder, &after.holder)
        && kept(&before.recipient, &after.recipient);
    (!same).then(|| "it is somebody's and stays theirs".to_owned())
}
