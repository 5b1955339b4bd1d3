//! Edge. Output of a step, read whenever there is some: a writer never waits for its reader.

use super::messages::Messages;
use crate::runner::log::{JobLog, Source};
use crate::system::wait;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Most bytes of each stream that are kept for a caller: a list of a million paths.
pub(super) const CALLER_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// The destination of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    /// Into the log.
    Log,
    /// To the caller, up to a limit.
    Caller,
    /// To the caller, and what git says on standard error to the log, too.
    Messages,
}

/// One of the two streams.
#[derive(Debug)]
struct Stream {
    source: Source,
    /// `None` after its end.
    pipe: Option<File>,
    kept: Vec<u8>,
}

/// Both streams of a process.
#[derive(Debug)]
pub(super) struct Output<'a> {
    streams: [Stream; 2],
    sink: Sink,
    log: &'a mut JobLog,
    messages: Messages,
    chunk: Vec<u8>,
    heard: Instant,
}

impl<'a> Output<'a> {
    pub(super) fn new(ends: Option<(OwnedFd, OwnedFd)>, sink: Sink, log: &'a mut JobLog) -> Self {
        let (out, err) = ends.map_or((None, None), |(out, err)| (Some(out.into()), Some(err.into())));
        let stream = |source, pipe| Stream { source, pipe, kept: Vec::new() };
        let streams = [stream(Source::Out, out), stream(Source::Err, err)];
        let (now, chunk) = (Instant::now(), vec![0; CHUNK_BYTES]);
        Self { streams, sink, log, messages: Messages::new(now), chunk, heard: now }
    }

    /// Time of the last output, or else of the beginning.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// Waits until one of `fds` is readable (which are) or `until` (none), and reads output meanwhile.
    pub(super) fn ready(&mut self, fds: &[BorrowedFd<'_>], until: Instant) -> io::Result<Vec<bool>> {
        loop {
            let (printed, ready) = self.poll(fds, until)?;
            if printed.contains(&true) {
                self.heard = Instant::now();
            }
            self.read(printed);
            if ready.contains(&true) || Instant::now() >= until {
                return Ok(ready);
            }
        }
    }

    /// The streams that have news, and the `fds` that are readable.
    fn poll(&self, fds: &[BorrowedFd<'_>], until: Instant) -> io::Result<([bool; 2], Vec<bool>)> {
        let pipes = self.streams.iter().filter_map(|stream| stream.pipe.as_ref().map(AsFd::as_fd));
        let all: Vec<BorrowedFd<'_>> = pipes.chain(fds.iter().copied()).collect();
        let mut ready = wait::ready(&all, until)?.into_iter();
        let printed = [0, 1].map(|i| self.streams[i].pipe.is_some() && ready.next().unwrap_or(false));
        Ok((printed, ready.collect()))
    }

    /// Reads on until both streams have ended (true) or `until`.
    pub(super) fn drain(&mut self, until: Instant) -> io::Result<bool> {
        while self.streams.iter().any(|stream| stream.pipe.is_some()) {
            let (printed, _) = self.poll(&[], until)?;
            if printed == [false; 2] || Instant::now() >= until {
                return Ok(false);
            }
            self.read(printed);
        }
        Ok(true)
    }

    /// Reads once of each stream that has news.
    fn read(&mut self, has_news: [bool; 2]) {
        for (stream, _) in self.streams.iter_mut().zip(has_news).filter(|(_, has_news)| *has_news) {
            let Some(printed) = stream.read(&mut self.chunk) else { continue };
            if self.sink == Sink::Log {
                self.log.print(stream.source, printed);
                continue;
            }
            let room = CALLER_LIMIT_BYTES - stream.kept.len();
            stream.kept.extend_from_slice(&printed[..printed.len().min(room)]);
            if (self.sink, stream.source) == (Sink::Messages, Source::Err) {
                let log = &mut *self.log;
                self.messages.feed(printed, Instant::now(), &mut |line| print_line(log, line));
            }
        }
    }

    /// Ends the last lines; what was kept of both streams.
    pub(super) fn close(mut self) -> [Vec<u8>; 2] {
        let log = &mut *self.log;
        self.messages.finish(&mut |line| print_line(log, line));
        self.log.end_lines();
        self.streams.map(|stream| stream.kept)
    }
}

impl Stream {
    /// Reads once. A pipe in error has ended.
    fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Option<&'c [u8]> {
        match self.pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(chunk)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Ok(0) | Err(_) => {
                self.pipe = None;
                None
            }
            Ok(count) => Some(&chunk[..count]),
        }
    }
}

fn print_line(log: &mut JobLog, line: &str) {
    log.print(Source::Err, line.as_bytes());
    log.print(Source::Err, b"\n");
}
