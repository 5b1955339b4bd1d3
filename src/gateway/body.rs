//! Pure. A request body of known length.

use std::io::{self, ErrorKind, Read};

/// Yields exactly the announced number of bytes and never asks for more: uWSGI keeps standard input open. An early
/// end is an error, so that a truncated body is never taken for a whole one.
pub(super) struct Exactly<R> {
    inner: R,
    left_bytes: u64,
}

impl<R: Read> Exactly<R> {
    /// The next `length_bytes` of `inner`.
    pub(super) fn new(inner: R, length_bytes: u64) -> Self {
        Self { inner, left_bytes: length_bytes }
    }

    /// Reads and forgets what is left, up to `limit_bytes`. Errors end it: nobody waits for these bytes.
    pub(super) fn drain(&mut self, limit_bytes: u64) {
        let mut rest = self.take(limit_bytes);
        let mut buffer = [0; 16 * 1024];
        while matches!(rest.read(&mut buffer), Ok(n) if n > 0) {}
    }
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        match self.inner.read(&mut buffer[..want]) {
            Ok(0) => Err(io::Error::new(ErrorKind::UnexpectedEof, "the sender stopped before the end of the body")),
            Ok(n) => {
                self.left_bytes -= n as u64;
                Ok(n)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read(buffer),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_reads_beyond_the_announced_length() {
        let mut source = &b"abcdef"[..];
        let mut text = String::new();
        Exactly::new(&mut source, 4).read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), source), ("abcd", &b"ef"[..]));
    }

    #[test]
    fn an_early_end_is_an_error() {
        let error = Exactly::new(&b"abc"[..], 4).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn draining_stops_at_its_bound() {
        let bytes = vec![0; 100_000];
        let mut source = bytes.as_slice();
        Exactly::new(&mut source, 100_000).drain(40_000);
        assert_eq!(source.len(), 60_000);
    }
}
