//! Writing a table for people who open it in a spreadsheet.

use hufu_model::time::{Day, Instant};

mod text;
mod workbook;

pub use text::{CsvWriter, csv};
pub use workbook::{workbook, xlsx};

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Empty,
    /// Text. Identity numbers and serial numbers are text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A part of a whole, shown as percent: 0.3 is 30 %.
    Share(f64),
    /// A day of UTC+08:00.
    Day(Day),
    /// A moment, shown in UTC+08:00.
    Moment(Instant),
}

/// What a column holds; its empty cells and its heading do not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, never anything else.
    Text,
    /// Whole numbers.
    Integer,
    /// Percent.
    Share,
    /// Days.
    Day,
    /// Moments.
    Moment,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it is called; the name of its sheet.
    pub title: String,
    /// Said below the table in a workbook, a line each: the rules by which it was counted, and the times. Not in CSV,
    /// where every line is a row.
    pub notes: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; a row that is too short is filled with nothing.
    pub rows: Vec<Vec<Value>>,
    /// What is drawn beside it.
    pub chart: Option<Chart>,
}

/// A picture beside a table. It has numbers of its own, since a table with its totals would draw the whole among its
/// parts; they stand in the last sheet of the workbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it is called.
    pub title: String,
    /// How it is drawn.
    pub form: ChartForm,
    /// The names along it.
    pub names: Vec<String>,
    /// The numbers, one for each name.
    pub series: Vec<Series>,
    /// Whether the numbers are parts of a whole, shown as percent.
    pub share: bool,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartForm {
    /// Bars that lie, the first name on top.
    Bars,
    /// Bars made of their parts, lying.
    Stacked,
    /// Bars that stand, the first name on the left.
    Columns,
    /// Lines, the first name on the left.
    Line,
}

/// One row of numbers of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it says.
    pub name: String,
    /// Its numbers; nothing where nothing is known.
    pub values: Vec<Option<f64>>,
}

/// Whether a spreadsheet would run this text as a formula, or drop its first character; also behind apostrophes, so that
/// one that was there and one that was put there are told apart.
pub(crate) fn guards(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])
}

#[cfg(test)]
mod tests;
