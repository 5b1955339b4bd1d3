//! Edge. Hooks on hold, the jobs that are put away for it, and hooks that are being released.

use super::backlog::Item;
use super::jobs::Jobs;
use super::orders::{Release, hold_back};
use crate::config::WhenNewer;
use crate::model::JobId;
use crate::spool::{Hold, SpoolError, SpoolOwner, TakenRequest};
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// The holds that the loop obeys.
#[derive(Debug, Default)]
pub(super) struct Holds {
    by_hook: BTreeMap<String, Hold>,
    /// Jobs that waited when their hook was put on hold.
    to_hold: Vec<JobId>,
    /// Hooks that are being released, in the order of the requests, each with the one that waits for the answer.
    pub(super) releases: VecDeque<(TakenRequest, Release)>,
}

impl Holds {
    /// Reads which hooks are on hold.
    pub(super) fn read(&mut self, owner: &SpoolOwner) -> Result<(), SpoolError> {
        self.by_hook = owner.holds()?;
        Ok(())
    }

    /// Puts these jobs away, some in each turn.
    pub(super) fn put_away_later(&mut self, jobs: Vec<JobId>) {
        self.to_hold.extend(jobs);
    }

    /// Puts up to `at_most` of the jobs away that a hold found waiting. `true` if there may be more.
    pub(super) fn put_away(&mut self, jobs: &mut Jobs<'_>, at_most: usize) -> Result<bool, SpoolError> {
        for _ in 0..at_most {
            let Some(id) = self.to_hold.pop() else { return Ok(false) };
            self.hold_back(jobs, id)?;
        }
        Ok(true)
    }

    /// Puts a waiting job away if its hook is on hold; `true` if it is. One whose hook is being released waits: none
    /// may run before all that are older are queued.
    pub(super) fn hold_back(&self, jobs: &mut Jobs<'_>, id: JobId) -> Result<bool, SpoolError> {
        let Some(hook) = jobs.backlog.hook_of(id).map(str::to_owned) else { return Ok(false) };
        if self.releases.iter().any(|(_, release)| release.hook == hook) {
            put_off(jobs, id);
            return Ok(true);
        }
        let Some(hold) = self.by_hook.get(&hook).filter(|_| !jobs.backlog.is_rollback(id)) else { return Ok(false) };
        hold_back(&jobs.config, jobs.owner, &jobs.teller, id, &hook, hold)?;
        jobs.backlog.remove(id);
        Ok(true)
    }
}

/// Nothing is decided about it either: until the hold has ended, it may be held again.
fn put_off(jobs: &mut Jobs<'_>, id: JobId) {
    if let Some(item) = jobs.backlog.remove(id) {
        let not_before = Some(Timestamp::MAX);
        jobs.backlog.insert(id, Item { not_before, when_newer: WhenNewer::Keep, delivery: None, ..item });
    }
}
