//! Edge. One attempt at one job: claim → steps → conclusion. Everything is written down before it is acted on.

use super::cancel::Cancel;
use super::conclusion::conclude;
use super::job_context::JobContext;
use super::outcome_cache::OutcomeCache;
use super::steps::{self, Ended as Survivors, JobResult};
use crate::config::Config;
use crate::model::{JobId, Outcome, State};
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Settlement, SpoolError, SpoolOwner};
use crate::system::errno::words;
use crate::system::stop::Stop;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Between TERM and KILL for what an interrupted attempt left alive.
const KILL_DELAY: Duration = Duration::from_secs(10);

/// Why a job is held that nobody may start again yet.
const STILL_ALIVE: &str = "processes of the interrupted attempt cannot be ended; end them, then release the job";

/// A job to run, and what may end it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: JobId,
    /// The configuration when it was begun: a later one does not change a running job.
    pub(super) config: Arc<Config>,
    pub(super) outcomes: OutcomeCache,
    /// The runner has to stop.
    pub(super) halted: Stop,
    /// The job has to end.
    pub(super) cancel: Cancel,
    /// No other job runs beside it.
    pub(super) alone: bool,
}

/// Where an attempt left its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing was run: the job was gone, or damaged.
    NoJob,
    /// In `held/`.
    Held,
    /// In `waiting/`, until then.
    Waiting(Timestamp),
    /// Ended for good.
    Over {
        outcome: Outcome,
        /// The commit that was deployed, hex.
        commit: Option<String>,
    },
}

/// Claims a job, runs its steps and settles it.
pub(super) fn run(owner: &SpoolOwner, task: &Task) -> Result<End, SpoolError> {
    let id = task.id;
    let mut claim = match owner.claim(id, Timestamp::now())? {
        Claimed::Job(claim) => *claim,
        Claimed::Gone => return Ok(End::NoJob),
        Claimed::Corrupt { reason } => {
            tracing::error!(event = "corrupt", job = %id, reason);
            return Ok(End::NoJob);
        }
    };
    let Some(hook) = task.config.hook(&claim.meta().hook) else { return hold_orphan(claim) };
    let attempt = claim.attempt();
    claim.record(&now(HistoryEvent::Started { attempt }))?;
    tracing::info!(event = "started", job = %id, hook = hook.name, attempt);
    let mut context = JobContext::prepare(&claim, hook, attempt, &task.config.spool);
    let result = match &mut context {
        Ok(context) => context.run_steps(&mut claim, hook, task),
        Err(error) => failed(format!("cannot prepare the job: {}", words(error))),
    };
    conclude(owner, claim, hook, &result, context.ok().map(|context| (context, task)))
}

/// A hook that is gone from the configuration: the job waits for a person, and is not lost.
fn hold_orphan(claim: Claim) -> Result<End, SpoolError> {
    let reason = format!("hook `{}` is not in the configuration", claim.meta().hook);
    hold(claim, reason)
}

fn hold(claim: Claim, reason: String) -> Result<End, SpoolError> {
    tracing::warn!(event = "held", job = %claim.id(), reason);
    claim.settle(Settlement::Held { reason }, Timestamp::now())?;
    Ok(End::Held)
}

/// Accounts for a job that a runner left behind when it died. Whatever of it still lives is ended first; if something
/// cannot be, the job is held, so that no second copy ever runs beside it.
pub(super) fn account_for(owner: &SpoolOwner, claim: Claim, task: &Task) -> Result<End, SpoolError> {
    if let Some((outcome, reason)) = claim.history().conclusion().filter(|_| claim.history().started_since_claim()) {
        JobContext::clear(&task.config.spool, claim.id());
        return settle_concluded(claim, outcome, reason);
    }
    let is_over = end_survivors(claim.id());
    JobContext::clear(&task.config.spool, claim.id());
    let Some(hook) = task.config.hook(&claim.meta().hook) else { return hold_orphan(claim) };
    if !is_over {
        return hold(claim, STILL_ALIVE.to_owned());
    }
    if !claim.history().started_since_claim() {
        return give_back(claim);
    }
    let result = JobResult {
        outcome: Outcome::Interrupted,
        reason: "the runner died while the job ran".into(),
        transient: true,
        commit: None,
    };
    let attempt = claim.history().attempts();
    let context = JobContext::prepare(&claim, hook, attempt, &task.config.spool).ok().map(|context| (context, task));
    conclude(owner, claim, hook, &result, context)
}

/// Settles a job that a runner left behind when it died, where a person wants no more of it.
pub(super) fn abandon(claim: Claim, spool: &Path, settlement: Settlement) -> Result<State, SpoolError> {
    let concluded = claim.history().conclusion().filter(|_| claim.history().started_since_claim());
    let settlement = match concluded {
        Some((outcome, reason)) => Settlement::Ended { outcome, reason },
        None if end_survivors(claim.id()) => settlement,
        None => Settlement::Held { reason: STILL_ALIVE.to_owned() },
    };
    JobContext::clear(spool, claim.id());
    claim.settle(settlement, Timestamp::now())
}

/// Ends whatever of an interrupted attempt still lives. Whether nothing of it does any more.
fn end_survivors(id: JobId) -> bool {
    let (ended, left, error) = match steps::end_survivors(id, KILL_DELAY) {
        Ok(Survivors { ended, left }) => (ended, left, None),
        Err(error) => (0, 1, Some(error.to_string())),
    };
    tracing::warn!(event = "interrupted", job = %id, ended, left, error);
    left == 0
}

/// A job whose steps were over when the runner died. What of the steps that follow a job was not run is not made up for,
/// and nothing is ended: the step that restarted the runner may still be at work.
fn settle_concluded(claim: Claim, outcome: Outcome, reason: Option<String>) -> Result<End, SpoolError> {
    let commit = claim.history().commit().filter(|_| outcome == Outcome::Succeeded).map(str::to_owned);
    tracing::info!(event = "ended", job = %claim.id(), outcome = outcome.as_str(), reason, after_restart = true);
    claim.settle(Settlement::Ended { outcome, reason }, Timestamp::now())?;
    Ok(End::Over { outcome, commit })
}

/// A job that was claimed and of which nothing has begun: no interruption, whatever the hook says about those.
fn give_back(claim: Claim) -> Result<End, SpoolError> {
    let not_before = Timestamp::now();
    let reason = "the runner died before the attempt began".to_owned();
    claim.settle(Settlement::Waiting { not_before, reason }, not_before)?;
    Ok(End::Waiting(not_before))
}

/// An entry of this moment.
pub(super) fn now(what: HistoryEvent) -> Entry {
    Entry::new(Timestamp::now(), what)
}

/// Where running jobs lie.
pub(super) fn running(spool: &std::path::Path) -> std::path::PathBuf {
    spool.join(State::Running.as_str())
}

fn failed(reason: String) -> JobResult {
    JobResult { outcome: Outcome::Failed, reason, transient: true, commit: None }
}
