//! Pure. A job on its way from the loop to a worker, and the word that comes back.

use super::cancel::Cancel;
use super::outcome_cache::OutcomeCache;
use crate::config::Config;
use crate::model::{JobId, Outcome};
use crate::system::stop::Stop;
use jiff::Timestamp;
use std::sync::Arc;

/// A job to run, and what may end it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: JobId,
    /// The configuration when it was begun: a later one does not change a running job.
    pub(super) config: Arc<Config>,
    pub(super) outcomes: OutcomeCache,
    /// The runner has to stop.
    pub(super) halted: Stop,
    /// The job has to end.
    pub(super) cancel: Cancel,
    /// No other job runs beside it.
    pub(super) alone: bool,
}

/// Where an attempt left its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AttemptEnd {
    /// Nothing was run: the job was gone, or damaged.
    NoJob,
    /// In `held/`.
    Held,
    /// In `waiting/`, until then.
    Waiting(Timestamp),
    /// Ended for good.
    Over {
        outcome: Outcome,
        /// The commit that was deployed, hex.
        commit: Option<String>,
    },
}

impl AttemptEnd {
    /// `true` for a job that has failed for good.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Over { outcome, .. } if outcome.is_failure())
    }
}
