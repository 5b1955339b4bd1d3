//! Edge. The loop: takes in what arrives, decides what is next, hands it to a worker, and hears how it ended.

use super::backlog::{Backlog, Choice, Item};
use super::cancel::Cancel;
use super::orders::Release;
use super::outcome_cache::OutcomeCache;
use super::reconcile::{Answer, Schedule};
use super::reload::Reload;
use super::task::{AttemptEnd, Task};
use super::workers::Report;
use crate::config::{Config, RunnerSettings};
use crate::model::{JobId, Outcome, State};
use crate::spool::{HistoryEvent, Hold, Scan, Settlement, SpoolError, SpoolOwner, TakenRequest};
use crate::system::bell::Bell;
use crate::system::errno::words;
use crate::system::reap;
use crate::system::stop::{Stop, StopTrigger};
use crate::system::watch::Watch;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself; so many jobs had failed for good.
    ByItself {
        /// Nothing was left to do, or the time was up.
        why: &'static str,
        /// Jobs that ended in `failed/`.
        failed: usize,
    },
    /// It was told to stop.
    Stopped,
}

/// Longest sleep: inotify is only a hint, and a network file system gives none.
const POLL: Duration = Duration::from_secs(15);
/// Between two tries at what should never fail.
const PAUSE: Duration = Duration::from_secs(1);

/// A job that a worker has.
#[derive(Debug)]
pub(super) struct Running {
    /// Ends it.
    pub(super) cancel: Cancel,
    /// Whatever orphan comes to this process is taken for the job's: nothing may be begun beside it, also when a new
    /// configuration has more workers.
    alone: bool,
}

/// The loop's own.
pub(super) struct Drain<'a> {
    pub(super) config: Arc<Config>,
    pub(super) outcomes: OutcomeCache,
    pub(super) owner: &'a SpoolOwner,
    pub(super) backlog: Backlog,
    pub(super) running: BTreeMap<JobId, Running>,
    /// Wakes the loop when a name appears.
    pub(super) watch: Watch,
    /// What the recovery saw in `queued/`, until it is taken in.
    pub(super) queued: Option<Scan>,
    /// Whether the last scan left jobs out.
    pub(super) has_more: bool,
    /// The job that was read from end to end last.
    pub(super) known_whole: Option<JobId>,
    /// Up to here jobs were looked at, if not all were.
    pub(super) horizon: Option<JobId>,
    /// Behind the horizon there was nothing when it was moved last.
    pub(super) at_the_end: bool,
    pub(super) once: bool,
    /// Nothing is begun after this.
    pub(super) until: Option<Instant>,
    /// The request to stop, from outside.
    pub(super) stop: &'a Stop,
    pub(super) reload: Option<Reload<'a>>,
    /// Tells running jobs that the runner has to stop.
    pub(super) halt: StopTrigger,
    pub(super) halted: Stop,
    pub(super) tasks: Sender<Task>,
    pub(super) reports: Receiver<Report>,
    pub(super) bell: &'a Bell,
    /// Starts one more worker thread.
    pub(super) spawn_worker: Box<dyn Fn() + Send + 'a>,
    /// When remotes are asked for what was missed, how, and what they said.
    pub(super) schedule: Schedule,
    pub(super) ask: Box<dyn Fn(Arc<Config>, String) + Send + 'a>,
    pub(super) answers: Receiver<Answer>,
    /// Worker threads.
    pub(super) worker_count: usize,
    pub(super) failed: usize,
    /// Hooks on hold.
    pub(super) holds: BTreeMap<String, Hold>,
    /// Jobs that waited when their hook was put on hold.
    pub(super) to_hold: Vec<JobId>,
    /// Hooks that are being released, in the order of the orders, each with the one that waits for the answer.
    pub(super) releases: VecDeque<(TakenRequest, Release)>,
    /// What the care of the disk goes by.
    pub(super) settings: &'a Mutex<RunnerSettings>,
}

impl Drain<'_> {
    /// Turns until there is nothing left to do, a stop is requested, or something cannot be done; then waits for what
    /// runs.
    pub(super) fn run(&mut self) -> Result<Ended, SpoolError> {
        let ended = self.refill().and_then(|()| self.turn_until_done());
        self.halt.request();
        self.give_up_asking();
        let last = self.hear_the_last();
        ended.and_then(|ended| last.map(|()| ended))
    }

    fn turn_until_done(&mut self) -> Result<Ended, SpoolError> {
        loop {
            self.hear()?;
            self.take_orders()?;
            self.reload_if_asked()?;
            self.reconcile()?;
            if self.stop.requested() {
                return Ok(Ended::Stopped);
            }
            match self.backlog.next(Timestamp::now(), self.may_begin()) {
                Choice::Run(id) if self.hold_back(id)? => {}
                Choice::Run(id) => self.begin_unless_done(id)?,
                Choice::Supersede(_, newer) | Choice::Replace(_, newer) if !self.may_supersede(newer)? => {}
                Choice::Supersede(id, newer) => self.decide(id, Settlement::SupersededBy { id: newer })?,
                Choice::Repeat(id, first) => self.give_way(id, first, Settlement::RepeatOf { id: first })?,
                Choice::Replace(id, newer) => drop(self.cancel(id, Settlement::SupersededBy { id: newer })),
                Choice::WaitUntil(_) | Choice::Wait if self.may_look_further() => self.look_further()?,
                Choice::WaitUntil(_) | Choice::Wait if self.is_out_of_time() => return Ok(self.ended("its time is up")),
                Choice::WaitUntil(due) => self.wait(until(due))?,
                Choice::Nothing if self.has_ended()? => return Ok(self.ended("nothing is left to do")),
                Choice::Wait | Choice::Nothing => self.wait(POLL)?,
            }
        }
    }

    fn ended(&self, why: &'static str) -> Ended {
        Ended::ByItself { why, failed: self.failed }
    }

    /// With `once`: whether nothing is on its way any more, and a last look finds nothing either.
    fn has_ended(&mut self) -> Result<bool, SpoolError> {
        let is_once_over = self.once && self.schedule.asking().is_empty() && self.releases.is_empty();
        let may_end = self.running.is_empty() && (is_once_over || self.time_is_up());
        if may_end {
            self.refill()?;
        }
        Ok(may_end && self.backlog.len() == 0)
    }

    fn time_is_up(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn is_out_of_time(&self) -> bool {
        self.running.is_empty() && self.time_is_up()
    }

    pub(super) fn may_ask(&self) -> bool {
        !self.stop.requested() && !self.time_is_up()
    }

    fn may_begin(&self) -> bool {
        let is_free = self.running.len() < self.config.runner.workers && !self.running.values().any(|job| job.alone);
        is_free && !self.time_is_up()
    }

    /// A sender that delivers again by itself does not make a job that is done run again. A person who released this
    /// very job does.
    fn begin_unless_done(&mut self, id: JobId) -> Result<(), SpoolError> {
        let item = self.backlog.waiting(id).filter(|item| item.sends_again && item.not_before.is_none());
        let done = item.map(|item| self.outcomes.done(self.owner, item)).transpose()?.flatten();
        if let Some(first) = done.filter(|_| !self.was_released(id)) {
            return self.decide(id, Settlement::RepeatOf { id: first });
        }
        self.begin(id);
        Ok(())
    }

    /// Only a job that has been further on has a history in `queued/`.
    fn was_released(&self, id: JobId) -> bool {
        self.owner.look(id, State::Queued).is_some_and(|(_, history)| !history.entries().is_empty())
    }

    fn may_look_further(&self) -> bool {
        self.horizon.is_some() && !self.at_the_end && self.may_begin()
    }

    /// Hands a job to a worker.
    fn begin(&mut self, id: JobId) {
        let cancel = match Cancel::new() {
            Ok(cancel) => cancel,
            Err(error) => {
                tracing::error!(event = "cannot-begin", job = %id, reason = words(&error));
                return std::thread::sleep(PAUSE);
            }
        };
        if self.running.len() >= self.worker_count {
            (self.spawn_worker)();
            self.worker_count += 1;
        }
        self.backlog.start(id);
        let alone = self.config.runner.workers == 1;
        self.running.insert(id, Running { cancel: cancel.clone(), alone });
        let (config, outcomes, halted) = (Arc::clone(&self.config), self.outcomes.clone(), self.halted.clone());
        let task = Task { id, config, outcomes, halted, cancel, alone };
        // The workers are there as long as this end of the channel is.
        let _nobody_takes = self.tasks.send(task);
    }

    /// Hears which jobs have ended.
    pub(super) fn hear(&mut self) -> Result<(), SpoolError> {
        self.bell.silence();
        while let Ok(Report { id, end }) = self.reports.try_recv() {
            self.running.remove(&id);
            let item = self.backlog.end(id);
            let end = end.unwrap_or_else(|panic| resume_unwind(panic))?;
            self.failed += usize::from(end.is_failure());
            self.take_back(id, item, &end);
            if let Err(error) = reap::reap_orphans(true) {
                tracing::warn!(event = "cannot-reap", reason = words(&error));
            }
        }
        if self.has_more && self.backlog.is_scarce() { self.refill() } else { Ok(()) }
    }

    fn take_back(&mut self, id: JobId, item: Option<Item>, end: &AttemptEnd) {
        let Some(item) = item else { return };
        self.outcomes.note(id, &item, end);
        if let AttemptEnd::Waiting(not_before) = end {
            self.backlog.insert(id, Item { not_before: Some(*not_before), ..item });
        }
    }

    /// Waits for what runs, which was told to stop. The first error counts.
    fn hear_the_last(&mut self) -> Result<(), SpoolError> {
        let mut first = Ok(());
        self.has_more = false;
        while !self.running.is_empty() {
            first = first.and(self.hear());
            if !self.running.is_empty() {
                crate::system::wait::forever(self.bell.fd());
            }
        }
        first
    }

    /// Tells a running job to end, and how it is settled if that is what ends it. Whether it runs.
    pub(super) fn cancel(&mut self, id: JobId, settlement: Settlement) -> bool {
        self.backlog.tell(id);
        let running = self.running.get(&id);
        if let Some(running) = running {
            running.cancel.request(settlement);
        }
        running.is_some()
    }

    /// Whether others may give way to `newer`: it is there, and whole. A damaged one stands for itself alone; claiming it
    /// will put it away.
    fn may_supersede(&mut self, newer: JobId) -> Result<bool, SpoolError> {
        let whole = |state| self.owner.is_whole(newer, state);
        if self.known_whole == Some(newer) && self.is_there(newer)? {
            return Ok(true);
        }
        if whole(State::Queued)? || whole(State::Waiting)? {
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

    /// Settles `id` in favour of `other`, the first of the same delivery, unless somebody has taken that one away
    /// meanwhile: then nothing else would do what this one does.
    fn give_way(&mut self, id: JobId, other: JobId, settlement: Settlement) -> Result<(), SpoolError> {
        if self.is_there(other)? {
            return self.decide(id, settlement);
        }
        self.backlog.remove(other);
        Ok(())
    }

    fn is_there(&self, id: JobId) -> Result<bool, SpoolError> {
        let waits = |state| self.owner.peek(id, state).map(|meta| meta.is_some());
        Ok(self.backlog.is_running(id) || waits(State::Queued)? || waits(State::Waiting)?)
    }

    /// Settles a job that does not run.
    pub(super) fn decide(&mut self, id: JobId, settlement: Settlement) -> Result<(), SpoolError> {
        let item = self.backlog.remove(id);
        let what = HistoryEvent::from(settlement.clone());
        match self.owner.decide(id, settlement, Timestamp::now()) {
            Ok(state) => {
                tracing::info!(event = "decided", job = %id, what = %what, state = state.as_str());
                if let (Some(item), State::Done) = (item, state) {
                    self.outcomes.note(id, &item, &AttemptEnd::Over { outcome: Outcome::Superseded, commit: None });
                }
            }
            // A person was quicker.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sleeps until something arrives or ends, `at_most` has passed, or a stop is requested; then looks.
    fn wait(&mut self, at_most: Duration) -> Result<(), SpoolError> {
        // A full disk may have spent it; without it the next full disk refuses one delivery more.
        if let Err(error) = self.owner.refill_reserve() {
            tracing::warn!(event = "no-reserve", reason = %error);
        }
        let began = Instant::now();
        let question = self.may_ask().then(|| self.schedule.wait(Timestamp::now())).flatten();
        let at_most = question.map_or(at_most, |wait| at_most.min(wait));
        let left = self.until.map_or(POLL, |until| until.saturating_duration_since(began));
        let at_most = if left.is_zero() { at_most.min(POLL) } else { at_most.min(POLL).min(left) };
        let hangup = self.reload.map(|reload| reload.hangup.fd());
        let fds: Vec<_> = [Some(self.stop.fd()), Some(self.bell.fd()), hangup].into_iter().flatten().collect();
        let appeared = self.watch.wait(&fds, at_most).unwrap_or_else(|error| {
            tracing::error!(event = "wait-failed", reason = words(&error));
            std::thread::sleep(PAUSE);
            true
        });
        if !appeared && began.elapsed() < POLL {
            return Ok(());
        }
        self.at_the_end = false;
        if self.backlog.is_scarce() || (self.horizon.is_none() && self.may_begin()) {
            return self.refill();
        }
        // What arrived is found when the backlog has been worked off: it is not read anew for each arrival.
        self.has_more = true;
        Ok(())
    }
}

fn until(due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}
