//! `publish`: revocation lists from the ledger to files that were read again.
//!
//! ```text
//!  ledger ──► entries in order ──► TBSCertList of the full list, of every shard, of the delta list
//!                                     │ begin_crl       number and digests, committed
//!                                     │ sign_crl        against that intent; verified, read again
//!                                     │ temporary files, fsync ──► rename ──► fsync of the folder
//!                                     │ read back       from the folder, by the CA's key, against the intent
//!                                     │ complete_crl    size and digest of every file, committed
//!                                     ▼
//!                                  published
//! ```
//!
//! # What is true after a crash
//! | killed | on disk | what the next publication does |
//! |---|---|---|
//! | before the number commits | nothing new | the same number |
//! | after it (f15), with files beside their places (f16) | the number, the files of before | the next number |
//! | while files are put in their places (f17) | some files of this number, some of before; each whole | the next number |
//! | when all are in their places (f18), before they are confirmed (f19-open) | the files of this number | the next number |
//! | after that (f19) | published | the next number |
//!
//! A number is never used for two publications and never goes back: it is committed before anything is signed under it.
//! A change of status is *visible* when a full list that was read again reflects it, and *pending* until then.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use hufu_issuer::Issuer;
use hufu_model::crl::{CrlKind, CrlPart};
use hufu_model::ident::{Digest, Serial, hex};
use hufu_store::{CrlIssue, CrlList, PublishedCrl, Reader, StatusChange};
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::Crl;
use hufu_x509::digest::sm3;
use hufu_x509::ocsp::Status;
use hufu_x509::tbs::Urls;

use crate::authority::{Authority, CaSigner, Session};
use crate::ca::IssuingCa;
use crate::error::{ErrorKind, Result};
use crate::policy;

pub(crate) mod build;
mod folder;

use folder::Folder;

/// How long a list is valid unless said otherwise: 7 days, in seconds.
pub const LIFE: i64 = 7 * 86_400;

/// Up to this many certificates may change their status between two full lists without anybody saying so.
const FEW_CHANGES: u64 = 100;

/// Of how many certificates of the CA, in a hundred, may change their status between two full lists.
const CHANGES_IN_100: u64 = 5;

/// What to publish, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    /// The folder that is served under the base of the HTTP addresses in the certificates.
    pub folder: PathBuf,
    /// The full list with its shards, or only a delta list.
    pub kind: CrlKind,
    /// Whether a full list says where its delta lists are, and one is made beside it.
    pub deltas: bool,
    /// How long the lists are valid, in seconds.
    pub life: i64,
    /// How many changes of status since the last full list somebody has agreed to. It is asked for when they are more than
    /// 100 and more than 5 in 100 certificates: a mistake of that size is better stopped here than at every relying party.
    pub agreed_changes: Option<u64>,
}

impl Publishing {
    /// A full list in `folder`, valid for [`LIFE`], without delta lists.
    #[must_use]
    pub fn full(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), kind: CrlKind::Full, deltas: false, life: LIFE, agreed_changes: None }
    }

    /// A delta list in `folder`, valid for [`LIFE`].
    #[must_use]
    pub fn delta(folder: impl Into<PathBuf>) -> Self {
        Self { kind: CrlKind::Delta, ..Self::full(folder) }
    }
}

/// What a publication is, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// What its lists have in common.
    pub issue: CrlIssue,
    /// Its lists.
    pub lists: Vec<PublishedList>,
    /// How many certificates changed their status since the last full list.
    pub changes: u64,
    /// Files in the folder that were damaged, and have been replaced.
    pub replaced: Vec<PathBuf>,
}

/// One list of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedList {
    /// Which one.
    pub part: CrlPart,
    /// Its file.
    pub path: PathBuf,
    /// How many entries it has.
    pub entries: u64,
    /// Octets; of a list that was not signed, those of its TBSCertList.
    pub size: u64,
    /// SM3 of the file; none for a list that was not signed.
    pub digest: Option<Digest>,
}

/// Whether relying parties can see a change of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// It is recorded; what is published does not show it yet.
    Pending,
    /// It was read in what is published.
    Visible,
}

impl Visibility {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Visible => "visible",
        }
    }
}

/// The CA whose lists are made: what is needed of it besides its key.
#[derive(Clone, Copy)]
pub(crate) struct ListedCa<'a> {
    pub(crate) ca: &'a IssuingCa,
    pub(crate) urls: &'a Urls,
}

impl Authority {
    /// Publishes the revocation lists of every issuing CA that signs them: commits a number and what will be signed under
    /// it, signs, puts the files in their places, and goes on only after each was read again in the folder, verified with
    /// the CA's key and compared with the ledger. The certificates of the CAs and of the root are published beside them.
    ///
    /// One publisher at a time: a lock in the folder keeps others out until this one is done.
    ///
    /// # Errors
    /// [`ErrorKind::NoRole`] unless the operator may issue; [`ErrorKind::PublishingBusy`], [`ErrorKind::PublishingFolder`];
    /// [`ErrorKind::ForeignCrl`], [`ErrorKind::CrlAhead`] and [`ErrorKind::CrlDiffers`] when what lies in the folder is not
    /// older than this; [`ErrorKind::ManyChanges`]; [`ErrorKind::NoBaseCrl`] for a delta list without a full one before it;
    /// [`ErrorKind::ReadBack`]; [`ErrorKind::CaNotLoaded`]; clock, fencing, file and database errors. What was published of
    /// other CAs before the error is published.
    pub fn publish_crl(&self, session: &Session, ca: &CaSigner, publishing: &Publishing) -> Result<Vec<Publication>> {
        let cas = self.cas()?;
        let published_before = self.read(|r| {
            let last = |ca: &IssuingCa| Ok(r.last_published_crl(ca.instance, CrlKind::Full, u64::MAX)?.is_some());
            cas.iter().map(last).collect::<Result<Vec<bool>>>()
        })?;
        let folder = Folder::lock(&publishing.folder, published_before.contains(&true))?;
        folder.write_certificates(&self.identity, &cas)?;
        let listed = cas.iter().filter(|ca| ca.status.signs_status());
        listed.map(|of| self.publish_one(session, ca, of, publishing, &folder)).collect()
    }

    fn publish_one(
        &self,
        session: &Session,
        ca: &CaSigner,
        of: &IssuingCa,
        publishing: &Publishing,
        folder: &Folder,
    ) -> Result<Publication> {
        let issuer = ca.issuer(of)?;
        let of = ListedCa { ca: of, urls: &self.identity.urls };
        let plan = self.planned(session, &of, publishing)?;
        let replaced = folder.inspect(&of, &plan.issue, |number| self.read(|r| Ok(r.crl(of.ca.instance, number)?)))?;
        self.check_changes(publishing, &plan.issue, plan.changes)?;

        let lists: Vec<CrlList> = plan.lists.iter().map(build::Unsigned::row).collect();
        let (issue, changes) = (plan.issue, plan.changes);
        let intent = self.store().begin_crl(&*self.clock, ca.epoch, session.operator(), issue.clone(), lists)?;
        let mut written = Vec::with_capacity(plan.lists.len());
        for list in plan.lists {
            let (part, entries) = (list.part, list.entries);
            let signed = sign(issuer, list, &intent, self.entropy.array()?)?;
            written.push(folder.write_beside(&of, part, entries, &signed)?);
            hufu_store::fault!("f16");
        }
        folder.put_in_place(&written)?;
        hufu_store::fault!("f18");
        let lists = folder.read_back(&of, &intent, written)?;
        let files: Vec<_> = lists.iter().map(|l| (l.part, l.size, l.digest.unwrap_or(Digest([0; 32])))).collect();
        self.store().complete_crl(&*self.clock, ca.epoch, session.operator(), intent, &files)?;
        self.checkpoint(ca)?;
        Ok(Publication { issue, lists, changes, replaced })
    }

    /// What [`Authority::publish_crl`] would publish now. Nothing is signed and nothing is written.
    ///
    /// # Errors
    /// As [`Authority::publish_crl`], those of the folder excepted.
    pub fn plan_crl(&self, session: &Session, publishing: &Publishing) -> Result<Vec<Publication>> {
        let cas = self.cas()?;
        let one = |ca: &IssuingCa| {
            let of = ListedCa { ca, urls: &self.identity.urls };
            let plan = self.planned(session, &of, publishing)?;
            self.check_changes(publishing, &plan.issue, plan.changes)?;
            let list = |list: &build::Unsigned| PublishedList {
                part: list.part,
                path: publishing.folder.join(place(&of, list.part).unwrap_or_default()),
                entries: list.entries,
                size: list.tbs.len() as u64,
                digest: None,
            };
            let lists = plan.lists.iter().map(list).collect();
            Ok(Publication { issue: plan.issue, lists, changes: plan.changes, replaced: Vec::new() })
        };
        cas.iter().filter(|ca| ca.status.signs_status()).map(one).collect()
    }

    /// The publications on record, the oldest first, beginning behind the one of this CA and number; at most `limit`, 0
    /// for no limit.
    ///
    /// # Errors
    /// Database errors.
    pub fn crls(&self, after: Option<(u8, u64)>, limit: u32) -> Result<Vec<PublishedCrl>> {
        self.read(|r| Ok(r.crls(after, limit)?))
    }

    /// Where the full list of the current issuing CA lies in `folder`; none when nothing lies there.
    ///
    /// # Errors
    /// [`ErrorKind::NoCurrentCa`]; database errors.
    pub fn latest_crl(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let cas = self.cas()?;
        let of = ListedCa { ca: cas.current()?, urls: &self.identity.urls };
        Ok(Some(folder.join(place(&of, CrlPart::Full)?)).filter(|path| path.exists()))
    }

    /// Whether each of these changes of status can be seen: the full list is read in `folder`, verified with the CA's key,
    /// must be in its time, and must say of the certificate what the ledger says now; and so must the OCSP answer, by the
    /// responder's own decision ([`Authority::ocsp_status`]).
    ///
    /// # Errors
    /// [`ErrorKind::ReadBack`] for a list that cannot be relied on; file and database errors. A folder without a list
    /// shows nothing.
    pub fn visible(&self, folder: &Path, changes: &[StatusChange]) -> Result<Vec<Visibility>> {
        let cas = self.cas()?;
        let now = self.now().unix_seconds();
        let mut lists: HashMap<u8, Option<Crl>> = HashMap::new();
        for change in changes {
            let ca = cas.of_serial(&change.serial)?;
            if let Entry::Vacant(unread) = lists.entry(ca.instance) {
                let of = ListedCa { ca, urls: &self.identity.urls };
                let list = folder::read_list(folder, &of, CrlPart::Full)?;
                unread.insert(list.filter(|crl| crl.next_update().is_some_and(|next| next >= now)));
            }
        }
        let serials: Vec<Serial> = changes.iter().map(|change| change.serial.clone()).collect();
        let answers = self.ocsp_status(&serials)?;
        self.read(|r| {
            let one = |(change, answer): (&StatusChange, &Status)| {
                let ca = change.serial.as_bytes().first();
                let Some(crl) = ca.and_then(|ca| lists.get(ca)).and_then(Option::as_ref) else {
                    return Ok(Visibility::Pending);
                };
                let listed = crl.find(&change.serial).map(|entry| (entry.at, entry.reason));
                let wanted = build::wanted(r, change)?;
                let answered = match (answer, wanted) {
                    (Status::Good, None) => true,
                    (Status::Revoked { at, .. }, Some((since, _))) => *at == since,
                    _ => false,
                };
                Ok(if listed == wanted && answered { Visibility::Visible } else { Visibility::Pending })
            };
            changes.iter().zip(&answers).map(one).collect()
        })
    }

    fn planned(&self, session: &Session, of: &ListedCa<'_>, publishing: &Publishing) -> Result<build::Plan> {
        let now = self.now();
        self.read_as(session, "publish", |r| {
            policy::may_issue(&policy::acting(r, session, now)?)?;
            let issue = next_issue(r, of, publishing, now)?;
            build::plan(r, of, issue)
        })
    }

    /// A change of unusual size is not published before somebody said that it is meant.
    fn check_changes(&self, publishing: &Publishing, issue: &CrlIssue, changes: u64) -> Result<()> {
        if changes <= FEW_CHANGES || publishing.agreed_changes.is_some_and(|agreed| agreed >= changes) {
            return Ok(());
        }
        // The first list of all has nothing before it to differ from.
        let (last, certificates) =
            self.read(|r| Ok((r.last_published_crl(issue.ca, CrlKind::Full, issue.number)?, r.certificate_count()?)))?;
        if last.is_none() || changes * 100 <= certificates * CHANGES_IN_100 {
            return Ok(());
        }
        Err(ErrorKind::ManyChanges { changes, certificates }.into())
    }
}

/// The publication that follows the last one.
fn next_issue(
    r: &Reader<'_>,
    of: &ListedCa<'_>,
    publishing: &Publishing,
    now: hufu_model::time::Instant,
) -> Result<CrlIssue> {
    let number = r.last_crl(of.ca.instance)?.map_or(0, |last| last.number) + 1;
    let full = r.last_published_crl(of.ca.instance, CrlKind::Full, number)?;
    // Ledger time. A clock that stands further back is refused when the number is committed.
    let this_update = r.last_event_at()?.map_or(now, |last| last.max(now)).unix_seconds();
    let (base, horizon) = match (publishing.kind, full) {
        (CrlKind::Delta, None) => return Err(ErrorKind::NoBaseCrl.into()),
        // A delta list drops nobody: only a full list without them, signed later, may say that they are gone.
        (CrlKind::Delta, Some(full)) => (Some(full.number), full.horizon),
        (CrlKind::Full, None) => (None, None),
        (CrlKind::Full, Some(full)) => (publishing.deltas.then_some(full.number), Some(full.this_update)),
    };
    Ok(CrlIssue {
        ca: of.ca.instance,
        number,
        kind: publishing.kind,
        base,
        position: r.event_count()?,
        horizon,
        this_update,
        next_update: this_update.saturating_add(publishing.life.max(60)),
        freshest: publishing.kind == CrlKind::Full && base.is_some(),
    })
}

fn sign(issuer: &Issuer, list: build::Unsigned, intent: &hufu_store::CrlIntent, entropy: [u8; 32]) -> Result<Crl> {
    let part = list.part;
    issuer.sign_crl(part, list.tbs, intent, entropy).map_err(|e| crate::Error::from(e).about(part.to_string()))
}

/// The addresses of a list, as they stand in certificates or, of a delta list, in the full list.
pub(crate) fn addresses(of: &ListedCa<'_>, part: CrlPart) -> Result<Vec<String>> {
    let key = of.ca.certificate.public_key()?;
    Ok(match part {
        CrlPart::Full => of.urls.crl(&key),
        CrlPart::Delta => of.urls.crl_delta(&key),
        CrlPart::Shard(shard) => of.urls.crl_shard(&key, shard),
    })
}

/// Where a list lies in the publishing folder.
pub(crate) fn place(of: &ListedCa<'_>, part: CrlPart) -> Result<PathBuf> {
    let urls = addresses(of, part)?;
    let place = urls.first().and_then(|url| of.urls.place(url));
    place.map(PathBuf::from).ok_or_else(|| ErrorKind::Internal("a list has no HTTP address").into())
}

/// SM3 of the TBSCertList of a list.
fn tbs_digest(crl: &Crl) -> Digest {
    sm3(crl.tbs_der())
}

/// The key identifier of a CA, which names its files.
fn key_name(certificate: &Certificate) -> Result<String> {
    Ok(hex(&certificate.public_key()?.key_id()))
}
