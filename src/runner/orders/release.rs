//! Edge. The release of a hook: queues what its hold held back, some jobs at a time, and ends the hold when all are
//! queued. A crash on the way leaves the hook on hold.

use super::{Orders, refused, tell};
use crate::config::Config;
use crate::model::{JobId, State};
use crate::spool::{self, Effect, EffectResult, Filter, History, HistoryEvent, Settlement, SpoolError};
use jiff::Timestamp;
use std::collections::VecDeque;

/// Most effects of one answer, which is one file.
const EFFECTS: usize = 10_000;

/// A release on its way.
#[derive(Debug)]
pub(in crate::runner) struct Release {
    pub(in crate::runner) hook: String,
    /// The jobs in `held/`, in order of arrival, that were not looked at yet.
    left: VecDeque<JobId>,
    released: usize,
    effects: Vec<Effect>,
}

impl Release {
    /// Of `hook`, with what is held now.
    pub(super) fn of(config: &Config, hook: &str) -> Result<Self, SpoolError> {
        let held = Filter { states: vec![State::Held], ..Filter::default() };
        let left = spool::ids(&config.spool, &held)?.into_iter().map(|(id, _)| id).collect();
        Ok(Self { hook: hook.to_owned(), left, released: 0, effects: Vec::new() })
    }

    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    fn note(&mut self, effect: Effect) {
        self.released += usize::from(effect.result == EffectResult::Changed);
        if self.effects.len() < EFFECTS {
            self.effects.push(effect);
        }
    }
}

impl Orders<'_> {
    /// Looks at the next `at_most` held jobs, and queues those of the hook. A job that an interruption left held needs
    /// a decision of its own.
    pub(super) fn release_some(&mut self, release: &mut Release, at_most: usize) -> Result<(), SpoolError> {
        for id in release.left.drain(..at_most.min(release.left.len())).collect::<Vec<_>>() {
            let Some(shown) = self.shown(id)? else { continue };
            if shown.view.hook.as_ref() != Some(&release.hook) {
                continue;
            }
            release.note(if was_interrupted(&shown.history) {
                refused(id, Some(State::Held), "stays held: its attempt was cut short; release it by its id")
            } else {
                self.patiently(id, &mut Self::release_of_hook)?
            });
        }
        Ok(())
    }

    fn release_of_hook(&mut self, id: JobId) -> Result<Option<Effect>, SpoolError> {
        if self.state(id)? != Some(State::Held) {
            return self.release(id);
        }
        let state = self.owner.decide(id, Settlement::Released, Timestamp::now())?;
        tell(id, &HistoryEvent::from(Settlement::Released), state);
        Ok(Some(Effect::of_job(id, EffectResult::Changed, Some(state), "released")))
    }

    /// Ends the hold: all is queued.
    pub(super) fn end_hold(&mut self, release: Release) -> Result<Vec<Effect>, SpoolError> {
        let Release { hook, released, mut effects, .. } = release;
        let was_on_hold = self.owner.holds()?.contains_key(&hook) && self.owner.end_hold(&hook)?;
        let jobs = if released == 1 { "job" } else { "jobs" };
        let (result, text) = match (was_on_hold, released) {
            (true, _) => (EffectResult::Changed, format!("is released, with {released} held {jobs}")),
            (false, 0) => (EffectResult::Unchanged, "is not on hold".to_owned()),
            (false, _) => (EffectResult::Changed, format!("was not on hold; released {released} held {jobs}")),
        };
        tracing::info!(event = "released", hook, was_on_hold, released);
        effects.insert(0, Effect::of_hook(&hook, result, text));
        Ok(effects)
    }

    /// All of it, where nobody else is kept waiting.
    pub(super) fn release_hook(&mut self, hook: &str) -> Result<Vec<Effect>, SpoolError> {
        let mut release = Release::of(self.config, hook)?;
        self.release_some(&mut release, usize::MAX)?;
        self.end_hold(release)
    }
}

/// `true` if a held job was held because an attempt at it was cut short: it may have done half of its work.
fn was_interrupted(history: &History) -> bool {
    let mut before = history.entries().iter().rev().map(|entry| &entry.what);
    let was_held = before.by_ref().find(|what| !matches!(what, HistoryEvent::Note { .. }));
    let mut before = before.filter(|what| !matches!(what, HistoryEvent::Note { .. }));
    matches!(was_held, Some(HistoryEvent::Settled(Settlement::Held { .. })))
        && matches!(before.next(), Some(HistoryEvent::Started { .. } | HistoryEvent::Step { .. }))
}
