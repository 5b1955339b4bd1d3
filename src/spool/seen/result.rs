//! Pure. The results that a delivery can have, one word each, and their counters.

use crate::model::Status;
use serde::{Serialize, Serializer};

/// The result of a delivery. The set is fixed: counters and metrics are named by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryResult {
    /// It became a job, or several.
    Queued,
    /// Authentic, and no job wanted.
    Ignored,
    /// A provider's test.
    Pong,
    /// Signature missing, empty or wrong: 403.
    RefusedSignature,
    /// Too long, or without a length: 413, 411.
    RefusedSize,
    /// The hook does not take the method: 405.
    RefusedMethod,
    /// Not to be understood: 400, 415.
    RefusedMalformed,
    /// No hook answers there: 404.
    UnknownHook,
    /// Our own trouble: 500, 503.
    Error,
}

impl DeliveryResult {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Ignored,
        Self::Pong,
        Self::RefusedSignature,
        Self::RefusedSize,
        Self::RefusedMethod,
        Self::RefusedMalformed,
        Self::UnknownHook,
        Self::Error,
    ];

    /// The word, as counters and metrics have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ignored => "ignored",
            Self::Pong => "pong",
            Self::RefusedSignature => "refused_signature",
            Self::RefusedSize => "refused_size",
            Self::RefusedMethod => "refused_method",
            Self::RefusedMalformed => "refused_malformed",
            Self::UnknownHook => "unknown_hook",
            Self::Error => "error",
        }
    }

    /// The result of a delivery that was refused with `status`.
    pub fn of_refusal(status: Status) -> Self {
        match status {
            Status::Forbidden => Self::RefusedSignature,
            Status::PayloadTooLarge | Status::LengthRequired => Self::RefusedSize,
            Status::MethodNotAllowed(_) => Self::RefusedMethod,
            Status::BadRequest | Status::UnsupportedMediaType => Self::RefusedMalformed,
            Status::NotFound => Self::UnknownHook,
            Status::InternalError | Status::Unavailable | Status::Ok | Status::Accepted => Self::Error,
        }
    }

    /// `true` if the sender was told that it did something wrong.
    pub fn is_refused(self) -> bool {
        !matches!(self, Self::Queued | Self::Ignored | Self::Pong | Self::Error)
    }

    /// `true` if such a request named no hook.
    pub fn is_of_no_hook(self) -> bool {
        self == Self::UnknownHook
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }

    pub(super) fn at(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }
}

impl Serialize for DeliveryResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Deliveries by their result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeenCounts([u64; DeliveryResult::ALL.len()]);

impl SeenCounts {
    /// Deliveries that had this result.
    pub fn of(&self, result: DeliveryResult) -> u64 {
        self.0[result.index()]
    }

    /// Every result with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DeliveryResult, u64)> + '_ {
        DeliveryResult::ALL.into_iter().map(|result| (result, self.of(result)))
    }

    /// All deliveries.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// Those of both.
    pub(super) fn add_all(&mut self, more: &Self) {
        more.iter().for_each(|(result, count)| self.add(result, count));
    }

    /// So many more.
    pub fn add(&mut self, result: DeliveryResult, count: u64) {
        let counter = &mut self.0[result.index()];
        *counter = counter.saturating_add(count);
    }
}

impl Serialize for SeenCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(result, count)| (result.as_str(), count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_has_a_place_and_a_word_of_its_own() {
        for (index, result) in DeliveryResult::ALL.into_iter().enumerate() {
            assert_eq!((result.index(), DeliveryResult::at(u8::try_from(index).unwrap())), (index, Some(result)));
        }
        let mut words = DeliveryResult::ALL.map(DeliveryResult::as_str).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), DeliveryResult::ALL.len());
        assert_eq!(DeliveryResult::at(9), None);
    }
}
