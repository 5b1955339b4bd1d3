//! Pure. The consequences of an attempt's end.

use super::steps::JobResult;
use crate::config::{Backoff, OnInterrupt, Plan, RetryOn};
use crate::model::Outcome;
use crate::spool::Settlement;
use jiff::Timestamp;
use std::time::Duration;

/// The decision after attempt number `attempt` (1 is the first), which ended as `result`. `chance` is a random number
/// in 0..=1 for the jitter.
pub(super) fn judge(plan: &Plan, result: &JobResult, attempt: u32, now: Timestamp, chance: f64) -> Settlement {
    let (outcome, reason) = (result.outcome, result.reason.clone());
    let again = |wait, reason| Settlement::Waiting { not_before: later(now, wait), reason };
    let may_retry = attempt < plan.retry.attempts;
    match outcome {
        Outcome::Interrupted if plan.on_interrupt == OnInterrupt::Hold => Settlement::Held { reason },
        Outcome::Interrupted if may_retry => again(Duration::ZERO, reason),
        Outcome::Failed | Outcome::TimedOut if may_retry && (result.transient || plan.retry.on == RetryOn::Failure) => {
            again(wait(plan.retry.backoff, attempt, chance), reason)
        }
        _ => Settlement::Ended { outcome, reason: Some(reason).filter(|reason| !reason.is_empty()) },
    }
}

/// Full jitter: anything up to `base · 2^(attempt - 1)`, at most `cap`, so that jobs that failed together do not come
/// back together.
fn wait(backoff: Backoff, attempt: u32, chance: f64) -> Duration {
    let doubled = backoff.base.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(backoff.cap).mul_f64(chance.clamp(0.0, 1.0))
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::hook;

    fn plan() -> Plan {
        hook("docs").plan
    }

    fn result(outcome: Outcome, transient: bool) -> JobResult {
        JobResult { outcome, reason: "why".into(), transient, commit: None }
    }

    fn judged(plan: &Plan, outcome: Outcome, transient: bool, attempt: u32) -> Settlement {
        judge(plan, &result(outcome, transient), attempt, Timestamp::UNIX_EPOCH, 1.0)
    }

    fn retry_after_s(seconds: i64) -> Settlement {
        Settlement::Waiting { not_before: Timestamp::from_second(seconds).unwrap(), reason: "why".into() }
    }

    fn ended(outcome: Outcome) -> Settlement {
        Settlement::Ended { outcome, reason: Some("why".into()) }
    }

    #[test]
    fn only_what_asks_for_it_is_retried() {
        assert_eq!(judged(&plan(), Outcome::Failed, false, 1), ended(Outcome::Failed));
        assert_eq!(judged(&plan(), Outcome::Failed, true, 1), retry_after_s(30));
        assert_eq!(judged(&plan(), Outcome::Failed, true, 2), retry_after_s(60));
        assert_eq!(judged(&plan(), Outcome::Failed, true, 3), ended(Outcome::Failed));
        let mut always = plan();
        always.retry.on = RetryOn::Failure;
        assert_eq!(judged(&always, Outcome::TimedOut, false, 1), retry_after_s(30));
    }

    #[test]
    fn an_interrupted_job_comes_back_at_once_but_not_for_ever() {
        assert_eq!(judged(&plan(), Outcome::Interrupted, false, 1), retry_after_s(0));
        assert_eq!(judged(&plan(), Outcome::Interrupted, false, 3), ended(Outcome::Interrupted));
    }

    #[test]
    fn a_job_on_hold_after_an_interruption_never_comes_back_by_itself() {
        let hold = Plan { on_interrupt: OnInterrupt::Hold, ..plan() };
        for attempt in 1..5 {
            assert_eq!(judged(&hold, Outcome::Interrupted, true, attempt), Settlement::Held { reason: "why".into() });
        }
    }

    #[test]
    fn the_wait_is_capped_and_never_overflows() {
        let mut many = plan();
        many.retry.attempts = 100;
        assert_eq!(judged(&many, Outcome::Failed, true, 99), retry_after_s(900));
        assert_eq!(
            judge(&many, &result(Outcome::Failed, true), 1, Timestamp::MAX, 1.0),
            Settlement::Waiting { not_before: Timestamp::MAX, reason: "why".into() }
        );
    }
}
