//! Edge. A connected socket, never blocking by itself: calls that may wait do it in `poll`, up to a deadline.

use super::connections::OpenGuard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A connection's socket. The field order matters: the descriptor is closed before its place in the count is free
/// again.
#[derive(Debug)]
pub(super) struct PeerStream {
    socket: OwnedFd,
    _open: OpenGuard,
}

impl AsFd for PeerStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl PeerStream {
    /// `socket` must be non-blocking.
    pub(super) fn new(socket: OwnedFd, open: OpenGuard) -> Self {
        Self { socket, _open: open }
    }

    /// Bytes that have arrived; `None` when there are none, 0 at the end of the connection.
    pub(super) fn read_now(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| recv(&self.socket, &mut *buffer, RecvFlags::empty())) {
            Ok((_, length)) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Sends all of `bytes` or fails: what does not fit into the kernel's buffer at once is not sent later.
    pub(super) fn write_now(&self, bytes: &[u8]) -> io::Result<()> {
        match self.send(bytes)? {
            Some(sent) if sent == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Sends all of `bytes`, waiting at most `stall` for each piece to be taken.
    pub(super) fn write_until(&self, mut bytes: &[u8], stall: Duration, deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.send(bytes)? {
                Some(sent) => bytes = &bytes[sent..],
                None => self.wait_for_room(deadline.min(Instant::now() + stall))?,
            }
        }
        Ok(())
    }

    /// Tells the peer that nothing more will come.
    pub(super) fn end_output(&self) {
        // A failure means that the peer is gone, which the next read will tell.
        let _ = shutdown(&self.socket, Shutdown::Write);
    }

    fn send(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| send(&self.socket, bytes, SendFlags::NOSIGNAL)) {
            Ok(sent) => Ok(Some(sent)),
            Err(Errno::AGAIN) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    fn wait_for_room(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match poll(&mut [PollFd::new(&self.socket, PollFlags::OUT)], Some(&timespec(left))) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// The kernel's form of a duration.
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
