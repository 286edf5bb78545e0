//! What was signed, checked once more before it is acted upon: documents are read and verified once for a batch.

use std::collections::{BTreeMap, HashMap};

use hufu_model::ident::{Digest, RequestId};
use hufu_model::operator::{Operator, OperatorStatus};
use hufu_model::org::OrgTree;
use hufu_model::time::Instant;
use hufu_store::{Reader, RequestRow};
use hufu_x509::record::{Approval, Decision, Manifest};

use crate::approve::covers;
use crate::authority::Identity;
use crate::document;
use crate::error::{ErrorKind, Result};

/// The result of one request of a batch. One that was asked for twice is answered twice; an error cannot be copied, and is
/// given once.
pub(crate) fn take<T: Clone>(results: &mut BTreeMap<RequestId, Result<T>>, id: &RequestId) -> Result<T> {
    match results.get(id) {
        Some(Ok(done)) => Ok(done.clone()),
        _ => results.remove(id).unwrap_or_else(|| Err(ErrorKind::UnknownRequest(id.clone()).into())),
    }
}

/// The manifests and approvals of a batch.
pub(crate) struct Signed<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    identity: &'a Identity,
    now: Instant,
    manifests: HashMap<Digest, Manifest>,
    /// With who signed each, as an operator who is active still.
    approvals: HashMap<Digest, (Approval, Option<Operator>)>,
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
            let contents: Approval = document::signed(self.r, self.identity, &digest)?;
            let approver = self.r.operator(&contents.operator)?.filter(|o| o.status == OperatorStatus::Active);
            self.approvals.insert(digest, (contents, approver));
        }
        let read = self.approvals.get(&digest).ok_or(ErrorKind::Internal("an approval just read is gone"))?;
        let (contents, approver) = read;
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
        approver.clone().ok_or_else(|| ErrorKind::UnknownOperator(contents.operator.clone()).into())
    }

    pub(crate) fn not_expired(&self, what: &'static str, at: i64) -> Result<()> {
        if self.now.unix_seconds() > at {
            return Err(ErrorKind::Expired { what, at: Instant::from_unix_seconds(at) }.into());
        }
        Ok(())
    }
}
