//! `import`: the inventory of other authorities (存量证书). It is counted, and never becomes ours: it is on no list and in no
//! answer about our certificates.
//!
//! A source is read and judged in one thread while another one writes: `CHUNK` rows make one event, and up to `CHUNKS` of
//! them one transaction, which is durable when it is over. Killed and run again, an import goes on: what is on record and
//! says the same is passed over. So does importing twice, which therefore changes nothing.
//!
//! # The rules
//! * Identity is the issuer's name and the serial number ([`certificate_id`]). What the record says and the source does not
//!   is no difference; what both say otherwise refuses the row. A revocation that is new is recorded.
//! * The organisation is that of the column, by id or by name; else that of the first rule that fits ([`OrgRules`]); else
//!   that of the plan; else [`UNASSIGNED`], which only the CA fills.
//! * The holder is the blind index of the identity, the same as that of our own certificates; where none is given, that of
//!   organisation and subject. Names that match ours are never linked without being looked at ([`Authority::matches`]).
//! * Halves of a pair have the same `pair_id` and issuer; without one, the same issuer, subject and holder, complementary
//!   usages and at most a day between their beginnings.
//! * Nothing was issued, and nothing revoked, in the future; nothing ended or was revoked before it was issued.

mod credit;
mod entry;
mod judge;
mod matching;
mod record;
pub mod source;
mod subject;

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, sync_channel};

use hufu_model::certificate::Algorithm;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, ImportId, OrgId};
use hufu_model::operator::{Operator, Role};
use hufu_model::org::OrgTree;
use hufu_store::{Document, ImportRow};

use crate::authority::{Authority, Session};
use crate::change::{Change, Outcome};
use crate::error::{ErrorKind, Result};
use crate::policy;

pub use credit::{OrgRules, UNASSIGNED};
pub use entry::{Entry, SourceFault, Verified};
pub use judge::RowFinding;
pub use matching::{Match, Matches};
pub use source::Source;
pub use subject::certificate_id;

pub(crate) use matching::{line as link_line, migrated};

use credit::Credit;
use judge::{Judge, Judged};
use record::Pairs;

/// Rows of one event.
const CHUNK: usize = 2000;

/// Events of one transaction, at most: the more rows, the less often a page of an index is written.
const CHUNKS: usize = 5;

/// Who imports, and who links.
pub(crate) const IMPORTERS: [Role; 2] = [Role::Admin, Role::SuperAdmin];

/// What is to be imported, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPlan {
    /// The name of the import: an import of this name and source goes on where it stopped.
    pub id: ImportId,
    /// The source, as people name it.
    pub source: String,
    /// SM3 of the source.
    pub digest: Digest,
    /// Who is credited where neither a column nor a rule says.
    pub org: Option<OrgId>,
    /// The rules.
    pub rules: Option<OrgRules>,
    /// Whether everything is read and judged and nothing written. Pairs are not looked for then.
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Rows that were read.
    pub read: u64,
    /// Certificates that were recorded.
    pub new: u64,
    /// Those of them that are the second half of a pair.
    pub second_halves: u64,
    /// Changes of status that were recorded.
    pub status_changes: u64,
    /// Rows that say what is on record already.
    pub known: u64,
    /// Rows that were left out for what is wrong with them.
    pub refused: u64,
    /// What was recorded, by organisation and algorithm.
    pub groups: BTreeMap<(OrgId, Algorithm), u64>,
    /// What was said about rows, by its code: how often, and whether rows were left out for it.
    pub findings: BTreeMap<&'static str, (u64, bool)>,
}

impl ImportReport {
    fn tell(&mut self, finding: &RowFinding, told: &mut dyn FnMut(&RowFinding)) {
        let (count, refused) = self.findings.entry(finding.code).or_default();
        *count += 1;
        *refused |= finding.refused;
        self.refused += u64::from(finding.refused);
        told(finding);
    }
}

/// An import on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportView {
    /// Its row.
    pub row: ImportRow,
    /// How many certificates it brought.
    pub certificates: u64,
}

impl Authority {
    /// Imports what `entries` give. `told` gets every finding about a row, in the order of the source; `progress` is told how
    /// far it is.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`]; role and jurisdiction errors; [`ErrorKind::ImportChanged`] when the name belongs to another
    /// source or other rules; [`ErrorKind::Tree`] for an organisation of the plan that is not there; database errors. What
    /// was recorded before an error stays so. What is wrong with a row is a finding and no error.
    pub fn import(
        &self,
        session: &Session,
        plan: &ImportPlan,
        entries: impl Iterator<Item = std::result::Result<Entry, SourceFault>> + Send,
        told: &mut dyn FnMut(&RowFinding),
        progress: &dyn Fn(&ImportReport),
    ) -> Result<ImportReport> {
        let (seal, now) = (self.seal()?, self.now());
        let (by, tree) = self.read_as(session, EventKind::Import.code(), |r| {
            let (by, tree) = (policy::acting(r, session, now)?, r.org_tree()?);
            may_import(&by, &tree)?;
            let named = plan.rules.iter().flat_map(OrgRules::orgs).chain(&plan.org);
            for org in named.filter(|org| org.as_str() != UNASSIGNED) {
                policy::within(&tree, &by, org)?;
            }
            same_source(plan, r.import(&plan.id)?)?;
            Ok((by, tree))
        })?;
        let credit = Credit::new(&tree, &by, plan.rules.as_ref(), plan.org.as_ref())?;
        let mut judge = Judge::new(seal, &plan.id, credit, now);
        std::thread::scope(|scope| {
            // Two chunks wait, no more: what is read ahead is bounded.
            let (sender, receiver) = sync_channel::<Vec<Judged>>(2);
            scope.spawn(move || {
                let mut chunk = Vec::with_capacity(CHUNK);
                for entry in entries {
                    chunk.push(judge.judge(entry));
                    // Nobody listens any more after an error.
                    if chunk.len() == CHUNK
                        && sender.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK))).is_err()
                    {
                        return;
                    }
                }
                let _ = sender.send(chunk);
            });
            let mut report = ImportReport::default();
            let receiver = receiver;
            if plan.dry_run {
                self.try_out(&receiver, &mut report, told, progress)?;
            } else {
                self.import_chunks(session, plan, &receiver, &mut report, told, progress)?;
            }
            Ok(report)
        })
    }

    fn import_chunks(
        &self,
        session: &Session,
        plan: &ImportPlan,
        receiver: &Receiver<Vec<Judged>>,
        report: &mut ImportReport,
        told: &mut dyn FnMut(&RowFinding),
        progress: &dyn Fn(&ImportReport),
    ) -> Result<()> {
        let kind = EventKind::Import;
        let fields = act_fields(plan);
        let (act, document) = self.sign_act(session, kind.code(), kind, Ok(plan.id.to_string()), fields)?;
        let mut signed = Some(document);
        let mut pairs = Pairs::default();
        while let Ok(first) = receiver.recv() {
            let mut chunks = vec![first];
            while chunks.len() < CHUNKS
                && let Ok(next) = receiver.try_recv()
            {
                chunks.push(next);
            }
            self.make_unassigned(session, &chunks)?;
            let chunks = &chunks;
            let (findings, done, used) = self.write(session, kind.code(), |w| {
                let r = w.reader();
                let (by, tree) = (policy::acting(&r, session, w.now())?, r.org_tree()?);
                may_import(&by, &tree)?;
                same_source(plan, r.import(&plan.id)?)?;
                let mut writing = record::Writing::new(self.seal()?, (&by, &tree), &mut pairs);
                let mut document: Option<&Document> = signed.as_ref();
                for chunk in chunks {
                    let Some(planned) = writing.plan(&w.reader(), chunk)? else { continue };
                    let mut event = w.event(kind, Some(session.operator()), &act.object);
                    if let Some(document) = document.take() {
                        event.put_document(document)?;
                        if event.reader().import(&plan.id)?.is_none() {
                            event.put_import(&ImportRow {
                                id: plan.id.clone(),
                                operator: session.operator().clone(),
                                source: plan.source.clone(),
                                digest: plan.digest,
                                rules: plan.rules.as_ref().map(OrgRules::digest),
                                at: event.now().unix_seconds(),
                            })?;
                        }
                    }
                    writing.put(&mut event, planned)?;
                    event.close()?;
                    hufu_store::fault!("f40");
                }
                Ok((writing.findings, writing.done, document.is_none()))
            })?;
            hufu_store::fault!("f41");
            if used {
                signed = None;
            }
            done.add_to(report);
            findings.iter().for_each(|finding| report.tell(finding, told));
            progress(report);
        }
        Ok(())
    }

    /// Judges everything and writes nothing.
    fn try_out(
        &self,
        receiver: &Receiver<Vec<Judged>>,
        report: &mut ImportReport,
        told: &mut dyn FnMut(&RowFinding),
        progress: &dyn Fn(&ImportReport),
    ) -> Result<()> {
        let seal = self.seal()?;
        let mut seen = HashMap::new();
        while let Ok(chunk) = receiver.recv() {
            let (findings, done) = self.read(|r| record::try_out(r, seal, &chunk, &mut seen))?;
            done.add_to(report);
            findings.iter().for_each(|finding| report.tell(finding, told));
            progress(report);
        }
        Ok(())
    }

    /// Adds the organisation of what is nobody's before the first certificate that needs it.
    fn make_unassigned(&self, session: &Session, chunks: &[Vec<Judged>]) -> Result<()> {
        let org = credit::unassigned()?;
        let needed = chunks.iter().flatten().any(|one| matches!(one, Judged::Row(work) if work.row.org == org.id));
        if !needed || self.read(|r| Ok(r.org_tree()?.get(&org.id).is_ok()))? {
            return Ok(());
        }
        match self.change(session, &Change::OrgAdd(org)) {
            Ok(Outcome::Done(_)) => Ok(()),
            Ok(Outcome::Proposed(_)) => Err(ErrorKind::Internal("adding an organisation takes one person").into()),
            // Somebody else was faster.
            Err(e) if matches!(e.kind(), ErrorKind::OrgExists(_)) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Every import, oldest first, with the number of certificates it brought.
    ///
    /// # Errors
    /// Role errors; database errors.
    pub fn imports(&self, session: &Session) -> Result<Vec<ImportView>> {
        let now = self.now();
        self.read_as(session, "import-list", |r| {
            policy::acting(r, session, now)?;
            let counts: HashMap<ImportId, u64> = r.import_counts()?.into_iter().collect();
            let view = |row: ImportRow| ImportView { certificates: counts.get(&row.id).copied().unwrap_or(0), row };
            Ok(r.imports()?.into_iter().map(view).collect())
        })
    }
}

/// The operator may import, and is not stopped.
fn may_import(by: &Operator, tree: &OrgTree) -> Result<()> {
    policy::holds(by, &IMPORTERS)?;
    policy::not_frozen(tree, &by.org)
}

/// The name is new, or belongs to this source with these rules.
fn same_source(plan: &ImportPlan, known: Option<ImportRow>) -> Result<()> {
    match known {
        Some(row) if row.digest != plan.digest || row.rules != plan.rules.as_ref().map(OrgRules::digest) => {
            Err(ErrorKind::ImportChanged { import: row.id, source: row.source }.into())
        }
        _ => Ok(()),
    }
}

/// What is signed about an import.
fn act_fields(plan: &ImportPlan) -> Vec<(String, String)> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let mut fields = vec![pair("source", plan.source.clone()), pair("digest", plan.digest.to_string())];
    fields.extend(plan.rules.as_ref().map(|rules| pair("rules", rules.digest().to_string())));
    fields.extend(plan.org.as_ref().map(|org| pair("org", org.to_string())));
    fields
}
