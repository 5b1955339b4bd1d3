//! Pure. The wait of a job for its next attempt.

use jiff::Timestamp;
use std::time::Duration;

/// A wait as it was written down: by a clock that may have been set since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end, by the same clock.
    pub until: Timestamp,
}

impl Wait {
    /// The time left at `now`. Never more than the whole wait, whatever the clock says: it was ahead then, or has been
    /// set back.
    pub fn left(self, now: Timestamp) -> Duration {
        between(now, self.until).min(between(self.since, self.until))
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_over_in_its_own_length_whatever_the_clock_says() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let wait = Wait { since: at(1_000), until: at(1_030) };
        let left_s = |second| wait.left(at(second)).as_secs();
        assert_eq!([1_000, 1_020, 1_030, 9_000].map(left_s), [30, 10, 0, 0]);
        assert_eq!(left_s(0), 30, "set back");
        assert_eq!(Wait { since: Timestamp::MAX, until: Timestamp::MAX }.left(at(0)), Duration::ZERO);
        assert_eq!(Wait { since: at(9), until: at(1) }.left(at(0)), Duration::ZERO, "nobody writes that");
    }
}
