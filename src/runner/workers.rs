//! Edge. The threads that run attempts: tasks go to them, and reports come back.

use super::attempt;
use super::attempt_end::AttemptEnd;
use super::backlog::Backlog;
use super::cancel::Cancel;
use super::jobs::Jobs;
use super::task::Task;
use crate::model::JobId;
use crate::spool::{Settlement, SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use crate::system::stop::{Stop, StopTrigger};
use crate::system::wait::forever;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder, Scope};

/// The end of a task; the outer error is a panic.
struct TaskReport {
    id: JobId,
    end: thread::Result<Result<AttemptEnd, SpoolError>>,
}

/// The side of the threads.
pub(super) struct WorkerPool<'a> {
    owner: &'a SpoolOwner,
    tasks: Mutex<Receiver<Task>>,
    reports: Sender<TaskReport>,
    /// Rings when there is a report.
    bell: &'a Bell,
}

/// The loop's ends of the channels to a pool.
pub(super) struct Channels {
    tasks: Sender<Task>,
    reports: Receiver<TaskReport>,
}

impl<'a> WorkerPool<'a> {
    /// A pool without threads, and the loop's ends.
    pub(super) fn new(owner: &'a SpoolOwner, bell: &'a Bell) -> (Self, Channels) {
        let ((tasks, taken), (reports, heard)) = (channel(), channel());
        (Self { owner, tasks: Mutex::new(taken), reports, bell }, Channels { tasks, reports: heard })
    }

    /// Runs attempts, one after the other, until no more will come.
    pub(super) fn work(&self) {
        while let Some(task) = self.next() {
            let id = task.id;
            let end = catch_unwind(AssertUnwindSafe(|| attempt::run(self.owner, &task)));
            // Nobody hears the last one when the loop is gone: the job is settled all the same.
            let _nobody_hears = self.reports.send(TaskReport { id, end });
            self.bell.ring();
        }
    }

    fn next(&self) -> Option<Task> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

/// A job that a worker has.
#[derive(Debug)]
struct Running {
    /// Ends it.
    cancel: Cancel,
    claimed: Arc<AtomicBool>,
    /// Whatever orphan comes to this process is taken for the job's: nothing may be begun beside it, also when a new
    /// configuration has more workers.
    alone: bool,
}

/// The side of the loop.
pub(super) struct Workers<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    pool: &'env WorkerPool<'env>,
    channels: Channels,
    /// Threads of the pool.
    count: usize,
    running: BTreeMap<JobId, Running>,
    /// Jobs that have failed for good.
    pub(super) failed: usize,
    /// Tells running jobs that the runner has to stop.
    halt: StopTrigger,
    halted: Stop,
}

impl<'scope, 'env> Workers<'scope, 'env> {
    /// The calling thread is to be the first worker.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        pool: &'env WorkerPool<'env>,
        channels: Channels,
        (halted, halt): (Stop, StopTrigger),
    ) -> Self {
        Self { scope, pool, channels, count: 1, running: BTreeMap::new(), failed: 0, halt, halted }
    }

    /// Tells running jobs that the runner has to stop.
    pub(super) fn halt(&self) {
        self.halt.request();
    }

    /// The bell that rings when there is a report.
    pub(super) fn bell(&self) -> &'env Bell {
        self.pool.bell
    }

    /// `true` if no job runs.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// `true` if one more job may run beside the others.
    pub(super) fn has_room(&self, at_most: usize) -> bool {
        self.running.len() < at_most && !self.running.values().any(|job| job.alone)
    }

    /// Hands a job to a worker.
    pub(super) fn begin(&mut self, jobs: &mut Jobs<'_>, id: JobId) -> io::Result<()> {
        let cancel = Cancel::new()?;
        if self.running.len() >= self.count {
            let pool = self.pool;
            Builder::new().spawn_scoped(self.scope, || pool.work())?;
            self.count += 1;
        }
        jobs.backlog.start(id);
        let alone = jobs.config.runner.workers == 1;
        let claimed = Arc::<AtomicBool>::default();
        self.running.insert(id, Running { cancel: cancel.clone(), claimed: Arc::clone(&claimed), alone });
        let (config, outcomes, halted) = (Arc::clone(&jobs.config), jobs.outcomes.clone(), self.halted.clone());
        let teller = jobs.teller.clone();
        // The workers are there as long as this end of the channel is.
        let _nobody_takes =
            self.channels.tasks.send(Task { id, config, outcomes, teller, halted, cancel, claimed, alone });
        Ok(())
    }

    /// Takes the reports of jobs that have ended.
    pub(super) fn hear(&mut self, jobs: &mut Jobs<'_>) -> Result<(), SpoolError> {
        self.pool.bell.silence();
        while let Ok(TaskReport { id, end }) = self.channels.reports.try_recv() {
            self.running.remove(&id);
            let end = jobs.end(id, end.unwrap_or_else(|panic| resume_unwind(panic)))?;
            self.failed += usize::from(end.is_failure());
        }
        Ok(())
    }

    /// Waits until none of these jobs runs any more.
    pub(super) fn hear_of(&mut self, jobs: &mut Jobs<'_>, ids: &[JobId]) -> Result<(), SpoolError> {
        while ids.iter().any(|id| self.running.contains_key(id)) {
            forever(self.pool.bell.fd());
            self.hear(jobs)?;
        }
        Ok(())
    }

    /// Waits for what runs, which was told to stop. The first error counts.
    pub(super) fn hear_the_last(&mut self, jobs: &mut Jobs<'_>) -> Result<(), SpoolError> {
        let mut first = Ok(());
        while !self.running.is_empty() {
            first = first.and(self.hear(jobs));
            if !self.running.is_empty() {
                forever(self.pool.bell.fd());
            }
        }
        first
    }

    /// `true` if a worker has this job.
    pub(super) fn have(&self, id: JobId) -> bool {
        self.running.contains_key(&id)
    }

    /// `true` if a worker has this job and has claimed it: where it lies, it has been settled.
    pub(super) fn have_claimed(&self, id: JobId) -> bool {
        self.running.get(&id).is_some_and(|running| running.claimed.load(Ordering::Acquire))
    }

    /// Tells a running job to end, and how it is settled if that is what ends it. `true` if it runs.
    pub(super) fn cancel(&self, backlog: &mut Backlog, id: JobId, settlement: Settlement) -> bool {
        backlog.tell(id);
        let running = self.running.get(&id);
        if let Some(running) = running {
            running.cancel.request(settlement);
        }
        running.is_some()
    }
}
