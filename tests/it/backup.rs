//! Nothing is lost: backup while others write, restore, what an older copy may not do, and what is found in a copy that
//! was altered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hufu_authority::{
    AfterSigning, Authority, BackupManifest, CertificateFilter, Depth, ErrorKind, ExportForm, IssuedCertificate, Keys,
    Mode, NewRequest, Restored, Restoring,
};
use hufu_model::ident::Serial;
use hufu_tests::{SeededEntropy, TestAuthority, TestClock, copy_folder, ready_requests};

fn backup(t: &TestAuthority, name: &str) -> PathBuf {
    let out = t.base().join(name);
    t.authority.backup(&out, Keys::With, &|_| ()).unwrap();
    out
}

fn try_restore(t: &TestAuthority, from: &Path, to: &Path, anchor: Option<PathBuf>) -> hufu_authority::Result<Restored> {
    let restoring = Restoring { home: to.to_owned(), anchor, depth: Depth::Deep };
    let (clock, entropy) = (Arc::new(TestClock::new(t.now())), Arc::new(SeededEntropy::new("restore")));
    Authority::restore_with(from, &restoring, clock, entropy, &|_| ())
}

fn restore(t: &TestAuthority, from: &Path, to: &Path) -> Restored {
    try_restore(t, from, to, None).unwrap()
}

fn open(t: &TestAuthority, home: &Path, seed: &str) -> Authority {
    let (clock, entropy) = (Arc::new(TestClock::new(t.now())), Arc::new(SeededEntropy::new(seed)));
    let mut authority = Authority::open_with(home, Mode::ReadWrite, clock, entropy).unwrap();
    authority.unlock(&t.home_passphrase()).unwrap();
    authority
}

/// Starts a signer in another home of the same authority.
fn signs(t: &TestAuthority, authority: &Authority) -> hufu_authority::Result<hufu_authority::CaSigner> {
    let zhao = authority.act_as(&"zhao".parse().unwrap(), t.people.key("zhao")).unwrap();
    authority.start_signer(&zhao, &t.ca_passphrase(), AfterSigning::Verify)
}

fn serials(authority: &Authority) -> Vec<Serial> {
    authority.certificates(&CertificateFilter::default()).unwrap().into_iter().map(|c| c.serial).collect()
}

fn sound(authority: &Authority) {
    let report = authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// I1 to I12 at the moment of the backup: what was acknowledged before it began is in it, byte-equal, whatever was
/// written while it was made; and what is in it is whole.
#[test]
fn a_backup_beside_a_writer_holds_everything_acknowledged_before_it() {
    let t = TestAuthority::national("backup under load");
    t.issue(&(1..4).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>());
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::<IssuedCertificate>::new()));
    let backups = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let t = t.beside("writer");
            let (signer, session) = (t.signer(), t.session("sichuan-approver"));
            for n in 100.. {
                if stop.load(Ordering::SeqCst) {
                    return n - 100;
                }
                let ids = t.enter("chengdu-entry", "sichuan-approver", &[t.people.person(n, "lra-chengdu")]);
                let issued = t.authority.issue(&session, &signer, &ids).unwrap();
                acknowledged.lock().unwrap().extend(issued.into_iter().map(Result::unwrap));
            }
            unreachable!()
        });
        let mut backups = Vec::new();
        let mut written = 0;
        for n in 0..5 {
            while acknowledged.lock().unwrap().len() < written + 3 {
                std::thread::yield_now();
            }
            let before = acknowledged.lock().unwrap().clone();
            written = before.len();
            backups.push((before, backup(&t, &format!("backup-{n}"))));
        }
        stop.store(true, Ordering::SeqCst);
        assert!(writer.join().unwrap() >= 12, "the writer stood still");
        backups
    });
    for (n, (before, from)) in backups.iter().enumerate() {
        let home = t.base().join(format!("restored-{n}"));
        // The anchor of the moment: the live one has gone on.
        let anchor = t.base().join(format!("anchor-{n}.pem"));
        fs::copy(from.join("anchor.pem"), &anchor).unwrap();
        let restored = try_restore(&t, from, &home, Some(anchor)).unwrap();
        let report = restored.report.unwrap();
        assert_eq!((report.events, report.root), (restored.manifest.events, restored.manifest.root));
        let authority = open(&t, &home, "restored");
        for issued in before {
            let der = authority.export(&issued.serial, ExportForm::Der).unwrap();
            assert_eq!(der, issued.der, "backup {n}: {}", issued.serial);
        }
        sound(&authority);
    }
}

#[test]
fn a_restored_home_goes_on_where_the_backup_ended() {
    let t = TestAuthority::national("restore");
    let issued = t.issue_person(1);
    let (settings, published) = (t.home().join("hufu.toml"), format!("publish = {:?}\n", t.base().join("lists")));
    fs::write(&settings, fs::read_to_string(&settings).unwrap() + &published).unwrap();
    let from = backup(&t, "backup");
    let home = t.base().join("restored");
    // The old home is gone, its anchor is there.
    fs::rename(t.home(), t.base().join("burnt")).unwrap();
    let restored = restore(&t, &from, &home);
    assert!(restored.behind.is_none() && !restored.anchor_copied, "{restored:?}");
    assert!(fs::read_to_string(home.join("hufu.toml")).unwrap().contains(&published), "a setting was lost");
    let authority = open(&t, &home, "restored");
    assert_eq!(authority.export(&issued.serial, ExportForm::Der).unwrap(), issued.der);
    let signer = signs(&t, &authority).unwrap();
    let entry = authority.act_as(&"chengdu-entry".parse().unwrap(), t.people.key("chengdu-entry")).unwrap();
    let approver = authority.act_as(&"sichuan-approver".parse().unwrap(), t.people.key("sichuan-approver")).unwrap();
    let request: NewRequest = t.people.person(2, "lra-chengdu");
    let ids = [request.id.clone()];
    assert!(authority.submit(&entry, &[request]).unwrap().remove(0).is_ok());
    assert!(authority.approve(&approver, &ids).unwrap().remove(0).is_ok());
    assert!(authority.issue(&approver, &signer, &ids).unwrap().remove(0).is_ok());
    sound(&authority);
}

#[test]
fn without_its_anchor_a_restored_home_says_so() {
    let t = TestAuthority::national("anchor gone");
    t.issue_person(1);
    let from = backup(&t, "backup");
    fs::rename(t.base().join("anchor"), t.base().join("elsewhere")).unwrap();
    let home = t.base().join("restored");
    let restored = restore(&t, &from, &home);
    assert!(restored.anchor_copied && restored.behind.is_none());
    assert!(restored.anchor.starts_with(t.base().join("restored-anchor")));
    signs(&t, &open(&t, &home, "restored")).unwrap();
    // A path that leads nowhere is no anchor.
    let nowhere = t.base().join("nowhere.pem");
    let e = try_restore(&t, &from, &t.base().join("other"), Some(nowhere)).unwrap_err();
    assert_eq!(e.code(), "home.file");
    assert!(!t.base().join("other").exists());
}

/// A hundred old copies with different cut points; none signs, each says what it lacks, all can be read.
#[test]
fn an_older_backup_than_the_anchor_never_signs() {
    let t = TestAuthority::national("older");
    let (trials, rounds) = (100, 25);
    let mut backups = Vec::new();
    for n in 0..rounds {
        backups.push((backup(&t, &format!("b{n}")), serials(&t.authority)));
        t.clock.advance(60);
        t.issue(&(0..=n % 3).map(|k| t.people.person(1 + n * 10 + k, "lra-chengdu")).collect::<Vec<_>>());
    }
    let anchored = t.authority.anchor().unwrap().pop().unwrap().checkpoint;
    let mut refused = 0;
    for trial in 0..trials {
        let (from, held) = &backups[usize::try_from(trial % rounds).unwrap()];
        let home = t.base().join(format!("old-{trial}"));
        // By turns put back as a whole, and only the database into the place of the new one.
        let authority = if trial < rounds {
            let restored = restore(&t, from, &home);
            assert_eq!(restored.behind.as_ref().unwrap().code(), "ledger.behind-anchor");
            open(&t, &home, "old")
        } else {
            copy_folder(&t.home(), &home);
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(home.join(format!("ledger.db{suffix}")));
            }
            fs::copy(from.join("ledger.db"), home.join("ledger.db")).unwrap();
            open(&t, &home, "old")
        };
        let e = signs(&t, &authority).err().unwrap();
        let ErrorKind::BehindAnchor { ledger, last, anchor, seen } = e.kind() else { panic!("{e}") };
        let events = authority.status().unwrap().events;
        assert_eq!((*ledger, *anchor, seen.unix_seconds()), (events, anchored.size, anchored.at));
        assert!(last < seen && e.to_string().contains(&format!("{} events are missing", anchor - ledger)), "{e}");
        refused += 1;
        // It can be read.
        assert_eq!(serials(&authority), *held);
        fs::remove_dir_all(&home).unwrap();
    }
    assert_eq!(refused, trials);
    // The newest copy of all is not refused.
    let home = t.base().join("newest");
    restore(&t, &backup(&t, "newest-backup"), &home);
    signs(&t, &open(&t, &home, "newest")).unwrap();
    eprintln!("{trials} old copies at {rounds} cut points: {refused} refused to sign, 1 current copy signed");
}

/// One altered octet anywhere in any file is found and its file named, with the MiB it lies in.
#[test]
fn one_altered_octet_anywhere_in_a_backup_is_named() {
    let t = TestAuthority::national("altered");
    t.issue(&(1..20).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>());
    let from = backup(&t, "backup");
    let manifest = BackupManifest::read(&from).unwrap();
    manifest.check(&from, &|_| ()).unwrap();
    let mut names: Vec<String> = manifest.files.iter().map(|f| f.path.clone()).collect();
    assert!(["anchor.pem", "hufu.toml", "keys/root.key", "ledger.db"].iter().all(|n| names.iter().any(|m| m == n)));
    names.push("MANIFEST.toml".to_owned());
    let mut trials = 0;
    for name in &names {
        let path = from.join(name);
        let whole = fs::read(&path).unwrap();
        let places = 12.min(whole.len());
        for n in 0..places {
            let at = n * (whole.len() - 1) / (places - 1).max(1);
            let mut altered = whole.clone();
            altered[at] ^= 1 << (n % 8);
            fs::write(&path, altered).unwrap();
            let e = try_restore(&t, &from, &t.base().join("never"), None).unwrap_err();
            let ErrorKind::BackupAltered { faults, .. } = e.kind() else { panic!("{name} {at}: {e}") };
            assert!(faults.len() == 1 && faults[0].starts_with(name.as_str()), "{name} {at}: {faults:?}");
            if name != "MANIFEST.toml" {
                let first = at >> 20 << 20;
                assert!(faults[0].contains(&format!("octet {first} and")), "{at}: {faults:?}");
            }
            trials += 1;
        }
        for cut in [&whole[..whole.len() - 1], &[]] {
            fs::write(&path, cut).unwrap();
            assert_eq!(try_restore(&t, &from, &t.base().join("never"), None).unwrap_err().code(), "backup.altered");
        }
        fs::remove_file(&path).unwrap();
        let e = try_restore(&t, &from, &t.base().join("never"), None).unwrap_err();
        assert_eq!(e.code(), if name == "MANIFEST.toml" { "backup.missing" } else { "backup.altered" });
        fs::write(&path, whole).unwrap();
    }
    fs::write(from.join("keys/more.key"), "x").unwrap();
    assert_eq!(try_restore(&t, &from, &t.base().join("never"), None).unwrap_err().code(), "backup.altered");
    fs::remove_file(from.join("keys/more.key")).unwrap();
    assert!(!t.base().join("never").exists(), "something was restored");
    // The control: as it was written, it restores.
    restore(&t, &from, &t.base().join("again"));
    assert!(trials >= 80, "only {trials}");
}

/// Who makes a manifest that fits what they altered has not altered what is signed.
#[test]
fn an_altered_database_with_a_fitting_manifest_does_not_verify() {
    let t = TestAuthority::national("fitting");
    t.issue_person(1);
    let from = backup(&t, "backup");
    let connection = rusqlite::Connection::open(from.join("ledger.db")).unwrap();
    connection.execute("UPDATE certificate SET org = 'ra-yunnan' WHERE request IS NOT NULL", []).unwrap();
    drop(connection);
    let text = fs::read_to_string(from.join("MANIFEST.toml")).unwrap();
    let body = text.rsplit_once("# sm3 ").unwrap().0;
    let mut table: toml::Table = body.parse().unwrap();
    for file in table["file"].as_array_mut().unwrap() {
        let file = file.as_table_mut().unwrap();
        let bytes = fs::read(from.join(file["path"].as_str().unwrap())).unwrap();
        let digest = |bytes: &[u8]| toml::Value::String(hufu_x509::digest::sm3(bytes).to_string());
        file.insert("size".to_owned(), i64::try_from(bytes.len()).unwrap().into());
        file.insert("sm3".to_owned(), digest(&bytes));
        file.insert("blocks".to_owned(), toml::Value::Array(bytes.chunks(1 << 20).map(digest).collect()));
    }
    let body = table.to_string();
    let seal = hufu_x509::digest::sm3(body.as_bytes());
    fs::write(from.join("MANIFEST.toml"), format!("{body}# sm3 {seal}\n")).unwrap();
    let e = try_restore(&t, &from, &t.base().join("never"), None).unwrap_err();
    assert_eq!(e.code(), "backup.unsound", "{e}");
    assert!(!t.base().join("never").exists());
}

#[test]
fn a_backup_overwrites_nothing_and_lies_outside_the_home() {
    let t = TestAuthority::national("places");
    let from = backup(&t, "backup");
    let refused = |out: &Path| t.authority.backup(out, Keys::With, &|_| ()).unwrap_err().code();
    assert_eq!(refused(&from), "home.exists");
    fs::create_dir(t.base().join("empty")).unwrap();
    assert_eq!(refused(&t.base().join("empty")), "home.exists");
    for inside in ["home/backup", "home/keys/backup", "home/../home/b"] {
        assert_eq!(refused(&t.base().join(inside)), "backup.inside", "{inside}");
    }
    assert_eq!(try_restore(&t, &from, &t.home(), None).unwrap_err().code(), "home.exists");
    assert_eq!(
        try_restore(&t, &t.base().join("anchor"), &t.base().join("x"), None).unwrap_err().code(),
        "backup.missing"
    );
    let names = |folder: &Path| {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(t.base()), ["anchor", "backup", "empty", "home", "passphrases"]);
    // Without the keys it can be read and verified.
    let out = t.base().join("without");
    t.authority.backup(&out, Keys::Without, &|_| ()).unwrap();
    assert!(!names(&out).contains(&"keys".to_owned()), "{:?}", names(&out));
    restore(&t, &out, &t.base().join("keyless"));
    sound(&Authority::open_read_only(&t.base().join("keyless")).unwrap());
}

/// No personal number and no passphrase is in a backup in clear, and nobody else may read it.
#[test]
fn a_backup_is_as_secret_as_the_home() {
    use std::os::unix::fs::PermissionsExt;
    let t = TestAuthority::national("secret");
    let _ = ready_requests(&t, 1, 3);
    let from = backup(&t, "backup");
    let numbers: Vec<String> = (1..4).map(hufu_tests::resident_id).collect();
    let passphrase = t.ca_passphrase();
    for file in BackupManifest::read(&from).unwrap().files {
        let path = from.join(&file.path);
        let bytes = fs::read(&path).unwrap();
        for secret in numbers.iter().map(String::as_str).chain([passphrase.expose()]) {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{} in {}", secret, file.path);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", file.path);
    }
    assert_eq!(fs::metadata(&from).unwrap().permissions().mode() & 0o077, 0);
}

/// The vault is copied after the certificates: every pair of a copy has its key in the copy, whatever is issued meanwhile.
#[test]
fn every_pair_in_a_backup_has_its_key_in_it() {
    let t = TestAuthority::national("backup of pairs");
    t.found_key_centre();
    let pair = |t: &TestAuthority, n: u64| {
        let mut request = t.people.person(n, "lra-chengdu");
        request.pair = true;
        request
    };
    t.issue(&[pair(&t, 1)]);
    let older = backup(&t, "older");
    let made = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let t = t.beside("pairs");
            (10..30).for_each(|n| drop(t.issue(&[pair(&t, n)])));
        });
        let mut made = 0;
        while !writer.is_finished() {
            backup(&t, &format!("during-{made}"));
            made += 1;
        }
        writer.join().unwrap();
        made
    });
    assert!(made > 0);
    let home = t.base().join("restored");
    restore(&t, &backup(&t, "after"), &home);
    assert!(home.join("kmc.db").exists());

    // The control: an older vault beside newer certificates is no backup.
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    hufu_tests::copy_home(t.base(), folder.path());
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("home/kmc.db{suffix}")));
    }
    fs::copy(older.join("kmc.db"), folder.path().join("home/kmc.db")).unwrap();
    let mixed = TestAuthority::open_in(folder.path(), t.now(), "mixed").unwrap();
    let e = mixed.authority.backup(&folder.path().join("no"), Keys::With, &|_| ()).unwrap_err();
    assert!(e.code() == "backup.unsound" && e.to_string().contains("is not in the key centre's copy"), "{e}");
}
