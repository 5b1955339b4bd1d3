//! Edge. Hooks on hold: what they hold back, and what their release queues.

use super::{Orders, refused, tell};
use crate::model::{JobId, State};
use crate::spool::{Change, Effect, History, Hold, Keeper, Settlement, SpoolError, What};
use jiff::Timestamp;

/// Jobs that are held back before somebody else may have the lock again.
const AT_ONCE: usize = 200;

impl Orders<'_> {
    pub(super) fn hold(&mut self, hook: &str, why: &str, by: &str) -> Result<Effect, SpoolError> {
        if self.config.hook(hook).is_none() {
            let text = format!("hook `{}` is not in the runner's configuration", hook.escape_debug());
            return Ok(Effect::of_hook(hook, Change::Refused, text));
        }
        let hold = Hold { why: why.to_owned(), since: Timestamp::now(), by: by.to_owned() };
        Ok(match self.keeper.hold(hook, &hold)? {
            None => {
                tracing::info!(event = "hold", hook, by, why);
                Effect::of_hook(hook, Change::Changed, "is on hold; a job that runs already goes on")
            }
            Some(old) => {
                let text = format!("is on hold already, by {} since {:.0}: {}", old.by, old.since, old.why);
                Effect::of_hook(hook, Change::Unchanged, text)
            }
        })
    }

    /// Moves what waits of a hook on hold to `held/`. Of very much only a part, since nobody else has the lock
    /// meanwhile: the next runner moves the rest before it runs anything.
    pub(super) fn hold_back(&mut self, hook: &str) -> Result<(), SpoolError> {
        let Some(hold) = self.keeper.holds()?.remove(hook) else { return Ok(()) };
        for view in self.of_hook(hook, vec![State::Queued, State::Waiting])?.into_iter().take(AT_ONCE) {
            hold_back(self.keeper, view.id, hook, &hold)?;
        }
        Ok(())
    }

    /// Ends the hold, and queues what it held back, in order of arrival. A job that an interruption left held needs a
    /// decision of its own.
    pub(super) fn release_hook(&mut self, hook: &str) -> Result<Vec<Effect>, SpoolError> {
        let was_on_hold = self.keeper.holds()?.contains_key(hook) && self.keeper.end_hold(hook)?;
        let mut effects = Vec::new();
        for view in self.of_hook(hook, vec![State::Held])? {
            let history = self.shown(view.id)?.map(|shown| shown.history).unwrap_or_default();
            effects.push(if was_interrupted(&history) {
                refused(view.id, Some(State::Held), "stays held: its attempt was cut short; release it by its id")
            } else {
                self.patiently(view.id, &mut |orders, id| orders.release(id))?
            });
        }
        let released = effects.iter().filter(|effect| effect.result == Change::Changed).count();
        let (result, text) = match (was_on_hold, released) {
            (true, _) => (Change::Changed, format!("is released, with {released} held jobs")),
            (false, 0) => (Change::Unchanged, "is not on hold".to_owned()),
            (false, _) => (Change::Changed, format!("was not on hold; {released} held jobs are released")),
        };
        tracing::info!(event = "released", hook, was_on_hold, released);
        effects.insert(0, Effect::of_hook(hook, result, text));
        Ok(effects)
    }
}

/// Puts a job of a hook on hold where a person must release it. A job that is gone meanwhile is none to hold.
pub(super) fn hold_back(keeper: &Keeper, id: JobId, hook: &str, hold: &Hold) -> Result<(), SpoolError> {
    let settlement = Settlement::Held { reason: hold.reason(hook) };
    let what = What::from(settlement.clone());
    match keeper.decide(id, settlement, Timestamp::now()) {
        Ok(state) => tell(id, &what, state),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether a held job was held because an attempt at it was cut short: it may have done half of its work.
fn was_interrupted(history: &History) -> bool {
    let mut before = history.entries().iter().rev().map(|entry| &entry.what);
    let was_held = before.by_ref().find(|what| !matches!(what, What::Note { .. }));
    let mut before = before.filter(|what| !matches!(what, What::Note { .. }));
    matches!(was_held, Some(What::Held { .. }))
        && matches!(before.next(), Some(What::Started { .. } | What::Step { .. }))
}
