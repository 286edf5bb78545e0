//! The tree: RFC 9162 §2.1 over SM3.
//!
//! A [`Frontier`] keeps no more than the right edge of the tree, one hash for each set bit of its size, and grows leaf
//! by leaf. Proofs are made from leaf hashes, held in memory ([`inclusion_proof`], [`consistency_proof`]) or streaming
//! past once ([`Plan`]), and checked without any of them.

use std::fmt;
use std::ops::Range;

use crate::hash::{Hash, empty_root, node_hash};

/// The right edge of a growing tree: the roots of the full subtrees that its size is the sum of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Largest subtree first; as many as `size` has set bits.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }

    /// The frontier as octets: the size in 8 octets big endian, then the hashes, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        out.extend(self.roots.iter().flatten());
        out
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`FrontierError`] when the length does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, rest) = bytes.split_first_chunk().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (roots, odd) = rest.as_chunks::<32>();
        if !odd.is_empty() || roots.len() != size.count_ones() as usize {
            return Err(FrontierError);
        }
        Ok(Self { size, roots: roots.to_vec() })
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        frontier.extend(leaves);
        frontier
    }
}

/// Octets that are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrontierError;

impl fmt::Display for FrontierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored edge of the ledger's tree has the wrong length for its size")
    }
}

impl std::error::Error for FrontierError {}

/// The root of the tree over `leaves` (leaf hashes).
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    leaves.iter().copied().collect::<Frontier>().root()
}

/// The proof that leaf `index` is in the tree over `leaves` (RFC 9162 §2.1.3.1), nearest hash first.
///
/// # Errors
/// [`ProofError::OutOfRange`] when there is no such leaf.
pub fn inclusion_proof(leaves: &[Hash], index: u64) -> Result<Vec<Hash>, ProofError> {
    run(Plan::inclusion(index, leaves.len() as u64)?, leaves)
}

/// The proof that the tree over `leaves` only added to the one over the first `old_size` of them (RFC 9162 §2.1.4.1).
///
/// # Errors
/// [`ProofError::OutOfRange`] when `old_size` is larger than the tree.
pub fn consistency_proof(leaves: &[Hash], old_size: u64) -> Result<Vec<Hash>, ProofError> {
    run(Plan::consistency(old_size, leaves.len() as u64)?, leaves)
}

fn run(mut plan: Plan, leaves: &[Hash]) -> Result<Vec<Hash>, ProofError> {
    leaves.iter().for_each(|leaf| plan.push(*leaf));
    plan.finish()
}

/// Makes one proof from leaf hashes that stream past once, in order, without holding them.
///
/// A proof is a list of subtree roots, and each subtree covers consecutive leaves: a frontier for the one that the
/// stream is in is all that has to be kept.
#[derive(Debug, Clone)]
pub struct Plan {
    size: u64,
    next: u64,
    /// The parts still to be built: the leaves they cover and their place in the proof, first leaves last.
    parts: Vec<(Range<u64>, usize)>,
    part: Frontier,
    proof: Vec<Hash>,
}

impl Plan {
    /// The plan for [`inclusion_proof`] in a tree of `size` leaves.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when there is no such leaf.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::OutOfRange { wanted: index, size });
        }
        let mut parts = Vec::new();
        let mut within = 0..size;
        while within.end - within.start > 1 {
            let middle = within.start + split(within.end - within.start);
            if index < middle {
                parts.push(middle..within.end);
                within.end = middle;
            } else {
                parts.push(within.start..middle);
                within.start = middle;
            }
        }
        Ok(Self::of(parts, size))
    }

    /// The plan for [`consistency_proof`] from `old_size` to `size` leaves.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when `old_size` is larger than `size`.
    pub fn consistency(old_size: u64, size: u64) -> Result<Self, ProofError> {
        if old_size > size {
            return Err(ProofError::OutOfRange { wanted: old_size, size });
        }
        let mut parts = Vec::new();
        let mut within = 0..size;
        if old_size > 0 {
            while within.end > old_size {
                let middle = within.start + split(within.end - within.start);
                if old_size <= middle {
                    parts.push(middle..within.end);
                    within.end = middle;
                } else {
                    parts.push(within.start..middle);
                    within.start = middle;
                }
            }
            // Who checks knows the root of the old tree: it is left out where it would stand alone.
            if within.start > 0 {
                parts.push(within);
            }
        }
        Ok(Self::of(parts, size))
    }

    /// `parts` from the root downwards; the proof runs the other way.
    fn of(mut parts: Vec<Range<u64>>, size: u64) -> Self {
        parts.reverse();
        let proof = vec![[0; 32]; parts.len()];
        let mut parts: Vec<_> = parts.into_iter().zip(0..).collect();
        parts.sort_unstable_by_key(|(range, _)| std::cmp::Reverse(range.start));
        Self { size, next: 0, parts, part: Frontier::new(), proof }
    }

    /// How many leaf hashes have to be pushed in all.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next leaf hash. Those behind the end of the tree are not looked at.
    pub fn push(&mut self, leaf: Hash) {
        let at = self.next;
        self.next += 1;
        let Some((range, place)) = self.parts.last().filter(|(range, _)| range.contains(&at)) else {
            return;
        };
        self.part.push(leaf);
        if at + 1 == range.end {
            if let Some(hash) = self.proof.get_mut(*place) {
                *hash = std::mem::take(&mut self.part).root();
            }
            self.parts.pop();
        }
    }

    /// The proof.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] when fewer leaves were pushed than the tree has.
    pub fn finish(self) -> Result<Vec<Hash>, ProofError> {
        if self.next < self.size {
            return Err(ProofError::OutOfRange { wanted: self.size, size: self.next });
        }
        Ok(self.proof)
    }
}

/// The size of the left subtree of a tree of `n` > 1 leaves: the largest power of two below `n`.
const fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

/// Checks that the leaf with the hash `leaf` stands at `index` in the tree of `size` leaves and `root`
/// (RFC 9162 §2.1.3.2).
///
/// `size` must be taken from the same checkpoint as `root`: the proof alone does not fix it.
///
/// # Errors
/// [`ProofError`] when the proof does not show it.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { wanted: index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for part in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(part, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, part);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new_size` leaves and `new_root` only added to the tree of `old_size` leaves and `old_root`
/// (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`ProofError`] when the proof does not show it.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange { wanted: old_size, size: new_size });
    }
    if old_size == 0 || old_size == new_size {
        let same = if old_size == new_size { old_root == new_root } else { *old_root == empty_root() };
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut proof = proof.iter();
    // A whole power of two is itself the first subtree, and its root is known.
    let first = if node == 0 { old_root } else { proof.next().ok_or(ProofError::Length)? };
    let (mut old, mut new) = (*first, *first);
    for part in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(part, &old);
            new = node_hash(part, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, part);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old == *old_root && new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// Why a proof cannot be made, or does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no such leaf, or no such earlier size.
    OutOfRange {
        /// The leaf or size asked for.
        wanted: u64,
        /// How many leaves there are.
        size: u64,
    },
    /// The proof has too many or too few hashes.
    Length,
    /// The hashes do not lead to the root.
    Root,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { wanted, size } => {
                write!(f, "{wanted} lies outside the ledger, which has {size} events here")
            }
            Self::Length => f.write_str("the proof has the wrong number of hashes for this place and size"),
            Self::Root => f.write_str("the proof does not lead to the checkpoint's root"),
        }
    }
}

impl std::error::Error for ProofError {}

#[cfg(test)]
#[path = "tree/tests.rs"]
mod tests;
