//! The hashes of the tree: RFC 9162 §2.1.1 with SM3 (GB/T 32905) in place of SHA-256.
//!
//! A leaf is hashed behind a zero octet and a node behind a one, so that no leaf can be taken for a node.

use sm3::{Digest, Sm3};

/// An SM3 digest, 32 octets.
pub type Hash = [u8; 32];

/// The SM3 digest of `bytes`, without any prefix.
#[must_use]
pub fn sm3(bytes: &[u8]) -> Hash {
    Sm3::digest(bytes).into()
}

/// The hash of a leaf: SM3(0x00 ‖ `bytes`).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut sm3 = Sm3::new();
    sm3.update([0]);
    sm3.update(bytes);
    sm3.finalize().into()
}

/// The hash of a node over its two children: SM3(0x01 ‖ `left` ‖ `right`).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut sm3 = Sm3::new();
    sm3.update([1]);
    sm3.update(left);
    sm3.update(right);
    sm3.finalize().into()
}

/// The root of the tree without leaves: SM3 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    sm3(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GB/T 32905-2016 annex A, example 1.
    #[test]
    fn sm3_of_abc() {
        let expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(crate::text::hex(&sm3(b"abc")), expected);
    }

    #[test]
    fn leaves_nodes_and_bare_digests_differ() {
        let (left, right) = (leaf_hash(b"a"), leaf_hash(b"b"));
        let both = [left, right].concat();
        assert_eq!(leaf_hash(&both), sm3(&[&[0][..], &both].concat()));
        assert_eq!(node_hash(&left, &right), sm3(&[&[1][..], &both].concat()));
        assert_ne!(node_hash(&left, &right), leaf_hash(&both));
        assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
    }
}
