//! The whole ledger, read without this program: a Python script that follows the export's own description computes every
//! root and every row's digest again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hufu_authority::LedgerExport;
use hufu_model::ident::hex;
use hufu_tests::{TestAuthority, resident_id};

use crate::tree::root;

/// What the script found; none without Python.
fn judged(folder: &Path) -> Option<(u64, String, Vec<String>)> {
    let script = root().join("tests/judges/ledger_export.py");
    let Ok(output) = Command::new("python3").arg(script).arg(folder).output() else {
        eprintln!("SKIPPED judge ledger_export: no python3");
        return None;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let found: serde_json::Value = serde_json::from_str(&said)
        .unwrap_or_else(|e| panic!("{e}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    let wrong: Vec<String> =
        found["wrong"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    assert_eq!(output.status.success(), wrong.is_empty());
    Some((found["events"].as_u64().unwrap(), found["root"].as_str().unwrap().to_owned(), wrong))
}

fn export(t: &TestAuthority, name: &str) -> (PathBuf, LedgerExport) {
    let out = t.base().join(name);
    let done = t.authority.export_ledger(&out, &|_| ()).unwrap();
    (out, done)
}

/// At many sizes of the tree, whole and ragged ones.
#[test]
fn the_root_is_computed_again_without_this_program() {
    let t = TestAuthority::national("export");
    for n in 0..9 {
        if n > 0 {
            t.issue(&(0..n).map(|k| t.people.person(n * 100 + k, "lra-chengdu")).collect::<Vec<_>>());
        }
        let (out, done) = export(&t, &format!("export-{n}"));
        let report = t.authority.audit(hufu_authority::Depth::Ledger, &|_| ()).unwrap();
        assert_eq!((done.events, done.root), (report.events, report.root));
        assert_eq!(
            (done.checkpoints, done.certificates),
            (report.checkpoints, t.authority.status().unwrap().certificates)
        );
        let Some((events, root, wrong)) = judged(&out) else { return };
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!((events, root), (done.events, hex(&done.root)));
    }
}

/// The control: whatever is altered in an export, the script says so.
#[test]
fn an_altered_export_is_found_by_the_script() {
    let t = TestAuthority::national("altered export");
    t.issue(&(1..4).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>());
    let (out, _) = export(&t, "export");
    if judged(&out).is_none() {
        return;
    }
    let sums = fs::read_to_string(out.join("SM3SUMS")).unwrap();
    let alterations = [
        ("events.ndjson", "\"kind\":\"issue\"", "\"kind\":\"reject\"", "says otherwise than its leaf"),
        ("tables/certificate.csv", "lra-chengdu", "ra-sichuan", "no event wrote this row"),
        ("tables/operator.csv", "entry", "admin", "no event wrote this row"),
        ("certificates.ndjson", "\"der\":\"MII", "\"der\":\"MIJ", "no event wrote this row"),
        ("checkpoints.csv", "\r\n", "\r\n9", "there are not so many events"),
    ];
    for (file, from, to, expected) in alterations {
        let whole = fs::read_to_string(out.join(file)).unwrap();
        assert!(whole.contains(from), "{file} has no {from}: {}", &whole[..whole.len().min(300)]);
        fs::write(out.join(file), whole.replacen(from, to, 1)).unwrap();
        let (_, _, wrong) = judged(&out).unwrap();
        assert!(wrong[0].contains("does not have its SM3"), "{file}: {wrong:?}");
        // Also when the sums were made to fit.
        let line = sums.lines().find(|l| l.ends_with(&format!("  {file}"))).unwrap();
        let fits = hufu_x509::digest::sm3(&fs::read(out.join(file)).unwrap());
        fs::write(out.join("SM3SUMS"), sums.replace(line, &format!("{fits}  {file}"))).unwrap();
        let (_, _, wrong) = judged(&out).unwrap();
        assert!(wrong.iter().any(|w| w.contains(expected)), "{file}: {wrong:?}");
        fs::write(out.join(file), whole).unwrap();
        fs::write(out.join("SM3SUMS"), &sums).unwrap();
    }
    assert!(judged(&out).unwrap().2.is_empty());
}

#[test]
fn an_export_keeps_personal_fields_sealed_and_overwrites_nothing() {
    let t = TestAuthority::national("sealed export");
    t.issue(&(1..4).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>());
    let (out, _) = export(&t, "export");
    let mut files = vec![out.clone()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for number in (1..4).map(resident_id) {
            let hexed = hex(number.as_bytes());
            let hits = |needle: &str| bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
            assert!(!hits(&number) && !hits(&hexed), "{number} in {}", path.display());
        }
        read += 1;
    }
    assert!(read > 20, "{read} files");
    assert_eq!(t.authority.export_ledger(&out, &|_| ()).unwrap_err().code(), "home.exists");
    assert_eq!(t.authority.export_ledger(&t.home().join("x"), &|_| ()).unwrap_err().code(), "backup.inside");
}
