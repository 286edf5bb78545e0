//! The test harness: a whole authority in a temporary folder, with a clock that tests set, random numbers that come from
//! a seed, a small national hierarchy, and operators whose keys are in memory. Start at [`TestAuthority::national`].
//!
//! It is no part of the product and stands outside the layers: it may use any crate, and any shortcut that tests need.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod authority;
mod chance;
mod dump;
mod inventory;
mod key_centre;
mod people;

pub mod child;

pub use authority::{OPERATORS, TestAuthority, Totals, copy_folder, copy_home, open, ready_requests};
pub use chance::{SeededEntropy, TestClock};
pub use dump::{Dump, dump};
pub use inventory::{OLD_CA, import_plan, old_certificate};
pub use key_centre::OFFICERS;
pub use people::{People, credit_code, holder_name, resident_id};
