#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::escrow::RecoveryPart;
use hufu_store::Mode;
use hufu_store::vault::Vault;

use super::*;
use crate::EncKey;
use crate::sample::{Centre, NOON, OFFICERS, at, consent, consent_with, digest, is_envelope, key, op, order, request};

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e| e.kind().code(), |_| "ok")
}

/// A centre with one key in use and an order for it.
fn ordered(kind: RecoveryKind) -> (Centre, EncKey, Digest) {
    let centre = Centre::founded();
    let key = centre.escrowed(1);
    let act = centre.kmc.order_recovery(at(NOON), &order(kind, key.id, 1)).unwrap();
    (centre, key, act)
}

fn denials(centre: &Centre) -> usize {
    centre.kmc.vault().read(|r| r.events(Some(EscrowEvent::Denied), 0, 0)).unwrap().len()
}

fn approve(centre: &Centre, act: Digest, who: &[&str]) {
    for who in who {
        centre.kmc.approve_recovery(at(NOON), &consent(who, act)).unwrap();
    }
}

#[test]
fn two_officers_recover_a_users_key() {
    let (centre, of, act) = ordered(RecoveryKind::User);
    approve(&centre, act, &["rec-1", "rec-2"]);
    let to = key("new key").public_key().clone();
    let envelope = centre.unlocked().recover(at(NOON), Some(&op("li")), &act).unwrap();
    assert!(is_envelope(&envelope, &of.public, &to));
    // Asked again: the same recipient gets it again, also when another key took its place meanwhile.
    centre.kmc.retire(at(NOON), None, &[of.id], "rekeyed").unwrap();
    assert!(is_envelope(&centre.unlocked().recover(at(NOON), None, &act).unwrap(), &of.public, &to));
    assert_eq!(centre.kmc.vault().read(|r| r.recovered_on(RecoveryKind::User, at(NOON).day())).unwrap(), 1);
    assert_eq!(denials(&centre), 0);
    let events = centre.kmc.vault().read(|r| r.events(Some(EscrowEvent::Recover), 0, 0)).unwrap();
    let event = readable(&events[0].leaf);
    assert!(event.contains("rec-1 rec-2") && event.contains("li"), "{event}");
    assert_eq!(centre.kmc.verify(&|_, _, _| {}).unwrap().findings, []);
}

/// The readable part of a leaf.
fn readable(leaf: &[u8]) -> String {
    leaf.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' }).collect()
}

#[test]
fn two_judicial_officers_and_a_supervisor() {
    let (centre, of, act) = ordered(RecoveryKind::Judicial);
    let unlocked = centre.unlocked();
    let parts = ["jud-1", "jud-2", "sup-1"];
    for (n, who) in parts.iter().enumerate() {
        assert_eq!(code(unlocked.recover_judicial(at(NOON), None, &act)), "kmc.approvals-missing", "{n}");
        approve(&centre, act, &[who]);
    }
    assert_eq!(code(unlocked.recover(at(NOON), None, &act)), "kmc.other-kind");
    let envelope = unlocked.recover_judicial(at(NOON), None, &act).unwrap();
    assert!(is_envelope(&envelope, &of.public, key("new key").public_key()));
    let events = centre.kmc.vault().read(|r| r.events(Some(EscrowEvent::RecoverJudicial), 0, 0)).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(denials(&centre), 4);
}

/// Every set of officers against both kinds: only those that the table asks for carry it out.
#[test]
fn every_set_of_officers() {
    for kind in RecoveryKind::ALL {
        let allowed = |set: u32| {
            let count = |part| (0..8).filter(|n| set >> n & 1 == 1 && OFFICERS[*n].1 == part).count();
            kind.needs().iter().all(|(part, need)| count(*part) >= *need)
        };
        let (centre, of, _) = ordered(kind);
        let mut done = 0;
        for set in 0..=255u32 {
            let mut act = order(kind, of.id, 1);
            act.nonce = [u8::try_from(set).unwrap(); 16];
            // Each on its own day, so that the day's cap does not stand in the way.
            let day = NOON + i64::from(set) * 86_400;
            (act.at, act.expires) = (day, day + 3600);
            let act = centre.kmc.order_recovery(at(day), &act).unwrap();
            for (n, (who, part)) in OFFICERS.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1) {
                let entered = centre.kmc.approve_recovery(at(day), &consent_with(who, who, act, day));
                let fits = kind.needs().iter().any(|(needed, _)| needed == part);
                assert_eq!(code(entered), if fits { "ok" } else { "kmc.not-an-officer" }, "{n}");
            }
            let unlocked = centre.unlocked();
            let result = match kind {
                RecoveryKind::User => unlocked.recover(at(day), None, &act),
                RecoveryKind::Judicial => unlocked.recover_judicial(at(day), None, &act),
            };
            assert_eq!(code(result), if allowed(set) { "ok" } else { "kmc.approvals-missing" }, "{set:08b}");
            done += u32::from(allowed(set));
        }
        // User: at least 2 of 3, whatever the 5 others: 4 × 32. Judicial: at least 2 of 3 and 1 of 2, 3 others: 4 × 3 × 8.
        assert_eq!(
            done,
            match kind {
                RecoveryKind::User => 128,
                RecoveryKind::Judicial => 96,
            }
        );
    }
}

/// K2: every way around the two people is denied and leaves a leaf.
#[test]
fn what_is_no_approval() {
    let (centre, _, act) = ordered(RecoveryKind::User);
    let approve = |signed: &[u8]| code(centre.kmc.approve_recovery(at(NOON), signed));
    assert_eq!(approve(&consent("rec-1", act)), "ok");
    assert_eq!(approve(&consent("rec-1", act)), "kmc.approved-twice");
    // The same officer under another name, and somebody else's key under an officer's name.
    assert_eq!(approve(&consent_with("rec-2", "rec-1", act, NOON)), "kmc.approval-signature");
    assert_eq!(approve(&consent_with("rec-2", "mallory", act, NOON)), "kmc.approval-signature");
    assert_eq!(approve(&consent("mallory", act)), "kmc.not-an-officer");
    // Who asked.
    let own = Act { operator: op("rec-2"), ..order(RecoveryKind::User, centre.escrowed(2).id, 3) };
    let own = centre.kmc.order_recovery(at(NOON), &own).unwrap();
    assert_eq!(approve(&consent("rec-2", own)), "kmc.own-order");
    // Another recovery, another time.
    assert_eq!(approve(&consent("rec-2", digest("other"))), "kmc.no-recovery");
    assert_eq!(approve(&consent_with("rec-2", "rec-2", act, NOON - 4000)), "kmc.record-time");
    assert_eq!(approve(&consent_with("rec-2", "rec-2", act, NOON + 4000)), "kmc.record-time");
    assert_eq!(approve(b"garbage"), "x509.not-der");
    let mut altered = consent("rec-2", act);
    let last = altered.len() - 1;
    altered[last] ^= 1;
    assert_eq!(approve(&altered), "kmc.approval-signature");
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &act)), "kmc.approvals-missing");
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &digest("other"))), "kmc.no-recovery");
    assert_eq!(denials(&centre), 12);
}

#[test]
fn what_is_no_order() {
    let centre = Centre::founded();
    let of = centre.escrowed(1);
    let reserved = centre.unlocked().reserve(at(NOON), &[request(2)]).unwrap().remove(0);
    let good = || order(RecoveryKind::User, of.id, 1);
    let enter = |act: &Act| code(centre.kmc.order_recovery(at(NOON), act));
    let with = |change: &dyn Fn(&mut Act)| {
        let mut act = good();
        change(&mut act);
        enter(&act)
    };
    assert_eq!(with(&|a| a.ca = digest("another")), "kmc.other-authority");
    assert_eq!(with(&|a| a.kind = "issue".to_owned()), "kmc.record");
    assert_eq!(with(&|a| a.kind = RecoveryKind::Judicial.order().code().to_owned()), "kmc.record");
    assert_eq!(with(&|a| a.object = "all".to_owned()), "kmc.record");
    assert_eq!(with(&|a| a.object = format!("{} {}", of.id, reserved.id)), "kmc.record");
    assert_eq!(with(&|a| a.fields.push(a.fields[0].clone())), "kmc.record");
    assert_eq!(with(&|a| a.fields.swap(0, 1)), "kmc.record");
    assert_eq!(with(&|a| a.fields[0].1 = "zz".to_owned()), "kmc.record");
    assert_eq!(with(&|a| a.fields[0].1 = "04".repeat(65)), "x509.key-off-curve");
    assert_eq!(with(&|a| a.fields[0].1 = hex(of.public.point())), "kmc.recipient-escrowed");
    assert_eq!(with(&|a| a.fields[1].1 = String::new()), "kmc.record");
    assert_eq!(with(&|a| a.fields[1].1 = "a\nb".to_owned()), "kmc.record");
    assert_eq!(with(&|a| a.object = reserved.id.to_string()), "kmc.key-state");
    assert_eq!(with(&|a| a.object = "0".repeat(32)), "kmc.no-key");
    assert_eq!(with(&|a| a.expires = NOON - 1), "kmc.record-time");
    assert_eq!(with(&|a| a.expires = a.at + LONGEST + 1), "kmc.record-time");
    assert_eq!(with(&|a| a.at = NOON + AHEAD + 1), "kmc.record-time");
    let mut judicial = order(RecoveryKind::Judicial, of.id, 1);
    judicial.fields[2].1 = String::new();
    assert_eq!(enter(&judicial), "kmc.record");
    assert_eq!(enter(&good()), "ok");
    assert_eq!(enter(&good()), "kmc.replayed");
    assert_eq!(denials(&centre), 19);
}

#[test]
fn orders_expire_and_are_withdrawn() {
    let (centre, of, act) = ordered(RecoveryKind::User);
    approve(&centre, act, &["rec-1", "rec-2"]);
    // The approvals last an hour, the order a day.
    assert_eq!(code(centre.unlocked().recover(at(NOON + 4000), None, &act)), "kmc.approvals-missing");
    assert_eq!(code(centre.unlocked().recover(at(NOON + 90_000), None, &act)), "kmc.record-time");
    let day = NOON + 90_000;
    let mut second = order(RecoveryKind::User, of.id, 2);
    (second.at, second.expires) = (day, day + 3600);
    let second = centre.kmc.order_recovery(at(day), &second).unwrap();
    centre.kmc.withdraw_recovery(at(day), &op("li"), &second).unwrap();
    assert_eq!(code(centre.kmc.withdraw_recovery(at(day), &op("li"), &second)), "kmc.recovery-status");
    assert_eq!(
        code(centre.kmc.approve_recovery(at(day), &consent_with("rec-1", "rec-1", second, day))),
        "kmc.recovery-status"
    );
    assert_eq!(code(centre.unlocked().recover(at(day), None, &second)), "kmc.recovery-status");
    assert_eq!(code(centre.kmc.withdraw_recovery(at(day), &op("li"), &digest("x"))), "kmc.no-recovery");
}

/// No bulk: an order has one key, and a day has its cap, which asking again does not eat up.
#[test]
fn a_day_has_its_cap() {
    let centre = Centre::founded();
    let recover = |n: u32, second: i64| {
        let mut act = order(RecoveryKind::User, centre.escrowed(n).id, 1);
        (act.at, act.expires) = (second, second + 3600);
        let act = centre.kmc.order_recovery(at(second), &act).unwrap();
        for who in ["rec-1", "rec-2"] {
            centre.kmc.approve_recovery(at(second), &consent_with(who, who, act, second)).unwrap();
        }
        (act, code(centre.unlocked().recover(at(second), None, &act)))
    };
    let (first, done) = recover(1, NOON);
    assert_eq!(done, "ok");
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &first)), "ok");
    assert_eq!(recover(2, NOON).1, "ok");
    assert_eq!(recover(3, NOON).1, "ok");
    let (fourth, refused) = recover(4, NOON);
    assert_eq!(refused, "kmc.cap");
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &first)), "ok");
    // 12 hours later it is tomorrow in China; the fourth order's approvals are over by then.
    let tomorrow = at(NOON).day().last_instant().unix_seconds() + 1;
    assert_eq!(code(centre.unlocked().recover(at(tomorrow), None, &fourth)), "kmc.record-time");
}

/// A change of an officer by `admin`.
fn change(id: &str, part: RecoveryPart, status: OperatorStatus, nonce: u8) -> Act {
    let officer = Officer { id: op(id), part, key: key(id).public_key().clone() };
    let time = (NOON, NOON + 3600);
    OfficerChange { officer, status }.to_act(digest("authority"), "ca".parse().unwrap(), op("admin"), [nonce; 16], time)
}

#[test]
fn a_removed_officer_approves_nothing() {
    let (centre, _, act) = ordered(RecoveryKind::User);
    approve(&centre, act, &["rec-1", "rec-2"]);
    let unlocked = centre.unlocked();
    let removal = change("rec-2", RecoveryPart::Recovery, OperatorStatus::Removed, 1);
    let removed = sm3(&removal.to_der());
    let (one, two) = (consent("rec-1", removed), consent("sup-1", removed));
    unlocked.change_officer(at(NOON), &removal, &[&one, &two]).unwrap();
    // Approved while in office, asked for after: it does not count.
    assert_eq!(code(unlocked.recover(at(NOON), None, &act)), "kmc.approvals-missing");
    assert_eq!(code(centre.kmc.approve_recovery(at(NOON), &consent("rec-2", act))), "kmc.not-an-officer");
    approve(&centre, act, &["rec-3"]);
    assert_eq!(code(unlocked.recover(at(NOON), None, &act)), "ok");
    // A new one may.
    let naming = change("rec-4", RecoveryPart::Recovery, OperatorStatus::Active, 2);
    let named = sm3(&naming.to_der());
    unlocked.change_officer(at(NOON), &naming, &[&consent("rec-1", named), &consent("rec-3", named)]).unwrap();
    let second = order(RecoveryKind::User, centre.escrowed(2).id, 5);
    let second = centre.kmc.order_recovery(at(NOON), &second).unwrap();
    approve(&centre, second, &["rec-4", "rec-1"]);
    assert_eq!(code(unlocked.recover(at(NOON), None, &second)), "ok");
    assert_eq!(centre.kmc.verify(&|_, _, _| {}).unwrap().findings, []);
}

#[test]
fn officers_are_changed_by_two_others() {
    let centre = Centre::founded();
    let unlocked = centre.unlocked();
    let naming = change("rec-4", RecoveryPart::Recovery, OperatorStatus::Active, 1);
    let digest_of = sm3(&naming.to_der());
    let from = |who: &str| consent(who, digest_of);
    let name = |approvals: &[&[u8]]| code(unlocked.change_officer(at(NOON), &naming, approvals));
    assert_eq!(name(&[]), "kmc.approvals-missing");
    assert_eq!(name(&[&from("rec-1")]), "kmc.approvals-missing");
    assert_eq!(name(&[&from("rec-1"), &from("rec-1")]), "kmc.approved-twice");
    assert_eq!(name(&[&from("rec-1"), &from("rec-4")]), "kmc.not-an-officer");
    assert_eq!(name(&[&from("rec-1"), &consent("rec-2", digest("x"))]), "kmc.record");
    assert_eq!(name(&[&from("rec-1"), &consent_with("rec-2", "mallory", digest_of, NOON)]), "kmc.approval-signature");
    assert_eq!(name(&[&from("rec-1"), &from("sup-2")]), "ok");
    assert_eq!(name(&[&from("rec-1"), &from("sup-2")]), "kmc.replayed");
    let refused = |act: &Act, who: [&str; 2]| {
        let digest = sm3(&act.to_der());
        let signed = who.map(|who| consent(who, digest));
        code(unlocked.change_officer(at(NOON), act, &[&signed[0], &signed[1]]))
    };
    // Not oneself, not who asks, not so many that nobody is left, not one key twice.
    let own = change("rec-1", RecoveryPart::Supervisor, OperatorStatus::Active, 2);
    assert_eq!(refused(&own, ["rec-1", "rec-2"]), "kmc.own-order");
    let asked = Act { operator: op("rec-2"), ..change("rec-5", RecoveryPart::Recovery, OperatorStatus::Active, 3) };
    assert_eq!(refused(&asked, ["rec-1", "rec-2"]), "kmc.own-order");
    let supervisor = |id: &str, n| change(id, RecoveryPart::Supervisor, OperatorStatus::Removed, n);
    assert_eq!(refused(&supervisor("sup-1", 4), ["rec-1", "rec-2"]), "ok");
    assert_eq!(refused(&supervisor("sup-2", 5), ["rec-1", "rec-2"]), "kmc.founding");
    let mut alias = change("rec-9", RecoveryPart::Recovery, OperatorStatus::Active, 6);
    alias.fields[1].1 = hex(key("rec-1").public_key().point());
    assert_eq!(refused(&alias, ["rec-1", "rec-2"]), "kmc.founding");
    let other = Act { ca: digest("x"), ..change("rec-9", RecoveryPart::Recovery, OperatorStatus::Active, 7) };
    assert_eq!(refused(&other, ["rec-1", "rec-2"]), "kmc.other-authority");
}

/// Who can write the vault, and nothing more, names an officer, or points an approved order elsewhere.
#[test]
fn what_was_written_without_the_wrapping_key() {
    let (centre, _, act) = ordered(RecoveryKind::User);
    approve(&centre, act, &["rec-1"]);
    let vault = Vault::open(&centre.path, Mode::ReadWrite).unwrap();
    let mallory = Officer { id: op("mallory"), part: RecoveryPart::Recovery, key: key("mallory").public_key().clone() };
    let put = |row: &OfficerRow| {
        vault
            .write(at(NOON), |w| -> hufu_store::Result<()> {
                let mut event = w.event(EscrowEvent::Officer, None, "mallory");
                event.put_officer(row)?;
                event.close()?;
                Ok(())
            })
            .unwrap();
    };
    put(&officer_row(&mallory, OperatorStatus::Active));
    approve(&centre, act, &["mallory"]);
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &act)), "kmc.altered");
    // The MAC of another officer's row does not fit, nor does one's own with another part.
    let known = vault.read(|r| r.officer(&op("rec-1"))).unwrap().unwrap();
    put(&OfficerRow { mac: known.mac, ..officer_row(&mallory, OperatorStatus::Active) });
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &act)), "kmc.altered");
    // An order whose row says another recipient than what was signed.
    let (centre, of, act) = ordered(RecoveryKind::User);
    approve(&centre, act, &["rec-1", "rec-2"]);
    let vault = Vault::open(&centre.path, Mode::ReadWrite).unwrap();
    let row = vault.read(|r| r.recovery(&act)).unwrap().unwrap();
    let forged_act = digest("forged");
    vault
        .write(at(NOON), |w| -> hufu_store::Result<()> {
            let mut event = w.event(EscrowEvent::RecoveryOrder, None, "mallory");
            let content = order(RecoveryKind::User, of.id, 1).to_der();
            event.put_act(&ActRow { digest: forged_act, kind: "key-recovery".to_owned(), at: NOON, content })?;
            let recipient = key("mallory").public_key().point().to_vec();
            event.put_recovery(&RecoveryRow { act: forged_act, recipient, ..row })?;
            for approval in centre.kmc.vault().read(|r| r.recovery_approvals(&act))? {
                event.put_recovery_approval(&RecoveryApprovalRow { recovery: forged_act, ..approval })?;
            }
            event.close()?;
            Ok(())
        })
        .unwrap();
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &forged_act)), "kmc.altered");
    assert_eq!(code(centre.unlocked().recover(at(NOON), None, &act)), "ok");
}

#[test]
fn orders_and_changes_come_back() {
    for kind in RecoveryKind::ALL {
        let act = order(kind, EscrowId([7; 16]), 1);
        let order = RecoveryOrder::from_act(&act).unwrap();
        let again = order.to_act(act.ca, act.org.clone(), act.operator.clone(), act.nonce, (act.at, act.expires));
        assert_eq!(again, act);
        assert_eq!(OfficerChange::from_act(&act).unwrap_err().kind().code(), "kmc.record");
    }
    let act = change("rec-1", RecoveryPart::Judicial, OperatorStatus::Removed, 1);
    assert_eq!(OfficerChange::from_act(&act).unwrap().status, OperatorStatus::Removed);
}
