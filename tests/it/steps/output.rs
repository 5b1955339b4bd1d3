//! Edge. What steps print, however much and however late.

use crate::support::steps::{Bench, LONG, shell};
use hookspool::model::Outcome;
use hookspool::runner::steps::end_survivors;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

#[test]
fn a_megabyte_to_one_stream_before_the_other_blocks_nothing() {
    for (first, second) in [("1>&2", ""), ("", "1>&2")] {
        let script = format!("head -c 1000000 /dev/zero | tr '\\0' 'x' {first}; echo the end {second}");
        let done = Bench::new([shell(&script)]).run();
        assert_eq!(done.result.outcome, Outcome::Succeeded);
        assert!(done.log.contains(" the end\n"));
    }
}

#[test]
fn a_hundred_megabytes_leave_a_log_of_two_and_the_count_of_the_rest() {
    let bench = Bench::new([shell(
        "echo the beginning; yes 'a line as long as those that a compiler prints, \
         with a path and some words' | head -c 100000000; echo; echo the end",
    )]);
    let done = bench.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded);
    assert!(done.log.contains(" out the beginning\n") && done.log.contains(" out the end\n"));
    assert!((MIB..2 * MIB + 1000).contains(&done.log.len()), "{}", done.log.len());
    let left_out = done.log.lines().find_map(|line| line.strip_prefix("---- ")?.split(' ').next()).unwrap();
    assert!(left_out.parse::<u64>().unwrap() > 100_000_000);
}

#[test]
fn memory_does_not_grow_with_output_of_one_endless_line() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/statm").unwrap();
        status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let bench = Bench::new([shell("head -c 50000000 /dev/zero | tr '\\0' x")]);
    let before = resident();
    assert_eq!(bench.run().result.outcome, Outcome::Succeeded);
    assert!(resident() < before + 40 * MIB, "other tests run beside this one, but none needs that much");
}

#[test]
fn a_background_process_that_keeps_the_output_open_does_not_hold_the_queue() {
    let mut bench = Bench::new([shell("sleep 100000 & echo started"), shell("echo next")]);
    bench.drain = Duration::from_millis(200);
    let began = Instant::now();
    let done = bench.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded);
    assert!(began.elapsed() < LONG);
    assert!(done.log.contains(" job a background process keeps the output open; it is not read further"));
    assert!(done.log.contains(" out started\n") && done.log.contains(" out next\n"));
    assert_eq!(end_survivors(bench.facts.job, LONG).unwrap().ended, 1);
}

#[test]
fn what_was_printed_just_before_the_exit_is_not_lost() {
    let bench = Bench::new([shell("head -c 60000 /dev/zero | tr '\\0' 'x'; echo; echo out; echo err >&2; kill -9 $$")]);
    let log = bench.run().log;
    assert!(log.contains(" out out\n") && log.contains(" err err\n"), "{log}");
    assert!(!log.contains("background"), "{log}");
}

fn cpu_time_of_this_thread() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

#[test]
fn waiting_costs_nothing() {
    let bench = Bench::new([shell("sleep 2")]);
    let before = cpu_time_of_this_thread();
    assert_eq!(bench.run().result.outcome, Outcome::Succeeded);
    let spent = cpu_time_of_this_thread().saturating_sub(before);
    assert!(spent < Duration::from_millis(200), "{spent:?} of 2 s");
}

#[test]
fn waiting_for_one_who_ignores_the_request_to_end_costs_nothing() {
    let mut bench = Bench::new([shell("trap '' TERM; sleep 100000")]);
    bench.plan.timeout = Duration::from_millis(100);
    bench.kill_delay = Duration::from_secs(2);
    let before = cpu_time_of_this_thread();
    assert_eq!(bench.run().result.outcome, Outcome::TimedOut);
    let spent = cpu_time_of_this_thread().saturating_sub(before);
    assert!(spent < Duration::from_millis(400), "{spent:?} of 2 s");
}
