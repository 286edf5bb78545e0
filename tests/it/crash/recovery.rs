//! Kills on the way of a recovery: between the two ledgers, and on either side. What was acknowledged is there, nothing is
//! there twice, and asking again finishes what was begun.

use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::Depth;
use hufu_model::escrow::{RecoveryKind, RecoveryStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{RequestId, hex};
use hufu_store::EventFilter;
use hufu_tests::TestAuthority;
use hufu_tests::child::key_order as order;

use crate::figures::control;

use super::{Killed, Ready, Wrong, hit_from, kill};

/// A key centre; `due` waits to be carried out, `half` for its second approval; the child orders `new`.
fn ready_orders(seed: &str) -> Ready {
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let t = TestAuthority::found_in(folder.path().to_owned(), None, seed);
    t.build_hierarchy();
    t.found_key_centre();
    let (serial, ..) = t.escrow_person(1);
    for (id, officers) in [("due", &["rec-1", "rec-2"][..]), ("half", &["rec-1"])] {
        let order = order(&t, id, &serial.to_string());
        t.authority.order_key(&t.session("chengdu-entry"), &order).unwrap();
        t.officers_approve(officers, &order.id);
    }
    Ready { ids: vec![serial.to_string().parse().unwrap()], certificates: 0, pairs: false, now: t.now(), folder }
}

/// One kill at a step of a recovery, then the same again.
fn trial(point: &str, verb: &str, base: &Path, ready: &Ready, trial: usize) -> (Wrong, Duration) {
    let serial = ready.ids[0].to_string();
    let arguments: Vec<&str> = match verb {
        "order" => vec![verb, "new", &serial],
        "approve-order" => vec![verb, "half", "rec-2"],
        _ => vec![verb, "due"],
    };
    let killed = kill(base, ready, &format!("trial {trial}"), &format!("{point}:1"), &arguments);
    let started = Stopwatch::now();
    let t = TestAuthority::open_in(base, ready.now, "after the crash").unwrap();
    let time = started.elapsed();
    let mut wrong = Wrong { lost: lost(&t, &killed), ..Wrong::default() };
    let entry = t.session("chengdu-entry");
    match verb {
        "order" => drop(t.authority.order_key(&entry, &order(&t, "new", &serial)).unwrap()),
        "approve-order" => {
            let shown = t.authority.key_order(&"half".parse().unwrap()).unwrap().approvals.len() == 2;
            let again = t.authority.approve_key_order(&t.session("rec-2"), &"half".parse().unwrap());
            // Acknowledged or not: what both ledgers show is not approved a second time.
            assert_eq!(again.map(drop).map_err(|e| e.code()), if shown { Err("kmc.approved-twice") } else { Ok(()) });
        }
        _ => {
            let done = t.authority.carry_out(&entry, &t.key_centre(), &"due".parse().unwrap()).unwrap();
            let public = t.authority.kmc().unwrap().key_of_serial(&serial.parse().unwrap()).unwrap().unwrap().public;
            wrong.lost += usize::from(!t.opens(&done.envelope.unwrap(), "new key due", &public));
        }
    }
    wrong.duplicates += duplicates(&t, verb);
    let depth = if trial.is_multiple_of(5) { Depth::Deep } else { Depth::Ledger };
    let audit = t.authority.audit(depth, &|_| ()).unwrap();
    wrong.findings.extend(audit.findings.iter().map(|f| format!("{f:?}")));
    let vault = t.authority.verify_key_centre(&|_, _, _| ()).unwrap();
    wrong.findings.extend(vault.findings.iter().map(|f| format!("{f:?}")));
    (wrong, time)
}

/// What the child said it had done and the home does not have.
fn lost(t: &TestAuthority, killed: &Killed) -> usize {
    let there = |line: &&String| {
        let words: Vec<&str> = line.split(' ').collect();
        let id: RequestId = words[1].parse().unwrap();
        let Ok(view) = t.authority.key_order(&id) else { return false };
        match words[0] {
            "ordered" => view.row.digest.to_string() == words[2],
            "approved" => view.approvals.iter().any(|a| a.officer.as_str() == words[2]),
            _ => view.row.envelope.is_some_and(|envelope| hex(&envelope) == words[2]),
        }
    };
    killed.lines.iter().filter(|line| !there(line)).count()
}

/// Orders, approvals and deliveries beyond the ones that were asked for, in either ledger.
fn duplicates(t: &TestAuthority, verb: &str) -> usize {
    let kmc = t.authority.kmc().unwrap();
    let (orders, half, day) = (
        t.authority.key_orders(false).unwrap(),
        t.authority.key_order(&"half".parse().unwrap()).unwrap(),
        t.now().day(),
    );
    let (in_vault, approvals, given) = kmc
        .vault()
        .read(|v| {
            let mut all = 0;
            for status in RecoveryStatus::ALL {
                all += v.recoveries(status)?.len();
            }
            Ok::<_, hufu_store::Error>((
                all,
                v.recovery_approvals(&half.row.digest)?.len(),
                v.recovered_on(RecoveryKind::User, day)?,
            ))
        })
        .unwrap();
    let wanted = 2 + usize::from(verb == "order");
    let officers = 1 + usize::from(verb == "approve-order");
    let done = usize::from(verb == "carry-out");
    let events = t.authority.events(&EventFilter::default()).unwrap();
    let told = events.iter().filter(|event| event.kind == EventKind::KeyOrderDone).count();
    orders.len().abs_diff(wanted)
        + in_vault.abs_diff(wanted)
        + half.approvals.len().abs_diff(officers)
        + approvals.abs_diff(officers)
        + usize::try_from(given).unwrap().abs_diff(done)
        + told.abs_diff(done)
}

macro_rules! killed {
    ($($name:ident: $point:literal in $verb:literal;)+) => {
        $(
            #[test]
            fn $name() {
                hit_from(ready_orders($point), $point, $point, |base, ready, n| trial($point, $verb, base, ready, n));
            }
        )+
    };
}

killed! {
    an_order_in_the_home_and_not_in_the_vault: "f31" in "order";
    an_order_in_both_and_not_answered: "f32" in "order";
    an_approval_in_the_vault_and_not_in_the_home: "f33" in "approve-order";
    an_approval_in_both_and_not_answered: "f34" in "approve-order";
    a_key_given_out_by_the_vault_and_not_told_in_the_home: "f35" in "carry-out";
    a_key_given_out_and_not_answered: "f36" in "carry-out";
}

/// The negative control: a program that hands a key out before the home knows.
#[test]
fn the_test_finds_a_program_that_hands_out_before_it_records() {
    let ready = ready_orders("hands out first");
    let killed = kill(ready.folder.path(), &ready, "control", "f5:1", &["hand-out-first", "due"]);
    let t = TestAuthority::open_in(ready.folder.path(), ready.now, "after the control").unwrap();
    assert_eq!((killed.lines.len(), lost(&t, &killed)), (1, 1));
    control("wrong: hands out before it records", "hands out first", lost(&t, &killed));
}
