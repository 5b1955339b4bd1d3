//! Edge. The facts of a spool, collected. Jobs are looked at by their names; the hook of each is read once.

use super::facts::{HookFacts, MetricFacts, RelayFacts};
use crate::model::{JobId, State};
use crate::spool::{self, Filter, HostBook, Presence, RelayDir, Tally};
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::Path;

/// Most jobs whose hook is read at a time; those beyond it are told as those of no hook until the next look.
const READ_LIMIT: usize = 50_000;

/// The hooks of jobs that were read.
#[derive(Debug, Default)]
pub struct MetricSources {
    hooks: HashMap<JobId, Option<String>>,
    hosts: HostBook,
}

/// Collects the facts of the spool at `root` for `hooks`, with what has ended by `tally`.
pub fn gather(root: &Path, hooks: &[String], tally: &Tally, sources: &mut MetricSources) -> MetricFacts {
    let seen = |hook: Option<&str>| spool::seen(root, hook).ok().map(|seen| seen.counts);
    let of_hook = |name: &String| HookFacts {
        name: name.clone(),
        seen: seen(Some(name)),
        tally: tally.of(name),
        ..HookFacts::default()
    };
    let mut facts = MetricFacts {
        hooks: hooks.iter().map(of_hook).collect(),
        unnamed: seen(None),
        runner_is_up: match spool::presence(root) {
            Presence::Held { .. } => Some(true),
            Presence::Free => Some(false),
            Presence::Unknown(_) => None,
        },
        free_bytes: rustix::fs::statvfs(root).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize)),
        holds: spool::holds(root).ok().map(|holds| holds.len()),
        ..MetricFacts::default()
    };
    facts.relay = sources.relay(root, facts.runner_is_up);
    sources.count(root, &mut facts);
    facts
}

impl MetricSources {
    /// The relay; `None` where this host is alone. Hosts that have been sent something stay, with none. Of a relay
    /// whose runner is gone the state says nothing.
    fn relay(&mut self, root: &Path, is_up: Option<bool>) -> Option<RelayFacts> {
        let dir = RelayDir::of(root);
        let (words, state) = (self.hosts.read(&dir).ok()?, dir.state());
        if state.is_none() && words.hosts().is_empty() {
            return None;
        }
        let state = state.filter(|_| is_up != Some(false));
        Some(RelayFacts {
            is_connected: state.as_ref().map(|state| state.server.is_some()),
            has_twin: state.as_ref().map(|state| state.twin.is_some()),
            ahead_s: state.and_then(|state| state.ahead_ms).map(|ahead_ms| ahead_ms / 1000),
            hosts: words.hosts().clone(),
        })
    }

    fn count(&mut self, root: &Path, facts: &mut MetricFacts) {
        let states = State::ALL.into_iter().filter(|state| *state != State::Done).collect();
        let jobs = spool::ids(root, &Filter { states, ..Filter::default() }).unwrap_or_default();
        let mut known = std::mem::take(&mut self.hooks);
        let mut reads = 0;
        for (id, state) in jobs {
            let hook = known.remove(&id).flatten().or_else(|| {
                reads += 1;
                (reads <= READ_LIMIT).then(|| spool::hook_of(root, id, state)).flatten()
            });
            note(facts, hook.as_deref(), id, state);
            self.hooks.insert(id, hook);
        }
    }
}

fn note(facts: &mut MetricFacts, hook: Option<&str>, id: JobId, state: State) {
    let found = facts.hooks.iter_mut().find(|facts| Some(facts.name.as_str()) == hook);
    let Some(hook) = found else {
        *facts.strays.entry(state).or_default() += 1;
        return;
    };
    *hook.jobs.entry(state).or_default() += 1;
    if matches!(state, State::Queued | State::Waiting) {
        let arrived = Timestamp::from_nanosecond(id.sequence().into()).ok();
        hook.oldest = hook.oldest.map_or(arrived, |oldest| arrived.map(|arrived| oldest.min(arrived)));
    }
}
