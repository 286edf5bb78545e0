//! A home that an older program made is opened by this one after `upgrade`, and is then like any other.

use std::fs;

use hufu_authority::{Authority, BackupManifest, Depth, Restoring};
use hufu_tests::{TestAuthority, dump};
use rusqlite::Connection;

use crate::tree::{read, root};

fn objects(connection: &Connection) -> Vec<(String, String)> {
    let sql =
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Takes everything of later schema steps out of the home's database, which must not have used it yet: what is left is the
/// file that the first schema made.
pub(crate) fn downgrade(t: &TestAuthority) {
    let first = Connection::open_in_memory().unwrap();
    for part in ["ledger.sql", "0001_initial.sql"] {
        first.execute_batch(&read(&root().join("crates/hufu-store/src/schema").join(part))).unwrap();
    }
    let connection = Connection::open(t.database()).unwrap();
    let old = objects(&first);
    restore_totals(&first, &connection);
    for (name, _) in objects(&connection).into_iter().filter(|o| !old.contains(o)) {
        let (kind, name) = name.split_once(' ').unwrap();
        if kind == "table" && !name.starts_with("rollup_") {
            let rows: i64 = connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |r| r.get(0)).unwrap();
            assert_eq!(rows, 0, "{name} is in use: this would be no home of the first schema");
        }
        connection.execute_batch(&format!("DROP {kind} IF EXISTS {name}")).unwrap();
    }
    assert_eq!(objects(&connection), old);
    connection.execute_batch("DELETE FROM schema_step WHERE version > 1; PRAGMA user_version = 1").unwrap();
}

/// Puts the totals back as they were kept: days only, in one table.
fn restore_totals(first: &Connection, connection: &Connection) {
    let sql: String = first.query_row("SELECT sql FROM sqlite_schema WHERE name = 'rollup'", [], |r| r.get(0)).unwrap();
    connection.execute_batch(&sql).unwrap();
    let figures = "issued, revoked, valid, pairs_issued, pairs_revoked, pairs_valid";
    connection
        .execute_batch(&format!(
            "INSERT INTO rollup SELECT org, happened, recorded, algorithm, profile, holder_kind, reason, medium, {figures} \
             FROM rollup_day JOIN rollup_group ON rollup_group.id = group_id"
        ))
        .unwrap();
}

#[test]
fn a_home_of_the_first_schema_opens_after_its_upgrade() {
    let t = TestAuthority::national("upgrade");
    let issued = t.issue_person(1);
    let fresh = objects(&Connection::open(t.database()).unwrap());
    let rows = dump(&t.database());
    let (home, out) = (t.home(), t.base().join("kept"));
    let now = t.now();
    downgrade(&t);

    let refused = |e: Option<hufu_authority::Error>| e.map(|e| e.code());
    assert_eq!(refused(Authority::open_read_only(&home).err()), Some("store.older-schema"));
    // Without a place for its backup nothing happens.
    assert_eq!(refused(Authority::upgrade_at(&home, &home.join("kept"), now, &|_| ()).err()), Some("backup.inside"));
    assert_eq!(refused(Authority::open_read_only(&home).err()), Some("store.older-schema"));

    let done = Authority::upgrade_at(&home, &out, now, &|_| ()).unwrap();
    assert_eq!((done.from, done.to), (1, 3));
    assert!(done.report.findings.is_empty(), "{:?}", done.report.findings);
    // The same schema as a new one has, the same rows.
    assert_eq!(objects(&Connection::open(t.database()).unwrap()), fresh);
    let mut after = dump(&t.database());
    let mut before = rows;
    before.0.remove("schema_step");
    assert!(after.0.remove("schema_step").is_some());
    // Groups are numbered as they are found; that the totals are right, the report has said.
    [&mut before, &mut after].into_iter().for_each(|dump| dump.0.retain(|table, _| !table.starts_with("rollup_")));
    assert!(after.0 == before.0, "the upgrade changed rows");
    assert_eq!(refused(Authority::upgrade_at(&home, &t.base().join("x"), now, &|_| ()).err()), Some("change.none"));

    let again = TestAuthority::open_in(t.base(), now, "upgraded").unwrap();
    again.issue_person(2);
    assert!(again.authority.audit(Depth::Deep, &|_| ()).unwrap().findings.is_empty());

    // The backup is what the home was: it is restored as it is, and upgraded in its turn.
    let manifest = BackupManifest::read(&out).unwrap();
    assert_eq!((manifest.schema, manifest.events), (1, done.report.events));
    let restored = t.base().join("restored");
    let anchor = t.base().join("anchor-of-the-time.pem");
    fs::copy(out.join("anchor.pem"), &anchor).unwrap();
    let restoring = Restoring { home: restored.clone(), anchor: Some(anchor), depth: Depth::Deep };
    assert!(Authority::restore(&out, &restoring, &|_| ()).unwrap().report.is_none());
    Authority::upgrade_at(&restored, &t.base().join("kept-2"), now, &|_| ()).unwrap();
    let restored = Authority::open_read_only(&restored).unwrap();
    assert_eq!(*restored.certificate(&issued.serial).unwrap().certificate.der(), issued.der[..]);
}

/// A database that would not verify is found on the copy, before the home is touched.
#[test]
fn a_damaged_home_is_not_upgraded() {
    let t = TestAuthority::national("damaged upgrade");
    t.issue_person(1);
    downgrade(&t);
    let connection = Connection::open(t.database()).unwrap();
    connection.execute("UPDATE certificate SET org = 'ra-yunnan' WHERE request IS NOT NULL", []).unwrap();
    drop(connection);
    let out = t.base().join("kept");
    let e = Authority::upgrade_at(&t.home(), &out, t.now(), &|_| ()).unwrap_err();
    assert_eq!(e.code(), "backup.unsound", "{e}");
    assert!(!out.exists());
    assert_eq!(Authority::open_read_only(&t.home()).err().unwrap().code(), "store.older-schema");
    let left = fs::read_dir(t.base())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(left.count(), 0);
}
