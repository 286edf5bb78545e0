//! A clock that tests set and random numbers that come from a seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hufu_model::entropy::{Entropy, EntropyError};
use hufu_model::time::{Clock, Instant};
use hufu_x509::digest::sm3;

/// A clock that stands still until it is set. A jump ahead is meant, unless it is asked to be taken for a machine's clock.
#[derive(Debug)]
pub struct TestClock {
    now: Mutex<Instant>,
    machine: bool,
}

impl TestClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { now: Mutex::new(now), machine: false }
    }

    /// A clock that is watched as a machine's is: a jump ahead must be confirmed.
    #[must_use]
    pub fn of_a_machine(now: Instant) -> Self {
        Self { now: Mutex::new(now), machine: true }
    }

    /// Shows `now` from here on; it may be earlier than before.
    pub fn set(&self, now: Instant) {
        *self.now.lock().unwrap() = now;
    }

    /// Goes forward by `seconds`, or back when they are negative.
    pub fn advance(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.plus_seconds(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn simulated(&self) -> bool {
        !self.machine
    }
}

/// Random numbers from a seed: SM3 over seed and counter. The same seed gives the same numbers, in the order they are
/// asked for. For tests only: whoever knows the seed knows every key.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: Vec<u8>,
    counter: AtomicU64,
}

impl SeededEntropy {
    /// A source that begins at `seed`.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        Self { seed: seed.as_bytes().to_vec(), counter: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in buffer.chunks_mut(32) {
            let number = self.counter.fetch_add(1, Ordering::Relaxed);
            let block = sm3(&[self.seed.as_slice(), &number.to_be_bytes()].concat());
            chunk.copy_from_slice(&block.0[..chunk.len()]);
        }
        Ok(())
    }
}
