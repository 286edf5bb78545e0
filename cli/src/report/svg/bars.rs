//! Bars that lie, whole or made of parts: names on the left, numbers at their ends.

use super::canvas::{Anchor, Area, Canvas, is_dark};
use super::{WIDTH, length, nth, number, scale, text};
use crate::report::picture::{Form, Picture};
use crate::report::words::Words;

const ROW: f64 = 27.0;
const BAR: f64 = 17.0;
const SIZE: f64 = 14.0;
const SMALL: f64 = 12.0;
/// Names take no more of the width.
const NAMES: f64 = 300.0;

/// Draws and gives the height.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture, words: Words) -> f64 {
    let total =
        |row: usize| -> i64 { picture.series.iter().filter_map(|s| s.values.get(row).copied().flatten()).sum() };
    let largest = (0..picture.names.len()).map(total).max().unwrap_or_default();
    let scale = scale::up_to(largest, 5);
    let widest = picture.names.iter().map(|name| text::width(name, SIZE)).fold(0.0, f64::max).min(NAMES);
    let left = widest + 14.0;
    // The number at the end of the longest bar stays inside.
    let number_room = text::width(&number(largest, picture.share), SIZE) + 12.0;
    let room = WIDTH - left - number_room;
    let at = |value: i64| left + length(value) / length(largest.max(1)) * room;

    let top = if picture.form == Form::Stacked { legend(canvas, picture, left) } else { 8.0 };
    let bottom = top + ROW * nth(picture.names.len());
    for mark in scale.marks.iter().filter(|mark| **mark <= largest) {
        canvas.line("grid", (at(*mark), top), (at(*mark), bottom));
        canvas.text("tick", Anchor::Middle, (at(*mark), bottom + 18.0), &number(*mark, picture.share));
    }
    for (row, name) in picture.names.iter().enumerate() {
        let y = top + ROW * nth(row) + (ROW - BAR) / 2.0;
        let base = y + BAR - 3.5;
        canvas.text("name", Anchor::End, (left - 10.0, base), &text::fit(name, SIZE, NAMES));
        let mut from = 0;
        for (place, series) in picture.series.iter().enumerate() {
            let Some(value) = series.values.get(row).copied().flatten().filter(|v| *v > 0) else { continue };
            let area = Area { x: at(from), y, width: at(from + value) - at(from), height: BAR };
            let shown = number(value, picture.share);
            let says = match picture.form {
                Form::Stacked => {
                    words.fill("picture-part", &[("name", name), ("series", &series.name), ("value", &shown)])
                }
                _ => format!("{name} {shown}"),
            };
            canvas.filled(place, area, &says);
            if picture.form == Form::Stacked {
                inside(canvas, place, area, &shown);
            }
            from += value;
        }
        // A share of the whole is 100 % everywhere and needs no saying.
        if !(picture.share && picture.form == Form::Stacked) {
            canvas.text("value", Anchor::Start, (at(total(row)) + 6.0, base), &number(total(row), picture.share));
        }
    }
    canvas.line("axis", (left, top), (left, bottom));
    bottom + 26.0
}

/// The number of a part, upon it where it fits.
fn inside(canvas: &mut Canvas, series: usize, area: Area, shown: &str) {
    let wide = text::width(shown, SMALL);
    if wide + 10.0 > area.width {
        return;
    }
    let middle = area.x + area.width / 2.0;
    let class = if is_dark(series) { "part light" } else { "part" };
    if !is_dark(series) {
        let plate = Area { x: middle - wide / 2.0 - 2.0, y: area.y + 2.0, width: wide + 4.0, height: BAR - 4.0 };
        canvas.area("plate", plate, "");
    }
    canvas.text(class, Anchor::Middle, (middle, area.y + BAR - 4.5), shown);
}

/// What the fills mean; gives where the picture begins below.
fn legend(canvas: &mut Canvas, picture: &Picture, left: f64) -> f64 {
    let mut x = left;
    let mut y = 4.0;
    for (place, series) in picture.series.iter().enumerate() {
        let name = text::fit(&series.name, SIZE, NAMES);
        let wide = 24.0 + text::width(&name, SIZE) + 24.0;
        if x > left && x + wide > WIDTH {
            x = left;
            y += 24.0;
        }
        canvas.filled(place, Area { x, y, width: 18.0, height: 14.0 }, "");
        canvas.text("legend", Anchor::Start, (x + 24.0, y + 12.0), &name);
        x += wide;
    }
    y + 28.0
}
