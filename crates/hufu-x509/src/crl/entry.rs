//! One entry, as it is written and as it is read without copying.

use std::cmp::Ordering;

use hufu_model::ident::Serial;

use super::{Entry, Reason, meaning};
use crate::error::Result;
use crate::oid;
use crate::signed;
use crate::time::{FIRST_GENERALIZED, Text, read_time};
use crate::tlv::{Reader, Tlv, tag};

/// The octets of the longest entry: SEQUENCE, a serial number of 20 octets, a GeneralizedTime, a reason.
pub(super) const MAX_ENTRY: usize = 2 + 22 + 17 + REASON.len() + 1;

/// crlEntryExtensions with a reasonCode, up to its value.
const REASON: [u8; 13] = [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, tag::ENUMERATED, 1];

/// Compares magnitudes without leading zeros as numbers.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Appends an entry. It is shorter than 128 octets, so that each of its lengths is one octet. This is done a million
/// times for one list; [`crate::tlv::nest`] would be three times as slow.
pub(super) fn put_entry(out: &mut Vec<u8>, serial: &[u8], at: i64, reason: Option<Reason>) {
    let reason = reason.filter(|reason| *reason != Reason::Unspecified);
    let text = Text::new(at);
    let (time_tag, time) =
        if at < FIRST_GENERALIZED { (tag::UTC_TIME, text.utc()) } else { (tag::GENERALIZED_TIME, text.generalized()) };
    let sign = serial.first().is_some_and(|first| *first >= 0x80);
    let number = serial.len() + usize::from(sign);
    let length = 2 + number + 2 + time.len() + reason.map_or(0, |_| REASON.len() + 1);
    // Serial numbers have at most 20 octets.
    let octet = |n: usize| u8::try_from(n).unwrap_or(0x7f);
    out.extend_from_slice(&[tag::SEQUENCE, octet(length), tag::INTEGER, octet(number)]);
    if sign {
        out.push(0);
    }
    out.extend_from_slice(serial);
    out.extend_from_slice(&[time_tag, octet(time.len())]);
    out.extend_from_slice(time);
    if let Some(reason) = reason {
        out.extend_from_slice(&REASON);
        out.push(reason.number());
    }
}

/// How many octets the entry about a certificate takes in a list: its serial number, the time of its revocation or
/// suspension in seconds since the epoch, and why.
#[must_use]
pub fn entry_length(serial: &Serial, at: i64, reason: Option<Reason>) -> usize {
    let mut out = Vec::with_capacity(MAX_ENTRY);
    put_entry(&mut out, serial.as_bytes(), at, reason);
    out.len()
}

/// An entry in the octets of its list.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryRef<'a> {
    pub(super) serial: &'a [u8],
    pub(super) at: i64,
    pub(super) reason: Option<Reason>,
    /// An extension that makes the whole list unusable.
    pub(super) unsupported: Option<&'a [u8]>,
    /// Where it stands.
    pub(super) offset: usize,
}

impl<'a> EntryRef<'a> {
    /// Reads the next entry and checks it.
    pub(super) fn read(entries: &mut Reader<'a>) -> Result<Self> {
        let entry = entries.expect(tag::SEQUENCE, "an entry is no SEQUENCE")?;
        let mut inside = entry.inside();
        let serial = inside.expect(tag::INTEGER, "the serial number of an entry is missing")?;
        let at = read_time(&inside.any()?)?;
        let extensions = inside.optional(tag::SEQUENCE)?;
        inside.finish("a field that an entry does not have")?;
        let magnitude = serial.unsigned()?;
        if magnitude.len() > 20 || magnitude == [0] {
            return Err(meaning(serial.offset, "the serial number of an entry is zero or has more than 20 octets"));
        }
        let mut this = Self { serial: magnitude, at, reason: None, unsupported: None, offset: entry.offset };
        if let Some(extensions) = extensions {
            this.read_extensions(&extensions)?;
        }
        Ok(this)
    }

    fn read_extensions(&mut self, extensions: &Tlv<'a>) -> Result<()> {
        let mut list = extensions.inside();
        if list.is_empty() {
            return Err(meaning(extensions.offset, "the extensions of an entry are there and empty"));
        }
        let mut reason_read = false;
        while !list.is_empty() {
            let (id, critical, value) = signed::extension(&mut list)?;
            if id.value == oid::CRL_REASON.as_bytes() {
                if std::mem::replace(&mut reason_read, true) {
                    return Err(meaning(id.offset, "an entry has two reasons"));
                }
                self.reason = read_reason(&value)?;
            } else if id.value == oid::CERTIFICATE_ISSUER.as_bytes()
                || (critical && id.value != oid::INVALIDITY_DATE.as_bytes())
            {
                // The criticality of certificateIssuer is printed in two ways (RFC 5280 §5.3.3, GB/T 20518 Table C.5).
                self.unsupported = Some(id.value);
            }
        }
        Ok(())
    }

    pub(super) fn to_owned(self) -> Result<Entry> {
        let serial = Serial::from_bytes(self.serial).map_err(|e| meaning(self.offset, e.rule))?;
        Ok(Entry { serial, at: self.at, reason: self.reason })
    }
}

/// The value of a reasonCode: an OCTET STRING with an ENUMERATED.
fn read_reason(value: &Tlv<'_>) -> Result<Option<Reason>> {
    let mut inside = value.inside();
    let number = inside.expect(tag::ENUMERATED, "a reason is no ENUMERATED")?;
    inside.finish("octets behind a reason")?;
    Ok(reason(&number))
}

/// A CRLReason. Some lists have the number 7, which is not used: revoked is revoked, and why is not known.
pub(crate) fn reason(number: &Tlv<'_>) -> Option<Reason> {
    match number.value {
        [number] => Reason::from_number(*number),
        _ => None,
    }
}
