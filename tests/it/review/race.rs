//! Between the moment a verb looks and the moment it writes, somebody else acts.

use std::sync::Arc;

use hufu_authority::Change;
use hufu_model::event::EventKind;
use hufu_model::ident::RequestId;
use hufu_model::operator::{OperatorStatus, Role};
use hufu_model::request::Reason;
use hufu_store::{Mode, Store};
use hufu_tests::{TestAuthority, ready_requests};

use super::{Meanwhile, operator, org};
use crate::expect::{all, code_of_one, only, sound};

/// A freeze that commits before the intent does stops the issue, although every check was made before it.
#[test]
fn a_freeze_between_check_and_intent_stops_the_issue() {
    let t = TestAuthority::national("race freeze");
    let ids = ready_requests(&t, 1, 2);
    let (authority, meanwhile) = Meanwhile::beside(&t, "race freeze, second");
    let approver = authority.act_as(&operator("sichuan-approver"), t.people.key("sichuan-approver")).unwrap();
    let signer = t.signer();
    let other = t.beside("race freeze, third");
    meanwhile.then(move || {
        let _ = other.authority.change(&other.session("qian"), &Change::OrgFreeze(org("ra-sichuan"))).unwrap();
    });
    let certificates = t.authority.status().unwrap().certificates;
    for result in authority.issue(&approver, &signer, &ids).unwrap() {
        assert_eq!(result.unwrap_err().code(), "org.frozen");
    }
    assert!(meanwhile.happened());
    assert_eq!(t.authority.status().unwrap().certificates, certificates);
    sound(&t);
}

/// An approver who is removed in that moment no longer vouches for anything, and neither does the one who issues.
#[test]
fn a_removal_between_check_and_intent_stops_the_issue() {
    for (n, gone) in [(1, "sichuan-approver"), (2, "sichuan-admin")] {
        let t = TestAuthority::national(&format!("race removal {n}"));
        let ids = ready_requests(&t, 1, 1);
        let (authority, meanwhile) = Meanwhile::beside(&t, "race removal, second");
        let admin = authority.act_as(&operator("sichuan-admin"), t.people.key("sichuan-admin")).unwrap();
        let signer = t.signer();
        let other = t.beside("race removal, third");
        meanwhile.then(move || {
            let _ = other.authority.change(&other.session("qian"), &Change::OperatorRemove(operator(gone))).unwrap();
        });
        assert_eq!(code_of_one(authority.issue(&admin, &signer, &ids)), "operator.unknown", "{gone}");
        assert!(meanwhile.happened());
        sound(&t);
    }
}

/// Two issuers of one signer, each of whom sees room for one more: one gets it.
#[test]
fn two_issuers_at_once_stay_within_a_quota() {
    let t = TestAuthority::national("race quota");
    let ids = ready_requests(&t, 1, 2);
    let filter = hufu_authority::CertificateFilter { orgs: Some(vec![org("lra-chengdu")]), ..Default::default() };
    let used = t.authority.certificates(&filter).unwrap().len();
    let mut limits = t.authority.organisations().unwrap().get(&org("lra-chengdu")).unwrap().limits.clone();
    limits.quota_total = Some(u32::try_from(used).unwrap() + 1);
    let _ = t.authority.change(&t.session("zhao"), &Change::OrgLimits { org: org("lra-chengdu"), limits }).unwrap();

    let (authority, meanwhile) = Meanwhile::beside(&t, "race quota, second");
    let approver = authority.act_as(&operator("sichuan-approver"), t.people.key("sichuan-approver")).unwrap();
    let signer = Arc::new(t.signer());
    let (other, theirs, same) = (t.beside("race quota, third"), ids[1..].to_vec(), signer.clone());
    meanwhile.then(move || {
        all(other.authority.issue(&other.session("sichuan-approver"), &same, &theirs));
    });
    assert_eq!(code_of_one(authority.issue(&approver, &signer, &ids[..1])), "org.quota");
    assert!(meanwhile.happened());
    assert_eq!(t.authority.certificates(&filter).unwrap().len(), used + 1);
    sound(&t);
}

/// What is not concerned by what happened meanwhile is issued.
#[test]
fn an_unrelated_act_in_between_changes_nothing() {
    let t = TestAuthority::national("race unrelated");
    let ids = ready_requests(&t, 1, 3);
    let (authority, meanwhile) = Meanwhile::beside(&t, "race unrelated, second");
    let approver = authority.act_as(&operator("sichuan-approver"), t.people.key("sichuan-approver")).unwrap();
    let signer = t.signer();
    let other = t.beside("race unrelated, third");
    meanwhile.then(move || {
        let request = other.people.person(50, "lra-chengdu");
        all(other.authority.submit(&other.session("chengdu-entry"), &[request]));
    });
    all(authority.issue(&approver, &signer, &ids));
    assert!(meanwhile.happened());
    sound(&t);
}

/// Somebody is removed while the certificate that would renew them is being signed: they stay removed.
#[test]
fn a_removal_while_a_renewal_is_signed_holds() {
    let t = TestAuthority::national("race renewal");
    let ids = approved_renewal(&t, "chengdu-entry", "lra-chengdu", &[Role::Entry]);
    let (authority, meanwhile) = Meanwhile::beside(&t, "race renewal, second");
    let qian = authority.act_as(&operator("qian"), t.people.key("qian")).unwrap();
    let signer = t.signer();
    let other = t.beside("race renewal, third");
    // The first random number is the serial number's; the second one belongs to the signature, behind the intent.
    let (armed, remove) = (meanwhile.clone(), move || {
        let gone = Change::OperatorRemove(operator("chengdu-entry"));
        let _ = other.authority.change(&other.session("zhao"), &gone).unwrap();
    });
    meanwhile.then(move || armed.then(remove));
    let result = authority.issue(&qian, &signer, &ids).and_then(only);
    assert!(meanwhile.happened());
    // Whether it was stored or not, nobody acts with it.
    drop(result);
    let operators = t.authority.operators().unwrap();
    let entry = operators.iter().find(|o| o.id == operator("chengdu-entry")).unwrap();
    assert_eq!(entry.status, OperatorStatus::Removed);
    assert!(t.authority.act_as(&entry.id, t.people.key("chengdu-entry, new key")).is_err());
    sound(&t);
}

/// Whoever waits for the lock while others write does not take the time that went by for a clock that went back.
#[test]
fn waiting_for_the_lock_is_no_clock_that_went_back() {
    let t = TestAuthority::national("race clock");
    let ids = ready_requests(&t, 1, 1);
    let (entry, approver, signer) = (t.session("chengdu-entry"), t.session("sichuan-approver"), t.signer());
    let store = Store::open(&t.database(), Mode::ReadWrite).unwrap();
    let acts: [&(dyn Fn() + Sync); 2] =
        [&|| drop(all(t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]))), &|| {
            drop(all(t.authority.issue(&approver, &signer, &ids)))
        }];
    for act in acts {
        let later = t.now().plus_seconds(20);
        std::thread::scope(|scope| {
            let written = store.write(later, |w| {
                let waiting = scope.spawn(act);
                std::thread::sleep(std::time::Duration::from_millis(700));
                assert!(!waiting.is_finished(), "it did not wait");
                t.clock.set(later);
                w.event(EventKind::Denied, None, "somebody else").close()?;
                Ok::<_, hufu_store::Error>(waiting)
            });
            written.unwrap().join().unwrap();
        });
    }
    sound(&t);
}

/// A renewal of `id` with a new key, entered by zhao and approved by qian.
pub(super) fn approved_renewal(t: &TestAuthority, id: &str, org: &str, roles: &[Role]) -> Vec<RequestId> {
    let mut renewal = t.people.staff(id, org, "某人", roles);
    renewal.id = format!("renew-{id}").parse().unwrap();
    renewal.reason = Reason::Rekey;
    renewal.csr = t.people.csr(&format!("{id}, new key"));
    let ids = vec![renewal.id.clone()];
    all(t.authority.submit(&t.session("zhao"), &[renewal]));
    all(t.authority.approve(&t.session("qian"), &ids));
    ids
}
