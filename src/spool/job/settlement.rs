//! Pure. The decision about a job, and which move of the table that is.

use crate::model::{JobId, Outcome, Transition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A decision about a job, after an attempt or instead of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Settlement {
    /// It ended for good: `done/` or `failed/`, by outcome.
    Ended {
        /// The outcome.
        outcome: Outcome,
        /// The reason, where that needs a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It is tried again later: `waiting/`.
    #[serde(rename = "will-retry")]
    Waiting {
        /// Not earlier than this.
        not_before: Timestamp,
        /// The reason.
        reason: String,
    },
    /// A person must release it: `held/`.
    Held {
        /// The reason.
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
        /// The damage.
        reason: String,
    },
}

impl Settlement {
    /// The event in the table of a job's life.
    pub fn transition(&self) -> Transition {
        match self {
            Self::Ended { outcome, .. } => Transition::Ended(*outcome),
            Self::Waiting { .. } => Transition::WillRetry,
            Self::Held { .. } => Transition::PutOnHold,
            Self::SupersededBy { .. } => Transition::Ended(Outcome::Superseded),
            Self::RepeatOf { .. } => Transition::Ended(Outcome::Repeat),
            Self::Released => Transition::Released,
            Self::Corrupt { .. } => Transition::FoundCorrupt,
        }
    }

    /// The outcome of a job that ends by it.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Ended { outcome, .. } => Some(*outcome),
            Self::SupersededBy { .. } => Some(Outcome::Superseded),
            Self::RepeatOf { .. } => Some(Outcome::Repeat),
            Self::Waiting { .. } | Self::Held { .. } | Self::Released | Self::Corrupt { .. } => None,
        }
    }

    /// The reason, where one was given.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Ended { reason, .. } => reason.clone(),
            Self::Waiting { reason, .. } | Self::Held { reason } | Self::Corrupt { reason } => Some(reason.clone()),
            Self::SupersededBy { .. } => Some(self.to_string()),
            Self::RepeatOf { .. } => Some(format!("{self}; `hookspool retry --again` runs it all the same")),
            Self::Released => None,
        }
    }
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { outcome, reason: None } => f.write_str(outcome.as_str()),
            Self::Ended { outcome, reason: Some(reason) } => write!(f, "{}: {reason}", outcome.as_str()),
            Self::Waiting { not_before, reason } => {
                write!(f, "will be tried again, not before {not_before}: {reason}")
            }
            Self::Held { reason } => write!(f, "held: {reason}"),
            Self::SupersededBy { id } => write!(f, "superseded by {id}"),
            Self::RepeatOf { id } => write!(f, "repeat of {id}"),
            Self::Released => f.write_str("released"),
            Self::Corrupt { reason } => write!(f, "corrupt: {reason}"),
        }
    }
}
