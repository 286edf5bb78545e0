//! `hufu kmc unlock` and `lock`: custodians bring the wrapping key together, and an agent holds it until it is told to end.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use hufu_authority::Authority;
use hufu_authority::kmc::agent::Client;
use hufu_authority::kmc::{ErrorKind, Secret, Share};
use hufu_authority::x509::pkcs8;

use super::agent::{self, Handed, READY};
use super::{SharePassphrases, refused, shares};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::row;
use crate::secrets::{self, Which};

/// The arguments.
#[derive(Args)]
pub(crate) struct Unlock {
    #[arg(long = "share", id = "share", value_name = "FILE", required = true)]
    shares: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: SharePassphrases,
    #[arg(long)]
    keep_ca_passphrase: bool,
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = time)]
    idle: Duration,
    #[arg(long)]
    foreground: bool,
}

/// A time such as `90s`, `30m` or `8h`.
fn time(text: &str) -> std::result::Result<Duration, String> {
    let bad = || "it has not the form of a number and s, m or h, such as 30m".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(bad)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    let seconds = number.checked_mul(seconds).filter(|s| (1..=30 * 86_400).contains(s)).ok_or_else(bad)?;
    Ok(Duration::from_secs(seconds))
}

/// Unlocks: checks the shares, starts the agent, and returns when it answers.
pub(super) fn run(ctx: &Context, a: Unlock) -> Result<()> {
    let authority = ctx.look()?;
    let kmc = authority.kmc()?;
    let socket = socket(&authority)?;
    if Client::connect(&socket).is_ok() {
        return Err(refused(ErrorKind::AgentRuns { path: socket }.into()));
    }
    let shares = shares::opened(ctx, &a.shares, &a.passphrases)?;
    // Here, where the message reaches somebody: which share of whom is wrong.
    let kek = kmc.combine(&shares).map_err(refused)?;
    let secrets =
        if a.keep_ca_passphrase { vec![(secrets::CA.to_owned(), ca_passphrase(ctx, &authority)?)] } else { Vec::new() };
    let kept = !secrets.is_empty();
    if a.foreground {
        agent::protect(ctx);
        say(ctx, &socket, a.idle, kept)?;
        return agent::serve(&socket, kek, secrets, a.idle);
    }
    drop(kek);
    start(ctx, &authority, &Handed { shares: shares.iter().map(Share::to_pem).collect(), secrets }, a.idle)?;
    say(ctx, &socket, a.idle, kept)?;
    ctx.next(if kept { "next-kmc-unlock-kept" } else { "next-kmc-unlock" }, &[]);
    Ok(())
}

fn say(ctx: &Context, socket: &Path, idle: Duration, kept: bool) -> Result<()> {
    ctx.out.one(
        "agent",
        row([
            ("state", "unlocked".into()),
            ("socket", socket.display().to_string().into()),
            ("idle", format!("{} s", idle.as_secs()).into()),
            ("ca_passphrase", kept.into()),
        ]),
    )
}

/// The agent's socket by its whole path: the agent works in no folder of its own.
fn socket(authority: &Authority) -> Result<PathBuf> {
    let path = authority.home().agent_socket();
    std::path::absolute(&path).map_err(|e| Error::read(&path, e))
}

/// The CA's passphrase, which must open the current CA's key: a wrong one would be noticed by the night shift.
fn ca_passphrase(ctx: &Context, authority: &Authority) -> Result<Secret> {
    let passphrase = secrets::existing(ctx, Which::Ca)?;
    let path = authority.home().key(&authority.cas()?.current()?.key);
    pkcs8::decrypt(&ctx.read(&path)?, &passphrase).map_err(|e| Error::about_file(&path, e))?;
    Ok(Secret::new(passphrase.expose().to_owned()))
}

/// Starts the agent as a process of its own. What it needs goes through a pipe that no other process has.
fn start(ctx: &Context, authority: &Authority, handed: &Handed, idle: Duration) -> Result<()> {
    let failed = |e: std::io::Error| Error::own("cli.agent", vec![("what", e.to_string())]);
    let home = std::path::absolute(authority.home().path()).map_err(failed)?;
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(["kmc", "agent", "--lang", ctx.lang.code(), "--idle-seconds", &idle.as_secs().to_string(), "--home"])
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut pipe) = child.stdin.take() {
        // An agent that ended early says why below.
        let _ = pipe.write_all(&handed.encode());
    }
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        let _ = BufReader::new(out).read_line(&mut said);
    }
    if said.trim_end() == READY {
        return Ok(());
    }
    let mut why = String::new();
    if let Some(err) = child.stderr.take() {
        let _ = err.take(4096).read_to_string(&mut why);
    }
    let _ = child.wait();
    let first = why.lines().next().unwrap_or_default();
    let what = first.split_once(": ").map_or(first, |(_, what)| what).to_owned();
    Err(Error::own("cli.agent", vec![("what", what)]))
}

/// How long an agent that was told to end may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Locks: ends the agent, and returns when its socket is gone.
pub(super) fn lock(ctx: &Context) -> Result<()> {
    let authority = ctx.look()?;
    let socket = socket(&authority)?;
    Client::connect(&socket).and_then(|client| client.lock()).map_err(refused)?;
    let until = Instant::now() + PATIENCE;
    while socket.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    ctx.out.one("agent", row([("state", "locked".into()), ("socket", socket.display().to_string().into())]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(
            (time("30m").unwrap(), time("8h").unwrap()),
            (Duration::from_secs(1800), Duration::from_secs(28_800))
        );
        for bad in ["", "5", "h", "0s", "-1s", "1d", "99999h", "9９m"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
