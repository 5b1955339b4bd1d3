//! Edge. One attempt at one job: claim → steps → conclusion. Everything is written down before it is acted on.

use super::admission::unwanted;
use super::attempt_end::AttemptEnd;
use super::conclusion::Conclusion;
use super::job_context::JobContext;
use super::outcome_cache::OutcomeCache;
use super::steps::{self, JobResult, Survivors};
use super::task::Task;
use super::telling::{Teller, is_told};
use crate::config::Config;
use crate::model::{JobId, Outcome, State};
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Settlement, SpoolError, SpoolOwner, Wait};
use crate::system::errno::words;
use jiff::Timestamp;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between TERM and KILL for what an interrupted attempt left alive.
const KILL_DELAY: Duration = Duration::from_secs(10);

/// The reason for holding a job that nobody may start again yet.
const STILL_ALIVE: &str = "processes of the interrupted attempt cannot be ended; end them, then release the job";

/// Claims a job, runs its steps and settles it.
pub(super) fn run(owner: &SpoolOwner, task: &Task) -> Result<AttemptEnd, SpoolError> {
    let mut claim = match claim(owner, task.id)? {
        Ok(claim) => claim,
        Err(end) => return Ok(end),
    };
    task.claimed.store(true, Ordering::Release);
    let Some(hook) = task.config.hook(&claim.meta().hook) else { return hold_orphan(owner, claim, task) };
    if let Some(why) = unwanted(hook, claim.meta()) {
        return hold_unwanted(owner, claim, task, &why);
    }
    if let Some(why) = steps::missing_box(&hook.plan) {
        return hold_unconfined(owner, claim, task, &why);
    }
    let attempt = claim.attempt();
    claim.record(&Entry::new(Timestamp::now(), HistoryEvent::Started { attempt }))?;
    tracing::info!(event = "started", job = %task.id, hook = hook.name, attempt);
    task.teller.begun(owner, hook, &claim)?;
    let deployed = task.outcomes.deployed(owner, claim.meta())?;
    let mut context = JobContext::prepare(&claim, hook, attempt, deployed, &task.config.spool);
    let result = match &mut context {
        Ok(context) => context.run_steps(&mut claim, hook, task),
        Err(error) => failed(format!("cannot prepare the job: {}", words(error))),
    };
    Conclusion { owner, task, hook, claim, context: context.ok(), result }.settle()
}

/// The job, or where it is instead.
fn claim(owner: &SpoolOwner, id: JobId) -> Result<Result<Claim, AttemptEnd>, SpoolError> {
    Ok(match owner.claim(id, Timestamp::now())? {
        Claimed::Job(claim) => Ok(*claim),
        Claimed::Gone => Err(AttemptEnd::NoJob),
        Claimed::Held { reason } => {
            tracing::error!(event = "held", job = %id, reason);
            Err(AttemptEnd::Held)
        }
        Claimed::Corrupt { reason } => {
            tracing::error!(event = "corrupt", job = %id, reason);
            Err(AttemptEnd::NoJob)
        }
    })
}

/// A hook that is gone from the configuration: the job waits for a person, and is not lost.
fn hold_orphan(owner: &SpoolOwner, claim: Claim, task: &Task) -> Result<AttemptEnd, SpoolError> {
    let (hook, remedy) = (&claim.meta().hook, remedy(&task.config, claim.id()));
    let remedy = remedy.unwrap_or_else(|| "add it again and release the job, or cancel it".to_owned());
    let reason = format!("hook `{hook}` is not in the configuration; {remedy}");
    hold(owner, claim, task, reason)
}

/// No delivery could queue it as the hook is today: a person decides.
fn hold_unwanted(owner: &SpoolOwner, claim: Claim, task: &Task, why: &str) -> Result<AttemptEnd, SpoolError> {
    let remedy = remedy(&task.config, claim.id());
    let remedy = remedy.unwrap_or_else(|| "change the hook and release the job, or cancel it".to_owned());
    hold(owner, claim, task, format!("the hook does not want it: {why}; {remedy}"))
}

/// Its steps need a box that this kernel has not: nothing of it runs, and a person decides.
fn hold_unconfined(owner: &SpoolOwner, claim: Claim, task: &Task, why: &str) -> Result<AttemptEnd, SpoolError> {
    let id = claim.id().short();
    let remedy = "start a kernel that has it, or allow them to run without (`fallback = \"run\"`)";
    hold(owner, claim, task, format!("{why}; {remedy}, then `hookspool release {id}`"))
}

/// The remedy where this runner goes by an older configuration than the one that is there.
fn remedy(config: &Config, id: JobId) -> Option<String> {
    config.stale().map(|stale| format!("{stale}, then `hookspool release {}`", id.short()))
}

fn hold(owner: &SpoolOwner, claim: Claim, task: &Task, reason: String) -> Result<AttemptEnd, SpoolError> {
    tracing::warn!(event = "held", job = %claim.id(), reason);
    if let Some(hook) = task.config.hook(&claim.meta().hook) {
        task.teller.held(owner, (&task.config, hook), &claim, &reason)?;
    }
    claim.settle(Settlement::Held { reason }, Timestamp::now())?;
    Ok(AttemptEnd::Held)
}

/// Accounts for a job that a runner left behind when it died. Whatever of it still lives is ended first; if something
/// cannot be, the job is held, so that no second copy ever runs beside it.
pub(super) fn account_for(owner: &SpoolOwner, claim: Claim, task: &Task) -> Result<AttemptEnd, SpoolError> {
    if let Some((outcome, reason)) = claim.history().conclusion().filter(|_| claim.history().started_since_claim()) {
        JobContext::clear(&task.config.spool, claim.id());
        return settle_concluded(owner, claim, task, outcome, reason);
    }
    let is_over = end_survivors(claim.id());
    JobContext::clear(&task.config.spool, claim.id());
    let Some(hook) = task.config.hook(&claim.meta().hook) else { return hold_orphan(owner, claim, task) };
    if !is_over {
        return hold(owner, claim, task, STILL_ALIVE.to_owned());
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
    let deployed = task.outcomes.deployed(owner, claim.meta())?;
    let context = JobContext::prepare(&claim, hook, attempt, deployed, &task.config.spool).ok();
    Conclusion { owner, task, hook, claim, context, result }.settle()
}

/// Settles a job that a runner left behind when it died, where a person wants no more of it.
pub(super) fn abandon(
    owner: &SpoolOwner,
    claim: Claim,
    config: &Config,
    settlement: Settlement,
) -> Result<State, SpoolError> {
    let concluded = claim.history().conclusion().filter(|_| claim.history().started_since_claim());
    let settlement = match concluded {
        Some((outcome, reason)) => Settlement::Ended { outcome, reason },
        None if end_survivors(claim.id()) => settlement,
        None => Settlement::Held { reason: STILL_ALIVE.to_owned() },
    };
    JobContext::clear(&config.spool, claim.id());
    if let Some(hook) = config.hook(&claim.meta().hook).filter(|hook| is_told(hook)) {
        let before = OutcomeCache::default().last(owner, claim.meta())?.map(|last| last.succeeded);
        let about = (claim.history().commit(), before);
        Teller::default().settled(owner, (config, hook), &claim, &settlement, about)?;
    }
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

/// A job whose steps were over when the runner died. What of the steps that follow a job was not run is not made up
/// for, and nothing is ended: the step that restarted the runner may still be at work.
fn settle_concluded(
    owner: &SpoolOwner,
    claim: Claim,
    task: &Task,
    outcome: Outcome,
    reason: Option<String>,
) -> Result<AttemptEnd, SpoolError> {
    let deployed = claim.history().commit().map(str::to_owned);
    let commit = deployed.clone().filter(|_| outcome == Outcome::Succeeded);
    tracing::info!(event = "ended", job = %claim.id(), outcome = outcome.as_str(), reason, after_restart = true);
    let settlement = Settlement::Ended { outcome, reason };
    if let Some(hook) = task.config.hook(&claim.meta().hook).filter(|hook| is_told(hook)) {
        let before = task.outcomes.last(owner, claim.meta())?.map(|last| last.succeeded);
        let about = (deployed.as_deref(), before);
        task.teller.settled(owner, (&task.config, hook), &claim, &settlement, about)?;
    }
    claim.settle(settlement, Timestamp::now())?;
    Ok(AttemptEnd::Over { outcome, commit })
}

/// A job that was claimed and of which nothing has begun: no interruption, whatever the hook says about those.
fn give_back(claim: Claim) -> Result<AttemptEnd, SpoolError> {
    let now = Timestamp::now();
    let reason = "the runner died before the attempt began".to_owned();
    claim.settle(Settlement::Waiting { not_before: now, reason }, now)?;
    Ok(AttemptEnd::Waiting(Wait { since: now, until: now }))
}

fn failed(reason: String) -> JobResult {
    JobResult { outcome: Outcome::Failed, reason, transient: true, commit: None }
}
