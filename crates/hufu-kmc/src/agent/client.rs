//! The other end of the agent's socket.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hufu_model::ident::Digest;
use hufu_model::time::Instant;
use hufu_x509::key::PublicKey;
use zeroize::Zeroizing;

use super::serve::same_user;
use super::wire::{Input, MOST_ENVELOPES, MOST_GENERATED, Request, Status, answer, bad, io_error, receive, send};
use crate::custody::{Custody, WrappedKey};
use crate::error::{ErrorKind, Result};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to an agent. One request at a time goes over it.
pub struct Client {
    stream: Mutex<UnixStream>,
}

impl Client {
    /// Connects to the agent at `path`.
    ///
    /// # Errors
    /// `kmc.no-agent`; `kmc.agent` when the socket is another user's or others may use it, or when another user's
    /// process is at its end.
    pub fn connect(path: &Path) -> Result<Self> {
        let none = || ErrorKind::NoAgent { path: PathBuf::from(path) };
        let found = std::fs::symlink_metadata(path).map_err(|_| none())?;
        if !found.file_type().is_socket() {
            return Err(bad("what stands in its place is not a socket"));
        }
        if found.uid() != rustix::process::getuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(bad("the socket is another user's, or others may use it"));
        }
        let stream = UnixStream::connect(path).map_err(|_| none())?;
        same_user(&stream)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(io_error)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(io_error)?;
        Ok(Self { stream: Mutex::new(stream) })
    }

    /// Asks, and reads the answer to its end.
    fn ask<T>(&self, request: &Request, read: impl FnOnce(&mut Input<'_>) -> Result<T>) -> Result<T> {
        let said = self.exchange(&request.encode())?;
        let mut input = answer(&said)?;
        let read = read(&mut input)?;
        input.end()?;
        Ok(read)
    }

    fn exchange(&self, asked: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        send(&mut *stream, asked)?;
        receive(&mut *stream)?.ok_or_else(|| bad("it closed the connection"))
    }

    /// What the agent says of itself. It does not count as use.
    ///
    /// # Errors
    /// `kmc.agent`, `kmc.agent-refused`.
    pub fn status(&self) -> Result<Status> {
        self.ask(&Request::Status, |input| {
            let (kek, check) = (input.text()?, input.digest()?);
            let (idle_left, [locked]) = (u32::from_be_bytes(input.array()?), input.array()?);
            Ok(Status { kek, check, idle_left, memory_locked: locked == 1 })
        })
    }

    /// A named secret that the agent keeps.
    ///
    /// # Errors
    /// `kmc.agent-refused` with `kmc.no-secret`; `kmc.agent`.
    pub fn secret(&self, name: &str) -> Result<Zeroizing<String>> {
        self.ask(&Request::Secret(name.to_owned()), |input| input.text().map(Zeroizing::new))
    }

    /// Ends the agent.
    ///
    /// # Errors
    /// `kmc.agent`.
    pub fn lock(&self) -> Result<()> {
        self.ask(&Request::Lock, |_| Ok(()))
    }
}

impl Custody for Client {
    fn identity(&self) -> Result<(String, Digest)> {
        let status = self.status()?;
        Ok((status.kek, status.check))
    }

    fn generate(&self, now: Instant, count: usize) -> Result<Vec<WrappedKey>> {
        let mut keys = Vec::with_capacity(count.min(MOST_GENERATED));
        while keys.len() < count {
            let ask = (count - keys.len()).min(MOST_GENERATED);
            keys.extend(self.ask(&Request::Generate { now, count: ask }, |input| {
                (0..ask).map(|_| input.key()).collect::<Result<Vec<_>>>()
            })?);
        }
        Ok(keys)
    }

    fn envelope(&self, keys: &[(WrappedKey, PublicKey)]) -> Result<Vec<Vec<u8>>> {
        let mut envelopes = Vec::with_capacity(keys.len());
        for some in keys.chunks(MOST_ENVELOPES) {
            envelopes.extend(self.ask(&Request::Envelope(some.to_vec()), |input| {
                some.iter().map(|_| Ok(input.octets()?.to_vec())).collect::<Result<Vec<_>>>()
            })?);
        }
        Ok(envelopes)
    }

    fn mac(&self, text: &str) -> Result<Digest> {
        self.ask(&Request::Mac(text.to_owned()), |input| input.digest())
    }
}
