//! The whole way of a request, from an LRA operator's desk to a certificate in hand.

use hufu_authority::{Change, ExportForm, Outcome};
use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::entropy::Entropy;
use hufu_model::holder::{Field, HolderKind};
use hufu_model::ident::RequestId;
use hufu_model::profile::KeyUsage;
use hufu_model::request::{Medium, Reason, RequestStatus};
use hufu_model::time::Validity;
use hufu_tests::{SeededEntropy, TestAuthority};
use hufu_x509::certificate::Certificate;
use hufu_x509::csr::Csr;
use hufu_x509::{path, pem, signed_data};

use crate::expect::{all, code, code_of_one, only, refused, sound};

/// I1, I9: person, organisation and device from Chengdu to the certificate, each field where it belongs.
#[test]
fn the_whole_way_of_three_kinds_of_holder() {
    let t = TestAuthority::national("whole way");
    let requests =
        [t.people.person(1, "lra-chengdu"), t.people.organisation(2, "lra-chengdu"), t.people.device(3, "lra-chengdu")];
    let issued = t.issue(&requests);
    let subjects = [
        "C=CN,ST=四川省,L=成都市,CN=钱一一一",
        "C=CN,ST=四川省,L=成都市,O=成都第2示例中心,OU=信息处,CN=成都第2示例中心",
        "C=CN,ST=四川省,L=成都市,O=成都市示例大数据局,CN=host-3.example.gov.cn",
    ];
    let identity = t.authority.identity();
    for ((request, issued), subject) in requests.iter().zip(&issued).zip(subjects) {
        assert_eq!(issued.request, request.id);
        let certificate = Certificate::from_der(&issued.der).unwrap();
        assert_eq!(*certificate.serial(), issued.serial);
        assert_eq!(certificate.subject_text(), subject);
        assert_eq!(certificate.issuer_der(), identity.issuing.subject_der());
        assert_eq!(certificate.validity(), Validity::days_from(t.now(), 365).unwrap());
        let csr = Csr::from_bytes(&request.csr).unwrap();
        assert_eq!(certificate.public_key().unwrap(), csr.public_key().unwrap());
        // What the applicant wrote into the CSR is nowhere in the certificate.
        assert!(!certificate.subject_text().contains("applicant"));

        // Serial numbers: 19 octets, the instance, the ledger's milliseconds, 96 random bits.
        let serial = issued.serial.as_bytes();
        assert_eq!((serial.len(), serial[0]), (19, 1));
        assert_eq!(serial[1..7], t.now().unix_millis().to_be_bytes()[2..]);

        // I1: what was handed out is what is stored.
        let view = t.authority.certificate(&issued.serial).unwrap();
        assert_eq!(view.certificate.der(), issued.der);
        assert_eq!(view.row.status, CertificateStatus::Active);
        assert_eq!(view.row.algorithm, Algorithm::Sm2);
        assert_eq!(view.row.issued_at, t.now().unix_seconds());
        assert_eq!(view.row.subject, subject);
        assert_eq!(t.authority.request(&request.id).unwrap().row.status, RequestStatus::Issued);

        let verdict = path::validate(
            &certificate,
            std::slice::from_ref(&identity.issuing),
            std::slice::from_ref(&identity.root),
            t.now(),
        );
        assert!(verdict.is_valid(), "{:?}", verdict.findings);
        assert_eq!(verdict.chain.len(), 3);
    }
    let serials: std::collections::BTreeSet<_> = issued.iter().map(|i| &i.serial).collect();
    assert_eq!(serials.len(), issued.len());
    sound(&t);
}

/// The extensions of GB/T 20518 Table C.3, as the profile says.
#[test]
fn a_certificate_carries_what_its_profile_says() {
    let t = TestAuthority::national("profile");
    let issued = t.issue(&[t.people.device(1, "lra-chengdu")]).remove(0);
    let certificate = Certificate::from_der(&issued.der).unwrap();
    let usages = certificate.key_usage().unwrap().unwrap().usages();
    assert_eq!(usages, [KeyUsage::DigitalSignature, KeyUsage::NonRepudiation]);
    let issuer = t.authority.identity().issuing.public_key().unwrap();
    assert_eq!(certificate.authority_key_id().unwrap(), Some(issuer.key_id().as_slice()));
    let key = certificate.public_key().unwrap();
    assert_eq!(certificate.subject_key_id().unwrap(), Some(key.key_id().as_slice()));
    let contains = |text: &str| issued.der.windows(text.len()).any(|w| w == text.as_bytes());
    for text in ["host-1.example.gov.cn", "http://pki.example.cn", "ldap://ldap.example.cn"] {
        assert!(contains(text), "{text}");
    }
    // The address 10.0.0.1 as four octets, in an iPAddress name.
    assert!(issued.der.windows(6).any(|w| w == [0x87, 4, 10, 0, 0, 1]));
}

/// I2: every step of the way may be repeated; nothing happens the second time.
#[test]
fn repeating_any_step_changes_nothing_and_returns_the_same_bytes() {
    let t = TestAuthority::national("again");
    let requests = [t.people.person(1, "lra-chengdu"), t.people.person(2, "lra-chengdu")];
    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    let entry = t.session("chengdu-entry");
    let first = all(t.authority.submit(&entry, &requests));
    let events = t.authority.status().unwrap().events;
    assert_eq!(all(t.authority.submit(&entry, &requests)), first);
    assert_eq!(t.authority.status().unwrap().events, events);

    let approver = t.session("sichuan-approver");
    let decided = all(t.authority.approve(&approver, &ids));
    let events = t.authority.status().unwrap().events;
    assert_eq!(all(t.authority.approve(&approver, &ids)), decided);
    assert_eq!(t.authority.status().unwrap().events, events);

    let signer = t.signer();
    let issued = all(t.authority.issue(&approver, &signer, &ids));
    let events = t.authority.status().unwrap().events;
    assert_eq!(all(t.authority.issue(&approver, &signer, &ids)), issued);
    // The same request twice in one batch, and in another order.
    let mixed = [ids[1].clone(), ids[0].clone(), ids[1].clone()];
    let again = all(t.authority.issue(&approver, &signer, &mixed));
    assert_eq!(again, [issued[1].clone(), issued[0].clone(), issued[1].clone()]);
    assert_eq!(t.authority.status().unwrap().events, events);

    // A client that lost the answer asks a fresh process.
    let later = t.beside("another process");
    let again = later.authority.issue(&later.session("sichuan-approver"), &later.signer(), &ids);
    assert_eq!(all(again), issued);
    // The submission repeated after issuance says how far it has come.
    let now = all(t.authority.submit(&entry, &requests));
    assert!(now.iter().all(|s| s.status == RequestStatus::Issued));
    sound(&t);
}

#[test]
fn a_request_id_is_never_used_for_something_else() {
    let t = TestAuthority::national("reuse");
    let request = t.people.person(1, "lra-chengdu");
    let entry = t.session("chengdu-entry");
    all(t.authority.submit(&entry, std::slice::from_ref(&request)));
    let mut other_days = request.clone();
    other_days.days = Some(30);
    let mut other_key = request.clone();
    other_key.csr = t.people.csr("another key");
    let mut other_person = t.people.person(2, "lra-chengdu");
    other_person.id = request.id.clone();
    let mut other_medium = request.clone();
    other_medium.medium = Medium::File;
    for changed in [other_days, other_key, other_person, other_medium] {
        assert_eq!(code_of_one(t.authority.submit(&entry, &[changed])), "request.id-reused");
    }
    // Nor twice within one batch.
    let mut twin = t.people.person(4, "lra-chengdu");
    let single = t.people.person(3, "lra-chengdu");
    twin.id = single.id.clone();
    let mut results = t.authority.submit(&entry, &[single, twin]).unwrap().into_iter();
    assert!(results.next().unwrap().is_ok());
    assert_eq!(code(results.next().unwrap()), "request.id-reused");
}

/// One bad row of a batch hinders nobody else, and leaves nothing behind.
#[test]
fn a_bad_row_does_not_hinder_the_others() {
    let t = TestAuthority::national("rows");
    let mut requests: Vec<_> = (1..=5).map(|n| t.people.person(n, "lra-chengdu")).collect();
    requests[2].fields.retain(|(f, _)| *f != Field::Phone);
    let results = t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap();
    let good: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, true, true]);
    refused(t.authority.request(&requests[2].id), "request.unknown", hufu_authority::Class::NotFound);

    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    let approver = t.session("sichuan-approver");
    let results = t.authority.approve(&approver, &ids).unwrap();
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 4);
    assert_eq!(results[2].as_ref().unwrap_err().code(), "request.unknown");
    let results = t.authority.issue(&approver, &t.signer(), &ids).unwrap();
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 4);
    sound(&t);
}

/// Each row of a batch can be the bad one, and is then the only one refused (R13).
#[test]
fn whichever_row_is_bad_it_alone_is_refused() {
    let t = TestAuthority::national("each row");
    let entry = t.session("chengdu-entry");
    for bad in 0..6_u64 {
        let mut requests: Vec<_> = (0..6).map(|n| t.people.person(bad * 10 + n, "lra-chengdu")).collect();
        requests[usize::try_from(bad).unwrap()].days = Some(9999);
        let results = t.authority.submit(&entry, &requests).unwrap();
        let refused: Vec<u64> = (0..).zip(&results).filter(|(_, r)| r.is_err()).map(|(n, _)| n).collect();
        assert_eq!(refused, [bad]);
    }
    sound(&t);
}

/// A client that hears nothing sends again: in any number, order and mixture, each request becomes one certificate.
#[test]
fn a_storm_of_retries_issues_each_request_once() {
    let t = TestAuthority::national("storm");
    let requests: Vec<_> = (0..40).map(|n| t.people.person(n, "lra-chengdu")).collect();
    let entropy = SeededEntropy::new("storm of retries");
    let random = |below: usize| {
        let entropy: &dyn Entropy = &entropy;
        usize::from(u16::from_be_bytes(entropy.array().unwrap())) % below
    };
    let (entry, approver, signer) = (t.session("chengdu-entry"), t.session("sichuan-approver"), t.signer());
    let before = t.authority.status().unwrap().certificates;
    let mut issued = std::collections::BTreeMap::new();
    // Until everything is there, and a while longer.
    for round in 0.. {
        let picked: std::collections::BTreeSet<usize> = (0..=random(12)).map(|_| random(requests.len())).collect();
        let batch: Vec<_> = picked.into_iter().map(|n| requests[n].clone()).collect();
        let ids: Vec<RequestId> = batch.iter().map(|r| r.id.clone()).collect();
        match random(3) {
            0 => all(t.authority.submit(&entry, &batch)).clear(),
            1 => drop(t.authority.approve(&approver, &ids).unwrap()),
            _ => {
                for certificate in t.authority.issue(&approver, &signer, &ids).unwrap().into_iter().flatten() {
                    let first = issued.entry(certificate.request.clone()).or_insert_with(|| certificate.clone());
                    assert_eq!(*first, certificate);
                }
            }
        }
        if issued.len() == requests.len() && round > 300 {
            break;
        }
        assert!(round < 5000, "the storm never ended: {} of {}", issued.len(), requests.len());
    }
    assert_eq!(t.authority.status().unwrap().certificates - before, requests.len() as u64);
    sound(&t);
}

/// Provinces without LRAs and all ministries take requests in themselves.
#[test]
fn requests_enter_directly_at_an_ra_too() {
    let t = TestAuthority::national("direct");
    for (org, entry, approver) in
        [("ra-sichuan", "sichuan-entry", "sichuan-approver"), ("ra-audit", "audit-entry", "audit-approver")]
    {
        let mut request = t.people.person(1, org);
        request.id = format!("at-{org}").parse().unwrap();
        request.csr = t.people.csr(org);
        request.fields.retain(|(f, _)| *f != Field::DocumentNumber);
        request.fields.push((Field::DocumentNumber, hufu_tests::resident_id(org.len() as u64)));
        let ids = t.enter(entry, approver, &[request]);
        let issued = all(t.authority.issue(&t.session(approver), &t.signer(), &ids)).remove(0);
        assert_eq!(t.authority.certificate(&issued.serial).unwrap().row.org.as_str(), org);
    }
    sound(&t);
}

/// I10: who approves takes the rows they name and no others; the rest of the list waits or is rejected.
#[test]
fn an_approval_covers_the_rows_it_names_and_no_others() {
    let t = TestAuthority::national("partial");
    let requests: Vec<_> = (1..=4).map(|n| t.people.person(n, "lra-chengdu")).collect();
    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    all(t.authority.submit(&t.session("chengdu-entry"), &requests));
    let approver = t.session("sichuan-approver");
    all(t.authority.approve(&approver, &[ids[0].clone(), ids[2].clone()]));
    all(t.authority.reject(&approver, &[ids[1].clone()], "the document is not legible"));

    let signer = t.signer();
    let results = t.authority.issue(&approver, &signer, &ids).unwrap();
    let codes: Vec<_> = results.iter().map(|r| r.as_ref().err().map(hufu_authority::Error::code)).collect();
    assert_eq!(codes[0], None);
    assert_eq!(codes[2], None);
    assert!(codes[1].is_some() && codes[3].is_some(), "{codes:?}");
    let rejected = t.authority.request(&ids[1]).unwrap().row;
    assert_eq!(
        (rejected.status, rejected.note.as_deref()),
        (RequestStatus::Rejected, Some("the document is not legible"))
    );

    // Rejected is final; what waited is approved later.
    assert_eq!(code_of_one(t.authority.approve(&approver, &[ids[1].clone()])), "request.state");
    all(t.authority.approve(&approver, &[ids[3].clone()]));
    assert!(only(t.authority.issue(&approver, &signer, &[ids[3].clone()]).unwrap()).is_ok());
    sound(&t);
}

#[test]
fn nothing_is_issued_without_an_approval() {
    let t = TestAuthority::national("unapproved");
    let request = t.people.person(1, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&request)));
    let certificates = t.authority.status().unwrap().certificates;
    let approver = t.session("sichuan-approver");
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &[request.id])), "store.request-state");
    let unknown: RequestId = "no-such-request".parse().unwrap();
    refused(
        t.authority.issue(&approver, &t.signer(), &[unknown]).and_then(only),
        "store.not-found",
        hufu_authority::Class::NotFound,
    );
    assert_eq!(t.authority.status().unwrap().certificates, certificates);
}

/// What is counted of a certificate is what was asked for and approved.
#[test]
fn reason_medium_and_predecessor_are_kept() {
    let t = TestAuthority::national("kept");
    let first = t.issue_person(1);
    let mut renewal = t.people.person(1, "lra-chengdu");
    renewal.id = "person-1-renewal".parse().unwrap();
    renewal.reason = Reason::Renewal;
    renewal.medium = Medium::File;
    renewal.predecessor = Some(first.serial.clone());
    // The same person may use the same key again.
    let second = t.issue(&[renewal]).remove(0);
    let (before, after) =
        (t.authority.certificate(&first.serial).unwrap().row, t.authority.certificate(&second.serial).unwrap().row);
    assert_eq!((after.reason, after.medium, after.holder_kind), (Reason::Renewal, Medium::File, HolderKind::Person));
    assert_eq!(after.predecessor, Some(first.serial));
    // One holder, however many certificates.
    assert_eq!(before.holder, after.holder);
    assert_ne!(before.serial, after.serial);
    sound(&t);
}

/// A profile is pinned by what was signed: a change between approval and issuance changes nothing about it (R15).
#[test]
fn a_request_is_issued_by_the_profile_text_it_was_approved_with() {
    let t = TestAuthority::national("pinned");
    let ids = hufu_tests::ready_requests(&t, 1, 1);
    let (_, source) = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap();
    let shorter =
        source.replace("max_days = 1825", "max_days = 100").replace("default_days = 1095", "default_days = 90");
    assert_ne!(&shorter, source);
    let signer = t.signer();
    let proposed = t.authority.change(&t.session("zhao"), &Change::ProfileSet { source: shorter }).unwrap();
    let Outcome::Proposed(digest) = proposed else { panic!("one person changed a profile") };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();

    let approver = t.session("sichuan-approver");
    let issued = all(t.authority.issue(&approver, &signer, &ids)).remove(0);
    let validity = Certificate::from_der(&issued.der).unwrap().validity();
    assert_eq!(validity, Validity::days_from(t.now(), 365).unwrap());
    // What comes in now obeys the new text, with a signer that is started now.
    let entry = t.session("chengdu-entry");
    assert_eq!(code_of_one(t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")])), "profile.validity");
    let mut short = t.people.person(3, "lra-chengdu");
    short.days = None;
    let issued = t.issue(&[short]).remove(0);
    let validity = Certificate::from_der(&issued.der).unwrap().validity();
    assert_eq!(validity, Validity::days_from(t.now(), 90).unwrap());
    sound(&t);
}

#[test]
fn certificates_are_handed_out_as_pem_der_and_p7b() {
    let t = TestAuthority::national("export");
    let issued = t.issue_person(1);
    let identity = t.authority.identity();
    let export = |form| t.authority.export(&issued.serial, form).unwrap();
    assert_eq!(export(ExportForm::Der), issued.der);
    assert_eq!(Certificate::from_bytes(&export(ExportForm::Pem)).unwrap().der(), issued.der);
    let chain: Vec<Vec<u8>> = pem::blocks(&export(ExportForm::PemChain)).map(|b| b.unwrap().1).collect();
    assert!(chain == [issued.der.as_slice(), identity.issuing.der(), identity.root.der()], "another chain");
    let p7b = pem::one(&export(ExportForm::P7b), &["PKCS7"]).unwrap().into_owned();
    let inside = signed_data::read_certificates(&p7b).unwrap();
    // A SET OF has no order of its own (X.690 §11.6): the same three.
    let mut inside: Vec<&[u8]> = inside.iter().map(Certificate::der).collect();
    let mut expected: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    inside.sort_unstable();
    expected.sort_unstable();
    assert!(inside == expected, "the P7B holds other certificates");
    let unknown = "01".repeat(19).parse().unwrap();
    refused(t.authority.export(&unknown, ExportForm::Der), "certificate.unknown", hufu_authority::Class::NotFound);
}
