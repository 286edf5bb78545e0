//! I12: identity numbers and telephone numbers are in no file and in no output in clear, after a thousand holders went
//! every way there is: issued, rejected, refused, looked at, exported, reported, proved.

use std::fs;
use std::path::{Path, PathBuf};

use hufu_authority::{CertificateFilter, Depth, EventFilter, ExportForm, NewRequest, RequestFilter};
use hufu_model::holder::{Field, Visibility};
use hufu_tests::{TestAuthority, resident_id};

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
