//! PEM (RFC 7468): the text form of DER.
//!
//! Writing is canonical. Reading forgives what mail, editors and other programs do to text: other line ends, a byte
//! order mark, blanks around lines, lines of another width, words before and between the blocks. It does not forgive
//! what could hide data: characters outside base64, wrong padding, bits after the end, a block that has no end.

use std::borrow::Cow;

use hufu_model::text::printable;

use crate::error::{Error, ErrorKind, Result};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The block with this label, in lines of 64 characters, ending in a line feed.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut out = String::with_capacity(der.len() / 3 * 4 + der.len() / 48 + 2 * label.len() + 40);
    out.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            push_group(&mut out, group);
        }
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// Base64 in one line (RFC 4648 §4), as some programs want it instead of PEM.
#[must_use]
pub fn base64(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len().div_ceil(3) * 4);
    octets.chunks(3).for_each(|group| push_group(&mut out, group));
    out
}

/// Reads base64 in one line, strictly.
///
/// # Errors
/// `x509.pem-form` for characters outside the alphabet, wrong padding and bits after the end.
pub fn read_base64(text: &[u8]) -> Result<Vec<u8>> {
    let mut decoder = Decoder::default();
    let read = decoder.line(text).and_then(|()| decoder.finish());
    read.map_err(|why| Error::new(ErrorKind::PemForm).about(why))
}

fn push_group(out: &mut String, group: &[u8]) {
    let octet = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
    let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
    for place in 0..4 {
        let six = usize::try_from(bits >> (18 - 6 * place) & 0x3f).unwrap_or(0);
        let used = place <= u32::try_from(group.len()).unwrap_or(0);
        out.push(if used { char::from(ALPHABET[six]) } else { '=' });
    }
}

/// The blocks of a file in order, each as its label and its content.
///
/// A block that is damaged or has no end is an `Err` item (`x509.pem-form`, with the offset of its first line); the
/// iteration goes on after it.
pub fn blocks(text: &[u8]) -> impl Iterator<Item = Result<(String, Vec<u8>)>> + '_ {
    Blocks { text, at: 0 }
}

struct Blocks<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Blocks<'a> {
    /// The next line without blanks and line end, and where it starts.
    fn line(&mut self) -> Option<(usize, &'a [u8])> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |i| i + 1);
        self.at += length;
        let line = rest.get(..length)?;
        Some((start, line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()))
    }

    fn body(&mut self, label: &str) -> std::result::Result<Vec<u8>, &'static str> {
        let mut decoder = Decoder::default();
        let mut damage = None;
        loop {
            let before = self.at;
            let Some((_, line)) = self.line() else { return Err("it has no end") };
            if boundary(line, b"-----BEGIN ").is_some() {
                self.at = before;
                return Err("it has no end");
            }
            if let Some(end) = boundary(line, b"-----END ") {
                return match damage {
                    None if end == label.as_bytes() => decoder.finish(),
                    None => Err("its last line names another label than its first"),
                    Some(damage) => Err(damage),
                };
            }
            // A damaged block is still read to its end, so that the blocks after it are found.
            damage = damage.or(decoder.line(line).err());
        }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<(String, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (start, line) = self.line()?;
            let Some(label) = boundary(line, b"-----BEGIN ") else { continue };
            let label = String::from_utf8_lossy(label).into_owned();
            let error = |why: &str| Error::new(ErrorKind::PemForm).about(format!("{label:?}: {why}")).at(start);
            return Some(match self.body(&label) {
                Ok(content) => Ok((label, content)),
                Err(why) => Err(error(why)),
            });
        }
    }
}

/// The beginning of a label, safe to print: it comes from outside.
pub(crate) fn shown(label: &str) -> String {
    printable(label).chars().take(40).collect()
}

/// The label of a boundary line.
fn boundary<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(prefix)?.strip_suffix(b"-----")
}

/// Strict base64 (RFC 4648 §4) that comes in lines.
#[derive(Default)]
struct Decoder {
    out: Vec<u8>,
    bits: u32,
    held: u32,
    padding: u32,
    digits: usize,
}

impl Decoder {
    fn line(&mut self, line: &[u8]) -> std::result::Result<(), &'static str> {
        if line.contains(&b':') {
            return Err("it has headers, as keys in OpenSSL's old encrypted form have; convert it with \
                        `openssl pkcs8 -topk8 -v2 sm4-cbc`");
        }
        line.iter().filter(|c| !c.is_ascii_whitespace()).try_for_each(|c| self.digit(*c))
    }

    fn digit(&mut self, c: u8) -> std::result::Result<(), &'static str> {
        self.digits += 1;
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                self.padding += 1;
                return Ok(());
            }
            _ => return Err("it holds a character that is not base64"),
        };
        if self.padding != 0 {
            return Err("it goes on after its padding");
        }
        self.bits = (self.bits << 6 | u32::from(value)) & 0xffff;
        self.held += 6;
        if self.held >= 8 {
            self.held -= 8;
            self.out.push((self.bits >> self.held & 0xff) as u8);
        }
        Ok(())
    }

    fn finish(self) -> std::result::Result<Vec<u8>, &'static str> {
        let whole = self.digits.is_multiple_of(4) && self.padding <= 2 && self.padding * 2 == self.held;
        if !whole {
            return Err("its base64 is cut off or wrongly padded");
        }
        if self.bits & ((1 << self.held) - 1) != 0 {
            return Err("its base64 holds bits after the end");
        }
        Ok(self.out)
    }
}

/// The one object of a file: raw DER as it is, or the content of the only PEM block that has one of `labels`.
///
/// Raw DER is not checked here; see [`crate::strict`].
///
/// # Errors
/// `x509.not-der` when the file is neither PEM nor a DER SEQUENCE; `x509.pem-label` when blocks have other labels (it
/// names them); `x509.pem-several` when more than one fits; `x509.pem-form` when a block is damaged.
pub fn one<'a>(bytes: &'a [u8], labels: &[&str]) -> Result<Cow<'a, [u8]>> {
    if is_der(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut found = None;
    let mut others = Vec::new();
    let mut damaged = None;
    for block in blocks(bytes) {
        match block {
            Ok((label, _)) if !labels.contains(&label.as_str()) => {
                // The first few are enough to see what file it is.
                if others.len() < 4 {
                    others.push(shown(&label));
                }
            }
            Ok(_) if found.is_some() => return Err(ErrorKind::PemSeveral.into()),
            Ok((_, content)) => found = Some(content),
            Err(error) => damaged = damaged.or(Some(error)),
        }
    }
    match (damaged, found) {
        (Some(error), _) => Err(error),
        (None, Some(content)) => Ok(Cow::Owned(content)),
        (None, None) if others.is_empty() => {
            Err(Error::new(ErrorKind::NotDer).about("neither a PEM block nor a DER SEQUENCE").at(0))
        }
        (None, None) => {
            let what = format!("it holds {}; wanted is {}", others.join(", "), labels.join(" or "));
            Err(Error::new(ErrorKind::PemLabel).about(what))
        }
    }
}

/// Whether it starts as a SEQUENCE does. A text may start with `0` (30) too, but its second octet is then neither one
/// of DER's long lengths (those octets start no UTF-8 character) nor exactly the number of octets that follow.
pub(crate) fn is_der(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x80..=0x84, ..] => true,
        [0x30, length, content @ ..] => usize::from(*length) == content.len(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<std::result::Result<String, &'static str>> {
        blocks(text.as_bytes()).map(|b| b.map(|(label, _)| label).map_err(|e| e.kind().code())).collect()
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (content, text) in
            [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            let pem = format!("-----BEGIN X-----\n{text}\n-----END X-----\n");
            assert_eq!(encode("X", content.as_bytes()), pem);
            assert_eq!(blocks(pem.as_bytes()).next(), Some(Ok(("X".to_owned(), content.as_bytes().to_vec()))));
        }
    }

    #[test]
    fn other_line_ends_blanks_and_words_between_blocks_are_read_over() {
        let text = "\u{feff}-----BEGIN A-----\r\nZm9v\r\nZg==\r\n-----END A-----\r\nsubject=x\n  -----BEGIN B C-----\n                     Zm 9v \n\n\t-----END B C-----";
        let found: Vec<_> = blocks(text.as_bytes()).map(std::result::Result::unwrap).collect();
        assert_eq!(found, [("A".to_owned(), b"foof".to_vec()), ("B C".to_owned(), b"foo".to_vec())]);
    }

    #[test]
    fn a_damaged_block_is_an_error_and_the_next_one_is_found() {
        let good = "-----BEGIN B-----\nZm9v\n-----END B-----\n";
        for body in ["Zm9v!", "Zm9", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Proc-Type: 4,ENCRYPTED"] {
            let text = format!("-----BEGIN A-----\n{body}\n-----END A-----\n{good}");
            assert_eq!(all(&text), [Err("x509.pem-form"), Ok("B".to_owned())], "{body}");
        }
        assert_eq!(all(&format!("-----BEGIN A-----\nZm9v\n{good}")), [Err("x509.pem-form"), Ok("B".to_owned())]);
        assert_eq!(
            all(&format!("-----BEGIN A-----\nZm9v\n-----END C-----\n{good}")),
            [Err("x509.pem-form"), Ok("B".to_owned())]
        );
        for cut in ["-----BEGIN A-----", "-----BEGIN A-----\nZm9v", "-----BEGIN A-----\nZm9v\n-----END A----"] {
            assert_eq!(all(cut), [Err("x509.pem-form")]);
        }
        assert_eq!(all("no block at all"), []);
    }

    #[test]
    fn one_takes_der_or_the_only_fitting_block() {
        let code = |bytes: &[u8]| one(bytes, &["A", "B"]).map(Cow::into_owned).map_err(|e| e.kind().code());
        let pem = |labels: &[&str]| labels.iter().map(|l| encode(l, b"foo")).collect::<String>();
        assert_eq!(code(&[0x30, 0x01, 0x00]).unwrap(), &[0x30, 0x01, 0x00][..]);
        assert_eq!(code(pem(&["B"]).as_bytes()).unwrap(), &b"foo"[..]);
        assert_eq!(code(pem(&["C", "A", "D"]).as_bytes()).unwrap(), &b"foo"[..]);
        assert_eq!(code(format!("0 words\n{}", pem(&["A"])).as_bytes()).unwrap(), &b"foo"[..]);
        assert_eq!(code(pem(&["A", "B"]).as_bytes()), Err("x509.pem-several"));
        assert_eq!(code(pem(&["C"]).as_bytes()), Err("x509.pem-label"));
        // A label comes from outside, and there may be thousands.
        let hostile = pem(&vec!["C\u{1b}[31m\u{202e}"; 1000]);
        let message = one(hostile.as_bytes(), &["A"]).unwrap_err().to_string();
        assert!(message.len() < 500 && !message.contains(['\u{1b}', '\u{202e}']), "{message}");
        assert_eq!(code(b"-----BEGIN A-----\nZ\n-----END A-----"), Err("x509.pem-form"));
        for nothing in [&b""[..], b"0", b"hello", &[0x31, 0x00]] {
            assert_eq!(code(nothing), Err("x509.not-der"));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encode("SOME LABEL", &content);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            let found: Vec<_> = blocks(text.as_bytes()).collect();
            prop_assert_eq!(found, vec![Ok(("SOME LABEL".to_owned(), content))]);
        }

        #[test]
        fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = one(&input, &["A"]);
            let text = [b"-----BEGIN A-----\n", &input[..], b"\n-----END A-----\n"].concat();
            let _ = one(&text, &["A"]);
        }
    }
}
