//! Pure. One thing that happened to a job: one line of its `.events`.

use super::settlement::Settlement;
use crate::model::{JobId, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One line of a history: `{"at":"…","what":"started","attempt":1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can be said of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A runner took it.
    Claimed {
        /// The runner's process.
        runner_pid: u32,
        /// The boot in which that number means something.
        boot_id: String,
    },
    /// An attempt is about to begin. Flushed before the first process exists.
    Started {
        /// Counted from 1.
        attempt: u32,
        /// The process, where it is known beforehand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    },
    /// A step ended.
    Step {
        /// Counted from 0, as in the configuration.
        index: u32,
        /// How the configuration names it.
        title: String,
        /// Exit status, unless a signal ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Whether its time ran out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        timed_out: bool,
        /// Whether it is one of `on_failure`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        on_failure: bool,
        /// Its list, unless that is `steps`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        list: String,
        /// How it ended, in words.
        #[serde(default)]
        result: String,
        /// How long it took.
        ms: u64,
    },
    /// The steps are over, for good; what runs after them changes nothing of it.
    Concluded {
        /// How the job will end.
        outcome: Outcome,
        /// Why, where that needs a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The commit that was deployed, hex.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// The step that may restart the runner is about to begin: if the runner ends now, that is why.
    Restarts,
    /// The job ended for good.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, where that needs a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The attempt ended; another will be made.
    WillRetry {
        /// Not earlier than this.
        not_before: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person must release it.
    Held {
        /// Why.
        reason: String,
    },
    /// A newer job took its place.
    SupersededBy {
        /// The newer job.
        id: JobId,
    },
    /// The same delivery as an earlier job.
    RepeatOf {
        /// The earlier job.
        id: JobId,
    },
    /// A person released it, or asked for another try.
    Released,
    /// It is damaged or hostile.
    Corrupt {
        /// What is wrong with it.
        reason: String,
    },
    /// A remark; changes nothing.
    Note {
        /// The remark.
        text: String,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { runner_pid, .. } => write!(f, "claimed by runner {runner_pid}"),
            Self::Started { attempt, .. } => write!(f, "attempt {attempt} started"),
            Self::Step { index, title, on_failure, list, result, ms, .. } => {
                let list = match list.as_str() {
                    "" if *on_failure => "on_failure",
                    "" => "step",
                    list => list,
                };
                write!(f, "{list} {index} `{title}` {result} after {ms} ms")
            }
            Self::Concluded { outcome, commit: None, .. } => write!(f, "steps over: {}", outcome.as_str()),
            Self::Concluded { outcome, commit: Some(commit), .. } => {
                write!(f, "steps over: {}, deployed commit {commit}", outcome.as_str())
            }
            Self::Restarts => f.write_str("the next step may restart the runner"),
            Self::Ended { outcome, reason: None } => f.write_str(outcome.as_str()),
            Self::Ended { outcome, reason: Some(reason) } => write!(f, "{}: {reason}", outcome.as_str()),
            Self::WillRetry { not_before, reason } => {
                write!(f, "will be tried again, not before {not_before}: {reason}")
            }
            Self::Held { reason } => write!(f, "held: {reason}"),
            Self::SupersededBy { id } => write!(f, "superseded by {id}"),
            Self::RepeatOf { id } => write!(f, "repeat of {id}"),
            Self::Released => f.write_str("released"),
            Self::Corrupt { reason } => write!(f, "corrupt: {reason}"),
            Self::Note { text } => f.write_str(text),
        }
    }
}

impl Entry {
    /// `what` happened at `at`.
    pub fn new(at: Timestamp, what: What) -> Self {
        Self { at, what }
    }

    /// The line, with its line feed.
    pub(super) fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("text keys and no floats");
        line.push(b'\n');
        line
    }
}

impl From<Settlement> for What {
    fn from(settlement: Settlement) -> Self {
        match settlement {
            Settlement::Ended { outcome, reason } => Self::Ended { outcome, reason },
            Settlement::Waiting { not_before, reason } => Self::WillRetry { not_before, reason },
            Settlement::Held { reason } => Self::Held { reason },
            Settlement::SupersededBy { id } => Self::SupersededBy { id },
            Settlement::RepeatOf { id } => Self::RepeatOf { id },
            Settlement::Released => Self::Released,
            Settlement::Corrupt { reason } => Self::Corrupt { reason },
        }
    }
}
