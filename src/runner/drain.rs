//! Edge. The loop: recovers what the last runner left, then takes the next job, runs it, and waits for more.

use super::attempt;
use super::backlog::{Backlog, Choice, Item};
use super::payload::PayloadFile;
use crate::config::{Config, WhenNewer};
use crate::model::{JobId, JobMeta, Outcome, State};
use crate::spool::{Keeper, Problem, Settlement, SpoolError, What};
use crate::system::stop::Stop;
use crate::system::watch::Watch;
use jiff::Timestamp;
use std::time::Duration;

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was left to do; so many jobs had failed for good.
    Empty {
        /// Jobs that ended in `failed/`.
        failed: usize,
    },
    /// It was told to stop.
    Stopped,
}

/// Longest sleep: inotify is only a hint, and a network file system gives none.
const POLL: Duration = Duration::from_secs(15);
/// A backlog of this size is not read anew for each arrival; what arrived is found when it has been worked off.
const RESCAN_BELOW: usize = 1000;

/// Drains the spool. With `once` it ends when nothing is left to do, waiting for retries that were promised meanwhile.
pub fn drain(config: &Config, keeper: &Keeper, stop: &Stop, once: bool) -> Result<Ended, SpoolError> {
    let watch = watch(config);
    let mut drain = Drain { config, keeper, stop, watch, backlog: Backlog::default(), failed: 0 };
    drain.recover()?;
    drain.refill()?;
    loop {
        if stop.requested() {
            return Ok(Ended::Stopped);
        }
        match drain.backlog.next(Timestamp::now()) {
            Choice::Run(id) => drain.run(id)?,
            Choice::Supersede(id, newer) => drain.give_way(id, newer, Settlement::SupersededBy { id: newer })?,
            Choice::Repeat(id, first) => drain.give_way(id, first, Settlement::RepeatOf { id: first })?,
            Choice::Nothing if once => return Ok(Ended::Empty { failed: drain.failed }),
            Choice::Nothing => drain.wait(POLL)?,
            Choice::WaitUntil(due) => drain.wait(until(due).min(POLL))?,
        }
    }
}

struct Drain<'a> {
    config: &'a Config,
    keeper: &'a Keeper,
    stop: &'a Stop,
    watch: Watch,
    backlog: Backlog,
    failed: usize,
}

impl Drain<'_> {
    /// Jobs that the last runner left in `running/`: whatever of them still lives is ended first, so that no second
    /// copy ever runs beside it; then the hook's `on_interrupt` decides.
    fn recover(&mut self) -> Result<(), SpoolError> {
        let recovered = self.keeper.recover(Timestamp::now())?;
        report(&recovered.problems);
        for claim in recovered.interrupted {
            let outcome = attempt::account_for(claim, self.config)?;
            self.count(outcome);
        }
        PayloadFile::remove_all(&self.config.spool.join(State::Running.as_str()));
        Ok(())
    }

    fn run(&mut self, id: JobId) -> Result<(), SpoolError> {
        self.backlog.remove(id);
        let outcome = attempt::run(self.keeper, id, self.config, self.stop)?;
        self.count(outcome);
        if self.backlog.len() < RESCAN_BELOW { self.refill() } else { self.take_in_retries() }
    }

    /// Settles `id` in favour of `other`, unless somebody has taken that one away meanwhile: then nothing else would do
    /// what this one does.
    fn give_way(&mut self, id: JobId, other: JobId, settlement: Settlement) -> Result<(), SpoolError> {
        if [State::Queued, State::Waiting].iter().any(|&state| self.keeper.glance(other, state).is_some()) {
            return self.decide(id, settlement);
        }
        self.backlog.remove(other);
        Ok(())
    }

    fn decide(&mut self, id: JobId, settlement: Settlement) -> Result<(), SpoolError> {
        self.backlog.remove(id);
        let what = What::from(settlement.clone());
        match self.keeper.decide(id, settlement, Timestamp::now()) {
            Ok(state) => tracing::info!(event = "decided", job = %id, what = %what, state = state.as_str()),
            // A person was quicker.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn count(&mut self, outcome: Option<Outcome>) {
        let is_bad = matches!(outcome, Some(Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted));
        self.failed += usize::from(is_bad);
    }

    /// Sleeps until something arrives, `at_most` has passed, or a stop is requested; then looks.
    fn wait(&mut self, at_most: Duration) -> Result<(), SpoolError> {
        // A full disk may have spent it; without it the next full disk refuses one delivery more.
        if let Err(error) = self.keeper.refill_reserve() {
            tracing::warn!(event = "no-reserve", reason = %error);
        }
        if let Err(error) = self.watch.wait(self.stop.fd(), at_most) {
            tracing::error!(event = "wait-failed", reason = %error);
        }
        self.refill()
    }

    /// Takes in what has arrived in `queued/`, and what waits for a retry.
    fn refill(&mut self) -> Result<(), SpoolError> {
        let scan = self.keeper.scan(Timestamp::now())?;
        report(&scan.problems);
        for id in scan.jobs {
            self.take_in(id, State::Queued, None);
        }
        self.take_in_retries()
    }

    fn take_in_retries(&mut self) -> Result<(), SpoolError> {
        for (id, not_before) in self.keeper.waiting()? {
            self.take_in(id, State::Waiting, Some(not_before));
        }
        Ok(())
    }

    /// One that says nothing of itself is taken in under no hook: claiming it will find out what is wrong with it.
    fn take_in(&mut self, id: JobId, state: State, not_before: Option<Timestamp>) {
        if !self.backlog.contains(id) {
            let item = self.keeper.glance(id, state).map(|meta| item(self.config, meta, not_before));
            self.backlog.insert(id, item.unwrap_or_else(|| unknown(not_before)));
        }
    }
}

fn watch(config: &Config) -> Watch {
    let (watch, error) = Watch::directory(&config.spool.join(State::Queued.as_str()));
    if let Some(error) = error {
        tracing::warn!(event = "no-watch", reason = %error, poll_s = POLL.as_secs());
    }
    watch
}

fn report(problems: &[Problem]) {
    for problem in problems {
        tracing::error!(event = "problem", what = %problem);
    }
}

fn item(config: &Config, meta: JobMeta, not_before: Option<Timestamp>) -> Item {
    let plan = config.hook(&meta.hook).map(|hook| &hook.plan);
    Item {
        queue: plan.map_or_else(String::new, |plan| plan.queue.clone()),
        when_newer: plan.map_or(WhenNewer::Keep, |plan| plan.when_newer),
        hook: meta.hook,
        event: Some(meta.event),
        reference: meta.reference,
        delivery: meta.delivery,
        not_before,
    }
}

fn unknown(not_before: Option<Timestamp>) -> Item {
    Item {
        hook: String::new(),
        queue: String::new(),
        event: None,
        reference: None,
        delivery: None,
        when_newer: WhenNewer::Keep,
        not_before,
    }
}

fn until(due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}
