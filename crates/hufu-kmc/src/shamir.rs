//! Splits 32 octets into shares of which a number is needed (A. Shamir, How to Share a Secret, 1979).
//!
//! Each octet is the value at 0 of a polynomial over GF(256) whose other coefficients are random; a share is the values
//! at its number. With fewer shares than needed every secret is equally likely: they say nothing at all.

use hufu_model::entropy::Entropy;
use zeroize::Zeroizing;

use crate::error::{ErrorKind, Result};
use crate::field::{inverse, mul};

/// How many octets are split.
pub(crate) const LENGTH: usize = 32;

/// The most shares.
pub(crate) const MOST: u8 = 16;

/// The values of one share.
pub(crate) type Values = Zeroizing<[u8; LENGTH]>;

/// Splits `secret` into `shares` shares of which `threshold` are needed: share number n is the n-th of them, from 1.
///
/// # Errors
/// `kmc.split` unless 2 <= threshold <= shares <= 16; `entropy.failed`.
pub(crate) fn split(secret: &[u8; LENGTH], threshold: u8, shares: u8, entropy: &dyn Entropy) -> Result<Vec<Values>> {
    if !(2..=shares).contains(&threshold) || shares > MOST {
        return Err(ErrorKind::Split { threshold, shares }.into());
    }
    let mut polynomials: Vec<Values> = vec![Zeroizing::new(*secret)];
    for _ in 1..threshold {
        let mut coefficients = Zeroizing::new([0; LENGTH]);
        entropy.fill(&mut *coefficients)?;
        polynomials.push(coefficients);
    }
    Ok((1..=shares).map(|number| evaluate(&polynomials, number)).collect())
}

/// The polynomials' values at `x`, highest coefficient first (Horner).
fn evaluate(polynomials: &[Values], x: u8) -> Values {
    let mut values = Zeroizing::new([0; LENGTH]);
    for coefficients in polynomials.iter().rev() {
        for (value, coefficient) in values.iter_mut().zip(coefficients.iter()) {
            *value = mul(*value, x) ^ coefficient;
        }
    }
    values
}

/// The secret of which `shares` (number and values) are enough shares. Whether they are enough, and the right ones,
/// cannot be seen from them: who calls this compares what comes out with what is known about the secret.
///
/// # Errors
/// `kmc.share-twice` when a number comes twice; `kmc.share-form` for number 0; `kmc.shares-few` without any.
pub(crate) fn combine(shares: &[(u8, &Values)]) -> Result<Values> {
    if shares.is_empty() {
        return Err(ErrorKind::SharesFew { have: 0, need: 2 }.into());
    }
    // The value at 0 of the polynomials that the shares determine (Lagrange). Numbers are public, values are not.
    let mut values = Zeroizing::new([0; LENGTH]);
    for (place, (number, share)) in shares.iter().enumerate() {
        if *number == 0 {
            return Err(ErrorKind::ShareForm { what: "its number is 0".to_owned() }.into());
        }
        let mut weight = 1;
        for (_, (other, _)) in shares.iter().enumerate().filter(|(n, _)| *n != place) {
            if other == number {
                return Err(ErrorKind::ShareTwice { number: *number, custodian: String::new() }.into());
            }
            weight = mul(weight, mul(*other, inverse(number ^ other)));
        }
        for (value, share) in values.iter_mut().zip(share.iter()) {
            *value ^= mul(*share, weight);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;

    use hufu_model::entropy::EntropyError;
    use proptest::prelude::*;

    use super::*;
    use crate::sample::Chance;

    fn chosen(shares: &[Values], subset: u32) -> Vec<(u8, &Values)> {
        (1..).zip(shares).filter(|(number, _)| subset >> (number - 1) & 1 == 1).collect()
    }

    /// K1: of all 32 subsets of five shares 16 give the secret and 16 do not.
    #[test]
    fn all_subsets_of_five() {
        let secret = [0x5a; LENGTH];
        let shares = split(&secret, 3, 5, &Chance::new(1)).unwrap();
        let (mut opened, mut closed) = (0, 0);
        for subset in 0..32u32 {
            let found = combine(&chosen(&shares, subset));
            if subset.count_ones() >= 3 {
                assert_eq!(*found.unwrap(), secret, "{subset:05b}");
                opened += 1;
            } else {
                assert!(found.map_or(true, |found| *found != secret), "{subset:05b}");
                closed += 1;
            }
        }
        assert_eq!((opened, closed), (16, 16));
    }

    /// Coefficients that are counted through instead of drawn.
    struct Counted([u8; 2]);

    impl Entropy for Counted {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            // The first fill gives the coefficients of x, the second those of x²: told apart by the second octet.
            buffer.fill(0);
            let place = usize::from(NEXT.with(|next| next.replace(!next.get())));
            buffer[0] = self.0[place];
            Ok(())
        }
    }

    thread_local! {
        static NEXT: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    /// Fewer shares than needed say nothing: whatever the secret, two shares take each of their 65,536 pairs of values
    /// exactly once over all polynomials, and one share each of its 256 values equally often. For every pair of shares.
    #[test]
    fn two_shares_of_three_say_nothing() {
        for secret in [0x00, 0x01, 0xa7] {
            let secret: [u8; LENGTH] = std::array::from_fn(|n| if n == 0 { secret } else { 0 });
            let mut seen = vec![BTreeSet::new(); 25];
            for coefficients in 0..=u16::MAX {
                let shares = split(&secret, 3, 5, &Counted(coefficients.to_be_bytes())).unwrap();
                for a in 0..5 {
                    for b in a + 1..5 {
                        seen[a * 5 + b].insert((shares[a][0], shares[b][0]));
                    }
                }
            }
            for a in 0..5 {
                for b in a + 1..5 {
                    assert_eq!(seen[a * 5 + b].len(), 65_536, "shares {} and {}", a + 1, b + 1);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_split_or_combined() {
        let chance = Chance::new(2);
        let code = |result: Result<_>| result.map(|_: Vec<Values>| ()).map_err(|e| e.kind().code());
        for (threshold, shares) in [(0, 5), (1, 5), (6, 5), (3, 0), (3, 17)] {
            assert_eq!(code(split(&[1; LENGTH], threshold, shares, &chance)), Err("kmc.split"), "{threshold} {shares}");
        }
        let shares = split(&[1; LENGTH], 2, 2, &chance).unwrap();
        let code = |shares: &[(u8, &Values)]| combine(shares).map(|_| ()).map_err(|e| e.kind().code());
        assert_eq!(code(&[]), Err("kmc.shares-few"));
        assert_eq!(code(&[(1, &shares[0]), (1, &shares[0])]), Err("kmc.share-twice"));
        assert_eq!(code(&[(0, &shares[0]), (1, &shares[0])]), Err("kmc.share-form"));
        assert_eq!(code(&[(1, &shares[0]), (2, &shares[1])]), Ok(()));
    }

    proptest! {
        #[test]
        fn enough_shares_in_any_order_give_the_secret(
            secret: [u8; LENGTH], shares in 2..=MOST, threshold in 2..=MOST, seed: u64, order in any::<u64>(),
        ) {
            prop_assume!(threshold <= shares);
            let values = split(&secret, threshold, shares, &Chance::new(seed)).unwrap();
            let mut all: Vec<_> = (1..).zip(&values).collect();
            let mut turn = order;
            for n in (1..all.len()).rev() {
                all.swap(n, usize::try_from(turn % (n as u64 + 1)).unwrap());
                turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            }
            all.truncate(usize::from(threshold));
            prop_assert_eq!(&*combine(&all).unwrap(), &secret);
            all.truncate(usize::from(threshold) - 1);
            prop_assert_ne!(&*combine(&all).unwrap(), &secret);
        }
    }
}
