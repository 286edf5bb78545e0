//! Tables of multiples: of the generator, made once in a process, and of a prepared key.

use std::sync::LazyLock;

use crate::point::{Affine, GENERATOR, Jacobian, normalise, odd_multiples};
use crate::scalar::Scalar;

/// The odd multiples G, 3G, … 511G for one pass of doublings: 16 KiB.
pub(crate) static G_ODD: LazyLock<[Affine; 256]> = LazyLock::new(|| {
    let mut multiples = odd_multiples(&GENERATOR);
    normalise(&mut multiples);
    multiples.map(|multiple| multiple.at_one())
});

/// The multiples of G for sums without doublings: 33 rows of 128, 264 KiB.
pub(crate) static G_WINDOWS: LazyLock<Windows<128>> = LazyLock::new(|| Windows::new(&GENERATOR));

/// The entry for an odd digit in a table of the odd multiples 1, 3, 5 …; the sign is the caller's.
///
/// `COUNT` is a power of two and the digit is below 2·COUNT in magnitude (as [`Scalar::non_adjacent`] makes it), so
/// that the mask changes nothing; it shows that no index can fail.
#[inline(always)]
pub(crate) fn odd_entry<T, const COUNT: usize>(multiples: &[T; COUNT], digit: i16) -> &T {
    &multiples[usize::from(digit.unsigned_abs() / 2) & (COUNT - 1)]
}

/// The multiples 1 to HALF of 2^(w·j)·P for every j: w = log2(HALF) + 1 bits of a scalar choose one entry of a row,
/// since a negative digit needs no entry of its own. HALF is a power of two.
#[derive(Clone)]
pub(crate) struct Windows<const HALF: usize> {
    rows: Vec<[Affine; HALF]>,
}

impl<const HALF: usize> Windows<HALF> {
    /// w.
    const WIDTH: u32 = HALF.ilog2() + 1;
    /// One more than fit into 256 bits, for the last carry.
    const ROWS: usize = 256 / Self::WIDTH as usize + 1;

    /// The table of `point`, which is on the curve.
    pub(crate) fn new(point: &Affine) -> Self {
        let mut base = Jacobian::from_affine(point);
        let mut row = || {
            let step = base.to_addend();
            let multiples: [Jacobian; HALF] = std::array::from_fn(|i| {
                if i > 0 {
                    base.add(&step);
                }
                base
            });
            // HALF times the base, doubled: the base of the next row.
            base.double();
            multiples
        };
        let mut rows: Vec<[Jacobian; HALF]> = (0..Self::ROWS).map(|_| row()).collect();
        normalise(rows.as_flattened_mut());
        Self { rows: rows.into_iter().map(|row| row.map(|multiple| multiple.at_one())).collect() }
    }

    /// Adds `scalar` times the table's point to `sum`.
    #[inline(always)]
    pub(crate) fn add_multiple(&self, sum: &mut Jacobian, scalar: &Scalar) {
        for (row, digit) in self.rows.iter().zip(scalar.windows(Self::WIDTH)) {
            if digit != 0 {
                // From 1 to HALF, so that the mask changes nothing; it shows that no index can fail.
                let index = (digit.unsigned_abs() as usize - 1) & (HALF - 1);
                sum.add_affine(&row[index].negated_if(digit < 0));
            }
        }
    }
}
