//! Edge. What reactor and workers count together: open connections, and the event descriptor that wakes the reactor.

use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// The count of open connections.
#[derive(Debug)]
pub(super) struct Gate {
    open: AtomicUsize,
    /// Whether the reactor waits for a connection to close.
    watched: AtomicBool,
    bell: OwnedFd,
}

/// One open connection's place in the count.
#[derive(Debug)]
pub(super) struct Slot(Arc<Gate>);

impl Gate {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Self { open: AtomicUsize::new(0), watched: AtomicBool::new(false), bell }))
    }

    /// Counts one more open connection, until the slot is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Slot {
        self.open.fetch_add(1, SeqCst);
        Slot(Arc::clone(self))
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(SeqCst)
    }

    /// Whether to wake the reactor when a connection closes.
    pub(super) fn watch(&self, wanted: bool) {
        self.watched.store(wanted, SeqCst);
    }

    /// Wakes the reactor. The counter is never read: it is registered edge-triggered.
    pub(super) fn ring(&self) {
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
        if self.0.watched.load(SeqCst) {
            self.0.ring();
        }
    }
}
