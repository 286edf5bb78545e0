#![allow(clippy::unwrap_used)]

use super::*;
use crate::tree::{consistency_proof, inclusion_proof, root_of};

fn event(seq: u64) -> Event {
    let object = format!("object-{seq}");
    Event { seq, at: 1000, kind: "issue".into(), actor: None, object, fields: Vec::new(), effects: Vec::new() }
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: "hufu/1".into(), size, root: root_of(&leaves(size)), at: 1 }
}

fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|i| event(i).leaf_hash()).collect()
}

fn inclusion() -> InclusionBundle {
    let path = inclusion_proof(&leaves(11), 4).unwrap();
    InclusionBundle { origin: "hufu/1".into(), size: 11, index: 4, event: event(4).encode(), path }
}

fn consistency() -> ConsistencyBundle {
    let path = consistency_proof(&leaves(11), 6).unwrap();
    ConsistencyBundle { origin: "hufu/1".into(), old_size: 6, new_size: 11, path }
}

#[test]
fn a_person_with_a_checkpoint_can_check_them() {
    let bundle = InclusionBundle::decode(&inclusion().encode()).unwrap();
    assert_eq!(bundle.verify(&checkpoint(11)).unwrap(), event(4));
    let bundle = ConsistencyBundle::decode(&consistency().encode()).unwrap();
    bundle.verify(&checkpoint(6), &checkpoint(11)).unwrap();
}

#[test]
fn the_text_says_what_it_is() {
    let text = consistency().encode();
    assert!(text.starts_with("hufu consistency proof v1\norigin hufu/1\nold-size 6\nnew-size 11\npath "));
    let text = inclusion().encode();
    assert!(text.starts_with("hufu inclusion proof v1\norigin hufu/1\nsize 11\nindex 4\nevent 01"));
}

#[test]
fn every_altered_octet_is_refused() {
    let text = inclusion().encode();
    for at in 0..text.len() {
        for bad in altered(&text, at) {
            let shown = InclusionBundle::decode(&bad).and_then(|b| b.verify(&checkpoint(11)));
            assert!(shown.is_err(), "octet {at}: {bad}");
        }
    }
    let text = consistency().encode();
    for at in 0..text.len() {
        for bad in altered(&text, at) {
            let shown = ConsistencyBundle::decode(&bad).and_then(|b| b.verify(&checkpoint(6), &checkpoint(11)));
            assert!(shown.is_err(), "octet {at}: {bad}");
        }
    }
}

fn altered(text: &str, at: usize) -> Vec<String> {
    (1..128)
        .map(|flip| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= flip;
            String::from_utf8(bytes).unwrap()
        })
        .collect()
}

#[test]
fn cut_and_lengthened_texts_are_refused() {
    let text = inclusion().encode();
    for n in 0..text.len() {
        assert!(InclusionBundle::decode(&text[..n]).and_then(|b| b.verify(&checkpoint(11))).is_err(), "{n}");
    }
    for more in ["\n", "path\n", "x\n", "size 11\n"] {
        assert!(InclusionBundle::decode(&format!("{text}{more}")).is_err());
    }
    assert!(InclusionBundle::decode(&consistency().encode()).is_err());
    assert!(ConsistencyBundle::decode(&text).is_err());
}

#[test]
fn other_ledgers_sizes_and_places_are_named() {
    let bundle = inclusion();
    let other = Checkpoint { origin: "hufu/2".into(), ..checkpoint(11) };
    assert!(matches!(bundle.verify(&other), Err(BundleError::Ledger { .. })));
    assert!(matches!(bundle.verify(&checkpoint(10)), Err(BundleError::Size { bundle: 11, checkpoint: 10 })));
    let root = [0; 32];
    assert_eq!(bundle.verify(&Checkpoint { root, ..checkpoint(11) }), Err(BundleError::Proof(ProofError::Root)));
    // A ledger that holds, at place 1, an event that says it is event 0.
    let all = [event(0), event(0)].map(|e| e.leaf_hash());
    let lying = Checkpoint { root: root_of(&all), ..checkpoint(2) };
    let path = inclusion_proof(&all, 1).unwrap();
    let bundle = InclusionBundle { size: 2, index: 1, event: event(0).encode(), path, ..inclusion() };
    assert_eq!(bundle.verify(&lying), Err(BundleError::Place { index: 1, seq: 0 }));
    // A ledger that holds something else than events.
    let odd = Checkpoint { root: leaf_hash(b"odd"), ..checkpoint(1) };
    let bundle = InclusionBundle { size: 1, index: 0, event: b"odd".to_vec(), path: Vec::new(), ..inclusion() };
    assert!(matches!(bundle.verify(&odd), Err(BundleError::Event(_))));
    assert!(consistency().verify(&checkpoint(6), &checkpoint(12)).is_err());
    assert!(consistency().verify(&checkpoint(7), &checkpoint(11)).is_err());
}
