//! The ledger, its anchor, and the founding.

use std::fs;

use hufu_authority::{AfterSigning, Authority, Class, Depth, Founding, HomePassphrases, NewAdministrator};
use hufu_model::event::EventKind;
use hufu_store::{Mode, Store};
use hufu_tests::{TestAuthority, copy_home, ready_requests};
use hufu_x509::key::Passphrase;

use super::sql;
use crate::expect::{all, code, sound};

/// An event that was begun and dropped spoils its transaction, whatever is closed after it.
#[test]
fn a_dropped_event_spoils_what_follows_it() {
    let t = TestAuthority::found("dropped");
    let store = Store::open(&t.database(), Mode::ReadWrite).unwrap();
    let written = store.write(t.now(), |w| {
        let mut dropped = w.event(EventKind::OrgChange, None, "dropped");
        dropped.put_meta("nobody", "recorded this")?;
        drop(dropped);
        w.event(EventKind::OrgChange, None, "closed").close()?;
        Ok::<_, hufu_store::Error>(())
    });
    assert_eq!(written.unwrap_err().kind().code(), "store.unclosed-event");
    let refused = store.write(t.now(), |w| {
        let mut event = w.event(EventKind::OrgChange, None, "refused");
        // The name is taken; whoever goes on as if nothing had happened stores nothing.
        let _ = event.put_meta("name", "another");
        let _ = event.close();
        w.event(EventKind::OrgChange, None, "closed").close()?;
        Ok::<_, hufu_store::Error>(())
    });
    assert_eq!(refused.unwrap_err().kind().code(), "store.unclosed-event");
    sound(&t);
}

/// A slow process may add an old checkpoint behind a newer one: the newest counts, not the last line.
#[test]
fn the_newest_checkpoint_of_the_anchor_counts() {
    let t = TestAuthority::national("newest");
    let older = tempfile::tempdir().unwrap();
    sql(&t).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    copy_home(t.base(), older.path());
    let old = fs::read(t.base().join("anchor/checkpoints.pem")).unwrap();
    t.issue_person(1);
    let mut anchor = fs::read(t.base().join("anchor/checkpoints.pem")).unwrap();
    anchor.extend_from_slice(&old);
    fs::write(t.base().join("anchor/checkpoints.pem"), &anchor).unwrap();
    t.authority.check_anchor().unwrap();
    sound(&t);
    // The old home before the anchor of today, whose last line it knows.
    fs::write(older.path().join("anchor/checkpoints.pem"), &anchor).unwrap();
    let back = TestAuthority::open_in(older.path(), t.now(), "put back").unwrap();
    assert_eq!(code(back.authority.check_anchor()), "ledger.behind-anchor");
}

/// A medium that is not there is no permission to go on without it.
#[test]
fn a_missing_anchor_stops_the_signer() {
    let t = TestAuthority::national("no anchor");
    let file = t.base().join("anchor/checkpoints.pem");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let error = t.authority.check_anchor().unwrap_err();
    assert_eq!((error.code(), error.kind().class()), ("ledger.anchor-missing", Class::Integrity));
    let started = t.authority.start_signer(&t.session("zhao"), &t.ca_passphrase(), AfterSigning::Verify);
    assert_eq!(code(started), "ledger.anchor-missing");
    assert!(!file.exists());
    let report = t.authority.audit(Depth::Ledger, &|_| ()).unwrap();
    assert!(report.findings.iter().any(|f| f.rule == "anchor"), "{:?}", report.findings);
    fs::write(&file, &bytes).unwrap();
    // Nor does a signer that runs already begin another one in its place.
    let signer = t.signer();
    let ids = ready_requests(&t, 1, 2);
    all(t.authority.issue(&t.session("sichuan-approver"), &signer, &ids[..1]));
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let late = t.authority.issue(&t.session("sichuan-approver"), &signer, &ids[1..]);
    assert_eq!(code(late), "ledger.anchor-missing");
    assert!(!file.exists());
    fs::write(&file, bytes).unwrap();
    all(t.authority.issue(&t.session("sichuan-approver"), &signer, &ids));
    sound(&t);
}

/// Where the anchor is does not depend on the folder a later command is started in.
#[test]
fn the_anchor_is_remembered_by_its_whole_path() {
    let t = TestAuthority::found("whole path");
    let folder = tempfile::tempdir().unwrap();
    let up = "../".repeat(std::env::current_dir().unwrap().components().count());
    let relative = &std::path::Path::new(&up).join(folder.path().strip_prefix("/").unwrap());
    let administrator =
        |id: &str| NewAdministrator { id: id.parse().unwrap(), name: "某人".to_owned(), csr: t.people.csr(id) };
    let founding = |root_key, anchor| Founding {
        name: "另一个".to_owned(),
        name_en: String::new(),
        base_http: "http://pki.example.cn".to_owned(),
        base_ldap: None,
        anchor,
        root_key,
        instance: 1,
        crl_shards: 16,
        administrators: [administrator("zhao"), administrator("qian")],
    };
    let passphrase = Passphrase::existing("a passphrase of the test".to_owned());
    let passphrases = HomePassphrases { ca: &passphrase, home: &passphrase };
    let authority = Authority::found(&relative.join("home"), &founding(None, None), &passphrases).unwrap();
    assert!(authority.home().anchor().is_absolute(), "{}", authority.home().anchor().display());
    assert!(authority.home().anchor().exists());

    // And a founding that fails leaves nothing, not even the root's key that was written elsewhere.
    let root_key = folder.path().join("root.key");
    let blocked = folder.path().join("file");
    fs::write(&blocked, b"x").unwrap();
    let failing = founding(Some(root_key.clone()), Some(blocked.join("anchor")));
    assert!(Authority::found(&relative.join("second"), &failing, &passphrases).is_err());
    assert!(!root_key.exists() && !folder.path().join("second").exists());
    // What somebody else put there before is not touched.
    fs::write(&root_key, b"another key").unwrap();
    let failing = founding(Some(root_key.clone()), None);
    assert!(Authority::found(&relative.join("third"), &failing, &passphrases).is_err());
    assert_eq!(fs::read(&root_key).unwrap(), b"another key");
}

/// Founding builds in a folder of its own making: one that stands ready for its keys is refused.
#[test]
fn founding_does_not_build_in_a_strange_folder() {
    let t = TestAuthority::found("strange folder");
    let folder = tempfile::tempdir().unwrap();
    let trap = folder.path().join(format!("home.founding-{}", std::process::id()));
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir_all(&trap).unwrap();
    fs::create_dir_all(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, trap.join("keys")).unwrap();
    let administrator =
        |id: &str| NewAdministrator { id: id.parse().unwrap(), name: "某人".to_owned(), csr: t.people.csr(id) };
    let founding = Founding {
        name: "另一个".to_owned(),
        name_en: String::new(),
        base_http: "http://pki.example.cn".to_owned(),
        base_ldap: None,
        anchor: None,
        root_key: None,
        instance: 1,
        crl_shards: 16,
        administrators: [administrator("zhao"), administrator("qian")],
    };
    let passphrase = Passphrase::existing("a passphrase of the test".to_owned());
    let passphrases = HomePassphrases { ca: &passphrase, home: &passphrase };
    assert!(Authority::found(&folder.path().join("home"), &founding, &passphrases).is_err());
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "keys were written through a link");
}

/// Each invariant is compared with what it is about, not with itself.
#[test]
fn the_audit_sees_dates_and_certificates_without_a_request() {
    let t = TestAuthority::national("audit");
    let ids = ready_requests(&t, 1, 1);
    let issued = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids)).remove(0);
    let rules = |t: &TestAuthority| -> Vec<String> {
        let report = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
        report.findings.into_iter().filter(|f| f.rule.starts_with('I')).map(|f| f.rule).collect()
    };
    assert!(rules(&t).is_empty());
    // The intent was committed a day later than the certificate begins.
    sql(&t).execute("UPDATE intent SET at = at + 86400 WHERE request = ?1", [ids[0].as_str()]).unwrap();
    assert!(rules(&t).contains(&"I9".to_owned()), "{:?}", rules(&t));
    sql(&t).execute("UPDATE intent SET at = at - 86400 WHERE request = ?1", [ids[0].as_str()]).unwrap();
    assert!(rules(&t).is_empty());
    // Without a request it looks like one of the founding, which it is not.
    let serial = issued.serial.as_bytes();
    sql(&t).execute("UPDATE certificate SET request = NULL WHERE serial = ?1", [serial]).unwrap();
    assert!(rules(&t).contains(&"I3".to_owned()), "{:?}", rules(&t));
}

/// A founding that was cut off between its checkpoint and its anchor goes on.
#[test]
fn a_founding_cut_off_before_its_anchor_goes_on() {
    let t = TestAuthority::found("cut off");
    fs::remove_file(t.base().join("anchor/checkpoints.pem")).unwrap();
    let again = t.beside("cut off, again");
    again.authority.checkpoint(&again.signer()).unwrap();
    assert_eq!(again.authority.anchor().unwrap().len(), 2);
    sound(&again);
}
