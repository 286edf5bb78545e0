//! A clock that shows what it is told.

use std::sync::atomic::{AtomicI64, Ordering};

use hufu_authority::model::time::{Clock, Instant};

/// A simulated clock. It goes forward only: the ledger's time does not run backwards either.
#[derive(Debug)]
pub struct PlayClock(AtomicI64);

impl PlayClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self(AtomicI64::new(now.unix_millis()))
    }

    /// Shows `now` from here on, unless it shows a later instant already.
    pub fn forward_to(&self, now: Instant) {
        self.0.fetch_max(now.unix_millis(), Ordering::SeqCst);
    }
}

impl Clock for PlayClock {
    fn now(&self) -> Instant {
        Instant::from_unix_millis(self.0.load(Ordering::SeqCst))
    }

    fn simulated(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_only() {
        let at = Instant::from_unix_seconds;
        let clock = PlayClock::new(at(100));
        clock.forward_to(at(200));
        clock.forward_to(at(150));
        assert_eq!(clock.now(), at(200));
        assert!(clock.simulated());
    }
}
