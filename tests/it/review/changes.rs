//! Changes to the hierarchy: who may propose, countersign and refuse them, and what their texts may hold.

use hufu_authority::{Change, Class, EventFilter, Outcome};
use hufu_ledger::event::Event;
use hufu_model::event::EventKind;
use hufu_model::ident::Digest;
use hufu_model::operator::Role;
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_tests::TestAuthority;
use rusqlite::params;

use super::{operator, org, sql};
use crate::expect::{Before, all, code, code_of_one, sound};

fn propose(t: &TestAuthority, by: &str, change: &Change) -> Digest {
    match t.authority.change(&t.session(by), change).unwrap() {
        Outcome::Proposed(digest) => digest,
        Outcome::Done(_) => panic!("{change:?} took effect with one person"),
    }
}

fn done(t: &TestAuthority, by: &str, change: &Change) {
    match t.authority.change(&t.session(by), change).unwrap() {
        Outcome::Done(_) => {}
        Outcome::Proposed(_) => panic!("{change:?} waits for a second person"),
    }
}

fn limits_of(t: &TestAuthority, id: &str) -> Limits {
    t.authority.organisations().unwrap().get(&org(id)).unwrap().limits.clone()
}

/// Profiles are the whole authority's: two administrators of a city or a province do not change them.
#[test]
fn profiles_are_changed_at_the_ca_only() {
    let t = TestAuthority::national("profiles");
    t.appoint(&[
        t.people.staff("sichuan-admin-2", "ra-sichuan", "郑七", &[Role::Admin]),
        t.people.staff("chengdu-admin", "lra-chengdu", "王八", &[Role::Admin]),
    ]);
    let (_, source) = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap();
    let change = Change::ProfileSet { source: source.replace("max_days = 1825", "max_days = 1200") };
    let before = Before::of(&t);
    for by in ["sichuan-admin", "chengdu-admin"] {
        assert_eq!(code(t.authority.change(&t.session(by), &change)), "ra.outside-jurisdiction", "{by}");
    }
    before.assert_unchanged(&t, "a profile of the province's own");
    let digest = propose(&t, "zhao", &change);
    assert_eq!(code(t.authority.countersign(&t.session("sichuan-admin"), &digest)), "ra.outside-jurisdiction");
    t.authority.countersign(&t.session("qian"), &digest).unwrap();
    sound(&t);
}

/// An administrator refuses what they could have countersigned; the proposer may always withdraw.
#[test]
fn a_proposal_is_refused_by_those_it_concerns() {
    let t = TestAuthority::national("refuse");
    let freeze = |id: &str| done(&t, "zhao", &Change::OrgFreeze(org(id)));
    freeze("ra-yunnan");
    let thaw = Change::OrgUnfreeze(org("ra-yunnan"));
    let digest = propose(&t, "zhao", &thaw);
    let before = Before::of(&t);
    assert_eq!(code(t.authority.refuse(&t.session("sichuan-admin"), &digest)), "ra.outside-jurisdiction");
    assert_eq!(code(t.authority.refuse(&t.session("chengdu-entry"), &digest)), "operator.no-role");
    before.assert_unchanged(&t, "a stranger's refusal");
    t.authority.refuse(&t.session("qian"), &digest).unwrap();
    let withdrawn = propose(&t, "zhao", &thaw);
    t.authority.refuse(&t.session("zhao"), &withdrawn).unwrap();
    // What was refused stays refused, and is signed like every act.
    assert_eq!(code(t.authority.countersign(&t.session("qian"), &digest)), "proposal.unknown");
    let filter = EventFilter { kind: Some(EventKind::ProposalReject), ..Default::default() };
    let events = t.authority.events(&filter).unwrap();
    assert_eq!(events.len(), 2);
    for event in events {
        let event = Event::decode(&event.leaf).unwrap();
        assert!(event.effects.iter().any(|e| e.table == "document"), "nobody signed {event:?}");
    }
    sound(&t);
}

/// Who proposed is read from what was signed, not from the column beside it.
#[test]
fn an_altered_proposer_does_not_countersign() {
    let t = TestAuthority::national("proposer");
    let change = Change::OperatorRoles { operator: operator("chengdu-entry"), roles: vec![Role::Auditor] };
    let digest = propose(&t, "zhao", &change);
    let altered = sql(&t).execute("UPDATE proposal SET proposer = 'qian' WHERE digest = ?1", params![digest.0]);
    assert_eq!(altered.unwrap(), 1);
    let error = t.authority.countersign(&t.session("zhao"), &digest).unwrap_err();
    assert!(["ra.self-approval", "record.document"].contains(&error.code()), "{error}");
    assert_ne!(error.kind().class(), Class::Temporary);
}

/// A proposal of somebody who was removed, or no longer holds the role, is nobody's any more.
#[test]
fn a_proposal_does_not_outlive_the_right_of_its_proposer() {
    let t = TestAuthority::national("outlive");
    t.appoint(&[t.people.staff("third", "ca", "第三", &[Role::SuperAdmin, Role::Admin])]);
    let roles = |id: &str, roles: Vec<Role>| Change::OperatorRoles { operator: operator(id), roles };
    let removed = propose(&t, "third", &roles("chengdu-entry", vec![Role::Auditor]));
    let demoted = propose(&t, "qian", &roles("chengdu-entry-2", vec![Role::Admin]));
    done(&t, "zhao", &Change::OperatorRemove(operator("third")));
    let change = propose(&t, "zhao", &roles("qian", vec![Role::Auditor]));
    t.authority.countersign(&t.session("qian"), &change).unwrap();
    let zhao = t.session("zhao");
    assert_eq!(code(t.authority.countersign(&zhao, &removed)), "operator.unknown");
    assert_eq!(code(t.authority.countersign(&zhao, &demoted)), "operator.no-role");
    sound(&t);
}

/// A text that its own line form would read otherwise would lock everybody out: it is refused.
#[test]
fn hostile_texts_of_an_organisation_are_refused() {
    let t = TestAuthority::national("hostile texts");
    let before = Before::of(&t);
    let zhao = t.session("zhao");
    for prefix in ["四川\nbogus", "四川\nmax-days=3650", "四川\r", "\u{202E}四川", ""] {
        let limits = Limits { name_prefix: Some(prefix.to_owned()), ..limits_of(&t, "lra-chengdu") };
        let change = Change::OrgLimits { org: org("lra-chengdu"), limits: limits.clone() };
        assert_eq!(code(t.authority.change(&zhao, &change)), "request.holder", "{prefix:?}");
        assert_eq!(code(t.authority.change(&zhao, &Change::OrgAdd(new_office(limits, ""))),), "request.holder");
    }
    for name_en in ["\u{1b}[31mChengdu", "a\nb", &"long ".repeat(100)] {
        let change = Change::OrgAdd(new_office(limits_of(&t, "lra-chengdu"), name_en));
        assert_eq!(code(t.authority.change(&zhao, &change)), "request.holder", "{name_en:?}");
    }
    before.assert_unchanged(&t, "a hostile text");
    sound(&t);
}

fn new_office(limits: Limits, name_en: &str) -> Organisation {
    Organisation {
        id: org("lra-new"),
        parent: Some(org("ra-sichuan")),
        kind: OrgKind::MunicipalLra,
        name: "某市注册服务分中心".to_owned(),
        name_en: name_en.to_owned(),
        region: None,
        limits,
        status: OrgStatus::Active,
    }
}

/// A limit that was narrowed above binds below, although those below keep a wider one, or one beside it, of their own.
#[test]
fn region_and_prefix_narrowed_above_bind_below() {
    let t = TestAuthority::national("narrowed");
    let chengdu = t.session("chengdu-entry");
    let narrow = |id: &str, set: &dyn Fn(&mut Limits)| {
        let mut limits = limits_of(&t, id);
        set(&mut limits);
        done(&t, "zhao", &Change::OrgLimits { org: org(id), limits });
    };
    // The province may do only Mianyang now; Chengdu's own limit still says Chengdu.
    narrow("ra-sichuan", &|l| l.region = Some("510700".parse().unwrap()));
    assert_eq!(code_of_one(t.authority.submit(&chengdu, &[t.people.person(1, "lra-chengdu")])), "org.limit");
    assert_eq!(limits_of(&t, "lra-chengdu").region, Some("510100".parse().unwrap()));
    let t = TestAuthority::national("narrowed prefix");
    let narrow = |id: &str, prefix: &str| {
        let mut limits = limits_of(&t, id);
        limits.name_prefix = Some(prefix.to_owned());
        done(&t, "zhao", &Change::OrgLimits { org: org(id), limits });
    };
    narrow("lra-chengdu", "成都");
    let request = t.people.organisation(1, "lra-chengdu");
    let ids = t.enter("chengdu-entry", "sichuan-approver", std::slice::from_ref(&request));
    narrow("ra-sichuan", "成都市");
    let refusal = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &ids);
    assert_eq!(code_of_one(refusal), "org.limit");
    let later = t.people.organisation(2, "lra-chengdu");
    assert_eq!(code_of_one(t.authority.submit(&t.session("chengdu-entry"), &[later])), "org.limit");
    let mut good = t.people.organisation(3, "lra-chengdu");
    for (field, value) in &mut good.fields {
        if *field == hufu_model::holder::Field::Name {
            *value = "成都市示例中心".to_owned();
        }
    }
    all(t.authority.submit(&t.session("chengdu-entry"), &[good]));
}
