//! Migrations of algorithms: cutovers as acts of two people, and what they leave behind refused.
//!
//! A cutover holds from its effective instant for its organisation and everything that stood below it at that instant, by
//! the tree the ledger knows for it: an organisation that was moved away later stays cut over, one that was moved there
//! later is not, and one that did not exist yet stands where it was first put. Of an organisation and a migration the last
//! record holds; a wrong one is corrected by another, and stays.

use std::collections::HashMap;

use hufu_model::certificate::Algorithm;
use hufu_model::ident::{Digest, MigrationId, OrgId};
use hufu_model::migration::{Cutover, Migration};
use hufu_model::org::OrgTree;
use hufu_model::text::check_remark;
use hufu_model::time::Instant;
use hufu_store::{CutoverRow, Reader};

use crate::authority::Authority;
use crate::error::{AfterCutover, ErrorKind, Result};
use crate::{change, document};

/// The migration of a name; the first one where none is given.
pub(crate) fn named(id: Option<&MigrationId>) -> Result<Migration> {
    let found = match id {
        Some(id) => hufu_data::migration(id),
        None => hufu_data::migrations().into_iter().next(),
    };
    found.ok_or_else(|| ErrorKind::UnknownMigration(id.map(ToString::to_string).unwrap_or_default()).into())
}

/// What two people sign of a cutover.
pub(crate) fn fields(cutover: &Cutover) -> Vec<(String, String)> {
    let word = |yes: bool| if yes { "yes" } else { "no" };
    let pairs = [
        ("migration", cutover.migration.as_str()),
        ("effective", &cutover.effective.to_string()),
        ("attested", word(cutover.attested)),
        ("evidence", &cutover.evidence),
        ("withdrawn", word(cutover.withdrawn)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Reads [`fields`].
pub(crate) fn from_fields<'a>(org: OrgId, field: impl Fn(&str) -> Result<&'a str>) -> Result<Cutover> {
    let word = |name: &str| match field(name)? {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(document::fault("act", "it says neither yes nor no")),
    };
    let effective = field("effective")?.parse();
    Ok(Cutover {
        org,
        migration: field("migration")?.parse()?,
        effective: effective.map_err(|_| document::fault("act", "its effective instant is none"))?,
        attested: word("attested")?,
        evidence: field("evidence")?.to_owned(),
        withdrawn: word("withdrawn")?,
    })
}

/// The record that holds for an organisation and a migration.
pub(crate) fn last_record(all: &[CutoverRow], org: &OrgId, migration: &MigrationId) -> Option<Cutover> {
    let own = |row: &&CutoverRow| row.cutover.org == *org && row.cutover.migration == *migration;
    all.iter().rev().find(own).map(|row| row.cutover.clone())
}

/// Whether a cutover may be recorded at `now`, the second approval, when `before` is what is on record.
pub(crate) fn check(cutover: &Cutover, before: Option<&Cutover>, now: Instant) -> Result<()> {
    named(Some(&cutover.migration))?;
    let unreadable = |wanted, what| ErrorKind::Unreadable { wanted, what };
    check_remark(&cutover.evidence, 500).map_err(|e| unreadable("evidence", e.to_string()))?;
    let effective = cutover.effective;
    if effective.unix_millis() % 1000 != 0 {
        return Err(unreadable("an instant in whole seconds", effective.to_string()).into());
    }
    if (cutover.attested || cutover.withdrawn) && cutover.evidence.trim().is_empty() {
        return Err(ErrorKind::CutoverEvidence.into());
    }
    let holds = before.filter(|before| !before.withdrawn);
    if cutover.withdrawn {
        // It names what it takes back, so that nobody takes back what they have not seen.
        if holds.is_none_or(|holds| holds.effective != effective) {
            let (org, migration) = (cutover.org.clone(), cutover.migration.clone());
            return Err(ErrorKind::NoCutover { org, migration }.into());
        }
        return Ok(());
    }
    if holds == Some(cutover) {
        return Err(ErrorKind::NoChange(format!("{} has this cutover already", cutover.org)).into());
    }
    if cutover.attested && effective > now {
        return Err(ErrorKind::CutoverFuture { effective, now }.into());
    }
    if !cutover.attested && effective < now {
        return Err(ErrorKind::CutoverPast { effective, now }.into());
    }
    Ok(())
}

/// The cutovers in force at an instant, and whom each covers.
pub(crate) struct InForce<'a> {
    r: &'a Reader<'a>,
    as_of: Instant,
    rows: Vec<(CutoverRow, Migration)>,
    /// The tree of each effective instant, read when it is asked for.
    trees: HashMap<Instant, OrgTree>,
    /// The algorithms of profiles, by the digest of their text.
    algorithms: HashMap<Digest, Algorithm>,
}

impl<'a> InForce<'a> {
    /// Those in force at `at`, from what the ledger knew at `as_of`.
    pub(crate) fn at(r: &'a Reader<'a>, at: Instant, as_of: Instant) -> Result<Self> {
        let mut last: HashMap<(OrgId, MigrationId), CutoverRow> = HashMap::new();
        for row in r.cutovers(Some(as_of))? {
            last.insert((row.cutover.org.clone(), row.cutover.migration.clone()), row);
        }
        let holding = last.into_values().filter(|row| row.cutover.in_force(at));
        // A record of a migration that this program does not know cannot be enforced by it.
        let known = holding.filter_map(|row| hufu_data::migration(&row.cutover.migration).map(|m| (row, m)));
        let mut rows: Vec<_> = known.collect();
        rows.sort_by_key(|(row, _)| (row.cutover.effective, row.event));
        Ok(Self { r, as_of, rows, trees: HashMap::new(), algorithms: HashMap::new() })
    }

    /// Those in force now.
    pub(crate) fn now(r: &'a Reader<'a>, now: Instant) -> Result<Self> {
        Self::at(r, now, now)
    }

    /// The earliest cutover that covers `org` and is of a migration that `wanted` accepts.
    pub(crate) fn covering(
        &mut self,
        org: &OrgId,
        wanted: impl Fn(&Migration) -> bool,
    ) -> Result<Option<&(CutoverRow, Migration)>> {
        for row in &self.rows {
            let (CutoverRow { cutover, .. }, migration) = row;
            if !wanted(migration) {
                continue;
            }
            let tree = match self.trees.entry(cutover.effective) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(self.r.org_tree_of(cutover.effective, self.as_of)?)
                }
            };
            if tree.is_within(org, &cutover.org) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Refuses a key that was left behind where it is asked for.
    pub(crate) fn refuse(&mut self, org: &OrgId, algorithm: Algorithm) -> Result<()> {
        match self.covering(org, |migration| migration.is_legacy(algorithm))? {
            None => Ok(()),
            Some((row, migration)) => Err(ErrorKind::AfterCutover(Box::new(AfterCutover {
                algorithm,
                org: org.clone(),
                head: row.cutover.org.clone(),
                migration: migration.id.clone(),
                to: migration.to,
                effective: row.cutover.effective,
                event: row.event,
            }))
            .into()),
        }
    }

    /// As [`InForce::refuse`], for a certificate of the profile with this text.
    pub(crate) fn refuse_profile(&mut self, org: &OrgId, profile: &Digest) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let algorithm = match self.algorithms.get(profile) {
            Some(known) => *known,
            None => {
                let row = self.r.profile_by_digest(profile)?;
                let row = row.ok_or_else(|| document::fault("request", "its profile is missing"))?;
                let algorithm = change::profile(&row.source)?.algorithm;
                self.algorithms.insert(*profile, algorithm);
                algorithm
            }
        };
        self.refuse(org, algorithm)
    }
}

impl Authority {
    /// Every record of a cutover, oldest first, those that were corrected included: as the ledger had them at `as_of`, or
    /// now.
    ///
    /// # Errors
    /// Database errors.
    pub fn cutovers(&self, as_of: Option<Instant>) -> Result<Vec<CutoverRow>> {
        self.read(|r| Ok(r.cutovers(as_of)?))
    }
}
