//! Edge. Orders from people, while the runner runs.

use super::holds::hold_back;
use super::{Hands, Orders, cancelled};
use crate::model::{JobId, State};
use crate::runner::drain::Drain;
use crate::spool::{self, Answer, Change, Letter, Order, SpoolError};
use crate::system::wait::forever;
use jiff::Timestamp;
use std::sync::Arc;

/// Jobs of a hook on hold that are put away in one turn of the loop.
const BATCH: usize = 20;

impl Drain<'_> {
    /// Takes the orders that people have left: once a turn of the loop, before anything is chosen, and soon after a name
    /// appeared in a watched directory.
    pub(in crate::runner) fn take_orders(&mut self) -> Result<(), SpoolError> {
        for letter in self.keeper.take_letters(Timestamp::now())? {
            let answer = self.carry_out(&letter);
            let text = match &answer {
                Ok(answer) => answer.clone(),
                Err(error) => Answer::Error(error.to_string()),
            };
            self.keeper.answer(&letter, &text);
            answer?;
        }
        self.put_away()
    }

    fn carry_out(&mut self, letter: &Letter) -> Result<Answer, SpoolError> {
        let request = match &letter.request {
            Ok(request) => request,
            Err(reason) => {
                tracing::warn!(event = "no-order", reason);
                return Ok(Answer::Error(reason.clone()));
            }
        };
        let (keeper, config) = (self.keeper, Arc::clone(&self.config));
        if let Order::Retry { ids } | Order::Cancel { ids } | Order::Release { ids } = &request.order {
            self.hear_of(ids)?;
        }
        let answer = Orders { keeper, config: &config, hands: self }.apply(request)?;
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
        self.holds = self.keeper.holds()?;
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

    /// Puts a waiting job away if its hook is on hold; whether it is.
    pub(in crate::runner) fn hold_back(&mut self, id: JobId) -> Result<bool, SpoolError> {
        let hook = self.backlog.hook_of(id).map(str::to_owned);
        let Some((hook, hold)) = hook.and_then(|hook| Some((hook.clone(), self.holds.get(&hook)?))) else {
            return Ok(false);
        };
        hold_back(self.keeper, id, &hook, hold)?;
        self.backlog.remove(id);
        Ok(true)
    }
}

impl Hands for Drain<'_> {
    fn have(&self, id: JobId) -> bool {
        self.running.contains_key(&id)
    }

    fn stop(&mut self, id: JobId, by: &str) -> bool {
        self.cancel(id, cancelled(by))
    }
}
