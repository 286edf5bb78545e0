//! `forecast`: what a change of many certificates will do, told before anybody asks for it.

use std::collections::BTreeMap;

use hufu_model::certificate::CertificateRow;
use hufu_model::crl::SHARD_ENTRIES;
use hufu_model::ident::{Digest, OrgId};
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_x509::crl;
use hufu_x509::digest::sm3;

use crate::authority::Authority;
use crate::error::Result;

/// Certificates a second, entered, approved and applied: the figure of `benches/README.md`, rounded down.
const MEASURED: u64 = 5_000;

/// What a change of many certificates will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// How many certificates.
    pub certificates: u64,
    /// How many of each organisation.
    pub organisations: BTreeMap<OrgId, u64>,
    /// How many of them are operators' certificates, who cannot act without.
    pub operators: u64,
    /// SM3 over the serial numbers in their order, each with its length in front: the same selection, the same digest.
    pub selection: Digest,
    /// By how many octets the revocation lists grow; shrink, when it is negative.
    pub octets: i64,
    /// How many entries they have afterwards.
    pub entries: u64,
    /// How many shards of 10,000 entries that fills.
    pub shards: u64,
    /// How many seconds it takes at the measured rate.
    pub seconds: u64,
}

impl Authority {
    /// What `action`, for `reason`, will do to these certificates. Nothing is changed.
    ///
    /// # Errors
    /// Database errors.
    pub fn forecast(&self, action: Action, reason: RevocationReason, rows: &[CertificateRow]) -> Result<Forecast> {
        let now = self.now();
        let (mut organisations, mut operators, mut serials) = (BTreeMap::<OrgId, u64>::new(), 0, Vec::new());
        let (mut octets, mut more) = (0, 0);
        let listed = self.read(|r| {
            for row in rows {
                *organisations.entry(row.org.clone()).or_default() += 1;
                operators += u64::from(r.certificate_operator(&row.serial)?.is_some());
                serials.push(u8::try_from(row.serial.as_bytes().len()).unwrap_or(u8::MAX));
                serials.extend_from_slice(row.serial.as_bytes());
                let entry = |reason| {
                    let length = crl::entry_length(&row.serial, now.unix_seconds(), Some(reason));
                    i64::try_from(length).unwrap_or(i64::MAX)
                };
                // A suspended certificate stands on the list already, with another reason.
                let held = row.status != hufu_model::certificate::CertificateStatus::Active;
                let before = if held { entry(RevocationReason::CertificateHold) } else { 0 };
                let after = if action == Action::Resume { 0 } else { entry(reason) };
                octets += after - before;
                more += i64::from(after > 0) - i64::from(held);
            }
            Ok(r.listed_count(now)?)
        })?;
        let certificates = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let entries = listed.saturating_add_signed(more);
        Ok(Forecast {
            certificates,
            organisations,
            operators,
            selection: sm3(&serials),
            octets,
            entries,
            shards: entries.div_ceil(SHARD_ENTRIES).max(1),
            seconds: certificates.div_ceil(MEASURED),
        })
    }
}
