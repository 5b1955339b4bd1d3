//! Pure. Deliveries that are to be written to one ring: the last ones, and the counts of those that it would not keep.

use super::RECORDS;
use super::delivery::SeenDelivery;
use super::result::SeenCounts;
use jiff::Timestamp;
use std::collections::VecDeque;

/// However many come, it takes no more room than a ring.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The last ones, the oldest first.
    pub(super) last: VecDeque<SeenDelivery>,
    /// All of them, by result.
    pub(super) counts: SeenCounts,
    /// Time of the first.
    pub(super) since: Option<Timestamp>,
}

impl Batch {
    /// One more.
    pub(super) fn push(&mut self, delivery: SeenDelivery) {
        self.counts.add(delivery.result, 1);
        self.since.get_or_insert(delivery.at);
        self.keep(delivery);
    }

    /// Those that came after.
    pub(super) fn append(&mut self, newer: Self) {
        self.counts.add_all(&newer.counts);
        self.since = self.since.or(newer.since);
        newer.last.into_iter().for_each(|delivery| self.keep(delivery));
    }

    fn keep(&mut self, delivery: SeenDelivery) {
        if self.last.len() as u64 == RECORDS {
            self.last.pop_front();
        }
        self.last.push_back(delivery);
    }
}
