//! The gate before every parser: strict DER (X.690 §8 and §10), bounded in size and depth.
//!
//! The parsers behind it differ in what they forgive, and an authority that signs must read what every other reader
//! reads. So the octets are checked once here, whole, before anything gives them a meaning: definite and minimal
//! lengths, minimal tags and INTEGERs, DER's two BOOLEANs, zero padding bits, primitive strings, no octet after the
//! end. What is inside an OCTET STRING or BIT STRING is content and is not looked into.

use crate::error::{Error, ErrorKind, Result};

/// The longest request, certificate or record that is read: 64 KiB.
pub const MAX_LENGTH: usize = 64 * 1024;

/// The deepest nesting that is read: 16 levels, the outermost counted.
pub const MAX_DEPTH: usize = 16;

/// Checks that `der` is one DER value from the first octet to the last.
///
/// # Errors
/// `x509.too-large`, `x509.too-deep`, and `x509.not-der` with the offset of the value that breaks a rule.
pub fn check(der: &[u8]) -> Result<()> {
    check_up_to(der, MAX_LENGTH)
}

/// [`check`] with another bound on the length, in octets.
///
/// # Errors
/// As [`check`].
pub fn check_up_to(der: &[u8], max_length: usize) -> Result<()> {
    if der.len() > max_length {
        return Err(Error::new(ErrorKind::TooLarge).about(format!("{} octets, at most {max_length}", der.len())));
    }
    let end = value(der, 0, 1)?;
    if end == der.len() { Ok(()) } else { Err(broken("octets after the end", end)) }
}

fn broken(rule: &'static str, offset: usize) -> Error {
    Error::new(ErrorKind::NotDer).about(rule).at(offset)
}

/// Checks the value that starts at `at` and everything inside it; `der` ends where the enclosing value ends. Returns
/// where the value ends.
fn value(der: &[u8], at: usize, depth: usize) -> Result<usize> {
    if depth > MAX_DEPTH {
        return Err(Error::new(ErrorKind::TooDeep).about(format!("more than {MAX_DEPTH} levels")).at(at));
    }
    let header = Header::read(der, at)?;
    let inside = der.get(..header.end).ok_or_else(|| broken("the value is cut off", at))?;
    if header.constructed {
        let mut next = header.start;
        while next < header.end {
            next = value(inside, next, depth + 1)?;
        }
    }
    if let Some(number) = header.universal {
        let content = inside.get(header.start..).unwrap_or_default();
        universal(number, header.constructed, content).map_err(|rule| broken(rule, at))?;
    }
    Ok(header.end)
}

/// Identifier and length octets of one value.
struct Header {
    /// The tag number, when the class is universal.
    universal: Option<u32>,
    constructed: bool,
    /// Where the content starts.
    start: usize,
    /// Where the content ends; within the octets it was read from.
    end: usize,
}

impl Header {
    fn read(der: &[u8], at: usize) -> Result<Self> {
        let mut rest = der.get(at..).unwrap_or_default().iter().copied();
        let mut next = || rest.next().ok_or_else(|| broken("the value is cut off", at));
        let mut used = 0;
        let mut octet = || {
            used += 1;
            next()
        };
        let first = octet()?;
        let mut number = u32::from(first & 0x1f);
        if number == 0x1f {
            number = high_tag(&mut octet, at)?;
        }
        let length = length(&mut octet, at)?;
        let start = at + used;
        let end = start.checked_add(length).filter(|end| *end <= der.len());
        let end = end.ok_or_else(|| broken("the value is longer than what holds it", at))?;
        let universal = (first & 0xc0 == 0).then_some(number);
        Ok(Self { universal, constructed: first & 0x20 != 0, start, end })
    }
}

/// A tag number of 31 or more (X.690 §8.1.2.4), at most three octets of seven bits.
fn high_tag(octet: &mut impl FnMut() -> Result<u8>, at: usize) -> Result<u32> {
    let mut number = 0;
    for place in 0..3 {
        let next = octet()?;
        if place == 0 && next == 0x80 {
            return Err(broken("the tag is not minimal", at));
        }
        number = number << 7 | u32::from(next & 0x7f);
        if next & 0x80 == 0 {
            return if number < 31 { Err(broken("the tag is not minimal", at)) } else { Ok(number) };
        }
    }
    Err(broken("the tag number is too large", at))
}

/// A definite, minimal length (X.690 §10.1).
fn length(octet: &mut impl FnMut() -> Result<u8>, at: usize) -> Result<usize> {
    let first = octet()?;
    let count = match first {
        0..0x80 => return Ok(usize::from(first)),
        0x80 => return Err(broken("the length is indefinite", at)),
        0x81..=0x84 => first & 0x7f,
        _ => return Err(broken("the length is too large", at)),
    };
    let mut length = 0u32;
    for _ in 0..count {
        length = length << 8 | u32::from(octet()?);
    }
    let minimal = length >= 0x80 && length >> (8 * (u32::from(count) - 1)) != 0;
    if !minimal {
        return Err(broken("the length is not minimal", at));
    }
    usize::try_from(length).map_err(|_| broken("the length is too large", at))
}

/// The rules of the universal types; the error is the rule that is broken.
fn universal(number: u32, constructed: bool, content: &[u8]) -> std::result::Result<(), &'static str> {
    match (number, constructed) {
        (0, _) => Err("end-of-contents octets"),
        // EXTERNAL, EMBEDDED PDV, SEQUENCE, SET and CHARACTER STRING are the constructed ones.
        (8 | 11 | 16 | 17 | 29, true) => Ok(()),
        (8 | 11 | 16 | 17 | 29, false) => Err("a SEQUENCE or SET is not marked as constructed"),
        (_, true) => Err("a string or number is in constructed form"),
        (1, false) if !matches!(content, [0x00 | 0xff]) => Err("a BOOLEAN is neither 00 nor FF"),
        (2 | 10, false) if !is_minimal_integer(content) => Err("an INTEGER is empty or not minimal"),
        (3, false) if !is_bit_string(content) => Err("a BIT STRING has wrong padding bits"),
        (5, false) if !content.is_empty() => Err("a NULL has content"),
        (6, false) if !is_object_identifier(content) => Err("an OBJECT IDENTIFIER is malformed"),
        _ => Ok(()),
    }
}

fn is_minimal_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0x00, second, ..] => second & 0x80 != 0,
        [0xff, second, ..] => second & 0x80 == 0,
        _ => true,
    }
}

fn is_bit_string(content: &[u8]) -> bool {
    match content {
        [unused, .., last] => *unused < 8 && last.trailing_zeros() >= u32::from(*unused),
        [unused] => *unused == 0,
        [] => false,
    }
}

/// Each arc ends, and none starts with a zero group.
fn is_object_identifier(content: &[u8]) -> bool {
    let ends = content.last().is_some_and(|last| last & 0x80 == 0);
    let mut starts = true;
    ends && content.iter().all(|octet| {
        let padded = starts && *octet == 0x80;
        starts = octet & 0x80 == 0;
        !padded
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]
    use proptest::prelude::*;

    use super::*;

    fn refused(der: &[u8]) -> (&'static str, Option<usize>) {
        let error = check(der).unwrap_err();
        (error.kind().code(), error.offset())
    }

    #[test]
    fn well_formed_values_pass() {
        for good in [
            &[0x30, 0x00][..],
            &[0x02, 0x01, 0x00],
            &[0x02, 0x02, 0x00, 0x80],
            &[0x02, 0x01, 0xff],
            &[0x30, 0x06, 0x01, 0x01, 0xff, 0x03, 0x01, 0x00],
            &[0x03, 0x02, 0x06, 0xc0],
            &[0x06, 0x03, 0x2a, 0x81, 0x1c],
            &[0xa0, 0x02, 0x05, 0x00],
            &[0x9f, 0x1f, 0x00],
        ] {
            check(good).unwrap();
        }
    }

    #[test]
    fn every_rule_has_its_refusal() {
        for (bad, offset) in [
            (&[][..], 0),
            (&[0x30], 0),
            (&[0x30, 0x01], 0),
            (&[0x30, 0x00, 0x00], 2),
            (&[0x30, 0x80, 0x00, 0x00], 0),
            (&[0x30, 0x81, 0x00], 0),
            (&[0x04, 0x81, 0x01, 0x00], 0),
            (&[0x04, 0x82, 0x00, 0x80], 0),
            (&[0x04, 0x85, 0, 0, 0, 0, 1, 0], 0),
            (&[0x30, 0x03, 0x02, 0x02, 0x01], 2),
            (&[0x30, 0x02, 0x02, 0x00], 2),
            (&[0x02, 0x02, 0x00, 0x7f], 0),
            (&[0x02, 0x02, 0xff, 0x80], 0),
            (&[0x01, 0x01, 0x01], 0),
            (&[0x01, 0x02, 0xff, 0xff], 0),
            (&[0x03, 0x00], 0),
            (&[0x03, 0x01, 0x01], 0),
            (&[0x03, 0x02, 0x06, 0xc1], 0),
            (&[0x03, 0x02, 0x08, 0x00], 0),
            (&[0x05, 0x01, 0x00], 0),
            (&[0x06, 0x00], 0),
            (&[0x06, 0x01, 0x80], 0),
            (&[0x06, 0x03, 0x2a, 0x80, 0x01], 0),
            (&[0x24, 0x02, 0x04, 0x00], 0),
            (&[0x10, 0x00], 0),
            (&[0x30, 0x02, 0x00, 0x00], 2),
            (&[0x9f, 0x1e, 0x00], 0),
            (&[0x9f, 0x80, 0x1f, 0x00], 0),
            (&[0x9f, 0xff, 0xff, 0xff, 0x7f, 0x00], 0),
        ] {
            assert_eq!(refused(bad), ("x509.not-der", Some(offset)), "{bad:02x?}");
        }
    }

    fn nested(levels: u8) -> Vec<u8> {
        (0..levels).rev().flat_map(|inside| [0x30, 2 * inside]).collect()
    }

    #[test]
    fn sixteen_levels_pass_and_seventeen_do_not() {
        check(&nested(16)).unwrap();
        assert_eq!(refused(&nested(17)), ("x509.too-deep", Some(32)));
        assert_eq!(refused(&nested(60)).0, "x509.too-deep");
    }

    #[test]
    fn sixty_four_kibibytes_pass_and_one_octet_more_does_not() {
        let octets = |content: usize| {
            let mut der = vec![0x04, 0x83];
            der.extend_from_slice(&u32::try_from(content).unwrap().to_be_bytes()[1..]);
            der.resize(5 + content, 0);
            der
        };
        assert_eq!(refused(&octets(MAX_LENGTH - 5)), ("x509.not-der", Some(0)), "the length is not minimal");
        let mut der = vec![0x04, 0x82, 0xff, 0xfc];
        der.resize(MAX_LENGTH, 0);
        check(&der).unwrap();
        assert_eq!(refused(&octets(MAX_LENGTH)).0, "x509.too-large");
        check_up_to(&octets(MAX_LENGTH), MAX_LENGTH + 5).unwrap();
    }

    /// Certificates and requests of other programs are not refused for their form; lists of revoked certificates are
    /// among them. Read only where the folder with them is present.
    #[test]
    fn objects_of_other_programs_pass() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
        let Ok(files) = std::fs::read_dir(&folder) else {
            eprintln!("SKIPPED: objects of other programs, {} is not there", folder.display());
            return;
        };
        let mut read = 0usize;
        for file in files.map(|file| file.unwrap().path()) {
            for block in crate::pem::blocks(&std::fs::read(&file).unwrap()) {
                let (label, der) = block.unwrap();
                if matches!(label.as_str(), "CERTIFICATE" | "CERTIFICATE REQUEST" | "X509 CRL") {
                    assert_eq!(check(&der), Ok(()), "{}", file.display());
                    read += 1;
                }
            }
        }
        assert!(read >= 20, "{read}");
    }

    proptest! {
        #[test]
        fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&input);
        }

        #[test]
        fn no_prefix_and_no_longer_form_passes(content in proptest::collection::vec(any::<u8>(), 0..100), more: u8) {
            let mut der = vec![0x30, u8::try_from(content.len()).unwrap() + 2, 0x04, u8::try_from(content.len()).unwrap()];
            der.extend_from_slice(&content);
            check(&der).unwrap();
            for cut in 0..der.len() {
                prop_assert!(check(&der[..cut]).is_err());
            }
            der.push(more);
            prop_assert!(check(&der).is_err());
        }
    }
}
