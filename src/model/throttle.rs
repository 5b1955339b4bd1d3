//! Pure. Lines of one kind, so many a minute; the rest is counted.

use std::time::{Duration, Instant};

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(60);
/// Lines in each.
const LINES: u32 = 60;

/// Counts the lines of one kind.
#[derive(Debug, Default)]
pub struct Throttle {
    began: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl Throttle {
    /// The number of lines left out before one that may be written at `now`; `None` if it may not.
    pub fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            (self.began, self.lines) = (Some(now), 0);
        }
        if self.lines == LINES {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(self.left_out())
    }

    /// The number of lines left out since this was asked last.
    pub fn left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_lines_a_minute_are_written_and_the_rest_is_counted() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        assert!((0..60).all(|_| throttle.admit(now) == Some(0)));
        assert!((0..4711).all(|_| throttle.admit(now + WINDOW / 2).is_none()));
        assert_eq!(throttle.admit(now + WINDOW), Some(4711));
        assert_eq!(throttle.admit(now + WINDOW), Some(0));
    }
}
