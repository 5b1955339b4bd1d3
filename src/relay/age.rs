//! Pure. The age of jobs, by the time of arrival in their names.

use crate::model::JobId;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The clocks of two hosts may differ by so much.
pub(super) const CLOCKS_DIFFER: Duration = Duration::from_secs(86_400);

/// The moment `time` before `now`.
pub(super) fn before(time: Duration, now: Timestamp) -> Timestamp {
    now.checked_sub(time).unwrap_or(Timestamp::MIN)
}

/// The moment before which words about jobs may be forgotten: any job that old is refused, whatever the clocks say.
pub(super) fn forgotten(keep: Duration, now: Timestamp) -> Timestamp {
    before(keep * 2 + CLOCKS_DIFFER * 2, now)
}

/// True if two clocks, the one so many milliseconds ahead of the other, tell of the same days.
pub(super) fn clocks_agree(ahead_ms: i64) -> bool {
    u128::from(ahead_ms.unsigned_abs()) <= CLOCKS_DIFFER.as_millis()
}

/// The milliseconds by which `clock` is ahead of `other`.
pub(super) fn ahead_ms(clock: Timestamp, other: Timestamp) -> i64 {
    i64::try_from(clock.duration_since(other).as_millis()).unwrap_or(i64::MAX)
}

/// True if a job arrived longer ago than `keep`.
pub(super) fn is_over(id: JobId, keep: Duration, now: Timestamp) -> bool {
    i128::from(id.sequence()) < before(keep, now).as_nanosecond()
}

/// The reason why a job of that time of arrival is not taken, if there is one.
pub(super) fn objection(arrived_at: Timestamp, keep: Duration, now: Timestamp) -> Option<String> {
    if arrived_at < before(keep + CLOCKS_DIFFER, now) {
        return Some(format!("it arrived longer ago than `keep`, {}", words(keep)));
    }
    let ahead = arrived_at.duration_since(now);
    let is_ahead = ahead > SignedDuration::try_from(CLOCKS_DIFFER).unwrap_or(SignedDuration::MAX);
    is_ahead.then(|| "it arrived in the future: compare the clocks of both hosts".to_owned())
}

/// A time in its largest whole unit.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit)).unwrap_or((1, "s"));
    format!("{} {}", seconds / unit.0, unit.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_job_is_that_of_its_name() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let id = |second: u64| JobId::new(second * 1_000_000_000, 7).unwrap();
        let keep = Duration::from_secs(100);
        assert!(is_over(id(999_899), keep, now) && !is_over(id(999_900), keep, now));
        assert!(!is_over(id(2_000_000), keep, now));
    }

    #[test]
    fn what_is_forgotten_would_be_refused() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        for keep in [60, 86_400, 31_536_000].map(Duration::from_secs) {
            assert!(objection(forgotten(keep, now), keep, now).is_some(), "{keep:?}");
        }
    }

    #[test]
    fn a_job_is_taken_from_keep_and_a_day_ago_to_a_day_ahead() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let (now, keep) = (at(10_000_000), Duration::from_secs(100));
        let said = |second: i64| objection(at(second), keep, now);
        assert_eq!(said(10_000_000 - 86_500), None);
        assert_eq!(said(10_000_000 - 86_501).unwrap(), "it arrived longer ago than `keep`, 100 s");
        assert_eq!(said(10_000_000 + 86_400), None);
        assert!(said(10_000_000 + 86_401).unwrap().starts_with("it arrived in the future"));
        assert_eq!([60, 90, 7200, 1_209_600].map(|s| words(Duration::from_secs(s))), ["1 min", "90 s", "2 h", "14 d"]);
    }
}
