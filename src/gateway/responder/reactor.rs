//! Edge. The reactor: one thread that accepts, and owns every connection that waits for input. It never blocks but in
//! `epoll_wait`. Sockets are registered one-shot: an event disarms them, so that a connection in a worker's hands
//! makes no noise, and comes back armed again.

use super::Log;
use super::acceptor::{Acceptor, Incoming};
use super::connections::Connections;
use super::limits::Limits;
use super::listener::Listener;
use super::notice::Notice;
use super::pending::{Next, Pending};
use super::pool::Pool;
use super::protocol::Protocol;
use super::stream::{PeerStream, timespec};
use super::waiting::Waiting;
use super::work::{Body, Connection, Returned};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
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
/// The first listener; each further one is one less.
const LISTENER: u64 = u64::MAX - 2;
/// Descriptors are smaller, so that everything above is a listener.
const LAST_LISTENER: u64 = u64::MAX / 2;

/// The reactor's state. Connections are known by their descriptor's number.
pub(super) struct Reactor<'a> {
    epoll: OwnedFd,
    /// One for each listener; none after `stop`.
    acceptors: Vec<Acceptor>,
    /// After `stop`: when parameters must be complete.
    last_heads: Option<Instant>,
    waiting: Waiting,
    buffer: Box<[u8]>,
    protocol: &'a dyn Protocol,
    limits: &'a Limits,
    pool: &'a Pool,
    connections: &'a Arc<Connections>,
    stop: BorrowedFd<'a>,
    log: Log<'a>,
}

impl<'a> Reactor<'a> {
    pub(super) fn new(
        listeners: Vec<Listener>,
        protocol: &'a dyn Protocol,
        limits: &'a Limits,
        pool: &'a Pool,
        stop: BorrowedFd<'a>,
        log: Log<'a>,
    ) -> io::Result<Self> {
        let (epoll, connections) = (epoll::create(CreateFlags::CLOEXEC)?, pool.connections());
        epoll::add(&epoll, stop, EventData::new_u64(STOP), EventFlags::IN)?;
        epoll::add(&epoll, connections.bell(), EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
        let acceptors = listeners.into_iter().zip((0..=LISTENER).rev());
        let acceptors = acceptors.map(|(listener, token)| Acceptor::new(listener, epoll.as_fd(), token));
        let acceptors = acceptors.collect::<io::Result<_>>()?;
        let (waiting, buffer) = (Waiting::new(Instant::now()), vec![0; BUFFER_BYTES].into_boxed_slice());
        let last_heads = None;
        Ok(Self { epoll, acceptors, last_heads, waiting, buffer, protocol, limits, pool, connections, stop, log })
    }

    /// Runs until `stop`, and until the last connection is closed after it.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        while self.last_heads.is_none() || self.connections.open() > 0 {
            self.wait(&mut events)?;
            for event in events.drain(..) {
                match event.data.u64() {
                    STOP => self.begin_stop()?,
                    BELL => {}
                    token @ LAST_LISTENER..=LISTENER => self.accept(token),
                    key => self.readable(key),
                }
            }
            self.take_returned();
            self.expire();
            self.limit_uploads();
            let room = self.connections.open() < self.limits.connections;
            self.acceptors.iter_mut().for_each(|acceptor| acceptor.resume(self.epoll.as_fd(), room));
        }
        Ok(())
    }

    fn wait(&self, events: &mut Vec<Event>) -> io::Result<()> {
        let paused = self.acceptors.iter().filter_map(Acceptor::paused_until);
        let deadline = self.waiting.deadline().into_iter().chain(paused).min();
        let timeout = deadline.map(|deadline| timespec(deadline.saturating_duration_since(Instant::now())));
        match epoll::wait(&self.epoll, spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn accept(&mut self, token: u64) {
        let Ok(index) = usize::try_from(LISTENER - token) else { return };
        for _ in 0..ACCEPT_BATCH {
            let full = self.connections.open() >= self.limits.connections;
            if full && !self.acceptors.get(index).is_some_and(Acceptor::is_awaited) {
                return;
            }
            let has_room = !full || self.make_room();
            let Some(acceptor) = self.acceptors.get_mut(index) else { return };
            if !has_room {
                acceptor.pause(self.epoll.as_fd(), self.connections);
                return;
            }
            match acceptor.accept(self.epoll.as_fd(), self.log) {
                Incoming::Connection(socket, peer) => self.admit(socket, peer),
                Incoming::Nothing => {}
                Incoming::NoMore => return,
            }
        }
    }

    fn admit(&mut self, socket: OwnedFd, peer: Option<IpAddr>) {
        let codec = match self.protocol.codec(peer, self.limits) {
            Ok(codec) => codec,
            Err(fault) => return (self.log)(Notice::PeerRefused(fault)),
        };
        let stream = PeerStream::new(socket, self.connections.enter());
        let connection = Connection { stream, codec, registered: false };
        self.read(Pending::accepted(connection, self.limits, Instant::now()));
    }

    fn readable(&mut self, key: u64) {
        if let Some(pending) = self.waiting.remove(key) {
            self.read(pending);
        }
    }

    /// Reads once. What is not dropped here waits on, or is a worker's.
    fn read(&mut self, pending: Pending) {
        match pending.connection.stream.read_now(&mut self.buffer) {
            Ok(Some(0)) | Err(_) => self.end_begun(pending, ErrorKind::UnexpectedEof),
            Ok(Some(length)) => self.digest_buffer(pending, length),
            Ok(None) => self.park(pending),
        }
    }

    /// Lets the handler know, where one has seen the request, that no more of it will come.
    fn end_begun(&self, pending: Pending, why: ErrorKind) {
        if pending.is_begun() {
            self.work(pending, Body::Broken(why), &[]);
        }
    }

    fn work(&self, pending: Pending, body: Body, rest: &[u8]) {
        pending.into_job(body, rest).into_iter().for_each(|job| self.pool.push(job));
    }

    fn digest_buffer(&mut self, pending: Pending, length: usize) {
        let buffer = std::mem::take(&mut self.buffer);
        self.digest(pending, &buffer[..length]);
        self.buffer = buffer;
    }

    fn digest(&mut self, mut pending: Pending, mut input: &[u8]) {
        let now = Instant::now();
        match pending.digest(&mut input, self.limits, now) {
            Next::Wait => self.park(pending),
            Next::Work(body) => self.work(pending, body, input),
            Next::Linger { why } => {
                if let Some(fault) = why {
                    (self.log)(Notice::Refused(fault));
                }
                self.park(Pending::lingering(pending.connection, self.limits, now));
            }
            Next::Malformed(fault) => {
                (self.log)(Notice::Malformed(fault));
                self.work(pending, Body::Broken(ErrorKind::InvalidData), &[]);
            }
            Next::Gone => {}
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
            self.waiting.insert(key, pending);
        }
    }

    fn take_returned(&mut self) {
        for returned in self.pool.take_returned() {
            let now = Instant::now();
            match returned {
                Returned::Waiting { connection, work, rest, times } => {
                    let pending = Pending::waiting(connection, work, times, self.limits, now);
                    if rest.is_empty() { self.park(pending) } else { self.digest(pending, &rest) }
                }
                Returned::Linger(connection) => self.park(Pending::lingering(connection, self.limits, now)),
                Returned::Keep(connection, rest) if self.last_heads.is_some() => self.dismiss(connection, &rest),
                Returned::Keep(connection, rest) => {
                    let pending = Pending::idle(connection, self.limits, now);
                    if rest.is_empty() { self.park(pending) } else { self.digest(pending, &rest) }
                }
            }
        }
    }

    /// After `stop`: closes a connection whose request is answered, also when the next one has come. To close with
    /// input unread could take the answer from the peer.
    fn dismiss(&mut self, connection: Connection, rest: &[u8]) {
        if !rest.is_empty() || matches!(connection.stream.read_now(&mut self.buffer), Ok(Some(1..))) {
            connection.stream.end_output();
            self.park(Pending::lingering(connection, self.limits, Instant::now()));
        }
    }

    /// Closes what is over its time.
    fn expire(&mut self) {
        for pending in self.waiting.take_late(Instant::now()) {
            match pending.lateness() {
                Some(awaited) if !pending.is_begun() => (self.log)(Notice::TimedOut(awaited)),
                _ => self.end_begun(pending, ErrorKind::TimedOut),
            }
        }
    }

    /// No new connections; those without a request are given up, now or soon, and those with one after it.
    fn begin_stop(&mut self) -> io::Result<()> {
        epoll::delete(&self.epoll, self.stop)?;
        self.connections.watch(true);
        self.last_heads = Some(Instant::now() + LAST_HEADS);
        for mut acceptor in std::mem::take(&mut self.acceptors) {
            self.accept_last(&mut acceptor);
            acceptor.leave(self.epoll.as_fd());
        }
        for pending in self.waiting.take_all() {
            // A request may have come in the meantime.
            if pending.is_idle() { self.read(pending) } else { self.park(pending) }
        }
        Ok(())
    }

    /// Takes what waits in the backlog of a socket of our own: nobody else could.
    fn accept_last(&mut self, acceptor: &mut Acceptor) {
        while acceptor.owns_socket() && self.connections.open() < self.limits.connections {
            match acceptor.accept(self.epoll.as_fd(), self.log) {
                Incoming::Connection(socket, peer) => self.admit(socket, peer),
                Incoming::Nothing => {}
                Incoming::NoMore => return,
            }
        }
    }

    /// Closes the connection of which least would be lost, if there is one. `false`: there is no room yet; a handler is
    /// told first, or all are too young.
    fn make_room(&mut self) -> bool {
        let Some((is_loss, pending)) = self.waiting.take_least(Instant::now()) else { return false };
        if is_loss {
            (self.log)(Notice::GaveWay);
        }
        let has_room = !pending.is_begun();
        self.end_begun(pending, ErrorKind::ResourceBusy);
        has_room
    }

    /// Gives up the bodies that have taken longest, where there are too many.
    fn limit_uploads(&mut self) {
        while let (count, bytes) = self.connections.uploads()
            && (count > self.limits.uploads || bytes > self.limits.upload_bytes)
        {
            let Some(mut pending) = self.waiting.take_oldest_upload() else { return };
            pending.uncount();
            (self.log)(Notice::GaveWay);
            self.end_begun(pending, ErrorKind::ResourceBusy);
        }
    }
}
