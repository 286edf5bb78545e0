//! From the ledger to the octets that will be signed. The same ledger, number and times give the same octets for ever,
//! which is how the audit checks what was published.

use hufu_model::certificate::CertificateStatus;
use hufu_model::crl::{CrlKind, CrlPart, shard_of};
use hufu_model::revocation::RevocationReason;
use hufu_store::{CrlIssue, CrlList, Cut, Listed, Reader, StatusChange};
use hufu_x509::crl::{Builder, CrlInput};
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;

use super::{ListedCa, addresses};
use crate::error::{Error, ErrorKind, Result};

/// A publication, built and not signed.
pub(crate) struct Plan {
    pub(crate) issue: CrlIssue,
    pub(crate) lists: Vec<Unsigned>,
    /// How many certificates changed their status since the last full list.
    pub(crate) changes: u64,
}

/// One list of it.
pub(crate) struct Unsigned {
    pub(crate) part: CrlPart,
    pub(crate) tbs: Vec<u8>,
    pub(crate) entries: u64,
}

impl Unsigned {
    /// What is committed before it is signed.
    pub(crate) fn row(&self) -> CrlList {
        CrlList { part: self.part, entries: self.entries, tbs_digest: sm3(&self.tbs) }
    }
}

/// Builds every list of a publication.
pub(crate) fn plan(r: &Reader<'_>, of: &ListedCa<'_>, issue: CrlIssue) -> Result<Plan> {
    let mut lists = match issue.kind {
        CrlKind::Full => full(r, of, &issue)?,
        CrlKind::Delta => Vec::new(),
    };
    if let Some(base) = issue.base {
        lists.push(delta(r, of, &issue, base)?);
    }
    let since = r.last_published_crl(of.ca.instance, CrlKind::Full, issue.number)?.map_or(0, |full| full.position);
    let changes = r.status_flips(of.ca.instance, since, issue.position)?;
    Ok(Plan { issue, lists, changes })
}

/// The full list and its shards, in one pass over the ledger.
fn full(r: &Reader<'_>, of: &ListedCa<'_>, issue: &CrlIssue) -> Result<Vec<Unsigned>> {
    let key = of.ca.certificate.public_key()?;
    let shards = of.urls.shards;
    let freshest = if issue.freshest { addresses(of, CrlPart::Delta)? } else { Vec::new() };
    let points: Vec<Vec<String>> =
        (0..shards).map(|shard| addresses(of, CrlPart::Shard(shard))).collect::<Result<_>>()?;
    let expected = usize::try_from(r.ever_listed(of.ca.instance)?).unwrap_or(0);
    let mut whole = Builder::new(CrlInput { freshest: &freshest, ..input(of, &key, issue) }, expected)?;
    let in_each = expected / usize::from(shards.max(1)) * 17 / 16;
    let mut parts = points
        .iter()
        .map(|point| Ok(Builder::new(CrlInput { shard: point, ..input(of, &key, issue) }, in_each)?))
        .collect::<Result<Vec<_>>>()?;
    r.for_each_listed::<Error>(&cut(issue), |entry| {
        push(&mut whole, &entry)?;
        let shard = shard_of(entry.serial, shards).and_then(|shard| parts.get_mut(usize::from(shard)));
        shard.map_or(Ok(()), |shard| push(shard, &entry))
    })?;
    let mut lists = vec![finish(CrlPart::Full, whole)?];
    for (shard, builder) in (0..shards).zip(parts) {
        lists.push(finish(CrlPart::Shard(shard), builder)?);
    }
    Ok(lists)
}

fn delta(r: &Reader<'_>, of: &ListedCa<'_>, issue: &CrlIssue, base: u64) -> Result<Unsigned> {
    let key = of.ca.certificate.public_key()?;
    let base = r.crl(of.ca.instance, base)?.ok_or(ErrorKind::NoBaseCrl)?.issue;
    let input = CrlInput { delta_base: Some(base.number), ..input(of, &key, issue) };
    let mut builder = Builder::new(input, 0)?;
    r.for_each_changed::<Error>(&base, &cut(issue), |entry| push(&mut builder, &entry))?;
    finish(CrlPart::Delta, builder)
}

fn cut(issue: &CrlIssue) -> Cut {
    Cut { ca: issue.ca, position: issue.position, horizon: issue.horizon }
}

fn input<'a>(of: &ListedCa<'a>, key: &'a PublicKey, issue: &CrlIssue) -> CrlInput<'a> {
    CrlInput {
        issuer_der: of.ca.certificate.subject_der(),
        issuer_key: key,
        this_update: issue.this_update,
        next_update: issue.next_update,
        number: issue.number,
        shard: &[],
        delta_base: None,
        freshest: &[],
    }
}

fn push(builder: &mut Builder<'_>, entry: &Listed<'_>) -> Result<()> {
    Ok(builder.push(entry.serial, entry.at, Some(entry.reason))?)
}

fn finish(part: CrlPart, builder: Builder<'_>) -> Result<Unsigned> {
    let entries = builder.count() as u64;
    let tbs = builder.finish().map_err(|e| Error::from(e).about(part.to_string()))?;
    Ok(Unsigned { part, tbs, entries })
}

/// What a full list must say of the certificate of a change, as the ledger has it now; none when it must say nothing.
pub(crate) fn wanted(r: &Reader<'_>, change: &StatusChange) -> Result<Option<(i64, Option<RevocationReason>)>> {
    let last = r.last_status_change(&change.serial)?;
    let last = last.filter(|last| last.status != CertificateStatus::Active);
    // A reason that is not said is written as none.
    Ok(last.map(|last| (last.at, Some(last.reason).filter(|reason| *reason != RevocationReason::Unspecified))))
}
