//! What the argument parser refuses, in the language of the run.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use hufu_authority::data::{Lang, message, render};

use super::clean;
use crate::phrase::said;

/// The message for a command line that does not parse.
pub(crate) fn usage(e: &clap::Error, lang: Lang) -> String {
    let get = |kind: ContextKind| e.get(kind).map(value).unwrap_or_default();
    let twice = get(ContextKind::InvalidArg) == get(ContextKind::PriorArg);
    let key = match e.kind() {
        ErrorKind::ArgumentConflict if twice => "usage-twice",
        kind => key_of(kind),
    };
    let mut values = vec![
        ("arg", get(ContextKind::InvalidArg)),
        ("value", get(ContextKind::InvalidValue)),
        ("valid", get(ContextKind::ValidValue)),
        ("other", get(ContextKind::PriorArg)),
        ("subcommand", get(ContextKind::InvalidSubcommand)),
        ("commands", get(ContextKind::ValidSubcommand)),
        ("cause", std::error::Error::source(e).map(|c| said(lang, &c.to_string())).unwrap_or_default()),
    ];
    for (_, v) in &mut values {
        *v = clean(v);
    }
    let pairs: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mut hint = render(lang, "hint-cli.usage", &[]);
    let suggestion = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| e.get(kind).map(value));
    if let Some(suggested) = suggestion {
        hint = render(lang, "hint-usage-suggested", &[("suggested", &clean(&suggested))]);
    }
    let word = |key| message(lang, key).unwrap_or(key);
    format!(
        "{}{}",
        super::line(anstyle::AnsiColor::Red, word("word-error"), &format!("{} [cli.usage]", render(lang, key, &pairs))),
        super::line(anstyle::AnsiColor::Cyan, word("word-hint"), &hint)
    )
}

/// The catalogue's key for a kind of parse error.
fn key_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidValue => "usage-invalid-value",
        ErrorKind::ValueValidation => "usage-value-validation",
        ErrorKind::UnknownArgument => "usage-unknown-argument",
        ErrorKind::InvalidSubcommand => "usage-invalid-subcommand",
        ErrorKind::MissingRequiredArgument => "usage-missing-argument",
        ErrorKind::MissingSubcommand => "usage-missing-subcommand",
        ErrorKind::ArgumentConflict => "usage-conflict",
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => "usage-number-of-values",
        ErrorKind::TooFewValues | ErrorKind::NoEquals => "usage-value-missing",
        ErrorKind::InvalidUtf8 => "usage-utf8",
        _ => "usage-other",
    }
}

fn value(value: &ContextValue) -> String {
    match value {
        ContextValue::String(s) => s.clone(),
        ContextValue::Strings(list) => list.join(", "),
        ContextValue::StyledStr(s) => s.to_string(),
        ContextValue::StyledStrs(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ContextValue::Number(n) => n.to_string(),
        ContextValue::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::args;

    #[test]
    fn each_slip_on_the_command_line_is_named_in_both_languages() {
        for (line, named) in [
            (vec!["hufu", "org", "lst"], "lst"),
            (vec!["hufu", "org", "list", "--colour"], "--colour"),
            (vec!["hufu", "org", "show"], "<ORG>"),
            (vec!["hufu", "org"], "list"),
            (vec!["hufu", "--output", "xml", "org", "list"], "xml"),
            (vec!["hufu", "org", "show", "Ä"], "Ä"),
            (vec!["hufu", "org", "show", "a", "b"], "b"),
            (vec!["hufu", "org", "list", "--under", "a", "--under", "b"], "--under"),
            (vec!["hufu", "--passphrase-file", "a", "--passphrase-fd", "3", "org", "list"], "--passphrase-fd"),
        ] {
            for lang in Lang::ALL {
                let e = args::command(lang).try_get_matches_from(&line).err().unwrap();
                if e.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                    continue;
                }
                let text = usage(&e, lang);
                assert!(text.contains(named), "{line:?}: {text}");
                assert!(!text.contains('{'), "{text}");
            }
        }
    }
}
