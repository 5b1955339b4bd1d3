//! Edge. Progress of a running job: the step that it is at, since when, and its limit.

use super::jobs::age;
use super::usual_time::usual_ms;
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
    /// The time that it took in the last job that succeeded, in seconds.
    pub(super) usual_s: Option<u64>,
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
        let usual = job.hook.as_ref().zip(step.as_ref()).and_then(|(hook, step)| usual_ms(config, hook, step));
        Self { step, limit_s: limit.map(|limit| limit.as_secs()), usual_s: usual.map(|ms| ms.div_ceil(1000)) }
    }

    /// `step 2 of 3, npm ci, for 12m (usually 3m, at most 15m); last output 11m ago: downloading 37 %`.
    pub(super) fn words(&self, now: Timestamp) -> Option<String> {
        let RunningStep { number, of, title, since, last_output } = self.step.as_ref()?;
        let usual = self.usual_s.map(|usual_s| format!("usually {}", seconds(usual_s)));
        let limit = self.limit_s.map(|limit_s| format!("at most {}", seconds(limit_s)));
        let times: Vec<String> = [usual, limit].into_iter().flatten().collect();
        let times = if times.is_empty() { String::new() } else { format!(" ({})", times.join(", ")) };
        let output = last_output.as_ref().map_or_else(
            || "no output yet".to_owned(),
            |output| format!("last output {} ago: {}", age(output.at, now), output.line),
        );
        Some(format!("step {number} of {of}, {title}, for {}{times}; {output}", age(*since, now)))
    }
}

fn seconds(seconds: u64) -> String {
    let end = Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
    age(Timestamp::UNIX_EPOCH, end)
}
