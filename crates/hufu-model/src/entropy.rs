//! Randomness as a parameter.

use std::fmt;

/// A source of cryptographically secure random octets.
///
/// Nothing below the edges reads a generator of its own: keys, nonces and serial numbers are made from what this
/// trait returns, so that tests are repeatable and a failing generator stops the authority instead of weakening it.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with fresh random octets.
    ///
    /// # Errors
    /// [`EntropyError`] when the source fails; the caller must not go on (fail closed).
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

impl dyn Entropy + '_ {
    /// Returns `N` fresh random octets.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn array<const N: usize>(&self) -> Result<[u8; N], EntropyError> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }
}

/// The random source failed; nothing may be generated or signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntropyError(pub String);

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the random number source failed: {}", self.0)
    }
}

impl std::error::Error for EntropyError {}
