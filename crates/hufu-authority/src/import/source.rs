//! The sources of an import: files and folders, read one certificate at a time.
//!
//! | what | how it is told | read as |
//! |---|---|---|
//! | certificates: PEM with anything between, DER, P7B, base64 | by content, any name | [`hufu_x509::legacy::Members`] |
//! | a list: CSV (UTF-8, GB18030) or XLSX | `.csv`, `.xlsx` | a row, a certificate |
//! | a table of another authority's program as CSV or XLSX | by its columns | a row, a certificate and what became of it |
//! | `index.txt` of OpenSSL | by its name | what became of the certificates in its folder and below |
//!
//! # Lists
//! Columns are found by their names, in whichever order; `ca-data/inventory/columns.csv` has them all, Chinese and English,
//! and `words.csv` the words that may stand in them. Needed are serial number, issuer, subject, algorithm, begin and end of
//! validity, or one column with the certificate itself. A column that nobody knows is told once ([`Source::notes`]) and
//! passed over. A day without a time is its first moment in UTC+08:00, and a time without a zone is UTC+08:00. A formula,
//! an error value and a number that a spreadsheet rounded are faults of their row.
//!
//! # Tables of other programs
//! | program | table | columns that are used |
//! |---|---|---|
//! | EJBCA | CertificateData | `base64Cert`; `status` 20, 21 (active), 40 (revoked), 60 (archived: revoked when it has a reason); `revocationReason`, -1 for none; `revocationDate` in milliseconds |
//! | XiPKI | CERT | `CERT` in base64; `REV` 0 or 1; `RR`; `RT` in seconds |
//!
//! The certificate in the row counts; what other columns say must agree with it.
//!
//! # Folders
//! Read with everything in them, in the order of their names. Names that begin with a dot are passed over. A link is
//! followed to a file inside the folder that was asked for, and nowhere else.
//!
//! Nothing of a source is in memory but the part that is being read: some thousand certificates or rows. They are taken
//! apart on every core, and come in the order of the source.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hufu_model::ident::Digest;
use hufu_model::time::Instant;
use hufu_sheet::{Limits, Row, Sheet};
use hufu_x509::digest::Sm3;
use hufu_x509::legacy::{Issuers, MemberFault, Members, read_verified};
use rayon::prelude::*;

use super::entry::{Entry, SourceFault};
use crate::error::{ErrorKind, Result};
use columns::{Columns, Refusal};
use index::Index;
use walk::{Step, Walk};

mod certificate;
mod columns;
mod index;
mod row;
mod value;
mod walk;

/// A reason for a revocation that is none of the list.
const UNKNOWN_REASON: &str = "legacy.unknown-reason";
/// How many certificates or rows are taken apart at once, and how many octets of certificates.
const CHUNK: usize = 4096;
const CHUNK_OCTETS: usize = 8 << 20;
/// How far a clock may be ahead of ours, in seconds.
const AHEAD: i64 = 86_400;

/// What a source is read with.
#[derive(Clone)]
pub struct Options {
    /// Certificates of the issuers; with none, nothing is verified.
    pub issuers: Issuers,
    /// The present: what is dated more than a day later is a fault. Without it nothing is.
    pub now: Option<Instant>,
    /// How much of a sheet is taken.
    pub limits: Limits,
}

impl Default for Options {
    /// No issuers, no clock, sheets of ten million rows.
    fn default() -> Self {
        Self { issuers: Issuers::new(), now: None, limits: Limits::INVENTORY }
    }
}

/// A source that is being read: an iterator of certificates, and of faults where one could not be read.
pub struct Source {
    walk: Walk,
    current: Option<Current>,
    ready: VecDeque<std::result::Result<Entry, SourceFault>>,
    notes: Vec<SourceFault>,
    context: Context,
    limits: Limits,
    /// Certificates so far that came from files of certificates.
    running: u64,
}

/// What certificates are judged by.
struct Context {
    issuers: Issuers,
    now: Option<Instant>,
}

impl Context {
    fn not_ahead(&self, entry: Entry) -> std::result::Result<Entry, SourceFault> {
        let Some(now) = self.now else { return Ok(entry) };
        let latest = now.unix_seconds().saturating_add(AHEAD);
        let issued = entry.issued_at.unwrap_or(entry.validity.not_before());
        let ahead = |what: &str| Err(Spot::of(&entry).fault("legacy.dated-in-future", what));
        if issued > latest {
            ahead("it was issued in the future")
        } else if entry.revoked.is_some_and(|(at, _)| at > latest) {
            ahead("it was revoked in the future")
        } else {
            Ok(entry)
        }
    }
}

/// Where something stands in a source.
#[derive(Debug, Clone)]
struct Spot {
    position: u64,
    place: String,
}

impl Spot {
    fn of(entry: &Entry) -> Self {
        Self { position: entry.position, place: entry.place.clone() }
    }

    fn fault(&self, code: &'static str, text: &str) -> SourceFault {
        SourceFault { position: self.position, place: self.place.clone(), code, text: text.to_owned() }
    }
}

enum Current {
    Certificates { members: Box<Members<BufReader<File>>>, place: String, index: Option<Arc<Index>>, count: u64 },
    Sheet(OpenSheet),
}

struct OpenSheet {
    sheet: Box<Sheet>,
    columns: Arc<Columns>,
    place: String,
}

/// What is not taken apart yet.
enum Raw {
    Certificate {
        spot: Spot,
        der: Vec<u8>,
        index: Option<Arc<Index>>,
    },
    Row {
        spot: Spot,
        row: Row,
        columns: Arc<Columns>,
    },
    Fault(SourceFault),
    /// Every certificate that an index tells of was read before.
    IndexEnds(Arc<Index>),
}

impl Source {
    /// Opens files and folders, in the order in which they are given. Sheets that are named are looked at at once: one
    /// whose columns do not do is refused before anything is read. One in a folder is a fault when its turn comes.
    ///
    /// # Errors
    /// Input errors; those of [`Sheet::open`]; `sheet.missing-columns` and `sheet.double-column`.
    pub fn open(paths: &[PathBuf], options: Options) -> Result<Self> {
        let Options { issuers, now, limits } = options;
        let mut source = Self {
            walk: Walk::of(paths)?,
            current: None,
            ready: VecDeque::new(),
            notes: Vec::new(),
            context: Context { issuers, now },
            limits,
            running: 0,
        };
        for path in paths.iter().filter(|path| is_sheet(path) && path.is_file()) {
            let (_, note) = open_sheet(path, &walk::name(path), limits)?;
            source.notes.extend(note);
        }
        Ok(source)
    }

    /// SM3 over the names and the contents of everything that [`Source::open`] would read, in its order: by it a source is
    /// known again. It reads everything once.
    ///
    /// # Errors
    /// Input errors, also those that would be a fault of one file.
    pub fn digest(paths: &[PathBuf]) -> Result<Digest> {
        let mut walk = Walk::of(paths)?;
        let mut digest = Sm3::new();
        while let Some(step) = walk.next() {
            let (path, place) = match step {
                Step::File { path, place, .. } => (path, place),
                Step::IndexEnds(index) => (index.path.clone(), index.place.clone()),
                Step::Note(_) | Step::Fault(_) => continue,
            };
            let failed = |source| ErrorKind::File { path: path.clone(), source };
            let file = File::open(&path).map_err(failed)?;
            // Lengths keep a name from running into contents, and one file into the next.
            for number in [place.len() as u64, file.metadata().map_err(failed)?.len()] {
                digest.update(&number.to_be_bytes());
            }
            digest.update(place.as_bytes());
            let mut input = BufReader::with_capacity(1 << 20, file);
            loop {
                let part = input.fill_buf().map_err(failed)?;
                if part.is_empty() {
                    break;
                }
                digest.update(part);
                let read = part.len();
                input.consume(read);
            }
        }
        Ok(digest.finish())
    }

    /// What was noticed about whole files so far: columns that nothing is taken from, links that are not followed. Their
    /// position is 0.
    #[must_use]
    pub fn notes(&self) -> &[SourceFault] {
        &self.notes
    }

    /// Reads the next part of the source, and takes it apart.
    fn fill(&mut self) {
        let (mut raws, mut octets) = (Vec::with_capacity(CHUNK), 0);
        while raws.len() < CHUNK && octets < CHUNK_OCTETS {
            match self.next_raw() {
                Some(raw) => {
                    if let Raw::Certificate { der, .. } = &raw {
                        octets += der.len();
                    }
                    raws.push(raw);
                }
                None => break,
            }
        }
        let context = &self.context;
        let parsed: Vec<_> = raws.into_par_iter().map(|raw| raw.parse(context)).collect();
        for one in parsed {
            match one {
                Ok(result) => self.ready.push_back(result),
                Err(index) => self.ready.extend(index.unseen().into_iter().map(Err)),
            }
        }
    }

    fn next_raw(&mut self) -> Option<Raw> {
        loop {
            match &mut self.current {
                Some(Current::Certificates { members, place, index, count }) => {
                    if let Some(member) = members.next() {
                        *count += 1;
                        self.running += 1;
                        let place = if *count == 1 { place.clone() } else { format!("{place}#{count}") };
                        let spot = Spot { position: self.running, place };
                        return Some(match member {
                            Ok(der) => Raw::Certificate { spot, der, index: index.clone() },
                            Err(MemberFault::Refused(e)) => Raw::Fault(spot.fault(e.kind().code(), &e.to_string())),
                            Err(MemberFault::Io(e)) => Raw::Fault(spot.fault("legacy.file", &e.to_string())),
                        });
                    }
                }
                Some(Current::Sheet(open)) => match open.sheet.next_row() {
                    Ok(Some(row)) => {
                        let spot =
                            Spot { position: u64::from(row.number), place: format!("{}:{}", open.place, row.number) };
                        return Some(Raw::Row { spot, row, columns: Arc::clone(&open.columns) });
                    }
                    Ok(None) => {}
                    Err(e) => {
                        let spot = Spot { position: 0, place: open.place.clone() };
                        self.current = None;
                        return Some(Raw::Fault(spot.fault(e.kind().code(), &e.to_string())));
                    }
                },
                None => {}
            }
            self.current = None;
            match self.walk.next()? {
                Step::Fault(fault) => return Some(Raw::Fault(fault)),
                Step::Note(note) => self.notes.push(note),
                Step::IndexEnds(index) => return Some(Raw::IndexEnds(index)),
                Step::File { path, place, index } => match self.begin(&path, place, index) {
                    Ok(current) => self.current = Some(current),
                    Err(fault) => return Some(Raw::Fault(fault)),
                },
            }
        }
    }

    fn begin(
        &mut self,
        path: &Path,
        place: String,
        index: Option<Arc<Index>>,
    ) -> std::result::Result<Current, SourceFault> {
        let spot = Spot { position: 0, place };
        if is_sheet(path) {
            let (sheet, note) =
                open_sheet(path, &spot.place, self.limits).map_err(|e| spot.fault(e.kind().code(), &e.to_string()))?;
            if let Some(note) = note
                && !self.notes.contains(&note)
            {
                self.notes.push(note);
            }
            return Ok(Current::Sheet(sheet));
        }
        let file = File::open(path).map_err(|e| spot.fault("legacy.file", &e.to_string()))?;
        let members = Box::new(Members::new(BufReader::new(file)));
        Ok(Current::Certificates { members, place: spot.place, index, count: 0 })
    }
}

impl Iterator for Source {
    type Item = std::result::Result<Entry, SourceFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.fill();
        }
        self.ready.pop_front()
    }
}

impl Raw {
    /// One certificate or fault; or an index that was read to its end, which may be many.
    fn parse(self, context: &Context) -> std::result::Result<std::result::Result<Entry, SourceFault>, Arc<Index>> {
        Ok(match self {
            Self::Fault(fault) => Err(fault),
            Self::Row { spot, row, columns } => row::entry(&row, &columns, spot, context),
            Self::Certificate { spot, der, index } => match read_verified(&der, &context.issuers) {
                Ok((legacy, verified)) => {
                    let mut entry = certificate::entry(legacy, verified, spot);
                    if let Some(index) = index {
                        index.apply(&mut entry);
                    }
                    context.not_ahead(entry)
                }
                Err(e) => Err(spot.fault(e.kind().code(), &e.to_string())),
            },
            Self::IndexEnds(index) => return Err(index),
        })
    }
}

/// Whether a file is a sheet by its name; one of the format before 2007 is, so that its refusal says what it is.
fn is_sheet(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ["csv", "xlsx", "xls"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Opens a sheet and finds its columns. With it what to tell about those that nobody knows.
fn open_sheet(
    path: &Path,
    place: &str,
    limits: Limits,
) -> std::result::Result<(OpenSheet, Option<SourceFault>), hufu_sheet::Error> {
    let sheet = Sheet::open(path, limits)?;
    let columns = Columns::of(sheet.heading()).map_err(|refusal| match refusal {
        Refusal::Missing(names) => {
            hufu_sheet::ErrorKind::MissingColumns(names.into_iter().map(str::to_owned).collect())
        }
        Refusal::Double(column, name) => hufu_sheet::ErrorKind::DoubleColumn(sheet.heading_place(column), name),
    })?;
    let note = (!columns.unknown.is_empty()).then(|| {
        let names = columns.unknown.iter().map(|name| hufu_model::text::printable(name)).collect::<Vec<_>>().join(", ");
        let what = format!("nothing is taken from the columns {names}");
        Spot { position: 0, place: place.to_owned() }.fault("legacy.unknown-columns", &what)
    });
    Ok((OpenSheet { sheet: Box::new(sheet), columns: Arc::new(columns), place: place.to_owned() }, note))
}

#[cfg(test)]
mod tests;
