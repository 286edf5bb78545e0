//! Instants, days and validity periods.
//!
//! An [`Instant`] counts milliseconds since 1970-01-01T00:00:00Z; certificates and rows use its whole seconds. Days are
//! those of UTC+08:00, the legal time of China, which has had no summer time since 1991: no zone database is needed.

use std::fmt;
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, UtcOffset};

const MS_PER_DAY: i64 = 86_400_000;
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// Tells the time. The library never reads a clock of its own.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;

    /// Whether time passes here only as somebody sets it, so that a jump ahead is meant, as in a test. That of a machine's
    /// clock has to be confirmed.
    fn simulated(&self) -> bool {
        false
    }
}

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// An instant from whole milliseconds since the epoch.
    #[must_use]
    pub const fn from_unix_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// An instant from whole seconds since the epoch.
    #[must_use]
    pub const fn from_unix_seconds(s: i64) -> Self {
        Self(s.saturating_mul(1000))
    }

    /// Whole milliseconds since the epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved by `seconds`.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The day in UTC+08:00 that this instant falls in.
    #[must_use]
    pub const fn day(self) -> Day {
        Day((self.0.saturating_add(SHANGHAI_MS)).div_euclid(MS_PER_DAY))
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with milliseconds, `2026-11-24T02:36:07.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match OffsetDateTime::from_unix_timestamp(self.unix_seconds()) {
            Ok(t) => write!(
                f,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute(),
                t.second(),
                self.0.rem_euclid(1000)
            ),
            Err(_) => write!(f, "@{}ms", self.0),
        }
    }
}

impl FromStr for Instant {
    type Err = TimeError;

    /// Reads RFC 3339 (any offset), or a bare date, which means the *end* of that day in UTC+08:00.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Ok(day) = text.parse::<Day>() {
            return Ok(day.last_instant());
        }
        let t = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimeError(text.to_owned()))?;
        i64::try_from(t.unix_timestamp_nanos().div_euclid(1_000_000)).map(Self).map_err(|_| TimeError(text.to_owned()))
    }
}

/// A calendar day of UTC+08:00, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// A day from its number; day 0 is 1970-01-01.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The day's number; 1970-01-01 is 0.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The first instant of the day, 00:00:00 in UTC+08:00.
    #[must_use]
    pub const fn first_instant(self) -> Instant {
        Instant(self.0 * MS_PER_DAY - SHANGHAI_MS)
    }

    /// The last millisecond of the day.
    #[must_use]
    pub const fn last_instant(self) -> Instant {
        Instant((self.0 + 1) * MS_PER_DAY - SHANGHAI_MS - 1)
    }

    /// The same calendar date `years` away; 29 February becomes the 28th where it does not exist.
    ///
    /// # Errors
    /// [`TimeError`] outside the years 0–9999.
    pub fn plus_years(self, years: i32) -> Result<Self, TimeError> {
        let bad = || TimeError(format!("{self} {years:+} years"));
        let date = self.date().ok_or_else(bad)?;
        let year = date.year() + years;
        let moved = Date::from_calendar_date(year, date.month(), date.day())
            .or_else(|_| Date::from_calendar_date(year, Month::February, 28))
            .map_err(|_| bad())?;
        Ok(Self::from_date(moved))
    }

    /// The same day of the month `months` away; the last day of the month where it does not exist.
    ///
    /// # Errors
    /// [`TimeError`] outside the years 0–9999.
    pub fn plus_months(self, months: i32) -> Result<Self, TimeError> {
        let bad = || TimeError(format!("{self} {months:+} months"));
        let date = self.date().ok_or_else(bad)?;
        let count = date.year() * 12 + i32::from(u8::from(date.month())) - 1 + months;
        let month =
            u8::try_from(count.rem_euclid(12) + 1).ok().and_then(|m| Month::try_from(m).ok()).ok_or_else(bad)?;
        let year = count.div_euclid(12);
        let day = date.day().min(month.length(year));
        Date::from_calendar_date(year, month, day).map(Self::from_date).map_err(|_| bad())
    }

    /// The day `days` away.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        self.date().map_or(self, |date| Self(self.0 - i64::from(date.day()) + 1))
    }

    /// The first day of its year.
    #[must_use]
    pub fn first_of_year(self) -> Self {
        self.date().map_or(self, |date| Self(self.0 - i64::from(date.ordinal()) + 1))
    }

    /// Whether it is a Saturday or a Sunday. 1970-01-01 was a Thursday.
    #[must_use]
    pub const fn is_weekend(self) -> bool {
        matches!((self.0 + 3).rem_euclid(7), 5 | 6)
    }

    fn date(self) -> Option<Date> {
        OffsetDateTime::from_unix_timestamp(self.0.checked_mul(86_400)?).ok().map(OffsetDateTime::date)
    }

    fn from_date(date: Date) -> Self {
        Self(
            i64::from(date.to_julian_day())
                - i64::from(Date::from_ordinal_date(1970, 1).map_or(0, Date::to_julian_day)),
        )
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(d) => write!(f, "{:04}-{:02}-{:02}", d.year(), u8::from(d.month()), d.day()),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bad = || TimeError(text.to_owned());
        let mut parts = text.splitn(3, '-');
        let mut number = |len: usize| -> Result<u16, TimeError> {
            let part = parts.next().filter(|p| p.len() == len && p.bytes().all(|b| b.is_ascii_digit()));
            part.ok_or_else(bad)?.parse().map_err(|_| bad())
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let month = u8::try_from(month).ok().and_then(|m| Month::try_from(m).ok()).ok_or_else(bad)?;
        let day = u8::try_from(day).map_err(|_| bad())?;
        Date::from_calendar_date(i32::from(year), month, day).map(Self::from_date).map_err(|_| bad())
    }
}

/// A certificate's validity period; both ends belong to it (RFC 5280 §4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    not_before: i64,
    not_after: i64,
}

impl Validity {
    /// A period from its first to its last second, both inclusive, in seconds since the epoch.
    ///
    /// # Errors
    /// [`TimeError`] when the last second lies before the first, or either lies outside the years 1950–9999.
    pub fn new(not_before: i64, not_after: i64) -> Result<Self, TimeError> {
        const FIRST: i64 = -631_152_000; // 1950-01-01T00:00:00Z
        const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
        if not_before < FIRST || not_after > LAST || not_after < not_before {
            return Err(TimeError(format!("validity {not_before}..={not_after}")));
        }
        Ok(Self { not_before, not_after })
    }

    /// The period of `days` days that starts at `start`: its last second is the one *before* `start + days`, because
    /// notAfter is inclusive (a period of 90 days must not last 90 days and one second).
    ///
    /// # Errors
    /// As [`Validity::new`].
    pub fn days_from(start: Instant, days: u32) -> Result<Self, TimeError> {
        let first = start.unix_seconds();
        Self::new(first, first + i64::from(days) * 86_400 - 1)
    }

    /// First second, since the epoch.
    #[must_use]
    pub const fn not_before(self) -> i64 {
        self.not_before
    }

    /// Last second, since the epoch; still valid.
    #[must_use]
    pub const fn not_after(self) -> i64 {
        self.not_after
    }

    /// Whether `at` lies in the period.
    #[must_use]
    pub const fn contains(self, at: Instant) -> bool {
        let s = at.unix_seconds();
        self.not_before <= s && s <= self.not_after
    }
}

/// A text that is not a date, an instant or a sensible period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a date or time: {}; write 2018-06-30 or 2018-06-30T12:00:00+08:00", self.0.escape_debug())
    }
}

impl std::error::Error for TimeError {}

/// The offset in which days begin and reports are printed, UTC+08:00.
pub const DISPLAY_OFFSET: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_bare_date_means_the_end_of_that_day_in_china() {
        let at: Instant = "2018-06-30".parse().unwrap();
        assert_eq!(at.to_string(), "2018-06-30T15:59:59.999Z");
        assert_eq!(at.day(), "2018-06-30".parse().unwrap());
        assert_eq!(at.plus_seconds(1).day().to_string(), "2018-07-01");
    }

    #[test]
    fn leap_days_move_to_the_28th() {
        let leap: Day = "2024-02-29".parse().unwrap();
        assert_eq!(leap.plus_years(-1).unwrap().to_string(), "2023-02-28");
        assert!("2023-02-29".parse::<Day>().is_err());
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(day("2018-03-31").plus_months(-1).unwrap(), day("2018-02-28"));
        assert_eq!(day("2018-01-31").plus_months(-2).unwrap(), day("2017-11-30"));
        assert_eq!(day("2018-11-30").plus_months(3).unwrap(), day("2019-02-28"));
        assert_eq!(day("2018-07-19").first_of_month(), day("2018-07-01"));
        assert_eq!(day("2020-12-31").first_of_year(), day("2020-01-01"));
        let week: Vec<bool> = (0..7).map(|n| day("2018-06-25").plus_days(n).is_weekend()).collect();
        assert_eq!(week, [false, false, false, false, false, true, true], "the 25th was a Monday");
        assert!("2023-2-09".parse::<Day>().is_err());
    }

    #[test]
    fn validity_is_inclusive_at_both_ends() {
        let start = Instant::from_unix_seconds(1_000_000);
        let v = Validity::days_from(start, 1).unwrap();
        assert!(v.contains(start));
        assert!(v.contains(start.plus_seconds(86_399)));
        assert!(!v.contains(start.plus_seconds(86_400)));
        assert!(!v.contains(start.plus_seconds(-1)));
    }
}
