//! OpenSSL's `index.txt`: what became of the certificates that lie beside it.
//!
//! A line has six fields with a tab between them: `V`, `R` or `E`; when it ends; when it was revoked, with the reason
//! behind a comma; the serial number in hexadecimal digits; a file; the name. It says neither algorithm nor begin, so it
//! counts nothing by itself: it tells which certificates of its folder, and of the folders in it, are revoked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hufu_model::revocation::RevocationReason;

use super::value;
use super::{Spot, UNKNOWN_REASON};
use crate::import::entry::{Entry, SourceFault};

/// What the file is called.
pub(super) const NAME: &str = "index.txt";
/// The longest line.
const MAX_LINE: u64 = 16 << 10;
/// OpenSSL's names of reasons that are not those of RFC 5280.
const REASONS: [(&str, RevocationReason); 5] = [
    ("CACompromise", RevocationReason::CaCompromise),
    ("holdInstruction", RevocationReason::CertificateHold),
    ("CAkeyTime", RevocationReason::CaCompromise),
    ("keyTime", RevocationReason::KeyCompromise),
    ("AACompromise", RevocationReason::AaCompromise),
];

/// One revoked certificate.
#[derive(Debug)]
struct Line {
    number: u64,
    at: i64,
    reason: RevocationReason,
    known_reason: bool,
    seen: AtomicBool,
}

/// The revoked certificates of an index, by serial number.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) path: PathBuf,
    pub(super) place: String,
    revoked: HashMap<Vec<u8>, Line>,
}

impl Index {
    /// Reads an index. Lines that are none are faults.
    pub(super) fn read(path: &Path, place: String) -> io::Result<(Self, Vec<SourceFault>)> {
        let mut input = BufReader::new(File::open(path)?);
        let (mut revoked, mut faults) = (HashMap::new(), Vec::new());
        let mut number = 0;
        let mut line = Vec::new();
        while (&mut input).take(MAX_LINE).read_until(b'\n', &mut line)? > 0 {
            number += 1;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\r', '\n']);
            match parse(text, number) {
                Ok(Some((serial, line))) => drop(revoked.insert(serial, line)),
                Ok(None) => {}
                Err(what) => faults.push(
                    Spot { position: number, place: format!("{place}:{number}") }.fault("legacy.index-line", what),
                ),
            }
            line.clear();
        }
        Ok((Self { path: path.to_path_buf(), place, revoked }, faults))
    }

    /// Says of a certificate what the index says.
    pub(super) fn apply(&self, entry: &mut Entry) {
        if let Some(line) = self.revoked.get(&entry.serial) {
            line.seen.store(true, Ordering::Relaxed);
            entry.revoked = Some((line.at, line.reason));
            if !line.known_reason {
                entry.remarks.push(UNKNOWN_REASON);
            }
        }
    }

    /// The revoked ones whose certificates were not there, in the order of the lines.
    pub(super) fn unseen(&self) -> Vec<SourceFault> {
        let unseen = self.revoked.values().filter(|line| !line.seen.load(Ordering::Relaxed));
        let mut numbers: Vec<u64> = unseen.map(|line| line.number).collect();
        numbers.sort_unstable();
        let what = "the certificate that this line says is revoked is not among the files";
        let fault = |n| Spot { position: n, place: format!("{}:{n}", self.place) }.fault("legacy.index-line", what);
        numbers.into_iter().map(fault).collect()
    }
}

type Parsed = Result<Option<(Vec<u8>, Line)>, &'static str>;

fn parse(text: &str, number: u64) -> Parsed {
    if text.is_empty() {
        return Ok(None);
    }
    let fields: Vec<&str> = text.split('\t').collect();
    let [status, _, revoked, serial, _, _] = fields.as_slice() else {
        return Err("a line of an index has six fields with a tab between them");
    };
    let serial = value::hex_serial(serial).ok_or("the serial number is no hexadecimal number")?;
    match *status {
        "V" | "E" => Ok(None),
        "R" => {
            let mut parts = revoked.split(',');
            let at = parts.next().and_then(time).ok_or("the revocation time is none")?;
            let word = parts.next().unwrap_or("unspecified");
            let reason = word.parse().ok().or_else(|| REASONS.iter().find(|(name, _)| *name == word).map(|(_, r)| *r));
            let known_reason = reason.is_some();
            let reason = reason.unwrap_or(RevocationReason::Unspecified);
            Ok(Some((serial, Line { number, at, reason, known_reason, seen: AtomicBool::new(false) })))
        }
        _ => Err("a line of an index begins with V, R or E"),
    }
}

/// `170301000000Z`, a UTCTime, or `20500101000000Z`.
fn time(text: &str) -> Option<i64> {
    let full = match text.len() {
        13 => format!("{}{text}", if text.get(..2)? >= "50" { "19" } else { "20" }),
        15 => text.to_owned(),
        _ => return None,
    };
    value::moment(&full).filter(|m| !m.day_only).map(|m| m.seconds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_are_read_and_refused() {
        let parsed =
            |text: &str| parse(text, 1).map(|found| found.map(|(serial, l)| (serial, l.at, l.reason, l.known_reason)));
        assert_eq!(parsed("V\t270301000000Z\t\t01\tunknown\t/CN=a"), Ok(None));
        assert_eq!(parsed(""), Ok(None));
        let at = 1_488_326_400;
        for (field, reason, known) in [
            ("170301000000Z", RevocationReason::Unspecified, true),
            ("20170301000000Z,keyCompromise", RevocationReason::KeyCompromise, true),
            ("170301000000Z,CACompromise", RevocationReason::CaCompromise, true),
            ("170301000000Z,holdInstruction,1.2.3", RevocationReason::CertificateHold, true),
            ("170301000000Z,lost", RevocationReason::Unspecified, false),
        ] {
            let line = format!("R\t270301000000Z\t{field}\t0A\tunknown\t/CN=a");
            assert_eq!(parsed(&line), Ok(Some((vec![10], at, reason, known))), "{field}");
        }
        for bad in ["V\t1", "X\t1\t\t01\tu\t/", "R\t1\t\t01\tu\t/", "R\t1\t1703\t01\tu\t/", "V\t1\t\tzz\tu\t/"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
