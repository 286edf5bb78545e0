//! The certificates of a file, one after the other, in bounded memory.
//!
//! What a file is, its content says: DER (certificates one behind the other, or a P7B), PEM blocks with any text between
//! them, or base64 without boundary lines. A file of PEM may be of any length; one member after the other is in memory.

use std::fmt;
use std::io::{self, BufRead, Read};

use super::ber;
use crate::bundle::Kind;
use crate::error::{Error, ErrorKind};
use crate::tlv::tag;
use crate::{oid, pem, strict};

/// The largest file or PEM block that is no single certificate, in octets: P7B, base64, certificates in DER.
pub const MAX_BINARY: usize = 64 << 20;
/// The longest line of a PEM file, in octets. Some programs write the whole of a certificate into one.
const MAX_LINE: u64 = 128 << 10;
/// The longest text of a certificate's block, in octets: base64 is longer by a third, and lines have ends.
const MAX_BLOCK: usize = strict::MAX_LENGTH * 3 / 2;
/// How much of a file without boundary lines is looked at as base64.
const MAX_BARE: usize = 4 << 20;

/// Why a file, or a member of it, gives no certificate.
#[derive(Debug)]
pub enum MemberFault {
    /// Reading failed; nothing more will come.
    Io(io::Error),
    /// The member is no certificate, or damaged. The next one may be good.
    Refused(Error),
}

impl fmt::Display for MemberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "the file cannot be read: {e}"),
            Self::Refused(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for MemberFault {}

impl From<io::Error> for MemberFault {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<Error> for MemberFault {
    fn from(e: Error) -> Self {
        Self::Refused(e)
    }
}

type Member = std::result::Result<Vec<u8>, MemberFault>;

/// The members of a file. Each is the DER of what stands where a certificate should: [`super::read_der`] reads it.
pub struct Members<R> {
    input: R,
    /// Members that were taken out of one block, or of the whole file.
    queue: std::vec::IntoIter<Member>,
    state: State,
    /// Certificates or damaged ones so far.
    found: bool,
    /// The label of a block that holds something else.
    other: Option<String>,
    /// The text of a file in which no boundary line was seen yet; none when there was one, or too much of it.
    bare: Option<Vec<u8>>,
    /// A line that was read and belongs to what follows.
    pending: Option<Vec<u8>>,
}

enum State {
    Start,
    Text,
    End,
}

impl<R: BufRead> Members<R> {
    /// The members of `input`.
    pub fn new(input: R) -> Self {
        Self {
            input,
            queue: Vec::new().into_iter(),
            state: State::Start,
            found: false,
            other: None,
            bare: Some(Vec::new()),
            pending: None,
        }
    }

    fn start(&mut self) -> io::Result<()> {
        // A text may begin with `0` (30) too, but no character of UTF-8 or GB18030 goes on with one of these octets alone.
        if matches!(self.input.fill_buf()?, [tag::SEQUENCE, 0x80..=0x88, ..]) {
            self.state = State::End;
            let mut whole = Vec::new();
            (&mut self.input).take(MAX_BINARY as u64 + 1).read_to_end(&mut whole)?;
            self.queue = binary(&whole).into_iter();
            self.found = true;
        } else {
            self.state = State::Text;
        }
        Ok(())
    }

    /// Reads a line into `line`; false at the end. A line that is too long comes in pieces.
    fn line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(pending) = self.pending.take() {
            *line = pending;
            return Ok(true);
        }
        line.clear();
        Ok((&mut self.input).take(MAX_LINE).read_until(b'\n', line)? > 0)
    }

    /// Reads on until there is something in the queue or the file ends.
    fn text(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        let mut block: Vec<u8> = Vec::new();
        loop {
            if !self.line(&mut line)? {
                self.state = State::End;
                self.end(&block);
                return Ok(());
            }
            let trimmed = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
            if trimmed.starts_with(b"-----BEGIN ") {
                self.bare = None;
                if !block.is_empty() {
                    // The block before it has no end: one fault, and this one begins.
                    self.put(vec![Err(damaged("a PEM block has no end").into())]);
                    self.pending = Some(line);
                    return Ok(());
                }
                block.extend_from_slice(trimmed);
                block.push(b'\n');
            } else if block.is_empty() {
                if let Some(bare) = &mut self.bare {
                    bare.extend_from_slice(trimmed);
                    if bare.len() > MAX_BARE {
                        self.bare = None;
                    }
                }
            } else {
                block.extend_from_slice(trimmed);
                block.push(b'\n');
                if trimmed.starts_with(b"-----END ") {
                    self.block(&block);
                    block.clear();
                    if self.queue.len() > 0 {
                        return Ok(());
                    }
                } else if block.len() > limit(&block) {
                    self.skip()?;
                    self.put(vec![Err(Error::new(ErrorKind::TooLarge).about("a PEM block").into())]);
                    return Ok(());
                }
            }
        }
    }

    /// Reads past the end of a block that is too long.
    fn skip(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        while self.line(&mut line)? {
            if line.trim_ascii().starts_with(b"-----END ") {
                break;
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &[u8]) {
        match pem::blocks(block).next() {
            Some(Ok((label, der))) => match label.as_str() {
                "CERTIFICATE" | "X509 CERTIFICATE" => self.put(vec![Ok(der)]),
                // OpenSSL's own form: the certificate, and what is trusted of it behind.
                "TRUSTED CERTIFICATE" => {
                    let first = ber::element(&der).map(|(first, _)| Ok(first.whole.to_vec()));
                    self.put(vec![first.unwrap_or_else(|| Err(damaged("it is no DER").into()))]);
                }
                "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => self.put(binary(&der)),
                _ => self.other = self.other.take().or(Some(label)),
            },
            Some(Err(e)) => self.put(vec![Err(e.into())]),
            None => {}
        }
    }

    fn end(&mut self, block: &[u8]) {
        if !block.is_empty() {
            self.put(vec![Err(damaged("a PEM block has no end").into())]);
        } else if !self.found {
            let bare = self.bare.take().unwrap_or_default();
            let der = pem::read_base64(&bare).ok().filter(|der| pem::is_der(der));
            let members = match (&self.other, der) {
                (_, Some(der)) => binary(&der),
                (Some(label), None) => {
                    let what = format!("it holds {}, and no certificate", pem::shown(label));
                    vec![Err(Error::new(ErrorKind::PemLabel).about(what).into())]
                }
                (None, None) => vec![Err(not_der("neither PEM, DER nor base64 of a certificate"))],
            };
            self.put(members);
        }
    }

    fn put(&mut self, members: Vec<Member>) {
        self.found = true;
        self.queue = members.into_iter();
    }
}

impl<R: BufRead> Iterator for Members<R> {
    type Item = Member;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(member) = self.queue.next() {
                return Some(member);
            }
            let read = match self.state {
                State::Start => self.start(),
                State::Text => self.text(),
                State::End => return None,
            };
            if let Err(e) = read {
                self.state = State::End;
                return Some(Err(e.into()));
            }
        }
    }
}

/// The certificate in a cell of a table: base64 in one line or several, or a PEM block.
///
/// # Errors
/// [`ErrorKind::NotDer`], [`ErrorKind::PemForm`], [`ErrorKind::PemLabel`]: it is none, or more than one.
pub fn from_text(text: &str) -> crate::error::Result<Vec<u8>> {
    let mut members = Members::new(text.trim().as_bytes());
    let first = members.next().unwrap_or_else(|| Err(not_der("nothing is there")));
    match (first, members.next()) {
        (Ok(der), None) => Ok(der),
        (Ok(_), Some(_)) => Err(Error::new(ErrorKind::PemSeveral)),
        (Err(MemberFault::Refused(e)), _) => Err(e),
        (Err(MemberFault::Io(e)), _) => Err(Error::new(ErrorKind::NotDer).about(e.to_string())),
    }
}

/// How long a block with this first line may grow.
fn limit(block: &[u8]) -> usize {
    let certificate = block.starts_with(b"-----BEGIN CERTIFICATE") || block.starts_with(b"-----BEGIN X509");
    if certificate { MAX_BLOCK } else { MAX_BINARY / 2 * 3 }
}

/// Certificates of a file in DER: a P7B, or one certificate or more, one behind the other.
fn binary(whole: &[u8]) -> Vec<Member> {
    if whole.len() > MAX_BINARY {
        let what = format!("a file that is not PEM, at most {MAX_BINARY} octets");
        return vec![Err(Error::new(ErrorKind::TooLarge).about(what).into())];
    }
    let mut found = Vec::new();
    let mut rest = whole;
    while let Some((element, after)) = ber::element(rest) {
        rest = after;
        if element.tag == tag::SEQUENCE {
            member(&element, &mut found);
        } else {
            found.push(Err(not_der("something else stands where a certificate should")));
        }
        // What fills a file up to the end of a sector is nothing.
        rest = rest.trim_ascii();
        if rest.iter().all(|b| *b == 0) {
            return found;
        }
    }
    let what = if found.is_empty() { "it is cut off, or no DER" } else { "octets are left over behind a certificate" };
    found.push(Err(not_der(what)));
    found
}

fn member(element: &ber::Element<'_>, found: &mut Vec<Member>) {
    let first = ber::element(element.content).map(|(first, _)| first);
    if first.is_some_and(|f| f.tag == tag::OID) {
        found.extend(signed_data(element));
        return;
    }
    found.push(match Kind::of(element.whole) {
        None | Some(Kind::Certificate) => Ok(element.whole.to_vec()),
        Some(other) => Err(not_der(&format!("it holds a {other}, and no certificate"))),
    });
}

/// The certificates of a SignedData of GM/T 0010 or PKCS#7, whatever the form of its lengths.
fn signed_data(info: &ber::Element<'_>) -> Vec<Member> {
    let mut fields = ber::elements(info.content);
    let known = fields.next().is_some_and(|kind| {
        [oid::GM_SIGNED_DATA, oid::PKCS7_SIGNED_DATA].iter().any(|known| known.as_bytes() == kind.content)
    });
    let signed = fields.next().filter(|f| known && f.tag == tag::constructed(0));
    let signed = signed.and_then(|f| ber::element(f.content)).map(|(signed, _)| signed);
    let set = signed.and_then(|s| ber::elements(s.content).find(|f| f.tag == tag::constructed(0)));
    let Some(set) = set else { return vec![Err(not_der("a PKCS#7 message without certificates"))] };
    let mut rest = set.content;
    let mut found = Vec::new();
    while let Some((one, after)) = ber::element(rest) {
        rest = after;
        // Attribute certificates and those of PKCS#6 have other tags: they are none of X.509.
        if one.tag == tag::SEQUENCE {
            found.push(Ok(one.whole.to_vec()));
        }
    }
    if !rest.is_empty() || found.is_empty() {
        found.push(Err(not_der("a PKCS#7 message whose certificates are damaged or missing")));
    }
    found
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::PemForm).about(what)
}

fn not_der(what: &str) -> MemberFault {
    Error::new(ErrorKind::NotDer).about(what).into()
}
