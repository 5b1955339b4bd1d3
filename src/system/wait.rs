//! Edge. Waits for descriptors until a moment, without waking up in between.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Longer than any time-out that a person means; `Instant` cannot hold every `Duration`.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The moment `duration` from now.
pub fn after(duration: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(duration.min(FAR)).unwrap_or(now)
}

/// Those of `fds` that have something to say (readable, hung up, or in error), as soon as one has; none when `until`
/// came first.
pub fn ready(fds: &[BorrowedFd<'_>], until: Instant) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let time = Timespec::try_from(left).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        match poll(&mut polled, Some(&time)) {
            Ok(_) => return Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until `fd` has something to say, however long that takes.
pub fn forever(fd: BorrowedFd<'_>) {
    if ready(&[fd], after(Duration::MAX)).is_err() {
        // The system is short of memory; whoever waits looks again.
        std::thread::sleep(Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    #[test]
    fn the_one_that_is_readable_is_named() {
        let (quiet, _keeps_open) = io::pipe().unwrap();
        let (loud, mut writer) = io::pipe().unwrap();
        writer.write_all(b"x").unwrap();
        assert_eq!(ready(&[quiet.as_fd(), loud.as_fd()], after(Duration::MAX)).unwrap(), [false, true]);
    }

    #[test]
    fn a_past_moment_is_a_look() {
        let (quiet, _keeps_open) = io::pipe().unwrap();
        assert_eq!(ready(&[quiet.as_fd()], Instant::now()).unwrap(), [false]);
    }
}
