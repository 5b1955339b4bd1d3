//! Edge. Every process of a job, wherever it went, and how it ends.

use crate::support::steps::{Bench, Done, Fifo, LONG, in_own_process, shell, until};
use hookspool::model::Outcome;
use hookspool::runner::steps::end_survivors;
use hookspool::system::{reap, table};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(100);

/// Runs a job of one step. It writes `ready` lines to descriptor 9, which all its descendants inherit; then the job is
/// cancelled. The end of the FIFO is the end of the last of them.
fn cancelled(script: &str, ready: usize, change: impl FnOnce(&mut Bench)) -> Done {
    let mut bench = Bench::new([shell(&format!("exec 9>alive; {script}"))]);
    change(&mut bench);
    let alive = bench.fifo("alive");
    let (done, alive) = std::thread::scope(|scope| {
        let bench = &bench;
        let watcher = scope.spawn(move || {
            (0..ready).for_each(|_| drop(alive.line()));
            bench.cancel.1.request();
            alive
        });
        (bench.run(), watcher.join().unwrap())
    });
    assert_eq!(done.result.outcome, Outcome::Cancelled, "{}", done.log);
    alive.end();
    done
}

#[test]
fn a_process_that_left_the_session_is_ended() {
    cancelled("setsid sh -c 'echo up >&9; exec sleep 100000' & wait", 1, |_| {});
}

#[test]
fn a_grandchild_of_a_parent_that_is_gone_is_ended() {
    cancelled("(setsid sh -c 'sh -c \"echo up >&9; exec sleep 100000\" &' &); exec sleep 100000", 1, |_| {});
}

#[test]
fn a_process_that_left_the_session_and_emptied_its_environment_is_ended() {
    cancelled("env -i /usr/bin/setsid sh -c 'echo up >&9; exec sleep 100000' & wait", 1, |_| {});
}

#[test]
fn an_orphan_that_emptied_its_environment_in_the_steps_session_is_ended() {
    cancelled("(env -i sh -c 'echo up >&9; exec sleep 100000' &); exec sleep 100000", 1, |_| {});
}

#[test]
fn an_orphan_that_did_both_is_ended_where_nothing_else_runs() {
    if in_own_process("steps::tree::an_orphan_that_did_both_is_ended_where_nothing_else_runs") {
        return;
    }
    let script = "(env -i /usr/bin/setsid sh -c 'sh -c \"echo up >&9; exec sleep 100000\" &' &); exec sleep 100000";
    let done = cancelled(script, 1, |bench| bench.alone = true);
    assert!(done.log.contains(" job ended 2 processes\n"), "{}", done.log);
}

#[test]
fn one_who_ignores_the_request_to_end_is_killed() {
    cancelled("trap '' TERM; echo up >&9; sleep 100000", 1, |bench| bench.kill_delay = SHORT);
}

#[test]
fn one_who_answers_the_request_with_a_new_process_is_ended_with_it() {
    let script = "trap 'setsid sleep 100000 & exit' TERM; echo up >&9; sleep 100000 & wait";
    cancelled(script, 1, |bench| bench.kill_delay = Duration::from_secs(2));
}

#[test]
fn one_who_never_stops_forking_is_ended() {
    let script = "exec env -i sh -c 'trap \"\" TERM; echo up >&9; while :; do setsid sleep 100000 & done'";
    cancelled(script, 1, |bench| bench.kill_delay = Duration::ZERO);
}

#[test]
fn a_stopped_process_is_asked_and_ended() {
    let script = "trap 'echo asked >&9; exit' TERM; echo $$ >&9; kill -STOP $$; sleep 100000 & wait";
    let bench = Bench::new([shell(&format!("exec 9>alive; {script}"))]);
    let alive = bench.fifo("alive");
    let (done, alive) = std::thread::scope(|scope| {
        let bench = &bench;
        let watcher = scope.spawn(move || {
            let pid: i32 = alive.line().parse().unwrap();
            until("the step is stopped", || table::process(pid).is_some_and(|p| p.is_frozen()));
            bench.cancel.1.request();
            alive
        });
        (bench.run(), watcher.join().unwrap())
    });
    assert_eq!(done.result.outcome, Outcome::Cancelled);
    assert_eq!(alive.line(), "asked");
    alive.end();
}

#[test]
fn what_is_printed_while_ending_is_read() {
    let script = "trap 'head -c 1000000 /dev/zero | tr \"\\\\0\" y; echo; echo done; exit' TERM; echo up >&9; \
                  sleep 100000 & wait";
    let done = cancelled(script, 1, |_| {});
    assert!(done.log.contains(" out done\n"), "{} bytes", done.log.len());
}

#[test]
fn what_a_step_left_running_stays_at_the_end_and_goes_at_a_recovery() {
    for (code, outcome) in [(0, Outcome::Succeeded), (1, Outcome::Failed)] {
        let server = "exec 9>alive; setsid sh -c 'echo $$ >&9; exec sleep 100000' >/dev/null 2>&1 &";
        let bench = Bench::new([shell(server), shell(&format!("exit {code}"))]);
        let alive = bench.fifo("alive");
        assert_eq!(bench.run().result.outcome, outcome);
        let pid: i32 = alive.line().parse().unwrap();
        assert!(table::process(pid).unwrap().is_alive() && !alive.has_ended());
        let ended = end_survivors(bench.facts.job, LONG).unwrap();
        assert_eq!((ended.ended, ended.left), (1, 0));
        alive.end();
    }
}

#[test]
fn a_job_that_times_out_ends_what_its_earlier_steps_left_running() {
    let mut bench = Bench::new([shell("exec 9>alive; setsid sleep 100000 >/dev/null 2>&1 &"), shell("sleep 100000")]);
    bench.plan.timeout = Duration::from_millis(500);
    let alive = bench.fifo("alive");
    assert_eq!(bench.run().result.outcome, Outcome::TimedOut);
    alive.end();
}

#[test]
fn ending_one_job_leaves_another_alone() {
    let other = Bench::new([shell("exec 9>alive; setsid sh -c 'echo $$ >&9; exec sleep 100000' >/dev/null 2>&1 &")]);
    let alive = other.fifo("alive");
    other.run();
    let pid: i32 = alive.line().parse().unwrap();
    cancelled("echo up >&9; sleep 100000", 1, |_| {});
    assert!(table::process(pid).unwrap().is_alive());
    end_survivors(other.facts.job, LONG).unwrap();
    alive.end();
}

#[test]
fn orphans_are_reaped_and_a_foreign_child_keeps_its_status() {
    let mut foreign = Command::new("sh").args(["-c", "exit 7"]).stdout(Stdio::piped()).spawn().unwrap();
    let end = foreign.stdout.take().unwrap().read_to_end(&mut Vec::new());
    assert_eq!(end.unwrap(), 0, "it has exited, or is about to");
    let bench = Bench::new([shell("exec 9>alive; (sh -c 'echo $$ >&9' &); exec 9>&-")]);
    let alive = bench.fifo("alive");
    bench.run();
    let orphan: i32 = alive.line().parse().unwrap();
    alive.end();
    until("the orphan is reaped", || {
        reap::reap_orphans(false).unwrap();
        table::process(orphan).is_none()
    });
    assert_eq!(foreign.wait().unwrap().code(), Some(7));
}

/// The runner of this test is a process of its own, so that it can be killed.
#[test]
fn after_a_kill_of_the_runner_nothing_of_the_job_is_left_once_it_is_recovered() {
    const NAME: &str = "steps::tree::after_a_kill_of_the_runner_nothing_of_the_job_is_left_once_it_is_recovered";
    const FIFO: &str = "HOOKSPOOL_TEST_FIFO";
    let script = "exec 9>\"$FIFO\"; echo $HOOKSPOOL_JOB >&9; \
                  setsid sh -c 'trap \"\" TERM; echo up >&9; sleep 100000' & \
                  env -i sh -c 'echo up >&9; exec sleep 100000' & \
                  (sh -c 'echo up >&9; exec sleep 100000' &); wait";
    if let Some(fifo) = std::env::var_os(FIFO) {
        let script = script.replace("$FIFO", fifo.to_str().unwrap());
        assert_eq!(Bench::new([shell(&script)]).run().result.outcome, Outcome::Cancelled, "killed before");
        return;
    }
    let bench = Bench::new([]);
    let alive: Fifo = bench.fifo("alive");
    let mut runner = Command::new(std::env::current_exe().unwrap());
    runner.args(["--exact", NAME]).env(FIFO, bench.dir().join("alive")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut runner = runner.spawn().unwrap();
    let job = alive.line().parse().unwrap();
    assert_eq!([alive.line(), alive.line(), alive.line()], ["up"; 3]);
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(!alive.has_ended(), "the step outlives the runner");
    let ended = end_survivors(job, SHORT).unwrap();
    alive.end();
    assert!(ended.ended >= 4 && ended.left == 0, "{ended:?}");
    assert_eq!(end_survivors(job, SHORT).unwrap().ended, 0);
}
