//! Pure. Outcomes of jobs: the last one of each hook, repository and ref, and which deliveries are done.

use super::backlog::{Item, SameDelivery};
use crate::model::{JobId, Outcome, RefName};
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Most deliveries, and most triples of hook, repository and ref, that are remembered; the oldest are forgotten first.
/// A delivery that is sent again after so many others runs again.
pub(super) const LIMIT: usize = 10_000;

/// The end of the last job for a hook, repository and ref that was run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    /// `true` if it succeeded.
    pub(super) succeeded: bool,
    /// The commit that was deployed last, hex.
    pub(super) commit: Option<String>,
    /// The commit that the last job was for, hex.
    pub(super) tried: Option<String>,
    /// `owner/name`.
    pub(super) repository: Option<String>,
}

type Subject = (String, Option<String>, Option<RefName>);

/// Place in which a job's commit is deployed: of a branch that branch, of a tag one for all tags.
type Line = (String, Option<String>, Option<RefName>);

/// The outcomes that are remembered.
#[derive(Debug, Default)]
pub(super) struct RecentOutcomes {
    done: Bounded<SameDelivery, JobId>,
    last: Bounded<Subject, Last>,
    deployed: Bounded<Line, String>,
}

impl RecentOutcomes {
    /// Job `id` ended.
    pub(super) fn note(&mut self, id: JobId, item: &Item, outcome: Outcome, commit: Option<String>) {
        let is_done = !matches!(outcome, Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted);
        // A repeat did nothing: the job that it repeats may be yet to come.
        if let Some(delivery) = item.same_delivery().filter(|_| is_done && outcome != Outcome::Repeat) {
            self.done.insert(delivery, id);
        }
        if let (Outcome::Succeeded, Some(commit)) = (outcome, commit.as_ref().or(item.after.as_ref())) {
            let line = line(&item.hook, item.repository.as_deref(), item.reference.as_ref());
            self.deployed.insert(line, commit.clone());
        }
        let repository = item.repository.clone();
        let key = (item.hook.clone(), repository.clone(), item.reference.clone());
        if outcome == Outcome::Succeeded || !is_done {
            let commit = commit.or_else(|| self.last.get(&key)?.commit.clone());
            self.last.insert(key, Last { succeeded: is_done, commit, tried: item.after.clone(), repository });
        }
    }

    /// The end of the last job of a hook, repository and ref.
    pub(super) fn last(&self, hook: &str, repository: Option<&str>, reference: Option<&RefName>) -> Option<&Last> {
        self.last.get(&(hook.to_owned(), repository.map(str::to_owned), reference.cloned()))
    }

    /// The commit that a job of a hook, repository and ref finds deployed, hex.
    pub(super) fn deployed(&self, hook: &str, repository: Option<&str>, reference: Option<&RefName>) -> Option<&str> {
        self.deployed.get(&line(hook, repository, reference)).map(String::as_str)
    }

    /// The end of the last job of a hook and branch, whatever the repository was called.
    pub(super) fn last_of_branch(&self, hook: &str, branch: &RefName) -> Option<&Last> {
        let is_meant = |(of, _, reference): &Subject| of == hook && reference.as_ref() == Some(branch);
        self.last.newest(is_meant)
    }

    /// The job in `done/` for a delivery.
    pub(super) fn done(&self, delivery: &SameDelivery) -> Option<JobId> {
        self.done.get(delivery).copied()
    }
}

fn line(hook: &str, repository: Option<&str>, reference: Option<&RefName>) -> Line {
    let branch = reference.filter(|reference| reference.tag().is_none());
    (hook.to_owned(), repository.map(str::to_owned), branch.cloned())
}

/// A map that forgets what was put in first.
#[derive(Debug)]
struct Bounded<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    fn insert(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > LIMIT {
            self.order.pop_front().map(|oldest| self.map.remove(&oldest));
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The value put in last whose key is meant.
    fn newest(&self, is_meant: impl Fn(&K) -> bool) -> Option<&V> {
        self.map.get(self.order.iter().rev().find(|key| is_meant(key))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sequence: u64) -> JobId {
        JobId::new(sequence, 0).unwrap()
    }

    fn item(branch: &str, delivery: &str) -> Item {
        let reference = RefName::branch_named(branch);
        Item { hook: "a".into(), reference, delivery: Some(delivery.into()), ..Item::unknown() }
    }

    #[test]
    fn a_delivery_is_done_unless_it_failed_or_was_left_to_another() {
        let mut recent = RecentOutcomes::default();
        let outcomes = [Outcome::Failed, Outcome::TimedOut, Outcome::Interrupted, Outcome::Repeat];
        let outcomes = outcomes.into_iter().chain([Outcome::Superseded, Outcome::Cancelled, Outcome::Succeeded]);
        for (n, outcome) in (1..).zip(outcomes) {
            let item = item("main", &n.to_string());
            recent.note(id(n), &item, outcome, None);
            assert_eq!(recent.done(&item.same_delivery().unwrap()), (n > 4).then(|| id(n)), "{outcome:?}");
        }
    }

    #[test]
    fn the_last_result_is_of_the_ref_and_of_jobs_that_ran() {
        let mut recent = RecentOutcomes::default();
        recent.note(id(1), &item("main", "1"), Outcome::Succeeded, Some("c1".into()));
        recent.note(id(2), &item("main", "2"), Outcome::TimedOut, None);
        recent.note(id(3), &item("main", "3"), Outcome::Superseded, None);
        recent.note(id(4), &item("dev", "4"), Outcome::Succeeded, Some("c2".into()));
        let main = RefName::branch_named("main");
        let expected = Last { succeeded: false, commit: Some("c1".into()), tried: None, repository: None };
        assert_eq!(
            recent.last("a", None, main.as_ref()),
            Some(&expected),
            "what is deployed is still the older commit"
        );
        assert_eq!(recent.last("b", None, main.as_ref()), None);
    }

    #[test]
    fn what_is_deployed_is_of_the_last_success_on_the_branch_or_of_any_tag() {
        let mut recent = RecentOutcomes::default();
        let of =
            |reference: Option<RefName>, after: &str| Item { reference, after: Some(after.into()), ..item("", "1") };
        let (main, v1, v2) = (RefName::branch_named("main"), RefName::tag_named("v1"), RefName::tag_named("v2"));
        let deployed = |recent: &RecentOutcomes, reference: &Option<RefName>| {
            recent.deployed("a", None, reference.as_ref()).map(str::to_owned)
        };
        assert_eq!(deployed(&recent, &main), None);
        recent.note(id(1), &of(main.clone(), "pushed"), Outcome::Succeeded, Some("head".into()));
        recent.note(id(2), &of(main.clone(), "p2"), Outcome::Failed, Some("h2".into()));
        recent.note(id(3), &of(main.clone(), "p3"), Outcome::Superseded, None);
        assert_eq!(deployed(&recent, &main), Some("head".into()), "what git moved the tree to");
        recent.note(id(4), &of(v1, "c1"), Outcome::Succeeded, None);
        assert_eq!(deployed(&recent, &v2), Some("c1".into()), "without a git step, what was pushed");
        assert_eq!(deployed(&recent, &main), Some("head".into()));
    }

    #[test]
    fn two_repositories_of_one_hook_have_a_past_each() {
        let mut recent = RecentOutcomes::default();
        let of = |repository: &str| Item { repository: Some(repository.into()), ..item("main", "1") };
        recent.note(id(1), &of("me/a"), Outcome::Succeeded, Some("c1".into()));
        recent.note(id(2), &of("me/b"), Outcome::Failed, None);
        let main = RefName::branch_named("main").unwrap();
        let succeeded = |repository| recent.last("a", Some(repository), Some(&main)).map(|last| last.succeeded);
        assert_eq!((succeeded("me/a"), succeeded("me/b"), succeeded("me/c")), (Some(true), Some(false), None));
        assert_eq!(recent.done(&of("me/a").same_delivery().unwrap()), Some(id(1)));
        assert_eq!(recent.done(&of("me/b").same_delivery().unwrap()), None, "the same delivery id elsewhere");
        assert_eq!(recent.last_of_branch("a", &main).unwrap().repository.as_deref(), Some("me/b"), "the newest");
    }

    #[test]
    fn it_forgets_the_oldest() {
        let mut recent = RecentOutcomes::default();
        for n in 0..=LIMIT {
            recent.note(id(n as u64), &item("main", &n.to_string()), Outcome::Succeeded, None);
        }
        let done = |n: usize| recent.done(&item("main", &n.to_string()).same_delivery().unwrap());
        assert_eq!((done(0), done(1), done(LIMIT)), (None, Some(id(1)), Some(id(LIMIT as u64))));
    }
}
