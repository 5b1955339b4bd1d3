//! Edge. A model of what people may rely on, as a few sets: written without a look at how it is kept.

use crate::model::{JobId, State};
use std::collections::{BTreeMap, BTreeSet};

/// One job.
#[derive(Debug, Clone)]
struct KnownJob {
    queue: String,
    state: State,
    /// The state that it is going to, if that was begun.
    going: Option<State>,
    holds_when_interrupted: bool,
    /// An attempt of it was cut short since a person released it.
    was_cut_short: bool,
    /// The beginning of the last attempt.
    started: Option<u64>,
    /// The moment at which it was dropped for another, and that other.
    dropped: Option<(u64, JobId)>,
    /// A person said what becomes of it.
    is_a_persons: bool,
}

/// Everything that was accepted.
#[derive(Debug, Default)]
pub(super) struct Reference {
    jobs: BTreeMap<JobId, KnownJob>,
    moment: u64,
}

impl Reference {
    pub(super) fn accept(&mut self, id: JobId, queue: &str, holds_when_interrupted: bool) {
        let known = KnownJob {
            queue: queue.to_owned(),
            state: State::Queued,
            going: None,
            holds_when_interrupted,
            was_cut_short: false,
            started: None,
            dropped: None,
            is_a_persons: false,
        };
        self.jobs.entry(id).or_insert(known);
    }

    /// Jobs in one of `states`.
    pub(super) fn of(&self, states: &[State]) -> Vec<JobId> {
        self.jobs.iter().filter(|(_, job)| states.contains(&job.state)).map(|(id, _)| *id).collect()
    }

    pub(super) fn state(&self, id: JobId) -> State {
        self.jobs[&id].state
    }

    /// A move is about to begin.
    pub(super) fn goes(&mut self, id: JobId, to: State) {
        self.job(id).going = Some(to);
    }

    /// The move is done.
    pub(super) fn is_in(&mut self, id: JobId, state: State) {
        let job = self.job(id);
        (job.state, job.going) = (state, None);
    }

    /// An attempt begins: nothing else of its queue runs, nothing older of it waits, and no person was asked in vain.
    pub(super) fn starts(&mut self, id: JobId) {
        self.moment += 1;
        let moment = self.moment;
        let job = self.jobs[&id].clone();
        for (other, it) in self.jobs.iter().filter(|(other, it)| **other != id && it.queue == job.queue) {
            assert!(it.state != State::Running, "{id} starts beside {other} of the same queue");
            let waits = matches!(it.state, State::Queued | State::Waiting);
            assert!(!waits || *other > id, "{id} starts before {other}, which is older");
        }
        assert!(!(job.holds_when_interrupted && job.was_cut_short), "{id} was cut short, and starts again by itself");
        self.job(id).started = Some(moment);
    }

    /// It was dropped for `other`, which had not ended (`may_have_ended`: or was done, and its sender repeats itself).
    pub(super) fn is_dropped(&mut self, id: JobId, other: JobId, may_have_ended: bool) {
        self.moment += 1;
        let goes_on = matches!(self.state(other), State::Queued | State::Waiting | State::Running);
        assert!(
            goes_on || (may_have_ended && self.state(other) == State::Done),
            "{id} is dropped for {other}, which ended"
        );
        // A repeat of what runs, or is done, asks for nothing more.
        let waits = matches!(self.state(other), State::Queued | State::Waiting);
        let moment = if waits { self.moment } else { 0 };
        self.job(id).dropped = Some((moment, other));
    }

    pub(super) fn person_decides(&mut self, id: JobId) {
        self.job(id).is_a_persons = true;
    }

    pub(super) fn is_released(&mut self, id: JobId) {
        let job = self.job(id);
        (job.is_a_persons, job.was_cut_short) = (false, false);
    }

    /// The runner died.
    pub(super) fn crashes(&mut self, had_started: &BTreeSet<JobId>) {
        for (id, job) in &mut self.jobs {
            job.was_cut_short |= job.state == State::Running && had_started.contains(id);
        }
    }

    /// After a recovery: each job is in one place, where it was or where it was going; one that ran is anywhere but
    /// running, queued or done. From now on it is there.
    pub(super) fn recover(&mut self, places: &BTreeMap<JobId, Vec<State>>) {
        for (id, job) in &mut self.jobs {
            let [place] = places.get(id).map(Vec::as_slice).unwrap_or_default() else {
                panic!("{id} was {job:?} and is in {:?}", places.get(id));
            };
            let ran = job.state == State::Running || job.going == Some(State::Running);
            let after_a_run = ran && matches!(place, State::Waiting | State::Held | State::Failed);
            assert!(
                *place == job.state && !matches!(place, State::Running) || job.going == Some(*place) || after_a_run,
                "{id} was {job:?} and is in {place:?}"
            );
            (job.state, job.going) = (*place, None);
        }
    }

    /// Each job is in the one place where it should be.
    pub(super) fn matches(&self, places: &BTreeMap<JobId, Vec<State>>) {
        let expected: BTreeMap<JobId, Vec<State>> = self.jobs.iter().map(|(id, job)| (*id, vec![job.state])).collect();
        assert_eq!(&expected, places);
    }

    /// Nothing is left to do: everything has ended, and what was dropped was done by another that began later.
    pub(super) fn is_over(&self) {
        for (id, job) in &self.jobs {
            assert!(matches!(job.state, State::Done | State::Failed | State::Held), "{id} never ended: {job:?}");
            if let Some((when, other)) = job.dropped {
                assert!(self.was_done(when, other), "{id} was dropped for {other}, which never ran: {:?}", self.jobs);
            }
        }
    }

    fn was_done(&self, since: u64, id: JobId) -> bool {
        let job = &self.jobs[&id];
        let ran = job.started.is_some_and(|started| started > since) || job.state == State::Running;
        let by_another = || job.dropped.is_some_and(|(when, other)| self.was_done(when.min(since), other));
        ran || job.is_a_persons || job.state == State::Held || since == 0 || by_another()
    }

    fn job(&mut self, id: JobId) -> &mut KnownJob {
        self.jobs.get_mut(&id).expect("an accepted job")
    }
}
