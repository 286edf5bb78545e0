//! Revocation lists on their way out, in two transactions with the signatures between them: a number and the digests of
//! what will be signed are committed first, and that the files were read again in their folder is committed last.
//!
//! [`CrlIntent`] is a witness like [`crate::Intent`]: it exists only because its rows were committed.

use hufu_model::crl::{CrlKind, CrlPart};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId};
use hufu_model::time::Clock;

use crate::cell::{Cell, Columns};
use crate::covered;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::store::Store;
use crate::write::EventWriter;

/// One publication of a CA: what its lists have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlIssue {
    /// The issuing CA: the instance octet of its serial numbers.
    pub ca: u8,
    /// cRLNumber. The first is 1; full and delta lists share one sequence.
    pub number: u64,
    /// Full with its shards, or only a delta list.
    pub kind: CrlKind,
    /// The number of the full list that the delta list adds to, where there is one.
    pub base: Option<u64>,
    /// The entries reflect the events before this one.
    pub position: u64,
    /// Certificates that expired before this second are left out: they were on a list after they expired (RFC 5280 §3.3).
    /// None leaves nobody out.
    pub horizon: Option<i64>,
    /// thisUpdate, in seconds since the epoch.
    pub this_update: i64,
    /// nextUpdate, in seconds since the epoch.
    pub next_update: i64,
    /// Whether the full list says where its delta lists are (freshestCRL).
    pub freshest: bool,
}

/// One list of a publication, about to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlList {
    /// Which one.
    pub part: CrlPart,
    /// How many entries it has.
    pub entries: u64,
    /// SM3 of its TBSCertList.
    pub tbs_digest: Digest,
}

/// One list as it lies in the publishing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFile {
    /// Which one.
    pub part: CrlPart,
    /// Octets.
    pub size: u64,
    /// SM3 of the file.
    pub digest: Digest,
    /// When it was read again: ledger seconds.
    pub at: i64,
}

/// A publication on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCrl {
    /// What its lists have in common.
    pub issue: CrlIssue,
    /// Its lists.
    pub lists: Vec<CrlList>,
    /// Its files, once they were read again in the folder; empty until then.
    pub files: Vec<CrlFile>,
}

/// A publication whose number was committed: these lists, and no others, may be signed under it.
#[must_use = "lists whose number was committed are signed and published, or the next number is taken"]
#[derive(Debug)]
pub struct CrlIntent {
    issue: CrlIssue,
    lists: Vec<CrlList>,
}

impl CrlIntent {
    /// What the lists have in common.
    #[must_use]
    pub fn issue(&self) -> &CrlIssue {
        &self.issue
    }

    /// The lists that may be signed.
    #[must_use]
    pub fn lists(&self) -> &[CrlList] {
        &self.lists
    }

    /// SM3 of the TBSCertList of a list, if it is one of these.
    #[must_use]
    pub fn digest(&self, part: CrlPart) -> Option<Digest> {
        self.lists.iter().find(|list| list.part == part).map(|list| list.tbs_digest)
    }
}

impl Store {
    /// Commits the number of a publication and what will be signed under it, in one event.
    ///
    /// # Errors
    /// [`ErrorKind::Fenced`]; [`ErrorKind::Duplicate`] when the number is not the one that follows the last;
    /// [`ErrorKind::ClockBack`] for a thisUpdate before that of the last publication, or after ledger time;
    /// [`ErrorKind::Constraint`] for a position that lies ahead or behind that of the last publication, or no lists; as
    /// [`Store::write`].
    pub fn begin_crl(
        &self,
        clock: &dyn Clock,
        epoch: u64,
        operator: &OperatorId,
        issue: CrlIssue,
        lists: Vec<CrlList>,
    ) -> Result<CrlIntent> {
        let intent = self.write_by(clock, |w| {
            w.fence(epoch)?;
            let now = w.now();
            let last = w.reader().last_crl(issue.ca)?;
            if issue.number != last.as_ref().map_or(0, |last| last.number) + 1 {
                return Err(Error::duplicate(format!("the CRL number {} of CA {}", issue.number, issue.ca)));
            }
            let earliest = last.as_ref().map_or(i64::MIN, |last| last.this_update);
            if issue.this_update < earliest || issue.this_update > now.unix_seconds() {
                let this_update = hufu_model::time::Instant::from_unix_seconds(issue.this_update);
                return Err(ErrorKind::ClockBack { now: this_update, last: now }.into());
            }
            let position = last.as_ref().map_or(0, |last| last.position)..=w.reader().event_count()?;
            if !position.contains(&issue.position) || lists.is_empty() {
                let what = "a CRL reflects the ledger as it is, and no less than the one before".to_owned();
                return Err(ErrorKind::Constraint { what }.into());
            }
            let object = format!("{}/{}", issue.ca, issue.number);
            let mut event = w.event(EventKind::CrlIntent, Some(operator), &object);
            event.field("epoch", &epoch.to_string());
            event.put_crl_issue(&issue)?;
            lists.iter().try_for_each(|list| event.put_crl_list(&issue, list))?;
            event.close()?;
            Ok(CrlIntent { issue, lists })
        })?;
        crate::fault!("f15");
        Ok(intent)
    }

    /// Stores that the files of a publication were read again in their folder, in one event.
    ///
    /// # Errors
    /// [`ErrorKind::Fenced`]; [`ErrorKind::Constraint`] unless there is one file for each list; [`ErrorKind::Duplicate`]
    /// for a publication that is confirmed already; as [`Store::write`].
    pub fn complete_crl(
        &self,
        clock: &dyn Clock,
        epoch: u64,
        operator: &OperatorId,
        intent: CrlIntent,
        files: &[(CrlPart, u64, Digest)],
    ) -> Result<PublishedCrl> {
        let CrlIntent { issue, lists } = intent;
        let published = self.write_by(clock, |w| {
            w.fence(epoch)?;
            if lists.len() != files.len() || lists.iter().any(|list| files.iter().all(|file| file.0 != list.part)) {
                let what = "a publication is confirmed with one file for each of its lists".to_owned();
                return Err(ErrorKind::Constraint { what }.into());
            }
            let at = w.now().unix_seconds();
            let object = format!("{}/{}", issue.ca, issue.number);
            let mut event = w.event(EventKind::CrlPublish, Some(operator), &object);
            let mut stored = Vec::with_capacity(files.len());
            for (part, size, digest) in files {
                let file = CrlFile { part: *part, size: *size, digest: *digest, at };
                event.put_crl_file(&issue, &file)?;
                stored.push(file);
            }
            event.close()?;
            crate::fault!("f19-open");
            Ok::<_, Error>(PublishedCrl { issue, lists, files: stored })
        })?;
        crate::fault!("f19");
        Ok(published)
    }
}

impl EventWriter<'_, '_> {
    fn put_crl_issue(&mut self, issue: &CrlIssue) -> Result<()> {
        self.insert(&covered::CRL_ISSUE, &issue_cells(issue))
    }

    fn put_crl_list(&mut self, issue: &CrlIssue, list: &CrlList) -> Result<()> {
        let mut cells = key_cells(issue, list.part);
        cells.extend([Cell::count(list.entries), Cell::digest(&list.tbs_digest)]);
        self.insert(&covered::CRL_LIST, &cells)
    }

    fn put_crl_file(&mut self, issue: &CrlIssue, file: &CrlFile) -> Result<()> {
        let mut cells = key_cells(issue, file.part);
        cells.extend([Cell::count(file.size), Cell::digest(&file.digest), Cell::Int(file.at)]);
        self.insert(&covered::CRL_FILE, &cells)
    }
}

fn key_cells(issue: &CrlIssue, part: CrlPart) -> Vec<Cell<'static>> {
    vec![Cell::Int(issue.ca.into()), Cell::count(issue.number), Cell::text(part.to_string())]
}

fn issue_cells(issue: &CrlIssue) -> Vec<Cell<'static>> {
    vec![
        Cell::Int(issue.ca.into()),
        Cell::count(issue.number),
        Cell::text(issue.kind.code()),
        issue.base.map_or(Cell::Null, Cell::count),
        Cell::count(issue.position),
        issue.horizon.map_or(Cell::Null, Cell::Int),
        Cell::Int(issue.this_update),
        Cell::Int(issue.next_update),
        Cell::Int(issue.freshest.into()),
    ]
}

pub(crate) fn issue(c: &mut Columns<'_>) -> Result<CrlIssue> {
    Ok(CrlIssue {
        ca: c.number()?,
        number: c.number()?,
        kind: c.parse()?,
        base: c.optional_int()?.map(i64::unsigned_abs),
        position: c.number()?,
        horizon: c.optional_int()?,
        this_update: c.int()?,
        next_update: c.int()?,
        freshest: c.int()? == 1,
    })
}

pub(crate) fn list(c: &mut Columns<'_>) -> Result<CrlList> {
    c.skip();
    c.skip();
    Ok(CrlList { part: c.parse()?, entries: c.number()?, tbs_digest: c.digest()? })
}

pub(crate) fn file(c: &mut Columns<'_>) -> Result<CrlFile> {
    c.skip();
    c.skip();
    Ok(CrlFile { part: c.parse()?, size: c.number()?, digest: c.digest()?, at: c.int()? })
}

/// The publication of this number with everything on record about it.
pub(crate) fn published(r: &Reader<'_>, issue: CrlIssue) -> Result<PublishedCrl> {
    let (lists, files) = (r.crl_lists(issue.ca, issue.number)?, r.crl_files(issue.ca, issue.number)?);
    Ok(PublishedCrl { issue, lists, files })
}
