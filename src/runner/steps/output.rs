//! Edge. What a step prints, read whenever there is something: a writer never waits for its reader.

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

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    /// Into the log.
    Log,
    /// To the caller, up to a limit.
    Caller,
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
    chunk: Vec<u8>,
    heard: Instant,
}

impl<'a> Output<'a> {
    pub(super) fn new(ends: Option<(OwnedFd, OwnedFd)>, sink: Sink, log: &'a mut JobLog) -> Self {
        let (out, err) = ends.map_or((None, None), |(out, err)| (Some(out.into()), Some(err.into())));
        let stream = |source, pipe| Stream { source, pipe, kept: Vec::new() };
        let streams = [stream(Source::Out, out), stream(Source::Err, err)];
        Self { streams, sink, log, chunk: vec![0; CHUNK_BYTES], heard: Instant::now() }
    }

    /// When something was printed last, or else when it began.
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
            for (stream, has_news) in self.streams.iter_mut().zip(printed) {
                if has_news {
                    stream.read(&mut self.chunk, self.sink, self.log);
                }
            }
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
            for (stream, has_news) in self.streams.iter_mut().zip(printed) {
                if has_news {
                    stream.read(&mut self.chunk, self.sink, self.log);
                }
            }
        }
        Ok(true)
    }

    /// Ends the last lines; what was kept of both streams.
    pub(super) fn close(self) -> [Vec<u8>; 2] {
        self.log.end_lines();
        self.streams.map(|stream| stream.kept)
    }
}

impl Stream {
    /// Reads once. A pipe in error has ended.
    fn read(&mut self, chunk: &mut [u8], sink: Sink, log: &mut JobLog) {
        let count = self.pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(chunk));
        match (count, sink) {
            (Err(error), _) if error.kind() == io::ErrorKind::Interrupted => {}
            (Ok(0) | Err(_), _) => self.pipe = None,
            (Ok(count), Sink::Log) => log.print(self.source, &chunk[..count]),
            (Ok(count), Sink::Caller) => {
                let room = CALLER_LIMIT_BYTES - self.kept.len();
                self.kept.extend_from_slice(&chunk[..count.min(room)]);
            }
        }
    }
}
