//! 256-bit integers as four 64-bit limbs, least significant first: what the field and the scalars are both made of.

/// A 256-bit unsigned integer, least significant limb first.
pub(crate) type Limbs = [u64; 4];

/// `a + b + carry` as the low limb and the carry out.
#[inline(always)]
pub(crate) const fn adc(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(carry as u64);
    (sum, first | second)
}

/// `a - b - borrow` as the low limb and the borrow out.
#[inline(always)]
pub(crate) const fn sbb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow as u64);
    (difference, first | second)
}

/// `a * b` as the low limb and the high limb.
#[inline(always)]
pub(crate) const fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = (a as u128) * (b as u128);
    (product as u64, (product >> 64) as u64)
}

/// [`adc`] with the carry as a limb, zero or one: the compiler then keeps the last step of a chain in the chain.
#[inline(always)]
pub(crate) const fn adc_wide(a: u64, b: u64, carry: bool) -> (u64, u64) {
    let sum = (a as u128) + (b as u128) + (carry as u128);
    (sum as u64, (sum >> 64) as u64)
}

/// [`sbb`] with the borrow as a mask: all ones after a borrow, otherwise zero.
#[inline(always)]
pub(crate) const fn sbb_wide(a: u64, b: u64, borrow: bool) -> (u64, u64) {
    let difference = (a as u128).wrapping_sub(b as u128).wrapping_sub(borrow as u128);
    (difference as u64, (difference >> 64) as u64)
}

/// `a + b` modulo 2^256 and the carry out, zero or one.
#[inline(always)]
pub(crate) const fn add(a: &Limbs, b: &Limbs) -> (Limbs, u64) {
    let (r0, c) = adc(a[0], b[0], false);
    let (r1, c) = adc(a[1], b[1], c);
    let (r2, c) = adc(a[2], b[2], c);
    let (r3, carry) = adc_wide(a[3], b[3], c);
    ([r0, r1, r2, r3], carry)
}

/// `a - b` modulo 2^256 and the borrow out as a mask: all ones when `a < b`, otherwise zero.
#[inline(always)]
pub(crate) const fn sub(a: &Limbs, b: &Limbs) -> (Limbs, u64) {
    let (r0, c) = sbb(a[0], b[0], false);
    let (r1, c) = sbb(a[1], b[1], c);
    let (r2, c) = sbb(a[2], b[2], c);
    let (r3, mask) = sbb_wide(a[3], b[3], c);
    ([r0, r1, r2, r3], mask)
}

/// Whether `a < b`.
#[inline(always)]
pub(crate) const fn less(a: &Limbs, b: &Limbs) -> bool {
    sub(a, b).1 != 0
}

/// Whether every bit is zero.
#[inline(always)]
pub(crate) const fn is_zero(a: &Limbs) -> bool {
    (a[0] | a[1] | a[2] | a[3]) == 0
}

/// Reads a big-endian integer.
pub(crate) fn from_be_bytes(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    for (limb, octets) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*octets);
    }
    limbs
}

/// Writes a big-endian integer.
pub(crate) fn to_be_bytes(limbs: &Limbs) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (octets, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(limbs.iter().rev()) {
        *octets = limb.to_be_bytes();
    }
    bytes
}
