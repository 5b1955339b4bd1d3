//! Edge. The requests of people, while the runner runs.

use super::release::Release;
use super::{Orders, RunningJobs, cancelled};
use crate::model::{JobId, State};
use crate::runner::backlog::Backlog;
use crate::runner::holds::Holds;
use crate::runner::jobs::Jobs;
use crate::runner::supply::Supply;
use crate::runner::workers::Workers;
use crate::spool::{self, Answer, EffectResult, Order, Request, SpoolError, TakenRequest};
use jiff::Timestamp;
use std::sync::Arc;

/// Jobs of a hook that are put away, or released, in one turn of the loop: other queues and stops wait no longer.
const BATCH: usize = 20;

/// The parts of the loop that a request may change.
pub(in crate::runner) struct Requests<'a, 'jobs, 'scope, 'env> {
    pub(in crate::runner) jobs: &'a mut Jobs<'jobs>,
    pub(in crate::runner) supply: &'a mut Supply,
    pub(in crate::runner) holds: &'a mut Holds,
    pub(in crate::runner) workers: &'a mut Workers<'scope, 'env>,
}

impl Requests<'_, '_, '_, '_> {
    /// Takes the requests that people have left: once a turn of the loop, before anything is chosen, and soon after a
    /// name appeared in a watched directory.
    pub(in crate::runner) fn take(&mut self) -> Result<(), SpoolError> {
        for taken in self.jobs.owner.take_requests(Timestamp::now())? {
            if let Ok(Request { order: Order::ReleaseHook { hook }, .. }) = &taken.request {
                let release = Release::of(&self.jobs.config, hook)?;
                self.holds.releases.push_back((taken, release));
                continue;
            }
            let answer = self.carry_out(&taken);
            self.reply(&taken, answer)?;
        }
        self.go_on_releasing()?;
        if self.holds.put_away(self.jobs, BATCH)? {
            self.workers.bell().ring();
        }
        Ok(())
    }

    fn reply(&mut self, taken: &TakenRequest, answer: Result<Answer, SpoolError>) -> Result<(), SpoolError> {
        let text = match &answer {
            Ok(answer) => answer.clone(),
            Err(error) => Answer::Error(error.to_string()),
        };
        self.jobs.owner.answer(taken, &text);
        answer.map(drop)
    }

    /// Releases some more jobs of the hook that is being released; answers when these were the last.
    fn go_on_releasing(&mut self) -> Result<(), SpoolError> {
        let Some((taken, mut release)) = self.holds.releases.pop_front() else { return Ok(()) };
        let done = self.with_orders(|orders| orders.release_some(&mut release, BATCH));
        if done.is_ok() && !release.is_over() {
            self.holds.releases.push_front((taken, release));
            self.workers.bell().ring();
            return Ok(());
        }
        let hook = release.hook.clone();
        let answer = done.and_then(|()| self.with_orders(|orders| orders.end_hold(release))).map(Answer::Ok);
        self.reply(&taken, answer)?;
        self.workers.bell().ring();
        // Read anew, now that they may run.
        self.jobs.backlog.of_hook(&hook).into_iter().for_each(|id| drop(self.jobs.backlog.remove(id)));
        self.supply.refill(self.jobs, self.holds)
    }

    fn carry_out(&mut self, taken: &TakenRequest) -> Result<Answer, SpoolError> {
        let request = match &taken.request {
            Ok(request) => request,
            Err(reason) => {
                tracing::warn!(event = "no-order", reason);
                return Ok(Answer::Error(reason.clone()));
            }
        };
        if let Order::Retry { ids } | Order::Again { ids } | Order::Cancel { ids } | Order::Release { ids } =
            &request.order
        {
            self.hear_of(ids)?;
        }
        let answer = self.with_orders(|orders| orders.apply(request))?;
        let Answer::Ok(effects) = &answer else { return Ok(answer) };
        for effect in effects.iter().filter(|effect| effect.result == EffectResult::Changed) {
            match effect.id {
                Some(id) if effect.state != Some(State::Running) => drop(self.jobs.backlog.remove(id)),
                _ => {}
            }
        }
        self.holds.read(self.jobs.owner)?;
        if let Order::Hold { hook, .. } | Order::Rollback { hook, .. } = &request.order {
            self.holds.put_away_later(self.jobs.backlog.of_hook(hook));
        }
        Ok(answer)
    }

    fn with_orders<T>(&mut self, act: impl FnOnce(&mut Orders<'_>) -> T) -> T {
        let (owner, config) = (self.jobs.owner, Arc::clone(&self.jobs.config));
        let teller = self.jobs.teller.clone();
        let mut running = WithWorkers { workers: self.workers, backlog: &mut self.jobs.backlog };
        act(&mut Orders { owner, config: &config, running: &mut running, teller })
    }

    /// A job that has been moved to where it ended is still its worker's until that has said so.
    fn hear_of(&mut self, ids: &[JobId]) -> Result<(), SpoolError> {
        let has_ended = |id: &&JobId| {
            let state = spool::state_of(&self.jobs.config.spool, **id).ok().flatten();
            state.is_some_and(|state| state != State::Running)
        };
        let claimed = ids.iter().filter(|id| self.workers.have_claimed(**id));
        let ended: Vec<JobId> = claimed.filter(has_ended).copied().collect();
        self.workers.hear_of(self.jobs, &ended)
    }
}

/// The jobs that workers have, and the backlog that is told when one is to end.
struct WithWorkers<'a, 'scope, 'env> {
    workers: &'a Workers<'scope, 'env>,
    backlog: &'a mut Backlog,
}

impl RunningJobs for WithWorkers<'_, '_, '_> {
    fn have(&self, id: JobId) -> bool {
        self.workers.have(id)
    }

    fn stop(&mut self, id: JobId, by: &str) -> bool {
        self.workers.cancel(self.backlog, id, cancelled(by))
    }
}
