//! How long a text is, and how it is made to fit.

use crate::lines;

/// How wide `text` is at a size, in units of the view box; rather a little too wide than too narrow, since the reader's
/// fonts are not known.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| em(c) * size).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '[' | ']' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
        'A'..='Z' => 0.7,
        c if c.is_ascii() => 0.6,
        c if lines::width(c.encode_utf8(&mut [0; 4])) > 1 => 1.0,
        _ => 0.8,
    }
}

/// `text` within `room`, with `…` for what is left out; empty when not even two characters of it fit.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let mut longer = out.clone();
        longer.push(c);
        if width(&longer, size) + size * em('…') > room {
            break;
        }
        out = longer;
    }
    if out.trim().chars().count() < 2 { String::new() } else { format!("{}…", out.trim_end()) }
}

/// `text` in at most `most` lines of `room`; the last one is cut. Empty when nothing fits.
pub(super) fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    let words = pieces(text);
    for (place, piece) in words.iter().enumerate() {
        if !line.is_empty() && width(line.trim_end(), size) + width(piece.trim_end(), size) > room {
            if out.len() + 1 == most {
                let rest: String = words.get(place..).unwrap_or_default().concat();
                line.push_str(&rest);
                break;
            }
            out.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(piece);
    }
    out.push(line.trim_end().to_owned());
    let out: Vec<String> = out.iter().map(|line| fit(line, size, room)).collect();
    if out.iter().any(String::is_empty) { Vec::new() } else { out }
}

/// What stays together: a Latin word with the space behind it, a Chinese character.
fn pieces(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        let wide = lines::width(c.encode_utf8(&mut [0; 4])) > 1;
        match out.last_mut().filter(|_| open && !wide) {
            Some(last) => last.push(c),
            None => out.push(c.to_string()),
        }
        open = !wide && c != ' ';
    }
    out
}
