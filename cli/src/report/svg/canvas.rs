//! Elements of SVG, escaped. Looks are classes of the page's style sheet (`html/style.css`).

use std::fmt::Write;

use crate::report::html::escaped;

/// An `svg` element that is being drawn.
pub(super) struct Canvas {
    place: usize,
    body: String,
}

/// Where a text stands about its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Fills that are told apart without colour: the ground, the ink, and the strokes of a tile of 8 by 8.
const FILLS: [(&str, &str, &str); 6] = [
    ("#1f4e79", "#1f4e79", ""),
    ("#f8e6c0", "#b87a12", "<path d=\"M-2 2L2 -2M0 8L8 0M6 10L10 6\" stroke-width=\"2.2\"/>"),
    ("#dfeee6", "#3f7359", "<circle cx=\"2\" cy=\"2\" r=\"1.3\"/><circle cx=\"6\" cy=\"6\" r=\"1.3\"/>"),
    ("#f6dcd6", "#a03a28", "<path d=\"M0 0L8 8M8 0L0 8\" stroke-width=\"1.3\"/>"),
    ("#eceff3", "#5f6b7c", "<path d=\"M0 2H8M0 6H8\" stroke-width=\"1.3\"/>"),
    ("#e9e2f1", "#5c4389", "<path d=\"M2 0V8M6 0V8\" stroke-width=\"1.3\"/>"),
];

impl Canvas {
    /// An empty one; `place` is its number in the page.
    pub(super) const fn new(place: usize) -> Self {
        Self { place, body: String::new() }
    }

    /// A line.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(short);
        let _ = write!(self.body, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }

    /// A line through points, or a shape that they enclose.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)], closed: bool) {
        let mut d = String::new();
        for (n, (x, y)) in points.iter().enumerate() {
            let _ = write!(d, "{}{} {}", if n == 0 { 'M' } else { 'L' }, short(*x), short(*y));
        }
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{d}{}\"/>", if closed { "Z" } else { "" });
    }

    /// A text on its base line.
    pub(super) fn text(&mut self, class: &str, anchor: Anchor, (x, y): (f64, f64), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.body,
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{}\" y=\"{}\">{}</text>",
            short(x),
            short(y),
            escaped(text)
        );
    }

    /// A rectangle with a class; `says` is what it tells when it is pointed at.
    pub(super) fn area(&mut self, class: &str, area: Area, says: &str) {
        let _ = write!(self.body, "<rect class=\"{class}\" {}>{}</rect>", place(area), tip(says));
    }

    /// A rectangle with the fill of the series `nth`.
    pub(super) fn filled(&mut self, nth: usize, area: Area, says: &str) {
        let (_, ink, _) = fill(nth);
        let _ = write!(
            self.body,
            "<rect fill=\"url(#f{}-{})\" stroke=\"{ink}\" {}>{}</rect>",
            self.place,
            nth % FILLS.len(),
            place(area),
            tip(says)
        );
    }

    /// A point of the series `nth`: each has a form of its own.
    pub(super) fn point(&mut self, nth: usize, (x, y): (f64, f64), says: &str) {
        let form = match nth % 4 {
            0 => format!("<circle r=\"3.4\" cx=\"{}\" cy=\"{}\">", short(x), short(y)),
            1 => format!("<path d=\"M{} {}h6.4v6.4h-6.4z\">", short(x - 3.2), short(y - 3.2)),
            2 => format!("<path d=\"M{} {}l4.2 7h-8.4z\">", short(x), short(y - 4.2)),
            _ => format!("<path d=\"M{} {}l4.4 4.4l-4.4 4.4l-4.4 -4.4z\">", short(x), short(y - 4.4)),
        };
        let end = if form.starts_with("<circle") { "</circle>" } else { "</path>" };
        let _ = write!(self.body, "<g class=\"point s{}\">{form}{}{end}</g>", nth % FILLS.len(), tip(says));
    }

    /// The element: `height` high, with a title and a description.
    pub(super) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        let Self { place, body } = self;
        let (width, height) = (short(width), short(height));
        let mut patterns = String::new();
        for (nth, (ground, ink, strokes)) in FILLS.iter().enumerate() {
            let _ = write!(
                patterns,
                "<pattern id=\"f{place}-{nth}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
                 <path d=\"M0 0H8V8H0Z\" fill=\"{ground}\"/><g stroke=\"{ink}\" fill=\"{ink}\">{strokes}</g></pattern>"
            );
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"t{place} d{place}\"><title id=\"t{place}\">{}</title><desc id=\"d{place}\">{}</desc>\
             <defs>{patterns}</defs>{body}</svg>",
            escaped(title),
            escaped(description)
        )
    }
}

fn fill(nth: usize) -> (&'static str, &'static str, &'static str) {
    FILLS.get(nth % FILLS.len()).copied().unwrap_or_default()
}

/// Whether text upon the fill of a series must be light.
pub(super) fn is_dark(nth: usize) -> bool {
    nth.is_multiple_of(FILLS.len())
}

fn place(area: Area) -> String {
    let [x, y, width, height] = [area.x, area.y, area.width.max(0.0), area.height.max(0.0)].map(short);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn tip(says: &str) -> String {
    if says.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(says)) }
}

/// A length with a digit behind the point where it has one.
fn short(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
