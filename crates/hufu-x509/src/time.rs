//! Times of certificates (RFC 5280 §4.1.2.5, GB/T 20518 §5.2.3.5): UTCTime through 2049, GeneralizedTime from 2050, both
//! in UTC with `Z`, with seconds and without a fraction.

use hufu_model::time::Validity;
use time::{Date, Month, OffsetDateTime};

use crate::tlv::{Fault, Tlv, put, tag};

/// 2050-01-01T00:00:00Z: from here on UTCTime, with its two digits of the year, means another century.
pub(crate) const FIRST_GENERALIZED: i64 = 2_524_608_000;

/// A time as text, YYYYMMDDhhmmssZ; without the century as UTCTime has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text([u8; 15]);

impl Text {
    /// The text of `seconds` since the epoch, which lies in the years 1950 to 9999.
    pub(crate) fn new(seconds: i64) -> Self {
        // Callers check the range, so the epoch never stands in for another time here.
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let year = at.year().unsigned_abs();
        let [century, year] = [year / 100 % 100, year % 100].map(|n| u8::try_from(n).unwrap_or_default());
        let rest = [u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second()];
        let mut text = [b'Z'; 15];
        for (place, n) in text.chunks_exact_mut(2).zip([century, year].into_iter().chain(rest)) {
            place.copy_from_slice(&[b'0' + n / 10 % 10, b'0' + n % 10]);
        }
        Self(text)
    }

    /// As GeneralizedTime.
    pub(crate) fn generalized(&self) -> &[u8] {
        &self.0
    }

    /// As UTCTime.
    pub(crate) fn utc(&self) -> &[u8] {
        &self.0[2..]
    }
}

/// Whether `seconds` lies in the years 1950 to 9999, which Time can express.
pub(crate) fn is_expressible(seconds: i64) -> bool {
    Validity::new(seconds, seconds).is_ok()
}

/// Appends a Time for `seconds` since the epoch, which lies in the years 1950 to 9999.
pub(crate) fn put_time(out: &mut Vec<u8>, seconds: i64) {
    if seconds < FIRST_GENERALIZED {
        put(out, tag::UTC_TIME, Text::new(seconds).utc());
    } else {
        put_generalized(out, seconds);
    }
}

/// Appends a GeneralizedTime, the only form OCSP has, for a time in the years 1950 to 9999.
pub(crate) fn put_generalized(out: &mut Vec<u8>, seconds: i64) {
    put(out, tag::GENERALIZED_TIME, Text::new(seconds).generalized());
}

/// Reads a Time as seconds since the epoch. The form must be right, the choice between the two types need not be: some
/// real certificates use GeneralizedTime for years before 2050.
pub(crate) fn read_time(tlv: &Tlv<'_>) -> Result<i64, Fault> {
    let bad = || tlv.fault("a time that is not YYMMDDhhmmssZ or YYYYMMDDhhmmssZ");
    let digits = tlv.value.strip_suffix(b"Z").ok_or_else(bad)?;
    let expected = match tlv.tag {
        tag::UTC_TIME => 12,
        tag::GENERALIZED_TIME => 14,
        _ => return Err(tlv.fault("a time that is neither UTCTime nor GeneralizedTime")),
    };
    if digits.len() != expected || !digits.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    let mut pairs = digits.chunks_exact(2).map(|p| p.iter().fold(0_u8, |n, d| n * 10 + (d - b'0')));
    let mut next = || pairs.next().unwrap_or_default();
    let year = match (tlv.tag, i32::from(next())) {
        (tag::UTC_TIME, year @ 50..) => 1900 + year,
        (tag::UTC_TIME, year) => 2000 + year,
        (_, century) => century * 100 + i32::from(next()),
    };
    let (month, day, hour, minute, second) = (next(), next(), next(), next(), next());
    let month = Month::try_from(month).map_err(|_| bad())?;
    let date = Date::from_calendar_date(year, month, day).map_err(|_| bad())?;
    date.with_hms(hour, minute, second).map(|at| at.assume_utc().unix_timestamp()).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tlv::{Reader, element};

    fn written(seconds: i64) -> Vec<u8> {
        let mut out = Vec::new();
        put_time(&mut out, seconds);
        out
    }

    #[test]
    fn the_type_changes_with_the_year_2050() {
        assert_eq!(written(FIRST_GENERALIZED - 1), element(tag::UTC_TIME, b"491231235959Z"));
        assert_eq!(written(FIRST_GENERALIZED), element(tag::GENERALIZED_TIME, b"20500101000000Z"));
        assert_eq!(written(-631_152_000), element(tag::UTC_TIME, b"500101000000Z"));
        assert_eq!(written(253_402_300_799), element(tag::GENERALIZED_TIME, b"99991231235959Z"));
        assert_eq!(written(1_530_374_399), element(tag::UTC_TIME, b"180630155959Z"));
    }

    #[test]
    fn what_is_written_is_read() {
        for seconds in (-631_152_000..253_402_300_799).step_by(86_399 * 997) {
            let der = written(seconds);
            assert_eq!(read_time(&Reader::new(&der).any().unwrap()), Ok(seconds));
        }
    }

    #[test]
    fn odd_forms_are_refused() {
        for (tag, bad) in [
            (tag::UTC_TIME, &b"1806301559Z"[..]),
            (tag::UTC_TIME, b"180630155959"),
            (tag::UTC_TIME, b"180630155959+0800"),
            (tag::UTC_TIME, b"20180630155959Z"),
            (tag::UTC_TIME, b"180230155959Z"),
            (tag::UTC_TIME, b"181330155959Z"),
            (tag::UTC_TIME, b"180630245959Z"),
            (tag::UTC_TIME, b"180630156059Z"),
            (tag::UTC_TIME, b"180630155960Z"),
            (tag::UTC_TIME, b"18063015595xZ"),
            (tag::GENERALIZED_TIME, b"180630155959Z"),
            (tag::GENERALIZED_TIME, b"20180630155959.5Z"),
            (tag::UTF8, b"180630155959Z"),
            (tag::UTC_TIME, b""),
        ] {
            assert!(read_time(&Reader::new(&element(tag, bad)).any().unwrap()).is_err(), "{bad:?}");
        }
    }
}
