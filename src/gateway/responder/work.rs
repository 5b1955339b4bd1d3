//! Pure. A request on its way between reactor and workers: what is to be done next, and with which input.

use super::connections::UploadGuard;
use super::handler::{Response, Upload};
use super::params::Params;
use super::protocol::Codec;
use super::stream::PeerStream;
use std::fmt;
use std::io::ErrorKind;
use std::time::Instant;

/// A connection: its socket and what it has said.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: PeerStream,
    pub(super) codec: Box<dyn Codec>,
    /// True if the reactor's epoll knows the socket.
    pub(super) registered: bool,
}

/// A request whose parameters are complete, as far as it has come.
#[derive(Debug)]
pub(super) enum Work {
    /// Nobody has seen it yet.
    Begin(Params),
    /// Its body is being taken.
    Take(Taking),
    /// It is answered; what is left of its body is read first.
    Answer(Answered),
}

/// A body that the handler takes.
pub(super) struct Taking {
    pub(super) upload: Box<dyn Upload>,
    /// Bytes that it has taken.
    pub(super) bytes: u64,
    /// Its place in the counts, once it had to wait.
    pub(super) counted: Option<UploadGuard>,
}

/// An answer that is sent when the body is at its end, or at a bound: some web servers read nothing before they have
/// written the whole body.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Response,
    /// Bytes of the body that are still dropped.
    pub(super) left_bytes: u64,
    /// The end of the time for that.
    pub(super) until: Instant,
}

/// Progress of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Coming,
    Complete,
    /// Its sender waits to be asked for it, and is not.
    Unasked,
    /// It will not be complete.
    Broken(ErrorKind),
}

/// Work for a worker.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) connection: Connection,
    pub(super) work: Work,
    pub(super) body: Body,
    /// The next piece of the body.
    pub(super) piece: Vec<u8>,
    /// Input that the codec has not seen.
    pub(super) rest: Vec<u8>,
    pub(super) times: Times,
}

/// The beginning of a request, and the deadline of its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) began: Instant,
    pub(super) deadline: Instant,
}

/// A connection that a worker is done with for now.
#[derive(Debug)]
pub(super) enum Returned {
    /// More of the body must come.
    Waiting { connection: Connection, work: Work, rest: Vec<u8>, times: Times },
    /// For the next request, of which these bytes have come already.
    Keep(Connection, Vec<u8>),
    /// Only until the peer has closed it, too.
    Linger(Connection),
}

impl fmt::Debug for Taking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taking").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
