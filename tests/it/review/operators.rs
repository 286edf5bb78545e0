//! Operators: who may make, renew, move and bring back whom.

use hufu_authority::Change;
use hufu_model::operator::{OperatorStatus, Role};
use hufu_tests::TestAuthority;

use super::race::approved_renewal;
use super::{operator, org};
use crate::expect::{Before, all, code, code_of_one, sound};

/// Sichuan with a second administrator, and a third one to be renewed.
fn sichuan(seed: &str) -> TestAuthority {
    let t = TestAuthority::national(seed);
    t.appoint(&[t.people.staff("sichuan-admin-2", "ra-sichuan", "郑七", &[Role::Admin])]);
    t
}

/// The request that would give `id` a certificate with a key of the attacker's.
fn takeover(t: &TestAuthority, id: &str, org: &str, roles: &[Role]) -> hufu_authority::NewRequest {
    let mut request = t.people.staff(id, org, "某人", roles);
    request.id = format!("takeover-{id}").parse().unwrap();
    request.csr = t.people.csr(&format!("takeover {id}"));
    request
}

/// Two administrators of one province agree: they still do not get hold of operators elsewhere, nor of those above.
#[test]
fn nobody_renews_an_operator_of_another_place() {
    let t = sichuan("takeover");
    let before = Before::of(&t);
    let admin = t.session("sichuan-admin");
    for victim in ["zhao", "auditor", "yunnan-approver", "audit-entry"] {
        let request = takeover(&t, victim, "ra-sichuan", &[Role::Entry]);
        assert_eq!(code_of_one(t.authority.submit(&admin, &[request])), "ra.outside-jurisdiction", "{victim}");
    }
    // An administrator of the own province: that belongs to super-administrators, as every change of one does.
    let request = takeover(&t, "sichuan-admin-2", "ra-sichuan", &[Role::Entry]);
    assert_eq!(code_of_one(t.authority.submit(&admin, &[request])), "operator.no-role");
    before.assert_unchanged(&t, "a takeover");
    // One of their own, who moves to another office of the province, is theirs to renew.
    let request = takeover(&t, "chengdu-entry", "ra-sichuan", &[Role::Entry]);
    let ids = [request.id.clone()];
    all(t.authority.submit(&admin, &[request]));
    all(t.authority.approve(&t.session("sichuan-admin-2"), &ids));
    all(t.authority.issue(&t.session("sichuan-admin-2"), &t.signer(), &ids));
    sound(&t);
}

/// The second person needs the right to appoint as much as the first one.
#[test]
fn an_administrator_does_not_approve_an_administrator() {
    let t = sichuan("approve admin");
    for (n, roles) in [(1, vec![Role::Admin]), (2, vec![Role::SuperAdmin, Role::Entry])] {
        let request = t.people.staff(&format!("new-{n}"), "ra-sichuan", "新人", &roles);
        let ids = [request.id.clone()];
        all(t.authority.submit(&t.session("zhao"), &[request]));
        assert_eq!(code_of_one(t.authority.approve(&t.session("sichuan-admin"), &ids)), "operator.no-role");
        all(t.authority.approve(&t.session("qian"), &ids));
        all(t.authority.issue(&t.session("qian"), &t.signer(), &ids));
    }
    // A renewal that takes the role away changes an administrator, too.
    let request = takeover(&t, "sichuan-admin-2", "ra-sichuan", &[Role::Auditor]);
    let ids = [request.id.clone()];
    all(t.authority.submit(&t.session("zhao"), &[request]));
    assert_eq!(code_of_one(t.authority.approve(&t.session("sichuan-admin"), &ids)), "operator.no-role");
    sound(&t);
}

/// The right to appoint is asked again when the certificate is issued.
#[test]
fn an_approver_who_lost_the_right_to_appoint_appoints_nobody() {
    let t = sichuan("lost right");
    let request = t.people.staff("new-admin", "ra-sichuan", "新人", &[Role::Admin]);
    let ids = [request.id.clone()];
    all(t.authority.submit(&t.session("zhao"), &[request]));
    all(t.authority.approve(&t.session("qian"), &ids));
    // A third super-administrator takes it from qian.
    t.appoint(&[t.people.staff("third", "ca", "第三", &[Role::SuperAdmin, Role::Admin])]);
    let change = Change::OperatorRoles { operator: operator("qian"), roles: vec![Role::Admin] };
    let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else {
        panic!("one person changed an administrator");
    };
    t.authority.countersign(&t.session("third"), &digest).unwrap();
    assert_eq!(code_of_one(t.authority.issue(&t.session("zhao"), &t.signer(), &ids)), "operator.no-role");
}

/// What was approved before a removal or a change of roles does not undo it.
#[test]
fn an_older_approval_does_not_undo_a_removal_or_a_role_change() {
    let t = TestAuthority::national("older approval");
    let renewal = approved_renewal(&t, "chengdu-entry", "lra-chengdu", &[Role::Entry]);
    let _ = t.authority.change(&t.session("zhao"), &Change::OperatorRemove(operator("chengdu-entry"))).unwrap();
    assert_eq!(code_of_one(t.authority.issue(&t.session("qian"), &t.signer(), &renewal)), "request.overtaken");

    let renewal = approved_renewal(&t, "chengdu-entry-2", "lra-chengdu", &[Role::Entry]);
    let change = Change::OperatorRoles { operator: operator("chengdu-entry-2"), roles: vec![Role::Auditor] };
    let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else {
        panic!("one person changed roles");
    };
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    assert_eq!(code_of_one(t.authority.issue(&t.session("qian"), &t.signer(), &renewal)), "request.overtaken");

    let operators = t.authority.operators().unwrap();
    let found = |id: &str| operators.iter().find(|o| o.id == operator(id)).unwrap();
    assert_eq!(found("chengdu-entry").status, OperatorStatus::Removed);
    assert_eq!(found("chengdu-entry-2").roles, [Role::Auditor]);
    // Approved after the removal, by two people who know of it, it brings them back.
    let mut again = t.people.staff("chengdu-entry", "lra-chengdu", "孙三", &[Role::Entry]);
    again.id = "back".parse().unwrap();
    t.appoint(&[again]);
    assert!(t.authority.act_as(&operator("chengdu-entry"), t.people.key("chengdu-entry")).is_ok());
    sound(&t);
}

/// Two renewals of one operator that were approved side by side: the first one issued wins.
#[test]
fn of_two_approved_renewals_one_takes_effect() {
    let t = TestAuthority::national("two renewals");
    let one = approved_renewal(&t, "chengdu-entry", "lra-chengdu", &[Role::Entry]);
    let mut other = t.people.staff("chengdu-entry", "lra-chengdu", "某人", &[Role::Auditor]);
    other.id = "renew-other".parse().unwrap();
    other.csr = t.people.csr("other key");
    let others = [other.id.clone()];
    all(t.authority.submit(&t.session("zhao"), &[other]));
    all(t.authority.approve(&t.session("qian"), &others));
    all(t.authority.issue(&t.session("qian"), &t.signer(), &others));
    assert_eq!(code_of_one(t.authority.issue(&t.session("qian"), &t.signer(), &one)), "request.overtaken");
    assert!(t.authority.act_as(&operator("chengdu-entry"), t.people.key("other key")).is_ok());
    sound(&t);
}

/// The CA's keys are unlocked by those who issue, whoever else learnt the passphrase.
#[test]
fn a_signer_is_started_by_those_who_issue() {
    let t = TestAuthority::national("start");
    let after = hufu_authority::AfterSigning::Verify;
    for id in ["chengdu-entry", "auditor", "sichuan-entry"] {
        let before = Before::of(&t);
        let started = t.authority.start_signer(&t.session(id), &t.ca_passphrase(), after);
        assert_eq!(code(started), "operator.no-role", "{id}");
        before.assert_unchanged(&t, id);
        assert_eq!(before.denials(&t), 1, "{id}");
    }
    for id in ["zhao", "sichuan-approver", "sichuan-admin"] {
        assert!(t.authority.start_signer(&t.session(id), &t.ca_passphrase(), after).is_ok(), "{id}");
    }
    let _ = org("ca");
}
