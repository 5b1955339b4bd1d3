//! Edge. The thing that a job waits for, in words for whoever waits with it.

use super::jobs::age;
use super::step_progress::StepProgress;
use crate::config::Config;
use crate::model::{JobId, State};
use crate::spool::{self, Filter, JobView, Presence};
use jiff::Timestamp;

/// Most jobs before it that are looked at.
const LOOK_LIMIT: usize = 1000;

/// Words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitReason {
    /// The same as long as it waits for the same.
    pub(super) what: String,
    /// The same with times, which change by the second.
    pub(super) words: String,
}

/// `None` for a job that waits for nothing any more.
pub(super) fn awaited(config: &Config, job: &JobView, now: Timestamp) -> Option<WaitReason> {
    match job.state {
        State::Queued => {
            let what = queued(config, job);
            Some(WaitReason { words: format!("{what}{}", arrived(job, now)), what })
        }
        State::Waiting => Some(waiting(job, now)),
        State::Running => {
            let words = StepProgress::of(config, job).words(now);
            Some(WaitReason { what: String::new(), words: words.unwrap_or_else(|| "it runs".to_owned()) })
        }
        State::Held | State::Done | State::Failed | State::Corrupt => None,
    }
}

fn arrived(job: &JobView, now: Timestamp) -> String {
    job.arrived_at.map_or_else(String::new, |at| format!(", for {}", age(at, now)))
}

fn waiting(job: &JobView, now: Timestamp) -> WaitReason {
    let why = job.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    let left = job.wait.map_or_else(String::new, |wait| format!(", in {}", age(now, now + wait.left(now))));
    let what = "it waits for its next attempt";
    WaitReason { what: format!("{what}{why}"), words: format!("{what}{left}{why}") }
}

fn queued(config: &Config, job: &JobView) -> String {
    if matches!(spool::presence(&config.spool), Presence::Free) {
        return "it is queued, and no runner is alive: nothing runs until `hookspool spool-runner` does".to_owned();
    }
    let running = jobs(config, &[State::Running], None);
    let is_before = |other: &&JobView| other.id != job.id && shares_queue(config, job, other);
    if let Some(other) = running.iter().find(is_before) {
        return format!("it is queued behind {}, which runs", named(other));
    }
    let earlier = jobs(config, &[State::Waiting, State::Queued], Some(job.id));
    if let Some(other) = earlier.iter().find(is_before) {
        let state = if other.state == State::Waiting { "waits for its next attempt" } else { "is queued" };
        return format!("it is queued behind {}, which {state}", named(other));
    }
    match running.first() {
        Some(other) if running.len() >= config.runner.workers => {
            format!("it is next in its queue, and no worker is free: {} runs", named(other))
        }
        _ => "it is queued, and next in its queue".to_owned(),
    }
}

fn jobs(config: &Config, states: &[State], before: Option<JobId>) -> Vec<JobView> {
    let filter = Filter { states: states.to_vec(), before, ..Filter::default() };
    spool::list(&config.spool, filter).map_or_else(|_| Vec::new(), |jobs| jobs.take(LOOK_LIMIT).flatten().collect())
}

fn shares_queue(config: &Config, job: &JobView, other: &JobView) -> bool {
    let queue = |job: &JobView| Some(config.hook(job.hook.as_deref()?)?.plan.queue.clone());
    queue(job).is_some_and(|own| queue(other) == Some(own))
}

/// `34e0f004 (docs, main)`.
fn named(job: &JobView) -> String {
    let reference = job.reference.as_ref().map_or_else(String::new, |name| format!(", {}", crate::intake::short(name)));
    format!("{} ({}{reference})", job.id.short(), job.hook.as_deref().unwrap_or("-"))
}
