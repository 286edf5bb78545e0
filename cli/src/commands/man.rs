//! `hufu man`: manual pages, in the language of the run.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man as Page;

use crate::args;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output;

/// The arguments.
#[derive(Args)]
pub(crate) struct Man {
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the page of `hufu`, or writes a page for each command into a folder.
pub(crate) fn run(ctx: &Context, args: Man) -> Result<()> {
    let mut command = args::documented(ctx.lang);
    command.build();
    let Some(folder) = args.out else {
        return output::print(&render(command, Path::new("-"))?);
    };
    std::fs::create_dir_all(&folder).map_err(|e| Error::write(&folder, e))?;
    let mut count = 0;
    write_all(command, "hufu", &folder, &mut count)?;
    ctx.note("note-man", &[("count", &count.to_string()), ("path", &folder.display().to_string())]);
    Ok(())
}

fn write_all(command: Command, name: &str, folder: &Path, count: &mut usize) -> Result<()> {
    for sub in command.get_subcommands() {
        write_all(sub.clone(), &format!("{name}-{}", sub.get_name()), folder, count)?;
    }
    let path = folder.join(format!("{name}.1"));
    let page = render(command.name(name.to_owned()), &path)?;
    std::fs::write(&path, page).map_err(|e| Error::write(&path, e))?;
    *count += 1;
    Ok(())
}

fn render(command: Command, path: &Path) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page).map_err(|e| Error::write(path, e))?;
    Ok(page)
}
