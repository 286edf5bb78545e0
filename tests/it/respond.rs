//! The responder over the ledger: every state is answered as it is, at once, and nothing makes it say that a revoked
//! certificate is good: not an answer signed ahead, not a race, not a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hufu_authority::{
    Depth, EventFilter, Holds, Presigning, Reply, ReplyKind, Responder, StatusRequest, SystemEntropy, Turn,
};
use hufu_model::entropy::Entropy;
use hufu_model::event::EventKind;
use hufu_model::ident::{RequestId, Serial};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_tests::{SeededEntropy, TestAuthority, ready_requests};
use hufu_x509::key::{Passphrase, SecretKey};
use hufu_x509::ocsp::{self, CertId, ErrorStatus, Hash, Issuer, Response, Status};
use rusqlite::Connection;

use crate::expect::{code, sound};

/// An authority with a responder.
pub(crate) struct Desk {
    pub(crate) t: TestAuthority,
    pub(crate) passphrase: Passphrase,
    pub(crate) issuer: Issuer,
}

impl Desk {
    pub(crate) fn new(seed: &str) -> Self {
        let t = TestAuthority::national(seed);
        let passphrase = Passphrase::machine(&SystemEntropy).unwrap();
        t.authority.issue_responder(&t.session("zhao"), &t.signer(), None, Turn::First, &passphrase).unwrap();
        let issuer = Issuer::of(&t.authority.identity().issuing).unwrap();
        Self { t, passphrase, issuer }
    }

    pub(crate) fn responder(&self) -> Responder {
        let entropy = Arc::new(SeededEntropy::new("responder"));
        Responder::open_with(&self.t.home(), &self.passphrase, entropy).unwrap()
    }

    pub(crate) fn id(&self, serial: &Serial) -> CertId {
        self.issuer.cert_id(Hash::Sha1, serial)
    }

    /// The request to change a status, carried out by two people.
    pub(crate) fn change(&self, action: Action, name: &str, serial: &Serial) {
        let (name, serial): (RequestId, _) = (name.parse().unwrap(), serial.clone());
        let _ = self.t.carry_out(match action {
            Action::Suspend => StatusRequest::suspend(name, serial),
            Action::Resume => StatusRequest::resume(name, serial),
            _ => StatusRequest::revoke(name, serial, RevocationReason::KeyCompromise),
        });
    }

    /// A verified answer to one question without a nonce.
    fn ask(&self, responder: &Responder, serial: &Serial) -> (Status, ReplyKind) {
        let request = ocsp::build_request(&[self.id(serial)], None).unwrap();
        let reply = responder.answer(&request, self.t.now());
        (self.read(&reply).single(&self.id(serial)).unwrap().status, reply.kind)
    }

    pub(crate) fn status(&self, responder: &Responder, serial: &Serial) -> Status {
        self.ask(responder, serial).0
    }

    fn read(&self, reply: &Reply) -> Response {
        let response = Response::from_der(&reply.der).unwrap();
        response.verify(&self.t.authority.identity().issuing, self.t.now()).unwrap();
        response
    }

    pub(crate) fn presign(&self, responder: &Responder) -> hufu_authority::PresignedCount {
        self.t.authority.presign(responder, &Presigning::default(), &|_| ()).unwrap()
    }
}

fn revoked(at: Instant, reason: RevocationReason) -> Status {
    Status::Revoked { at: at.unix_seconds(), reason: Some(reason) }
}

fn refusal(reply: &Reply, status: ErrorStatus) {
    assert_eq!((reply.kind, &reply.der), (ReplyKind::Refused(status), &status.response()));
    assert_eq!((reply.holds, reply.unknown), (None, 0));
}

#[test]
fn every_state_is_answered_as_the_ledger_has_it() {
    let desk = Desk::new("answers");
    let t = &desk.t;
    let serial = t.issue_person(1).serial;
    let responder = desk.responder();
    assert_eq!(desk.ask(&responder, &serial), (Status::Good, ReplyKind::Fresh));
    for (n, (action, hold)) in
        [(Action::Suspend, true), (Action::Resume, false), (Action::Suspend, true)].into_iter().enumerate()
    {
        t.clock.advance(60);
        desk.change(action, &format!("step-{n}"), &serial);
        let expected = if hold { revoked(t.now(), RevocationReason::CertificateHold) } else { Status::Good };
        assert_eq!(desk.status(&responder, &serial), expected, "{action}");
    }
    // Revoked while suspended: the time is that of the revocation.
    t.clock.advance(60);
    let since = t.now().plus_seconds(-90);
    let _ = desk.t.carry_out(StatusRequest {
        invalid_since: Some(since),
        ..StatusRequest::revoke("end".parse().unwrap(), serial.clone(), RevocationReason::KeyCompromise)
    });
    let end = revoked(t.now(), RevocationReason::KeyCompromise);
    assert_eq!(desk.status(&responder, &serial), end);
    assert_eq!(responder.read_back(&serial, t.now()).unwrap(), end);
    assert_eq!(t.authority.ocsp_status(std::slice::from_ref(&serial)).unwrap(), [end]);
    let reply = responder.answer(&ocsp::build_request(&[desk.id(&serial)], None).unwrap(), t.now());
    let invalidity = hufu_x509::oid::INVALIDITY_DATE;
    assert!(reply.der.windows(3).any(|w| w == invalidity.as_bytes()), "invalidityDate is said");
    // Days later, and by another process that has just opened the home.
    t.clock.advance(5 * 86_400);
    assert_eq!(desk.status(&responder, &serial), end);
    assert_eq!(desk.status(&desk.responder(), &serial), end);
    // The authority's own certificates stand in the ledger, too.
    let ledger = t.authority.identity().ledger.serial().clone();
    assert_eq!(desk.status(&responder, &ledger), Status::Good);
    sound(t);
}

/// R3: good is said of certificates that were issued, and of nothing else.
#[test]
fn what_the_ledger_does_not_hold_is_not_good() {
    let desk = Desk::new("unknown");
    let t = &desk.t;
    let issued = t.issue_person(1).serial;
    // A serial number of which an intent speaks, and no certificate.
    let ids = ready_requests(t, 2, 1);
    t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids).unwrap().remove(0).unwrap();
    let intended = t.authority.request(&ids[0]).unwrap().row.serial.unwrap();
    let thief = Connection::open(t.database()).unwrap();
    thief.pragma_update(None, "foreign_keys", false).unwrap();
    for table in ["certificate", "certificate_der"] {
        let gone = thief.execute(&format!("DELETE FROM {table} WHERE serial = ?"), [intended.as_bytes()]).unwrap();
        assert_eq!(gone, 1, "{table}");
    }
    let responder = desk.responder();
    let serial = |octets: &[u8]| Serial::from_bytes(octets).unwrap();
    let mut other_instance = issued.as_bytes().to_vec();
    other_instance[0] = 2;
    for unknown in [intended, serial(&[1; 19]), serial(&[9]), serial(&[0x7f; 20]), serial(&other_instance)] {
        assert_eq!(desk.status(&responder, &unknown), Status::Unknown, "{unknown}");
    }
    assert_eq!(desk.status(&responder, &issued), Status::Good);
    // A row that is not what its last change says is no ground for an answer.
    thief.execute("UPDATE certificate SET status = 'revoked' WHERE serial = ?", [issued.as_bytes()]).unwrap();
    let reply = responder.answer(&ocsp::build_request(&[desk.id(&issued)], None).unwrap(), t.now());
    refusal(&reply, ErrorStatus::InternalError);
    assert_eq!(reply.fault.unwrap().code(), "record.document");
}

#[test]
fn several_questions_are_answered_together_and_other_cas_are_not_ours() {
    let desk = Desk::new("several");
    let t = &desk.t;
    let serials: Vec<Serial> = t
        .issue(&(1..=3).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>())
        .into_iter()
        .map(|c| c.serial)
        .collect();
    t.clock.advance(1);
    desk.change(Action::Revoke, "one", &serials[1]);
    let responder = desk.responder();
    let root = Issuer::of(&t.authority.identity().root).unwrap().cert_id(Hash::Sm3, &serials[0]);
    let key = SecretKey::generate(&SystemEntropy).unwrap();
    let namesake = Issuer::new(t.authority.identity().issuing.subject_der(), key.public_key());
    let namesake = namesake.cert_id(Hash::Sm3, &serials[0]);
    let revoked = revoked(t.now(), RevocationReason::KeyCompromise);
    for hash in Hash::ALL {
        let mut ids: Vec<CertId> = serials.iter().map(|s| desk.issuer.cert_id(hash, s)).collect();
        ids.extend([root.clone(), namesake.clone(), ids[0].clone()]);
        let nonce = [7; ocsp::MAX_NONCE];
        let reply = responder.answer(&ocsp::build_request(&ids, Some(&nonce)).unwrap(), t.now());
        let response = desk.read(&reply);
        let found: Vec<Status> = response.singles().iter().map(|s| s.status).collect();
        assert_eq!(found, [Status::Good, revoked, Status::Good, Status::Unknown, Status::Unknown, Status::Good]);
        let named: Vec<&CertId> = response.singles().iter().map(|s| &s.id).collect();
        assert_eq!(named, ids.iter().collect::<Vec<_>>(), "as they were asked");
        assert_eq!((response.nonce(), reply.unknown, reply.holds), (Some(&nonce[..]), 2, None));
    }
    for other in [root, namesake] {
        let request = ocsp::build_request(&[other], None).unwrap();
        refusal(&responder.answer(&request, t.now()), ErrorStatus::Unauthorized);
    }
    let many: Vec<CertId> = (0..ocsp::MAX_REQUESTS).map(|n| desk.id(&serials[n % 3])).collect();
    let reply = responder.answer(&ocsp::build_request(&many, None).unwrap(), t.now());
    assert_eq!(desk.read(&reply).singles().len(), ocsp::MAX_REQUESTS);
}

#[test]
fn whatever_is_sent_gets_a_reply() {
    let desk = Desk::new("garbage");
    let serial = desk.t.issue_person(1).serial;
    let responder = desk.responder();
    let request = ocsp::build_request(&[desk.id(&serial)], Some(&[1; 16])).unwrap();
    let mut malformed: Vec<Vec<u8>> = vec![Vec::new(), vec![0x30; 100], vec![0; 70_000], b"GET / HTTP/1.1".to_vec()];
    malformed.extend((0..request.len()).map(|n| request[..n].to_vec()));
    malformed.push([request.clone(), vec![0]].concat());
    for der in &malformed {
        let reply = responder.answer(der, desk.t.now());
        refusal(&reply, ErrorStatus::MalformedRequest);
        assert!(reply.fault.is_some());
    }
    // Every octet replaced: whatever is signed is an answer to what was asked, and the certificate is good or unknown.
    let random: &dyn Entropy = &SeededEntropy::new("octets");
    let mut answered = 0;
    for at in 0..request.len() {
        let mut altered = request.clone();
        let octet: [u8; 1] = random.array().unwrap();
        altered[at] ^= octet[0] | 1;
        let reply = responder.answer(&altered, desk.t.now());
        if !matches!(reply.kind, ReplyKind::Refused(_)) {
            let single = &desk.read(&reply).singles()[0].clone();
            assert!(single.status == Status::Good || single.status == Status::Unknown);
            assert_eq!(single.status == Status::Good, single.id.serial().as_ref() == Some(&serial));
            answered += 1;
        }
    }
    assert!(answered > 10, "{answered}");
    for path in ["", "%", "%zz", "MA==", "!!!!", &"A".repeat(300_000)] {
        refusal(&responder.answer_get(path, desk.t.now()), ErrorStatus::MalformedRequest);
    }
}

#[test]
fn no_clock_and_no_expired_certificate_answers() {
    let desk = Desk::new("clock");
    let t = &desk.t;
    let serial = t.issue_person(1).serial;
    let responder = desk.responder();
    let request = ocsp::build_request(&[desk.id(&serial)], None).unwrap();
    let now = t.now();
    let at = |seconds: i64| responder.answer(&request, now.plus_seconds(seconds));
    // A little behind is two machines that differ; the answer is of ledger time.
    assert_eq!(at(-4).holds.unwrap().from, now.unix_seconds());
    for back in [-6, -3600, -86_400 * 3650] {
        let reply = at(back);
        refusal(&reply, ErrorStatus::TryLater);
        assert_eq!(reply.fault.unwrap().code(), "responder.clock");
        assert!(responder.check(now.plus_seconds(back)).is_err());
    }
    let until = responder.certificates().next().unwrap().1.validity().not_after();
    let left = until - now.unix_seconds();
    assert_eq!(at(left - 60).holds, Some(Holds { from: until - 60, until }), "no answer outlives its signer");
    let reply = at(left);
    refusal(&reply, ErrorStatus::TryLater);
    assert_eq!(reply.fault.unwrap().code(), "responder.expired");
    responder.check(now).unwrap();
    // Lives: 8 hours to 10 days.
    for life in [8 * 3600 - 1, 10 * 86_400 + 1, 0, -1, i64::MAX] {
        assert_eq!(code(desk.responder().with_life(life).map(drop)), "responder.life");
    }
    let reply = desk.responder().with_life(10 * 86_400).unwrap().answer(&request, now);
    let holds = reply.holds.unwrap();
    assert_eq!(holds.until - holds.from, 10 * 86_400);
}

#[test]
fn an_answer_signed_ahead_ends_with_the_status() {
    let desk = Desk::new("ahead");
    let t = &desk.t;
    let serials: Vec<Serial> = t
        .issue(&(1..=5).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>())
        .into_iter()
        .map(|c| c.serial)
        .collect();
    t.clock.advance(60);
    desk.change(Action::Revoke, "before", &serials[4]);
    let responder = desk.responder();
    let count = desk.presign(&responder);
    assert_eq!((count.signed, count.kept, count.overtaken), (count.looked_at, 0, 0));
    assert!(count.signed >= 5 + 14, "operators are holders, too: {count:?}");
    let signed_at = t.now();
    let saved = presigned_rows(t);
    t.clock.advance(3600);
    for serial in &serials[..4] {
        assert_eq!(desk.ask(&responder, serial), (Status::Good, ReplyKind::Presigned));
    }
    let (status, kind) = desk.ask(&responder, &serials[4]);
    assert_eq!((status, kind), (revoked(signed_at, RevocationReason::KeyCompromise), ReplyKind::Presigned));
    // With a nonce, with another digest, or with several questions, it is signed afresh.
    for (ids, nonce) in [
        (vec![desk.id(&serials[0])], Some(&[1; 16][..])),
        (vec![desk.issuer.cert_id(Hash::Sm3, &serials[0])], None),
        (vec![desk.id(&serials[0]), desk.id(&serials[1])], None),
    ] {
        let reply = responder.answer(&ocsp::build_request(&ids, nonce).unwrap(), t.now());
        assert_eq!(reply.kind, ReplyKind::Fresh);
        assert_eq!(desk.read(&reply).produced_at(), t.now().unix_seconds());
    }
    // Each change ends it; coming back to the status it was signed for does not bring it back.
    desk.change(Action::Suspend, "hold", &serials[0]);
    let held = revoked(t.now(), RevocationReason::CertificateHold);
    assert_eq!(desk.ask(&responder, &serials[0]), (held, ReplyKind::Fresh));
    desk.change(Action::Resume, "release", &serials[0]);
    assert_eq!(desk.ask(&responder, &serials[0]), (Status::Good, ReplyKind::Fresh));
    desk.change(Action::Revoke, "revoke", &serials[1]);
    let ended = revoked(t.now(), RevocationReason::KeyCompromise);
    assert_eq!(desk.ask(&responder, &serials[1]), (ended, ReplyKind::Fresh));
    assert_eq!(presigned_rows(t).len(), saved.len() - 2);
    // A row that was signed before the change and is stored after it, as a race would: it is not given out.
    put_back(t, &saved, &serials[1], None);
    assert_eq!(desk.ask(&responder, &serials[1]), (ended, ReplyKind::Fresh));
    // What stops it is the event of the last change: with that forged, it would be believed.
    put_back(t, &saved, &serials[1], Some(last_change(t, &serials[1])));
    assert_eq!(desk.ask(&responder, &serials[1]), (Status::Good, ReplyKind::Presigned), "the negative control");
    // Presigning again: what holds for long enough is kept, what ended is renewed, and nothing is signed ahead for long.
    let count = desk.presign(&responder);
    assert_eq!((count.signed, count.looked_at - count.kept), (1, 1));
    t.clock.advance(11 * 3600);
    let count = desk.presign(&responder);
    assert_eq!(count.kept, 1, "only the one that was renewed an hour later: {count:?}");
    assert_eq!(desk.ask(&responder, &serials[1]), (ended, ReplyKind::Presigned));
    t.clock.advance(24 * 3600);
    assert_eq!(desk.ask(&responder, &serials[2]), (Status::Good, ReplyKind::Fresh), "it has ended");
    for (life, renew_before) in [(3600, 0), (11 * 86_400, 0), (86_400, 86_400), (86_400, -1)] {
        let what = Presigning { life, renew_before, ..Presigning::default() };
        assert_eq!(code(t.authority.presign(&responder, &what, &|_| ())), "responder.life");
    }
    sound(t);
}

/// While answers are signed ahead without a pause, certificates are revoked; after each revocation the answer is asked
/// for at once, and again, and is never good.
#[test]
fn signing_ahead_never_wins_a_race_against_a_revocation() {
    let desk = Desk::new("race");
    let t = &desk.t;
    let serials: Vec<Serial> = t
        .issue(&(1..=60).map(|n| t.people.person(n, "lra-chengdu")).collect::<Vec<_>>())
        .into_iter()
        .map(|c| c.serial)
        .collect();
    let responder = desk.responder();
    let (done, beside) = (AtomicBool::new(false), t.beside("presigner"));
    let (mut rounds, mut wrong, mut presigned) = ((0, 0), 0, 0);
    std::thread::scope(|scope| {
        let presigner = scope.spawn(|| {
            let what = Presigning { renew_before: Presigning::default().life - 1, ..Presigning::default() };
            let (mut rounds, mut overtaken) = (0_u64, 0_u64);
            while !done.load(Ordering::SeqCst) {
                overtaken += beside.authority.presign(&responder, &what, &|_| ()).unwrap().overtaken;
                rounds += 1;
            }
            (rounds, overtaken)
        });
        for (n, serial) in serials.iter().enumerate() {
            desk.change(Action::Revoke, &format!("race-{n}"), serial);
            for _ in 0..20 {
                let (status, kind) = desk.ask(&responder, serial);
                wrong += usize::from(!matches!(status, Status::Revoked { .. }));
                presigned += usize::from(kind == ReplyKind::Presigned);
            }
        }
        done.store(true, Ordering::SeqCst);
        rounds = presigner.join().unwrap();
    });
    println!("{} rounds of signing ahead, {} answers overtaken, {presigned} given out", rounds.0, rounds.1);
    assert_eq!(wrong, 0);
    assert!(rounds.0 > 1, "nothing raced");
    assert_eq!(desk.status(&responder, &serials[0]), desk.status(&desk.responder(), &serials[0]));
}

#[test]
fn the_responders_certificate_is_a_recorded_act() {
    let t = TestAuthority::national("responder act");
    let passphrase = Passphrase::machine(&SystemEntropy).unwrap();
    let issue = |who: &str, turn| t.authority.issue_responder(&t.session(who), &t.signer(), None, turn, &passphrase);
    let open = || Responder::open(&t.home(), &passphrase);
    assert_eq!(code(open().map(drop)), "responder.missing");
    assert_eq!(code(issue("zhao", Turn::Renewal)), "responder.missing");
    for who in ["sichuan-admin", "sichuan-approver", "auditor", "chengdu-entry"] {
        assert_eq!(code(issue(who, Turn::First)), "operator.no-role", "{who}");
    }
    let first = issue("qian", Turn::First).unwrap();
    assert_eq!(code(issue("zhao", Turn::First)), "responder.exists");
    assert_eq!(t.authority.responder(1).unwrap(), Some(first.clone()));
    assert_eq!(t.authority.responder(2).unwrap(), None);
    first.verify_signed_by(&t.authority.identity().issuing.public_key().unwrap()).unwrap();
    let older = open().unwrap();
    t.clock.advance(86_400);
    let second = issue("zhao", Turn::Renewal).unwrap();
    assert!(second.public_key().unwrap() != first.public_key().unwrap(), "a new key each time");
    assert_eq!(older.certificates().next().unwrap(), (1, &first), "one that runs goes on until its certificate ends");
    assert_eq!(open().unwrap().certificates().next().unwrap(), (1, &second));
    let wrong = Passphrase::machine(&SystemEntropy).unwrap();
    assert_eq!(code(Responder::open(&t.home(), &wrong).map(drop)), "x509.wrong-passphrase");
    // A renewal that ended between the certificate and the key's last name.
    let key = t.home().join("keys/ocsp-1.key");
    let next = t.home().join("keys/ocsp-1.next.key");
    assert!(!next.exists());
    std::fs::rename(&key, &next).unwrap();
    assert_eq!(open().unwrap().certificates().next().unwrap().1, &second);
    std::fs::rename(&next, &key).unwrap();
    sound(&t);
    // A signer that was fenced off makes none, and a certificate that no intent announced is found.
    let fenced = t.signer();
    drop(t.signer());
    let made = t.authority.issue_responder(&t.session("zhao"), &fenced, None, Turn::Renewal, &passphrase);
    assert_eq!(code(made), "store.fenced");
    // What somebody with the file puts there: an earlier certificate again, under any name; or one of another CA.
    let store = hufu_store::Store::open(&t.database(), hufu_authority::Mode::ReadWrite).unwrap();
    let intent =
        t.authority.events(&EventFilter { kind: Some(EventKind::ResponderIntent), ..Default::default() }).unwrap();
    for (n, (object, intent)) in
        [("x".to_owned(), 0), (first.serial().to_string(), intent[0].seq), (second.serial().to_string(), 0)]
            .into_iter()
            .enumerate()
    {
        store
            .write(t.now(), |w| {
                let mut event = w.event(EventKind::Responder, Some(&"zhao".parse().unwrap()), &object);
                event.put_authority_certificate("ocsp-1", first.der())?;
                event.field("intent", &intent.to_string());
                event.close().map(drop)
            })
            .unwrap_or_else(|e: hufu_store::Error| panic!("{e}"));
        let findings = t.authority.audit(Depth::Deep, &|_| ()).unwrap().findings;
        assert!(findings.iter().filter(|f| f.rule == "I3").count() > n, "{findings:?}");
    }
}

/// Every row of `presigned`, by serial number.
fn presigned_rows(t: &TestAuthority) -> Vec<(Vec<u8>, Vec<rusqlite::types::Value>)> {
    let connection = Connection::open(t.database()).unwrap();
    let mut statement = connection.prepare("SELECT * FROM presigned").unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Vec<rusqlite::types::Value> = (0..width).map(|n| row.get(n)).collect::<Result<_, _>>()?;
        Ok((row.get(0)?, values))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Puts the saved row of a certificate back, with another event of the last change if one is given.
fn put_back(t: &TestAuthority, saved: &[(Vec<u8>, Vec<rusqlite::types::Value>)], serial: &Serial, seq: Option<i64>) {
    let mut values = saved.iter().find(|(key, _)| key == serial.as_bytes()).unwrap().1.clone();
    if let Some(seq) = seq {
        values[2] = seq.into();
    }
    let places = vec!["?"; values.len()].join(", ");
    let connection = Connection::open(t.database()).unwrap();
    let put = format!("INSERT OR REPLACE INTO presigned VALUES ({places})");
    assert_eq!(connection.execute(&put, rusqlite::params_from_iter(values)).unwrap(), 1);
}

fn last_change(t: &TestAuthority, serial: &Serial) -> i64 {
    let connection = Connection::open(t.database()).unwrap();
    let last = "SELECT MAX(seq) FROM status_change WHERE serial = ?";
    connection.query_row(last, [serial.as_bytes()], |row| row.get(0)).unwrap()
}
