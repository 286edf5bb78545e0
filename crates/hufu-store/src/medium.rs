//! The ledger of media: what private keys live in, and the certificates on each.

use hufu_model::ident::{Digest, MediumId, OrgId, Serial};
use hufu_model::medium::MediumStatus;
use hufu_model::request::Medium;

use crate::cell::{Cell, Columns, query, query_one, select, select_one};
use crate::covered;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::write::EventWriter;

/// A medium on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediumRow {
    /// Its id.
    pub id: MediumId,
    /// What it is.
    pub kind: Medium,
    /// The maker's serial number, or another mark that tells it from others; may be empty.
    pub serial: String,
    /// Who made it; may be empty.
    pub vendor: String,
    /// The model; may be empty.
    pub model: String,
    /// Whether SM2 keys can live in it.
    pub sm2: bool,
    /// The organisation that keeps it.
    pub org: OrgId,
    /// When it was recorded: ledger seconds.
    pub added_at: i64,
    /// Where it is.
    pub status: MediumStatus,
    /// Whose it is, as a blind index.
    pub holder: Option<Digest>,
    /// Since when that holds: ledger seconds.
    pub at: i64,
}

impl Reader<'_> {
    /// A medium.
    ///
    /// # Errors
    /// Database errors.
    pub fn medium(&self, id: &MediumId) -> Result<Option<MediumRow>> {
        select_one(self.connection(), &covered::MEDIUM, "WHERE id = ?", &[Cell::text(id.as_str())], read)
    }

    /// Every medium, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn media(&self) -> Result<Vec<MediumRow>> {
        select(self.connection(), &covered::MEDIUM, "ORDER BY id", &[], read)
    }

    /// The medium with this serial number of this maker.
    ///
    /// # Errors
    /// Database errors.
    pub fn medium_by_serial(&self, vendor: &str, serial: &str) -> Result<Option<MediumRow>> {
        let cells = [Cell::text(vendor), Cell::text(serial)];
        select_one(self.connection(), &covered::MEDIUM, "WHERE vendor IS ? AND serial IS ?", &cells, read)
    }

    /// The certificates on a medium, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn medium_certificates(&self, id: &MediumId) -> Result<Vec<Serial>> {
        const OWN: &str = "SELECT serial FROM medium_certificate WHERE medium = ? ORDER BY serial";
        query(self.connection(), "medium_certificate", OWN, &[Cell::text(id.as_str())], |c| c.serial())
    }

    /// The medium that a certificate is on, where that is recorded.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificate_medium(&self, serial: &Serial) -> Result<Option<MediumId>> {
        const ONE: &str = "SELECT medium FROM medium_certificate WHERE serial = ?";
        query_one(self.connection(), "medium_certificate", ONE, &[Cell::serial(serial)], |c| c.parse())
    }
}

impl EventWriter<'_, '_> {
    /// Puts a medium, or what became of one. What it is never changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for one that is on record otherwise, or a serial number of this maker that is;
    /// [`ErrorKind::Constraint`] for a step that [`MediumStatus::may_become`] does not allow; database errors.
    pub fn put_medium(&mut self, medium: &MediumRow) -> Result<()> {
        let Some(before) = self.reader().medium(&medium.id)? else {
            let twin = self.reader().medium_by_serial(&medium.vendor, &medium.serial)?;
            if let Some(twin) = twin.filter(|twin| !twin.serial.is_empty()) {
                return self.refuse(Error::duplicate(format!("the medium {} with this serial number", twin.id)));
            }
            return self.insert(&covered::MEDIUM, &cells(medium));
        };
        let (status, holder, at) = (medium.status, medium.holder, medium.at);
        if (MediumRow { status, holder, at, ..before.clone() }) != *medium {
            return self.refuse(Error::duplicate(format!("the medium {}", medium.id)));
        }
        if !before.status.may_become(status) {
            let what = format!("the medium {} is {} and cannot become {status}", medium.id, before.status);
            return self.refuse(ErrorKind::Constraint { what }.into());
        }
        self.update(&covered::MEDIUM, &cells(medium))
    }

    /// Puts which medium a certificate is on.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_medium_certificate(&mut self, serial: &Serial, medium: &MediumId) -> Result<()> {
        self.insert(&covered::MEDIUM_CERTIFICATE, &[Cell::serial(serial), Cell::text(medium.as_str())])
    }
}

fn cells(m: &MediumRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(m.id.as_str()),
        Cell::text(m.kind.code()),
        Cell::text(&m.serial),
        Cell::text(&m.vendor),
        Cell::text(&m.model),
        Cell::Int(m.sm2.into()),
        Cell::text(m.org.as_str()),
        Cell::Int(m.added_at),
        Cell::text(m.status.code()),
        m.holder.as_ref().map_or(Cell::Null, Cell::digest),
        Cell::Int(m.at),
    ]
}

fn read(c: &mut Columns<'_>) -> Result<MediumRow> {
    Ok(MediumRow {
        id: c.parse()?,
        kind: c.parse()?,
        serial: c.text()?,
        vendor: c.text()?,
        model: c.text()?,
        sm2: c.int()? == 1,
        org: c.parse()?,
        added_at: c.int()?,
        status: c.parse()?,
        holder: c.optional_digest()?,
        at: c.int()?,
    })
}
