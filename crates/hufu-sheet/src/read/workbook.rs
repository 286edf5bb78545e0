//! The first visible sheet of an XLSX workbook (ISO/IEC 29500).
//!
//! The parser borrows the workbook's texts, and a reader of rows would borrow the parser. So a thread of its own has both and
//! hands the rows over in batches: a few of them are in memory, beside the texts that the workbook keeps for all its cells.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use crate::cell::{Cell, Fault, Place};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::read::Row;

/// Rows that are handed over at once, and how many times that may wait to be taken.
const BATCH: usize = 256;
const WAITING: usize = 4;

type Parser = Xlsx<BufReader<File>>;

pub(super) struct Workbook {
    batches: Receiver<Message>,
    rows: std::vec::IntoIter<Row>,
    ended: bool,
}

/// What the parsing thread hands over. A thread that ends without the last two was stopped by what it parsed.
enum Message {
    Rows(Vec<Row>),
    Refused(Error),
    End,
}

impl Workbook {
    /// Takes the file that was counted: what stands under its name may be another one by now.
    pub(super) fn open(mut file: File, limits: &Limits) -> Result<Self> {
        file.rewind()?;
        let mut parser: Parser = Xlsx::new(BufReader::new(file)).map_err(refused)?;
        let visible = |s: &&calamine::Sheet| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet;
        let sheet = parser.sheets_metadata().iter().find(visible).map(|s| s.name.clone());
        let sheet = sheet.ok_or(ErrorKind::NoHeading)?;
        if let Some(merged) = parser.merge_cells_by_sheet_name(&sheet).map_err(refused)?.first() {
            let (row, column) = merged.start;
            return Err(ErrorKind::Merged(place(row, column)).into());
        }
        let (sender, batches) = sync_channel(WAITING);
        let limits = *limits;
        thread::Builder::new().name("workbook".to_owned()).spawn(move || {
            let last = match read(&mut parser, &sheet, &limits, &sender) {
                Ok(()) => Message::End,
                Err(e) => Message::Refused(e),
            };
            // Nobody listens any more when the reader was dropped.
            let _ = sender.send(last);
        })?;
        Ok(Self { batches, rows: Vec::new().into_iter(), ended: false })
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            if self.ended {
                return Ok(None);
            }
            match self.batches.recv() {
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::End) => self.ended = true,
                Ok(Message::Refused(e)) => {
                    self.ended = true;
                    return Err(e);
                }
                Err(_) => {
                    self.ended = true;
                    return Err(ErrorKind::Damaged("its parser stopped".to_owned()).into());
                }
            }
        }
    }
}

fn read(parser: &mut Parser, sheet: &str, limits: &Limits, to: &SyncSender<Message>) -> Result<()> {
    let mut cells = parser.worksheet_cells_reader(sheet).map_err(refused)?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(refused)? {
        let (row, column) = cell.pos;
        let value = if cell.formula.is_some() { Cell::Refused(Fault::Formula) } else { taken(cell.value) };
        if value == Cell::Empty {
            continue;
        }
        // Cells may stand anywhere: nothing is kept for the empty ones between them.
        if column >= limits.columns {
            return Err(ErrorKind::TooLarge { what: "columns", limit: limits.columns.into() }.into());
        }
        if row >= limits.rows {
            return Err(ErrorKind::TooLarge { what: "rows", limit: limits.rows.into() }.into());
        }
        let number = row + 1;
        match rows.last() {
            Some(last) if last.number == number => {}
            Some(last) if last.number > number => {
                let what = format!("the cell {} stands after a later row", place(row, column));
                return Err(ErrorKind::Damaged(what).into());
            }
            _ => {
                // The last row is kept to compare the next one with.
                if rows.len() > BATCH {
                    let batch = rows.drain(..BATCH).collect();
                    if to.send(Message::Rows(batch)).is_err() {
                        return Ok(());
                    }
                }
                rows.push(Row { number, cells: Vec::new() });
            }
        }
        let Some(entry) = rows.last_mut() else { continue };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if entry.cells.len() <= column {
            entry.cells.resize(column + 1, Cell::Empty);
        }
        if let Some(cell) = entry.cells.get_mut(column) {
            *cell = value;
        }
    }
    let _ = to.send(Message::Rows(rows));
    Ok(())
}

fn place(row: u32, column: u32) -> Place {
    Place::at(row.saturating_add(1), column)
}

fn taken(value: DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        #[allow(clippy::cast_precision_loss)] // Beyond 2^53 the text is refused as rounded.
        DataRef::Int(n) => Cell::Number(n as f64),
        DataRef::Float(n) => Cell::Number(n),
        DataRef::String(text) | DataRef::DurationIso(text) => text_cell(text),
        DataRef::SharedString(text) => text_cell(text.to_owned()),
        DataRef::Bool(flag) => Cell::Flag(flag),
        DataRef::DateTime(date) => Cell::Date(written(&date)),
        DataRef::DateTimeIso(text) => Cell::Date(text.replacen('T', " ", 1)),
        DataRef::Error(_) => Cell::Refused(Fault::ErrorValue),
    }
}

fn text_cell(text: String) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

fn written(date: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let days = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { days } else { format!("{days} {hour:02}:{minute:02}:{second:02}") }
}

fn refused(e: XlsxError) -> Error {
    match e {
        XlsxError::Io(e) => e.into(),
        XlsxError::Password => ErrorKind::OldOrEncrypted.into(),
        e => ErrorKind::Damaged(e.to_string()).into(),
    }
}
