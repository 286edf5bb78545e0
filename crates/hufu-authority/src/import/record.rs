//! A chunk of a source against the table: what is new, what is known, what contradicts the record.

use std::collections::{BTreeMap, HashMap, HashSet};

use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::ident::{Digest, OrgId};
use hufu_model::legacy::{LegacyRow, Usage};
use hufu_model::operator::Operator;
use hufu_model::org::OrgTree;
use hufu_model::revocation::RevocationReason;
use hufu_store::{EventWriter, LegacyStatus, NewLegacyStatus, Reader};
use hufu_x509::digest::sm3;
use hufu_x509::seal::SealKey;

use super::ImportReport;
use super::judge::{Judged, RowFinding, Work, fingerprint, name_index};
use super::subject::normalised;
use crate::error::Result;
use crate::policy;

/// How far apart the beginnings of two halves of a pair may lie, in seconds, where no `pair_id` says that they are one.
const APART: u64 = 86_400;

/// How many halves that wait for their other one are remembered by their `pair_id`. Further ones are paired as those
/// without.
const OPEN: usize = 200_000;

/// What was done with some rows.
#[derive(Default)]
pub(super) struct Done {
    read: u64,
    new: u64,
    second_halves: u64,
    status_changes: u64,
    known: u64,
    groups: BTreeMap<(OrgId, Algorithm), u64>,
}

impl Done {
    pub(super) fn add_to(self, report: &mut ImportReport) {
        report.read += self.read;
        report.new += self.new;
        report.second_halves += self.second_halves;
        report.status_changes += self.status_changes;
        report.known += self.known;
        for (group, count) in self.groups {
            *report.groups.entry(group).or_default() += count;
        }
    }

    fn row(&mut self, row: &LegacyRow) {
        self.new += 1;
        self.second_halves += u64::from(row.first_half.is_some());
        let group = (row.org.clone(), row.algorithm);
        *self.groups.entry(group).or_default() += 1;
    }
}

/// Halves of this source that have a `pair_id`: those that wait for their other one, by it, and which they are.
#[derive(Default)]
pub(super) struct Pairs {
    open: HashMap<u128, (Digest, Usage)>,
    waiting: HashSet<u128>,
}

impl Pairs {
    /// The half that waits for this one, which waits no more; otherwise this one waits.
    fn meet(&mut self, pair: u128, row: &LegacyRow) -> Option<Digest> {
        if let Some((other, usage)) = self.open.get(&pair) {
            if *other == row.id || !usage.complements(row.usage) {
                return None;
            }
            let other = *other;
            self.open.remove(&pair);
            self.waiting.remove(&fingerprint(&other));
            return Some(other);
        }
        if self.open.len() < OPEN {
            self.open.insert(pair, (row.id, row.usage));
            self.waiting.insert(fingerprint(&row.id));
        }
        None
    }

    /// A half that is on record: it waits, or takes the waiting one along, as when it was recorded.
    fn pass(&mut self, pair: u128, row: &LegacyRow) {
        match row.first_half {
            Some(first) => {
                self.open.remove(&pair);
                self.waiting.remove(&fingerprint(&first));
            }
            None => drop(self.meet(pair, row)),
        }
    }

    fn waits(&self, id: &Digest) -> bool {
        self.waiting.contains(&fingerprint(id))
    }
}

/// What is to be done about a row of a chunk.
enum Step<'w> {
    New(&'w Work),
    Change(NewLegacyStatus),
}

/// What is to be put into one event.
pub(super) struct Planned<'w> {
    steps: Vec<Step<'w>>,
}

/// One transaction of an import.
pub(super) struct Writing<'a> {
    seal: &'a SealKey,
    by: &'a Operator,
    tree: &'a OrgTree,
    pairs: &'a mut Pairs,
    pub(super) findings: Vec<RowFinding>,
    pub(super) done: Done,
}

impl<'a> Writing<'a> {
    pub(super) fn new(seal: &'a SealKey, (by, tree): (&'a Operator, &'a OrgTree), pairs: &'a mut Pairs) -> Self {
        Self { seal, by, tree, pairs, findings: Vec::new(), done: Done::default() }
    }

    /// Compares a chunk with the table as it is; none when nothing is to be written.
    pub(super) fn plan<'w>(&mut self, r: &Reader<'_>, chunk: &'w [Judged]) -> Result<Option<Planned<'w>>> {
        let mut steps = Vec::with_capacity(chunk.len());
        let mut fresh: HashMap<Digest, &Work> = HashMap::with_capacity(chunk.len());
        let mut orgs: HashSet<&OrgId> = HashSet::new();
        let mut changed: HashMap<Digest, NewLegacyStatus> = HashMap::new();
        for judged in chunk {
            self.done.read += 1;
            let work = match judged {
                Judged::Row(work) => work,
                Judged::Refused(finding) => {
                    self.findings.push(finding.clone());
                    continue;
                }
            };
            // The tree may have changed since the rows were judged.
            if orgs.insert(&work.row.org) {
                policy::within(self.tree, self.by, &work.row.org)?;
            }
            let known = match fresh.get(&work.row.id) {
                Some(twin) => Some(Known { row: twin.row.clone(), last: None, revoked: twin.change() }),
                None => Known::read(r, &work.row.id)?,
            };
            let Some(known) = known else {
                self.findings.extend(work.findings.iter().cloned());
                fresh.insert(work.row.id, work);
                steps.push(Step::New(work));
                continue;
            };
            match known.compare(work, self.seal) {
                Verdict::Same => {
                    self.done.known += 1;
                    if let Some(pair) = work.pair {
                        self.pairs.pass(pair, &known.row);
                    }
                }
                Verdict::Change(change) => match changed.get(&change.id) {
                    Some(before) if *before == change => self.done.known += 1,
                    Some(_) => self.findings.push(work.finding("import.conflict", "status", true)),
                    None => {
                        changed.insert(change.id, change.clone());
                        steps.push(Step::Change(change));
                    }
                },
                Verdict::Differs(code, what) => self.findings.push(work.finding(code, what, true)),
            }
        }
        Ok((!steps.is_empty()).then_some(Planned { steps }))
    }

    /// Puts what was planned.
    pub(super) fn put(&mut self, event: &mut EventWriter<'_, '_>, planned: Planned<'_>) -> Result<()> {
        let (mut rows, mut changes) = (0_u64, 0_u64);
        for step in planned.steps {
            match step {
                Step::New(work) => {
                    let mut row = work.row.clone();
                    row.first_half = self.first_half(&event.reader(), work)?;
                    event.put_legacy(&row)?;
                    self.done.row(&row);
                    rows += 1;
                    if let Some((at, reason, status)) = work.change() {
                        event.put_legacy_status(&NewLegacyStatus { id: row.id, status, reason, at })?;
                        self.done.status_changes += 1;
                        changes += 1;
                    }
                }
                Step::Change(change) => {
                    event.put_legacy_status(&change)?;
                    self.done.status_changes += 1;
                    changes += 1;
                }
            }
        }
        event.field("certificates", &rows.to_string());
        event.field("status-changes", &changes.to_string());
        Ok(())
    }

    /// The other half of a pair, if it is on record.
    fn first_half(&mut self, r: &Reader<'_>, work: &Work) -> Result<Option<Digest>> {
        let row = &work.row;
        if row.usage == Usage::Any {
            return Ok(None);
        }
        if let Some(pair) = work.pair
            && let Some(first) = self.pairs.meet(pair, row)
        {
            return Ok(Some(first));
        }
        let theirs = r.legacy_by_holder(&row.holder)?;
        let taken: HashSet<Digest> = theirs.iter().filter_map(|other| other.first_half).collect();
        let subject = normalised(&row.subject);
        let first = theirs.iter().find(|other| {
            other.first_half.is_none()
                && !taken.contains(&other.id)
                && other.usage.complements(row.usage)
                && other.validity.not_before().abs_diff(row.validity.not_before()) <= APART
                && normalised(&other.issuer) == normalised(&row.issuer)
                && normalised(&other.subject) == subject
                // One that waits for the other half of another pair is not this one's.
                && !self.pairs.waits(&other.id)
        });
        let first = first.map(|other| other.id);
        if first.is_some()
            && let Some(pair) = work.pair
        {
            self.pairs.pass(pair, &LegacyRow { first_half: first, ..row.clone() });
        }
        Ok(first)
    }
}

/// What is on record about a certificate.
struct Known {
    row: LegacyRow,
    last: Option<LegacyStatus>,
    /// What is about to be recorded about it with it.
    revoked: Option<(i64, RevocationReason, CertificateStatus)>,
}

enum Verdict {
    Same,
    Change(NewLegacyStatus),
    Differs(&'static str, &'static str),
}

impl Known {
    fn read(r: &Reader<'_>, id: &Digest) -> Result<Option<Self>> {
        let Some(row) = r.legacy(id)? else { return Ok(None) };
        let last = match row.status {
            CertificateStatus::Active => None,
            _ => r.legacy_status_last(id)?,
        };
        Ok(Some(Self { row, last, revoked: None }))
    }

    fn compare(&self, work: &Work, seal: &SealKey) -> Verdict {
        if let Some(column) = self.differs(work, seal) {
            let code = if self.row.import == work.row.import { "import.conflict" } else { "import.differs" };
            return Verdict::Differs(code, column);
        }
        // Silence about a revocation contradicts nothing: certificates themselves never tell of one.
        let Some((at, reason, status)) = work.change() else { return Verdict::Same };
        let recorded = self.last.as_ref().map(|last| (last.at, last.reason, last.status)).or(self.revoked);
        let is = recorded.map_or(self.row.status, |(_, _, status)| status);
        match recorded {
            Some(recorded) if recorded == (at, reason, status) => Verdict::Same,
            Some((since, ..)) if !is.may_become(status) || at < since => {
                Verdict::Differs("import.revocation-differs", "")
            }
            // One source says one thing about a certificate.
            _ if self.row.import == work.row.import => Verdict::Differs("import.conflict", "status"),
            _ => Verdict::Change(NewLegacyStatus { id: self.row.id, status, reason, at }),
        }
    }

    /// The first column that both say and say otherwise.
    fn differs(&self, work: &Work, seal: &SealKey) -> Option<&'static str> {
        let (old, new) = (&self.row, &work.row);
        let both = |old: Option<&str>, new: Option<&str>| old.zip(new).is_some_and(|(old, new)| old != new);
        let holder = || {
            // The record may have the holder's name only.
            work.identified
                && old.holder != new.holder
                && old.holder != name_index(seal, old.org.as_str(), &old.subject)
        };
        if old.org != new.org {
            return Some("org");
        }
        if old.subject != new.subject && normalised(&old.subject) != normalised(&new.subject) {
            return Some("subject");
        }
        if old.algorithm != new.algorithm || (old.key_bits != new.key_bits && old.key_bits > 0 && new.key_bits > 0) {
            return Some("algorithm");
        }
        if old.validity != new.validity {
            return Some("validity");
        }
        if work.timed && old.issued_at != new.issued_at {
            return Some("issued_at");
        }
        if old.usage != new.usage && old.usage != Usage::Any && new.usage != Usage::Any {
            return Some("usage");
        }
        if both(old.holder_kind.map(|kind| kind.code()), new.holder_kind.map(|kind| kind.code())) || holder() {
            return Some("holder");
        }
        if both(old.medium.map(|medium| medium.code()), new.medium.map(|medium| medium.code())) {
            return Some("medium");
        }
        if old.digest.zip(new.digest).is_some_and(|(old, new)| old != new) {
            return Some("certificate");
        }
        None
    }
}

/// What a source would add, and what is wrong with it. `seen` has the rows of the source that are new, in little room: which
/// they are, and what they say.
pub(super) fn try_out(
    r: &Reader<'_>,
    seal: &SealKey,
    chunk: &[Judged],
    seen: &mut HashMap<u128, u64>,
) -> Result<(Vec<RowFinding>, Done)> {
    let (mut findings, mut done) = (Vec::new(), Done::default());
    for judged in chunk {
        done.read += 1;
        let work = match judged {
            Judged::Row(work) => work,
            Judged::Refused(finding) => {
                findings.push(finding.clone());
                continue;
            }
        };
        if let Some(known) = Known::read(r, &work.row.id)? {
            match known.compare(work, seal) {
                Verdict::Same => done.known += 1,
                Verdict::Change(_) => done.status_changes += 1,
                Verdict::Differs(code, what) => findings.push(work.finding(code, what, true)),
            }
            continue;
        }
        let says = contents(work);
        match seen.insert(fingerprint(&work.row.id), says) {
            None => {
                findings.extend(work.findings.iter().cloned());
                done.row(&work.row);
                done.status_changes += u64::from(work.change().is_some());
            }
            Some(before) if before == says => done.known += 1,
            Some(_) => findings.push(work.finding("import.conflict", "", true)),
        }
    }
    Ok((findings, done))
}

/// What a row says, but for its place, in few octets.
fn contents(work: &Work) -> u64 {
    let row = &work.row;
    let text = format!(
        "{}\n{}\n{}\n{}\n{:?}\n{}\n{}\n{:?}\n{:?}\n{:?}\n{:?}",
        row.org,
        normalised(&row.subject),
        row.algorithm,
        row.key_bits,
        row.validity,
        row.issued_at,
        row.holder,
        row.usage,
        row.medium,
        row.digest,
        work.revoked,
    );
    let Digest(octets) = sm3(text.as_bytes());
    octets.first_chunk::<8>().map_or(0, |octets| u64::from_be_bytes(*octets))
}
