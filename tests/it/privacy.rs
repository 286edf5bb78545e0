//! I12: identity numbers and telephone numbers are in no file and in no output in clear, after a thousand holders went
//! every way there is: issued, rejected, refused, looked at, exported, reported, proved.

use std::fs;
use std::path::{Path, PathBuf};

use hufu_authority::{CertificateFilter, Depth, EventFilter, ExportForm, NewRequest, RequestFilter};
use hufu_model::holder::{Field, Visibility};
use hufu_tests::{TestAuthority, resident_id};
use hufu_x509::pkcs8;

const PERSONS: u64 = 1000;

#[test]
fn personal_fields_are_nowhere_in_clear() {
    let t = TestAuthority::national("privacy");
    let mut requests: Vec<NewRequest> = (0..PERSONS).map(|n| t.people.person(n, "lra-chengdu")).collect();
    requests.extend((0..20).map(|n| t.people.organisation(n, "lra-chengdu")));
    requests.extend((0..20).map(|n| t.people.device(n, "lra-chengdu")));
    let canaries = canaries(&requests);
    assert!(canaries.len() > 2000);

    let (sichuan, signer) = (t.session("sichuan-approver"), t.signer());
    for result in t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap() {
        result.unwrap();
    }
    let ids: Vec<_> = requests.iter().map(|r| r.id.clone()).collect();
    let (rejected, approved) = ids.split_at(200);
    for result in t.authority.reject(&sichuan, rejected, "材料不全").unwrap() {
        result.unwrap();
    }
    for result in t.authority.approve(&sichuan, approved).unwrap() {
        result.unwrap();
    }
    let issued = t.authority.issue(&sichuan, &signer, approved).unwrap();
    let issued: Vec<_> = issued.into_iter().map(Result::unwrap).collect();

    // Refusals name what is wrong, not whom it is about.
    let mut wrong = t.people.person(5000, "lra-chengdu");
    let number = resident_id(5000);
    let broken = format!("{}{}", &number[..17], if number.ends_with('0') { '1' } else { '0' });
    for (field, value) in &mut wrong.fields {
        if *field == Field::DocumentNumber {
            value.clone_from(&broken);
        }
    }
    let refusal = t.authority.submit(&t.session("chengdu-entry"), &[wrong]).unwrap().remove(0).unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains(&broken[..17]), "{refusal}");

    let mut said = String::new();
    for id in &ids {
        said.push_str(&format!("{:?}", t.authority.request(id).unwrap()));
    }
    said.push_str(&format!("{:?}", t.authority.requests(&RequestFilter::default()).unwrap()));
    said.push_str(&format!("{:?}", t.authority.certificates(&CertificateFilter::default()).unwrap()));
    said.push_str(&format!("{:?}", t.authority.events(&EventFilter::default()).unwrap()));
    said.push_str(&format!("{:?}", t.authority.summary(None, None).unwrap()));
    said.push_str(&format!("{:?}", t.authority.audit(Depth::Deep, &|_| ()).unwrap()));
    said.push_str(&t.authority.prove_certificate(&issued[0].serial).unwrap());
    for certificate in &issued {
        let der = t.authority.export(&certificate.serial, ExportForm::Der).unwrap();
        refute(&canaries, "a certificate", &der);
    }
    refute(&canaries, "what was said", said.as_bytes());
    // Masked, they are recognisable to the operator who has the document at hand.
    let number = resident_id(999);
    assert!(said.contains(&number[..3]) && said.contains("***"));

    // The database with its write-ahead log, the keys, the anchor.
    let mut seen = 0;
    for path in files(t.base()) {
        refute(&canaries, &path.display().to_string(), &fs::read(&path).unwrap());
        seen += 1;
    }
    assert!(seen >= 6, "{seen} files");
}

#[test]
fn personal_fields_are_shown_masked() {
    let t = TestAuthority::national("masked");
    let issued = t.issue(&[t.people.person(7, "lra-chengdu"), t.people.organisation(8, "lra-chengdu")]);
    let view = t.authority.request(&issued[0].request).unwrap();
    let of = |view: &hufu_authority::RequestView, field: Field| {
        view.personal.iter().find(|(f, _)| *f == field).map(|(_, v)| v.clone()).unwrap()
    };
    let number = resident_id(7);
    let expected = format!("{}***********{}", &number[..3], &number[14..]);
    assert_eq!(of(&view, Field::DocumentNumber), expected);
    assert_eq!(of(&view, Field::Phone), "138****0007");
    let view = t.authority.request(&issued[1].request).unwrap();
    assert_eq!(of(&view, Field::ContactPhone), "139****0008");
    assert_eq!(of(&view, Field::ContactName), "欧****");
    // A home whose data key is locked shows none of them.
    let locked = hufu_authority::Authority::open_read_only(&t.home()).unwrap();
    assert!(locked.request(&issued[0].request).unwrap().personal.is_empty());
}

/// The private keys of the home are encrypted, each under a salt of its own, and stand in no other file and no export.
#[test]
fn private_keys_are_nowhere_in_clear() {
    let t = TestAuthority::national("keys");
    let issued = t.issue_person(1);
    let mut seen = std::collections::BTreeSet::new();
    for name in ["root", "issuing", "ledger"] {
        let file = fs::read(t.authority.home().key(name)).unwrap();
        let text = String::from_utf8(file.clone()).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
        assert!(seen.insert(text), "two keys in one form");
        // It opens with the passphrase, and only with it.
        assert!(pkcs8::decrypt(&file, &t.ca_passphrase()).is_ok());
        assert!(pkcs8::decrypt(&file, &t.home_passphrase()).is_err());
    }
    for form in [ExportForm::Pem, ExportForm::PemChain, ExportForm::Der, ExportForm::P7b] {
        let bytes = t.authority.export(&issued.serial, form).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"PRIVATE"), "{form:?}");
    }
    // Only the owner can read what is in a home.
    use std::os::unix::fs::PermissionsExt;
    for file in files(&t.home()) {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} can be read by others: {mode:o}", file.display());
    }
}

/// Every personal value of some length, of every request.
fn canaries(requests: &[NewRequest]) -> Vec<Vec<u8>> {
    let personal = requests.iter().flat_map(|r| &r.fields).filter(|(f, _)| f.visibility() == Visibility::Personal);
    // A name of a contact may be that of a holder, which is public.
    personal.map(|(_, v)| v.clone().into_bytes()).filter(|v| v.len() >= 11 && v.is_ascii()).collect()
}

/// One pass: all canaries of one length are looked up for each place.
fn refute(canaries: &[Vec<u8>], what: &str, bytes: &[u8]) {
    use std::collections::{HashMap, HashSet};
    let mut by_length: HashMap<usize, HashSet<&[u8]>> = HashMap::new();
    for canary in canaries {
        by_length.entry(canary.len()).or_default().insert(canary);
    }
    for (length, canaries) in by_length {
        // Runs of digits only: all canaries consist of digits, but for the last place.
        for window in bytes.windows(length).filter(|w| w[..length - 1].iter().all(u8::is_ascii_digit)) {
            assert!(!canaries.contains(window), "{what} holds {}", String::from_utf8_lossy(window));
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
