//! What a migration of algorithms leaves behind and what takes its place, certificate by certificate: ours and imported
//! ones, as they stood at one instant and were known at another.
//!
//! Live (有效) is what the totals count as valid: issued, within its validity, and neither suspended nor revoked.

use hufu_model::certificate::Algorithm;
use hufu_model::count::Group;
use hufu_model::ident::{Digest, OrgId};
use hufu_model::time::{Day, Instant};

use super::{Conditions, Reader};
use crate::cell::{Cell, Columns, int, query, query_one};
use crate::error::Result;

/// When something is asked about, event time and knowledge, and what counts as one.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Event time.
    pub at: Instant,
    /// Knowledge.
    pub as_of: Instant,
    /// Whether the first half of a pair stands for both.
    pub pairs: bool,
}

/// A certificate of ours or of another authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyCertificate {
    /// Whether it is of another authority.
    pub imported: bool,
    /// What it is counted under.
    pub group: Group,
    /// Its issuer, of an imported one.
    pub issuer: String,
    /// The content octets of its serial number.
    pub serial: Vec<u8>,
    /// Its subject.
    pub subject: String,
    /// Its holder (blind index).
    pub holder: Digest,
    /// When it was issued, in seconds since the Unix epoch.
    pub issued_at: i64,
    /// Its last second.
    pub not_after: i64,
    /// SM3 of issuer and serial number, of an imported one: its key.
    pub id: Option<Digest>,
}

/// What is left to say of a certificate's status: the last change that is known and has happened, if any, made it active.
/// One place each for knowledge and time.
macro_rules! active {
    ($table:literal, $key:literal) => {
        concat!(
            "COALESCE((SELECT s.status FROM ",
            $table,
            " AS s WHERE s.",
            $key,
            " = c.",
            $key,
            " AND s.seq <= ? AND s.at <= ? ORDER BY s.seq DESC LIMIT 1), 'active') = 'active'"
        )
    };
}

/// One table of certificates and how it is asked.
#[derive(Clone, Copy)]
struct Kind {
    /// What is read: the columns of [`any`].
    columns: &'static str,
    /// What is read of each day of the first second after notAfter (days of UTC+08:00, none before 1970) and group.
    groups: &'static str,
    /// Which rows stand for a pair or for themselves.
    whole: &'static str,
    active: &'static str,
    key: &'static str,
}

const OURS: Kind = Kind {
    columns: "SELECT 0, c.org, c.algorithm, c.profile, c.holder_kind, c.reason, c.medium, NULL, c.serial, c.subject, \
              c.holder, c.issued_at, c.not_after, NULL FROM certificate AS c ",
    groups: "SELECT (c.not_after + 28801) / 86400 AS day, COUNT(*), c.org, c.algorithm, c.profile, NULL, c.reason, \
             c.medium FROM certificate AS c ",
    whole: "NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = c.serial)",
    active: active!("status_change", "serial"),
    key: "c.serial",
};

const IMPORTED: Kind = Kind {
    columns: "SELECT 1, c.org, c.algorithm, 'imported', c.holder_kind, 'import', c.medium, c.issuer, c.serial, c.subject, \
              c.holder, c.issued_at, c.not_after, c.id FROM legacy AS c ",
    groups: "SELECT (c.not_after + 28801) / 86400 AS day, COUNT(*), c.org, c.algorithm, 'imported', NULL, 'import', \
             c.medium FROM legacy AS c ",
    whole: "c.first_half IS NULL",
    active: active!("legacy_status", "id"),
    key: "c.id",
};

impl Reader<'_> {
    /// The organisations of which an operator has a live certificate of this algorithm, each with the second in which the
    /// first such certificate was issued.
    ///
    /// # Errors
    /// Database errors.
    pub fn operators_with(&self, algorithm: Algorithm, when: Moment) -> Result<Vec<(OrgId, i64)>> {
        let (at, known) = self.both(when)?;
        let sql = format!(
            "SELECT c.org, MIN(c.issued_at), MAX(CASE WHEN c.not_before <= ? AND c.not_after >= ? AND {} \
             THEN 1 ELSE 0 END) FROM operator_certificate AS o JOIN certificate AS c ON c.serial = o.serial \
             WHERE c.algorithm = ? AND c.issued_at <= ? AND c.event <= ? GROUP BY c.org",
            OURS.active
        );
        let cells = [at, at, known, at].map(Cell::Int).into_iter();
        let cells: Vec<_> = cells.chain([Cell::text(algorithm.code()), Cell::Int(at), Cell::Int(known)]).collect();
        let read = |c: &mut Columns<'_>| Ok((c.parse()?, c.int()?, c.int()?));
        let found: Vec<(OrgId, i64, i64)> = query(self.connection(), "certificate", &sql, &cells, read)?;
        Ok(found.into_iter().filter(|(.., live)| *live == 1).map(|(org, since, _)| (org, since)).collect())
    }

    /// The second in which an organisation's first certificate of this algorithm for a holder was issued by us, as far as
    /// known; in the order of serial numbers, which begin with their CA and their time.
    ///
    /// # Errors
    /// Database errors.
    pub fn first_issued(&self, org: &OrgId, algorithm: Algorithm, when: Moment) -> Result<Option<i64>> {
        let (at, known) = self.both(when)?;
        const FIRST: &str = "SELECT issued_at FROM certificate WHERE org = ? AND algorithm = ? AND profile <> 'operator' \
                             AND issued_at <= ? AND event <= ? ORDER BY serial LIMIT 1";
        let cells = [Cell::text(org.as_str()), Cell::text(algorithm.code()), Cell::Int(at), Cell::Int(known)];
        query_one(self.connection(), "certificate", FIRST, &cells, |c| c.int())
    }

    /// The live certificates of an organisation with keys of these algorithms whose last second lies in `[from, to)`: ours
    /// or imported ones, those that end first come first, after the one with this last second and key.
    ///
    /// # Errors
    /// Database errors.
    pub fn live_page(
        &self,
        (org, imported): (&OrgId, bool),
        algorithms: &[Algorithm],
        (from, to): (i64, i64),
        when: Moment,
        after: Option<&(i64, Vec<u8>)>,
        limit: u32,
    ) -> Result<Vec<AnyCertificate>> {
        let kind = if imported { IMPORTED } else { OURS };
        let mut conditions = self.live(kind, algorithms, when)?;
        conditions.add("c.org = ?", [Cell::text(org.as_str())]);
        conditions.add("c.not_after >= ? AND c.not_after < ?", [Cell::Int(from), Cell::Int(to)]);
        if let Some((end, key)) = after {
            conditions.add(format!("(c.not_after, {}) > (?, ?)", kind.key), [Cell::Int(*end), Cell::Blob(key)]);
        }
        let (clause, cells) = conditions.clause(&format!("c.not_after, {}", kind.key), limit);
        query(self.connection(), "certificate", &[kind.columns, &clause].concat(), &cells, any)
    }

    /// Certificates with keys of these algorithms that were issued for one of `places` at its instant or later, and up to
    /// the event time: live or not, those of operators included, the earliest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn issued_since(
        &self,
        places: &[(OrgId, Instant)],
        algorithms: &[Algorithm],
        when: Moment,
    ) -> Result<Vec<AnyCertificate>> {
        let mut found = Vec::new();
        let (at, known) = self.both(when)?;
        for kind in [OURS, IMPORTED] {
            for (org, since) in places {
                let mut conditions = Conditions::new();
                if when.pairs {
                    conditions.add(kind.whole, []);
                }
                conditions.one_of("c.algorithm", algorithms.iter().map(|a| Cell::text(a.code())).collect());
                conditions.add("c.org = ?", [Cell::text(org.as_str())]);
                conditions
                    .add("c.issued_at >= ? AND c.issued_at <= ?", [Cell::Int(since.unix_seconds()), Cell::Int(at)]);
                conditions.add("c.event <= ?", [Cell::Int(known)]);
                let (clause, cells) = conditions.clause(&format!("c.issued_at, {}", kind.key), 0);
                found.extend(query(self.connection(), "certificate", &[kind.columns, &clause].concat(), &cells, any)?);
            }
        }
        found.sort_by(|a, b| (a.issued_at, &a.group.org, &a.serial).cmp(&(b.issued_at, &b.group.org, &b.serial)));
        Ok(found)
    }

    /// How many of the live certificates with keys of these algorithms end when, by group and by the day of the first second
    /// after notAfter; the kind of holder is not told apart. It reads every one of them.
    ///
    /// # Errors
    /// Database errors.
    pub fn expiries(&self, algorithms: &[Algorithm], when: Moment) -> Result<Vec<(Day, Group, i64)>> {
        let mut found = Vec::new();
        for kind in [OURS, IMPORTED] {
            let (clause, cells) = self.live(kind, algorithms, when)?.filter();
            let sql = [kind.groups, &clause, " GROUP BY 1, 3, 4, 5, 7, 8"].concat();
            let read = |c: &mut Columns<'_>| {
                let (day, count) = (Day::from_number(c.int()?), c.int()?);
                Ok((day, group(c)?, count))
            };
            found.extend(query(self.connection(), "certificate", &sql, &cells, read)?);
        }
        Ok(found)
    }

    /// The holder of every live certificate of ours with a key of this algorithm, operators left out; who has several comes
    /// several times.
    ///
    /// # Errors
    /// Database errors.
    pub fn holders_with(&self, algorithm: Algorithm, when: Moment) -> Result<Vec<Digest>> {
        let mut conditions = self.live(OURS, &[algorithm], when)?;
        conditions.add("c.profile <> 'operator'", []);
        let (clause, cells) = conditions.filter();
        let sql = ["SELECT c.holder FROM certificate AS c ", &clause].concat();
        query(self.connection(), "certificate", &sql, &cells, |c| c.digest())
    }

    /// Whether a holder has a live imported certificate with a key of this algorithm.
    ///
    /// # Errors
    /// Database errors.
    pub fn has_imported(&self, holder: &Digest, algorithm: Algorithm, when: Moment) -> Result<bool> {
        let mut conditions = self.live(IMPORTED, &[algorithm], when)?;
        conditions.add("c.holder = ?", [Cell::digest(holder)]);
        let (clause, cells) = conditions.clause("c.id", 1);
        let sql = ["SELECT 1 FROM legacy AS c ", &clause].concat();
        Ok(query_one(self.connection(), "legacy", &sql, &cells, |c| c.int())?.is_some())
    }

    /// Whether a certificate of ours is known to have taken the place of an imported one.
    ///
    /// # Errors
    /// Database errors.
    pub fn is_replaced(&self, legacy: &Digest, as_of: Instant) -> Result<bool> {
        const LINK: &str = "SELECT 1 FROM legacy_link WHERE legacy = ? AND event <= ?";
        let known = self.last_event_until(as_of)?.map_or(-1, int);
        let cells = [Cell::digest(legacy), Cell::Int(known)];
        Ok(query_one(self.connection(), "legacy_link", LINK, &cells, |c| c.int())?.is_some())
    }

    /// The conditions of a live certificate with a key of one of these algorithms.
    fn live<'a>(&self, kind: Kind, algorithms: &[Algorithm], when: Moment) -> Result<Conditions<'a>> {
        let (at, known) = self.both(when)?;
        let mut conditions = Conditions::new();
        if when.pairs {
            conditions.add(kind.whole, []);
        }
        conditions.one_of("c.algorithm", algorithms.iter().map(|a| Cell::text(a.code())).collect());
        conditions.add("c.issued_at <= ? AND c.event <= ?", [Cell::Int(at), Cell::Int(known)]);
        conditions.add("c.not_before <= ? AND c.not_after >= ?", [Cell::Int(at), Cell::Int(at)]);
        conditions.add(kind.active, [Cell::Int(known), Cell::Int(at)]);
        Ok(conditions)
    }

    /// The second asked about, and the last event that is known.
    fn both(&self, when: Moment) -> Result<(i64, i64)> {
        Ok((when.at.unix_seconds(), self.last_event_until(when.as_of)?.map_or(-1, int)))
    }
}

fn any(c: &mut Columns<'_>) -> Result<AnyCertificate> {
    Ok(AnyCertificate {
        imported: c.int()? == 1,
        group: group(c)?,
        issuer: c.text()?,
        serial: c.bytes()?,
        subject: c.text()?,
        holder: c.digest()?,
        issued_at: c.int()?,
        not_after: c.int()?,
        id: c.optional_digest()?,
    })
}

fn group(c: &mut Columns<'_>) -> Result<Group> {
    Ok(Group {
        org: c.parse()?,
        algorithm: c.parse()?,
        profile: c.parse()?,
        holder_kind: c.optional_parse()?,
        reason: c.parse()?,
        medium: c.optional_parse()?,
    })
}
