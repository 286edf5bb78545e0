//! The life of a certificate: what may be done to one, and what that does to it. This table is the only one; verbs,
//! documentation and tests read it.
//!
//! | | active | suspended | revoked | expired |
//! |---|---|---|---|---|
//! | renew (更新，同钥) | if the profile renews | | | |
//! | rekey (更新，换钥) | ✓ | | | ✓ |
//! | replace (补办) | ✓ | ✓ | ✓ | |
//! | change (变更) | ✓ | | | |
//! | suspend (挂起) | if the profile suspends | | | |
//! | resume (解除挂起) | | ✓ | | |
//! | revoke (撤销) | ✓ | ✓ | | |
//!
//! A certificate that was revoked stays revoked when its time is over; one that was suspended is merely expired then: it
//! cannot come back, so there is nothing to resume or to revoke. A lost medium is often reported, and its certificate
//! revoked, before the new one is applied for: hence a revoked certificate may be replaced.

use crate::certificate::{CertificateRow, CertificateStatus};
use crate::profile::Profile;
use crate::request::{Action, Reason};
use crate::revocation::RevocationReason;
use crate::time::Instant;

/// What a certificate is at an instant: its recorded status and the end of its validity together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// In force.
    Active,
    /// Suspended.
    Held,
    /// Revoked, whether its time is over or not.
    Revoked,
    /// Its time is over.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Held, Self::Revoked, Self::Expired];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Held => "held",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The state of a certificate at an instant.
    #[must_use]
    pub const fn of(row: &CertificateRow, at: Instant) -> Self {
        match row.status {
            CertificateStatus::Revoked => Self::Revoked,
            _ if at.unix_seconds() > row.validity.not_after() => Self::Expired,
            CertificateStatus::Active => Self::Active,
            CertificateStatus::Held => Self::Held,
        }
    }
}

crate::code_enum!(State, "certificate state", "active, held, revoked or expired");

/// Whether `action` may be done to a certificate in `state`. [`permits`] asks its profile.
#[must_use]
pub const fn allowed(action: Action, state: State) -> bool {
    match action {
        // A first certificate acts upon no other one; a predecessor is only named.
        Action::Issue => true,
        Action::Renew | Action::Change | Action::Suspend => matches!(state, State::Active),
        Action::Rekey => matches!(state, State::Active | State::Expired),
        Action::Replace => matches!(state, State::Active | State::Held | State::Revoked),
        Action::Resume => matches!(state, State::Held),
        Action::Revoke => matches!(state, State::Active | State::Held),
    }
}

/// Whether the profile allows `action`.
#[must_use]
pub const fn permits(profile: &Profile, action: Action) -> bool {
    match action {
        Action::Renew => profile.renewable,
        Action::Suspend => profile.suspendable,
        _ => true,
    }
}

impl Action {
    /// Whether a certificate is what is asked for; otherwise the status of one is to change.
    #[must_use]
    pub const fn makes_certificate(self) -> bool {
        self.status().is_none()
    }

    /// The status it gives to the certificate it acts upon.
    #[must_use]
    pub const fn status(self) -> Option<CertificateStatus> {
        match self {
            Self::Suspend => Some(CertificateStatus::Held),
            Self::Resume => Some(CertificateStatus::Active),
            Self::Revoke => Some(CertificateStatus::Revoked),
            Self::Issue | Self::Renew | Self::Rekey | Self::Replace | Self::Change => None,
        }
    }

    /// What is asked for by a request with this reason, when it names the certificate it renews or replaces.
    #[must_use]
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::Renewal => Self::Renew,
            Reason::Rekey => Self::Rekey,
            Reason::Replacement => Self::Replace,
            Reason::Change => Self::Change,
            Reason::First | Reason::Migration | Reason::Import => Self::Issue,
        }
    }

    /// Why a certificate is asked for by this action.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Renew => Reason::Renewal,
            Self::Rekey => Reason::Rekey,
            Self::Replace => Reason::Replacement,
            Self::Change => Reason::Change,
            Self::Issue | Self::Suspend | Self::Resume | Self::Revoke => Reason::First,
        }
    }
}

impl RevocationReason {
    /// The reasons for which a subscriber's certificate is revoked. The others are written by the authority itself, or
    /// are about CAs and attribute authorities.
    pub const SUBSCRIBER: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the module's documentation, read from this very file.
    fn documented(action: Action) -> Vec<State> {
        let text = include_str!("lifecycle.rs");
        let row = text.lines().find(|line| line.starts_with(&format!("//! | {action} (")));
        let cells = row.into_iter().flat_map(|row| row.split('|').skip(2));
        State::ALL.into_iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty()).map(|(state, _)| state).collect()
    }

    #[test]
    fn the_documentation_is_the_table() {
        for action in Action::ALL.into_iter().filter(|a| *a != Action::Issue) {
            let table: Vec<State> = State::ALL.into_iter().filter(|state| allowed(action, *state)).collect();
            assert_eq!(documented(action), table, "{action}");
        }
    }

    /// I7: what the table allows is what a recorded status may do.
    #[test]
    fn the_table_agrees_with_what_a_status_may_become() {
        for status in CertificateStatus::ALL {
            let state = match status {
                CertificateStatus::Active => State::Active,
                CertificateStatus::Held => State::Held,
                CertificateStatus::Revoked => State::Revoked,
            };
            for (action, next) in Action::ALL.into_iter().filter_map(|a| a.status().map(|next| (a, next))) {
                assert_eq!(allowed(action, state), status.may_become(next), "{action} {status}");
            }
        }
    }

    #[test]
    fn actions_and_reasons_lead_back() {
        for action in Action::ALL.into_iter().filter(|a| a.makes_certificate()) {
            assert_eq!(Action::of(action.reason()), action);
        }
    }
}
