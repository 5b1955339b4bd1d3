//! Pure. What the steps may know of the job that they belong to.

use crate::model::{EventKind, JobId, RefName};
use std::path::PathBuf;

/// What the steps may know, as `HOOKSPOOL_…` in their environment. Nothing of it reaches a command line.
#[derive(Debug, Clone)]
pub struct Facts {
    /// `_JOB`; also the mark by which the job's processes are found.
    pub job: JobId,
    /// `_HOOK`.
    pub hook: String,
    /// `_PROVIDER`.
    pub provider: String,
    /// `_EVENT`.
    pub event: EventKind,
    /// `_REF`, and `_BRANCH` or `_TAG`.
    pub reference: Option<RefName>,
    /// `_BEFORE`, hex.
    pub before: Option<String>,
    /// `_AFTER`, hex.
    pub after: Option<String>,
    /// `_REPOSITORY`.
    pub repository: Option<String>,
    /// `_PUSHER`.
    pub pusher: Option<String>,
    /// `_DELIVERY`.
    pub delivery: Option<String>,
    /// `_ATTEMPT`, from 1.
    pub attempt: u32,
    /// `_PAYLOAD`: file that holds the payload, absolute.
    pub payload: PathBuf,
    /// `_LOG`: the job's log, absolute.
    pub log: PathBuf,
}
