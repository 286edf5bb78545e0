//! The Merkle ledger (账本) over SM3: events, tree, proofs, checkpoints.
//!
//! Everything that changes state is an [`event::Event`]; its encoding is one leaf of a Merkle tree built as RFC 9162
//! §2.1 builds it, with SM3 (GB/T 32905) as the hash. A [`checkpoint::Checkpoint`] names a size of the tree and its
//! root: who holds one can check, with nothing but this crate, that an event is in the ledger
//! ([`bundle::InclusionBundle`]) and that a later ledger only added to it ([`bundle::ConsistencyBundle`]).
//!
//! Pure arithmetic: nothing here reads a clock, a disk, a key or a socket, so that a witness or an auditor can use it
//! alone. Signatures over checkpoints are made and checked elsewhere, over [`checkpoint::Checkpoint::encode`].
//!
//! * [`hash`]: leaf and node hashes
//! * [`tree`]: the compact right edge of a growing tree, proofs and their verification
//! * [`event`]: what a leaf is made of
//! * [`row`]: the digest of a database row, by which an event covers what it wrote
//! * [`checkpoint`], [`bundle`]: what leaves the house

pub mod bundle;
pub mod checkpoint;
pub mod event;
pub mod hash;
pub mod row;
pub mod tree;

mod text;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use event::{Effect, Event, EventError};
pub use hash::{Hash, empty_root, leaf_hash, node_hash, sm3};
pub use row::{RowDigest, Value};
pub use tree::{
    Frontier, FrontierError, Plan, ProofError, consistency_proof, inclusion_proof, root_of, verify_consistency,
    verify_inclusion,
};
