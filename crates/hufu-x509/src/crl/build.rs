//! Builds TBSCertList: the entries first, each where it stays, then what stands before them.

use std::cmp::Ordering;

use super::entry::{self, compare};
use super::{Entry, MAX_LENGTH, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::name::Name;
use crate::oid;
use crate::sign::Signature;
use crate::tbs::{extension, is_url, put_algorithm, put_point, put_point_name};
use crate::time::{is_expressible, put_time};
use crate::tlv::{Reader, nest, put, put_length, put_unsigned, tag};

/// What one CRL is made from, its entries excepted.
#[derive(Debug, Clone, Copy)]
pub struct CrlInput<'a> {
    /// The issuer: the subject of the issuing CA's certificate, octet for octet.
    pub issuer_der: &'a [u8],
    /// The issuer's key.
    pub issuer_key: &'a PublicKey,
    /// From when on it speaks, in seconds since the epoch.
    pub this_update: i64,
    /// When the next one is there at the latest, in seconds since the epoch.
    pub next_update: i64,
    /// cRLNumber: greater than that of every CRL of this issuer before; full and delta CRLs share one sequence.
    pub number: u64,
    /// Of a shard, the addresses of its distribution point, as they stand in the certificates it is about (RFC 5280
    /// §5.2.5). Empty for a list of all certificates of the issuer.
    pub shard: &'a [String],
    /// Of a delta CRL, the number of the full CRL it adds to.
    pub delta_base: Option<u64>,
    /// Of a full CRL, where its delta CRLs are published (freshestCRL); empty when there are none.
    pub freshest: &'a [String],
}

/// Builds a TBSCertList from entries in the order of their serial numbers.
///
/// # Errors
/// As [`Builder`].
pub fn build_tbs(input: &CrlInput<'_>, entries: impl IntoIterator<Item = Entry>) -> Result<Vec<u8>> {
    let entries = entries.into_iter();
    let mut builder = Builder::new(*input, entries.size_hint().0)?;
    for entry in entries {
        builder.push(entry.serial.as_bytes(), entry.at, entry.reason)?;
    }
    builder.finish()
}

/// Takes the entries of a CRL one by one.
///
/// Every fault is an error at once: an entry out of order or for a second time, a time after thisUpdate, removeFromCRL in
/// a full CRL, a list longer than [`MAX_LENGTH`]. What was built until then is of no use.
#[derive(Debug)]
pub struct Builder<'a> {
    input: CrlInput<'a>,
    out: Vec<u8>,
    /// The serial number of the last entry, and how many of these octets it has.
    last: [u8; 20],
    last_length: usize,
    count: usize,
}

/// What stands around the entries, and in front of a signature, at most; more is allocated when it does not suffice.
const AROUND: usize = 2048;

impl<'a> Builder<'a> {
    /// Begins a CRL. `expected` is how many entries will come, as far as is known; it only decides how much memory is set
    /// aside.
    ///
    /// # Errors
    /// [`ErrorKind::CrlInput`] saying what does not fit together: the order or range of the two times, an issuer that is
    /// no Name, an address that is no URL, a delta CRL whose base is not older or that names delta CRLs of its own.
    pub fn new(input: CrlInput<'a>, expected: usize) -> Result<Self> {
        check(&input)?;
        let capacity = expected.saturating_mul(entry::MAX_ENTRY).min(MAX_LENGTH).saturating_add(AROUND);
        Ok(Self { input, out: Vec::with_capacity(capacity), last: [0; 20], last_length: 0, count: 0 })
    }

    /// Appends one entry: the magnitude of the serial number, 1 to 20 octets without leading zero; when it was revoked
    /// or suspended, in seconds since the epoch; and why. Serial numbers ascend as numbers.
    ///
    /// # Errors
    /// [`ErrorKind::CrlInput`], [`ErrorKind::TooLarge`].
    pub fn push(&mut self, serial: &[u8], at: i64, reason: Option<Reason>) -> Result<()> {
        let refuse = |what: &str| {
            let serial = hufu_model::ident::hex(serial);
            Err(Error::new(ErrorKind::CrlInput).about(format!("the entry {serial}: {what}")))
        };
        let first = serial.first().copied().unwrap_or_default();
        if first == 0 || serial.len() > 20 || (serial.len() == 20 && first >= 0x80) {
            return refuse("a serial number has 1 to 20 octets, is positive and has no leading zero");
        }
        match compare(self.last.get(..self.last_length).unwrap_or_default(), serial) {
            Ordering::Less => {}
            Ordering::Equal => return refuse("it comes twice"),
            Ordering::Greater => return refuse("it comes after a greater one"),
        }
        if at > self.input.this_update {
            return refuse("it is later than thisUpdate");
        }
        if !is_expressible(at) {
            return refuse("its time is outside the years 1950 to 9999");
        }
        if reason == Some(Reason::RemoveFromCrl) && self.input.delta_base.is_none() {
            return refuse("removeFromCRL stands in delta CRLs only");
        }
        if self.out.len() + entry::MAX_ENTRY + AROUND > MAX_LENGTH {
            let what = format!("a CRL of more than {MAX_LENGTH} octets; divide it into shards");
            return Err(Error::new(ErrorKind::TooLarge).about(what));
        }
        entry::put_entry(&mut self.out, serial, at, reason);
        self.last.iter_mut().zip(serial).for_each(|(to, from)| *to = *from);
        self.last_length = serial.len();
        self.count += 1;
        Ok(())
    }

    /// How many entries were appended.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The TBSCertList.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when issuer and addresses make it longer than [`MAX_LENGTH`].
    pub fn finish(self) -> Result<Vec<u8>> {
        let Self { input, mut out, .. } = self;
        let mut fields = Vec::with_capacity(input.issuer_der.len() + 64);
        put(&mut fields, tag::INTEGER, &[1]);
        put_algorithm(&mut fields);
        fields.extend_from_slice(input.issuer_der);
        put_time(&mut fields, input.this_update);
        put_time(&mut fields, input.next_update);
        if !out.is_empty() {
            fields.push(tag::SEQUENCE);
            put_length(&mut fields, out.len());
        }
        let mut extensions = Vec::with_capacity(256);
        nest(&mut extensions, tag::constructed(0), |out| {
            nest(out, tag::SEQUENCE, |out| put_extensions(out, &input));
        });
        out.extend_from_slice(&extensions);
        let mut head = vec![tag::SEQUENCE];
        put_length(&mut head, fields.len() + out.len());
        head.extend_from_slice(&fields);
        // The one time the entries move: what stands before them is known only now.
        out.splice(0..0, head);
        if out.len() + SIGNATURE > MAX_LENGTH {
            return Err(Error::new(ErrorKind::TooLarge).about(format!("a CRL has at most {MAX_LENGTH} octets")));
        }
        Ok(out)
    }
}

/// What [`assemble`] adds at most.
const SIGNATURE: usize = 6 + 12 + 3 + Signature::MAX_LENGTH;

/// The CRL: a TBSCertList, the same algorithm identifier again, and the signature. The memory of `tbs` is used again.
///
/// # Errors
/// [`ErrorKind::NotDer`] when `tbs` is not one SEQUENCE.
pub fn assemble(tbs: Vec<u8>, signature: &Signature) -> Result<Vec<u8>> {
    let mut reader = Reader::new(&tbs);
    reader.expect(tag::SEQUENCE, "tbsCertList is no SEQUENCE")?;
    reader.finish("octets behind tbsCertList")?;
    let mut out = tbs;
    put_algorithm(&mut out);
    nest(&mut out, tag::BIT_STRING, |out| {
        out.push(0);
        out.extend_from_slice(signature.der());
    });
    let mut head = vec![tag::SEQUENCE];
    put_length(&mut head, out.len());
    out.splice(0..0, head);
    Ok(out)
}

fn check(input: &CrlInput<'_>) -> Result<()> {
    let bad = |what: &str| Err(Error::new(ErrorKind::CrlInput).about(what));
    if input.this_update >= input.next_update {
        return bad("nextUpdate is not later than thisUpdate");
    }
    if ![input.this_update, input.next_update].into_iter().all(is_expressible) {
        return bad("a time outside the years 1950 to 9999");
    }
    let mut issuer = Reader::new(input.issuer_der);
    let name = issuer.expect(tag::SEQUENCE, "").is_ok_and(|name| !name.value.is_empty());
    if !name || !issuer.is_empty() || Name::display_der(input.issuer_der).is_err() {
        return bad("the issuer is no Name, or an empty one");
    }
    if !input.shard.iter().chain(input.freshest).all(|url| is_url(url, "http://") || is_url(url, "ldap://")) {
        return bad("the address of a distribution point is no http:// or ldap:// URL");
    }
    match input.delta_base {
        Some(base) if base >= input.number => bad("a delta CRL has a greater number than the list it adds to"),
        Some(_) if !input.freshest.is_empty() => bad("a delta CRL names no delta CRLs of its own"),
        _ => Ok(()),
    }
}

fn put_extensions(out: &mut Vec<u8>, input: &CrlInput<'_>) {
    extension(out, oid::AUTHORITY_KEY_IDENTIFIER, false, |out| {
        nest(out, tag::SEQUENCE, |out| put(out, tag::context(0), &input.issuer_key.key_id()));
    });
    extension(out, oid::CRL_NUMBER, false, |out| put_unsigned(out, &input.number.to_be_bytes()));
    if let Some(base) = input.delta_base {
        extension(out, oid::DELTA_CRL_INDICATOR, true, |out| put_unsigned(out, &base.to_be_bytes()));
    }
    if !input.shard.is_empty() {
        extension(out, oid::ISSUING_DISTRIBUTION_POINT, true, |out| {
            nest(out, tag::SEQUENCE, |out| put_point_name(out, input.shard));
        });
    }
    if !input.freshest.is_empty() {
        extension(out, oid::FRESHEST_CRL, false, |out| {
            nest(out, tag::SEQUENCE, |out| put_point(out, input.freshest));
        });
    }
}
