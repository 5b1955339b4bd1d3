//! Edge. The jobs that the loop knows of, and the decisions about those that do not run.

use super::admission::unwanted;
use super::attempt_end::AttemptEnd;
use super::backlog::{Backlog, Item};
use super::outcome_cache::OutcomeCache;
use super::relaying::Relay;
use super::steady_clock::SteadyClock;
use super::telling::Teller;
use crate::config::{Config, Hook};
use crate::model::{JobId, JobMeta, Outcome, State};
use crate::spool::{HistoryEvent, Settlement, SpoolError, SpoolOwner};
use jiff::Timestamp;
use std::sync::Arc;

/// The backlog, the spool behind it, and the configuration by which it is read.
pub(super) struct Jobs<'a> {
    pub(super) config: Arc<Config>,
    pub(super) owner: &'a SpoolOwner,
    pub(super) backlog: Backlog,
    pub(super) outcomes: OutcomeCache,
    pub(super) teller: Teller,
    /// Sends jobs to other hosts.
    pub(super) relay: &'a Relay,
    /// The clock by which jobs wait.
    pub(super) clock: SteadyClock,
    /// The job that was read from end to end last.
    known_whole: Option<JobId>,
}

/// Longest time between two deliveries that announce the same; the sequence of a job is its time of arrival.
const ANNOUNCED_WITHIN_NS: u64 = 30_000_000_000;

impl<'a> Jobs<'a> {
    /// An empty backlog.
    pub(super) fn new(
        config: Arc<Config>,
        owner: &'a SpoolOwner,
        outcomes: OutcomeCache,
        teller: Teller,
        relay: &'a Relay,
    ) -> Self {
        let clock = SteadyClock::start();
        Self { config, owner, backlog: Backlog::default(), outcomes, teller, relay, clock, known_whole: None }
    }

    /// Goes by another configuration. Running jobs keep theirs, and get the queue that the new one gives them; those
    /// that wait are forgotten, to be read anew.
    pub(super) fn reconfigure(&mut self, config: Config) {
        self.owner.limit_payload(config.body_limit_bytes);
        self.config = Arc::new(config);
        self.teller.reconfigured(&self.config);
        let config = Arc::clone(&self.config);
        self.relay.reconfigure(Arc::clone(&config));
        self.backlog.requeue(|id, item| queue_of(&config, id, &item.hook));
    }

    /// The queue of a job of hook `hook`, or of none.
    pub(super) fn queue_of(&self, id: JobId, hook: &str) -> Option<String> {
        queue_of(&self.config, id, hook)
    }

    /// The job that `meta` describes. One whose hook is gone, or does not want it, is under no queue, and no other job
    /// gives way to it: claiming it will hold it.
    pub(super) fn item(&self, id: JobId, meta: JobMeta) -> Item {
        match self.config.hook(&meta.hook).filter(|hook| unwanted(hook, &meta).is_none()) {
            Some(Hook { plan, .. }) => Item::of(id, meta, &plan.queue, plan.when_newer),
            None => Item { hook: meta.hook, ..Item::unknown() },
        }
    }

    /// A job in `done/` that did what this one would, of a sender that delivers again by itself or tells everything
    /// twice. A person who released this very job wants it all the same.
    pub(super) fn done_already(&self, id: JobId) -> Result<Option<JobId>, SpoolError> {
        let Some(item) = self.backlog.waiting(id).filter(|item| item.not_before.is_none()) else { return Ok(None) };
        let (sends_again, announced_twice) = (item.sends_again, item.announced_twice);
        if !sends_again && !announced_twice {
            return Ok(None);
        }
        let done = self.outcomes.done(self.owner, item)?;
        let is_same = |first: &JobId| sends_again || id.sequence().abs_diff(first.sequence()) < ANNOUNCED_WITHIN_NS;
        Ok(done.filter(is_same).filter(|_| !self.was_released(id)))
    }

    /// Only a job that has been further on has a history in `queued/`.
    fn was_released(&self, id: JobId) -> bool {
        self.owner.look(id, State::Queued).is_some_and(|(_, history)| !history.entries().is_empty())
    }

    /// `true` if others may give way to `newer`: it is there, and whole. A damaged one stands for itself alone;
    /// claiming it will put it away.
    pub(super) fn may_supersede(&mut self, newer: JobId) -> Result<bool, SpoolError> {
        if self.known_whole == Some(newer) && self.is_there(newer)? {
            return Ok(true);
        }
        if self.owner.is_whole(newer, State::Queued)? || self.owner.is_whole(newer, State::Waiting)? {
            self.known_whole = Some(newer);
            return Ok(true);
        }
        let was_there = self.is_there(newer)?;
        self.backlog.remove(newer);
        if was_there {
            self.backlog.insert(newer, Item::unknown());
        }
        Ok(false)
    }

    /// Settles `id` as a repeat of `first`, unless somebody has taken that one away meanwhile, or it is damaged: then
    /// nothing else would do what this one does. `false` while a worker is finding out which.
    pub(super) fn repeat(&mut self, id: JobId, first: JobId) -> Result<bool, SpoolError> {
        let is_running = self.backlog.is_running(first);
        if is_running && !self.is_claimed_whole(first)? {
            return Ok(false);
        }
        if is_running || self.may_supersede(first)? {
            self.decide(id, Settlement::RepeatOf { id: first })?;
        }
        Ok(true)
    }

    /// True if a worker has claimed the job and found it whole.
    fn is_claimed_whole(&mut self, id: JobId) -> Result<bool, SpoolError> {
        let is_known = self.known_whole == Some(id);
        if is_known || self.owner.is_whole(id, State::Running)? {
            self.known_whole = Some(id);
            return Ok(true);
        }
        Ok(false)
    }

    fn is_there(&self, id: JobId) -> Result<bool, SpoolError> {
        let waits = |state| self.owner.peek(id, state).map(|meta| meta.is_some());
        Ok(self.backlog.is_running(id) || waits(State::Queued)? || waits(State::Waiting)?)
    }

    /// Settles a job that does not run.
    pub(super) fn decide(&mut self, id: JobId, settlement: Settlement) -> Result<(), SpoolError> {
        let item = self.backlog.remove(id);
        let outcome = match settlement {
            Settlement::RepeatOf { .. } => Outcome::Repeat,
            Settlement::Ended { outcome, .. } => outcome,
            _ => Outcome::Superseded,
        };
        let what = HistoryEvent::from(settlement.clone());
        // Of a job that is passed on the hosts tell that run it.
        if outcome != Outcome::Relayed {
            self.teller.decided(self.owner, &self.config, id, &settlement)?;
        }
        match self.owner.decide(id, settlement, Timestamp::now()) {
            Ok(state) => {
                tracing::info!(event = "decided", job = %id, what = %what, state = state.as_str());
                if let (Some(item), State::Done) = (item, state) {
                    self.outcomes.note(id, &item, &AttemptEnd::Over { outcome, commit: None });
                }
            }
            // A person was quicker.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Notes how an attempt ended; a job that is tried again waits again.
    pub(super) fn end(&mut self, id: JobId, end: Result<AttemptEnd, SpoolError>) -> Result<AttemptEnd, SpoolError> {
        let item = self.backlog.end(id);
        let end = end?;
        if let Some(item) = item {
            self.outcomes.note(id, &item, &end);
            if let AttemptEnd::Waiting(wait) = end {
                self.backlog.insert(id, Item { not_before: Some(self.clock.end_of(wait)), ..item });
            }
        }
        Ok(end)
    }
}

fn queue_of(config: &Config, id: JobId, hook: &str) -> Option<String> {
    let plan = &config.hook(hook)?.plan;
    Some(Item::queue(id, &plan.queue, plan.when_newer))
}
