//! Edge. From how the steps ended to where the job goes, and what is run on the way there.

use super::attempt_end::AttemptEnd;
use super::job_context::JobContext;
use super::steps::{JobResult, List};
use super::task::Task;
use super::telling::is_told;
use super::verdict::judge;
use crate::config::Hook;
use crate::model::Outcome;
use crate::spool::{Claim, Entry, HistoryEvent, Settlement, SpoolError, SpoolOwner, Wait};
use jiff::Timestamp;

/// An attempt whose steps are over.
pub(super) struct Conclusion<'a> {
    pub(super) owner: &'a SpoolOwner,
    pub(super) task: &'a Task,
    pub(super) hook: &'a Hook,
    pub(super) claim: Claim,
    /// `None` where it could not be prepared: nothing can be run then.
    pub(super) context: Option<JobContext>,
    pub(super) result: JobResult,
}

impl Conclusion<'_> {
    /// Judges the attempt, runs what follows a job that ended for good, and settles.
    pub(super) fn settle(mut self) -> Result<AttemptEnd, SpoolError> {
        let now = Timestamp::now();
        let settlement = self.settlement(now);
        let end = self.end(&settlement, now);
        if matches!(end, AttemptEnd::Over { .. }) {
            let lists = self.lists()?;
            // Whoever is told of an end must not hear of another, should the runner die now.
            self.record(!lists.is_empty() || is_told(self.hook))?;
            self.run(&lists);
        }
        self.tell(&settlement)?;
        self.log(&settlement);
        self.claim.settle(settlement, Timestamp::now())?;
        Ok(end)
    }

    /// Leaves the messages about it, before the job is settled: a runner that dies meanwhile leaves them again.
    fn tell(&self, settlement: &Settlement) -> Result<(), SpoolError> {
        if !is_told(self.hook) {
            return Ok(());
        }
        let before = self.task.outcomes.last(self.owner, self.claim.meta())?.map(|last| last.succeeded);
        let (of, about) = ((&*self.task.config, self.hook), (self.result.commit.as_deref(), before));
        self.task.teller.settled(self.owner, of, &self.claim, settlement, about)
    }

    /// The decision about the job. The person who told it to end has decided already.
    fn settlement(&self, now: Timestamp) -> Settlement {
        if let Some(told) = self.task.cancel.settlement().filter(|_| self.result.outcome == Outcome::Cancelled) {
            return told;
        }
        let attempts = self.claim.history().attempts_since_release();
        judge(&self.hook.plan, &self.result, attempts, now, chance())
    }

    fn end(&self, settlement: &Settlement, now: Timestamp) -> AttemptEnd {
        match settlement {
            Settlement::Waiting { not_before, .. } => AttemptEnd::Waiting(Wait { since: now, until: *not_before }),
            Settlement::Held { .. } => AttemptEnd::Held,
            _ => AttemptEnd::Over { outcome: self.result.outcome, commit: self.result.commit.clone() },
        }
    }

    /// The lists of the plan that follow, without those that are empty.
    fn lists(&self) -> Result<Vec<List>, SpoolError> {
        let mut lists = match self.result.outcome {
            _ if self.context.is_none() => return Ok(Vec::new()),
            Outcome::Succeeded => vec![List::OnSuccess],
            Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted => vec![List::OnFailure],
            Outcome::Superseded | Outcome::Repeat | Outcome::Cancelled | Outcome::Relayed => Vec::new(),
        };
        if self.result.outcome == Outcome::Succeeded && !self.hook.plan.on_recovery.is_empty() {
            let last = self.task.outcomes.last(self.owner, self.claim.meta())?;
            lists.extend(last.filter(|last| !last.succeeded).map(|_| List::OnRecovery));
        }
        lists.push(List::Always);
        lists.retain(|list| !list.of(&self.hook.plan).is_empty());
        Ok(lists)
    }

    /// Written down before anything else is run: a runner that dies meanwhile neither runs the job again nor forgets
    /// how it ended.
    fn record(&mut self, is_followed: bool) -> Result<(), SpoolError> {
        let JobResult { outcome, reason, commit, .. } = self.result.clone();
        if !is_followed && commit.is_none() {
            return Ok(());
        }
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let entry = Entry::new(Timestamp::now(), HistoryEvent::Concluded { outcome, reason, commit });
        // With nothing in between, it is as durable as the settlement behind it.
        if is_followed { self.claim.record(&entry) } else { self.claim.note(&entry) }
    }

    fn run(&mut self, lists: &[List]) {
        let Some(context) = &mut self.context else { return };
        for &list in lists {
            context.note(&format!("{}, since the job ended: {}", list.as_str(), self.result.outcome.as_str()));
            context.run_after(list, &mut self.claim, self.hook, &self.result, self.task);
        }
    }

    fn log(&self, settlement: &Settlement) {
        let (id, hook, attempt) = (self.claim.id(), self.hook.name.as_str(), self.claim.history().attempts());
        let (outcome, commit) = (self.result.outcome.as_str(), self.result.commit.as_deref());
        let reason = Some(self.result.reason.as_str()).filter(|reason| !reason.is_empty());
        match settlement {
            Settlement::Waiting { not_before, .. } => {
                tracing::warn!(event = "retry", job = %id, hook, attempt, outcome, reason, %not_before);
            }
            Settlement::Held { .. } => tracing::warn!(event = "held", job = %id, hook, attempt, outcome, reason),
            Settlement::SupersededBy { id: by } => {
                tracing::info!(event = "ended", job = %id, hook, attempt, outcome, superseded_by = %by);
            }
            _ => tracing::info!(event = "ended", job = %id, hook, attempt, outcome, reason, commit),
        }
    }
}

/// A random number in 0..=1. Without randomness the longest wait is as good as any.
fn chance() -> f64 {
    crate::system::random::random_bytes::<4>()
        .map_or(1.0, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
