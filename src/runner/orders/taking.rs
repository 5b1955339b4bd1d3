//! Edge. Orders from people, while the runner runs.

use super::holds::hold_back;
use super::release::Release;
use super::{Orders, RunningJobs, cancelled};
use crate::config::WhenNewer;
use crate::model::{JobId, State};
use crate::runner::backlog::Item;
use crate::runner::drain::Drain;
use crate::spool::{self, Answer, Change, Order, Request, SpoolError, TakenRequest};
use crate::system::wait::forever;
use jiff::Timestamp;
use std::sync::Arc;

/// Jobs of a hook that are put away, or released, in one turn of the loop: other queues and stops wait no longer.
const BATCH: usize = 20;

impl Drain<'_> {
    /// Takes the orders that people have left: once a turn of the loop, before anything is chosen, and soon after a name
    /// appeared in a watched directory.
    pub(in crate::runner) fn take_orders(&mut self) -> Result<(), SpoolError> {
        for taken in self.owner.take_requests(Timestamp::now())? {
            if let Ok(Request { order: Order::ReleaseHook { hook }, .. }) = &taken.request {
                let release = Release::of(&self.config, hook)?;
                self.releases.push_back((taken, release));
                continue;
            }
            let answer = self.carry_out(&taken);
            self.reply(&taken, answer)?;
        }
        self.go_on_releasing()?;
        self.put_away()
    }

    fn reply(&mut self, taken: &TakenRequest, answer: Result<Answer, SpoolError>) -> Result<(), SpoolError> {
        let text = match &answer {
            Ok(answer) => answer.clone(),
            Err(error) => Answer::Error(error.to_string()),
        };
        self.owner.answer(taken, &text);
        answer.map(drop)
    }

    /// Releases some more jobs of the hook that is being released; answers when these were the last.
    fn go_on_releasing(&mut self) -> Result<(), SpoolError> {
        let Some((taken, mut release)) = self.releases.pop_front() else { return Ok(()) };
        let (owner, config) = (self.owner, Arc::clone(&self.config));
        let mut orders = Orders { owner, config: &config, running: self };
        let done = orders.release_some(&mut release, BATCH);
        if done.is_ok() && !release.is_over() {
            self.releases.push_front((taken, release));
            self.bell.ring();
            return Ok(());
        }
        let hook = release.hook.clone();
        let answer = done.and_then(|()| orders.end_hold(release)).map(Answer::Ok);
        self.reply(&taken, answer)?;
        self.bell.ring();
        // Read anew, now that they may run.
        self.backlog.of_hook(&hook).into_iter().for_each(|id| drop(self.backlog.remove(id)));
        self.refill()
    }

    fn carry_out(&mut self, taken: &TakenRequest) -> Result<Answer, SpoolError> {
        let request = match &taken.request {
            Ok(request) => request,
            Err(reason) => {
                tracing::warn!(event = "no-order", reason);
                return Ok(Answer::Error(reason.clone()));
            }
        };
        let (owner, config) = (self.owner, Arc::clone(&self.config));
        if let Order::Retry { ids } | Order::Cancel { ids } | Order::Release { ids } = &request.order {
            self.hear_of(ids)?;
        }
        let answer = Orders { owner, config: &config, running: self }.apply(request)?;
        let Answer::Ok(effects) = &answer else { return Ok(answer) };
        for effect in effects.iter().filter(|effect| effect.result == Change::Changed) {
            match effect.id {
                Some(id) if effect.state != Some(State::Running) => drop(self.backlog.remove(id)),
                _ => {}
            }
        }
        self.read_holds()?;
        if let Order::Hold { hook, .. } = &request.order {
            self.to_hold.extend(self.backlog.of_hook(hook));
        }
        Ok(answer)
    }

    /// A job that has been moved to where it ended is still its worker's until that has said so.
    fn hear_of(&mut self, ids: &[JobId]) -> Result<(), SpoolError> {
        let has_ended = |id: &&JobId| {
            let state = spool::state_of(&self.config.spool, **id).ok().flatten();
            matches!(state, Some(State::Done | State::Failed | State::Held))
        };
        let ended: Vec<JobId> =
            ids.iter().filter(|id| self.running.contains_key(id)).filter(has_ended).copied().collect();
        while ended.iter().any(|id| self.running.contains_key(id)) {
            forever(self.bell.fd());
            self.hear()?;
        }
        Ok(())
    }

    /// Reads which hooks are on hold.
    pub(in crate::runner) fn read_holds(&mut self) -> Result<(), SpoolError> {
        self.holds = self.owner.holds()?;
        Ok(())
    }

    /// Puts some of the jobs away that a hold found waiting; the rest when the loop comes by again, which is at once.
    fn put_away(&mut self) -> Result<(), SpoolError> {
        for _ in 0..BATCH {
            let Some(id) = self.to_hold.pop() else { return Ok(()) };
            self.hold_back(id)?;
        }
        self.bell.ring();
        Ok(())
    }

    /// Puts a waiting job away if its hook is on hold; whether it is. One whose hook is being released waits: none may
    /// run before all that are older are queued.
    pub(in crate::runner) fn hold_back(&mut self, id: JobId) -> Result<bool, SpoolError> {
        let Some(hook) = self.backlog.hook_of(id).map(str::to_owned) else { return Ok(false) };
        if self.releases.iter().any(|(_, release)| release.hook == hook) {
            self.put_off(id);
            return Ok(true);
        }
        let Some(hold) = self.holds.get(&hook) else { return Ok(false) };
        hold_back(self.owner, id, &hook, hold)?;
        self.backlog.remove(id);
        Ok(true)
    }

    /// Nothing is decided about it either: until the hold has ended, it may be held again.
    fn put_off(&mut self, id: JobId) {
        if let Some(item) = self.backlog.remove(id) {
            let not_before = Some(Timestamp::MAX);
            self.backlog.insert(id, Item { not_before, when_newer: WhenNewer::Keep, delivery: None, ..item });
        }
    }
}

impl RunningJobs for Drain<'_> {
    fn have(&self, id: JobId) -> bool {
        self.running.contains_key(&id)
    }

    fn stop(&mut self, id: JobId, by: &str) -> bool {
        self.cancel(id, cancelled(by))
    }
}
