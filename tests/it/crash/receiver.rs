//! The real CGI program, killed and failed at each system call of a delivery. What it promised is on disk, what it did
//! not promise is whole or absent, and the next delivery is taken.
//!
//! Without more, kills begin with the first call on the spool, before which nothing can have changed. With
//! `HOOKSPOOL_CRASH=full` in the environment (`tests/campaign calls`) they begin with the first call of the process, and
//! each call fails with each error instead of two of them.

use crate::crash::strace::{Call, was_killed};
use crate::support::crash_home::{Home, Reply, body, whole_map};

const ERRNOS: [&str; 6] = ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES"];

/// The calls of a delivery that goes well.
fn clean_run(body: &[u8]) -> Vec<Call> {
    let home = Home::new();
    let strace = home.strace();
    let output = home.deliver_under(&strace, "succeeds", body);
    assert_eq!(Reply::read(&output.stdout).map(|reply| reply.status), Some(202), "{output:?}");
    let calls = strace.calls();
    let first = calls.iter().position(|call| call.names("spool")).expect("no call on the spool");
    let first = if whole_map() { 1 } else { first };
    calls[first..].to_vec()
}

fn kill_at(call: &Call, body: &[u8]) {
    let home = Home::new();
    let strace = home.strace().kill_at(&call.name, call.nth);
    let output = home.deliver_under(&strace, "succeeds", body);
    assert!(was_killed(&output), "not killed at {call:?}: {output:?}");
    let calls = strace.calls();
    assert_eq!(calls.last().map(|c| (&c.name, c.nth)), Some((&call.name, call.nth)), "killed elsewhere");

    let promised = Reply::read(&output.stdout).map(|reply| reply.queued().expect("an answer, and not queued"));
    let queued = home.names("queued");
    if let Some(id) = promised {
        assert_eq!(queued, [format!("{id}.job")], "killed at {call:?}");
    }
    assert!(queued.len() + home.names("tmp").len() <= 1, "killed at {call:?}: {queued:?}, {:?}", home.names("tmp"));
    expect_that_all_run(&home, queued.len(), call);
}

/// The next delivery is taken, and it and the `before` jobs run once, in order.
fn expect_that_all_run(home: &Home, before: usize, call: &Call) {
    let next = home.deliver("succeeds", "next");
    let drained = home.drain();
    assert!(drained.status.success(), "after {call:?}: {drained:?}");
    let jobs = home.jobs();
    assert_eq!(jobs.len(), before + 1, "after {call:?}: {jobs:?}");
    assert_eq!(jobs.last().map(|job| job.id), Some(next), "after {call:?}: out of order");
    assert!(jobs.iter().all(|job| (job.state.as_str(), job.attempts) == ("done", 1)), "after {call:?}: {jobs:?}");
    let marks: Vec<String> =
        jobs.iter().flat_map(|job| [format!("begin {} 1", job.id), format!("end {} 1", job.id)]).collect();
    assert_eq!(home.marks(), marks, "after {call:?}");
}

#[test]
fn a_receiver_killed_at_any_call_keeps_what_it_promised() {
    for call in clean_run(&body()) {
        kill_at(&call, &body());
    }
}

#[test]
fn a_receiver_killed_while_a_long_payload_spills_keeps_what_it_promised() {
    let long = long_body();
    let calls = clean_run(&long);
    let changes_the_disk = |call: &&Call| call.is_one_of(&["pwrite64", "flock", "fsync", "renameat2"]);
    for call in calls.iter().filter(changes_the_disk) {
        let home = Home::new();
        let strace = home.strace().kill_at(&call.name, call.nth);
        let output = home.deliver_under(&strace, "succeeds", &long);
        assert!(was_killed(&output), "not killed at {call:?}");
        let (queued, tmp) = (home.names("queued"), home.names("tmp"));
        assert!(queued.len() + tmp.len() <= 1, "killed at {call:?}: {queued:?}, {tmp:?}");
        assert!(home.drain().status.success());
        assert_eq!(home.names("done").len(), 2 * queued.len(), "killed at {call:?}");
    }
}

/// A push that does not fit the draft's buffer.
fn long_body() -> Vec<u8> {
    let mut long = body();
    assert_eq!(long.pop(), Some(b'}'));
    long.extend(br#","filler":""#);
    long.extend(std::iter::repeat_n(b'x', 200_000));
    long.extend(br#""}"#);
    long
}

/// Calls that can fail for a reason of the disk: whatever touches a file. Replies and log lines are the server's, and
/// what closing says comes after the flush.
fn is_file_call(call: &Call) -> bool {
    let on_request = call.name == "read" && call.names("request");
    let touches = call.names("spool") || call.names("secret") || on_request;
    touches && !call.is_one_of(&["close", "fcntl"])
}

#[test]
fn a_receiver_that_a_call_fails_answers_and_logs_and_never_promises_too_much() {
    let home = Home::new();
    let strace = home.strace();
    home.deliver_under(&strace, "succeeds", &body());
    let calls = strace.calls();
    let points: Vec<&Call> = calls.iter().filter(|call| is_file_call(call)).collect();
    assert!(points.len() > 15, "{points:?}");
    for (i, call) in points.iter().enumerate() {
        for (j, errno) in ERRNOS.iter().enumerate() {
            if whole_map() || (i + j) % 3 == 0 {
                fail_at(call, errno);
            }
        }
    }
}

fn fail_at(call: &Call, errno: &str) {
    let home = Home::new();
    let strace = home.strace().fail_at(&call.name, call.nth, errno);
    let output = home.deliver_under(&strace, "succeeds", &body());
    let at = format!("{errno} at {} {}", call.name, call.arguments);
    assert!(strace.calls().iter().any(|c| c.failed() && c.result.contains("INJECTED")), "{at}: nothing was injected");
    let reply = Reply::read(&output.stdout).unwrap_or_else(|| panic!("{at}: no reply: {output:?}"));
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log.lines().count(), 1, "{at}: {log}");
    assert_eq!(home.names("tmp"), [""; 0], "{at}: residue");
    let queued = home.names("queued");
    if let Some(id) = reply.queued() {
        assert_eq!(queued, [format!("{id}.job")], "{at}");
        assert!(log.contains(" event=queued "), "{at}: {log}");
    } else {
        expect_refusal(call, &reply, &log, &at);
        let is_flush_of_queued = call.name == "fsync" && call.names("spool/queued");
        assert!(queued.is_empty() || is_flush_of_queued, "{at}: {queued:?}");
    }
    if !queued.is_empty() {
        assert!(home.drain().status.success(), "{at}");
        assert_eq!(home.names("done").len(), 2, "{at}");
    }
}

/// One line for the operator that names what failed, and a reply that names nothing.
fn expect_refusal(call: &Call, reply: &Reply, log: &str, at: &str) {
    assert!(log.contains(" event=refused "), "{at}: {log}");
    let told = if call.names("secret") {
        (500, "not configured")
    } else if call.names("request") {
        (400, "incomplete body")
    } else {
        (503, "the spool cannot take it now")
    };
    assert_eq!((reply.status, reply.text.as_str()), told, "{at}");
    assert_eq!(reply.head.contains("\r\nRetry-After: "), reply.status == 503, "{at}: {}", reply.head);
    let names_it = match reply.status {
        400 => log.contains("reason="),
        500 => log.contains("/secret"),
        _ => log.contains("reason=\"cannot ") && log.contains("/spool"),
    };
    assert!(names_it, "{at}: {log}");
}
