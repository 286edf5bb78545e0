//! Escrow (密钥托管): encryption keys that the key management centre (密钥管理中心) keeps for their holders, and what
//! happens to them.

/// How far an escrowed key has come.
///
/// | from | to | by |
/// |---|---|---|
/// | pooled | reserved | a request takes it |
/// | reserved | escrowed | a certificate's serial number is bound to it |
/// | reserved | history | the request came to nothing; the key is never given to anybody else |
/// | escrowed | history | another key took its place, or its certificate was revoked; it stays recoverable |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EscrowStatus {
    /// Generated ahead and nobody's.
    Pooled,
    /// Kept for one request; there is no certificate yet.
    Reserved,
    /// A holder's, with at least one certificate.
    Escrowed,
    /// No longer in use; kept so that what was encrypted with it can be read.
    History,
}

impl EscrowStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pooled, Self::Reserved, Self::Escrowed, Self::History];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pooled => "pooled",
            Self::Reserved => "reserved",
            Self::Escrowed => "escrowed",
            Self::History => "history",
        }
    }

    /// Whether a key may go from this status to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pooled => matches!(next, Self::Reserved),
            Self::Reserved => matches!(next, Self::Escrowed | Self::History),
            Self::Escrowed => matches!(next, Self::History),
            Self::History => false,
        }
    }
}

crate::code_enum!(EscrowStatus, "escrow status", "pooled, reserved, escrowed or history");

/// Why an escrowed key is opened for somebody else than the one it was first delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecoveryKind {
    /// User recovery (用户密钥恢复): for its holder, on a new medium.
    User,
    /// Judicial recovery (司法密钥恢复): for an authority of justice, under a case number.
    Judicial,
}

impl RecoveryKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::User, Self::Judicial];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Judicial => "judicial",
        }
    }

    /// Whose approvals it needs, and how many of each; all by different people, none by who asked for it.
    #[must_use]
    pub const fn needs(self) -> &'static [(RecoveryPart, usize)] {
        match self {
            Self::User => &[(RecoveryPart::Recovery, 2)],
            Self::Judicial => &[(RecoveryPart::Judicial, 2), (RecoveryPart::Supervisor, 1)],
        }
    }

    /// The order that asks for one.
    #[must_use]
    pub const fn order(self) -> KeyOrderKind {
        match self {
            Self::User => KeyOrderKind::Recovery,
            Self::Judicial => KeyOrderKind::Judicial,
        }
    }
}

crate::code_enum!(RecoveryKind, "kind of recovery", "user or judicial");

/// What an order to the key centre asks for. Its code is the kind of the signed act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOrderKind {
    /// A user recovery (用户密钥恢复).
    Recovery,
    /// A judicial recovery (司法密钥恢复).
    Judicial,
    /// An officer of the key centre is named, changed or removed.
    Officer,
}

impl KeyOrderKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Recovery, Self::Judicial, Self::Officer];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Recovery => "key-recovery",
            Self::Judicial => "judicial-key-recovery",
            Self::Officer => "kmc-officer",
        }
    }

    /// The kind of recovery, when it is one.
    #[must_use]
    pub const fn recovery(self) -> Option<RecoveryKind> {
        match self {
            Self::Recovery => Some(RecoveryKind::User),
            Self::Judicial => Some(RecoveryKind::Judicial),
            Self::Officer => None,
        }
    }
}

crate::code_enum!(KeyOrderKind, "kind of order", "key-recovery, judicial-key-recovery or kmc-officer");

/// What an officer of the key centre may approve. One person has one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecoveryPart {
    /// User recoveries.
    Recovery,
    /// Judicial recoveries, as one of the two who carry them out.
    Judicial,
    /// Judicial recoveries, as the one who watches over them (监督员).
    Supervisor,
}

impl RecoveryPart {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Recovery, Self::Judicial, Self::Supervisor];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Judicial => "judicial",
            Self::Supervisor => "supervisor",
        }
    }
}

crate::code_enum!(RecoveryPart, "part in recoveries", "recovery, judicial or supervisor");

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecoveryStatus {
    /// Asked for; approvals may come in.
    Open,
    /// The key was given out.
    Done,
    /// Withdrawn: final.
    Withdrawn,
}

impl RecoveryStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Withdrawn];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether a recovery may go from this status to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Open, Self::Done | Self::Withdrawn))
    }
}

crate::code_enum!(RecoveryStatus, "status of a recovery", "open, done or withdrawn");

/// The kinds of event in the key centre's own ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EscrowEvent {
    /// The key centre was founded: its key was made and split, its officers were named.
    Found,
    /// An officer was named or removed.
    Officer,
    /// Keys were generated ahead (one event for the batch).
    Fill,
    /// Requests took keys (one event for the batch).
    Reserve,
    /// Serial numbers were bound to keys (one event for the batch).
    Bind,
    /// Keys were put into envelopes for their holders (one event for the batch).
    Deliver,
    /// Keys went out of use (one event for the batch).
    Retire,
    /// A recovery was asked for.
    RecoveryOrder,
    /// An officer approved a recovery.
    RecoveryApprove,
    /// A recovery was withdrawn.
    RecoveryWithdraw,
    /// A key was recovered for its holder.
    Recover,
    /// A key was recovered for an authority of justice.
    RecoverJudicial,
    /// An attempt was refused. It changes nothing.
    Denied,
}

impl EscrowEvent {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Found,
        Self::Officer,
        Self::Fill,
        Self::Reserve,
        Self::Bind,
        Self::Deliver,
        Self::Retire,
        Self::RecoveryOrder,
        Self::RecoveryApprove,
        Self::RecoveryWithdraw,
        Self::Recover,
        Self::RecoverJudicial,
        Self::Denied,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Found => "kmc-found",
            Self::Officer => "kmc-officer",
            Self::Fill => "kmc-fill",
            Self::Reserve => "kmc-reserve",
            Self::Bind => "kmc-bind",
            Self::Deliver => "kmc-deliver",
            Self::Retire => "kmc-retire",
            Self::RecoveryOrder => "kmc-recovery-order",
            Self::RecoveryApprove => "kmc-recovery-approve",
            Self::RecoveryWithdraw => "kmc-recovery-withdraw",
            Self::Recover => "kmc-recover",
            Self::RecoverJudicial => "kmc-recover-judicial",
            Self::Denied => "kmc-denied",
        }
    }
}

crate::code_enum!(EscrowEvent, "event kind of the key centre", "the event kinds of the key centre's ledger");

#[cfg(test)]
mod tests {
    use super::{EscrowStatus, KeyOrderKind, RecoveryKind};

    #[test]
    fn a_key_never_goes_back() {
        use EscrowStatus::{Escrowed, History, Pooled, Reserved};
        let allowed = [(Pooled, Reserved), (Reserved, Escrowed), (Reserved, History), (Escrowed, History)];
        for from in EscrowStatus::ALL {
            for to in EscrowStatus::ALL {
                assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn an_order_for_a_recovery_is_for_that_recovery() {
        for kind in KeyOrderKind::ALL {
            assert!(kind.recovery().is_none_or(|recovery| recovery.order() == kind), "{kind}");
        }
        for kind in RecoveryKind::ALL {
            assert_eq!(kind.order().recovery(), Some(kind));
        }
    }

    #[test]
    fn no_recovery_is_one_persons_decision() {
        for kind in RecoveryKind::ALL {
            assert!(kind.needs().iter().map(|(_, n)| n).sum::<usize>() >= 2, "{kind}");
        }
    }
}
