//! Points of the curve y² = x³ - 3x + b, and the additions that verification needs.
//!
//! Jacobian coordinates (X : Y : Z) with x = X / Z², y = Y / Z³, and Z = 0 at infinity. The front page of the crate
//! says which formulas these are and why no exceptional case is left.

use crate::field::Element;
use crate::limbs::Limbs;

/// The coefficient b (GB/T 32918.5-2017 clause 2).
const B: Element =
    constant([0xddbc_bd41_4d94_0e93, 0xf397_89f5_15ab_8f92, 0x4d5a_9e4b_cf65_09a7, 0x28e9_fa9e_9d9f_5e34]);

/// The generator G (GB/T 32918.5-2017 clause 2).
pub(crate) const GENERATOR: Affine = Affine {
    x: constant([0x715a_4589_334c_74c7, 0x8fe3_0bbf_f266_0be1, 0x5f99_0446_6a39_c994, 0x32c4_ae2c_1f19_8119]),
    y: constant([0x02df_32e5_2139_f0a0, 0xd0a9_877c_c62a_4740, 0x59bd_cee3_6b69_2153, 0xbc37_36a2_f4f6_779c]),
};

/// The element of a constant; a constant that is not below p becomes zero, which the tests would see.
const fn constant(integer: Limbs) -> Element {
    match Element::new(&integer) {
        Some(element) => element,
        None => Element::ZERO,
    }
}

/// A point that is not infinity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Affine {
    pub(crate) x: Element,
    pub(crate) y: Element,
}

impl Affine {
    /// Whether y² = x³ - 3x + b.
    pub(crate) fn is_on_curve(&self) -> bool {
        let three = Element::ONE.double().add(&Element::ONE);
        self.y.square() == self.x.square().sub(&three).mul(&self.x).add(&B)
    }

    /// The opposite point, or the point as it is.
    #[inline(always)]
    pub(crate) fn negated_if(&self, negate: bool) -> Self {
        Self { x: self.x, y: if negate { self.y.neg() } else { self.y } }
    }
}

/// Any point, in Jacobian coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jacobian {
    pub(crate) x: Element,
    pub(crate) y: Element,
    pub(crate) z: Element,
}

/// A point that is added several times, with the powers of its Z that each addition needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addend {
    point: Jacobian,
    zz: Element,
    zzz: Element,
}

impl Addend {
    /// The opposite point, or the point as it is.
    #[inline(always)]
    pub(crate) fn negated_if(&self, negate: bool) -> Self {
        let y = if negate { self.point.y.neg() } else { self.point.y };
        Self { point: Jacobian { y, ..self.point }, ..*self }
    }
}

impl Jacobian {
    pub(crate) const INFINITY: Self = Self { x: Element::ONE, y: Element::ONE, z: Element::ZERO };

    pub(crate) const fn from_affine(point: &Affine) -> Self {
        Self { x: point.x, y: point.y, z: Element::ONE }
    }

    pub(crate) fn to_addend(self) -> Addend {
        let zz = self.z.square();
        Addend { point: self, zz, zzz: zz.mul(&self.z) }
    }

    /// The point, of which Z is one.
    pub(crate) fn at_one(self) -> Affine {
        Affine { x: self.x, y: self.y }
    }

    pub(crate) fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// Adds the point to itself.
    ///
    /// X' = M² - 2S, Y' = M (S - X') - 8Y⁴, Z' = 2YZ with M = 3 (X - Z²)(X + Z²) and S = 4XY². With V = (2Y)², S is XV
    /// and 8Y⁴ is V² / 2.
    #[inline(never)]
    pub(crate) fn double(&mut self) {
        let y2 = self.y.double();
        let zz = self.z.square();
        let v = y2.square();
        self.z = self.z.mul(&y2);
        let m = self.x.add(&zz).mul(&self.x.sub(&zz));
        let m = m.double().add(&m);
        let s = self.x.mul(&v);
        self.x = m.square().sub(&s.double());
        self.y = m.mul(&s.sub(&self.x)).sub(&v.square().half());
    }

    /// Adds a point.
    #[inline(never)]
    pub(crate) fn add(&mut self, other: &Addend) {
        if self.is_infinity() {
            *self = other.point;
            return;
        }
        if other.point.is_infinity() {
            return;
        }
        let zz = self.z.square();
        let u1 = self.x.mul(&other.zz);
        let u2 = other.point.x.mul(&zz);
        let s1 = self.y.mul(&other.zzz);
        let s2 = other.point.y.mul(&zz.mul(&self.z));
        let (h, r) = (u2.sub(&u1), s2.sub(&s1));
        if h.is_zero() {
            return self.meet(&r);
        }
        self.z = self.z.mul(&other.point.z);
        self.chord(&u1, &s1, &h, &r);
    }

    /// Adds a point whose Z is one.
    #[inline(never)]
    pub(crate) fn add_affine(&mut self, other: &Affine) {
        if self.is_infinity() {
            *self = Self::from_affine(other);
            return;
        }
        let zz = self.z.square();
        let u2 = other.x.mul(&zz);
        let s2 = other.y.mul(&zz.mul(&self.z));
        let (h, r) = (u2.sub(&self.x), s2.sub(&self.y));
        if h.is_zero() {
            return self.meet(&r);
        }
        let (u1, s1) = (self.x, self.y);
        self.chord(&u1, &s1, &h, &r);
    }

    /// The sum with a point of the same x: the double if the ordinates do not differ, otherwise infinity.
    #[cold]
    fn meet(&mut self, difference: &Element) {
        if difference.is_zero() { self.double() } else { *self = Self::INFINITY }
    }

    /// The sum of points with x = U1 and U1 + H and y = S1 and S1 + R over a common Z, which Z is here, H not zero:
    /// X' = R² - H³ - 2U1·H², Y' = R (U1·H² - X') - S1·H³, Z' = ZH.
    #[inline(always)]
    fn chord(&mut self, u1: &Element, s1: &Element, h: &Element, r: &Element) {
        self.z = self.z.mul(h);
        let hh = h.square();
        let hhh = hh.mul(h);
        let v = u1.mul(&hh);
        self.x = r.square().sub(&hhh).sub(&v.double());
        self.y = r.mul(&v.sub(&self.x)).sub(&s1.mul(&hhh));
    }
}

/// How many odd multiples of a key one pass of doublings uses: 1 to 15. With twice as many, making them would cost what
/// the longer digits save.
pub(crate) const P_MULTIPLES: usize = 8;

/// The odd multiples 1, 3, 5 … of a point.
pub(crate) fn odd_multiples<const COUNT: usize>(point: &Affine) -> [Jacobian; COUNT] {
    let mut multiple = Jacobian::from_affine(point);
    let mut twice = multiple;
    twice.double();
    let twice = twice.to_addend();
    std::array::from_fn(|i| {
        if i > 0 {
            multiple.add(&twice);
        }
        multiple
    })
}

/// Brings points to Z = 1 with a single inversion (Montgomery's trick). None may be infinity.
pub(crate) fn normalise(points: &mut [Jacobian]) {
    let mut product = Element::ONE;
    let multiplied = |point: &Jacobian| {
        let before = product;
        product = before.mul(&point.z);
        before
    };
    let products_before: Vec<Element> = points.iter().map(multiplied).collect();
    let mut inverse = product.invert();
    for (point, before) in points.iter_mut().zip(&products_before).rev() {
        let z = inverse.mul(before);
        inverse = inverse.mul(&point.z);
        let zz = z.square();
        *point = Jacobian { x: point.x.mul(&zz), y: point.y.mul(&zz.mul(&z)), z: Element::ONE };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::scalar::N;

    fn affine(mut point: Jacobian) -> Option<Affine> {
        if point.is_infinity() {
            return None;
        }
        normalise(std::slice::from_mut(&mut point));
        Some(point.at_one())
    }

    /// [number]G from the most significant bit down.
    fn multiple(number: &[u64; 4]) -> Jacobian {
        let mut sum = Jacobian::INFINITY;
        for bit in (0..256).rev() {
            sum.double();
            if (number[bit / 64] >> (bit % 64)) & 1 == 1 {
                sum.add_affine(&GENERATOR);
            }
        }
        sum
    }

    #[test]
    fn the_generator_is_on_the_curve_and_of_order_n() {
        assert!(GENERATOR.is_on_curve());
        assert!(!Affine { x: GENERATOR.y, y: GENERATOR.x }.is_on_curve());
        assert!(multiple(&N).is_infinity());
        let before = [N[0] - 1, N[1], N[2], N[3]];
        assert_eq!(affine(multiple(&before)), Some(GENERATOR.negated_if(true)));
    }

    #[test]
    fn infinity_is_neutral_and_its_own_double() {
        let g = Jacobian::from_affine(&GENERATOR);
        let mut sum = Jacobian::INFINITY;
        sum.double();
        assert!(sum.is_infinity());
        sum.add(&Jacobian::INFINITY.to_addend());
        assert!(sum.is_infinity());
        sum.add(&g.to_addend());
        assert_eq!(affine(sum), Some(GENERATOR));
        sum.add(&Jacobian::INFINITY.to_addend());
        assert_eq!(affine(sum), Some(GENERATOR));
        let mut sum = Jacobian::INFINITY;
        sum.add_affine(&GENERATOR);
        assert_eq!(affine(sum), Some(GENERATOR));
    }

    /// Sums of small multiples meet in every way: equal, opposite, infinity.
    #[test]
    fn additions_are_complete() {
        let multiples: Vec<Jacobian> = (0..24).map(|i| multiple(&[i, 0, 0, 0])).collect();
        let expected: Vec<Option<Affine>> = multiples.iter().map(|point| affine(*point)).collect();
        let signed = |i: i64| expected.get(i.unsigned_abs() as usize).unwrap().map(|point| point.negated_if(i < 0));
        for i in -11..=11_i64 {
            // A Z other than one, since 2i - i is i.
            let mut left = signed(2 * i).map_or(Jacobian::INFINITY, |point| Jacobian::from_affine(&point));
            left.add(&multiples.get(i.unsigned_abs() as usize).unwrap().to_addend().negated_if(i > 0));
            assert_eq!(affine(left), signed(i));
            for j in -11..=11_i64 {
                let right = multiples.get(j.unsigned_abs() as usize).unwrap().to_addend().negated_if(j < 0);
                let mut sum = left;
                sum.add(&right);
                assert_eq!(affine(sum), signed(i + j), "{i} + {j}");
                if let Some(right) = signed(j) {
                    let mut sum = left;
                    sum.add_affine(&right);
                    assert_eq!(affine(sum), signed(i + j), "{i} + {j}, affine");
                }
            }
            let mut twice = left;
            twice.double();
            assert_eq!(affine(twice), signed(2 * i));
        }
    }

    #[test]
    fn odd_multiples_are_odd_multiples() {
        let odd = odd_multiples::<8>(&GENERATOR);
        for (point, number) in odd.iter().zip((1..).step_by(2)) {
            assert_eq!(affine(*point), affine(multiple(&[number, 0, 0, 0])));
        }
    }

    #[test]
    fn points_are_normalised_together_as_alone() {
        let mut points: Vec<Jacobian> = (1..9).map(|i| multiple(&[i * 0x1234_5678_9abc, i, 0, i])).collect();
        let alone: Vec<Option<Affine>> = points.iter().map(|point| affine(*point)).collect();
        normalise(&mut points);
        assert!(points.iter().all(|point| point.z == Element::ONE && point.at_one().is_on_curve()));
        let together: Vec<Option<Affine>> = points.iter().map(|point| Some(point.at_one())).collect();
        assert_eq!(together, alone);
        normalise(&mut []);
    }
}
