//! The access log: a line of JSON for each request. Nothing in it was written by the client: kinds, codes and numbers.

use std::io::Write;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hufu_authority::model::time::Instant;

/// What is said about one request.
pub(crate) struct Entry {
    /// What was asked for: `ocsp-get`, `ocsp-post`, `crl`, `ca`, `health`, `other`.
    pub(crate) what: &'static str,
    /// How an OCSP request was answered: `fresh`, `presigned`, or the error; or why there is no answer.
    pub(crate) outcome: &'static str,
    /// How many certificates were asked about that the ledger does not hold: somebody may show certificates that this
    /// CA never issued.
    pub(crate) unknown: usize,
    /// The status code of HTTP.
    pub(crate) status: u16,
    /// The length of the answer, where it is known.
    pub(crate) octets: u64,
}

/// Where the lines go.
pub(crate) struct Log(Option<Mutex<Box<dyn Write + Send>>>);

impl Log {
    pub(crate) fn new(to: Option<Box<dyn Write + Send>>) -> Self {
        Self(to.map(Mutex::new))
    }

    /// Writes a line. A log that cannot be written stops nobody from being answered.
    pub(crate) fn write(&self, at: Instant, peer: IpAddr, took: Duration, entry: &Entry) {
        let Some(to) = &self.0 else { return };
        let Entry { what, outcome, unknown, status, octets } = entry;
        let micros = took.as_micros();
        let line = format!(
            "{{\"at\":\"{at}\",\"peer\":\"{peer}\",\"what\":\"{what}\",\"outcome\":\"{outcome}\",\"unknown\":{unknown},\
             \"status\":{status},\"octets\":{octets},\"micros\":{micros}}}\n"
        );
        let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(line.as_bytes()).and_then(|()| to.flush());
    }
}
