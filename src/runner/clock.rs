//! Pure. Doubt of the clock when it says that jobs are old: a machine that boots in 2099 must not lose
//! what it keeps.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Time for which a clock that has leapt is doubted: people and time servers have set it right by then.
const DOUBT: Duration = Duration::from_secs(86_400);

/// The time as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The time that was seen last, and when that was.
    known: Option<(Timestamp, Instant)>,
    doubted_until: Option<Instant>,
}

impl Clock {
    /// `seen` is a time that has certainly been, if one is known.
    pub(super) fn new(seen: Option<Timestamp>, at: Instant) -> Self {
        Self { known: seen.map(|seen| (seen, at)), doubted_until: None }
    }

    /// `true` if the time may be believed to be `now`. Not for a day after a leap of more than `keep`: what is kept for
    /// so long would all be old at once.
    pub(super) fn is_believed(&mut self, now: Timestamp, at: Instant, keep: Duration) -> bool {
        let expected =
            self.known.map(|(seen, then)| seen.checked_add(at.duration_since(then)).unwrap_or(Timestamp::MAX));
        let leap = expected.map_or(Duration::ZERO, |expected| since(expected, now));
        if leap > keep.max(DOUBT) {
            self.doubted_until = Some(at + DOUBT);
        }
        self.known = Some((now, at));
        self.doubted_until.is_none_or(|until| at >= until)
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const KEEP: Duration = Duration::from_secs(30 * 86_400);

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn a_clock_that_leapt_further_than_jobs_are_kept_is_doubted_for_a_day() {
        let start = Instant::now();
        let mut clock = Clock::new(Some(day(100)), start);
        assert!(!clock.is_believed(day(9_000), start, KEEP));
        assert!(!clock.is_believed(day(9_000) + HOUR, start + HOUR, KEEP), "the hour after");
        assert!(clock.is_believed(day(9_001), start + DOUBT, KEEP), "nobody has set it right: so it is");
    }

    #[test]
    fn a_clock_that_goes_as_it_should_is_believed_whatever_it_said_before() {
        let start = Instant::now();
        let mut clock = Clock::new(Some(day(100)), start);
        assert!(clock.is_believed(day(129), start, KEEP));
        assert!(clock.is_believed(day(229), start + DOUBT * 100, KEEP), "it was long asleep between two looks");
        assert!(clock.is_believed(day(1), start + DOUBT * 101, KEEP), "back: then nothing is old");
        assert!(!clock.is_believed(day(300), start + DOUBT * 102, KEEP), "forward again, while it runs");
        assert!(Clock::new(None, start).is_believed(day(9_000), start, KEEP), "nothing is known to the contrary");
        assert!(Clock::new(Some(day(100)), start).is_believed(day(101), start, HOUR), "a day is no leap");
    }
}
