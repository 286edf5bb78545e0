//! The fields of a CRL, and the way to an entry.

use std::ops::Range;

use super::entry::{EntryRef, compare};
use super::point::IssuingPoint;
use super::{MAX_LENGTH, Reason, meaning};
use crate::error::Result;
use crate::name::Name;
use crate::oid::{self, Oid};
use crate::signed::{self, Place, algorithm, content, place};
use crate::strict;
use crate::time::read_time;
use crate::tlv::{Reader, Tlv, tag};

/// Every how many entries the place of one is noted.
const STRIDE: usize = 64;

/// Where the fields stand, and what the short ones say.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) version: u8,
    pub(super) tbs: Range<usize>,
    pub(super) inner_algorithm: Range<usize>,
    pub(super) outer_algorithm: Range<usize>,
    pub(super) issuer: Range<usize>,
    pub(super) this_update: i64,
    pub(super) next_update: Option<i64>,
    pub(super) number: Option<u128>,
    pub(super) delta_base: Option<u128>,
    pub(super) authority_key_id: Option<Range<usize>>,
    pub(super) issuing_point: Option<IssuingPoint>,
    pub(super) extensions: Vec<Place>,
    pub(super) signature: Range<usize>,
    pub(super) unsupported: Option<String>,
    pub(super) index: Index,
}

/// How to find an entry.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Index {
    pub(super) count: usize,
    pub(super) sorted: bool,
    /// The content of revokedCertificates.
    entries: Range<usize>,
    /// Where every 64th entry stands.
    marks: Vec<usize>,
}

/// The extensions whose meaning is understood here and in [`crate::path::status`].
const UNDERSTOOD: [Oid; 6] = [
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::ISSUER_ALT_NAME,
    oid::CRL_NUMBER,
    oid::DELTA_CRL_INDICATOR,
    oid::ISSUING_DISTRIBUTION_POINT,
    oid::FRESHEST_CRL,
];

impl Fields {
    pub(super) fn read(der: &[u8]) -> Result<Self> {
        strict::check_up_to(der, MAX_LENGTH)?;
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE of a CRL is missing")?.inside();
        input.finish("octets behind the CRL")?;
        let tbs = outer.expect(tag::SEQUENCE, "tbsCertList is missing")?;
        let outer_algorithm = algorithm(&mut outer, "signatureAlgorithm is missing")?;
        let signature = outer.expect(tag::BIT_STRING, "signatureValue is missing")?;
        signature.octet_bits()?;
        outer.finish("a field that a CRL does not have")?;

        let mut r = tbs.inside();
        let version = r.optional(tag::INTEGER)?;
        let inner_algorithm = algorithm(&mut r, "the inner signature algorithm is missing")?;
        let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
        Name::display_der(issuer.whole)?;
        let this_update = read_time(&r.any()?)?;
        let next_update = match r.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(read_time(&r.any()?)?),
            _ => None,
        };
        let revoked = r.optional(tag::SEQUENCE)?;
        let extensions = match r.optional(tag::constructed(0))? {
            None => Vec::new(),
            Some(explicit) => signed::extensions(&explicit)?,
        };
        r.finish("a field that tbsCertList does not have")?;
        let version = match version.map(|v| (v.value, v.offset)) {
            None => 1,
            Some(([1], _)) => 2,
            Some((_, offset)) => return Err(meaning(offset, "a version other than 2")),
        };
        let signature = content(&signature);
        let mut this = Self {
            version,
            tbs: place(&tbs),
            inner_algorithm: place(&inner_algorithm),
            outer_algorithm: place(&outer_algorithm),
            issuer: place(&issuer),
            this_update,
            next_update,
            number: None,
            delta_base: None,
            authority_key_id: None,
            issuing_point: None,
            extensions,
            signature: signature.start + 1..signature.end,
            unsupported: None,
            index: Index { sorted: true, ..Index::default() },
        };
        this.read_extensions(der)?;
        if let Some(revoked) = revoked {
            this.read_entries(&revoked)?;
        }
        Ok(this)
    }

    fn read_extensions(&mut self, der: &[u8]) -> Result<()> {
        if let Some(place) = signed::doubled(der, &self.extensions) {
            let name = oid::dotted(der.get(place.oid.clone()).unwrap_or_default());
            return Err(meaning(place.oid.start, format!("the extension {name} stands twice")));
        }
        let value = |wanted| signed::value(der, &self.extensions, wanted);
        let number = |wanted| -> Result<Option<u128>> { value(wanted)?.map(|tlv| read_number(&tlv)).transpose() };
        let (crl_number, delta_base) = (number(oid::CRL_NUMBER)?, number(oid::DELTA_CRL_INDICATOR)?);
        let key_id = value(oid::AUTHORITY_KEY_IDENTIFIER)?.map(|tlv| signed::key_identifier(&tlv)).transpose()?;
        let point = value(oid::ISSUING_DISTRIBUTION_POINT)?.map(|tlv| IssuingPoint::read(&tlv)).transpose()?;
        let unknown = self.extensions.iter().filter(|place| place.critical).find_map(|place| {
            let id = der.get(place.oid.clone()).unwrap_or_default();
            UNDERSTOOD.iter().all(|known| known.as_bytes() != id).then(|| oid::dotted(id))
        });
        self.authority_key_id = key_id.flatten().map(|id| content(&id));
        (self.number, self.delta_base, self.issuing_point) = (crl_number, delta_base, point);
        self.unsupported = unknown.map(|id| format!("the critical extension {id}"));
        Ok(())
    }

    /// Reads every entry once.
    fn read_entries(&mut self, revoked: &Tlv<'_>) -> Result<()> {
        let mut entries = revoked.inside();
        if entries.is_empty() {
            return Err(meaning(revoked.offset, "revokedCertificates is there and empty"));
        }
        self.index.entries = content(revoked);
        let mut last: &[u8] = &[];
        while !entries.is_empty() {
            if self.index.count.is_multiple_of(STRIDE) {
                self.index.marks.push(entries.offset());
            }
            let entry = EntryRef::read(&mut entries)?;
            if let (None, Some(id)) = (&self.unsupported, entry.unsupported) {
                self.unsupported = Some(if id == oid::CERTIFICATE_ISSUER.as_bytes() {
                    "an entry about the certificate of another issuer".to_owned()
                } else {
                    format!("the critical extension {} of an entry", oid::dotted(id))
                });
            }
            self.index.sorted &= compare(last, entry.serial).is_lt();
            last = entry.serial;
            self.index.count += 1;
        }
        Ok(())
    }

    /// The entries from the one that stands at `start` on.
    fn from<'a>(&self, der: &'a [u8], start: usize) -> impl Iterator<Item = EntryRef<'a>> + use<'a> {
        let mut reader = Reader::at(der.get(start..self.index.entries.end).unwrap_or_default(), start);
        // They were all read once, so that no error can come; an end would be the answer to one.
        std::iter::from_fn(move || if reader.is_empty() { None } else { EntryRef::read(&mut reader).ok() })
    }

    pub(super) fn entries<'a>(&self, der: &'a [u8]) -> impl Iterator<Item = EntryRef<'a>> + use<'a> {
        self.from(der, self.index.entries.start)
    }

    pub(super) fn find<'a>(&self, der: &'a [u8], serial: &[u8]) -> Option<EntryRef<'a>> {
        if !self.index.sorted {
            let mut found = self.entries(der).filter(|entry| entry.serial == serial);
            let first = found.next()?;
            let last = |reason| !matches!(reason, Some(Reason::CertificateHold | Reason::RemoveFromCrl));
            return Some(if last(first.reason) { first } else { found.find(|e| last(e.reason)).unwrap_or(first) });
        }
        let at_most =
            |mark: &usize| self.from(der, *mark).next().is_some_and(|entry| compare(entry.serial, serial).is_le());
        let stretch = self.index.marks.partition_point(at_most).checked_sub(1)?;
        let start = self.index.marks.get(stretch)?;
        self.from(der, *start).take(STRIDE).find(|entry| entry.serial == serial)
    }
}

/// A cRLNumber or BaseCRLNumber. The standards allow 20 octets; nobody is known to use more than 16.
fn read_number(tlv: &Tlv<'_>) -> Result<u128> {
    if tlv.tag != tag::INTEGER {
        return Err(tlv.fault("the number of a CRL is no INTEGER").into());
    }
    let octets = tlv.unsigned()?;
    if octets.len() > 16 {
        return Err(meaning(tlv.offset, "the number of the CRL has more than 16 octets"));
    }
    Ok(octets.iter().fold(0, |n, octet| n << 8 | u128::from(*octet)))
}
