//! Edge. A connection in the reactor's hands: what it waits for, until when, and what its input leads to.

use super::limits::Limits;
use super::notice::Awaited;
use super::protocol::{Fault, Message};
use super::work::{Body, Connection, Job, Times, Work};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// A connection may be closed for a new one after this long, if there is no room else.
const SETTLED: Duration = Duration::from_secs(1);

/// A connection that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) connection: Connection,
    pub(super) deadline: Instant,
    phase: Phase,
    /// The moment at which it entered its phase.
    since: Instant,
    /// The request, once its parameters are complete.
    work: Option<Work>,
    /// The piece of the body that no worker has.
    piece: Vec<u8>,
    times: Times,
    /// Input after the last answer.
    dropped_bytes: usize,
}

/// The thing that a connection waits for.
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

/// The consequence of input.
#[derive(Debug)]
pub(super) enum Next {
    /// More must come.
    Wait,
    /// A worker can go on.
    Work(Body),
    /// Nothing more to say: close when the peer has.
    Linger {
        /// The reason, where a request was refused.
        why: Option<Fault>,
    },
    /// The peer broke the protocol.
    Malformed(Fault),
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

    /// A request that needs more of its body.
    pub(super) fn waiting(connection: Connection, work: Work, times: Times, limits: &Limits, now: Instant) -> Self {
        let until = match &work {
            Work::Answer(answered) => answered.until,
            Work::Begin(_) | Work::Take(_) => times.deadline.min(now + limits.read_timeout),
        };
        let pending = Self::new(connection, Phase::Body, now, Duration::ZERO);
        Self { deadline: until, since: times.began, work: Some(work), times, ..pending }
    }

    fn new(connection: Connection, phase: Phase, now: Instant, timeout: Duration) -> Self {
        let deadline = now + timeout;
        let times = Times { began: now, deadline };
        Self { connection, deadline, phase, since: now, work: None, piece: Vec::new(), times, dropped_bytes: 0 }
    }

    /// The notice that its time-out is worth.
    pub(super) fn lateness(&self) -> Option<Awaited> {
        match self.phase {
            Phase::Idle | Phase::Linger => None,
            Phase::New | Phase::Head => Some(Awaited::Head),
            Phase::Body => Some(Awaited::Body),
        }
    }

    /// True if it is between two requests.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// True if its parameters are not complete.
    pub(super) fn is_headless(&self) -> bool {
        matches!(self.phase, Phase::New | Phase::Head)
    }

    /// True if a handler knows its request, and is to be told how that ends.
    pub(super) fn is_begun(&self) -> bool {
        matches!(self.work, Some(Work::Take(_) | Work::Answer(_)))
    }

    /// The beginning of the body that a handler takes.
    pub(super) fn upload_since(&self) -> Option<Instant> {
        matches!(self.work, Some(Work::Take(_))).then_some(self.since)
    }

    /// Its body counts no more among those that are on their way.
    pub(super) fn uncount(&mut self) {
        if let Some(Work::Take(taking)) = &mut self.work {
            taking.counted = None;
        }
    }

    /// The loss if it were closed, least first: nothing, or a request that has taken longest.
    pub(super) fn expendable(&self, now: Instant) -> Option<(bool, Instant)> {
        let is_settled = now.duration_since(self.since) >= SETTLED;
        match self.phase {
            Phase::Linger => Some((false, self.since)),
            Phase::New | Phase::Idle => is_settled.then_some((false, self.since)),
            Phase::Head | Phase::Body => is_settled.then_some((true, self.since)),
        }
    }

    /// Input has come: feeds it to the codec as far as needed.
    pub(super) fn digest(&mut self, input: &mut &[u8], limits: &Limits, now: Instant) -> Next {
        match self.phase {
            Phase::Linger => return self.drop_input(input, limits),
            Phase::New | Phase::Idle => self.begin(limits, now),
            Phase::Head | Phase::Body => {}
        }
        let next = self.messages(input, limits);
        match self.phase {
            Phase::Body if !matches!(self.work, Some(Work::Answer(_))) => {
                self.deadline = self.times.deadline.min(now + limits.read_timeout);
            }
            Phase::Head if self.connection.codec.is_idle() => self.rest(limits, now),
            _ => {}
        }
        next
    }

    /// A quick sender passes much in little time, so that a time alone is no bound.
    fn drop_input(&mut self, input: &mut &[u8], limits: &Limits) -> Next {
        self.dropped_bytes += input.len();
        *input = &[];
        if self.dropped_bytes > limits.linger_bytes { Next::Gone } else { Next::Wait }
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
        self.times = Times { began: now, deadline: now + limits.request_timeout };
    }

    fn messages(&mut self, input: &mut &[u8], limits: &Limits) -> Next {
        loop {
            let next = match self.connection.codec.next(input) {
                Ok(None) => Some(Next::Wait),
                Ok(Some(message)) => self.message(message, limits),
                Err(fault) => Some(Next::Malformed(fault)),
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// The consequence of a message; `None` if the next one decides.
    fn message(&mut self, message: Message<'_>, limits: &Limits) -> Option<Next> {
        match message {
            Message::Head(params) => {
                self.work = Some(Work::Begin(params));
                self.phase = Phase::Body;
                self.connection.codec.awaits_invitation().then_some(Next::Work(Body::Coming))
            }
            Message::Body(part) => self.body(part, limits),
            Message::End => Some(Next::Work(Body::Complete)),
            Message::Abort => self.abort(),
            Message::Send(reply) | Message::Refuse { reply, keep: true, .. } => self.tell(&reply),
            Message::Refuse { reply, keep: false, why } => self.tell(&reply).or_else(|| Some(self.linger(why))),
        }
    }

    /// Keeps a part of the body, or drops it if the answer is known.
    fn body(&mut self, part: &[u8], limits: &Limits) -> Option<Next> {
        if let Some(Work::Answer(answered)) = &mut self.work {
            return answered.skip(part.len()).then_some(Next::Work(Body::Broken(ErrorKind::TimedOut)));
        }
        self.piece.extend(part);
        (self.piece.len() >= limits.ahead_bytes).then_some(Next::Work(Body::Coming))
    }

    /// Sends a few bytes; the kernel's buffer has room for them unless the peer never reads.
    fn tell(&self, bytes: &[u8]) -> Option<Next> {
        self.connection.stream.write_now(bytes).err().map(|_| Next::Gone)
    }

    fn linger(&self, why: Option<Fault>) -> Next {
        self.connection.stream.end_output();
        Next::Linger { why }
    }

    /// The peer gave the request up.
    fn abort(&mut self) -> Option<Next> {
        if self.is_begun() {
            return Some(Next::Work(Body::Broken(ErrorKind::ConnectionAborted)));
        }
        let (codec, mut end) = (&mut self.connection.codec, Vec::new());
        codec.push_answer(&mut end, b"");
        let keeps = codec.keeps_connection();
        codec.end_request();
        (self.work, self.piece, self.phase) = (None, Vec::new(), Phase::Head);
        let told = self.tell(&end);
        told.or_else(|| (!keeps).then(|| self.linger(None)))
    }

    /// The request, for a worker, with the input that was not fed; `None` if there is no request.
    pub(super) fn into_job(self, body: Body, rest: &[u8]) -> Option<Job> {
        let Self { connection, work, piece, times, .. } = self;
        Some(Job { connection, work: work?, body, piece, rest: rest.to_vec(), times })
    }
}
