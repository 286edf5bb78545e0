//! Places where a crash test kills its own process. Only with the feature `faults`; a release binary holds none of
//! this.

/// Kills the process here when the environment asks for it: `HUFU_FAULT=NAME:N` means "at the N-th time the place NAME
/// is passed". Nothing, not even a symbol, without the feature `faults` of `hufu-store`.
#[cfg(feature = "faults")]
#[macro_export]
macro_rules! fault {
    ($place:literal) => {
        $crate::faults::hit($place)
    };
}

/// Kills the process here when the environment asks for it: `HUFU_FAULT=NAME:N` means "at the N-th time the place NAME
/// is passed". Nothing, not even a symbol, without the feature `faults` of `hufu-store`.
#[cfg(not(feature = "faults"))]
#[macro_export]
macro_rules! fault {
    ($place:literal) => {{}};
}

#[cfg(feature = "faults")]
pub use armed::{hit, sync_off};

#[cfg(feature = "faults")]
mod armed {
    use std::process::Command;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static PASSED: AtomicU64 = AtomicU64::new(0);

    /// Counts a passage of `place` and ends the process with SIGKILL when it is the one that was asked for.
    pub fn hit(place: &str) {
        let Ok(asked) = std::env::var("HUFU_FAULT") else { return };
        let (name, count) = asked.split_once(':').unwrap_or((&asked, "1"));
        if name != place || PASSED.fetch_add(1, Ordering::SeqCst) + 1 != count.parse().unwrap_or(1) {
            return;
        }
        // No `unsafe` for the system call: another program sends the signal, and nothing more happens until it came.
        let _ = Command::new("kill").arg("-9").arg(std::process::id().to_string()).status();
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// Whether `HUFU_FAULT_SYNC_OFF` asks for a store that does not wait for the disk: the build a test must catch.
    #[must_use]
    pub fn sync_off() -> bool {
        std::env::var_os("HUFU_FAULT_SYNC_OFF").is_some()
    }
}
