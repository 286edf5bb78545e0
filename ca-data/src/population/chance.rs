//! Numbers that look random and follow from a seed (SplitMix64). Nothing secret comes from here.

/// One sequence of such numbers.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The sequence of `seed` that is named by these numbers.
    pub(super) fn new(seed: u64, names: &[u64]) -> Self {
        names.iter().fold(Self(seed), |chance, name| Self(mix(chance.0 ^ mix(name.wrapping_add(GOLDEN)))))
    }

    /// The next number below `bound`; 0 when that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let wide = u128::from(mix(self.0)) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// True `part` times in `whole`.
    pub(super) fn one_of(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// One of the values, as often as its weight says; the first one where there is no weight.
    pub(super) fn pick<T: Copy>(&mut self, from: &[(u64, T)], otherwise: T) -> T {
        let mut at = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in from {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *value,
            }
        }
        otherwise
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the published reference implementation for the seed 1234567, whole ones.
    #[test]
    fn it_is_splitmix64() {
        let mut chance = Chance(1_234_567);
        let mut next = || {
            chance.0 = chance.0.wrapping_add(GOLDEN);
            mix(chance.0)
        };
        assert_eq!(
            [next(), next(), next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn sequences_of_other_names_and_seeds_differ_and_each_is_repeated() {
        let draw = |seed, names: &[u64]| {
            let mut chance = Chance::new(seed, names);
            (0..8).map(|_| chance.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
        assert_ne!(draw(1, &[2, 3]), draw(2, &[2, 3]));
        let mut chance = Chance::new(1, &[]);
        assert_eq!(chance.below(0), 0);
        let heads = (0..10_000).filter(|_| chance.one_of(1, 4)).count();
        assert!((2_300..2_700).contains(&heads), "{heads}");
        let picked = (0..1000).filter(|_| chance.pick(&[(1, 'a'), (0, 'b'), (3, 'c')], 'x') == 'b').count();
        assert_eq!(picked, 0);
    }
}
