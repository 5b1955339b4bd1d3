//! Edge. One attempt at one job: claim → steps → verdict → settle. Everything is written down before it is acted on.

use super::cancel::Cancel;
use super::log::JobLog;
use super::payload::PayloadFile;
use super::steps::{self, Control, Ended as Survivors, Facts, JobResult, List, StepRecord, StepResult};
use super::verdict::{Verdict, judge};
use crate::config::{Config, Hook};
use crate::model::{JobId, Outcome, State};
use crate::spool::{Claim, Claimed, Entry, Keeper, Settlement, SpoolError, What, log_path};
use crate::system::stop::Stop;
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between TERM and KILL for what an interrupted attempt left alive.
const KILL_DELAY: Duration = Duration::from_secs(10);

/// How long the steps of `on_failure` may take after a job that a stop interrupted.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A job to run, and what may end it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: JobId,
    /// The configuration when it was begun: a later one does not change a running job.
    pub(super) config: Arc<Config>,
    /// The runner has to stop.
    pub(super) halted: Stop,
    /// The job has to end.
    pub(super) cancel: Cancel,
    /// No other job runs beside it.
    pub(super) alone: bool,
}

/// Where an attempt left its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing was run: the job was gone, or damaged.
    NoJob,
    /// In `held/`.
    Held,
    /// In `waiting/`, until then.
    Waiting(Timestamp),
    /// Ended for good.
    Over(Outcome),
}

/// Claims a job, runs its steps and settles it.
pub(super) fn run(keeper: &Keeper, task: &Task) -> Result<End, SpoolError> {
    let (id, config) = (task.id, &*task.config);
    let mut claim = match keeper.claim(id, Timestamp::now())? {
        Claimed::Job(claim) => *claim,
        Claimed::Gone => return Ok(End::NoJob),
        Claimed::Corrupt { reason } => {
            tracing::error!(event = "corrupt", job = %id, reason);
            return Ok(End::NoJob);
        }
    };
    let Some(hook) = config.hook(&claim.meta().hook) else { return hold_orphan(claim) };
    let attempt = claim.attempt();
    claim.record(&now(What::Started { attempt, pid: None }))?;
    tracing::info!(event = "started", job = %id, hook = hook.name, attempt);
    let result = match Attempt::prepare(&claim, hook, attempt, &config.spool) {
        Ok(mut ready) => ready.run(&mut claim, hook, task),
        Err(error) => failed(format!("cannot prepare the job: {error}")),
    };
    match task.cancel.settlement().filter(|_| result.outcome == Outcome::Cancelled) {
        Some(settlement) => settle_cancelled(claim, settlement),
        None => settle(claim, hook, &result, attempt),
    }
}

/// A job that was told to end, as whoever told it wants it settled.
fn settle_cancelled(claim: Claim, settlement: Settlement) -> Result<End, SpoolError> {
    let (id, what) = (claim.id(), What::from(settlement.clone()));
    let state = claim.settle(settlement, Timestamp::now())?;
    tracing::info!(event = "ended", job = %id, outcome = %what, state = state.as_str());
    Ok(End::Over(Outcome::Cancelled))
}

/// A hook that is gone from the configuration: the job waits for a person, and is not lost.
fn hold_orphan(claim: Claim) -> Result<End, SpoolError> {
    let reason = format!("hook `{}` is not in the configuration", claim.meta().hook);
    tracing::warn!(event = "held", job = %claim.id(), reason);
    claim.settle(Settlement::Held { reason }, Timestamp::now())?;
    Ok(End::Held)
}

/// Accounts for a job that a runner left behind when it died. Whatever of it still lives is ended first; if something
/// cannot be, the job is held, so that no second copy ever runs beside it.
pub(super) fn account_for(claim: Claim, config: &Config) -> Result<End, SpoolError> {
    let survivors = steps::end_survivors(claim.id(), KILL_DELAY);
    PayloadFile::remove(&running(&config.spool), claim.id());
    let (ended, left, error) = match survivors {
        Ok(Survivors { ended, left }) => (ended, left, None),
        Err(error) => (0, 1, Some(error.to_string())),
    };
    tracing::warn!(event = "interrupted", job = %claim.id(), ended, left, error);
    let Some(hook) = config.hook(&claim.meta().hook) else { return hold_orphan(claim) };
    if left > 0 {
        let reason = "processes of the interrupted attempt cannot be ended; end them, then release the job".to_owned();
        claim.settle(Settlement::Held { reason }, Timestamp::now())?;
        return Ok(End::Held);
    }
    if !claim.history().started_since_claim() {
        return give_back(claim);
    }
    let attempts_started = claim.attempt().saturating_sub(1);
    let result = JobResult {
        outcome: Outcome::Interrupted,
        reason: "the runner died while the job ran".into(),
        transient: true,
        commit: None,
    };
    settle(claim, hook, &result, attempts_started)
}

/// A job that was claimed and of which nothing has begun: no interruption, whatever the hook says about those.
fn give_back(claim: Claim) -> Result<End, SpoolError> {
    let not_before = Timestamp::now();
    let reason = "the runner died before the attempt began".to_owned();
    claim.settle(Settlement::Waiting { not_before, reason }, not_before)?;
    Ok(End::Waiting(not_before))
}

/// What a job needs beside its claim.
struct Attempt {
    facts: Facts,
    log: JobLog,
    _payload: PayloadFile,
}

impl Attempt {
    fn prepare(claim: &Claim, hook: &Hook, attempt: u32, spool: &Path) -> io::Result<Self> {
        let meta = claim.meta();
        let is_form = meta.content_type == "application/x-www-form-urlencoded";
        let mut body = claim.payload();
        let payload = PayloadFile::write(&running(spool), claim.id(), &hook.provider, is_form, &mut body)?;
        let log_path = log_path(spool, claim.id());
        let log = JobLog::open(&log_path)?;
        let facts = Facts {
            job: claim.id(),
            hook: meta.hook.clone(),
            provider: meta.provider.clone(),
            event: meta.event.clone(),
            reference: meta.reference.clone(),
            before: meta.before.clone(),
            after: meta.after.clone(),
            repository: meta.repository.clone(),
            pusher: meta.pusher.clone(),
            delivery: meta.delivery.clone(),
            attempt,
            payload: payload.path().to_owned(),
            log: log_path,
        };
        Ok(Self { facts, log, _payload: payload })
    }

    /// Runs the steps, and after a last failure those of `on_failure`.
    fn run(&mut self, claim: &mut Claim, hook: &Hook, task: &Task) -> JobResult {
        let stop = &task.halted;
        let cancel = Some(task.cancel.stop());
        let control = Control { cancel, alone: task.alone, ..Control::new(stop, task.config.runner.grace) };
        let mut on_step = |step: &StepRecord| record_step(claim, step);
        let result = steps::run_job(&hook.plan, &self.facts, &mut self.log, &control, &mut on_step);
        if is_last_failure(hook, &result, self.facts.attempt) {
            // What the job itself used of the grace is gone: whoever told the runner to stop does not wait twice.
            let grace = if stop.requested() { control.grace.min(LAST_WORDS) } else { control.grace };
            let control = Control { grace, ..control };
            steps::run_on_failure(&hook.plan, &self.facts, &result, &mut self.log, &control, &mut on_step);
        }
        result
    }
}

fn is_last_failure(hook: &Hook, result: &JobResult, attempt: u32) -> bool {
    judge(&hook.plan, result.outcome, result.transient, attempt, Timestamp::now(), 0.0) == Verdict::Failed
}

fn record_step(claim: &mut Claim, step: &StepRecord) -> io::Result<()> {
    tracing::info!(event = "step", job = %claim.id(), step = step.title, result = %step.result, ms = u64::try_from(step.duration.as_millis()).unwrap_or(u64::MAX));
    claim.record(&now(in_history(step))).map_err(io::Error::other)
}

fn in_history(step: &StepRecord) -> What {
    let (status, signal) = match step.result {
        StepResult::Exited(status) => (Some(status), None),
        StepResult::Signalled(signal) => (None, Some(signal)),
        _ => (None, None),
    };
    What::Step {
        index: u32::try_from(step.index).unwrap_or(u32::MAX),
        title: step.title.clone(),
        status,
        signal,
        timed_out: step.result == StepResult::TimedOut,
        on_failure: step.list == List::OnFailure,
        result: step.result.to_string(),
        ms: u64::try_from(step.duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn now(what: What) -> Entry {
    Entry::new(Timestamp::now(), what)
}

fn running(spool: &Path) -> PathBuf {
    spool.join(State::Running.as_str())
}

fn failed(reason: String) -> JobResult {
    JobResult { outcome: Outcome::Failed, reason, transient: true, commit: None }
}

/// Judges and settles.
fn settle(claim: Claim, hook: &Hook, result: &JobResult, attempt: u32) -> Result<End, SpoolError> {
    let (outcome, reason) = (result.outcome, result.reason.clone());
    let verdict = judge(&hook.plan, outcome, result.transient, attempt, Timestamp::now(), chance());
    let (id, hook) = (claim.id(), hook.name.as_str());
    match verdict {
        Verdict::Done | Verdict::Failed => {
            tracing::info!(event = "ended", job = %id, hook, attempt, outcome = outcome.as_str(), reason = said(&reason), commit = result.commit);
            let reason = said(&reason).map(str::to_owned);
            claim.settle(Settlement::Ended { outcome, reason }, Timestamp::now())?;
            Ok(End::Over(outcome))
        }
        Verdict::Retry { not_before } => {
            tracing::warn!(event = "retry", job = %id, hook, attempt, outcome = outcome.as_str(), reason, %not_before);
            claim.settle(Settlement::Waiting { not_before, reason }, Timestamp::now())?;
            Ok(End::Waiting(not_before))
        }
        Verdict::Hold => {
            tracing::warn!(event = "held", job = %id, hook, attempt, outcome = outcome.as_str(), reason);
            claim.settle(Settlement::Held { reason }, Timestamp::now())?;
            Ok(End::Held)
        }
    }
}

/// A reason, where there is one.
fn said(reason: &str) -> Option<&str> {
    Some(reason).filter(|reason| !reason.is_empty())
}

/// A random number in 0..=1. Without randomness the longest wait is as good as any.
fn chance() -> f64 {
    crate::system::random::random_bytes::<4>()
        .map_or(1.0, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
