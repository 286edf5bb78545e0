//! What was signed, checked once more before it is acted upon: documents are read and verified once for a batch.

use std::collections::HashMap;

use hufu_model::ident::Digest;
use hufu_model::operator::{Operator, OperatorStatus};
use hufu_model::org::OrgTree;
use hufu_model::time::Instant;
use hufu_store::{Reader, RequestRow};
use hufu_x509::record::{Approval, Decision, Manifest};

use crate::approve::covers;
use crate::authority::Identity;
use crate::document;
use crate::error::{Error, ErrorKind, Result};

/// The manifests and approvals of a batch.
pub(crate) struct Signed<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    identity: &'a Identity,
    now: Instant,
    manifests: HashMap<Digest, Manifest>,
    approvals: HashMap<Digest, Approval>,
}

impl<'a> Signed<'a> {
    pub(crate) fn new(r: &'a Reader<'a>, tree: &'a OrgTree, identity: &'a Identity, now: Instant) -> Self {
        Self { r, tree, identity, now, manifests: HashMap::new(), approvals: HashMap::new() }
    }

    /// The manifest `digest`, whose signature was verified.
    pub(crate) fn manifest(&mut self, digest: &Digest) -> Result<&Manifest> {
        if !self.manifests.contains_key(digest) {
            let contents = document::signed(self.r, self.identity, digest)?;
            self.manifests.insert(*digest, contents);
        }
        self.manifests.get(digest).ok_or_else(|| ErrorKind::Internal("a manifest just read is gone").into())
    }

    /// The person who approved `row`, after the approval's own signature was verified, that it covers this row, that its
    /// organisation stands where it stood, that it has not expired, and that the person is an operator still.
    pub(crate) fn approver(&mut self, row: &RequestRow) -> Result<Operator> {
        let digest = row.approval.ok_or_else(|| document::fault("request", "it has no approval"))?;
        if !self.approvals.contains_key(&digest) {
            let contents = document::signed(self.r, self.identity, &digest)?;
            self.approvals.insert(digest, contents);
        }
        let contents = self.approvals.get(&digest).ok_or(ErrorKind::Internal("an approval just read is gone"))?;
        if contents.operator == row.submitter {
            return Err(ErrorKind::SelfApproval(row.submitter.clone()).into());
        }
        if contents.decision != Decision::Approve || !covers(contents, row) {
            return Err(document::fault("approval", "it does not cover this request"));
        }
        let chain: Vec<_> = self.tree.chain(&row.org)?.into_iter().map(|o| &o.id).collect();
        if !chain.iter().copied().eq(contents.org_chain.iter()) {
            return Err(ErrorKind::Overtaken { by: "the organisation was moved" }.into());
        }
        self.not_expired("approval", contents.expires)?;
        let approver = self.r.operator(&contents.operator)?.filter(|o| o.status == OperatorStatus::Active);
        approver.ok_or_else(|| Error::from(ErrorKind::UnknownOperator(contents.operator.clone())))
    }

    pub(crate) fn not_expired(&self, what: &'static str, at: i64) -> Result<()> {
        if self.now.unix_seconds() > at {
            return Err(ErrorKind::Expired { what, at: Instant::from_unix_seconds(at) }.into());
        }
        Ok(())
    }
}
