//! What no delivery told of: the runner asks the remote, and queues the job itself.

use crate::support::steps::until;
use crate::support::yard::Yard;
use std::fs;
use std::path::Path;
use std::process::Command;

const HOOK: &str = "dir = \"ROOT/work\"\n\
                    steps = [{ git = \"update\" }, { shell = \"cat file >>../seen; [ ! -e fail ]\" }]";

/// Longer than any test.
const DAY: &str = "1d";

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "init.defaultBranch=main"]);
    let output = command.args(arguments).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits `content` in the origin, without telling anybody.
pub(crate) fn push(yard: &Yard, files: &[(&str, &str)]) -> String {
    let origin = yard.path("origin");
    for (name, content) in files {
        fs::write(origin.join(name), content).unwrap();
    }
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "--quiet", "--message", "more"]);
    git(&origin, &["rev-parse", "HEAD"])
}

/// A yard with an origin, and a work tree that is its first commit; the remote is asked so often.
pub(crate) fn yard(reconcile: &str) -> Yard {
    let yard = Yard::new("", &[("a", "steps = [{ shell = \"true\" }]")]);
    fs::create_dir(yard.path("origin")).unwrap();
    git(&yard.path("origin"), &["init", "--quiet"]);
    push(&yard, &[("file", "one\n")]);
    git(&yard.path(""), &["clone", "--quiet", "origin", "work"]);
    yard.configure("", &[("a", &format!("reconcile = \"{reconcile}\"\n{HOOK}"))]);
    yard
}

pub(crate) fn seen(yard: &Yard) -> String {
    fs::read_to_string(yard.path("seen")).unwrap_or_default()
}

#[test]
fn a_push_that_nobody_told_of_is_deployed_once_and_shown_as_such() {
    let yard = yard("1s");
    let runner = yard.start();
    let commit = push(&yard, &[("file", "two\n")]);
    until("it is deployed", || seen(&yard) == "two\n");
    push(&yard, &[("file", "three\n"), ("fail", "")]);
    until("the next is tried", || seen(&yard) == "two\nthree\n");
    let last = push(&yard, &[("file", "four\n")]);
    until("another is tried", || seen(&yard) == "two\nthree\nfour\n");
    assert_eq!(runner.stop(), Some(0));
    let listed = yard.listed();
    let facts: Vec<_> = listed.iter().map(|job| (job["provider"].as_str().unwrap(), job["after"].clone())).collect();
    assert_eq!((facts.len(), facts[0].0, &facts[0].1), (3, "reconcile", &commit.into()), "{listed:?}");
    assert_eq!(facts[2].1, last);
    let first = listed[0]["id"].as_str().unwrap().parse().unwrap();
    let history = yard.history(first);
    assert!(history.iter().any(|entry| entry["what"] == "concluded" && entry["commit"] == facts[0].1), "{history:?}");
}

/// `spool-runner --once`, and what it logs.
fn drain(yard: &Yard) -> String {
    let output = yard.drain();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    log
}

/// Sets the time of the next question, by hand.
fn set_due(yard: &Yard, due: &str) {
    fs::write(yard.path("spool/reconcile"), format!("{{\"a\":\"{due}\"}}\n")).unwrap();
}

#[test]
fn a_runner_of_cron_finds_what_was_missed_and_asks_again_when_it_is_time() {
    let yard = yard(DAY);
    push(&yard, &[("file", "two\n")]);
    drain(&yard);
    assert_eq!(seen(&yard), "two\n", "asked, queued and deployed in one run");
    push(&yard, &[("file", "three\n")]);
    drain(&yard);
    assert_eq!(seen(&yard), "two\n", "it is not time yet");
    set_due(&yard, "2026-01-01T00:00:00Z");
    drain(&yard);
    assert_eq!(seen(&yard), "two\nthree\n");
    set_due(&yard, "2026-01-01T00:00:00Z");
    drain(&yard);
    assert_eq!((yard.listed().len(), seen(&yard)), (2, "two\nthree\n".to_owned()), "nothing was missed");
}

#[test]
fn a_schedule_that_is_damaged_lost_or_of_another_time_silences_nobody() {
    let yard = yard(DAY);
    drain(&yard);
    let schedule = yard.path("spool/reconcile");
    let mut expected = String::new();
    for (content, damage) in [("one", "{\"a\":\"20"), ("two", ""), ("three", "{\"a\":\"2199-01-01T00:00:00Z\"}")] {
        fs::write(&schedule, damage).unwrap();
        push(&yard, &[("file", &format!("{content} more\n"))]);
        let log = drain(&yard);
        expected = format!("{expected}{content} more\n");
        assert_eq!(seen(&yard), expected, "{damage}: {log}");
        drain(&yard);
    }
    fs::remove_file(&schedule).unwrap();
    push(&yard, &[("file", "four\n")]);
    drain(&yard);
    assert_eq!(seen(&yard), expected + "four\n");
}

#[test]
fn a_schedule_that_cannot_be_written_is_told_and_costs_no_push() {
    let yard = yard(DAY);
    fs::create_dir(yard.path("spool/reconcile")).unwrap();
    for content in ["two\n", "three\n"] {
        push(&yard, &[("file", content)]);
        let log = drain(&yard);
        assert!(log.contains("no-schedule") && log.contains("spool/reconcile: is a directory"), "{log}");
    }
    assert_eq!(seen(&yard), "two\nthree\n");
}

#[test]
fn a_runner_that_goes_on_keeps_to_the_schedule_of_the_one_before() {
    let yard = yard(DAY);
    set_due(&yard, "2026-01-01T00:00:00Z");
    push(&yard, &[("file", "two\n")]);
    let runner = yard.start();
    until("it is deployed", || seen(&yard) == "two\n");
    assert_eq!(runner.stop(), Some(0));
    let left: serde_json::Value = serde_json::from_slice(&fs::read(yard.path("spool/reconcile")).unwrap()).unwrap();
    let due: jiff::Timestamp = left["a"].as_str().unwrap().parse().unwrap();
    let hours = due.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0;
    assert!((21.5..26.5).contains(&hours), "a tenth off a day: {hours}");
}

/// A yard whose remote never answers, and says in `asked` that it was asked.
fn silent_yard() -> Yard {
    let yard = yard(DAY);
    let script = "#!/bin/sh\necho $$ >>asked\nexec sleep 1000\n";
    fs::write(yard.path("silence"), script.replace("asked", yard.path("asked").to_str().unwrap())).unwrap();
    let command = format!("sh {}", yard.path("silence").display());
    git(&yard.path("work"), &["config", "remote.origin.uploadpack", &command]);
    yard
}

/// How many times the remote was asked; none of its processes lives.
fn asked(yard: &Yard) -> usize {
    let asked = fs::read_to_string(yard.path("asked")).unwrap_or_default();
    for pid in asked.lines() {
        assert!(!Path::new("/proc").join(pid).exists(), "process {pid} outlives the runner");
    }
    asked.lines().count()
}

#[test]
fn a_remote_that_does_not_answer_is_waited_for_no_longer_than_the_runner_may_run() {
    let yard = silent_yard();
    let run = || {
        let output = yard.hookspool(&["spool-runner", "--once", "--max-runtime", "1s"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let log = run();
    assert!(log.contains("cannot-reconcile") && log.contains("ended before the remote answered"), "{log}");
    assert_eq!(asked(&yard), 1);
    run();
    assert_eq!(asked(&yard), 1, "it is not asked each minute for that");
}

#[test]
fn a_stop_ends_the_question_and_the_next_runner_asks_at_once() {
    let yard = silent_yard();
    set_due(&yard, "2026-01-01T00:00:00Z");
    for times in [1, 2] {
        let runner = yard.start();
        until("the remote is asked", || {
            fs::read_to_string(yard.path("asked")).is_ok_and(|a| a.lines().count() == times)
        });
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(asked(&yard), times);
    }
}

#[test]
fn what_was_missed_is_deployed_whatever_events_the_hook_wants() {
    let yard = yard(DAY);
    yard.configure("", &[("a", &format!("reconcile = \"{DAY}\"\nevents = [\"merge\"]\n{HOOK}"))]);
    push(&yard, &[("file", "two\n")]);
    drain(&yard);
    assert_eq!(seen(&yard), "two\n");
}
