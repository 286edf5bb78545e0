//! Which revocation lists an issuing CA publishes, and which one a certificate is found on.

use std::fmt;
use std::str::FromStr;

use crate::ident::{IdError, Serial};

/// Into how many shards a new issuing CA divides its revocation list: with the recommended 10,000 entries in each, that
/// is room for 160,000 revoked certificates that have not expired.
pub const DEFAULT_SHARDS: u16 = 16;

/// The most shards a CA may have.
pub const MAX_SHARDS: u16 = 1024;

/// How many entries a shard should have at the most. More are published all the same: nobody may stay off the lists.
pub const SHARD_ENTRIES: u64 = 10_000;

/// The shard on which a certificate is found: the last two octets of its serial number, which are random, modulo the
/// number of shards; none for a CA without shards.
///
/// The number of shards is fixed when the CA is founded and the address of the shard stands in the certificate
/// (cRLDistributionPoints), so that the rule is followed once, at issuance, and once more for each list.
#[must_use]
pub fn shard_of(serial: &[u8], shards: u16) -> Option<u16> {
    let low = serial.iter().rev().take(2).rev().fold(0_u16, |n, octet| n << 8 | u16::from(*octet));
    low.checked_rem(shards)
}

/// [`shard_of`], of a serial number.
#[must_use]
pub fn shard(serial: &Serial, shards: u16) -> Option<u16> {
    shard_of(serial.as_bytes(), shards)
}

/// What a publication is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrlKind {
    /// The full list, and every shard of it.
    Full,
    /// What changed since an earlier full list (deltaCRLIndicator).
    Delta,
}

impl CrlKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Full, Self::Delta];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Delta => "delta",
        }
    }
}

crate::code_enum!(CrlKind, "kind of CRL", "full, delta");

/// One list of a publication. All lists of one publication have the same cRLNumber: each is of a scope of its own, and a
/// full and a delta list that are made together must have the same one (RFC 5280 §5.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrlPart {
    /// Everybody who is revoked or suspended.
    Full,
    /// What changed.
    Delta,
    /// Those of one shard; the first is 0.
    Shard(u16),
}

impl fmt::Display for CrlPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.pad("full"),
            Self::Delta => f.pad("delta"),
            Self::Shard(n) => f.pad(&format!("shard-{n}")),
        }
    }
}

impl FromStr for CrlPart {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let shard = || text.strip_prefix("shard-")?.parse().ok().filter(|n| *n < MAX_SHARDS);
        match text {
            "full" => Ok(Self::Full),
            "delta" => Ok(Self::Delta),
            _ => shard().map(Self::Shard).ok_or_else(|| IdError {
                what: "list of a CRL publication",
                text: text.chars().take(80).collect(),
                rule: "one of full, delta, shard-0 to shard-1023",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts_lead_back_and_shards_follow_from_the_last_octets() {
        for part in [CrlPart::Full, CrlPart::Delta, CrlPart::Shard(0), CrlPart::Shard(1023)] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        for wrong in ["", "shard-", "shard-1024", "shard--1", "Full"] {
            assert!(wrong.parse::<CrlPart>().is_err(), "{wrong}");
        }
        assert_eq!(shard_of(&[1, 2, 0x01, 0x07], 16), Some(7));
        assert_eq!(shard_of(&[1, 2, 0x01, 0x07], 1000), Some(263));
        assert_eq!(shard_of(&[5], 4), Some(1));
        assert_eq!(shard_of(&[1, 2, 3], 0), None);
        assert_eq!(shard(&Serial::from_bytes(&[9, 0, 5]).unwrap(), 4), Some(1));
    }
}
