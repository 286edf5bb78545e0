//! One certificate as an entry.

use hufu_x509::legacy::{Legacy, Remark, Unverified};

use super::Spot;
use crate::import::entry::{Entry, Verified};

pub(super) fn entry(legacy: Legacy, verified: Result<(), Unverified>, spot: Spot) -> Entry {
    Entry {
        position: spot.position,
        place: spot.place,
        issuer: legacy.issuer,
        serial: legacy.serial,
        subject: legacy.subject,
        algorithm: legacy.algorithm,
        key_bits: legacy.key_bits,
        usage: legacy.usage,
        validity: legacy.validity,
        issued_at: None,
        org: None,
        org_text: None,
        region: None,
        unit_name: legacy.unit,
        holder_kind: None,
        identity: None,
        medium: None,
        pair_id: None,
        revoked: None,
        digest: Some(legacy.digest),
        verified: match verified {
            Ok(()) => Verified::Verified,
            Err(why) => Verified::NotVerified(why.code()),
        },
        remarks: legacy.remarks.into_iter().map(Remark::code).collect(),
    }
}
