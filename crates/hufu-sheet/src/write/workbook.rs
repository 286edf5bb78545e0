//! XLSX (ISO/IEC 29500): typed cells, a heading that stays in sight, one sheet.
//!
//! The whole sheet is in memory. The library could write rows to a temporary file instead, but sheets hold personal data,
//! and what was in a deleted file is still on the disk.

use std::io::Write;

use hufu_model::time::Instant;
use rust_xlsxwriter::{
    Chart as Drawing, ChartType, ColNum, Format, FormatAlign, FormatBorder, RowNum, Workbook, Worksheet, XlsxError,
};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::write::{Column, Kind, Table, Value};

/// 1970-01-01 as a spreadsheet counts days.
const EPOCH: f64 = 25_569.0;
/// UTC+08:00.
const OFFSET: i64 = 8 * 3600;
/// A sheet's name has no more characters.
const NAME: usize = 31;

/// Writes a table as a workbook with one sheet.
///
/// # Errors
/// [`ErrorKind::TooLarge`] for more than 1,048,576 rows; [`ErrorKind::NotWritten`]; output errors.
pub fn xlsx(table: &Table, out: impl Write + Send) -> Result<()> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(name(&table.title)).map_err(failed)?;
    for (column, c) in table.columns.iter().enumerate() {
        let at = column_number(column)?;
        sheet.write_string_with_format(0, at, &c.title, &formats.heading).map_err(failed)?;
        sheet.set_column_width(at, width(table, column, c)).map_err(failed)?;
        sheet.set_column_format(at, formats.of(c.kind)).map_err(failed)?;
    }
    for (row, values) in table.rows.iter().enumerate() {
        let row = row_number(row + 1)?;
        for (column, (value, c)) in values.iter().zip(&table.columns).enumerate() {
            put(sheet, row, column_number(column)?, value, formats.of(c.kind))?;
        }
    }
    let below = row_number(table.rows.len() + 2)?;
    for (line, note) in table.notes.iter().enumerate() {
        let row = below.saturating_add(row_number(line)?);
        sheet.write_string_with_format(row, 0, note, &formats.note).map_err(failed)?;
    }
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    if let (Ok(last), Some(columns)) = (row_number(table.rows.len()), table.columns.len().checked_sub(1)) {
        sheet.autofilter(0, 0, last, column_number(columns)?).map_err(failed)?;
    }
    draw(sheet, table)?;
    workbook.save_to_writer(out).map_err(failed)
}

fn put(sheet: &mut Worksheet, row: RowNum, column: ColNum, value: &Value, format: &Format) -> Result<()> {
    let written = match value {
        Value::Empty => return Ok(()),
        Value::Text(text) => sheet.write_string_with_format(row, column, text, format),
        #[allow(clippy::cast_precision_loss)] // A spreadsheet has no other numbers; counts are far below 2^53.
        Value::Integer(n) => sheet.write_number_with_format(row, column, *n as f64, format),
        Value::Share(share) => sheet.write_number_with_format(row, column, *share, format),
        Value::Day(day) => sheet.write_number_with_format(row, column, days(day.number() * 86_400), format),
        Value::Moment(at) => sheet.write_number_with_format(row, column, moment(*at), format),
    };
    written.map(drop).map_err(failed)
}

#[allow(clippy::cast_precision_loss)] // Seconds of some thousand years are exact.
fn days(seconds: i64) -> f64 {
    seconds as f64 / 86_400.0 + EPOCH
}

fn moment(at: Instant) -> f64 {
    days(at.unix_seconds() + OFFSET)
}

struct Formats {
    heading: Format,
    note: Format,
    text: Format,
    integer: Format,
    share: Format,
    day: Format,
    moment: Format,
}

impl Formats {
    fn new() -> Self {
        let number = |form: &str| Format::new().set_num_format(form);
        Self {
            heading: Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_align(FormatAlign::Center),
            note: Format::new().set_italic(),
            // `@` is the form that leaves 18 digits alone.
            text: number("@"),
            integer: number("#,##0"),
            share: number("0.0%"),
            day: number("yyyy-mm-dd"),
            moment: number("yyyy-mm-dd hh:mm:ss"),
        }
    }

    fn of(&self, kind: Kind) -> &Format {
        match kind {
            Kind::Text => &self.text,
            Kind::Integer => &self.integer,
            Kind::Share => &self.share,
            Kind::Day => &self.day,
            Kind::Moment => &self.moment,
        }
    }
}

fn draw(sheet: &mut Worksheet, table: &Table) -> Result<()> {
    let Some(chart) = table.chart.as_ref().filter(|chart| chart.rows.1 > 0) else { return Ok(()) };
    let name = name(&table.title);
    let first = row_number(chart.rows.0 + 1)?;
    let last = row_number(chart.rows.0 + chart.rows.1)?;
    let names = column_number(chart.names)?;
    let mut drawing = Drawing::new(ChartType::Bar);
    for bar in &chart.bars {
        let (column, title) = (column_number(*bar)?, table.columns.get(*bar).map_or("", |c| c.title.as_str()));
        drawing
            .add_series()
            .set_categories((name.as_str(), first, names, last, names))
            .set_values((name.as_str(), first, column, last, column))
            .set_name(title);
    }
    drawing.title().set_name(table.title.as_str());
    // The first row is the topmost bar.
    drawing.x_axis().set_reverse();
    let height = u32::try_from(chart.rows.1).unwrap_or(u32::MAX).saturating_mul(24).clamp(240, 1600);
    drawing.set_width(640).set_height(height);
    let beside = column_number(table.columns.len() + 1)?;
    sheet.insert_chart(1, beside, &drawing).map(drop).map_err(failed)
}

/// A name that a sheet may have: no `[]:*?/\`, not too long, not empty.
fn name(title: &str) -> String {
    let plain: String = title.chars().filter(|c| !"[]:*?/\\'".contains(*c) && !c.is_control()).take(NAME).collect();
    if plain.trim().is_empty() { "hufu".to_owned() } else { plain }
}

/// Wide enough for what is there, in characters of Latin letters; Chinese ones are twice as wide.
fn width(table: &Table, column: usize, c: &Column) -> f64 {
    let of = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<u32>();
    let shown = table.rows.iter().take(1000).filter_map(|row| row.get(column)).map(|value| match value {
        Value::Text(text) => of(text),
        Value::Integer(n) => of(&n.to_string()) * 4 / 3,
        Value::Moment(_) => 19,
        Value::Empty | Value::Share(_) | Value::Day(_) => 10,
    });
    f64::from(shown.fold(of(&c.title) + 3, u32::max).clamp(8, 60) + 2)
}

fn row_number(row: usize) -> Result<RowNum> {
    const ROWS: RowNum = 1_048_576;
    let number = RowNum::try_from(row).ok().filter(|row| *row < ROWS);
    number.ok_or_else(|| ErrorKind::TooLarge { what: "rows", limit: ROWS.into() }.into())
}

fn column_number(column: usize) -> Result<ColNum> {
    let number = ColNum::try_from(column).ok().filter(|c| u32::from(*c) < 4 * Limits::OFFICE.columns);
    number.ok_or_else(|| ErrorKind::TooLarge { what: "columns", limit: (4 * Limits::OFFICE.columns).into() }.into())
}

fn failed(e: XlsxError) -> Error {
    match e {
        XlsxError::IoError(e) => e.into(),
        e => ErrorKind::NotWritten(e.to_string()).into(),
    }
}
