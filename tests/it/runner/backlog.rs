//! Many jobs that wait. `tests/bench/run runner --backlogs …` measures how a runner fares with a million.

use crate::support::steps::until;
use crate::support::yard::Yard;
use hookspool::model::JobMeta;
use hookspool::spool::Inbox;
use std::time::Instant;

/// More than one scan returns.
const JOBS: usize = 5_200;
/// What a runner may use, however many jobs wait.
const LIMIT_KIB: u64 = 50 * 1024;

fn fill(yard: &Yard, hook: &str, count: usize) {
    let inbox = Inbox::open(&yard.path("spool")).unwrap();
    for n in 0..count {
        let meta = JobMeta { delivery: Some(format!("{hook}-{n}")), ..crate::spool::append::meta(hook, 0) };
        let mut draft = inbox.draft().unwrap();
        draft.write(b"{}").unwrap();
        draft.commit(&meta).unwrap();
    }
}

#[test]
fn a_long_backlog_neither_fills_the_memory_nor_hides_another_queue() {
    let long = "when_newer = \"keep\"\nsteps = [{ shell = \"echo x >>long; read x <gate\" }]";
    let short = "when_newer = \"keep\"\nsteps = [{ shell = \"echo x >>short\" }]";
    let yard = Yard::in_memory("workers = 2", &[("long", long), ("short", short)]);
    yard.fifo("gate");
    fill(&yard, "long", JOBS);
    fill(&yard, "short", 3);
    let began = Instant::now();
    let runner = yard.start();
    until("the first of the long queue runs", || !yard.site("long").is_empty());
    let first = began.elapsed();
    until("the short queue is done", || yard.site("short") == "x\nx\nx\n");
    let hidden = began.elapsed();
    fill(&yard, "short", 1);
    until("what arrives later is found", || yard.site("short").len() == 8);
    let peak_kib = runner.peak_kib();
    println!(
        "{JOBS} jobs wait: first step after {} ms, another queue behind them after {} ms, {peak_kib} KiB",
        first.as_millis(),
        hidden.as_millis(),
    );
    assert_eq!(yard.site("long"), "x\n", "the long queue went on beside itself");
    assert!(peak_kib < LIMIT_KIB, "{peak_kib} KiB");
}

#[test]
fn a_job_costs_the_same_however_many_wait() {
    let hook = "when_newer = \"keep\"\nsteps = [{ run = [\"true\"] }]";
    let cost_us = |waiting: usize| {
        let yard = Yard::in_memory("", &[("a", hook)]);
        fill(&yard, "a", waiting);
        let runner = yard.start();
        let done = || std::fs::read_dir(yard.path("spool/done")).unwrap().count() / 2;
        until("the first are done", || done() >= 20);
        let (began, before) = (Instant::now(), done());
        until("more are done", || done() >= before + 100);
        let cost_us = began.elapsed().as_micros() / u128::try_from(done() - before).unwrap();
        println!("{waiting} jobs wait: {cost_us} us a job");
        drop(runner);
        cost_us
    };
    let (few, many) = (cost_us(300), cost_us(2_000));
    assert!(many < 5 * few, "{few} us with few, {many} us with many");
}
