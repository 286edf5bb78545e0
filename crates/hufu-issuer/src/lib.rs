//! Holds the CA key and signs: the smallest code near it.
//!
//! [`Issuer::prepare`] builds a certificate's bytes from an [`hufu_store::Approval`] and lints them;
//! [`Issuer::sign`] signs prepared bytes once, and only against the [`hufu_store::Intent`] that the store committed for
//! exactly these bytes; [`Issuer::sign_crl`] does the same for revocation lists. This crate decides nothing about who may have a certificate: that is `hufu-authority`.
//! CA certificates come from [`ceremony`] alone.

pub mod ceremony;
pub mod crl;
pub mod error;
pub mod issuer;
pub mod prepare;
pub mod sign;

pub use error::{Error, ErrorKind, Result};
pub use issuer::{AfterSigning, Issuer};
pub use prepare::{EncryptionKey, Prepared, audit_lint};
