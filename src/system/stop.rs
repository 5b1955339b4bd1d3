//! Edge. A request to stop: SIGTERM, SIGINT and SIGQUIT as a descriptor that becomes readable, and stays so.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// A request to stop, perhaps not made yet. Nothing ever reads the byte that says so, hence it stays readable.
/// Clones are the same request.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Ends>);

/// Makes the request of a `Stop` that no signal makes.
#[derive(Debug, Clone)]
pub struct StopTrigger(Arc<Ends>);

/// Both ends live as long as either side does: a closed writer would make the reader ready without a request.
#[derive(Debug)]
struct Ends {
    read: UnixStream,
    write: UnixStream,
}

impl Ends {
    fn pair() -> io::Result<Arc<Self>> {
        let (read, write) = UnixStream::pair()?;
        write.set_nonblocking(true)?;
        Ok(Arc::new(Self { read, write }))
    }
}

impl Stop {
    /// Requested by SIGTERM, SIGINT or SIGQUIT, from now on and for the rest of the process.
    pub fn install() -> io::Result<Self> {
        let ends = Ends::pair()?;
        for signal in [SIGTERM, SIGINT, SIGQUIT] {
            signal_hook::low_level::pipe::register(signal, ends.write.try_clone()?)?;
        }
        Ok(Self(ends))
    }

    /// Requested by whoever holds the trigger.
    pub fn by_hand() -> io::Result<(Self, StopTrigger)> {
        let ends = Ends::pair()?;
        Ok((Self(Arc::clone(&ends)), StopTrigger(ends)))
    }

    /// Makes the request, beside the signals or whoever else does.
    pub fn trigger(&self) -> StopTrigger {
        StopTrigger(Arc::clone(&self.0))
    }

    /// True if the request was made. Does not block.
    pub fn requested(&self) -> bool {
        let mut fds = [PollFd::new(&self.0.read, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(poll(&mut fds, Some(&now)), Ok(1))
    }

    /// Readable once the request was made; never to be read.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.read.as_fd()
    }
}

/// Signals as a descriptor: readable from a signal on, until it is taken.
#[derive(Debug)]
struct Signalled(UnixStream);

impl Signalled {
    fn by(signals: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        for &signal in signals {
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Self(read))
    }

    fn take(&self) -> bool {
        let mut was_made = false;
        while matches!(rustix::io::read(&self.0, &mut [0; 64]), Ok(1..)) {
            was_made = true;
        }
        was_made
    }
}

/// SIGHUP: a request that is taken, and may then be made again. SIGUSR1 and SIGUSR2 are the same: log rotators and
/// supervisors know them from other programs, and mean it.
#[derive(Debug)]
pub struct Hangup(Signalled);

impl Hangup {
    /// From now on none of them ends this process any more.
    pub fn install() -> io::Result<Self> {
        Signalled::by(&[SIGHUP, SIGUSR1, SIGUSR2]).map(Self)
    }

    /// True if it was made since the last time. Does not block.
    pub fn take(&self) -> bool {
        self.0.take()
    }

    /// Readable once the request was made, until it is taken.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

/// SIGCHLD: a child has exited, perhaps an orphan that nobody else will reap.
#[derive(Debug)]
pub struct ChildExits(Signalled);

impl ChildExits {
    /// Seen from now on.
    pub fn install() -> io::Result<Self> {
        Signalled::by(&[SIGCHLD]).map(Self)
    }

    /// True if one has exited since the last time. Does not block.
    pub fn take(&self) -> bool {
        self.0.take()
    }

    /// Readable once one has exited, until that is taken.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

impl StopTrigger {
    /// Makes the request. Again is as good as once.
    pub fn request(&self) {
        // The only failure is a full buffer, which is readable already.
        let _full = (&self.0.write).write(b".");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_stays() {
        let (stop, trigger) = Stop::by_hand().unwrap();
        assert!(!stop.requested());
        trigger.request();
        assert!(stop.requested() && stop.requested());
    }

    #[test]
    fn a_lost_trigger_is_no_request() {
        let (stop, trigger) = Stop::by_hand().unwrap();
        drop(trigger);
        assert!(!stop.requested());
    }

    #[test]
    fn more_requests_than_a_socket_holds_do_not_block() {
        let (stop, trigger) = Stop::by_hand().unwrap();
        for _ in 0..100_000 {
            trigger.request();
        }
        assert!(stop.requested());
    }
}
