//! How long records are kept, and what is deleted afterwards.
//!
//! Certificates and events are never deleted. What may be deleted are the sealed personal fields of the request of a
//! certificate, when the retention time after its expiry has ended: at least five years (电子签名法 §24), ten unless two
//! people set it otherwise. Deleting is an act of two people; the event that records it covers the row as it is
//! afterwards, so the ledger verifies as before. What was signed stays: it holds salted digests only.

use std::collections::BTreeSet;

use hufu_ledger::event::Event;
use hufu_model::certificate::CertificateRow;
use hufu_model::event::EventKind;
use hufu_model::ident::{RequestId, Serial};
use hufu_model::time::Instant;
use hufu_store::{EventFilter, Reader};

use crate::authority::Authority;
use crate::document::{self, fault};
use crate::error::{ErrorKind, Result};

/// Years after the expiry of a certificate for which its personal fields are kept, unless set otherwise.
pub(crate) const DEFAULT_YEARS: u32 = 10;

/// The fewest years that can be set.
pub(crate) const FLOOR_YEARS: u32 = 5;

/// The most years that can be set.
const MOST_YEARS: u32 = 100;

/// The most certificates of one act: its signed text names each of them.
pub(crate) const MOST: usize = 10_000;

/// How long records are kept here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Years after expiry.
    pub years: u32,
    /// The fewest years that can be set.
    pub floor: u32,
}

/// A certificate whose retention time has ended, and whose personal fields are still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The certificate.
    pub certificate: CertificateRow,
    /// Until when they had to be kept.
    pub until: Instant,
}

impl Authority {
    /// How long records are kept.
    ///
    /// # Errors
    /// Database errors.
    pub fn retention(&self) -> Result<Retention> {
        Ok(Retention { years: self.read(years)?, floor: FLOOR_YEARS })
    }

    /// Certificates whose retention time has ended and whose personal fields are still there, oldest first, at most
    /// `limit` of them and never more than one act can name (10,000).
    ///
    /// # Errors
    /// Database errors.
    pub fn retention_due(&self, limit: u32) -> Result<Vec<Due>> {
        let now = self.now();
        let limit = limit.min(u32::try_from(MOST).unwrap_or(u32::MAX));
        self.read(|r| {
            let years = years(r)?;
            let mut due = Vec::new();
            // A year never has more days than this; what is too early is left out below.
            let latest = now.plus_seconds(-i64::from(years) * 365 * 86_400);
            for serial in r.sealed_and_expired(latest.unix_seconds(), limit)? {
                let found = r.certificate(&serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
                let until = until(&found, years)?;
                if now > until {
                    due.push(Due { certificate: found, until });
                }
            }
            Ok(due)
        })
    }
}

/// The years in force.
pub(crate) fn years(r: &Reader<'_>) -> Result<u32> {
    let filter = EventFilter { kind: Some(EventKind::RetentionSet), ..EventFilter::default() };
    let Some(last) = r.events(&filter)?.pop() else { return Ok(DEFAULT_YEARS) };
    let event = Event::decode(&last.leaf).map_err(|e| fault("event", &e.to_string()))?;
    let years = event.field("years").and_then(|years| years.parse().ok());
    years.ok_or_else(|| fault("event", "it names no years"))
}

/// Whether so many years can be set.
pub(crate) fn check_years(years: u32) -> Result<()> {
    if (FLOOR_YEARS..=MOST_YEARS).contains(&years) {
        Ok(())
    } else {
        Err(ErrorKind::RetentionYears { asked: years, floor: FLOOR_YEARS, most: MOST_YEARS }.into())
    }
}

/// The last instant at which the personal fields of a certificate must be there.
pub(crate) fn until(certificate: &CertificateRow, years: u32) -> Result<Instant> {
    let expiry = Instant::from_unix_seconds(certificate.validity.not_after());
    let day = expiry.day().plus_years(i32::try_from(years).unwrap_or(i32::MAX));
    Ok(day.map_err(|_| ErrorKind::Internal("a certificate that expires after the year 9899"))?.last_instant())
}

/// The requests of `certificates`, whose retention time must have ended at `now`.
pub(crate) fn ended(r: &Reader<'_>, certificates: &[Serial], years: u32, now: Instant) -> Result<BTreeSet<RequestId>> {
    let mut requests = BTreeSet::new();
    if certificates.is_empty() || certificates.len() > MOST {
        let what = format!("{} certificates", certificates.len());
        return Err(ErrorKind::Unreadable { wanted: "a list of 1 to 10,000 certificates", what }.into());
    }
    for serial in certificates {
        let found = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
        let until = until(&found, years)?;
        if now <= until {
            return Err(ErrorKind::RetentionRuns { serial: serial.clone(), until }.into());
        }
        let nothing = || ErrorKind::NoChange(format!("certificate {serial} is of the founding and has no request"));
        let request = found.request.ok_or_else(nothing)?;
        requests.insert(request);
    }
    Ok(requests)
}

/// The requests of `certificates`, as [`ended`], each with personal fields that are still there.
pub(crate) fn erasable(r: &Reader<'_>, certificates: &[Serial], now: Instant) -> Result<Vec<RequestId>> {
    let requests = ended(r, certificates, years(r)?, now)?;
    for request in &requests {
        if r.request_body(request)?.is_none_or(|body| body.sealed.is_empty()) {
            return Err(ErrorKind::NoChange(format!("request {request} has no personal fields any more")).into());
        }
    }
    Ok(requests.into_iter().collect())
}

/// The requests whose personal fields were deleted, as the ledger says.
pub(crate) fn erased(r: &Reader<'_>) -> Result<BTreeSet<RequestId>> {
    let filter = EventFilter { kind: Some(EventKind::Erase), ..EventFilter::default() };
    let mut erased = BTreeSet::new();
    for row in r.events(&filter)? {
        let event = Event::decode(&row.leaf).map_err(|e| fault("event", &e.to_string()))?;
        erased.extend(document::requests(&event, "request_body"));
    }
    Ok(erased)
}
