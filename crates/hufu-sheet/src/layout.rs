//! Which column says what: found by name, in whichever order they stand.

use unicode_normalization::UnicodeNormalization;

use crate::cell::Cell;
use crate::error::{ErrorKind, Result};
use crate::read::{Row, Sheet};

/// What one column may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The stable name.
    pub key: &'static str,
    /// The names it goes by in headings, Chinese and English; the first one is shown when it is missing.
    pub names: Vec<String>,
    /// Whether a sheet without it is refused.
    pub required: bool,
}

/// Where each field stands in one sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    columns: Vec<(&'static str, usize)>,
}

impl Layout {
    /// Finds the fields in a sheet's heading. Names are compared without regard to case, width and white space, and
    /// without what stands behind them in brackets or as an asterisk. A column without a name is passed over.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownColumn`], [`ErrorKind::DoubleColumn`], [`ErrorKind::MissingColumns`].
    pub fn of(sheet: &Sheet, fields: &[Field]) -> Result<Self> {
        let mut columns: Vec<(&'static str, usize)> = Vec::new();
        for (column, name) in sheet.heading().iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let plain = plain(name);
            let found =
                fields.iter().find(|f| self::plain(f.key) == plain || f.names.iter().any(|n| self::plain(n) == plain));
            let field = found.ok_or_else(|| ErrorKind::UnknownColumn(sheet.heading_place(column), name.clone()))?;
            if columns.iter().any(|(key, _)| *key == field.key) {
                return Err(ErrorKind::DoubleColumn(sheet.heading_place(column), name.clone()).into());
            }
            columns.push((field.key, column));
        }
        let missing = fields.iter().filter(|f| f.required && !columns.iter().any(|(key, _)| *key == f.key));
        let missing: Vec<String> = missing.map(|f| f.names.first().map_or(f.key, String::as_str).to_owned()).collect();
        if missing.is_empty() { Ok(Self { columns }) } else { Err(ErrorKind::MissingColumns(missing).into()) }
    }

    /// The column of a field, counted from 0, when the sheet has it.
    #[must_use]
    pub fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().find(|(known, _)| *known == key).map(|(_, column)| *column)
    }

    /// The cell of a field; empty when the sheet has no such column.
    #[must_use]
    pub fn cell<'r>(&self, row: &'r Row, key: &str) -> &'r Cell {
        const EMPTY: &Cell = &Cell::Empty;
        self.column(key).map_or(EMPTY, |column| row.cell(column))
    }
}

fn plain(name: &str) -> String {
    let name: String = name.nfkc().collect();
    let name = name.split(['(', '*']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_whitespace() && *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}
