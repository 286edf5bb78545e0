//! Which certificate of ours takes the place of an imported one: the same holder's, or one that may be.

use std::collections::{HashMap, HashSet};

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OrgId, Serial};
use hufu_model::legacy::LegacyRow;
use hufu_model::org::OrgTree;
use hufu_model::time::Instant;
use hufu_store::{CertificateFilter, LegacyFilter, Reader, pages};

use super::IMPORTERS;
use super::subject::common_name;
use crate::authority::{Authority, Session};
use crate::error::{ErrorKind, Result};
use crate::policy;

/// Rows read at a time.
const PAGE: u32 = 1000;

/// The most links of one act: its signed text names each of them.
const MAX_LINKS: usize = 10_000;

/// An imported certificate and the certificates of ours that may have taken its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The imported one.
    pub legacy: LegacyRow,
    /// Ours, the oldest first; no encryption halves.
    pub ours: Vec<CertificateRow>,
}

/// What could be linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// One holder on either side.
    pub unique: Vec<Match>,
    /// Several holders of this name on one side: somebody has to look.
    pub ambiguous: Vec<Match>,
    /// Whether there are more.
    pub more: bool,
}

impl Authority {
    /// Imported certificates without a successor whose holder may be one of ours: in the same organisation, the same identity,
    /// or the same name. At most `limit` of each sort; 0 is no limit.
    ///
    /// # Errors
    /// Role and jurisdiction errors; database errors.
    pub fn matches(&self, session: &Session, org: Option<&OrgId>, limit: usize) -> Result<Matches> {
        let now = self.now();
        self.read_as(session, "import-matches", |r| {
            let (by, tree) = (policy::acting(r, session, now)?, r.org_tree()?);
            policy::holds(&by, &IMPORTERS)?;
            let top = org.unwrap_or(&by.org);
            policy::within(&tree, &by, top)?;
            let mut found = Matches::default();
            // One organisation after the other: only the names of one are held.
            for org in tree.iter().filter(|org| tree.is_within(&org.id, top)) {
                match_in(r, &org.id, limit, &mut found)?;
            }
            Ok(found)
        })
    }

    /// Records which certificates of ours took the place of imported ones: all of them or none.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLegacy`], [`ErrorKind::UnknownCertificate`]; [`ErrorKind::LegacyLinked`] for one that is linked;
    /// [`ErrorKind::LegacyOffice`] when the two belong to different offices; [`ErrorKind::NoChange`] for an empty list;
    /// role and jurisdiction errors; database errors.
    pub fn link(&self, session: &Session, links: &[(Digest, Serial)]) -> Result<()> {
        let kind = EventKind::ImportMatch;
        if links.len() > MAX_LINKS {
            let what = format!("it has {}", links.len());
            return Err(ErrorKind::Unreadable { wanted: "a list of at most 10000 links", what }.into());
        }
        let lines: Vec<String> = links.iter().map(|(legacy, serial)| line(legacy, serial)).collect();
        let object = match links {
            [] => return Err(ErrorKind::NoChange("there is nothing to link".to_owned()).into()),
            [(legacy, _)] => legacy.to_string(),
            many => format!("{} certificates", many.len()),
        };
        let fields = vec![("links".to_owned(), lines.join("\n"))];
        let (act, document) = self.sign_act(session, kind.code(), kind, Ok(object), fields)?;
        self.write(session, kind.code(), |w| {
            let r = w.reader();
            let (by, tree) = (policy::acting(&r, session, w.now())?, r.org_tree()?);
            super::may_import(&by, &tree)?;
            let mut seen = HashSet::new();
            for (legacy, serial) in links {
                let row = r.legacy(legacy)?.ok_or(ErrorKind::UnknownLegacy(*legacy))?;
                let ours = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
                policy::within(&tree, &by, &row.org)?;
                policy::within(&tree, &by, &ours.org)?;
                if !same_office(&tree, &row.org, &ours.org) {
                    return Err(ErrorKind::LegacyOffice { legacy: row.org, ours: ours.org }.into());
                }
                if let Some(link) = r.legacy_link(legacy)? {
                    return Err(ErrorKind::LegacyLinked { legacy: *legacy, serial: link.serial }.into());
                }
                if !seen.insert(*legacy) {
                    return Err(ErrorKind::LegacyLinked { legacy: *legacy, serial: serial.clone() }.into());
                }
            }
            let mut event = w.event(kind, Some(session.operator()), &act.object);
            event.put_document(&document)?;
            for (legacy, serial) in links {
                event.put_legacy_link(legacy, serial)?;
            }
            event.close()?;
            Ok(())
        })
    }
}

/// One link of what is signed.
pub(crate) fn line(legacy: &Digest, serial: &Serial) -> String {
    format!("{legacy} {serial}")
}

/// The two organisations are one, or one is above the other: an office and what its RA imported.
pub(crate) fn same_office(tree: &OrgTree, one: &OrgId, other: &OrgId) -> bool {
    tree.is_within(one, other) || tree.is_within(other, one)
}

/// The imported certificates whose place a certificate takes that is issued to `holder` in `org` for a migration: those of
/// the same holder that live still and that nothing replaced.
pub(crate) fn migrated(
    r: &Reader<'_>,
    holder: &Digest,
    org: &OrgId,
    now: Instant,
) -> std::result::Result<Vec<Digest>, hufu_store::Error> {
    let theirs = r.legacy_by_holder(holder)?;
    if theirs.is_empty() {
        return Ok(Vec::new());
    }
    let tree = r.org_tree()?;
    let mut found = Vec::new();
    for row in theirs {
        let lives = row.status == CertificateStatus::Active && row.validity.not_after() >= now.unix_seconds();
        if lives && same_office(&tree, &row.org, org) && r.legacy_link(&row.id)?.is_none() {
            found.push(row.id);
        }
    }
    Ok(found)
}

/// Our certificates of one organisation that one may look for.
#[derive(Default)]
struct Ours {
    by_holder: HashMap<Digest, Vec<Serial>>,
    by_name: HashMap<String, Vec<Digest>>,
}

impl Ours {
    fn read(r: &Reader<'_>, org: &OrgId) -> Result<Self> {
        let mut ours = Self::default();
        let filter =
            CertificateFilter { orgs: Some(vec![org.clone()]), pairs: true, limit: PAGE, ..Default::default() };
        let read = |after| r.certificates(&CertificateFilter { after, ..filter.clone() });
        for page in pages(read, |row: &CertificateRow| row.serial.clone()) {
            for row in page? {
                let holders = ours.by_name.entry(common_name(&row.subject)).or_default();
                if !holders.contains(&row.holder) {
                    holders.push(row.holder);
                }
                ours.by_holder.entry(row.holder).or_default().push(row.serial);
            }
        }
        Ok(ours)
    }
}

/// The imported certificates of `org` without a successor, page by page.
fn unlinked<'r>(r: &'r Reader<'r>, org: &OrgId) -> impl Iterator<Item = Result<Vec<LegacyRow>>> + use<'r> {
    let filter = LegacyFilter { orgs: Some(vec![org.clone()]), unlinked: true, limit: PAGE, ..LegacyFilter::default() };
    let read = move |after| Ok(r.legacy_rows(&LegacyFilter { after, ..filter.clone() })?);
    pages(read, |row: &LegacyRow| (row.validity.not_after(), row.id))
}

fn match_in(r: &Reader<'_>, org: &OrgId, limit: usize, found: &mut Matches) -> Result<()> {
    let ours = Ours::read(r, org)?;
    if ours.by_holder.is_empty() {
        return Ok(());
    }
    // Whose imported certificates have a name of ours: one holder, or none when there are several.
    let mut named: HashMap<String, Option<Digest>> = HashMap::new();
    for page in unlinked(r, org) {
        for row in page? {
            let name = common_name(&row.subject);
            if ours.by_name.contains_key(&name) {
                let one = Some(row.holder);
                named.entry(name).and_modify(|known| *known = known.filter(|_| *known == one)).or_insert(one);
            }
        }
    }
    for page in unlinked(r, org) {
        for row in page? {
            let name = common_name(&row.subject);
            let (holders, unique) = if ours.by_holder.contains_key(&row.holder) {
                (vec![row.holder], true)
            } else {
                let holders = ours.by_name.get(&name).cloned().unwrap_or_default();
                let unique = holders.len() == 1 && named.get(&name).is_some_and(Option::is_some);
                (holders, unique)
            };
            if holders.is_empty() {
                continue;
            }
            let list = if unique { &mut found.unique } else { &mut found.ambiguous };
            if limit > 0 && list.len() >= limit {
                found.more = true;
                continue;
            }
            let mut certificates = Vec::new();
            for serial in holders.iter().filter_map(|holder| ours.by_holder.get(holder)).flatten() {
                certificates.extend(r.certificate(serial)?);
            }
            list.push(Match { legacy: row, ours: certificates });
        }
    }
    Ok(())
}
