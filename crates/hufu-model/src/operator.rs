//! Operators (操作员): the people who act, each with an SM2 certificate and roles.

use crate::ident::{OperatorId, OrgId, Serial};

/// What an operator may do. Nobody approves an act of their own, whatever their roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Appoints administrators (超级管理员).
    SuperAdmin,
    /// Manages organisations, operators and profiles (管理员).
    Admin,
    /// Enters requests (录入员).
    Entry,
    /// Approves requests (审核员).
    Approver,
    /// Holds a share of the key centre's key (密钥保管员).
    Custodian,
    /// Reads everything, changes nothing (审计员).
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::SuperAdmin, Self::Admin, Self::Entry, Self::Approver, Self::Custodian, Self::Auditor];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super-admin",
            Self::Admin => "admin",
            Self::Entry => "entry",
            Self::Approver => "approver",
            Self::Custodian => "custodian",
            Self::Auditor => "auditor",
        }
    }

    /// Whether it is the role of an administrator, whom only a super-administrator makes, changes or unmakes.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin)
    }
}

crate::code_enum!(Role, "role", "super-admin, admin, entry, approver, custodian or auditor");

/// Whether an operator may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatorStatus {
    /// The operator may act while the certificate is valid.
    Active,
    /// The operator was removed; what they signed stays on record.
    Removed,
}

impl OperatorStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Removed];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Removed => "removed",
        }
    }
}

crate::code_enum!(OperatorStatus, "operator status", "active or removed");

/// One operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Identifier.
    pub id: OperatorId,
    /// Where they work; their jurisdiction is this organisation and everything below it.
    pub org: OrgId,
    /// Their name.
    pub name: String,
    /// Their roles, sorted.
    pub roles: Vec<Role>,
    /// The serial number of the certificate they act with now.
    pub certificate: Serial,
    /// Whether they may act.
    pub status: OperatorStatus,
}

impl Operator {
    /// Whether the operator holds `role`.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
