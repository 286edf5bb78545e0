//! The door that only looks. Everything comes from one snapshot.

use rusqlite::Connection;

mod certificate;
mod crl;
mod cut;
mod holders;
mod ledger;
mod lists;
mod migration;
mod organisation;
mod pair;
mod request;
mod retention;
mod status;
mod totals;
mod whole;

pub use whole::TableForm;
pub(crate) use whole::value;

pub use crl::{Cut, Listed};
pub use holders::{HolderClasses, HolderCount, Holders};
pub use lists::{Expiring, ExpiryFilter, Hands, Hours, Several, Taken};
pub use migration::{AnyCertificate, Moment};

/// Looks at one state of the database.
#[derive(Clone, Copy)]
pub struct Reader<'c> {
    connection: &'c Connection,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }
}

/// Builds the WHERE clause of a list. Every value is bound, never written into the text.
pub(crate) struct Conditions<'a> {
    parts: Vec<String>,
    cells: Vec<crate::cell::Cell<'a>>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), cells: Vec::new() }
    }

    /// Adds a condition with one place for each of `cells`.
    pub(crate) fn add(&mut self, part: impl Into<String>, cells: impl IntoIterator<Item = crate::cell::Cell<'a>>) {
        self.parts.push(part.into());
        self.cells.extend(cells);
    }

    /// Adds "the column is one of these".
    pub(crate) fn one_of(&mut self, column: &str, cells: Vec<crate::cell::Cell<'a>>) {
        let places = vec!["?"; cells.len()].join(", ");
        // SQL has no empty list.
        let part = if cells.is_empty() { "0 = 1".to_owned() } else { format!("{column} IN ({places})") };
        self.add(part, cells);
    }

    /// The clause without order or limit.
    pub(crate) fn filter(self) -> (String, Vec<crate::cell::Cell<'a>>) {
        (if self.parts.is_empty() { String::new() } else { format!("WHERE {}", self.parts.join(" AND ")) }, self.cells)
    }

    /// The clause, with an order and, unless it is 0, a limit.
    pub(crate) fn clause(mut self, order: &str, limit: u32) -> (String, Vec<crate::cell::Cell<'a>>) {
        let mut clause =
            if self.parts.is_empty() { String::new() } else { format!("WHERE {} ", self.parts.join(" AND ")) };
        clause.push_str("ORDER BY ");
        clause.push_str(order);
        if limit > 0 {
            clause.push_str(" LIMIT ?");
            self.cells.push(crate::cell::Cell::Int(limit.into()));
        }
        (clause, self.cells)
    }
}

#[cfg(test)]
mod tests;
