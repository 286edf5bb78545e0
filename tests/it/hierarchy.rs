//! The hierarchy binds: limits downwards, freezing at once, and two people where two are due.

use hufu_authority::{Change, Class, NewRequest, Outcome};
use hufu_model::holder::Field;
use hufu_model::ident::{Digest, OperatorId, OrgId, RequestId};
use hufu_model::operator::Role;
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_model::request::Reason;
use hufu_model::time::Instant;
use hufu_tests::{TestAuthority, ready_requests};

use crate::expect::{Before, all, code, code_of_one, only, refused, sound};

fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}

fn operator(id: &str) -> OperatorId {
    id.parse().unwrap()
}

fn organisation(id: &str, parent: &str, kind: OrgKind) -> Organisation {
    Organisation {
        id: org(id),
        parent: Some(org(parent)),
        kind,
        name: "某地注册中心".to_owned(),
        name_en: String::new(),
        region: None,
        limits: Limits::default(),
        status: OrgStatus::Active,
    }
}

/// Proposed by one administrator, countersigned by the other.
fn by_two(t: &TestAuthority, change: &Change) {
    let digest = propose(t, "zhao", change);
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
}

fn propose(t: &TestAuthority, by: &str, change: &Change) -> Digest {
    match t.authority.change(&t.session(by), change).unwrap() {
        Outcome::Proposed(digest) => digest,
        Outcome::Done(_) => panic!("{change:?} took effect with one person"),
    }
}

fn by_one(t: &TestAuthority, by: &str, change: &Change) {
    match t.authority.change(&t.session(by), change).unwrap() {
        Outcome::Done(_) => {}
        Outcome::Proposed(_) => panic!("{change:?} waits for a second person"),
    }
}

fn limits_of(t: &TestAuthority, id: &str) -> Limits {
    t.authority.organisations().unwrap().get(&org(id)).unwrap().limits.clone()
}

/// Sets limits on top of the region an organisation has: narrower is one person's act.
fn narrow(t: &TestAuthority, id: &str, set: impl Fn(&mut Limits)) {
    let mut limits = limits_of(t, id);
    set(&mut limits);
    by_one(t, "zhao", &Change::OrgLimits { org: org(id), limits });
}

fn submit_one(
    t: &TestAuthority,
    entry: &str,
    request: NewRequest,
) -> Result<hufu_authority::Submitted, hufu_authority::Error> {
    t.authority.submit(&t.session(entry), &[request]).and_then(only)
}

#[test]
fn an_lra_never_holds_more_than_its_ra() {
    let t = TestAuthority::national("more");
    narrow(&t, "ra-sichuan", |l| {
        l.max_days = Some(200);
        l.quota_day = Some(50);
        l.quota_total = Some(500);
        l.profiles = Some(vec!["person-sign".parse().unwrap(), "device-sign".parse().unwrap()]);
        l.name_prefix = Some("四川".to_owned());
    });
    let before = Before::of(&t);
    let zhao = t.session("zhao");
    let base = limits_of(&t, "lra-chengdu");
    let wider = [
        Limits { max_days: Some(201), ..base.clone() },
        Limits { quota_day: Some(51), ..base.clone() },
        Limits { quota_total: Some(501), ..base.clone() },
        Limits { profiles: Some(vec!["tls-server".parse().unwrap()]), ..base.clone() },
        Limits { region: Some("530000".parse().unwrap()), ..base.clone() },
        Limits { name_prefix: Some("云南".to_owned()), ..base.clone() },
    ];
    for limits in wider {
        let change = Change::OrgLimits { org: org("lra-chengdu"), limits };
        refused(t.authority.change(&zhao, &change), "org.limit", Class::Refused);
    }
    before.assert_unchanged(&t, "a limit wider than the RA's");
    narrow(&t, "lra-chengdu", |l| l.max_days = Some(200));
}

/// What the RA may not do, the LRA below it may not do either, from the moment the RA's limit is set.
#[test]
fn limits_bind_downwards_at_once() {
    let t = TestAuthority::national("downwards");
    let approved = ready_requests(&t, 1, 1);
    narrow(&t, "ra-sichuan", |l| l.max_days = Some(100));
    assert_eq!(code(submit_one(&t, "chengdu-entry", t.people.person(2, "lra-chengdu"))), "org.limit");
    // Also what was approved under the wider limit: every limit is asked once more when it is issued.
    let approver = t.session("sichuan-approver");
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &approved)), "org.limit");
    let mut short = t.people.person(3, "lra-chengdu");
    short.days = Some(100);
    t.issue(&[short]);
    // Yunnan is not concerned.
    let request = t.in_region(t.people.person(4, "lra-kunming"));
    let mut at_ra = t.in_region(t.people.person(5, "ra-yunnan"));
    at_ra.days = Some(1000);
    assert!(submit_one(&t, "yunnan-entry", at_ra).is_ok());
    assert!(submit_one(&t, "yunnan-entry", request).is_ok());
    sound(&t);
}

#[test]
fn profiles_regions_and_name_prefixes_bind() {
    let t = TestAuthority::national("bind");
    narrow(&t, "ra-sichuan", |l| l.profiles = Some(vec!["organisation-sign".parse().unwrap()]));
    narrow(&t, "lra-chengdu", |l| l.name_prefix = Some("成都".to_owned()));
    assert_eq!(code(submit_one(&t, "chengdu-entry", t.people.person(1, "lra-chengdu"))), "org.limit");
    assert_eq!(code(submit_one(&t, "chengdu-entry", t.people.device(1, "lra-chengdu"))), "org.limit");
    let with = |field: Field, value: &str| {
        let mut request = t.people.organisation(1, "lra-chengdu");
        request.fields.retain(|(f, _)| *f != field);
        request.fields.push((field, value.to_owned()));
        request
    };
    for region in ["510700", "530100", "510000"] {
        assert_eq!(code(submit_one(&t, "chengdu-entry", with(Field::Region, region))), "org.limit", "{region}");
    }
    assert_eq!(code(submit_one(&t, "chengdu-entry", with(Field::Name, "绵阳示例中心"))), "org.limit");
    assert!(submit_one(&t, "chengdu-entry", t.people.organisation(1, "lra-chengdu")).is_ok());
}

/// A quota counts the whole subtree, is asked at submission and again at issuance, and a day ends at midnight in China.
#[test]
fn quotas_count_the_subtree_by_day_and_in_all() {
    let t = TestAuthority::national("quota");
    narrow(&t, "ra-sichuan", |l| {
        l.quota_day = Some(3);
        l.quota_total = Some(4);
    });
    // The operators issued on the founding day count: they are certificates of the RA and its LRAs.
    t.clock.set("2026-11-26T00:00:00+08:00".parse().unwrap());
    let total = t.authority.subtree(&org("ra-sichuan")).unwrap();
    let used = all_certificates(&t, &total);
    let raised = Limits { quota_total: Some(used + 4), ..limits_of(&t, "ra-sichuan") };
    by_two(&t, &Change::OrgLimits { org: org("ra-sichuan"), limits: raised });

    t.issue(&[t.people.person(1, "lra-chengdu"), t.people.person(2, "lra-chengdu")]);
    // One is left today for the whole province: the second of these two is over.
    let requests = [t.people.person(3, "lra-chengdu"), t.people.person(4, "lra-chengdu")];
    let results = t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap();
    assert!(results[0].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.code(), error.kind().class()), ("org.quota", Class::Refused));
    t.enter("chengdu-entry", "sichuan-approver", &requests[..1]);
    let ids = [requests[0].id.clone()];
    all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids));
    let other_lra = t.in_region(t.people.person(5, "lra-mianyang"));
    assert_eq!(code(submit_one(&t, "mianyang-entry", other_lra.clone())), "org.quota");
    // One millisecond before midnight in China it is still today.
    t.clock.set("2026-11-26T23:59:59.999+08:00".parse().unwrap());
    assert_eq!(code(submit_one(&t, "mianyang-entry", other_lra.clone())), "org.quota");
    t.clock.set("2026-11-27T00:00:00+08:00".parse().unwrap());
    assert!(submit_one(&t, "mianyang-entry", other_lra.clone()).is_ok());
    all(t.authority.approve(&t.session("sichuan-approver"), std::slice::from_ref(&other_lra.id)));
    all(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &[other_lra.id]));
    // The quota in all is used up, whatever the day.
    t.clock.set("2026-12-24T00:00:00+08:00".parse().unwrap());
    assert_eq!(code(submit_one(&t, "chengdu-entry", t.people.person(6, "lra-chengdu"))), "org.quota");
    sound(&t);
}

fn all_certificates(t: &TestAuthority, orgs: &[OrgId]) -> u32 {
    let filter = hufu_authority::CertificateFilter { orgs: Some(orgs.to_vec()), ..Default::default() };
    u32::try_from(t.authority.certificates(&filter).unwrap().len()).unwrap()
}

/// Two batches approved under one quota: what is over is refused when it is issued.
#[test]
fn a_quota_is_asked_again_at_issuance() {
    let t = TestAuthority::national("quota again");
    let ids = ready_requests(&t, 1, 3);
    let used = all_certificates(&t, &[org("lra-chengdu")]);
    narrow(&t, "lra-chengdu", |l| l.quota_total = Some(used + 2));
    let approver = t.session("sichuan-approver");
    let results = t.authority.issue(&approver, &t.signer(), &ids).unwrap();
    let codes: Vec<_> = results.iter().filter_map(|r| r.as_ref().err().map(hufu_authority::Error::code)).collect();
    assert_eq!(codes, ["org.quota"]);
    assert_eq!(all_certificates(&t, &[org("lra-chengdu")]), used + 2);
}

/// Freezing stops submission, approval and issuance in the subtree, for sessions that are already open, in the same
/// instant; looking goes on; thawing needs two.
#[test]
fn freezing_stops_the_subtree_at_once() {
    let t = TestAuthority::national("freeze");
    let approved = ready_requests(&t, 1, 1);
    let waiting = t.people.person(2, "lra-chengdu");
    let (entry, approver, signer) = (t.session("chengdu-entry"), t.session("sichuan-approver"), t.signer());
    all(t.authority.submit(&entry, std::slice::from_ref(&waiting)));
    by_one(&t, "qian", &Change::OrgFreeze(org("ra-sichuan")));

    let before = Before::of(&t);
    assert_eq!(code_of_one(t.authority.submit(&entry, &[t.people.person(3, "lra-chengdu")])), "org.frozen");
    assert_eq!(code_of_one(t.authority.approve(&approver, std::slice::from_ref(&waiting.id))), "org.frozen");
    assert_eq!(code_of_one(t.authority.issue(&approver, &signer, &approved)), "org.frozen");
    // Not even by the CA itself, for the frozen office.
    let staff = t.people.staff("chengdu-entry-3", "lra-chengdu", "新一", &[Role::Entry]);
    assert_eq!(code_of_one(t.authority.submit(&t.session("zhao"), &[staff])), "org.frozen");
    before.assert_unchanged(&t, "a frozen office");
    assert_eq!(t.authority.request(&waiting.id).unwrap().row.id, waiting.id);
    // Elsewhere work goes on.
    assert!(submit_one(&t, "yunnan-entry", t.in_region(t.people.person(4, "ra-yunnan"))).is_ok());
    // An office does not thaw itself, nor does one person.
    let thaw = Change::OrgUnfreeze(org("ra-sichuan"));
    assert_eq!(code(t.authority.change(&t.session("sichuan-admin"), &thaw)), "ra.outside-jurisdiction");
    let digest = propose(&t, "zhao", &thaw);
    assert_eq!(code_of_one(t.authority.issue(&approver, &signer, &approved)), "org.frozen");
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    all(t.authority.issue(&approver, &signer, &approved));
    all(t.authority.approve(&approver, std::slice::from_ref(&waiting.id)));
    sound(&t);
}

/// A frozen LRA stops alone; its RA and its sister go on.
#[test]
fn freezing_does_not_reach_upwards_or_sideways() {
    let t = TestAuthority::national("sideways");
    by_one(&t, "sichuan-admin", &Change::OrgFreeze(org("lra-chengdu")));
    assert_eq!(code(submit_one(&t, "chengdu-entry", t.people.person(1, "lra-chengdu"))), "org.frozen");
    assert!(submit_one(&t, "sichuan-entry", t.people.person(2, "ra-sichuan")).is_ok());
    assert!(submit_one(&t, "mianyang-entry", t.in_region(t.people.person(3, "lra-mianyang"))).is_ok());
}

/// The list of acts that need two people, and of those that need one.
#[test]
fn acts_of_two_people_wait_for_the_second() {
    let t = TestAuthority::national("two");
    by_one(&t, "zhao", &Change::OrgAdd(organisation("ra-hebei", "ca", OrgKind::ProvinceRa)));
    by_one(&t, "zhao", &Change::OrgFreeze(org("ra-hebei")));
    by_one(&t, "zhao", &Change::OperatorRemove(operator("auditor")));
    by_one(&t, "zhao", &Change::OrgAdd(organisation("lra-qujing", "ra-yunnan", OrgKind::MunicipalLra)));
    by_one(
        &t,
        "zhao",
        &Change::OrgLimits { org: org("ra-audit"), limits: Limits { quota_day: Some(5), ..Limits::default() } },
    );
    let (_, source) = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap();
    let for_two = [
        Change::OrgUnfreeze(org("ra-hebei")),
        Change::OrgMove { org: org("lra-qujing"), to: org("ra-sichuan") },
        Change::OrgLimits { org: org("ra-audit"), limits: Limits { quota_day: Some(6), ..Limits::default() } },
        Change::OrgLimits { org: org("ra-audit"), limits: Limits::default() },
        Change::OperatorRoles { operator: operator("chengdu-entry"), roles: vec![Role::Auditor] },
        Change::ProfileSet { source: source.replace("max_days = 1825", "max_days = 1200") },
    ];
    for change in &for_two {
        let before = Before::of(&t);
        let digest = propose(&t, "zhao", change);
        // Nothing but the proposal is on record, and it is not the proposer's to countersign.
        assert_eq!(code(t.authority.countersign(&t.session("zhao"), &digest)), "ra.self-approval");
        assert_eq!(before.denials(&t), 1);
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
        assert_eq!(code(t.authority.countersign(&t.session("qian"), &digest)), "proposal.unknown");
    }
    assert_eq!(limits_of(&t, "ra-audit"), Limits::default());
    sound(&t);
}

#[test]
fn a_proposal_expires_and_can_be_refused() {
    let t = TestAuthority::national("proposal");
    let freeze = Change::OrgFreeze(org("ra-audit"));
    by_one(&t, "zhao", &freeze);
    let thaw = Change::OrgUnfreeze(org("ra-audit"));
    let refused_one = propose(&t, "zhao", &thaw);
    t.authority.refuse(&t.session("qian"), &refused_one).unwrap();
    assert_eq!(code(t.authority.countersign(&t.session("qian"), &refused_one)), "proposal.unknown");
    let late = propose(&t, "zhao", &thaw);
    t.clock.advance(14 * 86_400 + 1);
    assert_eq!(code(t.authority.countersign(&t.session("qian"), &late)), "request.expired");
    let in_time = propose(&t, "zhao", &thaw);
    t.clock.advance(14 * 86_400);
    t.authority.countersign(&t.session("qian"), &in_time).unwrap();
    let unknown = Digest([7; 32]);
    refused(t.authority.countersign(&t.session("qian"), &unknown), "proposal.unknown", Class::NotFound);
}

/// A proposal that became impossible meanwhile does not take effect.
#[test]
fn a_proposal_is_checked_again_when_it_is_countersigned() {
    let t = TestAuthority::national("again checked");
    let move_it = Change::OrgMove { org: org("lra-chengdu"), to: org("ra-yunnan") };
    // Chengdu's region does not fit below Yunnan.
    refused(t.authority.change(&t.session("zhao"), &move_it), "org.limit", Class::Refused);
    let widen = Limits { region: None, ..Limits::default() };
    by_two(&t, &Change::OrgLimits { org: org("ra-yunnan"), limits: widen });
    let digest = propose(&t, "zhao", &move_it);
    let narrow = Limits { region: Some("530000".parse().unwrap()), ..Limits::default() };
    by_one(&t, "zhao", &Change::OrgLimits { org: org("ra-yunnan"), limits: narrow });
    refused(t.authority.countersign(&t.session("qian"), &digest).map(drop), "org.limit", Class::Refused);
    let tree = t.authority.organisations().unwrap();
    assert_eq!(tree.get(&org("lra-chengdu")).unwrap().parent, Some(org("ra-sichuan")));
}

/// I10: nobody approves what they entered, whatever roles they hold; another person does.
#[test]
fn nobody_approves_their_own_request() {
    let t = TestAuthority::national("self");
    t.appoint(&[t.people.staff("both", "ra-sichuan", "双任", &[Role::Entry, Role::Approver])]);
    let request = t.people.person(1, "ra-sichuan");
    let both = t.session("both");
    all(t.authority.submit(&both, std::slice::from_ref(&request)));
    let ids = [request.id];
    let before = Before::of(&t);
    let refusal = t.authority.approve(&both, &ids).and_then(only);
    refused(refusal, "ra.self-approval", Class::NotPermitted);
    before.assert_unchanged(&t, "self-approval");
    assert_eq!(before.denials(&t), 1, "the attempt is on record");
    assert_eq!(code_of_one(t.authority.reject(&both, &ids, "mine")), "ra.self-approval");
    all(t.authority.approve(&t.session("sichuan-approver"), &ids));
    // An administrator does not approve the operator they entered.
    let staff = t.people.staff("new-entry", "ra-sichuan", "新二", &[Role::Entry]);
    all(t.authority.submit(&t.session("zhao"), std::slice::from_ref(&staff)));
    assert_eq!(code_of_one(t.authority.approve(&t.session("zhao"), &[staff.id])), "ra.self-approval");
}

/// Six roles, every verb: who may do it does it, and everybody else is told which role it needs.
#[test]
fn every_role_does_its_own_work_and_no_other() {
    let t = TestAuthority::national("matrix");
    let name = |role: Role| format!("only-{role}");
    let staff: Vec<NewRequest> =
        Role::ALL.iter().map(|role| t.people.staff(&name(*role), "ra-sichuan", "专任", &[*role])).collect();
    t.appoint(&staff);
    let administrators = [Role::SuperAdmin, Role::Admin];
    let signer = t.signer();
    for (n, role) in (10..).step_by(10).zip(Role::ALL) {
        let session = t.session(&name(role));
        let check = |verb: &str, allowed: &[Role], result: Result<(), hufu_authority::Error>| match result {
            Ok(()) => assert!(allowed.contains(&role), "{role} may {verb}"),
            Err(e) => {
                assert_eq!(e.code(), "operator.no-role", "{role} {verb}: {e}");
                assert!(!allowed.contains(&role), "{role} may not {verb}");
            }
        };
        let entered = t.people.person(n, "lra-chengdu");
        let result = t.authority.submit(&session, &[t.people.person(n + 1, "lra-chengdu")]).and_then(only);
        check("submit", &[Role::Entry], result.map(drop));
        let staff = t.people.staff(&format!("new-{n}"), "lra-chengdu", "新人", &[Role::Entry]);
        let result = t.authority.submit(&session, &[staff]).and_then(only);
        check("enter an operator", &administrators, result.map(drop));

        assert!(submit_one(&t, "chengdu-entry", entered.clone()).is_ok());
        let ids = [entered.id];
        let result = t.authority.approve(&session, &ids).and_then(only);
        check("approve", &[Role::Approver], result.map(drop));
        let refused = t.people.person(n + 2, "lra-chengdu");
        assert!(submit_one(&t, "chengdu-entry", refused.clone()).is_ok());
        let result = t.authority.reject(&session, &[refused.id], "no").and_then(only);
        check("reject", &[Role::Approver], result.map(drop));
        let staff = t.people.staff(&format!("asked-{n}"), "lra-chengdu", "待批", &[Role::Entry]);
        assert!(submit_one(&t, "zhao", staff.clone()).is_ok());
        let result = t.authority.approve(&session, &[staff.id]).and_then(only);
        check("approve an operator", &administrators, result.map(drop));

        t.authority.approve(&t.session("sichuan-approver"), &ids).unwrap();
        let result = t.authority.issue(&session, &signer, &ids).and_then(only);
        check("issue", &[Role::SuperAdmin, Role::Admin, Role::Approver], result.map(drop));
        let freeze = Change::OrgFreeze(org("lra-mianyang"));
        let result = t.authority.change(&session, &freeze).map(|_| ());
        check("freeze", &administrators, result);
        let _ = t.authority.change(&t.session("zhao"), &freeze);
        let thaw = Change::OrgUnfreeze(org("lra-mianyang"));
        let digest = propose(&t, "zhao", &thaw);
        let result = t.authority.countersign(&session, &digest).map(drop);
        check("countersign", &administrators, result);
        let _ = t.authority.countersign(&t.session("qian"), &digest);
        t.authority.change(&t.session("zhao"), &freeze).map(|_| ()).unwrap();
        let digest = propose(&t, "zhao", &thaw);
        check("refuse", &administrators, t.authority.refuse(&session, &digest));
        let digest = propose(&t, "zhao", &thaw);
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
        // Appointing and dismissing administrators belongs to super-administrators alone.
        let change = Change::OperatorRoles { operator: operator("chengdu-entry-2"), roles: vec![Role::Admin] };
        check("appoint an administrator", &[Role::SuperAdmin], t.authority.change(&session, &change).map(|_| ()));
    }
    sound(&t);
}

#[test]
fn jurisdiction_and_tier_bind_approvers_and_entry_operators() {
    let t = TestAuthority::national("jurisdiction");
    let request = t.people.person(1, "lra-chengdu");
    for other in ["mianyang-entry", "yunnan-entry", "audit-entry"] {
        assert_eq!(code(submit_one(&t, other, request.clone())), "ra.outside-jurisdiction", "{other}");
    }
    // Without the role, whatever the place.
    for other in ["sichuan-approver", "sichuan-admin", "auditor", "zhao"] {
        assert_eq!(code(submit_one(&t, other, request.clone())), "operator.no-role", "{other}");
    }
    assert!(submit_one(&t, "chengdu-entry", request.clone()).is_ok());
    let ids = [request.id];
    let attempts = [
        ("yunnan-approver", "ra.outside-jurisdiction"),
        ("audit-approver", "ra.outside-jurisdiction"),
        ("chengdu-approver", "ra.approver-tier"),
        ("chengdu-entry-2", "operator.no-role"),
        ("sichuan-admin", "operator.no-role"),
        ("zhao", "operator.no-role"),
    ];
    for (who, expected) in attempts {
        assert_eq!(code_of_one(t.authority.approve(&t.session(who), &ids)), expected, "{who}");
    }
    all(t.authority.approve(&t.session("sichuan-approver"), &ids));
    // Issuing too is bound to the subtree.
    assert_eq!(
        code_of_one(t.authority.issue(&t.session("yunnan-approver"), &t.signer(), &ids)),
        "ra.outside-jurisdiction"
    );
    let refusal = t.authority.issue(&t.session("chengdu-entry"), &t.signer(), &ids).map(drop);
    refused(refusal, "operator.no-role", Class::NotPermitted);
}

/// The session is open, the person is removed: the next act is refused, and what they approved is not issued.
#[test]
fn a_removal_takes_effect_at_once() {
    let t = TestAuthority::national("removal");
    let ids = ready_requests(&t, 1, 1);
    let (entry, approver) = (t.session("chengdu-entry"), t.session("sichuan-approver"));
    by_one(&t, "zhao", &Change::OperatorRemove(operator("chengdu-entry")));
    by_one(&t, "zhao", &Change::OperatorRemove(operator("sichuan-approver")));
    let refusal = t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]).map(drop);
    refused(refusal, "operator.unknown", Class::NotPermitted);
    refused(t.authority.approve(&approver, &ids).map(drop), "operator.unknown", Class::NotPermitted);
    refused(t.authority.issue(&approver, &t.signer(), &ids).map(drop), "operator.unknown", Class::NotPermitted);
    assert_eq!(code_of_one(t.authority.issue(&t.session("zhao"), &t.signer(), &ids)), "operator.unknown");
    let gone = operator("chengdu-entry");
    assert!(t.authority.act_as(&gone, t.people.key("chengdu-entry")).is_err());
    // Removed is removed: not a second time.
    assert_eq!(code(t.authority.change(&t.session("zhao"), &Change::OperatorRemove(gone))), "operator.not-found");
    sound(&t);
}

#[test]
fn a_role_change_takes_effect_at_once() {
    let t = TestAuthority::national("roles");
    let ids = ready_requests(&t, 1, 1);
    let approver = t.session("sichuan-approver");
    let change =
        Change::OperatorRoles { operator: operator("sichuan-approver"), roles: vec![Role::Entry, Role::Auditor] };
    let digest = propose(&t, "qian", &change);
    // Not before the second person has signed.
    let mine = t.people.person(2, "lra-chengdu");
    assert!(submit_one(&t, "chengdu-entry", mine.clone()).is_ok());
    all(t.authority.approve(&approver, std::slice::from_ref(&mine.id)));
    t.authority.countersign(&t.session("zhao"), &digest).unwrap();
    let later = t.people.person(3, "lra-chengdu");
    assert!(submit_one(&t, "chengdu-entry", later.clone()).is_ok());
    assert_eq!(code_of_one(t.authority.approve(&approver, &[later.id])), "operator.no-role");
    // The approval was made while the role was held, but nobody holds it any more who vouches for it.
    assert_eq!(code_of_one(t.authority.issue(&t.session("zhao"), &t.signer(), &ids)), "operator.no-role");
    assert!(submit_one(&t, "sichuan-approver", t.people.person(4, "ra-sichuan")).is_ok());
}

/// The new certificate counts from the transaction that stores it; the old key opens nothing any more.
#[test]
fn a_renewal_takes_effect_at_once() {
    let t = TestAuthority::national("renewal");
    let old = t.session("sichuan-approver");
    let ids = ready_requests(&t, 1, 1);
    let mut renewal = t.people.staff("sichuan-approver", "ra-sichuan", "李四", &[Role::Approver]);
    renewal.id = "staff-sichuan-approver-2".parse().unwrap();
    renewal.reason = Reason::Rekey;
    renewal.csr = t.people.csr("sichuan-approver, second key");
    t.appoint(&[renewal]);
    let request = t.people.person(2, "lra-chengdu");
    assert!(submit_one(&t, "chengdu-entry", request.clone()).is_ok());
    refused(
        t.authority.approve(&old, std::slice::from_ref(&request.id)).map(drop),
        "operator.wrong-key",
        Class::NotPermitted,
    );
    let name = operator("sichuan-approver");
    assert!(t.authority.act_as(&name, t.people.key("sichuan-approver")).is_err());
    let new = t.authority.act_as(&name, t.people.key("sichuan-approver, second key")).unwrap();
    all(t.authority.approve(&new, std::slice::from_ref(&request.id)));
    // What was approved with the old key stays approved: it was valid when it was made.
    let both: Vec<RequestId> = ids.into_iter().chain([request.id]).collect();
    all(t.authority.issue(&new, &t.signer(), &both));
    sound(&t);
}

#[test]
fn an_expired_operator_does_nothing() {
    let t = TestAuthority::national("expired");
    let entry = t.session("chengdu-entry");
    // Operators' certificates here last a year; validity is inclusive at both ends.
    let end = certificate_end(&t, "chengdu-entry");
    t.clock.set(end);
    assert!(submit_one(&t, "chengdu-entry", t.people.person(1, "lra-chengdu")).is_ok());
    t.clock.set(end.plus_seconds(1));
    let before = Before::of(&t);
    let refusal = t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]).map(drop);
    refused(refusal, "operator.expired", Class::NotPermitted);
    assert_eq!(code(t.authority.act_as(&operator("chengdu-entry"), t.people.key("chengdu-entry"))), "operator.expired");
    before.assert_unchanged(&t, "an expired operator");
}

fn certificate_end(t: &TestAuthority, id: &str) -> Instant {
    let operators = t.authority.operators().unwrap();
    let found = operators.iter().find(|o| o.id.as_str() == id).unwrap();
    let view = t.authority.certificate(&found.certificate).unwrap();
    Instant::from_unix_seconds(view.row.validity.not_after())
}

/// Administrators appoint below themselves; only super-administrators appoint administrators.
#[test]
fn appointments_stay_below_the_one_who_appoints() {
    let t = TestAuthority::national("appoint");
    let admin = t.session("sichuan-admin");
    let below = t.people.staff("mianyang-entry-2", "lra-mianyang", "下属", &[Role::Entry]);
    all(t.authority.submit(&admin, &[t.in_region(below)]));
    let beside = t.in_region(t.people.staff("kunming-entry", "lra-kunming", "旁人", &[Role::Entry]));
    assert_eq!(code_of_one(t.authority.submit(&admin, &[beside])), "ra.outside-jurisdiction");
    let peer = t.people.staff("sichuan-admin-2", "ra-sichuan", "同级", &[Role::Admin]);
    assert_eq!(code_of_one(t.authority.submit(&admin, &[peer])), "operator.no-role");
    let entry = t.people.staff("x", "lra-chengdu", "自任", &[Role::Entry]);
    assert_eq!(code_of_one(t.authority.submit(&t.session("chengdu-entry"), &[entry])), "operator.no-role");
    let roles = Change::OperatorRoles { operator: operator("chengdu-entry"), roles: vec![Role::Admin] };
    assert_eq!(code(t.authority.change(&admin, &roles)), "operator.no-role");
    let remove = Change::OperatorRemove(operator("zhao"));
    assert_eq!(code(t.authority.change(&admin, &remove)), "operator.no-role");
    let elsewhere = Change::OperatorRemove(operator("yunnan-entry"));
    assert_eq!(code(t.authority.change(&admin, &elsewhere)), "ra.outside-jurisdiction");
}

#[test]
fn the_tree_keeps_its_shape() {
    let t = TestAuthority::national("shape");
    let before = Before::of(&t);
    let zhao = t.session("zhao");
    let attempts = [
        (organisation("ra-sichuan", "ca", OrgKind::ProvinceRa), "org.exists"),
        (organisation("lra-x", "ra-audit", OrgKind::MunicipalLra), "org.misplaced"),
        (organisation("lra-x", "lra-chengdu", OrgKind::MunicipalLra), "org.misplaced"),
        (organisation("ra-x", "ra-sichuan", OrgKind::ProvinceRa), "org.misplaced"),
        (organisation("ca-2", "ca", OrgKind::Ca), "org.misplaced"),
        (organisation("ra-x", "nowhere", OrgKind::ProvinceRa), "org.unknown"),
    ];
    for (organisation, expected) in attempts {
        let place = format!("{} below {:?}", organisation.id, organisation.parent);
        assert_eq!(code(t.authority.change(&zhao, &Change::OrgAdd(organisation))), expected, "{place}");
    }
    let mut hostile = organisation("ra-x", "ca", OrgKind::ProvinceRa);
    hostile.name = "注册\u{202E}中心".to_owned();
    assert_eq!(code(t.authority.change(&zhao, &Change::OrgAdd(hostile))), "request.holder");
    let mut nowhere = organisation("ra-x", "ca", OrgKind::ProvinceRa);
    nowhere.region = Some("990000".parse().unwrap());
    assert_eq!(code(t.authority.change(&zhao, &Change::OrgAdd(nowhere))), "request.region");
    let changes = [
        (Change::OrgMove { org: org("ra-audit"), to: org("ra-yunnan") }, "org.misplaced"),
        (Change::OrgMove { org: org("lra-chengdu"), to: org("ra-sichuan") }, "change.none"),
        (Change::OrgFreeze(org("nowhere")), "org.unknown"),
        (Change::OrgUnfreeze(org("ra-sichuan")), "change.none"),
        (Change::OrgLimits { org: org("ra-audit"), limits: Limits::default() }, "change.none"),
        (Change::OperatorRemove(operator("nobody")), "operator.not-found"),
        (
            Change::OrgLimits {
                org: org("ra-audit"),
                limits: Limits { profiles: Some(vec!["nobody".parse().unwrap()]), ..Limits::default() },
            },
            "profile.unknown",
        ),
        (Change::ProfileSet { source: "not a profile".to_owned() }, "input.unreadable"),
    ];
    for (change, expected) in changes {
        assert_eq!(code(t.authority.change(&zhao, &change)), expected, "{change:?}");
    }
    before.assert_unchanged(&t, "an impossible change");
}

/// After a move the new RA decides, the old one no longer; what the old one approved is approved again.
#[test]
fn a_moved_office_obeys_its_new_ra() {
    let t = TestAuthority::national("moved");
    let ids = ready_requests(&t, 1, 1);
    let open = Limits::default();
    by_two(&t, &Change::OrgLimits { org: org("ra-yunnan"), limits: open });
    by_two(&t, &Change::OrgMove { org: org("lra-chengdu"), to: org("ra-yunnan") });
    let signer = t.signer();
    let old = t.authority.issue(&t.session("sichuan-approver"), &signer, &ids);
    assert_eq!(code_of_one(old), "ra.outside-jurisdiction");
    // The approval named the old chain.
    assert!(only(t.authority.issue(&t.session("yunnan-approver"), &signer, &ids).unwrap()).is_err());
    let request = t.people.person(2, "lra-chengdu");
    let entered = t.enter("chengdu-entry", "yunnan-approver", &[request]);
    all(t.authority.issue(&t.session("yunnan-approver"), &signer, &entered));
    sound(&t);
}

/// Every refusal for want of a right is on record, with who and what.
#[test]
fn refused_attempts_are_on_record() {
    let t = TestAuthority::national("denied");
    let before = Before::of(&t);
    let freeze = Change::OrgFreeze(org("ra-yunnan"));
    assert_eq!(code(t.authority.change(&t.session("sichuan-admin"), &freeze)), "ra.outside-jurisdiction");
    assert_eq!(code(t.authority.change(&t.session("chengdu-entry"), &freeze)), "operator.no-role");
    assert_eq!(before.denials(&t), 2);
    let kind = Some(hufu_model::event::EventKind::Denied);
    let events = t.authority.events(&hufu_authority::EventFilter { kind, ..Default::default() }).unwrap();
    let actors: Vec<_> = events.iter().filter_map(|e| e.actor.as_ref().map(ToString::to_string)).collect();
    assert!(actors.ends_with(&["sichuan-admin".to_owned(), "chengdu-entry".to_owned()]), "{actors:?}");
    sound(&t);
}

/// Nobody fills the ledger with refusals: within an hour a person's first hundred are told, then only their number.
#[test]
fn refused_attempts_are_bounded() {
    let t = TestAuthority::national("many denied");
    let before = Before::of(&t);
    let elsewhere: Vec<_> = (0..400).map(|n| t.in_region(t.people.person(n, "lra-mianyang"))).collect();
    let entry = t.session("chengdu-entry");
    let attempt = |count: usize| {
        for result in t.authority.submit(&entry, &elsewhere[..count]).unwrap() {
            assert_eq!(code(result), "ra.outside-jurisdiction");
        }
    };
    attempt(400);
    assert_eq!(before.denials(&t), 101);
    let kind = Some(hufu_model::event::EventKind::Denied);
    let last = t.authority.events(&hufu_authority::EventFilter { kind, ..Default::default() }).unwrap().pop().unwrap();
    let last = hufu_authority::ledger::Event::decode(&last.leaf).unwrap();
    assert_eq!(last.fields, [("more".to_owned(), "300".to_owned())]);
    (0..30).for_each(|_| attempt(5));
    assert_eq!(before.denials(&t), 120);
    // Others' are told as before, and theirs in the next hour.
    let freeze = Change::OrgFreeze(org("ra-yunnan"));
    assert_eq!(code(t.authority.change(&t.session("sichuan-admin"), &freeze)), "ra.outside-jurisdiction");
    assert_eq!(before.denials(&t), 121);
    t.clock.advance(3601);
    attempt(3);
    assert_eq!(before.denials(&t), 124);
    sound(&t);
}

/// Province and city of a name are those of the region code, in Chinese or English: whoever may work in one city does not
/// write another one into a certificate.
#[test]
fn a_name_lies_where_its_region_lies() {
    let t = TestAuthority::national("places");
    let entry = t.session("chengdu-entry");
    let person = |region: &str, province: Option<&str>, city: Option<&str>| {
        let mut person = t.people.person(1, "lra-chengdu");
        person.fields.retain(|(field, _)| !matches!(field, Field::Region | Field::Province | Field::City));
        let given = [(Field::Region, Some(region)), (Field::Province, province), (Field::City, city)];
        person.fields.extend(given.into_iter().filter_map(|(f, v)| Some((f, v?.to_owned()))));
        person
    };
    for (province, city) in [
        (Some("北京市"), None),
        (None, Some("北京市")),
        (None, Some("绵阳市")),
        (Some("云南省"), Some("昆明市")),
        (Some("四川"), None),
        (Some("四川省"), Some("成都")),
    ] {
        let asked = person("510100", province, city);
        let result = t.authority.submit(&entry, &[asked]).and_then(only);
        assert_eq!(code(result), "request.place", "{province:?} {city:?}");
    }
    for (n, (province, city)) in
        [(None, None), (Some("四川省"), None), (None, Some("成都市")), (Some("Sichuan"), Some("Chengdu"))]
            .into_iter()
            .enumerate()
    {
        let asked = NewRequest { id: format!("place-{n}").parse().unwrap(), ..person("510100", province, city) };
        all(t.authority.submit(&entry, &[asked]));
    }
}
