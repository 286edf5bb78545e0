//! CSV: RFC 4180, in UTF-8 with or without a mark, or in GB18030.

use std::fs::File;
use std::io::{Chain, Read, Seek};

use csv::{ReaderBuilder, StringRecord, Terminator};
use encoding_rs::{Encoding, GB18030, UTF_8};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use crate::cell::{Cell, Fault};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::read::Row;

/// What stands where octets are no characters.
const REPLACEMENT: char = '\u{fffd}';

/// What ends the last row, which may have no end of its own.
const END: &[u8] = b"\n";

/// The characters of the file, with one more end of a row behind them.
type Characters = Chain<DecodeReaderBytes<File, Vec<u8>>, &'static [u8]>;

pub(super) struct Text {
    reader: csv::Reader<Characters>,
    record: StringRecord,
    /// Line ends inside cells so far: the parser counts them with those that end rows.
    inside: u64,
}

impl Text {
    pub(super) fn open(mut file: File, limits: &Limits) -> Result<Self> {
        let encoding = encoding(&mut file, limits)?;
        file.rewind()?;
        let decoded = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_sniffing(true).build(file);
        // A row with fewer or more cells than the heading is the caller's to judge, by its number. The parser passes over
        // empty lines without a word; with one octet for the end of a row they can be counted.
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).terminator(Terminator::Any(b'\n'));
        Ok(Self { reader: builder.from_reader(decoded.chain(END)), record: StringRecord::new(), inside: 0 })
    }

    pub(super) fn next(&mut self, limits: &Limits) -> Result<Option<Row>> {
        let more = self.reader.read_record(&mut self.record).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => Error::from(e),
            other => ErrorKind::Damaged(format!("{other:?}")).into(),
        })?;
        if !more {
            return Ok(None);
        }
        self.inside += self.record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        // The parser's line is the one after the row, and its first one is 1.
        let number = self.reader.position().line().saturating_sub(1 + self.inside);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        // Trailing commas are no columns, but a million of them are no sheet.
        let filled = self.record.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).map(|(i, _)| i).last();
        if filled.is_some_and(|last| last as u64 >= u64::from(limits.columns)) {
            return Err(ErrorKind::TooLarge { what: "columns", limit: limits.columns.into() }.into());
        }
        // Of the two octets that end a row in most files, the first one is left at its last cell.
        let texts = self.record.iter().map(|text| text.strip_suffix('\r').unwrap_or(text));
        let cells = texts.take(filled.map_or(0, |last| last + 1)).map(|text| match text {
            "" => Cell::Empty,
            text if text.contains(REPLACEMENT) => Cell::Refused(Fault::Encoding),
            // What was written against formulas is taken back.
            text => Cell::Text(unguarded(text).to_owned()),
        });
        Ok(Some(Row { number, cells: cells.collect() }))
    }
}

/// A cell without the apostrophe that `write::csv` puts in front of what could run.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| crate::write::guards(rest)).unwrap_or(text)
}

/// UTF-8 where the whole file is that, otherwise GB18030; UTF-16 is told by its mark. A file with zero octets and no mark
/// is no text.
fn encoding(file: &mut File, limits: &Limits) -> Result<&'static Encoding> {
    let (mut octets, mut piece, mut rest) = (0_u64, vec![0; 64 << 10], Vec::new());
    let mut utf8 = true;
    loop {
        let read = file.read(&mut piece)?;
        let part = piece.get(..read).unwrap_or_default();
        if octets == 0
            && let Some((marked, _)) = Encoding::for_bom(part)
        {
            return Ok(marked);
        }
        if part.contains(&0) {
            return Err(ErrorKind::Unknown.into());
        }
        octets += read as u64;
        if octets > limits.octets {
            return Err(ErrorKind::TooLarge { what: "octets", limit: limits.octets }.into());
        }
        if utf8 {
            rest.extend_from_slice(part);
            match std::str::from_utf8(&rest) {
                Ok(_) => rest.clear(),
                // The rest of a character may come with the next piece.
                Err(e) if e.error_len().is_none() && read > 0 => drop(rest.drain(..e.valid_up_to())),
                Err(_) => utf8 = false,
            }
        }
        if read == 0 {
            return Ok(if utf8 { UTF_8 } else { GB18030 });
        }
    }
}
