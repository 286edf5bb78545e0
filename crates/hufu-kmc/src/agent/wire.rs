//! Octets of the agent's protocol. Both ends read what may be anything.

use std::io::{self, Read, Write};

use hufu_model::ident::{Digest, EscrowId};
use hufu_model::time::Instant;
use hufu_x509::key::PublicKey;
use zeroize::Zeroizing;

use crate::custody::WrappedKey;
use crate::error::{Error, ErrorKind, Result};

const VERSION: u8 = 1;

/// The longest frame.
pub(super) const LONGEST: usize = 65_536;

/// The most keys in one request.
pub(super) const MOST_GENERATED: usize = 256;
pub(super) const MOST_ENVELOPES: usize = 32;

/// The longest code in a refusal.
const LONGEST_CODE: usize = 64;

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The name of the wrapping key.
    pub kek: String,
    /// The value that only it computes.
    pub check: Digest,
    /// How many seconds are left until the agent ends when nobody uses it.
    pub idle_left: u32,
    /// Whether its keys' memory is locked.
    pub memory_locked: bool,
}

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Status,
    Generate { now: Instant, count: usize },
    Envelope(Vec<(WrappedKey, PublicKey)>),
    Mac(String),
    Secret(String),
    Lock,
}

pub(super) fn bad(what: &str) -> Error {
    ErrorKind::Agent { what: what.to_owned() }.into()
}

pub(super) fn io_error(e: io::Error) -> Error {
    bad(&format!("its socket: {e}"))
}

/// Writes a frame.
pub(super) fn send(stream: &mut impl Write, content: &[u8]) -> Result<()> {
    let length = u32::try_from(content.len()).ok().filter(|_| content.len() <= LONGEST);
    let length = length.ok_or_else(|| bad("a message is too long"))?;
    let frame = Zeroizing::new([&length.to_be_bytes()[..], content].concat());
    stream.write_all(&frame).map_err(io_error)
}

/// Reads a frame; `None` when the other end closed the connection between two frames.
pub(super) fn receive(stream: &mut impl Read) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    let mut have = 0;
    while have < length.len() {
        match stream.read(&mut length[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(bad("a message ends in its length")),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(io_error(e)),
        }
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(bad("a message is too long"));
    }
    let mut content = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut content).map_err(io_error)?;
    Ok(Some(content))
}

impl Request {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![VERSION]);
        match self {
            Self::Status => out.push(1),
            Self::Generate { now, count } => {
                out.push(2);
                out.extend(now.unix_millis().to_be_bytes());
                out.extend(length(*count));
            }
            Self::Envelope(keys) => {
                out.push(3);
                out.extend(length(keys.len()));
                for (key, to) in keys {
                    out.extend(key.id.0);
                    out.extend(key.public.point());
                    put(&mut out, &key.sealed);
                    out.extend(to.point());
                }
            }
            Self::Mac(text) => {
                out.push(4);
                put(&mut out, text.as_bytes());
            }
            Self::Secret(name) => {
                out.push(5);
                put(&mut out, name.as_bytes());
            }
            Self::Lock => out.push(6),
        }
        out
    }

    pub(super) fn decode(octets: &[u8]) -> Result<Self> {
        let mut input = Input::of(octets)?;
        let request = match input.array()? {
            [1] => Self::Status,
            [2] => {
                let now = Instant::from_unix_millis(i64::from_be_bytes(input.array()?));
                Self::Generate { now, count: input.count(MOST_GENERATED)? }
            }
            [3] => {
                let count = input.count(MOST_ENVELOPES)?;
                let keys = (0..count).map(|_| Ok((input.key()?, input.point()?)));
                Self::Envelope(keys.collect::<Result<_>>()?)
            }
            [4] => Self::Mac(input.text()?),
            [5] => Self::Secret(input.text()?),
            [6] => Self::Lock,
            [_] => return Err(bad("there is no such verb")),
        };
        input.end()?;
        Ok(request)
    }
}

/// What an agent answers: fields to be written one after the other.
pub(super) struct Answer(Zeroizing<Vec<u8>>);

impl Answer {
    pub(super) fn done() -> Self {
        Self(Zeroizing::new(vec![VERSION, 0]))
    }

    pub(super) fn refused(code: &str) -> Self {
        let mut out = vec![VERSION, 1];
        put(&mut out, code.as_bytes());
        Self(Zeroizing::new(out))
    }

    pub(super) fn of_status(status: &Status) -> Self {
        let mut answer = Self::done();
        put(&mut answer.0, status.kek.as_bytes());
        answer.0.extend(status.check.0);
        answer.0.extend(status.idle_left.to_be_bytes());
        answer.0.push(status.memory_locked.into());
        answer
    }

    pub(super) fn of_keys(keys: &[WrappedKey]) -> Self {
        let mut answer = Self::done();
        for key in keys {
            answer.0.extend(key.id.0);
            answer.0.extend(key.public.point());
            put(&mut answer.0, &key.sealed);
        }
        answer
    }

    pub(super) fn of_octets<T: AsRef<[u8]>>(all: &[T]) -> Self {
        let mut answer = Self::done();
        all.iter().for_each(|octets| put(&mut answer.0, octets.as_ref()));
        answer
    }

    pub(super) fn of_digest(digest: &Digest) -> Self {
        let mut answer = Self::done();
        answer.0.extend(digest.0);
        answer
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// The fields behind an answer that is not a refusal.
pub(super) fn answer(octets: &[u8]) -> Result<Input<'_>> {
    let mut input = Input::of(octets)?;
    match input.array()? {
        [0] => Ok(input),
        [1] => {
            let code = input.text()?;
            input.end()?;
            let plain = code.len() <= LONGEST_CODE && code.bytes().all(|b| b.is_ascii_graphic());
            Err(if plain { ErrorKind::AgentRefused { code }.into() } else { bad("its answer is not of its protocol") })
        }
        [_] => Err(bad("its answer is not of its protocol")),
    }
}

fn length(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes()
}

/// Longer than a frame is refused when it is sent.
fn put(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend(length(octets.len()));
    out.extend_from_slice(octets);
}

/// Octets still to be read.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn of(octets: &'a [u8]) -> Result<Self> {
        match octets.split_first() {
            Some((&VERSION, rest)) => Ok(Self(rest)),
            _ => Err(bad("a message is not of its protocol")),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk().ok_or_else(|| bad("a message is cut off"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn octets(&mut self) -> Result<&'a [u8]> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(|| bad("a message is cut off"))?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let octets = self.octets()?;
        std::str::from_utf8(octets).map(ToOwned::to_owned).map_err(|_| bad("a text is not UTF-8"))
    }

    pub(super) fn digest(&mut self) -> Result<Digest> {
        self.array().map(Digest)
    }

    fn count(&mut self, most: usize) -> Result<usize> {
        let count = usize::from(u16::from_be_bytes(self.array()?));
        if (1..=most).contains(&count) { Ok(count) } else { Err(bad("too many keys at once, or none")) }
    }

    fn point(&mut self) -> Result<PublicKey> {
        let point: [u8; 65] = self.array()?;
        Ok(PublicKey::from_point(&point)?)
    }

    pub(super) fn key(&mut self) -> Result<WrappedKey> {
        Ok(WrappedKey { id: EscrowId(self.array()?), public: self.point()?, sealed: self.octets()?.to_vec() })
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad("a message is longer than its fields")) }
    }
}
