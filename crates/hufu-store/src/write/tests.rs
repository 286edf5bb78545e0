#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_ledger::Event;
use hufu_model::certificate::CertificateStatus;
use hufu_model::event::EventKind;
use hufu_model::ident::Digest;
use hufu_model::operator::OperatorStatus;
use hufu_model::org::OrgKind;
use hufu_model::profile::{Hosts, Profile, ProfileClass};
use hufu_model::request::{Action, RequestStatus};
use hufu_model::revocation::RevocationReason;

use super::*;
use crate::sample::{self, NOON, Scratch, at, body, certificate, der, digest, document, op, operator, org, request};
use crate::{EventFilter, Store};

fn code(result: Result<impl Sized>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(e) => e.kind().code(),
    }
}

/// One event with what `put` writes.
fn event(store: &Store, put: impl FnOnce(&mut EventWriter<'_, '_>) -> Result<()>) -> Result<u64> {
    store.write(at(NOON), |w| {
        let mut event = w.event(EventKind::Submit, Some(&op("zhao")), "x");
        put(&mut event)?;
        event.close()
    })
}

#[test]
fn the_ledgers_clock_never_runs_backwards() {
    let scratch = Scratch::founded();
    let now = |second| {
        scratch.store.write(at(second), |w| {
            let now = w.now();
            w.event(EventKind::Submit, None, "x").close()?;
            Ok::<_, Error>(now)
        })
    };
    assert_eq!(now(NOON + 100).unwrap(), at(NOON + 100));
    assert_eq!(now(NOON + 95).unwrap(), at(NOON + 100));
    let e = now(NOON + 94).unwrap_err();
    assert_eq!(*e.kind(), ErrorKind::ClockBack { now: at(NOON + 94), last: at(NOON + 100) });
    assert_eq!(code(scratch.store.start_signer(at(NOON), &op("zhao"))), "store.clock-back");
    assert_eq!(now(NOON + 101).unwrap(), at(NOON + 101));
    let times: Vec<_> = scratch.store.read(|r| r.events(&EventFilter::default())).unwrap();
    assert!(times.is_sorted_by_key(|e| e.at));
}

#[test]
fn an_event_that_is_not_closed_fails_the_transaction() {
    let scratch = Scratch::founded();
    let forgotten =
        scratch.store.write(at(NOON), |w| w.event(EventKind::Submit, None, "x").put_document(&document("x")));
    assert_eq!(code(forgotten), "store.unclosed-event");
    // Closing another one does not help.
    let forgotten = scratch.store.write(at(NOON), |w| {
        let _ = w.event(EventKind::Submit, None, "x");
        Ok::<_, Error>(())
    });
    assert_eq!(code(forgotten), "store.unclosed-event");
    scratch
        .store
        .read(|r| {
            assert_eq!(r.event_count()?, 1);
            assert!(r.document(&digest("x"))?.is_none());
            Ok::<_, Error>(())
        })
        .unwrap();
}

/// Also when the caller shrugs: half of what one call writes could stand without its other half.
#[test]
fn a_refused_row_spoils_the_whole_event() {
    let scratch = Scratch::founded();
    let shrugged = event(&scratch.store, |event| {
        event.put_document(&document("x"))?;
        assert_eq!(code(event.put_document(&document("x"))), "store.duplicate");
        Ok(())
    });
    assert_eq!(code(shrugged), "store.unclosed-event");
    assert!(scratch.store.read(|r| r.document(&digest("x"))).unwrap().is_none());
}

#[test]
fn a_transaction_without_an_event_writes_nothing() {
    let scratch = Scratch::founded();
    assert_eq!(scratch.store.write(at(NOON), |w| Ok::<_, Error>(w.now())).unwrap(), at(NOON));
    assert_eq!(scratch.store.read(|r| r.event_count()).unwrap(), 1);
}

#[test]
fn an_event_says_what_it_did() {
    let scratch = Scratch::founded();
    let seq = scratch.store.write(at(NOON + 1), |w| {
        let mut event = w.event(EventKind::Submit, Some(&op("zhao")), "m");
        event.field("why", "");
        event.put_document(&document("a"))?;
        event.put_meta("other", "value")?;
        event.close()
    });
    let seq = seq.unwrap();
    let row = scratch.store.read(|r| r.event(seq)).unwrap().unwrap();
    let event = Event::decode(&row.leaf).unwrap();
    assert_eq!((row.seq, event.seq, event.at), (1, 1, (NOON + 1) * 1000));
    assert_eq!((row.kind, row.actor.unwrap(), row.object.as_str()), (EventKind::Submit, op("zhao"), "m"));
    assert_eq!(event.fields, [("why".to_owned(), String::new())]);
    assert_eq!(event.leaf_hash(), row.hash);
    let tables: Vec<_> = event.effects.iter().map(|e| (e.table.as_str(), e.key.as_slice())).collect();
    assert_eq!(tables, [("document", &digest("a").0[..]), ("meta", b"other")]);
}

#[test]
fn der_digest_is_what_the_event_says() {
    let scratch = Scratch::founded();
    let row = certificate(1, NOON, 365);
    let der = der(&row.serial);
    let seq = event(&scratch.store, |event| event.put_certificate(&row, &der)).unwrap();
    let leaf = scratch.store.read(|r| r.event(seq)).unwrap().unwrap().leaf;
    let effects = Event::decode(&leaf).unwrap().effects;
    assert!(effects.iter().any(|e| e.digest == der_digest(&row.serial, &der)));
    assert!(!effects.iter().any(|e| e.digest == der_digest(&row.serial, b"other")));
}

#[test]
fn a_request_moves_only_as_it_may_and_keeps_what_was_entered() {
    let scratch = Scratch::founded();
    let put = |row: &RequestRow| event(&scratch.store, |event| event.put_request(row));
    let with = |status| RequestRow { status, ..request("r", NOON) };
    for status in RequestStatus::ALL {
        let expected = if status == RequestStatus::Submitted { "ok" } else { "store.request-state" };
        let row = RequestRow { id: format!("new-{status}").parse().unwrap(), ..with(status) };
        assert_eq!(code(put(&row)), expected, "{status}");
    }
    // Every pair of statuses of every action, by the shortest way to the first.
    use RequestStatus::{Applied, Approved, Issued, Rejected, Signing, Submitted};
    let ways: [(RequestStatus, &[RequestStatus]); 6] = [
        (Submitted, &[]),
        (Approved, &[Approved]),
        (Rejected, &[Rejected]),
        (Signing, &[Approved, Signing]),
        (Issued, &[Approved, Signing, Issued]),
        (Applied, &[Approved, Applied]),
    ];
    for action in [Action::Issue, Action::Suspend, Action::Revoke] {
        let gone = |way: &[RequestStatus]| way.contains(&if action == Action::Issue { Applied } else { Signing });
        for (from, way) in ways.into_iter().filter(|(_, way)| !gone(way)) {
            for to in RequestStatus::ALL {
                let id = format!("{action}-{from}-{to}");
                let row = |status| RequestRow { status, action, ..request(&id, NOON) };
                put(&row(Submitted)).unwrap();
                way.iter().for_each(|step| assert!(put(&row(*step)).is_ok()));
                let expected = if from.may_become(to, action) { "ok" } else { "store.request-state" };
                assert_eq!(code(put(&row(to))), expected, "{action}: {from} -> {to}");
            }
        }
    }
    put(&with(Submitted)).unwrap();
    for forged in [
        RequestRow { days: 366, ..with(Approved) },
        RequestRow { subject: "CN=other".to_owned(), ..with(Approved) },
        RequestRow { submitter: op("qian"), ..with(Approved) },
        RequestRow { spki: digest("other"), ..with(Approved) },
        RequestRow { manifest: digest("other"), ..with(Approved) },
        RequestRow { org: "ca".parse().unwrap(), ..with(Approved) },
    ] {
        assert_eq!(code(put(&forged)), "store.duplicate");
    }
    let decided =
        RequestRow { approval: Some(digest("a")), approver: Some(op("qian")), decided_at: Some(1), ..with(Rejected) };
    put(&decided).unwrap();
    assert_eq!(scratch.store.read(|r| r.request(&decided.id)).unwrap().unwrap(), decided);
}

#[test]
fn one_key_one_holder() {
    let scratch = Scratch::founded();
    let (key, first) = (digest("key"), "first".parse().unwrap());
    let put = |holder: &Digest, request: &str| {
        event(&scratch.store, |event| event.put_key_use(&key, holder, &request.parse().unwrap()))
    };
    put(&digest("a"), "first").unwrap();
    let again = put(&digest("a"), "second").unwrap();
    assert_eq!(code(put(&digest("b"), "third")), "store.duplicate");
    scratch
        .store
        .read(|r| {
            assert_eq!(r.key_use(&key)?, Some(KeyUse { holder: digest("a"), request: first }));
            let leaf = r.event(again)?.unwrap().leaf;
            assert!(Event::decode(&leaf).unwrap().effects.is_empty());
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn rows_without_what_they_belong_to_are_refused() {
    let scratch = Scratch::founded();
    let orphan = event(&scratch.store, |event| event.put_request_body(&"none".parse().unwrap(), &body("none")));
    assert_eq!(code(orphan), "store.constraint");
    let twice = event(&scratch.store, |event| {
        event.put_org(&org("x", Some("ca"), OrgKind::ProvinceRa))?;
        event.put_org(&org("x", Some("ca"), OrgKind::ProvinceRa))
    });
    assert_eq!(code(twice), "store.duplicate");
    let meta = event(&scratch.store, |event| event.put_meta("name", "other"));
    assert_eq!(code(meta), "store.duplicate");
}

#[test]
fn certificates_the_totals_do_not_know_are_refused() {
    let scratch = Scratch::founded();
    let good = certificate(1, NOON, 1);
    let put = |row: &CertificateRow| event(&scratch.store, |event| event.put_certificate(row, b"der"));
    let held = CertificateRow { status: hufu_model::certificate::CertificateStatus::Held, ..good.clone() };
    let later = CertificateRow { issued_at: NOON - 1, ..good.clone() };
    assert_eq!(code(put(&held)), "store.constraint");
    assert_eq!(code(put(&later)), "store.constraint");
    put(&good).unwrap();
    assert_eq!(code(put(&good)), "store.duplicate");
    scratch
        .store
        .read(|r| {
            assert_eq!(r.certificate(&good.serial)?.as_ref(), Some(&good));
            assert_eq!(r.certificate_der(&good.serial)?.unwrap(), b"der");
            assert_eq!(r.certificate_event(&good.serial)?, Some(1));
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn operators_change_and_stay_on_record() {
    let scratch = Scratch::founded();
    let removed = Operator { status: OperatorStatus::Removed, roles: Vec::new(), ..operator("zhao") };
    let first = sample::serial(NOON, 1);
    let second = sample::serial(NOON + 1, 1);
    event(&scratch.store, |event| {
        event.put_operator(&removed)?;
        event.put_operator_certificate(&second, &op("zhao"))?;
        event.put_operator_certificate(&first, &op("zhao"))
    })
    .unwrap();
    scratch
        .store
        .read(|r| {
            assert_eq!(r.operator(&op("zhao"))?, Some(removed.clone()));
            assert_eq!(r.operators()?.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["qian", "zhao"]);
            assert_eq!(r.operator_certificates(&op("zhao"))?, [first.clone(), second.clone()]);
            assert_eq!(r.certificate_operator(&second)?, Some(op("zhao")));
            assert_eq!(r.certificate_operator(&sample::serial(NOON, 9))?, None);
            Ok::<_, Error>(())
        })
        .unwrap();
}

fn profile(id: &str, source: &str) -> Profile {
    Profile {
        id: id.parse().unwrap(),
        title_zh: String::new(),
        title_en: String::new(),
        class: ProfileClass::EndEntity,
        algorithm: hufu_model::certificate::Algorithm::Sm2,
        holders: Vec::new(),
        default_days: 1,
        max_days: 1,
        key_usage: Vec::new(),
        extended_key_usage: Vec::new(),
        policy: None,
        subject: Vec::new(),
        hosts: Hosts::Unused,
        renewable: true,
        suspendable: true,
        pair_with: None,
        source: source.to_owned(),
    }
}

#[test]
fn one_text_of_a_profile_is_current() {
    let scratch = Scratch::founded();
    let put =
        |id: &str, text: &str| event(&scratch.store, |event| event.put_profile(&digest(text), &profile(id, text)));
    let current = |id: &str| scratch.store.read(|r| r.profile_current(&id.parse().unwrap())).unwrap().unwrap().source;
    put("a", "one").unwrap();
    put("b", "other").unwrap();
    put("a", "two").unwrap();
    assert_eq!((current("a").as_str(), current("b").as_str()), ("two", "other"));
    // Back to the first text, and the same again.
    put("a", "one").unwrap();
    put("a", "one").unwrap();
    assert_eq!(current("a"), "one");
    assert_eq!(code(put("b", "two")), "store.duplicate");
    scratch
        .store
        .read(|r| {
            let all: Vec<_> = r.profiles()?.into_iter().map(|p| (p.id.to_string(), p.source, p.current)).collect();
            let row = |id: &str, text: &str, current| (id.to_owned(), text.to_owned(), current);
            assert_eq!(all, [row("a", "one", true), row("a", "two", false), row("b", "other", true)]);
            assert!(!r.profile_by_digest(&digest("two"))?.unwrap().current);
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn a_proposal_is_decided_once() {
    let scratch = Scratch::founded();
    let open = Proposal {
        digest: digest("act"),
        kind: "org-move".to_owned(),
        object: "ra".to_owned(),
        proposer: op("zhao"),
        at: NOON,
        expires: NOON + 1,
        status: "open".to_owned(),
        approver: None,
    };
    let put = |p: &Proposal| event(&scratch.store, |event| event.put_proposal(p));
    let done = Proposal { status: "done".to_owned(), approver: Some(op("qian")), ..open.clone() };
    let rejected = Proposal { status: "rejected".to_owned(), ..done.clone() };
    assert_eq!(code(put(&done)), "store.duplicate");
    put(&open).unwrap();
    let waiting = || scratch.store.read(|r| r.proposals(true)).unwrap().len();
    assert_eq!(waiting(), 1);
    assert_eq!(code(put(&open)), "store.duplicate");
    assert_eq!(code(put(&Proposal { object: "other".to_owned(), ..done.clone() })), "store.duplicate");
    assert_eq!(code(put(&Proposal { status: "maybe".to_owned(), ..done.clone() })), "store.duplicate");
    put(&done).unwrap();
    assert_eq!(code(put(&rejected)), "store.duplicate");
    assert_eq!(code(put(&open)), "store.duplicate");
    assert_eq!(waiting(), 0);
    assert_eq!(scratch.store.read(|r| r.proposals(false)).unwrap(), [done]);
}

/// I7, and that no change is dated before the last one or ahead.
#[test]
fn a_status_changes_only_as_it_may() {
    use CertificateStatus::{Active, Held, Revoked};
    let ways: [(CertificateStatus, &[CertificateStatus]); 3] = [(Active, &[]), (Held, &[Held]), (Revoked, &[Revoked])];
    let mut n = 0;
    for (from, way) in ways {
        for to in CertificateStatus::ALL {
            n += 1;
            let scratch = Scratch::founded();
            let row = certificate(n, NOON, 365);
            event(&scratch.store, |event| event.put_certificate(&row, b"der")).unwrap();
            let put = |status, at| {
                let reason = RevocationReason::Unspecified;
                let new =
                    NewStatus { serial: row.serial.clone(), request: None, status, reason, at, invalid_since: None };
                event(&scratch.store, |event| event.put_status_change(&new).map(drop))
            };
            way.iter().for_each(|step| assert!(put(*step, NOON).is_ok()));
            let expected = if from.may_become(to) { "ok" } else { "store.certificate-state" };
            if from.may_become(to) {
                assert_eq!(code(put(to, NOON - 1)), "store.constraint", "{from} -> {to} before the last change");
                assert_eq!(code(put(to, NOON + 1)), "store.constraint", "{from} -> {to} in the future");
            }
            assert_eq!(code(put(to, NOON)), expected, "{from} -> {to}");
            let (found, last, changes) = scratch
                .store
                .read(|r| {
                    let changes = r.status_changes(&crate::StatusFilter::default())?;
                    Ok::<_, Error>((r.certificate(&row.serial)?.unwrap(), r.last_status_change(&row.serial)?, changes))
                })
                .unwrap();
            let stands = if from.may_become(to) { to } else { from };
            assert_eq!(found.status, stands);
            assert_eq!(last.map_or(Active, |l| l.status), stands);
            assert_eq!(changes.len(), way.len() + usize::from(from.may_become(to)));
        }
    }
    let scratch = Scratch::founded();
    let unknown = NewStatus {
        serial: certificate(9, NOON, 1).serial,
        request: None,
        status: Revoked,
        reason: RevocationReason::Unspecified,
        at: NOON,
        invalid_since: None,
    };
    assert_eq!(code(event(&scratch.store, |event| event.put_status_change(&unknown).map(drop))), "store.not-found");
}
