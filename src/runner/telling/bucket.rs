//! Pure. A token bucket: so many messages in a time, and a least gap between two.

use crate::notify::MessageRate;
use std::time::{Duration, Instant};

/// The bucket of one target; full at first.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    rate: MessageRate,
    gap: Duration,
    tokens: f64,
    counted_at: Instant,
    taken_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn full(rate: MessageRate, gap: Duration, now: Instant) -> Self {
        Self { rate, gap, tokens: f64::from(rate.count), counted_at: now, taken_at: None }
    }

    /// Another rate, with what there is.
    pub(super) fn change(&mut self, rate: MessageRate, gap: Duration) {
        self.tokens = self.tokens.min(f64::from(rate.count));
        (self.rate, self.gap) = (rate, gap);
    }

    /// Time until a message may go.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        self.fill(now);
        let missing = (1.0 - self.tokens).max(0.0);
        let for_token = self.per_token().mul_f64(missing);
        let since = self.taken_at.map(|at| now.saturating_duration_since(at));
        for_token.max(since.map_or(Duration::ZERO, |since| self.gap.saturating_sub(since)))
    }

    /// A message goes.
    pub(super) fn take(&mut self, now: Instant) {
        self.fill(now);
        self.tokens = (self.tokens - 1.0).max(0.0);
        self.taken_at = Some(now);
    }

    fn per_token(&self) -> Duration {
        self.rate.per / self.rate.count.max(1)
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted_at);
        self.counted_at = self.counted_at.max(now);
        let gained = passed.as_secs_f64() / self.per_token().as_secs_f64().max(f64::MIN_POSITIVE);
        self.tokens = (self.tokens + gained).min(f64::from(self.rate.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_one_message_for_each_part_of_the_time() {
        let (start, rate) = (Instant::now(), MessageRate { count: 3, per: Duration::from_secs(60) });
        let mut bucket = Bucket::full(rate, Duration::ZERO, start);
        for _ in 0..3 {
            assert_eq!(bucket.wait(start), Duration::ZERO);
            bucket.take(start);
        }
        assert_eq!(bucket.wait(start).as_secs(), 20);
        assert_eq!(bucket.wait(start + Duration::from_secs(15)).as_millis(), 5_000);
        assert_eq!(bucket.wait(start + Duration::from_secs(21)), Duration::ZERO);
        assert!(bucket.wait(start) > Duration::ZERO || bucket.tokens >= 1.0, "a look back in time gives nothing");
    }

    #[test]
    fn two_messages_keep_their_gap() {
        let (start, rate) = (Instant::now(), MessageRate { count: 9, per: Duration::from_secs(1) });
        let mut bucket = Bucket::full(rate, Duration::from_secs(2), start);
        bucket.take(start);
        assert_eq!(bucket.wait(start + Duration::from_millis(500)), Duration::from_millis(1500));
        assert_eq!(bucket.wait(start + Duration::from_secs(2)), Duration::ZERO);
    }
}
