#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use hufu_ledger::{Checkpoint, sm3};
use hufu_model::escrow::{EscrowEvent, EscrowStatus, RecoveryKind, RecoveryPart, RecoveryStatus};
use hufu_model::ident::EscrowId;
use hufu_model::operator::OperatorStatus;

use super::*;
use crate::sample::{NOON, at, digest, op, serial};
use crate::verify::{What, verify_vault};

struct Scratch {
    vault: Vault,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn key(n: u8) -> EscrowRow {
    EscrowRow {
        id: EscrowId([n; 16]),
        spki: digest(&format!("spki {n}")),
        point: vec![4; 65],
        kek: "kek-1".to_owned(),
        sealed: vec![n; 61],
        made_at: NOON,
        status: EscrowStatus::Pooled,
        request: None,
        holder: None,
        recipient: None,
        changed_at: NOON,
    }
}

fn recovery() -> RecoveryRow {
    RecoveryRow {
        act: digest("order"),
        kind: RecoveryKind::User,
        key: key(1).id,
        recipient: vec![4; 65],
        case_number: String::new(),
        requester: op("li"),
        expires: NOON + 60,
        status: RecoveryStatus::Open,
        done_at: None,
    }
}

/// A vault with two keys in its pool and one recovery.
fn founded() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let vault = Vault::create(&path, at(NOON)).unwrap();
    vault
        .write(at(NOON), |w| -> Result<()> {
            let mut event = w.event(EscrowEvent::Found, None, "kmc");
            event.put_fact("name", "demo")?;
            let kek = KekRow { id: "kek-1".to_owned(), check: digest("check"), threshold: 3, shares: 5, at: NOON };
            event.put_kek(&kek)?;
            for number in 1..=5 {
                let commitment = digest(&number.to_string());
                let row =
                    CustodianRow { kek: "kek-1".to_owned(), number, name: format!("custodian {number}"), commitment };
                event.put_custodian(&row)?;
            }
            let part = RecoveryPart::Recovery;
            event.put_officer(&OfficerRow {
                id: op("zhao"),
                part,
                point: vec![4; 65],
                status: OperatorStatus::Active,
                mac: digest("mac"),
            })?;
            event.close()?;
            let mut event = w.event(EscrowEvent::Fill, None, "pool");
            event.put_key(&key(1))?;
            event.put_key(&key(2))?;
            event.close()?;
            let mut event = w.event(EscrowEvent::RecoveryOrder, Some(&op("li")), "order");
            let act = ActRow { digest: digest("order"), kind: "x".to_owned(), at: NOON, content: b"order".to_vec() };
            event.put_act(&act)?;
            event.put_recovery(&recovery())?;
            let approval =
                RecoveryApprovalRow { recovery: digest("order"), officer: op("zhao"), part, at: NOON, signed: vec![1] };
            event.put_recovery_approval(&approval)?;
            event.close()?;
            Ok(())
        })
        .unwrap();
    Scratch { vault, path, _folder: folder }
}

fn change(vault: &Vault, row: &EscrowRow) -> Result<()> {
    vault.write(at(NOON + 1), |w| {
        let mut event = w.event(EscrowEvent::Retire, None, "x");
        event.change_key(row)?;
        event.close()?;
        Ok(())
    })
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "ok")
}

#[test]
fn what_was_put_is_found() {
    let Scratch { vault, path, _folder } = founded();
    let reserved = EscrowRow {
        status: EscrowStatus::Reserved,
        request: Some("r-1".parse().unwrap()),
        changed_at: NOON + 1,
        ..key(1)
    };
    change(&vault, &reserved).unwrap();
    let escrowed = EscrowRow {
        status: EscrowStatus::Escrowed,
        holder: Some(digest("holder")),
        recipient: Some(vec![4; 65]),
        ..reserved.clone()
    };
    let bound = BindingRow { serial: serial(NOON, 7), key: key(1).id, request: "r-1".parse().unwrap(), at: NOON };
    vault
        .write(at(NOON + 2), |w| -> Result<()> {
            let mut event = w.event(EscrowEvent::Bind, None, "x");
            event.change_key(&escrowed)?;
            event.put_binding(&bound)?;
            event.close()?;
            Ok(())
        })
        .unwrap();
    drop(vault);
    let vault = Vault::open(&path, Mode::ReadOnly).unwrap();
    vault
        .read(|r| -> Result<()> {
            assert_eq!(r.escrow(&key(1).id)?, Some(escrowed.clone()));
            assert_eq!(r.escrow_of_request(&"r-1".parse().unwrap())?, Some(escrowed.clone()));
            assert_eq!(r.escrow_of_serial(&serial(NOON, 7))?, Some(escrowed.clone()));
            assert_eq!(r.escrow_of_spki(&key(1).spki)?, Some(escrowed.clone()));
            assert_eq!(r.escrow_of_serial(&serial(NOON, 8))?, None);
            assert_eq!(r.bindings(&key(1).id)?, vec![bound.clone()]);
            assert_eq!(r.binding(&serial(NOON, 7))?, Some(bound.clone()));
            assert_eq!(r.pooled(10)?, vec![key(2)]);
            assert_eq!(r.escrow_count(EscrowStatus::Escrowed)?, 1);
            assert_eq!(r.fact("name")?, Some("demo".to_owned()));
            assert_eq!(r.kek()?.unwrap().threshold, 3);
            assert_eq!(r.custodians("kek-1")?.len(), 5);
            assert_eq!(r.officers()?.len(), 1);
            assert_eq!(r.act(&digest("order"))?.unwrap().content, b"order");
            assert_eq!(r.recoveries(RecoveryStatus::Open)?, vec![recovery()]);
            assert_eq!(r.recovery_approvals(&digest("order"))?.len(), 1);
            assert_eq!(r.recovered_on(RecoveryKind::User, at(NOON).day())?, 0);
            assert_eq!(r.event_count()?, 5);
            assert_eq!(r.events(Some(EscrowEvent::Bind), 0, 0)?.len(), 1);
            assert_eq!(r.events(None, 3, 1)?[0].seq, 3);
            let report = verify_vault(r, &|_, _, _| {})?;
            assert_eq!(report.findings, []);
            Ok(())
        })
        .unwrap();
}

/// Every status to every status: only the table's transitions are stored.
#[test]
fn the_whole_matrix_of_transitions() {
    let whole = |status| EscrowRow {
        status,
        request: Some("r-1".parse().unwrap()),
        holder: Some(digest("holder")),
        recipient: Some(vec![4; 65]),
        ..key(1)
    };
    for from in EscrowStatus::ALL {
        for to in EscrowStatus::ALL {
            let Scratch { vault, path, _folder } = founded();
            let sql = format!("UPDATE escrow SET status = '{from}' WHERE id = X'{}'", key(1).id);
            rusqlite::Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
            let expected = if from.may_become(to) { "ok" } else { "store.constraint" };
            assert_eq!(code(change(&vault, &whole(to))), expected, "{from} -> {to}");
        }
    }
}

#[test]
fn keys_and_their_owners_do_not_change() {
    let Scratch { vault, path: _path, _folder } = founded();
    let reserved = EscrowRow { status: EscrowStatus::Reserved, request: Some("r-1".parse().unwrap()), ..key(1) };
    for altered in [
        EscrowRow { sealed: vec![9; 61], ..reserved.clone() },
        EscrowRow { point: vec![5; 65], ..reserved.clone() },
        EscrowRow { spki: digest("other"), ..reserved.clone() },
        EscrowRow { kek: "kek-2".to_owned(), ..reserved.clone() },
        EscrowRow { made_at: 1, ..reserved.clone() },
    ] {
        assert_eq!(code(change(&vault, &altered)), "store.constraint");
    }
    change(&vault, &reserved).unwrap();
    let escrowed = EscrowRow {
        status: EscrowStatus::Escrowed,
        holder: Some(digest("holder")),
        recipient: Some(vec![4; 65]),
        ..reserved.clone()
    };
    let other = EscrowRow { request: Some("r-2".parse().unwrap()), ..escrowed.clone() };
    assert_eq!(code(change(&vault, &other)), "store.constraint");
    change(&vault, &escrowed).unwrap();
    let history = EscrowRow { status: EscrowStatus::History, ..escrowed.clone() };
    for altered in [
        EscrowRow { holder: Some(digest("other")), ..history.clone() },
        EscrowRow { holder: None, ..history.clone() },
        EscrowRow { recipient: Some(vec![5; 65]), ..history.clone() },
        EscrowRow { request: None, ..history.clone() },
    ] {
        assert_eq!(code(change(&vault, &altered)), "store.constraint");
    }
    change(&vault, &history).unwrap();
    // A request has one key, a new key begins in the pool, a public key is in one row.
    let second = EscrowRow { status: EscrowStatus::Reserved, request: Some("r-1".parse().unwrap()), ..key(2) };
    assert_eq!(code(change(&vault, &second)), "store.duplicate");
    let put = |row: &EscrowRow| {
        vault.write(at(NOON + 1), |w| {
            let mut event = w.event(EscrowEvent::Fill, None, "x");
            let _ = event.put_key(row);
            event.close()
        })
    };
    assert_eq!(code(put(&EscrowRow { status: EscrowStatus::Escrowed, ..key(3) })), "store.unclosed-event");
    assert_eq!(code(put(&EscrowRow { spki: key(1).spki, ..key(3) })), "store.unclosed-event");
    assert_eq!(code(change(&vault, &key(9))), "store.not-found");
}

#[test]
fn recoveries_end_once_and_officers_approve_once() {
    let Scratch { vault, path: _path, _folder } = founded();
    let put = |row: &RecoveryRow| {
        vault.write(at(NOON + 1), |w| -> Result<()> {
            let mut event = w.event(EscrowEvent::Recover, None, "x");
            event.put_recovery(row)?;
            event.close()?;
            Ok(())
        })
    };
    let done = RecoveryRow { status: RecoveryStatus::Done, done_at: Some(NOON + 1), ..recovery() };
    assert_eq!(code(put(&RecoveryRow { recipient: vec![5; 65], ..done.clone() })), "store.constraint");
    assert_eq!(code(put(&RecoveryRow { expires: NOON + 99, ..done.clone() })), "store.constraint");
    put(&done).unwrap();
    assert_eq!(code(put(&done)), "store.constraint");
    assert_eq!(code(put(&RecoveryRow { status: RecoveryStatus::Withdrawn, ..done.clone() })), "store.constraint");
    vault
        .read(|r| -> Result<()> {
            assert_eq!(r.recovered_on(RecoveryKind::User, at(NOON).day())?, 1);
            assert_eq!(r.recovered_on(RecoveryKind::Judicial, at(NOON).day())?, 0);
            Ok(())
        })
        .unwrap();
    let again = vault.write(at(NOON + 1), |w| -> Result<()> {
        let mut event = w.event(EscrowEvent::RecoveryApprove, None, "x");
        event.put_recovery_approval(&RecoveryApprovalRow {
            recovery: digest("order"),
            officer: op("zhao"),
            part: RecoveryPart::Recovery,
            at: NOON,
            signed: vec![2],
        })?;
        event.close()?;
        Ok(())
    });
    assert_eq!(code(again), "store.duplicate");
}

#[test]
fn a_vault_is_not_a_home_and_a_home_is_not_a_vault() {
    let Scratch { vault: _vault, path, _folder: folder } = founded();
    assert_eq!(code(crate::Store::open(&path, Mode::ReadWrite)), "store.not-a-database");
    assert_eq!(code(crate::Store::open(&path, Mode::ReadOnly)), "store.not-a-database");
    let home = folder.path().join("home.db");
    drop(crate::Store::create(&home, at(NOON)).unwrap());
    assert_eq!(code(Vault::open(&home, Mode::ReadWrite)), "store.not-a-database");
    assert_eq!(code(Vault::create(&path, at(NOON))), "store.exists");
    assert_eq!(Vault::upgrade(&path, at(NOON)).unwrap(), 0);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Every row of every table: altered, removed or inserted behind the ledger's back, it is named.
#[test]
fn what_was_not_written_by_an_event_is_named() {
    let tables = crate::covered::VAULT_COVERED;
    for covered in tables.iter().filter(|c| c.table != "binding") {
        let Scratch { vault, path, _folder } = founded();
        let c = rusqlite::Connection::open(&path).unwrap();
        c.pragma_update(None, "foreign_keys", false).unwrap();
        let last = covered.columns.last().unwrap();
        c.execute_batch(&format!("UPDATE {} SET {last} = 77", covered.table)).unwrap();
        let report = vault.read(|r| verify_vault(r, &|_, _, _| {})).unwrap();
        let named = |what| report.findings.iter().any(|f| f.table == covered.table && f.what == what);
        assert!(named(What::Altered), "{}: {:?}", covered.table, report.findings);
        c.execute_batch(&format!("DELETE FROM {}", covered.table)).unwrap();
        let report = vault.read(|r| verify_vault(r, &|_, _, _| {})).unwrap();
        let named = |what| report.findings.iter().any(|f| f.table == covered.table && f.what == what);
        assert!(named(What::Removed), "{}", covered.table);
    }
    let Scratch { vault, path, _folder } = founded();
    let c = rusqlite::Connection::open(&path).unwrap();
    c.pragma_update(None, "foreign_keys", false).unwrap();
    let key = "0".repeat(32);
    c.execute_batch(&format!("INSERT INTO binding VALUES (X'01', X'{key}', 'r', 0)")).unwrap();
    c.execute_batch("CREATE TABLE extra (x BLOB)").unwrap();
    let report = vault.read(|r| verify_vault(r, &|_, _, _| {})).unwrap();
    let found: Vec<_> = report.findings.iter().map(|f| (f.what, f.table.as_str())).collect();
    assert!(found.contains(&(What::Inserted, "binding")) && found.contains(&(What::Damaged, "schema")), "{found:?}");
}

#[test]
fn its_tree_can_be_signed() {
    let Scratch { vault, path: _path, _folder } = founded();
    let (size, root) = vault.checkpoint_material().unwrap();
    assert_eq!(size, 3);
    let checkpoint = Checkpoint { origin: "kmc".to_owned(), size, root, at: NOON };
    let wrong = Checkpoint { root: sm3(b"x"), ..checkpoint.clone() };
    assert_eq!(code(vault.append_checkpoint(&wrong, wrong.encode().as_bytes())), "store.ledger-broken");
    vault.append_checkpoint(&checkpoint, checkpoint.encode().as_bytes()).unwrap();
    assert_eq!(code(vault.append_checkpoint(&checkpoint, b"x")), "store.duplicate");
    let report = vault.read(|r| verify_vault(r, &|_, _, _| {})).unwrap();
    assert_eq!((report.findings, report.roots.get(&3)), (vec![], Some(&root)));
}
