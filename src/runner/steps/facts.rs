//! Pure. Facts of a job that its steps may know.

use crate::config::ClosedPaths;
use crate::model::{JobId, JobMeta};
use std::path::PathBuf;

/// The facts for the steps, as `HOOKSPOOL_…` in their environment. Nothing of it reaches a command line.
#[derive(Debug, Clone)]
pub struct JobFacts {
    /// `_JOB`; also the mark by which the job's processes are found.
    pub job: JobId,
    /// `_HOOK`, `_PROVIDER`, `_EVENT`, `_REF` with `_BRANCH` or `_TAG`, `_PUSH_BEFORE`, `_AFTER`, `_REPOSITORY`,
    /// `_PUSHER`, `_DELIVERY`.
    pub meta: JobMeta,
    /// `_BEFORE`: the commit that was deployed last, hex; where none is known, what the push says.
    pub deployed: Option<String>,
    /// `_ATTEMPT`, from 1.
    pub attempt: u32,
    /// `_PAYLOAD`: file that holds the payload, absolute.
    pub payload: PathBuf,
    /// `_LOG`: the job's log, absolute.
    pub log: PathBuf,
    /// The spool, in which no step works.
    pub spool: PathBuf,
    /// The paths that confined steps never reach.
    pub closed: ClosedPaths,
}
