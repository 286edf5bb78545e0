//! One row of a sheet: what its columns say, and whether that agrees with the certificate it carries.

use std::borrow::Cow;

use hufu_data::{InventoryColumn, inventory_word};
use hufu_model::holder::{DocumentType, HolderKind, check_credit_code, check_document};
use hufu_model::ident::OrgId;
use hufu_model::legacy::Usage;
use hufu_model::revocation::RevocationReason;
use hufu_model::text;
use hufu_model::time::Validity;
use hufu_sheet::Row;
use hufu_x509::legacy::{from_text, read_verified};

use super::certificate;
use super::columns::Columns;
use super::value::{self, Moment};
use super::{Context, Spot, UNKNOWN_REASON};
use crate::import::entry::{Entry, SourceFault, Verified};

/// A holder's number that an old list shows in part only is not given.
const MASKED: &str = "legacy.masked-identity";
/// How far a column may be from its certificate: a zone or a day that was counted otherwise.
const CLOSE: u64 = 86_400;

type Read<T> = Result<T, SourceFault>;

/// Reads a row.
pub(super) fn entry(row: &Row, columns: &Columns, spot: Spot, context: &Context) -> Read<Entry> {
    let cells = Cells { row, columns, spot: &spot };
    let mut entry = match cells.text("certificate")? {
        text if text.is_empty() => listed(&cells)?,
        text => carried(&cells, &text, context)?,
    };
    cells.about_holder(&mut entry)?;
    entry.issued_at = cells.time("issued-at")?.map(|m| m.seconds);
    entry.revoked = cells.revocation(&mut entry.remarks)?;
    context.not_ahead(entry)
}

/// A row that lists a certificate.
fn listed(cells: &Cells<'_>) -> Read<Entry> {
    let serial = cells.serial()?.ok_or_else(|| cells.missing("serial"))?;
    let (algorithm, named_bits) = cells.algorithm()?.ok_or_else(|| cells.missing("algorithm"))?;
    let key_bits = cells.key_bits()?.or(named_bits).unwrap_or_default();
    let first = cells.time("not-before")?.ok_or_else(|| cells.missing("not-before"))?.seconds;
    let last = cells.time("not-after")?.ok_or_else(|| cells.missing("not-after"))?.seconds;
    if last < first {
        return Err(cells.spot.fault("x509.expiry-before-issuance", "the certificate ends before it begins"));
    }
    let validity = Validity::new(first, last).map_err(|e| cells.bad("not-after", &e.to_string()))?;
    Ok(Entry {
        position: cells.spot.position,
        place: cells.spot.place.clone(),
        issuer: cells.name("issuer")?.ok_or_else(|| cells.missing("issuer"))?,
        serial,
        subject: cells.name("subject")?.ok_or_else(|| cells.missing("subject"))?,
        algorithm,
        key_bits,
        usage: cells.usage()?.unwrap_or(Usage::Any),
        validity,
        issued_at: None,
        org: None,
        org_text: None,
        region: None,
        unit_name: None,
        holder_kind: None,
        identity: None,
        medium: None,
        pair_id: None,
        revoked: None,
        digest: None,
        verified: Verified::NotVerified("legacy.listed-only"),
        remarks: Vec::new(),
    })
}

/// A row that carries the certificate: the certificate counts, and columns that say otherwise are a fault.
fn carried(cells: &Cells<'_>, text: &str, context: &Context) -> Read<Entry> {
    let refused = |e: hufu_x509::Error| cells.spot.fault(e.kind().code(), &format!("certificate: {e}"));
    let der = from_text(text).map_err(refused)?;
    let (legacy, verified) = read_verified(&der, &context.issuers).map_err(refused)?;
    let entry = certificate::entry(legacy, verified, cells.spot.clone());
    let differs = |key: &str| {
        Err(cells
            .spot
            .fault("legacy.differs", &format!("{}: it differs from the certificate in the row", cells.shown(key))))
    };
    if cells.serial()?.is_some_and(|serial| serial != entry.serial) {
        return differs("serial");
    }
    if cells.algorithm()?.is_some_and(|(algorithm, bits)| {
        algorithm != entry.algorithm || bits.is_some_and(|bits| bits != entry.key_bits)
    }) {
        return differs("algorithm");
    }
    if cells.key_bits()?.is_some_and(|bits| bits != entry.key_bits) {
        return differs("key-bits");
    }
    for (key, seconds) in [("not-before", entry.validity.not_before()), ("not-after", entry.validity.not_after())] {
        if cells.time(key)?.is_some_and(|m| m.seconds.abs_diff(seconds) > CLOSE) {
            return differs(key);
        }
    }
    for (key, name) in [("issuer", &entry.issuer), ("subject", &entry.subject)] {
        // Two names are compared where both can be taken apart; programs shorten and reorder them.
        let column = cells.name(key)?.and_then(|name| value::parts(&name));
        if let (Some(column), Some(name)) = (column, value::parts(name))
            && column != name
        {
            return differs(key);
        }
    }
    Ok(entry)
}

struct Cells<'a> {
    row: &'a Row,
    columns: &'a Columns,
    spot: &'a Spot,
}

impl Cells<'_> {
    /// What stands in the cell of a column, trimmed; nothing when there is no such column.
    fn text(&self, key: &str) -> Read<Cow<'_, str>> {
        let Some((_, cell)) = self.columns.cell(self.row, key) else { return Ok(Cow::Borrowed("")) };
        let text =
            cell.text().map_err(|fault| self.spot.fault(fault.code(), &format!("{}: {fault}", self.shown(key))))?;
        // What programs write where nothing is.
        let nothing = !self.columns.by_people && matches!(&*text, "NULL" | "null" | "\\N" | "-1");
        Ok(if nothing { Cow::Borrowed("") } else { text })
    }

    fn form(&self, key: &str) -> Option<&'static InventoryColumn> {
        self.columns.cell(self.row, key).map(|(column, _)| column)
    }

    /// A column as messages name it.
    fn shown(&self, key: &str) -> String {
        let names = self.form(key).map(|c| c.names.first().map_or(key, String::as_str));
        names.unwrap_or(key).to_owned()
    }

    fn missing(&self, key: &str) -> SourceFault {
        self.spot.fault("legacy.missing-value", &format!("{}: nothing stands there", self.shown(key)))
    }

    fn bad(&self, key: &str, what: &str) -> SourceFault {
        self.spot.fault("legacy.column-value", &format!("{}: {what}", self.shown(key)))
    }

    /// That a value is not of its form; it is repeated unless it could be an identity number in the wrong column.
    fn unknown(&self, key: &str, value: &str, wanted: &str) -> SourceFault {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let shown: String = text::printable(value).chars().take(40).collect();
        let shown = if digits >= 15 { "it".to_owned() } else { format!("{shown:?}") };
        self.bad(key, &format!("{shown} is no {wanted}"))
    }

    /// The value of a column, read by `read`.
    fn value<T>(&self, key: &str, wanted: &str, read: impl FnOnce(&str) -> Option<T>) -> Read<Option<T>> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(None);
        }
        read(&text).map(Some).ok_or_else(|| self.unknown(key, &text, wanted))
    }

    /// A word of a list of the dictionary.
    fn word<T: std::str::FromStr>(&self, key: &str) -> Read<Option<T>> {
        self.value(key, "word that is known there", |text| inventory_word(key, text)?.parse().ok())
    }

    fn serial(&self) -> Read<Option<Vec<u8>>> {
        let decimal = self.form("serial").is_some_and(|c| c.form == "decimal");
        let text = self.text("serial")?;
        if text.is_empty() {
            return Ok(None);
        }
        let read = if decimal { value::decimal_serial(&text) } else { value::hex_serial(&text) };
        let wanted =
            if decimal { "it is no number in decimal digits" } else { "it is no number in hexadecimal digits" };
        read.map(Some).ok_or_else(|| self.bad("serial", wanted))
    }

    fn algorithm(&self) -> Read<Option<(hufu_model::certificate::Algorithm, Option<u32>)>> {
        self.value("algorithm", "algorithm that is known", value::algorithm)
    }

    fn key_bits(&self) -> Read<Option<u32>> {
        self.value("key-bits", "size of a key in bits", |text| {
            let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
            digits.parse().ok().filter(|bits| (1..=65_536).contains(bits))
        })
    }

    fn usage(&self) -> Read<Option<Usage>> {
        self.word("usage")
    }

    fn name(&self, key: &str) -> Read<Option<String>> {
        let text = self.text(key)?;
        Ok((!text.is_empty()).then(|| text::printable(&value::name(&text))))
    }

    fn time(&self, key: &str) -> Read<Option<Moment>> {
        let form = self.form(key).map_or("date", |c| c.form.as_str());
        let exact = |seconds| Moment { seconds, day_only: false };
        match form {
            "ms" => self.value(key, "time in milliseconds", |t| Some(exact(t.parse::<i64>().ok()?.div_euclid(1000)))),
            "s" => self.value(key, "time in seconds", |t| t.parse().ok().map(exact)),
            _ => self.value(key, "day or moment, such as 2018-06-30 or 2018-06-30 12:00:00", value::moment),
        }
    }

    /// When and why the certificate was revoked or suspended.
    fn revocation(&self, remarks: &mut Vec<&'static str>) -> Read<Option<(i64, RevocationReason)>> {
        let status = self.value("status", "status that is known", |text| inventory_word("status", text))?;
        // Tables write a time of zero where there is none.
        let at = self.time("revoked-at")?.map(|m| m.seconds).filter(|at| self.columns.by_people || *at > 0);
        let reason = match &*self.text("revocation-reason")? {
            "" => None,
            text => match inventory_word("reason", text).and_then(|code| code.parse().ok()) {
                Some(reason) => Some(reason),
                None => {
                    remarks.push(UNKNOWN_REASON);
                    Some(RevocationReason::Unspecified)
                }
            },
        };
        let lifted = reason == Some(RevocationReason::RemoveFromCrl);
        let contradiction = |what: &str| Err(self.spot.fault("legacy.contradiction", what));
        match (status, at) {
            (Some("active"), None) | (None, None) => Ok(None),
            (Some("active"), Some(_)) if lifted => Ok(None),
            (Some("active"), Some(_)) => contradiction("its status is active, and a revocation time is given"),
            (Some("archived"), at) => Ok(at.zip(reason).filter(|_| !lifted)),
            (Some("revoked" | "held"), None) => Err(self.missing("revoked-at")),
            _ if lifted => contradiction("its status is revoked, and the reason says that this was taken back"),
            (Some("held"), Some(at)) => Ok(Some((at, RevocationReason::CertificateHold))),
            (_, Some(at)) => Ok(Some((at, reason.unwrap_or(RevocationReason::Unspecified)))),
            (_, None) => Ok(None),
        }
    }

    /// Organisation, holder, medium and pair.
    fn about_holder(&self, entry: &mut Entry) -> Read<()> {
        let plain = |key: &str| -> Read<Option<String>> {
            let text = self.text(key)?;
            Ok((!text.is_empty()).then(|| text::printable(&text)))
        };
        let org = plain("org")?;
        entry.org = org.as_deref().and_then(|text| text.parse::<OrgId>().ok());
        entry.org_text = org.filter(|_| entry.org.is_none());
        entry.region = self.value("region", "code of six digits (GB/T 2260)", |text| text.parse().ok())?;
        entry.unit_name = plain("unit")?.or(entry.unit_name.take());
        entry.medium = self.word("medium")?;
        entry.pair_id = plain("pair-id")?;
        if let Some(usage) = self.usage()? {
            entry.usage = usage;
        }
        let kind: Option<HolderKind> = self.word("holder-kind")?;
        let document = self.document(&mut entry.remarks)?;
        let credit_code = self.identity_number("credit-code", &mut entry.remarks, check_credit_code)?;
        let credit_code = credit_code.map(|code| format!("credit-code {code}"));
        let kind = kind.or(match (&document, &credit_code) {
            (Some(_), None) => Some(HolderKind::Person),
            (None, Some(_)) => Some(HolderKind::Organisation),
            _ => None,
        });
        entry.identity = match kind {
            Some(HolderKind::Person) => document,
            Some(HolderKind::Organisation) => credit_code,
            Some(HolderKind::Device) => {
                let of = plain("holder-organisation")?.zip(plain("holder-name")?);
                of.map(|(of, name)| format!("device {} / {}", text::fold(&of), text::fold(&name)))
            }
            None => None,
        };
        entry.holder_kind = kind;
        Ok(())
    }

    /// The identity document: its type and number as [`hufu_model::holder::Holder::identity`] writes them. A number
    /// without a type is one of a resident identity card, which most people have.
    fn document(&self, remarks: &mut Vec<&'static str>) -> Read<Option<String>> {
        let kind: DocumentType = self.word("document-type")?.unwrap_or(DocumentType::ResidentId);
        let number = self.identity_number("document-number", remarks, |number| check_document(kind, number))?;
        Ok(number.map(|number| format!("{kind} {number}")))
    }

    fn identity_number<E: std::fmt::Display>(
        &self,
        key: &str,
        remarks: &mut Vec<&'static str>,
        check: impl FnOnce(&str) -> Result<String, E>,
    ) -> Read<Option<String>> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(None);
        }
        if text.contains('*') {
            remarks.push(MASKED);
            return Ok(None);
        }
        // The fault names the rule and the place, never the number.
        check(&text).map(Some).map_err(|e| self.spot.fault("legacy.identity", &format!("{}: {e}", self.shown(key))))
    }
}
