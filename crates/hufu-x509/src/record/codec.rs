//! The fields records are made of, written and read.

use std::str::FromStr;

use hufu_model::ident::Digest;

use crate::error::{Error, ErrorKind, Result};
use crate::tlv::{self, Fault, Reader, Tlv, tag};

/// The version of every record.
const VERSION: i64 = 1;

/// The most fields a list of fields has: names are compared with each other when it is read.
const MAX_FIELDS: usize = 64;

/// A record's kind, and how long it may be in octets.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) kind: &'static str,
    pub(super) max: usize,
}

/// Writes the fields of a record one after the other.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A record of this form, with room for `size` octets.
    pub(super) fn new(form: Form, size: usize) -> Self {
        let mut writer = Self(Vec::with_capacity(size));
        writer.text(form.kind);
        writer.integer(VERSION);
        writer
    }

    /// The whole record.
    pub(super) fn finish(self) -> Vec<u8> {
        tlv::element(tag::SEQUENCE, &self.0)
    }

    pub(super) fn text(&mut self, text: &str) {
        tlv::put(&mut self.0, tag::UTF8, text.as_bytes());
    }

    pub(super) fn octets(&mut self, octets: &[u8]) {
        tlv::put(&mut self.0, tag::OCTET_STRING, octets);
    }

    pub(super) fn digest(&mut self, digest: &Digest) {
        self.octets(&digest.0);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        tlv::put(&mut self.0, tag::BOOLEAN, &[if value { 0xff } else { 0 }]);
    }

    pub(super) fn integer(&mut self, value: i64) {
        let octets = value.to_be_bytes();
        // Octets that only repeat the sign bit of the next one are superfluous (X.690 §8.3.2).
        let superfluous = octets.windows(2).take_while(|w| matches!(w, [0, 0..=0x7f] | [0xff, 0x80..=0xff])).count();
        tlv::put(&mut self.0, tag::INTEGER, octets.get(superfluous..).unwrap_or(&octets));
    }

    /// A magnitude under an implicit tag.
    pub(super) fn magnitude(&mut self, tag: u8, magnitude: &[u8]) {
        if magnitude.first().is_some_and(|b| *b >= 0x80) {
            let mut octets = Vec::with_capacity(magnitude.len() + 1);
            octets.push(0);
            octets.extend_from_slice(magnitude);
            tlv::put(&mut self.0, tag, &octets);
        } else {
            tlv::put(&mut self.0, tag, magnitude);
        }
    }

    /// A constructed element whose content `fill` writes.
    pub(super) fn nest(&mut self, tag: u8, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self(Vec::with_capacity(128));
        fill(&mut inner);
        tlv::put(&mut self.0, tag, &inner.0);
    }

    pub(super) fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.nest(tag::SEQUENCE, |w| items.into_iter().for_each(|item| each(w, item)));
    }

    pub(super) fn fields(&mut self, fields: &[(String, String)]) {
        self.list(fields, |w, (name, value)| w.pair(name, value, tag::UTF8));
    }

    pub(super) fn digests(&mut self, fields: &[(String, Digest)]) {
        self.list(fields, |w, (name, digest)| w.pair(name, digest.0, tag::OCTET_STRING));
    }

    fn pair(&mut self, name: &str, value: impl AsRef<[u8]>, value_tag: u8) {
        self.nest(tag::SEQUENCE, |w| {
            w.text(name);
            tlv::put(&mut w.0, value_tag, value.as_ref());
        });
    }
}

/// Reads the fields of a record one after the other.
pub(super) struct Fields<'a>(Reader<'a>);

impl<'a> Fields<'a> {
    /// The fields of the record `der`, after its kind and version.
    pub(super) fn open(der: &'a [u8], form: Form) -> Result<Self> {
        if der.len() > form.max {
            let limit = format!("a record of this kind has at most {} octets, this one has {}", form.max, der.len());
            return Err(Error::new(ErrorKind::TooLarge).about(limit));
        }
        let mut input = Reader::new(der);
        let record = input.expect(tag::SEQUENCE, "no SEQUENCE").map_err(refused)?;
        input.finish("octets after the record").map_err(refused)?;
        let mut fields = Self(record.inside());
        let kind = fields.0.expect(tag::UTF8, "no kind of record").map_err(refused)?;
        if kind.value != form.kind.as_bytes() {
            return Err(refusal(kind.offset, &format!("it is not a record of kind {:?}", form.kind)));
        }
        let at = fields.0.offset();
        match fields.integer("no version")? {
            VERSION => Ok(fields),
            other => Err(refusal(at, &format!("version {other} is unknown to this program, which reads {VERSION}"))),
        }
    }

    /// The octet that the next field begins with.
    pub(super) fn offset(&self) -> usize {
        self.0.offset()
    }

    /// Nothing may follow.
    pub(super) fn finish(self) -> Result<()> {
        self.0.finish("an unknown field at the end").map_err(refused)
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<&'a str> {
        text(&self.0.expect(tag::UTF8, what).map_err(refused)?)
    }

    /// A text that is parsed: an id or a code.
    pub(super) fn parsed<T: FromStr<Err = hufu_model::ident::IdError>>(&mut self, what: &'static str) -> Result<T> {
        let tlv = self.0.expect(tag::UTF8, what).map_err(refused)?;
        text(&tlv)?.parse().map_err(|e: T::Err| refusal(tlv.offset, &e.to_string()))
    }

    pub(super) fn octets<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let tlv = self.0.expect(tag::OCTET_STRING, what).map_err(refused)?;
        tlv.value.try_into().map_err(|_| refusal(tlv.offset, &format!("{what} of {N} octets")))
    }

    pub(super) fn digest(&mut self, what: &'static str) -> Result<Digest> {
        self.octets(what).map(Digest)
    }

    pub(super) fn boolean(&mut self, what: &'static str) -> Result<bool> {
        self.0.expect(tag::BOOLEAN, what).and_then(|tlv| tlv.boolean()).map_err(refused)
    }

    pub(super) fn integer(&mut self, what: &'static str) -> Result<i64> {
        let tlv = self.0.expect(tag::INTEGER, what).map_err(refused)?;
        let minimal = !matches!(tlv.value, [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..]);
        if !minimal || tlv.value.len() > 8 {
            return Err(refusal(tlv.offset, "an INTEGER that is not minimal or does not fit 64 bits"));
        }
        let sign: i64 = if tlv.value.first().is_some_and(|b| *b >= 0x80) { -1 } else { 0 };
        Ok(tlv.value.iter().fold(sign, |n, b| (n << 8) | i64::from(*b)))
    }

    pub(super) fn number(&mut self, what: &'static str) -> Result<u32> {
        let at = self.0.offset();
        self.integer(what)?.try_into().map_err(|_| refusal(at, "a number outside 0..2^32-1"))
    }

    /// A magnitude under an implicit tag, when it is there.
    pub(super) fn magnitude(&mut self, tag: u8) -> Result<Option<(usize, &'a [u8])>> {
        match self.0.optional(tag).map_err(refused)? {
            Some(tlv) => Ok(Some((tlv.offset, tlv.unsigned().map_err(refused)?))),
            None => Ok(None),
        }
    }

    /// What `read` makes of all the fields of a constructed element, when it is there.
    pub(super) fn within<T>(&mut self, tag: u8, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        let Some(tlv) = self.0.optional(tag).map_err(refused)? else { return Ok(None) };
        let mut inner = Self(tlv.inside());
        let value = read(&mut inner)?;
        inner.finish()?;
        Ok(Some(value))
    }

    pub(super) fn list<T>(
        &mut self,
        what: &'static str,
        mut each: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut inner = Self(self.0.expect(tag::SEQUENCE, what).map_err(refused)?.inside());
        let mut items = Vec::new();
        while !inner.0.is_empty() {
            items.push(each(&mut inner)?);
        }
        Ok(items)
    }

    /// As [`Fields::list`], each item greater than the one before: one order for each set.
    pub(super) fn ascending<T: Ord>(
        &mut self,
        what: &'static str,
        each: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let at = self.0.offset();
        let items = self.list(what, each)?;
        if items.is_sorted_by(|a, b| a < b) {
            Ok(items)
        } else {
            Err(refusal(at, "a list that is not in ascending order, or names one thing twice"))
        }
    }

    pub(super) fn fields(&mut self, what: &'static str) -> Result<Vec<(String, String)>> {
        self.pairs(what, |w| w.text("no value").map(str::to_owned))
    }

    pub(super) fn digests(&mut self, what: &'static str) -> Result<Vec<(String, Digest)>> {
        self.pairs(what, |w| w.digest("no digest"))
    }

    fn pairs<T>(
        &mut self,
        what: &'static str,
        mut value: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<(String, T)>> {
        let mut outer = Self(self.0.expect(tag::SEQUENCE, what).map_err(refused)?.inside());
        let mut pairs: Vec<(String, T)> = Vec::with_capacity(8);
        while !outer.0.is_empty() {
            let at = outer.0.offset();
            if pairs.len() == MAX_FIELDS {
                return Err(refusal(at, &format!("more than {MAX_FIELDS} fields")));
            }
            let mut pair = Self(outer.0.expect(tag::SEQUENCE, "no field").map_err(refused)?.inside());
            let name = pair.text("no name")?;
            // A name that stands twice would be read one way by one program and another way by the next.
            if pairs.iter().any(|(known, _)| known == name) {
                return Err(refusal(at, "a field that stands twice"));
            }
            let value = value(&mut pair)?;
            pair.finish()?;
            pairs.push((name.to_owned(), value));
        }
        Ok(pairs)
    }
}

fn text<'a>(tlv: &Tlv<'a>) -> Result<&'a str> {
    std::str::from_utf8(tlv.value).map_err(|_| refusal(tlv.offset, "a text that is not UTF-8"))
}

pub(super) fn refusal(offset: usize, what: &str) -> Error {
    Error::new(ErrorKind::Record).about(what).at(offset)
}

fn refused(fault: Fault) -> Error {
    refusal(fault.offset, fault.what)
}
