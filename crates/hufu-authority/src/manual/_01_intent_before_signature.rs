//! # Nothing is signed without a committed intent
//!
//! **What.** `issue` commits serial number, validity and SM3 of the exact TBS bytes of every certificate before it signs
//! any of them, and stores the certificates in a second transaction.
//!
//! **Why.** A CA that signs first and stores after can crash in between: a certificate then exists that no record
//! knows, and nobody can revoke it. With the intent on disk the worst crash leaves a record without a certificate. The
//! same request asked again builds the same bytes from the intent and signs them; the lost signature never left the process.
//!
//! **How it cannot be got round.** [`hufu_issuer::Issuer::sign`] takes a [`hufu_store::Intent`]; that type has private
//! fields and is made by a committed transaction only. `sign` compares SM3 of what it is given with the intent's digest.
//!
//! **What would change our mind.** Nothing has yet. The cost is one more fsync for each batch, not for each certificate.
