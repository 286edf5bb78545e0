//! Days that are cut: what happened in one, or was recorded in one, from the rows of certificates, ours and imported.

use crate::cell::Columns;
use crate::error::Result;
use crate::rollup::{self, Member, Part};

/// Where certificates stand: for each question a statement about certificates and one about changes of their status.
pub(super) struct Source {
    /// Those that something happened with from second ?1 to ?2, as recorded before event ?3.
    pub(super) happened: [&'static str; 2],
    /// Those that were recorded by the events from ?1 to ?2.
    pub(super) recorded: [&'static str; 2],
}

/// Ours and imported ones.
pub(super) const SOURCES: [Source; 2] = [OURS, IMPORTED];

/// What [`member`] reads of a certificate of ours.
macro_rules! ours {
    ($rest:literal) => {
        concat!(
            "SELECT c.org, c.algorithm, c.profile, c.holder_kind, c.reason, c.medium, \
             CASE WHEN EXISTS (SELECT 1 FROM pair WHERE pair.encryption = c.serial) THEN 1 ELSE 0 END, \
             c.issued_at, c.not_before, c.not_after",
            $rest
        )
    };
}

/// What [`member`] reads of an imported certificate.
macro_rules! imported {
    ($rest:literal) => {
        concat!(
            "SELECT c.org, c.algorithm, 'imported', COALESCE(c.holder_kind, 'unknown'), 'import', \
             COALESCE(c.medium, 'unknown'), CASE WHEN c.first_half IS NULL THEN 0 ELSE 1 END, \
             c.issued_at, c.not_before, c.not_after",
            $rest
        )
    };
}

const OURS: Source = Source {
    happened: [
        ours!(
            " FROM certificate AS c WHERE (c.issued_at BETWEEN ?1 AND ?2 OR c.not_after BETWEEN ?1 - 1 AND ?2 - 1) \
             AND c.event < ?3"
        ),
        ours!(
            ", s.was, s.status, s.at FROM certificate AS c JOIN status_change AS s ON s.serial = c.serial \
             WHERE (c.not_after BETWEEN ?1 - 1 AND ?2 - 1 \
             OR c.serial IN (SELECT serial FROM status_change WHERE at BETWEEN ?1 AND ?2)) AND s.seq < ?3"
        ),
    ],
    recorded: [
        ours!(" FROM certificate AS c WHERE c.event BETWEEN ?1 AND ?2"),
        ours!(
            ", s.was, s.status, s.at FROM status_change AS s JOIN certificate AS c ON c.serial = s.serial \
             WHERE s.seq BETWEEN ?1 AND ?2"
        ),
    ],
};

// A validity may begin after the issuance here, and there is no index of all by their end: each organisation is asked.
const IMPORTED: Source = Source {
    happened: [
        imported!(
            " FROM legacy AS c WHERE (c.issued_at BETWEEN ?1 AND ?2 \
             OR (c.not_before BETWEEN ?1 AND ?2 AND c.not_before > c.issued_at) \
             OR (c.org IN (SELECT org FROM rollup_group) AND c.not_after BETWEEN ?1 - 1 AND ?2 - 1)) AND c.event < ?3"
        ),
        imported!(
            ", s.was, s.status, s.at FROM legacy AS c JOIN legacy_status AS s ON s.id = c.id \
             WHERE ((c.not_before BETWEEN ?1 AND ?2 AND c.not_before > c.issued_at) \
             OR (c.org IN (SELECT org FROM rollup_group) AND c.not_after BETWEEN ?1 - 1 AND ?2 - 1) \
             OR c.id IN (SELECT id FROM legacy_status WHERE at BETWEEN ?1 AND ?2)) AND s.seq < ?3"
        ),
    ],
    recorded: [
        imported!(" FROM legacy AS c WHERE c.event BETWEEN ?1 AND ?2"),
        imported!(
            ", s.was, s.status, s.at FROM legacy_status AS s JOIN legacy AS c ON c.id = s.id \
             WHERE s.seq BETWEEN ?1 AND ?2"
        ),
    ],
};

/// A certificate as totals see it.
pub(super) fn member(c: &mut Columns<'_>) -> Result<Member> {
    let group = rollup::group(c)?;
    let part = if c.int()? == 1 { Part::SecondHalf } else { Part::Whole };
    Ok(Member { group, part, issued_at: c.int()?, not_before: c.int()?, not_after: c.int()? })
}
