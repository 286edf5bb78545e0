//! Custodians' shares: read, opened, checked.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::kmc::{Share, ShareFile};

use super::{SharePassphrases, refused};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;
use crate::secrets;

/// The arguments.
#[derive(Args)]
pub(crate) struct Check {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    passphrase: SharePassphrases,
}

/// `hufu kmc check-share`: whether a share is one of this key centre's. It says nothing else about it.
pub(super) fn check(ctx: &Context, a: &Check) -> Result<()> {
    let authority = ctx.look()?;
    let kmc = hufu_authority::KeyCentre::open(authority.home())?;
    let share = opened(ctx, std::slice::from_ref(&a.file), &a.passphrase)?.remove(0);
    kmc.check_share(&share).map_err(refused)?;
    ctx.out.one(
        "share",
        row([
            ("share", share.number.into()),
            ("custodian", share.custodian.as_str().into()),
            ("key", share.kek.as_str().into()),
            ("outcome", "holds".into()),
        ]),
    )
}

/// The shares in these files; those under a passphrase take the files of passphrases in their order, then ask.
pub(super) fn opened(ctx: &Context, files: &[PathBuf], given: &SharePassphrases) -> Result<Vec<Share>> {
    let mut passphrases: VecDeque<&Path> = given.files.iter().map(PathBuf::as_path).collect();
    let mut shares = Vec::with_capacity(files.len());
    for path in files {
        let about = |e| Error::about_file(path, e);
        shares.push(match ShareFile::read(&ctx.read(path)?).map_err(about)? {
            ShareFile::Clear(share) => share,
            ShareFile::Sealed(sealed) => {
                let passphrase = secrets::share(ctx, sealed.number, &sealed.custodian, passphrases.pop_front())?;
                sealed.open(&passphrase).map_err(about)?
            }
            _ => return Err(Error::unreadable(path, "HUFU KEY SHARE")),
        });
    }
    match passphrases.pop_front() {
        Some(path) => Err(Error::own("cli.passphrase-unused", vec![("path", path.display().to_string())])),
        None => Ok(shares),
    }
}
