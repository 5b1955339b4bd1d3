//! Edge. The loop: takes in what arrives, decides what is next, hands it to a worker, and hears how it ended.

use super::backlog::Choice;
use super::holds::Holds;
use super::jobs::Jobs;
use super::metrics::Pulse;
use super::orders::Requests;
use super::reconcile::Reconciler;
use super::reload::Reloader;
use super::supply::Supply;
use super::workers::Workers;
use crate::model::JobId;
use crate::spool::{Settlement, SpoolError};
use crate::system::errno::words;
use crate::system::reap;
use crate::system::stop::{ChildExits, Stop};
use crate::system::watch::Watch;
use std::time::{Duration, Instant};

/// The end of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainEnd {
    /// By itself; so many jobs had failed for good.
    ByItself {
        /// Nothing was left to do, or the time was up.
        why: &'static str,
        /// Jobs that ended in `failed/`.
        failed: usize,
        /// Jobs that are left for the next run.
        left: usize,
    },
    /// It was told to stop.
    Stopped,
}

/// Longest sleep: inotify is only a hint, and a network file system gives none.
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Delay between two tries at what should never fail.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The conditions under which the loop ends.
pub(super) struct DrainLimits<'a> {
    /// The request to stop, from outside.
    pub(super) stop: &'a Stop,
    /// End when nothing is left to do.
    pub(super) once: bool,
    /// Nothing is begun after this.
    pub(super) until: Option<Instant>,
}

impl DrainLimits<'_> {
    fn time_is_up(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn may_ask(&self) -> bool {
        !self.stop.requested() && !self.time_is_up()
    }

    /// The longest sleep that oversleeps nothing.
    fn sleep(&self, at_most: Duration, began: Instant) -> Duration {
        let left = self.until.map_or(POLL_INTERVAL, |until| until.saturating_duration_since(began));
        let at_most = at_most.min(POLL_INTERVAL);
        if left.is_zero() { at_most } else { at_most.min(left) }
    }
}

/// The loop's parts, each of which owns what it works with.
pub(super) struct RunLoop<'a, 'scope, 'env> {
    pub(super) jobs: Jobs<'a>,
    pub(super) supply: Supply,
    pub(super) holds: Holds,
    pub(super) workers: Workers<'scope, 'env>,
    pub(super) reconciler: Reconciler<'scope, 'env>,
    pub(super) reloader: Reloader<'a>,
    pub(super) pulse: &'a Pulse,
    /// Wakes the loop when a name appears.
    pub(super) watch: Watch,
    /// Wakes the loop when a process has ended that may be an orphan: this process is the parent of all.
    pub(super) exits: ChildExits,
    pub(super) limits: DrainLimits<'a>,
}

impl RunLoop<'_, '_, '_> {
    /// Turns until there is nothing left to do, a stop is requested, or something cannot be done; then waits for what
    /// runs.
    pub(super) fn run(&mut self) -> Result<DrainEnd, SpoolError> {
        let ended = self.refill().and_then(|()| self.turn_until_done());
        self.workers.halt();
        self.reconciler.give_up(self.jobs.owner, self.limits.stop.requested());
        let last = self.workers.hear_the_last(&mut self.jobs);
        ended.and_then(|ended| last.map(|()| ended))
    }

    fn turn_until_done(&mut self) -> Result<DrainEnd, SpoolError> {
        loop {
            self.take_news()?;
            if self.limits.stop.requested() {
                return Ok(DrainEnd::Stopped);
            }
            match self.jobs.backlog.next(self.jobs.clock.now(), self.may_begin()) {
                Choice::Run(id) if self.holds.hold_back(&mut self.jobs, id)? => {}
                Choice::Run(id) => self.begin_unless_done(id)?,
                Choice::Supersede(_, newer) | Choice::Replace(_, newer) if !self.jobs.may_supersede(newer)? => {}
                Choice::Supersede(id, newer) => self.jobs.decide(id, Settlement::SupersededBy { id: newer })?,
                Choice::Repeat(id, first) if self.jobs.repeat(id, first)? => {}
                Choice::Replace(id, newer) => self.replace(id, newer),
                Choice::WaitUntil(_) | Choice::Wait if self.may_look_further() => self.look_further()?,
                Choice::WaitUntil(_) | Choice::Wait if self.is_out_of_time() => return Ok(self.ended("its time is up")),
                Choice::WaitUntil(due) => self.wait(self.jobs.clock.until(due))?,
                Choice::Nothing if self.has_ended()? => return Ok(self.ended("nothing is left to do")),
                Choice::Repeat(..) | Choice::Wait | Choice::Nothing => self.wait(POLL_INTERVAL)?,
            }
        }
    }

    /// Hears the workers, the people, a new configuration and the remotes.
    fn take_news(&mut self) -> Result<(), SpoolError> {
        self.pulse.beat();
        self.reap();
        self.workers.hear(&mut self.jobs)?;
        if self.supply.is_due(&self.jobs) {
            self.refill()?;
        }
        let Self { jobs, supply, holds, workers, .. } = self;
        Requests { jobs, supply, holds, workers }.take()?;
        if let Some(config) = self.reloader.take(&self.jobs.config) {
            self.jobs.reconfigure(config);
            self.reloader.goes_by(&self.jobs.config);
            self.refill()?;
        }
        self.reconciler.turn(&self.jobs, self.limits.may_ask())
    }

    /// A step may wait until a process is gone that an earlier job left, and a zombie is not.
    fn reap(&self) {
        if self.exits.take()
            && let Err(error) = reap::reap_orphans(true)
        {
            tracing::warn!(event = "cannot-reap", reason = words(&error));
        }
    }

    fn refill(&mut self) -> Result<(), SpoolError> {
        self.supply.refill(&mut self.jobs, &mut self.holds)
    }

    fn look_further(&mut self) -> Result<(), SpoolError> {
        self.supply.look_further(&mut self.jobs, &mut self.holds)
    }

    fn may_look_further(&self) -> bool {
        self.supply.may_look_further() && self.may_begin()
    }

    fn may_begin(&self) -> bool {
        self.workers.has_room(self.jobs.config.runner.workers) && !self.limits.time_is_up()
    }

    /// A sender that delivers again by itself does not make a job that is done run again.
    fn begin_unless_done(&mut self, id: JobId) -> Result<(), SpoolError> {
        if let Some(first) = self.jobs.done_already(id)? {
            return self.jobs.decide(id, Settlement::RepeatOf { id: first });
        }
        if let Err(error) = self.workers.begin(&mut self.jobs, id) {
            tracing::error!(event = "cannot-begin", job = %id, reason = words(&error));
            std::thread::sleep(RETRY_DELAY);
        }
        Ok(())
    }

    fn replace(&mut self, id: JobId, newer: JobId) {
        self.workers.cancel(&mut self.jobs.backlog, id, Settlement::SupersededBy { id: newer });
    }

    fn ended(&self, why: &'static str) -> DrainEnd {
        DrainEnd::ByItself { why, failed: self.workers.failed, left: self.jobs.backlog.len() }
    }

    /// With `once`: `true` if nothing is on its way any more, and a last look finds nothing either.
    fn has_ended(&mut self) -> Result<bool, SpoolError> {
        let is_quiet = !self.reconciler.is_asking() && self.jobs.relay.is_at_rest();
        let is_once_over = self.limits.once && is_quiet && self.holds.releases.is_empty();
        let may_end = self.workers.is_idle() && (is_once_over || self.limits.time_is_up());
        if may_end {
            self.refill()?;
        }
        Ok(may_end && self.jobs.backlog.len() == 0)
    }

    fn is_out_of_time(&self) -> bool {
        self.workers.is_idle() && self.limits.time_is_up()
    }

    /// Sleeps until something arrives or ends, `at_most` has passed, or a stop is requested; then looks.
    fn wait(&mut self, at_most: Duration) -> Result<(), SpoolError> {
        // A full disk may have spent it; without it the next full disk refuses one delivery more.
        if let Err(error) = self.jobs.owner.refill_reserve() {
            tracing::warn!(event = "no-reserve", reason = %error);
        }
        let began = Instant::now();
        let question = self.limits.may_ask().then(|| self.reconciler.wait()).flatten();
        let at_most = self.limits.sleep(question.map_or(at_most, |wait| at_most.min(wait)), began);
        let (stop, bell) = (self.limits.stop.fd(), self.workers.bell().fd());
        let fds: Vec<_> =
            [Some(stop), Some(bell), Some(self.exits.fd()), self.reloader.fd()].into_iter().flatten().collect();
        let appeared = self.watch.wait(&fds, at_most).unwrap_or_else(|error| {
            tracing::error!(event = "wait-failed", reason = words(&error));
            std::thread::sleep(RETRY_DELAY);
            true
        });
        if !appeared && began.elapsed() < POLL_INTERVAL {
            return Ok(());
        }
        let may_begin = self.may_begin();
        if self.supply.has_arrived(&self.jobs, may_begin) { self.refill() } else { Ok(()) }
    }
}
