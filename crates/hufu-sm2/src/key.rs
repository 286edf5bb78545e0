//! Keys and the equation of the signature.

use std::fmt;

use crate::error::{KeyError, VerifyError};
use crate::field::Element;
use crate::limbs;
use crate::point::{Affine, Jacobian, P_MULTIPLES, odd_multiples};
use crate::scalar::{N, Scalar};
use crate::table::{G_ODD, G_WINDOWS, Windows, odd_entry};

/// The window of a prepared key's table, 2^(6 - 1) entries a row: 43 rows, 86 KiB.
const HALF: usize = 32;

/// A public key that was checked to be a point of the curve.
///
/// It is small and made in a fraction of a microsecond: for a key seen once, such as a certification request's. For a
/// key that verifies more than about a dozen signatures see [`prepare`](Self::prepare).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey {
    point: Affine,
}

impl VerifyingKey {
    /// Reads a point in uncompressed form, 04 ‖ X ‖ Y with 32 octets each (GB/T 32918.1-2016 clause 4.2.8), and checks
    /// it as clause 6.2 there asks: not infinity, coordinates below p, on the curve. The curve has no smaller
    /// subgroup to fall into, since its cofactor is 1.
    ///
    /// # Errors
    /// [`KeyError`], by the first check that fails.
    pub fn from_point(point: &[u8; 65]) -> Result<Self, KeyError> {
        let [form, coordinates @ ..] = point;
        if *form != 4 {
            return Err(KeyError::Form(*form));
        }
        let coordinate = |octets: &[u8; 32]| Element::new(&limbs::from_be_bytes(octets)).ok_or(KeyError::Coordinate);
        let ([x, y], []) = coordinates.as_chunks::<32>() else { return Err(KeyError::Coordinate) };
        let point = Affine { x: coordinate(x)?, y: coordinate(y)? };
        if point.is_on_curve() { Ok(Self { point }) } else { Err(KeyError::OffCurve) }
    }

    /// The point in uncompressed form, 04 ‖ X ‖ Y.
    #[must_use]
    pub fn to_point(&self) -> [u8; 65] {
        let mut octets = [4; 65];
        let [_, coordinates @ ..] = &mut octets;
        for (coordinate, value) in coordinates.as_chunks_mut::<32>().0.iter_mut().zip([self.point.x, self.point.y]) {
            *coordinate = limbs::to_be_bytes(&value.to_integer());
        }
        octets
    }

    /// A table of multiples for this key, with which a verification takes about a quarter of the time. Making it costs
    /// about as much as nine verifications without it.
    #[must_use]
    pub fn prepare(&self) -> Prepared {
        Prepared { key: *self, windows: Windows::new(&self.point) }
    }

    /// Verifies a signature (GB/T 32918.2-2016 clause 7.1, steps B1, B2 and B5 to B7). All three are big-endian.
    ///
    /// * `e`: the digest SM3(ZA ‖ M) as the standard's e, any 256-bit number
    /// * `r`, `s`: the numbers of the signature
    ///
    /// # Errors
    /// [`VerifyError`], by the first check that fails.
    pub fn verify_digest(&self, e: &[u8; 32], r: &[u8; 32], s: &[u8; 32]) -> Result<(), VerifyError> {
        verify(e, r, s, |s, t| combine(&self.point, s, t))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(")?;
        self.to_point().iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

/// A public key with a table of its multiples, 86 KiB: for an authority's or an operator's key, which verifies often.
#[derive(Clone)]
pub struct Prepared {
    key: VerifyingKey,
    windows: Windows<HALF>,
}

impl Prepared {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Does what [`VerifyingKey::verify_digest`] does, faster.
    ///
    /// # Errors
    /// [`VerifyError`], by the first check that fails.
    pub fn verify_digest(&self, e: &[u8; 32], r: &[u8; 32], s: &[u8; 32]) -> Result<(), VerifyError> {
        verify(e, r, s, |s, t| self.combine(s, t))
    }

    /// \[s\]G + \[t\]P without doublings.
    fn combine(&self, s: &Scalar, t: &Scalar) -> Jacobian {
        let mut sum = Jacobian::INFINITY;
        G_WINDOWS.add_multiple(&mut sum, s);
        self.windows.add_multiple(&mut sum, t);
        sum
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The checks, in the standard's order; `combine` gives \[s\]G + \[t\]P.
fn verify(
    e: &[u8; 32],
    r: &[u8; 32],
    s: &[u8; 32],
    combine: impl FnOnce(&Scalar, &Scalar) -> Jacobian,
) -> Result<(), VerifyError> {
    let r = Scalar::in_range(r).ok_or(VerifyError::RangeOfR)?;
    let s = Scalar::in_range(s).ok_or(VerifyError::RangeOfS)?;
    let t = r.add(&s);
    if t.is_zero() {
        return Err(VerifyError::ZeroSum);
    }
    let sum = combine(&s, &t);
    if sum.is_infinity() {
        return Err(VerifyError::Infinity);
    }
    if has_x(&sum, &r.sub(&Scalar::reduced(e))) { Ok(()) } else { Err(VerifyError::Mismatch) }
}

/// Whether x of `point` is `residue` modulo n, for a point that is not infinity.
///
/// x is below p and p is below 2n, so that x is `residue` or `residue` + n, the latter only if that is below p. Either
/// is compared as X = x·Z², which saves the inversion of Z.
fn has_x(point: &Jacobian, residue: &Scalar) -> bool {
    let zz = point.z.square();
    let is = |x: &limbs::Limbs| Element::new(x).is_some_and(|x| x.mul(&zz) == point.x);
    if is(residue.integer()) {
        return true;
    }
    let (above, carry) = limbs::add(residue.integer(), &N);
    carry == 0 && is(&above)
}

/// \[s\]G + \[t\]P in one pass of doublings.
fn combine(p: &Affine, s: &Scalar, t: &Scalar) -> Jacobian {
    let multiples = odd_multiples::<P_MULTIPLES>(p).map(|multiple| multiple.to_addend());
    let (g, p) = (&*G_ODD, &multiples);
    let digits = (s.non_adjacent(g.len()), t.non_adjacent(p.len()));
    let mut sum = Jacobian::INFINITY;
    for (&of_g, &of_p) in digits.0.iter().zip(&digits.1).rev() {
        sum.double();
        if of_g != 0 {
            sum.add_affine(&odd_entry(g, of_g).negated_if(of_g < 0));
        }
        if of_p != 0 {
            sum.add(&odd_entry(p, of_p).negated_if(of_p < 0));
        }
    }
    sum
}

#[cfg(test)]
mod tests;
