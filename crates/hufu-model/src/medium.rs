//! The ledger of media (介质台账): what private keys live in, one by one, and what may become of each. This table is the
//! only one; verbs, documentation and tests read it.
//!
//! | | in-stock | issued | lost | broken | returned | destroyed |
//! |---|---|---|---|---|---|---|
//! | in-stock (在库) | | ✓ | ✓ | ✓ | | ✓ |
//! | issued (已发放) | | | ✓ | ✓ | ✓ | |
//! | lost (遗失) | | | | | ✓ | |
//! | broken (损坏) | | | | | ✓ | ✓ |
//! | returned (已收回) | ✓ | | | | | ✓ |
//! | destroyed (已销毁) | | | | | | |
//!
//! A row may become what its columns say. A medium is issued by the certificate that is stored for a holder on it; the
//! other steps are reported by the office that keeps it. It belongs to one holder until it is in stock again.

/// Where a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediumStatus {
    /// At the office, free.
    InStock,
    /// With a holder.
    Issued,
    /// Nobody knows where.
    Lost,
    /// It does not work any more.
    Broken,
    /// Back at the office, not free yet: certificates may still be on it.
    Returned,
    /// It does not exist any more.
    Destroyed,
}

impl MediumStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [Self::InStock, Self::Issued, Self::Lost, Self::Broken, Self::Returned, Self::Destroyed];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InStock => "in-stock",
            Self::Issued => "issued",
            Self::Lost => "lost",
            Self::Broken => "broken",
            Self::Returned => "returned",
            Self::Destroyed => "destroyed",
        }
    }

    /// Whether it may become `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::InStock => matches!(next, Self::Issued | Self::Lost | Self::Broken | Self::Destroyed),
            Self::Issued => matches!(next, Self::Lost | Self::Broken | Self::Returned),
            Self::Lost => matches!(next, Self::Returned),
            Self::Broken => matches!(next, Self::Returned | Self::Destroyed),
            Self::Returned => matches!(next, Self::InStock | Self::Destroyed),
            Self::Destroyed => false,
        }
    }
}

crate::code_enum!(MediumStatus, "status of a medium", "in-stock, issued, lost, broken, returned or destroyed");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::MediumStatus;

    #[test]
    fn the_documentation_is_the_table() {
        let text = include_str!("medium.rs");
        for status in MediumStatus::ALL {
            let row = text.lines().find(|line| line.starts_with(&format!("//! | {status} ("))).unwrap();
            let cells = row.split('|').skip(2);
            for (next, cell) in MediumStatus::ALL.into_iter().zip(cells) {
                assert_eq!(cell.trim() == "✓", status.may_become(next), "{status} -> {next}");
            }
        }
    }
}
