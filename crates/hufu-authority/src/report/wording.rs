//! A value against an earlier one (同比、环比), and how it is said.

use hufu_data::{Lang, render};

/// A value against an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// The earlier value.
    pub previous: u64,
    /// The present value.
    pub current: u64,
}

/// Whether a rounded figure is more or less than the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hedge {
    /// It is the figure.
    Exactly,
    /// The figure is below it by less than 1 % of it (近).
    Nearly,
    /// The figure is above it (超过).
    Over,
    /// The figure is smaller than the smallest that is said (不足).
    Under,
}

impl Growth {
    /// The present value against an earlier one; what is below nothing counts as nothing.
    pub(super) fn of(previous: i64, current: i64) -> Self {
        Self { previous: previous.max(0).unsigned_abs(), current: current.max(0).unsigned_abs() }
    }

    /// Present minus earlier.
    #[must_use]
    pub fn difference(&self) -> i64 {
        i64::try_from(self.current).unwrap_or(i64::MAX) - i64::try_from(self.previous).unwrap_or(i64::MAX)
    }

    /// The growth as a fraction of the earlier value in ten-thousandths, rounded half away from zero; none when there
    /// was nothing before.
    #[must_use]
    pub fn per_ten_thousand(&self) -> Option<i64> {
        let previous = i128::from(self.previous);
        if previous == 0 {
            return None;
        }
        let difference = i128::from(self.current) - previous;
        let doubled = difference * 20_000;
        let rounded = (doubled + doubled.signum() * previous) / (2 * previous);
        i64::try_from(rounded).ok()
    }

    /// As text: `30.0%`, from twofold up `7.6x` (7.6倍: the present is 8.6 times the earlier), `—` when there was nothing
    /// before.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(parts) = self.per_ten_thousand() else { return "—".to_owned() };
        let tenths = |per: i64, scale: i64| {
            let rounded = (per.abs() * 10 * 2 + scale) / (2 * scale);
            format!("{}{}.{}", if per < 0 { "-" } else { "" }, rounded / 10, rounded % 10)
        };
        if parts >= 10_000 { format!("{}x", tenths(parts, 10_000)) } else { format!("{}%", tenths(parts, 100)) }
    }

    /// In words, as the bulletin has it: 增长近7.6倍, 增长30%, 下降超过12%, 持平; `—` when there was nothing before.
    ///
    /// Below 10 % the figure is said in tenths of a percent, below 100 % in percent, from there on in tenths of 倍. It is
    /// rounded to the nearest such step. Where the rounded figure is the greater one, it is 近 when less than 1 % of it is
    /// missing, else 超过 with the step below; where the rounded figure is the smaller one, 超过; neither when both agree
    /// to a ten-thousandth of the earlier value.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let Some(parts) = self.per_ten_thousand() else { return "—".to_owned() };
        if self.difference() == 0 {
            return render(lang, "growth-none", &[]);
        }
        let size = parts.abs();
        // What is gone is never said in 倍.
        let step = match size {
            ..1_000 => 10,
            10_000.. if parts > 0 => 1_000,
            _ => 100,
        };
        let (hedge, said) = hedged(size, step);
        let amount = match said {
            10_000 if parts > 0 => render(lang, "growth-once", &[]),
            10_000.. if parts > 0 => render(lang, "growth-times", &[("figure", &decimal(said, 10_000))]),
            _ => render(lang, "growth-percent", &[("figure", &decimal(said, 100))]),
        };
        let amount = render(lang, hedge.key(), &[("figure", &amount)]);
        let way = if self.difference() > 0 { "growth-more" } else { "growth-less" };
        render(lang, way, &[("amount", &amount)])
    }
}

/// Ten-thousandths in units of `scale` of them, with the one decimal that a step has, or none.
fn decimal(parts: i64, scale: i64) -> String {
    match parts % scale * 10 / scale {
        0 => (parts / scale).to_string(),
        tenth => format!("{}.{tenth}", parts / scale),
    }
}

/// A count in words: from ten thousand times ten on in whole 万, below that as it is.
pub(super) fn count_words(lang: Lang, count: u64) -> String {
    let Ok(count) = i64::try_from(count) else { return count.to_string() };
    if count < 100_000 {
        return grouped(count);
    }
    let (hedge, said) = hedged(count, 10_000);
    let figure = match lang {
        Lang::Zh => format!("{}万", said / 10_000),
        Lang::En => grouped(said),
    };
    render(lang, hedge.key(), &[("figure", &figure)])
}

/// A number with commas between its thousands.
pub(super) fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::from(if count < 0 { "-" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Hedge {
    const fn key(self) -> &'static str {
        match self {
            Self::Exactly => "hedge-exactly",
            Self::Nearly => "hedge-nearly",
            Self::Over => "hedge-over",
            Self::Under => "hedge-under",
        }
    }
}

/// The step that is said for a figure, and how it stands to it.
fn hedged(figure: i64, step: i64) -> (Hedge, i64) {
    let down = figure - figure % step;
    if figure < step {
        return (Hedge::Under, step);
    }
    if figure == down {
        return (Hedge::Exactly, figure);
    }
    let up = down + step;
    let rounds_up = (figure - down) * 2 >= step;
    if rounds_up && (up - figure) * 100 < up { (Hedge::Nearly, up) } else { (Hedge::Over, down) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(previous: u64, current: u64) -> Growth {
        Growth { previous, current }
    }

    #[test]
    fn growth_in_figures() {
        assert_eq!(growth(546_150, 710_000).text(), "30.0%");
        assert_eq!(growth(7_007, 60_256).text(), "7.6x");
        assert_eq!(growth(0, 5).text(), "—");
        assert_eq!(growth(10, 5).text(), "-50.0%");
        assert_eq!(growth(10, 10).text(), "0.0%");
        assert_eq!(growth(10, 20).text(), "1.0x");
        assert_eq!(growth(3, 4).per_ten_thousand(), Some(3333));
        assert_eq!(growth(3, 5).per_ten_thousand(), Some(6667));
        assert_eq!(growth(u64::MAX, 0).per_ten_thousand(), Some(-10_000));
    }

    #[test]
    fn growth_is_worded_as_the_bulletin_words_it() {
        let table = [
            // The bulletin: 60,256 is 8.5994 times 7,007.
            (7_007, 60_256, "增长近7.6倍", "up nearly 7.6 times"),
            (546_150, 710_000, "增长30%", "up 30%"),
            // 7.6006 times more is over 7.6.
            (7_006, 60_256, "增长超过7.6倍", "up over 7.6 times"),
            (1_000, 8_600, "增长7.6倍", "up 7.6 times"),
            (10, 20, "增长1倍", "up 100%"),
            (10, 30, "增长2倍", "up 2 times"),
            (1_000, 1_999, "增长近1倍", "up nearly 100%"),
            (1_000, 2_001, "增长超过1倍", "up over 100%"),
            // Nearly: less than 1 % of 30 % is missing, 29.7 % is exactly 1 % off and is not.
            (10_000, 12_971, "增长近30%", "up nearly 30%"),
            (10_000, 12_970, "增长超过29%", "up over 29%"),
            (10_000, 12_949, "增长超过29%", "up over 29%"),
            (10_000, 13_001, "增长超过30%", "up over 30%"),
            // Ten-thousandths are the finest: 163,850 of 546,150 is 30.0009 %.
            (1_000_000, 1_300_009, "增长30%", "up 30%"),
            (1_000, 1_012, "增长1.2%", "up 1.2%"),
            (10_000, 10_003, "增长不足0.1%", "up less than 0.1%"),
            (1_000_000, 1_000_001, "增长不足0.1%", "up less than 0.1%"),
            (10, 10, "持平", "unchanged"),
            (10, 5, "下降50%", "down 50%"),
            (10_000, 8_799, "下降超过12%", "down over 12%"),
            (10, 0, "下降100%", "down 100%"),
            (0, 5, "—", "—"),
            (0, 0, "—", "—"),
        ];
        for (previous, current, zh, en) in table {
            let growth = growth(previous, current);
            assert_eq!((growth.words(Lang::Zh).as_str(), growth.words(Lang::En).as_str()), (zh, en), "{growth:?}");
        }
    }

    #[test]
    fn great_counts_are_said_in_tens_of_thousands() {
        let table = [
            (60_256, "60,256", "60,256"),
            (710_000, "71万", "710,000"),
            (710_001, "超过71万", "over 710,000"),
            (714_000, "超过71万", "over 710,000"),
            (715_000, "近72万", "nearly 720,000"),
            (99_999, "99,999", "99,999"),
            (106_000, "超过10万", "over 100,000"),
            (1_234_567, "超过123万", "over 1,230,000"),
        ];
        for (count, zh, en) in table {
            assert_eq!(
                (count_words(Lang::Zh, count).as_str(), count_words(Lang::En, count).as_str()),
                (zh, en),
                "{count}"
            );
        }
    }
}
