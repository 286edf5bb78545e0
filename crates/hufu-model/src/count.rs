//! Counting (统计): what is counted, and by what it is grouped. The rules themselves are the counting dictionary of
//! `hufu-authority`'s reports; nothing else counts.

use std::ops::{Add, AddAssign, Neg, Sub};

use crate::certificate::Algorithm;
use crate::holder::HolderKind;
use crate::ident::{OrgId, ProfileId};
use crate::request::{Medium, Reason};

/// What one counts as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Every certificate (张).
    Certificate,
    /// A signing and an encryption certificate that were issued together count once; a single one is a pair of one (对).
    /// What the bulletin counts.
    #[default]
    Pair,
    /// Every holder once (人).
    Holder,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 3] = [Self::Certificate, Self::Pair, Self::Holder];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Pair => "pair",
            Self::Holder => "holder",
        }
    }
}

crate::code_enum!(Unit, "unit", "certificate, pair or holder");

/// What every figure of the totals is grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The organisation that is credited with it.
    pub org: OrgId,
    /// The algorithm of the key.
    pub algorithm: Algorithm,
    /// The profile; [`IMPORTED_PROFILE`] for a certificate of another authority.
    pub profile: ProfileId,
    /// The kind of holder; none where an inventory did not say.
    pub holder_kind: Option<HolderKind>,
    /// Why it was issued.
    pub reason: Reason,
    /// What its key lives in; none where an inventory did not say.
    pub medium: Option<Medium>,
}

/// The profile that imported certificates are counted under. No profile of the authority may be called so.
pub const IMPORTED_PROFILE: &str = "imported";

/// What is counted of a group. Differences of two such figures may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Certificates issued.
    pub issued: i64,
    /// Certificates revoked.
    pub revoked: i64,
    /// Certificates that are valid.
    pub valid: i64,
    /// Pairs issued.
    pub pairs_issued: i64,
    /// Pairs revoked.
    pub pairs_revoked: i64,
    /// Pairs that are valid.
    pub pairs_valid: i64,
}

impl Counted {
    /// Each figure of both, put together by `f`.
    fn with(self, other: Self, f: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            issued: f(self.issued, other.issued),
            revoked: f(self.revoked, other.revoked),
            valid: f(self.valid, other.valid),
            pairs_issued: f(self.pairs_issued, other.pairs_issued),
            pairs_revoked: f(self.pairs_revoked, other.pairs_revoked),
            pairs_valid: f(self.pairs_valid, other.pairs_valid),
        }
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Add for Counted {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Counted {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl Neg for Counted {
    type Output = Self;
    fn neg(self) -> Self {
        Self::default() - self
    }
}
