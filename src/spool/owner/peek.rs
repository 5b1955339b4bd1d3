//! Edge. A look at jobs that wait, without a claim.

use super::SpoolOwner;
use super::state_dirs::{Opened, job_name, unopenable};
use crate::model::{JobId, JobMeta, State};
use crate::spool::disk::Disk;
use crate::spool::error::{SpoolError, is_damage, read_twice};
use crate::spool::job::check::{Damage, check};
use crate::spool::job::history::History;
use crate::spool::job::name::Name;
use crate::spool::view::{describe_file, load_from};
use rustix::io::Errno;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

impl<D: Disk> SpoolOwner<D> {
    /// The description of a waiting job, unchecked: enough to order jobs, never to run one. A wish that a claim would
    /// not grant is not in it. `None` when it says nothing; claiming it will find out why. A shortage that passes is an
    /// error: nothing is known of the job then.
    pub fn peek(&self, id: JobId, state: State) -> Result<Option<JobMeta>, SpoolError> {
        match read_twice(|| describe_file(&self.dirs.disk, id, state)) {
            Err(errno) if errno != Errno::NOENT => match unopenable::<()>(errno) {
                Ok(_) => Ok(None),
                Err(errno) => Err(self.dirs.error("read", state, job_name(id), errno)),
            },
            described => Ok(described.ok().flatten().map(|(meta, facts)| self.dirs.owners.granted(meta, facts))),
        }
    }

    /// A job's description and history, unchecked. `None` when it says nothing, or is gone.
    pub fn look(&self, id: JobId, state: State) -> Option<(JobMeta, History)> {
        let shown = load_from(&self.dirs.disk, id, state).ok()?;
        Some((shown.meta?, shown.history))
    }

    /// `true` if a job that waits is whole, from end to end: what a claim would find out.
    pub fn is_whole(&self, id: JobId, state: State) -> Result<bool, SpoolError> {
        match self.dirs.open_job(state, id) {
            Ok(Opened::Job(file, facts)) => match check(&self.dirs.disk, &file, facts.size, id) {
                Err(Damage::Disk(errno)) if !is_damage(errno) => {
                    Err(self.dirs.error("read", state, job_name(id), errno))
                }
                checked => Ok(checked.is_ok()),
            },
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(false),
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
}
