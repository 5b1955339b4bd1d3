//! Edge. A bell: one thread makes a descriptor readable, and another waits for it.

use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A descriptor that is readable from `ring` to `silence`.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A silent bell.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Makes it readable. Again is as good as once.
    pub fn ring(&self) {
        // The only failure is a counter near its end, which is readable already.
        let _full = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Makes it wait for the next `ring`. What is to be looked at is looked at afterwards, never before.
    pub fn silence(&self) {
        let _was_silent = rustix::io::read(&self.0, &mut [0; 8]);
    }

    /// Readable while it rings.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::wait::ready;
    use std::time::Instant;

    #[test]
    fn it_rings_until_it_is_silenced() {
        let bell = Bell::new().unwrap();
        let rings = || ready(&[bell.fd()], Instant::now()).unwrap() == [true];
        assert!(!rings());
        bell.ring();
        bell.ring();
        assert!(rings() && rings());
        bell.silence();
        assert!(!rings());
        bell.silence();
    }
}
