//! Edge. The rings of a spool as a receiver writes them: what its threads hand in, one writes for all.

use super::batch::Batch;
use super::delivery::SeenDelivery;
use super::{ring, ring_name};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::version;
use crate::spool::disk::{Disk, Lock};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
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

/// Deliveries by their ring.
type Batches = BTreeMap<OsString, Batch>;

/// Time between two writes of a receiver that stays: what comes meanwhile is written at once.
const GATHERED: Duration = Duration::from_millis(50);

/// The rings of one spool. Opens nothing before the first delivery, and never fails: a trace is a help, not a promise.
#[derive(Debug)]
pub struct SeenRings {
    parts: Arc<SharedRings>,
    /// Writes, where this process stays.
    thread: Option<JoinHandle<()>>,
}

impl SeenRings {
    /// Those of the spool at `root`. Each delivery is written before `note` returns, by whichever thread writes.
    pub fn of(root: impl Into<PathBuf>) -> Self {
        let writer = Writer { root: root.into(), open: None, respites: BTreeMap::new(), left: Batches::new() };
        let parts = SharedRings {
            pending: Mutex::default(),
            came: Condvar::new(),
            closed: Condvar::new(),
            writer: Mutex::new(writer),
        };
        Self { parts: Arc::new(parts), thread: None }
    }

    /// The same for a process that stays: a thread of its own writes, soon, and no delivery waits for it.
    pub fn in_background(root: impl Into<PathBuf>) -> Self {
        let mut rings = Self::of(root);
        let parts = Arc::clone(&rings.parts);
        rings.thread = Builder::new().name("traces".into()).spawn(move || parts.write_until_closed()).ok();
        rings
    }

    /// Notes a delivery to `hook`, or one that named none.
    pub fn note(&self, hook: Option<&str>, delivery: SeenDelivery) {
        let Some(name) = ring_name(hook) else { return };
        let mut pending = self.parts.pending();
        let is_first = pending.batches.is_empty();
        match pending.batches.get_mut(name) {
            Some(batch) => batch.push(delivery),
            None => pending.batches.entry(name.to_owned()).or_default().push(delivery),
        }
        drop(pending);
        match self.thread {
            // The thread has been told of those that came before, or looks by itself.
            Some(_) if is_first => self.parts.came.notify_one(),
            Some(_) => {}
            None => self.parts.write_pending(),
        }
    }
}

impl Drop for SeenRings {
    fn drop(&mut self) {
        self.parts.pending().is_closed = true;
        self.parts.came.notify_one();
        self.parts.closed.notify_one();
        // A panic of that thread was told by itself.
        self.thread.take().map(JoinHandle::join).into_iter().for_each(drop);
        self.parts.write_the_last();
    }
}

#[derive(Debug)]
struct SharedRings {
    /// Held for no longer than a push.
    pending: Mutex<HandedIn>,
    came: Condvar,
    closed: Condvar,
    writer: Mutex<Writer>,
}

#[derive(Debug, Default)]
struct HandedIn {
    batches: Batches,
    is_closed: bool,
}

impl SharedRings {
    fn pending(&self) -> MutexGuard<'_, HandedIn> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that hands in while another writes finds the writer taken, and the writer looks again after it has
    /// given that up: nothing is left behind.
    fn write_pending(&self) {
        loop {
            let Ok(mut writer) = self.writer.try_lock() else { return };
            let batches = std::mem::take(&mut self.pending().batches);
            writer.write(batches);
            drop(writer);
            if self.pending().batches.is_empty() {
                return;
            }
        }
    }

    fn write_until_closed(&self) {
        loop {
            let pending = self.pending();
            let is_idle = |pending: &mut HandedIn| pending.batches.is_empty() && !pending.is_closed;
            let pending = self.came.wait_while(pending, is_idle).unwrap_or_else(PoisonError::into_inner);
            if pending.is_closed {
                return;
            }
            drop(pending);
            self.write_pending();
            self.gather();
        }
    }

    /// Waits until more is worth a write.
    fn gather(&self) {
        let _ = self.closed.wait_timeout_while(self.pending(), GATHERED, |pending| !pending.is_closed);
    }

    /// Also what a ring that somebody held was to have.
    fn write_the_last(&self) {
        let batches = std::mem::take(&mut self.pending().batches);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.respites.clear();
        writer.write(batches);
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
    fn write(&mut self, newer: Batches) {
        let mut due = std::mem::take(&mut self.left);
        for (name, batch) in newer {
            due.entry(name).or_default().append(batch);
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
            let disk = version::open_to_pass(&self.root).ok();
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
