#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hufu_ledger::Event;
use hufu_model::operator::{Operator, OperatorStatus};

use super::*;
use crate::sample::{NOON, Scratch, at, delivered, der, digest, op, operator};
use crate::{EventFilter, RequestFilter};

fn code(result: Result<impl Sized>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(e) => e.kind().code(),
    }
}

fn signer(scratch: &Scratch) -> u64 {
    scratch.store.start_signer(at(NOON), &op("qian")).unwrap()
}

fn candidate(scratch: &Scratch, id: &str) -> Result<Candidate> {
    scratch.store.candidates(&[id.parse().unwrap()]).unwrap().remove(0)
}

#[test]
fn the_whole_way() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let approvals = scratch.approvals(NOON + 1, &["a", "b"]);
    assert_eq!(approvals[1].record(), b"record b");
    assert_eq!(approvals[1].csr(), b"csr b");
    let intents = scratch.begin(NOON + 2, epoch, approvals).unwrap();
    assert_eq!(intents[0].tbs_digest(), digest("a"));
    assert_eq!(intents[0].validity().not_before(), NOON + 2);
    assert_eq!(intents[0].approval().row().status, RequestStatus::Signing);
    let serial = intents[1].serial().clone();
    let issued = scratch.complete(NOON + 3, epoch, intents).unwrap();
    assert_eq!(
        issued[1],
        Issued { request: "b".parse().unwrap(), serial: serial.clone(), der: der(&serial), encryption: None }
    );
    scratch
        .store
        .read(|r| {
            let row = r.certificate(&serial)?.unwrap();
            assert_eq!(row.request, Some("b".parse().unwrap()));
            assert_eq!((row.issued_at, row.validity.not_before()), (NOON + 2, NOON + 2));
            assert_eq!(row.subject, "C=CN,O=示例,CN=b");
            assert_eq!(r.certificate_der(&serial)?.unwrap(), der(&serial));
            let request = r.request(&"b".parse().unwrap())?.unwrap();
            assert_eq!((request.status, request.serial), (RequestStatus::Issued, Some(serial.clone())));
            let intent = r.intent(&"b".parse().unwrap())?.unwrap();
            assert_eq!((intent.serial, intent.at), (serial.clone(), NOON + 2));
            let kinds: Vec<_> = r.events(&EventFilter::default())?.into_iter().map(|e| e.kind.code()).collect();
            assert_eq!(kinds, ["init", "signer-start", "submit", "approve", "intent", "issue", "issue"]);
            let filter = EventFilter { object: Some(serial.to_string()), ..EventFilter::default() };
            let issue = r.events(&filter)?;
            assert_eq!(issue.len(), 1);
            let effects = Event::decode(&issue[0].leaf).unwrap().effects;
            let tables: Vec<_> = effects.iter().map(|e| e.table.as_str()).collect();
            assert_eq!(tables, ["certificate", "certificate_der", "request"]);
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn a_request_can_be_asked_for_at_every_step_and_again() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    assert_eq!(code(candidate(&scratch, "a")), "store.not-found");
    scratch.submit(NOON, &["a", "no"]).unwrap();
    let e = candidate(&scratch, "a").unwrap_err();
    assert!(matches!(e.kind(), ErrorKind::RequestState { status: "submitted", .. }), "{e}");
    scratch.approve(NOON, &["a"]).unwrap();
    for _ in 0..2 {
        assert!(matches!(candidate(&scratch, "a"), Ok(Candidate::Approved(_))));
    }
    let Ok(Candidate::Approved(approval)) = candidate(&scratch, "a") else { panic!() };
    let begun = scratch.begin(NOON, epoch, vec![approval]).unwrap();
    // As after a crash: the same intent, from the database.
    for _ in 0..2 {
        let Ok(Candidate::Begun(intent)) = candidate(&scratch, "a") else { panic!() };
        assert_eq!(intent.serial(), begun[0].serial());
        assert_eq!((intent.validity(), intent.tbs_digest()), (begun[0].validity(), begun[0].tbs_digest()));
        assert_eq!(intent.approval().row(), begun[0].approval().row());
    }
    let Ok(Candidate::Begun(again)) = candidate(&scratch, "a") else { panic!() };
    let issued = scratch.complete(NOON, epoch, begun).unwrap().remove(0);
    for _ in 0..2 {
        let Ok(Candidate::Issued(stored)) = candidate(&scratch, "a") else { panic!() };
        assert_eq!(stored, issued);
    }
    // Two threads took up the same intent: the one that comes second gets what is stored, not what it signed.
    let other =
        scratch.store.complete(at(NOON), epoch, &op("qian"), vec![(again, b"other".to_vec().into())], |_, _| Ok(()));
    assert_eq!(other.unwrap(), [issued]);
    let many = ["a", "x", "no"].map(|id| id.parse().unwrap());
    let found: Vec<_> = scratch.store.candidates(&many).unwrap().into_iter().map(code).collect();
    assert_eq!(found, ["ok", "store.not-found", "store.request-state"]);
}

#[test]
fn a_signer_that_was_replaced_may_not_write() {
    let scratch = Scratch::founded();
    let first = signer(&scratch);
    let approvals = scratch.approvals(NOON, &["a", "b"]);
    let intents = scratch.begin(NOON, first, approvals).unwrap();
    let more = scratch.approvals(NOON, &["c"]);
    let other = Store::open(&scratch.path, crate::Mode::ReadWrite).unwrap();
    let second = other.start_signer(at(NOON), &op("zhao")).unwrap();
    assert_eq!(second, first + 1);
    assert_eq!(code(scratch.begin(NOON, first, more)), "store.fenced");
    let e = scratch.complete(NOON, first, intents).unwrap_err();
    assert_eq!(*e.kind(), ErrorKind::Fenced { epoch: first, current: second });
    assert_eq!(code(scratch.checkpoint(first)), "store.fenced");
    // The new one takes up what the old one left.
    let Ok(Candidate::Begun(intent)) = candidate(&scratch, "a") else { panic!() };
    assert_eq!(scratch.complete(NOON, second, vec![intent]).unwrap().len(), 1);
    // No signer was ever started with these.
    assert_eq!(code(scratch.begin(NOON, 0, Vec::new())), "store.fenced");
    assert_eq!(code(scratch.begin(NOON, second + 1, Vec::new())), "store.fenced");
}

#[test]
fn a_batch_is_begun_whole_or_not_at_all() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let mut approvals = scratch.approvals(NOON, &["a", "b"]);
    let Ok(Candidate::Approved(twice)) = candidate(&scratch, "a") else { panic!() };
    approvals.push(twice);
    assert_eq!(code(scratch.begin(NOON, epoch, approvals)), "store.duplicate");
    assert_eq!(scratch.store.read(|r| r.intent(&"b".parse().unwrap())).unwrap(), None);

    let Ok(Candidate::Approved(a)) = candidate(&scratch, "a") else { panic!() };
    let Ok(Candidate::Approved(late)) = candidate(&scratch, "a") else { panic!() };
    let Ok(Candidate::Approved(b)) = candidate(&scratch, "b") else { panic!() };
    let intents = scratch.begin(NOON, epoch, vec![a]).unwrap();
    let serial = intents[0].serial().clone();
    assert_eq!(code(scratch.begin(NOON, epoch, vec![late])), "store.request-state");

    let with = |serial: &Serial, second| NewIntent {
        serial: serial.clone(),
        validity: Validity::days_from(at(second), 365).unwrap(),
        tbs_digest: digest("x"),
        encryption: None,
    };
    let begin = |approval, new| scratch.store.begin(at(NOON), epoch, &op("qian"), vec![(approval, new)]);
    // The serial number of an intent, then of a certificate.
    assert_eq!(code(begin(b, with(&serial, NOON))), "store.duplicate");
    scratch.complete(NOON, epoch, intents).unwrap();
    let again = || match candidate(&scratch, "b") {
        Ok(Candidate::Approved(approval)) => approval,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(begin(again(), with(&serial, NOON))), "store.duplicate");
    let fresh = crate::sample::serial(NOON, 77);
    for wrong in [NOON - 6, NOON + 6, NOON + 86_400] {
        assert_eq!(code(begin(again(), with(&fresh, wrong))), "store.clock-back");
    }
    assert_eq!(code(begin(again(), with(&fresh, NOON + 5))), "ok");
}

#[test]
fn a_batch_is_completed_whole_or_not_at_all() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let approvals = scratch.approvals(NOON, &["a", "b"]);
    let intents = scratch.begin(NOON, epoch, approvals).unwrap();
    let signed = || -> Vec<(Intent, SignedBytes)> {
        ["a", "b"]
            .map(|id| match candidate(&scratch, id) {
                Ok(Candidate::Begun(intent)) => (intent, vec![1].into()),
                other => panic!("{other:?}"),
            })
            .into()
    };
    let failing = scratch.store.complete(at(NOON), epoch, &op("qian"), signed(), |_, intent| {
        if intent.approval().request_id().as_str() == "b" { Err(Error::corrupt("as if")) } else { Ok(()) }
    });
    assert_eq!(code(failing), "store.corrupt");
    scratch
        .store
        .read(|r| {
            assert_eq!(r.certificate_count()?, 0);
            let filter = RequestFilter { status: Some(RequestStatus::Signing), ..RequestFilter::default() };
            assert_eq!(r.requests(&filter)?.len(), 2);
            assert!(r.figures_at(at(NOON), at(NOON))?.is_empty());
            Ok::<_, Error>(())
        })
        .unwrap();
    drop(intents);
    // What takes effect with the certificate takes effect in its event.
    let granted = scratch.store.complete(at(NOON), epoch, &op("qian"), signed(), |event, intent| {
        let id = intent.approval().request_id().as_str();
        event.put_operator(&Operator {
            certificate: intent.serial().clone(),
            status: OperatorStatus::Active,
            ..operator(id)
        })?;
        event.put_operator_certificate(intent.serial(), &op(id))
    });
    let granted = granted.unwrap();
    scratch
        .store
        .read(|r| {
            assert_eq!(r.operator(&op("b"))?.unwrap().certificate, granted[1].serial);
            assert_eq!(r.certificate_operator(&granted[0].serial)?, Some(op("a")));
            let last = r.last_event()?.unwrap();
            assert_eq!(Event::decode(&last.leaf).unwrap().effects.len(), 5);
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn what_was_altered_between_two_steps_is_not_signed_for() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let approvals = scratch.approvals(NOON, &["a"]);
    let alter = |sql: &str| rusqlite::Connection::open(&scratch.path).unwrap().execute_batch(sql).unwrap();
    alter("UPDATE request SET days = 9999");
    assert_eq!(code(scratch.begin(NOON, epoch, approvals)), "store.request-state");
    alter("UPDATE request SET days = 365");
    let Ok(Candidate::Approved(approval)) = candidate(&scratch, "a") else { panic!() };
    let intents = scratch.begin(NOON, epoch, vec![approval]).unwrap();
    alter("UPDATE request SET org = 'ca'");
    assert_eq!(code(scratch.complete(NOON, epoch, intents)), "store.request-state");
}

#[test]
fn what_is_about_to_be_signed_counts() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let orgs = ["ca", "ra"].map(|o| o.parse().unwrap());
    let count = |day| scratch.store.read(|r| r.issued_count(&orgs, day)).unwrap();
    let today = at(NOON).day();
    let tomorrow = at(NOON + 86_400).day();
    let approvals = scratch.approvals(NOON, &["a", "b", "c"]);
    assert_eq!(count(None), 0);
    let mut intents = scratch.begin(NOON, epoch, approvals).unwrap();
    assert_eq!((count(None), count(Some(today)), count(Some(tomorrow))), (3, 3, 0));
    let last = intents.split_off(2);
    scratch.complete(NOON, epoch, intents).unwrap();
    assert_eq!((count(None), count(Some(today)), count(Some(tomorrow))), (3, 3, 0));
    // It counts on the day of its intent, whenever it is completed.
    scratch.complete(NOON + 86_400, epoch, last).unwrap();
    assert_eq!((count(None), count(Some(today)), count(Some(tomorrow))), (3, 3, 0));
    assert_eq!(scratch.store.read(|r| r.issued_count(&[], None)).unwrap(), 0);
}

/// Not a test of speed: it prints what this machine does, so that a change that halves it is seen.
/// `HUFU_TEST_BATCHES` makes it go on longer.
#[test]
fn a_thousand_at_once_and_how_fast() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let batches = std::env::var("HUFU_TEST_BATCHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    for batch in 0..batches {
        let ids: Vec<String> = (0..1000).map(|n| format!("2026-{batch}-{n:04}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let second = NOON + batch;
        let watch = std::time::Instant::now();
        let approvals = scratch.approvals(second, &ids);
        let entered = watch.elapsed();
        let watch = std::time::Instant::now();
        let intents = scratch.begin(second, epoch, approvals).unwrap();
        let begun = watch.elapsed();
        let watch = std::time::Instant::now();
        assert_eq!(scratch.complete(second, epoch, intents).unwrap().len(), 1000);
        let completed = watch.elapsed();
        let watch = std::time::Instant::now();
        scratch.checkpoint(epoch).unwrap();
        let rate = |time: std::time::Duration| 1000.0 / time.as_secs_f64();
        println!(
            "submit+approve {:.0}/s, begin {:.0}/s, complete {:.0}/s, checkpoint {:?}",
            rate(entered),
            rate(begun),
            rate(completed),
            watch.elapsed()
        );
    }
}

#[test]
fn a_pair_is_stored_whole() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let begun = scratch.begin_pairs(NOON, epoch, &["a"]);
    let Ok(Candidate::Begun(again)) = candidate(&scratch, "a") else { panic!() };
    assert_eq!(again.encryption(), begun[0].encryption());
    let bytes = || SignedBytes { der: b"signing".to_vec(), encryption: delivered() };
    let complete = |intent, bytes| {
        let done = scratch.store.complete(at(NOON), epoch, &op("qian"), vec![(intent, bytes)], |_, _| Ok(()));
        done.map(|mut issued| issued.remove(0))
    };
    let issued = complete(begun.into_iter().next().unwrap(), bytes()).unwrap();
    let half = issued.encryption.as_ref().unwrap();
    assert_eq!((half.der.as_slice(), half.envelope.as_slice()), (&b"encryption"[..], &b"envelope"[..]));
    // Asked again, and by another who signed other bytes: what is stored.
    let other = SignedBytes { der: b"other".to_vec(), encryption: delivered() };
    assert_eq!(complete(again, other).unwrap(), issued);
    let Ok(Candidate::Issued(stored)) = candidate(&scratch, "a") else { panic!() };
    assert_eq!(stored, issued);
    let read = scratch.store.read(|r| {
        let (signing, encryption) = (r.certificate(&issued.serial)?.unwrap(), r.certificate(&half.serial)?.unwrap());
        assert_eq!((encryption.profile.as_str(), &encryption.request), ("person-enc", &signing.request));
        assert_eq!((encryption.holder, encryption.validity), (signing.holder, signing.validity));
        let pair = crate::PairRow { signing: issued.serial.clone(), encryption: half.serial.clone() };
        assert_eq!((r.pair_of(&issued.serial)?, r.pair_of(&half.serial)?), (Some(pair.clone()), Some(pair.clone())));
        assert_eq!((r.pairs(None, 9)?, r.pairs(Some(&pair.signing), 9)?), (vec![pair], vec![]));
        let tables: Vec<String> =
            Event::decode(&r.last_event()?.unwrap().leaf).unwrap().effects.into_iter().map(|e| e.table).collect();
        let put = ["certificate", "certificate_der", "certificate", "certificate_der", "pair", "envelope", "request"];
        assert_eq!(tables, put);
        let report = crate::verify::verify(r, &|_, _, _| ())?;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        r.figures_at(at(NOON), at(NOON))
    });
    // One pair, of two certificates.
    let counted = read.unwrap().into_iter().fold(hufu_model::count::Counted::default(), |all, (_, one)| all + one);
    assert_eq!((counted.pairs_issued, counted.pairs_valid, counted.issued, counted.valid), (1, 1, 2, 2));
}

#[test]
fn no_half_is_stored_without_the_other() {
    let scratch = Scratch::founded();
    let epoch = signer(&scratch);
    let complete = |intent: Intent, bytes| {
        scratch.store.complete(at(NOON), epoch, &op("qian"), vec![(intent, bytes)], |_, _| Ok(()))
    };
    let pair = scratch.begin_pairs(NOON, epoch, &["a"]).remove(0);
    assert_eq!(code(complete(pair, b"signing".to_vec().into())), "store.constraint");
    let single = scratch.approvals(NOON, &["b"]);
    let single = scratch.begin(NOON, epoch, single).unwrap().remove(0);
    let both = SignedBytes { der: b"signing".to_vec(), encryption: delivered() };
    assert_eq!(code(complete(single, both)), "store.constraint");
    assert_eq!(scratch.store.read(|r| r.certificate_count()).unwrap(), 0);
}
