//! Pure. The times at which the hooks' remotes are asked.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Remotes that are asked at a time: each costs a thread, a git and perhaps an ssh.
const AT_A_TIME: usize = 4;
/// A question comes at most so many intervals after the one before.
const LATEST: f64 = 1.1;

/// The times at which remotes are asked, by hook.
#[derive(Debug)]
pub(in crate::runner) struct Schedule {
    due: BTreeMap<String, Timestamp>,
    /// Hooks whose remote has not answered yet.
    asking: BTreeSet<String>,
    /// Hooks whose remote was asked by this process.
    asked: BTreeSet<String>,
    /// This process ends when there is nothing left to do: it asks each remote once, if it is time.
    once: bool,
    is_changed: bool,
}

impl Schedule {
    /// Goes on with the times that the runner before has left.
    pub(in crate::runner) fn new(due: BTreeMap<String, Timestamp>, once: bool) -> Self {
        Self { due, asking: BTreeSet::new(), asked: BTreeSet::new(), once, is_changed: false }
    }

    /// Forgets hooks that are asked no more.
    pub(super) fn keep(&mut self, is_asked: impl Fn(&str) -> bool) {
        let before = self.due.len();
        self.due.retain(|hook, _| is_asked(hook));
        self.is_changed |= self.due.len() != before;
    }

    /// `true` if a question is due; then it is taken for asked. `chance` is in 0..=1: later questions come up to a
    /// tenth of the interval off it, so that many hosts and hooks do not ask at once.
    pub(super) fn is_due(&mut self, hook: &str, every: Duration, now: Timestamp, chance: f64) -> bool {
        if !self.may_be_asked(hook) {
            return false;
        }
        if self.time_of(hook, every, now, chance) > now || self.asking.len() >= AT_A_TIME {
            return false;
        }
        self.set(hook, later(now, every.mul_f64(LATEST - chance / 5.0)));
        self.asking.insert(hook.to_owned());
        self.asked.insert(hook.to_owned());
        true
    }

    fn may_be_asked(&self, hook: &str) -> bool {
        !self.asking.contains(hook) && (!self.once || !self.asked.contains(hook))
    }

    /// The time of the next question. One that is not known, or further away than any can be (the clock was set, or the
    /// interval), comes within the first interval; where there will be no later, now.
    fn time_of(&mut self, hook: &str, every: Duration, now: Timestamp, chance: f64) -> Timestamp {
        let latest = later(now, every.mul_f64(LATEST));
        if let Some(due) = self.due.get(hook).filter(|due| **due <= latest) {
            return *due;
        }
        let first = if self.once { now } else { later(now, every.mul_f64(chance)) };
        self.set(hook, first);
        first
    }

    fn set(&mut self, hook: &str, due: Timestamp) {
        self.due.insert(hook.to_owned(), due);
        self.is_changed = true;
    }

    /// The remote of `hook` has answered.
    pub(super) fn hear(&mut self, hook: &str) {
        self.asking.remove(hook);
    }

    /// Hooks whose remote has not answered yet.
    pub(in crate::runner) fn asking(&self) -> &BTreeSet<String> {
        &self.asking
    }

    /// Takes back the questions without an answer: the next runner asks them at once.
    pub(super) fn take_back(&mut self, now: Timestamp) {
        self.is_changed |= !self.asking.is_empty();
        self.due.extend(self.asking.iter().map(|hook| (hook.clone(), now)));
    }

    /// The times to leave for the next runner, if they are others than the last that were taken.
    pub(super) fn changed(&mut self) -> Option<&BTreeMap<String, Timestamp>> {
        std::mem::take(&mut self.is_changed).then_some(&self.due)
    }

    /// Time until the next question. `None`: an answer comes first.
    pub(in crate::runner) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let is_free = self.asking.len() < AT_A_TIME;
        let due = self.due.iter().filter(|(hook, _)| is_free && self.may_be_asked(hook)).map(|(_, due)| *due).min();
        due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO))
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(600);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A runner of which the one before has left that `a` is due at `second`.
    fn left(second: i64, once: bool) -> Schedule {
        Schedule::new(BTreeMap::from([("a".to_owned(), at(second))]), once)
    }

    #[test]
    fn the_next_runner_asks_when_the_one_before_would_have() {
        for once in [true, false] {
            let mut schedule = left(1_000, once);
            assert!(!schedule.is_due("a", TEN, at(999), 0.5), "too early");
            assert!(schedule.is_due("a", TEN, at(1_000), 0.5));
            assert!(!schedule.is_due("a", TEN, at(9_000), 0.5), "not before it has answered");
            assert_eq!(schedule.changed(), Some(&BTreeMap::from([("a".to_owned(), at(1_600))])));
            assert_eq!(schedule.changed(), None);
            schedule.hear("a");
            assert_eq!(schedule.is_due("a", TEN, at(1_600), 0.5), !once, "once is once");
        }
    }

    #[test]
    fn a_hook_of_which_nothing_is_known_is_asked_within_its_interval() {
        let mut schedule = Schedule::new(BTreeMap::new(), false);
        assert!(!schedule.is_due("a", TEN, at(1_000), 0.5));
        assert!(!schedule.is_due("a", TEN, at(1_299), 0.0) && schedule.is_due("a", TEN, at(1_300), 0.0));
        assert!(Schedule::new(BTreeMap::new(), true).is_due("a", TEN, at(1_000), 0.5));
    }

    #[test]
    fn a_clock_that_stepped_back_silences_nobody() {
        assert!(left(1_000_000, true).is_due("a", TEN, at(1_000), 0.5));
        let mut schedule = left(1_000_000, false);
        assert!(!schedule.is_due("a", TEN, at(1_000), 1.0));
        assert!(schedule.is_due("a", TEN, at(1_600), 1.0), "at most one interval later");
        assert!(!left(1_660, true).is_due("a", TEN, at(1_000), 0.5), "so far away a question may be");
    }

    #[test]
    fn only_some_are_asked_at_a_time_and_the_rest_when_one_has_answered() {
        let mut schedule = Schedule::new(BTreeMap::new(), true);
        let asked = |schedule: &mut Schedule| {
            ["a", "b", "c", "d", "e"]
                .into_iter()
                .filter(|hook| schedule.is_due(hook, TEN, at(0), 0.5))
                .collect::<String>()
        };
        assert_eq!(asked(&mut schedule), "abcd");
        assert_eq!(schedule.wait(at(0)), None, "nothing is to be done until one answers");
        schedule.hear("c");
        assert_eq!(schedule.wait(at(0)), Some(Duration::ZERO));
        assert_eq!(asked(&mut schedule), "e");
        "abde".split("").for_each(|hook| schedule.hear(hook));
        assert_eq!(schedule.wait(at(90_000)), None, "each was asked once");
    }

    #[test]
    fn a_question_that_was_taken_back_is_asked_by_the_next_runner() {
        let mut schedule = left(1_000, false);
        assert!(schedule.is_due("a", TEN, at(1_000), 0.5));
        schedule.take_back(at(1_001));
        assert_eq!(schedule.changed(), Some(&BTreeMap::from([("a".to_owned(), at(1_001))])));
    }

    #[test]
    fn a_hook_that_is_asked_no_more_wakes_nobody() {
        let mut schedule = left(1_000, false);
        assert_eq!(schedule.wait(at(400)), Some(TEN));
        schedule.keep(|_| false);
        assert_eq!((schedule.wait(at(400)), schedule.changed()), (None, Some(&BTreeMap::new())));
    }
}
