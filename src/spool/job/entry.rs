//! Pure. One thing that happened to a job: one line of its `.events`.

use super::settlement::Settlement;
use crate::model::{Outcome, Transition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One line of a history: `{"at":"…","what":"started","attempt":1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Time.
    pub at: Timestamp,
    /// The event.
    #[serde(flatten)]
    pub what: HistoryEvent,
}

/// An event in the life of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum HistoryEvent {
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
    },
    /// A step ended.
    Step {
        /// Counted from 1 within its list.
        index: u32,
        /// Its name in the configuration.
        title: String,
        /// Exit status, unless a signal ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// `true` if its time ran out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        timed_out: bool,
        /// Its list, unless that is `steps`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        list: String,
        /// Its end, in words.
        #[serde(default)]
        result: String,
        /// The box that it ran in, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confined: Option<String>,
        /// Its duration.
        ms: u64,
    },
    /// The steps are over, for good; what runs after them changes nothing of it.
    Concluded {
        /// The outcome that the job will have.
        outcome: Outcome,
        /// The reason, where that needs a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The commit that was deployed, hex.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// The step that may restart the runner is about to begin: if the runner ends now, that is why.
    Restarts,
    /// A remark; changes nothing.
    Note {
        /// The remark.
        text: String,
    },
    /// A decision about the job, in its own words: `{"what":"ended",…}`.
    #[serde(untagged)]
    Settled(Settlement),
}

impl fmt::Display for HistoryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { runner_pid, .. } => write!(f, "claimed by runner {runner_pid}"),
            Self::Started { attempt, .. } => write!(f, "attempt {attempt} started"),
            Self::Step { index, title, list, result, ms, confined, .. } => {
                let list = if list.is_empty() { "step" } else { list };
                let confined = confined.as_ref().map(|confined| format!(", {confined}")).unwrap_or_default();
                write!(f, "{list} {index} `{title}` {result} after {ms} ms{confined}")
            }
            Self::Concluded { outcome, commit: None, .. } => write!(f, "steps over: {}", outcome.as_str()),
            Self::Concluded { outcome, commit: Some(commit), .. } => {
                write!(f, "steps over: {}, deployed commit {commit}", outcome.as_str())
            }
            Self::Restarts => f.write_str("the next step may restart the runner"),
            Self::Settled(settlement) => settlement.fmt(f),
            Self::Note { text } => f.write_str(text),
        }
    }
}

impl Entry {
    /// `what` happened at `at`.
    pub fn new(at: Timestamp, what: HistoryEvent) -> Self {
        Self { at, what }
    }

    /// The line, with its line feed.
    pub(in crate::spool) fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("text keys and no floats");
        line.push(b'\n');
        line
    }
}

impl From<Settlement> for HistoryEvent {
    fn from(settlement: Settlement) -> Self {
        Self::Settled(settlement)
    }
}

impl HistoryEvent {
    /// The move that it stands for; `None` for a remark, which moves nothing.
    pub fn transition(&self) -> Option<Transition> {
        match self {
            Self::Claimed { .. } | Self::Started { .. } => Some(Transition::Claimed),
            Self::Settled(settlement) => Some(settlement.transition()),
            Self::Step { .. } | Self::Note { .. } | Self::Concluded { .. } | Self::Restarts => None,
        }
    }

    /// The decision, if it is one.
    pub fn settlement(&self) -> Option<&Settlement> {
        match self {
            Self::Settled(settlement) => Some(settlement),
            _ => None,
        }
    }
}
