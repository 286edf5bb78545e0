//! A report on a terminal, or as plain text in a file: tables with their trees, and under them what was counted and how.

use hufu_authority::report::{Kind, Report, Table};

use super::bulletin;
use super::words::{NOTHING, Words};
use crate::lines;
use crate::output::table::{self, Column};

/// The whole report in lines of at most `room` columns, where there is a limit.
pub(super) fn text(report: &Report, words: Words, room: Option<usize>) -> String {
    let mut out = String::new();
    for table in &report.tables {
        if !out.is_empty() {
            out.push('\n');
        }
        if bulletin::is_prose(report, table) {
            out.push_str(&bulletin::text(report, table, words, room));
            continue;
        }
        if report.tables.len() > 1 {
            out.push_str(&format!("{}\n", words.table(table)));
        }
        out.push_str(&drawn(table, words, room));
    }
    out.push('\n');
    for note in words.notes(report) {
        let room = room.unwrap_or(usize::MAX).saturating_sub(2);
        for (n, line) in lines::wrap(&note, room).iter().enumerate() {
            out.push_str(&format!("{}{line}\n", if n == 0 { "* " } else { "  " }));
        }
    }
    out
}

fn drawn(shown: &Table, words: Words, room: Option<usize>) -> String {
    if shown.rows.is_empty() {
        return format!("{}\n", words.say("note-none"));
    }
    let columns: Vec<Column> = shown
        .columns
        .iter()
        .map(|c| Column {
            heading: words.heading(c.name),
            numeric: matches!(c.kind, Kind::Count | Kind::Share | Kind::Growth),
            may_be_cut: c.kind == Kind::Name,
        })
        .collect();
    let rows: Vec<Vec<String>> = shown
        .rows
        .iter()
        .map(|row| {
            let cells = shown.columns.iter().zip(&row.values).enumerate();
            cells
                .map(|(place, (c, value))| {
                    let text = words.value(value, c.kind).replace('\n', " ");
                    match c.kind {
                        _ if place == 0 => format!("{}{text}", "  ".repeat(row.depth)),
                        Kind::Count | Kind::Share | Kind::Growth if text.is_empty() => NOTHING.to_owned(),
                        _ => text,
                    }
                })
                .collect()
        })
        .collect();
    table::list(&columns, &rows, room)
}
