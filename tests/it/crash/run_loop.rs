//! The runner's loop, killed and failed at each system call of what it decides: which job gives way to another, and
//! what people order. The next runner leaves every job where an undisturbed one would.
//!
//! Without more, every so manieth call is taken. With `HOOKSPOOL_CRASH=full` in the environment (`tests/campaign calls`) it
//! is each call that changes something, and each call fails with two errors.

use crate::crash::runner::changes_the_spool;
use crate::crash::strace::{Call, Strace, run, was_killed};
use crate::runner::reconcile::{push, seen, yard};
use crate::support::crash_home::whole_map;
use crate::support::decision::{BY_ITSELF, BY_ORDER, Case, Staged, is_carried_out};
use crate::support::steps::until;
use std::process::{Output, Stdio};

const JOBS_ARRIVE_ON_HOLD: Case = BY_ITSELF[3];
const REMOVE: Case = BY_ORDER[6];
const ERRNOS: [&str; 6] = ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EINTR"];

/// A place to kill at.
#[derive(Debug, Clone)]
struct Point {
    call: Call,
    counted: Counted,
}

/// Among which calls of a thread its number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Those on the jobs, their directories and the order.
    ByPath,
    /// Those that name a job's files: at the start another thread opens the directories more often.
    ByName,
    /// Those that name a job: in these cases the other threads make fewer.
    ByJob,
    /// All.
    Together,
}

fn traced(staged: &Staged, counted: Counted) -> Strace {
    let paths = match counted {
        Counted::ByPath => staged.paths(),
        Counted::ByName => staged.names(&["job", "events"]),
        Counted::ByJob => staged.names(&["job"]),
        Counted::Together => Vec::new(),
    };
    staged.yard.strace().follow_apart().only(&paths)
}

fn drain_under(staged: &Staged, strace: &Strace) -> Output {
    run(&mut strace.around(&staged.yard.hookspool(&["spool-runner", "--once"])), Stdio::null())
}

/// The calls of the loop's thread, if it made any: the second thread that the runner makes, after the one that writes
/// to standard error.
fn of_the_loop(strace: &Strace) -> Vec<Call> {
    strace.calls_apart().into_iter().nth(2).unwrap_or_default()
}

/// The loop's calls in a run that goes well.
fn clean_run(case: Case, counted: Counted) -> Vec<Call> {
    let staged = case.context();
    let strace = traced(&staged, counted);
    let output = drain_under(&staged, &strace);
    assert!(output.status.success(), "{output:?}");
    staged.expect_decided(case.name);
    assert!(staged.answer().is_none_or(|answer| is_carried_out(&answer)), "{}", case.name);
    of_the_loop(&strace)
}

/// Where the loop changes something that the next runner can see: no flush is among them, and no file under a name that
/// nobody reads.
fn points(case: Case) -> Vec<Point> {
    let of = |counted, is_creation: bool| {
        let calls = clean_run(case, counted).into_iter();
        let is_wanted = move |call: &Call| call.name != "fsync" && (call.name == "openat") == is_creation;
        let changes = calls.filter(changes_the_spool).filter(is_wanted);
        changes.map(move |call| Point { call, counted })
    };
    of(Counted::ByPath, false).chain(of(Counted::ByName, true)).collect()
}

/// How often a point is tried at most: another thread may come first to a call of that name and number.
const TRIES: usize = 5;

fn kill_at(case: Case, point: &Point) {
    let is_met = (0..TRIES).any(|_| is_killed_at(case, point));
    assert!(is_met, "{}: in {TRIES} runs never killed at {point:?}", case.name);
}

/// Whether the loop was killed at the point. Wherever it was killed, the next runner has to make up for it.
fn is_killed_at(case: Case, point: &Point) -> bool {
    let staged = case.context();
    let strace = traced(&staged, point.counted).kill_at(&point.call.name, point.call.nth);
    let output = drain_under(&staged, &strace);
    let at = format!("{}, killed at {point:?}", case.name);
    assert!(was_killed(&output), "{at}: not killed: {output:?}");
    let last = of_the_loop(&strace).pop().map(|last| (last.name, last.nth));

    let first = staged.answer();
    let second = staged.yard.drain();
    assert!(second.status.success(), "{at}: {second:?}");
    staged.expect_decided(&at);
    let answer = first.or_else(|| staged.answer());
    assert!(case.order.is_none() || answer.as_ref().is_some_and(is_carried_out), "{at}: {answer:?}");
    last == Some((point.call.name.clone(), point.call.nth))
}

/// A sample of `points`, every `stride`th, or all of them.
fn chosen<T>(points: Vec<T>, stride: usize) -> impl Iterator<Item = T> {
    points.into_iter().step_by(if whole_map() { 1 } else { stride })
}

fn kill_map(cases: &[Case], stride: usize) {
    let points: Vec<_> =
        cases.iter().flat_map(|&case| points(case).into_iter().map(move |point| (case, point))).collect();
    assert!(points.len() > 5 * cases.len(), "{points:?}");
    for (case, point) in chosen(points, stride) {
        kill_at(case, &point);
    }
}

#[test]
fn what_the_loop_decides_by_itself_survives_its_runner_at_any_call() {
    kill_map(&BY_ITSELF, 7);
}

#[test]
fn what_people_order_survives_the_runner_at_any_call_and_is_carried_out_once() {
    kill_map(&BY_ORDER, 7);
}

#[test]
fn an_order_whose_taker_dies_at_once_is_taken_again() {
    for case in BY_ORDER {
        let staged = case.context();
        staged.take_request();
        let strace = traced(&staged, Counted::ByPath).kill_at("renameat2", 1);
        let output = drain_under(&staged, &strace);
        assert!(was_killed(&output), "{}: {output:?}", case.name);
        assert!(staged.yard.drain().status.success(), "{}", case.name);
        staged.expect_decided(case.name);
        assert!(staged.answer().as_ref().is_some_and(is_carried_out), "{}", case.name);
    }
}

/// Where the verb that gives the order changes something, with no runner there to take it.
fn points_of_the_verb(case: Case) -> Vec<Call> {
    let staged = case.jobs();
    let strace = staged.yard.strace().only(&staged.paths());
    let output = run(&mut strace.around(&staged.verb()), Stdio::null());
    assert!(output.status.success(), "{}: {output:?}", case.name);
    let calls = strace.calls().into_iter();
    calls.filter(|call| call.name != "fsync" && changes_the_spool(call)).collect()
}

fn kill_the_verb_at(case: Case, call: &Call) {
    let staged = case.jobs();
    let strace = staged.yard.strace().only(&staged.paths()).kill_at(&call.name, call.nth);
    let output = run(&mut strace.around(&staged.verb()), Stdio::null());
    let at = format!("{}, and the verb killed at {call:?}", case.name);
    assert!(was_killed(&output), "{at}: not killed: {output:?}");
    let again = run(&mut staged.verb(), Stdio::null());
    assert!(again.status.success(), "{at}: {again:?}");
    let drained = staged.yard.drain();
    assert!(drained.status.success(), "{at}: {drained:?}");
    staged.expect_decided(&at);
}

#[test]
fn a_verb_that_is_killed_at_any_call_and_typed_again_has_one_effect() {
    let points = |case: Case| points_of_the_verb(case).into_iter().map(move |call| (case, call));
    let points: Vec<_> = BY_ORDER.into_iter().flat_map(points).collect();
    for (case, call) in chosen(points, 7) {
        kill_the_verb_at(case, &call);
    }
}

/// Calls that can fail for a reason of the disk. What closing says comes after the flush.
fn points_to_fail(case: Case) -> Vec<Point> {
    let can_fail = |call: &Call| !call.is_one_of(&["close", "fcntl"]);
    let named = clean_run(case, Counted::ByPath).into_iter().filter(can_fail);
    let is_unnamed = |call: &Call| {
        let is_written = call.is_one_of(&["pwrite64", "fsync"]);
        is_written && ["control", "holds"].iter().any(|place| call.names(&format!("spool/{place}")))
    };
    let unnamed = clean_run(case, Counted::Together).into_iter().filter(is_unnamed);
    let named = named.map(|call| Point { call, counted: Counted::ByPath });
    named.chain(unnamed.map(|call| Point { call, counted: Counted::Together })).collect()
}

fn fail_at(case: Case, point: &Point, errno: &str) {
    let staged = case.context();
    let strace = traced(&staged, point.counted).fail_at(&point.call.name, point.call.nth, errno);
    let first = drain_under(&staged, &strace);
    let at = format!("{}, {errno} at {} {}", case.name, point.call.name, point.call.arguments);
    let was_injected = |call: &Call| call.result.ends_with("(INJECTED)");
    // How often the loop looks around depends on who is quicker.
    let may_be_missing = !changes_the_spool(&point.call);
    let is_injected = strace.calls_apart().iter().flatten().any(was_injected);
    assert!(is_injected || may_be_missing, "{at}: nothing was injected");
    let log = String::from_utf8_lossy(&first.stderr);
    match first.status.code() {
        Some(0 | 1) => {}
        Some(code) => {
            let names_it = log.lines().any(|line| line.contains("cannot ") && line.contains("spool"));
            assert!((69..=78).contains(&code) && names_it, "{at}: exit {code}: {log}");
        }
        None => panic!("{at}: {:?}: {log}", first.status),
    }
    let answer = staged.answer();
    let second = staged.yard.drain();
    assert!(matches!(second.status.code(), Some(0 | 1)), "{at}: {second:?}");
    let answer = answer.or_else(|| staged.answer());
    staged.expect_accounted(answer.as_ref(), &format!("{at}: {answer:?}: {log}"));
}

fn fail_map(cases: &[Case]) {
    let points = |&case: &Case| points_to_fail(case).into_iter().map(move |point| (case, point)).collect::<Vec<_>>();
    for (i, (case, point)) in cases.iter().flat_map(points).enumerate() {
        for (j, errno) in ERRNOS.iter().enumerate() {
            let is_in_sample = i % 31 == 0 && i % ERRNOS.len() == j;
            if is_in_sample || (whole_map() && (i + j) % 3 == 0) {
                fail_at(case, &point, errno);
            }
        }
    }
}

#[test]
fn a_loop_that_a_call_fails_while_it_decides_loses_no_job() {
    fail_map(&BY_ITSELF);
}

#[test]
fn a_loop_that_a_call_fails_says_of_no_order_that_it_is_done_unless_it_is() {
    fail_map(&BY_ORDER);
}

/// The loop's first call of those named `name` that names its `nth` job.
fn on_a_job(case: Case, name: &str, nth: usize) -> Point {
    let calls = clean_run(case, Counted::ByJob).into_iter().filter(|call| call.name == name);
    let mut calls: Vec<Call> = calls.collect();
    calls.dedup_by(|later, earlier| later.arguments == earlier.arguments);
    Point { call: calls.remove(nth - 1), counted: Counted::ByJob }
}

#[test]
fn a_job_that_cannot_be_read_for_now_does_not_slip_past_a_hold() {
    let point = on_a_job(JOBS_ARRIVE_ON_HOLD, "openat", 2);
    for errno in ["EMFILE", "EIO"] {
        let staged = JOBS_ARRIVE_ON_HOLD.context();
        let strace = traced(&staged, point.counted).fail_at("openat", point.call.nth, errno);
        let output = drain_under(&staged, &strace);
        assert_eq!(output.status.success(), errno == "EIO", "a fault is looked at once more: {output:?}");
        assert!(staged.yard.drain().status.success());
        staged.expect_decided(errno);
    }
}

#[test]
fn a_job_that_cannot_be_looked_for_is_not_called_removed() {
    let point = on_a_job(REMOVE, "newfstatat", 1);
    assert!(point.call.arguments.contains("spool/failed>"), "{point:?}");
    fail_at(REMOVE, &point, "EIO");
}

#[test]
fn a_missed_push_is_deployed_once_though_the_runner_dies_queueing_it() {
    for call in ["renameat2", "fsync"] {
        let yard = yard("1s");
        push(&yard, &[("file", "two\n")]);
        let paths = ["tmp", "queued"].map(|place| yard.path("spool").join(place));
        let strace = yard.strace().follow_apart().only(&paths).kill_at(call, 1);
        let runner = yard.hookspool(&["spool-runner", "--max-runtime", "60s"]);
        let output = run(&mut strace.around(&runner), Stdio::null());
        assert!(was_killed(&output), "{call}: {output:?}");
        assert_eq!(of_the_loop(&strace).pop().map(|last| last.name).as_deref(), Some(call));

        let runner = yard.start();
        until("it is deployed", || seen(&yard) == "two\n");
        push(&yard, &[("file", "three\n")]);
        until("the remote was asked again, and the next is deployed", || seen(&yard) == "two\nthree\n");
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(yard.listed().len(), 2, "{call}");
    }
}
