//! The form of every report: tables of typed values, with what they are about and how they were counted. Nothing here is
//! in any language: names of columns, codes and rules are keys of the message catalogue, and whoever shows a report puts
//! the words in. What is signed, recomputed and compared is this form.

use hufu_model::count::Unit;
use hufu_model::time::{Day, Instant};

use super::{Growth, ReportKind};

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which one.
    pub kind: ReportKind,
    /// Event time: when it happened.
    pub at: Instant,
    /// Knowledge: what the ledger had recorded by then.
    pub as_of: Instant,
    /// The period, half-open in days of UTC+08:00, where the report is about one.
    pub period: Option<(Day, Day)>,
    /// What was counted.
    pub unit: Unit,
    /// What it was narrowed to and how it was asked for: `org`, `by`, `profile`, `medium`, `deadline` … as given.
    pub asked: Vec<(&'static str, String)>,
    /// Its tables; the first one is what CSV has.
    pub tables: Vec<Table>,
    /// The rules it was counted by, as keys `rule-…` of the message catalogue, in the order of the dictionary.
    pub rules: Vec<&'static str>,
}

/// One table of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name: the key `table-…` of the message catalogue; within a report unique.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// How it is drawn.
    pub chart: Option<Chart>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name: the key `col-…` of the message catalogue, and its name in JSON and CSV.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds. Any value may be missing ([`Value::Empty`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Name`]: an organisation's name in both languages.
    Name,
    /// [`Value::Code`]: a word of a closed list, with its key's prefix: `kind` for the keys `label-kind-…`. A code without
    /// a message is shown as it is: ids of profiles are codes, too.
    Code(&'static str),
    /// [`Value::Text`].
    Text,
    /// [`Value::Text`]: serial numbers, ids, masked numbers. Never read as a number.
    Identifier,
    /// [`Value::Count`].
    Count,
    /// [`Value::Share`].
    Share,
    /// [`Value::Growth`].
    Growth,
    /// [`Value::Day`].
    Day,
    /// [`Value::Month`].
    Month,
    /// [`Value::Moment`].
    Moment,
}

impl Column {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The value of a row in a column; none when there is no such column.
    #[must_use]
    pub fn value<'r>(&self, row: &'r Row, column: &str) -> Option<&'r Value> {
        row.values.get(self.column(column)?)
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// How deep it stands in the tree that the table shows; 0 where it shows none.
    pub depth: usize,
    /// Whether it adds up others of the table, so that a picture of the parts leaves it out.
    pub total: bool,
    /// Its values, one for each column.
    pub values: Vec<Value>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing is known, or it does not apply.
    Empty,
    /// A name in Chinese and English; the latter may be empty.
    Name {
        /// In Chinese.
        zh: String,
        /// In English.
        en: String,
    },
    /// A stable code.
    Code(String),
    /// A text in no particular language.
    Text(String),
    /// A number of things.
    Count(i64),
    /// A part of a whole, or a ratio, in ten-thousandths.
    Share(i64),
    /// A value against an earlier one.
    Growth(Growth),
    /// A day of UTC+08:00.
    Day(Day),
    /// A month: its first day.
    Month(Day),
    /// An instant.
    Moment(Instant),
}

impl Value {
    pub(super) fn identifier(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub(super) fn code(code: &str) -> Self {
        Self::Code(code.to_owned())
    }

    pub(super) fn optional<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, make)
    }

    /// A part of a whole, rounded half up; nothing of nothing is no share.
    pub(super) fn share(part: i64, whole: i64) -> Self {
        if whole <= 0 {
            return Self::Empty;
        }
        let rounded = (i128::from(part) * 20_000 + i128::from(whole)).div_euclid(2 * i128::from(whole));
        i64::try_from(rounded).map_or(Self::Empty, Self::Share)
    }
}

/// How a table is drawn. Columns are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chart {
    /// One bar for each row.
    Bars {
        /// The column of the names.
        names: usize,
        /// The column of the lengths.
        values: usize,
    },
    /// One bar for each row, made of parts.
    Stacked {
        /// The column of the names.
        names: usize,
        /// The columns of the parts.
        parts: Vec<usize>,
    },
    /// A line through the rows, which are in order.
    Line {
        /// The column of the days or months.
        along: usize,
        /// The columns of the heights.
        values: Vec<usize>,
    },
    /// Rectangles as large as the numbers, one for each row, also for one that adds up others: the column holds what each
    /// row has by itself.
    TreeMap {
        /// The column of the names.
        names: usize,
        /// The column of the sizes.
        values: usize,
    },
}
