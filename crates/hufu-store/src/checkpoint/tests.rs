#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_ledger::{Checkpoint, root_of};
use rusqlite::Connection;

use super::*;
use crate::sample::{NOON, Scratch, at, op};
use crate::{Mode, Store};

fn code(result: Result<impl Sized>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(e) => e.kind().code(),
    }
}

fn grown() -> (Scratch, u64) {
    let scratch = Scratch::founded();
    let epoch = scratch.store.start_signer(at(NOON), &op("qian")).unwrap();
    scratch.issue(NOON, epoch, &["a", "b", "c"]);
    (scratch, epoch)
}

#[test]
fn checkpoints_follow_the_ledger() {
    let (scratch, epoch) = grown();
    let mut sizes = Vec::new();
    for round in 0..5 {
        let made = scratch.checkpoint(epoch).unwrap();
        let leaves = scratch.store.read(|r| r.leaf_hashes(0, made.size)).unwrap();
        assert_eq!(made.root, root_of(&leaves));
        // Nothing new: no second one of this size.
        assert_eq!(code(scratch.checkpoint(epoch)), "store.duplicate");
        sizes.push(made.size);
        scratch.issue(NOON, epoch, &[&format!("x{round}")]);
    }
    scratch
        .store
        .read(|r| {
            let all: Vec<u64> = r.checkpoints_after(0)?.iter().map(|c| c.size).collect();
            assert_eq!(all, sizes);
            assert_eq!(r.last_checkpoint()?.unwrap().size, sizes[4]);
            let third = r.checkpoint(sizes[2])?.unwrap();
            let text = String::from_utf8(third.signed.clone()).unwrap();
            let signed = Checkpoint::decode(&text).unwrap();
            assert_eq!((signed.size, signed.root, signed.at), (third.size, third.root, third.at));
            assert_eq!(r.checkpoints_after(sizes[2])?.len(), 2);
            assert!(r.checkpoint(1)?.is_none());
            assert_eq!(r.leaf_hashes(2, 2)?.len(), 0);
            assert_eq!(r.leaf_hashes(1, 4)?, r.leaf_hashes(0, 9)?[1..4]);
            assert_eq!(code(r.leaf_hashes(0, 1000)), "store.ledger-broken");
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn a_checkpoint_may_be_stored_after_the_ledger_went_on() {
    let (scratch, epoch) = grown();
    let (size, root) = scratch.store.checkpoint_material().unwrap();
    scratch.issue(NOON, epoch, &["late"]);
    let checkpoint = Checkpoint { origin: "o".to_owned(), size, root, at: NOON };
    let append = |c: &Checkpoint| scratch.store.append_checkpoint(epoch, c, b"signed");
    assert_eq!(code(append(&Checkpoint { size: size + 1, ..checkpoint.clone() })), "store.ledger-broken");
    assert_eq!(code(append(&Checkpoint { size: size + 100, ..checkpoint.clone() })), "store.ledger-broken");
    append(&checkpoint).unwrap();
    assert_eq!(code(append(&checkpoint)), "store.duplicate");
    assert_eq!(code(append(&Checkpoint { size: 1, ..checkpoint })), "store.duplicate");
    assert_eq!(scratch.checkpoint(epoch).unwrap().size, size + 4);
}

/// Nothing is signed about a ledger that is not what was written.
#[test]
fn an_altered_leaf_hash_column_or_edge_stops_the_next_checkpoint() {
    for sql in [
        "UPDATE event SET leaf = CAST(leaf || x'00' AS BLOB) WHERE seq = 3",
        "UPDATE event SET leaf = (SELECT leaf FROM event WHERE seq = 4) WHERE seq = 3",
        "UPDATE event SET hash = zeroblob(32) WHERE seq = 3",
        "UPDATE event SET at = at + 1 WHERE seq = 3",
        "UPDATE event SET actor = NULL WHERE seq = 3",
        "UPDATE event SET actor = 'qian' WHERE seq = 2",
        "UPDATE event SET object = 'x' WHERE seq = 6",
        "UPDATE event SET kind = 'init' WHERE seq = 6",
        "DELETE FROM event WHERE seq = 3",
        "DELETE FROM event WHERE seq = 7",
        "UPDATE frontier SET edge = zeroblob(8)",
        "UPDATE frontier SET edge = x'00'",
        "DELETE FROM frontier",
        "UPDATE checkpoint SET root = zeroblob(32)",
        "UPDATE checkpoint SET edge = zeroblob(8)",
    ] {
        let (scratch, epoch) = grown();
        if sql.contains("checkpoint") {
            scratch.checkpoint(epoch).unwrap();
            scratch.issue(NOON, epoch, &["late"]);
        }
        let Scratch { store, path, folder } = scratch;
        drop(store);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let store = Store::open(&path, Mode::ReadWrite).unwrap();
        assert_eq!(code(store.checkpoint_material()), "store.ledger-broken", "{sql}");
        drop(folder);
    }
}

/// What is behind the last checkpoint is not read again: that is what verification of the whole home is for.
#[test]
fn only_what_is_new_is_read_again() {
    let (scratch, epoch) = grown();
    scratch.checkpoint(epoch).unwrap();
    Connection::open(&scratch.path).unwrap().execute_batch("UPDATE event SET leaf = x'00' WHERE seq = 3").unwrap();
    scratch.issue(NOON, epoch, &["late"]);
    assert_eq!(code(scratch.checkpoint(epoch)), "ok");
}

#[test]
fn a_ledger_whose_end_was_cut_off_takes_no_event() {
    let (scratch, _) = grown();
    Connection::open(&scratch.path)
        .unwrap()
        .execute_batch("DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)")
        .unwrap();
    assert_eq!(code(scratch.submit(NOON, &["x"])), "store.ledger-broken");
}
