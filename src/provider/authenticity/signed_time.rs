//! Pure. Times that senders sign, and how far from our clock they may be.

use super::Denied;
use crate::model::Head;
use jiff::Timestamp;

/// Milliseconds of a second.
pub(crate) const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
/// Digits of a time in milliseconds until the year 5138.
const DIGITS_LIMIT: usize = 14;

/// A header whose time is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedTime<'a> {
    /// Name in wire spelling.
    pub(crate) header: &'a str,
    /// Largest accepted distance from our clock, either way.
    pub(crate) window_ms: u64,
}

impl SignedTime<'_> {
    /// Refuses `sent_ms`, since 1970, if it is too far from `now`.
    pub(crate) fn near(&self, sent_ms: u64, now: Timestamp) -> Result<(), Denied> {
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let distance_ms = now_ms.abs_diff(sent_ms);
        if distance_ms <= self.window_ms {
            return Ok(());
        }
        let (minutes, limit_minutes) = (distance_ms.div_ceil(MINUTE_MS), self.window_ms / MINUTE_MS);
        Err(Denied::Clock { header: self.header.to_owned(), minutes, limit_minutes, late: sent_ms < now_ms })
    }

    /// As `near`, for the seconds in `text`. A fraction of our own second does not count: senders cut theirs off.
    pub(crate) fn near_s(&self, sent_s: u64, now: Timestamp) -> Result<(), Denied> {
        let now_s = Timestamp::from_second(now.as_second()).unwrap_or(now);
        self.near(sent_s.saturating_mul(SECOND_MS), now_s)
    }

    /// The seconds in the header, and the header's text, which is what was signed.
    pub(crate) fn seconds<'h>(&self, head: &'h Head) -> Result<(u64, &'h [u8]), Denied> {
        let text = super::required(head, self.header)?;
        let malformed = || Denied::Malformed { header: self.header.to_owned(), expected: "seconds since 1970".into() };
        Ok((number(text).ok_or_else(malformed)?, text))
    }
}

/// Digits only and without leading zeros: the text is what was signed.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let plain = text.len() <= DIGITS_LIMIT && text.iter().all(u8::is_ascii_digit) && !text.starts_with(b"0");
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}
