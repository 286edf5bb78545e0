//! Generates, wraps, keeps and gives back encryption keys: the key management centre (密钥管理中心), a system of its own
//! with a database file of its own.
//!
//! A certificate authority must be able to return the key that opens a person's old documents, and must not be able to
//! do so by itself. So every key lies wrapped in the vault, the key that wraps them is split among custodians
//! (密钥保管员), and a key is given to anybody but its first recipient only when enough officers signed for it.
//!
//! * [`Kmc::found`]: the founding; [`share`]: what the custodians take home
//! * [`Kmc`]: what can be done without the wrapping key: take keys from the pool, bind them to certificates, ask for
//!   recoveries and approve them
//! * [`Kmc::unlock`] with a [`Custody`] gives [`Unlocked`]: fill the pool, put keys into envelopes, recover
//! * [`custody`]: the wrapping key and the only place where private keys are in clear
//! * [`agent`]: a process that holds the wrapping key between the custodians' visits
//! * [`recover`]: the rules of recovery
//!
//! # The way of a key
//! ```text
//!  fill ─► pooled ─reserve(request)─► reserved ─bind(serial, holder, recipient)─► escrowed ─retire─► history
//!                                                     │ committed: fault point f4     │                │
//!                                                     └─ deliver(to the recipient) ◄──┘    recover ◄───┴─ also from escrowed
//! ```
//! For a pair: reserve, prepare both certificates, bind, deliver, begin, sign, complete. The key is in the vault before
//! its certificate exists, and the envelope, for which the wrapped key is opened and d·G compared with the public key,
//! is made before the certificate is signed: a vault in which somebody exchanged a public key yields no certificate.
//! Every step is for a batch, in one transaction, and can be repeated: the same request gets the same key, the same
//! binding changes nothing, the same recipient gets another envelope of the same key.
//!
//! # What protects what
//! * The vault file alone opens nothing: SM4-GCM under a key that is not in it, each key bound to its row.
//! * Two shares say nothing about the wrapping key (Shamir over GF(256)); three give it.
//! * Who can write the vault file cannot name officers (their rows carry a MAC of the wrapping key), cannot change the
//!   recipient of an order (officers sign the order's digest), and is found by the vault's ledger.
//! * Who may talk to the agent, which is the user that runs it, can have keys put into envelopes as this process can.
//!   Neither the wrapping key nor a private key leaves the agent.
//! * What is not protected against: that user, while the agent runs; a vault file that is replaced by an older copy of
//!   itself (compare its ledger with the last checkpoint).

pub mod agent;
pub mod custody;
mod error;
mod field;
mod kmc;
pub mod recover;
#[cfg(test)]
mod sample;
mod shamir;
pub mod share;

/// A text that is wiped when it is dropped.
pub type Secret = zeroize::Zeroizing<String>;

/// Octets that are wiped when they are dropped.
pub type SecretOctets = zeroize::Zeroizing<Vec<u8>>;

pub use custody::{Custody, Envelope, Held, Kek, WrappedKey, sm2_enveloped_key};
pub use error::{Error, ErrorKind, Result};
pub use kmc::{Bind, Caps, EncKey, Founding, KeyRecord, Kmc, Officer, Pool, Unlocked};
pub use recover::{OfficerChange, RecoveryOrder};
pub use share::{SealedShare, Share, ShareFile};
