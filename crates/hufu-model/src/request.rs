//! Requests (申请): what is asked for, why, and how far it has come.

/// What a request asks for. What each may be done to stands in one table: [`crate::lifecycle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A new certificate (新办).
    Issue,
    /// A new certificate with the same key (更新，同钥).
    Renew,
    /// A new certificate with a new key (更新，换钥).
    Rekey,
    /// A new certificate in place of one whose medium is lost or broken (补办).
    Replace,
    /// A new certificate with other data of the holder (变更).
    Change,
    /// The certificate is not to be relied on for a while (挂起).
    Suspend,
    /// It may be relied on again (解除挂起).
    Resume,
    /// It is not to be relied on any more (撤销): final.
    Revoke,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 8] =
        [Self::Issue, Self::Renew, Self::Rekey, Self::Replace, Self::Change, Self::Suspend, Self::Resume, Self::Revoke];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renew => "renew",
            Self::Rekey => "rekey",
            Self::Replace => "replace",
            Self::Change => "change",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
        }
    }
}

crate::code_enum!(Action, "action", "issue, renew, rekey, replace, change, suspend, resume or revoke");

/// Why a certificate is asked for: reports show first issues apart from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The holder's first.
    First,
    /// Renewal with the same key (更新，同钥).
    Renewal,
    /// Renewal with a new key (更新，换钥).
    Rekey,
    /// Replacement of a lost or broken medium.
    Replacement,
    /// Other data of the holder (变更).
    Change,
    /// It takes the place of an RSA or ECDSA certificate.
    Migration,
    /// It was issued elsewhere and imported.
    Import,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::First, Self::Renewal, Self::Rekey, Self::Replacement, Self::Change, Self::Migration, Self::Import];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Renewal => "renewal",
            Self::Rekey => "rekey",
            Self::Replacement => "replacement",
            Self::Change => "change",
            Self::Migration => "migration",
            Self::Import => "import",
        }
    }
}

crate::code_enum!(Reason, "reason", "first, renewal, rekey, replacement, change, migration or import");

/// What the private key lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// A USB key (智能密码钥匙).
    UKey,
    /// A file.
    File,
    /// A telephone app, for scan login (软证书).
    App,
    /// A server or device.
    Server,
}

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 4] = [Self::UKey, Self::File, Self::App, Self::Server];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UKey => "ukey",
            Self::File => "file",
            Self::App => "app",
            Self::Server => "server",
        }
    }
}

crate::code_enum!(Medium, "medium", "ukey, file, app or server");

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestStatus {
    /// Entered and signed by the entry operator.
    Submitted,
    /// Countersigned by the approver; may be issued once.
    Approved,
    /// Refused by the approver: final.
    Rejected,
    /// The intent to sign is committed; a certificate may exist or not yet.
    Signing,
    /// The certificate is stored: final.
    Issued,
    /// The certificate's status was changed: final.
    Applied,
}

impl RequestStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Submitted, Self::Approved, Self::Rejected, Self::Signing, Self::Issued, Self::Applied];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Signing => "signing",
            Self::Issued => "issued",
            Self::Applied => "applied",
        }
    }

    /// Whether a request for `action` may go from this status to `next`.
    ///
    /// A certificate is asked for, approved, signed and stored; a change of status is asked for, approved and applied. A
    /// suspension may be applied without an approval: an emergency is one person's act.
    #[must_use]
    pub const fn may_become(self, next: Self, action: Action) -> bool {
        match self {
            Self::Submitted => match next {
                Self::Approved | Self::Rejected => true,
                Self::Applied => matches!(action, Action::Suspend),
                _ => false,
            },
            Self::Approved => match next {
                Self::Signing => action.makes_certificate(),
                Self::Applied => !action.makes_certificate(),
                _ => false,
            },
            Self::Signing => matches!(next, Self::Issued) && action.makes_certificate(),
            Self::Rejected | Self::Issued | Self::Applied => false,
        }
    }
}

crate::code_enum!(RequestStatus, "request status", "submitted, approved, rejected, signing, issued or applied");

#[cfg(test)]
mod tests {
    use super::Action;
    use super::RequestStatus::{self, Applied, Approved, Issued, Rejected, Signing, Submitted};

    #[test]
    fn only_the_one_natural_way_is_allowed() {
        let decided = [(Submitted, Approved), (Submitted, Rejected)];
        for action in Action::ALL {
            let further: &[_] = match action {
                Action::Suspend => &[(Submitted, Applied), (Approved, Applied)],
                Action::Resume | Action::Revoke => &[(Approved, Applied)],
                _ => &[(Approved, Signing), (Signing, Issued)],
            };
            for from in RequestStatus::ALL {
                for to in RequestStatus::ALL {
                    let allowed = decided.contains(&(from, to)) || further.contains(&(from, to));
                    assert_eq!(from.may_become(to, action), allowed, "{action}: {from} -> {to}");
                }
            }
        }
    }
}
