//! The reference data Hufu ships: certificate profiles, the divisions of GB/T 2260, object identifiers, the roster of
//! 2018-H1, and every message a person can see, in Chinese and English. All of it lies as plain files beside this
//! crate, and `README.md` names the source and date of each. Nothing here is secret and nothing changes while a program
//! runs.
//!
//! | for | start at |
//! |---|---|
//! | the shape of certificates | [`profile_from_toml`], [`profiles`] |
//! | division codes | [`region`] |
//! | the organisations of a demonstration | [`roster_2018_h1`] |
//! | who has what issued when in the acceptance population | [`population`] |
//! | names of object identifiers | [`oid_name`] |
//! | what inventories of other authorities call their columns | [`inventory_columns`], [`inventory_word`] |
//! | changes of algorithm | [`migrations`] |
//! | messages | [`message`], [`render`] |

mod inventory;
mod message;
mod migration;
mod oid;
pub mod population;
mod profile;
mod region;
mod roster;
mod table;

pub use inventory::{InventoryColumn, folded, inventory_columns, inventory_word};
pub use message::{Lang, keys, message, render};
pub use migration::{migration, migrations};
pub use oid::{OidEntry, oid_name, oids};
pub use profile::{ProfileError, profile, profile_from_toml, profiles};
pub use region::{Region, region, regions};
pub use roster::{RosterEntry, roster_2018_h1};
