//! Pure. A time that a `generic` sender signs beside the body, and what it signs in which order.

use crate::model::Head;
use crate::provider::authenticity::{Denied, SECOND_MS, SignedTime, number, required};
use jiff::Timestamp;
use std::time::Duration;

/// A signed time, as the configuration describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeScheme {
    /// The place of the time.
    pub place: TimePlace,
    /// The signed parts.
    pub signed: SignedParts,
    /// Largest accepted distance from our clock.
    pub tolerance: Duration,
}

/// The place of a signed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimePlace {
    /// A header of its own, lower case.
    Header(String),
    /// After this text, in the header that holds the signature: `t=`.
    Prefix(String),
}

/// The text before the body and that behind it, in which `{time}` stands for the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedParts {
    before: String,
    after: String,
}

/// Stands for the body in the description of what is signed.
const BODY: &str = "{body}";
/// Stands for the time.
const TIME: &str = "{time}";
/// Digits of a time in seconds until the year 5138; with more it is one in milliseconds.
const SECONDS_DIGITS: usize = 11;

impl SignedParts {
    /// `text`, such as `{time}.{body}`: the body once, and the time.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(BODY)?;
        let is_right = !after.contains(BODY) && text.contains(TIME);
        is_right.then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }
}

/// The time of one delivery.
pub(crate) struct SentTime {
    /// Signed before the body.
    pub(crate) before: String,
    /// Signed after the body.
    pub(crate) after: String,
    /// Refuses it if it is too far from our clock.
    pub(crate) clock: Result<(), Denied>,
}

impl TimeScheme {
    /// The time that came with the signature in `header`.
    pub(crate) fn read(&self, head: &Head, header: &str, now: Timestamp) -> Result<SentTime, Denied> {
        let (header, text) = match &self.place {
            TimePlace::Header(own) => (own.as_str(), required(head, own)?),
            TimePlace::Prefix(prefix) => (header, after_prefix(required(head, header)?, prefix.as_bytes())),
        };
        let text = std::str::from_utf8(text).unwrap_or_default();
        let expected = "one time: seconds or milliseconds since 1970, or as in RFC 3339".to_owned();
        let sent_ms = milliseconds(text).ok_or(Denied::Malformed { header: header.to_owned(), expected })?;
        let window_ms = u64::try_from(self.tolerance.as_millis()).unwrap_or(u64::MAX);
        let clock = SignedTime { header, window_ms }.near(sent_ms, now);
        Ok(SentTime { before: filled(&self.signed.before, text), after: filled(&self.signed.after, text), clock })
    }

    /// The text that is signed before and after the body at `now`, and the time as text.
    pub(crate) fn at(&self, now: Timestamp) -> (String, String, String) {
        let time = now.as_second().to_string();
        (filled(&self.signed.before, &time), filled(&self.signed.after, &time), time)
    }
}

fn filled(text: &str, time: &str) -> String {
    text.replace(TIME, time)
}

/// The part of a list that begins with `prefix`; nothing if there are two, and so doubt which one is signed.
fn after_prefix<'a>(value: &'a [u8], prefix: &[u8]) -> &'a [u8] {
    let mut found = value.split(|byte| b",; ".contains(byte)).filter_map(|part| part.strip_prefix(prefix));
    match (found.next(), found.next()) {
        (Some(one), None) => one,
        _ => b"",
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    match number(text.as_bytes()) {
        Some(seconds) if text.len() <= SECONDS_DIGITS => seconds.checked_mul(SECOND_MS),
        Some(milliseconds) => Some(milliseconds),
        None => u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok(),
    }
}
