//! Several issuing CAs in one home: one takes the place of another, one stands beside another, one ends.

use std::path::PathBuf;

use hufu_authority::{CaWish, Change, Class, Depth, ExportForm, FOUNDING_CA, NewRequest, Outcome};
use hufu_model::ca::CaStatus;
use hufu_model::ident::Digest;
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;
use hufu_x509::certificate::Certificate;
use hufu_x509::path;

use crate::expect::{all, code, code_of_one, refused, sound};
use crate::judge::{CHAIN_JUDGES, LINTER, all_accepted};

fn wish(name: &str, current: bool) -> CaWish {
    CaWish { name: name.parse().unwrap(), common_name: None, days: None, current }
}

fn propose(t: &TestAuthority, by: &str, wish: &CaWish) -> Result<Digest, hufu_authority::Error> {
    t.authority.propose_ca(&t.session(by), wish, &t.ca_passphrase())
}

fn status(t: &TestAuthority, name: &str) -> CaStatus {
    t.authority.cas().unwrap().named(&name.parse().unwrap()).unwrap().status
}

/// A change by two people.
fn by_two(t: &TestAuthority, change: &Change) {
    let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), change).unwrap() else {
        panic!("one person was enough")
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
}

fn retire(name: &str) -> Change {
    Change::CaRetire(name.parse().unwrap())
}

fn person(t: &TestAuthority, n: u64, ca: Option<&str>) -> NewRequest {
    NewRequest { ca: ca.map(|name| name.parse().unwrap()), ..t.people.person(n, "lra-chengdu") }
}

fn certificate_of(t: &TestAuthority, name: &str) -> Certificate {
    t.authority.cas().unwrap().named(&name.parse().unwrap()).unwrap().certificate.clone()
}

/// The certificate is valid under this CA, and under no other one of the home.
fn signed_by(t: &TestAuthority, der: &[u8], name: &str) {
    let certificate = Certificate::from_der(der).unwrap();
    let roots = [t.authority.identity().root.clone()];
    for ca in &t.authority.cas().unwrap() {
        let verdict = path::validate(&certificate, std::slice::from_ref(&ca.certificate), &roots, t.now());
        assert_eq!(verdict.is_valid(), ca.name.as_str() == name, "{}: {:?}", ca.name, verdict.findings);
    }
}

/// Old and new certificates hold in programs written elsewhere, each under its own CA.
#[test]
fn after_a_rollover_certificates_of_both_cas_are_accepted_everywhere() {
    let t = TestAuthority::national("rollover");
    let old = t.issue_person(1);
    let waiting = t.enter("chengdu-entry", "sichuan-approver", &[person(&t, 2, None)]);
    t.add_ca("g2", true);
    assert_eq!((status(&t, FOUNDING_CA), status(&t, "g2")), (CaStatus::Closing, CaStatus::Current));
    let new = t.issue_person(3);
    // What was approved before is finished by the CA it was approved for.
    let finished = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &waiting)).remove(0);
    assert_eq!([&old, &new, &finished].map(|c| c.serial.as_bytes()[0]), [1, 2, 1]);
    for (certificate, ca) in [(&old, FOUNDING_CA), (&new, "g2"), (&finished, FOUNDING_CA)] {
        signed_by(&t, &certificate.der, ca);
        let chain = t.authority.export(&certificate.serial, ExportForm::PemChain).unwrap();
        assert!(String::from_utf8(chain).unwrap().contains(&certificate_of(&t, ca).pem()));
    }
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let root = put("root.pem", t.authority.identity().root.pem().as_bytes());
    let at = t.now().to_string();
    for (ca, certificates) in [(FOUNDING_CA, vec![&old, &finished]), ("g2", vec![&new])] {
        let issuing = put(&format!("{ca}.pem"), certificate_of(&t, ca).pem().as_bytes());
        let mut files: Vec<PathBuf> = certificates.iter().map(|c| put(&format!("{}.der", c.serial), &c.der)).collect();
        files.push(issuing.clone());
        for judge in CHAIN_JUDGES {
            all_accepted(judge, judge.chain(&root, &issuing, Some(&at), &files), files.len());
        }
        all_accepted(LINTER, LINTER.run(&["lint"], &files), files.len());
    }
    sound(&t);
}

/// pathLen 0, a key, a name and addresses of its own; the founding CA's addresses are as they were.
#[test]
fn a_further_ca_shares_neither_name_nor_key_nor_address() {
    let t = TestAuthority::national("further");
    let before = Certificate::from_der(&t.issue_person(1).der).unwrap();
    t.add_ca("g2", true);
    let after = Certificate::from_der(&t.issue_person(2).der).unwrap();
    let (old, new) = (certificate_of(&t, FOUNDING_CA), certificate_of(&t, "g2"));
    assert_ne!(old.subject_der(), new.subject_der());
    assert_ne!(old.public_key().unwrap(), new.public_key().unwrap());
    assert_eq!(old.basic_constraints().unwrap(), new.basic_constraints().unwrap());
    assert!(new.subject_text().contains("示例电子政务 SM2 CA g2"), "{}", new.subject_text());
    let urls = &t.authority.identity().urls;
    let addresses = |ca: &Certificate| {
        let key = ca.public_key().unwrap();
        [urls.crl(&key), urls.ca_issuers(&key)].concat()
    };
    let carries = |certificate: &Certificate, url: &String| {
        certificate.der().windows(url.len()).any(|window| window == url.as_bytes())
    };
    for url in addresses(&old) {
        assert!(carries(&before, &url) && !carries(&after, &url), "{url}");
    }
    for url in addresses(&new) {
        assert!(carries(&after, &url) && !carries(&before, &url), "{url}");
    }
    sound(&t);
}

/// A second CA beside the first: requests name it, and an approval holds for the CA that was named.
#[test]
fn a_ca_beside_the_first_takes_the_requests_that_name_it() {
    let t = TestAuthority::national("beside");
    t.add_ca("devices", false);
    assert_eq!((status(&t, FOUNDING_CA), status(&t, "devices")), (CaStatus::Current, CaStatus::Standby));
    let issued = t.issue(&[person(&t, 1, None), person(&t, 2, Some("devices")), person(&t, 3, Some(FOUNDING_CA))]);
    assert_eq!(issued.iter().map(|c| c.serial.as_bytes()[0]).collect::<Vec<_>>(), [1, 2, 1]);
    signed_by(&t, &issued[1].der, "devices");
    // The same request again, for another CA: it is not the same.
    let entry = t.session("chengdu-entry");
    let other = person(&t, 2, None);
    assert_eq!(code_of_one(t.authority.submit(&entry, &[person(&t, 2, Some(FOUNDING_CA))])), "request.id-reused");
    // For none: it was for the CA it went to.
    all(t.authority.submit(&entry, &[other]));
    assert_eq!(code_of_one(t.authority.submit(&entry, &[person(&t, 4, Some("nobody"))])), "ca.unknown");
    // It becomes the current one by an act of two people.
    by_two(&t, &Change::CaCurrent("devices".parse().unwrap()));
    assert_eq!((status(&t, FOUNDING_CA), status(&t, "devices")), (CaStatus::Closing, CaStatus::Current));
    assert_eq!(t.issue_person(5).serial.as_bytes()[0], 2);
    sound(&t);
}

/// A retired CA signs no certificates, whatever was approved for it; what it signed goes on being valid.
#[test]
fn a_retired_ca_signs_nothing_more() {
    let t = TestAuthority::national("retired");
    let old = t.issue_person(1);
    let waiting = t.enter("chengdu-entry", "sichuan-approver", &[person(&t, 2, None)]);
    refused(t.authority.change(&t.session("zhao"), &retire(FOUNDING_CA)), "ca.step", Class::Refused);
    t.add_ca("g2", true);
    assert_eq!(
        code_of_one(t.authority.submit(&t.session("chengdu-entry"), &[person(&t, 3, Some(FOUNDING_CA))])),
        "ca.status"
    );
    let signer = t.signer();
    by_two(&t, &retire(FOUNDING_CA));
    // Also a signer that was started before it was retired.
    for signer in [&signer, &t.signer()] {
        let issued = t.authority.issue(&t.session("sichuan-approver"), signer, &waiting);
        assert!(matches!(code_of_one(issued), "ca.status" | "store.fenced"));
    }
    assert_eq!(code_of_one(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &waiting)), "ca.status");
    for change in [retire(FOUNDING_CA), Change::CaCurrent(FOUNDING_CA.parse().unwrap())] {
        let code = code(t.authority.change(&t.session("zhao"), &change));
        assert!(matches!(code, "ca.step" | "change.none"), "{code}");
    }
    signed_by(&t, &old.der, FOUNDING_CA);
    // Its key may be taken away: the others go on.
    std::fs::remove_file(t.home().join("keys/issuing.key")).unwrap();
    assert_eq!(t.issue_person(4).serial.as_bytes()[0], 2);
    sound(&t);
}

/// Who may, in which order, and with what in hand.
#[test]
fn a_ca_is_made_by_two_super_administrators_and_the_root() {
    let t = TestAuthority::national("two people");
    let keys = || std::fs::read_dir(t.home().join("keys")).unwrap().count();
    let before = keys();
    for nobody in ["sichuan-admin", "sichuan-approver", "auditor"] {
        refused(propose(&t, nobody, &wish("g2", true)), "operator.no-role", Class::NotPermitted);
    }
    let wrong = hufu_x509::key::Passphrase::existing("wrong passphrase".to_owned());
    let by_wrong = t.authority.propose_ca(&t.session("zhao"), &wish("g2", true), &wrong);
    refused(by_wrong, "x509.wrong-passphrase", Class::NotPermitted);
    refused(propose(&t, "zhao", &wish(FOUNDING_CA, true)), "ca.exists", Class::Refused);
    let same = CaWish { common_name: Some("示例电子政务 SM2 CA".to_owned()), ..wish("g2", true) };
    refused(propose(&t, "zhao", &same), "ca.exists", Class::Refused);
    let long = CaWish { days: Some(100_000), ..wish("g2", true) };
    refused(propose(&t, "zhao", &long), "profile.validity", Class::Refused);
    assert_eq!(keys(), before, "a refused proposal left a key");

    let digest = propose(&t, "zhao", &wish("g2", true)).unwrap();
    assert_eq!(keys(), before + 1);
    refused(propose(&t, "qian", &wish("g3", false)), "ca.pending", Class::Refused);
    assert_eq!(keys(), before + 1);
    let approve = |by: &str| t.authority.approve_ca(&t.session(by), &digest, None, &t.ca_passphrase());
    refused(approve("zhao"), "ra.self-approval", Class::NotPermitted);
    refused(approve("sichuan-admin"), "operator.no-role", Class::NotPermitted);
    refused(t.authority.countersign(&t.session("qian"), &digest), "ca.root-key", Class::Refused);
    // Another key in the root's place, and another one in the place of the proposal's.
    let issuing = t.home().join("keys/issuing.key");
    let with = t.authority.approve_ca(&t.session("qian"), &digest, Some(&issuing), &t.ca_passphrase());
    refused(with, "issuer.record-mismatch", Class::Integrity);
    let proposed = std::fs::read_dir(t.home().join("keys")).unwrap().map(|e| e.unwrap().path());
    let proposed = proposed.into_iter().find(|p| p.extension().is_some_and(|e| e == "new")).unwrap();
    let kept = std::fs::read(&proposed).unwrap();
    std::fs::copy(&issuing, &proposed).unwrap();
    refused(approve("qian"), "ca.key-file", Class::Refused);
    std::fs::remove_file(&proposed).unwrap();
    refused(approve("qian"), "ca.key-file", Class::Refused);
    assert_eq!(t.authority.cas().unwrap().iter().count(), 1);
    std::fs::write(&proposed, kept).unwrap();
    approve("qian").unwrap();
    refused(approve("qian"), "proposal.unknown", Class::NotFound);
    assert_eq!(keys(), before + 1);
    assert!(t.home().join("keys/ca-2.key").exists());
    // A refused proposal leaves a key that the next one removes.
    let refused_one = propose(&t, "zhao", &wish("g3", false)).unwrap();
    t.authority.refuse(&t.session("qian"), &refused_one).unwrap();
    t.add_ca("g3", false);
    assert_eq!(keys(), before + 2);
    sound(&t);
}

/// The root may be elsewhere, and an expired proposal makes nothing.
#[test]
fn the_root_key_may_lie_elsewhere() {
    let t = TestAuthority::national("root elsewhere");
    let elsewhere = t.base().join("vault.key");
    std::fs::rename(t.home().join("keys/root.key"), &elsewhere).unwrap();
    let digest = propose(&t, "zhao", &wish("g2", true)).unwrap();
    let approve = |root| t.authority.approve_ca(&t.session("qian"), &digest, root, &t.ca_passphrase());
    refused(approve(None), "home.file", Class::Temporary);
    approve(Some(&elsewhere)).unwrap();
    let late = propose(&t, "zhao", &wish("g3", true)).unwrap();
    t.clock.advance(15 * 86_400);
    let approve = t.authority.approve_ca(&t.session("qian"), &late, Some(&elsewhere), &t.ca_passphrase());
    refused(approve, "request.expired", Class::Refused);
    // It stands in nobody's way.
    propose(&t, "qian", &wish("g3", true)).unwrap();
    sound(&t);
}

/// Drill R17: the root revokes an issuing CA. Nothing goes to it any more, and nothing is current until a rollover.
#[test]
fn a_revoked_ca_signs_nothing_and_says_nothing() {
    let t = TestAuthority::national("revoked CA");
    let revoke = Change::CaRevoke { ca: FOUNDING_CA.parse().unwrap(), reason: RevocationReason::CaCompromise };
    by_two(&t, &revoke);
    assert_eq!(status(&t, FOUNDING_CA), CaStatus::Revoked);
    assert!(!status(&t, FOUNDING_CA).signs_status());
    assert_eq!(code_of_one(t.authority.submit(&t.session("chengdu-entry"), &[person(&t, 1, None)])), "ca.none-current");
    t.add_ca("g2", true);
    assert_eq!(t.issue_person(1).serial.as_bytes()[0], 2);
    for change in [revoke, retire(FOUNDING_CA), Change::CaCurrent(FOUNDING_CA.parse().unwrap())] {
        let code = code(t.authority.change(&t.session("zhao"), &change));
        assert!(matches!(code, "ca.step" | "change.none"), "{code}");
    }
    sound(&t);
}

/// A CA that was put into the database by hand is found, whoever signed it.
#[test]
fn a_ca_that_nobody_signed_for_is_found() {
    let t = TestAuthority::national("forged CA");
    t.add_ca("g2", false);
    let connection = rusqlite::Connection::open(t.database()).unwrap();
    connection.execute("UPDATE issuing_ca SET status = 'current' WHERE name = 'g2'", []).unwrap();
    let report = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.iter().any(|f| f.object.contains("issuing CA g2")), "{:?}", report.findings);
    // Another certificate in its place is not even looked at.
    let der = t.authority.identity().ledger.der().to_vec();
    connection.execute("UPDATE issuing_ca SET der = ? WHERE name = 'g2'", [der]).unwrap();
    refused(t.authority.cas().map(drop), "record.document", Class::Integrity);
}
