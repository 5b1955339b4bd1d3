//! Edge. The hand-over between the reactor and the workers: complete heads one way, connections to keep the other.
//! Both queues are bounded by the number of open connections.

use super::codec::Codec;
use super::gate::Gate;
use super::params::Params;
use super::stream::Stream;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A connection: its socket and what it has said.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) codec: Codec,
    /// Whether the reactor's epoll knows the socket.
    pub(super) registered: bool,
}

/// A request whose parameters are complete, for a worker.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) connection: Connection,
    pub(super) params: Params,
    /// The body so far.
    pub(super) ahead: Vec<u8>,
    /// Whether that is all of it.
    pub(super) complete: bool,
    /// Input that the codec has not seen.
    pub(super) rest: Vec<u8>,
    /// When the body must be complete.
    pub(super) deadline: Instant,
}

/// A connection that outlives its request.
#[derive(Debug)]
pub(super) enum Returned {
    /// For the next request, of which these bytes have come already.
    Keep(Connection, Vec<u8>),
    /// Only until the peer has closed it, too.
    Linger(Connection),
}

/// The two queues.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Mutex<Jobs>,
    ready: Condvar,
    returned: Mutex<Vec<Returned>>,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    sleepers: usize,
    closed: bool,
}

impl Pool {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self { jobs: Mutex::default(), ready: Condvar::new(), returned: Mutex::default(), gate }
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
            self.gate.ring();
        }
    }

    /// What was given back since the last call.
    pub(super) fn take_returned(&self) -> Vec<Returned> {
        std::mem::take(&mut *lock(&self.returned))
    }
}

/// The queues hold no invariant that a panic elsewhere could break.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
