//! What reports list: certificates that expire, who had certificates issued at which hour, holders with several, how long
//! requests took. Everything is asked for one event time and one knowledge, so that a report of the past can be made again.

use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::count::IMPORTED_PROFILE;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, OperatorId, OrgId, ProfileId, Serial};
use hufu_model::request::{Action, Medium, RequestStatus};
use hufu_model::time::Instant;

use super::{Conditions, Reader};
use crate::cell::{Cell, Columns, int, query};
use crate::error::Result;

/// A certificate that expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// Its serial number: of ours, or the content octets of that of an imported one.
    pub serial: Vec<u8>,
    /// Its organisation.
    pub org: OrgId,
    /// Its profile; none for an imported one.
    pub profile: Option<ProfileId>,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The kind of its holder, where known.
    pub holder_kind: Option<HolderKind>,
    /// What its key lives in, where known.
    pub medium: Option<Medium>,
    /// Its subject as text.
    pub subject: String,
    /// The last second of its validity.
    pub not_after: i64,
    /// Its status at the event time.
    pub status: CertificateStatus,
}

/// Which certificates that expire are listed.
#[derive(Debug, Clone, Copy)]
pub struct ExpiryFilter<'a> {
    /// Those of these organisations.
    pub orgs: &'a [OrgId],
    /// Only those of this profile.
    pub profile: Option<&'a ProfileId>,
    /// Only those on this medium.
    pub medium: Option<Medium>,
    /// Only those that stand for a pair, a pair of one included.
    pub pairs: bool,
    /// The first second of the period.
    pub from: i64,
    /// The first second after the period.
    pub to: i64,
    /// Issued by then, and not revoked by then.
    pub at: Instant,
    /// As known then.
    pub as_of: Instant,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

/// Who had certificates issued for an organisation in a period, and when on the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The organisation.
    pub org: OrgId,
    /// Who had them issued; none for the founding.
    pub actor: Option<OperatorId>,
    /// How many in all.
    pub all: i64,
    /// How many at night.
    pub night: i64,
    /// How many on Saturdays and Sundays, at night or not.
    pub weekend: i64,
}

/// A holder with several certificates of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Several {
    /// The holder as a blind index.
    pub holder: Digest,
    /// The profile.
    pub profile: ProfileId,
    /// How many are valid.
    pub count: i64,
    /// From how many organisations.
    pub orgs: i64,
    /// The first of these organisations.
    pub org: OrgId,
    /// The subject of one of them.
    pub subject: String,
}

/// Whose hands the requests of an organisation went through in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hands {
    /// The organisation.
    pub org: OrgId,
    /// How many were entered and decided.
    pub requests: i64,
    /// How many people entered them.
    pub submitters: i64,
    /// One of them.
    pub submitter: OperatorId,
    /// How many people decided about them.
    pub approvers: i64,
    /// One of them.
    pub approver: OperatorId,
}

/// When a request was entered, decided and done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// What was asked for.
    pub action: Action,
    /// What became of it.
    pub status: RequestStatus,
    /// When it was entered: seconds.
    pub submitted: i64,
    /// When it was decided, by the time of knowledge: seconds.
    pub decided: Option<i64>,
    /// When it was done, by the time of knowledge: seconds.
    pub done: Option<i64>,
}

/// From this second of a day on it is night: 22:00.
const NIGHT_FROM: i64 = 22 * 3600;
/// Until this second of a day it is night: 06:00.
const NIGHT_TO: i64 = 6 * 3600;
/// Days begin at midnight of UTC+08:00.
const OFFSET: i64 = 8 * 3600;

/// The status a certificate `c` had, from changes before an event and up to a second; two places.
macro_rules! status {
    () => {
        "COALESCE((SELECT s.status FROM status_change AS s WHERE s.serial = c.serial AND s.seq <= ? AND s.at <= ? \
         ORDER BY s.seq DESC LIMIT 1), 'active')"
    };
}

/// Where certificates lie that expire.
struct Source {
    table: &'static str,
    /// Their profile.
    profile: &'static str,
    /// That one stands for its pair.
    whole: &'static str,
    /// Their status, from changes before an event and up to a second; two places.
    status: &'static str,
}

const OURS: Source = Source {
    table: "certificate",
    profile: "c.profile",
    whole: "NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = c.serial)",
    status: status!(),
};

const IMPORTED: Source = Source {
    table: "legacy",
    profile: "NULL",
    whole: "c.first_half IS NULL",
    status: "COALESCE((SELECT s.status FROM legacy_status AS s WHERE s.id = c.id AND s.seq <= ? AND s.at <= ? \
             ORDER BY s.seq DESC LIMIT 1), 'active')",
};

impl Reader<'_> {
    /// Certificates that expire in a period and are not revoked, ours and imported ones; those that expire first come first.
    ///
    /// # Errors
    /// Database errors.
    pub fn expiring(&self, filter: &ExpiryFilter<'_>) -> Result<Vec<Expiring>> {
        let Some(known) = self.last_event_until(filter.as_of)? else { return Ok(Vec::new()) };
        let mut found = self.expiring_of(filter, known, &OURS)?;
        if filter.profile.is_none_or(|profile| profile.as_str() == IMPORTED_PROFILE) {
            found.extend(self.expiring_of(filter, known, &IMPORTED)?);
        }
        found.sort_by(|a, b| (a.not_after, &a.serial, &a.org).cmp(&(b.not_after, &b.serial, &b.org)));
        if filter.limit > 0 {
            found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        }
        Ok(found)
    }

    fn expiring_of(&self, filter: &ExpiryFilter<'_>, known: u64, source: &Source) -> Result<Vec<Expiring>> {
        let (known, second) = (Cell::count(known), Cell::Int(filter.at.unix_seconds()));
        let mut conditions = Conditions::new();
        conditions.add("c.not_after >= ? AND c.not_after < ?", [Cell::Int(filter.from), Cell::Int(filter.to)]);
        conditions.add("c.event <= ? AND c.issued_at <= ?", [known.clone(), second.clone()]);
        conditions.one_of("c.org", filter.orgs.iter().map(|o| Cell::text(o.as_str())).collect());
        if let Some(profile) = filter.profile.filter(|_| source.profile == "c.profile") {
            conditions.add("c.profile = ?", [Cell::text(profile.as_str())]);
        }
        if let Some(medium) = filter.medium {
            conditions.add("c.medium = ?", [Cell::text(medium.code())]);
        }
        if filter.pairs {
            conditions.add(source.whole, []);
        }
        conditions.add(format!("{} <> 'revoked'", source.status), [known.clone(), second.clone()]);
        let (clause, mut cells) = conditions.clause("c.not_after, c.serial", filter.limit);
        cells.splice(0..0, [known, second]);
        let Source { table, profile, status, .. } = source;
        let sql = format!(
            "SELECT c.serial, c.org, {profile}, c.algorithm, c.holder_kind, c.medium, c.subject, c.not_after, {status} \
             FROM {table} AS c {clause}"
        );
        query(self.connection(), table, &sql, &cells, expiring)
    }

    /// Who had certificates issued in a period of seconds, for which organisation and at which hours, in pairs.
    ///
    /// # Errors
    /// Database errors.
    pub fn issuing_hours(&self, from: i64, to: i64, as_of: Instant) -> Result<Vec<Hours>> {
        let Some(known) = self.last_event_until(as_of)? else { return Ok(Vec::new()) };
        // Day 0 was a Thursday.
        const HOURS: &str = "SELECT c.org, e.actor, COUNT(*), \
             SUM(CASE WHEN (c.issued_at + ?) % 86400 >= ? OR (c.issued_at + ?) % 86400 < ? THEN 1 ELSE 0 END), \
             SUM(CASE WHEN ((c.issued_at + ?) / 86400 + 3) % 7 >= 5 THEN 1 ELSE 0 END) \
             FROM certificate AS c JOIN event AS e ON e.seq = c.event \
             WHERE c.issued_at >= ? AND c.issued_at < ? AND c.event <= ? \
             AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = c.serial) \
             GROUP BY c.org, e.actor ORDER BY c.org, e.actor";
        let cells = [OFFSET, NIGHT_FROM, OFFSET, NIGHT_TO, OFFSET, from, to, int(known)].map(Cell::Int);
        query(self.connection(), "certificate", HOURS, &cells, |c| {
            Ok(Hours { org: c.parse()?, actor: c.optional_parse()?, all: c.int()?, night: c.int()?, weekend: c.int()? })
        })
    }

    /// Persons who have several valid certificates of one profile at an instant; one that another took the place of does
    /// not count. Those with the most come first.
    ///
    /// # Errors
    /// Database errors.
    pub fn several_valid(&self, at: Instant, as_of: Instant) -> Result<Vec<Several>> {
        let Some(known) = self.last_event_until(as_of)? else { return Ok(Vec::new()) };
        const SEVERAL: &str = concat!(
            "SELECT c.holder, c.profile, COUNT(*), COUNT(DISTINCT c.org), MIN(c.org), MIN(c.subject) \
             FROM certificate AS c WHERE c.holder_kind = 'person' AND c.issued_at <= ? AND c.not_before <= ? \
             AND c.not_after >= ? AND c.event <= ? AND ",
            status!(),
            " = 'active' AND NOT EXISTS (SELECT 1 FROM certificate AS n \
             WHERE n.predecessor = c.serial AND n.event <= ? AND n.issued_at <= ?) \
             GROUP BY c.holder, c.profile HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC, c.holder, c.profile"
        );
        let (known, second) = (int(known), at.unix_seconds());
        let cells = [second, second, second, known, known, second, known, second].map(Cell::Int);
        query(self.connection(), "certificate", SEVERAL, &cells, |c| {
            Ok(Several {
                holder: c.digest()?,
                profile: c.parse()?,
                count: c.int()?,
                orgs: c.int()?,
                org: c.parse()?,
                subject: c.text()?,
            })
        })
    }

    /// Whose hands the requests of each organisation went through that were entered in a period of seconds and decided by
    /// the second `known`.
    ///
    /// # Errors
    /// Database errors.
    pub fn hands(&self, from: i64, to: i64, known: i64) -> Result<Vec<Hands>> {
        const HANDS: &str = "SELECT org, COUNT(*), COUNT(DISTINCT submitter), MIN(submitter), COUNT(DISTINCT approver), \
             MIN(approver) FROM request WHERE submitted_at >= ? AND submitted_at < ? AND decided_at <= ? \
             AND approver IS NOT NULL GROUP BY org ORDER BY org";
        query(self.connection(), "request", HANDS, &[from, to, known].map(Cell::Int), |c| {
            Ok(Hands {
                org: c.parse()?,
                requests: c.int()?,
                submitters: c.int()?,
                submitter: c.parse()?,
                approvers: c.int()?,
                approver: c.parse()?,
            })
        })
    }

    /// The times of the requests that were entered in a period of seconds, as known at `as_of`, one after the other.
    ///
    /// # Errors
    /// Database errors.
    pub fn for_each_taken(
        &self,
        (from, to): (i64, i64),
        as_of: Instant,
        mut each: impl FnMut(OrgId, Taken),
    ) -> Result<()> {
        // A certificate is done with the event that stored it, a change of status in the second from which it holds.
        const TAKEN: &str = "SELECT r.org, r.action, r.status, r.submitted_at, r.decided_at, e.at, \
             (SELECT MIN(s.at) FROM status_change AS s WHERE s.serial = r.predecessor AND s.request = r.id) \
             FROM request AS r LEFT JOIN certificate AS c ON c.serial = r.serial AND c.request = r.id \
             LEFT JOIN event AS e ON e.seq = c.event \
             WHERE r.submitted_at >= ? AND r.submitted_at < ? AND r.submitted_at <= ?";
        let known = as_of.unix_seconds();
        let cells = [from, to, known].map(Cell::Int);
        let mut statement = self.connection().prepare_cached(TAKEN)?;
        let mut rows = statement.query(rusqlite::params_from_iter(&cells))?;
        while let Some(row) = rows.next()? {
            let mut c = Columns::new(row, "request");
            let org = c.parse()?;
            let (action, status, submitted) = (c.parse()?, c.parse()?, c.int()?);
            let decided = c.optional_int()?.filter(|at| *at <= known);
            let stored = c.optional_int()?.map(|millis| millis.div_euclid(1000));
            let changed = c.optional_int()?;
            let done = stored.or(changed).filter(|at| *at <= known);
            each(org, Taken { action, status, submitted, decided, done });
        }
        Ok(())
    }

    /// The pairs and single certificates of some organisations that were issued in a period of seconds and recorded before
    /// an event, by serial number.
    ///
    /// # Errors
    /// Database errors.
    pub fn issued_serials(&self, orgs: &[OrgId], from: i64, to: i64, before: u64) -> Result<Vec<Serial>> {
        let mut conditions = Conditions::new();
        conditions.add(
            "issued_at >= ? AND issued_at < ? AND event < ?",
            [Cell::Int(from), Cell::Int(to), Cell::count(before)],
        );
        conditions.one_of("org", orgs.iter().map(|o| Cell::text(o.as_str())).collect());
        conditions.add("NOT EXISTS (SELECT 1 FROM pair WHERE pair.encryption = certificate.serial)", []);
        let (clause, cells) = conditions.clause("serial", 0);
        let sql = format!("SELECT serial FROM certificate {clause}");
        query(self.connection(), "certificate", &sql, &cells, |c| c.serial())
    }
}

fn expiring(c: &mut Columns<'_>) -> Result<Expiring> {
    Ok(Expiring {
        serial: c.bytes()?,
        org: c.parse()?,
        profile: c.optional_parse()?,
        algorithm: c.parse()?,
        holder_kind: c.optional_parse()?,
        medium: c.optional_parse()?,
        subject: c.text()?,
        not_after: c.int()?,
        status: c.parse()?,
    })
}
