//! # A ledger inside, an anchor outside
//!
//! **What.** Every change of state is one event; an event is a leaf of an RFC 9162 Merkle tree over SM3 and holds the
//! digest of every row it wrote. Checkpoints (size, root, time) are signed with a key of their own, stored, and appended
//! to a file outside the home. `start_signer` refuses a home that is behind its anchor.
//!
//! **Why.** Rows can be altered by whoever can write the file. The tree makes any single change visible, the signed
//! checkpoint makes a rewritten tree visible, the anchor makes an older copy of the whole home visible. The anchor is
//! written after the database, so it is never ahead of it: a crash in between leaves a checkpoint in the database that the
//! anchor lacks, and the next start appends it.
//!
//! **What it does not do.** Someone who holds the CA's keys, the home and the anchor can rewrite all three. Checkpoints
//! given to the offices make that visible too; collecting them from offices is not built yet.
