//! Edge. A worker's visit to one request: feeds the handler with what has arrived, and never waits for more.

use super::connections::Connections;
use super::handler::{Begun, Handler, Response};
use super::limits::Limits;
use super::protocol::{Fault, Message};
use super::work::{Answered, Body, Connection, Job, Taking, Times, Work};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a worker's one read buffer.
const BUFFER_BYTES: usize = 64 * 1024;
/// Most that one visit reads of a body that comes quickly, so that others get their turn.
const VISIT_BYTES: usize = 1024 * 1024;

/// A worker's read buffer, used again for each request.
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; BUFFER_BYTES].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Begins with `rest`, which the reactor has read; its reads are shorter than this buffer.
    fn restart(&mut self, rest: &[u8]) {
        self.bytes[..rest.len()].copy_from_slice(rest);
        (self.start, self.end) = (0, rest.len());
    }

    /// Input that the codec has not seen.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// One visit.
pub(super) struct Exchange<'w> {
    pub(super) connection: Connection,
    body: Body,
    times: Times,
    /// True if the codec has taken all that was read. It may still have a message then, such as the end of a body.
    needs_input: bool,
    fault: Option<Fault>,
    limits: &'w Limits,
}

/// The result of a visit.
pub(super) enum Visit {
    /// The answer can be sent.
    Answer(Response),
    /// More of the body must come.
    Wait(Work),
}

impl<'w> Exchange<'w> {
    /// The visit, what is to be done in it, and the piece of the body to begin with.
    pub(super) fn new(job: Job, buffer: &mut Buffer, limits: &'w Limits) -> (Self, Work, Vec<u8>) {
        buffer.restart(&job.rest);
        let Job { connection, body, times, work, piece, .. } = job;
        (Self { connection, body, times, needs_input: false, fault: None, limits }, work, piece)
    }

    pub(super) fn body(&self) -> Body {
        self.body
    }

    pub(super) fn times(&self) -> Times {
        self.times
    }

    /// The peer's breach of the protocol, if there was one.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Feeds all that has arrived.
    pub(super) fn visit(&mut self, work: Work, piece: &[u8], buffer: &mut Buffer, handler: &dyn Handler) -> Visit {
        let begun = self.begin(work, handler);
        let mut work = self.feed(begun, piece);
        let mut read_bytes = 0;
        loop {
            work = self.settle(work);
            if let (Work::Answer(answered), true) = (&mut work, self.body != Body::Coming) {
                return Visit::Answer(std::mem::take(&mut answered.answer));
            }
            if self.body == Body::Coming && self.needs_input {
                match self.fill(buffer, read_bytes) {
                    Some(length) => read_bytes += length,
                    None => return Visit::Wait(work),
                }
            }
            work = self.step(work, buffer);
        }
    }

    fn begin(&mut self, work: Work, handler: &dyn Handler) -> Work {
        let Work::Begin(params) = work else { return work };
        let begun = handler.begin(&params);
        let is_awaited = self.connection.codec.awaits_invitation();
        match begun {
            Begun::Answered(answer) => {
                self.body = if is_awaited { Body::Unasked } else { self.body };
                self.answered(answer)
            }
            Begun::Upload(upload) => {
                if is_awaited && let Err(error) = self.connection.stream.write_now(self.connection.codec.invite()) {
                    self.body = Body::Broken(error.kind());
                }
                Work::Take(Taking { upload, bytes: 0, counted: None })
            }
        }
    }

    /// An answer that is known, to be sent when the body is at its end.
    pub(super) fn answered(&self, answer: Response) -> Work {
        let until = self.times.deadline.min(Instant::now() + self.limits.drain_timeout);
        Work::Answer(Answered { answer, left_bytes: self.limits.drain_bytes, until })
    }

    /// Hands over a piece of the body, as much of it as is wanted.
    fn feed(&mut self, work: Work, piece: &[u8]) -> Work {
        match work {
            Work::Take(mut taking) => {
                let wanted = usize::try_from(taking.upload.wanted_bytes()).unwrap_or(usize::MAX);
                let piece = &piece[..piece.len().min(wanted)];
                taking.bytes += piece.len() as u64;
                match (!piece.is_empty()).then(|| taking.upload.take(piece)).flatten() {
                    Some(answer) => self.answered(answer),
                    None => Work::Take(taking),
                }
            }
            Work::Answer(mut answered) => {
                if answered.skip(piece.len()) {
                    self.body = Body::Broken(ErrorKind::TimedOut);
                }
                Work::Answer(answered)
            }
            Work::Begin(_) => work,
        }
    }

    /// Ends the request when all wanted bytes were taken, or when no more will come.
    fn settle(&mut self, work: Work) -> Work {
        let Work::Take(taking) = work else { return work };
        let ended = match self.body {
            _ if taking.upload.wanted_bytes() == 0 => Ok(()),
            Body::Coming => return Work::Take(taking),
            Body::Complete | Body::Unasked => Ok(()),
            Body::Broken(kind) => Err(self.fault.clone().map_or_else(|| kind.into(), |why| io::Error::new(kind, why))),
        };
        let Taking { upload, .. } = taking;
        self.answered(upload.end(ended))
    }

    /// Reads what has arrived; `None` when that is nothing, or enough for one visit.
    fn fill(&mut self, buffer: &mut Buffer, read_bytes: usize) -> Option<usize> {
        if read_bytes >= VISIT_BYTES {
            return None;
        }
        match self.connection.stream.read_now(&mut buffer.bytes) {
            Ok(None) => return None,
            Ok(Some(0)) => self.body = Body::Broken(ErrorKind::UnexpectedEof),
            Ok(Some(length)) => {
                (buffer.start, buffer.end) = (0, length);
                return Some(length);
            }
            Err(error) => self.body = Body::Broken(error.kind()),
        }
        Some(0)
    }

    /// Takes one message from the buffer.
    fn step(&mut self, work: Work, buffer: &mut Buffer) -> Work {
        if self.body != Body::Coming {
            return work;
        }
        let mut input = &buffer.bytes[buffer.start..buffer.end];
        let message = self.connection.codec.next(&mut input);
        // Before the handler sees it: one that panics must not be fed the same bytes again.
        buffer.start = buffer.end - input.len();
        self.needs_input = matches!(message, Ok(None));
        match message {
            Ok(Some(Message::Body(part))) => self.feed(work, part),
            Ok(message) => {
                self.note(message);
                work
            }
            Err(fault) => {
                (self.fault, self.body) = (Some(fault), Body::Broken(ErrorKind::InvalidData));
                work
            }
        }
    }

    fn note(&mut self, message: Option<Message<'_>>) {
        match message {
            Some(Message::End) => self.body = Body::Complete,
            Some(Message::Abort) => self.body = Body::Broken(ErrorKind::ConnectionAborted),
            Some(Message::Send(reply) | Message::Refuse { reply, .. }) => {
                if let Err(error) = self.connection.stream.write_now(&reply) {
                    self.body = Body::Broken(error.kind());
                }
            }
            // There is a head already, so that another cannot come.
            Some(Message::Head(_) | Message::Body(_)) | None => {}
        }
    }

    /// Sends an answer. A late one still gets the time of one write.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let deadline = self.times.deadline.max(Instant::now() + self.limits.write_timeout);
        self.connection.stream.write_until(bytes, self.limits.write_timeout, deadline)
    }
}

impl Answered {
    /// Counts bytes that are dropped; whether that was the last of what is.
    pub(super) fn skip(&mut self, bytes: usize) -> bool {
        self.left_bytes = self.left_bytes.saturating_sub(bytes as u64);
        self.left_bytes == 0
    }
}

impl Taking {
    /// Counts it among the bodies that are on their way.
    pub(super) fn count(&mut self, connections: &Arc<Connections>) {
        self.counted.get_or_insert_with(|| connections.begin_upload()).set_bytes(self.bytes);
    }
}
