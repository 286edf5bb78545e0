//! `hufu upgrade`: brings a home of an older program to the schema of this one.

use std::path::PathBuf;

use clap::Args;
use hufu_authority::Authority;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;

/// The arguments.
#[derive(Args)]
pub(crate) struct Upgrade {
    #[arg(long, value_name = "DIR")]
    backup: PathBuf,
}

/// Makes the backup and upgrades the home.
pub(crate) fn run(ctx: &Context, args: Upgrade) -> Result<()> {
    let home = ctx.home();
    let bar = ctx.progress(0);
    let stage = |p: hufu_authority::Progress| ctx.stage(&bar, p.what, p.done, p.of);
    let done = Authority::upgrade(&home, &args.backup, &stage)?;
    drop(bar);
    let findings = done.report.findings.len();
    ctx.out.one(
        "upgrade",
        row([
            ("home", home.display().to_string().into()),
            ("old_schema", done.from.into()),
            ("schema_version", done.to.into()),
            ("path", done.backup.path.display().to_string().into()),
            ("sm3", done.backup.sm3.to_string().into()),
            ("outcome", if findings == 0 { "holds" } else { "altered" }.into()),
        ]),
    )?;
    if findings > 0 {
        return Err(Error::own("cli.findings", vec![("count", findings.to_string())]));
    }
    ctx.next("next-restore", &[("home", &home.display().to_string())]);
    Ok(())
}
