//! Edge. Asks remotes whether a delivery was missed, and queues the job that it would have been: most forges never send a
//! failed delivery again.

mod ask;
mod compare;
mod schedule;

pub(super) use ask::{Answer, ask};
pub(super) use schedule::Schedule;

use super::drain::Drain;
use super::recent_outcomes::Last;
use super::steps::Head;
use crate::config::Hook;
use crate::model::{EventKind, JobMeta};
use crate::spool::{Inbox, SpoolError};
use crate::system::random::random_bytes;
use compare::missed;
use jiff::Timestamp;
use std::sync::Arc;

/// What stands for the provider of such a job.
pub(super) const PROVIDER: &str = "reconcile";

impl Drain<'_> {
    /// Asks those remotes whose time has come, each in a thread of its own, and hears those that have answered.
    pub(super) fn reconcile(&mut self) -> Result<(), SpoolError> {
        while let Ok(answer) = self.answers.try_recv() {
            self.schedule.hear(&answer.hook);
            self.take_answer(&answer)?;
        }
        if self.may_ask() {
            self.ask_who_is_due();
        }
        Ok(())
    }

    fn ask_who_is_due(&mut self) {
        let (config, now) = (Arc::clone(&self.config), Timestamp::now());
        self.schedule.keep(|hook| config.hook(hook).is_some_and(|hook| hook.plan.reconcile.is_some()));
        for hook in &config.hooks {
            if hook.plan.reconcile.is_some_and(|every| self.schedule.is_due(&hook.name, every, now, chance())) {
                (self.ask)(Arc::clone(&config), hook.name.clone());
            }
        }
        self.leave_schedule();
    }

    /// Where it cannot be written, the next runner asks sooner than it should.
    fn leave_schedule(&mut self) {
        let left = self.schedule.changed().map_or(Ok(()), |due| self.owner.leave_questions(due));
        if let Err(error) = left {
            tracing::warn!(event = "no-schedule", reason = %error);
        }
    }

    /// Tells whose remote has not answered: nobody will hear it any more. If that is because of a stop, the next runner
    /// asks at once; one whose time is always up before the answer comes had better not.
    pub(super) fn give_up_asking(&mut self) {
        for hook in self.schedule.asking() {
            tracing::warn!(event = "cannot-reconcile", hook, reason = "the runner ended before the remote answered");
        }
        if self.stop.requested() {
            self.schedule.take_back(Timestamp::now());
            self.leave_schedule();
        }
    }

    fn take_answer(&mut self, answer: &Answer) -> Result<(), SpoolError> {
        let config = Arc::clone(&self.config);
        let Some(hook) = config.hook(&answer.hook) else { return Ok(()) };
        let heads = match &answer.heads {
            Ok(heads) => heads,
            Err(reason) => {
                tracing::warn!(event = "cannot-reconcile", hook = hook.name, reason);
                return Ok(());
            }
        };
        for head in heads {
            let last = self.outcomes.last_of_branch(self.owner, &hook.name, &head.branch)?;
            if missed(head, last.as_ref()) && !self.backlog.is_on_its_way(&hook.name, &head.branch) {
                self.queue_missed(hook, head, last)?;
            }
        }
        Ok(())
    }

    fn queue_missed(&self, hook: &Hook, head: &Head, last: Option<Last>) -> Result<(), SpoolError> {
        let (branch, commit) = (&head.branch, head.commit.as_str());
        let (before, known) = last.map_or((None, None), |last| (last.commit, last.repository));
        let meta = JobMeta {
            reference: Some(branch.clone()),
            before,
            after: Some(commit.to_owned()),
            repository: hook.rules.repository.clone().or(known),
            note: Some("no delivery told of this commit".to_owned()),
            ..JobMeta::new(&hook.name, PROVIDER, EventKind::Push, Timestamp::now())
        };
        let mut draft = Inbox::open(&self.config.spool)?.draft()?;
        let payload = serde_json::json!({ "ref": branch, "before": meta.before, "after": commit });
        draft.write(payload.to_string().as_bytes())?;
        let id = draft.commit(&meta)?;
        tracing::warn!(event = "missed", job = %id, hook = hook.name, branch = branch.as_str(), commit);
        Ok(())
    }
}

/// A random number in 0..=1. Without randomness the middle is as good as any.
fn chance() -> f64 {
    random_bytes::<4>().map_or(0.5, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
