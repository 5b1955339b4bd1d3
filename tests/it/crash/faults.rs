//! The real runner, with one file call of a job's life failing: it says so, and either the job is accounted for or the
//! runner stops and the next one accounts for it. What may not happen is a job that is gone, or runs beside itself.
//!
//! Without more, each third call fails with one error. With `HOOKSPOOL_CRASH=full` in the environment
//! (`tests/campaign calls`) each call fails with each error.

use crate::crash::strace::Call;
use crate::support::crash_home::{Home, tree, whole_map};
use hookspool::model::JobId;

const ERRNOS: [&str; 6] = ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES"];

/// The calls on the spool in a run that goes well. What closing says comes after the flush.
fn clean_run() -> Vec<Call> {
    let home = Home::new();
    let id = home.deliver("succeeds", "one");
    let strace = home.strace().only(&home.paths_of(id));
    assert!(home.drain_under(&strace).status.success());
    strace.calls().into_iter().filter(|call| !call.is_one_of(&["close", "fcntl"])).collect()
}

fn fail_at(call: &Call, errno: &str) {
    let home = Home::new();
    let id = home.deliver("succeeds", "one");
    let strace = home.strace().only(&home.paths_of(id)).fail_at(&call.name, call.nth, errno);
    let first = home.drain_under(&strace);
    let at = format!("{errno} at {} {}", call.name, call.arguments);
    let injected = strace.calls().into_iter().find(|c| c.result.ends_with("(INJECTED)"));
    assert!(injected.is_some(), "{at}: nothing was injected");

    let log = String::from_utf8(first.stderr).unwrap();
    match first.status.code() {
        Some(0 | 1) => expect_at_rest(&home, id, &at, &log),
        Some(code) => {
            assert!((69..=78).contains(&code), "{at}: exit {code}: {log}");
            let names_it = log.lines().any(|line| line.contains("cannot ") && line.contains("spool"));
            assert!(names_it, "{at}: {log}");
        }
        None => panic!("{at}: {:?}: {log}", first.status),
    }
    let second = home.drain();
    assert!(matches!(second.status.code(), Some(0 | 1)), "{at}: {second:?}");
    expect_at_rest(&home, id, &at, &log);
    assert_eq!(home.names("running"), [""; 0], "{at}: a copy of the payload stays for ever");
    expect_marks(&home, id, &at);
}

/// The job is in one place, and nothing is left to be done about it.
fn expect_at_rest(home: &Home, id: JobId, at: &str, log: &str) {
    let jobs = home.jobs();
    let [job] = jobs.as_slice() else { panic!("{at}: {jobs:?}: {}", tree(&home.spool())) };
    let may_be_shut_out = at.starts_with("EACCES at open") && at.contains(".job\"");
    let ends: &[(&str, &str)] =
        if may_be_shut_out { &[("done", "succeeded"), ("corrupt", "")] } else { &[("done", "succeeded")] };
    assert_eq!(job.id, id, "{at}");
    assert!(ends.contains(&(&job.state, &job.outcome)), "{at}: {job:?}: {:#?}: {log}", home.history(id));
    for place in ["tmp", "queued", "running", "waiting"] {
        let jobs: Vec<String> = home.names(place).into_iter().filter(|name| !name.ends_with(".payload")).collect();
        assert_eq!(jobs, [""; 0], "{at}: {place}: {log}");
    }
}

fn expect_marks(home: &Home, id: JobId, at: &str) {
    let marks = home.marks();
    let attempts = home.count(id, "started");
    let begun: Vec<&String> = marks.iter().filter(|mark| mark.starts_with("begin ")).collect();
    assert_eq!(marks.len(), 2 * begun.len(), "{at}: {marks:?}");
    let numbers: Vec<String> = (1..=attempts).map(|n| format!("begin {id} {n}")).collect();
    assert!(begun.iter().all(|mark| numbers.contains(mark)), "{at}: {marks:?} in {attempts} attempts");
    assert!(begun.windows(2).all(|pair| pair[0] < pair[1]), "{at}: {marks:?}");
}

#[test]
fn a_runner_that_a_call_fails_says_so_and_loses_no_job() {
    let calls = clean_run();
    assert!(calls.len() > 80, "{calls:?}");
    for (i, call) in calls.iter().enumerate() {
        for (j, errno) in ERRNOS.iter().enumerate() {
            if whole_map() || (i % 3 == 0 && (i / 3) % ERRNOS.len() == j) {
                fail_at(call, errno);
            }
        }
    }
}

#[test]
fn a_copy_of_a_payload_that_could_not_be_removed_goes_when_the_next_runner_starts() {
    let calls = clean_run();
    let removals = calls.iter().filter(|call| call.is_one_of(&["unlink", "unlinkat"]) && !call.failed());
    let removals: Vec<&Call> = removals.collect();
    assert_eq!(removals.len(), 1, "{removals:?}");
    fail_at(removals[0], "EIO");
}
