//! The digest of a population: who holds what since when and in what state, as the home has it.

use hufu_authority::data::population::END;
use hufu_authority::model::certificate::CertificateRow;
use hufu_authority::model::ident::Digest;
use hufu_authority::model::legacy::LegacyRow;
use hufu_authority::x509::digest::{Sm3, sm3};
use hufu_authority::{Authority, CertificateFilter, LegacyFilter, Result};

use super::pairs::Issued;

/// Rows read at a time.
const PAGE: u32 = 5000;

/// SM3 over the sorted SM3s of one line for each pair and each certificate of the old algorithm. Keys, signatures and our
/// serial numbers are not in it: they are other ones in every run.
pub(super) fn digest(authority: &Authority, issued: &Issued) -> Result<Digest> {
    let mut lines: Vec<[u8; 32]> = Vec::new();
    let mut filter = CertificateFilter { pairs: true, limit: PAGE, ..CertificateFilter::default() };
    loop {
        let page = authority.certificates(&filter)?;
        filter.after = page.last().map(|row| row.serial.clone());
        let known = page.iter().filter_map(|row| Some((row, issued.holders.get(&row.serial)?)));
        lines.extend(known.map(|(row, holder)| sm3(line(row, *holder).as_bytes()).0));
        if filter.after.is_none() {
            break;
        }
    }
    let mut filter = LegacyFilter { limit: PAGE, ..LegacyFilter::default() };
    loop {
        let page = authority.legacy_certificates(&filter)?;
        filter.after = page.last().map(|row| (row.validity.not_after(), row.id));
        lines.extend(page.iter().map(|row| sm3(legacy_line(row).as_bytes()).0));
        if filter.after.is_none() {
            break;
        }
    }
    lines.sort_unstable();
    let mut whole = Sm3::new();
    whole.update(format!("2018h1 {END}\n").as_bytes());
    lines.iter().for_each(|line| whole.update(line));
    Ok(whole.finish())
}

fn line(row: &CertificateRow, holder: u64) -> String {
    let CertificateRow { org, algorithm, holder_kind, medium, profile, reason, status, .. } = row;
    let (from, to, at) = (row.validity.not_before(), row.validity.not_after(), row.issued_at);
    format!("{org} {holder} {algorithm} {holder_kind} {medium} {profile} {reason} {at} {from} {to} {status}")
}

fn legacy_line(row: &LegacyRow) -> String {
    let LegacyRow { org, algorithm, key_bits, status, .. } = row;
    let kind = row.holder_kind.map_or("", hufu_authority::model::holder::HolderKind::code);
    let medium = row.medium.map_or("", hufu_authority::model::request::Medium::code);
    let (from, to, at) = (row.validity.not_before(), row.validity.not_after(), row.issued_at);
    // The subject names the holder by number.
    let subject = &row.subject;
    format!("{org} {subject} {algorithm} {key_bits} {kind} {medium} {at} {from} {to} {status}")
}
