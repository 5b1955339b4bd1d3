//! Pure. A job's name and what its file says of it.

use super::{EventKind, RefName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Name of a job: sequence number (19 digits) and eight random hex digits, `1795332869123456789.3f9a1c2e`. The
/// job's file is `<id>.job`, its history `<id>.events`, its output `<id>.log`. Sorting by name sorts by sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId {
    sequence: u64,
    random: u32,
}

/// So many always fit a `u64`.
const SEQUENCE_DIGITS: usize = 19;
const RANDOM_DIGITS: usize = 8;

/// Text that is no job id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a job id")]
pub struct NotAJobId;

impl JobId {
    /// Largest sequence number that keeps 19 digits (the year 2286 in nanoseconds).
    pub const SEQUENCE_MAX: u64 = 9_999_999_999_999_999_999;

    /// An id from its parts; `None` when the sequence number does not fit 19 digits.
    pub fn new(sequence: u64, random: u32) -> Option<Self> {
        (sequence <= Self::SEQUENCE_MAX).then_some(Self { sequence, random })
    }

    /// The sequence number: order of arrival.
    pub fn sequence(self) -> u64 {
        self.sequence
    }

    /// The eight digits that people type.
    pub fn short(self) -> String {
        format!("{:08x}", self.random)
    }

    /// Parses `<id>.job`.
    pub fn from_job_file_name(name: &[u8]) -> Option<Self> {
        Self::from_bytes(name.strip_suffix(b".job")?)
    }

    /// Parses `<id>.events`.
    pub fn from_events_file_name(name: &[u8]) -> Option<Self> {
        Self::from_bytes(name.strip_suffix(b".events")?)
    }

    /// A listing may hold a million names: byte by byte, and no character is looked at twice.
    fn from_bytes(text: &[u8]) -> Option<Self> {
        let (sequence, random) = text.split_at_checked(SEQUENCE_DIGITS)?;
        let random = random.strip_prefix(b".").filter(|random| random.len() == RANDOM_DIGITS)?;
        let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
        let hex_digit = |byte: u8| digit(byte).or_else(|| (b'a'..=b'f').contains(&byte).then(|| byte - b'a' + 10));
        let sequence = sequence.iter().try_fold(0, |sum, &byte| Some(sum * 10 + u64::from(digit(byte)?)))?;
        let random = random.iter().try_fold(0, |sum, &byte| Some(sum << 4 | u32::from(hex_digit(byte)?)))?;
        Some(Self { sequence, random })
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:019}.{:08x}", self.sequence, self.random)
    }
}

impl FromStr for JobId {
    type Err = NotAJobId;
    fn from_str(text: &str) -> Result<Self, NotAJobId> {
        Self::from_bytes(text.as_bytes()).ok_or(NotAJobId)
    }
}

impl TryFrom<String> for JobId {
    type Error = NotAJobId;
    fn try_from(text: String) -> Result<Self, NotAJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}

/// A job's description, beside the payload: everything that the runner may need to know of the delivery.
/// Id, length and hash are the spool's to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMeta {
    /// Name of the hook that accepted it.
    pub hook: String,
    /// Name of the provider that verified it.
    pub provider: String,
    /// Kind of event.
    pub event: EventKind,
    /// Branch or tag.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<RefName>,
    /// Commit before, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Commit after, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The person who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pusher: Option<String>,
    /// The provider's delivery id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// The reason why the job was taken, where that needs a word ("list of changed paths is incomplete").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A person's wish that no delivery could have. It counts only in a job that the spool's owner made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<DeployWish>,
    /// The host that received it, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Media type of the payload.
    pub content_type: String,
    /// Headers from an allow-list, never one that can hold a secret.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Time of arrival, RFC 3339, UTC.
    pub arrived_at: jiff::Timestamp,
}

/// A wish of `deploy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployWish {
    /// A commit of the ref, hex, in the place of its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whatever the rules of the hook say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_forced: bool,
}

impl JobMeta {
    /// `true` if a person wants it whatever the rules of the hook say.
    pub fn is_forced(&self) -> bool {
        self.wish.as_ref().is_some_and(|wish| wish.is_forced)
    }

    /// The provider's name of a job that the runner queued itself, since no delivery told of the push.
    pub const RECONCILE: &str = "reconcile";

    /// The provider's name of a job that a person queued.
    pub const BY_HAND: &str = "manual";

    /// The word for a job that runs what follows the switch of a hook, after a person switched back.
    pub const ROLLBACK: &str = "rollback";

    /// `true` for such a job. Like every wish, it counts only where the spool's owner made it.
    pub fn is_rollback(&self) -> bool {
        self.provider == Self::BY_HAND && self.event.as_str() == Self::ROLLBACK && self.is_forced()
    }

    /// A job with a JSON payload, of which nothing else is known.
    pub fn new(
        hook: impl Into<String>,
        provider: impl Into<String>,
        event: EventKind,
        arrived_at: jiff::Timestamp,
    ) -> Self {
        Self {
            hook: hook.into(),
            provider: provider.into(),
            event,
            reference: None,
            before: None,
            after: None,
            repository: None,
            pusher: None,
            delivery: None,
            note: None,
            wish: None,
            origin: None,
            content_type: "application/json".to_owned(),
            headers: BTreeMap::new(),
            arrived_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_sorts_by_sequence() {
        let early = JobId::new(5, 0xffff_ffff).unwrap();
        let late = JobId::new(10, 1).unwrap();
        assert_eq!(early.to_string(), "0000000000000000005.ffffffff");
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn near_misses_are_no_ids() {
        for bad in [
            "",
            ".",
            "5.ffffffff",
            "0000000000000000005.FFFFFFFF",
            "0000000000000000005.fffffff",
            "+000000000000000005.ffffffff",
            "0000000000000000005.ffffffff.job",
        ] {
            assert_eq!(bad.parse::<JobId>(), Err(NotAJobId), "{bad:?}");
        }
        assert_eq!(JobId::new(u64::MAX, 0), None);
    }
}
