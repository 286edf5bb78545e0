//! The life of a certificate after it was issued: suspended, resumed, revoked, renewed, rekeyed, replaced, changed; what
//! the table of `hufu_model::lifecycle` does not allow does not happen, whoever asks.

use hufu_authority::{
    CertificateFilter, Change, Class, Error, EventFilter, IssuedCertificate, NewRequest, Outcome, StatusFilter,
    StatusRequest,
};
use hufu_model::certificate::CertificateStatus;
use hufu_model::event::EventKind;
use hufu_model::holder::Field;
use hufu_model::ident::{RequestId, Serial};
use hufu_model::lifecycle::{State, allowed};
use hufu_model::operator::Role;
use hufu_model::request::{Action, Reason, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_tests::{OPERATORS, TestAuthority};
use hufu_x509::certificate::Certificate;

use crate::expect::{Before, all, code, code_of_one, only, refused, sound};

fn id(text: &str) -> RequestId {
    text.parse().unwrap()
}

fn request(action: Action, name: &str, serial: &Serial) -> StatusRequest {
    let (name, serial) = (id(name), serial.clone());
    match action {
        Action::Suspend => StatusRequest::suspend(name, serial),
        Action::Resume => StatusRequest::resume(name, serial),
        _ => StatusRequest::revoke(name, serial, RevocationReason::CessationOfOperation),
    }
}

fn status(t: &TestAuthority, serial: &Serial) -> CertificateStatus {
    t.authority.certificate(serial).unwrap().row.status
}

fn figures(t: &TestAuthority) -> (u64, u64, u64) {
    let total = t.totals(None);
    (total.issued, total.revoked, total.valid)
}

#[test]
fn a_certificate_is_suspended_resumed_and_revoked_by_two_people() {
    let t = TestAuthority::national("whole life");
    let serial = t.issue_person(1).serial;
    let (issued, _, valid) = figures(&t);
    let steps = [
        (Action::Suspend, CertificateStatus::Held, (issued, 0, valid - 1)),
        (Action::Resume, CertificateStatus::Active, (issued, 0, valid)),
        (Action::Suspend, CertificateStatus::Held, (issued, 0, valid - 1)),
        (Action::Revoke, CertificateStatus::Revoked, (issued, 1, valid - 1)),
    ];
    for (n, (action, becomes, counted)) in steps.into_iter().enumerate() {
        t.clock.advance(3600);
        let applied = t.carry_out(request(action, &format!("step-{n}"), &serial));
        assert_eq!((applied.change.status, applied.change.at), (becomes, t.now().unix_seconds()));
        assert_eq!(status(&t, &serial), becomes);
        assert_eq!(figures(&t), counted, "{action}");
        assert_eq!(t.authority.request(&applied.request).unwrap().row.status, RequestStatus::Applied);
        // The audit log names the certificate and the person.
        let kind = Some([EventKind::Suspend, EventKind::Resume, EventKind::Suspend, EventKind::Revoke][n]);
        let filter = EventFilter { kind, object: Some(serial.to_string()), ..EventFilter::default() };
        let event = t.authority.events(&filter).unwrap().pop().unwrap();
        assert_eq!((event.seq, event.actor.unwrap().as_str()), (applied.change.event, "sichuan-approver"));
    }
    // What was valid then is still counted as valid then.
    let hour = |n: i64| t.now().plus_seconds(-3600 * n);
    for (at, counted) in [(hour(3), (0, valid - 1)), (hour(2), (0, valid)), (hour(1), (0, valid - 1))] {
        let then = t.totals(Some(at));
        assert_eq!((then.revoked, then.valid), counted, "{at}");
    }
    let changes = t.authority.status_changes(&StatusFilter { serial: Some(serial), ..Default::default() }).unwrap();
    assert_eq!(changes.len(), 4);
    sound(&t);
}

/// Certificates of Chengdu in every state, and the person of each.
fn in_every_state(t: &TestAuthority) -> [(State, u64, Serial); 4] {
    let persons: Vec<NewRequest> = (1..=4)
        .map(|n| {
            let mut person = t.people.person(n, "lra-chengdu");
            person.days = Some(if n == 4 { 1 } else { 365 });
            person
        })
        .collect();
    let issued: Vec<IssuedCertificate> = t.issue(&persons);
    let serial = |n: u64| {
        let name = persons[usize::try_from(n - 1).unwrap()].id.clone();
        issued.iter().find(|c| c.request == name).unwrap().serial.clone()
    };
    let _ = t.carry_out(request(Action::Suspend, "hold-2", &serial(2)));
    let _ = t.carry_out(request(Action::Revoke, "revoke-3", &serial(3)));
    t.clock.advance(86_400);
    [
        (State::Active, 1, serial(1)),
        (State::Held, 2, serial(2)),
        (State::Revoked, 3, serial(3)),
        (State::Expired, 4, serial(4)),
    ]
}

/// The request for a new certificate by `action`: the old key for a renewal, another one for the rest.
fn successor(t: &TestAuthority, action: Action, n: u64, predecessor: &Serial, name: &str) -> NewRequest {
    let mut new = t.people.person(n, "lra-chengdu");
    if action != Action::Renew {
        new.csr = t.people.csr(name);
    }
    NewRequest { id: id(name), reason: action.reason(), predecessor: Some(predecessor.clone()), ..new }
}

/// Every role, action and state: what is accepted is what table and roles say, nothing else, and a refusal changes
/// nothing.
#[test]
fn the_whole_matrix_of_roles_actions_and_states() {
    let t = TestAuthority::national("matrix");
    let certificates = in_every_state(&t);
    let before = Before::of(&t);
    let mut accepted = Vec::new();
    let everybody = OPERATORS.iter().map(|(id, org, _, role)| (*id, *org, *role));
    let everybody: Vec<_> = everybody.chain([("zhao", "ca", Role::SuperAdmin)]).collect();
    let mut attempts = 0;
    for (operator, org, role) in &everybody {
        let session = t.session(operator);
        let above = ["lra-chengdu", "ra-sichuan", "ca"].contains(org);
        for (state, n, serial) in &certificates {
            for action in Action::ALL.into_iter().filter(|a| *a != Action::Issue) {
                let name = format!("{operator}-{action}-{state}");
                let (result, may) = if action.makes_certificate() {
                    let new = successor(&t, action, *n, serial, &name);
                    (t.authority.submit(&session, &[new]).and_then(only), *role == Role::Entry)
                } else {
                    let asked = request(action, &name, serial);
                    let may = matches!(role, Role::Entry | Role::Admin | Role::SuperAdmin);
                    (t.authority.request_status(&session, &[asked]).and_then(only), may)
                };
                attempts += 1;
                let expected = may && above && allowed(action, *state);
                assert_eq!(result.is_ok(), expected, "{name}: {result:?}");
                if result.is_ok() {
                    accepted.push((id(&name), action, serial.clone()));
                }
            }
        }
    }
    println!("{attempts} attempts, {} accepted", accepted.len());
    assert!(before.denials(&t) > 100);

    // Who approves and applies what was accepted.
    let status_requests: Vec<_> = accepted.iter().filter(|(_, action, _)| !action.makes_certificate()).collect();
    for (operator, org, role) in &everybody {
        let session = t.session(operator);
        for (name, ..) in &status_requests {
            let submitter = t.authority.request(name).unwrap().row.submitter;
            let tier = ["ra-sichuan", "ca"].contains(org);
            let may = tier
                && matches!(role, Role::Approver | Role::Admin | Role::SuperAdmin)
                && submitter.as_str() != *operator;
            // Nothing is approved when it comes in; nobody applies it then.
            assert!(
                t.authority.apply(&session, std::slice::from_ref(name)).and_then(only).is_err(),
                "{operator} {name}"
            );
            if !may {
                let result = t.authority.approve(&session, std::slice::from_ref(name)).and_then(only);
                assert!(result.is_err(), "{operator} approved {name}");
            }
        }
    }
    for (state, _, serial) in &certificates {
        let found = State::of(&t.authority.certificate(serial).unwrap().row, t.now());
        assert_eq!(found, *state, "the matrix changed a certificate");
    }
    sound(&t);
}

/// The state is asked for again when a change takes effect, also inside one batch.
#[test]
fn the_state_is_asked_again_when_it_takes_effect() {
    let t = TestAuthority::national("again");
    let serial = t.issue_person(1).serial;
    let entry = t.session("chengdu-entry");
    let asked = [Action::Revoke, Action::Suspend, Action::Revoke].into_iter().zip(1..);
    let asked: Vec<_> = asked.map(|(action, n)| request(action, &format!("r-{n}"), &serial)).collect();
    all(t.authority.request_status(&entry, &asked));
    let ids: Vec<_> = asked.iter().map(|r| r.id.clone()).collect();
    let approver = t.session("sichuan-approver");
    all(t.authority.approve(&approver, &ids));
    let results = t.authority.apply(&approver, &ids).unwrap();
    let codes: Vec<_> = results.iter().map(|r| r.as_ref().map_or_else(Error::code, |_| "ok")).collect();
    assert_eq!(codes, ["ok", "certificate.state", "certificate.state"]);
    // Revoked is final: what was approved before never takes effect.
    t.clock.advance(60);
    let before = Before::of(&t);
    assert_eq!(code_of_one(t.authority.apply(&approver, &ids[1..2])), "certificate.state");
    let resume = request(Action::Resume, "resume", &serial);
    assert_eq!(code_of_one(t.authority.request_status(&entry, &[resume])), "certificate.state");
    before.assert_unchanged(&t, "a revoked certificate");
    sound(&t);
}

/// The same id does the same thing once; with other contents it is refused.
#[test]
fn asking_again_changes_nothing() {
    let t = TestAuthority::national("idempotent");
    let (one, two) = (t.issue_person(1).serial, t.issue_person(2).serial);
    let asked = StatusRequest {
        invalid_since: Some(t.now()),
        note: "介质遗失".to_owned(),
        ..StatusRequest::revoke(id("again"), one.clone(), RevocationReason::KeyCompromise)
    };
    t.clock.advance(60);
    let first = t.carry_out(asked.clone());
    assert_eq!(first.change.invalid_since, asked.invalid_since.map(|at| at.unix_seconds()));
    t.clock.advance(60);
    let before = Before::of(&t);
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    let again = all(t.authority.request_status(&entry, std::slice::from_ref(&asked))).remove(0);
    assert_eq!(again.status, RequestStatus::Applied);
    all(t.authority.approve(&approver, std::slice::from_ref(&asked.id)));
    assert_eq!(all(t.authority.apply(&approver, &[asked.id.clone(), asked.id.clone()])), [first.clone(), first]);
    for other in [
        StatusRequest { serial: two, ..asked.clone() },
        StatusRequest { reason: RevocationReason::Superseded, ..asked.clone() },
        StatusRequest { note: String::new(), ..asked.clone() },
        StatusRequest { invalid_since: None, ..asked.clone() },
        request(Action::Suspend, "again", &one),
    ] {
        let result = t.authority.request_status(&entry, &[other]);
        refused(result.and_then(only), "request.id-reused", Class::Refused);
    }
    // An id is one of all requests.
    let mut person = t.people.person(3, "lra-chengdu");
    person.id = asked.id.clone();
    refused(t.authority.submit(&entry, &[person]).and_then(only), "request.id-reused", Class::Refused);
    before.assert_unchanged(&t, "the same again");
    // Each verb does its own.
    refused(t.authority.issue(&approver, &t.signer(), &[asked.id]).and_then(only), "request.verb", Class::Refused);
    let certificates = hufu_tests::ready_requests(&t, 9, 1);
    refused(t.authority.apply(&approver, &certificates).and_then(only), "request.verb", Class::Refused);
}

#[test]
fn what_is_malformed_is_refused() {
    let t = TestAuthority::national("malformed");
    let serial = t.issue_person(1).serial;
    let entry = t.session("chengdu-entry");
    let ask = |request: StatusRequest| code_of_one(t.authority.request_status(&entry, &[request]));
    let revoke = |reason| StatusRequest::revoke(id("x"), serial.clone(), reason);
    for reason in RevocationReason::ALL.into_iter().filter(|r| !RevocationReason::SUBSCRIBER.contains(r)) {
        assert_eq!(ask(revoke(reason)), "request.reason");
    }
    let good = revoke(RevocationReason::Unspecified);
    assert_eq!(ask(StatusRequest { emergency: true, ..good.clone() }), "request.reason");
    assert_eq!(ask(StatusRequest { action: Action::Suspend, ..good.clone() }), "request.reason");
    assert_eq!(ask(StatusRequest { action: Action::Renew, ..good.clone() }), "request.verb");
    for since in [t.now().plus_seconds(60), t.now().plus_seconds(-86_400)] {
        assert_eq!(ask(StatusRequest { invalid_since: Some(since), ..good.clone() }), "request.invalid-since");
    }
    let hold = StatusRequest::suspend(id("x"), serial.clone());
    assert_eq!(ask(StatusRequest { invalid_since: Some(t.now()), ..hold }), "request.invalid-since");
    let unknown = Serial::from_bytes(&[1, 2, 3]).unwrap();
    assert_eq!(ask(StatusRequest::suspend(id("x"), unknown)), "certificate.unknown");
    // A rejected request is never applied.
    all(t.authority.request_status(&entry, std::slice::from_ref(&good)));
    let approver = t.session("sichuan-approver");
    all(t.authority.reject(&approver, std::slice::from_ref(&good.id), "不符"));
    assert_eq!(code_of_one(t.authority.apply(&approver, &[good.id])), "request.state");
    // An approval that waited too long.
    let late = StatusRequest::suspend(id("late"), serial.clone());
    all(t.authority.request_status(&entry, std::slice::from_ref(&late)));
    all(t.authority.approve(&approver, std::slice::from_ref(&late.id)));
    t.clock.advance(15 * 86_400);
    assert_eq!(code_of_one(t.authority.apply(&approver, &[late.id])), "request.expired");
    assert_eq!(status(&t, &serial), CertificateStatus::Active);
    sound(&t);
}

/// One person may stop a certificate at once, and only that.
#[test]
fn an_emergency_is_one_persons_act() {
    let t = TestAuthority::national("emergency");
    let (one, two) = (t.issue_person(1).serial, t.issue_person(2).serial);
    let emergency = |name: &str, serial: &Serial| StatusRequest {
        emergency: true,
        ..StatusRequest::suspend(id(name), serial.clone())
    };
    let entry = t.session("chengdu-entry");
    all(t.authority.request_status(&entry, &[emergency("now", &one)]));
    all(t.authority.apply(&entry, &[id("now")]));
    assert_eq!(status(&t, &one), CertificateStatus::Held);
    // Somebody above it, without an office's entry role.
    let approver = t.session("sichuan-approver");
    all(t.authority.request_status(&approver, &[emergency("above", &two)]));
    all(t.authority.apply(&approver, &[id("above")]));
    // Nobody elsewhere.
    for other in ["yunnan-entry", "mianyang-entry", "yunnan-approver"] {
        let result = t.authority.request_status(&t.session(other), &[emergency(other, &one)]);
        assert_eq!(code_of_one(result), "ra.outside-jurisdiction");
    }
    assert_eq!(
        code_of_one(t.authority.request_status(&t.session("auditor"), &[emergency("auditor", &one)])),
        "operator.no-role"
    );
    // An ordinary suspension, a resumption, a revocation by the same person alone: no.
    for action in [Action::Resume, Action::Revoke] {
        let name = format!("alone-{action}");
        all(t.authority.request_status(&entry, &[request(action, &name, &one)]));
        assert_eq!(code_of_one(t.authority.apply(&entry, &[id(&name)])), "request.state");
        assert_eq!(code_of_one(t.authority.approve(&entry, &[id(&name)])), "ra.self-approval");
    }
    sound(&t);
}

/// More than a hundred at once are an administrator's to ask for, and another one's to approve.
#[test]
fn a_mass_revocation_needs_administrators() {
    let t = TestAuthority::national("mass");
    let persons: Vec<NewRequest> = (1..=101).map(|n| t.people.person(n, "lra-chengdu")).collect();
    t.issue(&persons);
    let orgs = Some(t.authority.subtree(&"lra-chengdu".parse().unwrap()).unwrap());
    let filter = CertificateFilter { orgs, profile: Some("person-sign".parse().unwrap()), ..Default::default() };
    let concerned = t.authority.concerned(Action::Revoke, &filter).unwrap();
    assert_eq!(concerned.len(), 101);
    assert!(t.authority.concerned(Action::Resume, &filter).unwrap().is_empty());
    let limited = CertificateFilter { limit: 7, ..filter.clone() };
    assert_eq!(t.authority.concerned(Action::Revoke, &limited).unwrap().len(), 7);
    let asked: Vec<_> =
        concerned.iter().zip(0..).map(|(row, n)| request(Action::Revoke, &format!("mass-{n}"), &row.serial)).collect();
    let ids: Vec<_> = asked.iter().map(|r| r.id.clone()).collect();
    let results = t.authority.request_status(&t.session("chengdu-entry"), &asked).unwrap();
    assert!(results.iter().all(|r| r.as_ref().is_err_and(|e| e.code() == "operator.no-role")));
    let (issued, _, valid) = figures(&t);
    all(t.authority.request_status(&t.session("sichuan-admin"), &asked));
    let results = t.authority.approve(&t.session("sichuan-approver"), &ids).unwrap();
    assert!(results.iter().all(|r| r.as_ref().is_err_and(|e| e.code() == "operator.no-role")));
    // One of them alone is still one of the hundred and one.
    assert_eq!(code_of_one(t.authority.approve(&t.session("sichuan-approver"), &ids[..1])), "operator.no-role");
    all(t.authority.approve(&t.session("zhao"), &ids));
    all(t.authority.apply(&t.session("sichuan-approver"), &ids));
    assert_eq!(figures(&t), (issued, 101, valid - 101));
    assert!(t.authority.concerned(Action::Revoke, &filter).unwrap().is_empty());
    // A hundred are within an office's own means.
    let persons: Vec<NewRequest> = (201..=300).map(|n| t.people.person(n, "lra-chengdu")).collect();
    let issued = t.issue(&persons);
    let asked: Vec<_> =
        issued.iter().map(|c| request(Action::Suspend, &format!("hold-{}", c.request), &c.serial)).collect();
    all(t.authority.request_status(&t.session("chengdu-entry"), &asked));
    all(t.authority.approve(&t.session("sichuan-approver"), &asked.iter().map(|r| r.id.clone()).collect::<Vec<_>>()));
    sound(&t);
}

/// A frozen office asks for nothing; those above it go on.
#[test]
fn freezing_does_not_protect_certificates() {
    let t = TestAuthority::national("frozen");
    let serial = t.issue_person(1).serial;
    let asked = request(Action::Revoke, "before", &serial);
    all(t.authority.request_status(&t.session("chengdu-entry"), std::slice::from_ref(&asked)));
    let freeze = t.authority.change(&t.session("zhao"), &Change::OrgFreeze("lra-chengdu".parse().unwrap())).unwrap();
    assert!(matches!(freeze, Outcome::Done(_)));
    let hold = request(Action::Suspend, "hold", &serial);
    assert_eq!(
        code(t.authority.request_status(&t.session("chengdu-entry"), std::slice::from_ref(&hold)).and_then(only)),
        "org.frozen"
    );
    all(t.authority.request_status(&t.session("sichuan-entry"), std::slice::from_ref(&hold)));
    let approver = t.session("sichuan-approver");
    all(t.authority.approve(&approver, &[hold.id.clone(), asked.id.clone()]));
    all(t.authority.apply(&approver, &[hold.id, asked.id]));
    assert_eq!(status(&t, &serial), CertificateStatus::Revoked);
    sound(&t);
}

/// The profile says which certificates are renewed with their key and which are suspended.
#[test]
fn the_profile_decides_about_renewal_and_suspension() {
    let t = TestAuthority::national("profile");
    let device = t.issue(&[t.people.device(1, "lra-chengdu")]).remove(0);
    let entry = t.session("chengdu-entry");
    let hold = request(Action::Suspend, "hold", &device.serial);
    refused(t.authority.request_status(&entry, &[hold]).and_then(only), "profile.action", Class::Refused);
    // The text as it reads now counts, also for what was asked for before.
    let person = t.issue_person(1);
    let hold = request(Action::Suspend, "hold", &person.serial);
    all(t.authority.request_status(&entry, std::slice::from_ref(&hold)));
    let (_, source) = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap();
    let source = source.replace("renewable = true", "renewable = false").replace("suspendable = true\n", "");
    let Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &Change::ProfileSet { source }).unwrap()
    else {
        panic!()
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    let approver = t.session("sichuan-approver");
    all(t.authority.approve(&approver, std::slice::from_ref(&hold.id)));
    assert_eq!(code_of_one(t.authority.apply(&approver, &[hold.id])), "profile.action");
    let renewal = successor(&t, Action::Renew, 1, &person.serial, "renewal");
    assert_eq!(code_of_one(t.authority.submit(&entry, &[renewal])), "profile.action");
    sound(&t);
}

fn key(certificate: &IssuedCertificate) -> hufu_model::ident::Digest {
    Certificate::from_der(&certificate.der).unwrap().public_key().unwrap().spki_digest()
}

/// The request as the library makes it from the one before.
fn following(t: &TestAuthority, action: Action, serial: &Serial, name: &str) -> NewRequest {
    let mut new = t.authority.successor(serial, action, id(name)).unwrap();
    if action != Action::Renew {
        new.csr = t.people.csr(name);
    }
    new
}

#[test]
fn successors_keep_or_change_what_their_action_says() {
    let t = TestAuthority::national("successors");
    let first = t.issue_person(1);
    t.clock.advance(60);
    let renewed = t.issue(&[following(&t, Action::Renew, &first.serial, "renewed")]).remove(0);
    assert_eq!(key(&renewed), key(&first));
    assert_ne!(renewed.serial, first.serial);
    let rekeyed = t.issue(&[following(&t, Action::Rekey, &renewed.serial, "rekeyed")]).remove(0);
    assert_ne!(key(&rekeyed), key(&first));
    let mut change = following(&t, Action::Change, &rekeyed.serial, "changed");
    change.fields.push((Field::Unit, "信息处".to_owned()));
    change.csr = t.people.csr("rekeyed");
    let changed = t.issue(&[change]).remove(0);
    assert_eq!(key(&changed), key(&rekeyed));
    let replaced = t.issue(&[following(&t, Action::Replace, &changed.serial, "replaced")]).remove(0);
    let row = |c: &IssuedCertificate| t.authority.certificate(&c.serial).unwrap().row;
    let chain = [&first, &renewed, &rekeyed, &changed, &replaced];
    let reasons = [Reason::Renewal, Reason::Rekey, Reason::Change, Reason::Replacement];
    for ((before, after), reason) in chain.iter().zip(&chain[1..]).zip(reasons) {
        assert_eq!((row(after).predecessor, row(after).reason), (Some(before.serial.clone()), reason));
        assert_eq!(row(after).holder, row(before).holder);
    }
    let stands = chain.map(|c| row(c).status);
    use CertificateStatus::{Active, Revoked};
    assert_eq!(stands, [Active, Active, Revoked, Revoked, Active]);
    // The end of the old one and the beginning of the new one are one event.
    let change = |c: &IssuedCertificate| {
        let filter = StatusFilter { serial: Some(c.serial.clone()), ..Default::default() };
        t.authority.status_changes(&filter).unwrap().remove(0)
    };
    assert_eq!(change(&changed).reason, RevocationReason::Superseded);
    assert_eq!(change(&changed).request.unwrap(), replaced.request);
    let filter = EventFilter { object: Some(replaced.serial.to_string()), ..EventFilter::default() };
    assert_eq!(t.authority.events(&filter).unwrap()[0].seq, change(&changed).event);
    assert_eq!(figures(&t).1, 2);
    sound(&t);

    let entry = t.session("chengdu-entry");
    let submit = |new: NewRequest| code_of_one(t.authority.submit(&entry, &[new]));
    let last = &replaced.serial;
    // A renewal with another key, a rekey with the old one, either with other data.
    let with_key =
        |action, name: &str, label: &str| NewRequest { csr: t.people.csr(label), ..following(&t, action, last, name) };
    assert_eq!(submit(with_key(Action::Renew, "a", "another")), "request.successor-key");
    assert_eq!(submit(with_key(Action::Rekey, "b", "replaced")), "request.successor-key");
    assert_eq!(submit(with_key(Action::Replace, "c", "replaced")), "request.successor-key");
    let mut other = following(&t, Action::Rekey, last, "d");
    other.fields.retain(|(field, _)| *field != Field::Unit);
    assert_eq!(submit(other), "request.successor-subject");
    // The reasons that a revocation beside it may have.
    let mut odd = following(&t, Action::Replace, last, "e");
    odd.revokes = Some(RevocationReason::CertificateHold);
    assert_eq!(submit(odd), "request.reason");
    let mut alone = t.people.person(7, "lra-chengdu");
    alone.revokes = Some(RevocationReason::Superseded);
    assert_eq!(submit(alone), "request.reason");
    // Somebody else's certificate is no predecessor.
    assert_eq!(submit(successor(&t, Action::Renew, 8, last, "f")), "request.predecessor");
    // The same id with and without the revocation are two requests.
    let mut twice = following(&t, Action::Replace, last, "g");
    all(t.authority.submit(&entry, std::slice::from_ref(&twice)));
    all(t.authority.submit(&entry, std::slice::from_ref(&twice)));
    twice.revokes = None;
    assert_eq!(submit(twice), "request.id-reused");
}

/// What happened to the predecessor between approval and issue counts.
#[test]
fn a_successor_is_asked_again_when_it_is_issued() {
    let t = TestAuthority::national("overtaken");
    let first = t.issue_person(1);
    let renewal = following(&t, Action::Renew, &first.serial, "renewal");
    let replacement = following(&t, Action::Replace, &first.serial, "replacement");
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[renewal, replacement]);
    let _ = t.carry_out(request(Action::Revoke, "revoke", &first.serial));
    let approver = t.session("sichuan-approver");
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &ids[..1])), "certificate.state");
    // A lost medium may be replaced after its certificate was revoked; revoked it stays, for the reason of then.
    all(t.authority.issue(&approver, &t.signer(), &ids[1..]));
    let filter = StatusFilter { serial: Some(first.serial), ..Default::default() };
    let changes = t.authority.status_changes(&filter).unwrap();
    assert_eq!(changes.iter().map(|c| c.reason).collect::<Vec<_>>(), [RevocationReason::CessationOfOperation]);
    sound(&t);
}

/// A key that others know is never certified again, for nobody.
#[test]
fn a_compromised_key_stays_out() {
    let t = TestAuthority::national("compromised");
    let first = t.issue_person(1);
    let approved = following(&t, Action::Renew, &first.serial, "approved");
    t.enter("chengdu-entry", "sichuan-approver", &[approved]);
    let reason = RevocationReason::KeyCompromise;
    let _ = t.carry_out(StatusRequest::revoke(id("stolen"), first.serial.clone(), reason));
    let entry = t.session("chengdu-entry");
    let mut again = t.people.person(1, "lra-chengdu");
    again.id = id("again");
    refused(t.authority.submit(&entry, &[again]).and_then(only), "request.key-compromised", Class::Refused);
    let approver = t.session("sichuan-approver");
    let late = t.authority.issue(&approver, &t.signer(), &[id("approved")]);
    assert_eq!(code_of_one(late), "request.key-compromised");
    // With another key the person goes on.
    t.issue(&[following(&t, Action::Replace, &first.serial, "new-key")]);
    sound(&t);
}

/// An operator whose certificate is suspended or revoked acts no more; what they signed before holds.
#[test]
fn an_operators_certificate_is_stopped_at_once() {
    let t = TestAuthority::national("operator");
    let ids = hufu_tests::ready_requests(&t, 1, 1);
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    let operators = t.authority.operators().unwrap();
    let serial = |name: &str| operators.iter().find(|o| o.id.as_str() == name).unwrap().certificate.clone();
    let hold = |name: &str, of: &str| StatusRequest { emergency: true, ..StatusRequest::suspend(id(name), serial(of)) };
    // Administrators decide about operators, super-administrators about administrators.
    for (by, of, expected) in [
        ("chengdu-entry", "chengdu-entry-2", "operator.no-role"),
        ("sichuan-approver", "chengdu-entry-2", "operator.no-role"),
        ("sichuan-admin", "sichuan-admin", "operator.no-role"),
        ("sichuan-admin", "yunnan-entry", "ra.outside-jurisdiction"),
    ] {
        assert_eq!(code_of_one(t.authority.request_status(&t.session(by), &[hold(by, of)])), expected, "{by} {of}");
    }
    let admin = t.session("sichuan-admin");
    t.clock.advance(60);
    all(t.authority.request_status(&admin, &[hold("stop", "chengdu-entry")]));
    all(t.authority.apply(&admin, &[id("stop")]));
    t.clock.advance(60);
    let person = t.people.person(5, "lra-chengdu");
    refused(
        t.authority.submit(&entry, std::slice::from_ref(&person)).map(drop),
        "operator.certificate",
        Class::NotPermitted,
    );
    let name = "chengdu-entry".parse().unwrap();
    assert_eq!(code(t.authority.act_as(&name, t.people.key("chengdu-entry")).map(drop)), "operator.certificate");
    // What was entered before is issued still.
    all(t.authority.issue(&approver, &t.signer(), &ids));
    sound(&t);
    // Two people lift it.
    all(t.authority.request_status(&admin, &[StatusRequest::resume(id("lift"), serial("chengdu-entry"))]));
    assert_eq!(code_of_one(t.authority.approve(&approver, &[id("lift")])), "operator.no-role");
    all(t.authority.approve(&t.session("zhao"), &[id("lift")]));
    all(t.authority.apply(&admin, &[id("lift")]));
    all(t.authority.submit(&t.session("chengdu-entry"), &[person]));
    sound(&t);
}

/// A certificate is renewed or rekeyed once, unless what renewed it was revoked; also when both were approved before.
#[test]
fn a_certificate_is_renewed_once() {
    let t = TestAuthority::national("once");
    let old = t.issue_person(1).serial;
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    let new = |name: &str, action| successor(&t, action, 1, &old, name);
    let [renewal, rekey, later] =
        [new("renewal", Action::Renew), new("rekey", Action::Rekey), new("later", Action::Renew)];
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[renewal, rekey.clone()]);
    let results = t.authority.issue(&approver, &t.signer(), &ids).unwrap();
    let codes: Vec<_> = results.iter().map(|r| r.as_ref().map_or_else(Error::code, |_| "ok")).collect();
    assert_eq!(codes.iter().filter(|code| **code == "ok").count(), 1, "{codes:?}");
    assert!(codes.contains(&"request.succeeded-twice"), "{codes:?}");
    // By itself, too, and to enter another one.
    let left = codes.iter().position(|code| *code != "ok").unwrap();
    t.clock.advance(60);
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &ids[left..=left])), "request.succeeded");
    assert_eq!(code_of_one(t.authority.submit(&entry, std::slice::from_ref(&later))), "request.succeeded");
    // A lost medium is another matter.
    all(t.authority.submit(&entry, &[new("replacement", Action::Replace)]));
    let first = results.into_iter().find_map(Result::ok).unwrap().serial;
    let _ = t.carry_out(request(Action::Revoke, "end", &first));
    t.clock.advance(60);
    let ids = t.enter("chengdu-entry", "sichuan-approver", &[later]);
    all(t.authority.issue(&approver, &t.signer(), &ids));
    sound(&t);
}
