//! Edge. Waiting for a file to arrive in a directory. Only ever a hint: whoever waits looks for itself afterwards.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::io::Errno;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// A watched directory.
#[derive(Debug)]
pub struct Watch(Option<OwnedFd>);

impl Watch {
    /// Watches several directories at once. One that cannot be watched is left out; the error says why.
    pub fn directories(directories: &[&Path]) -> (Self, Option<io::Error>) {
        let fd = match inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK) {
            Ok(fd) => fd,
            Err(errno) => return (Self(None), Some(errno.into())),
        };
        let errors: Vec<Errno> = directories.iter().filter_map(|path| add(&fd, path).err()).collect();
        (Self(Some(fd)), errors.first().map(|&errno| errno.into()))
    }

    /// Watches `directory` for names that appear in it. Where the kernel grants no watch (their number is limited, and
    /// a network file system has none), waiting ends with its time alone; the error says why.
    pub fn directory(directory: &Path) -> (Self, Option<io::Error>) {
        match open(directory) {
            Ok(fd) => (Self(Some(fd)), None),
            Err(errno) => (Self(None), Some(errno.into())),
        }
    }

    /// Waits until a name appears, `stop` is readable, or `at_most` has passed. What appeared since the last wait
    /// counts, so look first, then wait.
    pub fn wait(&self, stop: BorrowedFd<'_>, at_most: Duration) -> io::Result<()> {
        let mut fds = vec![PollFd::from_borrowed_fd(stop, PollFlags::IN)];
        if let Some(fd) = &self.0 {
            fds.push(PollFd::new(fd, PollFlags::IN));
        }
        let at_most = Timespec::try_from(at_most).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        match poll(&mut fds, Some(&at_most)) {
            Ok(_) | Err(Errno::INTR) => self.forget_events(),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits until a name appears, at most `at_most`; where nothing is watched, `unwatched` and no more.
    pub fn wait_alone(&self, at_most: Duration, unwatched: Duration) {
        let at_most = if self.0.is_some() { at_most } else { unwatched.min(at_most) };
        let mut fds: Vec<PollFd<'_>> = self.0.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        let time = Timespec::try_from(at_most).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        // Whoever waits looks for itself afterwards, also after an error.
        let _ = poll(&mut fds, Some(&time)).map(|_| self.forget_events());
    }

    /// Which names appeared does not matter, nor whether the kernel's queue overflowed: the caller scans.
    fn forget_events(&self) -> io::Result<()> {
        let Some(fd) = &self.0 else { return Ok(()) };
        let mut buffer = [0; 4096];
        loop {
            match rustix::io::read(fd, &mut buffer) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn open(directory: &Path) -> Result<OwnedFd, Errno> {
    let fd = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    add(&fd, directory)?;
    Ok(fd)
}

fn add(fd: &OwnedFd, directory: &Path) -> Result<(), Errno> {
    inotify::add_watch(fd, directory, inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CREATE).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::stop::Stop;
    use std::os::fd::AsFd;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_file_that_came_before_the_wait_ends_it_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let (watch, error) = Watch::directory(directory.path());
        assert!(error.is_none(), "{error:?}");
        let (stop, _trigger) = Stop::by_hand().unwrap();
        std::fs::write(directory.path().join("a"), "").unwrap();
        let start = Instant::now();
        watch.wait(stop.fd().as_fd(), LONG).unwrap();
        assert!(start.elapsed() < LONG);
    }

    #[test]
    fn a_stop_ends_it_also_without_a_watch() {
        let (watch, error) = Watch::directory(Path::new("/nonexistent"));
        assert!(error.is_some());
        let (stop, trigger) = Stop::by_hand().unwrap();
        trigger.request();
        watch.wait(stop.fd(), LONG).unwrap();
        watch.wait(stop.fd(), LONG).unwrap();
    }
}
