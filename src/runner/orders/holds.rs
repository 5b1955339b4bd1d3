//! Edge. Hooks on hold, and what they hold back.

use super::{Orders, tell};
use crate::config::Config;
use crate::model::{JobId, State};
use crate::runner::telling::Teller;
use crate::spool::{Effect, EffectResult, HistoryEvent, Hold, Settlement, SpoolError, SpoolOwner};
use jiff::Timestamp;

/// Jobs that are held back before somebody else may have the lock again.
const AT_ONCE: usize = 200;

impl Orders<'_> {
    pub(super) fn hold(&mut self, hook: &str, why: &str, by: &str) -> Result<Effect, SpoolError> {
        if self.config.hook(hook).is_none() {
            let text = format!("hook `{}` is not in the runner's configuration", hook.escape_debug());
            return Ok(Effect::of_hook(hook, EffectResult::Refused, text));
        }
        let hold = Hold { why: why.to_owned(), since: Timestamp::now(), by: by.to_owned() };
        Ok(match self.owner.hold(hook, &hold)? {
            None => {
                tracing::info!(event = "hold", hook, by, why);
                Effect::of_hook(hook, EffectResult::Changed, "is on hold; a job that runs already goes on")
            }
            Some(old) => {
                let text = format!("is on hold already, by {} since {:.0}: {}", old.by, old.since, old.why);
                Effect::of_hook(hook, EffectResult::Unchanged, text)
            }
        })
    }

    /// Moves what waits of a hook on hold to `held/`. Of very much only a part, since nobody else has the lock
    /// meanwhile: the next runner moves the rest before it runs anything.
    pub(super) fn hold_back(&mut self, hook: &str) -> Result<(), SpoolError> {
        let Some(hold) = self.owner.holds()?.remove(hook) else { return Ok(()) };
        let waiting = self.of_hook(hook, vec![State::Queued, State::Waiting])?;
        for view in waiting.into_iter().filter(|view| !view.is_rollback()).take(AT_ONCE) {
            hold_back(self.config, self.owner, &self.teller, view.id, hook, &hold)?;
        }
        Ok(())
    }
}

/// Puts a job of a hook on hold where a person must release it. A job that is gone meanwhile is none to hold.
pub(in crate::runner) fn hold_back(
    config: &Config,
    owner: &SpoolOwner,
    teller: &Teller,
    id: JobId,
    hook: &str,
    hold: &Hold,
) -> Result<(), SpoolError> {
    let settlement = Settlement::Held { reason: hold.reason(hook) };
    let what = HistoryEvent::from(settlement.clone());
    teller.decided(owner, config, id, &settlement)?;
    match owner.decide(id, settlement, Timestamp::now()) {
        Ok(state) => tell(id, &what, state),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
