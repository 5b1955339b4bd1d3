//! Pure. What is decided about a job, and which move of the table that is.

use crate::model::{Happening, JobId, Outcome};
use jiff::Timestamp;

/// A decision about a job, after an attempt or instead of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It ended for good: `done/` or `failed/`, by outcome.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, where that needs a word.
        reason: Option<String>,
    },
    /// It is tried again later: `waiting/`.
    Waiting {
        /// Not earlier than this.
        not_before: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person must release it: `held/`.
    Held {
        /// Why.
        reason: String,
    },
    /// A newer job took its place: `done/`.
    SupersededBy {
        /// The newer job.
        id: JobId,
    },
    /// The same delivery as an earlier job: `done/`.
    RepeatOf {
        /// The earlier job.
        id: JobId,
    },
    /// A person released it, or asked for another try: `queued/`.
    Released,
    /// It is damaged or hostile: `corrupt/`.
    Corrupt {
        /// What is wrong with it.
        reason: String,
    },
}

impl Settlement {
    /// The event in the table of a job's life.
    pub fn happening(&self) -> Happening {
        match self {
            Self::Ended { outcome, .. } => Happening::Ended(*outcome),
            Self::Waiting { .. } => Happening::WillRetry,
            Self::Held { .. } => Happening::PutOnHold,
            Self::SupersededBy { .. } => Happening::Ended(Outcome::Superseded),
            Self::RepeatOf { .. } => Happening::Ended(Outcome::Repeat),
            Self::Released => Happening::Released,
            Self::Corrupt { .. } => Happening::FoundCorrupt,
        }
    }
}
