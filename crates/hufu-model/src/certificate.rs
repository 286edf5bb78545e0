//! Certificates as the authority counts them.

use crate::holder::HolderKind;
use crate::ident::{Digest, OrgId, ProfileId, RequestId, Serial};
use crate::request::{Medium, Reason};
use crate::time::Validity;

/// The public-key algorithm of a certificate. The migration is the move from the others to [`Algorithm::Sm2`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SM2 with SM3 (GB/T 32918).
    Sm2,
    /// RSA of any size.
    Rsa,
    /// ECDSA on any curve.
    Ecdsa,
    /// ML-DSA (FIPS 204), whatever its parameters: where the next migration leads.
    MlDsa,
    /// Any other one: DSA, Ed25519. Only imported certificates have these.
    Other,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Sm2, Self::Rsa, Self::Ecdsa, Self::MlDsa, Self::Other];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sm2 => "sm2",
            Self::Rsa => "rsa",
            Self::Ecdsa => "ecdsa",
            Self::MlDsa => "ml-dsa",
            Self::Other => "other",
        }
    }
}

crate::code_enum!(Algorithm, "algorithm", "sm2, rsa, ecdsa, ml-dsa or other");

/// A certificate's state as recorded; whether it is *valid* also depends on the time asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateStatus {
    /// Issued and neither suspended nor revoked.
    Active,
    /// Suspended (挂起).
    Held,
    /// Revoked (撤销): final.
    Revoked,
}

impl CertificateStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Held, Self::Revoked];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Held => "held",
            Self::Revoked => "revoked",
        }
    }

    /// Whether a certificate may go from this state to `next` (I7: status never returns from revoked).
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Active, Self::Held | Self::Revoked) | (Self::Held, Self::Active | Self::Revoked))
    }
}

crate::code_enum!(CertificateStatus, "certificate status", "active, held or revoked");

/// A certificate row: what is counted, searched and reported. Its DER lies beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// Serial number, unique for ever.
    pub serial: Serial,
    /// The request it answers; none for the certificates of the founding ceremony.
    pub request: Option<RequestId>,
    /// The organisation that entered the request: where it is counted.
    pub org: OrgId,
    /// Its profile.
    pub profile: ProfileId,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The kind of its holder.
    pub holder_kind: HolderKind,
    /// The holder as a blind index: the same person, organisation or device gives the same digest, which says nothing
    /// about them without the home's data key.
    pub holder: Digest,
    /// Why it was asked for.
    pub reason: Reason,
    /// What its private key lives in.
    pub medium: Medium,
    /// The certificate it renews or replaces.
    pub predecessor: Option<Serial>,
    /// The subject DN as text (RFC 4514).
    pub subject: String,
    /// Its validity period.
    pub validity: Validity,
    /// When it was issued: ledger seconds of the intent.
    pub issued_at: i64,
    /// Its state.
    pub status: CertificateStatus,
}

#[cfg(test)]
mod tests {
    use super::CertificateStatus::{Active, Held, Revoked};

    #[test]
    fn nothing_returns_from_revoked() {
        for next in super::CertificateStatus::ALL {
            assert!(!Revoked.may_become(next));
        }
        assert!(Held.may_become(Active) && Active.may_become(Held) && !Active.may_become(Active));
    }
}
