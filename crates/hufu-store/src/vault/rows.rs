//! What stands in the vault's tables.

use hufu_model::escrow::{EscrowEvent, EscrowStatus, RecoveryKind, RecoveryPart, RecoveryStatus};
use hufu_model::ident::{Digest, EscrowId, OperatorId, RequestId, Serial};
use hufu_model::operator::OperatorStatus;
use hufu_model::time::Instant;

use crate::cell::{Cell, Columns};
use crate::error::Result;

/// The key that wraps all others: not the key, only what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekRow {
    /// Its name.
    pub id: String,
    /// A value only this key computes.
    pub check: Digest,
    /// How many shares open it.
    pub threshold: u8,
    /// Into how many it was split.
    pub shares: u8,
    /// When it was made, in seconds.
    pub at: i64,
}

/// Who got a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodianRow {
    /// The key.
    pub kek: String,
    /// The share's number, from 1.
    pub number: u8,
    /// Who keeps it.
    pub name: String,
    /// The digest of the share.
    pub commitment: Digest,
}

/// Who approves recoveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerRow {
    /// The person.
    pub id: OperatorId,
    /// What they may approve.
    pub part: RecoveryPart,
    /// The point their signatures verify with, 65 octets.
    pub point: Vec<u8>,
    /// Whether they may still.
    pub status: OperatorStatus,
    /// What only the wrapping key makes of all this.
    pub mac: Digest,
}

/// A record that was acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRow {
    /// SM3 of the record.
    pub digest: Digest,
    /// What it did.
    pub kind: String,
    /// When it was acted upon, in seconds.
    pub at: i64,
    /// The record.
    pub content: Vec<u8>,
}

/// An escrowed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowRow {
    /// Its name.
    pub id: EscrowId,
    /// SM3 of its SubjectPublicKeyInfo.
    pub spki: Digest,
    /// Its public point, 65 octets.
    pub point: Vec<u8>,
    /// The key that wraps it.
    pub kek: String,
    /// Its private scalar, wrapped.
    pub sealed: Vec<u8>,
    /// When it was generated, in seconds.
    pub made_at: i64,
    /// How far it has come.
    pub status: EscrowStatus,
    /// The request it was taken for.
    pub request: Option<RequestId>,
    /// Its holder, as a blind index.
    pub holder: Option<Digest>,
    /// The point of the signing key it is delivered to.
    pub recipient: Option<Vec<u8>>,
    /// When anything of it changed last, in seconds.
    pub changed_at: i64,
}

/// A certificate that holds an escrowed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingRow {
    /// The certificate's serial number.
    pub serial: Serial,
    /// The key.
    pub key: EscrowId,
    /// The request the certificate answers.
    pub request: RequestId,
    /// When it was bound, in seconds.
    pub at: i64,
}

/// A recovery that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryRow {
    /// SM3 of the order, which names the recovery.
    pub act: Digest,
    /// Its kind.
    pub kind: RecoveryKind,
    /// The key.
    pub key: EscrowId,
    /// The point it is to be put into an envelope for.
    pub recipient: Vec<u8>,
    /// The number of the case; empty for a user's recovery.
    pub case_number: String,
    /// Who asked for it.
    pub requester: OperatorId,
    /// The last second in which it may be carried out.
    pub expires: i64,
    /// How far it has come.
    pub status: RecoveryStatus,
    /// When the key was given out, in seconds.
    pub done_at: Option<i64>,
}

/// An officer's consent to a recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryApprovalRow {
    /// The recovery.
    pub recovery: Digest,
    /// The officer.
    pub officer: OperatorId,
    /// The part in which they approved.
    pub part: RecoveryPart,
    /// When, in seconds.
    pub at: i64,
    /// What they signed.
    pub signed: Vec<u8>,
}

/// One line of the vault's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultEventRow {
    /// Its number, which is the index of its leaf; the first is 0.
    pub seq: u64,
    /// Ledger time.
    pub at: Instant,
    /// Its kind.
    pub kind: EscrowEvent,
    /// Who acted; none for what the key centre does by itself.
    pub actor: Option<OperatorId>,
    /// What it was done to.
    pub object: String,
    /// The leaf: [`hufu_ledger::Event::decode`] reads it.
    pub leaf: Vec<u8>,
    /// The leaf's hash.
    pub hash: [u8; 32],
}

pub(super) fn id_cell(id: &EscrowId) -> Cell<'_> {
    Cell::Blob(&id.0)
}

pub(super) fn kek_cells(row: &KekRow) -> [Cell<'_>; 5] {
    [
        Cell::text(&row.id),
        Cell::digest(&row.check),
        Cell::Int(row.threshold.into()),
        Cell::Int(row.shares.into()),
        Cell::Int(row.at),
    ]
}

pub(super) fn kek(c: &mut Columns<'_>) -> Result<KekRow> {
    Ok(KekRow { id: c.text()?, check: c.digest()?, threshold: c.number()?, shares: c.number()?, at: c.int()? })
}

pub(super) fn custodian_cells(row: &CustodianRow) -> [Cell<'_>; 4] {
    [Cell::text(&row.kek), Cell::Int(row.number.into()), Cell::text(&row.name), Cell::digest(&row.commitment)]
}

pub(super) fn custodian(c: &mut Columns<'_>) -> Result<CustodianRow> {
    Ok(CustodianRow { kek: c.text()?, number: c.number()?, name: c.text()?, commitment: c.digest()? })
}

pub(super) fn officer_cells(row: &OfficerRow) -> [Cell<'_>; 5] {
    [
        Cell::text(row.id.as_str()),
        Cell::text(row.part.code()),
        Cell::Blob(&row.point),
        Cell::text(row.status.code()),
        Cell::digest(&row.mac),
    ]
}

pub(super) fn officer(c: &mut Columns<'_>) -> Result<OfficerRow> {
    let (id, part, point) = (c.parse()?, c.parse()?, c.bytes()?);
    Ok(OfficerRow { id, part, point, status: c.parse()?, mac: c.digest()? })
}

pub(super) fn act_cells(row: &ActRow) -> [Cell<'_>; 4] {
    [Cell::digest(&row.digest), Cell::text(&row.kind), Cell::Int(row.at), Cell::Blob(&row.content)]
}

pub(super) fn act(c: &mut Columns<'_>) -> Result<ActRow> {
    Ok(ActRow { digest: c.digest()?, kind: c.text()?, at: c.int()?, content: c.bytes()? })
}

pub(super) fn escrow_cells(row: &EscrowRow) -> [Cell<'_>; 11] {
    [
        id_cell(&row.id),
        Cell::digest(&row.spki),
        Cell::Blob(&row.point),
        Cell::text(&row.kek),
        Cell::Blob(&row.sealed),
        Cell::Int(row.made_at),
        Cell::text(row.status.code()),
        Cell::optional(row.request.as_ref().map(RequestId::as_str)),
        row.holder.as_ref().map_or(Cell::Null, Cell::digest),
        row.recipient.as_deref().map_or(Cell::Null, Cell::Blob),
        Cell::Int(row.changed_at),
    ]
}

pub(super) fn escrow(c: &mut Columns<'_>) -> Result<EscrowRow> {
    Ok(EscrowRow {
        id: c.escrow_id()?,
        spki: c.digest()?,
        point: c.bytes()?,
        kek: c.text()?,
        sealed: c.bytes()?,
        made_at: c.int()?,
        status: c.parse()?,
        request: c.optional_parse()?,
        holder: c.optional_digest()?,
        recipient: c.optional_bytes()?,
        changed_at: c.int()?,
    })
}

pub(super) fn binding_cells(row: &BindingRow) -> [Cell<'_>; 4] {
    [Cell::serial(&row.serial), id_cell(&row.key), Cell::text(row.request.as_str()), Cell::Int(row.at)]
}

pub(super) fn binding(c: &mut Columns<'_>) -> Result<BindingRow> {
    Ok(BindingRow { serial: c.serial()?, key: c.escrow_id()?, request: c.parse()?, at: c.int()? })
}

pub(super) fn recovery_cells(row: &RecoveryRow) -> [Cell<'_>; 9] {
    [
        Cell::digest(&row.act),
        Cell::text(row.kind.code()),
        id_cell(&row.key),
        Cell::Blob(&row.recipient),
        Cell::text(&row.case_number),
        Cell::text(row.requester.as_str()),
        Cell::Int(row.expires),
        Cell::text(row.status.code()),
        row.done_at.map_or(Cell::Null, Cell::Int),
    ]
}

pub(super) fn recovery(c: &mut Columns<'_>) -> Result<RecoveryRow> {
    Ok(RecoveryRow {
        act: c.digest()?,
        kind: c.parse()?,
        key: c.escrow_id()?,
        recipient: c.bytes()?,
        case_number: c.text()?,
        requester: c.parse()?,
        expires: c.int()?,
        status: c.parse()?,
        done_at: c.optional_int()?,
    })
}

pub(super) fn approval_cells(row: &RecoveryApprovalRow) -> [Cell<'_>; 5] {
    [
        Cell::digest(&row.recovery),
        Cell::text(row.officer.as_str()),
        Cell::text(row.part.code()),
        Cell::Int(row.at),
        Cell::Blob(&row.signed),
    ]
}

pub(super) fn approval(c: &mut Columns<'_>) -> Result<RecoveryApprovalRow> {
    Ok(RecoveryApprovalRow {
        recovery: c.digest()?,
        officer: c.parse()?,
        part: c.parse()?,
        at: c.int()?,
        signed: c.bytes()?,
    })
}

pub(super) fn event(c: &mut Columns<'_>) -> Result<VaultEventRow> {
    Ok(VaultEventRow {
        seq: c.number()?,
        at: c.instant()?,
        kind: c.parse()?,
        actor: c.optional_parse()?,
        object: c.text()?,
        leaf: c.bytes()?,
        hash: c.hash()?,
    })
}
