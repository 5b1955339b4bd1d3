//! Pure. The spool as the relay needs it: a few calls, each with its promise. Whatever fails, the connection ends with
//! it, and the next one begins with what is on the disk.

use crate::model::{JobId, JobMeta};
use crate::spool::{SealedJob, SpoolError};
use jiff::Timestamp;

/// The spool of one host.
pub(super) trait JobStore {
    /// True if a person wanted sent again what was refused, since the last time.
    fn takes_again(&mut self) -> bool;

    /// The hosts that have or had marks.
    fn hosts(&self) -> Result<Vec<String>, SpoolError>;

    /// The oldest jobs that `host` has not taken, in order; those that are `set_aside` do not count among them, and
    /// come all the same.
    fn marked(&self, host: &str, set_aside: &dyn Fn(JobId) -> bool) -> Result<Vec<JobId>, SpoolError>;

    /// True if `host` has not taken the job.
    fn is_marked(&self, host: &str, id: JobId) -> Result<bool, SpoolError>;

    /// A job, wherever it is; a payload longer than `limit_bytes` is left.
    fn sealed(&self, id: JobId, limit_bytes: u64) -> Result<SealedJob, SpoolError>;

    /// Writes down the words of `host` about jobs; durable when it returns. What was said before `since` may go.
    fn note(&mut self, host: &str, words: &[(JobId, &str)], now: Timestamp, since: Timestamp)
    -> Result<(), SpoolError>;

    /// Removes marks; durable when it returns.
    fn unmark(&mut self, host: &str, ids: &[JobId]) -> Result<(), SpoolError>;

    /// The host that a job came from which was taken before.
    fn taken_from(&self, id: JobId) -> Option<String>;

    /// The jobs that came from other hosts, and of which nobody has written that down.
    fn unnoted(&self) -> Result<Vec<(JobId, String)>, SpoolError>;

    /// True if there is a job of that id, wherever; its name need not be durable.
    fn has(&self, id: JobId) -> Result<bool, SpoolError>;

    /// Puts a job into `queued/`, its bytes durable, never over another. `false`: there is one already.
    fn adopt(&mut self, id: JobId, meta: &JobMeta, payload: &[u8]) -> Result<bool, SpoolError>;

    /// Makes the names of adopted jobs durable.
    fn flush_adopted(&mut self) -> Result<(), SpoolError>;

    /// Writes down which jobs were taken, and from whom; durable when it returns. What is older than `since` may go.
    fn note_taken(&mut self, jobs: &[(JobId, &str)], now: Timestamp, since: Timestamp) -> Result<(), SpoolError>;
}
