//! What keeps the server from running. What goes wrong with one request is answered there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server does not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The publishing folder cannot be read.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The machine has no threads, timers or signals for it.
    Runtime(io::Error),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "server.listen",
            Self::Folder { .. } => "server.folder",
            Self::Runtime(_) => "server.runtime",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "{address}: {source}"),
            Self::Folder { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Runtime(source) => source.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } | Self::Folder { source, .. } | Self::Runtime(source) => Some(source),
        }
    }
}

/// The server's result.
pub type Result<T> = std::result::Result<T, Error>;
