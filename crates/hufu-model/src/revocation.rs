//! Why a certificate is revoked or suspended.

/// The reason of a revocation (撤销原因), CRLReason of RFC 5280 §5.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// 0. Not written: an entry without a reason says the same (GB/T 20518 §5.3.4.7.1).
    Unspecified,
    /// 1: the holder's private key is known to others, or may be.
    KeyCompromise,
    /// 2: the private key of the CA is known to others, or may be.
    CaCompromise,
    /// 3: the holder's name or other data of the certificate changed.
    AffiliationChanged,
    /// 4: another certificate takes its place.
    Superseded,
    /// 5: it is no longer needed.
    CessationOfOperation,
    /// 6: suspended (挂起). The one reason that can be taken back.
    CertificateHold,
    /// 8: no longer suspended. In delta CRLs only.
    RemoveFromCrl,
    /// 9: the holder lost the right the certificate attests.
    PrivilegeWithdrawn,
    /// 10: the private key of an attribute authority is known to others, or may be.
    AaCompromise,
}

impl RevocationReason {
    /// Every reason, by number.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The name as in RFC 5280.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// The value of the ENUMERATED.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::RemoveFromCrl => 8,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    /// The reason with this number; none for 7, which is not used, and from 11 on.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}

crate::code_enum!(RevocationReason, "revocation reason", "the names of RFC 5280 §5.3.1, e.g. keyCompromise");

#[cfg(test)]
mod tests {
    use super::RevocationReason;

    #[test]
    fn numbers_and_names_lead_back() {
        for number in 0..=255 {
            match RevocationReason::from_number(number) {
                None => assert!(number == 7 || number > 10),
                Some(reason) => {
                    assert_eq!(reason.number(), number);
                    assert_eq!(reason.code().parse(), Ok(reason));
                }
            }
        }
    }
}
