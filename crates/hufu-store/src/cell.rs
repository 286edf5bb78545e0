//! Values on their way into a row and out of it.

use std::borrow::Cow;
use std::str::FromStr;

use hufu_ledger::Value;
use hufu_model::ident::{Digest, EscrowId, Serial};
use hufu_model::time::{Instant, Validity};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql};

use crate::covered::Covered;
use crate::error::{Error, Result};

/// One value to be stored. An empty text is stored as NULL, and read back as an empty text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(&'a [u8]),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }

    pub(crate) fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    pub(crate) fn digest(digest: &'a Digest) -> Self {
        Self::Blob(&digest.0)
    }

    pub(crate) fn serial(serial: &'a Serial) -> Self {
        Self::Blob(serial.as_bytes())
    }

    /// A count or number of an event. None comes near the end of the numbers.
    pub(crate) fn count(n: u64) -> Self {
        Self::Int(int(n))
    }

    /// The value as the ledger sees it.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(n) => Value::Int(*n),
            Self::Text(text) => Value::Text(text.as_bytes()),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

pub(crate) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The columns of a row, read one after the other in the order in which they were asked for.
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn new(row: &'r Row<'r>, table: &'static str) -> Self {
        Self { row, table, next: 0 }
    }

    fn take(&mut self) -> Result<ValueRef<'r>> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }

    fn fault(&self, what: &str) -> Error {
        let column = self.row.as_ref().column_name(self.next.saturating_sub(1)).unwrap_or("?");
        Error::corrupt(format!("column {column} of a row of {} {what}", self.table))
    }

    /// The same row, to be read from here once more.
    pub(crate) fn again(&self) -> Self {
        Self { row: self.row, table: self.table, next: self.next }
    }

    /// The next columns as they stand, each before the octet 0; they are still to be read.
    pub(crate) fn raw(&self, columns: usize) -> Result<Vec<u8>> {
        let mut raw = Vec::with_capacity(64);
        for column in self.next..self.next + columns {
            match self.row.get_ref(column)? {
                ValueRef::Text(octets) | ValueRef::Blob(octets) => raw.extend_from_slice(octets),
                ValueRef::Integer(n) => raw.extend_from_slice(&n.to_be_bytes()),
                ValueRef::Null | ValueRef::Real(_) => {}
            }
            raw.push(0);
        }
        Ok(raw)
    }

    /// Leaves out a column.
    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        match self.take()? {
            ValueRef::Integer(n) => Ok(n),
            _ => Err(self.fault("is not a number")),
        }
    }

    pub(crate) fn optional_int(&mut self) -> Result<Option<i64>> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(n) => Ok(Some(n)),
            _ => Err(self.fault("is not a number")),
        }
    }

    pub(crate) fn number<T: TryFrom<i64>>(&mut self) -> Result<T> {
        let n = self.int()?;
        T::try_from(n).map_err(|_| self.fault("is out of range"))
    }

    fn optional_str(&mut self) -> Result<Option<&'r str>> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text).map(Some).map_err(|_| self.fault("is not UTF-8")),
            _ => Err(self.fault("is not text")),
        }
    }

    /// A text; empty when there is none.
    pub(crate) fn text(&mut self) -> Result<String> {
        Ok(self.optional_str()?.unwrap_or_default().to_owned())
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>> {
        Ok(self.optional_str()?.map(str::to_owned))
    }

    pub(crate) fn parse<T: FromStr>(&mut self) -> Result<T> {
        self.optional_parse()?.ok_or_else(|| self.fault("is missing"))
    }

    pub(crate) fn optional_parse<T: FromStr>(&mut self) -> Result<Option<T>> {
        let text = self.optional_str()?;
        text.map(str::parse).transpose().map_err(|_| self.fault("is not well-formed"))
    }

    /// As [`Columns::optional_parse`], where the text `none` stands for what is not known.
    pub(crate) fn parse_unless<T: FromStr>(&mut self, none: &str) -> Result<Option<T>> {
        let text = self.optional_str()?.ok_or_else(|| self.fault("is missing"))?;
        let known = Some(text).filter(|text| *text != none);
        known.map(str::parse).transpose().map_err(|_| self.fault("is not well-formed"))
    }

    fn optional_blob(&mut self) -> Result<Option<&'r [u8]>> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(self.fault("is not octets")),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<&'r [u8]> {
        self.optional_blob()?.ok_or_else(|| self.fault("is missing"))
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        Ok(self.blob()?.to_vec())
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.optional_blob()?.map(<[u8]>::to_vec))
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32]> {
        let bytes = self.blob()?;
        bytes.try_into().map_err(|_| self.fault("is not 32 octets"))
    }

    pub(crate) fn digest(&mut self) -> Result<Digest> {
        self.hash().map(Digest)
    }

    pub(crate) fn optional_digest(&mut self) -> Result<Option<Digest>> {
        let bytes = self.optional_blob()?;
        bytes.map(|b| b.try_into().map(Digest)).transpose().map_err(|_| self.fault("is not 32 octets"))
    }

    pub(crate) fn escrow_id(&mut self) -> Result<EscrowId> {
        let bytes = self.blob()?;
        bytes.try_into().map(EscrowId).map_err(|_| self.fault("is not 16 octets"))
    }

    pub(crate) fn serial(&mut self) -> Result<Serial> {
        self.optional_serial()?.ok_or_else(|| self.fault("is missing"))
    }

    pub(crate) fn optional_serial(&mut self) -> Result<Option<Serial>> {
        let bytes = self.optional_blob()?;
        bytes.map(Serial::from_bytes).transpose().map_err(|_| self.fault("is not a serial number"))
    }

    /// Two columns: the first and the last second.
    pub(crate) fn validity(&mut self) -> Result<Validity> {
        let (from, to) = (self.int()?, self.int()?);
        Validity::new(from, to).map_err(|_| self.fault("ends before it begins"))
    }

    /// Milliseconds.
    pub(crate) fn instant(&mut self) -> Result<Instant> {
        self.int().map(Instant::from_unix_millis)
    }
}

/// Runs a query and reads every row.
pub(crate) fn query<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    cells: &[Cell<'_>],
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    query_each(connection, table, sql, cells, |c| {
        found.push(read(c)?);
        Ok(())
    })?;
    Ok(found)
}

/// Runs a query and gives every row to `each`.
pub(crate) fn query_each(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    cells: &[Cell<'_>],
    mut each: impl FnMut(&mut Columns<'_>) -> Result<()>,
) -> Result<()> {
    #[cfg(test)]
    STATEMENTS.set(STATEMENTS.get() + 1);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(cells))?;
    while let Some(row) = rows.next()? {
        each(&mut Columns::new(row, table))?;
    }
    Ok(())
}

#[cfg(test)]
thread_local! {
    /// How many queries this thread has run.
    pub(crate) static STATEMENTS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Runs a query and reads its first row, if there is one.
pub(crate) fn query_one<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    cells: &[Cell<'_>],
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Option<T>> {
    #[cfg(test)]
    STATEMENTS.set(STATEMENTS.get() + 1);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(cells))?;
    rows.next()?.map(|row| read(&mut Columns::new(row, table))).transpose()
}

/// Runs a query whose only value is a count.
pub(crate) fn count(connection: &Connection, table: &'static str, sql: &str, cells: &[Cell<'_>]) -> Result<u64> {
    Ok(query_one(connection, table, sql, cells, |c| c.number())?.unwrap_or(0))
}

/// Reads the rows of a covered table that `tail` (a WHERE, ORDER BY or LIMIT clause) selects, all columns in order.
pub(crate) fn select<T>(
    connection: &Connection,
    from: &Covered,
    tail: &str,
    cells: &[Cell<'_>],
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    query(connection, from.table, &from.select(tail), cells, read)
}

/// As [`select`], the first row only.
pub(crate) fn select_one<T>(
    connection: &Connection,
    from: &Covered,
    tail: &str,
    cells: &[Cell<'_>],
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Option<T>> {
    query_one(connection, from.table, &from.select(tail), cells, read)
}

/// Runs a statement that changes rows; returns how many.
pub(crate) fn execute(connection: &Connection, sql: &str, cells: &[Cell<'_>]) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(cells))?)
}
