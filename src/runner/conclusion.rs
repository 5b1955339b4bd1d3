//! Edge. From how the steps ended to where the job goes, and what is run on the way there.

use super::attempt::{End, Task, now};
use super::job_context::JobContext;
use super::outcome_cache::OutcomeCache;
use super::steps::{JobResult, List};
use super::verdict::{Verdict, judge};
use crate::config::Hook;
use crate::model::Outcome;
use crate::spool::{Claim, HistoryEvent, Settlement, SpoolError, SpoolOwner};
use jiff::Timestamp;

/// Judges the attempt, runs what follows a job that ended for good, and settles.
pub(super) fn conclude(
    owner: &SpoolOwner,
    mut claim: Claim,
    hook: &Hook,
    result: &JobResult,
    context: Option<(JobContext, &Task)>,
) -> Result<End, SpoolError> {
    let settlement = settlement(&claim, hook, result, context.as_ref().map(|(_, task)| *task));
    let end = match &settlement {
        Settlement::Waiting { not_before, .. } => End::Waiting(*not_before),
        Settlement::Held { .. } => End::Held,
        _ => End::Over { outcome: result.outcome, commit: result.commit.clone() },
    };
    if matches!(end, End::Over { .. }) {
        let outcomes = context.as_ref().map(|(_, task)| &task.outcomes);
        let lists = outcomes.map_or(Ok(Vec::new()), |outcomes| lists(owner, &claim, hook, result, outcomes))?;
        record_conclusion(&mut claim, result, !lists.is_empty())?;
        run_lists(&lists, context, &mut claim, hook, result);
    }
    tell(&claim, hook, result, &settlement);
    claim.settle(settlement, Timestamp::now())?;
    Ok(end)
}

/// What is decided about a job whose attempt ended as `result`. Who told a running job to end has said it.
fn settlement(claim: &Claim, hook: &Hook, result: &JobResult, task: Option<&Task>) -> Settlement {
    if let Some(told) = task.and_then(|task| task.cancel.settlement()).filter(|_| result.outcome == Outcome::Cancelled)
    {
        return told;
    }
    let (outcome, reason) = (result.outcome, result.reason.clone());
    let attempts = claim.history().attempts_since_release();
    match judge(&hook.plan, outcome, result.transient, attempts, Timestamp::now(), chance()) {
        Verdict::Done | Verdict::Failed => {
            Settlement::Ended { outcome, reason: Some(reason).filter(|reason| !reason.is_empty()) }
        }
        Verdict::Retry { not_before } => Settlement::Waiting { not_before, reason },
        Verdict::Hold => Settlement::Held { reason },
    }
}

/// The lists of the plan that follow a job that ended as `result`, without those that are empty.
fn lists(
    owner: &SpoolOwner,
    claim: &Claim,
    hook: &Hook,
    result: &JobResult,
    outcomes: &OutcomeCache,
) -> Result<Vec<List>, SpoolError> {
    let mut lists = match result.outcome {
        Outcome::Succeeded => vec![List::OnSuccess],
        Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted => vec![List::OnFailure],
        Outcome::Superseded | Outcome::Repeat | Outcome::Cancelled => Vec::new(),
    };
    if result.outcome == Outcome::Succeeded
        && !hook.plan.on_recovery.is_empty()
        && outcomes
            .last(owner, &claim.meta().hook, claim.meta().reference.as_ref())?
            .is_some_and(|last| !last.succeeded)
    {
        lists.push(List::OnRecovery);
    }
    lists.push(List::Always);
    lists.retain(|list| !list.of(&hook.plan).is_empty());
    Ok(lists)
}

/// Written down before anything else is run: a runner that dies meanwhile neither runs the job again nor forgets how it
/// ended.
fn record_conclusion(claim: &mut Claim, result: &JobResult, is_followed: bool) -> Result<(), SpoolError> {
    if !is_followed && result.commit.is_none() {
        return Ok(());
    }
    let reason = Some(result.reason.clone()).filter(|reason| !reason.is_empty());
    claim.record(&now(HistoryEvent::Concluded { outcome: result.outcome, reason, commit: result.commit.clone() }))
}

fn run_lists(lists: &[List], context: Option<(JobContext, &Task)>, claim: &mut Claim, hook: &Hook, result: &JobResult) {
    let Some((mut context, task)) = context else { return };
    for &list in lists {
        context.note(&format!("{}, since the job ended: {}", list.as_str(), result.outcome.as_str()));
        context.run_after(list, claim, hook, result, task);
    }
}

fn tell(claim: &Claim, hook: &Hook, result: &JobResult, settlement: &Settlement) {
    let (id, hook, attempt) = (claim.id(), hook.name.as_str(), claim.history().attempts());
    let (outcome, reason) = (result.outcome.as_str(), Some(result.reason.as_str()).filter(|r| !r.is_empty()));
    match settlement {
        Settlement::Waiting { not_before, .. } => {
            tracing::warn!(event = "retry", job = %id, hook, attempt, outcome, reason, %not_before);
        }
        Settlement::Held { .. } => tracing::warn!(event = "held", job = %id, hook, attempt, outcome, reason),
        Settlement::SupersededBy { id: by } => {
            tracing::info!(event = "ended", job = %id, hook, attempt, outcome, superseded_by = %by);
        }
        _ => tracing::info!(event = "ended", job = %id, hook, attempt, outcome, reason, commit = result.commit),
    }
}

/// A random number in 0..=1. Without randomness the longest wait is as good as any.
fn chance() -> f64 {
    crate::system::random::random_bytes::<4>()
        .map_or(1.0, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
