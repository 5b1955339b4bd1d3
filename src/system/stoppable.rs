//! Edge. Reads until the end, or until this process is asked to stop.

use super::stop::Stop;
use super::wait;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::Duration;

/// A reader whose wait a request to stop ends. `R` must not buffer: what it holds back, no descriptor announces.
#[derive(Debug)]
pub struct Stoppable<R> {
    inner: R,
    stop: Stop,
}

impl<R: Read + AsFd> Stoppable<R> {
    /// Reads from `inner` until `stop` is requested.
    pub fn new(inner: R, stop: Stop) -> Self {
        Self { inner, stop }
    }
}

impl<R: Read + AsFd> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = wait::ready(&[self.inner.as_fd(), self.stop.fd()], wait::after(Duration::MAX))?;
        if ready[1] {
            return Err(io::Error::new(ErrorKind::ConnectionAborted, "asked to stop before the end of the body"));
        }
        self.inner.read(buffer)
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
        let mut reader = Stoppable::new(reader, stop);
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
        Stoppable::new(reader, stop).read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
    }
}
