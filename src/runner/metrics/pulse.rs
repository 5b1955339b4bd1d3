//! Edge. The pulse of the loop: when it looked at its work last.

use jiff::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// Time of the last look, in milliseconds since 1970; 0: none yet.
#[derive(Debug, Default)]
pub(in crate::runner) struct Pulse(AtomicI64);

impl Pulse {
    /// The loop looks at its work.
    pub(in crate::runner) fn beat(&self) {
        self.0.store(Timestamp::now().as_millisecond(), Ordering::Relaxed);
    }

    /// The last look.
    pub(super) fn last(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).ok().filter(|at| *at > Timestamp::UNIX_EPOCH)
    }
}
