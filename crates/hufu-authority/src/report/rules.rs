//! The rules of the counting dictionary that reports print under their numbers: each is a key of the message catalogue.

/// A pair counts once.
pub(super) const PAIR: &str = "rule-pair";
/// Every certificate counts.
pub(super) const CERTIFICATE: &str = "rule-certificate";
/// Every holder counts once in each row.
pub(super) const HOLDER: &str = "rule-holder";
/// Certificates of operators are not counted.
pub(super) const STAFF: &str = "rule-staff";
/// Only certificates of operators are counted.
pub(super) const STAFF_ONLY: &str = "rule-staff-only";
/// The two times.
pub(super) const TIMES: &str = "rule-times";
/// Half-open periods in days of UTC+08:00.
pub(super) const PERIOD: &str = "rule-period";
/// Issued at an instant.
pub(super) const ISSUED: &str = "rule-issued";
/// Valid at an instant.
pub(super) const VALID: &str = "rule-valid";
/// Revoked at an instant.
pub(super) const REVOKED: &str = "rule-revoked";
/// New in the twelve months before an instant.
pub(super) const NEW_YEAR: &str = "rule-new-year";
/// New in a period.
pub(super) const NEW: &str = "rule-new";
/// Revoked in a period.
pub(super) const REVOKED_IN: &str = "rule-revoked-in";
/// Reasons are shown apart.
pub(super) const REASONS: &str = "rule-reasons";
/// Year on year.
pub(super) const YEAR: &str = "rule-year";
/// Month on month.
pub(super) const MONTH: &str = "rule-month";
/// A period against the same one a year earlier.
pub(super) const PERIOD_YEAR: &str = "rule-period-year";
/// How growth is said.
pub(super) const WORDS: &str = "rule-words";
/// Totals roll up the tree of the period.
pub(super) const TREE_PERIOD: &str = "rule-tree-period";
/// Totals roll up the tree of today.
pub(super) const TREE_TODAY: &str = "rule-tree-today";
/// How leaders are ranked.
pub(super) const RANK: &str = "rule-rank";
/// What stands on a list of what expires.
pub(super) const EXPIRING: &str = "rule-expiring";
/// Names of persons are masked.
pub(super) const MASKED: &str = "rule-masked";
/// What a spike is.
pub(super) const SPIKE: &str = "rule-spike";
/// When issuance is out of hours.
pub(super) const OFF_HOURS: &str = "rule-off-hours";
/// Who has several certificates of one usage.
pub(super) const SEVERAL: &str = "rule-several";
/// What an office of one person is.
pub(super) const ONE_PERSON: &str = "rule-one-person";
/// Between which times requests are measured.
pub(super) const SLA: &str = "rule-sla";
/// What a percentile is.
pub(super) const PERCENTILE: &str = "rule-percentile";
/// What waits too long.
pub(super) const OVERDUE: &str = "rule-overdue";
/// Limits bind downwards.
pub(super) const LIMITS: &str = "rule-limits";
/// What a quota counts.
pub(super) const QUOTA: &str = "rule-quota";
/// From when on an operator has a role.
pub(super) const ROLES: &str = "rule-roles";
/// Where duties are not apart.
pub(super) const SEPARATION: &str = "rule-separation";
/// Which registration authorities are counted.
pub(super) const BUILT: &str = "rule-built";
/// Who has finished a migration.
pub(super) const UPGRADED: &str = "rule-upgraded";

/// The states of organisations.
pub(super) const MIGRATION: &str = "rule-migration";
/// What a cutover covers.
pub(super) const CUTOVER: &str = "rule-cutover";
/// Which holders have what.
pub(super) const HOLDER_CLASSES: &str = "rule-holder-classes";
/// What is left, month by month.
pub(super) const BURN_DOWN: &str = "rule-burn-down";
/// What a deadline needs.
pub(super) const DEADLINE: &str = "rule-deadline";
/// Who must come in.
pub(super) const WORKLIST: &str = "rule-worklist";
/// What should not have been issued.
pub(super) const VIOLATIONS: &str = "rule-violations";

/// The order in which a report lists its rules.
pub(super) const DICTIONARY: &[&str] = &[
    PAIR,
    CERTIFICATE,
    HOLDER,
    STAFF,
    STAFF_ONLY,
    TIMES,
    PERIOD,
    ISSUED,
    VALID,
    REVOKED,
    NEW_YEAR,
    NEW,
    REVOKED_IN,
    REASONS,
    YEAR,
    MONTH,
    PERIOD_YEAR,
    WORDS,
    TREE_PERIOD,
    TREE_TODAY,
    RANK,
    EXPIRING,
    MASKED,
    SPIKE,
    OFF_HOURS,
    SEVERAL,
    ONE_PERSON,
    SLA,
    PERCENTILE,
    OVERDUE,
    LIMITS,
    QUOTA,
    ROLES,
    SEPARATION,
    BUILT,
    UPGRADED,
    MIGRATION,
    CUTOVER,
    HOLDER_CLASSES,
    BURN_DOWN,
    DEADLINE,
    WORKLIST,
    VIOLATIONS,
];

#[cfg(test)]
mod tests {
    use hufu_data::{Lang, message};

    use super::*;

    #[test]
    fn every_rule_stands_in_both_languages() {
        for lang in Lang::ALL {
            let missing: Vec<_> = DICTIONARY.iter().filter(|rule| message(lang, rule).is_none()).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", lang.code());
        }
    }
}
