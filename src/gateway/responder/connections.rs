//! Edge. The counts that reactor and workers share: open connections, and the bodies that are on their way.

use crate::system::bell::Bell;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// The counts, and the bell that wakes the reactor.
#[derive(Debug)]
pub(super) struct Connections {
    open: AtomicUsize,
    uploads: AtomicUsize,
    upload_bytes: AtomicU64,
    /// True if the reactor waits for a connection to close.
    watched: AtomicBool,
    bell: Bell,
}

/// One open connection's place in the count.
#[derive(Debug)]
pub(super) struct OpenGuard(Arc<Connections>);

/// One unfinished body's place in the counts.
#[derive(Debug)]
pub(super) struct UploadGuard {
    counts: Arc<Connections>,
    bytes: u64,
}

impl Connections {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            open: AtomicUsize::new(0),
            uploads: AtomicUsize::new(0),
            upload_bytes: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            bell: Bell::new()?,
        }))
    }

    /// Counts one more open connection, until the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> OpenGuard {
        self.open.fetch_add(1, SeqCst);
        OpenGuard(Arc::clone(self))
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(SeqCst)
    }

    /// Counts one more unfinished body, until the guard is dropped.
    pub(super) fn begin_upload(self: &Arc<Self>) -> UploadGuard {
        self.uploads.fetch_add(1, SeqCst);
        UploadGuard { counts: Arc::clone(self), bytes: 0 }
    }

    /// The number of unfinished bodies, and the bytes that have come of them.
    pub(super) fn uploads(&self) -> (usize, u64) {
        (self.uploads.load(SeqCst), self.upload_bytes.load(SeqCst))
    }

    /// Sets if the reactor is woken when a connection closes.
    pub(super) fn watch(&self, wanted: bool) {
        self.watched.store(wanted, SeqCst);
    }

    /// Wakes the reactor.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Readable while it rings. Registered edge-triggered, so that nobody needs to silence it.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.fd()
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
        if self.0.watched.load(SeqCst) {
            self.0.ring();
        }
    }
}

impl UploadGuard {
    /// Counts what has come in all.
    pub(super) fn set_bytes(&mut self, bytes: u64) {
        self.counts.upload_bytes.fetch_add(bytes, SeqCst);
        self.counts.upload_bytes.fetch_sub(std::mem::replace(&mut self.bytes, bytes), SeqCst);
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        self.set_bytes(0);
        self.counts.uploads.fetch_sub(1, SeqCst);
    }
}
