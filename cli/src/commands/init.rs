//! `hufu init`: founds a home.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use hufu_authority::data::render;
use hufu_authority::model::crl::DEFAULT_SHARDS;
use hufu_authority::model::ident::OperatorId;
use hufu_authority::x509::csr::Csr;
use hufu_authority::x509::key::PublicKey;
use hufu_authority::{Authority, ErrorKind, Founding, HomePassphrases, NewAdministrator};
use serde_json::json;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;
use crate::secrets::{self, Which, fresh};

/// The arguments.
#[derive(Args)]
pub(crate) struct Init {
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    name_en: String,
    #[arg(long, value_name = "URL")]
    base_http: String,
    #[arg(long, value_name = "URL")]
    base_ldap: Option<String>,
    #[arg(long, value_name = "DIR")]
    anchor: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=127))]
    instance: u8,
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SHARDS, value_parser = clap::value_parser!(u16).range(..=1024))]
    crl_shards: u16,
    #[arg(long = "administrator", id = "administrator", value_name = "ID:NAME:CSR", required = true)]
    administrators: Vec<Administrator>,
    #[arg(long)]
    create_passphrases: bool,
    #[arg(long)]
    dry_run: bool,
}

/// `ID:NAME:CSR-FILE`.
#[derive(Clone)]
pub(crate) struct Administrator {
    id: OperatorId,
    name: String,
    csr: PathBuf,
}

impl FromStr for Administrator {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(id), Some(name), Some(csr)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("it has not the form ID:NAME:CSR".to_owned());
        };
        Ok(Self { id: id.parse().map_err(|e| format!("{e}"))?, name: name.to_owned(), csr: PathBuf::from(csr) })
    }
}

/// Founds the home.
pub(crate) fn run(ctx: &Context, args: Init) -> Result<()> {
    let administrators = two_people(ctx, args.administrators)?;
    let founding = Founding {
        name: args.name,
        name_en: args.name_en,
        base_http: args.base_http,
        base_ldap: args.base_ldap,
        anchor: args.anchor,
        root_key: args.root_key,
        instance: args.instance,
        crl_shards: args.crl_shards,
        administrators,
    };
    let home = ctx.home();
    let shown = home.display().to_string();
    // Before any passphrase is asked for or made.
    if home.is_file() || std::fs::read_dir(&home).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(hufu_authority::Error::from(ErrorKind::HomeExists(home)).into());
    }
    if args.dry_run {
        ctx.note("note-dry-run", &[]);
        return ctx.out.one("founding", summary(&founding, &shown, json!(null)));
    }
    let ca = fresh(ctx, Which::Ca, args.create_passphrases)?;
    let founded = fresh(ctx, Which::Home, args.create_passphrases).and_then(|data| {
        let passphrases = HomePassphrases { ca: &ca, home: &data };
        Authority::found(&home, &founding, &passphrases).map_err(|e| {
            if args.create_passphrases {
                secrets::discard(ctx, Which::Home);
            }
            e.into()
        })
    });
    if founded.is_err() && args.create_passphrases {
        secrets::discard(ctx, Which::Ca);
    }
    let authority = founded?;
    if args.create_passphrases {
        secrets::tell_made(ctx, Which::Ca);
        secrets::tell_made(ctx, Which::Home);
    }
    let anchor = authority.home().anchor().display().to_string();
    ctx.note("note-home-founded", &[("path", &shown)]);
    ctx.note("note-anchor", &[("path", &anchor)]);
    ctx.note("note-root-key", &[]);
    let identity = authority.identity();
    let mut printed = summary(&founding, &shown, anchor.into());
    printed.insert("root".to_owned(), identity.root.serial().to_string().into());
    printed.insert("issuing".to_owned(), identity.issuing.serial().to_string().into());
    if ctx.out.format != Format::Table {
        printed.insert("pem".to_owned(), format!("{}{}", identity.issuing.pem(), identity.root.pem()).into());
    }
    ctx.out.one("founding", printed)?;
    let first = founding.administrators.first().map(|a| a.id.to_string()).unwrap_or_default();
    let whole = std::path::absolute(&home).map_or(shown, |path| path.display().to_string());
    ctx.next("next-init", &[("home", &whole), ("administrator", &first)]);
    Ok(())
}

/// The two administrators, whose CSRs verify and whose ids and keys differ.
fn two_people(ctx: &Context, given: Vec<Administrator>) -> Result<[NewAdministrator; 2]> {
    let wrong = |key: &str, values: &[(&str, &str)]| {
        Error::own("cli.administrators", vec![("what", render(ctx.lang, key, values))])
    };
    let count = given.len().to_string();
    let Ok([one, other]) = <[Administrator; 2]>::try_from(given) else {
        return Err(wrong("admins-count", &[("count", &count)]));
    };
    if one.id == other.id {
        return Err(wrong("admins-same-id", &[("id", one.id.as_str())]));
    }
    let read = |given: &Administrator| -> Result<(Vec<u8>, PublicKey)> {
        let bytes = ctx.read(&given.csr)?;
        let csr = Csr::from_bytes(&bytes).and_then(Csr::verify);
        let csr = csr.map_err(|e| Error::about_file(&given.csr, e))?;
        Ok((bytes, csr.public_key().clone()))
    };
    let ((first, key), (second, other_key)) = (read(&one)?, read(&other)?);
    if key == other_key {
        return Err(wrong("admins-same-key", &[("id", other.id.as_str())]));
    }
    let new = |given: Administrator, csr| NewAdministrator { id: given.id, name: given.name, csr };
    Ok([new(one, first), new(other, second)])
}

fn summary(founding: &Founding, home: &str, anchor: serde_json::Value) -> crate::output::Row {
    row([
        ("home", home.into()),
        ("name", founding.name.as_str().into()),
        ("base_http", founding.base_http.as_str().into()),
        ("base_ldap", founding.base_ldap.clone().into()),
        ("crl_shards", founding.crl_shards.into()),
        ("administrators", founding.administrators.iter().map(|a| a.id.to_string()).collect::<Vec<_>>().into()),
        ("anchor", anchor),
    ])
}
