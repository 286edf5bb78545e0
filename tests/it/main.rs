//! Scenario tests through the library, tests of the source tree, and the judges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

mod judge;
mod judges;
mod layers;
mod tidy;
mod tree;
