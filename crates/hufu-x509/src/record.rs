//! What operators sign: versioned, canonical DER records.
//!
//! An operator's signature covers the octets of one of these records and nothing else, so a record says everything
//! that was decided: who, what, for which CA, until when, and a nonce that makes it unlike every other. Records carry
//! no personal data, only digests of it.
//!
//! | record | says |
//! |---|---|
//! | [`RequestRecord`] | what is asked for: holder, public fields, key, profile |
//! | [`StatusRecord`] | which certificate is to be suspended, resumed or revoked, and why |
//! | [`Manifest`] | which of these an entry operator signed together |
//! | [`Approval`] | which of them another person approved or rejected |
//! | [`Act`] | a change to the hierarchy |
//! | [`Countersign`] | that a second person agrees to an act |
//!
//! # One octet string for each meaning
//! Every record begins with its kind and version, so no record reads as another one:
//!
//! ```asn1
//! Record { kind, version } ::= SEQUENCE { kind UTF8String, version INTEGER (1), ... }
//!
//! Text    ::= UTF8String
//! Code    ::= UTF8String                      -- the stable code of a value, e.g. "person"
//! Digest  ::= OCTET STRING (SIZE(32))         -- SM3
//! Nonce   ::= OCTET STRING (SIZE(16))
//! Seconds ::= INTEGER (-2^63..2^63-1)         -- since 1970-01-01T00:00:00Z
//! Field   ::= SEQUENCE { name Text, value Text }
//! Fields  ::= SEQUENCE SIZE(0..64) OF Field   -- names unlike each other, order kept
//! ```
//!
//! Tags are implicit. Reading accepts exactly what writing produces: [`RequestRecord::from_der`] and its siblings
//! refuse everything whose encoding differs, so what is stored can be compared and hashed as octets.

mod act;
mod codec;
mod decision;
mod request;
mod status;

pub use act::{Act, Countersign};
pub use decision::{Approval, Decision, Manifest, ManifestKind};
pub use request::{OperatorGrant, RequestRecord};
pub use status::StatusRecord;

#[cfg(test)]
mod tests;
