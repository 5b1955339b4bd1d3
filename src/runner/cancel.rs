//! Edge. Ends a running job from outside it.

use crate::spool::Settlement;
use crate::system::stop::{Stop, StopTrigger};
use std::io;
use std::sync::{Arc, OnceLock};

/// A handle by which a running job is told to end. Clones are the same handle.
#[derive(Debug, Clone)]
pub(super) struct Cancel {
    stop: Stop,
    trigger: StopTrigger,
    settlement: Arc<OnceLock<Settlement>>,
}

impl Cancel {
    /// A handle that tells nothing yet.
    pub(super) fn new() -> io::Result<Self> {
        let (stop, trigger) = Stop::by_hand()?;
        Ok(Self { stop, trigger, settlement: Arc::default() })
    }

    /// Tells the job to end, and to be settled like this if that is what ended it. The first to tell is heard.
    pub(super) fn request(&self, settlement: Settlement) {
        let _was_told = self.settlement.set(settlement);
        self.trigger.request();
    }

    /// The stop that a job waits on.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The settlement of a job that this has ended.
    pub(super) fn settlement(&self) -> Option<Settlement> {
        self.settlement.get().cloned()
    }
}
