//! Watches what is published, from outside: it reads the publishing folder and the CA's certificate, and neither the
//! database nor a key. Whoever watches runs apart from the process that publishes, so that its death is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hufu_model::ident::hex;
use hufu_model::time::Instant;
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::{Crl, MAX_LENGTH};
use hufu_x509::key::PublicKey;

use crate::error::Result;

/// What is wrong with a list in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Alarm {
    /// There is no such file, and there should be or was one.
    Missing,
    /// It cannot be read as a CRL.
    Unreadable,
    /// It is of another issuer.
    Issuer,
    /// Its signature is not one of the CA's key.
    Signature,
    /// It belongs into another place: another shard, or a full list where a delta list should be, or the other way round.
    Place,
    /// It has no number, or a lower one than was seen before.
    NumberBack,
    /// Its thisUpdate lies in the future.
    NotYet,
    /// More than half of its life is over: whoever publishes has missed its turn many times.
    HalfLife,
    /// Its life is over, or it does not say when it ends.
    Expired,
}

impl Alarm {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Issuer => "wrong-issuer",
            Self::Signature => "bad-signature",
            Self::Place => "wrong-place",
            Self::NumberBack => "number-back",
            Self::NotYet => "not-yet",
            Self::HalfLife => "half-life",
            Self::Expired => "expired",
        }
    }
}

/// The greatest number seen of each file, to be kept from one look to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<String, u128>);

impl Seen {
    /// Reads what [`Seen::to_text`] wrote; lines of another form are left out.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let line =
            |line: &str| line.split_once(' ').and_then(|(number, file)| Some((file.to_owned(), number.parse().ok()?)));
        Self(text.lines().filter_map(line).collect())
    }

    /// One line for each file: the number, a space, the name.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|(file, number)| format!("{number} {file}\n")).collect()
    }
}

/// One file that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The file.
    pub path: PathBuf,
    /// Its cRLNumber, where it could be read.
    pub number: Option<u128>,
    /// How many entries it has.
    pub entries: Option<usize>,
    /// thisUpdate, in seconds since the epoch.
    pub this_update: Option<i64>,
    /// nextUpdate, in seconds since the epoch.
    pub next_update: Option<i64>,
    /// What is wrong with it; empty is good.
    pub alarms: Vec<Alarm>,
}

/// Looks at every list of the CA with this certificate in `folder`: the full list must be there, and every file that was
/// seen before. `seen` is brought up to date.
///
/// # Errors
/// A CA certificate without an SM2 key. Whatever is wrong with the folder is in the sightings.
pub fn look(folder: &Path, ca: &Certificate, now: Instant, seen: &mut Seen) -> Result<Vec<Sighting>> {
    let key = ca.public_key()?;
    let id = hex(&key.key_id());
    let lists = folder.join("crl");
    let mut names: BTreeSet<String> = seen.0.keys().filter(|name| name.starts_with(&id)).cloned().collect();
    names.insert(format!("{id}.crl"));
    // A folder that cannot be listed has no files; that is an alarm of each.
    for entry in fs::read_dir(&lists).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("{id}-")) && name.ends_with(".crl") {
            names.insert(name);
        }
    }
    Ok(names.into_iter().map(|name| sighting(&lists, &name, &id, ca, &key, now, seen)).collect())
}

fn sighting(
    lists: &Path,
    name: &str,
    id: &str,
    ca: &Certificate,
    key: &PublicKey,
    now: Instant,
    seen: &mut Seen,
) -> Sighting {
    let path = lists.join(name);
    let mut this =
        Sighting { path, number: None, entries: None, this_update: None, next_update: None, alarms: Vec::new() };
    let length = fs::metadata(&this.path).map(|found| found.len());
    if length.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        this.alarms.push(Alarm::Missing);
        return this;
    }
    let bytes = if length.is_ok_and(|n| n <= MAX_LENGTH as u64) { fs::read(&this.path).ok() } else { None };
    let Some(crl) = bytes.and_then(|bytes| Crl::from_der(bytes).ok()) else {
        this.alarms.push(Alarm::Unreadable);
        return this;
    };
    this.number = crl.number();
    this.entries = Some(crl.count());
    this.this_update = Some(crl.this_update());
    this.next_update = crl.next_update();
    if crl.issuer_der() != ca.subject_der() {
        this.alarms.push(Alarm::Issuer);
        return this;
    }
    if crl.verify_signed_by(key).is_err() {
        this.alarms.push(Alarm::Signature);
        return this;
    }
    if !is_in_place(&crl, name, id) {
        this.alarms.push(Alarm::Place);
    }
    let before = seen.0.get(name).copied();
    match crl.number() {
        Some(number) if before.is_none_or(|before| number >= before) => drop(seen.0.insert(name.to_owned(), number)),
        _ => this.alarms.push(Alarm::NumberBack),
    }
    this.alarms.extend(age(&crl, now.unix_seconds()));
    this
}

/// Whether a list is the one its name says: a shard names its own address, a delta list says that it is one.
fn is_in_place(crl: &Crl, name: &str, id: &str) -> bool {
    let delta = name == format!("{id}-delta.crl");
    let shard = !delta && name != format!("{id}.crl");
    let own =
        crl.issuing_point().is_some_and(|point| point.urls.iter().any(|url| url.rsplit('/').next() == Some(name)));
    crl.delta_base().is_some() == delta && if shard { own } else { crl.issuing_point().is_none() }
}

fn age(crl: &Crl, now: i64) -> Option<Alarm> {
    let from = crl.this_update();
    match crl.next_update() {
        _ if from > now => Some(Alarm::NotYet),
        Some(to) if now <= to => (now - from > (to - from) / 2).then_some(Alarm::HalfLife),
        _ => Some(Alarm::Expired),
    }
}
