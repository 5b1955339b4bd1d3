//! Edge. Waits for something of a job, and for whatever may end the job meanwhile.

use super::control::Control;
use crate::system::wait::after;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// The end of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// The awaited descriptor is ready.
    Ready,
    /// The time that it had.
    TimedOut,
    /// The time in which nothing was printed.
    Silent,
    /// A stop, and the grace after it.
    Interrupted,
    /// A person.
    Cancelled,
    /// A stop, which this step was to bring about.
    Restarted,
}

/// Waits for descriptors until a moment, as `wait::ready` does.
pub(super) type Poll<'a> = &'a mut dyn FnMut(&[BorrowedFd<'_>], Instant) -> io::Result<Vec<bool>>;

/// The requests of `Control` that were seen so far.
#[derive(Debug)]
pub(super) struct Interrupts<'a> {
    control: &'a Control<'a>,
    grace_until: Option<Instant>,
    was_cancelled: bool,
    /// A stop is what the step is for.
    pub(super) awaits_stop: bool,
}

impl<'a> Interrupts<'a> {
    pub(super) fn new(control: &'a Control<'a>) -> Self {
        Self { control, grace_until: None, was_cancelled: false, awaits_stop: false }
    }

    /// Waits for `fd` until `until`. An exit at the last moment counts as one: `fd` comes first.
    pub(super) fn watch(&mut self, fd: Option<BorrowedFd<'_>>, until: Instant, poll: Poll<'_>) -> io::Result<Wake> {
        if self.awaits_stop && self.control.stop.requested() {
            return Ok(Wake::Restarted);
        }
        loop {
            let stop = self.grace_until.is_none().then(|| self.control.stop.fd());
            let cancel = self.control.cancel.filter(|_| !self.was_cancelled).map(|cancel| cancel.fd());
            let fds: Vec<BorrowedFd<'_>> = [fd, cancel, stop].into_iter().flatten().collect();
            let ready = poll(&fds, self.grace_until.map_or(until, |grace| grace.min(until)))?;
            let mut ready = ready.into_iter();
            let [fd, cancel, stop] = [fd, cancel, stop].map(|asked| asked.is_some() && ready.next().unwrap_or(false));
            if fd {
                return Ok(Wake::Ready);
            }
            if cancel {
                self.was_cancelled = true;
                return Ok(Wake::Cancelled);
            }
            if stop && self.awaits_stop {
                return Ok(Wake::Restarted);
            }
            if stop {
                self.grace_until = Some(after(self.control.grace));
            }
            match self.time_is_up(until) {
                Some(wake) if !stop => return Ok(wake),
                _ => {}
            }
        }
    }

    fn time_is_up(&self, until: Instant) -> Option<Wake> {
        let now = Instant::now();
        if self.grace_until.is_some_and(|grace| now >= grace) {
            return Some(Wake::Interrupted);
        }
        (now >= until).then_some(Wake::TimedOut)
    }
}
