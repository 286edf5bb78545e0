//! Everything a database holds, as text, so that "nothing was changed" can be asserted and a difference be read.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The rows of every table, sorted, by table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump(pub BTreeMap<String, Vec<String>>);

impl Dump {
    /// The same without the tables named.
    #[must_use]
    pub fn without(mut self, tables: &[&str]) -> Self {
        self.0.retain(|table, _| !tables.contains(&table.as_str()));
        self
    }

    /// The tables whose rows differ from `other`'s, with the rows only one of them has.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let empty = Vec::new();
        let tables: std::collections::BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        for table in tables {
            let (ours, theirs) = (self.0.get(table).unwrap_or(&empty), other.0.get(table).unwrap_or(&empty));
            found.extend(ours.iter().filter(|r| !theirs.contains(r)).map(|r| format!("{table} - {r}")));
            found.extend(theirs.iter().filter(|r| !ours.contains(r)).map(|r| format!("{table} + {r}")));
        }
        found
    }
}

/// Reads every row of every table of the database at `path`.
#[must_use]
pub fn dump(path: &Path) -> Dump {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut tables = BTreeMap::new();
    for name in names.into_iter().filter(|n| !n.starts_with("sqlite_")) {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cells = columns.iter().enumerate().map(|(i, c)| format!("{c}={}", cell(row.get_ref(i).unwrap())));
            lines.push(cells.collect::<Vec<_>>().join(" "));
        }
        lines.sort();
        tables.insert(name, lines);
    }
    Dump(tables)
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(r) => format!("{r:?}"),
        ValueRef::Text(t) => format!("{:?}", String::from_utf8_lossy(t)),
        ValueRef::Blob(b) => hufu_model::ident::hex(b),
    }
}
