//! The field of the curve: integers modulo p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5-2017 clause 2), in
//! Montgomery form with R = 2^256.
//!
//! Every [`Element`] is canonical: its limbs are below p, so that comparing limbs compares values. Time depends on the
//! values in a few rare branches; nothing secret belongs here.
//!
//! Why reduction needs no multiplication. Montgomery's method clears the low limbs of a product t by adding a multiple
//! Q·p; p ≡ -1 modulo 2^64, so for one limb Q is the limb itself, and for two limbs (p ≡ -1 + 2^64 - 2^96 modulo
//! 2^128) Q follows from one shift, one subtraction and one addition. The rest of Q·p is shifted copies of Q: see
//! [`fold`].

use crate::limbs::{self, Limbs, adc, adc_wide, sbb, wide};

/// The prime p.
pub(crate) const P: Limbs =
    [0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// 2^256 - p = 2^224 + 2^96 - 2^64 + 1, which is R modulo p: the element one.
const C: Limbs = [1, 0xffff_ffff, 0, 0x1_0000_0000];

/// An integer modulo p in Montgomery form, always below p.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Element(Limbs);

impl Element {
    pub(crate) const ZERO: Self = Self([0; 4]);
    pub(crate) const ONE: Self = Self(C);

    /// R² modulo p: multiplying by it brings an integer into Montgomery form.
    const R2: Self = {
        let (mut r, mut i) = (Self::ONE, 0);
        while i < 256 {
            r = r.double();
            i += 1;
        }
        r
    };

    /// The element of an integer; `None` when it is not below p.
    #[inline]
    pub(crate) const fn new(integer: &Limbs) -> Option<Self> {
        if limbs::less(integer, &P) { Some(Self(*integer).mul(&Self::R2)) } else { None }
    }

    /// The integer below p.
    pub(crate) const fn to_integer(self) -> Limbs {
        self.mul(&Self([1, 0, 0, 0])).0
    }

    #[inline(always)]
    pub(crate) const fn is_zero(&self) -> bool {
        limbs::is_zero(&self.0)
    }

    #[inline(always)]
    pub(crate) const fn add(&self, other: &Self) -> Self {
        let (sum, carry) = limbs::add(&self.0, &other.0);
        finish(sum, carry)
    }

    #[inline(always)]
    pub(crate) const fn double(&self) -> Self {
        self.add(self)
    }

    #[inline(always)]
    pub(crate) const fn sub(&self, other: &Self) -> Self {
        let (difference, mask) = limbs::sub(&self.0, &other.0);
        // Adding p modulo 2^256 is subtracting C; the result is below p, since the operands were.
        let (result, _) = limbs::sub(&difference, &c_and(mask));
        Self(result)
    }

    #[inline(always)]
    pub(crate) const fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Half: (a + p) / 2 when a is odd, a / 2 otherwise.
    #[inline(always)]
    pub(crate) const fn half(&self) -> Self {
        let mask = (self.0[0] & 1).wrapping_neg();
        let ([a, b, c, d], carry) = limbs::add(&self.0, &[mask, mask & P[1], mask, mask & P[3]]);
        Self([(a >> 1) | (b << 63), (b >> 1) | (c << 63), (c >> 1) | (d << 63), (d >> 1) | (carry << 63)])
    }

    #[inline(always)]
    pub(crate) const fn mul(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        let (t0, h0) = wide(a[0], b[0]);
        let (l1, h1) = wide(a[1], b[0]);
        let (l2, h2) = wide(a[2], b[0]);
        let (l3, h3) = wide(a[3], b[0]);
        let (t1, c) = adc(l1, h0, false);
        let (t2, c) = adc(l2, h1, c);
        let (t3, c) = adc(l3, h2, c);
        let (t4, _) = adc(h3, 0, c);
        let [t1, t2, t3, t4, t5] = row([t1, t2, t3, t4, 0], a, b[1]);
        // Two limbs are folded while few registers are in use; the other two at the end. The first fold leaves less
        // than 2p, and 2p + (2^128 - 1)p is below 2^384: no limb is missing.
        let [t2, t3, t4, t5, t6] = fold([t0, t1, t2, t3, t4, t5]);
        let [t2, t3, t4, t5, t6] = row([t2, t3, t4, t5, t6], a, b[2]);
        let [t3, t4, t5, t6, t7] = row([t3, t4, t5, t6, 0], a, b[3]);
        let (result, carry) = fold_last([t2, t3, t4, t5, t6, t7]);
        finish(result, carry)
    }

    #[inline(always)]
    pub(crate) const fn square(&self) -> Self {
        let a = &self.0;
        // The products of different limbs, each needed twice ...
        let (t1, h1) = wide(a[0], a[1]);
        let (l2, h2) = wide(a[0], a[2]);
        let (l3, h3) = wide(a[0], a[3]);
        let (m3, n3) = wide(a[1], a[2]);
        let (m4, n4) = wide(a[1], a[3]);
        let (m5, n5) = wide(a[2], a[3]);
        let (t2, c) = adc(l2, h1, false);
        let (t3, c) = adc(l3, h2, c);
        let (t4, c) = adc(h3, m4, c);
        let (t5, c) = adc(m5, n4, c);
        let (t6, _) = adc(n5, 0, c);
        let (t3, c) = adc(t3, m3, false);
        let (t4, c) = adc(t4, n3, c);
        let (t5, c) = adc(t5, 0, c);
        let (t6, _) = adc(t6, 0, c);
        // ... are added twice to the squares: shifting 448 bits by one costs more than a second addition.
        let (t0, h0) = wide(a[0], a[0]);
        let (l1, h1) = wide(a[1], a[1]);
        let (l2, h2) = wide(a[2], a[2]);
        let (l3, h3) = wide(a[3], a[3]);
        let (r1, c) = adc(t1, h0, false);
        let (r2, c) = adc(t2, l1, c);
        let (r3, c) = adc(t3, h1, c);
        let (r4, c) = adc(t4, l2, c);
        let (r5, c) = adc(t5, h2, c);
        let (r6, c) = adc(t6, l3, c);
        let (r7, _) = adc(h3, 0, c);
        let (t1, c) = adc(r1, t1, false);
        let (t2, c) = adc(r2, t2, c);
        let (t3, c) = adc(r3, t3, c);
        let (t4, c) = adc(r4, t4, c);
        let (t5, c) = adc(r5, t5, c);
        let (t6, c) = adc(r6, t6, c);
        let (t7, _) = adc(r7, 0, c);

        // Below (2^128 + 1)p after the first fold, as in a product: the six limbs are enough.
        let [t2, t3, t4, t5, over] = fold([t0, t1, t2, t3, t4, t5]);
        let (t6, c) = adc(t6, over, false);
        let (t7, _) = adc(t7, 0, c);
        let (result, carry) = fold_last([t2, t3, t4, t5, t6, t7]);
        finish(result, carry)
    }

    /// The inverse, a^(p - 2) (Fermat); zero for zero.
    pub(crate) fn invert(&self) -> Self {
        let mut result = Self::ONE;
        // p - 2 differs from p in the low limb only, from which 2 can be taken.
        let exponent = [P[0] - 2, P[1], P[2], P[3]];
        for limb in exponent.iter().rev() {
            for bit in (0..64).rev() {
                result = result.square();
                if (limb >> bit) & 1 == 1 {
                    result = result.mul(self);
                }
            }
        }
        result
    }
}

/// C and the bits of `mask`, which are all ones or all zeros: a choice without a branch that could be predicted wrong.
#[inline(always)]
const fn c_and(mask: u64) -> Limbs {
    [mask & C[0], mask & C[1], 0, mask & C[3]]
}

/// Brings a number below 2p below p. It is `above`·2^256 + `low`, or it is `low` if that is p or more.
#[inline(always)]
const fn finish(low: Limbs, above: u64) -> Element {
    // With `above`, p is subtracted, which is adding C modulo 2^256, and leaves less than p.
    let (sum, _) = limbs::add(&low, &c_and(above.wrapping_neg()));
    // Without it the number is seldom not below p: its 31 highest bits must all be ones for that. The branch is
    // taken once in 2^32 times for arithmetic on random numbers, so that it is predicted right.
    if sum[3] >= P[3] {
        return below_p(sum[0], sum[1], sum[2], sum[3]);
    }
    Element(sum)
}

/// The rare end of [`finish`], out of the way; limbs are passed one by one so that they stay in registers.
#[cold]
#[inline(never)]
const fn below_p(a: u64, b: u64, c: u64, d: u64) -> Element {
    let (difference, mask) = limbs::sub(&[a, b, c, d], &P);
    Element(if mask == 0 { difference } else { [a, b, c, d] })
}

/// `t + a * b`, where `t` has four limbs and a small fifth one, so that the sum has five.
#[inline(always)]
const fn row(t: [u64; 5], a: &Limbs, b: u64) -> [u64; 5] {
    let (l0, h0) = wide(a[0], b);
    let (l1, h1) = wide(a[1], b);
    let (l2, h2) = wide(a[2], b);
    let (l3, h3) = wide(a[3], b);
    let (t0, c) = adc(t[0], l0, false);
    let (t1, c) = adc(t[1], l1, c);
    let (t2, c) = adc(t[2], l2, c);
    let (t3, c) = adc(t[3], l3, c);
    let (t4, _) = adc(t[4], h3, c);
    let (t1, c) = adc(t1, h0, false);
    let (t2, c) = adc(t2, h1, c);
    let (t3, c) = adc(t3, h2, c);
    let (t4, _) = adc(t4, 0, c);
    [t0, t1, t2, t3, t4]
}

/// What is added and subtracted to clear two limbs.
struct Multiple {
    q0: u64,
    q1: u64,
    carry: bool,
    s1: u64,
    s2: u64,
    s3: u64,
    borrow: bool,
}

/// Q = q1·2^64 + q0 with t + Q·p ≡ 0 modulo 2^128 where t is `t1`·2^64 + `t0`, and what follows from it.
///
/// Q = t·(1 + 2^64 - 2^96) modulo 2^128, since (1 + 2^64 - 2^96)(-1 + 2^64 - 2^96) ≡ -1. Then
/// (t + Q·p) / 2^128 = A - B in limbs, least first, with
/// A = (q1, 0, q0, q1) + the carry of t1 + (q0 - 2^32·q0 modulo 2^64), and
/// B = (s1, s3, s1, s2) + the borrow of q0 - 2^32·q0, where
/// s1 = bits 32 to 95 of Q, s2 = bits 96 to 127, s3 = s2 with the low half of q0 above it.
#[inline(always)]
const fn multiple(t0: u64, t1: u64) -> Multiple {
    let q0 = t0;
    let (w, borrow) = q0.overflowing_sub(q0 << 32);
    let (q1, carry) = t1.overflowing_add(w);
    // Exchanging halves of two rotated words takes three cheap steps on any machine; double-word shifts, which the
    // compiler makes of the obvious form, take six each on some.
    let (x0, x1) = (q0.rotate_left(32), q1.rotate_left(32));
    let differ = (x0 ^ x1) & 0xffff_ffff;
    Multiple { q0, q1, carry, s1: x1 ^ differ, s2: x1 & 0xffff_ffff, s3: x0 ^ differ, borrow }
}

/// `(t + Q·p) / 2^128` for the multiple of p that makes this exact: four limbs and what is above them.
#[inline(always)]
const fn fold(t: [u64; 6]) -> [u64; 5] {
    let Multiple { q0, q1, carry, s1, s2, s3, borrow } = multiple(t[0], t[1]);
    let (r0, c) = adc(t[2], q1, carry);
    let (r1, c) = adc(t[3], 0, c);
    let (r2, c) = adc(t[4], q0, c);
    let (r3, c) = adc(t[5], q1, c);
    let (r4, _) = adc(0, 0, c);
    let (r0, b) = sbb(r0, s1, borrow);
    let (r1, b) = sbb(r1, s3, b);
    let (r2, b) = sbb(r2, s1, b);
    let (r3, b) = sbb(r3, s2, b);
    let (r4, _) = sbb(r4, 0, b);
    [r0, r1, r2, r3, r4]
}

/// [`fold`] for [`finish`]: the four limbs, and the carry of A alone, so that it need not wait for B.
///
/// Without the borrow of B that carry is what is above the limbs. With it, carry and borrow cancel (the whole is not
/// negative) and nothing is above; but then the limbs are at least 2^256 - B, which is more than p, since B is at most
/// 2^224 and C is more. Subtracting p is right in either case.
#[inline(always)]
const fn fold_last(t: [u64; 6]) -> (Limbs, u64) {
    let Multiple { q0, q1, carry, s1, s2, s3, borrow } = multiple(t[0], t[1]);
    let (r0, c) = adc(t[2], q1, carry);
    let (r1, c) = adc(t[3], 0, c);
    let (r2, c) = adc(t[4], q0, c);
    let (r3, r4) = adc_wide(t[5], q1, c);
    let (r0, b) = sbb(r0, s1, borrow);
    let (r1, b) = sbb(r1, s3, b);
    let (r2, b) = sbb(r2, s1, b);
    let (r3, _) = sbb(r3, s2, b);
    ([r0, r1, r2, r3], r4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::naive::{self, Integer, integers};

    fn p() -> Integer {
        Integer::from(P)
    }

    /// An element with the residue's limbs, which is to say the residue divided by R.
    fn raw(integer: &Integer) -> Element {
        Element(integer.modulo(&p()).to_limbs())
    }

    fn integer(element: &Element) -> Integer {
        assert!(limbs::less(&element.0, &P), "{element:?} is not canonical");
        Integer::from(element.0)
    }

    /// a·b = product·R says that the product is the Montgomery product.
    fn assert_product(product: &Element, a: &Element, b: &Element) {
        let r = Integer::from(C);
        let (a, b) = (integer(a), integer(b));
        assert_eq!(naive::mul(&integer(product), &r, &p()), naive::mul(&a, &b, &p()), "{a:?} * {b:?}");
    }

    /// GB/T 32918.5-2017 clause 2: p as it is printed there, and as the sum of powers the reduction is made for.
    #[test]
    fn the_prime_is_the_standards() {
        let power = |bit: usize| Integer::from(std::array::from_fn(|i| u64::from(i == bit / 64) << (bit % 64)));
        let sum = power(224).plus(&power(96)).minus(&power(64)).plus(&Integer::from(1));
        assert_eq!(Integer::ZERO.minus(&sum), p());
        assert_eq!(Integer::from(C), sum);
    }

    #[test]
    fn only_integers_below_the_prime_are_elements() {
        assert_eq!(Element::new(&P), None);
        assert_eq!(Element::new(&[u64::MAX; 4]), None);
        assert_eq!(Element::new(&[1, 0, 0, 0]), Some(Element::ONE));
        let largest = p().minus(&Integer::from(1)).to_limbs();
        assert_eq!(Element::new(&largest).map(Element::to_integer), Some(largest));
        assert_eq!(Element::new(&largest), Some(Element::ONE.neg()));
    }

    #[test]
    fn zero_has_zero_as_its_inverse() {
        assert!(Element::ZERO.invert().is_zero());
        assert_eq!(Element::ONE.invert(), Element::ONE);
    }

    /// Products of what lies next to 0, p and powers of 2^32 reach the carries and the rare subtraction at the end.
    #[test]
    fn products_at_the_edges_agree_with_naive_integers() {
        let edges: Vec<Element> = (0..4)
            .flat_map(|limb| [0, 32].map(|shift| std::array::from_fn(|i| u64::from(i == limb) << shift)))
            .flat_map(|power| {
                let power = Integer::from(power);
                let below = |i| p().minus(&power).minus(&Integer::from(i));
                [power.clone(), power.plus(&Integer::from(1)), below(0), below(1), power.minus(&Integer::from(1))]
            })
            .map(|i| raw(&i))
            .collect();
        for a in &edges {
            assert_product(&a.square(), a, a);
            for b in &edges {
                assert_product(&a.mul(b), a, b);
            }
        }
    }

    proptest! {
        #[test]
        fn products_agree_with_naive_integers(a in integers(), b in integers()) {
            let (a, b) = (raw(&a), raw(&b));
            assert_product(&a.mul(&b), &a, &b);
            assert_product(&a.square(), &a, &a);
        }

        /// A product of large numbers whose residue is below 2^224 comes out of the folds as that residue + p, which
        /// chance would bring about once in 2^32 times: carry and borrow may cancel, or the rare subtraction is taken.
        #[test]
        fn products_with_small_residues_agree_with_naive_integers(a in integers(), small in any::<[u64; 4]>()) {
            let [x, y, z, w] = small;
            let (a, small) = (raw(&a), Element([x, y, z, w >> 32]));
            prop_assume!(!a.is_zero());
            let b = small.mul(&a.invert());
            assert_product(&a.mul(&b), &a, &b);
            prop_assert_eq!(a.mul(&b), small);
            // p ≡ 3 modulo 4: the power (p + 1) / 4 is a root of the residue or of its opposite.
            let mut root = Element::ONE;
            for bit in (2..256).rev() {
                root = root.square();
                // p + 1 without its last two bits: bits 0 to 63 of p are ones, so that bit 64 is carried into.
                let exponent = [0, P[1] + 1, P[2], P[3]];
                if (exponent[bit / 64] >> (bit % 64)) & 1 == 1 {
                    root = root.mul(&small);
                }
            }
            let square = root.square();
            assert_product(&square, &root, &root);
            prop_assert!(square == small || square == small.neg());
        }

        #[test]
        fn sums_agree_with_naive_integers(a in integers(), b in integers()) {
            let (a, b) = (raw(&a), raw(&b));
            let (x, y) = (integer(&a), integer(&b));
            prop_assert_eq!(integer(&a.add(&b)), naive::add(&x, &y, &p()));
            prop_assert_eq!(integer(&a.double()), naive::add(&x, &x, &p()));
            prop_assert_eq!(integer(&a.sub(&b)), naive::sub(&x, &y, &p()));
            prop_assert_eq!(integer(&a.neg()), naive::sub(&Integer::ZERO, &x, &p()));
            let half = integer(&a.half());
            prop_assert_eq!(naive::add(&half, &half, &p()), x);
        }

        #[test]
        fn integers_come_back_as_they_went_in(a in integers()) {
            let a = a.modulo(&p());
            let element = Element::new(&a.to_limbs()).unwrap();
            prop_assert_eq!(naive::mul(&a, &Integer::from(C), &p()), integer(&element));
            prop_assert_eq!(Integer::from(element.to_integer()), a);
        }

        #[test]
        fn the_inverse_multiplies_to_one(a in integers()) {
            let a = raw(&a);
            prop_assume!(!a.is_zero());
            prop_assert_eq!(a.invert().mul(&a), Element::ONE);
        }
    }
}
