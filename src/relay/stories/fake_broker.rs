//! Pure. A server with a work queue, as far as hosts see it: what is stored, who has asked, what was given out.

use crate::relay::wire::{BrokerMessage, Inlet};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds after which a message that was not acknowledged is given out again.
const ACK_WAIT_MS: u64 = 30_000;

/// A request for messages.
pub(super) struct PullRequest {
    pub(super) host: usize,
    pub(super) inlet: Inlet,
    pub(super) left: usize,
    pub(super) ends_ms: u64,
}

/// A consumer: what it gave out, and when.
pub(super) struct FakeConsumer {
    filter: String,
    /// Messages before this number it believes to have given out.
    floor: u64,
    given: BTreeMap<u64, u64>,
    pub(super) requests: Vec<PullRequest>,
}

/// The server. What it stored it may forget, and remember what it should have forgotten.
#[derive(Default)]
pub(super) struct FakeBroker {
    pub(super) stream: BTreeMap<u64, BrokerMessage>,
    next: u64,
    ids: BTreeSet<String>,
    pub(super) consumers: BTreeMap<String, FakeConsumer>,
    /// Nobody has made the stream, or its servers choose a leader.
    pub(super) is_away: bool,
    /// Every message that was ever stored, for those who would repeat one.
    pub(super) past: Vec<BrokerMessage>,
}

impl FakeBroker {
    /// Stores a message, unless its id is known.
    pub(super) fn store(&mut self, message: BrokerMessage) {
        if !self.ids.insert(message.message_id.clone()) {
            return;
        }
        self.next += 1;
        self.past.push(message.clone());
        self.stream.insert(self.next, message);
    }

    /// Begins anew, at number one. Consumers that survive go on as if nothing had happened.
    pub(super) fn forget(&mut self, with_consumers: bool) {
        (self.stream, self.next) = (BTreeMap::new(), 0);
        self.ids.clear();
        if with_consumers {
            self.consumers.clear();
        }
    }

    /// The stream begins anew, and its consumers are far ahead of it.
    pub(super) fn put_consumers_ahead(&mut self) {
        self.forget(false);
        self.consumers.values_mut().for_each(|consumer| consumer.floor = 1_000_000);
    }

    /// Makes a consumer anew; those who had asked the old one are told.
    pub(super) fn make(&mut self, name: &str, filter: &str) {
        let consumer =
            FakeConsumer { filter: filter.to_owned(), floor: 1, given: BTreeMap::new(), requests: Vec::new() };
        self.consumers.entry(name.to_owned()).or_insert(consumer);
    }

    /// The next message for somebody who has asked: its number, and it.
    pub(super) fn give(&mut self, name: &str, now_ms: u64) -> Option<(u64, BrokerMessage)> {
        let consumer = self.consumers.get_mut(name)?;
        let prefix = consumer.filter.trim_end_matches('>');
        let is_due = |number: u64| match consumer.given.get(&number) {
            Some(at) => now_ms >= at + ACK_WAIT_MS,
            None => number >= consumer.floor,
        };
        let found =
            self.stream.iter().find(|(number, message)| message.subject.starts_with(prefix) && is_due(**number));
        let (number, message) = found.map(|(number, message)| (*number, message.clone()))?;
        consumer.given.insert(number, now_ms);
        consumer.floor = consumer.floor.max(number + 1);
        Some((number, message))
    }

    /// A message was acknowledged.
    pub(super) fn acknowledge(&mut self, name: &str, number: u64) {
        if let Some(consumer) = self.consumers.get_mut(name)
            && consumer.given.remove(&number).is_some()
        {
            self.stream.remove(&number);
        }
    }
}
