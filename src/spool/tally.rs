//! Pure. Jobs that have ended, counted by hook, for as long as the spool is there: pruning takes nothing away.

use crate::model::Outcome;
use crate::spool::job::entry::HistoryEvent;
use crate::spool::job::history::History;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Upper bounds of the classes of a time, in seconds; what is longer is in none.
pub const BOUNDS_S: [u32; 7] = [1, 5, 15, 60, 300, 900, 3600];
/// Most hooks that are counted: whoever may write to `queued/` may name any.
const HOOK_LIMIT: usize = 1000;

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// By the hook's name.
    hooks: BTreeMap<String, HookTally>,
}

/// The counts of one hook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookTally {
    /// Jobs that ended, by outcome.
    pub ended: BTreeMap<Outcome, u64>,
    /// Times from the beginning of the last attempt to the end, of those that ran.
    pub duration: TimeClasses,
    /// Times from arrival to the beginning of the first attempt.
    pub wait: TimeClasses,
    /// Time of the last success.
    pub last_success: Option<Timestamp>,
    /// Time of the last failure.
    pub last_failure: Option<Timestamp>,
}

/// Times, counted in classes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeClasses {
    /// Times of each class that are in none before it.
    pub classes: [u64; BOUNDS_S.len()],
    /// All times.
    pub count: u64,
    /// Their sum, in seconds.
    pub sum_s: f64,
}

impl TimeClasses {
    fn note(&mut self, from: Timestamp, to: Timestamp) {
        // A clock that was set back makes no time negative.
        let time_s = to.duration_since(from).as_secs_f64().max(0.0);
        if let Some(class) = BOUNDS_S.iter().position(|bound| time_s <= f64::from(*bound)) {
            self.classes[class] += 1;
        }
        self.count += 1;
        self.sum_s += time_s;
    }

    fn add(&mut self, more: &Self) {
        for (count, more) in self.classes.iter_mut().zip(more.classes) {
            *count = count.saturating_add(more);
        }
        self.count = self.count.saturating_add(more.count);
        self.sum_s += more.sum_s;
    }
}

/// A job that has ended.
pub(in crate::spool) struct EndedJob<'a> {
    pub(in crate::spool) hook: &'a str,
    pub(in crate::spool) arrived_at: Timestamp,
    pub(in crate::spool) history: &'a History,
    pub(in crate::spool) outcome: Outcome,
    pub(in crate::spool) at: Timestamp,
}

impl Tally {
    /// The counts of a hook; none where nothing of it has ended.
    pub fn of(&self, hook: &str) -> HookTally {
        self.hooks.get(hook).cloned().unwrap_or_default()
    }

    pub(in crate::spool) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// One more job.
    pub(in crate::spool) fn note(&mut self, job: &EndedJob<'_>) {
        if self.hooks.len() >= HOOK_LIMIT && !self.hooks.contains_key(job.hook) {
            return;
        }
        let hook = self.hooks.entry(job.hook.to_owned()).or_default();
        *hook.ended.entry(job.outcome).or_default() += 1;
        let starts = || job.history.entries().iter().filter(|e| matches!(e.what, HistoryEvent::Started { .. }));
        let has_run = !matches!(job.outcome, Outcome::Superseded | Outcome::Repeat);
        if let (Some(first), Some(last), true) = (starts().next(), starts().next_back(), has_run) {
            hook.wait.note(job.arrived_at, first.at);
            hook.duration.note(last.at, job.at);
        }
        match job.outcome {
            Outcome::Succeeded => hook.last_success = Some(job.at),
            outcome if outcome.is_failure() => hook.last_failure = Some(job.at),
            _ => {}
        }
    }

    /// Those that were counted beside these, in any order.
    pub(in crate::spool) fn add(&mut self, others: &Self) {
        for (name, more) in &others.hooks {
            if self.hooks.len() >= HOOK_LIMIT && !self.hooks.contains_key(name) {
                continue;
            }
            let hook = self.hooks.entry(name.clone()).or_default();
            for (outcome, count) in &more.ended {
                let sum = hook.ended.entry(*outcome).or_default();
                *sum = sum.saturating_add(*count);
            }
            hook.duration.add(&more.duration);
            hook.wait.add(&more.wait);
            hook.last_success = more.last_success.max(hook.last_success);
            hook.last_failure = more.last_failure.max(hook.last_failure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Entry;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Arrived at 0, begun at 10 and at 100, ended at 103.
    fn tally(outcome: Outcome) -> Tally {
        let starts = [10, 100].map(|second| Entry::new(at(second), HistoryEvent::Started { attempt: 1 }));
        let lines: Vec<u8> = starts.iter().flat_map(Entry::to_line).collect();
        let mut tally = Tally::default();
        let history = History::parse(&lines);
        tally.note(&EndedJob { hook: "docs", arrived_at: at(0), history: &history, outcome, at: at(103) });
        tally
    }

    #[test]
    fn the_wait_ends_with_the_first_attempt_and_the_duration_is_that_of_the_last() {
        let hook = tally(Outcome::Succeeded).of("docs");
        assert_eq!((hook.wait.sum_s, hook.wait.classes), (10.0, [0, 0, 1, 0, 0, 0, 0]));
        assert_eq!((hook.duration.sum_s, hook.duration.classes), (3.0, [0, 1, 0, 0, 0, 0, 0]));
        assert_eq!((hook.last_success, hook.last_failure), (Some(at(103)), None));
        let other = tally(Outcome::TimedOut).of("docs");
        assert_eq!((other.last_success, other.last_failure), (None, Some(at(103))));
        assert_eq!(tally(Outcome::Superseded).of("docs").duration.count, 0);
    }

    #[test]
    fn what_was_counted_beside_is_added_and_reads_back_as_json() {
        let mut sum = tally(Outcome::Failed);
        sum.add(&tally(Outcome::Succeeded));
        sum.add(&tally(Outcome::Succeeded));
        let hook = sum.of("docs");
        assert_eq!(hook.ended, BTreeMap::from([(Outcome::Succeeded, 2), (Outcome::Failed, 1)]));
        assert_eq!((hook.duration.count, hook.duration.sum_s), (3, 9.0));
        assert_eq!((hook.last_success, hook.last_failure), (Some(at(103)), Some(at(103))));
        assert_eq!(serde_json::from_str::<Tally>(&serde_json::to_string(&sum).unwrap()).unwrap(), sum);
    }
}
