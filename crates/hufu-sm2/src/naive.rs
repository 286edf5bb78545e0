//! Integers of 256 bits bit by bit, with nothing in common with the fast arithmetic: what it is tested against.

use std::fmt;

use proptest::prelude::*;

/// An unsigned integer below 2^256, bit i at index i.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Integer([bool; 256]);

impl Integer {
    pub(crate) const ZERO: Self = Self([false; 256]);

    pub(crate) fn to_limbs(&self) -> [u64; 4] {
        std::array::from_fn(|limb| (0..64).fold(0, |value, bit| value | (u64::from(self.0[64 * limb + bit]) << bit)))
    }

    pub(crate) fn to_be_bytes(&self) -> [u8; 32] {
        std::array::from_fn(|i| (0..8).fold(0, |value, bit| value | (u8::from(self.0[8 * (31 - i) + bit]) << bit)))
    }

    fn less(&self, other: &Self) -> bool {
        self.0.iter().rev().lt(other.0.iter().rev())
    }

    /// The sum; it must be below 2^256.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let (sum, carry) = self.plus_carry(other);
        assert!(!carry, "{self:?} + {other:?}");
        sum
    }

    fn plus_carry(&self, other: &Self) -> (Self, bool) {
        let mut carry = false;
        let sum = std::array::from_fn(|i| {
            let (a, b) = (self.0[i], other.0[i]);
            let bit = a ^ b ^ carry;
            carry = (a & b) | (a & carry) | (b & carry);
            bit
        });
        (Self(sum), carry)
    }

    /// The difference modulo 2^256.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let complement = Self(other.0.map(|bit| !bit));
        self.plus_carry(&complement).0.plus_carry(&Self::from(1)).0
    }

    /// The remainder; `modulus` is at least 2^255.
    pub(crate) fn modulo(&self, modulus: &Self) -> Self {
        if self.less(modulus) { self.clone() } else { self.minus(modulus) }
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_be_bytes().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Self {
        Self::from([value, 0, 0, 0])
    }
}

impl From<[u64; 4]> for Integer {
    fn from(limbs: [u64; 4]) -> Self {
        Self(std::array::from_fn(|i| (limbs[i / 64] >> (i % 64)) & 1 == 1))
    }
}

/// `a + b` modulo `m`, for numbers below `m`.
pub(crate) fn add(a: &Integer, b: &Integer, m: &Integer) -> Integer {
    let (sum, carry) = a.plus_carry(b);
    if carry || !sum.less(m) { sum.minus(m) } else { sum }
}

/// `a - b` modulo `m`, for numbers below `m`.
pub(crate) fn sub(a: &Integer, b: &Integer, m: &Integer) -> Integer {
    if a.less(b) { a.minus(b).plus_carry(m).0 } else { a.minus(b) }
}

/// `a * b` modulo `m`, for numbers below `m`.
pub(crate) fn mul(a: &Integer, b: &Integer, m: &Integer) -> Integer {
    b.0.iter().rev().fold(Integer::ZERO, |product, bit| {
        let doubled = add(&product, &product, m);
        if *bit { add(&doubled, a, m) } else { doubled }
    })
}

/// Any integer, with limbs at the ends of the range and about the limbs of p and n more often than by chance.
pub(crate) fn integers() -> impl Strategy<Value = Integer> {
    let special = prop::sample::select(vec![
        0,
        1,
        2,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        0x1_0000_0001,
        0xffff_fffe_ffff_fffe,
        0xffff_fffe_ffff_ffff,
        0xffff_ffff_0000_0000,
        0xffff_ffff_0000_0001,
        0xffff_fffe_ffff_ffff,
        0xffff_ffff_ffff_fffe,
        0xffff_ffff_ffff_ffff,
        0x53bb_f409_39d5_4123,
        0x7203_df6b_21c6_052b,
    ]);
    let limb = prop_oneof![2 => special, 1 => any::<u64>(), 1 => 0u64..16, 1 => (0u64..16).prop_map(|x| !x)];
    [limb.clone(), limb.clone(), limb.clone(), limb].prop_map(Integer::from)
}
