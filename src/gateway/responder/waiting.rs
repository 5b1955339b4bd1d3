//! Pure. The connections that wait for input, by their keys, and which of them go first: by time, or for room.

use super::pending::Pending;
use std::collections::HashMap;
use std::time::Instant;

/// The connections that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    parked: HashMap<u64, Pending>,
    /// No deadline of `parked` is before this.
    next_deadline: Instant,
}

impl Waiting {
    pub(super) fn new(now: Instant) -> Self {
        Self { parked: HashMap::new(), next_deadline: now }
    }

    pub(super) fn insert(&mut self, key: u64, pending: Pending) {
        let sooner = if self.parked.is_empty() { pending.deadline } else { self.next_deadline.min(pending.deadline) };
        self.next_deadline = sooner;
        self.parked.insert(key, pending);
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<Pending> {
        self.parked.remove(&key)
    }

    /// All of them.
    pub(super) fn take_all(&mut self) -> Vec<Pending> {
        self.parked.drain().map(|(_, pending)| pending).collect()
    }

    /// The moment at which the first may be late.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.parked.is_empty()).then_some(self.next_deadline)
    }

    /// Those that are over their time.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Pending> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        let late = self.parked.extract_if(|_, pending| pending.deadline <= now).map(|(_, pending)| pending).collect();
        self.next_deadline = self.parked.values().map(|pending| pending.deadline).min().unwrap_or(now);
        late
    }

    /// The connection of which least would be lost, if there is one, and whether that is a request.
    pub(super) fn take_least(&mut self, now: Instant) -> Option<(bool, Pending)> {
        let least = self.parked.iter().filter_map(|(&key, pending)| Some((pending.expendable(now)?, key))).min();
        let ((is_loss, _), key) = least?;
        self.parked.remove(&key).map(|pending| (is_loss, pending))
    }

    /// The body that has taken longest.
    pub(super) fn take_oldest_upload(&mut self) -> Option<Pending> {
        let uploads = self.parked.iter().filter_map(|(&key, pending)| Some((pending.upload_since()?, key)));
        uploads.min().and_then(|(_, key)| self.parked.remove(&key))
    }
}
