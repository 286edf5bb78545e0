//! Events (事件): everything that changes state is one, and every event is one leaf of the ledger.

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The home was founded: root, issuing CA and ledger key, the two administrators.
    Init,
    /// An organisation was added.
    OrgAdd,
    /// An organisation's name or region changed.
    OrgChange,
    /// An organisation was put below another one.
    OrgMove,
    /// An organisation and its subtree were stopped.
    OrgFreeze,
    /// They may act again.
    OrgUnfreeze,
    /// An organisation's limits changed.
    OrgLimits,
    /// An operator's roles or organisation changed.
    OperatorChange,
    /// An operator was removed.
    OperatorRemove,
    /// A profile was recorded.
    ProfileSet,
    /// The key management centre was founded: from here on it serves this home.
    KeyCentreFound,
    /// A recovery of an escrowed key, or a change of an officer of the key centre, was ordered.
    KeyOrder,
    /// An officer of the key centre approved an order.
    KeyOrderApprove,
    /// An order was withdrawn.
    KeyOrderWithdraw,
    /// An order was carried out: the key was given out, or the officer changed.
    KeyOrderDone,
    /// An issuing CA was made (签发 CA 换代, or one beside the others).
    CaAdd,
    /// An issuing CA became the current one.
    CaCurrent,
    /// An issuing CA signs no certificates any more.
    CaRetire,
    /// An issuing CA's certificate was revoked by the root.
    CaRevoke,
    /// The years were set for which records are kept.
    RetentionSet,
    /// Personal fields were deleted whose retention time had ended.
    Erase,
    /// From an instant on, only the new algorithm of a migration is issued under an organisation; or such a record was
    /// corrected.
    Cutover,
    /// An act that needs a second person was proposed.
    Propose,
    /// A proposed act was refused or withdrawn.
    ProposalReject,
    /// Requests were entered (one event for the batch).
    Submit,
    /// Requests were approved (one event for the batch).
    Approve,
    /// Requests were rejected (one event for the batch).
    Reject,
    /// Serial numbers and TBS digests were fixed before signing (one event for the batch).
    Intent,
    /// A certificate was stored (one event for each).
    Issue,
    /// A certificate was suspended (one event for each).
    Suspend,
    /// A certificate is no longer suspended (one event for each).
    Resume,
    /// A certificate was revoked (one event for each).
    Revoke,
    /// Media were recorded (one event for the batch).
    MediumAdd,
    /// Something became of a medium.
    MediumChange,
    /// Certificates of other authorities were recorded, and what became of recorded ones (one event for each part of an
    /// import).
    Import,
    /// A certificate of ours was said to take the place of an imported one.
    ImportMatch,
    /// The number and the octets of revocation lists were fixed before signing (one event for the publication).
    CrlIntent,
    /// Revocation lists were published and read again (one event for the publication).
    CrlPublish,
    /// An operator's certificate took effect.
    OperatorCertificate,
    /// A certificate of an OCSP responder was fixed before it is signed: its digest, key and serial number.
    ResponderIntent,
    /// A certificate of an OCSP responder took effect.
    Responder,
    /// A signer was started; earlier ones are fenced off.
    SignerStart,
    /// An administrator said that the clock is right, although it is far ahead of the last event.
    ClockConfirm,
    /// A report was signed. It changes nothing.
    ReportSign,
    /// An attempt was refused for want of a right. It changes nothing.
    Denied,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 45] = [
        Self::Init,
        Self::OrgAdd,
        Self::OrgChange,
        Self::OrgMove,
        Self::OrgFreeze,
        Self::OrgUnfreeze,
        Self::OrgLimits,
        Self::OperatorChange,
        Self::OperatorRemove,
        Self::ProfileSet,
        Self::RetentionSet,
        Self::Erase,
        Self::Cutover,
        Self::KeyCentreFound,
        Self::KeyOrder,
        Self::KeyOrderApprove,
        Self::KeyOrderWithdraw,
        Self::KeyOrderDone,
        Self::CaAdd,
        Self::CaCurrent,
        Self::CaRetire,
        Self::CaRevoke,
        Self::Propose,
        Self::ProposalReject,
        Self::Submit,
        Self::Approve,
        Self::Reject,
        Self::Intent,
        Self::Issue,
        Self::Suspend,
        Self::Resume,
        Self::Revoke,
        Self::MediumAdd,
        Self::MediumChange,
        Self::Import,
        Self::ImportMatch,
        Self::CrlIntent,
        Self::CrlPublish,
        Self::OperatorCertificate,
        Self::ResponderIntent,
        Self::Responder,
        Self::SignerStart,
        Self::ClockConfirm,
        Self::ReportSign,
        Self::Denied,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::OrgAdd => "org-add",
            Self::OrgChange => "org-change",
            Self::OrgMove => "org-move",
            Self::OrgFreeze => "org-freeze",
            Self::OrgUnfreeze => "org-unfreeze",
            Self::OrgLimits => "org-limits",
            Self::OperatorChange => "operator-change",
            Self::OperatorRemove => "operator-remove",
            Self::ProfileSet => "profile-set",
            Self::KeyCentreFound => "key-centre-found",
            Self::KeyOrder => "key-order",
            Self::KeyOrderApprove => "key-order-approve",
            Self::KeyOrderWithdraw => "key-order-withdraw",
            Self::KeyOrderDone => "key-order-done",
            Self::CaAdd => "ca-add",
            Self::CaCurrent => "ca-current",
            Self::CaRetire => "ca-retire",
            Self::CaRevoke => "ca-revoke",
            Self::RetentionSet => "retention-set",
            Self::Erase => "erase",
            Self::Cutover => "cutover",
            Self::Propose => "propose",
            Self::ProposalReject => "proposal-reject",
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Intent => "intent",
            Self::Issue => "issue",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::MediumAdd => "medium-add",
            Self::MediumChange => "medium-change",
            Self::Import => "import",
            Self::ImportMatch => "import-match",
            Self::CrlIntent => "crl-intent",
            Self::CrlPublish => "crl-publish",
            Self::OperatorCertificate => "operator-certificate",
            Self::ResponderIntent => "responder-intent",
            Self::Responder => "responder",
            Self::SignerStart => "signer-start",
            Self::ClockConfirm => "clock-confirm",
            Self::ReportSign => "report-sign",
            Self::Denied => "denied",
        }
    }

    /// Whether it is an administrative act: a change to the hierarchy that somebody signs as such.
    #[must_use]
    pub const fn is_act(self) -> bool {
        matches!(self, Self::OrgAdd | Self::OrgFreeze | Self::OrgLimits | Self::OperatorRemove) || self.needs_two()
    }

    /// Whether the act is about an issuing CA: super-administrators do it, two of them.
    #[must_use]
    pub const fn is_about_a_ca(self) -> bool {
        matches!(self, Self::CaAdd | Self::CaCurrent | Self::CaRetire | Self::CaRevoke)
    }

    /// Whether the act needs two people (the list of the design's "Who").
    #[must_use]
    pub const fn needs_two(self) -> bool {
        matches!(
            self,
            Self::OrgMove
                | Self::OrgUnfreeze
                | Self::OperatorChange
                | Self::ProfileSet
                | Self::RetentionSet
                | Self::Erase
                | Self::Cutover
                | Self::KeyCentreFound
        ) || self.is_about_a_ca()
    }
}

crate::code_enum!(EventKind, "event kind", "the event kinds of the ledger");
