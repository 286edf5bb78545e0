//! Kill -9 while an issuing CA is made: there is the whole CA or none, and never a key without its record or a record
//! without its key.

use std::path::Path;

use hufu_authority::{CaWish, Depth};
use hufu_model::ca::CaStatus;
use hufu_model::ident::Digest;
use hufu_tests::{TestAuthority, copy_home};

use crate::figures::{Figures, control, record};

use super::{Ready, kill, ready, trials};

fn wish(name: &str) -> CaWish {
    CaWish { name: name.parse().unwrap(), common_name: None, days: None, current: true }
}

/// Key files under the names of CAs, and those under the names of proposals.
fn key_files(t: &TestAuthority) -> (Vec<String>, usize) {
    let names = std::fs::read_dir(t.home().join("keys")).unwrap();
    let names: Vec<String> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let proposed = names.iter().filter(|n| n.ends_with(".new")).count();
    let mut named: Vec<String> = names.into_iter().filter(|n| n.starts_with("ca-") && n.ends_with(".key")).collect();
    named.sort();
    (named, proposed)
}

/// What is half made: nothing, when all is well. Starting a signer is part of it, as it is after every crash.
fn half_made(t: &TestAuthority) -> Vec<String> {
    let mut wrong = Vec::new();
    // A signer opens the key of every CA that signs, so that none is on record without its key.
    if let Err(e) =
        t.authority.start_signer(&t.session("zhao"), &t.ca_passphrase(), hufu_authority::AfterSigning::Verify)
    {
        wrong.push(format!("no signer: {e}"));
    }
    let cas = t.authority.cas().unwrap();
    let on_record: Vec<String> =
        cas.iter().map(|ca| format!("{}.key", ca.key)).filter(|k| k.starts_with("ca-")).collect();
    let (named, _) = key_files(t);
    if on_record != named {
        wrong.push(format!("on record are {on_record:?}, in the folder {named:?}"));
    }
    if cas.iter().filter(|ca| ca.status == CaStatus::Current).count() != 1 {
        wrong.push("not one CA is current".to_owned());
    }
    let audit = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
    wrong.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    wrong
}

fn each_trial(point: &str, work: impl Fn(&Path, &Ready, usize)) {
    let ready = ready(point);
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    for trial in 0..trials() {
        let base = folder.path().join(trial.to_string());
        copy_home(ready.folder.path(), &base);
        work(&base, &ready, trial);
        std::fs::remove_dir_all(&base).unwrap();
    }
    let figures = Figures { seed: point.to_owned(), trials: trials(), ..Figures::default() };
    record(&format!("{point} of a CA"), figures);
}

/// The one open proposal of a CA.
fn proposal(t: &TestAuthority) -> Option<Digest> {
    t.authority.proposals(true).unwrap().first().map(|p| p.digest)
}

/// Brings the making to its end, whatever was left, and uses the new CA.
fn finish(t: &TestAuthority) {
    let made = t.authority.cas().unwrap().iter().any(|ca| ca.name.as_str() == "g2");
    if !made {
        let again = || t.authority.propose_ca(&t.session("zhao"), &wish("g2"), &t.ca_passphrase()).unwrap();
        let digest = proposal(t).unwrap_or_else(again);
        t.authority.approve_ca(&t.session("qian"), &digest, None, &t.ca_passphrase()).unwrap();
    }
    let issued = t.issue_person(50);
    assert_eq!(issued.serial.as_bytes()[0], 2);
    assert!(half_made(t).is_empty(), "{:?}", half_made(t));
    let (named, proposed) = key_files(t);
    assert_eq!((named, proposed), (vec!["ca-2.key".to_owned()], 0), "something was left over");
}

fn while_proposed(point: &str, proposed: bool) {
    each_trial(point, |base, ready, trial| {
        let _ = kill(base, ready, &format!("trial {trial}"), &format!("{point}:1"), &["propose-ca", "g2"]);
        let t = TestAuthority::open_in(base, ready.now, &format!("after {trial}")).unwrap();
        assert_eq!(half_made(&t), Vec::<String>::new());
        assert_eq!(t.authority.cas().unwrap().iter().count(), 1);
        assert_eq!(proposal(&t).is_some(), proposed);
        assert_eq!(key_files(&t), (Vec::new(), 1));
        finish(&t);
    });
}

fn while_made(point: &str, made: bool) {
    each_trial(point, |base, ready, trial| {
        let t = TestAuthority::open_in(base, ready.now, &format!("before {trial}")).unwrap();
        let digest = t.authority.propose_ca(&t.session("zhao"), &wish("g2"), &t.ca_passphrase()).unwrap();
        drop(t);
        let verb = ["approve-ca", &digest.to_string()];
        let _ = kill(base, ready, &format!("trial {trial}"), &format!("{point}:1"), &verb);
        let t = TestAuthority::open_in(base, ready.now, &format!("after {trial}")).unwrap();
        assert_eq!(half_made(&t), Vec::<String>::new());
        assert_eq!(t.authority.cas().unwrap().iter().any(|ca| ca.name.as_str() == "g2"), made);
        assert_eq!(proposal(&t).is_none(), made);
        finish(&t);
    });
}

#[test]
fn killed_after_the_key_was_written() {
    while_proposed("ca-key", false);
}

#[test]
fn killed_after_the_ca_was_proposed() {
    while_proposed("ca-proposed", true);
}

#[test]
fn killed_after_the_root_signed() {
    while_made("ca-signed", false);
}

#[test]
fn killed_after_the_ca_was_stored() {
    while_made("ca-stored", true);
}

#[test]
fn killed_after_the_key_was_named() {
    while_made("ca-named", true);
}

/// The negative control: a program that gives the key its name before the CA is on record is found.
#[test]
fn the_test_finds_a_key_without_its_record() {
    let ready = ready("name first");
    let _ = kill(ready.folder.path(), &ready, "name first", "ca-key:1", &["name-first", "g2"]);
    let t = TestAuthority::open_in(ready.folder.path(), ready.now, "after").unwrap();
    let found = half_made(&t);
    let named = found.iter().filter(|w| w.contains("ca-2.key")).count();
    assert!(named > 0, "{found:?}");
    control("wrong: names a key first", "name first", named);
}
