//! Everything, row by row: for an export that is read without this program. Nothing is held in memory.

use hufu_ledger::Value;
use rusqlite::types::ValueRef;

use super::Reader;
use crate::covered::COVERED;
use crate::error::{Error, ErrorKind, Result};

/// A table that the ledger covers, and how its columns are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableForm {
    /// Its name.
    pub table: &'static str,
    /// Its columns in the order in which their digest is taken, each with its type: `BIGINT`, `TEXT` or `BLOB`.
    pub columns: Vec<(String, String)>,
    /// How many of them, the first ones, are the primary key.
    pub key: usize,
}

impl Reader<'_> {
    /// The tables that the ledger covers.
    ///
    /// # Errors
    /// Database errors.
    pub fn tables(&self) -> Result<Vec<TableForm>> {
        let mut statement = self.connection().prepare("SELECT name, type FROM pragma_table_info(?)")?;
        let mut tables = Vec::new();
        for covered in COVERED {
            let columns = statement.query_map([covered.table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let columns = columns.collect::<rusqlite::Result<_>>()?;
            tables.push(TableForm { table: covered.table, columns, key: covered.key });
        }
        Ok(tables)
    }

    /// Hands over every row of a covered table in the order of its key.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for any other table; those of `each`; database errors.
    pub fn each_row<E: From<Error>>(
        &self,
        table: &str,
        mut each: impl FnMut(&[Value<'_>]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let covered = COVERED.iter().find(|covered| covered.table == table);
        let covered = covered.ok_or_else(|| Error::from(ErrorKind::NotFound { what: format!("table {table}") }))?;
        let key = covered.columns.get(..covered.key).unwrap_or_default().join(", ");
        let sql = covered.select(&format!("ORDER BY {key}"));
        let mut statement = self.connection().prepare(&sql).map_err(Error::from)?;
        let mut rows = statement.query([]).map_err(Error::from)?;
        while let Some(row) = rows.next().map_err(Error::from)? {
            let values = (0..covered.columns.len()).map(|n| row.get_ref(n).map(value));
            each(&values.collect::<rusqlite::Result<Vec<_>>>().map_err(Error::from)?)?;
        }
        Ok(())
    }

    /// Hands over every event in order: its number, the stored hash and the octets of its leaf.
    ///
    /// # Errors
    /// Those of `each`; database errors.
    pub fn each_leaf<E: From<Error>>(
        &self,
        mut each: impl FnMut(u64, [u8; 32], &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = "SELECT seq, hash, leaf FROM event ORDER BY seq";
        let mut statement = self.connection().prepare(sql).map_err(Error::from)?;
        let mut rows = statement.query([]).map_err(Error::from)?;
        while let Some(row) = rows.next().map_err(Error::from)? {
            let seq = row.get::<_, i64>(0).map_err(Error::from)?.unsigned_abs();
            let hash = row.get(1).map_err(Error::from)?;
            let leaf = row.get_ref(2).and_then(|leaf| Ok(leaf.as_blob()?)).map_err(Error::from)?;
            each(seq, hash, leaf)?;
        }
        Ok(())
    }
}

/// A stored value as the ledger sees it.
pub(crate) fn value(value: ValueRef<'_>) -> Value<'_> {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(text) => Value::Text(text),
        ValueRef::Blob(blob) => Value::Blob(blob),
    }
}
