//! Recoveries: the whole matrix of who may not, when not, and how often not.

use hufu_authority::kmc::recover::LONGEST;
use hufu_authority::{Change, KeyOrder, NewKey, Ordered};
use hufu_model::escrow::{EscrowEvent, RecoveryStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{RequestId, Serial};
use hufu_store::EventFilter;
use hufu_tests::TestAuthority;

use crate::expect::{code, sound};

fn id(text: &str) -> RequestId {
    text.parse().unwrap()
}

/// An order for the holder of a certificate, who has a new key of this name.
fn user(t: &TestAuthority, name: &str, serial: &Serial, new_key: &str) -> KeyOrder {
    let (serial, reason) = (serial.clone(), "介质损坏".to_owned());
    KeyOrder { id: id(name), what: Ordered::Recovery { serial, to: NewKey::Csr(t.people.csr(new_key)), reason } }
}

/// An order for a court, whose certificate is that of operator `auditor`.
fn judicial(t: &TestAuthority, name: &str, serial: &Serial) -> KeyOrder {
    let court = t.authority.operators().unwrap().into_iter().find(|o| o.id.as_str() == "auditor").unwrap();
    let to = t.authority.certificate(&court.certificate).unwrap().certificate.der().to_vec();
    KeyOrder {
        id: id(name),
        what: Ordered::Judicial {
            serial: serial.clone(),
            to,
            reason: "调取证据".to_owned(),
            case_number: "（2026）示例刑初 1 号".to_owned(),
            organ: "示例人民法院".to_owned(),
        },
    }
}

/// A hierarchy with a key centre.
fn centre(seed: &str) -> TestAuthority {
    let t = TestAuthority::national(seed);
    t.found_key_centre();
    t
}

/// How many events of a kind the vault's ledger has.
fn in_vault(t: &TestAuthority, kind: EscrowEvent) -> usize {
    let kmc = t.authority.kmc().unwrap();
    let events = kmc.vault().read(|v| v.events(None, 0, u32::MAX)).unwrap();
    events.iter().filter(|event| event.kind == kind).count()
}

fn at_home(t: &TestAuthority, kind: EventKind) -> usize {
    let events = t.authority.events(&EventFilter::default()).unwrap();
    events.iter().filter(|event| event.kind == kind).count()
}

/// Both ledgers are whole.
fn both_sound(t: &TestAuthority) {
    sound(t);
    assert!(t.authority.kmc().unwrap().verify(&|_, _, _| ()).unwrap().findings.is_empty());
}

/// Ordered by the office, approved by two officers, given out under the holder's new key, and the same octets again.
#[test]
fn a_key_comes_back_to_its_holder() {
    let t = centre("recovery user");
    let (serial, _, public) = t.escrow_person(1);
    let (entry, centre) = (t.session("chengdu-entry"), t.key_centre());
    let order = user(&t, "back", &serial, "new key");
    let row = t.authority.order_key(&entry, &order).unwrap();
    assert_eq!(t.authority.order_key(&entry, &order).unwrap(), row);
    let other = user(&t, "back", &serial, "another key");
    assert_eq!(code(t.authority.order_key(&entry, &other)), "request.id-reused");
    t.officers_approve(&["rec-1", "rec-2"], &order.id);
    let done = t.authority.carry_out(&entry, &centre, &order.id).unwrap();
    let envelope = done.envelope.clone().unwrap();
    assert!(t.opens(&envelope, "new key", &public));
    assert!(!t.opens(&envelope, "person-1", &public), "the old medium opens it");
    assert_eq!(t.authority.carry_out(&entry, &centre, &order.id).unwrap(), done);
    let view = t.authority.key_order(&order.id).unwrap();
    assert_eq!((view.row.status, view.approvals.len()), (RecoveryStatus::Done, 2));
    assert_eq!((in_vault(&t, EscrowEvent::Recover), at_home(&t, EventKind::KeyOrderDone)), (1, 1));
    // The key of the CSR is the holder's from now on and nobody else's.
    let mut thief = t.people.person(2, "lra-chengdu");
    thief.csr = t.people.csr("new key");
    let refused = t.authority.submit(&entry, &[thief]).unwrap().remove(0);
    assert_eq!(code(refused), "request.key-in-use");
    both_sound(&t);
}

/// To a certificate of the same holder that is in force, and to no other.
#[test]
fn a_certificate_of_the_holder_can_be_the_recipient() {
    let t = centre("recovery to certificate");
    let (serial, _, public) = t.escrow_person(1);
    let stranger = t.issue_person(2).serial;
    let mut again = t.people.person(1, "lra-chengdu");
    again.id = id("person-1-again");
    again.csr = t.people.csr("second key");
    let second = t.issue(&[again]).remove(0).serial;
    let entry = t.session("chengdu-entry");
    let to = |name: &str, to: &Serial| KeyOrder {
        id: id(name),
        what: Ordered::Recovery {
            serial: serial.clone(),
            to: NewKey::Certificate(to.clone()),
            reason: "换发介质".to_owned(),
        },
    };
    assert_eq!(code(t.authority.order_key(&entry, &to("stranger", &stranger))), "request.predecessor");
    let order = to("second", &second);
    t.authority.order_key(&entry, &order).unwrap();
    t.officers_approve(&["rec-1", "rec-3"], &order.id);
    let done = t.authority.carry_out(&entry, &t.key_centre(), &order.id).unwrap();
    assert!(t.opens(&done.envelope.unwrap(), "second key", &public));
    both_sound(&t);
}

/// K2: whoever is too few gets nothing, and both ledgers know that they tried.
#[test]
fn never_fewer_than_two_people() {
    let t = centre("recovery too few");
    let (serial, ..) = t.escrow_person(1);
    let (entry, centre) = (t.session("chengdu-entry"), t.key_centre());
    let order = user(&t, "few", &serial, "new key");
    t.authority.order_key(&entry, &order).unwrap();
    let carried = || code(t.authority.carry_out(&entry, &centre, &order.id));
    assert_eq!(carried(), "kmc.approvals-missing");
    // One, and the same one twice.
    t.officers_approve(&["rec-1"], &order.id);
    assert_eq!(code(t.authority.approve_key_order(&t.session("rec-1"), &order.id)), "kmc.approved-twice");
    assert_eq!(carried(), "kmc.approvals-missing");
    // People who are no officers for this, whatever else they may do.
    for who in ["zhao", "sichuan-approver", "chengdu-entry", "jud-1", "sup-1"] {
        assert_eq!(code(t.authority.approve_key_order(&t.session(who), &order.id)), "kmc.not-an-officer", "{who}");
    }
    assert_eq!(carried(), "kmc.approvals-missing");
    // Who ordered it does not approve it.
    let own = user(&t, "own", &serial, "new key 2");
    t.authority.order_key(&t.session("rec-3"), &own).unwrap();
    assert_eq!(code(t.authority.approve_key_order(&t.session("rec-3"), &own.id)), "kmc.own-order");
    assert_eq!(t.authority.key_order(&order.id).unwrap().row.envelope, None);
    assert_eq!(in_vault(&t, EscrowEvent::Recover), 0);
    assert!(in_vault(&t, EscrowEvent::Denied) >= 7 && at_home(&t, EventKind::Denied) >= 8);
    both_sound(&t);
}

/// An approval is worth what its officer is worth when the key is given out.
#[test]
fn a_withdrawn_approver_counts_for_nothing() {
    let t = centre("recovery withdrawn");
    let (serial, _, public) = t.escrow_person(1);
    let (entry, zhao, centre) = (t.session("chengdu-entry"), t.session("zhao"), t.key_centre());
    let order = user(&t, "withdrawn", &serial, "new key");
    t.authority.order_key(&entry, &order).unwrap();
    t.officers_approve(&["rec-1", "rec-2"], &order.id);
    let _ = t.authority.change(&zhao, &Change::OperatorRemove("rec-2".parse().unwrap())).unwrap();
    let before = at_home(&t, EventKind::Denied);
    assert_eq!(code(t.authority.carry_out(&entry, &centre, &order.id)), "kmc.approvals-missing");
    assert_eq!(at_home(&t, EventKind::Denied), before + 1);
    t.officers_approve(&["rec-3"], &order.id);
    let done = t.authority.carry_out(&entry, &centre, &order.id).unwrap();
    assert!(t.opens(&done.envelope.unwrap(), "new key", &public));
    both_sound(&t);
}

/// Two judicial officers and a supervisor, of their own role set; a case number and a recipient that were signed about.
#[test]
fn a_judicial_recovery_has_its_own_people() {
    let t = centre("recovery judicial");
    let (serial, _, public) = t.escrow_person(1);
    let (admin, centre) = (t.session("sichuan-admin"), t.key_centre());
    let order = judicial(&t, "case-1", &serial);
    assert_eq!(code(t.authority.order_key(&t.session("chengdu-entry"), &order)), "operator.no-role");
    t.authority.order_key(&admin, &order).unwrap();
    for who in ["rec-1", "rec-2", "zhao"] {
        assert_eq!(code(t.authority.approve_key_order(&t.session(who), &order.id)), "kmc.not-an-officer", "{who}");
    }
    let carried = || code(t.authority.carry_out(&admin, &centre, &order.id));
    t.officers_approve(&["jud-1", "jud-2", "jud-3"], &order.id);
    assert_eq!(carried(), "kmc.approvals-missing");
    t.officers_approve(&["sup-1"], &order.id);
    let done = t.authority.carry_out(&admin, &centre, &order.id).unwrap();
    assert!(t.opens(&done.envelope.unwrap(), "auditor", &public));
    let view = t.authority.key_order(&order.id).unwrap();
    assert!(view.fields.iter().any(|(name, value)| name == "case" && value.contains("刑初")), "{:?}", view.fields);
    // One supervisor cannot stand for a judicial officer.
    let second = judicial(&t, "case-2", &serial);
    t.authority.order_key(&admin, &second).unwrap();
    t.officers_approve(&["jud-1", "sup-1", "sup-2"], &second.id);
    assert_eq!(code(t.authority.carry_out(&admin, &centre, &second.id)), "kmc.approvals-missing");
    for missing in ["case", "organ", "reason"] {
        let mut bad = judicial(&t, &format!("no-{missing}"), &serial);
        if let Ordered::Judicial { reason, case_number, organ, .. } = &mut bad.what {
            match missing {
                "case" => case_number.clear(),
                "organ" => organ.clear(),
                _ => reason.clear(),
            }
        }
        assert_eq!(code(t.authority.order_key(&admin, &bad)), "kmc.record", "{missing}");
    }
    both_sound(&t);
}

/// One order, one key; and on one day no more keys than the founding says.
#[test]
fn no_bulk_export() {
    let t = centre("recovery bulk");
    let (entry, centre) = (t.session("chengdu-entry"), t.key_centre());
    let ready = |n: u64| {
        let (serial, ..) = t.escrow_person(n);
        let order = user(&t, &format!("bulk-{n}"), &serial, &format!("bulk key {n}"));
        t.authority.order_key(&entry, &order).unwrap();
        t.officers_approve(&["rec-1", "rec-2"], &order.id);
        order.id
    };
    let orders: Vec<RequestId> = (1..=4).map(ready).collect();
    for order in &orders[..3] {
        t.authority.carry_out(&entry, &centre, order).unwrap();
    }
    assert_eq!(code(t.authority.carry_out(&entry, &centre, &orders[3])), "kmc.cap");
    // What was given out can be fetched again; that is no further key.
    t.authority.carry_out(&entry, &centre, &orders[0]).unwrap();
    assert_eq!(code(t.authority.carry_out(&entry, &centre, &orders[3])), "kmc.cap");
    t.clock.advance(86_400);
    t.authority.carry_out(&entry, &centre, &orders[3]).unwrap();
    assert_eq!((in_vault(&t, EscrowEvent::Recover), at_home(&t, EventKind::KeyOrderDone)), (4, 4));
    both_sound(&t);
}

/// Orders expire, are withdrawn, and cannot be sent again; what is asked of a key that is not there is refused.
#[test]
fn orders_end_and_cannot_be_replayed() {
    let t = centre("recovery replay");
    let (serial, ..) = t.escrow_person(1);
    let (entry, centre) = (t.session("chengdu-entry"), t.key_centre());
    let order = user(&t, "late", &serial, "new key");
    let row = t.authority.order_key(&entry, &order).unwrap();
    t.officers_approve(&["rec-1", "rec-2"], &order.id);
    // The signed order itself, sent to the vault once more.
    let kmc = t.authority.kmc().unwrap();
    let act = kmc.vault().read(|v| v.act(&row.digest)).unwrap().unwrap();
    let act = hufu_x509::record::Act::from_der(&act.content).unwrap();
    assert_eq!(kmc.order_recovery(t.now(), &act).unwrap_err().kind().code(), "kmc.replayed");
    // An approval of one order for another one: its digest is what was signed.
    let other = user(&t, "other", &serial, "new key 2");
    t.authority.order_key(&entry, &other).unwrap();
    let approvals = kmc.vault().read(|v| v.recovery_approvals(&row.digest)).unwrap();
    assert_eq!(kmc.approve_recovery(t.now(), &approvals[0].signed).unwrap_err().kind().code(), "kmc.approved-twice");
    let mut altered = approvals[0].signed.clone();
    let mut accepted = 0;
    for place in (0..altered.len()).step_by(7) {
        altered[place] ^= 1;
        accepted += usize::from(kmc.approve_recovery(t.now(), &altered).is_ok());
        altered[place] ^= 1;
    }
    assert_eq!(accepted, 0);
    t.authority.withdraw_key_order(&entry, &other.id).unwrap();
    assert_eq!(code(t.authority.approve_key_order(&t.session("rec-1"), &other.id)), "kmc.recovery-status");
    assert_eq!(code(t.authority.carry_out(&entry, &centre, &other.id)), "kmc.order-state");
    t.clock.advance(LONGEST + 1);
    assert_eq!(code(t.authority.carry_out(&entry, &centre, &order.id)), "kmc.record-time");
    assert_eq!(code(t.authority.order_key(&entry, &user(&t, "none", &t.issue_person(2).serial, "x"))), "kmc.no-key");
    // Neither another office's operator nor one of a frozen office.
    let yunnan = t.session("yunnan-entry");
    let foreign = user(&t, "foreign", &serial, "y");
    assert_eq!(code(t.authority.order_key(&yunnan, &foreign)), "ra.outside-jurisdiction");
    both_sound(&t);
}
