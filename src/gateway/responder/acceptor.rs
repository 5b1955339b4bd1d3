//! Edge. Accepting: which connections are let in, and the pauses when there is no room or no descriptor. An error of
//! `accept` never ends the responder.

use super::Log;
use super::connections::Connections;
use super::listener::Listener;
use super::notice::Notice;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause of accepting after an error, or without room before another look.
const PAUSE: Duration = Duration::from_millis(100);
const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// The listener in the reactor's epoll, or out of it during a pause.
pub(super) struct Acceptor {
    listener: Listener,
    /// The token of the reactor's epoll for a waiting connection.
    token: u64,
    paused: Option<Pause>,
    /// True if the error that lasts has been told.
    told: bool,
}

struct Pause {
    until: Instant,
    /// The count of connections to stop watching afterwards, if it was too high.
    full: Option<Arc<Connections>>,
}

/// The result of one attempt.
pub(super) enum Incoming {
    /// A connection, and its peer's address, unless it came by a Unix socket.
    Connection(OwnedFd, Option<IpAddr>),
    /// Somebody who has left; try again.
    Nothing,
    NoMore,
}

impl Acceptor {
    pub(super) fn new(listener: Listener, epoll: BorrowedFd<'_>, token: u64) -> io::Result<Self> {
        register(epoll, &listener, token)?;
        Ok(Self { listener, token, paused: None, told: false })
    }

    /// Must be said: other processes may hold the same socket open, which keeps it registered after our descriptor is
    /// closed.
    pub(super) fn leave(&self, epoll: BorrowedFd<'_>) {
        let _ = epoll::delete(epoll, self.listener.socket());
    }

    pub(super) fn owns_socket(&self) -> bool {
        self.listener.is_own()
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused.as_ref().map(|pause| pause.until)
    }

    pub(super) fn accept(&mut self, epoll: BorrowedFd<'_>, log: Log<'_>) -> Incoming {
        match acceptfrom_with(self.listener.socket(), FLAGS) {
            Ok((socket, address)) => {
                self.told = false;
                let peer = address.and_then(|address| SocketAddr::try_from(address).ok());
                Incoming::Connection(socket, peer.map(|peer| peer.ip().to_canonical()))
            }
            Err(Errno::AGAIN) => Incoming::NoMore,
            Err(Errno::INTR | Errno::CONNABORTED | Errno::PROTO | Errno::PERM) => Incoming::Nothing,
            Err(errno) => {
                if !std::mem::replace(&mut self.told, true) {
                    log(Notice::AcceptPaused(errno.into()));
                }
                self.stop_listening(epoll, None);
                Incoming::NoMore
            }
        }
    }

    /// True if a connection waits to be accepted, as far as can be told before it is.
    pub(super) fn is_awaited(&self) -> bool {
        let mut listener = [PollFd::from_borrowed_fd(self.listener.socket(), PollFlags::IN)];
        poll(&mut listener, Some(&Timespec::default())) != Ok(0)
    }

    /// There is no room: pauses until a connection closes or one has become expendable.
    pub(super) fn pause(&mut self, epoll: BorrowedFd<'_>, connections: &Arc<Connections>) {
        connections.watch(true);
        self.stop_listening(epoll, Some(Arc::clone(connections)));
    }

    /// One-shot registration would not do: `EPOLLEXCLUSIVE` allows no change.
    fn stop_listening(&mut self, epoll: BorrowedFd<'_>, full: Option<Arc<Connections>>) {
        let _ = epoll::delete(epoll, self.listener.socket());
        self.paused = Some(Pause { until: Instant::now() + PAUSE, full });
    }

    /// Ends a pause when its time has come, or room has been made.
    pub(super) fn resume(&mut self, epoll: BorrowedFd<'_>, room: bool) {
        let Some(pause) = &self.paused else { return };
        let over = Instant::now() >= pause.until || (pause.full.is_some() && room);
        if over && register(epoll, &self.listener, self.token).is_ok() {
            pause.full.iter().for_each(|connections| connections.watch(false));
            self.paused = None;
        }
    }
}

/// Exclusive: of several processes that share the socket, one wakes up per connection.
fn register(epoll: BorrowedFd<'_>, listener: &Listener, token: u64) -> rustix::io::Result<()> {
    epoll::add(epoll, listener.socket(), EventData::new_u64(token), EventFlags::IN | EventFlags::EXCLUSIVE)
}
