//! `hufu config`: the settings in force.

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::secrets;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Config {
    Show(Show),
}

#[derive(Args)]
pub(crate) struct Show {
    #[arg(long)]
    origin: bool,
}

/// Prints them.
pub(crate) fn run(ctx: &Context, args: Config) -> Result<()> {
    let Config::Show(a) = args;
    let agent = secrets::kept(ctx).map(|(socket, _)| socket);
    let rows: Vec<Row> = ctx
        .settings
        .iter()
        .map(|(name, value, origin)| {
            let mut shown = row([("setting", name.into()), ("value", value.into())]);
            if a.origin {
                let origin = match (&agent, value) {
                    (Some(socket), None) if name == "ca-passphrase-file" => format!("agent {}", socket.display()),
                    _ => origin.text(),
                };
                shown.insert("origin".to_owned(), origin.into());
            }
            shown
        })
        .collect();
    let file = ctx.settings.file();
    let note = if file.exists() { "note-config-file" } else { "note-no-config-file" };
    ctx.note(note, &[("path", &file.display().to_string())]);
    let columns: &[&str] = if a.origin { &["setting", "value", "origin"] } else { &["setting", "value"] };
    ctx.out.list("settings", columns, rows)
}
