//! The command line as a type. Help texts are not here: `lang` puts them in, in the language asked for, from the
//! message catalogues (`cmd-…`, `arg-…`, `ex-…`).

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use hufu_authority::data::Lang;
use hufu_authority::model::ident::{IdError, OperatorId};

use crate::commands::{
    apply, audit, backup, ca, cert, completions, config, crl, demo, envelope, import, init, issue, key, kmc, lint, man,
    medium, migration, ocsp, operator, org, profile, proposal, report, request, restore, retention, serve, status,
    upgrade, verify,
};
use crate::lang::Globals;

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "hufu",
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    arg_required_else_help = true,
    subcommand_required = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What may stand before or after every verb.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "global")]
pub(crate) struct Global {
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    #[arg(long = "as", id = "operator_as", global = true, value_name = "OPERATOR")]
    pub(crate) operator: Option<OperatorId>,
    #[arg(long = "key", id = "operator_key", global = true, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "passphrase_fd")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "home_passphrase_fd")]
    pub(crate) home_passphrase_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "N")]
    pub(crate) home_passphrase_fd: Option<u32>,
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "ca_passphrase_fd")]
    pub(crate) ca_passphrase_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "N")]
    pub(crate) ca_passphrase_fd: Option<u32>,
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "responder_passphrase_fd")]
    pub(crate) responder_passphrase_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "N")]
    pub(crate) responder_passphrase_fd: Option<u32>,
    #[arg(long, global = true, value_parser = lang_parser())]
    pub(crate) lang: Option<Lang>,
    #[arg(long, short, global = true, value_enum)]
    pub(crate) output: Option<Format>,
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    #[arg(long, global = true)]
    pub(crate) non_interactive: bool,
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
    #[arg(long, short, global = true, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// The form of what is printed on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON document per line.
    Ndjson,
    /// RFC 4180.
    Csv,
    /// A workbook; reports only.
    Xlsx,
    /// A page; reports only.
    Html,
}

impl Format {
    /// Every form.
    pub(crate) const ALL: [Self; 6] = [Self::Table, Self::Json, Self::Ndjson, Self::Csv, Self::Xlsx, Self::Html];

    /// Whether it is opened from a file, never read from standard output. Only reports have such a form.
    pub(crate) const fn is_file(self) -> bool {
        matches!(self, Self::Xlsx | Self::Html)
    }

    /// The name on the command line.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
        }
    }
}

/// The nouns and verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    #[command(subcommand)]
    Org(org::Org),
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    #[command(subcommand)]
    Proposal(proposal::ProposalCommand),
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    #[command(subcommand)]
    Request(request::Request),
    Issue(issue::Issue),
    Apply(apply::Apply),
    #[command(subcommand)]
    Cert(cert::Cert),
    #[command(subcommand)]
    Ca(ca::CaCommand),
    #[command(subcommand)]
    Medium(medium::MediumCommand),
    #[command(subcommand)]
    Import(import::ImportCommand),
    #[command(subcommand)]
    Crl(crl::CrlCommand),
    #[command(subcommand)]
    Ocsp(ocsp::Ocsp),
    #[command(subcommand)]
    Serve(serve::Serve),
    #[command(subcommand)]
    Migration(migration::MigrationCommand),
    #[command(subcommand)]
    Report(report::Report),
    #[command(subcommand)]
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Upgrade(upgrade::Upgrade),
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    Verify(verify::Verify),
    Lint(lint::Lint),
    #[command(subcommand)]
    Envelope(envelope::EnvelopeCommand),
    Status(status::StatusCommand),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Kmc(kmc::Kmc),
    #[command(subcommand)]
    Config(config::Config),
    Completions(completions::Completions),
    Man(man::Man),
    Demo(demo::Demo),
}

/// A reader of one of the model's enums: it knows the codes, so that help, completion and errors can name them.
pub(crate) fn codes<T>(all: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = IdError> + Clone + Send + Sync + 'static,
{
    let all: Vec<&'static str> = all.into_iter().collect();
    PossibleValuesParser::new(all).try_map(|text| text.parse::<T>())
}

fn lang_parser() -> impl TypedValueParser<Value = Lang> {
    let known = Lang::ALL.map(Lang::code);
    PossibleValuesParser::new(known).map(|text| if text == Lang::Zh.code() { Lang::Zh } else { Lang::En })
}

/// The command with its help in `lang`.
pub(crate) fn command(lang: Lang) -> clap::Command {
    build(lang, Globals::Once)
}

/// The same for manual pages and completion scripts.
pub(crate) fn documented(lang: Lang) -> clap::Command {
    build(lang, Globals::Everywhere)
}

fn build(lang: Lang, globals: Globals) -> clap::Command {
    crate::lang::localise(Cli::command().version(env!("CARGO_PKG_VERSION")), lang, globals)
}
