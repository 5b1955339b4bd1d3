//! Edge. What a backlog costs: time to the first job, memory, time and processor time for each job.

use crate::delivery::HOOK;
use crate::process::Group;
use crate::procfs;
use crate::queue::{done, runner};
use crate::room::Room;
use crate::unflushed::fill;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Jobs that are run of each backlog, if there are so many.
const RUN: u64 = 200;

/// What one backlog cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Jobs that waited at the start.
    pub waiting: u64,
    /// From the runner's start to the first job's end.
    pub first: Duration,
    /// From there on, for each job.
    pub each: Duration,
    /// Processor time of the runner and its children for each of those jobs.
    pub each_cpu: Duration,
    /// Largest memory of the runner.
    pub hwm_kib: u64,
}

/// Starts a runner on `waiting` jobs, and looks at its first ones.
pub fn measure(room: &Room, waiting: u64) -> io::Result<Cost> {
    room.fresh_spool()?;
    fill(&room.spool(), HOOK, waiting)?;
    let begun = Instant::now();
    let group = Group::start(runner(room), &room.log("runner"))?;
    let first = until(room, begun, 1)?;
    let (at_first, cpu_at_first, done_at_first) = (Instant::now(), procfs::cpu(group.pid()), done(&room.spool()));
    let last = waiting.min(RUN);
    until(room, begun, last)?;
    let (time, cpu) = (at_first.elapsed(), procfs::cpu(group.pid()).saturating_sub(cpu_at_first));
    let jobs = u32::try_from(done(&room.spool()).saturating_sub(done_at_first)).unwrap_or(u32::MAX).max(1);
    let hwm_kib = procfs::memory(group.pid()).hwm_kib;
    drop(group);
    Ok(Cost { waiting, first, each: time / jobs, each_cpu: cpu / jobs, hwm_kib })
}

/// Waits until `count` jobs have ended; how long that took.
fn until(room: &Room, begun: Instant, count: u64) -> io::Result<Duration> {
    while done(&room.spool()) < count {
        if begun.elapsed() > Duration::from_secs(120) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the runner does not get on"));
        }
        sleep(Duration::from_millis(1));
    }
    Ok(begun.elapsed())
}
