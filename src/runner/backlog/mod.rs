//! Pure. The jobs that wait and those that run, and which is next.

mod item;
#[cfg(test)]
mod tests;

pub(super) use item::{Item, SameDelivery};

use crate::config::WhenNewer;
use crate::model::{JobId, JobMeta, RefName};
use item::SameWork;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

/// The loop's next action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Run this job.
    Run(JobId),
    /// Do not run the first job: the second, newer one does all that it would.
    Supersede(JobId, JobId),
    /// Stop the first job, which runs: the second, newer one does all that it would.
    Replace(JobId, JobId),
    /// Do not run the first job: it is the same delivery as the second, which has not ended.
    Repeat(JobId, JobId),
    /// Nothing can run before this time, or before a running job ends.
    WaitUntil(Timestamp),
    /// Nothing can run before a running job ends.
    Wait,
    /// Nothing waits.
    Nothing,
}

/// The jobs that wait and those that run. Only the loop has it.
///
/// Of each queue the oldest job is the head; only heads can run, and only while nothing else of their queue does.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<JobId, Item>,
    running: BTreeMap<JobId, Item>,
    /// The waiting jobs of each queue.
    queues: HashMap<String, BTreeSet<JobId>>,
    /// The first of each of `queues`.
    heads: BTreeSet<JobId>,
    /// Waiting jobs.
    by_work: HashMap<SameWork, BTreeSet<JobId>>,
    /// Waiting and running jobs.
    by_delivery: HashMap<SameDelivery, BTreeSet<JobId>>,
    /// Waiting jobs, each with the first job of the same delivery.
    repeats: BTreeMap<JobId, JobId>,
    /// Running jobs that were told to end.
    told: BTreeSet<JobId>,
    /// Queues of which not all jobs are here.
    cut: HashSet<String>,
}

/// A queue with so many jobs needs no more for now.
const FILLED: usize = 1000;
/// A queue that was cut and has no more than so many left wants to be filled again.
const SCARCE: usize = 100;

impl Backlog {
    /// Adds a job that waits.
    pub(super) fn insert(&mut self, id: JobId, item: Item) {
        self.remove(id);
        self.enqueue(id, &item);
        index(&mut self.by_work, item.same_work(), id);
        index(&mut self.by_delivery, item.same_delivery(), id);
        self.point_at_first(&item);
        self.waiting.insert(id, item);
    }

    /// Forgets a waiting job that has been decided about, or is gone.
    pub(super) fn remove(&mut self, id: JobId) -> Option<Item> {
        let item = self.waiting.remove(&id)?;
        self.dequeue(id, &item);
        forget(&mut self.by_work, item.same_work(), id);
        forget(&mut self.by_delivery, item.same_delivery(), id);
        self.repeats.remove(&id);
        self.point_at_first(&item);
        Some(item)
    }

    /// A waiting job runs now.
    pub(super) fn start(&mut self, id: JobId) {
        let Some(item) = self.remove(id) else { return };
        index(&mut self.by_delivery, item.same_delivery(), id);
        self.running.insert(id, item.clone());
        self.point_at_first(&item);
    }

    /// A running job was told to end.
    pub(super) fn tell(&mut self, id: JobId) {
        self.told.extend(Some(id).filter(|id| self.running.contains_key(id)));
    }

    /// A running job runs no more.
    pub(super) fn end(&mut self, id: JobId) -> Option<Item> {
        let item = self.running.remove(&id)?;
        self.told.remove(&id);
        forget(&mut self.by_delivery, item.same_delivery(), id);
        self.point_at_first(&item);
        Some(item)
    }

    /// The hook of a waiting job.
    pub(super) fn hook_of(&self, id: JobId) -> Option<&str> {
        self.waiting.get(&id).map(|item| item.hook.as_str())
    }

    /// `true` for a waiting job that belongs to a rollback, for which its hook is on hold.
    pub(super) fn is_rollback(&self, id: JobId) -> bool {
        let event = self.waiting.get(&id).and_then(|item| item.event.as_ref());
        event.is_some_and(|event| event.as_str() == JobMeta::ROLLBACK)
    }

    /// The waiting jobs of a hook, newest first.
    pub(super) fn of_hook(&self, hook: &str) -> Vec<JobId> {
        self.waiting.iter().rev().filter(|(_, item)| item.hook == hook).map(|(&id, _)| id).collect()
    }

    /// `true` if a queue needs no more jobs. From then on it takes none, so that none goes before an older one, until
    /// `forget_cuts`.
    pub(super) fn cut_if_filled(&mut self, queue: &str) -> bool {
        let is_cut = self.cut.contains(queue) || self.queues.get(queue).is_some_and(|jobs| jobs.len() >= FILLED);
        if is_cut {
            self.cut.insert(queue.to_owned());
        }
        is_cut
    }

    /// The oldest jobs of all queues are about to be read again.
    pub(super) fn forget_cuts(&mut self) {
        self.cut.clear();
    }

    /// `true` if the oldest jobs of all queues should be read again.
    pub(super) fn is_scarce(&self) -> bool {
        let length = |queue: &String| self.queues.get(queue).map_or(0, BTreeSet::len);
        self.waiting.len() < FILLED || self.cut.iter().any(|queue| length(queue) < SCARCE)
    }

    /// `true` if the job is known already.
    pub(super) fn contains(&self, id: JobId) -> bool {
        self.waiting.contains_key(&id) || self.running.contains_key(&id)
    }

    /// A job that waits.
    pub(super) fn waiting(&self, id: JobId) -> Option<&Item> {
        self.waiting.get(&id)
    }

    /// Forgets the jobs that wait, and gives each running one the queue that `queue` names.
    pub(super) fn requeue(&mut self, queue: impl Fn(JobId, &Item) -> Option<String>) {
        let running = std::mem::take(&mut self.running);
        let told = std::mem::take(&mut self.told);
        *self = Self { told, ..Self::default() };
        for (id, item) in running {
            let queue = queue(id, &item).unwrap_or_else(|| item.queue.clone());
            index(&mut self.by_delivery, item.same_delivery(), id);
            self.running.insert(id, Item { queue, ..item });
        }
    }

    /// `true` if a job for this hook and ref waits or runs.
    pub(super) fn is_on_its_way(&self, hook: &str, reference: &RefName) -> bool {
        let mut all = self.waiting.values().chain(self.running.values());
        all.any(|item| item.hook == hook && item.reference.as_ref() == Some(reference))
    }

    /// `true` if the job runs.
    pub(super) fn is_running(&self, id: JobId) -> bool {
        self.running.contains_key(&id)
    }

    /// Number of jobs that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Repeats first: a forge's redelivery must not supersede a newer push. Then the oldest job of those queues in
    /// which nothing runs; a retry whose time has not come blocks its own queue and no other. With `may_run` false
    /// nothing is run, and everything else is decided.
    pub(super) fn next(&self, now: Timestamp, may_run: bool) -> Choice {
        if let Some((&repeat, &first)) = self.repeats.first_key_value() {
            return Choice::Repeat(repeat, first);
        }
        if let Some((running, newer)) = self.replaced() {
            return Choice::Replace(running, newer);
        }
        let mut earliest: Option<Timestamp> = None;
        for (&id, item) in self.heads.iter().filter_map(|id| Some((id, self.waiting.get(id)?))) {
            if let Some(newer) = self.newer(id, item) {
                return Choice::Supersede(id, newer);
            }
            if self.is_busy(&item.queue) {
                continue;
            }
            match item.not_before.filter(|&due| due > now) {
                None if may_run => return Choice::Run(id),
                None => {}
                Some(due) => earliest = Some(earliest.map_or(due, |e| e.min(due))),
            }
        }
        match earliest {
            Some(due) => Choice::WaitUntil(due),
            None if self.waiting.is_empty() => Choice::Nothing,
            None => Choice::Wait,
        }
    }

    fn is_busy(&self, queue: &str) -> bool {
        self.running.values().any(|item| item.queue == queue)
    }

    /// The newest job that does all that this one would.
    fn newer(&self, id: JobId, item: &Item) -> Option<JobId> {
        let gives_way = matches!(item.when_newer, WhenNewer::Supersede | WhenNewer::Replace);
        let same = self.by_work.get(&item.same_work().filter(|_| gives_way)?)?;
        same.last().copied().filter(|&newest| newest > id)
    }

    /// A running job that has to end for a newer one, and was not told yet.
    fn replaced(&self) -> Option<(JobId, JobId)> {
        let untold = self.running.iter().filter(|(id, _)| !self.told.contains(id));
        let replaceable = untold.filter(|(_, item)| item.when_newer == WhenNewer::Replace);
        replaceable.map(|(id, item)| (*id, self.newer(*id, item))).find_map(|(id, newer)| Some((id, newer?)))
    }

    fn enqueue(&mut self, id: JobId, item: &Item) {
        let queue = self.queues.entry(item.queue.clone()).or_default();
        let head = queue.first().copied();
        queue.insert(id);
        self.move_head(head, &item.queue);
    }

    fn dequeue(&mut self, id: JobId, item: &Item) {
        let Some(queue) = self.queues.get_mut(&item.queue) else { return };
        let head = queue.first().copied();
        queue.remove(&id);
        self.move_head(head, &item.queue);
        if self.queues.get(&item.queue).is_some_and(BTreeSet::is_empty) {
            self.queues.remove(&item.queue);
        }
    }

    fn move_head(&mut self, before: Option<JobId>, queue: &str) {
        let now = self.queues.get(queue).and_then(|queue| queue.first().copied());
        if before != now {
            before.map(|id| self.heads.remove(&id));
            self.heads.extend(now);
        }
    }

    /// Of the jobs of one delivery the running one is no repeat, or else the first; all others are repeats of it.
    fn point_at_first(&mut self, item: &Item) {
        let Some(same) = item.same_delivery().and_then(|delivery| self.by_delivery.get(&delivery)) else { return };
        let running = same.iter().find(|id| self.running.contains_key(id));
        let Some(&first) = running.or(same.first()) else { return };
        self.repeats.remove(&first);
        let others = same.iter().filter(|&&id| id != first);
        self.repeats.extend(others.map(|&repeat| (repeat, first)));
    }
}

fn index<K: Hash + Eq>(index: &mut HashMap<K, BTreeSet<JobId>>, key: Option<K>, id: JobId) {
    if let Some(key) = key {
        index.entry(key).or_default().insert(id);
    }
}

fn forget<K: Hash + Eq>(index: &mut HashMap<K, BTreeSet<JobId>>, key: Option<K>, id: JobId) {
    let Some(key) = key else { return };
    if let Some(ids) = index.get_mut(&key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(&key);
        }
    }
}
