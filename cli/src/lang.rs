//! Puts the help texts into the command, in the language asked for, and finds that language.
//!
//! Keys of the catalogue: `cmd-org-add` says what the command does, `ex-org-add` shows it at work, `arg-org-add-parent`
//! or, where one text does for every command, `arg-parent` explains an argument; `arg-org-parent` does for all of `org`.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};
use hufu_authority::data::{Lang, message};

/// Flags of the parser's own.
const BUILT_IN: [&str; 2] = ["help", "version"];

/// The language of this run, before the arguments are parsed: `--lang`, then `HUFU_LANG`, then the locale.
pub(crate) fn choose(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Option<Lang> {
    let mut texts = args.iter().skip(1).filter_map(|a| a.to_str());
    let mut flag = None;
    while let Some(text) = texts.next() {
        match text.strip_prefix("--lang") {
            Some("") => flag = texts.next(),
            Some(value) => flag = value.strip_prefix('=').or(flag),
            None if text == "--" => break,
            None => {}
        }
    }
    let named = |text: &str| Lang::ALL.into_iter().find(|l| l.code() == text);
    flag.and_then(named).or_else(|| env("HUFU_LANG").and_then(|v| named(&v)))
}

/// The language of the machine's locale.
pub(crate) fn of_locale(env: impl Fn(&str) -> Option<String>) -> (Lang, Option<&'static str>) {
    for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        if let Some(value) = env(name).filter(|v| !v.is_empty()) {
            return (Lang::of_locale(&value), Some(name));
        }
    }
    (Lang::En, None)
}

/// Where the options that every command has are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Globals {
    /// In the help of `hufu` itself; every other help names them in a line, so that its own options are seen.
    Once,
    /// With every command, as manual pages and completion need it.
    Everywhere,
}

/// The command and everything below it with texts in `lang`.
pub(crate) fn localise(command: Command, lang: Lang, globals: Globals) -> Command {
    let command = walk(command, "", lang);
    if globals == Globals::Everywhere {
        return command;
    }
    let list = Command::new("hufu").help_template("{all-args}").disable_help_flag(true).disable_version_flag(true);
    let plain = |arg: &Arg| match arg.get_action() {
        // Only to be shown: nothing is parsed with this command.
        ArgAction::Help | ArgAction::Version => arg.clone().global(false).action(ArgAction::SetTrue),
        _ => arg.clone().global(false),
    };
    let shown = command.get_arguments().filter(|a| is_global(a)).map(plain);
    let list = list.args(shown.collect::<Vec<_>>()).render_help().ansi().to_string();
    let hidden = command.mut_args(|arg| if is_global(&arg) { arg.hide(true) } else { arg });
    let hidden = hidden.override_usage("hufu [OPTIONS] <COMMAND>");
    hidden.help_template(template(lang, &format!("\n{}", list.trim_end()))).mut_subcommands(|sub| point(sub, lang))
}

/// Tells where the global options are explained.
fn point(command: Command, lang: Lang) -> Command {
    let line = format!("\n{}", text(lang, "help-global-elsewhere").trim_end());
    command.help_template(template(lang, &line)).mut_subcommands(|sub| point(sub, lang))
}

fn template(lang: Lang, globals: &str) -> String {
    let usage = text(lang, "help-usage");
    format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}\n{globals}{{after-help}}")
}

fn is_global(arg: &Arg) -> bool {
    arg.is_global_set() || BUILT_IN.contains(&arg.get_id().as_str())
}

fn text(lang: Lang, key: &str) -> &'static str {
    message(lang, key).unwrap_or_default()
}

fn walk(command: Command, path: &str, lang: Lang) -> Command {
    let key = |kind: &str| if path.is_empty() { format!("{kind}-hufu") } else { format!("{kind}{path}") };
    let mut after = message(lang, &key("more")).map(|more| format!("{more}\n")).unwrap_or_default();
    if let Some(examples) = message(lang, &key("ex")) {
        after.push_str(&format!("{}:\n{}", text(lang, "help-examples"), indent(examples)));
    }
    command
        .about(text(lang, &key("cmd")))
        .after_help(after)
        .help_template(template(lang, ""))
        .subcommand_help_heading(text(lang, "help-commands"))
        .mut_args(|arg| argument(arg, path, lang))
        .mut_subcommands(|sub| {
            let below = format!("{path}-{}", sub.get_name());
            walk(sub, &below, lang)
        })
}

fn argument(arg: Arg, path: &str, lang: Lang) -> Arg {
    let id = arg.get_id().as_str().replace('_', "-");
    // The text for this command, for all below the same noun, or for every command.
    let above = std::iter::successors(Some(path), |path| path.rsplit_once('-').map(|(above, _)| above));
    let found = above.into_iter().find_map(|path| message(lang, &format!("arg{path}-{id}")));
    let mut help = found.unwrap_or_default().trim().to_owned();
    if let Some(defaults) = list(arg.get_default_values().iter().filter_map(|v| v.to_str())) {
        help.push_str(&format!(" [{}: {defaults}]", text(lang, "help-default")));
    }
    let values = arg.get_possible_values();
    let takes_value = !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Help | ArgAction::Version);
    if takes_value && let Some(values) = list(values.iter().map(|v| v.get_name())) {
        help.push_str(&format!(" [{}: {values}]", text(lang, "help-values")));
    }
    let global = is_global(&arg);
    let heading = match arg.is_positional() {
        true => "help-arguments",
        false if global => "help-global",
        false => "help-options",
    };
    let arg = arg.help(help).long_help(Resettable::Reset).help_heading(text(lang, heading));
    if takes_value { arg.hide_default_value(true).hide_possible_values(true) } else { arg }
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let joined = values.collect::<Vec<_>>().join(", ");
    Some(joined).filter(|j| !j.is_empty())
}

fn indent(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::args;

    fn each(command: &Command, path: &str, look: &mut impl FnMut(&Command, &str)) {
        look(command, path);
        for sub in command.get_subcommands() {
            each(sub, &format!("{path}-{}", sub.get_name()), look);
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        args::command(Lang::En).debug_assert();
    }

    #[test]
    fn every_command_and_argument_is_explained_with_examples_in_both_languages() {
        for lang in Lang::ALL {
            let mut built = args::command(lang);
            built.build();
            let mut missing = Vec::new();
            each(&built, "", &mut |command, path| {
                let name = if path.is_empty() { "-hufu" } else { path };
                for kind in ["cmd", "ex"] {
                    let key = format!("{kind}{name}");
                    if message(lang, &key).is_none() {
                        missing.push(key);
                    }
                }
                for arg in command.get_arguments() {
                    if arg.get_help().is_none_or(|h| h.to_string().starts_with(" [") || h.to_string().is_empty()) {
                        missing.push(format!("arg{path}-{}", arg.get_id().as_str().replace('_', "-")));
                    }
                }
            });
            missing.sort();
            missing.dedup();
            assert!(missing.is_empty(), "{}: {}", lang.code(), missing.join("\n"));
        }
    }

    /// What the model asks for is what the help says.
    #[test]
    fn the_fields_of_every_holder_are_listed() {
        use hufu_authority::model::holder::{DocumentType, Field, HolderKind, Purpose};
        for lang in Lang::ALL {
            let more = message(lang, "more-request-submit").unwrap();
            for kind in HolderKind::ALL {
                let lines = more.lines().skip_while(|l| !l.trim_start().starts_with(kind.code()));
                let own = lines.enumerate().take_while(|(n, l)| *n == 0 || l.starts_with("      "));
                let own: String = own.map(|(_, l)| format!("{l} ")).collect();
                for field in Field::ALL.into_iter().filter(|f| f.required_for(kind, Purpose::Subscriber)) {
                    assert!(own.contains(field.code()), "{}: {kind}: {field}", lang.code());
                }
            }
            for field in Field::ALL {
                assert!(more.contains(field.code()), "{field}");
            }
            for document in DocumentType::ALL {
                assert!(more.contains(document.code()), "{document}");
            }
            assert!(more.lines().all(|l| crate::lines::width(l) <= 80), "{more}");
        }
    }

    #[test]
    fn every_help_renders_in_both_languages() {
        for lang in Lang::ALL {
            let mut built = args::command(lang);
            built.build();
            let mut pages = Vec::new();
            each(&built, "", &mut |command, path| pages.push((path.to_owned(), command.clone())));
            assert!(pages.len() > 50, "{}", pages.len());
            for (path, mut command) in pages {
                let page = command.render_long_help().to_string();
                assert!(page.contains(text(lang, "help-usage")), "{path}: {page}");
                assert!(page.contains(text(lang, "help-examples")), "{path}: {page}");
                assert!(page.contains("hufu"), "{path}");
                if lang == Lang::Zh {
                    assert!(
                        !page.contains("Usage") && !page.contains("possible values") && !page.contains("default:"),
                        "{page}"
                    );
                }
            }
        }
    }

    /// The examples are commands that parse.
    #[test]
    fn every_example_is_a_command_line_that_parses() {
        let built = args::command(Lang::En);
        let mut seen = 0;
        for lang in Lang::ALL {
            each(&built, "", &mut |_, path| {
                let name = if path.is_empty() { "-hufu" } else { path };
                let examples = message(lang, &format!("ex{name}")).unwrap().replace("\\\n", " ");
                for line in examples.lines().map(str::trim).filter(|l| l.starts_with("hufu ")) {
                    let line = line.split([';', '|', '>', '<']).next().unwrap();
                    let line = line.split("  #").next().unwrap();
                    let outcome = built.clone().try_get_matches_from(words(line));
                    let help = outcome.as_ref().is_err_and(|e| e.exit_code() == 0);
                    assert!(outcome.is_ok() || help, "{}: {line}: {}", lang.code(), outcome.unwrap_err());
                    seen += 1;
                }
            });
        }
        assert!(seen > 80, "{seen}");
    }

    /// Splits at spaces outside of quotation marks.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for ch in line.trim().chars() {
            match (quote, ch) {
                (None, '\'' | '"') => quote = Some(ch),
                (Some(q), c) if q == c => quote = None,
                (None, ' ') => words.push(String::new()),
                (_, c) => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|w| !w.is_empty());
        words
    }

    #[test]
    fn the_flag_goes_before_the_environment() {
        let args = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
        let env = |name: &str| (name == "HUFU_LANG").then(|| "en".to_owned());
        assert_eq!(choose(&args(&["hufu", "--lang", "zh"]), env), Some(Lang::Zh));
        assert_eq!(choose(&args(&["hufu", "org", "list", "--lang=zh"]), env), Some(Lang::Zh));
        assert_eq!(choose(&args(&["hufu", "org"]), env), Some(Lang::En));
        assert_eq!(choose(&args(&["hufu", "--", "--lang=zh"]), |_| None), None);
        assert_eq!(of_locale(|n| (n == "LANG").then(|| "zh_CN.UTF-8".to_owned())), (Lang::Zh, Some("LANG")));
        assert_eq!(of_locale(|_| None), (Lang::En, None));
    }
}
