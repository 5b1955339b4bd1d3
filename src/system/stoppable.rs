//! Edge. Reads until the end, until a time is up, or until this process is asked to stop.

use super::stop::Stop;
use super::wait;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// A reader whose wait ends. `R` must not buffer: what it holds back, no descriptor announces.
#[derive(Debug)]
pub struct Stoppable<R> {
    inner: R,
    /// The request to stop, where it can be made.
    stop: Option<Stop>,
    silence: Duration,
    until: Instant,
}

impl<R: Read + AsFd> Stoppable<R> {
    /// Reads from `inner` until `stop` is requested.
    pub fn new(inner: R, stop: Option<Stop>) -> Self {
        Self { inner, stop, silence: Duration::MAX, until: wait::after(Duration::MAX) }
    }

    /// The same, with `silence` between two pieces at most, and from now on for no longer than `in_all`.
    #[must_use]
    pub fn limited(self, silence: Duration, in_all: Duration) -> Self {
        Self { silence, until: wait::after(in_all), ..self }
    }
}

impl<R: Read + AsFd> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fds: Vec<_> = [self.inner.as_fd()].into_iter().chain(self.stop.as_ref().map(Stop::fd)).collect();
        let ready = wait::ready(&fds, self.until.min(wait::after(self.silence)))?;
        match ready[..] {
            [_, true] => Err(io::Error::new(ErrorKind::ConnectionAborted, "asked to stop before the end of the body")),
            [true, ..] => self.inner.read(buffer),
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_request_to_stop_ends_the_wait_for_a_sender_that_stays() {
        let (reader, mut sender) = io::pipe().unwrap();
        let (stop, trigger) = Stop::by_hand().unwrap();
        let mut reader = Stoppable::new(reader, Some(stop));
        sender.write_all(b"ab").unwrap();
        let mut piece = [0; 8];
        assert_eq!(reader.read(&mut piece).unwrap(), 2);
        trigger.request();
        assert_eq!(reader.read(&mut piece).unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }

    #[test]
    fn without_a_request_it_reads_to_the_end() {
        let (reader, mut sender) = io::pipe().unwrap();
        let (stop, _trigger) = Stop::by_hand().unwrap();
        sender.write_all(b"whole").unwrap();
        drop(sender);
        let mut text = String::new();
        Stoppable::new(reader, Some(stop)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
    }

    #[test]
    fn silence_ends_it_and_so_does_the_time_in_all() {
        let (reader, mut sender) = io::pipe().unwrap();
        sender.write_all(b"ab").unwrap();
        let soon = Duration::from_millis(10);
        let mut reader = Stoppable::new(reader, None).limited(soon, Duration::MAX);
        let mut piece = [0; 1];
        assert_eq!(reader.read(&mut piece).unwrap(), 1);
        assert_eq!(reader.read(&mut piece).unwrap(), 1);
        assert_eq!(reader.read(&mut piece).unwrap_err().kind(), ErrorKind::TimedOut);
        let mut reader = reader.limited(Duration::MAX, soon);
        assert_eq!(reader.read(&mut piece).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
