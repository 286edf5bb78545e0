//! Requests (申请): what is asked for, why, and how far it has come.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A new certificate.
    Issue,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 1] = [Self::Issue];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issue => "issue",
        }
    }
}

crate::code_enum!(Action, "action", "issue");

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
    /// It takes the place of an RSA or ECDSA certificate.
    Migration,
    /// It was issued elsewhere and imported.
    Import,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::First, Self::Renewal, Self::Rekey, Self::Replacement, Self::Migration, Self::Import];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Renewal => "renewal",
            Self::Rekey => "rekey",
            Self::Replacement => "replacement",
            Self::Migration => "migration",
            Self::Import => "import",
        }
    }
}

crate::code_enum!(Reason, "reason", "first, renewal, rekey, replacement, migration or import");

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
}

impl RequestStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Submitted, Self::Approved, Self::Rejected, Self::Signing, Self::Issued];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Signing => "signing",
            Self::Issued => "issued",
        }
    }

    /// Whether a request may go from this status to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Submitted => matches!(next, Self::Approved | Self::Rejected),
            Self::Approved => matches!(next, Self::Signing),
            Self::Signing => matches!(next, Self::Issued),
            Self::Rejected | Self::Issued => false,
        }
    }
}

crate::code_enum!(RequestStatus, "request status", "submitted, approved, rejected, signing or issued");

#[cfg(test)]
mod tests {
    use super::RequestStatus::{self, Approved, Issued, Rejected, Signing, Submitted};

    #[test]
    fn only_the_one_natural_way_is_allowed() {
        let allowed = [(Submitted, Approved), (Submitted, Rejected), (Approved, Signing), (Signing, Issued)];
        for from in RequestStatus::ALL {
            for to in RequestStatus::ALL {
                assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from} -> {to}");
            }
        }
    }
}
