//! One run: language, arguments, settings, command, exit code.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use hufu_authority::data::{Lang, message};

use crate::args::{self, Cli, Command};
use crate::commands;
use crate::context::Context;
use crate::error::{Error, Exit, Result, usage};
use crate::lang;
use crate::settings::Settings;

/// Runs the command line `args` and says how it ended.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let mut lang = lang::choose(&args, env).unwrap_or_else(|| lang::of_locale(env).0);
    if args.len() <= 1 {
        let _ = anstream::stderr().lock().write_all(message(lang, "start").unwrap_or_default().as_bytes());
        return ExitCode::from(Exit::Usage.code());
    }
    let parsed = args::command(lang).try_get_matches_from(args).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) => return refuse(&e, lang),
    };
    match act(cli, &mut lang, &env) {
        Ok(()) => ExitCode::SUCCESS,
        // `hufu … | head` is no failure.
        Err(Error::Closed) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = anstream::stderr().lock().write_all(e.message(lang).as_bytes());
            ExitCode::from(e.exit().code())
        }
    }
}

/// Help and version go to standard output and are no failure; everything else is a usage error.
fn refuse(e: &clap::Error, lang: Lang) -> ExitCode {
    match e.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = e.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = e.print();
            ExitCode::from(2)
        }
        _ => {
            let _ = anstream::stderr().lock().write_all(usage(e, lang).as_bytes());
            ExitCode::from(2)
        }
    }
}

fn act(cli: Cli, lang: &mut Lang, env: &dyn Fn(&str) -> Option<String>) -> Result<()> {
    let settings = Settings::gather(&cli.global, env)?;
    let named = settings.get("lang").unwrap_or_default();
    *lang = Lang::ALL.into_iter().find(|l| l.code() == named).ok_or_else(|| Error::setting("lang", named))?;
    let ctx = Context::new(cli.global, settings, *lang)?;
    // Said before anything is done.
    if ctx.out.format.is_file() && !matches!(cli.command, Command::Report(_)) {
        return Err(ctx.out.of_reports());
    }
    match cli.command {
        Command::Init(a) => commands::init::run(&ctx, a),
        Command::Org(a) => commands::org::run(&ctx, a),
        Command::Operator(a) => commands::operator::run(&ctx, a),
        Command::Proposal(a) => commands::proposal::run(&ctx, a),
        Command::Profile(a) => commands::profile::run(&ctx, a),
        Command::Request(a) => commands::request::run(&ctx, a),
        Command::Issue(a) => commands::issue::run(&ctx, a),
        Command::Apply(a) => commands::apply::run(&ctx, a),
        Command::Cert(a) => commands::cert::run(&ctx, a),
        Command::Ca(a) => commands::ca::run(&ctx, a),
        Command::Import(a) => commands::import::run(&ctx, a),
        Command::Medium(a) => commands::medium::run(&ctx, a),
        Command::Migration(a) => commands::migration::run(&ctx, a),
        Command::Crl(a) => commands::crl::run(&ctx, a),
        Command::Ocsp(a) => commands::ocsp::run(&ctx, a),
        Command::Serve(a) => commands::serve::run(&ctx, a),
        Command::Report(a) => commands::report::run(&ctx, a),
        Command::Audit(a) => commands::audit::run(&ctx, a),
        Command::Backup(a) => commands::backup::run(&ctx, a),
        Command::Restore(a) => commands::restore::run(&ctx, a),
        Command::Upgrade(a) => commands::upgrade::run(&ctx, a),
        Command::Retention(a) => commands::retention::run(&ctx, a),
        Command::Verify(a) => commands::verify::run(&ctx, a),
        Command::Lint(a) => commands::lint::run(&ctx, a),
        Command::Envelope(a) => commands::envelope::run(&ctx, a),
        Command::Status(a) => commands::status::run(&ctx, a),
        Command::Key(a) => commands::key::run(&ctx, a),
        Command::Kmc(a) => commands::kmc::run(&ctx, a),
        Command::Config(a) => commands::config::run(&ctx, a),
        Command::Completions(a) => commands::completions::run(&ctx, a),
        Command::Man(a) => commands::man::run(&ctx, a),
        Command::Demo(a) => commands::demo::run(&ctx, a),
    }
}
