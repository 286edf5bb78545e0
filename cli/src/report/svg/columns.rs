//! Bars that stand, in the order of time; the frame that they share with lines.

use super::canvas::{Anchor, Area, Canvas};
use super::scale::Scale;
use super::{WIDTH, length, nth, number, scale, text};
use crate::report::picture::Picture;

const SIZE: f64 = 13.0;
const TOP: f64 = 22.0;
const HEIGHT: f64 = 300.0;

/// Where numbers and names of a picture in the order of time stand.
pub(super) struct Frame {
    scale: Scale,
    left: f64,
    right: f64,
    count: usize,
}

impl Frame {
    /// Draws marks and names; `right` is kept free on the right.
    pub(super) fn draw(canvas: &mut Canvas, picture: &Picture, right: f64) -> Self {
        let largest = picture.series.iter().flat_map(|s| s.values.iter().flatten()).max().copied().unwrap_or_default();
        let scale = scale::up_to(largest, 5);
        let marks: Vec<String> = scale.marks.iter().map(|mark| number(*mark, picture.share)).collect();
        let left = marks.iter().map(|mark| text::width(mark, SIZE)).fold(0.0, f64::max) + 14.0;
        let frame = Self { scale, left, right: WIDTH - right, count: picture.names.len() };
        for (mark, shown) in frame.scale.marks.iter().zip(&marks) {
            let y = frame.y(*mark);
            canvas.line(if *mark == 0 { "axis" } else { "grid" }, (left, y), (frame.right, y));
            canvas.text("tick", Anchor::End, (left - 8.0, y + 4.5), shown);
        }
        let widest = picture.names.iter().map(|name| text::width(name, SIZE)).fold(0.0, f64::max) + 14.0;
        let every = scale::every(frame.count, widest, frame.right - left);
        for (place, name) in picture.names.iter().enumerate().filter(|(place, _)| place.is_multiple_of(every)) {
            let x = frame.x(place);
            canvas.line("axis", (x, frame.base()), (x, frame.base() + 4.0));
            canvas.text("tick", Anchor::Middle, (x, frame.base() + 19.0), name);
        }
        frame
    }

    /// The middle of a place.
    pub(super) fn x(&self, place: usize) -> f64 {
        self.left + self.step() * (nth(place) + 0.5)
    }

    /// How far two places are apart.
    pub(super) fn step(&self) -> f64 {
        (self.right - self.left) / nth(self.count.max(1))
    }

    /// The height of a number.
    pub(super) fn y(&self, value: i64) -> f64 {
        TOP + HEIGHT * (1.0 - length(value) / length(self.scale.end))
    }

    /// The height of nothing.
    pub(super) fn base(&self) -> f64 {
        TOP + HEIGHT
    }

    /// The height of the whole picture.
    pub(super) fn height(&self) -> f64 {
        self.base() + 30.0
    }
}

/// Draws and gives the height.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture) -> f64 {
    let frame = Frame::draw(canvas, picture, 10.0);
    let Some(series) = picture.series.first() else { return frame.height() };
    let wide = (frame.step() * 0.68).clamp(1.0, 60.0);
    let widest =
        series.values.iter().flatten().map(|v| text::width(&number(*v, picture.share), SIZE)).fold(0.0, f64::max);
    let largest = series.values.iter().flatten().max().copied();
    let all = widest + 6.0 <= frame.step();
    for (place, value) in series.values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let (x, y) = (frame.x(place), frame.y(value));
        let shown = number(value, picture.share);
        let says = format!("{} {shown}", picture.names.get(place).map_or("", String::as_str));
        canvas.filled(0, Area { x: x - wide / 2.0, y, width: wide, height: frame.base() - y }, &says);
        // Where there is no room for all, the highest one says its number.
        if all || largest == Some(value) {
            canvas.text("value", Anchor::Middle, (x, y - 6.0), &shown);
        }
    }
    frame.height()
}
