//! The digest of a database row, by which an event covers what it wrote.
//!
//! The digest is taken over the values as they are stored, in a fixed order of columns, each with its storage class: a
//! number that was turned into the text of the same digits, or an absent value into an empty one, is another row. Who
//! writes and who verifies must take it over the same columns in the same order.

use sm3::{Digest, Sm3};

use crate::hash::Hash;

/// One stored value, with its storage class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// A binary floating-point number. No table has one; a forged row might.
    Real(f64),
    /// Text, as its UTF-8 octets (a forged row might hold others).
    Text(&'a [u8]),
    /// Octets.
    Blob(&'a [u8]),
}

/// Builds the digest of one row: SM3 over the name of its table and then each column.
///
/// Encoding: the table's name as text, then the values in order. Each is one octet for the storage class (0 null, 1
/// integer, 2 real, 3 text, 4 blob), followed by nothing, by 8 octets big endian, or by a length of 8 octets big endian
/// and the octets. The first octet hashed is 0x02: neither a leaf nor a node of the tree.
#[derive(Clone)]
pub struct RowDigest(Sm3);

impl RowDigest {
    /// The digest of a row of `table` whose columns follow.
    #[must_use]
    pub fn new(table: &str) -> Self {
        let mut sm3 = Sm3::new();
        sm3.update([2]);
        Self(sm3).text(table)
    }

    /// The next column is absent.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.0.update([0]);
        self
    }

    /// The next column is a whole number.
    #[must_use]
    pub fn int(mut self, value: i64) -> Self {
        self.fixed(1, value.to_be_bytes());
        self
    }

    /// The next column is text.
    #[must_use]
    pub fn text(mut self, value: &str) -> Self {
        self.octets(3, value.as_bytes());
        self
    }

    /// The next column is octets.
    #[must_use]
    pub fn blob(mut self, value: &[u8]) -> Self {
        self.octets(4, value);
        self
    }

    /// The next column is text or absent.
    #[must_use]
    pub fn text_or_null(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// The next column is octets or absent.
    #[must_use]
    pub fn blob_or_null(self, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.blob(value),
            None => self.null(),
        }
    }

    /// The next column is a whole number or absent.
    #[must_use]
    pub fn int_or_null(self, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }

    /// The next column is this value, whatever its storage class.
    #[must_use]
    pub fn value(mut self, value: Value<'_>) -> Self {
        self.push(value);
        self
    }

    /// Adds the next column.
    pub fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.0.update([0]),
            Value::Int(value) => self.fixed(1, value.to_be_bytes()),
            Value::Real(value) => self.fixed(2, value.to_bits().to_be_bytes()),
            Value::Text(value) => self.octets(3, value),
            Value::Blob(value) => self.octets(4, value),
        }
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finalize().into()
    }

    fn fixed(&mut self, class: u8, octets: [u8; 8]) {
        self.0.update([class]);
        self.0.update(octets);
    }

    fn octets(&mut self, class: u8, octets: &[u8]) {
        self.0.update([class]);
        self.0.update((octets.len() as u64).to_be_bytes());
        self.0.update(octets);
    }
}

impl std::fmt::Debug for RowDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowDigest")
    }
}

/// The digest of a whole row of `table`.
#[must_use]
pub fn row_digest<'a>(table: &str, values: impl IntoIterator<Item = Value<'a>>) -> Hash {
    let mut digest = RowDigest::new(table);
    for value in values {
        digest.push(value);
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn storage_class_order_and_borders_count() {
        let rows: &[&[Value<'_>]] = &[
            &[],
            &[Value::Null],
            &[Value::Null, Value::Null],
            &[Value::Int(0)],
            &[Value::Real(0.0)],
            &[Value::Text(b"")],
            &[Value::Blob(b"")],
            &[Value::Text(b"0")],
            &[Value::Blob(b"0")],
            &[Value::Text(b"ab"), Value::Text(b"c")],
            &[Value::Text(b"a"), Value::Text(b"bc")],
            &[Value::Text(b"c"), Value::Text(b"ab")],
            &[Value::Int(1), Value::Int(2)],
            &[Value::Int(2), Value::Int(1)],
        ];
        let digests: BTreeSet<Hash> = rows.iter().map(|r| row_digest("t", r.iter().copied())).collect();
        assert_eq!(digests.len(), rows.len());
        assert_ne!(row_digest("t", [Value::Int(1)]), row_digest("u", [Value::Int(1)]));
    }

    #[test]
    fn both_ways_of_building_agree() {
        let chained = RowDigest::new("t").int(-1).text("å").blob(&[0]).null().text_or_null(None).int_or_null(Some(3));
        let values =
            [Value::Int(-1), Value::Text("å".as_bytes()), Value::Blob(&[0]), Value::Null, Value::Null, Value::Int(3)];
        assert_eq!(chained.finish(), row_digest("t", values));
    }
}
