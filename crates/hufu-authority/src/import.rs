//! The inventory of other authorities (存量证书): it is counted, and never becomes ours.

mod entry;

pub use entry::{Entry, SourceFault, Verified};
