//! A process that holds the wrapping key between the custodians' visits, behind a Unix socket.
//!
//! Custodians come once, with three shares; from then on until somebody locks the key centre, nobody uses it for a
//! while, or the process is told to end, [`Client`] is the [`Custody`](crate::Custody) of every command. The agent does
//! what needs the wrapping key and hands out results: neither that key nor a private key leaves it. It can also keep
//! named secrets, such as the CA's passphrase, and those it does hand out.
//!
//! # Who may talk to it
//! The socket is made in a folder that nobody else can enter, gets mode 0600 there, and only then its name; on Linux
//! the process at the other end must have the same user id, which the agent and the client check. So whoever runs as
//! that user may use the agent, and nobody else but the superuser.
//!
//! # Memory
//! The pages of the wrapping key and the secrets are locked, so that they are not swapped out
//! ([`Status::memory_locked`] says whether the system allowed it: `RLIMIT_MEMLOCK`). Copies that pass through a
//! computation are wiped, not locked. [`protect_process`] forbids core dumps and other processes' looks (`ptrace`) on
//! Linux; call it first in the agent's process.
//!
//! # Protocol
//! A frame is a length of 4 octets, big endian, and that many octets, at most 65,536. The client sends a request and
//! reads an answer, any number of times. A request is a version (0x01), a verb and its fields; an answer a version, 0x00
//! for done or 0x01 for refused, and its fields; a refusal's field is the code of the error. *text* is a length of 2
//! octets and that many octets; so is *octets*.
//!
//! | verb | fields | answer |
//! |---|---|---|
//! | 1 status | | name of the key (text), check value (32), seconds until the idle limit (4), memory locked (1) |
//! | 2 generate | milliseconds (8), count (2), 1 to 256 | for each: id (16), point (65), sealed (octets) |
//! | 3 envelope | count (2), 1 to 32; for each: id (16), point (65), sealed (octets), recipient's point (65) | for each: envelope (octets) |
//! | 4 mac | text | 32 octets |
//! | 5 secret | name (text) | octets |
//! | 6 lock | | |
//!
//! Anything else is answered with a refusal and the connection is closed.

mod client;
mod serve;
mod wire;

pub use client::Client;
pub use serve::{Agent, End, detach, protect_process, stop_on_signals};
pub use wire::Status;

#[cfg(test)]
mod tests;
