#![allow(clippy::unwrap_used)]

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::Serial;
use hufu_model::revocation::RevocationReason;

use super::{Due, Presigned};
use crate::sample::{NOON, Scratch, at, certificate, op, serial};
use crate::{Error, EventWriter, NewStatus, Result};

fn event(scratch: &Scratch, f: impl FnOnce(&mut EventWriter<'_, '_>) -> Result<()>) {
    let done = scratch.store.write(at(NOON), |w| {
        let mut event = w.event(EventKind::Issue, Some(&op("zhao")), "x");
        f(&mut event)?;
        event.close()
    });
    done.unwrap_or_else(|e: Error| panic!("{e}"));
}

fn responder() -> Serial {
    serial(NOON, 99)
}

fn answer(row: &CertificateRow, seq: u64) -> Presigned {
    Presigned {
        serial: row.serial.clone(),
        hash: "sha1",
        seq,
        responder: responder(),
        this_update: NOON,
        next_update: NOON + 3600,
        tbs: vec![1],
        signature: vec![2],
    }
}

fn becomes(scratch: &Scratch, row: &CertificateRow, status: CertificateStatus) -> u64 {
    let (serial, reason) = (row.serial.clone(), RevocationReason::Unspecified);
    let new = NewStatus { serial, request: None, status, reason, at: NOON, invalid_since: None };
    event(scratch, |event| event.put_status_change(&new).map(drop));
    scratch.store.read(|r| Ok::<_, Error>(r.last_status_change(&row.serial)?.unwrap().event)).unwrap()
}

fn found(scratch: &Scratch, row: &CertificateRow) -> Option<Presigned> {
    scratch.store.read(|r| r.presigned(&row.serial, "sha1", &responder())).unwrap()
}

/// A change of status ends what was signed before it, whenever that arrives.
#[test]
fn no_answer_outlives_the_status_it_was_signed_for() {
    let scratch = Scratch::founded();
    let (row, other) = (certificate(1, NOON, 365), certificate(2, NOON, 365));
    for row in [&row, &other] {
        event(&scratch, |event| event.put_certificate(row, b"der"));
    }
    let early = answer(&row, 0);
    assert_eq!(scratch.store.put_presigned(&[early.clone(), answer(&other, 0)]).unwrap(), 2);
    assert_eq!(found(&scratch, &row), Some(early.clone()));
    let seq = becomes(&scratch, &row, CertificateStatus::Held);
    assert_eq!(found(&scratch, &row), None);
    assert!(found(&scratch, &other).is_some());
    // One that was on its way is not stored; one that somehow was is not given out.
    assert_eq!(scratch.store.put_presigned(std::slice::from_ref(&early)).unwrap(), 0);
    let raw = "INSERT INTO presigned SELECT ?, hash, ?, responder, this_update, next_update, tbs, signature \
               FROM presigned";
    let smuggle = |seq: u64| {
        let cells = [crate::cell::Cell::serial(&row.serial), crate::cell::Cell::count(seq)];
        scratch.store.with_writer(|c| c.execute(raw, rusqlite::params_from_iter(&cells)).unwrap())
    };
    assert_eq!((smuggle(0), found(&scratch, &row)), (1, None));
    // What tells them apart is the event of the last change, and nothing else.
    let held = answer(&row, seq);
    assert_eq!(scratch.store.put_presigned(std::slice::from_ref(&held)).unwrap(), 1);
    assert_eq!(found(&scratch, &row), Some(held.clone()));
    // Released, it is not what it was before it was held.
    let released = becomes(&scratch, &row, CertificateStatus::Active);
    assert_eq!(scratch.store.put_presigned(&[early, held]).unwrap(), 0);
    assert_eq!(scratch.store.put_presigned(&[answer(&row, released)]).unwrap(), 1);
    // Another responder's, or another form of question.
    let look = |hash, by: &Serial| scratch.store.read(|r| r.presigned(&row.serial, hash, by)).unwrap();
    assert_eq!((look("sm3", &responder()), look("sha1", &row.serial)), (None, None));
}

#[test]
fn pages_of_certificates_say_which_answers_they_have() {
    let scratch = Scratch::founded();
    let rows: Vec<CertificateRow> = (1..=4).map(|n| certificate(n, NOON, if n == 4 { 1 } else { 365 })).collect();
    for row in &rows {
        event(&scratch, |event| event.put_certificate(row, b"der"));
    }
    scratch.store.put_presigned(&[answer(&rows[0], 0), answer(&rows[1], 0)]).unwrap();
    becomes(&scratch, &rows[1], CertificateStatus::Revoked);
    let page = |after: &[u8], limit| {
        let range = (after, &[0x7f; 20][..]);
        scratch.store.read(|r| r.presign_due(range, "sha1", &responder(), NOON + 2 * 86_400, limit)).unwrap()
    };
    let due = |n: usize, next_update| Due { serial: rows[n].serial.clone(), next_update };
    assert_eq!(page(&[], 2), [due(0, Some(NOON + 3600)), due(1, None)]);
    assert_eq!(page(rows[1].serial.as_bytes(), 9), [due(2, None)], "the fourth has expired");
    assert_eq!(scratch.store.drop_presigned(NOON + 3600).unwrap(), 0);
    assert_eq!(scratch.store.drop_presigned(NOON + 3601).unwrap(), 1);
}
