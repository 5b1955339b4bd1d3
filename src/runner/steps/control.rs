//! Pure. The signals that end an attempt before its steps do, and the waits.

use crate::system::stop::Stop;
use std::time::Duration;

/// The means by which an attempt is ended from outside, and the waits on the way.
#[derive(Debug, Clone, Copy)]
pub struct Control<'a> {
    /// The runner has to stop: the job may go on for `grace`, then it is interrupted.
    pub stop: &'a Stop,
    /// A person wants the job to end, now. `always` steps still run.
    pub cancel: Option<&'a Stop>,
    /// Time for which a job goes on after `stop`.
    pub grace: Duration,
    /// Between TERM and KILL.
    pub kill_delay: Duration,
    /// Time for which output is read after the step's own process has ended, while others still hold it open.
    pub drain: Duration,
    /// Longest wait, in all, for a lock of another git.
    pub lock_wait: Duration,
    /// Longest time in which a git that speaks with a remote prints nothing, where no `silence` says otherwise.
    pub stall: Duration,
    /// No other job runs in this process, and nothing else in it starts sessions: whatever orphan comes to it while
    /// the job runs is the job's, even with an emptied environment.
    pub alone: bool,
}

impl<'a> Control<'a> {
    /// The waits of a runner that runs one job at a time.
    pub fn new(stop: &'a Stop, grace: Duration) -> Self {
        Self {
            stop,
            cancel: None,
            grace,
            kill_delay: Duration::from_secs(10),
            drain: Duration::from_secs(1),
            lock_wait: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            alone: true,
        }
    }
}
