//! Events (事件) as leaves of the ledger.
//!
//! An event says who did what to what and when, and lists every row it wrote with that row's digest, so that the tree
//! over the events covers the whole database.
//!
//! # Encoding, version 1
//! Numbers are big endian. *octets* means a length of 4 octets and then that many octets; text is UTF-8.
//!
//! ```text
//! version   1 octet, 0x01
//! seq       8 octets, unsigned
//! at        8 octets, two's complement
//! kind      octets (text)
//! actor     0x00, or 0x01 and octets (text)
//! object    octets (text)
//! fields    4 octets count, then for each: name octets (text), value octets (text)
//! effects   4 octets count, then for each: table octets (text), key octets, digest 32 octets
//! ```
//!
//! There is one encoding for each event: decoding and encoding again gives the same octets.

use std::fmt;

use crate::hash::{Hash, leaf_hash};

const VERSION: u8 = 1;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the ledger, which is the index of its leaf: the first event is 0.
    pub seq: u64,
    /// Ledger time in milliseconds since the Unix epoch; never earlier than the event before.
    pub at: i64,
    /// The code of its kind, e.g. `issue`.
    pub kind: String,
    /// The operator who acted; none for the founding ceremony and for what the authority does by itself.
    pub actor: Option<String>,
    /// What it was done to: an organisation, an operator, a serial number, a digest.
    pub object: String,
    /// What else belongs to the story, in the order it was given.
    pub fields: Vec<(String, String)>,
    /// The rows written with it, in the order they were written.
    pub effects: Vec<Effect>,
}

/// A row that an event wrote: what stood in the table afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The table.
    pub table: String,
    /// The row's primary key, as the table's own encoding of it.
    pub key: Vec<u8>,
    /// The digest of the row ([`crate::row::RowDigest`]).
    pub digest: Hash,
}

impl Event {
    /// The octets of the leaf.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.effects.len() * 96 + self.fields.len() * 48);
        out.push(VERSION);
        out.extend(self.seq.to_be_bytes());
        out.extend(self.at.to_be_bytes());
        octets(&mut out, self.kind.as_bytes());
        match &self.actor {
            None => out.push(0),
            Some(actor) => {
                out.push(1);
                octets(&mut out, actor.as_bytes());
            }
        }
        octets(&mut out, self.object.as_bytes());
        out.extend(length(self.fields.len()));
        for (name, value) in &self.fields {
            octets(&mut out, name.as_bytes());
            octets(&mut out, value.as_bytes());
        }
        out.extend(length(self.effects.len()));
        for effect in &self.effects {
            octets(&mut out, effect.table.as_bytes());
            octets(&mut out, &effect.key);
            out.extend(effect.digest);
        }
        out
    }

    /// The hash of the leaf.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }

    /// Reads the octets of a leaf.
    ///
    /// # Errors
    /// [`EventError`] for anything that [`Event::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, EventError> {
        let mut input = Input { bytes, at: 0 };
        let [version] = input.array()?;
        if version != VERSION {
            return Err(EventError { at: 0, what: "a version this program does not know" });
        }
        let seq = u64::from_be_bytes(input.array()?);
        let at = i64::from_be_bytes(input.array()?);
        let kind = input.text()?;
        let actor = match input.array()? {
            [0] => None,
            [1] => Some(input.text()?),
            [_] => return Err(input.fault("neither an actor nor none")),
        };
        let object = input.text()?;
        // The counts are not trusted with memory: a wrong one runs into the end of the octets first.
        let mut fields = Vec::new();
        for _ in 0..input.length()? {
            fields.push((input.text()?, input.text()?));
        }
        let mut effects = Vec::new();
        for _ in 0..input.length()? {
            effects.push(Effect { table: input.text()?, key: input.octets()?.to_vec(), digest: input.array()? });
        }
        if input.at != bytes.len() {
            return Err(input.fault("octets behind the end"));
        }
        Ok(Self { seq, at, kind, actor, object, fields, effects })
    }

    /// The value of the field `name`, if the event has one.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A length or count. Nothing of 4 GiB fits into a transaction, so it is never cut short in practice; were it, the leaf
/// would not decode.
fn length(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes()
}

fn octets(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(length(bytes.len()));
    out.extend_from_slice(bytes);
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn fault(&self, what: &'static str) -> EventError {
        EventError { at: self.at, what }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], EventError> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.bytes.len());
        let found = end.and_then(|end| self.bytes.get(self.at..end));
        let found = found.ok_or_else(|| self.fault("the octets end too early"))?;
        self.at += n;
        Ok(found)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], EventError> {
        let end = self.fault("the octets end too early");
        self.take(N)?.try_into().map_err(|_| end)
    }

    fn length(&mut self) -> Result<u32, EventError> {
        self.array().map(u32::from_be_bytes)
    }

    fn octets(&mut self) -> Result<&'a [u8], EventError> {
        let n = self.length()?;
        let end = self.fault("the octets end too early");
        self.take(usize::try_from(n).map_err(|_| end)?)
    }

    fn text(&mut self) -> Result<String, EventError> {
        let start = self.fault("text that is not UTF-8");
        std::str::from_utf8(self.octets()?).map(str::to_owned).map_err(|_| start)
    }
}

/// Octets that are not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventError {
    at: usize,
    what: &'static str,
}

impl EventError {
    /// The offset of the octet at which reading stopped.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these octets are not an event: {} at octet {}", self.what, self.at)
    }
}

impl std::error::Error for EventError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Event {
        Event {
            seq: 7,
            at: -1,
            kind: "issue".into(),
            actor: Some("张三".into()),
            object: "01ab".into(),
            fields: vec![("reason".into(), String::new()), ("reason".into(), "x".into())],
            effects: vec![
                Effect { table: "certificate".into(), key: vec![1, 0xab], digest: [3; 32] },
                Effect { table: "meta".into(), key: Vec::new(), digest: [0; 32] },
            ],
        }
    }

    #[test]
    fn decoding_gives_the_event_back() {
        let mut event = sample();
        assert_eq!(Event::decode(&event.encode()).unwrap(), event);
        event.actor = None;
        event.fields.clear();
        event.effects.clear();
        assert_eq!(Event::decode(&event.encode()).unwrap(), event);
        assert_eq!(event.leaf_hash(), leaf_hash(&event.encode()));
        assert_eq!(sample().field("reason"), Some(""));
    }

    #[test]
    fn every_altered_octet_is_refused_or_means_another_event() {
        let bytes = sample().encode();
        for at in 0..bytes.len() {
            for flip in 1..=255_u8 {
                let mut other = bytes.clone();
                other[at] ^= flip;
                if let Ok(event) = Event::decode(&other) {
                    assert_ne!(event, sample());
                    assert_eq!(event.encode(), other);
                }
            }
        }
    }

    #[test]
    fn cut_and_lengthened_octets_are_refused() {
        let mut bytes = sample().encode();
        for n in 0..bytes.len() {
            assert!(Event::decode(&bytes[..n]).is_err(), "{n}");
        }
        bytes.push(0);
        assert_eq!(Event::decode(&bytes).unwrap_err().offset(), bytes.len() - 1);
    }

    #[test]
    fn a_huge_count_takes_no_memory() {
        let mut bytes = Event { fields: Vec::new(), effects: Vec::new(), ..sample() }.encode();
        let n = bytes.len();
        bytes[n - 8..n - 4].fill(0xff);
        assert!(Event::decode(&bytes).is_err());
    }

    mod random {
        use super::*;
        use proptest::collection::vec;
        use proptest::prelude::*;

        fn events() -> impl Strategy<Value = Event> {
            let effect = ("[a-z_]{0,12}", vec(any::<u8>(), 0..24), any::<Hash>());
            let effect = effect.prop_map(|(table, key, digest)| Effect { table, key, digest });
            let story = (".{0,20}", proptest::option::of(".{0,20}"), ".{0,20}");
            let lists = (vec((".{0,12}", ".{0,40}"), 0..5), vec(effect, 0..5));
            (any::<u64>(), any::<i64>(), story, lists).prop_map(
                |(seq, at, (kind, actor, object), (fields, effects))| Event {
                    seq,
                    at,
                    kind,
                    actor,
                    object,
                    fields,
                    effects,
                },
            )
        }

        proptest! {
            #[test]
            fn events_come_back(event in events()) {
                prop_assert_eq!(Event::decode(&event.encode()), Ok(event));
            }

            #[test]
            fn what_can_be_read_has_one_encoding(mut bytes in vec(any::<u8>(), 0..200), tail in vec(0..4_u8, 0..60)) {
                if let Some(first) = bytes.first_mut() {
                    *first = VERSION;
                }
                bytes.extend(tail);
                if let Ok(event) = Event::decode(&bytes) {
                    prop_assert_eq!(event.encode(), bytes);
                }
            }
        }
    }
}
