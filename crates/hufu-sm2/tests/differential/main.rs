//! Three thousand cases of the differential test: against RustCrypto's `sm2`, which shares no code with this crate. The
//! example of the same name runs a million.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;

use cases::{Key, Random, chosen_sum, edge, edge_count, keys_agree};

#[test]
fn random_and_altered_signatures_have_the_same_verdict() {
    let mut random = Random(1);
    let (mut valid, mut refused) = (0, 0);
    for _ in 0..200 {
        let key = Key::random(&mut random);
        let prepared = key.prepared();
        assert!(prepared.is_some());
        for _ in 0..8 {
            let case = key.case_by_chance(&mut random);
            let verdict = case.agreed(prepared.as_ref()).unwrap();
            *if verdict { &mut valid } else { &mut refused } += 1;
        }
    }
    assert!(valid > 400 && refused > 400, "{valid} valid, {refused} refused");
}

#[test]
fn sums_with_chosen_abscissas_have_the_same_verdict() {
    let mut random = Random(2);
    for _ in 0..200 {
        chosen_sum(&mut random).agreed(None).unwrap();
    }
}

#[test]
fn scalars_and_keys_at_the_edges_have_the_same_verdict() {
    // A step that divides nothing, so that every key and every edge has its turn.
    for number in (0..edge_count()).step_by(89) {
        for case in edge(number) {
            case.agreed(None).unwrap();
        }
    }
}

#[test]
fn the_same_points_are_keys() {
    let mut random = Random(3);
    for _ in 0..300 {
        keys_agree(&mut random).unwrap();
    }
}
