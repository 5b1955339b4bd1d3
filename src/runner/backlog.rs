//! Pure. What waits to be run, and which of it is next.

use crate::config::WhenNewer;
use crate::model::{EventKind, JobId, RefName};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A job that waits, in `queued/` or `waiting/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Name of its hook.
    pub(super) hook: String,
    /// Jobs of one queue run one after the other.
    pub(super) queue: String,
    /// What happened; `None` when the job says nothing of itself.
    pub(super) event: Option<EventKind>,
    /// Branch or tag.
    pub(super) reference: Option<RefName>,
    /// The provider's delivery id.
    pub(super) delivery: Option<String>,
    /// Whether a newer job for the same hook and ref takes its place.
    pub(super) when_newer: WhenNewer,
    /// Not before this time, for a retry.
    pub(super) not_before: Option<Timestamp>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Run this job.
    Run(JobId),
    /// Do not run the first job: the second, newer one does all that it would.
    Supersede(JobId, JobId),
    /// Do not run the first job: it is the same delivery as the second, which has not ended.
    Repeat(JobId, JobId),
    /// Nothing can run before this time.
    WaitUntil(Timestamp),
    /// Nothing waits.
    Nothing,
}

/// Hook, event and ref: the newest job of these does all that an older one would. A deletion is no push.
type SameWork = (String, Option<EventKind>, RefName);
/// Hook, delivery id and ref.
type SameDelivery = (String, String, Option<RefName>);

impl Item {
    fn same_work(&self) -> Option<SameWork> {
        Some((self.hook.clone(), self.event.clone(), self.reference.clone()?))
    }

    fn same_delivery(&self) -> Option<SameDelivery> {
        Some((self.hook.clone(), self.delivery.clone()?, self.reference.clone()))
    }
}

/// The jobs that wait. Only the runner takes from it, one at a time.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    items: BTreeMap<JobId, Item>,
    by_reference: HashMap<SameWork, BTreeSet<JobId>>,
    by_delivery: HashMap<SameDelivery, BTreeSet<JobId>>,
    /// Each with the first job of the same delivery.
    repeats: BTreeMap<JobId, JobId>,
}

impl Backlog {
    /// Adds a job, once.
    pub(super) fn insert(&mut self, id: JobId, item: Item) {
        self.remove(id);
        if let Some(work) = item.same_work() {
            self.by_reference.entry(work).or_default().insert(id);
        }
        if let Some(delivery) = item.same_delivery() {
            let same = self.by_delivery.entry(delivery).or_default();
            same.insert(id);
            match same.first() {
                Some(&first) if first != id => drop(self.repeats.insert(id, first)),
                _ => point_at_first(&mut self.repeats, same),
            }
        }
        self.items.insert(id, item);
    }

    /// Forgets a job that has been claimed or decided, or is gone.
    pub(super) fn remove(&mut self, id: JobId) {
        let Some(item) = self.items.remove(&id) else { return };
        let was_repeat = self.repeats.remove(&id).is_some();
        if let Some(work) = item.same_work() {
            forget(&mut self.by_reference, &work, id);
        }
        if let Some(delivery) = item.same_delivery() {
            forget(&mut self.by_delivery, &delivery, id);
            if let Some(same) = self.by_delivery.get(&delivery).filter(|_| !was_repeat) {
                point_at_first(&mut self.repeats, same);
            }
        }
    }

    /// Whether the job is known already.
    pub(super) fn contains(&self, id: JobId) -> bool {
        self.items.contains_key(&id)
    }

    /// Number of jobs.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Repeats first: a forge's redelivery must not supersede a newer push. Then by order of sequence; a retry whose
    /// time has not come blocks its own queue and no other.
    pub(super) fn next(&self, now: Timestamp) -> Choice {
        if let Some((&repeat, &first)) = self.repeats.first_key_value() {
            return Choice::Repeat(repeat, first);
        }
        let mut blocked: HashSet<&str> = HashSet::new();
        let mut earliest: Option<Timestamp> = None;
        for (&id, item) in &self.items {
            if let Some(newer) = self.newer(id, item) {
                return Choice::Supersede(id, newer);
            }
            match item.not_before.filter(|&due| due > now) {
                _ if blocked.contains(item.queue.as_str()) => {}
                None => return Choice::Run(id),
                Some(due) => {
                    blocked.insert(&item.queue);
                    earliest = Some(earliest.map_or(due, |e| e.min(due)));
                }
            }
        }
        earliest.map_or(Choice::Nothing, Choice::WaitUntil)
    }

    /// The newest job that does all that this one would.
    fn newer(&self, id: JobId, item: &Item) -> Option<JobId> {
        let work = item.same_work().filter(|_| item.when_newer == WhenNewer::Supersede)?;
        let same = self.by_reference.get(&work)?;
        same.last().copied().filter(|&newest| newest > id)
    }
}

/// The first of `same` is no repeat, and all others are repeats of it.
fn point_at_first(repeats: &mut BTreeMap<JobId, JobId>, same: &BTreeSet<JobId>) {
    let Some(&first) = same.first() else { return };
    repeats.remove(&first);
    repeats.extend(same.iter().skip(1).map(|&repeat| (repeat, first)));
}

fn forget<K: std::hash::Hash + Eq>(index: &mut HashMap<K, BTreeSet<JobId>>, key: &K, id: JobId) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn id(sequence: u64) -> JobId {
        JobId::new(sequence, 0).unwrap()
    }

    fn job(hook: &str, branch: &str, delivery: &str) -> Item {
        Item {
            hook: hook.into(),
            queue: hook.into(),
            event: Some(EventKind::Push),
            reference: RefName::branch_named(branch),
            delivery: Some(delivery.into()).filter(|d: &String| !d.is_empty()),
            when_newer: WhenNewer::Supersede,
            not_before: None,
        }
    }

    fn backlog(items: Vec<Item>) -> Backlog {
        let mut backlog = Backlog::default();
        for (sequence, item) in (1..).zip(items) {
            backlog.insert(id(sequence), item);
        }
        backlog
    }

    /// Everything that happens if each job ends as soon as it is run.
    fn story(mut backlog: Backlog) -> Vec<Choice> {
        let mut choices = Vec::new();
        loop {
            let choice = backlog.next(NOW);
            choices.push(choice);
            match choice {
                Choice::Run(id) | Choice::Supersede(id, _) | Choice::Repeat(id, _) => backlog.remove(id),
                Choice::WaitUntil(_) | Choice::Nothing => return choices,
            }
        }
    }

    #[test]
    fn jobs_run_in_order_of_arrival() {
        let all = backlog(vec![job("a", "main", ""), job("b", "main", ""), job("a", "dev", "")]);
        assert_eq!(story(all), [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Run(id(3)), Choice::Nothing]);
    }

    #[test]
    fn of_several_jobs_for_one_ref_the_newest_runs() {
        let all = backlog(vec![job("a", "main", ""), job("b", "main", ""), job("a", "main", ""), job("a", "main", "")]);
        let expected = [
            Choice::Supersede(id(1), id(4)),
            Choice::Run(id(2)),
            Choice::Supersede(id(3), id(4)),
            Choice::Run(id(4)),
            Choice::Nothing,
        ];
        assert_eq!(story(all), expected);
    }

    #[test]
    fn a_push_does_not_take_the_place_of_a_deletion() {
        let deletion = Item { event: Some(EventKind::Delete), ..job("a", "main", "") };
        let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
        assert_eq!(story(backlog(vec![deletion, job("a", "main", "")])), expected);
    }

    #[test]
    fn where_the_first_of_several_repeats_is_gone_the_next_one_is_the_first() {
        let mut all = backlog(vec![job("a", "main", "d1"), job("a", "main", "d1"), job("a", "main", "d1")]);
        all.remove(id(1));
        assert_eq!(story(all), [Choice::Repeat(id(3), id(2)), Choice::Run(id(2)), Choice::Nothing]);
        let mut late = backlog(vec![]);
        for sequence in [3, 2, 1] {
            late.insert(id(sequence), job("a", "main", "d1"));
        }
        let expected =
            [Choice::Repeat(id(2), id(1)), Choice::Repeat(id(3), id(1)), Choice::Run(id(1)), Choice::Nothing];
        assert_eq!(story(late), expected);
    }

    #[test]
    fn keep_runs_them_all() {
        let keep = Item { when_newer: WhenNewer::Keep, ..job("a", "main", "") };
        let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
        assert_eq!(story(backlog(vec![keep.clone(), keep])), expected);
    }

    #[test]
    fn jobs_without_a_ref_never_supersede_each_other() {
        let plain = Item { reference: None, ..job("a", "main", "") };
        let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
        assert_eq!(story(backlog(vec![plain.clone(), plain])), expected);
    }

    #[test]
    fn a_redelivery_of_a_waiting_job_is_a_repeat_and_does_not_supersede_a_newer_push() {
        let all = backlog(vec![job("a", "main", "d1"), job("a", "main", "d2"), job("a", "main", "d1")]);
        let expected =
            [Choice::Repeat(id(3), id(1)), Choice::Supersede(id(1), id(2)), Choice::Run(id(2)), Choice::Nothing];
        assert_eq!(story(all), expected);
        let keep = |delivery| Item { when_newer: WhenNewer::Keep, ..job("a", "main", delivery) };
        let mut waits = keep("d1");
        waits.not_before = Some(Timestamp::MAX);
        let all = backlog(vec![waits, keep("d1")]);
        assert_eq!(story(all), [Choice::Repeat(id(2), id(1)), Choice::WaitUntil(Timestamp::MAX)]);
    }

    #[test]
    fn a_retry_blocks_its_own_queue_and_no_other() {
        let mut waits = job("a", "main", "");
        waits.not_before = Some(Timestamp::from_second(60).unwrap());
        let all = backlog(vec![waits, job("a", "dev", ""), job("b", "main", "")]);
        assert_eq!(story(all), [Choice::Run(id(3)), Choice::WaitUntil(Timestamp::from_second(60).unwrap())]);
    }

    #[test]
    fn a_newer_push_takes_the_place_of_a_retry() {
        let mut waits = job("a", "main", "");
        waits.not_before = Some(Timestamp::from_second(60).unwrap());
        let all = backlog(vec![waits, job("a", "main", "")]);
        assert_eq!(story(all), [Choice::Supersede(id(1), id(2)), Choice::Run(id(2)), Choice::Nothing]);
    }
}
