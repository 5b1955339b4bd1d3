//! Edge. A worker's side of one request: the body as it streams in, and what is sent back.

use super::codec::Message;
use super::limits::Limits;
use super::pool::{Connection, Job};
use super::record;
use super::violation::Violation;
use std::io;
use std::time::Instant;

/// Bytes of a worker's one read buffer.
const BUFFER_BYTES: usize = 64 * 1024;

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

    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// How far the body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Coming,
    Complete,
    /// It will not be complete: each further read fails alike.
    Broken(io::ErrorKind),
}

/// One request in a worker's hands.
pub(super) struct Exchange<'w> {
    connection: Connection,
    id: u16,
    keep: bool,
    ahead: Vec<u8>,
    ahead_read: usize,
    body: Body,
    violation: Option<Violation>,
    buffer: &'w mut Buffer,
    limits: &'w Limits,
    deadline: Instant,
}

/// What becomes of the connection.
pub(super) enum After {
    Close,
    Keep(Connection, Vec<u8>),
    Linger(Connection),
}

impl<'w> Exchange<'w> {
    /// `None` if the connection carries no request, which the reactor never hands over.
    pub(super) fn new(job: Job, buffer: &'w mut Buffer, limits: &'w Limits) -> Option<Self> {
        let request = job.connection.codec.request()?;
        buffer.restart(&job.rest);
        Some(Self {
            connection: job.connection,
            id: request.id,
            keep: request.keep,
            ahead: job.ahead,
            ahead_read: 0,
            body: if job.complete { Body::Complete } else { Body::Coming },
            violation: None,
            buffer,
            limits,
            deadline: job.deadline,
        })
    }

    pub(super) fn id(&self) -> u16 {
        self.id
    }

    /// Whether the web server gave the request up.
    pub(super) fn aborted(&self) -> bool {
        self.body == Body::Broken(io::ErrorKind::ConnectionAborted)
    }

    /// How the peer broke the protocol, if it did.
    pub(super) fn violation(&self) -> Option<Violation> {
        self.violation
    }

    /// The next bytes of the body; 0 only after its proper end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_before(out, self.deadline)
    }

    fn read_before(&mut self, out: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let ahead = &self.ahead[self.ahead_read..];
        if !ahead.is_empty() || out.is_empty() {
            let length = ahead.len().min(out.len());
            out[..length].copy_from_slice(&ahead[..length]);
            self.ahead_read += length;
            return Ok(length);
        }
        match self.body {
            Body::Complete => Ok(0),
            Body::Broken(kind) => Err(kind.into()),
            Body::Coming => self.receive(out, deadline).inspect_err(|error| self.body = Body::Broken(error.kind())),
        }
    }

    fn receive(&mut self, out: &mut [u8], deadline: Instant) -> io::Result<usize> {
        loop {
            let mut input = &self.buffer.bytes[self.buffer.start..self.buffer.end];
            let event = self.connection.codec.next(&mut input, out.len());
            self.buffer.start = self.buffer.end - input.len();
            match event {
                Ok(Some(Message::Stdin(part))) => {
                    out[..part.len()].copy_from_slice(part);
                    return Ok(part.len());
                }
                Ok(Some(Message::StdinEnd)) => {
                    self.body = Body::Complete;
                    return Ok(0);
                }
                Ok(Some(Message::Abort)) => return Err(io::ErrorKind::ConnectionAborted.into()),
                Ok(Some(Message::Send(reply) | Message::Refuse { reply, .. })) => self.send_before(&reply, deadline)?,
                // There is a head already, so that another cannot come.
                Ok(Some(Message::Head(_))) => {}
                Ok(None) => self.fill(deadline)?,
                Err(violation) => {
                    self.violation = Some(violation);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, violation));
                }
            }
        }
    }

    fn fill(&mut self, deadline: Instant) -> io::Result<()> {
        let deadline = deadline.min(Instant::now() + self.limits.read_timeout);
        let length = self.connection.stream.read_until(&mut self.buffer.bytes, deadline)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.buffer.start, self.buffer.end) = (0, length);
        Ok(())
    }

    /// Reads and drops what the handler left of the body, within the limits.
    pub(super) fn drain(&mut self) {
        if self.body != Body::Coming {
            return;
        }
        let mut scratch = [0; 16 * 1024];
        let deadline = self.deadline.min(Instant::now() + self.limits.drain_timeout);
        let mut left = self.limits.drain_bytes;
        self.ahead_read = self.ahead.len();
        while self.body == Body::Coming && left > 0 {
            // Whatever goes wrong is in `self.body` afterwards.
            let length = self.read_before(&mut scratch, deadline).unwrap_or(0);
            left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        }
    }

    /// Sends records. A late answer still gets the time of one write.
    pub(super) fn send(&mut self, records: &[u8]) -> io::Result<()> {
        self.send_before(records, self.deadline.max(Instant::now() + self.limits.write_timeout))
    }

    fn send_before(&self, records: &[u8], deadline: Instant) -> io::Result<()> {
        self.connection.stream.write_until(records, self.limits.write_timeout, deadline)
    }

    /// Tells a web server that gave up that its request has ended.
    pub(super) fn send_end(&mut self) -> io::Result<()> {
        self.send(&record::end_request(self.id, record::ProtocolStatus::Complete))
    }

    /// The answer is out: the connection goes on, or ends in a way that lets the peer read it.
    pub(super) fn finish(mut self) -> After {
        self.connection.codec.end_request();
        let over = self.body == Body::Complete || self.aborted();
        if over && self.keep {
            return After::Keep(self.connection, self.buffer.unread().to_vec());
        }
        if self.body == Body::Complete && self.connection.codec.between_records() {
            return After::Close;
        }
        self.connection.stream.end_output();
        After::Linger(self.connection)
    }
}
