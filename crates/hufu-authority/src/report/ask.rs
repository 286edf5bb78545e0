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

impl ReportKind {
    /// Whether it is about a period.
    #[must_use]
    pub const fn has_period(self) -> bool {
        matches!(self, Self::Issuance | Self::Leaders | Self::Growth | Self::Anomalies | Self::Sla)
            || self.looks_ahead()
    }

    /// Whether its period begins where the event time stands.
    pub(super) const fn looks_ahead(self) -> bool {
        matches!(self, Self::Expiring | Self::Worklist)
    }

    /// Whether it adds up certificates, in a unit, along a tree.
    pub(super) const fn adds_up(self) -> bool {
        matches!(self, Self::Summary | Self::Issuance | Self::Leaders | Self::Growth | Self::Bulletin)
            || self.is_about_a_migration()
    }

    /// Whether it is about a migration.
    #[must_use]
    pub const fn is_about_a_migration(self) -> bool {
        matches!(self, Self::Migration | Self::BurnDown | Self::Worklist | Self::Violations | Self::Bulletin)
    }

    /// The first thing asked that means nothing to this report, as its flag is called.
    pub(super) fn does_not_take(self, asked: &Asked) -> Option<&'static str> {
        let narrowed = self.adds_up() || self == Self::Expiring;
        let whole = self == Self::Bulletin;
        [
            ("--org", asked.org.is_some() && whole),
            ("--from", asked.from.is_some() && !self.has_period()),
            ("--to", asked.to.is_some() && !self.has_period()),
            ("--by", asked.by.is_some() && self != Self::Issuance),
            ("--unit", asked.unit != Unit::default() && !narrowed),
            // Holders do not add up over reasons and days.
            ("--unit holder", asked.unit == Unit::Holder && matches!(self, Self::Issuance | Self::Expiring)),
            ("--tree", asked.tree != TreeOf::default() && !self.adds_up()),
            ("--profile", asked.profile.is_some() && (whole || !narrowed)),
            ("--medium", asked.medium.is_some() && (whole || !narrowed)),
            ("--migration", asked.migration.is_some() && !self.is_about_a_migration()),
            ("--deadline", asked.deadline.is_some() && !matches!(self, Self::BurnDown | Self::Worklist)),
        ]
        .into_iter()
        .find_map(|(flag, unfit)| unfit.then_some(flag))
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

impl Asked {
    /// What was given, each by the name of its flag, in the order of the command line.
    #[must_use]
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let text = |name, value: Option<String>| value.map(|value| (name, value));
        let unit = (self.unit != Unit::default()).then(|| self.unit.to_string());
        let tree = (self.tree != TreeOf::default()).then(|| self.tree.to_string());
        [
            text("org", self.org.as_ref().map(ToString::to_string)),
            text("from", self.from.map(|d| d.to_string())),
            text("to", self.to.map(|d| d.to_string())),
            text("at", self.at.map(|t| t.to_string())),
            text("as-of", self.as_of.map(|t| t.to_string())),
            text("by", self.by.map(|b| b.to_string())),
            text("unit", unit),
            text("tree", tree),
            text("profile", self.profile.as_ref().map(ToString::to_string)),
            text("medium", self.medium.map(|m| m.to_string())),
            text("migration", self.migration.as_ref().map(ToString::to_string)),
            text("deadline", self.deadline.map(|d| d.to_string())),
            text("limit", (self.limit > 0).then(|| self.limit.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The question whose [`Asked::given`] is this; none when there is none.
    #[must_use]
    pub fn from_given(given: &[(&str, &str)]) -> Option<Self> {
        let mut asked = Self::default();
        for (name, value) in given {
            match *name {
                "org" => asked.org = Some(value.parse().ok()?),
                "from" => asked.from = Some(value.parse().ok()?),
                "to" => asked.to = Some(value.parse().ok()?),
                "at" => asked.at = Some(value.parse().ok()?),
                "as-of" => asked.as_of = Some(value.parse().ok()?),
                "by" => asked.by = Some(value.parse().ok()?),
                "unit" => asked.unit = value.parse().ok()?,
                "tree" => asked.tree = value.parse().ok()?,
                "profile" => asked.profile = Some(value.parse().ok()?),
                "medium" => asked.medium = Some(value.parse().ok()?),
                "migration" => asked.migration = Some(value.parse().ok()?),
                "deadline" => asked.deadline = Some(value.parse().ok()?),
                "limit" => asked.limit = value.parse().ok()?,
                _ => return None,
            }
        }
        // One form for each question: nothing twice, nothing out of order, nothing that is left out when it is given.
        let same = asked.given().iter().map(|(name, value)| (*name, value.as_str())).eq(given.iter().copied());
        same.then_some(asked)
    }

    /// The command line that asks for it.
    #[must_use]
    pub fn command(&self, kind: ReportKind) -> String {
        let given = self.given().into_iter().map(|(name, value)| format!(" --{name} {value}"));
        format!("hufu report {kind}{}", given.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_question_is_read_from_what_was_given_and_from_nothing_else() {
        let all = Asked {
            org: Some("ra-sichuan".parse().unwrap()),
            from: Some("2018-01-01".parse().unwrap()),
            to: Some("2018-07-01".parse().unwrap()),
            at: Some("2018-06-30".parse().unwrap()),
            as_of: Some("2018-07-02T08:00:00.123Z".parse().unwrap()),
            by: Some(By::Month),
            unit: Unit::Certificate,
            tree: TreeOf::Today,
            profile: Some("person-sign".parse().unwrap()),
            medium: Some(Medium::UKey),
            migration: Some("rsa-to-sm2".parse().unwrap()),
            deadline: Some("2018-12-31".parse().unwrap()),
            limit: 10,
        };
        let given = all.given();
        let pairs: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(pairs.len(), 13, "a question that cannot be read from what was given: {pairs:?}");
        assert_eq!(Asked::from_given(&pairs), Some(all));
        assert_eq!(Asked::from_given(&[]), Some(Asked::default()));
        let doubled = [pairs.as_slice(), &pairs[12..]].concat();
        let turned: Vec<_> = pairs.iter().rev().copied().collect();
        for bad in [doubled.as_slice(), &turned, &[("limit", "0")], &[("at", "2018-06-30")], &[("colour", "red")]] {
            assert_eq!(Asked::from_given(bad), None, "{bad:?}");
        }
    }
}
