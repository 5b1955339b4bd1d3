//! Edge. One look at many jobs: the spool is opened once, and each job that is asked for is read.

use super::{Filter, Shown, load, open, wanted};
use crate::model::{JobId, State};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::{Disk, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::history_file::history_name;
use crate::spool::owner::state_dirs::job_name;
use std::path::Path;

/// An opened spool, for whoever may look.
#[derive(Debug)]
pub struct SpoolReader {
    disk: RealDisk,
}

/// The version of a job's history: it only grows. Of a job without one, that of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryStamp {
    /// Its length.
    pub length_bytes: u64,
    /// Its last change, seconds since 1970.
    pub modified_s: i64,
}

impl SpoolReader {
    /// Opens the spool at `root`.
    pub fn open(root: &Path) -> Result<Self, SpoolError> {
        open(root).map(|disk| Self { disk })
    }

    /// Ids and places of all jobs, in order of arrival, by their names alone.
    pub fn ids(&self) -> Result<Vec<(JobId, State)>, SpoolError> {
        wanted(&self.disk, &Filter::default())
    }

    /// Reads a job that was in `state`, wherever it is now; `None` when it is gone.
    pub fn show(&self, id: JobId, state: State) -> Result<Option<Shown>, SpoolError> {
        load(&self.disk, id, Some(state))
    }

    /// The version of the history of a job in `state`, without opening it; `None` when the job is not there.
    pub fn stamp(&self, id: JobId, state: State) -> Option<HistoryStamp> {
        let facts = |name: String| self.disk.facts_at(Place::In(state), name.as_ref());
        let facts = facts(history_name(id)).or_else(|_| facts(job_name(id))).ok()?;
        Some(HistoryStamp { length_bytes: facts.size, modified_s: facts.modified_s })
    }
}
