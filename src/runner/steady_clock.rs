//! Edge. The time by which the loop waits: it goes on as it began, whatever is done to the system's clock.

use crate::spool::Wait;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The system's time at a start, and the time that has passed since.
#[derive(Debug, Clone, Copy)]
pub(super) struct SteadyClock {
    began: Timestamp,
    running_since: Instant,
}

impl SteadyClock {
    /// Begins now.
    pub(super) fn start() -> Self {
        Self { began: Timestamp::now(), running_since: Instant::now() }
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        self.began.checked_add(self.running_since.elapsed()).unwrap_or(Timestamp::MAX)
    }

    /// The end of a wait.
    pub(super) fn end_of(&self, wait: Wait) -> Timestamp {
        self.now().checked_add(wait.left(Timestamp::now())).unwrap_or(Timestamp::MAX)
    }

    /// The time until `due`.
    pub(super) fn until(&self, due: Timestamp) -> Duration {
        Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}
