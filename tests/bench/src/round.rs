//! Edge. One round of one contender: fresh process, fresh spool, proof that it verifies, load, proof that it stored.

use crate::append;
use crate::contender::Contender;
use crate::delivery::Request;
use crate::load::{self, Answers, Load};
use crate::process::{Group, wait_until};
use crate::procfs;
use crate::room::Room;
use crate::stats::percentile;
use rustix::process::Pid;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Delivery ids of a load begin here; the probes use smaller ones.
const FIRST_ID: u64 = 1000;

/// No processor time for so long means that nothing is left to do.
const QUIET: Duration = Duration::from_millis(300);
/// Longest wait for that.
const LONGEST_WORK: Duration = Duration::from_secs(60);

/// What a round measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// 2xx per second.
    pub rate: f64,
    /// Median latency.
    pub p50_us: u32,
    /// 99th percentile of the latency.
    pub p99_us: u32,
    /// CPU time per request: of the whole machine,
    pub machine_us: f64,
    /// of the contender with its children, where the kernel counts it,
    pub receiver_us: f64,
    /// of nginx,
    pub nginx_us: f64,
    /// of the sender.
    pub sender_us: f64,
    /// Disk flushes per request, where they are counted.
    pub flushes: Option<f64>,
    /// Processes and threads started per request, on the whole machine.
    pub forks: f64,
    /// Seconds of work that the contender had left when it had answered everything.
    pub afterwards_s: f64,
}

/// Counters before or after a load.
struct Counters {
    machine: Duration,
    receiver: Duration,
    nginx: Duration,
    flushes: Option<u64>,
    forks: u64,
}

impl Counters {
    fn read(room: &Room, receiver: Option<Pid>, nginx: Pid) -> io::Result<Self> {
        Ok(Self {
            machine: procfs::machine_cpu(),
            receiver: receiver.map(procfs::cpu).unwrap_or_default(),
            nginx: procfs::cpu(nginx),
            flushes: procfs::flushes(append::device(&room.dir)?),
            forks: procfs::forks(),
        })
    }
}

/// One round.
pub fn run(contender: Contender, room: &Room, nginx: Pid, load: Load, size: usize) -> io::Result<Round> {
    room.fresh_spool()?;
    let group = contender.start(room)?;
    probe(contender, room, size)?;
    let receiver = group.as_ref().map(Group::pid);
    let before = Counters::read(room, receiver, nginx)?;
    let answers = answers(contender, room, load, size)?;
    let afterwards = receiver.map_or(Duration::ZERO, work_afterwards);
    let after = Counters::read(room, receiver, nginx)?;
    check(contender, room, &answers)?;
    Ok(figures(contender, load, answers, afterwards, &before, &after))
}

/// Waits until a signed delivery is accepted, and proves that a forged one is not.
pub fn probe(contender: Contender, room: &Room, size: usize) -> io::Result<()> {
    let Some(uri) = contender.uri() else { return Ok(()) };
    let signed = Request::signed(uri, size, 0);
    let accepted = || load::send_one(room.buffered, &signed).is_ok_and(|status| (200..300).contains(&status));
    wait_until(contender.name(), accepted)?;
    let status = load::send_one(room.buffered, &Request::forged(uri, size))?;
    if contender.verifies() && (200..300).contains(&status) {
        return Err(io::Error::other(format!("{} accepted a forged delivery: {status}", contender.name())));
    }
    Ok(())
}

/// How long a contender goes on using the processor after its last reply: some answer first and work later.
fn work_afterwards(root: Pid) -> Duration {
    let begun = Instant::now();
    let (mut cpu, mut last_change) = (procfs::cpu(root), begun);
    while last_change.elapsed() < QUIET && begun.elapsed() < LONGEST_WORK {
        sleep(Duration::from_millis(20));
        let now = procfs::cpu(root);
        if now != cpu {
            (cpu, last_change) = (now, Instant::now());
        }
    }
    last_change - begun
}

fn answers(contender: Contender, room: &Room, load: Load, size: usize) -> io::Result<Answers> {
    let Some(uri) = contender.uri() else {
        return append::run(load, &room.spool(), &vec![b'x'; size]);
    };
    let requests: Vec<Request> = (1..=load.connections as u64).map(|nonce| Request::signed(uri, size, nonce)).collect();
    load::send(load, room.buffered, &requests, FIRST_ID)
}

/// Every reply was a 2xx, and every 2xx left a job.
fn check(contender: Contender, room: &Room, answers: &Answers) -> io::Result<()> {
    if answers.failed > 0 || answers.measured == 0 {
        let first = answers.first_failure.as_deref().unwrap_or("no reply at all");
        let text = format!("{}: {} of {} failed: {first}", contender.name(), answers.failed, answers.accepted);
        return Err(io::Error::other(text));
    }
    if contender.spools() {
        let expected = answers.accepted + u64::from(contender.uri().is_some());
        let stored = append::stored(&room.spool())?;
        if stored != expected {
            let text = format!("{}: {expected} accepted, {stored} in the spool", contender.name());
            return Err(io::Error::other(text));
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn figures(
    contender: Contender,
    load: Load,
    mut answers: Answers,
    afterwards: Duration,
    before: &Counters,
    after: &Counters,
) -> Round {
    let requests = answers.accepted as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / requests;
    let own = if contender == Contender::Append {
        answers.sender_cpu
    } else {
        after.receiver.saturating_sub(before.receiver)
    };
    let sender = if contender == Contender::Append { Duration::ZERO } else { answers.sender_cpu };
    Round {
        rate: answers.measured as f64 / load.measure.as_secs_f64(),
        p50_us: percentile(&mut answers.latencies_us, 50),
        p99_us: percentile(&mut answers.latencies_us, 99),
        machine_us: each(after.machine.saturating_sub(before.machine)),
        receiver_us: if contender.is_accounted() { each(own) } else { f64::NAN },
        nginx_us: each(after.nginx.saturating_sub(before.nginx)),
        sender_us: each(sender),
        flushes: before.flushes.zip(after.flushes).map(|(before, after)| (after - before) as f64 / requests),
        forks: (after.forks - before.forks) as f64 / requests,
        afterwards_s: afterwards.as_secs_f64(),
    }
}
