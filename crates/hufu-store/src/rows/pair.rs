//! The rows of pairs.

use hufu_model::ident::{Digest, EscrowId, ProfileId, RequestId, Serial};

use crate::cell::{Cell, Columns};
use crate::error::Result;

/// The encryption half of what was committed to before a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairIntentRow {
    /// The request.
    pub request: RequestId,
    /// The encryption half's serial number.
    pub serial: Serial,
    /// Its profile.
    pub profile: ProfileId,
    /// SM3 of that profile's text.
    pub profile_digest: Digest,
    /// The encryption half of the pair it renews or replaces.
    pub predecessor: Option<Serial>,
    /// Its key in the key centre's vault.
    pub escrow: EscrowId,
    /// SM3 of its SubjectPublicKeyInfo.
    pub spki: Digest,
    /// SM3 of its TBSCertificate.
    pub tbs_digest: Digest,
}

/// Two certificates that were issued together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairRow {
    /// The signing half, which stands for both.
    pub signing: Serial,
    /// The encryption half.
    pub encryption: Serial,
}

pub(crate) fn pair_intent_cells(i: &PairIntentRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(i.request.as_str()),
        Cell::serial(&i.serial),
        Cell::text(i.profile.as_str()),
        Cell::digest(&i.profile_digest),
        i.predecessor.as_ref().map_or(Cell::Null, Cell::serial),
        Cell::Blob(&i.escrow.0),
        Cell::digest(&i.spki),
        Cell::digest(&i.tbs_digest),
    ]
}

pub(crate) fn pair_intent(c: &mut Columns<'_>) -> Result<PairIntentRow> {
    Ok(PairIntentRow {
        request: c.parse()?,
        serial: c.serial()?,
        profile: c.parse()?,
        profile_digest: c.digest()?,
        predecessor: c.optional_serial()?,
        escrow: c.escrow_id()?,
        spki: c.digest()?,
        tbs_digest: c.digest()?,
    })
}

pub(crate) fn pair_cells(p: &PairRow) -> Vec<Cell<'_>> {
    vec![Cell::serial(&p.signing), Cell::serial(&p.encryption)]
}

pub(crate) fn pair(c: &mut Columns<'_>) -> Result<PairRow> {
    Ok(PairRow { signing: c.serial()?, encryption: c.serial()? })
}

pub(crate) fn envelope_cells<'a>(serial: &'a Serial, der: &'a [u8]) -> Vec<Cell<'a>> {
    vec![Cell::serial(serial), Cell::Blob(der)]
}
