//! Edge. Counts of messages by recipient, for whoever watches the runner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Messages of one recipient since the runner started, and those that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::runner) struct Told {
    /// Sent. A summary counts as one.
    pub(in crate::runner) sent: u64,
    /// Put to those that failed.
    pub(in crate::runner) failed: u64,
    /// Waiting now.
    pub(in crate::runner) waiting: usize,
}

/// The counts of all recipients, by name. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageTally(Arc<Mutex<BTreeMap<String, Told>>>);

impl MessageTally {
    pub(super) fn sent(&self, to: &str) {
        self.lock().entry(to.to_owned()).or_default().sent += 1;
    }

    pub(super) fn failed(&self, to: &str, messages: usize) {
        self.lock().entry(to.to_owned()).or_default().failed += messages as u64;
    }

    /// So many messages wait, by recipient; of the others none.
    pub(super) fn waiting(&self, waiting: impl Iterator<Item = (String, usize)>) {
        let mut all = self.lock();
        all.values_mut().for_each(|told| told.waiting = 0);
        waiting.for_each(|(to, count)| all.entry(to).or_default().waiting = count);
    }

    /// The counts as they are now.
    pub(super) fn counts(&self) -> BTreeMap<String, Told> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
