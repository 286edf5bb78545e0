//! Scenario tests through the library, tests of the source tree, and the judges.
//!
//! Here stands what needs the whole authority, several crates, other programs or the source tree. What one file can show
//! by itself is tested at the bottom of that file; what the command line shows, in `tests/cli`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

// A process is killed at each step, and the power is cut between any two writes.
#[cfg(feature = "faults")]
mod crash;
#[cfg(feature = "faults")]
mod powerloss;

// The whole way of a request, and everything that must not go through.
mod backup;
mod clock;
mod drill;
mod export;
mod hierarchy;
mod import;
mod issuance;
mod key_centre;
mod lifecycle;
mod media;
mod migration;
mod pairs;
mod privacy;
mod publish;
mod refusals;
mod report;
mod respond;
mod retention;
mod review;
mod rollover;
mod server;
mod signed_report;
mod surroundings;
mod tamper;
mod upgrade;

// Programs written elsewhere.
mod envelopes;
mod interop;
mod judges;
mod status;

// The source tree.
mod languages;
mod layers;
mod tidy;
mod tlcp;

// What the others use.
mod expect;
#[cfg(feature = "faults")]
mod figures;
mod judge;
mod tree;
