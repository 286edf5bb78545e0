//! Certificates of other authorities (存量证书): what was imported, what became of it, and what of ours took its place. They
//! stand in tables of their own: nothing that is done to our certificates reaches them, and no list or answer of ours does.

use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::ident::{Digest, ImportId, OperatorId, OrgId, Serial};
use hufu_model::legacy::LegacyRow;
use hufu_model::revocation::RevocationReason;

use crate::cell::{Cell, Columns, query, query_one, select, select_one};
use crate::covered;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::{Conditions, Reader};
use crate::rollup::Member;
use crate::write::EventWriter;

/// What was imported under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Its name.
    pub id: ImportId,
    /// Who began it.
    pub operator: OperatorId,
    /// The source, as it was named.
    pub source: String,
    /// SM3 of the source.
    pub digest: Digest,
    /// SM3 of the rules that credit certificates to organisations; none without such.
    pub rules: Option<Digest>,
    /// When it was begun: ledger seconds.
    pub at: i64,
}

/// A change of an imported certificate's status on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyStatus {
    /// The certificate.
    pub id: Digest,
    /// The event that recorded it.
    pub event: u64,
    /// What it was before.
    pub was: CertificateStatus,
    /// What it is since.
    pub status: CertificateStatus,
    /// Why.
    pub reason: RevocationReason,
    /// The second from which that holds.
    pub at: i64,
}

/// A change of an imported certificate's status to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLegacyStatus {
    /// The certificate.
    pub id: Digest,
    /// What it is now.
    pub status: CertificateStatus,
    /// Why.
    pub reason: RevocationReason,
    /// The second from which that holds, in seconds since the Unix epoch.
    pub at: i64,
}

/// What took an imported certificate's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyLink {
    /// The imported certificate.
    pub legacy: Digest,
    /// The certificate of ours.
    pub serial: Serial,
    /// The event that recorded it.
    pub event: u64,
}

/// Which imported certificates to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyFilter {
    /// Only those of these organisations ([`Reader::subtree_ids`] gives a subtree).
    pub orgs: Option<Vec<OrgId>>,
    /// Only those with keys of these algorithms.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Only those whose last second of validity is this one or a later one.
    pub expires_from: Option<i64>,
    /// Only those whose last second of validity lies before this one.
    pub expires_to: Option<i64>,
    /// Only those of this holder (blind index).
    pub holder: Option<Digest>,
    /// Only those of this import.
    pub import: Option<ImportId>,
    /// Only those of this status.
    pub status: Option<CertificateStatus>,
    /// Only those whose place no certificate of ours took.
    pub unlinked: bool,
    /// Only those that stand for a pair, a pair of one included: no second halves.
    pub pairs: bool,
    /// Only those that follow this one in the list: its last second of validity and its id.
    pub after: Option<(i64, Digest)>,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

impl Reader<'_> {
    /// An imported certificate.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy(&self, id: &Digest) -> Result<Option<LegacyRow>> {
        Ok(self.legacy_with_event(id)?.map(|(row, _)| row))
    }

    /// An imported certificate and the event that recorded it.
    pub(crate) fn legacy_with_event(&self, id: &Digest) -> Result<Option<(LegacyRow, u64)>> {
        select_one(self.connection(), &covered::LEGACY, "WHERE id = ?", &[Cell::digest(id)], legacy)
    }

    /// The imported certificates of a holder (blind index), in the order in which they were recorded.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_by_holder(&self, holder: &Digest) -> Result<Vec<LegacyRow>> {
        const OWN: &str = "WHERE holder = ? ORDER BY event, position, id";
        let found = select(self.connection(), &covered::LEGACY, OWN, &[Cell::digest(holder)], legacy)?;
        Ok(found.into_iter().map(|(row, _)| row).collect())
    }

    /// Imported certificates by filter: those that expire first come first.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_rows(&self, filter: &LegacyFilter) -> Result<Vec<LegacyRow>> {
        let mut conditions = Conditions::new();
        if let Some(orgs) = &filter.orgs {
            conditions.one_of("org", orgs.iter().map(|o| Cell::text(o.as_str())).collect());
        }
        if let Some(algorithms) = &filter.algorithms {
            conditions.one_of("algorithm", algorithms.iter().map(|a| Cell::text(a.code())).collect());
        }
        if let Some(from) = filter.expires_from {
            conditions.add("not_after >= ?", [Cell::Int(from)]);
        }
        if let Some(to) = filter.expires_to {
            conditions.add("not_after < ?", [Cell::Int(to)]);
        }
        if let Some(holder) = &filter.holder {
            conditions.add("holder = ?", [Cell::digest(holder)]);
        }
        if let Some(import) = &filter.import {
            conditions.add("import = ?", [Cell::text(import.as_str())]);
        }
        if let Some(status) = filter.status {
            conditions.add("status = ?", [Cell::text(status.code())]);
        }
        if filter.unlinked {
            conditions.add("NOT EXISTS (SELECT 1 FROM legacy_link WHERE legacy_link.legacy = legacy.id)", []);
        }
        if filter.pairs {
            conditions.add("first_half IS NULL", []);
        }
        if let Some((not_after, id)) = &filter.after {
            conditions.add("(not_after, id) > (?, ?)", [Cell::Int(*not_after), Cell::digest(id)]);
        }
        let (clause, cells) = conditions.clause("not_after, id", filter.limit);
        let found = select(self.connection(), &covered::LEGACY, &clause, &cells, legacy)?;
        Ok(found.into_iter().map(|(row, _)| row).collect())
    }

    /// The last change of an imported certificate's status, if there was one.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_status_last(&self, id: &Digest) -> Result<Option<LegacyStatus>> {
        const LAST: &str = "WHERE id = ? ORDER BY seq DESC LIMIT 1";
        select_one(self.connection(), &covered::LEGACY_STATUS, LAST, &[Cell::digest(id)], status)
    }

    /// What took an imported certificate's place, where that is on record.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_link(&self, id: &Digest) -> Result<Option<LegacyLink>> {
        select_one(self.connection(), &covered::LEGACY_LINK, "WHERE legacy = ?", &[Cell::digest(id)], link)
    }

    /// The imported certificates whose place a certificate of ours took.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_links(&self, serial: &Serial) -> Result<Vec<LegacyLink>> {
        const OWN: &str = "WHERE serial = ? ORDER BY legacy";
        select(self.connection(), &covered::LEGACY_LINK, OWN, &[Cell::serial(serial)], link)
    }

    /// At most `limit` links, by the imported certificate, behind `after`.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_links_after(&self, after: Option<&Digest>, limit: u32) -> Result<Vec<LegacyLink>> {
        let mut conditions = Conditions::new();
        if let Some(after) = after {
            conditions.add("legacy > ?", [Cell::digest(after)]);
        }
        let (clause, cells) = conditions.clause("legacy", limit);
        select(self.connection(), &covered::LEGACY_LINK, &clause, &cells, link)
    }

    /// Events that recorded imported certificates, or what became of them, and are of another kind than those that do.
    ///
    /// # Errors
    /// Database errors.
    pub fn inventory_by_other_events(&self) -> Result<Vec<u64>> {
        const OTHERS: &str = "SELECT seq FROM event WHERE (kind <> 'import' AND \
            (EXISTS (SELECT 1 FROM legacy WHERE legacy.event = event.seq) OR \
             EXISTS (SELECT 1 FROM legacy_status WHERE legacy_status.seq = event.seq))) \
            OR seq IN (SELECT legacy_link.event FROM legacy_link JOIN event AS by ON by.seq = legacy_link.event \
             WHERE by.kind NOT IN ('import-match', 'issue')) ORDER BY seq";
        query(self.connection(), "event", OTHERS, &[], |c| c.number())
    }

    /// What was imported under a name.
    ///
    /// # Errors
    /// Database errors.
    pub fn import(&self, id: &ImportId) -> Result<Option<ImportRow>> {
        select_one(self.connection(), &covered::IMPORT, "WHERE id = ?", &[Cell::text(id.as_str())], import)
    }

    /// Every import, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn imports(&self) -> Result<Vec<ImportRow>> {
        select(self.connection(), &covered::IMPORT, "ORDER BY at, id", &[], import)
    }

    /// How many certificates each import brought. It reads every row.
    ///
    /// # Errors
    /// Database errors.
    pub fn import_counts(&self) -> Result<Vec<(ImportId, u64)>> {
        const COUNTS: &str = "SELECT import, COUNT(*) FROM legacy GROUP BY import";
        query(self.connection(), "legacy", COUNTS, &[], |c| Ok((c.parse()?, c.number()?)))
    }

    /// How many imported certificates there are.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_count(&self) -> Result<u64> {
        const COUNT: &str = "SELECT COUNT(*) FROM legacy";
        Ok(query_one(self.connection(), "legacy", COUNT, &[], |c| c.number())?.unwrap_or(0))
    }
}

impl EventWriter<'_, '_> {
    /// Puts what is imported under a name. It never changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_import(&mut self, row: &ImportRow) -> Result<()> {
        self.insert(&covered::IMPORT, &import_cells(row))
    }

    /// Puts an imported certificate and its share of the totals. Its import must be on record.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; [`ErrorKind::Constraint`] for one that is not active, a revocation being a change of its
    /// own ([`EventWriter::put_legacy_status`]), and for one that would be issued in the future; database errors.
    pub fn put_legacy(&mut self, row: &LegacyRow) -> Result<()> {
        if row.status != CertificateStatus::Active {
            return self.constraint("an imported certificate enters the totals as active");
        }
        if row.issued_at > self.now().unix_seconds() {
            return self.constraint("an imported certificate was issued before it is recorded");
        }
        let event = self.seq();
        self.insert(&covered::LEGACY, &legacy_cells(row, event))?;
        let deltas = Member::legacy(row).deltas(self.now());
        self.count(deltas);
        Ok(())
    }

    /// Puts a change of an imported certificate's status: the change, its row, and their share of the totals.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]; [`ErrorKind::Constraint`] for a step that [`CertificateStatus::may_become`] does not allow,
    /// and for one that would hold from before the certificate was issued, from before its last change, or from the future;
    /// [`ErrorKind::Duplicate`] for a second one of the same certificate in the same event; database errors.
    pub fn put_legacy_status(&mut self, new: &NewLegacyStatus) -> Result<LegacyStatus> {
        let Some((mut row, event)) = self.reader().legacy_with_event(&new.id)? else {
            return self.refuse(ErrorKind::NotFound { what: format!("imported certificate {}", new.id) }.into());
        };
        if !row.status.may_become(new.status) {
            let (was, wanted) = (row.status, new.status);
            return self
                .constraint(&format!("the imported certificate {} is {was} and cannot become {wanted}", new.id));
        }
        let last = self.reader().legacy_status_last(&new.id)?.map_or(row.issued_at, |last| last.at);
        if new.at < last || new.at > self.now().unix_seconds() {
            return self
                .constraint("an imported certificate's status changes after its last change and not in the future");
        }
        let seq = self.seq();
        let change = LegacyStatus {
            id: new.id,
            event: seq,
            was: row.status,
            status: new.status,
            reason: new.reason,
            at: new.at,
        };
        self.insert(&covered::LEGACY_STATUS, &status_cells(&change))?;
        let deltas = Member::legacy(&row).change(change.was, change.status, change.at, self.now());
        self.count(deltas);
        row.status = new.status;
        self.update(&covered::LEGACY, &legacy_cells(&row, event))?;
        Ok(change)
    }

    /// Puts that a certificate of ours took the place of an imported one. It never changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] when another one did; [`ErrorKind::Constraint`] when either is not on record; database
    /// errors.
    pub fn put_legacy_link(&mut self, legacy: &Digest, serial: &Serial) -> Result<()> {
        let event = self.seq();
        self.insert(&covered::LEGACY_LINK, &[Cell::digest(legacy), Cell::serial(serial), Cell::count(event)])
    }

    fn constraint<T>(&mut self, what: &str) -> Result<T> {
        self.refuse(Error::from(ErrorKind::Constraint { what: what.to_owned() }))
    }
}

// How the rows lie in their tables, as in `rows.rs`.

fn import_cells(i: &ImportRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(i.id.as_str()),
        Cell::text(i.operator.as_str()),
        Cell::text(&i.source),
        Cell::digest(&i.digest),
        i.rules.as_ref().map_or(Cell::Null, Cell::digest),
        Cell::Int(i.at),
    ]
}

fn import(c: &mut Columns<'_>) -> Result<ImportRow> {
    Ok(ImportRow {
        id: c.parse()?,
        operator: c.parse()?,
        source: c.text()?,
        digest: c.digest()?,
        rules: c.optional_digest()?,
        at: c.int()?,
    })
}

fn legacy_cells(r: &LegacyRow, event: u64) -> Vec<Cell<'_>> {
    vec![
        Cell::digest(&r.id),
        Cell::text(r.import.as_str()),
        Cell::count(r.position),
        Cell::text(r.org.as_str()),
        Cell::text(&r.issuer),
        Cell::Blob(&r.serial),
        Cell::text(&r.subject),
        Cell::text(r.algorithm.code()),
        Cell::Int(r.key_bits.into()),
        Cell::text(r.usage.code()),
        r.holder_kind.map_or(Cell::Null, |kind| Cell::text(kind.code())),
        Cell::digest(&r.holder),
        r.medium.map_or(Cell::Null, |medium| Cell::text(medium.code())),
        r.first_half.as_ref().map_or(Cell::Null, Cell::digest),
        Cell::Int(r.validity.not_before()),
        Cell::Int(r.validity.not_after()),
        Cell::Int(r.issued_at),
        r.digest.as_ref().map_or(Cell::Null, Cell::digest),
        Cell::Int(r.verified.into()),
        Cell::count(event),
        Cell::text(r.status.code()),
    ]
}

/// An imported certificate and the event that recorded it.
pub(crate) fn legacy(c: &mut Columns<'_>) -> Result<(LegacyRow, u64)> {
    let row = LegacyRow {
        id: c.digest()?,
        import: c.parse()?,
        position: c.number()?,
        org: c.parse()?,
        issuer: c.text()?,
        serial: c.bytes()?,
        subject: c.text()?,
        algorithm: c.parse()?,
        key_bits: c.number()?,
        usage: c.parse()?,
        holder_kind: c.optional_parse()?,
        holder: c.digest()?,
        medium: c.optional_parse()?,
        first_half: c.optional_digest()?,
        validity: c.validity()?,
        issued_at: c.int()?,
        digest: c.optional_digest()?,
        verified: c.int()? == 1,
        status: CertificateStatus::Active,
    };
    let event = c.number()?;
    Ok((LegacyRow { status: c.parse()?, ..row }, event))
}

fn status_cells(s: &LegacyStatus) -> Vec<Cell<'_>> {
    vec![
        Cell::digest(&s.id),
        Cell::count(s.event),
        Cell::text(s.was.code()),
        Cell::text(s.status.code()),
        Cell::text(s.reason.code()),
        Cell::Int(s.at),
    ]
}

pub(crate) fn status(c: &mut Columns<'_>) -> Result<LegacyStatus> {
    Ok(LegacyStatus {
        id: c.digest()?,
        event: c.number()?,
        was: c.parse()?,
        status: c.parse()?,
        reason: c.parse()?,
        at: c.int()?,
    })
}

fn link(c: &mut Columns<'_>) -> Result<LegacyLink> {
    Ok(LegacyLink { legacy: c.digest()?, serial: c.serial()?, event: c.number()? })
}

#[cfg(test)]
mod tests;
