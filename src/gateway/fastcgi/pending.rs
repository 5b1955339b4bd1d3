//! Edge. A connection in the reactor's hands: what it waits for, until when, and what its input leads to.

use super::codec::Message;
use super::limits::Limits;
use super::notice::Awaited;
use super::params::Params;
use super::pool::{Connection, Job};
use super::violation::Violation;
use std::time::{Duration, Instant};

/// A connection without a byte of a request may be closed for a new one after this long, if there is no room else.
const SETTLED: Duration = Duration::from_secs(1);

/// A connection that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) connection: Connection,
    pub(super) deadline: Instant,
    phase: Phase,
    /// When it entered its phase.
    since: Instant,
    params: Option<Params>,
    /// The body so far.
    ahead: Vec<u8>,
    /// When the body must be complete.
    request_deadline: Instant,
    /// Input after the last answer.
    dropped_bytes: usize,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first byte of its first request.
    New,
    /// The first byte of a further request.
    Idle,
    /// The last parameter.
    Head,
    /// The body, or as much of it as is kept here.
    Body,
    /// The peer's end.
    Linger,
}

/// What input led to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// More must come.
    Wait,
    /// A worker can take it.
    Ready,
    /// Nothing more to say: close when the peer has.
    Linger {
        /// Whether a request was too large.
        too_large: bool,
    },
    /// The peer broke the protocol.
    Malformed(Violation),
    /// The peer does not read what it asked for, or sends without end after its answer.
    Gone,
}

impl Pending {
    /// A connection that was just accepted.
    pub(super) fn accepted(connection: Connection, limits: &Limits, now: Instant) -> Self {
        Self::new(connection, Phase::New, now, limits.head_timeout)
    }

    /// A kept-alive connection between two requests.
    pub(super) fn idle(connection: Connection, limits: &Limits, now: Instant) -> Self {
        Self::new(connection, Phase::Idle, now, limits.idle_timeout)
    }

    /// A connection that is only waiting to be closed.
    pub(super) fn lingering(connection: Connection, limits: &Limits, now: Instant) -> Self {
        Self::new(connection, Phase::Linger, now, limits.linger_timeout)
    }

    fn new(connection: Connection, phase: Phase, now: Instant, timeout: Duration) -> Self {
        let deadline = now + timeout;
        let (params, ahead, request_deadline) = (None, Vec::new(), deadline);
        Self { connection, deadline, phase, since: now, params, ahead, request_deadline, dropped_bytes: 0 }
    }

    /// The notice that its time-out is worth.
    pub(super) fn lateness(&self) -> Option<Awaited> {
        match self.phase {
            Phase::Idle | Phase::Linger => None,
            Phase::New | Phase::Head => Some(Awaited::Head),
            Phase::Body => Some(Awaited::Body),
        }
    }

    /// Whether it is between two requests.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether its parameters are not complete.
    pub(super) fn is_headless(&self) -> bool {
        matches!(self.phase, Phase::New | Phase::Head)
    }

    /// Since when it could be closed without a loss to anybody.
    pub(super) fn expendable_since(&self, now: Instant) -> Option<Instant> {
        let unused = matches!(self.phase, Phase::New | Phase::Idle);
        (unused && now.duration_since(self.since) >= SETTLED).then_some(self.since)
    }

    /// Input has come: feeds it to the codec as far as needed.
    pub(super) fn digest(&mut self, input: &mut &[u8], limits: &Limits, now: Instant) -> Verdict {
        match self.phase {
            Phase::Linger => return self.drop_input(input, limits),
            Phase::New | Phase::Idle => self.begin(limits, now),
            Phase::Head | Phase::Body => {}
        }
        let verdict = self.events(input, limits);
        match self.phase {
            Phase::Body => self.deadline = self.request_deadline.min(now + limits.read_timeout),
            Phase::Head if self.connection.codec.is_idle() => self.rest(limits, now),
            _ => {}
        }
        verdict
    }

    /// A quick sender passes much in little time, so that a time alone is no bound.
    fn drop_input(&mut self, input: &mut &[u8], limits: &Limits) -> Verdict {
        self.dropped_bytes += input.len();
        *input = &[];
        if self.dropped_bytes > limits.linger_bytes { Verdict::Gone } else { Verdict::Wait }
    }

    /// No request has begun, or it came to nothing: the next one has all its time.
    fn rest(&mut self, limits: &Limits, now: Instant) {
        self.phase = Phase::Idle;
        self.since = now;
        self.deadline = now + limits.idle_timeout;
    }

    fn begin(&mut self, limits: &Limits, now: Instant) {
        self.phase = Phase::Head;
        self.since = now;
        self.deadline = now + limits.head_timeout;
        self.request_deadline = now + limits.request_timeout;
    }

    fn events(&mut self, input: &mut &[u8], limits: &Limits) -> Verdict {
        loop {
            let verdict = match self.connection.codec.next(input, usize::MAX) {
                Ok(None) => Some(Verdict::Wait),
                Ok(Some(event)) => self.event(event, limits),
                Err(violation) => Some(Verdict::Malformed(violation)),
            };
            if let Some(verdict) = verdict {
                return verdict;
            }
        }
    }

    /// What an event leads to; `None` if the next one decides.
    fn event(&mut self, event: Message<'_>, limits: &Limits) -> Option<Verdict> {
        match event {
            Message::Head(params) => {
                self.params = Some(params);
                self.phase = Phase::Body;
                None
            }
            Message::Stdin(part) => {
                self.ahead.extend(part);
                (self.ahead.len() >= limits.ahead_bytes).then_some(Verdict::Ready)
            }
            Message::StdinEnd => Some(Verdict::Ready),
            Message::Abort => self.abort(),
            Message::Send(reply) | Message::Refuse { reply, keep: true, .. } => self.tell(&reply),
            Message::Refuse { reply, keep: false, too_large } => {
                self.tell(&reply).or_else(|| Some(self.linger(too_large)))
            }
        }
    }

    /// Sends a few bytes; the kernel's buffer has room for them unless the peer never reads.
    fn tell(&self, records: &[u8]) -> Option<Verdict> {
        self.connection.stream.write_now(records).err().map(|_| Verdict::Gone)
    }

    fn linger(&self, too_large: bool) -> Verdict {
        self.connection.stream.end_output();
        Verdict::Linger { too_large }
    }

    /// The web server gave the request up before anybody saw it.
    fn abort(&mut self) -> Option<Verdict> {
        let request = self.connection.codec.request()?;
        self.connection.codec.end_request();
        (self.params, self.ahead, self.phase) = (None, Vec::new(), Phase::Head);
        let told = self.tell(&super::record::end_request(request.id, super::record::ProtocolStatus::Complete));
        told.or_else(|| (!request.keep).then(|| self.linger(false)))
    }

    /// The request, for a worker, with the input that was not fed.
    pub(super) fn into_job(self, rest: &[u8]) -> Job {
        Job {
            params: self.params.unwrap_or_default(),
            complete: self.connection.codec.body_complete(),
            connection: self.connection,
            ahead: self.ahead,
            rest: rest.to_vec(),
            deadline: self.request_deadline,
        }
    }
}
