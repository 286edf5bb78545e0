//! Passphrases: from a file, from an open file descriptor, typed at a prompt, or, for the CA's keys, from the key centre's
//! agent when it runs and keeps it. Never an argument and never an environment variable, which other programs of the
//! machine can read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use hufu_authority::data::render;
use hufu_authority::kmc::Secret;
use hufu_authority::kmc::agent::Client;
use hufu_authority::x509::key::Passphrase;
use hufu_authority::{Home, SystemEntropy};

use crate::context::Context;
use crate::error::{Error, Exit, Result, clean};
use crate::output;

/// Longer than any passphrase; what is longer is the wrong file.
const MAX_LENGTH: u64 = 4096;

/// Whose passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The acting operator's key.
    Operator,
    /// The data key of sealed fields.
    Home,
    /// The CA's keys.
    Ca,
    /// The keys of OCSP responders.
    Responder,
}

impl Which {
    /// The flags and the setting, without their leading dashes: `passphrase-file`, `ca-passphrase-file`, …
    const fn setting(self) -> &'static str {
        match self {
            Self::Operator => "passphrase-file",
            Self::Home => "home-passphrase-file",
            Self::Ca => "ca-passphrase-file",
            Self::Responder => "responder-passphrase-file",
        }
    }

    const fn prompt(self) -> &'static str {
        match self {
            Self::Operator => "prompt-passphrase",
            Self::Home => "prompt-home-passphrase",
            Self::Ca => "prompt-ca-passphrase",
            Self::Responder => "prompt-responder-passphrase",
        }
    }

    /// The prompt for one that is chosen now.
    const fn prompt_new(self) -> &'static str {
        match self {
            Self::Operator => "prompt-new-passphrase",
            Self::Home => "prompt-new-home-passphrase",
            Self::Ca => "prompt-new-ca-passphrase",
            Self::Responder => "prompt-new-responder-passphrase",
        }
    }
}

/// The name under which the key centre's agent keeps the passphrase of the CA's keys.
pub(crate) const CA: &str = "ca-passphrase";

/// The passphrase of a custodian's share that exists.
pub(crate) fn share(ctx: &Context, number: u8, who: &str, file: Option<&Path>) -> Result<Passphrase> {
    match file {
        Some(path) => Ok(Passphrase::existing(of_file(ctx, path)?)),
        None if ctx.interactive() => {
            let number = number.to_string();
            Ok(Passphrase::existing(ask(&render(ctx.lang, "prompt-share", &[("number", &number), ("who", who)]))?))
        }
        None => Err(Error::own("cli.passphrase-missing", vec![("flag", "--share-passphrase-file".to_owned())])),
    }
}

/// A passphrase that a custodian chooses for their share.
pub(crate) fn fresh_share(ctx: &Context, who: &str, file: Option<&Path>) -> Result<Passphrase> {
    match file {
        Some(path) => Ok(Passphrase::human(of_file(ctx, path)?)?),
        None if ctx.interactive() => choose_patiently(ctx, &render(ctx.lang, "prompt-new-share", &[("who", who)])),
        None => Err(Error::own("cli.passphrase-missing", vec![("flag", "--share-passphrase-file".to_owned())])),
    }
}

/// The passphrase of something that exists.
pub(crate) fn existing(ctx: &Context, which: Which) -> Result<Passphrase> {
    match source(ctx, which)? {
        Source::Text(text) => Ok(Passphrase::existing(text)),
        Source::Prompt => Ok(Passphrase::existing(ask(&render(ctx.lang, which.prompt(), &[]))?)),
    }
}

/// A passphrase for something new. `create` makes one by machine into the file named, which must not exist yet.
pub(crate) fn fresh(ctx: &Context, which: Which, create: bool) -> Result<Passphrase> {
    if create {
        let path = ctx.settings.get(which.setting()).map(PathBuf::from).ok_or_else(|| missing(which))?;
        let passphrase = Passphrase::machine(&SystemEntropy)?;
        output::write_new(&path, format!("{}\n", passphrase.expose()).as_bytes()).map_err(|e| match e {
            Error::Own { code: "cli.exists", values, .. } => Error::own("cli.passphrase-exists", values),
            other => other,
        })?;
        return Ok(passphrase);
    }
    match source(ctx, which)? {
        Source::Text(text) => Ok(Passphrase::human(text)?),
        Source::Prompt => choose_patiently(ctx, &render(ctx.lang, which.prompt_new(), &[])),
    }
}

/// How often a new passphrase may be typed until it is strong enough and the same both times.
const ATTEMPTS: u32 = 3;

fn choose_patiently(ctx: &Context, prompt: &str) -> Result<Passphrase> {
    for _ in 1..ATTEMPTS {
        match choose(ctx, prompt) {
            Err(e) if e.exit() != Exit::Interrupted => ctx.say(e.message(ctx.lang).trim_end()),
            outcome => return outcome,
        }
    }
    choose(ctx, prompt)
}

fn choose(ctx: &Context, prompt: &str) -> Result<Passphrase> {
    // Judged before it is typed again.
    let first = Passphrase::human(ask(prompt)?)?;
    if first.expose() != ask(&render(ctx.lang, "prompt-again", &[]))? {
        return Err(Error::own("cli.passphrase-differs", Vec::new()));
    }
    Ok(first)
}

/// Tells where a passphrase that the program made is kept.
pub(crate) fn tell_made(ctx: &Context, which: Which) {
    if let Some(path) = ctx.settings.get(which.setting()) {
        ctx.note("note-passphrase-made", &[("path", path)]);
    }
}

/// Removes the file of a passphrase that was just made and protects nothing, since what came after it failed.
pub(crate) fn discard(ctx: &Context, which: Which) {
    if let Some(path) = ctx.settings.get(which.setting()) {
        let _ = std::fs::remove_file(path);
    }
}

enum Source {
    Text(String),
    Prompt,
}

fn source(ctx: &Context, which: Which) -> Result<Source> {
    let fd = match which {
        Which::Operator => ctx.global.passphrase_fd,
        Which::Home => ctx.global.home_passphrase_fd,
        Which::Ca => ctx.global.ca_passphrase_fd,
        Which::Responder => ctx.global.responder_passphrase_fd,
    };
    if let Some(fd) = fd {
        let path = PathBuf::from(format!("/dev/fd/{fd}"));
        let file = File::open(&path).map_err(|e| Error::read(&path, e))?;
        return Ok(Source::Text(first_line(file, &path)?));
    }
    if let Some(path) = ctx.settings.get(which.setting()).map(Path::new) {
        return Ok(Source::Text(of_file(ctx, path)?));
    }
    if which == Which::Ca
        && let Some((_, kept)) = kept(ctx)
    {
        return Ok(Source::Text(kept.as_str().to_owned()));
    }
    if ctx.interactive() { Ok(Source::Prompt) } else { Err(missing(which)) }
}

/// The passphrase of the CA's keys and where the agent listens that keeps it, when the agent of the home's key centre runs
/// and does.
pub(crate) fn kept(ctx: &Context) -> Option<(PathBuf, Secret)> {
    let socket = Home::open(&ctx.home()).ok()?.agent_socket();
    let passphrase = Client::connect(&socket).ok()?.secret(CA).ok()?;
    Some((socket, passphrase))
}

fn of_file(ctx: &Context, path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        ctx.claim_stdin()?;
        return first_line(io::stdin().lock(), path);
    }
    let file = File::open(path).map_err(|e| Error::read(path, e))?;
    warn_if_shared(ctx, &file, path);
    first_line(file, path)
}

fn missing(which: Which) -> Error {
    Error::own("cli.passphrase-missing", vec![("flag", format!("--{}", which.setting()))])
}

/// The first line, without its end. The text is handed on, never copied.
fn first_line(from: impl Read, path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = from.take(MAX_LENGTH + 1).read_to_string(&mut text).map_err(|e| Error::read(path, e))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_LENGTH {
        return Err(Error::unreadable(path, format!("> {MAX_LENGTH}")));
    }
    if let Some(end) = text.find(['\r', '\n']) {
        text.truncate(end);
    }
    if text.is_empty() {
        return Err(Error::own("cli.passphrase-empty", vec![("path", path.display().to_string())]));
    }
    Ok(text)
}

fn warn_if_shared(ctx: &Context, file: &File, path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let shared = file.metadata().is_ok_and(|m| m.is_file() && m.mode() & 0o077 != 0);
    if shared {
        ctx.note("note-shared-file", &[("path", &path.display().to_string())]);
    }
}

fn ask(prompt: &str) -> Result<String> {
    rpassword::prompt_password(format!("{}: ", clean(prompt))).map_err(|e| match e.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => Error::own("cli.interrupted", Vec::new()),
        _ => Error::read(Path::new("/dev/tty"), e),
    })
}

/// Whether a person can be asked: both ends are terminals.
pub(crate) fn terminals() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_passphrase_is_the_first_line_of_its_file() {
        let path = Path::new("p");
        let read = |text: &str| first_line(text.as_bytes(), path).ok();
        assert_eq!(read("correct horse\nrest").as_deref(), Some("correct horse"));
        assert_eq!(read("correct horse\r\n").as_deref(), Some("correct horse"));
        assert_eq!(read(" spaces stay ").as_deref(), Some(" spaces stay "));
        assert_eq!(read("\n"), None);
        assert_eq!(read(&"x".repeat(5000)), None);
        assert!(first_line(&[0xff, 0xfe][..], path).is_err());
    }
}
