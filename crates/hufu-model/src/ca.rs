//! The issuing CAs (签发 CA) of an authority: what each is good for, and what may become of it. This table is the only one;
//! verbs, documentation and tests read it.
//!
//! | | takes new requests | signs certificates | signs CRLs and OCSP answers | may become |
//! |---|---|---|---|---|
//! | current | ✓ | ✓ | ✓ | closing, revoked |
//! | standby | ✓ | ✓ | ✓ | current, retired, revoked |
//! | closing | | ✓ | ✓ | current, retired, revoked |
//! | retired | | | ✓ | revoked |
//! | revoked | | | | |
//!
//! At most one is current: requests that name no CA are for it. After a rollover the old one is closing: it finishes what
//! was asked of it, until it is retired. A retired CA goes on saying what became of its certificates.

/// What an issuing CA is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaStatus {
    /// It takes requests that name no CA.
    Current,
    /// It takes requests that name it.
    Standby,
    /// Another one took its place: it finishes what was asked of it.
    Closing,
    /// It signs no certificates any more.
    Retired,
    /// Its certificate was revoked by the root.
    Revoked,
}

impl CaStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Current, Self::Standby, Self::Closing, Self::Retired, Self::Revoked];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Standby => "standby",
            Self::Closing => "closing",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// Whether new requests may be for it.
    #[must_use]
    pub const fn takes_requests(self) -> bool {
        matches!(self, Self::Current | Self::Standby)
    }

    /// Whether it signs certificates.
    #[must_use]
    pub const fn signs_certificates(self) -> bool {
        matches!(self, Self::Current | Self::Standby | Self::Closing)
    }

    /// Whether it signs CRLs and OCSP answers about its certificates.
    #[must_use]
    pub const fn signs_status(self) -> bool {
        !matches!(self, Self::Revoked)
    }

    /// Whether it may become `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Current => matches!(next, Self::Closing | Self::Revoked),
            Self::Standby | Self::Closing => matches!(next, Self::Current | Self::Retired | Self::Revoked),
            Self::Retired => matches!(next, Self::Revoked),
            Self::Revoked => false,
        }
    }
}

crate::code_enum!(CaStatus, "status of an issuing CA", "current, standby, closing, retired or revoked");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::CaStatus;

    #[test]
    fn the_documentation_is_the_table() {
        let text = include_str!("ca.rs");
        for status in CaStatus::ALL {
            let row = text.lines().find(|line| line.starts_with(&format!("//! | {status} |"))).unwrap();
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let said = |at: usize| cells[at] == "✓";
            assert_eq!(said(2), status.takes_requests(), "{status}");
            assert_eq!(said(3), status.signs_certificates(), "{status}");
            assert_eq!(said(4), status.signs_status(), "{status}");
            let next: Vec<CaStatus> =
                cells[5].split(", ").filter(|c| !c.is_empty()).map(|c| c.parse().unwrap()).collect();
            let table: Vec<CaStatus> = CaStatus::ALL.into_iter().filter(|next| status.may_become(*next)).collect();
            assert_eq!(next, table, "{status}");
        }
    }

    /// What is over does not come back, and what takes requests can answer them.
    #[test]
    fn no_way_leads_back_from_retirement() {
        for status in [CaStatus::Retired, CaStatus::Revoked] {
            assert!(CaStatus::ALL.into_iter().all(|next| !status.may_become(next) || next == CaStatus::Revoked));
        }
        for status in CaStatus::ALL {
            assert!(!status.takes_requests() || status.signs_certificates(), "{status}");
            assert!(!status.signs_certificates() || status.signs_status(), "{status}");
            assert!(!status.may_become(status), "{status}");
        }
    }
}
