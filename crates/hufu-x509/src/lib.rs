//! Reads and writes what crosses the wire: SM2 keys and signatures, requests, certificates, signed messages and the
//! records operators sign. Bytes become meaning here, and meaning becomes bytes; nothing here reads a clock, a disk or
//! a random generator, and nothing here decides who may have a certificate.
//!
//! # Three verbs
//! Reading goes in three steps, and each has its own name and type, so that a check cannot be skipped by accident.
//!
//! * **inspect**: decode and look. `from_der` and `from_bytes` are strict DER and bounded in size and depth
//!   ([`strict`]); what they return says what an object *claims*.
//! * **verify**: check a signature with one key and one SM2 ID. [`csr::Csr::verify`] turns a request into a
//!   [`csr::VerifiedCsr`]; the layers above take nothing else.
//! * **validate**: check an object against trust, time and rules: [`path`] for chains, [`lint`] for what is about to
//!   be signed.
//!
//! # Map
//! | to | look at |
//! |---|---|
//! | hash, sign, verify | [`digest`], [`sign`], [`key`] |
//! | encrypt, decrypt, deliver a private key | [`encrypt`], [`envelope`] |
//! | keep a private key or personal data at rest | [`pkcs8`], [`seal`] |
//! | read a certification request, or make one | [`csr`] |
//! | read a certificate, SM2 or other | [`certificate`], [`legacy`] |
//! | revocation lists, answers about one certificate | [`crl`], [`ocsp`] |
//! | build what will be signed, and check it | [`tbs`], [`lint`], [`name`], [`oid`] |
//! | sign and read messages and operators' records | [`signed_data`], [`record`] |
//! | judge a chain and say what is wrong with it; say whether it is revoked | [`path`] |
//! | take files apart | [`bundle`], [`pem`], [`strict`] |
//!
//! # Rules that hold everywhere
//! * There is one SM2 ID, [`sign::DEFAULT_ID`]. A signature made with another ID, or without ZA, is refused; the
//!   refusal says which mistake it was ([`sign::diagnose`]), it never becomes an acceptance.
//! * Private keys are reached through [`sign::Signer`]. They are wiped from memory when dropped, their arithmetic is
//!   constant-time, and they have neither `Clone` nor a telling `Debug`.
//! * Randomness is a parameter ([`hufu_model::entropy::Entropy`]). Signatures are hedged: a broken generator makes
//!   them deterministic, not forgeable.
//! * Every refusal has a stable code ([`ErrorKind::code`]) and says what to do.
//!
//! # Example
//! ```
//! # use hufu_model::entropy::{Entropy, EntropyError};
//! # struct System;
//! # impl Entropy for System {
//! #     fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
//! #         rand::Rng::fill_bytes(&mut rand::rng(), buffer);
//! #         Ok(())
//! #     }
//! # }
//! use hufu_x509::key::{Passphrase, PublicKey, SecretKey};
//! use hufu_x509::pkcs8;
//! use hufu_x509::sign::{Signature, Signer};
//!
//! let entropy: &dyn Entropy = &System;
//! let key = SecretKey::generate(entropy)?;
//! let signature = key.sign(b"a message", entropy.array()?)?;
//!
//! let public = PublicKey::from_spki_der(&key.public_key().spki_der())?;
//! public.verify(b"a message", &Signature::from_der(signature.der())?)?;
//! let refused = public.verify(b"another", &signature).unwrap_err();
//! assert_eq!(refused.kind().code(), "x509.signature");
//!
//! let passphrase = Passphrase::machine(entropy)?;
//! let file = pkcs8::encrypt(&key, &passphrase, entropy)?;
//! assert_eq!(pkcs8::decrypt(file.as_bytes(), &passphrase)?.public_key(), &public);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Standards
//! GB/T 32918 (SM2), GB/T 32905 (SM3), GB/T 32907 (SM4), GB/T 20518 (certificates), GB/T 33560 (identifiers), GM/T 0009
//! (SM2 usage), GM/T 0010 (messages), RFC 5280, RFC 5958, RFC 6960 (OCSP), RFC 8018 and X.690 (DER).

pub mod bundle;
pub mod certificate;
pub mod crl;
pub mod csr;
pub mod digest;
pub mod encrypt;
pub mod envelope;
pub mod error;
pub mod key;
pub mod legacy;
pub mod lint;
pub mod name;
pub mod ocsp;
pub mod oid;
pub mod path;
pub mod pem;
pub mod pkcs8;
pub mod record;
pub mod seal;
pub mod sign;
pub mod signed_data;
pub mod strict;
pub mod tbs;

mod signed;
mod time;
mod tlv;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod mutate;

pub use error::{Error, ErrorKind, Result};
