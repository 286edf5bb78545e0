//! Migration of algorithms (算法升级): from which to which, how far an organisation has come, and the cutover that ends it.
//! From and to are data, so that the next change of algorithm needs no other code.

use crate::certificate::Algorithm;
use crate::ident::{MigrationId, OrgId};
use crate::time::Instant;

/// A change of algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its name, e.g. `sm2`.
    pub id: MigrationId,
    /// What is left behind: the legacy algorithms.
    pub from: Vec<Algorithm>,
    /// Where it leads.
    pub to: Algorithm,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

impl Migration {
    /// Whether certificates of this algorithm are what the migration leaves behind.
    #[must_use]
    pub fn is_legacy(&self, algorithm: Algorithm) -> bool {
        self.from.contains(&algorithm)
    }
}

/// How far an organisation has come. Everything but [`MigrationState::Upgraded`] is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationState {
    /// No operator of it has a certificate of the new algorithm (未开始).
    NotStarted,
    /// Its own registration keys are of the new algorithm (已准备).
    Prepared,
    /// Certificates of both were issued within the last 90 days (双轨并行).
    DualIssue,
    /// A cutover is on record and in force: only the new algorithm is issued under it (已升级).
    Upgraded,
    /// Upgraded, and no live certificate of the old algorithm is left (已退役).
    Retired,
}

impl MigrationState {
    /// Every state, from the first to the last.
    pub const ALL: [Self; 5] = [Self::NotStarted, Self::Prepared, Self::DualIssue, Self::Upgraded, Self::Retired];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::Prepared => "prepared",
            Self::DualIssue => "dual-issue",
            Self::Upgraded => "upgraded",
            Self::Retired => "retired",
        }
    }

    /// Whether the organisation has finished: upgraded or retired.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Upgraded | Self::Retired)
    }
}

crate::code_enum!(MigrationState, "migration state", "not-started, prepared, dual-issue, upgraded or retired");

/// What the state of an organisation follows from, at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// Whether a cutover that covers it is in force.
    pub cut_over: bool,
    /// Whether an operator of it has a valid certificate of the new algorithm.
    pub operators: bool,
    /// Whether holders were issued certificates of the new algorithm within [`DUAL_DAYS`].
    pub new_lately: bool,
    /// Whether any of the old one were.
    pub legacy_lately: bool,
    /// Whether a certificate of the old algorithm is live.
    pub legacy_live: bool,
}

/// How many days before an instant count for [`MigrationState::DualIssue`] at it.
pub const DUAL_DAYS: i64 = 90;

impl Signs {
    /// The state: only a cutover ends a migration, and only what is issued shows that both algorithms are.
    #[must_use]
    pub const fn state(self) -> MigrationState {
        match self {
            Self { cut_over: true, legacy_live: false, .. } => MigrationState::Retired,
            Self { cut_over: true, .. } => MigrationState::Upgraded,
            Self { new_lately: true, legacy_lately: true, .. } => MigrationState::DualIssue,
            Self { operators: true, .. } => MigrationState::Prepared,
            _ => MigrationState::NotStarted,
        }
    }
}

/// A cutover (切换): from an instant on, only the new algorithm is issued under an organisation and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutover {
    /// The organisation at the head of the subtree.
    pub org: OrgId,
    /// The migration.
    pub migration: MigrationId,
    /// From when on it holds.
    pub effective: Instant,
    /// Whether it lies before the second approval and rests on evidence (追认).
    pub attested: bool,
    /// What shows it: the minutes, the acceptance report. Never empty for an attested one.
    pub evidence: String,
    /// A correction: this organisation had no cutover after all. The record it corrects stays.
    pub withdrawn: bool,
}

impl Cutover {
    /// Whether it is in force at `at`: not withdrawn, and its instant has come.
    #[must_use]
    pub fn in_force(&self, at: Instant) -> bool {
        !self.withdrawn && self.effective <= at
    }
}

#[cfg(test)]
mod tests {
    use super::MigrationState::{DualIssue, NotStarted, Prepared, Retired, Upgraded};
    use super::Signs;

    /// Every combination of signs, by hand.
    #[test]
    fn the_state_follows_from_the_signs() {
        for n in 0..32_u8 {
            let bit = |i: u8| n >> i & 1 == 1;
            let signs = Signs {
                cut_over: bit(0),
                operators: bit(1),
                new_lately: bit(2),
                legacy_lately: bit(3),
                legacy_live: bit(4),
            };
            let state = match (bit(0), bit(4), bit(2) && bit(3), bit(1)) {
                (true, true, ..) => Upgraded,
                (true, false, ..) => Retired,
                (false, _, true, _) => DualIssue,
                (false, _, false, true) => Prepared,
                (false, _, false, false) => NotStarted,
            };
            assert_eq!(signs.state(), state, "{signs:?}");
            assert_eq!(signs.state().is_finished(), bit(0), "{signs:?}");
        }
    }
}
