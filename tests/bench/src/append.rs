//! Edge. The bare append: what the disk allows when nothing but the write protocol runs.
//!
//! create in `tmp/` → write → fsync → renameat2 to `queued/` → fsync of `queued/`.

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, fsync, open, openat, renameat_with};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{Answers, Load};

/// The two directories, open.
#[derive(Debug)]
pub struct Directories {
    tmp: OwnedFd,
    queued: OwnedFd,
    next: AtomicU64,
}

impl Directories {
    /// Opens `spool/tmp` and `spool/queued`.
    pub fn open(spool: &Path) -> io::Result<Self> {
        let sub = |name: &str| -> io::Result<OwnedFd> {
            Ok(open(spool.join(name), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
        };
        Ok(Self { tmp: sub("tmp")?, queued: sub("queued")?, next: AtomicU64::new(1) })
    }

    /// One durable append.
    pub fn append(&self, payload: &[u8]) -> io::Result<()> {
        let name = format!("{:019}.00000000.job", self.next.fetch_add(1, Ordering::Relaxed));
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.tmp, &name, flags, Mode::from_raw_mode(0o640))?);
        file.write_all(payload)?;
        fsync(&file)?;
        renameat_with(&self.tmp, &name, &self.queued, &name, RenameFlags::NOREPLACE)?;
        fsync(&self.queued)?;
        Ok(())
    }
}

/// Appends `payload` in `load.connections` threads at once, as long as a load lasts.
pub fn run(load: Load, spool: &Path, payload: &[u8]) -> io::Result<Answers> {
    let directories = Directories::open(spool)?;
    let from = Instant::now() + load.warm_up;
    let until = from + load.measure;
    let cpu_before = process_cpu();
    let parts: Vec<io::Result<Answers>> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..load.connections).map(|_| scope.spawn(|| one_thread(&directories, payload, from, until))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("panic")))).collect()
    });
    let mut answers = Answers::default();
    for part in parts {
        let part = part?;
        answers.measured += part.measured;
        answers.accepted += part.accepted;
        answers.latencies_us.extend(part.latencies_us);
    }
    answers.sender_cpu = process_cpu().saturating_sub(cpu_before);
    Ok(answers)
}

fn one_thread(directories: &Directories, payload: &[u8], from: Instant, until: Instant) -> io::Result<Answers> {
    let mut answers = Answers::default();
    loop {
        let begun = Instant::now();
        if begun >= until {
            return Ok(answers);
        }
        directories.append(payload)?;
        answers.accepted += 1;
        let now = Instant::now();
        if now >= from && now < until {
            answers.measured += 1;
            answers.latencies_us.push(u32::try_from((now - begun).as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// Flushes everything that an earlier round left, so that this round does not pay for it.
pub fn settle(directory: &Path) -> io::Result<()> {
    rustix::fs::syncfs(open(directory, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)?;
    Ok(())
}

/// Whether `directory` is on a file system in memory, where a flush costs nothing.
pub fn in_memory(directory: &Path) -> io::Result<bool> {
    // statfs(2): TMPFS_MAGIC
    Ok(rustix::fs::statfs(directory)?.f_type == 0x0102_1994)
}

/// Number of jobs that `spool/queued` holds.
pub fn stored(spool: &Path) -> io::Result<u64> {
    let mut count = 0;
    for entry in std::fs::read_dir(spool.join("queued"))? {
        count += u64::from(entry?.file_name().as_encoded_bytes().ends_with(b".job"));
    }
    Ok(count)
}

/// Device number of `path`'s file system, `(major, minor)`.
pub fn device(path: &Path) -> io::Result<(u32, u32)> {
    let stat = rustix::fs::statat(CWD, path, rustix::fs::AtFlags::empty())?;
    Ok((rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev)))
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
