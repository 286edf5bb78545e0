//! Reports that can be held against those who signed them: what is signed, who may, what is found when it is altered,
//! signed by another, or does not stand on this ledger, and that what is recorded later changes nothing.

use std::path::PathBuf;

use hufu_authority::import::{Entry, ImportPlan, Verified};
use hufu_authority::report::{Difference, ReportVerdict, SignedReport, Statement, Value, check_report};
use hufu_authority::{Asked, Authority, Class, EventFilter, ReportKind, StatusRequest};
use hufu_model::certificate::Algorithm;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, Serial};
use hufu_model::legacy::Usage;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Instant, Validity};
use hufu_tests::{TestAuthority, copy_home};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::{PublicKey, SecretKey};
use hufu_x509::pem;
use hufu_x509::sign::{Signature, Signer};
use hufu_x509::signed_data::{self, SignedData};

use crate::expect::{all, refused, sound};
use crate::judge::{MESSAGE_JUDGES, all_accepted};

/// A small authority with five certificates at Chengdu and a minute since.
fn authority(seed: &str) -> TestAuthority {
    let t = TestAuthority::national(seed);
    (0..5).for_each(|n| drop(t.issue_person(n)));
    t.clock.advance(60);
    t
}

fn of(org: &str) -> Asked {
    Asked { org: Some(org.parse().unwrap()), ..Asked::default() }
}

/// What Sichuan's administrator signs.
fn sichuan(t: &TestAuthority) -> SignedReport {
    t.authority.sign_report(&t.session("sichuan-admin"), ReportKind::Summary, &of("ra-sichuan")).unwrap()
}

fn verify(authority: &Authority, file: impl AsRef<[u8]>) -> ReportVerdict {
    authority.verify_report(file.as_ref()).unwrap()
}

fn faults(verdict: &ReportVerdict) -> Vec<&'static str> {
    verdict.faults.iter().map(|f| f.code).collect()
}

/// The certificate an operator acts with.
fn certificate(t: &TestAuthority, operator: &str) -> Certificate {
    let found = t.authority.operators().unwrap().into_iter().find(|o| o.id.as_str() == operator).unwrap();
    t.authority.certificate(&found.certificate).unwrap().certificate
}

/// Signs a text as a report, with whatever key and certificate, as nobody should.
fn forged(text: &str, certificate: &Certificate, t: &TestAuthority, label: &str) -> Vec<u8> {
    let chain = [&t.authority.identity().issuing];
    signed_data::sign_with(text.as_bytes(), certificate, &chain, &t.people.key(label), [9; 32]).unwrap()
}

fn by(t: &TestAuthority, operator: &str, statement: &Statement) -> Vec<u8> {
    forged(&statement.encode().unwrap(), &certificate(t, operator), t, operator)
}

/// Puts other octets of the same length into a message.
fn edited(der: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = der.windows(from.len()).position(|w| w == from.as_bytes()).expect("it stands there");
    let mut der = der.to_vec();
    der[at..at + to.len()].copy_from_slice(to.as_bytes());
    der
}

fn revoke(t: &TestAuthority, serial: Serial, name: &str) {
    let request = StatusRequest::revoke(name.parse().unwrap(), serial, RevocationReason::CessationOfOperation);
    let ids = [request.id.clone()];
    all(t.authority.request_status(&t.session("zhao"), &[request]));
    all(t.authority.approve(&t.session("qian"), &ids));
    all(t.authority.apply(&t.session("qian"), &ids));
}

/// A certificate of the old authority, issued before the ledger began.
fn legacy(n: u8) -> Entry {
    let start = "2025-03-01T10:00:00+08:00".parse::<Instant>().unwrap();
    Entry {
        position: u64::from(n),
        place: format!("row {n}"),
        issuer: "C=CN,O=旧 CA".to_owned(),
        serial: vec![n],
        subject: format!("C=CN,CN=旧证书 {n}"),
        algorithm: Algorithm::Rsa,
        key_bits: 2048,
        usage: Usage::Sign,
        validity: Validity::days_from(start, 1000).unwrap(),
        issued_at: Some(start.unix_seconds()),
        org: Some("lra-chengdu".parse().unwrap()),
        org_text: None,
        region: None,
        unit_name: None,
        holder_kind: None,
        identity: None,
        medium: None,
        pair_id: None,
        revoked: None,
        digest: None,
        verified: Verified::NotVerified("import.no-issuer"),
        remarks: Vec::new(),
    }
}

#[test]
fn a_signed_report_holds_here_and_with_nothing_but_the_root() {
    let t = authority("signed");
    let signed = sichuan(&t);
    let s = &signed.statement;
    assert_eq!((s.operator.as_str(), s.office.as_str()), ("sichuan-admin", "ra-sichuan"));
    assert_eq!((s.report.as_of, s.signed_at), (t.now(), t.now()));
    assert_eq!(s.size, signed.event, "it stands on everything before its own event");
    let verdict = verify(&t.authority, signed.pem());
    assert!(verdict.holds() && verdict.recomputed, "{verdict:#?}");
    assert_eq!(verdict.statement.as_ref(), Some(s));
    assert!(verdict.reworded.is_empty());
    assert!(verify(&t.authority, &signed.der).holds(), "DER as well as PEM");
    // The text says by itself what was counted, in both languages.
    let text = s.encode().unwrap();
    for part in ["四川省注册中心|", "rule\trule-pair\t", "按对计", "Counted in pairs", "\ncheckpoint\tMI"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // The event names the text.
    let filter = EventFilter { kind: Some(EventKind::ReportSign), ..EventFilter::default() };
    let events = t.authority.events(&filter).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].seq, events[0].object.clone()), (signed.event, sm3(text.as_bytes()).to_string()));
    // Somebody who has only the root.
    let root = t.authority.identity().root.clone();
    let verdict = check_report(signed.pem().as_bytes(), &[root], &[]).unwrap();
    assert!(verdict.holds() && !verdict.recomputed, "{verdict:#?}");
    sound(&t);
}

#[test]
fn every_report_that_is_made_can_be_signed_and_made_again() {
    let t = authority("every kind");
    let mut made = 0;
    for kind in ReportKind::ALL {
        let signed = match t.authority.sign_report(&t.session("auditor"), kind, &Asked::default()) {
            Err(e) if e.code() == "report.unfit" => continue,
            other => other.unwrap(),
        };
        t.clock.advance(1);
        let verdict = verify(&t.authority, signed.pem());
        assert!(verdict.holds() && verdict.recomputed, "{kind}: {verdict:#?}");
        made += 1;
    }
    assert!(made > 0);
}

#[test]
fn an_office_signs_for_its_own_subtree_only() {
    let t = authority("who signs");
    let sign = |operator: &str, asked: &Asked| {
        t.authority.sign_report(&t.session(operator), ReportKind::Summary, asked).map(|s| s.event)
    };
    for (operator, asked, code) in [
        ("chengdu-entry", of("lra-chengdu"), "operator.no-role"),
        ("sichuan-admin", Asked::default(), "ra.outside-jurisdiction"),
        ("sichuan-admin", of("ra-yunnan"), "ra.outside-jurisdiction"),
        ("chengdu-approver", of("ra-sichuan"), "ra.outside-jurisdiction"),
        ("chengdu-approver", of("lra-mianyang"), "ra.outside-jurisdiction"),
    ] {
        refused(sign(operator, &asked), code, Class::NotPermitted);
    }
    let filter = EventFilter { kind: Some(EventKind::Denied), ..EventFilter::default() };
    assert_eq!(t.authority.events(&filter).unwrap().len(), 5, "every attempt is on record");
    for (operator, asked) in [
        ("chengdu-approver", of("lra-chengdu")),
        ("sichuan-admin", of("lra-mianyang")),
        ("sichuan-approver", of("ra-sichuan")),
        ("auditor", Asked::default()),
        ("zhao", of("ra-yunnan")),
    ] {
        sign(operator, &asked).unwrap();
    }
    sound(&t);
}

#[test]
fn an_edited_figure_is_found_and_named() {
    let t = authority("edited");
    let signed = sichuan(&t);
    let row =
        signed.statement.report.tables[0].rows.iter().find(|row| row.values[1] == Value::Text("lra-chengdu".into()));
    assert!(row.unwrap().values.contains(&Value::Count(5)), "{row:?}");
    let verdict =
        verify(&t.authority, edited(&signed.der, "lra-chengdu\tmunicipal-lra\t5\t", "lra-chengdu\tmunicipal-lra\t6\t"));
    assert_eq!(faults(&verdict), ["report.signature", "report.not-recorded"]);
    let [difference] = verdict.differences.as_slice() else { panic!("{:#?}", verdict.differences) };
    let Difference { table, row, column, signed: was, recomputed, .. } = difference;
    assert_eq!((*table, *column), ("organisations", Some("issued")));
    assert!(row.as_ref().unwrap().contains("lra-chengdu"), "{row:?}");
    assert_eq!((was.as_ref(), recomputed.as_ref()), (Some(&Value::Count(6)), Some(&Value::Count(5))));
    // Offline the signature says it.
    let root = t.authority.identity().root.clone();
    let altered = edited(&signed.der, "\tmunicipal-lra\t5\t", "\tmunicipal-lra\t6\t");
    assert_eq!(faults(&check_report(&altered, &[root], &[]).unwrap()), ["report.signature"]);
    // Signed again after the edit: the signature holds, the ledger knows better.
    let mut statement = signed.statement.clone();
    statement.report.tables[0].rows[1].values[3] = Value::Count(6);
    let gone = statement.report.tables[0].rows.pop().unwrap();
    let verdict = verify(&t.authority, by(&t, "sichuan-admin", &statement));
    assert_eq!(faults(&verdict), ["report.not-recorded"]);
    assert_eq!(verdict.differences.len(), 2, "{:#?}", verdict.differences);
    assert_eq!(verdict.differences[1].recomputed.as_ref(), gone.values.first(), "the row that was left out");
    // What is left of a report that is none any more.
    let verdict = verify(&t.authority, edited(&signed.der, "\nunit\t", "\nunix\t"));
    assert_eq!((faults(&verdict), verdict.statement), (vec!["report.signature"], None));
}

#[test]
fn another_signer_is_found() {
    let t = authority("another signer");
    // Whose certificate begins before the report is signed: nothing else is wrong with a subscriber's signature.
    let person = t.authority.certificate(&t.issue_person(9).serial).unwrap().certificate;
    t.clock.advance(60);
    let signed = sichuan(&t);
    let text = signed.statement.encode().unwrap();
    // Another operator, and a subscriber.
    let verdict = verify(&t.authority, by(&t, "yunnan-approver", &signed.statement));
    assert_eq!(faults(&verdict), ["report.signer"]);
    assert!(verdict.faults[0].values.contains(&("signer", "yunnan-approver".to_owned())), "{verdict:#?}");
    let verdict = verify(&t.authority, forged(&text, &person, &t, "person-9"));
    assert_eq!(faults(&verdict), ["report.signer"]);
    // Another key beside the right certificate.
    let liar = Liar { claims: t.people.key("sichuan-admin"), signs: t.people.key("yunnan-approver") };
    let own = certificate(&t, "sichuan-admin");
    let wrong = signed_data::sign(text.as_bytes(), &own, &liar, [9; 32]).unwrap();
    let verdict = verify(&t.authority, wrong);
    assert_eq!(faults(&verdict), ["report.signature"]);
    assert!(verdict.differences.is_empty(), "nothing but the signature is wrong");
    // A key of another home, which says so, and which says that it is this one.
    let elsewhere = authority("elsewhere");
    let theirs = sichuan(&elsewhere);
    let verdict = verify(&t.authority, theirs.pem());
    assert_eq!(faults(&verdict), ["report.other-authority"]);
    assert!(!verdict.recomputed);
    let verdict = verify(&t.authority, by(&elsewhere, "sichuan-admin", &signed.statement));
    assert_eq!(faults(&verdict), ["report.chain", "report.signer"]);
    let root = t.authority.identity().root.clone();
    let claimed = by(&elsewhere, "sichuan-admin", &signed.statement);
    // The certificate of the ledger's key is not among those that this message brings.
    let verdict = check_report(&claimed, &[root], &[]).unwrap();
    assert_eq!(faults(&verdict), ["report.chain", "report.checkpoint"]);
}

#[test]
fn an_operator_whose_certificate_is_gone_signs_nothing() {
    let t = authority("revoked");
    let signed = sichuan(&t);
    let session = t.session("sichuan-admin");
    let own = certificate(&t, "sichuan-admin");
    t.clock.advance(60);
    revoke(&t, own.serial().clone(), "gone");
    t.clock.advance(60);
    let again = t.authority.sign_report(&session, ReportKind::Summary, &of("ra-sichuan")).map(|s| s.event);
    refused(again, "operator.certificate", Class::NotPermitted);
    // What was signed before stands.
    let verdict = verify(&t.authority, signed.pem());
    assert!(verdict.holds(), "{verdict:#?}");
    // Behind the authority's back, in the open and dated back.
    let mut late = signed.statement.clone();
    late.signed_at = t.now();
    let file = forged(&late.encode().unwrap(), &own, &t, "sichuan-admin");
    assert_eq!(faults(&verify(&t.authority, file)), ["report.signer-revoked", "report.not-recorded"]);
    let mut early = signed.statement.clone();
    early.program = "0.0.1".to_owned();
    let file = forged(&early.encode().unwrap(), &own, &t, "sichuan-admin");
    assert_eq!(faults(&verify(&t.authority, file)), ["report.not-recorded"]);
    // After the end of its life no certificate signs.
    let mut expired = signed.statement.clone();
    expired.signed_at = Instant::from_unix_seconds(own.validity().not_after() + 1);
    let file = forged(&expired.encode().unwrap(), &own, &t, "sichuan-admin");
    assert!(faults(&verify(&t.authority, file)).contains(&"report.chain"));
}

#[test]
fn what_is_no_signed_report_is_refused_in_words() {
    let t = authority("no report");
    let signed = sichuan(&t);
    let pem = signed.pem();
    let code = |file: &[u8]| t.authority.verify_report(file).map(|v| v.holds()).unwrap_err().code();
    for cut in (0..pem.len() - 1).step_by(97) {
        assert!(code(&pem.as_bytes()[..cut]).starts_with("x509."), "{cut}");
    }
    for cut in (0..signed.der.len()).step_by(101) {
        assert!(code(&signed.der[..cut]).starts_with("x509."), "{cut}");
    }
    let checkpoint = t.authority.checkpoints().unwrap().pop().unwrap().signed;
    assert_eq!(code(pem::encode(hufu_authority::CHECKPOINT_LABEL, &checkpoint).as_bytes()), "x509.pem-label");
    assert_eq!(code(&checkpoint), "report.form");
    let chain = signed_data::certificates(&[&t.authority.identity().root]).unwrap();
    assert_eq!(code(&chain), "x509.message");
    assert_eq!(code(b"hufu report v1\n"), "x509.not-der");
    assert_eq!(code(forged("hello", &certificate(&t, "zhao"), &t, "zhao").as_slice()), "report.form");
}

#[test]
fn it_stands_on_this_ledger_and_on_all_of_it() {
    let t = authority("stands on");
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let older = folder.path().join("older");
    copy_home(t.base(), &older);
    t.clock.advance(60);
    let one = t.issue_person(20);
    t.clock.advance(60);
    let signed = sichuan(&t);
    // A home that was put back from an older copy, and one that went another way since.
    let copy = TestAuthority::open_in(&older, t.now(), "copy").unwrap();
    let verdict = verify(&copy.authority, signed.pem());
    assert_eq!(faults(&verdict), ["report.not-recorded", "report.ledger-short"]);
    assert!(verdict.recomputed && !verdict.differences.is_empty(), "the certificate that is not there is missed");
    (30..40).for_each(|n| drop(copy.issue_person(n)));
    let verdict = verify(&copy.authority, signed.pem());
    assert_eq!(faults(&verdict), ["report.not-recorded", "report.ledger-differs"]);
    // A report that claims to know more than it stands on, and one that knows the future.
    let statement = |change: &dyn Fn(&mut Statement)| {
        let mut s = signed.statement.clone();
        change(&mut s);
        verify(&t.authority, by(&t, "sichuan-admin", &s))
    };
    let last = t.authority.checkpoints().unwrap();
    let before = last.iter().rfind(|c| c.checkpoint.size < signed.statement.size - 1).unwrap();
    let verdict = statement(&|s| {
        s.size = before.checkpoint.size;
        s.ledger_root = Digest(before.checkpoint.root);
        s.checkpoint = before.signed.clone();
    });
    assert!(faults(&verdict).contains(&"report.not-covered"), "{verdict:#?}");
    let verdict = statement(&|s| s.report.as_of = s.signed_at.plus_seconds(60));
    assert!(faults(&verdict).contains(&"report.ahead"), "{verdict:#?}");
    // A checkpoint of another ledger, one by another key, one that is larger.
    let elsewhere = authority("another ledger");
    let foreign = elsewhere.authority.checkpoints().unwrap().pop().unwrap().signed;
    let false_one = by_zhao(&t, &t.authority.checkpoints().unwrap().pop().unwrap().signed);
    for checkpoint in [foreign, false_one, vec![0x30, 0]] {
        let verdict = statement(&|s| s.checkpoint = checkpoint.clone());
        assert!(faults(&verdict).contains(&"report.checkpoint"), "{verdict:#?}");
    }
    let verdict = statement(&|s| s.size = 3);
    assert!(faults(&verdict).contains(&"report.checkpoint"), "{verdict:#?}");
    let verdict = statement(&|s| s.ledger_root = Digest([7; 32]));
    assert!(faults(&verdict).contains(&"report.ledger-differs"), "{verdict:#?}");
    drop(one);
}

/// Says that it is one key and signs with another.
struct Liar {
    claims: SecretKey,
    signs: SecretKey,
}

impl Signer for Liar {
    fn public_key(&self) -> &PublicKey {
        self.claims.public_key()
    }

    fn sign(&self, message: &[u8], entropy: [u8; 32]) -> hufu_x509::Result<Signature> {
        self.signs.sign(message, entropy)
    }
}

/// The text of a checkpoint, signed by an administrator instead of the ledger's key: by the chain alone it would pass.
fn by_zhao(t: &TestAuthority, checkpoint: &[u8]) -> Vec<u8> {
    let text = SignedData::from_der(checkpoint).unwrap().content().to_vec();
    signed_data::sign(&text, &certificate(t, "zhao"), &t.people.key("zhao"), [3; 32]).unwrap()
}

#[test]
fn what_is_recorded_later_does_not_change_what_was_signed() {
    let t = authority("later");
    // At the end of the month, as known today: what happens until then is not known yet.
    let asked = Asked { at: Some("2026-12-31".parse().unwrap()), ..of("ra-sichuan") };
    let sign = || t.authority.sign_report(&t.session("sichuan-admin"), ReportKind::Summary, &asked).unwrap();
    let first = sign();
    t.clock.advance(3600);
    // An inventory with older certificates, a revocation, new certificates.
    let plan = ImportPlan {
        id: "old-ca".parse().unwrap(),
        source: "旧系统导出".to_owned(),
        digest: Digest([1; 32]),
        org: None,
        rules: None,
        dry_run: false,
    };
    let entries = (1..=3).map(|n| Ok(legacy(n)));
    let report = t.authority.import(&t.session("zhao"), &plan, entries, &mut |_| (), &|_| ()).unwrap();
    assert_eq!(report.new, 3, "{report:?}");
    let old = t.issue_person(30).serial;
    t.clock.advance(3600);
    revoke(&t, old, "later");
    t.issue_person(31);
    t.clock.advance(3600);
    let second = sign();
    assert_ne!(first.statement.report.tables, second.statement.report.tables, "the ledger knows more now");
    for signed in [&first, &second] {
        let verdict = verify(&t.authority, signed.pem());
        assert!(verdict.holds() && verdict.recomputed, "{verdict:#?}");
    }
    // The one signed as the other: exactly what came later is named.
    let mut claimed = first.statement.clone();
    claimed.report.as_of = second.statement.report.as_of;
    claimed.signed_at = second.statement.signed_at;
    let verdict = verify(&t.authority, by(&t, "sichuan-admin", &claimed));
    let named: Vec<_> = verdict.differences.iter().filter_map(|d| Some((d.row.as_deref()?, d.column?))).collect();
    assert!(named.iter().any(|(row, column)| row.contains("lra-chengdu") && *column == "issued"), "{named:?}");
    assert!(named.iter().all(|(row, _)| !row.contains("lra-mianyang")), "{named:?}");
    sound(&t);
}

#[test]
fn the_message_is_a_good_one_elsewhere() {
    let t = authority("judged");
    let signed = sichuan(&t);
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let good = [put("report.p7s", &signed.der)];
    let bad = [put("edited.p7s", &edited(&signed.der, "\tmunicipal-lra\t5\t", "\tmunicipal-lra\t6\t"))];
    for judge in MESSAGE_JUDGES {
        all_accepted(judge, judge.run(&["signed-data"], &good), 1);
        let Some(verdicts) = judge.run(&["signed-data"], &bad) else { continue };
        assert!(verdicts.iter().all(|v| !v.ok), "{}: {verdicts:#?}", judge.0);
    }
}
