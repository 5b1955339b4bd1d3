//! Verbs and runners that die between a request and its answer, and requests that nobody should have written.

use crate::support::control::{GATE, control, json, open_gate, queue, request, said, until_begun};
use crate::support::until;
use crate::support::yard::{Runner, Yard};
use hookspool::model::JobId;
use hookspool::spool::{Answer, Order, PendingRequest, Request, SpoolOwner};
use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

/// A runner whose first job waits at the gate, and a second job behind it.
fn busy() -> (Yard, Runner, String) {
    let yard = Yard::new("", &[("docs", GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    queue(&yard, &["first"]);
    until_begun(&yard, 1);
    let id = queue(&yard, &["second"])[0];
    (yard, runner, id.to_string())
}

fn cancel(yard: &Yard, id: &str) -> Child {
    yard.hookspool(&["cancel", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn outcome(yard: &Yard, id: &str) -> String {
    yard.job(id.parse().unwrap())[1].clone()
}

#[test]
fn a_verb_whose_runner_dies_before_it_looked_does_the_work_itself() {
    let (yard, runner, id) = busy();
    runner.freeze();
    let verb = cancel(&yard, &id);
    request(&yard);
    drop(runner);
    let output = verb.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(outcome(&yard, &id), "cancelled");
    assert_eq!(control(&yard), [""; 0]);
}

#[test]
fn an_order_that_a_dead_runner_had_taken_is_carried_out_by_the_next() {
    let (yard, runner, id) = busy();
    runner.freeze();
    let mut verb = cancel(&yard, &id);
    let request = request(&yard);
    // What the runner does first; then it dies, and so does the verb.
    fs::rename(&request, request.with_extension("taken")).unwrap();
    verb.kill().unwrap();
    verb.wait().unwrap();
    drop(runner);
    let runner = yard.start();
    until("the order is carried out", || outcome(&yard, &id) == "cancelled");
    let answer = request.with_extension("answer");
    until("it is answered", || answer.exists());
    assert!(fs::read_to_string(&answer).unwrap().contains("cancelled"));
    assert!(!request.with_extension("taken").exists());
    drop(runner);
}

#[test]
fn the_answer_to_a_verb_that_died_harms_nobody_and_is_swept_away() {
    let (yard, runner, id) = busy();
    runner.freeze();
    let mut verb = cancel(&yard, &id);
    let request = request(&yard);
    verb.kill().unwrap();
    verb.wait().unwrap();
    runner.signal(Signal::CONT);
    until("the order is carried out", || request.with_extension("answer").exists());
    assert_eq!(outcome(&yard, &id), "cancelled");
    open_gate(&yard);
    until("the first job ends", || yard.site("ended") == "first\n");
    assert_eq!(runner.stop(), Some(0));
    age(&request.with_extension("answer"));
    assert!(yard.drain().status.success());
    assert_eq!(control(&yard), [""; 0]);
}

/// As if it had been there for an hour.
fn age(path: &std::path::Path) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn an_order_that_nobody_took_for_long_is_not_carried_out_any_more() {
    let (yard, runner, id) = busy();
    runner.freeze();
    let mut verb = cancel(&yard, &id);
    let request = request(&yard);
    verb.kill().unwrap();
    verb.wait().unwrap();
    age(&request);
    runner.signal(Signal::CONT);
    until("the request is gone", || !request.exists());
    assert!(!request.with_extension("answer").exists());
    assert_eq!(outcome(&yard, &id), "");
    drop(runner);
}

#[test]
fn what_is_no_order_never_stops_the_runner() {
    let (yard, runner, id) = busy();
    runner.freeze();
    let place = |number: u64, end: &str| yard.path("spool/control").join(format!("{number:016x}.{end}"));
    let elsewhere = yard.path("elsewhere");
    fs::write(&elsewhere, r#"{"by":"me","order":{"hold":{"hook":"docs","why":"a link"}}}"#).unwrap();
    symlink(&elsewhere, place(1, "request")).unwrap();
    fs::hard_link(&elsewhere, place(2, "request")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place(3, "request")).status().unwrap().success());
    fs::File::create(place(4, "request")).unwrap().set_len(1 << 40).unwrap();
    fs::create_dir_all(place(5, "request").join("not empty")).unwrap();
    let texts = [
        "",
        "{",
        "null",
        "\0\u{1}",
        "[[[[[[[[[[",
        r#"{"by":"me"}"#,
        r#"{"by":"me","order":{"explode":{}}}"#,
        r#"{"by":"me","order":{"hold":{"hook":"../../etc/passwd","why":"x"}}}"#,
        r#"{"by":"me","order":{"release-hook":{"hook":"../sequence"}}}"#,
        r#"{"by":"me","order":{"cancel":{"ids":["../../x"]}}}"#,
        r#"{"by":"me","order":{"remove":{"ids":["0000000000000000001.00000001"],"failed":true}}}"#,
    ];
    for (number, text) in (0x10..).zip(texts) {
        fs::write(place(number, "request"), text).unwrap();
    }
    fs::write(place(6, "request"), r#"{"by":"x","order":{"hold":{"hook":"docs","why":"a stranger"}}}"#).unwrap();
    let is_strange = std::os::unix::fs::chown(place(6, "request"), Some(65534), None).is_ok();
    fs::write(yard.path("spool/control/not a name"), "x").unwrap();
    runner.signal(Signal::CONT);

    let (status, text) = said(&yard, &["cancel", &id]);
    assert_eq!(status, Some(0), "{text}");
    until("every text is answered", || (0x10..).zip(texts).all(|(number, _)| place(number, "answer").exists()));
    let answer = |number| fs::read_to_string(place(number, "answer")).unwrap();
    assert!(answer(0x11).starts_with(r#"{"error":"this is no order: "#), "{}", answer(0x11));
    assert!(answer(0x17).contains("is not in the runner's configuration"), "{}", answer(0x17));
    assert!(answer(2).contains("one file of its owner's"), "{}", answer(2));
    assert!(!place(1, "answer").exists() && !place(3, "answer").exists());
    let left: Vec<String> = control(&yard).into_iter().filter(|name| name.ends_with(".request")).collect();
    assert_eq!(left, [format!("{:016x}.request", 5)], "only what cannot be removed stays");
    assert_eq!(fs::read_to_string(yard.path("spool/sequence")).unwrap().len(), 20, "no name leads out of holds/");
    assert!(is_strange == json(&yard, &["status"])["hooks"][0]["hold"].is_null());
    open_gate(&yard);
    until("the runner goes on", || yard.site("ended") == "first\n");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn verbs_do_their_work_while_runners_come_and_go() {
    let yard = Yard::new("", &[("docs", GATE)]);
    assert_eq!(said(&yard, &["hold", "docs", "-m", "nothing is to run"]).0, Some(0));
    for round in 0..8 {
        let branches: Vec<String> = (0..4).map(|n| format!("{round}.{n}")).collect();
        let ids = queue(&yard, &branches.iter().map(String::as_str).collect::<Vec<_>>());
        let first = yard.start();
        let verbs: Vec<Child> = ids.iter().map(|id| cancel(&yard, &id.to_string())).collect();
        if round % 2 == 0 {
            until("a verb was heard or waits", || ids.iter().any(|&id| !yard.is_in("queued", id)));
        }
        drop(first);
        let second = yard.start();
        for verb in verbs {
            let output = verb.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "round {round}: {output:?}");
        }
        for id in ids {
            assert_eq!(outcome(&yard, &id.to_string()), "cancelled", "round {round}");
            let ended = yard.history(id).iter().filter(|entry| entry["what"] == "ended").count();
            assert_eq!(ended, 1, "an order that is heard twice is carried out once");
        }
        drop(second);
    }
}

#[test]
fn an_order_is_taken_back_only_before_it_was_taken() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let request = Request { by: "me".to_owned(), order: Order::ReleaseHook { hook: "docs".to_owned() } };
    let place = || PendingRequest::place(home.path(), &request).unwrap();
    let errand = place();
    assert!(errand.take_back() && !errand.take_back());
    assert!(owner.take_requests(Timestamp::now()).unwrap().is_empty());

    let errand = place();
    let letters = owner.take_requests(Timestamp::now()).unwrap();
    assert_eq!(letters[0].request.as_ref().unwrap(), &request);
    assert!(!errand.take_back());
    assert_eq!(errand.wait(Duration::ZERO).unwrap(), None);
    owner.answer(&letters[0], &Answer::Error("no".to_owned()));
    assert_eq!(errand.wait(Duration::from_secs(60)).unwrap(), Some(Answer::Error("no".to_owned())));
    drop(place());
    drop(errand);
    assert_eq!(crate::spool::append::names(&home.path().join("control")), [""; 0]);
}

#[test]
fn a_job_whose_history_has_not_come_after_it_yet_is_not_removed() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = crate::spool::owner::append(home.path(), 1);
    let claim = crate::spool::owner::claim(&owner, id);
    let place = |state: &str, end: &str| home.path().join(state).join(format!("{id}.{end}"));
    // The middle of a settlement.
    fs::rename(place("running", "job"), place("done", "job")).unwrap();
    assert_eq!(owner.remove(&[id], false).unwrap().refused.len(), 1);
    assert!(place("done", "job").exists());
    fs::rename(place("running", "events"), place("done", "events")).unwrap();
    assert_eq!(owner.remove(&[id], false).unwrap().ids, [id]);
    drop(claim);
}

/// Jobs of one branch that a hold has held back.
const HELD: usize = 3_000;

/// A yard with so many held jobs of `docs`, and the order to release them, which no runner has taken yet; the newest.
fn released(shop: &str) -> (Yard, PathBuf, JobId) {
    let docs = "steps = [{ shell = \"echo $HOOKSPOOL_JOB >>ran\" }]";
    let yard = Yard::in_memory("workers = 2", &[("docs", docs), ("shop", shop)]);
    assert_eq!(said(&yard, &["hold", "docs", "-m", "x"]).0, Some(0));
    let jobs: Vec<JobId> = (0..HELD).map(|n| yard.deliver("docs", "main", &n.to_string())).collect();
    assert!(yard.drain().status.success());
    assert_eq!(count(&yard, "held"), HELD);
    let request = yard.path("spool/control/0123456789abcdef.request");
    fs::write(&request, "{\"by\":\"me\",\"order\":{\"release-hook\":{\"hook\":\"docs\"}}}").unwrap();
    (yard, request, jobs[HELD - 1])
}

fn count(yard: &Yard, state: &str) -> usize {
    crate::spool::append::names(&yard.path("spool").join(state))
        .iter()
        .filter_map(|name| name.strip_suffix(".job"))
        .count()
}

/// All were released before the first was begun, so that the newest alone ran; what the order was answered.
fn was_released(yard: &Yard, request: &Path, newest: JobId) -> String {
    assert_eq!((count(yard, "held"), yard.site("ran")), (0, format!("{newest}\n")));
    assert!(!yard.path("spool/holds/docs").exists());
    let answer: Value = serde_json::from_slice(&fs::read(request.with_extension("answer")).unwrap()).unwrap();
    answer["ok"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn other_queues_go_on_while_a_hook_with_very_many_jobs_is_released() {
    let (yard, request, newest) =
        released("steps = [{ shell = \"ls ../spool/held >seen; ls ../spool/holds >>seen\" }]");
    let shop = yard.deliver("shop", "main", "s");
    let output = yard.drain();
    assert!(output.status.success());
    assert!(yard.is_in("done", shop));
    let seen = yard.site("seen");
    assert!(seen.lines().count() > 10 && seen.ends_with("docs\n"), "the job ran after the release, not beside it");
    assert_eq!(was_released(&yard, &request, newest), format!("is released, with {HELD} held jobs"));
    assert_eq!(count(&yard, "done"), HELD + 1);
}

#[test]
fn a_release_that_a_runner_left_unfinished_is_finished_by_the_next() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (yard, request, newest) = released("steps = [{ shell = \"true\" }]");
        let runner = yard.start();
        until("some are released", || count(&yard, "held") < HELD);
        runner.signal(signal);
        runner.stop();
        assert!(yard.path("spool/holds/docs").exists(), "the release was over before the signal came");
        assert_eq!(yard.site("ran"), "");
        assert_eq!(count(&yard, "done"), 0, "nothing is decided on the way");
        assert!(yard.drain().status.success());
        assert_eq!(was_released(&yard, &request, newest), format!("is released, with {HELD} held jobs"));
    }
}
