//! Edge. What the runner needs to know of jobs that wait, without claiming them.

use super::disk::Disk;
use super::error::SpoolError;
use super::keeper::Keeper;
use super::view::describe_job;
use crate::model::{JobId, JobMeta, State};
use jiff::Timestamp;

impl<D: Disk> Keeper<D> {
    /// What a waiting job's file says of itself, unchecked: enough to order jobs, never to run one. `None` when it says
    /// nothing; claiming it will find out why.
    pub fn glance(&self, id: JobId, state: State) -> Option<JobMeta> {
        describe_job(&self.shelf.disk, id, state).ok().flatten()
    }

    /// The jobs in `waiting/`, each with the time before which it is not tried again.
    pub fn waiting(&self) -> Result<Vec<(JobId, Timestamp)>, SpoolError> {
        self.due(Timestamp::MIN)?;
        let known = self.due.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(known.iter().map(|(id, time)| (*id, *time)).collect())
    }
}
