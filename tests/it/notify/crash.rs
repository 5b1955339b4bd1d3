//! The runner, killed at each call on the way from the end of the steps to the last message. The next runner makes up
//! for it: each message is sent at least once, and the forge shows the end.

use super::delivery::{gitea, push, say, states, yard_of};
use crate::crash::strace::{Call, Strace, run, was_killed};
use crate::support::crash_home::whole_map;
use crate::support::standin::StandIn;
use crate::support::steps::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use rustix::process::{Pid, Signal, kill_process};
use std::path::PathBuf;
use std::process::Stdio;

/// A job that fails, whose end a forge and two targets are told of.
struct Told {
    yard: Yard,
    id: JobId,
    forge: StandIn,
    people: [StandIn; 2],
}

impl Told {
    fn new() -> Self {
        let (forge, people) = (StandIn::saying(201, "{}"), [(); 2].map(|()| StandIn::saying(200, "")));
        let target = |name: &str, service: &StandIn| {
            format!("[[notify]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{}\"\n", service.url("/x"))
        };
        let targets = target("a", &people[0]) + &target("b", &people[1]);
        let yard = yard_of(&format!(
            "{}notify = [\"a\", \"b\"]\nretry = {{ attempts = 1 }}\nsteps = [{{ shell = \". ./do\" }}]\n{targets}",
            gitea(&forge)
        ));
        say(&yard, "exit 1");
        let id = push(&yard, "docs", "main", 'a');
        Self { yard, id, forge, people }
    }

    /// Calls on the outbox, and on the job where it runs and where it goes.
    fn strace(&self) -> Strace {
        let spool = self.yard.spool();
        let mut paths: Vec<PathBuf> = ["outbox", "outbox/failed", "running", "failed"].map(|p| spool.join(p)).to_vec();
        for state in ["running", "failed"] {
            paths.extend(["job", "events"].map(|kind| spool.join(state).join(format!("{}.{kind}", self.id))));
        }
        self.yard.strace().follow_apart().only(&paths)
    }

    fn drain_under(&self, strace: &Strace) -> std::process::Output {
        run(&mut strace.around(&self.yard.hookspool(&["spool-runner", "--once"])), Stdio::null())
    }

    /// Where the runner dies before the steps are over, the job is interrupted: so that is what is told.
    fn expect_told(&self, at: &str) {
        let outcome = self.yard.job(self.id)[1].clone();
        let expected = match outcome.as_str() {
            "failed" => "a failure",
            "interrupted" => "a error",
            other => panic!("{at}: {other}"),
        };
        let states = states(&self.forge);
        assert_eq!(states.last().map(String::as_str), Some(expected), "{at}: {states:?}");
        for service in &self.people {
            let heard = service.heard();
            let standing = |n: usize| heard[n].json()["data"]["jobs"][0]["standing"].clone();
            assert!(!heard.is_empty(), "{at}: a target was told nothing");
            assert!((0..heard.len()).all(|n| standing(n) == outcome.as_str()), "{at}: {heard:?}");
        }
        let left: Vec<String> = self.yard.names("outbox").into_iter().filter(is_message).collect();
        assert_eq!((left, self.yard.names("outbox/failed")), (vec![], vec![]), "{at}");
    }
}

/// Neither the directory nor what a death left half written, which is swept later.
fn is_message(name: &String) -> bool {
    name != "failed" && !name.ends_with('~')
}

/// The calls that change something, of each thread that makes some on these paths.
fn points() -> Vec<Call> {
    let told = Told::new();
    let strace = told.strace();
    let output = told.drain_under(&strace);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    told.expect_told("a run that goes well");
    let changes = |call: &Call| call.is_one_of(&["openat", "pwrite64", "fsync", "renameat2", "unlinkat"]);
    let mut points: Vec<Call> = strace.calls_apart().into_iter().flatten().filter(changes).collect();
    points.dedup_by(|a, b| (&a.name, a.nth) == (&b.name, b.nth));
    points.sort_by_key(|call| (call.name.clone(), call.nth));
    points.dedup_by(|a, b| (&a.name, a.nth) == (&b.name, b.nth));
    points
}

#[test]
fn killed_at_any_call_each_message_is_sent_and_the_forge_shows_the_end() {
    let points = points();
    assert!(points.len() > 20, "{points:?}");
    assert!(points.iter().any(|call| call.name == "unlinkat"), "nothing was taken out of the outbox");
    let stride = if whole_map() { 1 } else { 5 };
    let (mut killed, mut failed) = (0, 0);
    for call in points.iter().step_by(stride) {
        let told = Told::new();
        let output = told.drain_under(&told.strace().kill_at(&call.name, call.nth));
        // Which thread comes first to a call of that number may differ from run to run.
        killed += usize::from(was_killed(&output));
        let at = format!("killed at {} {} {}", call.name, call.nth, call.arguments);
        let again = told.yard.drain();
        assert!(matches!(again.status.code(), Some(0 | 1)), "{at}: {again:?}");
        told.expect_told(&at);
        failed += usize::from(told.yard.job(told.id)[1] == "failed");
    }
    assert!(failed * 2 > points.len() / stride, "only {failed} died after the steps");
    assert!(killed * 2 > points.len() / stride, "only {killed} runs were killed");
}

/// The number of the write by which the job is settled, among those on its history while it runs.
fn last_write() -> usize {
    let told = Told::new();
    let events = told.yard.spool().join("running").join(format!("{}.events", told.id));
    let strace = told.yard.strace().follow_apart().only(std::slice::from_ref(&events));
    assert_eq!(told.drain_under(&strace).status.code(), Some(1));
    let calls = strace.calls_apart().into_iter().flatten();
    let nth = calls.filter(|call| call.name == "pwrite64").map(|call| call.nth).max();
    nth.expect("nothing was written")
}

#[test]
fn who_was_told_of_an_end_hears_of_no_other_though_the_runner_dies_before_it_is_written() {
    let nth = last_write();
    let told = Told::new();
    let events = told.yard.spool().join("running").join(format!("{}.events", told.id));
    // The job's end waits, and the messages about it do not.
    let strace = told.yard.strace().follow_apart().only(&[events]).inject("pwrite64", nth, "delay_enter=3000000");
    let mut runner = strace.around(&told.yard.hookspool(&["spool-runner", "--once"]));
    let mut runner = runner.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("both targets are told", || told.people.iter().all(|service| !service.heard().is_empty()));
    let id = runner.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let child = children.split_whitespace().next().and_then(|pid| Pid::from_raw(pid.parse().ok()?)).unwrap();
    kill_process(child, Signal::KILL).unwrap();
    runner.wait().unwrap();
    let again = told.yard.drain();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(told.yard.job(told.id)[1], "failed");
    told.expect_told("killed before the end was written");
}
