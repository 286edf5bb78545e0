//! How many there are at each scale: the figures of the bulletin, made smaller without losing what they say.

use std::fmt;
use std::str::FromStr;

/// How large a population is, in thousandths of the real one: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scale(u32);

impl Scale {
    /// The real size.
    pub const FULL: Self = Self(1000);

    /// A scale from its thousandths; none unless there are 1 to 1000.
    #[must_use]
    pub fn from_thousandths(n: u32) -> Option<Self> {
        (1..=1000).contains(&n).then_some(Self(n))
    }

    /// Its thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// `n` at this scale, rounded to the nearest.
    fn of(self, n: u64) -> u64 {
        (n * u64::from(self.0) + 500) / 1000
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 1000 {
            return f.write_str("1");
        }
        f.write_str(format!("0.{:03}", self.0).trim_end_matches('0'))
    }
}

/// A text that is no scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleError(String);

impl fmt::Display for ScaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a scale: {}; write 0.001 to 1 with at most three decimals", self.0.escape_debug())
    }
}

impl std::error::Error for ScaleError {}

impl FromStr for Scale {
    type Err = ScaleError;

    fn from_str(text: &str) -> Result<Self, ScaleError> {
        let bad = || ScaleError(text.chars().take(40).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if !matches!(whole, "0" | "1") || part.len() > 3 || !digits(part) || (text.contains('.') && part.is_empty()) {
            return Err(bad());
        }
        let n: u32 = format!("{whole}{part:0<3}").parse().map_err(|_| bad())?;
        Self::from_thousandths(n).ok_or_else(bad)
    }
}

/// How many pairs of what there are until when, at some scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Issued in all by 2018-06-30.
    pub total: u64,
    /// Issued in all by 2017-06-30: "同比增长30%".
    pub total_before: u64,
    /// SM2 pairs issued by 2018-06-30.
    pub sm2: u64,
    /// SM2 pairs issued by 2017-06-30: "同比增长近7.6倍".
    pub sm2_before: u64,
    /// Issued from 2018-01-01 to 2018-06-30.
    pub half: u64,
    /// Of these, SM2 pairs.
    pub sm2_half: u64,
}

impl Targets {
    /// The figures at a scale.
    #[must_use]
    pub fn at(scale: Scale) -> Self {
        let total = scale.of(710_000);
        let total_before = (total * 10 + 6) / 13;
        let (sm2, sm2_before) = sm2(scale);
        // Of the year's issuing, six tenths fall into its second half, and seven tenths of its SM2 pairs: illustrative.
        let half = (total - total_before) * 6 / 10;
        let sm2_half = (sm2 - sm2_before) * 7 / 10;
        Self { total, total_before, sm2, sm2_before, half, sm2_half }
    }
}

/// The SM2 pairs of this year and of the year before. Small numbers do not divide well: of the two whole numbers about the
/// exact one, that is taken which grew by just under 7.6 times, and else the nearer one, against the nearest whole number a
/// year before.
fn sm2(scale: Scale) -> (u64, u64) {
    let exact = 60_256 * u64::from(scale.0);
    let nearest = (exact + 500) / 1000;
    let other = if exact % 1000 >= 500 { exact / 1000 } else { exact.div_ceil(1000) };
    // 7.55 to 7.6 times more: current / previous from 8.55 to 8.6.
    let just_under = |current: u64| {
        let previous = (current * 10).div_ceil(86);
        (current * 100 >= previous * 855).then_some((current, previous))
    };
    just_under(nearest).or_else(|| just_under(other)).unwrap_or((nearest, (nearest * 10 + 43) / 86))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scales_are_read_and_written_alike() {
        for (text, n) in [("0.001", 1), ("0.01", 10), ("0.1", 100), ("0.25", 250), ("1", 1000), ("0.999", 999)] {
            assert_eq!(text.parse::<Scale>().unwrap().thousandths(), n);
            assert_eq!(Scale::from_thousandths(n).unwrap().to_string(), text);
        }
        assert_eq!("1.000".parse(), Ok(Scale::FULL));
        for text in ["", "0", "0.0", "0.0001", "2", "1.001", "-1", "1e-3", ".5", "1.", "+1", "０.1", "0.000"] {
            let e = text.parse::<Scale>().unwrap_err();
            assert!(e.to_string().contains("0.001 to 1"), "{text}");
        }
        assert_eq!(Scale::from_thousandths(0), None);
    }

    #[test]
    fn the_figures_of_the_bulletin_stand_at_the_real_size() {
        let t = Targets::at(Scale::FULL);
        assert_eq!((t.total, t.total_before, t.sm2, t.sm2_before), (710_000, 546_154, 60_256, 7_007));
    }

    /// Rounded as people round, growth is 30 % and 7.6 times at every scale.
    #[test]
    fn at_every_scale_the_figures_grow_alike() {
        let mut under = 0;
        for n in 1..=1000 {
            let scale = Scale::from_thousandths(n).unwrap();
            let t = Targets::at(scale);
            assert_eq!(t.total, 710 * u64::from(n));
            let exact = 60_256 * u64::from(n);
            assert!((t.sm2 * 1000).abs_diff(exact) < 1000, "{scale}: {}", t.sm2);
            // 29.5 % to 30.5 %, 7.55 to 7.65 times, in whole numbers.
            let grown = (t.total - t.total_before) * 1000;
            assert!((295 * t.total_before..305 * t.total_before).contains(&grown), "{scale}");
            let grown = (t.sm2 - t.sm2_before) * 100;
            assert!((755 * t.sm2_before..765 * t.sm2_before).contains(&grown), "{scale}: {t:?}");
            under += u32::from((t.sm2 - t.sm2_before) * 10 <= 76 * t.sm2_before);
            assert!(t.half > t.sm2_half && t.sm2_half < t.sm2 - t.sm2_before && t.sm2_before < t.total_before);
        }
        assert!(under > 800, "{under}");
    }
}
