//! A runner that is killed again and again, at moments that nobody chose.

use crate::runner_yard::Yard;
use hookspool::model::JobId;
use rustix::process::Signal;
use std::time::Duration;

/// Kills, unless `HOOKSPOOL_KILLS` says how many.
const KILLS: u64 = 500;
/// A runner lives for less than this.
const LIFE_US: u64 = 60_000;

/// Notes each copy that begins, and those that begin beside another. It lasts longer than the next runner takes to begin.
const HOOK: &str = r#"timeout = "60s"
when_newer = "keep"
branches = ["*"]
retry = { attempts = 100, backoff = "1ms", cap = "1ms" }
steps = [{ shell = "exec 9>>alone; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps; echo $HOOKSPOOL_JOB >>began; sleep 0.02" }]"#;

/// A number from `HOOKSPOOL_<name>`, or `default`.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(format!("HOOKSPOOL_{name}")).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The next of a sequence that looks random (Knuth's MMIX generator).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn killed_at_any_moment_again_and_again_the_runner_loses_no_job_and_runs_no_two_at_once() {
    let (kills, mut state) = (number("KILLS", KILLS), number("SEED", 1));
    let yard = Yard::in_memory("", &[("docs", HOOK)]);
    let mut jobs: Vec<JobId> = Vec::new();
    for kill in 0..kills {
        if kill % 2 == 0 {
            jobs.push(yard.deliver("docs", "main", &format!("delivery-{kill}")));
        }
        let runner = yard.start();
        // Not to wait for anything: this is the moment of the kill.
        std::thread::sleep(Duration::from_micros(next(&mut state) % LIFE_US));
        runner.signal(Signal::KILL);
    }
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(yard.site("overlaps"), "");
    let began = yard.site("began");
    for job in jobs {
        let history = yard.history(job);
        let ended: Vec<_> = history.iter().filter(|line| line["what"] == "ended").collect();
        assert!(yard.is_in("done", job) && ended.len() == 1, "{job}: {history:?}");
        assert!(began.contains(&job.to_string()), "{job} is done and never began: {history:?}");
    }
}
