//! Edge. The threads that run attempts, and what they and the loop tell each other.

use super::attempt;
use super::task::{AttemptEnd, Task};
use crate::model::JobId;
use crate::spool::{SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What became of a task; the outer error is a panic.
pub(super) struct Report {
    pub(super) id: JobId,
    pub(super) end: thread::Result<Result<AttemptEnd, SpoolError>>,
}

/// What the threads share.
pub(super) struct WorkerPool<'a> {
    pub(super) owner: &'a SpoolOwner,
    pub(super) tasks: Mutex<Receiver<Task>>,
    pub(super) reports: Sender<Report>,
    /// Rings when there is a report.
    pub(super) bell: &'a Bell,
}

impl WorkerPool<'_> {
    /// Runs attempts, one after the other, until no more will come.
    pub(super) fn work(&self) {
        while let Some(task) = self.next() {
            let id = task.id;
            let end = catch_unwind(AssertUnwindSafe(|| attempt::run(self.owner, &task)));
            // Nobody hears the last one when the loop is gone: the job is settled all the same.
            let _nobody_hears = self.reports.send(Report { id, end });
            self.bell.ring();
        }
    }

    fn next(&self) -> Option<Task> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}
