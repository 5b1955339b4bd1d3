//! Pure. The facts of one message: what became of a job, for people and forges. No secret, and no text for a service.

use super::{JobId, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest reason that a message repeats, in characters.
const REASON_LIMIT: usize = 1_000;

/// The standing of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// An attempt has begun.
    Begun,
    /// A person must release it.
    Held,
    /// It has ended.
    #[serde(untagged)]
    Over(Outcome),
}

impl Standing {
    /// `true` for an end after which somebody has to do something.
    pub fn is_bad(self) -> bool {
        match self {
            Self::Begun => false,
            Self::Held => true,
            Self::Over(outcome) => outcome.is_failure(),
        }
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begun => "started",
            Self::Held => "is held",
            Self::Over(Outcome::TimedOut) => "timed out",
            Self::Over(Outcome::Interrupted) => "was interrupted",
            Self::Over(Outcome::Cancelled) => "was cancelled",
            Self::Over(Outcome::Superseded) => "was superseded",
            Self::Over(outcome) => outcome.as_str(),
        }
    }
}

/// A turn for the better or the worse, by hook, repository and ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The first failure after a success, or after nothing.
    FirstFailure,
    /// The first success after a failure.
    Recovery,
}

/// The facts of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tidings {
    /// Its place in the order of all messages; rises, whatever the clock does.
    pub number: u64,
    /// Time of it.
    pub at: Timestamp,
    /// The job.
    pub job: JobId,
    /// Its hook.
    pub hook: String,
    /// The standing of the job.
    pub standing: Standing,
    /// The turn that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// The reason, where that needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `owner/name`, as the delivery names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Branch or tag, in full.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit that the message is about, hex: of a status, the one that gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The person who caused the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pusher: Option<String>,
    /// Attempts begun.
    pub attempts: u32,
    /// Length of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

impl Tidings {
    /// `reason`, as long as a message may repeat it.
    pub fn short_reason(reason: &str) -> Option<String> {
        let short: String = reason.trim().chars().take(REASON_LIMIT).collect();
        (!short.is_empty()).then_some(short)
    }

    /// The ref without `refs/heads/` or `refs/tags/`.
    pub fn branch_or_tag(&self) -> Option<&str> {
        let full = self.reference.as_deref()?;
        Some(full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/")).unwrap_or(full))
    }
}

/// Whoever a message is for. No name of a target begins with the sign of the two statuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addressee {
    /// The forge: the status of the commit that was pushed.
    Status,
    /// The forge: the status of the commit that was deployed, where it is another.
    DeployedStatus,
    /// A `[[notify]]` of that name.
    Target(String),
}

/// Text that names no addressee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an addressee")]
pub struct NotAnAddressee;

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "@status",
            Self::DeployedStatus => "@deployed",
            Self::Target(name) => name,
        })
    }
}

impl FromStr for Addressee {
    type Err = NotAnAddressee;

    fn from_str(text: &str) -> Result<Self, NotAnAddressee> {
        match text {
            "@status" => Ok(Self::Status),
            "@deployed" => Ok(Self::DeployedStatus),
            name if is_target_name(name) => Ok(Self::Target(name.to_owned())),
            _ => Err(NotAnAddressee),
        }
    }
}

/// Longest name of a target; it is a part of a file's name.
const TARGET_NAME_LIMIT_BYTES: usize = 64;

/// True for a name that a `[[notify]]` may have: letters, digits, `_` and `-`.
pub fn is_target_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    !name.is_empty() && name.len() <= TARGET_NAME_LIMIT_BYTES && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addressee_reads_back_and_no_path_is_one() {
        for text in ["@status", "@deployed", "ops", "on-call_2"] {
            assert_eq!(text.parse::<Addressee>().unwrap().to_string(), text);
        }
        for bad in ["", "@", "@other", "a.b", "../x", "a/b", "Ünï", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Addressee>(), Err(NotAnAddressee), "{bad}");
        }
    }

    #[test]
    fn what_became_of_a_job_is_one_word_on_disk() {
        let words = [Standing::Begun, Standing::Held, Standing::Over(Outcome::TimedOut)].map(|standing| {
            let word = serde_json::to_string(&standing).unwrap();
            assert_eq!(serde_json::from_str::<Standing>(&word).unwrap(), standing);
            word
        });
        assert_eq!(words, ["\"begun\"", "\"held\"", "\"timed-out\""]);
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(Tidings::short_reason(&"é".repeat(5_000)), Some("é".repeat(1_000)));
        assert_eq!(Tidings::short_reason(" \n"), None);
    }
}
