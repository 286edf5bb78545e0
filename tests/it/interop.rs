//! What Hufu made, judged by programs written elsewhere: chains, linted forms, signed records, requests.

use std::path::{Path, PathBuf};

use hufu_authority::{CertificateFilter, Mode, NewRequest};
use hufu_model::holder::HolderKind;
use hufu_model::ident::RequestId;
use hufu_model::operator::Role;
use hufu_model::profile::ProfileClass;
use hufu_store::Store;
use hufu_tests::{TestAuthority, ready_requests};

use crate::expect::{all, sound};
use crate::judge::{CHAIN_JUDGES, Judge, LINTER, MESSAGE_JUDGES, all_accepted, is_table_c4};

/// Certificates of each end-entity profile that the foreign linter reads; `HUFU_LINT_CERTIFICATES` sets another number.
fn per_profile() -> u64 {
    std::env::var("HUFU_LINT_CERTIFICATES").ok().map_or(200, |n| n.parse().unwrap())
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap() }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Root and issuing CA as files.
fn authority_files(t: &TestAuthority, files: &Files) -> (PathBuf, PathBuf) {
    let identity = t.authority.identity();
    (files.put("root.pem", identity.root.pem().as_bytes()), files.put("issuing.pem", identity.issuing.pem().as_bytes()))
}

/// Every certificate of the home as a DER file.
fn all_certificates(t: &TestAuthority, files: &Files) -> Vec<PathBuf> {
    let rows = t.authority.certificates(&CertificateFilter { limit: u32::MAX, ..Default::default() }).unwrap();
    rows.iter()
        .map(|row| {
            let der = t.authority.certificate(&row.serial).unwrap().certificate.der().to_vec();
            files.put(&format!("{}-{}.der", row.profile, row.serial), &der)
        })
        .collect()
}

fn judge_chain(judge: Judge, root: &Path, issuing: &Path, at: &str, files: &[PathBuf]) {
    all_accepted(judge, judge.chain(root, issuing, Some(at), files), files.len());
}

/// A request of number `n` for any end-entity profile subscribers may have.
fn request_for(t: &TestAuthority, profile: &str, holder: HolderKind, n: u64) -> NewRequest {
    let mut request = match holder {
        HolderKind::Person => t.people.person(n, "lra-chengdu"),
        HolderKind::Organisation => t.people.organisation(n, "lra-chengdu"),
        HolderKind::Device => t.people.device(n, "lra-chengdu"),
    };
    request.id = format!("{profile}-{n}").parse().unwrap();
    request.csr = t.people.csr(request.id.as_str());
    request.profile = profile.parse().unwrap();
    request
}

/// Every end-entity profile in bulk, as pairs where it has a companion, and the authority's own certificates: whole chains
/// hold in three foreign programs, and the foreign linter finds no error in any of them.
#[test]
fn bulk_runs_of_every_profile_are_accepted_everywhere() {
    let t = TestAuthority::national("bulk");
    t.found_key_centre();
    let count = per_profile();
    let mut profiles = 0;
    for (id, source) in hufu_data::profiles() {
        let profile = hufu_data::profile_from_toml(source).unwrap();
        if profile.class != ProfileClass::EndEntity || profile.holders.is_empty() {
            continue;
        }
        profiles += 1;
        if profile.encrypts_only() {
            // Issued with its signing half.
            continue;
        }
        if *id == "operator" {
            let staff: Vec<NewRequest> = (0..count)
                .map(|n| {
                    t.people.staff(&format!("bulk-{n}"), "lra-chengdu", &hufu_tests::holder_name(n), &[Role::Entry])
                })
                .collect();
            t.appoint(&staff);
            continue;
        }
        let requests: Vec<NewRequest> = (0..count)
            .map(|n| {
                let holder = profile.holders[usize::try_from(n).unwrap() % profile.holders.len()];
                NewRequest { pair: profile.pair_with.is_some(), ..request_for(&t, id, holder, n) }
            })
            .collect();
        t.issue(&requests);
    }
    assert!(profiles >= 6, "profiles were lost: {profiles}");
    let files = Files::new();
    let (root, issuing) = authority_files(&t, &files);
    let ledger = files.put("ledger.der", t.authority.identity().ledger.der());
    let mut certificates = all_certificates(&t, &files);
    assert!(certificates.len() as u64 >= profiles * count);
    certificates.extend([ledger, issuing.clone(), root.clone()]);
    let at = t.now().to_string();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let is_encryption = |path: &&PathBuf| path.to_string_lossy().contains("-enc-");
            let (encryption, others): (Vec<&PathBuf>, Vec<&PathBuf>) = certificates.iter().partition(is_encryption);
            let owned = |paths: Vec<&PathBuf>| paths.into_iter().cloned().collect::<Vec<_>>();
            let (encryption, others) = (owned(encryption), owned(others));
            assert!(encryption.len() as u64 >= 5 * count);
            all_accepted(LINTER, LINTER.run(&["lint"], &others), others.len());
            let verdicts = LINTER.run(&["lint"], &encryption).unwrap_or_default();
            let refused: Vec<_> = verdicts.iter().filter(|v| !v.ok && !is_table_c4(v)).collect();
            assert!(refused.is_empty(), "{refused:#?}");
        });
        for judge in CHAIN_JUDGES {
            judge_chain(judge, &root, &issuing, &at, &certificates);
        }
        // Also by the strict form rules of RFC 5280.
        let openssl = Judge("openssl4");
        let (root, issuing) = (root.to_str().unwrap(), issuing.to_str().unwrap());
        let arguments = ["chain", "--root", root, "--ca", issuing, "--at", &at, "--strict"];
        all_accepted(openssl, openssl.run(&arguments, &certificates), certificates.len());
    });
    sound(&t);
}

/// One altered octet of the signed part, and the chain holds nowhere.
#[test]
fn altered_certificates_are_refused_everywhere() {
    let t = TestAuthority::national("altered certificate");
    let issued = t.issue_person(1);
    let files = Files::new();
    let (root, issuing) = authority_files(&t, &files);
    let name = "钱一一一".as_bytes();
    let at = issued.der.windows(name.len()).position(|w| w == name).unwrap();
    let mut other_name = issued.der.clone();
    other_name[at..at + name.len()].copy_from_slice("钱一一二".as_bytes());
    let mut other_serial = issued.der.clone();
    let serial = issued.serial.as_bytes();
    let at = issued.der.windows(serial.len()).position(|w| w == serial).unwrap();
    other_serial[at + 18] ^= 1;
    let mut other_signature = issued.der.clone();
    *other_signature.last_mut().unwrap() ^= 1;
    let altered = [
        files.put("name.der", &other_name),
        files.put("serial.der", &other_serial),
        files.put("signature.der", &other_signature),
    ];
    for judge in CHAIN_JUDGES {
        let Some(verdicts) = judge.chain(&root, &issuing, Some(&t.now().to_string()), &altered) else { continue };
        assert!(verdicts.len() == 3 && verdicts.iter().all(|v| !v.ok), "{}: {verdicts:#?}", judge.0);
    }
}

/// Validity is inclusive at both ends (RFC 5280 §4.1.2.5): the first and the last second are good, the ones beside them
/// not. OpenSSL before 3.0, and so BabaSSL, takes the last second for expired: known, and no reason to write another.
#[test]
fn everybody_agrees_on_the_first_and_last_second() {
    let t = TestAuthority::national("seconds");
    let issued = t.issue_person(1);
    let files = Files::new();
    let (root, issuing) = authority_files(&t, &files);
    let file = [files.put("person.der", &issued.der)];
    let validity = t.authority.certificate(&issued.serial).unwrap().row.validity;
    for (at, good) in [
        (validity.not_before() - 1, false),
        (validity.not_before(), true),
        (validity.not_after(), true),
        (validity.not_after() + 1, false),
    ] {
        let last = at == validity.not_after();
        let at = hufu_model::time::Instant::from_unix_seconds(at).to_string();
        for judge in CHAIN_JUDGES {
            let Some(verdicts) = judge.chain(&root, &issuing, Some(&at), &file) else { continue };
            let early = judge.0 == "babassl" && last;
            assert_eq!(verdicts[0].ok, good && !early, "{} at {at}: {}", judge.0, verdicts[0].reason);
        }
    }
}

/// What operators sign, and the checkpoints: GM/T 0010 SignedData whose signature foreign SM2 programs verify over the
/// content octets.
#[test]
fn signed_records_verify_with_foreign_programs() {
    let t = TestAuthority::national("records");
    t.issue_person(1);
    let rejected = t.people.person(2, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&rejected)));
    all(t.authority.reject(&t.session("sichuan-approver"), &[rejected.id], "不清晰"));
    let freeze = hufu_authority::Change::OrgFreeze("ra-audit".parse().unwrap());
    let _ = t.authority.change(&t.session("zhao"), &freeze).unwrap();
    let thaw = hufu_authority::Change::OrgUnfreeze("ra-audit".parse().unwrap());
    let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &thaw).unwrap() else {
        panic!("one person thawed an office")
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();

    let store = Store::open(&t.database(), Mode::ReadOnly).unwrap();
    let documents = store.read(|r| r.documents()).unwrap();
    let kinds: std::collections::BTreeSet<&str> = documents.iter().map(|d| d.kind.as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["act", "approval", "countersign", "manifest"]);
    let files = Files::new();
    let mut signed: Vec<PathBuf> =
        documents.iter().map(|d| files.put(&format!("{}-{}.p7s", d.kind, d.digest), &d.signed)).collect();
    for checkpoint in t.authority.anchor().unwrap() {
        signed.push(files.put(&format!("checkpoint-{}.p7s", checkpoint.checkpoint.size), &checkpoint.signed));
    }
    // One octet of the content of each, altered.
    let mut altered = Vec::new();
    for document in &documents {
        let content = hufu_x509::signed_data::SignedData::from_der(&document.signed).unwrap().content().to_vec();
        let at = document.signed.windows(content.len()).position(|w| w == content).unwrap() + content.len() / 2;
        let mut bytes = document.signed.clone();
        bytes[at] ^= 1;
        altered.push(files.put(&format!("altered-{}.p7s", document.digest), &bytes));
    }
    assert!(signed.len() > 8 && altered.len() > 6);
    for judge in MESSAGE_JUDGES {
        all_accepted(judge, judge.run(&["signed-data"], &signed), signed.len());
        let Some(verdicts) = judge.run(&["signed-data"], &altered) else { continue };
        assert!(verdicts.len() == altered.len() && verdicts.iter().all(|v| !v.ok), "{}: {verdicts:#?}", judge.0);
    }
}

/// The requests our own tools make are good requests elsewhere.
#[test]
fn our_requests_are_accepted_everywhere() {
    let t = TestAuthority::found("requests");
    let files = Files::new();
    let requests: Vec<PathBuf> =
        (0..20).map(|n| files.put(&format!("{n}.csr"), &t.people.csr(&format!("somebody {n}")))).collect();
    for judge in MESSAGE_JUDGES {
        all_accepted(judge, judge.run(&["csr"], &requests), requests.len());
    }
}

/// Certificates that were begun before a crash and finished after it are as good as any. (The crash itself is tested in
/// `crash.rs`; here the store is left between its two transactions.)
#[test]
fn certificates_of_a_batch_are_all_different() {
    let t = TestAuthority::national("different");
    let ids: Vec<RequestId> = ready_requests(&t, 1, 50);
    let issued = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
    let serials: std::collections::BTreeSet<_> = issued.iter().map(|i| i.serial.clone()).collect();
    let bytes: std::collections::BTreeSet<_> = issued.iter().map(|i| i.der.clone()).collect();
    assert_eq!((serials.len(), bytes.len()), (50, 50));
    // Signatures differ in r: the nonces of one key are never the same.
    let rs: std::collections::BTreeSet<Vec<u8>> = issued.iter().map(|i| signature_r(&i.der)).collect();
    assert_eq!(rs.len(), 50);
}

/// The r of a certificate's signature: the first INTEGER of SEQUENCE { r, s }.
fn signature_r(der: &[u8]) -> Vec<u8> {
    let certificate = hufu_x509::certificate::Certificate::from_der(der).unwrap();
    let signature = certificate.signature_value();
    let length = usize::from(signature[3]);
    assert_eq!((signature[0], signature[2]), (0x30, 2));
    signature[4..4 + length].to_vec()
}
