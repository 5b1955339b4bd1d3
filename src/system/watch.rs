//! Edge. Waiting for a file to arrive in a directory. Only ever a hint: whoever waits looks for itself afterwards.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::io::Errno;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// Events that are watched for: names that appear, and the directory itself when it is moved or removed. Removal of one
/// that is held open shows as a change of its attributes (its number of names).
const WATCHED: inotify::WatchFlags = inotify::WatchFlags::MOVED_TO
    .union(inotify::WatchFlags::CREATE)
    .union(inotify::WatchFlags::MOVE_SELF)
    .union(inotify::WatchFlags::ATTRIB);

/// Watched directories.
#[derive(Debug)]
pub struct Watch(Option<OwnedFd>);

impl Watch {
    /// Watches `directory` for names that appear in it, and for its own end. Where the kernel grants no watch (their
    /// number is limited, and a network file system has none), waiting ends with its time alone; the error says why.
    pub fn directory(directory: &Path) -> (Self, Option<io::Error>) {
        match open(directory) {
            Ok(fd) => (Self(Some(fd)), None),
            Err(errno) => (Self(None), Some(errno.into())),
        }
    }

    /// Watches one more directory.
    pub fn add(&self, directory: &Path) -> io::Result<()> {
        let Some(fd) = &self.0 else { return Ok(()) };
        inotify::add_watch(fd, directory, WATCHED)?;
        Ok(())
    }

    /// Waits until a name appears, one of `others` is readable, or `at_most` has passed. What appeared since the last
    /// wait counts, so look first, then wait. Whether a name may have appeared: where nothing is watched, always. A
    /// watch that fails is given up, since it would fail again at once.
    pub fn wait(&mut self, others: &[BorrowedFd<'_>], at_most: Duration) -> io::Result<bool> {
        let mut fds: Vec<_> = others.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        if let Some(fd) = &self.0 {
            fds.push(PollFd::new(fd, PollFlags::IN));
        }
        let at_most = Timespec::try_from(at_most).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let polled = poll(&mut fds, Some(&at_most)).map(drop).or_else(|errno| ignore(errno, Errno::INTR));
        drop(fds);
        let appeared = polled.and_then(|()| self.forget_events());
        if appeared.is_err() {
            self.0 = None;
        }
        Ok(appeared?)
    }

    /// Waits until a name appears, at most `at_most`; where nothing is watched, `unwatched` and no more.
    pub fn wait_alone(&self, at_most: Duration, unwatched: Duration) {
        let at_most = if self.0.is_some() { at_most } else { unwatched.min(at_most) };
        let mut fds: Vec<PollFd<'_>> = self.0.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        let time = Timespec::try_from(at_most).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        // Whoever waits looks for itself afterwards, also after an error.
        let _ = poll(&mut fds, Some(&time)).map(|_| self.forget_events());
    }

    /// The names that appeared do not matter, nor whether the kernel's queue overflowed: the caller scans.
    fn forget_events(&self) -> Result<bool, Errno> {
        let Some(fd) = &self.0 else { return Ok(true) };
        let mut buffer = [0; 4096];
        let mut appeared = false;
        loop {
            match rustix::io::read(fd, &mut buffer) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(appeared),
                Ok(_) => appeared = true,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

fn ignore(errno: Errno, harmless: Errno) -> Result<(), Errno> {
    if errno == harmless { Ok(()) } else { Err(errno) }
}

fn open(directory: &Path) -> Result<OwnedFd, Errno> {
    let fd = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    inotify::add_watch(&fd, directory, WATCHED)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::stop::Stop;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_file_that_came_before_the_wait_ends_it_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let (mut watch, error) = Watch::directory(directory.path());
        assert!(error.is_none(), "{error:?}");
        let (stop, trigger) = Stop::by_hand().unwrap();
        std::fs::write(directory.path().join("a"), "").unwrap();
        let start = Instant::now();
        assert!(watch.wait(&[stop.fd()], LONG).unwrap());
        assert!(start.elapsed() < LONG);
        trigger.request();
        assert!(!watch.wait(&[stop.fd()], LONG).unwrap(), "nothing new has come");
    }

    #[test]
    fn a_second_directory_is_watched_beside_the_first() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut watch, _) = Watch::directory(first.path());
        watch.add(second.path()).unwrap();
        std::fs::write(second.path().join("a"), "").unwrap();
        assert!(watch.wait(&[], LONG).unwrap());
    }

    #[test]
    fn a_stop_ends_it_also_without_a_watch() {
        let (mut watch, error) = Watch::directory(Path::new("/nonexistent"));
        assert!(error.is_some());
        let (stop, trigger) = Stop::by_hand().unwrap();
        trigger.request();
        assert!(watch.wait(&[stop.fd()], LONG).unwrap());
        assert!(watch.wait(&[stop.fd()], LONG).unwrap());
    }
}
