//! GF(256) with the polynomial x^8 + x^4 + x^3 + x + 1 (FIPS 197 §4.2), in constant time: no table is indexed and no
//! branch taken by a value, so that neither the cache nor the clock says anything about a share.

/// The product.
pub(crate) const fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut product) = (a, 0);
    let mut bit = 0;
    while bit < 8 {
        // All ones when the bit of `b` is set, else none.
        product ^= a & (b >> bit & 1).wrapping_neg();
        a = a << 1 ^ 0x1b & (a >> 7).wrapping_neg();
        bit += 1;
    }
    product
}

/// The inverse, a^254; 0 for 0.
pub(crate) const fn inverse(a: u8) -> u8 {
    let (mut square, mut product) = (a, 1);
    let mut power = 0;
    while power < 7 {
        square = mul(square, square);
        product = mul(product, square);
        power += 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplication as the definition has it: carry-less, then reduced.
    fn slowly(a: u8, b: u8) -> u8 {
        let mut product = (0..8).filter(|bit| b >> bit & 1 == 1).fold(0u16, |sum, bit| sum ^ u16::from(a) << bit);
        for bit in (8..15).rev().filter(|bit| *bit >= 8) {
            if product >> bit & 1 == 1 {
                product ^= 0x11b << (bit - 8);
            }
        }
        u8::try_from(product).unwrap_or(0)
    }

    #[test]
    fn every_product_and_every_inverse() {
        // FIPS 197 §4.2.
        assert_eq!((mul(0x57, 0x83), mul(0x57, 0x13)), (0xc1, 0xfe));
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(mul(a, b), slowly(a, b), "{a} {b}");
            }
            assert_eq!(mul(a, inverse(a)), u8::from(a != 0), "{a}");
        }
        assert_eq!(inverse(0), 0);
    }
}
