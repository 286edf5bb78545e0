//! Pictures as SVG inside a page: no script, nothing loaded, told apart without colour by pattern, form and place, each
//! with a title and a description for those who do not see it. What is drawn is decided in `picture.rs`; here only where.
//!
//! Lengths are units of the view box, which is [`WIDTH`] wide; the page scales it. Text is measured by [`text::width`] and
//! never leaves its place: what does not fit is cut or left to the table beside the picture.

mod bars;
mod canvas;
mod columns;
mod line;
mod scale;
mod text;
mod treemap;

use super::picture::{Form, Picture};
use super::words::{Words, count, percent};
use canvas::Canvas;

/// How wide every picture is.
const WIDTH: f64 = 960.0;

/// The picture as an `svg` element; `place` makes the ids of its parts unique in the page.
pub(super) fn draw(picture: &Picture, place: usize, words: Words) -> String {
    let mut canvas = Canvas::new(place);
    let height = match picture.form {
        Form::Bars | Form::Stacked => bars::draw(&mut canvas, picture, words),
        Form::Columns => columns::draw(&mut canvas, picture),
        Form::Line => line::draw(&mut canvas, picture),
        Form::TreeMap => treemap::draw(&mut canvas, picture, words),
    };
    canvas.finish(WIDTH, height, &picture.title, &description(picture, words))
}

/// What a picture shows, in a sentence: its largest and how many there are.
fn description(picture: &Picture, words: Words) -> String {
    let Some(first) = picture.series.first() else { return String::new() };
    let largest = first.values.iter().enumerate().max_by_key(|(_, value)| value.unwrap_or(i64::MIN));
    let (name, value) = largest.map_or(("", 0), |(place, value)| {
        (picture.names.get(place).map_or("", String::as_str), value.unwrap_or_default())
    });
    let series: Vec<&str> = picture.series.iter().map(|s| s.name.as_str()).collect();
    let values = [
        ("count", picture.names.len().to_string()),
        ("series", series.join(words.say("list-comma").as_str())),
        ("name", name.to_owned()),
        ("value", number(value, picture.share)),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    words.fill("picture-says", &values)
}

/// A number of a picture as people read it.
fn number(value: i64, share: bool) -> String {
    if share { percent(value) } else { count(value) }
}

/// A count as a length.
#[allow(clippy::cast_precision_loss)] // Counts are far below 2^53, and a picture has some hundred dots.
fn length(value: i64) -> f64 {
    value.max(0) as f64
}

/// A place in a row as a length.
#[allow(clippy::cast_precision_loss)] // Some hundred places.
fn nth(place: usize) -> f64 {
    place as f64
}

#[cfg(test)]
mod tests;
