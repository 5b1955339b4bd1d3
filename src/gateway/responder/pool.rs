//! Edge. The hand-over between the reactor and the workers: requests one way, connections to keep the other. Both
//! queues are bounded by the number of open connections.

use super::connections::Connections;
use super::work::{Job, Returned};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The two queues.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Mutex<WaitingRequests>,
    ready: Condvar,
    returned: Mutex<Vec<Returned>>,
    connections: Arc<Connections>,
}

#[derive(Debug, Default)]
struct WaitingRequests {
    waiting: VecDeque<Job>,
    sleepers: usize,
    closed: bool,
}

impl Pool {
    pub(super) fn new(connections: Arc<Connections>) -> Self {
        Self { jobs: Mutex::default(), ready: Condvar::new(), returned: Mutex::default(), connections }
    }

    /// The counts that reactor and workers share.
    pub(super) fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// Hands a request to the next free worker.
    pub(super) fn push(&self, job: Job) {
        let mut jobs = lock(&self.jobs);
        jobs.waiting.push_back(job);
        let wake = jobs.sleepers > 0;
        drop(jobs);
        if wake {
            self.ready.notify_one();
        }
    }

    /// The next request; `None` when there will be none.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            if jobs.closed {
                return None;
            }
            jobs.sleepers += 1;
            jobs = self.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            jobs.sleepers -= 1;
        }
    }

    /// Lets the workers go once nothing is waiting.
    pub(super) fn close(&self) {
        lock(&self.jobs).closed = true;
        self.ready.notify_all();
    }

    /// Gives a connection back to the reactor.
    pub(super) fn give_back(&self, connection: Returned) {
        let mut returned = lock(&self.returned);
        let first = returned.is_empty();
        returned.push(connection);
        drop(returned);
        if first {
            self.connections.ring();
        }
    }

    /// Everything that was given back since the last call.
    pub(super) fn take_returned(&self) -> Vec<Returned> {
        std::mem::take(&mut *lock(&self.returned))
    }
}

/// The queues hold no invariant that a panic elsewhere could break.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
