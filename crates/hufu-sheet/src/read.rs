//! Reading a sheet, row by row.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use crate::cell::{Cell, Fault, Place};
use crate::error::{ErrorKind, Result};
use crate::guard;
use crate::limits::Limits;

mod text;
mod workbook;

/// What a workbook begins with: it is a ZIP archive.
const ZIP: &[u8] = b"PK\x03\x04";
/// What a workbook of the format before 2007 begins with, and one with a password.
const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];

/// One row below the heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, as a spreadsheet shows it.
    pub number: u32,
    /// Its cells, from the first column on; those that are left out at the end are empty.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column, counted from 0.
    #[must_use]
    pub fn cell(&self, column: usize) -> &Cell {
        const EMPTY: &Cell = &Cell::Empty;
        self.cells.get(column).unwrap_or(EMPTY)
    }

    /// Where that cell is.
    #[must_use]
    pub fn place(&self, column: usize) -> Place {
        Place::at(self.number, column)
    }

    /// Whether nothing stands in the whole row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(Cell::is_empty)
    }
}

/// An open sheet: its heading, and the rows below it.
pub struct Sheet {
    heading: Vec<String>,
    /// The number of the heading's row.
    heading_row: u32,
    source: Source,
    limits: Limits,
}

enum Source {
    Workbook(Box<workbook::Workbook>),
    Text(Box<text::Text>),
}

impl Sheet {
    /// Opens a workbook or a CSV file and reads its first row, the heading. Empty rows above it are passed over.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`], [`ErrorKind::OldOrEncrypted`], [`ErrorKind::Damaged`], [`ErrorKind::TooLarge`],
    /// [`ErrorKind::Merged`], [`ErrorKind::NoHeading`], [`ErrorKind::Heading`]; input errors.
    pub fn open(path: &Path, limits: Limits) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut begin = Vec::with_capacity(ZIP.len());
        (&mut file).take(ZIP.len() as u64).read_to_end(&mut begin)?;
        file.rewind()?;
        let mut source = if begin == ZIP {
            guard::check(&mut file, &limits)?;
            Source::Workbook(Box::new(workbook::Workbook::open(file, &limits)?))
        } else if begin == COMPOUND {
            return Err(ErrorKind::OldOrEncrypted.into());
        } else {
            Source::Text(Box::new(text::Text::open(file, &limits)?))
        };
        let row = loop {
            match source.next(&limits)? {
                Some(row) if row.is_empty() => {}
                Some(row) => break row,
                None => return Err(ErrorKind::NoHeading.into()),
            }
        };
        let heading = row
            .cells
            .iter()
            .enumerate()
            .map(|(i, cell)| match cell.text() {
                Ok(text) => Ok(text.into_owned()),
                Err(fault) => Err(ErrorKind::Heading(row.place(i), fault).into()),
            })
            .collect::<Result<_>>()?;
        Ok(Self { heading, heading_row: row.number, source, limits })
    }

    /// The names of the columns, as they stand there.
    #[must_use]
    pub fn heading(&self) -> &[String] {
        &self.heading
    }

    /// Where the name of a column stands, counted from 0.
    #[must_use]
    pub fn heading_place(&self, column: usize) -> Place {
        Place::at(self.heading_row, column)
    }

    /// The next row that is not empty.
    ///
    /// # Errors
    /// As [`Sheet::open`]. What is wrong with one cell is in the cell ([`Cell::Refused`]).
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        loop {
            match self.source.next(&self.limits)? {
                Some(row) if row.is_empty() => {}
                row => return Ok(row),
            }
        }
    }
}

impl Source {
    fn next(&mut self, limits: &Limits) -> Result<Option<Row>> {
        let row = match self {
            Self::Workbook(workbook) => workbook.next()?,
            Self::Text(text) => text.next(limits)?,
        };
        let Some(mut row) = row else { return Ok(None) };
        if row.number > limits.rows {
            return Err(ErrorKind::TooLarge { what: "rows", limit: limits.rows.into() }.into());
        }
        while row.cells.last().is_some_and(Cell::is_empty) {
            row.cells.pop();
        }
        for cell in &mut row.cells {
            if matches!(cell, Cell::Text(text) if text.len() > limits.cell && text.chars().count() > limits.cell) {
                *cell = Cell::Refused(Fault::TooLong);
            }
        }
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests;
