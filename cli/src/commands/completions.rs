//! `hufu completions`: what the shell needs to complete our commands.

use clap::Args;
use clap_complete::Shell;

use crate::args;
use crate::context::Context;
use crate::error::Result;
use crate::output;

/// The arguments.
#[derive(Args)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(ctx: &Context, args: Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::documented(ctx.lang), "hufu", &mut script);
    output::print(&script)
}
