//! Edge. What is known of jobs that have ended: read from `done/` and `failed/` when somebody asks first, and kept up
//! from then on.

use super::attempt::End;
use super::backlog::Item;
use super::ledger::{LIMIT, Last, Ledger};
use crate::model::{JobId, Outcome, RefName, State};
use crate::spool::{Disk, Keeper, SpoolError};
use std::sync::{Arc, Mutex, PoisonError};

/// The past of one spool, for the loop and for those who run attempts. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Past(Arc<Mutex<Option<Ledger>>>);

impl Past {
    /// How the last job for this hook and ref ended.
    pub(super) fn last<D: Disk>(
        &self,
        keeper: &Keeper<D>,
        hook: &str,
        reference: Option<&RefName>,
    ) -> Result<Option<Last>, SpoolError> {
        self.ask(keeper, |ledger| ledger.last(hook, reference).cloned())
    }

    /// A job in `done/` for the same delivery.
    pub(super) fn done<D: Disk>(&self, keeper: &Keeper<D>, item: &Item) -> Result<Option<JobId>, SpoolError> {
        self.ask(keeper, |ledger| item.same_delivery().and_then(|delivery| ledger.done(&delivery)))
    }

    /// A job ended, or was decided.
    pub(super) fn note(&self, id: JobId, item: &Item, end: &End) {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(ledger), End::Over { outcome, commit }) = (ledger.as_mut(), end) {
            ledger.note(id, item, *outcome, commit.clone());
        }
    }

    fn ask<D: Disk, T>(&self, keeper: &Keeper<D>, question: impl FnOnce(&Ledger) -> T) -> Result<T, SpoolError> {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *ledger {
            Some(ledger) => Ok(question(ledger)),
            none => Ok(question(none.insert(read(keeper)?))),
        }
    }
}

/// The newest jobs that ended, in the order in which they did; one that is tried again had failed before.
fn read<D: Disk>(keeper: &Keeper<D>) -> Result<Ledger, SpoolError> {
    let mut ended = Vec::new();
    for state in [State::Running, State::Done, State::Failed] {
        for id in keeper.newest(state, LIMIT)? {
            let Some((meta, history)) = keeper.look(id, state) else { continue };
            if let Some((at, outcome)) = history.last_failure() {
                ended.push((at, id, Item::of_ended(meta.clone()), outcome, None));
            }
            let (Some(outcome), Some(last)) = (history.outcome(), history.entries().last()) else { continue };
            let commit = history.commit().filter(|_| outcome == Outcome::Succeeded).map(str::to_owned);
            ended.push((last.at, id, Item::of_ended(meta), outcome, commit));
        }
    }
    ended.sort_by_key(|(at, id, ..)| (*at, *id));
    let mut ledger = Ledger::default();
    for (_, id, item, outcome, commit) in ended {
        ledger.note(id, &item, outcome, commit);
    }
    Ok(ledger)
}
