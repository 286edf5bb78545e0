//! The tables that the ledger covers: every row of them stands, as a digest over all its columns, in the event that
//! wrote it. Writing and verifying share this file.

use hufu_ledger::row::row_digest;
use hufu_ledger::{Effect, Value};

/// A table whose every row is covered by an event's effect.
#[derive(Debug)]
pub(crate) struct Covered {
    /// Its name.
    pub(crate) table: &'static str,
    /// All its columns: the primary key, those that never change, those that may.
    pub(crate) columns: &'static [&'static str],
    /// How many columns the primary key has.
    pub(crate) key: usize,
    /// How many columns, the last ones, may change.
    pub(crate) changing: usize,
    /// The statement that reads all columns of all rows; conditions follow.
    read: &'static str,
    /// The statement that adds a row.
    pub(crate) insert: &'static str,
}

macro_rules! covered {
    (@mark $column:literal) => { ", ?" };
    ($list:ident: $($name:ident = $table:literal ($first:literal $(, $key:literal)*; $($fixed:literal),*; $($changing:literal),*);)+) => {
        $(
            pub(crate) const $name: Covered = Covered {
                table: $table,
                columns: &[$first, $($key,)* $($fixed,)* $($changing,)*],
                key: <[&str]>::len(&[$first, $($key,)*]),
                changing: <[&str]>::len(&[$($changing,)*]),
                read: concat!(
                    "SELECT ", $first, $(", ", $key,)* $(", ", $fixed,)* $(", ", $changing,)* " FROM ", $table, " "
                ),
                insert: concat!(
                    "INSERT INTO ", $table, " (", $first,
                    $(", ", $key,)* $(", ", $fixed,)* $(", ", $changing,)*
                    ") VALUES (?",
                    $(covered!(@mark $key),)* $(covered!(@mark $fixed),)* $(covered!(@mark $changing),)*
                    ")"
                ),
            };
        )+

        /// Every covered table of one kind of database file.
        pub(crate) const $list: &[Covered] = &[$($name),+];
    };
}

covered! { COVERED:
    SIGNER = "signer" ("epoch"; "operator", "at";);
    META = "meta" ("name"; "value";);
    AUTHORITY_CERTIFICATE = "authority_certificate" ("role", "seq"; "der";);
    ORGANISATION = "organisation" (
        "id", "seq"; "parent", "kind", "name", "name_en", "region", "limits", "status";
    );
    OPERATOR = "operator" ("id"; ; "org", "name", "roles", "certificate", "status");
    OPERATOR_CERTIFICATE = "operator_certificate" ("serial"; "operator";);
    PROFILE = "profile" ("digest"; "id", "source"; "current");
    DOCUMENT = "document" ("digest"; "kind", "operator", "at", "signed";);
    PROPOSAL = "proposal" ("digest"; "kind", "object", "proposer", "at", "expires"; "status", "approver");
    REQUEST = "request" (
        "id";
        "org", "submitter", "action", "reason", "holder_kind", "holder", "profile", "profile_digest", "days", "medium",
        "subject", "predecessor", "spki", "csr_digest", "record_digest", "manifest", "position", "submitted_at", "expires";
        "status", "approval", "approver", "serial", "note", "decided_at"
    );
    REQUEST_BODY = "request_body" ("request"; "record", "csr"; "sealed");
    KEY_USE = "key_use" ("spki"; "holder", "request";);
    INTENT = "intent" ("request"; "serial", "not_before", "not_after", "tbs_digest", "at";);
    CERTIFICATE = "certificate" (
        "serial";
        "request", "org", "profile", "algorithm", "holder_kind", "holder", "reason", "medium", "predecessor", "subject",
        "not_before", "not_after", "issued_at", "event";
        "status"
    );
    STATUS_CHANGE = "status_change" ("serial", "seq"; "request", "was", "status", "reason", "at", "invalid_since";);
    COMPROMISED_KEY = "compromised_key" ("spki"; "serial";);
    CRL_ISSUE = "crl_issue" (
        "ca", "number"; "kind", "base", "position", "horizon", "this_update", "next_update", "freshest";
    );
    CRL_LIST = "crl_list" ("ca", "number", "part"; "entries", "tbs_digest";);
    CRL_FILE = "crl_file" ("ca", "number", "part"; "size", "digest", "at";);
    CERTIFICATE_DER = "certificate_der" ("serial"; "der";);
    MEDIUM = "medium" ("id"; "kind", "serial", "vendor", "model", "sm2", "org", "added_at"; "status", "holder", "at");
    MEDIUM_CERTIFICATE = "medium_certificate" ("serial"; "medium";);
    PAIR_INTENT = "pair_intent" (
        "request"; "serial", "profile", "profile_digest", "predecessor", "escrow", "spki", "tbs_digest";
    );
    PAIR = "pair" ("signing"; "encryption";);
    ENVELOPE = "envelope" ("serial"; "der";);
    KEY_ORDER = "key_order" (
        "id"; "digest", "kind", "object", "serial", "requester", "at", "expires"; "status", "done_at", "envelope"
    );
    KEY_ORDER_APPROVAL = "key_order_approval" ("key_order", "officer"; "document", "at";);
    ISSUING_CA = "issuing_ca" ("instance"; "name", "der"; "status", "reason", "at");
    CUTOVER = "cutover" ("org", "migration", "seq"; "effective", "attested", "evidence", "withdrawn";);
    IMPORT = "import" ("id"; "operator", "source", "digest", "rules", "at";);
    LEGACY = "legacy" (
        "id";
        "import", "position", "org", "issuer", "serial", "subject", "algorithm", "key_bits", "usage", "holder_kind",
        "holder", "medium", "first_half", "not_before", "not_after", "issued_at", "digest", "verified", "event";
        "status"
    );
    LEGACY_STATUS = "legacy_status" ("id", "seq"; "was", "status", "reason", "at";);
    LEGACY_LINK = "legacy_link" ("legacy"; "serial", "event";);
}

covered! { VAULT_COVERED:
    FACT = "fact" ("name"; "value";);
    KEK = "kek" ("id"; "check_value", "threshold", "shares", "at";);
    CUSTODIAN = "custodian" ("kek", "number"; "name", "commitment";);
    OFFICER = "officer" ("id"; ; "part", "point", "status", "mac");
    ACT = "act" ("digest"; "kind", "at", "content";);
    ESCROW = "escrow" (
        "id"; "spki", "point", "kek", "sealed", "made_at"; "status", "request", "holder", "recipient", "changed_at"
    );
    BINDING = "binding" ("serial"; "key", "request", "at";);
    RECOVERY = "recovery" (
        "act"; "kind", "key", "recipient", "case_number", "requester", "expires"; "status", "done_at"
    );
    RECOVERY_APPROVAL = "recovery_approval" ("recovery", "officer"; "part", "at", "signed";);
}

impl Covered {
    /// The statement that reads all columns of the rows that `tail` selects.
    pub(crate) fn select(&self, tail: &str) -> String {
        [self.read, tail].concat()
    }

    /// The statement that changes a row: first the values that change, then the key.
    pub(crate) fn update(&self) -> String {
        let (fixed, changing) = self.columns.split_at(self.columns.len() - self.changing);
        let set = changing.join(" = ?, ");
        let key = fixed.split_at(self.key).0.join(" = ? AND ");
        format!("UPDATE {} SET {set} = ? WHERE {key} = ?", self.table)
    }
}

/// The key of a row in an effect. `values` are all columns in order.
///
/// The key of a table with one key column is that value's octets (a number: 8 octets, big endian); with several, each
/// is preceded by its length in 4 octets.
pub(crate) fn key(covered: &Covered, values: &[Value<'_>]) -> Vec<u8> {
    let mut key = Vec::with_capacity(40);
    for value in values.iter().take(covered.key) {
        let number;
        let octets: &[u8] = match value {
            Value::Text(octets) | Value::Blob(octets) => octets,
            Value::Int(n) => {
                number = n.to_be_bytes();
                &number
            }
            // No key has these; a forged row might, and is then found as one that no event wrote.
            Value::Null | Value::Real(_) => &[],
        };
        if covered.key > 1 {
            key.extend(u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        key.extend_from_slice(octets);
    }
    key
}

/// The effect of a row: what an event says about it. `values` are all columns in order.
pub(crate) fn effect(covered: &Covered, values: &[Value<'_>]) -> Effect {
    let digest = row_digest(covered.table, values.iter().copied());
    Effect { table: covered.table.to_owned(), key: key(covered, values), digest }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn statements_name_every_column_once() {
        assert_eq!(KEY_USE.insert, "INSERT INTO key_use (spki, holder, request) VALUES (?, ?, ?)");
        assert_eq!(PROFILE.update(), "UPDATE profile SET current = ? WHERE digest = ?");
        assert_eq!(PROPOSAL.update(), "UPDATE proposal SET status = ?, approver = ? WHERE digest = ?");
        assert_eq!(META.select("WHERE name = ?"), "SELECT name, value FROM meta WHERE name = ?");
        for covered in COVERED.iter().chain(VAULT_COVERED) {
            assert_eq!(covered.insert.matches('?').count(), covered.columns.len(), "{}", covered.table);
        }
    }

    /// A column that is not listed would not be covered.
    #[test]
    fn the_list_is_the_schema() {
        for form in [crate::schema::HOME, crate::schema::VAULT] {
            let connection = rusqlite::Connection::open_in_memory().unwrap();
            crate::schema::apply(&connection, form.steps, 0).unwrap();
            for covered in form.covered {
                let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?)").unwrap();
                let rows = statement.query_map([covered.table], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)));
                let rows: Vec<(String, i64)> = rows.unwrap().map(Result::unwrap).collect();
                let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, covered.columns, "{}", covered.table);
                let key = rows.iter().filter(|(_, pk)| *pk > 0).count();
                assert_eq!(key, covered.key, "{}", covered.table);
            }
            let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT IN \
                          ('schema_step', 'event', 'frontier', 'checkpoint', 'presigned') \
                          AND name NOT LIKE 'rollup%'";
            let tables: i64 = connection.query_row(tables, [], |r| r.get(0)).unwrap();
            assert_eq!(usize::try_from(tables).unwrap(), form.covered.len());
        }
    }

    #[test]
    fn keys_of_several_columns_keep_their_borders() {
        let row = |id: &'static str, seq| [Value::Text(id.as_bytes()), Value::Int(seq), Value::Blob(b"x")];
        let one = effect(&AUTHORITY_CERTIFICATE, &row("root", 0));
        assert_eq!(one.key, [&[0, 0, 0, 4][..], b"root", &[0, 0, 0, 8], &[0; 8]].concat());
        assert_ne!(one.digest, effect(&AUTHORITY_CERTIFICATE, &row("root", 1)).digest);
        assert_eq!(effect(&CERTIFICATE_DER, &[Value::Blob(&[1, 2]), Value::Blob(b"x")]).key, [1, 2]);
    }
}
