//! Days on which offices work, and the days on which pairs are issued.

use std::sync::LazyLock;

use hufu_model::time::{Day, Instant};

/// A period of whole days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

impl Period {
    /// The part of it that lies in `other`; none when they have no day in common.
    #[must_use]
    pub fn within(self, other: Self) -> Option<Self> {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> u64 {
        u64::try_from(self.last.number() - self.first.number() + 1).unwrap_or_default()
    }

    /// Whether the day lies in it.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Whether offices work: from Monday to Friday. Public holidays are not in the program.
#[must_use]
pub(super) fn is_working(day: Day) -> bool {
    // Day 0, 1970-01-01, was a Thursday.
    (day.number() + 3).rem_euclid(7) < 5
}

/// The working day at or, within the period, before `day`; the first day of the period when there is none.
pub(super) fn working(day: Day, period: Period) -> Day {
    let back = (0..7).map(|n| Day::from_number(day.number() - n)).find(|d| is_working(*d) && period.contains(*d));
    let on = || (0..7).map(|n| Day::from_number(day.number() + n)).find(|d| is_working(*d) && period.contains(*d));
    back.or_else(on).unwrap_or(period.first)
}

/// The days on which the offices come to have pairs issued: the first working day from the 5th, the 15th and the 25th of
/// each month on.
static ISSUING: LazyLock<Vec<Day>> = LazyLock::new(|| {
    let days = (super::PAIRS.first.number()..=super::PAIRS.last.number()).map(Day::from_number);
    days.filter(|day| {
        let date = |back: i64| Day::from_number(day.number() - back).to_string();
        let starts = |back| ["-05", "-15", "-25"].iter().any(|end| date(back).ends_with(end));
        // On the day itself, or on Monday for a Saturday or Sunday before.
        let monday = (day.number() + 3).rem_euclid(7) == 0;
        is_working(*day) && (starts(0) || (monday && (starts(1) || starts(2))))
    })
    .collect()
});

/// Those of them that lie in a period.
pub(super) fn issuing_days(period: Period) -> Vec<Day> {
    ISSUING.iter().copied().filter(|day| period.contains(*day)).collect()
}

/// An instant of the day: `seconds` after midnight of UTC+08:00.
pub(super) fn at(day: Day, seconds: u64) -> Instant {
    day.first_instant().plus_seconds(i64::try_from(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn offices_rest_at_weekends() {
        // 2018-06-30 was a Saturday.
        assert!(is_working(day("2018-06-29")) && !is_working(day("2018-06-30")) && !is_working(day("2018-07-01")));
        assert!(is_working(day("2018-07-02")) && is_working(day("1970-01-01")) && is_working(day("1969-12-31")));
        let june = Period { first: day("2018-06-01"), last: day("2018-06-30") };
        assert_eq!(working(day("2018-06-30"), june), day("2018-06-29"));
        assert_eq!(working(day("2018-06-02"), june), day("2018-06-01"));
        let from_saturday = Period { first: day("2018-06-02"), ..june };
        assert_eq!(working(day("2018-06-02"), from_saturday), day("2018-06-04"));
    }

    #[test]
    fn three_issuing_days_a_month() {
        let all = issuing_days(Period { first: day("2016-09-01"), last: day("2018-06-30") });
        assert_eq!(all.len(), 22 * 3);
        assert!(all.iter().all(|d| is_working(*d)));
        // 5 and 25 May 2018 were a Saturday and a Friday.
        let may = issuing_days(Period { first: day("2018-05-01"), last: day("2018-05-31") });
        assert_eq!(may, [day("2018-05-07"), day("2018-05-15"), day("2018-05-25")]);
    }

    #[test]
    fn periods_meet_or_do_not() {
        let (a, b) = (Period { first: day("2018-01-01"), last: day("2018-01-31") }, day("2018-01-31"));
        assert_eq!(a.within(Period { first: b, last: day("2018-03-01") }).unwrap().days(), 1);
        assert!(a.within(Period { first: day("2018-02-01"), last: day("2018-03-01") }).is_none());
        assert_eq!(a.days(), 31);
        assert_eq!(at(day("2018-01-01"), 3600).to_string(), "2017-12-31T17:00:00.000Z");
    }
}
