//! The real runner, killed at each system call of a job's life. The next runner accounts for the job: it ends once, in
//! the right place, its attempts counted, and never beside a copy of itself.
//!
//! Without more, kills are where something changes: files of the spool, processes, log lines. With
//! `HOOKSPOOL_CRASH=full` in the environment (`tests/campaign calls`) they are at every such call, and at the first of those
//! that follow one and only look around: the others (thousands, most of them in `/proc`) find all as the first did.

use crate::crash::strace::{Call, Strace, was_killed};
use crate::support::crash_home::{Home, Job, tree, whole_map};
use hookspool::model::JobId;

/// A job, what becomes of it, and what the runner that is killed finds.
#[derive(Debug, Clone, Copy)]
struct Case {
    hook: &'static str,
    is_form: bool,
    /// A runner died before, while the job ran.
    was_interrupted: bool,
    ends: (&'static str, &'static str),
    /// Of the places where something changes every so manieth is taken.
    stride: usize,
}

const SUCCEEDS: Case =
    Case { hook: "succeeds", is_form: false, was_interrupted: false, ends: ("done", "succeeded"), stride: 1 };

/// A place to kill at.
#[derive(Debug, Clone)]
struct Point {
    call: Call,
    /// Counted among the calls on the spool only: the others differ from run to run.
    on_spool: bool,
    /// The step's process has been made, and its exit is not yet known.
    step_runs: bool,
}

/// Changes nothing that another process could see.
const LOOKS: [&str; 14] = [
    "futex",
    "read",
    "pread64",
    "close",
    "fcntl",
    "stat",
    "fstat",
    "statx",
    "newfstatat",
    "getdents64",
    "getpid",
    "geteuid",
    "getrandom",
    "access",
];
/// How often they are called depends on the processes of the machine, or on memory.
const VARIES: [&str; 15] = [
    "read",
    "open",
    "openat",
    "close",
    "fcntl",
    "stat",
    "fstat",
    "statx",
    "newfstatat",
    "getdents64",
    "mmap",
    "munmap",
    "brk",
    "mremap",
    "mprotect",
];
/// How often these are called depends on who is quicker, the step or the runner. The last two are those of the handler
/// of SIGCHLD, which interrupts whichever thread the kernel chooses, and once for several children that end together.
const RACES: [&str; 7] = ["ppoll", "poll", "pidfd_open", "pidfd_send_signal", "wait4", "sendto", "rt_sigreturn"];

impl Case {
    /// A home with the job queued, or interrupted.
    fn prepare(&self) -> (Home, JobId) {
        let home = Home::new();
        let id = if self.is_form { home.deliver_form(self.hook, "one") } else { home.deliver(self.hook, "one") };
        if self.was_interrupted {
            home.kill_runner_while_the_step_runs();
        }
        if self.hook == "times-out" {
            home.close_gate();
        }
        (home, id)
    }

    /// Where to kill, in the order of a run that goes well.
    fn points(&self) -> Vec<Point> {
        let (home, id) = self.prepare();
        let strace = home.strace().only(&home.paths_of(id));
        home.drain_under(&strace);
        let on_spool = told_apart(strace.calls(), changes_the_spool).into_iter();
        let on_spool: Vec<Point> = on_spool.map(|(_, call)| Point { call, on_spool: true, step_runs: false }).collect();

        let (home, _) = self.prepare();
        home.drain_under(&home.strace());
        let calls = home.strace().calls();
        let exit = exit_wait(&calls).clone();
        let made = calls.iter().position(is_fork).expect("no process was made");
        let waited = calls.iter().position(|call| *call == exit).expect("nothing was waited for");
        let begun = calls.iter().position(|call| call.names("spool")).expect("no call on the spool");
        let others = told_apart(calls, |call| !call.is_one_of(&LOOKS) && !call.is_one_of(&VARIES)).into_iter();
        let others = others.filter(|(i, call)| *i >= begun && !call.names("spool"));
        let others = others.map(|(i, call)| Point { call, on_spool: false, step_runs: made < i && i <= waited });
        on_spool.into_iter().chain(others).step_by(if whole_map() { 1 } else { self.stride }).collect()
    }

    fn kill_at(&self, point: &Point) {
        let (home, id) = self.prepare();
        if point.step_runs && self.hook != "times-out" {
            home.close_gate();
        }
        let strace = if point.on_spool { home.strace().only(&home.paths_of(id)) } else { home.strace() };
        let output = home.drain_under(&strace.kill_at(&point.call.name, point.call.nth));
        let at = format!("{} killed at {point:?}", self.hook);
        expect_kill(&home.strace(), point, was_killed(&output), &at);
        if self.hook != "times-out" {
            home.remove_gate();
        }

        let had_started = home.count(id, "started") > 0;
        let had_ended = home.count(id, "ended") > 0;
        let second = home.drain_after_a_kill();
        assert!(matches!(second.status.code(), Some(0 | 1)), "{at}: {second:?}");
        let held = self.hook == "holds" && had_started && !had_ended;
        let ends = if held { ("held", "") } else { self.ends };
        self.expect_accounted(&home, id, ends, &at);
    }

    fn expect_accounted(&self, home: &Home, id: JobId, ends: (&str, &str), at: &str) {
        let jobs = home.jobs();
        let attempts = home.count(id, "started");
        let (state, outcome) = (ends.0.to_owned(), ends.1.to_owned());
        let expected = Job { id, state, outcome, attempts: attempts as u64 };
        assert_eq!(jobs, [expected], "{at}: {:#?}", home.history(id));
        assert_eq!(home.names(ends.0), [format!("{id}.events"), format!("{id}.job")], "{at}");
        for place in ["tmp", "queued", "running", "waiting"] {
            assert_eq!(home.names(place), [""; 0], "{at}: {place}: {}", tree(&home.spool()));
        }
        assert!(!home.step_is_alive(), "{at}: a copy of the step lives on");
        self.expect_marks(home, id, attempts, ends, at);
        assert!(ends.0 == "held" || home.count(id, "ended") == 1, "{at}: {:#?}", home.history(id));
    }

    /// Attempts begin one after the other, each once, and none that is not on record.
    fn expect_marks(&self, home: &Home, id: JobId, attempts: usize, ends: (&str, &str), at: &str) {
        let marks = home.marks();
        let begun: Vec<&String> = marks.iter().filter(|mark| mark.starts_with("begin ")).collect();
        let ended = marks.iter().filter(|mark| mark.starts_with("end ")).count();
        let numbered = (1..=attempts).map(|n| format!("begin {id} {n}"));
        let possible: Vec<String> = numbered.filter(|mark| begun.contains(&mark)).collect();
        assert!(begun.iter().copied().eq(&possible), "{at}: {marks:?} in {attempts} attempts");
        assert_eq!(begun.len() + ended, marks.len(), "{at}: {marks:?}");
        let most = 2 + usize::from(self.was_interrupted);
        assert!(attempts <= if self.hook == "holds" { 1 } else { most }, "{at}: {marks:?}");
        if ends.0 != "held" && self.hook != "times-out" {
            assert_eq!(marks.last(), Some(&format!("end {id} {attempts}")), "{at}");
        }
    }
}

/// The calls that change something, with their places in `calls`; for the whole map also the first after each of them.
fn told_apart(calls: Vec<Call>, changes: impl Fn(&Call) -> bool) -> Vec<(usize, Call)> {
    let mut follows_a_change = true;
    let is_point = |(_, call): &(usize, Call)| {
        let is_change = changes(call);
        // Whether a thread has to wait for another is never the same.
        let is_first = call.name != "futex" && std::mem::replace(&mut follows_a_change, is_change);
        is_change || (whole_map() && is_first)
    };
    calls.into_iter().enumerate().filter(is_point).collect()
}

pub(crate) fn changes_the_spool(call: &Call) -> bool {
    let creates = call.arguments.contains("O_CREAT");
    let is_change = !call.is_one_of(&LOOKS) && !call.is_one_of(&VARIES) && !call.is_one_of(&["mkdir", "mkdirat"]);
    creates || is_change
}

fn is_fork(call: &Call) -> bool {
    call.is_one_of(&["clone", "clone3", "fork", "vfork"])
}

/// The first wait for the step's exit: it has descriptors of the step's output.
fn exit_wait(calls: &[Call]) -> &Call {
    let made = calls.iter().position(is_fork).expect("no process was made");
    let waits = |call: &&Call| call.is_one_of(&["ppoll", "poll"]) && call.arguments.contains("pipe:");
    calls[made..].iter().find(waits).expect("nobody waited for the step")
}

/// What varies from run to run may not come so often; everything else is met where it was expected.
fn expect_kill(strace: &Strace, point: &Point, was_killed: bool, at: &str) {
    let varies = [&LOOKS[..], &VARIES, &RACES].iter().any(|names| point.call.is_one_of(names));
    let may_differ = !point.on_spool && varies;
    assert!(was_killed || may_differ, "{at}: not killed");
    let last = strace.calls().pop().expect("an empty trace");
    assert!(!was_killed || (&last.name, last.nth) == (&point.call.name, point.call.nth), "{at}: {last:?}");
}

fn map(case: Case) {
    let points = case.points();
    assert!(points.len() * case.stride > 40, "{points:?}");
    let began = std::time::Instant::now();
    for point in &points {
        case.kill_at(point);
    }
    if whole_map() {
        eprintln!("{}: {} kills in {} s", case.hook, points.len(), began.elapsed().as_secs());
    }
}

#[test]
fn a_job_that_succeeds_survives_its_runner_at_any_call() {
    map(SUCCEEDS);
}

#[test]
fn a_job_with_steps_after_it_survives_its_runner_at_any_call() {
    map(Case { hook: "tells", stride: 4, ..SUCCEEDS });
}

#[test]
fn a_job_that_fails_survives_its_runner_at_any_call() {
    map(Case { hook: "fails", ends: ("failed", "failed"), stride: 6, ..SUCCEEDS });
}

#[test]
fn a_job_that_times_out_survives_its_runner_at_any_call() {
    map(Case { hook: "times-out", ends: ("failed", "timed-out"), stride: 9, ..SUCCEEDS });
}

#[test]
fn a_form_survives_its_runner_at_any_call_and_each_attempt_gets_the_whole_document() {
    map(Case { is_form: true, stride: 7, ..SUCCEEDS });
}

#[test]
fn a_job_that_holds_when_interrupted_never_starts_twice() {
    map(Case { hook: "holds", stride: 3, ..SUCCEEDS });
}

#[test]
fn a_recovery_that_is_killed_is_recovered() {
    map(Case { was_interrupted: true, stride: 5, ..SUCCEEDS });
}
