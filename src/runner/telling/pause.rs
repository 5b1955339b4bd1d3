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
    /// One more failed at `now`; the other side may have said for how long it wants nothing.
    pub(super) fn failed(&mut self, after: Option<Duration>, now: Instant) {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.tries).unwrap_or(u32::MAX)).min(LONGEST);
        self.tries += 1;
        // Whoever always asks for a moment is not asked each moment.
        let wait = after.map_or(doubled, |after| after.max(doubled / 8));
        self.until = now.checked_add(wait.min(LONGEST));
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
        let now = Instant::now();
        let mut pause = TryPause::default();
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                pause.failed(None, now);
                pause.wait(now).as_secs()
            })
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        let mut asked = TryPause::default();
        asked.failed(Some(Duration::from_secs(42)), now);
        assert_eq!(asked.wait(now).as_secs(), 42);
        pause.failed(Some(Duration::from_millis(1)), now);
        assert_eq!(pause.wait(now).as_secs(), 450, "an eighth of what it would be");
    }
}
