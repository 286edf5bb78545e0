//! Requests, what was signed about them, and acts that wait for a second person.

use hufu_model::ident::{Digest, RequestId};

use super::{Conditions, Reader};
use crate::cell::{Cell, count, query, select, select_one};
use crate::covered;
use crate::error::Result;
use crate::rows::{self, Document, IntentRow, KeyUse, Proposal, RequestBody, RequestFilter, RequestRow};

impl Reader<'_> {
    /// The signed document whose content has the SM3 `digest`.
    ///
    /// # Errors
    /// Database errors.
    pub fn document(&self, digest: &Digest) -> Result<Option<Document>> {
        select_one(self.connection(), &covered::DOCUMENT, "WHERE digest = ?", &[Cell::digest(digest)], rows::document)
    }

    /// Every signed document, oldest first. [`Reader::document_digests`] keeps memory small.
    ///
    /// # Errors
    /// Database errors.
    pub fn documents(&self) -> Result<Vec<Document>> {
        select(self.connection(), &covered::DOCUMENT, "ORDER BY at, digest", &[], rows::document)
    }

    /// The digests of every signed document, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn document_digests(&self) -> Result<Vec<Digest>> {
        query(self.connection(), "document", "SELECT digest FROM document ORDER BY at, digest", &[], |c| c.digest())
    }

    /// The proposed act `digest`.
    ///
    /// # Errors
    /// Database errors.
    pub fn proposal(&self, digest: &Digest) -> Result<Option<Proposal>> {
        select_one(self.connection(), &covered::PROPOSAL, "WHERE digest = ?", &[Cell::digest(digest)], rows::proposal)
    }

    /// Proposed acts, oldest first; only those that still wait when `open_only`.
    ///
    /// # Errors
    /// Database errors.
    pub fn proposals(&self, open_only: bool) -> Result<Vec<Proposal>> {
        let tail = if open_only { "WHERE status = 'open' ORDER BY at, digest" } else { "ORDER BY at, digest" };
        select(self.connection(), &covered::PROPOSAL, tail, &[], rows::proposal)
    }

    /// A request.
    ///
    /// # Errors
    /// Database errors.
    pub fn request(&self, id: &RequestId) -> Result<Option<RequestRow>> {
        const ONE: &str = "WHERE id = ?";
        select_one(self.connection(), &covered::REQUEST, ONE, &[Cell::text(id.as_str())], rows::request)
    }

    /// What was signed and handed in with a request.
    ///
    /// # Errors
    /// Database errors.
    pub fn request_body(&self, id: &RequestId) -> Result<Option<RequestBody>> {
        const ONE: &str = "WHERE request = ?";
        select_one(self.connection(), &covered::REQUEST_BODY, ONE, &[Cell::text(id.as_str())], rows::body)
    }

    /// Requests by filter, oldest first: by the second they were entered, then by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRow>> {
        let mut conditions = Conditions::new();
        if let Some(status) = filter.status {
            conditions.add("status = ?", [Cell::text(status.code())]);
        }
        if let Some(orgs) = &filter.orgs {
            conditions.one_of("org", orgs.iter().map(|o| Cell::text(o.as_str())).collect());
        }
        if let Some(profile) = &filter.profile {
            conditions.add("profile = ?", [Cell::text(profile.as_str())]);
        }
        if let Some(manifest) = &filter.manifest {
            conditions.add("manifest = ?", [Cell::digest(manifest)]);
        }
        if let Some(batch) = &filter.batch {
            // In the order of octets the full stop comes right behind the hyphen.
            conditions.add("id > ? AND id < ?", ["-", "."].map(|end| Cell::text(format!("{batch}{end}"))));
        }
        if let Some(after) = &filter.after {
            const BEHIND: &str =
                "(submitted_at, id) > ((SELECT last.submitted_at FROM request AS last WHERE last.id = ?), ?)";
            conditions.add(BEHIND, [Cell::text(after.as_str()), Cell::text(after.as_str())]);
        }
        let (clause, cells) = conditions.clause("submitted_at, id", filter.limit);
        select(self.connection(), &covered::REQUEST, &clause, &cells, rows::request)
    }

    /// How many requests there are.
    ///
    /// # Errors
    /// Database errors.
    pub fn request_count(&self) -> Result<u64> {
        count(self.connection(), "request", "SELECT COUNT(*) FROM request", &[])
    }

    /// Who was first to use the public key whose SubjectPublicKeyInfo has the SM3 `spki`.
    ///
    /// # Errors
    /// Database errors.
    pub fn key_use(&self, spki: &Digest) -> Result<Option<KeyUse>> {
        select_one(self.connection(), &covered::KEY_USE, "WHERE spki = ?", &[Cell::digest(spki)], |c| {
            c.skip();
            Ok(KeyUse { holder: c.digest()?, request: c.parse()? })
        })
    }

    /// What was committed to before the signature for a request.
    ///
    /// # Errors
    /// Database errors.
    pub fn intent(&self, request: &RequestId) -> Result<Option<IntentRow>> {
        const ONE: &str = "WHERE request = ?";
        select_one(self.connection(), &covered::INTENT, ONE, &[Cell::text(request.as_str())], rows::intent)
    }
}
