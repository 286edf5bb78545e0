//! Pairs (双证书): a signing and an encryption certificate, both or neither, the encryption key escrowed first; through
//! the whole life of a pair.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hufu_authority::{
    CertificateFilter, CertificateView, Class, EncryptionHalf, IssuedCertificate, NewRequest, StatusFilter,
    StatusRequest,
};
use hufu_model::certificate::CertificateStatus;
use hufu_model::escrow::EscrowStatus;
use hufu_model::ident::{EscrowId, RequestId, Serial, hex};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_tests::TestAuthority;
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::envelope::{self, Dialect};
use hufu_x509::key::SecretKey;
use rusqlite::Connection;

use crate::expect::{Before, all, code, code_of_one, refused, sound};
use crate::judge::{CHAIN_JUDGES, Judge, LINTER, all_accepted, is_table_c4};

fn pair(mut request: NewRequest) -> NewRequest {
    request.pair = true;
    request
}

fn person(t: &TestAuthority, n: u64) -> NewRequest {
    pair(t.people.person(n, "lra-chengdu"))
}

fn with_centre(seed: &str, pool: usize) -> TestAuthority {
    let t = TestAuthority::national(seed);
    t.found_key_centre();
    if pool > 0 {
        t.key_centre().unlocked().unwrap().fill(t.now(), None, pool).unwrap();
    }
    t
}

fn half(issued: &IssuedCertificate) -> &EncryptionHalf {
    issued.encryption.as_ref().expect("a pair")
}

fn view(t: &TestAuthority, serial: &Serial) -> CertificateView {
    t.authority.certificate(serial).unwrap()
}

/// The escrowed key in an encryption certificate, and how far it has come.
fn key_of(t: &TestAuthority, serial: &Serial) -> (EscrowId, EscrowStatus) {
    let key = t.key_centre().kmc().key_of_serial(serial).unwrap().unwrap();
    (key.id, key.status)
}

/// The applicant opens the envelope: inside is the private key of the encryption certificate, and it decrypts.
fn opens(t: &TestAuthority, label: &str, half: &EncryptionHalf) -> SecretKey {
    let key = envelope::open(&half.envelope, &t.people.key(label)).unwrap();
    let certificate = Certificate::from_der(&half.der).unwrap();
    assert_eq!(certificate.public_key().unwrap(), *key.public_key());
    let sealed = certificate.public_key().unwrap().encrypt(b"for the holder", [5; 32]).unwrap();
    assert_eq!(key.decrypt(&sealed).unwrap().as_slice(), b"for the holder");
    key
}

#[test]
fn a_pair_goes_the_whole_way() {
    let t = with_centre("pair way", 2);
    let before = t.totals(None);
    let issued = t.issue(&[person(&t, 1), t.people.person(2, "lra-chengdu"), pair(t.people.device(3, "lra-chengdu"))]);
    let total = t.totals(None);
    // Three pairs, one of them of one certificate.
    assert_eq!((total.issued - before.issued, total.valid - before.valid), (3, 3));
    assert!(issued[1].encryption.is_none());
    let mut keys = BTreeSet::new();
    for (issued, profile) in [(&issued[0], "person-enc"), (&issued[2], "tls-server-enc")] {
        let half = half(issued);
        keys.insert(*opens(&t, issued.request.as_str(), half).public_key().point());
        let (signing, encryption) = (view(&t, &issued.serial), view(&t, &half.serial));
        assert_eq!(encryption.certificate.der(), half.der);
        assert_eq!(encryption.row.profile.as_str(), profile);
        assert_eq!(encryption.row.subject, signing.row.subject);
        assert_eq!(encryption.certificate.validity(), signing.certificate.validity());
        assert_eq!(encryption.certificate.hosts().unwrap(), signing.certificate.hosts().unwrap());
        let pair = signing.pair.clone().unwrap();
        assert_eq!((&pair.signing, &pair.encryption), (&issued.serial, &half.serial));
        assert_eq!(encryption.pair, signing.pair);
        assert_eq!(key_of(&t, &half.serial).1, EscrowStatus::Escrowed);
        // Only the holder's key opens it.
        let other = envelope::open(&half.envelope, &t.people.key("somebody else")).map(drop);
        assert_eq!(other.unwrap_err().kind().code(), "x509.decrypt");
        let proof = t.authority.prove_certificate(&half.serial).unwrap();
        assert!(proof.contains("hufu"), "{proof}");
    }
    assert_eq!(keys.len(), 2);
    // The same request, the same bytes, the envelope included.
    let ids: Vec<RequestId> = issued.iter().map(|i| i.request.clone()).collect();
    let again = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
    assert_eq!(again, issued);
    // Also without the key centre.
    let again = all(t.authority.issue(&t.session("sichuan-approver"), &t.signer_alone(), &ids));
    assert_eq!(again, issued);
    sound(&t);
}

/// The envelope in every dialect: three hold the same ciphertexts, the others are made with the holder's key.
#[test]
fn the_envelope_is_exported_in_every_dialect() {
    let t = with_centre("pair dialects", 0);
    let issued = t.issue(&[person(&t, 1)]).remove(0);
    let (half, owner) = (half(&issued), t.people.key("person-1"));
    for dialect in Dialect::ALL {
        let alone = t.authority.export_envelope(&issued.serial, dialect, None);
        let exported = match dialect {
            Dialect::EnvelopedKey | Dialect::CsrResponse | Dialect::SkfBare => alone.unwrap(),
            _ => {
                refused(alone, "pair.owner-key", Class::BadInput);
                t.authority.export_envelope(&half.serial, dialect, Some(&owner)).unwrap()
            }
        };
        assert_eq!(envelope::inspect(&exported).dialect, Some(dialect));
        let opened = envelope::open(&exported, &owner).unwrap();
        assert_eq!(*opened.public_key(), Certificate::from_der(&half.der).unwrap().public_key().unwrap());
    }
    assert_eq!(t.authority.export_envelope(&issued.serial, Dialect::EnvelopedKey, None).unwrap(), half.envelope);
    let single = t.issue_person(2).serial;
    refused(t.authority.export_envelope(&single, Dialect::EnvelopedKey, None), "pair.single", Class::NotFound);
}

/// Programs written elsewhere accept both certificates with their chain, and open the envelope step by step.
#[test]
fn pairs_are_accepted_elsewhere() {
    let t = with_centre("pair judges", 0);
    let requests: Vec<NewRequest> = (1..=3)
        .map(|n| person(&t, n))
        .chain([pair(t.people.organisation(4, "lra-chengdu")), pair(t.people.device(5, "lra-chengdu"))])
        .collect();
    let issued = t.issue(&requests);
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let put = |name: String, octets: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path
    };
    let identity = t.authority.identity();
    let root = put("root.pem".to_owned(), identity.root.pem().as_bytes());
    let ca = put("issuing.pem".to_owned(), identity.issuing.pem().as_bytes());
    let mut files = Vec::new();
    for (n, issued) in issued.iter().enumerate() {
        for (name, der) in [("sign", &issued.der), ("enc", &half(issued).der)] {
            files.push(put(format!("{n}-{name}.pem"), Certificate::from_der(der).unwrap().pem().as_bytes()));
        }
    }
    for judge in CHAIN_JUDGES {
        let at = t.now().plus_seconds(60).to_string();
        let verdicts = judge.chain(&root, &ca, Some(&at), &files);
        all_accepted(judge, verdicts, files.len());
    }
    for judge in [Judge("babassl"), Judge("bouncycastle")] {
        for (n, issued) in issued.iter().enumerate() {
            let owner = hex(&t.people.scalar(issued.request.as_str()));
            let owner = put(format!("{n}.hex"), owner.as_bytes());
            let envelope = put(format!("{n}.envelope"), &half(issued).envelope);
            let Some(verdicts) = judge.run(&["envelope", "--owner", owner.to_str().unwrap()], &[envelope]) else {
                continue;
            };
            let point = hex(Certificate::from_der(&half(issued).der).unwrap().public_key().unwrap().point());
            assert!(verdicts[0].ok, "{}: {verdicts:?}", judge.0);
            // BabaSSL says which key it found; Bouncy Castle compares it with the one beside it.
            assert!(verdicts[0].reason == "accepted" || verdicts[0].reason.ends_with(&point), "{verdicts:?}");
        }
    }
    let Some(verdicts) = LINTER.run(&["lint"], &files) else { return };
    for verdict in verdicts {
        let known = verdict.file.contains("-enc") && is_table_c4(&verdict);
        assert!(verdict.ok || known, "{verdict:?}");
    }
}

#[test]
fn a_pair_changes_as_one() {
    let t = with_centre("pair status", 0);
    let issued = t.issue(&[person(&t, 1), person(&t, 2)]);
    let valid = t.totals(None).valid;
    let statuses = |n: usize| [&issued[n].serial, &half(&issued[n]).serial].map(|s| view(&t, s).row.status);
    let id = |text: &str| -> RequestId { text.parse().unwrap() };
    let _ = t.carry_out(StatusRequest::suspend(id("hold"), issued[0].serial.clone()));
    assert_eq!(statuses(0), [CertificateStatus::Held; 2]);
    // Either half names the pair, and the same request may name it by the other one.
    let resume = StatusRequest::resume(id("resume"), half(&issued[0]).serial.clone());
    let applied = t.carry_out(resume.clone());
    assert_eq!(applied.change.serial, issued[0].serial);
    assert_eq!(statuses(0), [CertificateStatus::Active; 2]);
    let again = StatusRequest { serial: issued[0].serial.clone(), ..resume };
    all(t.authority.request_status(&t.session("chengdu-entry"), &[again]));
    let _ = t.carry_out(StatusRequest::revoke(
        id("revoke"),
        half(&issued[0]).serial.clone(),
        RevocationReason::KeyCompromise,
    ));
    assert_eq!(statuses(0), [CertificateStatus::Revoked; 2]);
    assert_eq!(statuses(1), [CertificateStatus::Active; 2]);
    let changes = t.authority.status_changes(&StatusFilter::default()).unwrap();
    let (signing, encryption): (Vec<_>, Vec<_>) = changes.iter().partition(|c| c.serial == issued[0].serial);
    let said = |c: &&hufu_authority::StatusChange| (c.event, c.status, c.reason, c.at, c.request.clone());
    assert_eq!(signing.iter().map(said).collect::<Vec<_>>(), encryption.iter().map(said).collect::<Vec<_>>());
    assert_eq!(signing.len(), 3);
    // Counted as one.
    let total = t.totals(None);
    assert_eq!((total.revoked, total.valid), (1, valid - 1));
    // What a change of many would touch are pairs, not halves.
    let filter = CertificateFilter::default();
    let concerned = t.authority.concerned(Action::Revoke, &filter).unwrap();
    assert!(concerned.iter().any(|row| row.serial == issued[1].serial));
    assert!(concerned.iter().all(|row| row.serial != half(&issued[1]).serial));
    sound(&t);
}

/// The way from a predecessor to its successor, with the key of `label` when it is another one.
fn succeed(t: &TestAuthority, serial: &Serial, action: Action, id: &str, label: Option<&str>) -> IssuedCertificate {
    t.clock.advance(60);
    let mut new = t.authority.successor(serial, action, id.parse().unwrap()).unwrap();
    assert!(new.pair);
    if let Some(label) = label {
        new.csr = t.people.csr(label);
    }
    t.issue(&[new]).remove(0)
}

#[test]
fn a_renewed_pair_keeps_its_encryption_key_and_a_rekeyed_one_does_not() {
    let t = with_centre("pair succession", 0);
    let first = t.issue(&[person(&t, 1)]).remove(0);
    let (key, _) = key_of(&t, &half(&first).serial);
    let renewed = succeed(&t, &half(&first).serial, Action::Renew, "renewed", None);
    assert_eq!(key_of(&t, &half(&renewed).serial), (key, EscrowStatus::Escrowed));
    assert_eq!(view(&t, &renewed.serial).row.predecessor, Some(first.serial.clone()));
    assert_eq!(view(&t, &half(&renewed).serial).row.predecessor, Some(half(&first).serial.clone()));
    let kept = opens(&t, "person-1", half(&renewed));
    assert_eq!(kept.public_key(), opens(&t, "person-1", half(&first)).public_key());

    // The first pair is in force with the key: it stays in use when the renewed one is rekeyed.
    let rekeyed = succeed(&t, &renewed.serial, Action::Rekey, "rekeyed", Some("third key"));
    assert_eq!(key_of(&t, &half(&first).serial), (key, EscrowStatus::Escrowed));
    let (new, _) = key_of(&t, &half(&rekeyed).serial);
    assert_ne!(new, key);
    opens(&t, "third key", half(&rekeyed));

    // A key that nobody else has is out of use with its pair, and still there.
    let replaced = succeed(&t, &rekeyed.serial, Action::Replace, "replaced", Some("fourth key"));
    assert_eq!(key_of(&t, &half(&rekeyed).serial), (new, EscrowStatus::History));
    for serial in [&rekeyed.serial, &half(&rekeyed).serial] {
        assert_eq!(view(&t, serial).row.status, CertificateStatus::Revoked);
    }
    let changed = succeed(&t, &replaced.serial, Action::Change, "changed", None);
    assert_eq!(key_of(&t, &half(&changed).serial).0, key_of(&t, &half(&replaced).serial).0);
    sound(&t);
    t.key_centre().kmc().verify(&|_, _, _| ()).map(|r| assert!(r.findings.is_empty())).unwrap();
}

#[test]
fn a_pair_is_succeeded_by_a_pair() {
    let t = with_centre("pair succeeds", 0);
    let issued = t.issue(&[person(&t, 1)]).remove(0);
    let entry = t.session("chengdu-entry");
    let new = |id: &str| t.authority.successor(&issued.serial, Action::Renew, id.parse().unwrap()).unwrap();
    let single = NewRequest { pair: false, ..new("single") };
    assert_eq!(code_of_one(t.authority.submit(&entry, &[single])), "pair.succeeds");
    let by_half = NewRequest { predecessor: Some(half(&issued).serial.clone()), ..new("half") };
    assert_eq!(code_of_one(t.authority.submit(&entry, &[by_half])), "pair.half");
    // A single certificate may become a pair.
    let single = t.issue_person(2).serial;
    let mut new = t.authority.successor(&single, Action::Renew, "grown".parse().unwrap()).unwrap();
    new.pair = true;
    let grown = t.issue(&[new]).remove(0);
    opens(&t, "person-2", half(&grown));
    sound(&t);
}

#[test]
fn a_pair_needs_a_profile_with_a_companion() {
    let t = with_centre("pair profile", 0);
    let before = Before::of(&t);
    let entry = t.session("chengdu-entry");
    let with = |profile: &str| NewRequest { profile: profile.parse().unwrap(), ..person(&t, 1) };
    assert_eq!(
        code_of_one(t.authority.submit(&entry, &[NewRequest { pair: false, ..with("person-enc") }])),
        "pair.companion-only"
    );
    assert_eq!(code_of_one(t.authority.submit(&entry, &[with("person-enc")])), "pair.companion-only");
    let mut staff = pair(t.people.staff("new", "lra-chengdu", "新人", &[hufu_model::operator::Role::Entry]));
    staff = t.in_region(staff);
    assert_eq!(code_of_one(t.authority.submit(&t.session("zhao"), &[staff])), "pair.no-companion");
    before.assert_unchanged(&t, "a pair without a companion");
}

/// Without the key centre pairs wait; single certificates of the same batch are issued.
#[test]
fn pairs_wait_for_the_key_centre() {
    let t = TestAuthority::national("pair without centre");
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[person(&t, 1), t.people.person(2, "lra-chengdu")]);
    let approver = t.session("sichuan-approver");
    let mut results = t.authority.issue(&approver, &t.signer(), &ids).unwrap();
    assert!(results.pop().unwrap().is_ok());
    refused(results.pop().unwrap(), "pair.no-key-centre", Class::Refused);
    t.found_key_centre();
    opens(&t, "person-1", half(&all(t.authority.issue(&approver, &t.signer(), &ids[..1]))[0]));
    sound(&t);
}

/// An agent that has ended: nothing is begun, and the key that was taken waits for its request.
#[test]
fn a_locked_key_centre_begins_nothing() {
    let t = with_centre("pair locked", 1);
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[person(&t, 1)]);
    let mut signer = t.signer_alone();
    let kmc = hufu_authority::KeyCentre::open(t.authority.home()).unwrap();
    let held = locked::Agent::of(&t);
    signer.set_key_centre(hufu_authority::KeyCentre::new(kmc, Box::new(held.clone())).unwrap());
    let before = Before::of(&t);
    held.end();
    let approver = t.session("sichuan-approver");
    refused(t.authority.issue(&approver, &signer, &ids).map(drop), "kmc.agent", Class::Temporary);
    before.assert_unchanged(&t, "a locked key centre");
    let issued = all(t.authority.issue(&approver, &t.signer(), &ids)).remove(0);
    opens(&t, "person-1", half(&issued));
}

/// An agent that can be ended, in this process.
mod locked {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use hufu_authority::KeyCentre;
    use hufu_authority::kmc::agent::Client;
    use hufu_authority::kmc::{Custody, Error, Result, WrappedKey};
    use hufu_model::ident::Digest;
    use hufu_model::time::Instant;
    use hufu_tests::TestAuthority;
    use hufu_x509::key::PublicKey;

    #[derive(Clone)]
    pub(super) struct Agent {
        identity: (String, Digest),
        ended: Arc<AtomicBool>,
    }

    impl Agent {
        pub(super) fn of(t: &TestAuthority) -> Self {
            let kmc = KeyCentre::open(t.authority.home()).unwrap();
            let row = kmc.vault().read(|r| r.kek()).unwrap().unwrap();
            Self { identity: (row.id, row.check), ended: Arc::default() }
        }

        pub(super) fn end(&self) {
            self.ended.store(true, Ordering::SeqCst);
        }

        fn gone(&self) -> Error {
            let what = "it closed the connection".to_owned();
            assert!(Client::connect(std::path::Path::new("/nowhere")).is_err());
            hufu_authority::kmc::ErrorKind::Agent { what }.into()
        }
    }

    impl Custody for Agent {
        fn identity(&self) -> Result<(String, Digest)> {
            if self.ended.load(Ordering::SeqCst) { Err(self.gone()) } else { Ok(self.identity.clone()) }
        }

        fn generate(&self, _: Instant, _: usize) -> Result<Vec<WrappedKey>> {
            Err(self.gone())
        }

        fn envelope(&self, _: &[(WrappedKey, PublicKey)]) -> Result<Vec<Vec<u8>>> {
            Err(self.gone())
        }

        fn mac(&self, _: &str) -> Result<Digest> {
            Err(self.gone())
        }
    }
}

/// The pool is for speed: what is missing in it is generated.
#[test]
fn an_empty_pool_is_filled_on_the_way() {
    let t = with_centre("pair pool", 1);
    let issued = t.issue(&[person(&t, 1), person(&t, 2), person(&t, 3)]);
    assert_eq!(issued.iter().filter(|i| i.encryption.is_some()).count(), 3);
    let pool = t.key_centre().kmc().pool().unwrap();
    assert_eq!((pool.pooled, pool.reserved, pool.escrowed), (0, 0, 3));
}

/// Somebody exchanged the public key of a pooled key in the vault for one whose private key they have: it gets into no
/// certificate, and the others of the batch are issued.
#[test]
fn an_altered_vault_yields_no_certificate() {
    let t = with_centre("pair altered", 3);
    let mine = SecretKey::from_scalar(&sm3(b"mine").0).unwrap();
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[person(&t, 1), person(&t, 2)]);
    let certificates = t.authority.certificates(&CertificateFilter::default()).unwrap().len();
    let vault = Connection::open(t.authority.home().vault()).unwrap();
    let sql = "UPDATE escrow SET point = ?1, spki = ?2 WHERE id = (SELECT min(id) FROM escrow)";
    let public = mine.public_key();
    assert_eq!(vault.execute(sql, (public.point().to_vec(), public.spki_digest().0.to_vec())).unwrap(), 1);
    let results = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids).unwrap();
    let codes: Vec<&str> = results.into_iter().map(|r| r.map_or_else(|e| e.code(), |_| "ok")).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["kmc.altered", "ok"], "{codes:?}");
    let after = t.authority.certificates(&CertificateFilter::default()).unwrap();
    assert_eq!(after.len(), certificates + 2);
    for row in after {
        assert_ne!(view(&t, &row.serial).certificate.public_key().unwrap(), *public);
    }
}

/// One holder's refusal does not hinder the others of the batch.
#[test]
fn a_key_out_of_use_is_not_renewed() {
    let t = with_centre("pair refused", 0);
    let issued = t.issue(&[person(&t, 1), person(&t, 2)]);
    let (key, _) = key_of(&t, &half(&issued[0]).serial);
    let centre = t.key_centre();
    centre.kmc().retire(t.now(), None, &[key], "as if").unwrap();
    t.clock.advance(60);
    let new =
        |n: usize, id: &str| t.authority.successor(&issued[n].serial, Action::Renew, id.parse().unwrap()).unwrap();
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[new(0, "renew-1"), new(1, "renew-2")]);
    let mut results = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids).unwrap();
    assert!(results.pop().unwrap().is_ok());
    assert_eq!(code(results.pop().unwrap()), "kmc.key-state");
    sound(&t);
}

/// What somebody does to a pair with SQL is found: I4 beside the ledger's own word.
#[test]
fn the_audit_finds_half_a_pair() {
    let t = with_centre("pair audit", 0);
    let issued = t.issue(&[person(&t, 1)]).remove(0);
    let serials = [&issued.serial, &half(&issued).serial].map(|s| format!("x'{}'", s));
    let [signing, encryption] = &serials;
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    for (n, sql) in [
        format!("DELETE FROM envelope; DELETE FROM pair WHERE signing = {signing}"),
        format!("DELETE FROM envelope WHERE serial = {encryption}"),
        format!("UPDATE certificate SET status = 'revoked' WHERE serial = {encryption}"),
        format!("UPDATE certificate SET holder = zeroblob(32) WHERE serial = {encryption}"),
        "UPDATE pair_intent SET spki = zeroblob(32)".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let base = folder.path().join(n.to_string());
        hufu_tests::copy_home(t.base(), &base);
        Connection::open(base.join("home/ledger.db")).unwrap().execute_batch(&sql).unwrap();
        let altered = TestAuthority::open_in(&base, t.now(), "audit").unwrap();
        let report = altered.authority.audit(hufu_authority::Depth::Deep, &|_| ()).unwrap();
        let rules: BTreeSet<&str> = report.findings.iter().map(|f| f.rule.as_str()).collect();
        assert!(rules.contains("I4"), "{sql}: {:?}", report.findings);
        assert!(rules.len() > 1, "{sql}: the ledger says nothing: {rules:?}");
    }
    // A vault without the key, and no vault at all.
    for (n, wreck) in [("UPDATE binding SET serial = zeroblob(19)", true), ("", false)] {
        let base = folder.path().join(format!("vault-{wreck}"));
        hufu_tests::copy_home(t.base(), &base);
        let vault = base.join("home/kmc.db");
        if wreck {
            Connection::open(&vault).unwrap().execute_batch(n).unwrap();
        } else {
            std::fs::remove_file(&vault).unwrap();
        }
        let altered = TestAuthority::open_in(&base, t.now(), "audit").unwrap();
        let report = altered.authority.audit(hufu_authority::Depth::Deep, &|_| ()).unwrap();
        assert!(report.findings.iter().any(|f| f.rule == "I4"), "{:?}", report.findings);
    }
    sound(&t);
}
