//! What one may ask of a report.

use hufu_model::count::Unit;
use hufu_model::ident::{MigrationId, OrgId, ProfileId};
use hufu_model::request::Medium;
use hufu_model::time::{Day, Instant};

/// The reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// Totals along the tree.
    Summary,
    /// What was issued in a period, by organisation, day, month, profile, medium, kind of holder, reason or algorithm.
    Issuance,
    /// The organisations that issued most in a period.
    Leaders,
    /// Year on year and month on month.
    Growth,
    /// How far each organisation has come.
    Migration,
    /// Live certificates of the old algorithm by the month in which they expire, and what a deadline needs.
    BurnDown,
    /// Who must come in, with which certificate, by when, at which office.
    Worklist,
    /// Certificates that expire in a period.
    Expiring,
    /// Certificates of the old algorithm that were issued after a cutover.
    Violations,
    /// Spikes, issuance at night and at weekends, persons with several valid certificates, offices of one person.
    Anomalies,
    /// How long requests took from entry to approval and to the certificate.
    Sla,
    /// Which office may issue what, how much, where.
    RaPermissions,
    /// Who holds which role.
    Roles,
    /// Quotas, and what of them is used.
    Quota,
    /// The paragraph of the bulletin.
    Bulletin,
}

impl ReportKind {
    /// Every report.
    pub const ALL: [Self; 15] = [
        Self::Summary,
        Self::Issuance,
        Self::Leaders,
        Self::Growth,
        Self::Migration,
        Self::BurnDown,
        Self::Worklist,
        Self::Expiring,
        Self::Violations,
        Self::Anomalies,
        Self::Sla,
        Self::RaPermissions,
        Self::Roles,
        Self::Quota,
        Self::Bulletin,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Issuance => "issuance",
            Self::Leaders => "leaders",
            Self::Growth => "growth",
            Self::Migration => "migration",
            Self::BurnDown => "burn-down",
            Self::Worklist => "worklist",
            Self::Expiring => "expiring",
            Self::Violations => "violations",
            Self::Anomalies => "anomalies",
            Self::Sla => "sla",
            Self::RaPermissions => "ra-permissions",
            Self::Roles => "roles",
            Self::Quota => "quota",
            Self::Bulletin => "bulletin",
        }
    }
}

hufu_model::code_enum!(ReportKind, "report", "the names of the reports");

/// What a report of issuance is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Organisations, along the tree.
    #[default]
    Org,
    /// Days.
    Day,
    /// Months.
    Month,
    /// Profiles.
    Profile,
    /// Media.
    Medium,
    /// Kinds of holder.
    Holder,
    /// First issue, renewal, rekey, replacement, change, migration, import.
    Reason,
    /// Algorithms.
    Algorithm,
}

impl By {
    /// Every division.
    pub const ALL: [Self; 8] =
        [Self::Org, Self::Day, Self::Month, Self::Profile, Self::Medium, Self::Holder, Self::Reason, Self::Algorithm];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Day => "day",
            Self::Month => "month",
            Self::Profile => "profile",
            Self::Medium => "medium",
            Self::Holder => "holder",
            Self::Reason => "reason",
            Self::Algorithm => "algorithm",
        }
    }
}

hufu_model::code_enum!(By, "division", "org, day, month, profile, medium, holder, reason or algorithm");

/// By which tree totals roll up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TreeOf {
    /// The tree of the event time; an organisation that did not exist then stands where it was first put.
    #[default]
    Period,
    /// The tree of the knowledge time.
    Today,
}

impl TreeOf {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Period, Self::Today];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Today => "today",
        }
    }
}

hufu_model::code_enum!(TreeOf, "tree", "period or today");

/// What is asked. Everything may be left out; a report says what it takes in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// This organisation and everything below it; the whole tree otherwise.
    pub org: Option<OrgId>,
    /// The first day of the period.
    pub from: Option<Day>,
    /// The first day after the period.
    pub to: Option<Day>,
    /// Event time; the end of the period otherwise, or the knowledge time.
    pub at: Option<Instant>,
    /// Knowledge; now otherwise.
    pub as_of: Option<Instant>,
    /// The division.
    pub by: Option<By>,
    /// The unit.
    pub unit: Unit,
    /// By which tree it rolls up.
    pub tree: TreeOf,
    /// This profile only.
    pub profile: Option<ProfileId>,
    /// This medium only.
    pub medium: Option<Medium>,
    /// The migration; the first of the list otherwise.
    pub migration: Option<MigrationId>,
    /// When it must be over.
    pub deadline: Option<Day>,
    /// Rows at most of a list, 0 for all of them.
    pub limit: u32,
}
