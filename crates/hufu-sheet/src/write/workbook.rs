//! XLSX (ISO/IEC 29500): typed cells, a heading that stays in sight, a sheet for each table, pictures beside them.
//!
//! The whole workbook is in memory. The library could write rows to a temporary file instead, but sheets hold personal data,
//! and what was in a deleted file is still on the disk.

use std::io::Write;

use hufu_model::time::Instant;
use rust_xlsxwriter::{
    Chart as Drawing, ChartFormat, ChartLegendPosition, ChartLine, ChartMarker, ChartMarkerType, ChartPatternFill,
    ChartPatternFillType, ChartSolidFill, ChartType, ColNum, Format, FormatAlign, FormatBorder, RowNum, Workbook,
    Worksheet, XlsxError,
};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::write::{Chart, ChartForm, Column, Kind, Table, Value};

/// 1970-01-01 as a spreadsheet counts days.
const EPOCH: f64 = 25_569.0;
/// UTC+08:00.
const OFFSET: i64 = 8 * 3600;
/// Paper of 210 × 297 mm, as the format numbers it.
const A4: u8 = 9;
/// A sheet's name has no more characters.
const NAME: usize = 31;

/// The sheet with the numbers of the pictures, in both languages of the product.
const NUMBERS: &str = "图表数据 Chart data";

/// Writes a table as a workbook with one sheet, and the numbers of its picture in a second one.
///
/// # Errors
/// As [`workbook`].
pub fn xlsx(table: &Table, out: impl Write + Send) -> Result<()> {
    workbook(std::slice::from_ref(table), out)
}

/// Writes tables as a workbook, a sheet for each, and the numbers of their pictures in a last one.
///
/// # Errors
/// [`ErrorKind::TooLarge`] for more than 1,048,576 rows; [`ErrorKind::NotWritten`]; output errors.
pub fn workbook(tables: &[Table], out: impl Write + Send) -> Result<()> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let mut names: Vec<String> = vec![NUMBERS.to_owned()];
    // Where the numbers of the next picture begin.
    let mut column = 0;
    for table in tables {
        let sheet = workbook.add_worksheet();
        let name = name(&table.title, &names);
        sheet.set_name(&name).map_err(failed)?;
        names.push(name);
        fill(sheet, table, &formats)?;
        if let Some(chart) = table.chart.as_ref().filter(|chart| !chart.names.is_empty()) {
            let beside = column_number(table.columns.len() + 1)?;
            let drawing = drawing(chart, column)?;
            sheet.insert_chart(1, beside, &drawing).map_err(failed)?;
            column += chart.series.len() + 2;
        }
    }
    if column > 0 {
        let sheet = workbook.add_worksheet();
        sheet.set_name(NUMBERS).map_err(failed)?;
        let charts = tables.iter().filter_map(|t| t.chart.as_ref()).filter(|chart| !chart.names.is_empty());
        let mut column = 0;
        for chart in charts {
            numbers(sheet, chart, column, &formats)?;
            column += chart.series.len() + 2;
        }
    }
    workbook.save_to_writer(out).map_err(failed)
}

fn fill(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<()> {
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
    // On paper: as wide as the page, the heading on each.
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 0).map(drop).map_err(failed)
}

/// The numbers of a picture: the names in `column`, beside them its series.
fn numbers(sheet: &mut Worksheet, chart: &Chart, column: usize, formats: &Formats) -> Result<()> {
    let names = column_number(column)?;
    sheet.write_string_with_format(0, names, &chart.title, &formats.heading).map_err(failed)?;
    sheet.set_column_width(names, 28).map_err(failed)?;
    for (row, name) in chart.names.iter().enumerate() {
        sheet.write_string_with_format(row_number(row + 1)?, names, name, &formats.text).map_err(failed)?;
    }
    let format = if chart.share { &formats.share } else { &formats.integer };
    for (place, series) in chart.series.iter().enumerate() {
        let at = column_number(column + 1 + place)?;
        sheet.write_string_with_format(0, at, &series.name, &formats.heading).map_err(failed)?;
        sheet.set_column_width(at, 14).map_err(failed)?;
        for (row, value) in series.values.iter().enumerate() {
            let Some(value) = value else { continue };
            sheet.write_number_with_format(row_number(row + 1)?, at, *value, format).map_err(failed)?;
        }
    }
    Ok(())
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

/// The forms of bars that are told apart without colour, one for each series.
const PATTERNS: [(ChartPatternFillType, &str, &str); 5] = [
    (ChartPatternFillType::Dotted90Percent, "#1F4E79", "#1F4E79"),
    (ChartPatternFillType::DiagonalStripesWideUpwards, "#C98A1B", "#F6E3BD"),
    (ChartPatternFillType::SmallGrid, "#4F7F6B", "#DDEBE4"),
    (ChartPatternFillType::DiagonalStripesWideDownwards, "#A5402D", "#F3D9D3"),
    (ChartPatternFillType::HorizontalStripesNarrow, "#6B7688", "#E4E8EE"),
];

/// The forms of the points of a line, for the same reason.
const MARKERS: [ChartMarkerType; 5] = [
    ChartMarkerType::Circle,
    ChartMarkerType::Square,
    ChartMarkerType::Triangle,
    ChartMarkerType::Diamond,
    ChartMarkerType::X,
];

/// Colours of lines and of the bars of a single series.
const INK: [&str; 5] = ["#1F4E79", "#C98A1B", "#4F7F6B", "#A5402D", "#6B7688"];

/// A picture of the numbers that begin in `column` of the last sheet.
fn drawing(chart: &Chart, column: usize) -> Result<Drawing> {
    let (first, last) = (1, row_number(chart.names.len())?);
    let names = column_number(column)?;
    let mut drawing = Drawing::new(match chart.form {
        ChartForm::Bars => ChartType::Bar,
        ChartForm::Stacked => ChartType::BarStacked,
        ChartForm::Columns => ChartType::Column,
        ChartForm::Line => ChartType::Line,
    });
    for (place, series) in chart.series.iter().enumerate() {
        let at = column_number(column + 1 + place)?;
        let ink = INK.get(place % INK.len()).copied().unwrap_or_default();
        let added = drawing
            .add_series()
            .set_categories((NUMBERS, first, names, last, names))
            .set_values((NUMBERS, first, at, last, at))
            .set_name(series.name.as_str())
            .set_gap(40);
        if chart.form == ChartForm::Line {
            let marker = MARKERS.get(place % MARKERS.len()).copied().unwrap_or(ChartMarkerType::Circle);
            added.set_format(ChartFormat::new().set_line(ChartLine::new().set_color(ink).set_width(2)));
            added.set_marker(ChartMarker::new().set_type(marker).set_size(5));
        } else if let Some((pattern, front, back)) =
            PATTERNS.get(place % PATTERNS.len()).filter(|_| chart.series.len() > 1)
        {
            let mut fill = ChartPatternFill::new();
            fill.set_pattern(*pattern).set_foreground_color(*front).set_background_color(*back);
            let border = ChartLine::new().set_color(*front).clone();
            added.set_format(ChartFormat::new().set_pattern_fill(&fill).set_border(&border));
        } else {
            added.set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(ink)));
        }
    }
    drawing.title().set_name(chart.title.as_str());
    if chart.series.len() > 1 {
        drawing.legend().set_position(ChartLegendPosition::Bottom);
    } else {
        drawing.legend().set_hidden();
    }
    let numbers = if chart.share { "0%" } else { "#,##0" };
    let lying = matches!(chart.form, ChartForm::Bars | ChartForm::Stacked);
    let count = u32::try_from(chart.names.len()).unwrap_or(u32::MAX);
    drawing.y_axis().set_num_format(numbers);
    if lying {
        // The first name is on top.
        drawing.x_axis().set_reverse().set_label_interval(1);
        drawing.set_width(720).set_height(count.saturating_mul(24).saturating_add(90).clamp(280, 1600));
    } else {
        drawing.set_width(count.saturating_mul(18).clamp(640, 1400)).set_height(380);
    }
    Ok(drawing)
}

/// A name that a sheet may have: no `[]:*?/\`, not too long, not empty, and not one that another sheet has.
fn name(title: &str, taken: &[String]) -> String {
    let plain =
        |most| title.chars().filter(|c| !"[]:*?/\\'".contains(*c) && !c.is_control()).take(most).collect::<String>();
    let first = Some(plain(NAME)).filter(|plain| !plain.trim().is_empty()).unwrap_or_else(|| "hufu".to_owned());
    // Sheets are told apart without regard to case.
    let free = |name: &String| !taken.iter().any(|t| t.to_lowercase() == name.to_lowercase());
    let numbered = (2..).map(|n: u32| format!("{} {n}", plain(NAME - 5)));
    std::iter::once(first).chain(numbered).find(free).unwrap_or_default()
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
