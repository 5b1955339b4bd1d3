//! Edge. What the runner needs to know of jobs that wait, without claiming them.

use super::check::check;
use super::disk::Disk;
use super::error::SpoolError;
use super::history::History;
use super::keeper::Keeper;
use super::name::Name;
use super::shelf::Opened;
use super::view::{describe_job, load_from};
use crate::model::{JobId, JobMeta, State};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

impl<D: Disk> Keeper<D> {
    /// What a waiting job's file says of itself, unchecked: enough to order jobs, never to run one. `None` when it says
    /// nothing; claiming it will find out why.
    pub fn glance(&self, id: JobId, state: State) -> Option<JobMeta> {
        describe_job(&self.shelf.disk, id, state).ok().flatten()
    }

    /// What a job's file and its history say, unchecked. `None` when it says nothing, or is gone.
    pub fn look(&self, id: JobId, state: State) -> Option<(JobMeta, History)> {
        let shown = load_from(&self.shelf.disk, id, state).ok()?;
        Some((shown.meta?, shown.history))
    }

    /// Whether a job that waits is whole, from end to end: what a claim would find out.
    pub fn is_whole(&self, id: JobId, state: State) -> bool {
        match self.shelf.open_job(state, id) {
            Ok(Opened::Job(file, facts)) => check(&self.shelf.disk, &file, facts.size, id).is_ok(),
            _ => false,
        }
    }

    /// The newest jobs in a state, at most `limit`, in no order.
    pub fn newest(&self, state: State, limit: usize) -> Result<Vec<JobId>, SpoolError> {
        let mut newest = BinaryHeap::new();
        self.list(state, &mut |name, _| {
            newest.extend(Name::of(name).job().map(Reverse));
            if newest.len() > limit {
                newest.pop();
            }
        })?;
        Ok(newest.into_iter().map(|Reverse(id)| id).collect())
    }

    /// The jobs in `waiting/`, each with the time before which it is not tried again.
    pub fn waiting(&self) -> Result<Vec<(JobId, Timestamp)>, SpoolError> {
        self.due(Timestamp::MIN)?;
        let known = self.due.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(known.iter().map(|(id, time)| (*id, *time)).collect())
    }
}
