//! # One key, one holder
//!
//! **What.** A public key that was certified for one holder is refused for any other; the same holder may renew with it.
//! The authority's own keys are refused for everybody.
//!
//! **Why.** Two people with one key cannot be told apart by any signature, and a key made by a broken generator shows
//! itself by turning up twice.
//!
//! **Cost.** An exact index of key digests in random order: the one index of the store that does not grow at its end. It
//! is the price of an exact answer.
