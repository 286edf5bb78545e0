//! Tables and sheets for people. On a terminal they fit its width without losing anything that must be copied: long names
//! are cut first, then a row takes several lines; serial numbers, digests and subjects are never cut.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::lines::{width, wrap};

/// A column: its heading, whether it holds numbers, and whether it may be cut.
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) numeric: bool,
    pub(crate) may_be_cut: bool,
}

/// Names are not cut below this width.
const SHORTEST: usize = 16;

/// What stands between two columns.
const GAP: usize = 2;

/// The lines of a table of at most `room` columns, when there is a limit.
pub(crate) fn list(columns: &[Column], rows: &[Vec<String>], room: Option<usize>) -> String {
    let widths: Vec<usize> = columns.iter().enumerate().map(|(i, c)| widest(&c.heading, rows, i)).collect();
    let all: Vec<usize> = (0..columns.len()).collect();
    let Some(room) = room.filter(|room| span(&widths) > *room) else {
        return draw(columns, rows, &all, None).concat();
    };
    if let Some(cut) = columns.iter().position(|c| c.may_be_cut) {
        let rest = span(&widths) - widths.get(cut).copied().unwrap_or_default();
        if rest + SHORTEST <= room {
            return draw(columns, rows, &all, Some((cut, room - rest))).concat();
        }
    }
    let drawn: Vec<Vec<String>> = folded(&widths, room).iter().map(|g| draw(columns, rows, g, None)).collect();
    let mut out = String::new();
    for line in 0..=rows.len() {
        for (depth, group) in drawn.iter().enumerate() {
            if let Some(text) = group.get(line).filter(|text| !text.trim().is_empty()) {
                out.push_str(if depth > 0 { "  " } else { "" });
                out.push_str(text);
            }
        }
    }
    out
}

fn widest(heading: &str, rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|r| r.get(column)).map(|cell| width(cell));
    cells.chain([width(heading)]).max().unwrap_or_default()
}

fn span(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The columns that share a line: each stands in the first one that has room for it. All lines but the first are indented.
fn folded(widths: &[usize], room: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (i, wide) in widths.iter().enumerate() {
        match groups.iter_mut().find(|(used, _)| used + GAP + wide <= room) {
            Some((used, group)) => {
                group.push(i);
                *used += GAP + wide;
            }
            None => {
                let indent = if groups.is_empty() { 0 } else { GAP };
                groups.push((indent + wide, vec![i]));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The lines of some columns, heading first; `cut` is a place among them and its width.
fn draw(columns: &[Column], rows: &[Vec<String>], chosen: &[usize], cut: Option<(usize, usize)>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(chosen.iter().filter_map(|i| columns.get(*i)).map(|c| c.heading.as_str()));
    for row in rows {
        let cell = |i: usize| match (row.get(i), cut) {
            (Some(text), Some((place, wide))) if place == i => shortened(text, wide),
            (text, _) => text.cloned().unwrap_or_default(),
        };
        table.add_row(chosen.iter().map(|i| cell(*i)));
    }
    for (place, i) in chosen.iter().enumerate() {
        let Some(column) = table.column_mut(place) else { continue };
        column.set_padding((0, 2));
        if columns.get(*i).is_some_and(|c| c.numeric) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// `text` in at most `room` columns, with `…` for what is left out.
fn shortened(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + width(c.encode_utf8(&mut [0; 4])) + 1 > room {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Names and values, one pair a line; a value that is too long for the terminal goes on below its beginning.
pub(crate) fn sheet(pairs: &[(String, String)], room: Option<usize>) -> String {
    let names = pairs.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    let mut out = String::new();
    for (name, value) in pairs {
        let room = room.map_or(usize::MAX, |room| room.saturating_sub(names + GAP).max(SHORTEST));
        for (n, line) in wrap(value, room).iter().enumerate() {
            let label = if n == 0 { name.as_str() } else { "" };
            let gap = " ".repeat(names + GAP - width(label));
            out.push_str(format!("{label}{gap}{line}").trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const SERIAL: &str = "0101a20f3e0ff9950a65c80933ccec23f3981e";

    fn column(heading: &str) -> Column {
        Column { heading: heading.to_owned(), numeric: heading == "ISSUED", may_be_cut: heading == "NAME" }
    }

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect()
    }

    #[test]
    fn without_a_limit_a_row_is_a_line() {
        let text = list(&[column("NAME"), column("ISSUED")], &rows(&[&["四川省注册中心", "7"], &["b", "12"]]), None);
        assert_eq!(text, "NAME            ISSUED\n四川省注册中心       7\nb                   12\n");
    }

    #[test]
    fn names_are_cut_where_that_is_enough() {
        let long = "National Development and Reform Commission RA";
        let text = list(&[column("NAME"), column("ISSUED")], &rows(&[&[long, "7"], &["b", "12"]]), Some(30));
        assert!(text.lines().all(|l| width(l) <= 30), "{text}");
        assert!(text.contains("National Developmen") && text.contains('…') && text.contains(" 12"), "{text}");
        assert_eq!(shortened("  国家电子政务外网", 9), "  国家电…");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn what_must_be_copied_is_never_cut() {
        let columns = ["SERIAL", "SUBJECT", "ORG", "STATUS"].map(column);
        let subject = "C=CN,ST=四川省,L=成都市,CN=张三";
        let text = list(&columns, &rows(&[&[SERIAL, subject, "lra-chengdu", "active"]]), Some(80));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[2].contains(SERIAL) && lines[2].contains(subject), "{text}");
        assert_eq!(lines[1].find("STATUS"), lines[3].find("active"), "{text}");
        assert!(lines[3].starts_with("  lra-chengdu"), "{text}");
    }

    #[test]
    fn a_sheet_goes_on_below_its_value() {
        let pairs = [("RULE".to_owned(), "a".to_owned()), ("MESSAGE".to_owned(), "one two three four five".to_owned())];
        assert_eq!(sheet(&pairs, Some(26)), "RULE     a\nMESSAGE  one two three\n         four five\n");
        assert_eq!(sheet(&pairs, None), "RULE     a\nMESSAGE  one two three four five\n");
    }
}
