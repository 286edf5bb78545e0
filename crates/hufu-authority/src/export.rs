//! The whole ledger in a form that is read without this program: texts, CSV and PEM, with a description in both languages
//! of how to compute the root of the tree again.
//!
//! ```text
//! OUT/README.txt           what is here and how it is checked, in Chinese and English
//! OUT/events.ndjson        every event, decoded, with its leaf's octets and hash
//! OUT/certificates.ndjson  every certificate: serial number and DER
//! OUT/authority.pem        the authority's own certificates
//! OUT/checkpoints.pem      every signed checkpoint
//! OUT/checkpoints.csv      what they say
//! OUT/schema.csv           the tables and how their columns are stored
//! OUT/tables/NAME.csv      every row of every table that the ledger covers
//! OUT/SM3SUMS              the SM3 of every file
//! ```
//!
//! Personal fields stay sealed: they come out as the octets that lie in the database.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hufu_ledger::Value;
use hufu_ledger::event::Event;
use hufu_model::ident::{Digest, hex};
use hufu_store::{CertificateFilter, Reader, pages};
use hufu_x509::digest::Sm3;
use hufu_x509::pem;

use crate::audit::Progress;
use crate::authority::Authority;
use crate::checkpoint::{LABEL, decode};
use crate::document::fault;
use crate::error::Result;
use crate::folder;
use crate::home::{self, file_error};

/// Rows between two words about how far it is.
const STEP: u64 = 1000;

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerExport {
    /// Its folder.
    pub path: PathBuf,
    /// Events.
    pub events: u64,
    /// The root of the tree over them.
    pub root: [u8; 32],
    /// Certificates.
    pub certificates: u64,
    /// Signed checkpoints.
    pub checkpoints: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// The SM3 of its list of SM3 digests.
    pub sm3: Digest,
}

impl Authority {
    /// Writes the whole ledger into the new folder `out`, from one moment, beside whoever writes to it. Memory does not
    /// grow with the ledger.
    ///
    /// # Errors
    /// [`crate::ErrorKind::HomeExists`], [`crate::ErrorKind::BackupInside`]; file and database errors; an event that
    /// cannot be read. Nothing is left then.
    pub fn export_ledger(&self, out: &Path, progress: &dyn Fn(Progress)) -> Result<LedgerExport> {
        folder::make(out, self.home.path(), |building| {
            let mut done = self.read(|r| self.write_export(r, building, progress))?;
            out.clone_into(&mut done.path);
            Ok(done)
        })
    }

    fn write_export(&self, r: &Reader<'_>, to: &Path, progress: &dyn Fn(Progress)) -> Result<LedgerExport> {
        home::make_new_private_dir(&to.join("tables"))?;
        let mut sums = Sums::new(to);
        let of = r.event_count()?;
        let mut tree = hufu_ledger::Frontier::new();
        let events = sums.file("events.ndjson", |out| {
            r.each_leaf(|seq, hash, leaf| {
                let event = Event::decode(leaf).map_err(|e| fault("event", &e.to_string()))?;
                if hufu_ledger::leaf_hash(leaf) != hash || event.seq != seq {
                    return Err(fault("event", "its octets do not have the hash that was stored with them"));
                }
                out.line(&event_line(&event, &hash, leaf))?;
                tree.push(hash);
                if seq.is_multiple_of(STEP) {
                    progress(Progress { what: "events", done: seq, of });
                }
                Ok(())
            })
        })?;
        let certificates = sums.file("certificates.ndjson", |out| certificates(r, out, progress))?;
        let stored = r.checkpoints_after(0)?;
        sums.file("checkpoints.pem", |out| stored.iter().try_for_each(|c| out.text(&pem::encode(LABEL, &c.signed))))?;
        let checkpoints = sums.file("checkpoints.csv", |out| {
            out.head(["size", "root", "at", "origin"])?;
            for row in &stored {
                let said = decode(hufu_x509::signed_data::SignedData::from_der(&row.signed)?.content())?;
                out.cells([said.size.to_string(), hex(&said.root), said.at.to_string(), said.origin])?;
            }
            Ok(())
        })?;
        sums.file("authority.pem", |out| {
            r.authority_certificates()?.iter().try_for_each(|c| out.text(&pem::encode("CERTIFICATE", &c.der)))
        })?;
        let tables = r.tables()?;
        sums.file("schema.csv", |out| {
            out.head(["table", "column", "type", "key"])?;
            for table in &tables {
                for (n, (column, kind)) in table.columns.iter().enumerate() {
                    let key = if n < table.key { "1" } else { "0" };
                    out.cells([table.table.to_owned(), column.clone(), kind.clone(), key.to_owned()])?;
                }
            }
            Ok(())
        })?;
        let mut rows = 0;
        // The bytes of certificates stand in a file of their own.
        for table in tables.iter().filter(|t| t.table != "certificate_der") {
            let columns = table.columns.iter().map(|(name, _)| name.as_str());
            rows += sums.file(&format!("tables/{}.csv", table.table), |out| {
                out.head(columns)?;
                r.each_row(table.table, |values| {
                    if out.lines.is_multiple_of(STEP) {
                        progress(Progress { what: "rows", done: out.lines, of: 0 });
                    }
                    out.cells(values.iter().map(cell))
                })
            })?;
        }
        let root = tree.root();
        let head = format!("{}\n{}\n{} events, root {}\n\n", self.identity.name, self.origin(), of, hex(&root));
        sums.file("README.txt", |out| out.text(&format!("\u{feff}{head}{}", include_str!("export/readme.txt"))))?;
        home::sync_dir(&to.join("tables"))?;
        let sm3 = sums.finish()?;
        let path = to.to_owned();
        Ok(LedgerExport { path, events, root, certificates, checkpoints, rows, sm3 })
    }
}

fn certificates(r: &Reader<'_>, out: &mut Out, progress: &dyn Fn(Progress)) -> Result<()> {
    let of = r.certificate_count()?;
    for page in pages(
        |after| r.certificates(&CertificateFilter { after, limit: 1000, ..CertificateFilter::default() }),
        |row| row.serial.clone(),
    ) {
        let page = page?;
        for row in &page {
            let der = r.certificate_der(&row.serial)?.ok_or_else(|| fault("certificate", "its bytes are missing"))?;
            out.line(&format!(
                "{{\"serial\":{},\"subject\":{},\"not_before\":{},\"not_after\":{},\"status\":{},\"der\":\"{}\"}}",
                json(&row.serial.to_string()),
                json(&row.subject),
                row.validity.not_before(),
                row.validity.not_after(),
                json(row.status.code()),
                pem::base64(&der)
            ))?;
        }
        progress(Progress { what: "certificates", done: out.lines, of });
    }
    Ok(())
}

/// One event as one line of JSON.
fn event_line(event: &Event, hash: &[u8; 32], leaf: &[u8]) -> String {
    let list = |items: Vec<String>| items.join(",");
    let fields = list(event.fields.iter().map(|(k, v)| format!("[{},{}]", json(k), json(v))).collect());
    let effects = event.effects.iter().map(|e| {
        format!("{{\"table\":{},\"key\":\"{}\",\"digest\":\"{}\"}}", json(&e.table), hex(&e.key), hex(&e.digest))
    });
    let actor = event.actor.as_deref().map_or_else(|| "null".to_owned(), json);
    format!(
        "{{\"seq\":{},\"at\":{},\"kind\":{},\"actor\":{actor},\"object\":{},\"fields\":[{fields}],\"effects\":[{}],\
         \"hash\":\"{}\",\"leaf\":\"{}\"}}",
        event.seq,
        event.at,
        json(&event.kind),
        json(&event.object),
        list(effects.collect()),
        hex(hash),
        pem::base64(leaf)
    )
}

/// A text in JSON (RFC 8259 §7).
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A stored value as a cell: numbers in decimal, texts as they are, octets in hexadecimal, nothing for no value.
fn cell(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(n) => n.to_string(),
        Value::Real(x) => x.to_string(),
        Value::Text(text) => {
            let text = String::from_utf8_lossy(text);
            // A spreadsheet must not run it; a text that begins with an apostrophe gets a second one, so that this can
            // be taken back.
            if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
                format!("'{text}")
            } else {
                text.into_owned()
            }
        }
        Value::Blob(octets) => hex(octets),
    }
}

/// The files of an export and their digests.
struct Sums<'p> {
    folder: &'p Path,
    lines: String,
}

impl<'p> Sums<'p> {
    fn new(folder: &'p Path) -> Self {
        Self { folder, lines: String::new() }
    }

    /// Writes one file; returns how many lines of data it has.
    fn file(&mut self, name: &str, fill: impl FnOnce(&mut Out) -> Result<()>) -> Result<u64> {
        let path = self.folder.join(name);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| file_error(&path, e))?;
        let hashed = Hashed { file, sm3: Sm3::new() };
        let mut out = Out { path: path.clone(), out: BufWriter::new(hashed), lines: 0 };
        fill(&mut out)?;
        let lines = out.lines;
        let hashed = out.out.into_inner().map_err(|e| file_error(&path, e.into_error()))?;
        hashed.file.sync_all().map_err(|e| file_error(&path, e))?;
        self.lines.push_str(&format!("{}  {name}\n", hashed.sm3.finish()));
        Ok(lines)
    }

    fn finish(self) -> Result<Digest> {
        home::write_new(&self.folder.join("SM3SUMS"), self.lines.as_bytes())?;
        Ok(hufu_x509::digest::sm3(self.lines.as_bytes()))
    }
}

/// A file that is hashed as it is written.
struct Hashed {
    file: File,
    sm3: Sm3,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sm3.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// One file being written.
struct Out {
    path: PathBuf,
    out: BufWriter<Hashed>,
    lines: u64,
}

impl Out {
    fn text(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(|e| file_error(&self.path, e))
    }

    fn line(&mut self, line: &str) -> Result<()> {
        self.lines += 1;
        self.text(line)?;
        self.text("\n")
    }

    /// The head of a CSV file (RFC 4180), behind the mark by which spreadsheets know UTF-8.
    fn head<'c>(&mut self, columns: impl IntoIterator<Item = &'c str>) -> Result<()> {
        let columns: Vec<&str> = columns.into_iter().collect();
        self.text(&format!("\u{feff}{}\r\n", columns.join(",")))
    }

    fn cells(&mut self, cells: impl IntoIterator<Item = String>) -> Result<()> {
        let quoted = |cell: String| {
            let plain = !cell.contains([',', '"', '\n', '\r']);
            if plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
        };
        let cells: Vec<String> = cells.into_iter().map(quoted).collect();
        self.lines += 1;
        self.text(&format!("{}\r\n", cells.join(",")))
    }
}
