//! Reports: one question, one snapshot, one form. [`Authority::report`] takes a [`ReportKind`] and what is [`Asked`] and
//! gives a [`Report`]: tables of typed values in no language, with the rules they were counted by.
//!
//! # The counting dictionary (统计口径)
//! The texts that are printed under the numbers are the messages `rule-…`; this is what they rest on.
//!
//! * **unit**: a certificate (张), a pair (对: a signing and an encryption certificate that were issued together count once,
//!   a single one is a pair of one), or a holder (人). The pair is the default.
//! * **who**: certificates of holders. Those of the authority's own operators, of the profile `operator`, are what it works
//!   with; they are counted only where that profile is asked for.
//! * **two times**: `at`, and the period, are when things happened; `as_of` is what the ledger had recorded by then. A bare
//!   date means the end of that day in UTC+08:00.
//! * **issued** (发证总量) at T: everything whose issuance time is at or before T, imported inventory, revoked and expired
//!   ones included. The issuance time of an imported certificate is what its source says, else its notBefore.
//! * **valid** (有效) at T: issued, notBefore ≤ T ≤ notAfter, neither revoked nor suspended at T.
//! * **new** (新增) in [a, b): issued in the period, half-open in days of UTC+08:00. Renewals, rekeys, replacements, changes
//!   and migrations are new certificates and are shown apart.
//! * **revoked** (撤销) in [a, b): by the time of the revocation, whenever the certificate was issued. What is suspended is
//!   neither revoked nor valid.
//! * **year on year** (同比), **month on month** (环比): the value at T against that at the same date a year or a month
//!   earlier, under one knowledge; from the last day of a month a month earlier is the last day of the month before.
//!   [`Growth::words`] has the wording: below 100 % in percent, from there on in 倍, where 7.6倍 means 8.6 times the earlier
//!   value; 近 and 超过 where the figure was rounded; `—` where there was nothing before.
//! * **tree**: totals roll up LRA → RA → CA by the tree of the event time, or by that of the knowledge.

mod anomalies;
mod ask;
mod bulletin;
mod burn_down;
mod context;
mod expiring;
mod form;
mod growth;
mod issuance;
mod leaders;
mod mask;
mod migration;
mod quota;
mod ra_permissions;
mod roles;
mod rules;
mod signed;
mod sla;
mod statement;
mod summary;
mod violations;
mod wording;
mod worklist;

use hufu_model::time::{Day, Instant};
use hufu_store::Reader;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};
use context::{Ctx, last_before};

pub use ask::{Asked, By, ReportKind, TreeOf};
pub use form::{Chart, Column, Kind, Report, Row, Table, Value};
pub(crate) use mask::masked_subject;
pub use signed::{Difference, LABEL, ReportFault, ReportVerdict, SignedReport, check_report};
pub use statement::{Stated, StatedWords, Statement};
pub use wording::Growth;

/// How many months ahead lists of what expires look when nobody says.
const AHEAD: i32 = 3;

impl Authority {
    /// Makes a report from one snapshot.
    ///
    /// What is left out is taken thus: knowledge is now, and never later. The event time is the end of the period, or the
    /// knowledge where that is earlier. The period ends with the day of the event time and begins with its year; for lists
    /// of what expires it begins with the day of the event time and lasts three months.
    ///
    /// # Errors
    /// [`ErrorKind::BeforeLedger`] for an `as_of` before the first event; [`ErrorKind::Period`]; [`ErrorKind::Tree`],
    /// [`ErrorKind::UnknownProfile`] for names that are unknown; [`ErrorKind::ReportUnfit`] for what the report does not
    /// take; database errors.
    pub fn report(&self, kind: ReportKind, asked: &Asked) -> Result<Report> {
        if let Some(what) = kind.does_not_take(asked) {
            return Err(ErrorKind::ReportUnfit { report: kind, what }.into());
        }
        let now = self.now();
        self.read(|r| {
            let as_of = knowledge(r, asked.as_of, now)?;
            let (at, period) = times(kind, asked, as_of)?;
            if let Some(profile) = &asked.profile
                && profile.as_str() != hufu_model::count::IMPORTED_PROFILE
                && r.profile_current(profile)?.is_none()
            {
                return Err(ErrorKind::UnknownProfile(profile.to_string()).into());
            }
            build(&Ctx::new(r, kind, asked, (at, as_of), period)?)
        })
    }
}

/// What the ledger is asked to know: the present at most.
fn knowledge(r: &Reader<'_>, asked: Option<Instant>, now: Instant) -> Result<Instant> {
    let now = r.last_event_at()?.map_or(now, |last| last.max(now));
    let as_of = asked.map_or(now, |as_of| as_of.min(now));
    match r.first_event_at()? {
        Some(first) if as_of < first => Err(ErrorKind::BeforeLedger { first }.into()),
        _ => Ok(as_of),
    }
}

/// The event time and the period.
fn times(kind: ReportKind, asked: &Asked, as_of: Instant) -> Result<(Instant, (Day, Day))> {
    let end = asked.to.filter(|_| !kind.looks_ahead()).map(last_before);
    let at = asked.at.unwrap_or_else(|| end.map_or(as_of, |end| end.min(as_of)));
    let months_after = |day: Day| day.plus_months(AHEAD).unwrap_or(day);
    let from = match (asked.from, asked.to) {
        (Some(from), _) => from,
        (None, _) if kind.looks_ahead() => at.day(),
        (None, Some(to)) => to.plus_days(-1).first_of_year(),
        (None, None) => at.day().first_of_year(),
    };
    let to = match asked.to {
        Some(to) => to,
        None if kind.looks_ahead() => months_after(from),
        None => at.day().plus_days(1),
    };
    if from >= to {
        return Err(ErrorKind::Period { from, to }.into());
    }
    Ok((at, (from, to)))
}

fn build(c: &Ctx<'_>) -> Result<Report> {
    match c.kind {
        ReportKind::Summary => summary::build(c),
        ReportKind::Issuance => issuance::build(c),
        ReportKind::Leaders => leaders::build(c),
        ReportKind::Growth => growth::build(c),
        ReportKind::Expiring => expiring::build(c),
        ReportKind::Anomalies => anomalies::build(c),
        ReportKind::Sla => sla::build(c),
        ReportKind::RaPermissions => ra_permissions::build(c),
        ReportKind::Roles => roles::build(c),
        ReportKind::Quota => quota::build(c),
        ReportKind::Bulletin => bulletin::build(c),
        ReportKind::Migration => migration::build(c),
        ReportKind::BurnDown => burn_down::build(c),
        ReportKind::Worklist => worklist::build(c),
        ReportKind::Violations => violations::build(c),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_year_before_the_end_of_a_leap_day_is_the_end_of_the_28th() {
        let at: Instant = "2024-02-29".parse().unwrap();
        assert_eq!(context::months_from(at, -12), "2023-02-28".parse().unwrap());
    }

    #[test]
    fn what_is_left_out_follows_from_what_was_said() {
        let instant = |text: &str| text.parse::<Instant>().unwrap();
        let day = |text: &str| text.parse::<Day>().unwrap();
        let as_of = instant("2018-08-15T10:00:00+08:00");
        let asked = |from: Option<&str>, to: Option<&str>, at: Option<&str>| Asked {
            from: from.map(day),
            to: to.map(day),
            at: at.map(instant),
            ..Asked::default()
        };
        let of = |kind, asked: Asked| times(kind, &asked, as_of).map(|(at, (from, to))| (at, from, to)).unwrap();
        let issuance = |from, to, at| of(ReportKind::Issuance, asked(from, to, at));
        assert_eq!(issuance(None, None, None), (as_of, day("2018-01-01"), day("2018-08-16")));
        let half = (instant("2018-06-30"), day("2018-01-01"), day("2018-07-01"));
        assert_eq!(issuance(None, Some("2018-07-01"), None), half);
        assert_eq!(issuance(None, None, Some("2018-06-30")), half);
        assert_eq!(issuance(Some("2018-01-01"), Some("2019-01-01"), None).0, as_of, "the end lies ahead");
        let expiring = |from, to, at| of(ReportKind::Expiring, asked(from, to, at));
        assert_eq!(expiring(None, None, None), (as_of, day("2018-08-15"), day("2018-11-15")));
        assert_eq!(expiring(Some("2018-11-30"), None, None), (as_of, day("2018-11-30"), day("2019-02-28")));
        let upside_down = times(ReportKind::Issuance, &asked(Some("2018-07-01"), Some("2018-07-01"), None), as_of);
        assert_eq!(upside_down.unwrap_err().code(), "report.period");
    }
}
