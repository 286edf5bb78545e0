//! Protocols in front of a certificate authority. A handler decodes what came, calls one verb of `hufu-authority` and
//! encodes its answer; nothing here opens the database or a key. Plain HTTP/1.1: what is published is signed already, and
//! TLS would need the answers it carries.
//!
//! | path | method | what |
//! |---|---|---|
//! | `/ocsp`, `/` | POST | an OCSP request in DER (RFC 6960 Appendix A.1) |
//! | `/ocsp/BASE64` | GET | the same in the path |
//! | `/crl/NAME.crl` | GET, HEAD | a revocation list from the publishing folder |
//! | `/ca/NAME.cer`, `/ca/NAME.p7b` | GET, HEAD | certificates of CAs from the publishing folder |
//! | `/health` | GET, HEAD | whether answers can be given now |
//!
//! * [`serve`]: until the process is told to end (SIGTERM, SIGINT); [`Server`]: until the caller says so
//! * `handle.rs`: from a request to a response; `publish.rs`: the files; `log.rs`: a line for each request
//!
//! # What a stranger cannot do
//! Every size and time has a limit ([`Limits`]): headers, bodies, connections, how long a header or a body may take, how
//! many questions wait. Whoever comes when all places are taken waits in the kernel's queue; a question that finds all
//! workers busy and the queue full is answered with 503. The signing and the reading of the ledger happen on a bounded
//! pool of threads, so that sockets never wait for them.

mod error;
mod handle;
mod log;
mod publish;
mod serve;

pub use error::{Error, Result};
pub use serve::{Config, Limits, Server, serve};
