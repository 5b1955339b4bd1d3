//! Edge. The facts of the index, collected.

use super::ledger::Ledger;
use super::past::{HookRef, Past};
use super::relay_card::relay_card;
use crate::config::{Config, Hook};
use crate::model::{JobId, State};
use crate::page::{Breakage, DeliveryFacts, HookCard, JobCard, PageFacts, RunnerFacts, RunningCard, StepFacts, span};
use crate::runner::log::{end_of, running_step};
use crate::spool::{self, DeliveryResult, HostWords, SpoolError, SpoolReader};
use crate::system::room::is_scarce;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Jobs of each state that a table shows which has no end otherwise.
const SHOWN: usize = 20;
/// Most jobs that are looked at for what is told of hooks: of those that ended, and of those that wait.
const LOOKED_AT: usize = 2000;
/// Most bytes of a log's end that are read for the step that a job is at.
const LOG_END_BYTES: u64 = 64 * 1024;

/// One look at the spool.
pub(super) struct Gathering<'a> {
    pub(super) config: &'a Config,
    pub(super) reader: &'a SpoolReader,
    pub(super) ledger: &'a mut Ledger,
    pub(super) hosts: &'a HostWords,
    /// All jobs, in order of arrival.
    pub(super) ids: &'a [(JobId, State)],
    pub(super) now: Timestamp,
}

impl Gathering<'_> {
    /// Collects the facts of the index.
    pub(super) fn facts(&mut self, title: &str, runner: RunnerFacts) -> Result<PageFacts, SpoolError> {
        let past = self.past()?;
        let running = self.running(&past)?;
        let (mut hooks, all_counted) = self.hooks()?;
        for hook in &mut hooks {
            hook.last_success = self.found(past.last_success.get(hook.name.as_str()), State::Done)?;
            hook.last_failure = self.found(past.last_failure.get(hook.name.as_str()), State::Failed)?;
        }
        let broken = self.broken(&past)?;
        let relay = relay_card(self.config, self.hosts, &runner);
        Ok(PageFacts {
            as_of: self.now,
            title: title.to_owned(),
            config: unusual(self.config),
            runner,
            disk_full: is_scarce(&self.config.spool),
            jobs: self.counts(),
            running,
            queued: self.first(State::Queued)?,
            waiting: self.first(State::Waiting)?,
            held: self.first(State::Held)?,
            broken,
            relay,
            hooks,
            recent: past.recent,
            complete: past.complete && all_counted,
        })
    }

    fn in_state(&self, state: State) -> Vec<JobId> {
        self.ids.iter().filter(|(_, s)| *s == state).map(|(id, _)| *id).collect()
    }

    fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts: BTreeMap<State, usize> = State::ALL.iter().map(|&state| (state, 0)).collect();
        for (_, state) in self.ids {
            *counts.entry(*state).or_default() += 1;
        }
        counts
    }

    fn cards(&mut self, ids: impl IntoIterator<Item = JobId>, state: State) -> Result<Vec<JobCard>, SpoolError> {
        let cards = ids.into_iter().map(|id| self.ledger.card(self.reader, id, state));
        Ok(cards.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn first(&mut self, state: State) -> Result<Vec<JobCard>, SpoolError> {
        let ids = self.in_state(state);
        self.cards(ids.into_iter().take(SHOWN), state)
    }

    fn found(&mut self, id: Option<&JobId>, state: State) -> Result<Option<JobCard>, SpoolError> {
        id.map_or(Ok(None), |id| self.ledger.card(self.reader, *id, state))
    }

    /// Walks back until nothing more can be found, or far enough.
    fn past(&mut self) -> Result<Past, SpoolError> {
        let ended = |state| matches!(state, State::Done | State::Failed | State::Corrupt);
        let ended: Vec<_> = self.ids.iter().rev().copied().filter(|(_, state)| ended(*state)).collect();
        let mut left = [State::Done, State::Failed].map(|s| ended.iter().filter(|(_, state)| *state == s).count());
        let mut past = Past { complete: true, ..Past::default() };
        for (looked_at, &(id, state)) in ended.iter().enumerate() {
            if past.is_over(self.config, left) {
                break;
            }
            if looked_at == LOOKED_AT {
                past.complete = false;
                break;
            }
            left[0] -= usize::from(state == State::Done);
            left[1] -= usize::from(state == State::Failed);
            if past.has_room() {
                past.recent.extend(self.ledger.card(self.reader, id, state)?);
            }
            if let Some(brief) = self.ledger.brief(self.reader, id, state)? {
                past.add(id, brief);
            }
        }
        Ok(past)
    }

    fn broken(&mut self, past: &Past) -> Result<Vec<Breakage>, SpoolError> {
        let mut broken = Vec::new();
        for ((hook, _), since, jobs, last) in &past.broken {
            let is_known = self.config.hook(hook).is_some();
            let last = if is_known { self.found(Some(last), State::Failed)? } else { None };
            broken.extend(last.map(|last| Breakage { since: *since, jobs: *jobs, last }));
        }
        Ok(broken)
    }

    fn running(&mut self, past: &Past) -> Result<Vec<RunningCard>, SpoolError> {
        let ids = self.in_state(State::Running);
        let mut running = Vec::new();
        for card in self.cards(ids, State::Running)? {
            let usual = self.usual(&card, past)?;
            let step = self.step(&card, usual.as_ref());
            running.push(RunningCard { step, usual_s: usual.and_then(|usual| usual.took_s), card });
        }
        Ok(running)
    }

    /// The last job of the same hook and ref that succeeded, or else of the hook.
    fn usual(&mut self, card: &JobCard, past: &Past) -> Result<Option<JobCard>, SpoolError> {
        let reference = card.job.reference.as_ref().map(|reference| reference.as_str().into());
        let line: HookRef = (card.hook().into(), reference);
        let id = past.good.get(&line).or_else(|| past.last_success.get(card.hook()));
        self.found(id, State::Done)
    }

    fn step(&self, card: &JobCard, usual: Option<&JobCard>) -> Option<StepFacts> {
        let step = step_of(self.config, card)?;
        // In another configuration it may have been another step.
        let same = usual.and_then(|usual| usual.steps_s.get(step.number.checked_sub(1)?));
        let usual_s = same.filter(|(title, _)| *title == step.title).map(|(_, seconds)| *seconds);
        Some(StepFacts { usual_s, ..step })
    }

    /// The hooks of the configuration with their jobs at work and at rest; `false` if there are too many to count.
    fn hooks(&mut self) -> Result<(Vec<HookCard>, bool), SpoolError> {
        let mut holds = spool::holds(&self.config.spool)?;
        let of = |hook: &Hook| HookCard {
            name: hook.name.clone(),
            queue: Some(hook.plan.queue.clone()),
            running: 0,
            waiting: 0,
            held: 0,
            last_success: None,
            last_failure: None,
            hold: holds.remove(&hook.name),
            deliveries: deliveries(&self.config.spool, &hook.name, self.now),
        };
        let mut hooks: Vec<HookCard> = self.config.hooks.iter().map(of).collect();
        let places: HashMap<String, usize> = hooks.iter().enumerate().map(|(i, h)| (h.name.clone(), i)).collect();
        let is_live = |state| matches!(state, State::Queued | State::Running | State::Waiting | State::Held);
        let live: Vec<_> = self.ids.iter().copied().filter(|(_, state)| is_live(*state)).collect();
        for &(id, state) in live.iter().take(LOOKED_AT) {
            let Some(brief) = self.ledger.brief(self.reader, id, state)? else { continue };
            let Some(&place) = places.get(&*brief.hook) else { continue };
            match brief.state {
                State::Running => hooks[place].running += 1,
                State::Held => hooks[place].held += 1,
                _ => hooks[place].waiting += 1,
            }
        }
        Ok((hooks, live.len() <= LOOKED_AT))
    }
}

/// The last deliveries to a hook, in the words that their senders were told.
fn deliveries(spool: &Path, hook: &str, now: Timestamp) -> Option<DeliveryFacts> {
    let seen = spool::seen(spool, Some(hook)).ok()?;
    let words = seen.headline(|at| span(u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0)));
    let is_trouble = |result: DeliveryResult| result.is_refused() || result == DeliveryResult::Error;
    Some(DeliveryFacts { words, refused: seen.last().is_some_and(|last| is_trouble(last.result)) })
}

/// The step that a running job is at, by the end of its log.
pub(super) fn step_of(config: &Config, card: &JobCard) -> Option<StepFacts> {
    let end = end_of(&spool::log_path(&config.spool, card.id()), LOG_END_BYTES).ok()?;
    let step = running_step(&end)?;
    let limit_s = config.hook(card.hook()).map(|hook| hook.plan.limit_of(step.number).as_secs());
    Some(StepFacts { number: step.number, of: step.of, title: step.title, since: step.since, limit_s, usual_s: None })
}

/// The configuration, where commands do not find it by themselves.
pub(super) fn unusual(config: &Config) -> Option<String> {
    let is_usual = crate::config::is_found_unasked(&config.file);
    (!is_usual).then(|| config.file.to_string_lossy().into_owned())
}
