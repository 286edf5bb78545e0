//! A report as one page of HTML that needs nothing else: no script, no font, no picture from outside, which its content
//! security policy states. It prints, it is read aloud (tables stay beside their pictures, with headings that say what
//! they head), and it is read without colour.

use std::fmt::Write;

use hufu_authority::data::Lang;
use hufu_authority::report::{Chart, Column, Kind, Report, Row, Table, Value};

use super::words::{NOTHING, Words};
use super::{bulletin, picture, svg};

const STYLE: &str = include_str!("html/style.css");

/// An identifier longer than this may go over several lines.
const LONG: usize = 24;

/// Numbers of the whole that stand above everything.
const KEY_FIGURES: usize = 6;

/// The page.
pub(super) fn page(report: &Report, words: Words) -> String {
    let title = escaped(&words.title(report));
    let lang = match words.lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<hr class=\"seal\"><hr class=\"seal\">\n<h1>{title}</h1>\n<dl class=\"about\">\n"
    );
    for (name, value) in words.about(report) {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(&name), escaped(&value));
    }
    out.push_str("</dl>\n</header>\n<main>\n");
    out.push_str(&key_figures(report, words));
    for (place, table) in report.tables.iter().enumerate() {
        if bulletin::is_prose(report, table) {
            out.push_str(&bulletin::html(report, table, words));
        } else {
            section(&mut out, report, table, place, words);
        }
    }
    out.push_str("</main>\n<footer>\n");
    rules(&mut out, report, words);
    out.push_str("</footer>\n</body>\n</html>\n");
    out
}

fn section(out: &mut String, report: &Report, table: &Table, place: usize, words: Words) {
    let title = escaped(&words.table(table));
    let _ = writeln!(out, "<section aria-labelledby=\"h{place}\">\n<h2 id=\"h{place}\">{title}</h2>");
    if let Some(picture) = picture::of(report, table, words) {
        let _ = writeln!(out, "<figure>{}</figure>", svg::draw(&picture, place, words));
    }
    if table.rows.is_empty() {
        let _ = writeln!(out, "<p class=\"none\">{}</p>\n</section>", escaped(&words.say("note-none")));
        return;
    }
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
    for column in &table.columns {
        let class = if is_number(column.kind) { " class=\"n\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escaped(&words.caption(column.name)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        line(out, &table.columns, row, bulletin::note(report, table, row), words);
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn line(out: &mut String, columns: &[Column], row: &Row, note: Option<i64>, words: Words) {
    let id = note.map(|note| format!(" id=\"note-{note}\"")).unwrap_or_default();
    let total = if row.total { " total" } else { "" };
    let _ = write!(out, "<tr{id} class=\"d{}{total}\">", row.depth.min(4));
    for (place, (column, value)) in columns.iter().zip(&row.values).enumerate() {
        let shown = words.value(value, column.kind);
        let text = if shown.is_empty() && is_number(column.kind) { NOTHING.to_owned() } else { escaped(&shown) };
        if place == 0 {
            let _ = write!(out, "<th scope=\"row\">{text}</th>");
        } else {
            let _ = write!(out, "<td{}>{text}</td>", class(column.kind, &shown));
        }
    }
    out.push_str("</tr>\n");
}

fn class(kind: Kind, shown: &str) -> &'static str {
    match kind {
        Kind::Count | Kind::Share | Kind::Growth => " class=\"n\"",
        Kind::Day | Kind::Month | Kind::Moment | Kind::Code(_) => " class=\"k\"",
        Kind::Identifier if shown.len() > LONG => " class=\"id long\"",
        Kind::Identifier => " class=\"id\"",
        Kind::Name | Kind::Text => "",
    }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Count | Kind::Share | Kind::Growth)
}

/// The numbers of the whole, from the row that adds up all others of the first table.
fn key_figures(report: &Report, words: Words) -> String {
    let Some(table) = report.tables.first() else { return String::new() };
    let top = |row: &&Row| row.total && row.depth == 0;
    let Some(row) = table.rows.iter().find(top).filter(|_| table.rows.iter().filter(top).count() == 1) else {
        return String::new();
    };
    let mut out = String::from("<ul class=\"key\">\n");
    // What the whole has itself, without its parts, is drawn and no figure of the whole.
    let own = match table.chart {
        Some(Chart::TreeMap { values, .. }) => table.columns.get(values),
        _ => None,
    };
    let says = |(c, v): &(&Column, &Value)| is_number(c.kind) && **v != Value::Empty && own != Some(c);
    let numbers = table.columns.iter().zip(&row.values).filter(says);
    for (column, value) in numbers.take(KEY_FIGURES) {
        let (name, value) = (words.caption(column.name), words.value(value, column.kind));
        let _ = writeln!(out, "<li><span>{}</span><b>{}</b></li>", escaped(&name), escaped(&value));
    }
    out.push_str("</ul>\n");
    out
}

fn rules(out: &mut String, report: &Report, words: Words) {
    if report.rules.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<ol>", escaped(&words.say("report-rules")));
    for rule in words.rules(report) {
        let _ = writeln!(out, "<li>{}</li>", escaped(&rule));
    }
    out.push_str("</ol>\n");
}

/// Text as HTML and SVG may hold it, in elements and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
