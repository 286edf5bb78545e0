//! Spreadsheets from and for people. Registration offices live in them: what comes in is untrusted, what goes out must
//! open in their programs without running anything or losing a digit.
//!
//! | for | start at |
//! |---|---|
//! | reading an XLSX workbook or a CSV file, row by row | [`Sheet::open`] |
//! | finding columns by their Chinese or English names | [`Layout`] |
//! | writing a table as CSV or XLSX | [`Table`], [`write::csv`], [`write::xlsx`], [`write::workbook`] for several |
//! | handing a sheet back with what was found in its rows | [`annotate`], [`list`] |
//!
//! # What may come in
//! A workbook is unpacked and counted before anything parses it ([`Limits`]): a small file that unpacks to gigabytes, or
//! one that claims a million columns, is refused in bounded time and memory. Only the first visible sheet is read. A
//! formula, a merged cell and an error value are named with their place and never guessed at: what a program that
//! computes no formulas sees is an old result. A CSV file has rows that end with LF or CR LF, and is UTF-8, with or
//! without a mark, or GB18030 (GB 18030-2022), told apart by trying.
//!
//! # What goes out
//! Text stays text: an identity number of 18 digits written as a number loses its last three ([`Fault::Mangled`] is what
//! that looks like when it comes back). In CSV, which has no types, a cell that a spreadsheet would run as a formula gets
//! an apostrophe in front. Nothing is written to temporary files: sheets hold personal data.

mod cell;
mod error;
mod findings;
mod guard;
mod layout;
mod limits;
mod read;
pub mod write;

pub use cell::{Cell, Fault, Place};
pub use error::{Error, ErrorKind, Result};
pub use findings::{FindingsForm, annotate, list};
pub use layout::{Field, Layout};
pub use limits::Limits;
pub use read::{Row, Sheet};
pub use write::{Column, Kind, Table, Value};
