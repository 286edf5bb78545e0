//! The paragraph of the bulletin: prose in place of a table, each figure with the number of its footnote behind it. The
//! footnotes are the table below it, which says by which rule a figure was counted and which command gives it again.

use hufu_authority::data::Lang;
use hufu_authority::report::{Report, ReportKind, Row, Table, Value};

use super::html::escaped;
use super::words::{Words, count};
use crate::lines;

/// Whether a table is prose.
pub(super) fn is_prose(report: &Report, table: &Table) -> bool {
    report.kind == ReportKind::Bulletin && table.name == "paragraph"
}

/// The paragraph as text: `29[1]`.
pub(super) fn text(report: &Report, paragraph: &Table, words: Words, room: Option<usize>) -> String {
    let pieces = pieces(report, paragraph, words);
    let marked: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Said(text) => text.clone(),
            Piece::Note(note) => format!("[{note}]"),
        })
        .collect();
    format!("{}\n", lines::wrap(&marked.concat(), room.unwrap_or(usize::MAX)).join("\n"))
}

/// The paragraph as HTML, each figure with a link to its footnote.
pub(super) fn html(report: &Report, paragraph: &Table, words: Words) -> String {
    let pieces = pieces(report, paragraph, words);
    let marked: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Said(text) => escaped(text),
            Piece::Note(note) => format!("<sup><a href=\"#note-{note}\">[{note}]</a></sup>"),
        })
        .collect();
    format!("<p class=\"prose\">{}</p>\n", marked.concat())
}

/// The number of the footnote that a row of a table is; none for other tables.
pub(super) fn note(report: &Report, table: &Table, row: &Row) -> Option<i64> {
    match table.value(row, "note") {
        Some(Value::Count(note)) if report.kind == ReportKind::Bulletin => Some(*note),
        _ => None,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Said(String),
    Note(i64),
}

/// The paragraph in pieces: after each figure that a footnote explains comes its number.
fn pieces(report: &Report, paragraph: &Table, words: Words) -> Vec<Piece> {
    let sentences = paragraph.rows.iter().filter_map(|row| match row.values.first() {
        Some(Value::Name { zh, en }) => Some(words.name(zh, en).to_owned()),
        _ => None,
    });
    let between = if words.lang == Lang::Zh { "" } else { " " };
    let whole = sentences.collect::<Vec<_>>().join(between);
    let mut rest = whole.as_str();
    let mut out = Vec::new();
    let footnotes = report.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    for (table, row) in footnotes {
        let Some(note) = note(report, table, row) else { continue };
        let found = said(table, row, words).iter().find_map(|text| whole_in(rest, text));
        // What the paragraph does not say needs no number there.
        let Some((before, after)) = found.and_then(|end| rest.split_at_checked(end)) else { continue };
        out.extend([Piece::Said(before.to_owned()), Piece::Note(note)]);
        rest = after;
    }
    out.push(Piece::Said(rest.to_owned()));
    out
}

/// How the paragraph may say a figure: a name; a number, or a large one in whole tens of thousands.
fn said(table: &Table, row: &Row, words: Words) -> Vec<String> {
    if let Some(Value::Name { zh, en }) = table.value(row, "name") {
        return vec![words.name(zh, en).to_owned()];
    }
    let Some(Value::Count(n)) = table.value(row, "count") else { return Vec::new() };
    let mut out = vec![count(*n)];
    for tens in [n / 10_000, n / 10_000 + 1].into_iter().filter(|_| *n >= 100_000) {
        out.push(if words.lang == Lang::Zh { format!("{tens}万") } else { count(tens * 10_000) });
    }
    out
}

/// Where `wanted` ends in `text`, as a whole: 9 is not in 29.
fn whole_in(text: &str, wanted: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
    let digits = wanted.starts_with(part);
    text.match_indices(wanted).map(|(at, _)| (at, at + wanted.len())).find_map(|(from, to)| {
        let before = text.get(..from)?.chars().next_back().is_some_and(|c| digits && part(c));
        let mut behind = text.get(to..)?.chars();
        let after = digits
            && behind
                .next()
                .is_some_and(|c| c.is_ascii_digit() || (c == ',' && behind.next().is_some_and(|c| c.is_ascii_digit())));
        (!before && !after && !wanted.is_empty()).then_some(to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_as_a_whole() {
        assert_eq!(whole_in("29 and 9, then", "9"), Some(8));
        assert_eq!(whole_in("60,256 of 256", "256"), Some(13));
        assert_eq!(whole_in("in all 710,000 pairs", "710,000"), Some(14));
        assert_eq!(whole_in("共71万对", "71万"), Some("共71万".len()));
        assert_eq!(whole_in("none", "9"), None);
        assert_eq!(whole_in("none", ""), None);
    }
}
