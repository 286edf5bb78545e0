//! The agent's own process: it takes the shares from a pipe, and holds the wrapping key until it is told to end.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use hufu_authority::SystemEntropy;
use hufu_authority::kmc::agent::{Agent, detach, protect_process, stop_on_signals};
use hufu_authority::kmc::{Held, Kek, Secret, SecretOctets, Share, sm2_enveloped_key};

use super::refused;
use crate::context::Context;
use crate::error::{Error, Result};

/// What the agent says when it listens.
pub(super) const READY: &str = "ready";

/// More than any number of shares and passphrases.
const MAX_HANDED: usize = 64 * 1024;

#[derive(Args)]
pub(crate) struct AgentArgs {
    #[arg(long, value_name = "SECONDS")]
    idle_seconds: u64,
}

/// What goes through the pipe: shares as PEM, and named secrets.
pub(super) struct Handed {
    pub(super) shares: Vec<Secret>,
    pub(super) secrets: Vec<(String, Secret)>,
}

impl Handed {
    /// Texts, each behind its length in 4 octets; a secret is two, the first its name; shares have an empty name.
    pub(super) fn encode(&self) -> SecretOctets {
        // Big enough from the beginning: a buffer that grows leaves copies behind.
        let mut out = SecretOctets::new(Vec::with_capacity(MAX_HANDED));
        let mut put = |text: &str| {
            out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        for share in &self.shares {
            put("");
            put(share);
        }
        for (name, secret) in &self.secrets {
            put(name);
            put(secret);
        }
        out
    }

    fn decode(mut octets: &[u8]) -> Option<Self> {
        fn text<'o>(octets: &mut &'o [u8]) -> Option<&'o str> {
            let (length, rest) = octets.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            *octets = rest;
            std::str::from_utf8(text).ok()
        }
        let mut handed = Self { shares: Vec::new(), secrets: Vec::new() };
        while !octets.is_empty() {
            let (name, value) = (text(&mut octets)?, text(&mut octets)?);
            match name {
                "" => handed.shares.push(Secret::new(value.to_owned())),
                _ => handed.secrets.push((name.to_owned(), Secret::new(value.to_owned()))),
            }
        }
        Some(handed)
    }
}

/// Runs the agent: started by `hufu kmc unlock`, never by hand.
pub(super) fn run(ctx: &Context, a: &AgentArgs) -> Result<()> {
    protect(ctx);
    let mut octets = SecretOctets::new(Vec::with_capacity(MAX_HANDED));
    let limit = u64::try_from(MAX_HANDED).unwrap_or(u64::MAX);
    io::stdin().lock().take(limit).read_to_end(&mut octets).map_err(|e| Error::read(Path::new("-"), e))?;
    let handed = Handed::decode(&octets).ok_or_else(|| Error::unreadable(Path::new("-"), "hufu kmc unlock"))?;
    let authority = ctx.look()?;
    let kek = {
        let shares = handed.shares.iter().map(|pem| Share::from_pem(pem.as_bytes()));
        let shares = shares.collect::<std::result::Result<Vec<_>, _>>().map_err(refused)?;
        authority.kmc()?.combine(&shares).map_err(refused)?
    };
    let socket = authority.home().agent_socket();
    drop(authority);
    detach().map_err(refused)?;
    serve(&socket, kek, handed.secrets, Duration::from_secs(a.idle_seconds))
}

/// Forbids core dumps of this process and other processes' looks into it; says so where the system knows no such thing.
pub(super) fn protect(ctx: &Context) {
    if !protect_process() {
        ctx.note("note-unprotected", &[]);
    }
}

/// Listens, says so, and answers until the end.
pub(super) fn serve(socket: &Path, kek: Kek, secrets: Vec<(String, Secret)>, idle: Duration) -> Result<()> {
    let stop = stop_on_signals().map_err(refused)?;
    let envelope = sm2_enveloped_key(&SystemEntropy);
    let held = Held::new(kek, &SystemEntropy, &envelope);
    let agent = Agent::listen(socket, held, secrets, idle).map_err(refused)?;
    let mut out = io::stdout().lock();
    // Nobody reads it when the agent runs in the foreground of a script.
    let _ = writeln!(out, "{READY}").and_then(|()| out.flush());
    drop(out);
    agent.serve(&stop).map_err(refused)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_handed_over_comes_back() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let handed = Handed {
            shares: vec![secret("-----BEGIN"), secret("二")],
            secrets: vec![("ca-passphrase".to_owned(), secret("correct horse"))],
        };
        let octets = handed.encode();
        let read = Handed::decode(&octets).unwrap();
        assert_eq!((read.shares, read.secrets), (handed.shares, handed.secrets));
        assert!((1..octets.len()).filter(|n| Handed::decode(&octets[..*n]).is_some()).count() < 5);
        assert!(Handed::decode(&[0xff; 9]).is_none());
    }
}
