//! One runner, one copy of a job: a second runner, what survives a killed one, a request to stop, a clock that was
//! wrong.

use crate::crash::strace::{run, was_killed};
use crate::support::crash_home::Home;
use hookspool::model::JobId;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Output, Stdio};

fn end(mut runner: Child) {
    runner.kill().unwrap();
    runner.wait().unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_second_runner_exits_75_and_names_the_first() {
    let home = Home::new();
    home.deliver("succeeds", "one");
    let first = home.runner_at_the_gate(home.runner());
    let second = home.drain();
    assert_eq!(second.status.code(), Some(75));
    let expected = format!(
        "hookspool: {} is locked by the runner with process id {}; only one runner works on a spool\n",
        home.spool().join("lock").display(),
        first.id()
    );
    assert_eq!(text(&second.stderr), expected);
    end(first);
    home.remove_gate();
    assert!(home.drain().status.success());
}

#[test]
fn what_survives_a_killed_runner_is_ended_before_the_job_starts_again() {
    let home = Home::new();
    let id = home.deliver("succeeds", "one");
    home.kill_runner_while_the_step_runs();
    let second = home.drain();
    assert!(second.status.success(), "{second:?}");
    let log = text(&second.stderr);
    assert!(log.contains(&format!("event=interrupted job={id} ended=1 left=0")), "{log}");
    assert_eq!(home.marks(), [format!("begin {id} 1"), format!("begin {id} 2"), format!("end {id} 2")]);
}

/// A process between fork and exec has not the job's mark yet: nobody could find it. But it still has the lock.
#[test]
fn a_process_that_is_not_yet_the_step_keeps_the_next_runner_out() {
    let home = Home::new();
    let id = home.deliver("succeeds", "one");
    let strace = home.strace().follow().inject("setsid", 1, "signal=STOP").kill_at("recvfrom", 1);
    let mut traced = strace.around(&home.runner());
    let first = traced.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let child = stopped_child(&home);
    let second = home.drain();
    assert_eq!(second.status.code(), Some(75), "{second:?}");
    assert_eq!(home.marks(), [""; 0]);

    kill_process(child, Signal::CONT).unwrap();
    let output = first.wait_with_output().unwrap();
    assert!(was_killed(&output), "{output:?}");
    assert!(home.drain().status.success());
    let ended = home.marks().iter().filter(|mark| mark.starts_with("end ")).count();
    assert!(!home.marks().iter().any(|mark| mark.starts_with("overlap")), "{:?}", home.marks());
    assert!(ended >= 1 && home.count(id, "ended") == 1, "{:?}", home.marks());
}

/// The child of the runner in `trace`, once it has stopped and the runner is gone.
fn stopped_child(home: &Home) -> Pid {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let trace = std::fs::read_to_string(home.path("trace")).unwrap_or_default();
        let stopped = trace.lines().find(|line| line.contains("--- stopped by SIGSTOP ---"));
        let is_killed = trace.lines().any(|line| line.contains("+++ killed by SIGKILL +++"));
        if let (Some(line), true) = (stopped, is_killed) {
            let pid = line.split_whitespace().next().and_then(|pid| pid.parse().ok());
            return pid.and_then(Pid::from_raw).expect("no process id");
        }
        assert!(std::time::Instant::now() < until, "{trace}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn stop(runner: Child) -> Output {
    kill_process(Pid::from_child(&runner), Signal::TERM).unwrap();
    runner.wait_with_output().unwrap()
}

#[test]
fn a_runner_told_to_stop_gives_the_job_its_grace_and_the_next_one_runs_it_again() {
    let home = Home::with_runner_settings("grace = \"100ms\"");
    let id = home.deliver("succeeds", "one");
    home.deliver("succeeds", "two");
    let stopped = stop(home.runner_at_the_gate(home.runner()));
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    let log = text(&stopped.stderr);
    assert!(log.contains("event=retry") && log.contains("outcome=interrupted"), "{log}");
    assert!(!home.step_is_alive(), "the step outlived the grace");
    assert_eq!((home.names("queued").len(), home.names("waiting").len()), (1, 2), "the second job was begun");

    home.remove_gate();
    assert!(home.drain().status.success());
    let jobs: Vec<_> = home.jobs().into_iter().map(|job| (job.state, job.attempts)).collect();
    assert_eq!(jobs, [("done".to_owned(), 2), ("done".to_owned(), 1)]);
    assert_eq!(home.marks()[..3], [format!("begin {id} 1"), format!("begin {id} 2"), format!("end {id} 2")]);
}

#[test]
fn a_job_that_ends_within_the_grace_is_not_interrupted() {
    let home = Home::with_runner_settings("grace = \"60s\"");
    let id = home.deliver("succeeds", "one");
    let runner = home.runner_at_the_gate(home.runner());
    kill_process(Pid::from_child(&runner), Signal::TERM).unwrap();
    drop(std::fs::File::options().write(true).open(home.path("gate")).unwrap());
    let output = runner.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(home.marks(), [format!("begin {id} 1"), format!("end {id} 1")]);
    assert_eq!(home.names("done").len(), 2);
}

/// What a clock leaves that was an hour ahead when a delivery came, and was then set right: a job from the future.
fn job_from_the_future(home: &Home) -> JobId {
    let mut meta = crate::spool::append::meta("succeeds", 0);
    meta.arrived_at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let inbox = hookspool::spool::Inbox::open(&home.spool()).unwrap();
    let mut draft = inbox.draft().unwrap();
    draft.write(&crate::support::crash_home::body()).unwrap();
    draft.commit(&meta).unwrap()
}

#[test]
fn jobs_stay_in_order_of_arrival_when_the_clock_is_set_back() {
    for sequence_is_lost in [false, true] {
        let home = Home::new();
        let first = job_from_the_future(&home);
        if sequence_is_lost {
            std::fs::write(home.path("spool/sequence"), "").unwrap();
        }
        let order = [first, home.deliver("succeeds", "two"), home.deliver("succeeds", "three")];
        assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
        let drained = run(&mut home.runner(), Stdio::null());
        assert!(drained.status.success(), "{drained:?}");
        let begun: Vec<String> = home.marks().into_iter().filter(|mark| mark.starts_with("begin ")).collect();
        assert_eq!(begun, order.map(|id| format!("begin {id} 1")));
    }
}
