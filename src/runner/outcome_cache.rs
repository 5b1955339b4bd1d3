//! Edge. Knowledge of jobs that have ended: read from `done/` and `failed/` when somebody asks first, and kept up
//! from then on.

use super::attempt_end::AttemptEnd;
use super::backlog::Item;
use super::recent_outcomes::{LIMIT, Last, RecentOutcomes};
use crate::model::{JobId, JobMeta, Outcome, RefName, State};
use crate::spool::{Disk, SpoolError, SpoolOwner};
use std::sync::{Arc, Mutex, PoisonError};

/// The past of one spool, for the loop and for those who run attempts. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct OutcomeCache(Arc<Mutex<Option<RecentOutcomes>>>);

impl OutcomeCache {
    /// The end of the last job for this hook, repository and ref.
    pub(super) fn last<D: Disk>(&self, owner: &SpoolOwner<D>, meta: &JobMeta) -> Result<Option<Last>, SpoolError> {
        let (repository, reference) = (meta.repository.as_deref(), meta.reference.as_ref());
        self.ask(owner, |recent| recent.last(&meta.hook, repository, reference).cloned())
    }

    /// The commit that a job of `meta` finds deployed, hex.
    pub(super) fn deployed<D: Disk>(
        &self,
        owner: &SpoolOwner<D>,
        meta: &JobMeta,
    ) -> Result<Option<String>, SpoolError> {
        let (repository, reference) = (meta.repository.as_deref(), meta.reference.as_ref());
        self.ask(owner, |recent| recent.deployed(&meta.hook, repository, reference).map(str::to_owned))
    }

    /// The end of the last job for this hook and branch, whatever the repository was called.
    pub(super) fn last_of_branch<D: Disk>(
        &self,
        owner: &SpoolOwner<D>,
        hook: &str,
        branch: &RefName,
    ) -> Result<Option<Last>, SpoolError> {
        self.ask(owner, |recent| recent.last_of_branch(hook, branch).cloned())
    }

    /// A job in `done/` for the same delivery.
    pub(super) fn done<D: Disk>(&self, owner: &SpoolOwner<D>, item: &Item) -> Result<Option<JobId>, SpoolError> {
        self.ask(owner, |recent| item.same_delivery().and_then(|delivery| recent.done(&delivery)))
    }

    /// A job ended, or was decided.
    pub(super) fn note(&self, id: JobId, item: &Item, end: &AttemptEnd) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(recent), AttemptEnd::Over { outcome, commit }) = (recent.as_mut(), end) {
            recent.note(id, item, *outcome, commit.clone());
        }
    }

    fn ask<D: Disk, T>(
        &self,
        owner: &SpoolOwner<D>,
        question: impl FnOnce(&RecentOutcomes) -> T,
    ) -> Result<T, SpoolError> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *recent {
            Some(recent) => Ok(question(recent)),
            none => Ok(question(none.insert(read(owner)?))),
        }
    }
}

/// The newest jobs that ended, in the order in which they did; one that is tried again had failed before.
fn read<D: Disk>(owner: &SpoolOwner<D>) -> Result<RecentOutcomes, SpoolError> {
    let mut ended = Vec::new();
    for state in [State::Running, State::Done, State::Failed] {
        for id in owner.newest(state, LIMIT)? {
            let Some((meta, history)) = owner.look(id, state) else { continue };
            if let Some((at, outcome)) = history.last_failure() {
                ended.push((at, id, Item::of_ended(meta.clone()), outcome, None));
            }
            let (Some(outcome), Some(last)) = (history.outcome(), history.entries().last()) else { continue };
            let commit = history.commit().filter(|_| outcome == Outcome::Succeeded).map(str::to_owned);
            ended.push((last.at, id, Item::of_ended(meta), outcome, commit));
        }
    }
    ended.sort_by_key(|(at, id, ..)| (*at, *id));
    let mut recent = RecentOutcomes::default();
    for (_, id, item, outcome, commit) in ended {
        recent.note(id, &item, outcome, commit);
    }
    Ok(recent)
}
