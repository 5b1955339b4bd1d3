//! Edge. Progress of a running job: the step that it is at, since when, and its limit.

use super::jobs::age;
use crate::config::Config;
use crate::model::State;
use crate::runner::log::{RunningStep, end_of, running_step};
use crate::spool::{self, JobView};
use jiff::Timestamp;
use serde::Serialize;

/// Most bytes of a log's end that are read for that.
const LOG_END_BYTES: u64 = 64 * 1024;

/// The progress of a job.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct StepProgress {
    /// The step that it is at, as far as its log can be read.
    pub(super) step: Option<RunningStep>,
    /// The longest time that the step may take, in seconds.
    pub(super) limit_s: Option<u64>,
}

impl StepProgress {
    /// The progress of `job`; none unless it runs.
    pub(super) fn of(config: &Config, job: &JobView) -> Self {
        if job.state != State::Running {
            return Self::default();
        }
        let end = end_of(&spool::log_path(&config.spool, job.id), LOG_END_BYTES);
        let step = end.ok().and_then(|text| running_step(&text));
        let plan = job.hook.as_ref().and_then(|name| config.hook(name)).map(|hook| &hook.plan);
        let limit = plan.zip(step.as_ref()).map(|(plan, step)| plan.limit_of(step.number));
        Self { step, limit_s: limit.map(|limit| limit.as_secs()) }
    }

    /// `step 2 of 3, npm ci, for 12m (at most 15m); last output 11m ago: downloading 37 %`.
    pub(super) fn words(&self, now: Timestamp) -> Option<String> {
        let RunningStep { number, of, title, since, last_output } = self.step.as_ref()?;
        let limit = self.limit_s.map(|limit_s| format!(" (at most {})", seconds(limit_s))).unwrap_or_default();
        let output = last_output.as_ref().map_or_else(
            || "no output yet".to_owned(),
            |output| format!("last output {} ago: {}", age(output.at, now), output.line),
        );
        Some(format!("step {number} of {of}, {title}, for {}{limit}; {output}", age(*since, now)))
    }
}

fn seconds(seconds: u64) -> String {
    let end = Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
    age(Timestamp::UNIX_EPOCH, end)
}
