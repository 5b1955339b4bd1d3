//! Edge. The reactor: one thread that accepts, and owns every connection that waits for input. It never blocks but in
//! `epoll_wait`. Sockets are registered one-shot: an event disarms them, so that a connection in a worker's hands
//! makes no noise, and comes back armed again.

use super::Log;
use super::acceptor::{Acceptor, Incoming};
use super::codec::Codec;
use super::gate::Gate;
use super::limits::Limits;
use super::listener::Listener;
use super::notice::Notice;
use super::pending::{Pending, Verdict};
use super::pool::{Connection, Pool, Returned};
use super::stream::{Stream, timespec};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of the one read buffer; less than a worker's, which must hold what is left in here.
const BUFFER_BYTES: usize = 32 * 1024;
const EVENTS: usize = 256;
/// New connections taken before those that are open get their turn again.
const ACCEPT_BATCH: usize = 64;
/// After `stop`: how long connections may take to complete parameters that were on their way.
const LAST_HEADS: Duration = Duration::from_secs(2);

const STOP: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;
const LISTENER: u64 = u64::MAX - 2;

/// The reactor's state. Connections are known by their descriptor's number.
pub(super) struct Reactor<'a> {
    epoll: OwnedFd,
    /// None after `stop`.
    acceptor: Option<Acceptor>,
    /// After `stop`: when parameters must be complete.
    last_heads: Option<Instant>,
    waiting: HashMap<u64, Pending>,
    /// No deadline of `waiting` is before this.
    next_deadline: Instant,
    buffer: Box<[u8]>,
    limits: &'a Limits,
    pool: &'a Pool,
    gate: Arc<Gate>,
    stop: BorrowedFd<'a>,
    log: Log<'a>,
}

impl<'a> Reactor<'a> {
    pub(super) fn new(
        listener: Listener,
        limits: &'a Limits,
        pool: &'a Pool,
        gate: Arc<Gate>,
        stop: BorrowedFd<'a>,
        log: Log<'a>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, stop, EventData::new_u64(STOP), EventFlags::IN)?;
        epoll::add(&epoll, gate.bell(), EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
        let acceptor = Some(Acceptor::new(listener, epoll.as_fd(), LISTENER)?);
        let (waiting, buffer) = (HashMap::new(), vec![0; BUFFER_BYTES].into_boxed_slice());
        let next_deadline = Instant::now();
        let last_heads = None;
        Ok(Self { epoll, acceptor, last_heads, waiting, next_deadline, buffer, limits, pool, gate, stop, log })
    }

    /// Runs until `stop`, and until the last connection is closed after it.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        while self.acceptor.is_some() || self.gate.open() > 0 {
            self.wait(&mut events)?;
            for event in events.drain(..) {
                match event.data.u64() {
                    STOP => self.begin_stop()?,
                    BELL => {}
                    LISTENER => self.accept(),
                    key => self.readable(key),
                }
            }
            self.take_returned();
            self.expire();
            if let Some(acceptor) = &mut self.acceptor {
                acceptor.resume(self.epoll.as_fd(), self.gate.open() < self.limits.connections);
            }
        }
        Ok(())
    }

    fn wait(&self, events: &mut Vec<Event>) -> io::Result<()> {
        let paused = self.acceptor.as_ref().and_then(Acceptor::paused_until);
        let deadline = (!self.waiting.is_empty()).then_some(self.next_deadline).into_iter().chain(paused).min();
        let timeout = deadline.map(|deadline| timespec(deadline.saturating_duration_since(Instant::now())));
        match epoll::wait(&self.epoll, spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPT_BATCH {
            let Some(acceptor) = &mut self.acceptor else { return };
            let full = self.gate.open() >= self.limits.connections;
            if full && !acceptor.is_awaited() {
                return;
            }
            if full && !evict(&mut self.waiting) {
                acceptor.pause(self.epoll.as_fd(), &self.gate);
                return;
            }
            match acceptor.accept(self.epoll.as_fd(), self.log) {
                Incoming::Connection(socket) => self.admit(socket),
                Incoming::Nothing => {}
                Incoming::NoMore => return,
            }
        }
    }

    fn admit(&mut self, socket: OwnedFd) {
        let stream = Stream::new(socket, self.gate.enter());
        let connection = Connection { stream, codec: Codec::new(self.limits.bounds()), registered: false };
        self.read(Pending::accepted(connection, self.limits, Instant::now()));
    }

    fn readable(&mut self, key: u64) {
        if let Some(pending) = self.waiting.remove(&key) {
            self.read(pending);
        }
    }

    /// Reads once. What is not dropped here waits on, or is a worker's.
    fn read(&mut self, pending: Pending) {
        match pending.connection.stream.read_now(&mut self.buffer) {
            Ok(Some(0)) | Err(_) => {}
            Ok(Some(length)) => self.digest_buffer(pending, length),
            Ok(None) => self.park(pending),
        }
    }

    fn digest_buffer(&mut self, pending: Pending, length: usize) {
        let buffer = std::mem::take(&mut self.buffer);
        self.digest(pending, &buffer[..length]);
        self.buffer = buffer;
    }

    fn digest(&mut self, mut pending: Pending, mut input: &[u8]) {
        let now = Instant::now();
        match pending.digest(&mut input, self.limits, now) {
            Verdict::Wait => self.park(pending),
            Verdict::Ready => self.pool.push(pending.into_job(input)),
            Verdict::Linger { too_large } => {
                if too_large {
                    (self.log)(Notice::TooLarge);
                }
                self.park(Pending::lingering(pending.connection, self.limits, now));
            }
            Verdict::Malformed(violation) => (self.log)(Notice::Malformed(violation)),
            Verdict::Gone => {}
        }
    }

    /// Arms the socket, and remembers the connection and its deadline. After `stop` nobody waits for a further request,
    /// and for the rest of a head not for long.
    fn park(&mut self, mut pending: Pending) {
        match self.last_heads {
            Some(_) if pending.is_idle() => return,
            Some(soon) if pending.is_headless() => pending.deadline = pending.deadline.min(soon),
            _ => {}
        }
        let socket = pending.connection.stream.as_fd();
        let key = u64::try_from(socket.as_raw_fd()).unwrap_or(0);
        let (data, flags) = (EventData::new_u64(key), EventFlags::IN | EventFlags::ONESHOT);
        let armed = if pending.connection.registered {
            epoll::modify(&self.epoll, socket, data, flags)
        } else {
            epoll::add(&self.epoll, socket, data, flags)
        };
        // ENOMEM or ENOSPC: there is no room for this connection, so it is closed.
        if armed.is_ok() {
            pending.connection.registered = true;
            self.next_deadline =
                if self.waiting.is_empty() { pending.deadline } else { self.next_deadline.min(pending.deadline) };
            self.waiting.insert(key, pending);
        }
    }

    fn take_returned(&mut self) {
        for returned in self.pool.take_returned() {
            let now = Instant::now();
            match returned {
                Returned::Linger(connection) => self.park(Pending::lingering(connection, self.limits, now)),
                Returned::Keep(connection, rest) if self.last_heads.is_some() => self.dismiss(connection, &rest),
                Returned::Keep(connection, rest) => {
                    let pending = Pending::idle(connection, self.limits, now);
                    if rest.is_empty() { self.park(pending) } else { self.digest(pending, &rest) }
                }
            }
        }
    }

    /// After `stop`: closes a connection whose request is answered, also when the next one has come. To close with input
    /// unread could take the answer from the peer.
    fn dismiss(&mut self, connection: Connection, rest: &[u8]) {
        if !rest.is_empty() || matches!(connection.stream.read_now(&mut self.buffer), Ok(Some(1..))) {
            connection.stream.end_output();
            self.park(Pending::lingering(connection, self.limits, Instant::now()));
        }
    }

    /// Closes what is over its time.
    fn expire(&mut self) {
        let now = Instant::now();
        if now < self.next_deadline || self.waiting.is_empty() {
            return;
        }
        let late = self.waiting.extract_if(|_, pending| pending.deadline <= now);
        late.filter_map(|(_, pending)| pending.lateness()).for_each(|stage| (self.log)(Notice::TimedOut(stage)));
        self.next_deadline = self.waiting.values().map(|pending| pending.deadline).min().unwrap_or(now);
    }

    /// No new connections; those without a request are given up, now or soon, and those with one after it.
    fn begin_stop(&mut self) -> io::Result<()> {
        epoll::delete(&self.epoll, self.stop)?;
        self.gate.watch(true);
        self.last_heads = Some(Instant::now() + LAST_HEADS);
        self.accept_last();
        self.acceptor.take().iter().for_each(|acceptor| acceptor.leave(self.epoll.as_fd()));
        for (_, pending) in std::mem::take(&mut self.waiting) {
            // A request may have come in the meantime.
            if pending.is_idle() { self.read(pending) } else { self.park(pending) }
        }
        Ok(())
    }

    /// Takes what waits in the backlog of a socket of our own: nobody else could.
    fn accept_last(&mut self) {
        while let Some(acceptor) = &mut self.acceptor
            && acceptor.owns_socket()
            && self.gate.open() < self.limits.connections
        {
            match acceptor.accept(self.epoll.as_fd(), self.log) {
                Incoming::Connection(socket) => self.admit(socket),
                Incoming::Nothing => {}
                Incoming::NoMore => return,
            }
        }
    }
}

/// Closes the connection that has been without a request for longest, if there is one.
fn evict(waiting: &mut HashMap<u64, Pending>) -> bool {
    let now = Instant::now();
    let oldest = waiting.iter().filter_map(|(&key, pending)| Some((pending.expendable_since(now)?, key))).min();
    oldest.and_then(|(_, key)| waiting.remove(&key)).is_some()
}
