//! The paragraph of the bulletin in words.

use hufu_authority::report::Report;

use super::words::Words;

/// The paragraph and its footnotes as text; nothing for another report.
pub(super) fn text(_report: &Report, _words: Words, _room: Option<usize>) -> String {
    String::new()
}

/// The same as HTML.
pub(super) fn html(_report: &Report, _words: Words) -> String {
    String::new()
}
