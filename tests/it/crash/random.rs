//! A runner of two workers that is killed again and again, at moments that nobody chose, while people give orders.

use crate::support::campaign::{number, tried};
use crate::support::yard::Yard;
use hookspool::model::{JobId, State};
use hookspool::spool::{Answer, Effect, EffectResult, Order, PendingRequest, Request};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kills of one spool, and in all unless `HOOKSPOOL_KILLS` says how many: the more jobs wait, the fewer runners get to
/// their steps before they are killed.
const KILLS: u64 = 500;
/// A runner lives for less than this, or than twice the time in which one begins and ends where there is nothing to do:
/// on a busy machine none would get to hear an order otherwise.
const LIFE_US: u64 = 60_000;

/// Notes each copy that begins, and those that begin beside another of their queue. It lasts longer than the next
/// runner takes to begin.
const HOOK: &str = r#"timeout = "60s"
when_newer = "keep"
branches = ["*"]
retry = { attempts = 100, backoff = "1ms", cap = "1ms" }
steps = [{ shell = """
exec 9>>alone.$HOOKSPOOL_HOOK; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps
echo $HOOKSPOOL_JOB >>began; sleep 0.02""" }]"#;

/// The next of a sequence that looks random (Knuth's MMIX generator), below `limit`.
pub(crate) fn next(state: &mut u64, limit: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % limit
}

/// What somebody wants, of a job of late or of a hook.
fn order(state: &mut u64, jobs: &[JobId]) -> Option<Order> {
    let of_late = &jobs[jobs.len().saturating_sub(6)..];
    let ids = vec![*of_late.get(usize::try_from(next(state, of_late.len().max(1) as u64)).unwrap())?];
    let hook = "shop".to_owned();
    Some(match next(state, 6) {
        0 | 1 => Order::Cancel { ids },
        2 => Order::Retry { ids },
        3 => Order::Release { ids },
        4 => Order::Hold { hook, why: "a test".to_owned() },
        _ => Order::ReleaseHook { hook },
    })
}

fn place(yard: &Yard, order: Order) -> PendingRequest {
    PendingRequest::place(&yard.path("spool"), &Request { by: "a test".to_owned(), order }).unwrap()
}

fn began(yard: &Yard, id: JobId) -> usize {
    yard.site("began").lines().filter(|line| *line == id.to_string()).count()
}

/// The job that an answer says has ended as cancelled.
fn cancelled(errand: &PendingRequest) -> Option<JobId> {
    let Some(Answer::Ok(effects)) = errand.wait(Duration::ZERO).unwrap() else { return None };
    let is_it = |effect: &&Effect| {
        effect.result == EffectResult::Changed && effect.state == Some(State::Done) && effect.text == "cancelled"
    };
    effects.iter().find(is_it).and_then(|effect| effect.id)
}

#[test]
fn killed_at_any_moment_the_runner_loses_no_job_and_overlaps_none() {
    let (mut left, mut state) = (number("KILLS", KILLS), number("SEED", 1));
    while left > 0 {
        let kills = left.min(KILLS);
        left -= kills;
        kill_again_and_again(kills, &mut state);
    }
}

fn life_us(yard: &Yard) -> u64 {
    let began = Instant::now();
    assert!(yard.drain().status.success());
    u64::try_from(2 * began.elapsed().as_micros()).unwrap().max(LIFE_US)
}

fn kill_again_and_again(kills: u64, state: &mut u64) {
    let yard = Yard::in_memory("workers = 2", &[("docs", HOOK), ("shop", HOOK)]);
    let mut jobs: Vec<JobId> = Vec::new();
    let mut began_before: BTreeMap<JobId, usize> = BTreeMap::new();
    let life_us = life_us(&yard);
    for kill in 0..kills {
        if kill % 2 == 0 {
            let hook = ["docs", "shop"][usize::try_from(next(state, 2)).unwrap()];
            jobs.push(yard.deliver(hook, "main", &format!("delivery-{kill}")));
        }
        let wanted = if next(state, 3) == 0 { order(state, &jobs) } else { None };
        let errand = wanted.map(|order| place(&yard, order));
        let runner = yard.start();
        // Not to wait for anything: this is the moment of the kill.
        std::thread::sleep(Duration::from_micros(next(state, life_us)));
        runner.signal(Signal::KILL);
        drop(runner);
        tried(1);
        if let Some(id) = errand.as_ref().and_then(cancelled) {
            began_before.insert(id, began(&yard, id));
        }
    }
    let _released = place(&yard, Order::ReleaseHook { hook: "shop".to_owned() });
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(yard.site("overlaps"), "");
    assert!(kills < KILLS || !began_before.is_empty(), "no order was heard");
    for (&id, &times) in &began_before {
        assert_eq!(began(&yard, id), times, "{id} ran after it was cancelled: {:?}", yard.history(id));
    }
    expect_all_ended(&yard, &jobs);
}

/// Each job is done, has ended once, and ran unless somebody wanted no more of it.
fn expect_all_ended(yard: &Yard, jobs: &[JobId]) {
    let all_began = yard.site("began");
    for &job in jobs {
        let history = yard.history(job);
        let ended: Vec<_> = history.iter().filter(|line| line["what"] == "ended").collect();
        assert!(yard.is_in("done", job) && ended.len() == 1, "{job}: {history:?}");
        let is_cancelled = ended[0]["outcome"] == "cancelled";
        assert!(is_cancelled || all_began.contains(&job.to_string()), "{job} is done and never began: {history:?}");
    }
}
