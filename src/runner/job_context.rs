//! Edge. The surroundings of an attempt, beside its claim: facts, payload and log; and the runs there.

use super::log::JobLog;
use super::payload::PayloadFile;
use super::steps::{self, Control, JobFacts, JobResult, List, StepNews, StepRecord, StepResult};
use super::task::Task;
use crate::config::{ClosedPaths, Hook};
use crate::model::{JobId, Outcome, State};
use crate::spool::{Claim, Entry, HistoryEvent, log_path};
use crate::system::errno::words;
use jiff::Timestamp;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Longest time of the steps after a job when the runner has to stop.
const GRACE_AFTER_JOB: Duration = Duration::from_secs(5);

/// A job with its facts, its log and its payload as a file.
pub(super) struct JobContext {
    facts: JobFacts,
    log: JobLog,
    _payload: PayloadFile,
}

impl JobContext {
    /// Writes the payload and opens the log; `deployed` is the commit that the job finds deployed.
    pub(super) fn prepare(
        claim: &Claim,
        hook: &Hook,
        attempt: u32,
        deployed: Option<String>,
        spool: &Path,
    ) -> io::Result<Self> {
        let meta = claim.meta();
        let is_form = meta.content_type == "application/x-www-form-urlencoded";
        let running = spool.join(State::Running.as_str());
        let payload = PayloadFile::write(&running, claim.id(), &hook.provider, is_form, &mut claim.payload())
            .map_err(|error| naming(&running, &error))?;
        let log_path = log_path(spool, claim.id());
        let log = JobLog::open(&log_path).map_err(|error| naming(&log_path, &error))?;
        let (job, meta, payload_path) = (claim.id(), meta.clone(), payload.path().to_owned());
        let spool = spool.to_owned();
        let facts = JobFacts {
            job,
            meta,
            deployed,
            attempt,
            payload: payload_path,
            log: log_path,
            spool,
            closed: ClosedPaths::default(),
        };
        Ok(Self { facts, log, _payload: payload })
    }

    /// Removes what an attempt left whose runner died.
    pub(super) fn clear(spool: &Path, id: JobId) {
        PayloadFile::remove(&spool.join(State::Running.as_str()), id);
        if let Err(error) = steps::clear_scratch(spool, id) {
            tracing::warn!(event = "scratch", job = %id, error);
        }
    }

    /// Runs the steps of the job.
    pub(super) fn run_steps(&mut self, claim: &mut Claim, hook: &Hook, task: &Task) -> JobResult {
        self.facts.closed = task.config.closed_to(hook);
        let mut on_news = |news: StepNews<'_>| record(claim, news);
        steps::run_job(&hook.plan, &self.facts, &mut self.log, &control(task), &mut on_news)
    }

    /// Runs the steps of `list`, after the job. What the job itself used of the grace is gone: whoever told the runner
    /// to stop does not wait twice. A person who cancelled the job did not mean these.
    pub(super) fn run_after(&mut self, list: List, claim: &mut Claim, hook: &Hook, result: &JobResult, task: &Task) {
        self.facts.closed = task.config.closed_to(hook);
        let control = control(task);
        let grace = if task.halted.requested() { control.grace.min(GRACE_AFTER_JOB) } else { control.grace };
        let cancel = control.cancel.filter(|_| result.outcome != Outcome::Cancelled);
        let control = Control { cancel, grace, ..control };
        let mut on_news = |news: StepNews<'_>| record(claim, news);
        steps::run_after(list, &hook.plan, &self.facts, result, &mut self.log, &control, &mut on_news);
    }

    /// A line in the job's log.
    pub(super) fn note(&mut self, text: &str) {
        self.log.note(text);
    }
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {}", path.display(), words(error)))
}

fn control(task: &Task) -> Control<'_> {
    let cancel = Some(task.cancel.stop());
    Control { cancel, alone: task.alone, ..Control::new(&task.halted, task.config.runner.grace) }
}

fn record(claim: &mut Claim, news: StepNews<'_>) -> io::Result<()> {
    let recorded = match news {
        StepNews::Restarts => claim.record(&Entry::new(Timestamp::now(), HistoryEvent::Restarts)),
        StepNews::Ended(step) => {
            let (id, ms) = (claim.id(), milliseconds(step.duration));
            let list = step.list.as_str();
            tracing::info!(event = "step", job = %id, list, step = step.title, result = %step.result, ms);
            // A power cut that undoes it interrupts the job all the same.
            claim.note(&Entry::new(Timestamp::now(), in_history(step)))
        }
    };
    recorded.map_err(io::Error::other)
}

fn in_history(step: &StepRecord) -> HistoryEvent {
    let (status, signal) = match step.result {
        StepResult::Exited(status) => (Some(status), None),
        StepResult::Signalled(signal) => (None, Some(signal)),
        _ => (None, None),
    };
    let list = if step.list == List::Steps { String::new() } else { step.list.as_str().to_owned() };
    HistoryEvent::Step {
        index: u32::try_from(step.index).unwrap_or(u32::MAX),
        title: step.title.clone(),
        status,
        signal,
        timed_out: matches!(step.result, StepResult::TimedOut(_) | StepResult::Silent(_)),
        list,
        result: step.result.to_string(),
        confined: step.confined.clone(),
        ms: milliseconds(step.duration),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
