//! `hufu backup`: a verified copy of the home.

use std::path::PathBuf;

use clap::Args;
use hufu_authority::{BackupManifest, Keys};

use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};
use crate::views;

/// The arguments.
#[derive(Args)]
pub(crate) struct Backup {
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long)]
    without_keys: bool,
}

/// Makes the copy.
pub(crate) fn run(ctx: &Context, args: Backup) -> Result<()> {
    let authority = ctx.look()?;
    let keys = if args.without_keys { Keys::Without } else { Keys::With };
    let bar = ctx.progress(0);
    let made = authority.backup(&args.out, keys, &|p| ctx.stage(&bar, p.what, p.done, p.of))?;
    drop(bar);
    let mut shown = row([("path", made.path.display().to_string().into()), ("outcome", "holds".into())]);
    shown.extend(contents(&made.manifest));
    shown.insert("sm3".to_owned(), made.sm3.to_string().into());
    ctx.out.one("backup", shown)?;
    if args.without_keys {
        ctx.note("note-backup-without-keys", &[]);
    }
    ctx.next("next-backup", &[("path", &made.path.display().to_string())]);
    Ok(())
}

/// What a backup holds.
pub(super) fn contents(manifest: &BackupManifest) -> Row {
    row([
        ("name", manifest.name.as_str().into()),
        ("at", views::instant(manifest.at)),
        ("events", manifest.events.into()),
        ("root", hufu_authority::model::ident::hex(&manifest.root).into()),
        ("certificates", manifest.certificates.into()),
        ("schema_version", manifest.schema.into()),
        ("files", manifest.files.len().into()),
        ("octets", manifest.files.iter().map(|f| f.size).sum::<u64>().into()),
        ("keys", manifest.keys.into()),
    ])
}
