//! Integers modulo the order n of the group (GB/T 32918.5-2017 clause 2), and the forms a multiplication wants them in.
//!
//! Verification adds, subtracts and compares scalars; it never multiplies them, so that there is no Montgomery form.

use crate::limbs::{self, Limbs};

/// The order n, a prime.
pub(crate) const N: Limbs =
    [0x53bb_f409_39d5_4123, 0x7203_df6b_21c6_052b, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// An integer below n.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scalar(Limbs);

impl Scalar {
    /// The scalar of a big-endian integer in 1..=n-1; `None` for any other.
    pub(crate) fn in_range(bytes: &[u8; 32]) -> Option<Self> {
        let integer = limbs::from_be_bytes(bytes);
        (!limbs::is_zero(&integer) && limbs::less(&integer, &N)).then_some(Self(integer))
    }

    /// A big-endian integer modulo n.
    pub(crate) fn reduced(bytes: &[u8; 32]) -> Self {
        let integer = limbs::from_be_bytes(bytes);
        // 2^256 < 2n: one subtraction is enough.
        let (difference, borrow) = limbs::sub(&integer, &N);
        Self(if borrow != 0 { integer } else { difference })
    }

    pub(crate) fn is_zero(&self) -> bool {
        limbs::is_zero(&self.0)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let (sum, carry) = limbs::add(&self.0, &other.0);
        let (difference, borrow) = limbs::sub(&sum, &N);
        Self(if borrow != 0 && carry == 0 { sum } else { difference })
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        let (difference, borrow) = limbs::sub(&self.0, &other.0);
        Self(if borrow != 0 { limbs::add(&difference, &N).0 } else { difference })
    }

    /// The integer below n.
    pub(crate) const fn integer(&self) -> &Limbs {
        &self.0
    }

    /// The `count` bits, at most 32, from bit `at` on; bits from 256 on are zero.
    fn bits(&self, at: usize, count: u32) -> u32 {
        let limb = |i: usize| self.0.get(i).copied().unwrap_or(0);
        let (index, shift) = (at / 64, at % 64);
        let low = limb(index) >> shift;
        // Shifting by 64 in two steps gives the zero that is meant when `shift` is zero.
        let high = (limb(index + 1) << 1) << (63 - shift);
        ((low | high) as u32) & (u32::MAX >> (32 - count))
    }

    /// The non-adjacent form for a table of `count` odd multiples, a power of two from 1 to 2^13.
    ///
    /// With w = log2(`count`) + 2: digits d with Σ d\[i\]·2^i the scalar, each zero or odd and below 2^(w - 1) in
    /// magnitude, and of any w in a row at most one that is not zero.
    pub(crate) fn non_adjacent(&self, count: usize) -> [i16; 257] {
        let width = count.ilog2() + 2;
        let mut digits = [0; 257];
        let (mut at, mut carry) = (0, 0);
        while let Some(digit) = digits.get_mut(at) {
            if self.bits(at, 1) == carry {
                at += 1;
                continue;
            }
            // Odd, since its lowest bit differs from the carry. A carry out of it needs bit `at` + w - 1 or a sum of
            // 2^(w - 1), which is even: bits from 256 on are zero, so that the digits do not end with a carry left.
            let window = self.bits(at, width) + carry;
            carry = window >> (width - 1);
            *digit = (window as i32 - ((carry as i32) << width)) as i16;
            at += width as usize;
        }
        digits
    }

    /// Digits d with Σ d\[i\]·2^(`width`·i) the scalar, each from -2^(`width` - 1) + 1 to 2^(`width` - 1), without end;
    /// all from digit 256 / `width` + 1 on are zero.
    pub(crate) fn windows(&self, width: u32) -> impl Iterator<Item = i32> {
        let mut carry = 0;
        (0..).step_by(width as usize).map(move |at| {
            let window = self.bits(at, width) + carry;
            carry = u32::from(window > 1 << (width - 1));
            window as i32 - ((carry as i32) << width)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::naive::{self, Integer, integers};

    fn scalar(integer: &Integer) -> Scalar {
        Scalar::reduced(&integer.to_be_bytes())
    }

    /// Σ digits·2^(step·i) modulo n, from the most significant digit down.
    fn value(digits: impl DoubleEndedIterator<Item = i32>, step: u32) -> Integer {
        let n = Integer::from(N);
        digits.rev().fold(Integer::ZERO, |value, digit| {
            let shifted = (0..step).fold(value, |v, _| naive::add(&v, &v, &n));
            let magnitude = Integer::from(u64::from(digit.unsigned_abs()));
            if digit < 0 { naive::sub(&shifted, &magnitude, &n) } else { naive::add(&shifted, &magnitude, &n) }
        })
    }

    #[test]
    fn zero_and_numbers_from_n_on_are_out_of_range() {
        let n = Integer::from(N);
        let bytes = |i: &Integer| i.to_be_bytes();
        let one = Integer::from(1);
        assert_eq!(Scalar::in_range(&[0; 32]), None);
        assert_eq!(Scalar::in_range(&bytes(&n)), None);
        assert_eq!(Scalar::in_range(&bytes(&n.plus(&one))), None);
        assert_eq!(Scalar::in_range(&[0xff; 32]), None);
        assert_eq!(Scalar::in_range(&bytes(&one)), Some(Scalar([1, 0, 0, 0])));
        assert_eq!(Scalar::in_range(&bytes(&n.minus(&one))).map(|s| s.add(&scalar(&one))), Some(Scalar([0; 4])));
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_naive_integers(a in integers(), b in integers()) {
            let n = Integer::from(N);
            let (a_n, b_n) = (a.modulo(&n), b.modulo(&n));
            prop_assert_eq!(Integer::from(scalar(&a).0), a_n.clone());
            prop_assert_eq!(Integer::from(scalar(&a).add(&scalar(&b)).0), naive::add(&a_n, &b_n, &n));
            prop_assert_eq!(Integer::from(scalar(&a).sub(&scalar(&b)).0), naive::sub(&a_n, &b_n, &n));
        }

        #[test]
        fn the_non_adjacent_form_is_the_number(a in integers(), log in 0u32..9) {
            let digits = scalar(&a).non_adjacent(1 << log);
            let width = log + 2;
            prop_assert_eq!(value(digits.iter().map(|&d| i32::from(d)), 1), Integer::from(scalar(&a).0));
            for (i, &digit) in digits.iter().enumerate().filter(|(_, d)| **d != 0) {
                prop_assert!(digit % 2 != 0 && i32::from(digit).abs() < 1 << (width - 1));
                prop_assert!(digits.iter().skip(i + 1).take(width as usize - 1).all(|d| *d == 0));
            }
        }

        #[test]
        fn the_windows_are_the_number(a in integers(), width in 2u32..10) {
            let rows = 256 / width as usize + 1;
            let scalar = scalar(&a);
            let mut all = scalar.windows(width);
            let digits: Vec<i32> = all.by_ref().take(rows).collect();
            let half = 1 << (width - 1);
            prop_assert!(digits.iter().all(|d| -half < *d && *d <= half));
            prop_assert!(all.take(9).all(|d| d == 0));
            prop_assert_eq!(value(digits.into_iter(), width), Integer::from(scalar.0));
        }
    }
}
