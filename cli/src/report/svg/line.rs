//! Lines in the order of time, each with its name at its end.

use super::canvas::{Anchor, Canvas};
use super::columns::Frame;
use super::{number, text};
use crate::report::picture::{Picture, Series};

const SIZE: f64 = 14.0;
/// How far two names are apart at least.
const APART: f64 = 18.0;
/// Names take no more of the width.
const NAMES: f64 = 220.0;
/// With more points than these only the last one of a line is marked.
const MARKED: usize = 60;

/// Draws and gives the height.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture) -> f64 {
    let end = |series: &Series| series.values.iter().rposition(Option::is_some);
    let label = |series: &Series| {
        let value = end(series).and_then(|place| series.values.get(place).copied().flatten()).unwrap_or_default();
        format!("{} {}", series.name, number(value, picture.share))
    };
    let labels: Vec<String> = picture.series.iter().map(|s| text::fit(&label(s), SIZE, NAMES)).collect();
    let right = labels.iter().map(|label| text::width(label, SIZE)).fold(0.0, f64::max) + 16.0;
    let frame = Frame::draw(canvas, picture, right);
    // Below a single line the amount is seen as an area.
    if let [series] = picture.series.as_slice() {
        let mut outline = points(series, &frame);
        if let (Some(first), Some(last)) = (outline.first().copied(), outline.last().copied()) {
            outline.extend([(last.0, frame.base()), (first.0, frame.base())]);
            canvas.path("below", &outline, true);
        }
    }
    let mut names: Vec<(usize, f64, f64)> = Vec::new();
    for (nth, series) in picture.series.iter().enumerate() {
        canvas.path(&format!("curve s{}", nth % 6), &points(series, &frame), false);
        let last = end(series);
        for (place, value) in series.values.iter().enumerate() {
            let Some(value) = value else { continue };
            if picture.names.len() <= MARKED || last == Some(place) {
                let name = picture.names.get(place).map_or("", String::as_str);
                let says = format!("{name} {} {}", series.name, number(*value, picture.share));
                canvas.point(nth, (frame.x(place), frame.y(*value)), &says);
            }
        }
        if let Some((place, value)) = last.and_then(|p| Some((p, series.values.get(p).copied().flatten()?))) {
            names.push((nth, frame.x(place) + 10.0, frame.y(value) + 5.0));
        }
    }
    spread(&mut names, frame.base());
    for (nth, x, y) in names {
        canvas.text(&format!("end s{}", nth % 6), Anchor::Start, (x, y), labels.get(nth).map_or("", String::as_str));
    }
    frame.height()
}

fn points(series: &Series, frame: &Frame) -> Vec<(f64, f64)> {
    let known = series.values.iter().enumerate().filter_map(|(place, value)| value.map(|value| (place, value)));
    known.map(|(place, value)| (frame.x(place), frame.y(value))).collect()
}

/// Moves names apart that would stand upon each other: downwards, and up again from the bottom.
fn spread(names: &mut [(usize, f64, f64)], bottom: f64) {
    names.sort_by(|a, b| a.2.total_cmp(&b.2));
    let mut above = f64::NEG_INFINITY;
    for (_, _, y) in names.iter_mut() {
        *y = y.max(above + APART);
        above = *y;
    }
    let mut below = bottom + APART;
    for (_, _, y) in names.iter_mut().rev() {
        *y = y.min(below - APART);
        below = *y;
    }
}
