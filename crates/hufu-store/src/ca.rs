//! The issuing CAs that came after the founding one, and what became of each.

use hufu_model::ca::CaStatus;
use hufu_model::ident::CaId;
use hufu_model::revocation::RevocationReason;

use crate::cell::{Cell, Columns, select};
use crate::covered;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::write::EventWriter;

/// An issuing CA on record. The founding one gets a row when it stops being the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuingCaRow {
    /// The first octet of the serial numbers of its certificates, 1 to 127.
    pub instance: u8,
    /// Its name.
    pub name: CaId,
    /// Its certificate's DER.
    pub der: Vec<u8>,
    /// What it is good for.
    pub status: CaStatus,
    /// Why its certificate was revoked.
    pub reason: Option<RevocationReason>,
    /// Since when the status holds: seconds since the Unix epoch.
    pub at: i64,
}

impl Reader<'_> {
    /// The issuing CAs that have a row, by instance.
    ///
    /// # Errors
    /// Database errors.
    pub fn issuing_cas(&self) -> Result<Vec<IssuingCaRow>> {
        select(self.connection(), &covered::ISSUING_CA, "ORDER BY instance", &[], read)
    }
}

impl EventWriter<'_, '_> {
    /// Puts an issuing CA, or what became of one. Its name and certificate never change.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for another CA of this instance or name; [`ErrorKind::Constraint`] for a step that
    /// [`CaStatus::may_become`] does not allow; database errors.
    pub fn put_issuing_ca(&mut self, ca: &IssuingCaRow) -> Result<()> {
        let known = self.reader().issuing_cas()?;
        let Some(before) = known.iter().find(|known| known.instance == ca.instance) else {
            if known.iter().any(|known| known.name == ca.name) {
                return self.refuse(Error::duplicate(format!("another issuing CA {}", ca.name)));
            }
            return self.insert(&covered::ISSUING_CA, &cells(ca));
        };
        if before.name != ca.name || before.der != ca.der {
            return self
                .refuse(Error::duplicate(format!("the issuing CA {} of instance {}", before.name, ca.instance)));
        }
        if !before.status.may_become(ca.status) {
            let what = format!("the issuing CA {} is {} and cannot become {}", ca.name, before.status, ca.status);
            return self.refuse(ErrorKind::Constraint { what }.into());
        }
        self.update(&covered::ISSUING_CA, &cells(ca))
    }
}

fn cells(ca: &IssuingCaRow) -> Vec<Cell<'_>> {
    vec![
        Cell::Int(ca.instance.into()),
        Cell::text(ca.name.as_str()),
        Cell::Blob(&ca.der),
        Cell::text(ca.status.code()),
        Cell::optional(ca.reason.map(RevocationReason::code)),
        Cell::Int(ca.at),
    ]
}

fn read(c: &mut Columns<'_>) -> Result<IssuingCaRow> {
    Ok(IssuingCaRow {
        instance: c.number()?,
        name: c.parse()?,
        der: c.bytes()?,
        status: c.parse()?,
        reason: c.optional_parse()?,
        at: c.int()?,
    })
}
