//! The ledger of media (介质台账): what private keys live in is recorded one by one, belongs to one holder at a time, and
//! leads to the certificates on it when it is lost. What may become of a medium stands in [`hufu_model::medium`].
//!
//! A medium is issued by the certificate that is stored on it, in the same transaction; all else is reported by the office
//! that keeps it, or one above it, and signed.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use hufu_model::certificate::{Algorithm, CertificateRow};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, MediumId, OrgId, Serial};
use hufu_model::medium::MediumStatus;
use hufu_model::operator::{Operator, Role};
use hufu_model::org::OrgTree;
use hufu_model::profile::Profile;
use hufu_model::request::Medium;
use hufu_model::text::check_name;
use hufu_store::{EventWriter, MediumRow, Reader};
use hufu_x509::record::RequestRecord;

use crate::authority::{Authority, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;

mod sheet;

/// The most media that are recorded at once: their list is signed as one record.
const MAX_MEDIA: usize = 2000;

/// Who keeps media.
const KEEPERS: [Role; 3] = [Role::Entry, Role::Admin, Role::SuperAdmin];

/// A medium to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMedium {
    /// Its id, unique in the home.
    pub id: MediumId,
    /// What it is.
    pub kind: Medium,
    /// The maker's serial number; a UKey has one.
    pub serial: String,
    /// Who made it.
    pub vendor: String,
    /// The model.
    pub model: String,
    /// Whether SM2 keys can live in it.
    pub sm2: bool,
    /// The organisation that keeps it.
    pub org: OrgId,
}

impl NewMedium {
    /// Reads a sheet, CSV or workbook, with the columns id, kind, serial, vendor, model, sm2 (yes or no) and org, by these
    /// names or their Chinese ones. A result for each row; errors name the row as a spreadsheet shows it.
    ///
    /// # Errors
    /// Those of [`hufu_sheet::Sheet::open`] and [`hufu_sheet::Layout::of`].
    pub fn sheet(path: &Path) -> Result<Vec<Result<Self>>> {
        sheet::read(path)
    }

    fn check(&self) -> Result<()> {
        let name = |text: &str| {
            if text.is_empty() { Ok(()) } else { check_name(text, 64).map_err(crate::change::name_fault) }
        };
        [&self.serial, &self.vendor, &self.model].into_iter().try_for_each(|text| name(text))?;
        if self.kind == Medium::UKey && self.serial.is_empty() {
            let what = "a UKey has a serial number".to_owned();
            return Err(ErrorKind::Unreadable { wanted: "a medium", what }.into());
        }
        Ok(())
    }

    /// One line of what is signed.
    fn line(&self) -> String {
        let sm2 = if self.sm2 { "sm2" } else { "-" };
        let (id, kind, org) = (&self.id, self.kind, &self.org);
        [id.as_str(), kind.code(), &self.serial, &self.vendor, &self.model, sm2, org.as_str()].join("\t")
    }
}

/// The line that was signed about a medium on record.
pub(crate) fn line(row: &MediumRow) -> String {
    let (id, kind, sm2, org) = (row.id.clone(), row.kind, row.sm2, row.org.clone());
    let (serial, vendor, model) = (row.serial.clone(), row.vendor.clone(), row.model.clone());
    NewMedium { id, kind, serial, vendor, model, sm2, org }.line()
}

/// A medium with the certificates on it.
#[derive(Debug, Clone)]
pub struct MediumView {
    /// Its row.
    pub row: MediumRow,
    /// The certificates, oldest first.
    pub certificates: Vec<CertificateRow>,
}

impl Authority {
    /// Records media, all or none: a result for each, and nothing is stored unless all are good.
    ///
    /// # Errors
    /// An error of the whole batch: more than 2,000 media, operator, frozen organisation, database. For one medium:
    /// [`ErrorKind::MediumExists`], name errors, role and jurisdiction errors.
    pub fn add_media(&self, session: &Session, media: &[NewMedium]) -> Result<Vec<Result<()>>> {
        if media.len() > MAX_MEDIA {
            let what = format!("it has {}", media.len());
            return Err(ErrorKind::Unreadable { wanted: "a list of at most 2000 media", what }.into());
        }
        let kind = EventKind::MediumAdd;
        let lines = media.iter().map(NewMedium::line).collect::<Vec<_>>().join("\n");
        let object = match media {
            [one] => one.id.to_string(),
            many => format!("{} media", many.len()),
        };
        let fields = vec![("media".to_owned(), lines)];
        let (act, document) = self.sign_act(session, kind.code(), kind, Ok(object), fields)?;
        let results = self.write(session, kind.code(), |w| {
            let r = w.reader();
            let (by, tree) = (policy::acting(&r, session, w.now())?, r.org_tree()?);
            policy::not_frozen(&tree, &by.org)?;
            let (mut ids, mut serials) = (HashSet::new(), HashSet::new());
            let results: Vec<Result<()>> = media
                .iter()
                .map(|new| {
                    keeps(&tree, &by, &new.org)?;
                    policy::not_frozen(&tree, &new.org)?;
                    new.check()?;
                    let serial = !new.serial.is_empty();
                    let twin = r.medium_by_serial(&new.vendor, &new.serial)?.filter(|_| serial);
                    let again = !ids.insert(&new.id) || (serial && !serials.insert((&new.vendor, &new.serial)));
                    match r.medium(&new.id)?.or(twin) {
                        Some(known) => Err(ErrorKind::MediumExists(known.id).into()),
                        None if again => Err(ErrorKind::MediumExists(new.id.clone()).into()),
                        None => Ok(()),
                    }
                })
                .collect();
            if media.is_empty() || results.iter().any(Result::is_err) {
                return Ok(results);
            }
            let at = w.now().unix_seconds();
            let mut event = w.event(kind, Some(session.operator()), &act.object);
            event.put_document(&document)?;
            for new in media {
                event.put_medium(&MediumRow {
                    id: new.id.clone(),
                    kind: new.kind,
                    serial: new.serial.clone(),
                    vendor: new.vendor.clone(),
                    model: new.model.clone(),
                    sm2: new.sm2,
                    org: new.org.clone(),
                    added_at: at,
                    status: MediumStatus::InStock,
                    holder: None,
                    at,
                })?;
            }
            event.close()?;
            Ok(results)
        })?;
        self.record_denials(session, kind.code(), results.iter().filter_map(|r| r.as_ref().err()))?;
        Ok(results)
    }

    /// Reports what became of a medium: lost, broken, returned, in stock again, destroyed. Gives it with its certificates,
    /// to which nothing happened yet. A frozen organisation may still say what it lost.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownMedium`]; [`ErrorKind::MediumStep`], also for `issued`, which only a certificate does; role and
    /// jurisdiction errors; database errors.
    pub fn move_medium(&self, session: &Session, id: &MediumId, status: MediumStatus) -> Result<MediumView> {
        let kind = EventKind::MediumChange;
        let fields = vec![("status".to_owned(), status.code().to_owned())];
        let (act, document) = self.sign_act(session, kind.code(), kind, Ok(id.to_string()), fields)?;
        self.write(session, kind.code(), |w| {
            let r = w.reader();
            let (by, tree) = (policy::acting(&r, session, w.now())?, r.org_tree()?);
            let mut view = view(&r, id)?;
            keeps(&tree, &by, &view.row.org)?;
            if !matches!(status, MediumStatus::Lost | MediumStatus::Broken) {
                policy::not_frozen(&tree, &by.org)?;
            }
            let medium = &mut view.row;
            if !medium.status.may_become(status) || status == MediumStatus::Issued {
                let (medium, before) = (medium.id.clone(), medium.status);
                return Err(ErrorKind::MediumStep { medium, status: before, wanted: status }.into());
            }
            (medium.status, medium.at) = (status, w.now().unix_seconds());
            if status == MediumStatus::InStock {
                medium.holder = None;
            }
            let mut event = w.event(kind, Some(session.operator()), &act.object);
            event.put_document(&document)?;
            event.put_medium(medium)?;
            event.close()?;
            Ok(view)
        })
    }

    /// The media that the operator's organisation and those below it keep, by id; only those of `org` and below where it
    /// is given.
    ///
    /// # Errors
    /// Role and jurisdiction errors; database errors.
    pub fn media(&self, session: &Session, org: Option<&OrgId>) -> Result<Vec<MediumRow>> {
        let now = self.now();
        self.read_as(session, "medium-list", |r| {
            let (by, tree) = (policy::acting(r, session, now)?, r.org_tree()?);
            let below = org.unwrap_or(&by.org);
            policy::within(&tree, &by, below)?;
            Ok(r.media()?.into_iter().filter(|medium| tree.is_within(&medium.org, below)).collect())
        })
    }

    /// One medium with the certificates on it.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownMedium`]; jurisdiction errors; database errors.
    pub fn medium(&self, session: &Session, id: &MediumId) -> Result<MediumView> {
        let now = self.now();
        self.read_as(session, "medium-show", |r| {
            let (by, tree) = (policy::acting(r, session, now)?, r.org_tree()?);
            let view = view(r, id)?;
            policy::within(&tree, &by, &view.row.org)?;
            Ok(view)
        })
    }
}

/// The operator keeps the media of `org`.
pub(crate) fn keeps(tree: &OrgTree, by: &Operator, org: &OrgId) -> Result<()> {
    policy::holds(by, &KEEPERS)?;
    policy::within(tree, by, org)
}

fn view(r: &Reader<'_>, id: &MediumId) -> Result<MediumView> {
    let row = r.medium(id)?.ok_or_else(|| ErrorKind::UnknownMedium(id.to_string()))?;
    let mut certificates = Vec::new();
    for serial in r.medium_certificates(id)? {
        certificates.extend(r.certificate(&serial)?);
    }
    Ok(MediumView { row, certificates })
}

/// The media that a batch of requests names, each with the holder it goes to: one holder for each.
#[derive(Default)]
pub(crate) struct Named(HashMap<MediumId, Digest>);

impl Named {
    /// Whether the medium that a record names can take its certificate.
    pub(crate) fn check(
        &mut self,
        r: &Reader<'_>,
        tree: &OrgTree,
        record: &RequestRecord,
        holder: &Digest,
        profile: &Profile,
    ) -> Result<()> {
        let Some(id) = &record.medium_id else { return Ok(()) };
        let row = r.medium(id)?.ok_or_else(|| ErrorKind::UnknownMedium(id.to_string()))?;
        // The office that keeps it, or one below that got it from there.
        if !tree.is_within(&record.org, &row.org) {
            return Err(ErrorKind::MediumOrg { medium: row.id, org: record.org.clone() }.into());
        }
        if row.kind != record.medium {
            return Err(ErrorKind::MediumKind { medium: row.id, kind: row.kind }.into());
        }
        if profile.algorithm == Algorithm::Sm2 && !row.sm2 {
            return Err(ErrorKind::MediumSm2(row.id).into());
        }
        if !matches!(row.status, MediumStatus::InStock | MediumStatus::Issued) {
            return Err(ErrorKind::MediumStatus { medium: row.id, status: row.status }.into());
        }
        let owner = row.holder.unwrap_or_else(|| *self.0.entry(row.id.clone()).or_insert(*holder));
        if owner != *holder {
            return Err(ErrorKind::MediumHolder(row.id).into());
        }
        Ok(())
    }
}

/// A certificate is stored on a medium: it is issued to the holder, if it was in stock. What was reported about it while the
/// certificate was signed stands.
pub(crate) fn issue(
    event: &mut EventWriter<'_, '_>,
    medium: &MediumId,
    serial: &Serial,
    holder: Digest,
) -> std::result::Result<(), hufu_store::Error> {
    let Some(row) = event.reader().medium(medium)? else { return Ok(()) };
    if row.status == MediumStatus::InStock {
        let at = event.now().unix_seconds();
        event.put_medium(&MediumRow { status: MediumStatus::Issued, holder: Some(holder), at, ..row })?;
    }
    event.put_medium_certificate(serial, medium)
}

/// An error of a row of a sheet.
fn in_row(row: u32, e: Error) -> Error {
    e.about(format!("row {row}"))
}
