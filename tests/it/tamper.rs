//! Whoever can write to the database file cannot change history unnoticed: every column, row and order that the ledger
//! covers is altered by hand, and the audit names it.

use hufu_authority::{
    AuditReport, Change, Depth, KeyOrder, NewKey, NewMedium, NewRequest, Ordered, Outcome, StatusRequest,
};
use hufu_ledger::{Event, Frontier, leaf_hash};
use hufu_model::entropy::Entropy;
use hufu_model::revocation::RevocationReason;
use hufu_tests::{SeededEntropy, TestAuthority, import_plan, old_certificate};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::expect::{all, sound};

/// Every table whose rows stand in events.
const COVERED: [&str; 33] = [
    "import",
    "legacy",
    "legacy_status",
    "legacy_link",
    "signer",
    "meta",
    "authority_certificate",
    "organisation",
    "operator",
    "operator_certificate",
    "profile",
    "document",
    "proposal",
    "request",
    "request_body",
    "key_use",
    "intent",
    "certificate",
    "certificate_der",
    "status_change",
    "compromised_key",
    "key_order",
    "key_order_approval",
    "crl_issue",
    "crl_list",
    "crl_file",
    "issuing_ca",
    "pair",
    "pair_intent",
    "envelope",
    "medium",
    "medium_certificate",
    "cutover",
];
/// What holds the ledger itself, and what is derived and recomputed.
const LEDGER: [&str; 8] =
    ["event", "frontier", "checkpoint", "rollup_group", "rollup_day", "rollup_month", "rollup_year", "rollup_arrival"];
/// The record of schema steps, about the file and not about certificates; and OCSP answers signed ahead, which carry their
/// own signatures.
const UNCOVERED: [&str; 2] = ["schema_step", "presigned"];

/// Tables whose second column is unique beside the key.
const UNIQUE: [&str; 4] = ["intent", "pair_intent", "pair", "rollup_group"];

/// A home in which every covered table has several rows.
fn lived_in(seed: &str) -> TestAuthority {
    let t = TestAuthority::national(seed);
    t.issue(&[
        t.people.person(1, "lra-chengdu"),
        t.people.organisation(2, "lra-chengdu"),
        t.people.device(3, "lra-chengdu"),
    ]);
    let rejected = t.people.person(4, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&rejected)));
    all(t.authority.reject(&t.session("sichuan-approver"), &[rejected.id], "不清晰"));
    for (n, reason) in [(5, RevocationReason::KeyCompromise), (6, RevocationReason::Superseded)] {
        let serial = t.issue_person(n).serial;
        let revoke = StatusRequest {
            invalid_since: Some(t.now()),
            note: "遗失".to_owned(),
            ..StatusRequest::revoke(format!("revoke-{n}").parse().unwrap(), serial, reason)
        };
        let _ = t.carry_out(revoke);
    }
    let _ = t.authority.change(&t.session("zhao"), &Change::OrgFreeze("ra-audit".parse().unwrap())).unwrap();
    for finish in [true, false] {
        let thaw = Change::OrgUnfreeze("ra-audit".parse().unwrap());
        let roles = Change::OperatorRoles {
            operator: "auditor".parse().unwrap(),
            roles: vec![hufu_model::operator::Role::Entry],
        };
        let change = if finish { thaw } else { roles };
        let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else { panic!() };
        if finish {
            t.authority.countersign(&t.session("qian"), &digest).unwrap();
        }
    }
    order_keys(&t);
    for n in [31, 32] {
        t.issue(&[hufu_authority::NewRequest { pair: true, ..t.people.person(n, "lra-chengdu") }]);
    }
    let publishing = hufu_authority::Publishing::full(t.base().join("public"));
    for deltas in [false, true] {
        let publishing = hufu_authority::Publishing { deltas, ..publishing.clone() };
        t.authority.publish_crl(&t.session("zhao"), &t.signer(), &publishing).unwrap();
        t.clock.advance(60);
    }
    t.add_ca("g2", true);
    let media: Vec<NewMedium> = (1..=3).map(|n| medium(&format!("ukey-{n}"))).collect();
    all(t.authority.add_media(&t.session("chengdu-entry"), &media));
    for (n, medium) in (21..).zip(&media[1..]) {
        let id = medium.id.clone();
        t.issue(&[NewRequest { medium_id: Some(id), ..t.people.person(n, "lra-chengdu") }]);
    }
    for org in ["ra-yunnan", "ra-audit"] {
        let cutover = hufu_model::migration::Cutover {
            org: org.parse().unwrap(),
            migration: "sm2".parse().unwrap(),
            effective: "2017-06-30T00:00:00+08:00".parse().unwrap(),
            attested: true,
            evidence: format!("{org} 的验收报告"),
            withdrawn: false,
        };
        let change = Change::Cutover(cutover);
        let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else { panic!() };
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
    inventory(&t);
    t.authority.checkpoint(&t.signer()).unwrap();
    sound(&t);
    t
}

/// Two imports, one of which brings a pair, and links to certificates of ours.
fn inventory(t: &TestAuthority) {
    let second = t.now().unix_seconds();
    let old =
        |n| hufu_authority::import::Entry { org: Some("lra-chengdu".parse().unwrap()), ..old_certificate(n, second) };
    let half = |n, usage| hufu_authority::import::Entry { usage, pair_id: Some("p".to_owned()), ..old(n) };
    let rules = hufu_authority::import::OrgRules::from_toml("[[rule]]\nunit = 'x'\norg = 'ra-yunnan'").unwrap();
    let (sign, encrypt) = (hufu_model::legacy::Usage::Sign, hufu_model::legacy::Usage::Encrypt);
    let entries = [old(0), old(10), half(21, sign), half(22, encrypt), old(23)];
    let plan = hufu_authority::import::ImportPlan { rules: Some(rules), ..import_plan("old-ca") };
    t.import("zhao", &plan, entries.iter().cloned().map(Ok).collect()).unwrap();
    t.import("zhao", &import_plan("older-ca"), vec![Ok(old(30))]).unwrap();
    let serial = t.issue_person(41).serial;
    let link =
        |n: usize| (hufu_authority::import::certificate_id(&entries[n].issuer, &entries[n].serial), serial.clone());
    t.authority.link(&t.session("zhao"), &[link(0)]).unwrap();
    t.authority.link(&t.session("zhao"), &[link(4)]).unwrap();
}

fn medium(id: &str) -> NewMedium {
    NewMedium {
        id: id.parse().unwrap(),
        kind: hufu_model::request::Medium::UKey,
        serial: id.to_owned(),
        vendor: "示例厂商".to_owned(),
        model: "K9".to_owned(),
        sm2: true,
        org: "lra-chengdu".parse().unwrap(),
    }
}

/// A key centre, one order that was carried out and one that waits.
fn order_keys(t: &TestAuthority) {
    t.found_key_centre();
    let (entry, centre) = (t.session("chengdu-entry"), t.key_centre());
    for n in [7, 8] {
        let (serial, ..) = t.escrow_person(n);
        let to = NewKey::Csr(t.people.csr(&format!("new key {n}")));
        let what = Ordered::Recovery { serial, to, reason: "介质损坏".to_owned() };
        let order = KeyOrder { id: format!("order-{n}").parse().unwrap(), what };
        t.authority.order_key(&entry, &order).unwrap();
        t.officers_approve(&["rec-1", "rec-2"], &order.id);
        if n == 7 {
            t.authority.carry_out(&entry, &centre, &order.id).unwrap();
        }
    }
}

/// The database as a thief with the file would open it: no rule of the schema stands in the way.
fn burgle(t: &TestAuthority) -> Connection {
    let connection = Connection::open(t.database()).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    connection
}

fn ledger(t: &TestAuthority) -> AuditReport {
    t.authority.audit(Depth::Ledger, &|_| ()).unwrap()
}

/// Asserts that the audit finds something and that a finding speaks of `table`.
fn found(t: &TestAuthority, table: &str, what: &str) {
    let report = ledger(t);
    assert!(!report.findings.is_empty(), "{what}: unnoticed");
    let named = report.findings.iter().any(|f| f.object.contains(table) || f.message.contains(table));
    assert!(named, "{what}: no finding names {table}: {:#?}", report.findings);
}

struct Column {
    name: String,
    kind: String,
    key: bool,
}

fn columns(connection: &Connection, table: &str) -> Vec<Column> {
    let mut statement = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    let rows =
        statement.query_map([], |r| Ok(Column { name: r.get(1)?, kind: r.get(2)?, key: r.get::<_, i64>(5)? > 0 }));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Every row of a table, each as its values in column order.
fn rows(connection: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |r| (0..width).map(|i| r.get::<_, Value>(i)).collect::<Result<Vec<_>, _>>());
    rows.unwrap().map(Result::unwrap).collect()
}

/// The condition that finds exactly one row, by its key.
fn condition(columns: &[Column]) -> String {
    let keys = columns.iter().filter(|c| c.key).map(|c| format!("{} IS ?", c.name));
    keys.collect::<Vec<_>>().join(" AND ")
}

fn key_of(columns: &[Column], row: &[Value]) -> Vec<Value> {
    columns.iter().zip(row).filter(|(c, _)| c.key).map(|(_, v)| v.clone()).collect()
}

fn set(connection: &Connection, table: &str, columns: &[Column], key: &[Value], at: usize, value: &Value) {
    let statement = format!("UPDATE {table} SET {} = ? WHERE {}", columns[at].name, condition(columns));
    let values: Vec<&Value> = std::iter::once(value).chain(key).collect();
    let changed = connection.execute(&statement, rusqlite::params_from_iter(values)).unwrap();
    assert_eq!(changed, 1, "{statement}");
}

/// The smallest change that makes another value.
fn altered(value: &Value, kind: &str) -> Value {
    match value {
        Value::Integer(i) => Value::Integer(i + 1),
        Value::Real(r) => Value::Real(r + 1.0),
        Value::Text(t) if t.is_empty() => Value::Text("x".to_owned()),
        Value::Text(t) => {
            let last = t.chars().last().unwrap();
            let other = if last == 'x' { 'y' } else { 'x' };
            Value::Text(t.chars().take(t.chars().count() - 1).chain([other]).collect())
        }
        Value::Blob(b) if b.is_empty() => Value::Blob(vec![1]),
        Value::Blob(b) => {
            let mut b = b.clone();
            let middle = b.len() / 2;
            b[middle] ^= 1;
            Value::Blob(b)
        }
        Value::Null if kind == "TEXT" => Value::Text("x".to_owned()),
        Value::Null if kind == "BLOB" => Value::Blob(vec![1]),
        Value::Null => Value::Integer(1),
    }
}

fn some_of(count: usize) -> Vec<usize> {
    let mut picked = vec![0, count / 2, count - 1];
    picked.dedup();
    picked
}

#[test]
fn every_table_is_covered_or_known_not_to_be() {
    let t = TestAuthority::found("tables");
    let mut known: Vec<&str> = COVERED.into_iter().chain(LEDGER).chain(UNCOVERED).collect();
    known.sort_unstable();
    let tables: Vec<String> = hufu_tests::dump(&t.database()).0.into_keys().collect();
    assert_eq!(tables, known);
}

#[test]
fn an_altered_value_in_any_column_is_named() {
    let t = lived_in("columns");
    let connection = burgle(&t);
    let mut alterations = 0;
    for table in COVERED.into_iter().chain(LEDGER) {
        let columns = columns(&connection, table);
        let rows = rows(&connection, table);
        assert!(!rows.is_empty(), "{table} is empty: this test would prove nothing");
        for (at, column) in columns.iter().enumerate() {
            for row in some_of(rows.len()).into_iter().map(|i| &rows[i]) {
                let key = key_of(&columns, row);
                let new = match &row[at] {
                    // A number of a key that no other row has.
                    Value::Integer(i) if column.key => Value::Integer(i + 1_000_000),
                    other => altered(other, &column.kind),
                };
                set(&connection, table, &columns, &key, at, &new);
                found(&t, table, &format!("{table}.{} {:?} -> {new:?}", column.name, row[at]));
                let mut changed = row.clone();
                changed[at] = new;
                set(&connection, table, &columns, &key_of(&columns, &changed), at, &row[at]);
                alterations += 1;
            }
        }
    }
    assert!(alterations > 250, "only {alterations} alterations");
    sound(&t);
}

/// Values that look alike: an empty text for none, a number as text, a text as octets.
#[test]
fn a_value_of_another_type_is_named() {
    let t = lived_in("types");
    let connection = burgle(&t);
    for table in COVERED {
        let columns = columns(&connection, table);
        let rows = rows(&connection, table);
        for (at, column) in columns.iter().enumerate().filter(|(_, c)| !c.key) {
            let row = &rows[rows.len() / 2];
            let new = match &row[at] {
                Value::Null => Value::Text(String::new()),
                Value::Text(t) => Value::Blob(t.clone().into_bytes()),
                Value::Blob(_) | Value::Integer(_) | Value::Real(_) => Value::Null,
            };
            let key = key_of(&columns, row);
            // A column's own rules may forbid it; then nobody can write it.
            let statement = format!("UPDATE {table} SET {} = ? WHERE {}", column.name, condition(&columns));
            let values: Vec<&Value> = std::iter::once(&new).chain(&key).collect();
            if connection.execute(&statement, rusqlite::params_from_iter(values)).is_ok() {
                found(&t, table, &format!("{table}.{} {:?} -> {new:?}", column.name, row[at]));
                set(&connection, table, &columns, &key, at, &row[at]);
            }
        }
    }
    sound(&t);
}

#[test]
fn a_removed_row_is_named() {
    let t = lived_in("removed");
    let connection = burgle(&t);
    for table in COVERED.into_iter().chain(LEDGER) {
        let columns = columns(&connection, table);
        let rows = rows(&connection, table);
        for row in some_of(rows.len()).into_iter().map(|i| &rows[i]) {
            let key = key_of(&columns, row);
            let statement = format!("DELETE FROM {table} WHERE {}", condition(&columns));
            assert_eq!(connection.execute(&statement, rusqlite::params_from_iter(&key)).unwrap(), 1);
            found(&t, table, &format!("{table} without {key:?}"));
            insert(&connection, table, row);
        }
    }
    sound(&t);
}

fn insert(connection: &Connection, table: &str, row: &[Value]) {
    let places = vec!["?"; row.len()].join(", ");
    connection.execute(&format!("INSERT INTO {table} VALUES ({places})"), rusqlite::params_from_iter(row)).unwrap();
}

#[test]
fn an_inserted_row_is_named() {
    let t = lived_in("inserted");
    let connection = burgle(&t);
    for table in COVERED.into_iter().chain(LEDGER) {
        if table == "frontier" {
            // It has one row; another is no row of the tree.
            continue;
        }
        let columns = columns(&connection, table);
        let rows = rows(&connection, table);
        let mut forged = rows[rows.len() / 2].clone();
        for (at, column) in columns.iter().enumerate().filter(|(_, c)| c.key) {
            forged[at] = match &forged[at] {
                Value::Integer(_) => Value::Integer(1_000_000),
                other => altered(other, &column.kind),
            };
        }
        // Unique columns beside the key.
        if UNIQUE.contains(&table) {
            forged[1] = altered(&forged[1], "BLOB");
        }
        insert(&connection, table, &forged);
        found(&t, table, &format!("{table} with a forged row"));
        let statement = format!("DELETE FROM {table} WHERE {}", condition(&columns));
        connection.execute(&statement, rusqlite::params_from_iter(key_of(&columns, &forged))).unwrap();
    }
    sound(&t);
}

/// The contents of two rows exchanged: each is genuine, neither is where it belongs.
#[test]
fn swapped_rows_are_named() {
    let t = lived_in("swapped");
    let connection = burgle(&t);
    let mut swaps = 0;
    for table in COVERED.into_iter().chain(["event", "checkpoint"]) {
        let columns = columns(&connection, table);
        let rows = rows(&connection, table);
        if rows.len() < 2 {
            continue;
        }
        let (first, last) = (&rows[0], &rows[rows.len() - 1]);
        let (key_first, key_last) = (key_of(&columns, first), key_of(&columns, last));
        if UNIQUE.contains(&table) {
            // Serial numbers are unique: through a third value.
            set(&connection, table, &columns, &key_first, 1, &Value::Blob(vec![9]));
        }
        for (at, _) in columns.iter().enumerate().filter(|(_, c)| !c.key) {
            set(&connection, table, &columns, &key_last, at, &first[at]);
            set(&connection, table, &columns, &key_first, at, &last[at]);
        }
        found(&t, table, &format!("{table} with two rows swapped"));
        if UNIQUE.contains(&table) {
            set(&connection, table, &columns, &key_first, 1, &Value::Blob(vec![9]));
        }
        for (at, _) in columns.iter().enumerate().filter(|(_, c)| !c.key) {
            set(&connection, table, &columns, &key_last, at, &last[at]);
            set(&connection, table, &columns, &key_first, at, &first[at]);
        }
        swaps += 1;
    }
    assert!(swaps >= 14, "only {swaps} tables had two rows");
    sound(&t);
}

/// Random octets of random values, one at a time. `HUFU_FULL` takes ten times as many.
#[test]
fn random_octets_are_all_found() {
    let t = lived_in("octets");
    let connection = burgle(&t);
    let tables: Vec<_> =
        COVERED.iter().map(|table| (*table, columns(&connection, table), rows(&connection, table))).collect();
    let entropy = SeededEntropy::new("random octets");
    let random = |below: usize| {
        let entropy: &dyn Entropy = &entropy;
        usize::try_from(u64::from_be_bytes(entropy.array().unwrap()) % below as u64).unwrap()
    };
    let count = if std::env::var_os("HUFU_FULL").is_some() { 10_000 } else { 1_000 };
    let mut done = 0;
    while done < count {
        let (table, columns, rows) = &tables[random(tables.len())];
        let row = &rows[random(rows.len())];
        let at = random(columns.len());
        let new = match &row[at] {
            Value::Blob(b) if !b.is_empty() => {
                let mut b = b.clone();
                let place = random(b.len());
                b[place] ^= 1 << random(8);
                Value::Blob(b)
            }
            Value::Integer(i) => Value::Integer(i ^ (1 << random(32))),
            Value::Text(text) if text.is_ascii() && !text.is_empty() => {
                let mut bytes = text.clone().into_bytes();
                let place = random(bytes.len());
                bytes[place] ^= 1 << random(7);
                Value::Text(String::from_utf8(bytes).unwrap())
            }
            _ => continue,
        };
        let key = key_of(columns, row);
        let statement = format!("UPDATE {table} SET {} = ? WHERE {}", columns[at].name, condition(columns));
        let values: Vec<&Value> = std::iter::once(&new).chain(&key).collect();
        // A key that another row has cannot be written.
        if connection.execute(&statement, rusqlite::params_from_iter(values)).is_err() {
            continue;
        }
        found(&t, table, &format!("{table}.{} of {key:?}", columns[at].name));
        let mut changed = row.clone();
        changed[at] = new;
        set(&connection, table, columns, &key_of(columns, &changed), at, &row[at]);
        done += 1;
    }
    sound(&t);
}

/// The whole ledger rewritten from the bottom, every hash recomputed: it contradicts what was signed.
#[test]
fn a_ledger_rewritten_from_the_bottom_contradicts_its_checkpoints() {
    let t = lived_in("rewritten");
    let connection = burgle(&t);
    let sequence: i64 =
        connection.query_row("SELECT seq FROM event WHERE kind = 'org-freeze' LIMIT 1", [], |r| r.get(0)).unwrap();
    let leaf: Vec<u8> = connection.query_row("SELECT leaf FROM event WHERE seq = ?", [sequence], |r| r.get(0)).unwrap();
    let mut event = Event::decode(&leaf).unwrap();
    event.actor = Some("qian".to_owned());
    let leaf = event.encode();
    connection
        .execute(
            "UPDATE event SET leaf = ?, hash = ?, actor = 'qian' WHERE seq = ?",
            params![leaf, leaf_hash(&leaf).as_slice(), sequence],
        )
        .unwrap();
    let mut frontier = Frontier::default();
    let mut statement = connection.prepare("SELECT hash FROM event ORDER BY seq").unwrap();
    let hashes = statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap();
    for hash in hashes {
        frontier.push(hash.unwrap().try_into().unwrap());
        connection
            .execute(
                "UPDATE checkpoint SET edge = ?, root = ? WHERE size = ?",
                params![frontier.to_bytes(), frontier.root().as_slice(), i64::try_from(frontier.size()).unwrap()],
            )
            .unwrap();
    }
    connection.execute("UPDATE frontier SET edge = ?", params![frontier.to_bytes()]).unwrap();
    let report = ledger(&t);
    assert!(report.findings.iter().any(|f| f.rule == "checkpoint"), "{:#?}", report.findings);
    // And no new checkpoint is signed over it.
    let signer = t.signer();
    let refusal = t.authority.checkpoint(&signer).map(|c| c.checkpoint.size);
    assert!(refusal.is_err(), "a checkpoint was signed over a rewritten ledger: {refusal:?}");
}

/// The events since the last checkpoint are hashed again, from disk, before the next one is signed (R22).
#[test]
fn nothing_is_signed_over_an_altered_event() {
    let t = lived_in("signed over");
    all(t.authority.submit(&t.session("chengdu-entry"), &[t.people.person(50, "lra-chengdu")]));
    let signer = t.signer();
    let connection = burgle(&t);
    let last: i64 = connection.query_row("SELECT max(seq) FROM event", [], |r| r.get(0)).unwrap();
    let leaf: Vec<u8> = connection.query_row("SELECT leaf FROM event WHERE seq = ?", [last], |r| r.get(0)).unwrap();
    let mut flipped = leaf.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    connection.execute("UPDATE event SET leaf = ? WHERE seq = ?", params![flipped, last]).unwrap();
    let error = t.authority.checkpoint(&signer).unwrap_err();
    assert_eq!((error.code(), error.kind().class()), ("store.ledger-broken", hufu_authority::Class::Integrity));
    connection.execute("UPDATE event SET leaf = ? WHERE seq = ?", params![leaf, last]).unwrap();
    t.authority.checkpoint(&signer).unwrap();
    sound(&t);
}

/// The tail cut off, with everything it wrote: the anchor has seen more.
#[test]
fn a_cut_off_tail_is_behind_the_anchor() {
    let t = lived_in("tail");
    let connection = burgle(&t);
    let sizes: Vec<u64> = t.authority.anchor().unwrap().iter().map(|c| c.checkpoint.size).collect();
    connection.execute("DELETE FROM event WHERE seq >= (SELECT max(seq) FROM event)", []).unwrap();
    connection
        .execute("DELETE FROM checkpoint WHERE size = ?", [i64::try_from(*sizes.last().unwrap()).unwrap()])
        .unwrap();
    let report = ledger(&t);
    assert!(report.findings.iter().any(|f| f.rule == "anchor"), "{:#?}", report.findings);
    let refusal = t.authority.check_anchor().unwrap_err();
    assert_eq!(refusal.kind().class(), hufu_authority::Class::Integrity);
}

/// The anchor itself: an altered line is named, and nothing is signed beside it.
#[test]
fn an_altered_anchor_is_named() {
    let t = lived_in("anchor");
    let path = t.base().join("anchor/checkpoints.pem");
    let good = std::fs::read_to_string(&path).unwrap();
    let end = good.rfind("-----END").unwrap();
    let mut bytes = good.clone().into_bytes();
    let at = end - 20;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&path, &bytes).unwrap();
    let report = ledger(&t);
    assert!(report.findings.iter().any(|f| f.rule == "anchor"), "{:#?}", report.findings);
    let after = hufu_authority::AfterSigning::Verify;
    assert!(t.authority.start_signer(&t.session("zhao"), &t.ca_passphrase(), after).is_err());
    std::fs::write(&path, good).unwrap();
    sound(&t);
}

/// Proofs leave the house: whoever holds a checkpoint checks them without us, and an altered one does not pass.
#[test]
fn proofs_hold_offline_and_altered_ones_do_not() {
    let t = TestAuthority::national("proofs");
    let before = t.authority.anchor().unwrap().pop().unwrap();
    let issued = t.issue_person(1);
    let inclusion = t.authority.prove_certificate(&issued.serial).unwrap();
    let consistency = t.authority.prove_consistency(before.checkpoint.size).unwrap();
    let ledger = &t.authority.identity().ledger;
    let held = hufu_x509::pem::encode(hufu_authority::CHECKPOINT_LABEL, &before.signed);
    match hufu_authority::check_proof(inclusion.as_bytes(), ledger, None).unwrap() {
        hufu_authority::Proof::Inclusion { certificate, event, .. } => {
            assert_eq!(certificate.der(), issued.der);
            assert_eq!(event.kind, "issue");
        }
        other => panic!("{other:?}"),
    }
    let checked = hufu_authority::check_proof(consistency.as_bytes(), ledger, Some(held.as_bytes())).unwrap();
    assert!(matches!(checked, hufu_authority::Proof::Consistency { .. }));
    for proof in [&inclusion, &consistency] {
        for at in (0..proof.len()).step_by(7) {
            let mut altered = proof.clone().into_bytes();
            altered[at] ^= 1;
            let same = hufu_authority::check_proof(&altered, ledger, None).ok();
            // Some octets of a text mean nothing, such as the case of a line end; none may prove something else.
            if let Some(still) = same {
                assert_eq!(still, hufu_authority::check_proof(proof.as_bytes(), ledger, None).unwrap(), "octet {at}");
            }
        }
    }
    // A stranger's checkpoint is not the one I hold.
    let other = TestAuthority::national("another authority");
    let strange = other.authority.anchor().unwrap().pop().unwrap();
    let strange = hufu_x509::pem::encode(hufu_authority::CHECKPOINT_LABEL, &strange.signed);
    assert!(hufu_authority::check_proof(consistency.as_bytes(), ledger, Some(strange.as_bytes())).is_err());
    assert!(hufu_authority::check_proof(inclusion.as_bytes(), &other.authority.identity().ledger, None).is_err());
}
