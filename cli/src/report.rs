//! Reports as people and programs want them: on a terminal, as JSON, CSV, a workbook, a page of HTML. What a report says is
//! [`hufu_authority::report`]; here it is only shown, and each form stands in a file of its own.

mod bulletin;
mod document;
mod html;
mod picture;
mod sheets;
mod svg;
mod terminal;
mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use hufu_authority::report::Report;
use hufu_authority::write_atomically;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::{lines, output};
pub(crate) use words::Words;

/// The form that the name of a file asks for.
pub(crate) fn form_of(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "txt" => Format::Table,
        "htm" => Format::Html,
        other => Format::ALL.into_iter().find(|f| *f != Format::Table && f.code() == other)?,
    })
}

/// Shows a report: on standard output, or in a file that is there whole or not at all.
///
/// The form is that of `--output`; where it is not given, that of the file's name.
pub(crate) fn show(ctx: &Context, report: &Report, out: Option<&Path>) -> Result<()> {
    let standard = out.is_none_or(|path| path.as_os_str() == "-");
    let by_name = || out.filter(|_| !standard && ctx.global.output.is_none()).map(|path| (form_of(path), path));
    let format = match by_name() {
        Some((Some(format), _)) => format,
        Some((None, path)) => return Err(Error::own("cli.sheet-form", vec![("path", path.display().to_string())])),
        None => ctx.out.format,
    };
    if format.is_file() && out.is_none() {
        return Err(Error::own("cli.out-file", vec![("format", format.code().to_owned())]));
    }
    let room = if standard { lines::terminal(&io::stdout()) } else { None };
    let bytes = bytes(report, format, Words { lang: ctx.lang }, room)?;
    match out.filter(|_| !standard) {
        Some(path) => {
            write_atomically(path, &bytes)?;
            ctx.written(path);
            Ok(())
        }
        None => output::print(&bytes),
    }
}

/// A report as one document of JSON.
pub(crate) fn document(report: &Report) -> serde_json::Value {
    document::whole(report)
}

/// A report in a form.
fn bytes(report: &Report, format: Format, words: Words, room: Option<usize>) -> Result<Vec<u8>> {
    Ok(match format {
        Format::Table => terminal::text(report, words, room).into_bytes(),
        Format::Json => format!("{:#}\n", document::whole(report)).into_bytes(),
        Format::Ndjson => document::lines(report).map(|line| format!("{line}\n")).collect::<String>().into_bytes(),
        Format::Csv => sheets::csv(report)?,
        Format::Xlsx => sheets::xlsx(report, words)?,
        Format::Html => html::page(report, words).into_bytes(),
    })
}
