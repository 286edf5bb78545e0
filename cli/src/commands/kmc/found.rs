//! `hufu kmc init`: founds the key centre and writes each custodian's share.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::render;
use hufu_authority::kmc::{Caps, Share};
use hufu_authority::x509::key::Passphrase;
use hufu_authority::{NewKeyCentre, SystemEntropy};

use super::{Appointed, refused};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{self, Row, row, write_new};
use crate::secrets;

/// The arguments.
#[derive(Args)]
pub(crate) struct Init {
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=16))]
    shares: u8,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=16))]
    threshold: u8,
    #[arg(long = "custodian", id = "custodian", value_name = "NAME", required = true)]
    custodians: Vec<String>,
    #[arg(long = "officer", id = "officer", value_name = "OPERATOR:PART", required = true)]
    officers: Vec<Appointed>,
    #[arg(long, value_name = "N", default_value_t = 20)]
    cap_user: u32,
    #[arg(long, value_name = "N", default_value_t = 5)]
    cap_judicial: u32,
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long = "share-passphrase-file", id = "share_passphrase_file", value_name = "FILE")]
    passphrases: Vec<PathBuf>,
    #[arg(long, conflicts_with = "share_passphrase_file")]
    clear_shares: bool,
    #[arg(long)]
    dry_run: bool,
}

/// Founds it.
pub(super) fn run(ctx: &Context, a: Init) -> Result<()> {
    let count = usize::from(a.shares);
    if a.custodians.len() != count {
        let values = vec![("shares", count.to_string()), ("custodians", a.custodians.len().to_string())];
        return Err(Error::own("cli.custodians", values));
    }
    if !a.passphrases.is_empty() && a.passphrases.len() != count {
        let values = vec![("shares", count.to_string()), ("files", a.passphrases.len().to_string())];
        return Err(Error::own("cli.share-passphrases", values));
    }
    let new = NewKeyCentre {
        name: a.name,
        threshold: a.threshold,
        custodians: a.custodians,
        officers: a.officers.into_iter().map(|Appointed(id, part)| (id, part)).collect(),
        caps: Caps { user: a.cap_user, judicial: a.cap_judicial },
    };
    if a.dry_run {
        ctx.note("note-dry-run", &[]);
        return ctx.out.list("share-list", &COLUMNS, planned(&new, &a.out, a.clear_shares));
    }
    let authority = ctx.open()?;
    let session = ctx.session(&authority)?;
    // The folder and the passphrases first: the shares exist for as long as it takes to write them.
    let folder = prepared(&a.out, count)?;
    let passphrases = passphrases(ctx, &new.custodians, &a.passphrases, a.clear_shares)?;
    let founded = authority.found_key_centre(&session, &new)?;
    let mut rows = Vec::with_capacity(count);
    for (share, passphrase) in founded.shares.iter().zip(&passphrases) {
        let path = folder.join(file_name(share.number));
        write_share(ctx, &path, share, passphrase.as_ref())?;
        rows.push(line(share.number, &share.custodian, &path, passphrase.is_none()));
    }
    ctx.out.list("share-list", &COLUMNS, rows)?;
    let proposal = founded.proposal.to_string();
    ctx.next("next-kmc-init", &[("proposal", &proposal), ("share", &folder.join(file_name(1)).display().to_string())]);
    Ok(())
}

const COLUMNS: [&str; 4] = ["share", "custodian", "file", "sealed"];

fn file_name(number: u8) -> String {
    format!("share-{number}.pem")
}

fn line(number: u8, custodian: &str, file: &Path, clear: bool) -> Row {
    row([
        ("share", number.into()),
        ("custodian", custodian.into()),
        ("file", file.display().to_string().into()),
        ("sealed", (!clear).into()),
    ])
}

fn planned(new: &NewKeyCentre, folder: &Path, clear: bool) -> Vec<Row> {
    let numbered = (1..).zip(&new.custodians);
    numbered.map(|(number, who)| line(number, who, &folder.join(file_name(number)), clear)).collect()
}

/// The folder, its owner's alone when it is made here, in which no share lies yet.
fn prepared(folder: &Path, count: usize) -> Result<PathBuf> {
    output::make_folder(folder)?;
    for number in 1..=u8::try_from(count).unwrap_or(u8::MAX) {
        let path = folder.join(file_name(number));
        if path.exists() {
            return Err(Error::own("cli.exists", vec![("path", path.display().to_string())]));
        }
    }
    Ok(folder.to_owned())
}

/// A passphrase for each custodian, from their file or typed by them; none for shares in clear.
fn passphrases(
    ctx: &Context,
    custodians: &[String],
    files: &[PathBuf],
    clear: bool,
) -> Result<Vec<Option<Passphrase>>> {
    let mut chosen = Vec::with_capacity(custodians.len());
    for (place, who) in custodians.iter().enumerate() {
        chosen.push(if clear {
            None
        } else {
            Some(secrets::fresh_share(ctx, who, files.get(place).map(PathBuf::as_path))?)
        });
    }
    Ok(chosen)
}

/// A share with a few lines before it that say to a person what it is.
fn write_share(ctx: &Context, path: &Path, share: &Share, passphrase: Option<&Passphrase>) -> Result<()> {
    let number = share.number.to_string();
    let (threshold, shares) = (share.threshold.to_string(), share.shares.to_string());
    let values: [(&str, &str); 5] = [
        ("number", &number),
        ("shares", &shares),
        ("threshold", &threshold),
        ("key", &share.kek),
        ("who", &share.custodian),
    ];
    let (label, block) = match passphrase {
        Some(passphrase) => {
            let sealed = share.to_sealed_pem(passphrase, &SystemEntropy).map_err(refused)?;
            ("share-sealed", sealed.into())
        }
        None => ("share-clear", share.to_pem()),
    };
    let mut text = hufu_authority::kmc::Secret::new(render(ctx.lang, label, &values));
    text.push('\n');
    text.push_str(&block);
    write_new(path, text.as_bytes())
}
