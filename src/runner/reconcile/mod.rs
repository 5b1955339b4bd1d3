//! Edge. Asks remotes whether a delivery was missed, and queues the job that it would have been: most forges never send
//! a failed delivery again.

mod ask;
mod compare;
mod schedule;

use ask::{RemoteAnswer, ask};
pub(super) use schedule::Schedule;

use super::jobs::Jobs;
use super::recent_outcomes::Last;
use super::steps::RemoteHead;
use crate::config::{Config, Hook};
use crate::model::{EventKind, JobMeta};
use crate::spool::{Inbox, SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use crate::system::errno::words;
use crate::system::random::random_bytes;
use crate::system::stop::Stop;
use compare::missed;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// The questions to remotes: when each is due, the threads that ask, and what came back.
pub(super) struct Reconciler<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    bell: &'env Bell,
    schedule: Schedule,
    said: Sender<RemoteAnswer>,
    answers: Receiver<RemoteAnswer>,
    /// Ends the asking.
    halted: Stop,
}

impl<'scope, 'env> Reconciler<'scope, 'env> {
    /// Nothing is asked yet. `bell` rings when there is an answer.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, bell: &'env Bell, schedule: Schedule, halted: Stop) -> Self {
        let (said, answers) = channel();
        Self { scope, bell, schedule, said, answers, halted }
    }

    /// `true` while a remote is asked.
    pub(super) fn is_asking(&self) -> bool {
        !self.schedule.asking().is_empty()
    }

    /// Time until a question is due.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.schedule.wait(Timestamp::now())
    }

    /// Hears the remotes that have answered, and asks those whose time has come, each in a thread of its own.
    pub(super) fn turn(&mut self, jobs: &Jobs<'_>, may_ask: bool) -> Result<(), SpoolError> {
        while let Ok(answer) = self.answers.try_recv() {
            self.schedule.hear(&answer.hook);
            take_answer(jobs, &answer)?;
        }
        if may_ask {
            self.ask_those_due(jobs);
        }
        Ok(())
    }

    fn ask_those_due(&mut self, jobs: &Jobs<'_>) {
        let (config, now) = (Arc::clone(&jobs.config), Timestamp::now());
        self.schedule.keep(|hook| config.hook(hook).is_some_and(|hook| hook.plan.reconcile.is_some()));
        for hook in &config.hooks {
            if hook.plan.reconcile.is_some_and(|every| self.schedule.is_due(&hook.name, every, now, chance())) {
                self.ask(Arc::clone(&config), hook.name.clone());
            }
        }
        self.leave_schedule(jobs.owner);
    }

    fn ask(&self, config: Arc<Config>, hook: String) {
        let (said, halted, bell) = (self.said.clone(), self.halted.clone(), self.bell);
        let name = hook.clone();
        let asked = Builder::new().spawn_scoped(self.scope, move || {
            // Nobody hears the last one.
            let _nobody_hears = said.send(ask(&config, hook, &halted));
            bell.ring();
        });
        if let Err(error) = asked {
            let heads = Err(format!("cannot start a thread: {}", words(&error)));
            let _nobody_hears = self.said.send(RemoteAnswer { hook: name, heads });
        }
    }

    /// Leaves the times for the next runner. If they cannot be written, that one asks sooner than it should.
    fn leave_schedule(&mut self, owner: &SpoolOwner) {
        let left = self.schedule.changed().map_or(Ok(()), |due| owner.leave_questions(due));
        if let Err(error) = left {
            tracing::warn!(event = "no-schedule", reason = %error);
        }
    }

    /// Logs whose remote has not answered: nobody will hear it any more. If that is because of a stop, the next runner
    /// asks at once; one whose time is always up before the answer comes had better not.
    pub(super) fn give_up(&mut self, owner: &SpoolOwner, is_stopped: bool) {
        for hook in self.schedule.asking() {
            tracing::warn!(event = "cannot-reconcile", hook, reason = "the runner ended before the remote answered");
        }
        if is_stopped {
            self.schedule.take_back(Timestamp::now());
            self.leave_schedule(owner);
        }
    }
}

fn take_answer(jobs: &Jobs<'_>, answer: &RemoteAnswer) -> Result<(), SpoolError> {
    let Some(hook) = jobs.config.hook(&answer.hook) else { return Ok(()) };
    // What it missed meanwhile is found after its release; each question would add a held job until then.
    if jobs.owner.holds()?.contains_key(&hook.name) {
        return Ok(());
    }
    let heads = match &answer.heads {
        Ok(heads) => heads,
        Err(reason) => {
            tracing::warn!(event = "cannot-reconcile", hook = hook.name, reason);
            return Ok(());
        }
    };
    for head in heads {
        let last = jobs.outcomes.last_of_branch(jobs.owner, &hook.name, &head.branch)?;
        if missed(head, last.as_ref()) && !jobs.backlog.is_on_its_way(&hook.name, &head.branch) {
            queue_missed(&jobs.config.spool, hook, head, last)?;
        }
    }
    Ok(())
}

fn queue_missed(spool: &Path, hook: &Hook, head: &RemoteHead, last: Option<Last>) -> Result<(), SpoolError> {
    let (branch, commit) = (&head.branch, head.commit.as_str());
    let (before, known) = last.map_or((None, None), |last| (last.commit, last.repository));
    let meta = JobMeta {
        reference: Some(branch.clone()),
        before,
        after: Some(commit.to_owned()),
        repository: hook.rules.repository.clone().or(known),
        note: Some("no delivery told of this commit".to_owned()),
        ..JobMeta::new(&hook.name, JobMeta::RECONCILE, EventKind::Push, Timestamp::now())
    };
    let mut draft = Inbox::open(spool)?.draft()?;
    let payload = serde_json::json!({ "ref": branch, "before": meta.before, "after": commit });
    draft.write(payload.to_string().as_bytes())?;
    let id = draft.commit(&meta)?;
    tracing::warn!(event = "missed", job = %id, hook = hook.name, branch = branch.as_str(), commit);
    Ok(())
}

/// A random number in 0..=1. Without randomness the middle is as good as any.
fn chance() -> f64 {
    random_bytes::<4>().map_or(0.5, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
