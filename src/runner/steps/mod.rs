//! Edge. Everything between "a job was claimed" and "its outcome is known": runs the steps, and ends their processes.

mod control;
mod facts;
mod record;

pub use control::Control;
pub use facts::Facts;
pub use record::{JobResult, List, StepRecord, StepResult, TRY_AGAIN, title};

use super::log::JobLog;
use crate::config::Plan;
use crate::model::{JobId, Outcome};
pub use crate::system::tree::Ended;
use std::io;
use std::time::Duration;

/// Runs the steps of one attempt, in order. `on_step` is told of each step that ended, before the next one begins.
pub fn run_job(
    _plan: &Plan,
    _facts: &Facts,
    _log: &mut JobLog,
    _control: &Control<'_>,
    _on_step: &mut dyn FnMut(&StepRecord) -> io::Result<()>,
) -> JobResult {
    JobResult { outcome: Outcome::Failed, reason: "being built".to_owned(), transient: false, commit: None }
}

/// Runs the `on_failure` steps after a last attempt that ended as `result`. Their failure changes nothing.
pub fn run_on_failure(
    _plan: &Plan,
    _facts: &Facts,
    _result: &JobResult,
    _log: &mut JobLog,
    _control: &Control<'_>,
    _on_step: &mut dyn FnMut(&StepRecord) -> io::Result<()>,
) {
}

/// Ends every process of `job` that outlived the runner that started it: TERM, `kill_delay`, KILL, gone.
pub fn end_survivors(_job: JobId, _kill_delay: Duration) -> io::Result<Ended> {
    Ok(Ended::default())
}
