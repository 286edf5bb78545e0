//! One database, two doors: a [`Reader`] can only look, a [`Write`] makes one change in one transaction.
//!
//! Every change is an event, and every event is a leaf of the ledger: it names the rows it wrote with their digests, so
//! that the tree over the events covers the whole database, and so that the audit log cannot miss a change or have one
//! too many. [`Approval`] and [`Intent`] exist only because a row was committed.
//!
//! The database is an SQLite file in write-ahead mode with `synchronous=FULL`: what was acknowledged survives a power
//! cut. The SQL is the subset that PostgreSQL shares. This crate knows no certificate and no key: DER goes in and out
//! as octets.
//!
//! * [`Store`]: the file; [`Store::read`], [`Store::write`]
//! * [`Reader`]: everything that can be asked
//! * [`Write`], [`EventWriter`]: everything that can be written
//! * [`Store::candidates`], [`Store::begin`], [`Store::complete`]: from an approval to a stored certificate
//! * [`Store::put_presigned`], [`Reader::presigned`]: OCSP answers signed ahead, which no change of status outlives
//! * [`Store::begin_crl`], [`Store::complete_crl`]: from a number to published lists; [`Reader::for_each_listed`]
//! * [`EventWriter::put_legacy`], [`Reader::legacy_rows`]: certificates of other authorities, which are counted and not ours
//! * [`pages`]: a long list, page by page
//! * [`Store::checkpoint_material`], [`Store::append_checkpoint`]: what is signed about the ledger
//! * [`vault::Vault`]: the key centre's own file, with a ledger of its own
//! * [`verify`]: the whole database against its ledger
//!
//! # Why it is built so
//! * A request, once entered, moves along [`hufu_model::request::RequestStatus::may_become`] and nothing else of it
//!   changes: the table's columns that may change are listed in one place and the rest is compared.
//! * A pair is stored in one transaction or not at all: both certificates, which two they are, and the envelope.
//! * A serial number, a request id, a public key's holder and an intent are unique by a key of a table, in the same
//!   transaction in which they are used.
//! * Totals are kept as they arise, by the day things happened and the day they were recorded, and can be recomputed.
//! * Two signers are kept apart by an epoch that each of them must still be the latest of when it writes.

mod ca;
mod cell;
mod checkpoint;
mod copy;
mod covered;
mod crl;
mod cutover;
mod error;
pub mod faults;
mod issuance;
mod key_order;
mod legacy;
mod medium;
mod pages;
mod patience;
mod presigned;
mod reader;
mod rollup;
mod rows;
#[cfg(test)]
mod sample;
mod schema;
mod sqlite;
mod store;
pub mod vault;
mod write;

pub mod verify;

pub use ca::IssuingCaRow;
pub use crl::{CrlFile, CrlIntent, CrlIssue, CrlList, PublishedCrl};
pub use cutover::CutoverRow;
pub use error::{Error, ErrorKind, Result};
pub use issuance::{Approval, Candidate, Delivered, Intent, Issued, IssuedHalf, NewHalf, NewIntent, SignedBytes};
pub use key_order::{KeyOrderApprovalRow, KeyOrderRow};
pub use legacy::{ImportRow, LegacyFilter, LegacyLink, LegacyStatus, NewLegacyStatus};
pub use medium::MediumRow;
pub use pages::pages;
pub use patience::{PATIENCE, on_wait};
pub use presigned::{Due, Presigned};
pub use reader::{
    AnyCertificate, Cut, Expiring, ExpiryFilter, Hands, HolderClasses, HolderCount, Holders, Hours, Listed, Moment,
    Reader, Several, TableForm, Taken,
};
pub use rows::{
    AuthorityCertificate, CertificateFilter, Document, EventFilter, EventRow, IntentRow, KeyUse, NewStatus,
    PairIntentRow, PairRow, ProfileRow, Proposal, RequestBody, RequestFilter, RequestRow, StatusChange, StatusFilter,
    StoredCheckpoint,
};
pub use store::{Mode, Store, WAIT};
pub use write::{CLOCK_AHEAD_MS, CLOCK_BEHIND_MS, EventWriter, Write, der_digest};
