//! Everything that can be asked of a vault, from one snapshot.

use hufu_model::escrow::{EscrowEvent, EscrowStatus, RecoveryKind, RecoveryStatus};
use hufu_model::ident::{Digest, EscrowId, OperatorId, RequestId, Serial};
use hufu_model::time::{Day, Instant};
use rusqlite::Connection;

use super::rows::{
    self, ActRow, BindingRow, CustodianRow, EscrowRow, KekRow, OfficerRow, RecoveryApprovalRow, RecoveryRow,
    VaultEventRow,
};
use crate::cell::{Cell, count, query, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::reader::Conditions;
use crate::rows::EVENT_COLUMNS;

/// Looks at one state of a vault.
#[derive(Clone, Copy)]
pub struct VaultReader<'c> {
    connection: &'c Connection,
}

impl<'c> VaultReader<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// A fact of the founding.
    ///
    /// # Errors
    /// Database errors.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        select_one(self.connection, &covered::FACT, "WHERE name = ?", &[Cell::text(name)], |c| {
            c.skip();
            c.text()
        })
    }

    /// The key that wraps new keys: the one made last.
    ///
    /// # Errors
    /// Database errors.
    pub fn kek(&self) -> Result<Option<KekRow>> {
        select_one(self.connection, &covered::KEK, "ORDER BY at DESC, id DESC LIMIT 1", &[], rows::kek)
    }

    /// Who has shares of a key, by number.
    ///
    /// # Errors
    /// Database errors.
    pub fn custodians(&self, kek: &str) -> Result<Vec<CustodianRow>> {
        let tail = "WHERE kek = ? ORDER BY number";
        select(self.connection, &covered::CUSTODIAN, tail, &[Cell::text(kek)], rows::custodian)
    }

    /// An officer, also one who was removed.
    ///
    /// # Errors
    /// Database errors.
    pub fn officer(&self, id: &OperatorId) -> Result<Option<OfficerRow>> {
        select_one(self.connection, &covered::OFFICER, "WHERE id = ?", &[Cell::text(id.as_str())], rows::officer)
    }

    /// All officers, also those who were removed, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn officers(&self) -> Result<Vec<OfficerRow>> {
        select(self.connection, &covered::OFFICER, "ORDER BY id", &[], rows::officer)
    }

    /// A record that was acted upon.
    ///
    /// # Errors
    /// Database errors.
    pub fn act(&self, digest: &Digest) -> Result<Option<ActRow>> {
        select_one(self.connection, &covered::ACT, "WHERE digest = ?", &[Cell::digest(digest)], rows::act)
    }

    /// A key.
    ///
    /// # Errors
    /// Database errors.
    pub fn escrow(&self, id: &EscrowId) -> Result<Option<EscrowRow>> {
        self.one_escrow("WHERE id = ?", rows::id_cell(id))
    }

    /// The key a request took.
    ///
    /// # Errors
    /// Database errors.
    pub fn escrow_of_request(&self, request: &RequestId) -> Result<Option<EscrowRow>> {
        self.one_escrow("WHERE request = ?", Cell::text(request.as_str()))
    }

    /// The key with a public key, by the SM3 of its SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// Database errors.
    pub fn escrow_of_spki(&self, spki: &Digest) -> Result<Option<EscrowRow>> {
        self.one_escrow("WHERE spki = ?", Cell::digest(spki))
    }

    /// The key in a certificate.
    ///
    /// # Errors
    /// Database errors.
    pub fn escrow_of_serial(&self, serial: &Serial) -> Result<Option<EscrowRow>> {
        self.one_escrow("WHERE id = (SELECT key FROM binding WHERE serial = ?)", Cell::serial(serial))
    }

    fn one_escrow(&self, tail: &str, cell: Cell<'_>) -> Result<Option<EscrowRow>> {
        select_one(self.connection, &covered::ESCROW, tail, &[cell], rows::escrow)
    }

    /// Up to `limit` keys that are nobody's, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn pooled(&self, limit: u32) -> Result<Vec<EscrowRow>> {
        let cells = [Cell::text(EscrowStatus::Pooled.code()), Cell::Int(limit.into())];
        select(self.connection, &covered::ESCROW, "WHERE status = ? ORDER BY id LIMIT ?", &cells, rows::escrow)
    }

    /// How many keys have a status.
    ///
    /// # Errors
    /// Database errors.
    pub fn escrow_count(&self, status: EscrowStatus) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) FROM escrow WHERE status = ?";
        count(self.connection, "escrow", COUNT, &[Cell::text(status.code())])
    }

    /// The certificates a key is in.
    ///
    /// # Errors
    /// Database errors.
    pub fn bindings(&self, key: &EscrowId) -> Result<Vec<BindingRow>> {
        let tail = "WHERE key = ? ORDER BY serial";
        select(self.connection, &covered::BINDING, tail, &[rows::id_cell(key)], rows::binding)
    }

    /// What a serial number is bound to.
    ///
    /// # Errors
    /// Database errors.
    pub fn binding(&self, serial: &Serial) -> Result<Option<BindingRow>> {
        select_one(self.connection, &covered::BINDING, "WHERE serial = ?", &[Cell::serial(serial)], rows::binding)
    }

    /// A recovery, by the SM3 of its order.
    ///
    /// # Errors
    /// Database errors.
    pub fn recovery(&self, act: &Digest) -> Result<Option<RecoveryRow>> {
        select_one(self.connection, &covered::RECOVERY, "WHERE act = ?", &[Cell::digest(act)], rows::recovery)
    }

    /// The recoveries with a status.
    ///
    /// # Errors
    /// Database errors.
    pub fn recoveries(&self, status: RecoveryStatus) -> Result<Vec<RecoveryRow>> {
        let tail = "WHERE status = ? ORDER BY expires, act";
        select(self.connection, &covered::RECOVERY, tail, &[Cell::text(status.code())], rows::recovery)
    }

    /// How many keys were given out by recoveries of a kind on a day.
    ///
    /// # Errors
    /// Database errors.
    pub fn recovered_on(&self, kind: RecoveryKind, day: Day) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) FROM recovery WHERE done_at >= ? AND done_at <= ? AND kind = ?";
        let (first, last) = (day.first_instant().unix_seconds(), day.last_instant().unix_seconds());
        let cells = [Cell::Int(first), Cell::Int(last), Cell::text(kind.code())];
        count(self.connection, "recovery", COUNT, &cells)
    }

    /// Who approved a recovery, in the order of their ids.
    ///
    /// # Errors
    /// Database errors.
    pub fn recovery_approvals(&self, recovery: &Digest) -> Result<Vec<RecoveryApprovalRow>> {
        let tail = "WHERE recovery = ? ORDER BY officer";
        select(self.connection, &covered::RECOVERY_APPROVAL, tail, &[Cell::digest(recovery)], rows::approval)
    }

    /// How many events there are.
    ///
    /// # Errors
    /// Database errors.
    pub fn event_count(&self) -> Result<u64> {
        crate::Reader::new(self.connection).event_count()
    }

    /// The time of the last event, which is where the vault's clock stands.
    ///
    /// # Errors
    /// Database errors.
    pub fn last_event_at(&self) -> Result<Option<Instant>> {
        crate::Reader::new(self.connection).last_event_at()
    }

    /// Up to `limit` events (0: all) from number `from` on, oldest first, of one kind or of all.
    ///
    /// # Errors
    /// Database errors.
    pub fn events(&self, kind: Option<EscrowEvent>, from: u64, limit: u32) -> Result<Vec<VaultEventRow>> {
        let mut conditions = Conditions::new();
        conditions.add("seq >= ?", [Cell::count(from)]);
        if let Some(kind) = kind {
            conditions.add("kind = ?", [Cell::text(kind.code())]);
        }
        let (clause, cells) = conditions.clause("seq", limit);
        query(self.connection, "event", &format!("SELECT {EVENT_COLUMNS} FROM event {clause}"), &cells, rows::event)
    }
}
