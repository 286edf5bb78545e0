//! Somebody can write the database, and perhaps holds the key of one operator. They get no certificate: what is acted upon
//! was signed by the people it names.

use std::sync::Arc;

use hufu_issuer::{AfterSigning, Issuer, Prepared};
use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, RequestId};
use hufu_model::profile::{NameAttribute, ProfileClass};
use hufu_model::time::Validity;
use hufu_store::{Candidate, Mode, Store};
use hufu_tests::{SeededEntropy, TestAuthority, ready_requests};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::SecretKey;
use hufu_x509::name::Name;
use hufu_x509::record::{Approval, Decision, Manifest, ManifestKind, RequestRecord};
use hufu_x509::sign::Signer;
use hufu_x509::tbs::{self, TbsInput};
use hufu_x509::{pkcs8, signed_data};
use rusqlite::params;

use super::{operator, org, sql};
use crate::expect::{all, code_of_one, only, sound};
use hufu_authority::{Change, Class};

/// The issuer, as it prepares bytes.
fn issuer(t: &TestAuthority) -> Issuer {
    let key = pkcs8::decrypt(&std::fs::read(t.authority.home().key("issuing")).unwrap(), &t.ca_passphrase()).unwrap();
    let id = t.authority.identity();
    let (certificate, urls) = (id.issuing.clone(), id.urls.clone());
    let mut issuer = Issuer::new(certificate, Box::new(key), urls, id.instance, AfterSigning::Verify).unwrap();
    for row in t.authority.profiles().unwrap() {
        let profile = hufu_data::profile_from_toml(&row.source).unwrap();
        if profile.class == ProfileClass::EndEntity {
            issuer.add_profile(row.digest, profile).unwrap();
        }
    }
    issuer
}

fn prepare(t: &TestAuthority, store: &Store, id: &RequestId) -> (hufu_store::Approval, Prepared) {
    let Candidate::Approved(approval) = store.candidates(std::slice::from_ref(id)).unwrap().remove(0).unwrap() else {
        panic!("{id} is not approved");
    };
    let prepared = issuer(t).prepare(&approval, None, t.now(), &SeededEntropy::new(id.as_str())).unwrap();
    (approval, prepared)
}

/// Commits the intents of `ids` and goes no further, as a process that was killed there.
fn begin_only(t: &TestAuthority, ids: &[RequestId]) {
    let store = Store::open(&t.database(), Mode::ReadWrite).unwrap();
    let zhao = operator("zhao");
    let epoch = store.start_signer(t.now(), &zhao).unwrap();
    let approved = ids.iter().map(|id| prepare(t, &store, id)).map(|(approval, prepared)| {
        let intent = prepared.intent();
        (approval, intent)
    });
    assert_eq!(store.begin(t.now(), epoch, &zhao, approved.collect()).unwrap().len(), ids.len());
}

/// A request that was begun before a crash is as much stopped by a freeze as any other, and goes on after it.
#[test]
fn a_begun_request_is_stopped_by_a_freeze() {
    let t = TestAuthority::national("begun freeze");
    let ids = ready_requests(&t, 1, 1);
    begin_only(&t, &ids);
    let _ = t.authority.change(&t.session("qian"), &Change::OrgFreeze(org("ra-sichuan"))).unwrap();
    let approver = t.session("sichuan-approver");
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &ids)), "org.frozen");
    let thaw = Change::OrgUnfreeze(org("ra-sichuan"));
    let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &thaw).unwrap() else {
        panic!("one person thawed it");
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    all(t.authority.issue(&approver, &t.signer(), &ids));
    sound(&t);
}

/// Nor does it bring a certificate whose approver was removed, whose office another province asks for, or that begins
/// weeks before it is signed.
#[test]
fn a_begun_request_is_checked_like_any_other() {
    let t = TestAuthority::national("begun checked");
    let ids = ready_requests(&t, 1, 1);
    begin_only(&t, &ids);
    let stranger = t.authority.issue(&t.session("yunnan-approver"), &t.signer(), &ids);
    assert_eq!(code_of_one(stranger), "ra.outside-jurisdiction");
    t.clock.advance(14 * 86_400 + 1);
    assert_eq!(code_of_one(t.authority.issue(&t.session("zhao"), &t.signer(), &ids)), "request.expired");
    t.clock.advance(-86_400);
    let t = TestAuthority::national("begun removed");
    let ids = ready_requests(&t, 1, 1);
    begin_only(&t, &ids);
    let _ = t.authority.change(&t.session("zhao"), &Change::OperatorRemove(operator("sichuan-approver"))).unwrap();
    assert_eq!(code_of_one(t.authority.issue(&t.session("zhao"), &t.signer(), &ids)), "operator.unknown");
}

/// A quota that is used up does not keep from being finished what it was already counted for.
#[test]
fn a_begun_request_is_counted_once() {
    let t = TestAuthority::national("begun quota");
    let ids = ready_requests(&t, 1, 1);
    begin_only(&t, &ids);
    let filter = hufu_authority::CertificateFilter { orgs: Some(vec![org("lra-chengdu")]), ..Default::default() };
    let used = u32::try_from(t.authority.certificates(&filter).unwrap().len()).unwrap();
    let mut limits = t.authority.organisations().unwrap().get(&org("lra-chengdu")).unwrap().limits.clone();
    limits.quota_total = Some(used + 1);
    let _ = t.authority.change(&t.session("zhao"), &Change::OrgLimits { org: org("lra-chengdu"), limits }).unwrap();
    all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
    sound(&t);
}

/// An intent that is written into the database is no approval.
#[test]
fn a_forged_intent_is_not_signed() {
    let t = TestAuthority::national("forged intent");
    let request = t.people.person(1, "lra-chengdu");
    let id = request.id.clone();
    all(t.authority.submit(&t.session("chengdu-entry"), &[request]));
    let connection = sql(&t);
    // The bytes that would be signed hold no secret: anybody can compute them.
    connection.execute("UPDATE request SET status = 'approved' WHERE id = ?1", [id.as_str()]).unwrap();
    let store = Store::open(&t.database(), Mode::ReadWrite).unwrap();
    let intent = prepare(&t, &store, &id).1.intent();
    connection.execute("UPDATE request SET status = 'signing' WHERE id = ?1", [id.as_str()]).unwrap();
    let (from, to) = (intent.validity.not_before(), intent.validity.not_after());
    let row = params![id.as_str(), intent.serial.as_bytes(), from, to, intent.tbs_digest.0, from];
    connection.execute("INSERT INTO intent VALUES (?1, ?2, ?3, ?4, ?5, ?6)", row).unwrap();
    let refusal = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &[id]).and_then(only).unwrap_err();
    assert_eq!(refusal.kind().class(), Class::Integrity, "{refusal}");
}

/// Puts a document into the database that says `content`, signed by `key` with `certificate`, of `by`.
fn put_document(t: &TestAuthority, kind: &str, content: &[u8], by: &str, key: &SecretKey, certificate: &Certificate) {
    let signed = signed_data::sign(content, certificate, key, [7; 32]).unwrap();
    let row = params![sm3(content).0, kind, by, t.now().unix_seconds(), signed];
    sql(t).execute("INSERT INTO document VALUES (?1, ?2, ?3, ?4, ?5)", row).unwrap();
}

fn certificate_of(t: &TestAuthority, id: &str) -> Certificate {
    let operators = t.authority.operators().unwrap();
    let found = operators.iter().find(|o| o.id == operator(id)).unwrap();
    t.authority.certificate(&found.certificate).unwrap().certificate
}

/// An approval of the request `id` that says it is by `by`.
fn approval(t: &TestAuthority, id: &RequestId, by: &str) -> Vec<u8> {
    let row = t.authority.request(id).unwrap().row;
    let chain = ["lra-chengdu", "ra-sichuan", "ca"].map(org);
    let record = Approval {
        manifest: row.manifest,
        excepted: Vec::new(),
        org_chain: chain.to_vec(),
        operator: operator(by),
        decision: Decision::Approve,
        reason: String::new(),
        nonce: [3; 16],
        at: t.now().unix_seconds(),
        expires: t.now().plus_seconds(86_400).unix_seconds(),
    };
    record.to_der()
}

/// Marks the request `id` as approved by `by` with the document `digest`.
fn mark_approved(t: &TestAuthority, id: &RequestId, by: &str, digest: Digest) {
    let update = "UPDATE request SET status = 'approved', approval = ?1, approver = ?2, decided_at = submitted_at \
                  WHERE id = ?3";
    assert_eq!(sql(t).execute(update, params![digest.0, by, id.as_str()]).unwrap(), 1);
}

fn submitted(t: &TestAuthority) -> RequestId {
    let request = t.people.person(1, "lra-chengdu");
    let id = request.id.clone();
    all(t.authority.submit(&t.session("chengdu-entry"), &[request]));
    id
}

fn assert_not_issued(t: &TestAuthority, id: &RequestId) {
    let certificates = t.authority.status().unwrap().certificates;
    let refusal = t.authority.issue(&t.session("sichuan-admin"), &t.signer(), std::slice::from_ref(id));
    let refusal = refusal.and_then(only).expect_err("it was issued");
    assert_eq!(refusal.kind().class(), Class::Integrity, "{refusal}");
    assert_eq!(t.authority.status().unwrap().certificates, certificates);
}

/// One operator's key does not sign in the name of another one.
#[test]
fn an_approval_in_another_persons_name_is_refused() {
    let t = TestAuthority::national("other name");
    let id = submitted(&t);
    let content = approval(&t, &id, "sichuan-approver");
    let key = t.people.key("chengdu-entry");
    put_document(&t, "approval", &content, "chengdu-entry", &key, &certificate_of(&t, "chengdu-entry"));
    mark_approved(&t, &id, "sichuan-approver", sm3(&content));
    assert_not_issued(&t, &id);
}

/// Nor does it enter a request in the name of another one, to approve it as oneself.
#[test]
fn a_manifest_in_another_persons_name_is_refused() {
    let t = TestAuthority::national("other entry");
    let id = submitted(&t);
    let body = sql(&t)
        .query_row("SELECT record FROM request_body WHERE request = ?1", [id.as_str()], |r| r.get::<_, Vec<u8>>(0));
    let mut record = RequestRecord::from_der(&body.unwrap()).unwrap();
    record.days = 1000;
    let record = record.to_der();
    let manifest = Manifest {
        kind: ManifestKind::Submit,
        org: org("lra-chengdu"),
        operator: operator("chengdu-entry"),
        at: t.now().unix_seconds(),
        nonce: [5; 16],
        records: vec![sm3(&record)],
    };
    let content = manifest.to_der();
    let key = t.people.key("sichuan-approver");
    put_document(&t, "manifest", &content, "sichuan-approver", &key, &certificate_of(&t, "sichuan-approver"));
    let update = "UPDATE request SET days = 1000, manifest = ?1, position = 0, record_digest = ?2 WHERE id = ?3";
    sql(&t).execute(update, params![sm3(&content).0, sm3(&record).0, id.as_str()]).unwrap();
    let update = "UPDATE request_body SET record = ?1 WHERE request = ?2";
    sql(&t).execute(update, params![record, id.as_str()]).unwrap();
    let approved = t.authority.approve(&t.session("sichuan-approver"), std::slice::from_ref(&id)).and_then(only);
    assert_eq!(approved.unwrap_err().kind().class(), Class::Integrity);
}

/// A certificate that the CA never signed makes nobody an operator, wherever its bytes are written.
#[test]
fn a_document_by_a_certificate_of_ones_own_making_is_refused() {
    let t = TestAuthority::national("own making");
    let id = submitted(&t);
    let random: Arc<dyn Entropy> = Arc::new(SeededEntropy::new("own making, key"));
    let key = SecretKey::generate(&*random).unwrap();
    let theirs = certificate_of(&t, "sichuan-approver");
    let identity = t.authority.identity();
    let profile = hufu_data::profile("operator").unwrap();
    let name =
        Name::new(vec![(NameAttribute::Country, "CN".to_owned()), (NameAttribute::CommonName, "李四".to_owned())]);
    let mut octets = theirs.serial().as_bytes().to_vec();
    octets[18] ^= 1;
    let serial = hufu_model::ident::Serial::from_bytes(&octets).unwrap();
    let tbs = tbs::build(&TbsInput {
        profile: &profile,
        serial: &serial,
        issuer_der: identity.issuing.subject_der(),
        issuer_key: &identity.issuing.public_key().unwrap(),
        subject_der: &name.unwrap().to_der(),
        subject_key: key.public_key(),
        validity: Validity::days_from(t.now().plus_seconds(-60), 100).unwrap(),
        hosts: &[],
        urls: &identity.urls,
    });
    let tbs = tbs.unwrap();
    let forged = Certificate::from_der(&tbs::assemble(&tbs, &key.sign(&tbs, [1; 32]).unwrap()).unwrap()).unwrap();
    let connection = sql(&t);
    let copy = "INSERT INTO certificate SELECT ?1, NULL, org, profile, algorithm, holder_kind, holder, reason, medium, \
                predecessor, subject, not_before, not_after, issued_at, event, status FROM certificate WHERE serial = ?2";
    connection.execute(copy, params![serial.as_bytes(), theirs.serial().as_bytes()]).unwrap();
    let row = params![serial.as_bytes(), forged.der()];
    connection.execute("INSERT INTO certificate_der VALUES (?1, ?2)", row).unwrap();
    let row = params![serial.as_bytes(), "sichuan-approver"];
    connection.execute("INSERT INTO operator_certificate VALUES (?1, ?2)", row).unwrap();
    let content = approval(&t, &id, "sichuan-approver");
    put_document(&t, "approval", &content, "sichuan-approver", &key, &forged);
    mark_approved(&t, &id, "sichuan-approver", sm3(&content));
    assert_not_issued(&t, &id);
}

/// The time in the row is the one that was signed: an operator's expired key approves nothing in the past.
#[test]
fn a_document_is_as_old_as_it_says() {
    let t = TestAuthority::national("backdated");
    let id = submitted(&t);
    let (key, certificate) = (t.people.key("sichuan-approver"), certificate_of(&t, "sichuan-approver"));
    let content = approval(&t, &id, "sichuan-approver");
    put_document(&t, "approval", &content, "sichuan-approver", &key, &certificate);
    sql(&t).execute("UPDATE document SET at = at - 5 WHERE digest = ?1", [sm3(&content).0]).unwrap();
    mark_approved(&t, &id, "sichuan-approver", sm3(&content));
    assert_not_issued(&t, &id);
}
