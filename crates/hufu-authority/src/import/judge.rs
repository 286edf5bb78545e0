//! What one entry of a source becomes, before the table is asked.

use std::collections::HashMap;

use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::{Digest, ImportId};
use hufu_model::legacy::LegacyRow;
use hufu_model::revocation::RevocationReason;
use hufu_model::text::mask_identity_numbers;
use hufu_model::time::Instant;
use hufu_x509::seal::SealKey;

use super::credit::{Credit, Credited};
use super::entry::{Entry, SourceFault, Verified};
use super::subject::{id_of, normalised};

/// The purposes of the two blind indexes. The first is that of our own certificates: the same person has the same one.
const HOLDER: &str = "holder";
const NAME: &str = "holder-name";

/// How many issuers' names are remembered as they are compared.
const ISSUERS: usize = 1024;

/// What is to be said about one row of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFinding {
    /// Its row or running number, from 1.
    pub position: u64,
    /// Where that is, for people.
    pub place: String,
    /// The stable code; its message says what is wrong, in both languages.
    pub code: &'static str,
    /// What the message names: a column, a rule of the reader. Never a personal field.
    pub what: String,
    /// Whether the row was left out for it. Otherwise it is counted all the same.
    pub refused: bool,
}

/// One entry, judged.
pub(super) enum Judged {
    Row(Box<Work>),
    Refused(RowFinding),
}

/// A certificate that may be recorded.
pub(super) struct Work {
    /// Its row; active, and without the other half of its pair, which the table knows.
    pub(super) row: LegacyRow,
    pub(super) place: String,
    /// Whether its holder was named by an identity, and its time of issue by the source.
    pub(super) identified: bool,
    pub(super) timed: bool,
    /// What both halves of its pair have in common.
    pub(super) pair: Option<u128>,
    pub(super) revoked: Option<(i64, RevocationReason)>,
    /// What to say about it.
    pub(super) findings: Vec<RowFinding>,
}

impl Work {
    pub(super) fn finding(&self, code: &'static str, what: impl Into<String>, refused: bool) -> RowFinding {
        RowFinding { position: self.row.position, place: self.place.clone(), code, what: what.into(), refused }
    }

    /// The state that a source's reason leads to; none for one that was taken back.
    pub(super) fn change(&self) -> Option<(i64, RevocationReason, CertificateStatus)> {
        let (at, reason) = self.revoked?;
        let status = match reason {
            RevocationReason::RemoveFromCrl => return None,
            RevocationReason::CertificateHold => CertificateStatus::Held,
            _ => CertificateStatus::Revoked,
        };
        Some((at, reason, status))
    }
}

/// Judges entries by the rules that need no table.
pub(super) struct Judge<'a> {
    pub(super) seal: &'a SealKey,
    pub(super) import: &'a ImportId,
    pub(super) credit: Credit<'a>,
    pub(super) now: Instant,
    issuers: HashMap<String, String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(seal: &'a SealKey, import: &'a ImportId, credit: Credit<'a>, now: Instant) -> Self {
        Self { seal, import, credit, now, issuers: HashMap::new() }
    }

    pub(super) fn judge(&mut self, entry: Result<Entry, SourceFault>) -> Judged {
        let entry = match entry {
            // From here on nobody sees the numbers that some authorities wrote into their names (I12).
            Ok(entry) => Entry { subject: mask_identity_numbers(&entry.subject), ..entry },
            Err(SourceFault { position, place, code, text }) => {
                return Judged::Refused(RowFinding { position, place, code, what: text, refused: true });
            }
        };
        let timed = entry.issued_at.is_some();
        let issued_at = entry.issued_at.unwrap_or(entry.validity.not_before());
        let refuse = |entry: Entry, code, what: &str| {
            let (position, place, what) = (entry.position, entry.place, what.to_owned());
            Judged::Refused(RowFinding { position, place, code, what, refused: true })
        };
        let now = self.now.unix_seconds();
        if issued_at > now {
            return refuse(entry, "import.issued-later", "");
        }
        if entry.validity.not_after() < issued_at {
            return refuse(entry, "import.expired-first", "");
        }
        match entry.revoked {
            Some((at, _)) if at > now => return refuse(entry, "import.revoked-later", ""),
            Some((at, _)) if at < issued_at => return refuse(entry, "import.revoked-first", ""),
            _ => {}
        }
        let (org, unknown) = match self.credit.of(&entry) {
            Credited::To(org) => (org, false),
            Credited::Nobody { named } => (self.credit.unassigned().clone(), named),
            Credited::Outside => return refuse(entry, "import.outside", ""),
        };
        let id = id_of(self.issuer(&entry.issuer), &entry.serial);
        let holder = match &entry.identity {
            Some(identity) => self.seal.blind_index(HOLDER, identity),
            None => name_index(self.seal, org.as_str(), &entry.subject),
        };
        let row = LegacyRow {
            id,
            import: self.import.clone(),
            position: entry.position,
            org,
            issuer: entry.issuer,
            serial: entry.serial,
            subject: entry.subject,
            algorithm: entry.algorithm,
            key_bits: entry.key_bits,
            usage: entry.usage,
            holder_kind: entry.holder_kind,
            holder,
            medium: entry.medium,
            first_half: None,
            validity: entry.validity,
            issued_at,
            digest: entry.digest,
            verified: entry.verified.is_verified(),
            status: CertificateStatus::Active,
        };
        // Two issuers may give pairs the same names.
        let pair = entry.pair_id.filter(|pair| !pair.is_empty());
        let pair = pair.map(|pair| fingerprint(&id_of(self.issuer(&row.issuer), pair.as_bytes())));
        let identified = entry.identity.is_some();
        let mut work =
            Work { row, place: entry.place, identified, timed, pair, revoked: entry.revoked, findings: Vec::new() };
        if unknown {
            let what = entry.org.map(|org| org.to_string()).or(entry.org_text).unwrap_or_default();
            work.findings.push(work.finding("import.org-unknown", what, false));
        }
        for code in entry.remarks {
            work.findings.push(work.finding(code, "", false));
        }
        // A row of a list has no signature that could be verified: that is no finding about it.
        if let (Verified::NotVerified(code), true) = (entry.verified, work.row.digest.is_some()) {
            work.findings.push(work.finding(code, "", false));
        }
        Judged::Row(Box::new(work))
    }

    /// The issuer's name as it is compared. A source has few issuers and names them in every row.
    fn issuer(&mut self, issuer: &str) -> &str {
        if !self.issuers.contains_key(issuer) {
            if self.issuers.len() >= ISSUERS {
                self.issuers.clear();
            }
            self.issuers.insert(issuer.to_owned(), normalised(issuer));
        }
        self.issuers.get(issuer).map_or("", String::as_str)
    }
}

/// The holder of a certificate that names no identity: whoever has this name in this organisation.
pub(super) fn name_index(seal: &SealKey, org: &str, subject: &str) -> Digest {
    seal.blind_index(NAME, &format!("{org}\n{}", normalised(subject)))
}

/// Tells digests apart in little room.
pub(super) fn fingerprint(Digest(octets): &Digest) -> u128 {
    octets.first_chunk::<16>().map_or(0, |octets| u128::from_be_bytes(*octets))
}
