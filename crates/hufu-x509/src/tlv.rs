//! The few pieces of DER that every structure here is read and written with: one element at a time, nothing copied.
//!
//! Reading is strict (definite and minimal lengths, one-octet tags) whether or not the input went through
//! [`crate::strict`] before; offsets count from the start of the whole input, so that an error can point at its octet.

use crate::error::{Error, ErrorKind};

/// Tags in use (ITU-T X.690 §8.1.2), as they stand in the first octet.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8: u8 = 0x0c;
    pub(crate) const NUMERIC: u8 = 0x12;
    pub(crate) const PRINTABLE: u8 = 0x13;
    pub(crate) const TELETEX: u8 = 0x14;
    pub(crate) const IA5: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE: u8 = 0x1a;
    pub(crate) const UNIVERSAL: u8 = 0x1c;
    pub(crate) const BMP: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[n]`, primitive.
    pub(crate) const fn context(n: u8) -> u8 {
        0x80 | n
    }

    /// `[n]`, constructed.
    pub(crate) const fn constructed(n: u8) -> u8 {
        0xa0 | n
    }
}

/// Why a structure cannot be read, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Octets from the start of the input.
    pub(crate) offset: usize,
    /// What is wrong, as the end of a sentence.
    pub(crate) what: &'static str,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::new(ErrorKind::NotDer).about(fault.what).at(fault.offset)
    }
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    /// Tag, length and value.
    pub(crate) whole: &'a [u8],
    /// Where the tag stands.
    pub(crate) offset: usize,
}

impl<'a> Tlv<'a> {
    /// Reads the elements inside this one.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader { rest: self.value, offset: self.offset + self.whole.len() - self.value.len() }
    }

    pub(crate) fn fault(&self, what: &'static str) -> Fault {
        Fault { offset: self.offset, what }
    }

    /// The magnitude of an INTEGER that must be minimal and not negative; zero is the single octet 0.
    pub(crate) fn unsigned(&self) -> Result<&'a [u8], Fault> {
        match self.value {
            [] => Err(self.fault("an INTEGER without content")),
            [0x80..=0xff, ..] => Err(self.fault("a negative INTEGER")),
            [0, next, ..] if *next < 0x80 => Err(self.fault("an INTEGER with a superfluous leading octet")),
            [0, rest @ ..] if !rest.is_empty() => Ok(rest),
            value => Ok(value),
        }
    }

    /// A BOOLEAN in DER: 00 or FF.
    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        match self.value {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(self.fault("a BOOLEAN that is neither 00 nor FF")),
        }
    }

    /// The content of a BIT STRING of whole octets.
    pub(crate) fn octet_bits(&self) -> Result<&'a [u8], Fault> {
        match self.value {
            [0, bits @ ..] => Ok(bits),
            _ => Err(self.fault("a BIT STRING that is not made of whole octets")),
        }
    }
}

/// Reads elements one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input, offset: 0 }
    }

    /// A reader of a part of an input that begins at `offset` of the whole.
    pub(crate) fn at(input: &'a [u8], offset: usize) -> Self {
        Self { rest: input, offset }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn fault<T>(&self, what: &'static str) -> Result<T, Fault> {
        Err(Fault { offset: self.offset, what })
    }

    /// The next element, of any tag.
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>, Fault> {
        let (&[tag, first], body) = match self.rest.split_first_chunk::<2>() {
            Some(split) => split,
            None => return self.fault("the input ends inside an element"),
        };
        if tag & 0x1f == 0x1f {
            return self.fault("a tag of more than one octet");
        }
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x84 => {
                let octets = usize::from(first & 0x7f);
                let Some(length) = body.get(..octets) else { return self.fault("the input ends inside a length") };
                let value = length.iter().fold(0, |n, b| (n << 8) | usize::from(*b));
                if value < 0x80 || length.first() == Some(&0) {
                    return self.fault("a length that is not minimal");
                }
                (value, 2 + octets)
            }
            0x80 => return self.fault("an indefinite length, which DER does not allow"),
            _ => return self.fault("a length beyond all bounds"),
        };
        let end = length.checked_add(header);
        let Some((whole, rest)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return self.fault("the input ends inside an element");
        };
        let value = whole.get(header..).unwrap_or_default();
        let tlv = Tlv { tag, value, whole, offset: self.offset };
        self.rest = rest;
        self.offset += whole.len();
        Ok(tlv)
    }

    /// The next element, which must have `tag`; `what` says which one is missing otherwise.
    pub(crate) fn expect(&mut self, tag: u8, what: &'static str) -> Result<Tlv<'a>, Fault> {
        if self.peek() == Some(tag) { self.any() } else { self.fault(what) }
    }

    /// The next element if it has `tag`.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, Fault> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self, what: &'static str) -> Result<(), Fault> {
        if self.is_empty() { Ok(()) } else { self.fault(what) }
    }
}

/// Appends one element with `content`.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    put_length(out, content.len());
    out.extend_from_slice(content);
}

/// Appends one element whose content `fill` appends.
pub(crate) fn nest(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    fill(out);
    let mut length = Vec::with_capacity(4);
    put_length(&mut length, out.len() - start);
    out.splice(start..start, length);
}

/// One element on its own.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    put(&mut out, tag, content);
    out
}

/// Appends a positive INTEGER from its magnitude.
pub(crate) fn put_unsigned(out: &mut Vec<u8>, magnitude: &[u8]) {
    let start = magnitude.iter().position(|b| *b != 0).unwrap_or(magnitude.len());
    let significant = magnitude.get(start..).unwrap_or_default();
    match significant.first() {
        None => put(out, tag::INTEGER, &[0]),
        Some(0x80..) => nest(out, tag::INTEGER, |out| {
            out.push(0);
            out.extend_from_slice(significant);
        }),
        Some(_) => put(out, tag::INTEGER, significant),
    }
}

/// Appends a definite, minimal length.
pub(crate) fn put_length(out: &mut Vec<u8>, length: usize) {
    let octets = length.to_be_bytes();
    let skip = octets.iter().take_while(|b| **b == 0).count();
    match octets.get(skip..) {
        None | Some([]) => out.push(0),
        Some([short]) if *short < 0x80 => out.push(*short),
        Some(long) => {
            // At most eight octets: the count fits.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend_from_slice(long);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![0x5a; length];
            let der = element(tag::OCTET_STRING, &content);
            let mut nested = Vec::new();
            nest(&mut nested, tag::OCTET_STRING, |out| out.extend_from_slice(&content));
            assert_eq!(der, nested);
            let mut reader = Reader::new(&der);
            let tlv = reader.any().unwrap();
            assert_eq!((tlv.tag, tlv.value, tlv.whole), (tag::OCTET_STRING, &content[..], &der[..]));
            assert!(reader.finish("").is_ok());
        }
    }

    #[test]
    fn lengths_are_definite_and_minimal() {
        for (bad, what) in [
            (&[0x30_u8][..], "the input ends inside an element"),
            (&[0x30, 0x80, 0, 0], "an indefinite length, which DER does not allow"),
            (&[0x04, 0x81, 0x01, 0], "a length that is not minimal"),
            (&[0x04, 0x82, 0x00, 0x80], "a length that is not minimal"),
            (&[0x04, 0x84, 1, 1, 1, 1], "the input ends inside an element"),
            (&[0x04, 0x85, 1, 1, 1, 1, 1], "a length beyond all bounds"),
            (&[0x04, 0x82, 0x01], "the input ends inside a length"),
            (&[0x04, 0x02, 0x01], "the input ends inside an element"),
            (&[0x1f, 0x81, 0x01, 0], "a tag of more than one octet"),
        ] {
            assert_eq!(Reader::new(bad).any().unwrap_err(), Fault { offset: 0, what });
        }
    }

    #[test]
    fn integers_are_minimal_and_not_negative() {
        for (value, expected) in
            [(&[0_u8][..], Some(&[0_u8][..])), (&[0, 0x80], Some(&[0x80])), (&[1, 2], Some(&[1, 2]))]
        {
            let der = element(tag::INTEGER, value);
            assert_eq!(Reader::new(&der).any().unwrap().unsigned().ok(), expected);
            let mut again = Vec::new();
            put_unsigned(&mut again, expected.unwrap());
            assert_eq!(again, der);
        }
        for bad in [&[][..], &[0x80], &[0, 1], &[0, 0x7f], &[0xff, 0xff]] {
            let der = element(tag::INTEGER, bad);
            assert!(Reader::new(&der).any().unwrap().unsigned().is_err());
        }
    }

    #[test]
    fn offsets_point_into_the_whole_input() {
        let der = [0x30, 0x06, 0x30, 0x04, 0x02, 0x01, 0x05, 0x05];
        let outer = Reader::new(&der).any().unwrap();
        let inner = outer.inside().any().unwrap();
        assert_eq!(inner.offset, 2);
        let mut deepest = inner.inside();
        deepest.any().unwrap();
        assert_eq!(deepest.any().unwrap_err().offset, 7);
    }
}
