//! Edge. The rings of a spool as a receiver writes them: what its threads hand in, one of them writes for all.

use super::batch::Batch;
use super::delivery::SeenDelivery;
use super::{ring, ring_name};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::{Disk, Lock};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the lock of a ring, which is held for as long as a write takes.
const LOCK_LIMIT: Duration = Duration::from_millis(100);
/// Between two tries, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);
/// A ring that somebody held for too long is left alone for so long.
const RESPITE: Duration = Duration::from_secs(1);
/// Files are opened anew after this time: they may have been removed, or the spool replaced.
const STALE: Duration = Duration::from_secs(2);

/// Deliveries that wait to be written, by ring.
type Batches = BTreeMap<OsString, Batch>;

/// The rings of one spool. Opens nothing before the first delivery, and never fails: a trace is a help, not a promise.
#[derive(Debug)]
pub struct SeenRings {
    /// Held for no longer than a push.
    pending: Mutex<Batches>,
    writer: Mutex<Writer>,
}

impl SeenRings {
    /// Those of the spool at `root`.
    pub fn of(root: impl Into<PathBuf>) -> Self {
        let writer = Writer { root: root.into(), open: None, respites: BTreeMap::new(), left: Batches::new() };
        Self { pending: Mutex::default(), writer: Mutex::new(writer) }
    }

    /// Notes a delivery to `hook`, or one that named none. While another thread writes, it writes this one, too.
    pub fn note(&self, hook: Option<&str>, delivery: SeenDelivery) {
        let Some(name) = ring_name(hook) else { return };
        self.pending().entry(name.to_owned()).or_default().push(delivery);
        self.write_pending();
    }

    /// A thread that hands in while another writes finds the writer taken, and the writer looks again after it has
    /// given that up: nothing is left behind.
    fn write_pending(&self) {
        loop {
            let Ok(mut writer) = self.writer.try_lock() else { return };
            let batch = std::mem::take(&mut *self.pending());
            writer.write(batch);
            drop(writer);
            if self.pending().is_empty() {
                return;
            }
        }
    }

    fn pending(&self) -> MutexGuard<'_, Batches> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SeenRings {
    fn drop(&mut self) {
        let batch = std::mem::take(&mut *self.pending());
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        writer.respites.clear();
        writer.write(batch);
    }
}

/// The files, as far as they are open.
#[derive(Debug)]
struct Writer {
    root: PathBuf,
    open: Option<OpenRings>,
    /// Rings that somebody holds, and until when they are left alone.
    respites: BTreeMap<OsString, Instant>,
    /// Deliveries for those rings.
    left: Batches,
}

#[derive(Debug)]
struct OpenRings {
    disk: RealDisk,
    files: BTreeMap<OsString, OwnedFd>,
    since: Instant,
}

impl Writer {
    /// Writes what can be written, and keeps what may be later.
    fn write(&mut self, pending: Batches) {
        let mut due = std::mem::take(&mut self.left);
        for (name, newer) in pending {
            due.entry(name).or_default().append(newer);
        }
        for (name, batch) in due {
            if !self.write_ring(&name, &batch) {
                self.left.insert(name, batch);
            }
        }
    }

    /// `false` if another process holds the ring. What cannot be written at all is left out.
    fn write_ring(&mut self, name: &OsStr, batch: &Batch) -> bool {
        if self.respites.get(name).is_some_and(|until| Instant::now() < *until) {
            return false;
        }
        self.respites.remove(name);
        let Some(OpenRings { disk, files, .. }) = self.opened() else { return true };
        if !files.contains_key(name) {
            let Ok(file) = ring::open(disk, name) else { return true };
            files.insert(name.to_owned(), file);
        }
        let file = &files[name];
        if !lock(disk, file) {
            self.respites.insert(name.to_owned(), Instant::now() + RESPITE);
            return false;
        }
        let written = ring::append(disk, file, batch);
        let unlocked = disk.lock(file, Lock::Release);
        if written.is_err() || unlocked.is_err() {
            files.remove(name);
        }
        true
    }

    fn opened(&mut self) -> Option<&mut OpenRings> {
        if self.open.as_ref().is_none_or(|open| open.since.elapsed() >= STALE) {
            let disk = RealDisk::open(&self.root).ok();
            self.open = disk.map(|disk| OpenRings { disk, files: BTreeMap::new(), since: Instant::now() });
        }
        self.open.as_mut()
    }
}

/// Takes the lock of a ring; `false` if another process had it for too long.
fn lock(disk: &RealDisk, file: &OwnedFd) -> bool {
    let mut pause = FIRST_PAUSE;
    let mut began = None;
    loop {
        match disk.lock(file, Lock::Try) {
            Ok(is_ours) if is_ours => return true,
            Err(_) => return false,
            Ok(_) => {}
        }
        if began.get_or_insert_with(Instant::now).elapsed() >= LOCK_LIMIT {
            return false;
        }
        std::thread::sleep(pause);
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
