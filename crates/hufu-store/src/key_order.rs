//! Orders to the key management centre as the home keeps them: rows, and the doors to them.

use hufu_model::escrow::{KeyOrderKind, RecoveryStatus};
use hufu_model::ident::{Digest, OperatorId, RequestId, Serial};

use crate::cell::{Cell, Columns, select, select_one};
use crate::covered;
use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::write::EventWriter;

/// An order to the key management centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOrderRow {
    /// Its id, unique in the home.
    pub id: RequestId,
    /// SM3 of the signed order, which names it in the key centre's vault, too.
    pub digest: Digest,
    /// What is ordered.
    pub kind: KeyOrderKind,
    /// The escrowed key, or the officer.
    pub object: String,
    /// The certificate it was ordered by; none for a change of an officer.
    pub serial: Option<Serial>,
    /// Who ordered it.
    pub requester: OperatorId,
    /// When, in seconds.
    pub at: i64,
    /// The last second in which it may be carried out.
    pub expires: i64,
    /// How far it has come.
    pub status: RecoveryStatus,
    /// When it was carried out, in seconds.
    pub done_at: Option<i64>,
    /// What was given out: the key in an envelope for the recipient the order names.
    pub envelope: Option<Vec<u8>>,
}

/// An officer's consent to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOrderApprovalRow {
    /// The order.
    pub order: RequestId,
    /// The officer.
    pub officer: OperatorId,
    /// The document they signed.
    pub document: Digest,
    /// When, in seconds.
    pub at: i64,
}

fn order_cells(row: &KeyOrderRow) -> [Cell<'_>; 11] {
    [
        Cell::text(row.id.as_str()),
        Cell::digest(&row.digest),
        Cell::text(row.kind.code()),
        Cell::text(&row.object),
        row.serial.as_ref().map_or(Cell::Null, Cell::serial),
        Cell::text(row.requester.as_str()),
        Cell::Int(row.at),
        Cell::Int(row.expires),
        Cell::text(row.status.code()),
        row.done_at.map_or(Cell::Null, Cell::Int),
        row.envelope.as_deref().map_or(Cell::Null, Cell::Blob),
    ]
}

fn order(c: &mut Columns<'_>) -> Result<KeyOrderRow> {
    Ok(KeyOrderRow {
        id: c.parse()?,
        digest: c.digest()?,
        kind: c.parse()?,
        object: c.text()?,
        serial: c.optional_serial()?,
        requester: c.parse()?,
        at: c.int()?,
        expires: c.int()?,
        status: c.parse()?,
        done_at: c.optional_int()?,
        envelope: c.optional_bytes()?,
    })
}

fn approval(c: &mut Columns<'_>) -> Result<KeyOrderApprovalRow> {
    Ok(KeyOrderApprovalRow { order: c.parse()?, officer: c.parse()?, document: c.digest()?, at: c.int()? })
}

impl Reader<'_> {
    /// An order to the key centre.
    ///
    /// # Errors
    /// Database errors.
    pub fn key_order(&self, id: &RequestId) -> Result<Option<KeyOrderRow>> {
        select_one(self.connection(), &covered::KEY_ORDER, "WHERE id = ?", &[Cell::text(id.as_str())], order)
    }

    /// Orders to the key centre, oldest first; only those that still wait when `open_only`.
    ///
    /// # Errors
    /// Database errors.
    pub fn key_orders(&self, open_only: bool) -> Result<Vec<KeyOrderRow>> {
        let tail = if open_only { "WHERE status = 'open' ORDER BY at, id" } else { "ORDER BY at, id" };
        select(self.connection(), &covered::KEY_ORDER, tail, &[], order)
    }

    /// Who approved an order, in the order of their ids.
    ///
    /// # Errors
    /// Database errors.
    pub fn key_order_approvals(&self, id: &RequestId) -> Result<Vec<KeyOrderApprovalRow>> {
        let tail = "WHERE key_order = ? ORDER BY officer";
        select(self.connection(), &covered::KEY_ORDER_APPROVAL, tail, &[Cell::text(id.as_str())], approval)
    }
}

impl EventWriter<'_, '_> {
    /// Puts an order, or how far a known one has come: `open` may become `done` or `withdrawn`, nothing else changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`](crate::ErrorKind::Duplicate) for any other change; database errors.
    pub fn put_key_order(&mut self, row: &KeyOrderRow) -> Result<()> {
        let cells = order_cells(row);
        let duplicate = || Error::duplicate(format!("the order {}", row.id));
        let Some(before) = self.reader().key_order(&row.id)? else {
            let new = row.status == RecoveryStatus::Open && row.done_at.is_none() && row.envelope.is_none();
            return if new { self.insert(&covered::KEY_ORDER, &cells) } else { self.refuse(duplicate()) };
        };
        let as_before = KeyOrderRow { status: before.status, done_at: None, envelope: None, ..row.clone() } == before;
        let finished = (row.status == RecoveryStatus::Done) == row.done_at.is_some();
        if !before.status.may_become(row.status) || !as_before || !finished {
            return self.refuse(duplicate());
        }
        self.update(&covered::KEY_ORDER, &cells)
    }

    /// Puts an officer's consent to an order.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`](crate::ErrorKind::Duplicate) for a second one of the same officer;
    /// [`ErrorKind::Constraint`](crate::ErrorKind::Constraint) without the order; database errors.
    pub fn put_key_order_approval(&mut self, row: &KeyOrderApprovalRow) -> Result<()> {
        let cells = [
            Cell::text(row.order.as_str()),
            Cell::text(row.officer.as_str()),
            Cell::digest(&row.document),
            Cell::Int(row.at),
        ];
        self.insert(&covered::KEY_ORDER_APPROVAL, &cells)
    }
}
