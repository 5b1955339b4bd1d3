//! Pure. The word that comes back from a worker.

use crate::model::Outcome;
use crate::spool::Wait;

/// The place where an attempt left its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AttemptEnd {
    /// Nothing was run: the job was gone, or damaged.
    NoJob,
    /// In `held/`.
    Held,
    /// In `waiting/`, for so long.
    Waiting(Wait),
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
