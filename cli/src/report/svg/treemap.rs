//! Rectangles as large as their numbers, as near to squares as they can be (Bruls, Huizing, van Wijk: squarified treemaps).

use super::canvas::{Anchor, Area, Canvas};
use super::{WIDTH, length, number, text};
use crate::report::picture::Picture;
use crate::report::words::{Words, percent};

const HEIGHT: f64 = 540.0;
/// Sizes that names are tried in, the largest first.
const SIZES: [f64; 6] = [20.0, 18.0, 16.0, 14.0, 12.0, 11.0];
/// How far lines are apart, in their size.
const LINE: f64 = 1.28;

/// Draws and gives the height.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture, words: Words) -> f64 {
    let Some(series) = picture.series.first() else { return 0.0 };
    let mut entries: Vec<(usize, i64)> =
        series.values.iter().enumerate().filter_map(|(n, v)| v.filter(|v| *v > 0).map(|v| (n, v))).collect();
    entries.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
    let sum: i64 = entries.iter().fold(0, |sum, (_, value)| sum.saturating_add(*value));
    let values: Vec<f64> = entries.iter().map(|(_, value)| length(*value)).collect();
    let areas = squarified(&values, Area { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT });
    let largest = entries.first().map_or(1, |(_, value)| *value).max(1);
    for ((place, value), area) in entries.iter().zip(areas) {
        let name = picture.names.get(*place).map_or("", String::as_str);
        let shown = number(*value, picture.share);
        let part = percent(i64::try_from(i128::from(*value) * 10_000 / i128::from(sum.max(1))).unwrap_or_default());
        let says = words.fill("picture-part", &[("name", name), ("series", &shown), ("value", &part)]);
        // The larger, the darker: size says it already, the shade makes it quicker.
        let shade = match value.saturating_mul(10) / largest {
            7.. => 0,
            4..7 => 1,
            2..4 => 2,
            1 => 3,
            _ => 4,
        };
        canvas.area(&format!("tile k{shade}"), area, &says);
        label(canvas, area, shade, name, &[&shown, &part]);
    }
    HEIGHT
}

/// The name and the numbers in the largest size in which both fit; else the name alone, else what fits of it.
fn label(canvas: &mut Canvas, area: Area, shade: usize, name: &str, below: &[&str]) {
    let room = area.width - 16.0;
    let class = if shade < 2 { "light" } else { "" };
    let smallest = SIZES.last().copied().unwrap_or_default();
    let fits = |size: f64, numbers: usize, may_cut: bool| {
        let lines = text::wrapped(name, size, room, if size > 14.0 { 2 } else { 3 });
        let cut = lines.last().is_some_and(|line| line.ends_with('…'));
        let tall = size * LINE * super::nth(lines.len()) + small(size) * LINE * super::nth(numbers) + 12.0;
        let wide = below.iter().take(numbers).all(|number| text::width(number, small(size)) <= room);
        (!lines.is_empty() && tall <= area.height && wide && (may_cut || !cut)).then_some((size, lines, numbers))
    };
    let whole = |numbers: usize| SIZES.iter().find_map(|size| fits(*size, numbers, false));
    let found = whole(below.len()).or_else(|| whole(1)).or_else(|| whole(0)).or_else(|| fits(smallest, 0, true));
    let Some((size, lines, numbers)) = found else { return };
    let mut y = area.y + 4.0;
    for line in &lines {
        y += size * LINE;
        canvas.text(&format!("tile-name z{size} {class}"), Anchor::Start, (area.x + 8.0, y - size * 0.2), line);
    }
    for number in below.iter().take(numbers) {
        y += small(size) * LINE;
        let class = format!("tile-number u{size} {class}");
        canvas.text(&class, Anchor::Start, (area.x + 8.0, y - small(size) * 0.1), number);
    }
}

/// The size of numbers below a name.
fn small(size: f64) -> f64 {
    (size * 0.78).max(10.0)
}

/// Areas for numbers that fall, in their order.
pub(super) fn squarified(values: &[f64], whole: Area) -> Vec<Area> {
    let sum: f64 = values.iter().sum();
    let mut out = Vec::with_capacity(values.len());
    if sum <= 0.0 {
        return out;
    }
    let unit = whole.width * whole.height / sum;
    let mut free = whole;
    let mut rest: Vec<f64> = values.iter().map(|value| value * unit).collect();
    while !rest.is_empty() {
        let side = free.width.min(free.height);
        let mut taken = 1;
        while let Some(more) = rest.get(..=taken) {
            if worst(more, side) > worst(rest.get(..taken).unwrap_or_default(), side) {
                break;
            }
            taken += 1;
        }
        let row: Vec<f64> = rest.drain(..taken).collect();
        free = lay(&row, free, &mut out);
    }
    out
}

/// The longest side of a row's rectangles against the shortest.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let (side, sum) = (side * side, sum * sum);
    row.iter().map(|area| (side * area / sum).max(sum / (side * area))).fold(0.0, f64::max)
}

/// Lays a row along the shorter side and gives what is left free.
fn lay(row: &[f64], free: Area, out: &mut Vec<Area>) -> Area {
    let sum: f64 = row.iter().sum();
    if free.width >= free.height {
        let width = sum / free.height;
        let mut y = free.y;
        for area in row {
            out.push(Area { x: free.x, y, width, height: area / width });
            y += area / width;
        }
        Area { x: free.x + width, width: free.width - width, ..free }
    } else {
        let height = sum / free.width;
        let mut x = free.x;
        for area in row {
            out.push(Area { x, y: free.y, width: area / height, height });
            x += area / height;
        }
        Area { y: free.y + height, height: free.height - height, ..free }
    }
}
