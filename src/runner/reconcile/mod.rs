//! Edge. Asks remotes whether a delivery was missed, and queues the job that it would have been: most forges never send a
//! failed delivery again.

mod ask;
mod compare;

pub(super) use ask::{Answer, ask};

use super::drain::Drain;
use crate::config::Hook;
use crate::model::{EventKind, JobMeta, RefName};
use crate::spool::{Inbox, SpoolError};
use crate::system::random::random_bytes;
use compare::missed;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What stands for the provider of such a job.
pub(super) const PROVIDER: &str = "reconcile";

/// When which hook's remote is asked.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due: BTreeMap<String, Instant>,
    /// Hooks whose remote has not answered yet.
    asking: BTreeSet<String>,
}

impl Schedule {
    /// Whether to ask now. The first question comes at any time within the first interval and the later ones up to a
    /// tenth off theirs, so that many hosts and hooks do not ask at once.
    fn is_due(&mut self, hook: &str, every: Duration, now: Instant) -> bool {
        let Some(due) = self.due.get_mut(hook) else {
            self.due.insert(hook.to_owned(), now + every.mul_f64(chance()));
            return false;
        };
        let is_due = *due <= now && !self.asking.contains(hook);
        if is_due {
            *due = now + every.mul_f64(0.9 + chance() / 5.0);
            self.asking.insert(hook.to_owned());
        }
        is_due
    }

    /// How long until the next question.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.values().min().map(|due| due.saturating_duration_since(now))
    }
}

impl Drain<'_> {
    /// Asks those remotes whose time has come, each in a thread of its own, and hears those that have answered.
    pub(super) fn reconcile(&mut self) -> Result<(), SpoolError> {
        if self.once {
            return Ok(());
        }
        let (config, now) = (Arc::clone(&self.config), Instant::now());
        for hook in &config.hooks {
            if hook.plan.reconcile.is_some_and(|every| self.schedule.is_due(&hook.name, every, now)) {
                (self.ask)(Arc::clone(&config), hook.name.clone());
            }
        }
        while let Ok(answer) = self.answers.try_recv() {
            self.schedule.asking.remove(&answer.hook);
            self.take_answer(&answer)?;
        }
        Ok(())
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
            let last = self.past.last(self.keeper, &hook.name, Some(&head.branch))?;
            if missed(head, last.as_ref()) && !self.backlog.is_on_its_way(&hook.name, &head.branch) {
                self.queue_missed(hook, &head.branch, &head.commit, last.and_then(|last| last.commit))?;
            }
        }
        Ok(())
    }

    fn queue_missed(
        &self,
        hook: &Hook,
        branch: &RefName,
        commit: &str,
        before: Option<String>,
    ) -> Result<(), SpoolError> {
        let meta = JobMeta {
            reference: Some(branch.clone()),
            before,
            after: Some(commit.to_owned()),
            repository: hook.rules.repository.clone(),
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
