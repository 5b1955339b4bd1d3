//! A runner of four workers with jobs that do what they should not, killed again and again: every job ends in one
//! place, after no more attempts than it has, never beside itself, and nothing of it stays alive.

use crate::crash::random::next;
use crate::support::campaign::{number, tried};
use crate::support::yard::Yard;
use hookspool::model::{JobId, State};
use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;
use std::time::Duration;

/// Kills, unless `HOOKSPOOL_KILLS` says how many.
const KILLS: u64 = 60;
/// A runner lives for less than this.
const LIFE_US: u64 = 120_000;

/// What jobs do, after they have taken the lock of their hook.
const MISDEEDS: [(&str, &str); 6] = [
    ("escapes", "setsid sh -c 'setsid sleep 100000 & exec sleep 100000' </dev/null >/dev/null 2>&1 & sleep 100000"),
    ("stops-itself", "kill -STOP $$; sleep 100000"),
    ("is-mute", "exec >&- 2>&-; sleep 0.05"),
    ("loses-its-place", "mkdir -p doomed.$$; cd doomed.$$; rmdir ../doomed.$$; sleep 0.02; ls ../began"),
    ("kills-its-runner", "kill -KILL $PPID; sleep 100000"),
    ("prints", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"),
];

fn hook(misdeed: &str) -> String {
    let lock = "exec 9>>alone.$HOOKSPOOL_HOOK; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps; echo >>began; ";
    format!(
        "timeout = \"300ms\"\nwhen_newer = \"keep\"\nbranches = [\"*\"]\n\
         retry = {{ attempts = 3, backoff = \"1ms\", cap = \"1ms\" }}\nsteps = [{{ shell = \"{lock}{misdeed}\" }}]"
    )
}

/// Until a runner lives long enough to find nothing left to do.
fn drain(yard: &Yard, jobs: usize) {
    for _ in 0..=3 * jobs {
        if yard.drain().status.code().is_some_and(|code| code < 2) {
            return;
        }
    }
    panic!("jobs are left: {:?}", yard.listed());
}

#[test]
fn jobs_that_misbehave_are_all_accounted_for_whoever_kills_the_runner() {
    let (kills, mut state) = (number("KILLS", KILLS), number("SEED", 1));
    let hooks = MISDEEDS.map(|(name, misdeed)| (name, hook(misdeed)));
    let hooks: Vec<(&str, &str)> = hooks.iter().map(|(name, lines)| (*name, lines.as_str())).collect();
    let yard = Yard::in_memory("workers = 4", &hooks);
    let mut jobs: Vec<JobId> = Vec::new();
    for kill in 0..kills {
        if kill % 2 == 0 {
            let hook = hooks[usize::try_from(next(&mut state, hooks.len() as u64)).unwrap()].0;
            jobs.push(yard.deliver(hook, "main", &format!("delivery-{kill}")));
        }
        let runner = yard.start();
        // Not to wait for anything: this is the moment of the kill.
        std::thread::sleep(Duration::from_micros(next(&mut state, LIFE_US)));
        runner.signal(Signal::KILL);
        tried(1);
    }
    drain(&yard, jobs.len());
    assert_eq!(yard.site("overlaps"), "");
    for place in ["tmp", "queued", "running", "waiting", "held", "corrupt"] {
        assert_eq!(crate::spool::append::names(&yard.path("spool").join(place)), [""; 0], "{place}");
    }
    for &job in &jobs {
        let history = yard.history(job);
        let count = |what: &str| history.iter().filter(|line| line["what"] == what).count();
        let places = State::ALL.iter().filter(|state| yard.is_in(state.as_str(), job)).count();
        assert_eq!((places, count("ended")), (1, 1), "{job}: {history:?}");
        assert!((1..=3).contains(&count("started")), "{job}: {history:?}");
    }
    for (hook, _) in MISDEEDS {
        let lock = std::fs::File::options().append(true).create(true).open(yard.path(&format!("site/alone.{hook}")));
        let is_free = flock(lock.unwrap(), FlockOperation::NonBlockingLockExclusive).is_ok();
        assert!(is_free, "something of a job of `{hook}` is alive");
    }
}
