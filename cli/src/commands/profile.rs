//! `hufu profile`: the shapes of certificates.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::model::ident::ProfileId;
use hufu_authority::{Change, ErrorKind};

use super::outcome;
use crate::context::Context;
use crate::error::Result;
use crate::views;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum ProfileCommand {
    List(List),
    Show(Show),
    Set(Set),
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    #[arg(value_name = "PROFILE")]
    profile: ProfileId,
}

#[derive(Args)]
pub(crate) struct Set {
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: ProfileCommand) -> Result<()> {
    match args {
        ProfileCommand::List(a) => {
            let rows = ctx.look()?.profiles()?;
            let rows = rows.iter().filter(|p| a.all || p.current).map(|p| views::profile(p, ctx.lang)).collect();
            ctx.out.list("profile-list", &["id", "title", "holders", "default_days", "max_days", "current"], rows)
        }
        ProfileCommand::Show(a) => {
            let rows = ctx.look()?.profiles()?;
            let found = rows.iter().find(|p| p.current && p.id == a.profile);
            let unknown = || hufu_authority::Error::from(ErrorKind::UnknownProfile(a.profile.to_string()));
            let found = found.ok_or_else(unknown)?;
            let mut shown = views::profile(found, ctx.lang);
            shown.insert("source".to_owned(), found.source.as_str().into());
            ctx.out.one("profile", shown)
        }
        ProfileCommand::Set(a) => {
            let source = ctx.read_text(&a.file)?;
            let authority = ctx.open()?;
            let session = ctx.session(&authority)?;
            let done = authority.change(&session, &Change::ProfileSet { source })?;
            outcome(ctx, &a.file.display().to_string(), &done)
        }
    }
}
