//! `hufu restore`: a new home from a backup.

use std::path::PathBuf;

use clap::Args;
use hufu_authority::{Authority, Depth, Restoring};

use super::backup::contents;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;

/// The arguments.
#[derive(Args)]
pub(crate) struct Restore {
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    #[arg(long)]
    verify: bool,
}

/// Restores it.
pub(crate) fn run(ctx: &Context, args: Restore) -> Result<()> {
    let depth = if args.verify { Depth::Deep } else { Depth::Ledger };
    let restoring = Restoring { home: ctx.home(), anchor: args.anchor, depth };
    let bar = ctx.progress(0);
    let stage = |p: hufu_authority::Progress| ctx.stage(&bar, p.what, p.done, p.of);
    let restored = Authority::restore(&args.backup, &restoring, &stage)?;
    drop(bar);
    let home = ctx.home().display().to_string();
    let anchor = restored.anchor.display().to_string();
    let verified = restored.report.as_ref();
    let mut shown = row([
        ("home", home.as_str().into()),
        ("anchor", anchor.as_str().into()),
        ("outcome", if verified.is_some() { "holds" } else { "older" }.into()),
    ]);
    shown.extend(contents(&restored.manifest));
    shown.insert("signs".to_owned(), restored.behind.is_none().into());
    ctx.out.one("restore", shown)?;
    if verified.is_none() {
        ctx.next("next-restore-older", &[("home", &home)]);
    }
    if restored.anchor_copied {
        ctx.note("note-anchor-copied", &[("path", &anchor)]);
    }
    match restored.behind {
        // The home is whole and can be read: no failure, but nobody should find out when the first certificate is due.
        Some(behind) => ctx.note("note-restored-behind", &[("reason", &Error::from(behind).text(ctx.lang))]),
        None => ctx.next("next-restore", &[("home", &home)]),
    }
    Ok(())
}
