//! Every single change of a small but whole database is found and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hufu_model::ca::CaStatus;
use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::crl::{CrlKind, CrlPart};
use hufu_model::escrow::{KeyOrderKind, RecoveryStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::OperatorId;
use hufu_model::legacy::LegacyRow;
use hufu_model::medium::MediumStatus;
use hufu_model::migration::Cutover;
use hufu_model::operator::Operator;
use hufu_model::org::OrgKind;
use hufu_model::profile::{Hosts, Profile, ProfileClass};
use hufu_model::request::Medium;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Clock, Instant};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::sample::{NOON, Scratch, at, certificate, digest, document, op, operator, org, org_id};
use crate::{
    CrlIssue, CrlList, IssuingCaRow, KeyOrderApprovalRow, KeyOrderRow, MediumRow, NewLegacyStatus, NewStatus, Proposal,
    Result, Write,
};

use super::{LedgerReport, What, verify, verify_form};

/// A value of one row of one table, found by the row's primary key.
#[derive(Debug, Clone)]
struct Cell {
    table: String,
    column: String,
    /// The primary key columns and their values.
    key: Vec<(String, Value)>,
    value: Value,
}

impl Cell {
    fn condition(&self) -> String {
        let parts = self.key.iter().enumerate().map(|(n, (name, _))| format!("{name} IS ?{}", n + 2));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// Puts another value in its place; fails where the schema does not take it.
    fn set(&self, connection: &Connection, value: &Value) -> rusqlite::Result<()> {
        let sql = format!("UPDATE {} SET {} = ?1 WHERE {}", self.table, self.column, self.condition());
        let values = std::iter::once(value).chain(self.key.iter().map(|(_, v)| v));
        assert_eq!(connection.execute(&sql, rusqlite::params_from_iter(values))?, 1);
        Ok(())
    }

    /// How a finding names the row.
    fn name(&self) -> String {
        let parts = self.key.iter().map(|(_, value)| super::rows::readable(value.into()));
        parts.collect::<Vec<_>>().join("/")
    }

    /// The same row after this value became `value`.
    fn with(&self, value: &Value) -> Self {
        let new = |(name, old): &(String, Value)| {
            (name.clone(), if *name == self.column { value.clone() } else { old.clone() })
        };
        Self { key: self.key.iter().map(new).collect(), value: value.clone(), ..self.clone() }
    }

    fn is_named_by(&self, report: &LedgerReport) -> bool {
        report.findings.iter().any(|f| f.table == self.table && f.key == self.name())
    }
}

/// Columns that the ledger does not cover, and who does.
///
/// The signature in `checkpoint.signed` is checked by who has the ledger's certificate, and a checkpoint that is gone is
/// missed by the anchor; when a schema step was applied is nobody's claim.
const ELSEWHERE: [(&str, &str); 2] = [("checkpoint", "signed"), ("schema_step", "at")];

/// Answers that were signed ahead carry their own signatures, and are dropped where the ledger says otherwise.
const SIGNED: &str = "presigned";

fn tables(connection: &Connection) -> Vec<String> {
    let sql = format!(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '{SIGNED}' \
         ORDER BY name"
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<rusqlite::Result<_>>().unwrap()
}

/// The columns of a table, and the place of each in the primary key (0: none).
fn columns(connection: &Connection, table: &str) -> Vec<(String, i64)> {
    let mut statement = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    let found = statement.query_map([], |row| Ok((row.get(1)?, row.get(5)?))).unwrap();
    found.collect::<rusqlite::Result<_>>().unwrap()
}

/// Every value of the database that verification answers for.
fn cells(connection: &Connection) -> Vec<Cell> {
    let mut cells: Vec<Cell> = tables(connection).iter().flat_map(|table| cells_of(connection, table)).collect();
    cells.retain(|cell| !ELSEWHERE.contains(&(&cell.table, &cell.column)));
    cells
}

/// Every value of a table.
fn cells_of(connection: &Connection, table: &str) -> Vec<Cell> {
    let columns = columns(connection, table);
    assert!(columns.iter().any(|(_, key)| *key > 0), "{table} has no primary key");
    let mut cells = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<Value> = (0..columns.len()).map(|n| row.get(n).unwrap()).collect();
        let mut key: Vec<_> = columns.iter().zip(&values).filter(|((_, place), _)| *place > 0).collect();
        key.sort_by_key(|((_, place), _)| *place);
        let key: Vec<_> = key.into_iter().map(|((name, _), value)| (name.clone(), value.clone())).collect();
        for ((column, _), value) in columns.iter().zip(values) {
            cells.push(Cell { table: table.to_owned(), column: column.clone(), key: key.clone(), value });
        }
    }
    cells
}

/// The finding names the altered row. A row whose key was altered may also be named as a new one.
fn assert_named(cell: &Cell, other: &Value, report: &LedgerReport) {
    let named = cell.is_named_by(report) || cell.with(other).is_named_by(report);
    assert!(named, "{cell:?} -> {other:?}: {report:?}");
}

fn verified(connection: &Connection) -> LedgerReport {
    verify_form(&crate::schema::HOME, connection, &|_, _, _| {}).unwrap()
}

/// A database with rows in every table and a checkpoint in the middle and at the end, written as an authority does.
fn whole() -> Scratch {
    let scratch = Scratch::founded();
    scratch.store.write(at(NOON), ceremony).unwrap();
    let epoch = scratch.store.start_signer(at(NOON), &op("zhao")).unwrap();
    scratch.issue(NOON + 10, epoch, &["r-1", "r-2"]);
    scratch.checkpoint(epoch).unwrap();
    scratch.store.write(at(NOON + 20), decision).unwrap();
    let epoch = scratch.store.start_signer(at(NOON + 86_400), &op("qian")).unwrap();
    scratch.issue(NOON + 86_400, epoch, &["r-3"]);
    scratch.issue_pair(NOON + 86_400, epoch, "r-5");
    scratch.store.write(at(NOON + 86_400), recovery).unwrap();
    publish(&scratch, epoch);
    scratch.checkpoint(epoch).unwrap();
    scratch.submit(NOON + 86_410, &["r-4"]).unwrap();
    scratch.store.write(at(NOON + 86_420), inventory).unwrap();
    scratch
}

/// A pair of another authority, whose first half is revoked, and a certificate of ours that takes its place.
fn inventory(w: &mut Write<'_>) -> Result<()> {
    let mut event = w.event(EventKind::Import, Some(&op("zhao")), "old-ca");
    event.put_import(&crate::sample::import("old-ca", NOON + 86_420))?;
    let first = crate::sample::legacy("old-ca", 1, NOON);
    let second = LegacyRow { first_half: Some(first.id), ..crate::sample::legacy("old-ca", 2, NOON) };
    event.put_legacy(&first)?;
    event.put_legacy(&second)?;
    event.put_legacy(&LegacyRow { medium: None, digest: None, ..crate::sample::legacy("old-ca", 3, NOON) })?;
    event.close()?;
    let mut event = w.event(EventKind::Import, Some(&op("zhao")), "old-ca");
    let (status, reason) = (CertificateStatus::Revoked, RevocationReason::Superseded);
    event.put_legacy_status(&NewLegacyStatus { id: first.id, status, reason, at: NOON + 100 })?;
    event.close()?;
    let mut event = w.event(EventKind::ImportMatch, Some(&op("zhao")), "old-ca");
    event.put_legacy_link(&second.id, &certificate(2, NOON, 90).serial)?;
    event.close()?;
    let mut event = w.event(EventKind::Cutover, Some(&op("zhao")), "ra-sichuan");
    event.put_cutover(&Cutover {
        org: org_id("ra-sichuan"),
        migration: "sm2".parse().unwrap(),
        effective: at(NOON),
        attested: true,
        evidence: "验收报告".to_owned(),
        withdrawn: false,
    })?;
    event.close().map(drop)
}

fn ceremony(w: &mut Write<'_>) -> Result<()> {
    let (mine, other) = (certificate(1, NOON, 90), certificate(2, NOON, 90));
    let mut event = w.event(EventKind::Init, None, "示例");
    event.put_authority_certificate("root", b"root")?;
    event.put_authority_certificate("issuing", b"issuing")?;
    event.put_profile(&digest("one"), &profile("one"))?;
    event.put_certificate(&mine, b"mine")?;
    event.put_certificate(&other, b"other")?;
    event.put_issuing_ca(&issuing_ca(CaStatus::Standby))?;
    event.put_medium(&medium(MediumStatus::InStock))?;
    event.put_medium_certificate(&mine.serial, &medium(MediumStatus::InStock).id)?;
    event.put_operator_certificate(&mine.serial, &op("zhao"))?;
    event.put_operator_certificate(&other.serial, &op("qian"))?;
    event.close()?;
    let mut event = w.event(EventKind::Propose, Some(&op("zhao")), "ra");
    event.field("act", "org-unfreeze");
    event.put_document(&document("proposed"))?;
    event.put_proposal(&proposal("first", "open", None))?;
    event.put_proposal(&proposal("second", "open", None))?;
    event.close().map(drop)
}

fn decision(w: &mut Write<'_>) -> Result<()> {
    let mut event = w.event(EventKind::OrgUnfreeze, Some(&op("qian")), "ra");
    event.put_document(&document("decided"))?;
    event.put_issuing_ca(&issuing_ca(CaStatus::Retired))?;
    event.put_medium(&medium(MediumStatus::Lost))?;
    event.put_proposal(&proposal("first", "done", Some(op("qian"))))?;
    event.put_profile(&digest("two"), &profile("two"))?;
    event.put_org(&org("ra", Some("ca"), OrgKind::MinistryRa))?;
    event.put_operator(&Operator { name: "赵".to_owned(), ..operator("zhao") })?;
    event.close()?;
    for (status, second) in [(CertificateStatus::Held, NOON + 5), (CertificateStatus::Revoked, NOON + 20)] {
        let mut event = w.event(EventKind::Revoke, Some(&op("qian")), "1");
        let revoked = status == CertificateStatus::Revoked;
        event.put_status_change(&NewStatus {
            serial: certificate(1, NOON, 90).serial,
            request: Some("r-9".parse().unwrap()),
            status,
            reason: RevocationReason::KeyCompromise,
            at: second,
            invalid_since: revoked.then_some(NOON),
        })?;
        if revoked {
            event.put_compromised_key(&digest("key"), &certificate(1, NOON, 90).serial)?;
        }
        event.close()?;
    }
    Ok(())
}

fn recovery(w: &mut Write<'_>) -> Result<()> {
    let order = |status, done: Option<i64>| KeyOrderRow {
        id: "recovery-1".parse().unwrap(),
        digest: digest("order"),
        kind: KeyOrderKind::Recovery,
        object: "01".to_owned(),
        serial: Some(certificate(2, NOON, 90).serial),
        requester: op("zhao"),
        at: NOON,
        expires: NOON + 86_400,
        status,
        done_at: done,
        envelope: done.map(|_| b"envelope".to_vec()),
    };
    let mut event = w.event(EventKind::Submit, Some(&op("zhao")), "recovery-1");
    event.put_key_order(&order(RecoveryStatus::Open, None))?;
    event.close()?;
    let mut event = w.event(EventKind::Approve, Some(&op("qian")), "recovery-1");
    event.put_key_order_approval(&KeyOrderApprovalRow {
        order: "recovery-1".parse().unwrap(),
        officer: op("qian"),
        document: digest("approval"),
        at: NOON,
    })?;
    event.put_key_order(&order(RecoveryStatus::Done, Some(NOON)))?;
    event.close().map(drop)
}

/// A full list with one shard, and a delta list beside it.
fn publish(scratch: &Scratch, epoch: u64) {
    let clock = Fixed(at(NOON + 86_400));
    for (number, parts) in [(1, vec![CrlPart::Full, CrlPart::Shard(0)]), (2, vec![CrlPart::Full, CrlPart::Delta])] {
        let issue = CrlIssue {
            ca: 1,
            number,
            kind: CrlKind::Full,
            base: (number > 1).then_some(1),
            position: scratch.store.read(|r| r.event_count()).unwrap(),
            horizon: Some(NOON),
            this_update: NOON + 86_400,
            next_update: NOON + 2 * 86_400,
            freshest: true,
        };
        let list = |part: &CrlPart| CrlList { part: *part, entries: 1, tbs_digest: digest(&part.to_string()) };
        let lists = parts.iter().map(list).collect();
        let intent = scratch.store.begin_crl(&clock, epoch, &op("qian"), issue, lists).unwrap();
        let files: Vec<_> = parts.iter().map(|part| (*part, 100, digest(&format!("{part} file")))).collect();
        scratch.store.complete_crl(&clock, epoch, &op("qian"), intent, &files).unwrap();
    }
}

struct Fixed(Instant);

impl Clock for Fixed {
    fn now(&self) -> Instant {
        self.0
    }
}

fn medium(status: MediumStatus) -> MediumRow {
    MediumRow {
        id: "ukey-1".parse().unwrap(),
        kind: Medium::UKey,
        serial: "A1".to_owned(),
        vendor: "示例".to_owned(),
        model: "K9".to_owned(),
        sm2: true,
        org: "ra".parse().unwrap(),
        added_at: NOON,
        status,
        holder: Some(digest("holder 1")),
        at: NOON,
    }
}

fn issuing_ca(status: CaStatus) -> IssuingCaRow {
    let (name, der) = ("g2".parse().unwrap(), b"g2".to_vec());
    IssuingCaRow { instance: 2, name, der, status, reason: Some(RevocationReason::Superseded), at: NOON }
}

fn proposal(content: &str, status: &str, approver: Option<OperatorId>) -> Proposal {
    Proposal {
        digest: digest(content),
        kind: "org-unfreeze".to_owned(),
        object: "ra".to_owned(),
        proposer: op("zhao"),
        at: NOON,
        expires: NOON + 86_400,
        status: status.to_owned(),
        approver,
    }
}

fn profile(source: &str) -> Profile {
    Profile {
        id: "person-sign".parse().unwrap(),
        title_zh: "个人签名".to_owned(),
        title_en: "Person, signing".to_owned(),
        class: ProfileClass::EndEntity,
        algorithm: Algorithm::Sm2,
        holders: Vec::new(),
        default_days: 365,
        max_days: 730,
        key_usage: Vec::new(),
        extended_key_usage: Vec::new(),
        policy: None,
        subject: Vec::new(),
        hosts: Hosts::Unused,
        renewable: true,
        suspendable: true,
        pair_with: None,
        source: source.to_owned(),
    }
}

/// The sample database in memory, without the rules that keep honest writers honest.
fn opened() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    whole().store.with_writer(|file| {
        let copy = rusqlite::backup::Backup::new(file, &mut connection).unwrap();
        copy.run_to_completion(1000, std::time::Duration::ZERO, None).unwrap();
    });
    let pragmas = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;";
    connection.execute_batch(pragmas).unwrap();
    connection
}

/// Does something to the database, verifies, and takes it back. `None` when the schema refused it.
fn after(connection: &Connection, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Option<LedgerReport> {
    connection.execute_batch("SAVEPOINT change").unwrap();
    let done = change(connection);
    let report = done.is_ok().then(|| verified(connection));
    connection.execute_batch("ROLLBACK TO change; RELEASE change").unwrap();
    report
}

/// Other values that a value may be replaced by: one is taken that the schema accepts.
fn others(value: &Value) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    match value {
        Value::Null => vec![text("x"), Value::Integer(1), Value::Blob(vec![0; 32])],
        Value::Integer(n) => vec![Value::Integer(n + 1), Value::Integer(n ^ 1), Value::Integer(n + 7_000_001)],
        Value::Real(x) => vec![Value::Real(x + 1.0)],
        Value::Text(t) => vec![text(&format!("{t}x")), text(&format!("y{t}"))],
        Value::Blob(b) => {
            let mut other = b.clone();
            match other.last_mut() {
                Some(last) => *last ^= 1,
                None => other.push(0),
            }
            vec![other, [b.clone(), vec![0]].concat()].into_iter().map(Value::Blob).collect()
        }
    }
}

#[test]
fn the_untouched_database_is_intact() {
    let connection = opened();
    let report = verified(&connection);
    assert_eq!(report.findings, []);
    assert!(report.events > 10 && report.rows > 30 && report.roots.len() >= 2, "{report:?}");
    // Every table has rows, so that the other tests reach it.
    for table in tables(&connection) {
        let any: bool =
            connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |r| r.get(0)).unwrap();
        assert!(any, "{table} is empty: put a row into the sample");
    }
}

#[test]
fn every_altered_value_is_found_and_named() {
    let connection = opened();
    for cell in cells(&connection) {
        let mut accepted = others(&cell.value).into_iter();
        let found = accepted.find_map(|other| Some((after(&connection, |c| cell.set(c, &other))?, other)));
        let (report, other) = found.unwrap_or_else(|| panic!("no other value is accepted in {cell:?}"));
        assert_named(&cell, &other, &report);
    }
}

#[test]
fn a_value_of_another_storage_class_is_found_and_named() {
    let connection = opened();
    let mut tried = 0;
    for cell in cells(&connection) {
        let other = match &cell.value {
            Value::Text(text) => Value::Blob(text.clone().into_bytes()),
            Value::Integer(n) => Value::Text(format!("x{n}")),
            Value::Null => Value::Blob(Vec::new()),
            Value::Blob(_) | Value::Real(_) => continue,
        };
        // Strict tables refuse it: so much the better.
        if let Some(report) = after(&connection, |c| cell.set(c, &other)) {
            tried += 1;
            assert_named(&cell, &other, &report);
        }
    }
    assert!(tried > 100, "the schema accepted {tried} values of another storage class only");
}

#[test]
fn every_removed_row_is_found_and_named() {
    let connection = opened();
    let mut rows = cells(&connection);
    rows.dedup_by(|a, b| a.table == b.table && a.name() == b.name());
    // A checkpoint that is gone is missed by the anchor, which lies outside the database.
    rows.retain(|row| row.table != "checkpoint");
    for row in rows {
        let sql = format!("DELETE FROM {} WHERE ?1 IS NULL AND {}", row.table, row.condition());
        let report = after(&connection, |c| {
            let values = std::iter::once(&Value::Null).chain(row.key.iter().map(|(_, v)| v));
            assert_eq!(c.execute(&sql, rusqlite::params_from_iter(values))?, 1);
            Ok(())
        });
        let report = report.unwrap();
        assert!(row.is_named_by(&report), "{row:?}: {report:?}");
    }
}

#[test]
fn every_inserted_row_is_found_and_named() {
    let connection = opened();
    for table in tables(&connection) {
        let rows: Vec<Cell> = cells_of(&connection, &table);
        let names = columns(&connection, &table).len();
        let last = &rows[rows.len() - names..];
        // A row that differs in every column, so that it is new to every unique index.
        let found = (0..3).find_map(|n| {
            let forged: Vec<Value> = last.iter().filter_map(|cell| others(&cell.value).into_iter().nth(n)).collect();
            let marks = vec!["?"; forged.len()].join(", ");
            let report = after(&connection, |c| {
                let sql = format!("INSERT INTO {table} VALUES ({marks})");
                c.execute(&sql, rusqlite::params_from_iter(&forged)).map(drop)
            })?;
            let forged = last
                .iter()
                .zip(&forged)
                .fold(last[0].clone(), |row, (cell, value)| Cell { column: cell.column.clone(), ..row }.with(value));
            Some((forged, report))
        });
        let (forged, report) = found.unwrap_or_else(|| panic!("{table}: its schema refuses every other row"));
        assert!(forged.is_named_by(&report), "{forged:?}: {report:?}");
    }
}

#[test]
fn swapped_certificates_are_found_and_named() {
    let connection = opened();
    let ders: Vec<Cell> = cells_of(&connection, "certificate_der").into_iter().filter(|c| c.column == "der").collect();
    for (a, b) in ders.iter().zip(ders.iter().skip(1)) {
        let report = after(&connection, |c| a.set(c, &b.value).and_then(|()| b.set(c, &a.value))).unwrap();
        assert!(a.is_named_by(&report) && b.is_named_by(&report), "{report:?}");
        assert_eq!(report.findings.len(), 2, "{report:?}");
    }
}

#[test]
fn a_removed_tail_is_found_and_named_even_with_a_matching_edge() {
    let connection = opened();
    let events = verified(&connection).events;
    let cut =
        |c: &Connection, from: u64| c.execute("DELETE FROM event WHERE seq >= ?1", [from.cast_signed()]).map(drop);
    for from in 0..events {
        let report = after(&connection, |c| cut(c, from)).unwrap();
        let removed =
            |seq| report.findings.iter().any(|f| f.what == What::Removed && f.place() == format!("event {seq}"));
        assert!((from..events).all(removed), "{from}: {report:?}");
    }
    // With the edge put back to what it was, the checkpoint over more events still tells.
    let (size, edge): (i64, Vec<u8>) = connection
        .query_row("SELECT size, edge FROM checkpoint ORDER BY size LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    let report = after(&connection, |c| {
        cut(c, size.unsigned_abs())?;
        c.execute("UPDATE frontier SET edge = ?1", [&edge]).map(drop)
    });
    let report = report.unwrap();
    assert!(
        report.findings.iter().any(|f| f.what == What::Removed && f.place() == format!("event {size}")),
        "{report:?}"
    );
}

#[test]
fn reordered_events_are_found_and_named() {
    let connection = opened();
    let events = verified(&connection).events.cast_signed();
    for (a, b) in (1..events).map(|b| (b - 1, b)).chain([(0, events - 1)]) {
        let report = after(&connection, |c| {
            for (from, to) in [(a, -1), (b, a), (-1, b)] {
                c.execute("UPDATE event SET seq = ?2 WHERE seq = ?1", [from, to])?;
            }
            Ok(())
        });
        let report = report.unwrap();
        for seq in [a, b] {
            let named =
                report.findings.iter().any(|f| f.what == What::Reordered && f.place() == format!("event {seq}"));
            assert!(named, "{a} and {b}: {report:?}");
        }
    }
}

#[test]
fn a_forged_event_that_fits_itself_is_found_by_the_checkpoint() {
    let connection = opened();
    let leaf: Vec<u8> = connection.query_row("SELECT leaf FROM event WHERE seq = 2", [], |r| r.get(0)).unwrap();
    let mut event = hufu_ledger::Event::decode(&leaf).unwrap();
    event.fields.push(("note".to_owned(), "forged".to_owned()));
    let forged = event.encode();
    let report = after(&connection, |c| {
        let hash = hufu_ledger::leaf_hash(&forged);
        c.execute("UPDATE event SET leaf = ?1, hash = ?2 WHERE seq = 2", rusqlite::params![forged, hash])?;
        let mut hashes = c.prepare("SELECT hash FROM event ORDER BY seq")?;
        let tree = hashes.query_map([], |r| r.get::<_, hufu_ledger::Hash>(0))?;
        let tree: hufu_ledger::Frontier = tree.collect::<rusqlite::Result<_>>()?;
        c.execute("UPDATE frontier SET edge = ?1", [tree.to_bytes()]).map(drop)
    });
    let report = report.unwrap();
    assert!(report.findings.iter().any(|f| f.table == "checkpoint"), "{report:?}");
}

#[test]
fn what_the_schema_does_not_have_is_found_and_named() {
    let connection = opened();
    for (sql, named) in [
        ("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END", "trigger t"),
        ("CREATE TABLE t (x)", "table t"),
        ("CREATE VIEW t AS SELECT 1", "view t"),
        ("CREATE INDEX t ON event (at)", "index t"),
        ("DROP INDEX event_kind", "index event_kind"),
        ("ALTER TABLE meta ADD COLUMN more TEXT", "table meta"),
    ] {
        let report = after(&connection, |c| c.execute_batch(sql)).unwrap();
        assert!(report.findings.iter().any(|f| f.what == What::Damaged && f.key == named), "{named}: {report:?}");
    }
}

/// A small generator (xorshift): the flips are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

/// The value with one bit of one octet flipped, and the SQL that stores it (text may stop being UTF-8).
fn flipped(value: &Value, random: &mut Random) -> Option<(Value, &'static str)> {
    match value {
        Value::Integer(n) => Some((Value::Integer(n ^ 1 << random.below(63)), "?1")),
        Value::Text(text) if !text.is_empty() => {
            let mut octets = text.clone().into_bytes();
            let at = random.below(octets.len());
            octets[at] ^= 1 << random.below(8);
            Some((Value::Blob(octets), "CAST(?1 AS TEXT)"))
        }
        Value::Blob(octets) if !octets.is_empty() => {
            let mut octets = octets.clone();
            let at = random.below(octets.len());
            octets[at] ^= 1 << random.below(8);
            Some((Value::Blob(octets), "?1"))
        }
        _ => None,
    }
}

#[test]
fn ten_thousand_flipped_bits_are_found_and_named() {
    const FLIPS: usize = 10_000;
    let connection = opened();
    let cells = cells(&connection);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut done = 0;
    while done < FLIPS {
        let cell = &cells[random.below(cells.len())];
        let Some((other, put)) = flipped(&cell.value, &mut random) else { continue };
        let sql = format!("UPDATE {} SET {} = {put} WHERE {}", cell.table, cell.column, cell.condition());
        let report = after(&connection, |c| {
            let values = std::iter::once(&other).chain(cell.key.iter().map(|(_, v)| v));
            assert_eq!(c.execute(&sql, rusqlite::params_from_iter(values))?, 1);
            Ok(())
        });
        // A key that is taken is refused by the schema.
        let Some(report) = report else { continue };
        done += 1;
        assert_named(cell, &other, &report);
    }
    assert_eq!(verified(&connection).findings, []);
}

#[test]
fn a_file_is_verified_through_its_store() {
    let scratch = whole();
    let seen = std::cell::RefCell::new(Vec::new());
    let look = || {
        let report = scratch.store.read(|r| verify(r, &|what, done, of| seen.borrow_mut().push((what, done, of))));
        report.unwrap()
    };
    assert!(look().is_intact());
    // Small enough that nothing is told on the way.
    assert_eq!(*seen.borrow(), []);
    let other = Connection::open(&scratch.path).unwrap();
    other.execute("UPDATE request_body SET csr = zeroblob(9) WHERE request = 'r-2'", []).unwrap();
    let report = look();
    let [finding] = report.findings.as_slice() else { panic!("{report:?}") };
    assert_eq!((finding.what, finding.table.as_str(), finding.key.as_str()), (What::Altered, "request_body", "r-2"));
    let event = finding.event.unwrap();
    assert_eq!(finding.place(), format!("request_body r-2 (event {event})"));
    assert_eq!(
        finding.to_string(),
        format!("altered: request_body r-2 (event {event}): it is not what event {event} wrote")
    );
}

/// `HUFU_FULL` takes a million events instead of 20,000.
#[test]
fn many_events_fit_into_a_gibibyte() {
    const BATCH: i64 = 1000;
    let events: u32 = if std::env::var_os("HUFU_FULL").is_some() { 1_000_000 } else { 20_000 };
    let scratch = Scratch::founded();
    let epoch = scratch.store.start_signer(at(NOON), &op("zhao")).unwrap();
    for batch in 1..=i64::from(events) / BATCH {
        let ids: Vec<String> = (0..BATCH).map(|n| format!("r-{batch}-{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        scratch.issue(NOON + batch * 600, epoch, &ids);
    }
    scratch.checkpoint(epoch).unwrap();
    let memory = |line: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let found = status.lines().find_map(|l| l.strip_prefix(line).map(str::to_owned)).unwrap();
        found.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap()
    };
    let start = std::time::Instant::now();
    let report = scratch.store.read(|r| verify(r, &|_, _, _| {})).unwrap();
    println!(
        "{} events, {} rows in {:?}; at most {} KiB",
        report.events,
        report.rows,
        start.elapsed(),
        memory("VmHWM:")
    );
    assert!(report.is_intact() && report.events > events.into(), "{:?}", report.findings);
    assert!(memory("VmHWM:") < 1 << 20);
}
