//! What goes wrong, said to a person: `Error:` with the code, `Caused by:`, `Hint:`, in the language of the run, and an
//! exit code that a script can act on.
//!
//! | exit | means |
//! |---|---|
//! | 0 | done |
//! | 1 | the answer is negative: invalid, expired, declined |
//! | 2 | usage, or an input that is missing or malformed |
//! | 3 | not found |
//! | 4 | not permitted |
//! | 5 | a rule or the present state forbids it |
//! | 6 | temporary: lock, full disk, read-only |
//! | 7 | a batch is partly done |
//! | 8 | a record or the ledger was altered |
//! | 130 | interrupted |

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use hufu_authority::Class;
use hufu_authority::data::{Lang, message, render};

use crate::lines;
use crate::phrase::said;

mod explain;
mod usage;

pub(crate) use usage::usage;

/// Named values for the places of a message.
pub(crate) type Values = Vec<(&'static str, String)>;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is no.
    Negative,
    /// Usage or input.
    Usage,
    /// Not found.
    NotFound,
    /// Not permitted.
    NotPermitted,
    /// Refused by a rule or the state.
    Refused,
    /// Try again.
    Temporary,
    /// Partly done.
    Partly,
    /// Altered.
    Integrity,
    /// Ctrl-C at a prompt.
    Interrupted,
}

impl Exit {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Negative => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotPermitted => 4,
            Self::Refused => 5,
            Self::Temporary => 6,
            Self::Partly => 7,
            Self::Integrity => 8,
            Self::Interrupted => 130,
        }
    }

    const fn of(class: Class) -> Self {
        match class {
            Class::BadInput => Self::Usage,
            Class::NotFound => Self::NotFound,
            Class::NotPermitted => Self::NotPermitted,
            Class::Refused => Self::Refused,
            Class::Temporary => Self::Temporary,
            Class::Integrity => Self::Integrity,
        }
    }
}

/// The errors of the command line itself, with how they end the process.
pub(crate) const OWN: &[(&str, Exit)] = &[
    ("cli.usage", Exit::Usage),
    ("server.listen", Exit::Temporary),
    ("server.folder", Exit::Usage),
    ("server.runtime", Exit::Temporary),
    ("cli.operator-missing", Exit::Usage),
    ("cli.key-missing", Exit::Usage),
    ("cli.passphrase-missing", Exit::Usage),
    ("cli.passphrase-differs", Exit::Usage),
    ("cli.passphrase-empty", Exit::Usage),
    ("cli.passphrase-exists", Exit::Refused),
    ("cli.read", Exit::Usage),
    ("cli.stdin-twice", Exit::Usage),
    ("cli.write", Exit::Temporary),
    ("cli.exists", Exit::Refused),
    ("cli.confirm", Exit::Usage),
    ("cli.declined", Exit::Negative),
    ("cli.interrupted", Exit::Interrupted),
    ("cli.config", Exit::Usage),
    ("cli.setting", Exit::Usage),
    ("cli.field", Exit::Usage),
    ("cli.fields-missing", Exit::Usage),
    ("cli.administrators", Exit::Usage),
    ("cli.ambiguous", Exit::Usage),
    ("cli.ledger-missing", Exit::Usage),
    ("cli.region-missing", Exit::Usage),
    ("cli.sheet-form", Exit::Usage),
    ("cli.nothing", Exit::NotFound),
    ("cli.publish-missing", Exit::Usage),
    ("cli.no-crl", Exit::NotFound),
    ("cli.crl-alarm", Exit::Negative),
    ("cli.none-waiting", Exit::NotFound),
    ("cli.batch", Exit::Partly),
    ("cli.invalid", Exit::Negative),
    ("cli.report-invalid", Exit::Negative),
    ("cli.root-missing", Exit::Usage),
    ("cli.envelope", Exit::Negative),
    ("cli.lint", Exit::Negative),
    ("cli.issuer-missing", Exit::Usage),
    ("cli.findings", Exit::Integrity),
    ("cli.unreadable", Exit::Usage),
    ("cli.custodians", Exit::Usage),
    ("cli.share-passphrases", Exit::Usage),
    ("cli.passphrase-unused", Exit::Usage),
    ("cli.out-missing", Exit::Usage),
    ("cli.out-file", Exit::Usage),
    ("cli.output-form", Exit::Usage),
    ("cli.agent", Exit::Temporary),
];

/// Why a command did not do what was asked.
pub(crate) enum Error {
    /// The library refused.
    Authority(Box<hufu_authority::Error>),
    /// The command line itself.
    Own {
        /// One of [`OWN`].
        code: &'static str,
        /// For the places of its message.
        values: Values,
        /// What lies beneath.
        cause: Option<String>,
    },
    /// Every item of a batch failed, or some did: the exit code of the first, or [`Exit::Partly`].
    Batch {
        /// How many were done.
        done: usize,
        /// How many were not.
        failed: usize,
        /// How the first that failed would have ended the process.
        first: Exit,
    },
    /// Nobody reads standard output any more; nothing is said.
    Closed,
}

impl Error {
    /// An error of the command line.
    pub(crate) fn own(code: &'static str, values: Values) -> Self {
        Self::Own { code, values, cause: None }
    }

    fn with_cause(code: &'static str, values: Values, cause: impl ToString) -> Self {
        Self::Own { code, values, cause: Some(cause.to_string()) }
    }

    /// A file that cannot be read.
    pub(crate) fn read(path: &Path, e: io::Error) -> Self {
        Self::with_cause("cli.read", vec![("path", path.display().to_string())], e)
    }

    /// A file, or standard output, that cannot be written.
    pub(crate) fn write(path: &Path, e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            io::ErrorKind::AlreadyExists => Self::own("cli.exists", vec![("path", path.display().to_string())]),
            _ => Self::with_cause("cli.write", vec![("path", path.display().to_string())], e),
        }
    }

    /// A configuration file that is wrong.
    pub(crate) fn config(path: &Path, what: &str) -> Self {
        Self::with_cause("cli.config", vec![("path", path.display().to_string())], what.trim())
    }

    /// A setting whose value means nothing.
    pub(crate) fn setting(name: &'static str, value: &str) -> Self {
        Self::own("cli.setting", vec![("name", name.to_owned()), ("value", clean(value))])
    }

    /// An input that is not what it should be.
    pub(crate) fn unreadable(path: &Path, what: impl ToString) -> Self {
        Self::with_cause("cli.unreadable", vec![("path", path.display().to_string())], what)
    }

    /// What the library has against the contents of a file.
    pub(crate) fn about_file(path: &Path, e: impl Into<hufu_authority::Error>) -> Self {
        e.into().about(path.display().to_string()).into()
    }

    /// How the process ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Authority(e) => Exit::of(e.kind().class()),
            Self::Own { code, .. } => OWN.iter().find(|(c, _)| c == code).map_or(Exit::Usage, |(_, exit)| *exit),
            Self::Batch { done: 0, first, .. } => *first,
            Self::Batch { .. } => Exit::Partly,
            Self::Closed => Exit::Negative,
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Authority(e) => e.code(),
            Self::Own { code, .. } => code,
            Self::Batch { .. } => "cli.batch",
            Self::Closed => "",
        }
    }

    /// The error in one line of `lang`, without its code.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let own = |code: &str, values: &Values| {
            let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
            render(lang, &format!("err-{code}"), &values)
        };
        match self {
            Self::Authority(e) => explain::text(e, lang),
            Self::Own { code, values, .. } => own(code, values),
            Self::Batch { done, failed, .. } => {
                own("cli.batch", &vec![("done", done.to_string()), ("failed", failed.to_string())])
            }
            Self::Closed => String::new(),
        }
    }

    fn causes(&self, lang: Lang) -> Vec<String> {
        match self {
            Self::Authority(e) => explain::causes(e, lang),
            Self::Own { cause, .. } => cause.iter().map(|c| said(lang, c)).collect(),
            Self::Batch { .. } | Self::Closed => Vec::new(),
        }
    }

    /// The whole message: error with code, causes, hint.
    pub(crate) fn message(&self, lang: Lang) -> String {
        let mut out = line(AnsiColor::Red, word(lang, "word-error"), &format!("{} [{}]", self.text(lang), self.code()));
        for cause in self.causes(lang) {
            out.push_str(&line(AnsiColor::Yellow, word(lang, "word-caused-by"), &clean(&cause)));
        }
        if let Some(hint) = message(lang, &format!("hint-{}", self.code())) {
            out.push_str(&line(AnsiColor::Cyan, word(lang, "word-hint"), hint.trim_end()));
        }
        out
    }
}

impl From<hufu_authority::Error> for Error {
    fn from(e: hufu_authority::Error) -> Self {
        Self::Authority(Box::new(e))
    }
}

impl From<hufu_authority::x509::Error> for Error {
    fn from(e: hufu_authority::x509::Error) -> Self {
        hufu_authority::Error::from(e).into()
    }
}

impl From<hufu_authority::model::ident::IdError> for Error {
    fn from(e: hufu_authority::model::ident::IdError) -> Self {
        hufu_authority::Error::from(e).into()
    }
}

fn word(lang: Lang, key: &'static str) -> &'static str {
    message(lang, key).unwrap_or(key)
}

fn line(colour: AnsiColor, label: &str, text: &str) -> String {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let mut out = String::new();
    let text = match lines::terminal(&io::stderr()) {
        // The label stands before the first line, the others are indented.
        Some(room) => lines::wrap(&format!("{label}: {text}"), room.saturating_sub(2).max(20)).join("\n  "),
        None => format!("{label}: {text}"),
    };
    let said = text.strip_prefix(&format!("{label}:")).unwrap_or(&text);
    let _ = writeln!(out, "{style}{label}:{style:#}{said}");
    out
}

/// Text from outside, safe for a terminal: control and direction characters become visible escapes.
pub(crate) fn clean(text: &str) -> String {
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{61C}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if bad(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests;
