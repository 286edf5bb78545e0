//! Why a file was not read or written.

use std::fmt;
use std::io;

use crate::cell::{Fault, Place};

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal of a whole file. What is wrong with one cell is a [`Fault`] in it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing failed.
    Io(io::Error),
    /// Neither a workbook (.xlsx) nor text.
    Unknown,
    /// A workbook with a password, or of the format before 2007.
    OldOrEncrypted,
    /// The workbook's parts do not make a workbook.
    Damaged(String),
    /// More than [`Limits`](crate::Limits) allow.
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Cells that are merged: which of them has the value cannot be known.
    Merged(Place),
    /// No heading, or nothing in the file at all.
    NoHeading,
    /// A cell of the heading that is not taken.
    Heading(Place, Fault),
    /// A column that the layout does not know.
    UnknownColumn(Place, String),
    /// Two columns for the same thing.
    DoubleColumn(Place, String),
    /// Columns that are needed and missing.
    MissingColumns(Vec<String>),
    /// The library that writes workbooks refused.
    NotWritten(String),
}

impl ErrorKind {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "sheet.io",
            Self::Unknown => "sheet.unknown-form",
            Self::OldOrEncrypted => "sheet.old-or-encrypted",
            Self::Damaged(_) => "sheet.damaged",
            Self::TooLarge { .. } => "sheet.too-large",
            Self::Merged(_) => "sheet.merged-cells",
            Self::NoHeading => "sheet.no-heading",
            Self::Heading(..) => "sheet.heading",
            Self::UnknownColumn(..) => "sheet.unknown-column",
            Self::DoubleColumn(..) => "sheet.double-column",
            Self::MissingColumns(_) => "sheet.missing-columns",
            Self::NotWritten(_) => "sheet.not-written",
        }
    }
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Io(e) => write!(f, "the sheet cannot be read or written: {e}"),
            ErrorKind::Unknown => f.write_str("this is neither an Excel workbook (.xlsx) nor a CSV file"),
            ErrorKind::OldOrEncrypted => {
                f.write_str("the workbook has a password or is of the old format; save it as .xlsx without a password")
            }
            ErrorKind::Damaged(what) => write!(f, "the workbook is damaged: {what}"),
            ErrorKind::TooLarge { what, limit } => {
                write!(f, "the sheet is too large: more than {limit} {what}; split it")
            }
            ErrorKind::Merged(place) => {
                write!(f, "cells are merged at {place}; unmerge them, so that each row has its own values")
            }
            ErrorKind::NoHeading => f.write_str("the first row must hold the names of the columns, and it is empty"),
            ErrorKind::Heading(place, fault) => write!(f, "the heading in {place}: {fault}"),
            ErrorKind::UnknownColumn(place, name) => {
                write!(f, "the column {name:?} in {place} is not one of the template's; rename or remove it")
            }
            ErrorKind::DoubleColumn(place, name) => {
                write!(f, "the column {name:?} in {place} says what another column says already; remove one")
            }
            ErrorKind::MissingColumns(names) => write!(f, "columns are missing: {}", names.join(", ")),
            ErrorKind::NotWritten(what) => write!(f, "the workbook cannot be written: {what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        ErrorKind::Io(e).into()
    }
}
