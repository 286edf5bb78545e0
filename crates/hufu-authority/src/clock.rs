//! The clock: how far it may be ahead of the ledger, and who says that it is right all the same.
//!
//! Ledger time never runs backwards. A clock that once jumps ten years ahead would therefore stop every later write for
//! ten years; and a clock that is wrong looks, from here, like a home that has rested. So a write that lies more than
//! [`CLOCK_AHEAD_MS`](hufu_store::CLOCK_AHEAD_MS) behind the last event is refused until an administrator of the CA has looked
//! at both times and confirmed the present one; that becomes an event.
//!
//! A demonstration or a test plays years in minutes. A home is therefore founded either on the machine's clock or on a
//! simulated one ([`Clock::simulated`]); the founding event says which, and the root's subject says 测试 TEST. Neither kind
//! of clock writes in a home of the other kind.

use std::sync::Arc;

use hufu_model::event::EventKind;
use hufu_model::operator::Role;
use hufu_model::time::{Clock, Instant};
use hufu_store::{Mode, Reader};

use crate::authority::{Authority, Session};
use crate::error::{ErrorKind, Result};
use crate::{init, policy};

/// The entry of a home that says by what clock it lives; a home without it lives by the machine's.
pub(crate) const ENTRY: &str = "clock";

/// Its value in a home that was founded on a simulated clock.
pub(crate) const SIMULATED: &str = "simulated";

/// The clock that a home is opened with, `clock` when it fits. A home whose time is simulated is looked at as of its last
/// event: to the machine's clock everything in it would have expired.
pub(crate) fn of_home(r: &Reader<'_>, simulated: bool, mode: Mode, clock: Arc<dyn Clock>) -> Result<Arc<dyn Clock>> {
    match (mode, simulated, clock.simulated()) {
        (_, true, true) | (_, false, false) | (Mode::ReadOnly, false, true) => Ok(clock),
        (Mode::ReadOnly, true, false) => Ok(Arc::new(Standing(r.last_event_at()?.unwrap_or(clock.now())))),
        (Mode::ReadWrite, true, false) => Err(ErrorKind::SimulatedHome.into()),
        (Mode::ReadWrite, false, true) => Err(ErrorKind::RealHome.into()),
    }
}

/// A clock that stands still.
struct Standing(Instant);

impl Clock for Standing {
    fn now(&self) -> Instant {
        self.0
    }

    fn simulated(&self) -> bool {
        true
    }
}

/// Where the clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockState {
    /// What the machine's clock says.
    pub now: Instant,
    /// The time of the last event.
    pub ledger: Instant,
    /// Whether it lies so far ahead that it must be confirmed before anything is written.
    pub ahead: bool,
    /// Whether it lies behind the last event, so that nothing is written until it is set right.
    pub behind: bool,
}

impl Authority {
    /// Where the clock stands.
    ///
    /// # Errors
    /// Database errors.
    pub fn clock_state(&self) -> Result<ClockState> {
        let now = self.now();
        let ledger = self.read(|r| Ok(r.last_event_at()?))?.unwrap_or(now);
        let gap = now.unix_millis().saturating_sub(ledger.unix_millis());
        let ahead = gap > hufu_store::CLOCK_AHEAD_MS;
        Ok(ClockState { now, ledger, ahead, behind: gap < -hufu_store::CLOCK_BEHIND_MS })
    }

    /// Says, as an administrator of the CA, that the clock is right although it is far ahead of the last event: the home
    /// has rested. Returns the number of the event.
    ///
    /// # Errors
    /// [`ErrorKind::NoChange`] when it is not far ahead; role and jurisdiction errors, an expired certificate among them.
    pub fn confirm_clock(&self, session: &Session) -> Result<u64> {
        let kind = EventKind::ClockConfirm;
        // A refusal is not recorded as others are: that would write at a time that nobody confirmed.
        self.store().write_at_any_distance(&*self.clock, |w| {
            let r = w.reader();
            let last = r.last_event_at()?.unwrap_or(w.now());
            if w.now().unix_millis().saturating_sub(last.unix_millis()) <= hufu_store::CLOCK_AHEAD_MS {
                let what =
                    format!("the clock says {} and the ledger is at {last}: nothing has to be confirmed", w.now());
                return Err(ErrorKind::NoChange(what).into());
            }
            let by = policy::acting(&r, session, w.now())?;
            policy::holds(&by, &[Role::Admin, Role::SuperAdmin])?;
            policy::within(&r.org_tree()?, &by, &init::ca_org()?)?;
            let now = w.now();
            let mut event = w.event(kind, Some(session.operator()), "clock");
            event.field("from", &last.to_string());
            event.field("to", &now.to_string());
            Ok(event.close()?)
        })
    }
}
