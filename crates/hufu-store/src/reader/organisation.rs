//! Organisations, operators, profiles, and the facts of the founding.

use hufu_model::ident::{Digest, OperatorId, OrgId, ProfileId, Serial};
use hufu_model::operator::Operator;
use hufu_model::org::{OrgTree, Organisation};
use hufu_model::time::Instant;

use super::Reader;
use crate::cell::{Cell, int, query, query_one, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::rows::{self, AuthorityCertificate, ProfileRow};

impl Reader<'_> {
    /// A fact of the founding.
    ///
    /// # Errors
    /// Database errors.
    pub fn meta(&self, name: &str) -> Result<Option<String>> {
        const VALUE: &str = "SELECT value FROM meta WHERE name = ?";
        query_one(self.connection(), "meta", VALUE, &[Cell::text(name)], |c| c.text())
    }

    /// The authority's own certificates, in the order in which they were recorded.
    ///
    /// # Errors
    /// Database errors.
    pub fn authority_certificates(&self) -> Result<Vec<AuthorityCertificate>> {
        let all = "ORDER BY seq, role";
        select(self.connection(), &covered::AUTHORITY_CERTIFICATE, all, &[], rows::authority_certificate)
    }

    /// The organisations as they stand.
    ///
    /// # Errors
    /// Database errors.
    pub fn org_tree(&self) -> Result<OrgTree> {
        self.org_tree_until(i64::MAX)
    }

    /// The organisations as they stood at the ledger time `at`; none before the founding.
    ///
    /// # Errors
    /// Database errors.
    pub fn org_tree_at(&self, at: Instant) -> Result<OrgTree> {
        match self.last_event_until(at)? {
            Some(seq) => self.org_tree_until(int(seq)),
            None => Ok(OrgTree::default()),
        }
    }

    /// The organisations as they stood at `at`, from what the ledger knew at `as_of`: one that did not exist yet stands
    /// where it was first put.
    ///
    /// # Errors
    /// Database errors.
    pub fn org_tree_of(&self, at: Instant, as_of: Instant) -> Result<OrgTree> {
        let known = self.last_event_until(as_of)?.map_or(-1, int);
        let then = self.last_event_until(at)?.map_or(-1, int).min(known);
        let placed = "WHERE seq <= ? AND seq = COALESCE(\
                      (SELECT MAX(later.seq) FROM organisation AS later \
                      WHERE later.id = organisation.id AND later.seq <= ?), \
                      (SELECT MIN(first.seq) FROM organisation AS first WHERE first.id = organisation.id))";
        let cells = [Cell::Int(known), Cell::Int(then)];
        let found = select(self.connection(), &covered::ORGANISATION, placed, &cells, rows::organisation)?;
        Ok(OrgTree::new(found.into_iter().map(|(organisation, _)| organisation)))
    }

    fn org_tree_until(&self, seq: i64) -> Result<OrgTree> {
        let latest = "WHERE seq = (SELECT MAX(later.seq) FROM organisation AS later \
                      WHERE later.id = organisation.id AND later.seq <= ?)";
        let found = select(self.connection(), &covered::ORGANISATION, latest, &[Cell::Int(seq)], rows::organisation)?;
        Ok(OrgTree::new(found.into_iter().map(|(organisation, _)| organisation)))
    }

    /// Every version of an organisation, oldest first, each with the number of the event that made it.
    ///
    /// # Errors
    /// Database errors.
    pub fn organisation_history(&self, id: &OrgId) -> Result<Vec<(u64, Organisation)>> {
        let own = "WHERE id = ? ORDER BY seq";
        let found =
            select(self.connection(), &covered::ORGANISATION, own, &[Cell::text(id.as_str())], rows::organisation)?;
        Ok(found.into_iter().map(|(organisation, seq)| (seq, organisation)).collect())
    }

    /// The ids of `org` and everything below it, as the tree stands; none when it is unknown.
    ///
    /// # Errors
    /// Database errors.
    pub fn subtree_ids(&self, org: &OrgId) -> Result<Vec<OrgId>> {
        let tree = self.org_tree()?;
        Ok(tree.iter().filter(|o| tree.is_within(&o.id, org)).map(|o| o.id.clone()).collect())
    }

    /// An operator, also one who was removed.
    ///
    /// # Errors
    /// Database errors.
    pub fn operator(&self, id: &OperatorId) -> Result<Option<Operator>> {
        let one = "WHERE id = ?";
        select_one(self.connection(), &covered::OPERATOR, one, &[Cell::text(id.as_str())], rows::operator)
    }

    /// Every operator, by id, also those who were removed.
    ///
    /// # Errors
    /// Database errors.
    pub fn operators(&self) -> Result<Vec<Operator>> {
        select(self.connection(), &covered::OPERATOR, "ORDER BY id", &[], rows::operator)
    }

    /// The certificates an operator has had, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn operator_certificates(&self, id: &OperatorId) -> Result<Vec<Serial>> {
        const OWN: &str = "SELECT serial FROM operator_certificate WHERE operator = ? ORDER BY serial";
        query(self.connection(), "operator_certificate", OWN, &[Cell::text(id.as_str())], |c| c.serial())
    }

    /// Whose certificate it is, when it is an operator's.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_operator(&self, serial: &Serial) -> Result<Option<OperatorId>> {
        const OWNER: &str = "SELECT operator FROM operator_certificate WHERE serial = ?";
        query_one(self.connection(), "operator_certificate", OWNER, &[Cell::serial(serial)], |c| c.parse())
    }

    /// Every profile text, by profile, the current one first.
    ///
    /// # Errors
    /// Database errors.
    pub fn profiles(&self) -> Result<Vec<ProfileRow>> {
        select(self.connection(), &covered::PROFILE, "ORDER BY id, current DESC, digest", &[], rows::profile)
    }

    /// The current text of a profile.
    ///
    /// # Errors
    /// Database errors.
    pub fn profile_current(&self, id: &ProfileId) -> Result<Option<ProfileRow>> {
        let one = "WHERE id = ? AND current = 1";
        select_one(self.connection(), &covered::PROFILE, one, &[Cell::text(id.as_str())], rows::profile)
    }

    /// The profile text whose SM3 is `digest`.
    ///
    /// # Errors
    /// Database errors.
    pub fn profile_by_digest(&self, digest: &Digest) -> Result<Option<ProfileRow>> {
        select_one(self.connection(), &covered::PROFILE, "WHERE digest = ?", &[Cell::digest(digest)], rows::profile)
    }
}
