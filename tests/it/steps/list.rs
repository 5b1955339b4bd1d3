//! Edge. Order, failure, `always`, `on_failure`, time-outs, stop and cancel.

use crate::support::steps::{Bench, LONG, always, run, shell, step};
use hookspool::config::{Step, StepAction};
use hookspool::model::Outcome;
use hookspool::runner::log::JobLog;
use hookspool::runner::steps::{List, StepNews, StepResult, TimeLimit, run_job};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

/// Ends only when it is ended.
const FOR_EVER: &str = "exec sleep 100000";
const SHORT: Duration = Duration::from_millis(100);

#[test]
fn steps_run_in_order_and_all_of_them() {
    let remove = step(StepAction::Remove("out".into()));
    let bench = Bench::new([shell("echo 1 >>seen; mkdir out"), remove, run(&["sh", "-c", "echo 3 >>seen; ls >>seen"])]);
    let done = bench.run();
    assert_eq!((done.result.outcome, done.result.reason.as_str()), (Outcome::Succeeded, ""));
    assert_eq!(bench.file("seen"), "1\n3\nseen\n");
    let titles: Vec<_> = done.records.iter().map(|r| (r.index, r.title.as_str(), r.list)).collect();
    let expected = [
        (1, "echo 1 >>seen; mkdir out", List::Steps),
        (2, "remove out", List::Steps),
        (3, "sh -c echo 3 >>seen; ls >>seen", List::Steps),
    ];
    assert_eq!(titles, expected);
}

#[test]
fn after_a_failed_step_only_those_run_that_always_do() {
    let bench = Bench::new([
        shell("echo 1 >>seen"),
        shell("echo 2 >>seen; exit 3"),
        shell("echo 3 >>seen"),
        always(shell("echo 4 >>seen; exit 5")),
        always(shell("echo 5 >>seen")),
    ]);
    let done = bench.run();
    assert_eq!(bench.file("seen"), "1\n2\n4\n5\n");
    assert_eq!(done.result.outcome, Outcome::Failed);
    assert_eq!(done.result.reason, "step 2 (echo 2 >>seen; exit 3) exited with 3");
    assert!(!done.result.transient);
    assert_eq!(done.results(), [0, 3, 5, 0].map(StepResult::Exited));
    assert!(done.log.contains(" job step 3 of 5 left out: echo 3 >>seen\n"), "{}", done.log);
}

#[test]
fn a_job_whose_only_failure_is_an_always_step_has_failed() {
    let done = Bench::new([shell("true"), always(shell("exit 1"))]).run();
    assert_eq!(done.result.reason, "step 2 (exit 1) exited with 1");
}

#[test]
fn exit_75_asks_to_be_retried() {
    let done = Bench::new([shell("exit 75")]).run();
    assert_eq!((done.result.outcome, done.result.transient), (Outcome::Failed, true));
}

#[test]
fn a_signal_is_named() {
    let done = Bench::new([shell("kill -SEGV $$")]).run();
    assert_eq!(done.result.reason, "step 1 (kill -SEGV $$) was ended by signal 11: it crashed (SIGSEGV)");
    assert_eq!(done.results(), [StepResult::Signalled(11)]);
}

#[test]
fn what_cannot_start_is_refused_with_a_reason() {
    let reason = |step: Step| {
        let bench = Bench::new([step]);
        let file = |name: &str, text: &str, mode: u32| {
            fs::write(bench.dir().join(name), text).unwrap();
            fs::set_permissions(bench.dir().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        file("plain", "#!/bin/sh\n", 0o644);
        file("stray", "#!/no/such/interpreter\n", 0o755);
        let done = bench.run();
        assert_eq!((done.result.outcome, done.result.transient), (Outcome::Failed, false));
        done.result.reason.replace(&bench.dir().display().to_string(), "DIR")
    };
    let absent = reason(run(&["no-such-program", "x"]));
    assert!(absent.starts_with("step 1 (no-such-program x): program `no-such-program` is not in PATH (/"), "{absent}");
    assert_eq!(reason(run(&["./absent"])), "step 1 (./absent): cannot run `./absent` in `DIR`: does not exist");
    let plain = "step 1 (./plain): cannot run `./plain` in `DIR`: not executable; `chmod +x` it";
    assert_eq!(reason(run(&["./plain"])), plain);
    let stray = "step 1 (./stray): cannot start `DIR/./stray`: the interpreter that it names does not exist";
    assert_eq!(reason(run(&["./stray"])), stray);
    assert_eq!(reason(run(&["/tmp"])), "step 1 (/tmp): cannot run `/tmp` in `DIR`: not a file");
    assert_eq!(reason(run(&["sh", "a\0b"])).split(": ").last().unwrap(), "nul byte found in provided data");
}

#[test]
fn a_missing_work_directory_is_named() {
    for action in [StepAction::Shell("true".into()), StepAction::Remove("x".into())] {
        let mut bench = Bench::new([step(action)]);
        bench.plan.dir = bench.root.path().join("absent");
        let reason = bench.run().result.reason;
        assert!(reason.ends_with(&format!(": directory `{}` does not exist", bench.dir().display())), "{reason}");
    }
}

#[test]
fn no_step_works_in_the_spool_or_around_it_by_way_of_a_link() {
    let mut bench = Bench::new([step(StepAction::Remove("a.job".into())), always(shell("echo begun >begun"))]);
    let spool = bench.facts.spool.clone();
    fs::create_dir_all(spool.join("done")).unwrap();
    fs::write(spool.join("done/a.job"), "a job").unwrap();
    for (name, leads_to) in [("inside", spool.join("done")), ("around", bench.root.path().to_owned())] {
        bench.plan.dir = bench.root.path().join(name);
        std::os::unix::fs::symlink(&leads_to, &bench.plan.dir).unwrap();
        let done = bench.run();
        assert_eq!(done.result.outcome, Outcome::Failed, "{name}");
        assert!(done.result.reason.contains("lie in one another, through a link"), "{}", done.result.reason);
        assert!(!leads_to.join("begun").exists(), "{name}");
    }
    assert!(spool.join("done/a.job").exists());
}

#[test]
fn a_step_that_takes_too_long_is_ended_and_always_and_on_failure_still_run() {
    let slow = Step { timeout: Some(SHORT), ..shell(FOR_EVER) };
    let mut bench = Bench::new([slow, shell("echo no >>seen"), always(shell("echo always >>seen"))]);
    bench.plan.on_failure = vec![
        shell("echo $HOOKSPOOL_OUTCOME: $HOOKSPOOL_REASON >>seen; exit 9"),
        shell("echo second >>seen; echo text; echo $HOOKSPOOL_HOOK >>seen"),
    ];
    let done = bench.run();
    assert_eq!((done.result.outcome, done.result.transient), (Outcome::TimedOut, false));
    assert_eq!(done.results(), [StepResult::TimedOut(TimeLimit::Step(SHORT)), StepResult::Exited(0)]);
    let records = bench.run_on_failure(&done.result);
    let expected =
        "always\ntimed-out: step 1 (exec sleep 100000) timed out after 100ms (`timeout` of the step)\nsecond\ndocs\n";
    assert_eq!(bench.file("seen"), expected);
    let ended: Vec<_> = records.iter().map(|r| (r.index, r.list, r.result.clone())).collect();
    let (ninth, zero) = (StepResult::Exited(9), StepResult::Exited(0));
    assert_eq!(ended, [(1, List::OnFailure, ninth), (2, List::OnFailure, zero)]);
    assert!(bench.log().contains(" out text\n"));
}

#[test]
fn a_job_that_takes_too_long_is_ended_and_always_steps_get_its_time_again() {
    let mut bench = Bench::new([shell(FOR_EVER), shell("echo no >>seen"), always(shell("echo always >>seen"))]);
    bench.plan.timeout = Duration::from_millis(500);
    let done = bench.run();
    assert_eq!(done.result.outcome, Outcome::TimedOut);
    let limit = TimeLimit::Hook(Duration::from_millis(500));
    assert_eq!(done.results(), [StepResult::TimedOut(limit), StepResult::Exited(0)]);
    let reason = "step 1 (exec sleep 100000) timed out after 500ms for the whole job (`timeout` of the hook)";
    assert_eq!(done.result.reason, reason);
    assert_eq!(bench.file("seen"), "always\n");
}

#[test]
fn an_overlong_timeout_is_no_timeout() {
    let mut bench = Bench::new([Step { timeout: Some(Duration::MAX), ..shell("true") }]);
    bench.plan.timeout = Duration::MAX;
    assert_eq!(bench.run().result.outcome, Outcome::Succeeded);
}

/// Runs a job whose first step says that it is there; then `then` acts.
fn interrupt(bench: &Bench, then: impl FnOnce(&Bench) + Send) -> crate::support::steps::Done {
    let up = bench.fifo("up");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            up.line();
            then(bench);
        });
        bench.run()
    })
}

#[test]
fn a_stopping_runner_lets_the_job_go_on_for_a_while() {
    let bench = Bench::new([shell("echo >up; read x <go; echo 1 >>seen"), shell("echo 2 >>seen")]);
    let go = bench.dir().join("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    let done = interrupt(&bench, |bench| {
        bench.stop.1.request();
        fs::write(&go, "x\n").unwrap();
    });
    assert_eq!(done.result.outcome, Outcome::Succeeded);
    assert_eq!(bench.file("seen"), "1\n2\n");
}

#[test]
fn a_job_that_outlasts_the_grace_is_interrupted_and_nothing_runs_after() {
    let mut bench = Bench::new([shell("echo >up; exec sleep 100000"), always(shell("echo 2 >>seen"))]);
    bench.grace = SHORT;
    let done = interrupt(&bench, |bench| bench.stop.1.request());
    assert_eq!((done.result.outcome, done.result.transient), (Outcome::Interrupted, false));
    assert_eq!(done.results(), [StepResult::Interrupted]);
    assert_eq!(bench.file("seen"), "");
}

#[test]
fn a_runner_without_grace_starts_nothing_once_it_was_stopped() {
    let mut bench = Bench::new([shell("echo 1 >>seen")]);
    bench.grace = Duration::ZERO;
    bench.stop.1.request();
    assert_eq!(bench.run().result.outcome, Outcome::Interrupted);
    assert_eq!(bench.file("seen"), "");
}

#[test]
fn a_cancelled_job_ends_at_once_and_its_always_steps_run() {
    let bench =
        Bench::new([shell("echo >up; exec sleep 100000"), shell("echo 2 >>seen"), always(shell("echo 3 >>seen"))]);
    let began = Instant::now();
    let done = interrupt(&bench, |bench| bench.cancel.1.request());
    assert_eq!(done.result.outcome, Outcome::Cancelled);
    assert_eq!(done.results(), [StepResult::Cancelled, StepResult::Exited(0)]);
    assert_eq!(bench.file("seen"), "3\n");
    assert!(began.elapsed() < LONG);
}

#[test]
fn a_step_that_cannot_be_recorded_fails_the_job_and_may_be_tried_again() {
    let bench = Bench::new([shell("echo 1 >>seen"), shell("echo 2 >>seen"), always(shell("echo 3 >>seen"))]);
    let mut log = JobLog::open(&bench.facts.log).unwrap();
    let full = |_: StepNews<'_>| Err(io::Error::other("disk full"));
    let result = run_job(&bench.plan, &bench.facts, &mut log, &bench.control(), &mut { full });
    assert_eq!((result.outcome, result.transient), (Outcome::Failed, true));
    assert_eq!(result.reason, "cannot record step 1 (echo 1 >>seen): disk full");
    assert_eq!(bench.file("seen"), "1\n3\n");
}
