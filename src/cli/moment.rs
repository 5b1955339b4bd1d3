//! Pure. Times as people type them: how long ago, or a date.

use crate::config::{DURATION_HINT, duration as parse_duration};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::time::Duration;

/// A point in time that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl Moment {
    /// The time that it means at `now`.
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(duration) => ago(duration, now),
        }
    }
}

/// `duration` before `now`.
pub(super) fn ago(duration: Duration, now: Timestamp) -> Timestamp {
    now.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// Reads `2h`, `2026-01-31`, `2026-01-31T12:00` or RFC 3339. Without an offset it is UTC, as everything that is
/// printed.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Some(duration) = parse_duration(text) {
        return Ok(Moment::Ago(duration));
    }
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let time = text.parse::<Timestamp>().ok();
    let time = time.or_else(|| utc(text.parse::<DateTime>().ok()?));
    let time = time.or_else(|| utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    time.map(Moment::At).ok_or_else(|| "write `2h`, `7d`, `2026-01-31` or `2026-01-31T12:00:00Z`".to_owned())
}

/// Reads `500ms`, `30s`, `15m`, `2h`, `1d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| DURATION_HINT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_duration_ago_or_a_date_in_utc() {
        let now: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let at = |text: &str| moment(text).unwrap().before(now).to_string();
        assert_eq!(at("2h"), "2026-01-31T22:00:00Z");
        assert_eq!(at("2026-01-31"), "2026-01-31T00:00:00Z");
        assert_eq!(at("2026-01-31T12:30"), "2026-01-31T12:30:00Z");
        assert_eq!(at("2026-01-31T12:30:00+02:00"), "2026-01-31T10:30:00Z");
        assert_eq!(moment("99999999d").unwrap().before(now), Timestamp::MIN);
        for bad in ["", "yesterday", "2026-13-01", "7", "7 weeks"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
