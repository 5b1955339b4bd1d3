//! Edge. Orders of people, carried out: by the runner between two jobs, or by a verb that holds the lock itself.

mod holds;
mod release;
mod rollback;
mod taking;

pub(super) use holds::hold_back;
pub(super) use release::Release;
use rollback::Rollback;
pub(super) use taking::Requests;

use super::attempt;
use super::telling::Teller;
use crate::config::Config;
use crate::model::{JobId, Outcome, State};
use crate::spool;
use crate::spool::{
    Answer, Effect, EffectResult, Filter, HistoryEvent, JobView, Order, Request, Settlement, SpoolError, SpoolOwner,
};
use jiff::Timestamp;

/// Number of times that a job is looked for which moves while it is decided about.
const TRIES: usize = 3;

/// The jobs that workers have in their hands: nobody else may move those.
pub trait RunningJobs {
    /// `true` if a worker has this job.
    fn have(&self, id: JobId) -> bool;
    /// Asks the worker that has it to stop it. `false`: none has it.
    fn stop(&mut self, id: JobId, by: &str) -> bool;
}

/// Nobody's: where no runner is alive.
#[derive(Debug)]
pub struct NothingRuns;

impl RunningJobs for NothingRuns {
    fn have(&self, _: JobId) -> bool {
        false
    }
    fn stop(&mut self, _: JobId, _: &str) -> bool {
        false
    }
}

/// The parts that an order is carried out with.
pub struct Orders<'a> {
    /// The locked spool.
    pub owner: &'a SpoolOwner,
    /// The configuration.
    pub config: &'a Config,
    /// The jobs that are running.
    pub running: &'a mut dyn RunningJobs,
    /// The hand that writes messages.
    pub teller: Teller,
}

/// Carries out an order where no runner does: first puts right what the last one left.
pub fn apply_alone(config: &Config, owner: &SpoolOwner, request: &Request) -> Result<Answer, SpoolError> {
    let mut abandoned = Vec::new();
    if !matches!(request.order, Order::Remove { .. }) {
        let interrupted = owner.recover(Timestamp::now())?.interrupted;
        if let Order::Cancel { ids } = &request.order {
            for claim in interrupted.into_iter().filter(|claim| ids.contains(&claim.id())) {
                abandoned.push(claim.id());
                attempt::abandon(owner, claim, config, cancelled(&request.by))?;
            }
        }
    }
    let mut orders = Orders { owner, config, running: &mut NothingRuns, teller: Teller::default() };
    let mut answer = orders.apply(request)?;
    if let Order::Hold { hook, .. } | Order::Rollback { hook, .. } = &request.order {
        orders.hold_back(hook)?;
    }
    if let Answer::Ok(effects) = &mut answer {
        effects.iter_mut().filter(|e| e.id.is_some_and(|id| abandoned.contains(&id))).for_each(was_abandoned);
    }
    Ok(answer)
}

/// Calls done what a second look calls done already, since the first did it.
fn was_abandoned(effect: &mut Effect) {
    if effect.result == EffectResult::Unchanged {
        (effect.result, effect.text) = (EffectResult::Changed, "cancelled".to_owned());
    }
}

/// The end of a job that a person wants no more.
fn cancelled(by: &str) -> Settlement {
    Settlement::Ended { outcome: Outcome::Cancelled, reason: Some(format!("by {by}")) }
}

impl Orders<'_> {
    /// Carries out an order. An error is the spool's, and ends a runner; what is wrong with the order is in the answer.
    pub fn apply(&mut self, request: &Request) -> Result<Answer, SpoolError> {
        let by = request.by.as_str();
        let effects = match &request.order {
            Order::Retry { ids } => self.each(ids, |orders, id| orders.retry(id, false))?,
            Order::Again { ids } => self.each(ids, |orders, id| orders.retry(id, true))?,
            Order::Release { ids } => self.each(ids, Self::release)?,
            Order::Cancel { ids } => self.each(ids, |orders, id| orders.cancel(id, by))?,
            Order::Hold { hook, why } => vec![self.hold(hook, why, by)?],
            Order::ReleaseHook { hook } => self.release_hook(hook)?,
            Order::Rollback { hook, to, trees, why } => {
                self.roll_back(&Rollback { hook, to: to.as_deref(), trees, why: why.as_deref(), by })?
            }
            Order::Remove { ids, failed } => self.remove(ids, *failed)?,
        };
        Ok(Answer::Ok(effects))
    }

    fn each(
        &mut self,
        ids: &[JobId],
        mut one: impl FnMut(&mut Self, JobId) -> Result<Option<Effect>, SpoolError>,
    ) -> Result<Vec<Effect>, SpoolError> {
        ids.iter().map(|&id| self.patiently(id, &mut one)).collect()
    }

    /// A job may be moved by a worker, or by hand, between the look and the decision.
    fn patiently(
        &mut self,
        id: JobId,
        one: &mut impl FnMut(&mut Self, JobId) -> Result<Option<Effect>, SpoolError>,
    ) -> Result<Effect, SpoolError> {
        for _ in 0..TRIES {
            match one(self, id) {
                Ok(Some(effect)) => return Ok(effect),
                Ok(None) | Err(SpoolError::NoSuchJob(_) | SpoolError::IllegalMove(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(refused(id, self.state(id)?, "it is on the move; ask again"))
    }

    fn retry(&mut self, id: JobId, again: bool) -> Result<Option<Effect>, SpoolError> {
        Ok(Some(match self.state(id)? {
            Some(State::Done) if again => self.queue(id, "queued again")?,
            Some(State::Waiting | State::Failed | State::Held) => self.queue(id, "queued again")?,
            Some(state @ (State::Queued | State::Running)) => {
                Effect::of_job(id, EffectResult::Unchanged, Some(state), format!("is {} already", state.as_str()))
            }
            Some(State::Done) => {
                let text = format!("has already finished; `hookspool retry --again {}` runs it once more", id.short());
                refused(id, Some(State::Done), text)
            }
            Some(State::Corrupt) => refused(id, Some(State::Corrupt), "is damaged; its bytes cannot be trusted"),
            None => refused(id, None, "is not in the spool"),
        }))
    }

    fn release(&mut self, id: JobId) -> Result<Option<Effect>, SpoolError> {
        Ok(Some(match self.state(id)? {
            Some(State::Held) => self.queue(id, "released")?,
            Some(state @ (State::Queued | State::Running | State::Waiting)) => {
                Effect::of_job(id, EffectResult::Unchanged, Some(state), format!("is not held: {}", state.as_str()))
            }
            Some(state) => refused(id, Some(state), format!("is not held: {}", state.as_str())),
            None => refused(id, None, "is not in the spool"),
        }))
    }

    /// A job of a hook on hold would come back at once.
    fn queue(&mut self, id: JobId, text: &str) -> Result<Effect, SpoolError> {
        let hook = self.view(id)?.and_then(|view| view.hook);
        if let Some((hook, hold)) = hook.and_then(|hook| self.owner.holds().ok()?.remove_entry(&hook)) {
            let text = format!("{}; `hookspool release {hook}` ends that", hold.reason(&hook));
            return Ok(refused(id, self.state(id)?, text));
        }
        let state = self.owner.decide(id, Settlement::Released, Timestamp::now())?;
        tell(id, &HistoryEvent::from(Settlement::Released), state);
        Ok(Effect::of_job(id, EffectResult::Changed, Some(state), text))
    }

    fn cancel(&mut self, id: JobId, by: &str) -> Result<Option<Effect>, SpoolError> {
        if self.running.stop(id, by) {
            return Ok(Some(Effect::of_job(id, EffectResult::Changed, Some(State::Running), "is being stopped")));
        }
        Ok(match self.state(id)? {
            Some(State::Queued | State::Waiting | State::Held) => {
                let settlement = cancelled(by);
                let what = HistoryEvent::from(settlement.clone());
                self.teller.decided(self.owner, self.config, id, &settlement)?;
                let state = self.owner.decide(id, settlement, Timestamp::now())?;
                tell(id, &what, state);
                Some(Effect::of_job(id, EffectResult::Changed, Some(state), "cancelled"))
            }
            Some(State::Running) => None,
            Some(state) => Some(self.too_late(id, state)?),
            None => Some(refused(id, None, "is not in the spool")),
        })
    }

    fn too_late(&self, id: JobId, state: State) -> Result<Effect, SpoolError> {
        let outcome = self.view(id)?.and_then(|view| view.outcome);
        if outcome == Some(Outcome::Cancelled) {
            return Ok(Effect::of_job(id, EffectResult::Unchanged, Some(state), "was cancelled already"));
        }
        let word = outcome.map_or(state.as_str(), Outcome::as_str);
        Ok(refused(id, Some(state), format!("has ended: {word}")))
    }

    fn remove(&mut self, ids: &[JobId], failed: bool) -> Result<Vec<Effect>, SpoolError> {
        let removed = self.owner.remove(ids, failed)?;
        tracing::info!(event = "pruned", jobs = removed.ids.len(), bytes = removed.bytes);
        let gone = removed.ids.iter().map(|&id| Effect::of_job(id, EffectResult::Changed, None, "removed"));
        let kept = removed.refused.iter().map(|&(id, state)| refused(id, Some(state), "has not ended, or not well"));
        Ok(gone.chain(kept).collect())
    }

    fn state(&self, id: JobId) -> Result<Option<State>, SpoolError> {
        if self.running.have(id) { Ok(Some(State::Running)) } else { spool::state_of(&self.config.spool, id) }
    }

    fn shown(&self, id: JobId) -> Result<Option<spool::Shown>, SpoolError> {
        spool::show(&self.config.spool, id)
    }

    fn view(&self, id: JobId) -> Result<Option<JobView>, SpoolError> {
        Ok(self.shown(id)?.map(|shown| shown.view))
    }

    fn of_hook(&self, hook: &str, states: Vec<State>) -> Result<Vec<JobView>, SpoolError> {
        let filter = Filter { hook: Some(hook.to_owned()), states, ..Filter::default() };
        spool::list(&self.config.spool, filter)?.collect()
    }
}

fn refused(id: JobId, state: Option<State>, text: impl Into<String>) -> Effect {
    Effect::of_job(id, EffectResult::Refused, state, text)
}

fn tell(id: JobId, what: &HistoryEvent, state: State) {
    tracing::info!(event = "decided", job = %id, what = %what, state = state.as_str());
}
