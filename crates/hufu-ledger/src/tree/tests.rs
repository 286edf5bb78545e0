#![allow(clippy::unwrap_used)]

use super::*;
use crate::hash::leaf_hash;

fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

/// RFC 9162 §2.1.1, word for word.
fn naive_root(d: &[Hash]) -> Hash {
    match d {
        [] => empty_root(),
        [only] => *only,
        _ => {
            let (l, r) = d.split_at(naive_split(d.len()));
            node_hash(&naive_root(l), &naive_root(r))
        }
    }
}

/// RFC 9162 §2.1.3.1.
fn naive_path(m: usize, d: &[Hash]) -> Vec<Hash> {
    if d.len() == 1 {
        return Vec::new();
    }
    let k = naive_split(d.len());
    let (l, r) = d.split_at(k);
    let (mut path, other) =
        if m < k { (naive_path(m, l), naive_root(r)) } else { (naive_path(m - k, r), naive_root(l)) };
    path.push(other);
    path
}

/// RFC 9162 §2.1.4.1.
fn naive_subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
    if m == d.len() {
        return if whole { Vec::new() } else { vec![naive_root(d)] };
    }
    let k = naive_split(d.len());
    let (l, r) = d.split_at(k);
    let (mut path, other) = if m <= k {
        (naive_subproof(m, l, whole), naive_root(r))
    } else {
        (naive_subproof(m - k, r, false), naive_root(l))
    };
    path.push(other);
    path
}

fn naive_split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

const MOST: u64 = 70;

#[test]
fn the_frontier_grows_as_the_definition_says() {
    let all = leaves(MOST);
    let mut frontier = Frontier::new();
    for n in 0..all.len() {
        assert_eq!(frontier.root(), naive_root(&all[..n]), "{n}");
        assert_eq!(root_of(&all[..n]), naive_root(&all[..n]));
        assert_eq!(frontier.size(), n as u64);
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes).unwrap(), frontier);
        assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 1]), Err(FrontierError));
        assert_eq!(Frontier::from_bytes(&[&bytes[..], &[0; 32]].concat()), Err(FrontierError));
        frontier = Frontier::from_bytes(&bytes).unwrap();
        frontier.push(all[n]);
    }
}

#[test]
fn proofs_are_those_of_the_definition_and_hold() {
    for n in 0..MOST {
        let all = leaves(n);
        let root = root_of(&all);
        for m in 0..n {
            let proof = inclusion_proof(&all, m).unwrap();
            assert_eq!(proof, naive_path(m as usize, &all), "{m} in {n}");
            verify_inclusion(&all[m as usize], m, n, &proof, &root).unwrap();
        }
        for m in 0..=n {
            let proof = consistency_proof(&all, m).unwrap();
            let naive = if m == 0 { Vec::new() } else { naive_subproof(m as usize, &all, true) };
            assert_eq!(proof, naive, "{m} to {n}");
            verify_consistency(m, &root_of(&all[..m as usize]), n, &root, &proof).unwrap();
        }
        assert_eq!(inclusion_proof(&all, n), Err(ProofError::OutOfRange { wanted: n, size: n }));
        assert_eq!(consistency_proof(&all, n + 1), Err(ProofError::OutOfRange { wanted: n + 1, size: n }));
    }
}

#[test]
fn every_altered_octet_of_a_proof_is_refused() {
    for n in [1, 2, 3, 7, 8, 13] {
        let all = leaves(n);
        let root = root_of(&all);
        for m in 0..n {
            let leaf = all[m as usize];
            let proof = inclusion_proof(&all, m).unwrap();
            for (bad, at) in altered(&proof) {
                assert_eq!(verify_inclusion(&leaf, m, n, &bad, &root), Err(ProofError::Root), "{m} in {n}: {at}");
            }
            for bad in lengthened(&proof) {
                assert_eq!(verify_inclusion(&leaf, m, n, &bad, &root), Err(ProofError::Length));
            }
            for (bad, _) in altered(&[leaf, root]) {
                assert!(verify_inclusion(&bad[0], m, n, &proof, &bad[1]).is_err());
            }
            for other in (0..n + 2).filter(|other| *other != m) {
                assert!(verify_inclusion(&leaf, other, n, &proof, &root).is_err(), "{m} in {n}: {other}");
            }
        }
        for m in 1..n {
            let old = root_of(&all[..m as usize]);
            let proof = consistency_proof(&all, m).unwrap();
            for (bad, at) in altered(&proof) {
                assert_eq!(verify_consistency(m, &old, n, &root, &bad), Err(ProofError::Root), "{m} to {n}: {at}");
            }
            for bad in lengthened(&proof) {
                assert!(verify_consistency(m, &old, n, &root, &bad).is_err());
            }
            for (bad, _) in altered(&[old, root]) {
                assert!(verify_consistency(m, &bad[0], n, &bad[1], &proof).is_err());
            }
        }
    }
}

/// Every hash list that differs from `proof` in one octet, and where.
fn altered(proof: &[Hash]) -> impl Iterator<Item = (Vec<Hash>, usize)> {
    (0..proof.len() * 32).map(|at| {
        let mut bad = proof.to_vec();
        bad[at / 32][at % 32] ^= 1 << (at % 8);
        (bad, at)
    })
}

fn lengthened(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut out = vec![[proof, &[[0; 32]]].concat(), [&[[0; 32]], proof].concat()];
    if let Some((_, shorter)) = proof.split_last() {
        out.push(shorter.to_vec());
    }
    out
}

#[test]
fn proofs_between_other_sizes_and_roots_are_refused() {
    let all = leaves(20);
    let root = |n: u64| root_of(&all[..n as usize]);
    for (m, n) in [(0, 0), (0, 5), (5, 5), (4, 8), (6, 20), (19, 20)] {
        let proof = consistency_proof(&all[..n as usize], m).unwrap();
        verify_consistency(m, &root(m), n, &root(n), &proof).unwrap();
        assert!(verify_consistency(n + 1, &root(n), n, &root(n), &proof).is_err());
        if n > 0 {
            assert!(verify_consistency(m, &[1; 32], n, &root(n), &proof).is_err());
        }
        if m > 0 {
            assert!(verify_consistency(m, &root(m), n, &[1; 32], &proof).is_err());
        }
        assert!(verify_consistency(m, &root(m), n, &root(n), &[&proof[..], &[[0; 32]]].concat()).is_err());
    }
    // A tree that changed one of the old leaves has no proof that fits.
    let mut forged = all.clone();
    forged[3] = [9; 32];
    let proof = consistency_proof(&forged, 10).unwrap();
    assert_eq!(verify_consistency(10, &root(10), 20, &root_of(&forged), &proof), Err(ProofError::Root));
}

#[test]
fn a_stream_that_ends_early_gives_no_proof() {
    let all = leaves(9);
    let mut plan = Plan::inclusion(2, 9).unwrap();
    all[..8].iter().for_each(|leaf| plan.push(*leaf));
    assert!(plan.clone().finish().is_err());
    plan.push(all[8]);
    // What comes behind the tree changes nothing.
    plan.push([1; 32]);
    assert_eq!(plan.finish().unwrap(), inclusion_proof(&all, 2).unwrap());
}

#[test]
fn sizes_at_the_end_of_the_numbers_do_not_overflow() {
    for (index, length) in [(0, 64), (1, 64), (u64::MAX / 2, 64), (u64::MAX - 1, 63)] {
        assert_eq!(Plan::inclusion(index, u64::MAX).unwrap().parts.len(), length, "{index}");
        let proof = [[0; 32]; 65];
        assert_eq!(verify_inclusion(&[0; 32], index, u64::MAX, &proof, &[0; 32]), Err(ProofError::Length));
    }
    assert!(Plan::consistency(u64::MAX - 1, u64::MAX).is_ok());
    assert!(verify_consistency(u64::MAX - 1, &[0; 32], u64::MAX, &[0; 32], &[[0; 32]; 70]).is_err());
}

mod random {
    use super::*;
    use proptest::prelude::*;

    fn hashes() -> impl Strategy<Value = Vec<Hash>> {
        (1_u64..1200, any::<u64>())
            .prop_map(|(n, seed)| (0..n).map(|i| leaf_hash(&[seed.to_be_bytes(), i.to_be_bytes()].concat())).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn proofs_of_any_tree_are_those_of_the_definition(all in hashes(), a in any::<prop::sample::Index>(),
            octet in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let (m, n) = (a.index(all.len()), all.len() as u64);
            let root = naive_root(&all);
            prop_assert_eq!(root_of(&all), root);
            let path = inclusion_proof(&all, m as u64).unwrap();
            prop_assert_eq!(&path, &naive_path(m, &all));
            prop_assert_eq!(verify_inclusion(&all[m], m as u64, n, &path, &root), Ok(()));
            let old = m + 1;
            let grown = consistency_proof(&all, old as u64).unwrap();
            prop_assert_eq!(&grown, &naive_subproof(old, &all, true));
            let old_root = naive_root(&all[..old]);
            prop_assert_eq!(verify_consistency(old as u64, &old_root, n, &root, &grown), Ok(()));
            for (proof, inclusion) in [(path, true), (grown, false)] {
                if proof.is_empty() {
                    continue;
                }
                let at = octet.index(proof.len() * 32);
                let mut bad = proof;
                bad[at / 32][at % 32] ^= flip;
                let shown = if inclusion {
                    verify_inclusion(&all[m], m as u64, n, &bad, &root)
                } else {
                    verify_consistency(old as u64, &old_root, n, &root, &bad)
                };
                prop_assert_eq!(shown, Err(ProofError::Root));
            }
        }

        #[test]
        fn any_two_orders_of_leaves_have_different_roots(all in hashes(), a in any::<prop::sample::Index>(),
            b in any::<prop::sample::Index>()) {
            let (a, b) = (a.index(all.len()), b.index(all.len()));
            let mut swapped = all.clone();
            swapped.swap(a, b);
            prop_assert_eq!(root_of(&swapped) == root_of(&all), a == b);
            prop_assert_ne!(root_of(&all[..all.len() - 1]), root_of(&all));
        }
    }
}
