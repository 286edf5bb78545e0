//! One cell of a sheet that came in, and what can be wrong with it.

use std::borrow::Cow;
use std::fmt;

/// Where a cell is, as a spreadsheet shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The row, counted from 1.
    pub row: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl Place {
    /// In a row counted from 1 and a column counted from 0, as they are read.
    pub(crate) fn at(row: u32, column: impl TryInto<u32>) -> Self {
        Self { row, column: column.try_into().unwrap_or(u32::MAX).saturating_add(1) }
    }
}

impl fmt::Display for Place {
    /// `B7`: the second column of the seventh row.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = Vec::new();
        let mut rest = self.column;
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
            rest /= 26;
        }
        let letters: String = letters.into_iter().rev().collect();
        write!(f, "{letters}{}", self.row)
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text, as it was typed.
    Text(String),
    /// A number. CSV has none: everything there is text.
    Number(f64),
    /// A day or a moment, written `2026-11-24` or `2026-11-24 08:30:00`.
    Date(String),
    /// True or false.
    Flag(bool),
    /// Something that is not taken.
    Refused(Fault),
}

/// Why a cell is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It holds a formula. Its shown result is what some program computed at some time.
    Formula,
    /// It shows an error like `#N/A`.
    ErrorValue,
    /// A long number that the spreadsheet rounded: `5.10105E+17`, or a number of more than 15 digits.
    Mangled,
    /// It has octets that are no characters in the file's encoding.
    Encoding,
    /// It is longer than [`Limits::cell`](crate::Limits::cell).
    TooLong,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Formula => "sheet.formula",
            Self::ErrorValue => "sheet.error-value",
            Self::Mangled => "sheet.mangled-number",
            Self::Encoding => "sheet.encoding",
            Self::TooLong => "sheet.cell-too-long",
        }
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Formula => "it holds a formula; replace it by its value",
            Self::ErrorValue => "it shows an error value; type the value",
            Self::Mangled => "the spreadsheet rounded a long number; format the column as text and type it again",
            Self::Encoding => "it is neither UTF-8 nor GB18030; save the file as UTF-8",
            Self::TooLong => "it is longer than 32,767 characters",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

/// The first number whose neighbours a spreadsheet cannot tell apart: it keeps 15 digits.
const ROUNDED: f64 = 1e15;

impl Cell {
    /// Whether nothing stands there: no text but white space.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// What a person reads there, trimmed. A whole number has no fraction; a flag is `yes` or `no`.
    ///
    /// # Errors
    /// The fault of a cell that is not taken; [`Fault::Mangled`] for a number that lost digits.
    pub fn text(&self) -> Result<Cow<'_, str>, Fault> {
        match self {
            Self::Empty => Ok(Cow::Borrowed("")),
            Self::Text(text) if mangled(text.trim()) => Err(Fault::Mangled),
            Self::Text(text) | Self::Date(text) => Ok(Cow::Borrowed(text.trim())),
            Self::Number(n) if n.abs() >= ROUNDED => Err(Fault::Mangled),
            Self::Number(n) => Ok(Cow::Owned(n.to_string())),
            Self::Flag(true) => Ok(Cow::Borrowed("yes")),
            Self::Flag(false) => Ok(Cow::Borrowed("no")),
            Self::Refused(fault) => Err(*fault),
        }
    }
}

/// A long number as a spreadsheet shows it and CSV keeps it: `5.10105E+17`.
fn mangled(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    whole.len() == 1 && number(whole) && number(fraction) && number(exponent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_read_as_in_a_spreadsheet() {
        for (column, text) in [(1, "A7"), (26, "Z7"), (27, "AA7"), (702, "ZZ7"), (703, "AAA7"), (16384, "XFD7")] {
            assert_eq!(Place { row: 7, column }.to_string(), text);
        }
    }

    #[test]
    fn a_rounded_identity_number_is_never_taken_for_one() {
        for cell in [
            Cell::Number(110_105_194_912_310_020.0),
            Cell::Text("1.10105E+17".to_owned()),
            Cell::Text(" 1E+17 ".to_owned()),
            Cell::Number(1e15),
        ] {
            assert_eq!(cell.text(), Err(Fault::Mangled), "{cell:?}");
        }
        for (cell, text) in [
            (Cell::Number(13_800_138_000.0), "13800138000"),
            (Cell::Number(0.5), "0.5"),
            (Cell::Text(" 11010519491231002X ".to_owned()), "11010519491231002X"),
            (Cell::Text("E+7".to_owned()), "E+7"),
            (Cell::Text("1E7".to_owned()), "1E7"),
            (Cell::Flag(true), "yes"),
            (Cell::Date("2026-11-24".to_owned()), "2026-11-24"),
        ] {
            assert_eq!(cell.text().unwrap(), text);
        }
    }
}
