//! Pure. The wait after a try that failed: 5 s, doubled each time, an hour at most; or what the other side asks for.

use std::time::{Duration, Instant};

/// First wait.
const FIRST: Duration = Duration::from_secs(5);
/// Longest wait.
const LONGEST: Duration = Duration::from_secs(3600);

/// Tries that failed since the last that did not.
#[derive(Debug, Clone, Default)]
pub(super) struct TryPause {
    tries: u32,
    until: Option<Instant>,
}

impl TryPause {
    /// One more failed at `now`; the other side may have said for how long it wants nothing. Those that were on their
    /// way together and fail while the pause lasts are one failure.
    pub(super) fn failed(&mut self, after: Option<Duration>, now: Instant) {
        self.tries += u32::from(self.until.is_none_or(|until| now >= until));
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.tries - 1).unwrap_or(u32::MAX)).min(LONGEST);
        // Whoever always asks for a moment is not asked each moment.
        let wait = after.map_or(doubled, |after| after.max(doubled / 8));
        self.until = self.until.max(now.checked_add(wait.min(LONGEST)));
    }

    /// Time until the next try.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// `true` if the last try failed.
    pub(super) fn has_failed(&self) -> bool {
        self.tries > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_a_wish_is_obeyed() {
        let mut now = Instant::now();
        let mut pause = TryPause::default();
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                now += pause.wait(now);
                pause.failed(None, now);
                pause.wait(now).as_secs()
            })
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        let mut asked = TryPause::default();
        asked.failed(Some(Duration::from_secs(42)), now);
        assert_eq!(asked.wait(now).as_secs(), 42);
        now += pause.wait(now);
        pause.failed(Some(Duration::from_millis(1)), now);
        assert_eq!(pause.wait(now).as_secs(), 450, "an eighth of what it would be");
    }
    #[test]
    fn what_fails_together_is_one_failure_and_the_longest_wish_holds() {
        let now = Instant::now();
        let mut pause = TryPause::default();
        (0..4).for_each(|_| pause.failed(None, now));
        assert_eq!(pause.wait(now).as_secs(), 5);
        pause.failed(Some(Duration::from_secs(60)), now);
        pause.failed(None, now + Duration::from_secs(1));
        assert_eq!(pause.wait(now).as_secs(), 60);
        pause.failed(None, now + Duration::from_secs(60));
        assert_eq!(pause.wait(now).as_secs(), 70, "the second failure");
    }
}
