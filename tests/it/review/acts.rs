//! Somebody writes rows and the events beside them, so that the ledger agrees with itself. The audit misses the signatures.

use hufu_authority::{Change, Depth, Outcome};
use hufu_model::event::EventKind;
use hufu_model::ident::OperatorId;
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{Limits, OrgStatus};
use hufu_store::{Document, EventWriter, Mode, Store};
use hufu_tests::{TestAuthority, ready_requests};
use hufu_x509::digest::sm3;
use hufu_x509::record::Act;
use hufu_x509::signed_data;

use super::{operator, org, sql};
use crate::expect::{all, sound};

/// What the audit says about the hierarchy, after the ledger by itself was found in order.
fn blamed(t: &TestAuthority) -> Vec<String> {
    let ledger = t.authority.audit(Depth::Ledger, &|_| ()).unwrap();
    assert!(ledger.findings.is_empty(), "the forgery was clumsy: {:#?}", ledger.findings);
    let report = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
    report.findings.into_iter().map(|f| format!("{} {}", f.rule, f.object)).collect()
}

/// Writes an event of `kind` by `actor` with rows of the forger's.
fn forge(
    t: &TestAuthority,
    kind: EventKind,
    actor: &str,
    object: &str,
    rows: impl FnOnce(&mut EventWriter<'_, '_>) -> Result<(), hufu_store::Error>,
) {
    let store = Store::open(&t.database(), Mode::ReadWrite).unwrap();
    let actor: OperatorId = operator(actor);
    store
        .write(t.now(), |w| {
            let mut event = w.event(kind, Some(&actor), object);
            rows(&mut event)?;
            event.close().map(drop)
        })
        .unwrap();
}

fn row(t: &TestAuthority, id: &str) -> Operator {
    t.authority.operators().unwrap().into_iter().find(|o| o.id == operator(id)).unwrap()
}

#[test]
fn a_promotion_that_nobody_signed_is_named() {
    let t = TestAuthority::national("promotion");
    let promoted = Operator { roles: vec![Role::SuperAdmin, Role::Approver], ..row(&t, "chengdu-entry") };
    forge(&t, EventKind::OperatorChange, "zhao", "chengdu-entry", |e| e.put_operator(&promoted));
    let found = blamed(&t);
    assert!(found.contains(&"signature operator chengdu-entry".to_owned()), "{found:?}");
    // Hidden in an event of another kind, it is found all the same.
    let t = TestAuthority::national("hidden promotion");
    forge(&t, EventKind::Denied, "zhao", "submit", |e| e.put_operator(&promoted));
    assert!(blamed(&t).contains(&"signature operator chengdu-entry".to_owned()));
    // And so is one who was brought back, or is nobody's.
    let t = TestAuthority::national("back");
    let _ = t.authority.change(&t.session("zhao"), &Change::OperatorRemove(operator("auditor"))).unwrap();
    let back = Operator { status: OperatorStatus::Active, ..row(&t, "auditor") };
    forge(&t, EventKind::OperatorChange, "zhao", "auditor", |e| e.put_operator(&back));
    let nobody = Operator { id: operator("nobody"), ..row(&t, "sichuan-admin") };
    forge(&t, EventKind::OperatorChange, "zhao", "nobody", |e| e.put_operator(&nobody));
    let found = blamed(&t);
    for id in ["auditor", "nobody"] {
        assert!(found.contains(&format!("signature operator {id}")), "{found:?}");
    }
}

#[test]
fn an_organisation_or_a_profile_that_nobody_signed_is_named() {
    let t = TestAuthority::national("unsigned");
    let tree = t.authority.organisations().unwrap();
    let mut wider = tree.get(&org("lra-chengdu")).unwrap().clone();
    wider.limits = Limits::default();
    forge(&t, EventKind::OrgLimits, "zhao", "lra-chengdu", |e| e.put_org(&wider));
    let mut other = tree.get(&org("ra-yunnan")).unwrap().clone();
    other.id = org("ra-other");
    forge(&t, EventKind::OrgAdd, "zhao", "ra-other", |e| e.put_org(&other));
    let source = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap().1;
    let source = source.replace("max_days = 1825", "max_days = 1826");
    let profile = hufu_data::profile_from_toml(&source).unwrap();
    forge(&t, EventKind::ProfileSet, "zhao", "person-sign", |e| e.put_profile(&sm3(source.as_bytes()), &profile));
    let found = blamed(&t);
    for what in ["organisation lra-chengdu", "organisation ra-other", "profile person-sign"] {
        assert!(found.contains(&format!("signature {what}")), "{what}: {found:?}");
    }
}

/// An administrator with access to the database signs alone what two must sign.
#[test]
fn an_act_of_two_that_one_signed_is_named() {
    let t = TestAuthority::national("alone");
    let act = Act {
        kind: EventKind::OperatorChange.code().to_owned(),
        object: "chengdu-entry".to_owned(),
        fields: vec![("roles".to_owned(), "approver".to_owned())],
        ca: t.authority.identity().ca,
        org: org("ca"),
        operator: operator("zhao"),
        nonce: [1; 16],
        at: t.now().unix_seconds(),
        expires: t.now().unix_seconds() + 60,
    };
    let der = act.to_der();
    let certificate = t.authority.certificate(&row(&t, "zhao").certificate).unwrap().certificate;
    let document = Document {
        digest: sm3(&der),
        kind: "act".to_owned(),
        operator: operator("zhao"),
        at: act.at,
        signed: signed_data::sign(&der, &certificate, &t.people.key("zhao"), [2; 32]).unwrap(),
    };
    let changed = Operator { roles: vec![Role::Approver], ..row(&t, "chengdu-entry") };
    forge(&t, EventKind::OperatorChange, "zhao", "chengdu-entry", |e| {
        e.put_document(&document)?;
        e.put_operator(&changed)
    });
    let found = blamed(&t);
    assert!(found.contains(&"signature operator chengdu-entry".to_owned()), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("signature event")), "{found:?}");
}

/// A row altered for the time of one act and put back afterwards: the ledger is whole, the act was nobody's to make.
#[test]
fn an_act_with_a_borrowed_right_is_named() {
    let t = TestAuthority::national("borrowed");
    let request = t.people.person(1, "lra-chengdu");
    let ids = [request.id.clone()];
    all(t.authority.submit(&t.session("chengdu-entry"), &[request]));
    let borrow = |id: &str, roles: &str, place: &str| {
        let update = "UPDATE operator SET roles = ?1, org = ?2 WHERE id = ?3";
        sql(&t).execute(update, [roles, place, id]).unwrap();
    };
    borrow("chengdu-entry-2", "approver", "ra-sichuan");
    all(t.authority.approve(&t.session("chengdu-entry-2"), &ids));
    all(t.authority.issue(&t.session("chengdu-entry-2"), &t.signer(), &ids));
    borrow("chengdu-entry-2", "entry", "lra-chengdu");
    let found = blamed(&t);
    assert_eq!(found.iter().filter(|f| f.starts_with("I10 event")).count(), 2, "{found:?}");

    // A freeze that is lifted for a moment, and a key that was replaced.
    let t = TestAuthority::national("lifted");
    let ids = ready_requests(&t, 1, 1);
    let _ = t.authority.change(&t.session("zhao"), &Change::OrgFreeze(org("ra-sichuan"))).unwrap();
    let status = |status: &str| {
        let update = "UPDATE organisation SET status = ?1 WHERE id = 'ra-sichuan' AND seq = \
                      (SELECT max(seq) FROM organisation WHERE id = 'ra-sichuan')";
        sql(&t).execute(update, [status]).unwrap();
    };
    status("active");
    all(t.authority.issue(&t.session("zhao"), &t.signer(), &ids));
    status("frozen");
    let found = blamed(&t);
    assert!(found.iter().any(|f| f.starts_with("I10 event")), "{found:?}");
}

/// What belongs to a super-administrator is asked of every act on record, too, not only of those about an issuing CA.
#[test]
fn an_administrator_who_removes_a_super_administrator_is_named() {
    let t = TestAuthority::national("removed");
    t.appoint(&[t.people.staff("admin", "ca", "管理", &[Role::Admin])]);
    let roles = |roles: &str| {
        sql(&t).execute("UPDATE operator SET roles = ?1 WHERE id = 'admin'", [roles]).unwrap();
    };
    roles("super-admin");
    let _ = t.authority.change(&t.session("admin"), &Change::OperatorRemove(operator("qian"))).unwrap();
    roles("admin");
    let found = blamed(&t);
    assert!(found.iter().any(|f| f.starts_with("signature event")), "{found:?}");
}

/// The key somebody had before a renewal signs nothing after it, whatever date the document bears.
#[test]
fn a_replaced_key_is_named() {
    let t = TestAuthority::national("replaced");
    let old = row(&t, "chengdu-entry").certificate;
    let renewal = super::race::approved_renewal(&t, "chengdu-entry", "lra-chengdu", &[Role::Entry]);
    all(t.authority.issue(&t.session("qian"), &t.signer(), &renewal));
    let new = row(&t, "chengdu-entry").certificate;
    let certificate = |serial: &hufu_model::ident::Serial| {
        let update = "UPDATE operator SET certificate = ?1 WHERE id = 'chengdu-entry'";
        sql(&t).execute(update, [serial.as_bytes()]).unwrap();
    };
    certificate(&old);
    all(t.authority.submit(&t.session("chengdu-entry"), &[t.people.person(1, "lra-chengdu")]));
    certificate(&new);
    let found = blamed(&t);
    assert!(found.iter().any(|f| f.starts_with("I10 event")), "{found:?}");
}

/// Every kind of act that was made as it should be is in order.
#[test]
fn acts_that_were_signed_are_in_order() {
    let t = TestAuthority::national("in order");
    let by_two = |change: &Change| match t.authority.change(&t.session("zhao"), change).unwrap() {
        Outcome::Proposed(digest) => drop(t.authority.countersign(&t.session("qian"), &digest).unwrap()),
        Outcome::Done(_) => {}
    };
    by_two(&Change::OrgFreeze(org("ra-audit")));
    by_two(&Change::OrgUnfreeze(org("ra-audit")));
    let limits = Limits { quota_day: Some(7), ..Limits::default() };
    by_two(&Change::OrgLimits { org: org("ra-audit"), limits });
    by_two(&Change::OrgLimits { org: org("ra-audit"), limits: Limits::default() });
    by_two(&Change::OrgLimits { org: org("ra-yunnan"), limits: Limits::default() });
    by_two(&Change::OrgMove { org: org("lra-chengdu"), to: org("ra-yunnan") });
    by_two(&Change::OperatorRoles { operator: operator("chengdu-entry"), roles: vec![Role::Auditor] });
    by_two(&Change::OperatorRemove(operator("auditor")));
    let source = hufu_data::profiles().iter().find(|(id, _)| *id == "person-sign").unwrap().1;
    let changed = source.replace("max_days = 1825", "max_days = 1826");
    by_two(&Change::ProfileSet { source: changed });
    by_two(&Change::ProfileSet { source: source.to_owned() });
    let mut renewal = t.people.staff("qian", "ca", "钱二", &[Role::SuperAdmin, Role::Admin]);
    renewal.id = "renew-qian".parse().unwrap();
    let mut back = t.people.staff("auditor", "ra-audit", "杨四", &[Role::Auditor]);
    back.id = "back".parse().unwrap();
    let ids = [renewal.id.clone(), back.id.clone()];
    t.appoint(&[t.people.staff("third", "ca", "第三", &[Role::SuperAdmin, Role::Admin])]);
    for result in t.authority.submit(&t.session("zhao"), &[renewal, back]).unwrap() {
        result.unwrap();
    }
    for result in t.authority.approve(&t.session("third"), &ids).unwrap() {
        result.unwrap();
    }
    for result in t.authority.issue(&t.session("third"), &t.signer(), &ids).unwrap() {
        result.unwrap();
    }
    assert_eq!(t.authority.organisations().unwrap().get(&org("ra-audit")).unwrap().status, OrgStatus::Active);
    sound(&t);
}
